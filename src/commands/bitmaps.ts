/**
 * The commands on strings as bitmaps: single bits, counts, operations on whole strings,
 * and integers of any width (bitfields).
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import {
  appendAll,
  argv,
  arrayOf,
  type FieldsOf,
  keysOf,
  keyword,
  type OneOrMore,
  optionsOf
} from "../internal/commands/args.ts"
import { kindOf } from "../internal/common/values.ts"
import type { NotWith } from "./options.ts"

const GETBIT = define({ words: ["GETBIT"], mode: "read", keys: 1, decode: Command.int as Command.Decode<0 | 1> })
/**
 * GETBIT returns the bit of a string at an offset, 0 or 1. Bits count from 0, the highest of the first byte; beyond
 * the end of the string they are 0, as are those of a missing key. Fails with ERR if the offset is negative or not
 * below 2^32, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/getbit/
 * @since 0.1.0
 * @category bitmaps
 */
export const getbit = (key: Key, offset: number) => make(GETBIT, argv(key, offset))

const SETBIT = define({ words: ["SETBIT"], mode: "write", keys: 1, decode: Command.int as Command.Decode<0 | 1> })
/**
 * SETBIT sets the bit of a string at an offset, and returns the bit that was there. A shorter string grows, with
 * zeros between; a missing key is created. Fails with ERR if the offset is negative or not below 2^32, and with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/setbit/
 * @since 0.1.0
 * @category bitmaps
 */
export const setbit = (key: Key, offset: number, bit: 0 | 1) => make(SETBIT, argv(key, offset, bit))

/**
 * Which part of a string BITCOUNT counts in, from `start` to `end`, both inclusive.
 * Negative offsets count from the end, -1 being the last byte or bit.
 *
 * @since 0.1.0
 * @category models
 */
export interface BitcountRange {
  /** The first byte or bit. */
  readonly start: number
  /** The last byte or bit. */
  readonly end: number
  /** What the offsets count. Default `"byte"`; needs Redis 7.0. */
  readonly unit?: "byte" | "bit" | undefined
}

const BITCOUNT = define({ words: ["BITCOUNT"], mode: "read", keys: 1, decode: Command.int })
const bitcountRangeFields: FieldsOf<BitcountRange> = { start: "value", end: "value", unit: "value" }

/**
 * BITCOUNT returns how many bits of a string are 1, in all of it or in a range; 0 if the key does not exist. Fails
 * with WRONGTYPE if the key holds another type.
 *
 * **Example** (The bits of the first byte)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const all = commands.bitcount("visits")
 * export const firstByte = commands.bitcount("visits", { start: 0, end: 7, unit: "bit" })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/bitcount/
 * @since 0.1.0
 * @category bitmaps
 */
export const bitcount = (key: Key, range?: BitcountRange | undefined) => {
  const args = argv(key)
  const given = optionsOf("BITCOUNT", range, bitcountRangeFields)
  if (given !== undefined) args.push(given.start, given.end)
  if (given?.unit !== undefined) args.push(keyword("BITCOUNT", "unit", given.unit, ["byte", "bit"]))
  return make(BITCOUNT, args)
}

/**
 * Which part of a string BITPOS searches, up to `end`.
 *
 * @since 0.1.0
 * @category models
 */
export interface BitposRange {
  /** The first byte or bit; a negative one counts from the end. */
  readonly start: number
  /** The last byte or bit, -1 being that of the string. */
  readonly end: number
  /** What the offsets count. Default `"byte"`; needs Redis 7.0. */
  readonly unit?: "byte" | "bit" | undefined
}

/**
 * Which part of a string BITPOS searches, up to the end of the string.
 *
 * @since 0.1.0
 * @category models
 */
export interface BitposFrom {
  /** The first byte; a negative one counts from the end. */
  readonly start: number
  /** Not without `end`. */
  readonly unit?: NotWith<"start alone: unit needs end"> | undefined
  /** Not given: the search goes to the end. */
  readonly end?: undefined
}

const BITPOS = define({ words: ["BITPOS"], mode: "read", keys: 1, decode: Command.int })
const rangeFields = { start: "value", end: "value", unit: "value" } as const

/**
 * BITPOS returns the offset of the first bit of a string that is `bit`, counted from the beginning of the string,
 * or -1 if there is none. A string counts as followed by zeros: a search for 0 without an `end` finds the bit behind
 * a string of ones. A missing key is an empty range: -1 for 1, and 0 for 0. Fails with WRONGTYPE if the key holds
 * another type.
 *
 * @see https://redis.io/docs/latest/commands/bitpos/
 * @since 0.1.0
 * @category bitmaps
 */
export const bitpos = (key: Key, bit: 0 | 1, range?: BitposRange | BitposFrom | undefined) => {
  const args = argv(key, bit)
  const given = optionsOf("BITPOS", range, rangeFields)
  if (given !== undefined) {
    args.push(given.start)
    if (given.end !== undefined) args.push(given.end)
    if (given.unit !== undefined) {
      if (given.end === undefined) throw new InvalidCommand({ command: "BITPOS", detail: "unit: it needs end" })
      args.push(keyword("BITPOS", "unit", given.unit as "byte" | "bit", ["byte", "bit"]))
    }
  }
  return make(BITPOS, args)
}

/**
 * An operation of BITOP on any number of strings: all of the bits are 1, at least one is,
 * or an odd number is; since Redis 8.2 also: the first string's without those of the others
 * (`"diff"`), those of the others without the first string's (`"diff1"`), those of the
 * first that one of the others has (`"andor"`), and exactly one is (`"one"`).
 *
 * @since 0.1.0
 * @category models
 */
export type BitOperation = "and" | "or" | "xor" | "diff" | "diff1" | "andor" | "one"

const BITOP = define({
  words: ["BITOP"],
  mode: "write",
  keys: (args) => args.slice(1) as ReadonlyArray<Key>,
  decode: Command.int
})
const operations = ["and", "or", "xor", "diff", "diff1", "andor", "one", "not"] as const
/**
 * BITOP stores the result of an operation on the bits of strings at `destination`, and returns its length in bytes,
 * that of the longest string. Shorter strings and missing keys count as filled with zeros. `"not"` inverts one
 * string. It replaces a value of any type at the destination; an empty result deletes it. Fails with WRONGTYPE if
 * a source holds another type, and with ERR for an operation that the server does not know.
 *
 * @see https://redis.io/docs/latest/commands/bitop/
 * @since 0.1.0
 * @category bitmaps
 */
export const bitop = <Operation extends BitOperation | "not">(
  operation: Operation,
  destination: Key,
  keys: Operation extends "not" ? Key : OneOrMore<Key>
) => {
  const sources = keysOf("BITOP", keys)
  if (operation === "not" && sources.length !== 1) {
    throw new InvalidCommand({ command: "BITOP", detail: "keys: \"not\" takes one" })
  }
  return make(BITOP, appendAll(argv(keyword("BITOP", "operation", operation, operations), destination), sources))
}

/**
 * The widths of the integers of a bitfield that may be unsigned: 1 to 63 bits.
 *
 * @since 0.1.0
 * @category models
 */
// dprint-ignore
export type BitfieldWidth =
  | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18 | 19 | 20 | 21 | 22 | 23 | 24
  | 25 | 26 | 27 | 28 | 29 | 30 | 31 | 32 | 33 | 34 | 35 | 36 | 37 | 38 | 39 | 40 | 41 | 42 | 43 | 44 | 45 | 46
  | 47 | 48 | 49 | 50 | 51 | 52 | 53 | 54 | 55 | 56 | 57 | 58 | 59 | 60 | 61 | 62 | 63

/**
 * The type of an integer in a bitfield: unsigned with up to 63 bits, such as `"u8"`, or
 * signed with up to 64, such as `"i16"`.
 *
 * @since 0.1.0
 * @category models
 */
export type BitfieldType = `u${BitfieldWidth}` | `i${BitfieldWidth | 64}`

/**
 * Where an integer of a bitfield begins: at a bit, or, as `"#2"`, at a multiple of the
 * type's width.
 *
 * @since 0.1.0
 * @category models
 */
export type BitfieldOffset = number | `#${number}`

/**
 * Reads an integer of a bitfield.
 *
 * @since 0.1.0
 * @category models
 */
export type BitfieldGet = readonly ["get", type: BitfieldType, offset: BitfieldOffset]

/**
 * An operation of BITFIELD: reads, sets or increments an integer, or says what those that
 * follow do on overflow: `"wrap"` around (the default), `"sat"` at the least or greatest
 * value, or `"fail"` and change nothing.
 *
 * @since 0.1.0
 * @category models
 */
export type BitfieldOperation =
  | BitfieldGet
  | readonly ["set", type: BitfieldType, offset: BitfieldOffset, value: number | bigint]
  | readonly ["incrby", type: BitfieldType, offset: BitfieldOffset, increment: number | bigint]
  | readonly ["overflow", what: "wrap" | "sat" | "fail"]

const isBitfieldType = (type: unknown): boolean =>
  typeof type === "string" && /^(?:[ui](?:[1-9]|[1-5]\d|6[0-3])|i64)$/.test(type)

const bitfieldArgs = (
  command: string,
  key: Key,
  given: ReadonlyArray<BitfieldOperation>,
  names: ReadonlyArray<BitfieldOperation[0]>
): Array<Arg> => {
  const args = argv(key)
  for (const operation of arrayOf(command, "operations", given)) {
    const [name, type, ...others] = arrayOf<Arg>(command, "operation", operation as ReadonlyArray<Arg>)
    args.push(keyword(command, "operation", name as BitfieldOperation[0], names))
    if (name === "overflow") {
      args.push(keyword(command, "overflow", type as "wrap" | "sat" | "fail", ["wrap", "sat", "fail"]))
      continue
    }
    if (!isBitfieldType(type)) {
      const detail = `type: expected u1 to u63 or i1 to i64, got ${kindOf(type)}`
      throw new InvalidCommand({ command, detail })
    }
    args.push(type!, ...others)
  }
  return args
}

const BITFIELD = define({ words: ["BITFIELD"], mode: "write", keys: 1, decode: Command.array(Command.intOrNull) })
/**
 * BITFIELD runs operations on the integers that the bits of a string are made of. The result has one element for
 * each operation but `"overflow"`: the integer that was read, the one that was there before `"set"`, or the new one
 * of `"incrby"`; `null` if an overflow made it fail. A string that is too short grows. Fails with WRONGTYPE if the
 * key holds another type, and with `InvalidCommand` for a type that does not exist. `Command.exact` returns integers
 * beyond 2^53.
 *
 * **Example** (Two counters of 8 bits that stop at 255)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const counted = commands.bitfield("counters", [
 *   ["overflow", "sat"],
 *   ["incrby", "u8", "#0", 1],
 *   ["incrby", "u8", "#1", 10],
 *   ["get", "u8", "#2"]
 * ])
 * ```
 *
 * @see https://redis.io/docs/latest/commands/bitfield/
 * @since 0.1.0
 * @category bitmaps
 */
export const bitfield = (key: Key, operations: ReadonlyArray<BitfieldOperation>) =>
  make(BITFIELD, bitfieldArgs(BITFIELD.name, key, operations, ["get", "set", "incrby", "overflow"]))

const BITFIELD_RO = define({ words: ["BITFIELD_RO"], mode: "read", keys: 1, decode: Command.ints })
/**
 * BITFIELD_RO reads integers of the bits of a string, in the order of the operations. Bits beyond the end of the
 * string are 0. Fails with WRONGTYPE if the key holds another type, and with `InvalidCommand` for a type that does
 * not exist. `Command.exact` returns integers beyond 2^53.
 *
 * @see https://redis.io/docs/latest/commands/bitfield_ro/
 * @since 0.1.0
 * @category bitmaps
 */
export const bitfieldRo = (key: Key, operations: ReadonlyArray<BitfieldGet>) =>
  make(BITFIELD_RO, bitfieldArgs(BITFIELD_RO.name, key, operations, ["get"]))
