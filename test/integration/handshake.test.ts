/**
 * How sessions begin, and how they do not: servers that are full, that protect
 * themselves, that know less than we ask for, and that repeat secrets.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { RedisClient, Sentinel } from "../../src/index.ts"
import { failureOf } from "../support/exit.ts"
import { server } from "../support/processes.ts"
import { listening, requests } from "../support/tcp.ts"

/** A server that knows RESP2 only, and ends the connection at the words that it is told. */
const proxy = (fatal: ReadonlyArray<string>, seen: Array<string> = []) =>
  listening((socket) =>
    requests(socket, (words) => {
      const name = words[0]!.toUpperCase()
      seen.push(name)
      if (fatal.includes(name)) return socket.destroy()
      socket.write(
        name === "GET"
          ? "$3\r\nyes\r\n"
          : name === "PING"
          ? "+PONG\r\n"
          : name === "ROLE"
          ? "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
          : name === "HELLO"
          ? "-ERR unknown command 'HELLO'\r\n"
          : "+OK\r\n"
      )
    })
  )

describe("a server that refuses sessions", () => {
  it.live("maxclients: the error has its text, and the client dials less and less often", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const full = yield* server({ config: ["maxclients 1"] })
        const only = yield* RedisClient.make({ address: full.address })
        yield* only.ping()
        let dials = 0
        const front = yield* listening((socket) => {
          dials++
          socket.end("-ERR max number of clients reached\r\n")
        })
        const real = yield* RedisClient.make({ address: full.address, commandTimeout: "500 millis" })
        const error = failureOf(yield* Effect.exit(real.ping()))
        assert.include(error.message, "max number of clients reached")
        const other = yield* RedisClient.make({ address: front.address, commandTimeout: "3 seconds" })
        assert.include(failureOf(yield* Effect.exit(other.ping())).message, "max number of clients reached")
        assert.isAtMost(dials, 10)
        assert.isAtLeast(dials, 3)
      })
    ))

  it.live("the error has its text even if it resets the connection", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const front = yield* listening((socket) => {
          socket.write("-ERR max number of clients reached\r\n", () => setImmediate(() => socket.resetAndDestroy()))
        })
        for (const protocol of [2, 3] as const) {
          const redis = yield* RedisClient.make({ address: front.address, protocol, commandTimeout: "300 millis" })
          const error = failureOf(yield* Effect.exit(redis.ping()))
          assert.strictEqual(error._tag, "ConnectFailed")
          assert.include(error.message, "max number of clients reached")
        }
        const sentinel = yield* Sentinel.make({ sentinels: [front.address], schedule: Schedule.recurs(1) })
        const none = failureOf(yield* Effect.exit(sentinel.discoverPrimary("mymaster")))
        assert.include(none.message, "max number of clients reached")
      })
    ))

  it.live("protected mode", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const front = yield* listening((socket) => {
          socket.end(
            "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface.\r\n"
          )
        })
        const redis = yield* RedisClient.make({ address: front.address, commandTimeout: "300 millis" })
        const error = failureOf(yield* Effect.exit(redis.ping()))
        assert.include(error.message, "DENIED Redis is in protected mode")
      })
    ))
})

describe("a server with fewer commands", () => {
  for (const protocol of [3, 2, undefined] as const) {
    it.live(`ends the connection at HELLO (protocol ${protocol ?? "not given"})`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const front = yield* proxy(["HELLO"])
          const redis = yield* RedisClient.make({ address: front.address, protocol, clientName: "me" })
          assert.strictEqual(yield* redis.get("a"), "yes")
          assert.strictEqual(front.dials, protocol === 2 ? 1 : 2)
        })
      ))

    it.live(`ends the connection at HELLO and at CLIENT (protocol ${protocol ?? "not given"})`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const seen: Array<string> = []
          const front = yield* proxy(["HELLO", "CLIENT"], seen)
          const redis = yield* RedisClient.make({
            address: front.address,
            protocol,
            clientName: "me",
            password: Redacted.make("secret")
          })
          assert.strictEqual(yield* redis.get("a"), "yes")
          const dials = front.dials
          assert.strictEqual(dials, protocol === 2 ? 2 : 3)
          // It is remembered for what comes after: a reserved connection needs one dial.
          yield* Effect.scoped(Effect.flatMap(redis.reserve, (reserved) => reserved.get("a")))
          assert.strictEqual(front.dials, dials + 1)
          assert.include(seen, "AUTH")
        })
      ))
  }

  it.live("a server that closes every connection is not dialled three times each time", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const front = yield* listening((socket) => {
          socket.once("data", () => socket.destroy())
        })
        const redis = yield* RedisClient.make({ address: front.address, commandTimeout: "1 second" })
        const error = failureOf(yield* Effect.exit(redis.ping()))
        assert.strictEqual(error._tag, "ConnectFailed")
        assert.include(error.message, "during the handshake")
        assert.include(error.message, "TLS")
        const dials = front.dials
        assert.isAtMost(dials, 20)
      })
    ))
})

describe("what a server says of credentials", () => {
  const token = "t0ken-" + "x".repeat(300)
  for (
    const [name, says] of [
      [
        "an unknown AUTH",
        (words: ReadonlyArray<string>) =>
          `-ERR unknown command '${words[0]}', with args beginning with: '${words.at(-1)!.slice(0, 128)}' \r\n`
      ],
      ["its arguments", (words: ReadonlyArray<string>) => `-ERR ${words.join(" ").slice(0, 100)}\r\n`],
      ["a code of them", (words: ReadonlyArray<string>) => `-${words.at(-1)!.slice(0, 40)} no\r\n`]
    ] as const
  ) {
    it.live(`a server that repeats ${name}`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const front = yield* listening((socket) =>
            requests(socket, (words) => {
              socket.write(words[0] === "AUTH" || words[0] === "HELLO" ? says(words) : "+OK\r\n")
            })
          )
          for (const protocol of [2, 3] as const) {
            const redis = yield* RedisClient.make({
              address: front.address,
              protocol,
              password: Redacted.make(token),
              commandTimeout: "300 millis"
            })
            const error = failureOf(yield* Effect.exit(redis.ping()))
            const told = `${error.message} ${JSON.stringify(error)} ${String(error.stack)}`
            assert.notInclude(told, "t0ken-")
            assert.notInclude(told, "xxxxxxxx")
          }
        })
      ))
  }
})

describe("what a server says in an error", () => {
  it.live("is escaped and cut", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const long = "\u001b[2J\u202e" + "y".repeat(1_000_000)
        const front = yield* listening((socket) =>
          requests(socket, (words) => {
            if (words[0] !== "GET") return void socket.write("+OK\r\n")
            const bytes = Buffer.from(`OOPS ${long}\r\nand more`)
            socket.write(`!${bytes.length}\r\n`)
            socket.write(bytes)
            socket.write("\r\n")
          })
        )
        const redis = yield* RedisClient.make({ address: front.address, protocol: 2 })
        const error = failureOf(yield* Effect.exit(redis.get("a")))
        assert.strictEqual(error._tag, "ReplyError")
        assert.isBelow(error.message.length, 600)
        assert.include(error.message, "OOPS \\x1b[2J\\u202eyyy")
      })
    ))
})
