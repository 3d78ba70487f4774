/**
 * Commands by their names: that `raw` and `send` know of a command what its constructor says, and that the RESP2 shape
 * of a reply is what RESP2 gives. test/integration/resp2.test.ts compares shapes with those of real servers.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Buffer } from "node:buffer"
import { Command, type Errors, RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { liveWithReplicas } from "./support/group.ts"
import { callOf, samples, sentinelSamples } from "./support/samples/index.ts"
import { timePassing } from "./support/time.ts"

/** What a command is, to those who run it. */
const traits = (command: Command.Any) => ({
  mode: command.spec.mode,
  repeatable: command.spec.repeatable,
  keys: Command.keys(command).map((key) => Buffer.from(key).toString("latin1")).sort(),
  blockingMillis: command.spec.blockingMillis?.(command.args)
})

/** Samples whose constructor knows more or less than the servers say, with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  "ACL LOG": "the servers know ACL LOG, which also resets the log, and that is not sent again",
  "CLUSTER MIGRATION STATUS": "the servers know CLUSTER MIGRATION, which also migrates slots",
  "SENTINEL CONFIG GET": "the servers know SENTINEL CONFIG, which also sets"
}

const cases = [samples, sentinelSamples].flatMap((table) =>
  Object.values<ReadonlyArray<Command.Any>>(table as any).flatMap((list) => list.map((sample) => ({ sample })))
)

describe("a command by its name", () => {
  it("is what its constructor makes, with its words in the name and as arguments, in any case and as bytes", () => {
    const differ: Array<string> = []
    const used = new Set<string>()
    for (const { sample } of cases) {
      const call = callOf(sample)
      const [name, ...args] = [sample.spec.words, sample.args].flat() as [string, ...Array<Command.Arg>]
      const forms = [
        Command.raw(sample.spec.words.join(" "), sample.args),
        Command.raw(name, args),
        Command.raw(name.toLowerCase(), args),
        Command.raw(name, args.map((arg) => (typeof arg === "string" ? Buffer.from(arg) : arg)))
      ]
      const wanted = JSON.stringify(traits(sample))
      for (const form of forms) {
        const found = JSON.stringify(traits(form))
        if (found === wanted) continue
        if (exceptions[sample.spec.name] !== undefined) used.add(sample.spec.name)
        else differ.push(`${call.join(" ")}: ${found}; the constructor says ${wanted}`)
      }
    }
    assert.deepStrictEqual(Array.from(new Set(differ)), [])
    assert.sameMembers(Object.keys(exceptions), Array.from(used))
  })

  it("is a write without keys if no server knows it", () => {
    for (const raw of [Command.raw("NOSUCH", ["k"]), Command.raw("CLIENT NOSUCH", ["k"]), Command.raw("CLIENT", [])]) {
      assert.deepStrictEqual(traits(raw), { mode: "write", repeatable: false, keys: [], blockingMillis: undefined })
    }
  })

  it("with subcommands may run without one", () => {
    const all = Command.raw("command", [])
    assert.deepStrictEqual(traits(all), { mode: "read", repeatable: true, keys: [], blockingMillis: undefined })
  })

  it("has one name, however its subcommand is written, and no argument in it", () => {
    const names = (word: string, ...args: Array<Command.Arg>) => Command.raw(word, args).spec.name
    assert.strictEqual(names("CONFIG GET", "maxmemory"), "CONFIG GET")
    assert.strictEqual(names("CONFIG", "GET", "maxmemory"), "CONFIG GET")
    assert.strictEqual(names("config", "get", "maxmemory"), "CONFIG GET")
    assert.strictEqual(names("config", Buffer.from("get"), "maxmemory"), "CONFIG GET")
    assert.strictEqual(names("CONFIG", "a secret"), "CONFIG")
    assert.strictEqual(names("COMMAND"), "COMMAND")
    assert.strictEqual(names("GET", "GET"), "GET")
    assert.strictEqual(names("GET k"), "GET")
  })

  it("is what its options say", () => {
    const read = Command.raw("NOSUCH", ["k", "v"], { mode: "read", keys: 1 })
    assert.deepStrictEqual(traits(read), { mode: "read", repeatable: true, keys: ["k"], blockingMillis: undefined })
    const write: Command.Command<unknown, "write"> = Command.raw("GET", ["k"], { mode: "write", keys: 0 })
    assert.deepStrictEqual(traits(write), { mode: "write", repeatable: false, keys: [], blockingMillis: undefined })
    assert.isFalse(Command.raw("CLIENT KILL", ["ID", 1], { mode: "read" }).spec.repeatable)
  })

  it("of a module is known, too", () => {
    const keysOf = (raw: Command.Any) => [raw.spec.mode, ...Command.keys(raw)]
    assert.deepStrictEqual(keysOf(Command.raw("JSON.GET", ["doc", "$"])), ["read", "doc"])
    assert.deepStrictEqual(keysOf(Command.raw("json.mget", ["a", "b", "$"])), ["read", "a", "b"])
    assert.deepStrictEqual(keysOf(Command.raw("JSON.DEBUG", ["memory", "doc"])), ["read", "doc"])
    assert.deepStrictEqual(keysOf(Command.raw("FT.SEARCH", ["index", "*"])), ["read"])
    assert.deepStrictEqual(keysOf(Command.raw("TS.RANGE", ["t", "-", "+"])), ["read", "t"])
    assert.deepStrictEqual(keysOf(Command.raw("JSON.SET", ["doc", "$", 1])), ["write"])
    const cursor = Command.raw("FT.CURSOR", ["READ", "index", 1])
    assert.deepStrictEqual(keysOf(cursor), ["read"])
    assert.isFalse(cursor.spec.repeatable)
  })

  it("has the keys that are there, whatever its numbers say", () => {
    const keysOf = (name: string, ...args: Array<Command.Arg>) => Command.keys(Command.raw(name, args))
    assert.deepStrictEqual(keysOf("GET"), [])
    assert.deepStrictEqual(keysOf("EVAL", "script", 2, "a"), ["a"])
    assert.deepStrictEqual(keysOf("EVAL", "script", "x", "a"), [])
    assert.deepStrictEqual(keysOf("EVAL", "script", -1, "a"), [])
    assert.deepStrictEqual(keysOf("EVAL", "script", 1e15, "a", "b"), ["a", "b"])
    assert.deepStrictEqual(keysOf("XREAD", "COUNT", 1), [])
    assert.deepStrictEqual(keysOf("XREAD", "streams", "a", "b", 0, 0), ["a", "b"])
    assert.deepStrictEqual(keysOf("MSET", "a", 1, "b", 2), ["a", "b"])
    assert.deepStrictEqual(keysOf("MIGRATE", "h", 1, "", 0, 9, "KEYS", "a", "b"), ["a", "b"])
    assert.deepStrictEqual(keysOf("SORT", "a", "STORE", "b"), ["a", "b"])
    assert.deepStrictEqual(keysOf("SORT", "a", "by", "store", "GET", "store", "limit", 0, 1, "store", "b"), ["a", "b"])
    assert.deepStrictEqual(keysOf("SORT", "a", "BY", "store"), ["a"])
    assert.deepStrictEqual(keysOf("SORT", "store", "store", "store"), ["store", "store"])
    assert.deepStrictEqual(keysOf("SORT", "a", "STORE"), ["a"])
    assert.deepStrictEqual(keysOf("GEORADIUS", "a", 1, 2, 3, "m", "STORE", "b"), ["a", "b"])
  })
})

describe("send", () => {
  const program = Effect.gen(function*() {
    return {
      redis: yield* RedisClient.RedisClient,
      replica: yield* RedisClient.RedisReplica,
      control: yield* Testing.Deployment
    }
  })
  const whileTimePasses = timePassing("5 millis")

  it.effect("sends a read again whose reply was lost, and a write or an unknown command only if it is told so", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* program
      yield* redis.set("k", "v")
      const outcomeOf = (effect: Effect.Effect<unknown, Errors.RedisError>) =>
        Effect.gen(function*() {
          yield* redis.get("k")
          yield* control.cut({ address: yield* control.primary, direction: "reply", after: 0 })
          const exit = yield* whileTimePasses(Effect.exit(effect))
          return Exit.isSuccess(exit) ? "a result" : failureOf(exit)._tag
        })
      assert.strictEqual(yield* outcomeOf(redis.send("get", "k")), "a result")
      assert.strictEqual(yield* outcomeOf(redis.send("GET k")), "a result")
      assert.strictEqual(yield* outcomeOf(redis.send(["GET", "k"], { resp: 2 })), "a result")
      assert.strictEqual(yield* outcomeOf(redis.send("config", Buffer.from("get"), "save")), "a result")
      assert.strictEqual(yield* outcomeOf(redis.send("SET", "k", "w")), "AmbiguousOutcome")
      assert.strictEqual(yield* outcomeOf(redis.send("NOSUCH", "k")), "AmbiguousOutcome")
      assert.strictEqual(yield* outcomeOf(redis.send("CLIENT", "UNBLOCK", "1")), "AmbiguousOutcome")
      // It is refused, after it was sent again.
      assert.strictEqual(yield* outcomeOf(redis.send(["NOSUCH", "k"], { mode: "read" })), "ReplyError")
      assert.strictEqual(yield* outcomeOf(redis.repeatable(Command.raw("SET", ["k", "w"]))), "a result")
    }).pipe(Effect.provide(liveWithReplicas())))

  it.effect("accepts reads on a client of replicas, and nothing that may write", () =>
    Effect.gen(function*() {
      const { redis, replica } = yield* program
      yield* redis.set("k", "v")
      const reserved = yield* replica.reserve
      for (const client of [replica, reserved]) {
        assert.strictEqual(yield* whileTimePasses(client.send("GET", "k")), "v")
        assert.strictEqual(yield* whileTimePasses(client.send(["get", "k"], { resp: 2 })), "v")
        assert.strictEqual(yield* whileTimePasses(client.run(Command.raw("GET", ["k"], { mode: "read" }))), "v")
        for (const words of ["SET k w", "NOSUCH", "CONFIG NOSUCH", "DEL k"]) {
          const error = failureOf(yield* Effect.exit(client.send(words)))
          assert.strictEqual(error._tag, "InvalidCommand")
          assert.include(error.message, "{ mode: \"read\" }")
        }
        const unknown = failureOf(yield* Effect.exit(whileTimePasses(client.send(["NOSUCH"], { mode: "read" }))))
        assert.strictEqual(unknown._tag, "ReplyError")
      }
      assert.strictEqual(yield* redis.get("k"), "v")
    }).pipe(Effect.scoped, Effect.provide(liveWithReplicas())))

  it.effect("refuses words and options that are none", () =>
    Effect.gen(function*() {
      const { redis } = yield* program
      const any = redis.send as (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, Errors.RedisError>
      const cases: ReadonlyArray<readonly [ReadonlyArray<unknown>, string]> = [
        [[[]], "name"],
        [[[null, "k"]], "name"],
        [[["GET", "k"], "x"], "options"],
        [[["GET", "k"], { resp: 3 }], "resp"],
        [[["GET", "k"], { mode: "reads" }], "mode"],
        [[{ length: 2 }], "name"]
      ]
      for (const [args, named] of cases) {
        const error = failureOf(yield* Effect.exit(any(...args)))
        assert.strictEqual(error._tag, "InvalidCommand")
        assert.include(error.message, named)
      }
    }).pipe(Effect.provide(liveWithReplicas())))
})
