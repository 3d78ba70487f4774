/**
 * The commands about a server on a node in memory: what it observes of itself is what happened to it. How real servers
 * answer is in conformance/ and in support/live/.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Connector, RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { timePassing } from "./support/time.ts"

const whileTimePasses = timePassing("5 millis")

const one = (nodes = 1) =>
  Effect.gen(function*() {
    const control = yield* Testing.make({ replicas: nodes - 1, sentinels: 0 })
    const redis = yield* RedisClient.make({ address: control.nodes[0]! }).pipe(
      Effect.provideService(Connector.Connector, control.network.dial)
    )
    return { control, redis }
  })

describe("a node in memory", () => {
  it.effect("logs what was slow", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      yield* whileTimePasses(Effect.gen(function*() {
        yield* redis.configSet("latency-monitor-threshold", "5")
        yield* redis.send("DEBUG", "SLEEP", "0.05")
        const [slow, ...others] = yield* redis.slowlogGet()
        assert.deepStrictEqual(others, [])
        assert.deepStrictEqual(slow!.args, ["DEBUG", "SLEEP", "0.05"])
        assert.deepStrictEqual(slow!.duration, Duration.micros(50_000n))
        const [event] = yield* redis.latencyLatest()
        assert.strictEqual(event!.event, "command")
        assert.deepStrictEqual([event!.latency, event!.max], [Duration.millis(50), Duration.millis(50)])
        assert.strictEqual((yield* redis.latencyHistory("command")).length, 1)
        assert.strictEqual(yield* redis.latencyReset(), 1)
        assert.strictEqual(yield* redis.slowlogReset(), "OK")
        assert.strictEqual(yield* redis.slowlogLen(), 0)
        yield* redis.set("large", "x".repeat(2 * 1024 * 1024))
        const [large] = yield* redis.commandlogGet("all", "large-request")
        assert.isAbove(large!.bytes, 2 * 1024 * 1024)
        assert.match(large!.args[2]!, /^x{128}\.\.\. \(\d+ more bytes\)$/)
        assert.deepStrictEqual(yield* redis.commandlogGet(10, "slow"), [])
        const { get, set } = yield* redis.latencyHistogram("get", "set")
        assert.isUndefined(get)
        assert.strictEqual(set!.calls, 1)
      }))
    }))

  it.effect("finds the keys that are used most", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      yield* whileTimePasses(Effect.gen(function*() {
        assert.isNull(yield* redis.hotkeysGet())
        yield* redis.hotkeysStart(["cpu", "net"], { count: 1, duration: "1 minute" })
        yield* redis.set("hot", "x".repeat(1000))
        yield* redis.set("cold", "x")
        const found = yield* redis.hotkeysGet()
        assert.isTrue(found!.isActive)
        assert.deepStrictEqual(found!.byNetBytes!.map(({ key }) => key), ["hot"])
        assert.strictEqual(yield* redis.hotkeysStop(), "OK")
        assert.isNull(yield* redis.hotkeysStop())
        assert.isFalse((yield* redis.hotkeysGet())!.isActive)
        assert.strictEqual(yield* redis.hotkeysReset(), "OK")
        assert.isNull(yield* redis.hotkeysGet())
      }))
    }))

  it.effect("exchanges databases, and so do its replicas", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one(2)
      yield* whileTimePasses(Effect.gen(function*() {
        yield* redis.set("k", "v")
        assert.strictEqual(yield* redis.swapdb(0, 3), "OK")
        assert.isNull(yield* redis.get("k"))
        yield* redis.wait(1, "1 second")
      }))
      assert.strictEqual(control.node(control.nodes[1]!).peek("k", 3), "v")
      assert.isUndefined(control.node(control.nodes[1]!).peek("k", 0))
    }))

  it.effect("moves keys to another node", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ replicas: 1, sentinels: 0 })
      const [from, to] = control.nodes as [string, string]
      control.node(to).promote()
      const redis = yield* RedisClient.make({ address: from }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const [host, port] = [to.split(":")[0]!, Number(to.split(":")[1])]
      yield* whileTimePasses(Effect.gen(function*() {
        yield* redis.mset({ a: "1", b: "2" })
        assert.strictEqual(yield* redis.migrate(host, port, "a", 2, "1 second"), "OK")
        assert.isNull(yield* redis.migrate(host, port, "a", 2, "1 second"))
        assert.strictEqual(yield* redis.exists("a"), 0)
        assert.strictEqual(yield* redis.migrate(host, port, ["b", "none"], 2, "1 second", { copy: true }), "OK")
        assert.strictEqual(yield* redis.exists("b"), 1)
        const busy = yield* Effect.flip(redis.migrate(host, port, "b", 2, "1 second"))
        assert.include(busy.message, "BUSYKEY")
        control.node(to).password = "secret"
        const auth = Redacted.make("secret")
        const refused = yield* Effect.flip(redis.migrate(host, port, "b", 2, "1 second", { replace: true }))
        assert.include(refused.message, "NOAUTH")
        assert.strictEqual(yield* redis.migrate(host, port, "b", 2, "1 second", { replace: true, auth }), "OK")
      }))
      assert.deepStrictEqual([control.node(to).peek("a", 2), control.node(to).peek("b", 2)], ["1", "2"])
    }))

  it.effect("says which keys a command has", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      yield* whileTimePasses(Effect.gen(function*() {
        const [get, none, mget] = yield* redis.commandInfo("get", "none", "mget")
        assert.isNull(none)
        assert.deepStrictEqual([get!.firstKey, get!.lastKey, get!.keyStep, get!.arity], [1, 1, 1, 2])
        assert.deepStrictEqual([mget!.firstKey, mget!.lastKey, mget!.keyStep], [1, -1, 1])
        assert.isTrue(get!.flags.has("readonly"))
        assert.deepStrictEqual((yield* redis.commandDocs("get"))["get"]!.group, "string")
        assert.isAbove(yield* redis.commandCount(), 200)
      }))
    }))
})
