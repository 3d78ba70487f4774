/**
 * Arguments of commands, for the constructors in commands/: their checks, how they
 * are put in order, and where the keys are among them. Durations and moments are in
 * time.ts. What only one file of commands needs is not here.
 */
import type { Arg, Key } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { choiceProblem, integerProblem, isBytes, kindOf } from "../common/values.ts"

/**
 * The arguments as an array. A constructor calls it in place of an array literal:
 * with many commands in flight the first arrays outlive a garbage collection, V8
 * then allocates all arrays of that literal in the old generation, and collecting
 * them costs more. Measured on SET with 1,000 in flight: a sixth of the throughput.
 */
export const argv = (...args: Array<Arg>): Array<Arg> => args

/** Appends a list of any length, then more arguments. A spread of a long list into a call overflows the stack. */
export const appendAll = (before: Array<Arg>, list: ReadonlyArray<Arg>, ...after: Array<Arg>): Array<Arg> => {
  for (let i = 0; i < list.length; i++) before.push(list[i]!)
  for (const arg of after) before.push(arg)
  return before
}

/**
 * Any number of arguments: one by one, or all of them in one array. A call with
 * very many arguments overflows the stack; an array does not.
 *
 * @since 0.1.0
 * @category models
 */
export type Variadic<A> = Array<A> | [all: ReadonlyArray<A>]

/** Appends what a caller passed one by one or in one array; there may be nothing. */
export const appendAny = (before: Array<Arg>, given: Variadic<Arg>): Array<Arg> => appendAll(before, listOf(given))

const listOf = (given: Variadic<Arg>): ReadonlyArray<Arg> =>
  given.length === 1 && Array.isArray(given[0]) ? given[0] : given as Array<Arg>

/**
 * Appends what a caller passed one by one or in one array. Throws `InvalidCommand` if
 * there is nothing: the server would only say that the number of arguments is wrong.
 */
export const appendVariadic = (
  command: string,
  field: string,
  before: Array<Arg>,
  given: Variadic<Arg>
): Array<Arg> => appendAll(before, nonEmpty(command, field, listOf(given)))

/**
 * One of them, or several in an array: for arguments that others follow.
 *
 * @since 0.1.0
 * @category models
 */
export type OneOrMore<A> = A | ReadonlyArray<A>

/** One or more keys as an array. Throws `InvalidCommand` for an empty array, and for what is neither. */
export const keysOf = (command: string, keys: OneOrMore<Key>): ReadonlyArray<Key> => {
  if (typeof keys === "string" || isBytes(keys)) return [keys]
  return nonEmpty(command, "keys", arrayOf(command, "keys", keys))
}

/** The arguments of SINTERCARD and ZINTERCARD. */
export const intercardArgs = (command: string, given: OneOrMore<Key>, limit: number | undefined): Array<Arg> => {
  const keys = keysOf(command, given)
  const args = appendAll(argv(keys.length), keys)
  if (limit !== undefined) args.push("LIMIT", limit)
  return args
}

const nonEmpty = <A>(command: string, field: string, list: ReadonlyArray<A>): ReadonlyArray<A> => {
  if (list.length === 0) throw new InvalidCommand({ command, detail: `${field}: at least one is needed` })
  return list
}

/** Throws `InvalidCommand` if more than one of some fields is set. */
export const exclusive = <A extends object>(
  command: string,
  options: A,
  fields: ReadonlyArray<keyof A & string>
): void => {
  let first: string | undefined
  for (const field of fields) {
    const value: unknown = options[field]
    if (value === undefined || value === false) continue
    if (first !== undefined) throw new InvalidCommand({ command, detail: `${field}: not with ${first}` })
    first = field
  }
}

/**
 * The options of a command. Throws `InvalidCommand` for what is not an object:
 * reading fields of a string or a number would ignore it silently.
 */
export const optionsOf = <A extends object>(command: string, options: A | undefined): A | undefined => {
  if (options === undefined) return undefined
  if (!isFields(options)) {
    throw new InvalidCommand({ command, detail: `options: expected an object, got ${kindOf(options)}` })
  }
  return options
}

const isFields = (value: unknown): boolean => {
  try {
    return typeof value === "object" && value !== null && Object.prototype.toString.call(value) === "[object Object]"
  } catch {
    return false
  }
}

/** The keyword to send for a choice, in upper case. Throws `InvalidCommand` for what is not one of the choices. */
export const keyword = <W extends string>(
  command: string,
  field: string,
  value: W,
  choices: ReadonlyArray<W>
): string => {
  const problem = choiceProblem(value, choices)
  if (problem !== undefined) throw new InvalidCommand({ command, detail: `${field}: ${problem}` })
  return value.toUpperCase()
}

/** An array. Throws `InvalidCommand` for anything else: a string would pass for an array of its characters. */
export const arrayOf = <A>(command: string, field: string, value: ReadonlyArray<A>): ReadonlyArray<A> => {
  if (!Array.isArray(value)) {
    throw new InvalidCommand({ command, detail: `${field}: expected an array, got ${kindOf(value)}` })
  }
  return value
}

/** Appends keys and values, or fields and values, alternately. */
export const appendPairs = (
  command: string,
  out: Array<Arg>,
  entries: Readonly<Record<string, Arg>> | Iterable<readonly [Key, Arg]>
): Array<Arg> => {
  const before = out.length
  if (typeof entries !== "object" || entries === null || isBytes(entries)) {
    throw new InvalidCommand({ command, detail: `entries: expected an object or pairs, got ${kindOf(entries)}` })
  }
  if (Symbol.iterator in entries) {
    for (const entry of entries as Iterable<readonly [Key, Arg]>) {
      if (!Array.isArray(entry)) {
        throw new InvalidCommand({ command, detail: `entries: expected a pair, got ${kindOf(entry)}` })
      }
      out.push(entry[0], entry[1])
    }
  } else {
    for (const k of Object.keys(entries)) out.push(k, (entries as Record<string, Arg>)[k]!)
  }
  if (out.length === before) throw new InvalidCommand({ command, detail: "entries: at least one is needed" })
  return out
}

/**
 * Options of SCAN, HSCAN, SSCAN and ZSCAN.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScanOptions {
  /** The glob pattern that keys, fields or members must match. Default: all. */
  readonly match?: string | undefined
  /** About how many elements the server looks at for a page; at least 1. Redis's default is 10. */
  readonly count?: number | undefined
}

/** Appends the options of SCAN, HSCAN, SSCAN or ZSCAN. */
export const scanArgs = (command: string, out: Array<Arg>, given: ScanOptions | undefined): Array<Arg> => {
  const options = optionsOf(command, given)
  if (options?.match !== undefined) out.push("MATCH", options.match)
  if (options?.count !== undefined) {
    const problem = integerProblem(options.count, 1, Number.MAX_SAFE_INTEGER)
    if (problem !== undefined) throw new InvalidCommand({ command, detail: `count: ${problem}` })
    out.push("COUNT", options.count)
  }
  return out
}

/** A score as Redis reads it: Infinity becomes `inf`. */
export const scoreArg = (score: number): Arg => score === Infinity ? "inf" : score === -Infinity ? "-inf" : score

/** Finds keys that follow their count, which is the argument at index `at`. */
export const keysAfterCount = (at: number) => (args: ReadonlyArray<Arg>): ReadonlyArray<Key> =>
  args.slice(at + 1, at + 1 + Number(args[at])) as ReadonlyArray<Key>

/** Finds keys before one last argument. */
export const allButLast = (args: ReadonlyArray<Arg>): ReadonlyArray<Key> => args.slice(0, -1) as ReadonlyArray<Key>
