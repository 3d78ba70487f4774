/**
 * Every error of the library, as tagged classes, and the two unions that group
 * them: ConnectionError, everything about reaching a server, and RedisError,
 * everything a command can fail with.
 *
 * Which error an event becomes is not decided here.
 *
 * Over 700 lines, since it is a list.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * An option, or an argument of the Sentinel service, that cannot be worked
 * with. Nothing was dialled.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidOption extends Schema.TaggedError<InvalidOption>("effect-redis-sentinel/Errors/InvalidOption")(
  "InvalidOption",
  {
    /** The option's path, such as `sentinels[0]`. */
    option: Schema.String,
    /** What is wrong with it. It never contains a secret. */
    detail: Schema.String
  }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `Invalid option ${this.option}: ${this.detail}`
  }
}

/**
 * A connection could not be opened: the name did not resolve, nobody listens,
 * TLS was refused, or the server did not answer the handshake in time.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectFailed extends Schema.TaggedError<ConnectFailed>("effect-redis-sentinel/Errors/ConnectFailed")(
  "ConnectFailed",
  {
    /** The address dialled, as `host:port` or `unix:/path`. */
    address: Schema.String,
    /** How far the attempt came. `refused`: the server ended the session in its own words. */
    phase: Schema.Literals(["resolve", "dial", "tls", "handshake", "refused", "credentials"]),
    detail: Schema.String,
    /**
     * Whether trying again is of no use: a certificate that is not accepted, or
     * one side that speaks TLS and the other that does not. Default false.
     */
    permanent: Schema.optional(Schema.Boolean),
    cause: Schema.optional(Schema.Defect())
  }
) {
  get isRetryable(): boolean {
    return this.permanent !== true
  }
  override get message(): string {
    return `Cannot connect to ${this.address} (${this.phase}): ${this.detail}`
  }
}

/**
 * An open connection ended: closed by the server, cut, or closed by the
 * watchdog because the server no longer answered.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectionLost extends Schema.TaggedError<ConnectionLost>("effect-redis-sentinel/Errors/ConnectionLost")(
  "ConnectionLost",
  {
    address: Schema.String,
    /**
     * `closed`: by the server or the network; `stalled`: by the watchdog; `moved`:
     * by this client, because its group has another primary; `retired`: by this
     * client, for whatever other reason.
     */
    kind: Schema.Literals(["closed", "stalled", "moved", "retired"]),
    detail: Schema.String,
    cause: Schema.optional(Schema.Defect())
  }
) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `Connection to ${this.address} lost (${this.kind}): ${this.detail}`
  }
}

/**
 * The server refused the credentials, or asks for some (NOAUTH, WRONGPASS, or
 * NOPERM during the handshake). The password is never part of it.
 *
 * @since 0.1.0
 * @category errors
 */
export class AuthenticationFailed extends Schema.TaggedError<AuthenticationFailed>(
  "effect-redis-sentinel/Errors/AuthenticationFailed"
)("AuthenticationFailed", {
  address: Schema.String,
  username: Schema.optional(Schema.String),
  /** The server's error code, such as `WRONGPASS`; nothing else of what it says of credentials is passed on. */
  code: Schema.String,
  detail: Schema.String
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const who = this.username === undefined ? "" : ` as ${this.username}`
    return `Authentication failed at ${this.address}${who}: ${this.detail}`
  }
}

/**
 * A server is not what it was announced to be: a primary that says it is a
 * replica, or the other way round. Discovery starts over.
 *
 * @since 0.1.0
 * @category errors
 */
export class RoleMismatch extends Schema.TaggedError<RoleMismatch>("effect-redis-sentinel/Errors/RoleMismatch")(
  "RoleMismatch",
  {
    address: Schema.String,
    expected: Schema.Literals(["primary", "replica"]),
    /** What the server says: `primary`, `replica`, `sentinel`, or why it could not be asked. */
    actual: Schema.String
  }
) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `${this.address} was announced as ${this.expected}, but says: ${this.actual}`
  }
}

/**
 * Bytes that are not RESP, or that exceed a limit of the decoder. The
 * connection they came from is closed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProtocolError extends Schema.TaggedError<ProtocolError>("effect-redis-sentinel/Errors/ProtocolError")(
  "ProtocolError",
  {
    /** The address of the server, once it is known. */
    address: Schema.optional(Schema.String),
    detail: Schema.String,
    /** The offending bytes, escaped and cut to a few dozen characters. */
    bytes: Schema.String
  }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const from = this.address === undefined ? "" : ` from ${this.address}`
    return `Protocol error${from}: ${this.detail}, at "${this.bytes}"`
  }
}

/**
 * No exclusive connection became free within the pool's acquire deadline.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReserveTimeout extends Schema.TaggedError<ReserveTimeout>("effect-redis-sentinel/Errors/ReserveTimeout")(
  "ReserveTimeout",
  {
    /** What the client is bound to: an address or a group. */
    target: Schema.String,
    /** The deadline, in milliseconds. */
    timeoutMillis: Schema.Finite,
    /** The pool's maximum. */
    max: Schema.Finite
  }
) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `No exclusive connection to ${this.target} was free within ${this.timeoutMillis} ms (at most ${this.max})`
  }
}

/**
 * So many commands wait for a connection or for the socket that one more is
 * refused. It was not executed.
 *
 * @since 0.1.0
 * @category errors
 */
export class QueueFull extends Schema.TaggedError<QueueFull>("effect-redis-sentinel/Errors/QueueFull")("QueueFull", {
  target: Schema.String,
  /** The most commands that may wait. */
  limit: Schema.Finite
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `${this.limit} commands for ${this.target} are waiting already`
  }
}

/**
 * The client's Scope has closed. A command that was not written before fails
 * with it.
 *
 * @since 0.1.0
 * @category errors
 */
export class ClientClosed extends Schema.TaggedError<ClientClosed>("effect-redis-sentinel/Errors/ClientClosed")(
  "ClientClosed",
  { target: Schema.String }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `The client of ${this.target} is closed`
  }
}

/**
 * Fewer than a majority of the group's sentinels can be reached, and the option
 * `whenIsolated` is `"fail"`: a write was not sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class SentinelsIsolated extends Schema.TaggedError<SentinelsIsolated>(
  "effect-redis-sentinel/Errors/SentinelsIsolated"
)("SentinelsIsolated", {
  group: Schema.String,
  /** How many sentinels can be reached. */
  reachable: Schema.Finite,
  /** How many sentinels are known. */
  known: Schema.Finite
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `Only ${this.reachable} of the ${this.known} sentinels of "${this.group}" can be reached: no writes meanwhile`
  }
}

// -----------------------------------------------------------------------------
// Discovery
// -----------------------------------------------------------------------------

/**
 * What one sentinel, or one candidate node, had to say.
 *
 * @since 0.1.0
 * @category models
 */
export class Report extends Schema.Class<Report>("effect-redis-sentinel/Errors/Report")({
  /** The address asked. */
  address: Schema.String,
  /**
   * - `unreachable`: it could not be dialled, or did not answer in time
   * - `denied`: it refused the credentials
   * - `unknown-group`: it does not monitor the group
   * - `not-a-sentinel`: it answers, but has no SENTINEL commands
   * - `bad-answer`: its answer makes no sense
   * - `too-few-sentinels`: it knows fewer other sentinels than `minOtherSentinels`
   * - `outdated`: it knows an older configuration of the group than another did
   * - `wrong-role`: the node does not have the role it was announced with
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
  detail: Schema.String,
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
  /** Each sentinel's, or each candidate's, own answer. */
  reports: Schema.Array(Report)
}

const describe = (what: string, reports: ReadonlyArray<Report>): string =>
  reports.length === 0 ? what : `${what} (${reports.map((r) => r.toString()).join("; ")})`

/**
 * No sentinel gave a usable answer: each was unreachable, refused the
 * credentials, or is not a sentinel.
 *
 * @since 0.1.0
 * @category errors
 */
export class SentinelsUnreachable extends Schema.TaggedError<SentinelsUnreachable>(
  "effect-redis-sentinel/Errors/SentinelsUnreachable"
)("SentinelsUnreachable", ReasonFields) {
  get isRetryable(): boolean {
    return this.reports.some((r) => (r.kind === "unreachable" || r.kind === "bad-answer") && !isPermanent(r))
  }
  override get message(): string {
    return describe("no sentinel answered", this.reports)
  }
}

/**
 * At least one sentinel answered, and none of those that did monitors the
 * group. It is final when every sentinel said so.
 *
 * @since 0.1.0
 * @category errors
 */
export class GroupUnknown extends Schema.TaggedError<GroupUnknown>("effect-redis-sentinel/Errors/GroupUnknown")(
  "GroupUnknown",
  ReasonFields
) {
  get isRetryable(): boolean {
    return this.reports.some((r) => r.kind !== "unknown-group")
  }
  override get message(): string {
    return describe("no sentinel knows the group", this.reports)
  }
}

/**
 * The sentinels that answered know fewer other sentinels than
 * `minOtherSentinels` asks for.
 *
 * @since 0.1.0
 * @category errors
 */
export class QuorumNotMet extends Schema.TaggedError<QuorumNotMet>("effect-redis-sentinel/Errors/QuorumNotMet")(
  "QuorumNotMet",
  ReasonFields
) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return describe("no sentinel knows enough others", this.reports)
  }
}

/**
 * The address is known, but the node there could not be used: it does not have
 * the role it was announced with, or it could not be reached. An announced
 * address that cannot be dialled often means that the sentinels announce
 * addresses from behind a NAT: see the option `natMap`.
 *
 * @since 0.1.0
 * @category errors
 */
export class NodeUnusable extends Schema.TaggedError<NodeUnusable>("effect-redis-sentinel/Errors/NodeUnusable")(
  "NodeUnusable",
  ReasonFields
) {
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
 * The group has no replica that the sentinels think healthy.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoHealthyReplica extends Schema.TaggedError<NoHealthyReplica>(
  "effect-redis-sentinel/Errors/NoHealthyReplica"
)("NoHealthyReplica", ReasonFields) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return describe("the group has no healthy replica", this.reports)
  }
}

/**
 * Why a primary was not found. Handle one with `Effect.catchReason`.
 *
 * @since 0.1.0
 * @category models
 */
export const PrimaryReason = Schema.Union([SentinelsUnreachable, GroupUnknown, QuorumNotMet, NodeUnusable])

/**
 * @since 0.1.0
 * @category models
 */
export type PrimaryReason = typeof PrimaryReason.Type

/**
 * Why a replica was not found.
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
 * @since 0.1.0
 * @category models
 */
export type ReplicaReason = typeof ReplicaReason.Type

/**
 * The primary of a group was not found. `reason` says why, and carries what
 * each sentinel answered.
 *
 * **Example**
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
)("PrimaryNotFound", { group: Schema.String, reason: PrimaryReason }) {
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  override get message(): string {
    return `No primary of group "${this.group}" was found: ${this.reason.message}`
  }
}

/**
 * No replica of a group was found. `reason` says why, and carries what each
 * sentinel or candidate answered.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReplicaNotFound extends Schema.TaggedError<ReplicaNotFound>(
  "effect-redis-sentinel/Errors/ReplicaNotFound"
)("ReplicaNotFound", { group: Schema.String, reason: ReplicaReason }) {
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

/**
 * The server answered a command with an error. The command was not executed,
 * unless its own description says otherwise (a script that failed midway).
 *
 * @since 0.1.0
 * @category errors
 */
export class ReplyError extends Schema.TaggedError<ReplyError>("effect-redis-sentinel/Errors/ReplyError")(
  "ReplyError",
  {
    /** The first word of the server's error: `WRONGTYPE`, `NOAUTH`, `OOM`, `ERR`, ... */
    code: Schema.String,
    /** The text as the server sent it, control characters escaped, cut to 512 characters. */
    detail: Schema.String,
    /** The command's name, without its arguments. */
    command: Schema.String
  }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.command}: ${this.detail}`
  }
}

/**
 * A write was sent, and its reply never came: it was applied once or not at
 * all, and nobody can know which. It is not sent again unless the command or
 * the caller allows repetition.
 *
 * @since 0.1.0
 * @category errors
 */
export class AmbiguousOutcome extends Schema.TaggedError<AmbiguousOutcome>(
  "effect-redis-sentinel/Errors/AmbiguousOutcome"
)("AmbiguousOutcome", {
  command: Schema.String,
  /** Why there is no reply: the `ConnectionLost`, or the deadline that passed. */
  cause: Schema.Defect()
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `${this.command} was sent, but its reply never came; it may have been applied: ${why}`
  }
}

/**
 * The command's deadline passed. It is known not to have changed anything: it
 * was never written, or it is a read. (A write that was written and has no
 * reply fails with `AmbiguousOutcome`.)
 *
 * @since 0.1.0
 * @category errors
 */
export class DeadlineExceeded extends Schema.TaggedError<DeadlineExceeded>(
  "effect-redis-sentinel/Errors/DeadlineExceeded"
)("DeadlineExceeded", {
  command: Schema.String,
  /** The deadline, in milliseconds. */
  timeoutMillis: Schema.Finite,
  /** What stood in the way, if anything is known to have. */
  cause: Schema.optional(Schema.Defect())
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    const why = this.cause instanceof Error ? `: ${this.cause.message}` : ""
    return `${this.command} had no answer within ${this.timeoutMillis} ms${why}`
  }
}

/**
 * EXEC answered null: a watched key was changed. Nothing was executed.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransactionAborted extends Schema.TaggedError<TransactionAborted>(
  "effect-redis-sentinel/Errors/TransactionAborted"
)("TransactionAborted", {
  /** The names of the transaction's commands. */
  commands: Schema.Array(Schema.String)
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `The transaction was aborted, a watched key had changed: ${this.commands.join(", ")}`
  }
}

/**
 * A scan cannot go on: its cursor belongs to a server that the client no longer
 * talks to, because the group moved or the server was started again. What it
 * had given is right; there may be more.
 *
 * @since 0.1.0
 * @category errors
 */
export class ScanInterrupted extends Schema.TaggedError<ScanInterrupted>(
  "effect-redis-sentinel/Errors/ScanInterrupted"
)("ScanInterrupted", {
  command: Schema.String,
  /** How many elements the stream had given. */
  given: Schema.Finite,
  detail: Schema.String
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `${this.command} was interrupted after ${this.given} elements: ${this.detail}`
  }
}

/**
 * A read was to see what had been written before, and what was written may be
 * lost, so nobody can promise it: the group has moved since to another epoch, or
 * its primary was started again with less than it had.
 *
 * @since 0.1.0
 * @category errors
 */
export class EpochPassed extends Schema.TaggedError<EpochPassed>("effect-redis-sentinel/Errors/EpochPassed")(
  "EpochPassed",
  {
    /** What the client is bound to. */
    target: Schema.String,
    /** The epoch of the writes. */
    epoch: Schema.Finite,
    /** The epoch now. */
    now: Schema.Finite
  }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.epoch === this.now
      ? `the primary of ${this.target} has lost writes: it has less of its history than it had before`
      : `${this.target} has moved since the writes: they were made in epoch ${this.epoch}, and it is ${this.now} now`
  }
}

/**
 * Writes were executed by the primary, but not by as many replicas as asked for
 * within the time: they may be lost in a failover.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotReplicated extends Schema.TaggedError<NotReplicated>("effect-redis-sentinel/Errors/NotReplicated")(
  "NotReplicated",
  {
    /** How many replicas were asked for. */
    wanted: Schema.Finite,
    /** How many are known to have the writes. */
    acknowledged: Schema.Finite,
    /** Whether the primary itself has them on disk; undefined where that was not asked for. */
    isLocal: Schema.optional(Schema.Boolean),
    /** The time that they had, in milliseconds. */
    timeoutMillis: Schema.Finite,
    /** What stood in the way, if it was not the time. */
    cause: Schema.optional(Schema.Defect())
  }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const why = this.cause instanceof Error ? `: ${this.cause.message}` : ""
    const disk = this.isLocal === false ? ", and the primary has not written them to disk" : ""
    return `${this.acknowledged} of ${this.wanted} replicas acknowledged the writes within ${this.timeoutMillis} ms${disk}${why}`
  }
}

/**
 * The command cannot be run in this way: an argument is no argument, or it
 * would change the session under everybody else's commands. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidCommand extends Schema.TaggedError<InvalidCommand>("effect-redis-sentinel/Errors/InvalidCommand")(
  "InvalidCommand",
  { command: Schema.String, detail: Schema.String }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.command} was not sent: ${this.detail}`
  }
}

/**
 * The server's reply is good RESP, but not what the command returns. The
 * command was executed.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnexpectedReply extends Schema.TaggedError<UnexpectedReply>(
  "effect-redis-sentinel/Errors/UnexpectedReply"
)("UnexpectedReply", {
  command: Schema.String,
  expected: Schema.String,
  /** The reply's shape, not its contents. */
  actual: Schema.String
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.command} was executed, but the reply is ${this.actual} instead of ${this.expected}`
  }
}

/**
 * Everything that can go wrong between a client and a usable server.
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
 * Whether an error of a command is about reaching a server.
 *
 * @since 0.1.0
 * @category guards
 */
export const isConnectionError = (error: RedisError): error is ConnectionError => connectionTags.has(error._tag)
