/** Scripts as definitions: their calls and results, and how a client loads them where a server does not have them. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as FunctionLibrary from "../src/FunctionLibrary.ts"
import { commands, Connector, Metrics, RedisClient } from "../src/index.ts"
import * as Script from "../src/Script.ts"
import * as Testing from "../src/testing/index.ts"
import { executorOf } from "./support/executor.ts"
import { failureOf } from "./support/exit.ts"
import { liveWithReplicas } from "./support/group.ts"
import { clientOf as storeClientOf, type Store, store, type Verdict } from "./support/store.ts"
import { timePassing } from "./support/time.ts"

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

const push = Script.make({
  keys: ["list"],
  args: { item: Schema.String },
  result: Schema.Int,
  lua: "return redis.call('RPUSH', KEYS[1], ARGV[1])"
})

const numbers = FunctionLibrary.make({
  name: "numbers",
  lua: "redis.register_function('one', function() return 1 end)",
  functions: { one: { result: Schema.Int } }
})

const whileTimePasses = timePassing("5 millis")

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

describe("a user without permissions", () => {
  const restricted = (...rules: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const admin = yield* clientOf(control, first)
      yield* admin.send("ACL", "SETUSER", "u", "on", ">p", "~*", "+@all", ...rules)
      const options = { username: "u", password: Redacted.make("p"), connections: 1 }
      return { admin, control, redis: yield* clientOf(control, first, options) }
    })

  it.effect("for SCRIPT LOAD runs scripts with their texts: the first time in a batch, too", () =>
    Effect.gen(function*() {
      const { admin, control, redis } = yield* restricted("-script|load")
      const list = [commands.incr("n"), add({ counter: "n", by: 1 }), commands.get("n")] as const
      assert.deepStrictEqual(yield* redis.transaction(list), [1, 2, "2"])
      for (let i = 0; i < 3; i++) {
        yield* admin.scriptFlush()
        assert.deepStrictEqual(yield* redis.pipeline(list), [3 + 4 * i, 4 + 4 * i, String(4 + 4 * i)])
        yield* admin.scriptFlush()
        assert.deepStrictEqual(yield* redis.transaction(list), [5 + 4 * i, 6 + 4 * i, String(6 + 4 * i)])
      }
      yield* admin.scriptFlush()
      assert.strictEqual(yield* redis.script(add)({ counter: "m", by: 1 }), 1)
      // A single call of another client, which learns it from the first answer.
      yield* admin.scriptFlush()
      const other = yield* clientOf(control, first, { username: "u", password: Redacted.make("p"), connections: 1 })
      const all = Effect.forEach(Array.from({ length: 8 }), () => other.script(add)({ counter: "m", by: 1 }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(yield* all, [2, 3, 4, 5, 6, 7, 8, 9])
    }).pipe(Effect.provide(alone)))

  it.effect("for SCRIPT LOAD has its scripts loaded once it may: the client tries now and then", () =>
    Effect.gen(function*() {
      const { admin, redis } = yield* restricted("-script|load")
      const before = (yield* Metric.value(Metrics.scriptLoads)).count
      const loads = Effect.map(Metric.value(Metrics.scriptLoads), ({ count }) => Number(count) - Number(before))
      const run = redis.pipeline([add({ counter: "n", by: 1 })])
      for (let i = 0; i < 3; i++) yield* run
      assert.strictEqual(yield* loads, 1)
      // Once in each pause, and the pauses grow up to a minute.
      for (let i = 0; i < 240; i++) {
        yield* TestClock.adjust("1 second")
        yield* run
      }
      assert.isAtLeast(yield* loads, 6)
      assert.isAtMost(yield* loads, 10)
      yield* admin.send("ACL", "SETUSER", "u", "+@all")
      yield* TestClock.adjust("1 minute")
      yield* run
      const last = yield* loads
      // Now that it may, a script that the server lacks is loaded at once, and goes without its text.
      yield* admin.send("ACL", "SETUSER", "u", "-eval")
      yield* admin.scriptFlush()
      assert.deepStrictEqual(yield* redis.pipeline([add({ counter: "m", by: 1 })]), [1])
      assert.strictEqual(yield* loads, last + 1)
    }).pipe(Effect.provide(alone)))

  it.effect("for FUNCTION LOAD has its libraries loaded once it may", () =>
    Effect.gen(function*() {
      const { admin, redis } = yield* restricted("-function|load")
      const call = redis.transaction([commands.incr("n"), numbers.functions.one()])
      assert.isTrue(Exit.isFailure(yield* Effect.exit(call)))
      yield* admin.send("ACL", "SETUSER", "u", "+@all")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* call)[1], 1)
    }).pipe(Effect.provide(alone)))

  it.effect("for EVAL and SCRIPT LOAD gets the error of the server", () =>
    Effect.gen(function*() {
      const { redis } = yield* restricted("-script|load", "-eval")
      const error = failureOf(yield* Effect.exit(redis.script(add)({ counter: "n", by: 1 })))
      assert.strictEqual(error._tag === "ReplyError" ? `${error.command} ${error.code}` : error._tag, "EVAL NOPERM")
    }).pipe(Effect.provide(alone)))

  it.effect("for FUNCTION LOAD gets the error of the server, and calls what others have loaded", () =>
    Effect.gen(function*() {
      const { admin, redis } = yield* restricted("-function|load")
      const { one } = redis.functions(numbers)
      const error = failureOf(yield* Effect.exit(one()))
      assert.strictEqual(
        error._tag === "ReplyError" ? `${error.command} ${error.code}` : error._tag,
        "FUNCTION LOAD NOPERM"
      )
      yield* Effect.provideService(numbers.load, RedisClient.RedisClient, admin)
      assert.strictEqual(yield* one(), 1)
      assert.deepStrictEqual(yield* redis.transaction([numbers.functions.one()]), [1])
    }).pipe(Effect.provide(alone)))
})

const noScript = "-NOSCRIPT No matching script. Please use EVAL.\r\n"

describe("a server", () => {
  /** What a client does at a server that answers requests in this way. */
  const at = (rule: (command: string, nth: number, connection: number) => Verdict) =>
    Effect.gen(function*() {
      const server = store(rule)
      return { server, redis: yield* storeClientOf(server, { connections: 1 }) }
    })
  const names = (server: Store) =>
    server.received.map(([, command]) => command.split(" ")[0]!).filter((name) => /EVAL|SCRIPT/.test(name))

  it.effect("that never keeps a script gets its text", () =>
    Effect.gen(function*() {
      const { redis, server } = yield* at((command) =>
        command.startsWith("EVALSHA")
          ? noScript
          : command.startsWith("SCRIPT")
          ? "+OK\r\n"
          : command.startsWith("EVAL")
          ? ":7\r\n"
          : undefined
      )
      assert.strictEqual(yield* redis.script(add)({ counter: "n", by: 1 }), 7)
      assert.deepStrictEqual(names(server), ["EVALSHA", "SCRIPT", "EVALSHA", "SCRIPT", "EVALSHA", "EVAL"])
      assert.deepStrictEqual(yield* redis.pipeline([add({ counter: "n", by: 1 }), add({ counter: "m", by: 1 })]), [
        7,
        7
      ])
      assert.isAtMost(names(server).length, 24)
    }))

  it.effect("that says so of EVAL as well fails the command", () =>
    Effect.gen(function*() {
      const { redis } = yield* at((command) =>
        command.startsWith("EVAL") ? noScript : command.startsWith("SCRIPT") ? "+OK\r\n" : undefined
      )
      const error = failureOf(yield* Effect.exit(redis.script(add)({ counter: "n", by: 1 })))
      assert.strictEqual(error._tag === "ReplyError" ? error.code : error._tag, "NOSCRIPT")
    }))

  it.effect("that says something else of a script is believed: the script may have run", () =>
    Effect.gen(function*() {
      const { redis, server } = yield* at((command) =>
        command.startsWith("EVALSHA") ? "-NOSCRIPT by the script itself\r\n" : undefined
      )
      const error = failureOf(yield* Effect.exit(redis.script(add)({ counter: "n", by: 1 })))
      assert.strictEqual(error._tag === "ReplyError" ? error.code : error._tag, "NOSCRIPT")
      assert.deepStrictEqual(names(server), ["EVALSHA"])
    }))

  it.effect("that does not compile the script says so, to all callers", () =>
    Effect.gen(function*() {
      const { redis } = yield* node()
      const broken = Script.make({ lua: "return (", result: Schema.Int })
      const exits = yield* Effect.forEach(
        Array.from({ length: 8 }),
        () => Effect.exit(redis.script(broken)()),
        { concurrency: "unbounded" }
      )
      for (const exit of exits) {
        const error = failureOf(exit)
        assert.strictEqual(error._tag === "ReplyError" ? error.command : error._tag, "SCRIPT LOAD")
        assert.include(error.message, "compiling")
      }
    }).pipe(Effect.provide(alone)))

  it.effect("that is busy when the script is loaded is asked again", () =>
    Effect.gen(function*() {
      let loads = 0
      const { redis } = yield* at((command) =>
        command.startsWith("SCRIPT")
          ? ++loads < 3 ? "-BUSY Redis is busy running a script.\r\n" : "+OK\r\n"
          : command.startsWith("EVALSHA")
          ? loads < 3 ? noScript : ":1\r\n"
          : undefined
      )
      assert.strictEqual(yield* whileTimePasses(redis.script(add)({ counter: "n", by: 1 })), 1)
      assert.strictEqual(loads, 3)
    }))

  it.effect("that is lost with a script makes a write ambiguous, and a repeatable one is sent again", () =>
    Effect.gen(function*() {
      let lost = 0
      const { redis } = yield* at((command) =>
        command.startsWith("EVALSHA") ? lost++ % 2 === 0 ? "CLOSE" : ":1\r\n" : undefined
      )
      const write = failureOf(yield* Effect.exit(whileTimePasses(redis.script(add)({ counter: "n", by: 1 }))))
      assert.strictEqual(write._tag === "AmbiguousOutcome" ? write.command : write._tag, "EVALSHA")
      const twice = Script.make({ lua: "return 1", result: Schema.Int, repeatable: true })
      const read = Script.make({ lua: "return 1", result: Schema.Int, mode: "read" })
      const once = Script.make({ lua: "return 1", result: Schema.Int, mode: "read", repeatable: false })
      lost = 0
      assert.strictEqual(yield* whileTimePasses(redis.script(twice)()), 1)
      assert.strictEqual(yield* whileTimePasses(redis.script(read)()), 1)
      assert.isFalse(once().repeat)
      assert.isTrue(twice().repeat)
    }))
})

describe("a script that a server lacks while writes wait", () => {
  it.effect("is loaded once they may go on; a reading script does not wait", () =>
    Effect.gen(function*() {
      let answer: ((text: string) => void) | undefined
      let isLoaded = false
      const server = store((command) => {
        if (command.startsWith("SCRIPT")) {
          isLoaded = true
          return "+OK\r\n"
        }
        if (!command.startsWith("EVALSHA")) return undefined
        // The first answer comes when the test says so.
        if (isLoaded || answer !== undefined) return isLoaded ? ":1\r\n" : noScript
        answer = (text) => server.send(0, text)
        return ""
      })
      const { executor, gate } = yield* executorOf(server.dial, { connections: 1 })
      const write = yield* Effect.forkChild(executor.run(add({ counter: "n", by: 1 })), { startImmediately: true })
      yield* whileTimePasses(Effect.sleep("50 millis"))
      gate("held")
      answer!(noScript)
      yield* whileTimePasses(Effect.sleep("50 millis"))
      const sent = (name: string) => server.received.filter(([, command]) => command.startsWith(name)).length
      assert.strictEqual(sent("EVALSHA "), 1)
      const read = Script.make({ lua: "return 1", result: Schema.Int, mode: "read" })
      assert.strictEqual(yield* whileTimePasses(executor.run(read())), 1)
      gate(undefined)
      assert.strictEqual(yield* whileTimePasses(Fiber.join(write)), 1)
      assert.strictEqual(sent("EVALSHA "), 2)
    }))
})

describe("the order of a pipeline with a script", () => {
  it.effect("is kept where the script is removed: what was executed behind it is not sent again", () =>
    Effect.gen(function*() {
      const { other, redis } = yield* node({ connections: 1 })
      const list = [commands.rpush("l", "a"), push({ list: "l", item: "b" }), commands.rpush("l", "c")] as const
      assert.deepStrictEqual(yield* redis.pipeline(list), [1, 2, 3])
      yield* other.scriptFlush()
      const results = yield* redis.pipelineResults(list)
      assert.deepStrictEqual(results.map((r) => Result.isSuccess(r) ? r.success : r.failure._tag), [4, "ReplyError", 5])
      const error = Result.isFailure(results[1]) ? results[1].failure.message : ""
      assert.include(error, "removed it from the server")
      assert.deepStrictEqual(yield* redis.lrange("l", 3, -1), ["a", "c"])
      // It is loaded again with the next batch, and sent again where nothing came behind it.
      assert.deepStrictEqual(yield* redis.pipeline(list), [6, 7, 8])
      yield* other.scriptFlush()
      assert.deepStrictEqual(
        yield* redis.pipeline([
          commands.rpush("l", "x"),
          push({ list: "l", item: "y" }),
          commands.lrange("l", -2, -1),
          push({ list: "l", item: "z" })
        ]),
        [9, 10, ["x", "y"], 11]
      )
    }).pipe(Effect.provide(alone)))
})

describe("the loads of scripts", () => {
  it.effect("are counted in a metric", () =>
    Effect.gen(function*() {
      const { redis } = yield* node({ connections: 1 })
      const before = (yield* Metric.value(Metrics.scriptLoads)).count
      yield* redis.script(add)({ counter: "n", by: 1 })
      yield* redis.script(add)({ counter: "n", by: 1 })
      assert.strictEqual((yield* Metric.value(Metrics.scriptLoads)).count, before + 1)
    }).pipe(Effect.provide(alone)))

  it.effect("end with the client, in the middle of one", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      yield* Effect.scoped(
        Effect.gen(function*() {
          const redis = yield* clientOf(control, first, { connections: 2 })
          yield* redis.ping()
          yield* Effect.forkChild(redis.script(add)({ counter: "n", by: 1 }), { startImmediately: true })
          yield* Effect.forkChild(redis.pipeline([add({ counter: "n", by: 1 })]), { startImmediately: true })
        })
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(control.network.connections(first), 0)
    }).pipe(Effect.provide(alone)))

  it.effect("happen on the reserved connection that watches, and the watch stays", () =>
    Effect.gen(function*() {
      const { other, redis } = yield* node()
      const reserved = yield* redis.reserve
      yield* reserved.watch("n")
      assert.deepStrictEqual(yield* reserved.transaction([add({ counter: "n", by: 1 })]), [1])
      yield* reserved.watch("n")
      yield* other.incr("n")
      assert.strictEqual(
        failureOf(yield* Effect.exit(reserved.transaction([add({ counter: "n", by: 1 })])))._tag,
        "TransactionAborted"
      )
      // Without the watch, a transaction must not be sent again.
      yield* reserved.watch("n")
      yield* other.scriptFlush()
      const error = failureOf(yield* Effect.exit(reserved.transaction([add({ counter: "n", by: 1 })])))
      assert.include(error.message, "NOSCRIPT")
      assert.strictEqual(yield* other.get("n"), "2")
    }).pipe(Effect.provide(alone)))
})

describe("scripts on replicas", () => {
  const total = Script.make({
    keys: [Script.many("counters")],
    result: Schema.Int,
    mode: "read",
    lua: "local n = 0 for i = 1, #KEYS do n = n + tonumber(redis.call('GET', KEYS[i]) or '0') end return n"
  })
  const reading = FunctionLibrary.make({
    name: "reading",
    lua: `redis.register_function({ function_name = "peek", flags = { "no-writes" },
      callback = function(keys) return tonumber(redis.call("GET", keys[1]) or "0") end })`,
    functions: { peek: { keys: ["counter"], result: Schema.Int, mode: "read" } }
  })

  for (const replicaSelection of ["sticky", "round-robin", "lag"] as const) {
    const layer = () => liveWithReplicas({}, { replicas: 3 }, { replicaSelection })

    it.effect(`are loaded at each that serves: ${replicaSelection}`, () =>
      Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        const replica = yield* RedisClient.RedisReplica
        yield* whileTimePasses(redis.set("a", 2))
        yield* whileTimePasses(Effect.sleep("1 second"))
        const counters = ["a", "a"]
        for (let i = 0; i < 12; i++) {
          assert.strictEqual(yield* whileTimePasses(replica.script(total)({ counters })), 4)
          assert.deepStrictEqual(
            yield* whileTimePasses(replica.pipeline([total({ counters }), commands.get("a")])),
            [4, "2"]
          )
        }
        assert.deepStrictEqual(
          yield* whileTimePasses(replica.transaction([total({ counters }), total({ counters: [] })])),
          [4, 0]
        )
        const own = replica.afterOffset(yield* whileTimePasses(redis.offset))
        assert.strictEqual(yield* whileTimePasses(own.script(total)({ counters })), 4)
        assert.strictEqual(
          yield* whileTimePasses(Effect.scoped(Effect.flatMap(replica.reserve, (r) => r.script(total)({ counters })))),
          4
        )
      }).pipe(Effect.provide(layer())))

    it.effect(`read with a library that only the primary can load: ${replicaSelection}`, () =>
      Effect.gen(function*() {
        const replica = yield* RedisClient.RedisReplica
        const { peek } = replica.functions(reading)
        const all = Effect.forEach(Array.from({ length: 8 }), () => peek({ counter: "a" }), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(yield* whileTimePasses(all), Array.from({ length: 8 }, () => 0))
        assert.deepStrictEqual(
          yield* whileTimePasses(replica.pipeline([reading.functions.peek({ counter: "a" }), commands.get("a")])),
          [0, null]
        )
        const control = yield* Testing.Deployment
        const at = yield* clientOf(control, first)
        const text = String(yield* at.send("INFO", "commandstats"))
        assert.strictEqual(/^cmdstat_function\|load:calls=(\d+)/m.exec(text)?.[1], "1")
      }).pipe(Effect.provide(layer())))
  }
})

describe("a script whose server is late", () => {
  const slow = Script.make({
    keys: ["key"],
    result: Schema.NullOr(Schema.String),
    mode: "read",
    lua: "return redis.call('GET', KEYS[1])"
  })
  it.effect("is loaded at the other server that is asked: alone, in a pipeline and in a transaction", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const replica = yield* RedisClient.RedisReplica
      yield* whileTimePasses(redis.set("a", "1"))
      yield* whileTimePasses(Effect.sleep("1 second"))
      const run = (key: string) =>
        Effect.all(
          [
            replica.script(slow)({ key }),
            Effect.map(replica.pipeline([slow({ key }), commands.get(key)]), ([value]) => value),
            Effect.map(replica.transaction([slow({ key })]), ([value]) => value)
          ],
          { concurrency: "unbounded" }
        )
      assert.deepStrictEqual(yield* whileTimePasses(run("a")), ["1", "1", "1"])
      const { server } = yield* whileTimePasses(replica.info("server"))
      const runId = server.run_id
      yield* control.hang(control.nodes.find((address) => control.node(address).runId === runId)!)
      const began = yield* Clock.currentTimeMillis
      assert.deepStrictEqual(yield* whileTimePasses(run("a")), ["1", "1", "1"])
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 1000)
    }).pipe(Effect.provide(liveWithReplicas({}, { replicas: 2 }))))
})

describe("scripts on a reserved connection", () => {
  it.effect("keep the order of a pipeline, and are loaded again there", () =>
    Effect.gen(function*() {
      const { other, redis } = yield* node()
      const reserved = yield* redis.reserve
      assert.deepStrictEqual(yield* reserved.pipeline([push({ list: "l", item: "a" }), commands.rpush("l", "b")]), [
        1,
        2
      ])
      yield* other.scriptFlush()
      assert.strictEqual(yield* reserved.script(push)({ list: "l", item: "c" }), 3)
      yield* other.scriptFlush()
      assert.deepStrictEqual(
        yield* reserved.pipeline([commands.rpush("l", "d"), push({ list: "l", item: "e" }), commands.llen("l")]),
        [4, 5, 5]
      )
      assert.deepStrictEqual(yield* reserved.lrange("l", 0, -1), ["a", "b", "c", "d", "e"])
    }).pipe(Effect.provide(alone)))

  it.effect("take part in redis.watch", () =>
    Effect.gen(function*() {
      const { redis } = yield* node()
      yield* redis.set("n", 1)
      const read = Script.make({
        keys: ["key"],
        result: Schema.Int,
        mode: "read",
        lua: "return redis.call('GET', KEYS[1])"
      })
      const results = yield* redis.watch(["n"], (own) =>
        Effect.map(
          own.script(read)({ key: "n" }),
          (by) => [add({ counter: "n", by }), commands.get("n")] as const
        ))
      assert.deepStrictEqual(results, [2, "2"])
    }).pipe(Effect.provide(alone)))
})
