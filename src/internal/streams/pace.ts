/**
 * How fast the handlers of a consumer are, and so how many new entries it reads ahead: as many as they finish in a short
 * while. Arithmetic alone; what is read is decided in consumer.ts.
 */
import type * as Clock from "effect/Clock"
import { monotonicMillisUnsafe } from "../common/time.ts"

/** As many entries are read ahead as are finished in so many milliseconds, but no more than `mostAhead`. */
const aheadMillis = 20
const mostAhead = 500
/** What one measurement takes at least: entries, or milliseconds. */
const leastHandled = 16
const leastMillis = 100

export class Pace {
  private readonly clock: Clock.Clock
  /** How many entries are read ahead. */
  ahead = 0
  private handled = 0
  /** For how long at least one handler was running, in milliseconds. */
  private millis = 0
  /** Since when at least one handler has been running. */
  private since: number | undefined

  constructor(clock: Clock.Clock) {
    this.clock = clock
  }

  /** A handler starts. */
  started(): void {
    this.since ??= monotonicMillisUnsafe(this.clock)
  }

  /** A handler has ended. */
  ended(areOthersRunning: boolean): void {
    this.handled++
    if (areOthersRunning) return
    this.advance()
    this.since = undefined
  }

  measure(): void {
    this.advance()
    if (this.handled < leastHandled && this.millis < leastMillis) return
    this.ahead = Math.min(mostAhead, Math.floor(this.handled * aheadMillis / Math.max(this.millis, 0.5)))
    this.handled = 0
    this.millis = 0
  }

  /** Handlers take long: nothing is read ahead until they are faster. */
  stop(): void {
    this.advance()
    this.ahead = 0
    this.handled = 0
    this.millis = 0
  }

  private advance(): void {
    if (this.since === undefined) return
    const now = monotonicMillisUnsafe(this.clock)
    this.millis += Math.max(0, now - this.since)
    this.since = now
  }
}
