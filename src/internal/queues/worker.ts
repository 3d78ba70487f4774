/**
 * A worker of a queue: it takes elements into a list of its own, takes over what dead workers have left, says that it is
 * alive, and puts everything back when it leaves.
 *
 * What its users see is in RedisQueue.ts; how handlers run is in consume.ts.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { PrimaryClient } from "../../Client.ts"
import * as Command from "../../Command.ts"
import * as commands from "../../commands/index.ts"
import type { AmbiguousOutcome, RedisError } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import { movesOf } from "../client/moves.ts"
import { lastCommandsMillis } from "../client/silence.ts"
import { reserveToWait } from "../client/waiting.ts"
import { Outage } from "../common/outage.ts"
import { Pauses } from "../common/pauses.ts"
import { sha1Of } from "../scripts/sha1.ts"
import {
  acknowledgeOf,
  beatOf,
  claimOf,
  type Counted,
  giveBackOf,
  leaveOf,
  listOf,
  type QueueKeys,
  rejectOf,
  type Side
} from "./scripts.ts"

/** How long the server waits for an element in one request at most, in milliseconds. */
const mostTurnMillis = 5000
/** For how long the end of an interrupted wait is waited for. */
const endTimeout = "1 second"

/** Bytes as a text of one character for each, to count equal ones. */
const textOf = (element: Uint8Array): string =>
  Buffer.from(element.buffer, element.byteOffset, element.length).toString("latin1")

/** A collection in which the same element may be several times. */
class Multiset {
  private readonly counts = new Map<string, number>()
  size = 0
  add(element: string): void {
    this.counts.set(element, (this.counts.get(element) ?? 0) + 1)
    this.size++
  }
  /** Removes it once. Gives whether it was there. */
  remove(element: string): boolean {
    const count = this.counts.get(element)
    if (count === undefined) return false
    if (count === 1) this.counts.delete(element)
    else this.counts.set(element, count - 1)
    this.size--
    return true
  }
  addAll(others: Multiset): void {
    for (const [element, count] of others.counts) this.counts.set(element, (this.counts.get(element) ?? 0) + count)
    this.size += others.size
  }
  copy(): Multiset {
    const copy = new Multiset()
    copy.addAll(this)
    return copy
  }
  /** Each element, as often as it is there. */
  *[Symbol.iterator](): Generator<string> {
    for (const [element, count] of this.counts) for (let i = 0; i < count; i++) yield element
  }
}

/**
 * An element that a worker has taken, and what may be done with it. Each gives whether the worker still had it. It must
 * be interrupted only when the worker is about to leave: nobody knows then what the server has done.
 */
export interface Taken {
  readonly element: Uint8Array
  readonly isRedelivered: boolean
  readonly deliveries: number
  readonly ack: Effect.Effect<boolean, RedisError>
  readonly giveBack: Effect.Effect<boolean, RedisError>
  /** Moves it to the dead letters, with a reason. */
  readonly reject: (reason: string) => Effect.Effect<boolean, RedisError>
}

/** What a worker is made of, checked. */
export interface WorkerOptions {
  readonly redis: PrimaryClient
  readonly keys: QueueKeys
  readonly side: Side
  /** The beginning of its name. */
  readonly consumer: string
  /** How long it may be silent before others count it as dead, in milliseconds. */
  readonly deadAfterMillis: number
  /** How often an element is given, if nobody finishes it. */
  readonly maxDeliveries: number
}

/** A worker of a queue. */
export interface Worker {
  /**
   * Takes an element, once there is one. One that was given too often goes to the dead letters instead. One fiber at a
   * time may call it.
   */
  readonly next: Effect.Effect<Taken, RedisError>
  /** Runs something again until it has reached the server. An outage makes it wait. */
  readonly persist: <A>(effect: Effect.Effect<A, RedisError>) => Effect.Effect<A, RedisError>
}

/** 128 random bits. */
const uniqueName: Effect.Effect<string> = Effect.map(
  Effect.all(Array.from({ length: 4 }, () => Random.nextIntBetween(0, 2 ** 32))),
  (parts) => parts.map((part) => part.toString(16).padStart(8, "0")).join("")
)

/**
 * A worker, until the Scope closes: then it puts back what it has. `onExhausted` is told what was given too often.
 */
export const makeWorker = (
  { consumer, deadAfterMillis, keys, maxDeliveries, redis, side }: WorkerOptions,
  onExhausted: (element: Uint8Array, deliveries: number) => Effect.Effect<unknown> = () => Effect.void
): Effect.Effect<Worker, never, Scope.Scope> =>
  Effect.gen(function*() {
    // Unique, so that nobody else ever has the same list, not even the same program after a crash.
    const name = `${consumer}.${yield* uniqueName}`
    const own = keys.processing + name
    const outage = new Outage(`${redis.target}: the queue ${keys.waiting}`)
    const acknowledging = new Outage(`${redis.target}: acknowledging elements of the queue ${keys.waiting}`, true)
    const turnMillis = Math.min(mostTurnMillis, Math.ceil(deadAfterMillis / 3))

    /** What its users have and have not finished. */
    const held = new Multiset()
    /** What was finished since the own list was read, while it is being read. */
    let finished: Multiset | undefined
    /**
     * Those of them without a count that must not come again as if nobody had had them: they were given before, or
     * something is tried that ends them.
     */
    const repeated = new Multiset()
    /** What may be in the own list still, though it was tried to end it. */
    let uncertain = new Multiset()
    /** What was found in the own list that no user has. */
    const leftovers: Array<Counted> = []
    /** Whether there may be more in the own list than its users have. */
    let isSuspect = false
    /** Whether dead workers have something. */
    let hasDead = false
    /** How often the group had moved when the server came to know it; undefined if that is uncertain. */
    let knownSince: number | undefined
    /** Whether an element may be on its way into the own list. */
    let isMoving = false

    const beat = (on: Pick<PrimaryClient, "run">): Effect.Effect<void, RedisError> =>
      Effect.map(on.run(beatOf(keys, name, deadAfterMillis)), ([length, dead]) => {
        if (length > held.size + leftovers.length + (isMoving ? 1 : 0)) isSuspect = true
        if (dead > 0) hasDead = true
      })

    const count = (event: keyof typeof Metrics.queueElementsOf): Effect.Effect<void> =>
      Metric.update(Metrics.queueElementsOf[event], 1)

    /** Runs what removes an element from the own list, once. */
    const removing = ([element, deliveries]: Counted, isRedelivered: boolean) => {
      const lock = Semaphore.makeUnsafe(1)
      const text = textOf(element)
      let outcome: Effect.Effect<boolean, AmbiguousOutcome> | undefined
      let isRepeated = false
      const setRepeated = (is: boolean): void => {
        // One with a count is told apart by that.
        if (deliveries > 1 || is === isRepeated) return
        isRepeated = is
        if (is) repeated.add(text)
        else repeated.remove(text)
      }
      setRepeated(isRedelivered)
      const settle = (result: Effect.Effect<boolean, AmbiguousOutcome>): void => {
        outcome = result
        held.remove(text)
        setRepeated(false)
        finished?.add(text)
      }
      /** If it is still in the list, it is found there and given again. */
      const settleUncertain = (result: Effect.Effect<boolean, AmbiguousOutcome>): void => {
        isSuspect = true
        if (isRepeated) uncertain.add(text)
        settle(result)
      }
      return (event: "acknowledged" | "returned" | "dead", command: Command.Command<number, "write">) =>
        lock.withPermits(1)(Effect.uninterruptibleMask((restore) =>
          Effect.suspend((): Effect.Effect<boolean, RedisError> => {
            if (outcome !== undefined) return outcome
            setRepeated(isRedelivered || event !== "returned")
            return Effect.matchCauseEffect(restore(redis.run(command)), {
              onSuccess: (n) => {
                settle(Effect.succeed(n > 0))
                return Effect.as(count(n > 0 ? event : "takenOver"), n > 0)
              },
              onFailure: (cause) => {
                const failure = Cause.findErrorOption(cause)
                if (Option.isNone(failure)) settleUncertain(Effect.succeed(false))
                else if (failure.value._tag === "AmbiguousOutcome") settleUncertain(Effect.fail(failure.value))
                return Effect.failCause(cause)
              }
            })
          })
        ))
    }

    const take = (counted: Counted, isRedelivered: boolean): Effect.Effect<Taken> =>
      Effect.suspend(() => {
        const [element, deliveries] = counted
        held.add(textOf(element))
        const remove = removing(counted, isRedelivered)
        return Effect.as(count(isRedelivered ? "redelivered" : "delivered"), {
          element,
          isRedelivered,
          deliveries,
          ack: remove("acknowledged", acknowledgeOf(keys, name, counted)),
          giveBack: Effect.tap(
            remove("returned", giveBackOf(keys, name, side, counted, isRedelivered)),
            () =>
              Effect.sync(() => {
                if (isRedelivered) {
                  hasDead = true
                }
              })
          ),
          reject: (reason) =>
            remove("dead", rejectOf(keys, name, counted, reason))
        })
      })

    /** Finds what is in the own list and nobody has: what a reply that never came has moved, or a failover has kept. */
    const reconcile: Effect.Effect<void, RedisError> = Effect.suspend(() => {
      finished = new Multiset()
      isSuspect = false
      // What is in the list of these is a leftover.
      const before = uncertain
      uncertain = new Multiset()
      return redis.run(listOf(keys, name)).pipe(
        Effect.map((elements) => {
          const known = held.copy()
          leftovers.length = 0
          for (const counted of elements) {
            const text = textOf(counted[0])
            if (!known.remove(text) && !finished!.remove(text)) leftovers.push(counted)
          }
        }),
        Effect.onExit((exit) =>
          Effect.sync(() => {
            finished = undefined
            if (exit._tag === "Success") return
            isSuspect = true
            uncertain.addAll(before)
          })
        )
      )
    })

    /** Runs what moves an element into the own list: without an answer it may be there. */
    const moving = <A>(move: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> =>
      Effect.suspend(() => {
        isMoving = true
        return Effect.onExit(move, (exit) =>
          Effect.sync(() => {
            isMoving = false
            if (exit._tag === "Failure") {
              isSuspect = true
              knownSince = undefined
            }
          }))
      })

    /**
     * Waits for a new element, on a connection to a server that knows this worker. The end of an interrupted wait is
     * waited for: what the server has moved meanwhile is put back when the worker leaves.
     */
    const wait: Effect.Effect<Uint8Array | null, RedisError> = Effect.scoped(
      Effect.flatMap(
        outage.whileShort("maxBlocking", (whenFull) => reserveToWait(redis, whenFull)),
        ({ client, settled }) => {
          // A connection of before a move has ended, and fails.
          const moves = movesOf(redis)
          return Effect.andThen(
            moves === knownSince
              ? Effect.void
              : Effect.tap(beat(client), () => Effect.sync(() => void (knownSince = moves))),
            Effect.onInterrupt(
              moving(
                client.run(Command.bytes(commands.blmove(keys.waiting, own, side, "right", `${turnMillis} millis`)))
              ),
              () => Effect.timeoutOption(settled, endTimeout)
            )
          )
        }
      )
    )

    const attempt: Effect.Effect<Taken | undefined, RedisError> = Effect.gen(function*() {
      if (isSuspect) yield* reconcile
      const leftover = leftovers.shift()
      if (leftover !== undefined) return yield* take(leftover, true)
      if (hasDead) {
        const claimed = yield* moving(redis.run(claimOf(keys, name)))
        if (claimed !== null) return yield* take(claimed, true)
        hasDead = false
      }
      const element = yield* wait
      return element === null ? undefined : yield* take([element, 1], false)
    })

    /** Moves what was given too often to the dead letters, before anything reads it. */
    const exhaust = ({ deliveries, element, reject }: Taken): Effect.Effect<void, RedisError> =>
      Effect.matchEffect(Effect.suspend(() => persist(reject("MaxDeliveries"))), {
        onSuccess: (had) =>
          had
            ? Effect.andThen(
              Effect.logWarning(
                `${redis.target}: the queue ${keys.waiting}: an element is a dead letter: ` +
                  `${deliveries - 1} workers died with it, or were silent for ${deadAfterMillis} ms`
              ),
              onExhausted(element, deliveries)
            )
            : Effect.void,
        // It comes again, from the list of this worker.
        onFailure: (error) => error._tag === "AmbiguousOutcome" ? Effect.void : Effect.fail(error)
      })

    const next: Effect.Effect<Taken, RedisError> = Effect.matchEffect(attempt, {
      onSuccess: (taken) =>
        Effect.andThen(
          outage.over,
          taken === undefined
            ? next
            : taken.deliveries > maxDeliveries
            ? Effect.andThen(exhaust(taken), next)
            : Effect.succeed(taken)
        ),
      onFailure: (error) =>
        // Only a client that the library has not made has a limit for the time of its reservations.
        Effect.andThen(error._tag === "ReserveTimeout" ? outage.short(error.option) : outage.wait(error), next)
    })

    const persist = <A>(effect: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> => {
      const pauses = new Pauses()
      const loop: Effect.Effect<A, RedisError> = Effect.matchEffect(effect, {
        onSuccess: (value) => Effect.as(acknowledging.over, value),
        onFailure: (error) =>
          error._tag === "AmbiguousOutcome"
            ? Effect.fail(error)
            : Effect.andThen(acknowledging.wait(error, pauses), loop)
      })
      return loop
    }

    const leave = Effect.suspend(() => {
      uncertain.addAll(repeated)
      for (const [element, deliveries] of leftovers) if (deliveries === 1) uncertain.add(textOf(element))
      const staying = Array.from(uncertain, (text) => sha1Of(Buffer.from(text, "latin1")))
      return redis.run(leaveOf(keys, name, side, staying))
    })
    const hasStayed = (why: string): Effect.Effect<void> =>
      Effect.logWarning(
        `${redis.target}: a worker of the queue ${keys.waiting} has left without putting back what it had; others take it over after ${deadAfterMillis} ms: ${why}`
      )
    yield* Effect.addFinalizer(() =>
      leave.pipe(
        Effect.catch((error) => error._tag === "ClientClosed" ? Effect.void : hasStayed(error.message)),
        // A command may have no time limit, but a worker that leaves has one.
        Effect.timeoutOrElse({
          duration: lastCommandsMillis,
          orElse: () => hasStayed(`there was no answer for ${lastCommandsMillis} ms`)
        })
      )
    )
    yield* Effect.forkScoped(
      Effect.forever(
        Effect.andThen(Effect.sleep(`${Math.ceil(deadAfterMillis / 3)} millis`), Effect.ignore(beat(redis)))
      )
    )
    return { next, persist }
  })
