/**
 * Carries commands: to the current connection, through its loss to the next
 * one, and to exactly one outcome, within a deadline. It keeps the pool of the
 * node that its target names, and asks the target anew whenever a connection
 * is lost or the node says that it is the wrong one.
 *
 * Where the node is, is the `Target`'s business (`Sentinel.ts`, or a fixed
 * address); what commands there are is `Client.ts`'s.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Address from "./Address.ts"
import * as Command from "./Command.ts"
import { type Connection, decodeReply, type EndError, replyError, type Request } from "./Connection.ts"
import {
  AmbiguousOutcome,
  ClientClosed,
  type ConnectionError,
  DeadlineExceeded,
  InvalidCommand,
  QueueFull,
  type RedisError,
  TransactionAborted
} from "./Errors.ts"
import { Alarm } from "./internal/Alarm.ts"
import { Deque } from "./internal/Deque.ts"
import { isDirect, makeBase, type Suspended, type Suspending, type Waiter } from "./internal/suspend.ts"
import * as Pool from "./Pool.ts"
import * as Resp from "./Resp.ts"

/**
 * Where an executor's connections go.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  /** An address or a group, for messages. */
  readonly shown: string
  /** Whether asking again may give another node. If not, READONLY and MASTERDOWN are final. */
  readonly movable: boolean
  /** Finds the node and opens a verified session with it: one attempt. */
  readonly open: Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /** Opens one more session to be shared, beside one that there is: where that one is, if there is a choice. */
  readonly openBeside: (like: Connection) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /** Opens one more verified session with the node that `open` gave a session with. */
  readonly openAt: (like: Connection) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /**
   * Where `open` may give a makeshift, such as a primary in place of a replica:
   * tries for the real thing only.
   */
  readonly better?: {
    readonly open: Effect.Effect<Connection, ConnectionError, Scope.Scope>
    readonly isMakeshift: (connection: Connection) => boolean
  } | undefined
  /** How `open` is tried again. When it ends, what is held fails; the next command starts it anew. */
  readonly schedule: Schedule.Schedule<unknown, ConnectionError>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ExecutorOptions extends Pool.PoolOptions {
  /** For one command, from its call to its reply, whatever happens in between. Default 10 seconds; `"infinity"` for none. */
  readonly commandTimeout?: Duration.Input | undefined
  /** How many commands may wait for a connection, or for its socket. Default 100,000. */
  readonly maxQueue?: number | undefined
}

const defaultCommandTimeout = Duration.seconds(10)
const defaultMaxQueue = 100_000
const improveInterval = Duration.seconds(1)

/**
 * Error codes by which a server refuses a command before executing it, because
 * of its own state and not because of the command.
 */
const refusals: ReadonlySet<string> = new Set(["READONLY", "LOADING", "MASTERDOWN"])

/** Who runs an operation: the executor, or one of its leases. */
interface Owner {
  readonly shown: string
  /** The operation was not executed. */
  readonly again: (operation: Operation) => void
  /** The server refused it before executing it. */
  readonly refused: (operation: Operation, command: Command.Any, reply: Resp.ErrorReply) => void
  /** What stands in the way, if an operation's time is up before it was written. */
  readonly obstacle: () => ConnectionError | undefined
}

/**
 * One command, pipeline entry or transaction on its way.
 */
abstract class Operation implements Request {
  abstract readonly replies: number
  abstract readonly asBytes: boolean
  patience = 0
  wanted = true
  connection: Connection | undefined = undefined
  readonly owner: Owner
  deadline: number
  readonly timeout: number
  /** Set once it was written and may have been applied, though nobody heard. */
  protected unheard: EndError | undefined = undefined
  /** The last refusal, for the message if time runs out. */
  refusal: unknown = undefined

  constructor(owner: Owner, deadline: number, timeout: number) {
    this.owner = owner
    this.deadline = deadline
    this.timeout = timeout
  }

  abstract readonly label: string
  /** Whether it may be written twice. */
  abstract readonly repeatable: boolean
  abstract readonly writes: boolean
  abstract encode(encoder: Resp.Encoder): void
  abstract onReply(value: Resp.Value): void
  abstract finish(exit: Exit.Exit<any, RedisError>): void

  /** Puts it on a connection. */
  dispatch(connection: Connection): void {
    this.connection = connection
    connection.enqueue(this)
  }

  cancel(): void {
    this.wanted = false
  }

  protected done(exit: Exit.Exit<any, RedisError>): void {
    this.wanted = false
    this.finish(exit)
  }

  fail(error: ConnectionError): void {
    this.done(
      this.unheard === undefined ? Exit.fail(error) : ambiguous(this.label, error)
    )
  }

  /** Fails, unless an earlier attempt may have been applied: then nobody can say that it was not. */
  failWith(exit: Exit.Exit<never, RedisError>): void {
    this.done(this.unheard === undefined ? exit : ambiguous(this.label, this.unheard))
  }

  onLost(error: EndError, written: boolean): void {
    if (!this.wanted) return
    if (written) {
      if (!this.repeatable) return this.done(ambiguous(this.label, error))
      if (this.writes) this.unheard = error
      this.restart()
    }
    this.owner.again(this)
  }

  /** Forgets replies of an attempt that is over. */
  restart(): void {}

  onDeadline(written: boolean): void {
    if (!this.wanted) return
    const late = () =>
      new DeadlineExceeded({ command: this.label, timeoutMillis: this.timeout, cause: this.unheard ?? this.refusal })
    if (this.writes && (written || this.unheard !== undefined)) {
      return this.done(Exit.fail(new AmbiguousOutcome({ command: this.label, cause: late() })))
    }
    const obstacle = written || this.refusal !== undefined ? undefined : this.owner.obstacle()
    this.done(obstacle === undefined ? Exit.fail(late()) : Exit.fail(obstacle))
  }
}

// One error, and one Exit, for all commands of a name that one loss made ambiguous.
const ambiguities = new WeakMap<object, Map<string, Exit.Exit<never, AmbiguousOutcome>>>()

const ambiguous = (command: string, cause: RedisError): Exit.Exit<never, AmbiguousOutcome> => {
  let byName = ambiguities.get(cause)
  if (byName === undefined) ambiguities.set(cause, byName = new Map())
  let exit = byName.get(command)
  if (exit === undefined) byName.set(command, exit = Exit.fail(new AmbiguousOutcome({ command, cause })))
  return exit
}

/** An operation of one command. */
abstract class One extends Operation {
  readonly replies = 1
  readonly asBytes: boolean
  readonly command: Command.Any

  constructor(owner: Owner, command: Command.Any, deadline: number, timeout: number) {
    super(owner, deadline, timeout)
    this.command = command
    this.asBytes = command.asBytes
  }
  get label(): string {
    return this.command.spec.name
  }
  get repeatable(): boolean {
    return this.command.repeat
  }
  get writes(): boolean {
    return this.command.spec.mode === "write"
  }
  encode(encoder: Resp.Encoder): void {
    Command.encode(this.command, encoder)
  }
  onReply(value: Resp.Value): void {
    if (!this.wanted) return
    if (value instanceof Resp.ErrorReply && refusals.has(value.code)) {
      return this.owner.refused(this, this.command, value)
    }
    if (this.unheard !== undefined && value instanceof Resp.ErrorReply) {
      return this.failWith(Exit.fail(replyError(this.command, value)))
    }
    this.wanted = false
    this.settle(value)
  }
  protected abstract settle(value: Resp.Value): void
}

/** A command by itself. */
class Single extends One implements Suspended {
  settled: Exit.Exit<any, any> | undefined = undefined
  suspended = false
  private readonly waiter: Waiter

  constructor(owner: Owner, command: Command.Any, waiter: Waiter, deadline: number, timeout: number) {
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
    this.wanted = false
  }
}

/** One more run of a command, each time that it is run. */
class Run extends makeBase(isDirect()) implements Suspending {
  private readonly executor: Executor
  private readonly owner: Executor | LeaseImpl
  private readonly command: Command.Any
  private readonly timeout: number
  constructor(executor: Executor, owner: Executor | LeaseImpl, command: Command.Any, timeout: number) {
    super()
    this.executor = executor
    this.owner = owner
    this.command = command
    this.timeout = timeout
  }
  begin(waiter: Waiter): Suspended {
    return this.executor.begin(this.owner, this.command, this.timeout, waiter)
  }
}

/**
 * What many commands came to, in their order: the results of those that
 * succeeded, and the failures of those that did not, by index.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outcomes {
  readonly values: ReadonlyArray<unknown>
  /** Undefined if there are none. */
  readonly failures: ReadonlyMap<number, Exit.Exit<never, RedisError>> | undefined
}

type Resume = (effect: Effect.Effect<any, any>) => void

/** A pipeline on its way: one callback for all of its commands. */
class Batch implements Outcomes {
  readonly values: Array<unknown>
  failures: Map<number, Exit.Exit<never, RedisError>> | undefined = undefined
  readonly entries: Array<Entry>
  private left: number
  private readonly resume: Resume
  constructor(
    owner: Owner,
    commands: ReadonlyArray<Command.Any>,
    resume: Resume,
    deadline: number,
    timeout: number
  ) {
    this.left = commands.length
    this.values = new Array(commands.length)
    this.resume = resume
    this.entries = new Array(commands.length)
    for (let i = 0; i < commands.length; i++) {
      this.entries[i] = new Entry(this, i, owner, commands[i]!, deadline, timeout)
    }
  }
  succeed(index: number, value: unknown): void {
    this.values[index] = value
    if (--this.left === 0) this.resume(Exit.succeed<Outcomes>(this))
  }
  settle(index: number, exit: Exit.Exit<unknown, RedisError>): void {
    if (Exit.isSuccess(exit)) return this.succeed(index, exit.value)
    this.failures ??= new Map()
    this.failures.set(index, exit as Exit.Exit<never, RedisError>)
    this.succeed(index, undefined)
  }
  readonly cancel = Effect.sync(() => {
    for (const entry of this.entries) entry.cancel()
  })
}

/** A command of a pipeline. */
class Entry extends One {
  private readonly batch: Batch
  private readonly index: number
  constructor(
    batch: Batch,
    index: number,
    owner: Owner,
    command: Command.Any,
    deadline: number,
    timeout: number
  ) {
    super(owner, command, deadline, timeout)
    this.batch = batch
    this.index = index
  }
  protected settle(value: Resp.Value): void {
    if (value instanceof Resp.ErrorReply) return this.batch.settle(this.index, decodeReply(this.command, value))
    let result: unknown
    try {
      result = this.command.spec.decode(value, this.asBytes)
    } catch {
      return this.batch.settle(this.index, decodeReply(this.command, value))
    }
    this.batch.succeed(this.index, result)
  }
  finish(exit: Exit.Exit<any, RedisError>): void {
    this.batch.settle(this.index, exit)
  }
}

const nothing: Outcomes = { values: [], failures: undefined }

class Transaction extends Operation {
  readonly replies: number
  readonly asBytes: boolean
  readonly label = "MULTI"
  readonly repeatable: boolean
  readonly writes: boolean
  private received: Array<Resp.Value> = []
  private readonly commands: ReadonlyArray<Command.Any>
  private readonly resume: Resume

  constructor(
    owner: Owner,
    commands: ReadonlyArray<Command.Any>,
    resume: Resume,
    deadline: number,
    timeout: number
  ) {
    super(owner, deadline, timeout)
    this.commands = commands
    this.replies = commands.length + 2
    this.asBytes = commands.some((c) => c.asBytes)
    this.repeatable = commands.every((c) => c.repeat)
    this.writes = commands.some((c) => c.spec.mode === "write")
    this.resume = resume
  }
  encode(encoder: Resp.Encoder): void {
    encoder.raw("*1\r\n$5\r\nMULTI\r\n")
    for (const command of this.commands) Command.encode(command, encoder)
    encoder.raw("*1\r\n$4\r\nEXEC\r\n")
  }
  override restart(): void {
    this.received = []
  }
  onReply(value: Resp.Value): void {
    if (!this.wanted) return
    const received = this.received
    if (received.push(value) < this.replies) return
    this.received = []
    for (let i = 0; i < received.length; i++) {
      const reply = received[i]
      if (!(reply instanceof Resp.ErrorReply)) continue
      const command = this.commands[i - 1] ?? exec
      // An error before EXEC's own reply means that EXEC executed nothing.
      if (refusals.has(reply.code)) return this.owner.refused(this, command, reply)
      return this.failWith(Exit.fail(replyError(command, reply)))
    }
    const results = received[received.length - 1]!
    if (results === null) {
      return this.done(Exit.fail(new TransactionAborted({ commands: this.commands.map((c) => c.spec.name) })))
    }
    if (!Array.isArray(results) || results.length !== this.commands.length) {
      return this.done(decodeReply(exec, results))
    }
    let failures: Map<number, Exit.Exit<never, RedisError>> | undefined
    const values = this.commands.map((command, i) => {
      const exit = decodeReply(command, this.asBytes && !command.asBytes ? Resp.toText(results[i]) : results[i])
      if (Exit.isSuccess(exit)) return exit.value
      failures ??= new Map()
      failures.set(i, exit as Exit.Exit<never, RedisError>)
      return undefined
    })
    this.done(Exit.succeed<Outcomes>({ values, failures }))
  }
  finish(exit: Exit.Exit<any, RedisError>): void {
    this.resume(exit)
  }
}

const exec = Command.make(
  Command.define({
    words: ["EXEC"],
    mode: "write",
    decode: Command.custom((value): never => {
      throw new Command.Mismatch("one reply for each command", value)
    })
  }),
  []
)

/** Waits until there is a connection. */
class Ready extends Operation {
  readonly replies = 0
  readonly asBytes = false
  readonly label = "connect"
  readonly repeatable = true
  readonly writes = false
  private readonly resume: Resume
  constructor(owner: Owner, resume: Resume, deadline: number, timeout: number) {
    super(owner, deadline, timeout)
    this.resume = resume
  }
  override dispatch(): void {
    this.done(Exit.void)
  }
  encode(): void {}
  onReply(): void {}
  finish(exit: Exit.Exit<any, RedisError>): void {
    this.resume(exit)
  }
}

/**
 * What runs commands: an executor, or a lease of one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Runner {
  /** Runs one command. `timeout` replaces the client's for this one. */
  readonly run: <A, B>(
    command: Command.Command<A, any, B>,
    timeout?: Duration.Input | undefined
  ) => Effect.Effect<A, RedisError>
  /** Runs commands in one write; gives every command's own outcome. */
  readonly batch: (
    commands: ReadonlyArray<Command.Any>
  ) => Effect.Effect<Outcomes, RedisError>
  /** Runs commands in MULTI and EXEC; gives every command's own outcome. */
  readonly atomic: (
    commands: ReadonlyArray<Command.Any>
  ) => Effect.Effect<Outcomes, RedisError>
}

/**
 * A runner on a connection of its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lease extends Runner {
  readonly connection: Connection
}

const timeoutMillis = (input: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(input))

/**
 * Carries the commands of one client.
 *
 * @since 0.1.0
 * @category models
 */
export class Executor implements Owner, Runner {
  readonly shown: string
  private readonly target: Target
  private readonly options: ExecutorOptions
  private readonly timeout: number
  private readonly maxQueue: number
  private readonly alarm: Alarm
  private readonly runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  private readonly held = new Deque<Operation>()
  private readonly retired = new Set<Pool.Pool>()
  private pool: Pool.Pool | undefined = undefined
  private connecting: Fiber.Fiber<void> | undefined = undefined
  private improving: Fiber.Fiber<void, ConnectionError> | undefined = undefined
  private lastError: ConnectionError | undefined = undefined
  private penalty = 0
  private penaltyAt = 0
  private closed = false

  constructor(
    target: Target,
    options: ExecutorOptions,
    alarm: (ring: (now: number) => void) => Alarm,
    runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  ) {
    this.shown = target.shown
    this.target = target
    this.options = options
    this.timeout = timeoutMillis(options.commandTimeout ?? defaultCommandTimeout)
    this.maxQueue = options.maxQueue ?? defaultMaxQueue
    this.alarm = alarm((now) => this.sweep(now))
    this.runFork = runFork
  }

  // ---------------------------------------------------------------------------
  // Running

  readonly run = <A, B>(
    command: Command.Command<A, any, B>,
    timeout?: Duration.Input | undefined
  ): Effect.Effect<A, RedisError> =>
    command.spec.blocks === undefined
      ? this.runOn(this, command, timeout)
      : Effect.scoped(Effect.flatMap(this.lease, (lease) => lease.run(command, timeout)))

  readonly batch = (
    commands: ReadonlyArray<Command.Any>
  ): Effect.Effect<Outcomes, RedisError> => this.batchOn(this, commands)

  readonly atomic = (
    commands: ReadonlyArray<Command.Any>
  ): Effect.Effect<Outcomes, RedisError> => this.atomicOn(this, commands)

  runOn<A, B>(
    owner: Executor | LeaseImpl,
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<A, RedisError> {
    return new Run(this, owner, command, timeout === undefined ? this.timeout : timeoutMillis(timeout))
  }

  begin(
    owner: Executor | LeaseImpl,
    command: Command.Any,
    millis: number,
    waiter: Waiter
  ): Suspended {
    const invalid = invalidity(command, owner === this)
    if (invalid !== undefined) return { settled: Exit.fail(invalid), suspended: false, released: () => {} }
    const patience = command.spec.blocks === undefined ? 0 : command.spec.blocks(command.args)
    const operation = new Single(owner, command, waiter, this.alarm.turn() + millis + patience, millis)
    operation.patience = patience
    if (owner instanceof LeaseImpl && command.spec.session !== undefined) owner.connection.tainted = true
    owner.submit(operation)
    return operation
  }

  batchOn(
    owner: Executor | LeaseImpl,
    commands: ReadonlyArray<Command.Any>
  ): Effect.Effect<Outcomes, RedisError> {
    if (commands.length === 0) return Effect.succeed(nothing)
    return Effect.callback((resume) => {
      for (const command of commands) {
        const invalid = invalidity(command, owner === this) ?? waits(command, owner === this)
        if (invalid !== undefined) return resume(Exit.fail(invalid))
      }
      const batch = new Batch(owner, commands, resume, this.alarm.now() + this.timeout, this.timeout)
      for (const entry of batch.entries) owner.submit(entry)
      return batch.cancel
    })
  }

  atomicOn(
    owner: Executor | LeaseImpl,
    commands: ReadonlyArray<Command.Any>
  ): Effect.Effect<Outcomes, RedisError> {
    if (commands.length === 0) return Effect.succeed(nothing)
    return Effect.callback((resume) => {
      for (const command of commands) {
        const invalid = invalidity(command, true)
        if (invalid !== undefined) return resume(Exit.fail(invalid))
      }
      const transaction = new Transaction(owner, commands, resume, this.alarm.now() + this.timeout, this.timeout)
      owner.submit(transaction)
      return Effect.sync(() => transaction.cancel())
    })
  }

  /**
   * A connection of one's own, until the Scope closes. Its commands are never
   * sent again elsewhere: they fail with the loss of this connection.
   */
  readonly lease: Effect.Effect<Lease, ConnectionError | DeadlineExceeded, Scope.Scope> = Effect.suspend(() => {
    let last: ConnectionError | DeadlineExceeded | undefined
    return Effect.timeoutOrElse(
      Effect.retry(
        Effect.tapError(this.leaseOnce, (error) => Effect.sync(() => void (last = error))),
        { schedule: this.target.schedule as Schedule.Schedule<unknown, unknown>, while: mayMove }
      ),
      {
        duration: this.timeout,
        orElse: () => Effect.fail(last ?? new DeadlineExceeded({ command: "connect", timeoutMillis: this.timeout }))
      }
    )
  })

  private readonly leaseOnce: Effect.Effect<Lease, ConnectionError | DeadlineExceeded, Scope.Scope> = Effect.suspend(
    () =>
      Effect.flatMap(this.ready, () =>
        this.pool === undefined
          ? this.leaseOnce
          : Effect.map(this.pool.lease, (connection): Lease => new LeaseImpl(this, connection)))
  )

  private readonly ready: Effect.Effect<void, ConnectionError | DeadlineExceeded> = Effect.callback((resume) => {
    const ready = new Ready(this, resume, this.alarm.now() + this.timeout, this.timeout)
    this.submit(ready)
    return Effect.sync(() => ready.cancel())
  })

  /** Puts an operation on its way. */
  submit(operation: Operation): void {
    const connection = this.pool === undefined ? undefined : this.pool.pick()
    if (connection === undefined) return this.hold(operation)
    if (connection.queued >= this.maxQueue) {
      return operation.fail(new QueueFull({ target: this.shown, limit: this.maxQueue }))
    }
    this.arm(operation.deadline)
    operation.dispatch(connection)
  }

  /** Makes sure that a deadline is noticed. */
  arm(deadline: number): void {
    if (deadline < this.alarm.at) this.alarm.set(deadline)
  }

  private hold(operation: Operation): void {
    if (this.closed) return operation.fail(new ClientClosed({ target: this.shown }))
    if (this.held.size >= this.maxQueue) {
      return operation.fail(new QueueFull({ target: this.shown, limit: this.maxQueue }))
    }
    this.held.push(operation)
    this.arm(operation.deadline)
    this.wake()
  }

  private sweep(now: number): void {
    let next = Infinity
    const late: Array<Operation> = []
    this.held.retain((operation) => {
      if (!operation.wanted) return false
      if (operation.deadline <= now) {
        late.push(operation)
        return false
      }
      next = Math.min(next, operation.deadline)
      return true
    })
    for (const operation of late) operation.onDeadline(false)
    const expire = (connection: Connection): void => {
      next = Math.min(next, connection.expire(now))
    }
    this.pool?.forEach(expire)
    for (const pool of this.retired) pool.forEach(expire)
    if (next !== Infinity) this.arm(next)
  }

  // ---------------------------------------------------------------------------
  // Outcomes

  again(operation: Operation): void {
    this.hold(operation)
  }

  refused(operation: Operation, command: Command.Any, reply: Resp.ErrorReply): void {
    if (!this.target.movable && reply.code !== "LOADING") {
      return operation.failWith(Exit.fail(replyError(command, reply)))
    }
    operation.refusal ??= replyError(command, reply)
    this.distrust(operation.connection, reply.text)
    this.hold(operation)
  }

  obstacle(): ConnectionError | undefined {
    return this.lastError
  }

  /** The node said that it is the wrong one, or not ready: its pool is given up, and the target asked anew. */
  distrust(connection: Connection | undefined, why: string): void {
    const pool = this.pool
    if (pool === undefined || connection === undefined || !Address.equals(pool.address, connection.address)) return
    if (!connection.open) return
    this.penalize()
    this.leave(pool, why)
    this.wake()
  }

  /** A node that keeps refusing, or a group that keeps moving, is asked less and less often. */
  private penalize(): void {
    const now = this.alarm.now()
    this.penalty = now - this.penaltyAt > 2000 ? 10 : Math.min(500, Math.max(10, this.penalty * 2))
    this.penaltyAt = now
  }

  private leave(pool: Pool.Pool, why: string): void {
    if (this.pool === pool) this.pool = undefined
    this.retired.add(pool)
    pool.close(why, true)
    this.prune()
  }

  private prune(): void {
    for (const pool of this.retired) {
      let any = false
      pool.forEach(() => {
        any = true
      })
      if (!any) this.retired.delete(pool)
    }
  }

  // ---------------------------------------------------------------------------
  // Connecting

  private wake(): void {
    if (this.closed || this.connecting !== undefined) return
    if (this.pool !== undefined && this.pool.missing === 0) return
    const pause = this.penaltyAt + this.penalty - this.alarm.now()
    const attempts = Effect.retry(this.attempt, { schedule: this.target.schedule, while: isRetryable })
    const fiber = this.runFork(
      Effect.onExit(
        pause > 0 ? Effect.andThen(Effect.sleep(pause), attempts) : attempts,
        (exit) =>
          Effect.sync(() => {
            this.connecting = undefined
            if (this.closed) return
            if (Exit.isSuccess(exit)) return this.wake()
            const error = Cause.findErrorOption(exit.cause)
            for (const operation of this.held.drain()) {
              if (!operation.wanted) continue
              // A defect, such as a natMap that throws, is not turned into something else.
              if (Option.isSome(error)) operation.fail(error.value)
              else operation.failWith(Exit.failCause(exit.cause as Cause.Cause<never>))
            }
          })
      )
    ) as Fiber.Fiber<void>
    // It may be over already, if the transport is in memory.
    if (fiber.pollUnsafe() === undefined) this.connecting = fiber
  }

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

  private readonly attempt: Effect.Effect<void, ConnectionError> = Effect.suspend(() => {
    const like = this.pool?.pick()
    return Effect.tapError(
      this.tryOpen(like === undefined ? this.target.open : this.target.openBeside(like)),
      (error) => Effect.sync(() => void (this.lastError = error))
    )
  })

  /** While a makeshift serves, the real thing is looked for now and then. */
  private improve(connection: Connection): void {
    const better = this.target.better
    if (better === undefined || !better.isMakeshift(connection)) return
    // An earlier one ends by itself: the connection that it is about is no longer open.
    this.improving = this.runFork(
      Effect.retry(
        Effect.andThen(
          Effect.sleep(improveInterval),
          Effect.suspend(() => connection.open && !this.closed ? this.tryOpen(better.open) : Effect.void)
        ),
        { schedule: Schedule.forever }
      )
    )
  }

  private attach(connection: Connection, scope: Scope.Closeable): Effect.Effect<void, ConnectionError> {
    return Effect.gen({ self: this }, function*() {
      if (connection.ended !== undefined) return yield* connection.ended
      const address = connection.address
      let pool = this.pool
      if (pool === undefined || !Address.equals(pool.address, address)) {
        if (pool !== undefined) {
          this.penalize()
          this.leave(pool, `${this.shown} is now at ${connection.shownAddress}`)
        }
        pool = yield* Pool.make({
          address,
          target: this.shown,
          connect: this.target.openAt(connection),
          pool: this.options
        })
      }
      if (pool.missing === 0) {
        // What was looked for elsewhere is here already.
        connection.close("there are enough connections")
        return this.runFork(Scope.close(scope, Exit.void))
      }
      const home = pool
      connection.onEnd = (error) => {
        home.remove(connection)
        this.lastError = error
        this.runFork(Scope.close(scope, Exit.void))
        this.prune()
        if (this.pool === home) this.wake()
      }
      if (this.closed) {
        home.close("the client was closed", false)
        return connection.close("the client was closed")
      }
      this.pool = home
      this.lastError = undefined
      home.add(connection)
      for (const operation of this.held.drain()) {
        if (operation.wanted) this.submit(operation)
      }
      this.improve(connection)
    })
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.alarm.close()
    this.connecting?.interruptUnsafe()
    this.improving?.interruptUnsafe()
    const pool = this.pool
    this.pool = undefined
    const why = "the client was closed"
    pool?.close(why, false)
    for (const old of this.retired) old.forEach((connection) => connection.close(why))
    this.retired.clear()
    const error = new ClientClosed({ target: this.shown })
    for (const operation of this.held.drain()) if (operation.wanted) operation.fail(error)
  }
}

const invalidity = (command: Command.Any, shared: boolean): InvalidCommand | undefined => {
  const session = command.spec.session
  const detail = session !== undefined && (shared || session === "never")
    ? session === "never"
      ? "it would take the connection out of the order of commands and replies"
      : "it changes the session, so it needs a lease"
    : Command.check(command)
  return detail === undefined ? undefined : new InvalidCommand({ command: command.spec.name, detail })
}

const waits = (command: Command.Any, shared: boolean): InvalidCommand | undefined =>
  shared && command.spec.blocks !== undefined
    ? new InvalidCommand({
      command: command.spec.name,
      detail: "it waits at the server, which would hold up a shared connection: run it by itself or on a lease"
    })
    : undefined

/** The node cannot be reached, or has been left: the next one may do. */
const mayMove = (error: ConnectionError | DeadlineExceeded): boolean =>
  error._tag === "ConnectFailed" || error._tag === "ConnectionLost" || error._tag === "RoleMismatch"

const isRetryable = (error: ConnectionError): boolean => error.isRetryable

class LeaseImpl implements Owner, Lease {
  readonly shown: string
  readonly connection: Connection
  private readonly executor: Executor
  constructor(executor: Executor, connection: Connection) {
    this.executor = executor
    this.connection = connection
    this.shown = executor.shown
  }
  readonly run: Runner["run"] = (command, timeout) => this.executor.runOn(this, command, timeout)
  readonly batch: Runner["batch"] = (commands) => this.executor.batchOn(this, commands)
  readonly atomic: Runner["atomic"] = (commands) => this.executor.atomicOn(this, commands)

  submit(operation: Operation): void {
    this.executor.arm(operation.deadline)
    operation.dispatch(this.connection)
  }
  again(operation: Operation): void {
    operation.fail(this.connection.ended!)
  }
  refused(operation: Operation, command: Command.Any, reply: Resp.ErrorReply): void {
    this.executor.distrust(this.connection, reply.text)
    operation.failWith(Exit.fail(replyError(command, reply)))
  }
  obstacle(): ConnectionError | undefined {
    return this.connection.ended
  }
}

/**
 * An executor, until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (target: Target, options: ExecutorOptions): Effect.Effect<Executor, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(
      Effect.context<never>(),
      (context) => new Executor(target, options, (ring) => new Alarm(context, ring), Effect.runForkWith(context))
    ),
    (executor) => Effect.sync(() => executor.close())
  )
