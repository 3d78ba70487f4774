/**
 * Time that only goes forward, for whatever measures how long something takes
 * or when it is due. The wall clock steps when somebody sets it; it is only for
 * points in time that are shown.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
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

/** How long before its end, in milliseconds, a limit is looked at. */
const lastLook = 5

/**
 * `Effect.timeoutOrElse`, in two steps: what arrived during a long turn of this
 * process is read between them, so that nobody is late for that.
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
