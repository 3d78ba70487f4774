/**
 * Scenes of a sentinel: of the first of two, which monitor `mymaster`, a primary with one replica.
 */
import * as Effect from "effect/Effect"
import { anywhere, c, fails, fits, is, Live, s, scene } from "./scene.ts"

const group = "mymaster"

export const sentinel = [
  anywhere(
    "what it knows of a group",
    fits(
      s.getPrimaryAddrByName(group),
      (address) => address !== null && address.host === "127.0.0.1" && address.port > 0
    ),
    is(s.getPrimaryAddrByName("none"), null),
    fits(
      s.primary(group),
      (primary) =>
        primary.label === group && primary.isPrimary && primary.quorum === 2 && primary.replicaCount === 1 &&
        primary.otherSentinelCount === 1 && primary.runId.length === 40
    ),
    fails(s.primary("none"), "ReplyError", "ERR"),
    fits(s.primaries(), (all) => all.length === 1 && all[0]!.label === group),
    fits(s.replicas(group), (all) => all.length === 1 && all[0]!.isReplica && all[0]!.primaryHost === "127.0.0.1"),
    fits(s.sentinels(group), (all) => all.length === 1 && all[0]!.isSentinel),
    is(s.ckquorum(group), "OK 2 usable Sentinels. Quorum and failover authorization can be reached"),
    fits(
      s.infoCache(group),
      (cache) =>
        cache[group]!.length === 2 &&
        cache[group]!.every(({ ageMillis, info }) => ageMillis >= 0 && info!.includes("redis_version"))
    ),
    Effect.gen(function*() {
      const { port } = (yield* (yield* Live).client.run(s.getPrimaryAddrByName(group)))!
      yield* is(s.isPrimaryDownByAddr("127.0.0.1", port, 0), { isDown: false, leader: null, leaderEpoch: 0 })
    }),
    fits(c.role(), (role) => role.role === "sentinel" && role.groups.join() === group)
  ),
  anywhere(
    "the sentinel itself",
    fits(s.myid(), (id) => /^[0-9a-f]{40}$/.test(id)),
    is(s.configSet("announce-hostnames", "no"), "OK"),
    is(s.configGet("announce-hostnames"), { "announce-hostnames": "no" }),
    is(s.flushconfig(), "OK"),
    is(s.pendingScripts(), []),
    is(s.simulateFailure("crash-after-election"), "OK")
  ),
  anywhere(
    "another group",
    Effect.gen(function*() {
      const { client } = yield* Live
      const { port } = (yield* client.run(s.getPrimaryAddrByName(group)))!
      yield* is(s.monitor("other", "127.0.0.1", port, 2), "OK")
      yield* is(s.set("other", { quorum: 3, "down-after-milliseconds": 5000 }), "OK")
      yield* fits(s.primary("other"), ({ downAfterMillis, quorum }) => quorum === 3 && downAfterMillis === 5000)
      // A failover needs a replica that the sentinel has asked. It ends with its group before it begins.
      yield* Effect.repeat(client.run(s.replicas("other")), {
        until: ([replica]) => replica !== undefined && !replica.isDisconnected && replica.runId !== ""
      })
      yield* fails(s.failover("none"), "ReplyError", "ERR")
      yield* Effect.all([is(s.failover("other"), "OK"), is(s.remove("other"), "OK")], { concurrency: 2 })
      yield* is(s.monitor("other", "127.0.0.1", port, 2), "OK")
      yield* is(s.reset("oth*"), 1)
      yield* is(s.remove("other"), "OK")
    })
  ),
  scene(
    "a failover that the primary takes part in",
    { options: ["SENTINEL FAILOVER COORDINATED"] },
    Effect.gen(function*() {
      const { client } = yield* Live
      const { port } = (yield* client.run(s.getPrimaryAddrByName(group)))!
      yield* is(s.monitor("other", "127.0.0.1", port, 2), "OK")
      yield* Effect.repeat(client.run(s.replicas("other")), {
        until: ([replica]) => replica !== undefined && !replica.isDisconnected && replica.runId !== ""
      })
      yield* fails(s.failover("none", { coordinated: true }), "ReplyError", "ERR")
      yield* Effect.all([
        is(s.failover("other", { coordinated: true }), "OK"),
        is(s.remove("other"), "OK")
      ], { concurrency: 2 })
    })
  )
]
