/**
 * The Stream of the commands that a server executes: what is in it, what a slow reader misses, and how it follows the
 * primary. How MONITOR looks on real servers is in integration/monitorStream.test.ts.
 */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { commands, Connector, RedisClient, Sentinel } from "../src/index.ts"
import { bytesCommandOf, textCommandOf } from "../src/internal/connection/monitoring.ts"
import type { MonitoredCommand } from "../src/MonitorStream.ts"
import type { Gap } from "../src/PubSub.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { timePassing } from "./support/time.ts"

const address = "10.0.0.1:6379"
const whileTimePasses = timePassing("5 millis")

const until = (condition: () => boolean) =>
  whileTimePasses(
    Effect.gen(function*() {
      while (!condition()) yield* Effect.sleep("5 millis")
    })
  )

const shown = (item: MonitoredCommand | Gap): string =>
  item._tag === "Gap" ? `gap ${item.reason} ${item.missed ?? "-"}` : `${item.database} ${item.args.join(" ")}`

/** Collects a Stream in a fiber, once it is established. */
const collected = (stream: Stream.Stream<MonitoredCommand | Gap, unknown>) =>
  Effect.gen(function*() {
    const items: Array<string> = []
    const fiber = yield* Effect.forkScoped(
      Stream.runForEach(stream, (item) => Effect.sync(() => void items.push(shown(item)))),
      { startImmediately: true }
    )
    return { items, fiber }
  })

const one = (options: RedisClient.Options = {}) =>
  Effect.gen(function*() {
    const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
    const provided = Effect.provideService(Connector.Connector, control.network.dial)
    const redis = yield* provided(RedisClient.make({ address, ...options }))
    const other = yield* provided(RedisClient.make({ address }))
    return { control, redis, other }
  })

/** Keeps writing until the monitor sees it. */
const seen = (items: Array<string>, write: Effect.Effect<unknown, unknown>) =>
  whileTimePasses(Effect.gen(function*() {
    const before = items.length
    while (items.length === before) {
      yield* write
      yield* Effect.sleep("5 millis")
    }
    items.length = 0
  }))

describe("a monitor", () => {
  it.effect.each([2, 3] as const)("shows the commands of all clients: RESP%i", (protocol) =>
    Effect.gen(function*() {
      const { other, redis } = yield* one({ protocol })
      const { items } = yield* collected(redis.monitorStream())
      yield* seen(items, other.set("first", 1))
      yield* whileTimePasses(Effect.gen(function*() {
        yield* other.set("k", "a \"quoted\" \\ é\n")
        yield* other.transaction([commands.set("a", 1), commands.del("a")])
        yield* other.configGet("save")
        yield* other.get("last")
      }))
      yield* until(() => items.at(-1) === "0 GET last")
      assert.deepStrictEqual(items, [
        "0 SET k a \"quoted\" \\ é\n",
        "0 MULTI",
        "0 SET a 1",
        "0 DEL a",
        "0 EXEC",
        "0 GET last"
      ])
    }))

  it.effect("shows commands that are longer than other lines may be", () =>
    Effect.gen(function*() {
      const { other, redis } = yield* one()
      const { items } = yield* collected(redis.monitorStream())
      yield* seen(items, other.get("k"))
      yield* whileTimePasses(other.set("long", "x".repeat(200_000)))
      yield* until(() => items.length > 0)
      assert.strictEqual(items.at(-1)!.length, "0 SET long ".length + 200_000)
    }))

  it.effect("gives the words as bytes", () =>
    Effect.gen(function*() {
      const { other, redis } = yield* one()
      const found: Array<Uint8Array> = []
      yield* Effect.forkScoped(
        Stream.runForEach(redis.bytes.monitorStream(), (item) =>
          Effect.sync(() => {
            if (item._tag === "MonitoredCommand" && item.args.length === 3) found.push(item.args[2]!)
          })),
        { startImmediately: true }
      )
      const value = Uint8Array.from({ length: 256 }, (_, i) => i)
      yield* whileTimePasses(Effect.gen(function*() {
        while (found.length === 0) {
          yield* other.set("k", value)
          yield* Effect.sleep("5 millis")
        }
      }))
      assert.deepStrictEqual(found[0], value)
    }))

  it.effect("tells a slow reader how many commands it missed, and reads on", () =>
    Effect.gen(function*() {
      const { other, redis } = yield* one()
      const items: Array<string> = []
      let open: (() => void) | undefined
      yield* Effect.forkScoped(
        Stream.runForEach(
          redis.monitorStream({ capacity: 5 }).pipe(Stream.map(shown)),
          (item) =>
            Effect.andThen(
              Effect.sync(() => void items.push(item)),
              items.length === 0
                ? Effect.callback<void>((resume) => {
                  open = () => resume(Effect.void)
                })
                : Effect.void
            )
        ),
        { startImmediately: true }
      )
      yield* whileTimePasses(Effect.gen(function*() {
        while (open === undefined) {
          yield* other.get("before")
          yield* Effect.sleep("5 millis")
        }
        for (let i = 0; i < 100; i++) yield* other.get(`k${i}`)
      }))
      open!()
      yield* until(() => items.some((item) => item.startsWith("gap")))
      yield* whileTimePasses(other.get("after"))
      yield* until(() => items.at(-1) === "0 GET after")
      const gap = items.findIndex((item) => item.startsWith("gap overflow"))
      const missed = Number(items[gap]!.split(" ")[2])
      const kept = items.filter((item) => /GET k\d/.test(item)).length
      assert.isAbove(missed, 50)
      assert.strictEqual(kept + missed, 100)
    }))

  it.effect("tells a slow reader that the connection was lost behind the commands that it missed", () =>
    Effect.gen(function*() {
      const { other, redis } = yield* one()
      const items: Array<string> = []
      let open: (() => void) | undefined
      yield* Effect.forkScoped(
        Stream.runForEach(redis.monitorStream({ capacity: 2 }).pipe(Stream.map(shown)), (item) =>
          Effect.andThen(
            Effect.sync(() => void items.push(item)),
            items.length === 0
              ? Effect.callback<void>((resume) => {
                open = () => resume(Effect.void)
              })
              : Effect.void
          )),
        { startImmediately: true }
      )
      yield* whileTimePasses(Effect.gen(function*() {
        while (open === undefined) {
          yield* other.get("before")
          yield* Effect.sleep("5 millis")
        }
        for (let i = 0; i < 10; i++) yield* other.get(`k${i}`)
        const monitors = Effect.map(other.clientList(), (list) => list.filter(({ cmd }) => cmd === "monitor"))
        const [monitor] = yield* monitors
        yield* other.clientKill({ id: monitor!.id })
        while (!(yield* monitors).some(({ id }) => id !== monitor!.id)) yield* Effect.sleep("5 millis")
      }))
      open!()
      yield* until(() => items.includes("gap lost -"))
      const overflow = items.findIndex((item) => item.startsWith("gap overflow"))
      assert.isBelow(overflow, items.indexOf("gap lost -"))
      assert.notStrictEqual(overflow, -1)
    }))

  it.effect("follows the primary, with a gap", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const redis = yield* whileTimePasses(sentinel.primaryFor("mymaster")).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const monitor = yield* collected(redis.monitorStream())
      const { items } = monitor
      yield* seen(items, redis.set("before", 1))
      const before = yield* control.primary
      yield* whileTimePasses(control.failover)
      yield* whileTimePasses(Effect.gen(function*() {
        while (items.at(-1) !== "0 SET after 1") {
          if (items.some((item) => item.startsWith("gap"))) yield* Effect.ignore(redis.set("after", 1))
          yield* Effect.sleep("20 millis")
        }
      }))
      assert.notStrictEqual(yield* control.primary, before)
      const gaps = items.filter((item) => item.startsWith("gap"))
      assert.deepStrictEqual(gaps, ["gap moved -"])
      assert.isBelow(items.indexOf("gap moved -"), items.indexOf("0 SET after 1"))
    }))

  it.effect("ends with its Scope, and leaves no connection", () =>
    Effect.gen(function*() {
      const { control, other, redis } = yield* one()
      yield* Effect.scoped(Effect.gen(function*() {
        const { items } = yield* collected(redis.monitorStream())
        yield* seen(items, other.ping())
      }))
      const connections = (yield* whileTimePasses(other.clientList())).length
      const fiber = yield* Effect.forkScoped(Stream.runDrain(redis.monitorStream()), { startImmediately: true })
      yield* whileTimePasses(Effect.gen(function*() {
        while ((yield* other.clientList()).length === connections) yield* Effect.sleep("5 millis")
      }))
      yield* Fiber.interrupt(fiber)
      yield* whileTimePasses(Effect.gen(function*() {
        while ((yield* other.clientList()).length > connections) yield* Effect.sleep("5 millis")
      }))
      assert.isDefined(control)
    }))

  it.effect("fails if the server refuses it, and for wrong options", () =>
    Effect.gen(function*() {
      const { other, redis } = yield* one()
      yield* whileTimePasses(other.send("ACL", "SETUSER", "default", "-monitor"))
      const refused = failureOf(yield* Effect.exit(whileTimePasses(Stream.runDrain(redis.monitorStream()))))
      assert.deepInclude(refused, { _tag: "ReplyError", code: "NOPERM", command: "MONITOR" })
      const wrong = failureOf(yield* Effect.exit(Stream.runDrain(redis.monitorStream({ capacity: 0 }))))
      assert.deepInclude(wrong, { _tag: "InvalidCommand", command: "MONITOR" })
    }))

  it.effect("keeps its connection while the server has nothing to show", () =>
    Effect.gen(function*() {
      const { other, redis } = yield* one({ pingInterval: "1 second", stallTimeout: "1 second" })
      const { fiber, items } = yield* collected(redis.monitorStream())
      yield* seen(items, other.get("k"))
      yield* TestClock.adjust("30 seconds")
      yield* whileTimePasses(other.get("late"))
      yield* until(() => items.includes("0 GET late"))
      assert.deepStrictEqual(items.filter((item) => !/PING|GET late/.test(item)), [])
      assert.isUndefined(fiber.pollUnsafe())
    }))
})

describe("a line of MONITOR", () => {
  const line = (client: string, words: string): string => `1795678233.757566 [3 ${client}] ${words}`

  it("is a record", () => {
    assert.deepStrictEqual(textCommandOf(line("127.0.0.1:46094", "\"SET\" \"k\" \"\"")), {
      _tag: "MonitoredCommand",
      at: DateTime.makeUnsafe(1_795_678_233_757),
      micros: 757_566,
      database: 3,
      client: "127.0.0.1:46094",
      args: ["SET", "k", ""]
    })
    assert.strictEqual(textCommandOf(line("lua", "\"set\"")).client, "lua")
    assert.strictEqual(textCommandOf(line("[::1]:5", "\"set\"")).client, "[::1]:5")
    assert.strictEqual(textCommandOf(line("unix:/tmp/a b].sock", "\"set\"")).client, "unix:/tmp/a b].sock")
  })

  it("has words with every byte", () => {
    const words = "\"\\n\\r\\t\\a\\b\\\\\\\"\\x00\\xff] \\x22\" \"é\""
    assert.deepStrictEqual(bytesCommandOf(line("lua", words)).args.map((word) => Buffer.from(word).toString("hex")), [
      "0a0d0907085c2200ff5d2022",
      "c3a9"
    ])
    assert.deepStrictEqual(textCommandOf(line("lua", "\"\\xc3\\xa9\" \"\\xff\"")).args, ["é", "\ufffd"])
  })

  it("of Valkey 8.1 has quotation marks and backslashes that are not escaped", () => {
    const words = (text: string): ReadonlyArray<string> => textCommandOf(line("lua", text)).args
    assert.deepStrictEqual(words("\"SET\" \"a\"b\" \"[\\]\" \"\\xg\" \"c\\\""), ["SET", "a\"b", "[\\]", "\\xg", "c\\"])
    assert.deepStrictEqual(words("\"a\"  \"b\""), ["a\"  \"b"])
  })

  it("of another form is refused", () => {
    for (
      const words of ["", "\"", "\"a", "a", "\"a\"b", "\"\\", "\"a\" b", "\"a\" \""]
    ) {
      assert.throws(() => textCommandOf(line("lua", words)), /not one of MONITOR/, words)
    }
    for (const text of ["", "+OK", "1.5 [0 lua] \"a\"", "1795678233.757566 [x lua] \"a\"", "1795678233.757566 \"a\""]) {
      assert.throws(() => textCommandOf(text), /not one of MONITOR/, text)
    }
  })
})
