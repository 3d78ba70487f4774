/**
 * The hash commands.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import {
  alternate,
  argv,
  around,
  listed,
  scanArgs,
  type ScanOptions,
  type Several,
  several
} from "../internal/commands/args.ts"

const { define, own: make } = Command

const HGET = define({ words: ["HGET"], mode: "read", keys: 1, decode: Command.stringOrNull })
/** The value of a field, or null. */
export const hget = (key: Key, field: Key) => make(HGET, argv(key, field))

const HSET = define({ words: ["HSET"], mode: "write", keys: 1, decode: Command.int })
/** Sets fields. How many are new. */
export const hset = (key: Key, fields: Readonly<Record<string, Arg>> | Iterable<readonly [Key, Arg]>) =>
  make(HSET, alternate("HSET", [key], fields))

const HSETNX = define({ words: ["HSETNX"], mode: "write", keys: 1, decode: Command.flag })
/** Sets a field, if it does not exist. */
export const hsetnx = (key: Key, field: Key, value: Arg) => make(HSETNX, argv(key, field, value))

const HMGET = define({ words: ["HMGET"], mode: "read", keys: 1, decode: Command.stringsWithNulls })
/** The values of many fields, in their order; null for those that do not exist. */
export const hmget = (key: Key, fields: ReadonlyArray<Key>) =>
  make(HMGET, around(argv(key), listed("HMGET", "fields", fields)))

const HGETALL = define({ words: ["HGETALL"], mode: "read", keys: 1, decode: Command.record })
/** All fields and values. Empty where the key does not exist. */
export const hgetall = (key: Key) => make(HGETALL, argv(key))

const HDEL = define({ words: ["HDEL"], mode: "write", keys: 1, decode: Command.int })
/** Deletes fields. How many existed. */
export const hdel = (key: Key, ...fields: Several<Key>) => make(HDEL, several(argv(key), fields))

const HEXISTS = define({ words: ["HEXISTS"], mode: "read", keys: 1, decode: Command.flag })
/** Whether a field exists. */
export const hexists = (key: Key, field: Key) => make(HEXISTS, argv(key, field))

const HINCRBY = define({ words: ["HINCRBY"], mode: "write", keys: 1, decode: Command.int })
/** Adds an integer to a field. The new value. */
export const hincrby = (key: Key, field: Key, increment: number | bigint) => make(HINCRBY, argv(key, field, increment))

const HINCRBYFLOAT = define({ words: ["HINCRBYFLOAT"], mode: "write", keys: 1, decode: Command.float })
/** Adds a number to a field. The new value. */
export const hincrbyfloat = (key: Key, field: Key, increment: number) => make(HINCRBYFLOAT, argv(key, field, increment))

const HKEYS = define({ words: ["HKEYS"], mode: "read", keys: 1, decode: Command.strings })
/** All fields. */
export const hkeys = (key: Key) => make(HKEYS, argv(key))

const HVALS = define({ words: ["HVALS"], mode: "read", keys: 1, decode: Command.strings })
/** All values. */
export const hvals = (key: Key) => make(HVALS, argv(key))

const HLEN = define({ words: ["HLEN"], mode: "read", keys: 1, decode: Command.int })
/** How many fields there are. */
export const hlen = (key: Key) => make(HLEN, argv(key))

const HSTRLEN = define({ words: ["HSTRLEN"], mode: "read", keys: 1, decode: Command.int })
/** The length of a field's value in bytes. */
export const hstrlen = (key: Key, field: Key) => make(HSTRLEN, argv(key, field))

const HRANDFIELD = define({ words: ["HRANDFIELD"], mode: "read", keys: 1, decode: Command.strings })
/** Random fields; a negative count allows repetitions. */
export const hrandfield = (key: Key, count: number) => make(HRANDFIELD, argv(key, count))

const HRANDFIELD_PAIRS = define({ words: ["HRANDFIELD"], mode: "read", keys: 1, decode: Command.pairs })
/** Random fields with their values. */
export const hrandfieldWithValues = (key: Key, count: number) => make(HRANDFIELD_PAIRS, argv(key, count, "WITHVALUES"))

const HSCAN = define({ words: ["HSCAN"], mode: "read", keys: 1, decode: Command.page(Command.pairs) })
/** One page of the fields and values, from a cursor. */
export const hscan = (key: Key, cursor: string, options?: ScanOptions | undefined) =>
  make(HSCAN, scanArgs([key, cursor], options))
