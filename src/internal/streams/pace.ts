/**
 * How fast the handlers of a consumer are, and so how many new entries it reads ahead: as many as they finish in a short
 * while. Arithmetic alone; what is read is decided in consumer.ts.
 */

/** As many entries are read ahead as are finished in so many milliseconds, but no more than `mostAhead`. */
const aheadMillis = 20
const mostAhead = 500
/** What one measurement takes at least: entries, or milliseconds. */
const leastHandled = 16
const leastMillis = 100

export class Pace {
  /** How many entries are read ahead. */
  ahead = 0
  /** How many handlers have ended since the measurement began. */
  handled = 0
  private millis = 0
  private began: number | undefined

  /** The consumer has entries from now on. */
  begin(now: number): void {
    this.began = now
  }

  /** The consumer is about to read: the time until `begin` is not that of handlers. */
  measure(now: number): void {
    if (this.began !== undefined) this.millis += Math.max(0, now - this.began)
    this.began = undefined
    if (this.handled < leastHandled && this.millis < leastMillis) return
    this.ahead = Math.min(mostAhead, Math.floor(this.handled * aheadMillis / Math.max(this.millis, 0.5)))
    this.handled = 0
    this.millis = 0
  }

  /** Handlers take long: nothing is read ahead until they are faster. */
  stop(): void {
    this.ahead = 0
    this.handled = 0
    this.millis = 0
    this.began = undefined
  }
}
