/**
 * An operation on its way to exactly one outcome: what happens when it is refused,
 * lost or late; and a single command as an operation. Pipelines, transactions and
 * pages of scans are in files of their own.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Command from "../../Command.ts"
import { ping } from "../../commands/connection.ts"
import {
  AmbiguousOutcome,
  type ConnectionError,
  DeadlineExceeded,
  InvalidCommand,
  type RedisError
} from "../../Errors.ts"
import * as Resp from "../../Resp.ts"
import { refusals, temporaryRefusals } from "../common/passing.ts"
import { isDirect, makeBase, type Suspended, type Suspending, type Waiter } from "../common/suspend.ts"
import { decodeReply, replyError } from "../connection/call.ts"
import type { Connection } from "../connection/connection.ts"
import type { EndError, Request } from "../connection/types.ts"
import type { OperationTrace } from "../telemetry/operationTrace.ts"
import { type ExecutionContext, millisOf } from "./executionContext.ts"
import { isLacking, type Unexecuted } from "./scripts.ts"
import { type BatchResult, emptyBatch, failureIn, type ScanPosition } from "./types.ts"
import { invalidity } from "./validity.ts"

/**
 * Sends operations and decides what becomes of those that have failed: an
 * executor, a router, or a reserved connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dispatcher {
  readonly label: string
  /** Whether it is one user's reserved connection: what goes there goes nowhere else. */
  readonly isReserved: boolean
  readonly execution: ExecutionContext
  /** Sends an operation to a connection, or lets it wait for one. */
  readonly submit: (operation: PendingOperation) => void
  /** Sends an operation to this connection if it can choose, like `submit` otherwise. */
  readonly submitTo: (operation: PendingOperation, connection: Connection) => void
  /** Sends an operation again that was not executed: to this connection if it can choose, unless writes have to wait. */
  readonly resubmit: (operation: PendingOperation, connection: Connection) => void
  /** Of a client of replicas: runs a command on the primary of their group. */
  readonly runAtPrimary?: ((command: Command.Any) => Effect.Effect<unknown, RedisError>) | undefined
  /** The operation was not executed: the connection that it was for has ended. */
  readonly requeue: (operation: PendingOperation, error: EndError) => void
  /** The server refused it before executing it. */
  readonly onRefused: (operation: PendingOperation, command: Command.Any, reply: Resp.ErrorReply) => void
  /** Whether a refusal is the operation's outcome: it is not sent again. */
  readonly isFinal: (reply: Resp.ErrorReply) => boolean
  /** Why there is no connection, for an operation whose time is up before it was written. */
  readonly obstacle: () => ConnectionError | undefined
  /** A command that may change its session is about to be sent. */
  readonly noteSessionCommand: (command: Command.Any) => void
}

/** Keeps operations that wait for a connection, or for writes to go on. */
export interface OperationQueue {
  /** An operation that waits here was cancelled. */
  readonly onAbandoned: (operation: PendingOperation) => void
}

export const Stage = { none: 0, waiting: 1, queued: 2, written: 3 } as const

/**
 * One command, pipeline entry or transaction on its way.
 *
 * @since 0.1.0
 * @category models
 */
export abstract class PendingOperation implements Request, Unexecuted {
  abstract readonly replies: number
  abstract readonly asBytes: boolean
  blockingMillis = 0
  isPending = true
  connection: Connection | undefined = undefined
  /** How far it has come, as a number of `Stage`. */
  stage: number = Stage.none
  /** The queue in which it waited last: its owner's, or that of the executor that serves for its owner. */
  queue: OperationQueue | undefined = undefined
  readonly owner: Dispatcher
  deadline: number
  readonly timeout: number
  /** Set once it was written and may have been executed, without a reply. */
  protected unconfirmed: EndError | undefined = undefined
  /** The last refusal, for the message if time runs out. */
  refusal: unknown = undefined
  /** Why the last reply could not be read, for the error if no other one can be. */
  private unreadable: EndError | undefined = undefined
  /** How often its own reply ended a connection. */
  private unreadableReplies = 0

  constructor(owner: Dispatcher, deadline: number, timeout: number) {
    this.owner = owner
    this.deadline = deadline
    this.timeout = timeout
  }

  /** Whether doubles and big numbers of its replies keep their texts. */
  get keepsNumerals(): boolean {
    return false
  }
  abstract readonly label: string
  /** What telemetry notes of it; undefined where nothing is noted. */
  get trace(): OperationTrace | undefined {
    return undefined
  }
  /** Of a page of a scan: where it has to go. */
  get position(): ScanPosition | undefined {
    return undefined
  }
  /** Of a page of a scan: the server that gave its cursor is not reachable any more. */
  interrupt(_server: string): void {}
  /** The commands that it is written as, one for each reply. */
  abstract readonly parts: ReadonlyArray<Command.Any>
  /** Whether it may be written twice. */
  abstract readonly repeatable: boolean
  abstract readonly writes: boolean
  /** Whether it waits while the write gate is closed. */
  get isGated(): boolean {
    return this.writes
  }
  /** As how many commands it counts while it waits. */
  get commandCount(): number {
    return 1
  }
  abstract encode(encoder: Resp.Encoder): void
  abstract onReply(value: Resp.Value): void
  abstract finish(exit: Exit.Exit<any, RedisError>): void

  /** Queues it on a connection. */
  dispatch(connection: Connection): void {
    this.connection = connection
    this.stage = Stage.queued
    connection.enqueue(this)
  }

  /** Its fiber was interrupted: it leaves its queue's count, and lets go of what it would have sent. */
  cancel(): void {
    if (!this.isPending) return
    this.isPending = false
    if (this.stage === Stage.queued) this.connection!.onAbandoned()
    else if (this.stage === Stage.waiting) this.queue!.onAbandoned(this)
    this.forget()
  }

  /** Lets go of what only an attempt needs. */
  protected abstract forget(): void

  /** It was taken back before it was written. */
  onRecalled(): void {
    this.owner.submit(this)
  }

  /** It cannot be written; nothing of it was. */
  onInvalid(detail: string): void {
    this.failWith(Exit.fail(new InvalidCommand({ command: this.label, detail })))
  }

  protected done(exit: Exit.Exit<any, RedisError>): void {
    this.isPending = false
    this.finish(exit)
  }

  fail(error: ConnectionError): void {
    this.done(
      this.unconfirmed === undefined ? Exit.fail(error) : ambiguous(this.label, error)
    )
  }

  /** Fails; with `AmbiguousOutcome` if an earlier attempt may have been executed. */
  failWith(exit: Exit.Exit<never, RedisError>): void {
    this.done(this.unconfirmed === undefined ? exit : ambiguous(this.label, this.unconfirmed))
  }

  onLost(error: EndError, written: boolean): void {
    if (!this.isPending) return
    if (written) {
      if (!this.repeatable) {
        this.owner.execution.count("ambiguous")
        return this.done(ambiguous(this.label, error))
      }
      if (this.writes) this.unconfirmed = error
      if (error._tag === "ProtocolError") this.unreadable = error
      if (this.isPoisonous) return this.fail(error)
      this.restart()
      this.trace?.failed(error)
      this.owner.execution.count("repeated")
    }
    this.owner.requeue(this, error)
  }

  onUnreadable(): void {
    this.unreadableReplies++
  }
  /** A reply that cannot be read costs all commands on the connection their replies: it is asked for twice at most. */
  protected get isPoisonous(): boolean {
    return this.unreadableReplies > 1
  }

  /** The server refused it because of its own state. Gives whether that state passes by itself. */
  refuse(command: Command.Any, reply: Resp.ErrorReply): boolean {
    this.refusal ??= replyError(command, reply)
    this.trace?.failed(reply.code)
    this.owner.execution.count("repeated")
    return temporaryRefusals.has(reply.code)
  }

  get isOnReserved(): boolean {
    return this.owner.isReserved
  }
  get runAtPrimary(): Dispatcher["runAtPrimary"] {
    return this.owner.runAtPrimary
  }
  rewrite(_f: (command: Command.Any) => Command.Any): void {}
  resend(connection: Connection): void {
    this.owner.resubmit(this, connection)
  }
  onRefused(command: Command.Any, reply: Resp.ErrorReply): boolean {
    const refused = isRefusal(command, reply)
    if (refused) this.owner.onRefused(this, command, reply)
    return refused
  }

  /** Forgets the replies of an attempt that is over. */
  restart(): void {}

  onDeadline(written: boolean): void {
    if (!this.isPending) return
    const late = () =>
      new DeadlineExceeded({
        command: this.label,
        timeoutMillis: this.timeout,
        cause: this.unconfirmed ?? this.refusal ?? this.unreadable
      })
    if (this.writes && (written || this.unconfirmed !== undefined)) {
      this.owner.execution.count("ambiguous")
      return this.done(Exit.fail(new AmbiguousOutcome({ command: this.label, cause: late() })))
    }
    const obstacle = written || this.refusal !== undefined ? undefined : this.owner.obstacle()
    this.done(obstacle === undefined ? Exit.fail(late()) : Exit.fail(obstacle))
  }
}

// One loss may make thousands of commands ambiguous: those of one name share an error and an Exit.
const ambiguities = new WeakMap<object, Map<string, Exit.Exit<never, AmbiguousOutcome>>>()

export const ambiguous = (command: string, cause: RedisError): Exit.Exit<never, AmbiguousOutcome> => {
  let byName = ambiguities.get(cause)
  if (byName === undefined) ambiguities.set(cause, byName = new Map())
  let exit = byName.get(command)
  if (exit === undefined) byName.set(command, exit = Exit.fail(new AmbiguousOutcome({ command, cause })))
  return exit
}

/** An operation of one command. */
export abstract class PendingSingle extends PendingOperation {
  readonly replies = 1
  readonly asBytes: boolean
  command: Command.Any

  constructor(owner: Dispatcher, command: Command.Any, deadline: number, timeout: number) {
    super(owner, deadline, timeout)
    this.command = command
    this.asBytes = command.asBytes
  }
  get label(): string {
    return this.command.spec.name
  }
  override get keepsNumerals(): boolean {
    return this.command.spec.resp === 2
  }
  get parts(): ReadonlyArray<Command.Any> {
    return [this.command]
  }
  get repeatable(): boolean {
    return this.command.repeat
  }
  get writes(): boolean {
    return this.command.spec.mode === "write"
  }
  encode(encoder: Resp.Encoder): void {
    this.stage = Stage.written
    Command.encode(this.command, encoder)
  }
  protected forget(): void {
    this.command = forgotten
  }
  onReply(value: Resp.Value): void {
    if (!this.isPending) return
    if (value instanceof Resp.ErrorReply && this.isUnexecuted(value)) return
    if (this.unconfirmed !== undefined && value instanceof Resp.ErrorReply) {
      return this.failWith(Exit.fail(replyError(this.command, value)))
    }
    this.isPending = false
    this.settle(value)
  }
  /** Whether the server has not executed it, for a reason that another attempt may not meet. */
  private isUnexecuted(reply: Resp.ErrorReply): boolean {
    if (isLacking(this.command, reply)) {
      const { scripts } = this.owner.execution
      this.trace?.failed(reply.code)
      scripts.onLacking(this, this.command, reply, scripts.answeredBefore(this.connection, this.command))
      return true
    }
    return this.onRefused(this.command, reply)
  }
  override rewrite(f: (command: Command.Any) => Command.Any): void {
    this.command = f(this.command)
  }
  protected abstract settle(value: Resp.Value): void
}

/** Takes the place of a cancelled operation's command, so that its arguments are freed. */
const forgotten: Command.Any = ping()

/**
 * What servers say of their own state. A script may return an error with one of these codes; then it was executed,
 * and must not run again.
 */
const ownWords = new RegExp(
  "^(?:BUSY \\S+ is busy running a |LOADING \\S+ is loading the dataset|MASTERDOWN Link with |" +
    "READONLY (?:You can't write against a|Can not run script with write flag on) |" +
    "NOREPLICAS Not enough good replicas |CLUSTERDOWN (?:The cluster is down|Hash slot not served)|" +
    "TRYAGAIN (?:Multiple keys request during|the replica does not have the library))"
)

const runsScript = /^(?:EVAL|EVALSHA|FCALL)(?:_RO)?(?: |$)/i

/** Whether a server has refused a command of this name because of its own state, by the code and the text of its error. */
export const refuses = (name: string, code: string, text: string): boolean =>
  (refusals.has(code) || temporaryRefusals.has(code)) && (!runsScript.test(name) || ownWords.test(text))

export const isRefusal = (command: Command.Any, reply: Resp.ErrorReply): boolean =>
  refuses(command.spec.name, reply.code, reply.text)

/** A single command on its way. */
export class PendingCommand extends PendingSingle implements Suspended {
  settled: Exit.Exit<any, any> | undefined = undefined
  suspended = false
  private readonly waiter: Waiter

  constructor(owner: Dispatcher, command: Command.Any, waiter: Waiter, deadline: number, timeout: number) {
    super(owner, command, deadline, timeout)
    this.waiter = waiter
  }
  protected settle(value: Resp.Value): void {
    this.finish(decodeReply(this.command, value))
  }
  finish(exit: Exit.Exit<any, RedisError>): void {
    if (this.suspended) this.waiter.evaluate(exit)
    else this.settled = exit
  }
  released(): void {
    if (this.isPending) this.cancel()
  }
}

/** A command of which telemetry notes something: a class of its own, so that the others have nothing of it. */
class TracedCommand extends PendingCommand {
  private readonly noted: OperationTrace
  constructor(noted: OperationTrace, ...of: ConstructorParameters<typeof PendingCommand>) {
    super(...of)
    this.noted = noted
  }
  override get trace(): OperationTrace {
    return this.noted
  }
  override dispatch(connection: Connection): void {
    this.noted.sent(connection)
    super.dispatch(connection)
  }
  override finish(exit: Exit.Exit<any, RedisError>): void {
    this.noted.end(exit)
    super.finish(exit)
  }
  override cancel(): void {
    this.noted.end(interrupted)
    super.cancel()
  }
}

/** The outcome of an operation whose fiber was interrupted, for telemetry. */
export const interrupted: Exit.Exit<never> = Exit.interrupt()

/** Runs a command, each time that it is run as an Effect. */
export class CommandEffect extends makeBase(isDirect()) implements Suspending {
  protected readonly owner: Dispatcher
  private readonly command: Command.Any
  private readonly timeout: number
  constructor(owner: Dispatcher, command: Command.Any, timeout: number) {
    super()
    this.owner = owner
    this.command = command
    this.timeout = timeout
  }
  begin(waiter: Waiter, fiber: Fiber.Fiber<unknown, unknown>): Suspended {
    const { command, owner, timeout } = this
    const { execution } = owner
    const invalid = invalidity(command, !owner.isReserved)
    if (invalid !== undefined) return refusedAtOnce(invalid)
    const blockingMillis = command.spec.blockingMillis === undefined ? 0 : command.spec.blockingMillis(command.args)
    const deadline = execution.timer.turn() + timeout + blockingMillis
    const trace = execution.telemetry.isOn(fiber) ? execution.telemetry.begin(fiber, command) : undefined
    const operation = trace === undefined
      ? this.operationOf(execution.withRepeat(command), waiter, deadline, timeout)
      : this.tracedOf(trace, execution.withRepeat(command), waiter, deadline, timeout)
    operation.blockingMillis = blockingMillis
    if (command.spec.session !== undefined) owner.noteSessionCommand(command)
    owner.submit(operation)
    return operation
  }
  protected operationOf(command: Command.Any, waiter: Waiter, deadline: number, timeout: number): PendingCommand {
    return new PendingCommand(this.owner, command, waiter, deadline, timeout)
  }
  protected tracedOf(
    trace: OperationTrace,
    command: Command.Any,
    waiter: Waiter,
    deadline: number,
    timeout: number
  ): PendingCommand {
    return new TracedCommand(trace, this.owner, command, waiter, deadline, timeout)
  }
}

/** An operation that fails before it is sent. */
export const refusedAtOnce = (error: InvalidCommand): Suspended => ({
  settled: Exit.fail(error),
  suspended: false,
  released: () => {}
})

/**
 * Runs a single command that does not block. `timeout` replaces the client's.
 *
 * @since 0.1.0
 * @category running
 */
export const runCommand = <A, B>(
  owner: Dispatcher,
  command: Command.Command<A, any, B>,
  timeout: Duration.Input | undefined
): Effect.Effect<A, RedisError> =>
  new CommandEffect(owner, command, timeout === undefined ? owner.execution.timeoutMillis : millisOf(timeout))

export type Resume = (effect: Effect.Effect<any, any>) => void

/** A pipeline or a transaction, for telemetry as well. */
export interface PendingBatch extends PendingOperation {
  noted: OperationTrace | undefined
}

/** Runs commands as one operation, unless one of them is invalid. `timeout` replaces the client's. */
export const runBatch = (
  owner: Dispatcher,
  word: "PIPELINE" | "MULTI",
  commands: ReadonlyArray<Command.Any>,
  timeout: Duration.Input | undefined,
  invalidityOf: (command: Command.Any) => InvalidCommand | undefined,
  operationOf: (
    commands: ReadonlyArray<Command.Any>,
    resume: Resume,
    deadline: number,
    timeoutMillis: number
  ) => PendingBatch
): Effect.Effect<BatchResult, RedisError> => {
  const { telemetry } = owner.execution
  const traceOf = (): OperationTrace | undefined => {
    const fiber = Fiber.getCurrent()
    return fiber !== undefined && telemetry.isOn(fiber) ? telemetry.beginBatch(fiber, word, commands) : undefined
  }
  if (commands.length === 0) {
    return Effect.sync(() => {
      traceOf()?.end(Exit.void)
      return emptyBatch
    })
  }
  return Effect.callback((given) => {
    for (const command of commands) {
      const invalid = invalidityOf(command)
      if (invalid !== undefined) return given(Exit.fail(invalid))
    }
    const trace = traceOf()
    const resume: Resume = trace === undefined ? given : (exit) => {
      trace.end(failureIn(exit as Exit.Exit<BatchResult, RedisError>))
      given(exit)
    }
    for (const command of commands) if (command.spec.session !== undefined) owner.noteSessionCommand(command)
    const { execution } = owner
    const timeoutMillis = timeout === undefined ? execution.timeoutMillis : millisOf(timeout)
    const deadline = execution.timer.now() + timeoutMillis
    const operation = operationOf(execution.withRepeats(commands), resume, deadline, timeoutMillis)
    operation.noted = trace
    owner.submit(operation)
    return Effect.sync(() => {
      trace?.end(interrupted)
      operation.cancel()
    })
  })
}

/** Waits, like a command, until there is a connection. */
export class ConnectionWaiter extends PendingOperation {
  readonly replies = 0
  readonly parts = []
  readonly asBytes = false
  readonly label = "connect"
  readonly repeatable = true
  readonly writes = false
  private readonly resume: Resume
  constructor(owner: Dispatcher, resume: Resume, deadline: number, timeout: number) {
    super(owner, deadline, timeout)
    this.resume = resume
  }
  override dispatch(): void {
    this.done(Exit.void)
  }
  encode(): void {}
  protected forget(): void {}
  onReply(): void {}
  finish(exit: Exit.Exit<any, RedisError>): void {
    this.resume(exit)
  }
}
