/**
 * Runs kinds of work with clients, each on a deployment of its own, and prints what
 * was seen. Returns how many promises this library broke.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { counter } from "./counter.ts"
import type { WorkDriver } from "./driver.ts"
import { drivers } from "./drivers.ts"
import { messages } from "./messages.ts"
import { pops, queue } from "./queue.ts"
import { printRun, printTable, type Report } from "./report.ts"
import { scripts } from "./scripts.ts"
import { stage } from "./stage.ts"
import { stores } from "./stores.ts"
import type { Size, Work } from "./work.ts"
import { workers } from "./workers.ts"

const all: ReadonlyArray<Work> = [workers, scripts, counter, messages, pops, queue, stores]

export interface Choice {
  readonly only: string
  readonly client: string
  readonly peers: boolean
  readonly runs: number
  readonly size: Size
}

const once = (work: Work, driver: WorkDriver, size: Size): Effect.Effect<Report | string> =>
  Effect.map(
    Effect.exit(Effect.scoped(Effect.flatMap(
      stage(work.deployment),
      (stage) => Effect.tryPromise(() => work.play(stage, driver, size))
    ))),
    (exit) => {
      if (Exit.isSuccess(exit)) return exit.value
      const error = Cause.squash(exit.cause) as Error
      return String(error.cause ?? error)
    }
  )

export const runWork = (choice: Choice): Effect.Effect<number> =>
  Effect.gen(function*() {
    let failures = 0
    for (const work of all) {
      if (!work.name.includes(choice.only)) continue
      const reports = new Map<string, Array<Report>>()
      for (const driver of work.drivers ?? drivers) {
        if (!driver.name.includes(choice.client) || (!driver.isOurs && !choice.peers)) continue
        for (let i = 0; i < choice.runs; i++) {
          const began = performance.now()
          const report = yield* once(work, driver, choice.size)
          if (typeof report === "string") {
            console.log(`${work.name} | ${driver.name} | no result: ${report}`)
            if (driver.isOurs) failures++
            continue
          }
          if (driver.isOurs) failures += report.broken.length
          printRun(work.name, driver.name, (performance.now() - began) / 1000, report)
          reports.set(driver.name, [...reports.get(driver.name) ?? [], report])
        }
      }
      printTable(work.name, reports)
    }
    return failures
  })
