/** Small promises of pools, reserved connections, replicas and subscriptions, each of which a planted bug once survived. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { drive, VirtualClock } from "../simulation/Clock.ts"
import * as Errors from "../src/Errors.ts"
import { Pool, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { inSteps, liveWithReplicas as live, sentinels, stateOf } from "./support/group.ts"

const primary = "10.0.0.1:6379"

const { ready, until, whileTimePasses } = inSteps("2 millis")

describe("the message of an error about many nodes", () => {
  it("has the first 16 of them, and how many more there are", () => {
    const reports = Array.from(
      { length: 256 },
      (_, i) => new Errors.Report({ address: `10.0.0.${i}:6379`, kind: "unreachable", detail: "x".repeat(300) })
    )
    const { message } = new Errors.NoHealthyReplica({ reports })
    assert.include(message, "10.0.0.15:6379")
    assert.notInclude(message, "10.0.0.16:6379")
    assert.include(message, "; and 240 more)")
    assert.isBelow(message.length, 8000)
  })
})

describe("the pool", () => {
  it.effect("its shared connections take turns", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* until(Effect.sync(() => deployment.network.connections(primary, "client") >= 3))
      const counts = new Map<number, number>()
      deployment.node(primary).onExecute = (session, [name]) => {
        if (name === "ECHO") counts.set(session.id, (counts.get(session.id) ?? 0) + 1)
      }
      for (let i = 0; i < 30; i++) yield* whileTimePasses(redis.send("ECHO", "x"))
      assert.deepStrictEqual(Array.from(counts.values()), [10, 10, 10])
    }).pipe(Effect.provide(live({ node: { connections: 3 } }))))

  it.effect("a draining connection closes after its last reply, without waiting for the watchdog", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const session = (): Effect.Effect<number> => Effect.sync(() => deployment.network.connections(primary, "client"))
      assert.strictEqual(yield* session(), 1)
      // The first is refused while the second is still on its way back.
      yield* deployment.slow(primary, { requestTime: "20 millis" })
      deployment.node(primary).refuseWrite("READONLY", 0)
      const [first, second] = yield* whileTimePasses(
        Effect.all([redis.set("a", "2"), redis.set("b", "2")], { concurrency: "unbounded" })
      )
      assert.deepStrictEqual([first, second], ["OK", "OK"])
      yield* TestClock.adjust("200 millis")
      assert.strictEqual(yield* session(), 1)
      assert.isAtLeast(deployment.network.dials(primary), 2)
    }).pipe(Effect.provide(live({ node: { stallTimeout: "1 minute", pingInterval: "1 minute" } }))))

  it.effect("a read on a draining connection ends in time, also when idle connections have ended before", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* ready(yield* RedisClient.RedisClient)
      const replica = yield* RedisClient.RedisReplica
      const [address] = deployment.nodes.filter((node) => node !== primary)
      yield* whileTimePasses(replica.get("a"))
      yield* until(Effect.sync(() => deployment.network.connections(address!, "client") >= 3))
      yield* deployment.hang(address!)
      // It is late, so that the client leaves the node; the primary is spared reads that are under way.
      const reading = yield* Effect.forkChild(Effect.exit(replica.get("a")), { startImmediately: true })
      yield* whileTimePasses(Effect.sleep("500 millis"))
      assert.strictEqual((yield* whileTimePasses(replica.role())).role, "primary")
      yield* TestClock.adjust("501 millis")
      // The sentinels suspect the node by then, or the deadline has passed.
      assert.isDefined(reading.pollUnsafe())
    }).pipe(Effect.provide(live(
      { node: { connections: 3, commandTimeout: "1 second", stallTimeout: "1 minute", pingInterval: "1 minute" } },
      { replicas: 1 },
      { fallbackToPrimary: true }
    ))))
})

describe("the reserved connections of a pool", () => {
  it.effect("a caller that waits when the pool closes gets the reason at once", () =>
    Effect.gen(function*() {
      const pool = yield* Pool.make({
        address: { host: "10.0.0.1", port: 6379 },
        target: "mymaster",
        // Its one place is taken for as long as it takes to connect.
        connect: Effect.never,
        pool: { maxReserved: 1 }
      })
      const waiting = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3], () => Effect.exit(Effect.scoped(pool.reserve("reserved", 60_000))), {
          concurrency: "unbounded"
        }),
        { startImmediately: true }
      )
      yield* TestClock.adjust("1 second")
      pool.close("the group moved", "moved")
      yield* TestClock.adjust("1 millis")
      const exits = waiting.pollUnsafe()
      assert.isDefined(exits)
      for (const exit of yield* Fiber.join(waiting)) {
        const error = failureOf(exit)
        assert.strictEqual(error._tag === "ConnectionLost" ? error.kind : error._tag, "moved")
      }
    }))
})

describe("sentinels that list ever new sentinels", () => {
  it.effect("are asked a few at a time, and not kept", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const dialled = new Set<string>()
      deployment.network.onDial = (_, address) => {
        if (address.startsWith("10.9.")) dialled.add(address)
      }
      for (let round = 0; round < 60; round++) {
        const others = Array.from({ length: 60 }, (_, i) => ({ host: `10.9.${round}.${i}`, port: 26379 }))
        // Two of them agree on what is not there.
        yield* deployment.lie(sentinels[0]!, { others })
        yield* deployment.lie(sentinels[1]!, { others })
        deployment.sentinel(sentinels[0]!).publish("+reset-master", "master mymaster 10.0.0.1 6379")
        yield* TestClock.adjust("1 second")
      }
      const sentinel = yield* Sentinel.Sentinel
      assert.isAtMost((yield* sentinel.sentinels).length, 64)
      // Of 3,600 that were named.
      assert.isAtMost(dialled.size, 400)
      yield* deployment.lie(sentinels[0]!, {})
      yield* deployment.lie(sentinels[1]!, {})
      assert.strictEqual(yield* whileTimePasses(redis.set("a", "2")), "OK")
    }).pipe(Effect.provide(live())), 60_000)
})

describe("a server that was idle", () => {
  it("owes no answer to a request of the turn in which the watchdog checks", async () => {
    const clock = new VirtualClock()
    const program = Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("n", "0")
      // Whatever is due at the same time wakes in one turn; the watchdog looks every half second.
      for (const millis of [1000, 1500, 2000, 2500, 1250, 1001, 1499, 3000]) {
        yield* Effect.sleep(millis)
        yield* redis.incr("n")
      }
      return deployment.network.dials(primary)
    }).pipe(Effect.provide(live({ node: { stallTimeout: "1 second", pingInterval: "1 minute" } })), Effect.scoped)
    const { fiber, stopped } = await drive(clock, 1, program as Effect.Effect<number>, 600_000)
    assert.isUndefined(stopped)
    assert.deepStrictEqual(fiber.pollUnsafe(), Exit.succeed(1))
  })
})

describe("a write whose reply is withheld", () => {
  it.effect("is ambiguous at its deadline if the failover has not ended", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      // Its answer takes longer than replies are believed after the fence has closed.
      yield* deployment.slow(primary, { requestTime: "300 millis" })
      const write = yield* Effect.forkChild(Effect.exit(redis.set("a", "2")), { startImmediately: true })
      yield* TestClock.adjust("10 millis")
      deployment.sentinel(sentinels[0]!).publish(
        "+selected-slave",
        "slave x 10.0.0.2 6379 @ mymaster 10.0.0.1 6379"
      )
      yield* Effect.yieldNow
      // Nobody is left who could say what has become of it.
      for (const address of sentinels) yield* deployment.hang(address)
      yield* until(Effect.map(stateOf, (state) => state.fence !== undefined))
      yield* TestClock.adjust("800 millis")
      assert.strictEqual(deployment.node(primary).peek("a"), "2")
      assert.isUndefined(write.pollUnsafe())
      yield* TestClock.adjust("200 millis")
      assert.strictEqual(failureOf(yield* Fiber.join(write))._tag, "AmbiguousOutcome")
    }).pipe(Effect.provide(live({ maxWriteHold: "10 seconds", node: { commandTimeout: "1 second" } }))))
})

describe("a replica that refuses", () => {
  it.effect("is not asked for a while, as long as there are others", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const replica = yield* RedisClient.RedisReplica
      yield* ready(redis)
      yield* TestClock.adjust("2 seconds")
      const second = deployment.node("10.0.0.2:6379")
      const third = deployment.node("10.0.0.3:6379")
      yield* whileTimePasses(Effect.forEach(Array.from({ length: 10 }), () => replica.get("a")))
      assert.isAbove(second.executed.get("GET") ?? 0, 0)
      yield* deployment.load("10.0.0.2:6379")
      const before = { second: second.requests, third: third.executed.get("GET") ?? 0 }
      for (let i = 0; i < 100; i++) {
        assert.strictEqual(yield* whileTimePasses(replica.get("a")), "1")
      }
      assert.strictEqual((third.executed.get("GET") ?? 0) - before.third, 100)
      // One read that was refused, and what is measured meanwhile.
      assert.isAtMost(second.requests - before.second, 10)
    }).pipe(Effect.provide(live({}, {}, { replicaSelection: "round-robin" }))))
})

describe("a reserved connection that is refused", () => {
  it.effect("makes its client look for the primary again", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const exit = yield* whileTimePasses(Effect.scoped(
        Effect.gen(function*() {
          const reserved = yield* redis.reserve
          deployment.node(primary).refuseWrite("READONLY", 0)
          return yield* Effect.exit(reserved.set("a", "2"))
        })
      ))
      const error = failureOf(exit)
      assert.strictEqual(error._tag === "ReplyError" ? error.code : error._tag, "READONLY")
      const dials = deployment.network.dials(primary)
      // The shared connection is not trusted either: nothing is sent on it any more.
      yield* whileTimePasses(redis.get("a"))
      assert.strictEqual(deployment.network.dials(primary), dials + 1)
    }).pipe(Effect.provide(live())))
})

describe("a subscription's reader that is too slow", () => {
  it.effect("learns exactly how many messages are missing", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const gate = yield* Ref.make(false)
      let heard = 0
      let missed = 0
      let gaps = 0
      yield* Effect.forkChild(
        redis.subscribe({ channels: ["news"] }, { capacity: 3 }).pipe(
          Stream.rechunk(1),
          Stream.runForEach((item) =>
            Effect.gen(function*() {
              if (item._tag === "Gap") {
                gaps++
                missed += item.missed ?? 0
              } else heard++
              while (!(yield* Ref.get(gate))) yield* Effect.sleep("1 millis")
            })
          )
        ),
        { startImmediately: true }
      )
      const node = deployment.node(primary)
      yield* until(Effect.map(redis.publish("news", "first"), (n) => n === 1))
      for (let i = 1; i < 50; i++) yield* whileTimePasses(redis.publish("news", String(i)))
      assert.strictEqual(node.isPrimary, true)
      yield* Ref.set(gate, true)
      yield* until(Effect.sync(() => heard + missed === 50))
      assert.strictEqual(gaps, 1)
      assert.isAbove(missed, 30)
      yield* whileTimePasses(redis.publish("news", "last"))
      yield* until(Effect.sync(() => heard + missed === 51))
      assert.strictEqual(gaps, 1)
    }).pipe(Effect.scoped, Effect.provide(live())))
})

describe("commands that would break the order of commands and replies", () => {
  for (
    const words of [
      "RESET",
      "reset",
      "HELLO",
      "QUIT",
      "MONITOR",
      "MULTI",
      "EXEC",
      "DISCARD",
      "SUBSCRIBE",
      "CLIENT REPLY",
      "SYNC",
      "PSYNC"
    ]
  ) {
    it.effect(`${words} is refused, on a reserved connection too, and nothing is sent`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        yield* ready(redis)
        const node = deployment.node(primary)
        yield* whileTimePasses(Effect.scoped(
          Effect.gen(function*() {
            const reserved = yield* redis.reserve
            yield* reserved.ping()
            const requests = node.requests
            assert.strictEqual(failureOf(yield* Effect.exit(redis.send(words)))._tag, "InvalidCommand")
            assert.strictEqual(failureOf(yield* Effect.exit(reserved.send(words)))._tag, "InvalidCommand")
            assert.strictEqual(node.requests, requests)
          })
        ))
      }).pipe(Effect.provide(live())))
  }
})
