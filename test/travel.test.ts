/**
 * How a command travels, where that is easily missed: dials that never end,
 * queues of every kind of client, outcomes that are certain, and what happens
 * when whoever is told does something else in the same moment.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Command, commands, Connector, type Errors, RedisClient, Sentinel } from "../src/index.ts"
import { openConnection } from "../src/internal/connection/handshake.ts"
import * as Testing from "../src/testing/index.ts"
import { Requests } from "../src/testing/Reply.ts"
import { failureOf } from "./support/exit.ts"
import { timePassing } from "./support/time.ts"

const whileTimePasses = timePassing("1 millis")

describe("a dial that never ends", () => {
  /** Counts dials that are under way. */
  const blackHole = () => {
    const dials = { under: 0, all: 0 }
    const dial: Connector.Dial = () =>
      Effect.callback(() => {
        dials.under++
        dials.all++
        return Effect.sync(() => void dials.under--)
      })
    return { dials, dial }
  }

  it.effect("a TLS session ends at its time, and leaves no dial behind", () =>
    Effect.gen(function*() {
      const { dial, dials } = blackHole()
      const opening = yield* openConnection({ host: "10.9.9.9", port: 6379 }, {
        tls: true,
        connectTimeout: "2 seconds"
      })
        .pipe(Effect.scoped, Effect.exit, Effect.provideService(Connector.Connector, dial), Effect.forkChild)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(dials.under, 2)
      yield* TestClock.adjust("1 second")
      assert.isDefined(opening.pollUnsafe())
      assert.strictEqual(failureOf(yield* Fiber.join(opening))._tag, "ConnectFailed")
      assert.strictEqual(dials.under, 0)
    }))

  it.effect("a probe for TLS ends at its time", () =>
    Effect.gen(function*() {
      const { dial, dials } = blackHole()
      let closed = 0
      // Whichever way the session begins, the server ends it without a word.
      const closing: Connector.Transport = {
        start: (handler) => queueMicrotask(() => handler.closed(undefined)),
        write: () => true,
        destroy: () => {}
      }
      const opening = yield* openConnection({ host: "10.9.9.9", port: 6379 }, { connectTimeout: "2 seconds" }).pipe(
        Effect.scoped,
        Effect.exit,
        Effect.provideService(
          Connector.Connector,
          (options) => closed++ < 3 ? Effect.succeed(closing) : dial(options)
        ),
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(dials.under, 1)
      yield* TestClock.adjust("2 seconds")
      assert.isDefined(opening.pollUnsafe())
      assert.strictEqual(failureOf(yield* Fiber.join(opening))._tag, "ConnectFailed")
      assert.strictEqual(dials.under, 0)
    }))

  it.effect("a probe of a silent server ends with the connection", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
      const { dial, dials } = blackHole()
      let reachable = true
      const scope = yield* Scope.make()
      const redis = yield* RedisClient.make({ address: "10.0.0.1:6379", stallTimeout: "2 seconds" }).pipe(
        Scope.provide(scope),
        Effect.provideService(
          Connector.Connector,
          (options) => reachable ? control.network.dial(options) : dial(options)
        )
      )
      yield* redis.set("a", "1")
      yield* control.hang("10.0.0.1:6379")
      reachable = false
      const write = yield* Effect.forkChild(Effect.exit(redis.set("a", "2")), { startImmediately: true })
      yield* TestClock.adjust("1700 millis")
      assert.isAbove(dials.under, 0)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(failureOf(yield* Fiber.join(write))._tag, "AmbiguousOutcome")
      yield* Effect.yieldNow
      assert.strictEqual(dials.under, 0)
    }))
})

describe("the queue is limited", () => {
  const replicas = (options: Sentinel.ReplicaOptions) =>
    RedisClient.layerReplica("mymaster", options).pipe(
      Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379"] })),
      Layer.provideMerge(Testing.layer())
    )

  for (const replicaSelection of ["sticky", "round-robin"] as const) {
    it.effect(`for replicas that accept nothing (${replicaSelection})`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisReplica
        yield* whileTimePasses(redis.get("a"))
        for (const node of deployment.nodes) yield* deployment.hang(node)
        const tags = new Map<string, number>()
        const reads = yield* Effect.forkChild(
          Effect.forEach(
            Array.from({ length: 200 }),
            () =>
              Effect.map(Effect.exit(redis.get("a")), (exit) => {
                const tag = failureOf(exit)._tag
                tags.set(tag, (tags.get(tag) ?? 0) + 1)
              }),
            { concurrency: "unbounded", discard: true }
          ),
          { startImmediately: true }
        )
        yield* Effect.yieldNow
        // None of them is written before this turn ends.
        assert.isAtLeast(tags.get("QueueFull") ?? 0, 200 - 3 * 10)
        yield* Fiber.interrupt(reads)
      }).pipe(Effect.provide(replicas({ maxQueue: 10, replicaSelection, commandTimeout: "30 seconds" }))))
  }
})

/** A server that logs in whoever comes, and answers the n-th request after that as it is told; undefined is silence. */
const scripted = (answer: (words: ReadonlyArray<string>, nth: number) => string | undefined) => {
  const requests: Array<string> = []
  let nth = 0
  /** The listener of the connection that was asked last. */
  let last: Connector.Handler | undefined
  const dial: Connector.Dial = () =>
    Effect.sync((): Connector.Transport => {
      let handler: Connector.Handler | undefined
      const parser = new Requests((words) => {
        const reply = words[0] === "CLIENT" || words[0] === "HELLO"
          ? "-ERR unknown command\r\n"
          : words[0] === "ROLE"
          ? "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
          : words[0] === "PING"
          ? "+PONG\r\n"
          : (last = handler, requests.push(words.join(" ")), answer(words, nth++))
        if (reply !== undefined) queueMicrotask(() => handler?.data(Buffer.from(reply)))
      })
      return {
        start: (h) => {
          handler = h
        },
        write: (chunks) => {
          for (const chunk of chunks) parser.feed(typeof chunk === "string" ? Buffer.from(chunk) : chunk)
          return true
        },
        destroy: () => {
          handler = undefined
        }
      }
    })
  const client = (options: RedisClient.Options = {}) =>
    RedisClient.make({ address: "10.0.0.1:6379", protocol: 2, ...options }).pipe(
      Effect.provideService(Connector.Connector, dial)
    )
  return { requests, client, say: (reply: string) => last!.data(Buffer.from(reply)) }
}

const resultOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isSuccess(exit) ? exit.value : assert.fail(String(exit.cause))

const busy = "-BUSY Redis is busy running a script.\r\n"

describe("reads that wait for the primary, where no replica is left", () => {
  it.effect("leave its queue at once when they are interrupted", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisReplica
      yield* whileTimePasses(redis.get("a"))
      for (const node of deployment.nodes) {
        yield* deployment.refuse(node)
        yield* deployment.disconnect(node)
      }
      yield* TestClock.adjust("3 seconds")
      for (let round = 0; round < 3; round++) {
        const reads = yield* Effect.forEach(
          Array.from({ length: 10 }),
          () => Effect.forkChild(Effect.exit(redis.get("a")), { startImmediately: true })
        )
        for (const read of reads) assert.isUndefined(read.pollUnsafe(), `round ${round}`)
        assert.strictEqual(failureOf(yield* Effect.exit(redis.get("a")))._tag, "QueueFull")
        for (const read of reads) yield* Fiber.interrupt(read)
      }
    }).pipe(Effect.provide(
      RedisClient.layerReplica("mymaster", {
        maxQueue: 10,
        replicaSelection: "round-robin",
        commandTimeout: "1 minute"
      }).pipe(
        Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379"] })),
        Layer.provideMerge(Testing.layer())
      )
    )))
})

describe("the number of commands that wait for a server's state to pass is limited", () => {
  it.effect("commands that a busy server refuses", () =>
    Effect.gen(function*() {
      let isBusy = true
      const server = scripted(() => isBusy ? busy : "+OK\r\n")
      const redis = yield* server.client({ maxQueue: 10, commandTimeout: "30 seconds" })
      let full = 0
      const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
      for (let i = 0; i < 10; i++) {
        for (let j = 0; j < 10; j++) {
          fibers.push(
            yield* Effect.forkChild(
              Effect.map(Effect.exit(redis.set("a", "1")), (exit) => {
                if (Exit.isFailure(exit) && failureOf(exit)._tag === "QueueFull") full++
              }),
              { startImmediately: true }
            )
          )
        }
        yield* TestClock.adjust("1 millis")
      }
      assert.strictEqual(full, 90)
      isBusy = false
      yield* TestClock.adjust("1 second")
      for (const fiber of fibers) yield* Fiber.join(fiber)
      assert.strictEqual(full, 90)
    }))

  it.effect("held pipelines and transactions count with all of their commands", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      for (const node of deployment.nodes) yield* deployment.refuse(node)
      const six = Array.from({ length: 6 }, () => commands.incr("n"))
      const first = yield* Effect.forkChild(redis.pipeline(six), { startImmediately: true })
      const second = yield* Effect.forkChild(redis.transaction(six), { startImmediately: true })
      for (const refused of [redis.pipeline(six), redis.transaction(six), redis.incr("n")] as const) {
        assert.strictEqual(failureOf(yield* Effect.exit<unknown, Errors.RedisError, never>(refused))._tag, "QueueFull")
      }
      yield* Fiber.interrupt(first)
      const third = yield* Effect.forkChild(redis.pipeline(six), { startImmediately: true })
      assert.strictEqual(failureOf(yield* Effect.exit(redis.incr("n")))._tag, "QueueFull")
      for (const node of deployment.nodes) yield* deployment.refuse(node, false)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(second)).length, 6)
      assert.strictEqual((yield* Fiber.join(third)).length, 6)
      assert.strictEqual(yield* redis.get("n"), "12")
    }).pipe(Effect.provide(
      RedisClient.layerPrimary("mymaster").pipe(
        Layer.provideMerge(
          Sentinel.layer({ sentinels: ["10.0.1.1:26379"], node: { maxQueue: 10, commandTimeout: "30 seconds" } })
        ),
        Layer.provideMerge(Testing.layer())
      )
    )))
})

describe("a busy server on a reserved connection", () => {
  const onReserved = <A, E>(
    server: ReturnType<typeof scripted>,
    use: (reserved: Effect.Success<RedisClient.RedisClient["Service"]["reserve"]>) => Effect.Effect<A, E>,
    options: RedisClient.Options = {}
  ) =>
    whileTimePasses(
      Effect.exit(
        Effect.scoped(Effect.flatMap(Effect.flatMap(server.client(options), (redis) => redis.reserve), use))
      )
    )

  it.effect("is waited for by a command, and by a blocking command", () =>
    Effect.gen(function*() {
      const server = scripted((words, nth) =>
        nth < 3 ? busy : words[0] === "BLPOP" ? "*2\r\n$1\r\nq\r\n$1\r\nx\r\n" : "+OK\r\n"
      )
      assert.strictEqual(resultOf(yield* onReserved(server, (reserved) => reserved.set("a", "1"))), "OK")
      assert.deepStrictEqual(server.requests, Array.from({ length: 4 }, () => "SET a 1"))
      const waiting = scripted((_words, nth) => nth < 3 ? busy : "*2\r\n$1\r\nq\r\n$1\r\nx\r\n")
      const popped = yield* onReserved(waiting, (reserved) => reserved.blpop(["q"], "1 second"))
      assert.isTrue(Exit.isSuccess(popped))
      assert.strictEqual(waiting.requests.length, 4)
    }))

  it.effect("without end fails with the deadline, with the server's refusal as the cause", () =>
    Effect.gen(function*() {
      const server = scripted(() => busy)
      for (
        const use of [
          (reserved: Effect.Success<RedisClient.RedisClient["Service"]["reserve"]>) => reserved.set("a", "1"),
          (reserved: Effect.Success<RedisClient.RedisClient["Service"]["reserve"]>) =>
            reserved.pipeline([commands.set("a", "1")])
        ]
      ) {
        const error = failureOf(
          yield* onReserved<unknown, Errors.RedisError>(server, use, { commandTimeout: "200 millis" })
        )
        assert.strictEqual(error._tag, "DeadlineExceeded")
        assert.include(error.message, "BUSY")
      }
    }))

  it.effect("keeps the order of a pipeline, session commands included", () =>
    Effect.gen(function*() {
      const server = scripted((_words, nth) => nth < 2 ? busy : "+OK\r\n")
      const exit = yield* onReserved(
        server,
        (reserved) =>
          reserved.pipeline([
            commands.set("a", "1"),
            commands.set("a", "2"),
            Command.raw("GET", ["b"], { mode: "read" })
          ])
      )
      assert.deepStrictEqual(resultOf(exit), ["OK", "OK", "OK"])
      assert.deepStrictEqual(server.requests, ["SET a 1", "SET a 2", "GET b", "SET a 1", "SET a 2", "GET b"])
      // The first was refused, and would be executed in the other database now.
      const selecting = scripted((_words, nth) => nth === 0 ? busy : "+OK\r\n")
      const results = yield* onReserved(
        selecting,
        (reserved) => reserved.pipelineResults([commands.get("a"), Command.raw("SELECT", [5], { mode: "read" })])
      )
      if (Exit.isFailure(results)) return assert.fail(String(results.cause))
      const [read] = results.value
      if (Result.isSuccess(read) || read.failure._tag !== "ReplyError") return assert.fail("it is refused")
      assert.strictEqual(read.failure.code, "BUSY")
      assert.deepStrictEqual(selecting.requests, ["GET a", "SELECT 5"])
    }))

  it.effect("ends a transaction that watches, since its EXEC has dropped the watched keys", () =>
    Effect.gen(function*() {
      let refused = false
      const server = scripted((words) => {
        if (words[0] === "EXEC") {
          const reply = refused ? "*1\r\n+OK\r\n" : "-EXECABORT Transaction discarded because of previous errors.\r\n"
          refused = true
          return reply
        }
        return words[0] === "SET" ? refused ? "+QUEUED\r\n" : busy : "+OK\r\n"
      })
      const watching = yield* onReserved(
        server,
        (reserved) => Effect.andThen(reserved.watch("a"), reserved.transaction([commands.set("a", "1")]))
      )
      const error = failureOf(watching)
      if (error._tag !== "ReplyError") {
        return assert.fail(error._tag)
      }
      assert.strictEqual(error.code, "BUSY")
      refused = false
      const plain = yield* onReserved(server, (reserved) => reserved.transaction([commands.set("a", "1")]))
      assert.deepStrictEqual(resultOf(plain), ["OK"])
    }))
})

describe("a pipeline on a reserved connection", () => {
  it.effect("ends with its connection, even if some of its deadlines had passed before", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ replicas: 0, sentinels: 0 })
      const redis = yield* RedisClient.make({
        address: "10.0.0.1:6379",
        stallTimeout: "Infinity",
        commandTimeout: "1 second"
      }).pipe(Effect.provideService(Connector.Connector, control.network.dial))
      const reserved = yield* redis.reserve
      yield* control.hang("10.0.0.1:6379")
      const work = yield* Effect.forkChild(
        reserved.pipelineResults([commands.get("a"), commands.blpop(["q"], "100 seconds"), commands.get("b")]),
        { startImmediately: true }
      )
      yield* TestClock.adjust("2 seconds")
      yield* control.disconnect("10.0.0.1:6379")
      yield* control.resume("10.0.0.1:6379")
      yield* TestClock.adjust("1 second")
      assert.isDefined(work.pollUnsafe())
      const results = yield* Fiber.join(work)
      assert.deepStrictEqual(results.map((r) => r._tag === "Failure" ? r.failure._tag : r._tag), [
        "DeadlineExceeded",
        "AmbiguousOutcome",
        "ConnectionLost"
      ])
    }))
})

describe("an invalid time to wait", () => {
  for (const blocks of [NaN, -5000, undefined, "1"]) {
    it.effect(`${String(blocks)}: the command has its deadline`, () =>
      Effect.gen(function*() {
        const server = scripted(() => undefined)
        const redis = yield* server.client({ commandTimeout: "1 second", stallTimeout: "1 hour" })
        const WAITING = Command.define({
          words: ["BZZ"],
          mode: "read",
          blockingMillis: () => blocks as number,
          decode: Command.value
        })
        const work = yield* Effect.forkChild(Effect.exit(redis.run(Command.make(WAITING, []))), {
          startImmediately: true
        })
        yield* TestClock.adjust("900 millis")
        assert.isUndefined(work.pollUnsafe())
        yield* TestClock.adjust("200 millis")
        assert.isDefined(work.pollUnsafe())
        assert.strictEqual(failureOf(yield* Fiber.join(work))._tag, "DeadlineExceeded")
      }))
  }
})

describe("writes that are refused while the sentinels cannot be reached", () => {
  it.effect("may interrupt other waiting writes, and all callers get an outcome", () =>
    Effect.gen(function*() {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ message }) => void logged.push(message))
      yield* Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        yield* whileTimePasses(redis.set("a", "1"))
        yield* TestClock.adjust("1 second")
        for (const node of deployment.nodes) yield* deployment.refuse(node)
        yield* deployment.disconnect("10.0.0.1:6379")
        yield* TestClock.adjust("1 millis")
        const all = yield* Effect.forkChild(
          Effect.exit(Effect.all([redis.incr("n"), redis.incr("n"), redis.incr("n")], { concurrency: "unbounded" })),
          { startImmediately: true }
        )
        assert.isUndefined(all.pollUnsafe())
        for (const address of deployment.sentinels.slice(0, 2)) yield* deployment.kill(address)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(failureOf(yield* Fiber.join(all))._tag, "SentinelsIsolated")
      }).pipe(
        Effect.provide(
          RedisClient.layerPrimary("mymaster").pipe(
            Layer.provideMerge(Sentinel.layer({
              sentinels: ["10.0.1.1:26379", "10.0.1.2:26379", "10.0.1.3:26379"],
              whenIsolated: "fail"
            })),
            Layer.provideMerge(Testing.layer()),
            Layer.provideMerge(Logger.layer([logger]))
          )
        )
      )
      assert.deepStrictEqual(logged.filter((message) => String(message).includes("a client failed to handle")), [])
    }))
})

describe("a transaction whose answer comes while writes wait", () => {
  it.effect("was not executed if EXEC says so, whatever the outcome of the failover", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* whileTimePasses(redis.set("a", "1"))
      yield* TestClock.adjust("1 second")
      const reserved = yield* redis.reserve
      yield* reserved.watch("a")
      yield* redis.set("a", "2")
      // Its answers come when the fence has been closed for longer than what is believed at once.
      yield* deployment.slow("10.0.0.1:6379", { latency: "100 millis" })
      yield* deployment.failover
      const sentinel = yield* Sentinel.Sentinel
      const topology = yield* sentinel.topology("mymaster")
      const watched = yield* Effect.forkChild(Effect.exit(reserved.transaction([commands.set("a", "3")])), {
        startImmediately: true
      })
      const sound = yield* Effect.forkChild(Effect.exit(redis.transaction([commands.set("b", "3")])), {
        startImmediately: true
      })
      yield* TestClock.adjust("201 millis")
      assert.isDefined((yield* topology.current).fence)
      assert.isUndefined(sound.pollUnsafe())
      assert.isDefined(watched.pollUnsafe())
      assert.strictEqual(failureOf(yield* Fiber.join(watched))._tag, "TransactionAborted")
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(failureOf(yield* Fiber.join(sound))._tag, "AmbiguousOutcome")
    }).pipe(
      Effect.scoped,
      Effect.provide(
        RedisClient.layerPrimary("mymaster").pipe(
          Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379", "10.0.1.2:26379", "10.0.1.3:26379"] })),
          Layer.provideMerge(Testing.layer())
        )
      )
    ))
})

describe("WAITAOF, longer than a turn", () => {
  const begin = (local: 0 | 1, replicas: number) =>
    Effect.gen(function*() {
      const server = scripted(() => undefined)
      const redis = yield* server.client()
      const reserved = yield* redis.reserve
      const work = yield* Effect.forkChild(Effect.exit(reserved.waitaof(local, replicas, "7 seconds")), {
        startImmediately: true
      })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(server.requests, [`WAITAOF ${local} ${replicas} 5000`])
      return { server, work }
    })

  for (
    const [local, replicas, reply] of [[1, 1, "*2\r\n:1\r\n:0\r\n"], [1, 1, "*2\r\n:0\r\n:1\r\n"], [
      0,
      2,
      "*2\r\n:1\r\n:1\r\n"
    ]] as const
  ) {
    it.effect(`continues for the rest of its time (${local} ${replicas}, ${JSON.stringify(reply)})`, () =>
      Effect.gen(function*() {
        const { server, work } = yield* begin(local, replicas)
        server.say(reply)
        yield* TestClock.adjust("1 millis")
        assert.isUndefined(work.pollUnsafe())
        assert.deepStrictEqual(server.requests[1], `WAITAOF ${local} ${replicas} 2000`)
        server.say("*2\r\n:1\r\n:2\r\n")
        assert.deepStrictEqual(resultOf(yield* Fiber.join(work)), { isLocal: true, replicas: 2 })
      }).pipe(Effect.scoped))
  }

  it.effect("ends at its time, with the replicas it reached", () =>
    Effect.gen(function*() {
      const { server, work } = yield* begin(1, 2)
      server.say("*2\r\n:1\r\n:1\r\n")
      yield* TestClock.adjust("2 seconds")
      server.say("*2\r\n:1\r\n:1\r\n")
      assert.deepStrictEqual(resultOf(yield* Fiber.join(work)), { isLocal: true, replicas: 1 })
      assert.strictEqual(server.requests.length, 2)
    }).pipe(Effect.scoped))

  it.effect("ends at once if enough replicas have the writes", () =>
    Effect.gen(function*() {
      const { server, work } = yield* begin(1, 2)
      server.say("*2\r\n:1\r\n:2\r\n")
      assert.deepStrictEqual(resultOf(yield* Fiber.join(work)), { isLocal: true, replicas: 2 })
      assert.strictEqual(server.requests.length, 1)
    }).pipe(Effect.scoped))
})
