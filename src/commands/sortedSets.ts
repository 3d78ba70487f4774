/**
 * The commands on sorted sets, whose members have scores: 64-bit floating point
 * numbers, Infinity and -Infinity included.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import type { Arg, Key, Scored } from "../Command.ts"
import {
  allButLast,
  appendAll,
  appendVariadic,
  argv,
  arrayOf,
  keysAfterCount,
  keyword,
  optionsOf,
  scanArgs,
  type ScanOptions,
  scoreArg,
  timeoutInFirst,
  timeoutInLast,
  type Variadic,
  withTimeoutFirst,
  withTimeoutLast
} from "../internal/commands/args.ts"

const { define, own: make } = Command

/**
 * Options of ZADD: which members it adds, which scores it changes, and what it counts.
 *
 * @since 0.1.0
 * @category models
 */
export interface ZaddOptions {
  /** `"nx"`: only adds new members. `"xx"`: only changes those that exist. Default: both. */
  readonly when?: "nx" | "xx" | undefined
  /**
   * Changes a score only to a greater (`"gt"`) or a lesser one (`"lt"`); new
   * members are still added. Not with `when: "nx"`. Default: always.
   */
  readonly compare?: "gt" | "lt" | undefined
  /** Whether the result counts members whose score changed, too (CH). Default false: only new ones. */
  readonly changed?: boolean | undefined
}

const zaddArgs = (key: Key, given: ZaddOptions | undefined): Array<Arg> => {
  const options = optionsOf("ZADD", given)
  const args: Array<Arg> = [key]
  if (options?.when !== undefined) args.push(keyword("ZADD", "when", options.when, ["nx", "xx"]))
  if (options?.compare !== undefined) args.push(keyword("ZADD", "compare", options.compare, ["gt", "lt"]))
  if (options?.changed === true) args.push("CH")
  return args
}

const ZADD = define({ words: ["ZADD"], mode: "write", keys: 1, decode: Command.int })
/**
 * ZADD adds members with their scores to a sorted set, or gives members that exist new scores. The result is how
 * many of the members are new, or, with `changed`, how many are new or have another score now. A missing key is
 * created. Fails with ERR if a score is not a number, `members` is empty, or `compare` comes with `when: "nx"`,
 * and with WRONGTYPE if the key holds another type.
 *
 * **Example** (Scores that only rise)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const best = commands.zadd(
 *   "best",
 *   [{ member: "ada", score: 120 }, { member: "grace", score: 95.5 }],
 *   { compare: "gt", changed: true }
 * )
 * ```
 *
 * @see https://redis.io/docs/latest/commands/zadd/
 * @since 0.1.0
 * @category sorted sets
 */
export const zadd = (
  key: Key,
  members: ReadonlyArray<{
    /** The member. */
    readonly member: Arg
    /** Its score; Infinity and -Infinity are allowed. */
    readonly score: number
  }>,
  options?: ZaddOptions | undefined
) => {
  const args = zaddArgs(key, options)
  for (const m of arrayOf("ZADD", "members", members)) args.push(scoreArg(m.score), m.member)
  return make(ZADD, args)
}

const ZADD_INCR = define({ words: ["ZADD"], mode: "write", keys: 1, decode: Command.floatOrNull })
/**
 * ZADD with INCR adds `increment` to the score of a member, 0 if it is new, under the conditions of ZADD. The
 * result is the new score, or `null` if a condition was not met and nothing changed. `changed` has no effect.
 * Fails with ERR if the new score is not a number (Infinity minus Infinity), and with WRONGTYPE if the key holds
 * another type.
 *
 * @see https://redis.io/docs/latest/commands/zadd/
 * @since 0.1.0
 * @category sorted sets
 */
export const zaddIncr = (key: Key, member: Arg, increment: number, options?: ZaddOptions | undefined) =>
  make(ZADD_INCR, appendAll(argv(), zaddArgs(key, options), "INCR", scoreArg(increment), member))

const ZREM = define({ words: ["ZREM"], mode: "write", keys: 1, decode: Command.int })
/**
 * ZREM removes members of a sorted set and returns how many of them the sorted set had. A sorted set without
 * members is deleted. Fails with ERR if there are no members, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zrem/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrem = (key: Key, ...members: Variadic<Arg>) => make(ZREM, appendVariadic(argv(key), members))

const ZSCORE = define({ words: ["ZSCORE"], mode: "read", keys: 1, decode: Command.floatOrNull })
/**
 * ZSCORE returns the score of a member, or `null` if the member or the key does not exist. Fails with WRONGTYPE if
 * the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zscore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zscore = (key: Key, member: Arg) => make(ZSCORE, argv(key, member))

const ZMSCORE = define({ words: ["ZMSCORE"], mode: "read", keys: 1, decode: Command.floatsOrNulls })
/**
 * ZMSCORE returns the scores of several members, in the order of the members, with `null` for each that does not
 * exist. Fails with ERR if there are no members, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zmscore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zmscore = (key: Key, ...members: Variadic<Arg>) => make(ZMSCORE, appendVariadic(argv(key), members))

const ZINCRBY = define({ words: ["ZINCRBY"], mode: "write", keys: 1, decode: Command.float })
/**
 * ZINCRBY adds `increment` to the score of a member and returns the new score. A new member begins at 0, and a
 * missing key is created. Fails with ERR if the new score is not a number (Infinity minus Infinity), and with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zincrby/
 * @since 0.1.0
 * @category sorted sets
 */
export const zincrby = (key: Key, increment: number, member: Arg) =>
  make(ZINCRBY, argv(key, scoreArg(increment), member))

const ZCARD = define({ words: ["ZCARD"], mode: "read", keys: 1, decode: Command.int })
/**
 * ZCARD returns how many members a sorted set has, 0 if the key does not exist. Fails with WRONGTYPE if the key
 * holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zcard/
 * @since 0.1.0
 * @category sorted sets
 */
export const zcard = (key: Key) => make(ZCARD, argv(key))

/**
 * A bound of a range by score: a number, which is in the range itself, `"(1.5"`,
 * which is not, or `"-inf"` and `"+inf"` for no bound.
 *
 * @since 0.1.0
 * @category models
 */
export type ScoreBound = number | `(${number}` | "-inf" | "+inf"

const bound = (b: ScoreBound): Arg => typeof b === "number" ? scoreArg(b) : b

const ZCOUNT = define({ words: ["ZCOUNT"], mode: "read", keys: 1, decode: Command.int })
/**
 * ZCOUNT returns how many members have a score from `min` to `max`; 0 if the key does not exist. Fails with ERR if
 * a bound is not a number, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zcount/
 * @since 0.1.0
 * @category sorted sets
 */
export const zcount = (key: Key, min: ScoreBound, max: ScoreBound) => make(ZCOUNT, argv(key, bound(min), bound(max)))

const ZLEXCOUNT = define({ words: ["ZLEXCOUNT"], mode: "read", keys: 1, decode: Command.int })
/**
 * ZLEXCOUNT returns how many members lie between two members in the order of their bytes; 0 if the key does not
 * exist. A bound is `"[m"` (with m itself), `"(m"` (without it), `"-"` (before all) or `"+"` (after all). It is
 * meant for sorted sets whose scores are all equal. Fails with ERR if a bound is none of these, and with WRONGTYPE
 * if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zlexcount/
 * @since 0.1.0
 * @category sorted sets
 */
export const zlexcount = (key: Key, min: string, max: string) => make(ZLEXCOUNT, argv(key, min, max))

/**
 * Options of ZRANGE and ZRANGESTORE.
 *
 * @since 0.1.0
 * @category models
 */
export interface ZrangeOptions {
  /** What the bounds are: scores or members (`"lex"`). Default: ranks. */
  readonly by?: "score" | "lex" | undefined
  /**
   * Whether the order is from the highest to the lowest. Ranks then count from the
   * highest; of scores and members the greater bound comes first. Default false.
   */
  readonly reverse?: boolean | undefined
  /** How many members are skipped, and how many are returned at most (negative: all). Only with `by`. */
  readonly limit?: readonly [offset: number, count: number] | undefined
}

const zrangeArgs = (command: string, args: Array<Arg>, given: ZrangeOptions | undefined): Array<Arg> => {
  const options = optionsOf(command, given)
  if (options?.by !== undefined) args.push(`BY${keyword(command, "by", options.by, ["score", "lex"])}`)
  if (options?.reverse === true) args.push("REV")
  if (options?.limit !== undefined) args.push("LIMIT", ...arrayOf(command, "limit", options.limit).slice(0, 2))
  return args
}

const rangeBound = (b: number | string): Arg => typeof b === "number" ? scoreArg(b) : b

const ZRANGE = define({ words: ["ZRANGE"], mode: "read", keys: 1, decode: Command.strings })
/**
 * ZRANGE returns the members between two bounds, both inclusive, ordered from the lowest score to the highest, and
 * by their bytes where scores are equal. The bounds are ranks, which count from 0 (negative ones from the end, -1
 * being the last); with `by: "score"` they are `ScoreBound`s, with `by: "lex"` bounds as for ZLEXCOUNT. A missing
 * key or an empty range gives `[]`. Fails with ERR if a bound is not of its kind, or `limit` comes without `by`,
 * and with WRONGTYPE if the key holds another type.
 *
 * **Example** (By rank, by score, from the highest)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const firstTen = commands.zrange("best", 0, 9)
 * export const topTen = commands.zrange("best", 0, 9, { reverse: true })
 * export const above100 = commands.zrange("best", "(100", "+inf", { by: "score", limit: [0, 10] })
 * export const downTo100 = commands.zrange("best", "+inf", 100, { by: "score", reverse: true })
 * export const namesWithA = commands.zrange("names", "[a", "(b", { by: "lex" })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/zrange/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrange = (key: Key, start: number | string, stop: number | string, options?: ZrangeOptions | undefined) =>
  make(ZRANGE, zrangeArgs(ZRANGE.name, [key, rangeBound(start), rangeBound(stop)], options))

const ZRANGE_SCORES = define({ words: ["ZRANGE"], mode: "read", keys: 1, decode: Command.scored })
/**
 * ZRANGE with WITHSCORES returns the members between two bounds and their scores, in the order of ZRANGE. The
 * bounds and the options are those of ZRANGE, but the server refuses `by: "lex"` with ERR. A missing key or an
 * empty range gives `[]`. Fails with ERR if a bound is not of its kind, or `limit` comes without `by`, and with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zrange/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrangeWithScores = (
  key: Key,
  start: number | string,
  stop: number | string,
  options?: ZrangeOptions | undefined
) =>
  make(ZRANGE_SCORES, [...zrangeArgs(ZRANGE.name, [key, rangeBound(start), rangeBound(stop)], options), "WITHSCORES"])

const ZRANGESTORE = define({ words: ["ZRANGESTORE"], mode: "write", keys: 2, decode: Command.int })
/**
 * ZRANGESTORE stores the members between two bounds with their scores as a sorted set at `destination`, and
 * returns how many there are. The bounds and the options are those of ZRANGE. It replaces a value of any type
 * there; an empty result deletes it. Fails with ERR if a bound is not of its kind, or `limit` comes without `by`,
 * and with WRONGTYPE if `source` holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zrangestore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrangestore = (
  destination: Key,
  source: Key,
  start: number | string,
  stop: number | string,
  options?: ZrangeOptions | undefined
) =>
  make(ZRANGESTORE, zrangeArgs(ZRANGESTORE.name, [destination, source, rangeBound(start), rangeBound(stop)], options))

const ZRANK = define({ words: ["ZRANK"], mode: "read", keys: 1, decode: Command.intOrNull })
/**
 * ZRANK returns the rank of a member, 0 for the lowest score, or `null` if the member or the key does not exist.
 * Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zrank/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrank = (key: Key, member: Arg) => make(ZRANK, argv(key, member))

const ZREVRANK = define({ words: ["ZREVRANK"], mode: "read", keys: 1, decode: Command.intOrNull })
/**
 * ZREVRANK returns the rank of a member from the other end, 0 for the highest score, or `null` if the member or
 * the key does not exist. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zrevrank/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrevrank = (key: Key, member: Arg) => make(ZREVRANK, argv(key, member))

const ZPOPMIN = define({ words: ["ZPOPMIN"], mode: "write", keys: 1, decode: Command.scored })
/**
 * ZPOPMIN removes up to `count` members (default 1) with the lowest scores and returns them with their scores, the
 * lowest first; `[]` if the key does not exist. Fails with ERR if `count` is negative, and with WRONGTYPE if the
 * key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zpopmin/
 * @since 0.1.0
 * @category sorted sets
 */
export const zpopmin = (key: Key, count = 1) => make(ZPOPMIN, argv(key, count))

const ZPOPMAX = define({ words: ["ZPOPMAX"], mode: "write", keys: 1, decode: Command.scored })
/**
 * ZPOPMAX removes up to `count` members (default 1) with the highest scores and returns them with their scores,
 * the highest first; `[]` if the key does not exist. Fails with ERR if `count` is negative, and with WRONGTYPE if
 * the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zpopmax/
 * @since 0.1.0
 * @category sorted sets
 */
export const zpopmax = (key: Key, count = 1) => make(ZPOPMAX, argv(key, count))

/**
 * The result of ZMPOP, BZMPOP, BZPOPMIN and BZPOPMAX.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoppedScored<A = string> {
  /** The key of the sorted set that the members come from. */
  readonly key: A
  /** The members that were removed, with their scores, in the order in which they were removed. */
  readonly members: Array<Scored<A>>
}

const poppedMany = Command.custom<PoppedScored | null, PoppedScored<Uint8Array> | null>((value, bytes) => {
  if (value === null) return null
  const reply = Command.list(value)
  const members = Command.scored(reply[1] ?? null, bytes)
  return { key: Command.bulkString(reply[0] ?? null, bytes), members } as PoppedScored & PoppedScored<Uint8Array>
})

const poppedOne = Command.custom<PoppedScored | null, PoppedScored<Uint8Array> | null>((value, bytes) => {
  if (value === null) return null
  const [key, member, s] = Command.list(value)
  return {
    key: Command.bulkString(key ?? null, bytes),
    members: [{ member: Command.bulkString(member ?? null, bytes), score: Command.double(s ?? null) }]
  } as PoppedScored & PoppedScored<Uint8Array>
})

const lowOrHigh = (command: string, which: "min" | "max"): string => keyword(command, "which", which, ["min", "max"])

const ZMPOP = define({ words: ["ZMPOP"], mode: "write", keys: keysAfterCount(0), decode: poppedMany })
/**
 * ZMPOP removes up to `count` members (default 1) with the lowest (`"min"`) or highest (`"max"`) scores from the
 * first sorted set that has any, in the order of `keys`, and returns its key and the members, or `null` if none of
 * the keys exists. Fails with ERR if `count` is not above 0, and with WRONGTYPE if a key that it looks at holds
 * another type. Needs Redis 7.0.
 *
 * **Example** (The next two jobs by priority)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const popped = yield* redis.zmpop(["jobs:urgent", "jobs"], "min", 2)
 *   return popped === null ? [] : popped.members.map(({ member }) => member)
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/zmpop/
 * @since 0.1.0
 * @category sorted sets
 */
export const zmpop = (keys: ReadonlyArray<Key>, which: "min" | "max", count = 1) =>
  make(ZMPOP, appendAll(argv(arrayOf("ZMPOP", "keys", keys).length), keys, lowOrHigh("ZMPOP", which), "COUNT", count))

const BZPOPMIN = define({
  words: ["BZPOPMIN"],
  mode: "write",
  keys: allButLast,
  blockingMillis: timeoutInLast,
  withBlockingMillis: withTimeoutLast,
  decode: poppedOne
})
/**
 * BZPOPMIN removes the member with the lowest score from the first sorted set that has any, in the order of
 * `keys`, and returns its key and the member. Where all of them are empty it waits for a member, for
 * `timeoutSeconds` seconds at most (fractions are allowed; 0 waits without end), and returns `null` if none came.
 * It waits on a connection of its own. Fails with ERR if the timeout is negative, and with WRONGTYPE if a key that
 * it looks at holds another type.
 *
 * @see https://redis.io/docs/latest/commands/bzpopmin/
 * @since 0.1.0
 * @category sorted sets
 */
export const bzpopmin = (keys: ReadonlyArray<Key>, timeoutSeconds: number) =>
  make(BZPOPMIN, appendAll(argv(), arrayOf("BZPOPMIN", "keys", keys), timeoutSeconds))

const BZPOPMAX = define({
  words: ["BZPOPMAX"],
  mode: "write",
  keys: allButLast,
  blockingMillis: timeoutInLast,
  withBlockingMillis: withTimeoutLast,
  decode: poppedOne
})
/**
 * BZPOPMAX removes the member with the highest score from the first sorted set that has any, in the order of
 * `keys`, and returns its key and the member. Where all of them are empty it waits for a member, for
 * `timeoutSeconds` seconds at most (fractions are allowed; 0 waits without end), and returns `null` if none came.
 * It waits on a connection of its own. Fails with ERR if the timeout is negative, and with WRONGTYPE if a key that
 * it looks at holds another type.
 *
 * @see https://redis.io/docs/latest/commands/bzpopmax/
 * @since 0.1.0
 * @category sorted sets
 */
export const bzpopmax = (keys: ReadonlyArray<Key>, timeoutSeconds: number) =>
  make(BZPOPMAX, appendAll(argv(), arrayOf("BZPOPMAX", "keys", keys), timeoutSeconds))

const BZMPOP = define({
  words: ["BZMPOP"],
  mode: "write",
  keys: keysAfterCount(1),
  blockingMillis: timeoutInFirst,
  withBlockingMillis: withTimeoutFirst,
  decode: poppedMany
})
/**
 * BZMPOP removes up to `count` members (default 1) with the lowest (`"min"`) or highest (`"max"`) scores from the
 * first sorted set that has any, in the order of `keys`, and returns its key and the members. Where all of them
 * are empty it waits for a member, for `timeoutSeconds` seconds at most (fractions are allowed; 0 waits without
 * end), and returns `null` if none came. It waits on a connection of its own. Fails with ERR if the timeout is
 * negative or `count` is not above 0, and with WRONGTYPE if a key that it looks at holds another type. Needs Redis
 * 7.0.
 *
 * @see https://redis.io/docs/latest/commands/bzmpop/
 * @since 0.1.0
 * @category sorted sets
 */
export const bzmpop = (keys: ReadonlyArray<Key>, which: "min" | "max", timeoutSeconds: number, count = 1) =>
  make(
    BZMPOP,
    appendAll(
      argv(timeoutSeconds, arrayOf("BZMPOP", "keys", keys).length),
      keys,
      lowOrHigh("BZMPOP", which),
      "COUNT",
      count
    )
  )

const ZRANDMEMBER = define({ words: ["ZRANDMEMBER"], mode: "read", keys: 1, decode: Command.strings })
/**
 * ZRANDMEMBER returns members at random, which stay in the sorted set. A positive `count` gives that many
 * different ones, or all of them if there are fewer; a negative one gives exactly that many, among which a member
 * may come again. A missing key gives `[]`. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zrandmember/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrandmember = (key: Key, count: number) => make(ZRANDMEMBER, argv(key, count))

const ZRANDMEMBER_SCORES = define({ words: ["ZRANDMEMBER"], mode: "read", keys: 1, decode: Command.scored })
/**
 * ZRANDMEMBER with WITHSCORES returns members at random with their scores; they stay in the sorted set. A positive
 * `count` gives that many different ones, or all of them if there are fewer; a negative one gives exactly that
 * many, among which a member may come again. A missing key gives `[]`. Fails with WRONGTYPE if the key holds
 * another type.
 *
 * @see https://redis.io/docs/latest/commands/zrandmember/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrandmemberWithScores = (key: Key, count: number) =>
  make(ZRANDMEMBER_SCORES, argv(key, count, "WITHSCORES"))

const ZREMRANGEBYRANK = define({ words: ["ZREMRANGEBYRANK"], mode: "write", keys: 1, decode: Command.int })
/**
 * ZREMRANGEBYRANK removes the members from the rank `start` to the rank `stop`, both inclusive, and returns how
 * many there were. Ranks count from 0 at the lowest score; negative ones count from the highest, -1 being the
 * last. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zremrangebyrank/
 * @since 0.1.0
 * @category sorted sets
 */
export const zremrangebyrank = (key: Key, start: number, stop: number) => make(ZREMRANGEBYRANK, argv(key, start, stop))

const ZREMRANGEBYSCORE = define({ words: ["ZREMRANGEBYSCORE"], mode: "write", keys: 1, decode: Command.int })
/**
 * ZREMRANGEBYSCORE removes the members with a score from `min` to `max` and returns how many there were. Fails
 * with ERR if a bound is not a number, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zremrangebyscore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zremrangebyscore = (key: Key, min: ScoreBound, max: ScoreBound) =>
  make(ZREMRANGEBYSCORE, argv(key, bound(min), bound(max)))

const ZREMRANGEBYLEX = define({ words: ["ZREMRANGEBYLEX"], mode: "write", keys: 1, decode: Command.int })
/**
 * ZREMRANGEBYLEX removes the members between two members in the order of their bytes and returns how many there
 * were. The bounds are those of ZLEXCOUNT. It is meant for sorted sets whose scores are all equal. Fails with ERR
 * if a bound is not of its kind, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zremrangebylex/
 * @since 0.1.0
 * @category sorted sets
 */
export const zremrangebylex = (key: Key, min: string, max: string) => make(ZREMRANGEBYLEX, argv(key, min, max))

const ZSCAN = define({ words: ["ZSCAN"], mode: "read", keys: 1, decode: Command.page(Command.scored) })
/**
 * ZSCAN returns a page of the members of a sorted set with their scores, in no order, and the cursor of the next
 * page. The cursor `"0"` begins, and is returned with the last page. A page may be empty before the last one, and
 * a member may come twice. A cursor belongs to one server: `zscanStream` keeps to it. Fails with ERR if the cursor
 * is not a number, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zscan/
 * @since 0.1.0
 * @category sorted sets
 */
export const zscan = (key: Key, cursor: string, options?: ScanOptions | undefined) =>
  make(ZSCAN, scanArgs(ZSCAN.name, [key, cursor], options))
