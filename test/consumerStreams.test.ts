/**
 * Consumers as Streams in memory: what is acknowledged, failed and released, and what becomes of the rest when the
 * reader goes.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { RedisClient } from "../src/index.ts"
import * as RedisStream from "../src/RedisStream.ts"
import * as Testing from "../src/testing/index.ts"
import { add, begin, pendingCount, until, whileTimePasses } from "./support/consumers.ts"
import { failureOf } from "./support/exit.ts"
import { live } from "./support/group.ts"

const orders = RedisStream.make({ key: "orders", schema: Schema.Struct({ n: Schema.Number }) })

describe("consumers as Streams", () => {
  it.effect("never have more entries open than the options say", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 10))
      const open: Array<RedisStream.UnacknowledgedEntry<{ readonly n: number }>> = []
      const fiber = yield* Effect.forkScoped(
        orders.entries({ group: "g", consumer: "c", concurrency: 3 }).pipe(
          Stream.runForEach((entry) => Effect.sync(() => void open.push(entry)))
        )
      )
      yield* whileTimePasses(Effect.sleep("1 second"))
      assert.deepStrictEqual(open.map(({ value }) => value.n), [0, 1, 2])
      assert.strictEqual(yield* whileTimePasses(pendingCount(redis)), 3)
      yield* whileTimePasses(open[1]!.ack)
      assert.strictEqual(
        yield* whileTimePasses(
          redis.xpendingRange("orders", "g", open[1]!.id, open[1]!.id, 1).pipe(
            Effect.map((pending) => pending.length)
          )
        ),
        0
      )
      yield* until(Effect.sync(() => open.length === 4))
      yield* whileTimePasses(Effect.sleep("1 second"))
      assert.deepStrictEqual(open.map(({ value }) => value.n), [0, 1, 2, 3])
      yield* whileTimePasses(Fiber.interrupt(fiber))
      // After the end an entry can still be acknowledged.
      yield* whileTimePasses(open[0]!.ack)
      assert.strictEqual(yield* whileTimePasses(pendingCount(redis)), 2)
    }).pipe(Effect.provide(live())))

  it.effect("deliver again what is failed after a while, and what is released at once", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 2))
      const seen: Array<string> = []
      const fiber = yield* Effect.forkScoped(
        orders.entries({
          group: "g",
          consumer: "c",
          minIdle: "10 seconds",
          claimInterval: "100 millis",
          deadLetter: { key: "dead", maxDeliveries: 2 }
        }).pipe(
          Stream.runForEach((entry) => {
            seen.push(`${entry.value.n}:${entry.deliveries}`)
            if (entry.value.n === 0) return entry.fail("NoStock")
            return seen.filter((one) => one.startsWith("1")).length < 3 ? entry.release : entry.ack
          })
        )
      )
      yield* until(Effect.map(redis.xlen("dead"), (length) => length === 1))
      yield* until(Effect.map(pendingCount(redis), (count) => count === 0))
      yield* whileTimePasses(Fiber.interrupt(fiber))
      assert.deepStrictEqual(seen, ["0:1", "1:1", "1:1", "1:1", "0:2"])
      const [dead] = yield* whileTimePasses(redis.xrange("dead", "-", "+"))
      assert.strictEqual(dead!.fields["dead-letter.reason"], "NoStock")
    }).pipe(Effect.provide(live())))

  it.effect("give back what the reader has not acknowledged, and count only what it has seen", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 6))
      yield* whileTimePasses(
        orders.entries({ group: "g", consumer: "c", concurrency: 5 }).pipe(Stream.take(2), Stream.runDrain)
      )
      const rest = yield* whileTimePasses(
        orders.entries({ group: "g", consumer: "d", concurrency: 5 }).pipe(
          Stream.mapEffect(({ ack, deliveries, value }) => Effect.as(ack, `${value.n}:${deliveries}`)),
          Stream.take(6),
          Stream.runCollect
        )
      )
      assert.deepStrictEqual(Array.from(rest).sort(), ["0:2", "1:2", "2:1", "3:1", "4:1", "5:1"])
    }).pipe(Effect.provide(live())))

  it.effect("an acknowledgement waits for the servers, and those that wait do not hang when the Stream ends", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const control = yield* Testing.Deployment
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      const got = yield* Deferred.make<RedisStream.UnacknowledgedEntry<{ readonly n: number }>>()
      const fiber = yield* Effect.forkScoped(
        orders.entries({ group: "g", consumer: "c" }).pipe(Stream.runForEach((entry) => Deferred.succeed(got, entry)))
      )
      const entry = yield* whileTimePasses(Deferred.await(got))
      const all = [...control.nodes, ...control.sentinels]
      for (const address of all) yield* control.kill(address)
      const ack = yield* Effect.forkScoped(entry.ack)
      yield* whileTimePasses(Effect.sleep("30 seconds"))
      assert.strictEqual(ack.pollUnsafe(), undefined)
      yield* whileTimePasses(Fiber.interrupt(fiber))
      const error = failureOf(yield* whileTimePasses(Fiber.await(ack)))
      assert.include(["PrimaryNotFound", "ConnectFailed", "DeadlineExceeded", "ConnectionLost"], error._tag)
    }).pipe(Effect.provide(live())))

  it.effect("refuse options that are not valid, before anything is sent", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const refusals: ReadonlyArray<readonly [options: unknown, detail: string]> = [
        [undefined, "options: expected an object, got undefined"],
        [{ consumer: "c" }, "group: expected a name, got undefined"],
        [{ group: "g", consumer: "" }, "consumer: expected a name, got an empty string"],
        [{ group: "g", consumer: "\ud800" }, "consumer: the name is not valid Unicode"],
        [{ group: "g", consumer: "c", count: 1 }, "count: unknown option"],
        [{ group: "g", consumer: "c", from: "end" }, "from: expected \"start\", \"new\" or the id of an entry"],
        [{ group: "g", consumer: "c", from: "99999999999999999999-0" }, "from: expected \"start\""],
        [{ group: "g", consumer: "c", concurrency: 0 }, "concurrency: expected a whole number from 1"],
        [{ group: "g", consumer: "c", prefetch: -1 }, "prefetch: expected a whole number from 0"],
        [{ group: "g", consumer: "c", minIdle: 1000 }, "minIdle: 1000 has no unit"],
        [{ group: "g", consumer: "c", claimInterval: 0 }, "claimInterval: 0 has no unit"],
        [{ group: "g", consumer: "c", stopTimeout: "Infinity" }, "stopTimeout: the duration must be finite"],
        [{ group: "g", consumer: "c", inspectInterval: "0 millis" }, "inspectInterval: the duration must be greater"],
        [{ group: "g", consumer: "c", retry: {} }, "retry: times or schedule is needed"],
        [{ group: "g", consumer: "c", retry: { times: 0 } }, "retry.times: expected a whole number from 1"],
        [{ group: "g", consumer: "c", retry: { schedule: 5 } }, "retry.schedule: expected a Schedule, got 5"],
        [{ group: "g", consumer: "c", retry: { delay: 5 } }, "retry.delay: unknown option"],
        [{ group: "g", consumer: "c", deadLetter: {} }, "deadLetter.key: expected a key as a string or bytes"],
        [
          { group: "g", consumer: "c", deadLetter: { key: "d", maxDeliveries: 0 } },
          "deadLetter.maxDeliveries: expected"
        ],
        [
          { group: "g", consumer: "c", deadLetter: { key: "d", reason: "x" } },
          "deadLetter.reason: expected a function"
        ],
        [{ group: "g", consumer: "c", acknowledged: "remove" }, "acknowledged: expected \"keep\" or \"delete\""],
        [{ group: "g", consumer: "c", deleteConsumer: 1 }, "deleteConsumer: expected true or false, got 1"],
        [{ group: "g", consumer: "c", remember: 1.5 }, "remember: expected a whole number from 0"],
        [{ group: "g", consumer: "c", onEvent: "log" }, "onEvent: expected a function, got a string"]
      ]
      for (const [options, detail] of refusals) {
        const error = failureOf(yield* Effect.exit(orders.consume<never, never>(options as never, () => Effect.void)))
        assert.strictEqual(error._tag, "InvalidCommand", detail)
        assert.include(error.message, detail)
        const ofStream = failureOf(yield* Effect.exit(Stream.runDrain(orders.entries(options as never))))
        assert.strictEqual(ofStream._tag, "InvalidCommand", detail)
      }
      const error = failureOf(
        yield* Effect.exit(orders.consume<never, never>({ group: "g", consumer: "c" }, "handler" as never))
      )
      assert.include(error.message, "handler: expected a function, got a string")
      const retry = { group: "g", consumer: "c", retry: { times: 1 } }
      const ofStream = failureOf(yield* Effect.exit(Stream.runDrain(orders.entries(retry))))
      assert.include(ofStream.message, "retry: the reader decides")
      assert.strictEqual(yield* whileTimePasses(redis.exists("orders")), 0)
    }).pipe(Effect.provide(live())))
})
