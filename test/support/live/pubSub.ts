/** Scenes of channels. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { anywhere, c, eventually, is, Live } from "./scene.ts"

export const pubSub = [
  anywhere(
    "channels that nobody listens to",
    is(c.publish("ch", "m"), 0),
    is(c.spublish("ch", "m"), 0),
    is(c.pubsubChannels(), []),
    is(c.pubsubNumpat(), 0),
    is(c.pubsubShardchannels("x*"), []),
    is(c.pubsubNumsub("a"), [{ channel: "a", subscribers: 0 }])
  ),
  anywhere(
    "channels with subscribers",
    Effect.gen(function*() {
      const { other } = yield* Live
      yield* Effect.forkScoped(
        Stream.runDrain(other.subscribe({ channels: ["ch"], patterns: ["c*"], shards: ["sch"] }))
      )
      for (
        const step of [
          is(c.pubsubChannels("c*"), ["ch"]),
          is(c.pubsubNumsub("ch", "none"), [{ channel: "ch", subscribers: 1 }, { channel: "none", subscribers: 0 }]),
          is(c.pubsubNumpat(), 1),
          is(c.pubsubShardchannels(), ["sch"]),
          is(c.pubsubShardnumsub("sch"), [{ channel: "sch", subscribers: 1 }])
        ]
      ) yield* eventually(step)
      yield* is(c.publish("ch", "m"), 2)
      yield* is(c.spublish("sch", "m"), 1)
    })
  )
]
