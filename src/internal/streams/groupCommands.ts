/**
 * The commands of consumers, with replies that keep entries as bytes: whatever a producer has written, a consumer can
 * read it, and so get rid of it.
 */
import * as Command from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import * as streamGroups from "../../commands/streamGroups.ts"
import * as streamInfo from "../../commands/streamInfo.ts"
import * as pendingEntries from "../../commands/streamPendingEntries.ts"
import * as streams from "../../commands/streams.ts"
import type * as Resp from "../../Resp.ts"
import { deliveryCount } from "../commands/streams.ts"
import { idWord, rawEntries, rawEntriesOrDeleted, rawEntry } from "./entries.ts"
import type { RawEntry } from "./types.ts"

/** An entry that was delivered; without fields, if it has been deleted from the stream. */
export interface DeliveredEntry {
  readonly id: string
  readonly fields: RawEntry["fields"] | undefined
  /** How often it was delivered, this time included; undefined if the server has not said. */
  readonly deliveries: number | undefined
  /** Whether it was pending before; undefined if the server has not said. */
  readonly wasPending?: boolean | undefined
}

const deliveredEntry: Command.Decode<DeliveredEntry> = Command.custom((value) => {
  const reply = Command.list(value)
  if (reply[1] === null) return { id: idWord(reply[0]!, true), fields: undefined, deliveries: undefined }
  const { fields: raw, id } = rawEntry(value, true)
  const count = reply[3]
  if (count === undefined) return { id, fields: raw, deliveries: undefined }
  const deliveries = deliveryCount(count, true) + 1
  // An entry that was given back unseen was idle, though it counts no delivery.
  return { id, fields: raw, deliveries, wasPending: deliveries > 1 || Number(reply[2]) !== 0 }
})

const deliveredEntries = Command.array(deliveredEntry)

/** The entries of the one stream that was asked for. */
const ofOneStream: Command.Decode<ReadonlyArray<DeliveredEntry>> = Command.custom((value) => {
  if (value === null) return []
  for (const entries of Command.mapOf(Command.word, deliveredEntries)(value, true).values()) return entries
  return []
})

const READ = Command.decoding(streamGroups.xreadgroup("g", "c", { s: ">" }).spec, ofOneStream)
const READ_CLAIM = Command.decoding(streamGroups.xreadgroupClaim("g", "c", "1 milli", "s").spec, ofOneStream)

const streamsOf = (key: Key, id: string): ReadonlyArray<readonly [Key, string]> => [[key, id]]

/** Reads new entries (`">"`), or entries that are pending for the consumer after an id. */
export const read = (
  key: Key,
  group: Arg,
  consumer: Arg,
  id: string,
  options: streamGroups.XreadgroupOptions
): Command.Command<ReadonlyArray<DeliveredEntry>, "write"> =>
  Command.withSpec(streamGroups.xreadgroup(group, consumer, streamsOf(key, id), options), READ)

/** Reads entries that were idle for long, and new ones. Needs Redis 8.4. */
export const readOrClaim = (
  key: Key,
  group: Arg,
  consumer: Arg,
  minIdleMillis: number,
  options: streamGroups.XreadgroupOptions
): Command.Command<ReadonlyArray<DeliveredEntry>, "write"> =>
  Command.withSpec(
    streamGroups.xreadgroupClaim(group, consumer, `${minIdleMillis} millis`, key, options),
    READ_CLAIM
  )

/** What XAUTOCLAIM has claimed. */
export interface Claim {
  /** Where the next call starts; `"0-0"` at the end. */
  readonly cursor: string
  readonly entries: ReadonlyArray<RawEntry>
  /** The ids of entries that had been deleted, and are not pending any more. */
  readonly deletedIds: ReadonlyArray<string>
}

const claim: Command.Decode<Claim> = Command.custom((value: Resp.Value) => {
  const [cursor, items, deleted = []] = Command.list(value)
  if (cursor === undefined || items === undefined) throw new Command.Mismatch("a cursor and entries", value)
  const entries: Array<RawEntry> = []
  for (const entry of rawEntriesOrDeleted(items, true)) if ("fields" in entry) entries.push(entry)
  return { cursor: idWord(cursor, true), entries, deletedIds: Command.array(idWord)(deleted, true) }
})

const AUTOCLAIM = Command.decoding(pendingEntries.xautoclaim("s", "g", "c", "1 milli", "0-0").spec, claim)

/** Claims entries that were idle for long. */
export const autoClaim = (
  key: Key,
  group: Arg,
  consumer: Arg,
  minIdleMillis: number,
  cursor: string,
  count: number
): Command.Command<Claim, "write"> =>
  Command.withSpec(
    pendingEntries.xautoclaim(key, group, consumer, `${minIdleMillis} millis`, cursor, { count }),
    AUTOCLAIM
  )

const ENTRIES = Command.decoding(streams.xrange("s", "-", "+").spec, Command.custom((value) => rawEntries(value, true)))

/** The entry with an id, in a list; an empty list if there is none. */
export const entryAt = (key: Key, id: string): Command.Command<ReadonlyArray<RawEntry>, "read"> =>
  Command.withSpec(streams.xrange(key, id, id), ENTRIES)

const LATEST = Command.decoding(
  streams.xrevrange("s", "+", "-").spec,
  Command.custom((value) => rawEntries(value, true))
)

/** The latest entries of a stream, the last one first. */
export const latestOf = (key: Key, count: number): Command.Command<ReadonlyArray<RawEntry>, "read"> =>
  Command.withSpec(streams.xrevrange(key, "+", "-", { count }), LATEST)

const LAST_ID = Command.decoding(
  streamInfo.xinfoStream("s").spec,
  Command.map(Command.fields({ lastGeneratedId: idWord }), ({ lastGeneratedId }) => lastGeneratedId)
)

const COUNTERS = Command.decoding(
  streamInfo.xinfoStream("s").spec,
  Command.fields({ length: Command.int, entriesAdded: Command.int })
)

/** How many entries a stream has, and how many were ever added to it. */
export const countersOf = (
  key: Key
): Command.Command<{ readonly length: number; readonly entriesAdded: number }, "read"> =>
  Command.withSpec(streamInfo.xinfoStream(key), COUNTERS)

/** What a stream says of entries that it does not have. */
export interface Removals {
  readonly length: number
  readonly entriesAdded: number
  readonly lastGeneratedId: string
  /** The greatest id that XDEL has taken out; trimming takes from the front. */
  readonly maxDeletedEntryId: string
  readonly recordedFirstEntryId: string
}

const REMOVALS = Command.decoding(
  streamInfo.xinfoStream("s").spec,
  Command.fields({
    length: Command.int,
    entriesAdded: Command.int,
    lastGeneratedId: idWord,
    maxDeletedEntryId: idWord,
    recordedFirstEntryId: idWord
  })
)

export const removalsOf = (key: Key): Command.Command<Removals, "read"> =>
  Command.withSpec(streamInfo.xinfoStream(key), REMOVALS)

/** The id of the last entry that was added to a stream. */
export const lastIdOf = (key: Key): Command.Command<string, "read"> =>
  Command.withSpec(streamInfo.xinfoStream(key), LAST_ID)
