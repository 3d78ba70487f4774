/**
 * The connections to one node: the shared ones, which everybody's commands are
 * multiplexed on, and the leases, which one user at a time has to itself.
 *
 * It does not know which node to connect to, nor what becomes of commands:
 * `Executor.ts` makes a new pool when the group moves.
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
import type { Connection } from "./Connection.ts"
import { type ConnectionError, ConnectionLost, LeaseTimeout } from "./Errors.ts"
import { timeoutOrElse } from "./internal/time.ts"
import * as Metrics from "./Metrics.ts"

/**
 * How many connections a client keeps to its node.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolOptions {
  /** Shared connections. Default 1: more help only where the network is the limit. */
  readonly connections?: number | undefined
  /** Exclusive connections kept open while idle. Default 0. */
  readonly minLeases?: number | undefined
  /**
   * Exclusive connections at most. Each lease takes one, and each command that
   * waits at the server (BLPOP, XREADGROUP with BLOCK, ...) while it does. Those
   * that wait take turns of 5 seconds where there are more of them than
   * connections: none fails for want of one, but what comes for one that has no
   * turn waits for it. With 17 consumers that wait all the time, and a lease now
   * and then, set it to 18. Default 16.
   */
  readonly maxLeases?: number | undefined
  /** After how long an idle exclusive connection above the minimum is closed. Default 60 seconds. */
  readonly leaseIdleTime?: Duration.Input | undefined
  /**
   * For how long a lease is waited for, whatever `commandTimeout` is; `"Infinity"`
   * for ever. A command that waits at the server waits for a connection as long
   * as it would have waited there, whatever this is. Default 5 seconds.
   */
  readonly leaseTimeout?: Duration.Input | undefined
}

/**
 * @since 0.1.0
 * @category constants
 */
export const defaultOptions = {
  connections: 1,
  minLeases: 0,
  maxLeases: 16,
  leaseIdleTime: Duration.seconds(60),
  leaseTimeout: Duration.seconds(5)
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
   * An exclusive connection, until the Scope closes; `LeaseTimeout` if there is
   * none within so many milliseconds. One that is no longer clean when it is given
   * back is closed, not reused.
   */
  readonly lease: (millis: number) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /**
   * The node did not answer on another connection: exclusive ones that nobody has
   * are closed, those that somebody has and does not use are asked for an answer.
   */
  readonly doubt: () => void
  /** Every connection, for sweeps. */
  readonly forEach: (f: (connection: Connection) => void) => void
  /**
   * Closes the pool: leases at once; shared connections at once, or, with
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
    const max = options.pool.maxLeases ?? defaultOptions.maxLeases
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

    const leases: EffectPool.Pool<Connection, ConnectionError> = yield* EffectPool.makeWithTTL({
      acquire: Effect.tap(options.connect, (connection) =>
        Effect.sync(() => {
          leased.add(connection)
          Metrics.connectionsOf.leased.modifyUnsafe(1, context)
          connection.onEnd = () => {
            if (leased.delete(connection)) Metrics.connectionsOf.leased.modifyUnsafe(-1, context)
            // A waiter would otherwise wait for a connection that is dead.
            runFork(EffectPool.invalidate(leases, connection))
          }
          if (closed !== undefined) connection.close(closed)
          else if (connection.ended !== undefined) connection.onEnd(connection.ended)
        })),
      min: options.pool.minLeases ?? defaultOptions.minLeases,
      max,
      timeToLive: options.pool.leaseIdleTime ?? defaultOptions.leaseIdleTime,
      timeToLiveStrategy: "usage"
    }).pipe(Scope.provide(scope))

    const get: Effect.Effect<Connection, ConnectionError, Scope.Scope> = Effect.flatMap(
      EffectPool.get(leases),
      (connection) =>
        connection.ended === undefined
          ? Effect.as(
            Effect.addFinalizer(() => {
              borrowed.delete(connection)
              if (connection.ended !== undefined) return Effect.void
              if (connection.idle && !connection.tainted && !connection.watching) return Effect.void
              connection.close("it was given back in the middle of something")
              return EffectPool.invalidate(leases, connection)
            }),
            (borrowed.add(connection), connection)
          )
          : Effect.flatMap(EffectPool.invalidate(leases, connection), () => get)
    )

    // Effect's pool interrupts those who wait when it shuts down: they hear why instead.
    const retired = Deferred.makeUnsafe<never, ConnectionLost>()

    const waiting = Effect.raceFirst(Deferred.await(retired), get)
    const lease = (millis: number): Effect.Effect<Connection, ConnectionError, Scope.Scope> =>
      millis === Infinity ? waiting : timeoutOrElse(waiting, {
        duration: Duration.millis(millis),
        orElse: () => Effect.fail(new LeaseTimeout({ target: options.target, timeoutMillis: millis, max }))
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
      lease,
      doubt: () => {
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
        // Waits for those who hold a lease to notice; its connections are closed already.
        runFork(Scope.close(scope, Exit.void))
      }
    }
  })
