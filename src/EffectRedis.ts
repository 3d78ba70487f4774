/**
 * Effect's stores on this library: a layer of Effect's `Redis` service, on which PersistedCache, RequestResolver.persisted,
 * PersistedQueue, DurableQueue, RateLimiter and CircuitBreaker run with no other change, and a `KeyValueStore`. They
 * follow the primary through a failover, as the client does.
 *
 * `effect/persistence` is unstable in Effect, so that this module may change with it. The main entry does not import it.
 *
 * **Example** (A queue and a rate limiter on a group of Sentinel)
 *
 * ```ts
 * import { Effect, Layer, Schema } from "effect"
 * import { RedisClient, Sentinel } from "effect-redis-sentinel"
 * import * as EffectRedis from "effect-redis-sentinel/EffectRedis"
 * import * as PersistedQueue from "effect/persistence/PersistedQueue"
 * import * as RateLimiter from "effect/persistence/RateLimiter"
 *
 * const client = RedisClient.layerPrimary("mymaster").pipe(
 *   Layer.provide(Sentinel.layer({ sentinels: ["localhost:26379"] }))
 * )
 *
 * const queues = PersistedQueue.layer.pipe(
 *   Layer.provide(PersistedQueue.layerStoreRedis()),
 *   Layer.provide(EffectRedis.layer())
 * )
 *
 * const limits = RateLimiter.layer.pipe(
 *   Layer.provide(RateLimiter.layerStoreRedis()),
 *   Layer.provide(EffectRedis.layerFailFast())
 * )
 *
 * export const live = Layer.merge(queues, limits).pipe(Layer.provide(client))
 *
 * export const program = Effect.gen(function*() {
 *   const limiter = yield* RateLimiter.RateLimiter
 *   yield* limiter.consume({ key: "user:1", limit: 10, window: "1 minute" })
 *   const mails = yield* PersistedQueue.make({ name: "mails", schema: Schema.String })
 *   yield* mails.offer("ada@example.com", { id: "welcome:1" })
 * }).pipe(Effect.provide(live))
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as KeyValueStoreModule from "effect/persistence/KeyValueStore"
import { KeyValueStore } from "effect/persistence/KeyValueStore"
import { Redis, type Script } from "effect/persistence/Redis"
import type { PrimaryClient } from "./Client.ts"
import type { DurationInput, TimeoutInput } from "./commands/options.ts"
import * as Errors from "./Errors.ts"
import { Check } from "./internal/client/checkOptions.ts"
import * as Store from "./internal/stores/keyValueStore.ts"
import { makeService, scriptProblem, type ServiceOptions } from "./internal/stores/service.ts"
import type { Gap } from "./PubSub.ts"
import { RedisClient } from "./RedisClient.ts"

/**
 * Options of Effect's `Redis` service.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The deadline of each command and script, with everything that happens in between, such as the wait for the end of a
   * failover; the time that a command may wait at the server is added. `"Infinity"` sets none. Default: the client's
   * `commandTimeout`.
   */
  readonly timeout?: TimeoutInput | undefined
  /**
   * Scripts of the application that may be sent again when their reply never came, besides those of Effect's stores:
   * two runs of them must have the effect of one. All others fail with `AmbiguousOutcome`. Default none.
   */
  readonly repeatable?: ReadonlyArray<Script<any>> | undefined
  /**
   * How many messages of a subscription may wait for its reader, at least 1. One more makes the queue of the subscription
   * fail with `SubscriptionOverflow`. Default 10,000.
   */
  readonly capacity?: number | undefined
  /**
   * Runs where messages of a subscription may be missing: after the connection was lost, or the group has moved. Default:
   * a warning in the log.
   */
  readonly onGap?: ((channel: string, gap: Gap) => Effect.Effect<unknown>) | undefined
}

const optionNames = ["timeout", "repeatable", "capacity", "onGap"]

const refuseOthers = (check: Check, fields: object, names: ReadonlyArray<string>): void => {
  if (Object.keys(fields).some((field) => !names.includes(field))) {
    check.fail("options", `unknown option; the options are ${names.join(", ")}`)
  }
}

const serviceOptionsOf = (given: Options | undefined): Effect.Effect<ServiceOptions, Errors.InvalidOption> =>
  Effect.suspend(() => {
    const check = new Check()
    const fields = check.fields<Options>("", given)
    refuseOthers(check, fields, optionNames)
    const timeout = check.timeout("timeout", fields.timeout)
    const repeatable = check.items("repeatable", fields.repeatable)
    repeatable.forEach((script, i) => {
      const problem = scriptProblem(script)
      if (problem !== undefined) check.fail(`repeatable[${i}]`, problem)
    })
    check.integer("capacity", fields.capacity, 1, Number.MAX_SAFE_INTEGER)
    check.function("onGap", fields.onGap)
    return Effect.as(check.result, {
      run: timeout === undefined ? undefined : { timeout },
      isRepeatable: (script) => repeatable.includes(script),
      capacity: fields.capacity,
      onGap: fields.onGap
    })
  })

/**
 * Makes Effect's `Redis` service on the client of the context, and lives as long as the client: when its Scope closes,
 * commands in flight fail, those of reserved connections too, and subscriptions end. Fails with `InvalidOption` if an
 * option is invalid.
 *
 * Every error is Effect's `RedisError`, with the error of this library as its `cause`; `errorOf` finds it again in the
 * errors of the stores. Commands that read are sent again when their reply never came. A write fails with
 * `AmbiguousOutcome` then, except for the scripts of Effect's stores that two runs of do no more than one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options?: Options | undefined
): Effect.Effect<Redis["Service"], Errors.InvalidOption, RedisClient> =>
  Effect.flatMap(
    serviceOptionsOf(options),
    (checked) => Effect.map(RedisClient, (redis) => makeService(redis, checked))
  )

/**
 * A Layer with Effect's `Redis` service on the client of the context. It opens no connection by itself. Fails with
 * `InvalidOption` if an option is invalid.
 *
 * A subscription returns once the server has acknowledged it. A script is sent by its SHA-1, and is loaded where a server
 * lacks it, also on the next primary after a failover.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options | undefined): Layer.Layer<Redis, Errors.InvalidOption, RedisClient> =>
  Layer.effect(Redis, make(options))

/**
 * `layer` with a `timeout` of 100 milliseconds, unless `options` have another one: for rate limiters and circuit
 * breakers, which must not keep their callers waiting for the end of a failover. A command that finds the primary gone, or
 * its writes held, fails after this time with `DeadlineExceeded`, and was not executed; with `AmbiguousOutcome`, if it
 * was sent and has no reply.
 *
 * **Example** (A limiter that lets everybody pass during a failover)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import * as EffectRedis from "effect-redis-sentinel/EffectRedis"
 * import * as RateLimiter from "effect/persistence/RateLimiter"
 *
 * export const limits = RateLimiter.layer.pipe(
 *   Layer.provide(RateLimiter.layerStoreRedis()),
 *   Layer.provide(EffectRedis.layerFailFast({ timeout: "50 millis" }))
 * )
 *
 * export const mayPass = Effect.gen(function*() {
 *   const limiter = yield* RateLimiter.RateLimiter
 *   yield* limiter.consume({ key: "user:1", limit: 10, window: "1 minute" })
 * }).pipe(
 *   Effect.catchReason("RateLimiterError", "RateLimitStoreError", () => Effect.void)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFailFast = (options?: Options | undefined): Layer.Layer<Redis, Errors.InvalidOption, RedisClient> =>
  Layer.effect(
    Redis,
    Effect.suspend(() => {
      const check = new Check()
      const fields = check.fields<Options>("", options)
      return Effect.andThen(check.result, make({ timeout: "100 millis", ...fields }))
    })
  )

/**
 * Options of a `KeyValueStore`.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeyValueStoreOptions {
  /**
   * What the keys of the entries begin with. It tells the store from everything else in the database, so it must not be
   * empty; no other prefix in use should begin with it. Default `"kv:"`.
   */
  readonly prefix?: string | undefined
  /** After what time an entry that was not set or modified again is gone; at least a millisecond. Default: never. */
  readonly timeToLive?: DurationInput | undefined
}

/**
 * Makes Effect's `KeyValueStore` on the client of the context. Fails with `InvalidOption` if an option is invalid.
 *
 * An entry is a string at the key `prefix` + key; values are stored as they are, text as UTF-8. `modify` and
 * `modifyUint8Array` are atomic: if the entry changes meanwhile, the function runs again with its new value, for the
 * client's `commandTimeout` at most. `keys`, `size`, `isEmpty`, `clear` and `clearPrefix` walk through the whole database
 * with SCAN, so that their time depends on everything in it; what is set or removed meanwhile may be counted, or cleared,
 * or not. Errors have the error of this library as their `cause`. `set`, `remove` and `modify` fail with
 * `AmbiguousOutcome` there if a reply never came.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeKeyValueStore = (
  options?: KeyValueStoreOptions | undefined
): Effect.Effect<KeyValueStoreModule.KeyValueStore, Errors.InvalidOption, RedisClient> =>
  Effect.flatMap(RedisClient, (redis: PrimaryClient) =>
    Effect.suspend(() => {
      const check = new Check()
      const fields = check.fields<KeyValueStoreOptions>("", options)
      refuseOthers(check, fields, ["prefix", "timeToLive"])
      const { prefix = "kv:" } = fields
      check.text("prefix", prefix, /^[^]+$/, "expected a string that is not empty")
      const timeToLive = check.duration("timeToLive", fields.timeToLive)
      return Effect.map(check.result, () => Store.makeKeyValueStore(redis, { prefix, timeToLive }))
    }))

/**
 * A Layer with Effect's `KeyValueStore` on the client of the context. It opens no connection by itself. Fails with
 * `InvalidOption` if an option is invalid.
 *
 * **Example** (Typed entries that expire)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import * as EffectRedis from "effect-redis-sentinel/EffectRedis"
 * import * as KeyValueStore from "effect/persistence/KeyValueStore"
 *
 * const User = Schema.Struct({ name: Schema.String })
 *
 * export const program = Effect.gen(function*() {
 *   const users = KeyValueStore.toSchemaStore(yield* KeyValueStore.KeyValueStore, User)
 *   yield* users.set("1", { name: "Ada" })
 *   return yield* users.get("1")
 * }).pipe(
 *   Effect.provide(EffectRedis.layerKeyValueStore({ prefix: "users:", timeToLive: "1 hour" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKeyValueStore = (
  options?: KeyValueStoreOptions | undefined
): Layer.Layer<KeyValueStoreModule.KeyValueStore, Errors.InvalidOption, RedisClient> =>
  Layer.effect(KeyValueStore, makeKeyValueStore(options))

const errorClasses = [
  Errors.PrimaryNotFound,
  Errors.ReplicaNotFound,
  Errors.ConnectFailed,
  Errors.ConnectionLost,
  Errors.AuthenticationFailed,
  Errors.RoleMismatch,
  Errors.ProtocolError,
  Errors.ReserveTimeout,
  Errors.QueueFull,
  Errors.ClientClosed,
  Errors.SentinelsIsolated,
  Errors.ReplyError,
  Errors.AmbiguousOutcome,
  Errors.DeadlineExceeded,
  Errors.TransactionAborted,
  Errors.ScanInterrupted,
  Errors.EpochPassed,
  Errors.InvalidCommand,
  Errors.UnexpectedReply,
  Errors.ValueMismatch,
  Errors.SubscriptionOverflow,
  Errors.LibraryConflict
] as const

/** How deep an error of a store may have the error of this library. */
const mostCauses = 8

/**
 * The error of this library in an error of Effect's `Redis` service or of one of the stores on it, such as
 * `RateLimiterError` or `PersistenceError`; undefined if there is none. It tells what became of the command: after
 * `AmbiguousOutcome` a write may have been executed; after `DeadlineExceeded` or a `ConnectionError` it was not.
 *
 * **Example** (Is the item in the queue?)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import * as EffectRedis from "effect-redis-sentinel/EffectRedis"
 * import * as PersistedQueue from "effect/persistence/PersistedQueue"
 *
 * export const program = Effect.gen(function*() {
 *   const mails = yield* PersistedQueue.make({ name: "mails", schema: Schema.String })
 *   yield* mails.offer("ada@example.com")
 * }).pipe(
 *   Effect.catchTag("PersistedQueueError", (error) =>
 *     EffectRedis.errorOf(error)?._tag === "AmbiguousOutcome"
 *       ? Effect.logWarning("the item may be in the queue")
 *       : Effect.logWarning("the item is not in the queue"))
 * )
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const errorOf = (error: unknown): Errors.RedisError | undefined => {
  let current = error
  for (let depth = 0; depth < mostCauses && typeof current === "object" && current !== null; depth++) {
    if (errorClasses.some((of) => current instanceof of)) return current as Errors.RedisError
    const { cause, reason } = current as { readonly cause?: unknown; readonly reason?: unknown }
    current = cause ?? reason
  }
  return undefined
}
