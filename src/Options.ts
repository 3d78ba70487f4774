/**
 * What clients can be told: options of sessions, of connections, of commands, of
 * the choice of replicas and of the questions to sentinels. Types only; what they
 * are checked for is in internal/client/checkOptions.ts.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Address from "./Address.ts"
import type * as Command from "./Command.ts"
import type { Resolver, TlsOptions } from "./Connector.ts"
import type * as Resp from "./Resp.ts"

/**
 * Who logs in, and how the session is set up.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionOptions {
  /** The ACL user. Default: the server's `default` user. */
  readonly username?: string | undefined
  /** The password, or an Effect of one that runs at each connection attempt. */
  readonly password?: Redacted.Redacted | Effect.Effect<Redacted.Redacted, unknown> | undefined
  readonly tls?: TlsOptions | undefined
  /**
   * Who finds the addresses of host names: a `Resolver` of `node:dns`, or a
   * function as `dns.lookup`. Default: the system, with two look-ups of this
   * library under way at most (three where two hang), and one of a name.
   */
  readonly resolver?: Resolver | undefined
  /** The database that the session selects. Default 0. */
  readonly database?: number | undefined
  /** The name that CLIENT LIST shows. */
  readonly clientName?: string | undefined
  /** The protocol asked for. Default 3; where the server has no HELLO, 2. */
  readonly protocol?: 2 | 3 | undefined
  /** For dialling, TLS and the handshake together. Default 2 seconds. */
  readonly connectTimeout?: Duration.Input | undefined
  /**
   * For how long a server may leave a written command unanswered before the
   * connection is given up. `"Infinity"` turns it off. Default 5 seconds.
   *
   * What counts as an answer that comes: a whole reply, or one that grows by 1 KB
   * a second or more. A byte now and then does not. A request is not owed an
   * answer while the system still takes its bytes; what it has taken may be on its
   * way: a second is added for each 256 KiB of large writes, 32 at most. Time in
   * which this process itself stood still does not count. A server that was told
   * to let clients wait (CLIENT PAUSE) is asked on other connections, and is not
   * given up: commands wait until their own deadline.
   */
  readonly stallTimeout?: Duration.Input | undefined
  /** After how long without traffic the server is sent a PING. Default 5 seconds. */
  readonly pingInterval?: Duration.Input | undefined
  /** What the decoder accepts at most. */
  readonly limits?: Resp.Limits | undefined
}
/**
 * How many connections a client keeps to its node.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolOptions {
  /** Shared connections. Default 1: more help only where the network is the limit. */
  readonly connections?: number | undefined
  /** Exclusive connections kept open while idle. Default 0. */
  readonly minReserved?: number | undefined
  /**
   * Exclusive connections at most. Each reserved connection takes one, and each command that
   * waits at the server (BLPOP, XREADGROUP with BLOCK, ...) while it does. Those
   * that wait take turns of 5 seconds where there are more of them than
   * connections: none fails for want of one, but what comes for one that has no
   * turn waits for it. With 17 consumers that wait all the time, and a reserved connection now
   * and then, set it to 18. Default 16.
   */
  readonly maxReserved?: number | undefined
  /** After how long an idle exclusive connection above the minimum is closed. Default 60 seconds. */
  readonly reservedIdleTime?: Duration.Input | undefined
  /**
   * For how long a reserved connection is waited for, whatever `commandTimeout` is; `"Infinity"`
   * for ever. A command that waits at the server waits for a connection as long
   * as it would have waited there, whatever this is. Default 5 seconds.
   */
  readonly reserveTimeout?: Duration.Input | undefined
}
/**
 * @since 0.1.0
 * @category models
 */
export interface ExecutorOptions extends PoolOptions {
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
// -----------------------------------------------------------------------------
// Choice
// -----------------------------------------------------------------------------

/**
 * A replica that a read may go to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Candidate {
  readonly address: Address.Address
  readonly label: string | undefined
  readonly priority: number
  /** How long a PING's worth takes, smoothed, in milliseconds; undefined before the first measurement. */
  readonly latencyMillis: number | undefined
  /** How much of the primary's history it had at the last measurement, in bytes. */
  readonly offset: number | undefined
  /** How many bytes of the primary's history it had not got, at the last measurement of both. */
  readonly lagBytes: number | undefined
  /** For how long it may have been behind: since the primary had last what it has now, in milliseconds. */
  readonly lagMillis: number | undefined
}

/**
 * Which replica a read goes to.
 *
 * - `"sticky"`: one replica, until it fails or is late with its answers: but for that, what was read is never newer than
 *   what is read next
 * - `"round-robin"`, `"random"`: all of them
 * - `"latency"`: the one that answers soonest, measured in the background
 * - `"lag"`: the one that has most of the primary's history
 * - `{ prefer }`: those with the first of the labels that any has, in turn; otherwise all
 * - a function of the candidates, which are never none; whatever is none of them, or an exception, means all in turn
 *
 * @since 0.1.0
 * @category models
 */
export type ReplicaSelection =
  | "sticky"
  | "round-robin"
  | "random"
  | "latency"
  | "lag"
  | { readonly prefer: ReadonlyArray<string> }
  | ((candidates: ReadonlyArray<Candidate>) => Candidate | undefined)

/**
 * How far behind the primary a replica may be.
 *
 * @since 0.1.0
 * @category models
 */
export interface MaxLag {
  readonly bytes?: number | undefined
  readonly time?: Duration.Input | undefined
}

/**
 * Options of a client of a group's replicas.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplicaSelectionOptions {
  /**
   * Whether the primary serves reads: `true`, when no replica is good enough,
   * which includes the time after a move until one follows the new primary;
   * `"when-none"`, only when the group has no replica that can be reached;
   * `false`, never. Default true.
   */
  readonly fallbackToPrimary?: boolean | "when-none" | undefined
  /** Which replica a read goes to. Default `"sticky"`. */
  readonly replicaSelection?: ReplicaSelection | undefined
  /** Leaves out replicas that are further behind. */
  readonly maxLag?: MaxLag | undefined
  /** Leaves out replicas with priority 0. Default false. */
  readonly excludePriorityZero?: boolean | undefined
  /** How often latency and lag are measured. Default 1 second. */
  readonly measureInterval?: Duration.Input | undefined
}
/**
 * From an address that the sentinels announce to one that can be dialled from
 * here: a table of `host:port`, or a function that gives undefined for those
 * it leaves alone.
 *
 * @since 0.1.0
 * @category models
 */
export type NatMap =
  | Readonly<Record<string, string>>
  | ((address: Address.Tcp) => Address.Tcp | undefined)

/**
 * How sentinels are asked.
 *
 * @since 0.1.0
 * @category models
 */
export interface DiscoveryOptions {
  /** For one question to one sentinel, dialling included. Default 500 milliseconds. */
  readonly timeout?: Duration.Input | undefined
  /** How long a sentinel is waited for before the next one is asked as well. Default 100 milliseconds. */
  readonly headStart?: Duration.Input | undefined
  /**
   * The sessions with sentinels: they often have a user and a password of their
   * own. A sentinel that is silent for `stallTimeout` (default 2 seconds; PINGs
   * every `pingInterval`, default 1 second) counts as one that cannot be reached.
   */
  readonly sentinel?: Omit<SessionOptions, "database" | "connectTimeout"> | undefined
  /** A sentinel that knows fewer others than this is not believed. Default 0. */
  readonly minOtherSentinels?: number | undefined
  readonly natMap?: NatMap | undefined
}
/**
 * How a client reaches the nodes of its group: the session, the pool, the
 * deadline of its commands.
 *
 * @since 0.1.0
 * @category models
 */
export interface NodeOptions extends SessionOptions, ExecutorOptions {}

/**
 * Options of a replica's client.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplicaOptions extends NodeOptions, ReplicaSelectionOptions {}
