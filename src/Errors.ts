/**
 * The library's errors, as tagged classes, and the two unions that group them:
 * `ConnectionError`, everything that can go wrong on the way to a server, and
 * `RedisError`, everything that a command can fail with.
 *
 * This file defines the errors. Other files decide when they occur.
 *
 * Over 700 lines, since it is a list.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * An option, or an argument of the Sentinel service, is invalid. Layers,
 * constructors and the methods of the Sentinel service fail with it before they
 * open any connection.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidOption extends Schema.TaggedError<InvalidOption>("effect-redis-sentinel/Errors/InvalidOption")(
  "InvalidOption",
  {
    /** The path of the option, such as `sentinels[0]`. */
    option: Schema.String,
    /** What is wrong with the option. It repeats no text that was passed, so it contains no secret. */
    detail: Schema.String
  }
) {
  /** Whether a retry can help. False: the same options fail again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `Invalid option ${this.option}: ${this.detail}`
  }
}

/**
 * The server does not publish the keyspace notifications that are asked for: its setting `notify-keyspace-events` lacks
 * flags. The message has the command and the line of the configuration file that set them.
 *
 * Source: https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/
 *
 * @since 0.1.0
 * @category errors
 */
export class NotificationsDisabled extends Schema.TaggedError<NotificationsDisabled>(
  "effect-redis-sentinel/Errors/NotificationsDisabled"
)("NotificationsDisabled", {
  /** The address or the group of the client. */
  target: Schema.String,
  /** The value of `notify-keyspace-events`; empty if nothing is published. */
  current: Schema.String,
  /** The flags that it lacks. */
  missing: Schema.String,
  /** The value that it needs: the flags that it has, and those that it lacks. */
  needed: Schema.String
}) {
  /** Whether a retry can help. False: somebody has to set the flags. */
  get isRetryable(): boolean {
    return false
  }
  /** The command that sets the flags, until the server starts again. */
  get configCommand(): string {
    return `CONFIG SET notify-keyspace-events ${this.needed}`
  }
  override get message(): string {
    return `${this.target} does not publish the keyspace notifications that are asked for: notify-keyspace-events is "${this.current}", and lacks ${this.missing}. Run "${this.configCommand}" on all nodes of the group, and put "notify-keyspace-events ${this.needed}" into their configuration files`
  }
}

/**
 * A connection could not be opened: the name did not resolve, nothing listens at
 * the address, TLS failed, or the server did not complete the handshake within
 * `connectTimeout`.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectFailed extends Schema.TaggedError<ConnectFailed>("effect-redis-sentinel/Errors/ConnectFailed")(
  "ConnectFailed",
  {
    /** The address that was dialled, as `host:port` or `unix:/path`. */
    address: Schema.String,
    /**
     * The step that failed:
     *
     * - `resolve`: the host name has no address
     * - `dial`: the TCP connection or the unix socket could not be opened
     * - `tls`: the TLS session could not be established
     * - `handshake`: the server did not complete the handshake in time, or closed the connection during it
     * - `refused`: the server answered a step of the handshake with an error that is not about credentials
     * - `credentials`: the Effect that gives the password failed, or gave something else
     */
    phase: Schema.Literals(["resolve", "dial", "tls", "handshake", "refused", "credentials"]),
    /** What happened, in the words of the operating system, of the server, or of this client. */
    detail: Schema.String,
    /**
     * Whether a retry cannot help: the certificate is not accepted, or only one
     * side speaks TLS. Absent means false.
     */
    permanent: Schema.optional(Schema.Boolean),
    /** The error of Node's socket or resolver, if there is one. */
    cause: Schema.optional(Schema.Defect())
  }
) {
  /** Whether a retry can help. True unless `permanent` is true. */
  get isRetryable(): boolean {
    return this.permanent !== true
  }
  override get message(): string {
    return `Cannot connect to ${this.address} (${this.phase}): ${this.detail}`
  }
}

/**
 * An open connection ended. Where the client can send the command again on
 * another connection, it does so. A command fails with `ConnectionLost` on a
 * reserved connection, and a read of a pipeline where reading again could see a
 * later write. Such a command was not executed, or is a read; a write without a
 * reply fails with `AmbiguousOutcome` instead.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectionLost extends Schema.TaggedError<ConnectionLost>("effect-redis-sentinel/Errors/ConnectionLost")(
  "ConnectionLost",
  {
    /** The address of the server, as `host:port` or `unix:/path`. */
    address: Schema.String,
    /**
     * Why the connection ended:
     *
     * - `closed`: the server or the network closed it
     * - `stalled`: this client closed it, because the server did not answer within `stallTimeout`
     * - `moved`: this client closed it, because the group has another primary
     * - `retired`: this client closed it for another reason
     */
    kind: Schema.Literals(["closed", "stalled", "moved", "retired"]),
    /** What happened, in words. */
    detail: Schema.String,
    /** The error of Node's socket, if there is one. */
    cause: Schema.optional(Schema.Defect())
  }
) {
  /** Whether a retry can help. True: a new connection may succeed. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `Connection to ${this.address} lost (${this.kind}): ${this.detail}`
  }
}

/**
 * The server refused the credentials, or requires credentials and got none
 * (NOAUTH, WRONGPASS, or NOPERM during the handshake). The error never contains
 * the password.
 *
 * @since 0.1.0
 * @category errors
 */
export class AuthenticationFailed extends Schema.TaggedError<AuthenticationFailed>(
  "effect-redis-sentinel/Errors/AuthenticationFailed"
)("AuthenticationFailed", {
  /** The address of the server, as `host:port` or `unix:/path`. */
  address: Schema.String,
  /** The option `username`, if it was given. */
  username: Schema.optional(Schema.String),
  /** The code of the server's error, such as `WRONGPASS`. */
  code: Schema.String,
  /** The step of the handshake that failed, and the server's answer without what it says of credentials. */
  detail: Schema.String
}) {
  /** Whether a retry can help. False: the same credentials fail again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const who = this.username === undefined ? "" : ` as ${this.username}`
    return `Authentication failed at ${this.address}${who}: ${this.detail}`
  }
}

/**
 * A server does not have the role that the sentinels announced: a primary that
 * says it is a replica, the reverse, or a replica without data. The client
 * verifies each connection with ROLE, or with INFO where ROLE is denied. Discovery
 * starts again.
 *
 * Source: step 3 of https://redis.io/docs/latest/develop/reference/sentinel-clients/
 *
 * @since 0.1.0
 * @category errors
 */
export class RoleMismatch extends Schema.TaggedError<RoleMismatch>("effect-redis-sentinel/Errors/RoleMismatch")(
  "RoleMismatch",
  {
    /** The address of the server, as `host:port` or `unix:/path`. */
    address: Schema.String,
    /** The role that the sentinels announced. */
    expected: Schema.Literals(["primary", "replica"]),
    /** The role that the server reports (`primary`, `replica`, `sentinel`), or what else it answers. */
    actual: Schema.String
  }
) {
  /** Whether a retry can help. True: the sentinels may announce another address soon. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `${this.address} cannot serve as the announced ${this.expected}, its role is: ${this.actual}`
  }
}

/**
 * The server sent bytes that are not RESP, or that exceed a limit of the decoder
 * (the option `limits`). The client closes the connection.
 *
 * Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 * @since 0.1.0
 * @category errors
 */
export class ProtocolError extends Schema.TaggedError<ProtocolError>("effect-redis-sentinel/Errors/ProtocolError")(
  "ProtocolError",
  {
    /** The address of the server; absent where the decoder is used without a connection. */
    address: Schema.optional(Schema.String),
    /** Which rule of the protocol, or which limit, the bytes break. */
    detail: Schema.String,
    /** The offending bytes: at most 48 of them, with those that are not printable ASCII escaped. */
    bytes: Schema.String
  }
) {
  /** Whether a retry can help. False: the same reply may come again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const from = this.address === undefined ? "" : ` from ${this.address}`
    return `Protocol error${from}: ${this.detail}, at "${this.bytes}"`
  }
}

/**
 * No reserved connection became free within `reserveTimeout` (default 5 seconds), or, for
 * a command that waits at the server, within the time that it would have waited there.
 * Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReserveTimeout extends Schema.TaggedError<ReserveTimeout>("effect-redis-sentinel/Errors/ReserveTimeout")(
  "ReserveTimeout",
  {
    /** The address or the group of the client. */
    target: Schema.String,
    /** How long the client waited, in milliseconds. */
    timeoutMillis: Schema.Finite,
    /** The option that limits how many there may be. */
    option: Schema.Literals(["maxReserved", "maxBlocking"]),
    /** The value of that option. */
    max: Schema.Finite
  }
) {
  /** Whether a retry can help. True: a reserved connection may become free. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `No reserved connection to ${this.target} was free within ${this.timeoutMillis} ms: ` +
      `the option ${this.option} allows ${this.max}, and all are in use`
  }
}

/**
 * As many commands as `maxQueue` allows (default 100,000) already wait: for a
 * connection, for the end of a failover, for the socket, for a busy server, or, beyond
 * 10,000, for replies. The command was not executed.
 *
 * @since 0.1.0
 * @category errors
 */
export class QueueFull extends Schema.TaggedError<QueueFull>("effect-redis-sentinel/Errors/QueueFull")("QueueFull", {
  /** The address or the group of the client. */
  target: Schema.String,
  /** The option `maxQueue`: how many commands may wait. */
  limit: Schema.Finite
}) {
  /** Whether a retry can help. True: the queue may become shorter. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `The queue for ${this.target} is full: ${this.limit} commands are waiting (maxQueue)`
  }
}

/**
 * The Scope of the client, of the reserved connection or of the Sentinel service
 * has closed. The command was not executed, or is a read whose reply is lost; a
 * write without a reply fails with `AmbiguousOutcome` instead.
 *
 * @since 0.1.0
 * @category errors
 */
export class ClientClosed extends Schema.TaggedError<ClientClosed>("effect-redis-sentinel/Errors/ClientClosed")(
  "ClientClosed",
  {
    /** The address or the group of the client. */
    target: Schema.String
  }
) {
  /** Whether a retry can help. False: a closed client stays closed. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `The Scope of the client of ${this.target}, or of its reserved connection, has closed`
  }
}

/**
 * The client reaches fewer than a majority of the group's sentinels, and the
 * option `whenIsolated` is `"fail"`. The write was not sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class SentinelsIsolated extends Schema.TaggedError<SentinelsIsolated>(
  "effect-redis-sentinel/Errors/SentinelsIsolated"
)("SentinelsIsolated", {
  /** The name of the group. */
  group: Schema.String,
  /** How many sentinels the client reaches. */
  reachable: Schema.Finite,
  /** How many sentinels the client knows. */
  known: Schema.Finite
}) {
  /** Whether a retry can help. True: the sentinels may become reachable again. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `The client reaches only ${this.reachable} of the ${this.known} sentinels of "${this.group}": whenIsolated refuses writes`
  }
}

// -----------------------------------------------------------------------------
// Discovery
// -----------------------------------------------------------------------------

/**
 * What one sentinel or one candidate node answered during discovery.
 *
 * @since 0.1.0
 * @category models
 */
export class Report extends Schema.Class<Report>("effect-redis-sentinel/Errors/Report")({
  /** The address that was asked, as `host:port` or `unix:/path`. */
  address: Schema.String,
  /**
   * What kind of answer it is:
   *
   * - `unreachable`: it could not be dialled, or did not answer in time
   * - `denied`: it refused the credentials
   * - `unknown-group`: it does not monitor the group
   * - `not-a-sentinel`: it answers, but has no SENTINEL commands
   * - `bad-answer`: its answer could not be read
   * - `too-few-sentinels`: it knows fewer other sentinels than `minOtherSentinels`
   * - `outdated`: it knows an older configuration of the group than another sentinel
   * - `wrong-role`: the node does not have the role that the sentinels announced
   */
  kind: Schema.Literals([
    "unreachable",
    "denied",
    "unknown-group",
    "not-a-sentinel",
    "bad-answer",
    "too-few-sentinels",
    "outdated",
    "wrong-role"
  ]),
  /** The answer, or what went wrong, in words. */
  detail: Schema.String,
  /** The error behind it, such as a `ConnectFailed`, if there is one. */
  cause: Schema.optional(Schema.Defect())
}) {
  override toString(): string {
    return `${this.address}: ${this.detail}`
  }
}

/** Whether asking again is of no use: its certificate will not be another one. */
const isPermanent = (report: Report): boolean =>
  report.cause instanceof ConnectFailed && report.cause.permanent === true

const ReasonFields = {
  /** The answer of each sentinel or candidate. The message has the first 16 of them. */
  reports: Schema.Array(Report)
}

/** How many reports a message has: there may be hundreds, and it goes into logs. */
const shownReports = 16

const describe = (what: string, reports: ReadonlyArray<Report>): string => {
  if (reports.length === 0) return what
  const more = reports.length > shownReports ? `; and ${reports.length - shownReports} more` : ""
  return `${what} (${reports.slice(0, shownReports).map((r) => r.toString()).join("; ")}${more})`
}

/**
 * No sentinel gave a usable answer: each was unreachable, refused the
 * credentials, or is not a sentinel. `Sentinel.ask` fails with it; discovery
 * gives it as the `reason` of `PrimaryNotFound` and `ReplicaNotFound`.
 *
 * @since 0.1.0
 * @category errors
 */
export class SentinelsUnreachable extends Schema.TaggedError<SentinelsUnreachable>(
  "effect-redis-sentinel/Errors/SentinelsUnreachable"
)("SentinelsUnreachable", ReasonFields) {
  /**
   * Whether a retry can help. True if a sentinel was unreachable or gave a bad answer, unless its certificate is the obstacle.
   */
  get isRetryable(): boolean {
    return this.reports.some((r) => (r.kind === "unreachable" || r.kind === "bad-answer") && !isPermanent(r))
  }
  override get message(): string {
    return describe("no sentinel answered", this.reports)
  }
}

/**
 * At least one sentinel answered, and none of those that answered monitors the
 * group. When all sentinels say so, discovery does not try again.
 *
 * @since 0.1.0
 * @category errors
 */
export class GroupUnknown extends Schema.TaggedError<GroupUnknown>("effect-redis-sentinel/Errors/GroupUnknown")(
  "GroupUnknown",
  ReasonFields
) {
  /** Whether a retry can help. True unless every sentinel answered that it does not monitor the group. */
  get isRetryable(): boolean {
    return this.reports.some((r) => r.kind !== "unknown-group")
  }
  override get message(): string {
    return describe("no sentinel knows the group", this.reports)
  }
}

/**
 * The sentinels that answered know fewer other sentinels than the option
 * `minOtherSentinels` requires.
 *
 * @since 0.1.0
 * @category errors
 */
export class QuorumNotMet extends Schema.TaggedError<QuorumNotMet>("effect-redis-sentinel/Errors/QuorumNotMet")(
  "QuorumNotMet",
  ReasonFields
) {
  /** Whether a retry can help. True: a sentinel may learn of others. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return describe("no sentinel knows as many other sentinels as minOtherSentinels requires", this.reports)
  }
}

/**
 * The sentinels announced an address, but the node there cannot be used: it does
 * not have the announced role, or it cannot be reached. An announced address
 * that cannot be dialled often means that the sentinels announce addresses from
 * behind a NAT: see the option `natMap`.
 *
 * @since 0.1.0
 * @category errors
 */
export class NodeUnusable extends Schema.TaggedError<NodeUnusable>("effect-redis-sentinel/Errors/NodeUnusable")(
  "NodeUnusable",
  ReasonFields
) {
  /** Whether a retry can help. False if the node refused the credentials, or if its certificate is not accepted. */
  get isRetryable(): boolean {
    return this.reports.every((r) => r.kind !== "denied" && !isPermanent(r))
  }
  override get message(): string {
    const nat = this.reports.some((r) => r.kind === "unreachable")
      ? "; if the sentinels announce addresses that only they can reach, set natMap"
      : ""
    return describe("the announced node cannot be used", this.reports) + nat
  }
}

/**
 * The sentinels list no replica of the group that could be tried.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoHealthyReplica extends Schema.TaggedError<NoHealthyReplica>(
  "effect-redis-sentinel/Errors/NoHealthyReplica"
)("NoHealthyReplica", ReasonFields) {
  /** Whether a retry can help. True: a replica may become healthy. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return describe("the group has no healthy replica", this.reports)
  }
}

/**
 * The Schema of the reasons why a primary was not found. Handle one of them with
 * `Effect.catchReason`.
 *
 * @since 0.1.0
 * @category models
 */
export const PrimaryReason = Schema.Union([SentinelsUnreachable, GroupUnknown, QuorumNotMet, NodeUnusable])

/**
 * Why a primary was not found: the `reason` of `PrimaryNotFound`.
 *
 * @since 0.1.0
 * @category models
 */
export type PrimaryReason = typeof PrimaryReason.Type

/**
 * The Schema of the reasons why a replica was not found.
 *
 * @since 0.1.0
 * @category models
 */
export const ReplicaReason = Schema.Union([
  SentinelsUnreachable,
  GroupUnknown,
  QuorumNotMet,
  NodeUnusable,
  NoHealthyReplica
])

/**
 * Why a replica was not found: the `reason` of `ReplicaNotFound`.
 *
 * @since 0.1.0
 * @category models
 */
export type ReplicaReason = typeof ReplicaReason.Type

/**
 * The primary of a group was not found: the command's deadline passed, or the
 * discovery `schedule` ended (default 30 seconds), or a retry cannot help. The
 * command was not sent.
 *
 * **Example** (Handling one reason)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Sentinel } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const sentinel = yield* Sentinel.Sentinel
 *   return yield* sentinel.discoverPrimary("mymaster")
 * }).pipe(
 *   Effect.catchReason("PrimaryNotFound", "GroupUnknown", (reason) => Effect.die(reason.message))
 * )
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class PrimaryNotFound extends Schema.TaggedError<PrimaryNotFound>(
  "effect-redis-sentinel/Errors/PrimaryNotFound"
)("PrimaryNotFound", {
  /** The name of the group. */
  group: Schema.String,
  /** Why it was not found, with the answer of each sentinel. */
  reason: PrimaryReason
}) {
  /** Whether a retry can help. As the `reason` says. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  override get message(): string {
    return `No primary of group "${this.group}" was found: ${this.reason.message}`
  }
}

/**
 * No usable replica of a group was found: the command's deadline passed, or the
 * discovery `schedule` ended (default 30 seconds), or a retry cannot help. The
 * command was not sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReplicaNotFound extends Schema.TaggedError<ReplicaNotFound>(
  "effect-redis-sentinel/Errors/ReplicaNotFound"
)("ReplicaNotFound", {
  /** The name of the group. */
  group: Schema.String,
  /** Why it was not found, with the answer of each sentinel or candidate. */
  reason: ReplicaReason
}) {
  /** Whether a retry can help. As the `reason` says. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  override get message(): string {
    return `No replica of group "${this.group}" was found: ${this.reason.message}`
  }
}

// -----------------------------------------------------------------------------
// Commands
// -----------------------------------------------------------------------------

/** What a message says of a cause: nothing of one that is neither an Error nor text, since it may be anything. */
const reasonOf = (cause: unknown): string => {
  try {
    const text: unknown = cause instanceof Error ? cause.message : cause
    return typeof text === "string" && text !== "" ? `: ${text}` : ""
  } catch {
    return ""
  }
}

/**
 * The server answered a command with an error. The command had no effect, except
 * where Redis documents otherwise, as for a script that fails midway. If the error is
 * about the server's own state (READONLY, LOADING, MASTERDOWN, ...), the client sends
 * the command again instead, until its deadline; on a reserved connection only for
 * states that are temporary (NOREPLICAS, TRYAGAIN, CLUSTERDOWN, BUSY).
 *
 * Source: "Simple errors" in https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 * @since 0.1.0
 * @category errors
 */
export class ReplyError extends Schema.TaggedError<ReplyError>("effect-redis-sentinel/Errors/ReplyError")(
  "ReplyError",
  {
    /** The first word of the server's error: `WRONGTYPE`, `NOAUTH`, `OOM`, `ERR`, ... */
    code: Schema.String,
    /** The text of the server's error: at most 512 characters, with control characters escaped. */
    detail: Schema.String,
    /** The name of the command, without its arguments. */
    command: Schema.String
  }
) {
  /** Whether a retry can help. False: the server would give the same answer. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.command}: ${this.detail}`
  }
}

/**
 * A write was sent and its reply never came: the server applied it once or not at
 * all, and the client cannot know which. The client sends a write again only
 * where the caller allows it (`repeatable`).
 *
 * @since 0.1.0
 * @category errors
 */
export class AmbiguousOutcome extends Schema.TaggedError<AmbiguousOutcome>(
  "effect-redis-sentinel/Errors/AmbiguousOutcome"
)("AmbiguousOutcome", {
  /** The name of the command, without its arguments. */
  command: Schema.String,
  /** Why there is no reply: the `ConnectionLost`, or the `DeadlineExceeded`. */
  cause: Schema.Defect()
}) {
  /** Whether a retry can help. False: the write may have been applied, and a retry would apply it again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.command} was sent, but no reply came, so it may or may not have been applied${reasonOf(this.cause)}`
  }
}

/**
 * The deadline of the command passed (`commandTimeout`, default 10 seconds, or
 * the `timeout` of `run`). The command changed nothing: it was not written, or it
 * is a read. A write that was written and has no reply fails with
 * `AmbiguousOutcome` instead, and a command that waits for a connection fails with
 * the `ConnectionError` that kept it waiting, if there is one.
 *
 * @since 0.1.0
 * @category errors
 */
export class DeadlineExceeded extends Schema.TaggedError<DeadlineExceeded>(
  "effect-redis-sentinel/Errors/DeadlineExceeded"
)("DeadlineExceeded", {
  /** The name of the command, without its arguments. */
  command: Schema.String,
  /** How long the command had, in milliseconds, without the time that it may wait at the server. */
  timeoutMillis: Schema.Finite,
  /** The last error with which the server refused the command, if there is one. */
  cause: Schema.optional(Schema.Defect())
}) {
  /** Whether a retry can help. True: the command changed nothing. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    const why = reasonOf(this.cause)
    return `${this.command} had no answer within ${this.timeoutMillis} ms${why}`
  }
}

/**
 * A watched key changed before EXEC, so that the server executed nothing.
 *
 * Source: https://redis.io/docs/latest/commands/exec/
 *
 * @since 0.1.0
 * @category errors
 */
export class TransactionAborted extends Schema.TaggedError<TransactionAborted>(
  "effect-redis-sentinel/Errors/TransactionAborted"
)("TransactionAborted", {
  /** The names of the transaction's commands, in order. */
  commands: Schema.Array(Schema.String)
}) {
  /** Whether a retry can help. True: nothing was executed. Watch and read the keys again first. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `The transaction (${this.commands.join(", ")}) was aborted because a watched key changed`
  }
}

/**
 * A scan cannot continue: its cursor belongs to a server that the client no
 * longer uses, because the group moved or the server restarted. The elements that
 * the Stream gave are valid; there may be more. With the option
 * `whenInterrupted: "restart"` a scan starts again instead.
 *
 * @since 0.1.0
 * @category errors
 */
export class ScanInterrupted extends Schema.TaggedError<ScanInterrupted>(
  "effect-redis-sentinel/Errors/ScanInterrupted"
)("ScanInterrupted", {
  /** The name of the command: `SCAN`, `HSCAN`, `SSCAN` or `ZSCAN`. */
  command: Schema.String,
  /** How many elements the Stream gave before. */
  given: Schema.Finite,
  /** Why the cursor is not valid any more. */
  detail: Schema.String
}) {
  /** Whether a retry can help. True: a new scan may succeed. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `${this.command} was interrupted after ${this.given} elements: ${this.detail}`
  }
}

/**
 * A read of a client made with `afterOffset` cannot promise to see the writes
 * before that offset, since they may be lost: the group has another configuration
 * epoch since, or its primary restarted with less data than it had.
 *
 * @since 0.1.0
 * @category errors
 */
export class EpochPassed extends Schema.TaggedError<EpochPassed>("effect-redis-sentinel/Errors/EpochPassed")(
  "EpochPassed",
  {
    /** The group of the client. */
    target: Schema.String,
    /** The configuration epoch of the writes. */
    epoch: Schema.Finite,
    /** The configuration epoch now; equal to `epoch` where the primary itself lost data. */
    now: Schema.Finite
  }
) {
  /** Whether a retry can help. False: the offset is not valid any more. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.epoch === this.now
      ? `The primary of ${this.target} has lost writes that the read had to see: its history is shorter than before`
      : `${this.target} moved from epoch ${this.epoch} to epoch ${this.now} after the writes that the read had to see`
  }
}

/**
 * The primary executed the writes, but not as many replicas as asked for
 * acknowledged them in time: a failover may lose them. `RedisClient.withReplicas`
 * fails with it.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotReplicated extends Schema.TaggedError<NotReplicated>("effect-redis-sentinel/Errors/NotReplicated")(
  "NotReplicated",
  {
    /** How many replicas were asked for. */
    requested: Schema.Finite,
    /** How many replicas acknowledged the writes; 0 where the answer is not known. */
    acknowledged: Schema.Finite,
    /** Whether the primary has the writes on disk; absent where that was not asked for. */
    isLocal: Schema.optional(Schema.Boolean),
    /** How long the replicas had, in milliseconds. */
    timeoutMillis: Schema.Finite,
    /** Why the answer is not known, such as a lost connection; absent where too few replicas acknowledged. */
    cause: Schema.optional(Schema.Defect())
  }
) {
  /** Whether a retry can help. False: the writes were executed, and a retry would apply them again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const why = reasonOf(this.cause)
    const disk = this.isLocal === false ? ", and the primary has not written them to disk" : ""
    return `${this.acknowledged} of ${this.requested} replicas acknowledged the writes within ${this.timeoutMillis} ms${disk}${why}`
  }
}

/**
 * The command cannot run in this way: an argument or an option is invalid, the
 * command would change the session of a shared connection or block it, no client
 * may send it (MULTI, SUBSCRIBE, ...), or it is a write on a client of replicas.
 * Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidCommand extends Schema.TaggedError<InvalidCommand>("effect-redis-sentinel/Errors/InvalidCommand")(
  "InvalidCommand",
  {
    /** The name of the command, or of the method that refused it. */
    command: Schema.String,
    /** Why the command cannot run. It repeats no argument. */
    detail: Schema.String
  }
) {
  /** Whether a retry can help. False: the same command fails again. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.command} was not sent: ${this.detail}`
  }
}

/**
 * The server executed the command, and its reply is valid RESP, but not what the
 * command returns or what its decoder reads. An integer beyond 2^53 is such a
 * reply: `Command.exact` gives it as a `bigint`.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnexpectedReply extends Schema.TaggedError<UnexpectedReply>(
  "effect-redis-sentinel/Errors/UnexpectedReply"
)("UnexpectedReply", {
  /** The name of the command, without its arguments. */
  command: Schema.String,
  /** What the decoder expects, in words. */
  expected: Schema.String,
  /** The shape of the reply, not its contents; an integer is given exactly. */
  actual: Schema.String
}) {
  /** Whether a retry can help. False: the command was executed. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.command} was executed, but the reply is ${this.actual} instead of ${this.expected}`
  }
}

/**
 * A stored value, or the result of a script, does not fit the schema or the codec that
 * reads it (`Values`, `Script`). The server executed the command. The error contains nothing of the value.
 *
 * @since 0.1.0
 * @category errors
 */
export class ValueMismatch extends Schema.TaggedError<ValueMismatch>("effect-redis-sentinel/Errors/ValueMismatch")(
  "ValueMismatch",
  {
    /** The name of the command, without its arguments. */
    command: Schema.String,
    /**
     * The key of the value or the channel of the message, cut after 256 characters; undefined for the result of a
     * script, and if the command combines the values of several keys.
     */
    key: Schema.optional(Schema.String),
    /** The index of the value among those of the reply; undefined if the reply is one value. */
    index: Schema.optional(Schema.Number),
    /** What the schema expects and where in the value, such as `at age: Expected number`. */
    issue: Schema.String
  }
) {
  /** Whether a retry can help. False: the command was executed, and the value stays as it is. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const index = this.index === undefined ? "" : ` ${this.index}`
    const key = this.key === undefined ? "" : ` of ${this.key}`
    const what = index + key === "" ? "its result" : `value${index}${key}`
    return `${this.command} was executed, but ${what} does not fit: ${this.issue}`
  }
}

/**
 * The server lacks an option that was asked for, and executed nothing (`RedisStream`).
 *
 * @since 0.1.0
 * @category errors
 */
export class Unsupported extends Schema.TaggedError<Unsupported>("effect-redis-sentinel/Errors/Unsupported")(
  "Unsupported",
  {
    /** The name of the command, without its arguments. */
    command: Schema.String,
    /** The option that the server lacks, such as `idempotent`. */
    option: Schema.String,
    /** The servers that have it, such as `Redis 8.6`. */
    needs: Schema.String
  }
) {
  /** Whether a retry can help. False: the server has to be another version. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.command} was not executed: the server lacks ${this.option}, which needs ${this.needs}`
  }
}

/**
 * A subscription with `whenFull: "fail"` has more messages than its reader took in time.
 * The Stream has given those that waited; the message after them is missing.
 *
 * @since 0.1.0
 * @category errors
 */
export class SubscriptionOverflow extends Schema.TaggedError<SubscriptionOverflow>(
  "effect-redis-sentinel/Errors/SubscriptionOverflow"
)("SubscriptionOverflow", {
  /** The address or the group of the client. */
  target: Schema.String,
  /** The option `capacity`: how many messages may wait for the reader. */
  capacity: Schema.Finite
}) {
  /** Whether a retry can help. True: a new subscription begins with an empty buffer. */
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `The reader of a subscription at ${this.target} is too slow: ${this.capacity} messages were waiting (capacity)`
  }
}

/**
 * The server has a library of functions of the same name with other code: of another
 * version of the application, for example. The client does not replace it by itself: two
 * versions would replace each other's in turn. The command was not executed.
 *
 * @since 0.1.0
 * @category errors
 */
export class LibraryConflict extends Schema.TaggedError<LibraryConflict>(
  "effect-redis-sentinel/Errors/LibraryConflict"
)("LibraryConflict", {
  /** The name of the library. */
  library: Schema.String,
  /** The name of the command, or of the method of the library. */
  command: Schema.String,
  /** What is wrong, in words. */
  detail: Schema.String
}) {
  /** Whether a retry can help. False: somebody has to decide which code counts. */
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.command} was not executed: ${this.detail}`
  }
}

/**
 * Everything that can go wrong on the way to a usable server. A command that
 * fails with one of these was not executed, or is a read.
 *
 * @since 0.1.0
 * @category errors
 */
export type ConnectionError =
  | PrimaryNotFound
  | ReplicaNotFound
  | ConnectFailed
  | ConnectionLost
  | AuthenticationFailed
  | RoleMismatch
  | ProtocolError
  | ReserveTimeout
  | QueueFull
  | ClientClosed
  | SentinelsIsolated

/**
 * Everything that a command can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type RedisError =
  | ConnectionError
  | ReplyError
  | AmbiguousOutcome
  | DeadlineExceeded
  | TransactionAborted
  | ScanInterrupted
  | EpochPassed
  | InvalidCommand
  | UnexpectedReply
  | ValueMismatch
  | SubscriptionOverflow
  | LibraryConflict

const connectionTags: ReadonlySet<string> = new Set<ConnectionError["_tag"]>([
  "PrimaryNotFound",
  "ReplicaNotFound",
  "ConnectFailed",
  "ConnectionLost",
  "AuthenticationFailed",
  "RoleMismatch",
  "ProtocolError",
  "ReserveTimeout",
  "QueueFull",
  "ClientClosed",
  "SentinelsIsolated"
])

/**
 * Whether the error of a command is a `ConnectionError`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isConnectionError = (error: RedisError): error is ConnectionError => connectionTags.has(error._tag)
