/**
 * Operations that a server refused for a state that passes by itself (`BUSY`,
 * `NOREPLICAS`, ...): they are sent again after a pause.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { QueueFull } from "../../Errors.ts"
import { Deque } from "../common/deque.ts"
import type { ExecutionContext } from "./executionContext.ts"
import type { PendingOperation } from "./operation.ts"

/** How long the pause is, in milliseconds, at first and at most: a script may run for long. */
const firstPauseMillis = 20
const longestPauseMillis = 200

export class RetryQueue {
  private readonly execution: ExecutionContext
  private readonly operations = new Deque<PendingOperation>()
  private timer: Fiber.Fiber<void> | undefined = undefined
  private pauseMillis = firstPauseMillis
  private pausedAt = -Infinity

  constructor(execution: ExecutionContext) {
    this.execution = execution
  }

  /** Sends an operation again a little later. */
  add(operation: PendingOperation): void {
    const { execution } = this
    if (execution.isClosed) return operation.failWith(Exit.fail(execution.closedError()))
    if (this.operations.size >= execution.maxQueue) {
      return operation.failWith(Exit.fail(new QueueFull({ target: execution.label, limit: execution.maxQueue })))
    }
    this.operations.push(operation)
    execution.arm(operation.deadline)
    if (this.timer !== undefined) return
    const now = execution.timer.now()
    this.pauseMillis = now - this.pausedAt > 1000
      ? firstPauseMillis
      : Math.min(longestPauseMillis, this.pauseMillis * 1.5)
    this.pausedAt = now
    this.timer = execution.runFork(
      Effect.andThen(
        Effect.sleep(this.pauseMillis),
        Effect.sync(() => {
          this.timer = undefined
          for (const operation of this.operations.drain()) if (operation.isPending) operation.owner.submit(operation)
        })
      )
    )
  }

  /** Takes out the operations whose deadline has passed, and says when the next one will pass. */
  takeExpired(now: number, expired: Array<PendingOperation>): number {
    let next = Infinity
    this.operations.retain((operation) => {
      if (operation.isPending && operation.deadline <= now) expired.push(operation)
      else if (operation.isPending) next = Math.min(next, operation.deadline)
      return operation.isPending && operation.deadline > now
    })
    return next
  }

  /** Ends the pause, and takes out what waits for its end. */
  close(): Array<PendingOperation> {
    this.timer?.interruptUnsafe()
    return this.operations.drain().filter((operation) => operation.isPending)
  }
}
