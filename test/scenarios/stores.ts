/**
 * Scenarios of Effect's stores: producers, takers, users of a limiter and of a cache through a planned failover and
 * through kill -9 of the primary. Part of the scenarios in scenarios.ts.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as EffectRedis from "../../src/EffectRedis.ts"
import { Address, type Client, RedisClient, Sentinel } from "../../src/index.ts"
import { isDrained, type Reader, type StoreLoad, storeLoad, verdictOf } from "../support/storeLoad.ts"
import type { Scenario } from "./scenarios.ts"
import { type Stage, until } from "./stage.ts"

const node: Sentinel.NodeOptions = { stallTimeout: "500 millis", connectTimeout: "1 second" }

/** The work on a client of its own, once all its kinds go on. */
const working = (stage: Stage) =>
  Effect.gen(function*() {
    const { redis, topology } = yield* stage.within(
      Effect.gen(function*() {
        const sentinel = yield* Sentinel.make({ sentinels: stage.sentinels, node })
        return { redis: yield* sentinel.primaryFor(stage.group), topology: yield* sentinel.topology(stage.group) }
      })
    )
    yield* until(
      Effect.map(
        topology.current,
        ({ sentinels }) => sentinels.filter((s) => s.isReachable).length === stage.sentinels.length
      )
    )
    const client = Layer.succeed(RedisClient.RedisClient, redis)
    const load = yield* storeLoad(
      EffectRedis.layer().pipe(Layer.provide(client)),
      EffectRedis.layerFailFast().pipe(Layer.provide(client)),
      stage.real ? "10 millis" : "100 millis"
    )
    yield* goesOn(load)
    const hasMoved = Effect.map(
      topology.current,
      ({ fence, primary }) => fence === undefined && primary !== undefined && Address.format(primary) !== stage.nodes[0]
    )
    return { redis, load, hasMoved }
  })

const goesOn = (load: StoreLoad) =>
  Effect.suspend(() => {
    const before = Object.values(load.times).map((times) => times.length)
    return until(Effect.sync(() => Object.values(load.times).every((times, i) => times.length > before[i]! + 10)))
  })

const readerOf = (redis: Client.PrimaryClient): Effect.Effect<Reader> =>
  Effect.map(Effect.context<never>(), (context) => {
    const run = Effect.runPromiseWith(context)
    return {
      get: (key) => run(redis.get(key)),
      mget: (keys) => run(redis.mget(keys)),
      lrange: (key) => run(redis.lrange(key, 0, -1)),
      hkeys: (key) => run(redis.hkeys(key))
    }
  })

const finished = (redis: Client.PrimaryClient, load: StoreLoad) =>
  Effect.gen(function*() {
    load.stop()
    yield* until(Effect.sync(() => load.pending() === 0))
    const reader = yield* readerOf(redis)
    return yield* Effect.promise(() => verdictOf(load, reader))
  })

/**
 * What users may be told in a planned failover: those of the fail-fast limiter that it took too long. On a busy machine
 * the reply to a write that was sent just before it may come too late to be believed.
 */
const mayBeTold = (stage: Stage) =>
  stage.real
    ? /: AmbiguousOutcome$|^limit: (?:DeadlineExceeded|ConnectionLost|ConnectFailed|PrimaryNotFound)$/
    : /^limit: (?:DeadlineExceeded|AmbiguousOutcome)$/

export const stores: Readonly<Record<string, Scenario>> = {
  "a planned failover under Effect's stores: nothing is lost or done twice, and only the limiter does not wait": (
    stage
  ) =>
    Effect.gen(function*() {
      const { hasMoved, load, redis } = yield* working(stage)
      yield* stage.failover
      yield* until(hasMoved)
      yield* goesOn(load)
      load.stop()
      yield* until(Effect.sync(() => isDrained(load)))
      const verdict = yield* finished(redis, load)
      assert.deepStrictEqual(verdict, {
        lost: 0,
        stuck: 0,
        doubled: 0,
        grantsLost: 0,
        grantsDoubled: 0,
        entriesLost: 0,
        hung: 0
      })
      assert.deepStrictEqual(Array.from(load.errors.keys()).filter((error) => !mayBeTold(stage).test(error)), [])
    }),

  "kill -9 of the primary under Effect's stores: all goes on, and what is ambiguous is told": (stage) =>
    Effect.gen(function*() {
      const { hasMoved, load, redis } = yield* working(stage)
      yield* stage.kill(stage.nodes[0]!)
      yield* until(hasMoved)
      yield* goesOn(load)
      load.stop()
      // What the dead primary had acknowledged last may be gone; what is there is handled, after the locks have expired.
      yield* until(Effect.map(redis.hlen("effectq:items:pending"), (n) => n === 0))
      yield* until(Effect.map(redis.llen("effectq:items"), (n) => n === 0))
      const { grantsDoubled, hung, stuck } = yield* finished(redis, load)
      assert.deepStrictEqual({ grantsDoubled, hung, stuck }, { grantsDoubled: 0, hung: 0, stuck: 0 })
      const known = /^\w+: (?:AmbiguousOutcome|DeadlineExceeded|ConnectionLost|ConnectFailed|PrimaryNotFound)$/
      assert.deepStrictEqual(Array.from(load.errors.keys()).filter((error) => !known.test(error)), [])
      // Items are offered again until they are acknowledged: their ids make that safe, so that nobody has to be told.
      assert.deepStrictEqual(Array.from(load.errors.keys()).filter((error) => error === "offer: AmbiguousOutcome"), [])
    })
}
