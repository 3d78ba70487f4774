/** Plays every scenario in memory, in no time. `integration/scenarios.test.ts` plays the same on real processes. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { scenarios } from "./scenarios.ts"
import { memory, whileTimePasses } from "./stage.ts"

describe("in memory", () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    // One of them has twenty failovers.
    it.effect(name, () => Effect.scoped(Effect.flatMap(memory, (stage) => whileTimePasses(scenario(stage)))), 120_000)
  }
})
