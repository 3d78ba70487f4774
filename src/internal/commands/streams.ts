/**
 * What the commands on streams have in common: the limits of reads, where the keys and the
 * ids of reads are among the arguments, and how entries and pending entries are decoded.
 * The commands are in commands/streams.ts, streamGroups.ts, streamPendingEntries.ts and streamInfo.ts.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Command from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { integerProblem } from "../common/values.ts"
import { appendAll, appendPairs, arrayOf, keyword } from "./args.ts"

// -----------------------------------------------------------------------------
// Arguments
// -----------------------------------------------------------------------------

/**
 * What happens to the pending references that groups have to an entry when it is removed:
 * they stay (`"keepref"`), they are removed with it (`"delref"`), or the entry stays until
 * every group has acknowledged it (`"acked"`). Needs Redis 8.2.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamReferences = "keepref" | "delref" | "acked"

/** The word for what happens to references. */
export const referencesWord = (command: string, references: StreamReferences): string =>
  keyword(command, "references", references, ["keepref", "delref", "acked"])

/** Appends a limit of at least 1. */
const appendLimit = (
  command: string,
  args: Array<Arg>,
  word: string,
  field: string,
  limit: number | undefined
): Array<Arg> => {
  if (limit === undefined) return args
  const problem = integerProblem(limit, 1, Number.MAX_SAFE_INTEGER)
  if (problem !== undefined) throw new InvalidCommand({ command, detail: `${field}: ${problem}` })
  args.push(word, limit)
  return args
}

/** Appends COUNT, for which the server reads 0 differently from command to command. */
export const appendCount = (command: string, args: Array<Arg>, count: number | undefined): Array<Arg> =>
  appendLimit(command, args, "COUNT", "count", count)

/**
 * How much XREAD and XREADGROUP return at most.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamReadLimits {
  /** How many entries of each stream are returned at most; at least 1. Default: all. */
  readonly count?: number | undefined
  /** How many entries of all streams together are returned at most; at least `count`. Needs Redis 8.10. */
  readonly maxCount?: number | undefined
  /** How many bytes the reply has at most, but for its first entry; at least 1. Needs Redis 8.10. */
  readonly maxSize?: number | undefined
}

/** Appends COUNT, MAXCOUNT and MAXSIZE. */
export const appendReadLimits = (
  command: string,
  args: Array<Arg>,
  limits: StreamReadLimits | undefined
): Array<Arg> => {
  if (limits === undefined) return args
  const { count, maxCount, maxSize } = limits
  appendCount(command, args, count)
  appendLimit(command, args, "MAXCOUNT", "maxCount", maxCount)
  if (count !== undefined && maxCount !== undefined && maxCount < count) {
    throw new InvalidCommand({ command, detail: `maxCount: expected at least count, which is ${count}` })
  }
  return appendLimit(command, args, "MAXSIZE", "maxSize", maxSize)
}

/** An array of ids. Throws `InvalidCommand` for an empty one. */
export const idsOf = (command: string, ids: ReadonlyArray<string>): ReadonlyArray<string> => {
  const list = arrayOf(command, "ids", ids)
  if (list.length === 0) throw new InvalidCommand({ command, detail: "ids: at least one is needed" })
  return list
}

/** Appends IDS, their number, and ids. */
export const appendIds = (command: string, args: Array<Arg>, ids: ReadonlyArray<string>): Array<Arg> => {
  const list = idsOf(command, ids)
  args.push("IDS", list.length)
  return appendAll(args, list)
}

/**
 * Streams, and for each the id after which it is read: by key, or in pairs.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamIds = Readonly<Record<string, string>> | Iterable<readonly [key: Key, id: string]>

/** Appends STREAMS, the keys, and the ids. */
export const appendStreams = (command: string, args: Array<Arg>, streams: StreamIds): Array<Arg> => {
  const pairs = appendPairs(command, [], streams)
  args.push("STREAMS")
  for (let i = 0; i < pairs.length; i += 2) args.push(pairs[i]!)
  for (let i = 1; i < pairs.length; i += 2) args.push(pairs[i]!)
  return args
}

/** Finds the keys behind STREAMS, which comes after the argument at index `from`. */
export const streamKeys = (from: number) => (args: ReadonlyArray<Arg>): ReadonlyArray<Key> => {
  const at = args.indexOf("STREAMS", from) + 1
  return args.slice(at, at + (args.length - at) / 2) as ReadonlyArray<Key>
}

// -----------------------------------------------------------------------------
// Replies
// -----------------------------------------------------------------------------

/**
 * An entry of a stream.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamEntry<A = string> {
  /** Its id: milliseconds, a hyphen, and a sequence number. */
  readonly id: string
  /** Its fields. Of a field that it has twice, the last value. */
  readonly fields: Record<string, A>
}

export const entryDecoder: Command.Decode<StreamEntry, StreamEntry<Uint8Array>> = Command.struct({
  id: Command.word,
  fields: Command.record
})

export const entriesDecoder: Command.Decode<Array<StreamEntry>, Array<StreamEntry<Uint8Array>>> = Command.array(
  entryDecoder
)

/** Entries of which some are null: before Redis 7.0, XCLAIM and XAUTOCLAIM give that in place of a deleted entry. */
export const claimedEntries: Command.Decode<Array<StreamEntry>, Array<StreamEntry<Uint8Array>>> = Command.map(
  Command.array(Command.nullable(entryDecoder)),
  (entries) => entries.filter((entry) => entry !== null),
  (entries) => entries.filter((entry) => entry !== null)
)

/**
 * An entry as XREADGROUP gives it to a consumer.
 *
 * @since 0.1.0
 * @category models
 */
export interface DeliveredStreamEntry<A = string> {
  /** Its id: milliseconds, a hyphen, and a sequence number. */
  readonly id: string
  /** Its fields; `null` if it was delivered before and has been deleted from the stream since. */
  readonly fields: Record<string, A> | null
}

export const deliveredEntries: Command.Decode<
  Array<DeliveredStreamEntry>,
  Array<DeliveredStreamEntry<Uint8Array>>
> = Command.array(Command.struct({ id: Command.word, fields: Command.nullable(Command.record) }))

/** A time in milliseconds, which some servers send as text; negative: there is none. */
export const elapsed: Command.Decode<Duration.Duration | null> = Command.custom((value) => {
  const millis = Command.double(value)
  if (!Number.isSafeInteger(millis)) throw new Command.Mismatch("a time in milliseconds", value)
  return millis < 0 ? null : Duration.millis(millis)
})

/** A moment in milliseconds since 1970; negative: there is none. */
export const momentOrNull: Command.Decode<DateTime.Utc | null> = Command.custom((value) => {
  const millis = Command.integer(value)
  if (millis < 0) return null
  const moment = Option.getOrUndefined(DateTime.make(millis))
  if (moment === undefined) throw new Command.Mismatch("a time in milliseconds since 1970", value)
  return moment
})

/** A number of deliveries, which some servers send as text; Infinity for the greatest one, which XNACK with FATAL sets. */
export const deliveryCount: Command.Decode<number> = Command.custom((value) => {
  const count = typeof value === "bigint" ? Number(value) : Command.double(value)
  if (!Number.isInteger(count)) throw new Command.Mismatch("a number of deliveries", value)
  return count >= 2 ** 63 ? Infinity : count
})

/** The name of a consumer; an entry that XNACK has given back has none, and the server sends an empty one. */
export const ownerDecoder: Command.Decode<string | null, Uint8Array | null> = Command.map(
  Command.string,
  (name) => name === "" ? null : name,
  (name) => name.length === 0 ? null : name
)

/**
 * What became of an entry that XDELEX or XACKDEL was to remove: it is removed
 * (`"deleted"`), it stays since groups have not acknowledged it (`"referenced"`), or there
 * is none of that id (`"missing"`).
 *
 * @since 0.1.0
 * @category models
 */
export type StreamRemoval = "deleted" | "referenced" | "missing"

export const removals: Command.Decode<Array<StreamRemoval>> = Command.array(
  Command.custom<StreamRemoval>((value) => {
    if (value === 1) return "deleted"
    if (value === 2) return "referenced"
    if (value === -1) return "missing"
    throw new Command.Mismatch("1, 2 or -1", value)
  })
)
