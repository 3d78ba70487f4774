/**
 * Effect's `Redis` service and `KeyValueStore` on this library where something goes wrong: what is sent again and what
 * is not, what waits for a failover and for how long, what is told, and what is left when a Scope closes.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Persistence from "effect/persistence/Persistence"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import * as EffectRedis from "../src/EffectRedis.ts"
import { commands, Connector, Errors, RedisClient, Sentinel } from "../src/index.ts"
import { sha1Of } from "../src/internal/scripts/sha1.ts"
import { knownScripts } from "../src/internal/stores/knownScripts.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { fenced, inSteps, live as group } from "./support/group.ts"
import { clientOf, store, type Verdict } from "./support/store.ts"
import { assertConventional, attributesOf, Recorder } from "./support/telemetry.ts"
import { timePassing } from "./support/time.ts"

const whileTimePasses = timePassing("5 millis")
const quiet = Effect.provideService(References.MinimumLogLevel, "None")

/** The scripts that Effect's stores have. */
const storeScripts = Effect.gen(function*() {
  const scripts: Array<Redis.Script<any>> = []
  const recording = Layer.succeed(
    Redis.Redis,
    Redis.Redis.of({
      send: () => Effect.never,
      subscribe: () => Effect.never,
      reserve: Effect.never,
      eval: (script) => {
        scripts.push(script)
        return () => Effect.never
      }
    })
  )
  yield* Layer.build(
    Layer.mergeAll(
      Persistence.layerBackingRedis,
      PersistedQueue.layerStoreRedis(),
      RateLimiter.layerStoreRedis(),
      CircuitBreaker.layerStoreRedis()
    ).pipe(Layer.provide(recording))
  )
  return scripts
})

/** Effect's service on a server that answers by a rule. */
const serviceOn = (
  rule: (command: string, nth: number, connection: number) => Verdict,
  options?: EffectRedis.Options,
  node?: Sentinel.NodeOptions
) =>
  Effect.gen(function*() {
    const server = store(rule)
    const redis = yield* clientOf(server, node)
    const service = yield* Effect.provideService(EffectRedis.make(options), RedisClient.RedisClient, redis)
    return { server, redis, service }
  })

const own = Redis.script((key: string) => [key], { numberOfKeys: 1, lua: "return redis.call('INCR', KEYS[1])" })
  .withReturnType<number>()

const address = "10.0.0.1:6379"
const alone = Testing.layer({ replicas: 0, sentinels: 0 })

describe("the scripts of Effect's stores", () => {
  it.effect("are known, each and no other, and the documentation has a reason for each", () =>
    Effect.gen(function*() {
      const found = new Set((yield* storeScripts).map(({ lua }) => sha1Of(lua)))
      assert.deepStrictEqual(Array.from(found).sort(), Array.from(knownScripts.keys()).sort())
      const page = readFileSync(Path.join(import.meta.dirname, "../docs/stores.md"), "utf8")
      const answers = { read: "read", repeatable: "yes", once: "no" } as const
      for (const { kind, name } of knownScripts.values()) {
        const line = page.split("\n").find((line) => line.startsWith(`| ${name} |`))
        assert.match(line ?? `${name} is missing`, new RegExp(`^\\| ${name} \\| ${answers[kind]} \\| .{20,} \\|$`))
      }
    }))

  it.effect("are sent again when their reply is lost if two runs do no more than one; the others are ambiguous", () =>
    Effect.gen(function*() {
      const outcomes = new Map<string, string>()
      for (const script of yield* storeScripts) {
        let sent = 0
        const { redis, service } = yield* serviceOn((command) =>
          command.startsWith("EVALSHA") ? sent++ === 0 ? "CLOSE" : ":1\r\n" : undefined
        )
        yield* redis.get("a")
        // Only the text matters here.
        const bare = Object.assign(Object.create(script), { params: () => ["k"], numberOfKeys: () => 1 })
        const exit = yield* Effect.exit(whileTimePasses(service.eval(bare)()))
        const name = knownScripts.get(sha1Of(script.lua))!.name
        const error = Exit.isFailure(exit) ? EffectRedis.errorOf(Cause.squash(exit.cause)) : undefined
        outcomes.set(name, error === undefined ? `sent ${sent} times` : `${error._tag}, sent ${sent} times`)
        if (error?._tag === "AmbiguousOutcome") assert.strictEqual(error.command, `EVALSHA (${name})`)
      }
      const expected = new Map(Array.from(knownScripts.values(), ({ kind, name }) => [
        name,
        kind === "once" ? "AmbiguousOutcome, sent 1 times" : "sent 2 times"
      ]))
      assert.deepStrictEqual(new Map([...outcomes].sort()), new Map([...expected].sort()))
    }))

  it.effect("an unknown script is ambiguous, unless it is among the repeatable ones", () =>
    Effect.gen(function*() {
      for (const [repeatable, expected] of [[[], "AmbiguousOutcome"], [[own], 7]] as const) {
        let sent = 0
        const { redis, service } = yield* serviceOn(
          (command) => command.startsWith("EVALSHA") ? sent++ === 0 ? "CLOSE" : ":7\r\n" : undefined,
          { repeatable }
        )
        yield* redis.get("a")
        const exit = yield* Effect.exit(whileTimePasses(service.eval(own)("n")))
        assert.strictEqual(
          Exit.isSuccess(exit) ? exit.value : EffectRedis.errorOf(failureOf(exit))?._tag,
          expected
        )
      }
    }))

  it.effect("have their names in spans, and those without a name their SHA-1", () =>
    Effect.gen(function*() {
      const { service } = yield* serviceOn((command) => command.startsWith("EVALSHA") ? ":1\r\n" : undefined)
      const recorder = new Recorder()
      const offer = (yield* storeScripts).find(({ lua }) =>
        knownScripts.get(sha1Of(lua))!.name === "PersistedQueue offer"
      )
      const bare = Object.assign(Object.create(offer!), { params: () => ["k"], numberOfKeys: () => 1 })
      yield* recorder.during(Effect.andThen(service.eval(bare)(), service.eval(own)("n")))
      assert.deepStrictEqual(
        recorder.named("EVALSHA").map((span) => attributesOf(span)["db.stored_procedure.name"]),
        ["PersistedQueue offer", sha1Of(own.lua)]
      )
      for (const span of recorder.spans) assertConventional(span)
    }))

  it.effect("go out with their SHA-1, and are loaded where the server lacks them", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.make({ address }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const service = yield* Effect.provideService(EffectRedis.make(), RedisClient.RedisClient, redis)
      const calls = Effect.map(
        redis.send("INFO", "commandstats"),
        (text) => Number(/^cmdstat_script\|load:calls=(\d+)/m.exec(String(text))?.[1] ?? 0)
      )
      for (let i = 1; i <= 3; i++) assert.strictEqual(yield* service.eval(own)("n"), i)
      assert.strictEqual(yield* calls, 1)
      yield* redis.scriptFlush()
      assert.strictEqual(yield* service.eval(own)("n"), 4)
      assert.strictEqual(yield* calls, 2)
    }).pipe(Effect.provide(alone)))

  it.effect("a script whose parameters do not fit is not sent", () =>
    Effect.gen(function*() {
      const { server, service } = yield* serviceOn(() => undefined)
      const wrong = Redis.script((key: string) => [key], { numberOfKeys: 2, lua: "return 1" })
      const error = EffectRedis.errorOf(failureOf(yield* Effect.exit(service.eval(wrong)("k"))))
      assert.strictEqual(error?._tag, "InvalidCommand")
      assert.include(error!.message, "numberOfKeys")
      assert.deepStrictEqual(server.received, [])
    }))
})

describe("commands by their names", () => {
  it.effect("that read are sent again when their reply is lost; those that write are ambiguous", () =>
    Effect.gen(function*() {
      for (
        const [name, args, expected] of [
          ["mget", ["a", "b"], "sent 2 times"],
          ["GET", ["a"], "sent 2 times"],
          ["SCAN", ["0", "MATCH", "a*", "COUNT", "100"], "sent 2 times"],
          ["SET", ["a", "1"], "AmbiguousOutcome, sent 1 times"],
          ["RPUSH", ["a", "1"], "AmbiguousOutcome, sent 1 times"],
          ["DEL", ["a"], "AmbiguousOutcome, sent 1 times"]
        ] as const
      ) {
        let sent = 0
        const { redis, service } = yield* serviceOn((command) =>
          command.startsWith(`${name} `) ? sent++ === 0 ? "CLOSE" : ":1\r\n" : undefined
        )
        yield* redis.incr("n")
        const exit = yield* Effect.exit(whileTimePasses(service.send(name, ...args)))
        const error = Exit.isFailure(exit) ? EffectRedis.errorOf(failureOf(exit))?._tag : undefined
        assert.strictEqual(`${error === undefined ? "" : `${error}, `}sent ${sent} times`, expected, name)
      }
    }))

  it.effect("that no connection may send are refused, and nothing of them is in the error", () =>
    Effect.gen(function*() {
      const { service } = yield* serviceOn(() => undefined)
      for (const [name, ...args] of [["SUBSCRIBE", "secret"], ["SELECT", "secret"], ["", "secret"]]) {
        const error = EffectRedis.errorOf(failureOf(yield* Effect.exit(service.send(name!, ...args))))
        assert.strictEqual(error?._tag, "InvalidCommand", name)
        assert.notInclude(String(error), "secret")
      }
    }))
})

describe("a failover", () => {
  const { ready, until, whileTimePasses } = inSteps("5 millis")

  it.effect("keeps a queue waiting, and a limiter and a breaker for no longer than their timeout", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      yield* ready(yield* RedisClient.RedisClient)
      const limiter = yield* Effect.provide(
        RateLimiter.RateLimiter,
        RateLimiter.layer.pipe(
          Layer.provide(RateLimiter.layerStoreRedis()),
          Layer.provide(EffectRedis.layerFailFast())
        )
      )
      const breaker = yield* Effect.provide(
        CircuitBreaker.CircuitBreaker,
        CircuitBreaker.layer({
          tripPolicy: CircuitBreaker.consecutive(3),
          openDuration: "1 second",
          onStoreError: "fail"
        })
          .pipe(
            Layer.provide(CircuitBreaker.layerStoreRedis()),
            Layer.provide(EffectRedis.layerFailFast({ timeout: "50 millis" }))
          )
      )
      const queue = yield* Effect.provide(
        PersistedQueue.make({ name: "q", schema: Schema.Int }),
        PersistedQueue.layer.pipe(Layer.provide(PersistedQueue.layerStoreRedis()), Layer.provide(EffectRedis.layer()))
      )
      yield* control.failover
      yield* until(fenced)
      const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.gen(function*() {
          const began = yield* Clock.currentTimeMillis
          const exit = yield* Effect.exit(effect)
          return { exit, millis: (yield* Clock.currentTimeMillis) - began }
        })
      const [limited, broken, offered] = yield* whileTimePasses(Effect.all([
        timed(limiter.consume({ key: "k", limit: 5, window: "1 minute" })),
        timed(breaker.execute(Effect.void, { key: "k" })),
        timed(queue.offer(1))
      ], { concurrency: "unbounded" }))
      const told = EffectRedis.errorOf(failureOf(limited.exit))
      assert.strictEqual(told?._tag, "DeadlineExceeded")
      assert.include(told!.message, "wait for the end of a failover")
      assert.isAtMost(limited.millis, 110)
      assert.strictEqual(EffectRedis.errorOf(failureOf(broken.exit))?._tag, "DeadlineExceeded")
      assert.isAtMost(broken.millis, 60)
      assert.isTrue(Exit.isSuccess(offered.exit))
      assert.isAbove(offered.millis, 200)
      // What failed fast was not executed later either.
      const redis = yield* RedisClient.RedisClient
      assert.strictEqual(yield* redis.exists("ratelimiter:k"), 0)
    }).pipe(Effect.scoped, Effect.provide(group())))

  it.effect("ends no subscription: it returns once acknowledged, goes on at the next primary, and tells the gap", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const gaps: Array<string> = []
      const service = yield* EffectRedis.make({
        onGap: (channel, gap) => Effect.sync(() => void gaps.push(`${channel}: ${gap.reason}`))
      })
      const messages = yield* service.subscribe("news")
      assert.strictEqual(yield* service.send<number>("PUBLISH", "news", "1"), 1)
      assert.deepStrictEqual(yield* Queue.take(messages), { channel: "news", message: "1" })
      const old = yield* control.primary
      yield* control.failover
      yield* until(Effect.map(control.primary, (primary) => primary !== old))
      yield* until(Effect.map(redis.publish("news", "2"), (n) => n === 1))
      assert.deepStrictEqual(yield* whileTimePasses(Queue.take(messages)), { channel: "news", message: "2" })
      assert.deepStrictEqual(Array.from(new Set(gaps)), ["news: moved"])
    }).pipe(Effect.scoped, Effect.provide(group())))
})

describe("a subscription", () => {
  it.effect("fails its queue if the server refuses it, and when more messages wait than it may keep", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const dial = Effect.provideService(Connector.Connector, control.network.dial)
      const admin = yield* dial(RedisClient.make({ address }))
      yield* admin.send("ACL", "SETUSER", "default", "resetchannels", "&news")
      const redis = yield* dial(RedisClient.make({ address }))
      const service = yield* Effect.provideService(
        EffectRedis.make({ capacity: 10 }),
        RedisClient.RedisClient,
        redis
      )
      const refused = yield* whileTimePasses(service.subscribe("secrets"))
      assert.strictEqual(
        EffectRedis.errorOf(failureOf(yield* Effect.exit(whileTimePasses(Queue.take(refused)))))?._tag,
        "ReplyError"
      )
      const messages = yield* whileTimePasses(service.subscribe("news"))
      for (let i = 0; i < 500; i++) yield* admin.publish("news", String(i))
      yield* whileTimePasses(Effect.sleep("50 millis"))
      const drained: Array<string> = []
      const end = failureOf(
        yield* Effect.exit(
          Effect.forever(Effect.map(Queue.take(messages), ({ message }) => void drained.push(message)))
        )
      )
      assert.strictEqual(EffectRedis.errorOf(end)?._tag, "SubscriptionOverflow")
      assert.deepStrictEqual(drained, Array.from(drained, (_, i) => String(i)))
      assert.isAtMost(drained.length, 200)
    }).pipe(Effect.scoped, Effect.provide(alone)))

  it.effect("that its Scope ends leaves no connection, and one of a client that closes fails its queue", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const clientScope = yield* Scope.make()
      const redis = yield* RedisClient.make({ address }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial),
        Scope.provide(clientScope)
      )
      const service = yield* Effect.provideService(EffectRedis.make(), RedisClient.RedisClient, redis)
      const admin = yield* RedisClient.make({ address }).pipe(
        Effect.provideService(Connector.Connector, control.network.dialer("admin"))
      )
      const subscribers = Effect.map(admin.send("PUBSUB", "NUMSUB", "news"), (reply) => (reply as Array<unknown>)[1])
      const own = yield* Scope.make()
      yield* Scope.provide(service.subscribe("news"), own)
      assert.strictEqual(yield* subscribers, 1)
      yield* Scope.close(own, Exit.void)
      yield* whileTimePasses(Effect.sleep("20 millis"))
      assert.strictEqual(yield* subscribers, 0)
      const messages = yield* service.subscribe("news")
      const waiting = yield* Effect.forkScoped(Effect.exit(Queue.take(messages)), { startImmediately: true })
      yield* Scope.close(clientScope, Exit.void)
      assert.strictEqual(EffectRedis.errorOf(failureOf(yield* Fiber.join(waiting)))?._tag, "ClientClosed")
    }).pipe(Effect.scoped, Effect.provide(alone)))
})

describe("closing", () => {
  it.effect("a client fails what is in flight, on shared and on reserved connections", () =>
    Effect.gen(function*() {
      const clientScope = yield* Scope.make()
      const { service } = yield* Scope.provide(serviceOn(() => ""), clientScope)
      const connection = yield* Scope.provide(service.reserve, clientScope)
      const inFlight = yield* Effect.forkScoped(
        Effect.all([
          Effect.exit(service.send("GET", "a")),
          Effect.exit(service.send("SET", "a", "1")),
          Effect.exit(service.eval(own)("n")),
          Effect.exit(connection.send("GET", "a")),
          Effect.exit(connection.send("SET", "a", "1"))
        ], { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      yield* Effect.yieldNow
      yield* Scope.close(clientScope, Exit.void)
      const tags = (yield* Fiber.join(inFlight)).map((exit) =>
        Exit.isSuccess(exit) ? "ok" : EffectRedis.errorOf(failureOf(exit))?._tag
      )
      assert.deepStrictEqual([tags[0], tags[1], tags[4]], ["ClientClosed", "AmbiguousOutcome", "AmbiguousOutcome"])
      assert.include(["ClientClosed", "ConnectionLost"], tags[3])
      assert.strictEqual(
        EffectRedis.errorOf(failureOf(yield* Effect.exit(service.send("GET", "a"))))?._tag,
        "ClientClosed"
      )
    }))

  it.effect("the Scope of a reservation gives the connection back, or closes it if a command is still running", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.make({ address }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const service = yield* Effect.provideService(EffectRedis.make(), RedisClient.RedisClient, redis)
      const id = Effect.flatMap(service.reserve, (connection) => connection.send<number>("CLIENT", "ID"))
      const first = yield* Effect.scoped(id)
      assert.strictEqual(yield* Effect.scoped(id), first)
      const own = yield* Scope.make()
      const connection = yield* Scope.provide(service.reserve, own)
      const waiting = yield* Effect.forkScoped(Effect.exit(connection.send("BLPOP", "list", "0")), {
        startImmediately: true
      })
      yield* Effect.yieldNow
      yield* Scope.close(own, Exit.void)
      yield* Fiber.interrupt(waiting)
      // Nobody takes the item any more.
      yield* whileTimePasses(Effect.sleep("100 millis"))
      yield* service.send("RPUSH", "list", "item")
      assert.deepStrictEqual(yield* service.send("LRANGE", "list", "0", "-1"), ["item"])
      assert.strictEqual(
        EffectRedis.errorOf(failureOf(yield* Effect.exit(connection.send("PING"))))?._tag,
        "ClientClosed"
      )
    }).pipe(Effect.scoped, Effect.provide(alone)))
})

describe("options", () => {
  const refusedBy = (effect: Effect.Effect<unknown, Errors.InvalidOption, RedisClient.RedisClient>) =>
    Effect.map(
      Effect.exit(Effect.provideService(effect, RedisClient.RedisClient, {} as never)),
      (exit) => failureOf(exit).message
    )

  it.effect("are checked, and errors name the field", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [unknown, string]> = [
        [{ timeout: 100 }, "timeout"],
        [{ timeout: "0 millis" }, "timeout"],
        [{ repeatable: [{}] }, "repeatable[0]"],
        [{ repeatable: own }, "repeatable"],
        [{ capacity: 0 }, "capacity"],
        [{ onGap: "x" }, "onGap"],
        [{ retries: 3 }, "unknown option"],
        ["x", "options"]
      ]
      for (const [options, part] of wrong) {
        assert.include(yield* refusedBy(EffectRedis.make(options as never)), part)
        assert.include(yield* refusedBy(Effect.scoped(Layer.build(EffectRedis.layerFailFast(options as never)))), part)
      }
      for (
        const [options, part] of [
          [{ prefix: "" }, "prefix"],
          [{ prefix: 1 }, "prefix"],
          [{ timeToLive: "Infinity" }, "timeToLive"],
          [{ timeToLive: 5 }, "timeToLive"],
          [{ ttl: "1 second" }, "unknown option"]
        ] as ReadonlyArray<readonly [unknown, string]>
      ) {
        assert.include(yield* refusedBy(EffectRedis.makeKeyValueStore(options as never)), part)
      }
    }))
})

describe("errorOf", () => {
  it("finds the error of this library below those of Effect, and nothing else", () => {
    const error = new Errors.ClientClosed({ target: "g" })
    const redisError = new Redis.RedisError({ cause: error })
    assert.strictEqual(EffectRedis.errorOf(redisError), error)
    assert.strictEqual(
      EffectRedis.errorOf(
        new RateLimiter.RateLimiterError({
          reason: new RateLimiter.RateLimitStoreError({ message: "m", cause: redisError })
        })
      ),
      error
    )
    const circle: { cause?: unknown } = {}
    circle.cause = circle
    for (const other of [undefined, null, "x", new Error("x"), circle, { _tag: "ClientClosed" }]) {
      assert.isUndefined(EffectRedis.errorOf(other))
    }
  })
})

describe("a KeyValueStore", () => {
  it.effect("tells what became of a write, and reads again what was lost", () =>
    Effect.gen(function*() {
      let sent = 0
      const server = store((command) => /^(?:GET|SET) /.test(command) && sent++ === 0 ? "CLOSE" : undefined)
      const redis = yield* clientOf(server)
      yield* redis.incr("n")
      const kv = yield* Effect.provideService(EffectRedis.makeKeyValueStore(), RedisClient.RedisClient, redis)
      assert.strictEqual(yield* whileTimePasses(kv.get("a")), undefined)
      assert.strictEqual(sent, 2)
      sent = 0
      const error = failureOf(yield* Effect.exit(whileTimePasses(kv.set("a", "secret"))))
      assert.deepStrictEqual([error.method, error.key, EffectRedis.errorOf(error)?._tag], [
        "set",
        "a",
        "AmbiguousOutcome"
      ])
      assert.notInclude(JSON.stringify(error) + String(error), "secret")
      assert.strictEqual(sent, 1)
    }))

  it.effect("clears all the same when a reply is lost", () =>
    Effect.gen(function*() {
      let unlinked = 0
      const server = store((command) => {
        if (command.startsWith("SCAN")) return "*2\r\n$1\r\n0\r\n*1\r\n$4\r\nkv:a\r\n"
        return command.startsWith("UNLINK") && unlinked++ === 0 ? "CLOSE" : undefined
      })
      const redis = yield* clientOf(server)
      yield* redis.incr("n")
      const kv = yield* Effect.provideService(EffectRedis.makeKeyValueStore(), RedisClient.RedisClient, redis)
      yield* whileTimePasses(kv.clear)
      assert.strictEqual(unlinked, 2)
      // A second removal of one entry could remove what another client has set since.
      unlinked = 0
      const error = failureOf(yield* Effect.exit(whileTimePasses(kv.remove("a"))))
      assert.deepStrictEqual([EffectRedis.errorOf(error)?._tag, unlinked], ["AmbiguousOutcome", 1])
    }))

  it.effect("loses no change of an entry that is changed meanwhile by another client", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const stores = yield* Effect.all(["one", "two"].map((name) =>
        RedisClient.make({ address }).pipe(
          Effect.provideService(Connector.Connector, control.network.dialer(name)),
          Effect.flatMap((redis) =>
            Effect.provideService(EffectRedis.makeKeyValueStore(), RedisClient.RedisClient, redis)
          )
        )
      ))
      const [first] = stores
      yield* whileTimePasses(first!.set("n", "0"))
      // All see a value before anybody has changed it.
      yield* control.slow(address, { latency: "20 millis" })
      let runs = 0
      yield* whileTimePasses(Effect.all(
        stores.flatMap((kv) =>
          Array.from({ length: 5 }, () =>
            kv.modify("n", (n) => {
              runs++
              return `${Number(n) + 1}`
            }))
        ),
        { concurrency: "unbounded" }
      ))
      assert.strictEqual(yield* whileTimePasses(first!.get("n")), "10")
      // Some were in the way of others.
      assert.isAbove(runs, 10)
    }).pipe(Effect.scoped, Effect.provide(alone)))

  it.effect("counts and clears through a failover in the middle of its scan", () =>
    Effect.gen(function*() {
      const { ready, until, whileTimePasses } = inSteps("5 millis")
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const kv = yield* EffectRedis.makeKeyValueStore({ prefix: "p:" })
      yield* redis.pipeline(Array.from({ length: 1100 }, (_, i) => commands.set(`p:${i}`, "1")))
      const old = yield* control.primary
      yield* control.failover
      const counting = yield* Effect.forkScoped(
        Effect.forever(Effect.andThen(
          Effect.flatMap(kv.size, (size) => Effect.sync(() => assert.strictEqual(size, 1100))),
          Effect.sleep("50 millis")
        )),
        { startImmediately: true }
      )
      yield* until(Effect.map(control.primary, (primary) => primary !== old))
      yield* Fiber.interrupt(counting)
      yield* whileTimePasses(kv.clear)
      assert.strictEqual(yield* whileTimePasses(kv.size), 0)
    }).pipe(Effect.scoped, Effect.provide(group())))
})

describe("connectNow", () => {
  it.effect("makes a layer fail at its start, with the reason, and at once where waiting does not help", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
      const dial = Layer.succeed(Connector.Connector, control.network.dial)
      const built = (layer: Layer.Layer<RedisClient.RedisClient, Errors.InvalidOption | Errors.RedisError>) =>
        whileTimePasses(Effect.exit(Effect.scoped(Layer.build(Layer.provide(layer, dial)))))
      const layer = RedisClient.layer({ address })
      assert.isTrue(Exit.isSuccess(yield* built(RedisClient.connectNow()(layer))))
      yield* control.kill(address)
      // Without it, the layer is built.
      assert.isTrue(Exit.isSuccess(yield* built(layer)))
      const began = yield* Clock.currentTimeMillis
      const refused = failureOf(yield* built(layer.pipe(RedisClient.connectNow({ timeout: "300 millis" }))))
      assert.strictEqual(refused._tag, "ConnectFailed")
      assert.include(refused.message, address)
      assert.isAtMost((yield* Clock.currentTimeMillis) - began, 350)
      const invalid = failureOf(yield* built(layer.pipe(RedisClient.connectNow({ timeout: 5 as never }))))
      assert.strictEqual(invalid._tag, "InvalidCommand")
    }).pipe(quiet))

  it.effect("names the group that the sentinels do not know, and connects clients of replicas too", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const dial = Layer.succeed(Connector.Connector, control.network.dial)
      const sentinel = Sentinel.layer({ sentinels: control.sentinels }).pipe(Layer.provide(dial))
      const both = (name: string) =>
        Layer.merge(RedisClient.layerPrimary(name), RedisClient.layerReplica(name)).pipe(
          RedisClient.connectNow({ timeout: "2 seconds" }),
          Layer.provide(sentinel)
        )
      const build = (name: string) => whileTimePasses(Effect.exit(Effect.scoped(Layer.build(both(name)))))
      assert.isTrue(Exit.isSuccess(yield* build("mymaster")))
      const error = failureOf(yield* build("other"))
      assert.include(["PrimaryNotFound", "ReplicaNotFound"], error._tag)
      assert.include(error.message, "other")
    }).pipe(quiet))

  it.effect("counts a user who may not run PING as connected", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
      const dial = Layer.succeed(Connector.Connector, control.network.dial)
      const layer = RedisClient.layer({ address }).pipe(RedisClient.connectNow(), Layer.provideMerge(dial))
      const admin = yield* Effect.provide(RedisClient.make({ address }), dial)
      yield* admin.send("ACL", "SETUSER", "default", "-ping")
      assert.isTrue(Exit.isSuccess(yield* whileTimePasses(Effect.exit(Effect.scoped(Layer.build(layer))))))
    }).pipe(quiet))
})
