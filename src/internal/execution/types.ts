/**
 * What the parts of execution have in common: where connections go, who is told of
 * it, who dispatches operations, who runs commands. Types only.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type * as Address from "../../Address.ts"
import type * as Command from "../../Command.ts"
import type { ConnectionError, RedisError } from "../../Errors.ts"
import type { Connection } from "../connection/connection.ts"

/**
 * Where an executor's connections go.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionTarget {
  /** An address or a group, for messages. */
  readonly label: string
  /** Whether asking again may give another node. If not, READONLY and MASTERDOWN are final. */
  readonly canRelocate: boolean
  /** Finds the node and opens a verified session with it: one attempt. */
  readonly open: Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /** Opens one more session to be shared, beside one that there is: where that one is, if there is a choice. */
  readonly openBeside: (sibling: Connection) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /** Opens one more verified session with the node that `open` gave a session with. */
  readonly openAt: (sibling: Connection) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /**
   * Where `open` may give a makeshift, such as a primary in place of a replica:
   * tries for the real thing only.
   */
  readonly preferred?: {
    readonly open: Effect.Effect<Connection, ConnectionError, Scope.Scope>
    readonly isFallback: (connection: Connection) => boolean
  } | undefined
  /** How `open` is tried again. When it ends, what is held fails; the next command starts it anew. */
  readonly schedule: Schedule.Schedule<unknown, ConnectionError>
  /** Tells of moves and of when writes have to wait, until what it gives is called. */
  readonly watch?: ((watcher: TargetListener) => () => void) | undefined
  /** Is told that the node says that it is the wrong one, or not ready. */
  readonly onSuspect?: (() => void) | undefined
  /** The group's configuration epoch, as far as it is known. */
  readonly epoch?: (() => number) | undefined
  /** Is told of each connection that was taken in. */
  readonly onConnected?: (() => void) | undefined
  /** Opens a session with another node, while the one at this address is late with its answers. */
  readonly openElsewhere?:
    | ((late: Address.Address) => Effect.Effect<Connection, ConnectionError, Scope.Scope>)
    | undefined
  /** Is told that a shared connection is late with its answers. */
  readonly onLate?: ((connection: Connection) => void) | undefined
  /** Whether that is where the group's primary is; undefined where that is not known. */
  readonly isPrimary?: ((address: Address.Address) => boolean | undefined) | undefined
  /** Whether a replica that names this as its primary has another history than the group. */
  readonly isAstray?: ((source: { readonly host: string; readonly port: number }) => boolean) | undefined
  /** Is told of the first write that was acknowledged after a move. */
  readonly onFirstWrite?: (() => void) | undefined
}

/**
 * Whether writes may go out: undefined if they may; `"held"` if they have to
 * wait; `"asking"` if they wait until that is known; or the error with which
 * they are refused.
 *
 * @since 0.1.0
 * @category models
 */
export type WriteGate = undefined | "held" | "asking" | ConnectionError

/**
 * Who is told of what happens to the node.
 *
 * @since 0.1.0
 * @category models
 */
export interface TargetListener {
  /** The node is another one now, at this address since this epoch. */
  readonly moved: (address: Address.Address, epoch: number) => void
  /** The node at this address is no longer one to go to. */
  readonly nodeRemoved: (address: Address.Address, why: string) => void
  /** The node at this address is thought to be down: if it owes an answer, none is waited for. */
  readonly nodeSuspected: (address: Address.Address) => void
  /**
   * The group has another primary, at this address: a makeshift may have had its
   * time, and so may any other node if `all`. A better one is looked for while
   * it serves.
   */
  readonly reconsider: (primary: Address.Address, all: boolean) => void
  /** Whether writes may go out has changed; it is so for that many milliseconds already, at most. */
  readonly gate: (gate: WriteGate, age: number) => void
  /** How many milliseconds old the word that writes have to wait is at most when it is heard. */
  readonly sentinelDistance: (millis: number) => void
  /** The node at the one address goes by the other from now on. */
  readonly renamed: (from: Address.Address, to: Address.Address) => void
}

/**
 * Where a scan is: at one server, in one epoch. Its cursor means nothing to any
 * other.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScanPosition {
  /** Undefined before the first page. */
  server: string | undefined
  /** The connection of the last page: as long as it is open, the next one goes there. */
  connection?: Connection | undefined
  /** Who ran the first page, where there is a choice. */
  runner?: Runner | undefined
  /** How many elements were given so far. */
  given: number
}

/**
 * What many commands came to, in their order: the results of those that
 * succeeded, and the failures of those that did not, by index.
 *
 * @since 0.1.0
 * @category models
 */
export interface BatchResult {
  readonly values: ReadonlyArray<unknown>
  /** Undefined if there are none. */
  readonly failures: ReadonlyMap<number, Exit.Exit<never, RedisError>> | undefined
  /** Where a transaction was executed. */
  readonly connection?: Connection | undefined
}

/**
 * What runs commands: an executor, or a reserved connection of one.
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
  readonly runPipeline: (
    commands: ReadonlyArray<Command.Any>
  ) => Effect.Effect<BatchResult, RedisError>
  /** Runs commands in MULTI and EXEC; gives every command's own outcome. */
  readonly runTransaction: (
    commands: ReadonlyArray<Command.Any>
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
}
