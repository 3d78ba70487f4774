/**
 * A publisher and two subscribers, one of them slow, while the group fails over. Messages are checked by a schema; what a
 * subscriber missed is told.
 */
import { Effect, Fiber, Schema, Stream } from "effect"
import * as Channel from "../src/Channel.ts"
import { RedisClient } from "../src/index.ts"
import { runAsProgram } from "./setting.ts"

const news = Channel.make({
  name: "news",
  schema: Schema.Struct({ number: Schema.Int, title: Schema.String })
})

export const example = (interlude: Effect.Effect<void>) =>
  Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    const seen = { published: 0, received: 0, gaps: 0, outOfOrder: 0, dropped: 0 }

    // Both subscriptions share a connection, and are acknowledged from here on.
    const fast = yield* redis.subscription(news)
    const slow = yield* redis.subscription(news, { capacity: 10, whenFull: "drop-oldest" })

    const publishing = yield* Effect.gen(function*() {
      yield* redis.run(news.publish({ number: seen.published, title: "Something happened" }))
      seen.published++
    }).pipe(Effect.ignore, Effect.andThen(Effect.sleep("2 millis")), Effect.forever, Effect.forkScoped)

    let last = -1
    yield* fast.pipe(
      Stream.runForEach((item) =>
        Effect.sync(() => {
          if (item._tag === "Gap") return void seen.gaps++
          if (item._tag === "Misfit") return
          if (item.payload.number <= last) seen.outOfOrder++
          last = item.payload.number
          seen.received++
        })
      ),
      Effect.forkScoped
    )
    yield* slow.pipe(
      Stream.rechunk(1),
      Stream.runForEach((item) =>
        item._tag === "Gap"
          ? Effect.sync(() => void (seen.dropped += item.missed ?? 0))
          : Effect.sleep("50 millis")
      ),
      Effect.forkScoped
    )
    yield* Effect.sleep("500 millis")
    yield* interlude
    yield* Effect.sleep("500 millis")
    yield* Fiber.interrupt(publishing)
    yield* Effect.sleep("100 millis")
    return seen
  }).pipe(Effect.scoped)

runAsProgram(import.meta.main, example)
