/**
 * The time of a recording: it begins with the wall clock, so that it can be shown, and then follows monotonic time, so
 * that no pause is longer or shorter because the clock was set.
 */
import * as Effect from "effect/Effect"
import { monotonicMillisUnsafe } from "../common/time.ts"

/** Times in milliseconds since the Unix epoch. */
export interface RecordingTime {
  readonly now: () => number
  /** The time of something that happened just now, from the time that the wall clock had then. */
  readonly of: (wallMillis: number) => number
}

/** What happened longer ago than this did not: the wall clock was set. */
const maxAgeMillis = 1000

/** The time of a recording that begins now. */
export const recordingTime: Effect.Effect<RecordingTime> = Effect.clockWith((clock) =>
  Effect.sync(() => {
    const offset = clock.currentTimeMillisUnsafe() - monotonicMillisUnsafe(clock)
    const now = () => offset + monotonicMillisUnsafe(clock)
    return {
      now,
      of: (wallMillis) => {
        const age = clock.currentTimeMillisUnsafe() - wallMillis
        return now() - (age >= 0 && age <= maxAgeMillis ? age : 0)
      }
    }
  })
)
