/**
 * The write fence where it is hard to hold: a client that was busy or has just
 * begun, sentinels that are far away, that may not be listened to, that lie, or
 * whose words were missed. Nothing that was acknowledged is lost.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { commands, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { timePassing } from "./support/time.ts"

const addresses = ["10.0.1.1:26379", "10.0.1.2:26379", "10.0.1.3:26379"]

const clients = (options: Partial<Sentinel.Options> = {}) =>
  RedisClient.layerPrimary("mymaster").pipe(
    Layer.provideMerge(Sentinel.layer({ sentinels: addresses, ...options }))
  )

const live = (options: Partial<Sentinel.Options> = {}, deployment: Testing.Options = {}) =>
  clients(options).pipe(Layer.provideMerge(Testing.layer(deployment)))

const whileTimePasses = timePassing("1 millis")

/** Waits until something holds; time passes meanwhile. */
const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  whileTimePasses(
    Effect.gen(function*() {
      while (!(yield* condition)) yield* Effect.sleep("1 millis")
    })
  )

const stateOf = Effect.gen(function*() {
  const sentinel = yield* Sentinel.Sentinel
  return yield* (yield* sentinel.topology("mymaster")).current
}).pipe(Effect.scoped)

/** The failover has ended. */
const moved = Effect.map(stateOf, (state) => state.epoch > 0 && state.fence === undefined)

type Redis = RedisClient.RedisClient["Service"]

/** A client that has written, and hears every sentinel. */
const ready = (redis: Redis) =>
  Effect.andThen(
    whileTimePasses(redis.set("a", "1")),
    until(Effect.map(stateOf, (s) => s.sentinels.length === 3 && s.sentinels.every((x) => x.isReachable === true)))
  )

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

/** Those of the keys that the group's primary does not have. */
const missing = (keys: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const deployment = yield* Testing.Deployment
    const direct = yield* RedisClient.make({ address: yield* deployment.primary })
    const values = yield* whileTimePasses(direct.mget(keys))
    return keys.filter((_, i) => values[i] === null)
  }).pipe(Effect.scoped)

/** Writes unique keys one after another, on so many fibers, until it is interrupted. */
const writing = (redis: Redis, writers: number, prefix = "w", pause = 1) =>
  Effect.gen(function*() {
    const acknowledged: Array<string> = []
    const failed: Array<string> = []
    const fiber = yield* Effect.forkChild(
      Effect.forEach(Array.from({ length: writers }, (_, w) => w), (w) =>
        Effect.gen(function*() {
          for (let i = 0;; i++) {
            const key = `${prefix}${w}:${i}`
            const exit = yield* Effect.exit(redis.set(key, "1"))
            if (Exit.isSuccess(exit)) acknowledged.push(key)
            else failed.push(key)
            yield* Effect.sleep(pause)
          }
        }), { concurrency: "unbounded", discard: true }),
      { startImmediately: true }
    )
    return { acknowledged, failed, stop: Fiber.interrupt(fiber) }
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

  it.effect("does not believe the replies that it finds, if the group has moved", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const selected = yield* published("+selected-slave")
      // What is on its way to the primary when the client stands still is executed after the promotion.
      yield* deployment.slow(yield* deployment.primary, { linkMillis: 300 })
      const write = yield* Effect.forkChild(Effect.exit(redis.set("late", "1")), { startImmediately: true })
      yield* Effect.yieldNow
      deployment.network.standStill("client")
      yield* deployment.failover
      yield* TestClock.adjust("1 second")
      assert.isAtLeast(selected.at, 0)
      deployment.network.goOn("client")
      yield* until(moved)
      const exit = yield* whileTimePasses(Fiber.join(write))
      if (Exit.isSuccess(exit)) assert.deepStrictEqual(yield* missing(["late"]), [])
    }).pipe(Effect.provide(live())))
})

describe("sentinels that are farther away than the nodes", () => {
  for (const millis of [60, 200]) {
    it.effect(
      `by ${millis} ms: what is acknowledged while their word is on its way is not lost`,
      () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          yield* Effect.forEach(deployment.sentinels, (address) => deployment.slow(address, { linkMillis: millis }))
          yield* ready(redis)
          assert.isTrue((yield* stateOf).sentinels.every((s) => s.distance === 2 * millis))
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

  it.effect("with whenFar \"believe\" they are lost, and nothing waits", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* Effect.forEach(deployment.sentinels, (address) => deployment.slow(address, { linkMillis: 200 }))
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

  it.effect("replies come in their order, later by what is missing; reads come at once", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* Effect.forEach(deployment.sentinels, (address) => deployment.slow(address, { linkMillis: 100 }))
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
      const withheld = 200 - 35
      assert.deepStrictEqual(done, ["read 0", `first ${withheld}`, `second ${withheld}`, `third ${withheld}`])
    }).pipe(Effect.provide(live({ timeout: "3 seconds" }))), 30_000)

  it.effect("near ones cost nothing", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* Effect.forEach(deployment.sentinels, (address) => deployment.slow(address, { linkMillis: 17 }))
      yield* ready(redis)
      const began = deployment.network.time.now()
      yield* redis.set("b", "1")
      assert.strictEqual(deployment.network.time.now(), began)
    }).pipe(Effect.provide(live({ timeout: "3 seconds" }))), 30_000)
})

describe("a client that is born while a failover is under way", () => {
  // From before the failover to after its end, as it is recorded: 0 to 1.5 seconds.
  for (let moment = 0; moment <= 1500; moment += 75) {
    it.effect(`${moment} ms after its beginning loses nothing`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        yield* deployment.failover
        yield* TestClock.adjust(moment)
        yield* Effect.gen(function*() {
          const redis = yield* RedisClient.RedisClient
          const writes = yield* writing(redis, 10)
          yield* until(Effect.map(deployment.primary, (address) => address !== "10.0.0.1:6379"))
          yield* whileTimePasses(Effect.sleep("2 seconds"))
          yield* writes.stop
          assert.isAbove(writes.acknowledged.length, 0)
          assert.deepStrictEqual(yield* missing(writes.acknowledged), [])
        }).pipe(Effect.provide(clients()))
      }).pipe(Effect.provide(Testing.layer({ latencyMillis: [0, 2], seed: moment }))))
  }

  it.effect("reads do not wait for the sentinels that are silent, and writes wait for their head start only", () =>
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

  it.effect("one sentinel of three in reach: its writes wait for no longer than the questions", () =>
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

  it.effect("without a dead sentinel it waits for nothing but the answers", () =>
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

  it.effect("when no sentinel is there, the error says so", () =>
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
