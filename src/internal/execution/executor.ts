/**
 * Executes one client's operations: sends each to the next shared connection of its
 * node, lets it wait where there is none, and sends it again where that is safe. It
 * composes the parts of execution; what each part does is in the part's own file.
 *
 * The target (internal/targets/) knows where the node is. Command values are in
 * commands/.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import type * as Command from "../../Command.ts"
import { type ConnectionError, ConnectionLost, DeadlineExceeded, QueueFull, type RedisError } from "../../Errors.ts"
import type { ExecutorOptions } from "../../Options.ts"
import type * as Resp from "../../Resp.ts"
import { refusals } from "../common/passing.ts"
import { timeoutOrElse } from "../common/time.ts"
import { replyError, serverText } from "../connection/call.ts"
import type { Connection } from "../connection/connection.ts"
import type { Request } from "../connection/types.ts"
import { BlockingCommands } from "./blocking.ts"
import { CommandQueue } from "./commandQueue.ts"
import { NodeConnections } from "./connections.ts"
import { Deadlines } from "./deadlines.ts"
import { ExecutionContext } from "./executionContext.ts"
import { type Dispatcher, type PendingOperation, runCommand } from "./operation.ts"
import { runPipeline } from "./pipeline.ts"
import { Reservations, reserveInTime } from "./reservations.ts"
import { ReservedConnection, type ReserveWithin, type ReservingExecutor } from "./reserved.ts"
import { RetryQueue } from "./retryQueue.ts"
import { runScanPage } from "./scanPage.ts"
import { Sessions } from "./sessions.ts"
import { runTransaction } from "./transaction.ts"
import type { BatchResult, ClientRunner, ConnectionTarget, Reserved, ScanPosition } from "./types.ts"
import { RunningTurns } from "./unblocking.ts"
import { WriteGate } from "./writeGate.ts"

/**
 * Executes the commands of one client.
 *
 * @since 0.1.0
 * @category models
 */
export class Executor implements Dispatcher, ReservingExecutor, ClientRunner {
  readonly label: string
  readonly isReserved = false
  readonly execution: ExecutionContext
  readonly gate: WriteGate
  readonly retries: RetryQueue
  readonly blocking: BlockingCommands
  private readonly target: ConnectionTarget
  private readonly connections: NodeConnections
  private readonly maxQueue: number
  private readonly queue: CommandQueue
  private readonly deadlines: Deadlines
  private readonly turns: RunningTurns
  private readonly reservations: Reservations
  private readonly sessions: Sessions
  private readonly unwatch: (() => void) | undefined
  private isReleasing = false

  constructor(target: ConnectionTarget, options: ExecutorOptions, services: Context.Context<never>) {
    this.label = target.label
    this.target = target
    const forEachConnection = (f: (connection: Connection) => void): void => this.connections.forEach(f)
    const deadlines = this.deadlines = new Deadlines(services, {
      queue: () => this.queue,
      retries: () => this.retries,
      forEachConnection,
      forEachSent: (f) => forEachConnection((connection) => connection.each(f)),
      isReading: () => this.gate.isReading,
      expireWithheld: (now) => this.gate.expire(now)
    })
    const execution = this.execution = new ExecutionContext(
      target.label,
      options,
      services,
      deadlines.timer,
      target.identity
    )
    this.maxQueue = execution.maxQueue
    this.queue = new CommandQueue(execution)
    this.retries = new RetryQueue(execution)
    this.turns = new RunningTurns(execution)
    this.gate = new WriteGate(execution, {
      serving: () => this.serving,
      forEachConnection,
      enqueue: (operation) => this.enqueue(operation),
      release: () => this.release(),
      takeQueuedWrites: () => this.queue.take((operation) => operation.isGated),
      unblockAll: () => this.turns.unblockAll(),
      onBehind: () => target.onBehind?.(),
      onCaughtUp: (now) => deadlines.onCaughtUp(now),
      onFirstWrite: () => target.onFirstWrite?.()
    })
    this.connections = new NodeConnections(execution, target, options, this.gate, {
      onConnected: () => {
        this.turns.unblockSuspects()
        this.release()
      },
      onAvailable: () => this.release(),
      onUnavailable: (cause) => this.failQueued(cause),
      onStalled: ({ address, suspect }) => {
        suspect()
        this.sessions.suspect(address)
        this.turns.suspect(address)
      }
    })
    this.sessions = new Sessions(execution, target, this.connections.pacing)
    this.reservations = new Reservations(execution, {
      dispatcher: this,
      schedule: target.schedule as Schedule.Schedule<unknown, unknown>,
      pool: () => this.connections.pool,
      reservedOn: (connection) => new ReservedConnection(this, connection)
    })
    this.blocking = new BlockingCommands(execution, {
      dispatcher: this,
      canRelocate: target.canRelocate,
      reserveWithin: this.reserveWithin,
      turns: this.turns
    })
    this.unwatch = target.watch?.({
      moved: (address, epoch) => this.onMoved(address, epoch),
      nodeRemoved: (address, why) => this.connections.onNodeRemoved(address, why),
      nodeSuspected: (address) => this.connections.onNodeSuspected(address),
      reconsider: (primary, all) => this.connections.reconsider(primary, all),
      gate: (state, age) => this.gate.set(state, age),
      signLateness: (millis) => this.gate.setSignLateness(millis),
      renamed: (from, to) => this.connections.onRenamed(from, to)
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

  readonly reserveWithin: ReserveWithin = (use, limit) => this.reservations.reserveWithin(use, limit)

  readonly reserve: Effect.Effect<Reserved, ConnectionError | DeadlineExceeded, Scope.Scope> = Effect.suspend(() =>
    reserveInTime(this.execution, this.reserveWithin)
  )

  get isWaitingFull(): boolean {
    return this.connections.pool?.isFull("blocking") ?? false
  }

  readonly reserveToWait: ClientRunner["reserveToWait"] = (whenFull) =>
    this.reserveWithin("blocking", (isFull) => {
      if (isFull) whenFull()
      return Infinity
    })

  readonly waitsEnded: Effect.Effect<void> = Effect.suspend(() => this.blocking.waitsEnded)

  session<E>(
    prepare: (connection: Connection) => Effect.Effect<void, E>
  ): Effect.Effect<Connection, ConnectionError | E, Scope.Scope> {
    return this.sessions.open(prepare)
  }

  readonly askBeside: ClientRunner["askBeside"] = (session, command) => {
    const { timeoutMillis } = this.execution
    const asked = Effect.suspend(() => {
      const shared = this.connections.pool?.pick()
      return shared?.addressText === session.addressText ? shared.call(command) : this.sessions.ask(session, command)
    })
    return this.untilClosed(timeoutOrElse(asked, {
      duration: Duration.millis(timeoutMillis),
      orElse: () => Effect.fail(new DeadlineExceeded({ command: command.spec.name, timeoutMillis, cause: undefined }))
    }))
  }

  readonly untilClosed: ClientRunner["untilClosed"] = (effect) => this.execution.untilClosed(effect)

  get services(): Context.Context<never> {
    return this.execution.services
  }

  get commandTimeout(): number {
    return this.execution.timeoutMillis
  }

  /** The shared connection that is next in turn, if there is one. */
  get serving(): Connection | undefined {
    return this.connections.pool?.pick()
  }

  /** Connects, if nothing is connected. */
  connect(): void {
    if (this.connections.pool === undefined) this.connections.ensureConnected()
  }

  followsOtherPrimary(source: { readonly host: string; readonly port: number }): boolean {
    return this.target.followsOtherPrimary?.(source) ?? false
  }

  isAtPrimary(connection: Connection | undefined): boolean {
    return connection === undefined || (this.target.isPrimary?.(connection.address) ?? true)
  }

  get epoch(): number {
    return this.target.epoch?.() ?? 0
  }

  get moves(): number {
    return this.target.moves?.() ?? 0
  }

  // ---------------------------------------------------------------------------
  // Sending

  submit(operation: PendingOperation): void {
    if (this.gate.state !== undefined && operation.isGated) return this.gate.onWrite(operation)
    const { pool } = this.connections
    const connection = pool === undefined ? undefined : pool.pick()
    if (connection === undefined) {
      operation.trace?.waits("connection")
      return this.enqueue(operation)
    }
    this.submitTo(operation, connection)
  }

  submitTo(operation: PendingOperation, connection: Connection): void {
    if (connection.queued >= this.maxQueue) {
      return operation.fail(new QueueFull({ target: this.label, limit: this.maxQueue }))
    }
    this.execution.arm(operation.deadline)
    operation.dispatch(connection)
  }

  get runAtPrimary(): ConnectionTarget["runAtPrimary"] {
    return this.target.runAtPrimary
  }

  resubmit(operation: PendingOperation, connection: Connection): void {
    if (this.gate.isHolding && operation.isGated) this.gate.onWrite(operation)
    else this.submitTo(operation, connection)
  }

  private enqueue(operation: PendingOperation): void {
    if (this.queue.add(operation)) this.connections.ensureConnected()
  }

  /** Sends the operations that wait, in their order. */
  private release(): void {
    const isConnected = this.connections.pool !== undefined
    for (const operation of this.queue.takeAll()) {
      if (!operation.isPending) continue
      operation.owner.submit(operation)
      if (isConnected) this.gate.onReleased(operation)
    }
    if (isConnected) this.gate.onAllReleased()
  }

  /**
   * Another connection may serve already. It is picked once the connection that
   * ends has reported the loss of all its requests, and is no longer in the pool.
   */
  private releaseSoon(): void {
    if (this.isReleasing) return
    this.isReleasing = true
    queueMicrotask(() => {
      this.isReleasing = false
      if (!this.execution.isClosed && this.serving?.open === true) this.release()
    })
  }

  private failQueued(cause: Cause.Cause<ConnectionError>): void {
    const error = Cause.findErrorOption(cause)
    for (const operation of this.queue.takeAll()) {
      if (!operation.isPending) continue
      // A defect, such as a natMap that throws, stays a defect.
      if (Option.isSome(error)) operation.fail(error.value)
      else operation.failWith(Exit.failCause(cause as Cause.Cause<never>))
    }
  }

  // ---------------------------------------------------------------------------
  // Outcomes

  requeue(operation: PendingOperation): void {
    this.enqueue(operation)
    this.releaseSoon()
  }

  isFinal(reply: Resp.ErrorReply): boolean {
    return !this.target.canRelocate && refusals.has(reply.code) && reply.code !== "LOADING"
  }

  onRefused(operation: PendingOperation, command: Command.Any, reply: Resp.ErrorReply): void {
    if (this.isFinal(reply)) return operation.failWith(Exit.fail(replyError(command, reply)))
    if (operation.refuse(command, reply)) return this.retries.add(operation)
    this.suspectNode(operation.connection, serverText(reply))
    this.enqueue(operation)
  }

  suspectNode(connection: Connection | undefined, why: string): void {
    this.connections.suspectNode(connection, why)
  }

  obstacle(): ConnectionError | undefined {
    return this.connections.lastError
  }

  /** A shared connection gets no command that changes its session. */
  noteSessionCommand(): void {}

  /** Visits every request that waits here or is on a connection. */
  forEachRequest(f: (request: Request) => void): void {
    this.queue.forEach(f)
    this.connections.forEach((connection) => connection.each(f))
  }

  // ---------------------------------------------------------------------------
  // Moves and the end

  /** The group has another primary: the connections to the old one are closed at once. */
  private onMoved(address: Address.Address, epoch: number): void {
    if (this.execution.isClosed) return
    const { connections } = this
    const why = `${this.label} moved to ${Address.format(address)}, epoch ${epoch}`
    connections.setHome(address, epoch)
    this.sessions.onMoved(address, why)
    if (connections.isAt(address)) return
    const { pool } = connections
    this.gate.onMoved(
      new ConnectionLost({
        address: pool === undefined ? this.label : Address.format(pool.address),
        kind: "moved",
        detail: why
      })
    )
    connections.leave(why, () => this.queue.size > 0)
  }

  close(): void {
    const { execution } = this
    if (execution.isClosed) return
    const why = "the client was closed"
    this.unwatch?.()
    execution.close()
    this.deadlines.close()
    // Whether withheld replies count will not be known.
    this.gate.close(new ConnectionLost({ address: this.label, kind: "retired", detail: why }))
    this.sessions.close(why)
    this.connections.close(why)
    const error = execution.closedError()
    for (const operation of [...this.queue.takeAll(), ...this.retries.close()]) {
      if (operation.isPending) operation.fail(error)
    }
  }
}

/**
 * An executor, until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeExecutor = (
  target: ConnectionTarget,
  options: ExecutorOptions
): Effect.Effect<Executor, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(
      Effect.context<never>(),
      (services) => new Executor(target, options, services)
    ),
    (executor) => Effect.sync(() => executor.close())
  )
