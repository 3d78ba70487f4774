/**
 * Reads of replicas while the group changes: the primary dies, moves or hangs,
 * a replica hangs, the sentinels forget or lie. What counts is the longest time
 * without a read, and that none fails.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { type Client, type Errors, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { timePassing } from "./support/time.ts"

const whileTimePasses = timePassing("2 millis")

const sentinels = ["10.0.1.1:26379", "10.0.1.2:26379", "10.0.1.3:26379"]
const [n1, n2, n3] = ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"] as const

const live = (
  replica: Sentinel.ReplicaOptions,
  deployment: Testing.Options = {},
  options: Partial<Sentinel.Options> = {}
) =>
  Layer.merge(RedisClient.layerPrimary("mymaster"), RedisClient.layerReplica("mymaster", replica)).pipe(
    Layer.provideMerge(Sentinel.layer({ sentinels: sentinels.slice(0, 1), ...options })),
    Layer.provideMerge(Testing.layer(deployment))
  )

interface Reads {
  readonly times: Array<number>
  readonly failed: Array<Errors.RedisError>
  stopped: boolean
}

/** Eight readers, each with a read every 8 milliseconds, until they are stopped. */
const reading = (replica: Client.ReplicaClient) =>
  Effect.gen(function*() {
    const reads: Reads = { times: [], failed: [], stopped: false }
    const fiber = yield* Effect.forkChild(
      Effect.forEach(Array.from({ length: 8 }, (_, i) => i), (i) =>
        Effect.gen(function*() {
          yield* Effect.sleep(i)
          while (!reads.stopped) {
            const exit = yield* Effect.exit(replica.get("a"))
            if (Exit.isSuccess(exit)) reads.times.push(yield* Clock.currentTimeMillis)
            else reads.failed.push(failureOf(exit))
            yield* Effect.sleep("8 millis")
          }
        }), { concurrency: "unbounded", discard: true }),
      { startImmediately: true }
    )
    const stop = Effect.gen(function*() {
      reads.stopped = true
      yield* whileTimePasses(Fiber.join(fiber))
      return reads
    })
    return { reads, stop }
  })

/** The longest time without a read from a time on, and what failed. */
const verdictFrom = (reads: Reads, from: number, to: number) => {
  const times = [from, ...reads.times.filter((at) => at >= from && at <= to), to]
  return {
    pause: Math.max(...times.slice(1).map((at, i) => at - times[i]!)),
    failed: reads.failed.map((error) => error.message)
  }
}

/** What happens to reads after something was done, for so long. */
const after = <A, E, R>(strike: Effect.Effect<A, E, R>, duration: Duration) =>
  Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    const replica = yield* RedisClient.RedisReplica
    yield* whileTimePasses(redis.set("a", "1"))
    yield* TestClock.adjust("1 second")
    const { reads, stop } = yield* reading(replica)
    yield* whileTimePasses(Effect.sleep("500 millis"))
    const from = yield* Clock.currentTimeMillis
    yield* strike
    yield* whileTimePasses(Effect.sleep(duration))
    const to = yield* Clock.currentTimeMillis
    yield* stop
    return verdictFrom(reads, from, to)
  })

type Duration = Parameters<typeof Effect.sleep>[0]

const killPrimary = Effect.gen(function*() {
  const deployment = yield* Testing.Deployment
  yield* deployment.kill(yield* deployment.primary)
})

/** Which node serves now. */
const serving = Effect.gen(function*() {
  const replica = yield* RedisClient.RedisReplica
  const deployment = yield* Testing.Deployment
  const run = (yield* whileTimePasses(replica.info("server"))).server.run_id
  return deployment.nodes.find((address) => deployment.node(address).runId === run)!
})

const policies: ReadonlyArray<Sentinel.ReplicaOptions> = [
  { replicaSelection: "sticky" },
  { replicaSelection: "sticky", fallbackToPrimary: false },
  { replicaSelection: "sticky", fallbackToPrimary: "when-none" },
  { replicaSelection: "round-robin" },
  { replicaSelection: "round-robin", fallbackToPrimary: false },
  { replicaSelection: "round-robin", fallbackToPrimary: "when-none" },
  { replicaSelection: "lag" },
  { replicaSelection: "latency", connections: 2 },
  { replicaSelection: "sticky", connections: 2 },
  { replicaSelection: { prefer: ["zone"] } }
]

const named = (options: Sentinel.ReplicaOptions): string => JSON.stringify(options)

describe("the primary dies", () => {
  for (const options of policies) {
    it.effect(`nothing is promoted: reads continue without end, ${named(options)}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        // Without a majority nobody is promoted.
        for (const address of sentinels.slice(1)) yield* deployment.kill(address)
        const verdict = yield* after(killPrimary, "9 seconds")
        assert.deepStrictEqual(verdict.failed, [])
        assert.isAtMost(verdict.pause, 50)
        // Nor does it matter that no sentinel is left.
        yield* deployment.kill(sentinels[0]!)
        yield* TestClock.adjust("90 seconds")
        const replica = yield* RedisClient.RedisReplica
        assert.strictEqual(yield* whileTimePasses(replica.get("a")), "1")
      }).pipe(Effect.provide(live(options))))

    for (const follow of ["sentinels", "promotion"] as const) {
      it.effect(`another is promoted: at most 50 ms without reads, ${named(options)}, ${follow}`, () =>
        Effect.gen(function*() {
          const verdict = yield* after(killPrimary, "8 seconds")
          assert.deepStrictEqual(verdict.failed, [])
          assert.isAtMost(verdict.pause, 50)
          const deployment = yield* Testing.Deployment
          assert.notStrictEqual(yield* deployment.primary, n1)
          assert.notStrictEqual(yield* serving, yield* deployment.primary)
        }).pipe(Effect.provide(live(options, { lag: "2 millis" }, { follow }))))
    }
  }

  for (const options of policies) {
    it.effect(`a client that starts then can read, ${named(options)}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        yield* whileTimePasses(redis.set("a", "1"))
        for (const address of sentinels.slice(1)) yield* deployment.kill(address)
        yield* deployment.kill(n1)
        yield* TestClock.adjust("3 seconds")
        const replica = yield* RedisClient.RedisReplica
        for (let i = 0; i < 3; i++) assert.strictEqual(yield* whileTimePasses(replica.get("a")), "1")
      }).pipe(Effect.provide(live(options))))

    it.effect(`so can a client with fixed addresses, ${named(options)}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const sentinel = yield* Sentinel.makeStatic({ primary: n1, replicas: [n2, n3] })
        const redis = yield* sentinel.primaryFor("any")
        yield* whileTimePasses(redis.set("a", "1"))
        for (const address of deployment.sentinels) yield* deployment.kill(address)
        yield* deployment.kill(n1)
        yield* TestClock.adjust("1 second")
        const replica = yield* sentinel.replicaFor("any", options)
        for (let i = 0; i < 3; i++) assert.strictEqual(yield* whileTimePasses(replica.get("a")), "1")
      }).pipe(Effect.scoped, Effect.provide(Testing.layer())))
  }

  it.effect("a replica with the dead primary's offset is within maxLag, but its lag in time is unknown", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const sentinel = yield* Sentinel.Sentinel
      const redis = yield* RedisClient.RedisClient
      const options = { fallbackToPrimary: false, commandTimeout: "1 second" } as const
      const bytes = yield* sentinel.replicaFor("mymaster", { ...options, maxLag: { bytes: 100 } })
      const time = yield* sentinel.replicaFor("mymaster", { ...options, maxLag: { time: "2 seconds" } })
      yield* whileTimePasses(redis.set("a", "1"))
      for (const client of [bytes, time]) assert.strictEqual(yield* whileTimePasses(client.get("a")), "1")
      yield* TestClock.adjust("3 seconds")
      for (const address of sentinels.slice(1)) yield* deployment.kill(address)
      yield* deployment.kill(n1)
      yield* TestClock.adjust("5 seconds")
      for (let i = 0; i < 4; i++) assert.strictEqual(yield* whileTimePasses(bytes.get("a")), "1")
      assert.strictEqual(failureOf(yield* whileTimePasses(Effect.exit(time.get("a"))))._tag, "ReplicaNotFound")
    }).pipe(Effect.scoped, Effect.provide(live({}))))

  it.effect("a replica that never had data is not read from", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const replica = yield* RedisClient.RedisReplica
      yield* whileTimePasses(redis.set("a", "1"))
      for (const address of sentinels.slice(1)) yield* deployment.kill(address)
      yield* deployment.kill(n1)
      for (const address of [n2, n3]) {
        yield* deployment.kill(address)
        yield* deployment.restart(address, { keepData: false })
      }
      const error = failureOf(yield* whileTimePasses(Effect.exit(replica.get("a"))))
      assert.strictEqual(error._tag, "ReplicaNotFound")
      assert.include(error.message, "without data")
    }).pipe(Effect.provide(live({ fallbackToPrimary: false, commandTimeout: "1 second" }))))

  it.effect("a replica in full synchronisation is not read from until it has the data", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const replica = yield* RedisClient.RedisReplica
      yield* TestClock.adjust("4 seconds")
      yield* whileTimePasses(redis.set("a", "1"))
      yield* deployment.kill(n2)
      yield* deployment.restart(n2, { keepData: false })
      const error = failureOf(yield* whileTimePasses(Effect.exit(replica.get("a"))))
      assert.include(error.message, "link sync")
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(yield* whileTimePasses(replica.get("a")), "1")
    }).pipe(
      Effect.provide(
        live({ fallbackToPrimary: false, commandTimeout: "1 second" }, { replicas: 1, syncTime: "3 seconds" })
      )
    ))

  describe("if INFO is denied, the sentinels' figure counts", () => {
    for (const keepData of [true, false]) {
      it.effect(keepData ? "it has data" : "it has none", () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          const replica = yield* RedisClient.RedisReplica
          yield* whileTimePasses(redis.set("a", "1"))
          for (const address of deployment.nodes) deployment.node(address).users.get("default")!.apply("-info")
          for (const address of sentinels.slice(1)) yield* deployment.kill(address)
          yield* deployment.kill(n1)
          yield* deployment.kill(n2)
          yield* deployment.restart(n2, { keepData })
          yield* TestClock.adjust("15 seconds")
          const exit = yield* whileTimePasses(Effect.exit(replica.get("a")))
          if (keepData) assert.deepStrictEqual(exit, Exit.succeed("1"))
          else assert.include(failureOf(exit).message, "without data")
        }).pipe(Effect.provide(live({ fallbackToPrimary: false, commandTimeout: "1 second" }, { replicas: 1 }))))
    }
  })
})

describe("a planned failover", () => {
  for (const options of policies) {
    for (const follow of ["sentinels", "promotion"] as const) {
      it.effect(`reads continue, ${named(options)}, ${follow}`, () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const verdict = yield* after(deployment.failover, "8 seconds")
          assert.deepStrictEqual(verdict.failed, [])
          assert.isAtMost(verdict.pause, 50)
          assert.notStrictEqual(yield* serving, yield* deployment.primary)
        }).pipe(Effect.provide(live(options, {}, { follow }))))
    }
  }

  for (const replicaSelection of ["sticky", "round-robin"] as const) {
    it.effect(`reads do not give values from before a write to the new primary, ${replicaSelection}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        const replica = yield* RedisClient.RedisReplica
        yield* whileTimePasses(redis.set("a", "0"))
        yield* whileTimePasses(replica.get("a"))
        yield* TestClock.adjust("1 second")
        yield* deployment.failover
        let astray = 0
        let reads = 0
        let moved: string | undefined
        for (const address of deployment.nodes) {
          const node = deployment.node(address)
          const known = node.onExecute
          node.onExecute = (session, args, reply) => {
            known(session, args, reply)
            if (args[0]?.toUpperCase() !== "GET" || moved === undefined) return
            reads++
            if (!node.isPrimary && (node.primaryAddress !== moved || !node.linked)) astray++
          }
        }
        const sentinel = yield* Sentinel.Sentinel
        const topology = yield* sentinel.topology("mymaster")
        const { stop } = yield* reading(replica)
        for (let i = 0; i < 1000 && moved === undefined; i++) {
          yield* whileTimePasses(Effect.sleep("4 millis"))
          const { primary } = yield* topology.current
          const shown = primary === undefined ? undefined : `${(primary as { host: string }).host}:6379`
          if (shown !== n1) {
            // What is under way already is not counted.
            yield* whileTimePasses(Effect.sleep("4 millis"))
            moved = shown
          }
        }
        assert.isDefined(moved)
        yield* whileTimePasses(Effect.sleep("10 seconds"))
        yield* stop
        assert.isAbove(reads, 1000)
        assert.strictEqual(astray, 0)
        // And then from one that follows it.
        assert.notStrictEqual(yield* serving, moved)
      }).pipe(
        Effect.scoped,
        Effect.provide(live({ replicaSelection }, { latency: "0 millis" }, { follow: "promotion" }))
      ))
  }
})

describe("a replica hangs", () => {
  for (const options of policies) {
    it.effect(`at most 300 ms without reads, ${named(options)}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const verdict = yield* after(
          Effect.gen(function*() {
            // The one that a client keeps to; among several each is as good.
            yield* deployment.hang(yield* serving)
          }),
          "8 seconds"
        )
        assert.deepStrictEqual(verdict.failed, [])
        assert.isAtMost(verdict.pause, 300)
      }).pipe(Effect.provide(live(options))))
  }

  for (const replicaSelection of ["sticky", "round-robin"] as const) {
    it.effect(`no single read takes longer than 300 ms, ${replicaSelection}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        const replica = yield* RedisClient.RedisReplica
        yield* whileTimePasses(redis.set("a", "1"))
        yield* whileTimePasses(replica.get("a"))
        yield* TestClock.adjust("1 second")
        yield* deployment.hang(yield* serving)
        for (let i = 0; i < 50; i++) {
          const from = yield* Clock.currentTimeMillis
          assert.strictEqual(yield* whileTimePasses(replica.get("a")), "1")
          assert.isAtMost((yield* Clock.currentTimeMillis) - from, 300)
        }
      }).pipe(Effect.provide(live({ replicaSelection }))))
  }

  for (const replicaSelection of ["sticky", "round-robin"] as const) {
    it.effect(`the only one: the primary serves, ${replicaSelection}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const verdict = yield* after(deployment.hang(n2), "5 seconds")
        assert.deepStrictEqual(verdict.failed, [])
        // What waits is not asked of the primary, but new reads go there.
        assert.isAtMost(verdict.pause, 1500)
        const from = yield* Clock.currentTimeMillis
        assert.deepStrictEqual(yield* whileTimePasses((yield* RedisClient.RedisReplica).get("a")), "1")
        assert.isAtMost((yield* Clock.currentTimeMillis) - from, 50)
        assert.strictEqual(yield* serving, n1)
        yield* deployment.resume(n2)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* serving, n2)
      }).pipe(Effect.provide(live({ replicaSelection }, { replicas: 1 }))))

    it.effect(`the only one: new reads go to the primary before the sentinels have noticed, ${replicaSelection}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        const replica = yield* RedisClient.RedisReplica
        yield* whileTimePasses(redis.set("a", "1"))
        yield* whileTimePasses(replica.get("a"))
        yield* TestClock.adjust("1 second")
        yield* deployment.hang(n2)
        const stuck = yield* Effect.forkChild(replica.get("a"), { startImmediately: true })
        yield* TestClock.adjust("200 millis")
        const from = yield* Clock.currentTimeMillis
        assert.strictEqual(yield* whileTimePasses(replica.get("a")), "1")
        assert.isAtMost((yield* Clock.currentTimeMillis) - from, 50)
        assert.isUndefined(stuck.pollUnsafe())
        yield* deployment.resume(n2)
        assert.strictEqual(yield* whileTimePasses(Fiber.join(stuck)), "1")
      }).pipe(Effect.provide(live({ replicaSelection }, { replicas: 1, downAfter: "30 seconds" }))))

    it.effect(`a command that takes 2 seconds is sent to one other replica, once, ${replicaSelection}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        const replica = yield* RedisClient.RedisReplica
        yield* whileTimePasses(redis.set("a", "1"))
        yield* whileTimePasses(replica.get("a"))
        yield* TestClock.adjust("1 second")
        for (const address of deployment.nodes.slice(1)) deployment.node(address).slowMillis = 2000
        assert.strictEqual(yield* whileTimePasses(replica.strlen("a")), 1)
        const counts = () => deployment.nodes.map((address) => deployment.node(address).executed.get("STRLEN") ?? 0)
        yield* TestClock.adjust("10 seconds")
        assert.isAtMost(counts().reduce((a, b) => a + b), 2)
        assert.isAtMost(Math.max(...counts()), 1)
        assert.strictEqual(counts()[0], 0)
      }).pipe(Effect.provide(live({ replicaSelection, stallTimeout: "30 seconds" }, { replicas: 4 }))))
  }
})

describe("the sentinels", () => {
  for (const options of policies) {
    it.effect(`are told to forget the replicas: reads continue, ${named(options)}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const verdict = yield* after(
          Effect.forEach(sentinels, (address) => deployment.reset(address), { discard: true }),
          "12 seconds"
        )
        assert.deepStrictEqual(verdict.failed, [])
        assert.isAtMost(verdict.pause, 50)
      }).pipe(Effect.provide(live(options))))
  }

  for (const replicaSelection of ["sticky", "round-robin"] as const) {
    it.effect(`forget a replica that has left the group: the client leaves it, ${replicaSelection}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const replica = yield* RedisClient.RedisReplica
        const redis = yield* RedisClient.RedisClient
        yield* whileTimePasses(redis.set("a", "1"))
        yield* whileTimePasses(replica.get("a"))
        yield* TestClock.adjust("1 second")
        const old = yield* serving
        // It goes its own way, and the sentinels are made to forget it.
        for (const address of sentinels) {
          yield* deployment.lie(address, { replicas: [{ host: old === n2 ? "10.0.0.3" : "10.0.0.2", port: 6379 }] })
        }
        const node = deployment.node(old)
        for (const address of sentinels) yield* deployment.partition(address, old)
        node.promote()
        yield* TestClock.adjust("25 seconds")
        for (let i = 0; i < 4; i++) assert.notStrictEqual(yield* serving, old)
      }).pipe(Effect.provide(live({ replicaSelection, fallbackToPrimary: false }))))

    for (
      const [what, replicas] of [
        ["lists none", []],
        ["lists wrong ones", Array.from({ length: 5 }, (_, i) => ({ host: `10.9.0.${i + 1}`, port: 6379 }))]
      ] as const
    ) {
      it.effect(`the first one ${what}: that does not count against the others, ${replicaSelection}`, () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          yield* deployment.lie(sentinels[0]!, { replicas })
          const redis = yield* RedisClient.RedisClient
          const replica = yield* RedisClient.RedisReplica
          const sentinel = yield* Sentinel.Sentinel
          yield* whileTimePasses(redis.set("a", "1"))
          const from = yield* Clock.currentTimeMillis
          assert.strictEqual(yield* whileTimePasses(replica.get("a")), "1")
          assert.isAtMost((yield* Clock.currentTimeMillis) - from, 250)
          assert.include([n2, n3], yield* serving)
          const found = (yield* whileTimePasses(sentinel.discoverReplicas("mymaster"))).map((a) =>
            `${(a as { host: string }).host}:6379`
          )
          assert.includeMembers(found, [n2, n3])
        }).pipe(Effect.provide(live({ replicaSelection, fallbackToPrimary: false }, {}, { sentinels }))))
    }
  }
})
