/**
 * How streams are trimmed: the checks of thresholds, and what becomes of them in XADD and XTRIM.
 */
import * as Clock from "effect/Clock"
import * as Fiber from "effect/Fiber"
import type { StreamTrim } from "../../commands/streams.ts"
import { InvalidCommand } from "../../Errors.ts"
import { referencesWord, type StreamReferences } from "../commands/streams.ts"
import { type DurationInput, millisOf } from "../commands/time.ts"
import { fieldsOf, integerProblem, kindOf } from "../common/values.ts"
import { idText } from "./ids.ts"
import type { Trim } from "./types.ts"

/** The time in milliseconds: that of the fiber that runs, whose clock may be a test's. */
export const currentMillis = (): number => {
  const fiber = Fiber.getCurrent()
  return fiber === undefined ? Date.now() : fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
}

const known = new Set(["strategy", "threshold", "approximate", "limit", "references"])

/** A copy of a trim, checked. Throws `InvalidCommand`. */
export const trimOf = (command: string, given: unknown, path = "trim"): Trim => {
  const invalid = (field: string, problem: string): InvalidCommand =>
    new InvalidCommand({ command, detail: `${field === "" ? path : `${path}.${field}`}: ${problem}` })
  const trim = fieldsOf(given)
  if (typeof trim === "string") throw invalid("", trim)
  const unknown = Object.keys(trim).find((name) => !known.has(name))
  if (unknown !== undefined) {
    throw invalid(/^[\w-]{1,32}$/.test(unknown) ? unknown : "", "unknown option")
  }
  const { approximate, limit, references, strategy, threshold } = trim
  switch (strategy) {
    case "maxlen": {
      const problem = integerProblem(threshold, 0, Number.MAX_SAFE_INTEGER)
      if (problem !== undefined) throw invalid("threshold", problem)
      break
    }
    case "minid":
      idText(command, `${path}.threshold`, threshold)
      break
    case "maxage":
      millisOf(command, `${path}.threshold`, threshold as DurationInput)
      break
    default:
      throw invalid("strategy", `expected "maxlen", "minid" or "maxage", got ${kindOf(strategy)}`)
  }
  if (approximate !== undefined && typeof approximate !== "boolean") {
    throw invalid("approximate", `expected true or false, got ${kindOf(approximate)}`)
  }
  if (limit !== undefined) {
    if (approximate !== true) throw invalid("limit", "not with exact trimming: it needs approximate")
    const problem = integerProblem(limit, 0, Number.MAX_SAFE_INTEGER)
    if (problem !== undefined) throw invalid("limit", problem)
  }
  if (references !== undefined) referencesWord(command, references as StreamReferences)
  return trim as unknown as Trim
}

/** The trim of XADD and XTRIM, with the threshold that counts now. */
export const trimNow = (command: string, trim: Trim): StreamTrim => {
  const { approximate, limit } = trim
  const how = approximate === true ? { approximate, ...(limit === undefined ? {} : { limit }) } : {}
  switch (trim.strategy) {
    case "maxlen":
      return { strategy: "maxlen", threshold: trim.threshold, ...how }
    case "minid":
      return { strategy: "minid", threshold: idText(command, "trim.threshold", trim.threshold), ...how }
    case "maxage": {
      const millis = Math.max(0, Math.floor(currentMillis()) - millisOf(command, "trim.threshold", trim.threshold))
      return { strategy: "minid", threshold: String(millis), ...how }
    }
  }
}
