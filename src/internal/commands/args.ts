/**
 * What several command files need: common arguments, and where keys and
 * timeouts stand. Not for anything that only one of them uses.
 */
import { type Arg, type Key, seconds } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { choiceProblem, isBytes, kindOf } from "../common/values.ts"

/**
 * Arguments as an array. Not a literal: V8 would soon allocate those among the
 * old objects, since with many commands in flight the first ones outlive a
 * collection, and then the collector has more to do. Measured on SET with
 * 1,000 in flight: a sixth of the throughput.
 */
export const argv = (...args: Array<Arg>): Array<Arg> => args

/** Adds a caller's list, however long it is: as arguments of a call it would be too much for the stack. */
export const around = (before: Array<Arg>, list: ReadonlyArray<Arg>, ...after: Array<Arg>): Array<Arg> => {
  for (let i = 0; i < list.length; i++) before.push(list[i]!)
  for (const arg of after) before.push(arg)
  return before
}

/**
 * Arguments one by one, or all of them in one array, where there may be more than a call can have.
 *
 * @since 0.1.0
 * @category models
 */
export type Several<A> = Array<A> | [all: ReadonlyArray<A>]

/** Adds those. */
export const several = (before: Array<Arg>, given: Several<Arg>): Array<Arg> =>
  around(before, given.length === 1 && Array.isArray(given[0]) ? given[0] : given as Array<Arg>)

/**
 * Options of a command. What is no object has none of them, and would be passed
 * over without a word.
 */
export const optional = <A extends object>(command: string, options: A | undefined): A | undefined => {
  if (options === undefined) return undefined
  if (!isFields(options)) {
    throw new InvalidCommand({ command, detail: `options: ${kindOf(options)} is not an object of options` })
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

/** One of some words, as it is sent. */
export const word = <W extends string>(command: string, field: string, value: W, choices: ReadonlyArray<W>): string => {
  const problem = choiceProblem(value, choices)
  if (problem !== undefined) throw new InvalidCommand({ command, detail: `${field}: ${problem}` })
  return value.toUpperCase()
}

/** An array of arguments: a string in its place would be taken for one of characters. */
export const listed = <A>(command: string, field: string, value: ReadonlyArray<A>): ReadonlyArray<A> => {
  if (!Array.isArray(value)) {
    throw new InvalidCommand({ command, detail: `${field}: ${kindOf(value)} is not an array` })
  }
  return value
}

/** Puts keys and values, or fields and values, in turn. */
export const alternate = (
  command: string,
  out: Array<Arg>,
  entries: Readonly<Record<string, Arg>> | Iterable<readonly [Key, Arg]>
): Array<Arg> => {
  if (typeof entries !== "object" || entries === null || isBytes(entries)) {
    throw new InvalidCommand({ command, detail: `entries: ${kindOf(entries)} has no keys and values` })
  }
  if (Symbol.iterator in entries) {
    for (const entry of entries as Iterable<readonly [Key, Arg]>) {
      if (!Array.isArray(entry)) {
        throw new InvalidCommand({ command, detail: `entries: ${kindOf(entry)} is not a pair` })
      }
      out.push(entry[0], entry[1])
    }
  } else {
    for (const k of Object.keys(entries)) out.push(k, (entries as Record<string, Arg>)[k]!)
  }
  return out
}

/**
 * Options of the SCAN family.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScanOptions {
  /** A glob pattern. */
  readonly match?: string | undefined
  /** About how many elements the server looks at per call. Redis's default is 10. */
  readonly count?: number | undefined
}

export const scanArgs = (out: Array<Arg>, given: ScanOptions | undefined): Array<Arg> => {
  const options = optional("SCAN", given)
  if (options?.match !== undefined) out.push("MATCH", options.match)
  if (options?.count !== undefined) out.push("COUNT", options.count)
  return out
}

/** Keys that follow their own number, which is argument `at`. */
export const numkeys = (at: number) => (args: ReadonlyArray<Arg>): ReadonlyArray<Key> =>
  args.slice(at + 1, at + 1 + Number(args[at])) as ReadonlyArray<Key>

export const allButLast = (args: ReadonlyArray<Arg>): ReadonlyArray<Key> => args.slice(0, -1) as ReadonlyArray<Key>

export const lastIsTimeout = (args: ReadonlyArray<Arg>): number => seconds(args[args.length - 1])

export const firstIsTimeout = (args: ReadonlyArray<Arg>): number => seconds(args[0])

/** A time to wait as an argument, in seconds; 0 is without end. */
const waitArg = (millis: number): number => millis === Infinity ? 0 : millis / 1000

export const lastWait = (args: ReadonlyArray<Arg>, millis: number): ReadonlyArray<Arg> => [
  ...args.slice(0, -1),
  waitArg(millis)
]

export const firstWait = (args: ReadonlyArray<Arg>, millis: number): ReadonlyArray<Arg> => [
  waitArg(millis),
  ...args.slice(1)
]
