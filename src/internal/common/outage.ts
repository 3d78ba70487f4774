/**
 * The pauses of something that goes on after outages, and what the log says: one warning when an outage begins, nothing
 * while it lasts, and one line when it is over.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { RedisError } from "../../Errors.ts"

/** The pauses in milliseconds: each is twice as long as the one before. */
const firstPause = 100
const longestPause = 2000

/** Replies of a server that cannot serve now: it, or the next one, can later. */
const passing: ReadonlySet<string> = new Set([
  "READONLY",
  "LOADING",
  "MASTERDOWN",
  "NOREPLICAS",
  "TRYAGAIN",
  "CLUSTERDOWN",
  "BUSY",
  "MISCONF",
  "UNBLOCKED",
  "OOM"
])

/** Whether an error is about the state of servers and connections, which may pass, and not about the request. */
export const isOutage = (error: RedisError): boolean => {
  switch (error._tag) {
    case "ReplyError":
      return passing.has(error.code)
    case "ClientClosed":
    case "InvalidCommand":
    case "UnexpectedReply":
    case "ValueMismatch":
    case "LibraryConflict":
    case "TransactionAborted":
    case "ScanInterrupted":
    case "EpochPassed":
      return false
    default:
      return true
  }
}

/** The outages of one Stream or worker, one after another. */
export class Outage {
  private pause = firstPause
  private isTold = false
  /** Whether it has worked once. */
  private hasWorked = false
  private readonly what: string

  /** `what` is the subject of the log's lines: `mymaster: popStream`. */
  constructor(what: string) {
    this.what = what
  }

  /** It works. */
  readonly over: Effect.Effect<void> = Effect.suspend(() => {
    this.hasWorked = true
    this.pause = firstPause
    if (!this.isTold) return Effect.void
    this.isTold = false
    return Effect.logInfo(`${this.what} works again`)
  })

  /**
   * It does not work: waits before the next attempt. Fails with an error that no attempt can change, and, before it has
   * worked for the first time, with one that needs another configuration.
   */
  wait(error: RedisError): Effect.Effect<void, RedisError> {
    return Effect.gen({ self: this }, function*() {
      if (!isOutage(error) || (!this.hasWorked && isMisconfigured(error))) return yield* Effect.fail(error)
      if (!this.isTold) {
        this.isTold = true
        yield* Effect.logWarning(`${this.what} was interrupted; it goes on as soon as it can: ${error.message}`)
      }
      const millis = this.pause * (yield* Random.nextBetween(0.75, 1.25))
      this.pause = Math.min(this.pause * 2, longestPause)
      yield* Effect.sleep(Math.round(millis))
    })
  }
}

/** Whether an error of the way to a server comes from the configuration, as a wrong password does. */
const isMisconfigured = (error: RedisError): boolean => {
  switch (error._tag) {
    case "AuthenticationFailed":
    case "ConnectFailed":
    case "PrimaryNotFound":
      return !error.isRetryable
    default:
      return false
  }
}
