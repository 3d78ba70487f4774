/**
 * A stream of a server in memory: its entries and its counters. The commands are in
 * data/streams.ts.
 */

/** An id: the milliseconds times 2^64, and the sequence number. */
export type Id = bigint

export const maxId: Id = (1n << 128n) - 1n

const half = (1n << 64n) - 1n

export const idOf = (millis: bigint, sequence: bigint): Id => (millis << 64n) | sequence
export const millisOf = (id: Id): bigint => id >> 64n
export const sequenceOf = (id: Id): bigint => id & half
export const printId = (id: Id): string => `${millisOf(id)}-${sequenceOf(id)}`

/**
 * Some entries that lie together. Approximate trimming removes all of a block or
 * nothing. Redis begins a new one after 4,096 bytes as well; here only the number counts.
 */
interface Block {
  /** How many entries it ever had. */
  total: number
  /** How many it has. */
  live: number
}

/** How many entries a block has at most: `stream-node-max-entries`. */
const blockSize = 100

/** An entry. */
export interface StreamItem {
  /** Its id. */
  readonly id: Id
  /** The fields and values in turn. */
  readonly fields: ReadonlyArray<string>
  /** The block that it lies in. */
  readonly block: Block
}

/** A stream. */
export class StreamValue {
  /** The entries by id. */
  entries: Array<StreamItem> = []
  /** The last id that was given to an entry. */
  lastId: Id = 0n
  /** The greatest id that was deleted, other than by trimming. */
  maxDeletedId: Id = 0n
  /** How many entries were ever added. */
  entriesAdded = 0n

  /** A copy that shares nothing. */
  copy(): StreamValue {
    const copy = new StreamValue()
    const blocks = new Map<Block, Block>()
    copy.entries = this.entries.map((entry) => {
      const block = blocks.get(entry.block) ?? { ...entry.block }
      blocks.set(entry.block, block)
      return { ...entry, block }
    })
    copy.lastId = this.lastId
    copy.maxDeletedId = this.maxDeletedId
    copy.entriesAdded = this.entriesAdded
    return copy
  }

  /** The index of the first entry from an id on. */
  private indexFrom(id: Id): number {
    let low = 0
    let high = this.entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.entries[middle]!.id < id) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The entries between two ids, both included. */
  range(start: Id, end: Id): ReadonlyArray<StreamItem> {
    return start > end
      ? []
      : this.entries.slice(this.indexFrom(start), end >= maxId ? undefined : this.indexFrom(end + 1n))
  }

  /** Appends an entry. */
  add(id: Id, fields: ReadonlyArray<string>): void {
    const last = this.entries.at(-1)?.block
    const block = last === undefined || last.total >= blockSize ? { total: 0, live: 0 } : last
    block.total++
    block.live++
    this.entries.push({ id, fields, block })
    this.lastId = id
    this.entriesAdded++
  }

  /** Deletes an entry. Gives whether there was one. */
  delete(id: Id): boolean {
    const at = this.indexFrom(id)
    const entry = this.entries[at]
    if (entry?.id !== id) return false
    entry.block.live--
    this.entries.splice(at, 1)
    if (id > this.maxDeletedId) this.maxDeletedId = id
    return true
  }

  /** Removes the oldest entries, as long as `goes` says so. Gives how many it removed. */
  trim(
    goes: (entry: StreamItem, left: number) => boolean,
    approximate: boolean,
    limit: number
  ): number {
    let removed = 0
    for (;;) {
      const first = this.entries[removed]
      if (first === undefined) break
      const live = first.block.live
      if (limit > 0 && removed + live > limit) break
      const last = this.entries[removed + live - 1]!
      const left = this.entries.length - removed
      if (goes(last, left - live + 1)) {
        removed += live
        continue
      }
      if (approximate) break
      for (let n = left; goes(this.entries[removed]!, n); n--) {
        this.entries[removed]!.block.live--
        removed++
      }
      break
    }
    this.entries.splice(0, removed)
    return removed
  }
}
