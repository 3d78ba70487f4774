/**
 * INFO: what a server says of itself, by section. How its text is read is in
 * internal/commands/info.ts.
 *
 * The fields have the names that servers give them and that Redis documents, not
 * camelCase: there are hundreds, new ones come with each version, and dashboards and
 * manuals know them by these names.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import { appendAny, argv, type Variadic } from "../internal/commands/args.ts"
import { type InfoLine, type InfoModule, type InfoValue, sectionsOf } from "../internal/commands/info.ts"

export type { InfoLine, InfoModule, InfoValue } from "../internal/commands/info.ts"

/**
 * The fields of a section of INFO: those that all supported servers have, as numbers and
 * as text, and any others.
 *
 * @since 0.1.0
 * @category models
 */
export type InfoFields<Numbers extends string, Texts extends string> =
  & Readonly<Record<Numbers, number>>
  & Readonly<Record<Texts, string>>
  & Readonly<Record<string, InfoValue>>

/**
 * The section `server` of INFO.
 *
 * @since 0.1.0
 * @category models
 */
export type InfoServer = InfoFields<
  | "arch_bits"
  | "configured_hz"
  | "hz"
  | "io_threads_active"
  | "lru_clock"
  | "process_id"
  | "redis_git_dirty"
  | "server_time_usec"
  | "tcp_port"
  | "uptime_in_days"
  | "uptime_in_seconds",
  | "config_file"
  | "executable"
  | "gcc_version"
  | "monotonic_clock"
  | "multiplexing_api"
  | "os"
  | "process_supervised"
  | "redis_build_id"
  | "redis_git_sha1"
  | "redis_version"
  | "run_id"
>

/**
 * The section `clients` of INFO.
 *
 * @since 0.1.0
 * @category models
 */
export type InfoClients = InfoFields<
  | "blocked_clients"
  | "client_recent_max_input_buffer"
  | "client_recent_max_output_buffer"
  | "clients_in_timeout_table"
  | "cluster_connections"
  | "connected_clients"
  | "maxclients"
  | "tracking_clients",
  never
>

/**
 * The section `memory` of INFO. Sizes are bytes.
 *
 * @since 0.1.0
 * @category models
 */
export type InfoMemory = InfoFields<
  | "active_defrag_running"
  | "allocator_active"
  | "allocator_allocated"
  | "allocator_frag_bytes"
  | "allocator_frag_ratio"
  | "allocator_resident"
  | "allocator_rss_bytes"
  | "allocator_rss_ratio"
  | "lazyfree_pending_objects"
  | "lazyfreed_objects"
  | "maxmemory"
  | "mem_aof_buffer"
  | "mem_clients_normal"
  | "mem_clients_slaves"
  | "mem_cluster_links"
  | "mem_fragmentation_bytes"
  | "mem_fragmentation_ratio"
  | "mem_not_counted_for_evict"
  | "mem_replication_backlog"
  | "mem_total_replication_buffers"
  | "number_of_cached_scripts"
  | "number_of_functions"
  | "number_of_libraries"
  | "rss_overhead_bytes"
  | "rss_overhead_ratio"
  | "total_system_memory"
  | "used_memory"
  | "used_memory_dataset"
  | "used_memory_functions"
  | "used_memory_lua"
  | "used_memory_overhead"
  | "used_memory_peak"
  | "used_memory_rss"
  | "used_memory_scripts"
  | "used_memory_scripts_eval"
  | "used_memory_startup"
  | "used_memory_vm_eval"
  | "used_memory_vm_functions"
  | "used_memory_vm_total",
  | "maxmemory_human"
  | "maxmemory_policy"
  | "mem_allocator"
  | "total_system_memory_human"
  | "used_memory_dataset_perc"
  | "used_memory_human"
  | "used_memory_lua_human"
  | "used_memory_peak_human"
  | "used_memory_peak_perc"
  | "used_memory_rss_human"
  | "used_memory_scripts_human"
  | "used_memory_vm_total_human"
>

/**
 * The section `persistence` of INFO.
 *
 * @since 0.1.0
 * @category models
 */
export type InfoPersistence = InfoFields<
  | "aof_current_rewrite_time_sec"
  | "aof_enabled"
  | "aof_last_cow_size"
  | "aof_last_rewrite_time_sec"
  | "aof_rewrite_in_progress"
  | "aof_rewrite_scheduled"
  | "aof_rewrites"
  | "async_loading"
  | "current_cow_peak"
  | "current_cow_size"
  | "current_cow_size_age"
  | "current_fork_perc"
  | "current_save_keys_processed"
  | "current_save_keys_total"
  | "loading"
  | "module_fork_in_progress"
  | "module_fork_last_cow_size"
  | "rdb_bgsave_in_progress"
  | "rdb_changes_since_last_save"
  | "rdb_current_bgsave_time_sec"
  | "rdb_last_bgsave_time_sec"
  | "rdb_last_cow_size"
  | "rdb_last_load_keys_expired"
  | "rdb_last_load_keys_loaded"
  | "rdb_last_save_time"
  | "rdb_saves",
  | "aof_last_bgrewrite_status"
  | "aof_last_write_status"
  | "rdb_last_bgsave_status"
>

/**
 * The section `stats` of INFO.
 *
 * @since 0.1.0
 * @category models
 */
export type InfoStats = InfoFields<
  | "dump_payload_sanitizations"
  | "evicted_clients"
  | "evicted_keys"
  | "expire_cycle_cpu_milliseconds"
  | "expired_keys"
  | "expired_stale_perc"
  | "expired_time_cap_reached_count"
  | "instantaneous_input_kbps"
  | "instantaneous_input_repl_kbps"
  | "instantaneous_ops_per_sec"
  | "instantaneous_output_kbps"
  | "instantaneous_output_repl_kbps"
  | "keyspace_hits"
  | "keyspace_misses"
  | "latest_fork_usec"
  | "migrate_cached_sockets"
  | "pubsub_channels"
  | "pubsub_patterns"
  | "pubsubshard_channels"
  | "rejected_connections"
  | "reply_buffer_expands"
  | "reply_buffer_shrinks"
  | "sync_full"
  | "sync_partial_err"
  | "sync_partial_ok"
  | "total_commands_processed"
  | "total_connections_received"
  | "total_error_replies"
  | "total_forks"
  | "total_net_input_bytes"
  | "total_net_output_bytes"
  | "total_net_repl_input_bytes"
  | "total_net_repl_output_bytes"
  | "total_reads_processed"
  | "total_writes_processed"
  | "tracking_total_items"
  | "tracking_total_keys"
  | "tracking_total_prefixes"
  | "unexpected_error_replies",
  never
>

/**
 * A replica, as INFO of its primary lists it.
 *
 * @since 0.1.0
 * @category models
 */
export type InfoReplica = Readonly<Record<"lag" | "offset" | "port", number>> & Readonly<Record<"ip" | "state", string>>

/**
 * The section `replication` of INFO. Which fields there are besides depends on the role,
 * which the server calls `master` or `slave`.
 *
 * @since 0.1.0
 * @category models
 */
export type InfoReplication =
  & {
    /** The replicas of the server: its lines `slave0`, `slave1` and so on. */
    readonly replicas: ReadonlyArray<InfoReplica>
  }
  & Readonly<
    Record<
      | "connected_slaves"
      | "master_repl_offset"
      | "repl_backlog_active"
      | "repl_backlog_first_byte_offset"
      | "repl_backlog_histlen"
      | "repl_backlog_size"
      | "second_repl_offset",
      number
    >
  >
  & Readonly<Record<"master_failover_state" | "master_replid" | "master_replid2" | "role", string>>
  & Readonly<
    Partial<
      Record<
        | "master_last_io_seconds_ago"
        | "master_link_down_since_seconds"
        | "master_port"
        | "master_sync_in_progress"
        | "replica_announced"
        | "slave_priority"
        | "slave_read_only"
        | "slave_read_repl_offset"
        | "slave_repl_offset",
        number
      >
    >
  >
  & Readonly<Partial<Record<"master_host" | "master_link_status", string>>>
  & Readonly<Record<string, InfoValue | ReadonlyArray<InfoReplica> | undefined>>

/**
 * The sections of INFO, by their names in lower case.
 *
 * @since 0.1.0
 * @category models
 */
export interface InfoSections {
  /** The server: its version, its process, for how long it runs. */
  readonly server: InfoServer
  /** Its connections. */
  readonly clients: InfoClients
  /** Its memory, in bytes. */
  readonly memory: InfoMemory
  /** Its snapshots and its append-only file. */
  readonly persistence: InfoPersistence
  /** Counters since its start, or since CONFIG RESETSTAT. */
  readonly stats: InfoStats
  /** Its role and its replicas. */
  readonly replication: InfoReplication
  /** The seconds of CPU time that it has used. */
  readonly cpu: InfoFields<
    | "used_cpu_sys"
    | "used_cpu_sys_children"
    | "used_cpu_sys_main_thread"
    | "used_cpu_user"
    | "used_cpu_user_children"
    | "used_cpu_user_main_thread",
    never
  >
  /** Its modules. */
  readonly modules: ReadonlyArray<InfoModule>
  /** By the name of each command that it has run, such as `"config|get"`: how often, and for how long. */
  readonly commandstats: Readonly<
    Record<
      string,
      & Readonly<Record<"calls" | "failed_calls" | "rejected_calls" | "usec" | "usec_per_call", number>>
      & InfoLine
    >
  >
  /** By the code of each error that it replied with: how often. */
  readonly errorstats: Readonly<Record<string, Readonly<Record<"count", number>> & InfoLine>>
  /** By the name of each command that it has run: percentiles of its duration, such as `p50` and `"p99.9"`. */
  readonly latencystats: Readonly<Record<string, Readonly<Record<string, Duration.Duration>>>>
  /** Whether it is a node of a cluster. */
  readonly cluster: InfoFields<"cluster_enabled", never>
  /** By `db0`, `db1` and so on, each database that is not empty: its keys, and in milliseconds their mean time to live. */
  readonly keyspace: Readonly<Record<string, Readonly<Record<"avg_ttl" | "expires" | "keys", number>> & InfoLine>>
}

/**
 * The names for several sections: those that the server sends by default, all of the
 * server, and those of modules besides.
 *
 * @since 0.1.0
 * @category models
 */
export type InfoGroup = "default" | "all" | "everything"

/**
 * The result of INFO: the sections that were asked for, and any others that the server
 * sent. A section that is not in `InfoSections`, such as that of a module, may be missing.
 *
 * @since 0.1.0
 * @category models
 */
export type Info<Asked extends string = never> =
  & Readonly<Pick<InfoSections, Extract<keyof InfoSections, Asked>>>
  & Readonly<Partial<Omit<InfoSections, Asked>>>
  & { readonly [Section in Exclude<Asked, InfoGroup | keyof InfoSections>]?: InfoFields<never, never> }

const known: ReadonlySet<string> = new Set<keyof InfoSections>([
  "server",
  "clients",
  "memory",
  "persistence",
  "stats",
  "replication",
  "cpu",
  "modules",
  "commandstats",
  "errorstats",
  "latencystats",
  "cluster",
  "keyspace"
])

const INFO = define({ words: ["INFO"], mode: "read", decode: Command.word })
/**
 * INFO returns what the server says of itself, by section; each section has its fields by the server's own names.
 * Numbers are numbers; versions, ids and addresses are text; a line of several parts is a record of them. Without
 * sections the server sends most of them, with `"everything"` all. A section that the server does not know is left out
 * by the server; if it is one of `InfoSections`, the command fails with `UnexpectedReply`.
 *
 * **Example** (The memory in use, and how many keys there are)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const { keyspace, memory } = yield* redis.info("memory", "keyspace")
 *   return { bytes: memory.used_memory, keys: keyspace["db0"]?.keys ?? 0 }
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/info/
 * @since 0.1.0
 * @category server
 */
export const info = <const Asked extends string = never>(
  ...sections: Variadic<Asked>
): Command.Command<Info<Asked>, "read"> => {
  const args = appendAny(argv(), sections)
  const wanted = args.map((name) => String(name).toLowerCase()).filter((name) => known.has(name))
  return Command.withDecode(
    make(INFO, args),
    Command.map(Command.word, (text) => sectionsOf(text, wanted) as unknown as Info<Asked>)
  )
}
