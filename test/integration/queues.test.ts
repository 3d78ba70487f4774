/**
 * Queues and events of keys on real servers: an outage of everything for 30 seconds, interruption at any moment, and
 * notifications that the server does not publish at first.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { RedisClient, Sentinel } from "../../src/index.ts"
import * as RedisQueue from "../../src/RedisQueue.ts"
import { deployment, server } from "../support/processes.ts"

const until = (condition: () => boolean) =>
  Effect.gen(function*() {
    while (!condition()) yield* Effect.sleep("10 millis")
  })

const outage = process.env["ERS_OUTAGE"] ?? "30 seconds"

describe("an outage of everything", () => {
  it.live(
    `all servers and sentinels are stopped for ${outage}: Streams and workers go on`,
    () =>
      Effect.scoped(Effect.gen(function*() {
        const d = yield* deployment()
        const sentinel = yield* Sentinel.make({ sentinels: d.sentinelAddresses })
        const redis = yield* sentinel.primaryFor(d.group)
        const queue = RedisQueue.make({ key: "queue" })
        const popped: Array<string> = []
        const done: Array<string> = []
        yield* Effect.forkScoped(
          Stream.runForEach(
            redis.popStream("list"),
            (item) => Effect.sync(() => void popped.push(item._tag === "Popped" ? item.value : item._tag))
          )
        )
        yield* Effect.forkScoped(
          queue.consume({ concurrency: 2, deadAfter: "3 seconds" }, (job) => Effect.sync(() => void done.push(job)))
        ).pipe(Effect.provideService(RedisClient.RedisClient, redis))
        const push = Effect.provideService(queue.push("one"), RedisClient.RedisClient, redis)
        yield* redis.rpush("list", "one")
        yield* push
        yield* until(() => popped.length === 1 && done.length === 1)
        const all = [d.primary, ...d.replicas, ...d.sentinels]
        for (const process of all) yield* process.kill
        yield* Effect.sleep(outage as "30 seconds")
        for (const process of all) yield* process.restart
        const retried = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.retry(effect, { times: 20 })
        yield* retried(redis.rpush("list", "two"))
        yield* retried(Effect.provideService(queue.push("two"), RedisClient.RedisClient, redis))
        yield* until(() => popped.includes("two") && done.includes("two"))
        assert.deepStrictEqual(popped.filter((item) => item !== "one"), ["MaybeLost", "two"])
      })),
    120_000
  )
})

describe("interruption", () => {
  it.live(
    "of a Stream while an element comes: it is given, or in the list",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const { address } = yield* server()
        const redis = yield* RedisClient.make({ address })
        const producer = yield* RedisClient.make({ address })
        for (let round = 0; round < 100; round++) {
          const given: Array<string> = []
          const fiber = yield* Effect.forkScoped(
            Stream.runForEach(
              redis.popStream("jobs"),
              (item) => Effect.sync(() => void given.push(item._tag === "Popped" ? item.value : item._tag))
            ),
            { startImmediately: true }
          )
          if (round % 2 === 0) yield* redis.ping()
          const pushing = yield* Effect.forkScoped(producer.rpush("jobs", String(round)), { startImmediately: true })
          yield* Effect.sleep(`${(round % 10) * 100} micros`)
          yield* Fiber.interrupt(fiber)
          yield* Fiber.join(pushing)
          const left = yield* redis.lrange("jobs", 0, -1)
          assert.deepStrictEqual([...given, ...left], [String(round)])
          yield* redis.del("jobs")
        }
      })),
    60_000
  )

  it.live("of a worker: what it has taken is in the list again", () =>
    Effect.scoped(Effect.gen(function*() {
      const { address } = yield* server()
      const redis = yield* RedisClient.make({ address })
      const queue = RedisQueue.make({ key: "jobs" })
      for (let round = 0; round < 30; round++) {
        const fiber = yield* Effect.forkScoped(
          Stream.runDrain(queue.take()).pipe(Effect.provideService(RedisClient.RedisClient, redis)),
          { startImmediately: true }
        )
        yield* redis.rpush("jobs", "a", "b", "c")
        yield* Effect.sleep(`${round % 6} millis`)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* redis.lrange("jobs", 0, -1), ["a", "b", "c"])
        yield* redis.del("jobs")
      }
      assert.deepStrictEqual(yield* redis.keys("jobs:processing:*"), [])
    })), 60_000)
})

describe("workers that die", () => {
  it.live(
    "an element that has ended its workers is a dead letter, with the reason",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const { address } = yield* server()
        const redis = yield* RedisClient.make({ address })
        const queue = RedisQueue.make({ key: "jobs" })
        const on = (client: RedisClient.RedisClient["Service"]) =>
          Effect.provideService(RedisClient.RedisClient, client) as <A, E>(
            effect: Effect.Effect<A, E, RedisClient.RedisClient>
          ) => Effect.Effect<A, E>
        yield* redis.rpush("jobs", "bad", "x", "x")
        const deliveries: Array<number> = []
        for (let i = 0; i < 2; i++) {
          // Its client closes first, so that it cannot put anything back.
          const scope = yield* Scope.make()
          const client = yield* Scope.provide(RedisClient.make({ address }), scope)
          const items: Array<RedisQueue.Delivery<string> | RedisQueue.UnreadableDelivery> = []
          const fiber = yield* Effect.forkScoped(
            Stream.runForEach(queue.take({ deadAfter: "1 second" }), (item) => Effect.sync(() => void items.push(item)))
              .pipe(on(client)),
            { startImmediately: true }
          )
          yield* until(() => items.length === 3)
          deliveries.push(...items.map((item) => item.deliveries))
          yield* Scope.close(scope, Exit.void)
          yield* Fiber.await(fiber)
        }
        assert.deepStrictEqual(deliveries, [1, 1, 1, 2, 2, 2])
        const events: Array<string> = []
        const done: Array<string> = []
        const fiber = yield* Effect.forkScoped(
          queue.consume({
            deadAfter: "1 second",
            maxDeliveries: 2,
            onEvent: (event) => Effect.sync(() => void events.push(event._tag))
          }, (value) => Effect.sync(() => void done.push(value))).pipe(on(redis))
        )
        yield* redis.rpush("jobs", "good")
        yield* until(() => events.length === 3 && done.length === 1)
        const letters = yield* on(redis)(queue.deadLetters())
        assert.deepStrictEqual(
          letters.map(({ deliveries, reason, value }) => [value, deliveries, reason]),
          ["bad", "x", "x"].map((value) => [value, 3, "MaxDeliveries"])
        )
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual((yield* redis.keys("*")).sort(), ["jobs:consumers", "jobs:dead", "jobs:dead:reasons"])
      })),
    60_000
  )
})

describe("events of keys", () => {
  it.live(
    "fail with the command that enables them, and come once it has run",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const { address } = yield* server()
        const redis = yield* RedisClient.make({ address, database: 2 })
        const events = redis.keyspace({ keys: "user:*", events: ["set", "expired"] })
        const error = yield* Effect.flip(Stream.runDrain(events))
        assert.strictEqual(error._tag, "NotificationsDisabled")
        assert.isTrue("configCommand" in error && error.configCommand === "CONFIG SET notify-keyspace-events K$x")
        yield* redis.configSet({ "notify-keyspace-events": "K$x" })
        const fiber = yield* Effect.forkScoped(Stream.runCollect(Stream.take(events, 2)), { startImmediately: true })
        while ((yield* redis.pubsubNumpat()) === 0) yield* Effect.sleep("5 millis")
        yield* redis.set("other", "1")
        yield* redis.set("user:1", "1", { ttl: "20 millis" })
        assert.deepStrictEqual(
          Array.from(yield* Fiber.join(fiber)),
          ["set", "expired"].map((event) => ({ _tag: "KeyEvent", key: "user:1", event, database: 2 })) as never
        )
      })),
    30_000
  )
})
