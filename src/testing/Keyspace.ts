/**
 * The data of one database of a server in memory: keys, their values and when
 * they expire. It has no commands: those are in `data/`. It knows no time
 * either: who asks says what time it is.
 *
 * @since 0.1.0
 */
import { Failure } from "./Reply.ts"

/**
 * A sorted set: scores by member, and members by score as they are asked for.
 *
 * @since 0.1.0
 * @category models
 */
export class SortedSet {
  readonly scores: Map<string, number>
  private sorted: Array<readonly [member: string, score: number]> | undefined = undefined
  constructor(scores: Map<string, number> = new Map()) {
    this.scores = scores
  }
  get size(): number {
    return this.scores.size
  }
  set(member: string, score: number): void {
    this.scores.set(member, score)
    this.sorted = undefined
  }
  delete(member: string): boolean {
    this.sorted = undefined
    return this.scores.delete(member)
  }
  /** By score, then by the bytes of the member. */
  get ranked(): ReadonlyArray<readonly [member: string, score: number]> {
    return this.sorted ??= Array.from(this.scores).sort(([a, x], [b, y]) => x - y || (a < b ? -1 : a > b ? 1 : 0))
  }
}

/** @since 0.1.0 @category models */
export type Kind = "string" | "list" | "hash" | "set" | "zset"

interface Kinds {
  readonly string: string
  readonly list: Array<string>
  readonly hash: Map<string, string>
  readonly set: Set<string>
  readonly zset: SortedSet
}

/**
 * A key's value.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly kind: Kind
  value: Kinds[Kind]
  /** In milliseconds on the Clock; Infinity if it does not expire. */
  expiresAt: number
  /** Whether it is a string that was changed in place. */
  raw: boolean
}

const wrongType = new Failure("WRONGTYPE Operation against a key holding the wrong kind of value")

const copyOf = (value: Kinds[Kind]): Kinds[Kind] =>
  typeof value === "string"
    ? value
    : Array.isArray(value)
    ? value.slice()
    : value instanceof Map
    ? new Map(value)
    : value instanceof Set
    ? new Set(value)
    : new SortedSet(new Map(value.scores))

const emptyOf: { readonly [K in Exclude<Kind, "string">]: () => Kinds[K] } = {
  list: () => [],
  hash: () => new Map(),
  set: () => new Set(),
  zset: () => new SortedSet()
}

/**
 * The keys of one database.
 *
 * @since 0.1.0
 * @category models
 */
export class Keyspace {
  readonly index: number
  private entries = new Map<string, Entry>()
  /** What the order of its scans begins with: another one for each run of each server. */
  salt = 0
  /** How many changes there were. */
  changes = 0
  /** Called for each key that changes. */
  onTouch: (key: string) => void = () => {}
  /** Called for each key whose time has come, before it goes; false keeps it, unseen. */
  onExpire: (key: string) => boolean = () => true

  constructor(index: number) {
    this.index = index
  }

  /** The entry of a key, unless its time has come. */
  get(key: string, now: number): Entry | undefined {
    const entry = this.entries.get(key)
    if (entry === undefined || entry.expiresAt > now) return entry
    if (this.onExpire(key)) {
      this.entries.delete(key)
      this.touch(key)
    }
    return undefined
  }

  /** The value of a key of one kind, or undefined; throws WRONGTYPE for another kind. */
  read<K extends Kind>(key: string, kind: K, now: number): Kinds[K] | undefined {
    const entry = this.get(key, now)
    if (entry === undefined) return undefined
    if (entry.kind !== kind) throw wrongType
    return entry.value as Kinds[K]
  }

  /** The collection of a key, made if there is none. `settle` has to follow. */
  open<K extends Exclude<Kind, "string">>(key: string, kind: K, now: number): Kinds[K] {
    const value = this.read(key, kind, now)
    if (value !== undefined) return value
    const made = emptyOf[kind]() as Kinds[K]
    this.put(key, kind, made)
    return made
  }

  /** After a collection was changed: it goes away if it is empty. */
  settle(key: string): void {
    const value = this.entries.get(key)?.value
    if (value === undefined || typeof value === "string") return
    if ((Array.isArray(value) ? value.length : value.size) === 0) this.entries.delete(key)
    this.touch(key)
  }

  /** Sets a key to a value, without expiry unless it is given. */
  put<K extends Kind>(key: string, kind: K, value: Kinds[K], expiresAt = Infinity, raw = false): void {
    this.entries.set(key, { kind, value, expiresAt, raw })
    this.touch(key)
  }

  /** Sets a key to a collection, or deletes it if the collection is empty. */
  store<K extends Exclude<Kind, "string">>(key: string, kind: K, value: Kinds[K], now: number): void {
    if ((Array.isArray(value) ? value.length : value.size) === 0) this.delete(key, now)
    else this.put(key, kind, value)
  }

  delete(key: string, now: number): boolean {
    if (this.get(key, now) === undefined) return false
    this.entries.delete(key)
    this.touch(key)
    return true
  }

  touch(key: string): void {
    this.changes++
    this.onTouch(key)
  }

  /** The keys that are there, in the order in which they were made. */
  keys(now: number): Array<string> {
    const keys: Array<string> = []
    for (const [key, entry] of this.entries) if (entry.expiresAt > now) keys.push(key)
    return keys
  }

  clear(): void {
    for (const key of this.entries.keys()) this.onTouch(key)
    this.changes += this.entries.size
    this.entries = new Map()
  }

  /** Takes the data of another, as a full resynchronisation does. */
  copyFrom(other: Keyspace): void {
    this.clear()
    for (const [key, entry] of other.entries) {
      this.entries.set(key, { ...entry, value: copyOf(entry.value) })
    }
  }

  /** A copy of an entry's value, for COPY. */
  static copy(entry: Entry): Kinds[Kind] {
    return copyOf(entry.value)
  }
}
