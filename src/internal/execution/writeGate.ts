/**
 * One client's write gate: whether writes may go out, whether replies to earlier
 * writes are believed, and which write is the first after a move. When the gate
 * closes and opens, the group's monitor decides (internal/monitor/).
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { ping } from "../../commands/connection.ts"
import type { ConnectionLost } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import { DeadlineTimer } from "../common/deadlineTimer.ts"
import { Deque } from "../common/deque.ts"
import { Call } from "../connection/call.ts"
import type { Connection, Guard } from "../connection/connection.ts"
import type { ExecutionContext } from "./executionContext.ts"
import { PendingOperation } from "./operation.ts"
import type { WriteGateState } from "./types.ts"
import { selectionGraceMillis, type WithheldReplies, WithheldReply } from "./withheldReply.ts"

/** What the gate needs of the executor whose writes pass it. */
export interface GatedExecutor {
  /** The shared connection that is next in turn. */
  readonly serving: () => Connection | undefined
  readonly forEachConnection: (f: (connection: Connection) => void) => void
  /** Lets an operation wait. */
  readonly enqueue: (operation: PendingOperation) => void
  /** Sends the operations that wait. */
  readonly release: () => void
  /** Takes out the writes that wait. */
  readonly takeQueuedWrites: () => ReadonlyArray<PendingOperation>
  /** Ends blocking commands that write, before a failover can lose what they take. */
  readonly unblockAll: () => void
  /** Something may have arrived unread. */
  readonly onBehind: () => void
  /** What may have arrived unread was read. */
  readonly onCaughtUp: (now: number) => void
  /** The first write after a move was acknowledged. */
  readonly onFirstWrite: () => void
}

export class WriteGate implements Guard, WithheldReplies {
  /** Undefined where writes go out at once, which the hot path asks. */
  state: WriteGateState | "awaiting first write" = undefined
  private readonly execution: ExecutionContext
  private readonly executor: GatedExecutor
  /** Set by a move, until a write was sent after it. */
  private awaitsFirstWrite = false
  private reason: Error | undefined = undefined
  /** After the grace for replies to earlier writes, they are withheld. */
  private grace: Fiber.Fiber<void> | undefined = undefined
  /** When the reason for holding writes arrived at the earliest, in milliseconds of monotonic time, and how old it was. */
  private heldSince = 0
  private heldAge = 0
  /** Replies to writes that are not believed yet, in the order of their arrival. */
  private readonly withheld = new Deque<WithheldReply>()
  /** Rings when the oldest of them may be believed. */
  private readonly trustTimer: DeadlineTimer
  /** On how many connections something may have arrived unread. */
  private connectionsBehind = 0
  /** Since when something may have been arriving there, in milliseconds of monotonic time. */
  private unreadSince = Infinity
  /** How old a sentinel's report is at most when it arrives, in milliseconds. */
  private signLateness = 0
  /** For how long each reply to a write is withheld because of that, in milliseconds. */
  private withholdMillis = 0

  constructor(execution: ExecutionContext, executor: GatedExecutor) {
    this.execution = execution
    this.executor = executor
    this.trustTimer = new DeadlineTimer(execution.services, (now) => {
      if (executor.serving()?.isBehind !== true) this.releaseTrusted(now)
    })
  }

  /** Whether writes wait, or are refused. */
  get isHolding(): boolean {
    return this.state !== undefined && this.state !== "awaiting first write"
  }

  /** Whether something may have arrived unread. */
  get isReading(): boolean {
    return this.connectionsBehind > 0
  }

  /** Whether what the node acknowledges now may be lost. */
  private get mayBeLost(): boolean {
    return (this.state === "held" && this.grace === undefined) || this.state === "asking"
  }

  // ---------------------------------------------------------------------------
  // The state

  /**
   * Closes or opens the gate; `age` is how many milliseconds ago the reason for it arose, at most; less than 0 if a
   * selection follows only after so many milliseconds.
   */
  set(state: WriteGateState, age: number): void {
    if (this.execution.isClosed || state === this.state) return
    const before = this.state
    this.state = state
    if (state === "held") {
      this.reason = new Error(`writes to ${this.execution.label} wait for the end of a failover`)
      this.recall()
      this.executor.unblockAll()
      this.heldAge = age < 0 ? age : Math.max(age, this.signLateness)
      this.heldSince = Math.min(this.execution.timer.now(), this.unreadSince)
      return this.believeForGrace()
    }
    this.grace?.interruptUnsafe()
    this.grace = undefined
    if (state === "asking") return this.recall()
    if (before === "held" || before === "asking") this.releaseTrusted(this.execution.timer.now())
    if (state === undefined) return this.executor.release()
    // The failure of one write may make its fiber cancel others.
    for (const operation of this.executor.takeQueuedWrites()) if (operation.isPending) operation.fail(state)
  }

  /** Believes replies for as long as no replica can have been promoted. */
  private believeForGrace(): void {
    this.grace?.interruptUnsafe()
    this.grace = undefined
    const millis = this.heldSince - this.heldAge + selectionGraceMillis - this.execution.timer.now()
    if (!(millis > 0)) return this.withholdAll()
    this.grace = this.execution.runFork(
      Effect.andThen(
        Effect.sleep(millis),
        Effect.sync(() => {
          this.grace = undefined
          this.withholdAll()
        })
      )
    )
  }

  setSignLateness(millis: number): void {
    this.signLateness = millis
    this.withholdMillis = Math.max(0, Math.ceil(millis) - selectionGraceMillis)
  }

  /** The node was left: replies that were withheld are lost, as far as is known. */
  onMoved(lost: ConnectionLost): void {
    this.awaitsFirstWrite = true
    this.loseWithheld(lost)
  }

  /** Writes that the socket has not taken yet must not go out. */
  private recall(): void {
    this.executor.forEachConnection((connection) => {
      for (const request of connection.recall()) {
        if (request instanceof PendingOperation && request.isGated) request.onRecalled()
        else connection.enqueue(request)
      }
    })
  }

  // ---------------------------------------------------------------------------
  // Writes

  /** Takes a write that comes while the gate has a state. */
  onWrite(operation: PendingOperation): void {
    const { state } = this
    if (state === "held" || state === "asking") operation.trace?.waits(state === "held" ? "failover" : state)
    if (state === "held") {
      if (operation.refusal === undefined) {
        operation.refusal = this.reason
        Metrics.heldWrites.updateUnsafe(1, this.execution.services)
      }
      return this.executor.enqueue(operation)
    }
    if (state === "asking") return this.executor.enqueue(operation)
    if (state !== "awaiting first write" && state !== undefined) return operation.fail(state)
    this.state = undefined
    operation.owner.submit(operation)
    this.reportFirstWrite(operation)
  }

  /** An operation that waited was sent. */
  onReleased(operation: PendingOperation): void {
    if (this.awaitsFirstWrite && operation.writes && operation.isPending) this.reportFirstWrite(operation)
  }

  /** All operations that waited were sent: if none was a write, the next one is the first. */
  onAllReleased(): void {
    if (this.awaitsFirstWrite && this.state === undefined) this.state = "awaiting first write"
  }

  private reportFirstWrite(operation: PendingOperation): void {
    const { connection } = operation
    if (!this.awaitsFirstWrite || connection === undefined || !connection.open || operation.owner.isReserved) return
    this.awaitsFirstWrite = false
    // Replies come in order: the PING's shows that the write was acknowledged.
    connection.enqueue(new Call(ping(), this.executor.onFirstWrite))
  }

  // ---------------------------------------------------------------------------
  // Replies to writes

  private withholdAll(): void {
    this.executor.forEachConnection((connection) => this.withholdReplies(connection))
  }

  get withholdsReplies(): boolean {
    return this.withholdMillis > 0
  }

  withholdReplies(connection: Connection): void {
    connection.replace((request, remaining) =>
      // All of a pipeline that writes: its reads count with its writes.
      request instanceof PendingOperation && request.isGated && request.isPending
        ? new WithheldReply(request, remaining, this)
        : request
    )
  }

  onComplete(reply: WithheldReply): void {
    if (
      this.execution.isClosed || (this.withholdMillis === 0 && this.connectionsBehind === 0 && !this.mayBeLost)
    ) return reply.trust()
    reply.trustedFrom = this.execution.timer.now() + this.withholdMillis
    this.withheld.push(reply)
    this.execution.arm(reply.deadline)
    if (this.withholdMillis > 0) this.trustTimer.set(reply.trustedFrom)
  }

  /** Believes the replies that nothing has made worthless by now. */
  private releaseTrusted(now: number): void {
    while (this.withheld.size > 0 && this.connectionsBehind === 0 && !this.mayBeLost) {
      const reply = this.withheld.peek()!
      if (reply.trustedFrom > now) return this.trustTimer.set(reply.trustedFrom)
      this.withheld.shift()
      if (reply.isPending) reply.trust()
    }
  }

  /** Gives up the withheld replies whose deadline has passed, and says when the next one will pass. */
  expire(now: number): number {
    let next = Infinity
    const expired: Array<WithheldReply> = []
    this.withheld.retain((reply) => {
      if (!reply.isPending) return false
      if (reply.deadline <= now) expired.push(reply)
      else next = Math.min(next, reply.deadline)
      return reply.deadline > now
    })
    for (const reply of expired) reply.onDeadline(true)
    return next
  }

  private loseWithheld(error: ConnectionLost): void {
    for (const reply of this.withheld.drain()) if (reply.isPending) reply.onLost(error, true)
  }

  // ---------------------------------------------------------------------------
  // What may have arrived unread

  onBehind(millis: number): void {
    this.connectionsBehind++
    this.unreadSince = Math.min(this.unreadSince, this.execution.timer.now() - millis)
    this.executor.onBehind()
    if (this.grace === undefined || this.unreadSince >= this.heldSince) return
    // The reason for holding writes may have been waiting unread.
    this.heldSince = this.unreadSince
    this.believeForGrace()
  }

  onCaughtUp(goOn: () => void): void {
    this.connectionsBehind--
    if (this.connectionsBehind === 0) this.unreadSince = Infinity
    if (this.connectionsBehind === 0 && !this.execution.isClosed) {
      const now = this.execution.timer.now()
      this.releaseTrusted(now)
      this.executor.onCaughtUp(now)
    }
    goOn()
  }

  close(lost: ConnectionLost): void {
    this.grace?.interruptUnsafe()
    this.trustTimer.close()
    this.loseWithheld(lost)
  }
}
