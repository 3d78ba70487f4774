/** Scenes of a node of a cluster, which has all slots itself. */
import * as Effect from "effect/Effect"
import { anywhere, c, fails, fits, given, is, Live, result, scene } from "./scene.ts"

export const cluster = [
  anywhere(
    "what a node says of the cluster",
    fits(
      c.clusterInfo(),
      (info) =>
        info.state === "ok" && info.slotsAssigned === 16_384 && info.slotsOk === 16_384 && info.slotsPfail === 0 &&
        info.slotsFail === 0 && info.knownNodes === 1 && info.size === 1 && info.messagesSent === 0 &&
        info.messagesReceived === 0 && info.fields["cluster_state"] === "ok"
    ),
    Effect.gen(function*() {
      const id = yield* result(c.clusterMyid())
      yield* fits(c.clusterMyid(), (again) => again === id && /^[0-9a-f]{40}$/.test(id))
      yield* fits(
        c.clusterNodes(),
        ([node, ...others]) =>
          others.length === 0 && node!.id === id && node!.isMyself && node!.role === "primary" && node!.host === "" &&
          node!.port > 0 && node!.busPort > 0 && node!.hostname === null && node!.primaryId === null &&
          node!.pingSentAt === null && node!.pongReceivedAt === null && node!.isConnected &&
          JSON.stringify(node!.slots) === "[{\"start\":0,\"end\":16383}]" && node!.importing.length === 0 &&
          node!.migrating.length === 0
      )
      yield* fits(
        c.clusterShards(),
        ([shard, ...others]) =>
          others.length === 0 && JSON.stringify(shard!.slots) === "[{\"start\":0,\"end\":16383}]" &&
          shard!.nodes.length === 1 && shard!.nodes[0]!.id === id && shard!.nodes[0]!.role === "primary" &&
          shard!.nodes[0]!.health === "online" && shard!.nodes[0]!.port! > 0 && shard!.nodes[0]!.tlsPort === null &&
          shard!.nodes[0]!.hostname === null && shard!.nodes[0]!.ip === "" && shard!.nodes[0]!.endpoint === null
      )
      yield* fits(
        c.clusterSlots(),
        ([range, ...others]) =>
          others.length === 0 && range!.start === 0 && range!.end === 16_383 && range!.nodes[0]!.id === id &&
          range!.nodes[0]!.host === null && range!.nodes[0]!.port > 0 &&
          Object.keys(range!.nodes[0]!.metadata).length === 0
      )
      yield* is(c.clusterReplicas(id), [])
      yield* is(c.clusterCountFailureReports(id), 0)
    }),
    is(c.clusterLinks(), []),
    fails(c.clusterReplicas("none"), "ReplyError", "ERR"),
    fails(c.clusterCountFailureReports("none"), "ReplyError", "ERR")
  ),
  anywhere(
    "slots and their keys",
    given(c.mset({ "{k}a": 1, "{k}b": 2 })),
    is(c.clusterKeyslot("k"), 7629),
    is(c.clusterKeyslot("{k}a"), 7629),
    is(c.clusterCountkeysinslot(7629), 2),
    is(c.clusterCountkeysinslot(1), 0),
    fits(c.clusterGetkeysinslot(7629, 10), (keys) => keys.slice().sort().join() === "{k}a,{k}b"),
    fails(c.clusterCountkeysinslot(16_384), "ReplyError", "ERR")
  ),
  anywhere(
    "a slot that another node gets",
    Effect.gen(function*() {
      const { client } = yield* Live
      const other = "1".repeat(40)
      const id = yield* result(c.clusterMyid())
      // A node that it does not know cannot get a slot.
      yield* Effect.flip(client.send("CLUSTER", "SETSLOT", 5, "MIGRATING", other))
      yield* fits(c.clusterNodes(), ([node]) => node!.id === id && node!.migrating.length === 0)
    })
  ),
  scene(
    "the shard of a node",
    { commands: ["CLUSTER MYSHARDID"] },
    fits(c.clusterMyshardid(), (id) => /^[0-9a-f]{40}$/.test(id))
  ),
  scene(
    "what a node counts of slots",
    { commands: ["CLUSTER SLOT-STATS"] },
    given(c.mset({ "{k}a": 1, "{k}b": 2 })),
    fits(
      c.clusterSlotStats({ slots: { start: 7629, end: 7630 } }),
      ([first, second]) =>
        first!.slot === 7629 && first!.keyCount === 2 && first!.memoryBytes === null && second!.keyCount === 0
    ),
    fits(c.clusterSlotStats({ orderBy: "key-count", limit: 1, order: "desc" }), ([first]) => first!.slot === 7629),
    fits(
      c.clusterSlotStats({ orderBy: "cpu-usec", limit: 2 }),
      (stats) => stats.length === 2 && stats[0]!.cpuTime !== null && stats[0]!.networkBytesIn !== null
    )
  ),
  scene(
    "migrations of slots",
    { commands: ["CLUSTER GETSLOTMIGRATIONS"] },
    is(c.clusterGetslotmigrations(), [])
  ),
  scene(
    "a scan of the cluster",
    { commands: ["CLUSTERSCAN"] },
    given(c.mset({ "{k}a": 1, "{k}b": 2 })),
    Effect.gen(function*() {
      const keys: Array<string> = []
      let cursor = "0"
      do {
        const page = yield* result(c.clusterscan(cursor, { slot: 7629, count: 100, match: "*", type: "string" }))
        keys.push(...page.items)
        cursor = page.cursor
      } while (cursor !== "0" && keys.length < 2)
      yield* fits(c.clusterscan("0"), (page) => page.cursor !== "0" && keys.sort().join() === "{k}a,{k}b")
    })
  )
]
