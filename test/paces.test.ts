/** How often what does not answer is dialled. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { inSteps, live, sentinels as addresses } from "./support/group.ts"

const { ready } = inSteps("1 millis")

describe("sentinels that are gone", () => {
  for (const how of ["kill", "hang"] as const) {
    for (const gone of [1, 2, 3]) {
      it.effect(`${gone} of three (${how}): each is dialled a few times a second`, () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          yield* ready(redis)
          const which = addresses.slice(0, gone)
          for (const address of which) {
            yield* how === "kill" ? deployment.kill(address) : deployment.hang(address)
          }
          yield* deployment.kill("10.0.0.1:6379")
          yield* Effect.forkChild(Effect.forever(Effect.exit(redis.set("b", "1"))), { startImmediately: true })
          yield* TestClock.adjust("10 seconds")
          const before = which.map((address) => deployment.network.dials(address))
          yield* TestClock.adjust("10 seconds")
          const dials = which.map((address, i) => deployment.network.dials(address) - before[i]!)
          for (const n of dials) assert.isAtMost(n, 70)
        }).pipe(Effect.provide(live())))
    }
  }
})

describe("replicas that no sentinel lists any more", () => {
  it.effect("are asked themselves once a second at most, however much the sentinels publish", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      for (const address of addresses) deployment.sentinel(address).lie = { replicas: [] }
      const before = deployment.network.dials("10.0.0.2:6379")
      for (let i = 0; i < 1000; i++) {
        const promoted = i % 10 === 0 ? "+promoted-slave" : "+slave"
        deployment.sentinel(addresses[0]!)
          .publish(promoted, "slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379")
        yield* TestClock.adjust("10 millis")
      }
      const dials = deployment.network.dials("10.0.0.2:6379") - before
      assert.isAtLeast(dials, 5)
      assert.isAtMost(dials, 12)
    }).pipe(Effect.provide(live())))
})
