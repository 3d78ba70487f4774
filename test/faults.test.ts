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

describe("a reply that cannot be read", () => {
  it.live("is the cause that a read has when it is out of time", () =>
    Effect.gen(function*() {
      let reads = 0
      const server = yield* Effect.acquireRelease(
        Effect.callback<Net.Server>((resume) => {
          const server = Net.createServer((socket) => {
            socket.on("error", () => {})
            socket.on("data", (chunk) => {
              for (const [, name] of chunk.toString("latin1").matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
                if (name !== "GET") socket.write("+OK\r\n")
                else if (reads++ === 0) socket.write("?what\r\n")
              }
            })
          })
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const { port } = server.address() as Net.AddressInfo
      const redis = yield* RedisClient.make({ address: `127.0.0.1:${port}`, protocol: 2, commandTimeout: "200 millis" })
      const error = failureOf(yield* Effect.exit(redis.get("k")))
      assert.strictEqual(error._tag, "DeadlineExceeded")
      assert.strictEqual(
        ((error as Errors.DeadlineExceeded).cause as Errors.RedisError | undefined)?._tag,
        "ProtocolError"
      )
    }).pipe(Effect.scoped))
})
