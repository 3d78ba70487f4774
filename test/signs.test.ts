/**
 * Signs of a failover that come from several sentinels, or from one that is not
 * known yet: one that comes to nothing does not take back what another one says.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import { Address, RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { clients, inSteps, live, missing, moved, sentinels as addresses, stateOf } from "./support/group.ts"

const { bornWriter, ready, until, whileTimePasses, writing } = inSteps("1 millis")

const selected = "slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379"
const aborted = "master mymaster 10.0.0.1 6379"

describe("two sentinels that say that a failover is under way", () => {
  const [leader, other] = [addresses[0]!, addresses[1]!]

  /** What the leader has published so far. */
  const following = Effect.gen(function*() {
    const deployment = yield* Testing.Deployment
    const events: Array<string> = []
    deployment.sentinel(leader).onEvent = (name) => void events.push(name)
    return events
  })

  for (
    const [name, end] of [
      [
        "aborts its own",
        Effect.flatMap(
          Testing.Deployment,
          (d) => Effect.sync(() => d.sentinel(other).publish("-failover-abort-slave-timeout", aborted))
        )
      ],
      ["says, asked, that there is none", Effect.void]
    ] as const
  ) {
    it.effect(`the first ${name}: writes wait for the other one's`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        yield* ready(redis)
        const events = yield* following
        const writes = yield* writing(redis, 10)
        yield* deployment.failover
        yield* until(Effect.sync(() => events.includes("+elected-leader")))
        deployment.sentinel(other).publish("+selected-slave", selected)
        yield* until(Effect.sync(() => events.includes("+selected-slave")))
        yield* whileTimePasses(Effect.sleep("5 millis"))
        yield* end
        yield* until(moved)
        yield* writes.stop
        assert.isAbove(writes.acknowledged.length, 0)
        assert.strictEqual((yield* missing(writes.acknowledged)).length, 0)
      }).pipe(Effect.provide(live({}, { latency: { min: "0 millis", max: "2 millis" } }))))
  }

  it.effect("the first reaches maxWriteHold just when the other one starts", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const events = yield* following
      deployment.sentinel(other).publish("+selected-slave", selected)
      yield* until(Effect.map(stateOf, (s) => s.fence?.from === other))
      yield* deployment.hang(other)
      yield* whileTimePasses(Effect.sleep("2600 millis"))
      yield* deployment.failover
      yield* until(Effect.sync(() => events.includes("+selected-slave")))
      assert.strictEqual((yield* stateOf).fence?.from, other)
      const writes = yield* writing(redis, 10)
      yield* until(moved)
      yield* whileTimePasses(Effect.sleep("100 millis"))
      yield* writes.stop
      assert.isAbove(writes.acknowledged.length, 0)
      assert.strictEqual((yield* missing(writes.acknowledged)).length, 0)
    }).pipe(Effect.provide(live({ maxWriteHold: "3 seconds" }, { latency: { min: "0 millis", max: "2 millis" } }))))

  it.effect("both come to nothing: writes continue", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const time = deployment.network.time
      for (const from of [leader, other]) deployment.sentinel(from).publish("+selected-slave", selected)
      yield* until(Effect.map(stateOf, (s) => s.fence !== undefined))
      const began = time.now()
      yield* until(Effect.map(stateOf, (s) => s.fence === undefined))
      assert.isAtMost(time.now() - began, 2500)
      yield* whileTimePasses(redis.set("b", "1"))
    }).pipe(Effect.provide(live())))
})

describe("a client that knows one sentinel only", () => {
  for (const link of [2, 20]) {
    for (let moment = 0; moment <= 450; moment += 50) {
      it.effect(`and starts ${moment} ms after the start of a failover whose leader is ${link} ms away`, () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          yield* deployment.slow(addresses[0]!, { latency: `${link} millis` })
          yield* deployment.failover
          yield* TestClock.adjust(moment)
          yield* bornWriter(moved, "100 millis").pipe(Effect.provide(clients({ sentinels: [addresses[2]!] })))
        }).pipe(Effect.provide(Testing.layer({ seed: moment }))))
    }
  }
})

describe("a natMap that throws for a moment", () => {
  for (const denied of [false, true]) {
    it.effect(`does not prevent later questions${denied ? ", if the sentinels deny a subscription" : ""}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        let throws = false
        if (denied) {
          for (const address of addresses) {
            for (const rule of ["-subscribe", "-psubscribe"]) {
              deployment.sentinel(address).users.get("default")!.apply(rule)
            }
          }
        }
        yield* Effect.gen(function*() {
          const redis = yield* RedisClient.RedisClient
          yield* ready(redis)
          throws = true
          if (!denied) { for (const address of addresses) yield* deployment.disconnect(address) }
          yield* whileTimePasses(Effect.sleep("100 millis"))
          throws = false
          yield* whileTimePasses(Effect.sleep("1 second"))
          // One that has cried wolf is not believed before it is asked.
          for (let i = 0; !denied && i < 4; i++) {
            deployment.sentinel(addresses[0]!).publish("+selected-slave", selected)
            yield* whileTimePasses(Effect.sleep("5 millis"))
            deployment.sentinel(addresses[0]!).publish("-failover-abort-not-elected", aborted)
            yield* whileTimePasses(Effect.sleep("5 millis"))
          }
          yield* whileTimePasses(Effect.sleep("1 second"))
          const writes = yield* writing(redis, 10)
          yield* deployment.failover
          yield* until(moved)
          yield* whileTimePasses(Effect.sleep("500 millis"))
          yield* writes.stop
          assert.isAbove(writes.acknowledged.length, 0)
          assert.strictEqual((yield* missing(writes.acknowledged)).length, 0)
        }).pipe(Effect.provide(clients({
          natMap: () => {
            if (throws) throw new Error("a natMap that throws")
            return undefined
          }
        })))
      }).pipe(
        Effect.provideService(References.MinimumLogLevel, "None"),
        Effect.provide(Testing.layer({ latency: { min: "0 millis", max: "2 millis" } }))
      ))
  }
})

describe("a sentinel that selects a node that no other sentinel lists", () => {
  it.effect("does not lead the client there, even if the node calls itself a primary", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const replicas = [{ host: "10.0.0.2", port: 6379 }]
      const rogue = { host: "10.0.0.3", port: 6379 }
      for (const address of addresses) yield* deployment.lie(address, { replicas })
      yield* deployment.lie(addresses[0]!, { replicas: [...replicas, rogue] })
      yield* Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        yield* ready(redis)
        yield* until(Effect.map(stateOf, (s) => s.replicas.length === 2))
        deployment.node("10.0.0.3:6379").promote()
        for (let i = 0; i < 5; i++) {
          deployment.sentinel(addresses[0]!)
            .publish("+selected-slave", "slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster 10.0.0.1 6379")
          yield* whileTimePasses(Effect.sleep("100 millis"))
          const { primary } = yield* stateOf
          assert.strictEqual(Address.format(primary!), "10.0.0.1:6379")
          deployment.sentinel(addresses[0]!).publish("-failover-abort-slave-timeout", aborted)
          yield* whileTimePasses(Effect.sleep("100 millis"))
        }
        yield* whileTimePasses(redis.set("b", "1"))
        assert.strictEqual(deployment.node("10.0.0.1:6379").peek("b"), "1")
      }).pipe(Effect.provide(clients({ follow: "promotion" })))
    }).pipe(Effect.provide(Testing.layer())))
})
