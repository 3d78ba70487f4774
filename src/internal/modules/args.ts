/**
 * Checks of arguments that several modules need: numbers in a range, and words that are
 * there or not. What all commands share is in internal/commands/args.ts.
 */
import type { Arg } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { integerProblem, kindOf } from "../common/values.ts"

const invalid = (command: string, field: string, problem: string): InvalidCommand =>
  new InvalidCommand({ command, detail: `${field}: ${problem}` })

/** An integer in a range. Throws `InvalidCommand` for anything else. */
export const integerArg = (
  command: string,
  field: string,
  value: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER
): number => {
  const problem = integerProblem(value, min, max)
  if (problem !== undefined) throw invalid(command, field, problem)
  return value
}

/** A number that may have a fraction, in a range, both ends included. Throws `InvalidCommand` for anything else. */
export const numberArg = (
  command: string,
  field: string,
  value: number,
  min: number = -Infinity,
  max: number = Infinity
): Arg => {
  if (typeof value !== "number") throw invalid(command, field, `expected a number, got ${kindOf(value)}`)
  if (!(value >= min && value <= max)) {
    throw invalid(
      command,
      field,
      Number.isNaN(value)
        ? "NaN is not a number"
        : max === Infinity
        ? `expected at least ${min}`
        : `expected ${min} to ${max}`
    )
  }
  return value === Infinity ? "+inf" : value === -Infinity ? "-inf" : value
}

/** A number between two others, neither of them included. Throws `InvalidCommand` for anything else. */
export const numberBetween = (command: string, field: string, value: number, min: number, max: number): number => {
  if (typeof value !== "number") throw invalid(command, field, `expected a number, got ${kindOf(value)}`)
  if (!(value > min && value < max)) throw invalid(command, field, `expected more than ${min} and less than ${max}`)
  return value
}

/** Appends a word if a field is `true`. */
export const appendFlag = (out: Array<Arg>, word: string, value: unknown): void => {
  if (value === true) out.push(word)
}

/** A text that is not empty. Throws `InvalidCommand` for anything else. */
export const textArg = (command: string, field: string, value: string): string => {
  if (typeof value !== "string" || value === "") throw invalid(command, field, `expected a text, got ${kindOf(value)}`)
  return value
}

/** Appends how many elements a list has, and the list. */
export const appendCounted = (out: Array<Arg>, list: ReadonlyArray<Arg>): Array<Arg> => {
  out.push(list.length)
  for (const arg of list) out.push(arg)
  return out
}
