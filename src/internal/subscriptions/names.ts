/**
 * The names that a client subscribes to: channels, patterns or shard channels, found by the bytes of a message.
 */
import { Buffer, isUtf8 } from "node:buffer"
import { randomInt } from "node:crypto"
import type * as Command from "../../Command.ts"

/**
 * What a name means.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = "channel" | "pattern" | "shard"

/** The commands of each kind. */
export const words = {
  channel: { subscribe: "SUBSCRIBE", unsubscribe: "UNSUBSCRIBE" },
  pattern: { subscribe: "PSUBSCRIBE", unsubscribe: "PUNSUBSCRIBE" },
  shard: { subscribe: "SSUBSCRIBE", unsubscribe: "SUNSUBSCRIBE" }
} as const

/**
 * A name with subscribers. When the last one leaves, the name is dropped; the next one makes another name of the same
 * bytes, so that replies to requests of the first do not count for it.
 *
 * @since 0.1.0
 * @category models
 */
export class Name<S> {
  readonly kind: Kind
  readonly bytes: Buffer
  /** The name as text; undefined if it is not UTF-8. */
  readonly text: string | undefined
  /** The other names with the same hash. */
  next: Name<S> | undefined = undefined
  /** All subscribers. */
  readonly subscribers = new Set<S>()
  private readonly activeOnes = new Set<S>()
  private activeList: ReadonlyArray<S> | undefined = undefined
  /** Whether the present connection was asked for it, and whether the server has acknowledged it there. */
  isRequested = false
  isLive = false
  constructor(kind: Kind, bytes: Buffer) {
    this.kind = kind
    this.bytes = bytes
    this.text = isUtf8(bytes) ? bytes.toString("utf8") : undefined
  }
  /**
   * Those that receive messages: the server has acknowledged the name since they came. Each change makes another array,
   * since a message may be on its way through this one; many changes in a row make one.
   */
  get active(): ReadonlyArray<S> {
    return this.activeList ??= Array.from(this.activeOnes)
  }
  /** Gives whether it is a new one. */
  activate(subscriber: S): boolean {
    if (this.activeOnes.has(subscriber)) return false
    this.activeOnes.add(subscriber)
    this.activeList = undefined
    return true
  }
  deactivate(subscriber: S): void {
    if (this.activeOnes.delete(subscriber)) this.activeList = undefined
  }
  deactivateAll(): void {
    this.activeOnes.clear()
    this.activeList = undefined
  }
}

/** A copy of the bytes of a name. */
export const bytesOf = (name: Command.Key): Buffer =>
  typeof name === "string" ? Buffer.from(name, "utf8") : Buffer.from(new Uint8Array(name))

// Names may come from strangers: where the hash begins is not theirs to know, so that they cannot choose many with one.
const seed = randomInt(2 ** 32)

// FNV-1a. A string for each message, to look it up in a Map, would cost several times as much.
const hashOf = (buffer: Buffer, from: number, to: number): number => {
  let hash = seed
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ buffer[i]!, 0x01000193)
  return hash
}

const equals = (bytes: Buffer, buffer: Buffer, from: number, to: number): boolean => {
  if (bytes.length !== to - from) return false
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== buffer[from + i]) return false
  return true
}

/**
 * The names of one kind.
 *
 * @since 0.1.0
 * @category models
 */
export class Names<S> {
  readonly kind: Kind
  size = 0
  private readonly table = new Map<number, Name<S>>()
  constructor(kind: Kind) {
    this.kind = kind
  }
  find(buffer: Buffer, from: number, to: number): Name<S> | undefined {
    let name = this.table.get(hashOf(buffer, from, to))
    while (name !== undefined && !equals(name.bytes, buffer, from, to)) name = name.next
    return name
  }
  /** The name of these bytes, which is added if there is none. */
  of(bytes: Buffer): Name<S> {
    const found = this.find(bytes, 0, bytes.length)
    if (found !== undefined) return found
    const name = new Name<S>(this.kind, bytes)
    const hash = hashOf(bytes, 0, bytes.length)
    name.next = this.table.get(hash)
    this.table.set(hash, name)
    this.size++
    return name
  }
  delete(name: Name<S>): void {
    const hash = hashOf(name.bytes, 0, name.bytes.length)
    const first = this.table.get(hash)
    if (first === name) {
      if (name.next === undefined) this.table.delete(hash)
      else this.table.set(hash, name.next)
    } else {
      let before = first
      while (before !== undefined && before.next !== name) before = before.next
      if (before === undefined) return
      before.next = name.next
    }
    this.size--
  }
  forEach(f: (name: Name<S>) => void): void {
    for (const name of this.table.values()) {
      for (let at: Name<S> | undefined = name; at !== undefined; at = at.next) f(at)
    }
  }
}
