/**
 * What a client does when its deployment goes wrong, told once: `scenarios.test.ts`
 * plays each in memory and on real processes.
 */
import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { Address, type Client, commands, Connector, type Errors, RedisClient, Sentinel } from "../../src/index.ts"
import { cutting } from "../support/cutting.ts"
import { failureOf } from "../support/exit.ts"
import { scripts } from "./scripts.ts"
import { type Stage, until } from "./stage.ts"
import { stores } from "./stores.ts"
import { transactions } from "./transactions.ts"

export type Scenario = (stage: Stage) => Effect.Effect<void, unknown, Scope.Scope>

const node: Sentinel.NodeOptions = { stallTimeout: "500 millis", connectTimeout: "1 second" }

interface Cast {
  readonly sentinel: Sentinel.Service
  readonly redis: Client.PrimaryClient
  readonly replica: Client.ReplicaClient
}

const clientsOf = (
  stage: Stage,
  options: Partial<Sentinel.Options> = {}
): Effect.Effect<Cast, Errors.InvalidOption, Scope.Scope> =>
  stage.within(
    Effect.gen(function*() {
      const sentinel = yield* Sentinel.make({ sentinels: stage.sentinels, node, ...options })
      return {
        sentinel,
        redis: yield* sentinel.primaryFor(stage.group),
        replica: yield* sentinel.replicaFor(stage.group)
      }
    })
  )

/** Asks a node or a sentinel by itself. */
const asking = <A, E, R>(
  stage: Stage,
  address: string,
  f: (client: Client.PrimaryClient) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | Errors.InvalidOption, R> =>
  Effect.scoped(Effect.flatMap(stage.within(RedisClient.make({ address, ...node })), f)) as Effect.Effect<
    A,
    E | Errors.InvalidOption,
    R
  >

/** Waits until a sentinel names another primary. When, and which. */
const switched = (stage: Stage, old: string) =>
  Effect.scoped(
    Effect.raceAll(stage.sentinels.map((address) =>
      Effect.gen(function*() {
        const client = yield* stage.within(RedisClient.make({ address }))
        while (true) {
          const found = yield* client.run(commands.sentinel.getPrimaryAddrByName(stage.group))
          if (found !== null && Address.format(found) !== old) {
            return { at: yield* Clock.currentTimeMillis, to: Address.format(found) }
          }
          yield* Effect.sleep("5 millis")
        }
      })
    ))
  )

interface Load {
  readonly acknowledged: Array<{ readonly at: number; readonly key: string }>
  readonly failed: Array<Errors.RedisError>
  pending: number
  stopped: boolean
}

/** 32 writers of unique keys, until they are stopped. */
const write = (stage: Stage, redis: Client.PrimaryClient, load: Load) =>
  Effect.forEach(Array.from({ length: 32 }, (_, i) => i), (writer) =>
    Effect.gen(function*() {
      for (let n = 0; !load.stopped; n++) {
        const key = `w:${writer}:${n}`
        load.pending++
        const exit = yield* Effect.exit(redis.set(key, n))
        load.pending--
        if (Exit.isSuccess(exit)) load.acknowledged.push({ at: yield* Clock.currentTimeMillis, key })
        else load.failed.push(failureOf(exit))
        // So that the servers have time for their own business; in memory time costs nothing, but writes do.
        yield* Effect.sleep(stage.real ? "2 millis" : "20 millis")
      }
    }), { concurrency: "unbounded", discard: true })

const newLoad = (): Load => ({ acknowledged: [], failed: [], pending: 0, stopped: false })

const knownTags: ReadonlySet<string> = new Set([
  "AmbiguousOutcome",
  "DeadlineExceeded",
  "PrimaryNotFound",
  "ConnectionLost",
  "ConnectFailed",
  "RoleMismatch"
])

/** Stops the writers, and makes sure that each of their operations had an end of a known kind. */
const finish = (load: Load, running: Fiber.Fiber<void, unknown>) =>
  Effect.gen(function*() {
    load.stopped = true
    yield* Fiber.join(running).pipe(Effect.timeout("10 seconds"))
    assert.strictEqual(load.pending, 0)
    for (const error of load.failed) assert.isTrue(knownTags.has(error._tag), error.message)
  })

/** How many acknowledged writes a node does not have. */
const countMissing = (there: Client.PrimaryClient, load: Load): Effect.Effect<number, Errors.RedisError> =>
  Effect.map(
    there.mget(load.acknowledged.map((a) => a.key)),
    (values) => values.filter((value) => value === null).length
  )

const addresses = (list: ReadonlyArray<Address.Address>): ReadonlyArray<string> => list.map(Address.format).sort()

export const scenarios: Readonly<Record<string, Scenario>> = {
  ...scripts,
  ...stores,
  ...transactions,

  "discovery finds the primary, the replicas and the other sentinels": (stage) =>
    Effect.gen(function*() {
      const { redis, replica, sentinel } = yield* clientsOf(stage, { sentinels: stage.sentinels.slice(0, 1) })
      assert.strictEqual(Address.format(yield* sentinel.discoverPrimary(stage.group)), stage.nodes[0])
      assert.deepStrictEqual(
        addresses(yield* sentinel.discoverReplicas(stage.group)),
        stage.nodes.slice(1).toSorted()
      )
      assert.deepStrictEqual(addresses(yield* sentinel.sentinels), stage.sentinels.toSorted())
      assert.strictEqual((yield* redis.role()).role, "primary")
      assert.strictEqual((yield* replica.role()).role, "replica")
      yield* redis.set("a", "1")
      yield* until(Effect.map(replica.get("a"), (value) => value === "1"))
    }),

  "an unknown group and unreachable sentinels are different errors": (stage) =>
    Effect.gen(function*() {
      const { sentinel } = yield* clientsOf(stage, { schedule: Schedule.recurs(1) })
      const unknown = failureOf(yield* Effect.exit(sentinel.discoverPrimary("nobody")))
      assert.strictEqual(unknown._tag === "PrimaryNotFound" ? unknown.reason._tag : unknown._tag, "GroupUnknown")
      for (const address of stage.sentinels) yield* stage.kill(address)
      const unreachable = failureOf(yield* Effect.exit(sentinel.discoverPrimary(stage.group)))
      assert.strictEqual(
        unreachable._tag === "PrimaryNotFound" ? unreachable.reason._tag : unreachable._tag,
        "SentinelsUnreachable"
      )
      for (const address of stage.sentinels) assert.include(unreachable.message, address)
    }),

  "all sentinels go down and return: the connection continues, and discovery works afterwards": (stage) =>
    Effect.gen(function*() {
      const { redis, sentinel } = yield* clientsOf(stage, { schedule: Schedule.recurs(1) })
      yield* redis.set("a", "1")
      for (const address of stage.sentinels) yield* stage.kill(address)
      assert.strictEqual(yield* redis.set("a", "2"), "OK")
      assert.strictEqual(failureOf(yield* Effect.exit(sentinel.discoverPrimary(stage.group)))._tag, "PrimaryNotFound")
      for (const address of stage.sentinels) yield* stage.restart(address)
      assert.strictEqual(Address.format(yield* sentinel.discoverPrimary(stage.group)), stage.nodes[0])
      yield* redis.clientKill({ type: "normal", skipme: false }).pipe(Effect.ignore)
      assert.strictEqual(yield* redis.get("a"), "2")
    }),

  "the primary is killed under 32 writers": (stage) =>
    Effect.gen(function*() {
      const { redis, replica } = yield* clientsOf(stage)
      const load = newLoad()
      const running = yield* Effect.forkScoped(write(stage, redis, load))
      yield* until(Effect.sync(() => load.acknowledged.length > 500))
      const reported = yield* Effect.forkChild(switched(stage, stage.nodes[0]!), { startImmediately: true })
      yield* stage.kill(stage.nodes[0]!)
      const { at } = yield* Fiber.join(reported)
      yield* until(Effect.sync(() => load.acknowledged.some((a) => a.at >= at)))
      const first = load.acknowledged.find((a) => a.at >= at)!.at
      if (stage.real) {
        console.log(
          `kill -9: the first write was acknowledged ${first - at} ms after a sentinel reported the new primary`
        )
      }
      const count = load.acknowledged.length
      yield* until(Effect.sync(() => load.acknowledged.length > count + 500))
      yield* finish(load, running)
      assert.isAtMost(load.failed.filter((e) => e._tag === "AmbiguousOutcome").length, 32)
      // What was acknowledged after the switch is there.
      const values = yield* redis.mget(load.acknowledged.filter((a) => a.at > at).map((a) => a.key))
      assert.isTrue(values.every((value) => value !== null))
      // The primary may serve reads until the other replica is in sync again.
      yield* until(Effect.map(replica.role(), (r) => r.role === "replica"))
    }),

  "a planned failover loses no acknowledged write, and fails none": (stage) =>
    Effect.gen(function*() {
      const { redis, sentinel } = yield* clientsOf(stage)
      const topology = yield* stage.within(sentinel.topology(stage.group))
      const load = newLoad()
      const running = yield* Effect.forkScoped(write(stage, redis, load))
      yield* until(Effect.sync(() => load.acknowledged.length > 200))
      yield* until(Effect.map(topology.current, (s) => s.sentinels.every((x) => x.isReachable === true)))
      yield* stage.failover
      const { to } = yield* switched(stage, stage.nodes[0]!)
      yield* until(Effect.map(topology.current, (s) => s.primary !== undefined && Address.format(s.primary) === to))
      const count = load.acknowledged.length
      yield* until(Effect.sync(() => load.acknowledged.length > count + 500))
      yield* finish(load, running)
      assert.deepStrictEqual(load.failed.map((e) => e.message), [])
      const missing = yield* asking(stage, to, (there) => countMissing(there, load))
      assert.strictEqual(missing, 0)
      const state = yield* topology.current
      assert.isAtLeast(state.epoch, 1)
      assert.isUndefined(state.fence)
    }),

  "following a promotion before the sentinels report it loses nothing either": (stage) =>
    Effect.gen(function*() {
      const { redis, sentinel } = yield* clientsOf(stage, { follow: "promotion" })
      const topology = yield* stage.within(sentinel.topology(stage.group))
      const load = newLoad()
      const running = yield* Effect.forkScoped(write(stage, redis, load))
      yield* until(Effect.sync(() => load.acknowledged.length > 200))
      yield* until(Effect.map(topology.current, (s) => s.sentinels.every((x) => x.isReachable === true)))
      yield* stage.failover
      yield* until(Effect.map(topology.current, (s) => s.isProvisional))
      const count = load.acknowledged.length
      yield* until(Effect.sync(() => load.acknowledged.length > count + 200))
      const { to } = yield* switched(stage, stage.nodes[0]!)
      yield* until(Effect.map(topology.current, (s) => !s.isProvisional))
      yield* finish(load, running)
      assert.deepStrictEqual(load.failed.map((e) => e.message), [])
      assert.strictEqual(yield* asking(stage, to, (there) => countMissing(there, load)), 0)
    }),

  "10,000 INCRs with connections cut at random points: never more than the acknowledged and ambiguous ones": (stage) =>
    stage.within(Effect.gen(function*() {
      const dial = yield* Connector.Connector
      const cuts = { n: 0 }
      const sentinel = yield* Sentinel.make({ sentinels: stage.sentinels, node }).pipe(
        Effect.provideService(Connector.Connector, cutting(dial, new Set(stage.nodes), cuts))
      )
      const redis = yield* sentinel.primaryFor(stage.group)
      let acknowledged = 0
      let doubtful = 0
      yield* Effect.forEach(Array.from({ length: 50 }), () =>
        Effect.gen(function*() {
          for (let i = 0; i < 200; i++) {
            const exit = yield* Effect.exit(redis.incr("n"))
            if (Exit.isSuccess(exit)) acknowledged++
            else {
              // Every cut that leaves a doubt is told, and nothing else is.
              assert.strictEqual(failureOf(exit)._tag, "AmbiguousOutcome")
              doubtful++
            }
          }
        }), { concurrency: "unbounded", discard: true })
      const counted = Number(yield* asking(stage, stage.nodes[0]!, (there) => there.get("n")))
      assert.strictEqual(acknowledged + doubtful, 10_000)
      assert.isAbove(cuts.n, 20)
      assert.isAtLeast(counted, acknowledged)
      assert.isAtMost(counted, acknowledged + doubtful)
    })),

  "a hanging primary is left without an event, and receives nothing when it wakes": (stage) =>
    Effect.gen(function*() {
      const { redis } = yield* clientsOf(stage)
      yield* redis.set("a", "1")
      yield* redis.set("n", 0)
      const old = stage.nodes[0]!
      yield* stage.hang(old)
      const write = yield* Effect.exit(redis.incr("n"))
      assert.strictEqual(failureOf(write)._tag, "AmbiguousOutcome")
      assert.strictEqual(yield* redis.get("a"), "1")
      yield* redis.set("b", "2")
      yield* stage.resume(old)
      // It still thinks that it is the primary; the INCR that it was sent counts there only.
      yield* until(Effect.map(asking(stage, old, (there) => there.ping()), (pong) => pong === "PONG"))
      yield* redis.set("c", "3")
      assert.deepStrictEqual(yield* redis.mget(["a", "b", "c", "n"]), ["1", "2", "3", "0"])
    }),

  "a hanging replica is replaced by another": (stage) =>
    Effect.gen(function*() {
      const { redis, replica } = yield* clientsOf(stage)
      yield* redis.set("a", "1")
      yield* until(Effect.map(replica.get("a"), (value) => value === "1"))
      const serving = yield* servingReplica(stage, replica)
      yield* stage.hang(serving)
      assert.strictEqual(yield* replica.get("a"), "1")
      assert.strictEqual((yield* replica.role()).role, "replica")
      assert.notStrictEqual(yield* servingReplica(stage, replica), serving)
      yield* stage.resume(serving)
    }),

  "a dead replica is replaced by another, and the primary serves when none is left": (stage) =>
    Effect.gen(function*() {
      const { redis, replica } = yield* clientsOf(stage)
      yield* redis.set("a", "1")
      yield* until(Effect.map(replica.get("a"), (value) => value === "1"))
      const serving = yield* servingReplica(stage, replica)
      yield* stage.kill(serving)
      assert.strictEqual(yield* replica.get("a"), "1")
      assert.strictEqual((yield* replica.role()).role, "replica")
      const other = stage.nodes.slice(1).find((n) => n !== serving)!
      yield* stage.kill(other)
      assert.strictEqual(yield* replica.get("a"), "1")
      assert.strictEqual((yield* replica.role()).role, "primary")
      yield* stage.restart(other)
      yield* until(Effect.map(replica.role(), (r) => r.role === "replica"))
    }),

  "killed connections fail no read, and make a write ambiguous at most": (stage) =>
    Effect.gen(function*() {
      const { redis } = yield* clientsOf(stage)
      yield* redis.set("n", 0)
      let acknowledged = 0
      let doubtful = 0
      for (let i = 0; i < 20; i++) {
        const [write, read] = yield* Effect.all([
          Effect.exit(redis.incr("n")),
          Effect.exit(redis.get("n")),
          asking(stage, stage.nodes[0]!, (there) => there.clientKill({ type: "normal" }))
        ], { concurrency: "unbounded" })
        assert.isTrue(Exit.isSuccess(read))
        if (Exit.isSuccess(write)) acknowledged++
        else {
          assert.strictEqual(failureOf(write)._tag, "AmbiguousOutcome")
          doubtful++
        }
      }
      const counted = Number(yield* redis.get("n"))
      assert.isAtLeast(counted, acknowledged)
      assert.isAtMost(counted, acknowledged + doubtful)
    }),

  "a blocking command fails when the primary dies, and can be repeated at the new one": (stage) =>
    Effect.gen(function*() {
      const { redis } = yield* clientsOf(stage)
      yield* redis.ping()
      const waiting = yield* Effect.forkChild(Effect.exit(redis.blpop(["queue"], "Infinity")), {
        startImmediately: true
      })
      yield* until(
        asking(
          stage,
          stage.nodes[0]!,
          (there) => Effect.map(there.info("clients"), ({ clients }) => clients.blocked_clients === 1)
        )
      )
      yield* stage.kill(stage.nodes[0]!)
      // It may have been given an element that nobody else will see.
      assert.strictEqual(failureOf(yield* Fiber.join(waiting))._tag, "AmbiguousOutcome")
      const again = yield* Effect.forkChild(redis.blpop(["queue"], "20 seconds"), { startImmediately: true })
      // The connection for commands may be one that the dead primary has not closed yet.
      yield* redis.repeatable(commands.rpush("queue", "x"))
      assert.deepStrictEqual(yield* Fiber.join(again), ["queue", "x"])
    }),

  "a transaction is aborted if a watched key changes, and applied otherwise": (stage) =>
    Effect.gen(function*() {
      const { redis } = yield* clientsOf(stage)
      yield* redis.set("a", "1")
      const attempt = (meanwhile: Effect.Effect<unknown, Errors.RedisError>) =>
        Effect.scoped(
          Effect.gen(function*() {
            const reserved = yield* redis.reserve
            yield* reserved.watch("a")
            const value = Number(yield* reserved.get("a"))
            yield* meanwhile
            return yield* reserved.transaction([commands.set("a", value + 1), commands.get("a")])
          })
        )
      assert.deepStrictEqual(yield* attempt(redis.set("other", "1")), ["OK", "2"])
      const aborted = failureOf(yield* Effect.exit(attempt(redis.set("a", "9"))))
      assert.strictEqual(aborted._tag, "TransactionAborted")
      assert.strictEqual(yield* redis.get("a"), "9")
    }),

  "everything stops and returns, and the client works again": (stage) =>
    Effect.gen(function*() {
      const { redis } = yield* clientsOf(stage, {
        node: { ...node, commandTimeout: "1 second" },
        schedule: Schedule.recurs(2)
      })
      yield* redis.set("a", "1")
      for (const address of [...stage.nodes, ...stage.sentinels]) yield* stage.kill(address)
      assert.strictEqual(failureOf(yield* Effect.exit(redis.get("a")))._tag, "PrimaryNotFound")
      for (const address of [...stage.nodes, ...stage.sentinels]) yield* stage.restart(address)
      yield* until(Effect.map(Effect.exit(redis.set("a", "2")), Exit.isSuccess))
      assert.strictEqual(yield* redis.get("a"), "2")
    })
}

/** The address of the node that answers a replica's client. */
const servingReplica = (
  stage: Stage,
  replica: Client.ReplicaClient
): Effect.Effect<string, Errors.RedisError> => Effect.map(replica.info("server"), stage.nodeOf)
