/**
 * Commands that wait at the server: how many at a time, what an interruption does, and
 * that each of them settles, whatever happens to its connection.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { type Client, Command, commands, Connector, type Errors, Metrics, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { clientOf, store } from "./support/store.ts"
import { timePassing } from "./support/time.ts"

const address = "10.0.0.1:6379"
const whileTimePasses = timePassing("5 millis")

/** Waits until something holds; time passes meanwhile. */
const until = (condition: () => boolean) =>
  whileTimePasses(
    Effect.gen(function*() {
      while (!condition()) yield* Effect.sleep("5 millis")
    })
  )

/** Keeps what is logged as warnings while an effect runs. */
const warningsIn = <A, E, R>(effect: (warnings: Array<string>) => Effect.Effect<A, E, R>) => {
  const warnings: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    if (logLevel === "Warn") warnings.push(String(message))
  })
  return Effect.provide(Effect.suspend(() => effect(warnings)), Logger.layer([logger]))
}

/** A client of one server in memory, and that server. */
const one = (options: RedisClient.Options = {}, deployment: Testing.Options = {}) =>
  Effect.gen(function*() {
    const control = yield* Testing.make({ replicas: 0, sentinels: 0, ...deployment })
    const redis = yield* RedisClient.make({ address, ...options }).pipe(
      Effect.provideService(Connector.Connector, control.network.dial)
    )
    return { control, redis }
  })

type Control = Testing.Deployment["Service"]

/** How many connections to the server wait there. */
const blockedAt = (control: Control, at = address): number => control.node(at).waiting

/** Another client of the same server, as another party. */
const another = (control: Control) =>
  RedisClient.make({ address }).pipe(Effect.provideService(Connector.Connector, control.network.dialer("other")))

/** A client of a group's primary. */
const primary = (deployment: Control, options: Sentinel.NodeOptions = {}) =>
  Effect.gen(function*() {
    const sentinel = yield* Sentinel.make({ sentinels: deployment.sentinels, node: options })
    const topology = yield* sentinel.topology("mymaster")
    const moved = whileTimePasses(Effect.gen(function*() {
      while ((yield* topology.current).epoch === 0) yield* Effect.sleep("5 millis")
    }))
    return { moved, redis: yield* sentinel.primaryFor("mymaster"), sentinel }
  }).pipe(Effect.provideService(Connector.Connector, deployment.network.dial))

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkChild(Effect.exit(effect), { startImmediately: true })

/** A command that waits and cannot be divided into turns. */
const undivided = Command.make(
  Command.define({ words: ["BLPOP", "undivided"], mode: "write", blockingMillis: () => 2000, decode: Command.native }),
  [2]
)

/** Commands that wait for what never comes, each on a client or on a reserved connection. */
const waits: ReadonlyArray<
  readonly [string, (redis: Client.PrimaryClient) => Effect.Effect<unknown, Errors.RedisError>]
> = [
  ["BLPOP", (redis) => redis.blpop(["q"], "Infinity")],
  ["BLPOP of some seconds", (redis) => redis.blpop(["q"], "30 seconds")],
  ["BLPOP of one turn", (redis) => redis.blpop(["q"], "3 seconds")],
  ["BLPOP by name", (redis) => redis.send("BLPOP", "q", 0)],
  ["BLPOP, undivided", (redis) => redis.run(undivided)],
  ["BLMOVE", (redis) => redis.blmove("q", "p", "left", "right", "Infinity")],
  ["BLMPOP", (redis) => redis.blmpop(["q"], "left", "Infinity", 5)],
  ["BZPOPMIN", (redis) => redis.bzpopmin(["z"], "Infinity")],
  ["XREAD", (redis) => redis.xread({ s: "0" }, { block: "Infinity" })],
  ["XREAD after $", (redis) => redis.xread({ s: "$" }, { block: "Infinity" })],
  ["WAIT", (redis) => redis.run(commands.wait(5, "Infinity"))]
]

describe("the interruption of a command that waits", () => {
  for (const protocol of [3, 2] as const) {
    for (const [name, wait] of waits) {
      it.effect(`${name}, RESP${protocol}: ends it at the server; its connection stays open and is used again`, () =>
        Effect.gen(function*() {
          const { control, redis } = yield* one({ protocol })
          yield* redis.ping()
          for (let i = 0; i < 3; i++) {
            const fiber = yield* start(wait(redis))
            yield* until(() => blockedAt(control) === 1)
            // No time passes.
            yield* Fiber.interrupt(fiber)
            yield* until(() => blockedAt(control) === 0)
            yield* TestClock.adjust("50 millis")
          }
          assert.strictEqual(control.network.dials(address), 2)
          assert.strictEqual(control.network.connections(address), 2)
          yield* whileTimePasses(Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.ping())))
          assert.strictEqual(control.network.dials(address), 2)
        }))
    }
  }

  it.effect("a thousand times, one by one and all at once: no client is left waiting, and no connection is lost", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({ maxBlocking: 16 })
      yield* redis.ping()
      for (let i = 0; i < 250; i++) {
        const fiber = yield* start(redis.blpop([`q${i}`], "Infinity"))
        // Before it is written, before it has arrived, and later.
        if (i % 3 > 0) yield* Effect.yieldNow
        if (i % 3 > 1) yield* TestClock.adjust("1 millis")
        yield* Fiber.interrupt(fiber)
      }
      for (let i = 0; i < 750; i += 250) {
        const fibers = yield* Effect.forEach(
          Array.from({ length: 250 }, (_, n) => n),
          (n) => start(redis.blpop([`q${n}`], "Infinity"))
        )
        yield* until(() => blockedAt(control) === 16)
        yield* Effect.forEach(fibers, Fiber.interrupt, { concurrency: "unbounded" })
        yield* until(() => blockedAt(control) === 0)
      }
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(control.network.dials(address), 17)
      assert.strictEqual(control.network.connections(address), 17)
      // What comes later is not taken by any of them.
      yield* redis.rpush("q1", "job")
      assert.deepStrictEqual(yield* redis.lrange("q1", 0, -1), ["job"])
    }))

  it.effect("does not end the next command on the same connection", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({ maxBlocking: 1 }, { latency: { min: "0 millis", max: "3 millis" } })
      const other = yield* another(control)
      yield* whileTimePasses(redis.ping())
      for (let i = 0; i < 100; i++) {
        const first = yield* start(redis.blpop(["first"], "Infinity"))
        yield* TestClock.adjust(i % 7)
        yield* Fiber.interrupt(first)
        const second = yield* start(redis.blpop([`q${i}`], "Infinity"))
        yield* until(() => blockedAt(control) === 1)
        yield* whileTimePasses(Effect.sleep("20 millis"))
        assert.isUndefined(second.pollUnsafe())
        yield* whileTimePasses(other.rpush(`q${i}`, "job"))
        assert.deepStrictEqual<unknown>(yield* whileTimePasses(Fiber.join(second)), Exit.succeed([`q${i}`, "job"]))
      }
      assert.strictEqual(control.network.dials(address), 3)
    }))

  it.effect("an element that the server gave at that moment is counted and logged", () =>
    warningsIn((warnings) =>
      Effect.gen(function*() {
        const { control, redis } = yield* one({}, { latency: "10 millis" })
        const other = yield* another(control)
        yield* whileTimePasses(other.ping())
        const count = Effect.map(Metric.value(Metrics.interruptedElements), (state) => state.count)
        const before = yield* count
        const use = (
          wait: Effect.Effect<unknown, Errors.RedisError>,
          fill: Effect.Effect<unknown, Errors.RedisError>
        ) =>
          Effect.gen(function*() {
            const fiber = yield* start(wait)
            yield* until(() => blockedAt(control) === 1)
            const filling = yield* start(fill)
            while (blockedAt(control) > 0) yield* TestClock.adjust("1 millis")
            yield* Fiber.interrupt(fiber)
            yield* whileTimePasses(Fiber.join(filling))
            yield* whileTimePasses(Effect.sleep("50 millis"))
            return (yield* count) - before
          })
        assert.strictEqual(yield* use(redis.blpop(["q"], "Infinity"), other.rpush("q", "secret")), 1)
        assert.strictEqual(
          yield* use(redis.blmpop(["q"], "left", "Infinity", 5), other.rpush("q", "secret", "b", "c")),
          4
        )
        assert.strictEqual(
          yield* use(redis.bzpopmin(["z"], "Infinity"), other.zadd("z", [{ member: "secret", score: 1 }])),
          5
        )
        assert.lengthOf(warnings, 3)
        assert.include(warnings[1], "BLMPOP was interrupted when the server had just given it 3 element(s)")
        assert.isFalse(warnings.some((text) => text.includes("secret")))
        // These leave what they have taken at the server.
        yield* use(redis.blmove("q", "p", "left", "left", "Infinity"), other.rpush("q", "x"))
        assert.strictEqual(
          yield* use(redis.xread({ s: "0" }, { block: "Infinity" }), other.xadd("s", "*", { a: "b" })),
          5
        )
        assert.deepStrictEqual(yield* whileTimePasses(redis.lrange("p", 0, -1)), ["x"])
        assert.lengthOf(warnings, 3)
        assert.strictEqual(control.network.dials(address), 3)
      })
    ))

  it.effect("a user who may not run CLIENT UNBLOCK: the connection is closed instead, and the log says so once", () =>
    warningsIn((warnings) =>
      Effect.gen(function*() {
        const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
        const admin = yield* another(control)
        yield* admin.send("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-client|unblock")
        const redis = yield* RedisClient.make({ address, username: "app", password: Redacted.make("secret") }).pipe(
          Effect.provideService(Connector.Connector, control.network.dial)
        )
        const maybeLost = Effect.map(Metric.value(Metrics.maybeLostElements), ({ count }) => count)
        const before = yield* maybeLost
        for (const command of [commands.blpop(["q"], "Infinity"), commands.blmpop(["q"], "left", "Infinity", 5)]) {
          const fiber = yield* start(redis.run(command as Command.Command<unknown, "write">))
          yield* until(() => blockedAt(control) === 1)
          yield* Fiber.interrupt(fiber)
          yield* until(() => blockedAt(control) === 0)
        }
        assert.strictEqual((yield* maybeLost) - before, 6)
        assert.lengthOf(warnings, 1)
        assert.include(warnings[0], "+client|unblock")
        // A caller's own connection is not closed: the turn ends by itself.
        yield* whileTimePasses(Effect.scoped(Effect.gen(function*() {
          const reserved = yield* redis.reserve
          const fiber = yield* start(reserved.blpop(["q"], "Infinity"))
          while (blockedAt(control) === 0) yield* Effect.sleep("5 millis")
          yield* Fiber.interrupt(fiber)
          assert.strictEqual(yield* reserved.ping(), "PONG")
        })))
      })
    ))

  it.effect("CLIENT UNBLOCK without an answer, or at a busy server: no right is missing, and the log does not say so", () =>
    warningsIn((warnings) =>
      Effect.gen(function*() {
        // The client closes while it is unanswered.
        const scope = yield* Scope.make()
        const { control, redis } = yield* Scope.provide(one(), scope)
        yield* redis.ping()
        const waiting = yield* start(redis.blpop(["q"], "Infinity"))
        yield* until(() => blockedAt(control) === 1)
        yield* control.hang(address)
        yield* Fiber.interrupt(waiting)
        yield* TestClock.adjust("5 millis")
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(warnings, [])

        let refusal = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
        let unblocked = 0
        const server = store((command) => {
          if (!command.startsWith("CLIENT UNBLOCK")) return command.startsWith("BLPOP") ? "" : undefined
          unblocked++
          return refusal
        })
        const other = yield* clientOf(server)
        const interrupted = Effect.gen(function*() {
          const fiber = yield* start(other.blpop(["q"], "Infinity"))
          const before = unblocked
          yield* TestClock.adjust("5 millis")
          yield* Fiber.interrupt(fiber)
          yield* until(() => unblocked > before)
          yield* TestClock.adjust("5 millis")
        })
        yield* other.get("a")
        for (let i = 0; i < 2; i++) yield* interrupted
        assert.lengthOf(warnings, 2)
        for (const warning of warnings) assert.include(warning, "its connection ended without an answer")
        refusal = "-ERR unknown subcommand 'unblock'.\r\n"
        for (let i = 0; i < 2; i++) yield* interrupted
        assert.lengthOf(warnings, 3)
        assert.include(warnings[2], "the server refuses CLIENT UNBLOCK (ERR)")
        assert.isFalse(warnings.some((warning) => warning.includes("ACL")))
      })
    ))

  it.effect("on a caller's reserved connection: the caller goes on with it at once, also with the next wait", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({ maxReserved: 1 })
      yield* redis.ping()
      yield* Effect.scoped(Effect.gen(function*() {
        const reserved = yield* redis.reserve
        for (const [name, wait] of waits) {
          const fiber = yield* start(wait(reserved as unknown as Client.PrimaryClient))
          yield* until(() => blockedAt(control) === 1)
          yield* Fiber.interrupt(fiber)
          const [took] = yield* whileTimePasses(Effect.timed(reserved.ping()))
          assert.isBelow(Duration.toMillis(took), 100, name)
        }
        const first = yield* start(reserved.blpop(["q"], "Infinity"))
        yield* until(() => blockedAt(control) === 1)
        yield* Fiber.interrupt(first)
        const next = yield* start(reserved.blpop(["q"], "Infinity"))
        const piped = yield* start(reserved.pipeline([commands.blpop(["q"], "1 second"), commands.ping()]))
        yield* whileTimePasses(Effect.sleep("200 millis"))
        assert.isUndefined(next.pollUnsafe())
        yield* redis.rpush("q", "a", "b")
        assert.deepStrictEqual<unknown>(yield* whileTimePasses(Fiber.join(next)), Exit.succeed(["q", "a"]))
        assert.deepStrictEqual<unknown>(yield* whileTimePasses(Fiber.join(piped)), Exit.succeed([["q", "b"], "PONG"]))
        // The Scope closes right after an interruption: the connection is given back all the same.
        const last = yield* start(reserved.blpop(["q"], "Infinity"))
        yield* until(() => blockedAt(control) === 1)
        yield* Fiber.interrupt(last)
      }))
      assert.strictEqual(yield* whileTimePasses(Effect.scoped(Effect.flatMap(redis.reserve, (r) => r.ping()))), "PONG")
      assert.strictEqual(control.network.dials(address), 2)
    }))

  it.effect("while the server hangs: at once; the connection is closed after a second", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      yield* redis.ping()
      const fibers = yield* Effect.forEach([1, 2, 3], (i) => start(redis.blpop([`q${i}`], "Infinity")))
      yield* until(() => blockedAt(control) === 3)
      yield* control.hang(address)
      // No time passes.
      yield* Effect.forEach(fibers, Fiber.interrupt)
      yield* whileTimePasses(Effect.sleep("1100 millis"))
      yield* control.resume(address)
      yield* until(() => blockedAt(control) === 0)
      yield* redis.rpush("q1", "job")
      assert.deepStrictEqual(yield* whileTimePasses(redis.lrange("q1", 0, -1)), ["job"])
    }))

  it.effect("while the group fails over, and while the connections are lost", () =>
    Effect.gen(function*() {
      for (const how of ["failover", "disconnect", "kill"] as const) {
        const deployment = yield* Testing.make()
        const { moved, redis } = yield* primary(deployment)
        yield* whileTimePasses(redis.set("a", "1"))
        yield* TestClock.adjust("1 second")
        const fibers = yield* Effect.forEach(
          Array.from({ length: 8 }, (_, i) => i),
          (i) => start(redis.blpop([`q${i}`], "Infinity"))
        )
        yield* until(() => blockedAt(deployment) === 8)
        yield* how === "failover"
          ? deployment.failover
          : how === "kill"
          ? deployment.kill(address)
          : deployment.disconnect(address)
        for (const [i, fiber] of fibers.entries()) {
          yield* TestClock.adjust(i * 10)
          yield* Fiber.interrupt(fiber)
        }
        if (how !== "disconnect") yield* moved
        const at = yield* deployment.primary
        yield* until(() => blockedAt(deployment, at) === 0)
        yield* whileTimePasses(Effect.sleep("2 seconds"))
        const next = yield* start(redis.blpop(["next"], "Infinity"))
        yield* until(() => blockedAt(deployment, at) === 1)
        yield* whileTimePasses(redis.rpush("next", "x"))
        assert.deepStrictEqual<unknown>(yield* whileTimePasses(Fiber.join(next)), Exit.succeed(["next", "x"]))
      }
    }).pipe(Effect.scoped))

  it.effect("and the end of the client, in the middle of it: nothing is left", () =>
    Effect.gen(function*() {
      for (const pause of [0, 3, 8]) {
        const scope = yield* Scope.make()
        const { control, redis } = yield* one({}, { latency: "5 millis" }).pipe(Scope.provide(scope))
        const fibers = yield* Effect.forEach([1, 2, 3], (i) => start(redis.blpop([`q${i}`], "Infinity")))
        yield* until(() => blockedAt(control) === 3)
        yield* Effect.forEach(fibers, Fiber.interrupt)
        yield* TestClock.adjust(pause)
        const inUse = Metric.value(Metrics.connectionsInUseOf.blocking)
        yield* Scope.close(scope, Exit.void)
        yield* TestClock.adjust("50 millis")
        assert.strictEqual(control.network.connections(address), 0)
        assert.strictEqual((yield* inUse).value, 0)
      }
    }))
})

describe("the limit of commands that wait", () => {
  it.effect("is one of its own: they leave redis.reserve and redis.watch their connections", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({ maxBlocking: 16, maxReserved: 2, reserveTimeout: "1 second" })
      const fibers = yield* Effect.forEach(
        Array.from({ length: 40 }, (_, i) => i),
        (i) => start(redis.blpop([`q${i}`], "Infinity"))
      )
      yield* until(() => blockedAt(control) === 16)
      yield* Effect.scoped(Effect.gen(function*() {
        const first = yield* redis.reserve
        assert.deepStrictEqual(yield* redis.watch("n", () => Effect.succeed([commands.incr("n")])), [1])
        const second = yield* redis.reserve
        assert.deepStrictEqual([yield* first.ping(), yield* second.ping()], ["PONG", "PONG"])
        const error = failureOf(yield* whileTimePasses(Effect.exit(Effect.scoped(redis.reserve))))
        assert.strictEqual(error._tag === "ReserveTimeout" ? error.option : error._tag, "maxReserved")
        assert.include(error.message, "the option maxReserved allows 2")
        const undividedError = failureOf(yield* whileTimePasses(Effect.exit(redis.run(undivided))))
        assert.strictEqual(
          undividedError._tag === "ReserveTimeout" ? undividedError.option : undividedError._tag,
          "maxBlocking"
        )
        assert.include(undividedError.message, "the option maxBlocking allows 16")
      }))
      assert.strictEqual(control.network.connections(address), 19)
      yield* Effect.forEach(fibers, Fiber.interrupt)
    }))

  it.effect("is told before it is reached, and when it is: once each, with the option; metrics show it", () =>
    warningsIn((warnings) =>
      Effect.gen(function*() {
        const value = (metric: Metric.Metric<number, { readonly value?: number; readonly count?: number }>) =>
          Effect.map(Metric.value(metric as never) as Effect.Effect<any>, (state) => state.value ?? state.count)
        const { blocking: inUse, reserved: inUseReserved } = Metrics.connectionsInUseOf
        const before = yield* value(Metrics.connectionLimitOf.blocking as never)
        const waitsBefore = yield* value(Metrics.reservationWaitsOf.blocking as never)
        const scope = yield* Scope.make()
        const { control, redis } = yield* one({ maxBlocking: 10, maxReserved: 5 }).pipe(Scope.provide(scope))
        const fibers: Array<Fiber.Fiber<unknown>> = []
        const block = (n: number) =>
          Effect.gen(function*() {
            for (let i = 0; i < n; i++) fibers.push(yield* start(redis.blpop([`q${fibers.length}`], "Infinity")))
            yield* TestClock.adjust("20 millis")
          })
        yield* block(7)
        assert.deepStrictEqual(warnings, [])
        yield* block(1)
        assert.lengthOf(warnings, 1)
        assert.include(warnings[0], "8 of the 10 connections that maxBlocking allows are in use")
        yield* block(2)
        assert.lengthOf(warnings, 1)
        yield* block(2)
        assert.lengthOf(warnings, 2)
        assert.include(warnings[1], "all 10 connections that maxBlocking allows are in use")
        assert.strictEqual(yield* value(inUse as never), 10)
        assert.strictEqual((yield* value(Metrics.connectionLimitOf.blocking as never)) - before, 10)
        assert.strictEqual((yield* value(Metrics.reservationWaitsOf.blocking as never)) - waitsBefore, 2)
        assert.strictEqual(blockedAt(control), 10)
        yield* Effect.forEach(fibers, Fiber.interrupt)
        yield* until(() => blockedAt(control) === 0)
        yield* TestClock.adjust("20 millis")
        yield* block(12)
        assert.lengthOf(warnings, 2)
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Effect.forEach([1, 2, 3, 4], () => redis.reserve)
          assert.strictEqual(yield* value(inUseReserved as never), 4)
        }))
        assert.include(warnings[2], "4 of the 5 connections that maxReserved allows are in use")
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(yield* value(Metrics.connectionLimitOf.blocking as never), before)
        assert.strictEqual(yield* value(inUseReserved as never), 0)
      })
    ))
})

describe("XREAD after $", () => {
  const idsIn = (streams: Map<string, ReadonlyArray<{ readonly id: string }>> | null) =>
    Array.from(streams ?? [], ([key, entries]) => [key, entries.map(({ id }) => id)])

  it.effect("misses no entry between turns, after a lost connection, or of a stream that is made later", () =>
    Effect.gen(function*() {
      for (const owned of [false, true]) {
        const { control, redis } = yield* one()
        const other = yield* another(control)
        yield* other.xadd("s", "*", { before: "1" })
        const read = (client: Client.PrimaryClient) =>
          start(client.xread({ s: "$", made: "$" }, { block: "Infinity", count: 10 }))
        const use = (client: Client.PrimaryClient) =>
          Effect.gen(function*() {
            const first = yield* read(client)
            yield* until(() => blockedAt(control) === 1)
            // Another turn, and the turn before has ended.
            yield* whileTimePasses(Effect.sleep("12 seconds"))
            yield* other.xadd("made", "5-1", { a: "2" })
            const found = yield* whileTimePasses(Fiber.join(first))
            assert.deepStrictEqual<unknown>(
              Exit.map(found, idsIn),
              Exit.succeed([["made", ["5-1"]]])
            )
          })
        if (owned) yield* Effect.scoped(Effect.flatMap(redis.reserve, (client) => use(client as never)))
        else {
          yield* use(redis)
          const again = yield* read(redis)
          yield* until(() => blockedAt(control) === 1)
          // The entry comes while the client has no connection.
          yield* control.partition("client", address)
          yield* control.disconnect(address)
          yield* whileTimePasses(Effect.retry(other.xadd("made", "6-1", { a: "3" }), Schedule.recurs(3)))
          yield* whileTimePasses(Effect.sleep("1 second"))
          assert.isUndefined(again.pollUnsafe())
          yield* control.heal()
          const found = yield* whileTimePasses(Fiber.join(again))
          assert.deepStrictEqual<unknown>(
            Exit.map(found, idsIn),
            Exit.succeed([["made", ["6-1"]]])
          )
        }
      }
    }))

  it.effect("is sent in one piece where the user may not ask for ids, or if it fits into one turn", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
      const admin = yield* another(control)
      yield* admin.send("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-xinfo")
      const redis = yield* RedisClient.make({ address, username: "app", password: Redacted.make("secret") }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      for (const block of ["4 seconds", "20 seconds"] as const) {
        const fiber = yield* start(redis.xread({ s: "$" }, { block }))
        yield* until(() => blockedAt(control) === 1)
        yield* whileTimePasses(admin.xadd("s", "*", { a: "1" }))
        const found = yield* whileTimePasses(Fiber.join(fiber))
        assert.strictEqual(Exit.isSuccess(found) && found.value?.size, 1)
      }
    }))
})

describe("a command that waits always settles", () => {
  const faults = {
    "the connections are closed": (control: Control) => control.disconnect(address),
    "the server is restarted": (control: Control) =>
      Effect.andThen(control.kill(address), Effect.andThen(Effect.sleep("3 seconds"), control.restart(address))),
    "the connections are forgotten by the network": (control: Control) =>
      Effect.sync(() => control.network.silence(address)),
    "the server hangs for a while": (control: Control) =>
      Effect.andThen(control.hang(address), Effect.andThen(Effect.sleep("20 seconds"), control.resume(address))),
    "replies are not RESP": (control: Control) => control.corrupt({ address, direction: "reply", after: 0 })
  }
  for (const [fault, cause] of Object.entries(faults)) {
    it.effect(
      `when ${fault}: with a result or an error of its own, and so do the next ones`,
      () =>
        Effect.gen(function*() {
          for (const owned of [false, true]) {
            for (const [name, wait] of waits) {
              const { control, redis } = yield* one({ stallTimeout: "2 seconds" })
              yield* redis.ping()
              const scope = yield* Scope.make()
              const client = owned ? yield* Scope.provide(redis.reserve, scope) : redis
              const fiber = yield* start(wait(client as Client.PrimaryClient))
              yield* until(() => blockedAt(control) === 1)
              yield* whileTimePasses(cause(control))
              // What they wait for comes now and then.
              const producer = yield* Effect.forkChild(Effect.forever(Effect.andThen(
                Effect.ignore(redis.pipeline([
                  commands.rpush("q", "x"),
                  commands.rpush("undivided", "x"),
                  commands.zadd("z", [{ member: "x", score: 1 }]),
                  commands.xadd("s", "*", { a: "b" })
                ])),
                Effect.sleep("1 second")
              )))
              const about = `${name}, ${owned ? "reserved" : "shared"}`
              if (name !== "WAIT") {
                const exit = yield* whileTimePasses(Effect.timeoutOption(Fiber.join(fiber), "40 seconds"))
                assert.strictEqual(exit._tag, "Some", about)
              }
              yield* Fiber.interrupt(producer)
              yield* Fiber.interrupt(fiber)
              yield* Scope.close(scope, Exit.void)
              yield* whileTimePasses(Effect.retry(redis.del("q", "z", "s"), Schedule.recurs(3)))
              const next = yield* start(redis.blpop(["q"], "Infinity"))
              yield* until(() => blockedAt(control) >= 1)
              yield* whileTimePasses(redis.rpush("q", "y"))
              assert.deepStrictEqual<unknown>(yield* whileTimePasses(Fiber.join(next)), Exit.succeed(["q", "y"]), about)
            }
          }
        }),
      60_000
    )
  }
})
