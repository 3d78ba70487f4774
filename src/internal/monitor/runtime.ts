/**
 * The clock and the fibers of one monitor. What `fork` and `after` start ends when
 * the monitor closes; what `detach` starts runs to its end.
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { monotonicMillisUnsafe } from "../common/time.ts"

/**
 * Runs the effects and timers of one monitor.
 *
 * @since 0.1.0
 * @category models
 */
export class MonitorRuntime {
  readonly clock: Clock.Clock
  readonly context: Context.Context<never>
  private readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  private readonly fibers = new Set<Fiber.Fiber<unknown, unknown>>()
  private isClosed = false

  constructor(clock: Clock.Clock, context: Context.Context<never>) {
    this.clock = clock
    this.context = context
    this.run = Effect.runForkWith(context)
  }

  /** Monotonic time in milliseconds. */
  now(): number {
    return monotonicMillisUnsafe(this.clock)
  }

  /** Runs an effect until it ends or the monitor closes. Its first steps run before this returns. Once closed, it runs nothing. */
  fork<A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> {
    // Nobody would interrupt it.
    if (this.isClosed) return this.run(Effect.interrupt)
    const fiber = this.run(effect)
    this.fibers.add(fiber)
    fiber.addObserver(() => void this.fibers.delete(fiber))
    return fiber
  }

  /** Calls a function after that many milliseconds, unless the fiber is interrupted or the monitor closes. */
  after(millis: number, action: () => void): Fiber.Fiber<void> {
    return this.fork(Effect.andThen(Effect.sleep(millis), Effect.sync(action)))
  }

  /** Runs an effect to its end, even if the monitor closes: a log line, a publication. */
  detach(effect: Effect.Effect<unknown>): void {
    this.run(effect)
  }

  close(): void {
    this.isClosed = true
    for (const fiber of Array.from(this.fibers)) fiber.interruptUnsafe()
  }
}
