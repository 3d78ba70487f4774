/**
 * One timer on Effect's Clock that can be moved to an earlier time. Executors use
 * it for deadlines, connections for the watchdog. Setting it to a later time
 * costs one comparison. It is not a scheduler: it has one callback and one time.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { monotonicMillisUnsafe } from "./time.ts"

/** A turn of the event loop longer than this, in milliseconds, is a long turn. */
const longTurnMillis = 20

export class DeadlineTimer {
  /** When it fires, in milliseconds of monotonic time; Infinity if it is not set. */
  at = Infinity
  readonly clock: Clock.Clock
  private readonly runFork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  private readonly ring: (now: number, late: number) => void
  private readonly stretched: ((from: number, millis: number) => void) | undefined
  private fiber: Fiber.Fiber<void> | undefined = undefined
  private closed = false
  private known = false
  private time = 0

  /**
   * The timer calls `ring` with the time and with its delay, both in milliseconds.
   * It calls `stretched` after a long turn in which `turn` was called, with the
   * start and the length of that turn.
   */
  constructor(
    context: Context.Context<never>,
    ring: (now: number, late: number) => void,
    stretched?: ((from: number, millis: number) => void) | undefined
  ) {
    this.runFork = Effect.runForkWith(context)
    let clock: Clock.Clock | undefined
    this.runFork(Effect.clockWith((c) => Effect.sync(() => void (clock = c))))
    this.clock = clock!
    this.ring = ring
    this.stretched = stretched
  }

  /** The Clock's monotonic time, in milliseconds. */
  now(): number {
    return monotonicMillisUnsafe(this.clock)
  }

  /** The time of the first call in this turn of the event loop: one reading of the Clock for all calls. */
  turn(): number {
    if (!this.known) {
      this.known = true
      this.time = this.now()
      queueMicrotask(this.forget)
    }
    return this.time
  }

  private readonly forget = (): void => {
    this.known = false
    if (this.stretched === undefined) return
    const millis = this.now() - this.time
    if (millis > longTurnMillis) this.stretched(this.time, millis)
  }

  /** Fires at that time, or earlier if an earlier time is set. */
  set(at: number): void {
    if (at >= this.at || this.closed) return
    this.at = at
    this.fiber?.interruptUnsafe()
    this.fiber = this.runFork(
      Effect.andThen(
        Effect.sleep(Math.max(0, at - this.now())),
        Effect.sync(() => {
          this.at = Infinity
          this.fiber = undefined
          // Rounding may make the timer fire a fraction too early; callers never see a time before `at`.
          const now = Math.max(at, this.now())
          this.ring(now, now - at)
        })
      )
    )
  }

  close(): void {
    this.closed = true
    this.at = Infinity
    this.fiber?.interruptUnsafe()
    this.fiber = undefined
  }
}
