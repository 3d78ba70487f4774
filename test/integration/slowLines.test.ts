/**
 * Slow lines and servers that only pretend: what moves goes on, what does not is
 * given up; and replies that no string can hold.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Net from "node:net"
import { Connector, RedisClient } from "../../src/index.ts"
import { failureOf } from "../support/exit.ts"
import { listening, requests } from "../support/tcp.ts"

const sessionWords = new Set(["HELLO", "CLIENT", "AUTH", "ROLE", "SELECT"])

/** A server that answers what begins a session, and leaves the rest to the test. */
const answering = (rest: (socket: Net.Socket, words: ReadonlyArray<string>) => void) =>
  listening((socket) =>
    requests(socket, (words) => {
      if (words[0] === "HELLO") socket.write("%1\r\n$5\r\nproto\r\n:3\r\n")
      else if (sessionWords.has(words[0]!)) socket.write("+OK\r\n")
      else rest(socket, words)
    })
  )

/** Does something again and again until the socket is closed. */
const every = (socket: Net.Socket, millis: number, run: () => void): void => {
  const timer = setInterval(run, millis)
  socket.once("close", () => clearInterval(timer))
}

describe("a server that drips", () => {
  for (
    const [name, first, drop] of [
      ["a long string", "$1000000\r\n", "x"],
      ["a long array", "*1000000\r\n", ":1\r\n"],
      ["push messages", "", ">2\r\n+a\r\n+b\r\n"]
    ] as const
  ) {
    it.live(`${name}, a bit at a time, is given up`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const server = yield* answering((socket) => {
            if (socket.listenerCount("dripping") > 0) return
            socket.on("dripping", () => {})
            socket.write(first)
            every(socket, 50, () => void socket.write(drop))
          })
          const redis = yield* RedisClient.make({ address: server.address, stallTimeout: "300 millis" })
          const error = failureOf(yield* Effect.exit(redis.incr("n")))
          assert.strictEqual(error._tag, "AmbiguousOutcome")
          assert.include(error.message, "stalled")
        })
      ))
  }

  it.live("a long answer over a slow line is not", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const length = 60_000
        const server = yield* answering((socket) => {
          socket.write(`$${length}\r\n`)
          let left = length
          every(socket, 20, () => {
            if (left === 0) return
            left -= 1000
            socket.write("y".repeat(1000) + (left === 0 ? "\r\n" : ""))
          })
        })
        const redis = yield* RedisClient.make({ address: server.address, stallTimeout: "200 millis" })
        assert.strictEqual((yield* redis.get("a"))?.length, length)
        assert.strictEqual(server.dials, 1)
      })
    ))
})

describe("a slow upload", () => {
  it.live("is no stall, not even for other commands", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const size = 16 * 1024 * 1024
        let received = 0
        let begun = false
        const server = yield* listening((socket) => {
          socket.on("readable", () => {
            if (begun) return
            let head = ""
            for (let chunk; (chunk = socket.read() as Buffer | null) !== null;) {
              if (chunk.includes("$3\r\nSET\r\n")) {
                begun = true
                received = chunk.length
                break
              }
              head += chunk.toString("latin1")
            }
            for (const _ of head.matchAll(/\*\d+\r\n/g)) socket.write("+OK\r\n")
            if (!begun) return
            // From now on 5 MB a second.
            every(socket, 50, () => {
              for (let left = 256 * 1024; left > 0;) {
                const chunk = socket.read(Math.min(left, socket.readableLength || left)) as Buffer | null
                if (chunk === null) break
                left -= chunk.length
                const before = received
                received += chunk.length
                if (before < size && received >= size) socket.write("+OK\r\n")
                if (chunk.includes("INCR")) socket.write(":1\r\n")
              }
            })
          })
        })
        const redis = yield* RedisClient.make({
          address: server.address,
          protocol: 2,
          stallTimeout: "300 millis",
          pingInterval: "1 minute",
          commandTimeout: "60 seconds",
          repeatable: true
        })
        const set = yield* Effect.forkChild(redis.set("big", "z".repeat(size)), { startImmediately: true })
        const incr = yield* Effect.forkChild(redis.incr("n"), { startImmediately: true })
        assert.strictEqual(yield* Fiber.join(set), "OK")
        assert.strictEqual(yield* Fiber.join(incr), 1)
        assert.strictEqual(server.dials, 1)
        assert.isAtLeast(received, size)
        assert.isBelow(received, size + 1000)
      })
    ))
})

describe("a request that is too large for one piece", () => {
  it.live("arrives whole, even if a piece would end inside a character", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const received: Array<Buffer> = []
        let arrived: (() => void) | undefined
        let left = 0
        const server = yield* listening((socket) =>
          socket.on("data", (chunk) => {
            received.push(chunk)
            left -= chunk.length
            if (left === 0) arrived!()
          })
        )
        const transport = yield* Effect.acquireRelease(
          Connector.dialNode({ address: { host: "127.0.0.1", port: server.port } }),
          (transport) => Effect.sync(() => transport.destroy())
        )
        let drained = (): void => {}
        transport.start({ data: () => {}, drain: () => drained(), closed: () => {} })
        const write = (chunks: ReadonlyArray<string | Uint8Array>, ascii: boolean) =>
          Effect.gen(function*() {
            const expected = Buffer.concat(
              [...chunks, "behind\r\n"].map((c) => typeof c === "string" ? Buffer.from(c) : c)
            )
            received.length = 0
            left = expected.length
            yield* Effect.callback<void>((resume) => {
              let waiting = 2
              const one = (): void => {
                if (--waiting === 0) resume(Effect.void)
              }
              arrived = one
              drained = one
              const [large, behind] = [transport.write(chunks, ascii), transport.write(["behind\r\n"], true)]
              if (large && behind) one()
            })
            assert.isTrue(Buffer.concat(received).equals(expected))
          })
        // Each time the pieces are larger, and the ends of all of them fall on both halves of the character.
        for (const size of [300_000, 700_000, 1_500_000, 3_000_000]) {
          for (const shift of ["", "x"]) {
            yield* write(["$1\r\n", shift + "\u{1f600}".repeat(size / 2), "\ud83d", "\r\n"], false)
            yield* write(["$1\r\n", shift + "a".repeat(size), "\r\n"], true)
            yield* write(["$1\r\n", Buffer.alloc(size, 7), "\u00e9\r\n"], false)
          }
        }
      })
    ), 30_000)
})

describe("a reply of 512 MiB", () => {
  it.live(
    "does not fit a string: its command fails, and the connection continues; as bytes it is whole",
    () =>
      Effect.scoped(
        Effect.gen(function*() {
          const length = 512 * 1024 * 1024
          const chunk = Buffer.alloc(1024 * 1024, 97)
          let streaming = false
          let after = ""
          const server = yield* answering((socket, words) => {
            if (words[0] !== "GET") {
              if (streaming) after += ":7\r\n"
              else socket.write(":7\r\n")
              return
            }
            streaming = true
            socket.write(`$${length}\r\n`)
            let left = length / chunk.length
            const more = (): void => {
              while (left > 0) {
                left--
                if (!socket.write(chunk)) return void socket.once("drain", more)
              }
              streaming = false
              socket.write(`\r\n${after}`)
              after = ""
            }
            more()
          })
          const redis = yield* RedisClient.make({ address: server.address, commandTimeout: "60 seconds" })
          const [read, written] = yield* Effect.all([Effect.exit(redis.get("a")), redis.incr("n")], {
            concurrency: "unbounded"
          })
          const error = failureOf(read)
          assert.strictEqual(error._tag, "UnexpectedReply")
          assert.include(error.message, `${length} bytes`)
          assert.strictEqual(written, 7)
          assert.strictEqual((yield* redis.bytes.get("a"))?.length, length)
          assert.strictEqual(server.dials, 1)
        })
      ),
    60_000
  )
})
