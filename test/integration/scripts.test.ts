/** Scripts and function libraries as definitions, on a real server. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as FunctionLibrary from "../../src/FunctionLibrary.ts"
import { commands, RedisClient } from "../../src/index.ts"
import * as Script from "../../src/Script.ts"
import { failureOf } from "../support/exit.ts"
import { server } from "../support/processes.ts"
import { fitting, misfits } from "../support/scriptResults.ts"

const add = Script.make({
  keys: ["counter"],
  args: { by: Schema.Int },
  result: Schema.Int,
  lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])"
})

describe("on a real server", () => {
  for (const protocol of [2, 3] as const) {
    it.live(`the results of scripts are what their schemas read, in RESP${protocol}`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address } = yield* server()
          const redis = yield* RedisClient.make({ address, protocol })
          for (const [lua, result, value] of fitting) {
            const script = Script.make({ lua, result })
            assert.deepStrictEqual(yield* redis.run(script()), value, lua)
            assert.deepStrictEqual(yield* redis.transaction([script()]), [value], lua)
          }
          for (const [lua, result] of misfits) {
            const error = failureOf(yield* Effect.exit(redis.run(Script.make({ lua, result })())))
            assert.strictEqual(error._tag, "ValueMismatch", lua)
            assert.notInclude(error.message, "secret", lua)
          }
        })
      ))
  }

  it.live("a user without SCRIPT LOAD runs scripts with their texts", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const admin = yield* RedisClient.make({ address })
        yield* admin.send("ACL", "SETUSER", "u", "on", ">p", "~*", "+@all", "-script|load")
        const redis = yield* RedisClient.make({ address, username: "u", password: Redacted.make("p"), connections: 1 })
        assert.deepStrictEqual(
          yield* redis.transaction([commands.set("n", 1), add({ counter: "n", by: 1 })]),
          ["OK", 2]
        )
        yield* admin.scriptFlush()
        assert.strictEqual(yield* redis.script(add)({ counter: "n", by: 1 }), 3)
        assert.deepStrictEqual(yield* redis.pipeline([add({ counter: "n", by: 1 }), commands.get("n")]), [4, "4"])
      })
    ))

  it.live("a library of functions is loaded, listed, replaced and deleted", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const redis = yield* RedisClient.make({ address, connections: 1 })
        const use = Effect.provideService(RedisClient.RedisClient, redis)
        const of = (n: number) =>
          FunctionLibrary.make({
            name: "lib",
            lua: `redis.register_function("f${n}", function(keys, args) return ${n} end)`,
            functions: { f: { result: Schema.Int, name: `f${n}` } }
          })
        assert.strictEqual(yield* redis.functions(of(1)).f(), 1)
        yield* use(of(1).load)
        assert.deepStrictEqual((yield* use(of(1).list))?.functions.map(({ name }) => name), ["f1"])
        assert.strictEqual(failureOf(yield* Effect.exit(use(of(2).load)))._tag, "LibraryConflict")
        assert.strictEqual(failureOf(yield* Effect.exit(redis.functions(of(2)).f()))._tag, "LibraryConflict")
        yield* use(of(2).replace)
        assert.deepStrictEqual(yield* redis.transaction([of(2).functions.f()]), [2])
        assert.isTrue(yield* use(of(2).delete))
        assert.isFalse(yield* use(of(2).delete))
      })
    ))
})
