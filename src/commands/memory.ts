/**
 * The MEMORY commands: what a server's memory is used for.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { argv, optionsOf } from "../internal/commands/args.ts"
import { integerProblem } from "../internal/common/values.ts"
import type * as Resp from "../Resp.ts"

const MEMORY_DOCTOR = define({ words: ["MEMORY", "DOCTOR"], mode: "read", decode: Command.word })
/**
 * MEMORY DOCTOR returns a report for people on problems of the server's memory.
 *
 * @see https://redis.io/docs/latest/commands/memory-doctor/
 * @since 0.1.0
 * @category observation
 */
export const memoryDoctor = () => make(MEMORY_DOCTOR, argv())

const MEMORY_MALLOC_STATS = define({ words: ["MEMORY", "MALLOC-STATS"], mode: "read", decode: Command.word })
/**
 * MEMORY MALLOC-STATS returns the statistics of the server's memory allocator as it prints them.
 *
 * @see https://redis.io/docs/latest/commands/memory-malloc-stats/
 * @since 0.1.0
 * @category observation
 */
export const memoryMallocStats = () => make(MEMORY_MALLOC_STATS, argv())

const MEMORY_PURGE = define({ words: ["MEMORY", "PURGE"], mode: "read", decode: Command.ok })
/**
 * MEMORY PURGE asks the allocator to return memory that it does not use to the operating system, and returns `"OK"`.
 *
 * @see https://redis.io/docs/latest/commands/memory-purge/
 * @since 0.1.0
 * @category observation
 */
export const memoryPurge = () => make(MEMORY_PURGE, argv())

/**
 * The memory of a database, beside its keys and values. In bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface DatabaseMemory {
  /** Of the table of its keys. */
  readonly overheadHashtableMain: number
  /** Of the table of the expiries of its keys. */
  readonly overheadHashtableExpires: number
}

/**
 * The result of MEMORY STATS. Sizes are in bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface MemoryStats {
  /** The most that was ever allocated. */
  readonly peakAllocated: number
  /** What is allocated. */
  readonly totalAllocated: number
  /** What was allocated when the server had started. */
  readonly startupAllocated: number
  /** Of the replication backlog. */
  readonly replicationBacklog: number
  /** Of the connections of replicas (`clients.slaves`). */
  readonly clientsReplicas: number
  /** Of the other connections. */
  readonly clientsNormal: number
  /** Of the links of a cluster. */
  readonly clusterLinks: number
  /** Of the buffer of the append-only file. */
  readonly aofBuffer: number
  /** Of the scripts that the server keeps. */
  readonly luaCaches: number
  /** Of the functions that the server keeps. */
  readonly functionsCaches: number
  /** By the number of the database; not those that never had a key. */
  readonly databases: ReadonlyMap<number, DatabaseMemory>
  /** Of all that is not data: the sum of the fields before. */
  readonly overheadTotal: number
  /** How many keys all databases have. */
  readonly keysCount: number
  /** `datasetBytes` and the overhead of the databases, by key. */
  readonly keysBytesPerKey: number
  /** Of the data. */
  readonly datasetBytes: number
  /** Which part of `totalAllocated` without `startupAllocated` is data, in percent. */
  readonly datasetPercentage: number
  /** Which part of `peakAllocated` is allocated, in percent. */
  readonly peakPercentage: number
  /** What the allocator has given. */
  readonly allocatorAllocated: number
  /** The pages that the allocator has in use. */
  readonly allocatorActive: number
  /** The pages that the allocator has in physical memory. */
  readonly allocatorResident: number
  /** `allocatorActive` divided by `allocatorAllocated`. */
  readonly allocatorFragmentationRatio: number
  /** `allocatorActive` without `allocatorAllocated`. */
  readonly allocatorFragmentationBytes: number
  /** `allocatorResident` divided by `allocatorActive`. */
  readonly allocatorRssRatio: number
  /** `allocatorResident` without `allocatorActive`. */
  readonly allocatorRssBytes: number
  /** The physical memory of the process divided by `allocatorResident`. */
  readonly rssOverheadRatio: number
  /** The physical memory of the process without `allocatorResident`. */
  readonly rssOverheadBytes: number
  /** The physical memory of the process divided by what is allocated. */
  readonly fragmentation: number
  /** The physical memory of the process without what is allocated. */
  readonly fragmentationBytes: number
  /** Every number as the server names it, such as `allocator.muzzy`, which not all servers have. */
  readonly fields: Readonly<Record<string, number>>
}

/** By the server's name: the fields of the result. */
const statNames: ReadonlyMap<string, Exclude<keyof MemoryStats, "databases" | "fields">> = new Map([
  ["peak.allocated", "peakAllocated"],
  ["total.allocated", "totalAllocated"],
  ["startup.allocated", "startupAllocated"],
  ["replication.backlog", "replicationBacklog"],
  ["clients.slaves", "clientsReplicas"],
  ["clients.normal", "clientsNormal"],
  ["cluster.links", "clusterLinks"],
  ["aof.buffer", "aofBuffer"],
  ["lua.caches", "luaCaches"],
  ["functions.caches", "functionsCaches"],
  ["overhead.total", "overheadTotal"],
  ["keys.count", "keysCount"],
  ["keys.bytes-per-key", "keysBytesPerKey"],
  ["dataset.bytes", "datasetBytes"],
  ["dataset.percentage", "datasetPercentage"],
  ["peak.percentage", "peakPercentage"],
  ["allocator.allocated", "allocatorAllocated"],
  ["allocator.active", "allocatorActive"],
  ["allocator.resident", "allocatorResident"],
  ["allocator-fragmentation.ratio", "allocatorFragmentationRatio"],
  ["allocator-fragmentation.bytes", "allocatorFragmentationBytes"],
  ["allocator-rss.ratio", "allocatorRssRatio"],
  ["allocator-rss.bytes", "allocatorRssBytes"],
  ["rss-overhead.ratio", "rssOverheadRatio"],
  ["rss-overhead.bytes", "rssOverheadBytes"],
  ["fragmentation", "fragmentation"],
  ["fragmentation.bytes", "fragmentationBytes"]
])

const entries = Command.mapOf(Command.word, Command.value)

/** A number, where the reply has one. */
const numberOf = (value: Resp.Value | undefined): number | undefined =>
  typeof value === "number" || typeof value === "string" || value instanceof Uint8Array
    ? Command.double(value)
    : undefined

const stats = Command.custom<MemoryStats>((value) => {
  const found = entries(value, false)
  const out: Record<string, number> = {}
  for (const [from, to] of statNames) {
    const n = numberOf(found.get(from))
    if (n === undefined) throw new Command.Mismatch(`a number ${from}`, value)
    out[to] = n
  }
  const databases = new Map<number, DatabaseMemory>()
  const fields = new Map<string, number>()
  for (const [name, item] of found) {
    const database = /^db\.(\d+)$/.exec(name)
    const n = database === null ? numberOf(item) : undefined
    if (n !== undefined) fields.set(name, n)
    if (database === null) continue
    const sizes = entries(item, false)
    databases.set(Number(database[1]), {
      overheadHashtableMain: numberOf(sizes.get("overhead.hashtable.main")) ?? 0,
      overheadHashtableExpires: numberOf(sizes.get("overhead.hashtable.expires")) ?? 0
    })
  }
  return { ...out, databases, fields: Object.fromEntries(fields) } as unknown as MemoryStats
})

const MEMORY_STATS = define({ words: ["MEMORY", "STATS"], mode: "read", decode: stats })
/**
 * MEMORY STATS returns what the server's memory is used for.
 *
 * @see https://redis.io/docs/latest/commands/memory-stats/
 * @since 0.1.0
 * @category observation
 */
export const memoryStats = () => make(MEMORY_STATS, argv())

const MEMORY_USAGE = define({ words: ["MEMORY", "USAGE"], mode: "read", keys: 1, decode: Command.intOrNull })
const memoryUsageFields = { samples: "value" } as const

/**
 * MEMORY USAGE returns how many bytes a key and its value take, or `null` if the key does not exist. Of a collection
 * the server looks at `samples` elements and estimates the rest; 0 is all of them. Default 5.
 *
 * @see https://redis.io/docs/latest/commands/memory-usage/
 * @since 0.1.0
 * @category keys
 */
export const memoryUsage = (
  key: Key,
  options?: {
    /** How many elements of a collection the server looks at; 0: all. Default 5. */
    readonly samples?: number | undefined
  } | undefined
) => {
  const samples = optionsOf(MEMORY_USAGE.name, options, memoryUsageFields)?.samples
  if (samples === undefined) return make(MEMORY_USAGE, argv(key))
  const problem = integerProblem(samples, 0, Number.MAX_SAFE_INTEGER)
  if (problem !== undefined) throw new InvalidCommand({ command: MEMORY_USAGE.name, detail: `samples: ${problem}` })
  return make(MEMORY_USAGE, argv(key, "SAMPLES", samples))
}
