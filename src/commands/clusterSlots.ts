/**
 * The questions about the slots of Redis Cluster: their keys, what a node counts of them, and their migrations. The
 * other questions are in cluster.ts.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import {
  argv,
  exclusive,
  type FieldsOf,
  keyword,
  optionsOf,
  scanArgs,
  type ScanOptions
} from "../internal/commands/args.ts"
import { emptyAsNull, parseRanges, type SlotRange } from "../internal/commands/clusterNodes.ts"
import { fieldsOrNull } from "../internal/commands/combinators.ts"
import { epochMillisOrNull, epochSecondsOrNull, millis } from "../internal/commands/timeDecoders.ts"
import type { NotWith } from "./options.ts"

const CLUSTER_KEYSLOT = define({ words: ["CLUSTER", "KEYSLOT"], mode: "read", decode: Command.int })
/**
 * CLUSTER KEYSLOT returns the slot of a key, from 0 to 16,383.
 *
 * @see https://redis.io/docs/latest/commands/cluster-keyslot/
 * @since 0.1.0
 * @category cluster
 */
export const clusterKeyslot = (key: Key) => make(CLUSTER_KEYSLOT, argv(key))

const CLUSTER_COUNTKEYSINSLOT = define({ words: ["CLUSTER", "COUNTKEYSINSLOT"], mode: "read", decode: Command.int })
/**
 * CLUSTER COUNTKEYSINSLOT returns how many keys of a slot the node has.
 *
 * @see https://redis.io/docs/latest/commands/cluster-countkeysinslot/
 * @since 0.1.0
 * @category cluster
 */
export const clusterCountkeysinslot = (slot: number) => make(CLUSTER_COUNTKEYSINSLOT, argv(slot))

const CLUSTER_GETKEYSINSLOT = define({ words: ["CLUSTER", "GETKEYSINSLOT"], mode: "read", decode: Command.strings })
/**
 * CLUSTER GETKEYSINSLOT returns up to `count` keys of a slot that the node has.
 *
 * @see https://redis.io/docs/latest/commands/cluster-getkeysinslot/
 * @since 0.1.0
 * @category cluster
 */
export const clusterGetkeysinslot = (slot: number, count: number) => make(CLUSTER_GETKEYSINSLOT, argv(slot, count))

/**
 * Selects slots for CLUSTER SLOT-STATS by a range.
 *
 * @since 0.1.0
 * @category models
 */
export interface SlotStatsOfRange {
  /** The first and the last of the range (SLOTSRANGE). */
  readonly slots: SlotRange
  /** Not with `slots`. */
  readonly orderBy?: NotWith<"slots"> | undefined
  /** Not with `slots`. */
  readonly limit?: NotWith<"slots"> | undefined
  /** Not with `slots`. */
  readonly order?: NotWith<"slots"> | undefined
}

/**
 * What CLUSTER SLOT-STATS can order slots by.
 *
 * @since 0.1.0
 * @category models
 */
export type SlotMetric = "key-count" | "cpu-usec" | "network-bytes-in" | "network-bytes-out" | "memory-bytes"

/**
 * Selects slots for CLUSTER SLOT-STATS by a number of theirs.
 *
 * @since 0.1.0
 * @category models
 */
export interface SlotStatsByMetric {
  /** The number that orders the slots (ORDERBY). The server must count it. */
  readonly orderBy: SlotMetric
  /** How many slots there are at most. Default: all of the node. */
  readonly limit?: number | undefined
  /** From the smallest, or from the greatest. Default `"desc"`. */
  readonly order?: "asc" | "desc" | undefined
  /** Not with `orderBy`. */
  readonly slots?: NotWith<"orderBy"> | undefined
}

/**
 * Which slots CLUSTER SLOT-STATS tells of: exactly one of `slots` and `orderBy`.
 *
 * @since 0.1.0
 * @category models
 */
export type SlotStatsSelection = SlotStatsOfRange | SlotStatsByMetric

/**
 * What a node counts of a slot. `null` stands for what it does not count: the configuration
 * `cluster-slot-stats-enabled` decides.
 *
 * @since 0.1.0
 * @category models
 */
export interface SlotStats {
  /** The slot. */
  readonly slot: number
  /** How many keys it has. */
  readonly keyCount: number
  /** The time that its commands took, to the microsecond. */
  readonly cpuTime: Duration.Duration | null
  /** What its commands read from clients, in bytes. */
  readonly networkBytesIn: number | null
  /** What its commands sent to clients, in bytes. */
  readonly networkBytesOut: number | null
  /** The memory of its keys, in bytes. */
  readonly memoryBytes: number | null
}

const slotStats: Command.Decode<SlotStats> = Command.map(
  Command.tuple(
    Command.int,
    fieldsOrNull({ keyCount: Command.int }, {
      cpuUsec: Command.int,
      networkBytesIn: Command.int,
      networkBytesOut: Command.int,
      memoryBytes: Command.int
    })
  ),
  ([slot, { cpuUsec, ...counts }]) => ({
    slot,
    ...counts,
    cpuTime: cpuUsec === null ? null : Duration.micros(BigInt(cpuUsec))
  })
)

const metrics: ReadonlyArray<SlotMetric> = [
  "key-count",
  "cpu-usec",
  "network-bytes-in",
  "network-bytes-out",
  "memory-bytes"
]

const CLUSTER_SLOT_STATS = define({
  words: ["CLUSTER", "SLOT-STATS"],
  mode: "read",
  decode: Command.array(slotStats)
})
const slotsFields = { start: "value", end: "value" } as const

const slotStatsSelectionFields: FieldsOf<SlotStatsSelection> = {
  slots: "value",
  orderBy: "value",
  limit: "value",
  order: "value"
}

/**
 * CLUSTER SLOT-STATS returns what the node counts of its slots: of those in a range, or in the order of a number.
 * Needs Redis 8.2 or Valkey 8.0.
 *
 * **Example** (The ten slots with the most keys)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const largest = commands.clusterSlotStats({ orderBy: "key-count", limit: 10 })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/cluster-slot-stats/
 * @since 0.1.0
 * @category cluster
 */
export const clusterSlotStats = (selection: SlotStatsSelection) => {
  const command = CLUSTER_SLOT_STATS.name
  const given = optionsOf<SlotStatsSelection>(command, selection, slotStatsSelectionFields)
  if (given !== undefined) exclusive(command, given, ["slots", "orderBy"])
  if (given?.orderBy !== undefined) {
    const { limit, order, orderBy } = given as SlotStatsByMetric
    const args = argv("ORDERBY", keyword(command, "orderBy", orderBy, metrics))
    if (limit !== undefined) args.push("LIMIT", limit)
    if (order !== undefined) args.push(keyword(command, "order", order, ["asc", "desc"]))
    return make(CLUSTER_SLOT_STATS, args)
  }
  const slots = optionsOf(command, given?.slots as SlotRange | undefined, slotsFields)
  if (slots === undefined) {
    throw new InvalidCommand({ command, detail: "selection: slots or orderBy is needed" })
  }
  for (const field of ["limit", "order"] as const) {
    if (given?.[field] !== undefined) throw new InvalidCommand({ command, detail: `${field}: not with slots` })
  }
  return make(CLUSTER_SLOT_STATS, argv("SLOTSRANGE", slots.start, slots.end))
}

/**
 * A migration of slots between two nodes of a Valkey cluster.
 *
 * @since 0.1.0
 * @category models
 */
export interface SlotMigration {
  /** Its name, for CLUSTER CANCELSLOTMIGRATIONS; `null` if the server does not say. */
  readonly name: string | null
  /** `IMPORT` on the node that gets the slots, `EXPORT` on the other one. */
  readonly operation: string
  /** The slots. */
  readonly slots: ReadonlyArray<SlotRange>
  /** The id of the node that has the slots; `null` if it is not known. */
  readonly source: string | null
  /** The id of the node that gets the slots; `null` if it is not known. */
  readonly target: string | null
  /** When it was begun, to the second. */
  readonly createdAt: DateTime.Utc | null
  /** When its state changed last, to the second. */
  readonly updatedAt: DateTime.Utc | null
  /** When the other node told of its progress last, to the second; `null` if it has not yet. */
  readonly acknowledgedAt: DateTime.Utc | null
  /** How far it is: `success`, `failed` and `cancelled` are its ends. */
  readonly state: string
  /** What happened, in words; `null` if there is nothing to say. */
  readonly message: string | null
  /** How many bytes its process copied because of writes; `null` if the server does not say. */
  readonly copyOnWriteBytes: number | null
  /** How many bytes are still to be sent; `null` if the server does not say. Needs Valkey 9.1. */
  readonly remainingBytes: number | null
}

const slotMigration: Command.Decode<SlotMigration> = Command.map(
  fieldsOrNull({ operation: Command.word, slotRanges: Command.word, state: Command.word }, {
    name: Command.word,
    sourceNode: Command.word,
    targetNode: Command.word,
    createTime: epochSecondsOrNull,
    lastUpdateTime: epochSecondsOrNull,
    lastAckTime: epochSecondsOrNull,
    message: Command.word,
    cowSize: Command.int,
    remainingReplSize: Command.int
  }),
  (found) => ({
    name: found.name,
    operation: found.operation,
    slots: parseRanges(found.slotRanges),
    source: emptyAsNull(found.sourceNode),
    target: emptyAsNull(found.targetNode),
    createdAt: found.createTime,
    updatedAt: found.lastUpdateTime,
    acknowledgedAt: found.lastAckTime,
    state: found.state,
    message: emptyAsNull(found.message),
    copyOnWriteBytes: found.cowSize,
    remainingBytes: found.remainingReplSize
  })
)

const CLUSTER_GETSLOTMIGRATIONS = define({
  words: ["CLUSTER", "GETSLOTMIGRATIONS"],
  mode: "read",
  decode: Command.array(slotMigration)
})
/**
 * CLUSTER GETSLOTMIGRATIONS returns the migrations of slots that the node takes part in, or took part in last. Needs
 * Valkey 9.0.
 *
 * @see https://valkey.io/commands/cluster-getslotmigrations/
 * @since 0.1.0
 * @category cluster
 */
export const clusterGetslotmigrations = () => make(CLUSTER_GETSLOTMIGRATIONS, argv())

/**
 * A migration of slots between two nodes of a Redis cluster.
 *
 * @since 0.1.0
 * @category models
 */
export interface MigrationTask {
  /** Its id. */
  readonly id: string
  /** `import` on the node that gets the slots, `migrate` on the other one. */
  readonly operation: string
  /** The slots. */
  readonly slots: ReadonlyArray<SlotRange>
  /** The id of the node that has the slots; `null` if it is not known. */
  readonly source: string | null
  /** The id of the node that gets the slots; `null` if it is not known. */
  readonly target: string | null
  /** How far it is, such as `completed`. */
  readonly state: string
  /** The last error; `null` if there was none. */
  readonly lastError: string | null
  /** How often it was tried again. */
  readonly retries: number
  /** When it was asked for. */
  readonly createdAt: DateTime.Utc | null
  /** When it began; `null` if it has not. */
  readonly startedAt: DateTime.Utc | null
  /** When it ended; `null` if it has not. */
  readonly endedAt: DateTime.Utc | null
  /** For how long writes were stopped. */
  readonly writePause: Duration.Duration | null
}

const migrationTask: Command.Decode<MigrationTask> = Command.map(
  fieldsOrNull({ id: Command.word, slots: Command.word, operation: Command.word, state: Command.word }, {
    source: Command.word,
    dest: Command.word,
    lastError: Command.word,
    retries: Command.int,
    createTime: epochMillisOrNull,
    startTime: epochMillisOrNull,
    endTime: epochMillisOrNull,
    writePauseMs: millis
  }),
  (found) => ({
    id: found.id,
    operation: found.operation,
    slots: parseRanges(found.slots),
    source: emptyAsNull(found.source),
    target: emptyAsNull(found.dest),
    state: found.state,
    lastError: emptyAsNull(found.lastError),
    retries: found.retries ?? 0,
    createdAt: found.createTime,
    startedAt: found.startTime,
    endedAt: found.endTime,
    writePause: found.writePauseMs
  })
)

const CLUSTER_MIGRATION_STATUS = define({
  words: ["CLUSTER", "MIGRATION", "STATUS"],
  mode: "read",
  decode: Command.array(migrationTask)
})
/**
 * CLUSTER MIGRATION STATUS returns the migrations of slots that the node takes part in, or took part in: all of them,
 * or the one of an id. Needs Redis 8.4. Written from the public documentation, which does not name the unit of the
 * moments: they are read as milliseconds. No test runs it on a server.
 *
 * @see https://redis.io/docs/latest/commands/cluster-migration/
 * @since 0.1.0
 * @category cluster
 */
export const clusterMigrationStatus = (id?: string | undefined) =>
  make(CLUSTER_MIGRATION_STATUS, id === undefined ? argv("ALL") : argv("ID", id))

const clusterscanFields = { match: "value", count: "value", type: "value", slot: "value" } as const

const CLUSTERSCAN = define({ words: ["CLUSTERSCAN"], mode: "read", decode: Command.page(Command.strings) })
/**
 * CLUSTERSCAN returns a page of the keys of the cluster, slot by slot, and the cursor of the next page. The cursor
 * `"0"` begins, and is returned with the last page. Fails with MOVED if another node has the slot of the cursor.
 * Needs Valkey 9.1.
 *
 * @see https://valkey.io/commands/clusterscan/
 * @since 0.1.0
 * @category cluster
 */
export const clusterscan = (
  cursor: string,
  options?:
    | (ScanOptions & {
      /** Only keys of this type, such as `"hash"`. Default: of any type. */
      readonly type?: string | undefined
      /** Only keys of this slot. Default: of all slots. */
      readonly slot?: number | undefined
    })
    | undefined
) => {
  const args = scanArgs(CLUSTERSCAN.name, [cursor], options, clusterscanFields)
  if (options?.type !== undefined) args.push("TYPE", options.type)
  if (options?.slot !== undefined) args.push("SLOT", options.slot)
  return make(CLUSTERSCAN, args)
}
