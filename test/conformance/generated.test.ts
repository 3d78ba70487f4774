/**
 * Compares a node in memory with a real server in generated calls, in both protocols. scripts/conformance.ts runs more
 * of them.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { compareRun, known, met, quickPair } from "./generated.ts"

const seeds = 60
const length = 150
let compared = 0

afterAll(() => console.log(`conformance: ${compared} replies to generated calls compared`))

describe("a node in memory answers generated calls as Redis does", () => {
  for (const protocol of [2, 3] as const) {
    it.live(`RESP${protocol}`, () =>
      Effect.scoped(Effect.gen(function*() {
        const ports = yield* quickPair
        const problems: Array<string> = []
        for (let seed = 1; seed <= seeds; seed++) {
          const result = yield* Effect.promise(() => compareRun(ports, protocol, seed, length))
          compared += result.compared
          if (result.problem !== undefined) problems.push(result.problem)
        }
        assert.strictEqual(problems.length, 0, `\n${problems.join("\n\n")}\n`)
      })), 120_000)
  }

  it("in at least 8,000 replies", () => {
    assert.isAtLeast(compared, 8000)
  })

  it("but for differences that are still there", () => {
    assert.deepStrictEqual(
      known.filter((difference) => difference.isRare !== true && !met.has(difference)).map(({ why }) => why),
      []
    )
  })
})
