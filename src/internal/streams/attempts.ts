/**
 * Attempts that go on until they succeed, and how long the pauses are. A consumer waits out what passes by itself
 * (internal/common/passing.ts), and fails for the rest.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { RedisError } from "../../Errors.ts"
import { passes } from "../common/passing.ts"
import { Pauses } from "../common/pauses.ts"
import { monotonicMillis } from "../common/time.ts"
import type { Events } from "./consumerEvents.ts"

/** An outage that lasts longer than this is logged, in milliseconds. A failover is over sooner. */
const loggedAfter = 3000

/** The longest pause, in milliseconds. */
const longestPause = 5000

/** The server has no such group, or no such stream. */
export const isGroupMissing = (error: RedisError): boolean => error._tag === "ReplyError" && error.code === "NOGROUP"

/** What the loops of one consumer know together: whether the servers can be reached. */
export class Attempts {
  private readonly events: Events
  private readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** Logs the outage after a while. */
  private logging: Fiber.Fiber<void> | undefined
  private isLogged = false
  /** Whether anything has ever succeeded. */
  hasSucceeded = false
  /** How many loops fail at the moment. */
  private failing = 0
  /** When the outage began that nothing has ended, in milliseconds; also when the loops that failed have ended. */
  outSince: number | undefined = undefined

  /** `run` runs fibers beside the consumer. */
  constructor(events: Events, run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>) {
    this.events = events
    this.run = run
  }

  /** Runs an effect until it succeeds. Fails with an error that does not pass. */
  persist<A, R>(effect: Effect.Effect<A, RedisError, R>): Effect.Effect<A, RedisError, R> {
    return Effect.suspend(() => new Loop(this).persist(effect))
  }

  enter(error: RedisError): Effect.Effect<void> {
    return Effect.map(monotonicMillis, (now) => {
      if (this.failing++ > 0) return
      this.outSince = now
      this.events.tell({ _tag: "Outage", error })
      this.logging = this.run(Effect.andThen(
        Effect.sleep(loggedAfter),
        Effect.suspend(() => {
          this.isLogged = true
          return this.events.logOutage(error)
        })
      ))
    })
  }

  readonly leave: Effect.Effect<void> = Effect.map(monotonicMillis, (now) => {
    if (--this.failing > 0) return
    const after = Duration.millis(now - (this.outSince ?? now))
    this.outSince = undefined
    this.events.tell({ _tag: "Recovered", after })
    this.logging?.interruptUnsafe()
    if (!this.isLogged) return
    this.isLogged = false
    this.run(this.events.logRecovery(after))
  })

  /** A loop that failed has ended. */
  abandon(): void {
    if (--this.failing === 0) this.logging?.interruptUnsafe()
  }
}

/** One loop of a consumer, which does the same again and again. */
export class Loop {
  private readonly attempts: Attempts
  private isFailing = false
  private readonly pauses = new Pauses(longestPause)

  constructor(attempts: Attempts) {
    this.attempts = attempts
  }

  /** Runs an effect until it succeeds. Fails with an error that does not pass. */
  persist<A, R>(effect: Effect.Effect<A, RedisError, R>): Effect.Effect<A, RedisError, R> {
    const loop: Effect.Effect<A, RedisError, R> = Effect.matchEffect(effect, {
      onSuccess: (value) => Effect.as(this.reached, value),
      onFailure: (error) => {
        if (!isGroupMissing(error) && !passes(error, this.attempts.hasSucceeded)) return Effect.fail(error)
        const enter = this.isFailing ? Effect.void : this.attempts.enter(error)
        this.isFailing = true
        return Effect.andThen(enter, Effect.andThen(this.pauses.wait, loop))
      }
    })
    return Effect.onExit(loop, () =>
      Effect.sync(() => {
        if (this.isFailing) this.attempts.abandon()
        this.isFailing = false
      }))
  }

  /** The servers have answered. An effect that goes on after that, perhaps for long, can tell so by itself. */
  readonly reached: Effect.Effect<void> = Effect.suspend(() => {
    this.attempts.hasSucceeded = true
    this.pauses.reset()
    if (!this.isFailing) return Effect.void
    this.isFailing = false
    return this.attempts.leave
  })
}
