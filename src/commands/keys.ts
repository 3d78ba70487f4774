/**
 * The commands on keys of any type: existence, renaming, copies, scanning. Their
 * expiry is in expiry.ts, SORT in sorting.ts.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import {
  appendVariadic,
  argv,
  exclusive,
  type FieldsOf,
  optionsOf,
  scanArgs,
  type ScanOptions,
  type Variadic
} from "../internal/commands/args.ts"
import { type DurationInput, epochMillisOf, millisOf, type Moment } from "../internal/commands/time.ts"
import type { NotWith } from "./options.ts"

/**
 * The type of a value, as TYPE names it; `"none"` where there is no key. Modules
 * have types of their own.
 *
 * @since 0.1.0
 * @category models
 */
export type ValueType = "string" | "list" | "set" | "zset" | "hash" | "stream" | "none" | (string & {})

const DEL = define({ words: ["DEL"], mode: "write", keys: "all", decode: Command.int })
/**
 * DEL deletes keys of any type and returns how many of them existed. The server frees the memory before it
 * replies; UNLINK does not.
 *
 * @see https://redis.io/docs/latest/commands/del/
 * @since 0.1.0
 * @category keys
 */
export const del = (...keys: Variadic<Key>) => make(DEL, appendVariadic(DEL.name, "keys", argv(), keys))

const UNLINK = define({ words: ["UNLINK"], mode: "write", keys: "all", decode: Command.int })
/**
 * UNLINK deletes keys of any type and returns how many of them existed. The server frees the memory later, in
 * another thread.
 *
 * @see https://redis.io/docs/latest/commands/unlink/
 * @since 0.1.0
 * @category keys
 */
export const unlink = (...keys: Variadic<Key>) => make(UNLINK, appendVariadic(UNLINK.name, "keys", argv(), keys))

const EXISTS = define({ words: ["EXISTS"], mode: "read", keys: "all", decode: Command.int })
/**
 * EXISTS returns how many of the keys exist. A key that is named twice counts twice.
 *
 * @see https://redis.io/docs/latest/commands/exists/
 * @since 0.1.0
 * @category keys
 */
export const exists = (...keys: Variadic<Key>) => make(EXISTS, appendVariadic(EXISTS.name, "keys", argv(), keys))

const TOUCH = define({ words: ["TOUCH"], mode: "read", keys: "all", decode: Command.int })
/**
 * TOUCH sets the time of the last access of keys to now, and returns how many of them exist.
 *
 * @see https://redis.io/docs/latest/commands/touch/
 * @since 0.1.0
 * @category keys
 */
export const touch = (...keys: Variadic<Key>) => make(TOUCH, appendVariadic(TOUCH.name, "keys", argv(), keys))

const TYPE = define({ words: ["TYPE"], mode: "read", keys: 1, decode: Command.word })
/**
 * TYPE returns the type of the value at a key, such as `"string"` or `"zset"`, or `"none"` if the key does not
 * exist.
 *
 * @see https://redis.io/docs/latest/commands/type/
 * @since 0.1.0
 * @category keys
 */
export const type = (key: Key): Command.Command<ValueType, "read"> => make(TYPE, argv(key))

const RENAME = define({ words: ["RENAME"], mode: "write", keys: 2, decode: Command.ok })
/**
 * RENAME gives a key another name, keeps its expiry, and returns `"OK"`. A key that has the new name is replaced.
 * Fails with ERR if `key` does not exist.
 *
 * @see https://redis.io/docs/latest/commands/rename/
 * @since 0.1.0
 * @category keys
 */
export const rename = (key: Key, newKey: Key) => make(RENAME, argv(key, newKey))

const RENAMENX = define({ words: ["RENAMENX"], mode: "write", keys: 2, decode: Command.flag })
/**
 * RENAMENX gives a key another name if no key has that name. The result is `true` if it was renamed, and `false`
 * if the new name is taken. Fails with ERR if `key` does not exist.
 *
 * @see https://redis.io/docs/latest/commands/renamenx/
 * @since 0.1.0
 * @category keys
 */
export const renamenx = (key: Key, newKey: Key) => make(RENAMENX, argv(key, newKey))

const COPY = define({ words: ["COPY"], mode: "write", keys: 2, decode: Command.flag })
const copyFields = { db: "value", replace: "flag" } as const

/**
 * COPY copies the value and the expiry of a key to another key. The result is `true` if it was copied, and `false`
 * if the source does not exist, or the destination exists and `replace` is not `true`. Fails with ERR if both are
 * the same key of the same database, or the database does not exist.
 *
 * @see https://redis.io/docs/latest/commands/copy/
 * @since 0.1.0
 * @category keys
 */
export const copy = (
  source: Key,
  destination: Key,
  options?: {
    /** The number of the destination's database. Default: the session's own. */
    readonly db?: number | undefined
    /** Whether a key at the destination is replaced. Default false. */
    readonly replace?: boolean | undefined
  } | undefined
) => {
  const args: Array<Arg> = [source, destination]
  const given = optionsOf("COPY", options, copyFields)
  if (given?.db !== undefined) args.push("DB", given.db)
  if (given?.replace === true) args.push("REPLACE")
  return make(COPY, args)
}

const MOVE = define({ words: ["MOVE"], mode: "write", keys: 1, decode: Command.flag })
/**
 * MOVE moves a key to another database of the same server. The result is `true` if it was moved, and `false` if
 * the key does not exist or the other database has one of that name. Fails with ERR if it is the same database, or
 * one that does not exist.
 *
 * @see https://redis.io/docs/latest/commands/move/
 * @since 0.1.0
 * @category keys
 */
export const move = (key: Key, db: number) => make(MOVE, argv(key, db))

const KEYS = define({ words: ["KEYS"], mode: "read", decode: Command.strings })
/**
 * KEYS returns all keys of the database that match a glob pattern (`*`, `?`, `[a-c]`, `\` to escape), in no order.
 * It looks at every key and blocks the server meanwhile; `scanStream` does not.
 *
 * @see https://redis.io/docs/latest/commands/keys/
 * @since 0.1.0
 * @category keys
 */
export const keys = (pattern: string) => make(KEYS, argv(pattern))

const RANDOMKEY = define({ words: ["RANDOMKEY"], mode: "read", decode: Command.stringOrNull })
/**
 * RANDOMKEY returns one of the keys of the database at random, or `null` if the database is empty.
 *
 * @see https://redis.io/docs/latest/commands/randomkey/
 * @since 0.1.0
 * @category keys
 */
export const randomkey = () => make(RANDOMKEY, argv())

const DUMP = define({
  words: ["DUMP"],
  mode: "read",
  keys: 1,
  decode: Command.nullable(Command.custom<Uint8Array>((v) => v as Uint8Array))
})
/**
 * DUMP returns the value at a key as bytes in the server's own serialisation, or `null` if the key does not exist.
 * RESTORE reads them. The expiry is not part of them.
 *
 * @see https://redis.io/docs/latest/commands/dump/
 * @since 0.1.0
 * @category keys
 */
export const dump = (key: Key): Command.Command<Uint8Array | null, "read"> => Command.bytes(make(DUMP, argv(key)))

/**
 * Options of RESTORE with the moment of the expiry.
 *
 * @since 0.1.0
 * @category models
 */
export interface RestoreExpireAt {
  /** When the key expires; nothing is stored if the moment is in the past (ABSTTL). */
  readonly expireAt?: Moment | undefined
  /** Not with `expireAt`. */
  readonly ttl?: NotWith<"expireAt"> | undefined
}

/**
 * Options of RESTORE with a time to live.
 *
 * @since 0.1.0
 * @category models
 */
export interface RestoreTtl {
  /** How long the key lives, such as `"60 seconds"`. */
  readonly ttl?: DurationInput | undefined
  /** Not with `ttl`. */
  readonly expireAt?: NotWith<"ttl"> | undefined
}

/**
 * Options of RESTORE for a server that evicts the keys that are used least often.
 *
 * @since 0.1.0
 * @category models
 */
export interface RestoreFrequency {
  /** How often the key counts as used, from 0 to 255 (FREQ). */
  readonly frequency?: number | undefined
  /** Not with `frequency`. */
  readonly idleTime?: NotWith<"frequency"> | undefined
}

/**
 * Options of RESTORE for a server that evicts the keys that were not used for the longest
 * time.
 *
 * @since 0.1.0
 * @category models
 */
export interface RestoreIdleTime {
  /** How long ago the key counts as used last; rounded up to seconds (IDLETIME). */
  readonly idleTime?: DurationInput | undefined
  /** Not with `idleTime`. */
  readonly frequency?: NotWith<"idleTime"> | undefined
}

/**
 * Options of RESTORE: at most one of `ttl` and `expireAt`, without which the key does not
 * expire, and at most one of `idleTime` and `frequency`.
 *
 * @since 0.1.0
 * @category models
 */
export type RestoreOptions =
  & {
    /** Whether a key that exists is replaced. Default false. */
    readonly replace?: boolean | undefined
  }
  & (RestoreExpireAt | RestoreTtl)
  & (RestoreFrequency | RestoreIdleTime)

const RESTORE = define({ words: ["RESTORE"], mode: "write", keys: 1, decode: Command.ok })
const restoreFields: FieldsOf<RestoreOptions> = {
  replace: "flag",
  expireAt: "value",
  ttl: "value",
  frequency: "value",
  idleTime: "value"
}

/**
 * RESTORE creates a key from the bytes that DUMP returned, and returns `"OK"`. Fails with BUSYKEY if the key
 * exists and `replace` is not `true`, with ERR if the bytes are damaged or from a later version of the server, and
 * with `InvalidCommand` for both of `ttl` and `expireAt`, or both of `idleTime` and `frequency`.
 *
 * **Example** (A copy that lives for an hour)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const bytes = yield* redis.dump("report")
 *   if (bytes !== null) yield* redis.restore("report:copy", bytes, { ttl: "1 hour", replace: true })
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/restore/
 * @since 0.1.0
 * @category keys
 */
export const restore = (key: Key, value: Uint8Array, options?: RestoreOptions | undefined) => {
  const given = optionsOf("RESTORE", options, restoreFields)
  if (given !== undefined) {
    exclusive("RESTORE", given, ["ttl", "expireAt"])
    exclusive("RESTORE", given, ["idleTime", "frequency"])
  }
  const time = given?.ttl !== undefined
    ? millisOf("RESTORE", "ttl", given.ttl as DurationInput)
    : given?.expireAt !== undefined
    ? epochMillisOf("RESTORE", "expireAt", given.expireAt as Moment)
    : 0
  const args: Array<Arg> = [key, time, value]
  if (given?.replace === true) args.push("REPLACE")
  if (given?.expireAt !== undefined) args.push("ABSTTL")
  if (given?.idleTime !== undefined) {
    args.push("IDLETIME", Math.ceil(millisOf("RESTORE", "idleTime", given.idleTime as DurationInput) / 1000))
  }
  if (given?.frequency !== undefined) args.push("FREQ", given.frequency)
  return make(RESTORE, args)
}

const scanFields = { match: "value", count: "value", type: "value" } as const

const SCAN = define({ words: ["SCAN"], mode: "read", decode: Command.page(Command.strings) })
/**
 * SCAN returns a page of the keys of the database, and the cursor of the next page. The cursor `"0"` begins, and
 * is returned with the last page. A page may be empty before the last one; a key may come twice; a key that exists
 * during the whole scan comes at least once. Fails with ERR if the cursor is not a number. A cursor belongs to one
 * server: `scanStream` keeps to it.
 *
 * **Example** (All pages)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const users = new Set<string>()
 *   let cursor = "0"
 *   do {
 *     const page = yield* redis.scan(cursor, { match: "user:*", count: 500, type: "hash" })
 *     for (const key of page.items) users.add(key)
 *     cursor = page.cursor
 *   } while (cursor !== "0")
 *   return users
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/scan/
 * @since 0.1.0
 * @category keys
 */
export const scan = (
  cursor: string,
  options?:
    | (ScanOptions & {
      /** Only keys of this type. Default: of any type. */
      readonly type?: ValueType | undefined
    })
    | undefined
) => {
  const args = scanArgs(SCAN.name, [cursor], options, scanFields)
  if (options?.type !== undefined) args.push("TYPE", options.type)
  return make(SCAN, args)
}

const OBJECT_ENCODING = define({ words: ["OBJECT", "ENCODING"], mode: "read", keys: 1, decode: Command.wordOrNull })
/**
 * OBJECT ENCODING returns how the server stores the value at a key, such as `"listpack"` or `"skiplist"`, or
 * `null` if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/object-encoding/
 * @since 0.1.0
 * @category keys
 */
export const objectEncoding = (key: Key) => make(OBJECT_ENCODING, argv(key))

const OBJECT_FREQ = define({ words: ["OBJECT", "FREQ"], mode: "read", keys: 1, decode: Command.intOrNull })
/**
 * OBJECT FREQ returns how often a key is used, as the server counts it: from 0 to 255, on a logarithmic scale that
 * sinks with time; `null` if the key does not exist. Fails with ERR if the server's `maxmemory-policy` does not count
 * accesses (LFU).
 *
 * @see https://redis.io/docs/latest/commands/object-freq/
 * @since 0.1.0
 * @category keys
 */
export const objectFreq = (key: Key) => make(OBJECT_FREQ, argv(key))

const OBJECT_IDLETIME = define({
  words: ["OBJECT", "IDLETIME"],
  mode: "read",
  keys: 1,
  decode: Command.nullable(Command.map(Command.int, (seconds) => Duration.seconds(seconds)))
})
/**
 * OBJECT IDLETIME returns how long ago a key was used last, to the second, or `null` if the key does not exist.
 * Fails with ERR if the server's `maxmemory-policy` counts accesses (LFU).
 *
 * @see https://redis.io/docs/latest/commands/object-idletime/
 * @since 0.1.0
 * @category keys
 */
export const objectIdletime = (key: Key) => make(OBJECT_IDLETIME, argv(key))

const OBJECT_REFCOUNT = define({ words: ["OBJECT", "REFCOUNT"], mode: "read", keys: 1, decode: Command.intOrNull })
/**
 * OBJECT REFCOUNT returns how many references the server has to the value at a key, or `null` if the key does not
 * exist.
 *
 * @see https://redis.io/docs/latest/commands/object-refcount/
 * @since 0.1.0
 * @category keys
 */
export const objectRefcount = (key: Key) => make(OBJECT_REFCOUNT, argv(key))
