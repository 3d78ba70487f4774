/**
 * A reply to a write that a failover may have made worthless: it is withheld until
 * that is known. The write gate (writeGate.ts) decides when.
 */
import * as Resp from "../../Resp.ts"
import type { EndError, Request } from "../connection/types.ts"
import type { PendingOperation } from "./operation.ts"

/**
 * For how long after the selection of a replica a reply to an earlier write is
 * believed at once, in milliseconds. The replica is promoted at least 57 ms after
 * its selection (Redis 7.0.15), and what has arrived may be unread for 20 ms. A
 * write that the old primary executes later may be lost, so its reply is withheld
 * until it is known whether the group has moved.
 */
export const selectionGraceMillis = 35

/** Whether a reply to one command shows that nothing was written: an error, or the end of a blocking command without a result. */
const changedNothing = (value: Resp.Value, blockingMillis: number): boolean =>
  value instanceof Resp.ErrorReply || (value === null && blockingMillis > 0)

/** Decides what a withheld reply is worth. */
export interface WithheldReplies {
  /** All replies of a write have arrived. */
  readonly onComplete: (reply: WithheldReply) => void
}

/** Takes the place of a written operation in its connection's line of requests. */
export class WithheldReply implements Request {
  readonly replies: number
  readonly asBytes: boolean
  readonly blockingMillis: number
  readonly operation: PendingOperation
  /** When it may be believed, in milliseconds of monotonic time, once all its replies have arrived. */
  trustedFrom = 0
  private readonly gate: WithheldReplies
  /** How many of its replies are still to come. */
  private remaining: number
  private readonly values: Array<Resp.Value> = []
  constructor(operation: PendingOperation, remaining: number, gate: WithheldReplies) {
    this.operation = operation
    this.remaining = remaining
    this.gate = gate
    this.replies = operation.replies
    this.asBytes = operation.asBytes
    this.blockingMillis = operation.blockingMillis
  }
  get keepsNumerals(): boolean {
    return this.operation.keepsNumerals
  }
  get isPending(): boolean {
    return this.operation.isPending
  }
  get deadline(): number {
    return this.operation.deadline
  }
  encode(): void {}
  onReply(value: Resp.Value): void {
    if (this.replies === 1 && changedNothing(value, this.blockingMillis)) return this.operation.onReply(value)
    this.values.push(value)
    if (--this.remaining > 0) return
    // Nobody waits for it any more, except what gives its connection back.
    if (!this.isPending) return this.trust()
    // EXEC has executed nothing.
    if (this.replies > 1 && (value === null || value instanceof Resp.ErrorReply)) return this.trust()
    this.gate.onComplete(this)
  }
  onLost(error: EndError, written: boolean): void {
    // The replies that have arrived may decide the outcome.
    if (this.remaining > 0) { for (const value of this.values) this.operation.onReply(value) }
    this.operation.onLost(error, written)
  }
  onDeadline(written: boolean): void {
    this.operation.onDeadline(written)
  }
  /** The server is still the right one: its replies count. */
  trust(): void {
    for (const value of this.values) this.operation.onReply(value)
  }
}
