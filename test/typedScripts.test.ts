/** Scripts as definitions: their calls and results, and how a client loads them where a server does not have them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { commands, Connector, RedisClient } from "../src/index.ts"
import * as Script from "../src/Script.ts"
import * as Testing from "../src/testing/index.ts"

const first = "10.0.0.1:6379"

const clientOf = (control: Testing.Control, address: string, options: RedisClient.Options = {}) =>
  RedisClient.make({ ...options, address }).pipe(
    Effect.provideService(Connector.Connector, control.network.dialer("tester"))
  )

const node = (options: RedisClient.Options = {}) =>
  Effect.gen(function*() {
    const control = yield* Testing.Deployment
    const other = yield* clientOf(control, first)
    /** How often the node has run a command. */
    const calls = (command: string) =>
      Effect.map(other.send("INFO", "commandstats"), (text) =>
        Number(new RegExp(`^cmdstat_${command.replace("|", "\\|")}:calls=(\\d+)`, "m").exec(String(text))?.[1] ?? 0))
    return { node: control.node(first), redis: yield* clientOf(control, first, options), other, calls }
  })

const alone = Testing.layer({ replicas: 0, sentinels: 0 })

const add = Script.make({
  keys: ["counter"],
  args: { by: Schema.Int },
  result: Schema.Int,
  lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])"
})

describe("a script", () => {
  it.effect("is loaded once, and runs as a method, as a command, in pipelines and in transactions", () =>
    Effect.gen(function*() {
      const { calls, redis } = yield* node({ connections: 1 })
      const run = redis.script(add)
      assert.strictEqual(yield* run({ counter: "n", by: 2 }), 2)
      assert.strictEqual(yield* redis.run(add({ counter: "n", by: 3 })), 5)
      assert.deepStrictEqual(yield* redis.pipeline([add({ counter: "n", by: 1 }), commands.get("n")]), [6, "6"])
      assert.deepStrictEqual(
        yield* redis.transaction([commands.incr("n"), add({ counter: "n", by: 1 }), commands.get("n")]),
        [7, 8, "8"]
      )
      assert.strictEqual(yield* calls("script|load"), 1)
    }).pipe(Effect.provide(alone)))

  it.effect("is loaded in front of a batch", () =>
    Effect.gen(function*() {
      const { calls, other, redis } = yield* node({ connections: 1 })
      assert.deepStrictEqual(
        yield* redis.transaction([commands.incr("n"), add({ counter: "n", by: 1 }), commands.get("n")]),
        [1, 2, "2"]
      )
      assert.deepStrictEqual(
        yield* redis.pipeline([commands.incr("n"), add({ counter: "n", by: 1 }), commands.get("n")]),
        [3, 4, "4"]
      )
      assert.strictEqual(yield* calls("script|load"), 1)
      yield* other.scriptFlush()
      const all = yield* Effect.forEach(
        Array.from({ length: 32 }),
        () => redis.script(add)({ counter: "m", by: 1 }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(all, Array.from({ length: 32 }, (_, i) => i + 1))
      assert.strictEqual(yield* calls("script|load"), 2)
    }).pipe(Effect.provide(alone)))
})
