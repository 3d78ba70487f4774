/**
 * The commands on sorted sets, whose members have scores: 64-bit floating point
 * numbers, Infinity and -Infinity included.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key, Scored } from "../Command.ts"
import {
  allButLast,
  appendAll,
  appendVariadic,
  argv,
  arrayOf,
  type FieldsOf,
  keysAfterCount,
  keysOf,
  keyword,
  type OneOrMore,
  optionsOf,
  scanArgs,
  scanFields,
  type ScanOptions,
  scoreArg,
  type Variadic
} from "../internal/commands/args.ts"
import { type TimeoutInput, timeoutSeconds } from "../internal/commands/time.ts"

/**
 * A condition of ZADD: only adds new members (`"nx"`), only changes those that exist
 * (`"xx"`), or changes a score only to a greater (`"gt"`) or a lesser one (`"lt"`), where
 * new members are still added. `"xx gt"` and `"xx lt"` are both at once.
 *
 * @since 0.1.0
 * @category models
 */
export type ZaddWhen = "nx" | "xx" | "gt" | "lt" | "xx gt" | "xx lt"

/**
 * Options of ZADD: which members it adds, which scores it changes, and what it counts.
 *
 * @since 0.1.0
 * @category models
 */
export interface ZaddOptions {
  /** The condition. Default: adds and changes. */
  readonly when?: ZaddWhen | undefined
  /** Whether the result counts members whose score changed, too (CH). Default false: only new ones. */
  readonly changed?: boolean | undefined
}

const zaddConditions: ReadonlyArray<ZaddWhen> = ["nx", "xx", "gt", "lt", "xx gt", "xx lt"]

const zaddFields: FieldsOf<ZaddOptions> = { when: "value", changed: "flag" }

const zaddArgs = (key: Key, given: ZaddOptions | undefined): Array<Arg> => {
  const options = optionsOf("ZADD", given, zaddFields)
  const args: Array<Arg> = [key]
  if (options?.when !== undefined) args.push(...keyword("ZADD", "when", options.when, zaddConditions).split(" "))
  if (options?.changed === true) args.push("CH")
  return args
}

const ZADD = define({ words: ["ZADD"], mode: "write", keys: 1, decode: Command.int })
/**
 * ZADD adds members with their scores to a sorted set, or gives members that exist new scores. The result is how
 * many of the members are new, or, with `changed`, how many are new or have another score now. A missing key is
 * created. Fails with ERR if a score is not a number or `members` is empty, and with WRONGTYPE if the key holds
 * another type.
 *
 * **Example** (Scores that only rise)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const best = commands.zadd(
 *   "best",
 *   [{ member: "ada", score: 120 }, { member: "grace", score: 95.5 }],
 *   { when: "gt", changed: true }
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
 * ZADD with INCR adds `increment` to the score of a member, 0 if it is new, if the condition is met. The result is
 * the new score, or `null` if the condition was not met and nothing changed. Fails with ERR if the new score is
 * not a number (Infinity minus Infinity), and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zadd/
 * @since 0.1.0
 * @category sorted sets
 */
export const zaddIncr = (
  key: Key,
  member: Arg,
  increment: number,
  options?: {
    /** The condition. Default: adds and changes. */
    readonly when?: ZaddWhen | undefined
  } | undefined
) => make(ZADD_INCR, appendAll(argv(), zaddArgs(key, options), "INCR", scoreArg(increment), member))

const ZREM = define({ words: ["ZREM"], mode: "write", keys: 1, decode: Command.int })
/**
 * ZREM removes members of a sorted set and returns how many of them the sorted set had. A sorted set without
 * members is deleted. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zrem/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrem = (key: Key, ...members: Variadic<Arg>) =>
  make(ZREM, appendVariadic(ZREM.name, "members", argv(key), members))

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
 * exist. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zmscore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zmscore = (key: Key, ...members: Variadic<Arg>) =>
  make(ZMSCORE, appendVariadic(ZMSCORE.name, "members", argv(key), members))

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

/**
 * The rank of a member of a sorted set, and its score.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ranked {
  /** Its rank, beginning at 0. */
  readonly rank: number
  /** Its score; Infinity and -Infinity are possible. */
  readonly score: number
}

const ranked: Command.Decode<Ranked | null> = Command.nullable(
  Command.struct({ rank: Command.int, score: Command.float })
)

const ZRANK_SCORE = define({ words: ["ZRANK"], mode: "read", keys: 1, decode: ranked })
/**
 * ZRANK with WITHSCORE returns the rank of a member, 0 for the lowest score, and its score, or `null` if the member
 * or the key does not exist. Fails with WRONGTYPE if the key holds another type. Needs Redis 7.2 or Valkey 8.0.
 *
 * @see https://redis.io/docs/latest/commands/zrank/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrankWithScore = (key: Key, member: Arg) => make(ZRANK_SCORE, argv(key, member, "WITHSCORE"))

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

/** Reads a member and its score, or null for an empty array. */
const firstScored: Command.Decode<Scored | null, Scored<Uint8Array> | null> = Command.map(
  Command.scored,
  ([first]) => first ?? null,
  ([first]) => first ?? null
)

const ZREVRANK_SCORE = define({ words: ["ZREVRANK"], mode: "read", keys: 1, decode: ranked })
/**
 * ZREVRANK with WITHSCORE returns the rank of a member, 0 for the highest score, and its score, or `null` if the
 * member or the key does not exist. Fails with WRONGTYPE if the key holds another type. Needs Redis 7.2 or Valkey
 * 8.0.
 *
 * @see https://redis.io/docs/latest/commands/zrevrank/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrevrankWithScore = (key: Key, member: Arg) => make(ZREVRANK_SCORE, argv(key, member, "WITHSCORE"))

const ZPOPMIN = define({ words: ["ZPOPMIN"], mode: "write", keys: 1, decode: firstScored })
/**
 * ZPOPMIN removes the member with the lowest score and returns it with its score, or `null` if the key does not
 * exist. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zpopmin/
 * @since 0.1.0
 * @category sorted sets
 */
export const zpopmin = (key: Key) => make(ZPOPMIN, argv(key))

const ZPOPMIN_COUNT = define({ words: ["ZPOPMIN"], mode: "write", keys: 1, decode: Command.scored })
/**
 * ZPOPMIN with a count removes up to `count` members with the lowest scores and returns them with their scores,
 * the lowest first; `[]` if the key does not exist. Fails with ERR if `count` is negative, and with WRONGTYPE if
 * the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zpopmin/
 * @since 0.1.0
 * @category sorted sets
 */
export const zpopminCount = (key: Key, count: number) => make(ZPOPMIN_COUNT, argv(key, count))

const ZPOPMAX = define({ words: ["ZPOPMAX"], mode: "write", keys: 1, decode: firstScored })
/**
 * ZPOPMAX removes the member with the highest score and returns it with its score, or `null` if the key does not
 * exist. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zpopmax/
 * @since 0.1.0
 * @category sorted sets
 */
export const zpopmax = (key: Key) => make(ZPOPMAX, argv(key))

const ZPOPMAX_COUNT = define({ words: ["ZPOPMAX"], mode: "write", keys: 1, decode: Command.scored })
/**
 * ZPOPMAX with a count removes up to `count` members with the highest scores and returns them with their scores,
 * the highest first; `[]` if the key does not exist. Fails with ERR if `count` is negative, and with WRONGTYPE if
 * the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zpopmax/
 * @since 0.1.0
 * @category sorted sets
 */
export const zpopmaxCount = (key: Key, count: number) => make(ZPOPMAX_COUNT, argv(key, count))

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

const poppedMany: Command.Decode<PoppedScored | null, PoppedScored<Uint8Array> | null> = Command.nullable(
  Command.struct({ key: Command.string, members: Command.scored })
)

const withOneMember = <A>([key, member, score]: readonly [A, A, number]): PoppedScored<A> => ({
  key,
  members: [{ member, score }]
})

const poppedOne = Command.nullable(
  Command.map(Command.tuple(Command.string, Command.string, Command.float), withOneMember, withOneMember)
)

const mpopArgs = (
  command: string,
  before: Array<Arg>,
  given: OneOrMore<Key>,
  which: "min" | "max",
  count: number
): Array<Arg> => {
  const keys = keysOf(command, given)
  before.push(keys.length)
  return appendAll(before, keys, keyword(command, "which", which, ["min", "max"]), "COUNT", count)
}

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
export const zmpop = (keys: OneOrMore<Key>, which: "min" | "max", count = 1) =>
  make(ZMPOP, mpopArgs("ZMPOP", argv(), keys, which, count))

const BZPOPMIN = define({
  words: ["BZPOPMIN"],
  mode: "write",
  keys: allButLast,
  decode: poppedOne
})
/**
 * BZPOPMIN removes the member with the lowest score from the first sorted set that has any, in the order of
 * `keys`, and returns its key and the member. Where all of them are empty it waits for a member, for `timeout` at
 * most (`"Infinity"`: without end), and returns `null` if none came. It waits on a connection of its own. Fails
 * with WRONGTYPE if a key that it looks at holds another type.
 *
 * @see https://redis.io/docs/latest/commands/bzpopmin/
 * @since 0.1.0
 * @category sorted sets
 */
export const bzpopmin = (keys: OneOrMore<Key>, timeout: TimeoutInput) =>
  make(BZPOPMIN, appendAll(argv(), keysOf("BZPOPMIN", keys), timeoutSeconds("BZPOPMIN", timeout)))

const BZPOPMAX = define({
  words: ["BZPOPMAX"],
  mode: "write",
  keys: allButLast,
  decode: poppedOne
})
/**
 * BZPOPMAX removes the member with the highest score from the first sorted set that has any, in the order of
 * `keys`, and returns its key and the member. Where all of them are empty it waits for a member, for `timeout` at
 * most (`"Infinity"`: without end), and returns `null` if none came. It waits on a connection of its own. Fails
 * with WRONGTYPE if a key that it looks at holds another type.
 *
 * @see https://redis.io/docs/latest/commands/bzpopmax/
 * @since 0.1.0
 * @category sorted sets
 */
export const bzpopmax = (keys: OneOrMore<Key>, timeout: TimeoutInput) =>
  make(BZPOPMAX, appendAll(argv(), keysOf("BZPOPMAX", keys), timeoutSeconds("BZPOPMAX", timeout)))

const BZMPOP = define({
  words: ["BZMPOP"],
  mode: "write",
  keys: keysAfterCount(1),
  decode: poppedMany
})
/**
 * BZMPOP removes up to `count` members (default 1) with the lowest (`"min"`) or highest (`"max"`) scores from the
 * first sorted set that has any, in the order of `keys`, and returns its key and the members. Where all of them
 * are empty it waits for a member, for `timeout` at most (`"Infinity"`: without end), and returns `null` if none
 * came. It waits on a connection of its own. Fails with ERR if `count` is not above 0, and with WRONGTYPE if a key
 * that it looks at holds another type. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/bzmpop/
 * @since 0.1.0
 * @category sorted sets
 */
export const bzmpop = (keys: OneOrMore<Key>, which: "min" | "max", timeout: TimeoutInput, count = 1) =>
  make(BZMPOP, mpopArgs("BZMPOP", argv(timeoutSeconds("BZMPOP", timeout)), keys, which, count))

const ZRANDMEMBER = define({ words: ["ZRANDMEMBER"], mode: "read", keys: 1, decode: Command.stringOrNull })
/**
 * ZRANDMEMBER returns a member at random, which stays in the sorted set, or `null` if the key does not exist.
 * Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zrandmember/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrandmember = (key: Key) => make(ZRANDMEMBER, argv(key))

const ZRANDMEMBER_COUNT = define({ words: ["ZRANDMEMBER"], mode: "read", keys: 1, decode: Command.strings })
/**
 * ZRANDMEMBER with a count returns members at random, which stay in the sorted set. A positive `count` gives that
 * many different ones, or all of them if there are fewer; a negative one gives exactly that many, among which a
 * member may come again. A missing key gives `[]`. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/zrandmember/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrandmemberCount = (key: Key, count: number) => make(ZRANDMEMBER_COUNT, argv(key, count))

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
  make(ZSCAN, scanArgs(ZSCAN.name, [key, cursor], options, scanFields))

const ZSCAN_NOSCORES = define({ words: ["ZSCAN"], mode: "read", keys: 1, decode: Command.page(Command.strings) })
/**
 * ZSCAN with NOSCORES returns a page of the members of a sorted set without their scores, in no order, and the cursor
 * of the next page, as `zscan` does. Fails with ERR if the cursor is not a number, and with WRONGTYPE if the key
 * holds another type. Needs Valkey 8.0.
 *
 * @see https://valkey.io/commands/zscan/
 * @since 0.1.0
 * @category sorted sets
 */
export const zscanNoscores = (key: Key, cursor: string, options?: ScanOptions | undefined) =>
  make(ZSCAN_NOSCORES, appendAll(argv(), scanArgs("ZSCAN", [key, cursor], options, scanFields), "NOSCORES"))
