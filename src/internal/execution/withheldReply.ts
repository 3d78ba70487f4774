/**
 * Replies to writes that a failover may have made worthless: they wait until that
 * is known.
 */
import * as Resp from "../../Resp.ts"
import type { Connection, Guard } from "../connection/connection.ts"
import type { EndError, Request } from "../connection/types.ts"
import type { PendingOperation } from "./operation.ts"

/**
 * How long after a replica was selected a reply to an earlier write is believed
 * at once, in milliseconds. The replica is promoted 57 ms or more after it was
 * selected (Redis 7.0.15), and what has arrived may be unread for 20 ms: a write
 * that the old primary executes later may be lost, so its reply waits until it
 * is known whether the group has moved.
 */
export const selectionGraceMillis = 35

/** Whether a reply to one command is no word of anything that might be lost: a refusal, or the end of a wait in vain. */
const changedNothing = (value: Resp.Value, blockingMillis: number): boolean =>
  value instanceof Resp.ErrorReply || (value === null && blockingMillis > 0)

/** Who decides what a withheld reply is worth. */
export interface WriteGateKeeper {
  /** All replies of a write are there. */
  readonly answered: (reply: WithheldReply) => void
  /** Whether the word that writes have to wait takes so long that a reply may come before it. */
  readonly withholdsReplies: boolean
  /** From now on replies to what was written before wait until it is known what they are worth. */
  readonly withholdReplies: (connection: Connection) => void
  /** Something may have arrived unseen, on one connection more or less. */
  readonly onReadProgress: (more: 1 | -1) => void
}

/** Stands in line for a write whose reply may not be worth anything. */
export class WithheldReply implements Request {
  readonly replies: number
  readonly asBytes: boolean
  readonly blockingMillis: number
  readonly operation: PendingOperation
  /** From when on it may be believed, once its replies are there. */
  at = 0
  private readonly keeper: WriteGateKeeper
  private left: number
  private readonly values: Array<Resp.Value> = []
  /** `left` is how many of its replies are still to come. */
  constructor(operation: PendingOperation, left: number, keeper: WriteGateKeeper) {
    this.operation = operation
    this.left = left
    this.keeper = keeper
    this.replies = operation.replies
    this.asBytes = operation.asBytes
    this.blockingMillis = operation.blockingMillis
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
    if (--this.left > 0) return
    // EXEC has executed nothing.
    if (this.replies > 1 && (value === null || value instanceof Resp.ErrorReply)) return this.trust()
    this.keeper.answered(this)
  }
  onLost(error: EndError, written: boolean): void {
    // Some of its replies may say what becomes of it.
    if (this.left > 0) { for (const value of this.values) this.operation.onReply(value) }
    this.operation.onLost(error, written)
  }
  onDeadline(written: boolean): void {
    this.operation.onDeadline(written)
  }
  /** The server is still the right one: what it said counts. */
  trust(): void {
    for (const value of this.values) this.operation.onReply(value)
  }
}

/** Sees to the connections of an executor. */
export class ExecutorGuard implements Guard {
  private readonly keeper: WriteGateKeeper
  constructor(keeper: WriteGateKeeper) {
    this.keeper = keeper
  }
  get withholdsReplies(): boolean {
    return this.keeper.withholdsReplies
  }
  withholdReplies(connection: Connection): void {
    this.keeper.withholdReplies(connection)
  }
  onBehind(): void {
    this.keeper.onReadProgress(1)
  }
  onCaughtUp(goOn: () => void): void {
    this.keeper.onReadProgress(-1)
    goOn()
  }
}
