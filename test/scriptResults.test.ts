/** What scripts are called with, and what their results become: in both protocols, from servers in memory. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Codec from "../src/Codec.ts"
import * as FunctionLibrary from "../src/FunctionLibrary.ts"
import { type Command, Connector, type Errors, RedisClient } from "../src/index.ts"
import * as Script from "../src/Script.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { fitting, misfits, User } from "./support/scriptResults.ts"

const address = "10.0.0.1:6379"
const alone = Testing.layer({ replicas: 0, sentinels: 0 })

const clientOf = (options: RedisClient.Options = {}) =>
  Effect.gen(function*() {
    const control = yield* Testing.Deployment
    return yield* RedisClient.make({ ...options, address }).pipe(
      Effect.provideService(Connector.Connector, control.network.dialer("tester"))
    )
  })

const run = (lua: string, result: Script.ResultType, redis: RedisClient.RedisClient["Service"]) => {
  const script = Script.make({ lua, result })
  return Effect.all([
    redis.run(script()),
    Effect.map(redis.pipeline([script()]), ([value]) => value),
    Effect.map(redis.transaction([script()]), ([value]) => value)
  ])
}

for (const protocol of [2, 3] as const) {
  describe(`the results of scripts in RESP${protocol}`, () => {
    it.effect("are what the schema reads: alone, in a pipeline and in a transaction", () =>
      Effect.gen(function*() {
        const redis = yield* clientOf({ protocol })
        for (const [lua, result, value] of fitting) {
          const results = yield* Effect.mapError(run(lua, result, redis), (error) => `${lua}: ${error.message}`)
          for (const each of results) assert.deepStrictEqual(each, value, lua)
        }
      }).pipe(Effect.provide(alone)))

    it.effect("that do not fit are errors, which tell nothing of the values", () =>
      Effect.gen(function*() {
        const redis = yield* clientOf({ protocol })
        for (const [lua, result, issue] of misfits) {
          const error = failureOf(yield* Effect.exit(run(lua, result, redis)))
          assert.strictEqual(error._tag, "ValueMismatch", lua)
          if (issue === "secret") assert.notInclude(error.message, "secret", lua)
          else assert.include(error.message, issue, lua)
          assert.notInclude(error.message, "secret", lua)
        }
        const ofKey = Script.make({ name: "s", keys: ["key"], result: Schema.Int, lua: "return 'secret'" })
        assert.strictEqual(
          failureOf(yield* Effect.exit(redis.script(ofKey)({ key: "k" }))).message,
          "EVALSHA (s) was executed, but its result does not fit: Expected number"
        )
        const nested = failureOf(
          yield* Effect.exit(run("return {redis.error_reply('ERR secret')}", Schema.Unknown, redis))
        )
        assert.strictEqual(nested._tag, "UnexpectedReply")
        assert.notInclude(nested.message, "secret")
      }).pipe(Effect.provide(alone)))
  })
}

describe("the unions of a result", () => {
  it.effect("do not take time without end", () =>
    Effect.gen(function*() {
      const redis = yield* clientOf()
      type Nested = ReadonlyArray<Nested> | { readonly [name: string]: Nested }
      const Nested: Schema.Codec<Nested> = Schema.Union([
        Schema.Array(Schema.suspend((): Schema.Codec<Nested> => Nested)),
        Schema.Record(Schema.String, Schema.suspend((): Schema.Codec<Nested> => Nested))
      ]) as never
      const deep = "local t = 'x' for i = 1, 40 do t = { t } end return t"
      assert.strictEqual(failureOf(yield* Effect.exit(run(deep, Nested, redis)))._tag, "ValueMismatch")
    }).pipe(Effect.provide(alone)))
})

const invalidity = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    const { _tag, message } = error as Errors.InvalidCommand
    assert.strictEqual(_tag, "InvalidCommand")
    assert.notInclude(message, "secret")
    return message
  }
  return assert.fail("it is valid")
}

describe("the calls of scripts", () => {
  const lua = "return {#KEYS, #ARGV, unpack(KEYS), unpack(ARGV)}"
  const script = Script.make({
    name: "demo",
    lua,
    keys: ["a", Script.many("rest")],
    args: { n: Schema.Int, user: Codec.json(User), ids: Script.many(Schema.Union([Schema.Int, Schema.Uint8Array])) },
    result: Schema.Unknown
  })
  const right = { a: "A", rest: ["B", Buffer.from("C")], n: 1, user: { name: "Ada" }, ids: [2, Buffer.from([51])] }

  it.effect("send keys and arguments in the order of their declaration", () =>
    Effect.gen(function*() {
      const redis = yield* clientOf()
      const texts = Script.make({
        keys: ["a", Script.many("rest")] as const,
        args: { x: Schema.Number },
        result: Schema.Array(Schema.String),
        lua: "local r = {} for i = 1, #KEYS do r[#r + 1] = KEYS[i] end r[#r + 1] = ARGV[1] return r"
      })
      assert.deepStrictEqual(yield* redis.script(texts)({ x: 0.1, rest: ["b", "c"], a: "a" }), ["a", "b", "c", "0.1"])
      const command: Command.Any = script(right)
      assert.deepStrictEqual(
        command.args.slice(1, 7),
        [3, "A", "B", Buffer.from("C"), 1, "{\"name\":\"Ada\"}"].map((x) => x instanceof Buffer ? new Uint8Array(x) : x)
      )
      assert.deepStrictEqual(command.spec.keys(command.args).length, 3)
      const byName = Script.make({ lua, keys: { user: Schema.NumberFromString }, result: Schema.Unknown })
      assert.deepStrictEqual(byName({ user: 5 }).args.slice(1), [1, "5"])
    }).pipe(Effect.provide(alone)))

  it("that are wrong are refused, by the name of the field and without its value", () => {
    const call = script as (input?: unknown) => unknown
    const { a: _, ...without } = right
    for (
      const [input, part] of [
        [undefined, "expected an object"],
        ["secret", "expected an object"],
        [without, "a: it is missing"],
        [{ ...right, b: "secret" }, "b: it is not the name"],
        [{ ...right, "secret word": 1 }, "a name: it is not the name"],
        [{ ...right, a: 5 }, "a: expected a key"],
        [{ ...right, rest: "secret" }, "rest: expected an array"],
        [{ ...right, rest: ["b", null] }, "rest[1]: expected a key"],
        [{ ...right, n: "secret" }, "n: Expected number"],
        [{ ...right, n: 1.5 }, "n: Expected an integer"],
        [{ ...right, n: NaN }, "n: "],
        [{ ...right, user: { name: 5 } }, "user: at name"],
        [{ ...right, ids: [1, "secret"] }, "ids[1]: "]
      ] as const
    ) {
      const message = invalidity(() => call(input))
      assert.include(message, part)
      assert.include(message, "demo")
    }
  })

  it.effect("fail as Effects where the call throws", () =>
    Effect.gen(function*() {
      const redis = yield* clientOf()
      const call = redis.script(script) as (input: unknown) => Effect.Effect<unknown, Errors.RedisError>
      const getter = {
        get a() {
          throw new Error("secret")
        }
      }
      for (const input of [{ ...right, n: "secret" }, null, getter]) {
        assert.strictEqual(failureOf(yield* Effect.exit(call(input)))._tag, "InvalidCommand")
      }
      assert.include(invalidity(() => redis.script("secret" as never)), "Script.make")
      assert.include(invalidity(() => redis.functions({} as never)), "FunctionLibrary.make")
      assert.strictEqual(
        failureOf(yield* Effect.exit(redis.script((() => "secret") as never)()))._tag,
        "InvalidCommand"
      )
    }).pipe(Effect.provide(alone)))

  it.effect.prop(
    "send every text and number as Lua gets it",
    [Schema.String, Schema.Int],
    ([text, n]) =>
      Effect.gen(function*() {
        const redis = yield* clientOf()
        const echo = Script.make({
          lua: "return {ARGV[1], ARGV[2]}",
          args: { text: Schema.String, n: Schema.Int },
          result: Schema.Tuple([Schema.String, Schema.Int])
        })
        const whole = Buffer.from(text).toString()
        assert.deepStrictEqual(yield* redis.script(echo)({ text: whole, n }), [whole, n === 0 ? 0 : n])
      }).pipe(Effect.provide(alone)),
    { arbitrary: { runs: 30 } }
  )
})

describe("definitions of scripts", () => {
  const lua = "return 1"
  const result = Schema.Int
  it("that are wrong are refused, by the name of the field", () => {
    const make = Script.make as (options: unknown) => unknown
    for (
      const [options, part] of [
        [null, "options"],
        [{ result }, "lua"],
        [{ lua: "", result }, "lua"],
        [{ lua }, "result"],
        [{ lua, result: "secret" }, "result"],
        [{ lua, result, secret: 1 }, "unknown option"],
        [{ lua, result, mode: "secret" }, "mode"],
        [{ lua, result, repeatable: 1 }, "repeatable"],
        [{ lua, result, name: "" }, "name"],
        [{ lua, result, name: "a\nb" }, "name"],
        [{ lua, result, keys: "secret" }, "keys"],
        [{ lua, result, keys: ["secret word"] }, "keys[0]"],
        [{ lua, result, keys: ["1"] }, "keys[0]"],
        [{ lua, result, keys: ["a", "a"] }, "declared twice"],
        [{ lua, result, keys: ["a"], args: { a: Schema.Int } }, "declared twice"],
        [{ lua, result, keys: [Script.many("a"), "b"] }, "only the last one"],
        [{ lua, result, args: { 1: Schema.Int } }, "args: a name"],
        [{ lua, result, args: { a: Script.many(Schema.Int), b: Schema.Int } }, "only the last one"],
        [{ lua, result, args: { a: 5 } }, "args.a"],
        [{ lua, result, args: { user: User } }, "Codec.json"],
        [{ lua, result, args: { flag: Schema.Boolean } }, "Codec.json"],
        [{ lua, result, args: { all: Schema.Array(Schema.String) } }, "Codec.json"],
        [{ lua, result, args: { a: Schema.NullOr(Schema.String) } }, "Codec.json"]
      ] as const
    ) {
      assert.include(invalidity(() => make(options)), part)
    }
    const library = FunctionLibrary.make as (options: unknown) => unknown
    const functions = { f: { result } }
    for (
      const [options, part] of [
        [undefined, "options"],
        [{ name: "secret name", lua, functions }, "name"],
        [{ name: "l", functions }, "lua"],
        [{ name: "l", lua: "#!lua name=other\n", functions }, "lua"],
        [{ name: "l", lua }, "functions"],
        [{ name: "l", lua, functions, replace: 1 }, "replace"],
        [{ name: "l", lua, functions, secret: 1 }, "unknown option"],
        [{ name: "l", lua, functions: { f: 5 } }, "functions.f"],
        [{ name: "l", lua, functions: { f: { result, name: "a b" } } }, "functions.f"],
        [{ name: "l", lua, functions: { f: { result, lua } } }, "functions.f."],
        [{ name: "l", lua, functions: { f: { result, args: { a: User } } } }, "functions.f.args.a"]
      ] as const
    ) {
      assert.include(invalidity(() => library(options)), part)
    }
  })

  it("have the SHA-1 of the text, in UTF-8", () => {
    assert.strictEqual(
      Script.make({ lua: "return 'ä'", result: Schema.String }).sha1,
      "6fff7bf1876354c18247eed1a4dd6afe8b334553"
    )
  })
})
