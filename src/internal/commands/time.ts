/**
 * Durations and moments as arguments of commands: their types, their checks, and
 * the numbers that Redis reads. A number without a unit is refused: Redis reads
 * some as seconds and others as milliseconds.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { Arg } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { durationOf, kindOf } from "../common/values.ts"
import { exclusive } from "./args.ts"

/**
 * A finite duration with its unit: text such as `"60 seconds"` or `"1.5 hours"`, a
 * `Duration`, an object such as `{ minutes: 1, seconds: 30 }`, or seconds and
 * nanoseconds. It is what Effect reads as a duration, without bare numbers and
 * without Infinity.
 *
 * A command fails with `InvalidCommand` for zero, for a negative duration, and for
 * one without an end, and an option with `InvalidOption`. Redis counts in
 * milliseconds: a fraction of one is rounded up.
 *
 * @since 0.1.0
 * @category models
 */
export type DurationInput =
  | Duration.Duration
  | `${number} ${Duration.Unit}`
  | readonly [seconds: number, nanos: number]
  | Duration.DurationObject

/**
 * How long a command waits at the server, or the limit of an option: a `DurationInput`,
 * or `"Infinity"` for a wait without end or no limit. Zero is refused, since Redis reads
 * it as a wait without end.
 *
 * @since 0.1.0
 * @category models
 */
export type TimeoutInput =
  | Duration.Duration
  | "Infinity"
  | `${number} ${Duration.Unit}`
  | readonly [seconds: number, nanos: number]
  | Duration.DurationObject

/**
 * A moment: a `Date`, a `DateTime` of Effect, or a Unix time in milliseconds. It must be
 * later than 1970-01-01T00:00:00Z; a fraction of a millisecond is rounded up.
 *
 * @since 0.1.0
 * @category models
 */
export type Moment = Date | DateTime.DateTime | EpochMillis

/**
 * A moment as a Unix time.
 *
 * @since 0.1.0
 * @category models
 */
export interface EpochMillis {
  /** The milliseconds since 1970-01-01T00:00:00Z. */
  readonly epochMillis: number
}

const invalid = (command: string, field: string, problem: string): InvalidCommand =>
  new InvalidCommand({ command, detail: `${field}: ${problem}` })

const hasNoUnit = (input: unknown): boolean => typeof input === "number" || typeof input === "bigint"

/** Durations written as text, which are few in a program: parsing one costs three times as much as the rest of a SET. */
const parsed = new Map<unknown, number>()
const maxParsed = 256

/** A duration in whole milliseconds; Infinity for one without an end. */
const millisIn = (command: string, field: string, input: unknown): number => {
  const known = typeof input === "string" ? parsed.get(input) : undefined
  if (known !== undefined) return known
  const millis = wholeMillisIn(command, field, input)
  if (typeof input === "string" && input.length <= 32 && parsed.size < maxParsed) parsed.set(input, millis)
  return millis
}

const wholeMillisIn = (command: string, field: string, input: unknown): number => {
  if (hasNoUnit(input)) {
    throw invalid(command, field, `${kindOf(input)} has no unit; write "60 seconds" or "500 millis"`)
  }
  const duration = durationOf(input)
  if (typeof duration === "string") throw invalid(command, field, duration)
  const millis = Duration.toMillis(duration)
  if (millis === Infinity || Number.isSafeInteger(millis)) return millis
  // A Duration resolves nanoseconds: less than one is an error of the floating point arithmetic.
  return inRange(command, field, Math.ceil(Math.round(millis * 1e6) / 1e6))
}

const inRange = (command: string, field: string, millis: number): number => {
  if (millis <= Number.MAX_SAFE_INTEGER) return millis
  throw invalid(command, field, "it exceeds 2^53 milliseconds")
}

/** A finite duration in whole milliseconds, at least 1. Throws `InvalidCommand` for anything else. */
export const millisOf = (command: string, field: string, input: DurationInput): number => {
  const millis = millisIn(command, field, input)
  if (millis === Infinity) throw invalid(command, field, "the duration must be finite")
  return millis
}

/** A finite duration in whole milliseconds, which may be zero. Throws `InvalidCommand` for anything else. */
export const elapsedMillisOf = (command: string, field: string, input: DurationInput): number => {
  if (!hasNoUnit(input)) {
    const duration = durationOf(input, false)
    if (typeof duration !== "string" && Duration.isZero(duration)) return 0
  }
  return millisOf(command, field, input)
}

/** A timeout in whole milliseconds; 0, which Redis reads as a wait without end, for `"Infinity"`. */
const timeoutIn = (command: string, field: string, input: TimeoutInput): number => {
  if ((input as unknown) === 0) throw invalid(command, field, "0 has no unit; \"Infinity\" waits without end")
  const millis = millisIn(command, field, input)
  return millis === Infinity ? 0 : millis
}

/** A timeout as an argument in milliseconds. Throws `InvalidCommand` for what is not a timeout. */
export const timeoutMillis = (command: string, input: TimeoutInput, field = "timeout"): Arg =>
  timeoutIn(command, field, input)

/** A timeout as an argument in seconds. Throws `InvalidCommand` for what is not a timeout. */
export const timeoutSeconds = (command: string, input: TimeoutInput): Arg => timeoutIn(command, "timeout", input) / 1000

/** A moment in whole milliseconds since 1970, at least 1. Throws `InvalidCommand` for anything else. */
export const epochMillisOf = (command: string, field: string, input: Moment): number => {
  const millis = epochMillisIn(input)
  if (millis === undefined) {
    const wanted = "a Date, a DateTime or { epochMillis: ... }"
    const got = kindOf(input)
    throw invalid(
      command,
      field,
      hasNoUnit(input) ? `${got} has no unit; write ${wanted}` : `expected ${wanted}, got ${got}`
    )
  }
  if (Number.isNaN(millis)) throw invalid(command, field, "the moment is not a valid date")
  if (millis <= 0) throw invalid(command, field, "the moment must be after 1970-01-01T00:00:00Z")
  return inRange(command, field, Math.ceil(millis))
}

const epochMillisIn = (input: unknown): number | undefined => {
  try {
    if (typeof input !== "object" || input === null) return undefined
    if (input instanceof Date) return input.getTime()
    if (DateTime.isDateTime(input)) return input.epochMilliseconds
    const { epochMillis } = input as EpochMillis
    return typeof epochMillis === "number" ? epochMillis : undefined
  } catch {
    return undefined
  }
}

/** Whether a time is a whole number of seconds, which the commands and options for seconds can say exactly. */
export const isWholeSeconds = (millis: number): boolean => millis % 1000 === 0

/** Appends EX or PX, and a duration: the one of them that is exact. */
export const appendTtl = (command: string, out: Array<Arg>, ttl: DurationInput): void => {
  const millis = millisOf(command, "ttl", ttl)
  if (isWholeSeconds(millis)) out.push("EX", millis / 1000)
  else out.push("PX", millis)
}

/** Appends EXAT or PXAT, and a moment: the one of them that is exact. */
export const appendExpireAt = (command: string, out: Array<Arg>, expireAt: Moment): void => {
  const millis = epochMillisOf(command, "expireAt", expireAt)
  if (isWholeSeconds(millis)) out.push("EXAT", millis / 1000)
  else out.push("PXAT", millis)
}

interface GivenExpiry {
  readonly ttl?: unknown
  readonly expireAt?: unknown
  readonly keepTtl?: unknown
  readonly persist?: unknown
}

/** Appends the expiry of what is written, if there is one: a time, or KEEPTTL. */
export const appendExpiry = (command: string, out: Array<Arg>, given: GivenExpiry): void => {
  exclusive(command, given, ["ttl", "expireAt", "keepTtl"])
  if (given.ttl !== undefined) appendTtl(command, out, given.ttl as DurationInput)
  else if (given.expireAt !== undefined) appendExpireAt(command, out, given.expireAt as Moment)
  else if (given.keepTtl === true) out.push("KEEPTTL")
}

/** Appends the new expiry of what is read: a time, or PERSIST. Throws `InvalidCommand` if there is none. */
export const appendNewExpiry = (command: string, out: Array<Arg>, given: GivenExpiry | undefined): void => {
  if (given !== undefined) exclusive(command, given, ["ttl", "expireAt", "persist"])
  if (given?.ttl !== undefined) appendTtl(command, out, given.ttl as DurationInput)
  else if (given?.expireAt !== undefined) appendExpireAt(command, out, given.expireAt as Moment)
  else if (given?.persist === true) out.push("PERSIST")
  else throw new InvalidCommand({ command, detail: "options: one of ttl, expireAt and persist is needed" })
}
