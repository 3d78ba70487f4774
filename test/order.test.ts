/**
 * A pipeline of which a part is on its way: whatever befalls the rest, nothing
 * of it overtakes that part, and its answers are one server's.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { commands, Connector, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { executorOf } from "./support/executor.ts"
import { store, type Verdict } from "./support/store.ts"
import { timePassing } from "./support/time.ts"

const { get, set } = commands
const whileTimePasses = timePassing("2 millis")

/** Two connections, the sockets of which take no more once they are told so. */
const cramped = (rule: (command: string, nth: number, connection: number) => Verdict) =>
  Effect.gen(function*() {
    const server = store(rule)
    let isFull = false
    const drains: Array<() => void> = []
    const dial: Connector.Dial = (options) =>
      Effect.map(server.dial(options), (transport): Connector.Transport => ({
        ...transport,
        start: (handler) => {
          drains.push(handler.drain)
          transport.start(handler)
        },
        write: (chunks, ascii) => transport.write(chunks, ascii) && !isFull
      }))
    const { executor, gate } = yield* executorOf(dial, { connections: 2 })
    // Both connections are there, and what comes next goes to the first.
    while (drains.length < 2) yield* whileTimePasses(executor.run(get("x")))
    /** A pipeline of which the first command is written, and the rest is taken back. */
    const begun = Effect.gen(function*() {
      isFull = true
      const fiber = yield* Effect.forkChild(
        executor.runPipeline([set("a", "x".repeat(20_000)), set("a", "2"), get("a")]),
        { startImmediately: true }
      )
      yield* Effect.yieldNow
      gate("held")
      yield* TestClock.adjust("10 millis")
      isFull = false
      const written = server.received.at(-1)!
      assert.include(written[1], "SET a xxx")
      return { fiber, connection: written[0] }
    })
    return {
      executor,
      begun,
      open: () => gate(undefined),
      drain: () => drains.forEach((drain) => drain()),
      /** What came of the pipeline so far, and where. */
      received: () =>
        server.received.filter(([, command]) => command.endsWith(" a") || command.startsWith("SET a")).map((
          [connection, command]
        ) => `${connection} ${command.slice(0, 7)}`),
      answer: server.send
    }
  })

describe("a part of a pipeline is written and not answered", () => {
  it.effect("the rest follows on the same connection, not on the next one in turn", () =>
    Effect.gen(function*() {
      const { begun, drain, open, received } = yield* cramped(() => undefined)
      for (let i = 0; i < 2; i++) {
        const before = received().length
        const { connection, fiber } = yield* begun
        open()
        yield* TestClock.adjust("10 millis")
        assert.strictEqual(received().length, before + 1)
        drain()
        const { values } = yield* whileTimePasses(Fiber.join(fiber))
        assert.deepStrictEqual(values, ["OK", "OK", "2"])
        assert.deepStrictEqual(
          received().slice(before),
          ["SET a x", "SET a 2", "GET a"].map((command) => `${connection} ${command}`)
        )
      }
    }))

  it.effect("while its connection drains, the rest waits for its answer, and goes to the next connection", () =>
    Effect.gen(function*() {
      let refusals = 1
      const { answer, begun, executor, open, received } = yield* cramped((command) =>
        command.startsWith("SET a x") ? "" : command === "GET refused" && refusals-- > 0 ? "-LOADING\r\n" : undefined
      )
      const before = received().length
      const { connection, fiber } = yield* begun
      // A read is refused: the connections are left, once they have answered.
      assert.isNull(yield* whileTimePasses(executor.run(get("refused"))))
      open()
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(received().slice(before), [`${connection} SET a x`])
      answer(connection, "+OK\r\n")
      const { values } = yield* whileTimePasses(Fiber.join(fiber))
      assert.deepStrictEqual(values, ["OK", "OK", "2"])
      const rest = received().slice(before + 1)
      assert.deepStrictEqual(rest.map((line) => line.split(" ").slice(1).join(" ")), ["SET a 2", "GET a"])
      assert.notInclude(rest.map((line) => Number(line.split(" ", 1))), connection)
    }))
})

describe("a pipeline of reads whose replica is late with", () => {
  const live = Layer.merge(
    RedisClient.layerPrimary("mymaster"),
    RedisClient.layerReplica("mymaster", { replicaSelection: "sticky" })
  ).pipe(
    Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379"] })),
    Layer.provideMerge(Testing.layer({ downAfter: "1 minute" }))
  )

  for (const goesOn of ["the late one", "the other one"] as const) {
    it.effect(`is answered by one server, whole: by ${goesOn}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.Deployment
        const redis = yield* RedisClient.RedisClient
        const replica = yield* RedisClient.RedisReplica
        yield* whileTimePasses(redis.set("a", "of then"))
        yield* whileTimePasses(replica.get("a"))
        yield* TestClock.adjust("1 second")
        const run = (yield* whileTimePasses(replica.info("server"))).server.run_id
        const late = deployment.nodes.find((address) => deployment.node(address).runId === run)!
        const other = deployment.nodes.find((address) => address !== late && !deployment.node(address).isPrimary)!
        // What is written now reaches the other one only.
        yield* deployment.partition(late, yield* deployment.primary)
        yield* whileTimePasses(redis.set("a", "of now"))
        yield* deployment.hang(late)
        yield* deployment.slow(other, { requestTime: "20 millis" })
        const gets = () => deployment.node(other).executed.get("GET") ?? 0
        const before = gets()
        const fiber = yield* Effect.forkChild(replica.pipeline([get("a"), get("a"), get("a")]), {
          startImmediately: true
        })
        yield* whileTimePasses(Effect.gen(function*() {
          while (gets() === before) yield* Effect.sleep("1 millis")
        }))
        // It has answered the first of them.
        if (goesOn === "the late one") yield* deployment.resume(late)
        const values = yield* whileTimePasses(Fiber.join(fiber))
        assert.deepStrictEqual(values, Array(3).fill(goesOn === "the late one" ? "of then" : "of now"))
      }).pipe(Effect.provide(live)))
  }
})
