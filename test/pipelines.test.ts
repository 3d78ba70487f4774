/**
 * Pipelines: one connection, one order, and what is sent again of them after a
 * refusal or a loss.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as TestClock from "effect/testing/TestClock"
import { Command, commands, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { executorOf } from "./support/executor.ts"
import { failureOf } from "./support/exit.ts"
import { clientOf, store, type Verdict } from "./support/store.ts"
import { timePassing } from "./support/time.ts"

const { get, incr, set } = commands
const whileTimePasses = timePassing("5 millis")

const noReplicas = "-NOREPLICAS Not enough good replicas to write.\r\n"
const readOnly = "-READONLY You can't write against a read only replica.\r\n"
const loading = "-LOADING Redis is loading the dataset in memory\r\n"

/** What the outcomes are: results, or the tags of errors; of the server's errors, the codes. */
const shown = (results: ReadonlyArray<Result.Result<unknown, { readonly _tag: string; readonly code?: unknown }>>) =>
  results.map((r) =>
    Result.isSuccess(r) ? r.success : r.failure._tag === "ReplyError" ? r.failure.code : r.failure._tag
  )

const outcomes = (
  rule: (command: string, nth: number, connection: number) => Verdict,
  list: ReadonlyArray<Command.Any>,
  options: Sentinel.NodeOptions = {}
) =>
  Effect.gen(function*() {
    const server = store(rule)
    const redis = yield* clientOf(server, options)
    const results = yield* whileTimePasses(redis.pipelineResults(list))
    return { results: shown(results), executed: server.executed.map(([, command]) => command), server }
  })

describe("the order of a pipeline", () => {
  for (const connections of [1, 2, 3, 4]) {
    it.effect(`one connection for each, of ${connections}`, () =>
      Effect.gen(function*() {
        const server = store()
        const redis = yield* clientOf(server, { connections })
        yield* redis.get("a")
        // The others are dialled meanwhile.
        yield* whileTimePasses(Effect.sleep("100 millis"))
        const n = 200
        const results = yield* Effect.forEach(
          Array.from({ length: n }, (_, i) => i),
          (i) => redis.pipeline([set(`k${i}`, "1"), set(`k${i}`, "2"), get(`k${i}`)]),
          { concurrency: "unbounded" }
        )
        assert.isTrue(results.every((r) => r[2] === "2"))
        for (let i = 0; i < n; i++) {
          const on = server.received.filter(([, command]) => command.split(" ")[1] === `k${i}`)
          assert.deepStrictEqual(on.map(([, c]) => c), [`SET k${i} 1`, `SET k${i} 2`, `GET k${i}`])
          assert.strictEqual(new Set(on.map(([connection]) => connection)).size, 1)
        }
        if (connections > 1) assert.isAbove(new Set(server.received.map(([c]) => c)).size, 1)
      }))

    it.effect(`NOREPLICAS for the first SET only: it fails, and does not overtake; ${connections} connections`, () =>
      Effect.gen(function*() {
        const { executed, results, server } = yield* outcomes(
          (_c, nth) => nth === 0 ? noReplicas : undefined,
          [set("a", "1"), set("a", "2"), get("a")],
          { connections }
        )
        assert.deepStrictEqual(results, ["NOREPLICAS", "OK", "2"])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(executed, ["SET a 1", "SET a 2", "GET a"].slice(1))
        assert.strictEqual(server.data.get("a"), "2")
      }))

    it.effect(`NOREPLICAS for the last only: it is sent again where the first went; ${connections} connections`, () =>
      Effect.gen(function*() {
        const server = store((command) => command === "SET a 2" && refusing-- > 0 ? noReplicas : undefined)
        let refusing = 0
        const redis = yield* clientOf(server, { connections })
        yield* redis.get("a")
        yield* whileTimePasses(Effect.sleep("100 millis"))
        for (let round = 0; round < 8; round++) {
          refusing = 2
          const before = server.received.length
          assert.deepStrictEqual(yield* whileTimePasses(redis.pipeline([set("a", "1"), set("a", "2")])), ["OK", "OK"])
          const on = server.received.slice(before)
          assert.deepStrictEqual(on.map(([, c]) => c), ["SET a 1", "SET a 2", "SET a 2", "SET a 2"])
          assert.strictEqual(new Set(on.map(([connection]) => connection)).size, 1)
        }
      }))

    it.effect(`NOREPLICAS for all: all are sent again, in order; ${connections} connections`, () =>
      Effect.gen(function*() {
        let until = 5
        const { executed, results } = yield* outcomes(
          (command) => command.startsWith("SET") && until-- > 0 ? noReplicas : undefined,
          [set("a", "1"), get("a"), set("a", "2"), set("a", "3"), get("a")],
          { connections }
        )
        // Twice: the second time the first two are refused, and the third is not.
        assert.deepStrictEqual(results, ["NOREPLICAS", null, "NOREPLICAS", "OK", "3"])
        assert.deepStrictEqual(executed.filter((c) => c.startsWith("SET")), ["SET a 3"])
      }))
  }

  it.effect("a refused command at the end is sent again with the reads behind it", () =>
    Effect.gen(function*() {
      let refusing = 2
      const { executed, results } = yield* outcomes(
        (command) => /SET a [23]/.test(command) && refusing-- > 0 ? readOnly : undefined,
        [set("a", "1"), set("a", "2"), get("a"), set("a", "3"), get("a")]
      )
      assert.deepStrictEqual(results, ["OK", "OK", "2", "OK", "3"])
      assert.deepStrictEqual(executed.filter((c) => c.startsWith("SET")), ["SET a 1", "SET a 2", "SET a 3"])
    }))

  it.effect("LOADING for everything: the whole pipeline is sent again", () =>
    Effect.gen(function*() {
      const { executed, results } = yield* outcomes(
        (_c, nth) => nth < 3 ? loading : undefined,
        [set("a", "1"), set("a", "2"), get("a")]
      )
      assert.deepStrictEqual(results, ["OK", "OK", "2"])
      assert.deepStrictEqual(executed, ["SET a 1", "SET a 2", "GET a"])
    }))

  it.effect("a refused command waits for the replies behind it: a connection that ends first leaves no doubt", () =>
    Effect.gen(function*() {
      const { executed, results } = yield* outcomes(
        (_c, nth) => nth === 0 ? noReplicas : "",
        [set("a", "1"), set("a", "2"), get("b")],
        { commandTimeout: "300 millis" }
      )
      assert.deepStrictEqual(results, ["DeadlineExceeded", "AmbiguousOutcome", "DeadlineExceeded"])
      assert.notInclude(executed, "SET a 1")
    }))

  it.effect("a refusal without end: DeadlineExceeded for all, and never applied", () =>
    Effect.gen(function*() {
      const { executed, results } = yield* outcomes(
        (command) => command.startsWith("SET") ? noReplicas : undefined,
        [set("a", "1"), set("a", "2"), get("a")],
        { commandTimeout: "200 millis" }
      )
      assert.deepStrictEqual(results.slice(0, 2), ["DeadlineExceeded", "DeadlineExceeded"])
      assert.deepStrictEqual(executed.filter((c) => c.startsWith("SET")), [])
    }))

  it.effect("unwritten commands do not overtake a refused one", () =>
    Effect.gen(function*() {
      let refusing = 1
      const value = "x".repeat(40_000)
      const { executed, results } = yield* outcomes(
        (command) => command.startsWith("SET a") && refusing-- > 0 ? noReplicas : undefined,
        [set("a", value), get("a"), ...Array.from({ length: 20 }, (_, i) => set(`b${i}`, value))]
      )
      const order = executed.filter((c) => c.startsWith("SET")).map((c) => c.split(" ")[1])
      if (results[0] === "OK") assert.strictEqual(order[0], "a")
      else assert.deepStrictEqual([results[0], order[0]], ["NOREPLICAS", "b0"])
      assert.deepStrictEqual(order.filter((k) => k !== "a"), Array.from({ length: 20 }, (_, i) => `b${i}`))
    }))
})

describe("a connection that ends in the middle of a pipeline", () => {
  const cutAt = (n: number) => (_c: string, nth: number): Verdict => nth === n ? "CLOSE" : undefined

  it.effect("writes are ambiguous, and a read before one of them is not repeated after it", () =>
    Effect.gen(function*() {
      const { results, server } = yield* outcomes(cutAt(1), [
        set("a", "1"),
        incr("n"),
        get("a"),
        set("b", "1"),
        get("b")
      ])
      assert.deepStrictEqual(results, ["OK", "AmbiguousOutcome", "ConnectionLost", "AmbiguousOutcome", null])
      assert.strictEqual(server.received.filter(([, c]) => c === "INCR n").length, 1)
    }))

  it.effect("pipeline fails with the ambiguous command, whatever failed before it", () =>
    Effect.gen(function*() {
      const redis = yield* clientOf(store(cutAt(0)))
      const error = failureOf(yield* whileTimePasses(Effect.exit(redis.pipeline([get("a"), set("a", "1")]))))
      assert.strictEqual(error._tag, "AmbiguousOutcome")
    }))

  const repeat = (list: ReadonlyArray<Command.Any>): ReadonlyArray<Command.Any> => list.map(Command.repeatable)

  it.effect("a repeatable write is sent again with everything after it", () =>
    Effect.gen(function*() {
      const { executed, results } = yield* outcomes(
        cutAt(1),
        repeat([set("a", "1"), set("a", "2"), get("a"), set("a", "3")])
      )
      assert.deepStrictEqual(results, ["OK", "OK", "2", "OK"])
      assert.deepStrictEqual(executed, ["SET a 1", "SET a 2", "GET a", "SET a 3"])
    }))

  it.effect("but not if a later write may not be repeated", () =>
    Effect.gen(function*() {
      const { results, server } = yield* outcomes(
        cutAt(0),
        [Command.repeatable(set("a", "1")), set("a", "2"), Command.repeatable(set("a", "3"))]
      )
      assert.deepStrictEqual(results, ["AmbiguousOutcome", "AmbiguousOutcome", "OK"])
      assert.strictEqual(server.received.filter(([, c]) => c === "SET a 1").length, 1)
    }))

  it.effect("the option repeatable applies to each command", () =>
    Effect.gen(function*() {
      const { executed, results } = yield* outcomes(cutAt(0), [set("a", "1"), set("a", "2")], { repeatable: true })
      assert.deepStrictEqual(results, ["OK", "OK"])
      assert.deepStrictEqual(executed, ["SET a 1", "SET a 2"])
    }))

  it.effect("on a reserved connection nothing is sent again", () =>
    Effect.gen(function*() {
      const server = store(cutAt(1))
      const redis = yield* clientOf(server)
      const results = yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) =>
        whileTimePasses(
          reserved.pipelineResults([get("x"), get("a"), Command.repeatable(set("a", "2")), get("a")])
        )))
      assert.deepStrictEqual(shown(results), [null, "ConnectionLost", "AmbiguousOutcome", "ConnectionLost"])
      assert.deepStrictEqual(server.received.map(([, c]) => c), ["GET x", "GET a"])
    }))
})

describe("a pipeline of reads among replicas", () => {
  const live = (options: Sentinel.ReplicaOptions) =>
    RedisClient.layerReplica("mymaster", options).pipe(
      Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379"] })),
      Layer.provideMerge(Testing.layer({ replicas: 3 }))
    )
  for (
    const options of [
      { replicaSelection: "round-robin" },
      { replicaSelection: "random" },
      { replicaSelection: "latency" },
      { replicaSelection: "lag" },
      { replicaSelection: "sticky" },
      { replicaSelection: { prefer: ["zone"] } },
      { replicaSelection: "round-robin", connections: 2 },
      { replicaSelection: "sticky", connections: 4 }
    ] as const
  ) {
    it.effect(`goes to one: ${JSON.stringify(options)}`, () =>
      Effect.gen(function*() {
        const replica = yield* RedisClient.RedisReplica
        const servers = new Set<string>()
        yield* whileTimePasses(Effect.sleep("100 millis"))
        for (let i = 0; i < 12; i++) {
          const infos = yield* whileTimePasses(
            replica.pipeline([1, 2, 3, 4, 5].map(() => commands.info("server")))
          )
          const runs = new Set(infos.map(({ server }) => server.run_id))
          assert.strictEqual(runs.size, 1)
          for (const run of runs) servers.add(run)
        }
        if (options.replicaSelection === "round-robin") assert.isAbove(servers.size, 1)
      }).pipe(Effect.provide(live(options))))
  }
})

describe("the size of a pipeline", () => {
  for (const n of [150_000, 1_000_000]) {
    it.effect(`${n} commands on an idle client`, () =>
      Effect.gen(function*() {
        const server = store()
        const redis = yield* clientOf(server, { maxQueue: 1000, commandTimeout: "Infinity" })
        const results = yield* redis.pipeline(Array.from({ length: n }, () => incr("n")))
        assert.strictEqual(results.length, n)
        assert.strictEqual(results[n - 1], n)
      }), 60_000)
  }

  it.effect("200,000 that fail", () =>
    Effect.gen(function*() {
      const redis = yield* clientOf(store(() => "-ERR no\r\n"), { commandTimeout: "Infinity" })
      const list = Array.from({ length: 200_000 }, () => incr("n"))
      assert.strictEqual(failureOf(yield* Effect.exit(redis.pipeline(list)))._tag, "ReplyError")
      const results = yield* redis.pipelineResults(list)
      assert.isTrue(results.every(Result.isFailure))
    }), 60_000)

  it.effect("without room it is refused as a whole", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server, { maxQueue: 10 })
      yield* redis.get("x")
      const before = server.received.length
      // All in one turn: they wait to be written.
      const first = yield* Effect.forkChild(redis.pipeline(Array.from({ length: 20 }, () => incr("n"))), {
        startImmediately: true
      })
      const second = yield* Effect.forkChild(Effect.exit(redis.pipelineResults([incr("m"), incr("m"), get("m")])), {
        startImmediately: true
      })
      yield* Fiber.join(first)
      const exit = yield* Fiber.join(second)
      assert.deepStrictEqual(Exit.isSuccess(exit) && shown(exit.value), ["QueueFull", "QueueFull", "QueueFull"])
      assert.strictEqual(server.received.length - before, 20)
    }))

  it.effect("one that is interrupted leaves the queue", () =>
    Effect.gen(function*() {
      const server = store()
      const redis = yield* clientOf(server, { maxQueue: 10 })
      yield* redis.get("x")
      const fiber = yield* Effect.forkChild(redis.pipeline(Array.from({ length: 5000 }, () => incr("n"))), {
        startImmediately: true
      })
      fiber.interruptUnsafe()
      assert.strictEqual(yield* redis.incr("m"), 1)
      assert.deepStrictEqual(server.executed.map(([, c]) => c), ["GET x", "INCR m"])
    }))
})

describe("replies that are withheld", () => {
  const executor = (server: ReturnType<typeof store>) =>
    Effect.gen(function*() {
      const { executor: made, gate, move } = yield* executorOf(server.dial)
      yield* made.run(get("x"))
      return { made, gate, move }
    })

  it.effect("a repeatable transaction that has some of its replies is sent exactly once more", () =>
    Effect.gen(function*() {
      const server = store((command, _nth, connection) => connection === 0 && command !== "GET x" ? "" : undefined)
      const { gate, made, move } = yield* executor(server)
      const fiber = yield* Effect.forkChild(Effect.exit(made.runTransaction([Command.repeatable(set("a", "1"))])), {
        startImmediately: true
      })
      yield* Effect.yieldNow
      gate("held")
      yield* TestClock.adjust("100 millis")
      server.send(0, "+OK\r\n")
      server.close(0)
      yield* TestClock.adjust("100 millis")
      move()
      yield* TestClock.adjust("100 millis")
      gate(undefined)
      yield* TestClock.adjust("1 second")
      const exit = yield* whileTimePasses(Fiber.join(fiber))
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(server.received.filter(([, c]) => c === "EXEC").length, 2)
    }))

  it.effect("a pipeline counts as a whole: a read behind a write with a withheld reply is withheld too", () =>
    Effect.gen(function*() {
      const server = store((command, _nth, connection) => connection === 0 && command !== "GET x" ? "" : undefined)
      const { gate, made, move } = yield* executor(server)
      const fiber = yield* Effect.forkChild(
        made.runPipeline([Command.repeatable(set("a", "1")), get("a"), Command.repeatable(set("b", "1"))]),
        { startImmediately: true }
      )
      yield* Effect.yieldNow
      gate("held")
      yield* TestClock.adjust("100 millis")
      server.send(0, "+OK\r\n$7\r\nof then\r\n")
      yield* TestClock.adjust("100 millis")
      move()
      yield* TestClock.adjust("100 millis")
      gate(undefined)
      const { failures, values } = yield* whileTimePasses(Fiber.join(fiber))
      assert.isUndefined(failures)
      assert.deepStrictEqual(values, ["OK", "1", "OK"])
      assert.deepStrictEqual(server.executed.map(([, c]) => c), ["GET x", "SET a 1", "GET a", "SET b 1"])
    }))

  it.effect("a transaction whose command was refused before the connection ended was not executed", () =>
    Effect.gen(function*() {
      const server = store((command, _nth, connection) =>
        connection > 0 || command === "MULTI" ? undefined : command === "EXEC" ? "CLOSE" : "-ERR no\r\n"
      )
      const redis = yield* clientOf(server)
      const error = failureOf(yield* whileTimePasses(Effect.exit(redis.transaction([set("a", "1")]))))
      assert.strictEqual(error._tag, "ReplyError")
    }))

  it.effect("commands that the fence takes back go out behind the written ones, on one connection", () =>
    Effect.gen(function*() {
      const server = store()
      const { gate, made } = yield* executor(server)
      const fiber = yield* Effect.forkChild(made.runPipeline([get("a"), set("a", "1"), get("a")]), {
        startImmediately: true
      })
      // Nothing of it is written yet in this turn.
      gate("held")
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(server.received.length, 1)
      gate(undefined)
      const { values } = yield* whileTimePasses(Fiber.join(fiber))
      assert.deepStrictEqual(values, [null, "OK", "1"])
      assert.strictEqual(new Set(server.received.map(([c]) => c)).size, 1)
    }))
})
