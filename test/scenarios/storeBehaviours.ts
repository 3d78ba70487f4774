/**
 * What Effect's stores do on this library, told once: effectStores.test.ts plays each in memory, and
 * integration/stores.test.ts on a real server. Each begins with an empty database.
 */
import { assert } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Persistable from "effect/persistence/Persistable"
import * as PersistedCache from "effect/persistence/PersistedCache"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Persistence from "effect/persistence/Persistence"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import * as RequestResolver from "effect/RequestResolver"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as DurableQueue from "effect/workflow/DurableQueue"
import * as Workflow from "effect/workflow/Workflow"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import * as EffectRedis from "../../src/EffectRedis.ts"
import { commands, RedisClient } from "../../src/index.ts"
import { failureOf } from "../support/exit.ts"

export type Behaviour = Effect.Effect<void, unknown, RedisClient.RedisClient | Scope.Scope>

const redisClient = RedisClient.RedisClient

class User extends Schema.Class<User>("User")({ id: Schema.String, name: Schema.String }) {}

class GetUser extends Persistable.Class<{ payload: { readonly id: string } }>()("GetUser", {
  primaryKey: ({ id }) => id,
  success: User,
  error: Schema.String
}) {}

class FindUser extends Persistable.Class<{ payload: { readonly id: string } }>()("FindUser", {
  primaryKey: ({ id }) => id,
  success: User
}) {}

const persistence = Persistence.layerRedis.pipe(Layer.provide(EffectRedis.layer()))

const queues = (options?: Parameters<typeof PersistedQueue.layerStoreRedis>[0]) =>
  PersistedQueue.layer.pipe(
    Layer.provideMerge(PersistedQueue.layerStoreRedis({ pollInterval: "20 millis", ...options })),
    Layer.provide(EffectRedis.layer())
  )

const limiter = RateLimiter.layer.pipe(
  Layer.provide(RateLimiter.layerStoreRedis()),
  Layer.provide(EffectRedis.layerFailFast({ timeout: "2 seconds" }))
)

const breaker = (options: Partial<Parameters<typeof CircuitBreaker.layer>[0]> = {}) =>
  CircuitBreaker.layer({ tripPolicy: CircuitBreaker.consecutive(2), openDuration: "100 millis", ...options }).pipe(
    Layer.provide(CircuitBreaker.layerStoreRedis({ probeLease: "1 second" })),
    Layer.provide(EffectRedis.layer())
  )

const until = <E, R>(condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.flatMap(condition, (yes) => yes ? Effect.void : Effect.andThen(Effect.sleep("10 millis"), until(condition)))

const numbers = PersistedQueue.make({
  name: "numbers",
  schema: Schema.Int,
  retrySchedule: Schedule.spaced("20 millis")
})

const keysLike = (pattern: string) =>
  Effect.flatMap(redisClient, (redis) => Effect.map(redis.keys(pattern), (keys) => keys.slice().sort()))

export const behaviours: Readonly<Record<string, Behaviour>> = {
  "Persistence: values and failures are stored, read alone and together, removed and cleared": Effect.gen(function*() {
    const store = yield* (yield* Persistence.Persistence).make({ storeId: "users" })
    const other = yield* (yield* Persistence.Persistence).make({ storeId: "others" })
    const [one, two, three] = ["1", "2", "3"].map((id) => new GetUser({ id }))
    const ada = new User({ id: "1", name: "Ada" })
    yield* store.set(one!, Exit.succeed(ada))
    yield* store.setMany([[two!, Exit.fail("gone")]])
    yield* other.set(one!, Exit.fail("not this one"))
    assert.deepStrictEqual(yield* store.get(one!), Exit.succeed(ada))
    assert.deepStrictEqual(yield* store.getMany([one!, two!, three!]), [
      Exit.succeed(ada),
      Exit.fail("gone"),
      undefined
    ])
    yield* store.remove(one!)
    assert.isUndefined(yield* store.get(one!))
    yield* store.clear
    assert.deepStrictEqual(yield* keysLike("*"), ["others:1"])
  }).pipe(Effect.provide(persistence)),

  "Persistence: entries expire, those of setMany too": Effect.gen(function*() {
    const store = yield* (yield* Persistence.Persistence).make({ storeId: "users", timeToLive: () => "1 second" })
    const [one, two] = ["1", "2"].map((id) => new GetUser({ id }))
    yield* store.set(one!, Exit.fail("a"))
    yield* store.setMany([[two!, Exit.fail("b")]])
    assert.deepStrictEqual(yield* keysLike("*"), ["users:1", "users:2"])
    yield* until(Effect.map(keysLike("*"), (keys) => keys.length === 0))
    assert.deepStrictEqual(yield* store.getMany([one!, two!]), [undefined, undefined])
  }).pipe(Effect.provide(persistence)),

  "PersistedCache: a value is looked up once for all instances, and again after it was invalidated": Effect.gen(
    function*() {
      let lookups = 0
      const make = PersistedCache.make(
        (key: GetUser) => Effect.sync(() => new User({ id: key.id, name: `user ${++lookups}` })),
        { storeId: "cache", timeToLive: () => "1 minute" }
      )
      const here = yield* make
      const there = yield* make
      const key = new GetUser({ id: "1" })
      assert.strictEqual((yield* here.get(key)).name, "user 1")
      assert.strictEqual((yield* there.get(key)).name, "user 1")
      assert.strictEqual(lookups, 1)
      yield* here.invalidate(key)
      assert.strictEqual((yield* here.get(key)).name, "user 2")
    }
  ).pipe(Effect.provide(persistence)),

  "RequestResolver.persisted: requests that are stored are not resolved again": Effect.gen(function*() {
    let resolved = 0
    const make = RequestResolver.fromFunctionBatched<FindUser>((entries) =>
      entries.map(({ request }) => new User({ id: request.id, name: `user ${++resolved}` }))
    ).pipe(RequestResolver.persisted({ storeId: "requests", timeToLive: () => "1 minute" }))
    const ask = (resolver: Effect.Success<typeof make>, ids: ReadonlyArray<string>) =>
      Effect.forEach(ids, (id) => Effect.request(new FindUser({ id }), resolver), { concurrency: "unbounded" })
    yield* ask(yield* make, ["1", "2"])
    const again = yield* ask(yield* make, ["1", "2", "3"])
    assert.deepStrictEqual(again.map(({ name }) => name), ["user 1", "user 2", "user 3"])
    assert.strictEqual(resolved, 3)
  }).pipe(Effect.provide(persistence)),

  "PersistedQueue: items come in order, once for each id, and two takers share them": Effect.gen(function*() {
    const queue = yield* numbers
    for (let n = 0; n < 10; n++) yield* queue.offer(n, { id: `n:${n % 8}` })
    yield* queue.offer(8)
    const taken: Array<number> = []
    const take = queue.take((n, { attempts }) => Effect.sync(() => void taken.push(attempts === 1 ? n : -1)))
    yield* Effect.forkScoped(Effect.forever(take))
    yield* Effect.forkScoped(Effect.forever(take))
    yield* until(Effect.sync(() => taken.length >= 9))
    assert.deepStrictEqual(taken.slice().sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8])
    // A finished item is not added again either.
    yield* queue.offer(99, { id: "n:1" })
    yield* queue.offer(9)
    yield* until(Effect.sync(() => taken.length >= 10))
    assert.isFalse(taken.includes(99))
  }).pipe(Effect.provide(queues())),

  "PersistedQueue: an item whose handler fails comes again, and ends among the failed ones": Effect.gen(function*() {
    const queue = yield* PersistedQueue.make({
      name: "numbers",
      schema: Schema.Int,
      maxAttempts: 3,
      retrySchedule: Schedule.spaced("20 millis")
    })
    yield* queue.offer(1, { id: "one" })
    const attempts: Array<number> = []
    yield* Effect.forkScoped(Effect.forever(Effect.ignore(
      queue.take((_, metadata) =>
        Effect.andThen(Effect.sync(() => void attempts.push(metadata.attempts)), Effect.fail("no"))
      )
    )))
    const redis = yield* redisClient
    yield* until(Effect.map(redis.llen("effectq:numbers:failed"), (n) => n === 1))
    assert.deepStrictEqual(attempts, [1, 2, 3])
    assert.match((yield* redis.lindex("effectq:numbers:failed", 0))!, /"id":"one".*"attempts":3/)
  }).pipe(Effect.provide(queues())),

  "PersistedQueue: a delayed item waits; one whose handler is interrupted goes back and counts no attempt": Effect.gen(
    function*() {
      const queue = yield* numbers
      yield* queue.offer(2, { delay: "200 millis" })
      yield* queue.offer(3, { delay: "200 millis", id: "three" })
      yield* queue.offer(1)
      const begun = yield* Queue.unbounded<number>()
      const first = yield* Effect.forkScoped(queue.take((n) => Effect.andThen(Queue.offer(begun, n), Effect.never)))
      assert.strictEqual(yield* Queue.take(begun), 1)
      yield* Fiber.interrupt(first)
      const seen: Array<readonly [number, number]> = []
      for (let i = 0; i < 3; i++) {
        yield* queue.take((n, { attempts }) => Effect.sync(() => void seen.push([n, attempts])))
      }
      assert.deepStrictEqual(seen.slice().sort(), [[1, 1], [2, 1], [3, 1]])
    }
  ).pipe(Effect.provide(queues())),

  "PersistedQueue: what a taker that is gone had is taken over, and finished ids are cleaned up": Effect.gen(
    function*() {
      const redis = yield* redisClient
      const queue = yield* numbers
      const store = yield* PersistedQueue.PersistedQueueStore
      yield* queue.offer(1, { id: "one" })
      // A taker whose process died: it holds a claim that nobody renews.
      yield* redis.lpop("effectq:numbers")
      yield* redis.hset("effectq:numbers:pending", { one: JSON.stringify({ id: "one", element: 1 }) })
      yield* redis.hset("effectq:numbers:owners", { one: "effectq:lock:gone:1" })
      assert.strictEqual(yield* queue.take(Effect.succeed), 1)
      yield* until(Effect.map(redis.zscore("effectq:numbers:ids", "one"), (score) => score !== Infinity))
      yield* Effect.sleep("20 millis")
      yield* store.cleanup({ timeToLive: Duration.millis(1), failedTimeToLive: Duration.millis(1) })
      assert.strictEqual(yield* redis.exists("effectq:numbers:ids"), 0)
    }
  ).pipe(Effect.provide(queues({ lockRefreshInterval: "50 millis", lockExpiration: "10 seconds" }))),

  "DurableQueue: a workflow waits for its worker": Effect.gen(function*() {
    const calls = DurableQueue.make({
      name: "calls",
      payload: { id: Schema.String },
      success: Schema.String,
      idempotencyKey: ({ id }) => id
    })
    const workflow = Workflow.make("calling", {
      payload: { id: Schema.String },
      success: Schema.String,
      idempotencyKey: ({ id }) => id
    })
    const live = Layer.mergeAll(
      workflow.toLayer(({ id }) => DurableQueue.process(calls, { id })),
      DurableQueue.worker(calls, ({ id }) => Effect.succeed(`called ${id}`), { concurrency: 2 })
    ).pipe(Layer.provideMerge(queues()), Layer.provideMerge(WorkflowEngine.layerMemory))
    assert.strictEqual(yield* Effect.provide(workflow.execute({ id: "1" }), live), "called 1")
  }),

  "RateLimiter: a fixed window, and a bucket that fills": Effect.gen(function*() {
    const limits = yield* RateLimiter.RateLimiter
    const isRefused = (options: Parameters<typeof limits.consume>[0]) =>
      Effect.map(
        Effect.result(limits.consume(options)),
        (result) => result._tag === "Failure" && result.failure.reason._tag === "RateLimitExceeded"
      )
    const window = { key: "window", limit: 3, window: "1 hour" } as const
    for (let i = 2; i >= 0; i--) assert.strictEqual((yield* limits.consume(window)).remaining, i)
    assert.isTrue(yield* isRefused(window))
    const short = { key: "short", limit: 1, window: "100 millis" } as const
    yield* limits.consume(short)
    yield* until(Effect.map(isRefused(short), (refused) => !refused))
    const bucket = { key: "bucket", limit: 2, window: "1 hour", algorithm: "token-bucket" } as const
    yield* limits.consume(bucket)
    yield* limits.consume(bucket)
    assert.isTrue(yield* isRefused(bucket))
    const quick = { key: "quick", limit: 1, window: "100 millis", algorithm: "token-bucket" } as const
    yield* limits.consume(quick)
    yield* until(Effect.map(isRefused(quick), (refused) => !refused))
    const delayed = yield* limits.consume({ ...bucket, tokens: 2, onExceeded: "delay" })
    assert.isAbove(Duration.toMillis(delayed.delay), 0)
  }).pipe(Effect.provide(limiter)),

  "RateLimiter: an adaptive limit learns from refusals": Effect.gen(function*() {
    const limits = yield* RateLimiter.RateLimiter
    const key = "api"
    const consume = limits.adaptiveConsume({ key, tokens: 1, fallbackLimit: 10, fallbackWindow: Duration.seconds(1) })
    assert.strictEqual((yield* consume).phase, "inactive")
    const held = { key: "held", tokens: 1, fallbackLimit: 10, fallbackWindow: Duration.seconds(1) }
    yield* limits.adaptiveFeedback({ key: "held", epoch: 0, tokens: 1, status: 429, retryAfter: Duration.minutes(1) })
    assert.strictEqual((yield* limits.adaptiveConsume(held)).phase, "cooldown")
    yield* limits.adaptiveFeedback({ key, epoch: 0, tokens: 1, status: 429, retryAfter: Duration.millis(100) })
    yield* Effect.sleep("120 millis")
    const learning = yield* consume
    assert.strictEqual(learning.phase, "learning")
    yield* consume
    yield* limits.adaptiveFeedback(
      { key, epoch: learning.epoch, tokens: 1, status: 429, retryAfter: Duration.millis(100) }
    )
    const learned = yield* consume
    assert.strictEqual(learned.phase, "learned")
    assert.strictEqual(learned.epoch, learning.epoch + 1)
  }).pipe(Effect.provide(limiter)),

  "CircuitBreaker: failures of one instance open it for the other, one probe closes it": Effect.gen(function*() {
    const here = yield* Effect.provide(CircuitBreaker.CircuitBreaker, breaker())
    const there = yield* Effect.provide(CircuitBreaker.CircuitBreaker, Layer.fresh(breaker()))
    const long = yield* Effect.provide(CircuitBreaker.CircuitBreaker, breaker({ openDuration: "1 minute" }))
    const open = { key: "open" }
    for (let i = 0; i < 2; i++) yield* long.execute(Effect.fail("no"), open).pipe(Effect.ignore)
    assert.strictEqual((yield* there.state("open"))._tag, "Open")
    assert.strictEqual(failureOf(yield* Effect.exit(there.execute(Effect.void, open))).reason._tag, "CircuitOpen")
    const options = { key: "api" }
    yield* here.execute(Effect.fail("no"), options).pipe(Effect.ignore)
    assert.strictEqual((yield* there.state("api"))._tag, "Closed")
    yield* here.execute(Effect.fail("no"), options).pipe(Effect.ignore)
    yield* Effect.sleep("120 millis")
    const done = yield* Latch.make()
    const probe = yield* Effect.forkScoped(there.execute(Effect.sleep("50 millis"), options), {
      startImmediately: true
    })
    yield* until(Effect.map(here.state("api"), (state) => state._tag === "HalfOpen"))
    assert.strictEqual(failureOf(yield* Effect.exit(here.execute(Effect.void, options))).reason._tag, "CircuitHalfOpen")
    yield* done.open
    yield* Fiber.join(probe)
    assert.strictEqual((yield* here.state("api"))._tag, "Closed")
  }).pipe(Effect.scoped),

  "KeyValueStore: text and bytes, keys with any characters, and only its own keys": Effect.gen(function*() {
    const redis = yield* redisClient
    const store = yield* KeyValueStore.KeyValueStore
    yield* redis.set("other", "1")
    yield* redis.set("a*?b", "1")
    yield* redis.rpush("a*?[x]:list", "1")
    assert.isTrue(yield* store.isEmpty)
    const bytes = Uint8Array.of(0, 255, 13, 10)
    yield* store.set("text", "grüße")
    yield* store.set("bytes", bytes)
    yield* store.set("*", "star")
    assert.strictEqual(yield* store.get("text"), "grüße")
    assert.deepStrictEqual(Array.from((yield* store.getUint8Array("bytes"))!), Array.from(bytes))
    assert.strictEqual(yield* store.get("none"), undefined)
    assert.strictEqual(yield* store.getUint8Array("none"), undefined)
    const notText = failureOf(yield* Effect.exit(store.get("bytes")))
    assert.deepStrictEqual([notText.method, notText.key], ["get", "bytes"])
    assert.deepStrictEqual((yield* store.keys).slice().sort(), ["*", "bytes", "text"])
    assert.strictEqual(yield* store.size, 3)
    assert.isFalse(yield* store.isEmpty)
    assert.deepStrictEqual([yield* store.has("*"), yield* store.has("none")], [true, false])
    yield* store.clearPrefix("*")
    assert.deepStrictEqual((yield* store.keys).slice().sort(), ["bytes", "text"])
    yield* store.remove("text")
    assert.strictEqual(yield* store.size, 1)
    yield* store.clear
    assert.deepStrictEqual(yield* keysLike("*"), ["a*?[x]:list", "a*?b", "other"])
  }).pipe(Effect.provide(EffectRedis.layerKeyValueStore({ prefix: "a*?[x]:" }))),

  "KeyValueStore: many keys are found once each, and all are cleared": Effect.gen(function*() {
    const redis = yield* redisClient
    const store = yield* KeyValueStore.KeyValueStore
    yield* redis.pipeline(Array.from({ length: 2500 }, (_, i) => commands.set(`kv:${i}`, "1")))
    assert.strictEqual(yield* store.size, 2500)
    assert.strictEqual(new Set(yield* store.keys).size, 2500)
    yield* store.clear
    assert.strictEqual(yield* redis.dbsize(), 0)
  }).pipe(Effect.provide(EffectRedis.layerKeyValueStore())),

  "KeyValueStore: no change is lost where many modify one entry, and expiries are kept": Effect.gen(function*() {
    const redis = yield* redisClient
    const store = yield* KeyValueStore.KeyValueStore
    assert.strictEqual(yield* store.modify("n", (n) => `${Number(n) + 1}`), undefined)
    yield* store.set("n", "0")
    yield* redis.expire("kv:n", "1 hour")
    yield* Effect.all(
      Array.from({ length: 20 }, () => store.modify("n", (n) => `${Number(n) + 1}`)),
      { concurrency: "unbounded" }
    )
    assert.strictEqual(yield* store.get("n"), "20")
    assert.isAbove(Duration.toMillis((yield* redis.ttl("kv:n"))!), 3_000_000)
    const bytes = yield* store.modifyUint8Array("n", (n) => Uint8Array.of(...n, 0))
    assert.deepStrictEqual(Array.from(bytes!), [50, 48, 0])
  }).pipe(Effect.provide(EffectRedis.layerKeyValueStore())),

  "KeyValueStore: entries expire after timeToLive, and modify starts it again": Effect.gen(function*() {
    const redis = yield* redisClient
    const store = yield* KeyValueStore.KeyValueStore
    yield* store.set("n", "0")
    yield* redis.pexpire("kv:n", "1 hour")
    yield* store.modify("n", () => "1")
    yield* until(Effect.map(store.get("n"), (value) => value === undefined))
  }).pipe(Effect.provide(EffectRedis.layerKeyValueStore({ timeToLive: "500 millis" }))),

  "Redis: replies have the shapes of RESP2, and errors the error of this library": Effect.gen(function*() {
    const redis = yield* Redis.Redis
    yield* redis.send("HSET", "h", "a", "1")
    assert.deepStrictEqual(yield* redis.send("hgetall", "h"), ["a", "1"])
    assert.strictEqual(yield* redis.send("GET", "none"), null)
    assert.strictEqual(yield* redis.send("DBSIZE"), 1)
    const error = failureOf(yield* Effect.exit(redis.send("INCR", "h")))
    assert.strictEqual(error._tag, "RedisError")
    assert.strictEqual(EffectRedis.errorOf(error)?._tag, "ReplyError")
    assert.strictEqual(EffectRedis.errorOf(failureOf(yield* Effect.exit(redis.send(""))))?._tag, "InvalidCommand")
    const echo = Redis.script((...args: ReadonlyArray<unknown>) => args, {
      numberOfKeys: 1,
      lua: "return { KEYS[1], ARGV[1], 3.7, false, true, { ok = 'fine' } }"
    }).withReturnType<unknown>()
    assert.deepStrictEqual(yield* redis.eval(echo)("k", 1), ["k", "1", 3, null, 1, "fine"])
  }).pipe(Effect.provide(EffectRedis.layer())),

  "Redis: a reserved connection waits, runs scripts, and goes back": Effect.gen(function*() {
    const redis = yield* Redis.Redis
    const length = Redis.script((key: string) => [key], { numberOfKeys: 1, lua: "return redis.call('LLEN', KEYS[1])" })
      .withReturnType<number>()
    yield* Effect.gen(function*() {
      const connection = yield* redis.reserve
      const id = yield* connection.send<number>("CLIENT", "ID")
      const popped = yield* Effect.forkScoped(connection.send("BLPOP", "list", "5"), { startImmediately: true })
      yield* redis.send("RPUSH", "list", "a", "b")
      assert.deepStrictEqual(yield* Fiber.join(popped), ["list", "a"])
      assert.strictEqual(yield* connection.eval(length)("list"), 1)
      assert.strictEqual(yield* connection.send("CLIENT", "ID"), id)
    }).pipe(Effect.scoped)
  }).pipe(Effect.provide(EffectRedis.layer())),

  "Redis: a subscription has every message from its return on": Effect.gen(function*() {
    const redis = yield* Redis.Redis
    const messages = yield* redis.subscribe("news")
    const count = 1000
    yield* Effect.forkScoped(Effect.forEach(
      Array.from({ length: count }, (_, i) => i),
      (i) => redis.send("PUBLISH", "news", String(i)),
      { concurrency: 50, discard: true }
    ))
    const seen = new Set<string>()
    for (let i = 0; i < count; i++) {
      const { channel, message } = yield* Queue.take(messages)
      assert.strictEqual(channel, "news")
      seen.add(message)
    }
    assert.strictEqual(seen.size, count)
  }).pipe(Effect.provide(EffectRedis.layer()))
}
