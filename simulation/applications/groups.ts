/**
 * Consumer groups: producers that add jobs to a stream, and consumers that process them, are stopped, die and start
 * again; and what must be true of the jobs.
 *
 * Some jobs can never be processed, some fail once, and some take longer than a claim lasts.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { type Client, commands } from "../../src/index.ts"
import type { Execution, Handled, History, Life, Party, Stage } from "../History.ts"
import { Dice } from "../Scenario.ts"
import { type Broken, isError, show } from "../Violation.ts"

export const jobs = "jobs"
export const graveyard = "jobs:dead"
export const group = "workers"

/** How often a job is tried. */
const attempts = 8
/** How long a job may be idle until others claim it, in milliseconds. */
const idleMillis = 1500

/** Whether a job fails every time. */
export const isPoison = (job: string): boolean => numberOf(job) % 11 === 0
const isFlaky = (job: string): boolean => numberOf(job) % 7 === 0
const isLong = (job: string): boolean => numberOf(job) % 13 === 0
const numberOf = (job: string): number => Number(job.slice(1)) / 10

/** Adds jobs, one after the other, while the workload lasts. */
export const producer = (stage: Stage, party: Party, worker: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const dice = new Dice(stage.scenario.seed * 1009 + worker)
    for (let i = 1; stage.now() < stage.end(); i++) {
      const id = (worker * 1000 + i) * 10
      const call = stage.call(party, worker, { id, kind: "add", key: jobs, write: true })
      yield* Effect.exit(stage.watched(call, party.primary.xadd(jobs, "*", { job: `j${id}` })))
      yield* Effect.sleep(dice.chance(0.5) ? dice.int(0, 5) : dice.int(20, 160))
    }
  })

/** Processes a job, and records it. Fails for some jobs. */
const handle = (
  stage: Stage,
  made: Omit<Handled, "begin" | "end" | "outcome">,
  dice: Dice
): Effect.Effect<void, string> =>
  Effect.suspend(() => {
    const handled: Handled = { ...made, begin: stage.now(), end: Infinity, outcome: undefined }
    const isFirst = !stage.handled.some(({ job, of }) => job === made.job && of === made.of)
    stage.handled.push(handled)
    const work = isLong(made.job) ? idleMillis * 0.6 : dice.chance(0.5) ? 0 : dice.int(1, 30)
    const fails = isPoison(made.job) || (isFlaky(made.job) && isFirst)
    return Effect.andThen(work === 0 ? Effect.void : Effect.sleep(work), fails ? Effect.fail("no") : Effect.void).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          handled.end = stage.now()
          handled.outcome = Exit.isSuccess(exit) ? "done" : Exit.hasInterrupts(exit) ? "interrupted" : "failed"
        })
      )
    )
  })

/** Consumes until it is interrupted. */
const consume = (
  stage: Stage,
  redis: Client.PrimaryClient,
  client: string,
  consumer: string,
  dice: Dice
): Effect.Effect<void> => {
  const one = (id: string, job: string, attempt: number) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(
        handle(stage, { of: jobs, consumer, client, entry: id, job, attempt }, dice)
      )
      if (Exit.isSuccess(exit)) yield* redis.xack(jobs, group, id)
      else if (attempt >= attempts) {
        yield* redis.transaction([commands.xadd(graveyard, "*", { job }), commands.xack(jobs, group, id)])
      }
    })
  let claimed = 0
  const round = Effect.gen(function*() {
    if (stage.now() - claimed > 500) {
      claimed = stage.now()
      const idle = yield* redis.xpendingRange(jobs, group, "-", "+", 20, { minIdle: `${idleMillis} millis` })
      const mine = yield* redis.xclaim(jobs, group, consumer, `${idleMillis} millis`, idle.map(({ id }) => id))
      for (const { fields, id } of mine) {
        const told = idle.find((p) => p.id === id)!
        if (fields !== null) yield* one(id, fields["job"]!, told.deliveries + 1)
      }
    }
    const found = yield* redis.xreadgroup(group, consumer, { [jobs]: ">" }, { count: 5, block: "500 millis" })
    for (const { fields, id } of found?.get(jobs) ?? []) {
      if (fields !== null) yield* one(id, fields["job"]!, 1)
    }
  })
  const forever: Effect.Effect<void> = Effect.gen(function*() {
    for (;;) {
      const exit = yield* Effect.exit(round)
      if (Exit.isSuccess(exit)) continue
      yield* Effect.exit(redis.xgroupCreate(jobs, group, "0", { mkstream: true }))
      yield* Effect.sleep(50)
    }
  })
  return forever
}

/** Consumes in one life after the other, and is stopped or dies between them, until `drained`. */
export const consumer = (
  stage: Stage,
  party: Party,
  number: number,
  drained: Effect.Effect<void>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const dice = new Dice(stage.scenario.seed * 1009 + 800 + number)
    const name = `consumer${number}`
    yield* Effect.sleep(dice.int(0, 300))
    for (let n = 0;; n++) {
      // Those of odd numbers are processes of their own.
      const isProcess = number % 2 === 1
      const client = isProcess ? `w${number}x${n}` : party.name
      const died = isProcess && dice.chance(0.5)
      const life: Life = {
        of: jobs,
        consumer: name,
        client,
        begin: stage.now(),
        end: Infinity,
        died,
        failure: undefined
      }
      const isLast = n > 0 && dice.chance(0.4)
      const millis = dice.int(300, 2500)
      const scope = yield* Scope.make()
      const redis = isProcess ? yield* Effect.orDie(stage.process(client, scope)) : party.primary
      stage.lives.push(life)
      const fiber = yield* Effect.forkChild(consume(stage, redis, client, name, dice), { startImmediately: true })
      if (isLast || stage.now() + millis > stage.end()) yield* drained
      else yield* Effect.sleep(millis)
      if (stage.now() < stage.end() && died) yield* stage.control.partition(client, "*")
      yield* Fiber.interrupt(fiber)
      yield* Scope.close(scope, Exit.void)
      if (stage.now() < stage.end() && died) yield* stage.control.heal(client, "*")
      life.end = stage.now()
      if (isLast || stage.now() >= stage.end()) return
      yield* Effect.sleep(dice.int(0, 500))
    }
  })

/** What is in the stream and its group. */
const lookAt = (redis: Client.PrimaryClient) =>
  Effect.gen(function*() {
    const entries = yield* redis.xrange(jobs, "-", "+")
    const dead = yield* redis.xrange(graveyard, "-", "+")
    const pending = yield* Effect.orElseSucceed(redis.xpendingRange(jobs, group, "-", "+", 10_000), () => [])
    const jobOf = ({ fields, id }: { readonly id: string; readonly fields: Record<string, string> }) => ({
      id,
      job: fields["job"] ?? ""
    })
    return { entries: entries.map(jobOf), dead: dead.map(jobOf), pending: pending.map(({ id }) => id), unfinished: [] }
  })

/** Waits until there is nothing to do any more, for a minute at most, and records what is left. */
export const drain = (stage: Stage, redis: Client.PrimaryClient): Effect.Effect<void> =>
  Effect.gen(function*() {
    const until = stage.now() + 60_000
    for (;;) {
      const exit = yield* Effect.exit(lookAt(redis))
      if (Exit.isSuccess(exit)) {
        stage.leftOver.set(jobs, exit.value)
        const done = new Set(stage.handled.filter((h) => h.of === jobs && h.outcome === "done").map(({ job }) => job))
        const dead = new Set(exit.value.dead.map(({ job }) => job))
        if (exit.value.pending.length === 0 && exit.value.entries.every(({ job }) => done.has(job) || dead.has(job))) {
          return
        }
      }
      if (stage.now() > until) return
      yield* Effect.sleep(500)
    }
  })

/** Every job that is in the stream was processed or is in the graveyard, where only jobs are that always fail. */
export const checkGroups = (history: History, broken: Broken): void => {
  const leftOver = history.leftOver.get(jobs)
  if (leftOver === undefined) return
  const handled = history.handled.filter(({ of }) => of === jobs)
  const done = new Set(handled.filter(({ outcome }) => outcome === "done").map(({ job }) => job))
  const dead = new Set(leftOver.dead.map(({ job }) => job))
  const promise = "every entry of a group is processed"
  const present = new Set(leftOver.entries.map(({ job }) => job))
  for (const { id, job } of leftOver.entries) {
    if (done.has(job) || dead.has(job)) continue
    const of = handled.filter((h) => h.job === job).map((h) => `${h.begin}..${h.end} ${h.consumer} ${h.outcome}`)
    broken(promise, `${job} (${id}) was never processed; ${of.length === 0 ? "no attempt" : of.join(", ")}`, Infinity)
    break
  }
  if (leftOver.pending.length > 0) {
    broken(promise, `${leftOver.pending.length} are pending for ever, ${leftOver.pending[0]} first`, Infinity)
  }
  for (const job of dead) {
    if (!isPoison(job)) broken(promise, `${job} is dead, though it can be processed`, Infinity)
  }
  for (const { consumer, end, failure } of history.lives) {
    if (failure !== undefined) broken(promise, `${consumer} ended by itself: ${failure}`, end)
  }
  if (history.scenario.planned === true || history.scenario.calm === true) {
    for (const call of history.calls) {
      if (call.kind !== "add" || call.outcome?.tag !== "ok" || present.has(`j${call.id}`)) continue
      broken(
        "no acknowledged write is lost in a planned failover",
        `${show(call)} is not in the stream`,
        call.end,
        call
      )
    }
  }
  checkAcknowledgements(history.executions, handled, broken)
  checkRepetitions(handled, broken)
}

/** An entry is acknowledged after it was processed, or when it is dead. */
const checkAcknowledgements = (
  executions: ReadonlyArray<Execution>,
  handled: ReadonlyArray<Handled>,
  broken: Broken
): void => {
  const processed = new Map<string, number>()
  for (const { end, entry, job, outcome } of handled) {
    const counts = outcome === "done" || (outcome === "failed" && isPoison(job))
    if (counts) processed.set(entry, Math.min(end, processed.get(entry) ?? Infinity))
  }
  for (const execution of executions) {
    if (execution.name !== "XACK" || execution.args[1] !== jobs || isError(execution)) continue
    for (const id of execution.args.slice(3)) {
      if ((processed.get(id) ?? Infinity) <= execution.at) continue
      broken(
        "an entry is acknowledged once it is processed",
        `${execution.client} acknowledged ${id}, which nobody had processed`,
        execution.at
      )
      return
    }
  }
}

/** A handler that gets an entry again is told so. */
const checkRepetitions = (handled: ReadonlyArray<Handled>, broken: Broken): void => {
  const seen = new Map<string, Handled>()
  for (const one of handled) {
    const key = `${one.entry} ${one.job}`
    const before = seen.get(key)
    if (before !== undefined && one.attempt === 1) {
      broken(
        "what comes twice is told",
        `${one.consumer} got ${one.job} (${one.entry}) as if for the first time, but ${before.consumer} had it at ${before.begin}`,
        one.begin
      )
      return
    }
    seen.set(key, one)
  }
}
