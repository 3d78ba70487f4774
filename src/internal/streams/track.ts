/**
 * How far a reader of one stream is, and what the counters of the server say about it: whether entries were removed
 * before they were read, and whether the server has another history than the one that was read.
 *
 * It sends nothing; follow.ts asks the server.
 */
import * as Command from "../../Command.ts"
import { idWord } from "./entries.ts"
import { compareIds, idBefore, zeroId } from "./ids.ts"
import type { RawEntry } from "./types.ts"

/**
 * Entries were removed before they were read: the reader was slower than the stream is trimmed, or they were deleted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Trimmed {
  /** Always `"Trimmed"`. */
  readonly _tag: "Trimmed"
  /** The id after which entries are missing: that of the entry before, or where the reader began. */
  readonly after: string
  /** The id of the next entry; `null` if there is none yet. */
  readonly before: string | null
  /** How many entries are missing at most; undefined: not known, and maybe none. */
  readonly missed: number | undefined
}

/**
 * The stream at the server is not the one that was read: a failover lost entries that the reader has seen, or the stream
 * was deleted or replaced. The reader goes on after the last entry that both have, so that it misses none of the new
 * ones.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rewound {
  /** Always `"Rewound"`. */
  readonly _tag: "Rewound"
  /** The id of the last entry that was read. */
  readonly lastSeen: string
  /** The id after which the reader goes on; `"0-0"`: from the first entry on. */
  readonly resumedAfter: string
  /** How many entries that the reader has given do not exist any more, at least. */
  readonly lost: number
}

/** What decides where a reader is. */
export interface Counters {
  readonly length: number
  readonly lastGeneratedId: string
  readonly maxDeletedEntryId: string
  readonly entriesAdded: number
  readonly recordedFirstEntryId: string
}

/** Reads the counters of XINFO STREAM, and neither of its entries. */
export const counters: Command.Decode<Counters> = Command.fields({
  length: Command.int,
  lastGeneratedId: idWord,
  maxDeletedEntryId: idWord,
  entriesAdded: Command.int,
  recordedFirstEntryId: idWord
})

/** How many of the entries that were given it remembers: what a failover loses is among the last ones. */
const maxRemembered = 4096

export class Track {
  /** The id after which the next entry is read. */
  position: string
  /** Whether the server has given `position` as an id, here or before. */
  isKnown: boolean
  /** Whether `position` is the id of an entry that the server had. */
  isEntry: boolean
  /** How many entries had ever been added up to `position`; undefined if that is not known. */
  private added: number | undefined
  /** Whether the server had the stream. */
  private exists = false
  /** The ids of entries that were given, the oldest first. */
  private remembered: Array<string> = []

  constructor(position: string, is: "entry" | "known" | "unknown", added?: number | undefined) {
    this.position = position
    this.isKnown = is !== "unknown"
    this.isEntry = is === "entry"
    this.added = added
  }

  /** Whether the server's counters can belong to the history that was read, as far as they say. */
  isContinuedBy(found: Counters | null): boolean {
    if (found === null) return !this.exists && !(this.isKnown && this.position !== zeroId)
    if (this.isKnown && compareIds(found.lastGeneratedId, this.position) < 0) return false
    return this.added === undefined || found.entriesAdded >= this.added
  }

  /** Notes what was read at the moment of the counters, and says whether entries are missing before it. */
  onPage(found: Counters | null, entries: ReadonlyArray<RawEntry>, isFull: boolean): Trimmed | undefined {
    if (found === null) {
      this.added = 0
      return undefined
    }
    this.exists = true
    const { added, position } = this
    const isOvertaken = found.length > 0
      ? compareIds(found.recordedFirstEntryId, position) > 0
      : compareIds(found.lastGeneratedId, position) > 0
    const removed = found.entriesAdded - found.length
    const missed = added === undefined
      ? isOvertaken && position !== zeroId && removed > 0 ? undefined : 0
      : !isFull
      ? Math.max(0, found.entriesAdded - added - entries.length)
      : isOvertaken
      ? Math.max(0, removed - added)
      : 0
    this.advance(entries)
    this.added = isFull
      ? added === undefined ? undefined : added + (missed ?? 0) + entries.length
      : found.entriesAdded
    return missed === 0 ? undefined : { _tag: "Trimmed", after: position, before: entries[0]?.id ?? null, missed }
  }

  /** Notes entries that came while the server waited for them. */
  onEntries(entries: ReadonlyArray<RawEntry>): void {
    if (entries.length > 0) this.exists = true
    this.advance(entries)
    if (this.added !== undefined) this.added += entries.length
  }

  private advance(entries: ReadonlyArray<RawEntry>): void {
    const last = entries.at(-1)
    if (last === undefined) return
    this.position = last.id
    this.isKnown = true
    this.isEntry = true
    for (const { id } of entries) this.remembered.push(id)
    if (this.remembered.length > 2 * maxRemembered) this.remembered = this.remembered.slice(-maxRemembered)
  }

  /** The ids of the last entries that were given, the oldest first. */
  get given(): ReadonlyArray<string> {
    return this.remembered
  }

  /** Goes on after another id, since the server has another history. */
  rewind(position: string): Rewound {
    const lastSeen = this.position
    const kept = this.remembered.filter((id) => compareIds(id, position) <= 0)
    const lost = this.remembered.length - kept.length
    this.remembered = kept
    this.position = position
    this.isKnown = position !== zeroId
    this.isEntry = kept.at(-1) === position
    this.added = undefined
    this.exists = false
    return { _tag: "Rewound", lastSeen, resumedAfter: position, lost }
  }

  /** Nothing is known of the counters of the server, which has the same history. */
  forgetCounters(): void {
    this.added = undefined
  }

  /** Where to go on if the server has none of the entries that were given. */
  positionWithout({ entriesAdded, lastGeneratedId, length }: Counters): string {
    const oldest = this.remembered[0]
    if (oldest === undefined) {
      const before = this.isEntry ? idBefore(this.position) : lastGeneratedId
      return compareIds(lastGeneratedId, before) < 0 ? lastGeneratedId : before
    }
    // Nothing was ever removed: the stream is a new one, and all of its entries are unread.
    if (entriesAdded === length) return zeroId
    const before = idBefore(oldest)
    return compareIds(lastGeneratedId, before) < 0 ? lastGeneratedId : before
  }
}
