/** Parts of a group's monitor by themselves. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Belief } from "../src/internal/discovery/belief.ts"
import { PrimaryProbe } from "../src/internal/monitor/primaryProbe.ts"
import { MonitorRuntime } from "../src/internal/monitor/runtime.ts"
import * as Testing from "../src/testing/index.ts"

describe("the probe of a node", () => {
  it.effect("that goes by another address meanwhile: what most sentinels name is not refuted", () =>
    Effect.gen(function*() {
      const runtime = new MonitorRuntime(yield* Clock.Clock, yield* Effect.context<never>())
      yield* Effect.addFinalizer(() => Effect.sync(() => runtime.close()))
      const belief = new Belief()
      const refuted: Array<string> = []
      const probe = new PrimaryProbe({
        runtime,
        node: {},
        belief,
        survey: { beginSoon: () => {} },
        maxProvisionalMillis: 10_000,
        onConnected: () => {},
        onPrimary: () => assert.fail("a replica is not a primary"),
        onRefuted: ({ from }) => void refuted.push(from)
      })
      const now = runtime.now()
      for (const from of ["s1", "s2", "s3"]) belief.hear({ from, node: "10.0.0.2:6379", epoch: 1 }, now)
      probe.start({ address: { host: "10.0.0.2", port: 6379 }, epoch: 1, from: "s1", isProvisional: false })
      yield* TestClock.adjust("500 millis")
      belief.rename("10.0.0.2:6379", "10.9.0.2:6379")
      probe.rename("10.0.0.2:6379", { host: "10.9.0.2", port: 6379 })
      for (let i = 0; i < 300; i++) yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(refuted, [])
      assert.isTrue(probe.current?.isDenied)
    }).pipe(Effect.provide(Testing.layer())))
})
