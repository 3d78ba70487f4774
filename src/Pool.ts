/**
 * The connections to one node: shared ones, which carry the commands of all callers, and
 * reserved ones, each of which one caller uses alone.
 *
 * The pool does not choose the node and does not handle commands:
 * internal/execution/ makes a new pool when the group moves.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Metric from "effect/Metric"
import * as EffectPool from "effect/Pool"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Address from "./Address.ts"
import { type ConnectionError, ConnectionLost, ReserveTimeout } from "./Errors.ts"
import { timeoutOrElse } from "./internal/common/time.ts"
import type { Connection } from "./internal/connection/connection.ts"
import { secondsSince, timed } from "./internal/telemetry/times.ts"
import * as Metrics from "./Metrics.ts"
import type { PoolOptions } from "./Options.ts"

export type { PoolOptions } from "./Options.ts"

/**
 * The defaults of `PoolOptions`.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultOptions = {
  /** One shared connection. */
  connections: 1,
  /** No reserved connection stays open while idle. */
  minReserved: 0,
  /** At most 16 reserved connections. */
  maxReserved: 16,
  /** At most 64 connections of commands that wait at the server. */
  maxBlocking: 64,
  /** An idle reserved connection is closed after 60 seconds. */
  reservedIdleTime: Duration.seconds(60),
  /** A caller waits for a reserved connection for at most 5 seconds. */
  reserveTimeout: Duration.seconds(5)
} as const

/**
 * What a reserved connection is for: a caller (`redis.reserve`), or a command that waits
 * at the server. Each has a limit of its own, `maxReserved` and `maxBlocking`.
 *
 * @since 0.1.0
 * @category models
 */
export type Use = "reserved" | "blocking"

/**
 * A pool of the connections to one node.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pool {
  /** The address of the node. */
  readonly address: Address.Address
  /** How many shared connections are missing; 0 after `close`. */
  readonly missing: number
  /** Gives the shared connections in turn; undefined if there is none. */
  readonly pick: () => Connection | undefined
  /** Adds a shared connection. */
  readonly add: (connection: Connection) => void
  /** Removes a shared connection, without closing it. */
  readonly remove: (connection: Connection) => void
  /** Whether all reserved connections that there may be for that use are taken. */
  readonly isFull: (use: Use) => boolean
  /**
   * Reserves a connection until the Scope closes. Fails with `ReserveTimeout` if none is
   * free within `millis` milliseconds, and with `ConnectionLost` when the pool closes. A
   * connection whose session was changed is closed after use. One on which the server is
   * ending a command is given back after that; the Scope does not wait for it.
   */
  readonly reserve: (use: Use, millis: number) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /**
   * Checks the reserved connections, after the node did not answer on another one:
   * connections that no caller has are closed, idle ones that a caller has get a PING.
   */
  readonly suspect: () => void
  /** Calls a function for every connection. */
  readonly forEach: (f: (connection: Connection) => void) => void
  /**
   * Closes the pool. Reserved connections close at once; shared connections close at
   * once, too, or, with `"drain"`, after the replies to what was written. `why` and
   * `"moved"` or `"retired"` are in the errors of pending commands.
   */
  readonly close: (why: string, how: "drain" | "moved" | "retired") => void
}

/**
 * Makes a pool. It opens `minReserved` connections at once, and shared connections only
 * through `add`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: {
  /** The address of the node. */
  readonly address: Address.Address
  /** The address or the group of the client, for error messages. */
  readonly target: string
  /** Its name in the metrics `db.client.connection.*`. Default: `target`. */
  readonly name?: string | undefined
  /** Opens a reserved connection to the node. */
  readonly connect: Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /** The options; absent ones have their defaults. */
  readonly pool: PoolOptions
  /** Called when a caller takes a reserved connection, or has to wait for one. */
  readonly onTaking?: ((use: Use, inUse: number, max: number) => void) | undefined
}): Effect.Effect<Pool> =>
  Effect.gen(function*() {
    const size = options.pool.connections ?? defaultOptions.connections
    const max = {
      reserved: options.pool.maxReserved ?? defaultOptions.maxReserved,
      blocking: options.pool.maxBlocking ?? defaultOptions.maxBlocking
    }
    const permits = { reserved: Semaphore.makeUnsafe(max.reserved), blocking: Semaphore.makeUnsafe(max.blocking) }
    const taken = { reserved: 0, blocking: 0 }
    const shared: Array<Connection> = []
    /** The reserved connections that are open. */
    const reserved = new Set<Connection>()
    /** Those of them that a caller has. */
    const inUse = new Set<Connection>()
    /** Shared connections that close after the replies that they wait for. */
    const draining = new Set<Connection>()
    /** All shared connections that have not ended, for the metric. */
    const counted = new Set<Connection>()
    let turn = 0
    let closed: string | undefined

    const scope = yield* Scope.make()
    const context = yield* Effect.context<never>()
    const runFork = Effect.runForkWith(context)

    const clock = yield* Clock.Clock
    const metrics = Metrics.poolOf(options.name ?? options.target)
    const add = (metric: Metric.Counter<number>, n: number): void => metric.updateUnsafe(n, context)
    const minReserved = options.pool.minReserved ?? defaultOptions.minReserved
    /** What the pool may have: added once, and taken away when it closes. */
    const addLimits = (sign: 1 | -1): void => {
      for (const use of ["reserved", "blocking"] as const) {
        Metrics.connectionLimitOf[use].modifyUnsafe(sign * max[use], context)
      }
      add(metrics.max, sign * (size + max.reserved + max.blocking))
      add(metrics.idleMax, sign * (max.reserved + max.blocking))
      add(metrics.idleMin, sign * minReserved)
    }

    const reservations: EffectPool.Pool<Connection, ConnectionError> = yield* EffectPool.makeWithTTL({
      acquire: Effect.tap(timed(metrics.createTime, options.connect), (connection) =>
        Effect.sync(() => {
          reserved.add(connection)
          Metrics.connectionsOf.reserved.modifyUnsafe(1, context)
          add(metrics.idle, 1)
          connection.onEnd = () => {
            if (reserved.delete(connection)) {
              Metrics.connectionsOf.reserved.modifyUnsafe(-1, context)
              add(inUse.has(connection) ? metrics.used : metrics.idle, -1)
            }
            // A waiter would otherwise get a connection that has ended.
            runFork(EffectPool.invalidate(reservations, connection))
          }
          if (closed !== undefined) connection.close(closed)
          else if (connection.ended !== undefined) connection.onEnd(connection.ended)
        })),
      min: minReserved,
      max: max.reserved + max.blocking,
      timeToLive: options.pool.reservedIdleTime ?? defaultOptions.reservedIdleTime,
      timeToLiveStrategy: "usage"
    }).pipe(Scope.provide(scope))

    const setUsed = (change: 1 | -1): void => {
      add(metrics.used, change)
      add(metrics.idle, -change)
    }

    const get: Effect.Effect<Connection, ConnectionError, Scope.Scope> = Effect.flatMap(
      EffectPool.get(reservations),
      (connection) =>
        connection.ended === undefined
          ? Effect.as(
            Effect.addFinalizer(() => {
              inUse.delete(connection)
              connection.onWanted = undefined
              if (reserved.has(connection)) setUsed(-1)
              if (connection.ended !== undefined) return Effect.void
              if (connection.isFree && !connection.tainted && !connection.watching) return Effect.void
              connection.close("its Scope closed while commands were unanswered, or after they had changed the session")
              return EffectPool.invalidate(reservations, connection)
            }),
            (inUse.add(connection), setUsed(1), connection)
          )
          : Effect.flatMap(EffectPool.invalidate(reservations, connection), () => get)
    )

    // Effect's pool interrupts its waiters when it shuts down: they fail with the reason instead.
    const retired = Deferred.makeUnsafe<never, ConnectionLost>()

    /** Asks for the return of one that is not used at the moment. */
    const callBack = (): void => {
      for (const connection of inUse) {
        const { onWanted } = connection
        if (onWanted === undefined) continue
        connection.onWanted = undefined
        return onWanted()
      }
    }

    /** Waits until there may be one more for that use. */
    const permit = (use: Use): Effect.Effect<void, never, Scope.Scope> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.suspend(() => {
          if (taken[use] >= max[use]) {
            Metrics.reservationWaitsOf[use].updateUnsafe(1, context)
            options.onTaking?.(use, max[use] + 1, max[use])
            if (use === "blocking") callBack()
          }
          return Effect.andThen(
            restore(permits[use].take(1)),
            Effect.suspend(() => {
              taken[use]++
              Metrics.connectionsInUseOf[use].modifyUnsafe(1, context)
              options.onTaking?.(use, taken[use], max[use])
              return Effect.addFinalizer(() => {
                taken[use]--
                Metrics.connectionsInUseOf[use].modifyUnsafe(-1, context)
                return permits[use].release(1)
              })
            })
          )
        })
      )

    const taking = (use: Use): Effect.Effect<Connection, ConnectionError, Scope.Scope> =>
      Effect.flatMap(Effect.scope, (outer) => {
        const own = Scope.makeUnsafe()
        const giveBack = (connection: Connection, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> => {
          const { ended, settling } = connection
          if (settling === undefined || ended !== undefined) return Scope.close(own, exit)
          return Effect.sync(() => void runFork(Effect.andThen(settling, Scope.close(own, Exit.void))))
        }
        return Effect.andThen(permit(use), get).pipe(
          Scope.provide(own),
          Effect.onExit((exit) => {
            if (Exit.isFailure(exit)) return Scope.close(own, exit)
            const began = clock.monotonicTimeNanosUnsafe()
            return Scope.addFinalizerExit(outer, (end) => {
              metrics.useTime.updateUnsafe(secondsSince(clock, began), context)
              return giveBack(exit.value, end)
            })
          })
        )
      })

    const waiting = {
      reserved: Effect.raceFirst(Deferred.await(retired), taking("reserved")),
      blocking: Effect.raceFirst(Deferred.await(retired), taking("blocking"))
    }
    const inTime = (use: Use, millis: number): Effect.Effect<Connection, ConnectionError, Scope.Scope> =>
      millis === Infinity ? waiting[use] : timeoutOrElse(waiting[use], {
        duration: Duration.millis(millis),
        orElse: () => {
          add(metrics.timeouts, 1)
          return Effect.fail(
            new ReserveTimeout({
              target: options.target,
              timeoutMillis: millis,
              option: use === "reserved" ? "maxReserved" : "maxBlocking",
              max: max[use]
            })
          )
        }
      })
    const reserve = (use: Use, millis: number): Effect.Effect<Connection, ConnectionError, Scope.Scope> =>
      Effect.suspend(() => {
        add(metrics.pendingRequests, 1)
        return Effect.onExit(timed(metrics.waitTime, inTime(use, millis)), () =>
          Effect.sync(() => add(metrics.pendingRequests, -1)))
      })

    addLimits(1)

    const remove = (connection: Connection): void => {
      const index = shared.indexOf(connection)
      if (index !== -1) {
        shared.splice(index, 1)
      }
      draining.delete(connection)
      if (!counted.delete(connection)) {
        return
      }
      Metrics.connectionsOf.shared.modifyUnsafe(-1, context)
      add(metrics.used, -1)
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
        add(metrics.used, 1)
      },
      remove,
      isFull: (use) =>
        taken[use] >= max[use],
      reserve,
      suspect: () => {
        for (const connection of Array.from(reserved)) {
          if (!connection.idle) continue
          if (inUse.has(connection)) connection.probe()
          else connection.close("the node did not answer on another connection")
        }
      },
      forEach: (f) => {
        for (const connection of shared.slice()) f(connection)
        for (const connection of Array.from(draining)) f(connection)
        for (const connection of Array.from(reserved)) f(connection)
      },
      close: (why, how) => {
        if (closed !== undefined) return
        closed = why
        addLimits(-1)
        const kind = how === "drain" ? "retired" : how
        const address = Address.format(options.address)
        Deferred.doneUnsafe(retired, Exit.fail(new ConnectionLost({ address, kind, detail: why })))
        const left = shared.splice(0)
        // All at once: when an idle one ends, the others must not be missing.
        if (how === "drain") { for (const connection of left) draining.add(connection) }
        for (const connection of left) {
          if (how === "drain") connection.drain(why)
          else connection.close(why, kind)
        }
        for (const connection of Array.from(reserved)) connection.close(why, kind)
        // It ends when the callers have given their connections back; the connections are closed already.
        runFork(Scope.close(scope, Exit.void))
      }
    }
  })
