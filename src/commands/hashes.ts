/**
 * The hash commands: a hash has fields, each with a value.
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
  scanArgs,
  scanFields,
  type ScanOptions,
  type Variadic
} from "../internal/commands/args.ts"

const HGET = define({ words: ["HGET"], mode: "read", keys: 1, decode: Command.stringOrNull })
/**
 * HGET returns the value of a field of a hash, or `null` if the field or the key does not exist. Fails with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hget/
 * @since 0.1.0
 * @category hashes
 */
export const hget = (key: Key, field: Key) => make(HGET, argv(key, field))

const HSET = define({ words: ["HSET"], mode: "write", keys: 1, decode: Command.int })
/**
 * HSET sets fields of a hash and returns how many of them are new; fields that exist get the new value and are not
 * counted. A missing key is created. `fields` is a record, or an iterable of `[field, value]` pairs such as a
 * `Map`. Fails with WRONGTYPE if the key holds another type.
 *
 * **Example** (Fields from a record and from a `Map`)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const fromRecord = commands.hset("user:1", { name: "Ada", visits: 1 })
 * export const fromMap = commands.hset("user:1", new Map([["name", "Ada"]]))
 * ```
 *
 * @see https://redis.io/docs/latest/commands/hset/
 * @since 0.1.0
 * @category hashes
 */
export const hset = (key: Key, fields: Readonly<Record<string, Arg>> | Iterable<readonly [Key, Arg]>) =>
  make(HSET, appendPairs("HSET", [key], fields))

const HSETNX = define({ words: ["HSETNX"], mode: "write", keys: 1, decode: Command.flag })
/**
 * HSETNX sets a field of a hash if the field does not exist. The result is `true` if it was set, and `false` if it
 * exists. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hsetnx/
 * @since 0.1.0
 * @category hashes
 */
export const hsetnx = (key: Key, field: Key, value: Arg) => make(HSETNX, argv(key, field, value))

const HMGET = define({ words: ["HMGET"], mode: "read", keys: 1, decode: Command.stringsWithNulls })
/**
 * HMGET returns the values of several fields of a hash, in the order of `fields`, with `null` for each field that
 * does not exist. A missing key counts as an empty hash. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hmget/
 * @since 0.1.0
 * @category hashes
 */
export const hmget = (key: Key, ...fields: Variadic<Key>) =>
  make(HMGET, appendVariadic(HMGET.name, "fields", argv(key), fields))

const HGETALL = define({ words: ["HGETALL"], mode: "read", keys: 1, decode: Command.record })
/**
 * HGETALL returns all fields and values of a hash as a record, `{}` if the key does not exist. The names of fields
 * are strings in `redis.bytes.hgetall`, too; its values are bytes. Fails with WRONGTYPE if the key holds another
 * type.
 *
 * @see https://redis.io/docs/latest/commands/hgetall/
 * @since 0.1.0
 * @category hashes
 */
export const hgetall = (key: Key) => make(HGETALL, argv(key))

const HDEL = define({ words: ["HDEL"], mode: "write", keys: 1, decode: Command.int })
/**
 * HDEL removes fields of a hash and returns how many of them existed. A hash without fields is deleted. Fails with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hdel/
 * @since 0.1.0
 * @category hashes
 */
export const hdel = (key: Key, ...fields: Variadic<Key>) =>
  make(HDEL, appendVariadic(HDEL.name, "fields", argv(key), fields))

const HEXISTS = define({ words: ["HEXISTS"], mode: "read", keys: 1, decode: Command.flag })
/**
 * HEXISTS returns whether a hash has a field; `false` if the key does not exist. Fails with WRONGTYPE if the key
 * holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hexists/
 * @since 0.1.0
 * @category hashes
 */
export const hexists = (key: Key, field: Key) => make(HEXISTS, argv(key, field))

const HINCRBY = define({ words: ["HINCRBY"], mode: "write", keys: 1, decode: Command.int })
/**
 * HINCRBY adds an integer to the integer in a field of a hash and returns the new value. A missing field counts as
 * 0. Fails with ERR if the value or the increment is not an integer of 64 bits, or the result would not be one,
 * and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hincrby/
 * @since 0.1.0
 * @category hashes
 */
export const hincrby = (key: Key, field: Key, increment: number | bigint) => make(HINCRBY, argv(key, field, increment))

const HINCRBYFLOAT = define({ words: ["HINCRBYFLOAT"], mode: "write", keys: 1, decode: Command.float })
/**
 * HINCRBYFLOAT adds a number to the number in a field of a hash and returns the new value as a JavaScript number,
 * which may have fewer digits than the one that the server stores. A missing field counts as 0. Fails with ERR if
 * the value is not a number or the result would be infinite, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hincrbyfloat/
 * @since 0.1.0
 * @category hashes
 */
export const hincrbyfloat = (key: Key, field: Key, increment: number) => make(HINCRBYFLOAT, argv(key, field, increment))

const HKEYS = define({ words: ["HKEYS"], mode: "read", keys: 1, decode: Command.strings })
/**
 * HKEYS returns the names of all fields of a hash, in no order; `[]` if the key does not exist. Fails with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hkeys/
 * @since 0.1.0
 * @category hashes
 */
export const hkeys = (key: Key) => make(HKEYS, argv(key))

const HVALS = define({ words: ["HVALS"], mode: "read", keys: 1, decode: Command.strings })
/**
 * HVALS returns the values of all fields of a hash, in no order; `[]` if the key does not exist. Fails with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hvals/
 * @since 0.1.0
 * @category hashes
 */
export const hvals = (key: Key) => make(HVALS, argv(key))

const HLEN = define({ words: ["HLEN"], mode: "read", keys: 1, decode: Command.int })
/**
 * HLEN returns how many fields a hash has, 0 if the key does not exist. Fails with WRONGTYPE if the key holds
 * another type.
 *
 * @see https://redis.io/docs/latest/commands/hlen/
 * @since 0.1.0
 * @category hashes
 */
export const hlen = (key: Key) => make(HLEN, argv(key))

const HSTRLEN = define({ words: ["HSTRLEN"], mode: "read", keys: 1, decode: Command.int })
/**
 * HSTRLEN returns the length in bytes of the value of a field, 0 if the field or the key does not exist. Fails
 * with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hstrlen/
 * @since 0.1.0
 * @category hashes
 */
export const hstrlen = (key: Key, field: Key) => make(HSTRLEN, argv(key, field))

const HRANDFIELD = define({ words: ["HRANDFIELD"], mode: "read", keys: 1, decode: Command.stringOrNull })
/**
 * HRANDFIELD returns the name of a field of a hash at random, or `null` if the key does not exist. Fails with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hrandfield/
 * @since 0.1.0
 * @category hashes
 */
export const hrandfield = (key: Key) => make(HRANDFIELD, argv(key))

const HRANDFIELD_COUNT = define({ words: ["HRANDFIELD"], mode: "read", keys: 1, decode: Command.strings })
/**
 * HRANDFIELD with a count returns names of fields of a hash at random. A positive `count` gives that many
 * different ones, or all of them if there are fewer; a negative one gives exactly that many, among which a field
 * may come again. A missing key gives `[]`. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hrandfield/
 * @since 0.1.0
 * @category hashes
 */
export const hrandfieldCount = (key: Key, count: number) => make(HRANDFIELD_COUNT, argv(key, count))

const HRANDFIELD_PAIRS = define({ words: ["HRANDFIELD"], mode: "read", keys: 1, decode: Command.pairs })
/**
 * HRANDFIELD with WITHVALUES returns fields of a hash at random as `[field, value]` pairs. A positive `count`
 * gives that many different ones, or all of them if there are fewer; a negative one gives exactly that many, among
 * which a field may come again. A missing key gives `[]`. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hrandfield/
 * @since 0.1.0
 * @category hashes
 */
export const hrandfieldWithValues = (key: Key, count: number) => make(HRANDFIELD_PAIRS, argv(key, count, "WITHVALUES"))

const HSCAN = define({ words: ["HSCAN"], mode: "read", keys: 1, decode: Command.page(Command.pairs) })
/**
 * HSCAN returns a page of the fields of a hash as `[field, value]` pairs, and the cursor of the next page. The
 * cursor `"0"` begins, and is returned with the last page. A page may be empty before the last one, and a field
 * may come twice. A cursor belongs to one server: `hscanStream` keeps to it. Fails with ERR if the cursor is not a
 * number, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/hscan/
 * @since 0.1.0
 * @category hashes
 */
export const hscan = (key: Key, cursor: string, options?: ScanOptions | undefined) =>
  make(HSCAN, scanArgs(HSCAN.name, [key, cursor], options, scanFields))

const HSCAN_NOVALUES = define({ words: ["HSCAN"], mode: "read", keys: 1, decode: Command.page(Command.strings) })
/**
 * HSCAN with NOVALUES returns a page of the names of the fields of a hash, and the cursor of the next page, as
 * `hscan` does. Fails with ERR if the cursor is not a number, and with WRONGTYPE if the key holds another type. Needs
 * Redis 7.4 or Valkey 8.0.
 *
 * @see https://redis.io/docs/latest/commands/hscan/
 * @since 0.1.0
 * @category hashes
 */
export const hscanNovalues = (key: Key, cursor: string, options?: ScanOptions | undefined) =>
  make(HSCAN_NOVALUES, appendAll(argv(), scanArgs("HSCAN", [key, cursor], options, scanFields), "NOVALUES"))
