/** Libraries of functions as definitions: their calls, how they are loaded, and what happens to other code of their names. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as FunctionLibrary from "../src/FunctionLibrary.ts"
import { commands, Connector, RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"

const first = "10.0.0.1:6379"

const clientOf = (control: Testing.Control, address: string, options: RedisClient.Options = {}) =>
  RedisClient.make({ ...options, address }).pipe(
    Effect.provideService(Connector.Connector, control.network.dialer("tester"))
  )

const alone = Testing.layer({ replicas: 0, sentinels: 0 })

const functions = {
  deposit: { keys: ["account"], args: { amount: Schema.Int }, result: Schema.Int },
  balance: { keys: ["account"], result: Schema.Int, mode: "read" }
} as const

const lua = `
redis.register_function("deposit", function(keys, args) return redis.call("INCRBY", keys[1], args[1]) end)
redis.register_function({
  function_name = "balance",
  flags = { "no-writes" },
  callback = function(keys, args) return tonumber(redis.call("GET", keys[1]) or "0") end
})`

const bank = FunctionLibrary.make({ name: "bank", lua, functions })

const other = FunctionLibrary.make({
  name: "bank",
  lua: `redis.register_function("open", function() return 1 end)`,
  functions: { open: { result: Schema.Int } }
})

const client = Effect.gen(function*() {
  const control = yield* Testing.Deployment
  const redis = yield* clientOf(control, first, { connections: 1 })
  const calls = (command: string) =>
    Effect.map(
      redis.send("INFO", "commandstats"),
      (text) =>
        Number(new RegExp(`^cmdstat_${command.replace("|", "\\|")}:calls=(\\d+)`, "m").exec(String(text))?.[1] ?? 0)
    )
  return { redis, calls }
})

describe("a library of functions", () => {
  it.effect("is loaded once for many callers, and again once it was deleted", () =>
    Effect.gen(function*() {
      const { calls, redis } = yield* client
      const { balance, deposit } = redis.functions(bank)
      const many = Effect.forEach(Array.from({ length: 32 }), () => deposit({ account: "a", amount: 1 }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(yield* many, Array.from({ length: 32 }, (_, i) => i + 1))
      assert.strictEqual(yield* balance({ account: "a" }), 32)
      assert.strictEqual(yield* calls("function|load"), 1)
      yield* redis.functionFlush()
      assert.deepStrictEqual(yield* many, Array.from({ length: 32 }, (_, i) => i + 33))
      assert.strictEqual(yield* calls("function|load"), 2)
    }).pipe(Effect.provide(alone)))

  it.effect("is loaded in front of a batch", () =>
    Effect.gen(function*() {
      const { calls, redis } = yield* client
      const { balance, deposit } = bank.functions
      assert.deepStrictEqual(
        yield* redis.transaction([
          commands.set("a", 1),
          deposit({ account: "a", amount: 2 }),
          balance({ account: "a" })
        ]),
        ["OK", 3, 3]
      )
      assert.deepStrictEqual(yield* redis.pipeline([commands.incr("a"), balance({ account: "a" })]), [4, 4])
      assert.strictEqual(yield* calls("function|load"), 1)
    }).pipe(Effect.provide(alone)))

  it.effect("does not replace other code of its name, unless it is told to", () =>
    Effect.gen(function*() {
      const { calls, redis } = yield* client
      const use = Effect.provideService(RedisClient.RedisClient, redis)
      yield* use(bank.load)
      yield* use(bank.load)
      assert.strictEqual(failureOf(yield* Effect.exit(use(other.load)))._tag, "LibraryConflict")
      const loads = yield* calls("function|load")
      const error = failureOf(yield* Effect.exit(redis.functions(other).open()))
      assert.strictEqual(error._tag, "LibraryConflict")
      assert.include(error.message, "bank")
      assert.strictEqual(yield* calls("function|load"), loads + 1)
      assert.strictEqual((yield* use(bank.list))?.isSame, true)
      assert.strictEqual((yield* use(other.list))?.isSame, false)
      yield* use(other.replace)
      assert.strictEqual(yield* redis.functions(other).open(), 1)
      assert.isTrue(yield* use(bank.delete))
      assert.isFalse(yield* use(bank.delete))
      assert.isNull(yield* use(bank.list))
    }).pipe(Effect.provide(alone)))

  it.effect("says in a batch, too, what is the matter: other code of its name, or code that does not compile", () =>
    Effect.gen(function*() {
      const { redis } = yield* client
      yield* Effect.provideService(bank.load, RedisClient.RedisClient, redis)
      const broken = FunctionLibrary.make({ name: "broken", lua: "(", functions: { f: { result: Schema.Int } } })
      const list = [commands.incr("n"), other.functions.open(), broken.functions.f(), commands.incr("n")] as const
      for (const results of [yield* redis.transactionResults(list), yield* redis.pipelineResults(list)]) {
        const [, conflict, refused] = results.map((result) => Result.isFailure(result) ? result.failure : undefined)
        assert.strictEqual(conflict?._tag, "LibraryConflict")
        assert.strictEqual(refused?._tag === "ReplyError" ? refused.command : refused?._tag, "FUNCTION LOAD")
      }
      assert.strictEqual(yield* redis.get("n"), "4")
    }).pipe(Effect.provide(alone)))

  it.effect("two versions that both replace do not do so in turn", () =>
    Effect.gen(function*() {
      const { calls, redis } = yield* client
      const old = FunctionLibrary.make({ name: "bank", lua, functions, replace: true })
      const next = FunctionLibrary.make({
        name: "bank",
        lua: other.code,
        functions: { open: { result: Schema.Int } },
        replace: true
      })
      const deposit = redis.functions(old).deposit
      const { open } = redis.functions(next)
      assert.strictEqual(yield* deposit({ account: "a", amount: 1 }), 1)
      assert.strictEqual(yield* open(), 1)
      assert.strictEqual(yield* deposit({ account: "a", amount: 1 }), 2)
      assert.strictEqual(failureOf(yield* Effect.exit(open()))._tag, "LibraryConflict")
      assert.strictEqual(yield* deposit({ account: "a", amount: 1 }), 3)
      assert.isAtMost(yield* calls("function|load"), 8)
    }).pipe(Effect.provide(alone)))

  it.effect("code that does not compile, or does not register the function, is an error", () =>
    Effect.gen(function*() {
      const { redis } = yield* client
      const broken = FunctionLibrary.make({ name: "broken", lua: "(", functions: { f: { result: Schema.Int } } })
      const error = failureOf(yield* Effect.exit(redis.functions(broken).f()))
      assert.strictEqual(error._tag === "ReplyError" ? error.command : error._tag, "FUNCTION LOAD")
      const missing = FunctionLibrary.make({
        name: "other",
        lua: other.code.split("\n").slice(1).join("\n"),
        functions: { g: { result: Schema.Int } }
      })
      assert.strictEqual(failureOf(yield* Effect.exit(redis.functions(missing).g()))._tag, "LibraryConflict")
    }).pipe(Effect.provide(alone)))
})
