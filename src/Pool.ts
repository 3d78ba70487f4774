/**
 * The connections to one node: the shared ones, on which everybody's commands are
 * multiplexed, and the reserved ones, each of which one user has to itself.
 *
 * It does not know which node to connect to, nor what becomes of commands:
 * internal/execution/executor.ts makes a new pool when the group moves.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as EffectPool from "effect/Pool"
import * as Scope from "effect/Scope"
import * as Address from "./Address.ts"
import { type ConnectionError, ConnectionLost, ReserveTimeout } from "./Errors.ts"
import { timeoutOrElse } from "./internal/common/time.ts"
import type { Connection } from "./internal/connection/connection.ts"
import * as Metrics from "./Metrics.ts"
import type { PoolOptions } from "./Options.ts"

export type { PoolOptions } from "./Options.ts"

/**
 * @since 0.1.0
 * @category constants
 */
export const defaultOptions = {
  connections: 1,
  minReserved: 0,
  maxReserved: 16,
  reservedIdleTime: Duration.seconds(60),
  reserveTimeout: Duration.seconds(5)
} as const

/**
 * A pool of one node's connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pool {
  readonly address: Address.Address
  /** How many shared connections are missing. */
  readonly missing: number
  /** The shared connection that is next in turn, if there is any. */
  readonly pick: () => Connection | undefined
  /** Takes in a shared connection. */
  readonly add: (connection: Connection) => void
  /** Takes out a shared connection; does not close it. */
  readonly remove: (connection: Connection) => void
  /** Whether somebody has each of the exclusive connections that there may be. */
  readonly isFull: boolean
  /**
   * An exclusive connection, until the Scope closes; `ReserveTimeout` if there is
   * none within so many milliseconds. One that is no longer clean when it is given
   * back is closed, not reused.
   */
  readonly reserve: (millis: number) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /**
   * The node did not answer on another connection: exclusive ones that nobody has
   * are closed, those that somebody has and does not use are asked for an answer.
   */
  readonly suspect: () => void
  /** Every connection, for sweeps. */
  readonly forEach: (f: (connection: Connection) => void) => void
  /**
   * Closes the pool: reserved connections at once; shared connections at once, or, with
   * `"drain"`, when what was written is answered. `"moved"` and `"retired"` say
   * why, in the errors.
   */
  readonly close: (why: string, how: "drain" | "moved" | "retired") => void
}

/**
 * Makes a pool. `connect` opens one more connection to the node.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: {
  readonly address: Address.Address
  /** What the client is bound to, for messages. */
  readonly target: string
  readonly connect: Effect.Effect<Connection, ConnectionError, Scope.Scope>
  readonly pool: PoolOptions
}): Effect.Effect<Pool> =>
  Effect.gen(function*() {
    const size = options.pool.connections ?? defaultOptions.connections
    const max = options.pool.maxReserved ?? defaultOptions.maxReserved
    const shared: Array<Connection> = []
    const leased = new Set<Connection>()
    /** Those of the leased that somebody has. */
    const borrowed = new Set<Connection>()
    const draining = new Set<Connection>()
    /** Shared connections that have not ended, whatever else they are. */
    const counted = new Set<Connection>()
    let turn = 0
    let closed: string | undefined

    const scope = yield* Scope.make()
    const context = yield* Effect.context<never>()
    const runFork = Effect.runForkWith(context)

    const reservations: EffectPool.Pool<Connection, ConnectionError> = yield* EffectPool.makeWithTTL({
      acquire: Effect.tap(options.connect, (connection) =>
        Effect.sync(() => {
          leased.add(connection)
          Metrics.connectionsOf.reserved.modifyUnsafe(1, context)
          connection.onEnd = () => {
            if (leased.delete(connection)) Metrics.connectionsOf.reserved.modifyUnsafe(-1, context)
            // A waiter would otherwise wait for a connection that is dead.
            runFork(EffectPool.invalidate(reservations, connection))
          }
          if (closed !== undefined) connection.close(closed)
          else if (connection.ended !== undefined) connection.onEnd(connection.ended)
        })),
      min: options.pool.minReserved ?? defaultOptions.minReserved,
      max,
      timeToLive: options.pool.reservedIdleTime ?? defaultOptions.reservedIdleTime,
      timeToLiveStrategy: "usage"
    }).pipe(Scope.provide(scope))

    const get: Effect.Effect<Connection, ConnectionError, Scope.Scope> = Effect.flatMap(
      EffectPool.get(reservations),
      (connection) =>
        connection.ended === undefined
          ? Effect.as(
            Effect.addFinalizer(() => {
              borrowed.delete(connection)
              if (connection.ended !== undefined) return Effect.void
              if (connection.idle && !connection.tainted && !connection.watching) return Effect.void
              connection.close("its Scope closed while commands were unanswered, or after they had changed the session")
              return EffectPool.invalidate(reservations, connection)
            }),
            (borrowed.add(connection), connection)
          )
          : Effect.flatMap(EffectPool.invalidate(reservations, connection), () => get)
    )

    // Effect's pool interrupts those who wait when it shuts down: they hear why instead.
    const retired = Deferred.makeUnsafe<never, ConnectionLost>()

    const waiting = Effect.raceFirst(Deferred.await(retired), get)
    const reserved = (millis: number): Effect.Effect<Connection, ConnectionError, Scope.Scope> =>
      millis === Infinity ? waiting : timeoutOrElse(waiting, {
        duration: Duration.millis(millis),
        orElse: () => Effect.fail(new ReserveTimeout({ target: options.target, timeoutMillis: millis, max }))
      })

    const remove = (connection: Connection): void => {
      const index = shared.indexOf(connection)
      if (index !== -1) shared.splice(index, 1)
      draining.delete(connection)
      if (counted.delete(connection)) Metrics.connectionsOf.shared.modifyUnsafe(-1, context)
    }

    return {
      address: options.address,
      get missing() {
        return closed === undefined ? Math.max(0, size - shared.length) : 0
      },
      pick: () => {
        const n = shared.length
        return n === 1 ? shared[0] : n === 0 ? undefined : shared[turn = (turn + 1) % n]
      },
      add: (connection) => {
        shared.push(connection)
        counted.add(connection)
        Metrics.connectionsOf.shared.modifyUnsafe(1, context)
      },
      remove,
      get isFull() {
        return borrowed.size >= max
      },
      reserve: reserved,
      suspect: () => {
        for (const connection of Array.from(leased)) {
          if (!connection.idle) continue
          if (borrowed.has(connection)) connection.probe()
          else connection.close("the node did not answer on another connection")
        }
      },
      forEach: (f) => {
        for (const connection of shared.slice()) f(connection)
        for (const connection of Array.from(draining)) f(connection)
        for (const connection of Array.from(leased)) f(connection)
      },
      close: (why, how) => {
        if (closed !== undefined) return
        closed = why
        const kind = how === "drain" ? "retired" : how
        const address = Address.format(options.address)
        Deferred.doneUnsafe(retired, Exit.fail(new ConnectionLost({ address, kind, detail: why })))
        for (const connection of shared.splice(0)) {
          if (how === "drain") {
            draining.add(connection)
            connection.drain(why)
          } else connection.close(why, kind)
        }
        for (const connection of Array.from(leased)) connection.close(why, kind)
        // Waits for those who hold a reserved connection to notice; its connections are closed already.
        runFork(Scope.close(scope, Exit.void))
      }
    }
  })
