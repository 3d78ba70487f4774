/** Scenes of what a server says of itself: INFO and its configuration. */
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import { anywhere, c, eventually, fails, fits, given, is, scene } from "./scene.ts"

const isNumber = (value: unknown): boolean => typeof value === "number" && !Number.isNaN(value)

export const info = [
  anywhere(
    "INFO by section",
    given(c.set("a", 1), c.set("b", 2, { ttl: "100 seconds" }), c.get("none")),
    fits(
      c.info("server"),
      ({ server }) =>
        /^\d+\.\d+\.\d+$/.test(server.redis_version) && /^[0-9a-f]{40}$/.test(server.run_id) &&
        typeof server.redis_git_sha1 === "string" && isNumber(server.tcp_port) && isNumber(server.process_id) &&
        isNumber(server.uptime_in_seconds)
    ),
    fits(
      c.info("keyspace"),
      ({ keyspace }) => keyspace["db0"]!.keys === 2 && keyspace["db0"]!.expires === 1 && keyspace["db0"]!.avg_ttl >= 0
    ),
    fits(
      c.info("memory", "clients"),
      ({ clients, memory }) =>
        memory.used_memory > 100_000 && memory.maxmemory_policy === "noeviction" &&
        isNumber(memory.allocator_frag_ratio) &&
        clients.connected_clients > 0 && clients.maxclients > 0
    ),
    fits(
      c.info("replication"),
      ({ replication }) =>
        replication.role === "master" && replication.replicas.length === 0 && replication.connected_slaves === 0 &&
        replication.second_repl_offset === -1 && replication.master_replid.length === 40 &&
        replication.master_replid2 === "0".repeat(40)
    ),
    fits(
      c.info("stats", "cpu", "persistence", "cluster"),
      ({ cluster, cpu, persistence, stats }) =>
        stats.total_commands_processed > 0 && isNumber(stats.keyspace_misses) && isNumber(cpu.used_cpu_user) &&
        persistence.loading === 0 && persistence.rdb_last_bgsave_status === "ok" && cluster.cluster_enabled === 0
    ),
    fits(c.info("modules"), ({ modules }) => modules.every(({ name, ver }) => name !== "" && ver > 0)),
    fits(
      c.info("commandstats", "latencystats"),
      ({ commandstats, latencystats }) =>
        commandstats["get"]!.calls > 0 && commandstats["get"]!.failed_calls === 0 &&
        isNumber(commandstats["get"]!.usec) &&
        Duration.toNanosUnsafe(latencystats["get"]!["p50"]!) > 0n && Duration.isDuration(latencystats["get"]!["p99.9"])
    ),
    fits(
      c.info(),
      ({ commandstats, keyspace, memory, server }) =>
        server !== undefined && memory !== undefined && keyspace !== undefined && commandstats === undefined
    ),
    fits(
      c.info("everything"),
      ({ commandstats, errorstats }) => commandstats !== undefined && errorstats !== undefined
    ),
    fits(c.info("absent"), (all) => Object.keys(all).length === 0)
  ),
  anywhere(
    "the configuration",
    is(c.configGet("save"), { save: "" }),
    fits(c.configGet("save", "maxmemory*"), (config) => config["save"] === "" && config["maxmemory"] === "0"),
    is(c.configSet("maxmemory", "100mb"), "OK"),
    is(c.configGet("maxmemory"), { maxmemory: "104857600" }),
    is(c.configSet({ maxmemory: 0, "maxmemory-policy": "noeviction", masterauth: Redacted.make("secret") }), "OK"),
    is(c.configGet("masterauth"), { masterauth: "secret" }),
    is(c.configSet("masterauth", Redacted.make("")), "OK"),
    fails(c.configSet("maxmemory", "a lot"), "ReplyError", "ERR"),
    fails(c.configSet("absent", 1), "ReplyError", "ERR"),
    is(c.configGet("absent"), {}),
    is(c.configRewrite(), "OK")
  ),
  anywhere(
    "counters",
    given(c.get("none")),
    is(c.configResetstat(), "OK"),
    fits(c.info("stats"), ({ stats }) => stats.keyspace_misses === 0),
    eventually(fits(c.info("commandstats"), ({ commandstats }) => commandstats["get"] === undefined))
  ),
  scene(
    "its modules",
    { commands: ["VADD"] },
    fits(
      c.info("modules"),
      ({ modules }) => modules.some(({ name, options }) => name === "vectorset" && options.length > 0)
    )
  )
]
