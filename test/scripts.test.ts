/** Scripts and functions on servers in memory: what becomes of them in a failover, and scripts that do not end. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { Connector, type Errors, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { Endless } from "../src/testing/lua/callStack.ts"
import { SyntaxFailure } from "../src/testing/lua/lexer.ts"
import { Random } from "../src/testing/lua/mathLibrary.ts"
import { EvalMachine, type Run } from "../src/testing/lua/redisLibrary.ts"
import { toReply } from "../src/testing/lua/replies.ts"
import { Table } from "../src/testing/lua/values.ts"
import { seeded } from "../src/testing/Time.ts"
import { lua } from "./conformance/lua.ts"
import { failureOf } from "./support/exit.ts"

const [first, second, third] = ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"] as const

const live = (deployment: Testing.Options = {}) =>
  RedisClient.layerPrimary("mymaster").pipe(
    Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379"] })),
    Layer.provideMerge(Testing.layer(deployment))
  )

const clientOf = (control: Testing.Control, address: string, options: RedisClient.Options = {}) =>
  RedisClient.make({ ...options, address }).pipe(
    Effect.provideService(Connector.Connector, control.network.dialer("tester"))
  )

/** One node without sentinels. */
const node = Effect.gen(function*() {
  const control = yield* Testing.Deployment
  return { node: control.node(first), a: yield* clientOf(control, first), b: yield* clientOf(control, first) }
})

const alone = Testing.layer({ replicas: 0, sentinels: 0 })

const code = `#!lua name=lib
redis.register_function('hello', function(keys, args) return 'hello ' .. args[1] end)`

const codeOf = (effect: Effect.Effect<unknown, Errors.RedisError>) =>
  Effect.map(Effect.exit(effect), (exit) => String((failureOf(exit) as { readonly code?: string }).code))

describe("scripts and replicas", () => {
  it.effect("what a script has written is there after a failover; the script itself is not, a function is", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.functionLoad(code)
      const sha = yield* redis.scriptLoad("return redis.call('INCR', KEYS[1])")
      assert.strictEqual(yield* redis.evalsha(sha, ["n"]), 1)
      yield* redis.eval("for i = 1, 3 do redis.call('RPUSH', KEYS[1], math.random(1000)) end", ["l"])
      const written = yield* redis.lrange("l", 0, -1)
      yield* TestClock.adjust("1 second")
      yield* control.kill(first)
      const after = yield* Effect.forkChild(redis.lrange("l", 0, -1))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Fiber.join(after), written)
      assert.strictEqual(yield* redis.get("n"), "1")
      assert.strictEqual(yield* codeOf(redis.evalsha(sha, ["n"])), "NOSCRIPT")
      assert.strictEqual(yield* redis.fcall("hello", [], ["Ada"]), "hello Ada")
    }).pipe(Effect.provide(live())))

  it.effect("a replica gets all that a script has written, or nothing, and nothing that is not for it", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.eval("redis.call('SET', 'a', 1) redis.call('SET', 'b', 2)")
      assert.isUndefined(control.node(second).peek("a"))
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(control.node(second).peek("a"), "1")
      assert.strictEqual(control.node(second).peek("b"), "2")
      yield* redis.eval("redis.set_repl(redis.REPL_NONE) redis.call('SET', 'c', 3)")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(control.node(first).peek("c"), "3")
      assert.isUndefined(control.node(second).peek("c"))
    }).pipe(Effect.provide(live({ lag: "100 millis" }))))

  it.effect("a replica refuses what a script writes, when it writes it", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const replica = yield* clientOf(control, second)
      assert.strictEqual(yield* replica.evalRo("return redis.call('GET', 'a')"), null)
      assert.strictEqual(yield* codeOf(replica.eval("return redis.call('SET', 'a', 1)")), "READONLY")
      assert.strictEqual(
        yield* replica.eval("local e = redis.pcall('SET', 'a', 1) return e.err"),
        "READONLY You can't write against a read only replica."
      )
      assert.strictEqual(yield* codeOf(replica.eval("#!lua\nreturn 1")), "READONLY")
      assert.strictEqual(yield* replica.eval("#!lua flags=no-writes\nreturn 1"), 1)
    }).pipe(Effect.provide(live())))

  it.effect("a node that restarts has its functions, and no scripts; without its data it has neither", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const { a } = yield* node
      yield* a.functionLoad(code)
      const sha = yield* a.scriptLoad("return 1")
      yield* control.kill(first)
      yield* control.restart(first)
      const again = yield* clientOf(control, first)
      assert.deepStrictEqual(yield* again.scriptExists(sha), [false])
      assert.strictEqual((yield* again.functionList()).length, 1)
      yield* control.kill(first)
      yield* control.restart(first, { keepData: false })
      assert.strictEqual((yield* (yield* clientOf(control, first)).functionList()).length, 0)
    }).pipe(Effect.provide(alone)))
})

describe("a script that does not end", () => {
  const endless = "while true do end"

  it.effect("makes the server busy until it is killed; others wait, and get their replies then", () =>
    Effect.gen(function*() {
      const { a, b, node: server } = yield* node
      yield* Effect.all([a.ping(), b.ping()])
      const script = yield* Effect.forkChild(Effect.exit(a.eval(endless)), { startImmediately: true })
      const read = yield* Effect.forkChild(b.get("x"), { startImmediately: true })
      yield* TestClock.adjust("6 seconds")
      assert.isTrue(server.isBusyWithScript)
      assert.isUndefined(read.pollUnsafe())
      assert.strictEqual(yield* b.scriptKill(), "OK")
      yield* TestClock.adjust("1 second")
      assert.match(
        String(failureOf(yield* Fiber.join(script))),
        /Script killed by user with SCRIPT KILL\.\.\. script: [0-9a-f]{40}, on @user_script:1\./
      )
      assert.isNull(yield* Fiber.join(read))
      assert.isFalse(server.isBusyWithScript)
      assert.strictEqual(yield* codeOf(b.scriptKill()), "NOTBUSY")
    }).pipe(Effect.provide(alone)))

  it.effect("may be a function, of which FUNCTION STATS tells", () =>
    Effect.gen(function*() {
      const { a, b } = yield* node
      yield* Effect.all([a.ping(), b.ping()])
      yield* a.functionLoad("#!lua name=l\nredis.register_function('loop', function() while true do end end)")
      const call = yield* Effect.forkChild(Effect.exit(a.fcall("loop", [], ["x"])), { startImmediately: true })
      yield* TestClock.adjust("6 seconds")
      const { runningScript } = yield* b.functionStats()
      assert.strictEqual(runningScript?.name, "loop")
      assert.deepStrictEqual(runningScript?.command, ["FCALL", "loop", "0", "x"])
      assert.isTrue(Duration.toMillis(runningScript!.duration) >= 5000)
      assert.strictEqual(yield* b.functionKill(), "OK")
      yield* TestClock.adjust("1 second")
      assert.match(String(failureOf(yield* Fiber.join(call))), /on @user_function:2\./)
    }).pipe(Effect.provide(alone)))

  it.effect("cannot be killed once it has written; a restart ends it, and no replica has what it wrote", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const a = yield* clientOf(control, first)
      const b = yield* clientOf(control, first)
      yield* Effect.all([a.ping(), b.ping()])
      yield* Effect.forkChild(Effect.exit(a.eval("redis.call('SET', 'x', 1) while true do end")), {
        startImmediately: true
      })
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(yield* codeOf(b.scriptKill()), "UNKILLABLE")
      assert.isUndefined(control.node(second).peek("x"))
      yield* control.kill(first)
      assert.isUndefined(control.node(third).peek("x"))
      yield* control.restart(first)
      assert.isFalse(control.node(first).isBusyWithScript)
      yield* TestClock.adjust("10 seconds")
    }).pipe(Effect.provide(Testing.layer({ replicas: 2, sentinels: 0 }))))

  it.effect("is killed by a sentinel; if it has written, the sentinels elect another primary", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", 1)
      const script = yield* Effect.forkChild(Effect.exit(redis.eval(endless)), { startImmediately: true })
      yield* TestClock.adjust("20 seconds")
      assert.isFalse(control.node(first).isBusyWithScript)
      yield* Fiber.interrupt(script)
      yield* TestClock.adjust("2 minutes")
      const primary = yield* control.primary
      const old = yield* clientOf(control, primary)
      yield* old.ping()
      yield* Effect.forkChild(Effect.exit(old.eval("redis.call('SET', 'b', 1) while true do end")), {
        startImmediately: true
      })
      yield* TestClock.adjust("30 seconds")
      assert.isTrue(control.node(primary).isBusyWithScript)
      assert.notStrictEqual(yield* control.primary, primary)
      assert.strictEqual(yield* redis.get("a"), "1")
      assert.isNull(yield* redis.get("b"))
    }).pipe(Effect.provide(live())))

  it.effect("may execute as many instructions as the test says", () =>
    Effect.gen(function*() {
      const { a, node: server } = yield* node
      const loop = "local n = 0 for i = 1, 100000 do n = n + i end return n"
      assert.strictEqual(yield* a.eval(loop), 5_000_050_000)
      server.maxScriptInstructions = 1000
      const script = yield* Effect.forkChild(Effect.exit(a.eval(loop)), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.isTrue(server.isBusyWithScript)
      assert.isUndefined(script.pollUnsafe())
    }).pipe(Effect.provide(alone)))
})

describe("hostile scripts", () => {
  const programs = Object.values(lua).flatMap((script) =>
    Array.from(
      script.matchAll(/^EVAL "((?:\\.|[^"\\])*)" 0$/gm),
      ([, text]) => text!.replace(/\\n/g, "\n").replace(/\\(.)/g, "$1")
    )
  )
  const run: Run = { protocol: 3, call: () => ["a", null, 1], mayRun: () => true, replicate: () => {} }

  /** Runs a program; it has a reply, is no Lua, or does not end. Anything else is thrown. */
  const outcome = (text: string): unknown => {
    const machine = new EvalMachine(new Random())
    machine.setArguments(new Table(), new Table())
    const loaded = machine.tryLoad(text, "@user_script")
    if (typeof loaded === "string") return loaded
    try {
      return toReply(machine.execute(loaded, [], run, 20_000) as never, 3)
    } catch (error) {
      if (error instanceof Endless || error instanceof SyntaxFailure) return error
      throw error
    }
  }

  it("of random bytes, and mutated ones, neither crash nor hang", () => {
    const random = seeded(7)
    const below = (n: number): number => Math.floor(random() * n)
    const pick = (): string => programs[below(programs.length)]!
    const mutated = (): string => {
      let text = pick()
      for (let i = below(4); i >= 0; i--) {
        const at = below(text.length)
        const other = pick()
        const from = below(other.length)
        const pieces = [
          text.slice(0, at) + text.slice(at + 1 + below(8)),
          text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at),
          text.slice(0, at) + other.slice(from, from + below(40)) + text.slice(at),
          text.slice(0, at) + text.slice(at, at + below(30)).repeat(1 + below(20)) + text.slice(at)
        ]
        text = pieces[below(pieces.length)]!.slice(0, 5000)
      }
      return text
    }
    let ended = 0
    for (let i = 0; i < 4000; i++) {
      const text = i % 8 === 0
        ? Array.from({ length: below(60) }, () => String.fromCharCode(below(256))).join("")
        : mutated()
      if (!(outcome(text) instanceof Endless)) ended++
    }
    assert.isTrue(ended > 3000)
  })

  it("make only as many tables, functions and coroutines as they may", () => {
    const made = (count: number, made: string): string =>
      `local function f() end local t = {} for i = 1, ${count} do t[i] = ${made} end return #t`
    for (const each of ["{i}", "function() return i end", "coroutine.create(f)", "cjson.decode('[]')"]) {
      assert.instanceOf(outcome(made(700, each)), Endless, each)
    }
    assert.strictEqual(outcome(made(400, "{i}")), 400n)
  })

  it("that ask for too much memory or too deep calls get an error", () => {
    for (
      const text of [
        "return ('x'):rep(1e9)",
        "local s = 'x' while true do s = s .. s end",
        "return #string.format('%99999d', 1)",
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "local function f() return pcall(f) end return f()",
        "local function f(...) return f(1, ...) end return f()",
        "return ('a'):rep(100000):match(('a*'):rep(1000) .. 'b')",
        "return ('('):rep(100000):find(('('):rep(1000))",
        "local t = {} t[1] = t return t",
        "return cjson.decode(('['):rep(100000))",
        "return loadstring(('('):rep(100000))",
        "return loadstring('return ' .. ('-'):rep(100000) .. '1')",
        "return loadstring('return ' .. ('a.b'):rep(50000))",
        "return loadstring('x' .. ('.y'):rep(100000) .. ' = 1')",
        "return loadstring('return ' .. ('1+'):rep(100000) .. '1')",
        "return table.concat({('x'):rep(1e8), ('x'):rep(1e8), ('x'):rep(1e8)})",
        "local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function() return true end)",
        "return ('x'):rep(1e6):gsub('', ('y'):rep(1000))",
        "return unpack({}, 1, 1e8)",
        "local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x",
        "return struct.pack(('i'):rep(100000), 1)",
        "return cmsgpack.unpack(('\\x91'):rep(100000))"
      ]
    ) outcome(text)
  })
})
