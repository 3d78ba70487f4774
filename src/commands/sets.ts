/**
 * The commands on sets, whose members have no order.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import {
  appendVariadic,
  argv,
  type FieldsOf,
  intercardArgs,
  keysAfterCount,
  type OneOrMore,
  optionsOf,
  scanArgs,
  scanFields,
  type ScanOptions,
  type Variadic
} from "../internal/commands/args.ts"

const SADD = define({ words: ["SADD"], mode: "write", keys: 1, decode: Command.int })
/**
 * SADD adds members to a set and returns how many of them are new. A missing key is created. Fails with WRONGTYPE
 * if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/sadd/
 * @since 0.1.0
 * @category sets
 */
export const sadd = (key: Key, ...members: Variadic<Arg>) =>
  make(SADD, appendVariadic(SADD.name, "members", argv(key), members))

const SREM = define({ words: ["SREM"], mode: "write", keys: 1, decode: Command.int })
/**
 * SREM removes members of a set and returns how many of them the set had. A set without members is deleted. Fails
 * with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/srem/
 * @since 0.1.0
 * @category sets
 */
export const srem = (key: Key, ...members: Variadic<Arg>) =>
  make(SREM, appendVariadic(SREM.name, "members", argv(key), members))

const SMEMBERS = define({ words: ["SMEMBERS"], mode: "read", keys: 1, decode: Command.strings })
/**
 * SMEMBERS returns all members of a set, in no order; `[]` if the key does not exist. `sscanStream` reads a large
 * set in pages. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/smembers/
 * @since 0.1.0
 * @category sets
 */
export const smembers = (key: Key) => make(SMEMBERS, argv(key))

const SISMEMBER = define({ words: ["SISMEMBER"], mode: "read", keys: 1, decode: Command.flag })
/**
 * SISMEMBER returns whether a set has a member; `false` if the key does not exist. Fails with WRONGTYPE if the key
 * holds another type.
 *
 * @see https://redis.io/docs/latest/commands/sismember/
 * @since 0.1.0
 * @category sets
 */
export const sismember = (key: Key, member: Arg) => make(SISMEMBER, argv(key, member))

const SMISMEMBER = define({ words: ["SMISMEMBER"], mode: "read", keys: 1, decode: Command.flags })
/**
 * SMISMEMBER returns whether a set has each of several members, in their order; `false` for all if the key does
 * not exist. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/smismember/
 * @since 0.1.0
 * @category sets
 */
export const smismember = (key: Key, ...members: Variadic<Arg>) =>
  make(SMISMEMBER, appendVariadic(SMISMEMBER.name, "members", argv(key), members))

const SCARD = define({ words: ["SCARD"], mode: "read", keys: 1, decode: Command.int })
/**
 * SCARD returns how many members a set has, 0 if the key does not exist. Fails with WRONGTYPE if the key holds
 * another type.
 *
 * @see https://redis.io/docs/latest/commands/scard/
 * @since 0.1.0
 * @category sets
 */
export const scard = (key: Key) => make(SCARD, argv(key))

const SPOP = define({ words: ["SPOP"], mode: "write", keys: 1, decode: Command.stringOrNull })
/**
 * SPOP removes a member of a set at random and returns it, or `null` if the key does not exist. Fails with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/spop/
 * @since 0.1.0
 * @category sets
 */
export const spop = (key: Key) => make(SPOP, argv(key))

const SPOP_COUNT = define({ words: ["SPOP"], mode: "write", keys: 1, decode: Command.strings })
/**
 * SPOP with a count removes up to `count` members of a set at random and returns them; `[]` if the key does not
 * exist. Fails with ERR if `count` is negative, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/spop/
 * @since 0.1.0
 * @category sets
 */
export const spopCount = (key: Key, count: number) => make(SPOP_COUNT, argv(key, count))

const SRANDMEMBER = define({ words: ["SRANDMEMBER"], mode: "read", keys: 1, decode: Command.stringOrNull })
/**
 * SRANDMEMBER returns a member of a set at random, which stays in the set, or `null` if the key does not exist.
 * Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/srandmember/
 * @since 0.1.0
 * @category sets
 */
export const srandmember = (key: Key) => make(SRANDMEMBER, argv(key))

const SRANDMEMBER_COUNT = define({ words: ["SRANDMEMBER"], mode: "read", keys: 1, decode: Command.strings })
/**
 * SRANDMEMBER with a count returns members of a set at random, which stay in the set. A positive `count` gives
 * that many different ones, or all of them if there are fewer; a negative one gives exactly that many, among which
 * a member may come again. A missing key gives `[]`. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/srandmember/
 * @since 0.1.0
 * @category sets
 */
export const srandmemberCount = (key: Key, count: number) => make(SRANDMEMBER_COUNT, argv(key, count))

const SMOVE = define({ words: ["SMOVE"], mode: "write", keys: 2, decode: Command.flag })
/**
 * SMOVE moves a member from one set to another, atomically. The result is `true` if it was moved, and `false` if
 * `source` does not have it. Fails with WRONGTYPE if a key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/smove/
 * @since 0.1.0
 * @category sets
 */
export const smove = (source: Key, destination: Key, member: Arg) => make(SMOVE, argv(source, destination, member))

const SINTER = define({ words: ["SINTER"], mode: "read", keys: "all", decode: Command.strings })
/**
 * SINTER returns the members that all of the sets have, in no order. A missing key counts as an empty set. Fails
 * with WRONGTYPE if a key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/sinter/
 * @since 0.1.0
 * @category sets
 */
export const sinter = (...keys: Variadic<Key>) => make(SINTER, appendVariadic(SINTER.name, "keys", argv(), keys))

const SINTERSTORE = define({ words: ["SINTERSTORE"], mode: "write", keys: "all", decode: Command.int })
/**
 * SINTERSTORE stores the members that all of the sets have as a set at `destination`, and returns how many there
 * are. It replaces a value of any type there; an empty result deletes it. A missing key counts as an empty set.
 * Fails with WRONGTYPE if one of `keys` holds another type.
 *
 * @see https://redis.io/docs/latest/commands/sinterstore/
 * @since 0.1.0
 * @category sets
 */
export const sinterstore = (destination: Key, ...keys: Variadic<Key>) =>
  make(SINTERSTORE, appendVariadic(SINTERSTORE.name, "keys", argv(destination), keys))

const SINTERCARD = define({ words: ["SINTERCARD"], mode: "read", keys: keysAfterCount(0), decode: Command.int })
/**
 * SINTERCARD returns how many members all of the sets have. With `limit` it stops counting there; 0 is no limit. A
 * missing key counts as an empty set. Fails with ERR if `limit` is negative, and with WRONGTYPE if a key holds
 * another type. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/sintercard/
 * @since 0.1.0
 * @category sets
 */
export const sintercard = (keys: OneOrMore<Key>, limit?: number | undefined) =>
  make(SINTERCARD, intercardArgs(SINTERCARD.name, keys, limit))

const SUNION = define({ words: ["SUNION"], mode: "read", keys: "all", decode: Command.strings })
/**
 * SUNION returns the members that at least one of the sets has, each once, in no order. A missing key counts as an
 * empty set. Fails with WRONGTYPE if a key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/sunion/
 * @since 0.1.0
 * @category sets
 */
export const sunion = (...keys: Variadic<Key>) => make(SUNION, appendVariadic(SUNION.name, "keys", argv(), keys))

const SUNIONSTORE = define({ words: ["SUNIONSTORE"], mode: "write", keys: "all", decode: Command.int })
/**
 * SUNIONSTORE stores the members that at least one of the sets has as a set at `destination`, and returns how many
 * there are. It replaces a value of any type there; an empty result deletes it. A missing key counts as an empty
 * set. Fails with WRONGTYPE if one of `keys` holds another type.
 *
 * @see https://redis.io/docs/latest/commands/sunionstore/
 * @since 0.1.0
 * @category sets
 */
export const sunionstore = (destination: Key, ...keys: Variadic<Key>) =>
  make(SUNIONSTORE, appendVariadic(SUNIONSTORE.name, "keys", argv(destination), keys))

const SDIFF = define({ words: ["SDIFF"], mode: "read", keys: "all", decode: Command.strings })
/**
 * SDIFF returns the members of the first set that none of the others has, in no order. A missing key counts as an
 * empty set. Fails with WRONGTYPE if a key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/sdiff/
 * @since 0.1.0
 * @category sets
 */
export const sdiff = (...keys: Variadic<Key>) => make(SDIFF, appendVariadic(SDIFF.name, "keys", argv(), keys))

const SDIFFSTORE = define({ words: ["SDIFFSTORE"], mode: "write", keys: "all", decode: Command.int })
/**
 * SDIFFSTORE stores the members of the first of `keys` that none of the others has as a set at `destination`, and
 * returns how many there are. It replaces a value of any type there; an empty result deletes it. A missing key
 * counts as an empty set. Fails with WRONGTYPE if one of `keys` holds another type.
 *
 * @see https://redis.io/docs/latest/commands/sdiffstore/
 * @since 0.1.0
 * @category sets
 */
export const sdiffstore = (destination: Key, ...keys: Variadic<Key>) =>
  make(SDIFFSTORE, appendVariadic(SDIFFSTORE.name, "keys", argv(destination), keys))

const SDIFFCARD = define({ words: ["SDIFFCARD"], mode: "read", keys: keysAfterCount(0), decode: Command.int })
/**
 * SDIFFCARD returns how many members the first set has that none of the others has. With `limit` it stops counting
 * there; 0 is no limit. A missing key counts as an empty set. Fails with ERR if `limit` is negative, and with
 * WRONGTYPE if a key holds another type. Needs Redis 8.10.
 *
 * @see https://redis.io/docs/latest/commands/sdiffcard/
 * @since 0.1.0
 * @category sets
 */
export const sdiffcard = (keys: OneOrMore<Key>, limit?: number | undefined) =>
  make(SDIFFCARD, intercardArgs(SDIFFCARD.name, keys, limit))

/**
 * Options of SUNIONCARD.
 *
 * @since 0.1.0
 * @category models
 */
export interface SunioncardOptions {
  /** Whether the result may be an estimate, which takes less memory; its standard error is 0.81 % (APPROX). */
  readonly approximate?: boolean | undefined
  /** Where counting stops; 0 is no limit. Default 0. */
  readonly limit?: number | undefined
}

const SUNIONCARD = define({ words: ["SUNIONCARD"], mode: "read", keys: keysAfterCount(0), decode: Command.int })
const sunioncardFields: FieldsOf<SunioncardOptions> = { approximate: "flag", limit: "value" }

/**
 * SUNIONCARD returns how many members the sets have together, each counted once. A missing key counts as an empty
 * set. Fails with ERR if `limit` is negative, and with WRONGTYPE if a key holds another type. Needs Redis 8.10.
 *
 * @see https://redis.io/docs/latest/commands/sunioncard/
 * @since 0.1.0
 * @category sets
 */
export const sunioncard = (keys: OneOrMore<Key>, options?: SunioncardOptions | undefined) => {
  const given = optionsOf(SUNIONCARD.name, options, sunioncardFields)
  const args = intercardArgs(SUNIONCARD.name, keys, undefined)
  if (given?.approximate === true) args.push("APPROX")
  if (given?.limit !== undefined) args.push("LIMIT", given.limit)
  return make(SUNIONCARD, args)
}

const SSCAN = define({ words: ["SSCAN"], mode: "read", keys: 1, decode: Command.page(Command.strings) })
/**
 * SSCAN returns a page of the members of a set, and the cursor of the next page. The cursor `"0"` begins, and is
 * returned with the last page. A page may be empty before the last one, and a member may come twice. A cursor
 * belongs to one server: `sscanStream` keeps to it. Fails with ERR if the cursor is not a number, and with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/sscan/
 * @since 0.1.0
 * @category sets
 */
export const sscan = (key: Key, cursor: string, options?: ScanOptions | undefined) =>
  make(SSCAN, scanArgs(SSCAN.name, [key, cursor], options, scanFields))
