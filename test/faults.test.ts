/** Whatever is thrown while bytes are taken in ends one connection, and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Net from "node:net"
import { commands, type Connector, type Errors, RedisClient } from "../src/index.ts"
import { Call } from "../src/internal/connection/call.ts"
import { Connection } from "../src/internal/connection/connection.ts"
import { failureOf } from "./support/exit.ts"

const opened = Effect.gen(function*() {
  let handler: Connector.Handler | undefined
  let destroyed = 0
  const transport: Connector.Transport = {
    start: (h) => {
      handler = h
    },
    write: () => true,
    destroy: () => {
      destroyed++
    }
  }
  const context = yield* Effect.context<never>()
  const connection = new Connection(transport, { host: "here", port: 1 }, context, {
    stallMillis: 5000,
    pingMillis: 5000,
    limits: undefined
  })
  return { connection, feed: (text: string) => handler!.data(Buffer.from(text)), destroyed: () => destroyed }
})

describe("a handler that throws", () => {
  it.effect("of push messages", () =>
    Effect.gen(function*() {
      const { connection, destroyed, feed } = yield* opened
      connection.onPush = () => {
        throw new RangeError("\u001b[2Jtoo long")
      }
      const lost: Array<unknown> = []
      connection.enqueue(new Call(commands.ping(), () => {}, (error) => lost.push(error)))
      yield* Effect.yieldNow
      feed(">1\r\n+x\r\n+PONG\r\n")
      assert.strictEqual(connection.ended?._tag, "ProtocolError")
      assert.include(connection.ended!.message, "\\x1b[2Jtoo long")
      assert.strictEqual(lost.length, 1)
      assert.strictEqual(destroyed(), 1)
      feed("+PONG\r\n")
      assert.strictEqual(lost.length, 1)
    }))

  it.effect("of a reply: its own request is told as well", () =>
    Effect.gen(function*() {
      const { connection, feed } = yield* opened
      const lost: Array<number> = []
      connection.enqueue(
        new Call(commands.ping(), () => {
          throw new Error("no")
        }, () => lost.push(1))
      )
      connection.enqueue(new Call(commands.ping(), () => {}, () => lost.push(2)))
      yield* Effect.yieldNow
      feed("+PONG\r\n+PONG\r\n")
      assert.strictEqual(connection.ended?._tag, "ProtocolError")
      assert.deepStrictEqual(lost.sort(), [1, 2])
    }))
})

/** A server whose answers to GET are those of a function; it counts its connections. */
const answering = (answerTo: (key: string) => string | undefined) =>
  Effect.acquireRelease(
    Effect.callback<Net.Server & { opened: number }>((resume) => {
      const server = Object.assign(
        Net.createServer((socket) => {
          server.opened++
          socket.on("error", () => {})
          socket.on("data", (chunk) => {
            for (
              const [, name, key] of chunk.toString("latin1").matchAll(
                /\*\d+\r\n\$\d+\r\n(\w+)(?:\r\n\$\d+\r\n(\w+))?/g
              )
            ) {
              const answer = name === "GET" ? answerTo(key!) : "+OK\r\n"
              if (answer === undefined) return void socket.destroy()
              socket.write(answer)
            }
          })
        }),
        { opened: 0 }
      )
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )

const clientOfAnswering = (server: Net.Server, commandTimeout: commands.DurationInput) =>
  RedisClient.make({
    address: `127.0.0.1:${(server.address() as Net.AddressInfo).port}`,
    protocol: 2,
    connections: 1,
    commandTimeout
  })

describe("a reply that cannot be read", () => {
  it.live("is asked for twice, and then fails the read with its ProtocolError", () =>
    Effect.gen(function*() {
      const server = yield* answering((key) => key === "bad" ? "?what\r\n" : "$1\r\nx\r\n")
      const redis = yield* clientOfAnswering(server, "20 seconds")
      assert.strictEqual(failureOf(yield* Effect.exit(redis.get("bad")))._tag, "ProtocolError")
      assert.isAtMost(server.opened, 3)
      const results = yield* redis.pipelineResults([commands.get("good"), commands.get("bad"), commands.get("good")])
      assert.deepStrictEqual(results.map((result) => result._tag), ["Success", "Failure", "Success"])
      assert.strictEqual(results[1]._tag === "Failure" ? results[1].failure._tag : "", "ProtocolError")
      assert.isAtMost(server.opened, 6)
      const [bad, good] = yield* Effect.all([Effect.exit(redis.get("bad")), redis.get("good")], {
        concurrency: "unbounded"
      })
      assert.strictEqual(failureOf(bad)._tag, "ProtocolError")
      assert.strictEqual(good, "x")
    }).pipe(Effect.scoped))

  it.live("once is no failure", () =>
    Effect.gen(function*() {
      let reads = 0
      const server = yield* answering(() => reads++ === 0 ? "?what\r\n" : "$1\r\nx\r\n")
      const redis = yield* clientOfAnswering(server, "20 seconds")
      assert.strictEqual(yield* redis.get("k"), "x")
    }).pipe(Effect.scoped))

  it.live("is the cause that a read has when it is out of time", () =>
    Effect.gen(function*() {
      let reads = 0
      const server = yield* answering(() => reads++ === 0 ? "?what\r\n" : "")
      const redis = yield* clientOfAnswering(server, "200 millis")
      const error = failureOf(yield* Effect.exit(redis.get("k")))
      assert.strictEqual(error._tag, "DeadlineExceeded")
      assert.strictEqual(
        ((error as Errors.DeadlineExceeded).cause as Errors.RedisError | undefined)?._tag,
        "ProtocolError"
      )
    }).pipe(Effect.scoped))
})

describe("a server that ends each connection at the first read", () => {
  it.live("is dialled less and less often", () =>
    Effect.gen(function*() {
      const server = yield* answering(() => undefined)
      const redis = yield* clientOfAnswering(server, "1 second")
      assert.strictEqual(failureOf(yield* Effect.exit(redis.get("k")))._tag, "ConnectionLost")
      assert.isAtLeast(server.opened, 3)
      assert.isAtMost(server.opened, 12)
    }).pipe(Effect.scoped))
})
