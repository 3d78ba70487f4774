/**
 * What a server has said before its connection broke is read, also where it is
 * a write of ours that finds the connection broken.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { RedisClient } from "../src/index.ts"
import { failureOf } from "./support/exit.ts"
import { listening, requests } from "./support/tcp.ts"

describe("a server that answers and resets the connection", () => {
  it.live("the answer counts even if a write fails before it is read", () =>
    Effect.scoped(
      Effect.gen(function*() {
        let broken = (): void => {}
        const server = yield* listening((socket, index) =>
          requests(socket, (words) => {
            if (words[0] !== "SET") {
              socket.write(
                words[0] === "PING" ? "+PONG\r\n" : words[0] === "GET" ? "$1\r\nv\r\n" : "-ERR unknown command\r\n"
              )
            } else if (index === 0) {
              socket.write("+OK\r\n")
              socket.resetAndDestroy()
              // In this turn of the loop: nothing of it was read.
              broken()
            }
          })
        )
        const redis = yield* RedisClient.make({ address: server.address, protocol: 2, pingInterval: "1 hour" })
        yield* redis.ping()
        const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
        broken = () => {
          fibers.push(Effect.runFork(redis.get("a")))
        }
        const first = yield* Effect.exit(redis.set("a", "1"))
        assert.strictEqual(first._tag, "Success", first._tag === "Failure" ? failureOf(first)._tag : "")
        // The connection is left all the same.
        assert.strictEqual(yield* Fiber.join(fibers[0]!), "v")
        assert.strictEqual(server.dials, 2)
      })
    ))
})

describe("a long turn of this process", () => {
  it.live("longer than reserveTimeout: a connection that was ready in time is used", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const server = yield* listening((socket, index) =>
          requests(socket, (words) => {
            socket.write(words[0] === "PING" ? "+PONG\r\n" : "-ERR unknown command\r\n")
            if (index === 0 || words[3] === undefined || words[2] !== "LIB-VER") return
            // The handshake is answered, and the process is busy until after the time.
            for (const end = performance.now() + 400; performance.now() < end;);
          })
        )
        const redis = yield* RedisClient.make({ address: server.address, protocol: 2, reserveTimeout: "200 millis" })
        yield* redis.ping()
        const reserved = yield* redis.reserve
        assert.strictEqual(yield* reserved.ping(), "PONG")
      })
    ))
})

describe("a command that starts late in a long turn", () => {
  it.live("has its whole time from its start", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const server = yield* listening((socket) =>
          requests(socket, (words) => {
            if (words[0] === "SET") setTimeout(() => socket.write("+OK\r\n"), 20)
            else if (words[0] !== "GET") socket.write(words[0] === "PING" ? "+PONG\r\n" : "-ERR unknown command\r\n")
            else socket.write("$-1\r\n")
          })
        )
        const redis = yield* RedisClient.make({ address: server.address, protocol: 2, commandTimeout: "200 millis" })
        yield* redis.ping()
        const first = yield* Effect.forkChild(redis.get("a"), { startImmediately: true })
        for (const end = performance.now() + 300; performance.now() < end;);
        const late = yield* Effect.forkChild(Effect.exit(redis.set("a", "1")), { startImmediately: true })
        const exit = yield* Fiber.join(late)
        assert.strictEqual(exit._tag, "Success", exit._tag === "Failure" ? failureOf(exit)._tag : "")
        yield* Fiber.join(first)
      })
    ))
})
