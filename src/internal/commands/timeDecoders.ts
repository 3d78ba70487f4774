/**
 * Decoders of durations and moments in replies. Those in arguments are in time.ts.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import { map } from "./combinators.ts"
import { type Decode, double, int, mismatch } from "./decoders.ts"

/** The last millisecond that a Date can be, and the first one if negative. */
const lastMilli = 8_640_000_000_000_000

/** A moment of Unix milliseconds. Throws a `Mismatch` for one that a Date cannot be. */
export const momentOf = (epochMillis: number): DateTime.Utc =>
  Math.abs(epochMillis) <= lastMilli
    ? DateTime.makeUnsafe(epochMillis)
    : mismatch("a moment that a Date can be", epochMillis)

/** Reads a Unix time in seconds. */
export const epochSeconds: Decode<DateTime.Utc> = map(int, (seconds) => momentOf(seconds * 1000))

/** Reads a Unix time in milliseconds. */
export const epochMillis: Decode<DateTime.Utc> = map(int, momentOf)

/** Reads a Unix time in seconds, and 0 as null; sent as text by some servers. */
export const epochSecondsOrNull: Decode<DateTime.Utc | null> = (value) => {
  const seconds = double(value)
  return seconds === 0 ? null : momentOf(seconds * 1000)
}

/** Reads a Unix time in milliseconds, and 0 as null. */
export const epochMillisOrNull: Decode<DateTime.Utc | null> = map(
  int,
  (millis) => millis === 0 ? null : momentOf(millis)
)

/** Reads milliseconds. */
export const millis: Decode<Duration.Duration> = map(int, (n) => Duration.millis(n))

/** Reads microseconds. */
export const micros: Decode<Duration.Duration> = map(int, (n) => Duration.micros(BigInt(n)))
