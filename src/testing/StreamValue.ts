/**
 * A stream of a server in memory: its entries, its counters, and its groups of
 * consumers. The commands are in data/streams.ts.
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
export const blockSize = 100

/** An entry. */
export interface StreamItem {
  /** Its id. */
  readonly id: Id
  /** The fields and values in turn. */
  readonly fields: ReadonlyArray<string>
  /** The block that it lies in. */
  readonly block: Block
}

/** An entry that a consumer has, and that no one has acknowledged. */
export interface Pending {
  /** Who has it. */
  consumer: Consumer
  /** When it was delivered last, in milliseconds since the Unix epoch. */
  deliveredAt: number
  /** How often it was delivered. */
  count: number
}

/** A consumer of a group. */
export interface Consumer {
  /** Its name. */
  readonly name: string
  /** When it was there last, in milliseconds since the Unix epoch. */
  seenAt: number
}

/** A group of consumers. */
export interface Group {
  /** The last id that was delivered. */
  lastId: Id
  /** How many entries were read; undefined where it is not known. */
  entriesRead: bigint | undefined
  /** The entries that were delivered and not acknowledged, by id. */
  readonly pending: Map<Id, Pending>
  /** Its consumers by name. */
  readonly consumers: Map<string, Consumer>
}

/** The names of a map in the order of their bytes, as Redis goes through them. */
export const sortedNames = <A>(map: ReadonlyMap<string, A>): Array<readonly [string, A]> =>
  Array.from(map).sort(([a], [b]) => (a < b ? -1 : 1))

/** The pending entries of a group, or of one of its consumers, by id. */
export const pendingOf = (group: Group, consumer?: Consumer): Array<readonly [Id, Pending]> =>
  Array.from(group.pending)
    .filter(([, pending]) => consumer === undefined || pending.consumer === consumer)
    .sort(([a], [b]) => (a < b ? -1 : 1))

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
  /** The groups by name. */
  readonly groups = new Map<string, Group>()

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
    for (const [name, group] of this.groups) {
      const consumers = new Map(Array.from(group.consumers, ([n, consumer]) => [n, { ...consumer }] as const))
      copy.groups.set(name, {
        ...group,
        consumers,
        pending: new Map(
          Array.from(group.pending, ([id, p]) => [id, { ...p, consumer: consumers.get(p.consumer.name)! }] as const)
        )
      })
    }
    return copy
  }

  /** How many blocks there are. */
  get blocks(): number {
    return new Set(this.entries.map(({ block }) => block)).size
  }

  /** The id of the first entry; 0 if there is none. */
  get firstId(): Id {
    return this.entries[0]?.id ?? 0n
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

  /** The entry of an id; undefined if there is none. */
  find(id: Id): StreamItem | undefined {
    const entry = this.entries[this.indexFrom(id)]
    return entry?.id === id ? entry : undefined
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

  /** Whether entries from an id on may have been deleted. */
  hasTombstones(from: Id): boolean {
    return this.entries.length > 0 && this.maxDeletedId !== 0n && from <= this.maxDeletedId
  }

  /** How many entries there were up to an id; undefined where it cannot be known. */
  distanceOf(id: Id): bigint | undefined {
    if (this.entriesAdded === 0n) return 0n
    const length = BigInt(this.entries.length)
    if (length === 0n && id <= this.lastId) return this.entriesAdded
    if (id === this.lastId) return this.entriesAdded
    if (id > this.lastId) return undefined
    const first = this.firstId
    if (this.maxDeletedId === 0n || this.maxDeletedId < first) {
      if (id < first) return this.entriesAdded - length
      if (id === first) return this.entriesAdded - length + 1n
    }
    return undefined
  }

  /** How many entries a group has not read yet; null where it cannot be known. */
  lagOf({ entriesRead, lastId }: Group): bigint | null {
    if (this.entriesAdded === 0n) return 0n
    const read = entriesRead !== undefined && !this.hasTombstones(lastId) ? entriesRead : this.distanceOf(lastId)
    return read === undefined ? null : this.entriesAdded - read
  }
}
