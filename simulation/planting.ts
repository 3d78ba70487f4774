/**
 * Planted bugs: plants them one at a time, and says by which test or by which seed each is found. No source file is
 * changed: the processes that read a source file read it with the bug in it.
 *
 * Tests run in a process that stays (plantedTests.ts); only what it evaluates is loaded anew for each bug. Seeds run in
 * a process each (plantedSources.ts). The bugs are in mutants.ts.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import type { ChildProcessSpawner as Spawner } from "effect/process/ChildProcessSpawner"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ChildProcess as Child, fork } from "node:child_process"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { temporaryDirectory } from "../test/support/processes.ts"
import { type Edit, planted } from "./plantedSources.ts"
import type { Request, Response } from "./plantedTests.ts"

export interface Mutant {
  readonly name: string
  readonly edits: ReadonlyArray<Edit>
  /** The seeds that found it, or the file and the name of the tests that find it. Default: all seeds in order. */
  readonly by?: ReadonlyArray<number> | ByTest
}

interface ByTest {
  readonly test: string
  readonly name?: string
}

export interface PlantingOptions {
  /** How many seeds run until a bug counts as missed. */
  readonly seeds: number
}

const root = join(import.meta.dirname, "..")
/** Whoever has found nothing after so long finds nothing, in milliseconds. */
const mostMillis = 180_000

/** A process that runs tests. It is started when it is needed, and again after a bug that never ended. */
class TestProcess {
  private child: Child | undefined = undefined

  /** The answer; undefined if there is none. */
  ask(request: Request): Effect.Effect<Response | undefined> {
    return Effect.callback<Response | undefined>((resume) => {
      const child = this.child ??= fork(join(import.meta.dirname, "plantedTests.ts"), {
        stdio: ["ignore", "ignore", "inherit", "ipc"]
      })
      child.once("message", (response) => resume(Effect.succeed(response as Response)))
      child.once("exit", () => resume(Effect.undefined))
      child.send(request)
    }).pipe(
      Effect.timeoutOption(mostMillis),
      Effect.map(Option.getOrUndefined),
      Effect.onExit((exit) =>
        Effect.sync(() => {
          this.child?.removeAllListeners()
          if (Exit.isFailure(exit) || exit.value === undefined) this.close()
        })
      )
    )
  }

  close(): void {
    this.child?.kill("SIGKILL")
    this.child = undefined
  }
}

/** How a bug is found by tests, in words; undefined if it is not. */
const findByTest = (process: TestProcess, edits: ReadonlyArray<Edit>, { name, test }: ByTest) =>
  Effect.map(
    process.ask({ edits, test, name }),
    (response) => response?.failed === undefined ? undefined : `${test}, ${response.failed}`
  )

/** How a bug is found by seeds, in words; undefined if it is not. */
const findBySeeds = (
  edits: ReadonlyArray<Edit>,
  before: ReadonlyArray<number>,
  seeds: number,
  compiled: string
): Effect.Effect<string | undefined, PlatformError, Spawner> =>
  Effect.gen(function*() {
    const child = yield* ChildProcess.make(process.execPath, [
      "--import",
      join(import.meta.dirname, "plantedSources.ts"),
      join(import.meta.dirname, "main.ts"),
      "--seeds",
      String(seeds),
      "--before",
      before.join(","),
      "--cores",
      "1",
      "--first",
      "--quiet"
    ], {
      cwd: root,
      stdin: "ignore",
      killSignal: "SIGKILL",
      env: { ERS_PLANTED: JSON.stringify(edits), NODE_COMPILE_CACHE: compiled },
      extendEnv: true
    })
    const output = yield* Stream.mkString(Stream.decodeText(child.all))
    const status = yield* child.exitCode
    const found = /^seed (\d+): (.*)$/m.exec(output)
    return status === 0 || found === null ? undefined : `seed ${found[1]}, ${found[2]!}`
  }).pipe(Effect.scoped, Effect.timeoutOption(mostMillis), Effect.map(Option.getOrUndefined))

/** Bugs that are tried one after the other: those of one test file, or one that seeds find. */
const groupsOf = (mutants: ReadonlyArray<Mutant>): ReadonlyArray<ReadonlyArray<Mutant>> =>
  Array.from(
    Map.groupBy(mutants, (mutant) => mutant.by !== undefined && "test" in mutant.by ? mutant.by.test : mutant),
    ([key, group]) => ({ group, weight: typeof key === "string" ? group.length : Infinity })
  ).sort((a, b) => a.weight === b.weight ? 0 : b.weight - a.weight).map(({ group }) => group)

/** The tests of a group must pass without a bug: a test that fails always finds nothing. */
const failingWithout = (process: TestProcess, group: ReadonlyArray<Mutant>): Effect.Effect<string | undefined> => {
  const tests = group.flatMap(({ by }) => by !== undefined && "test" in by ? [by] : [])
  if (tests.length === 0) return Effect.undefined
  const names = tests.map(({ name }) => name)
  return findByTest(process, [], {
    test: tests[0]!.test,
    ...(names.includes(undefined) ? {} : { name: names.map((name) => `(?:${name})`).join("|") })
  })
}

/**
 * Plants all, one after the other in each of a few lines, and says whether all were found. Tests that hang with their
 * bug wait, so there are more lines than processors.
 */
export const plantAll = (
  mutants: ReadonlyArray<Mutant>,
  options: PlantingOptions
): Effect.Effect<boolean, never, Spawner | Scope.Scope> =>
  Effect.gen(function*() {
    const compiled = yield* temporaryDirectory
    let isAllFound = true
    const tell = (word: "found  " | "MISSED " | "BROKEN ", text: string): void => {
      if (word !== "found  ") isAllFound = false
      console.log(`${word} ${text}`)
    }
    const attempt = (process: TestProcess, { by, edits, name }: Mutant): Effect.Effect<void, never, Spawner> =>
      Effect.gen(function*() {
        const start = performance.now()
        const found = yield* by !== undefined && "test" in by
          ? findByTest(process, edits, by)
          : findBySeeds(edits, by ?? [], options.seeds, compiled)
        const seconds = ((performance.now() - start) / 1000).toFixed(1)
        if (found === undefined) tell("MISSED ", `${name}, in ${seconds} s`)
        else tell("found  ", `${name}, in ${seconds} s: ${found.slice(0, 160)}`)
      }).pipe(
        Effect.catchCause((cause) => Effect.sync(() => tell("BROKEN ", `${name}: ${String(Cause.squash(cause))}`)))
      )
    const isPlaceable = ({ edits, name }: Mutant): boolean => {
      try {
        for (const { file } of edits) planted(root, file, edits)
        return true
      } catch (error) {
        tell("BROKEN ", `${name}: ${String(error)}`)
        return false
      }
    }
    const left = [...groupsOf(mutants.filter(isPlaceable))]
    const line = Effect.acquireUseRelease(
      Effect.sync(() => new TestProcess()),
      (process) =>
        Effect.gen(function*() {
          for (let group = left.shift(); group !== undefined; group = left.shift()) {
            const failing = yield* failingWithout(process, group)
            if (failing !== undefined) tell("BROKEN ", `fails without a bug: ${failing}`)
            for (const mutant of group) yield* attempt(process, mutant)
          }
        }),
      (process) => Effect.sync(() => process.close())
    )
    const lines = Math.max(1, Math.min(4, 2 * availableParallelism()))
    yield* Effect.all(Array.from({ length: lines }, () => line), { concurrency: "unbounded", discard: true })
    return isAllFound
  })
