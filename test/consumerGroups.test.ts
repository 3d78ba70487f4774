/**
 * Consumer groups on nodes in memory, through a client: what a failover keeps of them, consumers that wait, and what
 * only servers have that are not at hand. That the nodes answer as Redis 7.0 does is the conformance suite's.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { type Errors, RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { inSteps, live, moved } from "./support/group.ts"

const { ready, until, whileTimePasses } = inSteps("5 millis")

/** A group of a stream with three entries, two of which a consumer has got. */
const delivered = (redis: RedisClient.RedisClient["Service"]) =>
  whileTimePasses(Effect.gen(function*() {
    for (const n of [1, 2, 3]) yield* redis.xadd("orders", `${n}-0`, { n })
    yield* redis.xgroupCreate("orders", "g", "0")
    return yield* redis.xreadgroup("g", "c", { orders: ">" }, { count: 2 })
  }))

const failOver = Effect.gen(function*() {
  const deployment = yield* Testing.Deployment
  yield* deployment.failover
  yield* until(moved)
})

const idsOf = (read: ReadonlyMap<string, ReadonlyArray<{ readonly id: string }>> | null): ReadonlyArray<string> =>
  read?.get("orders")?.map(({ id }) => id) ?? []

describe("consumer groups", () => {
  it.effect("a failover keeps groups, what is pending, and how far they are", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      assert.deepStrictEqual(idsOf(yield* delivered(redis)), ["1-0", "2-0"])
      yield* whileTimePasses(redis.xclaim("orders", "g", "d", "0 millis", "2-0", { retryCount: 7 }))
      yield* whileTimePasses(redis.xgroupCreateconsumer("orders", "g", "idle"))
      const before = yield* whileTimePasses(redis.xinfoStreamFull("orders"))
      yield* failOver
      const after = yield* whileTimePasses(redis.xinfoStreamFull("orders"))
      assert.deepStrictEqual(after.groups[0]!.pending, before.groups[0]!.pending)
      assert.deepStrictEqual(
        after.groups.map(({ consumers, entriesRead, lag, lastDeliveredId }) => ({
          consumers: consumers.map(({ name, pelCount }) => `${name} ${pelCount}`),
          entriesRead,
          lag,
          lastDeliveredId
        })),
        [{ consumers: ["c 1", "d 1", "idle 0"], entriesRead: 2, lag: 1, lastDeliveredId: "2-0" }]
      )
      assert.deepStrictEqual(idsOf(yield* whileTimePasses(redis.xreadgroup("g", "c", { orders: ">" }))), ["3-0"])
      assert.strictEqual(yield* whileTimePasses(redis.xack("orders", "g", "1-0", "2-0", "3-0")), 3)
    }).pipe(Effect.provide(live())))

  it.effect("reading again counts on the primary alone, as at a real server", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* delivered(redis)
      const deliveries = Effect.map(
        redis.xpendingRange("orders", "g", "-", "+", 1),
        ([entry]) => entry!.deliveries
      )
      yield* whileTimePasses(redis.xreadgroup("g", "c", { orders: "0" }))
      assert.strictEqual(yield* whileTimePasses(deliveries), 2)
      yield* failOver
      assert.strictEqual(yield* whileTimePasses(deliveries), 1)
    }).pipe(Effect.provide(live())))

  it.effect("a consumer that waits continues at the new primary", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* whileTimePasses(redis.xgroupCreate("orders", "g", "$", { mkstream: true }))
      const waiting = yield* Effect.forkChild(
        redis.xreadgroup("g", "c", { orders: ">" }, { block: "1 minute" }),
        { startImmediately: true }
      )
      yield* TestClock.adjust("100 millis")
      yield* failOver
      // Longer than one turn.
      yield* TestClock.adjust("12 seconds")
      assert.isUndefined(waiting.pollUnsafe())
      yield* whileTimePasses(redis.xadd("orders", "1-0", { n: 1 }))
      assert.deepStrictEqual(idsOf(yield* whileTimePasses(Fiber.join(waiting))), ["1-0"])
      assert.strictEqual((yield* whileTimePasses(redis.xpending("orders", "g"))).count, 1)
    }).pipe(Effect.provide(live())))

  it.effect("consumers that wait get entries in the order in which they came", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.xgroupCreate("orders", "g", "$", { mkstream: true }))
      const waiting = yield* Effect.forEach(["a", "b", "c"], (consumer) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(
            redis.xreadgroup("g", consumer, { orders: ">" }, { block: "Infinity", count: 1 }),
            { startImmediately: true }
          )
          yield* TestClock.adjust("10 millis")
          return fiber
        }))
      for (const [i, fiber] of waiting.entries()) {
        yield* whileTimePasses(redis.xadd("orders", `${i + 1}-0`, { i }))
        assert.deepStrictEqual(idsOf(yield* whileTimePasses(Fiber.join(fiber))), [`${i + 1}-0`])
        for (const later of waiting.slice(i + 1)) assert.isUndefined(later.pollUnsafe())
      }
    }).pipe(Effect.provide(live())))

  it.effect("a consumer that waits fails when its group is gone, or its key", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      for (
        const [destroy, code] of [
          [Effect.asVoid(redis.xgroupDestroy("orders", "g")), "NOGROUP"],
          [Effect.asVoid(redis.del("orders")), "UNBLOCKED"],
          [Effect.asVoid(redis.set("orders", "text")), "UNBLOCKED"]
        ] as const
      ) {
        yield* whileTimePasses(redis.xgroupCreate("orders", "g", "$", { mkstream: true }))
        const waiting = yield* Effect.forkChild(
          Effect.exit(redis.xreadgroup("g", "c", { orders: ">" }, { block: "Infinity" })),
          { startImmediately: true }
        )
        yield* TestClock.adjust("10 millis")
        yield* whileTimePasses(destroy)
        const error = failureOf(yield* whileTimePasses(Fiber.join(waiting))) as Errors.ReplyError
        assert.deepStrictEqual([error._tag, error.code], ["ReplyError", code])
      }
    }).pipe(Effect.provide(live())))

  it.effect("a read that waits at a replica gets what its primary sends", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const replica = yield* RedisClient.make({ address: "10.0.0.2:6379" })
      const waiting = yield* Effect.forkChild(
        Effect.timed(replica.xread({ orders: "0" }, { block: "Infinity" })),
        { startImmediately: true }
      )
      yield* TestClock.adjust("100 millis")
      yield* whileTimePasses(redis.xadd("orders", "1-0", { n: 1 }))
      const [took, read] = yield* whileTimePasses(Fiber.join(waiting))
      assert.deepStrictEqual(idsOf(read), ["1-0"])
      // Not only in the next turn.
      assert.isBelow(Duration.toMillis(took), 1000)
    }).pipe(Effect.scoped, Effect.provide(live())))
})

describe("streams of later servers", () => {
  it.effect("XREADGROUP with CLAIM gives idle entries first, then new ones", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* delivered(redis)
      yield* TestClock.adjust("2 minutes")
      const read = yield* whileTimePasses(redis.xreadgroupClaim("g", "d", "1 minute", "orders", { maxCount: 3 }))
      assert.deepStrictEqual(
        read?.get("orders")?.map(({ deliveries, id, idle }) => [id, idle !== null, deliveries]),
        [["1-0", true, 1], ["2-0", true, 1], ["3-0", false, 0]]
      )
      assert.isAtLeast(Duration.toMillis(read!.get("orders")![0]!.idle!), 120_000)
      assert.isNull(yield* whileTimePasses(redis.xreadgroupClaim("g", "c", "1 minute", ["orders"])))
      assert.deepStrictEqual((yield* whileTimePasses(redis.xpending("orders", "g"))).consumers, new Map([["d", 3]]))
    }).pipe(Effect.provide(live())))

  it.effect("XNACK gives entries back, which are claimed whatever their age", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* delivered(redis)
      assert.strictEqual(yield* whileTimePasses(redis.xnack("orders", "g", "silent", ["1-0", "9-0"])), 1)
      assert.strictEqual(yield* whileTimePasses(redis.xnack("orders", "g", "fatal", ["2-0"])), 1)
      assert.deepStrictEqual(yield* whileTimePasses(redis.xpendingRange("orders", "g", "-", "+", 10)), [
        { id: "1-0", consumer: null, idle: null, deliveries: 0 },
        { id: "2-0", consumer: null, idle: null, deliveries: Infinity }
      ])
      const read = yield* whileTimePasses(redis.xreadgroupClaim("g", "d", "1 hour", "orders", { count: 1 }))
      assert.deepStrictEqual(idsOf(read), ["1-0"])
      assert.deepStrictEqual(
        idsOf(new Map([["orders", yield* whileTimePasses(redis.xclaim("orders", "g", "d", "1 hour", "2-0"))]])),
        ["2-0"]
      )
    }).pipe(Effect.provide(live())))

  it.effect("entries go when no group needs them any more", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* delivered(redis)
      yield* whileTimePasses(redis.xgroupCreate("orders", "h", "0"))
      assert.deepStrictEqual(yield* whileTimePasses(redis.xackdel("orders", "g", ["1-0", "9-0"], "acked")), [
        "referenced",
        "missing"
      ])
      assert.deepStrictEqual(yield* whileTimePasses(redis.xdelex("orders", ["2-0"], "acked")), ["referenced"])
      yield* whileTimePasses(redis.xreadgroup("h", "c", { orders: ">" }, { noack: true }))
      assert.deepStrictEqual(yield* whileTimePasses(redis.xdelex("orders", ["1-0", "2-0"], "acked")), [
        "deleted",
        "referenced"
      ])
      assert.strictEqual(
        yield* whileTimePasses(
          redis.xtrim("orders", { strategy: "maxlen", threshold: 0 }, { references: "acked" })
        ),
        0
      )
      assert.deepStrictEqual(yield* whileTimePasses(redis.xackdel("orders", "g", ["2-0"], "delref")), ["deleted"])
      assert.strictEqual((yield* whileTimePasses(redis.xpending("orders", "g"))).count, 0)
    }).pipe(Effect.provide(live())))

  it.effect("an entry with a name is added once", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const add = (id: string | undefined, n: number) =>
        whileTimePasses(redis.xadd("orders", "*", { n }, { idempotent: { producer: "p", id } }))
      const first = yield* add("a", 1)
      assert.strictEqual(yield* add("a", 2), first)
      const byContent = yield* add(undefined, 3)
      assert.strictEqual(yield* add(undefined, 3), byContent)
      assert.notStrictEqual(yield* add(undefined, 4), byContent)
      yield* whileTimePasses(redis.xcfgset("orders", { duration: "10 seconds" }))
      const second = yield* add("a", 5)
      assert.notStrictEqual(second, first)
      yield* TestClock.adjust("11 seconds")
      assert.notStrictEqual(yield* add("a", 6), second)
    }).pipe(Effect.provide(live())))

  it.effect("reads have limits over all streams; + is the last entry", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      for (const key of ["a", "b"]) {
        for (const n of [1, 2, 3]) yield* whileTimePasses(redis.xadd(key, `${n}-0`, { f: "x".repeat(50) }))
      }
      const counts = (options: { readonly count?: number; readonly maxCount?: number; readonly maxSize?: number }) =>
        Effect.map(
          whileTimePasses(redis.xread({ a: "0", b: "0" }, options)),
          (read) => Array.from(read ?? [], ([key, entries]) => `${key} ${entries.length}`)
        )
      assert.deepStrictEqual(yield* counts({ count: 2, maxCount: 3 }), ["a 2", "b 1"])
      assert.deepStrictEqual(yield* counts({ maxCount: 3 }), ["a 3"])
      assert.deepStrictEqual(yield* counts({ maxSize: 10 }), ["a 1"])
      assert.deepStrictEqual(yield* counts({ maxSize: 120 }), ["a 2"])
      const last = yield* whileTimePasses(redis.xread({ a: "+", none: "+" }))
      assert.deepStrictEqual(last?.get("a")?.map(({ id }) => id), ["3-0"])
    }).pipe(Effect.provide(live())))
})
