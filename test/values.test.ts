/**
 * Commands as values: what was passed is what is sent, whatever becomes of it
 * afterwards; what changes a session is known by what is sent; frames are whole.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import { type Client, Command, commands, Resp } from "../src/index.ts"
import { failureOf } from "./support/exit.ts"
import { clientOf, store } from "./support/store.ts"
import { timePassing } from "./support/time.ts"

const { get, incr, set } = commands
const whileTimePasses = timePassing("5 millis")
const received = (server: ReturnType<typeof store>) => server.received.map(([, command]) => command)

describe("values that callers pass", () => {
  it.effect("arrays of a pipeline and of a transaction may be changed afterwards", () =>
    Effect.gen(function*() {
      for (const many of ["pipeline", "transaction"] as const) {
        const server = store((c) => c === "EXEC" ? "*2\r\n+OK\r\n+OK\r\n" : undefined)
        const redis = yield* clientOf(server)
        const list: Array<Command.Any> = [set("a", "1"), set("b", "2")]
        const effect = redis[many](list)
        list.push(set("c", "3"))
        const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
        list.unshift(set("d", "4"))
        const results = yield* whileTimePasses(Fiber.join(fiber))
        assert.deepStrictEqual(results, ["OK", "OK"])
        assert.deepStrictEqual(received(server).filter((c) => c.startsWith("SET")), ["SET a 1", "SET b 2"])
      }
    }))

  it.effect("arguments, bytes and words may be changed afterwards", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      const bytes = Buffer.from("abc")
      const many = Buffer.alloc(10_000, "y")
      const args: Array<Command.Arg> = ["k", bytes]
      const words = ["SET"]
      const spec = Command.define({ words, mode: "write", decode: Command.ok })
      const keys = ["x", "y"]
      const values = [
        Command.make(spec, args),
        Command.raw("SET", args),
        set("k", bytes),
        set("k", many),
        Command.withArgs(set("k", "v"), args),
        commands.mget(keys),
        commands.hmget("h", keys),
        commands.del(keys)
      ]
      args[0] = "changed"
      args.push("more")
      bytes.fill(0)
      many.fill(0)
      words[0] = "DEL"
      keys[0] = "changed"
      for (const command of values) yield* Effect.exit(redis.run(command as Command.Any))
      assert.deepStrictEqual(received(server), [
        "SET k abc",
        "SET k abc",
        "SET k abc",
        `SET k ${"y".repeat(10_000)}`,
        "SET k abc",
        "MGET x y",
        "HMGET h x y",
        "DEL x y"
      ])
    }))

  it.effect("200,000 elements", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      const many = Array.from({ length: 200_000 }, (_, i) => `k${i}`)
      const effects: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        redis.hmget("h", many),
        redis.zdiff(many),
        redis.zdiffWithScores(many),
        redis.zdiffstore("d", many),
        redis.zunion(many, { weights: many.map(() => 1) }),
        redis.zmpop(many, "min"),
        redis.bzmpop(many, "min", "1 second"),
        redis.bzpopmin(many, "1 second"),
        redis.blpop(many, "1 second"),
        redis.brpop(many, "1 second"),
        redis.blmpop(many, "left", "1 second"),
        redis.mget(many),
        redis.mset(many.map((k) => [k, "v"] as const)),
        redis.del(many),
        redis.sadd("s", many),
        redis.rpush("l", many),
        redis.hdel("h", many),
        redis.zrem("z", many),
        redis.clientList({ ids: many.map((_, i) => i) })
      ]
      for (const effect of effects) yield* Effect.exit(effect)
      assert.strictEqual(server.received.length, effects.length)
      for (const command of received(server)) assert.isAbove(command.length, 800_000)
    }), 60_000)
})

describe("session commands are recognised by what is sent", () => {
  const define = (...words: ReadonlyArray<string>) => Command.define({ words, mode: "write", decode: Command.value })
  const needsLease: ReadonlyArray<Command.Any> = [
    Command.raw("SELECT", [1]),
    Command.raw("select", [1]),
    Command.raw("select 1", []),
    Command.make(define("Select"), [1]),
    Command.raw("CLIENT", ["SETNAME", "x"]),
    Command.raw("client", ["setname", "x"]),
    Command.raw("client setname", ["x"]),
    Command.raw("client setname x", []),
    Command.raw("CLIENT", [Buffer.from("setName"), "x"]),
    Command.raw("CLIENT", ["SETNAME\0", "x"]),
    Command.make(define("client"), ["no-evict", "on"]),
    Command.make(define("CLIENT", "tracking"), ["on"]),
    Command.raw("CLIENT CACHING", ["YES"]),
    Command.raw("watch", ["k"]),
    Command.raw("auth", ["x"]),
    Command.raw("script", ["debug", "yes"])
  ]
  const never: ReadonlyArray<Command.Any> = [
    "MULTI",
    "exec",
    "Discard",
    "monitor",
    "hello",
    "quit",
    "reset",
    "sync",
    "psync",
    "replconf",
    "subscribe",
    "pSubscribe",
    "ssubscribe",
    "unsubscribe",
    "punsubscribe",
    "sunsubscribe"
  ].flatMap((word) => [Command.raw(word, ["x"]), Command.make(define(word), ["x"])])
    .concat([Command.raw("client", ["reply", "off"]), Command.make(define("Client", "Reply"), ["skip"])])

  const ways = (base: Client.Base<"read" | "write">, command: Command.Any) => [
    base.run(command),
    base.repeatable(command),
    base.pipeline([get("a"), command]),
    base.transaction([get("a"), command])
  ]

  it.effect("none of them is sent on a shared connection", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      for (const command of [...needsLease, ...never]) {
        for (const way of ways(redis, command)) {
          assert.strictEqual(failureOf(yield* Effect.exit(way))._tag, "InvalidCommand", command.spec.name)
        }
      }
      for (const words of [["select", 1], ["client", "setname", "x"], ["multi"], ["CLIENT SETNAME", "x"]] as const) {
        const [name, ...args] = words
        assert.strictEqual(failureOf(yield* Effect.exit(redis.send(name, ...args)))._tag, "InvalidCommand")
      }
      assert.deepStrictEqual(server.received, [])
    }))

  it.effect("some are sent on no connection at all", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      yield* Effect.scoped(Effect.gen(function*() {
        const reserved = yield* redis.reserve
        for (const command of never) {
          for (const way of ways(reserved, command)) {
            assert.strictEqual(failureOf(yield* Effect.exit(way))._tag, "InvalidCommand", command.spec.name)
          }
        }
      }))
      assert.deepStrictEqual(server.received, [])
    }))

  it.effect(
    "a reserved connection's connection that one of them went through is nobody else's, whatever way it took",
    () =>
      Effect.gen(function*() {
        for (const command of needsLease) {
          for (let way = 0; way < 4; way++) {
            const server = store((c) => c === "EXEC" ? "*2\r\n$-1\r\n+OK\r\n" : undefined)
            const redis = yield* clientOf(server)
            yield* Effect.scoped(
              Effect.flatMap(redis.reserve, (reserved) => Effect.exit(ways(reserved, command)[way]!))
            )
            const before = server.received.at(-1)![0]
            yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.get("x")))
            const isWatch = /^watch/i.test(command.spec.name)
            // After EXEC nothing is watched any more.
            if (isWatch && way === 3) continue
            assert.notStrictEqual(server.received.at(-1)![0], before, `${command.spec.name}, way ${way}`)
          }
        }
      }),
    30_000
  )

  it.effect("a blocking command never runs on a shared connection, however it is spelled", () =>
    Effect.gen(function*() {
      const blocking: ReadonlyArray<Command.Any> = [
        Command.raw("blpop", ["q", 1]),
        Command.raw("blpop q 1", []),
        Command.make(define("BlPop"), ["q", 1]),
        Command.make(define("BLPOP", "q"), [1]),
        Command.raw("xread", ["block", 5, "streams", "s", "$"])
      ]
      const server = store(() => "*-1\r\n")
      const redis = yield* clientOf(server)
      yield* Effect.exit(redis.send("GET", "x"))
      const shared = server.received.at(-1)![0]
      for (const command of blocking) {
        assert.strictEqual(failureOf(yield* Effect.exit(redis.pipeline([command])))._tag, "InvalidCommand")
        yield* whileTimePasses(Effect.exit(redis.run(command)))
        assert.notStrictEqual(server.received.at(-1)![0], shared, command.spec.name)
      }
    }))

  it.effect("words are sent as they are spelled, and only the command's own words are shown", () =>
    Effect.gen(function*() {
      const server = store((c) => c.startsWith("nosuch") ? "-ERR no\r\n" : undefined)
      const redis = yield* clientOf(server)
      yield* redis.set("key", "v")
      assert.strictEqual(yield* redis.send("GET key"), "v")
      assert.strictEqual(yield* redis.send("get", "key"), "v")
      assert.deepStrictEqual(received(server), ["SET key v", "GET key", "get key"])
      const error = failureOf(yield* Effect.exit(redis.send("nosuch secret", "more")))
      assert.notInclude(error.message, "secret")
      assert.notInclude(failureOf(yield* Effect.exit(redis.send("AUTH secret"))).message, "secret")
    }))
})

describe("the frame", () => {
  it.effect("numbers of any size", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      const digits = 10n ** 1100n
      const values: ReadonlyArray<number | bigint> = [
        digits,
        -digits,
        10n ** 1023n,
        -0,
        1e21,
        5e-324,
        Infinity,
        -Infinity,
        2 ** 53
      ]
      for (const value of values) {
        const [, , ok] = yield* redis.pipeline([set("a", "1"), set("n", value), set("b", "2"), get("b")])
        assert.strictEqual(ok, "OK")
        assert.strictEqual(server.data.get("n"), String(value))
      }
      const before = server.received.length
      assert.strictEqual(failureOf(yield* Effect.exit(redis.set("n", NaN)))._tag, "InvalidCommand")
      assert.strictEqual(server.received.length, before)
    }))

  it.effect("text of any kind; words that are not ASCII", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      for (const text of ["\ud800", "\udc00", "a\ud800b", "é", "x".repeat(70) + "\ud800", "\u{1f600}".repeat(20_000)]) {
        yield* redis.pipeline([set("a", text), set(text, "b"), get("a")])
        assert.strictEqual(server.data.get("a"), Buffer.from(text).toString("latin1"))
      }
      yield* Effect.exit(redis.send("naïve", "x"))
      assert.strictEqual(yield* redis.get("z"), null)
      assert.strictEqual(received(server).at(-2), Buffer.from("naïve x").toString("latin1"))
    }))

  it.effect("a command that cannot be encoded fails alone, and its neighbours are written whole", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      // More than one string can hold.
      const many = Command.make(
        Command.define({ words: ["MANY"], mode: "write", decode: Command.value }),
        new Array(1_200_000).fill("x")
      )
      const encode = Resp.Encoder.prototype.arg
      let count = 0
      Resp.Encoder.prototype.arg = function(arg) {
        if (arg === "x" && ++count === 1000) throw new RangeError("Invalid string length")
        return encode.call(this, arg)
      }
      try {
        const fibers = yield* Effect.forEach(
          [
            redis.set("a", "1"),
            redis.set("b", Buffer.from("2")),
            Effect.exit(redis.run(many)),
            redis.set("c", "3"),
            redis.get("b")
          ] as ReadonlyArray<Effect.Effect<unknown, unknown>>,
          (effect) => Effect.forkChild(effect, { startImmediately: true })
        )
        const [a, b, exit, c, read] = yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
        assert.deepStrictEqual([a, b, c, read], ["OK", "OK", "OK", "2"])
        assert.strictEqual((failureOf(exit as Exit.Exit<unknown, { _tag: string }>))._tag, "InvalidCommand")
        count = 0
        const results = yield* redis.pipelineResults([set("a", "5"), many, get("a")])
        assert.deepStrictEqual(
          results.map((r) => Result.isSuccess(r) ? r.success : (r.failure as { _tag: string })._tag),
          [
            "OK",
            "InvalidCommand",
            "5"
          ]
        )
        count = 0
        assert.strictEqual(
          failureOf(yield* Effect.exit(redis.transaction([set("a", "6"), many])))._tag,
          "InvalidCommand"
        )
      } finally {
        Resp.Encoder.prototype.arg = encode
      }
      assert.strictEqual(yield* redis.get("a"), "5")
      assert.strictEqual(received(server).filter((c) => c === "MULTI").length, 0)
    }))

  it.effect("a value that is not a command is refused everywhere", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server)
      const nonsense = [null, undefined, 1, "GET", {}, [], { spec: get("a").spec, args: ["a"] }, Symbol("x")]
      for (const value of nonsense as ReadonlyArray<any>) {
        for (
          const effect of [
            redis.run(value),
            redis.repeatable(value),
            redis.pipeline([get("a"), value]),
            redis.transaction([value])
          ]
        ) assert.strictEqual(failureOf(yield* Effect.exit(effect))._tag, "InvalidCommand")
      }
      for (
        const arg of [Symbol("x"), {}, null, undefined, true, { toString: () => assert.fail() }] as ReadonlyArray<any>
      ) {
        assert.strictEqual(failureOf(yield* Effect.exit(redis.set("k", arg)))._tag, "InvalidCommand")
        assert.strictEqual(failureOf(yield* Effect.exit(redis.send("SET", "k", arg)))._tag, "InvalidCommand")
      }
      assert.deepStrictEqual(server.received, [])
    }))
})

describe("results", () => {
  const big = "9007199254740993"

  it.effect("an integer beyond 2^53: the error contains the value", () =>
    Effect.gen(function*() {
      const redis = yield* clientOf(store(() => `:${big}\r\n`))
      const error = failureOf(yield* Effect.exit(redis.incr("n")))
      assert.strictEqual(error._tag, "UnexpectedReply")
      assert.include(error.message, "was executed")
      assert.include(error.message, big)
      assert.include(error.message, "Command.exact")
    }))

  for (const protocol of [2, 3] as const) {
    it.effect(`exact, in every way, RESP${protocol}`, () =>
      Effect.gen(function*() {
        const server = store()
        const redis = yield* clientOf(server, { protocol })
        yield* redis.set("n", 9007199254740992n)
        assert.strictEqual(yield* redis.run(Command.exact(incr("n"))), 9007199254740993n)
        assert.deepStrictEqual(yield* redis.pipeline([Command.exact(incr("n")), incr("m")]), [9007199254740994n, 1])
        const inMulti = store((c) => c === "EXEC" ? `*1\r\n:${big}\r\n` : undefined)
        const other = yield* clientOf(inMulti, { protocol })
        assert.deepStrictEqual(yield* other.transaction([Command.exact(incr("n"))]), [BigInt(big)])
        const typed: bigint = yield* redis.run(Command.exact(incr("m")))
        assert.strictEqual(typed, 2n)
      }))
  }

  it.effect("a decoder that throws fails its own command", () =>
    Effect.gen(function*() {
      const spec = Command.define({
        words: ["GET"],
        mode: "read",
        decode: Command.custom((): string => {
          throw new Error("a bug of the user's")
        })
      })
      const redis = yield* clientOf(store())
      const own = Command.make(spec, ["a"])
      assert.strictEqual(failureOf(yield* Effect.exit(redis.run(own)))._tag, "UnexpectedReply")
      const results = yield* redis.pipelineResults([set("a", "1"), own, get("a")])
      assert.deepStrictEqual(
        results.map((r) => Result.isSuccess(r) ? r.success : (r.failure as { _tag: string })._tag),
        [
          "OK",
          "UnexpectedReply",
          "1"
        ]
      )
    }))
})
