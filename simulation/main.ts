/**
 * Runs many seeds on all cores, and prints the broken promises.
 *
 *   npm run simulate -- --seeds 10000 --from 0
 *   npm run simulate -- --seed 17          one seed, with its timeline if it fails
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import { fork } from "node:child_process"
import { availableParallelism } from "node:os"
import { optionsOf } from "../scripts/options.ts"
import { check } from "./Checker.ts"
import { report } from "./Report.ts"
import { generate } from "./Scenario.ts"
import { shrink } from "./Shrink.ts"
import type { Violation } from "./Violation.ts"
import { run } from "./World.ts"

export interface Tally {
  seeds: number
  operations: number
  /** Of the deployment that had the fewest. */
  least: number
  faults: number
  acknowledged: number
  ambiguous: number
  unexecuted: number
  rejected: number
  interrupted: number
  millis: number
  readonly failed: Array<{ readonly seed: number; readonly violation: Violation }>
}

const empty = (): Tally => ({
  seeds: 0,
  operations: 0,
  least: Infinity,
  faults: 0,
  acknowledged: 0,
  ambiguous: 0,
  unexecuted: 0,
  rejected: 0,
  interrupted: 0,
  millis: 0,
  failed: []
})

const options = optionsOf(
  "npm run simulate -- [--seeds 200] [--from 0] [--seed SEED] [--step 1] [--before SEED,SEED] [--cores N] [--first] [--quiet]",
  {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "0" },
    seed: { type: "string" },
    step: { type: "string", default: "1" },
    /** Seeds that run before the others. */
    before: { type: "string", default: "" },
    cores: { type: "string" },
    /** Stops at the first failure. */
    first: { type: "boolean", default: false },
    /** Does not shrink and explain the first failure. */
    quiet: { type: "boolean", default: false },
    worker: { type: "boolean", default: false }
  }
)

const trySeeds = async (seeds: Iterable<number>, first: boolean): Promise<Tally> => {
  const tally = empty()
  const begin = performance.now()
  for (const seed of seeds) {
    const history = await run(generate(seed))
    tally.seeds++
    tally.faults += history.faults
    tally.operations += history.calls.length
    tally.least = Math.min(tally.least, history.calls.length)
    for (const { outcome } of history.calls) {
      if (outcome?.tag === "ok") tally.acknowledged++
      else if (outcome?.tag === "ambiguous") tally.ambiguous++
      else if (outcome?.tag === "unexecuted") tally.unexecuted++
      else if (outcome?.tag === "rejected") tally.rejected++
      else if (outcome?.tag === "interrupted") tally.interrupted++
    }
    const [violation] = check(history)
    if (violation === undefined) continue
    tally.failed.push({ seed, violation: { ...violation, call: undefined } })
    if (first || tally.failed.length >= 10) break
  }
  tally.millis = performance.now() - begin
  return tally
}

const explain = async (seed: number): Promise<void> => {
  const scenario = generate(seed)
  const violations = check(await run(scenario))
  if (violations.length === 0) return console.log(`seed ${seed}: every promise was kept`)
  console.log(`seed ${seed}: ${violations.length} broken promises`)
  const smaller = await shrink(scenario, violations[0]!)
  console.log(report(smaller.history, smaller.violation))
}

/** The seeds of the options, in this process. */
const here = async (): Promise<Tally> => {
  // Stack traces of thousands of expected errors are not needed.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const seeds = options.before.split(",").filter((text) => text !== "").map(Number)
  const to = Number(options.from) + Number(options.seeds)
  for (let seed = Number(options.from); seed < to; seed += Number(options.step)) seeds.push(seed)
  const tally = await trySeeds(seeds, options.first)
  Error.stackTraceLimit = stackTraceLimit
  return tally
}

/** Runs one process for each core, and ends them all at the end. One core needs no other process. */
const onCore = (core: number, cores: number): Effect.Effect<Tally> =>
  cores === 1 ? Effect.promise(() => here()) : Effect.callback((resume) => {
    const child = fork(import.meta.filename, [
      "--worker",
      "--from",
      String(Number(options.from) + core),
      "--seeds",
      String(Number(options.seeds) - core),
      "--step",
      String(cores),
      "--before",
      core === 0 ? options.before : "",
      ...(options.first ? ["--first"] : [])
    ])
    child.once("message", (tally) => resume(Effect.succeed(tally as Tally)))
    child.once("exit", (code) => resume(Effect.die(new Error(`a worker ended with ${code}`))))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

const onAllCores = Effect.gen(function*() {
  const cores = Math.max(1, Math.min(Number(options.cores ?? availableParallelism()), Number(options.seeds)))
  const tallies = yield* Effect.all(Array.from({ length: cores }, (_, core) => onCore(core, cores)), {
    concurrency: "unbounded"
  })
  const sum = (f: (tally: Tally) => number): number => tallies.reduce((n, t) => n + f(t), 0)
  const failed = tallies.flatMap((t) => t.failed).sort((a, b) => a.seed - b.seed)
  for (const { seed, violation } of failed) console.log(`seed ${seed}: ${violation.promise}: ${violation.text}`)
  if (failed.length > 0 && !options.quiet) yield* Effect.promise(() => explain(failed[0]!.seed))
  const seconds = Math.max(...tallies.map((t) => t.millis)) / 1000
  console.log(
    `${sum((t) => t.seeds)} deployments, ${sum((t) => t.faults)} faults, ${sum((t) => t.operations)} operations (${
      Math.min(...tallies.map((t) => t.least))
    } at least): ` +
      `${sum((t) => t.acknowledged)} acknowledged, ${sum((t) => t.ambiguous)} ambiguous, ${
        sum((t) => t.unexecuted)
      } not executed, ` +
      `${sum((t) => t.rejected)} rejected, ${sum((t) => t.interrupted)} interrupted; ` +
      `${(sum((t) => t.seeds) / seconds / cores).toFixed(1)} deployments per second and core; ${failed.length} failed`
  )
  if (failed.length > 0) process.exitCode = 1
})

if (options.worker) {
  process.send!(await here())
  process.disconnect()
} else if (options.seed !== undefined) {
  await explain(Number(options.seed))
} else {
  NodeRuntime.runMain(onAllCores)
}
