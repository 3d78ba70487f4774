/**
 * The expiry of hash fields, of the client's methods on a server in memory. That the server
 * answers as a real one does is tested in conformance/.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { RedisClient } from "../src/index.ts"
import { live } from "./support/group.ts"

describe("hash fields", () => {
  it.effect("expire one by one, and the key with the last of them", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_700_000_000_000)
      const redis = yield* RedisClient.RedisClient
      yield* redis.hset("h", { a: 1, b: 2 })
      assert.deepStrictEqual(yield* redis.hexpire("h", "10 seconds", ["a", "x"]), ["set", null])
      assert.deepStrictEqual(yield* redis.hpexpire("h", "1 second", "a", "gt"), ["unmet"])
      assert.deepStrictEqual(yield* redis.httl("h", ["a", "b", "x"]), [Duration.seconds(10), Duration.infinity, null])
      assert.isTrue(yield* redis.hsetex("h", { c: 3 }, { when: "fnx", ttl: "1500 millis" }))
      assert.isFalse(yield* redis.hsetex("h", { c: 4 }, { when: "fnx" }))
      assert.deepStrictEqual(yield* redis.hgetex("h", ["b", "x"], { ttl: "20 seconds" }), ["2", null])
      assert.deepStrictEqual(yield* redis.hpersist("h", ["c", "x"]), [true, null])
      assert.deepStrictEqual(yield* redis.hgetdel("h", "c"), ["3"])
      assert.deepStrictEqual(yield* redis.hexpiretime("h", "x"), [null])
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(yield* redis.hgetall("h"), { b: "2" })
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual(yield* redis.exists("h"), 0)
    }).pipe(Effect.provide(live())))
})
