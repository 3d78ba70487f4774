/** Real sentinels that name nodes in another way, forget, are told to watch another primary, or have odd group names. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { Address, type Client, commands, type Errors, RedisClient, Sentinel } from "../../src/index.ts"
import { failureOf } from "../support/exit.ts"
import { type Deployment, deployment, server } from "../support/processes.ts"

const s = commands.sentinel

const until = <E, R>(condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, unknown, R> =>
  condition.pipe(
    Effect.flatMap((yes) => yes ? Effect.void : Effect.fail("not yet" as const)),
    Effect.retry(Schedule.spaced("10 millis").pipe(Schedule.upTo({ duration: "30 seconds" })))
  )

const at = <A, E>(address: string, f: (client: Client.PrimaryClient) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(RedisClient.make({ address }), f))

/** Tells a sentinel to watch the group at another address. */
const reassign = (sentinel: string, group: string, host: string, port: number) =>
  at(sentinel, (one) =>
    Effect.gen(function*() {
      yield* one.run(s.remove(group))
      yield* one.run(s.monitor(group, host, port, 2))
      yield* one.run(s.set(group, { "down-after-milliseconds": 500, "failover-timeout": 6000 }))
    }))

const writing = (redis: Client.PrimaryClient) =>
  Effect.gen(function*() {
    const stop = yield* Ref.make(false)
    const acknowledged: Array<string> = []
    const failed: Array<Errors.RedisError> = []
    const fiber = yield* Effect.forkChild(
      Effect.forEach(Array.from({ length: 16 }, (_, w) => w), (w) =>
        Effect.gen(function*() {
          for (let i = 0; !(yield* Ref.get(stop)); i++) {
            const exit = yield* Effect.exit(redis.set(`w${w}:${i}`, "1"))
            if (Exit.isSuccess(exit)) acknowledged.push(`w${w}:${i}`)
            else failed.push(failureOf(exit))
            yield* Effect.sleep("2 millis")
          }
        }), { concurrency: "unbounded", discard: true })
    )
    return { acknowledged, failed, finish: Effect.andThen(Ref.set(stop, true), Fiber.join(fiber)) }
  })

const missingAt = (port: number, keys: ReadonlyArray<string>) =>
  Effect.map(at(`127.0.0.1:${port}`, (redis) => redis.mget(keys)), (values) => values.filter((v) => v === null).length)

/** Whether all sentinels have found each other, and the replicas. */
const complete = (d: Deployment) =>
  Effect.map(
    Effect.forEach(d.sentinelAddresses, (address) => at(address, (one) => one.run(s.primary(d.group)))),
    (all) => all.every((p) => p.otherSentinelCount === d.sentinels.length - 1 && p.replicaCount === d.replicas.length)
  )

describe("sentinels that use other names for nodes", () => {
  for (const leader of [0, 1]) {
    it.live(
      `a planned failover loses nothing, led by sentinel ${leader} where the first says localhost`,
      () =>
        Effect.scoped(
          Effect.gen(function*() {
            const d = yield* deployment()
            yield* at(d.sentinelAddresses[0]!, (one) =>
              Effect.andThen(
                one.run(s.configSet("resolve-hostnames", "yes")),
                one.run(s.configSet("announce-hostnames", "yes"))
              ))
            yield* reassign(d.sentinelAddresses[0]!, d.group, "localhost", d.primary.port)
            yield* until(complete(d))
            assert.deepStrictEqual(
              yield* at(d.sentinelAddresses[0]!, (one) => one.run(s.getPrimaryAddrByName(d.group))),
              {
                host: "localhost",
                port: d.primary.port
              }
            )
            const sentinel = yield* Sentinel.make({ sentinels: d.sentinelAddresses })
            const topology = yield* sentinel.topology(d.group)
            const redis = yield* sentinel.primaryFor(d.group)
            const load = yield* writing(redis)
            yield* until(Effect.sync(() => load.acknowledged.length > 1000))
            yield* until(Effect.map(topology.current, (t) => t.sentinels.every((x) => x.isReachable === true)))
            yield* until(
              Effect.orElseSucceed(
                Effect.map(at(d.sentinelAddresses[leader]!, (one) => one.run(s.failover(d.group))), () => true),
                () => false
              )
            )
            const moved = Effect.map(topology.current, (t) =>
              t.primary !== undefined && "port" in t.primary && t.primary.port !== d.primary.port &&
              t.fence === undefined)
            yield* until(moved)
            const count = load.acknowledged.length
            yield* until(Effect.sync(() =>
              load.acknowledged.length > count + 1000
            ))
            yield* load.finish
            const state = yield* topology.current
            // On a host that is too busy, a message takes so long that writes before it may be lost: no one then says
            // that they are not.
            const isFar = state.sentinels.some(({ distanceMillis }) => distanceMillis > 85)
            assert.deepStrictEqual(isFar ? load.failed.filter((e) => e._tag !== "AmbiguousOutcome") : load.failed, [])
            assert.isAbove(load.acknowledged.length, 2000)
            const port = state.primary !== undefined && "port" in state.primary ? state.primary.port : 0
            assert.strictEqual(yield* missingAt(port, load.acknowledged), 0)
          })
        ),
      60_000
    )
  }
})

describe("sentinels that forget", () => {
  it.live("REMOVE and MONITOR of another primary while the old one lives", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment()
        const other = yield* server()
        const sentinel = yield* Sentinel.make({ sentinels: d.sentinelAddresses })
        const topology = yield* sentinel.topology(d.group)
        // Writes wait while most sentinels name a primary that the client has not verified: how long is up to the machine.
        const redis = yield* sentinel.primaryFor(d.group, { commandTimeout: "30 seconds" })
        const load = yield* writing(redis)
        yield* until(Effect.sync(() => load.acknowledged.length > 500))
        for (const address of d.sentinelAddresses) yield* reassign(address, d.group, "127.0.0.1", other.port)
        yield* until(
          Effect.map(topology.current, (t) => t.primary !== undefined && Address.format(t.primary) === other.address)
        )
        const count = load.acknowledged.length
        yield* until(Effect.sync(() => load.acknowledged.length > count + 500))
        yield* load.finish
        // A reply that comes after the fence has closed is withheld, and the move makes its write ambiguous: at most one of
        // each writer was on its way then.
        assert.isAtMost(load.failed.length, 16)
        for (const error of load.failed) {
          const { cause, _tag } = error as Errors.AmbiguousOutcome
          assert.strictEqual(_tag, "AmbiguousOutcome", error.message)
          assert.include(cause, { _tag: "ConnectionLost", kind: "moved" })
        }
        assert.strictEqual(yield* missingAt(other.port, load.acknowledged.slice(count)), 0)
        assert.strictEqual(
          yield* missingAt(d.primary.port, load.acknowledged.slice(count + 16)),
          load.acknowledged.length - count - 16
        )
      })
    ), 60_000)

  it.live(
    "deployed anew without their disk after failovers, and a failover by them: the client goes on",
    () =>
      Effect.scoped(
        Effect.gen(function*() {
          const d = yield* deployment()
          const sentinel = yield* Sentinel.make({ sentinels: d.sentinelAddresses })
          const topology = yield* sentinel.topology(d.group)
          const redis = yield* sentinel.primaryFor(d.group)
          yield* redis.set("a", "1")
          const failover = Effect.gen(function*() {
            const before = (yield* topology.current).primary!
            yield* until(
              Effect.orElseSucceed(
                Effect.map(at(d.sentinelAddresses[0]!, (one) => one.run(s.failover(d.group))), () => true),
                () => false
              )
            )
            yield* until(
              Effect.map(topology.current, (t) => !Address.equals(t.primary!, before) && t.fence === undefined)
            )
          })
          yield* failover
          assert.isAbove((yield* topology.current).epoch, 0)
          const primary = (yield* topology.current).primary!
          const port = "port" in primary ? primary.port : 0
          // The others follow the new primary: the old one only after some ten seconds.
          yield* until(
            Effect.map(
              redis.info("replication"),
              ({ replication }) => replication.connected_slaves === d.replicas.length
            )
          )
          // As good as without their disk: they know no epoch any more, and nobody but the primary.
          yield* Effect.forEach(d.sentinelAddresses, (address) => reassign(address, d.group, "127.0.0.1", port), {
            concurrency: "unbounded"
          })
          yield* until(Effect.map(topology.current, (t) => t.epoch === 0))
          yield* until(complete(d))
          yield* failover
          const load = yield* writing(redis)
          yield* until(Effect.sync(() => load.acknowledged.length > 500))
          yield* load.finish
          assert.deepStrictEqual(load.failed, [])
          const now = (yield* topology.current).primary!
          assert.strictEqual(yield* missingAt("port" in now ? now.port : 0, load.acknowledged), 0)
        })
      ),
    90_000
  )
})

describe("names of groups", () => {
  it.live("everything that a real sentinel accepts", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment({ sentinels: 1, replicas: 0 })
        const sentinel = yield* Sentinel.make({ sentinels: d.sentinelAddresses })
        for (const group of ["shop:cache", "cache@eu", "eu/prod", "prod#1", "größe"]) {
          yield* at(d.sentinelAddresses[0]!, (one) => one.run(s.monitor(group, "127.0.0.1", d.primary.port, 1)))
          const redis = yield* sentinel.primaryFor(group)
          assert.strictEqual(yield* redis.set(`in ${group}`, "1"), "OK")
          const topology = yield* sentinel.topology(group)
          assert.strictEqual(Address.format((yield* topology.current).primary!), d.primary.address)
        }
      })
    ), 60_000)
})
