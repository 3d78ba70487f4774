/**
 * What waits, and for whom: commands that nobody waits for any more leave the
 * queues at once, and keep nothing alive.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as V8 from "node:v8"
import * as Vm from "node:vm"
import { Command, commands, Connector, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"

/** Collects garbage, now. */
const collect = (): void => {
  V8.setFlagsFromString("--expose-gc")
  Vm.runInNewContext("gc")()
}

const live = (node: Sentinel.NodeOptions) =>
  RedisClient.layerPrimary("mymaster").pipe(
    Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379"], node })),
    Layer.provideMerge(Testing.layer())
  )

describe("interrupted before it was written", () => {
  it.effect("while there is no connection", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      for (const node of deployment.nodes) yield* deployment.hang(node)
      const fibers = yield* Effect.forEach(
        Array.from({ length: 10 }),
        () => Effect.forkChild(Effect.exit(redis.incr("n")), { startImmediately: true })
      )
      assert.strictEqual(failureOf(yield* Effect.exit(redis.incr("n")))._tag, "QueueFull")
      // Each that goes makes room for one, no more.
      yield* Fiber.interrupt(fibers[3]!)
      yield* Fiber.interrupt(fibers[7]!)
      for (let i = 0; i < 2; i++) yield* Effect.forkChild(Effect.exit(redis.incr("n")), { startImmediately: true })
      assert.strictEqual(failureOf(yield* Effect.exit(redis.incr("n")))._tag, "QueueFull")
      for (const fiber of fibers) yield* Fiber.interrupt(fiber)
      const batch = yield* Effect.forkChild(redis.pipeline(Array.from({ length: 8 }, () => commands.incr("n"))), {
        startImmediately: true
      })
      for (const node of deployment.nodes) yield* deployment.resume(node)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(batch)).length, 8)
      assert.strictEqual(yield* redis.get("n"), "10")
    }).pipe(Effect.provide(live({ maxQueue: 10, commandTimeout: "30 seconds" }))))

  it.effect("while the socket accepts nothing", () =>
    Effect.gen(function*() {
      // A transport that is full after the handshake, until it is told otherwise.
      let full = false
      let drain = (): void => {}
      const dial = yield* Connector.Connector
      const redis = yield* RedisClient.make({ address: "localhost:6379", maxQueue: 10, commandTimeout: "30 seconds" })
        .pipe(
          Effect.provideService(Connector.Connector, (options) =>
            Effect.map(dial(options), (transport) => ({
              ...transport,
              start: (handler) => {
                drain = handler.drain
                transport.start(handler)
              },
              destroy: transport.destroy,
              write: (chunks, ascii) => transport.write(chunks, ascii) && !full
            })))
        )
      yield* redis.ping()
      full = true
      const first = yield* Effect.forkChild(redis.incr("n"), { startImmediately: true })
      yield* Effect.yieldNow
      const fibers = yield* Effect.forEach(
        Array.from({ length: 10 }),
        () => Effect.forkChild(Effect.exit(redis.incr("n")), { startImmediately: true })
      )
      assert.strictEqual(failureOf(yield* Effect.exit(redis.incr("n")))._tag, "QueueFull")
      for (const fiber of fibers) yield* Fiber.interrupt(fiber)
      const others = yield* Effect.forEach(
        Array.from({ length: 10 }),
        () => Effect.forkChild(redis.incr("n"), { startImmediately: true })
      )
      assert.strictEqual(failureOf(yield* Effect.exit(redis.incr("n")))._tag, "QueueFull")
      full = false
      drain()
      yield* Fiber.join(first)
      for (const fiber of others) yield* Fiber.join(fiber)
      assert.strictEqual(yield* redis.get("n"), "11")
    }).pipe(Effect.provide(Testing.layerRedis())))

  it.live("their arguments are released", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.ping()
      yield* deployment.hang("10.0.0.1:6379")
      const references: Array<WeakRef<object>> = []
      const SET = Command.define({ words: ["SET"], mode: "write", decode: Command.value })
      const one = () => {
        const bytes = new Uint8Array(1000)
        references.push(new WeakRef(bytes))
        return Command.make(SET, ["k", bytes])
      }
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), (_, i) =>
        Effect.forkChild(
          Effect.exit(i % 2 === 0 ? redis.run(one()) : redis.pipeline([one(), one()])),
          { startImmediately: true }
        ))
      const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      // Half of them are written before they are given up.
      for (const fiber of fibers.splice(0, 10)) yield* Fiber.interrupt(fiber)
      yield* turn
      for (const fiber of fibers.splice(0)) yield* Fiber.interrupt(fiber)
      yield* turn
      collect()
      assert.deepStrictEqual(references.filter((r) => r.deref() !== undefined).length, 0)
    }).pipe(Effect.provide(live({ commandTimeout: "30 seconds" }))))
})
