/**
 * The data of one database of a server in memory: keys, their values and their expiry
 * times. The commands are in `data/`; callers pass the time.
 *
 * @since 0.1.0
 */
import { ArrayValue } from "./ArrayValue.ts"
import { Failure } from "./Reply.ts"
import { StreamValue } from "./StreamValue.ts"
import { VectorSet } from "./VectorSet.ts"

/** A sorted set: scores by member, and members in the order of their scores. */
export class SortedSet {
  /** The score of each member. */
  readonly scores: Map<string, number>
  private sorted: Array<readonly [member: string, score: number]> | undefined = undefined
  constructor(scores: Map<string, number> = new Map()) {
    this.scores = scores
  }
  /** How many members there are. */
  get size(): number {
    return this.scores.size
  }
  /** Sets the score of a member. */
  set(member: string, score: number): void {
    this.scores.set(member, score)
    this.sorted = undefined
  }
  /** Removes a member. Gives whether there was one. */
  delete(member: string): boolean {
    this.sorted = undefined
    return this.scores.delete(member)
  }
  /** The members by score, and those of the same score by their bytes. */
  get ranked(): ReadonlyArray<readonly [member: string, score: number]> {
    return this.sorted ??= Array.from(this.scores).sort(([a, x], [b, y]) => x - y || (a < b ? -1 : a > b ? 1 : 0))
  }
}

/** A hash: values by field, some of which expire. */
export class Hash extends Map<string, string> {
  /** When fields expire, in milliseconds since the Unix epoch; the others do not. */
  readonly expiries: Map<string, number> = new Map()

  /** Sets the value of a field, which does not expire. */
  override set(field: string, value: string): this {
    this.expiries.delete(field)
    return super.set(field, value)
  }
  /** Sets the value of a field, which keeps its expiry. */
  change(field: string, value: string): void {
    super.set(field, value)
  }
  /** Removes a field. Gives whether there was one. */
  override delete(field: string): boolean {
    this.expiries.delete(field)
    return super.delete(field)
  }
  /** Removes the fields that have expired. Gives whether there were any. */
  removeExpired(now: number): boolean {
    let found = false
    for (const [field, at] of this.expiries) if (at <= now) found = this.delete(field)
    return found
  }
  /** A copy, with the expiry of fields. */
  copy(): Hash {
    const hash = Hash.of(this)
    for (const [field, at] of this.expiries) hash.expiries.set(field, at)
    return hash
  }
  /** A hash of values by field. */
  static of(fields: Iterable<readonly [field: string, value: string]>): Hash {
    const hash = new Hash()
    for (const [field, value] of fields) hash.set(field, value)
    return hash
  }
}

/** The type of a key, as TYPE gives it. */
export type Kind = "string" | "list" | "hash" | "set" | "zset" | "stream" | "vectorset" | "array"

/** The values of each type. */
interface Kinds {
  /** A string, one byte per character. */
  readonly string: string
  /** The elements of a list. */
  readonly list: Array<string>
  /** The values of a hash by field. */
  readonly hash: Hash
  /** The members of a set. */
  readonly set: Set<string>
  /** A sorted set. */
  readonly zset: SortedSet
  /** A stream. */
  readonly stream: StreamValue
  /** A vector set. */
  readonly vectorset: VectorSet
  /** An array. */
  readonly array: ArrayValue
}

/** The value of a key. */
export interface Entry {
  /** The type. */
  readonly kind: Kind
  /** The value. */
  value: Kinds[Kind]
  /** When the key expires, in milliseconds since the Unix epoch; Infinity if it does not. */
  expiresAt: number
  /** Whether it is a string that was changed in place, for OBJECT ENCODING. */
  raw: boolean
}

const wrongType = new Failure("WRONGTYPE Operation against a key holding the wrong kind of value")

const copyOf = (value: Kinds[Kind]): Kinds[Kind] =>
  typeof value === "string"
    ? value
    : Array.isArray(value)
    ? value.slice()
    : value instanceof Hash
    ? value.copy()
    : value instanceof Set
    ? new Set(value)
    : value instanceof StreamValue || value instanceof VectorSet || value instanceof ArrayValue
    ? value.copy()
    : new SortedSet(new Map(value.scores))

/** The types whose values are made empty, and then filled. */
type Openable = Exclude<Kind, "string" | "vectorset">

const emptyOf: { readonly [K in Openable]: () => Kinds[K] } = {
  list: () => [],
  hash: () => new Hash(),
  set: () => new Set(),
  zset: () => new SortedSet(),
  stream: () => new StreamValue(),
  array: () => new ArrayValue()
}

/** Whether a collection is deleted, being empty; a stream is not. */
const isOver = (value: Exclude<Kinds[Kind], string>): boolean =>
  !(value instanceof StreamValue) && (Array.isArray(value) ? value.length : value.size) === 0

/**
 * The keys of one database of a `RedisNode`. Times are milliseconds since the Unix epoch.
 *
 * @since 0.1.0
 * @category models
 */
export class Keyspace {
  /** The number of the database. */
  readonly index: number
  private entries = new Map<string, Entry>()
  /** The seed of the order of scans; each run of each server has another one. */
  salt = 0
  /** How many changes of keys there were. */
  changes = 0
  /** Called for each key that changes. */
  onTouch: (key: string) => void = () => {}
  /** Called for each change that WATCH does not see, with whether it concerns those who wait. */
  onNote: (wakes: boolean) => void = () => {}
  /** Called for what a command does to a key, if somebody is told of it. */
  onStep: ((key: string, what: "added" | "replaced" | "changed" | "deleted") => void) | undefined = undefined
  /** Called for each key that SORT looks for and does not find, if somebody is told of it. */
  onMiss: ((key: string) => void) | undefined = undefined
  /** Called for each key that has expired, and for each hash of which fields have expired. */
  onExpired: (key: string, what: "key" | "fields" | "last field") => void = () => {}
  /** Called for each key that expires; false keeps the key, invisible, as replicas do. */
  onExpire: (key: string) => boolean = () => true

  constructor(index: number) {
    this.index = index
  }

  /** The value of a key; undefined if there is none or if it has expired. */
  get(key: string, now: number): Entry | undefined {
    const entry = this.entries.get(key)
    if (entry === undefined) return undefined
    if (entry.expiresAt > now) {
      const fields = entry.value instanceof Hash ? entry.value : undefined
      if (fields?.removeExpired(now) === true && fields.size > 0) {
        this.modified(key)
        this.onExpired(key, "fields")
      }
      // On a replica, a hash whose last field has expired stays until its primary deletes it.
      if (fields?.size !== 0) return entry
    }
    if (this.onExpire(key)) {
      this.entries.delete(key)
      this.modified(key)
      this.onExpired(key, entry.expiresAt > now ? "last field" : "key")
    }
    return undefined
  }

  /** The value of a key of one type, or undefined; throws WRONGTYPE for another type. */
  read<K extends Kind>(key: string, kind: K, now: number): Kinds[K] | undefined {
    const entry = this.get(key, now)
    if (entry === undefined) return undefined
    if (entry.kind !== kind) throw wrongType
    return entry.value as Kinds[K]
  }

  /** The collection of a key, which is created if there is none. `settle` must follow. */
  open<K extends Openable>(key: string, kind: K, now: number): Kinds[K] {
    const value = this.read(key, kind, now)
    if (value !== undefined) return value
    const made = emptyOf[kind]() as Kinds[K]
    this.put(key, kind, made)
    return made
  }

  /** Records the change of a collection, and removes the key if the collection is empty. */
  settle(key: string): void {
    const value = this.entries.get(key)?.value
    if (value === undefined || typeof value === "string") return
    const isEmpty = isOver(value)
    if (isEmpty) this.entries.delete(key)
    this.onStep?.(key, isEmpty ? "deleted" : "changed")
    this.modified(key)
  }

  /** Sets a key to a value. Default: without expiry. */
  put<K extends Kind>(key: string, kind: K, value: Kinds[K], expiresAt = Infinity, raw = false): void {
    this.onStep?.(key, this.entries.has(key) ? "replaced" : "added")
    this.entries.set(key, { kind, value, expiresAt, raw })
    this.modified(key)
  }

  /** Sets a key to a collection, or deletes it if the collection is empty. */
  store<K extends Exclude<Kind, "string">>(key: string, kind: K, value: Kinds[K], now: number): void {
    if (isOver(value)) this.delete(key, now)
    else this.put(key, kind, value)
  }

  /** Deletes a key. Gives whether there was one. */
  delete(key: string, now: number): boolean {
    if (this.get(key, now) === undefined) return false
    this.entries.delete(key)
    this.onStep?.(key, "deleted")
    this.modified(key)
    return true
  }

  /** Records the change of a key in place. */
  touch(key: string): void {
    this.onStep?.(key, "changed")
    this.modified(key)
  }

  private modified(key: string): void {
    this.changes++
    this.onTouch(key)
  }

  /** Records a change that WATCH does not see, such as that of a group of a stream. Default: nobody waits for it. */
  note(wakes = false): void {
    this.changes++
    this.onNote(wakes)
  }

  /** Whether keys or fields will expire. */
  willExpire(): boolean {
    for (const { expiresAt, value } of this.entries.values()) {
      if (expiresAt !== Infinity || (value instanceof Hash && value.expiries.size > 0)) return true
    }
    return false
  }

  /** Deletes the keys and the fields that have expired. */
  removeExpired(now: number): void {
    for (const [key, { expiresAt, value }] of Array.from(this.entries)) {
      if (expiresAt <= now || (value instanceof Hash && value.expiries.size > 0)) this.get(key, now)
    }
  }

  /** The keys that have not expired, in the order of their creation. */
  keys(now: number): Array<string> {
    const keys: Array<string> = []
    for (const [key, entry] of this.entries) if (entry.expiresAt > now) keys.push(key)
    return keys
  }

  /** Deletes all keys. */
  clear(): void {
    for (const key of this.entries.keys()) this.onTouch(key)
    this.changes += this.entries.size
    this.entries = new Map()
  }

  /** Replaces all data with that of another database, as a full resynchronisation does. */
  copyFrom(other: Keyspace): void {
    this.clear()
    for (const [key, entry] of other.entries) {
      this.entries.set(key, { ...entry, value: copyOf(entry.value) })
    }
  }

  /** Exchanges all data with another database, as SWAPDB does. */
  swap(other: Keyspace): void {
    const keys = new Set([...this.entries.keys(), ...other.entries.keys()])
    const entries = this.entries
    this.entries = other.entries
    other.entries = entries
    for (const key of keys) {
      this.modified(key)
      other.modified(key)
    }
  }

  /** A copy of an entry's value, for COPY. */
  static copy(entry: Entry): Kinds[Kind] {
    return copyOf(entry.value)
  }
}
