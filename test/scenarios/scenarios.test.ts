/** Plays every scenario in memory, in no time, and on real processes. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { scenarios } from "./scenarios.ts"
import { memory, processes, whileTimePasses } from "./stage.ts"

describe("in memory", () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    it.effect(name, () => Effect.scoped(Effect.flatMap(memory, (stage) => whileTimePasses(scenario(stage)))))
  }
})

describe("on real processes", () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    it.live(name, () => Effect.scoped(Effect.flatMap(processes, scenario)), 60_000)
  }
})
