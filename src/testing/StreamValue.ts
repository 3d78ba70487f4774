/**
 * A stream of a server in memory: its entries, its counters, and its groups (StreamGroup.ts). The
 * commands are in data/streams.ts, data/streamReads.ts, data/streamGroups.ts and data/streamInfo.ts.
 */
import { listpackFrame, listpackSize } from "./listpack.ts"
import { StreamGroup } from "./StreamGroup.ts"
import { type Id, maxId, millisOf, sequenceOf } from "./StreamId.ts"

/** Some entries that lie together. Approximate trimming removes all of a block or nothing. */
export interface Block {
  /** The id of its first entry, whether it is still there or not. */
  readonly first: Id
  /** The fields of its first entry. */
  readonly names: ReadonlyArray<string>
  /** How many entries it ever had. */
  total: number
  /** How many it has. */
  live: number
  /** How many bytes its listpack has. */
  bytes: number
}

/** How many entries a block has at most: `stream-node-max-entries`. */
const blockSize = 100
/** How many bytes it has at most: `stream-node-max-bytes`. */
const blockBytes = 4096

const hasSameFields = 2n

export const namesOf = (fields: ReadonlyArray<string>): ReadonlyArray<string> => fields.filter((_, i) => i % 2 === 0)

const difference = (a: bigint, b: bigint): bigint => BigInt.asIntN(64, a - b)

/** What the listpack of a block begins with. */
export const headElements = (names: ReadonlyArray<string>, live: number): ReadonlyArray<string | bigint> => [
  BigInt(live),
  0n,
  BigInt(names.length),
  ...names,
  0n
]

/** An entry in the listpack of a block: without its fields, if they are those of the first one. */
export const entryElements = (
  { first, names }: Pick<Block, "first" | "names">,
  { fields, id }: Pick<StreamItem, "fields" | "id">
): ReadonlyArray<string | bigint> => {
  const own = namesOf(fields)
  const isSame = own.length === names.length && own.every((name, i) => name === names[i])
  const distance = [difference(millisOf(id), millisOf(first)), difference(sequenceOf(id), sequenceOf(first))]
  return isSame
    ? [hasSameFields, ...distance, ...fields.filter((_, i) => i % 2 === 1), BigInt(own.length + 3)]
    : [0n, ...distance, BigInt(own.length), ...fields, BigInt(fields.length + 4)]
}

/** An entry that its producer has named. */
interface NamedEntry {
  /** Its id. */
  readonly id: Id
  /** When it was added, in milliseconds since the Unix epoch. */
  readonly at: number
}

/** The entries of one producer by the names that it gave them. */
export type Named = Map<string, NamedEntry>

/** The size of a radix tree. */
interface TreeSize {
  /** How many keys it has. */
  readonly keys: number
  /** How many nodes it has. */
  readonly nodes: number
}

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
  /** The groups by name. */
  readonly groups = new Map<string, StreamGroup>()
  /** For how long, in milliseconds, and of how many entries of each producer it remembers the names. */
  idempotence = { millis: 100_000, size: 100 }
  /** The names that it remembers by producer. */
  readonly producers = new Map<string, Named>()

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
    for (const [name, group] of this.groups) copy.groups.set(name, group.copy())
    copy.idempotence = { ...this.idempotence }
    for (const [producer, named] of this.producers) copy.producers.set(producer, new Map(named))
    return copy
  }

  /** The id of the first entry; 0 if there is none. */
  get firstId(): Id {
    return this.entries[0]?.id ?? 0n
  }

  /** The groups in the order of their names. */
  get orderedGroups(): ReadonlyArray<readonly [name: string, group: StreamGroup]> {
    return Array.from(this.groups).sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** The blocks in their order, and the entries of each. */
  get blocks(): ReadonlyArray<readonly [block: Block, entries: ReadonlyArray<StreamItem>]> {
    const blocks = new Map<Block, Array<StreamItem>>()
    for (const entry of this.entries) {
      const entries = blocks.get(entry.block)
      if (entries === undefined) blocks.set(entry.block, [entry])
      else entries.push(entry)
    }
    return Array.from(blocks)
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

  /** The entry of an id. */
  get(id: Id): StreamItem | undefined {
    const entry = this.entries[this.indexFrom(id)]
    return entry?.id === id ? entry : undefined
  }

  /** Appends an entry. */
  add(id: Id, fields: ReadonlyArray<string>): void {
    const block = this.blockFor(id, fields)
    block.bytes += listpackSize(entryElements(block, { id, fields }))
    block.total++
    block.live++
    this.entries.push({ id, fields, block })
    this.lastId = id
    this.entriesAdded++
  }

  /** The block that a new entry lies in: the last one, unless it is full. */
  private blockFor(id: Id, fields: ReadonlyArray<string>): Block {
    const last = this.entries.at(-1)?.block
    const length = fields.reduce((sum, text) => sum + text.length, 0)
    if (last !== undefined && last.total < blockSize && last.bytes + length < blockBytes) return last
    const names = namesOf(fields)
    return { first: id, names, total: 0, live: 0, bytes: listpackSize(headElements(names, 1)) + listpackFrame }
  }

  /** Deletes an entry. Gives whether there was one. */
  delete(id: Id): boolean {
    const isThere = this.remove(id)
    if (isThere && id > this.maxDeletedId) this.maxDeletedId = id
    return isThere
  }

  /** Removes an entry as trimming does. Gives whether there was one. */
  remove(id: Id): boolean {
    const at = this.indexFrom(id)
    const entry = this.entries[at]
    if (entry?.id !== id) return false
    entry.block.live--
    this.entries.splice(at, 1)
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

  // ---------------------------------------------------------------------------
  // References of groups

  /** Whether a group has not acknowledged an entry: it is pending there, or was not delivered yet. */
  isReferenced(id: Id): boolean {
    for (const group of this.groups.values()) if (group.lastId < id || group.pending.has(id)) return true
    return false
  }

  /** Removes the pending entries of that id from all groups. */
  dropReferences(id: Id): void {
    for (const group of this.groups.values()) group.pending.delete(id)
  }

  // ---------------------------------------------------------------------------
  // How far groups are

  /** Whether an entry from that id on was deleted, but for those before the first one. */
  private hasGaps(from: Id): boolean {
    const gap = this.maxDeletedId
    return this.entries.length > 0 && gap !== 0n && this.firstId <= gap && from <= gap
  }

  /** How many entries there were up to an id, of all that were ever added; undefined if that is not known. */
  private countUpTo(id: Id): bigint | undefined {
    if (this.entriesAdded === 0n) return 0n
    const length = BigInt(this.entries.length)
    if (length === 0n && id <= this.lastId) return this.entriesAdded
    if (id === this.lastId) return this.entriesAdded
    if (id > this.lastId) return undefined
    if (this.maxDeletedId !== 0n && this.maxDeletedId >= this.firstId) return undefined
    return id < this.firstId
      ? this.entriesAdded - length
      : id === this.firstId
      ? this.entriesAdded - length + 1n
      : undefined
  }

  /** How many entries a group has not read; null if that is not known. */
  lagOf(group: StreamGroup): bigint | null {
    if (this.entriesAdded === 0n) return 0n
    if (group.entriesRead !== -1n && !this.hasGaps(group.lastId)) return this.entriesAdded - group.entriesRead
    const read = this.countUpTo(group.lastId)
    return read === undefined ? null : this.entriesAdded - read
  }

  /** Records that a group has read an entry. */
  advance(group: StreamGroup, id: Id): void {
    if (id <= group.lastId) return
    if (group.entriesRead !== -1n && !this.hasGaps(id)) group.entriesRead++
    else if (this.entriesAdded > 0n) group.entriesRead = this.countUpTo(id) ?? -1n
    group.lastId = id
  }

  // ---------------------------------------------------------------------------
  // Its radix tree

  /** How many blocks there are, and how many nodes a radix tree of their first ids has. */
  get tree(): TreeSize {
    const keys = this.blocks.map(([{ first }]) => first.toString(16).padStart(32, "0"))
    return { keys: keys.length, nodes: keys.length === 0 ? 1 : nodesOf(keys, 0) }
  }
}

const idDigits = 32

/** The nodes of a radix tree of hexadecimal keys, whose bytes are equal up to a position. */
const nodesOf = (keys: ReadonlyArray<string>, at: number): number => {
  if (at === idDigits) return 1
  const [first, last] = [keys[0]!, keys[keys.length - 1]!]
  let same = at
  while (same < idDigits && first.slice(same, same + 2) === last.slice(same, same + 2)) same += 2
  // Bytes that all keys have are one node.
  if (same > at) return 1 + nodesOf(keys, same)
  let nodes = 1
  for (let from = 0; from < keys.length;) {
    let to = from
    while (to < keys.length && keys[to]!.slice(at, at + 2) === keys[from]!.slice(at, at + 2)) to++
    nodes += nodesOf(keys.slice(from, to), at + 2)
    from = to
  }
  return nodes
}
