/**
 * Consumers of groups in memory: what becomes of entries whose handlers succeed, fail, die or take long, how consumers
 * start and stop, and what they tell. Failovers are in consumerFailovers.test.ts.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { Connector, Metrics, RedisClient } from "../src/index.ts"
import type { ConsumedEntry } from "../src/internal/streams/consumerOptions.ts"
import { Finished, printOf } from "../src/internal/streams/deliveries.ts"
import type { RawFields } from "../src/internal/streams/types.ts"
import type { Transport } from "../src/internal/transport/types.ts"
import * as Testing from "../src/testing/index.ts"
import {
  add,
  begin,
  consume,
  type Order,
  pendingCount,
  replacing,
  servers,
  until,
  whileTimePasses
} from "./support/consumers.ts"
import { failureOf } from "./support/exit.ts"
import { live } from "./support/group.ts"

class Refused extends Data.TaggedError("Refused")<{ readonly secret: string }> {}

describe.each(servers)("consumers %s", (server, on) => {
  it.effect("process entries in their order, and acknowledge them", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      const seen: Array<number> = []
      for (let n = 0; n < 3; n++) yield* whileTimePasses(redis.xadd("orders", "*", { n }))
      const { events, stop } = yield* consume(redis, {}, ({ value }) => Effect.sync(() => void seen.push(value.n)))
      yield* until(Effect.sync(() => seen.length === 3))
      for (let n = 3; n < 20; n++) yield* whileTimePasses(redis.xadd("orders", "*", { n }))
      yield* until(Effect.sync(() => seen.length === 20))
      yield* stop
      assert.deepStrictEqual(seen, Array.from({ length: 20 }, (_, n) => n))
      assert.strictEqual((yield* whileTimePasses(redis.xpending("orders", "g"))).count, 0)
      assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["GroupCreated", "Stopped"])
    }).pipe(Effect.provide(live())))

  it.effect("a failed entry is delivered again once it was idle, and an entry of a consumer that is gone is claimed", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(redis.xgroupCreate("orders", "g", "0", { mkstream: true }))
      yield* whileTimePasses(add(redis, 3))
      // It is gone with the first entry.
      yield* whileTimePasses(redis.xreadgroup("g", "gone", { orders: ">" }, { count: 1 }))
      const seen: Array<string> = []
      const { events, stop } = yield* consume(
        redis,
        { minIdle: "1 second", claimInterval: "200 millis" },
        ({ deliveries, value }) => {
          seen.push(`${value.n}:${deliveries}`)
          return value.n === 1 && deliveries < 3 ? Effect.fail(new Refused({ secret: "hunter2" })) : Effect.void
        }
      )
      yield* until(Effect.sync(() => seen.length === 5))
      yield* stop
      assert.deepStrictEqual(seen, ["1:1", "2:1", "0:2", "1:2", "1:3"])
      assert.deepStrictEqual(
        events.filter(({ _tag }) => _tag === "Failed").map((event) => event._tag === "Failed" && event.reason),
        ["Refused", "Refused"]
      )
      assert.deepStrictEqual(
        events.flatMap((event) => event._tag === "Claimed" ? [event.of] : []),
        ["idle", "idle", "idle"]
      )
      assert.notInclude(JSON.stringify(events), "hunter2")
      assert.strictEqual((yield* whileTimePasses(redis.xpending("orders", "g"))).count, 0)
    }).pipe(Effect.provide(live())))

  it.effect("the handler runs again as often as the options say, and a defect is a failure", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 4))
      const seen: Array<number> = []
      const { events, fiber, stop } = yield* consume(
        redis,
        { retry: { times: 2, schedule: Schedule.spaced("50 millis") } },
        (({ value }) => {
          seen.push(value.n)
          if (value.n === 0 && seen.length < 3) return Effect.fail("not yet")
          if (value.n === 1) return Effect.die(new RangeError("a secret"))
          if (value.n === 2) throw new TypeError("a secret")
          return value.n === 3 ? undefined as unknown as Effect.Effect<void> : Effect.void
        }) as (entry: ConsumedEntry<Order>) => Effect.Effect<void, string>
      )
      yield* until(Effect.sync(() => seen.length === 12 && events.some(({ _tag }) => _tag === "Failed")))
      yield* until(Effect.sync(() => events.filter(({ _tag }) => _tag === "Failed").length === 3))
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      yield* stop
      assert.deepStrictEqual(seen, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
      assert.deepStrictEqual(
        events.flatMap((event) => event._tag === "Failed" ? [event.reason] : []),
        ["RangeError", "TypeError", "TypeError"]
      )
      assert.strictEqual(events.filter(({ _tag }) => _tag === "Retried").length, 8)
      assert.notInclude(JSON.stringify(events), "secret")
      assert.strictEqual((yield* whileTimePasses(redis.xpending("orders", "g"))).count, 3)
    }).pipe(Effect.provide(live())))

  it.effect("what nobody can process becomes a dead letter: with its fields, and with the reason", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 2))
      yield* whileTimePasses(redis.xadd("orders", "*", { n: "no number", more: "x" }))
      yield* whileTimePasses(redis.xadd("orders", "*", [[new Uint8Array([0xff]), new Uint8Array([0xfe])]]))
      const seen: Array<string> = []
      const { events, stop } = yield* consume(
        redis,
        { minIdle: "100 millis", claimInterval: "100 millis", deadLetter: { key: "dead", maxDeliveries: 3 } },
        ({ deliveries, value }) => {
          seen.push(`${value.n}:${deliveries}`)
          return value.n === 1 ? Effect.fail(new Refused({ secret: "hunter2" })) : Effect.void
        }
      )
      yield* until(Effect.map(redis.xlen("dead"), (length) => length === 3))
      yield* stop
      assert.deepStrictEqual(seen, ["0:1", "1:1", "1:2", "1:3"])
      const dead = yield* whileTimePasses(redis.bytes.xrange("dead", "-", "+"))
      const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("latin1")
      assert.deepStrictEqual(
        dead.map(({ fields }) => text(fields["dead-letter.deliveries"])).sort(),
        ["1", "1", "3"]
      )
      const [first, second] = dead.filter(({ fields }) => text(fields["dead-letter.deliveries"]) === "1")
      assert.isTrue(text(first!.fields["dead-letter.reason"]).startsWith("Misfit: "))
      assert.notInclude(text(first!.fields["dead-letter.reason"]), "no number")
      assert.strictEqual(text(first!.fields["n"]), "no number")
      assert.strictEqual(text(first!.fields["dead-letter.group"]), "g")
      assert.strictEqual(text(first!.fields["dead-letter.consumer"]), "c")
      assert.strictEqual(text(first!.fields["dead-letter.stream"]), "orders")
      assert.strictEqual((yield* whileTimePasses(redis.xpending("orders", "g"))).count, 0)
      assert.strictEqual(Object.keys(second!.fields).length, 8)
      assert.strictEqual(events.filter(({ _tag }) => _tag === "DeadLettered").length, 3)
      assert.strictEqual(events.filter(({ _tag }) => _tag === "MisfitFound").length, 2)
    }).pipe(Effect.provide(live())))

  it.effect("never has more than there is room for, however long the backlog", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 2000))
      let running = 0
      let most = 0
      let done = 0
      const { stop } = yield* consume(redis, { concurrency: 4, prefetch: 3 }, () =>
        Effect.gen(function*() {
          most = Math.max(most, ++running)
          yield* Effect.sleep("20 millis")
          running--
          done++
        }))
      let mostPending = 0
      yield* until(
        Effect.map(redis.xpending("orders", "g").pipe(Effect.orElseSucceed(() => ({ count: 0 }))), ({ count }) => {
          mostPending = Math.max(mostPending, count)
          return done >= 400
        })
      )
      yield* stop
      assert.strictEqual(most, 4)
      // Those that were processed and whose acknowledgement is on its way come on top.
      assert.isAtMost(mostPending, 11)
    }).pipe(Effect.provide(live())))

  it.effect("keeps its claim on long work", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      const seen: Array<string> = []
      const options = { minIdle: "1 second", claimInterval: "100 millis" } as const
      const first = yield* consume(redis, { ...options, consumer: "first" }, () =>
        Effect.andThen(
          Effect.sync(() => void seen.push("first")),
          Effect.sleep("10 seconds")
        ))
      yield* until(Effect.sync(() => seen.length === 1))
      const second = yield* consume(redis, { ...options, consumer: "second" }, () =>
        Effect.sync(() =>
          void seen.push("second")
        ))
      yield* whileTimePasses(Effect.sleep("9 seconds"))
      yield* until(Effect.map(redis.xpending("orders", "g"), ({ count }) => count === 0))
      yield* Effect.all([first.stop, second.stop], { concurrency: 2 })
      assert.deepStrictEqual(seen, ["first"])
      assert.isFalse(first.events.some(({ _tag }) => _tag === "ClaimLost"))
    }).pipe(Effect.provide(live())))

  it.effect("notices that another consumer has claimed an entry", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      const { events, stop } = yield* consume(redis, { minIdle: "300 millis" }, () => Effect.sleep("5 seconds"))
      yield* until(Effect.map(pendingCount(redis), (count) => count === 1))
      const [pending] = yield* whileTimePasses(redis.xpendingRange("orders", "g", "-", "+", 1))
      yield* whileTimePasses(redis.xclaim("orders", "g", "thief", "0 millis", pending!.id))
      yield* until(Effect.sync(() => events.some(({ _tag }) => _tag === "ClaimLost")))
      yield* whileTimePasses(Effect.sleep("1 second"))
      const [after] = yield* whileTimePasses(redis.xpendingRange("orders", "g", "-", "+", 1))
      assert.strictEqual(after!.consumer, "thief")
      yield* stop
      assert.deepStrictEqual(
        events.filter(({ _tag }) => _tag === "ClaimLost"),
        [{ _tag: "ClaimLost", id: pending!.id, to: "thief" }]
      )
    }).pipe(Effect.provide(live())))

  it.effect("does not start on an entry that another consumer has claimed", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 3))
      const seen: Array<number> = []
      const { events, stop } = yield* consume(
        redis,
        { minIdle: "1 second", claimInterval: "1 minute", prefetch: 2 },
        ({ value }) =>
          Effect.andThen(Effect.sync(() => void seen.push(value.n)), Effect.sleep(value.n === 0 ? "700 millis" : 0))
      )
      yield* until(Effect.map(pendingCount(redis), (count) => count === 3))
      const pending = yield* whileTimePasses(redis.xpendingRange("orders", "g", "-", "+", 3))
      // The first one has a handler, and the second one waits.
      const taken = pending.slice(0, 2).map(({ id }) => id)
      yield* whileTimePasses(redis.xclaim("orders", "g", "thief", "0 millis", taken))
      yield* until(Effect.sync(() => seen.length === 2))
      yield* stop
      assert.deepStrictEqual(seen, [0, 2])
      assert.deepStrictEqual(
        events.filter(({ _tag }) => _tag === "ClaimLost"),
        taken.map((id) => ({ _tag: "ClaimLost" as const, id, to: "thief" }))
      )
    }).pipe(Effect.provide(live())))

  it.effect("begins with what a consumer of its name had not finished", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(redis.xgroupCreate("orders", "g", "0", { mkstream: true }))
      yield* whileTimePasses(add(redis, 8))
      yield* whileTimePasses(redis.xreadgroup("g", "c", { orders: ">" }, { count: 5 }))
      yield* whileTimePasses(redis.xdel("orders", (yield* whileTimePasses(redis.xrange("orders", "-", "+")))[1]!.id))
      const seen: Array<string> = []
      const { events, stop } = yield* consume(redis, { concurrency: 2 }, ({ deliveries, value }) =>
        Effect.sync(() =>
          void seen.push(`${value.n}:${deliveries}`)
        ))
      yield* until(Effect.sync(() => seen.length === 7))
      yield* stop
      assert.deepStrictEqual(seen, ["0:2", "2:2", "3:2", "4:2", "5:1", "6:1", "7:1"])
      assert.strictEqual(events.filter(({ _tag }) => _tag === "EntriesDeleted").length, 1)
      assert.strictEqual(yield* whileTimePasses(pendingCount(redis)), 0)
    }).pipe(Effect.provide(live())))

  it.effect("stops gracefully: handlers finish, and the rest is given back at once", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 6))
      const done: Array<number> = []
      const { events, stop } = yield* consume(
        redis,
        { concurrency: 2, prefetch: 2, deleteConsumer: true, stopTimeout: "3 seconds" },
        ({ value }) =>
          Effect.andThen(
            Effect.sleep(value.n === 0 ? "2 seconds" : "1 hour"),
            Effect.sync(() => void done.push(value.n))
          )
      )
      yield* until(Effect.map(pendingCount(redis), (count) => count === 4))
      yield* stop
      assert.deepStrictEqual(done, [0])
      assert.deepStrictEqual(events.filter(({ _tag }) => _tag === "Stopped"), [
        { _tag: "Stopped", handedBack: 3, left: 0, interrupted: 1, unacknowledged: 0 }
      ])
      // Another consumer gets them at once, in spite of the minute that others have to wait.
      const other: Array<string> = []
      const next = yield* consume(
        redis,
        { consumer: "other", deleteConsumer: true },
        ({ deliveries, value }) => Effect.sync(() => void other.push(`${value.n}:${deliveries}`))
      )
      yield* until(Effect.sync(() => other.length === 5))
      yield* next.stop
      // The one that was interrupted had been delivered, those that waited had not.
      assert.deepStrictEqual(other.sort(), ["1:2", "2:1", "3:1", "4:1", "5:1"])
      // What was given back with XNACK is nobody's, so that the consumer is deleted.
      assert.deepStrictEqual(yield* whileTimePasses(redis.xinfoConsumers("orders", "g")), [])
    }).pipe(Effect.provide(live())))

  it.effect("a consumer that stops hands back also what its read is given before the server has ended it", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
      // The connection with the request to end the read stalls for half a second.
      const slow = (transport: Transport): Transport => {
        let until = 0
        return replacing(transport, {
          write: (chunks, ascii) => {
            const { time } = control.network
            if (chunks.join("").includes("UNBLOCK")) until = time.now() + 500
            if (time.now() >= until) return transport.write(chunks, ascii)
            time.at(until, () => transport.write(chunks, ascii))
            return true
          }
        })
      }
      const client = yield* RedisClient.make({ address: "10.0.0.1:6379", connections: 4 }).pipe(
        Effect.provideService(Connector.Connector, (options) => Effect.map(control.network.dial(options), slow))
      )
      const redis = on(client)
      yield* TestClock.setTime(Date.UTC(2026, 0, 1))
      yield* whileTimePasses(add(redis, 1))
      const { stop, told } = yield* consume(redis, { concurrency: 2, stopTimeout: "0 millis" }, () => Effect.never)
      yield* until(Effect.sync(() => control.node("10.0.0.1:6379").waiting === 1))
      // An entry comes meanwhile, and wakes the read.
      yield* Effect.forkScoped(Effect.andThen(Effect.sleep("100 millis"), add(redis, 1, 1)))
      yield* stop
      assert.strictEqual(told("Stopped")[0]!.handedBack, 2)
      const other: Array<string> = []
      const next = yield* consume(
        redis,
        { consumer: "other" },
        ({ deliveries, value }) => Effect.sync(() => void other.push(`${value.n}:${deliveries}`))
      )
      yield* until(Effect.sync(() => other.length === 2))
      yield* next.stop
      // The first one was delivered, the second one came to nobody.
      assert.deepStrictEqual(other, ["0:2", "1:1"])
    }))

  it.effect("a consumer that is stopped while it waits leaves nothing behind", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      for (let round = 0; round < 20; round++) {
        const { stop } = yield* consume(redis, { consumer: `c${round}`, deleteConsumer: true }, () => Effect.void)
        yield* whileTimePasses(Effect.sleep("50 millis"))
        yield* Effect.all([whileTimePasses(add(redis, 1)), stop], { concurrency: 2 })
      }
      const seen = new Set<string>()
      const last = yield* consume(redis, { consumer: "last" }, ({ id }) => Effect.sync(() => void seen.add(id)))
      yield* until(Effect.map(redis.xinfoGroups("orders"), ([group]) => group!.pending === 0 && group!.lag === 0))
      yield* last.stop
      // Nothing waits for a minute: what was pending was given back.
    }).pipe(Effect.provide(live())))

  it.effect("fails for what does not pass by itself", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(redis.set("orders", "text"))
      const { fiber } = yield* consume(redis, {}, () => Effect.void)
      const error = failureOf(yield* whileTimePasses(Fiber.await(fiber)))
      assert.strictEqual(error._tag === "ReplyError" && error.code, "WRONGTYPE")
    }).pipe(Effect.provide(live())))

  it.effect("find what the server gave in a reply that was lost", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      const seen: Array<number> = []
      const { stop, told } = yield* consume(
        redis,
        { minIdle: "1 hour", concurrency: 3, inspectInterval: "1 hour" },
        ({ value }) => Effect.sync(() => void seen.push(value.n))
      )
      yield* until(Effect.sync(() => told("GroupCreated").length === 1))
      yield* whileTimePasses(add(redis, 3))
      yield* until(Effect.sync(() => seen.length === 3))
      // The consumer waits: the next reply has an entry.
      yield* whileTimePasses(Effect.sleep("1 second"))
      const address = yield* control.primary
      const adder = yield* RedisClient.make({ address }).pipe(
        Effect.provideService(Connector.Connector, control.network.dialer("adder"))
      )
      yield* whileTimePasses(adder.ping())
      const added = yield* Effect.forkScoped(Effect.andThen(Effect.yieldNow, add(adder, 1, 3)))
      // The reply to XADD has some twenty bytes; the next one is that of the consumer.
      yield* control.cut({ address, direction: "reply", after: 40 })
      const [took] = yield* Effect.timed(until(Effect.sync(() => seen.includes(3))))
      // Before anybody could claim it.
      assert.isBelow(Duration.toMinutes(took), 30)
      yield* whileTimePasses(Fiber.join(added))
      assert.isAbove(told("Outage").length, 0)
      yield* until(Effect.map(pendingCount(redis), (count) => count === 0))
      yield* stop
      assert.deepStrictEqual(seen, [0, 1, 2, 3])
    }).pipe(Effect.provide(live())))

  it.effect("count what they do, by stream and group", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 5))
      const group = `metrics ${server}`
      const { stop } = yield* consume(
        redis,
        {
          group,
          concurrency: 2,
          stopTimeout: "0 millis",
          minIdle: "100 millis",
          claimInterval: "50 millis",
          inspectInterval: "50 millis",
          deadLetter: { key: "dead", maxDeliveries: 2 }
        },
        ({ value }) => value.n === 3 ? Effect.fail("no") : value.n > 3 ? Effect.never : Effect.void
      )
      yield* until(Effect.map(redis.xlen("dead"), (length) => length === 1))
      yield* whileTimePasses(Effect.sleep("1 second"))
      yield* whileTimePasses(add(redis, 2, 5))
      yield* whileTimePasses(Effect.sleep("1 second"))
      const of = Metrics.consumerOf("orders", group)
      const counts = yield* Effect.all([of.processed, of.failed, of.redelivered, of.dead].map(Metric.value))
      assert.deepStrictEqual(counts.map(({ count }) => count), [3, 2, 1, 1])
      const states = yield* Effect.all([of.lag, of.pending].map(Metric.value))
      assert.deepStrictEqual(states.map(({ value }) => value), [1, 2])
      yield* stop
    }).pipe(Effect.provide(live())))

  it.effect("are not stopped by a listener that is slow, fails or dies", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      const seen: Array<number> = []
      let calls = 0
      const { fiber, stop } = yield* consume(
        redis,
        {
          onEvent: () => {
            if (++calls === 1) throw new Error("thrown")
            return calls === 2 ? Effect.die("dead") : Effect.never
          }
        },
        ({ value }) => {
          seen.push(value.n)
          return Effect.fail("no")
        }
      )
      yield* whileTimePasses(add(redis, 1100))
      yield* until(Effect.sync(() => seen.length === 1100))
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      yield* stop
      assert.strictEqual(calls, 3)
    }).pipe(Effect.provide(live())))

  it.effect("remove what is acknowledged, if they are told to", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 20))
      const { stop } = yield* consume(
        redis,
        { acknowledged: "delete", concurrency: 4, deadLetter: { key: "dead", maxDeliveries: 1 } },
        ({ value }) => value.n === 7 ? Effect.fail("no") : Effect.void
      )
      yield* until(Effect.map(redis.xlen("orders"), (length) => length === 0))
      yield* stop
      assert.strictEqual(yield* whileTimePasses(pendingCount(redis)), 0)
      assert.strictEqual(yield* whileTimePasses(redis.xlen("dead")), 1)
    }).pipe(Effect.provide(live())))
})

describe("what a consumer remembers", () => {
  const fields = (text: string): RawFields => [[Buffer.from("n"), Buffer.from(text)]]

  it("tells entries of one id apart by their content", () => {
    const finished = new Finished(10)
    finished.add("1-0", printOf(fields("a")))
    assert.isTrue(finished.has("1-0", printOf(fields("a"))))
    // A new primary may give an id again that the old one gave to an entry that is lost.
    assert.isFalse(finished.has("1-0", printOf(fields("b"))))
    assert.notStrictEqual(
      printOf([[Buffer.from("ab"), Buffer.from("c")]]),
      printOf([[Buffer.from("a"), Buffer.from("bc")]])
    )
  })

  it("is the last content of an id, and nothing of a group that is gone", () => {
    const finished = new Finished(3)
    finished.add("5-0", 1)
    finished.add("3-0", 2)
    finished.add("5-0", 3)
    assert.isTrue(finished.has("3-0", 2))
    assert.isFalse(finished.has("5-0", 1))
    assert.isTrue(finished.has("5-0", 3))
    // The place of the older one is taken.
    finished.add("4-0", 4)
    assert.isTrue(finished.has("5-0", 3))
    finished.clear()
    assert.isFalse(finished.has("4-0", 4))
    finished.add("1-0", 5)
    assert.deepStrictEqual(finished.all, [{ id: "1-0", print: 5 }])
  })

  it("is bounded", () => {
    const finished = new Finished(3)
    for (let i = 0; i < 10; i++) finished.add(`${i}-0`, i)
    assert.deepStrictEqual(finished.all.map(({ id }) => id), ["7-0", "8-0", "9-0"])
    // Whether somebody asks in between or not.
    for (let i = 10; i < 14; i++) {
      finished.add(`${i}-0`, i)
      assert.isTrue(finished.has(`${i}-0`, i))
      assert.isTrue(finished.has(`${i - 2}-0`, i - 2))
      assert.isFalse(finished.has(`${i - 3}-0`, i - 3))
    }
    for (let i = 14; i < 30; i++) finished.add(`${i}-0`, i)
    assert.deepStrictEqual(finished.all.map(({ id }) => id), ["27-0", "28-0", "29-0"])
    const none = new Finished(0)
    none.add("1-0", 1)
    assert.deepStrictEqual(none.all, [])
  })
})
