/** What fails leaves nothing in the Scope of its caller, who may try again for as long as the Scope lasts. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Channel from "../src/Channel.ts"
import { type Client, Connector, type Errors, RedisClient, Sentinel } from "../src/index.ts"
import * as RedisStream from "../src/RedisStream.ts"
import * as Testing from "../src/testing/index.ts"
import { timePassing } from "./support/time.ts"

const address = "10.0.0.1:6379"
const whileTimePasses = timePassing("5 millis")

const sizeOf = (scope: Scope.Scope): number => scope.state._tag === "Open" ? scope.state.finalizers?.size ?? 1 : 0

/** A client of a user with few permissions, and a server that can refuse connections. */
const one = Effect.gen(function*() {
  const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
  const dialed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provideService(effect, Connector.Connector, control.network.dialer("c"))
  const admin = yield* dialed(RedisClient.make({ address }))
  yield* whileTimePasses(admin.send("ACL SETUSER", "u", "on", ">p", "~*", "+@all", "resetchannels"))
  const redis = yield* dialed(
    RedisClient.make({
      address,
      username: "u",
      password: Redacted.make("p"),
      commandTimeout: "20 millis",
      maxReserved: 1,
      reserveTimeout: "5 millis"
    })
  )
  return { control, redis, dialed }
})

const news = Channel.make({ name: "news", schema: Schema.String })
const orders = RedisStream.make({ key: "orders", schema: Schema.Struct({ id: Schema.String }) })

describe("a Scope in which something fails again and again", () => {
  type Case = (redis: Client.PrimaryClient) => Effect.Effect<unknown, unknown, Scope.Scope>
  const cases: Readonly<Record<string, Case>> = {
    subscription: (redis) => redis.subscription({ channels: ["a"] }),
    "subscription of a channel": (redis) => redis.subscription(news),
    "bytes.subscription": (redis) => redis.bytes.subscription({ patterns: ["a*"] }),
    "subscription that waits": (redis) => redis.subscription({ channels: ["a"] }, { whenFull: "wait" }),
    subscribe: (redis) => Stream.runDrain(redis.subscribe({ channels: ["a"] })),
    keyspace: (redis) => Stream.runDrain(redis.keyspace({ keys: "*" })),
    popStream: (redis) => Stream.runDrain(Stream.timeout(redis.popStream(["wrong"]), "1 second")),
    reserve: (redis) => Effect.andThen(Effect.scoped(Effect.andThen(redis.reserve, redis.reserve)), redis.reserve),
    watch: (redis) => redis.watch("k", () => Effect.fail("no")),
    read: (redis) =>
      Stream.runDrain(orders.read({ from: "start" })).pipe(Effect.provideService(RedisClient.RedisClient, redis))
  }

  for (const [name, run] of Object.entries(cases)) {
    it.effect(`holds nothing of it: ${name}`, () =>
      Effect.gen(function*() {
        const { redis } = yield* one
        yield* whileTimePasses(redis.set("wrong", ""))
        yield* whileTimePasses(redis.set("orders", ""))
        const scope = yield* Scope.make()
        for (let i = 0; i < 3; i++) {
          const exit = yield* whileTimePasses(Effect.exit(Scope.provide(run(redis), scope)))
          assert.isTrue(Exit.isFailure(exit))
          assert.strictEqual(sizeOf(scope), 0)
        }
      }))

    it.effect(`holds nothing of it where there is no server, and none where it is interrupted: ${name}`, () =>
      Effect.gen(function*() {
        const { control, redis } = yield* one
        yield* control.refuse(address)
        yield* control.disconnect(address)
        const scope = yield* Scope.make()
        const fiber = yield* Effect.forkScoped(Scope.provide(run(redis), scope), { startImmediately: true })
        yield* TestClock.adjust("1 millis")
        assert.isUndefined(fiber.pollUnsafe())
        yield* whileTimePasses(Fiber.interrupt(fiber))
        assert.strictEqual(sizeOf(scope), 0)
      }))
  }

  it.effect("holds nothing of clients and services that were refused", () =>
    Effect.gen(function*() {
      const { dialed } = yield* one
      const sentinel = yield* dialed(Sentinel.make({ sentinels: ["s:1"] }))
      const scope = yield* Scope.make()
      const made: ReadonlyArray<Effect.Effect<unknown, Errors.InvalidOption, Scope.Scope>> = [
        RedisClient.make({ address: "a:b:c:d" }),
        Sentinel.make({ sentinels: [] }),
        sentinel.primaryFor(""),
        sentinel.replicaFor(""),
        sentinel.topology("")
      ]
      for (const make of made) {
        assert.isTrue(Exit.isFailure(yield* Effect.exit(dialed(Scope.provide(make, scope)))))
        assert.strictEqual(sizeOf(scope), 0)
      }
    }))
})
