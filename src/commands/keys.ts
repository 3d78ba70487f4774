/**
 * The commands on keys of any type: existence, expiry, renaming, scanning.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import {
  argv,
  around,
  listed,
  optional,
  scanArgs,
  type ScanOptions,
  type Several,
  several,
  word
} from "../internal/commands/args.ts"

const { define, own: make } = Command

/**
 * The type of a value, as TYPE names it.
 *
 * @since 0.1.0
 * @category models
 */
export type ValueType = "string" | "list" | "set" | "zset" | "hash" | "stream" | "none" | (string & {})

const DEL = define({ words: ["DEL"], mode: "write", keys: "all", decode: Command.int })
/** Deletes keys. How many existed. */
export const del = (...keys: Several<Key>) => make(DEL, several(argv(), keys))

const UNLINK = define({ words: ["UNLINK"], mode: "write", keys: "all", decode: Command.int })
/** Deletes keys, freeing their memory in the background. How many existed. */
export const unlink = (...keys: Several<Key>) => make(UNLINK, several(argv(), keys))

const EXISTS = define({ words: ["EXISTS"], mode: "read", keys: "all", decode: Command.int })
/** How many of the keys exist; one named twice counts twice. */
export const exists = (...keys: Several<Key>) => make(EXISTS, several(argv(), keys))

const TOUCH = define({ words: ["TOUCH"], mode: "read", keys: "all", decode: Command.int })
/** Marks keys as used. How many exist. */
export const touch = (...keys: Several<Key>) => make(TOUCH, several(argv(), keys))

/**
 * A condition of EXPIRE and its kin: only if there is no expiry (`nx`), there
 * is one (`xx`), the new one is later (`gt`) or earlier (`lt`). Redis 7.0.
 *
 * @since 0.1.0
 * @category models
 */
export type ExpireWhen = "nx" | "xx" | "gt" | "lt"

const expireArgs = (key: Key, time: number, when: ExpireWhen | undefined): Array<Arg> =>
  when === undefined ? [key, time] : [key, time, word("EXPIRE", "when", when, ["nx", "xx", "gt", "lt"])]

const EXPIRE = define({ words: ["EXPIRE"], mode: "write", keys: 1, decode: Command.flag })
/** Sets an expiry in seconds from now. False if the key does not exist or the condition was not met. */
export const expire = (key: Key, seconds: number, when?: ExpireWhen | undefined) =>
  make(EXPIRE, expireArgs(key, seconds, when))

const PEXPIRE = define({ words: ["PEXPIRE"], mode: "write", keys: 1, decode: Command.flag })
/** Sets an expiry in milliseconds from now. */
export const pexpire = (key: Key, millis: number, when?: ExpireWhen | undefined) =>
  make(PEXPIRE, expireArgs(key, millis, when))

const EXPIREAT = define({ words: ["EXPIREAT"], mode: "write", keys: 1, decode: Command.flag })
/** Sets an expiry as a Unix time in seconds. */
export const expireat = (key: Key, unixSeconds: number, when?: ExpireWhen | undefined) =>
  make(EXPIREAT, expireArgs(key, unixSeconds, when))

const PEXPIREAT = define({ words: ["PEXPIREAT"], mode: "write", keys: 1, decode: Command.flag })
/** Sets an expiry as a Unix time in milliseconds. */
export const pexpireat = (key: Key, unixMillis: number, when?: ExpireWhen | undefined) =>
  make(PEXPIREAT, expireArgs(key, unixMillis, when))

const EXPIRETIME = define({ words: ["EXPIRETIME"], mode: "read", keys: 1, decode: Command.int })
/** The expiry as a Unix time in seconds; -1 without one, -2 without the key. Redis 7.0. */
export const expiretime = (key: Key) => make(EXPIRETIME, argv(key))

const PEXPIRETIME = define({ words: ["PEXPIRETIME"], mode: "read", keys: 1, decode: Command.int })
/** The expiry as a Unix time in milliseconds; -1 without one, -2 without the key. Redis 7.0. */
export const pexpiretime = (key: Key) => make(PEXPIRETIME, argv(key))

const TTL = define({ words: ["TTL"], mode: "read", keys: 1, decode: Command.int })
/** The seconds left; -1 without an expiry, -2 without the key. */
export const ttl = (key: Key) => make(TTL, argv(key))

const PTTL = define({ words: ["PTTL"], mode: "read", keys: 1, decode: Command.int })
/** The milliseconds left; -1 without an expiry, -2 without the key. */
export const pttl = (key: Key) => make(PTTL, argv(key))

const PERSIST = define({ words: ["PERSIST"], mode: "write", keys: 1, decode: Command.flag })
/** Takes the expiry away. False if there was none. */
export const persist = (key: Key) => make(PERSIST, argv(key))

const TYPE = define({ words: ["TYPE"], mode: "read", keys: 1, decode: Command.word })
/** The type of a value. */
export const type = (key: Key): Command.Command<ValueType, "read"> => make(TYPE, argv(key))

const RENAME = define({ words: ["RENAME"], mode: "write", keys: 2, decode: Command.ok })
/** Renames a key, overwriting the other. */
export const rename = (key: Key, newKey: Key) => make(RENAME, argv(key, newKey))

const RENAMENX = define({ words: ["RENAMENX"], mode: "write", keys: 2, decode: Command.flag })
/** Renames a key, if the other does not exist. */
export const renamenx = (key: Key, newKey: Key) => make(RENAMENX, argv(key, newKey))

const COPY = define({ words: ["COPY"], mode: "write", keys: 2, decode: Command.flag })
/** Copies a value to another key. */
export const copy = (
  source: Key,
  destination: Key,
  options?: { readonly db?: number | undefined; readonly replace?: boolean | undefined } | undefined
) => {
  const args: Array<Arg> = [source, destination]
  const given = optional("COPY", options)
  if (given?.db !== undefined) args.push("DB", given.db)
  if (given?.replace === true) args.push("REPLACE")
  return make(COPY, args)
}

const MOVE = define({ words: ["MOVE"], mode: "write", keys: 1, decode: Command.flag })
/** Moves a key to another database. */
export const move = (key: Key, db: number) => make(MOVE, argv(key, db))

const KEYS = define({ words: ["KEYS"], mode: "read", decode: Command.strings })
/** All keys that match a glob pattern. It blocks the server: prefer a scan. */
export const keys = (pattern: string) => make(KEYS, argv(pattern))

const RANDOMKEY = define({ words: ["RANDOMKEY"], mode: "read", decode: Command.stringOrNull })
/** A random key, or null. */
export const randomkey = () => make(RANDOMKEY, argv())

const DUMP = define({
  words: ["DUMP"],
  mode: "read",
  keys: 1,
  decode: Command.nullable(Command.custom<Uint8Array>((v) => v as Uint8Array))
})
/** A value in Redis's own serialisation, as bytes, or null. */
export const dump = (key: Key): Command.Command<Uint8Array | null, "read"> => Command.bytes(make(DUMP, argv(key)))

const RESTORE = define({ words: ["RESTORE"], mode: "write", keys: 1, decode: Command.ok })
/** A value from DUMP's serialisation. `ttl` in milliseconds, 0 for none. */
export const restore = (
  key: Key,
  ttl: number,
  value: Uint8Array,
  options?: { readonly replace?: boolean | undefined } | undefined
) => make(RESTORE, optional("RESTORE", options)?.replace === true ? [key, ttl, value, "REPLACE"] : [key, ttl, value])

const SCAN = define({ words: ["SCAN"], mode: "read", decode: Command.page(Command.strings) })
/** One page of the keys, from a cursor; `"0"` begins and ends. */
export const scan = (
  cursor: string,
  options?: (ScanOptions & { readonly type?: ValueType | undefined }) | undefined
) => {
  const args = scanArgs([cursor], options)
  if (options?.type !== undefined) args.push("TYPE", options.type)
  return make(SCAN, args)
}

const OBJECT_ENCODING = define({ words: ["OBJECT", "ENCODING"], mode: "read", keys: 1, decode: Command.wordOrNull })
/** How Redis stores a value, or null. */
export const objectEncoding = (key: Key) => make(OBJECT_ENCODING, argv(key))

const OBJECT_IDLETIME = define({ words: ["OBJECT", "IDLETIME"], mode: "read", keys: 1, decode: Command.intOrNull })
/** The seconds since a value was last used, or null. */
export const objectIdletime = (key: Key) => make(OBJECT_IDLETIME, argv(key))

const OBJECT_REFCOUNT = define({ words: ["OBJECT", "REFCOUNT"], mode: "read", keys: 1, decode: Command.intOrNull })
/** How many references there are to a value, or null. */
export const objectRefcount = (key: Key) => make(OBJECT_REFCOUNT, argv(key))

/**
 * Options of SORT.
 *
 * @since 0.1.0
 * @category models
 */
export interface SortOptions {
  readonly by?: string | undefined
  /** An offset and a count. */
  readonly limit?: readonly [offset: number, count: number] | undefined
  readonly get?: ReadonlyArray<string> | undefined
  readonly order?: "asc" | "desc" | undefined
  readonly alpha?: boolean | undefined
}

const sortArgs = (key: Key, given: SortOptions | undefined): Array<Arg> => {
  const options = optional("SORT", given)
  const args: Array<Arg> = [key]
  if (options?.by !== undefined) args.push("BY", options.by)
  if (options?.limit !== undefined) args.push("LIMIT", ...listed("SORT", "limit", options.limit).slice(0, 2))
  for (const get of listed("SORT", "get", options?.get ?? [])) args.push("GET", get)
  if (options?.order !== undefined) args.push(word("SORT", "order", options.order, ["asc", "desc"]))
  if (options?.alpha === true) args.push("ALPHA")
  return args
}

const SORT_RO = define({ words: ["SORT_RO"], mode: "read", keys: 1, decode: Command.stringsWithNulls })
/** The sorted elements of a list, set or sorted set. Redis 7.0. */
export const sort = (key: Key, options?: SortOptions | undefined) => make(SORT_RO, sortArgs(key, options))

const SORT_STORE = define({
  words: ["SORT"],
  mode: "write",
  keys: (args) => [args[0] as Key, args[args.length - 1] as Key],
  decode: Command.int
})
/** Stores the sorted elements as a list. Its length. */
export const sortStore = (key: Key, destination: Key, options?: SortOptions | undefined) =>
  make(SORT_STORE, around(argv(), sortArgs(key, options), "STORE", destination))
