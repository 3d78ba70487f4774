/** The interruption of commands that wait, as real servers see it: CLIENT LIST, and what a user may do. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { type Client, commands, type Errors, Metrics, RedisClient } from "../../src/index.ts"
import { failureOf } from "../support/exit.ts"
import { server } from "../support/processes.ts"

/** Waits until something holds. */
const until = <E>(condition: Effect.Effect<boolean, E>) =>
  Effect.repeat(condition, { until: (holds) => holds, schedule: Schedule.spaced("5 millis") })

const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(Effect.exit(effect), { startImmediately: true })

/** The connections of a client, by their ids, and how many of them wait. */
const connectionsOf = (admin: Client.PrimaryClient, name: string) =>
  Effect.map(admin.clientList(), (clients) => {
    const mine = clients.filter((client) => client.name === name)
    return {
      ids: mine.map(({ id }) => id).toSorted((a, b) => a - b),
      blocked: mine.filter(({ flags }) => flags.has("b")).length
    }
  })

const waits: ReadonlyArray<
  readonly [string, (redis: Client.PrimaryClient) => Effect.Effect<unknown, Errors.RedisError>]
> = [
  ["BLPOP", (redis) => redis.blpop(["q"], "Infinity")],
  ["BLMOVE", (redis) => redis.blmove("q", "p", "left", "right", "Infinity")],
  ["BLMPOP", (redis) => redis.blmpop(["q"], "left", "Infinity", 5)],
  ["BZPOPMIN", (redis) => redis.bzpopmin(["z"], "Infinity")],
  ["XREAD", (redis) => redis.xread({ s: "0" }, { block: "Infinity" })],
  ["XREAD after $", (redis) => redis.xread({ s: "$" }, { block: "Infinity" })],
  ["XREADGROUP", (redis) => redis.xreadgroup("g", "c", { s: ">" }, { block: "Infinity" })],
  ["WAIT", (redis) => redis.run(commands.wait(5, "Infinity"))]
]

describe("the interruption of commands that wait", () => {
  for (const protocol of [3, 2] as const) {
    it.live(`RESP${protocol}: ends them at the server, on connections that stay, a thousand times`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address } = yield* server()
          const admin = yield* RedisClient.make({ address })
          const redis = yield* RedisClient.make({ address, clientName: "app", protocol, maxBlocking: 16 })
          yield* admin.xgroupCreate("s", "g", "$", { mkstream: true })
          yield* redis.set("a", "1")
          const isBlocked = (n: number) => Effect.map(connectionsOf(admin, "app"), ({ blocked }) => blocked === n)
          for (const [, wait] of waits) {
            const fiber = yield* start(wait(redis))
            yield* until(isBlocked(1))
            yield* Fiber.interrupt(fiber)
            yield* until(isBlocked(0))
            // The client has the reply, too, and the connection is free.
            yield* until(Effect.map(Metric.value(Metrics.connectionsInUseOf.blocking), (inUse) => inUse.value === 0))
          }
          const before = (yield* connectionsOf(admin, "app")).ids
          assert.lengthOf(before, 2)
          let ids: ReadonlyArray<number> = []
          for (let turn = 0; turn < 40; turn++) {
            const fibers = yield* Effect.forEach(Array.from({ length: 25 }, (_, i) => i), (i) =>
              start(redis.blpop([`q${i}`], "Infinity")))
            // Sometimes while they are on their way.
            if (turn % 2 === 0) {
              yield* until(isBlocked(16))
            } else if (turn % 4 === 1) {
              yield* Effect.sleep("1 millis")
            }
            yield* Effect.forEach(fibers, Fiber.interrupt, { concurrency: "unbounded" })
            yield* until(isBlocked(0))
            const now = (yield* connectionsOf(admin, "app")).ids
            if (turn === 0) {
              ids = now
            } else assert.deepStrictEqual(now, ids, `turn ${turn}`)
          }
          assert.lengthOf(ids, 17)
          for (let i = 0; i < 25; i++) {
            yield* admin.rpush(`q${i}`, "job")
          }
          for (let i = 0; i < 25; i++) {
            assert.deepStrictEqual(yield* redis.lrange(`q${i}`, 0, -1), ["job"])
          }
        })
      ), 30_000)
  }

  it.live("on a caller's reserved connection: it goes on at once", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const admin = yield* RedisClient.make({ address })
        const redis = yield* RedisClient.make({ address, clientName: "app" })
        yield* admin.xgroupCreate("s", "g", "$", { mkstream: true })
        yield* redis.set("a", "1")
        const reserved = yield* redis.reserve
        const id = yield* reserved.clientId()
        for (const [name, wait] of waits) {
          const fiber = yield* start(wait(reserved as unknown as Client.PrimaryClient))
          yield* until(Effect.map(connectionsOf(admin, "app"), ({ blocked }) => blocked === 1))
          yield* Fiber.interrupt(fiber)
          assert.strictEqual(yield* Effect.timeout(reserved.clientId(), "2 seconds"), id, name)
        }
      })
    ), 30_000)

  it.live("a user who may not run CLIENT UNBLOCK: no client is left waiting", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const admin = yield* RedisClient.make({ address })
        yield* admin.send("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-client|unblock")
        const redis = yield* RedisClient.make({
          address,
          clientName: "app",
          username: "app",
          password: Redacted.make("secret")
        })
        for (let i = 0; i < 5; i++) {
          const fiber = yield* start(redis.blpop(["q"], "Infinity"))
          yield* until(Effect.map(connectionsOf(admin, "app"), ({ blocked }) => blocked === 1))
          yield* Fiber.interrupt(fiber)
          yield* until(Effect.map(connectionsOf(admin, "app"), ({ blocked }) => blocked === 0))
        }
        const fiber = yield* start(redis.blpop(["q"], "Infinity"))
        yield* admin.rpush("q", "x")
        assert.deepStrictEqual<unknown>(yield* Fiber.join(fiber), Exit.succeed(["q", "x"]))
      })
    ), 30_000)

  it.live(
    "a server that hangs, restarts or kills the connection: what waits settles, and so does what comes after",
    () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address, kill, restart, signal } = yield* server()
          const admin = yield* RedisClient.make({ address })
          const redis = yield* RedisClient.make({ address, clientName: "app", stallTimeout: "500 millis" })
          for (const how of ["hang", "restart", "kill the client"] as const) {
            yield* redis.del("q", "s")
            const commandsThatWait: ReadonlyArray<Effect.Effect<unknown, Errors.RedisError>> = [
              redis.blpop(["q"], "Infinity"),
              redis.repeatable(commands.blpop(["q"], "Infinity")),
              redis.xread({ s: "$" }, { block: "Infinity" }),
              redis.xread({ s: "0" }, { block: "30 seconds" })
            ]
            const all = yield* Effect.forEach(commandsThatWait, (wait) => start(wait))
            yield* until(Effect.map(connectionsOf(admin, "app"), ({ blocked }) => blocked === 4))
            if (how === "hang") {
              yield* signal("SIGSTOP")
              yield* Effect.sleep("1500 millis")
              yield* signal("SIGCONT")
            } else if (how === "restart") {
              yield* kill
              yield* restart
            } else yield* admin.clientKill({ type: "normal", skipme: true })
            const producer = yield* Effect.forkChild(Effect.forever(Effect.andThen(
              Effect.ignore(admin.pipeline([commands.rpush("q", "x"), commands.xadd("s", "*", { a: "1" })])),
              Effect.sleep("100 millis")
            )))
            for (const [i, fiber] of all.entries()) {
              const exit = yield* Effect.timeout(Fiber.join(fiber), "15 seconds")
              if (i > 0) assert.isTrue(Exit.isSuccess(exit), how)
              else if (Exit.isFailure(exit)) assert.strictEqual(failureOf(exit)._tag, "AmbiguousOutcome", how)
            }
            yield* Fiber.interrupt(producer)
          }
        })
      ),
    60_000
  )
})
