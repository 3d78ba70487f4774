/**
 * The pauses of something that goes on after outages, and what the log says: one warning for an outage that lasts longer
 * than a planned failover, and one line when it is over.
 */
import * as Effect from "effect/Effect"
import type { RedisError } from "../../Errors.ts"
import { passes } from "./passing.ts"
import { Pauses } from "./pauses.ts"
import { monotonicMillis } from "./time.ts"

/** For how long attempts may fail before that is told, in milliseconds. */
const untoldMillis = 1000
/** How long the wait for a connection is before it is told, and for how long it is not told again, in milliseconds. */
const shortageMillis = 30_000
const untoldShortageMillis = 600_000

/** The outages of one Stream or worker, one after another. */
export class Outage {
  private readonly own = new Pauses()
  private isTold = false
  /** Since when all attempts have failed; undefined after one that has not. */
  private failingSince: number | undefined = undefined
  /** Since when there is no connection; undefined if there was one. */
  private shortSince: number | undefined = undefined
  private shortageToldAt = -Infinity
  /** Whether it has worked once. */
  private hasWorked: boolean
  private readonly what: string

  /** `what` is the subject of the log's lines: `mymaster: popStream`. */
  constructor(what: string, hasWorked = false) {
    this.what = what
    this.hasWorked = hasWorked
  }

  /** It works. */
  readonly over: Effect.Effect<void> = Effect.suspend(() => {
    this.hasWorked = true
    this.own.reset()
    this.failingSince = undefined
    this.shortSince = undefined
    if (!this.isTold) return Effect.void
    this.isTold = false
    return Effect.logInfo(`${this.what} works again`)
  })

  /**
   * It does not work: waits before the next attempt. Fails with an error that no attempt can change, and, before it has
   * worked for the first time, with one that needs another configuration. One of several that try at the same time has
   * its own `pauses`.
   */
  wait(error: RedisError, pauses: Pauses = this.own): Effect.Effect<void, RedisError> {
    return Effect.gen({ self: this }, function*() {
      if (!passes(error, this.hasWorked)) return yield* Effect.fail(error)
      const now = yield* monotonicMillis
      this.failingSince ??= now
      this.shortSince = undefined
      if (!this.isTold && now - this.failingSince >= untoldMillis) {
        this.isTold = true
        yield* Effect.logWarning(`${this.what} was interrupted; it goes on as soon as it can: ${error.message}`)
      }
      yield* pauses.wait
    })
  }

  /** All connections that an option allows are in use, and it tries again. Told when that lasts. */
  short(option: string): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      const now = yield* monotonicMillis
      this.shortSince ??= now
      if (now - this.shortSince < shortageMillis) return
      if (this.isTold || now - this.shortageToldAt < untoldShortageMillis) return
      this.isTold = true
      this.shortageToldAt = now
      yield* Effect.logWarning(
        `${this.what} has waited for a connection for ${Math.round((now - this.shortSince) / 1000)} seconds: ` +
          `all that the option ${option} allows are in use. Set it to as many as are needed.`
      )
    })
  }

  /** The same for an effect that waits for its turn, for as long as it takes. It calls `whenFull` when it has to. */
  whileShort<A, E, R>(
    option: string,
    effect: (whenFull: () => void) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    return Effect.flatMap(monotonicMillis, (now) => {
      let isFull = false
      const whenFull = (): void => {
        isFull = true
        this.shortSince ??= now
      }
      const tell = Effect.suspend(() => isFull ? this.short(option) : Effect.void)
      return Effect.raceFirst(effect(whenFull), Effect.forever(Effect.andThen(Effect.sleep(shortageMillis), tell)))
    })
  }
}
