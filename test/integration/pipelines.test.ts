/** Pipelines on real servers: their order with several connections, and refusals in the middle. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import { commands, RedisClient } from "../../src/index.ts"
import { server } from "../support/processes.ts"

const { get, incr, set } = commands

describe("pipelines", () => {
  for (const connections of [1, 2, 4]) {
    it.live(`2,000 of [SET, SET, GET] over ${connections} connections`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address } = yield* server()
          const redis = yield* RedisClient.make({ address, connections })
          yield* redis.ping()
          const count = Effect.map(redis.clientList(), (list) => list.length)
          yield* Effect.repeat(count, { until: (n) => n === connections })
          const results = yield* Effect.forEach(
            Array.from({ length: 2000 }, (_, i) => i),
            (i) => redis.pipeline([set(`k${i}`, `first ${i}`), set(`k${i}`, `second ${i}`), get(`k${i}`)]),
            { concurrency: "unbounded" }
          )
          results.forEach((result, i) => assert.deepStrictEqual(result, ["OK", "OK", `second ${i}`]))
          const values = yield* redis.mget(results.map((_, i) => `k${i}`))
          values.forEach((value, i) => assert.strictEqual(value, `second ${i}`))
        })
      ), 30_000)
  }

  it.live(
    "NOREPLICAS that comes and goes: the order of what is applied is the order that was written",
    () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address } = yield* server()
          const redis = yield* RedisClient.make({ address, connections: 2 })
          const operator = yield* RedisClient.make({ address })
          const toggling = yield* Effect.forkChild(
            Effect.forever(
              Effect.gen(function*() {
                yield* operator.send("CONFIG", "SET", "min-replicas-to-write", 1)
                yield* operator.send("CONFIG", "SET", "min-replicas-to-write", 0)
              })
            )
          )
          for (let i = 0; i < 300; i++) {
            const results = yield* redis.pipelineResults(
              [1, 2, 3, 4].flatMap((j) => [set(`k${i}`, String(j)), get(`k${i}`)])
            )
            let last: string | null = null
            for (let j = 1; j <= 4; j++) {
              const [written, read] = [results[j * 2 - 2]!, results[j * 2 - 1]!]
              if (Result.isSuccess(written)) last = String(j)
              else assert.strictEqual(written.failure._tag === "ReplyError" && written.failure.code, "NOREPLICAS")
              assert.deepStrictEqual(read, Result.succeed(last))
            }
            assert.strictEqual(yield* redis.get(`k${i}`), last)
          }
          yield* Fiber.interrupt(toggling)
        })
      ),
    60_000
  )

  it.live("150,000 at once on an idle client", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const redis = yield* RedisClient.make({ address, commandTimeout: "1 minute" })
        const results = yield* redis.pipeline(Array.from({ length: 150_000 }, () => incr("n")))
        assert.isTrue(results.every((n, i) => n === i + 1))
      })
    ), 60_000)
})
