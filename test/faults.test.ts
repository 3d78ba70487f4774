/** Whatever is thrown while bytes are taken in ends one connection, and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { commands, type Connector } from "../src/index.ts"
import { Call } from "../src/internal/connection/call.ts"
import { Connection } from "../src/internal/connection/connection.ts"

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
