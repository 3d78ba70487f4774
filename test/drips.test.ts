/**
 * A server that sends a byte now and then: it is as good as dead, and is left
 * like one.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { commands, Connector, RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { timePassing } from "./support/time.ts"

const whileTimePasses = timePassing("5 millis")

describe("a server that sends a byte now and then", () => {
  for (const byteMillis of [50, 400]) {
    it.effect(`one each ${byteMillis} ms, is left after stallTimeout, and used again once it has recovered`, () =>
      Effect.gen(function*() {
        const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
        const address = control.nodes[0]!
        const redis = yield* RedisClient.make({ address, stallTimeout: "1 second", commandTimeout: "1 minute" }).pipe(
          Effect.provideService(Connector.Connector, control.network.dial)
        )
        yield* redis.set("a", "x".repeat(100))
        yield* control.slow(address, { byteTime: `${byteMillis} millis` })
        const began = yield* Clock.currentTimeMillis
        // Its answer would take five seconds, or forty.
        const error = failureOf(
          yield* whileTimePasses(Effect.exit(redis.transaction([commands.append("a", "y"), commands.get("a")])))
        )
        assert.strictEqual(error._tag, "AmbiguousOutcome")
        assert.match(String(error.cause), /only single bytes, and no complete answer for/)
        assert.isAtMost((yield* Clock.currentTimeMillis) - began, 2100)
        yield* control.slow(address, { byteTime: "0 millis" })
        assert.strictEqual(yield* whileTimePasses(redis.strlen("a")), 101)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(control.network.connections(address), 1)
      }))
  }
})
