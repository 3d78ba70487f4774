/** A test of an application whose primary dies, in ten lines: without Redis, and without waiting. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"

const live = RedisClient.layerPrimary("mymaster").pipe(
  Layer.provide(Sentinel.layer({ sentinels: ["10.0.1.1:26379"] })),
  Layer.provideMerge(Testing.layer({ group: "mymaster", replicas: 2, sentinels: 3 }))
)

const failover = Effect.gen(function*() {
  const redis = yield* RedisClient.RedisClient
  const deployment = yield* Testing.Deployment
  yield* redis.set("visits", 41)
  yield* deployment.kill(yield* deployment.primary)
  const visits = yield* Effect.forkChild(redis.incr("visits"))
  yield* TestClock.adjust("3 seconds")
  assert.strictEqual(yield* Fiber.join(visits), 42) // from the new primary
}).pipe(Effect.provide(live))

it.effect("a write continues at the new primary", () => failover)

it("a hundred runs take a moment", async () => {
  const took: Array<number> = []
  for (let i = 0; i < 100; i++) {
    const begin = performance.now()
    await Effect.runPromise(Effect.provide(failover, TestClock.layer()))
    took.push(performance.now() - begin)
  }
  const median = took.sort((a, b) => a - b)[50]!
  console.log(`failover in memory: median ${median.toFixed(1)} ms`)
})
