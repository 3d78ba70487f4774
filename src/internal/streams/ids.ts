/**
 * The ids of entries: as callers write them, as servers send them, and their order.
 */
import { InvalidCommand } from "../../Errors.ts"
import { epochMillisOf, type Moment } from "../commands/time.ts"
import { kindOf } from "../common/values.ts"

/** The parts of an id. */
export interface Id {
  readonly millis: bigint
  readonly sequence: bigint
}

const greatestHalf = 2n ** 64n - 1n

/** The parts of an id as text; without a sequence number, it has the given one. Undefined for what is no id. */
export const parsedId = (text: string, sequence = 0n): Id | undefined => {
  const match = /^(\d{1,20})(?:-(\d{1,20}))?$/.exec(text)
  if (match === null) return undefined
  const id = { millis: BigInt(match[1]!), sequence: match[2] === undefined ? sequence : BigInt(match[2]) }
  return id.millis > greatestHalf || id.sequence > greatestHalf ? undefined : id
}

/** Whether an id comes before another one. Both are as servers send them. */
export const isBefore = (a: string, b: string): boolean => compareIds(a, b) < 0

/** The order of two ids as servers send them: negative, zero or positive. */
export const compareIds = (a: string, b: string): number => {
  // Numbers of as many digits are in the order of their texts.
  if (a.length === b.length && a.indexOf("-") === b.indexOf("-")) return a < b ? -1 : a > b ? 1 : 0
  const [am, as] = halves(a)
  const [bm, bs] = halves(b)
  return compareHalves(am, bm) || compareHalves(as, bs)
}

const halves = (id: string): readonly [string, string] => {
  const at = id.indexOf("-")
  return [id.slice(0, at), id.slice(at + 1)]
}

/** Servers write numbers without leading zeros: the longer one is greater. */
const compareHalves = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)

/** The id before all others. */
export const zeroId = "0-0"

/** A moment, or an id. */
export type IdOrMoment = string | Moment

/**
 * An id for a command: text is checked and stays as it is, a moment gives its milliseconds. Throws `InvalidCommand` for
 * what is neither.
 */
export const idText = (command: string, field: string, given: unknown): string => {
  if (typeof given === "object") return String(epochMillisOf(command, field, given as Moment))
  if (typeof given === "string" && parsedId(given) !== undefined) return given
  throw new InvalidCommand({
    command,
    detail: `${field}: expected an id such as "1700000000000-0" or a moment, got ${kindOf(given)}`
  })
}

/** The lowest, or the greatest, id that a text stands for. */
export const fullId = (text: string, end: "lowest" | "greatest"): string => {
  const { millis, sequence } = parsedId(text, end === "lowest" ? 0n : greatestHalf)!
  return `${millis}-${sequence}`
}

/** The greatest id that comes before another one; that of zero is zero. */
export const idBefore = (id: string): string => {
  const { millis, sequence } = parsedId(id)!
  if (sequence > 0n) return `${millis}-${sequence - 1n}`
  return millis === 0n ? zeroId : `${millis - 1n}-${greatestHalf}`
}
