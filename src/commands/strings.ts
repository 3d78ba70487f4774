/**
 * The string commands: SET and GET, parts of a string, several keys at once. Counters are
 * in counters.ts, conditions on values in stringConditions.ts, the expiry of existing keys
 * in expiry.ts.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import {
  appendAll,
  appendPairs,
  appendVariadic,
  argv,
  type FieldsOf,
  keyword,
  optionsOf,
  type Variadic
} from "../internal/commands/args.ts"
import { appendValueCondition } from "../internal/commands/conditions.ts"
import { appendExpiry, appendNewExpiry } from "../internal/commands/time.ts"
import type { Expiry, NewExpiry } from "./options.ts"
import type { SetCondition } from "./stringConditions.ts"

/**
 * Options of SET: at most one of the conditions `when`, `ifeq`, `ifne`, `ifdeq` and
 * `ifdne`, and at most one of `ttl`, `expireAt` and `keepTtl`. Without them the value is
 * stored unconditionally and does not expire.
 *
 * @since 0.1.0
 * @category models
 */
export type SetOptions = Expiry & SetCondition

const setFields: FieldsOf<SetOptions> = {
  keepTtl: "flag",
  expireAt: "value",
  ttl: "value",
  when: "value",
  ifdeq: "value",
  ifdne: "value",
  ifeq: "value",
  ifne: "value"
}

const setArgs = (key: Key, value: Arg, given: SetOptions | undefined, get: boolean): Array<Arg> => {
  const options = optionsOf("SET", given, setFields)
  const out: Array<Arg> = [key, value]
  if (options !== undefined && !appendValueCondition("SET", out, options) && options.when !== undefined) {
    out.push(keyword("SET", "when", options.when as "nx" | "xx", ["nx", "xx"]))
  }
  if (get) out.push("GET")
  if (options !== undefined) appendExpiry("SET", out, options)
  return out
}

const evenKeys = (args: ReadonlyArray<Arg>): ReadonlyArray<Key> => args.filter((_, i) => i % 2 === 0) as Array<Key>

const GET = define({ words: ["GET"], mode: "read", keys: 1, decode: Command.stringOrNull })
/**
 * GET returns the string at a key, or `null` if the key does not exist. Fails with WRONGTYPE if the key holds
 * another type.
 *
 * @see https://redis.io/docs/latest/commands/get/
 * @since 0.1.0
 * @category strings
 */
export const get = (key: Key) => make(GET, argv(key))

const SET = define({ words: ["SET"], mode: "write", keys: 1, decode: Command.okOrNull })
/**
 * SET stores a string at a key. It replaces a value of any type, and removes the key's expiry unless `keepTtl` is
 * `true`. The result is `"OK"`, or `null` if a condition was not met and nothing was stored. Whole seconds are sent
 * as EX or EXAT, other times as PX or PXAT. Fails with WRONGTYPE if there is a condition on the value and the key
 * holds another type, and with `InvalidCommand` for more than one condition or more than one of `ttl`, `expireAt`
 * and `keepTtl`.
 *
 * **Example** (A lock that expires after 10 seconds)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const taken = yield* redis.set("lock", "owner-1", { when: "nx", ttl: "10 seconds" })
 *   return taken === "OK" // null: somebody else has the lock
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/set/
 * @since 0.1.0
 * @category strings
 */
export const set = (key: Key, value: Arg, options?: SetOptions | undefined) =>
  make(SET, options === undefined ? argv(key, value) : setArgs(key, value, options, false))

const SET_GET = define({ words: ["SET"], mode: "write", keys: 1, decode: Command.stringOrNull })
/**
 * SET with GET stores a string at a key and returns the string that the key had before, or `null` if the key did
 * not exist. With `when: "nx"`, `null` means that the value was stored (Redis 7.0); with `when: "xx"`, `null`
 * means that it was not; with `ifeq` the value was stored if the result equals it. Fails with WRONGTYPE, and stores
 * nothing, if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/set/
 * @since 0.1.0
 * @category strings
 */
export const setGet = (key: Key, value: Arg, options?: SetOptions | undefined) =>
  make(SET_GET, setArgs(key, value, options, true))

const GETDEL = define({ words: ["GETDEL"], mode: "write", keys: 1, decode: Command.stringOrNull })
/**
 * GETDEL returns the string at a key and deletes the key. The result is `null` if the key does not exist. Fails
 * with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/getdel/
 * @since 0.1.0
 * @category strings
 */
export const getdel = (key: Key) => make(GETDEL, argv(key))

const GETEX = define({ words: ["GETEX"], mode: "write", keys: 1, decode: Command.stringOrNull })
const getexFields = { persist: "flag", expireAt: "value", ttl: "value" } as const

/**
 * GETEX returns the string at a key, or `null` if the key does not exist, and sets or removes the key's expiry. A
 * moment in the past deletes the key. Whole seconds are sent as EX or EXAT, other times as PX or PXAT. Fails with
 * WRONGTYPE if the key holds another type, and with `InvalidCommand` unless there is exactly one of `ttl`,
 * `expireAt` and `persist`; GET only reads.
 *
 * @see https://redis.io/docs/latest/commands/getex/
 * @since 0.1.0
 * @category strings
 */
export const getex = (key: Key, options: NewExpiry) => {
  const args: Array<Arg> = [key]
  appendNewExpiry("GETEX", args, optionsOf("GETEX", options, getexFields))
  return make(GETEX, args)
}

const GETRANGE = define({ words: ["GETRANGE"], mode: "read", keys: 1, decode: Command.string })
/**
 * GETRANGE returns the part of a string from the byte offset `start` to the byte offset `end`, both inclusive.
 * Offsets count from 0; negative ones count from the end, -1 being the last byte. The result is `""` if the range
 * is empty or the key does not exist. Fails with WRONGTYPE if the key holds another type.
 *
 * A range that begins or ends inside a character has U+FFFD in its place; `redis.bytes.getrange` returns the
 * bytes.
 *
 * @see https://redis.io/docs/latest/commands/getrange/
 * @since 0.1.0
 * @category strings
 */
export const getrange = (key: Key, start: number, end: number) => make(GETRANGE, argv(key, start, end))

const SETRANGE = define({ words: ["SETRANGE"], mode: "write", keys: 1, decode: Command.int })
/**
 * SETRANGE overwrites a string from a byte offset on, and returns its new length in bytes. Zero bytes fill the gap
 * if the string is shorter than the offset; a missing key counts as an empty string. An empty value changes
 * nothing. Fails with ERR if the offset is negative or the string would exceed the server's limit (512 MiB by
 * default), and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/setrange/
 * @since 0.1.0
 * @category strings
 */
export const setrange = (key: Key, offset: number, value: Arg) => make(SETRANGE, argv(key, offset, value))

const STRLEN = define({ words: ["STRLEN"], mode: "read", keys: 1, decode: Command.int })
/**
 * STRLEN returns the length of a string in bytes, or 0 if the key does not exist. Fails with WRONGTYPE if the key
 * holds another type.
 *
 * @see https://redis.io/docs/latest/commands/strlen/
 * @since 0.1.0
 * @category strings
 */
export const strlen = (key: Key) => make(STRLEN, argv(key))

const APPEND = define({ words: ["APPEND"], mode: "write", keys: 1, decode: Command.int })
/**
 * APPEND adds a value to the end of a string and returns the new length in bytes. A missing key counts as an empty
 * string. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/append/
 * @since 0.1.0
 * @category strings
 */
export const append = (key: Key, value: Arg) => make(APPEND, argv(key, value))

const MGET = define({ words: ["MGET"], mode: "read", keys: "all", decode: Command.stringsWithNulls })
/**
 * MGET returns the strings at several keys, in the order of the keys, with `null` for a key that does not exist or
 * holds another type.
 *
 * @see https://redis.io/docs/latest/commands/mget/
 * @since 0.1.0
 * @category strings
 */
export const mget = (...keys: Variadic<Key>) => make(MGET, appendVariadic(MGET.name, "keys", argv(), keys))

const MSET = define({ words: ["MSET"], mode: "write", keys: evenKeys, decode: Command.ok })
/**
 * MSET stores several strings in one atomic step and returns `"OK"`. It replaces values of any type and removes
 * the expiry of each key. `entries` is a record, or an iterable of `[key, value]` pairs such as a `Map`.
 *
 * **Example** (Keys that are bytes)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const fromRecord = commands.mset({ "user:1": "Ada", "user:2": "Grace" })
 * export const fromPairs = commands.mset([[new Uint8Array([1, 2]), "Ada"], ["user:2", 7]])
 * ```
 *
 * @see https://redis.io/docs/latest/commands/mset/
 * @since 0.1.0
 * @category strings
 */
export const mset = (entries: Readonly<Record<string, Arg>> | Iterable<readonly [Key, Arg]>) =>
  make(MSET, appendPairs("MSET", [], entries))

const MSETNX = define({ words: ["MSETNX"], mode: "write", keys: evenKeys, decode: Command.flag })
/**
 * MSETNX stores several strings in one atomic step if none of the keys exists. The result is `true` if all were
 * stored, and `false` if one existed and none was stored. `entries` is a record, or an iterable of `[key, value]`
 * pairs.
 *
 * @see https://redis.io/docs/latest/commands/msetnx/
 * @since 0.1.0
 * @category strings
 */
export const msetnx = (entries: Readonly<Record<string, Arg>> | Iterable<readonly [Key, Arg]>) =>
  make(MSETNX, appendPairs("MSETNX", [], entries))

/**
 * Options of MSETEX: a condition on the keys, and at most one of `ttl`, `expireAt` and
 * `keepTtl`. Without them the values are stored unconditionally and do not expire.
 *
 * @since 0.1.0
 * @category models
 */
export type MsetexOptions = Expiry & {
  /** Only if none of the keys exists (`"nx"`), or only if all of them do (`"xx"`). Default: always. */
  readonly when?: "nx" | "xx" | undefined
}

const MSETEX = define({
  words: ["MSETEX"],
  mode: "write",
  keys: (args) => evenKeys(args.slice(1, 1 + 2 * Number(args[0]))),
  decode: Command.flag
})
const msetexFields: FieldsOf<MsetexOptions> = { keepTtl: "flag", expireAt: "value", ttl: "value", when: "value" }

/**
 * MSETEX stores several strings in one atomic step, with one expiry for all of them. The result is whether they were
 * stored: `false` if the condition was not met and nothing changed. It replaces values of any type. `entries` is a
 * record, or an iterable of `[key, value]` pairs. Fails with `InvalidCommand` for more than one of `ttl`, `expireAt`
 * and `keepTtl`. Needs Redis 8.4 or Valkey 9.1.
 *
 * **Example** (Two keys that expire together)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const stored = commands.msetex({ "token:1": "a", "token:2": "b" }, { when: "nx", ttl: "1 hour" })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/msetex/
 * @since 0.1.0
 * @category strings
 */
export const msetex = (
  entries: Readonly<Record<string, Arg>> | Iterable<readonly [Key, Arg]>,
  options?: MsetexOptions | undefined
) => {
  const pairs = appendPairs("MSETEX", argv(), entries)
  const args = appendAll(argv(pairs.length / 2), pairs)
  const given = optionsOf("MSETEX", options, msetexFields)
  if (given?.when !== undefined) args.push(keyword("MSETEX", "when", given.when, ["nx", "xx"]))
  if (given !== undefined) appendExpiry("MSETEX", args, given)
  return make(MSETEX, args)
}

const LCS = define({ words: ["LCS"], mode: "read", keys: 2, decode: Command.string })
/**
 * LCS returns the longest common subsequence of the strings at two keys: the bytes that both have in the same
 * order, not necessarily side by side. A missing key counts as an empty string. Fails with ERR if a key holds
 * another type. The time grows with the product of both lengths. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/lcs/
 * @since 0.1.0
 * @category strings
 */
export const lcs = (a: Key, b: Key) => make(LCS, argv(a, b))

const LCS_LEN = define({ words: ["LCS"], mode: "read", keys: 2, decode: Command.int })
/**
 * LCS with LEN returns the length in bytes of the longest common subsequence of the strings at two keys. A missing
 * key counts as an empty string. Fails with ERR if a key holds another type. The time grows with the product of
 * both lengths. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/lcs/
 * @since 0.1.0
 * @category strings
 */
export const lcsLen = (a: Key, b: Key) => make(LCS_LEN, argv(a, b, "LEN"))

/**
 * A part that the strings at two keys have in common: where it is in each, as the byte offsets of its first and its
 * last byte, and its length in bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface LcsMatch {
  /** Where it is in the string at the first key. */
  readonly a: readonly [start: number, end: number]
  /** Where it is in the string at the second key. */
  readonly b: readonly [start: number, end: number]
  /** Its length in bytes. */
  readonly length: number
}

/**
 * The result of LCS with IDX.
 *
 * @since 0.1.0
 * @category models
 */
export interface LcsMatches {
  /** The parts in common, the last one first. */
  readonly matches: ReadonlyArray<LcsMatch>
  /** The length in bytes of the whole subsequence, of the parts that are left out too. */
  readonly length: number
}

const offsets = Command.tuple(Command.int, Command.int)

const lcsMatches: Command.Decode<LcsMatches> = Command.map(
  Command.fields({
    matches: Command.array(Command.struct({ a: offsets, b: offsets, length: Command.int })),
    len: Command.int
  }),
  ({ len, matches }): LcsMatches => ({ matches, length: len })
)

const LCS_IDX = define({ words: ["LCS"], mode: "read", keys: 2, decode: lcsMatches })
const lcsIdxFields = { minMatchLength: "value" } as const

/**
 * LCS with IDX returns where the longest common subsequence of the strings at two keys is in each of them. A missing
 * key counts as an empty string. Fails with ERR if a key holds another type. The time grows with the product of both
 * lengths. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/lcs/
 * @since 0.1.0
 * @category strings
 */
export const lcsIdx = (
  a: Key,
  b: Key,
  options?: {
    /** The length in bytes from which on parts are returned. Default: all of them. */
    readonly minMatchLength?: number | undefined
  } | undefined
) => {
  const args: Array<Arg> = [a, b, "IDX"]
  const given = optionsOf("LCS", options, lcsIdxFields)
  if (given?.minMatchLength !== undefined) args.push("MINMATCHLEN", given.minMatchLength)
  args.push("WITHMATCHLEN")
  return make(LCS_IDX, args)
}
