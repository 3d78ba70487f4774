/**
 * Tells that the reserved connections of a client run short: once when most are in use,
 * and once when a caller has to wait for one.
 */
import * as Effect from "effect/Effect"
import type * as Pool from "../../Pool.ts"
import type { ExecutionContext } from "./executionContext.ts"

/** Which part of a limit counts as most of it. */
const most = 0.8
/** Of fewer connections, most are in use too often. */
const leastLimit = 5

const optionOf = { reserved: "maxReserved", blocking: "maxBlocking" } as const
const whatWaits = {
  reserved: "further callers wait for one, and fail with ReserveTimeout after reserveTimeout",
  blocking: "further commands that wait at the server take turns of 5 seconds"
} as const

export class LimitWarnings {
  private readonly execution: ExecutionContext
  private readonly told = new Set<string>()

  constructor(execution: ExecutionContext) {
    this.execution = execution
  }

  /** A caller takes a connection, or, with more in use than there may be, waits for one. */
  readonly onTaking = (use: Pool.Use, inUse: number, max: number): void => {
    const isOver = inUse > max
    if (!isOver && (max < leastLimit || inUse < most * max)) return
    const key = `${use} ${isOver}`
    if (this.told.has(key)) return
    this.told.add(key)
    const state = isOver
      ? `all ${max} connections that ${optionOf[use]} allows are in use: ${whatWaits[use]}`
      : `${inUse} of the ${max} connections that ${optionOf[use]} allows are in use; with all in use, ${whatWaits[use]}`
    this.execution.runFork(
      Effect.logWarning(`${this.execution.label}: ${state}. Set ${optionOf[use]} to as many as are needed.`)
    )
  }
}
