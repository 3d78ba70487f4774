/**
 * The commands on arrays, since Redis 8.8: values by index, from 0 to 2^64 - 2, where most
 * indexes may be empty. They follow the public documentation and the server's own tests;
 * they have not run against a server yet.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import {
  appendAll,
  appendPairs,
  appendVariadic,
  argv,
  arrayOf,
  type FieldsOf,
  keyword,
  optionsOf,
  type Variadic
} from "../internal/commands/args.ts"
import { kindOf } from "../internal/common/values.ts"
import type { NotWith } from "./options.ts"

/**
 * The index of a value in an array: a whole number from 0 to 2^64 - 2, a bigint above 2^53.
 *
 * @since 0.1.0
 * @category models
 */
export type ArrayIndex = number | bigint

/**
 * A value of an array with its index.
 *
 * @since 0.1.0
 * @category models
 */
export interface Indexed<A = string> {
  /** The index. */
  readonly index: number
  /** The value. */
  readonly value: A
}

const greatest = 2n ** 64n - 2n

const indexArg = (command: string, field: string, index: ArrayIndex, max = greatest): Arg => {
  const isIndex = typeof index === "bigint" ? index >= 0n && index <= max : Number.isSafeInteger(index) && index >= 0
  if (isIndex) return index
  throw new InvalidCommand({ command, detail: `${field}: expected an index from 0 to ${max}, got ${kindOf(index)}` })
}

/** Indexes in a list of any length, checked. */
const indexArgs = (command: string, key: Key, indexes: Variadic<ArrayIndex>): Array<Arg> => {
  const args = appendVariadic(command, "indexes", argv(key), indexes)
  for (let i = 1; i < args.length; i++) indexArg(command, "indexes", args[i] as ArrayIndex)
  return args
}

const rangeArgs = (command: string, key: Key, start: ArrayIndex, end: ArrayIndex): Array<Arg> =>
  argv(key, indexArg(command, "start", start), indexArg(command, "end", end))

/** Indexes and values, as pairs or one after the other. */
const indexed: Command.Decode<Array<Indexed>, Array<Indexed<Uint8Array>>> = Command.map(
  Command.mapOf(Command.int, Command.string),
  (map) => Array.from(map, ([index, value]) => ({ index, value })),
  (map) => Array.from(map, ([index, value]) => ({ index, value }))
)

const ARSET = define({ words: ["ARSET"], mode: "write", keys: 1, decode: Command.int })
/**
 * ARSET stores values at an index of an array and at those that follow, and returns how many of these were empty. A
 * missing key is created. Fails with ERR if the last index would be too great, and with WRONGTYPE if the key holds
 * another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/arset/
 * @since 0.1.0
 * @category arrays
 */
export const arset = (key: Key, index: ArrayIndex, ...values: Variadic<Arg>) =>
  make(ARSET, appendVariadic(ARSET.name, "values", argv(key, indexArg(ARSET.name, "index", index)), values))

const ARMSET = define({ words: ["ARMSET"], mode: "write", keys: 1, decode: Command.int })
/**
 * ARMSET stores values at several indexes of an array, and returns how many of these were empty. A missing key is
 * created. `entries` is a record, or an iterable of `[index, value]` pairs such as a `Map`. Fails with WRONGTYPE if
 * the key holds another type. Needs Redis 8.8.
 *
 * **Example** (Values by index)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const stored = commands.armset("seats", { 0: "Ada", 5: "Grace" })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/armset/
 * @since 0.1.0
 * @category arrays
 */
export const armset = (
  key: Key,
  entries: Readonly<Record<number, Arg>> | Iterable<readonly [ArrayIndex, Arg]>
) => {
  const args = appendPairs("ARMSET", argv(key), entries as Iterable<readonly [Key, Arg]>)
  for (let i = 1; i < args.length; i += 2) {
    const index = args[i]!
    const isText = typeof index === "string" && /^\d{1,20}$/.test(index)
    indexArg("ARMSET", "entries", isText ? BigInt(index) : index as ArrayIndex)
  }
  return make(ARMSET, args)
}

const ARGET = define({ words: ["ARGET"], mode: "read", keys: 1, decode: Command.stringOrNull })
/**
 * ARGET returns the value at an index of an array, or `null` if there is none. Fails with WRONGTYPE if the key holds
 * another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/arget/
 * @since 0.1.0
 * @category arrays
 */
export const arget = (key: Key, index: ArrayIndex) => make(ARGET, argv(key, indexArg(ARGET.name, "index", index)))

const ARMGET = define({ words: ["ARMGET"], mode: "read", keys: 1, decode: Command.stringsWithNulls })
/**
 * ARMGET returns the values at several indexes of an array, in the order of the indexes, with `null` where there is
 * none. Fails with WRONGTYPE if the key holds another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/armget/
 * @since 0.1.0
 * @category arrays
 */
export const armget = (key: Key, ...indexes: Variadic<ArrayIndex>) => make(ARMGET, indexArgs(ARMGET.name, key, indexes))

const ARGETRANGE = define({ words: ["ARGETRANGE"], mode: "read", keys: 1, decode: Command.stringsWithNulls })
/**
 * ARGETRANGE returns the values from one index of an array to another, both inclusive, with `null` where there is
 * none; backwards if `start` is the greater one. `arscan` leaves out what is empty. Fails with ERR for a range of more
 * than a million indexes, and with WRONGTYPE if the key holds another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/argetrange/
 * @since 0.1.0
 * @category arrays
 */
export const argetrange = (key: Key, start: ArrayIndex, end: ArrayIndex) =>
  make(ARGETRANGE, rangeArgs(ARGETRANGE.name, key, start, end))

const ARSCAN = define({ words: ["ARSCAN"], mode: "read", keys: 1, decode: indexed })
/**
 * ARSCAN returns the values from one index of an array to another, both inclusive, with their indexes, `limit` at most
 * (default: all); backwards if `start` is the greater one. It leaves out what is empty, so that a great range takes no
 * longer than its values. Fails with ERR if `limit` is not above 0, and with WRONGTYPE if the key holds another type.
 * Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/arscan/
 * @since 0.1.0
 * @category arrays
 */
export const arscan = (key: Key, start: ArrayIndex, end: ArrayIndex, limit?: number | undefined) => {
  const args = rangeArgs(ARSCAN.name, key, start, end)
  if (limit !== undefined) args.push("LIMIT", limit)
  return make(ARSCAN, args)
}

const ARLEN = define({ words: ["ARLEN"], mode: "read", keys: 1, decode: Command.int })
/**
 * ARLEN returns the length of an array: its greatest index with a value, plus 1; 0 if the key does not exist.
 * `Command.exact` returns lengths beyond 2^53. Fails with WRONGTYPE if the key holds another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/arlen/
 * @since 0.1.0
 * @category arrays
 */
export const arlen = (key: Key) => make(ARLEN, argv(key))

const ARCOUNT = define({ words: ["ARCOUNT"], mode: "read", keys: 1, decode: Command.int })
/**
 * ARCOUNT returns how many values an array has, 0 if the key does not exist. Fails with WRONGTYPE if the key holds
 * another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/arcount/
 * @since 0.1.0
 * @category arrays
 */
export const arcount = (key: Key) => make(ARCOUNT, argv(key))

const ARDEL = define({ words: ["ARDEL"], mode: "write", keys: 1, decode: Command.int })
/**
 * ARDEL deletes the values at some indexes of an array, and returns how many there were. An array without values is
 * deleted. Fails with WRONGTYPE if the key holds another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/ardel/
 * @since 0.1.0
 * @category arrays
 */
export const ardel = (key: Key, ...indexes: Variadic<ArrayIndex>) => make(ARDEL, indexArgs(ARDEL.name, key, indexes))

const ARDELRANGE = define({ words: ["ARDELRANGE"], mode: "write", keys: 1, decode: Command.int })
/**
 * ARDELRANGE deletes the values in one or more ranges of an array, each from one index to another, both inclusive, and
 * returns how many there were. An array without values is deleted. Fails with WRONGTYPE if the key holds another type.
 * Needs Redis 8.8.
 *
 * **Example** (Two ranges)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const deleted = commands.ardelrange("samples", [[0, 99], [200, 299]])
 * ```
 *
 * @see https://redis.io/docs/latest/commands/ardelrange/
 * @since 0.1.0
 * @category arrays
 */
export const ardelrange = (key: Key, ranges: ReadonlyArray<readonly [start: ArrayIndex, end: ArrayIndex]>) => {
  const args = argv(key)
  for (const range of arrayOf(ARDELRANGE.name, "ranges", ranges)) {
    const [start, end] = arrayOf<ArrayIndex>(ARDELRANGE.name, "ranges", range)
    args.push(indexArg(ARDELRANGE.name, "ranges", start!), indexArg(ARDELRANGE.name, "ranges", end!))
  }
  if (args.length === 1) {
    throw new InvalidCommand({ command: ARDELRANGE.name, detail: "ranges: at least one is needed" })
  }
  return make(ARDELRANGE, args)
}

/**
 * A condition on values: equal to a text.
 *
 * @since 0.1.0
 * @category models
 */
export interface ValueExact {
  /** The value equals this one (EXACT). */
  readonly exact: Arg
  /** Not with `exact`. */
  readonly glob?: NotWith<"exact"> | undefined
  /** Not with `exact`. */
  readonly match?: NotWith<"exact"> | undefined
  /** Not with `exact`. */
  readonly re?: NotWith<"exact"> | undefined
}

/**
 * A condition on values: a text is in them.
 *
 * @since 0.1.0
 * @category models
 */
export interface ValueMatch {
  /** The value contains this text (MATCH). */
  readonly match: Arg
  /** Not with `match`. */
  readonly exact?: NotWith<"match"> | undefined
  /** Not with `match`. */
  readonly glob?: NotWith<"match"> | undefined
  /** Not with `match`. */
  readonly re?: NotWith<"match"> | undefined
}

/**
 * A condition on values: a glob pattern.
 *
 * @since 0.1.0
 * @category models
 */
export interface ValueGlob {
  /** The value as a whole matches this glob pattern (GLOB). */
  readonly glob: Arg
  /** Not with `glob`. */
  readonly exact?: NotWith<"glob"> | undefined
  /** Not with `glob`. */
  readonly match?: NotWith<"glob"> | undefined
  /** Not with `glob`. */
  readonly re?: NotWith<"glob"> | undefined
}

/**
 * A condition on values: a regular expression.
 *
 * @since 0.1.0
 * @category models
 */
export interface ValueRe {
  /** A part of the value matches this extended regular expression of POSIX, without back-references (RE). */
  readonly re: Arg
  /** Not with `re`. */
  readonly exact?: NotWith<"re"> | undefined
  /** Not with `re`. */
  readonly glob?: NotWith<"re"> | undefined
  /** Not with `re`. */
  readonly match?: NotWith<"re"> | undefined
}

/**
 * A condition of ARGREP on values: exactly one of `exact`, `match`, `glob` and `re`.
 *
 * @since 0.1.0
 * @category models
 */
export type ValuePredicate = ValueExact | ValueMatch | ValueGlob | ValueRe

/**
 * Options of ARGREP.
 *
 * @since 0.1.0
 * @category models
 */
export interface ArgrepOptions {
  /** Whether all conditions must hold, or one of them. Default `"or"`. */
  readonly combine?: "and" | "or" | undefined
  /** How many values are found at most; at least 1. Default: all. */
  readonly limit?: number | undefined
  /** Whether the case of ASCII letters makes no difference. Default false. */
  readonly nocase?: boolean | undefined
}

/**
 * A bound of ARGREP: an index, `"-"`, the beginning of the array, or `"+"`, its end.
 *
 * @since 0.1.0
 * @category models
 */
export type ArgrepBound = ArrayIndex | "-" | "+"

const predicates = ["exact", "match", "glob", "re"] as const

const argrepFields: FieldsOf<ArgrepOptions> = { combine: "value", limit: "value", nocase: "flag" }

const predicateFields: FieldsOf<ValuePredicate> = { exact: "value", match: "value", glob: "value", re: "value" }

const grepArgs = (
  key: Key,
  start: ArgrepBound,
  end: ArgrepBound,
  given: ValuePredicate | ReadonlyArray<ValuePredicate>,
  options: ArgrepOptions | undefined
): Array<Arg> => {
  const args = argv(key)
  for (const [field, bound] of [["start", start], ["end", end]] as const) {
    args.push(bound === "-" || bound === "+" ? bound : indexArg("ARGREP", field, bound))
  }
  for (const predicate of Array.isArray(given) ? given : [given as ValuePredicate]) {
    const of: ValuePredicate | undefined = optionsOf("ARGREP", predicate, predicateFields)
    const [first, second] = predicates.filter((field) => of?.[field] !== undefined)
    if (first === undefined || second !== undefined) {
      const detail = first === undefined
        ? "predicates: one of exact, match, glob and re is needed"
        : `${second}: not with ${first}`
      throw new InvalidCommand({ command: "ARGREP", detail })
    }
    args.push(first.toUpperCase(), of![first]!)
  }
  if (args.length === 3) throw new InvalidCommand({ command: "ARGREP", detail: "predicates: at least one is needed" })
  const others = optionsOf("ARGREP", options, argrepFields)
  if (others?.combine !== undefined) args.push(keyword("ARGREP", "combine", others.combine, ["and", "or"]))
  if (others?.limit !== undefined) args.push("LIMIT", others.limit)
  if (others?.nocase === true) args.push("NOCASE")
  return args
}

const ARGREP = define({ words: ["ARGREP"], mode: "read", keys: 1, decode: Command.ints })
/**
 * ARGREP returns the indexes, from one bound to the other, both inclusive, whose values fulfil conditions: one, or all
 * with `combine: "and"`; backwards if `start` is the greater one. A missing key gives `[]`. Fails with ERR for a wrong
 * regular expression and if `limit` is not above 0, with WRONGTYPE if the key holds another type, and with
 * `InvalidCommand` for no condition. Needs Redis 8.8.
 *
 * **Example** (Errors, whatever their case)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const errors = commands.argrep("log", "-", "+", [{ match: "error" }, { re: "^E[0-9]+" }], { nocase: true })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/argrep/
 * @since 0.1.0
 * @category arrays
 */
export const argrep = (
  key: Key,
  start: ArgrepBound,
  end: ArgrepBound,
  predicates: ValuePredicate | ReadonlyArray<ValuePredicate>,
  options?: ArgrepOptions | undefined
) => make(ARGREP, grepArgs(key, start, end, predicates, options))

const ARGREP_VALUES = define({ words: ["ARGREP"], mode: "read", keys: 1, decode: indexed })
/**
 * ARGREP with WITHVALUES returns the values, from one bound to the other, that fulfil conditions, with their indexes,
 * as `argrep` finds them. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/argrep/
 * @since 0.1.0
 * @category arrays
 */
export const argrepWithValues = (
  key: Key,
  start: ArgrepBound,
  end: ArgrepBound,
  predicates: ValuePredicate | ReadonlyArray<ValuePredicate>,
  options?: ArgrepOptions | undefined
) => make(ARGREP_VALUES, appendAll(argv(), grepArgs(key, start, end, predicates, options), "WITHVALUES"))

/**
 * What AROP computes of the values in a range: the sum, the least or the greatest of those that are numbers; bit by
 * bit AND, OR or XOR of them as integers; how many there are (`"used"`); or how many equal a value (`match`).
 *
 * @since 0.1.0
 * @category models
 */
export type ArrayOperation = "sum" | "min" | "max" | "and" | "or" | "xor" | "used" | {
  /** The value that others equal. */
  readonly match: Arg
}

const operations = ["sum", "min", "max", "and", "or", "xor", "used"] as const

const AROP = define({ words: ["AROP"], mode: "read", keys: 1, decode: Command.intOrNull })
const AROP_NUMBER = define({ words: ["AROP"], mode: "read", keys: 1, decode: Command.floatOrNull })
const operationFields = { match: "value" } as const

/**
 * AROP computes a number of the values from one index of an array to another, both inclusive. Values that are no
 * numbers do not count, but for `"used"` and `match`. The result is `null` if no value counts; `"used"` and `match` give
 * 0 then. `Command.exact` returns integers beyond 2^53. Fails with WRONGTYPE if the key holds another type. Needs Redis
 * 8.8.
 *
 * @see https://redis.io/docs/latest/commands/arop/
 * @since 0.1.0
 * @category arrays
 */
export const arop = (key: Key, start: ArrayIndex, end: ArrayIndex, operation: ArrayOperation) => {
  const args = rangeArgs("AROP", key, start, end)
  if (typeof operation === "object") {
    const { match } = optionsOf("AROP", operation, operationFields) ?? {}
    if (match === undefined) throw new InvalidCommand({ command: "AROP", detail: "operation: match is needed" })
    args.push("MATCH", match)
  } else args.push(keyword("AROP", "operation", operation, operations))
  const isNumber = operation === "sum" || operation === "min" || operation === "max"
  return isNumber ? make(AROP_NUMBER, args) : make(AROP, args)
}

const ARINSERT = define({ words: ["ARINSERT"], mode: "write", keys: 1, decode: Command.int })
/**
 * ARINSERT stores values behind the one that ARINSERT or ARRING stored last, whatever is there, and returns the index
 * of the last one. The first value of a new array is at 0. Fails with ERR if the index would be too great, and with
 * WRONGTYPE if the key holds another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/arinsert/
 * @since 0.1.0
 * @category arrays
 */
export const arinsert = (key: Key, ...values: Variadic<Arg>) =>
  make(ARINSERT, appendVariadic(ARINSERT.name, "values", argv(key), values))

const ARRING = define({ words: ["ARRING"], mode: "write", keys: 1, decode: Command.int })
/**
 * ARRING stores values as ARINSERT does, in a ring: behind index `size - 1` comes 0, where the oldest value is replaced.
 * It returns the index of the last one. With another `size` than before it first moves the latest values, as many as
 * fit, to the beginning of the array. Fails with ERR if `size` is not above 0, and with WRONGTYPE if the key holds
 * another type. Needs Redis 8.8.
 *
 * **Example** (The last 100 temperatures)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const stored = commands.arring("temperatures", 100, "21.5")
 * export const latest = commands.arlastitems("temperatures", 10, { reverse: true })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/arring/
 * @since 0.1.0
 * @category arrays
 */
export const arring = (key: Key, size: number | bigint, ...values: Variadic<Arg>) =>
  make(ARRING, appendVariadic(ARRING.name, "values", argv(key, size), values))

const ARNEXT = define({ words: ["ARNEXT"], mode: "read", keys: 1, decode: Command.intOrNull })
/**
 * ARNEXT returns the index at which ARINSERT would store a value, 0 if the key does not exist, or `null` if there is no
 * such index any more. `Command.exact` returns indexes beyond 2^53. Fails with WRONGTYPE if the key holds another
 * type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/arnext/
 * @since 0.1.0
 * @category arrays
 */
export const arnext = (key: Key) => make(ARNEXT, argv(key))

const ARSEEK = define({ words: ["ARSEEK"], mode: "write", keys: 1, decode: Command.flag })
/**
 * ARSEEK sets the index at which ARINSERT and ARRING store the next value. The result is whether the key exists. Fails
 * with WRONGTYPE if the key holds another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/arseek/
 * @since 0.1.0
 * @category arrays
 */
export const arseek = (key: Key, index: ArrayIndex) =>
  make(ARSEEK, argv(key, indexArg(ARSEEK.name, "index", index, greatest + 1n)))

/**
 * Options of ARLASTITEMS.
 *
 * @since 0.1.0
 * @category models
 */
export interface ArlastitemsOptions {
  /** Whether the latest value comes first (REV). Default false: it comes last. */
  readonly reverse?: boolean | undefined
}

const ARLASTITEMS = define({ words: ["ARLASTITEMS"], mode: "read", keys: 1, decode: Command.stringsWithNulls })
const arlastitemsFields: FieldsOf<ArlastitemsOptions> = { reverse: "flag" }

/**
 * ARLASTITEMS returns the values at the index that ARINSERT or ARRING used last and at those before it, `count` at most,
 * with `null` where there is none; before index 0 comes the greatest one. A missing key gives `[]`. Fails with WRONGTYPE
 * if the key holds another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/arlastitems/
 * @since 0.1.0
 * @category arrays
 */
export const arlastitems = (key: Key, count: number, options?: ArlastitemsOptions | undefined) => {
  const args = argv(key, count)
  if (optionsOf("ARLASTITEMS", options, arlastitemsFields)?.reverse === true) args.push("REV")
  return make(ARLASTITEMS, args)
}

const info = {
  count: Command.int,
  len: Command.int,
  nextInsertIndex: Command.int,
  slices: Command.int,
  directorySize: Command.int,
  superDirEntries: Command.int,
  sliceSize: Command.int
}

const ARINFO = define({ words: ["ARINFO"], mode: "read", keys: 1, decode: Command.fields(info) })
/**
 * ARINFO returns what an array is made of: how many values it has and its length, the index at which ARINSERT would
 * store a value, and how many slices keep the values. Fails with ERR if the key does not exist, and with WRONGTYPE if
 * it holds another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/arinfo/
 * @since 0.1.0
 * @category arrays
 */
export const arinfo = (key: Key) => make(ARINFO, argv(key))

const ARINFO_FULL = define({
  words: ["ARINFO"],
  mode: "read",
  keys: 1,
  decode: Command.fields({
    ...info,
    denseSlices: Command.int,
    sparseSlices: Command.int,
    avgDenseSize: Command.float,
    avgDenseFill: Command.float,
    avgSparseSize: Command.float
  })
})
/**
 * ARINFO with FULL returns what an array is made of, and how full its slices are. It takes longer the more slices there
 * are. Fails with ERR if the key does not exist, and with WRONGTYPE if it holds another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/arinfo/
 * @since 0.1.0
 * @category arrays
 */
export const arinfoFull = (key: Key) => make(ARINFO_FULL, argv(key, "FULL"))
