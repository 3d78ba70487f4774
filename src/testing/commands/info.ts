/**
 * The text of INFO of a server in memory: the fields of Redis 7.0.15, with the values
 * that a server in memory has, or that an idle server would have.
 */

/** What an idle server says, by section. Replication is the node's own. */
const idle = {
  Server: `
redis_version:7.0.15
redis_git_sha1:00000000
redis_git_dirty:0
redis_build_id:0000000000000000
redis_mode:standalone
os:Linux x86_64
arch_bits:64
monotonic_clock:POSIX clock_gettime
multiplexing_api:epoll
atomicvar_api:c11-builtin
gcc_version:12.2.0
process_id:0
process_supervised:no
run_id:
tcp_port:0
server_time_usec:0
uptime_in_seconds:0
uptime_in_days:0
hz:10
configured_hz:10
lru_clock:0
executable:/usr/bin/redis-server
config_file:/etc/redis/redis.conf
io_threads_active:0`,
  Clients: `
connected_clients:0
cluster_connections:0
maxclients:0
client_recent_max_input_buffer:0
client_recent_max_output_buffer:0
blocked_clients:0
tracking_clients:0
clients_in_timeout_table:0`,
  Memory: `
used_memory:0
used_memory_human:0B
used_memory_rss:0
used_memory_rss_human:0B
used_memory_peak:0
used_memory_peak_human:0B
used_memory_peak_perc:0.00%
used_memory_overhead:0
used_memory_startup:0
used_memory_dataset:0
used_memory_dataset_perc:0.00%
allocator_allocated:0
allocator_active:0
allocator_resident:0
total_system_memory:0
total_system_memory_human:0B
used_memory_lua:0
used_memory_vm_eval:0
used_memory_lua_human:0B
used_memory_scripts_eval:0
number_of_cached_scripts:0
number_of_functions:0
number_of_libraries:0
used_memory_vm_functions:0
used_memory_vm_total:0
used_memory_vm_total_human:0B
used_memory_functions:0
used_memory_scripts:0
used_memory_scripts_human:0B
maxmemory:0
maxmemory_human:0B
maxmemory_policy:noeviction
allocator_frag_ratio:0.00
allocator_frag_bytes:0
allocator_rss_ratio:0.00
allocator_rss_bytes:0
rss_overhead_ratio:0.00
rss_overhead_bytes:0
mem_fragmentation_ratio:0.00
mem_fragmentation_bytes:0
mem_not_counted_for_evict:0
mem_replication_backlog:0
mem_total_replication_buffers:0
mem_clients_slaves:0
mem_clients_normal:0
mem_cluster_links:0
mem_aof_buffer:0
mem_allocator:jemalloc-5.3.0
active_defrag_running:0
lazyfree_pending_objects:0
lazyfreed_objects:0`,
  Persistence: `
loading:0
async_loading:0
current_cow_peak:0
current_cow_size:0
current_cow_size_age:0
current_fork_perc:0.00
current_save_keys_processed:0
current_save_keys_total:0
rdb_changes_since_last_save:0
rdb_bgsave_in_progress:0
rdb_last_save_time:0
rdb_last_bgsave_status:ok
rdb_last_bgsave_time_sec:-1
rdb_current_bgsave_time_sec:-1
rdb_saves:0
rdb_last_cow_size:0
rdb_last_load_keys_expired:0
rdb_last_load_keys_loaded:0
aof_enabled:0
aof_rewrite_in_progress:0
aof_rewrite_scheduled:0
aof_last_rewrite_time_sec:-1
aof_current_rewrite_time_sec:-1
aof_last_bgrewrite_status:ok
aof_rewrites:0
aof_rewrites_consecutive_failures:0
aof_last_write_status:ok
aof_last_cow_size:0
module_fork_in_progress:0
module_fork_last_cow_size:0`,
  Stats: `
total_connections_received:0
total_commands_processed:0
instantaneous_ops_per_sec:0
total_net_input_bytes:0
total_net_output_bytes:0
total_net_repl_input_bytes:0
total_net_repl_output_bytes:0
instantaneous_input_kbps:0.00
instantaneous_output_kbps:0.00
instantaneous_input_repl_kbps:0.00
instantaneous_output_repl_kbps:0.00
rejected_connections:0
sync_full:0
sync_partial_ok:0
sync_partial_err:0
expired_keys:0
expired_stale_perc:0.00
expired_time_cap_reached_count:0
expire_cycle_cpu_milliseconds:0
evicted_keys:0
evicted_clients:0
total_eviction_exceeded_time:0
current_eviction_exceeded_time:0
keyspace_hits:0
keyspace_misses:0
pubsub_channels:0
pubsub_patterns:0
pubsubshard_channels:0
latest_fork_usec:0
total_forks:0
migrate_cached_sockets:0
slave_expires_tracked_keys:0
active_defrag_hits:0
active_defrag_misses:0
active_defrag_key_hits:0
active_defrag_key_misses:0
total_active_defrag_time:0
current_active_defrag_time:0
tracking_total_keys:0
tracking_total_items:0
tracking_total_prefixes:0
unexpected_error_replies:0
total_error_replies:0
dump_payload_sanitizations:0
total_reads_processed:0
total_writes_processed:0
io_threaded_reads_processed:0
io_threaded_writes_processed:0
reply_buffer_shrinks:0
reply_buffer_expands:0`,
  CPU: `
used_cpu_sys:0.000000
used_cpu_user:0.000000
used_cpu_sys_children:0.000000
used_cpu_user_children:0.000000
used_cpu_sys_main_thread:0.000000
used_cpu_user_main_thread:0.000000`,
  Cluster: `
cluster_enabled:0`
} as const

type Value = string | number

/** What commands a server has run. */
export class Statistics {
  /** By the name of a command with its subcommand. */
  private commands = new Map<string, { calls: number; rejected: number; failed: number }>()
  private errors = new Map<string, number>()
  private connections = 0

  private of(name: string): { calls: number; rejected: number; failed: number } {
    const known = this.commands.get(name)
    if (known !== undefined) return known
    const made = { calls: 0, rejected: 0, failed: 0 }
    this.commands.set(name, made)
    return made
  }

  connected(): void {
    this.connections++
  }

  /** Counts a command that was run, and the text of its error if it failed. */
  executed(name: string, error: string | undefined): void {
    const counts = this.of(name)
    counts.calls++
    if (error === undefined) return
    counts.failed++
    this.failed(error)
  }

  /** Counts a command that was refused; `name` is undefined for one that does not exist. */
  rejected(name: string | undefined, error: string): void {
    if (name !== undefined) this.of(name).rejected++
    this.failed(error)
  }

  private failed(error: string): void {
    const code = error.split(" ", 1)[0]!
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1)
  }

  reset(): void {
    this.commands.clear()
    this.errors.clear()
    this.connections = 0
  }

  /** The fields of `stats`. */
  get totals(): Readonly<Record<string, Value>> {
    const sum = (numbers: Iterable<number>): number => Array.from(numbers).reduce((a, b) => a + b, 0)
    return {
      total_connections_received: this.connections,
      total_commands_processed: sum(Array.from(this.commands.values(), ({ calls }) => calls)),
      total_error_replies: sum(this.errors.values())
    }
  }

  /** The lines of `commandstats`, `errorstats` and `latencystats`; a call takes `micros` microseconds. */
  lines(micros: number): Readonly<Record<"Commandstats" | "Errorstats" | "Latencystats", ReadonlyArray<Line>>> {
    const commands = Array.from(this.commands)
    const time = micros.toFixed(3)
    return {
      Commandstats: commands.map(([name, { calls, failed, rejected }]) => [
        `cmdstat_${name}`,
        `calls=${calls},usec=${calls * micros},usec_per_call=${
          micros.toFixed(2)
        },rejected_calls=${rejected},failed_calls=${failed}`
      ]),
      Errorstats: Array.from(this.errors, ([code, count]) => [`errorstat_${code}`, `count=${count}`]),
      Latencystats: commands.filter(([, { calls }]) => calls > 0).map(([name]) => [
        `latency_percentiles_usec_${name}`,
        `p50=${time},p99=${time},p99.9=${time}`
      ])
    }
  }
}

export type Line = readonly [name: string, value: Value]

/** What a node says of itself. */
export interface InfoFacts {
  /** The values of fields that an idle server would have otherwise. */
  readonly values: Readonly<Record<string, Value>>
  readonly replication: ReadonlyArray<Line>
  readonly keyspace: ReadonlyArray<Line>
  readonly statistics: Statistics
  /** How long a command takes, in microseconds. */
  readonly micros: number
}

const order = [
  "Server",
  "Clients",
  "Memory",
  "Persistence",
  "Stats",
  "Replication",
  "CPU",
  "Modules",
  "Commandstats",
  "Errorstats",
  "Latencystats",
  "Cluster",
  "Keyspace"
] as const

const notByDefault: ReadonlySet<string> = new Set(["Commandstats", "Latencystats"])

/** The text of INFO for some sections; without any, for those that a server sends by default. */
export const infoText = (facts: InfoFacts, sections: ReadonlyArray<string>): string => {
  const idleLines = (section: keyof typeof idle): ReadonlyArray<Line> =>
    idle[section].trim().split("\n").map((line) => {
      const colon = line.indexOf(":")
      const name = line.slice(0, colon)
      return [name, facts.values[name] ?? line.slice(colon + 1)]
    })
  const linesOf = (section: (typeof order)[number]): ReadonlyArray<Line> => {
    switch (section) {
      case "Replication":
        return facts.replication
      case "Keyspace":
        return facts.keyspace
      case "Modules":
        return []
      case "Commandstats":
      case "Errorstats":
      case "Latencystats":
        return facts.statistics.lines(facts.micros)[section]
      default:
        return idleLines(section)
    }
  }
  const wanted = new Set(sections.map((section) => section.toLowerCase()))
  const isDefault = wanted.size === 0 || wanted.has("default")
  const isAll = wanted.has("all") || wanted.has("everything")
  return order
    .filter((section) => isAll ? true : wanted.has(section.toLowerCase()) || (isDefault && !notByDefault.has(section)))
    .map((section) => `# ${section}\r\n${linesOf(section).map(([name, value]) => `${name}:${value}\r\n`).join("")}`)
    .join("\r\n")
}
