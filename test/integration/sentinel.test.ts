/** A real primary, its replicas and sentinels: every sentinel command, credentials, TLS. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import { type Client, commands, type Errors, RedisClient, Sentinel } from "../../src/index.ts"
import { failureOf } from "../support/exit.ts"
import { type Deployment, deployment, tlsFiles } from "../support/processes.ts"

const fast: Sentinel.NodeOptions = { stallTimeout: "500 millis", connectTimeout: "1 second" }

/** Both clients of a deployment. */
const clientsOf = (
  d: Deployment,
  options: Partial<Sentinel.Options> = {}
): Effect.Effect<
  {
    readonly sentinel: Sentinel.Service
    readonly redis: Client.PrimaryClient
    readonly replica: Client.ReplicaClient
  },
  Errors.InvalidOption,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const sentinel = yield* Sentinel.make({ sentinels: d.sentinelAddresses, node: fast, ...options })
    const redis = yield* sentinel.primaryFor(d.group)
    const replica = yield* sentinel.replicaFor(d.group)
    return { sentinel, redis, replica }
  })

const until = <E, R>(condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, unknown, R> =>
  condition.pipe(
    Effect.flatMap((yes) => yes ? Effect.void : Effect.fail("not yet" as const)),
    Effect.retry(Schedule.spaced("10 millis").pipe(Schedule.upTo({ duration: "20 seconds" })))
  )

describe("discovery", () => {
  it.live("the layers, both clients, and every sentinel command", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment()
        yield* Effect.gen(function*() {
          const sentinel = yield* Sentinel.Sentinel
          const redis = yield* RedisClient.RedisClient
          const replica = yield* RedisClient.RedisReplica
          assert.deepStrictEqual(yield* sentinel.discoverPrimary(d.group), { host: "127.0.0.1", port: d.primary.port })
          const replicas = yield* sentinel.discoverReplicas(d.group)
          assert.deepStrictEqual(
            replicas.map((a) => "port" in a ? a.port : 0).sort(),
            d.replicas.map((r) => r.port).sort()
          )
          assert.strictEqual((yield* sentinel.sentinels).length, 3)
          assert.strictEqual(yield* redis.set("a", "1"), "OK")
          assert.isAtLeast(
            yield* Effect.scoped(
              Effect.flatMap(redis.reserve, (l) => Effect.andThen(l.set("b", 1), l.wait(2, "2 seconds")))
            ),
            1
          )
          yield* until(Effect.map(replica.get("a"), (v) => v === "1"))
          assert.strictEqual((yield* redis.role()).role, "primary")
          assert.strictEqual((yield* replica.role()).role, "replica")

          const unknown = yield* Effect.flip(sentinel.discoverPrimary("nobody"))
          assert.strictEqual(unknown._tag === "PrimaryNotFound" ? unknown.reason._tag : unknown._tag, "GroupUnknown")

          const s = commands.sentinel
          const state = yield* sentinel.ask(s.primary(d.group))
          assert.isTrue(state.isPrimary)
          assert.isFalse(state.isObjectivelyDown)
          assert.strictEqual(state.quorum, 2)
          assert.strictEqual(state.replicaCount, 2)
          assert.strictEqual((yield* sentinel.ask(s.primaries())).length, 1)
          assert.isTrue(
            (yield* sentinel.ask(s.replicas(d.group))).every((r) => r.isReplica && r.primaryPort === d.primary.port)
          )
          assert.isTrue((yield* sentinel.ask(s.sentinels(d.group))).every((o) => o.isSentinel && o.runId.length === 40))
          assert.include(yield* sentinel.ask(s.ckquorum(d.group)), "OK")
          assert.strictEqual((yield* sentinel.ask(s.myid())).length, 40)
          assert.strictEqual((yield* sentinel.ask(s.infoCache(d.group)))[d.group]!.length, 3)
          assert.deepStrictEqual(yield* sentinel.ask(s.isPrimaryDownByAddr("127.0.0.1", d.primary.port, 0)), {
            isDown: false,
            leader: null,
            leaderEpoch: 0
          })
          assert.deepStrictEqual(yield* sentinel.ask(s.pendingScripts()), [])
          assert.strictEqual((yield* sentinel.ask(s.configGet("resolve-hostnames")))["resolve-hostnames"], "no")

          // What changes a sentinel goes to one of them.
          const one = yield* RedisClient.make({ address: d.sentinelAddresses[0]! })
          assert.deepStrictEqual(yield* one.role(), { role: "sentinel", groups: [d.group] })
          assert.strictEqual(yield* one.run(s.configSet("resolve-hostnames", "yes")), "OK")
          assert.strictEqual(yield* one.run(s.flushconfig()), "OK")
          assert.strictEqual(yield* one.run(s.set(d.group, { quorum: 3 })), "OK")
          assert.strictEqual((yield* one.run(s.primary(d.group))).quorum, 3)
          assert.strictEqual(yield* one.run(s.monitor("other", "127.0.0.1", d.primary.port, 1)), "OK")
          assert.strictEqual(yield* one.run(s.reset("oth*")), 1)
          assert.strictEqual(yield* one.run(s.remove("other")), "OK")
          assert.strictEqual(yield* one.run(s.simulateFailure("crash-after-election")), "OK")
        }).pipe(
          Effect.provide(
            Layer.merge(RedisClient.layerPrimary(d.group), RedisClient.layerReplica(d.group)).pipe(
              Layer.provideMerge(Sentinel.layer({ sentinels: d.sentinelAddresses.slice(0, 1) }))
            )
          )
        )
      })
    ))
})

describe("credentials and TLS", () => {
  it.live("passwords on each tier, right and wrong", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment({ password: "node-secret", sentinelPassword: "sentinel-secret", replicas: 1 })
        const node = { ...fast, password: Redacted.make("node-secret") }
        const sentinelTier = { password: Redacted.make("sentinel-secret") }
        const right = yield* clientsOf(d, { node, sentinel: sentinelTier })
        assert.strictEqual(yield* right.redis.set("a", "1"), "OK")

        const wrongNode = yield* clientsOf(d, {
          node: { ...fast, password: Redacted.make("wr0ng-node") },
          sentinel: sentinelTier
        })
        for (const effect of [wrongNode.redis.get("a"), wrongNode.replica.get("a")]) {
          const error = failureOf(yield* Effect.exit(effect))
          assert.strictEqual(error._tag, "AuthenticationFailed")
          assert.notInclude(error.message + JSON.stringify(error), "wr0ng-node")
        }
        const wrongSentinel = yield* clientsOf(d, { node, sentinel: { password: Redacted.make("wr0ng-sentinel") } })
        const error = failureOf(yield* Effect.exit(wrongSentinel.redis.get("a")))
        if (error._tag !== "PrimaryNotFound") return assert.fail(error._tag)
        assert.isTrue(error.reason.reports.every((r) => r.kind === "denied"))
        assert.notInclude(error.message + JSON.stringify(error), "wr0ng-sentinel")
      })
    ), 60_000)

  it.live("TLS on each tier, with and without its certificate authority", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const files = yield* tlsFiles
        const d = yield* deployment({ tls: files, replicas: 1 })
        const tls = { ca: Fs.readFileSync(files.ca) }
        const right = yield* clientsOf(d, { node: { ...fast, tls }, sentinel: { tls } })
        assert.strictEqual(yield* right.redis.set("a", "1"), "OK")
        assert.strictEqual((yield* right.replica.role()).role, "replica")
        const big = "x".repeat(1_000_000)
        yield* right.redis.set("big", big)
        assert.isTrue((yield* right.redis.get("big")) === big)

        const named = yield* Sentinel.make({
          sentinels: d.sentinels.map((s) => `localhost:${s.port}`),
          sentinel: { tls },
          node: { ...fast, tls }
        })
        assert.isTrue("port" in (yield* named.discoverPrimary(d.group)))

        const plainSentinel = yield* clientsOf(d, { node: { ...fast, tls }, schedule: Schedule.recurs(1) })
        assert.strictEqual(failureOf(yield* Effect.exit(plainSentinel.redis.get("a")))._tag, "PrimaryNotFound")
        const distrusting = yield* clientsOf(d, {
          node: { ...fast, tls: true },
          sentinel: { tls },
          schedule: Schedule.recurs(1)
        })
        const error = failureOf(yield* Effect.exit(distrusting.redis.get("a")))
        assert.strictEqual(error._tag, "PrimaryNotFound")
        assert.include(error.message, "(tls)")
      })
    ), 60_000)
})
