/**
 * One client's sessions outside of its pool: for what changes the meaning of a
 * connection, such as a subscription. They follow the client's node.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import type * as Command from "../../Command.ts"
import { Connector } from "../../Connector.ts"
import type { ConnectionError, ReplyError, UnexpectedReply } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import type { Connection } from "../connection/connection.ts"
import type { EndError } from "../connection/types.ts"
import type { DialPacing } from "./dialPacing.ts"
import type { ExecutionContext } from "./executionContext.ts"
import type { ConnectionTarget } from "./types.ts"

export class Sessions {
  private readonly execution: ExecutionContext
  private readonly target: ConnectionTarget
  private readonly pacing: DialPacing
  private readonly connections = new Set<Connection>()
  /** How the client dials: a fiber that asks for a session may have another connector. */
  private readonly connector: Context.Context<never>

  constructor(execution: ExecutionContext, target: ConnectionTarget, pacing: DialPacing) {
    this.execution = execution
    this.target = target
    this.pacing = pacing
    this.connector = Context.make(Connector, Context.get(execution.services, Connector))
  }

  /** Opens one, until the Scope closes. A failed attempt closes what it has opened. */
  open<E>(
    prepare: (connection: Connection) => Effect.Effect<void, E>
  ): Effect.Effect<Connection, ConnectionError | E, Scope.Scope> {
    return Effect.flatMap(Effect.scope, (scope) => {
      const attempt: Effect.Effect<Connection, ConnectionError | E> = Effect.suspend(() => {
        const own = Scope.forkUnsafe(scope)
        return this.pacing.paced(this.target.open).pipe(
          Effect.updateContext((asking: Context.Context<Scope.Scope>) => Context.merge(asking, this.connector)),
          Effect.tap((connection) => Effect.sync(() => this.add(connection))),
          Effect.tap(prepare),
          Scope.provide(own),
          Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit))
        )
      })
      return this.execution.untilClosed(
        Effect.retry(attempt, {
          schedule: this.target.schedule as Schedule.Schedule<unknown, unknown>,
          while: isTransient
        })
      )
    })
  }

  /** Asks the node of a session, on one more connection to it. */
  ask<A>(
    session: Connection,
    command: Command.Command<A>
  ): Effect.Effect<A, ConnectionError | EndError | ReplyError | UnexpectedReply> {
    return Effect.scoped(
      this.pacing.paced(this.target.openAt(session)).pipe(
        Effect.updateContext((asking: Context.Context<Scope.Scope>) => Context.merge(asking, this.connector)),
        Effect.flatMap((connection) => connection.call(command))
      )
    )
  }

  private add(connection: Connection): void {
    const { isClosed, services } = this.execution
    this.connections.add(connection)
    Metrics.connectionsOf.subscribed.modifyUnsafe(1, services)
    connection.onEnd = () => {
      if (this.connections.delete(connection)) Metrics.connectionsOf.subscribed.modifyUnsafe(-1, services)
    }
    if (connection.ended !== undefined) connection.onEnd(connection.ended)
    if (isClosed) connection.close("the client was closed")
  }

  /** The node at an address did not answer on another connection: idle sessions with it are probed. */
  suspect(address: Address.Address): void {
    for (const connection of this.connections) {
      if (connection.idle && Address.equals(connection.address, address)) connection.probe()
    }
  }

  /** The node is at this address now: sessions elsewhere end. */
  onMoved(address: Address.Address, why: string): void {
    for (const connection of Array.from(this.connections)) {
      if (!Address.equals(connection.address, address)) connection.close(why, "moved")
    }
  }

  close(why: string): void {
    for (const connection of Array.from(this.connections)) connection.close(why)
  }
}

/** Whether the next attempt may succeed. */
const isTransient = (error: unknown): boolean => (error as { readonly isRetryable?: unknown }).isRetryable === true
