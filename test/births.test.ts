/**
 * Clients that are born while a sentinel leads a failover that is far away, or
 * that stands still: nothing that is acknowledged is lost, and nobody waits for
 * one that is dead.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { clients, inSteps, missing, moved, sentinels as addresses } from "./support/group.ts"

const { bornWriter, until, whileTimePasses, writing } = inSteps("1 millis")
const leader = addresses[0]!

/** How long the first write of a client takes that is born now, in milliseconds. */
const firstWrite = Effect.gen(function*() {
  const { network } = yield* Testing.Deployment
  return yield* Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    const began = network.time.now()
    yield* whileTimePasses(redis.set("a", "1"))
    return network.time.now() - began
  }).pipe(Effect.provide(clients({ sentinels: addresses.toReversed() })))
})

describe("a client that starts while a distant sentinel leads a failover", () => {
  // To begin to hear it takes four ways there and back, and eight in RESP2.
  for (const [far, protocol] of [[20, 3], [30, 3], [45, 3], [45, 2]] as const) {
    for (let moment = 40; moment <= 400; moment += 40) {
      it.effect(`${far} ms each way, RESP${protocol}, ${moment} ms after its beginning`, () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          yield* deployment.slow(leader, { latency: `${far} millis` })
          yield* deployment.failover
          yield* TestClock.adjust(moment)
          yield* bornWriter(moved, "100 millis").pipe(Effect.provide(
            clients({ sentinels: addresses.toReversed(), timeout: "1 seconds", sentinel: { protocol } })
          ))
        }).pipe(Effect.provide(Testing.layer({ seed: moment }))))
    }
  }
})

describe("a client of a second group that starts while a distant sentinel leads its failover", () => {
  // The sentinels are heard already: their answer takes longer than the head start.
  for (let moment = 40; moment <= 400; moment += 40) {
    it.effect(`80 ms each way, ${moment} ms after its beginning`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        yield* deployment.slow(leader, { latency: "80 millis" })
        yield* Effect.gen(function*() {
          const sentinel = yield* Sentinel.Sentinel
          const other = yield* sentinel.topology("another")
          yield* until(Effect.map(other.current, (s) => s.sentinels.every((x) => x.isReachable === true)))
          yield* deployment.failover
          yield* TestClock.adjust(moment)
          const redis = yield* sentinel.primaryFor("mymaster")
          const writes = yield* writing(redis, 10)
          yield* until(moved)
          yield* whileTimePasses(Effect.sleep("500 millis"))
          yield* writes.stop
          assert.isAbove(writes.acknowledged.length, 0)
          assert.deepStrictEqual(yield* missing(writes.acknowledged), [])
        }).pipe(Effect.scoped, Effect.provide(Sentinel.layer({ sentinels: addresses, timeout: "1 seconds" })))
      }).pipe(Effect.provide(Testing.layer({ seed: moment }))))
  }
})

describe("what the first write of a new client waits for", () => {
  it.effect("nothing, if all sentinels answer at once", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* firstWrite, 0)
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("nothing, if a sentinel refuses the connection", () =>
    Effect.gen(function*() {
      yield* (yield* Testing.Deployment).kill(leader)
      assert.strictEqual(yield* firstWrite, 0)
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("the head start, if a dial is not answered", () =>
    Effect.gen(function*() {
      yield* (yield* Testing.Deployment).partition("client", leader)
      assert.isAtMost(yield* firstWrite, 101)
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("the head start, if a sentinel accepts the connection and stays silent", () =>
    Effect.gen(function*() {
      yield* (yield* Testing.Deployment).hang(leader)
      assert.isAtMost(yield* firstWrite, 101)
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("the first answer of a distant sentinel, and no longer", () =>
    Effect.gen(function*() {
      yield* (yield* Testing.Deployment).slow(leader, { latency: "30 millis" })
      // Its result is not withheld: the sentinel's announcement comes in time.
      assert.strictEqual(yield* firstWrite, 4 * 60)
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("its timeout at most, if a sentinel is distant and silent", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* deployment.slow(leader, { latency: "45 millis" })
      yield* deployment.hang(leader)
      const millis = yield* firstWrite
      assert.isAtLeast(millis, 101)
      assert.isAtMost(millis, 90 + 500 + 1)
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("nothing, if the sentinels are already subscribed to for another group", () =>
    Effect.gen(function*() {
      const { network } = yield* Testing.Deployment
      yield* Effect.gen(function*() {
        const sentinel = yield* Sentinel.Sentinel
        yield* whileTimePasses((yield* sentinel.topology("another")).current)
        const redis = yield* sentinel.primaryFor("mymaster")
        const began = network.time.now()
        yield* whileTimePasses(redis.set("a", "1"))
        assert.strictEqual(network.time.now(), began)
      }).pipe(Effect.scoped, Effect.provide(Sentinel.layer({ sentinels: addresses })))
    }).pipe(Effect.provide(Testing.layer())))
})
