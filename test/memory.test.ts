import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Command, commands, Connector, Errors, RedisClient, Sentinel } from "../src/index.ts"
import { isDirect, makeBase, type Suspended, type Waiter } from "../src/internal/common/suspend.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { timePassing } from "./support/time.ts"

const sentinels = ["10.0.1.1:26379"]

/** Clients of a deployment in memory. */
const live = (
  deployment: Testing.Options = {},
  options: Partial<Sentinel.Options> = {},
  replica: Sentinel.ReplicaOptions = {}
) =>
  Layer.merge(RedisClient.layerPrimary("mymaster"), RedisClient.layerReplica("mymaster", replica)).pipe(
    Layer.provideMerge(Sentinel.layer({ sentinels, ...options })),
    Layer.provideMerge(Testing.layer(deployment))
  )

/** Runs an effect while the test clock moves on by itself. */
const whileTimePasses = timePassing("10 millis")

describe("discovery", () => {
  it.effect("finds the primary and the replicas", () =>
    Effect.gen(function*() {
      const sentinel = yield* Sentinel.Sentinel
      assert.deepStrictEqual(yield* sentinel.discoverPrimary("mymaster"), { host: "10.0.0.1", port: 6379 })
      assert.deepStrictEqual(yield* sentinel.discoverReplicas("mymaster"), [
        { host: "10.0.0.2", port: 6379 },
        { host: "10.0.0.3", port: 6379 }
      ])
    }).pipe(Effect.provide(live())))

  it.effect("leaves out replicas that are down", () =>
    Effect.gen(function*() {
      const sentinel = yield* Sentinel.Sentinel
      const deployment = yield* Testing.Deployment
      yield* deployment.kill("10.0.0.3:6379")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* sentinel.discoverReplicas("mymaster"), [{ host: "10.0.0.2", port: 6379 }])
    }).pipe(Effect.provide(live())))

  it.effect("learns of the other sentinels, and moves the one that answers to the front", () =>
    Effect.gen(function*() {
      const sentinel = yield* Sentinel.Sentinel
      const deployment = yield* Testing.Deployment
      yield* sentinel.discoverPrimary("mymaster")
      assert.deepStrictEqual((yield* sentinel.sentinels).map((a) => "host" in a ? a.host : ""), [
        "10.0.1.1",
        "10.0.1.2",
        "10.0.1.3"
      ])
      yield* deployment.kill("10.0.1.1:26379")
      yield* whileTimePasses(sentinel.discoverPrimary("mymaster"))
      assert.deepStrictEqual((yield* sentinel.sentinels)[0], { host: "10.0.1.2", port: 26379 })
    }).pipe(Effect.provide(live())))

  it.effect("three frozen sentinels of five cost one head start each", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const sentinel = yield* Sentinel.Sentinel
      for (const address of deployment.sentinels.slice(0, 3)) yield* deployment.hang(address)
      const fiber = yield* Effect.forkChild(sentinel.discoverPrimary("mymaster", { verify: false }))
      yield* TestClock.adjust("299 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.join(fiber), { host: "10.0.0.1", port: 6379 })
    }).pipe(
      Effect.provide(live({ sentinels: 5 }, {
        sentinels: [1, 2, 3, 4, 5].map((i) => `10.0.1.${i}:26379`),
        timeout: "10 seconds",
        headStart: "100 millis"
      }))
    ))

  it.effect("fifty concurrent first commands: one discovery, one shared connection", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* Effect.all(Array.from({ length: 50 }, (_, i) => redis.set(`k${i}`, i)), { concurrency: "unbounded" })
      assert.strictEqual(deployment.network.dials("10.0.1.1:26379"), 1)
      assert.strictEqual(deployment.network.dials("10.0.0.1:6379"), 1)
      assert.strictEqual(deployment.network.connections("10.0.0.1:6379"), 1)
      const queries = deployment.sentinel("10.0.1.1:26379").requests
      // HELLO, two CLIENT SETINFO, and the three questions of one discovery; then two
      // subscriptions, the five questions of the first look at the topology, and the three
      // of one that comes after the subscriptions: what was published before them is lost.
      assert.strictEqual(queries, 6 + 2 + 5 + 3)
    }).pipe(Effect.provide(live())))

  it.effect("concurrent callers share the questions; interrupting one does not affect the others", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const sentinel = yield* Sentinel.Sentinel
      yield* deployment.hang("10.0.1.1:26379")
      const fibers = yield* Effect.forEach(
        Array.from({ length: 10 }),
        () => Effect.forkChild(sentinel.discoverPrimary("mymaster", { verify: false }), { startImmediately: true })
      )
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fibers[0]!)
      yield* deployment.resume("10.0.1.1:26379")
      for (const fiber of fibers.slice(1)) {
        assert.deepStrictEqual(yield* Fiber.join(fiber), { host: "10.0.0.1", port: 6379 })
      }
      assert.strictEqual(deployment.sentinel("10.0.1.1:26379").requests, 6)
    }).pipe(Effect.provide(live())))

  it.effect("no sentinel, an unknown group, too few sentinels, and a wrong role are told apart", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const sentinel = yield* Sentinel.Sentinel
      const unknown = yield* Effect.exit(sentinel.discoverPrimary("nobody"))
      const error = failureOf(unknown)
      assert.strictEqual(error._tag, "PrimaryNotFound")
      if (error._tag === "PrimaryNotFound") {
        assert.strictEqual(error.group, "nobody")
        assert.strictEqual(error.reason._tag, "GroupUnknown")
        assert.include(error.message, "10.0.1.1:26379")
      }
      const replicas = failureOf(yield* Effect.exit(sentinel.discoverReplicas("nobody")))
      assert.strictEqual(replicas._tag, "ReplicaNotFound")
      assert.strictEqual(replicas._tag === "ReplicaNotFound" ? replicas.reason._tag : replicas._tag, "GroupUnknown")

      for (const address of deployment.sentinels) {
        yield* deployment.lie(address, { primary: { host: "10.0.0.2", port: 6379 } })
      }
      const role = failureOf(yield* whileTimePasses(Effect.exit(sentinel.discoverPrimary("mymaster"))))
      assert.strictEqual(role._tag === "PrimaryNotFound" ? role.reason._tag : role._tag, "NodeUnusable")
      assert.include(role.message, "10.0.0.2:6379")
      assert.include(role.message, "replica")
      for (const address of deployment.sentinels) yield* deployment.lie(address, {})

      for (const address of deployment.sentinels) yield* deployment.kill(address)
      const none = failureOf(yield* whileTimePasses(Effect.exit(sentinel.discoverPrimary("mymaster"))))
      assert.strictEqual(none._tag === "PrimaryNotFound" ? none.reason._tag : none._tag, "SentinelsUnreachable")
      for (const address of deployment.sentinels) assert.include(none.message, address)
    }).pipe(Effect.provide(live({}, { schedule: Schedule.recurs(2) }))))

  it.effect("a sentinel that hung and came back is asked again", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const sentinel = yield* Sentinel.Sentinel
      yield* deployment.hang("10.0.1.1:26379")
      yield* whileTimePasses(sentinel.discoverPrimary("mymaster"))
      yield* deployment.resume("10.0.1.1:26379")
      yield* deployment.kill("10.0.1.2:26379")
      yield* deployment.kill("10.0.1.3:26379")
      assert.deepStrictEqual(yield* whileTimePasses(sentinel.discoverPrimary("mymaster")), {
        host: "10.0.0.1",
        port: 6379
      })
    }).pipe(Effect.provide(live({}, { sentinels: [1, 2, 3].map((i) => `10.0.1.${i}:26379`) }))))

  it.effect("a natMap that throws is a defect, and does not hang", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const exit = yield* Effect.exit(redis.get("a"))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }).pipe(Effect.provide(live({}, {
      natMap: () => {
        throw new Error("a bug of the user's")
      }
    }))))

  it.effect("a service uses the Connector that it was made with", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make()
      const sentinel = yield* Sentinel.make({ sentinels }).pipe(
        Effect.provideService(Connector.Connector, deployment.network.dial)
      )
      assert.deepStrictEqual(yield* sentinel.discoverPrimary("mymaster"), { host: "10.0.0.1", port: 6379 })
      const redis = yield* sentinel.primaryFor("mymaster")
      assert.strictEqual(yield* redis.ping(), "PONG")
    }))

  it.effect("a sentinel that knows an older configuration is not believed", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const sentinel = yield* Sentinel.Sentinel
      const at = (port: string) =>
        sentinel.discoverPrimary("mymaster", { verify: false }).pipe(
          Effect.map((a) => "host" in a ? `${a.host}:${a.port}` : port)
        )
      yield* at("")
      // One sentinel hears nothing of the failover, but the client hears it.
      for (const other of [...deployment.sentinels.slice(1), ...deployment.nodes]) {
        yield* deployment.partition("10.0.1.1:26379", other)
      }
      yield* deployment.kill("10.0.0.1:6379")
      yield* TestClock.adjust("5 seconds")
      const current = yield* deployment.primary
      assert.notStrictEqual(current, "10.0.0.1:6379")
      assert.strictEqual(deployment.sentinel("10.0.1.1:26379").primaryOf("mymaster"), "10.0.0.1:6379")
      // It is asked first, and nothing better is known yet.
      assert.strictEqual(yield* at(""), "10.0.0.1:6379")
      yield* deployment.hang("10.0.1.1:26379")
      assert.strictEqual(yield* whileTimePasses(at("")), current)
      yield* deployment.resume("10.0.1.1:26379")
      // Now the outdated one is asked first again, and alone.
      for (const address of deployment.sentinels.slice(1)) yield* deployment.kill(address)
      assert.strictEqual(yield* whileTimePasses(at("")), current)
      // When nobody confirms the newer configuration for long, the older one has to do.
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual(yield* whileTimePasses(at("")), "10.0.0.1:6379")
    }).pipe(Effect.provide(live())))

  it.effect("minOtherSentinels", () =>
    Effect.gen(function*() {
      const sentinel = yield* Sentinel.Sentinel
      const error = failureOf(yield* Effect.exit(sentinel.discoverPrimary("mymaster")))
      assert.strictEqual(error._tag === "PrimaryNotFound" ? error.reason._tag : error._tag, "QuorumNotMet")
    }).pipe(Effect.provide(live({}, { minOtherSentinels: 3, schedule: Schedule.recurs(0) }))))

  it.effect("catchTag and catchReason narrow", () =>
    Effect.gen(function*() {
      const sentinel = yield* Sentinel.Sentinel
      const caught = yield* sentinel.discoverPrimary("nobody").pipe(
        Effect.catchReason("PrimaryNotFound", "GroupUnknown", (reason) => Effect.succeed(reason.reports.length))
      )
      assert.strictEqual(caught, 1)
      const group = yield* sentinel.discoverPrimary("nobody").pipe(
        Effect.catchTag("PrimaryNotFound", (error) => Effect.succeed(error.group))
      )
      assert.strictEqual(group, "nobody")
    }).pipe(Effect.provide(live())))

  it.effect("an address behind a NAT is mapped; one that cannot be dialled hints at it", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make()
      const run = (natMap: Sentinel.NatMap | undefined) =>
        Effect.scoped(
          Effect.gen(function*() {
            for (const address of deployment.sentinels) {
              yield* deployment.lie(address, { primary: { host: "192.168.7.7", port: 6380 } })
            }
            const sentinel = yield* Sentinel.make({ sentinels, natMap, schedule: Schedule.recurs(0) })
            return yield* Effect.exit(sentinel.discoverPrimary("mymaster"))
          })
        ).pipe(Effect.provideService(Connector.Connector, deployment.network.dial))
      const error = failureOf(yield* run(undefined))
      assert.include(error.message, "192.168.7.7:6380")
      assert.include(error.message, "natMap")
      assert.include(error.message, "announced by 10.0.1.1:26379")
      const found = { host: "10.0.0.1", port: 6379 }
      assert.deepStrictEqual(yield* run({ "192.168.7.7:6380": "10.0.0.1:6379" }), Exit.succeed(found))
      assert.deepStrictEqual(yield* run((a) => a.host === "192.168.7.7" ? found : undefined), Exit.succeed(found))
    }))

  it.effect("a primary that hangs during the dial is left as soon as another one is named", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* deployment.hang("10.0.0.1:6379")
      const fiber = yield* Effect.forkChild(redis.set("k", "v"))
      // The connect timeout is a minute; the failover takes under two seconds.
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), "OK")
      assert.notStrictEqual(yield* deployment.primary, "10.0.0.1:6379")
    }).pipe(Effect.provide(live({}, { node: { connectTimeout: "1 minute" } }))))
})

describe("failover", () => {
  it.effect("commands continue at the new primary", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("before", "1")
      yield* deployment.kill("10.0.0.1:6379")
      const written = yield* Effect.forkChild(redis.set("after", "2"))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* Fiber.join(written), "OK")
      assert.notStrictEqual(yield* deployment.primary, "10.0.0.1:6379")
      assert.strictEqual(yield* redis.get("before"), "1")
      assert.strictEqual(deployment.node(yield* deployment.primary).peek("after"), "2")
    }).pipe(Effect.provide(live())))

  it.effect("a demoted primary's READONLY is not executed: the write goes to the new one", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      const old = deployment.node("10.0.0.1:6379")
      const next = deployment.node("10.0.0.2:6379")
      next.promote()
      // The connection stays open: only the reply tells.
      old.replicate(next.address.host, next.address.port)
      for (const s of deployment.sentinels) yield* deployment.lie(s, { primary: next.address })
      const fiber = yield* Effect.forkChild(redis.incr("n"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(fiber), 1)
      assert.strictEqual(next.peek("n"), "1")
    }).pipe(Effect.provide(live())))

  it.effect("a transaction that a demoted primary refuses runs at the new one", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      const old = deployment.node("10.0.0.1:6379")
      const next = deployment.node("10.0.0.2:6379")
      next.promote()
      old.replicate(next.address.host, next.address.port)
      for (const s of deployment.sentinels) yield* deployment.lie(s, { primary: next.address })
      const fiber = yield* Effect.forkChild(redis.transaction([commands.incr("n"), commands.get("a")]))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(fiber), [1, "1"])
      assert.isUndefined(old.executed.get("INCR"))
    }).pipe(Effect.provide(live())))

  it.effect("LOADING is waited out", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      deployment.node("10.0.0.1:6379").loading = true
      const fiber = yield* Effect.forkChild(redis.get("a"))
      yield* TestClock.adjust("2 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      deployment.node("10.0.0.1:6379").loading = false
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), "1")
    }).pipe(Effect.provide(live())))

  it.effect("a hung primary is left by the watchdog", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      yield* deployment.hang("10.0.0.1:6379")
      const read = yield* Effect.forkChild(redis.get("a"))
      const write = yield* Effect.forkChild(Effect.exit(redis.incr("n")))
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(write.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = failureOf(yield* Fiber.join(write))
      assert.strictEqual(error._tag, "AmbiguousOutcome")
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(yield* Fiber.join(read), "1")
      assert.notStrictEqual(yield* deployment.primary, "10.0.0.1:6379")
    }).pipe(Effect.provide(live({}, { node: { stallTimeout: "1 second" } }))))

  it.effect("an idle connection to a hung primary is left too", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      yield* deployment.hang("10.0.0.1:6379")
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(deployment.network.connections("10.0.0.1:6379"), 0)
      assert.strictEqual(deployment.network.connections(yield* deployment.primary), 1)
    }).pipe(Effect.provide(live({}, { node: { stallTimeout: "1 second", pingInterval: "1 second" } }))))

  it.effect("the client works again after everything was down and returned", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      for (const address of [...deployment.nodes, ...deployment.sentinels]) yield* deployment.kill(address)
      const lost = failureOf(yield* whileTimePasses(Effect.exit(redis.set("b", "2"))))
      assert.strictEqual(lost._tag, "PrimaryNotFound")
      yield* TestClock.adjust("5 minutes")
      for (const address of [...deployment.sentinels, ...deployment.nodes]) yield* deployment.restart(address)
      assert.strictEqual(yield* whileTimePasses(redis.set("b", "3")), "OK")
    }).pipe(Effect.provide(live())))
})

describe("outcomes", () => {
  it.effect("a write whose reply is cut is ambiguous, and applied once", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("n", 0)
      yield* deployment.cut({ address: "10.0.0.1:6379", direction: "reply", after: 1 })
      const error = failureOf(yield* Effect.exit(redis.incr("n")))
      assert.strictEqual(error._tag, "AmbiguousOutcome")
      assert.strictEqual(yield* whileTimePasses(redis.get("n")), "1")
    }).pipe(Effect.provide(live())))

  it.effect("a write whose request is cut is ambiguous, and not applied", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("n", 0)
      yield* deployment.cut({ address: "10.0.0.1:6379", direction: "request", after: 5 })
      const error = failureOf(yield* Effect.exit(redis.incr("n")))
      assert.strictEqual(error._tag, "AmbiguousOutcome")
      assert.strictEqual(yield* whileTimePasses(redis.get("n")), "0")
    }).pipe(Effect.provide(live())))

  it.effect("a read whose reply is cut is sent again", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      yield* deployment.cut({ address: "10.0.0.1:6379", direction: "reply", after: 1 })
      assert.strictEqual(yield* whileTimePasses(redis.get("a")), "1")
      assert.strictEqual(deployment.node("10.0.0.1:6379").executed.get("GET"), 2)
    }).pipe(Effect.provide(live())))

  it.effect("a write that may be repeated is sent again", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("n", 0)
      yield* deployment.cut({ address: "10.0.0.1:6379", direction: "reply", after: 1 })
      assert.strictEqual(yield* whileTimePasses(redis.run(Command.repeatable(commands.incr("n")))), 2)
    }).pipe(Effect.provide(live())))

  it.effect("a repeated write that the server then refuses stays ambiguous", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("n", 0)
      yield* deployment.cut({ address: "10.0.0.1:6379", direction: "reply", after: 1 })
      const fiber = yield* Effect.forkChild(Effect.exit(redis.run(Command.repeatable(commands.incr("n")))), {
        startImmediately: true
      })
      // Once it was applied, and before it is sent again, the key becomes something else.
      while (deployment.node("10.0.0.1:6379").peek("n") !== "1") yield* Effect.promise(() => Promise.resolve())
      const other = yield* RedisClient.make({ address: "10.0.0.1:6379" }).pipe(
        Effect.provideService(Connector.Connector, deployment.network.dial)
      )
      yield* other.set("n", "text")
      const error = failureOf(yield* whileTimePasses(Fiber.join(fiber)))
      assert.strictEqual(error._tag, "AmbiguousOutcome")
    }).pipe(Effect.provide(live())))

  it.effect("an error leaves out the arguments that a server repeats", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const error = yield* Effect.flip(redis.send("ATUH", "s3cret"))
      assert.strictEqual(error._tag, "ReplyError")
      assert.include(error.message, "unknown command")
      assert.notInclude(error.message + JSON.stringify(error), "s3cret")
    }).pipe(Effect.provide(live())))

  it.effect("each entry of a pipeline has its own outcome", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("n", 0)
      // The first reply, `:1`, comes whole; the second is cut.
      yield* deployment.cut({ address: "10.0.0.1:6379", direction: "reply", after: 5 })
      const [a, b, c] = yield* whileTimePasses(
        redis.pipelineResults([commands.incr("n"), commands.incr("n"), commands.get("n")])
      )
      assert.deepStrictEqual(a._tag === "Success" && a.success, 1)
      assert.strictEqual(b._tag === "Failure" && b.failure._tag, "AmbiguousOutcome")
      assert.deepStrictEqual(c._tag === "Success" && c.success, "2")
    }).pipe(Effect.provide(live())))

  it.effect("all ambiguous commands of one name share one error for one loss", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("n", 0)
      yield* deployment.hang("10.0.0.1:6379")
      const fibers = yield* Effect.forEach(
        Array.from({ length: 20 }),
        () => Effect.forkChild(Effect.exit(redis.incr("n")), { startImmediately: true })
      )
      yield* TestClock.adjust("1 millis")
      yield* deployment.disconnect("10.0.0.1:6379")
      const errors = yield* Effect.forEach(fibers, (f) => Effect.map(Fiber.join(f), failureOf))
      assert.strictEqual(new Set(errors).size, 1)
      assert.strictEqual(errors[0]!._tag, "AmbiguousOutcome")
    }).pipe(Effect.provide(live())))

  it.effect("an error reply is a ReplyError with its code", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "text")
      const error = yield* Effect.flip(redis.lpush("a", "x"))
      assert.strictEqual(error._tag, "ReplyError")
      if (error._tag === "ReplyError") {
        assert.strictEqual(error.code, "WRONGTYPE")
        assert.strictEqual(error.command, "LPUSH")
      }
    }).pipe(Effect.provide(live())))

  it.effect("deadline: not written, a read, and a write", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      yield* deployment.hang("10.0.0.1:6379")
      for (const s of deployment.sentinels) yield* deployment.hang(s)
      const read = yield* Effect.forkChild(Effect.exit(redis.get("a")))
      const write = yield* Effect.forkChild(Effect.exit(redis.incr("n")))
      const quick = yield* Effect.forkChild(Effect.exit(redis.run(commands.get("a"), { timeout: "100 millis" })))
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(failureOf(yield* Fiber.join(quick))._tag, "DeadlineExceeded")
      yield* TestClock.adjust("899 millis")
      assert.isUndefined(read.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(failureOf(yield* Fiber.join(read))._tag, "DeadlineExceeded")
      const ambiguous = failureOf(yield* Fiber.join(write))
      assert.strictEqual(ambiguous._tag, "AmbiguousOutcome")
      // Now the connection is given up, and nothing can be reached.
      yield* deployment.disconnect("10.0.0.1:6379")
      yield* deployment.kill("10.0.0.1:6379")
      for (const s of deployment.sentinels) yield* deployment.kill(s)
      const held = failureOf(yield* whileTimePasses(Effect.exit(redis.incr("n"))))
      assert.strictEqual(held._tag, "PrimaryNotFound")
    }).pipe(Effect.provide(live({}, { node: { commandTimeout: "1 second", stallTimeout: "1 minute" } }))))

  it.effect("a command that is interrupted before it is written is never written", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("n", 0)
      const fiber = yield* Effect.forkChild(redis.incr("n"), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      // Also when the fiber goes on in a finalizer.
      const stubborn = yield* Effect.forkChild(
        Effect.onInterrupt(redis.incr("n"), () => Effect.sleep("1 second")),
        { startImmediately: true }
      )
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(stubborn), { startImmediately: true })
      // But one that cannot be interrupted has its reply.
      const firm = yield* Effect.forkChild(Effect.uninterruptible(redis.append("firm", "x")), {
        startImmediately: true
      })
      yield* Effect.forkChild(Fiber.interrupt(firm), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(interrupting)
      assert.strictEqual(yield* redis.get("firm"), "x")
      assert.strictEqual(yield* redis.get("n"), "0")
      assert.isUndefined(deployment.node("10.0.0.1:6379").executed.get("INCR"))
    }).pipe(Effect.provide(live())))

  it.effect("the reply of a command that is interrupted after it was written is dropped, and no other", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.mset({ a: "1", b: "2", c: "3" })
      yield* deployment.hang("10.0.0.1:6379")
      const [a, b, c] = yield* Effect.forEach(["a", "b", "c"], (k) => Effect.forkChild(redis.get(k)))
      yield* TestClock.adjust("1 millis")
      yield* Fiber.interrupt(b!)
      yield* deployment.resume("10.0.0.1:6379")
      assert.strictEqual(yield* Fiber.join(a!), "1")
      assert.strictEqual(yield* Fiber.join(c!), "3")
    }).pipe(Effect.provide(live())))

  it.effect("the queue is bounded", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      for (const address of deployment.sentinels) yield* deployment.hang(address)
      const fibers = yield* Effect.forEach(
        Array.from({ length: 11 }),
        () => Effect.forkChild(Effect.exit(redis.incr("n")), { startImmediately: true })
      )
      assert.strictEqual(failureOf(yield* Fiber.join(fibers[10]!))._tag, "QueueFull")
      for (const address of deployment.sentinels) yield* deployment.resume(address)
      yield* whileTimePasses(Fiber.join(fibers[9]!))
      assert.strictEqual(yield* redis.get("n"), "10")
    }).pipe(Effect.provide(live({}, { node: { maxQueue: 10 } }))))

  it.effect("a value that is not a command is refused before anything is sent", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      const bad: ReadonlyArray<Effect.Effect<unknown, Errors.RedisError>> = [
        redis.set("a", undefined as unknown as string),
        redis.set("a", { toString: () => "x" } as unknown as string),
        redis.pipeline([commands.set("a", "2"), commands.set("b", null as unknown as string)]),
        redis.transaction([commands.set("a", "2"), commands.set("b", null as unknown as string)]),
        redis.pipeline([commands.blpop(["q"], "Infinity")]),
        redis.send("SUBSCRIBE", "x"),
        redis.send("client", "reply", "off"),
        redis.send("MULTI"),
        redis.send("SELECT", 3)
      ]
      for (const effect of bad) assert.strictEqual((yield* Effect.flip(effect))._tag, "InvalidCommand")
      assert.strictEqual(yield* redis.get("a"), "1")
      const replica = yield* RedisClient.RedisReplica
      const forced = replica as unknown as {
        readonly set: (k: string, v: string) => Effect.Effect<unknown, Errors.RedisError>
      }
      assert.strictEqual((yield* Effect.flip(forced.set("a", "2")))._tag, "InvalidCommand")
    }).pipe(Effect.provide(live())))
})

describe("suspension", () => {
  it("this version of Effect has the methods that the direct way needs", () => {
    assert.isTrue(isDirect())
  })
  for (const direct of [true, false]) {
    it.effect(`${direct ? "direct" : "by Effect.callback"}: a reply, a reply at once, an interruption, twice the same effect`, () =>
      Effect.gen(function*() {
        const log: Array<string> = []
        const waiters: Array<Waiter> = []
        class Wait extends makeBase(direct) {
          private readonly now: string | undefined
          constructor(now?: string) {
            super()
            this.now = now
          }
          begin(waiter: Waiter): Suspended {
            waiters.push(waiter)
            return {
              settled: this.now === undefined ? undefined : Exit.succeed(this.now),
              suspended: false,
              released: () => void log.push("released")
            }
          }
        }
        assert.strictEqual(yield* new Wait("at once"), "at once")
        const one = new Wait()
        const fibers = [
          yield* Effect.forkChild(
            Effect.gen(function*() {
              return `${yield* one} and ${yield* one}`
            }),
            { startImmediately: true }
          ),
          yield* Effect.forkChild(one, { startImmediately: true }),
          yield* Effect.forkChild(Effect.onInterrupt(one, () => Effect.sync(() => void log.push("cleanup"))), {
            startImmediately: true
          })
        ]
        waiters[1]!.evaluate(Exit.succeed("a"))
        waiters[4]!.evaluate(Exit.succeed("b"))
        assert.strictEqual(yield* Fiber.join(fibers[0]!), "a and b")
        waiters[2]!.evaluate(Exit.fail("no"))
        assert.strictEqual(yield* Effect.flip(Fiber.join(fibers[1]!)), "no")
        const before = log.length
        yield* Fiber.interrupt(fibers[2]!)
        assert.deepStrictEqual(log.slice(before), ["released", "cleanup"])
      }))
  }
})

describe("pipelines, transactions, reserved connections, scans", () => {
  it.effect("everything issued in one turn is one write", () =>
    Effect.gen(function*() {
      let writes = 0
      const deployment = yield* Testing.make()
      const counting: Connector.Dial = (options) =>
        Effect.map(deployment.network.dial(options), (transport): Connector.Transport => ({
          ...transport,
          start: transport.start,
          destroy: transport.destroy,
          write: (chunks, ascii) => {
            writes++
            return transport.write(chunks, ascii)
          }
        }))
      const redis = yield* RedisClient.make({ address: "10.0.0.1:6379" }).pipe(
        Effect.provideService(Connector.Connector, counting)
      )
      yield* redis.ping()
      const before = writes
      yield* Effect.all(Array.from({ length: 400 }, (_, i) => redis.set(`k${i}`, i)), { concurrency: "unbounded" })
      assert.strictEqual(writes - before, 1)
      yield* redis.pipeline(Array.from({ length: 400 }, (_, i) => commands.get(`k${i}`)))
      assert.strictEqual(writes - before, 2)
      // Above 16 KiB the server gets the first part while the next one is encoded.
      yield* redis.pipeline(Array.from({ length: 400 }, (_, i) => commands.set(`k${i}`, "x".repeat(64))))
      assert.strictEqual(writes - before, 5)
    }))

  it.effect("the client does not write to a full socket, and can take back waiting requests", () =>
    Effect.gen(function*() {
      let writes = 0
      let full = false
      let drain = (): void => {}
      const deployment = yield* Testing.make()
      const narrow: Connector.Dial = (options) =>
        Effect.map(deployment.network.dial(options), (transport): Connector.Transport => ({
          start: (handler) => {
            drain = handler.drain
            transport.start(handler)
          },
          destroy: transport.destroy,
          write: (chunks, ascii) => {
            writes++
            transport.write(chunks, ascii)
            return !full
          }
        }))
      const redis = yield* RedisClient.make({ address: "10.0.0.1:6379", maxQueue: 3 }).pipe(
        Effect.provideService(Connector.Connector, narrow)
      )
      yield* redis.ping()
      full = true
      yield* redis.set("fills", "it")
      const before = writes
      const fibers = yield* Effect.forEach(
        ["a", "b", "c", "d"],
        (key) => Effect.forkChild(Effect.exit(redis.set(key, "1")), { startImmediately: true })
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(writes, before)
      assert.strictEqual(failureOf(yield* Fiber.join(fibers[3]!))._tag, "QueueFull")
      yield* Fiber.interrupt(fibers[1]!)
      full = false
      drain()
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(fibers[0]!)))
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(fibers[2]!)))
      assert.strictEqual(writes, before + 1)
      assert.deepStrictEqual(yield* redis.mget(["a", "b", "c"]), ["1", null, "1"])
    }))

  it.effect("a transaction is all or nothing, and typed", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const [n, a, h, bytes]: [number, string | null, Record<string, string>, Uint8Array | null] = yield* redis
        .transaction([
          commands.incr("n"),
          commands.get("missing"),
          commands.hgetall("missing"),
          Command.bytes(commands.get("n"))
        ])
      assert.deepStrictEqual([n, a, h], [1, null, {}])
      assert.deepStrictEqual(bytes, new Uint8Array([49]))
      yield* redis.set("text", "x")
      const failed = yield* Effect.flip(redis.transaction([commands.incr("n"), commands.lpush("text", "y")]))
      assert.strictEqual(failed._tag, "ReplyError")
      const outcomes = yield* redis.transactionResults([commands.incr("n"), commands.lpush("text", "y")])
      assert.deepStrictEqual(outcomes.map((o) => o._tag), ["Success", "Failure"])
      const aborted = yield* Effect.flip(
        redis.transaction([commands.incr("n"), Command.raw("NOSUCHCOMMAND", ["x"])])
      )
      assert.strictEqual(aborted._tag, "ReplyError")
      assert.strictEqual(yield* redis.get("n"), "3")
    }).pipe(Effect.provide(live())))

  it.effect("WATCH on a reserved connection", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("balance", 10)
      const attempt = (disturb: boolean) =>
        Effect.scoped(
          Effect.gen(function*() {
            const reserved = yield* redis.reserve
            yield* reserved.watch("balance")
            const balance = Number(yield* reserved.get("balance"))
            if (disturb) yield* redis.incr("balance")
            return yield* reserved.transaction([commands.set("balance", balance - 1), commands.get("balance")])
          })
        )
      assert.strictEqual((yield* Effect.flip(attempt(true)))._tag, "TransactionAborted")
      assert.deepStrictEqual(yield* attempt(false), ["OK", "10"])
    }).pipe(Effect.provide(live())))

  it.effect("a reserved connection waits for its turn, and its deadline is typed", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const scope = yield* Scope.make()
      yield* Scope.provide(redis.reserve, scope)
      const waiting = yield* Effect.forkChild(Effect.exit(Effect.scoped(redis.reserve)))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(failureOf(yield* Fiber.join(waiting))._tag, "ReserveTimeout")
      yield* Scope.close(scope, Exit.void)
      yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping()))
    }).pipe(Effect.provide(live({}, { node: { maxReserved: 1 } }))))

  it.effect("connections that die while reserved or while connecting free their slot", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.ping()
      for (let i = 0; i < 20; i++) {
        // While it is reserved.
        yield* whileTimePasses(Effect.exit(Effect.scoped(
          Effect.gen(function*() {
            const reserved = yield* redis.reserve
            yield* deployment.disconnect("10.0.0.1:6379")
            yield* reserved.ping()
          })
        )))
        // While it connects.
        yield* whileTimePasses(redis.ping())
        yield* deployment.cut({ address: "10.0.0.1:6379", direction: "reply", after: 3 })
        yield* whileTimePasses(Effect.exit(Effect.scoped(redis.reserve)))
      }
      // Both slots are there.
      yield* whileTimePasses(Effect.scoped(
        Effect.gen(function*() {
          const a = yield* redis.reserve
          const b = yield* redis.reserve
          yield* a.ping()
          yield* b.ping()
        })
      ))
    }).pipe(Effect.provide(live({}, { node: { maxReserved: 2, reserveTimeout: "10 seconds" } }))))

  it.effect("a caller that waits for a reserved connection while the group moves gets one to the new primary", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const scope = yield* Scope.make()
      const held = yield* Scope.provide(redis.reserve, scope)
      const waiting = yield* Effect.forkChild(
        Effect.exit(Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.role())))
      )
      yield* TestClock.adjust("1 second")
      yield* deployment.kill("10.0.0.1:6379")
      yield* TestClock.adjust("5 seconds")
      const role = yield* Fiber.join(waiting)
      assert.isTrue(Exit.isSuccess(role), String(role))
      assert.strictEqual(failureOf(yield* Effect.exit(held.ping()))._tag, "ConnectionLost")
      yield* Scope.close(scope, Exit.void)
    }).pipe(Effect.provide(live({}, { node: { maxReserved: 1, reserveTimeout: "1 minute" } }))))

  it.effect("blocking commands wait on connections of their own; interrupting one closes it", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const pop = yield* Effect.forkChild(redis.blpop(["q"], "Infinity"))
      yield* TestClock.adjust("1 minute")
      yield* redis.rpush("q", "x")
      assert.deepStrictEqual(yield* Fiber.join(pop), ["q", "x"])
      assert.strictEqual(yield* whileTimePasses(redis.blpop(["q"], "2 seconds")), null)
      assert.strictEqual(deployment.network.connections("10.0.0.1:6379"), 2)
      const cut = yield* Effect.forkChild(redis.blpop(["q"], "Infinity"))
      yield* TestClock.adjust("1 second")
      const dials = deployment.network.dials("10.0.0.1:6379")
      yield* Fiber.interrupt(cut)
      yield* TestClock.adjust("1 second")
      // Its connection is closed, or the element would go to nobody.
      yield* redis.rpush("q", "y")
      assert.strictEqual(yield* redis.llen("q"), 1)
      assert.isAtMost(deployment.network.dials("10.0.0.1:6379"), dials + 1)
      yield* TestClock.adjust("3 minutes")
      assert.strictEqual(deployment.network.connections("10.0.0.1:6379"), 1)
    }).pipe(Effect.provide(live())))

  it.effect("idle exclusive connections are closed after their time", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping()))
      assert.strictEqual(deployment.network.connections("10.0.0.1:6379"), 2)
      yield* TestClock.adjust("3 minutes")
      assert.strictEqual(deployment.network.connections("10.0.0.1:6379"), 1)
    }).pipe(Effect.provide(live())))

  it.effect("SCAN as a Stream", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* redis.mset(Array.from({ length: 95 }, (_, i) => [`key:${i}`, i] as const))
      const keys = yield* Stream.runCollect(redis.scanStream({ match: "key:*", count: 10 }))
      assert.strictEqual(new Set(keys).size, 95)
      const some = yield* Stream.runCollect(Stream.take(redis.scanStream(), 3))
      assert.strictEqual(some.length, 3)
    }).pipe(Effect.provide(live())))

  it.effect("bytes on request", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const value = new Uint8Array([0, 255, 128, 13, 10])
      yield* redis.set("b", value)
      assert.deepStrictEqual(yield* redis.bytes.get("b"), value)
      yield* redis.hset("h", { f: value })
      assert.deepStrictEqual(yield* redis.bytes.hgetall("h"), { f: value })
    }).pipe(Effect.provide(live())))
})

describe("replicas", () => {
  it.effect("reads come from a replica, and a replica that dies is replaced by another", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const replica = yield* RedisClient.RedisReplica
      yield* redis.set("a", "1")
      assert.strictEqual(yield* replica.get("a"), "1")
      assert.strictEqual((yield* replica.role()).role, "replica")
      const used = deployment.nodes.find((n) => deployment.node(n).executed.has("GET"))!
      yield* deployment.kill(used)
      assert.strictEqual(yield* whileTimePasses(replica.get("a")), "1")
      assert.strictEqual((yield* replica.role()).role, "replica")
    }).pipe(Effect.provide(live())))

  it.effect("without replicas the primary serves, unless fallbackToPrimary is false", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const sentinel = yield* Sentinel.Sentinel
      yield* deployment.kill("10.0.0.2:6379")
      yield* deployment.kill("10.0.0.3:6379")
      const withFallback = yield* sentinel.replicaFor("mymaster")
      assert.strictEqual((yield* whileTimePasses(withFallback.role())).role, "primary")
      yield* deployment.restart("10.0.0.2:6379")
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* withFallback.role()).role, "replica")
      yield* deployment.kill("10.0.0.2:6379")
      const without = yield* sentinel.replicaFor("mymaster", { fallbackToPrimary: false })
      const error = failureOf(yield* whileTimePasses(Effect.exit(without.get("a"))))
      assert.strictEqual(error._tag, "ReplicaNotFound")
    }).pipe(Effect.provide(live())))

  it.effect("a frozen replica costs one head start", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const replica = yield* RedisClient.RedisReplica
      yield* deployment.hang("10.0.0.2:6379")
      const fiber = yield* Effect.forkChild(replica.role())
      yield* TestClock.adjust("250 millis")
      assert.strictEqual((yield* Fiber.join(fiber)).role, "replica")
      assert.strictEqual(deployment.network.connections("10.0.0.2:6379"), 0)
    }).pipe(Effect.provide(live())))
})

describe("credentials", () => {
  const password = Redacted.make("s3cret-of-nodes")
  const sentinelPassword = Redacted.make("s3cret-of-sentinels")
  const secured: Testing.Options = { password: "s3cret-of-nodes", sentinelPassword: "s3cret-of-sentinels" }

  it.effect("each tier has its own; a password may be an Effect", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      assert.strictEqual(yield* redis.set("a", "1"), "OK")
    }).pipe(
      Effect.provide(
        live(secured, { node: { password: Effect.succeed(password) }, sentinel: { password: sentinelPassword } })
      )
    ))

  it.effect("RESP2 too", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* redis.hset("h", { a: 1 })
      assert.deepStrictEqual(yield* redis.hgetall("h"), { a: "1" })
      assert.include((yield* redis.clientInfo()).fields["resp"], "2")
      assert.strictEqual(yield* redis.clientGetname(), "me")
    }).pipe(
      Effect.provide(live(secured, {
        node: { password, protocol: 2, clientName: "me" },
        sentinel: { password: sentinelPassword, protocol: 2 }
      }))
    ))

  it.effect("a wrong password at the nodes fails at once, typed, without the secret", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const error = yield* Effect.flip(redis.get("a"))
      assert.strictEqual(error._tag, "AuthenticationFailed")
      assert.include(error.message, "10.0.0.1:6379")
      assert.notInclude(JSON.stringify(error) + String(error) + error.message, "wrong-s3cret")
    }).pipe(
      Effect.provide(
        live(secured, { node: { password: Redacted.make("wrong-s3cret") }, sentinel: { password: sentinelPassword } })
      )
    ))

  it.effect("a wrong password at the sentinels fails at once, typed, without the secret", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const error = yield* Effect.flip(redis.get("a"))
      assert.strictEqual(error._tag, "PrimaryNotFound")
      if (error._tag === "PrimaryNotFound") {
        assert.deepStrictEqual(error.reason.reports.map((r) => r.kind), ["denied"])
      }
      assert.notInclude(JSON.stringify(error) + String(error) + error.message, "wrong-s3cret")
    }).pipe(
      Effect.provide(live(secured, { node: { password }, sentinel: { password: Redacted.make("wrong-s3cret") } }))
    ))

  it.effect("a missing password", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      assert.strictEqual((yield* Effect.flip(redis.get("a")))._tag, "AuthenticationFailed")
    }).pipe(Effect.provide(live(secured, { sentinel: { password: sentinelPassword } }))))
})

describe("bad options", () => {
  const refused = (options: unknown, named: string) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(Sentinel.make(options as Sentinel.Options)))
      assert.strictEqual(error._tag, "InvalidOption")
      assert.strictEqual(error.option, named)
    })
  it.effect("each is named", () =>
    Effect.gen(function*() {
      yield* refused({ sentinels: [] }, "sentinels")
      yield* refused({ sentinels: ["localhost:port"] }, "sentinels[0]")
      yield* refused({ sentinels: ["localhost:99999"] }, "sentinels[0]")
      yield* refused({ sentinels: ["ok:1", ""] }, "sentinels[1]")
      yield* refused({ sentinels: ["redis://user:pw@host:1"] }, "sentinels[0]")
      yield* refused({ sentinels: ["a b:1"] }, "sentinels[0]")
      yield* refused({ sentinels: ["a:1"], timeout: -1 }, "timeout")
      yield* refused({ sentinels: ["a:1"], timeout: "-100 millis" }, "timeout")
      yield* refused({ sentinels: ["a:1"], timeout: "soon" }, "timeout")
      yield* refused({ sentinels: ["a:1"], timeout: NaN }, "timeout")
      yield* refused({ sentinels: ["a:1"], node: { commandTimeout: 0 } }, "node.commandTimeout")
      yield* refused({ sentinels: ["a:1"], node: { database: -1 } }, "node.database")
      yield* refused({ sentinels: ["a:1"], node: { clientName: "a b" } }, "node.clientName")
      yield* refused({ sentinels: ["a:1"], node: { password: "plain" } }, "node.password")
      yield* refused({ sentinels: ["a:1"], sentinel: { username: "u" } }, "sentinel.username")
      yield* refused({ sentinels: ["a:1"], minOtherSentinels: -1 }, "minOtherSentinels")
      yield* refused({ sentinels: ["a:1"], natMap: { "x:1": "y:z" } }, "natMap[\"x:1\"]")
      const sentinel = yield* Sentinel.make({ sentinels: ["a:1"] })
      assert.strictEqual((yield* Effect.flip(sentinel.primaryFor("a b"))).option, "group")
      assert.strictEqual((yield* Effect.flip(sentinel.primaryFor("g", { maxReserved: 0 }))).option, "maxReserved")
      const client = yield* Effect.flip(RedisClient.make({ address: "nowhere:0" }))
      assert.strictEqual(client.option, "address")
    }))
})

describe("the end of the Scope", () => {
  it.effect("leaves nothing open, also during work", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make()
      const scope = yield* Scope.make()
      const sentinel = yield* Sentinel.make({ sentinels }).pipe(
        Scope.provide(scope),
        Effect.provideService(Connector.Connector, deployment.network.dial)
      )
      const redis = yield* sentinel.primaryFor("mymaster").pipe(
        Scope.provide(scope),
        Effect.provideService(Connector.Connector, deployment.network.dial)
      )
      yield* redis.set("a", "1")
      const fibers = [
        yield* Effect.forkChild(Effect.exit(redis.blpop(["q"], "Infinity"))),
        yield* Effect.forkChild(Effect.exit(Effect.scoped(Effect.andThen(redis.reserve, Effect.never))))
      ]
      yield* TestClock.adjust("1 second")
      yield* deployment.hang("10.0.0.1:6379")
      const write = yield* Effect.forkChild(Effect.exit(redis.incr("n")))
      const read = yield* Effect.forkChild(Effect.exit(redis.get("n")))
      yield* TestClock.adjust("1 millis")
      assert.isAbove(deployment.network.connections(), 3)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(deployment.network.connections(), 0)
      assert.strictEqual(failureOf(yield* Fiber.join(write))._tag, "AmbiguousOutcome")
      assert.strictEqual(failureOf(yield* Fiber.join(read))._tag, "ClientClosed")
      assert.strictEqual(failureOf(yield* Fiber.join(fibers[0]!))._tag, "AmbiguousOutcome")
      yield* Fiber.interrupt(fibers[1]!)
      assert.strictEqual(failureOf(yield* Effect.exit(redis.get("a")))._tag, "ClientClosed")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(deployment.network.connections(), 0)
    }))

  it.effect("while it connects", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make()
      deployment.network.latencyMillis = [500, 500]
      const scope = yield* Scope.make()
      const redis = yield* RedisClient.make({ address: "10.0.0.1:6379" }).pipe(
        Scope.provide(scope),
        Effect.provideService(Connector.Connector, deployment.network.dial)
      )
      const fiber = yield* Effect.forkChild(Effect.exit(redis.get("a")))
      yield* TestClock.adjust("500 millis")
      const gate = yield* Deferred.make<void>()
      yield* Effect.forkChild(Effect.andThen(Scope.close(scope, Exit.void), Deferred.succeed(gate, undefined)))
      yield* Deferred.await(gate)
      assert.strictEqual(failureOf(yield* Fiber.join(fiber))._tag, "ClientClosed")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(deployment.network.connections(), 0)
    }))
})
