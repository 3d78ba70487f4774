/**
 * Commands on strings, lists, hashes and sorted sets that Redis has replaced by others
 * and still runs. The older searches for places are in geoRadius.ts.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { appendPairs, argv, arrayOf, type FieldsOf, optionsOf, scoreArg } from "../internal/commands/args.ts"
import {
  type DurationInput,
  isWholeSeconds,
  millisOf,
  type TimeoutInput,
  timeoutSeconds
} from "../internal/commands/time.ts"
import type { LexBound, ScoreBound } from "./sortedSetRanges.ts"

const GETSET = define({ words: ["GETSET"], mode: "write", keys: 1, decode: Command.stringOrNull })
/**
 * GETSET stores a string at a key and returns the string that the key had before, or `null` if the key did not
 * exist. Fails with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `setGet`.
 * @see https://redis.io/docs/latest/commands/getset/
 * @since 0.1.0
 * @category strings
 */
export const getset = (key: Key, value: Arg) => make(GETSET, argv(key, value))

const PSETEX = define({ words: ["PSETEX"], mode: "write", keys: 1, decode: Command.ok })
const SETEX = define({ words: ["SETEX"], mode: "write", keys: 1, decode: Command.ok })
/**
 * SETEX stores a string at a key with a time to live, and returns `"OK"`. A time with a fraction of a second is sent as
 * PSETEX.
 *
 * @deprecated Use `set` with `ttl`.
 * @see https://redis.io/docs/latest/commands/setex/
 * @see https://redis.io/docs/latest/commands/psetex/
 * @since 0.1.0
 * @category strings
 */
export const setex = (key: Key, ttl: DurationInput, value: Arg) => {
  const millis = millisOf(SETEX.name, "ttl", ttl)
  return isWholeSeconds(millis) ? make(SETEX, argv(key, millis / 1000, value)) : make(PSETEX, argv(key, millis, value))
}

/**
 * PSETEX stores a string at a key with a time to live in milliseconds, and returns `"OK"`.
 *
 * @deprecated Use `set` with `ttl`.
 * @see https://redis.io/docs/latest/commands/psetex/
 * @since 0.1.0
 * @category strings
 */
export const psetex = (key: Key, ttl: DurationInput, value: Arg) =>
  make(PSETEX, argv(key, millisOf("PSETEX", "ttl", ttl), value))

const SETNX = define({ words: ["SETNX"], mode: "write", keys: 1, decode: Command.flag })
/**
 * SETNX stores a string at a key that does not exist. The result is whether it was stored.
 *
 * @deprecated Use `set` with `when: "nx"`.
 * @see https://redis.io/docs/latest/commands/setnx/
 * @since 0.1.0
 * @category strings
 */
export const setnx = (key: Key, value: Arg) => make(SETNX, argv(key, value))

const SUBSTR = define({ words: ["SUBSTR"], mode: "read", keys: 1, decode: Command.string })
/**
 * SUBSTR returns the part of a string from the byte offset `start` to the byte offset `end`, both inclusive.
 * Negative offsets count from the end. Fails with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `getrange`.
 * @see https://redis.io/docs/latest/commands/substr/
 * @since 0.1.0
 * @category strings
 */
export const substr = (key: Key, start: number, end: number) => make(SUBSTR, argv(key, start, end))

const RPOPLPUSH = define({ words: ["RPOPLPUSH"], mode: "write", keys: 2, decode: Command.stringOrNull })
/**
 * RPOPLPUSH moves the last element of a list to the front of another list, or of the same, and returns it. The
 * result is `null` if the source does not exist. Fails with WRONGTYPE if a key holds another type.
 *
 * @deprecated Use `lmove` with `"right"` and `"left"`.
 * @see https://redis.io/docs/latest/commands/rpoplpush/
 * @since 0.1.0
 * @category lists
 */
export const rpoplpush = (source: Key, destination: Key) => make(RPOPLPUSH, argv(source, destination))

const BRPOPLPUSH = define({ words: ["BRPOPLPUSH"], mode: "write", keys: 2, decode: Command.stringOrNull })
/**
 * BRPOPLPUSH moves the last element of a list to the front of another list, or of the same, and returns it. It waits
 * for an element, on a connection of its own, for as long as `timeout`; the result is `null` if there was none.
 * Fails with WRONGTYPE if a key holds another type.
 *
 * @deprecated Use `blmove` with `"right"` and `"left"`.
 * @see https://redis.io/docs/latest/commands/brpoplpush/
 * @since 0.1.0
 * @category lists
 */
export const brpoplpush = (source: Key, destination: Key, timeout: TimeoutInput) =>
  make(BRPOPLPUSH, argv(source, destination, timeoutSeconds("BRPOPLPUSH", timeout)))

const HMSET = define({ words: ["HMSET"], mode: "write", keys: 1, decode: Command.ok })
/**
 * HMSET sets fields of a hash and returns `"OK"`. A missing key is created. `fields` is a record, or an iterable of
 * `[field, value]` pairs. Fails with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `hset`, which returns how many fields are new.
 * @see https://redis.io/docs/latest/commands/hmset/
 * @since 0.1.0
 * @category hashes
 */
export const hmset = (key: Key, fields: Readonly<Record<string, Arg>> | Iterable<readonly [Key, Arg]>) =>
  make(HMSET, appendPairs("HMSET", [key], fields))

/**
 * Options of the older ranges of sorted sets.
 *
 * @since 0.1.0
 * @category models
 */
export interface RangeLimit {
  /** How many members are skipped, and how many are returned at most (negative: all). */
  readonly limit?: readonly [offset: number, count: number] | undefined
}

const rangeLimitFields: FieldsOf<RangeLimit> = { limit: "value" }

const rangeArgs = (
  command: string,
  key: Key,
  from: ScoreBound | LexBound,
  to: ScoreBound | LexBound,
  options: RangeLimit | undefined,
  withScores = false
): Array<Arg> => {
  const args = argv(key, ...[from, to].map((bound) => typeof bound === "number" ? scoreArg(bound) : bound))
  if (withScores) args.push("WITHSCORES")
  const limit = optionsOf(command, options, rangeLimitFields)?.limit
  if (limit !== undefined) args.push("LIMIT", ...arrayOf(command, "limit", limit).slice(0, 2))
  return args
}

const ZRANGEBYSCORE = define({ words: ["ZRANGEBYSCORE"], mode: "read", keys: 1, decode: Command.strings })
/**
 * ZRANGEBYSCORE returns the members whose scores are between `min` and `max`, from the lowest score to the highest. A missing
 * key gives `[]`. Fails with ERR for a bound that is none, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `zrange` with `by: "score"`.
 * @see https://redis.io/docs/latest/commands/zrangebyscore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrangebyscore = (key: Key, min: ScoreBound, max: ScoreBound, options?: RangeLimit | undefined) =>
  make(ZRANGEBYSCORE, rangeArgs(ZRANGEBYSCORE.name, key, min, max, options))

const ZRANGEBYSCORE_SCORES = define({ words: ["ZRANGEBYSCORE"], mode: "read", keys: 1, decode: Command.scored })
/**
 * ZRANGEBYSCORE with WITHSCORES returns the members whose scores are between `min` and `max`, and their scores,
 * from the lowest score to the highest. A missing key gives `[]`. Fails with ERR for a bound that is none, and with WRONGTYPE if
 * the key holds another type.
 *
 * @deprecated Use `zrangeWithScores` with `by: "score"`.
 * @see https://redis.io/docs/latest/commands/zrangebyscore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrangebyscoreWithScores = (key: Key, min: ScoreBound, max: ScoreBound, options?: RangeLimit | undefined) =>
  make(ZRANGEBYSCORE_SCORES, rangeArgs(ZRANGEBYSCORE.name, key, min, max, options, true))

const ZREVRANGEBYSCORE = define({ words: ["ZREVRANGEBYSCORE"], mode: "read", keys: 1, decode: Command.strings })
/**
 * ZREVRANGEBYSCORE returns the members whose scores are between `min` and `max`, from the highest score to the lowest. A missing
 * key gives `[]`. Fails with ERR for a bound that is none, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `zrange` with `by: "score"` and `reverse`.
 * @see https://redis.io/docs/latest/commands/zrevrangebyscore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrevrangebyscore = (key: Key, max: ScoreBound, min: ScoreBound, options?: RangeLimit | undefined) =>
  make(ZREVRANGEBYSCORE, rangeArgs(ZREVRANGEBYSCORE.name, key, max, min, options))

const ZREVRANGEBYSCORE_SCORES = define({ words: ["ZREVRANGEBYSCORE"], mode: "read", keys: 1, decode: Command.scored })
/**
 * ZREVRANGEBYSCORE with WITHSCORES returns the members whose scores are between `min` and `max`, and their scores,
 * from the highest score to the lowest. A missing key gives `[]`. Fails with ERR for a bound that is none, and with WRONGTYPE if
 * the key holds another type.
 *
 * @deprecated Use `zrangeWithScores` with `by: "score"` and `reverse`.
 * @see https://redis.io/docs/latest/commands/zrevrangebyscore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrevrangebyscoreWithScores = (
  key: Key,
  max: ScoreBound,
  min: ScoreBound,
  options?: RangeLimit | undefined
) => make(ZREVRANGEBYSCORE_SCORES, rangeArgs(ZREVRANGEBYSCORE.name, key, max, min, options, true))

const ZRANGEBYLEX = define({ words: ["ZRANGEBYLEX"], mode: "read", keys: 1, decode: Command.strings })
/**
 * ZRANGEBYLEX returns the members between `min` and `max`, in the order of their bytes. A missing
 * key gives `[]`. Fails with ERR for a bound that is none, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `zrange` with `by: "lex"`.
 * @see https://redis.io/docs/latest/commands/zrangebylex/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrangebylex = (key: Key, min: LexBound, max: LexBound, options?: RangeLimit | undefined) =>
  make(ZRANGEBYLEX, rangeArgs(ZRANGEBYLEX.name, key, min, max, options))

const ZREVRANGEBYLEX = define({ words: ["ZREVRANGEBYLEX"], mode: "read", keys: 1, decode: Command.strings })
/**
 * ZREVRANGEBYLEX returns the members between `min` and `max`, in the reverse order of their bytes. A missing
 * key gives `[]`. Fails with ERR for a bound that is none, and with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `zrange` with `by: "lex"` and `reverse`.
 * @see https://redis.io/docs/latest/commands/zrevrangebylex/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrevrangebylex = (key: Key, max: LexBound, min: LexBound, options?: RangeLimit | undefined) =>
  make(ZREVRANGEBYLEX, rangeArgs(ZREVRANGEBYLEX.name, key, max, min, options))

const ZREVRANGE = define({ words: ["ZREVRANGE"], mode: "read", keys: 1, decode: Command.strings })
/**
 * ZREVRANGE returns the members between two ranks, both inclusive, where rank 0 has the highest score. Negative
 * ranks count from the end. A missing key gives `[]`. Fails with WRONGTYPE if the key holds another type.
 *
 * @deprecated Use `zrange` with `reverse`.
 * @see https://redis.io/docs/latest/commands/zrevrange/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrevrange = (key: Key, start: number, stop: number) => make(ZREVRANGE, argv(key, start, stop))

const ZREVRANGE_SCORES = define({ words: ["ZREVRANGE"], mode: "read", keys: 1, decode: Command.scored })
/**
 * ZREVRANGE with WITHSCORES returns the members between two ranks and their scores, where rank 0 has the highest
 * score. Negative ranks count from the end. A missing key gives `[]`. Fails with WRONGTYPE if the key holds another
 * type.
 *
 * @deprecated Use `zrangeWithScores` with `reverse`.
 * @see https://redis.io/docs/latest/commands/zrevrange/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrevrangeWithScores = (key: Key, start: number, stop: number) =>
  make(ZREVRANGE_SCORES, argv(key, start, stop, "WITHSCORES"))
