/**
 * Paces the dialling of a server that refuses sessions: less and less often,
 * whatever the sessions are for.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { ConnectFailed, type ConnectionError } from "../../Errors.ts"
import type { DeadlineTimer } from "../common/deadlineTimer.ts"
import type { Connection } from "../connection/connection.ts"

/** For how long a server that refuses sessions is not dialled, at first and at most, in milliseconds. */
const firstPauseMillis = 100
const longestPauseMillis = 2000

export class DialPacing {
  private readonly timer: DeadlineTimer
  /** How often in a row a server refused a session. */
  private refusals = 0
  private pausedUntil = -Infinity

  constructor(timer: DeadlineTimer) {
    this.timer = timer
  }

  /** Another server is dialled from now on. */
  reset(): void {
    this.refusals = 0
    this.pausedUntil = -Infinity
  }

  /** Opens a session once the pause is over. */
  paced<R>(
    open: Effect.Effect<Connection, ConnectionError, R>
  ): Effect.Effect<Connection, ConnectionError, R> {
    const opened = Effect.matchEffect(open, {
      onSuccess: (connection) => {
        this.refusals = 0
        return Effect.succeed(connection)
      },
      onFailure: (error) =>
        Effect.flatMap(isRefusedSession(error) ? Random.next : Effect.succeed(undefined), (random) => {
          if (random !== undefined) {
            const pause = Math.min(longestPauseMillis, firstPauseMillis * 2 ** this.refusals++)
            this.pausedUntil = this.timer.now() + Math.round(pause * (0.75 + random / 2))
          }
          return Effect.fail(error)
        })
    })
    const paced: Effect.Effect<Connection, ConnectionError, R> = Effect.suspend(() => {
      const pause = this.pausedUntil - this.timer.now()
      return pause > 0 ? Effect.andThen(Effect.sleep(pause), paced) : opened
    })
    return paced
  }
}

/** Whether a server could be reached, and refused the session. */
const isRefusedSession = (error: ConnectionError): boolean => {
  if (error._tag === "ConnectFailed") return error.phase === "refused"
  if (error._tag !== "PrimaryNotFound" && error._tag !== "ReplicaNotFound") return false
  return error.reason.reports.some(({ cause }) => cause instanceof ConnectFailed && cause.phase === "refused")
}
