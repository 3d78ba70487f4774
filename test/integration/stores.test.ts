/**
 * Effect's stores on a real server: each behaviour of scenarios/storeBehaviours.ts. effectStores.test.ts plays the same
 * in memory.
 */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { RedisClient } from "../../src/index.ts"
import { behaviours } from "../scenarios/storeBehaviours.ts"
import { server } from "../support/processes.ts"

describe("Effect's stores on a real server", () => {
  it.live(
    "all behaviours",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const { address } = yield* server()
        // A machine that is busy with other tests takes its time.
        const redis = yield* RedisClient.make({ address, commandTimeout: "1 minute" })
        for (const behaviour of Object.values(behaviours)) {
          yield* redis.flushall()
          yield* Effect.scoped(Effect.provideService(behaviour, RedisClient.RedisClient, redis))
        }
      })),
    60_000
  )
})
