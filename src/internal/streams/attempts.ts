/**
 * Attempts that go on until they succeed: which errors pass by themselves, and how long the pauses are. A consumer waits
 * out what passes, and fails for the rest.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { RedisError } from "../../Errors.ts"
import type { Events } from "./consumerEvents.ts"

/** The pauses grow from the one to the other, in milliseconds. */
const firstPause = 100
const longestPause = 5000

/** Answers that stay the same: the arguments, the key, or the rights of the user are wrong. */
const lastingCodes: ReadonlySet<string> = new Set(["WRONGTYPE", "NOPERM", "ERR", "NOAUTH", "WRONGPASS"])

/** The server has no such group, or no such stream. */
export const isGroupMissing = (error: RedisError): boolean => error._tag === "ReplyError" && error.code === "NOGROUP"

/** Whether trying again is of no use. Before anything has succeeded, neither is it with credentials that are refused. */
const isLasting = (error: RedisError, hasSucceeded: boolean): boolean => {
  switch (error._tag) {
    case "InvalidCommand":
    case "ClientClosed":
      return true
    case "ReplyError":
      return lastingCodes.has(error.code)
    case "AmbiguousOutcome":
    case "ProtocolError":
    case "UnexpectedReply":
      return false
    default:
      return !hasSucceeded && !error.isRetryable
  }
}

export class Attempts {
  private readonly events: Events
  private hasSucceeded = false
  /** How many loops are at a pause. */
  private failing = 0
  private since = 0

  constructor(events: Events) {
    this.events = events
  }

  /** Whether the last attempt of some loop failed. */
  get isOut(): boolean {
    return this.failing > 0
  }

  /**
   * Runs an effect until it succeeds. `onFailure` sees each error that passes; the effect can differ the next time.
   * Fails with an error that does not pass.
   */
  persist<A, R>(
    effect: Effect.Effect<A, RedisError, R>,
    onFailure?: ((error: RedisError) => void) | undefined
  ): Effect.Effect<A, RedisError, R> {
    return Effect.suspend(() => {
      let pause = firstPause
      let isFailing = false
      const loop: Effect.Effect<A, RedisError, R> = Effect.matchEffect(effect, {
        onSuccess: (value) => {
          this.hasSucceeded = true
          if (!isFailing) return Effect.succeed(value)
          isFailing = false
          return Effect.as(this.leave, value)
        },
        onFailure: (error) => {
          if (isLasting(error, this.hasSucceeded)) return Effect.fail(error)
          onFailure?.(error)
          const enter = isFailing ? Effect.void : this.enter(error)
          isFailing = true
          const millis = pause
          pause = Math.min(pause * 2, longestPause)
          return Effect.andThen(enter, Effect.andThen(pauseOf(millis), loop))
        }
      })
      return Effect.onExit(loop, () =>
        Effect.sync(() => {
          if (isFailing) this.failing--
        }))
    })
  }

  private enter(error: RedisError): Effect.Effect<void> {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      if (this.failing++ > 0) return
      this.since = now
      this.events.tell({ _tag: "Outage", error })
    })
  }

  private readonly leave: Effect.Effect<void> = Effect.map(Clock.currentTimeMillis, (now) => {
    if (--this.failing > 0) return
    this.events.tell({ _tag: "Recovered", after: Duration.millis(now - this.since) })
  })
}

const pauseOf = (millis: number): Effect.Effect<void> =>
  Effect.flatMap(Random.nextBetween(0.75, 1.25), (factor) => Effect.sleep(Math.round(millis * factor)))
