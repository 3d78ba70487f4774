/**
 * Keeps the pool of the node that a target leads to: dials until it is full, leaves
 * a node that is refused, removed or moved, and looks for a better node while a
 * fallback or a late one serves. It sends nothing: the executor does.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import { type ConnectionError, ConnectionLost } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import type { PoolOptions } from "../../Options.ts"
import * as Pool from "../../Pool.ts"
import type { Connection, Guard } from "../connection/connection.ts"
import { timed } from "../telemetry/times.ts"
import { DialPacing } from "./dialPacing.ts"
import type { ExecutionContext } from "./executionContext.ts"
import { hedge } from "./hedging.ts"
import { LimitWarnings } from "./limitWarnings.ts"
import type { ConnectionTarget } from "./types.ts"

/** How often a better node is looked for while a fallback serves, or while connections are missing. */
const upgradeInterval = Duration.seconds(1)
/** How often another node is looked for while the one that serves is late. */
const openElsewhereInterval = Duration.millis(250)
/** After this time without a fault the pauses begin anew, in milliseconds. */
const backoffMemoryMillis = 2000

/** Receives what happens to the connections. */
export interface ConnectionEvents {
  /** A shared connection was added. */
  readonly onConnected: () => void
  /** A shared connection has ended while others are there. */
  readonly onAvailable: () => void
  /** There is no connection, and the target's schedule has ended. */
  readonly onUnavailable: (cause: Cause.Cause<ConnectionError>) => void
  /** The node did not answer on one of its connections: perhaps it does not on the others either. */
  readonly onStalled: (pool: Pool.Pool) => void
}

export class NodeConnections {
  /** The connections to the node; undefined before the first one. */
  pool: Pool.Pool | undefined = undefined
  /** Why the last attempt failed, or the last connection ended. */
  lastError: ConnectionError | undefined = undefined
  readonly pacing: DialPacing
  private readonly createTime: Metric.Histogram<number>
  private readonly limits: LimitWarnings
  private readonly execution: ExecutionContext
  private readonly target: ConnectionTarget
  private readonly options: PoolOptions
  private readonly guard: Guard
  private readonly events: ConnectionEvents
  /** Pools of nodes that were left, while they have connections. */
  private readonly retired = new Set<Pool.Pool>()
  private connecting: Fiber.Fiber<void> | undefined = undefined
  private readonly backgroundFibers = new Set<Fiber.Fiber<unknown, unknown>>()
  private isConnectingLater = false
  private isOpeningElsewhere = false
  private backoffMillis = 0
  private backoffSetAt = 0
  /** When a connection last ended on which the server had answered nothing. */
  private endedUnansweredAt = -Infinity
  /** Where the group has moved to, once it has. */
  private movedTo: { readonly address: Address.Address; readonly epoch: number } | undefined = undefined

  /** `guard` is the guard of connections to a primary that may be left. */
  constructor(
    execution: ExecutionContext,
    target: ConnectionTarget,
    options: PoolOptions,
    guard: Guard,
    events: ConnectionEvents
  ) {
    this.execution = execution
    this.target = target
    this.options = options
    this.guard = guard
    this.events = events
    this.pacing = new DialPacing(execution.timer)
    this.limits = new LimitWarnings(execution)
    this.createTime = Metrics.poolOf(execution.poolName).createTime
  }

  /** Visits every connection to the node, and those to earlier nodes that still wait for replies. */
  forEach(f: (connection: Connection) => void): void {
    this.pool?.forEach(f)
    for (const pool of this.retired) pool.forEach(f)
  }

  // ---------------------------------------------------------------------------
  // Connecting

  /** Dials until the pool is full. */
  ensureConnected(): void {
    if (this.execution.isClosed || this.connecting !== undefined) return
    if (this.pool !== undefined && this.pool.missing === 0) return
    const pause = this.backoffSetAt + this.backoffMillis - this.execution.timer.now()
    const attempts = Effect.retry(this.attempt, { schedule: this.target.schedule, while: (e) => e.isRetryable })
    const fiber = this.execution.runFork(
      Effect.onExit(
        pause > 0 ? Effect.andThen(Effect.sleep(pause), attempts) : attempts,
        (exit) => Effect.sync(() => this.onAttemptsEnded(exit))
      )
    ) as Fiber.Fiber<void>
    // It may be over already, if the transport is in memory.
    if (fiber.pollUnsafe() === undefined) this.connecting = fiber
  }

  private onAttemptsEnded(exit: Exit.Exit<void, ConnectionError>): void {
    // A move has interrupted it.
    if (Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)) return
    this.connecting = undefined
    if (this.execution.isClosed) return
    if (Exit.isSuccess(exit)) return this.ensureConnected()
    // One connection serves, others are missing: operations that wait now wait for something else.
    if (this.pool?.pick() !== undefined) return this.connectLater()
    this.events.onUnavailable(exit.cause)
  }

  private readonly attempt: Effect.Effect<void, ConnectionError> = Effect.suspend(() => {
    const { services, timer } = this.execution
    const sibling = this.pool?.pick()
    const began = timer.now()
    return Effect.tapError(
      Effect.tap(
        this.tryOpen(this.pacing.paced(
          timed(this.createTime, sibling === undefined ? this.target.open : this.target.openBeside(sibling))
        )),
        () => Effect.sync(() => Metrics.discoveryTime.updateUnsafe(timer.now() - began, services))
      ),
      (error) => Effect.sync(() => void (this.lastError = error))
    )
  })

  /** Opens a connection and adds it to the pool. */
  private tryOpen(
    open: Effect.Effect<Connection, ConnectionError, Scope.Scope>
  ): Effect.Effect<void, ConnectionError> {
    return Effect.suspend(() => {
      const scope = Scope.makeUnsafe()
      return open.pipe(
        Scope.provide(scope),
        Effect.flatMap((connection) => Effect.uninterruptible(this.attach(connection, scope))),
        Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(scope, exit))
      )
    })
  }

  private attach(connection: Connection, scope: Scope.Closeable): Effect.Effect<void, ConnectionError> {
    return Effect.gen({ self: this }, function*() {
      if (connection.ended !== undefined) return yield* connection.ended
      const { label, runFork } = this.execution
      const { address } = connection
      const { movedTo } = this
      if (movedTo !== undefined && !Address.equals(address, movedTo.address)) {
        connection.close(`${label} moved to ${Address.format(movedTo.address)}, epoch ${movedTo.epoch}`, "moved")
        return yield* connection.ended!
      }
      let pool = this.pool
      if (pool === undefined || !Address.equals(pool.address, address)) {
        if (pool !== undefined) {
          this.increaseBackoff()
          this.retire(pool, `${label} is now at ${connection.addressText}`)
        }
        pool = yield* Pool.make({
          address,
          target: label,
          name: this.execution.poolName,
          connect: Effect.map(this.pacing.paced(this.target.openAt(connection)), (more) => this.guarded(more)),
          pool: this.options,
          onTaking: this.limits.onTaking
        })
      }
      if (pool.missing === 0) {
        // A search for a better node has led to this one.
        connection.close("there are enough connections")
        return runFork(Scope.close(scope, Exit.void))
      }
      const home = pool
      const answeredBefore = connection.answeredRequests
      connection.onEnd = (error) => {
        home.remove(connection)
        this.lastError = error
        runFork(Scope.close(scope, Exit.void))
        this.forgetEmpty()
        if (error._tag === "ConnectionLost" && error.kind === "stalled") this.events.onStalled(home)
        if (this.pool !== home) return
        const isFault = error._tag === "ProtocolError" || error.kind === "closed"
        if (isFault && connection.answeredRequests === answeredBefore) this.onEndedUnanswered()
        if (home.pick() !== undefined) this.events.onAvailable()
        this.ensureConnected()
      }
      if (this.execution.isClosed) {
        home.close("the client was closed", "retired")
        return connection.close("the client was closed")
      }
      const { onLate, openElsewhere } = this.target
      if (openElsewhere !== undefined) connection.onLate = () => this.openElsewhere(connection)
      else if (onLate !== undefined) connection.onLate = () => onLate(connection)
      this.pool = home
      this.guarded(connection)
      this.lastError = undefined
      home.add(connection)
      this.events.onConnected()
      this.target.onConnected?.()
      this.upgrade(connection)
    })
  }

  /** A connection to a primary that may be left writes nothing, and believes no reply, before it has read what has arrived. */
  private guarded(connection: Connection): Connection {
    if (this.target.watch !== undefined && connection.role === "primary") connection.guard = this.guard
    return connection
  }

  /** Dials once more after a pause. */
  private connectLater(): void {
    if (this.isConnectingLater) return
    this.isConnectingLater = true
    this.background(Effect.sleep(upgradeInterval), () => {
      this.isConnectingLater = false
      this.ensureConnected()
    })
  }

  /** A node that keeps refusing, or a group that keeps moving, is dialled less and less often. */
  private increaseBackoff(): void {
    const now = this.execution.timer.now()
    this.backoffMillis = now - this.backoffSetAt > backoffMemoryMillis
      ? 10
      : Math.min(500, Math.max(10, this.backoffMillis * 2))
    this.backoffSetAt = now
  }

  /** A server that keeps ending connections on which it has answered nothing is dialled less and less often. */
  private onEndedUnanswered(): void {
    const now = this.execution.timer.now()
    if (now - this.endedUnansweredAt < backoffMemoryMillis) this.increaseBackoff()
    this.endedUnansweredAt = now
  }

  /** Runs something that ends with the client at the latest. */
  private background<E>(effect: Effect.Effect<void, E>, after: () => void): void {
    const fiber = this.execution.runFork(effect)
    this.backgroundFibers.add(fiber)
    fiber.addObserver(() => {
      this.backgroundFibers.delete(fiber)
      if (!this.execution.isClosed) after()
    })
  }

  // ---------------------------------------------------------------------------
  // Leaving a node

  /** Closes the pool of a node that is left. With `"moved"` its unanswered requests are lost; with `"drain"` they are answered first. */
  private retire(pool: Pool.Pool, why: string, how: "drain" | "moved" = "drain"): void {
    if (this.pool === pool) this.pool = undefined
    this.retired.add(pool)
    pool.close(why, how)
    this.forgetEmpty()
  }

  private closeRetired(why: string): void {
    for (const pool of this.retired) pool.forEach((connection) => connection.close(why, "moved"))
  }

  private forgetEmpty(): void {
    for (const pool of this.retired) {
      let isEmpty = true
      pool.forEach(() => {
        isEmpty = false
      })
      if (isEmpty) this.retired.delete(pool)
    }
  }

  /** The node said on a connection that it has the wrong role or is not ready: it is left, and the target asked anew. */
  suspectNode(connection: Connection | undefined, why: string): void {
    const { pool } = this
    if (pool === undefined || connection === undefined || !Address.equals(pool.address, connection.address)) return
    if (!connection.open) return
    this.increaseBackoff()
    this.retire(pool, why)
    this.target.onSuspect?.()
    this.ensureConnected()
  }

  /** The node at an address does not belong to the target any more. */
  onNodeRemoved(address: Address.Address, why: string): void {
    const { pool } = this
    if (pool === undefined || !Address.equals(pool.address, address)) return
    this.retire(pool, why, "moved")
    this.ensureConnected()
  }

  /** The sentinels think that the node at an address is down: connections that are late are given up. */
  onNodeSuspected(address: Address.Address): void {
    const why = "it is late with its answers, and the sentinels think that it is not healthy"
    for (const pool of [this.pool, ...this.retired]) {
      if (pool === undefined || !Address.equals(pool.address, address)) continue
      pool.forEach((connection) => {
        if (connection.isLate) connection.close(why, "moved")
      })
    }
  }

  /** The group is at this address from now on: sessions that lead elsewhere are not added. */
  setHome(address: Address.Address, epoch: number): void {
    this.movedTo = { address, epoch }
    this.pacing.reset()
  }

  /** The node at the one address is known by the other from now on. */
  onRenamed(from: Address.Address, to: Address.Address): void {
    const { movedTo } = this
    if (movedTo !== undefined && Address.equals(movedTo.address, from)) this.movedTo = { ...movedTo, address: to }
  }

  /** Whether the pool is of the node at an address. */
  isAt(address: Address.Address): boolean {
    return this.pool !== undefined && Address.equals(this.pool.address, address)
  }

  /** Leaves the node at once, for the one at home. Dials that if there were connections, or attempts, or if it `isNeeded`. */
  leave(why: string, isNeeded: () => boolean): void {
    const { connecting, pool } = this
    this.connecting = undefined
    connecting?.interruptUnsafe()
    if (pool !== undefined) this.retire(pool, why, "moved")
    this.closeRetired(why)
    if (pool !== undefined || connecting !== undefined || isNeeded()) this.ensureConnected()
  }

  // ---------------------------------------------------------------------------
  // Better nodes

  /** While a fallback serves, the preferred kind of node is looked for now and then. */
  private upgrade(connection: Connection): void {
    const { preferred } = this.target
    if (preferred === undefined || !preferred.isFallback(connection)) return
    this.background(
      Effect.retry(
        Effect.andThen(
          Effect.sleep(upgradeInterval),
          Effect.suspend(() => connection.open && !this.execution.isClosed ? this.tryOpen(preferred.open) : Effect.void)
        ),
        { schedule: Schedule.forever }
      ),
      // The pool of the preferred node may have room for more connections.
      () => this.ensureConnected()
    )
  }

  /** The group has another primary: a better node is looked for while the present one serves. */
  reconsider(primary: Address.Address, all: boolean): void {
    const { preferred } = this.target
    const { pool } = this
    const connection = pool?.pick()
    if (pool === undefined || connection === undefined || preferred === undefined || this.execution.isClosed) return
    if (!preferred.isFallback(connection)) {
      if (all) this.background(Effect.ignore(this.tryOpen(this.target.open)), () => {})
      return
    }
    if (Address.equals(pool.address, primary)) {
      return this.background(Effect.ignore(this.tryOpen(preferred.open)), () => {
        if (connection.open) this.upgrade(connection)
      })
    }
    // The fallback is the primary that was left.
    const why = `${this.execution.label} moved to ${Address.format(primary)}`
    this.retire(pool, why, "moved")
    this.closeRetired(why)
    this.ensureConnected()
  }

  /** The node is late with its answers: another one is looked for, and asked for the answers that are late, too. */
  private openElsewhere(late: Connection): void {
    const { openElsewhere } = this.target
    const { pool } = this
    if (openElsewhere === undefined || this.isOpeningElsewhere || this.execution.isClosed) return
    if (pool === undefined || !Address.equals(pool.address, late.address)) return
    this.isOpeningElsewhere = true
    const open = Effect.flatMap(openElsewhere(late.address), (connection) =>
      late.isLate || !late.open
        ? Effect.succeed(connection)
        : Effect.fail(
          new ConnectionLost({ address: late.addressText, kind: "retired", detail: "the late connection works again" })
        ))
    this.background(
      Effect.ignore(
        Effect.retry(this.tryOpen(open), {
          schedule: Schedule.spaced(openElsewhereInterval),
          while: () => late.isLate && this.pool === pool
        })
      ),
      () => {
        this.isOpeningElsewhere = false
        const connection = this.pool?.pick()
        if (connection === undefined || Address.equals(connection.address, late.address)) return
        // The primary is spared expensive reads.
        if (connection.role !== "replica") return
        pool.forEach((from) => hedge(from, connection, (deadline) => this.execution.arm(deadline)))
      }
    )
  }

  close(why: string): void {
    for (const fiber of [this.connecting, ...this.backgroundFibers]) fiber?.interruptUnsafe()
    const { pool } = this
    this.pool = undefined
    pool?.close(why, "retired")
    for (const old of this.retired) old.forEach((connection) => connection.close(why))
    this.retired.clear()
  }
}
