/**
 * How far away each sentinel is: from the latest round trips, the time that its
 * answers and events take at most. Asks nothing itself.
 */

/** How often a sentinel that denies subscriptions is asked, in milliseconds: two or three times before a promotion. */
export const deniedPollMillis = 20
/** How many of the latest round trips to a sentinel count. */
const maxRoundTrips = 5

/**
 * How old the answer of a sentinel that denies subscriptions may be, in
 * milliseconds, by the time that one question took: its next answer comes that much
 * later, or with the next poll.
 *
 * @since 0.1.0
 * @category getters
 */
export const ageOfAnswer = (roundTripMillis: number): number =>
  roundTripMillis + Math.max(deniedPollMillis, roundTripMillis)

/**
 * The distances of all sentinels, by their formatted addresses.
 *
 * @since 0.1.0
 * @category models
 */
export class SentinelDistances {
  private readonly roundTrips = new Map<string, Array<number>>()
  private readonly onChange: () => void

  constructor(onChange: () => void) {
    this.onChange = onChange
  }

  /** A message went there and back: neither way took longer. */
  record(sentinel: string, millis: number): void {
    const before = this.millisTo(sentinel)
    const list = this.roundTrips.get(sentinel) ?? []
    list.push(millis)
    if (list.length > maxRoundTrips) list.shift()
    this.roundTrips.set(sentinel, list)
    if (this.millisTo(sentinel) !== before) this.onChange()
  }

  /**
   * The distance in milliseconds; 0 if it is not known. Of three or more round
   * trips the longest does not count: this process may have been busy.
   */
  millisTo(sentinel: string): number {
    const sorted = this.roundTrips.get(sentinel)?.toSorted((a, b) => a - b) ?? []
    return sorted.length < 3 ? sorted[0] ?? 0 : sorted[sorted.length - 2]!
  }

  forget(sentinel: string): void {
    this.roundTrips.delete(sentinel)
  }

  clear(): void {
    this.roundTrips.clear()
  }
}
