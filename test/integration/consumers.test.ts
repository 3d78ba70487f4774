/**
 * Consumers of groups on real servers: claims in the way that the server knows, dead letters, groups that are lost,
 * names with any characters, and entries through the death of a primary and a planned failover.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { commands, RedisClient, Sentinel } from "../../src/index.ts"
import * as RedisStream from "../../src/RedisStream.ts"
import { until } from "../scenarios/stage.ts"
import { deployment, server } from "../support/processes.ts"

const orders = RedisStream.make({ key: "orders", schema: Schema.Struct({ n: Schema.Number }) })

class Refused extends Data.TaggedError("Refused")<{ readonly text: string }> {}

const onServer = (
  name: string,
  body: (redis: RedisClient.RedisClient["Service"]) => Effect.Effect<void, unknown, RedisClient.RedisClient>
) => {
  for (const protocol of [2, 3] as const) {
    it.live(`${name} (RESP${protocol})`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address } = yield* server()
          const redis = yield* RedisClient.make({ address, protocol })
          yield* Effect.provideService(body(redis), RedisClient.RedisClient, redis)
        })
      ), 30_000)
  }
}

describe("consumers on one server", () => {
  onServer("process, claim, and move to the dead letters", (redis) =>
    Effect.gen(function*() {
      yield* redis.xgroupCreate("orders", "g\r\n \u{1f600}", "0", { mkstream: true })
      for (let n = 0; n < 6; n++) yield* orders.add({ n })
      yield* redis.xadd("orders", "*", [[new Uint8Array([0xff, 0]), new Uint8Array([0xfe])]])
      // It is gone with two entries.
      yield* redis.xreadgroup("g\r\n \u{1f600}", "gone", { orders: ">" }, { count: 2 })
      const seen: Array<string> = []
      const events: Array<RedisStream.ConsumerEvent> = []
      const fiber = yield* Effect.forkChild(orders.consume({
        group: "g\r\n \u{1f600}",
        consumer: "c\t\"'*é",
        concurrency: 3,
        minIdle: "300 millis",
        claimInterval: "50 millis",
        deadLetter: { key: "dead", maxDeliveries: 3, maxLength: 1000 },
        deleteConsumer: true,
        onEvent: (event) => Effect.sync(() => void events.push(event))
      }, ({ deliveries, value }) => {
        seen.push(`${value.n}:${deliveries}`)
        return value.n === 5 ? Effect.fail(new Refused({ text: "secret" })) : Effect.void
      }))
      yield* until(Effect.map(redis.xlen("dead"), (length) => length === 2))
      yield* until(Effect.map(redis.xpending("orders", "g\r\n \u{1f600}"), ({ count }) => count === 0))
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(seen.sort(), ["0:2", "1:2", "2:1", "3:1", "4:1", "5:1", "5:2", "5:3"])
      const dead = yield* redis.bytes.xrange("dead", "-", "+")
      assert.deepStrictEqual(
        dead.map(({ fields }) => Buffer.from(fields["dead-letter.reason"]!).toString().slice(0, 6)).sort(),
        ["Misfit", "Refuse"]
      )
      assert.notInclude(JSON.stringify(events), "secret")
      assert.deepStrictEqual(
        (yield* redis.xinfoConsumers("orders", "g\r\n \u{1f600}")).map(({ name }) => name),
        ["gone"]
      )
    }))

  onServer("keep the claim on long work, and give the rest back when they stop", (redis) =>
    Effect.gen(function*() {
      for (let n = 0; n < 4; n++) yield* orders.add({ n })
      const seen: Array<string> = []
      const worker = (consumer: string, millis: number) =>
        orders.consume(
          { group: "g", consumer, concurrency: 2, prefetch: 2, minIdle: "400 millis", claimInterval: "50 millis" },
          ({ deliveries, value }) =>
            Effect.andThen(
              Effect.sleep(millis),
              Effect.sync(() => void seen.push(`${consumer} ${value.n}:${deliveries}`))
            )
        )
      const slow = yield* Effect.forkChild(worker("slow", 1500))
      yield* until(
        Effect.map(redis.xpending("orders", "g"), ({ count }) => count === 4).pipe(
          Effect.orElseSucceed(() => false)
        )
      )
      const fast = yield* Effect.forkChild(worker("fast", 0))
      yield* Effect.sleep("1 second")
      assert.deepStrictEqual(seen, [])
      yield* Fiber.interrupt(slow)
      yield* until(Effect.map(redis.xpending("orders", "g"), ({ count }) => count === 0))
      yield* Fiber.interrupt(fast)
      assert.deepStrictEqual(seen.sort(), ["fast 2:1", "fast 3:1", "slow 0:1", "slow 1:1"])
    }))

  onServer("make a group again that is lost, while they wait", (redis) =>
    Effect.gen(function*() {
      const seen: Array<number> = []
      const events: Array<RedisStream.ConsumerEvent> = []
      const fiber = yield* Effect.forkChild(orders.consume({
        group: "g",
        consumer: "c",
        onEvent: (event) => Effect.sync(() => void events.push(event))
      }, ({ value }) => Effect.sync(() => void seen.push(value.n))))
      yield* until(Effect.sync(() => events.length === 1))
      yield* orders.add({ n: 1 })
      yield* until(Effect.sync(() => seen.length === 1))
      yield* redis.xgroupDestroy("orders", "g")
      yield* until(Effect.sync(() => events.some(({ _tag }) => _tag === "GroupRecreated")))
      yield* orders.add({ n: 2 })
      yield* until(Effect.sync(() => seen.includes(2)))
      yield* redis.del("orders")
      yield* until(Effect.sync(() => events.filter(({ _tag }) => _tag === "GroupRecreated").length === 2))
      yield* orders.add({ n: 3 })
      yield* until(Effect.sync(() => seen.includes(3)))
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(seen, [1, 2, 3])
    }))

  onServer("are Streams whose reader acknowledges", (redis) =>
    Effect.gen(function*() {
      for (let n = 0; n < 100; n++) yield* orders.add({ n })
      const seen: Array<number> = []
      yield* orders.entries({ group: "g", consumer: "c", concurrency: 7 }).pipe(
        Stream.take(50),
        Stream.runForEach(({ ack, value }) => Effect.andThen(Effect.sync(() => void seen.push(value.n)), ack))
      )
      assert.deepStrictEqual(seen, Array.from({ length: 50 }, (_, n) => n))
      const rest = yield* orders.entries({ group: "g", consumer: "d", concurrency: 7 }).pipe(
        Stream.take(50),
        Stream.mapEffect(({ ack, deliveries, value }) => Effect.as(ack, `${value.n}:${deliveries}`), {
          concurrency: 7
        }),
        Stream.runCollect
      )
      assert.strictEqual(new Set(rest).size, 50)
      assert.isTrue(rest.every((entry) => entry.endsWith(":1")))
      assert.strictEqual((yield* redis.xpending("orders", "g")).count, 0)
    }))
})

describe("consumers of a group of servers", () => {
  it.live(
    "every acknowledged entry is processed, through the death of a primary and a planned failover",
    () =>
      Effect.scoped(
        Effect.gen(function*() {
          const d = yield* deployment()
          const client = RedisClient.layerPrimary(d.group).pipe(
            Layer.provide(Sentinel.layer({ sentinels: d.sentinelAddresses }))
          )
          const processed = new Map<string, number>()
          const events: Array<RedisStream.ConsumerEvent> = []
          const workers = yield* Effect.forEach([0, 1], (half) =>
            Effect.forkScoped(
              Effect.forEach([0, 1, 2, 3], (i) =>
                orders.consume({
                  group: "g",
                  consumer: `worker ${half}.${i}`,
                  concurrency: 8,
                  minIdle: "1 second",
                  claimInterval: "200 millis",
                  onEvent: (event) => Effect.sync(() => void events.push(event))
                }, ({ id }) =>
                  Effect.andThen(
                    Effect.sleep("2 millis"),
                    Effect.sync(() => void processed.set(id, (processed.get(id) ?? 0) + 1))
                  )), { concurrency: "unbounded" }).pipe(Effect.provide(client))
            ))
          const added: Array<string> = []
          yield* Effect.gen(function*() {
            const redis = yield* RedisClient.RedisClient
            let goesOn = true
            const producer = yield* Effect.forkScoped(Effect.forEach([0, 1, 2, 3], () =>
              Effect.gen(function*() {
                for (let n = 0; goesOn; n++) {
                  const exit = yield* Effect.exit(orders.add({ n }))
                  if (Exit.isSuccess(exit)) added.push(exit.value)
                  yield* Effect.sleep("1 millis")
                }
              }), { concurrency: "unbounded" }))
            const more = (count: number) =>
              Effect.suspend(() => {
                const goal = processed.size + count
                return until(Effect.sync(() => processed.size >= goal))
              })
            yield* more(1000)
            yield* d.primary.kill
            yield* more(1000)
            yield* d.primary.restart
            yield* Effect.scoped(Effect.flatMap(
              RedisClient.make({ address: d.sentinelAddresses[0]! }),
              (sentinel) => Effect.retry(sentinel.run(commands.sentinel.failover(d.group)), { times: 100 })
            )).pipe(Effect.ignore)
            yield* more(1000)
            goesOn = false
            yield* Fiber.join(producer)
            yield* until(Effect.map(redis.xinfoGroups("orders"), ([group]) => group?.pending === 0 && group.lag === 0))
            const present = new Set((yield* redis.xrange("orders", "-", "+")).map(({ id }) => id))
            const missed = added.filter((id) => !processed.has(id) && present.has(id))
            assert.deepStrictEqual(missed, [])
            const lost = added.filter((id) => !processed.has(id))
            // What the dead primary had not replicated is lost with it.
            assert.isBelow(lost.length, 200)
          }).pipe(Effect.provide(client))
          const alive = workers.filter((fiber) => fiber.pollUnsafe() === undefined)
          assert.strictEqual(alive.length, 2)
          const twice = Array.from(processed.values()).reduce((sum, count) => sum + count - 1, 0)
          assert.isAtMost(
            twice,
            events.reduce(
              (sum, event) =>
                sum + (event._tag === "Redelivered" ? 1 : event._tag === "Claimed" ? event.ids.length : 0),
              0
            )
          )
        })
      ),
    60_000
  )
})
