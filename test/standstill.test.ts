/**
 * A process that stands still finds the replies in its sockets when it goes on:
 * they are read before anybody is judged.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as Net from "node:net"
import { commands, RedisClient, Sentinel } from "../src/index.ts"
import { timeoutOrElse } from "../src/internal/common/time.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { listening } from "./support/tcp.ts"

const live = (node: Sentinel.NodeOptions) =>
  RedisClient.layerPrimary("mymaster").pipe(
    Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379"], node })),
    Layer.provideMerge(Testing.layer())
  )

describe("the client stands still", () => {
  it.effect("past every deadline: replies that had arrived are read first", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      deployment.network.standStill("client")
      const single = yield* Effect.forkChild(redis.incr("n"), { startImmediately: true })
      const pipeline = yield* Effect.forkChild(redis.pipeline([commands.incr("n"), commands.get("a")]), {
        startImmediately: true
      })
      const transaction = yield* Effect.forkChild(redis.transaction([commands.incr("n")]), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(single), 1)
      assert.deepStrictEqual(yield* Fiber.join(pipeline), [2, "1"])
      assert.deepStrictEqual(yield* Fiber.join(transaction), [3])
    }).pipe(Effect.provide(live({ commandTimeout: "1 second" }))))

  it.effect("for longer than stallTimeout: the server does not count as dead", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      deployment.network.standStill("client")
      const write = yield* Effect.forkChild(redis.incr("n"), { startImmediately: true })
      yield* TestClock.adjust("7 seconds")
      assert.strictEqual(yield* Fiber.join(write), 1)
      assert.strictEqual(deployment.network.dials("10.0.0.1:6379"), 1)
    }).pipe(Effect.provide(live({}))))

  it.effect("a missing reply is still noticed", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      yield* deployment.hang("10.0.0.1:6379")
      deployment.network.standStill("client")
      const write = yield* Effect.forkChild(Effect.exit(redis.incr("n")), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      const exit = yield* Fiber.join(write)
      assert.isTrue(Exit.isFailure(exit))
      assert.strictEqual(failureOf(exit)._tag, "AmbiguousOutcome")
    }).pipe(Effect.provide(live({ commandTimeout: "1 second" }))))
})

describe("a limit on an answer", () => {
  it.live("an answer that came during a long turn is in time, and a missing one is not", () =>
    Effect.scoped(
      Effect.gen(function*() {
        let answer = (): void => {}
        const server = yield* listening((socket) => {
          answer = () => void socket.write("x")
        })
        const socket = yield* Effect.acquireRelease(
          Effect.callback<Net.Socket>((resume) => {
            const socket = Net.connect(server.port, "127.0.0.1", () => resume(Effect.succeed(socket)))
          }),
          (socket) => Effect.sync(() => socket.destroy())
        )
        while (server.dials === 0) yield* Effect.sleep("1 millis")
        const limited = timeoutOrElse(
          Effect.callback<string>((resume) => void socket.once("data", () => resume(Effect.succeed("came")))),
          { duration: Duration.millis(50), orElse: () => Effect.succeed("late") }
        )
        const fiber = yield* Effect.forkChild(limited, { startImmediately: true })
        answer()
        for (const end = performance.now() + 200; performance.now() < end;);
        assert.strictEqual(yield* Fiber.join(fiber), "came")
        assert.strictEqual(yield* limited, "late")
      })
    ))
})
