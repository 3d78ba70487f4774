/**
 * The SENTINEL commands, with parsed replies. Sentinels answer them, not data nodes: run them with `ask` of the
 * Sentinel service.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg } from "../Command.ts"
import { appendAll, argv, optionsOf } from "../internal/commands/args.ts"
import { fieldsOf, primaryOf, replicaOf, sentinelOf } from "../internal/commands/sentinelInstances.ts"
import type { PrimaryInstance } from "../internal/commands/sentinelInstances.ts"
import type * as Resp from "../Resp.ts"

export type {
  Instance,
  PrimaryInstance,
  ReplicaInstance,
  SentinelInstance
} from "../internal/commands/sentinelInstances.ts"

const arrayWith = <A>(f: (value: Resp.Value) => A) => Command.custom<Array<A>>((v) => Command.list(v).map(f))

/**
 * The result of SENTINEL GET-MASTER-ADDR-BY-NAME.
 *
 * @since 0.1.0
 * @category models
 */
export interface PrimaryAddress {
  /** The primary's host: an IP address, or a name if sentinels announce names. */
  readonly host: string
  /** The primary's port. */
  readonly port: number
}

const primaryAddress: Command.Decode<PrimaryAddress | null> = Command.nullable(
  Command.struct({ host: Command.word, port: Command.float })
)

const GET_MASTER_ADDR_BY_NAME = define({
  words: ["SENTINEL", "GET-MASTER-ADDR-BY-NAME"],
  mode: "read",
  decode: primaryAddress
})
/**
 * SENTINEL GET-MASTER-ADDR-BY-NAME returns the address of a group's primary, or `null` if the sentinel does not
 * monitor the group. The sentinel that leads a failover returns the new primary's address as soon as that is
 * promoted.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const getPrimaryAddrByName = (group: string) => make(GET_MASTER_ADDR_BY_NAME, argv(group))

const MASTER = define({
  words: ["SENTINEL", "MASTER"],
  mode: "read",
  decode: Command.custom<PrimaryInstance>(primaryOf)
})
/**
 * SENTINEL MASTER returns what the sentinel knows of a group's primary. Fails with ERR if the sentinel does not
 * monitor the group.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const primary = (group: string) => make(MASTER, argv(group))

const MASTERS = define({ words: ["SENTINEL", "MASTERS"], mode: "read", decode: arrayWith(primaryOf) })
/**
 * SENTINEL MASTERS returns what the sentinel knows of the primaries of all groups that it monitors, in no order.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const primaries = () => make(MASTERS, argv())

const REPLICAS = define({ words: ["SENTINEL", "REPLICAS"], mode: "read", decode: arrayWith(replicaOf) })
/**
 * SENTINEL REPLICAS returns what the sentinel knows of a group's replicas, those that are down included, in no
 * order. Fails with ERR if the sentinel does not monitor the group.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const replicas = (group: string) => make(REPLICAS, argv(group))

const SENTINELS = define({ words: ["SENTINEL", "SENTINELS"], mode: "read", decode: arrayWith(sentinelOf) })
/**
 * SENTINEL SENTINELS returns what the sentinel knows of the other sentinels of a group, in no order; itself is not
 * among them. Fails with ERR if the sentinel does not monitor the group.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const sentinels = (group: string) => make(SENTINELS, argv(group))

const CKQUORUM = define({ words: ["SENTINEL", "CKQUORUM"], mode: "read", decode: Command.word })
/**
 * SENTINEL CKQUORUM checks whether enough sentinels can be reached to agree that the primary is down and to
 * authorise a failover. The result is the sentinel's sentence if they can. Fails with NOQUORUM if they cannot, and
 * with ERR if the sentinel does not monitor the group.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const ckquorum = (group: string) => make(CKQUORUM, argv(group))

const CONFIG_GET = define({
  words: ["SENTINEL", "CONFIG", "GET"],
  mode: "read",
  decode: Command.custom<Record<string, string>>((v) => ({ ...fieldsOf(v) }))
})
/**
 * SENTINEL CONFIG GET returns the global parameters of the sentinel whose names match a glob pattern, as a record
 * of strings; `{}` if none does. Needs Redis 6.2.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const configGet = (pattern: string) => make(CONFIG_GET, argv(pattern))

const CONFIG_SET = define({ words: ["SENTINEL", "CONFIG", "SET"], mode: "write", decode: Command.ok })
/**
 * SENTINEL CONFIG SET changes a global parameter of the sentinel, such as `resolve-hostnames`, and returns `"OK"`.
 * Fails with ERR if there is no such parameter or the value is not one of its own. Needs Redis 6.2.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const configSet = (parameter: string, value: Arg) => make(CONFIG_SET, argv(parameter, value))

const FAILOVER = define({ words: ["SENTINEL", "FAILOVER"], mode: "write", decode: Command.ok })
const failoverFields = { coordinated: "flag" } as const

/**
 * SENTINEL FAILOVER starts a failover of a group without asking the other sentinels, and returns `"OK"` before it
 * is done. Fails with NOGOODSLAVE if no replica can be promoted, with INPROG if a failover is running, and with
 * ERR if the sentinel does not monitor the group.
 *
 * With `coordinated`, the primary itself hands over to a replica that has all of its writes, and no write is lost. Fails
 * with NOGOODPRIMARY if the primary cannot. Needs Valkey 9.0.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const failover = (
  group: string,
  options?: {
    /** Whether the primary hands over by itself (COORDINATED). Default false: as after its death. */
    readonly coordinated?: boolean | undefined
  } | undefined
) => {
  const isCoordinated = optionsOf(FAILOVER.name, options, failoverFields)?.coordinated === true
  return make(FAILOVER, isCoordinated ? argv(group, "COORDINATED") : argv(group))
}

const FLUSHCONFIG = define({ words: ["SENTINEL", "FLUSHCONFIG"], mode: "write", decode: Command.ok })
/**
 * SENTINEL FLUSHCONFIG makes the sentinel write its configuration file anew, with its state, and returns `"OK"`.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const flushconfig = () => make(FLUSHCONFIG, argv())

/**
 * The reply to INFO that a sentinel last got from a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface CachedInfo {
  /** Milliseconds since the reply. */
  readonly ageMillis: number
  /** The reply as the server wrote it, or `null` if there was none yet. */
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
        return { ageMillis: Number(age), info: info === null || info === undefined ? null : Command.text(info) }
      })
    }
    return out
  })
})
/**
 * SENTINEL INFO-CACHE returns the replies to INFO that the sentinel has, by the name of the group: its primary
 * first, then its replicas. A group that the sentinel does not monitor is left out.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const infoCache = (group: string, ...groups: Array<string>) => make(INFO_CACHE, appendAll(argv(group), groups))

/**
 * The result of SENTINEL IS-MASTER-DOWN-BY-ADDR.
 *
 * @since 0.1.0
 * @category models
 */
export interface PrimaryDownVote {
  /** Whether the sentinel considers the primary down. */
  readonly isDown: boolean
  /** The id of the sentinel that it votes for, or `null` if it was not asked for its vote. */
  readonly leader: string | null
  /** The epoch of that vote; 0 if it was not asked for its vote. */
  readonly leaderEpoch: number
}

const IS_DOWN = define({
  words: ["SENTINEL", "IS-MASTER-DOWN-BY-ADDR"],
  mode: "read",
  decode: Command.custom<PrimaryDownVote>((v) => {
    const [down, leader, epoch] = Command.list(v)
    const name = Command.text(leader ?? null)
    return { isDown: down === 1, leader: name === "*" ? null : name, leaderEpoch: Command.integer(epoch ?? null) }
  })
})
/**
 * SENTINEL IS-MASTER-DOWN-BY-ADDR returns whether the sentinel considers the primary at an address down. With a
 * `runId` it also asks for the sentinel's vote in a failover of the configuration epoch `epoch`: sentinels send
 * this to each other, so a client leaves `runId` out.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const isPrimaryDownByAddr = (
  host: string,
  port: number,
  epoch: number,
  runId?: string | undefined
) => make(IS_DOWN, argv(host, port, epoch, runId ?? "*"))

const MONITOR = define({ words: ["SENTINEL", "MONITOR"], mode: "write", decode: Command.ok })
/**
 * SENTINEL MONITOR makes the sentinel monitor a new group, and returns `"OK"`. `host` is an IP address, unless the
 * sentinel resolves host names; `quorum` is how many sentinels must agree that the primary is down. Fails with ERR
 * if the group exists, the address is not one, or the quorum is not above 0.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const monitor = (group: string, host: string, port: number, quorum: number) =>
  make(MONITOR, argv(group, host, port, quorum))

const MYID = define({ words: ["SENTINEL", "MYID"], mode: "read", decode: Command.word })
/**
 * SENTINEL MYID returns the id of the sentinel, 40 hexadecimal digits. Needs Redis 6.2.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const myid = () => make(MYID, argv())

/**
 * A notification or reconfiguration script that waits or runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface PendingScript {
  /** The path of the script and its arguments. */
  readonly argv: ReadonlyArray<string>
  /** Whether it runs; false while it waits. */
  readonly isRunning: boolean
  /** Milliseconds since a running script started; undefined while it waits. */
  readonly runTimeMillis: number | undefined
  /** Milliseconds until a waiting script is started; undefined while it runs. */
  readonly runDelayMillis: number | undefined
  /** The process id of a running script; 0 while it waits. */
  readonly pid: number
  /** How many times it was started so far. */
  readonly attempts: number
}

const PENDING_SCRIPTS = define({
  words: ["SENTINEL", "PENDING-SCRIPTS"],
  mode: "read",
  decode: Command.array(
    Command.map(
      Command.fields(
        { argv: Command.words, flags: Command.word },
        { pid: Command.float, runTime: Command.float, runDelay: Command.float, retryNum: Command.float }
      ),
      ({ argv, flags, pid, retryNum, runDelay, runTime }): PendingScript => ({
        argv,
        isRunning: flags === "running",
        runTimeMillis: runTime,
        runDelayMillis: runDelay,
        pid: pid ?? 0,
        attempts: retryNum ?? 0
      })
    )
  )
})
/**
 * SENTINEL PENDING-SCRIPTS returns the notification and reconfiguration scripts that the sentinel runs or is about
 * to run; `[]` if there are none.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const pendingScripts = () => make(PENDING_SCRIPTS, argv())

const REMOVE = define({ words: ["SENTINEL", "REMOVE"], mode: "write", decode: Command.ok })
/**
 * SENTINEL REMOVE makes the sentinel forget a group, and returns `"OK"`. Fails with ERR if the sentinel does not
 * monitor the group.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const remove = (group: string) => make(REMOVE, argv(group))

const RESET = define({ words: ["SENTINEL", "RESET"], mode: "write", decode: Command.int })
/**
 * SENTINEL RESET makes the sentinel forget the state, the replicas and the other sentinels of the groups whose
 * names match a glob pattern, and find them anew; a failover in progress is given up. The result is how many
 * groups matched.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const reset = (pattern: string) => make(RESET, argv(pattern))

const SET = define({ words: ["SENTINEL", "SET"], mode: "write", decode: Command.ok })
/**
 * SENTINEL SET changes parameters of a group, such as `quorum` or `down-after-milliseconds`, at this sentinel
 * only, and returns `"OK"`. Fails with ERR if a parameter does not exist or a value is not one of its own, or if
 * the sentinel does not monitor the group.
 *
 * **Example** (Detecting a dead primary after 5 seconds)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const faster = commands.sentinel.set("mymaster", { "down-after-milliseconds": 5000 })
 * ```
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const set = (group: string, parameters: Readonly<Record<string, Arg>>) =>
  make(SET, appendAll(argv(group), Object.entries(parameters).flat()))

const SIMULATE_FAILURE = define({ words: ["SENTINEL", "SIMULATE-FAILURE"], mode: "write", decode: Command.ok })
/**
 * SENTINEL SIMULATE-FAILURE makes the sentinel crash at the named point of the next failover that it leads, and
 * returns `"OK"`: after it was elected, or after it promoted a replica. For tests only. Fails with ERR if no point
 * is named.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 * @since 0.1.0
 * @category sentinel
 */
export const simulateFailure = (
  ...when: Array<"crash-after-election" | "crash-after-promotion">
) => make(SIMULATE_FAILURE, when)
