/**
 * A race in which the attempts start one after another.
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/**
 * Starts the attempts in order, each with a head start before the next. A failure
 * starts the next attempt at once. The first success wins, and the other attempts
 * are interrupted. Fails with all failures, in the order of the attempts.
 *
 * @since 0.1.0
 * @category combinators
 */
export const staggeredRace = <A, E, R>(
  attempts: ReadonlyArray<Effect.Effect<A, E, R>>,
  headStart: Duration.Duration
): Effect.Effect<A, ReadonlyArray<E>, R> =>
  Effect.suspend(() => {
    const failures: Array<E | undefined> = attempts.map(() => undefined)
    const started = attempts.map(() => Deferred.makeUnsafe<void>())
    const failed = attempts.map(() => Deferred.makeUnsafe<void>())
    const all = attempts.map((attempt, i) => {
      const gate = i === 0
        ? Effect.void
        : Effect.andThen(
          Deferred.await(started[i - 1]!),
          Effect.raceFirst(Deferred.await(failed[i - 1]!), Effect.sleep(headStart))
        )
      return gate.pipe(
        Effect.andThen(Effect.suspend(() => {
          Deferred.doneUnsafe(started[i]!, Exit.void)
          return attempt
        })),
        Effect.tapError((error) =>
          Effect.sync(() => {
            failures[i] = error
            Deferred.doneUnsafe(failed[i]!, Exit.void)
          })
        )
      )
    })
    return attempts.length === 0
      ? Effect.fail<ReadonlyArray<E>>([])
      : Effect.mapError(Effect.raceAll(all), () => failures.filter((f): f is E => f !== undefined))
  })
