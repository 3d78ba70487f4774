/**
 * Durations for metrics: in seconds, of monotonic time.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Metric from "effect/Metric"

/** How many seconds have passed since a moment, in nanoseconds of monotonic time. */
export const secondsSince = (clock: Clock.Clock, began: bigint): number =>
  Math.max(0, Number(clock.monotonicTimeNanosUnsafe() - began)) / 1e9

/** Notes how long an effect took that has succeeded. */
export const timed = <A, E, R>(
  metric: Metric.Histogram<number>,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const clock = fiber.getRef(Clock.Clock)
    const began = clock.monotonicTimeNanosUnsafe()
    return Effect.tap(
      effect,
      () => Effect.sync(() => metric.updateUnsafe(secondsSince(clock, began), fiber.context))
    )
  })
