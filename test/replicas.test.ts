/**
 * Reads from replicas: the rules of choice as properties, and what a client
 * that reads from several does in memory.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Address, commands, type Errors, RedisClient, Sentinel } from "../src/index.ts"
import { chooseReplica, isWithinLag, OffsetHistory } from "../src/internal/replicas/selection.ts"
import type { Candidate, MaxLag, ReplicaSelection } from "../src/Options.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { timePassing } from "./support/time.ts"

const whileTimePasses = timePassing("2 millis")

const live = (
  replica: Sentinel.ReplicaOptions,
  deployment: Testing.Options = {},
  options: Partial<Sentinel.Options> = {}
) =>
  Layer.merge(RedisClient.layerPrimary("mymaster"), RedisClient.layerReplica("mymaster", replica)).pipe(
    Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379"], ...options })),
    Layer.provideMerge(Testing.layer(deployment))
  )

/** How many GETs each node has executed. */
const gets = Effect.gen(function*() {
  const deployment = yield* Testing.Deployment
  return Object.fromEntries(
    deployment.nodes.map((address) => [address, deployment.node(address).executed.get("GET") ?? 0])
  )
})

const readMany = (n: number) =>
  Effect.gen(function*() {
    const replica = yield* RedisClient.RedisReplica
    return yield* whileTimePasses(Effect.forEach(Array.from({ length: n }), () => replica.get("a")))
  })

const serving = Effect.gen(function*() {
  const replica = yield* RedisClient.RedisReplica
  const deployment = yield* Testing.Deployment
  const run = (yield* whileTimePasses(replica.info("server"))).server.run_id
  return deployment.nodes.find((address) => deployment.node(address).runId === run)!
})

describe("the rules of selection", () => {
  const candidates = (numbers: ReadonlyArray<readonly [latency: number, offset: number, label: string]>) =>
    numbers.map(([latency, offset, label], i): Candidate => ({
      address: { host: "10.0.0.1", port: i + 1 },
      label,
      priority: 100,
      latencyMillis: latency,
      offset,
      lagBytes: undefined,
      lagMillis: undefined
    }))
  const some = Schema.NonEmptyArray(
    Schema.Tuple([
      Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 50 })),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 })),
      Schema.Literals(["a", "b", "c"])
    ])
  )

  it.effect.prop(
    "one of the candidates, by its rule",
    [some, Schema.Int, Schema.Finite],
    ([numbers, n, x]) =>
      Effect.sync(() => {
        const list = candidates(numbers)
        const turn = Math.abs(n % 1000)
        const random = () => Math.abs(x % 1)
        const by = (replicaSelection: ReplicaSelection): Candidate =>
          chooseReplica(replicaSelection, list, turn, random)
        for (const replicaSelection of ["round-robin", "random", "latency", "lag", "sticky"] as const) {
          assert.include(list, by(replicaSelection))
        }
        assert.strictEqual(by("latency").latencyMillis, Math.min(...list.map((c) => c.latencyMillis!)))
        assert.strictEqual(by("lag").offset, Math.max(...list.map((c) => c.offset!)))
        assert.strictEqual(by("round-robin"), list[turn % list.length])
        const preferred = by({ prefer: ["z", "b", "a"] })
        assert.strictEqual(
          preferred.label,
          list.some((c) => c.label === "b") ? "b" : list.some((c) => c.label === "a") ? "a" : "c"
        )
        const last = list[list.length - 1]!
        assert.strictEqual(by((all) => all[all.length - 1]), last)
        assert.include(list, by(() => ({ ...last })))
      })
  )

  it.effect.prop("in turn, everybody comes", [some], ([numbers]) =>
    Effect.sync(() => {
      const list = candidates(numbers)
      const seen = new Set(list.map((_, turn) => chooseReplica("round-robin", list, turn, () => 0)))
      assert.strictEqual(seen.size, list.length)
    }))

  it.effect.prop(
    "the lag in time is from when the primary had more",
    [Schema.NonEmptyArray(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 })))],
    ([steps]) =>
      Effect.sync(() => {
        const history = new OffsetHistory()
        let offset = 0
        const at: Array<readonly [number, number]> = []
        steps.forEach((step, i) => {
          offset += step
          history.add(i * 10, offset)
          at.push([i * 10, offset])
        })
        const now = steps.length * 10
        assert.strictEqual(history.lagMillis(offset, now), 0)
        for (const [time, then] of at) {
          const lag = history.lagMillis(then, now)!
          assert.isAtMost(lag, now - time)
          assert.isAtLeast(lag, 0)
        }
        assert.strictEqual(history.lagMillis(-1, now), undefined)
      })
  )

  it("a replica that is too far behind, or not measured, is not within maxLag", () => {
    const [candidate] = candidates([[1, 1, "a"]])
    const is = (lag: Partial<Candidate>, max: MaxLag | undefined): boolean =>
      isWithinLag({ ...candidate!, ...lag }, max)
    assert.isTrue(is({}, undefined))
    assert.isFalse(is({}, { bytes: 10 }))
    assert.isTrue(is({ lagBytes: 10 }, { bytes: 10 }))
    assert.isFalse(is({ lagBytes: 11 }, { bytes: 10 }))
    assert.isTrue(is({ lagMillis: 100 }, { time: "100 millis" }))
    assert.isFalse(is({ lagMillis: 101 }, { time: "100 millis" }))
    assert.isFalse(is({ lagBytes: 1 }, { bytes: 10, time: "100 millis" }))
  })
})

describe("several replicas", () => {
  it.effect("in turn", () =>
    Effect.gen(function*() {
      yield* readMany(1)
      yield* TestClock.adjust("100 millis")
      const before = yield* gets
      yield* readMany(100)
      const after = yield* gets
      assert.deepStrictEqual(
        Object.keys(after).map((address) => after[address]! - before[address]!),
        [0, 50, 50]
      )
    }).pipe(Effect.provide(live({ replicaSelection: "round-robin" }))))

  it.effect("at random, all of them", () =>
    Effect.gen(function*() {
      yield* readMany(1)
      yield* TestClock.adjust("100 millis")
      yield* readMany(200)
      const counts = yield* gets
      assert.strictEqual(counts["10.0.0.1:6379"], 0)
      assert.isAbove(counts["10.0.0.2:6379"]!, 60)
      assert.isAbove(counts["10.0.0.3:6379"]!, 60)
    }).pipe(Effect.provide(live({ replicaSelection: "random" }))))

  it.effect("the fastest replica", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* deployment.slow("10.0.0.2:6379", { latency: "20 millis" })
      yield* readMany(1)
      yield* TestClock.adjust("3 seconds")
      const before = yield* gets
      yield* readMany(20)
      const after = yield* gets
      assert.strictEqual(after["10.0.0.2:6379"]! - before["10.0.0.2:6379"]!, 0)
      assert.strictEqual(after["10.0.0.3:6379"]! - before["10.0.0.3:6379"]!, 20)
      // And the other one, when that has become slow.
      yield* deployment.slow("10.0.0.2:6379", { latency: "0 millis" })
      yield* deployment.slow("10.0.0.3:6379", { latency: "20 millis" })
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual(yield* serving, "10.0.0.2:6379")
    }).pipe(Effect.provide(live({ replicaSelection: "latency" }))))

  it.effect("the replica with the most history", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* readMany(1)
      yield* deployment.partition("10.0.0.1:6379", "10.0.0.3:6379")
      yield* whileTimePasses(redis.set("a", "x".repeat(1000)))
      yield* TestClock.adjust("2 seconds")
      for (let i = 0; i < 4; i++) assert.strictEqual(yield* serving, "10.0.0.2:6379")
    }).pipe(Effect.provide(live({ replicaSelection: "lag" }))))

  it.effect("the replicas with a label, as long as there are any", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* readMany(1)
      yield* TestClock.adjust("100 millis")
      for (let i = 0; i < 4; i++) assert.strictEqual(yield* serving, "10.0.0.3:6379")
      yield* deployment.kill("10.0.0.3:6379")
      for (let i = 0; i < 4; i++) assert.strictEqual(yield* serving, "10.0.0.2:6379")
    }).pipe(Effect.provide(live(
      { replicaSelection: { prefer: ["zone-b"] } },
      {},
      { label: ({ address }) => Address.format(address) === "10.0.0.3:6379" ? "zone-b" : "zone-a" }
    ))))

  it.effect("a custom function", () =>
    Effect.gen(function*() {
      yield* readMany(1)
      yield* TestClock.adjust("100 millis")
      for (let i = 0; i < 4; i++) assert.strictEqual(yield* serving, "10.0.0.3:6379")
    }).pipe(Effect.provide(live({
      replicaSelection: (candidates) => candidates.find((c) => Address.format(c.address) === "10.0.0.3:6379")
    }))))

  it.effect("excludePriorityZero leaves out a replica with priority 0", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      deployment.node("10.0.0.2:6379").config.set("replica-priority", "0")
      yield* TestClock.adjust("12 seconds")
      for (let i = 0; i < 4; i++) assert.strictEqual(yield* serving, "10.0.0.3:6379")
    }).pipe(Effect.provide(live({ replicaSelection: "round-robin", excludePriorityZero: true }))))

  it.effect("a dead replica costs a read only a retry; it is used again when it returns", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const replica = yield* RedisClient.RedisReplica
      yield* whileTimePasses(redis.set("a", "1"))
      yield* readMany(1)
      yield* TestClock.adjust("100 millis")
      const reading = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 300 }),
          () => Effect.andThen(Effect.sleep("5 millis"), Effect.exit(replica.get("a")))
        )
      )
      yield* TestClock.adjust("300 millis")
      yield* deployment.kill("10.0.0.2:6379")
      const exits = yield* whileTimePasses(Fiber.join(reading))
      assert.deepStrictEqual(exits.filter((exit) => !Exit.isSuccess(exit) || exit.value !== "1"), [])
      yield* deployment.restart("10.0.0.2:6379")
      yield* TestClock.adjust("15 seconds")
      const before = yield* gets
      yield* readMany(20)
      const after = yield* gets
      assert.isAbove(after["10.0.0.2:6379"]! - before["10.0.0.2:6379"]!, 5)
    }).pipe(Effect.provide(live({ replicaSelection: "round-robin" }))))

  it.effect("a hanging replica costs a read no more than stallTimeout", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.set("a", "1"))
      yield* readMany(1)
      yield* TestClock.adjust("100 millis")
      yield* deployment.hang("10.0.0.2:6379")
      assert.deepStrictEqual(yield* readMany(10), Array.from({ length: 10 }, () => "1"))
    }).pipe(Effect.provide(live({ replicaSelection: "round-robin", stallTimeout: "200 millis" }))))

  it.effect("after a failover the new primary is no longer a replica", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* readMany(1)
      yield* TestClock.adjust("1 second")
      yield* deployment.failover
      yield* TestClock.adjust("20 seconds")
      const primary = yield* deployment.primary
      const before = yield* gets
      yield* readMany(40)
      const after = yield* gets
      assert.strictEqual(after[primary]! - before[primary]!, 0)
      // The one that was the primary is one now.
      assert.isAbove(after["10.0.0.1:6379"]! - before["10.0.0.1:6379"]!, 10)
    }).pipe(Effect.provide(live({ replicaSelection: "round-robin" }))))

  describe("fallback", () => {
    const lagging = (fallbackToPrimary: boolean | "when-none", timeout = "300 millis" as const) =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        const replica = yield* RedisClient.RedisReplica
        yield* whileTimePasses(redis.set("a", "1"))
        yield* readMany(1)
        yield* TestClock.adjust("2 seconds")
        deployment.node("10.0.0.1:6379").lagMillis = [60_000, 60_000]
        yield* whileTimePasses(redis.set("a", "x".repeat(1000)))
        yield* TestClock.adjust("2 seconds")
        return yield* whileTimePasses(Effect.exit(replica.strlen("a")))
      }).pipe(
        Effect.provide(live({ fallbackToPrimary, maxLag: { bytes: 100 }, commandTimeout: timeout }))
      )

    it.effect("true: the primary serves if no replica is within maxLag", () =>
      Effect.map(lagging(true), (exit) => assert.deepStrictEqual(exit, Exit.succeed(1000))))

    it.effect("\"when-none\": the primary does not serve while there are replicas", () =>
      Effect.map(lagging("when-none"), (exit) => assert.strictEqual(failureOf(exit)._tag, "ReplicaNotFound")))

    it.effect("false: the primary does not serve", () =>
      Effect.map(lagging(false), (exit) => assert.strictEqual(failureOf(exit)._tag, "ReplicaNotFound")))

    it.effect("\"when-none\": the primary serves if there is no replica", () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        yield* whileTimePasses(redis.set("a", "1"))
        yield* readMany(1)
        for (const address of deployment.nodes.slice(1)) yield* deployment.kill(address)
        assert.deepStrictEqual(yield* readMany(3), ["1", "1", "1"])
        assert.strictEqual(yield* serving, "10.0.0.1:6379")
      }).pipe(Effect.provide(live({ replicaSelection: "round-robin", fallbackToPrimary: "when-none" }))))
  })

  it.effect("a lag in time", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const replica = yield* RedisClient.RedisReplica
      yield* whileTimePasses(redis.set("a", "1"))
      yield* readMany(1)
      yield* TestClock.adjust("2 seconds")
      yield* deployment.partition("10.0.0.1:6379", "10.0.0.2:6379")
      const writing = yield* Effect.forkChild(
        Effect.forever(Effect.andThen(redis.incr("n"), Effect.sleep("50 millis")))
      )
      yield* TestClock.adjust("4 seconds")
      for (let i = 0; i < 4; i++) assert.strictEqual(yield* serving, "10.0.0.3:6379")
      yield* Fiber.interrupt(writing)
      assert.isNotNull(yield* whileTimePasses(replica.get("n")))
    }).pipe(Effect.provide(live({ replicaSelection: "round-robin", maxLag: { time: "1500 millis" } }))))

  it.effect("reserved connections and pipelines read from them too", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const replica = yield* RedisClient.RedisReplica
      yield* whileTimePasses(redis.set("a", "1"))
      assert.deepStrictEqual(yield* readMany(1), ["1"])
      assert.strictEqual(
        yield* whileTimePasses(Effect.scoped(Effect.flatMap(replica.reserve, (reserved) => reserved.get("a")))),
        "1"
      )
    }).pipe(Effect.provide(live({ replicaSelection: "round-robin" }))))
})

describe("reading your own writes", () => {
  for (const replicaSelection of ["sticky", "round-robin"] as const) {
    it.effect(`${replicaSelection}: a read waits for the replica, or goes to the primary`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        const replica = yield* RedisClient.RedisReplica
        yield* readMany(1)
        yield* whileTimePasses(redis.set("a", "1"))
        const own = replica.afterOffset(yield* whileTimePasses(redis.offset))
        assert.strictEqual(yield* whileTimePasses(own.get("a")), "1")
        const counts = yield* gets
        assert.strictEqual(counts["10.0.0.1:6379"], 0)
        for (const address of deployment.nodes.slice(1)) yield* deployment.partition("10.0.0.1:6379", address)
        yield* whileTimePasses(redis.set("a", "2"))
        const later = replica.afterOffset(yield* whileTimePasses(redis.offset))
        assert.strictEqual(yield* whileTimePasses(later.get("a")), "2")
        assert.strictEqual((yield* gets)["10.0.0.1:6379"], 1)
        const older: Effect.Effect<string | null, Errors.RedisError> = replica.get("a")
        assert.strictEqual(yield* whileTimePasses(older), "1")
      }).pipe(Effect.provide(live({ replicaSelection }, { lag: "5 millis" }))))
  }

  it.effect("without the primary it waits until its deadline", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const replica = yield* RedisClient.RedisReplica
      yield* readMany(1)
      for (const address of deployment.nodes.slice(1)) yield* deployment.partition("10.0.0.1:6379", address)
      yield* whileTimePasses(redis.set("a", "2"))
      const own = replica.afterOffset(yield* whileTimePasses(redis.offset))
      for (const read of [own.get("a"), own.pipeline([commands.get("a")]), own.transaction([commands.get("a")])]) {
        const exit = yield* whileTimePasses(Effect.exit(read as Effect.Effect<unknown, Errors.RedisError>))
        assert.strictEqual(failureOf(exit)._tag, "DeadlineExceeded")
      }
    }).pipe(Effect.provide(live({ fallbackToPrimary: false, commandTimeout: "300 millis" }))))

  it.effect("after a failover it fails with EpochPassed", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const replica = yield* RedisClient.RedisReplica
      yield* readMany(1)
      yield* whileTimePasses(redis.set("a", "1"))
      const own = replica.afterOffset(yield* whileTimePasses(redis.offset))
      yield* deployment.failover
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(failureOf(yield* whileTimePasses(Effect.exit(own.get("a"))))._tag, "EpochPassed")
    }).pipe(Effect.provide(live({}))))
})
