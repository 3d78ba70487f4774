/**
 * Operations that wait for a connection, or for writes to go on, in their order.
 * What they wait for is decided by the owner of the queue.
 */
import { QueueFull } from "../../Errors.ts"
import { Deque } from "../common/deque.ts"
import type { ExecutionContext } from "./executionContext.ts"
import { type OperationQueue, type PendingOperation, Stage } from "./operation.ts"

export class CommandQueue implements OperationQueue {
  private readonly execution: ExecutionContext
  private readonly operations = new Deque<PendingOperation>()
  /** How many of the operations were cancelled while they waited. */
  private abandoned = 0
  /** How many commands wait beyond one for each operation. */
  private extraCommands = 0

  constructor(execution: ExecutionContext) {
    this.execution = execution
  }

  get size(): number {
    return this.operations.size
  }

  /** Whether it was added. If the client is closed or the queue is full, the operation fails instead. */
  add(operation: PendingOperation): boolean {
    const { isClosed, label, maxQueue } = this.execution
    if (isClosed) {
      operation.fail(this.execution.closedError())
      return false
    }
    if (this.operations.size - this.abandoned + this.extraCommands >= maxQueue) {
      operation.fail(new QueueFull({ target: label, limit: maxQueue }))
      return false
    }
    operation.stage = Stage.waiting
    operation.queue = this
    this.operations.push(operation)
    this.extraCommands += operation.commandCount - 1
    this.execution.arm(operation.deadline)
    return true
  }

  onAbandoned(operation: PendingOperation): void {
    this.extraCommands -= operation.commandCount - 1
    if (++this.abandoned * 2 <= this.operations.size) return
    this.retain(() => true)
  }

  /** Keeps the pending operations that a condition holds for. The condition must not do anything else. */
  private retain(condition: (operation: PendingOperation) => boolean): void {
    this.abandoned = 0
    this.extraCommands = 0
    this.operations.retain((operation) => {
      if (!operation.isPending || !condition(operation)) return false
      this.extraCommands += operation.commandCount - 1
      return true
    })
  }

  /** Takes out all pending operations, in their order. */
  takeAll(): Array<PendingOperation> {
    this.abandoned = 0
    this.extraCommands = 0
    return this.operations.drain().filter((operation) => operation.isPending)
  }

  /** Takes out the pending operations that a condition holds for, in their order. */
  take(condition: (operation: PendingOperation) => boolean): Array<PendingOperation> {
    const taken: Array<PendingOperation> = []
    this.retain((operation) => {
      if (!condition(operation)) return true
      taken.push(operation)
      return false
    })
    return taken
  }

  /** Takes out the operations whose deadline has passed, and says when the next one will pass. */
  takeExpired(now: number, expired: Array<PendingOperation>): number {
    let next = Infinity
    this.retain((operation) => {
      if (operation.deadline <= now) {
        expired.push(operation)
        return false
      }
      next = Math.min(next, operation.deadline)
      return true
    })
    return next
  }

  forEach(f: (operation: PendingOperation) => void): void {
    for (let i = 0; i < this.operations.size; i++) f(this.operations.at(i))
  }
}
