/**
 * A queue on a list with two workers, one of which dies in the middle of its work, while the group fails over: what the
 * dead worker had taken, the other one processes.
 */
import { Effect, Fiber, Schema } from "effect"
import { RedisClient } from "../src/index.ts"
import * as RedisQueue from "../src/RedisQueue.ts"
import { runAsProgram } from "./setting.ts"

const mails = RedisQueue.make({
  key: "mails",
  schema: Schema.Struct({ number: Schema.Int, subject: Schema.String })
})

export const example = (interlude: Effect.Effect<void>) =>
  Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    const pushed = new Set<number>()
    const sent = new Map<number, number>()

    const worker = mails.consume(
      { concurrency: 4 },
      ({ number }) =>
        Effect.andThen(
          Effect.sleep("10 millis"),
          Effect.sync(() => void sent.set(number, (sent.get(number) ?? 0) + 1))
        )
    )
    const first = yield* Effect.forkChild(worker)
    const second = yield* Effect.forkChild(worker)

    let number = 0
    const producing = yield* Effect.gen(function*() {
      const next = number++
      yield* mails.push({ number: next, subject: "Welcome" })
      pushed.add(next)
    }).pipe(
      Effect.catchTag("AmbiguousOutcome", () => Effect.void),
      Effect.andThen(Effect.sleep("5 millis")),
      Effect.forever,
      Effect.forkChild
    )
    yield* Effect.sleep("500 millis")
    yield* Fiber.interrupt(first)
    yield* interlude
    yield* Effect.sleep("500 millis")
    yield* Fiber.interrupt(producing)
    yield* Effect.sleep("1 second")
    const { dead, waiting } = yield* mails.status
    yield* Fiber.interrupt(second)
    yield* redis.del(["mails", "mails:dead", "mails:consumers"])
    return {
      pushed: pushed.size,
      unsent: Array.from(pushed).filter((number) => !sent.has(number)).length,
      twice: Array.from(sent.values()).filter((times) => times > 1).length,
      waiting,
      dead
    }
  })

runAsProgram(import.meta.main, example)
