/**
 * Scans and reads after an offset: every page of one scan comes from one server,
 * or the scan says that it does not; and what was promised of one history is
 * not answered from another.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { type Client, commands, type Errors, RedisClient, Sentinel } from "../src/index.ts"
import { makeReplica } from "../src/internal/client/client.ts"
import * as Testing from "../src/testing/index.ts"
import { executorOf } from "./support/executor.ts"
import { failureOf } from "./support/exit.ts"
import { store } from "./support/store.ts"
import { timePassing } from "./support/time.ts"

const whileTimePasses = timePassing("2 millis")

const live = (
  replica: Sentinel.ReplicaOptions,
  deployment: Testing.Options = {},
  options: Partial<Sentinel.Options> = {}
) =>
  Layer.merge(RedisClient.layerPrimary("mymaster", { connections: 2 }), RedisClient.layerReplica("mymaster", replica))
    .pipe(
      Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379"], ...options })),
      Layer.provideMerge(Testing.layer(deployment))
    )

const size = 1000

const fill = Effect.gen(function*() {
  const redis = yield* RedisClient.RedisClient
  const keys = Array.from({ length: size }, (_, i) => `key:${i}`)
  yield* whileTimePasses(redis.mset(Object.fromEntries(keys.map((key) => [key, "1"]))))
  yield* whileTimePasses(redis.sadd("set", ...keys))
  yield* whileTimePasses(redis.hset("hash", Object.fromEntries(keys.map((key) => [key, "1"]))))
  yield* TestClock.adjust("1 second")
  return new Set(keys)
})

type Scans = Pick<Client.ReplicaClient, "scanStream" | "sscanStream" | "hscanStream">

/** All that there is, by each kind of scan. */
const scans = (client: Scans): ReadonlyArray<readonly [string, Stream.Stream<string, Errors.RedisError>]> => [
  ["SCAN", client.scanStream({ match: "key:*", count: 10 })],
  ["SSCAN", client.sscanStream("set", { count: 10 })],
  ["HSCAN", Stream.map(client.hscanStream("hash", { count: 10 }), ([field]) => field)]
]

const isWhole = (keys: ReadonlySet<string>, found: Iterable<string>): void => {
  const all = new Set(found)
  assert.deepStrictEqual(Array.from(keys).filter((key) => !all.has(key)), [])
}

const denyInfo = Effect.gen(function*() {
  const deployment = yield* Testing.Deployment
  for (const address of deployment.nodes) deployment.node(address).users.get("default")!.apply("-info")
})

const policies: ReadonlyArray<Sentinel.ReplicaOptions> = [
  { replicaSelection: "sticky" },
  { replicaSelection: "sticky", connections: 3 },
  { replicaSelection: "round-robin" },
  { replicaSelection: "round-robin", connections: 2 },
  { replicaSelection: "random" },
  { replicaSelection: "latency" },
  { replicaSelection: "lag" },
  { replicaSelection: { prefer: ["none"] } },
  { replicaSelection: (candidates) => candidates[Math.floor(candidates.length / 2)] }
]

const named = (options: Sentinel.ReplicaOptions): string =>
  JSON.stringify(options, (_, value) => typeof value === "function" ? "a function" : value)

for (const isInfoDenied of [false, true]) {
  describe(isInfoDenied ? "scans where INFO is denied" : "scans", () => {
    for (const options of policies) {
      it.effect(`give every element, also several at once, ${named(options)}`, () =>
        Effect.gen(function*() {
          const keys = yield* fill
          if (isInfoDenied) yield* denyInfo
          const redis = yield* RedisClient.RedisClient
          const replica = yield* RedisClient.RedisReplica
          const own = replica.afterOffset(yield* whileTimePasses(redis.offset))
          const all = [...scans(replica), ...scans(own), ...scans(redis), ...scans(replica)]
          const found = yield* whileTimePasses(
            Effect.forEach(all, ([, stream]) => Stream.runCollect(stream), { concurrency: "unbounded" })
          )
          for (const each of found) isWhole(keys, each)
        }).pipe(Effect.provide(live(options, { latency: { min: "0 millis", max: "3 millis" } }))))

      it.effect(`start over only if they were interrupted, ${named(options)}`, () =>
        Effect.gen(function*() {
          const keys = yield* fill
          if (isInfoDenied) yield* denyInfo
          const replica = yield* RedisClient.RedisReplica
          const found: Array<string> = []
          const scanning = yield* Effect.forkChild(
            Stream.runForEach(replica.scanStream({ match: "key:*", count: 10, whenInterrupted: "restart" }), (key) =>
              Effect.sync(() => {
                found.push(key)
              }))
          )
          yield* whileTimePasses(Fiber.join(scanning))
          isWhole(keys, found)
          assert.strictEqual(found.length, size)
        }).pipe(Effect.provide(live(options))))
    }
  })
}

describe("a scan whose replica dies", () => {
  for (const options of policies) {
    for (const isAfter of [false, true]) {
      it.effect(`fails, or starts over and gives every element, ${named(options)}${isAfter ? ", after an offset" : ""}`, () =>
        Effect.gen(function*() {
          const keys = yield* fill
          const deployment = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          const plain = yield* RedisClient.RedisReplica
          const replica = isAfter ? plain.afterOffset(yield* whileTimePasses(redis.offset)) : plain
          const scan = (whenInterrupted: "fail" | "restart") =>
            Effect.gen(function*() {
              const before = deployment.nodes.map((address) => deployment.node(address).executed.get("SCAN") ?? 0)
              let given = 0
              const found: Array<string> = []
              const exit = yield* whileTimePasses(Effect.exit(
                Stream.runForEach(replica.scanStream({ match: "key:*", count: 10, whenInterrupted }), (key) =>
                  Effect.gen(function*() {
                    found.push(key)
                    if (++given !== 500) {
                      return
                    }
                    // The one that has served the pages so far.
                    const victim = deployment.nodes.find((address, i) =>
                      (deployment.node(address).executed.get("SCAN") ?? 0) > before[i]!
                    )!
                    yield* deployment.kill(victim)
                    yield* Effect.sleep("100 millis")
                    yield* deployment.restart(victim)
                  }))
              ))
              yield* TestClock.adjust("5 seconds")
              return { exit, found }
            })
          const failed = yield* scan("fail")
          const error = failureOf(failed.exit)
          assert.strictEqual(error._tag, "ScanInterrupted")
          assert.strictEqual(error._tag === "ScanInterrupted" ? error.given : -1, failed.found.length)
          const whole = yield* scan("restart")
          assert.isTrue(Exit.isSuccess(whole.exit))
          isWhole(keys, whole.found)
        }).pipe(Effect.provide(live(options))))
    }
  }
})

describe("after an offset", () => {
  const replicas: ReadonlyArray<Sentinel.ReplicaOptions> = [
    { replicaSelection: "sticky" },
    { replicaSelection: "round-robin" },
    { replicaSelection: "sticky", fallbackToPrimary: "when-none" },
    { replicaSelection: "round-robin", fallbackToPrimary: false }
  ]
  for (const options of replicas) {
    it.effect(`once the group has moved, no node answers, not even the primary, ${named(options)}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        const replica = yield* RedisClient.RedisReplica
        yield* whileTimePasses(redis.set("a", "0"))
        assert.strictEqual(yield* whileTimePasses(replica.get("a")), "0")
        // What is acknowledged from now on is lost with the primary, and only the primary has ever had it.
        for (const address of deployment.nodes.slice(1)) yield* deployment.partition(deployment.nodes[0]!, address)
        yield* whileTimePasses(redis.set("a", "lost"))
        const own = replica.afterOffset(yield* whileTimePasses(redis.offset))
        yield* deployment.kill(deployment.nodes[0]!)
        // New writes bring the new history as far as the old one was, and farther.
        yield* TestClock.adjust("5 seconds")
        for (let i = 0; i < 20; i++) yield* whileTimePasses(redis.set("b", "x".repeat(100)))
        yield* TestClock.adjust("1 second")
        const reads: ReadonlyArray<Effect.Effect<unknown, Errors.RedisError>> = [
          own.get("a"),
          own.pipeline([commands.get("a")]),
          own.transaction([commands.get("a")]),
          Stream.runCollect(own.scanStream())
        ]
        for (const read of reads) {
          assert.strictEqual(failureOf(yield* whileTimePasses(Effect.exit(read)))._tag, "EpochPassed")
        }
      }).pipe(Effect.provide(live(options))))

    if (options.fallbackToPrimary !== false) {
      it.effect(`a primary that has lost data does not answer in a replica's place, ${named(options)}`, () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const primary = deployment.nodes[0]!
          const redis = yield* RedisClient.RedisClient
          const replica = yield* RedisClient.RedisReplica
          yield* whileTimePasses(redis.set("a", "x".repeat(1000)))
          yield* TestClock.adjust("1 second")
          const own = replica.afterOffset(yield* whileTimePasses(redis.offset))
          assert.strictEqual(yield* whileTimePasses(own.strlen("a")), 1000)
          // Sooner than the sentinels notice: it stays the primary, and its replicas lose with it.
          yield* deployment.kill(primary)
          yield* deployment.restart(primary, { keepData: false })
          yield* TestClock.adjust("1 second")
          const reads = [own.get("a"), own.pipeline([commands.get("a")]), Stream.runCollect(own.scanStream())]
          for (const read of reads as ReadonlyArray<Effect.Effect<unknown, Errors.RedisError>>) {
            assert.strictEqual(failureOf(yield* whileTimePasses(Effect.exit(read)))._tag, "EpochPassed")
          }
        }).pipe(Effect.provide(live(options))))
    }

    it.effect(`a move during the read is detected, ${named(options)}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        const replica = yield* RedisClient.RedisReplica
        yield* whileTimePasses(redis.set("a", "0"))
        yield* whileTimePasses(replica.get("a"))
        for (const address of deployment.nodes.slice(1)) yield* deployment.partition(deployment.nodes[0]!, address)
        yield* whileTimePasses(redis.set("a", "lost"))
        const own = replica.afterOffset(yield* whileTimePasses(redis.offset))
        yield* deployment.hang(deployment.nodes[0]!)
        const reading = yield* Effect.forkChild(Effect.exit(own.get("a")), { startImmediately: true })
        const writing = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: 100 }), () => Effect.exit(redis.set("b", "x".repeat(100)))),
          { startImmediately: true }
        )
        const exit = yield* whileTimePasses(Fiber.join(reading))
        assert.strictEqual(failureOf(exit)._tag, "EpochPassed")
        yield* Fiber.interrupt(writing)
      }).pipe(Effect.provide(live(options))))
  }

  it.effect("a replica that follows a node other than the known primary is not believed", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const replica = yield* RedisClient.RedisReplica
      const [n1, n2, n3] = deployment.nodes as [string, string, string]
      yield* whileTimePasses(redis.set("a", "0"))
      yield* whileTimePasses(replica.get("a"))
      yield* TestClock.adjust("1 second")
      for (const address of [n2, n3]) yield* deployment.partition(n1, address)
      yield* whileTimePasses(redis.set("a", "kept by the primary"))
      const own = replica.afterOffset(yield* whileTimePasses(redis.offset))
      assert.strictEqual(yield* whileTimePasses(own.get("a")), "kept by the primary")
      // A failover that no sentinel has told of: one replica is promoted, the other follows it, and both go on.
      for (const address of deployment.sentinels) yield* deployment.hang(address)
      const [second, third] = [deployment.node(n2), deployment.node(n3)]
      second.promote()
      third.replicate("10.0.0.2", 6379)
      const there = yield* RedisClient.make({ address: n2 })
      for (let i = 0; i < 20; i++) yield* whileTimePasses(there.set("b", "x".repeat(100)))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* whileTimePasses(own.get("a")), "kept by the primary")
    }).pipe(Effect.scoped, Effect.provide(live({ replicaSelection: (all) => all[all.length - 1] }))))
})

describe("a former primary that has more than the offset", () => {
  it.effect("answers no read after it", () =>
    Effect.gen(function*() {
      let isPrimary = false
      const server = store((command) =>
        command === "EXEC" ? "*2\r\n*3\r\n$6\r\nmaster\r\n:100\r\n*0\r\n$1\r\nv\r\n" : undefined
      )
      const { executor } = yield* executorOf(server.dial, {}, { epoch: () => 1, isPrimary: () => isPrimary })
      const read = yield* Effect.forkChild(makeReplica(executor).afterOffset({ epoch: 1, offset: 50 }).get("a"), {
        startImmediately: true
      })
      yield* TestClock.adjust("100 millis")
      assert.isAbove(server.received.length, 0)
      assert.isUndefined(read.pollUnsafe())
      isPrimary = true
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(yield* Fiber.join(read), "v")
    }))
})

describe("scans with bytes", () => {
  const binary = Uint8Array.of(0xff, 0, 0xfe)
  const filled = Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    yield* redis.set(binary, "1")
    yield* redis.hset("hash", [[binary, binary]])
    yield* redis.sadd("set", binary)
    yield* redis.zadd("sorted", [{ member: binary, score: 1 }])
    yield* TestClock.adjust("1 second")
    return redis
  })

  it.effect("give keys, fields and members as bytes, on all kinds of clients", () =>
    Effect.gen(function*() {
      const redis = yield* filled
      const replica = yield* RedisClient.RedisReplica
      const own = replica.afterOffset(yield* redis.offset)
      for (const client of [redis, yield* redis.reserve, replica, yield* replica.reserve, own]) {
        const { bytes } = client
        const keys = yield* whileTimePasses(Stream.runCollect(bytes.scanStream({ type: "string", count: 1 })))
        assert.deepStrictEqual(keys.map((key) => Uint8Array.from(key)), [binary])
        const [pair] = yield* whileTimePasses(Stream.runCollect(bytes.hscanStream("hash")))
        assert.deepStrictEqual(pair!.map((part) => Uint8Array.from(part)), [binary, binary])
        const members = yield* whileTimePasses(Stream.runCollect(bytes.sscanStream("set")))
        assert.deepStrictEqual(members.map((member) => Uint8Array.from(member)), [binary])
        const [scored] = yield* whileTimePasses(Stream.runCollect(bytes.zscanStream("sorted")))
        assert.deepStrictEqual([Uint8Array.from(scored!.member), scored!.score], [binary, 1])
        const found = yield* whileTimePasses(bytes.send("HGET", "hash", binary))
        assert.deepStrictEqual(Uint8Array.from(found as Uint8Array), binary)
      }
    }).pipe(Effect.scoped, Effect.provide(live({}))))

  it.effect("refuse wrong options and writes as those with text do", () =>
    Effect.gen(function*() {
      const { bytes } = yield* RedisClient.RedisReplica
      const scan = failureOf(yield* Effect.exit(Stream.runDrain(bytes.scanStream({ count: 0 }))))
      assert.include(scan.message, "count")
      const write = failureOf(yield* Effect.exit(bytes.send("SET", "k", "v")))
      assert.include(write.message, "a client of replicas does not write")
    }).pipe(Effect.provide(live({}))))
})
