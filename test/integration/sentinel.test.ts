/** A real primary, two replicas and three sentinels: discovery, failover, credentials, TLS. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
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
    readonly sentinel: Sentinel.Shape
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

interface Load {
  /** When each write was acknowledged, and which. */
  readonly acknowledged: Array<readonly [at: number, key: string]>
  readonly failed: Array<Errors.RedisError>
  readonly pending: Set<number>
  stopped: boolean
}

/** 32 writers of unique keys, until they are stopped. */
const writers = (redis: Client.PrimaryClient, load: Load) =>
  Effect.forEach(Array.from({ length: 32 }, (_, i) => i), (writer) =>
    Effect.gen(function*() {
      for (let n = 0; !load.stopped; n++) {
        const key = `w:${writer}:${n}`
        load.pending.add(writer)
        const exit = yield* Effect.exit(redis.set(key, n))
        load.pending.delete(writer)
        if (Exit.isSuccess(exit)) load.acknowledged.push([yield* Clock.currentTimeMillis, key])
        else load.failed.push(failureOf(exit))
        // So that the servers have time for their own business.
        yield* Effect.sleep("1 millis")
      }
    }), { concurrency: "unbounded", discard: true })

const newLoad = (): Load => ({ acknowledged: [], failed: [], pending: new Set(), stopped: false })

const knownTags = new Set([
  "AmbiguousOutcome",
  "DeadlineExceeded",
  "PrimaryNotFound",
  "ConnectionLost",
  "ConnectFailed",
  "RoleMismatch"
])

/** Waits until the first sentinel gives another primary than the old one. Its time. */
const switched = (d: Deployment, old: number, options: RedisClient.Options = {}) =>
  Effect.scoped(
    Effect.raceAll(d.sentinels.map((s) =>
      Effect.gen(function*() {
        const client = yield* RedisClient.make({ ...options, address: s.address })
        while (true) {
          const found = yield* client.run(commands.sentinel.getPrimaryAddr(d.group))
          if (found !== null && found.port !== old) return yield* Clock.currentTimeMillis
          yield* Effect.sleep("5 millis")
        }
      })
    ))
  )

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
            yield* Effect.scoped(Effect.flatMap(redis.lease, (l) => Effect.andThen(l.set("b", 1), l.wait(2, 2000)))),
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

  it.live("all sentinels down and back: the connection goes on, and so does discovery afterwards", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment()
        const { redis, sentinel } = yield* clientsOf(d, { schedule: Schedule.recurs(1) })
        yield* redis.set("a", "1")
        for (const s of d.sentinels) yield* s.kill
        assert.strictEqual(yield* redis.set("a", "2"), "OK")
        const error = yield* Effect.flip(sentinel.discoverPrimary(d.group))
        assert.strictEqual(error._tag === "PrimaryNotFound" ? error.reason._tag : error._tag, "SentinelsUnreachable")
        assert.strictEqual(error._tag === "PrimaryNotFound" ? error.reason.reports.length : 0, 3)
        for (const s of d.sentinels) yield* s.restart
        assert.deepStrictEqual(yield* sentinel.discoverPrimary(d.group), { host: "127.0.0.1", port: d.primary.port })
        yield* redis.clientKill({ type: "normal", skipme: false }).pipe(Effect.ignore)
        assert.strictEqual(yield* redis.get("a"), "2")
      })
    ))
})

describe("failover", () => {
  it.live("kill -9 of the primary under 32 writers", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment()
        const { redis, replica } = yield* clientsOf(d)
        const load = newLoad()
        const running = yield* Effect.forkScoped(writers(redis, load))
        yield* until(Effect.sync(() => load.acknowledged.length > 500))
        const reported = yield* Effect.forkChild(switched(d, d.primary.port), { startImmediately: true })
        yield* d.primary.kill
        const at = yield* Fiber.join(reported)
        yield* until(Effect.sync(() => load.acknowledged.some(([t]) => t >= at)))
        const first = load.acknowledged.find(([t]) => t >= at)![0]
        console.log(
          `kill -9: the first write was acknowledged ${first - at} ms after a sentinel reported the new primary`
        )
        const count = load.acknowledged.length
        yield* until(Effect.sync(() => load.acknowledged.length > count + 500))
        load.stopped = true
        // Nobody waits for ever.
        yield* Fiber.join(running).pipe(Effect.timeout("10 seconds"))
        assert.strictEqual(load.pending.size, 0)
        for (const error of load.failed) assert.isTrue(knownTags.has(error._tag), error._tag)
        assert.isAtMost(load.failed.filter((e) => e._tag === "AmbiguousOutcome").length, 32)
        // What was acknowledged after the switch is there.
        const after = load.acknowledged.filter(([t]) => t > at).map(([, key]) => key)
        const values = yield* redis.mget(after)
        assert.isTrue(values.every((v) => v !== null))
        // The primary may serve reads until the other replica is in sync again.
        yield* until(Effect.map(replica.role(), (r) => r.role === "replica"))
      })
    ), 60_000)

  it.live("a planned failover: the client goes to the new primary when the old one is demoted", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment()
        const { redis, sentinel } = yield* clientsOf(d)
        const load = newLoad()
        const running = yield* Effect.forkScoped(writers(redis, load))
        yield* until(Effect.sync(() => load.acknowledged.length > 200))
        const one = yield* RedisClient.make({ address: d.sentinelAddresses[0]! })
        assert.strictEqual(yield* one.run(commands.sentinel.failover(d.group)), "OK")
        yield* switched(d, d.primary.port)
        const next = yield* sentinel.discoverPrimary(d.group)
        assert.notDeepEqual(next, { host: "127.0.0.1", port: d.primary.port })
        // The old primary says READONLY, or closes the connection, once it is demoted.
        const there = yield* RedisClient.make({ address: next })
        yield* until(
          Effect.gen(function*() {
            const mark = load.acknowledged.length
            yield* until(Effect.sync(() => load.acknowledged.length > mark + 50))
            const newest = load.acknowledged[load.acknowledged.length - 1]![1]
            return (yield* there.get(newest)) !== null
          })
        )
        load.stopped = true
        yield* Fiber.join(running).pipe(Effect.timeout("10 seconds"))
        assert.strictEqual(load.pending.size, 0)
        for (const error of load.failed) assert.isTrue(knownTags.has(error._tag), error._tag)
      })
    ), 60_000)

  it.live("SIGSTOP of the primary: the client leaves it without being told", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment()
        const { redis } = yield* clientsOf(d)
        yield* redis.set("a", "1")
        yield* d.primary.signal("SIGSTOP")
        const write = yield* Effect.exit(redis.incr("n"))
        assert.strictEqual(failureOf(write)._tag, "AmbiguousOutcome")
        assert.strictEqual(yield* redis.get("a"), "1")
        const info = yield* redis.info("server")
        assert.notStrictEqual(Number(info["tcp_port"]), d.primary.port)
        yield* d.primary.signal("SIGCONT")
      })
    ), 60_000)

  it.live("a replica frozen by SIGSTOP is left for another", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment()
        const { redis, replica } = yield* clientsOf(d)
        yield* redis.set("a", "1")
        yield* until(Effect.map(replica.get("a"), (v) => v === "1"))
        const port = Number((yield* replica.info("server"))["tcp_port"])
        const frozen = d.replicas.find((r) => r.port === port)!
        yield* frozen.signal("SIGSTOP")
        assert.strictEqual(yield* replica.get("a"), "1")
        assert.notStrictEqual(Number((yield* replica.info("server"))["tcp_port"]), port)
        assert.strictEqual((yield* replica.role()).role, "replica")
        yield* frozen.signal("SIGCONT")
      })
    ), 60_000)
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
