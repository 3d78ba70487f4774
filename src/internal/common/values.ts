/**
 * Checks of values that callers pass. Messages describe a value without its
 * contents, since it may be a secret in the wrong place. Checked objects and
 * arrays are copied, and each field is read exactly once, since reading it may
 * run a getter.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { types } from "node:util"

/** Limits for a Proxy that gives keys or prototypes without end. */
const maxKeys = 100_000
const maxPrototypes = 16

const timeUnits = new Set([
  "weeks",
  "days",
  "hours",
  "minutes",
  "seconds",
  "milliseconds",
  "microseconds",
  "nanoseconds"
])

/** A value's kind, without its contents. */
export const kindOf = (value: unknown): string => {
  try {
    switch (typeof value) {
      case "undefined":
        return "undefined"
      case "number": {
        const text = String(value)
        return text.length > 8 ? "a number" : text
      }
      case "string":
        return value === "" ? "an empty string" : "a string"
      case "object":
        if (value === null) return "null"
        if (Array.isArray(value)) return "an array"
        if (Redacted.isRedacted(value)) return "Redacted"
        if (Effect.isEffect(value)) return "an Effect"
        return "an object"
      default:
        return `a ${typeof value}`
    }
  } catch {
    return "an object that cannot be read"
  }
}

/** The string in a Redacted value; undefined if there is none, or none any more: callers may wipe it. */
export const redactedString = (value: unknown): string | undefined => {
  try {
    const secret: unknown = Redacted.isRedacted(value) ? Redacted.value(value) : undefined
    return typeof secret === "string" ? secret : undefined
  } catch {
    return undefined
  }
}

/**
 * A copy of a plain object, or a description of the problem. An object of
 * another kind, such as a Date or a Promise, is a problem.
 */
export const fieldsOf = (value: unknown): Record<string, unknown> | string => {
  if (typeof value !== "object" || value === null) return `expected an object, got ${kindOf(value)}`
  try {
    if (
      Array.isArray(value) || Redacted.isRedacted(value) || Effect.isEffect(value) ||
      Object.prototype.toString.call(value) !== "[object Object]"
    ) {
      return "expected a plain object"
    }
    // Getters of a class are on its prototype.
    const out: Record<string, unknown> = Object.create(null)
    let depth = 0
    let count = 0
    for (
      let o: object | null = value;
      o !== null && o !== Object.prototype && depth < maxPrototypes;
      o = Object.getPrototypeOf(o), depth++
    ) {
      for (const key of Object.getOwnPropertyNames(o)) {
        if (++count > maxKeys) return `it has more than ${maxKeys} fields`
        if (key in out || (key === "constructor" && depth > 0)) continue
        out[key] = (value as Record<string, unknown>)[key]
      }
    }
    return out
  } catch {
    return "reading it fails with an exception"
  }
}

/** A copy of an array, or a description of the problem. */
export const itemsOf = (value: unknown): Array<unknown> | string => {
  try {
    if (!Array.isArray(value)) return `expected an array, got ${kindOf(value)}`
    return Array.from(value)
  } catch {
    return "reading it fails with an exception"
  }
}

/**
 * A bare number with the unit that it most likely means: numbers of Effect are milliseconds.
 * Redis and other clients read some as seconds.
 */
const withUnit = (n: number | bigint): string => {
  const text = String(n).length > 8 ? "5000" : String(n)
  return text.length > 3 && text.endsWith("000") ? `${text.slice(0, -3)} seconds` : `${text} millis`
}

/** The duration, or a description of the problem. A number without a unit is a problem. */
export const durationOf = (input: unknown, positive = true): Duration.Duration | string => {
  const nothing = (): string => `expected a duration such as "100 millis", got ${kindOf(input)}`
  let duration: Duration.Duration
  try {
    if (typeof input === "number" || typeof input === "bigint") {
      if (typeof input === "number" && !Number.isFinite(input)) return nothing()
      if (input < 0) return "a duration cannot be negative"
      if (positive && Number(input) === 0) return "the duration must be greater than zero"
      return `${kindOf(input)} has no unit; write "${withUnit(input)}"`
    }
    if (typeof input === "object" && !Duration.isDuration(input)) {
      if (Array.isArray(input)) {
        if (input.length !== 2 || !input.every((n) => typeof n === "number" && !Number.isNaN(n))) return nothing()
      } else {
        const fields = fieldsOf(input)
        if (typeof fields === "string") return nothing()
        const names = Object.keys(fields)
        if (
          names.length === 0 ||
          !names.every((name) =>
            timeUnits.has(name) &&
            (fields[name] === undefined || (typeof fields[name] === "number" && !Number.isNaN(fields[name])))
          )
        ) return nothing()
        input = fields
      }
    }
    const parsed = Duration.fromInput(input as Duration.Input)
    if (parsed._tag === "None") return nothing()
    duration = parsed.value
    const millis = Duration.toMillis(duration)
    if (Number.isNaN(millis)) return nothing()
    if (millis < 0 || isNegative(input)) return "a duration cannot be negative"
    if (positive && millis === 0) return "the duration must be greater than zero"
  } catch {
    return nothing()
  }
  return duration
}

/** Effect reads some negative durations as zero. */
const isNegative = (input: unknown): boolean => {
  switch (typeof input) {
    case "string":
      return input.startsWith("-")
    default:
      return Array.isArray(input) && input.some((n) => n < 0)
  }
}

/** A description of the problem, if a value is not a whole number within the limits. */
export const integerProblem = (value: unknown, min: number, max: number): string | undefined =>
  typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
    ? undefined
    : `expected a whole number from ${min} to ${max}, got ${kindOf(value)}`

/** A description of the problem, if a value is not one of the choices. */
export const choiceProblem = (value: unknown, choices: ReadonlyArray<string>): string | undefined =>
  typeof value === "string" && choices.includes(value)
    ? undefined
    : `expected ${choices.map((choice) => `"${choice}"`).join(" or ")}, got ${kindOf(value)}`

/**
 * Whether a value is a Uint8Array, of any realm, whose memory has not been
 * transferred.
 */
export const isBytes = (value: unknown): value is Uint8Array =>
  types.isUint8Array(value) && (value.length > 0 || (value.buffer as { detached?: boolean }).detached !== true)
