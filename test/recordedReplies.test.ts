/**
 * Replies that no server at hand gives, or not at will, as public documentation shows them: what the decoders make of
 * them, and what they refuse. Replies of real servers are in test/support/live.
 */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import { Command, commands, Resp } from "../src/index.ts"

const decode = <A>(command: Command.Command<A, any, any>, reply: Resp.Value): A =>
  command.spec.decode(reply, false) as A

/** A map as RESP3 has it, and as RESP2 does. */
const both = (...flat: ReadonlyArray<Resp.Value>): ReadonlyArray<Resp.Value> => [new Resp.MapReply(flat), flat as any]

const refuses = (command: Command.Any, ...replies: ReadonlyArray<Resp.Value>): void => {
  for (const reply of replies) {
    try {
      command.spec.decode(reply, false)
    } catch (error) {
      assert.instanceOf(error, Command.Mismatch)
      continue
    }
    assert.fail(`${command.spec.name} reads ${Resp.describe(reply)}`)
  }
}

const at = (millis: number): DateTime.Utc => DateTime.makeUnsafe(millis)

describe("replies of later servers", () => {
  it("HOTKEYS GET", () => {
    for (const byCpu of both("x", 104, "y", 98)) {
      for (
        const inner of both(
          "tracking-active",
          1,
          "sample-ratio",
          2,
          "selected-slots",
          [[5], [7, 9]],
          "sampled-commands-selected-slots-us",
          10,
          "all-commands-selected-slots-us",
          20,
          "all-commands-all-slots-us",
          220,
          "net-bytes-all-commands-all-slots",
          200,
          "collection-start-time-unix-ms",
          1_769_420_604_522,
          "collection-duration-ms",
          6408,
          "total-cpu-time-user-ms",
          3,
          "total-cpu-time-sys-ms",
          11,
          "by-cpu-time-us",
          byCpu
        )
      ) {
        for (const reply of [[inner], inner]) {
          assert.deepStrictEqual(decode(commands.hotkeysGet(), reply), {
            isActive: true,
            sampleRatio: 2,
            slots: [{ start: 5, end: 5 }, { start: 7, end: 9 }],
            startedAt: at(1_769_420_604_522),
            duration: Duration.millis(6408),
            allCommandsTime: Duration.micros(220n),
            allCommandsInSlotsTime: Duration.micros(20n),
            sampledCommandsInSlotsTime: Duration.micros(10n),
            allCommandsBytes: 200,
            allCommandsInSlotsBytes: null,
            sampledCommandsInSlotsBytes: null,
            cpuUserTime: Duration.millis(3),
            cpuSystemTime: Duration.millis(11),
            totalBytes: null,
            byCpuTime: [{ key: "x", time: Duration.micros(104n) }, { key: "y", time: Duration.micros(98n) }],
            byNetBytes: null
          })
        }
      }
    }
    assert.isNull(decode(commands.hotkeysGet(), null))
    refuses(commands.hotkeysGet(), [], 1, [[]], [["tracking-active", 1]])
  })

  it("BACKUP STATUS", () => {
    for (const times of [["1717921800", "0"], [1_717_921_800, 0]]) {
      for (const reply of both("state", "incrementing", "error", "", "start_time", times[0]!, "end_time", times[1]!)) {
        assert.deepStrictEqual(decode(commands.backupStatus(), reply), {
          state: "incrementing",
          error: null,
          startedAt: at(1_717_921_800_000),
          sealedAt: null
        })
      }
    }
    refuses(commands.backupStatus(), ["state", "idle"], null, "idle")
  })

  it("CLUSTER MIGRATION STATUS", () => {
    for (
      const reply of both(
        "id",
        "24cf41718b20f7f05901743dffc40bc9b15db339",
        "slots",
        "0-1000 2000-3000",
        "source",
        "a",
        "dest",
        "b",
        "operation",
        "import",
        "state",
        "completed",
        "last_error",
        "",
        "retries",
        0,
        "create_time",
        1_769_420_604_522,
        "start_time",
        1_769_420_604_523,
        "end_time",
        0,
        "write_pause_ms",
        3,
        "new_field",
        "x"
      )
    ) {
      assert.deepStrictEqual(decode(commands.clusterMigrationStatus(), [reply]), [{
        id: "24cf41718b20f7f05901743dffc40bc9b15db339",
        operation: "import",
        slots: [{ start: 0, end: 1000 }, { start: 2000, end: 3000 }],
        source: "a",
        target: "b",
        state: "completed",
        lastError: null,
        retries: 0,
        createdAt: at(1_769_420_604_522),
        startedAt: at(1_769_420_604_523),
        endedAt: null,
        writePause: Duration.millis(3)
      }])
    }
    refuses(commands.clusterMigrationStatus(), [["id", "a"]], [["slots", "x"]])
  })

  it("CLUSTER GETSLOTMIGRATIONS", () => {
    for (
      const reply of both(
        "name",
        "n",
        "operation",
        "EXPORT",
        "slot_ranges",
        "0-399",
        "target_node",
        "b",
        "source_node",
        "a",
        "create_time",
        1_769_420_604,
        "last_update_time",
        1_769_420_605,
        "last_ack_time",
        0,
        "state",
        "success",
        "message",
        "",
        "cow_size",
        0,
        "remaining_repl_size",
        12
      )
    ) {
      assert.deepStrictEqual(decode(commands.clusterGetslotmigrations(), [reply]), [{
        name: "n",
        operation: "EXPORT",
        slots: [{ start: 0, end: 399 }],
        source: "a",
        target: "b",
        createdAt: at(1_769_420_604_000),
        updatedAt: at(1_769_420_605_000),
        acknowledgedAt: null,
        state: "success",
        message: null,
        copyOnWriteBytes: 0,
        remainingBytes: 12
      }])
    }
  })
})

describe("replies of clusters with several nodes", () => {
  const primary = "ca1dcad5ef705c7268d78d1b2dd49c7197cb1ce9"
  const replica = "260e514467377ce1f04ee4a0ab4161d0647eac69"
  const line = `${replica} ::1:7909@17909,my.host myself,slave ${primary} 0 0 0 connected`

  it("CLUSTER NODES", () => {
    const [first, second] = decode(
      commands.clusterNodes(),
      `${line}\n${primary} 127.0.0.1:7908@17908,,shard-id=x master - 0 1795676701313 1 disconnected 0-5 7 [8->-${replica}] [9-<-${replica}]\n`
    )
    assert.deepStrictEqual(first, {
      id: replica,
      host: "::1",
      port: 7909,
      busPort: 17_909,
      hostname: "my.host",
      flags: new Set(["myself", "slave"]),
      isMyself: true,
      role: "replica",
      primaryId: primary,
      pingSentAt: null,
      pongReceivedAt: null,
      configEpoch: 0,
      isConnected: true,
      slots: [],
      importing: [],
      migrating: []
    })
    assert.deepStrictEqual(second, {
      id: primary,
      host: "127.0.0.1",
      port: 7908,
      busPort: 17_908,
      hostname: null,
      flags: new Set(["master"]),
      isMyself: false,
      role: "primary",
      primaryId: null,
      pingSentAt: null,
      pongReceivedAt: at(1_795_676_701_313),
      configEpoch: 1,
      isConnected: false,
      slots: [{ start: 0, end: 5 }, { start: 7, end: 7 }],
      importing: [{ slot: 9, from: replica }],
      migrating: [{ slot: 8, to: replica }]
    })
    refuses(commands.clusterNodes(), "x", `${line} nonsense`, line.replace("@", "-"), line.replace(" 0 0 ", " a 0 "), 1)
    refuses(commands.clusterNodes(), line.replace(" 0 0 ", " 0 9999999999999999999 "))
  })

  it("CLUSTER REPLICAS", () => {
    assert.deepStrictEqual(decode(commands.clusterReplicas(primary), [line]).map(({ id }) => id), [replica])
    refuses(commands.clusterReplicas(primary), line, [1])
  })

  it("CLUSTER SHARDS", () => {
    for (
      const node of both(
        "id",
        replica,
        "tls-port",
        7909,
        "ip",
        "127.0.0.1",
        "endpoint",
        "my.host",
        "hostname",
        "my.host",
        "role",
        "replica",
        "replication-offset",
        70,
        "health",
        "loading"
      )
    ) {
      for (const shard of both("slots", [0, 5, 7, 7], "nodes", [node], "id", "s")) {
        assert.deepStrictEqual(decode(commands.clusterShards(), [shard]), [{
          id: "s",
          slots: [{ start: 0, end: 5 }, { start: 7, end: 7 }],
          nodes: [{
            id: replica,
            ip: "127.0.0.1",
            replicationOffset: 70,
            health: "loading",
            port: null,
            tlsPort: 7909,
            endpoint: "my.host",
            hostname: "my.host",
            role: "replica"
          }]
        }])
      }
    }
    refuses(commands.clusterShards(), [["slots", [1], "nodes", []]], [[]], "x")
  })

  it("CLUSTER SLOTS", () => {
    for (const metadata of both("hostname", "my.host")) {
      assert.deepStrictEqual(
        decode(commands.clusterSlots(), [[0, 5, ["127.0.0.1", 1, "a", metadata], [null, 2, "b", []]]]),
        [{
          start: 0,
          end: 5,
          nodes: [
            { host: "127.0.0.1", port: 1, id: "a", metadata: { hostname: "my.host" } },
            { host: null, port: 2, id: "b", metadata: {} }
          ]
        }]
      )
    }
    refuses(commands.clusterSlots(), [[0]], [[0, 5, ["a"]]])
  })

  it("CLUSTER LINKS", () => {
    for (
      const link of both(
        "direction",
        "to",
        "node",
        primary,
        "create-time",
        1_795_676_695_459,
        "events",
        "rw",
        "send-buffer-allocated",
        48,
        "send-buffer-used",
        40
      )
    ) {
      assert.deepStrictEqual(decode(commands.clusterLinks(), [link]), [{
        direction: "to",
        node: primary,
        createdAt: at(1_795_676_695_459),
        events: "rw",
        sendBufferAllocated: 48,
        sendBufferUsed: 40
      }])
    }
  })
})

describe("replies that no server sends", () => {
  it("a moment that no Date can be", () => {
    const far = 8_640_000_000_000_001
    refuses(commands.pexpiretime("k"), far)
    refuses(commands.expiretime("k"), far / 1000 + 1)
    refuses(commands.lastsave(), Number.MAX_SAFE_INTEGER)
    refuses(commands.time(), ["8640000000001", "0"])
    refuses(commands.hpexpiretime("k", "f"), [far])
    refuses(commands.slowlogGet(), [[1, far, 1, ["GET"], "a:1", ""]])
    assert.deepStrictEqual(decode(commands.pexpiretime("k"), far - 1), at(far - 1))
  })

  it("documentation of commands that is nested without an end", () => {
    let argument: Resp.Value = ["name", "a", "type", "block"]
    for (let i = 0; i < 10_000; i++) argument = ["name", "a", "type", "block", "arguments", [argument]]
    refuses(commands.commandDocs(), ["get", ["arguments", [argument]]])
    let subcommand: Resp.Value = []
    for (let i = 0; i < 10_000; i++) subcommand = ["subcommands", ["a", subcommand]]
    refuses(commands.commandDocs(), ["get", subcommand])
  })

  it("key specifications of unknown kinds are unknown", () => {
    const [found] = decode(commands.commandInfo("get"), [[
      "get",
      2,
      [],
      1,
      1,
      1,
      ["@read"],
      [],
      [["flags", ["RO"], "begin_search", ["type", "new", "spec", []], "find_keys", ["type", "toString", "spec", []]]],
      []
    ]])
    assert.deepStrictEqual(found!.keySpecs, [
      { flags: new Set(["RO"]), notes: null, begin: { type: "unknown" }, find: { type: "unknown" } }
    ])
    assert.deepStrictEqual(found!.categories, new Set(["read"]))
  })

  it("latency, logs and memory", () => {
    refuses(commands.latencyLatest(), [["command", 1, 2]], [["command", "x", 1, 1]], 5)
    refuses(commands.latencyHistory("command"), [[1]], [["a", 1]])
    refuses(commands.latencyHistogram(), ["get", ["calls", 1]], ["get", 5])
    refuses(commands.slowlogGet(), [[1, 2, 3]], [[1, 2, "x", [], "", ""]])
    refuses(commands.memoryStats(), [], ["peak.allocated", 1], ["peak.allocated", "x"])
    refuses(commands.bgsave(), "OK", 1)
    refuses(commands.moduleList(), [["name", "x"]], ["x"])
    refuses(commands.migrate("h", 1, "k", 0, "1 second"), "QUEUED", null)
  })
})
