/**
 * Effect's stores and layers that connect at their start: calls that must not compile, and, beside them, some that
 * must. Each `@ts-expect-error` says what the compiler's error must contain, as in options.ts.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { KeyValueStore } from "effect/persistence/KeyValueStore"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Redis from "effect/persistence/Redis"
import * as EffectRedis from "../../src/EffectRedis.ts"
import { type Errors, RedisClient, Sentinel } from "../../src/index.ts"

const script = Redis.script((key: string) => [key], { numberOfKeys: 1, lua: "return 1" })

export const right: ReadonlyArray<Layer.Layer<Redis.Redis, Errors.InvalidOption, RedisClient.RedisClient>> = [
  EffectRedis.layer(),
  EffectRedis.layer({ timeout: "1 second", repeatable: [script], capacity: 10, onGap: () => Effect.void }),
  EffectRedis.layerFailFast({ timeout: "50 millis" })
]
export const w1: Layer.Layer<KeyValueStore, Errors.InvalidOption, RedisClient.RedisClient> = EffectRedis
  .layerKeyValueStore({ prefix: "a:", timeToLive: "1 minute" })
export const w2: Layer.Layer<PersistedQueue.PersistedQueueStore, Errors.InvalidOption, RedisClient.RedisClient> =
  PersistedQueue.layerStoreRedis().pipe(Layer.provide(EffectRedis.layer()))
export const w3: Layer.Layer<RedisClient.RedisClient, Errors.InvalidOption | Errors.RedisError, Sentinel.Sentinel> =
  RedisClient.layerPrimary("g").pipe(RedisClient.connectNow({ timeout: "5 seconds" }))
export const w4: Layer.Layer<RedisClient.RedisReplica, Errors.InvalidOption | Errors.RedisError, Sentinel.Sentinel> =
  RedisClient.layerReplica("g").pipe(RedisClient.connectNow())

// @ts-expect-error: Type 'number' is not assignable
export const e1 = EffectRedis.layer({ timeout: 100 })
// @ts-expect-error: 'retries' does not exist
export const e2 = EffectRedis.layer({ retries: 3 })
// @ts-expect-error: Type 'string' is not assignable
export const e3 = EffectRedis.layer({ repeatable: ["return 1"] })
// @ts-expect-error: 'ttl' does not exist
export const e4 = EffectRedis.layerKeyValueStore({ ttl: "1 minute" })
// @ts-expect-error: is not assignable to
export const e5 = Sentinel.layer({ sentinels: ["a"] }).pipe(RedisClient.connectNow())
