/**
 * What the parts of execution have in common: where connections go, what is reported
 * about that place, what runs commands.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type * as Address from "../../Address.ts"
import type * as Command from "../../Command.ts"
import type { ClientClosed, ConnectionError, DeadlineExceeded, RedisError } from "../../Errors.ts"
import type { Connection } from "../connection/connection.ts"
import type { ServerIdentity } from "../telemetry/peers.ts"

/**
 * Where an executor's connections go.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionTarget {
  /** An address or a group, for messages. */
  readonly label: string
  /** What the client was made for, for telemetry. */
  readonly identity?: ServerIdentity | undefined
  /** Whether another attempt may lead to another node. If not, READONLY and MASTERDOWN are final. */
  readonly canRelocate: boolean
  /** Finds the node and opens a verified session with it: one attempt. */
  readonly open: Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /** Opens one more shared session beside an existing one: with the same node, if there is a choice. */
  readonly openBeside: (sibling: Connection) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /** Opens one more verified session with the node of an existing session. */
  readonly openAt: (sibling: Connection) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /**
   * Where `open` may give a fallback, such as a primary in place of a replica:
   * `open` here tries the preferred kind of node only.
   */
  readonly preferred?: {
    readonly open: Effect.Effect<Connection, ConnectionError, Scope.Scope>
    readonly isFallback: (connection: Connection) => boolean
  } | undefined
  /** How `open` is retried. When the schedule ends, queued operations fail; the next one starts it anew. */
  readonly schedule: Schedule.Schedule<unknown, ConnectionError>
  /** Reports moves of the node and the state of the write gate to a listener. The result ends that. */
  readonly watch?: ((listener: TargetListener) => () => void) | undefined
  /** Called when the node says that it has the wrong role or is not ready. */
  readonly onSuspect?: (() => void) | undefined
  /** The group's configuration epoch, as far as it is known. */
  readonly epoch?: (() => number) | undefined
  /** How often the group has moved to another primary. */
  readonly moves?: (() => number) | undefined
  /** Called for each new shared connection. */
  readonly onConnected?: (() => void) | undefined
  /** Opens a session with another node, while the one at this address is late with its answers. */
  readonly openElsewhere?:
    | ((late: Address.Address) => Effect.Effect<Connection, ConnectionError, Scope.Scope>)
    | undefined
  /** Called when a shared connection is late with its answers. */
  readonly onLate?: ((connection: Connection) => void) | undefined
  /** Whether the group's primary is at this address; undefined where that is not known. */
  readonly isPrimary?: ((address: Address.Address) => boolean | undefined) | undefined
  /** Whether a replica that names this as its primary has another history than the group. */
  readonly followsOtherPrimary?: ((source: { readonly host: string; readonly port: number }) => boolean) | undefined
  /** Called when the first write after a move was acknowledged. */
  readonly onFirstWrite?: (() => void) | undefined
  /** Called when this process may have been busy, so that something may have arrived unread. */
  readonly onBehind?: (() => void) | undefined
  /** Of a replica: runs a command on the primary of its group. */
  readonly runAtPrimary?: ((command: Command.Any) => Effect.Effect<unknown, RedisError>) | undefined
}

/**
 * Whether writes may go out: undefined if they may; `"held"` if they have to
 * wait; `"asking"` if they wait until that is known; or the error with which
 * they are refused.
 *
 * @since 0.1.0
 * @category models
 */
export type WriteGateState = undefined | "held" | "asking" | ConnectionError

/**
 * Receives what happens to a target's node.
 *
 * @since 0.1.0
 * @category models
 */
export interface TargetListener {
  /** The target is another node now, at this address since this epoch. */
  readonly moved: (address: Address.Address, epoch: number) => void
  /** The node at this address does not belong to the target any more. */
  readonly nodeRemoved: (address: Address.Address, why: string) => void
  /** The node at this address is thought to be down: connections that wait for an answer of it are given up. */
  readonly nodeSuspected: (address: Address.Address) => void
  /**
   * The group has another primary, at this address. A fallback may no longer be
   * needed, and, if `all`, any other node may no longer be the best: a better one
   * is looked for while the present one serves.
   */
  readonly reconsider: (primary: Address.Address, all: boolean) => void
  /** Whether writes may go out has changed, at most so many milliseconds ago. */
  readonly gate: (state: WriteGateState, age: number) => void
  /** How many milliseconds old a sentinel's report is at most when it arrives. */
  readonly signLateness: (millis: number) => void
  /** The node at the one address is known by the other from now on. */
  readonly renamed: (from: Address.Address, to: Address.Address) => void
}

/**
 * Where a scan is: at one server, in one epoch. Its cursor means nothing to any
 * other server.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScanPosition {
  /** Undefined before the first page. */
  server: string | undefined
  /** The connection of the last page: as long as it is open, the next one goes there. */
  connection?: Connection | undefined
  /** What ran the first page, where there is a choice. */
  runner?: Runner | undefined
  /** How many elements the caller has received so far. */
  given: number
}

/**
 * The outcomes of several commands, in their order: the values of those that
 * succeeded, and the failures of the others by index.
 *
 * @since 0.1.0
 * @category models
 */
export interface BatchResult {
  readonly values: ReadonlyArray<unknown>
  /** Undefined if all succeeded. */
  readonly failures: ReadonlyMap<number, Exit.Exit<never, RedisError>> | undefined
  /** The connection on which a transaction was executed. */
  readonly connection?: Connection | undefined
}

export const emptyBatch: BatchResult = { values: [], failures: undefined }

const isAmbiguous = (exit: Exit.Exit<never, RedisError>): boolean => {
  const error = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : Option.none()
  return Option.isSome(error) && error.value._tag === "AmbiguousOutcome"
}

/** The failure that counts for all: a command that may have been executed matters more than one that was not. */
export const firstFailure = (failures: NonNullable<BatchResult["failures"]>): Exit.Exit<never, RedisError> => {
  let first = Infinity
  let ambiguous = Infinity
  for (const [i, exit] of failures) {
    if (i < first) first = i
    if (i < ambiguous && isAmbiguous(exit)) ambiguous = i
  }
  return failures.get(ambiguous === Infinity ? first : ambiguous)!
}

/** The outcome of a batch, which has failed if one of its commands has. */
export const failureIn = (exit: Exit.Exit<BatchResult, RedisError>): Exit.Exit<unknown, RedisError> =>
  Exit.isFailure(exit) || exit.value.failures === undefined ? exit : firstFailure(exit.value.failures)

/**
 * Runs commands: on shared connections, or on a reserved one. A `timeout` replaces the
 * client's.
 *
 * @since 0.1.0
 * @category models
 */
export interface Runner {
  /** Runs one command. */
  readonly run: <A, B>(
    command: Command.Command<A, any, B>,
    timeout?: Duration.Input | undefined
  ) => Effect.Effect<A, RedisError>
  /** Runs commands in one write; gives every command's own outcome. */
  readonly runPipeline: (
    commands: ReadonlyArray<Command.Any>,
    timeout?: Duration.Input | undefined
  ) => Effect.Effect<BatchResult, RedisError>
  /** Runs commands in MULTI and EXEC; gives every command's own outcome. */
  readonly runTransaction: (
    commands: ReadonlyArray<Command.Any>,
    timeout?: Duration.Input | undefined
  ) => Effect.Effect<BatchResult, RedisError>
  /** Runs a page of a scan; fails with `ScanInterrupted` where it is no longer at the server that gave the cursor. */
  readonly runScanPage: <A, B>(
    command: Command.Command<A, any, B>,
    position: ScanPosition
  ) => Effect.Effect<A, RedisError>
}

/**
 * A runner on a connection of its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reserved extends Runner {
  readonly connection: Connection
  /** Another connection to the same node, if there is one. */
  readonly sibling: Connection | undefined
  /** Whether the command that waits on it was not sent yet: behind the write fence, or before a full socket. */
  readonly isUnsent: boolean
  /** Whether all connections for waiting are taken, so that somebody may wait for this one. */
  readonly isWanted: boolean
}

/**
 * What a client stands on: an executor of one node, or a router over several
 * replicas.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientRunner extends Runner {
  /** An address or a group, for messages. */
  readonly label: string
  /** The services that the client was made with. */
  readonly services: Context.Context<never>
  /** How long one command may take, in milliseconds. */
  readonly commandTimeout: number
  /** The group's configuration epoch, as far as it is known; 0 where there is none. */
  readonly epoch: number
  /** How often the group has moved to another primary, whatever its epochs. */
  readonly moves: number
  /** Whether a connection leads to the group's primary, as far as is known. */
  readonly isAtPrimary: (connection: Connection | undefined) => boolean
  /** Whether a replica that names this as its primary has another history than the group. */
  readonly followsOtherPrimary: (source: { readonly host: string; readonly port: number }) => boolean
  /**
   * A reserved connection, until the Scope closes. Its commands are never sent
   * again elsewhere: they fail with the loss of this connection.
   */
  readonly reserve: Effect.Effect<Reserved, ConnectionError | DeadlineExceeded, Scope.Scope>
  /**
   * The same for one that commands wait on at the server; it counts as theirs (`maxBlocking`). Where all are taken, it
   * waits for its turn, for as long as that takes, and says so with `whenFull`.
   */
  readonly reserveToWait: (whenFull: () => void) => ClientRunner["reserve"]
  /**
   * Waits until the server has ended the commands that waited there and were interrupted, but for those on connections
   * that somebody has reserved.
   */
  readonly waitsEnded: Effect.Effect<void>
  /**
   * A session outside of the pool, until the Scope closes: for what changes the
   * meaning of a connection, such as a subscription. It ends when the node does,
   * or when the group moves. `prepare` belongs to each attempt; a failed attempt
   * closes what it has opened.
   */
  readonly session: <E>(
    prepare: (connection: Connection) => Effect.Effect<void, E>
  ) => Effect.Effect<Connection, ConnectionError | E, Scope.Scope>
  /** Asks the node that a session leads to, and no other. It is not asked again, as the session may have ended. */
  readonly askBeside: <A>(session: Connection, command: Command.Command<A, "read">) => Effect.Effect<A, RedisError>
  /** Runs an effect until this is closed: then the effect is interrupted, and the result is `ClientClosed`. */
  readonly untilClosed: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | ClientClosed, R>
}
