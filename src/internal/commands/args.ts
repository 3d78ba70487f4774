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

type NamesOf<A> = A extends unknown ? keyof A & string : never
type ValueOf<A, K> = A extends unknown ? (K extends keyof A ? Exclude<A[K], undefined | `not with ${string}`> : never)
  : never
type Kind<V> = [V] extends [never] ? "value" : [V] extends [boolean] ? "flag" : "value"

/**
 * The fields of an options type, all of them: `"flag"` for those that are true or false,
 * `"value"` for the others. A field that is missing, or of the wrong kind, does not compile.
 */
export type FieldsOf<A> = { readonly [K in NamesOf<A>]: Kind<ValueOf<A, K>> }

/**
 * The options of a command. Throws `InvalidCommand` for what is not an object, for a field that
 * is not one of `fields`, and for a flag that is not a boolean: reading fields would ignore all
 * of them silently. `path`, such as `"steps[0]."`, goes before the name of the field.
 */
export const optionsOf = <A extends object>(
  command: string,
  options: A | undefined,
  fields: FieldsOf<NoInfer<A>>,
  path = ""
): A | undefined => {
  if (options === undefined) return undefined
  objectOf(command, options)
  // Own fields only, and no loop over prototypes: those of a Proxy may have no end.
  const names = Object.keys(options)
  for (let i = 0; i < names.length; i++) checkField(command, options, names[i]!, fields, path)
  return options
}

const checkField = (command: string, options: object, name: string, fields: object, path: string): void => {
  const kind: unknown = (fields as Record<string, unknown>)[name]
  if (kind === "value") return
  let got: string
  try {
    const value: unknown = (options as Record<string, unknown>)[name]
    if (value === undefined || (kind === "flag" && typeof value === "boolean")) return
    got = kindOf(value)
  } catch {
    got = "a field that cannot be read"
  }
  const problem = kind === "flag"
    ? `expected true or false, got ${got}`
    : `unknown option; ${remedyFor(name, Object.keys(fields))}`
  const field = path + (/^[\w-]{1,32}$/.test(name) ? name : "options")
  throw new InvalidCommand({ command, detail: `${field}: ${problem}` })
}

/** What other clients and Redis itself call an option: the field that is meant, and how it is written. */
const foreignNames: ReadonlyArray<readonly [names: ReadonlyArray<string>, field: string, example: string]> = [
  [["ex", "px", "expire", "expiration", "expiry"], "ttl", "{ ttl: \"60 seconds\" }"],
  [["exat", "pxat"], "expireAt", "{ expireAt: new Date(...) }"],
  [["nx"], "when", "{ when: \"nx\" }"],
  [["xx"], "when", "{ when: \"xx\" }"]
]

const remedyFor = (name: string, known: ReadonlyArray<string>): string => {
  const plain = (text: string): string => text.toLowerCase().replace(/[-_]/g, "")
  const same = known.find((field) => plain(field) === plain(name))
  if (same !== undefined) return `${same} is meant`
  for (const [names, field, example] of foreignNames) {
    if (names.includes(plain(name)) && known.includes(field)) return `${field} is meant: ${example}`
  }
  if (plain(name) === "withscores") return "a command whose name ends in WithScores returns the scores"
  return `the options are ${known.join(", ")}`
}

/** An object whose fields the caller names. Throws `InvalidCommand` for what is not an object. */
export const objectOf = <A extends object>(command: string, value: A | undefined): A | undefined => {
  if (value === undefined) return undefined
  if (!isFields(value)) {
    throw new InvalidCommand({ command, detail: `options: expected an object, got ${kindOf(value)}` })
  }
  return value
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

/** The fields of `ScanOptions`. */
export const scanFields: FieldsOf<ScanOptions> = { match: "value", count: "value" }

/** Appends the options of SCAN, HSCAN, SSCAN or ZSCAN. */
export const scanArgs = <A extends ScanOptions>(
  command: string,
  out: Array<Arg>,
  given: A | undefined,
  fields: FieldsOf<NoInfer<A>>
): Array<Arg> => {
  const options = optionsOf(command, given, fields)
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
