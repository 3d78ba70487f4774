/**
 * A client process that stands still, by a long turn of its own or because
 * somebody stopped it: its acknowledged writes are in its sockets, and are found.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { RedisClient } from "../../src/index.ts"
import { server } from "../support/processes.ts"
import { runProgram } from "../support/program.ts"

/** Keeps the event loop busy. */
const busy = (millis: number): void => {
  const end = performance.now() + millis
  while (performance.now() < end);
}

describe("a process that stands still", () => {
  for (const [turn, stallTimeout, commandTimeout] of [[400, 300, 10_000], [700, 5000, 300], [700, 200, 300]] as const) {
    it.live(`a turn of ${turn} ms, stallTimeout ${stallTimeout} ms, commandTimeout ${commandTimeout} ms`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address } = yield* server()
          const redis = yield* RedisClient.make({
            address,
            stallTimeout: `${stallTimeout} millis`,
            commandTimeout: `${commandTimeout} millis`
          })
          const id = yield* redis.clientId()
          for (let round = 1; round <= 3; round++) {
            const fibers = yield* Effect.forEach(
              Array.from({ length: 200 }),
              () => Effect.forkChild(redis.incr("n"), { startImmediately: true })
            )
            // They go out at the end of this turn, and the next one is long.
            yield* Effect.promise(() => Promise.resolve())
            busy(turn)
            for (const fiber of fibers) yield* Fiber.join(fiber)
            assert.strictEqual(yield* redis.get("n"), String(round * 200))
          }
          assert.strictEqual(yield* redis.clientId(), id)
        })
      ))
  }

  it.live("a process that is stopped for longer than every limit", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const program = `
          import * as Effect from "effect/Effect"
          import * as Fiber from "effect/Fiber"
          import { RedisClient } from ${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)}
          const main = Effect.gen(function*() {
            const redis = yield* RedisClient.make({
              address: ${JSON.stringify(address)}, stallTimeout: "300 millis", commandTimeout: "500 millis"
            })
            yield* redis.ping()
            const fibers = []
            for (let i = 0; i < 100; i++) {
              fibers.push(yield* Effect.forkChild(Effect.exit(redis.incr("n")), { startImmediately: true }))
            }
            // Written in this turn; before the next one, somebody stops the process.
            yield* Effect.promise(() => Promise.resolve())
            process.kill(process.pid, "SIGSTOP")
            let good = 0
            for (const fiber of fibers) if ((yield* Fiber.join(fiber))._tag === "Success") good++
            console.log("acknowledged:", good)
          })
          await Effect.runPromise(Effect.scoped(main))
        `
        // It says nothing before it is stopped: it is woken up again and again until it has ended.
        const { out } = yield* runProgram(program, (child) =>
          Effect.asVoid(
            Effect.acquireRelease(
              Effect.sync(() => setInterval(() => child.kill("SIGCONT"), 1500)),
              (waking) => Effect.sync(() => clearInterval(waking))
            )
          ))
        assert.strictEqual(out, "acknowledged: 100\n")
      })
    ))
})
