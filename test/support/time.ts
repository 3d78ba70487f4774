/**
 * Advances the test clock step by step while an effect runs.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"

/** Runs effects while the test clock advances in steps of this size. */
export const timePassing =
  (step: Duration.Input) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.raceFirst(effect, Effect.forever(Effect.andThen(Effect.yieldNow, TestClock.adjust(step)))) as Effect.Effect<
      A,
      E,
      R
    >
