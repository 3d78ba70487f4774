/** Plays every scenario on real processes. `scenarios/scenarios.test.ts` plays the same in memory. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { scenarios } from "../scenarios/scenarios.ts"
import { processes } from "../scenarios/stage.ts"

describe("on real processes", () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    it.live(name, () => Effect.scoped(Effect.flatMap(processes, scenario)), 60_000)
  }
})
