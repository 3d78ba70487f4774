/**
 * A reserved connection: one that a single user has to itself, and what that user
 * has done to its session.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import * as Command from "../../Command.ts"
import { ClientClosed, type ConnectionError, type DeadlineExceeded, type RedisError } from "../../Errors.ts"
import type { Use } from "../../Pool.ts"
import type * as Resp from "../../Resp.ts"
import { temporaryRefusals } from "../common/passing.ts"
import { replyError, serverText } from "../connection/call.ts"
import type { Connection } from "../connection/connection.ts"
import type { EndError } from "../connection/types.ts"
import type { ExecutionContext } from "./executionContext.ts"
import { type Dispatcher, type PendingOperation, runCommand, Stage } from "./operation.ts"
import { runPipeline } from "./pipeline.ts"
import type { RetryQueue } from "./retryQueue.ts"
import { runScanPage } from "./scanPage.ts"
import { PendingTransaction, runTransaction } from "./transaction.ts"
import type { Reserved, Runner } from "./types.ts"
import type { WriteGate } from "./writeGate.ts"

const isUnwatch = (command: Command.Any): boolean => command.spec.words[0]!.toUpperCase() === "UNWATCH"

/** Whether the server's reply means that nothing is watched any more; a user who may not run EXEC gets no such reply. */
const isAnswered = (exit: Exit.Exit<unknown, RedisError>): boolean => {
  if (Exit.isSuccess(exit)) return true
  const error = Cause.findErrorOption(exit.cause)
  return Option.isSome(error) &&
    (error.value._tag === "TransactionAborted" || (error.value._tag === "ReplyError" && error.value.code !== "NOPERM"))
}

/** What a reserved connection needs of the executor that it belongs to. */
export interface ReservingExecutor {
  readonly label: string
  readonly execution: ExecutionContext
  readonly gate: WriteGate
  readonly retries: RetryQueue
  readonly blocking: BlockingOnReserved
  /** Whether all connections for commands that wait at the server are taken. */
  readonly isWaitingFull: boolean
  /** The shared connection that is next in turn, if there is one. */
  readonly serving: Connection | undefined
  readonly suspectNode: (connection: Connection | undefined, why: string) => void
  readonly runAtPrimary: Dispatcher["runAtPrimary"]
}

/** Runs commands that block on a reserved connection. */
export interface BlockingOnReserved {
  readonly runOn: <A, B>(
    reserved: ReservedConnection,
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined
  ) => Effect.Effect<A, RedisError>
}

/** One user's connection, until its Scope closes. */
export class ReservedConnection implements Dispatcher, Reserved {
  readonly label: string
  readonly isReserved = true
  readonly execution: ExecutionContext
  readonly connection: Connection
  /** Set once its Scope has closed: the connection may be somebody else's. */
  private ended = false
  /** The command that waits on it at the server, or did last. */
  waiting: PendingOperation | undefined = undefined
  /** How many WATCHes were sent. */
  private watches = 0
  private readonly executor: ReservingExecutor
  constructor(executor: ReservingExecutor, connection: Connection) {
    this.executor = executor
    this.execution = executor.execution
    this.connection = connection
    this.label = executor.label
  }
  readonly run: Runner["run"] = (command, timeout) => {
    const { blockingMillis, session } = command.spec
    if (blockingMillis !== undefined) return this.executor.blocking.runOn(this, command, timeout)
    const run = runCommand(this, command, timeout)
    return session !== undefined && isUnwatch(command) ? this.clearWatchAfter(run) : run
  }
  readonly runPipeline: Runner["runPipeline"] = (commands, timeout) => {
    const run = runPipeline(this, commands, timeout)
    // What ends an interrupted command must not end one of these.
    return Effect.suspend(() => {
      const { settling } = this.connection
      return settling === undefined ? run : Effect.andThen(settling, run)
    })
  }
  readonly runTransaction: Runner["runTransaction"] = (commands, timeout) => {
    const run = runTransaction(this, commands, timeout)
    return commands.length === 0 ? run : this.clearWatchAfter(run)
  }
  readonly runScanPage: Runner["runScanPage"] = (command, position) => runScanPage(this, command, position)

  end(): void {
    this.ended = true
  }

  /** Another connection to the same node, if there is one. */
  get sibling(): Connection | undefined {
    const other = this.executor.serving
    return other !== undefined && Address.equals(other.address, this.connection.address) ? other : undefined
  }

  get isUnsent(): boolean {
    const { waiting } = this
    return waiting !== undefined && waiting.isPending && waiting.stage !== Stage.written
  }

  get isWanted(): boolean {
    return this.executor.isWaitingFull
  }

  noteSessionCommand(command: Command.Any): void {
    if (this.ended || isUnwatch(command) || Command.sessionOf(command) === undefined) return
    if (command.spec.words[0]!.toUpperCase() === "WATCH") {
      this.watches++
      this.connection.watching = true
    } else this.connection.tainted = true
  }

  /** Once the server has answered EXEC or UNWATCH, nothing is watched, unless a WATCH was sent meanwhile. */
  private clearWatchAfter<A>(run: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> {
    return Effect.suspend(() => {
      const before = this.watches
      return Effect.onExit(run, (exit) =>
        Effect.sync(() => {
          if (!this.ended && this.watches === before && isAnswered(exit)) this.connection.watching = false
        }))
    })
  }

  submit(operation: PendingOperation): void {
    if (this.ended) return operation.failWith(Exit.fail(new ClientClosed({ target: this.label })))
    const { gate } = this.executor
    if (gate.isHolding && operation.isGated && this.connection.ended === undefined) return gate.onWrite(operation)
    this.execution.arm(operation.deadline)
    operation.dispatch(this.connection)
  }
  /** There is one connection to choose. */
  submitTo(operation: PendingOperation): void {
    this.submit(operation)
  }
  get runAtPrimary(): Dispatcher["runAtPrimary"] {
    return this.executor.runAtPrimary
  }
  resubmit(operation: PendingOperation): void {
    this.submit(operation)
  }
  requeue(operation: PendingOperation, error: EndError): void {
    operation.fail(error)
  }
  /** A state that passes by itself is waited out, on the same connection. */
  isFinal(reply: Resp.ErrorReply): boolean {
    return !temporaryRefusals.has(reply.code)
  }
  onRefused(operation: PendingOperation, command: Command.Any, reply: Resp.ErrorReply): void {
    const passes = temporaryRefusals.has(reply.code)
    if (!passes) this.executor.suspectNode(this.connection, serverText(reply))
    // EXEC has ended the watch. A blocking command has its own way to go on.
    const isOver = !passes || operation.blockingMillis > 0 ||
      (operation instanceof PendingTransaction && this.connection.watching)
    if (isOver) return operation.failWith(Exit.fail(replyError(command, reply)))
    operation.refuse(command, reply)
    this.executor.retries.add(operation)
  }
  obstacle(): ConnectionError | undefined {
    return this.connection.ended
  }
}

/** Reserves a connection; `limit` says for how many milliseconds one is waited for. */
export type ReserveWithin = (
  use: Use,
  limit: (isFull: boolean) => number
) => Effect.Effect<ReservedConnection, ConnectionError | DeadlineExceeded, Scope.Scope>
