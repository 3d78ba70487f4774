/**
 * The SENTINEL commands, for connections to sentinels, with parsed replies.
 *
 * Source: https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import type { Arg } from "../Command.ts"
import { argv, around } from "../internal/commands/args.ts"
import type * as Resp from "../Resp.ts"

const { define, own: make } = Command

/**
 * What a sentinel knows of one server, be it a primary, a replica or another
 * sentinel. Durations are milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Instance {
  /** The group's name for a primary; `host:port` for a replica; the run id for a sentinel. */
  readonly label: string
  readonly host: string
  readonly port: number
  readonly runId: string
  /** As the sentinel writes them: `master`, `slave`, `s_down`, `o_down`, `disconnected`, ... */
  readonly flags: ReadonlySet<string>
  readonly isPrimary: boolean
  readonly isReplica: boolean
  readonly isSentinel: boolean
  /** This sentinel thinks it is down. */
  readonly isSubjectivelyDown: boolean
  /** A quorum of sentinels thinks it is down. */
  readonly isObjectivelyDown: boolean
  /** This sentinel has no connection to it. */
  readonly isDisconnected: boolean
  readonly isFailoverInProgress: boolean
  readonly lastPingSent: number
  readonly lastOkPingReply: number
  readonly lastPingReply: number
  readonly linkPendingCommands: number
  readonly downAfter: number | undefined
  /** Every field as the sentinel sent it. */
  readonly fields: Readonly<Record<string, string>>
}

/**
 * What a sentinel knows of a group's primary.
 *
 * @since 0.1.0
 * @category models
 */
export interface PrimaryInstance extends Instance {
  readonly configEpoch: number
  readonly replicaCount: number
  readonly otherSentinelCount: number
  readonly quorum: number
  readonly failoverTimeout: number
  readonly parallelSyncs: number
}

/**
 * What a sentinel knows of a replica.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplicaInstance extends Instance {
  readonly primaryHost: string
  readonly primaryPort: number
  /** Whether the replica has a connection to its primary. */
  readonly isLinkUp: boolean
  /** Milliseconds since that connection was lost; 0 while it is up. */
  readonly linkDownTime: number
  readonly priority: number
  readonly offset: number
  readonly isAnnounced: boolean
}

/**
 * What a sentinel knows of another.
 *
 * @since 0.1.0
 * @category models
 */
export interface SentinelInstance extends Instance {
  readonly lastHello: number
  readonly votedLeader: string
  readonly votedLeaderEpoch: number
}

const fieldsOf = (value: Resp.Value): Record<string, string> => {
  const flat = Command.list(value)
  const out: Record<string, string> = Object.create(null)
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const v = flat[i + 1]!
    out[Command.text(flat[i]!)] = v === null ? "" : Command.text(v)
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
    lastPingSent: number(fields, "last-ping-sent"),
    lastOkPingReply: number(fields, "last-ok-ping-reply"),
    lastPingReply: number(fields, "last-ping-reply"),
    linkPendingCommands: number(fields, "link-pending-commands"),
    downAfter: fields["down-after-milliseconds"] === undefined ? undefined : number(fields, "down-after-milliseconds"),
    fields
  }
}

const primaryOf = (value: Resp.Value): PrimaryInstance => {
  const fields = fieldsOf(value)
  return {
    ...instance(fields),
    configEpoch: number(fields, "config-epoch"),
    replicaCount: number(fields, "num-slaves"),
    otherSentinelCount: number(fields, "num-other-sentinels"),
    quorum: number(fields, "quorum"),
    failoverTimeout: number(fields, "failover-timeout"),
    parallelSyncs: number(fields, "parallel-syncs")
  }
}

/** @internal */
export const replicaOf = (value: Resp.Value): ReplicaInstance => {
  const fields = fieldsOf(value)
  return {
    ...instance(fields),
    primaryHost: fields["master-host"] ?? "",
    primaryPort: number(fields, "master-port"),
    isLinkUp: fields["master-link-status"] === "ok",
    linkDownTime: number(fields, "master-link-down-time"),
    priority: number(fields, "slave-priority"),
    offset: number(fields, "slave-repl-offset"),
    isAnnounced: fields["replica-announced"] !== "0"
  }
}

/** @internal */
export const sentinelOf = (value: Resp.Value): SentinelInstance => {
  const fields = fieldsOf(value)
  return {
    ...instance(fields),
    lastHello: number(fields, "last-hello-message"),
    votedLeader: fields["voted-leader"] ?? "?",
    votedLeaderEpoch: number(fields, "voted-leader-epoch")
  }
}

const many = <A>(f: (value: Resp.Value) => A) => Command.custom<Array<A>>((v) => Command.list(v).map(f))

const GET_MASTER_ADDR = define({
  words: ["SENTINEL", "GET-MASTER-ADDR-BY-NAME"],
  mode: "read",
  decode: Command.custom<{ readonly host: string; readonly port: number } | null>((v) => {
    if (v === null) return null
    const [host, port] = Command.list(v)
    return { host: Command.text(host ?? null), port: Number(Command.text(port ?? null)) }
  })
})
/** The address of a group's primary, or null for an unknown group. */
export const getPrimaryAddr = (group: string) => make(GET_MASTER_ADDR, argv(group))

const MASTER = define({
  words: ["SENTINEL", "MASTER"],
  mode: "read",
  decode: Command.custom<PrimaryInstance>(primaryOf)
})
/** What the sentinel knows of a group's primary. */
export const primary = (group: string) => make(MASTER, argv(group))

const MASTERS = define({ words: ["SENTINEL", "MASTERS"], mode: "read", decode: many(primaryOf) })
/** What the sentinel knows of the primaries of all its groups. */
export const primaries = () => make(MASTERS, argv())

const REPLICAS = define({ words: ["SENTINEL", "REPLICAS"], mode: "read", decode: many(replicaOf) })
/** What the sentinel knows of a group's replicas. */
export const replicas = (group: string) => make(REPLICAS, argv(group))

const SENTINELS = define({ words: ["SENTINEL", "SENTINELS"], mode: "read", decode: many(sentinelOf) })
/** What the sentinel knows of the others that watch a group. */
export const sentinels = (group: string) => make(SENTINELS, argv(group))

const CKQUORUM = define({ words: ["SENTINEL", "CKQUORUM"], mode: "read", decode: Command.word })
/** Succeeds with the sentinel's words if a failover could be authorised; fails with `ReplyError` NOQUORUM if not. */
export const ckquorum = (group: string) => make(CKQUORUM, argv(group))

const CONFIG_GET = define({
  words: ["SENTINEL", "CONFIG", "GET"],
  mode: "read",
  decode: Command.custom<Record<string, string>>((v) => ({ ...fieldsOf(v) }))
})
/** The sentinel's global parameters that match a glob pattern. Redis 6.2. */
export const configGet = (pattern: string) => make(CONFIG_GET, argv(pattern))

const CONFIG_SET = define({ words: ["SENTINEL", "CONFIG", "SET"], mode: "write", decode: Command.ok })
/** Changes a global parameter of the sentinel. Redis 6.2. */
export const configSet = (parameter: string, value: Arg) => make(CONFIG_SET, argv(parameter, value))

const FAILOVER = define({ words: ["SENTINEL", "FAILOVER"], mode: "write", decode: Command.ok })
/** Starts a failover, without asking the other sentinels. */
export const failover = (group: string) => make(FAILOVER, argv(group))

const FLUSHCONFIG = define({ words: ["SENTINEL", "FLUSHCONFIG"], mode: "write", decode: Command.ok })
/** Makes the sentinel write its configuration to disk. */
export const flushconfig = () => make(FLUSHCONFIG, argv())

/**
 * INFO as a sentinel last got it from a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface CachedInfo {
  /** How long ago, in milliseconds. */
  readonly age: number
  readonly info: string | null
}

const INFO_CACHE = define({
  words: ["SENTINEL", "INFO-CACHE"],
  mode: "read",
  decode: Command.custom<Record<string, Array<CachedInfo>>>((v) => {
    const flat = Command.list(v)
    const out: Record<string, Array<CachedInfo>> = {}
    for (let i = 0; i + 1 < flat.length; i += 2) {
      out[Command.text(flat[i]!)] = Command.list(flat[i + 1]!).map((entry) => {
        const [age, info] = Command.list(entry)
        return { age: Number(age), info: info === null || info === undefined ? null : Command.text(info) }
      })
    }
    return out
  })
})
/** By group, what INFO last said at its primary (first) and its replicas. */
export const infoCache = (group: string, ...groups: Array<string>) => make(INFO_CACHE, around(argv(group), groups))

const IS_DOWN = define({
  words: ["SENTINEL", "IS-MASTER-DOWN-BY-ADDR"],
  mode: "read",
  decode: Command.custom<{ readonly isDown: boolean; readonly leader: string | null; readonly leaderEpoch: number }>(
    (v) => {
      const [down, leader, epoch] = Command.list(v)
      const name = Command.text(leader ?? null)
      return { isDown: down === 1, leader: name === "*" ? null : name, leaderEpoch: Command.integer(epoch ?? null) }
    }
  )
})
/** Whether the sentinel thinks a primary is down, and, if a run id is given, for whom it votes. */
export const isPrimaryDownByAddr = (
  host: string,
  port: number,
  epoch: number,
  runId?: string | undefined
) => make(IS_DOWN, argv(host, port, epoch, runId ?? "*"))

const MONITOR = define({ words: ["SENTINEL", "MONITOR"], mode: "write", decode: Command.ok })
/** Makes the sentinel watch a group. */
export const monitor = (group: string, host: string, port: number, quorum: number) =>
  make(MONITOR, argv(group, host, port, quorum))

const MYID = define({ words: ["SENTINEL", "MYID"], mode: "read", decode: Command.word })
/** The sentinel's id. */
export const myid = () => make(MYID, argv())

/**
 * A notification or reconfiguration script that waits or runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface PendingScript {
  readonly argv: ReadonlyArray<string>
  readonly isRunning: boolean
  /** Of a running script: for how long, in milliseconds. */
  readonly runTime: number | undefined
  /** Of a waiting script: in how long it is tried, in milliseconds. */
  readonly runDelay: number | undefined
  readonly pid: number
  readonly retries: number
}

const PENDING_SCRIPTS = define({
  words: ["SENTINEL", "PENDING-SCRIPTS"],
  mode: "read",
  decode: many<PendingScript>((v) => {
    const flat = Command.list(v)
    const at = (name: string): Resp.Value | undefined => {
      for (let i = 0; i + 1 < flat.length; i += 2) if (flat[i] === name) return flat[i + 1]!
      return undefined
    }
    const num = (v: Resp.Value | undefined): number | undefined => v === undefined ? undefined : Number(v)
    return {
      argv: Command.list(at("argv") ?? []).map(Command.text),
      isRunning: at("flags") === "running",
      runTime: num(at("run-time")),
      runDelay: num(at("run-delay")),
      pid: num(at("pid")) ?? 0,
      retries: num(at("retry-num")) ?? 0
    }
  })
})
/** The scripts that the sentinel runs or is about to run. */
export const pendingScripts = () => make(PENDING_SCRIPTS, argv())

const REMOVE = define({ words: ["SENTINEL", "REMOVE"], mode: "write", decode: Command.ok })
/** Makes the sentinel forget a group. */
export const remove = (group: string) => make(REMOVE, argv(group))

const RESET = define({ words: ["SENTINEL", "RESET"], mode: "write", decode: Command.int })
/** Makes the sentinel start over with the groups that match a glob pattern. How many. */
export const reset = (pattern: string) => make(RESET, argv(pattern))

const SET = define({ words: ["SENTINEL", "SET"], mode: "write", decode: Command.ok })
/** Changes parameters of a group, such as `quorum` or `down-after-milliseconds`. */
export const set = (group: string, parameters: Readonly<Record<string, Arg>>) =>
  make(SET, around(argv(group), Object.entries(parameters).flat()))

const SIMULATE_FAILURE = define({ words: ["SENTINEL", "SIMULATE-FAILURE"], mode: "write", decode: Command.ok })
/** Makes the sentinel crash at that point of its next failover. */
export const simulateFailure = (
  ...when: Array<"crash-after-election" | "crash-after-promotion">
) => make(SIMULATE_FAILURE, when)
