/**
 * Credentials that change: what new sessions log in with, and how live ones log in again, on every kind of connection
 * and in both tiers; what is refused or unavailable, and who is told.
 */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Connector from "../src/Connector.ts"
import * as Credentials from "../src/Credentials.ts"
import * as RedisClient from "../src/RedisClient.ts"
import * as Sentinel from "../src/Sentinel.ts"
import * as Testing from "../src/testing/index.ts"
import type * as Topology from "../src/Topology.ts"

const of = (password: string, username?: string, expiresAt?: DateTime.DateTime): Credentials.Credential => ({
  username,
  password: Redacted.make(password),
  expiresAt
})

/** A source that a test drives. */
const driven = Effect.gen(function*() {
  const queue = yield* Queue.unbounded<Credentials.Credential>()
  const credentials = yield* Credentials.make(Stream.fromQueue(queue))
  const events: Array<Credentials.Event> = []
  yield* Effect.forkScoped(
    Stream.runForEach(credentials.events, (event) => Effect.sync(() => void events.push(event))),
    { startImmediately: true }
  )
  return {
    credentials,
    events,
    told: (tag: Credentials.Event["_tag"]) => events.filter((event) => event._tag === tag).length,
    give: (credential: Credentials.Credential) => Queue.offer(queue, credential)
  }
})

/** Lets everything that is due happen. */
const settle = TestClock.adjust("50 millis")

/** Waits until a condition holds, in small steps of the test's clock. */
const until = (condition: () => boolean) =>
  Effect.repeat(Effect.andThen(settle, Effect.sync(condition)), { until: (holds) => holds, times: 400 })

type Redis = RedisClient.RedisClient["Service"]

/** Makes a password the only one of a user who may do everything. */
const only = (admin: Redis, user: string, password: string) =>
  admin.aclSetuser(user, ["on", "resetpass", ["addPassword", Redacted.make(password)], "~*", "&*", "+@all"])

/** Adds a password to those of a user. */
const add = (admin: Redis, user: string, password: string) =>
  admin.aclSetuser(user, ["on", ["addPassword", Redacted.make(password)], "~*", "&*", "+@all"])

/** The ids and the users of the connections that are not the administrator's. */
const sessions = (admin: Redis) =>
  Effect.map(
    admin.clientList(),
    (clients) =>
      clients.filter((client) => client.user !== "default").map((client) => `${client.id} ${client.user}`).sort()
  )

/** One node, its administrator, and a source of credentials that begins with `app` and `one`. */
const scene = Effect.gen(function*() {
  const admin = yield* RedisClient.make()
  yield* only(admin, "app", "one")
  const source = yield* driven
  yield* source.give(of("one", "app"))
  return { admin, ...source }
})

const on = <A, E>(test: Effect.Effect<A, E, any>) => () =>
  test.pipe(Effect.provide(Testing.layerRedis())) as Effect.Effect<A, E>

describe("live sessions", () => {
  it.effect(
    "log in again on shared, reserved, blocking and subscribed connections, without a loss and without a new connection",
    on(Effect.gen(function*() {
      const { admin, credentials, give, told } = yield* scene
      const redis = yield* RedisClient.make({ credentials })
      yield* redis.set("key", "value")
      const reserved = yield* redis.reserve
      yield* reserved.set("reserved", "1")
      const messages = yield* redis.subscription({ channels: ["news"] })
      const lines = yield* Effect.forkScoped(
        Stream.runHead(
          Stream.filter(redis.monitorStream(), (item) => item._tag === "MonitoredCommand" && item.args[1] === "x")
        )
      )
      const popped = yield* Effect.forkScoped(redis.blpop(["list"], "1 minute"), { startImmediately: true })
      yield* settle
      const before = yield* sessions(admin)
      assert.lengthOf(before, 5)

      yield* add(admin, "other", "two")
      const writes = yield* Effect.forkScoped(
        Effect.forEach(Array.from({ length: 200 }, (_, i) => i), (i) => redis.set(`k${i}`, "v"), { concurrency: 20 }),
        { startImmediately: true }
      )
      yield* give(of("two", "other"))
      yield* until(() => told("Accepted") > 1)
      yield* Fiber.join(writes)
      yield* settle
      // The one that waits at the server logs in once it is free.
      const during = yield* sessions(admin)
      assert.deepStrictEqual(during.map((session) => session.split(" ")[1]).sort(), [
        "app",
        "other",
        "other",
        "other",
        "other"
      ])
      yield* admin.rpush("list", ["x"])
      yield* until(() => popped.pollUnsafe() !== undefined)
      assert.deepStrictEqual(yield* Fiber.join(popped), ["list", "x"])
      yield* settle
      const after = yield* sessions(admin)
      assert.deepStrictEqual(after, before.map((session) => session.replace("app", "other")))

      yield* admin.publish("news", "hello")
      assert.strictEqual((yield* Stream.runHead(messages))._tag, "Some")
      assert.strictEqual(yield* reserved.get("reserved"), "1")
      yield* admin.echo("x")
      yield* Fiber.join(lines)
    }))
  )

  it.effect(
    "in RESP2 leave a connection with subscriptions for another one, and readers learn of the gap",
    on(Effect.gen(function*() {
      const { admin, credentials, give } = yield* scene
      const redis = yield* RedisClient.make({ credentials, protocol: 2 })
      const messages = yield* redis.subscription({ channels: ["news"] })
      yield* redis.ping()
      yield* add(admin, "app", "two")
      const before = yield* sessions(admin)
      yield* give(of("two", "app"))
      yield* TestClock.adjust("1 second")
      const after = yield* sessions(admin)
      assert.lengthOf(after, before.length)
      assert.notDeepEqual(after, before)
      yield* admin.publish("news", "hello")
      const items = yield* Stream.runCollect(Stream.take(messages, 2))
      assert.deepStrictEqual(items.map((item) => item._tag), ["Gap", "Message"])
    }))
  )

  it.effect(
    "stay as they are when the server refuses, in RESP3 and in RESP2, and log in as soon as it does not",
    on(Effect.gen(function*() {
      const { admin, credentials, events, give, told } = yield* scene
      const three = yield* RedisClient.make({ credentials })
      const two = yield* RedisClient.make({ credentials, protocol: 2 })
      yield* three.ping()
      const messages = yield* two.subscription({ channels: ["news"] })
      yield* two.ping()
      const before = yield* sessions(admin)
      yield* give(of("S3cr3t", "app"))
      yield* until(() => told("Refused") > 0)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* sessions(admin), before)
      assert.deepStrictEqual(events.filter((event) => event._tag === "Refused"), [
        { _tag: "Refused", address: "localhost:6379", username: "app", code: "WRONGPASS" }
      ])
      assert.notInclude(JSON.stringify(events), "S3cr3t")
      yield* three.set("key", "value")

      yield* add(admin, "app", "S3cr3t")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(told("Accepted"), 2)
      yield* admin.publish("news", "hello")
      const items = yield* Stream.runCollect(Stream.take(messages, 2))
      assert.deepStrictEqual(items.map((item) => item._tag), ["Gap", "Message"])
      // The one in RESP3 is the same.
      assert.include(yield* sessions(admin), before[0])
    }))
  )

  it.effect(
    "are kept when the connection is given back while it logs in",
    on(Effect.gen(function*() {
      const { admin, credentials, give, told } = yield* scene
      const redis = yield* RedisClient.make({ credentials })
      yield* redis.ping()
      let id = 0
      const popping = yield* Effect.forkScoped(
        Effect.scoped(Effect.gen(function*() {
          const reserved = yield* redis.reserve
          id = yield* reserved.clientId()
          // The AUTH waits behind it, and is unanswered when the connection is given back.
          yield* reserved.blpop(["list"], "1 minute")
        })),
        { startImmediately: true }
      )
      yield* settle
      yield* add(admin, "app", "two")
      yield* give(of("two", "app"))
      yield* settle
      yield* admin.rpush("list", ["x"])
      yield* Fiber.join(popping)
      yield* until(() => told("Accepted") > 1)
      const next = yield* redis.reserve
      assert.strictEqual(yield* next.clientId(), id)
    }))
  )

  it.effect(
    "take the last of many, also where it waited behind a blocking command, and tell nothing of those between",
    on(Effect.gen(function*() {
      const { admin, credentials, events, give } = yield* scene
      const redis = yield* RedisClient.make({ credentials })
      yield* redis.ping()
      const popped = yield* Effect.forkScoped(redis.blpop(["list"], "1 minute"), { startImmediately: true })
      yield* settle
      for (let i = 2; i < 6; i++) {
        yield* only(admin, "app", `password ${i}`)
        yield* give(of(`password ${i}`, "app"))
        yield* settle
      }
      yield* admin.rpush("list", ["x"])
      yield* Fiber.join(popped)
      yield* settle
      assert.deepStrictEqual(events.filter((event) => event._tag === "Refused"), [])
      yield* redis.ping()
    }))
  )
})

describe("what has expired", () => {
  it.effect(
    "is not tried again on a live session; its later end, or what comes after it, is",
    on(Effect.gen(function*() {
      const { admin, credentials, events, give, told } = yield* scene
      const redis = yield* RedisClient.make({ credentials })
      yield* redis.ping()
      const now = yield* DateTime.now
      yield* give(of("two", "app", DateTime.add(now, { minutes: 1 })))
      yield* until(() => told("Refused") > 0)
      yield* TestClock.adjust("2 minutes")
      yield* add(admin, "app", "two")
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(told("Accepted"), 1)
      yield* redis.ping()
      yield* give(of("two", "app", DateTime.add(now, { hours: 1 })))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(told("Accepted"), 2)
      assert.strictEqual(events.filter((event) => event._tag === "Rotated").length, 1)
    }))
  )
})

describe("new sessions", () => {
  it.effect(
    "log in with what was accepted last while a server refuses the present credentials",
    on(Effect.gen(function*() {
      const { admin, credentials, give, told } = yield* scene
      const redis = yield* RedisClient.make({ credentials })
      yield* redis.ping()
      yield* give(of("not known yet", "app"))
      yield* until(() => told("Refused") > 0)
      // A new connection.
      const reserved = yield* redis.reserve
      yield* reserved.ping()
      assert.lengthOf(yield* sessions(admin), 2)
      yield* only(admin, "app", "not known yet")
      yield* TestClock.adjust("40 seconds")
      yield* reserved.ping()
      assert.lengthOf(yield* sessions(admin), 2)
      assert.strictEqual(told("Accepted"), 2)
    }))
  )

  it.effect(
    "fail with the refusal, and without the secret, when no server has accepted any",
    on(Effect.gen(function*() {
      const { credentials, give } = yield* scene
      yield* give(of("S3cr3t", "app"))
      yield* settle
      const redis = yield* RedisClient.make({ credentials })
      const error = yield* Effect.flip(redis.ping())
      assert.strictEqual(error._tag, "AuthenticationFailed")
      assert.notInclude(`${error.message} ${JSON.stringify(error)}`, "S3cr3t")
    }))
  )

  it.effect(
    "wait for the first credentials for as long as connecting may take, and say so",
    on(Effect.gen(function*() {
      const { credentials, give } = yield* driven
      const redis = yield* RedisClient.make({ credentials, schedule: Schedule.recurs(0) })
      const failed = yield* Effect.forkScoped(Effect.flip(redis.ping()), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      assert.match((yield* Fiber.join(failed)).message, /\(credentials\): no credentials within 2000 ms/)
      const admin = yield* RedisClient.make()
      yield* only(admin, "app", "one")
      const pinged = yield* Effect.forkScoped(redis.ping(), { startImmediately: true })
      yield* settle
      yield* give(of("one", "app"))
      yield* settle
      assert.strictEqual(yield* Fiber.join(pinged), "PONG")
    }))
  )
})

describe("an Effect", () => {
  /** A token service, whose tokens live for a minute; it makes each the only password of `app`. */
  const tokens = Effect.gen(function*() {
    const admin = yield* RedisClient.make()
    const state = { given: 0, isDown: false }
    const token = Effect.gen(function*() {
      if (state.isDown) return yield* Effect.fail("S3cr3t of the token service")
      const now = yield* DateTime.now
      const password = `token ${++state.given}`
      yield* add(admin, "app", password)
      return of(password, "app", DateTime.add(now, { minutes: 1 }))
    })
    return { admin, state, token }
  })

  it.effect(
    "runs once for all sessions, again before its credentials expire, and live sessions take these",
    on(Effect.gen(function*() {
      const { admin, state, token } = yield* tokens
      const credentials = yield* Credentials.make(token)
      const redis = yield* RedisClient.make({ credentials, connections: 3, minReserved: 2 })
      yield* Effect.all([redis.ping(), redis.ping(), redis.ping()], { concurrency: 3 })
      yield* settle
      const before = yield* sessions(admin)
      assert.lengthOf(before, 5)
      assert.strictEqual(state.given, 1)
      yield* TestClock.adjust("47 seconds")
      assert.strictEqual(state.given, 1)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(state.given, 2)
      yield* only(admin, "app", "token 2")
      yield* redis.ping()
      assert.deepStrictEqual(yield* sessions(admin), before)
    }))
  )

  it.effect(
    "that fails is told without its error, and tried again; what has expired is never used",
    on(Effect.gen(function*() {
      const { state, token } = yield* tokens
      const credentials = yield* Credentials.make(token, { refreshBefore: "10 seconds" })
      const events: Array<Credentials.Event> = []
      yield* Effect.forkScoped(
        Stream.runForEach(credentials.events, (event) => Effect.sync(() => void events.push(event))),
        { startImmediately: true }
      )
      const redis = yield* RedisClient.make({ credentials, schedule: Schedule.recurs(0) })
      yield* redis.ping()
      state.isDown = true
      yield* TestClock.adjust("55 seconds")
      const unavailable = events.filter((event) => event._tag === "Unavailable")
      assert.isAtLeast(unavailable.length, 2)
      assert.isAtMost(unavailable.length, 8)
      assert.notInclude(JSON.stringify(events), "S3cr3t")
      yield* redis.ping()
      const early = yield* redis.reserve
      yield* early.ping()

      yield* TestClock.adjust("10 seconds")
      const late = yield* Effect.flip(
        Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => Effect.andThen(redis.reserve, reserved.ping())))
      )
      assert.match(late.message, /\(credentials\): the Effect that gives the credentials failed/)
      state.isDown = false
      yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping()))
      assert.strictEqual(state.given, 2)
    }))
  )

  it.effect(
    "that hangs is given up after half a minute, and asked again",
    on(Effect.gen(function*() {
      const { state, token } = yield* tokens
      let hangs = false
      const credentials = yield* Credentials.make(Effect.suspend(() => hangs ? Effect.never : token))
      const unavailable: Array<Credentials.Event> = []
      yield* Effect.forkScoped(
        Stream.runForEach(
          Stream.filter(credentials.events, ({ _tag }) => _tag === "Unavailable"),
          (event) => Effect.sync(() => void unavailable.push(event))
        ),
        { startImmediately: true }
      )
      const redis = yield* RedisClient.make({ credentials })
      yield* redis.ping()
      hangs = true
      yield* TestClock.adjust("49 seconds")
      hangs = false
      yield* TestClock.adjust("28 seconds")
      assert.deepStrictEqual(unavailable, [])
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(unavailable, [{
        _tag: "Unavailable",
        detail: "the Effect that gives the credentials gave none within 30000 ms"
      }])
      yield* redis.ping()
      yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping()))
      assert.strictEqual(state.given, 2)
    }))
  )

  it.effect(
    "whose credentials live for a shorter time than refreshBefore is not asked without a pause",
    on(Effect.gen(function*() {
      const { state, token } = yield* tokens
      const credentials = yield* Credentials.make(token, { refreshBefore: "10 minutes" })
      const redis = yield* RedisClient.make({ credentials })
      yield* redis.ping()
      yield* TestClock.adjust("295 seconds")
      assert.strictEqual(state.given, 10)
      yield* redis.ping()
    }))
  )

  it.effect(
    "without an expiry runs for each session, and what it gives reaches the live ones",
    on(Effect.gen(function*() {
      const admin = yield* RedisClient.make()
      yield* only(admin, "app", "one")
      let password = "one"
      let runs = 0
      const credentials = yield* Credentials.make(Effect.sync(() => (runs++, of(password, "app"))))
      const redis = yield* RedisClient.make({ credentials })
      yield* redis.ping()
      password = "two"
      yield* only(admin, "app", "two")
      yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping()))
      assert.strictEqual(runs, 2)
      assert.lengthOf(yield* sessions(admin), 2)
      yield* redis.ping()
    }))
  )

  it.effect(
    "is asked anew when a server refuses what it gave",
    on(Effect.gen(function*() {
      const { admin, state, token } = yield* tokens
      const credentials = yield* Credentials.make(token)
      const redis = yield* RedisClient.make({ credentials })
      yield* redis.ping()
      yield* TestClock.adjust("1 second")
      // Revoked.
      yield* only(admin, "app", "none")
      yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping()))
      assert.strictEqual(state.given, 2)
    }))
  )
})

describe("both tiers", () => {
  it.effect.each([3, 2] as const)(
    "rotate by themselves, through a failover, in RESP%s",
    (protocol) =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const setAll = (of: "nodes" | "sentinels", password: string) =>
          Effect.sync(() => {
            for (const address of deployment[of]) {
              const process = of === "nodes" ? deployment.node(address) : deployment.sentinel(address)
              process.password = password
            }
          })
        const nodes = yield* driven
        const sentinels = yield* driven
        yield* nodes.give(of("n1"))
        yield* sentinels.give(of("s1"))
        const service = yield* Sentinel.make({
          sentinels: deployment.sentinels,
          sentinel: { credentials: sentinels.credentials, protocol },
          node: { credentials: nodes.credentials, protocol }
        })
        const redis = yield* service.primaryFor("mymaster")
        const replica = yield* service.replicaFor("mymaster")
        yield* redis.set("key", "1")
        yield* replica.get("key")
        const topology = yield* service.topology("mymaster")
        yield* until(() => sentinels.told("Accepted") >= 3)
        yield* TestClock.adjust("1 second")
        const states: Array<Topology.State> = []
        yield* Effect.forkScoped(
          Stream.runForEach(topology.changes, (state) => Effect.sync(() => void states.push(state))),
          { startImmediately: true }
        )
        yield* setAll("nodes", "n2")
        yield* setAll("sentinels", "s2")
        yield* nodes.give(of("n2"))
        yield* sentinels.give(of("s2"))
        yield* until(() => nodes.told("Accepted") >= 4 && sentinels.told("Accepted") >= 6)
        assert.strictEqual(nodes.told("Refused") + sentinels.told("Refused"), 0)
        yield* TestClock.adjust("1 second")
        states.push(yield* topology.current)
        // No moment without the events of a sentinel.
        assert.deepStrictEqual(
          states.flatMap((state) => state.sentinels.filter((sentinel) => sentinel.isReachable !== true)),
          []
        )
        assert.isTrue(yield* deployment.failover)
        yield* Effect.repeat(TestClock.adjust("100 millis"), { times: 30 })
        yield* redis.set("key", "2")
        assert.strictEqual(yield* redis.get("key"), "2")
      }).pipe(Effect.provide(Testing.layer({ password: "n1", sentinelPassword: "s1" })))
  )
})

describe("many rotations", () => {
  it.effect("in RESP2 leave nothing of the connections to sentinels that were left", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      let open = 0
      const dial: Connector.Dial = (options) =>
        Effect.gen(function*() {
          const scope = yield* Effect.serviceOption(Scope.Scope)
          if (scope._tag === "Some") {
            open++
            yield* Scope.addFinalizer(scope.value, Effect.sync(() => void open--))
          }
          return yield* deployment.network.dial(options)
        })
      const source = yield* driven
      yield* source.give(of("0"))
      const service = yield* Effect.provideService(
        Sentinel.make({
          sentinels: deployment.sentinels,
          sentinel: { credentials: source.credentials, protocol: 2 }
        }),
        Connector.Connector,
        dial
      )
      const topology = yield* service.topology("mymaster")
      const redis = yield* service.primaryFor("mymaster")
      yield* redis.ping()
      yield* until(() => source.told("Accepted") === 3)
      yield* TestClock.adjust("30 seconds")
      const before = open
      assert.isAtLeast(before, 3)
      for (let i = 1; i <= 8; i++) {
        for (const address of deployment.sentinels) deployment.sentinel(address).password = String(i)
        yield* source.give(of(String(i)))
        yield* until(() => source.told("Accepted") === 3 * (i + 1))
        yield* TestClock.adjust("30 seconds")
      }
      assert.isAtMost(open, before + 3)
      assert.isTrue((yield* topology.current).sentinels.every(({ isSubscribed }) => isSubscribed === true))
    }).pipe(Effect.provide(Testing.layer({ sentinelPassword: "0" }))))
})

describe("a source", () => {
  it.effect("that fails is run again, and one that gives something else is told without it", () =>
    Effect.gen(function*() {
      let runs = 0
      const values: ReadonlyArray<unknown> = [
        { password: "S3cr3t" },
        { password: Redacted.make("p"), token: "S3cr3t" },
        { password: Redacted.make("p"), username: "S3cr3t S3cr3t" },
        { password: Redacted.make("p"), expiresAt: "S3cr3t" },
        "S3cr3t",
        null,
        of("S3cr3t", undefined, DateTime.makeUnsafe(-5))
      ]
      const source = Stream.suspend(() => {
        runs++
        return Stream.concat(
          Stream.fromIterable(values as ReadonlyArray<Credentials.Credential>),
          Stream.fail(new Error("S3cr3t"))
        )
      })
      const lines: Array<string> = []
      const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
      const credentials = yield* Effect.provide(Credentials.make(source), logger)
      const events: Array<Credentials.Event> = []
      yield* Effect.forkScoped(
        Stream.runForEach(credentials.events, (event) => Effect.sync(() => void events.push(event))),
        { startImmediately: true }
      )
      yield* TestClock.adjust("10 seconds")
      assert.isAtLeast(runs, 3)
      assert.isAtLeast(lines.length, 3 * (values.length + 1))
      assert.isAtLeast(events.filter((event) => event._tag === "Unavailable").length, 2 * (values.length + 1))
      assert.notInclude(JSON.stringify(events) + lines.join(), "S3cr3t")
    }))

  it.effect("that gives a wiped password is told, and asked again; a fixed password that was wiped fails new sessions", () =>
    Effect.gen(function*() {
      const wiped = (password: string) => {
        const credential = of(password)
        Redacted.wipeUnsafe(credential.password)
        return credential
      }
      const told: Array<string> = []
      const watch = (credentials: Credentials.Service) =>
        Effect.forkScoped(
          Stream.runForEach(credentials.events, (event) =>
            Effect.sync(() => void (event._tag === "Unavailable" && told.push(event.detail)))),
          { startImmediately: true }
        )
      const problem =
        "what the source gave is no credentials: password: expected a Redacted string that was not wiped, got Redacted"
      const given = yield* driven
      yield* watch(given.credentials)
      yield* given.give(wiped("pw"))
      yield* settle
      assert.deepStrictEqual(told.splice(0), [problem])
      yield* given.give(of("pw"))
      const now = yield* DateTime.now
      let isWiped = false
      const asked = yield* Credentials.make(
        Effect.map(DateTime.now, (time) => ({
          ...(isWiped ? wiped("pw") : of("pw")),
          expiresAt: DateTime.add(time, { minutes: 1 })
        }))
      )
      yield* watch(asked)
      for (const credentials of [given.credentials, asked]) {
        const redis = yield* RedisClient.make({ credentials })
        assert.strictEqual(yield* redis.ping(), "PONG")
      }
      isWiped = true
      yield* TestClock.adjust("55 seconds")
      assert.isAtLeast(told.length, 1)
      assert.deepStrictEqual(new Set(told), new Set([problem]))
      isWiped = false
      yield* TestClock.adjust("2 minutes")
      const late = yield* RedisClient.make({ credentials: asked, schedule: Schedule.recurs(0) })
      assert.strictEqual(yield* late.ping(), "PONG")
      assert.isTrue(DateTime.isLessThan(now, yield* DateTime.now))

      const password = Redacted.make("pw")
      const fixed = yield* RedisClient.make({ password, schedule: Schedule.recurs(0) })
      const ofEffect = yield* RedisClient.make({ password: Effect.succeed(password), schedule: Schedule.recurs(0) })
      Redacted.wipeUnsafe(password)
      for (const redis of [fixed, ofEffect]) {
        assert.match((yield* Effect.flip(redis.ping())).message, /\(credentials\): .*password/)
      }
    }).pipe(Effect.provide(Testing.layerRedis({ password: "pw" }))))

  it.effect("and options that are none are refused, and so is what make did not make", () =>
    Effect.gen(function*() {
      const message = (effect: Effect.Effect<unknown, { readonly message: string }, any>) =>
        Effect.map(Effect.flip(Effect.scoped(effect as Effect.Effect<unknown, Error>)), (error) => error.message)
      const password = Effect.succeed(of("p"))
      assert.match(yield* message(Credentials.make("S3cr3t" as never)), /option source: expected an Effect or a Stream/)
      assert.match(yield* message(Credentials.make(password, { refresh: 1 } as never)), /option options/)
      assert.match(yield* message(Credentials.make(password, { refreshBefore: 5 as never })), /option refreshBefore/)
      assert.match(
        yield* message(Credentials.make(password, { refreshBefore: "Infinity" as never })),
        /option refreshBefore/
      )
      const credentials = yield* Credentials.make(password)
      assert.match(yield* message(RedisClient.make({ credentials: {} as never })), /option credentials: expected what/)
      assert.match(
        yield* message(RedisClient.make({ credentials, username: "u" })),
        /option credentials: they stand in/
      )
      const sentinel = Sentinel.make({ sentinels: ["a"], sentinel: { credentials, password: Redacted.make("p") } })
      assert.match(yield* message(sentinel), /option sentinel\.credentials/)
    }))

  it.effect("of a client replaces the password of its service, and the other way round", () =>
    Effect.gen(function*() {
      const credentials = yield* Credentials.make(Effect.succeed(of("p")))
      const one = yield* Sentinel.make({ sentinels: ["a"], node: { credentials } })
      yield* one.primaryFor("g", { username: "u", password: Redacted.make("p") })
      const two = yield* Sentinel.make({ sentinels: ["a"], node: { username: "u", password: Redacted.make("p") } })
      yield* two.primaryFor("g", { credentials })
    }).pipe(Effect.provide(Testing.layer())))

  it.effect(
    "ends with its Scope, and clients go on with the last credentials until these expire",
    on(Effect.gen(function*() {
      const admin = yield* RedisClient.make()
      yield* only(admin, "app", "one")
      let isRunning = false
      const now = yield* DateTime.now
      const source = Stream.concat(Stream.succeed(of("one", "app", DateTime.add(now, { minutes: 1 }))), Stream.never)
        .pipe(
          Stream.onStart(Effect.sync(() => void (isRunning = true))),
          Stream.ensuring(Effect.sync(() => void (isRunning = false)))
        )
      const asked = of("one", "app", DateTime.add(now, { minutes: 1 }))
      for (const make of [Credentials.make(source), Credentials.make(Effect.succeed(asked))]) {
        const client = yield* Effect.scoped(Effect.gen(function*() {
          const credentials = yield* make
          const used = yield* RedisClient.make({ credentials })
          yield* used.ping()
          return RedisClient.make({ credentials, schedule: Schedule.recurs(0) })
        }))
        assert.isFalse(isRunning)
        const redis = yield* client
        yield* redis.ping()
      }
      const credentials = yield* Effect.scoped(Credentials.make(Effect.succeed(asked)))
      const late = yield* RedisClient.make({ credentials, schedule: Schedule.recurs(0) })
      assert.match((yield* Effect.flip(late.ping())).message, /the Scope of the credentials has closed/)
    }))
  )
})

describe("the services", () => {
  it.effect("give credentials to layers of clients", () => {
    const live = Layer.unwrap(
      Effect.map(Credentials.Credentials, (credentials) => RedisClient.layer({ credentials }))
    ).pipe(Layer.provide(Credentials.layer(Effect.succeed(of("pw")))))
    return Effect.flatMap(RedisClient.RedisClient, (redis) => redis.ping()).pipe(
      Effect.provide(Layer.provide(live, Testing.layerRedis({ password: "pw" })))
    )
  })
})
