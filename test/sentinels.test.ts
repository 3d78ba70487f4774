/** Sentinels that come back, forget, lie, are replaced, or name nodes in another way: in memory. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Testing from "../src/testing/index.ts"

const sentinels = ["10.0.1.1:26379", "10.0.1.2:26379", "10.0.1.3:26379"]

describe("the sentinels of the kit", () => {
  it.effect("a sentinel without its disk begins at epoch 0, and hears of the newer configuration", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      yield* control.failover
      yield* TestClock.adjust("30 seconds")
      const primary = yield* control.primary
      const [first] = sentinels as [string]
      assert.strictEqual(control.sentinel(first).epochOf("mymaster"), 1)
      const id = control.sentinel(first).id
      yield* control.kill(first)
      yield* control.restart(first, { keepData: false })
      assert.notStrictEqual(control.sentinel(first).id, id)
      assert.strictEqual(control.sentinel(first).epochOf("mymaster"), 0)
      assert.strictEqual(control.sentinel(first).primaryOf("mymaster"), "10.0.0.1:6379")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(control.sentinel(first).epochOf("mymaster"), 1)
      assert.strictEqual(control.sentinel(first).primaryOf("mymaster"), primary)
      // All of them at once: nobody knows the epoch any more.
      for (const address of sentinels) yield* control.kill(address)
      for (const address of sentinels) yield* control.restart(address, { keepData: false, primary })
      yield* TestClock.adjust("30 seconds")
      for (const address of sentinels) {
        assert.strictEqual(control.sentinel(address).epochOf("mymaster"), 0)
        assert.strictEqual(control.sentinel(address).primaryOf("mymaster"), primary)
      }
      // They have found each other again: a failover needs their votes.
      yield* control.kill(primary)
      yield* TestClock.adjust("10 seconds")
      assert.notStrictEqual(yield* control.primary, primary)
    }))

  it.effect("sentinels that are replaced one by one know each other, and can be told to watch another primary", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      yield* TestClock.adjust("5 seconds")
      for (const address of sentinels) {
        yield* control.replace(address)
        yield* TestClock.adjust("5 seconds")
      }
      assert.strictEqual(control.sentinels.length, 3)
      for (const address of control.sentinels) assert.notInclude(sentinels, address)
      yield* control.failover
      yield* TestClock.adjust("10 seconds")
      assert.notStrictEqual(yield* control.primary, "10.0.0.1:6379")
      const next = "10.0.0.3:6379"
      control.node(next).promote()
      for (const address of control.sentinels) yield* control.reassign(address, next)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* control.primary, next)
    }))
})
