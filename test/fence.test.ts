/**
 * The write fence where it is hard to hold: a client that was busy or has just
 * begun, sentinels that are far away, that may not be listened to, that lie, or
 * whose words were missed. Nothing that was acknowledged is lost.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { Address, commands, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { clients, fenced, inSteps, live, missing, moved, sentinels as addresses, stateOf } from "./support/group.ts"

const { bornWriter, ready, until, whileTimePasses, writing } = inSteps("1 millis")

/** Tells when a sentinel publishes something. */
const published = (name: string) =>
  Effect.gen(function*() {
    const deployment = yield* Testing.Deployment
    const seen = { at: -1 }
    for (const address of deployment.sentinels) {
      deployment.sentinel(address).onEvent = (event) => {
        if (event === name && seen.at < 0) seen.at = deployment.network.time.now()
      }
    }
    return seen
  })

describe("a client that was busy while a replica was selected", () => {
  for (const pipelined of [false, true]) {
    it.effect(`reads what the sentinels said before it writes${pipelined ? ", in a pipeline" : ""}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        yield* ready(redis)
        deployment.network.standStill("client")
        yield* deployment.failover
        yield* TestClock.adjust("1 second")
        const keys = Array.from({ length: 200 }, (_, i) => `k${i}`)
        const writes = yield* Effect.forkChild(
          pipelined
            ? redis.pipeline(keys.map((key) => commands.set(key, "1")))
            : Effect.forEach(keys, (key) => redis.set(key, "1"), { concurrency: "unbounded" }),
          { startImmediately: true }
        )
        yield* Effect.yieldNow
        deployment.network.goOn("client")
        yield* whileTimePasses(Fiber.join(writes))
        yield* until(moved)
        assert.deepStrictEqual(yield* missing(keys), [])
      }).pipe(Effect.provide(live())))
  }

  it.effect("does not believe the replies it finds after that, if the group has moved", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      // What the primary says is read first, and what the sentinels say after it.
      for (const address of addresses) yield* deployment.disconnect(address)
      yield* whileTimePasses(Effect.sleep("100 millis"))
      yield* ready(redis)
      const selected = yield* published("+selected-slave")
      // What is on its way to the primary when the client stands still is executed after the promotion.
      yield* deployment.slow(yield* deployment.primary, { latency: "300 millis" })
      const write = yield* Effect.forkChild(Effect.exit(redis.set("late", "1")), { startImmediately: true })
      yield* Effect.yieldNow
      deployment.network.standStill("client")
      yield* deployment.failover
      yield* TestClock.adjust("1 second")
      assert.isAtLeast(selected.at, 0)
      deployment.network.goOn("client")
      yield* until(moved)
      assert.strictEqual((yield* whileTimePasses(Fiber.join(write)))._tag, "Failure")
      assert.deepStrictEqual(yield* missing(["late"]), ["late"])
    }).pipe(Effect.provide(live())))

  // The announcement comes after 66 ms, the selection after 128 ms, and the promotion after 190 ms.
  for (
    const [what, from, millis, isDoubtful] of [
      ["the announcement", 50, 70, false],
      ["the selection", 110, 80, false],
      ["both", 40, 120, true],
      ["the promotion", 150, 100, false]
    ] as const
  ) {
    it.effect(
      `lately, and again during ${what}: ${
        isDoubtful ? "what was in flight is in doubt" : "no write fails"
      }, and none is lost`,
      () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          yield* ready(redis)
          yield* deployment.slow(yield* deployment.primary, { latency: "5 millis" })
          const busy = (millis: number) =>
            Effect.gen(function*() {
              deployment.network.standStill("client")
              yield* whileTimePasses(Effect.sleep(millis))
              deployment.network.goOn("client")
            })
          const writes = yield* writing(redis, 10)
          yield* whileTimePasses(Effect.sleep("500 millis"))
          yield* busy(30)
          yield* whileTimePasses(Effect.sleep("1 second"))
          yield* deployment.failover
          yield* whileTimePasses(Effect.sleep(from))
          yield* busy(millis)
          yield* until(Effect.map(stateOf, (s) => s.fence !== undefined))
          assert.strictEqual((yield* stateOf).fence?.sign, "+failover-state-select-slave")
          yield* until(moved)
          yield* whileTimePasses(Effect.sleep("1 second"))
          yield* writes.stop
          assert.strictEqual(writes.failed.length > 0, isDoubtful)
          assert.isTrue(writes.failed.every(({ _tag }) => _tag === "AmbiguousOutcome"))
          assert.deepStrictEqual(yield* missing(writes.acknowledged), [])
        }).pipe(Effect.provide(live()))
    )
  }
})

describe("sentinels that are more distant than the nodes", () => {
  for (const millis of [60, 200]) {
    it.effect(
      `by ${millis} ms: what is acknowledged while their word is on its way is not lost`,
      () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          yield* Effect.forEach(deployment.sentinels, (address) =>
            deployment.slow(address, { latency: `${millis} millis` }))
          yield* ready(redis)
          assert.isTrue((yield* stateOf).sentinels.every((s) =>
            s.distanceMillis === 2 * millis
          ))
          const writes = yield* writing(redis, 10)
          yield* whileTimePasses(Effect.sleep("2 seconds"))
          const before = writes.acknowledged.length
          assert.isAbove(before, 0)
          yield* deployment.failover
          yield* until(moved)
          yield* whileTimePasses(Effect.sleep("1 second"))
          yield* writes.stop
          assert.isAbove(writes.acknowledged.length, before)
          assert.isAbove(writes.failed.length, 0)
          assert.deepStrictEqual(yield* missing(writes.acknowledged), [])
        }).pipe(Effect.provide(live({ timeout: "3 seconds" }))),
      30_000
    )
  }

  for (const millis of [20, 40]) {
    it.effect(
      `by ${millis} ms: the announcement of a selection comes in time, so that no reply waits and none is lost`,
      () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          yield* Effect.forEach(
            deployment.sentinels,
            (address) => deployment.slow(address, { latency: `${millis} millis` })
          )
          yield* ready(redis)
          assert.isTrue((yield* stateOf).sentinels.every((s) => s.distanceMillis === 2 * millis))
          const began = deployment.network.time.now()
          yield* redis.set("b", "1")
          assert.strictEqual(deployment.network.time.now(), began)
          const writes = yield* writing(redis, 10)
          yield* whileTimePasses(Effect.sleep("2 seconds"))
          yield* deployment.failover
          yield* until(Effect.map(stateOf, (s) => s.fence !== undefined))
          assert.strictEqual((yield* stateOf).fence?.sign, "+failover-state-select-slave")
          yield* until(moved)
          yield* whileTimePasses(Effect.sleep("1 second"))
          yield* writes.stop
          assert.deepStrictEqual(writes.failed, [])
          assert.deepStrictEqual(yield* missing(writes.acknowledged), [])
        }).pipe(Effect.provide(live({ timeout: "3 seconds" }))),
      30_000
    )
  }

  it.effect("with whenFar \"believe\" the writes are lost, and nothing waits", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* Effect.forEach(deployment.sentinels, (address) => deployment.slow(address, { latency: "200 millis" }))
      yield* ready(redis)
      const began = deployment.network.time.now()
      yield* redis.set("b", "1")
      assert.strictEqual(deployment.network.time.now(), began)
      const writes = yield* writing(redis, 10)
      yield* deployment.failover
      yield* until(moved)
      yield* writes.stop
      assert.isAbove((yield* missing(writes.acknowledged)).length, 0)
    }).pipe(Effect.provide(live({ timeout: "3 seconds", whenFar: "believe" }))), 30_000)

  it.effect("replies to writes are withheld in their order; reads come at once", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* Effect.forEach(deployment.sentinels, (address) => deployment.slow(address, { latency: "100 millis" }))
      yield* ready(redis)
      const time = deployment.network.time
      const began = time.now()
      const done: Array<string> = []
      const note = (name: string) => Effect.sync(() => void done.push(`${name} ${time.now() - began}`))
      const all = yield* Effect.forkChild(
        Effect.all([
          Effect.tap(redis.incr("n"), () => note("first")),
          Effect.tap(redis.transaction([commands.incr("n"), commands.get("n")]), () => note("second")),
          Effect.tap(redis.get("a"), () => note("read")),
          Effect.tap(Effect.exit(redis.incr("a:list:wrong")), () => note("third"))
        ], { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      yield* whileTimePasses(Fiber.join(all))
      const withheld = 200 - 35 - 50
      assert.deepStrictEqual(done, ["read 0", `first ${withheld}`, `second ${withheld}`, `third ${withheld}`])
    }).pipe(Effect.provide(live({ timeout: "3 seconds" }))), 30_000)

  it.effect("a reply that is withheld when the client closes does not count", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* Effect.forEach(deployment.sentinels, (address) => deployment.slow(address, { latency: "100 millis" }))
      const write = yield* Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        yield* ready(redis)
        const write = yield* Effect.forkDetach(Effect.exit(redis.incr("n")), { startImmediately: true })
        yield* whileTimePasses(Effect.sleep("10 millis"))
        assert.isUndefined(write.pollUnsafe())
        return write
      }).pipe(Effect.provide(clients({ timeout: "3 seconds" })))
      assert.strictEqual(failureOf(yield* Fiber.join(write))._tag, "AmbiguousOutcome")
    }).pipe(Effect.provide(Testing.layer())), 30_000)

  it.effect("near sentinels cost nothing", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* Effect.forEach(deployment.sentinels, (address) => deployment.slow(address, { latency: "17 millis" }))
      yield* ready(redis)
      const began = deployment.network.time.now()
      yield* redis.set("b", "1")
      assert.strictEqual(deployment.network.time.now(), began)
    }).pipe(Effect.provide(live({ timeout: "3 seconds" }))), 30_000)
})

describe("a client that starts during a failover", () => {
  // From before the failover to after its end, as it is recorded: 0 to 1.5 seconds.
  for (let moment = 0; moment <= 1500; moment += 75) {
    it.effect(`${moment} ms after its beginning loses nothing`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        yield* deployment.failover
        yield* TestClock.adjust(moment)
        yield* bornWriter(Effect.map(deployment.primary, (address) => address !== "10.0.0.1:6379"), "2 seconds").pipe(
          Effect.provide(clients())
        )
      }).pipe(Effect.provide(Testing.layer({ latency: { min: "0 millis", max: "2 millis" }, seed: moment }))))
  }

  for (const slow of [1, 5]) {
    for (let moment = 40; moment <= 400; moment += 40) {
      it.effect(`${moment} ms after its beginning, by a sentinel that answers ${slow * 2} ms later than others`, () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          yield* deployment.slow(addresses[0]!, { latency: `${slow} millis` })
          yield* deployment.failover
          yield* TestClock.adjust(moment)
          yield* bornWriter(moved, "100 millis").pipe(Effect.provide(clients({ sentinels: addresses.toReversed() })))
        }).pipe(Effect.provide(Testing.layer({ seed: moment }))))
    }
  }

  it.effect("and hears the selection before it knows the primary", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* deployment.slow("10.0.0.1:6379", { latency: "100 millis" })
      const selected = yield* published("+selected-slave")
      yield* Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        const began = deployment.network.time.now()
        yield* deployment.failover
        const writes = yield* writing(redis, 10)
        yield* until(Effect.sync(() => selected.at >= 0))
        const sentinel = yield* Sentinel.Sentinel
        yield* until(Effect.map((yield* sentinel.topology("mymaster")).current, (s) => s.fence !== undefined))
        // The primary's own word needs 400 ms.
        assert.isAtLeast(deployment.network.time.now() - began, 400)
        assert.isBelow(selected.at - began, 400)
        assert.strictEqual((yield* stateOf).fence?.sign, "+failover-state-wait-promotion")
        yield* until(moved)
        yield* whileTimePasses(Effect.sleep("100 millis"))
        yield* writes.stop
        assert.isAbove(writes.acknowledged.length, 0)
        assert.deepStrictEqual(yield* missing(writes.acknowledged), [])
      }).pipe(Effect.scoped, Effect.provide(clients()))
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("reads do not wait for silent sentinels, and writes wait for their head start only", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* deployment.hang("10.0.1.3:26379")
      yield* Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        const time = deployment.network.time
        const began = time.now()
        const write = yield* Effect.forkChild(redis.set("a", "1"), { startImmediately: true })
        assert.isNull(yield* redis.get("a"))
        assert.strictEqual(time.now(), began)
        yield* whileTimePasses(Fiber.join(write))
        assert.isAtMost(time.now() - began, 101)
      }).pipe(Effect.provide(clients()))
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("one reachable sentinel of three: writes wait no longer than the questions take", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* deployment.hang("10.0.1.3:26379")
      yield* deployment.hang("10.0.1.2:26379")
      yield* Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        const began = deployment.network.time.now()
        yield* whileTimePasses(redis.set("a", "1"))
        assert.isAtMost(deployment.network.time.now() - began, 1001)
      }).pipe(Effect.provide(clients()))
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("without a dead sentinel, writes wait for the answers only", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* deployment.kill("10.0.1.3:26379")
      yield* Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        const began = deployment.network.time.now()
        yield* redis.set("a", "1")
        assert.strictEqual(deployment.network.time.now(), began)
      }).pipe(Effect.provide(clients()))
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("the error says that no sentinel is reachable", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      for (const address of addresses) yield* deployment.kill(address)
      yield* Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        const error = yield* whileTimePasses(Effect.flip(redis.set("a", "1")))
        assert.strictEqual(error._tag, "PrimaryNotFound")
      }).pipe(Effect.provide(clients({ node: { commandTimeout: "2 seconds" } })))
    }).pipe(Effect.provide(Testing.layer())))
})

/** The rules of the sentinel user in Redis's documentation: it may ask, but not subscribe. */
const documented = ("-@all +auth +client|getname +client|id +client|setname +command +hello +ping +role " +
  "+sentinel|get-master-addr-by-name +sentinel|master +sentinel|myid +sentinel|replicas +sentinel|sentinels " +
  "+sentinel|masters resetchannels").split(" ")

/** Applies rules to the user of some sentinels. */
const restrict = (deployment: Testing.Control, rules: ReadonlyArray<string>, which = addresses) => {
  for (const address of which) {
    for (const rule of rules) assert.isUndefined(deployment.sentinel(address).users.get("default")!.apply(rule), rule)
  }
}

/** What is logged, in the order in which it is. */
const logging = (lines: Array<string>) =>
  Logger.layer([Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))])

describe("sentinels that may be asked, but deny a subscription", () => {
  for (const denied of [1, 3]) {
    for (const protocol of [2, 3] as const) {
      it.effect(`${denied} of 3, RESP${protocol}: a planned failover loses nothing`, () => {
        const lines: Array<string> = []
        return Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          restrict(deployment, documented, addresses.slice(0, denied))
          yield* Effect.gen(function*() {
            const redis = yield* RedisClient.RedisClient
            yield* ready(redis)
            const hears = (yield* stateOf).sentinels.map((s) => s.isSubscribed)
            assert.deepStrictEqual(hears, addresses.map((_, i) => i >= denied))
            const writes = yield* writing(redis, 20)
            yield* whileTimePasses(Effect.sleep("1 second"))
            yield* deployment.failover
            yield* until(moved)
            yield* whileTimePasses(Effect.sleep("1 second"))
            yield* writes.stop
            assert.isAbove(writes.acknowledged.length, 1000)
            assert.deepStrictEqual(yield* missing(writes.acknowledged), [])
          }).pipe(Effect.provide(clients({ sentinel: { protocol } })))
          const warnings = lines.filter((line) => line.includes("+subscribe +psubscribe allchannels"))
          assert.strictEqual(warnings.length, denied, lines.join("\n"))
        }).pipe(
          Effect.provide(Layer.merge(logging(lines), Testing.layer({ latency: { min: "0 millis", max: "2 millis" } })))
        )
      })
    }
  }

  it.effect("their distance is known before the first answer", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      restrict(deployment, documented)
      yield* Effect.forEach(addresses, (address) => deployment.slow(address, { latency: "80 millis" }))
      yield* Effect.gen(function*() {
        yield* ready(yield* RedisClient.RedisClient)
        // A way there and back, and as long between two questions.
        assert.deepStrictEqual((yield* stateOf).sentinels.map((s) => s.distanceMillis), [320, 320, 320])
        yield* whileTimePasses(Effect.sleep("2 seconds"))
        assert.isTrue((yield* stateOf).sentinels.every((s) => s.distanceMillis >= 320 && s.distanceMillis < 330))
      }).pipe(Effect.provide(clients()))
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("their results are withheld for all of their distance: they announce no selection", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      restrict(deployment, documented)
      yield* Effect.forEach(addresses, (address) => deployment.slow(address, { latency: "30 millis" }))
      yield* Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        yield* ready(redis)
        const distance = Math.max(...(yield* stateOf).sentinels.map((s) => s.distanceMillis))
        assert.isAtLeast(distance, 100)
        const began = deployment.network.time.now()
        yield* whileTimePasses(redis.set("b", "1"))
        assert.strictEqual(deployment.network.time.now() - began, distance - 35)
      }).pipe(Effect.provide(clients()))
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("after the rule is added, the client subscribes to them", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      restrict(deployment, documented)
      yield* Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        yield* ready(redis)
        assert.isTrue((yield* stateOf).sentinels.every((s) => s.isSubscribed === false))
        restrict(deployment, ["+subscribe", "+psubscribe", "allchannels"])
        yield* until(Effect.map(stateOf, (s) => s.sentinels.every((x) => x.isSubscribed === true)))
        const requests = deployment.sentinel(addresses[1]!).requests
        yield* TestClock.adjust("5 seconds")
        // PINGs, one a second; nobody is asked every 20 ms any more.
        assert.isAtMost(deployment.sentinel(addresses[1]!).requests - requests, 20)
      }).pipe(Effect.provide(clients()))
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("no question is left when the Scope closes", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      restrict(deployment, documented)
      yield* Effect.andThen(
        RedisClient.RedisClient,
        ready
      ).pipe(Effect.provide(clients()))
      yield* TestClock.adjust("10 millis")
      assert.strictEqual(deployment.network.connections(), 0)
      const requests = deployment.sentinel(addresses[0]!).requests
      yield* TestClock.adjust("1 second")
      assert.strictEqual(deployment.sentinel(addresses[0]!).requests, requests)
    }).pipe(Effect.provide(Testing.layer())))
})

describe("a failover whose beginning was missed", () => {
  it.effect("is detected by its flag once a replica is selected, and not before", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const [leader, other] = [addresses[0]!, addresses[1]!]
      const events: Array<string> = []
      deployment.sentinel(leader).onEvent = (name) => void events.push(name)
      for (const address of addresses) yield* deployment.pushes(address, { kind: "drop", count: 10_000 })
      yield* deployment.failover
      // Whoever was away is asked, and all others too.
      const ask = Effect.andThen(deployment.disconnect(other), whileTimePasses(Effect.sleep("40 millis")))
      assert.include(events, "+try-failover")
      yield* ask
      assert.notInclude(events, "+selected-slave")
      assert.isUndefined((yield* stateOf).fence)
      yield* until(Effect.sync(() => events.includes("+failover-state-wait-promotion")))
      yield* whileTimePasses(Effect.sleep("50 millis"))
      assert.notInclude(events, "+promoted-slave")
      assert.isUndefined((yield* stateOf).fence)
      yield* ask
      const fence = (yield* stateOf).fence
      assert.strictEqual(fence?.sign, "failover_in_progress")
      assert.strictEqual(fence?.from, leader)
      const candidate = deployment.nodes.find((node) => deployment.node(node).isPrimary && node !== "10.0.0.1:6379")
      assert.strictEqual(fence?.candidate === undefined ? "" : Address.format(fence.candidate), candidate)
      const write = yield* Effect.forkChild(redis.set("k", "1"), { startImmediately: true })
      yield* until(moved)
      yield* whileTimePasses(Fiber.join(write))
      assert.deepStrictEqual(yield* missing(["k"]), [])
    }).pipe(Effect.provide(live())))

  it.effect("and replies after its detection do not count, since it may have been detected late", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const promoting = yield* published("+failover-state-wait-promotion")
      for (const address of addresses) yield* deployment.pushes(address, { kind: "drop", count: 10_000 })
      yield* deployment.slow("10.0.0.1:6379", { latency: "22 millis" })
      yield* deployment.failover
      yield* until(Effect.sync(() => promoting.at >= 0))
      yield* whileTimePasses(Effect.sleep("50 millis"))
      assert.isUndefined((yield* stateOf).fence)
      const time = deployment.network.time
      const began = time.now()
      const write = yield* Effect.forkChild(Effect.exit(redis.set("late", "1")), { startImmediately: true })
      yield* deployment.disconnect(addresses[1]!)
      yield* until(fenced)
      // The reply comes 44 ms after the write, and so less than 35 ms after the fence.
      assert.isBelow(time.now() - began, 40)
      assert.isAbove(time.now() - began, 10)
      yield* until(moved)
      assert.strictEqual((yield* whileTimePasses(Fiber.join(write)))._tag, "Failure")
      assert.deepStrictEqual(yield* missing(["late"]), ["late"])
    }).pipe(Effect.provide(live())))

  for (const protocol of [2, 3] as const) {
    for (
      const [name, millis] of [
        ["+failover-state-select-slave", 1],
        ["+failover-state-select-slave", 20],
        ["+selected-slave", 0],
        ["+selected-slave", 30],
        ["+selected-slave", 60],
        ["+failover-state-wait-promotion", 0],
        ["+failover-state-wait-promotion", 100],
        ["+promoted-slave", 0]
      ] as const
    ) {
      it.effect(`RESP${protocol}: a subscription lost ${millis} ms after ${name} and restored loses nothing`, () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          yield* ready(redis)
          const leader = addresses[0]!
          const time = deployment.network.time
          let lost = 0
          deployment.sentinel(leader).onEvent = (event) => {
            if (event === name && lost++ === 0) time.later(millis, () => deployment.network.closeAll(leader))
          }
          const writes = yield* writing(redis, 10)
          yield* deployment.failover
          yield* until(moved)
          yield* whileTimePasses(Effect.sleep("500 millis"))
          yield* writes.stop
          assert.isAbove(lost, 0)
          assert.deepStrictEqual(yield* missing(writes.acknowledged), [])
        }).pipe(Effect.provide(live({ sentinel: { protocol } }, { seed: millis }))))
    }
  }
})

describe("a sentinel that reports failovers without effect", () => {
  const cry = (deployment: Testing.Control, from: string, times: number) =>
    Effect.gen(function*() {
      const sentinel = deployment.sentinel(from)
      for (let i = 0; i < times; i++) {
        sentinel.publish("+selected-slave", "slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379")
        yield* Effect.sleep("5 millis")
        sentinel.publish("-failover-abort-not-elected", "master mymaster 10.0.0.1 6379")
        yield* Effect.sleep("5 millis")
      }
    })

  it.effect("holds writes three times, and causes two log lines and few spans", () => {
    const lines: Array<string> = []
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    return Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const topology = yield* (yield* Sentinel.Sentinel).topology("mymaster")
      let fences = 0
      yield* Effect.forkChild(
        Stream.runForEach(topology.changes, (state) =>
          Effect.sync(() => {
            if (state.fence !== undefined) fences++
          })),
        { startImmediately: true }
      )
      const writes = yield* writing(redis, 5)
      yield* whileTimePasses(cry(deployment, addresses[0]!, 1000))
      yield* writes.stop
      assert.isAtLeast(fences, 1)
      assert.isAtMost(fences, 3)
      // 10 seconds, a round a millisecond: three fences of 5 ms are hardly felt.
      assert.isAbove(writes.acknowledged.length, 5 * 1000)
      yield* TestClock.adjust("2 minutes")
      const told = lines.filter((line) => line.includes("ended without a new primary"))
      assert.strictEqual(told.length, 2, lines.join("\n"))
      assert.match(told[1]!, /: \d+ more failovers ended without a new primary within 60 seconds$/)
      assert.isAtMost(spans.filter((span) => span.name === "redis.failover").length, 3)
      for (const span of spans) if (span.name === "redis.failover") assert.strictEqual(span.status._tag, "Ended")
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(live(), logging(lines))),
      Effect.provideService(Tracer.Tracer, tracer)
    )
  }, 30_000)

  it.effect("and then leads a failover: nothing is lost, since its own answer shows it", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const writes = yield* writing(redis, 10)
      yield* whileTimePasses(cry(deployment, addresses[0]!, 20))
      yield* deployment.failover
      yield* until(fenced)
      assert.strictEqual((yield* stateOf).fence?.from, addresses[0])
      assert.strictEqual((yield* stateOf).fence?.sign, "failover_in_progress")
      yield* until(moved)
      yield* writes.stop
      assert.deepStrictEqual(yield* missing(writes.acknowledged), [])
    }).pipe(Effect.provide(live({}, { latency: { min: "0 millis", max: "2 millis" } }))))

  it.effect("and another one leads a failover: nothing is lost", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const writes = yield* writing(redis, 10)
      yield* whileTimePasses(cry(deployment, addresses[2]!, 20))
      yield* deployment.failover
      yield* until(moved)
      yield* writes.stop
      assert.deepStrictEqual(yield* missing(writes.acknowledged), [])
    }).pipe(Effect.provide(live({}, { latency: { min: "0 millis", max: "2 millis" } }))))
})
