/**
 * One timer on Effect's Clock that can be set earlier, for the sweeps of
 * deadlines and the watchdog. Setting it costs a comparison unless it has to
 * ring sooner than it would. It is not a scheduler: one callback, one time.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { monotonicMillisUnsafe } from "./time.ts"

/** From how many milliseconds on a turn is long. */
const longTurnMillis = 20

export class DeadlineTimer {
  /** When it rings, in milliseconds of monotonic time; Infinity if it is not set. */
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
   * `ring` is told the time, and by how much it is later than it was set for;
   * `stretched`, when a turn whose time was asked for began, and for how long it
   * went on, if that was long.
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

  /** Milliseconds of the Clock's monotonic time. */
  now(): number {
    return monotonicMillisUnsafe(this.clock)
  }

  /** The time as it was when this turn began, for all who ask within it. */
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

  /** Rings at that time, or sooner if it is set sooner already. */
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
          // A sum of fractions may be less than its parts: it is not told that it is early.
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
