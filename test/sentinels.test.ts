/** Sentinels that come back, forget, lie, are replaced, or name nodes in another way: in memory. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { Address, Connector, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { inSteps, live, missing, missingAt, sentinels, stateOf } from "./support/group.ts"

const { ready, until, whileTimePasses, writing } = inSteps("2 millis")

describe("the sentinels in memory", () => {
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

describe("sentinels that return", () => {
  const deaf = Effect.map(stateOf, (s) => s.sentinels.every((x) => x.isReachable === false))
  const hearing = Effect.map(stateOf, (s) => s.sentinels.every((x) => x.isReachable === true))

  /** How long something takes to hold, in milliseconds. */
  const taking = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
    Effect.gen(function*() {
      const began = yield* Clock.currentTimeMillis
      yield* until(condition)
      return (yield* Clock.currentTimeMillis) - began
    })

  for (const protocol of [3, 2] as const) {
    for (const down of [300, 5000, 60_000]) {
      it.effect(`are heard again within 300 ms, after ${down} ms down (RESP${protocol})`, () =>
        Effect.gen(function*() {
          const control = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          yield* ready(redis)
          for (const address of sentinels) yield* control.kill(address)
          yield* TestClock.adjust(down)
          assert.isTrue(yield* deaf)
          for (const address of sentinels) yield* control.restart(address)
          assert.isAtMost(yield* taking(hearing), 300)
        }).pipe(Effect.scoped, Effect.provide(live({ sentinel: { protocol } }))))

      it.effect(`the same if the dial hangs, after ${down} ms (RESP${protocol})`, () =>
        Effect.gen(function*() {
          const control = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          yield* ready(redis)
          // Stopped processes still accept; those that are cut off do not even refuse.
          yield* control.hang(sentinels[0]!)
          for (const address of sentinels.slice(1)) yield* control.partition("client", address)
          yield* TestClock.adjust("3 seconds")
          assert.isTrue(yield* deaf)
          yield* TestClock.adjust(down)
          yield* control.resume(sentinels[0]!)
          yield* control.heal()
          assert.isAtMost(yield* taking(hearing), 300)
        }).pipe(Effect.scoped, Effect.provide(live({ sentinel: { protocol } }))))
    }
  }

  for (const later of [1000, 2000, 5000]) {
    it.effect(`a planned failover ${later} ms after all of them came back loses nothing`, () =>
      Effect.gen(function*() {
        const control = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        yield* ready(redis)
        const load = yield* writing(redis, 8)
        yield* TestClock.adjust("1 second")
        for (const address of sentinels) yield* control.kill(address)
        yield* TestClock.adjust("300 millis")
        for (const address of sentinels) yield* control.restart(address)
        yield* TestClock.adjust(later)
        const old = yield* control.primary
        yield* control.failover
        yield* until(Effect.map(stateOf, (s) => s.epoch === 1 && s.fence === undefined))
        const count = load.acknowledged.length
        yield* until(Effect.sync(() => load.acknowledged.length > count + 200))
        yield* load.finish
        assert.notStrictEqual(yield* control.primary, old)
        assert.deepStrictEqual(load.failed, [])
        assert.deepStrictEqual(yield* missing(load.acknowledged), [])
      }).pipe(Effect.scoped, Effect.provide(live())))
  }
})

describe("sentinels that are wrong", () => {
  /** A failover that the first sentinel does not hear of: it names the demoted primary for good. */
  const stuck = Effect.gen(function*() {
    const control = yield* Testing.Deployment
    yield* control.failover
    yield* TestClock.adjust("20 seconds")
    assert.notStrictEqual(yield* control.primary, "10.0.0.1:6379")
    assert.isFalse(control.node("10.0.0.1:6379").isPrimary)
    yield* control.lie(sentinels[0]!, { primary: { host: "10.0.0.1", port: 6379 }, epoch: 1 })
  })

  for (const epoch of [0, 1, 2, Number.MAX_SAFE_INTEGER]) {
    it.effect(`a fresh client whose first seed names the demoted primary connects at once (epoch ${epoch})`, () =>
      Effect.gen(function*() {
        const control = yield* Testing.Deployment
        yield* stuck
        yield* control.lie(sentinels[0]!, { primary: { host: "10.0.0.1", port: 6379 }, epoch })
        const redis = yield* RedisClient.RedisClient
        const sentinel = yield* Sentinel.Sentinel
        const began = yield* Clock.currentTimeMillis
        assert.strictEqual(yield* whileTimePasses(redis.set("a", "1")), "OK")
        assert.strictEqual(
          Address.format(yield* whileTimePasses(sentinel.discoverPrimary("mymaster"))),
          yield* control.primary
        )
        assert.isBelow((yield* Clock.currentTimeMillis) - began, 300)
        // It is not asked again and again for what it gets wrong.
        const dials = control.network.dials("10.0.0.1:6379")
        yield* TestClock.adjust("30 seconds")
        assert.isAtMost(control.network.dials("10.0.0.1:6379") - dials, 1)
        assert.strictEqual(Address.format((yield* stateOf).primary!), yield* control.primary)
      }).pipe(Effect.provide(live())))
  }

  for (const how of ["hang", "kill"] as const) {
    it.effect(`the same if that node is gone (${how}), and where only the address is asked for`, () =>
      Effect.gen(function*() {
        const control = yield* Testing.Deployment
        yield* stuck
        yield* control[how]("10.0.0.1:6379")
        const sentinel = yield* Sentinel.Sentinel
        const began = yield* Clock.currentTimeMillis
        const found = yield* whileTimePasses(sentinel.discoverPrimary("mymaster"))
        assert.strictEqual(Address.format(found), yield* control.primary)
        const redis = yield* RedisClient.RedisClient
        assert.strictEqual(yield* whileTimePasses(redis.set("a", "1")), "OK")
        assert.isBelow((yield* Clock.currentTimeMillis) - began, 900)
      }).pipe(Effect.provide(live({}, {}))))
  }

  it.effect("its answer counts again once it changes", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      yield* stuck
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.set("a", "1"))
      yield* control.lie(sentinels[0]!, {})
      for (const address of sentinels.slice(1)) yield* control.kill(address)
      yield* TestClock.adjust("11 seconds")
      const sentinel = yield* Sentinel.Sentinel
      assert.strictEqual(
        Address.format(yield* whileTimePasses(sentinel.discoverPrimary("mymaster", { verify: false }))),
        yield* control.primary
      )
    }).pipe(Effect.provide(live())))

  it.effect("one false epoch of 2^53 - 1 does no harm, for the primary or another node, before or after", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const huge = Number.MAX_SAFE_INTEGER
      yield* control.lie(sentinels[0]!, { epoch: huge })
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* stateOf).epoch, 0)
      yield* control.lie(sentinels[0]!, { epoch: huge, primary: { host: "10.0.0.2", port: 6379 } })
      yield* TestClock.adjust("12 seconds")
      yield* control.lie(sentinels[0]!, {})
      yield* TestClock.adjust("12 seconds")
      const load = yield* writing(redis, 4)
      yield* until(Effect.sync(() => load.acknowledged.length > 50))
      control.sentinel(sentinels[1]!).failover("mymaster")
      yield* until(Effect.map(stateOf, (s) => s.epoch === 1 && s.fence === undefined))
      const count = load.acknowledged.length
      yield* until(Effect.sync(() => load.acknowledged.length > count + 50))
      yield* load.finish
      assert.deepStrictEqual(load.failed, [])
      assert.deepStrictEqual(yield* missing(load.acknowledged), [])
    }).pipe(Effect.scoped, Effect.provide(live())))

  it.effect("a lone claim for a node that calls itself a primary misleads for some seconds at most, and once", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      // A rogue node that the sentinels know nothing of, and one sentinel that sends people there.
      control.node("10.0.0.3:6379").promote()
      for (const address of sentinels) yield* control.pushes(address, { kind: "drop", count: 10_000 })
      yield* control.lie(sentinels[0]!, { primary: { host: "10.0.0.3", port: 6379 }, epoch: 1 })
      yield* TestClock.adjust("5 seconds")
      yield* until(Effect.map(stateOf, (s) => Address.format(s.primary!) === "10.0.0.1:6379"))
      yield* control.lie(sentinels[0]!, { primary: { host: "10.0.0.3", port: 6379 }, epoch: 2 })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(Address.format((yield* stateOf).primary!), "10.0.0.1:6379")
      yield* whileTimePasses(redis.set("b", "1"))
      assert.strictEqual(control.node("10.0.0.1:6379").peek("b"), "1")
    }).pipe(Effect.scoped, Effect.provide(live())))
})

describe("epochs that go back", () => {
  /** After some failovers. */
  const aged = Effect.gen(function*() {
    const control = yield* Testing.Deployment
    for (let i = 0; i < 3; i++) {
      yield* control.failover
      yield* TestClock.adjust("30 seconds")
    }
    assert.strictEqual(control.sentinel(sentinels[0]!).epochOf("mymaster"), 3)
  })

  it.effect("sentinels that are deployed again without their disk, and their failover: nothing is lost", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      yield* aged
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      assert.strictEqual((yield* stateOf).epoch, 3)
      const load = yield* writing(redis, 4)
      yield* TestClock.adjust("1 second")
      const primary = yield* control.primary
      for (const address of sentinels) yield* control.kill(address)
      yield* TestClock.adjust("1 second")
      for (const address of sentinels) yield* control.restart(address, { keepData: false, primary })
      yield* TestClock.adjust("8 seconds")
      assert.strictEqual((yield* stateOf).epoch, 0)
      const old = yield* control.primary
      yield* control.failover
      yield* until(Effect.map(stateOf, (s) => s.epoch === 1 && s.fence === undefined))
      const count = load.acknowledged.length
      yield* until(Effect.sync(() => load.acknowledged.length > count + 50))
      yield* load.finish
      assert.notStrictEqual(yield* control.primary, old)
      assert.deepStrictEqual(load.failed, [])
      assert.deepStrictEqual(yield* missing(load.acknowledged), [])
    }).pipe(Effect.scoped, Effect.provide(live())))

  it.effect("the same with a failover before the epoch was adopted: writes continue within seconds", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      yield* aged
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const primary = yield* control.primary
      for (const address of sentinels) yield* control.kill(address)
      for (const address of sentinels) yield* control.restart(address, { keepData: false, primary })
      yield* TestClock.adjust("2500 millis")
      yield* control.failover
      yield* TestClock.adjust("8 seconds")
      const next = yield* control.primary
      assert.notStrictEqual(next, primary)
      assert.strictEqual(Address.format((yield* stateOf).primary!), next)
      assert.strictEqual((yield* stateOf).epoch, 1)
      assert.strictEqual(yield* whileTimePasses(redis.set("b", "1")), "OK")
      assert.strictEqual(control.node(next).peek("b"), "1")
    }).pipe(Effect.scoped, Effect.provide(live())))

  it.effect("a followed promotion that all sentinels then forget: the client returns to their primary", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      yield* aged
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const old = yield* control.primary
      yield* control.failover
      yield* until(Effect.map(stateOf, (s) => s.isProvisional))
      assert.notStrictEqual(Address.format((yield* stateOf).primary!), old)
      for (const address of sentinels) yield* control.kill(address)
      for (const address of sentinels) yield* control.restart(address, { keepData: false, primary: old })
      const began = yield* Clock.currentTimeMillis
      yield* until(Effect.map(stateOf, (s) => Address.format(s.primary!) === old))
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 13_000)
      assert.isFalse((yield* stateOf).isProvisional)
      assert.strictEqual(yield* whileTimePasses(redis.set("b", "1")), "OK")
      assert.strictEqual(control.node(old).peek("b"), "1")
    }).pipe(Effect.scoped, Effect.provide(live({ follow: "promotion" }))))

  for (const events of [true, false]) {
    it.effect(`REMOVE and MONITOR of another primary while the old one lives${events ? "" : ", unheard"}`, () =>
      Effect.gen(function*() {
        const control = yield* Testing.Deployment
        yield* aged
        const redis = yield* RedisClient.RedisClient
        yield* ready(redis)
        const load = yield* writing(redis, 4)
        yield* TestClock.adjust("1 second")
        const old = yield* control.primary
        const next = control.nodes.find((n) => n !== old)!
        control.node(next).promote()
        if (!events) { for (const address of sentinels) yield* control.pushes(address, { kind: "drop", count: 1000 }) }
        for (const address of sentinels) yield* control.reassign(address, next)
        const began = yield* Clock.currentTimeMillis
        yield* until(Effect.map(stateOf, (s) => Address.format(s.primary!) === next))
        assert.isBelow((yield* Clock.currentTimeMillis) - began, events ? 3000 : 13_000)
        const count = load.acknowledged.length
        yield* until(Effect.sync(() => load.acknowledged.length > count + 50))
        yield* load.finish
        assert.deepStrictEqual(load.failed, [])
        // What was acknowledged after the move is at the new one, and nothing of it at the old one.
        assert.deepStrictEqual(yield* missingAt(next, load.acknowledged.slice(count)), [])
        assert.strictEqual(
          (yield* missingAt(old, load.acknowledged.slice(count + 4))).length,
          load.acknowledged.length - count - 4
        )
        assert.isTrue(control.node(old).isPrimary)
        assert.strictEqual((yield* stateOf).epoch, 0)
      }).pipe(Effect.scoped, Effect.provide(live())))
  }

  it.effect("writes wait from the moment when no sentinel names the primary any more", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const next = "10.0.0.2:6379"
      control.node(next).promote()
      for (const address of sentinels) yield* control.reassign(address, next)
      yield* TestClock.adjust("500 millis")
      assert.isDefined((yield* stateOf).fence)
      const write = yield* Effect.forkChild(redis.set("b", "1"), { startImmediately: true })
      yield* whileTimePasses(Fiber.join(write))
      assert.strictEqual(control.node(next).peek("b"), "1")
      assert.isUndefined(control.node("10.0.0.1:6379").peek("b"))
    }).pipe(Effect.scoped, Effect.provide(live())))
})

describe("sentinels that are gone", () => {
  const membersOf = Effect.map(stateOf, (s) => s.sentinels.map((x) => Address.format(x.address)))

  for (const keepData of [true, false]) {
    it.effect(`replaced one by one, twice: those that are gone do not count (${keepData ? "same" : "new"} ids)`, () =>
      Effect.gen(function*() {
        const control = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        yield* ready(redis)
        const load = yield* writing(redis, 2, "1 second")
        for (let round = 0; round < 2; round++) {
          for (const address of control.sentinels) {
            yield* control.replace(address, { keepData })
            yield* TestClock.adjust("10 seconds")
            // As the operator's handbook has it.
            if (!keepData) { for (const other of control.sentinels) yield* control.reset(other) }
            yield* TestClock.adjust("20 seconds")
          }
        }
        yield* TestClock.adjust("40 seconds")
        assert.deepStrictEqual((yield* membersOf).toSorted(), control.sentinels.toSorted())
        const { isIsolated } = yield* stateOf
        assert.isFalse(isIsolated)
        yield* load.finish
        assert.deepStrictEqual(load.failed, [])
        // A failover now is heard of.
        const old = yield* control.primary
        yield* control.failover
        yield* until(Effect.map(stateOf, (s) => s.fence !== undefined))
        yield* until(Effect.map(stateOf, (s) => s.fence === undefined && Address.format(s.primary!) !== old))
        // Nothing is dialled any more that is gone.
        const dials = sentinels.map((address) => control.network.dials(address))
        yield* TestClock.adjust("30 seconds")
        sentinels.forEach((address, i) => assert.isAtMost(control.network.dials(address) - dials[i]!, 20))
      }).pipe(Effect.scoped, Effect.provide(live({ whenIsolated: "fail" }))))
  }

  it.effect("sentinels that are down but listed count; a configured sentinel that returns counts again", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      for (const address of sentinels.slice(1)) yield* control.kill(address)
      yield* TestClock.adjust("5 minutes")
      // The one that is left lists them.
      const state = yield* stateOf
      assert.strictEqual(state.sentinels.length, 3)
      assert.isTrue(state.isIsolated)
      // It forgets them: with nobody else to ask, that takes a minute.
      yield* control.reset(sentinels[0]!)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* stateOf).sentinels.length, 3)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* membersOf, [sentinels[0]!])
      assert.isFalse((yield* stateOf).isIsolated)
      for (const address of sentinels.slice(1)) yield* control.restart(address)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual((yield* stateOf).sentinels.filter((s) => s.isReachable === true).length, 3)
    }).pipe(Effect.scoped, Effect.provide(live())))

  it.effect("one sentinel that lists hundreds neither inflates the count nor displaces the real ones", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      yield* control.lie(sentinels[0]!, {
        others: [
          ...Array.from({ length: 300 }, (_, i) => ({ host: `10.9.${i >> 8}.${i & 255}`, port: 26379 })),
          { host: "10.0.1.2", port: 26379 }
        ]
      })
      const sentinel = yield* Sentinel.Sentinel
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.set("a", "1"))
      yield* TestClock.adjust("1 minute")
      const state = yield* stateOf
      assert.deepStrictEqual(state.sentinels.map((s) => Address.format(s.address)).toSorted(), sentinels)
      assert.isFalse(state.isIsolated)
      assert.isAtMost((yield* sentinel.sentinels).length, 3 + 16)
      const dialled = () =>
        Array.from({ length: 300 }, (_, i) => control.network.dials(`10.9.${i >> 8}.${i & 255}:26379`))
          .reduce((a, b) => a + b, 0)
      const before = dialled()
      yield* TestClock.adjust("1 minute")
      assert.isAtMost(dialled() - before, 16 * 6)
    }).pipe(Effect.scoped, Effect.provide(live({ sentinels: sentinels.slice(0, 2), whenIsolated: "fail" }))))

  it.effect(
    "8,000 announced replicas and sentinels are cut, and not asked for again and again",
    () =>
      Effect.gen(function*() {
        const control = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        yield* ready(redis)
        const many = Array.from({ length: 8000 }, (_, i) => ({ host: `10.9.${i >> 8}.${i & 255}`, port: 6379 }))
        yield* control.lie(sentinels[0]!, { replicas: many, others: many })
        yield* TestClock.adjust("30 seconds")
        const asked = control.sentinel(sentinels[0]!).requests
        yield* TestClock.adjust("20 seconds")
        const state = yield* stateOf
        assert.isAtMost(state.replicas.length, 258)
        assert.strictEqual(state.sentinels.length, 3)
        // It is not asked for the same again and again, but it is heard.
        assert.isAtMost(control.sentinel(sentinels[0]!).requests - asked, 60)
        yield* control.failover
        yield* until(Effect.map(stateOf, (s) => s.epoch === 1 && s.fence === undefined))
      }).pipe(Effect.scoped, Effect.provide(live())),
    60_000
  )

  it.effect("a name of a known sentinel, and two spellings of one address, are not more sentinels", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      yield* control.name("sentinels.internal", "10.0.1.2")
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.set("a", "1"))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* stateOf).sentinels.length, 3)
      // Two of three are down: that is no majority, whatever the name.
      for (const address of sentinels.slice(0, 2)) yield* control.kill(address)
      yield* TestClock.adjust("10 seconds")
      assert.isTrue((yield* stateOf).isIsolated)
    }).pipe(Effect.scoped, Effect.provide(live({ sentinels: ["sentinels.internal:26379"] }))))
})

describe("a sentinel that uses other names for nodes", () => {
  const names = { "10.0.0.1": "redis-1", "10.0.0.2": "redis-2", "10.0.0.3": "redis-3" }
  const named = Effect.gen(function*() {
    const control = yield* Testing.Deployment
    for (const [host, name] of Object.entries(names)) yield* control.name(name, host)
    return control
  })

  for (const leader of [0, 1]) {
    for (const odd of [[0], [0, 1]]) {
      for (const follow of ["sentinels", "promotion"] as const) {
        it.effect(`a planned failover led by sentinel ${leader}, with names at ${odd.join(" and ")} (${follow})`, () =>
          Effect.gen(function*() {
            const control = yield* named
            for (const i of odd) yield* control.announce(sentinels[i]!, names)
            const redis = yield* RedisClient.RedisClient
            yield* ready(redis)
            yield* TestClock.adjust("10 seconds")
            const load = yield* writing(redis, 8, "20 millis")
            for (let i = 1; i <= 2; i++) {
              yield* TestClock.adjust("4 seconds")
              control.sentinel(sentinels[leader]!).failover("mymaster")
              yield* until(Effect.map(stateOf, (s) => s.epoch === i && s.fence === undefined && !s.isProvisional))
            }
            const dials = control.nodes.map((address) => control.network.dials(address))
            yield* TestClock.adjust("10 seconds")
            control.nodes.forEach((address, i) => assert.isAtMost(control.network.dials(address) - dials[i]!, 1))
            // Every node is there once.
            assert.strictEqual((yield* stateOf).replicas.length, 2)
            yield* load.finish
            assert.deepStrictEqual(load.failed, [])
            assert.deepStrictEqual(yield* missing(load.acknowledged), [])
          }).pipe(Effect.scoped, Effect.provide(live({ follow }))))
      }
    }
  }

  it.effect("names in place of addresses after a failover: lost connections are restored", () =>
    Effect.gen(function*() {
      const control = yield* named
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* control.failover
      yield* until(Effect.map(stateOf, (s) => s.epoch === 1 && s.fence === undefined))
      const primary = yield* control.primary
      for (const address of sentinels) yield* control.announce(address, names)
      yield* TestClock.adjust("15 seconds")
      // Where an address cannot be dialled, another name of its node may be.
      yield* control.kill(primary)
      const waiting = yield* Effect.forkChild(redis.set("again:0", "1"))
      yield* TestClock.adjust("300 millis")
      yield* control.restart(primary)
      assert.strictEqual(yield* whileTimePasses(Fiber.join(waiting)), "OK")
      assert.include(Object.values(names).map((name) => `${name}:6379`), Address.format((yield* stateOf).primary!))
      yield* control.disconnect(primary)
      assert.strictEqual(yield* whileTimePasses(redis.set("again:1", "1")), "OK")
      assert.deepStrictEqual(yield* missing(["a", "again:0", "again:1"]), [])
    }).pipe(Effect.scoped, Effect.provide(live())))

  it.effect("names that cannot be resolved do not matter if an address is known too", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      for (const name of Object.values(names)) yield* control.name(name, undefined)
      yield* control.announce(sentinels[0]!, names)
      const redis = yield* RedisClient.RedisClient
      const began = yield* Clock.currentTimeMillis
      yield* whileTimePasses(redis.set("a", "1"))
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 1000)
      yield* TestClock.adjust("15 seconds")
      control.sentinel(sentinels[0]!).failover("mymaster")
      yield* until(Effect.map(stateOf, (s) => s.epoch === 1 && s.fence === undefined))
      yield* whileTimePasses(redis.set("b", "1"))
      assert.deepStrictEqual(yield* missing(["a", "b"]), [])
    }).pipe(Effect.scoped, Effect.provide(live())))
})

describe("names where SENTINEL MASTER and REPLICAS are denied", () => {
  it.effect("the addresses of connections show which names are one node", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      for (const i of [1, 2, 3]) yield* control.name(`redis-${i}`, `10.0.0.${i}`)
      yield* control.announce(sentinels[0]!, { "10.0.0.1": "redis-1", "10.0.0.2": "redis-2", "10.0.0.3": "redis-3" })
      for (const address of sentinels) {
        const direct = yield* RedisClient.make({ address })
        yield* direct.send("ACL", "SETUSER", "default", "-sentinel|master", "-sentinel|replicas", "-sentinel|slaves")
      }
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* TestClock.adjust("1 second")
      const load = yield* writing(redis, 4)
      yield* TestClock.adjust("1 second")
      control.sentinel(sentinels[0]!).failover("mymaster")
      yield* until(Effect.map(stateOf, (s) => s.fence !== undefined))
      const old = "10.0.0.1:6379"
      yield* until(
        Effect.map(
          Effect.all([stateOf, control.primary]),
          ([s, primary]) =>
            primary !== old && s.fence === undefined && s.primary !== undefined &&
            !["10.0.0.1:6379", "redis-1:6379"].includes(Address.format(s.primary))
        )
      )
      const count = load.acknowledged.length
      yield* until(Effect.sync(() => load.acknowledged.length > count + 50))
      yield* load.finish
      assert.deepStrictEqual(load.failed, [])
      assert.deepStrictEqual(yield* missing(load.acknowledged), [])
    }).pipe(Effect.scoped, Effect.provide(live({ sentinels: sentinels.toReversed() }))))
})

describe("names of groups", () => {
  for (const group of ["shop:cache", "cache@eu", "eu/prod", "prod#1", "größe", "群", "a\u00e9!?*[x]"]) {
    it.effect(group, () =>
      Effect.gen(function*() {
        const control = yield* Testing.make({ group })
        const sentinel = yield* Sentinel.make({ sentinels }).pipe(
          Effect.provideService(Connector.Connector, control.network.dial)
        )
        const redis = yield* sentinel.primaryFor(group)
        yield* whileTimePasses(redis.set("a", "1"))
        const topology = yield* sentinel.topology(group)
        yield* control.failover
        yield* until(Effect.map(topology.current, (s) => s.fence !== undefined))
        yield* until(Effect.map(topology.current, (s) => s.epoch === 1))
      }))
  }

  it.effect("a name that does not fit into an event is refused", () =>
    Effect.gen(function*() {
      const sentinel = yield* Sentinel.make({ sentinels })
      for (const group of ["", " ", "a b", "a\n", "\u0000", "a\tb", "a\u00a0b", "a\u0085"]) {
        const error = yield* Effect.flip(sentinel.primaryFor(group))
        assert.strictEqual(error.option, "group")
        assert.include(error.message, "spaces")
      }
    }))
})
