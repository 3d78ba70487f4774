/**
 * Time that only goes forward, for whatever measures how long something takes
 * or when it is due. The wall clock steps when somebody sets it; it is only for
 * points in time that are shown.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/** Whole milliseconds since some moment in the past, which is the same for all who ask. */
export const monotonicMillisUnsafe = (clock: Clock.Clock): number =>
  Math.floor(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)

/** The same, on the surrounding Clock. */
export const monotonicMillis: Effect.Effect<number> = Effect.clockWith((clock) =>
  Effect.sync(() => monotonicMillisUnsafe(clock))
)

/**
 * The same schedule, which is told a time that begins at the wall clock's and
 * goes on without its steps: "for 30 seconds" means 30 seconds.
 */
export const steady = <Output, Input, Error, Env>(
  schedule: Schedule.Schedule<Output, Input, Error, Env>
): Schedule.Schedule<Output, Input, Error, Env> =>
  Schedule.fromStep(
    Effect.clockWith((clock) => {
      const offset = clock.currentTimeMillisUnsafe() - monotonicMillisUnsafe(clock)
      return Effect.map(
        Schedule.toStep(schedule),
        (step) => (_now: number, input: Input) => step(offset + monotonicMillisUnsafe(clock), input)
      )
    })
  )
