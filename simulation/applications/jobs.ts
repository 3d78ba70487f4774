/**
 * Jobs: producers that add them, and consumers that process them, are stopped, die and start again; and what must be
 * true of the jobs.
 *
 * Some jobs can never be processed, some fail once, and some take longer than a claim lasts. How jobs are stored and
 * consumed is in groups.ts and queues.ts.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { Client, Errors } from "../../src/index.ts"
import type { Handled, History, LeftOver, Life, Party, Stage } from "../History.ts"
import { Dice, pausesOf } from "../Scenario.ts"
import { type Broken, isError, show } from "../Violation.ts"

/** What a consumer passes to a handler. */
export interface Given {
  readonly entry: string
  readonly job: string
  /** Whether the client says that it was delivered before. */
  readonly isRepeated: boolean
}

/** A consumer while it lives. */
export interface Consuming {
  readonly redis: Client.PrimaryClient
  readonly consumer: string
  readonly concurrency: number
  /** For further options. */
  readonly dice: Dice
  readonly handler: (given: Given) => Effect.Effect<void, Refused>
  /** Records what the client tells of entries. */
  readonly tell: (what: string, entries: ReadonlyArray<string>) => void
}

/** How jobs are stored and consumed. */
export interface System {
  readonly name: string
  readonly add: (
    redis: Client.PrimaryClient,
    job: string
  ) => Effect.Effect<unknown, Errors.RedisError | Errors.Unsupported>
  /** Consumes until it is interrupted. */
  readonly consume: (consuming: Consuming) => Effect.Effect<never, unknown>
  readonly lookAt: (redis: Client.PrimaryClient) => Effect.Effect<LeftOver, unknown>
  /** How often a job is tried until it is dead. */
  readonly attempts: number
  /** Whether it knows, after a failover, that a job was delivered before. */
  readonly knowsRepetitions: boolean
}

/** For how long a job is idle until others take it, in milliseconds. */
export const idleMillis = 1500

/** The error of a handler. */
export class Refused {
  readonly _tag = "Refused"
}

/** Whether a job fails every time. */
export const isPoison = (job: string): boolean => numberOf(job) % 11 === 0
const isFlaky = (job: string): boolean => numberOf(job) % 7 === 0
const isLong = (job: string): boolean => numberOf(job) % 23 === 0
const numberOf = (job: string): number => Number(job.slice(1)) / 10

/** Adds jobs, one after the other, while the workload lasts. */
export const producer = (stage: Stage, system: System, party: Party, worker: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const dice = new Dice(stage.scenario.seed * 1009 + worker)
    for (const [i, pause] of pausesOf(stage.scenario, dice, 45).entries()) {
      const id = (worker * 1000 + i + 1) * 10
      const call = stage.call(party, worker, { id, kind: "add", key: system.name, write: true })
      yield* Effect.exit(stage.watched(call, system.add(party.primary, `j${id}`)))
      yield* Effect.sleep(pause)
    }
  })

/** Processes a job, and records it. Fails for some jobs. */
const handlerOf = (stage: Stage, life: Life, dice: Dice) => (given: Given) =>
  Effect.suspend((): Effect.Effect<void, Refused> => {
    const { job } = given
    const { client, consumer, of } = life
    const handled: Handled = { of, consumer, client, ...given, begin: stage.now(), end: Infinity, outcome: undefined }
    const isFirst = !stage.handled.some((other) => other.job === job && other.of === of)
    stage.handled.push(handled)
    const work = isLong(job) ? idleMillis * 1.6 : dice.chance(0.5) ? 0 : dice.int(1, 30)
    const fails = isPoison(job) || (isFlaky(job) && isFirst)
    return Effect.andThen(
      work === 0 ? Effect.void : Effect.sleep(work),
      fails ? Effect.fail(new Refused()) : Effect.void
    ).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          handled.end = stage.now()
          // What a dead process does after its death does not count.
          handled.outcome = life.died && life.end !== Infinity
            ? "interrupted"
            : Exit.isSuccess(exit)
            ? "done"
            : Exit.hasInterrupts(exit)
            ? "interrupted"
            : "failed"
        })
      )
    )
  })

/** Consumes in one life after the other, and is stopped or dies between them, until `drained`. */
export const consumer = (
  stage: Stage,
  system: System,
  party: Party,
  number: number,
  drained: Effect.Effect<void>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const dice = new Dice(stage.scenario.seed * 1009 + 800 + number)
    const consumer = `${system.name}${number}`
    const concurrency = dice.pick([1, 2, 5])
    yield* Effect.sleep(dice.int(0, 300))
    for (let n = 0;; n++) {
      // Those of odd numbers are processes of their own.
      const isProcess = number % 2 === 1
      const client = isProcess ? `${consumer}x${n}` : party.name
      const died = isProcess && dice.chance(0.5)
      const isLast = n > 0 && dice.chance(0.4)
      const millis = dice.int(300, 2500)
      const of = system.name
      const life: Life = { of, consumer, client, begin: stage.now(), end: Infinity, died, failure: undefined }
      const scope = yield* Scope.make()
      const { clock, redis } = isProcess
        ? yield* Effect.orDie(stage.process(client, scope))
        : { clock: party.clock, redis: party.primary }
      stage.lives.push(life)
      const fiber = yield* Effect.forkChild(
        system.consume({
          redis,
          consumer,
          concurrency,
          dice,
          handler: handlerOf(stage, life, dice),
          tell: (what, entries) => void stage.told.push({ at: stage.now(), of, consumer, what, entries })
        }).pipe(
          Effect.catchCause((cause) =>
            Effect.sync(() => {
              if (life.end === Infinity) life.failure = String(cause)
            })
          ),
          Effect.provideService(Clock.Clock, clock)
        ),
        { startImmediately: true }
      )
      const mayEnd = stage.now() + millis < stage.end() && !isLast
      yield* mayEnd ? Effect.sleep(millis) : drained
      life.end = stage.now()
      if (mayEnd && died) {
        // Nothing that it sends from now on arrives.
        yield* stage.control.partition(client, "*")
        yield* Scope.close(scope, Exit.void)
      }
      yield* Fiber.interrupt(fiber)
      yield* Scope.close(scope, Exit.void)
      if (mayEnd && died) yield* stage.control.heal(client, "*")
      if (!mayEnd) return
      yield* Effect.sleep(dice.int(0, 500))
    }
  })

/** Waits until there is nothing to do any more, for a minute at most, and records what is left. */
export const drain = (stage: Stage, system: System, redis: Client.PrimaryClient): Effect.Effect<void> =>
  Effect.gen(function*() {
    const until = stage.now() + 60_000
    for (;;) {
      const exit = yield* Effect.exit(system.lookAt(redis))
      if (Exit.isSuccess(exit)) {
        stage.leftOver.set(system.name, exit.value)
        const done = new Set(
          stage.handled.filter((h) => h.of === system.name && h.outcome === "done").map(({ job }) => job)
        )
        const dead = new Set(exit.value.dead)
        if (!stage.lives.some(({ of }) => of === system.name)) return
        if (exit.value.pending.length === 0 && exit.value.entries.every((job) => done.has(job) || dead.has(job))) return
      }
      if (stage.now() > until) return
      yield* Effect.sleep(500)
    }
  })

/** Commands that count a delivery. */
const delivers = /^X(?:READGROUP|CLAIM|AUTOCLAIM)$/

/** Whether a reply contains an entry. */
const isGiven = (reply: unknown, entry: string): boolean =>
  Array.isArray(reply)
    ? reply.some((item) => isGiven(item, entry))
    : typeof reply === "object" && reply !== null
    ? Object.values(reply).some((item) => isGiven(item, entry))
    : reply === entry

/** When the server gave an entry that a handler then got: it may have waited for that. */
const givenAt = ({ executions }: History, { begin, client, entry }: Handled): number =>
  executions.findLast((e) => e.client === client && e.at <= begin && delivers.test(e.name) && isGiven(e.reply, entry))
    ?.at ?? begin

/** Every job that is there was processed, or is dead, which only those are that failed often enough. */
export const checkJobs = (system: System, history: History, broken: Broken): void => {
  const leftOver = history.leftOver.get(system.name)
  if (leftOver === undefined) return
  const promise = "every job is processed"
  const handled = history.handled.filter(({ of }) => of === system.name)
  const byJob = Map.groupBy(handled, ({ job }) => job)
  const runs = (job: string): string =>
    (byJob.get(job) ?? []).map((h) => `${h.begin}..${h.end} ${h.consumer} ${h.outcome}`).join(", ") || "no attempt"
  const isDone = (job: string): boolean => (byJob.get(job) ?? []).some(({ outcome }) => outcome === "done")
  const dead = new Set(leftOver.dead)
  const isConsumed = history.lives.some(({ of }) => of === system.name)
  const lost = leftOver.entries.find((job) => isConsumed && !isDone(job) && !dead.has(job))
  if (lost !== undefined) broken(promise, `${lost} was never processed: ${runs(lost)}`, Infinity)
  const [pending] = leftOver.pending
  if (pending !== undefined) {
    broken(promise, `${leftOver.pending.length} are pending for ever, ${pending} first`, Infinity)
  }
  for (const job of dead) {
    // Its consumers were stopped, or died, or could not be reached, each time.
    const attempts = byJob.get(job) ?? []
    // A process that died may have had it without a handler: that counts as a delivery.
    const [first] = attempts
    const deaths = first === undefined ?
      0 :
      history.lives.filter(({ client, died, of }) =>
        of === system.name && died && !attempts.some((one) => one.client === client) &&
        history.executions.some((e) => e.client === client && delivers.test(e.name) && isGiven(e.reply, first.entry))
      ).length
    if (isPoison(job) || attempts.length + deaths >= system.attempts) continue
    broken(promise, `${job} is dead, though it can be processed: ${runs(job)}`, Infinity)
    break
  }
  for (const { consumer, end, failure, of } of history.lives) {
    if (of === system.name && failure !== undefined) broken(promise, `${consumer} ended by itself: ${failure}`, end)
  }
  if (history.scenario.planned === true || history.scenario.calm === true) {
    const present = new Set([...leftOver.entries, ...leftOver.dead])
    for (const call of history.calls) {
      if (call.kind !== "add" || call.key !== system.name || call.outcome?.tag !== "ok") continue
      const job = `j${call.id}`
      if (present.has(job) || isDone(job)) continue
      broken(
        "no acknowledged write is lost in a planned failover",
        `${show(call)} is gone: ${runs(job)}`,
        call.end,
        call
      )
    }
  }
  checkRepetitions(system, history, handled, broken)
}

/** Whether an entry is one of all those after an id, told as `>id`. */
const isAfter = (entry: string, told: string): boolean => {
  if (!told.startsWith(">")) return false
  const [a, b] = [entry, told.slice(1)].map((id) => id.split("-").map(Number))
  return a![0]! > b![0]! || (a![0] === b![0] && a![1]! > b![1]!)
}

/** A job that comes again is told as such, and none has two handlers as long as its consumer is there. */
const checkRepetitions = (
  system: System,
  history: History,
  handled: ReadonlyArray<Handled>,
  broken: Broken
): void => {
  const told = history.told.filter(({ of }) => of === system.name)
  const isDisturbed = history.scenario.calm !== true || history.scenario.faults.some(({ kind }) => kind === "busy")
  const isUnplanned = history.scenario.planned !== true && history.scenario.calm !== true
  const died = new Set(history.lives.filter((life) => life.died).map(({ client }) => client))
  const seen = new Map<string, Handled>()
  for (const one of handled) {
    const key = `${one.entry} ${one.job}`
    const before = seen.get(key)
    seen.set(key, one)
    if (before === undefined) continue
    const life = history.lives.find((l) =>
      l.client === one.client && l.consumer === one.consumer && l.begin <= one.begin && l.end >= one.begin
    )
    // What a dead process does after its death does not count.
    if (life === undefined && died.has(one.client)) continue
    const isTold = one.isRepeated ||
      // A failover may lose that it was delivered, and a consumer that starts later cannot know it.
      (isUnplanned && (!system.knowsRepetitions || (life !== undefined && life.begin > before.begin))) ||
      // It was put back by a consumer that was stopped.
      (!system.knowsRepetitions && before.outcome === "interrupted" && !died.has(before.client)) ||
      // Its own handler has failed.
      (before.outcome === "failed" && before.client === one.client) ||
      told.some(({ at, entries }) =>
        at >= givenAt(history, before) &&
        entries.some((entry) => entry === one.entry || entry === one.job || isAfter(one.entry, entry))
      ) ||
      // Two servers were primaries: both consumers have made the group, and have told it.
      [before, one].every(({ client, consumer }) =>
        history.executions.some((e) =>
          e.client === client && e.name === "XGROUP" && e.args[1] === "CREATE" && e.args[2] === system.name &&
          e.at <= one.begin && !isError(e)
        ) &&
        told.some(({ at, consumer: teller, what }) =>
          what === "GroupCreated" && teller === consumer && at <= one.begin &&
          history.lives.some((l) => l.client === client && l.consumer === consumer && l.begin <= at && l.end >= at)
        )
      ) ||
      // Its consumer had it already, and has told that another one may get it.
      (life !== undefined &&
        told.some(({ at, consumer, entries, what }) =>
          what === "ClaimLost" && consumer === one.consumer && entries.includes(one.entry) &&
          at >= life.begin && at <= one.begin
        ))
    const again = `${one.consumer} got ${one.job} (${one.entry}) at ${one.begin}`
    if (!isTold) {
      broken(
        "what comes twice is told",
        `${again} as if for the first time, but ${before.consumer} had it at ${before.begin}`,
        one.begin
      )
      return
    }
    // What consumers have of a group that was destroyed comes again, to any of them.
    const isGroupLost = told.some(({ at, what }) => what === "GroupRecreated" && at >= before.begin && at <= one.begin)
    if (!isDisturbed && !isGroupLost && one.begin < before.end && !died.has(before.client)) {
      broken(
        "a job has one handler at a time",
        `${again}, but ${before.consumer} had it until ${before.end}`,
        one.begin
      )
      return
    }
  }
}
