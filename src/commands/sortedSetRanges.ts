/**
 * The commands on ranges of sorted sets: by rank, by score, or by the bytes of the
 * members.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import {
  appendAll,
  argv,
  arrayOf,
  type FieldsOf,
  keyword,
  objectOf,
  optionsOf,
  scoreArg
} from "../internal/commands/args.ts"
import { kindOf } from "../internal/common/values.ts"
import type { NotWith } from "./options.ts"

/**
 * A bound of a range by score: a number, which is in the range itself, `"(1.5"`,
 * which is not, or `"-inf"` and `"+inf"` for no bound.
 *
 * @since 0.1.0
 * @category models
 */
export type ScoreBound = number | `(${number}` | "-inf" | "+inf"

/**
 * A bound of a range by the bytes of the members: `"[m"`, which has m itself in the range, `"(m"`,
 * which has not, `"-"` (before all members) or `"+"` (after all members). Bytes begin with `[` or
 * `(`, too.
 *
 * @since 0.1.0
 * @category models
 */
export type LexBound = `[${string}` | `(${string}` | "-" | "+" | Uint8Array

const bound = (b: ScoreBound | LexBound): Arg => typeof b === "number" ? scoreArg(b) : b

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
 * exist. It is meant for sorted sets whose scores are all equal. Fails with WRONGTYPE if the key holds another
 * type.
 *
 * @see https://redis.io/docs/latest/commands/zlexcount/
 * @since 0.1.0
 * @category sorted sets
 */
export const zlexcount = (key: Key, min: LexBound, max: LexBound) => make(ZLEXCOUNT, argv(key, min, max))

/**
 * The order of ZRANGE, ZRANGESTORE and `zrangeWithScores`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ZrangeOrder {
  /**
   * Whether the order is from the highest to the lowest. Ranks then count from the
   * highest; of scores and members the greater bound comes first. Default false.
   */
  readonly reverse?: boolean | undefined
}

/**
 * Options of ZRANGE whose bounds are members.
 *
 * @since 0.1.0
 * @category models
 */
export interface ZrangeByLex extends ZrangeOrder {
  /** The bounds are members, in the order of their bytes (BYLEX). */
  readonly by: "lex"
  /** How many members are skipped, and how many are returned at most (negative: all). */
  readonly limit?: readonly [offset: number, count: number] | undefined
}

/**
 * Options of ZRANGE whose bounds are scores.
 *
 * @since 0.1.0
 * @category models
 */
export interface ZrangeByScore extends ZrangeOrder {
  /** The bounds are scores (BYSCORE). */
  readonly by: "score"
  /** How many members are skipped, and how many are returned at most (negative: all). */
  readonly limit?: readonly [offset: number, count: number] | undefined
}

/**
 * Options of ZRANGE whose bounds are ranks.
 *
 * @since 0.1.0
 * @category models
 */
export interface ZrangeByRank extends ZrangeOrder {
  /** Ranks need no `by`. */
  readonly by?: undefined
  /** Not with ranks: the bounds are a limit already. */
  readonly limit?: NotWith<"ranks: it needs by"> | undefined
}

/**
 * Options of ZRANGE and ZRANGESTORE. `by` says what the bounds are; without it they are
 * ranks.
 *
 * @since 0.1.0
 * @category models
 */
export type ZrangeOptions = ZrangeByLex | ZrangeByScore | ZrangeByRank

/**
 * The type of the bounds that go with options of ZRANGE: ranks, scores or members.
 *
 * @since 0.1.0
 * @category utility types
 */
export type ZrangeBound<Options extends ZrangeOptions> = Options extends ZrangeByScore ? ScoreBound
  : Options extends ZrangeByLex ? LexBound
  : number

const zrangeFields: FieldsOf<ZrangeOptions> = { by: "value", limit: "value", reverse: "flag" }

const zrangeArgs = (
  command: string,
  args: Array<Arg>,
  start: number | ScoreBound | LexBound,
  stop: number | ScoreBound | LexBound,
  given: ZrangeOptions | undefined
): Array<Arg> => {
  const options = optionsOf(command, given, zrangeFields)
  args.push(bound(start), bound(stop))
  if (options?.by !== undefined) args.push(`BY${keyword(command, "by", options.by, ["score", "lex"])}`)
  else checkRanks(command, start, stop)
  if (options?.reverse === true) args.push("REV")
  if (options?.limit !== undefined) {
    if (options.by === undefined) throw new InvalidCommand({ command, detail: "limit: not with ranks: it needs by" })
    args.push("LIMIT", ...arrayOf(command, "limit", options.limit).slice(0, 2))
  }
  return args
}

const checkRanks = (command: string, start: unknown, stop: unknown): void => {
  for (const [field, rank] of [["start", start], ["stop", stop]] as const) {
    if (Number.isSafeInteger(rank)) continue
    const detail = `${field}: without by, expected a rank (a whole number), got ${kindOf(rank)}`
    throw new InvalidCommand({ command, detail })
  }
}

const ZRANGE = define({ words: ["ZRANGE"], mode: "read", keys: 1, decode: Command.strings })
/**
 * ZRANGE returns the members between two bounds, both inclusive, ordered from the lowest score to the highest, and
 * by their bytes where scores are equal. The bounds are ranks, which count from 0 (negative ones from the end, -1
 * being the last); with `by: "score"` they are `ScoreBound`s, with `by: "lex"` they are `LexBound`s. A missing key
 * or an empty range gives `[]`. Fails with WRONGTYPE if the key holds another type, and with `InvalidCommand` for
 * bounds that are not ranks, or a `limit`, without `by`.
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
export const zrange = <const Options extends ZrangeOptions = ZrangeByRank>(
  key: Key,
  start: ZrangeBound<Options>,
  stop: ZrangeBound<Options>,
  options?: Options | undefined
) => make(ZRANGE, zrangeArgs(ZRANGE.name, [key], start, stop, options))

const ZRANGE_SCORES = define({ words: ["ZRANGE"], mode: "read", keys: 1, decode: Command.scored })
/**
 * ZRANGE with WITHSCORES returns the members between two bounds and their scores, in the order of ZRANGE. The
 * bounds and the options are those of ZRANGE, without `by: "lex"`. A missing key or an empty range gives `[]`.
 * Fails with WRONGTYPE if the key holds another type, and with `InvalidCommand` for bounds that are not ranks, or
 * a `limit`, without `by`.
 *
 * @see https://redis.io/docs/latest/commands/zrange/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrangeWithScores = <const Options extends ZrangeByScore | ZrangeByRank = ZrangeByRank>(
  key: Key,
  start: ZrangeBound<Options>,
  stop: ZrangeBound<Options>,
  options?: Options | undefined
) => {
  const by: unknown = objectOf(ZRANGE.name, options)?.by
  if (by === "lex") throw new InvalidCommand({ command: ZRANGE.name, detail: "by: not with WITHSCORES" })
  return make(ZRANGE_SCORES, appendAll(argv(), zrangeArgs(ZRANGE.name, [key], start, stop, options), "WITHSCORES"))
}

const ZRANGESTORE = define({ words: ["ZRANGESTORE"], mode: "write", keys: 2, decode: Command.int })
/**
 * ZRANGESTORE stores the members between two bounds with their scores as a sorted set at `destination`, and
 * returns how many there are. The bounds and the options are those of ZRANGE. It replaces a value of any type
 * there; an empty result deletes it. Fails with WRONGTYPE if `source` holds another type, and with
 * `InvalidCommand` for bounds that are not ranks, or a `limit`, without `by`.
 *
 * @see https://redis.io/docs/latest/commands/zrangestore/
 * @since 0.1.0
 * @category sorted sets
 */
export const zrangestore = <const Options extends ZrangeOptions = ZrangeByRank>(
  destination: Key,
  source: Key,
  start: ZrangeBound<Options>,
  stop: ZrangeBound<Options>,
  options?: Options | undefined
) => make(ZRANGESTORE, zrangeArgs(ZRANGESTORE.name, [destination, source], start, stop, options))

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
 * were. It is meant for sorted sets whose scores are all equal. Fails with WRONGTYPE if the key holds another
 * type.
 *
 * @see https://redis.io/docs/latest/commands/zremrangebylex/
 * @since 0.1.0
 * @category sorted sets
 */
export const zremrangebylex = (key: Key, min: LexBound, max: LexBound) => make(ZREMRANGEBYLEX, argv(key, min, max))
