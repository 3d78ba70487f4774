/**
 * Consumers of groups in detail: how often an entry counts as delivered, which handlers have spans, what a consumer does
 * that stops without servers, and what it notices of another process with its name.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import { xreadgroup } from "../src/commands/streamGroups.ts"
import { xadd } from "../src/commands/streams.ts"
import { Connector, RedisClient, Sentinel } from "../src/index.ts"
import { Claims } from "../src/internal/streams/claims.ts"
import { consumerSettings } from "../src/internal/streams/consumerOptions.ts"
import * as Testing from "../src/testing/index.ts"
import { add, begin, consume, pendingCount, replacing, servers, until, whileTimePasses } from "./support/consumers.ts"
import { live, moved } from "./support/group.ts"

describe.each(servers)("the count of deliveries %s", (_, on) => {
  it.effect("stays right when a consumer claims its own entry, as after a standstill of its process", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      const seen: Array<number> = []
      const release = yield* Deferred.make<void>()
      const { stop, told } = yield* consume(
        redis,
        { minIdle: "2 seconds", claimInterval: "100 millis", concurrency: 2 },
        ({ deliveries }) => {
          seen.push(deliveries)
          return deliveries === 1 ? Effect.andThen(Deferred.await(release), Effect.fail("no")) : Effect.void
        }
      )
      yield* until(Effect.sync(() => seen.length === 1))
      const [pending] = yield* whileTimePasses(redis.xpendingRange("orders", "g", "-", "+", 1))
      yield* whileTimePasses(redis.xclaimJustid("orders", "g", "c", "0 millis", pending!.id, { idle: "1 hour" }))
      yield* until(Effect.sync(() => told("Redelivered").length === 1))
      // It is put right within a second.
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      const [counted] = yield* whileTimePasses(redis.xpendingRange("orders", "g", "-", "+", 1))
      yield* Deferred.succeed(release, undefined)
      yield* until(Effect.sync(() => seen.length === 2))
      yield* stop
      assert.strictEqual(counted!.deliveries, 1)
      assert.deepStrictEqual(seen, [1, 2])
    }).pipe(Effect.provide(live())))

  it.effect("does not contain a delivery whose reply was lost", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      const seen: Array<string> = []
      const { stop, told } = yield* consume(
        redis,
        { minIdle: "1 hour", inspectInterval: "1 hour", deadLetter: { key: "dead", maxDeliveries: 1 } },
        ({ deliveries, value }) => Effect.sync(() => void seen.push(`${value.n}:${deliveries}`))
      )
      yield* until(Effect.sync(() => told("GroupCreated").length === 1))
      yield* whileTimePasses(Effect.sleep("1 second"))
      const address = yield* control.primary
      const adder = yield* RedisClient.make({ address }).pipe(
        Effect.provideService(Connector.Connector, control.network.dialer("adder"))
      )
      yield* whileTimePasses(adder.ping())
      const added = yield* Effect.forkScoped(Effect.andThen(Effect.yieldNow, add(adder, 1)))
      // The reply to XADD has some twenty bytes; the next one is that of the consumer.
      yield* control.cut({ address, direction: "reply", after: 40 })
      yield* until(Effect.sync(() => seen.length === 1))
      yield* whileTimePasses(Fiber.join(added))
      yield* until(Effect.map(pendingCount(redis), (count) => count === 0))
      yield* stop
      assert.isAbove(told("Outage").length, 0)
      assert.deepStrictEqual(seen, ["0:1"])
      assert.strictEqual(told("DeadLettered").length, 0)
    }).pipe(Effect.provide(live())))

  it.effect("stays right where the server gives an entry that a handler has in place of one that is gone", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(redis.xgroupCreate("orders", "g", "0", { mkstream: true }))
      yield* whileTimePasses(add(redis, 3))
      yield* whileTimePasses(redis.xreadgroup("g", "c", { orders: ">" }))
      const pending = yield* whileTimePasses(redis.xpendingRange("orders", "g", "-", "+", 10))
      const [first, second, third] = pending.map(({ id }) => id)
      // Another one acknowledges the second entry after it is listed.
      const xpendingRange: typeof redis.xpendingRange = (...args: Parameters<typeof redis.xpendingRange>) =>
        Effect.tap(redis.xpendingRange(...args), redis.xack("orders", "g", second!))
      const claims = new Claims(
        replacing(redis, { xpendingRange }),
        "orders",
        consumerSettings("consume", { group: "g", consumer: "c" })
      )
      const isKnown = (id: string) => id === first || id === third
      const taken = yield* whileTimePasses(claims.own(10, isKnown, () => true))
      assert.deepStrictEqual(taken.entries, [])
      const counted = yield* whileTimePasses(redis.xpendingRange("orders", "g", "-", "+", 10))
      assert.deepStrictEqual(counted.map(({ deliveries, id }) => [id, deliveries]), [[first, 1], [third, 1]])
    }).pipe(Effect.provide(live())))
})

describe("handlers", () => {
  it.effect("that end at once are many at a time without a stack of calls", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(redis.eval(
        "for i = 1, 5000 do redis.call('XADD', KEYS[1], '*', 'n', i) end",
        ["orders"],
        []
      ))
      let seen = 0
      const { stop, told } = yield* consume(redis, { prefetch: 10_000 }, () => Effect.sync(() => void seen++))
      yield* until(Effect.sync(() => seen >= 5000))
      yield* until(Effect.map(pendingCount(redis), (count) => count === 0))
      yield* stop
      assert.strictEqual(seen, 5000)
      assert.deepStrictEqual(told("Failed"), [])
    }).pipe(Effect.provide(live())))

  for (const traced of [true, false]) {
    it.effect(traced ? "have a span where there is a tracer" : "have none where nobody sees it", () => {
      const names: Array<string> = []
      const parents: Array<string | undefined> = []
      const tracer = Tracer.make({
        span: (options) => {
          names.push(options.name)
          return new Tracer.NativeSpan(options)
        }
      })
      const program = Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        yield* begin(redis)
        yield* whileTimePasses(add(redis, 3))
        const { stop } = yield* consume(redis, {}, () =>
          Effect.match(Effect.currentSpan, {
            onSuccess: ({ name }) => void parents.push(name),
            onFailure: () => void parents.push(undefined)
          }))
        yield* until(Effect.sync(() => parents.length === 3))
        yield* stop
      }).pipe(Effect.provide(live()))
      const checked = Effect.andThen(
        traced ? Effect.provideService(program, Tracer.Tracer, tracer) : program,
        Effect.sync(() => {
          const expected = traced ? Array.from({ length: 3 }, () => "process orders g") : []
          assert.deepStrictEqual(names.filter((name) => name.startsWith("process")), expected)
          assert.deepStrictEqual(parents, traced ? expected : [undefined, undefined, undefined])
        })
      )
      return checked
    })
  }

  it.effect("that die are told with their defect, and become dead letters at the limit", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      const { stop, told } = yield* consume(
        redis,
        { retry: { times: 1 }, deadLetter: { key: "dead", maxDeliveries: 1 } },
        ({ value }) => value.n === 0 ? Effect.die(new RangeError("out of range")) : Effect.void
      )
      yield* until(Effect.map(redis.xlen("dead"), (length) => length === 1))
      yield* stop
      assert.strictEqual(told("Retried").length, 1)
      const [failed] = told("Failed")
      assert.strictEqual(failed!.reason, "RangeError")
      assert.include(Cause.pretty(failed!.cause), "out of range")
      assert.notInclude(JSON.stringify(told("Failed")), "out of range")
      assert.deepStrictEqual(told("DeadLettered").map(({ reason }) => reason), ["RangeError"])
    }).pipe(Effect.provide(live())))
})

describe("a consumer of a client that has not connected yet", () => {
  it.effect("tells no move of the group", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      yield* begin(yield* RedisClient.RedisClient)
      yield* control.failover
      yield* until(moved)
      for (const address of control.sentinels) yield* control.slow(address, { latency: "50 millis" })
      const sentinel = yield* Sentinel.make({ sentinels: control.sentinels })
      const redis = yield* sentinel.primaryFor("mymaster")
      const { stop, told } = yield* consume(redis, {}, () => Effect.void)
      yield* whileTimePasses(add(redis, 3))
      yield* until(Effect.map(pendingCount(redis), (count) => count === 0))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      yield* stop
      assert.strictEqual(told("GroupCreated").length, 1)
      assert.deepStrictEqual(told("GroupMoved"), [])
    }).pipe(Effect.provide(live())))
})

describe("a consumer that stops", () => {
  it.effect("without servers gives up at once what cannot be done, and tells it", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const control = yield* Testing.Deployment
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 3))
      const gate = yield* Deferred.make<void>()
      let begun = 0
      const { stop, told } = yield* consume(
        redis,
        { concurrency: 2, prefetch: 1, stopTimeout: "0 millis" },
        ({ value }) => {
          begun++
          return value.n === 0 ? Deferred.await(gate) : Effect.never
        }
      )
      yield* until(Effect.map(pendingCount(redis), (count) => count === 3))
      yield* until(Effect.sync(() => begun === 2))
      for (const address of [...control.nodes, ...control.sentinels]) yield* control.kill(address)
      yield* until(Effect.sync(() => told("Outage").length === 1))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      yield* Deferred.succeed(gate, undefined)
      yield* until(Effect.sync(() => begun === 3))
      const began = yield* Clock.currentTimeMillis
      yield* stop
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 300)
      assert.deepStrictEqual(told("Stopped"), [
        { _tag: "Stopped", handedBack: 0, left: 2, interrupted: 2, unacknowledged: 1 }
      ])
    }).pipe(Effect.provide(live())))
})

describe("entries that are trimmed before the group has read them", () => {
  it.effect("are told once", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      const { stop, told } = yield* consume(
        redis,
        { inspectInterval: "1 second", prefetch: 0, stopTimeout: "0 millis" },
        () => Effect.never
      )
      yield* whileTimePasses(add(redis, 10))
      yield* until(Effect.map(pendingCount(redis), (count) => count === 1))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      assert.deepStrictEqual(told("EntriesMissed"), [])
      yield* whileTimePasses(redis.xtrim("orders", { strategy: "maxlen", threshold: 3 }))
      yield* until(Effect.sync(() => told("EntriesMissed").length > 0))
      yield* whileTimePasses(Effect.sleep("3 seconds"))
      const [group] = yield* whileTimePasses(redis.xinfoGroups("orders"))
      assert.deepStrictEqual(told("EntriesMissed"), [
        { _tag: "EntriesMissed", after: group!.lastDeliveredId, count: 6 }
      ])
      yield* stop
    }).pipe(Effect.provide(live())))
})

describe("the name of a consumer", () => {
  it.effect("that another process uses too is noticed", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      const { stop, told } = yield* consume(redis, { inspectInterval: "1 second" }, () => Effect.void)
      yield* until(Effect.sync(() => told("GroupCreated").length === 1))
      yield* whileTimePasses(Effect.sleep("3 seconds"))
      for (let n = 0; n < 5; n++) {
        yield* whileTimePasses(add(redis, 20))
        yield* whileTimePasses(Effect.sleep("600 millis"))
      }
      assert.deepStrictEqual(told("NameShared"), [])
      // Another process reads first.
      const id = yield* whileTimePasses(redis.transaction([
        xadd("orders", "*", { n: 1 }),
        xreadgroup("g", "c", { orders: ">" })
      ]))
      yield* until(Effect.sync(() => told("NameShared").length === 1))
      assert.deepStrictEqual(told("NameShared")[0]!.ids, [id[0]])
      yield* whileTimePasses(Effect.sleep("10 seconds"))
      assert.strictEqual(told("NameShared").length, 1)
      yield* stop
    }).pipe(Effect.provide(live())))
})
