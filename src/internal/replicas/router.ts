/**
 * Routes reads to several replicas: which of them are good enough at the moment, and what becomes of a read when one
 * fails. Each replica has an executor of its own; the router composes them. The rules of selection are in selection.ts.
 *
 * Which replicas there are, the monitor knows. A client that keeps to one replica at a time is an executor without a
 * router (internal/targets/replica.ts).
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import type * as Command from "../../Command.ts"
import { role } from "../../commands/server.ts"
import {
  ClientClosed,
  type ConnectionError,
  type DeadlineExceeded,
  NodeUnusable,
  NoHealthyReplica,
  QueueFull,
  type RedisError,
  ReplicaNotFound,
  Report
} from "../../Errors.ts"
import type { ExecutorOptions, ReplicaSelection, ReplicaSelectionOptions } from "../../Options.ts"
import type * as Resp from "../../Resp.ts"
import type { Connection } from "../connection/connection.ts"
import { BlockingCommands } from "../execution/blocking.ts"
import { CommandQueue } from "../execution/commandQueue.ts"
import { Deadlines } from "../execution/deadlines.ts"
import { ExecutionContext } from "../execution/executionContext.ts"
import { Executor } from "../execution/executor.ts"
import { hedge } from "../execution/hedging.ts"
import { type Dispatcher, type PendingOperation, runCommand } from "../execution/operation.ts"
import { runPipeline } from "../execution/pipeline.ts"
import { reserveInTime } from "../execution/reservations.ts"
import type { ReserveWithin } from "../execution/reserved.ts"
import { RetryQueue } from "../execution/retryQueue.ts"
import { runScanPage } from "../execution/scanPage.ts"
import { runTransaction } from "../execution/transaction.ts"
import type { BatchResult, ClientRunner, Reserved, ScanPosition } from "../execution/types.ts"
import { RunningTurns } from "../execution/unblocking.ts"
import type { GroupMonitor } from "../monitor/monitor.ts"
import { type Measuring, type OpenReplica, ReplicaNode } from "./replicaNode.ts"
import { chooseReplica, isWithinLag, OffsetHistory } from "./selection.ts"

/** For how long other replicas are preferred after one has refused or failed, in milliseconds. */
const coolDownMillis = 1000
/** After a move: how often the replicas are asked whether they follow, in milliseconds, and for how long. */
const followCheckInterval = 50
const followCheckMillis = 30_000
/** How long a connection to the primary is waited for where a replica could serve if need be, in milliseconds. */
const primaryWaitMillis = 40
const defaultMeasureInterval = Duration.seconds(1)

/**
 * What a router needs to know of its group.
 *
 * @since 0.1.0
 * @category models
 */
export interface RouterContext {
  readonly group: string
  readonly monitor: GroupMonitor
  readonly schedule: Schedule.Schedule<unknown, ConnectionError>
  /** Opens a session with a replica. */
  readonly open: (
    address: Address.Address,
    offset: number
  ) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /** The primary, for measurements, and for reads where that is allowed. */
  readonly primary: Executor
  /** Registers what is called for each new connection to the primary. */
  readonly onPrimary: (attached: () => void) => void
}

/**
 * Runs a client's reads on several replicas.
 *
 * @since 0.1.0
 * @category models
 */
export class ReplicaRouter implements Dispatcher, ClientRunner {
  readonly label: string
  readonly isReserved = false
  readonly execution: ExecutionContext
  private readonly group: RouterContext
  private readonly options: ReplicaSelectionOptions & ExecutorOptions
  private readonly replicaSelection: ReplicaSelection
  /** Whether reads go to the primary: always, with none but it, or never. */
  private readonly fallback: boolean | "when-none"
  private readonly queue: CommandQueue
  private readonly retries: RetryQueue
  private readonly deadlines: Deadlines
  private readonly blocking: BlockingCommands
  private readonly nodes = new Map<string, ReplicaNode>()
  private readonly measuring: Measuring
  private readonly stopWatching: () => void
  private readonly random: () => number
  private turn = 0
  private isStarted = false
  private measurements: Fiber.Fiber<void> | undefined = undefined
  /** The replica that has become the primary, until that has a connection of its own. */
  private promoted: ReplicaNode | undefined = undefined
  /** Since when a connection to the primary is waited for, if it is: not for long, and not again at once. */
  private primaryAwaitedSince: number | undefined = undefined
  private primaryWait: Fiber.Fiber<void> | undefined = undefined
  /** After a move: asks the replicas whether they follow, until all do. */
  private followChecks: Fiber.Fiber<void> | undefined = undefined

  constructor(
    group: RouterContext,
    options: ReplicaSelectionOptions & ExecutorOptions,
    services: Context.Context<never>
  ) {
    this.label = group.group
    this.group = group
    this.options = options
    this.replicaSelection = options.replicaSelection ?? "round-robin"
    this.fallback = options.fallbackToPrimary ?? true
    this.deadlines = new Deadlines(services, {
      queue: () => this.queue,
      retries: () => this.retries,
      // The executors judge the deadlines of what is on their connections.
      forEachConnection: () => {},
      forEachSent: (f) => {
        for (const node of this.nodes.values()) node.executor.forEachRequest(f)
        group.primary.forEachRequest(f)
      },
      isReading: () => false,
      expireWithheld: () => Infinity
    })
    const execution = this.execution = new ExecutionContext(
      this.label,
      options,
      services,
      this.deadlines.timer,
      group.primary.execution.identity
    )
    this.queue = new CommandQueue(execution)
    this.retries = new RetryQueue(execution)
    this.blocking = new BlockingCommands(execution, {
      dispatcher: this,
      canRelocate: true,
      reserveWithin: this.reserveWithin,
      turns: new RunningTurns(execution)
    })
    this.measuring = {
      timer: execution.timer,
      history: new OffsetHistory(),
      maxLag: options.maxLag,
      follows: (source) => group.monitor.follows(source)
    }
    const random = Context.get(services, Random.Random)
    this.random = () => random.nextDoubleUnsafe()
    group.onPrimary(() => {
      this.primaryAwaitedSince = undefined
      this.release()
    })
    this.stopWatching = group.monitor.watch({
      // The primary may be the one that serves: what waits is tried again.
      gate: (state) => {
        if (state === undefined) this.release()
      },
      moved: (address) => this.onMoved(address),
      changed: () => this.updateNodes(),
      dropped: () => this.updateNodes()
    })
  }

  // ---------------------------------------------------------------------------
  // Running

  readonly run = <A, B>(
    command: Command.Command<A, any, B>,
    timeout?: Duration.Input | undefined
  ): Effect.Effect<A, RedisError> =>
    command.spec.blockingMillis === undefined ? runCommand(this, command, timeout) : this.blocking.run(command, timeout)

  readonly runPipeline = (
    commands: ReadonlyArray<Command.Any>,
    timeout?: Duration.Input | undefined
  ): Effect.Effect<BatchResult, RedisError> => runPipeline(this, commands, timeout)

  readonly runTransaction = (
    commands: ReadonlyArray<Command.Any>,
    timeout?: Duration.Input | undefined
  ): Effect.Effect<BatchResult, RedisError> => runTransaction(this, commands, timeout)

  readonly runScanPage = <A, B>(
    command: Command.Command<A, any, B>,
    position: ScanPosition
  ): Effect.Effect<A, RedisError> => runScanPage(this, command, position)

  readonly reserveWithin: ReserveWithin = (use, limit) =>
    this.onAnExecutor((executor) => executor.reserveWithin(use, limit))

  readonly reserve: Effect.Effect<Reserved, ConnectionError | DeadlineExceeded, Scope.Scope> = Effect.suspend(() =>
    reserveInTime(this.execution, this.reserveWithin)
  )

  readonly reserveToWait: ClientRunner["reserveToWait"] = (whenFull) =>
    this.reserveWithin("blocking", (isFull) => {
      if (isFull) whenFull()
      return Infinity
    })

  readonly waitsEnded: Effect.Effect<void> = Effect.suspend(() => this.blocking.waitsEnded)

  session<E>(
    prepare: (connection: Connection) => Effect.Effect<void, E>
  ): Effect.Effect<Connection, ConnectionError | E, Scope.Scope> {
    return this.onAnExecutor((executor) => executor.session(prepare))
  }

  readonly askBeside: ClientRunner["askBeside"] = (session, command) =>
    Effect.suspend(() =>
      (this.nodes.get(session.addressText)?.executor ?? this.group.primary).askBeside(session, command)
    )

  readonly untilClosed: ClientRunner["untilClosed"] = (effect) => this.execution.untilClosed(effect)

  get services(): Context.Context<never> {
    return this.execution.services
  }

  get commandTimeout(): number {
    return this.execution.timeoutMillis
  }

  get epoch(): number {
    return this.group.monitor.present.epoch
  }

  get moves(): number {
    return this.group.monitor.moves
  }

  isAtPrimary(connection: Connection | undefined): boolean {
    return connection === undefined || (this.group.monitor.isPrimary(connection.address) ?? true)
  }

  followsOtherPrimary(source: { readonly host: string; readonly port: number }): boolean {
    return this.group.monitor.followsOtherPrimary(source)
  }

  // ---------------------------------------------------------------------------
  // Which replicas there are

  /** Starts with the first operation. */
  private start(): void {
    if (this.isStarted || this.execution.isClosed) return
    this.isStarted = true
    this.updateNodes()
    this.measurements = this.execution.runFork(
      Effect.flatMap(this.group.monitor.current, () => {
        this.updateNodes()
        const interval = this.options.measureInterval ?? defaultMeasureInterval
        return Effect.forever(Effect.andThen(this.measure, Effect.sleep(interval)))
      })
    )
  }

  /**
   * Adds the replicas that the sentinels list, or listed until lately, and removes
   * the others. A replica that they think unhealthy stays while its connection
   * does: it serves when there is nothing better.
   */
  private updateNodes(): void {
    if (!this.isStarted || this.execution.isClosed) return
    const listed = new Map(
      this.group.monitor.replicaCandidates
        .filter((r) => !(this.options.excludePriorityZero === true && r.priority === 0))
        .map((r) => [Address.format(r.address), r])
    )
    for (const [addressText, node] of this.nodes) {
      if (listed.has(addressText) || node === this.promoted) continue
      this.nodes.delete(addressText)
      node.executor.close()
    }
    for (const [addressText, { address, isHealthy, isUp, label, offset, priority }] of listed) {
      const known = this.nodes.get(addressText)
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
      const open = this.group.open(address, offset)
      const executor = new Executor(
        {
          label: `${this.group.group} at ${addressText}`,
          identity: this.execution.identity,
          canRelocate: true,
          schedule: this.group.schedule,
          open,
          openBeside: () => open,
          openAt: () => open,
          onLate: (connection) => this.onLate(connection),
          onConnected: () => this.onConnected(node)
        },
        this.options,
        this.execution.services
      )
      const node = new ReplicaNode(address, executor, { isUp, label, priority }, this.measuring)
      this.nodes.set(addressText, node)
      executor.connect()
    }
    this.release()
  }

  private onConnected(node: ReplicaNode): void {
    const { monitor } = this.group
    const source = node.executor.serving?.source
    // While nothing moves, a replica without a link has lost the link to the present primary.
    const mayFollow = source === undefined ||
      ((source.isLinked || this.followChecks === undefined) && !monitor.followsOtherPrimary(source))
    if (mayFollow) node.follows = true
    this.execution.runFork(this.measure)
    this.release()
  }

  /**
   * The group has another primary. The replicas do not follow it yet, as far as is
   * known: until they do, the new primary serves reads where that is allowed. If it
   * was one of the replicas, its connection is there already.
   */
  private onMoved(address: Address.Address): void {
    if (!this.isStarted || this.execution.isClosed) return
    const { timer } = this.execution
    const { primary } = this.group
    this.promoted = this.fallback === false ? undefined : this.nodes.get(Address.format(address))
    for (const node of this.nodes.values()) node.follows = false
    if (this.fallback !== false) primary.connect()
    this.updateNodes()
    this.followChecks?.interruptUnsafe()
    this.followChecks = this.execution.runFork(
      Effect.gen({ self: this }, function*() {
        const began = timer.now()
        while (timer.now() - began < followCheckMillis) {
          yield* Effect.raceFirst(this.measureNodes((node) => !node.follows), Effect.sleep(followCheckInterval))
          this.release()
          if (this.promoted !== undefined && primary.serving !== undefined) {
            this.promoted = undefined
            this.updateNodes()
          }
          if (Array.from(this.nodes.values()).every((node) => node.follows && node !== this.promoted)) break
          yield* Effect.sleep(followCheckInterval)
        }
        this.promoted = undefined
        this.updateNodes()
      }).pipe(Effect.ensuring(Effect.sync(() => {
        this.followChecks = undefined
      })))
    )
  }

  /** A replica is late with its answers: another one is asked, too, and is preferred for a while. */
  private onLate(connection: Connection): void {
    this.coolDown(connection)
    this.group.monitor.survey()
    const { candidates, withinLag } = this.openReplicas()
    const others = candidates.length > 0 ? candidates : withinLag.filter((replica) => !replica.connection.isLate)
    if (others.length === 0) return
    const { connection: to, node } = this.choose(others)
    if (to !== connection) hedge(connection, to, (deadline) => node.executor.execution.arm(deadline))
  }

  private coolDown(connection: Connection | undefined): void {
    if (connection === undefined) return
    const node = this.nodes.get(connection.addressText)
    if (node !== undefined) node.coolDownUntil = this.execution.timer.now() + coolDownMillis
  }

  // ---------------------------------------------------------------------------
  // Selection

  private choose(candidates: ReadonlyArray<OpenReplica>): OpenReplica {
    return chooseReplica(this.replicaSelection, candidates, this.turn++, this.random)
  }

  /** Whether it has what the primary has, or the primary cannot or may not serve instead. */
  private isReadable(node: ReplicaNode): boolean {
    return node.follows || this.fallback !== true || !this.hasPrimary
  }

  /** Whether the primary can serve reads, as far as is known. */
  private get hasPrimary(): boolean {
    const { primary } = this.group
    return primary.serving !== undefined || this.promoted !== undefined ||
      (primary.obstacle() === undefined &&
        (this.primaryAwaitedSince === undefined ||
          this.execution.timer.now() - this.primaryAwaitedSince < primaryWaitMillis))
  }

  /** The replicas that can serve at all, and those of them to choose from. */
  private openReplicas(): {
    readonly withinLag: ReadonlyArray<OpenReplica>
    readonly candidates: ReadonlyArray<OpenReplica>
  } {
    const now = this.execution.timer.now()
    const withinLag: Array<OpenReplica> = []
    const readable: Array<OpenReplica> = []
    const best: Array<OpenReplica> = []
    for (const node of this.nodes.values()) {
      const connection = node.executor.serving
      // A connection that has just ended is still in its pool while it reports the loss of its requests.
      if (connection === undefined || !connection.open || node === this.promoted) continue
      const candidate = node.candidate(connection)
      if (!isWithinLag(candidate, this.options.maxLag)) continue
      withinLag.push(candidate)
      if (connection.isLate || !this.isReadable(node)) continue
      readable.push(candidate)
      if (node.coolDownUntil <= now && !node.isDown) best.push(candidate)
    }
    return { withinLag, candidates: best.length > 0 ? best : readable }
  }

  /** Where the next read goes; undefined if it has to wait. */
  private select(): OpenReplica | "primary" | "primary soon" | undefined {
    const { candidates, withinLag } = this.openReplicas()
    if (candidates.length > 0) return this.choose(candidates)
    const { primary } = this.group
    if (withinLag.length > 0) {
      // These are late, or follow the primary that was left.
      if (this.fallback !== true || !this.hasPrimary) return this.choose(withinLag)
      return primary.serving === undefined ? this.promotedReplica ?? "primary soon" : "primary"
    }
    // Replicas that are being dialled for the first time may do.
    const isDialling = Array.from(this.nodes.values()).some((node) =>
      node !== this.promoted && node.executor.serving === undefined && node.executor.obstacle() === undefined
    )
    if (!this.isSurveyed || isDialling || this.fallback === false) return undefined
    // A connected replica that exceeds `maxLag` still counts: "when-none" does not read from the primary then.
    if (this.fallback === "when-none" && this.isAnyOpen) return undefined
    return primary.serving === undefined ? this.promotedReplica ?? "primary" : "primary"
  }

  private get isAnyOpen(): boolean {
    return Array.from(this.nodes.values()).some((node) =>
      node !== this.promoted && node.executor.serving?.open === true
    )
  }

  /** The new primary's connection from before its promotion, until it has one as the primary. */
  private get promotedReplica(): OpenReplica | undefined {
    const node = this.promoted
    const connection = node?.executor.serving
    return node === undefined || connection === undefined || !connection.open || connection.isLate
      ? undefined
      : node.candidate(connection)
  }

  /** Whether the sentinels have been asked for the replicas. */
  private get isSurveyed(): boolean {
    return this.group.monitor.present.lastChange !== undefined && this.group.monitor.isSurveyed
  }

  // ---------------------------------------------------------------------------
  // Sending

  submit(operation: PendingOperation): void {
    if (!this.isStarted) this.start()
    const server = operation.position?.server
    if (server !== undefined) return this.submitToServer(operation, server)
    const destination = this.select()
    if (destination === undefined) {
      operation.trace?.waits("connection")
      return this.enqueue(operation)
    }
    if (destination === "primary") return this.group.primary.submit(operation)
    if (destination === "primary soon") return this.waitForPrimary(operation)
    this.dispatchOn(destination.node.executor.execution, operation, destination.connection)
  }

  submitTo(operation: PendingOperation, connection: Connection): void {
    this.dispatchOn((this.executorAt(connection.addressText) ?? this).execution, operation, connection)
  }

  readonly runAtPrimary = (command: Command.Any): Effect.Effect<unknown, RedisError> => this.group.primary.run(command)

  resubmit(operation: PendingOperation, connection: Connection): void {
    this.submitTo(operation, connection)
  }

  /** Sends an operation to a connection; the executor of that connection notices its deadline. */
  private dispatchOn(
    execution: ExecutionContext,
    operation: PendingOperation,
    connection: Connection
  ): void {
    const { maxQueue } = this.execution
    if (connection.queued >= maxQueue) {
      return operation.fail(new QueueFull({ target: this.label, limit: maxQueue }))
    }
    execution.arm(operation.deadline)
    operation.dispatch(connection)
  }

  private waitForPrimary(operation: PendingOperation): void {
    this.primaryAwaitedSince ??= this.execution.timer.now()
    if (this.primaryWait === undefined) {
      this.primaryWait = this.execution.runFork(
        Effect.andThen(
          Effect.sleep(primaryWaitMillis),
          Effect.sync(() => {
            this.primaryWait = undefined
            this.release()
          })
        )
      )
    }
    this.enqueue(operation)
    this.group.primary.connect()
  }

  /** A page of a scan goes to the server that gave its cursor. */
  private submitToServer(operation: PendingOperation, server: string): void {
    const executor = this.executorAt(server.split(" ", 1)[0]!)
    const connection = executor?.serving
    if (executor !== undefined && connection?.open === true) {
      return this.dispatchOn(executor.execution, operation, connection)
    }
    // A connection that was lost may be back at once.
    if (executor === undefined || executor.obstacle() !== undefined) return operation.interrupt(server)
    this.enqueue(operation)
  }

  private executorAt(addressText: string): Executor | undefined {
    const { primary } = this.group
    return this.nodes.get(addressText)?.executor ?? (primary.serving?.addressText === addressText ? primary : undefined)
  }

  private enqueue(operation: PendingOperation): void {
    if (!this.queue.add(operation)) return
    this.start()
    this.connectAll()
  }

  /** Sends the operations that wait, if there is a place for them now. */
  private release(): void {
    for (const operation of this.queue.takeAll()) this.submit(operation)
  }

  private connectAll(): void {
    for (const node of this.nodes.values()) node.executor.connect()
  }

  // ---------------------------------------------------------------------------
  // Outcomes

  requeue(operation: PendingOperation): void {
    this.coolDown(operation.connection)
    this.enqueue(operation)
    // The connection that ends is out of its pool only once it has reported the loss of all its requests.
    queueMicrotask(() => this.release())
  }

  /** Another replica, or the same one a little later, may run it. */
  isFinal(): boolean {
    return false
  }

  onRefused(operation: PendingOperation, command: Command.Any, reply: Resp.ErrorReply): void {
    this.coolDown(operation.connection)
    operation.refuse(command, reply)
    this.retries.add(operation)
  }

  obstacle(): ConnectionError {
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
      group: this.group.group,
      reason: reports.length === 0 ? new NoHealthyReplica({ reports }) : new NodeUnusable({ reports })
    })
  }

  /** A shared connection gets no command that changes its session. */
  noteSessionCommand(): void {}

  // ---------------------------------------------------------------------------
  // Connections of one's own

  /** The executor of the node that the next read would go to. */
  private readonly selectedExecutor: Effect.Effect<Executor, ConnectionError> = Effect.suspend(() => {
    if (this.execution.isClosed) return Effect.fail(this.execution.closedError())
    this.start()
    const destination = this.select()
    if (destination === "primary" || destination === "primary soon") return Effect.succeed(this.group.primary)
    return destination === undefined ? Effect.fail(this.obstacle()) : Effect.succeed(destination.node.executor)
  })

  /** Runs something on one of the executors; on another one if that replica is removed meanwhile. */
  private onAnExecutor<A, E, R>(
    f: (executor: Executor) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | ConnectionError, R> {
    const selected = this.untilClosed(
      Effect.suspend(() =>
        Effect.retry(this.selectedExecutor, {
          schedule: this.group.schedule,
          while: (error) => error._tag === "ReplicaNotFound"
        })
      )
    )
    const attempt: Effect.Effect<A, E | ConnectionError, R> = Effect.flatMap(
      selected,
      (executor) =>
        Effect.catchIf(
          f(executor),
          (error) => error instanceof ClientClosed && !this.execution.isClosed,
          () => attempt
        ) as Effect.Effect<A, E, R>
    )
    return attempt
  }

  // ---------------------------------------------------------------------------
  // Measuring

  /** Asks each replica, and the primary where that is needed, for their offsets. */
  private readonly measure: Effect.Effect<void> = Effect.suspend(() => {
    // Replicas that could not be reached for long are tried again.
    this.connectAll()
    if (this.primaryWait === undefined) this.primaryAwaitedSince = undefined
    return Effect.gen({ self: this }, function*() {
      // The primary first: the replicas' offsets do not shrink meanwhile.
      if (this.options.maxLag !== undefined) {
        const exit = yield* Effect.exit(Effect.timeout(this.group.primary.run(role()), "1 second"))
        if (Exit.isSuccess(exit) && exit.value.role === "primary") {
          this.measuring.history.add(this.execution.timer.now(), exit.value.offset)
        }
      }
      yield* this.measureNodes(() => true)
      this.release()
    })
  })

  /** Asks the connected replicas at the same time, so that one that hangs delays no other. */
  private measureNodes(condition: (node: ReplicaNode) => boolean): Effect.Effect<void> {
    const connected = Array.from(this.nodes.values()).flatMap((node) => {
      const connection = node.executor.serving
      return connection === undefined || !condition(node) ? [] : [{ node, connection }]
    })
    return Effect.forEach(connected, ({ connection, node }) => node.measure(connection), {
      concurrency: "unbounded",
      discard: true
    })
  }

  close(): void {
    const { execution } = this
    if (execution.isClosed) return
    this.stopWatching()
    for (const fiber of [this.measurements, this.followChecks, this.primaryWait]) fiber?.interruptUnsafe()
    execution.close()
    this.deadlines.close()
    const error = execution.closedError()
    for (const operation of [...this.queue.takeAll(), ...this.retries.close()]) {
      if (operation.isPending) operation.fail(error)
    }
    for (const node of this.nodes.values()) node.executor.close()
    this.nodes.clear()
  }
}

/**
 * A router, until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeReplicaRouter = (
  group: RouterContext,
  options: ReplicaSelectionOptions & ExecutorOptions
): Effect.Effect<ReplicaRouter, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(Effect.context<never>(), (services) => new ReplicaRouter(group, options, services)),
    (router) => Effect.sync(() => router.close())
  )
