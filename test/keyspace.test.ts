/**
 * Keyspace notifications as a Stream: which keys and events it gives, what it says of a server that publishes less, and
 * what becomes of it through failovers.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Connector, RedisClient, Sentinel } from "../src/index.ts"
import type { Disabled, KeyEvent } from "../src/KeyspaceEvents.ts"
import type { Gap, Undecodable } from "../src/PubSub.ts"
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

const one = (flags: string, options: RedisClient.Options = {}) =>
  Effect.gen(function*() {
    const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
    control.node(address).config.set("notify-keyspace-events", flags)
    const redis = yield* RedisClient.make({ address, ...options }).pipe(
      Effect.provideService(Connector.Connector, control.network.dial)
    )
    yield* redis.ping()
    return { control, redis, node: control.node(address) }
  })

type Item = KeyEvent<string, string | Uint8Array> | Undecodable | Gap | Disabled

const shown = (item: Item): string => {
  switch (item._tag) {
    case "KeyEvent":
      return `${item.event} ${
        typeof item.key === "string" ? item.key : Buffer.from(item.key).toString("latin1")
      } ${item.database}`
    case "Gap":
      return `gap ${item.reason}`
    case "Disabled":
      return `disabled ${item.error.missing}`
    default:
      return "undecodable"
  }
}

/** Collects events, from the moment when the server has acknowledged the subscription. */
const collecting = (
  node: { publish: (channel: string, message: string) => number },
  stream: Stream.Stream<Item, any>,
  channel: string
) =>
  Effect.gen(function*() {
    const items: Array<string> = []
    const fiber = yield* Effect.forkScoped(
      Stream.runForEach(stream, (item) => Effect.sync(() => void items.push(shown(item)))),
      { startImmediately: true }
    )
    yield* until(() => node.publish(channel, "") > 0 || fiber.pollUnsafe() !== undefined)
    return { items, fiber }
  })

describe("what it gives", () => {
  it.effect("events of the keys of a glob", () =>
    Effect.gen(function*() {
      const { node, redis } = yield* one("KEA")
      const { items } = yield* collecting(
        node,
        redis.keyspace({ keys: "user:*", events: ["set", "expire", "expired", "del"] }),
        "__keyspace@0__:user:"
      )
      yield* redis.set("user:1", "x", { ttl: "1 second" })
      yield* redis.set("other", "x")
      yield* redis.append("user:1", "y")
      yield* redis.set("user:2", "x")
      yield* redis.del("user:2")
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(items, [
        "set user:1 0",
        "expire user:1 0",
        "set user:2 0",
        "del user:2 0",
        "expired user:1 0"
      ])
    }))

  it.effect("exact keys as they are, and all events without a choice", () =>
    Effect.gen(function*() {
      const { node, redis } = yield* one("KA")
      const { items } = yield* collecting(
        node,
        redis.keyspace({ exactKeys: ["user:*", "a"] }),
        "__keyspace@0__:a"
      )
      yield* redis.set("user:1", "x")
      yield* redis.set("user:*", "x")
      yield* redis.rpush("a", "1")
      yield* redis.lpop("a")
      yield* until(() => items.length === 5)
      // The first one is the test's own.
      assert.deepStrictEqual(items.slice(1), ["set user:* 0", "rpush a 0", "lpop a 0", "del a 0"])
    }))

  it.effect("events of all keys, with the flag E alone, in the database of the client", () =>
    Effect.gen(function*() {
      const { node, redis } = yield* one("Es$", { database: 3 })
      const { items } = yield* collecting(
        node,
        redis.keyspace({ events: ["set", "sadd"], otherEvents: ["mine"] }),
        "__keyevent@3__:mine"
      )
      yield* redis.set("k", "x")
      yield* redis.sadd("s", "x")
      yield* redis.append("k", "x")
      yield* until(() => items.length === 3)
      assert.deepStrictEqual(items.slice(1), ["set k 3", "sadd s 3"])
    }))

  it.effect("keys that are not text, as bytes", () =>
    Effect.gen(function*() {
      const { node, redis } = yield* one("KA")
      const key = new Uint8Array([0xff, 0x61])
      const text = yield* collecting(node, redis.keyspace({ keys: "*", events: ["set"] }), "__keyspace@0__:")
      const bytes = yield* collecting(
        node,
        redis.bytes.keyspace({ exactKeys: [key], events: ["set"] }) as Stream.Stream<Item, unknown>,
        "__keyspace@0__:\xffa"
      )
      yield* redis.set(key, "x")
      yield* until(() => bytes.items.length === 1)
      assert.deepStrictEqual([text.items, bytes.items], [["undecodable"], ["set \xffa 0"]])
    }))
})

describe("what the server does not publish", () => {
  for (
    const [flags, request, missing, needed] of [
      ["", { keys: "*" }, "KA", "KA"],
      ["", { keys: "*", events: ["set", "expired"] }, "K$x", "K$x"],
      ["AE", { keys: "*", events: ["set"] }, "K", "AEK"],
      ["AK", { events: ["set", "keymiss"] }, "Em", "AKEm"],
      ["E$", { events: ["set", "new", "overwritten", "type_changed"] }, "noc", "$Enoc"],
      ["K", { exactKeys: ["a"] }, "A", "KA"]
    ] as const
  ) {
    it.effect(`"${flags}" for ${JSON.stringify(request)}: it lacks ${missing}`, () =>
      Effect.gen(function*() {
        const { redis } = yield* one(flags)
        const error = failureOf(
          yield* whileTimePasses(Effect.exit(Stream.runDrain(redis.keyspace(request as { keys: string }))))
        ) as { _tag: string; missing: string; needed: string; message: string }
        assert.strictEqual(error._tag, "NotificationsDisabled")
        assert.strictEqual(error.missing, missing)
        assert.strictEqual(Array.from(error.needed).sort().join(""), Array.from(needed).sort().join(""))
        assert.include(error.message, `CONFIG SET notify-keyspace-events ${error.needed}`)
      }))
  }

  it.effect("a server that does not tell its configuration: the log says so once, and the Stream goes on", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
      yield* Effect.gen(function*() {
        const { control, node, redis: admin } = yield* one("KEA")
        yield* admin.aclSetuser("app", ["on", ["addPassword", Redacted.make("secret")], "~*", "&*", "+@all", "-config"])
        const redis = yield* RedisClient.make({ address, username: "app", password: Redacted.make("secret") }).pipe(
          Effect.provideService(Connector.Connector, control.network.dial)
        )
        const { items } = yield* collecting(node, redis.keyspace({ keys: "*", events: ["set"] }), "__keyspace@0__:")
        yield* redis.set("a", "1")
        yield* until(() => items.length === 1)
        yield* control.disconnect(address)
        yield* until(() => items.length === 2)
        yield* until(() => node.publish("__keyspace@0__:", "") > 0)
        yield* TestClock.adjust("1 second")
        yield* whileTimePasses(redis.set("b", "1"))
        yield* until(() => items.length === 3)
        assert.deepStrictEqual(items, ["set a 0", "gap lost", "set b 0"])
        assert.strictEqual(lines.filter((line) => line.includes("CONFIG GET is refused")).length, 1)
      }).pipe(Effect.provide(Logger.layer([logger])))
    }))

  for (const whenDisabled of ["item", "fail"] as const) {
    it.effect(`the next primary publishes less: whenDisabled "${whenDisabled}"`, () =>
      Effect.gen(function*() {
        const control = yield* Testing.make()
        const before = yield* control.primary
        control.node(before).config.set("notify-keyspace-events", "KEA")
        const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
          Effect.provideService(Connector.Connector, control.network.dial)
        )
        const redis = yield* sentinel.primaryFor("mymaster")
        yield* whileTimePasses(redis.ping())
        const { fiber, items } = yield* collecting(
          control.node(before),
          redis.keyspace({ keys: "*", events: ["set"] }, { whenDisabled }),
          "__keyspace@0__:"
        )
        yield* redis.set("a", "1")
        yield* until(() => items.length === 1)
        yield* control.kill(before)
        if (whenDisabled === "fail") {
          const error = failureOf(yield* whileTimePasses(Fiber.await(fiber))) as { readonly _tag: string }
          assert.strictEqual(error._tag, "NotificationsDisabled")
          return
        }
        yield* until(() => items.length === 3)
        assert.deepStrictEqual(items, ["set a 0", "gap lost", "disabled K$"])
        // It goes on once somebody has set the flags.
        control.node(yield* control.primary).config.set("notify-keyspace-events", "KA")
        yield* whileTimePasses(redis.set("b", "1"))
        yield* until(() => items.length === 4)
        assert.strictEqual(items[3], "set b 0")
      }))
  }
})

describe("a client of replicas", () => {
  for (const replicaSelection of ["sticky", "round-robin"] as const) {
    it.effect(`asks the replica that it subscribes at what it publishes: ${replicaSelection}`, () =>
      Effect.gen(function*() {
        const control = yield* Testing.make({ replicas: 4 })
        const before = yield* control.primary
        const replicas = control.nodes.filter((node) => node !== before)
        const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
          Effect.provideService(Connector.Connector, control.network.dial)
        )
        const primary = yield* sentinel.primaryFor("mymaster", { database: 2 })
        for (let i = 0; i < 3; i++) {
          const redis = yield* sentinel.replicaFor("mymaster", {
            replicaSelection,
            database: 2,
            fallbackToPrimary: false
          })
          yield* whileTimePasses(redis.ping())
          const channel = "__keyspace@2__:a"
          const here = yield* whileTimePasses(redis.subscription({ channels: [channel] }, { events: true }))
          const [event] = yield* Stream.runCollect(Stream.take(here, 1))
          const at = event?._tag === "Subscribed" ? event.address : assert.fail("it is not subscribed")
          assert.include(replicas, at)
          // Its subscriptions share this connection. One node publishes what is asked for: this one, or another one.
          for (const isHere of [true, false]) {
            for (const node of replicas) {
              control.node(node).config.set("notify-keyspace-events", (node === at) === isHere ? "KEA" : "")
            }
            const items: Array<string> = []
            const fiber = yield* Effect.forkScoped(
              Stream.runForEach(
                redis.keyspace({ keys: "a", events: ["set"] }),
                (item) => Effect.sync(() => void items.push(shown(item)))
              ),
              { startImmediately: true }
            )
            yield* TestClock.adjust("20 millis")
            if (!isHere) {
              const error = failureOf(yield* whileTimePasses(Fiber.await(fiber)))
              assert.strictEqual(error._tag, "NotificationsDisabled")
              continue
            }
            yield* whileTimePasses(primary.set("a", "1"))
            yield* until(() => items.length === 1)
            assert.deepStrictEqual(items, ["set a 2"])
            yield* whileTimePasses(Fiber.interrupt(fiber))
          }
        }
      }))
  }
})

describe("hostile requests", () => {
  it.effect("are refused with the name of the field", () =>
    Effect.gen(function*() {
      const { redis } = yield* one("KEA")
      for (
        const [request, options, message] of [
          [undefined, undefined, /request: expected an object/],
          [{}, undefined, /request: give keys, exactKeys or events/],
          [{ events: [] }, undefined, /request: give keys/],
          [{ keys: 1 }, undefined, /keys: expected a key or an array of keys, got 1/],
          [{ exactKeys: [{}] }, undefined, /exactKeys\[0\]: expected a key/],
          [{ exactKeys: "abc" }, undefined, /exactKeys: expected an array of keys, got a string/],
          [{ exactKeys: new Uint8Array(1) }, undefined, /exactKeys: expected an array of keys/],
          [{ events: ["sett"] }, undefined, /events\[0\]: it is not an event that this version knows/],
          [{ events: "set" }, undefined, /events: expected an array/],
          [{ otherEvents: [""] }, undefined, /otherEvents\[0\]: expected the name of an event/],
          [{ key: "a" }, undefined, /key: unknown option/],
          [{ keys: "*" }, { whenDisabled: "ignore" }, /whenDisabled: expected "item" or "fail"/],
          [{ keys: "*" }, { capacity: 0 }, /capacity: expected a whole number/],
          [{ keys: "*" }, { events: true }, /events: unknown option/]
        ] as const
      ) {
        const exit = yield* Effect.exit(Stream.runDrain(redis.keyspace(request as {}, options as {})))
        assert.match(failureOf(exit).message, message)
      }
    }))
})
