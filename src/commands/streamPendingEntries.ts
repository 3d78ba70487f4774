/**
 * The commands on the pending entries of consumer groups, which were delivered and not acknowledged:
 * acknowledging them, giving them back, listing them, and claiming them for another consumer.
 * Reading as a consumer is in streamGroups.ts.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import {
  appendAll,
  appendVariadic,
  argv,
  exclusive,
  type FieldsOf,
  keyword,
  type OneOrMore,
  optionsOf,
  type Variadic
} from "../internal/commands/args.ts"
import {
  appendCount,
  appendIds,
  claimedEntries,
  deliveryCount,
  elapsed,
  idsOf,
  ownerDecoder,
  referencesWord,
  removals,
  type StreamReferences
} from "../internal/commands/streams.ts"
import { type DurationInput, elapsedMillisOf, epochMillisOf, type Moment } from "../internal/commands/time.ts"
import type * as Resp from "../Resp.ts"
import type { NotWith } from "./options.ts"

// -----------------------------------------------------------------------------
// Acknowledging, and giving back
// -----------------------------------------------------------------------------

const XACK = define({ words: ["XACK"], mode: "write", keys: 1, decode: Command.int })
/**
 * XACK acknowledges entries for a group, so that they are not pending any more, and returns how many were pending. 0 if
 * there is no such key or group. Fails with ERR if an id is not valid, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xack/
 * @since 0.1.0
 * @category streams
 */
export const xack = (key: Key, group: Arg, ...ids: Variadic<string>) =>
  make(XACK, appendVariadic(XACK.name, "ids", argv(key, group), ids))

const XACKDEL = define({ words: ["XACKDEL"], mode: "write", keys: 1, decode: removals })
/**
 * XACKDEL acknowledges entries for a group and removes them from the stream, and says what became of each, in the
 * order of `ids`. `references` is that of XDELEX. Fails with ERR if an id is not valid, and with WRONGTYPE if the key
 * holds another type. Needs Redis 8.2.
 *
 * @see https://redis.io/docs/latest/commands/xackdel/
 * @since 0.1.0
 * @category streams
 */
export const xackdel = (
  key: Key,
  group: Arg,
  ids: ReadonlyArray<string>,
  references: StreamReferences = "keepref"
) => make(XACKDEL, appendIds(XACKDEL.name, argv(key, group, referencesWord(XACKDEL.name, references)), ids))

/**
 * What XNACK does to the number of deliveries of an entry: it takes the last one back (`"silent"`), keeps it
 * (`"fail"`), or sets it to the maximum (`"fatal"`).
 *
 * @since 0.1.0
 * @category models
 */
export type XnackMode = "silent" | "fail" | "fatal"

const XNACK = define({ words: ["XNACK"], mode: "write", keys: 1, decode: Command.int })
const xnackFields = { retryCount: "value", force: "flag" } as const

/**
 * XNACK gives pending entries of a group back without acknowledging them, so that another consumer may get them at
 * once, and returns how many there were. Fails with WRONGTYPE if the key holds another type. Needs Redis 8.8.
 *
 * @see https://redis.io/docs/latest/commands/xnack/
 * @since 0.1.0
 * @category streams
 */
export const xnack = (key: Key, group: Arg, mode: XnackMode, ids: ReadonlyArray<string>, options?: {
  /** The number of deliveries from now on. Default: what `mode` makes of it. */
  readonly retryCount?: number | undefined
  /** Whether entries that are not pending become so. Default false. */
  readonly force?: boolean | undefined
}) => {
  const given = optionsOf(XNACK.name, options, xnackFields)
  const word = keyword(XNACK.name, "mode", mode, ["silent", "fail", "fatal"])
  const args = appendIds(XNACK.name, argv(key, group, word), ids)
  if (given?.retryCount !== undefined) args.push("RETRYCOUNT", given.retryCount)
  if (given?.force === true) args.push("FORCE")
  return make(XNACK, args)
}

// -----------------------------------------------------------------------------
// Listing
// -----------------------------------------------------------------------------

/**
 * The pending entries of a group in numbers.
 *
 * @since 0.1.0
 * @category models
 */
export interface PendingSummary {
  /** How many entries are pending. */
  readonly count: number
  /** The lowest id among them; `null` if there are none. */
  readonly lowestId: string | null
  /** The greatest id among them; `null` if there are none. */
  readonly greatestId: string | null
  /** How many each consumer has, by its name; consumers without any are left out. */
  readonly consumers: Map<string, number>
}

const summary: Command.Decode<PendingSummary> = Command.map(
  Command.struct({
    count: Command.int,
    lowestId: Command.wordOrNull,
    greatestId: Command.wordOrNull,
    consumers: Command.nullable(Command.mapOf(Command.word, deliveryCount))
  }),
  ({ consumers, ...others }) => ({ ...others, consumers: consumers ?? new Map<string, number>() })
)

const XPENDING = define({ words: ["XPENDING"], mode: "read", keys: 1, decode: summary })
/**
 * XPENDING returns how many entries of a group are pending, between which ids, and with which consumers. `xpendingRange`
 * lists them. Fails with NOGROUP if there is no such key or group, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xpending/
 * @since 0.1.0
 * @category streams
 */
export const xpending = (key: Key, group: Arg) => make(XPENDING, argv(key, group))

/**
 * A pending entry.
 *
 * @since 0.1.0
 * @category models
 */
export interface PendingEntry<A = string> {
  /** Its id. */
  readonly id: string
  /** The consumer that it was delivered to; `null` if XNACK has given it back. */
  readonly consumer: A | null
  /** How long ago it was delivered the last time; `null` if XNACK has given it back. */
  readonly idle: Duration.Duration | null
  /** How often it was delivered; Infinity if XNACK has marked it as fatal. */
  readonly deliveries: number
}

const pendingEntries: Command.Decode<Array<PendingEntry>, Array<PendingEntry<Uint8Array>>> = Command.array(
  Command.struct({ id: Command.word, consumer: ownerDecoder, idle: elapsed, deliveries: deliveryCount })
)

const XPENDING_RANGE = define({ words: ["XPENDING"], mode: "read", keys: 1, decode: pendingEntries })
const xpendingRangeFields = { consumer: "value", minIdle: "value" } as const

/**
 * XPENDING with a range returns the pending entries of a group from the id `start` to the id `end`, at most `count` of
 * them: who has each of them, for how long, and how often it was delivered. The ids are those of XRANGE. Fails with
 * NOGROUP if there is no such key or group, with ERR if an id is not valid, and with WRONGTYPE if the key holds another
 * type.
 *
 * **Example** (What one consumer has had for a minute)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const stuck = commands.xpendingRange("orders", "billing", "-", "+", 100, {
 *   consumer: "worker-1",
 *   minIdle: "1 minute"
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/xpending/
 * @since 0.1.0
 * @category streams
 */
export const xpendingRange = (key: Key, group: Arg, start: string, end: string, count: number, options?: {
  /** The consumer whose entries are listed. Default: all. */
  readonly consumer?: Arg | undefined
  /** How long ago the last delivery is at least. Default: any. */
  readonly minIdle?: DurationInput | undefined
}) => {
  const given = optionsOf(XPENDING_RANGE.name, options, xpendingRangeFields)
  const args = argv(key, group)
  if (given?.minIdle !== undefined) args.push("IDLE", elapsedMillisOf(XPENDING_RANGE.name, "minIdle", given.minIdle))
  args.push(start, end, count)
  if (given?.consumer !== undefined) args.push(given.consumer)
  return make(XPENDING_RANGE, args)
}

// -----------------------------------------------------------------------------
// Claiming
// -----------------------------------------------------------------------------

interface XclaimCommon {
  /** How often the entries were delivered, from now on. Default: once more; `xclaimJustid` does not count. */
  readonly retryCount?: number | undefined
  /** Whether entries that are not pending become so, if they are in the stream. Default false. */
  readonly force?: boolean | undefined
  /** An id: the last one that was delivered to the group becomes at least this one. */
  readonly lastId?: string | undefined
}

/**
 * Options of XCLAIM, with how long ago the entries were delivered.
 *
 * @since 0.1.0
 * @category models
 */
export interface XclaimIdle extends XclaimCommon {
  /** How long ago the entries were delivered, from now on. Default: zero. */
  readonly idle?: DurationInput | undefined
  /** Not with `idle`. */
  readonly deliveredAt?: NotWith<"idle"> | undefined
}

/**
 * Options of XCLAIM, with the moment at which the entries were delivered.
 *
 * @since 0.1.0
 * @category models
 */
export interface XclaimDeliveredAt extends XclaimCommon {
  /** When the entries were delivered. Default: now. */
  readonly deliveredAt?: Moment | undefined
  /** Not with `deliveredAt`. */
  readonly idle?: NotWith<"deliveredAt"> | undefined
}

/**
 * Options of XCLAIM.
 *
 * @since 0.1.0
 * @category models
 */
export type XclaimOptions = XclaimIdle | XclaimDeliveredAt

const xclaimFields: FieldsOf<XclaimOptions> = {
  idle: "value",
  deliveredAt: "value",
  retryCount: "value",
  force: "flag",
  lastId: "value"
}

const xclaimArgs = (
  key: Key,
  group: Arg,
  consumer: Arg,
  minIdle: DurationInput,
  ids: OneOrMore<string>,
  options: XclaimOptions | undefined
): Array<Arg> => {
  const given = optionsOf("XCLAIM", options, xclaimFields)
  const args = argv(key, group, consumer, elapsedMillisOf("XCLAIM", "minIdle", minIdle))
  appendAll(args, idsOf("XCLAIM", typeof ids === "string" ? [ids] : ids))
  if (given === undefined) return args
  exclusive("XCLAIM", given, ["idle", "deliveredAt"])
  if (given.idle !== undefined) args.push("IDLE", elapsedMillisOf("XCLAIM", "idle", given.idle as DurationInput))
  if (given.deliveredAt !== undefined) {
    args.push("TIME", epochMillisOf("XCLAIM", "deliveredAt", given.deliveredAt as Moment))
  }
  if (given.retryCount !== undefined) args.push("RETRYCOUNT", given.retryCount)
  if (given.force === true) args.push("FORCE")
  if (given.lastId !== undefined) args.push("LASTID", given.lastId)
  return args
}

const XCLAIM = define({ words: ["XCLAIM"], mode: "write", keys: 1, decode: claimedEntries })
/**
 * XCLAIM makes a consumer the owner of pending entries of its group that were delivered at least `minIdle` ago, counts
 * that as a delivery, and returns them. Those that are not pending are left out. One that has been deleted from the
 * stream is left out as well, and since Redis 7.0 is not pending any more. `"0 millis"` claims them whatever their age.
 * Fails with NOGROUP if there is no such key or group, with ERR if an id is not valid, and with WRONGTYPE if the key
 * holds another type.
 *
 * @see https://redis.io/docs/latest/commands/xclaim/
 * @since 0.1.0
 * @category streams
 */
export const xclaim = (
  key: Key,
  group: Arg,
  consumer: Arg,
  minIdle: DurationInput,
  ids: OneOrMore<string>,
  options?: XclaimOptions | undefined
) => make(XCLAIM, xclaimArgs(key, group, consumer, minIdle, ids, options))

const XCLAIM_JUSTID = define({ words: ["XCLAIM"], mode: "write", keys: 1, decode: Command.words })
/**
 * XCLAIM with JUSTID claims pending entries like `xclaim`, and returns their ids only. It does not count as a delivery.
 * Fails as `xclaim` does.
 *
 * @see https://redis.io/docs/latest/commands/xclaim/
 * @since 0.1.0
 * @category streams
 */
export const xclaimJustid = (
  key: Key,
  group: Arg,
  consumer: Arg,
  minIdle: DurationInput,
  ids: OneOrMore<string>,
  options?: XclaimOptions | undefined
) => make(XCLAIM_JUSTID, appendAll(xclaimArgs(key, group, consumer, minIdle, ids, options), [], "JUSTID"))

/**
 * Options of XAUTOCLAIM.
 *
 * @since 0.1.0
 * @category models
 */
export interface XautoclaimOptions {
  /** How many entries are claimed at most, at least 1; the server looks at ten times as many. Default: 100. */
  readonly count?: number | undefined
}

/**
 * What XAUTOCLAIM has claimed.
 *
 * @since 0.1.0
 * @category models
 */
export interface AutoClaimed<A> {
  /** The id that the next call starts at; `"0-0"` if there are no more pending entries. */
  readonly cursor: string
  /** The claimed entries, or their ids. */
  readonly claimed: Array<A>
  /** The ids of entries that were pending though they had been deleted; since Redis 7.0, pending no more. */
  readonly deletedIds: Array<string>
}

/** Before Redis 7.0 the reply has no deleted ids. */
const autoClaimed = <A, B>(claimed: Command.Decode<Array<A>, Array<B>>) =>
  Command.custom<AutoClaimed<A>, AutoClaimed<B>>((value, bytes) => {
    const [cursor, items, deleted = []] = Array.isArray(value) && value.length > 1 ? value : notClaimed(value)
    return {
      cursor: Command.text(cursor!),
      claimed: claimed(items!, bytes),
      deletedIds: Command.words(deleted, bytes)
    }
  })

const notClaimed = (value: Resp.Value): never => {
  throw new Command.Mismatch("a cursor and what was claimed", value)
}

const xautoclaimFields: FieldsOf<XautoclaimOptions> = { count: "value" }

const xautoclaimArgs = (
  key: Key,
  group: Arg,
  consumer: Arg,
  minIdle: DurationInput,
  start: string,
  options: XautoclaimOptions | undefined
): Array<Arg> =>
  appendCount(
    "XAUTOCLAIM",
    argv(key, group, consumer, elapsedMillisOf("XAUTOCLAIM", "minIdle", minIdle), start),
    optionsOf("XAUTOCLAIM", options, xautoclaimFields)?.count
  )

const XAUTOCLAIM = define({ words: ["XAUTOCLAIM"], mode: "write", keys: 1, decode: autoClaimed(claimedEntries) })
/**
 * XAUTOCLAIM looks through the pending entries of a group from the id `start` on, and claims those that were delivered
 * at least `minIdle` ago, as `xclaim` does. Pass the `cursor` of the result as the next `start`; `"0-0"` begins, and
 * ends. Fails with NOGROUP if there is no such key or group, with ERR if the id is not valid, and with WRONGTYPE if the
 * key holds another type.
 *
 * **Example** (All entries that their consumer has had for a minute)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   let start = "0-0"
 *   do {
 *     const { claimed, cursor } = yield* redis.xautoclaim("orders", "billing", "worker-1", "1 minute", start)
 *     for (const { fields } of claimed) yield* Effect.log(fields["item"])
 *     start = cursor
 *   } while (start !== "0-0")
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/xautoclaim/
 * @since 0.1.0
 * @category streams
 */
export const xautoclaim = (
  key: Key,
  group: Arg,
  consumer: Arg,
  minIdle: DurationInput,
  start: string,
  options?: XautoclaimOptions | undefined
) => make(XAUTOCLAIM, xautoclaimArgs(key, group, consumer, minIdle, start, options))

const XAUTOCLAIM_JUSTID = define({
  words: ["XAUTOCLAIM"],
  mode: "write",
  keys: 1,
  decode: autoClaimed<string, string>(Command.words)
})
/**
 * XAUTOCLAIM with JUSTID claims pending entries like `xautoclaim`, and returns their ids only. It does not count as a
 * delivery. Fails as `xautoclaim` does.
 *
 * @see https://redis.io/docs/latest/commands/xautoclaim/
 * @since 0.1.0
 * @category streams
 */
export const xautoclaimJustid = (
  key: Key,
  group: Arg,
  consumer: Arg,
  minIdle: DurationInput,
  start: string,
  options?: XautoclaimOptions | undefined
) => make(XAUTOCLAIM_JUSTID, appendAll(xautoclaimArgs(key, group, consumer, minIdle, start, options), [], "JUSTID"))
