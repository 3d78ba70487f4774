/**
 * Time that somebody sets: the wall clock steps by a minute, either way, and
 * nothing is given up sooner or later for it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Credentials from "../src/Credentials.ts"
import { RedisClient, Sentinel } from "../src/index.ts"
import * as RedisStream from "../src/RedisStream.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"

const sentinels = ["10.0.1.1:26379", "10.0.1.2:26379", "10.0.1.3:26379"]

const live = (options: Partial<Sentinel.Options> = {}) =>
  RedisClient.layerPrimary("mymaster").pipe(
    Layer.provideMerge(Sentinel.layer({ sentinels, ...options })),
    Layer.provideMerge(Testing.layer())
  )

/** Runs a test on a clock whose wall time can be set by the function that it is given. */
const onSteppedClock = <A, E, R>(test: (step: (millis: number) => void) => Effect.Effect<A, E, R>) =>
  Effect.clockWith((clock) => {
    let off = 0
    const millis = (): number => clock.currentTimeMillisUnsafe() + off
    const nanos = (): bigint => clock.currentTimeNanosUnsafe() + BigInt(off) * 1_000_000n
    const stepped: Clock.Clock = Object.assign(Object.create(clock), {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos)
    })
    return Effect.provideService(test((by) => void (off += by)), Clock.Clock, stepped)
  })

for (const step of [-60_000, 60_000]) {
  describe(`the wall clock steps by ${step / 1000} s`, () => {
    it.effect("a command to a server that hangs has its deadline, neither later nor sooner", () =>
      onSteppedClock((set) =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          yield* redis.set("a", "1")
          yield* deployment.hang("10.0.0.1:6379")
          const read = yield* Effect.forkChild(Effect.exit(redis.get("a")), { startImmediately: true })
          yield* TestClock.adjust("500 millis")
          set(step)
          const write = yield* Effect.forkChild(Effect.exit(redis.incr("n")), { startImmediately: true })
          yield* TestClock.adjust("499 millis")
          assert.isUndefined(read.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(failureOf(yield* Fiber.join(read))._tag, "DeadlineExceeded")
          assert.isUndefined(write.pollUnsafe())
          yield* TestClock.adjust("500 millis")
          assert.strictEqual(failureOf(yield* Fiber.join(write))._tag, "AmbiguousOutcome")
        }).pipe(Effect.provide(live({ node: { commandTimeout: "1 second" } })))
      ))

    it.effect("a server does not count as dead, and a dead server is left in time", () =>
      onSteppedClock((set) =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          yield* redis.set("a", "1")
          yield* deployment.slow("10.0.0.1:6379", { requestTime: "700 millis" })
          const slow = yield* Effect.forkChild(redis.incr("n"), { startImmediately: true })
          // Before the watchdog looks for the first time.
          yield* TestClock.adjust("400 millis")
          set(step)
          yield* TestClock.adjust("2 seconds")
          assert.strictEqual(yield* Fiber.join(slow), 1)
          assert.strictEqual(deployment.network.dials("10.0.0.1:6379"), 1)
          yield* deployment.hang("10.0.0.1:6379")
          const write = yield* Effect.forkChild(Effect.exit(redis.incr("n")), { startImmediately: true })
          set(step)
          yield* TestClock.adjust("999 millis")
          assert.isUndefined(write.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(failureOf(yield* Fiber.join(write))._tag, "AmbiguousOutcome")
        }).pipe(Effect.provide(live({ node: { stallTimeout: "1 second" } })))
      ))

    it.effect("writes are held for maxWriteHold, and the shown time is the wall clock's", () =>
      onSteppedClock((set) =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          const sentinel = yield* Sentinel.Sentinel
          const topology = yield* sentinel.topology("mymaster")
          yield* redis.set("a", "1")
          yield* TestClock.adjust("2 seconds")
          set(step)
          const now = yield* Clock.currentTimeMillis
          deployment.sentinel(sentinels[0]!).publish(
            "+selected-slave",
            "slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379"
          )
          // It says so, and then it is not heard of any more.
          yield* Effect.yieldNow
          yield* deployment.hang(sentinels[0]!)
          yield* TestClock.adjust("1 millis")
          const fence = (yield* topology.current).fence
          assert.isDefined(fence)
          assert.isTrue(fence!.since >= now && fence!.since <= now + 1, `closed at ${fence!.since}, now is ${now}`)
          const write = yield* Effect.forkChild(redis.set("b", "2"), { startImmediately: true })
          set(step)
          yield* TestClock.adjust("990 millis")
          assert.isUndefined(write.pollUnsafe())
          yield* TestClock.adjust("20 millis")
          assert.strictEqual(yield* Fiber.join(write), "OK")
        }).pipe(Effect.scoped, Effect.provide(live({ maxWriteHold: "1 second" })))
      ))

    it.effect("a consumer of a group keeps its claim on an entry whose handler takes long", () =>
      onSteppedClock((set) =>
        Effect.gen(function*() {
          const redis = yield* RedisClient.RedisClient
          yield* redis.xgroupCreate("orders", "g", "0", { mkstream: true })
          yield* redis.xadd("orders", "*", { n: 1 })
          const handled: Array<number> = []
          const idle: Array<number> = []
          const consumer = yield* Effect.forkChild(
            RedisStream.make({ key: "orders", schema: Schema.Struct({ n: Schema.NumberFromString }) }).consume(
              { group: "g", consumer: "c", minIdle: "1 second", claimInterval: "100 millis" },
              ({ deliveries }) => Effect.andThen(Effect.sleep("5 seconds"), Effect.sync(() => handled.push(deliveries)))
            ),
            { startImmediately: true }
          )
          yield* TestClock.adjust("500 millis")
          set(step)
          for (let n = 0; n < 8; n++) {
            yield* TestClock.adjust("500 millis")
            const [pending] = yield* redis.xpendingRange("orders", "g", "-", "+", 1)
            idle.push(Duration.toMillis(pending!.idle!))
          }
          yield* TestClock.adjust("1 second")
          yield* Fiber.interrupt(consumer)
          assert.isBelow(Math.max(...idle), 500)
          assert.deepStrictEqual(handled, [1])
        }).pipe(Effect.provide(live()))
      ))

    it.effect("credentials are asked for anew when their time is over, or the clock says so", () =>
      onSteppedClock((set) =>
        Effect.gen(function*() {
          let given = 0
          const credentials = yield* Credentials.make(
            Effect.map(DateTime.now, (now) => {
              given++
              return { password: Redacted.make("pw"), expiresAt: DateTime.add(now, { minutes: 2 }) }
            })
          )
          const redis = yield* RedisClient.make({ address: "10.0.0.1:6379", credentials })
          yield* Effect.exit(redis.ping())
          const before = given
          assert.isAtLeast(before, 1)
          yield* TestClock.adjust("59 seconds")
          assert.strictEqual(given, before)
          set(step)
          yield* TestClock.adjust("61 seconds")
          assert.isAbove(given, before)
        }).pipe(Effect.scoped, Effect.provide(Testing.layer()))
      ))

    it.effect("a schedule for 30 seconds lasts for 30 seconds", () =>
      onSteppedClock((set) =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const sentinel = yield* Sentinel.Sentinel
          for (const address of deployment.sentinels) yield* deployment.kill(address)
          const fiber = yield* Effect.forkChild(Effect.exit(sentinel.discoverPrimary("mymaster")))
          yield* TestClock.adjust("10 seconds")
          set(step)
          yield* TestClock.adjust("19 seconds")
          assert.isUndefined(fiber.pollUnsafe())
          yield* TestClock.adjust("2 seconds")
          assert.strictEqual(failureOf(yield* Fiber.join(fiber))._tag, "PrimaryNotFound")
        }).pipe(
          Effect.provide(
            live({ schedule: Schedule.spaced("1 second").pipe(Schedule.upTo({ duration: "30 seconds" })) })
          )
        )
      ))
  })
}
