/**
 * The sorted set commands.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import type { Arg, Key, Scored } from "../Command.ts"
import {
  allButLast,
  argv,
  around,
  firstIsTimeout,
  firstWait,
  lastIsTimeout,
  lastWait,
  listed,
  numkeys,
  optional,
  scanArgs,
  type ScanOptions,
  type Several,
  several,
  word
} from "../internal/commands/args.ts"

const { define, own: make } = Command

/**
 * A score as Redis takes it: Infinity becomes `inf`.
 */
const score = (n: number): Arg => n === Infinity ? "inf" : n === -Infinity ? "-inf" : n

/**
 * Options of ZADD.
 *
 * @since 0.1.0
 * @category models
 */
export interface ZaddOptions {
  /** `"nx"`: only new members. `"xx"`: only those that exist. */
  readonly when?: "nx" | "xx" | undefined
  /** Only if the new score is greater (`"gt"`) or less (`"lt"`). */
  readonly compare?: "gt" | "lt" | undefined
  /** Counts changed members too, not only new ones. */
  readonly changed?: boolean | undefined
}

const zaddArgs = (key: Key, given: ZaddOptions | undefined): Array<Arg> => {
  const options = optional("ZADD", given)
  const args: Array<Arg> = [key]
  if (options?.when !== undefined) args.push(word("ZADD", "when", options.when, ["nx", "xx"]))
  if (options?.compare !== undefined) args.push(word("ZADD", "compare", options.compare, ["gt", "lt"]))
  if (options?.changed === true) args.push("CH")
  return args
}

const ZADD = define({ words: ["ZADD"], mode: "write", keys: 1, decode: Command.int })
/** Adds members with scores. How many are new (or changed, if asked). */
export const zadd = (
  key: Key,
  members: ReadonlyArray<{ readonly member: Arg; readonly score: number }>,
  options?: ZaddOptions | undefined
) => {
  const args = zaddArgs(key, options)
  for (const m of listed("ZADD", "members", members)) args.push(score(m.score), m.member)
  return make(ZADD, args)
}

const ZADD_INCR = define({ words: ["ZADD"], mode: "write", keys: 1, decode: Command.floatOrNull })
/** Adds to a member's score, under ZADD's conditions. The new score; null where they were not met. */
export const zaddIncr = (key: Key, member: Arg, increment: number, options?: ZaddOptions | undefined) =>
  make(ZADD_INCR, around(argv(), zaddArgs(key, options), "INCR", score(increment), member))

const ZREM = define({ words: ["ZREM"], mode: "write", keys: 1, decode: Command.int })
/** Removes members. How many there were. */
export const zrem = (key: Key, ...members: Several<Arg>) => make(ZREM, several(argv(key), members))

const ZSCORE = define({ words: ["ZSCORE"], mode: "read", keys: 1, decode: Command.floatOrNull })
/** A member's score, or null. */
export const zscore = (key: Key, member: Arg) => make(ZSCORE, argv(key, member))

const ZMSCORE = define({ words: ["ZMSCORE"], mode: "read", keys: 1, decode: Command.floatsOrNulls })
/** The scores of members; null for those that do not exist. */
export const zmscore = (key: Key, ...members: Several<Arg>) => make(ZMSCORE, several(argv(key), members))

const ZINCRBY = define({ words: ["ZINCRBY"], mode: "write", keys: 1, decode: Command.float })
/** Adds to a member's score. The new score. */
export const zincrby = (key: Key, increment: number, member: Arg) => make(ZINCRBY, argv(key, score(increment), member))

const ZCARD = define({ words: ["ZCARD"], mode: "read", keys: 1, decode: Command.int })
/** How many members there are. */
export const zcard = (key: Key) => make(ZCARD, argv(key))

/**
 * A bound of a range by score: a number, or `"(1.5"` to leave it out itself.
 *
 * @since 0.1.0
 * @category models
 */
export type ScoreBound = number | `(${number}` | "-inf" | "+inf"

const bound = (b: ScoreBound): Arg => typeof b === "number" ? score(b) : b

const ZCOUNT = define({ words: ["ZCOUNT"], mode: "read", keys: 1, decode: Command.int })
/** How many members have a score between two bounds. */
export const zcount = (key: Key, min: ScoreBound, max: ScoreBound) => make(ZCOUNT, argv(key, bound(min), bound(max)))

const ZLEXCOUNT = define({ words: ["ZLEXCOUNT"], mode: "read", keys: 1, decode: Command.int })
/** How many members lie between two, in a set of equal scores; bounds as `"[a"`, `"(a"`, `"-"`, `"+"`. */
export const zlexcount = (key: Key, min: string, max: string) => make(ZLEXCOUNT, argv(key, min, max))

/**
 * Options of ZRANGE.
 *
 * @since 0.1.0
 * @category models
 */
export interface ZrangeOptions {
  /** What the bounds are: ranks (default), scores, or members. */
  readonly by?: "score" | "lex" | undefined
  /** From the highest down. The bounds then stand the other way round, too. */
  readonly reverse?: boolean | undefined
  /** An offset and a count; only by score or lex. */
  readonly limit?: readonly [offset: number, count: number] | undefined
}

const zrangeArgs = (args: Array<Arg>, given: ZrangeOptions | undefined): Array<Arg> => {
  const options = optional("ZRANGE", given)
  if (options?.by !== undefined) args.push(`BY${word("ZRANGE", "by", options.by, ["score", "lex"])}`)
  if (options?.reverse === true) args.push("REV")
  if (options?.limit !== undefined) args.push("LIMIT", ...listed("ZRANGE", "limit", options.limit).slice(0, 2))
  return args
}

const rangeBound = (b: number | string): Arg => typeof b === "number" ? score(b) : b

const ZRANGE = define({ words: ["ZRANGE"], mode: "read", keys: 1, decode: Command.strings })
/** The members between two bounds, both inclusive. */
export const zrange = (key: Key, start: number | string, stop: number | string, options?: ZrangeOptions | undefined) =>
  make(ZRANGE, zrangeArgs([key, rangeBound(start), rangeBound(stop)], options))

const ZRANGE_SCORES = define({ words: ["ZRANGE"], mode: "read", keys: 1, decode: Command.scored })
/** The members between two bounds, with their scores. */
export const zrangeWithScores = (
  key: Key,
  start: number | string,
  stop: number | string,
  options?: ZrangeOptions | undefined
) => make(ZRANGE_SCORES, [...zrangeArgs([key, rangeBound(start), rangeBound(stop)], options), "WITHSCORES"])

const ZRANGESTORE = define({ words: ["ZRANGESTORE"], mode: "write", keys: 2, decode: Command.int })
/** Stores the members between two bounds. How many. */
export const zrangestore = (
  destination: Key,
  source: Key,
  start: number | string,
  stop: number | string,
  options?: ZrangeOptions | undefined
) => make(ZRANGESTORE, zrangeArgs([destination, source, rangeBound(start), rangeBound(stop)], options))

const ZRANK = define({ words: ["ZRANK"], mode: "read", keys: 1, decode: Command.intOrNull })
/** A member's rank from the lowest, from 0; or null. */
export const zrank = (key: Key, member: Arg) => make(ZRANK, argv(key, member))

const ZREVRANK = define({ words: ["ZREVRANK"], mode: "read", keys: 1, decode: Command.intOrNull })
/** A member's rank from the highest, from 0; or null. */
export const zrevrank = (key: Key, member: Arg) => make(ZREVRANK, argv(key, member))

const ZPOPMIN = define({ words: ["ZPOPMIN"], mode: "write", keys: 1, decode: Command.scored })
/** Takes the members of the lowest scores. */
export const zpopmin = (key: Key, count = 1) => make(ZPOPMIN, argv(key, count))

const ZPOPMAX = define({ words: ["ZPOPMAX"], mode: "write", keys: 1, decode: Command.scored })
/** Takes the members of the highest scores. */
export const zpopmax = (key: Key, count = 1) => make(ZPOPMAX, argv(key, count))

/**
 * What a pop from several sorted sets gives: which key, and its members.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoppedScored<A = string> {
  readonly key: A
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

const lowOrHigh = (command: string, which: "min" | "max"): string => word(command, "which", which, ["min", "max"])

const ZMPOP = define({ words: ["ZMPOP"], mode: "write", keys: numkeys(0), decode: poppedMany })
/** Takes members from the first sorted set that has any. Redis 7.0. */
export const zmpop = (keys: ReadonlyArray<Key>, which: "min" | "max", count = 1) =>
  make(ZMPOP, around(argv(listed("ZMPOP", "keys", keys).length), keys, lowOrHigh("ZMPOP", which), "COUNT", count))

const BZPOPMIN = define({
  words: ["BZPOPMIN"],
  mode: "write",
  keys: allButLast,
  blocks: lastIsTimeout,
  withBlockingMillis: lastWait,
  decode: poppedOne
})
/** Takes the lowest member of the first sorted set that has any, waiting for one. Null after the timeout. */
export const bzpopmin = (keys: ReadonlyArray<Key>, timeoutSeconds: number) =>
  make(BZPOPMIN, around(argv(), listed("BZPOPMIN", "keys", keys), timeoutSeconds))

const BZPOPMAX = define({
  words: ["BZPOPMAX"],
  mode: "write",
  keys: allButLast,
  blocks: lastIsTimeout,
  withBlockingMillis: lastWait,
  decode: poppedOne
})
/** Takes the highest member of the first sorted set that has any, waiting for one. Null after the timeout. */
export const bzpopmax = (keys: ReadonlyArray<Key>, timeoutSeconds: number) =>
  make(BZPOPMAX, around(argv(), listed("BZPOPMAX", "keys", keys), timeoutSeconds))

const BZMPOP = define({
  words: ["BZMPOP"],
  mode: "write",
  keys: numkeys(1),
  blocks: firstIsTimeout,
  withBlockingMillis: firstWait,
  decode: poppedMany
})
/** ZMPOP that waits for a member. Null after the timeout. Redis 7.0. */
export const bzmpop = (keys: ReadonlyArray<Key>, which: "min" | "max", timeoutSeconds: number, count = 1) =>
  make(
    BZMPOP,
    around(
      argv(timeoutSeconds, listed("BZMPOP", "keys", keys).length),
      keys,
      lowOrHigh("BZMPOP", which),
      "COUNT",
      count
    )
  )

const ZRANDMEMBER = define({ words: ["ZRANDMEMBER"], mode: "read", keys: 1, decode: Command.strings })
/** Random members; a negative count allows repetitions. */
export const zrandmember = (key: Key, count: number) => make(ZRANDMEMBER, argv(key, count))

const ZRANDMEMBER_SCORES = define({ words: ["ZRANDMEMBER"], mode: "read", keys: 1, decode: Command.scored })
/** Random members with their scores. */
export const zrandmemberWithScores = (key: Key, count: number) =>
  make(ZRANDMEMBER_SCORES, argv(key, count, "WITHSCORES"))

const ZREMRANGEBYRANK = define({ words: ["ZREMRANGEBYRANK"], mode: "write", keys: 1, decode: Command.int })
/** Removes the members between two ranks. How many. */
export const zremrangebyrank = (key: Key, start: number, stop: number) => make(ZREMRANGEBYRANK, argv(key, start, stop))

const ZREMRANGEBYSCORE = define({ words: ["ZREMRANGEBYSCORE"], mode: "write", keys: 1, decode: Command.int })
/** Removes the members between two scores. How many. */
export const zremrangebyscore = (key: Key, min: ScoreBound, max: ScoreBound) =>
  make(ZREMRANGEBYSCORE, argv(key, bound(min), bound(max)))

const ZREMRANGEBYLEX = define({ words: ["ZREMRANGEBYLEX"], mode: "write", keys: 1, decode: Command.int })
/** Removes the members between two, in a set of equal scores. How many. */
export const zremrangebylex = (key: Key, min: string, max: string) => make(ZREMRANGEBYLEX, argv(key, min, max))

/**
 * Options of the unions and intersections.
 *
 * @since 0.1.0
 * @category models
 */
export interface CombineOptions {
  /** A factor for each key's scores. */
  readonly weights?: ReadonlyArray<number> | undefined
  /** How scores of one member are combined. Default sum. */
  readonly aggregate?: "sum" | "min" | "max" | undefined
}

const combineArgs = (args: Array<Arg>, keys: ReadonlyArray<Key>, given: CombineOptions | undefined): Array<Arg> => {
  const options = optional("ZUNION", given)
  args.push(listed("ZUNION", "keys", keys).length)
  around(args, keys)
  if (options?.weights !== undefined) {
    around(args, ["WEIGHTS", ...listed("ZUNION", "weights", options.weights).map(score)])
  }
  if (options?.aggregate !== undefined) {
    args.push("AGGREGATE", word("ZUNION", "aggregate", options.aggregate, ["sum", "min", "max"]))
  }
  return args
}

const destinationAndKeys = (args: ReadonlyArray<Arg>): ReadonlyArray<Key> => [args[0] as Key, ...numkeys(1)(args)]

const ZUNION = define({ words: ["ZUNION"], mode: "read", keys: numkeys(0), decode: Command.strings })
/** The members that any sorted set has. */
export const zunion = (keys: ReadonlyArray<Key>, options?: CombineOptions | undefined) =>
  make(ZUNION, combineArgs([], keys, options))

const ZUNION_SCORES = define({ words: ["ZUNION"], mode: "read", keys: numkeys(0), decode: Command.scored })
/** The members that any sorted set has, with their scores. */
export const zunionWithScores = (keys: ReadonlyArray<Key>, options?: CombineOptions | undefined) =>
  make(ZUNION_SCORES, [...combineArgs([], keys, options), "WITHSCORES"])

const ZUNIONSTORE = define({ words: ["ZUNIONSTORE"], mode: "write", keys: destinationAndKeys, decode: Command.int })
/** Stores the members that any sorted set has. How many. */
export const zunionstore = (destination: Key, keys: ReadonlyArray<Key>, options?: CombineOptions | undefined) =>
  make(ZUNIONSTORE, combineArgs([destination], keys, options))

const ZINTER = define({ words: ["ZINTER"], mode: "read", keys: numkeys(0), decode: Command.strings })
/** The members that all sorted sets have. */
export const zinter = (keys: ReadonlyArray<Key>, options?: CombineOptions | undefined) =>
  make(ZINTER, combineArgs([], keys, options))

const ZINTER_SCORES = define({ words: ["ZINTER"], mode: "read", keys: numkeys(0), decode: Command.scored })
/** The members that all sorted sets have, with their scores. */
export const zinterWithScores = (keys: ReadonlyArray<Key>, options?: CombineOptions | undefined) =>
  make(ZINTER_SCORES, [...combineArgs([], keys, options), "WITHSCORES"])

const ZINTERSTORE = define({ words: ["ZINTERSTORE"], mode: "write", keys: destinationAndKeys, decode: Command.int })
/** Stores the members that all sorted sets have. How many. */
export const zinterstore = (destination: Key, keys: ReadonlyArray<Key>, options?: CombineOptions | undefined) =>
  make(ZINTERSTORE, combineArgs([destination], keys, options))

const ZINTERCARD = define({ words: ["ZINTERCARD"], mode: "read", keys: numkeys(0), decode: Command.int })
/** How many members all sorted sets have, counting up to a limit. Redis 7.0. */
export const zintercard = (keys: ReadonlyArray<Key>, limit?: number | undefined) =>
  make(ZINTERCARD, [
    listed("ZINTERCARD", "keys", keys).length,
    ...keys,
    ...(limit === undefined ? [] : ["LIMIT", limit])
  ])

const ZDIFF = define({ words: ["ZDIFF"], mode: "read", keys: numkeys(0), decode: Command.strings })
/** The members of the first sorted set that none of the others has. */
export const zdiff = (keys: ReadonlyArray<Key>) => make(ZDIFF, around(argv(listed("ZDIFF", "keys", keys).length), keys))

const ZDIFF_SCORES = define({ words: ["ZDIFF"], mode: "read", keys: numkeys(0), decode: Command.scored })
/** The same, with their scores. */
export const zdiffWithScores = (keys: ReadonlyArray<Key>) =>
  make(ZDIFF_SCORES, around(argv(listed("ZDIFF", "keys", keys).length), keys, "WITHSCORES"))

const ZDIFFSTORE = define({ words: ["ZDIFFSTORE"], mode: "write", keys: destinationAndKeys, decode: Command.int })
/** Stores the members of the first sorted set that none of the others has. How many. */
export const zdiffstore = (destination: Key, keys: ReadonlyArray<Key>) =>
  make(ZDIFFSTORE, around(argv(destination, listed("ZDIFFSTORE", "keys", keys).length), keys))

const ZSCAN = define({ words: ["ZSCAN"], mode: "read", keys: 1, decode: Command.page(Command.scored) })
/** One page of the members and scores, from a cursor. */
export const zscan = (key: Key, cursor: string, options?: ScanOptions | undefined) =>
  make(ZSCAN, scanArgs([key, cursor], options))
