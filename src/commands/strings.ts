/**
 * The string commands.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { alternate, argv, optional, word } from "../internal/commands/args.ts"

const { define, own: make } = Command

/**
 * When a value goes away. At most one of the fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface Expiry {
  /** Seconds from now. */
  readonly ex?: number | undefined
  /** Milliseconds from now. */
  readonly px?: number | undefined
  /** A Unix time in seconds. */
  readonly exat?: number | undefined
  /** A Unix time in milliseconds. */
  readonly pxat?: number | undefined
}

/**
 * Options of SET.
 *
 * @since 0.1.0
 * @category models
 */
export interface SetOptions extends Expiry {
  /** `"nx"`: only if the key does not exist. `"xx"`: only if it does. */
  readonly when?: "nx" | "xx" | undefined
  /** Keeps the expiry that the key has. */
  readonly keepTtl?: boolean | undefined
}

const expiry = (out: Array<Arg>, options: Expiry): void => {
  if (options.ex !== undefined) out.push("EX", options.ex)
  if (options.px !== undefined) out.push("PX", options.px)
  if (options.exat !== undefined) out.push("EXAT", options.exat)
  if (options.pxat !== undefined) out.push("PXAT", options.pxat)
}

const setArgs = (key: Key, value: Arg, given: SetOptions | undefined, get: boolean): Array<Arg> => {
  const options = optional("SET", given)
  const out: Array<Arg> = [key, value]
  if (options !== undefined) {
    if (options.when !== undefined) out.push(word("SET", "when", options.when, ["nx", "xx"]))
    if (get) out.push("GET")
    expiry(out, options)
    if (options.keepTtl === true) out.push("KEEPTTL")
  } else if (get) out.push("GET")
  return out
}

const evenKeys = (args: ReadonlyArray<Arg>): ReadonlyArray<Key> => args.filter((_, i) => i % 2 === 0) as Array<Key>

const GET = define({ words: ["GET"], mode: "read", keys: 1, decode: Command.stringOrNull })
/** The value of a key, or null. */
export const get = (key: Key) => make(GET, argv(key))

const SET = define({ words: ["SET"], mode: "write", keys: 1, decode: Command.okOrNull })
/** Sets a key. Null where `when` was not met. */
export const set = (key: Key, value: Arg, options?: SetOptions | undefined) =>
  make(SET, options === undefined ? argv(key, value) : setArgs(key, value, options, false))

const SET_GET = define({ words: ["SET"], mode: "write", keys: 1, decode: Command.stringOrNull })
/** Sets a key and gives the value that it had before, or null (SET with GET). */
export const setGet = (key: Key, value: Arg, options?: SetOptions | undefined) =>
  make(SET_GET, setArgs(key, value, options, true))

const GETDEL = define({ words: ["GETDEL"], mode: "write", keys: 1, decode: Command.stringOrNull })
/** The value of a key, which is deleted. */
export const getdel = (key: Key) => make(GETDEL, argv(key))

const GETEX = define({ words: ["GETEX"], mode: "write", keys: 1, decode: Command.stringOrNull })
/** The value of a key, whose expiry is changed. */
export const getex = (key: Key, options: Expiry & { readonly persist?: boolean | undefined }) => {
  const args: Array<Arg> = [key]
  const given = optional("GETEX", options)
  if (given === undefined) throw new InvalidCommand({ command: "GETEX", detail: "options: there are none" })
  expiry(args, given)
  if (given.persist === true) args.push("PERSIST")
  return make(GETEX, args)
}

const GETRANGE = define({ words: ["GETRANGE"], mode: "read", keys: 1, decode: Command.string })
/** A part of a value, by byte offsets, both inclusive; negative ones count from the end. */
export const getrange = (key: Key, start: number, end: number) => make(GETRANGE, argv(key, start, end))

const SETRANGE = define({ words: ["SETRANGE"], mode: "write", keys: 1, decode: Command.int })
/** Overwrites a part of a value. The new length in bytes. */
export const setrange = (key: Key, offset: number, value: Arg) => make(SETRANGE, argv(key, offset, value))

const STRLEN = define({ words: ["STRLEN"], mode: "read", keys: 1, decode: Command.int })
/** The length of a value in bytes. */
export const strlen = (key: Key) => make(STRLEN, argv(key))

const APPEND = define({ words: ["APPEND"], mode: "write", keys: 1, decode: Command.int })
/** Appends to a value. The new length in bytes. */
export const append = (key: Key, value: Arg) => make(APPEND, argv(key, value))

const INCR = define({ words: ["INCR"], mode: "write", keys: 1, decode: Command.int })
/** Adds one. The new value. */
export const incr = (key: Key) => make(INCR, argv(key))

const INCRBY = define({ words: ["INCRBY"], mode: "write", keys: 1, decode: Command.int })
/** Adds an integer. The new value. */
export const incrby = (key: Key, increment: number | bigint) => make(INCRBY, argv(key, increment))

const INCRBYFLOAT = define({ words: ["INCRBYFLOAT"], mode: "write", keys: 1, decode: Command.float })
/** Adds a number. The new value. */
export const incrbyfloat = (key: Key, increment: number) => make(INCRBYFLOAT, argv(key, increment))

const DECR = define({ words: ["DECR"], mode: "write", keys: 1, decode: Command.int })
/** Subtracts one. The new value. */
export const decr = (key: Key) => make(DECR, argv(key))

const DECRBY = define({ words: ["DECRBY"], mode: "write", keys: 1, decode: Command.int })
/** Subtracts an integer. The new value. */
export const decrby = (key: Key, decrement: number | bigint) => make(DECRBY, argv(key, decrement))

const MGET = define({ words: ["MGET"], mode: "read", keys: "all", decode: Command.stringsWithNulls })
/** The values of many keys, in their order; null for those that do not exist. */
export const mget = (keys: ReadonlyArray<Key>) => Command.make(MGET, keys)

const MSET = define({ words: ["MSET"], mode: "write", keys: evenKeys, decode: Command.ok })
/** Sets many keys at once. */
export const mset = (entries: Readonly<Record<string, Arg>> | Iterable<readonly [Key, Arg]>) =>
  make(MSET, alternate("MSET", [], entries))

const MSETNX = define({ words: ["MSETNX"], mode: "write", keys: evenKeys, decode: Command.flag })
/** Sets many keys at once, if none of them exists. */
export const msetnx = (entries: Readonly<Record<string, Arg>> | Iterable<readonly [Key, Arg]>) =>
  make(MSETNX, alternate("MSETNX", [], entries))

const LCS = define({ words: ["LCS"], mode: "read", keys: 2, decode: Command.string })
/** The longest common subsequence of two values. Redis 7.0. */
export const lcs = (a: Key, b: Key) => make(LCS, argv(a, b))

const LCS_LEN = define({ words: ["LCS"], mode: "read", keys: 2, decode: Command.int })
/** The length of the longest common subsequence of two values. Redis 7.0. */
export const lcsLen = (a: Key, b: Key) => make(LCS_LEN, argv(a, b, "LEN"))
