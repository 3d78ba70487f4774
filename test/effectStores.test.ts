/**
 * Effect's stores on a server in memory: each behaviour of scenarios/storeBehaviours.ts. integration/stores.test.ts
 * plays the same on a real server.
 */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { behaviours } from "./scenarios/storeBehaviours.ts"
import { timePassing } from "./support/time.ts"

const whileTimePasses = timePassing("5 millis")

const live = RedisClient.layer({ address: "10.0.0.1:6379" }).pipe(
  Layer.provide(Testing.layer({ replicas: 0, sentinels: 0 }))
)

describe("Effect's stores in memory", () => {
  for (const [name, behaviour] of Object.entries(behaviours)) {
    it.effect(name, () => whileTimePasses(Effect.scoped(Effect.provide(behaviour, live))))
  }
})
