/**
 * A group in memory for tests of failovers: its clients, what they know of the
 * group, writers, and the fate of their writes.
 */
import { assert } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { type Errors, RedisClient, Sentinel } from "../../src/index.ts"
import * as Testing from "../../src/testing/index.ts"
import { failureOf } from "./exit.ts"
import { timePassing } from "./time.ts"

export const sentinels = ["10.0.1.1:26379", "10.0.1.2:26379", "10.0.1.3:26379"]

export type Redis = RedisClient.RedisClient["Service"]

/** A client of the primary of an existing deployment. */
export const clients = (options: Partial<Sentinel.Options> = {}) =>
  RedisClient.layerPrimary("mymaster").pipe(Layer.provideMerge(Sentinel.layer({ sentinels, ...options })))

/** The same, with its deployment. */
export const live = (options: Partial<Sentinel.Options> = {}, deployment: Testing.Options = {}) =>
  clients(options).pipe(Layer.provideMerge(Testing.layer(deployment)))

/** The same, with a client of the replicas. */
export const liveWithReplicas = (
  options: Partial<Sentinel.Options> = {},
  deployment: Testing.Options = {},
  replica: Sentinel.ReplicaOptions = {}
) =>
  Layer.merge(RedisClient.layerPrimary("mymaster"), RedisClient.layerReplica("mymaster", replica)).pipe(
    Layer.provideMerge(Sentinel.layer({ sentinels, ...options })),
    Layer.provideMerge(Testing.layer(deployment))
  )

/** What is known of the group. */
export const stateOf = Effect.gen(function*() {
  const sentinel = yield* Sentinel.Sentinel
  const topology = yield* sentinel.topology("mymaster")
  return yield* topology.current
}).pipe(Effect.scoped)

export const fenced = Effect.map(stateOf, (state) => state.fence !== undefined)

/** Waits until the failover has ended. */
export const moved = Effect.map(stateOf, (state) => state.epoch > 0 && state.fence === undefined)

/** The keys that a node does not have. */
export const missingAt = (address: string, keys: ReadonlyArray<string>) =>
  Effect.map(Testing.Deployment, (control) => keys.filter((key) => control.node(address).peek(key) === undefined))

/** The keys that the group's primary does not have. */
export const missing = (keys: ReadonlyArray<string>) =>
  Effect.flatMap(
    Testing.Deployment,
    (control) => Effect.flatMap(control.primary, (address) => missingAt(address, keys))
  )

/** Helpers that advance the test clock step by step. */
export const inSteps = (step: Duration.Input) => {
  const whileTimePasses = timePassing(step)

  /** Waits until a condition holds. */
  const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
    whileTimePasses(
      Effect.gen(function*() {
        while (!(yield* condition)) yield* Effect.sleep(step)
      })
    )

  /** A client that has written once, and is subscribed to every sentinel. */
  const ready = (redis: Redis) =>
    Effect.andThen(
      whileTimePasses(redis.set("a", "1")),
      until(Effect.map(stateOf, (s) => s.sentinels.length >= 3 && s.sentinels.every((x) => x.isReachable === true)))
    )

  /** Writes unique keys one after another on several fibers, until the test stops or finishes them. */
  const writing = (redis: Redis, writers: number, pause: Duration.Input = step) =>
    Effect.gen(function*() {
      let goesOn = true
      const acknowledged: Array<string> = []
      const failed: Array<Errors.RedisError> = []
      const fiber = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: writers }, (_, w) => w), (w) =>
          Effect.gen(function*() {
            for (let i = 0; goesOn; i++) {
              const key = `w${w}:${i}`
              const exit = yield* Effect.exit(redis.set(key, "1"))
              if (Exit.isSuccess(exit)) acknowledged.push(key)
              else failed.push(failureOf(exit))
              yield* Effect.sleep(pause)
            }
          }), { concurrency: "unbounded", discard: true }),
        { startImmediately: true }
      )
      const finish = Effect.suspend(() => {
        goesOn = false
        return whileTimePasses(Fiber.join(fiber))
      })
      return { acknowledged, failed, finish, stop: Fiber.interrupt(fiber) }
    })

  /** Starts a client in a deployment, which writes until a condition holds, and asserts that no acknowledged write is lost. */
  const bornWriter = <E, R>(condition: Effect.Effect<boolean, E, R>, rest: Duration.Input) =>
    Effect.gen(function*() {
      const writes = yield* writing(yield* RedisClient.RedisClient, 10)
      yield* until(condition)
      yield* whileTimePasses(Effect.sleep(rest))
      yield* writes.stop
      assert.isAbove(writes.acknowledged.length, 0)
      assert.deepStrictEqual(yield* missing(writes.acknowledged), [])
    })

  return { whileTimePasses, until, ready, writing, bornWriter }
}
