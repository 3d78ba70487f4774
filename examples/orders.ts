/**
 * A shop that adds orders to a stream, and three workers of a consumer group that process them, while the group fails
 * over: each order that was added is processed at least once, and one that nobody can process becomes a dead letter.
 */
import { Data, Effect, Fiber, Schedule, Schema, Stream } from "effect"
import { RedisClient } from "../src/index.ts"
import * as RedisStream from "../src/RedisStream.ts"
import { runAsProgram } from "./setting.ts"

class Order extends Schema.Class<Order>("Order")({ customer: Schema.String, total: Schema.Number }) {}

const orders = RedisStream.make({
  key: "orders",
  schema: Order,
  trim: { strategy: "maxlen", threshold: 100_000, approximate: true }
})

class Refused extends Data.TaggedError("Refused")<{ readonly total: number }> {}

export const example = (interlude: Effect.Effect<void>) =>
  Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    const added = new Set<string>()
    const processed = new Map<string, number>()
    const told = new Map<string, number>()

    const worker = (consumer: string) =>
      orders.consume(
        {
          group: "billing",
          consumer,
          concurrency: 4,
          minIdle: "2 seconds",
          claimInterval: "500 millis",
          retry: { times: 2, schedule: Schedule.exponential("10 millis") },
          deadLetter: { key: "orders:dead", maxDeliveries: 2 },
          onEvent: (event) => Effect.sync(() => void told.set(event._tag, (told.get(event._tag) ?? 0) + 1))
        },
        ({ id, value }) =>
          value.total < 0
            ? Effect.fail(new Refused({ total: value.total }))
            : Effect.sync(() => void processed.set(id, (processed.get(id) ?? 0) + 1))
      )
    const working = yield* Effect.forEach(["ada", "grace", "edsger"], (name) => Effect.forkChild(worker(name)))

    let number = 0
    const shopping = yield* Effect.gen(function*() {
      const total = number++ === 50 ? -1 : number
      const id = yield* orders.add(new Order({ customer: `customer ${number}`, total }))
      if (total >= 0) added.add(id)
    }).pipe(
      // An order whose reply never came may have been added; the shop would ask its database.
      Effect.catchTag("AmbiguousOutcome", () => Effect.void),
      Effect.andThen(Effect.sleep("5 millis")),
      Effect.forever,
      Effect.forkChild
    )
    yield* Effect.sleep("500 millis")
    yield* interlude
    yield* Effect.sleep("500 millis")
    yield* Fiber.interrupt(shopping)
    // The workers stop gracefully once everything is done.
    yield* Effect.sleep("6 seconds")
    yield* Fiber.interruptAll(working)

    const dead = yield* redis.xrange("orders:dead", "-", "+")
    const pending = yield* redis.xpending("orders", "billing")
    const stored = yield* Stream.runCount(orders.range({ items: "entries" }))
    yield* redis.del(["orders", "orders:dead"])
    return {
      added: added.size,
      stored,
      unprocessed: Array.from(added).filter((id) => !processed.has(id)).length,
      twice: Array.from(processed.values()).filter((times) => times > 1).length,
      redelivered: told.get("Redelivered") ?? 0,
      dead: dead.length,
      pending: pending.count
    }
  })

runAsProgram(import.meta.main, example)
