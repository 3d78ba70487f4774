/**
 * A failover from the client's side, in memory: what is known of the group,
 * when writes wait, and what becomes of reserved connections, scans, subscriptions and waits.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Ref from "effect/Ref"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { Address, commands, type Errors, Metrics, RedisClient, Sentinel, Topology } from "../src/index.ts"
import { eventSubscription, meaningOf, parseEvent } from "../src/internal/discovery/events.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { fenced, inSteps, liveWithReplicas as live, missing, sentinels, stateOf } from "./support/group.ts"
import { clientOf, store } from "./support/store.ts"

const { ready, until, whileTimePasses, writing } = inSteps("2 millis")

/** How many subscribers a channel has at a node. */
const subscribersOf = (channel: string, address: string) =>
  Effect.gen(function*() {
    const direct = yield* RedisClient.make({ address })
    const reply = yield* direct.send("PUBSUB", "NUMSUB", channel)
    return (reply as ReadonlyArray<unknown>)[1]
  }).pipe(Effect.scoped)

describe("events of sentinels", () => {
  it("are parsed", () => {
    assert.deepStrictEqual(parseEvent("+switch-master", "g 10.0.0.1 6379 10.0.0.2 6380"), {
      name: "+switch-master",
      group: "g",
      primary: { host: "10.0.0.1", port: 6379 },
      subject: undefined,
      next: { host: "10.0.0.2", port: 6380 },
      epoch: undefined
    })
    assert.deepStrictEqual(parseEvent("+selected-slave", "slave a:1 10.0.0.2 6380 @ g 10.0.0.1 6379"), {
      name: "+selected-slave",
      group: "g",
      primary: { host: "10.0.0.1", port: 6379 },
      subject: { kind: "slave", host: "10.0.0.2", port: 6380 },
      next: undefined,
      epoch: undefined
    })
    assert.strictEqual(parseEvent("+odown", "master g 10.0.0.1 6379 #quorum 2/2")?.group, "g")
    assert.strictEqual(parseEvent("+new-epoch", "17")?.epoch, 17)
    assert.isUndefined(parseEvent("+tilt", "#tilt mode entered")?.group)
  })

  it("mean what the table says, each is subscribed to once", () => {
    const meanings = [
      ["+elected-leader", "start"],
      ["+failover-state-select-slave", "announcement"],
      ["+selected-slave", "selection"],
      ["+failover-state-wait-promotion", "selection"],
      ["+failover-state-reconf-slaves", "promotion"],
      ["+switch-master", "promotion"],
      ["-failover-abort-no-good-slave", "abort"],
      ["-failover-abort-slave-timeout", "abort"],
      ["+failover-end", "change"],
      ["+failover-detected", "change"],
      ["+sdown", "change"],
      ["+new-epoch", "epoch"],
      ["-tilt", "tilt"],
      ["toString", "change"],
      ["", "change"]
    ] as const
    assert.deepStrictEqual(meanings.map(([name]) => [name, meaningOf(name)]), meanings.map((each) => [...each]))
    const { channels, patterns } = eventSubscription
    assert.deepStrictEqual(patterns, ["+failover-*", "-failover-*"])
    assert.deepStrictEqual(channels.filter((name) => /^[+-]failover-/.test(name)), [])
    assert.strictEqual(new Set(channels).size, 24)
    assert.strictEqual(channels.length, 24)
  })

  it.effect.prop(
    "whatever it is, it is taken apart or left alone",
    [Schema.String, Schema.String],
    ([name, payload]) =>
      Effect.sync(() => {
        for (const channel of [name, "+switch-master", "+selected-slave", "+new-epoch", "+odown"]) {
          for (const text of [payload, `slave ${payload} @ ${payload}`, `master g ${payload}`, `g ${payload}`]) {
            const event = parseEvent(channel, text)
            for (const place of [event?.primary, event?.subject, event?.next]) {
              if (place !== undefined) assert.isTrue(Number.isInteger(place.port) && place.port < 100_000)
            }
          }
        }
      })
  )
})

describe("topology", () => {
  it.effect("gives the current state and every change, also to late subscribers", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const sentinel = yield* Sentinel.Sentinel
      const topology = yield* sentinel.topology("mymaster")
      const first = yield* whileTimePasses(topology.current)
      assert.deepStrictEqual(first.primary, { host: "10.0.0.1", port: 6379 })
      assert.deepStrictEqual(first.replicas.map((r) => [Address.format(r.address), r.isHealthy]), [
        ["10.0.0.2:6379", true],
        ["10.0.0.3:6379", true]
      ])
      const seen: Array<Topology.State> = []
      yield* Effect.forkChild(
        Stream.runForEach(topology.changes, (state) => Effect.sync(() => void seen.push(state))),
        {
          startImmediately: true
        }
      )
      yield* deployment.failover
      yield* until(Effect.map(topology.current, (s) => s.epoch > 0 && s.fence === undefined))
      yield* TestClock.adjust("1 second")
      const primary = yield* deployment.primary
      const fence = seen.find((s) => s.fence !== undefined)?.fence
      assert.strictEqual(fence?.sign, "+selected-slave")
      assert.strictEqual(fence?.candidate === undefined ? "" : Address.format(fence.candidate), primary)
      const last = yield* topology.current
      assert.strictEqual(Address.format(last.primary!), primary)
      assert.strictEqual(last.epoch, 1)
      // Somebody who comes now has the present state first.
      const late = yield* Stream.runHead(topology.changes)
      assert.strictEqual(late._tag === "Some" ? late.value.epoch : -1, 1)
      assert.isAtMost(seen.length, 60)
    }).pipe(Effect.scoped, Effect.provide(live())))

  it.effect("a dead replica is not healthy, and is healthy again when it returns", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* whileTimePasses(stateOf)
      const sentinel = yield* Sentinel.Sentinel
      const topology = yield* sentinel.topology("mymaster")
      const healthy = Effect.map(topology.current, (s) => s.replicas.filter((r) => r.isHealthy).length)
      yield* deployment.kill("10.0.0.3:6379")
      yield* until(Effect.map(healthy, (n) => n === 1))
      yield* deployment.restart("10.0.0.3:6379")
      yield* until(Effect.map(healthy, (n) => n === 2))
    }).pipe(Effect.scoped, Effect.provide(live())))

  it.effect("events of another group, and of a former primary, have no effect", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const sentinel = deployment.sentinel(sentinels[0]!)
      for (
        const [channel, text] of [
          ["+selected-slave", "slave x 10.0.0.2 6379 @ other 10.0.0.1 6379"],
          ["+selected-slave", "slave x 10.0.0.2 6379 @ mymaster 10.0.0.9 6379"],
          ["+switch-master", "other 10.0.0.1 6379 10.0.0.2 6379"],
          ["+selected-slave", "nonsense"]
        ] as const
      ) sentinel.publish(channel, text)
      yield* Effect.yieldNow
      assert.isFalse(yield* fenced)
      // A claim is looked into, and found to be wrong.
      sentinel.publish("+switch-master", "mymaster 10.0.0.1 6379 10.0.0.2 6379")
      yield* until(Effect.map(fenced, (yes) => !yes))
      assert.strictEqual(Address.format((yield* stateOf).primary!), "10.0.0.1:6379")
      assert.strictEqual(yield* whileTimePasses(redis.set("a", "2")), "OK")
    }).pipe(Effect.provide(live())))

  it.effect("the client finds a move even if nothing is published", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      for (const address of sentinels) yield* deployment.pushes(address, { kind: "drop", count: 1000 })
      yield* deployment.failover
      yield* until(Effect.map(stateOf, (s) => s.epoch === 1))
      yield* whileTimePasses(redis.set("a", "2"))
      assert.deepStrictEqual(yield* missing(["a"]), [])
    }).pipe(Effect.provide(live())))

  it.effect("a failover gives one log line and one span, and is counted", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.set("a", "1"))
      const before = (yield* Metric.value(Metrics.failovers)).count
      const heldBefore = (yield* Metric.value(Metrics.heldWrites)).count
      yield* until(Effect.map(stateOf, (s) => s.sentinels.every((x) => x.isReachable === true)))
      yield* deployment.failover
      yield* until(fenced)
      const write = yield* Effect.forkChild(redis.set("b", "1"), { startImmediately: true })
      yield* whileTimePasses(Fiber.join(write))
      yield* Effect.yieldNow
      assert.strictEqual((yield* Metric.value(Metrics.failovers)).count - before, 1)
      assert.strictEqual((yield* Metric.value(Metrics.heldWrites)).count - heldBefore, 1)
    }).pipe(Effect.provide(live())))

  it.effect("the span begins with the first sign and ends with the first acknowledged write", () => {
    const spans: Array<Tracer.NativeSpan> = []
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
      yield* deployment.failover
      yield* until(fenced)
      const write = yield* Effect.forkChild(redis.set("b", "1"), { startImmediately: true })
      yield* whileTimePasses(Fiber.join(write))
      yield* until(Effect.sync(() => spans.some((s) => s.name === "redis.failover" && s.status._tag === "Ended")))
      const span = spans.find((s) => s.name === "redis.failover")!
      assert.strictEqual(span.attributes.get("redis.failover.from"), "10.0.0.1:6379")
      assert.strictEqual(span.attributes.get("redis.failover.to"), yield* deployment.primary)
      assert.strictEqual(spans.filter((s) => s.name === "redis.failover").length, 1)
    }).pipe(Effect.provide(live()), Effect.withTracer(tracer))
  })
})

describe("the write fence", () => {
  it.effect("a planned failover loses no write, fails none, and reads continue", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const load = yield* writing(redis, 8)
      yield* until(Effect.sync(() => load.acknowledged.length > 100))
      yield* deployment.failover
      yield* until(fenced)
      const count = load.acknowledged.length
      assert.strictEqual(yield* redis.get(load.acknowledged[0]!), "1")
      // What was under way is answered; nothing else is written.
      yield* TestClock.adjust("100 millis")
      assert.isAtMost(load.acknowledged.length, count + 8)
      yield* until(Effect.map(fenced, (yes) => !yes))
      yield* until(Effect.sync(() => load.acknowledged.length > count + 50))
      yield* load.finish
      assert.deepStrictEqual(load.failed, [])
      assert.deepStrictEqual(yield* missing(load.acknowledged), [])
    }).pipe(Effect.provide(live())))

  it.effect("without the fence the same failover loses writes", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const load = yield* writing(redis, 8)
      yield* until(Effect.sync(() => load.acknowledged.length > 100))
      yield* deployment.failover
      yield* until(Effect.map(stateOf, (s) => s.epoch === 1))
      yield* load.finish
      assert.isAbove((yield* missing(load.acknowledged)).length, 10)
    }).pipe(Effect.provide(live({ maxWriteHold: "0 millis" }))))

  it.effect("following the promotion is faster, and loses nothing either", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const load = yield* writing(redis, 8)
      yield* until(Effect.sync(() => load.acknowledged.length > 100))
      yield* deployment.failover
      yield* until(Effect.map(stateOf, (s) => s.isProvisional))
      // No sentinel has reported it.
      const sentinel = yield* Sentinel.Sentinel
      assert.deepStrictEqual(yield* sentinel.ask(commands.sentinel.getPrimaryAddrByName("mymaster")), {
        host: "10.0.0.1",
        port: 6379
      })
      const count = load.acknowledged.length
      yield* until(Effect.sync(() => load.acknowledged.length > count + 50))
      assert.isTrue((yield* stateOf).isProvisional)
      yield* until(Effect.map(stateOf, (s) => !s.isProvisional))
      yield* until(Effect.sync(() => load.acknowledged.length > count + 500))
      yield* load.finish
      assert.deepStrictEqual(load.failed, [])
      assert.deepStrictEqual(yield* missing(load.acknowledged), [])
    }).pipe(Effect.provide(live({ follow: "promotion" }))))

  it.effect("the risk of following the promotion: the leader dies before it has told the others", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const load = yield* writing(redis, 4)
      yield* until(Effect.sync(() => load.acknowledged.length > 100))
      yield* deployment.failover
      yield* until(Effect.map(stateOf, (s) => s.isProvisional))
      yield* deployment.kill(sentinels[0]!)
      const count = load.acknowledged.length
      // The others make the promoted node a replica again, and the client comes back.
      yield* until(
        Effect.map(
          stateOf,
          (s) => !s.isProvisional && s.primary !== undefined && Address.format(s.primary) === "10.0.0.1:6379"
        )
      )
      const back = load.acknowledged.length
      yield* until(Effect.sync(() => load.acknowledged.length > back + 50))
      yield* load.finish
      const lost = yield* missing(load.acknowledged)
      assert.isAbove(lost.length, 0)
      assert.isAtLeast(load.acknowledged.indexOf(lost[0]!), count - 8 * 40)
    }).pipe(Effect.provide(live({ follow: "promotion" }))))

  it.effect("a coordinated failover, as Valkey does it", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const load = yield* writing(redis, 8)
      yield* until(Effect.sync(() => load.acknowledged.length > 100))
      yield* deployment.coordinatedFailover
      yield* until(Effect.map(stateOf, (s) => s.epoch === 1 && s.fence === undefined))
      const count = load.acknowledged.length
      yield* until(Effect.sync(() => load.acknowledged.length > count + 50))
      yield* load.finish
      assert.deepStrictEqual(load.failed, [])
      assert.deepStrictEqual(yield* missing(load.acknowledged), [])
    }).pipe(Effect.provide(live())))

  it.effect("PUBLISH, transactions and pipelines wait too; a pipeline that writes does as a whole", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* deployment.failover
      yield* until(fenced)
      const fibers = yield* Effect.forEach(
        [
          redis.publish("channel", "x"),
          redis.transaction([commands.set("a", "2"), commands.get("a")]),
          redis.pipeline([commands.get("a"), commands.set("a", "3"), commands.get("a")])
        ] as ReadonlyArray<Effect.Effect<unknown, Errors.RedisError>>,
        (effect) => Effect.forkChild(effect, { startImmediately: true })
      )
      const read = yield* Effect.forkChild(redis.transaction([commands.get("a")]), { startImmediately: true })
      assert.deepStrictEqual(yield* whileTimePasses(Fiber.join(read)), ["1"])
      assert.isTrue(yield* fenced)
      assert.isTrue(fibers.every((fiber) => fiber.pollUnsafe() === undefined))
      const results = yield* whileTimePasses(Effect.forEach(fibers, (fiber) => Fiber.join(fiber)))
      assert.deepStrictEqual(results, [0, ["OK", "2"], ["2", "OK", "3"]])
    }).pipe(Effect.provide(live())))

  it.effect("it opens when the failover is aborted, and the old primary continues", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* deployment.failover
      yield* until(fenced)
      const candidate = Address.format((yield* stateOf).fence!.candidate!)
      yield* deployment.hang(candidate)
      const write = yield* Effect.forkChild(redis.set("a", "2"), { startImmediately: true })
      const began = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      assert.strictEqual(yield* whileTimePasses(Fiber.join(write)), "OK")
      const took = (yield* Effect.clockWith((clock) => clock.currentTimeMillis)) - began
      // The sentinel gives up after its failover-timeout of 6 seconds, before the longest hold.
      assert.isAbove(took, 5000)
      assert.isBelow(took, 9000)
      assert.strictEqual(Address.format((yield* stateOf).primary!), "10.0.0.1:6379")
    }).pipe(Effect.provide(live({ node: { commandTimeout: "30 seconds" } }))))

  it.effect("it opens after maxWriteHold, and a sentinel that held writes without a failover is not believed again at once", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const sentinel = deployment.sentinel(sentinels[0]!)
      const claim = () => sentinel.publish("+selected-slave", "slave x 10.0.0.2 6379 @ mymaster 10.0.0.1 6379")
      // It says so, and then it is not heard of any more.
      claim()
      yield* Effect.yieldNow
      yield* deployment.hang(sentinels[0]!)
      yield* until(fenced)
      const write = yield* Effect.forkChild(redis.set("a", "2"), { startImmediately: true })
      yield* TestClock.adjust("1900 millis")
      assert.isUndefined(write.pollUnsafe())
      yield* TestClock.adjust("300 millis")
      assert.strictEqual(yield* Fiber.join(write), "OK")
      yield* deployment.resume(sentinels[0]!)
      yield* until(Effect.map(stateOf, (s) => s.sentinels.every((x) => x.isReachable === true)))
      claim()
      yield* TestClock.adjust("10 millis")
      assert.isFalse(yield* fenced)
    }).pipe(Effect.provide(live({ maxWriteHold: "2 seconds" }))))

  it.effect("a sentinel that contradicts itself does not hold writes twice", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const sentinel = deployment.sentinel(sentinels[0]!)
      let held = 0
      for (let i = 0; i < 20; i++) {
        sentinel.publish("+selected-slave", "slave x 10.0.0.2 6379 @ mymaster 10.0.0.1 6379")
        yield* TestClock.adjust("1 millis")
        if (yield* fenced) held++
        yield* until(Effect.map(fenced, (yes) => !yes))
      }
      assert.strictEqual(held, 1)
      assert.strictEqual(yield* whileTimePasses(redis.set("a", "2")), "OK")
    }).pipe(Effect.provide(live())))

  it.effect("a natMap, a label and a selection function that throw end nothing", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const sentinel = yield* Sentinel.Sentinel
      yield* whileTimePasses(redis.set("a", "1"))
      const replica = yield* sentinel.replicaFor("mymaster", {
        replicaSelection: () => {
          throw new Error("a choice that throws")
        }
      })
      yield* deployment.failover
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* whileTimePasses(redis.set("a", "2")), "OK")
      assert.strictEqual(yield* whileTimePasses(redis.get("a")), "2")
      assert.isDefined(yield* whileTimePasses(replica.get("a")))
    }).pipe(
      Effect.scoped,
      Effect.provideService(References.MinimumLogLevel, "None"),
      Effect.provide(live({
        label: () => {
          throw new Error("a label that throws")
        }
      }))
    ))

  it.effect("the number of held commands is limited, and each keeps its deadline", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* deployment.failover
      yield* until(fenced)
      const writes = yield* Effect.forEach(
        [1, 2, 3, 4],
        (i) => Effect.forkChild(Effect.exit(redis.set("a", i)), { startImmediately: true })
      )
      assert.strictEqual(failureOf(yield* Fiber.join(writes[3]!))._tag, "QueueFull")
      yield* TestClock.adjust("100 millis")
      const late = failureOf(yield* Fiber.join(writes[0]!))
      assert.strictEqual(late._tag, "DeadlineExceeded")
      assert.include(late.message, "failover")
    }).pipe(Effect.provide(live({ node: { maxQueue: 3, commandTimeout: "100 millis" } }))))

  it.effect("a client that starts during a failover waits too", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      yield* deployment.failover
      yield* TestClock.adjust("135 millis")
      const redis = yield* RedisClient.RedisClient
      yield* Effect.exit(whileTimePasses(redis.get("a")))
      yield* until(fenced)
      const write = yield* Effect.forkChild(redis.set("late", "1"), { startImmediately: true })
      assert.strictEqual(yield* whileTimePasses(Fiber.join(write)), "OK")
      assert.deepStrictEqual(yield* missing(["late"]), [])
    }).pipe(Effect.provide(live())))

  it.effect("a reply that comes too late does not count once the group has moved", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* deployment.failover
      yield* TestClock.adjust("60 millis")
      // What is written just before the fence closes is executed long after.
      yield* deployment.slow("10.0.0.1:6379", { requestTime: "600 millis" })
      const write = yield* Effect.forkChild(Effect.exit(redis.set("slow", "1")), { startImmediately: true })
      const exit = yield* whileTimePasses(Fiber.join(write))
      assert.strictEqual(failureOf(exit)._tag, "AmbiguousOutcome")
      assert.deepStrictEqual(yield* missing(["slow"]), ["slow"])
    }).pipe(Effect.provide(live())))
})

describe("isolation", () => {
  const isolated = (whenIsolated: "allow" | "hold" | "fail") =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* deployment.kill(sentinels[0]!)
      yield* deployment.kill(sentinels[1]!)
      yield* until(Effect.map(stateOf, (s) => s.isIsolated))
      assert.strictEqual(yield* redis.get("a"), "1")
      const write = yield* Effect.forkChild(Effect.exit(redis.set("a", "2")), { startImmediately: true })
      yield* TestClock.adjust("20 millis")
      const exit = write.pollUnsafe()
      yield* deployment.restart(sentinels[0]!)
      return { exit, late: yield* whileTimePasses(Fiber.join(write)) }
    }).pipe(Effect.provide(live({ whenIsolated })))

  it.effect("writes continue while the sentinels are unreachable", () =>
    Effect.map(isolated("allow"), ({ late }) => assert.isTrue(Exit.isSuccess(late))))

  it.effect("or wait until the sentinels return", () =>
    Effect.map(isolated("hold"), ({ exit, late }) => {
      assert.isUndefined(exit)
      assert.isTrue(Exit.isSuccess(late))
    }))

  it.effect("or are refused", () =>
    Effect.map(isolated("fail"), ({ late }) => {
      const error = failureOf(late)
      assert.strictEqual(error._tag, "SentinelsIsolated")
      assert.include(error.message, "1 of the 3")
    }))
})

describe("epochs", () => {
  const failedOver = Effect.gen(function*() {
    const deployment = yield* Testing.Deployment
    yield* until(Effect.map(stateOf, (s) => s.sentinels.every((x) => x.isReachable === true)))
    yield* deployment.failover
    yield* until(Effect.map(stateOf, (s) => s.epoch === 1 && s.fence === undefined))
  })

  it.effect("a reserved connection ends with its epoch: EXEC after WATCH fails with a typed error, and nothing is executed", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.set("a", "1"))
      yield* Effect.scoped(
        Effect.gen(function*() {
          const reserved = yield* redis.reserve
          assert.strictEqual(reserved.epoch, 0)
          yield* reserved.watch("a")
          yield* failedOver
          const error = failureOf(yield* Effect.exit(reserved.transaction([commands.set("a", "2")])))
          assert.strictEqual(error._tag, "ConnectionLost")
          assert.strictEqual(error._tag === "ConnectionLost" ? error.kind : "", "moved")
        })
      )
      assert.strictEqual(yield* whileTimePasses(redis.get("a")), "1")
      yield* Effect.scoped(Effect.map(redis.reserve, (reserved) => assert.strictEqual(reserved.epoch, 1)))
    }).pipe(Effect.provide(live())))

  it.effect("a write on a reserved connection waits behind the fence, and fails unexecuted when the group has moved", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* Effect.scoped(
        Effect.gen(function*() {
          const reserved = yield* redis.reserve
          yield* deployment.failover
          yield* until(fenced)
          const write = yield* Effect.forkChild(Effect.exit(reserved.set("a", "2")), { startImmediately: true })
          assert.strictEqual(failureOf(yield* whileTimePasses(Fiber.join(write)))._tag, "ConnectionLost")
        })
      )
      assert.strictEqual(yield* whileTimePasses(redis.get("a")), "1")
    }).pipe(Effect.provide(live())))

  it.effect("a scan fails with the number of elements it has given, or starts over with whenInterrupted", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)
      yield* whileTimePasses(Effect.forEach(keys, (key) => redis.set(key, "1")))
      let given = 0
      const scanning = redis.scanStream({ count: 10 }).pipe(
        Stream.runForEach(() =>
          Effect.gen(function*() {
            if (++given === 15) yield* failedOver
          })
        ),
        Effect.exit
      )
      const error = failureOf(yield* whileTimePasses(scanning))
      assert.strictEqual(error._tag, "ScanInterrupted")
      assert.strictEqual(error._tag === "ScanInterrupted" ? error.given : -1, given)
      assert.isBelow(given, 100)
    }).pipe(Effect.provide(live())))

  it.effect("a scan that starts over gives every element", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)
      yield* whileTimePasses(Effect.forEach(keys, (key) => redis.set(key, "1")))
      const seen: Array<string> = []
      yield* whileTimePasses(
        redis.scanStream({ count: 10, whenInterrupted: "restart" }).pipe(
          Stream.runForEach((key) => Effect.suspend(() => seen.push(key) === 15 ? failedOver : Effect.void))
        )
      )
      assert.deepStrictEqual(Array.from(new Set(seen)).sort(), keys.toSorted())
      assert.isAbove(seen.length, 100)
    }).pipe(Effect.provide(live())))

  it.effect("a lost connection to the same server does not interrupt a scan; a restarted server does", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)
      yield* whileTimePasses(Effect.forEach(keys, (key) => redis.set(key, "1")))
      const scan = (meanwhile: Effect.Effect<void>) => {
        let given = 0
        return whileTimePasses(
          redis.scanStream({ count: 10 }).pipe(
            Stream.runForEach(() => Effect.suspend(() => ++given === 15 ? meanwhile : Effect.void)),
            Effect.exit
          )
        )
      }
      assert.isTrue(Exit.isSuccess(yield* scan(deployment.disconnect("10.0.0.1:6379"))))
      const restarted = yield* scan(
        Effect.andThen(deployment.kill("10.0.0.1:6379"), deployment.restart("10.0.0.1:6379"))
      )
      assert.strictEqual(failureOf(restarted)._tag, "ScanInterrupted")
    }).pipe(Effect.provide(live())))

  it.effect("a subscription moves, and gives a gap where messages may be missing", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.set("a", "1"))
      const heard: Array<string> = []
      yield* Effect.forkChild(
        redis.subscribe({ channels: ["news"], patterns: ["user:*"] }).pipe(
          Stream.runForEach((item) =>
            Effect.sync(() =>
              void heard.push(item._tag === "Gap" ? `gap: ${item.reason}` : `${item.channel}=${item.payload}`)
            )
          )
        ),
        { startImmediately: true }
      )
      const subscribers = (n: number) =>
        until(Effect.map(redis.publish("ping", ""), () => true)).pipe(
          Effect.andThen(until(Effect.gen(function*() {
            return (yield* subscribersOf("news", yield* deployment.primary)) === n
          })))
        )
      yield* subscribers(1)
      yield* redis.publish("news", "1")
      yield* redis.publish("user:7", "2")
      yield* failedOver
      yield* subscribers(1)
      yield* whileTimePasses(redis.publish("news", "3"))
      yield* deployment.disconnect(yield* deployment.primary)
      yield* TestClock.adjust("200 millis")
      yield* subscribers(1)
      yield* whileTimePasses(redis.publish("news", "4"))
      yield* until(Effect.sync(() => heard.length === 6))
      assert.deepStrictEqual(heard, ["news=1", "user:7=2", "gap: moved", "news=3", "gap: lost", "news=4"])
    }).pipe(Effect.scoped, Effect.provide(live())))

  it.effect("a subscription's slow reader learns how many messages it misses", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.set("a", "1"))
      const gate = yield* Ref.make(false)
      const items: Array<string> = []
      yield* Effect.forkChild(
        redis.subscribe({ channels: ["news"] }, { capacity: 3 }).pipe(
          Stream.rechunk(1),
          Stream.runForEach((item) =>
            Effect.gen(function*() {
              items.push(item._tag === "Gap" ? `gap ${item.reason}` : String(item.payload))
              while (!(yield* Ref.get(gate))) yield* Effect.sleep("1 millis")
            })
          )
        ),
        { startImmediately: true }
      )
      yield* until(Effect.map(redis.publish("other", ""), () => true))
      yield* until(Effect.map(subscribersOf("news", "10.0.0.1:6379"), (n) => n === 1))
      for (let i = 0; i < 50; i++) yield* whileTimePasses(redis.publish("news", String(i)))
      yield* Ref.set(gate, true)
      yield* until(Effect.sync(() => items.includes("gap overflow")))
      yield* whileTimePasses(redis.publish("news", "last"))
      yield* until(Effect.sync(() => items.includes("last")))
      assert.isBelow(items.length, 20)
    }).pipe(Effect.scoped, Effect.provide(live())))

  it.effect("a blocking command continues at the new primary, within its own time", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.set("a", "1"))
      const waiting = yield* Effect.forkChild(redis.blpop(["queue"], "30 seconds"), { startImmediately: true })
      const timed = yield* Effect.forkChild(
        Effect.timed(redis.blpop(["never"], "5 seconds")),
        { startImmediately: true }
      )
      yield* TestClock.adjust("100 millis")
      yield* failedOver
      assert.isUndefined(waiting.pollUnsafe())
      yield* whileTimePasses(redis.rpush("queue", "x"))
      assert.deepStrictEqual(yield* whileTimePasses(Fiber.join(waiting)), ["queue", "x"])
      const [took, nothing] = yield* whileTimePasses(Fiber.join(timed))
      assert.isNull(nothing)
      assert.isAtLeast(Duration.toMillis(took), 5000)
      assert.isBelow(Duration.toMillis(took), 5200)
    }).pipe(Effect.provide(live())))

  it.effect("an element that arrives at the old primary during a failover is not taken from the lost history", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.rpush("queue", "1"))
      yield* until(Effect.map(stateOf, (s) => s.sentinels.every((x) => x.isReachable === true)))
      yield* whileTimePasses(redis.blpop(["queue"], "1 second"))
      const waiting = yield* Effect.forkChild(redis.blpop(["queue"], "30 seconds"), { startImmediately: true })
      yield* TestClock.adjust("10 millis")
      yield* deployment.failover
      yield* until(fenced)
      const candidate = Address.format((yield* stateOf).fence!.candidate!)
      yield* until(Effect.sync(() => deployment.node(candidate).isPrimary))
      // Somebody without a fence writes to the old primary.
      const other = yield* RedisClient.make({ address: "10.0.0.1:6379" })
      yield* whileTimePasses(other.rpush("queue", "doomed"))
      yield* until(Effect.map(stateOf, (s) => s.epoch === 1 && s.fence === undefined))
      assert.isUndefined(waiting.pollUnsafe())
      yield* whileTimePasses(redis.rpush("queue", "kept"))
      assert.deepStrictEqual(yield* whileTimePasses(Fiber.join(waiting)), ["queue", "kept"])
    }).pipe(Effect.scoped, Effect.provide(live())))
})

describe("durability", () => {
  const order = Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    yield* redis.set("order", "1")
    assert.isAbove((yield* redis.offset).offset, 0)
    return yield* redis.rpush("orders", "1")
  })

  it.effect("succeeds once the writes are on a replica", () =>
    Effect.gen(function*() {
      const result = yield* whileTimePasses(
        RedisClient.withReplicas(order, { replicas: 2, timeout: "200 millis" })
      )
      assert.strictEqual(result, 1)
      const replica = yield* RedisClient.make({ address: "10.0.0.2:6379" })
      assert.strictEqual(yield* whileTimePasses(replica.get("order")), "1")
    }).pipe(Effect.scoped, Effect.provide(live({}, { lag: "5 millis" }))))

  it.effect("fails with the number of replicas if they are too few", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.set("a", "1"))
      yield* deployment.hang("10.0.0.3:6379")
      const error = failureOf(
        yield* whileTimePasses(
          Effect.exit(order.pipe(RedisClient.withReplicas({ replicas: 2, timeout: "100 millis" })))
        )
      )
      assert.strictEqual(error._tag, "NotReplicated")
      if (error._tag === "NotReplicated") {
        assert.deepStrictEqual([error.requested, error.acknowledged, error.timeoutMillis], [2, 1, 100])
      }
    }).pipe(Effect.provide(live())))

  it.effect("fails if the primary is lost before the replicas are known", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.set("a", "1"))
      yield* deployment.hang("10.0.0.2:6379")
      yield* deployment.hang("10.0.0.3:6379")
      const fiber = yield* Effect.forkChild(
        Effect.exit(RedisClient.withReplicas(order, { replicas: 1, timeout: "5 seconds" })),
        { startImmediately: true }
      )
      yield* TestClock.adjust("50 millis")
      yield* deployment.kill("10.0.0.1:6379")
      const error = failureOf(yield* whileTimePasses(Fiber.join(fiber)))
      assert.strictEqual(error._tag, "NotReplicated")
      assert.strictEqual(error._tag === "NotReplicated" ? error.acknowledged : -1, 0)
      assert.isDefined(error._tag === "NotReplicated" ? error.cause : undefined)
    }).pipe(Effect.provide(live())))

  const write = Effect.flatMap(RedisClient.RedisClient, (redis) => redis.set("order", "1"))
  const reasonOnDisk = Effect.map(
    whileTimePasses(
      Effect.exit(RedisClient.withReplicas(write, { replicas: 1, timeout: "100 millis", onDisk: "local" }))
    ),
    (exit) => {
      const error = failureOf(exit)
      assert.strictEqual(error._tag, "NotReplicated")
      return error.message
    }
  )

  it.effect("fails with the reason if the server has no append-only file", () =>
    Effect.gen(function*() {
      assert.include(yield* reasonOnDisk, "appendonly is disabled")
    }).pipe(Effect.provide(live())))

  it.effect("fails with the reason if the server does not have WAITAOF", () =>
    Effect.gen(function*() {
      const server = store((command) =>
        command.startsWith("WAITAOF") ? "-ERR unknown command 'WAITAOF'\r\n" : undefined
      )
      const redis = yield* clientOf(server)
      assert.include(yield* Effect.provideService(reasonOnDisk, RedisClient.RedisClient, redis), "unknown command")
    }))
})
