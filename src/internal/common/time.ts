/**
 * Monotonic time, for durations and deadlines. The wall clock jumps when it is
 * set; the library uses it only for times that it shows.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"

/** Whole milliseconds since a fixed moment in the past. */
export const monotonicMillisUnsafe = (clock: Clock.Clock): number =>
  Math.floor(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)

/** The same, on the surrounding Clock. */
export const monotonicMillis: Effect.Effect<number> = Effect.clockWith((clock) =>
  Effect.sync(() => monotonicMillisUnsafe(clock))
)

/**
 * The same schedule on a time that starts at the wall clock's time and then
 * follows monotonic time: "for 30 seconds" means 30 seconds, even if the wall
 * clock is set.
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

/** The length of the second step of `timeoutOrElse`, in milliseconds. */
const lastLook = 5

/**
 * `Effect.timeoutOrElse` in two steps. After a long turn of the event loop, the
 * process reads what has arrived between the steps, so that a reply which came
 * in time is not late because the process was busy.
 */
export const timeoutOrElse = <A, E, R, A2, E2, R2>(
  self: Effect.Effect<A, E, R>,
  options: { readonly duration: Duration.Duration; readonly orElse: () => Effect.Effect<A2, E2, R2> }
): Effect.Effect<A | A2, E | E2, R | R2> => {
  const millis = Duration.toMillis(options.duration)
  const last = Math.min(lastLook, millis / 2)
  const over = Effect.andThen(Effect.sleep(millis - last), Effect.as(Effect.sleep(last), Option.none<A>()))
  return Effect.flatMap(
    Effect.raceFirst(Effect.asSome(self), over),
    (result): Effect.Effect<A | A2, E2, R2> => Option.isNone(result) ? options.orElse() : Effect.succeed(result.value)
  )
}
