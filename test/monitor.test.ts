/** Parts of a group's monitor by themselves. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Connector } from "../src/Connector.ts"
import * as Errors from "../src/Errors.ts"
import { Address } from "../src/index.ts"
import { Belief } from "../src/internal/discovery/belief.ts"
import { AliasCheck } from "../src/internal/monitor/aliasCheck.ts"
import { initialState } from "../src/internal/monitor/groupState.ts"
import { PrimaryProbe } from "../src/internal/monitor/primaryProbe.ts"
import { MonitorRuntime } from "../src/internal/monitor/runtime.ts"
import * as Testing from "../src/testing/index.ts"

const nothing = initialState("mymaster")

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
      for (const from of ["s1", "s2", "s3"]) belief.record({ from, node: "10.0.0.2:6379", epoch: 1 }, now)
      probe.start({ address: { host: "10.0.0.2", port: 6379 }, epoch: 1, from: "s1", isProvisional: false })
      yield* TestClock.adjust("500 millis")
      belief.rename("10.0.0.2:6379", "10.9.0.2:6379")
      probe.rename("10.0.0.2:6379", { host: "10.9.0.2", port: 6379 })
      for (let i = 0; i < 300; i++) yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(refuted, [])
      assert.isTrue(probe.current?.isDenied)
    }).pipe(Effect.provide(Testing.layer())))
})

describe("the check for other addresses of the primary", () => {
  it.effect("goes on after a dial that is refused at once", () => {
    const dialled: Array<string> = []
    return Effect.gen(function*() {
      const runtime = new MonitorRuntime(yield* Clock.Clock, yield* Effect.context<never>())
      yield* Effect.addFinalizer(() => Effect.sync(() => runtime.close()))
      const at = (host: string): Address.Address => ({ host, port: 6379 })
      const check = new AliasCheck({
        discovery: { canonical: (address) => address, onConnected: () => {} },
        state: { current: { ...nothing, primary: at("10.0.0.1") } },
        runtime,
        node: {},
        survey: { begin: () => {} }
      })
      for (const host of ["10.0.0.2", "10.0.0.3"]) {
        check.check([{ from: "s1", primary: at(host), epoch: 1, instance: undefined, replicas: undefined }])
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(dialled, ["10.0.0.2:6379", "10.0.0.3:6379"])
    }).pipe(
      Effect.scoped,
      Effect.provideService(Connector, ({ address }) => {
        dialled.push(Address.format(address))
        return Effect.fail(
          new Errors.ConnectFailed({ address: Address.format(address), phase: "dial", detail: "refused" })
        )
      })
    )
  })
})

describe("the fibers of a monitor", () => {
  it.effect("end when it closes, and none begins afterwards", () =>
    Effect.gen(function*() {
      const runtime = new MonitorRuntime(yield* Clock.Clock, yield* Effect.context<never>())
      const done: Array<string> = []
      runtime.after(10, () => done.push("before"))
      runtime.close()
      runtime.after(10, () => done.push("after"))
      runtime.fork(Effect.sync(() => done.push("at once")))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(done, [])
    }))
})
