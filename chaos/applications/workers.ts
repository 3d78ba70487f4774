/**
 * Entries of a stream, processed by eight consumers of a group in two processes.
 * The primary is killed when 40 % of the entries are added, and a planned failover
 * follows at 75 %. What was lost is judged from the stream on the new primary, which is
 * read without any client.
 */
import { type ChildProcess, fork } from "node:child_process"
import { join } from "node:path"
import type { Server } from "../../test/support/processes.ts"
import { sleep, until } from "../faults.ts"
import { ask } from "../witness.ts"
import { Adding } from "./adding.ts"
import type { WorkDriver } from "./driver.ts"
import { most, type Report, sum, Tally } from "./report.ts"
import type { Stage } from "./stage.ts"
import { type Size, strange, type Work } from "./work.ts"
import type { Done, WorkerNews, WorkerTask } from "./workerProcess.ts"

const key = "orders"
const group = "workers"
const claimAfterMillis = 5000
const names = Array.from({ length: 8 }, (_, i) => `consumer-${i + 1}`)
/** Handlers at a time in each consumer. */
const concurrency = 4
/** The part of the producer's pace that all consumers keep up with, so that entries wait when a fault comes. */
const share = 0.8

/** The longest time in which nothing is added or processed although entries wait, in milliseconds. */
const bound = 60_000

/** Waits until a count has reached a number. Fails if it does not grow for long. */
const reached = async (what: string, number: number, count: () => number): Promise<void> => {
  let [before, since] = [-1, performance.now()]
  while (count() < number) {
    if (count() !== before) [before, since] = [count(), performance.now()]
    if (performance.now() - since > bound) throw new Error(`it never came: ${what}`)
    await sleep(20)
  }
}

/** The processes of consumers. One that dies is started again, as a supervisor does. */
class Workers {
  readonly done: Array<Done> = []
  readonly told = new Tally()
  readonly processed = new Set<number>()
  readonly mayRepeat = new Set<string>()
  readonly mayRepeatAfter: Array<string> = []
  deaths = 0
  private stopping = false
  private readonly children = new Set<ChildProcess>()

  async start(task: WorkerTask): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const child = fork(join(import.meta.dirname, "workerProcess.ts"), [JSON.stringify(task)])
      this.children.add(child)
      child.on("message", (message) => {
        const news = message as WorkerNews
        for (const each of news.done) {
          this.done.push(each)
          this.processed.add(each.number)
        }
        for (const [what, count] of news.told) this.told.add(what, count)
        for (const id of news.mayRepeat) this.mayRepeat.add(id)
        this.mayRepeatAfter.push(...news.mayRepeatAfter)
        if (news.state === "ready") resolve()
      })
      child.once("exit", () => {
        this.children.delete(child)
        if (this.stopping) return
        this.deaths++
        if (this.deaths > 20) return reject(new Error("worker processes die again and again"))
        this.start(task).then(resolve, reject)
      })
    })
  }

  /** How often entries were processed again, and how often without a word of the client. */
  get repetitions(): { readonly all: number; readonly untold: number } {
    let [all, untold] = [0, 0]
    // After a failover an id may be that of another entry.
    for (const times of Map.groupBy(this.done, ({ id, number }) => `${id} ${number}`).values()) {
      const { id } = times[0]!
      all += times.length - 1
      const isTold = this.mayRepeat.has(id) || this.mayRepeatAfter.some((after) => isAfter(id, after))
      if (!isTold) untold += times.length - 1
    }
    return { all, untold }
  }

  /** Asks all processes to end, and returns how many had to be killed. */
  async stop(): Promise<number> {
    this.stopping = true
    for (const child of this.children) child.send("stop")
    await until("the end of the workers", 20_000, async () => this.children.size === 0).catch(() => {})
    const left = this.children.size
    for (const child of this.children) child.kill("SIGKILL")
    return left
  }
}

const isAfter = (id: string, other: string): boolean => {
  const [[millis, number], [otherMillis, otherNumber]] = [id, other].map((each) => each.split("-").map(Number))
  return millis === otherMillis ? number! > otherNumber! : millis! > otherMillis!
}

/** The entries on a server: the number of each id. */
const streamOn = async (server: Server, driver: WorkDriver): Promise<ReadonlyMap<string, number>> => {
  const entries = new Map<string, number>()
  let from = "-"
  for (;;) {
    const page = (await ask(server.port, [["XRANGE", key, from, "+", "COUNT", "5000"]], { millis: 10_000 }))?.[0]
    if (!Array.isArray(page)) throw new Error("the stream cannot be read")
    let last = ""
    for (const entry of page as ReadonlyArray<readonly [string, ReadonlyArray<string>]>) {
      last = entry[0]
      entries.set(last, driver.numberOf(entry[1]))
    }
    if (page.length < 5000) return entries
    from = `(${last}`
  }
}

const pendingOn = async (server: Server): Promise<number> => {
  const reply = (await ask(server.port, [["XPENDING", key, group]], { millis: 5000 }))?.[0]
  return Array.isArray(reply) ? Number(reply[0]) : -1
}

/** The acknowledged numbers that a stream does not have. */
const missingIn = (numbers: Iterable<number>, stream: ReadonlyMap<string, number>): ReadonlySet<number> => {
  const present = new Set(stream.values())
  return new Set(Array.from(numbers).filter((number) => !present.has(number)))
}

const play = async (stage: Stage, driver: WorkDriver, { entries, short }: Size): Promise<Report> => {
  const workers = new Workers()
  const everyMillis = (short ? 9000 : 45_000) / entries
  const task = (consumers: ReadonlyArray<string>): WorkerTask => ({
    driver: driver.name,
    place: stage.place,
    key,
    group,
    consumers,
    concurrency,
    claimAfterMillis,
    workMillis: Math.ceil(names.length * concurrency * everyMillis / share)
  })
  const producer = await driver.producer(stage.place, key)
  const adding = new Adding(producer.add, 32, entries * 0.95, everyMillis)
  const broken: Array<string> = []
  try {
    await Promise.all([workers.start(task(names.slice(0, 4))), workers.start(task(names.slice(4)))])
    const added = (share: number) =>
      reached(`${share * 100}% of the entries`, entries * share, () => adding.acknowledged.size)

    await added(0.4)
    await reached("processed entries", entries * 0.2, () => workers.processed.size)
    const killed = await stage.killPrimary()
    if (short) await stage.tidy()
    let primary = await stage.primary()
    // Replies that the primary had sent before it ended are read shortly after.
    const before = Array.from(adding.acknowledged).filter(([, at]) => at < killed + 200).map(([number]) => number)
    const lostInKill = missingIn(before, await streamOn(primary, driver))

    await added(0.75)
    await stage.planned()
    if (short) await stage.tidy()
    primary = await stage.primary()
    const faultsEnded = Date.now()
    adding.limit = entries
    const allAdded = await added(1).then(() => true, () => false)
    const lastAdded = Date.now()
    const stream = await streamOn(primary, driver)
    const missing = missingIn(adding.acknowledged.keys(), stream)

    let pending = -1
    const waiting = (): number => Array.from(stream.values()).filter((number) => !workers.processed.has(number)).length
    let [progress, progressAt] = [-1, 0]
    let finished = false
    // What waits takes its time; it is stuck when nothing is processed any more.
    for (;;) {
      pending = await pendingOn(primary)
      finished = waiting() === 0 && pending === 0
      if (workers.processed.size !== progress) [progress, progressAt] = [workers.processed.size, performance.now()]
      if (finished || performance.now() - progressAt > bound) break
      await sleep(200)
    }
    const finishedAt = Date.now()
    adding.stop()
    const left = await workers.stop()

    const unprocessed = Array.from(adding.acknowledged.keys()).filter((number) => !workers.processed.has(number))
    const lost = unprocessed.filter((number) => missing.has(number))
    const lostByServers = lost.filter((number) => lostInKill.has(number)).length
    const lostByClient = lost.length - lostByServers
    const forgotten = unprocessed.filter((number) => !missing.has(number)).length
    const repeated = workers.repetitions
    const addedTwice = stream.size - new Set(stream.values()).size
    const addedUntold = Math.max(0, addedTwice - adding.inDoubt)
    const times = workers.done.map(({ at }) => at).sort((a, b) => a - b)
    const pause = times.reduce((longest, at, i) => i === 0 ? 0 : Math.max(longest, at - times[i - 1]!), 0)

    const busy = new Set(workers.done.filter(({ at }) => at > faultsEnded).map(({ consumer }) => consumer))
    const idle = names.filter((name) => !busy.has(name)).length

    if (driver.isOurs) {
      if (idle > 0) broken.push(`${idle} consumers did nothing after the last fault`)
      if (forgotten > 0) broken.push(`${forgotten} acknowledged entries were never processed`)
      if (lostByClient > 0) broken.push(`${lostByClient} acknowledged entries were lost although no server lost them`)
      if (repeated.untold > 0) broken.push(`${repeated.untold} repetitions were not told`)
      if (addedUntold > 0) broken.push(`${addedUntold} entries were added twice without an error`)
      if (!allAdded) broken.push("the producer did not finish")
      if (!finished) broken.push(`stuck for ${bound / 1000} s: ${waiting()} left, ${pending} pending`)
      if (workers.deaths > 0) broken.push("a worker process died")
      if (left > 0) broken.push("a worker process did not end when it was told")
    }
    broken.push(...strange(driver, adding.errors.counts.keys()))
    const told = new Tally()
    for (const [what, count] of adding.errors.counts) told.add(`add: ${what}`, count)
    for (const [what, count] of workers.told.counts) told.add(what, count)
    return {
      facts: [
        sum("acknowledged", adding.acknowledged.size),
        sum("lost with the killed primary", lostByServers),
        sum("lost in the planned failover", lostByClient),
        sum("never processed", forgotten),
        sum("processed again", repeated.all),
        sum("processed again untold", repeated.untold),
        sum("told as perhaps processed again", workers.mayRepeat.size),
        sum("added twice", addedTwice),
        sum("added twice untold", addedUntold),
        sum("pending at the end", Math.max(0, pending)),
        sum("runs that got stuck", allAdded && finished ? 0 : 1),
        sum("consumers that stopped", idle),
        sum("processes that died", workers.deaths),
        most("longest pause, s", pause / 1000),
        most("done after the last fault, s", (finishedAt - Math.max(faultsEnded, lastAdded)) / 1000)
      ],
      told: told.counts,
      broken
    }
  } finally {
    adding.stop()
    await workers.stop()
    await Promise.race([producer.close(), sleep(2000)])
  }
}

export const workers: Work = { name: "workers", deployment: {}, play }
