/**
 * A deployment in memory for `--demo`: with applications that write, and for `watch` with failovers now and then. It
 * opens no connection to anything.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Sentinel from "../Sentinel.ts"
import * as Testing from "../testing/index.ts"
import type { Target } from "./target.ts"

const group = "mymaster"

/** The group of the demonstration. */
export const demoTarget: Target = {
  group,
  options: { sentinels: [{ host: "10.0.1.1", port: 26379 }], sentinel: {}, node: {} }
}

/** The deployment, and what reaches it. */
export const demoLayer = Layer.orDie(Testing.layer({ group, lag: { min: "1 millis", max: "5 millis" } }))

const writers = 8

/** Applications that write. */
export const demoLoad = Effect.gen(function*() {
  const sentinel = yield* Sentinel.make(demoTarget.options)
  const redis = yield* sentinel.primaryFor(group, { commandTimeout: "1 minute" })
  for (let writer = 0; writer < writers; writer++) {
    yield* Effect.forkScoped(Effect.forever(
      Effect.andThen(Effect.ignore(redis.set(`demo:${writer}`, "1", { ttl: "1 minute" })), Effect.sleep("20 millis"))
    ))
  }
}).pipe(Effect.orDie, Effect.provide(Logger.layer([])))

/** A planned failover, then a primary that dies and comes back as a replica, and so on. */
export const demoTrouble = Effect.gen(function*() {
  const deployment = yield* Testing.Deployment
  return yield* Effect.forever(Effect.gen(function*() {
    yield* Effect.sleep("5 seconds")
    yield* deployment.failover
    yield* Effect.sleep("15 seconds")
    const primary = yield* deployment.primary
    yield* deployment.kill(primary)
    yield* Effect.sleep("10 seconds")
    yield* deployment.restart(primary)
    yield* Effect.sleep("10 seconds")
  }))
})
