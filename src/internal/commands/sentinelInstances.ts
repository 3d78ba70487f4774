/**
 * What a sentinel says of primaries, replicas and other sentinels: the records of
 * SENTINEL MASTER, REPLICAS and SENTINELS, and how they are read.
 */
import type * as Resp from "../../Resp.ts"
import { list, text } from "./decoders.ts"

/**
 * What a sentinel knows of a server: a primary, a replica or another sentinel.
 *
 * @since 0.1.0
 * @category models
 */
export interface Instance {
  /** The name that the sentinel gives it: the group's for a primary, `host:port` for a replica, the id for a sentinel. */
  readonly label: string
  /** The host that the sentinel connects to: an IP address, or a name if sentinels announce names. */
  readonly host: string
  /** The port that the sentinel connects to. */
  readonly port: number
  /** The server's run id, which is another one after a restart; a sentinel's stays. Empty while it is not known. */
  readonly runId: string
  /** The flags as the sentinel writes them: `master`, `slave`, `s_down`, `o_down`, `disconnected`, ... */
  readonly flags: ReadonlySet<string>
  /** Whether it is a primary (`master`). */
  readonly isPrimary: boolean
  /** Whether it is a replica (`slave`). */
  readonly isReplica: boolean
  /** Whether it is a sentinel. */
  readonly isSentinel: boolean
  /** Whether this sentinel considers it down (`s_down`). */
  readonly isSubjectivelyDown: boolean
  /** Whether a quorum of sentinels considers it down (`o_down`); only of a primary. */
  readonly isObjectivelyDown: boolean
  /** Whether this sentinel has no connection to it. */
  readonly isDisconnected: boolean
  /** Whether this sentinel is carrying out a failover of it; only of a primary. */
  readonly isFailoverInProgress: boolean
  /** Milliseconds since the PING that it has not answered yet; 0 if it has answered all. */
  readonly lastPingSentMillis: number
  /** Milliseconds since its last reply to a PING that this sentinel counts as a sign of life. */
  readonly lastOkPingReplyMillis: number
  /** Milliseconds since its last reply to a PING, whatever the reply. */
  readonly lastPingReplyMillis: number
  /** How many commands of this sentinel it has not answered yet. */
  readonly linkPendingCommands: number
  /**
   * Milliseconds without a sign of life after which this sentinel considers it
   * down; undefined if the sentinel does not say.
   */
  readonly downAfterMillis: number | undefined
  /** Every field as the sentinel sends it. */
  readonly fields: Readonly<Record<string, string>>
}

/**
 * What a sentinel knows of a group's primary.
 *
 * @since 0.1.0
 * @category models
 */
export interface PrimaryInstance extends Instance {
  /** The configuration epoch: each failover gives the group a greater one. */
  readonly configEpoch: number
  /** How many replicas this sentinel knows, those that are down included. */
  readonly replicaCount: number
  /** How many other sentinels of the group this sentinel knows. */
  readonly otherSentinelCount: number
  /** How many sentinels must agree that the primary is down. */
  readonly quorum: number
  /** Milliseconds after which this sentinel gives up a step of a failover (`failover-timeout`). */
  readonly failoverTimeoutMillis: number
  /** How many replicas may synchronise with a new primary at the same time. */
  readonly parallelSyncs: number
}

/**
 * What a sentinel knows of a replica.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplicaInstance extends Instance {
  /** The host of the primary that the replica replicates, as the replica says. */
  readonly primaryHost: string
  /** The port of the primary that the replica replicates, as the replica says. */
  readonly primaryPort: number
  /** Whether the replica has a connection to its primary. */
  readonly isLinkUp: boolean
  /** Milliseconds since the connection to its primary was lost; 0 while it is up. */
  readonly linkDownMillis: number
  /** The replica's `replica-priority`: sentinels promote the lowest first, and never 0. */
  readonly priority: number
  /** The replica's replication offset in bytes, as it last said. */
  readonly offset: number
  /** Whether sentinels tell clients of the replica (`replica-announced`). */
  readonly isAnnounced: boolean
}

/**
 * What a sentinel knows of another sentinel of the same group.
 *
 * @since 0.1.0
 * @category models
 */
export interface SentinelInstance extends Instance {
  /** Milliseconds since the last hello message of that sentinel. */
  readonly lastHelloMillis: number
  /** The id of the sentinel that it last voted for as the leader of a failover; `"?"` if there is none. */
  readonly votedLeader: string
  /** The epoch of that vote; 0 if there is none. */
  readonly votedLeaderEpoch: number
}

/** The fields of an instance as the sentinel sends them. */
export const fieldsOf = (value: Resp.Value): Record<string, string> => {
  const flat = list(value)
  const out: Record<string, string> = Object.create(null)
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const v = flat[i + 1]!
    out[text(flat[i]!)] = v === null ? "" : text(v)
  }
  return out
}

const number = (fields: Record<string, string>, name: string): number => Number(fields[name] ?? 0)

const instance = (fields: Record<string, string>): Instance => {
  const flags = new Set((fields["flags"] ?? "").split(",").filter((f) => f !== ""))
  return {
    label: fields["name"] ?? "",
    host: fields["ip"] ?? "",
    port: number(fields, "port"),
    runId: fields["runid"] ?? "",
    flags,
    isPrimary: flags.has("master"),
    isReplica: flags.has("slave"),
    isSentinel: flags.has("sentinel"),
    isSubjectivelyDown: flags.has("s_down"),
    isObjectivelyDown: flags.has("o_down"),
    isDisconnected: flags.has("disconnected"),
    isFailoverInProgress: flags.has("failover_in_progress"),
    lastPingSentMillis: number(fields, "last-ping-sent"),
    lastOkPingReplyMillis: number(fields, "last-ok-ping-reply"),
    lastPingReplyMillis: number(fields, "last-ping-reply"),
    linkPendingCommands: number(fields, "link-pending-commands"),
    downAfterMillis: fields["down-after-milliseconds"] === undefined
      ? undefined
      : number(fields, "down-after-milliseconds"),
    fields
  }
}

/** Reads the reply of SENTINEL MASTER. */
export const primaryOf = (value: Resp.Value): PrimaryInstance => {
  const fields = fieldsOf(value)
  return {
    ...instance(fields),
    configEpoch: number(fields, "config-epoch"),
    replicaCount: number(fields, "num-slaves"),
    otherSentinelCount: number(fields, "num-other-sentinels"),
    quorum: number(fields, "quorum"),
    failoverTimeoutMillis: number(fields, "failover-timeout"),
    parallelSyncs: number(fields, "parallel-syncs")
  }
}

/** Reads an element of SENTINEL REPLICAS. */
export const replicaOf = (value: Resp.Value): ReplicaInstance => {
  const fields = fieldsOf(value)
  return {
    ...instance(fields),
    primaryHost: fields["master-host"] ?? "",
    primaryPort: number(fields, "master-port"),
    isLinkUp: fields["master-link-status"] === "ok",
    linkDownMillis: number(fields, "master-link-down-time"),
    priority: number(fields, "slave-priority"),
    offset: number(fields, "slave-repl-offset"),
    isAnnounced: fields["replica-announced"] !== "0"
  }
}

/** Reads an element of SENTINEL SENTINELS. */
export const sentinelOf = (value: Resp.Value): SentinelInstance => {
  const fields = fieldsOf(value)
  return {
    ...instance(fields),
    lastHelloMillis: number(fields, "last-hello-message"),
    votedLeader: fields["voted-leader"] ?? "?",
    votedLeaderEpoch: number(fields, "voted-leader-epoch")
  }
}
