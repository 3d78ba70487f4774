/**
 * The commands on streams: logs of entries, each with an id and fields. Those on consumer groups
 * are in streamGroups.ts and streamPendingEntries.ts, those that describe streams in streamInfo.ts.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import {
  appendPairs,
  appendVariadic,
  argv,
  type FieldsOf,
  keyword,
  optionsOf,
  type Variadic
} from "../internal/commands/args.ts"
import {
  appendCount,
  appendIds,
  appendReadLimits,
  appendStreams,
  entriesDecoder,
  referencesWord,
  removals,
  type StreamIds,
  streamKeys,
  type StreamReadLimits,
  type StreamReferences
} from "../internal/commands/streams.ts"
import {
  type DurationInput,
  isWholeSeconds,
  millisOf,
  type TimeoutInput,
  timeoutMillis
} from "../internal/commands/time.ts"
import type { NotWith } from "./options.ts"

export type {
  StreamEntry,
  StreamIds,
  StreamReadLimits,
  StreamReferences,
  StreamRemoval
} from "../internal/commands/streams.ts"

/**
 * How XADD and XTRIM remove old entries: by how many stay (`"maxlen"`), or all whose ids
 * are lower than another one (`"minid"`).
 *
 * @since 0.1.0
 * @category models
 */
export type StreamTrim = StreamTrimExactly | StreamTrimApproximately

/**
 * Old entries are removed up to the threshold.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamTrimExactly = StreamThreshold & {
  /** Exactly: the default. */
  readonly approximate?: false | undefined
  /** Not with exact trimming. */
  readonly limit?: NotWith<"exact trimming: it needs approximate"> | undefined
}

/**
 * Old entries are removed in whole blocks, which is faster; some stay that an exact
 * threshold would remove.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamTrimApproximately = StreamThreshold & {
  /** Whether whole blocks are removed only (`~`). */
  readonly approximate: true
  /** How many entries are removed at most; 0: no limit. Default: 100 times what a block holds. */
  readonly limit?: number | undefined
}

/**
 * Which entries of a stream stay: so many of the newest, or those from an id on.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamThreshold =
  | {
    /** By length. */
    readonly strategy: "maxlen"
    /** How many entries stay. */
    readonly threshold: number
  }
  | {
    /** By id. */
    readonly strategy: "minid"
    /** The lowest id that stays. */
    readonly threshold: string
  }

const streamTrimFields: FieldsOf<StreamTrim> = {
  strategy: "value",
  threshold: "value",
  approximate: "flag",
  limit: "value"
}

/** Appends MAXLEN or MINID and what belongs to it. */
const appendTrim = (command: string, args: Array<Arg>, given: StreamTrim): Array<Arg> => {
  const trim = optionsOf(command, given, streamTrimFields) as StreamTrim
  args.push(keyword(command, "trim.strategy", trim.strategy, ["maxlen", "minid"]))
  args.push(trim.approximate === true ? "~" : "=", trim.threshold)
  if (trim.limit !== undefined) {
    if (trim.approximate !== true) {
      throw new InvalidCommand({ command, detail: "limit: not with exact trimming: it needs approximate" })
    }
    args.push("LIMIT", trim.limit)
  }
  return args
}

/**
 * Options of XADD.
 *
 * @since 0.1.0
 * @category models
 */
export interface XaddOptions {
  /** Which old entries it removes. Default: none. */
  readonly trim?: StreamTrim | undefined
  /** What happens to the pending references of groups to removed entries. Needs Redis 8.2. */
  readonly references?: StreamReferences | undefined
  /**
   * Adds the entry only if the producer has not added it before: the result is then the id of the entry that is
   * there. `id` is the producer's name for the entry (IDMP); without it the server makes one of the fields and
   * values (IDMPAUTO). It needs `"*"` as the id of the entry, and Redis 8.6.
   */
  readonly idempotent?: {
    /** The name of the producer. */
    readonly producer: Arg
    /** The name of the entry at its producer. Default: one made of the content. */
    readonly id?: Arg | undefined
  } | undefined
}

const idempotentFields = { producer: "value", id: "value" } as const

const xaddFields: FieldsOf<XaddOptions> = { trim: "value", references: "value", idempotent: "value" }

const xaddArgs = (
  key: Key,
  id: string,
  fields: Readonly<Record<string, Arg>> | Iterable<readonly [Key, Arg]>,
  given: XaddOptions | undefined,
  word?: string
): Array<Arg> => {
  const options = optionsOf("XADD", given, xaddFields)
  const args: Array<Arg> = [key]
  if (word !== undefined) args.push(word)
  if (options?.references !== undefined) args.push(referencesWord("XADD", options.references))
  const idempotent = optionsOf("XADD", options?.idempotent, idempotentFields)
  if (idempotent !== undefined) {
    args.push(idempotent.id === undefined ? "IDMPAUTO" : "IDMP", idempotent.producer)
    if (idempotent.id !== undefined) args.push(idempotent.id)
  }
  if (options?.trim !== undefined) appendTrim("XADD", args, options.trim)
  args.push(id)
  return appendPairs("XADD", args, fields)
}

const XADD = define({ words: ["XADD"], mode: "write", keys: 1, decode: Command.word })
/**
 * XADD appends an entry to a stream and returns its id. With `"*"` the server makes the id, from its time in
 * milliseconds and a sequence number; `"5-*"` leaves the sequence number to it; any other id must be greater than
 * all ids before. A missing key is created; `xaddNomkstream` leaves it missing. `trim` removes old entries in the
 * same step. Fails with ERR if the id is not greater than the last one, and with WRONGTYPE if the key holds another
 * type.
 *
 * **Example** (At most about 1,000 entries)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const order = commands.xadd("orders", "*", { item: "tea", count: 2 }, {
 *   trim: { strategy: "maxlen", threshold: 1000, approximate: true }
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/xadd/
 * @since 0.1.0
 * @category streams
 */
export const xadd = (
  key: Key,
  id: string,
  fields: Readonly<Record<string, Arg>> | Iterable<readonly [field: Key, value: Arg]>,
  options?: XaddOptions | undefined
) => make(XADD, xaddArgs(key, id, fields, options))

const XADD_NOMKSTREAM = define({ words: ["XADD"], mode: "write", keys: 1, decode: Command.wordOrNull })
/**
 * XADD with NOMKSTREAM appends an entry to a stream that exists and returns its id. The result is `null`, and
 * nothing is created, if the key does not exist. The arguments and errors are those of `xadd`.
 *
 * @see https://redis.io/docs/latest/commands/xadd/
 * @since 0.1.0
 * @category streams
 */
export const xaddNomkstream = (
  key: Key,
  id: string,
  fields: Readonly<Record<string, Arg>> | Iterable<readonly [field: Key, value: Arg]>,
  options?: XaddOptions | undefined
) => make(XADD_NOMKSTREAM, xaddArgs(key, id, fields, options, "NOMKSTREAM"))

const XLEN = define({ words: ["XLEN"], mode: "read", keys: 1, decode: Command.int })
/**
 * XLEN returns how many entries a stream has, 0 if the key does not exist. Fails with WRONGTYPE if the key holds
 * another type.
 *
 * @see https://redis.io/docs/latest/commands/xlen/
 * @since 0.1.0
 * @category streams
 */
export const xlen = (key: Key) => make(XLEN, argv(key))

/**
 * Options of XRANGE and XREVRANGE.
 *
 * @since 0.1.0
 * @category models
 */
export interface XrangeOptions {
  /** How many entries are returned at most; at least 1. Default: all. */
  readonly count?: number | undefined
}

const xrangeFields: FieldsOf<XrangeOptions> = { count: "value" }

const rangeArgs = (
  command: string,
  key: Key,
  start: string,
  end: string,
  given: XrangeOptions | undefined
): Array<Arg> => appendCount(command, argv(key, start, end), optionsOf(command, given, xrangeFields)?.count)

const XRANGE = define({ words: ["XRANGE"], mode: "read", keys: 1, decode: entriesDecoder })
/**
 * XRANGE returns the entries of a stream from the id `start` to the id `end`, both inclusive, the oldest first. `"-"`
 * is the lowest id and `"+"` the greatest, `"(5-1"` excludes the id 5-1, and an id without a sequence number stands
 * for all of its millisecond. Of a field that an entry has twice, the last value is kept. A missing key gives `[]`.
 * Fails with ERR if an id is not valid, and with WRONGTYPE if the key holds another type.
 *
 * **Example** (The next page)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const pageAfter = (id: string) => commands.xrange("orders", `(${id}`, "+", { count: 100 })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/xrange/
 * @since 0.1.0
 * @category streams
 */
export const xrange = (key: Key, start: string, end: string, options?: XrangeOptions | undefined) =>
  make(XRANGE, rangeArgs(XRANGE.name, key, start, end, options))

const XREVRANGE = define({ words: ["XREVRANGE"], mode: "read", keys: 1, decode: entriesDecoder })
/**
 * XREVRANGE returns the entries of a stream from the id `end` down to the id `start`, both inclusive, the newest
 * first. The ids are those of XRANGE; the greater one comes first. A missing key gives `[]`. Fails with ERR if an id
 * is not valid, and with WRONGTYPE if the key holds another type.
 *
 * **Example** (The last ten)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const latest = commands.xrevrange("orders", "+", "-", { count: 10 })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/xrevrange/
 * @since 0.1.0
 * @category streams
 */
export const xrevrange = (key: Key, end: string, start: string, options?: XrangeOptions | undefined) =>
  make(XREVRANGE, rangeArgs(XREVRANGE.name, key, end, start, options))

const XDEL = define({ words: ["XDEL"], mode: "write", keys: 1, decode: Command.int })
/**
 * XDEL removes entries from a stream and returns how many there were. The stream stays when it is empty, and groups
 * keep their pending references to the entries. Fails with ERR if an id is not valid, and with WRONGTYPE if the key
 * holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xdel/
 * @since 0.1.0
 * @category streams
 */
export const xdel = (key: Key, ...ids: Variadic<string>) => make(XDEL, appendVariadic(XDEL.name, "ids", argv(key), ids))

const XDELEX = define({ words: ["XDELEX"], mode: "write", keys: 1, decode: removals })
/**
 * XDELEX removes entries from a stream and says what became of each, in the order of `ids`. `references` says what
 * happens to the pending references of groups: they stay (`"keepref"`, the default), they go with the entry
 * (`"delref"`), or an entry stays until all groups have acknowledged it (`"acked"`). Fails with ERR if an id is not
 * valid, and with WRONGTYPE if the key holds another type. Needs Redis 8.2.
 *
 * @see https://redis.io/docs/latest/commands/xdelex/
 * @since 0.1.0
 * @category streams
 */
export const xdelex = (
  key: Key,
  ids: ReadonlyArray<string>,
  references: StreamReferences = "keepref"
) => make(XDELEX, appendIds(XDELEX.name, argv(key, referencesWord(XDELEX.name, references)), ids))

const XTRIM = define({ words: ["XTRIM"], mode: "write", keys: 1, decode: Command.int })
const xtrimFields = { references: "value" } as const

/**
 * XTRIM removes the oldest entries of a stream, and returns how many it removed: all but the newest so many
 * (`"maxlen"`), or all whose id is lower than another one (`"minid"`). With `approximate` it removes whole blocks only,
 * which is faster and may leave more. `references` says what happens to the pending references of groups (Redis
 * 8.2). Fails with ERR if the threshold is not valid, and with WRONGTYPE if the key holds another type.
 *
 * **Example** (By length, and by age)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const short = commands.xtrim("orders", { strategy: "maxlen", threshold: 100 })
 * export const recent = commands.xtrim("orders", { strategy: "minid", threshold: "1700000000000", approximate: true })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/xtrim/
 * @since 0.1.0
 * @category streams
 */
export const xtrim = (key: Key, trim: StreamTrim, options?: {
  /** What happens to the pending references of groups to removed entries. Needs Redis 8.2. */
  readonly references?: StreamReferences | undefined
}) => {
  const args = appendTrim("XTRIM", argv(key), trim)
  const mode = optionsOf("XTRIM", options, xtrimFields)?.references
  if (mode !== undefined) args.push(referencesWord("XTRIM", mode))
  return make(XTRIM, args)
}

/**
 * Options of XREAD.
 *
 * @since 0.1.0
 * @category models
 */
export interface XreadOptions extends StreamReadLimits {
  /** How long it waits for an entry if there is none; `"Infinity"`: without end. Default: it does not wait. */
  readonly block?: TimeoutInput | undefined
}

const XREAD = define({
  words: ["XREAD"],
  mode: "read",
  keys: streamKeys(0),
  decode: Command.nullable(Command.mapOf(Command.word, entriesDecoder))
})
const xreadFields: FieldsOf<XreadOptions> = { block: "value", count: "value", maxCount: "value", maxSize: "value" }

/**
 * XREAD returns the entries of one or several streams whose ids are greater than the given ones, as a `Map` by
 * stream; the result is `null` if there are none. With `block` it waits for an entry, on a connection of its own.
 * `"$"` stands for the last id at the moment when the server gets the command, so that only later entries count;
 * `"+"` gives the last entry (Redis 7.4). Pass the id of the last entry that was read in the next call: with `"$"`
 * entries that come in between are missed. The keys of the `Map` are text. Fails with ERR if an id is not valid, and
 * with WRONGTYPE if a key holds another type.
 *
 * **Example** (Entries as they come)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   let last = "0"
 *   while (true) {
 *     const read = yield* redis.xread({ orders: last }, { count: 10, block: "30 seconds" })
 *     for (const { fields, id } of read?.get("orders") ?? []) {
 *       yield* Effect.log(fields["item"])
 *       last = id
 *     }
 *   }
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/xread/
 * @since 0.1.0
 * @category streams
 */
export const xread = (
  streams: StreamIds,
  options?: XreadOptions | undefined
) => {
  const given = optionsOf(XREAD.name, options, xreadFields)
  const args = appendReadLimits(XREAD.name, argv(), given)
  if (given?.block !== undefined) args.push("BLOCK", timeoutMillis(XREAD.name, given.block, "block"))
  return make(XREAD, appendStreams(XREAD.name, args, streams))
}

const XSETID = define({ words: ["XSETID"], mode: "write", keys: 1, decode: Command.ok })
const xsetidFields = { entriesAdded: "value", maxDeletedId: "value" } as const

/**
 * XSETID sets the last id of a stream, after which new entries come. It is meant for copies of streams: `entriesAdded`
 * and `maxDeletedId` set the other counters. Fails with ERR if the key does not exist or the id is lower than that of
 * an entry, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xsetid/
 * @since 0.1.0
 * @category streams
 */
export const xsetid = (key: Key, lastId: string, options?: {
  /** How many entries were ever added. */
  readonly entriesAdded?: number | undefined
  /** The greatest id that was deleted. */
  readonly maxDeletedId?: string | undefined
}) => {
  const given = optionsOf(XSETID.name, options, xsetidFields)
  const args = argv(key, lastId)
  if (given?.entriesAdded !== undefined) args.push("ENTRIESADDED", given.entriesAdded)
  if (given?.maxDeletedId !== undefined) args.push("MAXDELETEDID", given.maxDeletedId)
  return make(XSETID, args)
}

/**
 * What XCFGSET sets: at least one of the two.
 *
 * @since 0.1.0
 * @category models
 */
export type XcfgsetOptions =
  | {
    /** How long the server remembers the name of an entry: whole seconds, up to a day. */
    readonly duration: DurationInput
    /** How many names it remembers for each producer, up to 10,000. */
    readonly maxSize?: number | undefined
  }
  | {
    /** How long the server remembers the name of an entry: whole seconds, up to a day. */
    readonly duration?: undefined
    /** How many names it remembers for each producer, up to 10,000. */
    readonly maxSize: number
  }

const XCFGSET = define({ words: ["XCFGSET"], mode: "write", keys: 1, decode: Command.ok })
const xcfgsetFields: FieldsOf<XcfgsetOptions> = { duration: "value", maxSize: "value" }

/**
 * XCFGSET sets for how long, and for how many entries of each producer, a stream remembers what XADD with `idempotent`
 * added. The stream forgets all of them. Fails with ERR if the key does not exist or a value is out of range, and with
 * WRONGTYPE if the key holds another type. Needs Redis 8.6.
 *
 * @see https://redis.io/docs/latest/commands/xcfgset/
 * @since 0.1.0
 * @category streams
 */
export const xcfgset = (key: Key, options: XcfgsetOptions) => {
  const given = optionsOf(XCFGSET.name, options, xcfgsetFields)
  const args = argv(key)
  if (given?.duration !== undefined) {
    const millis = millisOf(XCFGSET.name, "duration", given.duration)
    if (!isWholeSeconds(millis)) {
      throw new InvalidCommand({ command: XCFGSET.name, detail: "duration: expected whole seconds" })
    }
    args.push("IDMP-DURATION", millis / 1000)
  }
  if (given?.maxSize !== undefined) args.push("IDMP-MAXSIZE", given.maxSize)
  if (args.length === 1) {
    throw new InvalidCommand({ command: XCFGSET.name, detail: "options: duration or maxSize is needed" })
  }
  return make(XCFGSET, args)
}
