/**
 * Reads from several replicas at once: which of them are good enough, and what
 * becomes of a read when one fails. The rules of selection are in selection.ts.
 *
 * Which replicas there are is the monitor's business; a client that keeps to one
 * replica at a time needs none of this (internal/targets/replica.ts).
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import type * as Command from "../../Command.ts"
import { info, type Role, role } from "../../commands/server.ts"
import {
  ClientClosed,
  type ConnectionError,
  type DeadlineExceeded,
  NodeUnusable,
  NoHealthyReplica,
  QueueFull,
  ReplicaNotFound,
  Report
} from "../../Errors.ts"
import type { Candidate, ExecutorOptions, ReplicaSelection, ReplicaSelectionOptions } from "../../Options.ts"
import type * as Resp from "../../Resp.ts"
import type { Connection } from "../connection/connection.ts"
import type { Source } from "../connection/types.ts"
import { Executor } from "../execution/executor.ts"
import { hedge } from "../execution/hedging.ts"
import type { PendingOperation } from "../execution/operation.ts"
import type { ReservedConnection } from "../execution/reserved.ts"
import type { ConnectionTarget } from "../execution/types.ts"
import type { GroupMonitor } from "../monitor/monitor.ts"
import { chooseReplica, isWithinLag, OffsetHistory } from "./selection.ts"

// -----------------------------------------------------------------------------
// Carrying
// -----------------------------------------------------------------------------

/** How long a replica that refused or failed is left alone while there are others, in milliseconds. */
const coolDownMillis = 1000
/** A new measurement counts for this much of the smoothed latency. */
const weight = 0.3
/** After a move: how often the replicas are asked whether they follow, in milliseconds, and for how long. */
const pursueInterval = 50
const pursueMillis = 30_000
/** How long a connection to the primary is waited for where a replica could serve if need be, in milliseconds. */
const primaryPatience = 40
const defaultMeasureInterval = Duration.seconds(1)

interface ReplicaNode {
  readonly address: Address.Address
  readonly executor: Executor
  /** Whether most sentinels think that it is down: others come first. */
  isDown: boolean
  /** Whether it has its data from the group's primary, as far as is known: after a move that takes a while. */
  follows: boolean
  label: string | undefined
  priority: number
  restUntil: number
  latencyMillis: number | undefined
  offset: number | undefined
  lagBytes: number | undefined
  lagMillis: number | undefined
}

interface OpenReplica extends Candidate {
  readonly node: ReplicaNode
  readonly connection: Connection
}

/**
 * What a set needs to know of where its replicas are.
 *
 * @since 0.1.0
 * @category models
 */
export interface RouterContext {
  readonly group: string
  readonly follower: GroupMonitor
  /** Opens a session with a replica. */
  readonly open: (
    address: Address.Address,
    offset: number
  ) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /** The primary, for measurements, and for reads where that is allowed. */
  readonly primary: Executor
  /** Calls back whenever there is a connection to the primary. */
  readonly onPrimary: (attached: () => void) => void
  readonly target: ConnectionTarget
}

/**
 * Carries reads to several replicas.
 *
 * @since 0.1.0
 * @category models
 */
export class ReplicaRouter extends Executor {
  private readonly routing: RouterContext
  private readonly replicaSelection: ReplicaSelection
  private readonly replicaOptions: ReplicaSelectionOptions & ExecutorOptions
  private readonly nodes = new Map<string, ReplicaNode>()
  private readonly history = new OffsetHistory()
  private readonly stopWatching: () => void
  private readonly random: () => number
  private turn = 0
  private measuring: Fiber.Fiber<void> | undefined = undefined
  private begun = false
  /** The replica that has become the primary, until that has a connection of its own. */
  private promoted: ReplicaNode | undefined = undefined
  /** Since when a connection to the primary is waited for, if it is: not for long, and not again at once. */
  private wantedAt: number | undefined = undefined
  private awaiting: Fiber.Fiber<void> | undefined = undefined
  private pursuing: Fiber.Fiber<void> | undefined = undefined

  constructor(
    setting: RouterContext,
    options: ReplicaSelectionOptions & ExecutorOptions,
    context: Context.Context<never>
  ) {
    super(setting.target, options, context)
    this.routing = setting
    this.replicaOptions = options
    this.replicaSelection = options.replicaSelection ?? "round-robin"
    const random = Context.get(context, Random.Random)
    this.random = () => random.nextDoubleUnsafe()
    setting.onPrimary(() => {
      this.wantedAt = undefined
      this.release()
    })
    this.stopWatching = setting.follower.watch({
      gate: () => {},
      moved: (address) => this.moved(address),
      changed: () => this.updateNodes(),
      dropped: () => this.updateNodes()
    })
  }

  /** Begins at the first need. */
  private startUp(): void {
    if (this.begun || this.closed) return
    this.begun = true
    this.updateNodes()
    this.measuring = this.runFork(
      Effect.flatMap(this.routing.follower.current, () => {
        this.updateNodes()
        const interval = this.replicaOptions.measureInterval ?? defaultMeasureInterval
        return Effect.forever(Effect.andThen(this.measure, Effect.sleep(interval)))
      })
    )
  }

  // ---------------------------------------------------------------------------
  // Which there are

  /**
   * Takes in the replicas that the sentinels list, or listed until lately, and
   * lets go of the others. One that they think ill of stays as long as its
   * connection does: it is read from when there is nothing better.
   */
  private updateNodes(): void {
    if (!this.begun || this.closed) return
    const listed = new Map(
      this.routing.follower.replicaCandidates
        .filter((r) => !(this.replicaOptions.excludePriorityZero === true && r.priority === 0))
        .map((r) => [Address.format(r.address), r])
    )
    for (const [shown, node] of this.nodes) {
      if (listed.has(shown) || node === this.promoted) continue
      this.nodes.delete(shown)
      node.executor.close()
    }
    for (const [shown, { address, isHealthy, isUp, label, offset, priority }] of listed) {
      const known = this.nodes.get(shown)
      if (known !== undefined) {
        known.label = label
        known.priority = priority
        known.isDown = !isUp
        const connection = known.executor.serving
        if (!isHealthy && connection?.isLate === true) {
          connection.close("it is late with its answers, and the sentinels think that it is not healthy")
        }
        continue
      }
      const open = this.routing.open(address, offset)
      const executor = new Executor(
        {
          label: `${this.routing.group} at ${shown}`,
          canRelocate: true,
          schedule: this.routing.target.schedule,
          open,
          openBeside: () => open,
          openAt: () => open,
          onLate: (connection) => this.late(connection),
          onConnected: () => this.attached(node)
        },
        this.replicaOptions,
        this.context
      )
      const node: ReplicaNode = {
        address,
        executor,
        isDown: !isUp,
        // One that is new is asked first.
        follows: false,
        label,
        priority,
        restUntil: 0,
        latencyMillis: undefined,
        offset: undefined,
        lagBytes: undefined,
        lagMillis: undefined
      }
      this.nodes.set(shown, node)
      executor.connect()
    }
    this.release()
  }

  private attached(node: ReplicaNode): void {
    const { follower } = this.routing
    const source = node.executor.serving?.source
    // While nothing moves, one without a link has lost it to the primary that there is.
    if (source === undefined || (source.isLinked || !this.isPursuing) && !follower.isAstray(source)) node.follows = true
    this.runFork(this.measure)
    this.release()
  }

  /**
   * The group has another primary. The replicas do not follow it yet, as far as
   * anybody knows: until they do, the new primary is read from where that is
   * allowed. Where it was one of the replicas, its connection is there already.
   */
  private moved(address: Address.Address): void {
    if (!this.begun || this.closed) return
    const shown = Address.format(address)
    const { fallbackToPrimary } = this.replicaOptions
    this.promoted = fallbackToPrimary === false ? undefined : this.nodes.get(shown)
    for (const node of this.nodes.values()) node.follows = false
    if (fallbackToPrimary !== false) this.routing.primary.connect()
    this.updateNodes()
    this.pursuing?.interruptUnsafe()
    this.pursuing = this.runFork(
      Effect.gen({ self: this }, function*() {
        const began = this.alarm.now()
        while (this.alarm.now() - began < pursueMillis) {
          yield* Effect.raceFirst(this.question((node) => !node.follows), Effect.sleep(pursueInterval))
          this.release()
          if (this.promoted !== undefined && this.routing.primary.serving !== undefined) {
            this.promoted = undefined
            this.updateNodes()
          }
          if (Array.from(this.nodes.values()).every((node) => node.follows && node !== this.promoted)) break
          yield* Effect.sleep(pursueInterval)
        }
        this.promoted = undefined
        this.updateNodes()
      }).pipe(Effect.ensuring(Effect.sync(() => {
        this.pursuing = undefined
      })))
    )
  }

  /** Whether the group has moved, and not all of its replicas are known to follow. */
  private get isPursuing(): boolean {
    return this.pursuing !== undefined
  }

  /** A replica is late with its answers: another one is asked, too, and it is left alone until it has answered. */
  private late(connection: Connection): void {
    this.coolDown(connection)
    this.routing.follower.survey()
    const { candidates, near } = this.openReplicas()
    const others = candidates.length > 0 ? candidates : near.filter((s) => !s.connection.isLate)
    if (others.length === 0) return
    const { connection: to, node } = chooseReplica(this.replicaSelection, others, this.turn++, this.random)
    if (to !== connection) hedge(connection, to, (deadline) => node.executor.arm(deadline))
  }

  /** Whether it has what the primary has, or nobody else may be asked for that. */
  private isReadable(node: ReplicaNode): boolean {
    return node.follows || (this.replicaOptions.fallbackToPrimary ?? true) !== true || !this.hasPrimary
  }

  /** Whether the primary can be read from, as far as is known. */
  private get hasPrimary(): boolean {
    const { primary } = this.routing
    return primary.serving !== undefined || this.promoted !== undefined ||
      (primary.obstacle() === undefined &&
        (this.wantedAt === undefined || this.alarm.now() - this.wantedAt < primaryPatience))
  }

  /** The replicas that can be read from at all, and of those the ones to choose from. */
  private openReplicas(): {
    readonly near: ReadonlyArray<OpenReplica>
    readonly candidates: ReadonlyArray<OpenReplica>
  } {
    const now = this.alarm.now()
    const near: Array<OpenReplica> = []
    const prompt: Array<OpenReplica> = []
    const best: Array<OpenReplica> = []
    for (const node of this.nodes.values()) {
      const connection = node.executor.serving
      // One that has just ended still tells its reads so.
      if (connection === undefined || !connection.open || node === this.promoted) continue
      const { address, label, lagBytes, lagMillis, latencyMillis, offset, priority } = node
      const standing = { node, connection, address, label, priority, latencyMillis, offset, lagBytes, lagMillis }
      if (!isWithinLag(standing, this.replicaOptions.maxLag)) continue
      near.push(standing)
      if (connection.isLate || !this.isReadable(node)) continue
      prompt.push(standing)
      if (node.restUntil <= now && !node.isDown) best.push(standing)
    }
    return { near, candidates: best.length > 0 ? best : prompt }
  }

  private select(): OpenReplica | "primary" | "soon" | undefined {
    const { candidates, near } = this.openReplicas()
    if (candidates.length > 0) return chooseReplica(this.replicaSelection, candidates, this.turn++, this.random)
    const fallback = this.replicaOptions.fallbackToPrimary ?? true
    const { primary } = this.routing
    if (near.length > 0) {
      // What is left is late, or follows the primary that was.
      if (fallback !== true || !this.hasPrimary) {
        return chooseReplica(this.replicaSelection, near, this.turn++, this.random)
      }
      return primary.serving === undefined ? this.fallbackReplica ?? "soon" : "primary"
    }
    // Those that are being dialled for the first time may do.
    const hopeful = Array.from(this.nodes.values()).some((node) =>
      node !== this.promoted && node.executor.serving === undefined && node.executor.obstacle() === undefined
    )
    if (!this.surveyed || hopeful || fallback === false) return undefined
    // One that is too far behind is still one.
    if (fallback === "when-none" && this.isAnyOpen) return undefined
    return primary.serving === undefined ? this.fallbackReplica ?? "primary" : "primary"
  }

  private get isAnyOpen(): boolean {
    return Array.from(this.nodes.values()).some((node) =>
      node !== this.promoted && node.executor.serving?.open === true
    )
  }

  /** Until the primary's own connection is there, the one from before its promotion serves. */
  private get fallbackReplica(): OpenReplica | undefined {
    const node = this.promoted
    const connection = node?.executor.serving
    return node === undefined || connection === undefined || !connection.open || connection.isLate
      ? undefined
      : { ...node, node, connection }
  }

  private get surveyed(): boolean {
    return this.routing.follower.present.lastChange !== undefined && this.routing.follower.isSurveyed
  }

  // ---------------------------------------------------------------------------
  // Reads

  override submit(operation: PendingOperation): void {
    if (!this.begun) this.startUp()
    const server = operation.position?.server
    if (server !== undefined) return this.submitTo(operation, server)
    const place = this.select()
    if (place === undefined) return this.enqueue(operation)
    if (place === "primary") return this.routing.primary.submit(operation)
    if (place === "soon") return this.await(operation)
    this.putOn(operation, place.node.executor, place.connection)
  }

  /** Puts an operation on a connection of one of the executors, if there is room. */
  private putOn(operation: PendingOperation, executor: Executor, connection: Connection): void {
    if (connection.queued >= this.maxQueue) {
      return operation.fail(new QueueFull({ target: this.label, limit: this.maxQueue }))
    }
    executor.arm(operation.deadline)
    operation.dispatch(connection)
  }

  /** Waits a moment for a connection to the primary. */
  private await(operation: PendingOperation): void {
    this.wantedAt ??= this.alarm.now()
    if (this.awaiting === undefined) {
      this.awaiting = this.runFork(
        Effect.andThen(
          Effect.sleep(primaryPatience),
          Effect.sync(() => {
            this.awaiting = undefined
            this.release()
          })
        )
      )
    }
    this.enqueue(operation)
    this.routing.primary.connect()
  }

  /** A page of a scan goes on at the server that gave the cursor. */
  private submitTo(operation: PendingOperation, server: string): void {
    const executor = this.executorAt(server.split(" ", 1)[0]!)
    const connection = executor?.serving
    if (executor !== undefined && connection?.open === true) return this.putOn(operation, executor, connection)
    // A connection that was lost may be back at once.
    if (executor === undefined || executor.obstacle() !== undefined) return operation.interrupt(server)
    this.enqueue(operation)
  }

  private executorAt(shown: string): Executor | undefined {
    const { primary } = this.routing
    return this.nodes.get(shown)?.executor ?? (primary.serving?.shownAddress === shown ? primary : undefined)
  }

  protected override dispatchAt(operation: PendingOperation, connection: Connection): void {
    this.putOn(operation, this.executorAt(connection.shownAddress) ?? this, connection)
  }

  override requeue(operation: PendingOperation): void {
    this.coolDown(operation.connection)
    this.enqueue(operation)
    // Only once the connection that ends has told all of its commands is it no longer there to be chosen.
    queueMicrotask(() => this.release())
  }

  override onRefused(operation: PendingOperation, command: Command.Any, reply: Resp.ErrorReply): void {
    this.coolDown(operation.connection)
    operation.refuse(command, reply)
    this.pause(operation)
  }

  /** Reads are on the connections of others. */
  override stretch(from: number, millis: number): void {
    super.stretch(from, millis)
    for (const node of this.nodes.values()) node.executor.stretch(from, millis)
    this.routing.primary.stretch(from, millis)
  }

  private coolDown(connection: Connection | undefined): void {
    if (connection === undefined) return
    const node = this.nodes.get(connection.shownAddress)
    if (node !== undefined) node.restUntil = this.alarm.now() + coolDownMillis
  }

  protected override ensureConnected(): void {
    this.startUp()
    for (const node of this.nodes.values()) node.executor.connect()
  }

  /** What was held goes on, if there is somewhere to go. */
  protected override release(): void {
    for (const operation of this.takeQueued()) this.submit(operation)
  }

  override obstacle(): ConnectionError | undefined {
    const reports = Array.from(this.nodes.values()).flatMap((node) => {
      const error = node.executor.obstacle()
      return error === undefined
        ? []
        : [
          new Report({
            address: Address.format(node.address),
            kind: "unreachable",
            detail: error.message,
            cause: error
          })
        ]
    })
    return new ReplicaNotFound({
      group: this.routing.group,
      reason: reports.length === 0 ? new NoHealthyReplica({ reports }) : new NodeUnusable({ reports })
    })
  }

  /** One of the executors, for what needs a connection of its own. */
  private readonly one: Effect.Effect<Executor, ConnectionError> = Effect.suspend(() => {
    if (this.closed) return Effect.fail(new ClientClosed({ target: this.label }))
    this.startUp()
    const place = this.select()
    if (place === "primary" || place === "soon") return Effect.succeed(this.routing.primary)
    if (place !== undefined) return Effect.succeed(place.node.executor)
    return Effect.fail(this.obstacle()!)
  })

  override reserveWithin(
    limit: (isFull: boolean) => number
  ): Effect.Effect<ReservedConnection, ConnectionError | DeadlineExceeded, Scope.Scope> {
    return this.atFirstThatWorks((executor) => executor.reserveWithin(limit))
  }

  override session<E>(
    prepare: (connection: Connection) => Effect.Effect<void, E>
  ): Effect.Effect<Connection, ConnectionError | E, Scope.Scope> {
    return this.atFirstThatWorks((executor) => executor.session(prepare))
  }

  /** With one of the executors; with another one if that replica is let go of meanwhile. */
  private atFirstThatWorks<A, E, R>(
    f: (executor: Executor) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | ConnectionError, R> {
    const untilOne = this.untilClosed(
      Effect.suspend(() =>
        Effect.retry(this.one, {
          schedule: this.routing.target.schedule,
          while: (error) => error._tag === "ReplicaNotFound"
        })
      )
    )
    const attempt: Effect.Effect<A, E | ConnectionError, R> = Effect.flatMap(
      untilOne,
      (executor) =>
        Effect.catchIf(
          f(executor),
          (error) => error instanceof ClientClosed && !this.closed,
          () => attempt
        ) as Effect.Effect<A, E, R>
    )
    return attempt
  }

  // ---------------------------------------------------------------------------
  // Measuring

  /** Asks each replica, and the primary where that is needed, how far they are. */
  private readonly measure: Effect.Effect<void> = Effect.suspend(() => {
    // Whoever could not be reached for long is tried again.
    for (const node of this.nodes.values()) node.executor.connect()
    if (this.awaiting === undefined) this.wantedAt = undefined
    return Effect.gen({ self: this }, function*() {
      // The primary first: what replicas have after that is no less than what they had then.
      if (this.replicaOptions.maxLag !== undefined) {
        const exit = yield* Effect.exit(Effect.timeout(this.routing.primary.run(role()), "1 second"))
        if (Exit.isSuccess(exit) && exit.value.role === "primary") this.history.add(this.alarm.now(), exit.value.offset)
      }
      yield* this.question(() => true)
      this.release()
    })
  })

  /** Asks those replicas that there is a connection to, each by itself: one that hangs holds nobody up. */
  private question(which: (node: ReplicaNode) => boolean): Effect.Effect<void> {
    const places = Array.from(this.nodes.values()).flatMap((node) => {
      const connection = node.executor.serving
      return connection === undefined || !which(node) ? [] : [{ node, connection }]
    })
    return Effect.forEach(places, ({ connection, node }) =>
      Effect.gen({ self: this }, function*() {
        const began = yield* Clock.monotonicTimeNanos
        const answer = yield* connection.call(role())
        this.measured(node, answer, Number((yield* Clock.monotonicTimeNanos) - began) / 1e6)
      }).pipe(
        Effect.catchTag("ReplyError", () => this.sourceByInfo(node, connection)),
        Effect.timeout("1 second"),
        Effect.catch(() =>
          Effect.sync(() => {
            node.lagBytes = undefined
            node.lagMillis = undefined
          })
        )
      ), { concurrency: "unbounded", discard: true })
  }

  private measured(node: ReplicaNode, answer: Role, millis: number): void {
    const { maxLag } = this.replicaOptions
    if (answer.role !== "replica") {
      node.lagBytes = undefined
      node.lagMillis = undefined
      return
    }
    const isLinked = answer.link === "connected"
    this.heard(node, { ...answer.primary, isLinked, hasData: true })
    node.latencyMillis = node.latencyMillis === undefined
      ? millis
      : node.latencyMillis * (1 - weight) + millis * weight
    // Without a link ROLE has no offset; what the replica had it still has.
    if (answer.offset >= 0) node.offset = answer.offset
    const primary = this.history.last
    node.lagBytes = primary === undefined || node.offset === undefined ? undefined : Math.max(0, primary - node.offset)
    node.lagMillis = node.offset === undefined ? undefined : this.history.lagMillis(node.offset, this.alarm.now())
    // A replica without a connection to its primary does not even know how far behind it is.
    if (!isLinked && maxLag?.time !== undefined) node.lagMillis = undefined
  }

  /** Where ROLE is denied. */
  private sourceByInfo(node: ReplicaNode, connection: Connection): Effect.Effect<void> {
    node.lagBytes = undefined
    node.lagMillis = undefined
    return connection.call(info("replication")).pipe(
      Effect.match({
        // Nobody can say that it does not.
        onFailure: () => void (node.follows = true),
        onSuccess: (fields) =>
          this.heard(node, {
            host: fields["master_host"] ?? "",
            port: Number(fields["master_port"]),
            isLinked: fields["master_link_status"] !== "down",
            hasData: true
          })
      })
    )
  }

  private heard(node: ReplicaNode, source: Source): void {
    if (!node.follows && this.routing.follower.follows(source)) node.follows = true
  }

  override close(): void {
    if (this.closed) return
    this.stopWatching()
    for (const fiber of [this.measuring, this.pursuing, this.awaiting]) fiber?.interruptUnsafe()
    super.close()
    for (const node of this.nodes.values()) node.executor.close()
    this.nodes.clear()
  }
}

/**
 * A set of replicas, until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeReplicaRouter = (
  setting: RouterContext,
  options: ReplicaSelectionOptions & ExecutorOptions
): Effect.Effect<ReplicaRouter, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(Effect.context<never>(), (context) => new ReplicaRouter(setting, options, context)),
    (set) => Effect.sync(() => set.close())
  )
