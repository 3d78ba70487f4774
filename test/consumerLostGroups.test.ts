/**
 * Groups that somebody deletes while several consumers work, and that one of them makes again: whoever knows that the
 * group was lost tells it, also if the one that has made it gets no reply, or stops.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { commands, Errors, RedisClient } from "../src/index.ts"
import { add, begin, clientReplacing, consume, runAbout, servers, until, whileTimePasses } from "./support/consumers.ts"
import { live, type Redis } from "./support/group.ts"

/** A client that does something about the replies of the commands that make a group. */
const making = (
  redis: Redis,
  about: <A>(reply: Effect.Effect<A, Errors.RedisError>) => Effect.Effect<A, Errors.RedisError>
): Redis =>
  clientReplacing(redis, {
    run: runAbout(redis, ({ spec: { name } }, reply) => name === "XGROUP CREATE" ? about(reply) : reply)
  })

/** A client that, once it is told to, loses the reply of the next command that makes a group. */
const losing = (redis: Redis) => {
  const state = { isDue: false, lost: 0 }
  return {
    state,
    redis: making(redis, (reply) =>
      Effect.flatMap(reply, (value) => {
        if (!state.isDue) return Effect.succeed(value)
        state.isDue = false
        state.lost++
        return Effect.fail(new Errors.AmbiguousOutcome({ command: "XGROUP CREATE", cause: "the reply is lost" }))
      }))
  }
}

/** A client that, once it is told to, gets the replies of the commands that make a group only when they are let go. */
const holding = (redis: Redis) => {
  const state = { isDue: false, held: 0 }
  const go = Deferred.makeUnsafe<void>()
  return {
    state,
    go: Deferred.succeed(go, undefined),
    redis: making(redis, (reply) =>
      Effect.tap(reply, () => {
        if (!state.isDue) return Effect.void
        state.held++
        return Deferred.await(go)
      }))
  }
}

/** A consumer that records the numbers of its entries. */
const recording = (redis: Redis, consumer: string, options: Parameters<typeof consume>[1] = {}) => {
  const seen: Array<number> = []
  return Effect.map(
    consume(
      redis,
      { consumer, inspectInterval: "100 millis", ...options },
      ({ value }) => Effect.sync(() => void seen.push(value.n))
    ),
    (running) => ({ ...running, seen })
  )
}

const groups = (redis: Redis) => Effect.orElseSucceed(redis.xinfoGroups("orders"), () => [])

const hasGroup = (redis: Redis) => Effect.map(groups(redis), (all) => all.length > 0)

const settled = (redis: Redis) => until(Effect.map(groups(redis), ([group]) => group?.pending === 0 && group.lag === 0))

describe.each(servers)("groups that are lost %s", (_, on) => {
  it.effect("are told by each consumer that misses them, once", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      const [first] = yield* whileTimePasses(add(redis, 1))
      const a = yield* recording(redis, "a")
      const b = yield* recording(redis, "b")
      yield* until(Effect.sync(() => a.seen.length + b.seen.length === 1))
      yield* whileTimePasses(Effect.sleep("1 second"))
      yield* whileTimePasses(redis.xgroupDestroy("orders", "g"))
      yield* whileTimePasses(Effect.sleep("1 second"))
      yield* whileTimePasses(add(redis, 1, 1))
      yield* until(Effect.sync(() => a.seen.length + b.seen.length === 2))
      yield* a.stop
      yield* b.stop
      const told = [{ _tag: "GroupRecreated", from: first, streamMissing: false }]
      assert.deepStrictEqual([a.told("GroupRecreated"), b.told("GroupRecreated")], [told, told])
    }).pipe(Effect.provide(live())))

  it.effect("are told by the others if the one that has made it again stops, and by that one as well", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 3))
      const held = holding(redis)
      const a = yield* recording(held.redis, "a")
      yield* until(Effect.sync(() => a.seen.length === 3))
      yield* whileTimePasses(Effect.sleep("1 second"))
      held.state.isDue = true
      yield* whileTimePasses(redis.xgroupDestroy("orders", "g"))
      yield* until(Effect.sync(() => held.state.held === 1))
      const b = yield* recording(redis, "b")
      const stopping = yield* Effect.forkScoped(a.interrupt)
      yield* whileTimePasses(Effect.sleep("500 millis"))
      assert.strictEqual(a.told("Stopped").length, 0)
      yield* held.go
      yield* whileTimePasses(Fiber.join(stopping))
      yield* settled(redis)
      yield* b.stop
      assert.strictEqual(a.told("GroupRecreated").length, 1)
      assert.strictEqual(b.told("GroupCreated").length + b.told("GroupRecreated").length, 0)
    }).pipe(Effect.provide(live())))

  it.effect("are told though the reply of the command that makes them again is lost", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      const ids = yield* whileTimePasses(add(redis, 3))
      const { redis: client, state } = losing(redis)
      const a = yield* recording(client, "a")
      yield* until(Effect.sync(() => a.seen.length === 3))
      yield* whileTimePasses(Effect.sleep("1 second"))
      state.isDue = true
      yield* whileTimePasses(redis.xgroupDestroy("orders", "g"))
      yield* whileTimePasses(Effect.sleep("2 seconds"))
      yield* a.stop
      assert.strictEqual(state.lost, 1)
      assert.deepStrictEqual(a.told("GroupRecreated"), [
        { _tag: "GroupRecreated", from: ids[2]!, streamMissing: false }
      ])
    }).pipe(Effect.provide(live())))

  it.effect("are told from where the group is, if another one has made it before the place", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 3))
      // What it looks at first is the group that another one has made: it knows less.
      const a = yield* recording(
        making(redis, (reply) => Effect.andThen(Effect.ignore(redis.xgroupCreate("orders", "g", "0-0")), reply)),
        "a"
      )
      yield* until(Effect.sync(() => a.seen.length === 3))
      yield* whileTimePasses(Effect.sleep("1 second"))
      yield* whileTimePasses(redis.xgroupDestroy("orders", "g"))
      yield* until(Effect.sync(() => a.told("GroupRecreated").length === 1))
      yield* settled(redis)
      yield* a.stop
      assert.deepStrictEqual(a.told("GroupRecreated"), [{ _tag: "GroupRecreated", from: "0-0", streamMissing: false }])
      assert.deepStrictEqual(a.seen, [0, 1, 2])
    }).pipe(Effect.provide(live())))

  it.effect("are told as made at the start, though the reply of the command that makes them is lost", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      const { redis: client, state } = losing(redis)
      state.isDue = true
      const a = yield* recording(client, "a")
      yield* until(Effect.sync(() => a.seen.length === 1))
      // One that starts when the group is there has not made it.
      const b = yield* recording(redis, "b")
      yield* whileTimePasses(Effect.sleep("1 second"))
      yield* a.stop
      yield* b.stop
      assert.strictEqual(state.lost, 1)
      assert.deepStrictEqual(a.told("GroupCreated"), [{ _tag: "GroupCreated", from: "0-0" }])
      assert.strictEqual(b.told("GroupCreated").length, 0)
    }).pipe(Effect.provide(live())))

  it.effect("are told by a consumer that stops before it has the reply", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(add(redis, 1))
      const held = holding(redis)
      held.state.isDue = true
      const a = yield* recording(held.redis, "a")
      yield* until(Effect.sync(() => held.state.held === 1))
      const stopping = yield* Effect.forkScoped(a.interrupt)
      yield* whileTimePasses(Effect.sleep("100 millis"))
      yield* held.go
      yield* whileTimePasses(Fiber.join(stopping))
      assert.isTrue(yield* whileTimePasses(hasGroup(redis)))
      assert.deepStrictEqual(a.events.map(({ _tag }) => _tag), ["GroupCreated", "Stopped"])
      assert.deepStrictEqual(a.seen, [])
    }).pipe(Effect.provide(live())))

  it.effect("do not keep a consumer from stopping if the reply does not come", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      const held = holding(redis)
      held.state.isDue = true
      const a = yield* recording(held.redis, "a")
      yield* until(Effect.sync(() => held.state.held === 1))
      yield* a.stop
      assert.deepStrictEqual(a.events.map(({ _tag }) => _tag), ["Stopped"])
    }).pipe(Effect.provide(live())))

  it.effect("with their stream are told by a consumer that finds both made again, and reads ids that come again", () =>
    Effect.gen(function*() {
      const redis = on(yield* RedisClient.RedisClient)
      yield* begin(redis)
      yield* whileTimePasses(Effect.forEach([1, 2, 3], (n) => redis.xadd("orders", `${n}-0`, { n })))
      let isDeleted = false
      const another = Effect.suspend(() => {
        if (!isDeleted) return Effect.void
        isDeleted = false
        return redis.pipeline([
          ...[1, 2].map((n) => commands.xadd("orders", `${n}-0`, { n })),
          commands.xgroupCreate("orders", "g", "0-0")
        ])
      })
      const a = yield* recording(
        clientReplacing(redis, {
          run: runAbout(
            redis,
            ({ spec: { name } }, reply) => name === "XINFO STREAM" ? Effect.andThen(another, reply) : reply
          )
        }),
        "a"
      )
      yield* until(Effect.sync(() => a.seen.length === 3))
      yield* whileTimePasses(Effect.sleep("1 second"))
      isDeleted = true
      yield* whileTimePasses(redis.del("orders"))
      yield* until(Effect.sync(() => a.told("GroupRecreated").length === 1))
      yield* settled(redis)
      yield* a.stop
      assert.deepStrictEqual(a.seen, [1, 2, 3, 1, 2])
      assert.deepStrictEqual(a.told("GroupRecreated"), [{ _tag: "GroupRecreated", from: "0-0", streamMissing: true }])
    }).pipe(Effect.provide(live())))
})
