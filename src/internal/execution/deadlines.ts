/**
 * Judges the deadlines of a client's operations: once what has arrived by then is
 * read, and with allowance for turns of the event loop that went on for long.
 */
import type * as Context from "effect/Context"
import { DeadlineTimer } from "../common/deadlineTimer.ts"
import type { Connection } from "../connection/connection.ts"
import type { Request } from "../connection/types.ts"
import type { CommandQueue } from "./commandQueue.ts"
import { PendingCommand, type PendingOperation } from "./operation.ts"
import type { RetryQueue } from "./retryQueue.ts"

/** Where a client's operations are. */
export interface DeadlineSources {
  readonly queue: () => CommandQueue
  readonly retries: () => RetryQueue
  readonly forEachConnection: (f: (connection: Connection) => void) => void
  /** Visits the requests on connections whose operations this client has begun. */
  readonly forEachSent: (f: (request: Request) => void) => void
  /** Whether something may have arrived unread. If so, `onCaughtUp` is called once it was read. */
  readonly isReading: () => boolean
  /** Gives up the withheld replies whose deadline has passed, and says when the next one will pass. */
  readonly expireWithheld: (now: number) => number
}

export class Deadlines {
  readonly timer: DeadlineTimer
  private readonly sources: DeadlineSources
  private isClosed = false
  /** Whether deadlines are due that are judged once what has arrived was read. */
  private isPostponed = false

  constructor(services: Context.Context<never>, sources: DeadlineSources) {
    this.sources = sources
    this.timer = new DeadlineTimer(
      services,
      (now) => this.onTimer(now),
      (from, millis) => this.onLongTurn(from, millis)
    )
  }

  /** What may have arrived unread was read. */
  onCaughtUp(now: number): void {
    if (!this.isPostponed) return
    this.isPostponed = false
    this.sweep(now)
  }

  close(): void {
    this.isClosed = true
  }

  /**
   * A command's time begins with the turn of the event loop in which it is begun.
   * A turn that went on for long is not taken from the commands that were begun
   * late in it.
   */
  private onLongTurn(from: number, millis: number): void {
    const extend = (request: Request): void => {
      if (!(request instanceof PendingCommand)) return
      const { blockingMillis, deadline, timeout } = request
      if (Math.abs(deadline - timeout - blockingMillis - from) < 1) request.deadline += millis
    }
    this.sources.queue().forEach(extend)
    this.sources.forEachSent(extend)
  }

  private onTimer(now: number): void {
    let reading = 1
    const onRead = (): void => {
      if (--reading > 0 || this.isClosed) return
      if (this.sources.isReading()) this.isPostponed = true
      else this.sweep(Math.max(now, this.timer.now()))
    }
    this.sources.forEachConnection((connection) => {
      reading++
      connection.caughtUp(onRead)
    })
    onRead()
  }

  private sweep(now: number): void {
    const { sources } = this
    const expired: Array<PendingOperation> = []
    let next = Math.min(sources.queue().takeExpired(now, expired), sources.retries().takeExpired(now, expired))
    for (const operation of expired) operation.onDeadline(false)
    next = Math.min(next, sources.expireWithheld(now))
    sources.forEachConnection((connection) => {
      next = Math.min(next, connection.expire(now))
    })
    if (next < this.timer.at) this.timer.set(next)
  }
}
