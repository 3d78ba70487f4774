/**
 * A connection that one user has to itself, and what that user has done to its
 * session.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Command from "../../Command.ts"
import { ClientClosed, type ConnectionError, type RedisError } from "../../Errors.ts"
import type * as Resp from "../../Resp.ts"
import { replyError, serverText } from "../connection/call.ts"
import type { Connection } from "../connection/connection.ts"
import type { EndError } from "../connection/types.ts"
import { type Dispatcher, type PendingOperation, temporaryRefusals } from "./operation.ts"
import { PendingTransaction } from "./transaction.ts"
import type { BatchResult, Reserved, Runner, ScanPosition } from "./types.ts"

const isUnwatch = (command: Command.Any): boolean => command.spec.words[0]!.toUpperCase() === "UNWATCH"

/** Whether the server itself has said that nothing is watched any more; who may not run EXEC has not heard that. */
const isAnswered = (exit: Exit.Exit<unknown, RedisError>): boolean => {
  if (Exit.isSuccess(exit)) return true
  const error = Cause.findErrorOption(exit.cause)
  return Option.isSome(error) &&
    (error.value._tag === "TransactionAborted" || (error.value._tag === "ReplyError" && error.value.code !== "NOPERM"))
}

/** The executor whose connection it is: it runs what is dispatched here. */
export interface ReservingExecutor {
  readonly label: string
  /** Whether writes wait, or are refused. */
  readonly isHolding: boolean
  readonly gated: (operation: PendingOperation) => void
  readonly arm: (deadline: number) => void
  readonly count: (metric: "ambiguous" | "repeated") => void
  readonly pause: (operation: PendingOperation) => void
  readonly suspectNode: (connection: Connection | undefined, why: string) => void
  readonly runOn: <A, B>(
    owner: ReservedConnection,
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined
  ) => Effect.Effect<A, RedisError>
  readonly runBlockingOn: <A, B>(
    owner: ReservedConnection,
    command: Command.Command<A, any, B>,
    timeout: Duration.Input | undefined
  ) => Effect.Effect<A, RedisError>
  readonly batchOn: (
    owner: ReservedConnection,
    commands: ReadonlyArray<Command.Any>
  ) => Effect.Effect<BatchResult, RedisError>
  readonly atomicOn: (
    owner: ReservedConnection,
    commands: ReadonlyArray<Command.Any>
  ) => Effect.Effect<BatchResult, RedisError>
  readonly pageOn: <A, B>(
    owner: ReservedConnection,
    command: Command.Command<A, any, B>,
    position: ScanPosition
  ) => Effect.Effect<A, RedisError>
}

/** One user's connection, until its Scope closes. */
export class ReservedConnection implements Dispatcher, Reserved {
  readonly label: string
  readonly isReserved = true
  readonly connection: Connection
  /** Set once its Scope has closed: its connection is another's, or will be. */
  private ended = false
  /** How many WATCHes there were. */
  private watches = 0
  private readonly executor: ReservingExecutor
  constructor(executor: ReservingExecutor, connection: Connection) {
    this.executor = executor
    this.connection = connection
    this.label = executor.label
  }
  readonly run: Runner["run"] = (command, timeout) => {
    const { blocks, session } = command.spec
    if (blocks !== undefined) return this.executor.runBlockingOn(this, command, timeout)
    const run = this.executor.runOn(this, command, timeout)
    return session !== undefined && isUnwatch(command) ? this.clearWatchAfter(run) : run
  }
  readonly runPipeline: Runner["runPipeline"] = (commands) => this.executor.batchOn(this, commands)
  readonly runTransaction: Runner["runTransaction"] = (commands) => {
    const run = this.executor.atomicOn(this, commands)
    return commands.length === 0 ? run : this.clearWatchAfter(run)
  }
  readonly runScanPage: Runner["runScanPage"] = (command, position) => this.executor.pageOn(this, command, position)

  end(): void {
    this.ended = true
  }

  /** A command that changes the session is about to be sent. */
  noteSessionCommand(command: Command.Any): void {
    if (this.ended || isUnwatch(command) || Command.sessionOf(command) === undefined) return
    if (command.spec.words[0]!.toUpperCase() === "WATCH") {
      this.watches++
      this.connection.watching = true
    } else this.connection.tainted = true
  }

  /** Once the server has answered EXEC or UNWATCH, nothing is watched, unless that was begun meanwhile. */
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
    if (this.executor.isHolding && operation.waits && this.connection.ended === undefined) {
      return this.executor.gated(operation)
    }
    this.executor.arm(operation.deadline)
    operation.dispatch(this.connection)
  }
  count(metric: "ambiguous" | "repeated"): void {
    this.executor.count(metric)
  }
  requeue(operation: PendingOperation, error: EndError): void {
    operation.fail(error)
  }
  /** What passes by itself is waited for, on the same connection. */
  isFinal(reply: Resp.ErrorReply): boolean {
    return !temporaryRefusals.has(reply.code)
  }
  onRefused(operation: PendingOperation, command: Command.Any, reply: Resp.ErrorReply): void {
    const passes = temporaryRefusals.has(reply.code)
    if (!passes) this.executor.suspectNode(this.connection, serverText(reply))
    // EXEC has forgotten what was watched. A wait has its own way to go on.
    const isOver = !passes || operation.blockingMillis > 0 ||
      (operation instanceof PendingTransaction && this.connection.watching)
    if (isOver) return operation.failWith(Exit.fail(replyError(command, reply)))
    operation.refuse(command, reply)
    this.executor.pause(operation)
  }
  obstacle(): ConnectionError | undefined {
    return this.connection.ended
  }
}
