/**
 * Gives reserved connections: waits for one of the node's pool, and for one of the
 * next node's where the client moves meanwhile.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { type ConnectionError, ConnectionLost, type DeadlineExceeded, ReserveTimeout } from "../../Errors.ts"
import type * as Pool from "../../Pool.ts"
import type { Connection } from "../connection/connection.ts"
import { blockingRetryMillis } from "./blocking.ts"
import type { ExecutionContext } from "./executionContext.ts"
import { ConnectionWaiter, type Dispatcher } from "./operation.ts"
import type { ReservedConnection, ReserveWithin } from "./reserved.ts"

/** A reserved connection for a caller, within the client's `reserveTimeout`, over all attempts. */
export const reserveInTime = (
  execution: ExecutionContext,
  reserveWithin: ReserveWithin
): ReturnType<ReserveWithin> =>
  Effect.suspend(() => {
    const { reserveTimeoutMillis, timer } = execution
    let until: number | undefined
    return Effect.mapError(
      reserveWithin("reserved", () => {
        const now = timer.now()
        until ??= now + reserveTimeoutMillis
        return reserveTimeoutMillis === Infinity ? Infinity : Math.max(1, until - now)
      }),
      (error) =>
        error._tag === "ReserveTimeout"
          ? new ReserveTimeout({
            target: error.target,
            timeoutMillis: reserveTimeoutMillis,
            option: error.option,
            max: error.max
          })
          : error
    )
  })

/** What reservations need of the executor whose connections they give. */
export interface ReservationSource {
  readonly dispatcher: Dispatcher
  readonly schedule: Schedule.Schedule<unknown, unknown>
  /** The connections to the node, once it is known. */
  readonly pool: () => Pool.Pool | undefined
  readonly reservedOn: (connection: Connection) => ReservedConnection
}

export class Reservations {
  private readonly execution: ExecutionContext
  private readonly source: ReservationSource

  constructor(execution: ExecutionContext, source: ReservationSource) {
    this.execution = execution
    this.source = source
  }

  /**
   * A node that cannot be reached is tried again for as long as a command may
   * take. A caller that waits while the node moves waits on for a connection to
   * the next node.
   */
  readonly reserveWithin: ReserveWithin = (use, limit) => {
    const { execution, source } = this
    const { timer } = execution
    return Effect.flatMap(Effect.scope, (scope) => {
      let connectingSince: number | undefined
      let failingSince: number | undefined
      const once: ReturnType<ReserveWithin> = Effect.suspend(() => {
        connectingSince = timer.now()
        // It closes before the connection is given back, so that nobody uses it afterwards.
        const own = Scope.forkUnsafe(scope)
        return this.connected.pipe(
          Effect.flatMap(() => {
            connectingSince = undefined
            const pool = source.pool()
            return pool === undefined
              ? Effect.fail(
                new ConnectionLost({ address: execution.label, kind: "moved", detail: "the client has left its node" })
              )
              : pool.reserve(use, limit(pool.isFull(use)))
          }),
          Effect.flatMap((connection) => {
            const reserved = source.reservedOn(connection)
            return Effect.as(Effect.addFinalizer(() => Effect.sync(() => reserved.end())), reserved)
          }),
          Scope.provide(own),
          Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit))
        )
      })
      const canRetry = (error: ConnectionError | DeadlineExceeded): boolean => {
        const now = timer.now()
        failingSince ??= connectingSince ?? now
        return isNodeUnreachable(error) && now - failingSince < execution.timeoutMillis
      }
      const loop: ReturnType<ReserveWithin> = Effect.catchIf(
        Effect.retry(once, {
          schedule: source.schedule,
          while: (error) => !isNodeLeft(error) && canRetry(error)
        }),
        isNodeLeft,
        () => {
          failingSince = undefined
          return Effect.andThen(Effect.sleep(blockingRetryMillis), loop)
        }
      )
      return execution.untilClosed(loop)
    })
  }

  /** Waits until there is a connection to the node, for as long as a command may take. */
  private readonly connected: Effect.Effect<void, ConnectionError | DeadlineExceeded> = Effect.callback((resume) => {
    const { dispatcher } = this.source
    const { timeoutMillis, timer } = this.execution
    const waiter = new ConnectionWaiter(dispatcher, resume, timer.now() + timeoutMillis, timeoutMillis)
    dispatcher.submit(waiter)
    return Effect.sync(() => waiter.cancel())
  })
}

/** Whether this client has left the node while a connection to it was waited for. */
const isNodeLeft = (error: ConnectionError | DeadlineExceeded): boolean =>
  error._tag === "ConnectionLost" && (error.kind === "moved" || error.kind === "retired")

/** Whether the node is unreachable, lost, or has the wrong role: the next one may do. */
const isNodeUnreachable = (error: ConnectionError | DeadlineExceeded): boolean =>
  error._tag === "ConnectFailed" || error._tag === "ConnectionLost" || error._tag === "RoleMismatch"
