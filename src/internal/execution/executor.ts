/**
 * Carries commands: to the current connection, through its loss to the next one,
 * and to exactly one outcome, within a deadline. It keeps the pool of the node that
 * its target names, and asks the target anew whenever a connection is lost or the
 * node says that it is the wrong one.
 *
 * Where the node is, the target knows (internal/targets/); what commands there are
 * is in commands/.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import * as Command from "../../Command.ts"
import { clientUnblock, ping } from "../../commands/connection.ts"
import { Connector } from "../../Connector.ts"
import {
  ClientClosed,
  ConnectFailed,
  type ConnectionError,
  ConnectionLost,
  type DeadlineExceeded,
  InvalidCommand,
  QueueFull,
  type RedisError,
  ReserveTimeout
} from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import type { ExecutorOptions } from "../../Options.ts"
import * as Pool from "../../Pool.ts"
import type * as Resp from "../../Resp.ts"
import { DeadlineTimer } from "../common/deadlineTimer.ts"
import { Deque } from "../common/deque.ts"
import { isDirect, makeBase, type Suspended, type Suspending, type Waiter } from "../common/suspend.ts"
import { Call, replyError, serverText } from "../connection/call.ts"
import type { Connection, Guard } from "../connection/connection.ts"
import type { Request } from "../connection/types.ts"
import { BlockingTurn, BlockingWait, forced, onceMore, wasLost } from "./blocking.ts"
import { hedge } from "./hedging.ts"
import {
  ConnectionWaiter,
  type Dispatcher,
  PendingCommand,
  PendingOperation,
  refusals,
  Stage,
  temporaryRefusals
} from "./operation.ts"
import { allowWaits, emptyBatch, PendingPipeline } from "./pipeline.ts"
import { ReservedConnection } from "./reserved.ts"
import { PendingScanPage, ScanPageEffect } from "./scanPage.ts"
import { PendingTransaction } from "./transaction.ts"
import type { BatchResult, ConnectionTarget, Reserved, Runner, ScanPosition, WriteGate } from "./types.ts"
import { ExecutorGuard, selectionGraceMillis, WithheldReply } from "./withheldReply.ts"

const defaultCommandTimeout = Duration.seconds(10)
const defaultMaxQueue = 100_000
const improveInterval = Duration.seconds(1)
/** How often another node is looked for while the one that serves is late. */
const eludeInterval = Duration.millis(250)

/** How long that pause is, in milliseconds, at first and at most: a script may run for long. */
const pauseMillis = 20
const mostPauseMillis = 200

/** For how long a server that refuses sessions is not dialled, at first and at most, in milliseconds. */
const firstRefusalMillis = 100
const mostRefusalMillis = 2000

/** How long a wait at a server that was given up is not begun again, in milliseconds. */
const blockingRetryMillis = 10

/** One more run of a command, each time that it is run. */
class CommandEffect extends makeBase(isDirect()) implements Suspending {
  private readonly executor: Executor
  private readonly owner: Executor | ReservedConnection
  private readonly command: Command.Any
  private readonly timeout: number
  constructor(executor: Executor, owner: Executor | ReservedConnection, command: Command.Any, timeout: number) {
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

const timeoutMillis = (input: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(input))

/**
 * Carries the commands of one client.
 *
 * @since 0.1.0
 * @category models
 */
export class Executor implements Dispatcher, Runner {
  readonly label: string
  readonly isReserved = false
  private readonly target: ConnectionTarget
  protected readonly options: ExecutorOptions
  private readonly timeout: number
  private readonly reserveTimeout: number
  protected readonly maxQueue: number
  protected readonly alarm: DeadlineTimer
  protected readonly runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  protected readonly queued = new Deque<PendingOperation>()
  /** How many of them nobody waits for any more. */
  private abandonedInQueue = 0
  /** How many commands are held beside one for each of those. */
  private heldBeside = 0
  private readonly retired = new Set<Pool.Pool>()
  private pool: Pool.Pool | undefined = undefined
  private connecting: Fiber.Fiber<void> | undefined = undefined
  private readonly backgroundFibers = new Set<Fiber.Fiber<unknown, unknown>>()
  private lastError: ConnectionError | undefined = undefined
  private isWaking = false
  /** How often in a row a server refused a session, and until when it is not dialled therefore. */
  private refusals = 0
  private refusedUntil = -Infinity
  private isOpeningElsewhere = false
  private isReleasing = false
  private backoffMillis = 0
  private backoffSetAt = 0
  protected closed = false
  private gate: WriteGate | "marking" = undefined
  /** Set after a move, until a write was acknowledged. */
  private awaitsFirstWrite = false
  /** Where the group has moved to, once it has. */
  private movedTo: { readonly address: Address.Address; readonly epoch: number } | undefined = undefined
  private fence: Error | undefined = undefined
  private parking: Fiber.Fiber<void> | undefined = undefined
  /** Writes that were answered, and whose answers are not believed yet, in their order. */
  private readonly withheldReplies = new Deque<WithheldReply>()
  private readonly trustTimer: DeadlineTimer
  /** On how many connections something may have arrived unseen. */
  private connectionsBehind = 0
  /** Whether deadlines are due that are judged once it was read. */
  private sweeping = false
  /** How old the word that writes have to wait is at most when it is heard, in milliseconds. */
  private distance = 0
  /** For how long replies to writes are withheld because of that, in milliseconds. */
  private withholdMillis = 0
  private readonly guard: Guard
  private pausing: Deque<PendingOperation> = new Deque()
  private pauseTimer: Fiber.Fiber<void> | undefined = undefined
  private pauseLength = pauseMillis
  private pausedAt = -Infinity
  /** Waits at the server, which are ended while writes wait. */
  private readonly waiting = new Set<BlockingTurn>()
  /** Fails once it is closed: whoever waits, waits no longer. */
  private readonly closing = Deferred.makeUnsafe<never, ClientClosed>()
  /** Connections of their own that follow the node: subscriptions. */
  private readonly outsidePool = new Set<Connection>()
  private readonly unwatch: (() => void) | undefined
  protected readonly context: Context.Context<never>
  /** How this dials, whoever asks for a connection. */
  private readonly dialling: Context.Context<never>
  private readonly mayRepeat: ((command: Command.Any) => boolean) | undefined

  constructor(
    target: ConnectionTarget,
    options: ExecutorOptions,
    context: Context.Context<never>
  ) {
    this.label = target.label
    this.target = target
    this.options = options
    this.timeout = timeoutMillis(options.commandTimeout ?? defaultCommandTimeout)
    this.reserveTimeout = timeoutMillis(options.reserveTimeout ?? Pool.defaultOptions.reserveTimeout)
    this.maxQueue = options.maxQueue ?? defaultMaxQueue
    this.context = context
    this.alarm = new DeadlineTimer(context, (now) => this.due(now), (from, millis) => this.stretch(from, millis))
    this.trustTimer = new DeadlineTimer(context, (now) => {
      if (this.pool?.pick()?.isBehind !== true) this.releaseTrusted(now)
    })
    this.guard = new ExecutorGuard(this)
    this.dialling = Context.make(Connector, Context.get(context, Connector))
    this.runFork = Effect.runForkWith(context)
    const repeatable = options.repeatable ?? false
    this.mayRepeat = repeatable === false ? undefined : repeatable === true ? () => true : repeatable
    this.unwatch = target.watch?.({
      moved: (address, epoch) => this.relocate(address, epoch),
      nodeRemoved: (address, why) => {
        const pool = this.pool
        if (pool === undefined || !Address.equals(pool.address, address)) return
        this.retirePool(pool, why, new ConnectionLost({ address: Address.format(address), kind: "moved", detail: why }))
        this.ensureConnected()
      },
      nodeSuspected: (address) => this.suspect(address),
      reconsider: (primary, all) => this.reconsider(primary, all),
      gate: (gate, age) => this.setGate(gate, age),
      sentinelDistance: (millis) => {
        this.distance = millis
        this.withholdMillis = Math.max(0, Math.ceil(millis) - selectionGraceMillis)
      },
      renamed: (from, to) => {
        const here = this.movedTo
        if (here !== undefined && Address.equals(here.address, from)) this.movedTo = { ...here, address: to }
      }
    })
  }

  // ---------------------------------------------------------------------------
  // Running

  readonly run = <A, B>(
    command: Command.Command<A, any, B>,
    timeout?: Duration.Input | undefined
  ): Effect.Effect<A, RedisError> =>
    command.spec.blocks === undefined ? this.runOn(this, command, timeout) : this.runBlocking(command, timeout)

  /** Runs a command that waits at the server: one turn after another, until one says that it is over. */
  private inTurns<A, B>(
    owner: Executor | ReservedConnection,
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined,
    turnOf: (wait: BlockingWait<A, B>) => Effect.Effect<A | typeof onceMore, RedisError>
  ): Effect.Effect<A, RedisError> {
    return Effect.suspend(() => {
      const invalid = invalidity(command, false)
      if (invalid !== undefined) return Effect.fail(invalid)
      const millis = timeout === undefined ? this.timeout : timeoutMillis(timeout)
      const wait = new BlockingWait(command, this.alarm.now(), millis)
      if (wait.until === wait.began) return this.runOn(owner, command, timeout)
      const turn = turnOf(wait)
      const loop: Effect.Effect<A, RedisError> = Effect.flatMap(
        turn,
        (result) => result === onceMore ? loop : Effect.succeed(result as A)
      )
      return loop
    })
  }

  /**
   * Runs a command that waits at the server, on a connection of its own, in
   * turns. When the server gives it up without having executed it, the rest of
   * its time is waited for at the next one.
   */
  private runBlocking<A, B>(
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<A, RedisError> {
    return this.inTurns(this, command, timeout, (wait) => {
      const repeats = this.allowed(command).repeat
      let failingSince: number | undefined
      const goesOn = (error: RedisError): boolean => {
        if (wait.withBlockingMillis === undefined || !(this.tookNothing(error) || (repeats && wasLost(error)))) {
          return false
        }
        const now = this.alarm.now()
        failingSince ??= now
        if (now - failingSince >= wait.millis) return false
        this.count("repeated")
        return true
      }
      return Effect.scoped(
        Effect.flatMap(
          this.reserveForWait(wait),
          (reserved): Effect.Effect<A | typeof onceMore, RedisError> =>
            reserved === undefined
              ? this.runWithoutWaiting(wait)
              : Effect.matchEffect(this.runBlockingTurn(reserved, wait), {
                onSuccess: (result) => {
                  failingSince = undefined
                  return Effect.succeed(result)
                },
                onFailure: (error) =>
                  goesOn(error)
                    ? Effect.as(this.untilClosed(Effect.sleep(blockingRetryMillis)), onceMore)
                    : Effect.fail(error)
              })
        )
      )
    })
  }

  /** The same on a reserved connection, whose loss ends it. */
  runBlockingOn<A, B>(
    reserved: ReservedConnection,
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<A, RedisError> {
    return this.inTurns(reserved, command, timeout, (wait) => {
      let busySince: number | undefined
      return Effect.catchIf(
        Effect.tap(this.runBlockingTurn(reserved, wait), () => Effect.sync(() => void (busySince = undefined))),
        (error: RedisError) => {
          if (
            wait.withBlockingMillis === undefined || error._tag !== "ReplyError" || !temporaryRefusals.has(error.code)
          ) {
            return false
          }
          busySince ??= this.alarm.now()
          return this.alarm.now() - busySince < wait.millis
        },
        (): Effect.Effect<typeof onceMore, RedisError> => {
          this.count("repeated")
          return Effect.as(this.untilClosed(Effect.sleep(blockingRetryMillis)), onceMore)
        }
      )
    })
  }

  /**
   * A reserved connection for a wait. Where all are taken it waits as long as it would at the
   * server, and is undefined if there is none by then. To connect is no waiting.
   */
  private reserveForWait(
    wait: BlockingWait<any, any>
  ): Effect.Effect<ReservedConnection | undefined, RedisError, Scope.Scope> {
    return Effect.suspend(() =>
      Effect.catchTag(
        this.reserveWithin((isFull) => {
          const left = wait.until - this.alarm.now()
          return isFull ? Math.max(1, left) : Math.max(wait.millis, left)
        }),
        "ReserveTimeout",
        (error) => {
          wait.refusal = error
          return Effect.undefined
        }
      )
    )
  }

  /** A wait that has had no turn until its time was up: in a transaction the server answers at once. */
  private runWithoutWaiting<A, B>(wait: BlockingWait<A, B>): Effect.Effect<A, RedisError> {
    return wait.withBlockingMillis === undefined
      ? Effect.fail(wait.refusal!)
      : Effect.flatMap(
        this.runTransaction([wait.command]),
        ({ failures, values }) => failures?.get(0) ?? Effect.succeed(values[0] as A)
      )
  }

  /** One turn of a wait at the server. It has to go on if nothing came, and if it was ended from here with nothing taken. */
  private runBlockingTurn<A, B>(
    reserved: ReservedConnection,
    wait: BlockingWait<A, B>
  ): Effect.Effect<A | typeof onceMore, RedisError> {
    return Effect.suspend(() => {
      const now = this.alarm.now()
      const run = this.runOn(reserved, wait.next(now, () => this.alarm.now()), wait.millis)
      if (wait.withBlockingMillis === undefined || wait.command.spec.mode !== "write") return run
      const turn = new BlockingTurn(reserved)
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
  private tookNothing(error: RedisError): boolean {
    if (error._tag === "ConnectionLost" || error._tag === "ProtocolError") return true
    if (error._tag !== "ReplyError") return false
    if (error.detail.startsWith(forced) || temporaryRefusals.has(error.code)) return true
    return refusals.has(error.code) && (this.target.canRelocate || error.code === "LOADING")
  }

  /**
   * Ends a wait at the server, exactly: it answers what it has, or that it had
   * nothing. The server's own word on it comes on another connection.
   */
  private unblock(turn: BlockingTurn): void {
    const { connection } = turn.reserved
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
  private suspectConnections(pool: Pool.Pool): void {
    pool.suspect()
    for (const connection of this.outsidePool) {
      if (connection.idle && Address.equals(connection.address, pool.address)) connection.probe()
    }
    for (const turn of this.waiting) {
      if (Address.equals(turn.reserved.connection.address, pool.address)) turn.doubted = true
    }
    this.unblockDoubted()
  }

  /** Once the node answers again, waits on connections that are in doubt are ended there. */
  private unblockDoubted(): void {
    for (const turn of this.waiting) if (turn.doubted) this.unblock(turn)
  }

  readonly runScanPage = <A, B>(
    command: Command.Command<A, any, B>,
    position: ScanPosition
  ): Effect.Effect<A, RedisError> => this.pageOn(this, command, position)

  pageOn<A, B>(
    owner: Executor | ReservedConnection,
    command: Command.Command<A, any, B>,
    position: ScanPosition
  ): Effect.Effect<A, RedisError> {
    return new ScanPageEffect((waiter) => {
      const invalid = invalidity(command, owner === this)
      if (invalid !== undefined) return { settled: Exit.fail(invalid), suspended: false, released: () => {} }
      const page = new PendingScanPage(owner, command, position, waiter, this.alarm.turn() + this.timeout, this.timeout)
      const at = position.connection
      if (at !== undefined && at.open && owner === this) this.dispatchAt(page, at)
      else owner.submit(page)
      return page
    })
  }

  readonly runPipeline = (
    commands: ReadonlyArray<Command.Any>
  ): Effect.Effect<BatchResult, RedisError> => this.batchOn(this, commands)

  readonly runTransaction = (
    commands: ReadonlyArray<Command.Any>
  ): Effect.Effect<BatchResult, RedisError> => this.atomicOn(this, commands)

  runOn<A, B>(
    owner: Executor | ReservedConnection,
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<A, RedisError> {
    return new CommandEffect(this, owner, command, timeout === undefined ? this.timeout : timeoutMillis(timeout))
  }

  begin(
    owner: Executor | ReservedConnection,
    command: Command.Any,
    millis: number,
    waiter: Waiter
  ): Suspended {
    const invalid = invalidity(command, owner === this)
    if (invalid !== undefined) return { settled: Exit.fail(invalid), suspended: false, released: () => {} }
    const blockingMillis = command.spec.blocks === undefined ? 0 : command.spec.blocks(command.args)
    const operation = new PendingCommand(
      owner,
      this.mayRepeat === undefined ? command : this.allowed(command),
      waiter,
      this.alarm.turn() + millis + blockingMillis,
      millis
    )
    operation.blockingMillis = blockingMillis
    if (command.spec.session !== undefined && owner instanceof ReservedConnection) owner.noteSessionCommand(command)
    owner.submit(operation)
    return operation
  }

  private allowed(command: Command.Any): Command.Any {
    return this.mayRepeat !== undefined && !command.repeat && isAllowed(this.mayRepeat, command)
      ? Command.repeatable(command)
      : command
  }

  batchOn(
    owner: Executor | ReservedConnection,
    commands: ReadonlyArray<Command.Any>
  ): Effect.Effect<BatchResult, RedisError> {
    if (commands.length === 0) return Effect.succeed(emptyBatch)
    return Effect.callback((resume) => {
      for (const command of commands) {
        const invalid = invalidity(command, owner === this) ?? waits(command, owner === this)
        if (invalid !== undefined) return resume(Exit.fail(invalid))
      }
      if (owner instanceof ReservedConnection) {
        for (const command of commands) if (command.spec.session !== undefined) owner.noteSessionCommand(command)
      }
      const list = this.mayRepeat === undefined ? commands : commands.map((c) => this.allowed(c))
      const batch = new PendingPipeline(owner, list, resume, this.alarm.now() + this.timeout, this.timeout)
      if (owner !== this) allowWaits(batch)
      owner.submit(batch)
      return Effect.sync(() => batch.cancel())
    })
  }

  atomicOn(
    owner: Executor | ReservedConnection,
    commands: ReadonlyArray<Command.Any>
  ): Effect.Effect<BatchResult, RedisError> {
    if (commands.length === 0) return Effect.succeed(emptyBatch)
    return Effect.callback((resume) => {
      for (const command of commands) {
        const invalid = invalidity(command, owner === this)
        if (invalid !== undefined) return resume(Exit.fail(invalid))
      }
      if (owner instanceof ReservedConnection) {
        for (const command of commands) if (command.spec.session !== undefined) owner.noteSessionCommand(command)
      }
      const list = this.mayRepeat === undefined ? commands : commands.map((c) => this.allowed(c))
      const transaction = new PendingTransaction(owner, list, resume, this.alarm.now() + this.timeout, this.timeout)
      owner.submit(transaction)
      return Effect.sync(() => transaction.cancel())
    })
  }

  /**
   * A connection of one's own, until the Scope closes. Its commands are never
   * sent again elsewhere: they fail with the loss of this connection.
   */
  readonly reserve: Effect.Effect<Reserved, ConnectionError | DeadlineExceeded, Scope.Scope> = Effect.suspend(() => {
    let until: number | undefined
    return Effect.mapError(
      this.reserveWithin(() => {
        const now = this.alarm.now()
        until ??= now + this.reserveTimeout
        return this.reserveTimeout === Infinity ? Infinity : Math.max(1, until - now)
      }),
      (error) =>
        error._tag === "ReserveTimeout"
          ? new ReserveTimeout({ target: error.target, timeoutMillis: this.reserveTimeout, max: error.max })
          : error
    )
  })

  /**
   * A reserved connection, if the node's pool has one within so many milliseconds. What cannot be reached
   * is tried again for as long as a command may take, and whoever waits while the
   * node moves waits on for one of the next. @internal
   */
  reserveWithin(
    limit: (isFull: boolean) => number
  ): Effect.Effect<ReservedConnection, ConnectionError | DeadlineExceeded, Scope.Scope> {
    return Effect.flatMap(Effect.scope, (scope) => {
      let connectingSince: number | undefined
      let failingSince: number | undefined
      const once: Effect.Effect<ReservedConnection, ConnectionError | DeadlineExceeded> = Effect.suspend(() => {
        connectingSince = this.alarm.now()
        // Closed before the connection is given back: nobody uses what is another's by then.
        const own = Scope.forkUnsafe(scope)
        return this.ready.pipe(
          Effect.flatMap(() => {
            connectingSince = undefined
            return this.pool === undefined
              ? Effect.fail(new ConnectionLost({ address: this.label, kind: "moved", detail: "its node was left" }))
              : this.pool.reserve(limit(this.pool.isFull))
          }),
          Effect.flatMap((connection) => {
            const reserved = new ReservedConnection(this, connection)
            return Effect.as(Effect.addFinalizer(() => Effect.sync(() => reserved.end())), reserved)
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
      const loop: Effect.Effect<ReservedConnection, ConnectionError | DeadlineExceeded> = Effect.catchIf(
        Effect.retry(once, {
          schedule: this.target.schedule as Schedule.Schedule<unknown, unknown>,
          while: (error) => !wasLeft(error) && goesOn(error)
        }),
        wasLeft,
        () => {
          failingSince = undefined
          return Effect.andThen(Effect.sleep(blockingRetryMillis), loop)
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
    if (this.pool === undefined) this.ensureConnected()
  }

  /** Whether a replica that names this as its primary has another history than the group. */
  isAstray(source: { readonly host: string; readonly port: number }): boolean {
    return this.target.isAstray?.(source) ?? false
  }

  /** Whether a connection leads to the group's primary, as far as is known. */
  isAtPrimary(connection: Connection | undefined): boolean {
    return connection === undefined || (this.target.isPrimary?.(connection.address) ?? true)
  }

  /** The group's configuration epoch, as far as it is known; 0 where there is none. */
  get epoch(): number {
    return this.target.epoch?.() ?? 0
  }

  /** Ends what waits once this is closed, and fails it: neither timer nor socket is left. */
  readonly untilClosed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | ClientClosed, R> =>
    Effect.suspend(() =>
      this.closed
        ? Effect.fail(new ClientClosed({ target: this.label }))
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
          Effect.tap((connection) => Effect.sync(() => this.adoptOutsidePool(connection))),
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
  private adoptOutsidePool(connection: Connection): void {
    this.outsidePool.add(connection)
    Metrics.connectionsOf.subscribed.modifyUnsafe(1, this.context)
    connection.onEnd = () => {
      if (this.outsidePool.delete(connection)) Metrics.connectionsOf.subscribed.modifyUnsafe(-1, this.context)
    }
    if (connection.ended !== undefined) connection.onEnd(connection.ended)
    if (this.closed) connection.close("the client was closed")
  }

  private readonly ready: Effect.Effect<void, ConnectionError | DeadlineExceeded> = Effect.callback((resume) => {
    const ready = new ConnectionWaiter(this, resume, this.alarm.now() + this.timeout, this.timeout)
    this.submit(ready)
    return Effect.sync(() => ready.cancel())
  })

  /** Puts an operation on its way. */
  submit(operation: PendingOperation): void {
    if (this.gate !== undefined && operation.waits) return this.gated(operation)
    const connection = this.pool === undefined ? undefined : this.pool.pick()
    if (connection === undefined) return this.enqueue(operation)
    this.dispatchAt(operation, connection)
  }

  /** Puts an operation on a connection. */
  protected dispatchAt(operation: PendingOperation, connection: Connection): void {
    if (connection.queued >= this.maxQueue) {
      return operation.fail(new QueueFull({ target: this.label, limit: this.maxQueue }))
    }
    this.arm(operation.deadline)
    operation.dispatch(connection)
  }

  /** Whether writes wait, or are refused. */
  get isHolding(): boolean {
    return this.gate !== undefined && this.gate !== "marking"
  }

  /** A write that comes while writes do not simply go out. */
  gated(operation: PendingOperation): void {
    const gate = this.gate
    if (gate === "held") {
      if (operation.refusal === undefined) {
        operation.refusal = this.fence
        Metrics.held.updateUnsafe(1, this.context)
      }
      return this.enqueue(operation)
    }
    if (gate === "asking") return this.enqueue(operation)
    if (gate !== "marking" && gate !== undefined) return operation.fail(gate)
    this.gate = undefined
    operation.owner.submit(operation)
    this.reportFirstWrite(operation)
  }

  /** The first write after a move: when it is acknowledged, that is told. */
  private reportFirstWrite(operation: PendingOperation): void {
    const connection = operation.connection
    if (!this.awaitsFirstWrite || connection === undefined || !connection.open || operation.owner !== this) return
    this.awaitsFirstWrite = false
    // What comes after the write in the order of replies tells that it was acknowledged.
    connection.enqueue(new Call(ping(), () => this.target.onFirstWrite?.()))
  }

  count(metric: "ambiguous" | "repeated"): void {
    const counter = metric === "ambiguous" ? Metrics.ambiguous : Metrics.repeated
    counter.updateUnsafe(1, this.context)
  }

  /** Makes sure that a deadline is noticed. */
  arm(deadline: number): void {
    if (deadline < this.alarm.at) this.alarm.set(deadline)
  }

  protected enqueue(operation: PendingOperation): void {
    if (this.closed) return operation.fail(new ClientClosed({ target: this.label }))
    if (this.queued.size - this.abandonedInQueue + this.heldBeside >= this.maxQueue) {
      return operation.fail(new QueueFull({ target: this.label, limit: this.maxQueue }))
    }
    operation.stage = Stage.waiting
    operation.queue = this
    this.queued.push(operation)
    this.heldBeside += operation.commandCount - 1
    this.arm(operation.deadline)
    this.ensureConnected()
  }

  /** An operation that is held here is no longer wanted. @internal */
  onAbandoned(operation: PendingOperation): void {
    this.heldBeside -= operation.commandCount - 1
    if (++this.abandonedInQueue * 2 <= this.queued.size) return
    this.retainHeld(() => true)
  }

  /** Keeps those of what is held that are wanted, and that a condition holds for. It must not do anything else. */
  private retainHeld(condition: (operation: PendingOperation) => boolean): void {
    this.abandonedInQueue = 0
    this.heldBeside = 0
    this.queued.retain((operation) => {
      if (!operation.isPending || !condition(operation)) return false
      this.heldBeside += operation.commandCount - 1
      return true
    })
  }

  /** Takes out what is held and wanted, in its order. */
  protected takeQueued(): Array<PendingOperation> {
    this.abandonedInQueue = 0
    this.heldBeside = 0
    return this.queued.drain().filter((operation) => operation.isPending)
  }

  /**
   * Commands have their time from the beginning of the turn in which they are
   * begun. That went on for so long that it is not taken from those that were
   * begun late in it. @internal
   */
  stretch(from: number, millis: number): void {
    const move = (request: Request): void => {
      if (!(request instanceof PendingCommand)) return
      const { deadline, blockingMillis, timeout } = request
      if (Math.abs(deadline - timeout - blockingMillis - from) < 1) request.deadline += millis
    }
    for (let i = 0; i < this.queued.size; i++) move(this.queued.at(i))
    this.forEach((connection) => connection.each(move))
  }

  /** A deadline is due: what has arrived is read first, and judged then. */
  private due(now: number): void {
    let reading = 1
    const read = (): void => {
      if (--reading > 0 || this.closed) return
      if (this.connectionsBehind > 0) this.sweeping = true
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
    const late: Array<PendingOperation> = []
    this.retainHeld((operation) => {
      if (operation.deadline <= now) {
        late.push(operation)
        return false
      }
      next = Math.min(next, operation.deadline)
      return true
    })
    this.pausing.retain((operation) => {
      if (operation.isPending && operation.deadline <= now) late.push(operation)
      else if (operation.isPending) next = Math.min(next, operation.deadline)
      return operation.isPending && operation.deadline > now
    })
    for (const operation of late) operation.onDeadline(false)
    const disbelieved: Array<WithheldReply> = []
    this.withheldReplies.retain((parked) => {
      if (!parked.isPending) return false
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

  requeue(operation: PendingOperation): void {
    this.enqueue(operation)
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
    return !this.target.canRelocate && refusals.has(reply.code) && reply.code !== "LOADING"
  }

  onRefused(operation: PendingOperation, command: Command.Any, reply: Resp.ErrorReply): void {
    if (this.isFinal(reply)) {
      return operation.failWith(Exit.fail(replyError(command, reply)))
    }
    if (operation.refuse(command, reply)) return this.pause(operation)
    this.suspectNode(operation.connection, serverText(reply))
    this.enqueue(operation)
  }

  /** Sends an operation again a little later. */
  pause(operation: PendingOperation): void {
    if (this.closed) return operation.failWith(Exit.fail(new ClientClosed({ target: this.label })))
    if (this.pausing.size >= this.maxQueue) {
      return operation.failWith(Exit.fail(new QueueFull({ target: this.label, limit: this.maxQueue })))
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
          for (const paused of this.pausing.drain()) if (paused.isPending) paused.owner.submit(paused)
        })
      )
    )
  }

  obstacle(): ConnectionError | undefined {
    return this.lastError
  }

  /** The node said that it is the wrong one, or not ready: its pool is given up, and the target asked anew. */
  suspectNode(connection: Connection | undefined, why: string): void {
    const pool = this.pool
    if (pool === undefined || connection === undefined || !Address.equals(pool.address, connection.address)) return
    if (!connection.open) return
    this.increaseBackoff()
    this.retirePool(pool, why)
    this.target.onSuspect?.()
    this.ensureConnected()
  }

  /** A node that keeps refusing, or a group that keeps moving, is asked less and less often. */
  private increaseBackoff(): void {
    const now = this.alarm.now()
    this.backoffMillis = now - this.backoffSetAt > 2000 ? 10 : Math.min(500, Math.max(10, this.backoffMillis * 2))
    this.backoffSetAt = now
  }

  /** With an error, what is under way is lost with it; without one, it is answered first. */
  private retirePool(pool: Pool.Pool, why: string, error?: ConnectionLost | undefined): void {
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
    this.movedTo = { address, epoch }
    this.refusals = 0
    this.refusedUntil = -Infinity
    const why = `${this.label} moved to ${Address.format(address)}, epoch ${epoch}`
    const pool = this.pool
    for (const connection of Array.from(this.outsidePool)) {
      if (!Address.equals(connection.address, address)) connection.close(why, "moved")
    }
    if (pool !== undefined && Address.equals(pool.address, address)) return
    this.awaitsFirstWrite = true
    const lost = new ConnectionLost({
      address: pool === undefined ? this.label : Address.format(pool.address),
      kind: "moved",
      detail: why
    })
    // What was acknowledged too late to be believed, is lost as far as anybody can know.
    for (const parked of this.withheldReplies.drain()) if (parked.isPending) parked.onLost(lost, true)
    const connecting = this.connecting
    this.connecting = undefined
    connecting?.interruptUnsafe()
    if (pool !== undefined) this.retirePool(pool, why, lost)
    for (const old of this.retired) old.forEach((connection) => connection.close(why, "moved"))
    if (pool !== undefined || connecting !== undefined || this.queued.size > 0) this.ensureConnected()
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
    const { preferred } = this.target
    const pool = this.pool
    const connection = pool?.pick()
    if (pool === undefined || connection === undefined || preferred === undefined || this.closed) return
    if (!preferred.isFallback(connection)) {
      if (all) this.background(Effect.ignore(this.tryOpen(this.target.open)), () => {})
      return
    }
    if (Address.equals(pool.address, primary)) {
      return this.background(Effect.ignore(this.tryOpen(preferred.open)), () => {
        if (connection.open) this.upgrade(connection)
      })
    }
    // The primary that was left.
    const why = `${this.label} moved to ${Address.format(primary)}`
    this.retirePool(
      pool,
      why,
      new ConnectionLost({ address: Address.format(pool.address), kind: "moved", detail: why })
    )
    for (const old of this.retired) old.forEach((c) => c.close(why, "moved"))
    this.ensureConnected()
  }

  /** The node is late with its answers: another one is looked for, and what it owes is asked there, too. */
  private openElsewhere(late: Connection): void {
    const { openElsewhere } = this.target
    const pool = this.pool
    if (openElsewhere === undefined || this.isOpeningElsewhere || this.closed) return
    if (pool === undefined || !Address.equals(pool.address, late.address)) return
    this.isOpeningElsewhere = true
    const open = Effect.flatMap(openElsewhere(late.address), (connection) =>
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
        this.isOpeningElsewhere = false
        const connection = this.pool?.pick()
        if (connection === undefined || Address.equals(connection.address, late.address)) return
        // Nobody asks the primary what a replica may have no end with.
        if (connection.role === "replica") pool.forEach((from) => hedge(from, connection, (at) => this.arm(at)))
      }
    )
  }

  private setGate(gate: WriteGate, age: number): void {
    if (this.closed || gate === this.gate) return
    const before = this.gate
    this.gate = gate
    if (gate === "held") {
      this.fence = new Error(`writes to ${this.label} wait for the end of a failover`)
      this.recall()
      for (const turn of this.waiting) this.unblock(turn)
      const grace = selectionGraceMillis - Math.max(age, this.distance)
      if (this.connectionsBehind > 0 || grace <= 0) this.forEach((connection) => this.withholdReplies(connection))
      else {
        this.parking = this.runFork(
          Effect.andThen(
            Effect.sleep(grace),
            Effect.sync(() => this.forEach((connection) => this.withholdReplies(connection)))
          )
        )
      }
      return
    }
    this.parking?.interruptUnsafe()
    this.parking = undefined
    if (gate === "asking") return this.recall()
    if (before === "held" || before === "asking") this.releaseTrusted(this.alarm.now())
    if (gate === undefined) this.release()
    else {
      const refused: Array<PendingOperation> = []
      this.retainHeld((operation) => {
        if (operation.waits) refused.push(operation)
        return !operation.waits
      })
      // Whoever is told may give up others of them.
      for (const operation of refused) if (operation.isPending) operation.fail(gate)
    }
  }

  /** What the socket has not taken yet must not go out. */
  private recall(): void {
    this.forEach((connection) => {
      for (const request of connection.recall()) {
        if (request instanceof PendingOperation && request.waits) request.recalled()
        else connection.enqueue(request)
      }
    })
  }

  /** From now on replies to what was written before wait until it is known what they are worth. */
  withholdReplies(connection: Connection): void {
    connection.replace((request, left) =>
      // All of a pipeline that writes: its reads count with its writes.
      request instanceof PendingOperation && request.waits && request.isPending
        ? new WithheldReply(request, left, this)
        : request
    )
  }

  /** Whether the word that writes have to wait takes so long that a reply may come before it. */
  get withholdsReplies(): boolean {
    return this.withholdMillis > 0
  }

  /** Whether what the node acknowledges now may be lost. */
  private get mayBeLost(): boolean {
    return this.gate === "held" || this.gate === "asking"
  }

  /** All replies of a parked write are there. */
  answered(parked: WithheldReply): void {
    if (this.closed || (this.withholdMillis === 0 && this.connectionsBehind === 0 && !this.mayBeLost)) {
      return parked.trust()
    }
    parked.at = this.alarm.now() + this.withholdMillis
    this.withheldReplies.push(parked)
    this.arm(parked.deadline)
    if (this.withholdMillis > 0) this.trustTimer.set(parked.at)
  }

  /** No word has come by now that would make these replies worthless. */
  private releaseTrusted(now: number): void {
    while (this.withheldReplies.size > 0 && this.connectionsBehind === 0 && !this.mayBeLost) {
      const parked = this.withheldReplies.peek()!
      if (parked.at > now) return this.trustTimer.set(parked.at)
      this.withheldReplies.shift()
      if (parked.isPending) parked.trust()
    }
  }

  /** Something may have arrived unseen, on one connection more or less. */
  onReadProgress(more: 1 | -1): void {
    this.connectionsBehind += more
    if (this.connectionsBehind > 0 || this.closed) return
    const now = this.alarm.now()
    this.releaseTrusted(now)
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
    const held = this.takeQueued()
    if (this.pool === undefined) {
      for (const operation of held) if (operation.isPending) operation.owner.submit(operation)
      return
    }
    let first: PendingOperation | undefined
    for (const operation of held) {
      if (!operation.isPending) continue
      operation.owner.submit(operation)
      if (this.awaitsFirstWrite && operation.writes && operation.isPending) {
        first ??= operation
        this.reportFirstWrite(operation)
      }
    }
    if (this.awaitsFirstWrite && this.gate === undefined) this.gate = "marking"
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

  protected ensureConnected(): void {
    if (this.closed || this.connecting !== undefined) return
    if (this.pool !== undefined && this.pool.missing === 0) return
    const pause = this.backoffSetAt + this.backoffMillis - this.alarm.now()
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
            if (Exit.isSuccess(exit)) return this.ensureConnected()
            // One that serves is left with the others missing: they are tried again, and what is held waits for other things.
            if (this.pool?.pick() !== undefined) return this.ensureConnectedLater()
            const error = Cause.findErrorOption(exit.cause)
            for (const operation of this.takeQueued()) {
              if (!operation.isPending) continue
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
    const sibling = this.pool?.pick()
    const began = this.alarm.now()
    return Effect.tapError(
      Effect.tap(
        this.tryOpen(this.paced(sibling === undefined ? this.target.open : this.target.openBeside(sibling))),
        () => Effect.sync(() => Metrics.discoveryTime.updateUnsafe(this.alarm.now() - began, this.context))
      ),
      (error) => Effect.sync(() => void (this.lastError = error))
    )
  })

  /** While a makeshift serves, the real thing is looked for now and then. */
  private upgrade(connection: Connection): void {
    const better = this.target.preferred
    if (better === undefined || !better.isFallback(connection)) return
    this.background(
      Effect.retry(
        Effect.andThen(
          Effect.sleep(improveInterval),
          Effect.suspend(() => connection.open && !this.closed ? this.tryOpen(better.open) : Effect.void)
        ),
        { schedule: Schedule.forever }
      ),
      // The real thing may be one connection of several.
      () => this.ensureConnected()
    )
  }

  /** Looks for what is missing once more, after a pause. */
  private ensureConnectedLater(): void {
    if (this.isWaking) return
    this.isWaking = true
    this.background(Effect.sleep(improveInterval), () => {
      this.isWaking = false
      this.ensureConnected()
    })
  }

  /** Runs something that ends with this at the latest. */
  private background<E>(effect: Effect.Effect<void, E>, after: () => void): void {
    const fiber = this.runFork(effect)
    this.backgroundFibers.add(fiber)
    fiber.addObserver(() => {
      this.backgroundFibers.delete(fiber)
      if (!this.closed) after()
    })
  }

  private attach(connection: Connection, scope: Scope.Closeable): Effect.Effect<void, ConnectionError> {
    return Effect.gen({ self: this }, function*() {
      if (connection.ended !== undefined) return yield* connection.ended
      const address = connection.address
      const here = this.movedTo
      if (here !== undefined && !Address.equals(address, here.address)) {
        connection.close(`${this.label} moved to ${Address.format(here.address)}, epoch ${here.epoch}`, "moved")
        return yield* connection.ended!
      }
      let pool = this.pool
      if (pool === undefined || !Address.equals(pool.address, address)) {
        if (pool !== undefined) {
          this.increaseBackoff()
          this.retirePool(pool, `${this.label} is now at ${connection.shownAddress}`)
        }
        pool = yield* Pool.make({
          address,
          target: this.label,
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
        if (error._tag === "ConnectionLost" && error.kind === "stalled") this.suspectConnections(home)
        if (this.pool !== home) return
        // What it did not carry goes on at once where there are others.
        if (home.pick() !== undefined) this.release()
        this.ensureConnected()
      }
      if (this.closed) {
        home.close("the client was closed", "retired")
        return connection.close("the client was closed")
      }
      if (this.target.openElsewhere !== undefined) connection.onLate = () => this.openElsewhere(connection)
      else if (this.target.onLate !== undefined) connection.onLate = () => this.target.onLate!(connection)
      this.pool = home
      this.guarded(connection)
      this.lastError = undefined
      home.add(connection)
      this.unblockDoubted()
      this.release()
      this.target.onConnected?.()
      this.upgrade(connection)
    })
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.alarm.close()
    this.unwatch?.()
    Deferred.doneUnsafe(this.closing, Exit.fail(new ClientClosed({ target: this.label })))
    for (const fiber of [this.connecting, this.parking, this.pauseTimer, ...this.backgroundFibers]) {
      fiber?.interruptUnsafe()
    }
    this.trustTimer.close()
    // Nobody will know any more what these replies are worth.
    const untold = new ConnectionLost({ address: this.label, kind: "retired", detail: "the client was closed" })
    for (const parked of this.withheldReplies.drain()) if (parked.isPending) parked.onLost(untold, true)
    for (const connection of Array.from(this.outsidePool)) connection.close("the client was closed")
    const pool = this.pool
    this.pool = undefined
    const why = "the client was closed"
    pool?.close(why, "retired")
    for (const old of this.retired) old.forEach((connection) => connection.close(why))
    this.retired.clear()
    const error = new ClientClosed({ target: this.label })
    for (const operation of [...this.takeQueued(), ...this.pausing.drain()]) {
      if (operation.isPending) operation.fail(error)
    }
  }
}

const invalidity = (command: Command.Any, shared: boolean): InvalidCommand | undefined => {
  const session = command.spec.session === undefined ? undefined : Command.sessionOf(command)
  const detail = session !== undefined && (shared || session === "never")
    ? session === "never"
      ? "it would take the connection out of the order of commands and replies"
      : "it changes the session, so it needs a reserved connection"
    : Command.check(command)
  return detail === undefined ? undefined : new InvalidCommand({ command: command.spec.name, detail })
}

const waits = (command: Command.Any, shared: boolean): InvalidCommand | undefined =>
  shared && command.spec.blocks !== undefined && command.spec.blocks(command.args) > 0
    ? new InvalidCommand({
      command: command.spec.name,
      detail:
        "it waits at the server, which would hold up a shared connection: run it by itself or on a reserved connection"
    })
    : undefined

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
      (context) => new Executor(target, options, context)
    ),
    (executor) => Effect.sync(() => executor.close())
  )
