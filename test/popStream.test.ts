/**
 * Streams of elements popped from lists: what they give and from where, outages, and that an interrupted one takes
 * nothing with it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Codec from "../src/Codec.ts"
import * as Command from "../src/Command.ts"
import { Connector, RedisClient, Sentinel } from "../src/index.ts"
import * as Metrics from "../src/Metrics.ts"
import type { MaybeLost, Popped, Unreadable } from "../src/PopStream.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
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

/** A client of a group in memory, and what the sentinels know. */
const group = (options: Sentinel.NodeOptions = {}) =>
  Effect.gen(function*() {
    const control = yield* Testing.make()
    const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
      Effect.provideService(Connector.Connector, control.network.dial)
    )
    const redis = yield* sentinel.primaryFor("mymaster", options)
    return { control, redis, topology: yield* sentinel.topology("mymaster") }
  })

/** A client of one server in memory, and that server. */
const one = (options: RedisClient.Options = {}, deployment: Testing.Options = {}) =>
  Effect.gen(function*() {
    const control = yield* Testing.make({ replicas: 0, sentinels: 0, ...deployment })
    const client = (options: RedisClient.Options = {}) =>
      RedisClient.make({ address, ...options }).pipe(Effect.provideService(Connector.Connector, control.network.dial))
    const redis = yield* client(options)
    yield* redis.ping()
    return { control, redis, client, node: control.node(address) }
  })

const shown = (item: Popped<unknown> | Popped<Uint8Array, Uint8Array> | Unreadable | MaybeLost): string =>
  item._tag === "MaybeLost"
    ? `maybe lost ${item.most}`
    : item._tag === "Unreadable"
    ? `unreadable ${Buffer.from(item.key)} ${Buffer.from(item.value).toString("hex")}: ${item.issue}`
    : `${item.key} ${typeof item.value === "string" ? item.value : JSON.stringify(item.value)}`

/** Collects what a Stream gives, in a fiber of the test's own. */
const collecting = (stream: Stream.Stream<Popped<unknown> | Unreadable | MaybeLost, unknown>) =>
  Effect.gen(function*() {
    const items: Array<string> = []
    const fiber = yield* Effect.forkScoped(
      Stream.runForEach(stream, (item) => Effect.sync(() => void items.push(shown(item)))),
      { startImmediately: true }
    )
    return { items, fiber }
  })

const take = (stream: Stream.Stream<Popped<unknown> | Unreadable | MaybeLost, any>, n: number) =>
  Effect.map(whileTimePasses(Stream.runCollect(Stream.take(stream, n))), (items) => Array.from(items, shown))

describe("what it gives", () => {
  it.effect("elements of the first list that has any, with its key, from the end that is asked for", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      yield* redis.rpush("a", "1", "2", "3")
      yield* redis.rpush("b", "4")
      assert.deepStrictEqual(yield* take(redis.popStream(["none", "a", "b"]), 2), ["a 1", "a 2"])
      assert.deepStrictEqual(yield* take(redis.popStream("b"), 1), ["b 4"])
      yield* redis.rpush("a", "5", "6")
      assert.deepStrictEqual(yield* take(redis.popStream("a", { side: "right" }), 2), ["a 6", "a 5"])
      assert.deepStrictEqual(yield* redis.lrange("a", 0, -1), ["3"])
    }))

  it.effect("elements that come later", () =>
    Effect.gen(function*() {
      const { node, redis } = yield* one()
      const { items } = yield* collecting(redis.popStream("jobs"))
      yield* until(() => node.waiting === 1)
      yield* redis.rpush("jobs", "1", "2")
      yield* until(() => items.length === 2)
      // Longer than one request waits.
      yield* TestClock.adjust("12 seconds")
      yield* redis.rpush("jobs", "3")
      yield* until(() => items.length === 3)
      assert.deepStrictEqual(items, ["jobs 1", "jobs 2", "jobs 3"])
    }))

  it.effect("text, bytes, or values of a codec; what does not fit with its bytes", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const job = Codec.json(Schema.Struct({ n: Schema.Int }))
      yield* redis.rpush("a", new Uint8Array([0xff]), "x")
      assert.deepStrictEqual(yield* take(redis.popStream("a"), 2), ["unreadable a ff: it is not UTF-8", "a x"])
      yield* redis.rpush("a", "{\"n\":1}", "{\"n\":\"x\"}", "{")
      assert.deepStrictEqual(yield* take(redis.popStream("a", { codec: job }), 3), [
        "a {\"n\":1}",
        "unreadable a 7b226e223a2278227d: at n: Expected number",
        "unreadable a 7b: it is not JSON"
      ])
      yield* redis.rpush("a", new Uint8Array([0xff]))
      const [item] = yield* whileTimePasses(Stream.runCollect(Stream.take(redis.bytes.popStream("a"), 1)))
      assert.isTrue(item?._tag === "Popped" && item.value[0] === 0xff && Buffer.from(item.key).toString() === "a")
    }))

  it.effect("removes nothing that is not asked for", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      yield* redis.rpush("a", "1", "2", "3", "4", "5")
      assert.deepStrictEqual(yield* take(redis.popStream("a"), 1), ["a 1"])
      assert.deepStrictEqual(yield* redis.lrange("a", 0, -1), ["2", "3", "4", "5"])
      // What one request removed beyond that goes back.
      assert.deepStrictEqual(yield* take(redis.popStream("a", { count: 3 }), 1), ["a 2"])
      assert.deepStrictEqual(yield* redis.lrange("a", 0, -1), ["3", "4", "5"])
      assert.deepStrictEqual(yield* take(redis.popStream("a", { count: 3, side: "right" }), 1), ["a 5"])
      assert.deepStrictEqual(yield* redis.lrange("a", 0, -1), ["3", "4"])
    }))

  it.effect("more Streams than connections take turns", () =>
    Effect.gen(function*() {
      // No turn is lost because it comes late.
      const { redis } = yield* one({ maxBlocking: 2, reserveTimeout: "100 millis" })
      const streams = yield* Effect.forEach(["a", "b", "c", "d", "e"], (key) => collecting(redis.popStream(key)))
      for (const key of ["a", "b", "c", "d", "e"]) yield* redis.rpush(key, key)
      yield* until(() => streams.every(({ items }) => items.length === 1))
    }))
})

/** Keeps what the log says of Streams while an effect runs. */
const linesIn = <A, E, R>(effect: (lines: Array<string>) => Effect.Effect<A, E, R>) => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    if (String(message).includes("popStream")) lines.push(`${logLevel} ${String(message)}`)
  })
  return Effect.provide(Effect.suspend(() => effect(lines)), Logger.layer([logger]))
}

describe("without a connection", () => {
  it.effect("it waits, and the log says so after a while, and when it has one", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const { node, redis } = yield* one({ maxBlocking: 1, commandTimeout: "10 minutes" })
        // It cannot be divided into turns.
        const undivided = Command.make(
          Command.define({
            words: ["BLPOP", "never"],
            mode: "write",
            blockingMillis: () => 120_000,
            decode: Command.native
          }),
          [120]
        )
        yield* Effect.forkScoped(redis.run(undivided), { startImmediately: true })
        yield* until(() => node.waiting === 1)
        const { items } = yield* collecting(redis.popStream("jobs"))
        yield* redis.rpush("jobs", "1")
        yield* TestClock.adjust("29 seconds")
        assert.deepStrictEqual(lines, [])
        yield* TestClock.adjust("2 seconds")
        const told = `Warn ${address}: popStream has waited for a connection for 30 seconds: all that the option ` +
          "maxBlocking allows are in use. Set it to as many as are needed."
        assert.deepStrictEqual(lines, [told])
        yield* TestClock.adjust("80 seconds")
        assert.deepStrictEqual(lines, [told])
        yield* TestClock.adjust("20 seconds")
        yield* until(() => items.length === 1)
        assert.deepStrictEqual(lines, [told, `Info ${address}: popStream works again`])
      })
    ))
})

describe("interrupted", () => {
  it.effect("while it waits: the wait ends at the server, and the next element stays", () =>
    Effect.gen(function*() {
      const { control, node, redis } = yield* one()
      const { fiber } = yield* collecting(redis.popStream("jobs"))
      yield* until(() => node.waiting === 1)
      const dials = control.network.dials(address)
      yield* whileTimePasses(Fiber.interrupt(fiber))
      assert.strictEqual(node.waiting, 0)
      yield* redis.rpush("jobs", "1")
      assert.deepStrictEqual(yield* redis.lrange("jobs", 0, -1), ["1"])
      // The connection is used again.
      assert.deepStrictEqual(yield* take(redis.popStream("jobs"), 1), ["jobs 1"])
      assert.strictEqual(control.network.dials(address), dials)
    }))

  for (const side of ["left", "right"] as const) {
    it.effect(`at any moment while an element comes: it is given, or in the list (${side})`, () =>
      Effect.gen(function*() {
        for (let step = 0; step < 12; step++) {
          const { client, node, redis } = yield* one()
          const { fiber, items } = yield* collecting(redis.popStream("jobs", { side }))
          yield* until(() => node.waiting === 1)
          const producer = yield* client()
          yield* whileTimePasses(producer.ping())
          yield* Effect.forkChild(producer.rpush("jobs", "1", "2"), { startImmediately: true })
          for (let i = 0; i < step; i++) yield* Effect.yieldNow
          yield* whileTimePasses(Fiber.interrupt(fiber))
          const left = yield* redis.lrange("jobs", 0, -1)
          const given = items.map((item) => item.slice(5))
          assert.deepStrictEqual(
            side === "left" ? [...given, ...left] : [...left, ...given.reverse()],
            ["1", "2"],
            `step ${step}`
          )
        }
      }))
  }

  it.effect("does not end the next command on its connection", () =>
    Effect.gen(function*() {
      const { client, node, redis } = yield* whileTimePasses(
        one({ maxBlocking: 1 }, { latency: { min: "0 millis", max: "4 millis" } })
      )
      const other = yield* client()
      yield* whileTimePasses(other.ping())
      for (let i = 0; i < 30; i++) {
        const { fiber } = yield* collecting(redis.popStream(`first${i}`))
        yield* until(() => node.waiting === 1)
        // The request of the Stream ends by itself when it is ended, after 5 seconds.
        yield* TestClock.adjust("4980 millis")
        for (let ms = 0; node.waiting === 1 && ms < 40; ms++) yield* TestClock.adjust("1 millis")
        assert.strictEqual(node.waiting, 0)
        yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
        const second = yield* Effect.forkChild(Effect.exit(redis.blpop([`second${i}`], "Infinity")), {
          startImmediately: true
        })
        yield* until(() => fiber.pollUnsafe() !== undefined)
        yield* whileTimePasses(Effect.sleep("40 millis"))
        assert.isUndefined(second.pollUnsafe(), `${i}`)
        yield* whileTimePasses(other.rpush(`second${i}`, "job"))
        assert.deepStrictEqual<unknown>(
          yield* whileTimePasses(Fiber.join(second)),
          Exit.succeed([`second${i}`, "job"]),
          `${i}`
        )
      }
    }))

  it.effect("while the server hangs: it ends after a second, and the log says what may be lost", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
      const { control, node, redis } = yield* one()
      const { fiber } = yield* collecting(redis.popStream("jobs")).pipe(Effect.provide(Logger.layer([logger])))
      yield* until(() => node.waiting === 1)
      yield* control.hang(address)
      const ending = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(ending)
      assert.deepStrictEqual(lines, [
        `${address}: popStream ended without an answer of the server: at most 1 element(s) may be lost`
      ])
    }))

  it.effect("behind the write fence: nothing was sent, so nothing is told, and the connection stays", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const { control, redis, topology } = yield* group()
        const { fiber } = yield* collecting(redis.popStream("jobs"))
        const primary = yield* control.primary
        const node = control.node(primary)
        yield* until(() => node.waiting === 1)
        yield* control.failover
        yield* whileTimePasses(Effect.gen(function*() {
          while ((yield* topology.current).fence === undefined || node.waiting > 0) yield* Effect.sleep("1 millis")
        }))
        const before = yield* Metric.value(Metrics.maybeLostElements)
        const dials = control.network.dials(primary)
        yield* whileTimePasses(Fiber.interrupt(fiber))
        assert.deepStrictEqual(lines, [])
        assert.deepStrictEqual(yield* Metric.value(Metrics.maybeLostElements), before)
        assert.strictEqual(control.network.dials(primary), dials)
      })
    ))

  /** The Stream has removed three elements, and its reader has one of them. */
  const withTwoToPutBack = (redis: RedisClient.RedisClient["Service"]) =>
    Effect.gen(function*() {
      yield* redis.rpush("jobs", "1", "2", "3")
      let hasOne = false
      const fiber = yield* Effect.forkScoped(
        Stream.runForEach(redis.popStream("jobs", { count: 3 }), () => {
          hasOne = true
          return Effect.never
        }),
        { startImmediately: true }
      )
      yield* until(() => hasOne)
      return fiber
    })

  it.effect("while writes wait for the end of a failover: what was removed and not given is put back", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const { control, redis, topology } = yield* group({ commandTimeout: "300 millis" })
        const fiber = yield* whileTimePasses(withTwoToPutBack(redis))
        yield* control.failover
        yield* whileTimePasses(Effect.gen(function*() {
          while ((yield* topology.current).fence === undefined) yield* Effect.sleep("1 millis")
        }))
        yield* whileTimePasses(Fiber.interrupt(fiber))
        assert.deepStrictEqual(lines, [])
        assert.deepStrictEqual(yield* whileTimePasses(redis.lrange("jobs", 0, -1)), ["2", "3"])
      })
    ))

  it.effect("while the server starts again: what was removed and not given is put back", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const { control, redis } = yield* one({ schedule: Schedule.recurs(0) })
        const fiber = yield* withTwoToPutBack(redis)
        yield* control.kill(address)
        const ending = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
        yield* TestClock.adjust("2 seconds")
        yield* control.restart(address)
        yield* whileTimePasses(Fiber.join(ending))
        assert.deepStrictEqual(lines, [])
        assert.deepStrictEqual(yield* redis.lrange("jobs", 0, -1), ["2", "3"])
      })
    ))

  it.effect("without a server, and without a time limit of commands: it ends within seconds, and the log says so", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const { control, redis } = yield* one({ commandTimeout: Duration.infinity })
        const fiber = yield* withTwoToPutBack(redis)
        yield* control.kill(address)
        const ending = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
        yield* TestClock.adjust("5100 millis")
        assert.isDefined(ending.pollUnsafe(), "it has ended")
        assert.strictEqual(lines.length, 1)
        assert.match(lines[0]!, /popStream ended with 2 element\(s\) that it has not put back: /)
      })
    ))

  it.effect("leaves no connection and no fiber of its own", () =>
    Effect.gen(function*() {
      const { node, redis } = yield* one({ reservedIdleTime: "1 second" })
      for (let i = 0; i < 5; i++) {
        const scope = yield* Scope.make()
        const { items } = yield* collecting(redis.popStream("jobs")).pipe(Scope.provide(scope))
        yield* until(() => node.waiting === 1)
        yield* redis.rpush("jobs", "1")
        yield* until(() => items.length === 1 && node.waiting === 1)
        yield* whileTimePasses(Scope.close(scope, Exit.void))
      }
      yield* TestClock.adjust("30 seconds")
      assert.match(yield* redis.clientList().pipe(Effect.map((clients) => String(clients.length))), /^1$/)
    }))
})

describe("outages", () => {
  /** What is given and told through an outage of everything. */
  const throughOutage = (
    what: string,
    redis: RedisClient.RedisClient["Service"],
    outage: Effect.Effect<void>
  ) =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const { items } = yield* collecting(redis.popStream("jobs"))
        yield* whileTimePasses(redis.rpush("jobs", "1"))
        yield* until(() => items.length === 1)
        yield* TestClock.adjust("1 second")
        yield* outage
        assert.lengthOf(lines, 1)
        assert.match(lines[0]!, new RegExp(`^Warn ${what}: popStream was interrupted; it goes on as soon as it can: `))
        yield* whileTimePasses(Effect.retry(redis.rpush("jobs", "2"), { while: () => true }))
        yield* until(() => items.includes("jobs 2"))
        assert.deepStrictEqual(items, ["jobs 1", "maybe lost 1", "jobs 2"])
        assert.deepStrictEqual(lines.slice(1), [`Info ${what}: popStream works again`])
      })
    )

  it.effect("a server that is gone for minutes: one warning, one line when it goes on, and it goes on", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      const outage = control.kill(address).pipe(
        Effect.andThen(TestClock.adjust("3 minutes")),
        Effect.andThen(control.restart(address))
      )
      yield* throughOutage(address, redis, outage)
    }))

  it.effect("all servers and sentinels are gone for 30 seconds: the same", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const all = [...control.nodes, ...control.sentinels]
      const outage = Effect.forEach(all, (address) => control.kill(address), { discard: true }).pipe(
        Effect.andThen(TestClock.adjust("30 seconds")),
        Effect.andThen(Effect.forEach(all, (address) => control.restart(address), { discard: true }))
      )
      yield* throughOutage("mymaster", yield* sentinel.primaryFor("mymaster"), outage)
    }))

  it.effect("a planned failover: nothing is lost, and nothing is told", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const control = yield* Testing.make()
        const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
          Effect.provideService(Connector.Connector, control.network.dial)
        )
        const redis = yield* sentinel.primaryFor("mymaster")
        const { items } = yield* collecting(redis.popStream("jobs"))
        yield* whileTimePasses(redis.rpush("jobs", "1"))
        yield* until(() => items.length === 1)
        const before = yield* control.primary
        yield* control.failover
        yield* whileTimePasses(
          Effect.gen(function*() {
            while ((yield* control.primary) === before) yield* Effect.sleep("5 millis")
          })
        )
        yield* whileTimePasses(redis.rpush("jobs", "2"))
        yield* until(() => items.length >= 2)
        assert.deepStrictEqual(items, ["jobs 1", "jobs 2"])
        assert.deepStrictEqual(lines, [])
      })
    ))

  it.effect("an error that no attempt can change ends the Stream", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      yield* redis.set("text", "1")
      const error = failureOf(yield* whileTimePasses(Effect.exit(Stream.runDrain(redis.popStream("text")))))
      assert.isTrue(error._tag === "ReplyError" && error.code === "WRONGTYPE")
    }))

  it.effect("a client that closes ends the Stream", () =>
    Effect.gen(function*() {
      const { client, node } = yield* one()
      const scope = yield* Scope.make()
      const redis = yield* Scope.provide(client(), scope)
      const { fiber } = yield* collecting(redis.popStream("jobs"))
      yield* until(() => node.waiting === 1)
      yield* Scope.close(scope, Exit.void)
      const error = failureOf(yield* whileTimePasses(Fiber.await(fiber))) as { readonly _tag: string }
      assert.strictEqual(error._tag, "ClientClosed")
    }))
})

describe("hostile options", () => {
  it.effect("are refused with the name of the field", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const detailOf = (lists: unknown, options?: unknown) =>
        Effect.map(
          Effect.exit(Stream.runDrain(redis.popStream(lists as "a", options as {}))),
          (exit) => failureOf(exit).message
        )
      const getter = {
        get count(): number {
          throw new Error("no")
        }
      }
      for (
        const [lists, options, message] of [
          [[], undefined, /lists: at least one key/],
          [undefined, undefined, /lists: expected a key or an array of keys, got undefined/],
          [["a", 1], undefined, /lists\[1\]: expected a key/],
          ["a", 1, /options: expected an object/],
          ["a", { cuont: 1 }, /cuont: unknown option/],
          ["a", { count: 0 }, /count: expected a whole number from 1 to 10000/],
          ["a", { count: "1" }, /count: expected a whole number/],
          ["a", { side: "LEFT" }, /side: expected "left" or "right"/],
          ["a", { codec: {} }, /codec\.encode: expected a function/],
          ["a", getter, /options: reading it fails/]
        ] as const
      ) assert.match(yield* detailOf(lists, options), message)
    }))
})
