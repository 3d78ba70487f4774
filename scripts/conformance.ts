/**
 * Compares a node in memory with a real server, call by call, in runs of generated calls; see test/conformance.
 *
 *   npm run conformance -- [--seeds N] [--seed K] [--length L]
 *
 * It runs N seeds from K on, in both protocols, and prints the short form of each run that differs. The server is
 * that of the tests: `ERS_SERVER=valkey-9.1` chooses another one.
 */
import * as Effect from "effect/Effect"
import { compareRun, quickPair } from "../test/conformance/generated.ts"
import { optionsOf } from "./options.ts"

const values = optionsOf("npm run conformance -- [--seeds 100] [--seed 1] [--length 150]", {
  seeds: { type: "string", default: "100" },
  seed: { type: "string", default: "1" },
  length: { type: "string", default: "150" }
})
const first = Number(values.seed)

await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  const ports = yield* quickPair
  let compared = 0
  let differing = 0
  for (let seed = first; seed < first + Number(values.seeds); seed++) {
    for (const protocol of [2, 3] as const) {
      const result = yield* Effect.promise(() => compareRun(ports, protocol, seed, Number(values.length)))
      compared += result.compared
      if (result.problem === undefined) continue
      differing++
      console.log(result.problem)
    }
  }
  console.log(`${compared} replies compared, ${differing} runs differ`)
  if (differing > 0) process.exitCode = 1
})))
