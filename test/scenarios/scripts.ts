/**
 * Scenarios of scripts and function libraries: what a client does when the servers that
 * have them fail, restart, or lose them. Part of the scenarios in scenarios.ts.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as FunctionLibrary from "../../src/FunctionLibrary.ts"
import { Address, type Client, commands, Connector, type Errors, RedisClient, Sentinel } from "../../src/index.ts"
import * as Script from "../../src/Script.ts"
import { countingLoads, type Loads } from "../support/countingLoads.ts"
import { failureOf } from "../support/exit.ts"
import type { Scenario } from "./scenarios.ts"
import { type Stage, until } from "./stage.ts"

const add = Script.make({
  name: "add",
  keys: ["counter"],
  args: { by: Schema.Int },
  result: Schema.Int,
  lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])"
})

const total = Script.make({
  keys: [Script.many("counters")],
  result: Schema.Int,
  mode: "read",
  lua: "local n = 0 for i = 1, #KEYS do n = n + tonumber(redis.call('GET', KEYS[i]) or '0') end return n"
})

const counters = FunctionLibrary.make({
  name: "counters",
  lua: `
    redis.register_function("bump", function(keys, args) return redis.call("INCRBY", keys[1], args[1]) end)
    redis.register_function({
      function_name = "peek",
      flags = { "no-writes" },
      callback = function(keys) return tonumber(redis.call("GET", keys[1]) or "0") end
    })`,
  functions: {
    bump: { keys: ["counter"], args: { by: Schema.Int }, result: Schema.Int },
    peek: { keys: ["counter"], result: Schema.Int, mode: "read" }
  }
})

const node: Sentinel.NodeOptions = { stallTimeout: "500 millis", connectTimeout: "1 second", connections: 2 }

/** Clients whose loads are counted by connection. */
const clientsOf = (stage: Stage) =>
  Effect.gen(function*() {
    const connections: Array<Loads> = []
    const dial = yield* stage.within(Connector.Connector)
    const sentinel = yield* Sentinel.make({ sentinels: stage.sentinels, node }).pipe(
      Effect.provideService(Connector.Connector, countingLoads(dial, connections))
    )
    return {
      connections,
      sentinel,
      redis: yield* sentinel.primaryFor(stage.group),
      replica: yield* sentinel.replicaFor(stage.group)
    }
  })

/** The group gets another primary: by a planned failover, or since its primary is killed and restarted. */
const failOver = (stage: Stage, sentinel: Sentinel.Service, isPlanned: boolean) =>
  Effect.gen(function*() {
    const old = Address.format(yield* sentinel.discoverPrimary(stage.group))
    if (isPlanned) yield* until(Effect.map(Effect.exit(stage.failover), Exit.isSuccess))
    else yield* stage.kill(old)
    yield* until(
      Effect.map(
        Effect.exit(sentinel.discoverPrimary(stage.group)),
        (exit) => Exit.isSuccess(exit) && Address.format(exit.value) !== old
      )
    )
    if (!isPlanned) yield* stage.restart(old)
    return old
  })

const mayFail: ReadonlySet<string> = new Set([
  "AmbiguousOutcome",
  "DeadlineExceeded",
  "PrimaryNotFound",
  "ReplicaNotFound",
  "ConnectionLost",
  "ConnectFailed",
  "RoleMismatch"
])

/** Callers of everything, until they are stopped. */
const calling = (stage: Stage, redis: Client.PrimaryClient, replica: Client.ReplicaClient) =>
  Effect.gen(function*() {
    let goesOn = true
    const failed: Array<Errors.RedisError> = []
    const done = { n: 0 }
    const { bump } = redis.functions(counters)
    const calls: ReadonlyArray<(key: string) => Effect.Effect<unknown, Errors.RedisError>> = [
      (counter) => redis.script(add)({ counter, by: 1 }),
      (counter) => redis.pipeline([commands.incr(counter), add({ counter, by: 1 }), commands.incr(counter)]),
      (counter) =>
        Effect.tap(
          redis.transaction([
            commands.set(counter, 1),
            add({ counter, by: 1 }),
            counters.functions.bump({ counter, by: 1 })
          ]),
          (results) => Effect.sync(() => assert.deepStrictEqual(results, ["OK", 2, 3]))
        ),
      (counter) => bump({ counter, by: 1 }),
      (counter) => replica.script(total)({ counters: [counter, `${counter}:other`] }),
      (counter) => Effect.scoped(Effect.flatMap(redis.reserve, (own) => own.script(add)({ counter, by: 1 })))
    ]
    const fiber = yield* Effect.forkChild(
      Effect.forEach(Array.from({ length: 32 }, (_, i) => i), (caller) =>
        Effect.gen(function*() {
          for (let i = 0; goesOn; i++) {
            const exit = yield* Effect.exit(calls[(caller + i) % calls.length]!(`c:${caller}`))
            if (Exit.isSuccess(exit)) done.n++
            else failed.push(failureOf(exit))
            yield* Effect.sleep(stage.real ? "5 millis" : "300 millis")
          }
        }), { concurrency: "unbounded", discard: true }),
      { startImmediately: true }
    )
    const finish = Effect.suspend(() => {
      goesOn = false
      return Fiber.join(fiber)
    })
    return { failed, done, finish }
  })

export const scripts: Readonly<Record<string, Scenario>> = {
  "scripts and functions run through failovers, loaded at most once on each connection": (stage) =>
    Effect.gen(function*() {
      const { connections, redis, replica, sentinel } = yield* clientsOf(stage)
      const load = yield* calling(stage, redis, replica)
      const failovers = stage.real ? 3 : 20
      for (let i = 0; i < failovers; i++) {
        yield* failOver(stage, sentinel, i % 2 === 0)
        const before = load.done.n
        yield* until(Effect.sync(() => load.done.n > before + 64))
      }
      yield* load.finish
      for (const error of load.failed) assert.isTrue(mayFail.has(error._tag), `${error._tag}: ${error.message}`)
      // Two scripts, and one library.
      for (const { address, n } of connections) assert.isAtMost(n, 3, address)
      assert.isAbove(connections.filter(({ n }) => n > 0).length, 1)
    }),

  "scripts that somebody flushes are loaded again, once for all callers of a connection": (stage) =>
    Effect.gen(function*() {
      const { connections, redis } = yield* clientsOf(stage)
      const run = redis.script(add)
      const many = Effect.forEach(Array.from({ length: 32 }), () => run({ counter: "n", by: 1 }), {
        concurrency: "unbounded"
      })
      yield* many
      for (let i = 0; i < 5; i++) {
        const before = connections.reduce((sum, { n }) => sum + n, 0)
        yield* redis.scriptFlush()
        yield* many
        assert.isAtMost(connections.reduce((sum, { n }) => sum + n, 0), before + 1)
      }
      assert.strictEqual(yield* redis.get("n"), String(6 * 32))
    }),

  "a transaction with a script that was flushed tells so, and executes the others once": (stage) =>
    Effect.gen(function*() {
      const { redis } = yield* clientsOf(stage)
      const reserved = yield* redis.reserve
      const list = [commands.incr("n"), add({ counter: "m", by: 1 })] as const
      assert.deepStrictEqual(yield* reserved.transaction(list), [1, 1])
      yield* redis.scriptFlush()
      const error = failureOf(yield* Effect.exit(reserved.transaction(list)))
      assert.strictEqual(error._tag, "ReplyError")
      assert.include(error.message, "not sent again")
      assert.deepStrictEqual(yield* reserved.transaction(list), [3, 2])
      // Nothing of this one was executed, so that it is sent again.
      yield* redis.scriptFlush()
      assert.deepStrictEqual(
        yield* reserved.transaction([add({ counter: "m", by: 1 }), add({ counter: "m", by: 1 })]),
        [3, 4]
      )
    }),

  "a script is loaded again after a restart of the node": (stage) =>
    Effect.scoped(
      Effect.gen(function*() {
        const replica = stage.nodes[1]!
        const redis = yield* stage.within(RedisClient.make({ address: replica, ...node }))
        const run = Effect.map(Effect.exit(redis.script(total)({ counters: ["a"] })), Exit.isSuccess)
        yield* until(run)
        yield* stage.restart(replica)
        yield* until(run)
        assert.deepStrictEqual(
          yield* redis.pipeline([total({ counters: ["a"] }), total({ counters: [] })]),
          [0, 0]
        )
      })
    ),

  "a replica reads with a function of a library that nobody has loaded": (stage) =>
    Effect.gen(function*() {
      const { replica } = yield* clientsOf(stage)
      assert.strictEqual(yield* replica.functions(counters).peek({ counter: "none" }), 0)
      assert.strictEqual(yield* replica.run(counters.functions.peek({ counter: "none" })), 0)
    })
}
