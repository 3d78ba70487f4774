/**
 * A process of consumers, started by workers.ts. Its argument says which client it
 * uses and what it consumes. It sends its parent what was processed, and ends when
 * the parent says so.
 */
import type { Place } from "../clients.ts"
import { sleep } from "../faults.ts"
import type { Entry } from "./driver.ts"
import { driverNamed } from "./drivers.ts"
import { Tally } from "./report.ts"

export interface WorkerTask {
  readonly driver: string
  readonly place: Place
  readonly key: string
  readonly group: string
  readonly consumers: ReadonlyArray<string>
  readonly concurrency: number
  readonly claimAfterMillis: number
  readonly workMillis: number
}

/** An entry, whose handler succeeded, and when, by the clock of all processes. */
export interface Done extends Entry {
  readonly consumer: string
  readonly at: number
}

export interface WorkerNews {
  readonly done: ReadonlyArray<Done>
  readonly told: ReadonlyArray<readonly [string, number]>
  /** The ids of entries that the client told as perhaps processed twice. */
  readonly mayRepeat: ReadonlyArray<string>
  /** Each tells that all entries after an id may be processed twice. */
  readonly mayRepeatAfter: ReadonlyArray<string>
  readonly state: "ready" | "running" | "ended"
}

const task: WorkerTask = JSON.parse(process.argv[2]!)

let done: Array<Done> = []
let told = new Tally()
let mayRepeat: Array<string> = []
let mayRepeatAfter: Array<string> = []
const news = (state: WorkerNews["state"]): void => {
  process.send!({ done, told: Array.from(told.counts), mayRepeat, mayRepeatAfter, state } satisfies WorkerNews)
  done = []
  told = new Tally()
  mayRepeat = []
  mayRepeatAfter = []
}

const running = await driverNamed(task.driver).workers({ ...task.place }, {
  ...task,
  handle: async (entry, consumer) => {
    await sleep(task.workMillis)
    done.push({ ...entry, consumer, at: Date.now() })
  },
  mayRepeat: (ids) => mayRepeat.push(...ids),
  mayRepeatAfter: (id) => mayRepeatAfter.push(id),
  told: (what) => told.add(what)
})
news("ready")
const timer = setInterval(() => news("running"), 100)
process.once("message", async () => {
  await running.close()
  clearInterval(timer)
  news("ended")
  process.disconnect()
  // Connections of other clients may outlive them.
  setTimeout(() => process.exit(0), 500)
})
process.once("disconnect", () => setTimeout(() => process.exit(0), 1000).unref())
