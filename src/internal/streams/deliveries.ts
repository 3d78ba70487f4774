/**
 * What a consumer has at hand: the entries that it got and has not finished, and the ids of those that it has finished
 * lately. From both it knows what to do with an entry that comes again.
 */
import { compareIds, zeroId } from "./ids.ts"
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
  /** A ring: the oldest place is the next to be taken. */
  private readonly ids: Array<string> = []
  private readonly prints: Array<number> = []
  private next = 0
  /** Nothing greater was finished. */
  private greatest = zeroId
  private readonly capacity: number
  /**
   * The place of each id, made when somebody asks: entries seldom come again, and to keep a Map of so many ids up to date
   * costs more than the rest of what becomes of a finished entry.
   */
  private places: Map<string, number> | undefined
  /** How many entries came since somebody asked. */
  private unasked = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  add(id: string, print: number): void {
    if (this.capacity === 0) return
    if (compareIds(id, this.greatest) > 0) this.greatest = id
    const place = this.next
    if (this.places !== undefined) {
      // To make it again costs no more than what came in between has saved.
      if (++this.unasked > this.capacity) this.places = undefined
      else {
        const oldest = this.ids[place]
        if (oldest !== undefined && this.places.get(oldest) === place) this.places.delete(oldest)
        this.places.set(id, place)
      }
    }
    this.ids[place] = id
    this.prints[place] = print
    this.next = place + 1 === this.capacity ? 0 : place + 1
  }

  has(id: string, print: number): boolean {
    // As nearly all entries are: new.
    if (this.ids.length === 0 || compareIds(id, this.greatest) > 0) return false
    const place = this.placesNow.get(id)
    return place !== undefined && this.prints[place] === print
  }

  get all(): ReadonlyArray<{ readonly id: string; readonly print: number }> {
    return Array.from(this.placesNow, ([id, place]) => ({ id, print: this.prints[place]! }))
  }

  clear(): void {
    this.ids.length = 0
    this.prints.length = 0
    this.next = 0
    this.greatest = zeroId
    this.places = undefined
  }

  private get placesNow(): Map<string, number> {
    this.unasked = 0
    if (this.places !== undefined) return this.places
    const { ids, next } = this
    const places = new Map<string, number>()
    // From the oldest on: an id that comes twice has its last content.
    for (let i = next; i < ids.length; i++) places.set(ids[i]!, i)
    for (let i = 0; i < next; i++) places.set(ids[i]!, i)
    return this.places = places
  }
}
