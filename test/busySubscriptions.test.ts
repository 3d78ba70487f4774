/**
 * Subscriptions to a server that is busy with a script: they wait like commands, and no longer.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Connector, RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { timePassing } from "./support/time.ts"

const address = "10.0.0.1:6379"
const whileTimePasses = timePassing("20 millis")

/** A server that is busy, a client that subscribes, and one that kills the script. */
const busy = (options: RedisClient.Options = {}) =>
  Effect.gen(function*() {
    const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
    const make = (more: RedisClient.Options) =>
      RedisClient.make({ address, ...more }).pipe(
        Effect.provideService(Connector.Connector, control.network.dialer("c"))
      )
    const [redis, admin, other] = yield* Effect.all([make(options), make({}), make({})])
    yield* Effect.all([admin.ping(), other.ping()])
    const node = control.node(address)
    const occupy = Effect.gen(function*() {
      yield* Effect.forkScoped(Effect.exit(other.eval("while true do end")), { startImmediately: true })
      yield* TestClock.adjust("6 seconds")
      assert.isTrue(node.isBusyWithScript)
    })
    return { redis, admin, node, occupy }
  })

describe("a server that is busy with a script", () => {
  for (const protocol of [2, 3] as const) {
    it.effect(`is asked again: the first subscription, and another one on its connection (RESP${protocol})`, () =>
      Effect.gen(function*() {
        const { admin, node, occupy, redis } = yield* busy({ protocol })
        for (const channel of ["first", "second"]) {
          yield* occupy
          const asked = yield* Effect.forkScoped(redis.subscription({ channels: [channel], patterns: [`${channel}?`] }))
          yield* TestClock.adjust("2 seconds")
          assert.isUndefined(asked.pollUnsafe())
          assert.strictEqual(yield* admin.scriptKill(), "OK")
          const stream = yield* whileTimePasses(Fiber.join(asked))
          assert.strictEqual(node.publish(channel, "message"), 1)
          const [item] = yield* Stream.runCollect(Stream.take(stream, 1))
          assert.deepInclude(item, { _tag: "Message", channel, payload: "message" })
        }
      }))
  }

  it.effect("for longer than a command may take: the subscription fails, and leaves nothing", () =>
    Effect.gen(function*() {
      const { node, occupy, redis } = yield* busy({ commandTimeout: "3 seconds" })
      yield* occupy
      const asked = yield* Effect.forkScoped(Effect.exit(Effect.scoped(redis.subscription({ channels: ["c"] }))))
      yield* TestClock.adjust("2 seconds")
      assert.isUndefined(asked.pollUnsafe())
      const error = failureOf(yield* whileTimePasses(Fiber.join(asked)))
      assert.strictEqual(error._tag === "ReplyError" ? error.code : error._tag, "BUSY")
      assert.strictEqual(node.publish("c", "message"), 0)
    }))
})
