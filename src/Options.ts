/**
 * The options of clients: sessions, connections, commands, the selection of replicas,
 * and discovery. Types only.
 *
 * An option that is absent or undefined has its default; an invalid one fails with
 * `InvalidOption`. A duration has a unit, such as
 * `"500 millis"`: a bare number does not compile.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Address from "./Address.ts"
import type * as Command from "./Command.ts"
import type { DurationInput, TimeoutInput } from "./commands/options.ts"
import type { Resolver, TlsOptions } from "./Connector.ts"
import type * as Credentials from "./Credentials.ts"
import type * as Resp from "./Resp.ts"

/**
 * How a session with a server is opened and watched.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionOptions {
  /** The ACL user. It requires a password. Default: the server's `default` user. */
  readonly username?: string | undefined
  /** The password, or an Effect that gives it and runs at each connection attempt. Default: none. */
  readonly password?: Redacted.Redacted | Effect.Effect<Redacted.Redacted, unknown> | undefined
  /**
   * Credentials that change, in place of `username` and `password`: live sessions are logged in again with those that
   * `Credentials.make` gets from its source. Default: none.
   */
  readonly credentials?: Credentials.Service | undefined
  /** The TLS settings; `true` means Node's defaults. Default: no TLS. */
  readonly tls?: TlsOptions | undefined
  /**
   * Resolves host names: a `Resolver` of `node:dns` or `node:dns/promises`, or a function with the signature
   * of `dns.lookup`. Default: the operating system, with at most two look-ups of this
   * library at a time (three where two hang), and one for each name.
   */
  readonly resolver?: Resolver | undefined
  /** The number of the database that the session selects. Default 0. */
  readonly database?: number | undefined
  /** The name of the connection in CLIENT LIST: printable ASCII without spaces. Default: none. */
  readonly clientName?: string | undefined
  /** The RESP version to ask for with HELLO. Default 3; a server without HELLO gets 2. */
  readonly protocol?: 2 | 3 | undefined
  /** How long opening a connection, TLS and the handshake may take together. Default 2 seconds. */
  readonly connectTimeout?: DurationInput | undefined
  /**
   * How long a written command may be without an answer before the client closes the
   * connection. `"Infinity"` turns this off. Default 5 seconds.
   *
   * A whole reply counts as an answer, and so does a reply that grows by at least 1
   * KB a second; single bytes do not. While the operating system still takes the
   * bytes of a request, its time does not run, and large writes add one second for
   * each 256 KiB, at most 32 seconds. Time during which this process was suspended
   * does not count. If the server was told to make clients wait (CLIENT PAUSE), which
   * the client finds out on another connection, it keeps the connection, and commands
   * wait until their own deadline.
   */
  readonly stallTimeout?: TimeoutInput | undefined
  /** After how long without traffic the client sends a PING; `"Infinity"` sends none. Default 5 seconds. */
  readonly pingInterval?: TimeoutInput | undefined
  /** Limits of the decoder. Default: `Resp.defaultLimits`. */
  readonly limits?: Resp.Limits | undefined
}
/**
 * How many connections a client has to its node.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolOptions {
  /**
   * How many shared connections there are, from 1 to 1,000. More than one helps only if
   * the network is the bottleneck. Default 1.
   */
  readonly connections?: number | undefined
  /** How many reserved connections stay open while idle. Default 0. */
  readonly minReserved?: number | undefined
  /**
   * How many connections may be reserved at a time, by `redis.reserve`, `redis.watch` and
   * `RedisClient.withReplicas`: from 1 to 10,000 for each node. Where all are reserved, a
   * caller waits for `reserveTimeout`. Default 16.
   */
  readonly maxReserved?: number | undefined
  /**
   * How many connections commands that wait at the server (BLPOP, XREADGROUP with BLOCK,
   * ...) may take while they wait, besides those of `maxReserved`: from 1 to 10,000 for
   * each node. Where more commands wait, they take turns of 5 seconds: none fails for lack
   * of a connection, but an element for a command without a turn waits for that turn.
   * Commands that cannot be divided into turns (`Command.define` without
   * `withBlockingMillis`) fail with `ReserveTimeout` instead.
   *
   * The client logs a warning when 80 percent are in use, and when a command has to wait
   * for one; `Metrics.connectionsInUseOf` and `Metrics.connectionLimitOf` show both. Set
   * it to at least the number of consumers that wait all the time. Default 64.
   */
  readonly maxBlocking?: number | undefined
  /**
   * After how long an idle reserved connection beyond `minReserved` is closed;
   * `"Infinity"` keeps it open. Default 60 seconds.
   */
  readonly reservedIdleTime?: TimeoutInput | undefined
  /**
   * How long `redis.reserve` waits for a connection before it fails with
   * `ReserveTimeout`, independent of `commandTimeout`; `"Infinity"` sets no limit. A
   * command that waits at the server waits for its connection as long as it would have
   * waited there. Default 5 seconds.
   */
  readonly reserveTimeout?: TimeoutInput | undefined
}
/**
 * How a client executes commands.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExecutorOptions extends PoolOptions {
  /**
   * The deadline of one command, from its call to its reply, with everything that
   * happens in between. For a command that waits at the server (BLPOP, ...) the time
   * that it may wait there is added. `"Infinity"` sets no deadline. Default 10 seconds.
   */
  readonly commandTimeout?: TimeoutInput | undefined
  /**
   * How many commands may wait for a connection, for the socket, or, beyond 10,000, for
   * their replies, before the next one fails with `QueueFull`. A pipeline is accepted
   * whole if there is room for one command. Default 100,000.
   */
  readonly maxQueue?: number | undefined
  /**
   * Which writes the client may send again when their reply never came: all (`true`),
   * none (`false`), or those for which a function gives true. The server may then
   * apply such a write twice; it does not fail with `AmbiguousOutcome` for a lost
   * connection. Default false.
   */
  readonly repeatable?: boolean | ((command: Command.Any) => boolean) | undefined
}
// -----------------------------------------------------------------------------
// Selection of replicas
// -----------------------------------------------------------------------------

/**
 * A replica that may serve a read, as a function of `replicaSelection` gets it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Candidate {
  /** Its address. */
  readonly address: Address.Address
  /** What the option `label` of the Sentinel service gave for it. */
  readonly label: string | undefined
  /** Its `replica-priority`; sentinels never promote a replica with priority 0. */
  readonly priority: number
  /** Its round trip time in milliseconds, smoothed; undefined before the first measurement. */
  readonly latencyMillis: number | undefined
  /** Its replication offset at the last measurement, in bytes; undefined before the first. */
  readonly offset: number | undefined
  /** By how many bytes it was behind the primary, at the last measurement of both; undefined if unknown. */
  readonly lagBytes: number | undefined
  /**
   * An upper bound of how long it has been behind, in milliseconds: the time since the
   * primary had the offset that the replica has now; undefined if unknown.
   */
  readonly lagMillis: number | undefined
}

/**
 * Which replica serves a read.
 *
 * - `"sticky"`: one replica, until it fails or answers late. While the client keeps it,
 *   no read is older than the read before.
 * - `"round-robin"`: each in turn
 * - `"random"`: any of them
 * - `"latency"`: the one with the shortest round trip, measured in the background
 * - `"lag"`: the one with the highest replication offset
 * - `{ prefer }`: in turn, those with the first of these labels that any replica has;
 *   each in turn if none has one
 * - a function that gives one of the candidates, which are at least one; if it throws
 *   or gives anything else, each in turn
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
  | {
    /** Labels, the best one first. */
    readonly prefer: ReadonlyArray<string>
  }
  | ((candidates: ReadonlyArray<Candidate>) => Candidate | undefined)

/**
 * How far behind the primary a replica may be: at least one of the fields. A replica
 * that was not measured yet counts as too far.
 *
 * @since 0.1.0
 * @category models
 */
export interface MaxLag {
  /** The greatest lag in bytes of the replication stream. Default: no limit. */
  readonly bytes?: number | undefined
  /** The greatest lag in time. Default: no limit. */
  readonly time?: DurationInput | undefined
}

/**
 * How a client of a group's replicas selects them.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplicaSelectionOptions {
  /**
   * When the primary serves reads:
   *
   * - `true`: while no replica is good enough, also after a failover until one follows
   *   the new primary
   * - `"when-none"`: only while no replica of the group can be reached
   * - `false`: never
   *
   * Default true.
   */
  readonly fallbackToPrimary?: boolean | "when-none" | undefined
  /** Which replica serves a read. Default `"sticky"`. */
  readonly replicaSelection?: ReplicaSelection | undefined
  /** Excludes replicas that are further behind the primary. Default: no limit. */
  readonly maxLag?: MaxLag | undefined
  /** Excludes replicas with priority 0. Default false. */
  readonly excludePriorityZero?: boolean | undefined
  /** How often the client measures latency and lag. Default 1 second. */
  readonly measureInterval?: DurationInput | undefined
}
/**
 * Translates addresses that the sentinels announce to addresses that this process can
 * reach: a table from `host:port` to `host:port`, or a function that gives undefined
 * for addresses that stay as they are.
 *
 * Source: "Sentinel, Docker, NAT, and possible issues" in
 * https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 *
 * @since 0.1.0
 * @category models
 */
export type NatMap =
  | Readonly<Record<string, string>>
  | ((address: Address.Tcp) => Address.Tcp | undefined)

/**
 * How the client asks sentinels.
 *
 * @since 0.1.0
 * @category models
 */
export interface DiscoveryOptions {
  /** How long one question to one sentinel may take, with opening the connection. Default 500 milliseconds. */
  readonly timeout?: DurationInput | undefined
  /** How long the client waits for a sentinel before it asks the next one as well. Default 100 milliseconds. */
  readonly headStart?: DurationInput | undefined
  /**
   * The sessions with sentinels, which often have a user and a password of their own.
   * `stallTimeout` (default 2 seconds here) is the time without an answer after which a
   * sentinel counts as unreachable; the default of `pingInterval` is 1 second here.
   */
  readonly sentinel?: Omit<SessionOptions, "database" | "connectTimeout"> | undefined
  /** How many other sentinels a sentinel must know; the client ignores the answer of one that knows fewer. Default 0. */
  readonly minOtherSentinels?: number | undefined
  /** Translates announced addresses to addresses that this process can reach. Default: they stay as they are. */
  readonly natMap?: NatMap | undefined
}
/**
 * Options of a client of a node: the session, the pool, the deadline of commands.
 *
 * @since 0.1.0
 * @category models
 */
export interface NodeOptions extends SessionOptions, ExecutorOptions {}

/**
 * Options of a client of a group's replicas.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplicaOptions extends NodeOptions, ReplicaSelectionOptions {}
