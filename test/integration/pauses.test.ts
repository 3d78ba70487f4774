/**
 * Servers that let their clients wait on purpose, against servers that are gone:
 * CLIENT PAUSE, long scripts, a stopped process.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { commands, RedisClient } from "../../src/index.ts"
import { failureOf } from "../support/exit.ts"
import { server } from "../support/processes.ts"

describe("CLIENT PAUSE", () => {
  for (const mode of ["ALL", "WRITE"] as const) {
    it.live(`${mode}, for longer than the stall timeout: writes wait, and are applied once`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address } = yield* server()
          const redis = yield* RedisClient.make({ address, stallTimeout: "400 millis", pingInterval: "400 millis" })
          const operator = yield* RedisClient.make({ address })
          const id = yield* redis.clientId()
          yield* operator.send("CLIENT", "PAUSE", "1500", mode)
          const writes = yield* Effect.forEach(
            Array.from({ length: 20 }),
            () => Effect.forkChild(redis.incr("n"), { startImmediately: true })
          )
          for (const write of writes) yield* Fiber.join(write)
          assert.strictEqual(yield* redis.get("n"), "20")
          assert.strictEqual(yield* redis.clientId(), id)
        })
      ))

    it.live(`${mode}, for longer than a command's own deadline`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address } = yield* server()
          const redis = yield* RedisClient.make({ address, stallTimeout: "200 millis", commandTimeout: "700 millis" })
          const operator = yield* RedisClient.make({ address })
          yield* redis.ping()
          yield* operator.send("CLIENT", "PAUSE", "1500", mode)
          const error = failureOf(yield* Effect.exit(redis.incr("n")))
          assert.strictEqual(error._tag, "AmbiguousOutcome")
          assert.include(error.message, "700 ms")
        })
      ))
  }
})

describe("a stopped server", () => {
  it.live("is still given up after the stall timeout", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const stopped = yield* server()
        const redis = yield* RedisClient.make({ address: stopped.address, stallTimeout: "400 millis" })
        yield* redis.ping()
        yield* stopped.signal("SIGSTOP")
        const error = failureOf(yield* Effect.exit(redis.incr("n")))
        yield* stopped.signal("SIGCONT")
        assert.strictEqual(error._tag, "AmbiguousOutcome")
        if (error._tag === "AmbiguousOutcome") assert.include(error.message, "stalled")
      })
    ))
})

describe("a script that runs for long", () => {
  it.live("commands, pipelines and transactions wait until BUSY has passed, on reserved connections too", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server({ config: ["busy-reply-threshold 100"] })
        const redis = yield* RedisClient.make({ address })
        const other = yield* RedisClient.make({ address })
        yield* redis.ping()
        const reserved = yield* redis.reserve
        const watching = yield* redis.reserve
        yield* watching.watch("w")
        const script = yield* Effect.forkChild(
          Effect.exit(
            other.send("EVAL", "while redis.call('TIME')[1] * 1 < ARGV[1] * 1 do end return 1", "0", "9999999999")
          ),
          { startImmediately: true }
        )
        // Until the server says that it is busy.
        const plain = yield* RedisClient.make({ address, commandTimeout: "100 millis" })
        const busy = Effect.map(
          Effect.exit(plain.get("a")),
          (exit) => Exit.isFailure(exit) && String(exit.cause).includes("BUSY")
        )
        while (!(yield* busy));
        const work = yield* Effect.forkChild(
          Effect.all([
            redis.incr("n"),
            redis.pipeline([commands.incr("n"), commands.incr("n")]),
            redis.transaction([commands.incr("n"), commands.incr("n")]),
            redis.get("a"),
            reserved.incr("n"),
            reserved.pipeline([commands.incr("n"), commands.incr("n")])
          ], { concurrency: "unbounded" }),
          { startImmediately: true }
        )
        // What it watches would be forgotten.
        const watched = failureOf(yield* Effect.exit(watching.transaction([commands.incr("n")])))
        assert.strictEqual(watched._tag === "ReplyError" ? watched.code : watched._tag, "BUSY")
        yield* Effect.sleep("300 millis")
        assert.isUndefined(work.pollUnsafe())
        yield* plain.send("SCRIPT", "KILL").pipe(Effect.orDie)
        yield* Fiber.join(work)
        assert.strictEqual(yield* redis.get("n"), "8")
        yield* Fiber.join(script)
      })
    ))
})
