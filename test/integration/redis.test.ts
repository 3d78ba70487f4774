/** One real server: the commands, the session, and what else may listen on a port. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import * as Net from "node:net"
import { type Client, Command, commands, RedisClient, Sentinel } from "../../src/index.ts"
import { failureOf } from "../support/exit.ts"
import { server, temporaryDirectory } from "../support/processes.ts"
import { runProgram } from "../support/program.ts"

/** The same test in both protocols, on one server of its own. */
const onRedis = (
  name: string,
  body: (redis: Client.PrimaryClient) => Effect.Effect<void, unknown>
) => {
  for (const protocol of [2, 3] as const) {
    it.live(`${name} (RESP${protocol})`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address } = yield* server()
          yield* body(yield* RedisClient.make({ address, protocol }))
        })
      ))
  }
}

describe("commands", () => {
  onRedis("strings", (redis) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* redis.set("a", "1"), "OK")
      assert.strictEqual(yield* redis.set("a", "2", { when: "nx" }), null)
      assert.strictEqual(yield* redis.set("a", "2", { when: "xx", ttl: "1 minute" }), "OK")
      assert.strictEqual(yield* redis.setGet("a", "3", { keepTtl: true }), "2")
      assert.isAbove(Duration.toMillis((yield* redis.pttl("a"))!), 1000)
      assert.strictEqual(yield* redis.get("a"), "3")
      assert.strictEqual(yield* redis.get("none"), null)
      assert.strictEqual(yield* redis.getex("a", { persist: true }), "3")
      assert.strictEqual(yield* redis.ttl("a"), Duration.infinity)
      assert.strictEqual(yield* redis.ttl("none"), null)
      assert.strictEqual(yield* redis.getdel("a"), "3")
      assert.strictEqual(yield* redis.append("s", "héllo"), 6)
      assert.strictEqual(yield* redis.strlen("s"), 6)
      yield* redis.mset({ first: "ohmytext", second: "mynewtext" })
      assert.deepStrictEqual(yield* redis.lcsIdx("first", "second", { minMatchLength: 4 }), {
        matches: [{ a: [4, 7], b: [5, 8], length: 4 }],
        length: 6
      })
      assert.strictEqual(yield* redis.getrange("s", 0, 0), "h")
      assert.strictEqual(yield* redis.setrange("s", 0, "H"), 6)
      assert.strictEqual(yield* redis.incr("n"), 1)
      assert.strictEqual(yield* redis.incrby("n", 9), 10)
      assert.strictEqual(yield* redis.decr("n"), 9)
      assert.strictEqual(yield* redis.decrby("n", 4n), 5)
      assert.strictEqual(yield* redis.incrbyfloat("n", 0.5), 5.5)
      assert.strictEqual(yield* redis.mset({ x: "1", y: 2 }), "OK")
      assert.strictEqual(yield* redis.msetnx([["x", 1], ["z", 2]]), false)
      assert.deepStrictEqual(yield* redis.mget(["x", "none", "y"]), ["1", null, "2"])
      assert.deepStrictEqual(yield* redis.bytes.mget(["x", "none"]), [new Uint8Array([49]), null])
      yield* redis.mset({ l1: "ohmytext", l2: "mynewtext" })
      assert.strictEqual(yield* redis.lcs("l1", "l2"), "mytext")
      assert.strictEqual(yield* redis.lcsLen("l1", "l2"), 6)
      yield* redis.set("huge", "9007199254740992")
      assert.strictEqual(failureOf(yield* Effect.exit(redis.incr("huge")))._tag, "UnexpectedReply")
      assert.strictEqual(yield* redis.send("incr", "huge"), 9007199254740994n)
    }))

  onRedis("keys", (redis) =>
    Effect.gen(function*() {
      yield* redis.mset({ a: 1, b: 2, c: 3 })
      assert.strictEqual(yield* redis.exists("a", "a", "none"), 2)
      assert.strictEqual(yield* redis.touch("a", "none"), 1)
      assert.strictEqual(yield* redis.expire("a", "100 seconds"), true)
      assert.strictEqual(yield* redis.expire("a", "50.5 seconds", "gt"), false)
      assert.isAtMost(Duration.toSeconds((yield* redis.ttl("a"))!), 100)
      const moment = new Date(1_999_999_999_250)
      assert.strictEqual(yield* redis.expireat("a", moment), true)
      assert.deepStrictEqual(yield* redis.pexpiretime("a"), DateTime.makeUnsafe(moment))
      assert.strictEqual(yield* redis.expireat("a", { epochMillis: 1_999_999_999_000 }), true)
      assert.deepStrictEqual(yield* redis.expiretime("a"), DateTime.makeUnsafe(1_999_999_999_000))
      assert.strictEqual(yield* redis.expiretime("b"), "never")
      assert.strictEqual(yield* redis.pexpiretime("none"), null)
      assert.strictEqual(yield* redis.persist("a"), true)
      assert.strictEqual(yield* redis.pexpire("none", "10 millis"), false)
      assert.strictEqual(yield* redis.type("a"), "string")
      assert.strictEqual(yield* redis.rename("a", "d"), "OK")
      assert.strictEqual(yield* redis.renamenx("d", "b"), false)
      assert.strictEqual(yield* redis.copy("d", "e", { replace: true }), true)
      assert.strictEqual(yield* redis.move("e", 1), true)
      assert.deepStrictEqual((yield* redis.keys("*")).sort(), ["b", "c", "d"])
      assert.include(["b", "c", "d"], yield* redis.randomkey())
      const dumped = yield* redis.dump("d")
      assert.strictEqual(yield* redis.restore("f", dumped!), "OK")
      assert.strictEqual(yield* redis.get("f"), "1")
      assert.strictEqual(yield* redis.dump("none"), null)
      assert.strictEqual(yield* redis.del("b", "none"), 1)
      assert.strictEqual(yield* redis.unlink("c"), 1)
      yield* redis.rpush("list", 3, 1, 2)
      assert.deepStrictEqual(yield* redis.sort("list", { order: "desc" }), ["3", "2", "1"])
      assert.deepStrictEqual(yield* redis.sortRo("list", { by: "nosort", limit: [1, 2] }), ["1", "2"])
      assert.strictEqual(yield* redis.sortStore("list", "sorted"), 3)
      assert.deepStrictEqual(Command.keys(commands.sortStore("list", "sorted")), ["list", "sorted"])
      assert.strictEqual(yield* redis.objectEncoding("d"), "int")
      assert.strictEqual(yield* redis.objectEncoding("none"), null)
      yield* redis.pipeline(Array.from({ length: 300 }, (_, i) => commands.set(`scan:${i}`, i)))
      const found = yield* Stream.runCollect(redis.scanStream({ match: "scan:*", count: 50, type: "string" }))
      assert.strictEqual(new Set(found).size, 300)
    }))

  onRedis("hashes", (redis) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* redis.hset("h", { a: 1, b: "x" }), 2)
      assert.strictEqual(yield* redis.hset("h", [["__proto__", "p"]]), 1)
      const all = yield* redis.hgetall("h")
      assert.deepStrictEqual(Object.entries(all).sort(), [["__proto__", "p"], ["a", "1"], ["b", "x"]])
      assert.deepStrictEqual(yield* redis.hgetall("none"), {})
      assert.strictEqual(yield* redis.hget("h", "a"), "1")
      assert.deepStrictEqual(yield* redis.hmget("h", ["a", "none"]), ["1", null])
      assert.strictEqual(yield* redis.hsetnx("h", "a", 2), false)
      assert.strictEqual(yield* redis.hexists("h", "a"), true)
      assert.strictEqual(yield* redis.hincrby("h", "a", 2), 3)
      assert.strictEqual(yield* redis.hincrbyfloat("h", "a", 0.5), 3.5)
      assert.strictEqual(yield* redis.hlen("h"), 3)
      assert.strictEqual(yield* redis.hstrlen("h", "b"), 1)
      assert.deepStrictEqual((yield* redis.hkeys("h")).sort(), ["__proto__", "a", "b"])
      assert.deepStrictEqual((yield* redis.hvals("h")).sort(), ["3.5", "p", "x"])
      assert.strictEqual((yield* redis.hrandfieldCount("h", 2)).length, 2)
      assert.strictEqual((yield* redis.hrandfieldWithValues("h", 2))[0]!.length, 2)
      assert.strictEqual((yield* Stream.runCollect(redis.hscanStream("h"))).length, 3)
      assert.strictEqual(yield* redis.hdel("h", "a", "none"), 1)
    }))

  onRedis("lists", (redis) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* redis.rpush("l", "a", "b", "c"), 3)
      assert.strictEqual(yield* redis.lpush("l", "z"), 4)
      assert.strictEqual(yield* redis.lpushx("none", "z"), 0)
      assert.strictEqual(yield* redis.rpushx("none", "z"), 0)
      assert.deepStrictEqual(yield* redis.lrange("l", 0, -1), ["z", "a", "b", "c"])
      assert.strictEqual(yield* redis.lindex("l", 1), "a")
      assert.strictEqual(yield* redis.linsert("l", "before", "a", "y"), 5)
      assert.strictEqual(yield* redis.lset("l", 0, "x"), "OK")
      assert.strictEqual(yield* redis.lrem("l", 0, "y"), 1)
      assert.strictEqual(yield* redis.ltrim("l", 0, 2), "OK")
      assert.strictEqual(yield* redis.lpos("l", "a"), 1)
      assert.strictEqual(yield* redis.lpos("l", "none"), null)
      assert.deepStrictEqual(yield* redis.lposCount("l", "a", 0, { maxLength: 10 }), [1])
      assert.strictEqual(yield* redis.lmove("l", "m", "left", "right"), "x")
      assert.deepStrictEqual(yield* redis.lmpop(["none", "l"], "left", 5), { key: "l", elements: ["a", "b"] })
      assert.strictEqual(yield* redis.lmpop(["none"], "left"), null)
      assert.strictEqual(yield* redis.lpop("m"), "x")
      assert.strictEqual(yield* redis.lpop("m"), null)
      assert.strictEqual(yield* redis.lpopCount("m", 2), null)
      yield* redis.rpush("l", "a", "b")
      assert.deepStrictEqual(yield* redis.rpopCount("l", 5), ["b", "a"])
      assert.strictEqual(yield* redis.rpop("l"), null)
      assert.strictEqual(yield* redis.llen("l"), 0)
      const waiting = yield* Effect.all([
        redis.blpop(["q1", "q2"], "5 seconds"),
        redis.brpop(["q3"], "5 seconds"),
        redis.blmove("q4", "q5", "left", "right", "5 seconds"),
        redis.blmpop(["q6"], "left", "5 seconds", 2)
      ], { concurrency: "unbounded" }).pipe(Effect.forkChild({ startImmediately: true }))
      yield* redis.rpush("q2", "two")
      yield* redis.rpush("q3", "three")
      yield* redis.rpush("q4", "four")
      yield* redis.rpush("q6", "six")
      assert.deepStrictEqual(yield* Fiber.join(waiting), [
        ["q2", "two"],
        ["q3", "three"],
        "four",
        { key: "q6", elements: ["six"] }
      ])
      assert.strictEqual(yield* redis.blpop(["q1"], "10 millis"), null)
    }))

  onRedis("sets", (redis) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* redis.sadd("s", "a", "b", "c"), 3)
      assert.strictEqual(yield* redis.srem("s", "c", "none"), 1)
      assert.deepStrictEqual((yield* redis.smembers("s")).sort(), ["a", "b"])
      assert.strictEqual(yield* redis.sismember("s", "a"), true)
      assert.deepStrictEqual(yield* redis.smismember("s", "a", "z"), [true, false])
      assert.strictEqual(yield* redis.scard("s"), 2)
      yield* redis.sadd("t", "b", "d")
      assert.deepStrictEqual(yield* redis.sinter("s", "t"), ["b"])
      assert.deepStrictEqual((yield* redis.sunion("s", "t")).sort(), ["a", "b", "d"])
      assert.deepStrictEqual(yield* redis.sdiff("s", "t"), ["a"])
      assert.strictEqual(yield* redis.sinterstore("o", "s", "t"), 1)
      assert.strictEqual(yield* redis.sunionstore("o", "s", "t"), 3)
      assert.strictEqual(yield* redis.sdiffstore("o", "s", "t"), 1)
      assert.strictEqual(yield* redis.sintercard(["s", "t"], 5), 1)
      assert.strictEqual(yield* redis.smove("s", "t", "a"), true)
      assert.strictEqual(yield* redis.srandmember("s"), "b")
      assert.strictEqual((yield* redis.srandmemberCount("t", -5)).length, 5)
      assert.strictEqual((yield* Stream.runCollect(redis.sscanStream("t"))).length, 3)
      assert.strictEqual((yield* redis.spopCount("t", 2)).length, 2)
      assert.strictEqual(yield* redis.spop("none"), null)
    }))

  onRedis("sorted sets", (redis) =>
    Effect.gen(function*() {
      const all = [{ member: "a", score: 1 }, { member: "b", score: 2.5 }, { member: "c", score: Infinity }]
      assert.strictEqual(yield* redis.zadd("z", all), 3)
      assert.strictEqual(yield* redis.zadd("z", [{ member: "a", score: 0 }], { when: "xx gt", changed: true }), 0)
      assert.strictEqual(yield* redis.zaddIncr("z", "a", 1), 2)
      assert.strictEqual(yield* redis.zaddIncr("z", "a", 1, { when: "nx" }), null)
      assert.strictEqual(yield* redis.zincrby("z", -1, "a"), 1)
      assert.strictEqual(yield* redis.zscore("z", "c"), Infinity)
      assert.strictEqual(yield* redis.zscore("z", "none"), null)
      assert.deepStrictEqual(yield* redis.zmscore("z", "b", "none"), [2.5, null])
      assert.strictEqual(yield* redis.zcard("z"), 3)
      assert.strictEqual(yield* redis.zcount("z", "(1", Infinity), 2)
      assert.strictEqual(yield* redis.zlexcount("z", "-", "+"), 3)
      assert.deepStrictEqual(yield* redis.zrange("z", 0, -1), ["a", "b", "c"])
      assert.deepStrictEqual(yield* redis.zrangeWithScores("z", 0, -1), all)
      assert.deepStrictEqual(
        yield* redis.zrange("z", 3, -Infinity, { by: "score", reverse: true, limit: [0, 1] }),
        ["b"]
      )
      assert.strictEqual(yield* redis.zrangestore("y", "z", 0, 0), 1)
      assert.strictEqual(yield* redis.zrank("z", "b"), 1)
      assert.strictEqual(yield* redis.zrevrank("z", "none"), null)
      assert.deepStrictEqual(yield* redis.zunionWithScores(["y", "z"], { weights: [2, 1] }), [
        { member: "b", score: 2.5 },
        { member: "a", score: 3 },
        { member: "c", score: Infinity }
      ])
      assert.deepStrictEqual(yield* redis.zunion(["y"]), ["a"])
      assert.deepStrictEqual(yield* redis.zinter(["y", "z"]), ["a"])
      assert.deepStrictEqual(yield* redis.zinterWithScores(["y", "z"], { aggregate: "max" }), [{
        member: "a",
        score: 1
      }])
      assert.deepStrictEqual(yield* redis.zdiff(["z", "y"]), ["b", "c"])
      assert.strictEqual((yield* redis.zdiffWithScores(["z", "y"])).length, 2)
      assert.strictEqual(yield* redis.zunionstore("o", ["y", "z"]), 3)
      assert.strictEqual(yield* redis.zinterstore("o", ["y", "z"]), 1)
      assert.strictEqual(yield* redis.zdiffstore("o", ["z", "y"]), 2)
      assert.strictEqual(yield* redis.zintercard(["y", "z"]), 1)
      assert.deepStrictEqual(Command.keys(commands.zunionstore("o", ["y", "z"])), ["o", "y", "z"])
      assert.strictEqual((yield* redis.zrandmemberCount("z", 2)).length, 2)
      assert.strictEqual((yield* redis.zrandmemberWithScores("z", 2)).length, 2)
      assert.deepStrictEqual(yield* Stream.runCollect(redis.zscanStream("z")), all)
      assert.include(["a", "b", "c"], yield* redis.zrandmember("z"))
      assert.deepStrictEqual(yield* redis.zpopminCount("z", 1), [all[0]!])
      assert.deepStrictEqual(yield* redis.zpopmaxCount("none", 1), [])
      assert.strictEqual(yield* redis.zpopmax("none"), null)
      assert.deepStrictEqual(yield* redis.zmpop(["none", "z"], "max"), { key: "z", members: [all[2]!] })
      const popped = yield* redis.bzpopmin(["z"], "1 second")
      assert.deepStrictEqual(popped, { key: "z", members: [all[1]!] })
      assert.strictEqual(yield* redis.bzpopmax(["z"], "10 millis"), null)
      yield* redis.zadd("z", all)
      assert.deepStrictEqual(yield* redis.bzmpop(["z"], "min", "1 second", 2), { key: "z", members: all.slice(0, 2) })
      yield* redis.zadd("z", all)
      assert.strictEqual(yield* redis.zremrangebyrank("z", 0, 0), 1)
      assert.strictEqual(yield* redis.zremrangebyscore("z", 2, 3), 1)
      assert.strictEqual(yield* redis.zremrangebylex("z", "-", "+"), 1)
      assert.strictEqual(yield* redis.zrem("z", "a"), 0)
    }))

  onRedis("connection and server", (redis) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* redis.ping(), "PONG")
      assert.strictEqual(yield* redis.ping("hi"), "hi")
      assert.strictEqual(yield* redis.echo("é"), "é")
      const info = yield* redis.clientInfo()
      assert.strictEqual(info.id, yield* redis.clientId())
      assert.isAtLeast((yield* redis.clientList()).length, 1)
      assert.strictEqual(yield* redis.clientGetname(), null)
      assert.strictEqual(yield* redis.clientKill({ id: 999_999 }), 0)
      assert.strictEqual(yield* redis.clientUnblock(999_999), false)
      assert.strictEqual(yield* redis.clientPause("1 millis", "write"), "OK")
      assert.strictEqual(yield* redis.clientUnpause(), "OK")
      const { server: about } = yield* redis.info("server")
      // Valkey has a name of its own for it.
      assert.strictEqual(about["redis_mode"] ?? about["server_mode"], "standalone")
      assert.deepStrictEqual(yield* redis.role(), { role: "primary", offset: 0, replicas: [] })
      assert.deepStrictEqual(yield* redis.configGet("maxmemory-policy"), { "maxmemory-policy": "noeviction" })
      assert.isAbove((yield* redis.time()).moment.epochMilliseconds, 1_700_000_000_000)
      assert.strictEqual(yield* redis.dbsize(), 0)
      assert.isAbove((yield* redis.lastsave()).epochMilliseconds, 1_700_000_000_000)
      assert.strictEqual(yield* redis.flushdb("async"), "OK")
      assert.strictEqual(yield* redis.flushall(), "OK")
      assert.strictEqual(yield* redis.wait(0, "10 millis"), 0)
      assert.strictEqual(yield* redis.publish("channel", "message"), 0)
      assert.strictEqual(yield* redis.spublish("channel", "message"), 0)
    }))

  onRedis("values of every size come back as they went", (redis) =>
    Effect.gen(function*() {
      for (const unit of ["a", "é", "\u{1F600}"]) {
        for (const length of [0, 1, 63, 64, 65, 1023, 16383, 16384, 70_000, 1_000_000]) {
          const value = unit.repeat(length)
          yield* redis.set("v", value)
          assert.isTrue((yield* redis.get("v")) === value, `${unit} ${length}`)
        }
      }
      const bytes = new Uint8Array(3_000_000).map((_, i) => i * 7)
      yield* redis.set("b", bytes)
      assert.deepStrictEqual(yield* redis.bytes.get("b"), bytes)
    }))
})

describe("a session", () => {
  it.live("is named, has its database, and says who it is", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const redis = yield* RedisClient.make({ address, clientName: "orders", database: 3 })
        const info = yield* redis.clientInfo()
        assert.strictEqual(info.name, "orders")
        assert.strictEqual(info.db, 3)
        assert.strictEqual(info.resp, 3)
      })
    ))

  it.live("a database that does not exist", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const redis = yield* RedisClient.make({ address, database: 99, commandTimeout: "300 millis" })
        const error = failureOf(yield* Effect.exit(redis.ping()))
        assert.strictEqual(error._tag, "ConnectFailed")
        assert.include(error.message, "SELECT 99")
      })
    ))

  it.live("over a unix socket", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const dir = yield* temporaryDirectory
        yield* server({ config: [`unixsocket ${dir}/redis.sock`] })
        const redis = yield* RedisClient.make({ address: `unix:${dir}/redis.sock` })
        assert.strictEqual(yield* redis.ping(), "PONG")
      })
    ))

  it.live("an ACL user who may not call ROLE is verified by INFO", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server({ config: ["user app on nopass ~* +@all -role"] })
        const { Redacted } = yield* Effect.promise(() => import("effect"))
        const sentinel = yield* Sentinel.makeStatic({
          primary: address,
          node: { username: "app", password: Redacted.make("any") }
        })
        const redis = yield* sentinel.primaryFor("any")
        assert.strictEqual(yield* redis.ping(), "PONG")
      })
    ))

  it.live("killed by the server: reads continue, and a write in flight fails", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const redis = yield* RedisClient.make({ address })
        const other = yield* RedisClient.make({ address })
        const id = yield* redis.clientId()
        yield* other.clientKill({ id })
        assert.strictEqual(
          yield* redis.set("a", 1).pipe(Effect.catchTag("AmbiguousOutcome", () => redis.set("a", 1))),
          "OK"
        )
        assert.notStrictEqual(yield* redis.clientId(), id)
      })
    ))
})

describe("something other than a Redis server", () => {
  const listening = (listener: Net.Server | Http.Server) =>
    Effect.acquireRelease(
      Effect.callback<string>((resume) => {
        listener.listen(0, "127.0.0.1", () =>
          resume(Effect.succeed(`127.0.0.1:${(listener.address() as Net.AddressInfo).port}`)))
      }),
      () =>
        Effect.callback<void>((resume) => {
          if (listener instanceof Http.Server) {
            listener.closeAllConnections()
          }
          listener.close(() =>
            resume(Effect.void)
          )
        })
    )

  it.live("an HTTP server", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const address = yield* listening(Http.createServer())
        const redis = yield* RedisClient.make({ address })
        const error = failureOf(yield* Effect.exit(redis.ping()))
        assert.strictEqual(error._tag, "ProtocolError")
        assert.include(error.message, address)
        assert.include(error.message, "HTTP/1.1 400")
        const sentinel = yield* Sentinel.make({ sentinels: [address] })
        const none = failureOf(yield* Effect.exit(sentinel.discoverPrimary("mymaster")))
        assert.strictEqual(none._tag, "PrimaryNotFound")
        if (none._tag === "PrimaryNotFound") assert.strictEqual(none.reason.reports[0]!.kind, "not-a-sentinel")
      })
    ))

  it.live("a Redis server in place of a sentinel", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const sentinel = yield* Sentinel.make({ sentinels: [address] })
        const none = failureOf(yield* Effect.exit(sentinel.discoverPrimary("mymaster")))
        if (none._tag !== "PrimaryNotFound") return assert.fail(none._tag)
        assert.strictEqual(none.reason._tag, "SentinelsUnreachable")
        assert.strictEqual(none.reason.reports[0]!.kind, "not-a-sentinel")
      })
    ))

  /** A server that sends the same bytes to everyone. */
  const sending = (bytes: string) =>
    listening(
      Net.createServer((socket) => {
        socket.on("error", () => {}).resume()
        socket.write(bytes)
      })
    )

  for (
    const [name, bytes, what] of [
      ["2^40 declared bytes", "$1099511627776\r\n", "1099511627776"],
      ["100,000 nested arrays", "*1\r\n".repeat(100_000), "nested more than"],
      ["garbage", "\x00\x01\x02", "not a RESP type"]
    ] as const
  ) {
    it.live(name, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const address = yield* sending(bytes)
          const redis = yield* RedisClient.make({ address })
          const error = failureOf(yield* Effect.exit(redis.ping()))
          assert.strictEqual(error._tag, "ProtocolError")
          assert.include(error.message, what)
          assert.include(error.message, address)
        })
      ))
  }

  it.live("a silent server", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const address = yield* listening(Net.createServer((socket) => socket.on("error", () => {}).resume()))
        const redis = yield* RedisClient.make({ address, connectTimeout: "50 millis", commandTimeout: "300 millis" })
        const error = failureOf(yield* Effect.exit(redis.ping()))
        assert.strictEqual(error._tag, "ConnectFailed")
        assert.include(error.message, address)
      })
    ))

  it.live("no server, and a name that does not resolve", () =>
    Effect.scoped(
      Effect.gen(function*() {
        for (const address of ["127.0.0.1:1", "no-such-host.invalid:6379"]) {
          const redis = yield* RedisClient.make({ address, commandTimeout: "300 millis" })
          const error = failureOf(yield* Effect.exit(redis.ping()))
          assert.strictEqual(error._tag, "ConnectFailed")
          assert.include(error.message, address)
        }
      })
    ))
})

describe("the end", () => {
  it.live("after the Scope closes, the process exits by itself", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const program = `
          import * as Effect from "effect/Effect"
          import * as Fiber from "effect/Fiber"
          import { RedisClient } from ${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)}
          const main = Effect.gen(function*() {
            const redis = yield* RedisClient.make({ address: ${JSON.stringify(address)} })
            yield* redis.set("a", 1)
            yield* Effect.scoped(Effect.flatMap(redis.reserve, (l) => l.ping()))
            const pop = yield* Effect.forkChild(Effect.exit(redis.blpop(["q"], "Infinity")), { startImmediately: true })
            yield* redis.get("a")
            console.log("in use:", process.getActiveResourcesInfo().filter((r) => r === "TCPSocketWrap").length > 0)
          })
          await Effect.runPromise(Effect.scoped(main))
          const left = () => process.getActiveResourcesInfo().filter((r) => r === "TCPSocketWrap" || r === "Timeout")
          // Node closes the handles of destroyed sockets in the turns that follow.
          for (let turns = 0; turns < 5 && left().length > 0; turns++) await new Promise((r) => setImmediate(r))
          console.log("left:", left().join())
        `
        const exit = yield* runProgram(program)
        assert.deepStrictEqual(exit, { code: 0, out: "in use: true\nleft: \n" })
      })
    ))
})

describe("typed", () => {
  it("an untyped cause does not appear", () => {
    // The helper itself fails on a defect, which is what the tests above rely on.
    assert.throws(() => failureOf(Exit.die("x")))
    assert.throws(() => failureOf(Exit.succeed(1)))
    assert.isTrue(Cause.hasDies(Cause.die("x")))
  })
})
