/**
 * The commands that combine sorted sets: unions, intersections and differences.
 * A plain set counts as a sorted set whose scores are 1.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import {
  appendAll,
  appendVariadic,
  argv,
  arrayOf,
  type FieldsOf,
  intercardArgs,
  keysAfterCount,
  keysOf,
  keyword,
  type OneOrMore,
  optionsOf,
  scoreArg,
  type Variadic
} from "../internal/commands/args.ts"

/**
 * Options of ZUNION, ZINTER, ZUNIONSTORE and ZINTERSTORE: the scores of the result.
 *
 * @since 0.1.0
 * @category models
 */
export interface CombineOptions {
  /** A factor for the scores of each key, in the order of the keys. Default 1 for each. */
  readonly weights?: ReadonlyArray<number> | undefined
  /**
   * How the scores of a member are combined: their sum, the least, the greatest, or, whatever they are, the sum of the
   * weights of the keys that have the member (`"count"`, which needs Redis 8.8). Default `"sum"`.
   */
  readonly aggregate?: "sum" | "min" | "max" | "count" | undefined
}

const combineFields: FieldsOf<CombineOptions> = { weights: "value", aggregate: "value" }

const combineArgs = (
  command: string,
  args: Array<Arg>,
  given: OneOrMore<Key>,
  options: CombineOptions | undefined
): Array<Arg> => {
  const keys = keysOf(command, given)
  const fields = optionsOf(command, options, combineFields)
  args.push(keys.length)
  appendAll(args, keys)
  if (fields?.weights !== undefined) {
    const weights = arrayOf(command, "weights", fields.weights)
    if (weights.length !== keys.length) {
      const detail = `weights: expected one for each of ${keys.length} keys, got ${weights.length}`
      throw new InvalidCommand({ command, detail })
    }
    appendAll(args, ["WEIGHTS", ...weights.map(scoreArg)])
  }
  if (fields?.aggregate !== undefined) {
    args.push("AGGREGATE", keyword(command, "aggregate", fields.aggregate, ["sum", "min", "max", "count"]))
  }
  return args
}

const destinationAndKeys = (
  args: ReadonlyArray<Arg>
): ReadonlyArray<Key> => [args[0] as Key, ...keysAfterCount(1)(args)]

const ZUNION = define({ words: ["ZUNION"], mode: "read", keys: keysAfterCount(0), decode: Command.strings })
/**
 * ZUNION returns the members that at least one of the sorted sets has, ordered from the lowest score to the
 * highest, and by their bytes where scores are equal; the options decide these scores. A missing key counts as an
 * empty sorted set, and a plain set as one whose scores are 1. Fails with `InvalidCommand` if `weights` has
 * another length than `keys`, and with WRONGTYPE if a key holds another type than a set or a sorted set.
 *
 * @see https://redis.io/docs/latest/commands/zunion/
 * @since 0.1.0
 * @category sorted sets
 */
export const zunion = (keys: OneOrMore<Key>, options?: CombineOptions | undefined) =>
  make(ZUNION, combineArgs(ZUNION.name, [], keys, options))

const ZUNION_SCORES = define({ words: ["ZUNION"], mode: "read", keys: keysAfterCount(0), decode: Command.scored })
/**
 * ZUNION with WITHSCORES returns the members that at least one of the sorted sets has, with the scores that the
 * options give them, ordered from the lowest score to the highest, and by their bytes where scores are equal. A
 * missing key counts as an empty sorted set, and a plain set as one whose scores are 1. Fails with
 * `InvalidCommand` if `weights` has another length than `keys`, and with WRONGTYPE if a key holds another type
 * than a set or a sorted set.
 *
 * **Example** (A weighted sum)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const total = commands.zunionWithScores(["likes", "shares"], { weights: [1, 3], aggregate: "sum" })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/zunion/
 * @since 0.1.0
 * @category sorted sets
 */
export const zunionWithScores = (keys: OneOrMore<Key>, options?: CombineOptions | undefined) =>
  make(ZUNION_SCORES, [...combineArgs(ZUNION_SCORES.name, [], keys, options), "WITHSCORES"])

const ZUNIONSTORE = define({ words: ["ZUNIONSTORE"], mode: "write", keys: destinationAndKeys, decode: Command.int })
/**
 * ZUNIONSTORE stores the members that at least one of the sorted sets has as a sorted set at `destination`, with
 * the scores that the options give them, and returns how many there are. It replaces a value of any type there; an
 * empty result deletes it. A missing key counts as an empty sorted set, and a plain set as one whose scores are 1.
 * Fails with `InvalidCommand` if `weights` has another length than `keys`, and with WRONGTYPE if a key holds
 * another type than a set or a sorted set.
 *
 * @see https://redis.io/docs/latest/commands/zunionstore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zunionstore = (destination: Key, keys: OneOrMore<Key>, options?: CombineOptions | undefined) =>
  make(ZUNIONSTORE, combineArgs(ZUNIONSTORE.name, [destination], keys, options))

const ZINTER = define({ words: ["ZINTER"], mode: "read", keys: keysAfterCount(0), decode: Command.strings })
/**
 * ZINTER returns the members that all of the sorted sets have, ordered from the lowest score to the highest, and
 * by their bytes where scores are equal; the options decide these scores. A missing key counts as an empty sorted
 * set, and a plain set as one whose scores are 1. Fails with `InvalidCommand` if `weights` has another length than
 * `keys`, and with WRONGTYPE if a key holds another type than a set or a sorted set.
 *
 * @see https://redis.io/docs/latest/commands/zinter/
 * @since 0.1.0
 * @category sorted sets
 */
export const zinter = (keys: OneOrMore<Key>, options?: CombineOptions | undefined) =>
  make(ZINTER, combineArgs(ZINTER.name, [], keys, options))

const ZINTER_SCORES = define({ words: ["ZINTER"], mode: "read", keys: keysAfterCount(0), decode: Command.scored })
/**
 * ZINTER with WITHSCORES returns the members that all of the sorted sets have, with the scores that the options
 * give them, ordered from the lowest score to the highest, and by their bytes where scores are equal. A missing
 * key counts as an empty sorted set, and a plain set as one whose scores are 1. Fails with `InvalidCommand` if
 * `weights` has another length than `keys`, and with WRONGTYPE if a key holds another type than a set or a sorted
 * set.
 *
 * @see https://redis.io/docs/latest/commands/zinter/
 * @since 0.1.0
 * @category sorted sets
 */
export const zinterWithScores = (keys: OneOrMore<Key>, options?: CombineOptions | undefined) =>
  make(ZINTER_SCORES, [...combineArgs(ZINTER_SCORES.name, [], keys, options), "WITHSCORES"])

const ZINTERSTORE = define({ words: ["ZINTERSTORE"], mode: "write", keys: destinationAndKeys, decode: Command.int })
/**
 * ZINTERSTORE stores the members that all of the sorted sets have as a sorted set at `destination`, with the
 * scores that the options give them, and returns how many there are. It replaces a value of any type there; an
 * empty result deletes it. A missing key counts as an empty sorted set, and a plain set as one whose scores are 1.
 * Fails with `InvalidCommand` if `weights` has another length than `keys`, and with WRONGTYPE if a key holds
 * another type than a set or a sorted set.
 *
 * @see https://redis.io/docs/latest/commands/zinterstore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zinterstore = (destination: Key, keys: OneOrMore<Key>, options?: CombineOptions | undefined) =>
  make(ZINTERSTORE, combineArgs(ZINTERSTORE.name, [destination], keys, options))

const ZINTERCARD = define({ words: ["ZINTERCARD"], mode: "read", keys: keysAfterCount(0), decode: Command.int })
/**
 * ZINTERCARD returns how many members all of the sorted sets have. With `limit` it stops counting there; 0 is no
 * limit. A missing key counts as an empty sorted set, and a plain set as one whose scores are 1. Fails with ERR if
 * `limit` is negative. Fails with WRONGTYPE if a key holds another type than a set or a sorted set. Needs Redis
 * 7.0.
 *
 * @see https://redis.io/docs/latest/commands/zintercard/
 * @since 0.1.0
 * @category sorted sets
 */
export const zintercard = (keys: OneOrMore<Key>, limit?: number | undefined) =>
  make(ZINTERCARD, intercardArgs(ZINTERCARD.name, keys, limit))

const diffArgs = (command: string, before: Array<Arg>, given: Variadic<Key>): Array<Arg> => {
  const keys = appendVariadic(command, "keys", argv(), given)
  before.push(keys.length)
  return appendAll(before, keys)
}

const ZDIFF = define({ words: ["ZDIFF"], mode: "read", keys: keysAfterCount(0), decode: Command.strings })
/**
 * ZDIFF returns the members of the first sorted set that none of the others has, ordered from the lowest score to
 * the highest, and by their bytes where scores are equal. A missing key counts as an empty sorted set, and a plain
 * set as one whose scores are 1. Fails with WRONGTYPE if a key holds another type than a set or a sorted set.
 *
 * @see https://redis.io/docs/latest/commands/zdiff/
 * @since 0.1.0
 * @category sorted sets
 */
export const zdiff = (...keys: Variadic<Key>) => make(ZDIFF, diffArgs(ZDIFF.name, argv(), keys))

const ZDIFF_SCORES = define({ words: ["ZDIFF"], mode: "read", keys: keysAfterCount(0), decode: Command.scored })
/**
 * ZDIFF with WITHSCORES returns the members of the first sorted set that none of the others has, with their scores
 * in the first, ordered from the lowest score to the highest, and by their bytes where scores are equal. A missing
 * key counts as an empty sorted set, and a plain set as one whose scores are 1. Fails with WRONGTYPE if a key
 * holds another type than a set or a sorted set.
 *
 * @see https://redis.io/docs/latest/commands/zdiff/
 * @since 0.1.0
 * @category sorted sets
 */
export const zdiffWithScores = (...keys: Variadic<Key>) =>
  make(ZDIFF_SCORES, appendAll(argv(), diffArgs(ZDIFF.name, argv(), keys), "WITHSCORES"))

const ZDIFFSTORE = define({ words: ["ZDIFFSTORE"], mode: "write", keys: destinationAndKeys, decode: Command.int })
/**
 * ZDIFFSTORE stores the members of the first of `keys` that none of the others has, with their scores in the
 * first, as a sorted set at `destination`, and returns how many there are. It replaces a value of any type there;
 * an empty result deletes it. A missing key counts as an empty sorted set, and a plain set as one whose scores are
 * 1. Fails with WRONGTYPE if a key holds another type than a set or a sorted set.
 *
 * @see https://redis.io/docs/latest/commands/zdiffstore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zdiffstore = (destination: Key, ...keys: Variadic<Key>) =>
  make(ZDIFFSTORE, diffArgs(ZDIFFSTORE.name, argv(destination), keys))
