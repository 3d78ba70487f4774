/**
 * Consumers of groups where something is wrong: dead letters that cannot be written, rights that are missing, ids that a
 * new primary gives again, Scopes that close in the middle, and what the log says of short and of long outages.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { Errors, RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import {
  add,
  begin,
  clientReplacing,
  consume,
  pendingCount,
  runAbout,
  servers,
  until,
  whileTimePasses
} from "./support/consumers.ts"
import { failureOf } from "./support/exit.ts"
import { live, moved } from "./support/group.ts"

/** The lines of the log, and a layer that writes them. */
const recording = () => {
  const lines: Array<string> = []
  return { lines, layer: Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))]) }
}

describe.each(servers)("dead letters %s", (_, on) => {
  it.effect("an entry whose dead letter cannot be written stays pending", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(redis.set("dead", "text"))
      yield* whileTimePasses(add(redis, 1))
      const { fiber } = yield* consume(
        redis,
        { deadLetter: { key: "dead", maxDeliveries: 1 }, acknowledged: "delete" },
        () => Effect.fail("no")
      )
      const error = failureOf(yield* whileTimePasses(Fiber.await(fiber)))
      assert.strictEqual(error._tag === "ReplyError" && error.code, "WRONGTYPE")
      assert.strictEqual(yield* whileTimePasses(pendingCount(redis)), 1)
      assert.strictEqual(yield* whileTimePasses(redis.xlen("orders")), 1)
    }).pipe(Effect.provide(live())))

  it.effect("an entry with thousands of fields becomes one", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      const fields = Array.from({ length: 9000 }, (_, i) => [`f${i}`, "x"] as const)
      yield* whileTimePasses(redis.xadd("orders", "*", fields))
      const { stop, told } = yield* consume(redis, { deadLetter: { key: "dead" } }, () => Effect.void)
      yield* until(Effect.sync(() => told("DeadLettered").length === 1))
      yield* stop
      const [dead] = yield* whileTimePasses(redis.xrange("dead", "-", "+"))
      assert.strictEqual(Object.keys(dead!.fields).length, 9007)
      assert.strictEqual(yield* whileTimePasses(pendingCount(redis)), 0)
    }).pipe(Effect.provide(live())))

  it.effect("an entry that somebody else has acknowledged meanwhile does not become one", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      const { stop, told } = yield* consume(
        redis,
        { deadLetter: { key: "dead", maxDeliveries: 1 } },
        ({ id }) => Effect.andThen(redis.xack("orders", "g", id), Effect.fail("no"))
      )
      yield* until(Effect.sync(() => told("Failed").length === 1))
      yield* whileTimePasses(Effect.sleep("1 second"))
      yield* stop
      assert.strictEqual(yield* whileTimePasses(redis.exists("dead")), 0)
      assert.strictEqual(told("DeadLettered").length, 0)
    }).pipe(Effect.provide(live())))
})

describe.each(servers)("ids that a new primary gives again %s", (_, on) => {
  it.effect("an acknowledgement that is repeated does not reach another entry", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      yield* whileTimePasses(redis.xadd("orders", "1-0", { n: 1 }))
      yield* whileTimePasses(redis.xgroupCreate("orders", "g", "0"))
      yield* whileTimePasses(Effect.sleep("3 seconds"))
      const seen: Array<number> = []
      // It has no room for more, once it has the last one.
      const { stop, told } = yield* consume(redis, {}, ({ value }) => {
        seen.push(value.n)
        return value.n === 9 ? Effect.never : Effect.void
      })
      yield* until(Effect.sync(() => seen.length === 1))
      yield* whileTimePasses(redis.xadd("orders", "2-0", { n: 2 }))
      yield* whileTimePasses(redis.xadd("orders", "3-0", { n: 9 }))
      yield* until(Effect.sync(() => seen.length === 3))
      yield* until(Effect.map(pendingCount(redis), (count) => count === 1))
      yield* control.kill(yield* control.primary)
      yield* until(moved)
      // The new primary lacks the entries, and gives their ids again.
      yield* whileTimePasses(redis.xadd("orders", "2-0", { n: 20 }))
      yield* whileTimePasses(redis.xreadgroup("g", "other", { orders: ">" }))
      yield* whileTimePasses(Effect.sleep("5 seconds"))
      const pending = yield* whileTimePasses(redis.xpendingRange("orders", "g", "-", "+", 10))
      yield* stop
      assert.include(pending.map(({ consumer, id }) => `${consumer} ${id}`), "other 2-0")
      assert.strictEqual(told("Claimed").length, 0)
    }).pipe(Effect.provide(live({}, { lag: "2 seconds" }))))

  it.effect("an acknowledgement that is under way does not reach another entry", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      const control = yield* Testing.Deployment
      yield* begin(redis)
      yield* whileTimePasses(redis.xgroupCreate("orders", "g", "0", { mkstream: true }))
      yield* whileTimePasses(Effect.sleep("3 seconds"))
      const seen: Array<number> = []
      let isDone = false
      const { stop } = yield* consume(redis, {}, ({ value }) => {
        seen.push(value.n)
        return value.n === 2 ? until(Effect.sync(() => isDone)) : Effect.never
      })
      yield* whileTimePasses(redis.xadd("orders", "2-0", { n: 2 }))
      yield* until(Effect.sync(() => seen.length === 1))
      yield* control.kill(yield* control.primary)
      yield* until(moved)
      yield* whileTimePasses(redis.xadd("orders", "2-0", { n: 20 }))
      yield* whileTimePasses(redis.xreadgroup("g", "other", { orders: ">" }))
      isDone = true
      yield* whileTimePasses(Effect.sleep("5 seconds"))
      const pending = yield* whileTimePasses(redis.xpendingRange("orders", "g", "-", "+", 10))
      yield* stop
      assert.include(pending.map(({ consumer, id }) => `${consumer} ${id}`), "other 2-0")
    }).pipe(Effect.provide(live({}, { lag: "2 seconds" }))))
})

describe("consumers without rights", () => {
  const steps: ReadonlyArray<readonly [rule: string, options: Parameters<typeof consume>[1]]> = [
    ["-xgroup|create", {}],
    ["-xinfo|groups", {}],
    ["-xinfo|stream", {}],
    ["-xrange", {}],
    ["-xclaim", {}],
    ["-xpending", {}],
    ["-xreadgroup", {}],
    ["-xack", {}],
    ["-xautoclaim", { claimInterval: "100 millis" }],
    ["-eval", { deadLetter: { key: "dead", maxDeliveries: 1 } }],
    ["-xadd", { deadLetter: { key: "dead", maxDeliveries: 1 } }]
  ]
  for (const [rule, options] of steps) {
    const name = rule.slice(1).replace("|", " ")
    it.effect(`fail at once without ${name.toUpperCase()}, and nothing is lost`, () => {
      const { layer, lines } = recording()
      return Effect.gen(function*() {
        const on = servers[rule === "-xautoclaim" ? 1 : 0][1]
        const redis = on(yield* RedisClient.RedisClient)
        yield* begin(redis)
        yield* whileTimePasses(add(redis, 1))
        yield* whileTimePasses(redis.send("ACL", "SETUSER", "default", rule))
        const { fiber } = yield* consume(redis, options, () => options?.deadLetter ? Effect.fail("no") : Effect.void)
        const error = failureOf(yield* whileTimePasses(Fiber.await(fiber)))
        yield* whileTimePasses(redis.send("ACL", "SETUSER", "default", "+@all"))
        if (rule === "-xadd") {
          // A script of Redis 7.0 names no command.
          assert.include(error.message, "The user executing the script can't run this command")
        } else {
          assert.strictEqual(error._tag === "ReplyError" && error.code, "NOPERM", String(error))
          assert.include(error.message.toLowerCase(), rule.slice(1))
        }
        assert.isFalse(lines.some((line) => line.includes("cannot be reached")))
        const groups = yield* whileTimePasses(Effect.orElseSucceed(redis.xinfoGroups("orders"), () => []))
        const [group] = groups
        assert.isTrue(group === undefined || group.pending === 1 || group.lag === 1, JSON.stringify(groups))
      }).pipe(Effect.provide(Layer.merge(live(), layer)))
    })
  }
})

describe("the log of consumers", () => {
  for (
    const [what, millis, count] of [["says nothing of a short outage", 700, 0], ["tells a long one", 4000, 1]] as const
  ) {
    it.effect(what, () => {
      const { layer, lines } = recording()
      return Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        yield* begin(redis)
        const lost = new Errors.ConnectionLost({ address: "10.0.0.1:6379", kind: "closed", detail: "lost" })
        let isOut = false
        const client = clientReplacing(redis, {
          run: runAbout(redis, (_, reply) => Effect.suspend(() => isOut ? Effect.fail(lost) : reply))
        })
        const seen: Array<number> = []
        const { stop, told } = yield* consume(client, {}, ({ value }) => Effect.sync(() => void seen.push(value.n)))
        yield* until(Effect.sync(() => told("GroupCreated").length === 1))
        isOut = true
        yield* whileTimePasses(add(redis, 1))
        yield* until(Effect.sync(() => told("Outage").length === 1))
        yield* whileTimePasses(Effect.sleep(millis))
        isOut = false
        yield* until(Effect.sync(() => told("Recovered").length === 1))
        yield* stop
        assert.deepStrictEqual(seen, [0])
        assert.strictEqual(lines.filter((line) => line.includes("cannot be reached")).length, count)
        assert.strictEqual(lines.filter((line) => line.includes("can be reached again")).length, count)
      }).pipe(Effect.provide(Layer.merge(live(), layer)))
    })
  }
})

describe.each(servers)("entries that are read ahead %s", (_, on) => {
  it.effect("are many while handlers are fast, and go to others when one takes long", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1000))
      const seen: Array<number> = []
      const others: Array<number> = []
      let most = 0
      const first = yield* consume(redis, {}, ({ value }) => {
        seen.push(value.n)
        return value.n === 700 ? Effect.sleep("20 seconds") : Effect.void
      })
      yield* until(Effect.map(pendingCount(redis), (count) => {
        most = Math.max(most, count)
        return seen.length === 701
      }))
      const second = yield* consume(
        redis,
        { consumer: "other", claimInterval: "500 millis" },
        ({ deliveries, value }) =>
          Effect.sync(() => {
            assert.isAtMost(deliveries, 2)
            others.push(value.n)
          })
      )
      yield* until(Effect.sync(() => others.length === 299))
      assert.strictEqual(seen.length, 701)
      yield* until(Effect.map(pendingCount(redis), (count) => count === 0))
      yield* Effect.all([first.stop, second.stop], { concurrency: 2 })
      assert.isAbove(most, 50)
      assert.strictEqual(new Set([...seen, ...others]).size, 1000)
      assert.strictEqual(seen.length + others.length, 1000)
    }).pipe(Effect.provide(live())))

  it.effect("keep their order when they are given back and nobody else takes them", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 600))
      const seen: Array<string> = []
      const { stop } = yield* consume(redis, {}, ({ deliveries, value }) => {
        seen.push(`${value.n}:${deliveries}`)
        return value.n === 300 ? Effect.sleep("3 seconds") : Effect.void
      })
      yield* until(Effect.sync(() => seen.length === 600))
      yield* stop
      assert.deepStrictEqual(seen, Array.from({ length: 600 }, (_, n) => `${n}:1`))
    }).pipe(Effect.provide(live())))

  it.effect("are few while handlers take their time, however long a read takes", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1000))
      let seen = 0
      let most = 0
      // Handlers end while a read is under way, so that there is room for the next one at once.
      const { events, stop } = yield* consume(
        redis,
        { concurrency: 4 },
        ({ value }) => Effect.andThen(Effect.sleep(15 + value.n % 3 * 5), Effect.sync(() => void seen++))
      )
      yield* until(Effect.map(pendingCount(redis), (count) => {
        most = Math.max(most, count)
        return seen >= 400
      }))
      yield* stop
      assert.isAtMost(most, 30)
      assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["GroupCreated", "Stopped"])
    }).pipe(Effect.provide(live({}, { latency: "20 millis" }))))

  it.effect("are not told as redelivered when they are given back unseen", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 200))
      const seen: Array<number> = []
      const handler = ({ value }: { readonly value: { readonly n: number } }) => {
        seen.push(value.n)
        return value.n === 100 ? Effect.sleep("20 seconds") : Effect.void
      }
      const first = yield* consume(redis, {}, handler)
      yield* until(Effect.sync(() => seen.length === 101))
      yield* whileTimePasses(add(redis, 20, 200))
      const second = yield* consume(redis, { consumer: "other", claimInterval: "500 millis" }, handler)
      yield* until(Effect.sync(() => seen.length === 220))
      yield* Effect.all([first.stop, second.stop], { concurrency: 2 })
      assert.deepStrictEqual(first.told("Redelivered"), [])
      assert.deepStrictEqual(second.told("Redelivered"), [])
      const claimed = second.told("Claimed").flatMap(({ ids }) => ids)
      assert.isAbove(claimed.length, 20)
    }).pipe(Effect.provide(live())))

  it.effect("do not keep a consumer from claiming what is idle", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(redis.xgroupCreate("orders", "g", "0", { mkstream: true }))
      yield* whileTimePasses(add(redis, 3))
      yield* whileTimePasses(redis.xreadgroup("g", "gone", { orders: ">" }, { count: 3 }))
      const seen: Array<number> = []
      let n = 3
      const { stop } = yield* consume(
        redis,
        { minIdle: "1 second", claimInterval: "200 millis" },
        ({ value }) => Effect.sync(() => void seen.push(value.n))
      )
      // There is always something new.
      yield* until(Effect.gen(function*() {
        yield* add(redis, 50, n)
        n += 50
        return seen.filter((value) => value < 3).length === 3
      }))
      yield* stop
    }).pipe(Effect.provide(live())))
})

describe.each(servers)("a Scope that closes in the middle %s", (_, on) => {
  for (const millis of [0, 5, 10, 20, 40, 100, 1000]) {
    it.effect(`leaves nothing behind after ${millis} ms`, () =>
      Effect.gen(function*() {
        const control = yield* Testing.Deployment
        const scope = yield* Scope.make()
        const started: Array<number> = []
        let ended = 0
        yield* Effect.gen(function*() {
          const redis = on(yield* RedisClient.make({ address: yield* control.primary }))
          yield* whileTimePasses(add(redis, 3))
          yield* consume(redis, { concurrency: 2, stopTimeout: "100 millis" }, ({ value }) => {
            started.push(value.n)
            return Effect.onExit(Effect.never, () => Effect.sync(() => void ended++))
          })
        }).pipe(Effect.provideService(Scope.Scope, scope))
        yield* whileTimePasses(Effect.sleep(millis))
        yield* whileTimePasses(Scope.close(scope, Exit.void))
        yield* whileTimePasses(Effect.sleep("20 seconds"))
        assert.strictEqual(ended, started.length)
        if (millis === 1000) assert.strictEqual(started.length, 2)
        assert.strictEqual(control.network.connections(yield* control.primary, "c"), 0)
        assert.strictEqual(control.network.connections(), 0)
      }).pipe(Effect.provide(Testing.layer({ latency: "1 milli" }))))
  }
})
