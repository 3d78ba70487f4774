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
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Address from "./Address.ts"
import * as Command from "./Command.ts"
import { clientUnblock, ping } from "./commands/connection.ts"
import { info } from "./commands/server.ts"
import {
  Call,
  type Connection,
  decodeReply,
  type EndError,
  type Guard,
  replyError,
  type Request,
  serverText
} from "./Connection.ts"
import { Connector } from "./Connector.ts"
import {
  AmbiguousOutcome,
  ClientClosed,
  ConnectFailed,
  type ConnectionError,
  ConnectionLost,
  DeadlineExceeded,
  InvalidCommand,
  LeaseTimeout,
  ProtocolError,
  QueueFull,
  type RedisError,
  ScanInterrupted,
  TransactionAborted
} from "./Errors.ts"
import { Alarm } from "./internal/Alarm.ts"
import { Deque } from "./internal/Deque.ts"
import { isDirect, makeBase, type Suspended, type Suspending, type Waiter } from "./internal/suspend.ts"
import * as Metrics from "./Metrics.ts"
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
  /** Tells of moves and of when writes have to wait, until what it gives is called. */
  readonly watch?: ((watcher: Watcher) => () => void) | undefined
  /** Is told that the node says that it is the wrong one, or not ready. */
  readonly doubted?: (() => void) | undefined
  /** The group's configuration epoch, as far as it is known. */
  readonly epoch?: (() => number) | undefined
  /** Is told of each connection that was taken in. */
  readonly attached?: (() => void) | undefined
  /** Opens a session with another node, while the one at this address is late with its answers. */
  readonly elsewhere?: ((late: Address.Address) => Effect.Effect<Connection, ConnectionError, Scope.Scope>) | undefined
  /** Is told that a shared connection is late with its answers. */
  readonly late?: ((connection: Connection) => void) | undefined
  /** Whether a replica that names this as its primary has another history than the group. */
  readonly isAstray?: ((source: { readonly host: string; readonly port: number }) => boolean) | undefined
  /** Is told of the first write that was acknowledged after a move. */
  readonly acknowledged?: (() => void) | undefined
}

/**
 * Whether writes may go out: undefined if they may; `"held"` if they have to
 * wait; `"asking"` if they wait until that is known; or the error with which
 * they are refused.
 *
 * @since 0.1.0
 * @category models
 */
export type Gate = undefined | "held" | "asking" | ConnectionError

/**
 * Who is told of what happens to the node.
 *
 * @since 0.1.0
 * @category models
 */
export interface Watcher {
  /** The node is another one now, at this address since this epoch. */
  readonly moved: (address: Address.Address, epoch: number) => void
  /** The node at this address is no longer one to go to. */
  readonly left: (address: Address.Address, why: string) => void
  /** The node at this address is thought to be down: if it owes an answer, none is waited for. */
  readonly suspected: (address: Address.Address) => void
  /**
   * The group has another primary, at this address: a makeshift may have had its
   * time, and so may any other node if `all`. A better one is looked for while
   * it serves.
   */
  readonly reconsider: (primary: Address.Address, all: boolean) => void
  /** Whether writes may go out has changed; it is so for that many milliseconds already, at most. */
  readonly gate: (gate: Gate, age: number) => void
  /** How many milliseconds old the word that writes have to wait is at most when it is heard. */
  readonly distance: (millis: number) => void
  /** The node at the one address goes by the other from now on. */
  readonly renamed: (from: Address.Address, to: Address.Address) => void
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ExecutorOptions extends Pool.PoolOptions {
  /** For one command, from its call to its reply, whatever happens in between. Default 10 seconds; `"Infinity"` for none. */
  readonly commandTimeout?: Duration.Input | undefined
  /**
   * How many commands may wait for a connection, for its socket, or, beyond
   * 10,000, for their replies. Default 100,000. A pipeline is taken whole if there
   * is room for one command.
   */
  readonly maxQueue?: number | undefined
  /**
   * Whether writes may be sent again when their reply never came: all of them,
   * or those for which a function says so. They may then be applied twice; they
   * no longer fail with `AmbiguousOutcome` for a lost connection. Default false.
   */
  readonly repeatable?: boolean | ((command: Command.Any) => boolean) | undefined
}

const defaultCommandTimeout = Duration.seconds(10)
const defaultMaxQueue = 100_000
const improveInterval = Duration.seconds(1)
/** How often another node is looked for while the one that serves is late. */
const eludeInterval = Duration.millis(250)

/**
 * Error codes by which a server refuses a command before executing it, because
 * of its own state and not because of the command: another server is looked for.
 */
const refusals: ReadonlySet<string> = new Set(["READONLY", "LOADING", "MASTERDOWN"])

/** The same, for states that pass by themselves: the same server is asked again after a pause. */
const pauses: ReadonlySet<string> = new Set(["NOREPLICAS", "TRYAGAIN", "CLUSTERDOWN", "BUSY"])

/** How long that pause is, in milliseconds, at first and at most: a script may run for long. */
const pauseMillis = 20
const mostPauseMillis = 200

/** For how long a server that refuses sessions is not dialled, at first and at most, in milliseconds. */
const firstRefusalMillis = 100
const mostRefusalMillis = 2000

/** How long a wait at a server that was given up is not begun again, in milliseconds. */
const rewaitMillis = 10

/**
 * For how long a server is left to wait at most, in milliseconds: then it is
 * asked again. So a connection on which nothing comes any more is noticed, and
 * where there are more waits than connections they take turns. Nothing was
 * taken in a turn that the server has ended.
 */
const turnMillis = 5000
/** Clocks do not run alike. A turn that is over sooner than that was ended by somebody else, in milliseconds. */
const earlyMillis = 50

const onceMore = Symbol("once more")

/** By these words a server ends a wait because it has become a replica: nothing was taken. */
const forced = "UNBLOCKED force unblock"

/**
 * How long after a replica was selected a reply to an earlier write is believed
 * at once, in milliseconds. The replica is promoted 57 ms or more after it was
 * selected (Redis 7.0.15), and what has arrived may be unread for 20 ms: a write
 * that the old primary executes later may be lost, so its reply waits until it
 * is known whether the group has moved.
 */
export const graceMillis = 35

/**
 * Who runs an operation: an executor, or one of its leases.
 *
 * @since 0.1.0
 * @category models
 */
export interface Owner {
  readonly shown: string
  /** The operation was not executed: the connection that it was for has ended. */
  readonly again: (operation: Operation, error: EndError) => void
  /** The server refused it before executing it. */
  readonly refused: (operation: Operation, command: Command.Any, reply: Resp.ErrorReply) => void
  /** Whether a refusal is the end of it, and nothing is sent again. */
  readonly isFinal: (reply: Resp.ErrorReply) => boolean
  /** What stands in the way, if an operation's time is up before it was written. */
  readonly obstacle: () => ConnectionError | undefined
  /** Puts an operation on its way. */
  readonly submit: (operation: Operation) => void
  /** One more of what is counted. */
  readonly count: (metric: "ambiguous" | "repeated") => void
}

const Stage = { nowhere: 0, held: 1, queued: 2, written: 3 } as const

/**
 * One command, pipeline entry or transaction on its way.
 *
 * @since 0.1.0
 * @category models
 */
export abstract class Operation implements Request {
  abstract readonly replies: number
  abstract readonly asBytes: boolean
  patience = 0
  wanted = true
  connection: Connection | undefined = undefined
  /** Where it is, as a number of `Stage`. */
  stage: number = Stage.nowhere
  /** Who held it last: its owner's executor, or another one that serves for that. */
  holder: Executor | undefined = undefined
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
  /** Where it has to go, if it is a page of a scan. */
  get pin(): Pin | undefined {
    return undefined
  }
  /** The server that its cursor belongs to cannot be asked any more. */
  interrupt(_server: string): void {}
  /** The commands that it is written as, one for each reply. */
  abstract readonly parts: ReadonlyArray<Command.Any>
  /** Whether it may be written twice. */
  abstract readonly repeatable: boolean
  abstract readonly writes: boolean
  /** Whether it has to wait while writes do. */
  get waits(): boolean {
    return this.writes
  }
  /** As how many commands it counts while it is held. */
  get weight(): number {
    return 1
  }
  abstract encode(encoder: Resp.Encoder): void
  abstract onReply(value: Resp.Value): void
  abstract finish(exit: Exit.Exit<any, RedisError>): void

  /** Puts it on a connection. */
  dispatch(connection: Connection): void {
    this.connection = connection
    this.stage = Stage.queued
    connection.enqueue(this)
  }

  /** Nobody waits for it any more: it leaves the queue's count, and what it would have sent is let go. */
  cancel(): void {
    if (!this.wanted) return
    this.wanted = false
    if (this.stage === Stage.queued) this.connection!.gaveUp()
    else if (this.stage === Stage.held) this.holder!.gaveUp(this)
    this.forget()
  }

  /** Lets go what only an attempt needs. */
  protected abstract forget(): void

  /** It was taken back before it was written. */
  recalled(): void {
    this.owner.submit(this)
  }

  /** It cannot be written; nothing of it was. */
  onInvalid(detail: string): void {
    this.failWith(Exit.fail(new InvalidCommand({ command: this.label, detail })))
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
      if (!this.repeatable) {
        this.owner.count("ambiguous")
        return this.done(ambiguous(this.label, error))
      }
      if (this.writes) this.unheard = error
      this.restart()
      this.owner.count("repeated")
    }
    this.owner.again(this, error)
  }

  /** The server refused it because of its own state. Whether that passes by itself. */
  refuse(command: Command.Any, reply: Resp.ErrorReply): boolean {
    this.refusal ??= replyError(command, reply)
    this.owner.count("repeated")
    return pauses.has(reply.code)
  }

  /** Forgets replies of an attempt that is over. */
  restart(): void {}

  onDeadline(written: boolean): void {
    if (!this.wanted) return
    const late = () =>
      new DeadlineExceeded({ command: this.label, timeoutMillis: this.timeout, cause: this.unheard ?? this.refusal })
    if (this.writes && (written || this.unheard !== undefined)) {
      this.owner.count("ambiguous")
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
  command: Command.Any

  constructor(owner: Owner, command: Command.Any, deadline: number, timeout: number) {
    super(owner, deadline, timeout)
    this.command = command
    this.asBytes = command.asBytes
  }
  get label(): string {
    return this.command.spec.name
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
    if (!this.wanted) return
    if (value instanceof Resp.ErrorReply && isRefusal(value)) return this.owner.refused(this, this.command, value)
    if (this.unheard !== undefined && value instanceof Resp.ErrorReply) {
      return this.failWith(Exit.fail(replyError(this.command, value)))
    }
    this.wanted = false
    this.settle(value)
  }
  protected abstract settle(value: Resp.Value): void
}

/** In the place of a command that nobody waits for. */
const forgotten: Command.Any = ping()

const isRefusal = (reply: Resp.ErrorReply): boolean => refusals.has(reply.code) || pauses.has(reply.code)

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
    if (this.wanted) this.cancel()
  }
}

/**
 * Where a scan is: at one server, in one epoch. Its cursor means nothing to any
 * other.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pin {
  /** Undefined before the first page. */
  server: string | undefined
  /** The connection of the last page: as long as it is open, the next one goes there. */
  connection?: Connection | undefined
  /** Who ran the first page, where there is a choice. */
  runner?: Runner | undefined
  /** How many elements were given so far. */
  given: number
}

/** Learns which run of which server a connection leads to; without that, each connection is one of its own. */
const identify = (connection: Connection): Call => {
  const command = info("server")
  return new Call(command, (value) => {
    const exit = decodeReply(command, value)
    const run = Exit.isSuccess(exit) ? exit.value["run_id"] : undefined
    const { epoch, shownAddress } = connection
    // Two scans that begin at once both ask.
    connection.server ??= run === undefined
      ? `${shownAddress} connection ${serial++}`
      : `${shownAddress} ${epoch} ${run}`
  })
}

let serial = 1

/** A page of a scan. */
class Paged extends Single {
  private readonly place: Pin
  constructor(owner: Owner, command: Command.Any, pin: Pin, waiter: Waiter, deadline: number, timeout: number) {
    super(owner, command, waiter, deadline, timeout)
    this.place = pin
  }
  override get pin(): Pin {
    return this.place
  }
  override dispatch(connection: Connection): void {
    if (connection.server === undefined) connection.enqueue(identify(connection))
    super.dispatch(connection)
  }
  protected override settle(value: Resp.Value): void {
    const server = this.connection?.server
    const pin = this.pin
    if (pin.server !== undefined && pin.server !== server) {
      return this.interrupt(pin.server)
    }
    pin.server = server
    pin.connection = this.connection
    super.settle(value)
  }
  override interrupt(server: string): void {
    this.done(Exit.fail(
      new ScanInterrupted({
        command: this.label,
        given: this.pin.given,
        detail: `its cursor belongs to ${server.split(" ", 1)[0]}, as that was then`
      })
    ))
  }
}

/** A page of a scan, each time that it is run. */
class Turn extends makeBase(isDirect()) implements Suspending {
  private readonly start: (waiter: Waiter) => Suspended
  constructor(start: (waiter: Waiter) => Suspended) {
    super()
    this.start = start
  }
  begin(waiter: Waiter): Suspended {
    return this.start(waiter)
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

/**
 * A pipeline on its way. The order in which it was written is the order of its
 * effects: its commands go to one connection, one after the other, and what is
 * sent again is sent with everything that comes after it. See "Pipelines" in
 * docs/failover.md.
 */
class Batch extends Operation implements Outcomes {
  readonly replies = 0
  readonly asBytes = false
  readonly label = "pipeline"
  readonly parts = []
  readonly repeatable = true
  readonly writes: boolean
  readonly values: Array<unknown>
  failures: Map<number, Exit.Exit<never, RedisError>> | undefined = undefined
  /** Set while a refused command waits for what becomes of those after it. */
  isStuck = false
  entries: ReadonlyArray<Entry>
  /** From this one on they are its owner's, and on no connection. */
  private next = 0
  /** How many are on a connection and have not been heard of. */
  private outstanding = 0
  /** Why the connection ended that some of them were on. */
  private loss: EndError | undefined = undefined
  /** Whether the rest has to wait until the others are answered. */
  private isDeferred = false
  private left: number
  private resume: Resume

  constructor(
    owner: Owner,
    commands: ReadonlyArray<Command.Any>,
    resume: Resume,
    deadline: number,
    timeout: number
  ) {
    super(owner, deadline, timeout)
    this.left = commands.length
    this.values = new Array(commands.length)
    this.resume = resume
    const entries: Array<Entry> = this.entries = new Array(commands.length)
    let writes = false
    for (let i = 0; i < commands.length; i++) {
      const command = commands[i]!
      entries[i] = new Entry(this, i, owner, command, deadline, timeout)
      if (command.spec.mode === "write") writes = true
    }
    this.writes = writes
  }

  override get weight(): number {
    return this.entries.length
  }
  encode(): void {}
  onReply(): void {}
  finish(): void {}
  protected forget(): void {
    this.entries = []
    // It leads to the fiber that is gone, and to what that was given.
    this.resume = () => {}
  }

  /** Sends what is not on a connection yet: to one, and behind what is unanswered. */
  override dispatch(connection: Connection): void {
    this.stage = Stage.nowhere
    const { entries } = this
    if (this.isStuck || this.next === entries.length) return
    let to = connection
    const before = this.connection
    if (before !== undefined && before !== to) {
      if (before.open && (this.outstanding > 0 || Address.equals(before.address, to.address))) to = before
      else if (this.outstanding > 0) {
        this.isDeferred = true
        return
      }
    }
    this.connection = to
    if (to.ended !== undefined) return this.owner.again(this, to.ended)
    const from = this.next
    this.next = entries.length
    for (let i = from; i < entries.length; i++) {
      const entry = entries[i]!
      if (!entry.wanted) continue
      this.outstanding++
      entry.dispatch(to)
    }
  }

  succeed(index: number, value: unknown): void {
    this.values[index] = value
    if (--this.left > 0) return
    this.wanted = false
    this.resume(Exit.succeed<Outcomes>(this))
  }

  settle(index: number, exit: Exit.Exit<unknown, RedisError>): void {
    if (Exit.isSuccess(exit)) return this.succeed(index, exit.value)
    this.failures ??= new Map()
    this.failures.set(index, exit as Exit.Exit<never, RedisError>)
    this.succeed(index, undefined)
  }

  /** One of those on a connection was heard of. */
  back(): void {
    if (--this.outstanding > 0) return
    if (this.isStuck || this.loss !== undefined || this.isDeferred) this.decide()
  }

  /** One was refused, or comes after one that was: its answer waits until all have come. */
  withhold(entry: Entry, value: Resp.Value): void {
    entry.answer = value
    if (!this.isStuck) {
      this.isStuck = true
      // What is not written yet must not overtake it.
      this.connection?.withdraw((request) => request instanceof Entry && this.takeBack(request))
    }
    this.back()
  }

  /** One is not written, and on no connection any more. Whether it was one of these. */
  takeBack(entry: Entry): boolean {
    if (entry.batch !== this || !entry.wanted) return false
    entry.stage = Stage.nowhere
    this.outstanding--
    if (entry.index < this.next) this.next = entry.index
    return true
  }

  recall(entry: Entry): void {
    const isOwners = this.next < this.entries.length
    if (this.takeBack(entry) && !isOwners) this.owner.submit(this)
  }

  lose(entry: Entry, error: EndError, written: boolean): void {
    this.loss = error
    if (written) {
      entry.isLost = true
      this.back()
    } else if (this.takeBack(entry)) {
      this.outstanding++
      this.back()
    }
  }

  /**
   * All that were sent were heard of. From the first one on that has to be sent
   * again, all have to be: what comes before a command that may have been
   * executed, and may not be executed twice, stays as it is.
   */
  private decide(): void {
    const { entries, loss } = this
    let from = entries.length
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i]!
      if (!entry.wanted || !entry.mayFollow) break
      from = i
    }
    while (from < entries.length && !entries[from]!.isOpen) from++
    for (let i = 0; i < from; i++) if (entries[i]!.wanted) entries[i]!.conclude(loss)
    let refused: Entry | undefined
    let reply: Resp.ErrorReply | undefined
    for (let i = from; i < entries.length; i++) {
      const entry = entries[i]!
      if (!entry.wanted) continue
      if (refused === undefined && entry.isRefused) {
        refused = entry
        reply = entry.answer as Resp.ErrorReply
      }
      entry.begin(loss)
    }
    this.next = from
    this.isStuck = false
    this.loss = undefined
    this.isDeferred = false
    if (!this.wanted || from === entries.length) return
    if (refused !== undefined) this.owner.refused(this, refused.command, reply!)
    else if (loss !== undefined) this.owner.again(this, loss)
    else this.owner.submit(this)
  }

  override cancel(): void {
    for (const entry of this.entries) entry.cancel()
    super.cancel()
  }

  /** What was not sent will not be. */
  override fail(error: ConnectionError): void {
    this.end((entry) => entry.fail(error))
  }

  override failWith(exit: Exit.Exit<never, RedisError>): void {
    this.end((entry) => entry.failWith(exit))
  }

  private end(f: (entry: Entry) => void): void {
    const { entries, next } = this
    this.next = entries.length
    for (let i = next; i < entries.length; i++) if (entries[i]!.wanted) f(entries[i]!)
  }

  override onDeadline(): void {
    this.expire(this.deadline)
  }

  /** The time of those is up whose deadline is not later. */
  expire(deadline: number): void {
    if (!this.wanted) return
    let unheard = 0
    for (const entry of this.entries) {
      if (!entry.wanted || entry.deadline > deadline) continue
      entry.refusal ??= this.refusal
      if (entry.expire(this.loss)) unheard++
    }
    for (let i = 0; i < unheard; i++) this.back()
  }

  /** Lets another server answer all that is unanswered: all of it, so that one server does. */
  hedge(to: Connection): void {
    if (this.writes || !this.wanted || this.isStuck || this.next < this.entries.length) return
    if (hedged.has(this) || this.owner instanceof LeaseImpl) return
    hedged.add(this)
    this.owner.count("repeated")
    const rest = this.entries.filter((entry) => entry.wanted)
    const values: Array<Resp.Value> = []
    for (const entry of rest) {
      to.enqueue(
        new Call(
          entry.command,
          (value) => {
            if (values.push(value) < rest.length) return
            // Whoever was late has begun to answer.
            if (!rest.every((other) => other.wanted && other.answer === undefined && !other.isLost)) return
            if (values.some((v) => v instanceof Resp.ErrorReply && isRefusal(v))) return
            this.connection = to
            rest.forEach((other, i) => {
              if (other.stage === Stage.queued) other.connection!.gaveUp()
              other.take(values[i]!)
            })
          },
          () => void hedged.delete(this)
        )
      )
    }
  }
}

/** A command of a pipeline. */
class Entry extends One {
  readonly batch: Batch
  readonly index: number
  /** What the server said, while it is not known what that is worth. */
  answer: Resp.Value | undefined = undefined
  /** Whether it was written to a connection that has ended, and may have been executed. */
  isLost = false
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
  override get waits(): boolean {
    return this.batch.writes
  }
  override onReply(value: Resp.Value): void {
    if (!this.wanted) return
    const batch = this.batch
    if (batch.isStuck) return batch.withhold(this, value)
    if (value instanceof Resp.ErrorReply && isRefusal(value)) {
      if (!this.owner.isFinal(value)) return batch.withhold(this, value)
      this.owner.refused(this, this.command, value)
    } else this.take(value)
    batch.back()
  }
  /** What the server said is its outcome. */
  take(value: Resp.Value): void {
    if (this.unheard !== undefined && value instanceof Resp.ErrorReply) {
      return this.failWith(Exit.fail(replyError(this.command, value)))
    }
    this.wanted = false
    this.settle(value)
  }
  /** Whether the server refused it, and would not the next time. */
  get isRefused(): boolean {
    const answer = this.answer
    return answer instanceof Resp.ErrorReply && isRefusal(answer) && !this.owner.isFinal(answer)
  }
  /** Whether it has no outcome yet, whatever becomes of others. */
  get isOpen(): boolean {
    return this.wanted && (this.answer === undefined || this.isRefused)
  }
  /** Whether it may be sent again after something that comes before it. */
  get mayFollow(): boolean {
    if (this.answer === undefined) return !this.isLost || this.repeatable
    return this.isRefused || !(this.writes || this.command.spec.session !== undefined)
  }
  /** It is not sent again. */
  conclude(loss: EndError | undefined): void {
    const answer = this.answer
    if (answer === undefined) {
      if (!this.writes) return this.fail(loss!)
      this.owner.count("ambiguous")
      return this.done(ambiguous(this.label, loss!))
    }
    if (this.isRefused) return this.failWith(Exit.fail(replyError(this.command, answer as Resp.ErrorReply)))
    this.take(answer)
  }
  /** It is sent again. */
  begin(loss: EndError | undefined): void {
    if (this.isRefused) this.refusal ??= replyError(this.command, this.answer as Resp.ErrorReply)
    if (this.isLost) {
      if (this.writes) this.unheard = loss
      this.owner.count("repeated")
    }
    this.answer = undefined
    this.isLost = false
    this.stage = Stage.nowhere
  }
  override recalled(): void {
    this.batch.recall(this)
  }
  override onLost(error: EndError, written: boolean): void {
    if (this.wanted) this.batch.lose(this, error, written)
  }
  override onInvalid(detail: string): void {
    super.onInvalid(detail)
    this.batch.back()
  }
  override onDeadline(): void {
    this.batch.expire(this.deadline)
  }
  /** Its time is up. Whether it is on a connection, and nothing else will be heard of it. */
  expire(loss: EndError | undefined): boolean {
    const { answer, isLost, stage } = this
    if (answer !== undefined && !this.isRefused) {
      this.take(answer)
      return false
    }
    if (isLost && this.writes) this.unheard = loss
    if (stage === Stage.queued) this.connection!.gaveUp()
    super.onDeadline(answer === undefined && stage === Stage.written)
    return answer === undefined && !isLost && stage !== Stage.nowhere
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

/** The commands of a pipeline that wait at the server have their time, and those behind them too. */
const allowWaits = (batch: Batch): void => {
  let waited = 0
  for (const entry of batch.entries) {
    const { args, spec } = entry.command
    if (spec.blocks !== undefined) waited += entry.patience = spec.blocks(args)
    entry.deadline += waited
  }
  batch.deadline += waited
}

const nothing: Outcomes = { values: [], failures: undefined }

class Transaction extends Operation {
  readonly replies: number
  readonly asBytes: boolean
  readonly label = "MULTI"
  readonly repeatable: boolean
  readonly writes: boolean
  private received: Array<Resp.Value> = []
  private commands: ReadonlyArray<Command.Any>
  private resume: Resume

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
  override get weight(): number {
    return this.commands.length
  }
  protected forget(): void {
    this.commands = []
    this.resume = () => {}
  }
  encode(encoder: Resp.Encoder): void {
    this.stage = Stage.written
    encoder.raw("*1\r\n$5\r\nMULTI\r\n")
    for (const command of this.commands) Command.encode(command, encoder)
    encoder.raw("*1\r\n$4\r\nEXEC\r\n")
  }
  get parts(): ReadonlyArray<Command.Any> {
    return [multi, ...this.commands, this.asBytes ? Command.bytes(exec) : exec]
  }
  override restart(): void {
    this.received = []
  }
  /** Once the server has refused one of its commands, EXEC executes none: that much is known. */
  override onLost(error: EndError, written: boolean): void {
    const at = this.received[0] instanceof Resp.ErrorReply
      ? -1
      : this.received.findIndex((reply) => reply instanceof Resp.ErrorReply)
    if (!this.wanted || !written || at === -1) return super.onLost(error, written)
    const reply = this.received[at] as Resp.ErrorReply
    const command = this.commands[at - 1]!
    this.received = []
    if (isRefusal(reply)) return this.owner.again(this, error)
    this.failWith(Exit.fail(replyError(command, reply)))
  }
  onReply(value: Resp.Value): void {
    const received = this.received
    if (received.push(value) < this.replies) return
    this.received = []
    const [begun, ended] = [received[0]!, received[received.length - 1]!]
    if (ended instanceof Resp.ErrorReply && ended.code !== "EXECABORT" && !(begun instanceof Resp.ErrorReply)) {
      // Who may not run EXEC, or calls it by another name, is still inside MULTI.
      this.connection?.close("EXEC was refused, so whatever comes after it would only be queued")
    }
    if (!this.wanted) return
    if (begun instanceof Resp.ErrorReply && this.writes) {
      // Without MULTI the commands were commands by themselves.
      const some = received.some((reply, i) => i < received.length - 1 && !(reply instanceof Resp.ErrorReply))
      if (some) {
        this.owner.count("ambiguous")
        return this.done(ambiguous(this.label, replyError(multi, begun)))
      }
    }
    for (let i = 0; i < received.length; i++) {
      const reply = received[i]
      if (!(reply instanceof Resp.ErrorReply)) continue
      const command = this.commands[i - 1] ?? exec
      // An error before EXEC's own reply means that EXEC executed nothing; its own may name the reason.
      const reason = because(reply)
      if (isRefusal(reason)) return this.owner.refused(this, command, reason)
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

/** EXEC's own words for why the server cannot execute a transaction now. */
const because = (reply: Resp.ErrorReply): Resp.ErrorReply => {
  const reason = /^EXECABORT .* because of: ([A-Z]+ .*)$/s.exec(reply.text)
  return reason === null ? reply : new Resp.ErrorReply(reason[1]!)
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

const multi = Command.make(Command.define({ words: ["MULTI"], mode: "write", decode: Command.ok }), [])

/** What was sent to a second server as well, since the first was late. Once is enough. */
const hedged = new WeakSet<Operation>()

/**
 * Lets another server answer, too, what one is late with: the first answer
 * counts. Only reads, and none of a scan, whose place is at the one server.
 * What is not written yet goes there by itself.
 */
export const hedge = (from: Connection, to: Connection, arm: (deadline: number) => void): void => {
  if (!to.open) return
  const batches = new Set<Batch>()
  for (const request of from.unanswered) {
    if (request instanceof Entry) {
      batches.add(request.batch)
      continue
    }
    if (!(request instanceof Operation) || !request.wanted || request.writes || request.pin !== undefined) continue
    if (hedged.has(request) || request.owner instanceof LeaseImpl) continue
    hedged.add(request)
    request.owner.count("repeated")
    const values: Array<Resp.Value> = []
    for (const part of request.parts) {
      to.enqueue(
        new Call(
          part,
          (value) => {
            if (values.push(value) < request.replies || !request.wanted) return
            // Another server's own state is no answer.
            if (values.some((v) => v instanceof Resp.ErrorReply && isRefusal(because(v)))) return
            request.restart()
            request.connection = to
            for (const each of values) request.onReply(each)
          },
          () => void hedged.delete(request)
        )
      )
    }
  }
  for (const request of from.recall()) {
    if (request instanceof Entry) {
      batches.add(request.batch)
      from.enqueue(request)
    } else if (request instanceof Operation && request.pin === undefined && !(request.owner instanceof LeaseImpl)) {
      arm(request.deadline)
      request.dispatch(to)
    } else from.enqueue(request)
  }
  for (const batch of batches) batch.hedge(to)
}

/** Waits until there is a connection. */
class Ready extends Operation {
  readonly replies = 0
  readonly parts = []
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
  protected forget(): void {}
  onReply(): void {}
  finish(exit: Exit.Exit<any, RedisError>): void {
    this.resume(exit)
  }
}

/** Whether a reply to one command is no word of anything that might be lost: a refusal, or the end of a wait in vain. */
const changedNothing = (value: Resp.Value, patience: number): boolean =>
  value instanceof Resp.ErrorReply || (value === null && patience > 0)

/** Stands in line for a write whose reply may not be worth anything. */
class Parked implements Request {
  readonly replies: number
  readonly asBytes: boolean
  readonly patience: number
  readonly operation: Operation
  /** From when on it may be believed, once its replies are there. */
  at = 0
  private readonly executor: Executor
  private left: number
  private readonly values: Array<Resp.Value> = []
  /** `left` is how many of its replies are still to come. */
  constructor(operation: Operation, left: number, executor: Executor) {
    this.operation = operation
    this.left = left
    this.executor = executor
    this.replies = operation.replies
    this.asBytes = operation.asBytes
    this.patience = operation.patience
  }
  get wanted(): boolean {
    return this.operation.wanted
  }
  get deadline(): number {
    return this.operation.deadline
  }
  encode(): void {}
  onReply(value: Resp.Value): void {
    if (this.replies === 1 && changedNothing(value, this.patience)) return this.operation.onReply(value)
    this.values.push(value)
    if (--this.left > 0) return
    // EXEC has executed nothing.
    if (this.replies > 1 && (value === null || value instanceof Resp.ErrorReply)) return this.trust()
    this.executor.answered(this)
  }
  onLost(error: EndError, written: boolean): void {
    // Some of its replies may say what becomes of it.
    if (this.left > 0) { for (const value of this.values) this.operation.onReply(value) }
    this.operation.onLost(error, written)
  }
  onDeadline(written: boolean): void {
    this.operation.onDeadline(written)
  }
  /** The server is still the right one: what it said counts. */
  trust(): void {
    for (const value of this.values) this.operation.onReply(value)
  }
}

/** Sees to the connections of an executor. */
class Keeper implements Guard {
  private readonly executor: Executor
  constructor(executor: Executor) {
    this.executor = executor
  }
  get doubts(): boolean {
    return this.executor.doubts
  }
  doubt(connection: Connection): void {
    this.executor.park(connection)
  }
  behind(): void {
    this.executor.unseen(1)
  }
  current(goOn: () => void): void {
    this.executor.unseen(-1)
    goOn()
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
  /** Runs a page of a scan; fails with `ScanInterrupted` where it is no longer at the server that gave the cursor. */
  readonly page: <A, B>(command: Command.Command<A, any, B>, pin: Pin) => Effect.Effect<A, RedisError>
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
  protected readonly options: ExecutorOptions
  private readonly timeout: number
  private readonly leaseTimeout: number
  protected readonly maxQueue: number
  protected readonly alarm: Alarm
  protected readonly runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  protected readonly held = new Deque<Operation>()
  /** How many of them nobody waits for any more. */
  private heldInVain = 0
  /** How many commands are held beside one for each of those. */
  private heldBeside = 0
  private readonly retired = new Set<Pool.Pool>()
  private pool: Pool.Pool | undefined = undefined
  private connecting: Fiber.Fiber<void> | undefined = undefined
  private readonly chores = new Set<Fiber.Fiber<unknown, unknown>>()
  private lastError: ConnectionError | undefined = undefined
  private isWaking = false
  /** How often in a row a server refused a session, and until when it is not dialled therefore. */
  private refusals = 0
  private refusedUntil = -Infinity
  private isEluding = false
  private isReleasing = false
  private penalty = 0
  private penaltyAt = 0
  protected closed = false
  private gate: Gate | "marking" = undefined
  /** Set after a move, until a write was acknowledged. */
  private marking = false
  /** Where the group has moved to, once it has. */
  private here: { readonly address: Address.Address; readonly epoch: number } | undefined = undefined
  private fence: Error | undefined = undefined
  private parking: Fiber.Fiber<void> | undefined = undefined
  /** Writes that were answered, and whose answers are not believed yet, in their order. */
  private readonly parked = new Deque<Parked>()
  private readonly believing: Alarm
  /** On how many connections something may have arrived unseen. */
  private unread = 0
  /** Whether deadlines are due that are judged once it was read. */
  private sweeping = false
  /** How old the word that writes have to wait is at most when it is heard, in milliseconds. */
  private distance = 0
  /** For how long replies to writes are withheld because of that, in milliseconds. */
  private withheld = 0
  private readonly guard: Guard
  private pausing: Deque<Operation> = new Deque()
  private pauseTimer: Fiber.Fiber<void> | undefined = undefined
  private pauseLength = pauseMillis
  private pausedAt = -Infinity
  /** Waits at the server, which are ended while writes wait. */
  private readonly waiting = new Set<Turning>()
  /** Fails once it is closed: whoever waits, waits no longer. */
  private readonly closing = Deferred.makeUnsafe<never, ClientClosed>()
  /** Connections of their own that follow the node: subscriptions. */
  private readonly owned = new Set<Connection>()
  private readonly unwatch: (() => void) | undefined
  protected readonly context: Context.Context<never>
  /** How this dials, whoever asks for a connection. */
  private readonly dialling: Context.Context<never>
  private readonly mayRepeat: ((command: Command.Any) => boolean) | undefined

  constructor(
    target: Target,
    options: ExecutorOptions,
    context: Context.Context<never>
  ) {
    this.shown = target.shown
    this.target = target
    this.options = options
    this.timeout = timeoutMillis(options.commandTimeout ?? defaultCommandTimeout)
    this.leaseTimeout = timeoutMillis(options.leaseTimeout ?? Pool.defaultOptions.leaseTimeout)
    this.maxQueue = options.maxQueue ?? defaultMaxQueue
    this.context = context
    this.alarm = new Alarm(context, (now) => this.due(now), (from, millis) => this.stretch(from, millis))
    this.believing = new Alarm(context, (now) => {
      if (this.pool?.pick()?.isBehind !== true) this.believe(now)
    })
    this.guard = new Keeper(this)
    this.dialling = Context.make(Connector, Context.get(context, Connector))
    this.runFork = Effect.runForkWith(context)
    const repeatable = options.repeatable ?? false
    this.mayRepeat = repeatable === false ? undefined : repeatable === true ? () => true : repeatable
    this.unwatch = target.watch?.({
      moved: (address, epoch) => this.relocate(address, epoch),
      left: (address, why) => {
        const pool = this.pool
        if (pool === undefined || !Address.equals(pool.address, address)) return
        this.leave(pool, why, new ConnectionLost({ address: Address.format(address), kind: "moved", detail: why }))
        this.wake()
      },
      suspected: (address) => this.suspect(address),
      reconsider: (primary, all) => this.reconsider(primary, all),
      gate: (gate, age) => this.regulate(gate, age),
      distance: (millis) => {
        this.distance = millis
        this.withheld = Math.max(0, Math.ceil(millis) - graceMillis)
      },
      renamed: (from, to) => {
        const here = this.here
        if (here !== undefined && Address.equals(here.address, from)) this.here = { ...here, address: to }
      }
    })
  }

  // ---------------------------------------------------------------------------
  // Running

  readonly run = <A, B>(
    command: Command.Command<A, any, B>,
    timeout?: Duration.Input | undefined
  ): Effect.Effect<A, RedisError> =>
    command.spec.blocks === undefined ? this.runOn(this, command, timeout) : this.waitAt(command, timeout)

  /**
   * Runs a command that waits at the server, on a connection of its own, in
   * turns. When the server gives it up without having executed it, the rest of
   * its time is waited for at the next one.
   */
  private waitAt<A, B>(
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<A, RedisError> {
    return Effect.suspend(() => {
      const invalid = invalidity(command, false)
      if (invalid !== undefined) return Effect.fail(invalid)
      const wait = new Wait(command, this.alarm.now(), timeout === undefined ? this.timeout : timeoutMillis(timeout))
      if (wait.until === wait.began) return this.runOn(this, command, timeout)
      const repeats = this.allowed(command).repeat
      let failingSince: number | undefined
      const goesOn = (error: RedisError): boolean => {
        if (wait.rewait === undefined || !(this.notExecuted(error) || (repeats && wasLost(error)))) return false
        const now = this.alarm.now()
        failingSince ??= now
        if (now - failingSince >= wait.millis) return false
        this.count("repeated")
        return true
      }
      const attempt = Effect.scoped(
        Effect.flatMap(
          this.place(wait),
          (lease): Effect.Effect<A | typeof onceMore, RedisError> =>
            lease === undefined
              ? this.inVain(wait)
              : Effect.matchEffect(this.takeTurn(lease, wait), {
                onSuccess: (result) => {
                  failingSince = undefined
                  return Effect.succeed(result)
                },
                onFailure: (error) =>
                  goesOn(error)
                    ? Effect.as(this.untilClosed(Effect.sleep(rewaitMillis)), onceMore)
                    : Effect.fail(error)
              })
        )
      )
      const loop: Effect.Effect<A, RedisError> = Effect.flatMap(
        attempt,
        (result) => result === onceMore ? loop : Effect.succeed(result as A)
      )
      return loop
    })
  }

  /** The same on a lease, whose loss ends it. */
  waitOn<A, B>(
    lease: LeaseImpl,
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<A, RedisError> {
    return Effect.suspend(() => {
      const invalid = invalidity(command, false)
      if (invalid !== undefined) return Effect.fail(invalid)
      const wait = new Wait(command, this.alarm.now(), timeout === undefined ? this.timeout : timeoutMillis(timeout))
      if (wait.until === wait.began) return this.runOn(lease, command, timeout)
      let busySince: number | undefined
      const turn = Effect.catchIf(
        Effect.tap(this.takeTurn(lease, wait), () => Effect.sync(() => void (busySince = undefined))),
        (error: RedisError) => {
          if (wait.rewait === undefined || error._tag !== "ReplyError" || !pauses.has(error.code)) return false
          busySince ??= this.alarm.now()
          return this.alarm.now() - busySince < wait.millis
        },
        (): Effect.Effect<typeof onceMore, RedisError> => {
          this.count("repeated")
          return Effect.as(this.untilClosed(Effect.sleep(rewaitMillis)), onceMore)
        }
      )
      const loop: Effect.Effect<A, RedisError> = Effect.flatMap(
        turn,
        (result) => result === onceMore ? loop : Effect.succeed(result as A)
      )
      return loop
    })
  }

  /**
   * A lease for a wait. Where all are taken it waits as long as it would at the
   * server, and is undefined if there is none by then. To connect is no waiting.
   */
  private place(wait: Wait<any, any>): Effect.Effect<LeaseImpl | undefined, RedisError, Scope.Scope> {
    return Effect.suspend(() =>
      Effect.catchTag(
        this.leasedWithin((isFull) => {
          const left = wait.until - this.alarm.now()
          return isFull ? Math.max(1, left) : Math.max(wait.millis, left)
        }),
        "LeaseTimeout",
        (error) => {
          wait.refusal = error
          return Effect.undefined
        }
      )
    )
  }

  /** A wait that has had no turn until its time was up: in a transaction the server answers at once. */
  private inVain<A, B>(wait: Wait<A, B>): Effect.Effect<A, RedisError> {
    return wait.rewait === undefined
      ? Effect.fail(wait.refusal!)
      : Effect.flatMap(
        this.atomic([wait.command]),
        ({ failures, values }) => failures?.get(0) ?? Effect.succeed(values[0] as A)
      )
  }

  /** One turn of a wait at the server. It has to go on if nothing came, and if it was ended from here with nothing taken. */
  private takeTurn<A, B>(lease: LeaseImpl, wait: Wait<A, B>): Effect.Effect<A | typeof onceMore, RedisError> {
    return Effect.suspend(() => {
      const now = this.alarm.now()
      const run = this.runOn(lease, wait.next(now, () => this.alarm.now()), wait.millis)
      if (wait.rewait === undefined || wait.command.spec.mode !== "write") return run
      const turn = new Turning(lease)
      this.waiting.add(turn)
      return run.pipe(
        Effect.onExit(() => Effect.sync(() => void this.waiting.delete(turn))),
        Effect.catchIf((error) => turn.tookNothing(error), () => {
          this.count("repeated")
          return Effect.succeed(onceMore)
        })
      )
    })
  }

  /** Whether a wait at the server ended without having taken anything, and not because somebody wished so. */
  private notExecuted(error: RedisError): boolean {
    if (error._tag === "ConnectionLost" || error._tag === "ProtocolError") return true
    if (error._tag !== "ReplyError") return false
    if (error.detail.startsWith(forced) || pauses.has(error.code)) return true
    return refusals.has(error.code) && (this.target.movable || error.code === "LOADING")
  }

  /**
   * Ends a wait at the server, exactly: it answers what it has, or that it had
   * nothing. The server's own word on it comes on another connection.
   */
  private unblock(turn: Turning): void {
    const { connection } = turn.lease
    const other = this.pool?.pick()
    // One that is not written yet waits at no server.
    if (connection.id === 0 || connection.ended !== undefined || connection.idle || turn.asked) return
    if (other === undefined || !Address.equals(other.address, connection.address)) return
    turn.asked = true
    const asking = Effect.match(other.call(clientUnblock(connection.id, "error")), {
      onFailure: () => {
        turn.asked = false
      },
      onSuccess: (ended) => {
        if (!ended) return
        turn.freed = true
        if (turn.doubted) connection.close("the node did not answer on another connection")
      }
    })
    this.runFork(asking)
  }

  /** The node did not answer on one of its connections: perhaps it does not on the others either. */
  private doubt(pool: Pool.Pool): void {
    pool.doubt()
    for (const connection of this.owned) {
      if (connection.idle && Address.equals(connection.address, pool.address)) connection.probe()
    }
    for (const turn of this.waiting) {
      if (Address.equals(turn.lease.connection.address, pool.address)) turn.doubted = true
    }
    this.rescue()
  }

  /** Once the node answers again, waits on connections that are in doubt are ended there. */
  private rescue(): void {
    for (const turn of this.waiting) if (turn.doubted) this.unblock(turn)
  }

  readonly page = <A, B>(command: Command.Command<A, any, B>, pin: Pin): Effect.Effect<A, RedisError> =>
    this.pageOn(this, command, pin)

  pageOn<A, B>(
    owner: Executor | LeaseImpl,
    command: Command.Command<A, any, B>,
    pin: Pin
  ): Effect.Effect<A, RedisError> {
    return new Turn((waiter) => {
      const invalid = invalidity(command, owner === this)
      if (invalid !== undefined) return { settled: Exit.fail(invalid), suspended: false, released: () => {} }
      const page = new Paged(owner, command, pin, waiter, this.alarm.turn() + this.timeout, this.timeout)
      const at = pin.connection
      if (at !== undefined && at.open && owner === this) this.dispatchAt(page, at)
      else owner.submit(page)
      return page
    })
  }

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
    const operation = new Single(
      owner,
      this.mayRepeat === undefined ? command : this.allowed(command),
      waiter,
      this.alarm.turn() + millis + patience,
      millis
    )
    operation.patience = patience
    if (command.spec.session !== undefined && owner instanceof LeaseImpl) owner.note(command)
    owner.submit(operation)
    return operation
  }

  private allowed(command: Command.Any): Command.Any {
    return this.mayRepeat !== undefined && !command.repeat && isAllowed(this.mayRepeat, command)
      ? Command.repeatable(command)
      : command
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
      if (owner instanceof LeaseImpl) {
        for (const command of commands) if (command.spec.session !== undefined) owner.note(command)
      }
      const list = this.mayRepeat === undefined ? commands : commands.map((c) => this.allowed(c))
      const batch = new Batch(owner, list, resume, this.alarm.now() + this.timeout, this.timeout)
      if (owner !== this) allowWaits(batch)
      owner.submit(batch)
      return Effect.sync(() => batch.cancel())
    })
  }

  atomicOn(
    owner: Executor | LeaseImpl,
    commands: ReadonlyArray<Command.Any>
  ): Effect.Effect<Outcomes, RedisError> {
    if (commands.length === 0) return Effect.succeed(nothing)
    return Effect.callback((resume) => {
      for (const command of commands) {
        const invalid = invalidity(command, owner === this)
        if (invalid !== undefined) return resume(Exit.fail(invalid))
      }
      if (owner instanceof LeaseImpl) {
        for (const command of commands) if (command.spec.session !== undefined) owner.note(command)
      }
      const list = this.mayRepeat === undefined ? commands : commands.map((c) => this.allowed(c))
      const transaction = new Transaction(owner, list, resume, this.alarm.now() + this.timeout, this.timeout)
      owner.submit(transaction)
      return Effect.sync(() => transaction.cancel())
    })
  }

  /**
   * A connection of one's own, until the Scope closes. Its commands are never
   * sent again elsewhere: they fail with the loss of this connection.
   */
  readonly lease: Effect.Effect<Lease, ConnectionError | DeadlineExceeded, Scope.Scope> = Effect.suspend(() => {
    let until: number | undefined
    return Effect.mapError(
      this.leasedWithin(() => {
        const now = this.alarm.now()
        until ??= now + this.leaseTimeout
        return this.leaseTimeout === Infinity ? Infinity : Math.max(1, until - now)
      }),
      (error) =>
        error._tag === "LeaseTimeout"
          ? new LeaseTimeout({ target: error.target, timeoutMillis: this.leaseTimeout, max: error.max })
          : error
    )
  })

  /**
   * A lease, if the node's pool has one within so many milliseconds. What cannot be reached
   * is tried again for as long as a command may take, and whoever waits while the
   * node moves waits on for one of the next. @internal
   */
  leasedWithin(
    limit: (isFull: boolean) => number
  ): Effect.Effect<LeaseImpl, ConnectionError | DeadlineExceeded, Scope.Scope> {
    return Effect.flatMap(Effect.scope, (scope) => {
      let connectingSince: number | undefined
      let failingSince: number | undefined
      const once: Effect.Effect<LeaseImpl, ConnectionError | DeadlineExceeded> = Effect.suspend(() => {
        connectingSince = this.alarm.now()
        // Closed before the connection is given back: nobody uses what is another's by then.
        const own = Scope.forkUnsafe(scope)
        return this.ready.pipe(
          Effect.flatMap(() => {
            connectingSince = undefined
            return this.pool === undefined
              ? Effect.fail(new ConnectionLost({ address: this.shown, kind: "moved", detail: "its node was left" }))
              : this.pool.lease(limit(this.pool.isFull))
          }),
          Effect.flatMap((connection) => {
            const lease = new LeaseImpl(this, connection)
            return Effect.as(Effect.addFinalizer(() => Effect.sync(() => lease.end())), lease)
          }),
          Scope.provide(own),
          Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit))
        )
      })
      const goesOn = (error: ConnectionError | DeadlineExceeded): boolean => {
        const now = this.alarm.now()
        failingSince ??= connectingSince ?? now
        return mayMove(error) && now - failingSince < this.timeout
      }
      const loop: Effect.Effect<LeaseImpl, ConnectionError | DeadlineExceeded> = Effect.catchIf(
        Effect.retry(once, {
          schedule: this.target.schedule as Schedule.Schedule<unknown, unknown>,
          while: (error) => !wasLeft(error) && goesOn(error)
        }),
        wasLeft,
        () => {
          failingSince = undefined
          return Effect.andThen(Effect.sleep(rewaitMillis), loop)
        }
      )
      return this.untilClosed(loop)
    })
  }

  /** For one command, in milliseconds. */
  get commandTimeout(): number {
    return this.timeout
  }

  /** The shared connection that is next in turn, if there is one. */
  get serving(): Connection | undefined {
    return this.pool?.pick()
  }

  /** Connects, if nothing is connected. */
  connect(): void {
    if (this.pool === undefined) this.wake()
  }

  /** Whether a replica that names this as its primary has another history than the group. */
  isAstray(source: { readonly host: string; readonly port: number }): boolean {
    return this.target.isAstray?.(source) ?? false
  }

  /** The group's configuration epoch, as far as it is known; 0 where there is none. */
  get epoch(): number {
    return this.target.epoch?.() ?? 0
  }

  /** Ends what waits once this is closed, and fails it: neither timer nor socket is left. */
  readonly untilClosed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | ClientClosed, R> =>
    Effect.suspend(() =>
      this.closed
        ? Effect.fail(new ClientClosed({ target: this.shown }))
        : Effect.raceFirst(effect, Deferred.await(this.closing))
    )

  /**
   * A session outside of the pool, until the Scope closes: for what changes the
   * meaning of a connection, such as a subscription. It ends when the node does,
   * or when the group moves. `prepare` belongs to each attempt at it; what an
   * attempt that failed has opened is closed with it.
   */
  session<E>(
    prepare: (connection: Connection) => Effect.Effect<void, E>
  ): Effect.Effect<Connection, ConnectionError | E, Scope.Scope> {
    return Effect.flatMap(Effect.scope, (scope) => {
      const attempt: Effect.Effect<Connection, ConnectionError | E> = Effect.suspend(() => {
        const own = Scope.forkUnsafe(scope)
        return this.paced(this.target.open).pipe(
          // Whoever asks for it may dial in another way.
          Effect.updateContext((asking: Context.Context<Scope.Scope>) => Context.merge(asking, this.dialling)),
          Effect.tap((connection) => Effect.sync(() => this.own(connection))),
          Effect.tap(prepare),
          Scope.provide(own),
          Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit))
        )
      })
      return this.untilClosed(
        Effect.retry(attempt, {
          schedule: this.target.schedule as Schedule.Schedule<unknown, unknown>,
          while: mayPass
        })
      )
    })
  }

  /** A connection outside of the pool: it ends when the node that it leads to is no longer the one. */
  private own(connection: Connection): void {
    this.owned.add(connection)
    Metrics.connectionsOf.subscribed.modifyUnsafe(1, this.context)
    connection.onEnd = () => {
      if (this.owned.delete(connection)) Metrics.connectionsOf.subscribed.modifyUnsafe(-1, this.context)
    }
    if (connection.ended !== undefined) connection.onEnd(connection.ended)
    if (this.closed) connection.close("the client was closed")
  }

  private readonly ready: Effect.Effect<void, ConnectionError | DeadlineExceeded> = Effect.callback((resume) => {
    const ready = new Ready(this, resume, this.alarm.now() + this.timeout, this.timeout)
    this.submit(ready)
    return Effect.sync(() => ready.cancel())
  })

  /** Puts an operation on its way. */
  submit(operation: Operation): void {
    if (this.gate !== undefined && operation.waits) return this.gated(operation)
    const connection = this.pool === undefined ? undefined : this.pool.pick()
    if (connection === undefined) return this.hold(operation)
    this.dispatchAt(operation, connection)
  }

  /** Puts an operation on a connection. */
  protected dispatchAt(operation: Operation, connection: Connection): void {
    if (connection.queued >= this.maxQueue) {
      return operation.fail(new QueueFull({ target: this.shown, limit: this.maxQueue }))
    }
    this.arm(operation.deadline)
    operation.dispatch(connection)
  }

  /** Whether writes wait, or are refused. */
  get isHolding(): boolean {
    return this.gate !== undefined && this.gate !== "marking"
  }

  /** A write that comes while writes do not simply go out. */
  gated(operation: Operation): void {
    const gate = this.gate
    if (gate === "held") {
      if (operation.refusal === undefined) {
        operation.refusal = this.fence
        Metrics.held.updateUnsafe(1, this.context)
      }
      return this.hold(operation)
    }
    if (gate === "asking") return this.hold(operation)
    if (gate !== "marking" && gate !== undefined) return operation.fail(gate)
    this.gate = undefined
    operation.owner.submit(operation)
    this.mark(operation)
  }

  /** The first write after a move: when it is acknowledged, that is told. */
  private mark(operation: Operation): void {
    const connection = operation.connection
    if (!this.marking || connection === undefined || !connection.open || operation.owner !== this) return
    this.marking = false
    // What comes after the write in the order of replies tells that it was acknowledged.
    connection.enqueue(new Call(ping(), () => this.target.acknowledged?.()))
  }

  count(metric: "ambiguous" | "repeated"): void {
    const counter = metric === "ambiguous" ? Metrics.ambiguous : Metrics.repeated
    counter.updateUnsafe(1, this.context)
  }

  /** Makes sure that a deadline is noticed. */
  arm(deadline: number): void {
    if (deadline < this.alarm.at) this.alarm.set(deadline)
  }

  protected hold(operation: Operation): void {
    if (this.closed) return operation.fail(new ClientClosed({ target: this.shown }))
    if (this.held.size - this.heldInVain + this.heldBeside >= this.maxQueue) {
      return operation.fail(new QueueFull({ target: this.shown, limit: this.maxQueue }))
    }
    operation.stage = Stage.held
    operation.holder = this
    this.held.push(operation)
    this.heldBeside += operation.weight - 1
    this.arm(operation.deadline)
    this.wake()
  }

  /** An operation that is held here is no longer wanted. @internal */
  gaveUp(operation: Operation): void {
    this.heldBeside -= operation.weight - 1
    if (++this.heldInVain * 2 <= this.held.size) return
    this.retainHeld(() => true)
  }

  /** Keeps those of what is held that are wanted, and that a condition holds for. It must not do anything else. */
  private retainHeld(condition: (operation: Operation) => boolean): void {
    this.heldInVain = 0
    this.heldBeside = 0
    this.held.retain((operation) => {
      if (!operation.wanted || !condition(operation)) return false
      this.heldBeside += operation.weight - 1
      return true
    })
  }

  /** Takes out what is held and wanted, in its order. */
  protected takeHeld(): Array<Operation> {
    this.heldInVain = 0
    this.heldBeside = 0
    return this.held.drain().filter((operation) => operation.wanted)
  }

  /**
   * Commands have their time from the beginning of the turn in which they are
   * begun. That went on for so long that it is not taken from those that were
   * begun late in it. @internal
   */
  stretch(from: number, millis: number): void {
    const move = (request: Request): void => {
      if (!(request instanceof Single)) return
      const { deadline, patience, timeout } = request
      if (Math.abs(deadline - timeout - patience - from) < 1) request.deadline += millis
    }
    for (let i = 0; i < this.held.size; i++) move(this.held.at(i))
    this.forEach((connection) => connection.each(move))
  }

  /** A deadline is due: what has arrived is read first, and judged then. */
  private due(now: number): void {
    let reading = 1
    const read = (): void => {
      if (--reading > 0 || this.closed) return
      if (this.unread > 0) this.sweeping = true
      else this.sweep(Math.max(now, this.alarm.now()))
    }
    const catchUp = (connection: Connection): void => {
      reading++
      connection.caughtUp(read)
    }
    this.pool?.forEach(catchUp)
    for (const pool of this.retired) pool.forEach(catchUp)
    read()
  }

  private sweep(now: number): void {
    let next = Infinity
    const late: Array<Operation> = []
    this.retainHeld((operation) => {
      if (operation.deadline <= now) {
        late.push(operation)
        return false
      }
      next = Math.min(next, operation.deadline)
      return true
    })
    this.pausing.retain((operation) => {
      if (operation.wanted && operation.deadline <= now) late.push(operation)
      else if (operation.wanted) next = Math.min(next, operation.deadline)
      return operation.wanted && operation.deadline > now
    })
    for (const operation of late) operation.onDeadline(false)
    const disbelieved: Array<Parked> = []
    this.parked.retain((parked) => {
      if (!parked.wanted) return false
      if (parked.deadline <= now) disbelieved.push(parked)
      else next = Math.min(next, parked.deadline)
      return parked.deadline > now
    })
    for (const parked of disbelieved) parked.onDeadline(true)
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
    this.releaseSoon()
  }

  /**
   * There may be a node that serves already. It is looked for once the connection
   * that ends has told all of its commands, and is no longer there to be chosen.
   */
  private releaseSoon(): void {
    if (this.isReleasing) return
    this.isReleasing = true
    queueMicrotask(() => {
      this.isReleasing = false
      if (!this.closed && this.pool?.pick()?.open === true) this.release()
    })
  }

  isFinal(reply: Resp.ErrorReply): boolean {
    return !this.target.movable && refusals.has(reply.code) && reply.code !== "LOADING"
  }

  refused(operation: Operation, command: Command.Any, reply: Resp.ErrorReply): void {
    if (this.isFinal(reply)) {
      return operation.failWith(Exit.fail(replyError(command, reply)))
    }
    if (operation.refuse(command, reply)) return this.pause(operation)
    this.distrust(operation.connection, serverText(reply))
    this.hold(operation)
  }

  /** Sends an operation again a little later. */
  pause(operation: Operation): void {
    if (this.closed) return operation.failWith(Exit.fail(new ClientClosed({ target: this.shown })))
    if (this.pausing.size >= this.maxQueue) {
      return operation.failWith(Exit.fail(new QueueFull({ target: this.shown, limit: this.maxQueue })))
    }
    this.pausing.push(operation)
    this.arm(operation.deadline)
    if (this.pauseTimer !== undefined) return
    const now = this.alarm.now()
    this.pauseLength = now - this.pausedAt > 1000 ? pauseMillis : Math.min(mostPauseMillis, this.pauseLength * 1.5)
    this.pausedAt = now
    this.pauseTimer = this.runFork(
      Effect.andThen(
        Effect.sleep(this.pauseLength),
        Effect.sync(() => {
          this.pauseTimer = undefined
          for (const paused of this.pausing.drain()) if (paused.wanted) paused.owner.submit(paused)
        })
      )
    )
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
    this.target.doubted?.()
    this.wake()
  }

  /** A node that keeps refusing, or a group that keeps moving, is asked less and less often. */
  private penalize(): void {
    const now = this.alarm.now()
    this.penalty = now - this.penaltyAt > 2000 ? 10 : Math.min(500, Math.max(10, this.penalty * 2))
    this.penaltyAt = now
  }

  /** With an error, what is under way is lost with it; without one, it is answered first. */
  private leave(pool: Pool.Pool, why: string, error?: ConnectionLost | undefined): void {
    if (this.pool === pool) this.pool = undefined
    this.retired.add(pool)
    if (error === undefined) pool.close(why, "drain")
    else pool.close(why, "moved")
    this.prune()
  }

  // ---------------------------------------------------------------------------
  // Moves and the fence

  /** The group has another primary: everything to the old one is given up, at once. */
  private relocate(address: Address.Address, epoch: number): void {
    if (this.closed) return
    this.here = { address, epoch }
    this.refusals = 0
    this.refusedUntil = -Infinity
    const why = `${this.shown} moved to ${Address.format(address)}, epoch ${epoch}`
    const pool = this.pool
    for (const connection of Array.from(this.owned)) {
      if (!Address.equals(connection.address, address)) connection.close(why, "moved")
    }
    if (pool !== undefined && Address.equals(pool.address, address)) return
    this.marking = true
    const lost = new ConnectionLost({
      address: pool === undefined ? this.shown : Address.format(pool.address),
      kind: "moved",
      detail: why
    })
    // What was acknowledged too late to be believed, is lost as far as anybody can know.
    for (const parked of this.parked.drain()) if (parked.wanted) parked.onLost(lost, true)
    const connecting = this.connecting
    this.connecting = undefined
    connecting?.interruptUnsafe()
    if (pool !== undefined) this.leave(pool, why, lost)
    for (const old of this.retired) old.forEach((connection) => connection.close(why, "moved"))
    if (pool !== undefined || connecting !== undefined || this.held.size > 0) this.wake()
  }

  /** The sentinels think so too: whoever owes an answer is lost. */
  private suspect(address: Address.Address): void {
    const why = "it is late with its answers, and the sentinels think that it is not healthy"
    for (const pool of [this.pool, ...this.retired]) {
      if (pool === undefined || !Address.equals(pool.address, address)) continue
      pool.forEach((connection) => {
        if (connection.isLate) connection.close(why, "moved")
      })
    }
  }

  /** Looks for a better node than the one that serves, which serves on meanwhile. */
  private reconsider(primary: Address.Address, all: boolean): void {
    const { better } = this.target
    const pool = this.pool
    const connection = pool?.pick()
    if (pool === undefined || connection === undefined || better === undefined || this.closed) return
    if (!better.isMakeshift(connection)) {
      if (all) this.background(Effect.ignore(this.tryOpen(this.target.open)), () => {})
      return
    }
    if (Address.equals(pool.address, primary)) {
      return this.background(Effect.ignore(this.tryOpen(better.open)), () => {
        if (connection.open) this.improve(connection)
      })
    }
    // The primary that was left.
    const why = `${this.shown} moved to ${Address.format(primary)}`
    this.leave(pool, why, new ConnectionLost({ address: Address.format(pool.address), kind: "moved", detail: why }))
    for (const old of this.retired) old.forEach((c) => c.close(why, "moved"))
    this.wake()
  }

  /** The node is late with its answers: another one is looked for, and what it owes is asked there, too. */
  private elude(late: Connection): void {
    const { elsewhere } = this.target
    const pool = this.pool
    if (elsewhere === undefined || this.isEluding || this.closed) return
    if (pool === undefined || !Address.equals(pool.address, late.address)) return
    this.isEluding = true
    const open = Effect.flatMap(elsewhere(late.address), (connection) =>
      late.isLate || !late.open
        ? Effect.succeed(connection)
        : Effect.fail(new ConnectionLost({ address: late.shownAddress, kind: "retired", detail: "it is not needed" })))
    this.background(
      Effect.ignore(
        Effect.retry(this.tryOpen(open), {
          schedule: Schedule.spaced(eludeInterval),
          while: () => late.isLate && this.pool === pool
        })
      ),
      () => {
        this.isEluding = false
        const connection = this.pool?.pick()
        if (connection === undefined || Address.equals(connection.address, late.address)) return
        // Nobody asks the primary what a replica may have no end with.
        if (connection.role === "replica") pool.forEach((from) => hedge(from, connection, (at) => this.arm(at)))
      }
    )
  }

  private regulate(gate: Gate, age: number): void {
    if (this.closed || gate === this.gate) return
    const before = this.gate
    this.gate = gate
    if (gate === "held") {
      this.fence = new Error(`writes to ${this.shown} wait for the end of a failover`)
      this.recall()
      for (const turn of this.waiting) this.unblock(turn)
      const grace = graceMillis - Math.max(age, this.distance)
      if (this.unread > 0 || grace <= 0) this.forEach((connection) => this.park(connection))
      else {
        this.parking = this.runFork(
          Effect.andThen(Effect.sleep(grace), Effect.sync(() => this.forEach((connection) => this.park(connection))))
        )
      }
      return
    }
    this.parking?.interruptUnsafe()
    this.parking = undefined
    if (gate === "asking") return this.recall()
    if (before === "held" || before === "asking") this.believe(this.alarm.now())
    if (gate === undefined) this.release()
    else {
      const refused: Array<Operation> = []
      this.retainHeld((operation) => {
        if (operation.waits) refused.push(operation)
        return !operation.waits
      })
      // Whoever is told may give up others of them.
      for (const operation of refused) if (operation.wanted) operation.fail(gate)
    }
  }

  /** What the socket has not taken yet must not go out. */
  private recall(): void {
    this.forEach((connection) => {
      for (const request of connection.recall()) {
        if (request instanceof Operation && request.waits) request.recalled()
        else connection.enqueue(request)
      }
    })
  }

  /** From now on replies to what was written before wait until it is known what they are worth. */
  park(connection: Connection): void {
    connection.replace((request, left) =>
      // All of a pipeline that writes: its reads count with its writes.
      request instanceof Operation && request.waits && request.wanted ? new Parked(request, left, this) : request
    )
  }

  /** Whether the word that writes have to wait takes so long that a reply may come before it. */
  get doubts(): boolean {
    return this.withheld > 0
  }

  /** Whether what the node acknowledges now may be lost. */
  private get mayBeLost(): boolean {
    return this.gate === "held" || this.gate === "asking"
  }

  /** All replies of a parked write are there. */
  answered(parked: Parked): void {
    if (this.closed || (this.withheld === 0 && this.unread === 0 && !this.mayBeLost)) return parked.trust()
    parked.at = this.alarm.now() + this.withheld
    this.parked.push(parked)
    this.arm(parked.deadline)
    if (this.withheld > 0) this.believing.set(parked.at)
  }

  /** No word has come by now that would make these replies worthless. */
  private believe(now: number): void {
    while (this.parked.size > 0 && this.unread === 0 && !this.mayBeLost) {
      const parked = this.parked.peek()!
      if (parked.at > now) return this.believing.set(parked.at)
      this.parked.shift()
      if (parked.wanted) parked.trust()
    }
  }

  /** Something may have arrived unseen, on one connection more or less. */
  unseen(more: 1 | -1): void {
    this.unread += more
    if (this.unread > 0 || this.closed) return
    const now = this.alarm.now()
    this.believe(now)
    if (!this.sweeping) return
    this.sweeping = false
    this.sweep(now)
  }

  /** Every connection to the node, and to those that were left but owe an answer. */
  private forEach(f: (connection: Connection) => void): void {
    this.pool?.forEach(f)
    for (const pool of this.retired) pool.forEach(f)
  }

  /** Where the node may be left, a connection sees to it that it has heard before it writes or believes. */
  private guarded(connection: Connection): Connection {
    if (this.target.watch !== undefined && connection.role === "primary") connection.guard = this.guard
    return connection
  }

  /** What was held goes on, in its order. */
  protected release(): void {
    const held = this.takeHeld()
    if (this.pool === undefined) {
      for (const operation of held) if (operation.wanted) operation.owner.submit(operation)
      return
    }
    let first: Operation | undefined
    for (const operation of held) {
      if (!operation.wanted) continue
      operation.owner.submit(operation)
      if (this.marking && operation.writes && operation.wanted) {
        first ??= operation
        this.mark(operation)
      }
    }
    if (this.marking && this.gate === undefined) this.gate = "marking"
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

  protected wake(): void {
    if (this.closed || this.connecting !== undefined) return
    if (this.pool !== undefined && this.pool.missing === 0) return
    const pause = this.penaltyAt + this.penalty - this.alarm.now()
    const attempts = Effect.retry(this.attempt, { schedule: this.target.schedule, while: isRetryable })
    const fiber = this.runFork(
      Effect.onExit(
        pause > 0 ? Effect.andThen(Effect.sleep(pause), attempts) : attempts,
        (exit) =>
          Effect.sync(() => {
            // It was given up for another one.
            if (Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)) return
            this.connecting = undefined
            if (this.closed) return
            if (Exit.isSuccess(exit)) return this.wake()
            // One that serves is left with the others missing: they are tried again, and what is held waits for other things.
            if (this.pool?.pick() !== undefined) return this.wakeLater()
            const error = Cause.findErrorOption(exit.cause)
            for (const operation of this.takeHeld()) {
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

  /** A server that refuses sessions is dialled less and less often, whatever they are for. */
  private paced<R>(
    open: Effect.Effect<Connection, ConnectionError, R>
  ): Effect.Effect<Connection, ConnectionError, R> {
    const opened = Effect.matchEffect(open, {
      onSuccess: (connection) => {
        this.refusals = 0
        return Effect.succeed(connection)
      },
      onFailure: (error) =>
        Effect.flatMap(isRefusedSession(error) ? Random.next : Effect.succeed(undefined), (random) => {
          if (random !== undefined) {
            const pause = Math.min(mostRefusalMillis, firstRefusalMillis * 2 ** this.refusals++)
            this.refusedUntil = this.alarm.now() + Math.round(pause * (0.75 + random / 2))
          }
          return Effect.fail(error)
        })
    })
    const paced: Effect.Effect<Connection, ConnectionError, R> = Effect.suspend(() => {
      const pause = this.refusedUntil - this.alarm.now()
      return pause > 0 ? Effect.andThen(Effect.sleep(pause), paced) : opened
    })
    return paced
  }

  private readonly attempt: Effect.Effect<void, ConnectionError> = Effect.suspend(() => {
    const like = this.pool?.pick()
    const began = this.alarm.now()
    return Effect.tapError(
      Effect.tap(
        this.tryOpen(this.paced(like === undefined ? this.target.open : this.target.openBeside(like))),
        () => Effect.sync(() => Metrics.discoveryTime.updateUnsafe(this.alarm.now() - began, this.context))
      ),
      (error) => Effect.sync(() => void (this.lastError = error))
    )
  })

  /** While a makeshift serves, the real thing is looked for now and then. */
  private improve(connection: Connection): void {
    const better = this.target.better
    if (better === undefined || !better.isMakeshift(connection)) return
    this.background(
      Effect.retry(
        Effect.andThen(
          Effect.sleep(improveInterval),
          Effect.suspend(() => connection.open && !this.closed ? this.tryOpen(better.open) : Effect.void)
        ),
        { schedule: Schedule.forever }
      ),
      // The real thing may be one connection of several.
      () => this.wake()
    )
  }

  /** Looks for what is missing once more, after a pause. */
  private wakeLater(): void {
    if (this.isWaking) return
    this.isWaking = true
    this.background(Effect.sleep(improveInterval), () => {
      this.isWaking = false
      this.wake()
    })
  }

  /** Runs something that ends with this at the latest. */
  private background<E>(effect: Effect.Effect<void, E>, after: () => void): void {
    const fiber = this.runFork(effect)
    this.chores.add(fiber)
    fiber.addObserver(() => {
      this.chores.delete(fiber)
      if (!this.closed) after()
    })
  }

  private attach(connection: Connection, scope: Scope.Closeable): Effect.Effect<void, ConnectionError> {
    return Effect.gen({ self: this }, function*() {
      if (connection.ended !== undefined) return yield* connection.ended
      const address = connection.address
      const here = this.here
      if (here !== undefined && !Address.equals(address, here.address)) {
        connection.close(`${this.shown} moved to ${Address.format(here.address)}, epoch ${here.epoch}`, "moved")
        return yield* connection.ended!
      }
      let pool = this.pool
      if (pool === undefined || !Address.equals(pool.address, address)) {
        if (pool !== undefined) {
          this.penalize()
          this.leave(pool, `${this.shown} is now at ${connection.shownAddress}`)
        }
        pool = yield* Pool.make({
          address,
          target: this.shown,
          connect: Effect.map(this.paced(this.target.openAt(connection)), (more) => this.guarded(more)),
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
        if (error._tag === "ConnectionLost" && error.kind === "stalled") this.doubt(home)
        if (this.pool !== home) return
        // What it did not carry goes on at once where there are others.
        if (home.pick() !== undefined) this.release()
        this.wake()
      }
      if (this.closed) {
        home.close("the client was closed", "retired")
        return connection.close("the client was closed")
      }
      if (this.target.elsewhere !== undefined) connection.onLate = () => this.elude(connection)
      else if (this.target.late !== undefined) connection.onLate = () => this.target.late!(connection)
      this.pool = home
      this.guarded(connection)
      this.lastError = undefined
      home.add(connection)
      this.rescue()
      this.release()
      this.target.attached?.()
      this.improve(connection)
    })
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.alarm.close()
    this.unwatch?.()
    Deferred.doneUnsafe(this.closing, Exit.fail(new ClientClosed({ target: this.shown })))
    for (const fiber of [this.connecting, this.parking, this.pauseTimer, ...this.chores]) fiber?.interruptUnsafe()
    this.believing.close()
    // Nobody will know any more what these replies are worth.
    const untold = new ConnectionLost({ address: this.shown, kind: "retired", detail: "the client was closed" })
    for (const parked of this.parked.drain()) if (parked.wanted) parked.onLost(untold, true)
    for (const connection of Array.from(this.owned)) connection.close("the client was closed")
    const pool = this.pool
    this.pool = undefined
    const why = "the client was closed"
    pool?.close(why, "retired")
    for (const old of this.retired) old.forEach((connection) => connection.close(why))
    this.retired.clear()
    const error = new ClientClosed({ target: this.shown })
    for (const operation of [...this.takeHeld(), ...this.pausing.drain()]) {
      if (operation.wanted) operation.fail(error)
    }
  }
}

const invalidity = (command: Command.Any, shared: boolean): InvalidCommand | undefined => {
  const session = command.spec.session === undefined ? undefined : Command.sessionOf(command)
  const detail = session !== undefined && (shared || session === "never")
    ? session === "never"
      ? "it would take the connection out of the order of commands and replies"
      : "it changes the session, so it needs a lease"
    : Command.check(command)
  return detail === undefined ? undefined : new InvalidCommand({ command: command.spec.name, detail })
}

const waits = (command: Command.Any, shared: boolean): InvalidCommand | undefined =>
  shared && command.spec.blocks !== undefined && command.spec.blocks(command.args) > 0
    ? new InvalidCommand({
      command: command.spec.name,
      detail: "it waits at the server, which would hold up a shared connection: run it by itself or on a lease"
    })
    : undefined

/** Whether a command was written, and its connection ended without its reply. */
const wasLost = (error: RedisError): boolean => {
  const cause = error._tag === "AmbiguousOutcome" ? error.cause : undefined
  return cause instanceof ConnectionLost || cause instanceof ProtocolError
}

/** The node was left, by this client, while somebody waited for one of its connections. */
const wasLeft = (error: ConnectionError | DeadlineExceeded): boolean =>
  error._tag === "ConnectionLost" && (error.kind === "moved" || error.kind === "retired")

/** The node cannot be reached, or has been left: the next one may do. */
const mayMove = (error: ConnectionError | DeadlineExceeded): boolean =>
  error._tag === "ConnectFailed" || error._tag === "ConnectionLost" || error._tag === "RoleMismatch"

/** Whether a server that could be reached would not have us. */
const isRefusedSession = (error: ConnectionError): boolean => {
  if (error._tag === "ConnectFailed") return error.phase === "refused"
  if (error._tag !== "PrimaryNotFound" && error._tag !== "ReplicaNotFound") return false
  return error.reason.reports.some(({ cause }) => cause instanceof ConnectFailed && cause.phase === "refused")
}

/** What a caller's own function does not allow clearly, it does not allow. */
const isAllowed = (mayRepeat: (command: Command.Any) => boolean, command: Command.Any): boolean => {
  try {
    return mayRepeat(command) === true
  } catch {
    return false
  }
}

const isRetryable = (error: ConnectionError): boolean => error.isRetryable

/** Whether an error may not be there the next time. */
const mayPass = (error: unknown): boolean => (error as { readonly isRetryable?: unknown }).isRetryable === true

const isUnwatch = (command: Command.Any): boolean => command.spec.words[0]!.toUpperCase() === "UNWATCH"

/** Whether the server itself has said that nothing is watched any more; who may not run EXEC has not heard that. */
const isAnswered = (exit: Exit.Exit<unknown, RedisError>): boolean => {
  if (Exit.isSuccess(exit)) return true
  const error = Cause.findErrorOption(exit.cause)
  return Option.isSome(error) &&
    (error.value._tag === "TransactionAborted" || (error.value._tag === "ReplyError" && error.value.code !== "NOPERM"))
}

/** A wait at the server: how long it lasts, over all of its turns. */
class Wait<A, B> {
  readonly command: Command.Command<A, any, B>
  readonly rewait: Command.Spec["rewait"]
  readonly began: number
  readonly until: number
  /** For each turn beside its waiting, in milliseconds. */
  readonly millis: number
  hasGoneOn = false
  /** Why it had no turn. */
  refusal: LeaseTimeout | undefined = undefined

  constructor(command: Command.Command<A, any, B>, now: number, millis: number) {
    this.command = command
    this.rewait = command.spec.rewait
    this.began = now
    this.until = now + command.spec.blocks!(command.args)
    this.millis = millis
  }

  /** The command for the turn that begins now. */
  next(now: number, clock: () => number): Command.Command<A | typeof onceMore> {
    const { command, rewait } = this
    const left = this.until - now
    const isFirst = !this.hasGoneOn
    this.hasGoneOn = true
    // What fits in one turn is sent as it is.
    if (rewait === undefined || (isFirst && left <= turnMillis)) return command as Command.Command<any>
    const millis = Math.max(1, Math.min(left, turnMillis))
    const decode = (value: Resp.Value, bytes: boolean): A | typeof onceMore => {
      const goesOn = millis < left && clock() - now >= millis - earlyMillis && Command.cameToNothing(command, value)
      return goesOn ? onceMore : command.spec.decode(value, bytes) as A
    }
    return Command.withArgs(Command.withDecode(command, decode), rewait(command.args, millis))
  }
}

/** A turn of a wait that is under way, and what the server has said of it on another connection. */
class Turning {
  readonly lease: LeaseImpl
  /** Whether the server was told to end it. */
  asked = false
  /** Whether the server has ended it, with nothing taken. */
  freed = false
  /** Whether its connection may be dead. */
  doubted = false
  constructor(lease: LeaseImpl) {
    this.lease = lease
  }
  tookNothing(error: RedisError): boolean {
    return this.freed || (this.asked && error._tag === "ReplyError" && error.code === "UNBLOCKED")
  }
}

/** @internal */
export class LeaseImpl implements Owner, Lease {
  readonly shown: string
  readonly connection: Connection
  /** Set once its Scope has closed: its connection is another's, or will be. */
  private ended = false
  /** How many WATCHes there were. */
  private watches = 0
  private readonly executor: Executor
  constructor(executor: Executor, connection: Connection) {
    this.executor = executor
    this.connection = connection
    this.shown = executor.shown
  }
  readonly run: Runner["run"] = (command, timeout) => {
    const { blocks, session } = command.spec
    if (blocks !== undefined) return this.executor.waitOn(this, command, timeout)
    const run = this.executor.runOn(this, command, timeout)
    return session !== undefined && isUnwatch(command) ? this.unwatching(run) : run
  }
  readonly batch: Runner["batch"] = (commands) => this.executor.batchOn(this, commands)
  readonly atomic: Runner["atomic"] = (commands) => {
    const run = this.executor.atomicOn(this, commands)
    return commands.length === 0 ? run : this.unwatching(run)
  }
  readonly page: Runner["page"] = (command, pin) => this.executor.pageOn(this, command, pin)

  end(): void {
    this.ended = true
  }

  /** A command that changes the session is about to be sent. */
  note(command: Command.Any): void {
    if (this.ended || isUnwatch(command) || Command.sessionOf(command) === undefined) return
    if (command.spec.words[0]!.toUpperCase() === "WATCH") {
      this.watches++
      this.connection.watching = true
    } else this.connection.tainted = true
  }

  /** Once the server has answered EXEC or UNWATCH, nothing is watched, unless that was begun meanwhile. */
  private unwatching<A>(run: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> {
    return Effect.suspend(() => {
      const before = this.watches
      return Effect.onExit(run, (exit) =>
        Effect.sync(() => {
          if (!this.ended && this.watches === before && isAnswered(exit)) this.connection.watching = false
        }))
    })
  }

  submit(operation: Operation): void {
    if (this.ended) return operation.failWith(Exit.fail(new ClientClosed({ target: this.shown })))
    if (this.executor.isHolding && operation.waits && this.connection.ended === undefined) {
      return this.executor.gated(operation)
    }
    this.executor.arm(operation.deadline)
    operation.dispatch(this.connection)
  }
  count(metric: "ambiguous" | "repeated"): void {
    this.executor.count(metric)
  }
  again(operation: Operation, error: EndError): void {
    operation.fail(error)
  }
  /** What passes by itself is waited for, on the same connection. */
  isFinal(reply: Resp.ErrorReply): boolean {
    return !pauses.has(reply.code)
  }
  refused(operation: Operation, command: Command.Any, reply: Resp.ErrorReply): void {
    const passes = pauses.has(reply.code)
    if (!passes) this.executor.distrust(this.connection, serverText(reply))
    // EXEC has forgotten what was watched. A wait has its own way to go on.
    const isOver = !passes || operation.patience > 0 || (operation instanceof Transaction && this.connection.watching)
    if (isOver) return operation.failWith(Exit.fail(replyError(command, reply)))
    operation.refuse(command, reply)
    this.executor.pause(operation)
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
      (context) => new Executor(target, options, context)
    ),
    (executor) => Effect.sync(() => executor.close())
  )
