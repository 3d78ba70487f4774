/**
 * Typed values: every command's values go through a schema and come back; what does not fit
 * is an error that repeats nothing of what is stored; what cannot be encoded is not sent.
 */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Codec from "../src/Codec.ts"
import { type Client, Command, commands, type Errors, RedisClient } from "../src/index.ts"
import { table } from "../src/internal/values/table.ts"
import * as Values from "../src/Values.ts"
import { failureOf } from "./support/exit.ts"
import { live, liveWithReplicas } from "./support/group.ts"
import { clientOf, store } from "./support/store.ts"

class User extends Schema.Class<User>("User")({
  name: Schema.String,
  born: Schema.DateTimeUtc,
  tags: Schema.optional(Schema.Array(Schema.String))
}) {}

const users = Values.make(Codec.json(User))
const ada = new User({ name: "Ada", born: DateTime.makeUnsafe("1815-12-10T00:00:00Z"), tags: ["maths"] })
const alan = new User({ name: "Alan \u0000 \u{1F600}", born: DateTime.makeUnsafe("1912-06-23T00:00:00Z") })
const grace = new User({ name: "Grace", born: DateTime.makeUnsafe("1906-12-09T00:00:00Z") })

/** Fails the test unless the effect fails with a ValueMismatch. */
const mismatchOf = <A>(effect: Effect.Effect<A, Errors.RedisError>) =>
  Effect.map(Effect.exit(effect), (exit): Errors.ValueMismatch => {
    const error = failureOf(exit)
    assert.strictEqual(error._tag, "ValueMismatch")
    return error as Errors.ValueMismatch
  })

describe("errors of typed values", () => {
  it("name the command in capitals, as the errors of its constructor do", () => {
    const unfit = Values.make<string>({
      encode: () => {
        throw new Error("unfit")
      },
      decode: () => ""
    })
    const nameIn = (make: () => unknown): string => {
      try {
        make()
      } catch (error) {
        return (error as Errors.InvalidCommand).command
      }
      return "none"
    }
    assert.strictEqual(nameIn(() => unfit.set("k", "v")), "SET")
    assert.strictEqual(nameIn(() => unfit.setGet("k", "v")), "SET")
    assert.strictEqual(nameIn(() => unfit.lposCount("k", "v", 1)), "LPOS")
    assert.strictEqual(nameIn(() => unfit.zaddIncr("k", "v", 1)), "ZADD")
    assert.strictEqual(nameIn(() => unfit.zrankWithScore("k", "v")), "ZRANK")
    assert.strictEqual(
      nameIn(() => unfit.zrangeWithScores("k", "[a" as never, "[b" as never, { by: "lex" } as never)),
      "ZRANGE"
    )
  })
})

describe("typed values", () => {
  it.effect("of strings", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const typed = redis.values(users)
      assert.isNull(yield* typed.get("u:1"))
      assert.strictEqual(yield* typed.set("u:1", ada), "OK")
      assert.isNull(yield* typed.set("u:1", alan, { when: "nx" }))
      const found = yield* typed.get("u:1")
      assert.instanceOf(found, User)
      assert.deepStrictEqual(found, ada)
      assert.strictEqual(
        yield* redis.get("u:1"),
        `{"name":"Ada","born":"1815-12-10T00:00:00.000Z","tags":["maths"]}`
      )
      assert.deepStrictEqual(yield* typed.setGet("u:1", alan), ada)
      assert.strictEqual(yield* typed.mset({ "u:2": grace, "u:3": ada }), "OK")
      assert.isFalse(yield* typed.msetnx([["u:3", alan], ["u:4", alan]]))
      assert.deepStrictEqual(yield* typed.mget("u:1", "none", "u:2"), [alan, null, grace])
      assert.deepStrictEqual(yield* typed.mget(["u:3"]), [ada])
      assert.deepStrictEqual(yield* typed.getex("u:3", { ttl: "10 seconds" }), ada)
      assert.deepStrictEqual(yield* typed.getdel("u:3"), ada)
      assert.isNull(yield* typed.getdel("u:3"))
    }).pipe(Effect.provide(live())))

  it.effect("of hashes", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const typed = redis.values(users)
      assert.strictEqual(yield* typed.hset("h", { a: ada, __proto__x: alan }), 2)
      assert.strictEqual(yield* typed.hset("h", [["__proto__", grace]]), 1)
      assert.isFalse(yield* typed.hsetnx("h", "a", grace))
      assert.deepStrictEqual(yield* typed.hget("h", "a"), ada)
      assert.isNull(yield* typed.hget("h", "none"))
      assert.deepStrictEqual(yield* typed.hmget("h", "none", "a"), [null, ada])
      const all = yield* typed.hgetall("h")
      assert.deepStrictEqual(Object.keys(all).sort(), ["__proto__", "__proto__x", "a"])
      assert.deepStrictEqual(Object.getOwnPropertyDescriptor(all, "__proto__")?.value, grace)
      assert.deepStrictEqual(yield* typed.hvals("h"), [ada, alan, grace])
      assert.deepStrictEqual((yield* typed.hscan("h", "0")).items, [["a", ada], ["__proto__x", alan], [
        "__proto__",
        grace
      ]])
      yield* redis.hdel("h", "__proto__", "__proto__x")
      assert.deepStrictEqual(yield* typed.hrandfieldWithValues("h", 1), [["a", ada]])
      assert.isTrue(yield* typed.hsetex("h", { b: alan }, { ttl: "1 minute" }))
      assert.deepStrictEqual(yield* typed.hgetex("h", ["a", "none"], { persist: true }), [ada, null])
      assert.deepStrictEqual(yield* typed.hgetdel("h", "b"), [alan])
    }).pipe(Effect.provide(live())))

  it.effect("of lists", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const typed = redis.values(users)
      assert.strictEqual(yield* typed.lpushx("l", ada), 0)
      assert.strictEqual(yield* typed.rpush("l", ada, alan), 2)
      assert.strictEqual(yield* typed.lpush("l", grace), 3)
      assert.strictEqual(yield* typed.rpushx("l", grace), 4)
      assert.deepStrictEqual(yield* typed.lrange("l", 0, -1), [grace, ada, alan, grace])
      assert.deepStrictEqual(yield* typed.lindex("l", 1), ada)
      assert.strictEqual(yield* typed.lpos("l", grace, { rank: -1 }), 3)
      assert.deepStrictEqual(yield* typed.lposCount("l", grace, 0), [0, 3])
      assert.strictEqual(yield* typed.linsert("l", "before", alan, ada), 5)
      assert.strictEqual(yield* typed.lset("l", 0, alan), "OK")
      assert.strictEqual(yield* typed.lrem("l", 1, ada), 1)
      assert.deepStrictEqual(yield* typed.lrange("l", 0, -1), [alan, ada, alan, grace])
      assert.deepStrictEqual(yield* typed.lmove("l", "m", "left", "right"), alan)
      assert.deepStrictEqual(yield* typed.blmove("l", "m", "left", "right", "1 second"), ada)
      assert.deepStrictEqual(yield* typed.lmpop(["none", "m"], "left", 5), { key: "m", elements: [alan, ada] })
      yield* typed.rpush("m", ada, alan, grace)
      assert.deepStrictEqual(yield* typed.blmpop("m", "right", "1 second"), { key: "m", elements: [grace] })
      assert.deepStrictEqual(yield* typed.blpop(["none", "m"], "1 second"), ["m", ada])
      assert.deepStrictEqual(yield* typed.brpop("m", "1 second"), ["m", alan])
      assert.isNull(yield* typed.lpop("m"))
      assert.isNull(yield* typed.lpopCount("m", 2))
      assert.deepStrictEqual(yield* typed.lpop("l"), alan)
      assert.deepStrictEqual(yield* typed.rpop("l"), grace)
      yield* typed.rpush("l", ada, alan)
      assert.deepStrictEqual(yield* typed.rpopCount("l", 2), [alan, ada])
    }).pipe(Effect.provide(live())))

  it.effect("of sets", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const typed = redis.values(users)
      assert.strictEqual(yield* typed.sadd("s", ada, alan, ada), 2)
      assert.strictEqual(yield* typed.sadd("t", grace, ada), 2)
      assert.isTrue(yield* typed.sismember("s", ada))
      assert.deepStrictEqual(yield* typed.smismember("s", grace, alan), [false, true])
      assert.sameDeepMembers(yield* typed.smembers("s"), [ada, alan])
      assert.deepStrictEqual(yield* typed.sinter("s", "t"), [ada])
      assert.sameDeepMembers(yield* typed.sunion(["s", "t"]), [ada, alan, grace])
      assert.deepStrictEqual(yield* typed.sdiff("s", "t"), [alan])
      assert.sameDeepMembers((yield* typed.sscan("s", "0")).items, [ada, alan])
      assert.isTrue(yield* typed.smove("s", "t", alan))
      assert.deepStrictEqual(yield* typed.srandmember("s"), ada)
      assert.deepStrictEqual(yield* typed.srandmemberCount("s", 5), [ada])
      assert.strictEqual(yield* typed.srem("t", grace, alan), 2)
      assert.deepStrictEqual(yield* typed.spopCount("t", 5), [ada])
      assert.deepStrictEqual(yield* typed.spop("s"), ada)
      assert.isNull(yield* typed.spop("s"))
    }).pipe(Effect.provide(live())))

  it.effect("of sorted sets", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const typed = redis.values(users)
      assert.strictEqual(yield* typed.zadd("z", [{ member: ada, score: 1 }, { member: alan, score: 2 }]), 2)
      assert.strictEqual(yield* typed.zaddIncr("z", alan, 1), 3)
      assert.strictEqual(yield* typed.zincrby("z", -1, alan), 2)
      assert.strictEqual(yield* typed.zscore("z", alan), 2)
      assert.deepStrictEqual(yield* typed.zmscore("z", grace, ada), [null, 1])
      assert.strictEqual(yield* typed.zrank("z", alan), 1)
      assert.strictEqual(yield* typed.zrevrank("z", alan), 0)
      assert.deepStrictEqual(yield* typed.zrange("z", 0, -1), [ada, alan])
      assert.deepStrictEqual(yield* typed.zrange("z", "(1", "+inf", { by: "score" }), [alan])
      assert.deepStrictEqual(yield* typed.zrangeWithScores("z", 0, 0), [{ member: ada, score: 1 }])
      assert.deepStrictEqual((yield* typed.zscan("z", "0")).items, [
        { member: ada, score: 1 },
        { member: alan, score: 2 }
      ])
      yield* typed.zadd("y", [{ member: ada, score: 5 }])
      assert.deepStrictEqual(yield* typed.zunion(["z", "y"]), [alan, ada])
      assert.deepStrictEqual(yield* typed.zunionWithScores(["y"]), [{ member: ada, score: 5 }])
      assert.deepStrictEqual(yield* typed.zinter(["z", "y"]), [ada])
      assert.deepStrictEqual(yield* typed.zinterWithScores(["z", "y"]), [{ member: ada, score: 6 }])
      assert.deepStrictEqual(yield* typed.zdiff("z", "y"), [alan])
      assert.deepStrictEqual(yield* typed.zdiffWithScores(["z", "y"]), [{ member: alan, score: 2 }])
      assert.deepStrictEqual(yield* typed.zrandmember("y"), ada)
      assert.deepStrictEqual(yield* typed.zrandmemberCount("y", 3), [ada])
      assert.deepStrictEqual(yield* typed.zrandmemberWithScores("y", 3), [{ member: ada, score: 5 }])
      assert.deepStrictEqual(yield* typed.zpopmin("z"), { member: ada, score: 1 })
      assert.deepStrictEqual(yield* typed.zpopmax("z"), { member: alan, score: 2 })
      assert.isNull(yield* typed.zpopmax("z"))
      yield* typed.zadd("z", [{ member: ada, score: 1 }, { member: alan, score: 2 }, { member: grace, score: 3 }])
      assert.deepStrictEqual(yield* typed.zpopminCount("z", 1), [{ member: ada, score: 1 }])
      assert.deepStrictEqual(yield* typed.zpopmaxCount("z", 1), [{ member: grace, score: 3 }])
      assert.deepStrictEqual(yield* typed.zmpop(["none", "z"], "min"), {
        key: "z",
        members: [{ member: alan, score: 2 }]
      })
      assert.deepStrictEqual(yield* typed.bzpopmin(["z", "y"], "1 second"), {
        key: "y",
        members: [{ member: ada, score: 5 }]
      })
      yield* typed.zadd("y", [{ member: ada, score: 1 }, { member: alan, score: 2 }])
      assert.deepStrictEqual(yield* typed.bzpopmax("y", "1 second"), {
        key: "y",
        members: [{ member: alan, score: 2 }]
      })
      assert.deepStrictEqual(yield* typed.bzmpop("y", "max", "1 second"), {
        key: "y",
        members: [{ member: ada, score: 1 }]
      })
      assert.strictEqual(yield* typed.zrem("y", ada), 0)
    }).pipe(Effect.provide(live())))

  it.effect("of places, and of estimates", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const typed = redis.values(users)
      const place = { longitude: 13.361389, latitude: 38.115556 }
      assert.strictEqual(yield* typed.geoadd("g", [{ member: ada, ...place }, { member: alan, ...place }]), 2)
      assert.strictEqual(yield* typed.geodist("g", ada, alan), 0)
      assert.isNull(yield* typed.geodist("g", ada, grace))
      assert.deepStrictEqual(yield* typed.geohash("g", ada, grace), ["sqc8b49rny0", null])
      assert.deepStrictEqual((yield* typed.geopos("g", grace, ada)).map((found) => found !== null), [false, true])
      const search = { from: { member: ada }, by: { radius: 1, unit: "km" }, order: "asc" } as const
      assert.sameDeepMembers(yield* typed.geosearch("g", search), [ada, alan])
      assert.sameDeepMembers(
        (yield* typed.geosearchWith("g", { ...search, from: place }, ["hash"])).map(({ member }) => member),
        [ada, alan]
      )
      assert.deepStrictEqual(
        (yield* typed.geosearchWith("g", search, ["distance"])).map(({ distance }) => distance),
        [0, 0]
      )
      assert.isTrue(yield* typed.pfadd("p", ada, alan))
      assert.isFalse(yield* typed.pfadd("p", ada))
    }).pipe(Effect.provide(live())))

  it.effect("are commands for pipelines, transactions and reserved connections", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const [set, found, raw] = yield* redis.pipeline([users.set("u", ada), users.get("u"), commands.get("u")])
      expectTypeOf(found).toEqualTypeOf<User | null>()
      assert.deepStrictEqual([set, found], ["OK", ada])
      assert.isString(raw)
      const [length, list, text] = yield* redis.transaction([
        users.rpush("l", ada, alan),
        users.lrange("l", 0, -1),
        commands.lindex("l", 0)
      ])
      assert.deepStrictEqual([length, list, text], [2, [ada, alan], raw])
      yield* Effect.scoped(Effect.gen(function*() {
        const reserved = yield* redis.reserve
        assert.deepStrictEqual(yield* reserved.values(users).get("u"), ada)
        assert.deepStrictEqual(yield* reserved.run(users.lindex("l", 1)), alan)
      }))
      assert.deepStrictEqual(yield* redis.run(Command.bytes(users.get("u"))), ada)
      assert.strictEqual(yield* redis.repeatable(users.set("u", alan)), "OK")
      const { get } = redis.values(users)
      assert.deepStrictEqual(yield* get("u"), alan)
    }).pipe(Effect.provide(live())))

  it.effect("of a client of replicas are read only", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const replica = yield* RedisClient.RedisReplica
      yield* redis.values(users).set("u", ada)
      const typed = replica.afterOffset(yield* redis.offset).values(users)
      assert.deepStrictEqual(yield* typed.get("u"), ada)
      expectTypeOf(typed).not.toHaveProperty("set")
      const write = (replica.values(users) as unknown as typeof users).set("u", alan) as unknown as Effect.Effect<
        unknown,
        Errors.RedisError
      >
      assert.strictEqual(failureOf(yield* Effect.exit(write))._tag, "InvalidCommand")
    }).pipe(Effect.provide(liveWithReplicas())))
})

describe("a stored value that does not fit", () => {
  const cases: ReadonlyArray<readonly [stored: string, issue: string]> = [
    ["{\"name\":1,\"born\":\"1815-12-10T00:00:00Z\"}", "at name: Expected string"],
    ["{\"name\":\"x\"}", "at born: Missing key"],
    ["{\"name\":\"x\",\"born\":\"hidden\"}", "at born: Expected a valid UTC DateTime string"],
    [
      "{\"name\":\"x\",\"born\":\"1815-12-10T00:00:00Z\",\"tags\":[\"a\",{\"hidden\":1}]}",
      "at tags[1]: Expected string"
    ],
    ["[\"hidden\"]", "Expected object"],
    ["{\"hidden", "it is not JSON"],
    ["", "it is not JSON"]
  ]

  it.effect("is a ValueMismatch with the command, the key and what the schema expects", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      for (const [stored, issue] of cases) {
        yield* redis.set("u:1", stored)
        const error = yield* mismatchOf(redis.values(users).get("u:1"))
        assert.deepStrictEqual([error.command, error.key, error.index], ["GET", "u:1", undefined])
        assert.strictEqual(error.issue, issue)
        assert.strictEqual(error.message, `GET was executed, but value of u:1 does not fit: ${issue}`)
        assert.notInclude(JSON.stringify(error), "hidden")
        assert.isFalse(error.isRetryable)
      }
      yield* redis.set("u:1", Uint8Array.of(0x22, 0xff, 0x22))
      assert.strictEqual((yield* mismatchOf(redis.values(users).get("u:1"))).issue, "it is not UTF-8")
    }).pipe(Effect.provide(live())))

  it.effect("is told with its place and its key", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const typed = redis.values(users)
      yield* typed.set("good", ada)
      yield* redis.set("bad", "1")
      const placeOf = <A>(effect: Effect.Effect<A, Errors.RedisError>) =>
        Effect.map(mismatchOf(effect), ({ index, key }) => [key, index])
      assert.deepStrictEqual(yield* placeOf(typed.mget("good", "bad")), ["bad", 1])
      yield* typed.rpush("l", ada)
      yield* redis.rpush("l", "1")
      assert.deepStrictEqual(yield* placeOf(typed.lrange("l", 0, -1)), ["l", 1])
      assert.deepStrictEqual(yield* placeOf(typed.lmove("l", "m", "right", "left")), ["l", undefined])
      assert.deepStrictEqual(yield* placeOf(typed.lmpop(["none", "m"], "left")), ["m", 0])
      yield* redis.rpush("m", "1")
      assert.deepStrictEqual(yield* placeOf(typed.blpop(["none", "m"], "1 second")), ["m", undefined])
      yield* redis.sadd("s", "1")
      yield* redis.sadd("t", "1")
      assert.deepStrictEqual(yield* placeOf(typed.sunion("s", "t")), [undefined, 0])
      assert.deepStrictEqual(yield* placeOf(typed.sscan("s", "0")), ["s", 0])
      const [failed, fine] = yield* redis.pipelineResults([users.get("bad"), users.get("good")])
      assert.deepStrictEqual([failed._tag, fine._tag], ["Failure", "Success"])
      const long = "k".repeat(1000)
      yield* redis.set(long, "1")
      assert.isBelow((yield* mismatchOf(typed.get(long))).message.length, 500)
    }).pipe(Effect.provide(live())))

  it.effect("repeats nothing of itself, whatever the schema makes of it", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const says = Schema.String.check(Schema.makeFilter((text: string) => `refused: ${text}`))
      const transforms = Schema.String.pipe(
        Schema.decodeTo(
          Schema.String,
          SchemaTransformation.transformEffect({
            decode: (text: string) => Effect.fail(new SchemaIssue.InvalidValue({ message: `bad ${text}` })),
            encode: (text: string) => Effect.succeed(text)
          })
        )
      )
      const schemas: ReadonlyArray<Schema.ConstraintCodec<unknown, unknown, never, never>> = [
        User,
        says,
        transforms,
        Schema.Array(says),
        Schema.Record(Schema.String, Schema.Number),
        Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Struct({ a: says }))),
        Schema.Literals(["a", "b"]),
        Schema.Union([Schema.Number, Schema.Struct({ a: Schema.Number })]),
        Schema.Struct({ a: Schema.NumberFromString }),
        Schema.Date,
        Schema.Redacted(Schema.Number)
      ]
      const hidden = "s3cret"
      const stored = [
        hidden,
        [hidden],
        { [hidden]: hidden },
        { a: hidden },
        { [hidden]: { [hidden]: { a: hidden, [hidden]: 1 } } },
        { name: hidden, born: hidden, [hidden]: 1 }
      ]
      let count = 0
      for (const schema of schemas) {
        const values = Values.make(Codec.json(schema))
        for (const value of stored) {
          yield* redis.set("k", JSON.stringify(value))
          const exit = yield* Effect.exit(redis.values(values).get("k"))
          if (Exit.isSuccess(exit)) continue
          count++
          const error = failureOf(exit)
          assert.strictEqual(error._tag, "ValueMismatch")
          assert.notInclude(`${error.message} ${JSON.stringify(error)} ${error.stack}`, hidden)
        }
      }
      assert.isAbove(count, 40)
    }).pipe(Effect.provide(live())))

  it.effect("and a codec that throws, never ends, or is asynchronous", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("k", "\"s3cret\"")
      const throws = Values.make<string>({
        encode: (value) => value,
        decode: (stored) => {
          throw new Error(`cannot read ${Buffer.from(stored)}`)
        }
      })
      const asynchronous = Schema.String.pipe(
        Schema.decodeTo(
          Schema.String,
          SchemaTransformation.transformEffect({
            decode: (text: string) => Effect.as(Effect.sleep("1 second"), text),
            encode: (text: string) => Effect.succeed(text)
          })
        )
      )
      const dies = Schema.String.check(Schema.makeFilter((): boolean => {
        throw new Error("s3cret")
      }))
      const issueOf = (values: Values.Values<any>) =>
        Effect.map(mismatchOf(redis.values(values).get("k")), ({ issue }) => issue)
      assert.strictEqual(yield* issueOf(throws), "the codec does not accept it")
      const unfinished = "the schema did not finish: it throws, or is asynchronous"
      assert.strictEqual(yield* issueOf(Values.make(Codec.json(asynchronous))), unfinished)
      assert.strictEqual(yield* issueOf(Values.make(Codec.json(dies))), unfinished)
      const deep = "[".repeat(100_000) + "]".repeat(100_000)
      yield* redis.set("k", deep)
      interface Nested extends ReadonlyArray<Nested> {}
      const nested: Schema.Codec<Nested> = Schema.Array(Schema.suspend((): Schema.Codec<Nested> => nested))
      assert.isString(yield* issueOf(Values.make(Codec.json(nested))))
      assert.strictEqual(yield* redis.get("k"), deep)
    }).pipe(Effect.provide(live())))
})

describe("a value that cannot be encoded", () => {
  const invalid = { name: "x", born: "s3cret" } as unknown as User

  it.effect("is an InvalidCommand before anything is sent", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      const typed = redis.values(users)
      const detailOf = <A>(effect: Effect.Effect<A, Errors.RedisError>) =>
        Effect.map(Effect.exit(effect), (exit) => {
          const error = failureOf(exit)
          assert.strictEqual(error._tag, "InvalidCommand")
          assert.notInclude(error.message, "s3cret")
          return (error as Errors.InvalidCommand).detail
        })
      assert.match(yield* detailOf(typed.set("u", invalid)), /^value: /)
      assert.match(yield* detailOf(typed.mset({ a: ada, b: invalid })), /^value 2: /)
      assert.match(yield* detailOf(typed.rpush("l", ada, invalid)), /^element 2: /)
      assert.match(yield* detailOf(typed.zadd("z", [{ member: invalid, score: 1 }])), /^member 1: /)
      assert.match(yield* detailOf(typed.lrem("l", 0, undefined as unknown as User)), /^element: /)
      assert.match(yield* detailOf(typed.sadd("s")), /at least one/)
      assert.match(yield* detailOf(typed.hset("h", "s3cret" as never)), /expected an object or pairs/)
      assert.match(yield* detailOf(typed.zrange("z", "[a" as never, "+" as never, { by: "lex" } as never)), /^by: /)
      const odd = Values.make<unknown>({ encode: () => 5 as never, decode: () => null })
      assert.match(yield* detailOf(redis.values(odd).set("k", 1)), /a string or bytes, got 5/)
      assert.throws(() => users.set("u", invalid), /Values|value: /)
      assert.deepStrictEqual(server.received.filter(([, command]) => !/^(PING|CLIENT|ROLE|HELLO)/.test(command)), [])
    }))

  it("nor is what is no schema, no codec and no values", () => {
    const thrown = (f: () => unknown): string => {
      try {
        f()
      } catch (error) {
        return (error as Errors.InvalidCommand).message
      }
      return assert.fail("it throws nothing")
    }
    assert.match(thrown(() => Codec.json("x" as never)), /schema: expected a Schema, got a string/)
    assert.match(thrown(() => Values.make({ encode: () => "" } as never)), /codec\.decode: expected a function/)
    assert.match(thrown(() => Values.make(null as never)), /codec: expected an object, got null/)
  })

  it.effect("nor a client's values of something else", () =>
    Effect.gen(function*() {
      const redis = yield* clientOf(store())
      for (const value of [undefined, null, 5, "x", { get: 1 }]) {
        assert.throws(() => redis.values(value as never), /expected the result of Values.make/)
      }
      const nothing = redis.values({ get: () => 5 } as never) as Client.PrimaryClient
      assert.strictEqual(failureOf(yield* Effect.exit(nothing.get("k")))._tag, "InvalidCommand")
    }))
})

describe("codecs", () => {
  it.effect("of text and of bytes", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const numbers = Values.make(Codec.string(Schema.NumberFromString))
      yield* redis.values(numbers).set("n", 1.5)
      assert.strictEqual(yield* redis.get("n"), "1.5")
      assert.strictEqual(yield* redis.values(numbers).get("n"), 1.5)
      const blobs = Values.make(Codec.binary(Schema.Uint8Array))
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
      yield* redis.values(blobs).rpush("b", bytes)
      assert.deepStrictEqual(Array.from((yield* redis.values(blobs).lpop("b"))!), Array.from(bytes))
      const own = Values.make<bigint>({
        encode: (value) => value.toString(36),
        decode: (stored) => BigInt(Buffer.from(stored).toString())
      })
      yield* redis.values(own).set("o", 5n)
      assert.strictEqual(yield* redis.values(own).get("o"), 5n)
      const withMark = Values.make(Codec.string(Schema.String))
      yield* redis.values(withMark).set("m", "\uFEFFx")
      assert.strictEqual(yield* redis.values(withMark).get("m"), "\uFEFFx")
    }).pipe(Effect.provide(live())))
})

/** Constructors whose results differ between text and bytes: they return stored strings. */
type ReturnsStrings = {
  [K in keyof typeof commands]: (typeof commands)[K] extends (...args: any) => Command.Command<infer A, any, infer B> ?
    ([A] extends [B] ? never : K)
    : never
}[keyof typeof commands]

/** What returns strings that are no values: names of keys, fields and channels. */
type Names =
  | "clientTrackinginfo"
  | "clusterGetkeysinslot"
  | "clusterscan"
  | "commandGetkeys"
  | "commandGetkeysandflags"
  | "hkeys"
  | "hotkeysGet"
  | "hrandfield"
  | "hrandfieldCount"
  | "hscanNovalues"
  | "keys"
  | "pubsubChannels"
  | "pubsubNumsub"
  | "pubsubShardchannels"
  | "pubsubShardnumsub"
  | "randomkey"
  | "scan"

/** Texts of scripts, and what the server says of itself and of its clients. */
type Texts = "aclLog" | "commandlogGet" | "echo" | "functionListWithCode" | "scriptShow" | "slowlogGet"

/** Parts of values, and values that patterns choose. */
type Parts = "argrepWithValues" | "getrange" | "lcs" | "sort" | "sortRo" | "substr"

/** Elements of vector sets, which are names of what the vectors describe, and their attributes. */
type Vectors =
  | "vgetattr"
  | "vlinks"
  | "vlinksWithScores"
  | "vrandmember"
  | "vrandmemberCount"
  | "vrange"
  | "vsim"
  | "vsimWith"
  | "vsimWithScores"

/** Entries of streams: a value is all fields of an entry. */
type Entries =
  | "xautoclaim"
  | "xclaim"
  | "xinfoConsumers"
  | "xinfoGroups"
  | "xinfoStream"
  | "xinfoStreamFull"
  | "xpendingRange"
  | "xrange"
  | "xread"
  | "xreadgroup"
  | "xreadgroupClaim"
  | "xrevrange"

/** Others take the place of these. */
type Deprecated =
  | "brpoplpush"
  | `georadius${string}` & ReturnsStrings
  | "getset"
  | "rpoplpush"
  | `zrangeby${string}` & ReturnsStrings
  | "zrevrange"
  | "zrevrangeWithScores"
  | `zrevrangeby${string}` & ReturnsStrings

type Without = Names | Texts | Parts | Vectors | Entries | Deprecated

describe("the commands on typed values", () => {
  it("refuse other values when they are compiled", () => {
    const calls = (redis: Client.PrimaryClient, replica: Client.ReplicaClient): void => {
      // @ts-expect-error -- a field has another name
      void users.set("u", { nme: "x" })
      // @ts-expect-error -- one of them is none
      void redis.values(users).rpush("l", ada, "x")
      // @ts-expect-error -- a duration without a unit
      void redis.values(users).set("u", ada, { ttl: 5 })
      // @ts-expect-error -- a client of replicas does not write
      void replica.values(users).set("u", ada)
      // @ts-expect-error -- members by their bytes are not in the order of their values
      void users.zrange("z", "[a", "[b", { by: "lex" })
      // @ts-expect-error -- the schema needs a string on its encoded side
      void Codec.string(Schema.Number)
    }
    expectTypeOf(calls).toBeFunction()
    expectTypeOf(users.lmpop("l", "left")).toExtend<
      Command.Command<{ readonly key: string; readonly elements: Array<User> } | null, "write">
    >()
  })

  it("have the names of constructors", () => {
    expectTypeOf<keyof Values.Values<unknown>>().toExtend<keyof typeof commands>()
    assert.deepStrictEqual(Object.keys(table).filter((name) => !(name in commands)), [])
    assert.deepStrictEqual(Object.keys(users).sort(), Object.keys(table).sort())
  })

  it("are all that return stored values, but for those named above", () => {
    expectTypeOf<Exclude<ReturnsStrings, Without | keyof Values.Values<unknown>>>().toEqualTypeOf<never>()
    expectTypeOf<Exclude<Without, ReturnsStrings>>().toEqualTypeOf<never>()
  })
})
