/**
 * What a consumer has at hand: the entries that it got and has not finished, and the ids of those that it has finished
 * lately. From both it knows what to do with an entry that comes again.
 */
import type { RawFields } from "./types.ts"

/**
 * A number made of the fields. After a failover a new primary may give an id again that the old one had given to an
 * entry that is lost: such entries are told apart by their content.
 */
export const printOf = (fields: RawFields): number => {
  let a = 0x811c9dc5
  let b = 0x1000193
  const mixWord = (word: number): void => {
    a ^= word
    b ^= word
    // A product alone would carry differences upwards only.
    a = Math.imul(a << 15 | a >>> 17, 0x01000193)
    b = Math.imul(b << 13 | b >>> 19, 0x85ebca6b)
  }
  const mix = (bytes: Uint8Array): void => {
    const { length } = bytes
    mixWord(length)
    let i = 0
    for (; i + 3 < length; i += 4) mixWord(bytes[i]! | bytes[i + 1]! << 8 | bytes[i + 2]! << 16 | bytes[i + 3]! << 24)
    for (; i < length; i++) mixWord(bytes[i]!)
  }
  for (const [name, value] of fields) {
    mix(name)
    mix(value)
  }
  return (a >>> 0) * 0x200000 + (b >>> 11)
}

/** An entry that the consumer has. */
export interface Delivery {
  readonly id: string
  readonly fields: RawFields
  readonly deliveries: number
  readonly print: number
  /** How often the group had moved when it came. */
  readonly moves: number
  /** Waits for a handler, has one, or is being acknowledged or moved. */
  state: "waiting" | "running" | "settling"
  /** When the consumer got it, in milliseconds. */
  readonly takenAt: number
  /** When the consumer got it, or extended its claim, in milliseconds. */
  touchedAt: number
  /** Whether another consumer has it now. */
  isLost: boolean
  /** Whether another entry has its id now: acknowledging it would acknowledge the other one. */
  isReplaced: boolean
  /** Whether it came again while it was acknowledged or moved, so that it may be pending afterwards. */
  isAgain?: boolean | undefined
  /** Whether nobody has seen the entry, though it counts as one that has a handler. */
  isUnseen?: boolean | undefined
  /** Is told when the server has acknowledged the entry. */
  onAcknowledged?: (() => void) | undefined
}

/** The ids of entries that were finished lately, at most so many, with the numbers of their content. */
export class Finished {
  private readonly prints = new Map<string, number>()
  /** The ids in their order, in a ring: a Map finds its oldest key slowly when many were removed. */
  private readonly order: Array<string> = []
  private next = 0
  private readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  add(id: string, print: number): void {
    if (this.capacity === 0) return
    if (this.prints.has(id)) {
      this.prints.set(id, print)
      return
    }
    const oldest = this.order[this.next]
    if (oldest !== undefined) this.prints.delete(oldest)
    this.order[this.next] = id
    this.next = (this.next + 1) % this.capacity
    this.prints.set(id, print)
  }

  has(id: string, print: number): boolean {
    return this.prints.get(id) === print
  }

  get all(): ReadonlyArray<{ readonly id: string; readonly print: number }> {
    return Array.from(this.prints, ([id, print]) => ({ id, print }))
  }

  clear(): void {
    this.prints.clear()
    this.order.length = 0
    this.next = 0
  }
}
