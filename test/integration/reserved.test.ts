/** Waits, reserved connections and subscriptions on real servers: through failovers, silent networks, and to the end. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Net from "node:net"
import { type Client, Command, commands, RedisClient, Sentinel } from "../../src/index.ts"
import { failureOf } from "../support/exit.ts"
import { deployment, server } from "../support/processes.ts"
import { runProgram } from "../support/program.ts"

/** Waits until something holds. */
const until = <E>(condition: Effect.Effect<boolean, E>) =>
  Effect.repeat(condition, { until: (holds) => holds, schedule: Schedule.spaced("10 millis") })

/** How many connections have a command that waits. */
const blockedAt = (redis: Client.PrimaryClient) =>
  Effect.map(redis.info("clients"), ({ clients }) => clients.blocked_clients)

/** A load balancer in front of a port. It can go silent for all connections that there are, with or without closing its own. */
const balancer = (port: number) =>
  Effect.acquireRelease(
    Effect.callback<
      { readonly address: string; readonly silence: (closes: boolean) => void; readonly close: () => void }
    >(
      (resume) => {
        const pairs = new Set<readonly [Net.Socket, Net.Socket]>()
        const listening = Net.createServer((client) => {
          const upstream = Net.connect({ port, host: "127.0.0.1" })
          pairs.add([client, upstream])
          for (const socket of [client, upstream]) socket.on("error", () => {})
          client.pipe(upstream)
          upstream.pipe(client)
        })
        const each = (f: (client: Net.Socket, upstream: Net.Socket) => void): void => {
          for (const [client, upstream] of pairs) f(client, upstream)
          pairs.clear()
        }
        const kept: Array<Net.Socket> = []
        listening.listen(0, "127.0.0.1", () =>
          resume(Effect.succeed({
            address: `127.0.0.1:${(listening.address() as Net.AddressInfo).port}`,
            silence: (closes) =>
              each((client, upstream) => {
                client.unpipe(upstream)
                upstream.unpipe(client)
                client.resume()
                upstream.resume()
                kept.push(client)
                if (closes) upstream.destroy()
                else kept.push(upstream)
              }),
            close: () => {
              each((client, upstream) => {
                client.destroy()
                upstream.destroy()
              })
              for (const socket of kept) socket.destroy()
              listening.close()
            }
          })))
      }
    ),
    ({ close }) => Effect.sync(close)
  )

describe("waits", () => {
  it.live("a silent load balancer: an endless wait gets its job once the client has noticed", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address, port } = yield* server()
        const direct = yield* RedisClient.make({ address })
        const between = yield* balancer(port)
        const redis = yield* RedisClient.make({
          address: between.address,
          stallTimeout: "500 millis",
          pingInterval: "200 millis"
        })
        const wait = yield* Effect.forkChild(Effect.exit(redis.blpop(["q"], "Infinity")), { startImmediately: true })
        yield* until(Effect.map(blockedAt(direct), (n) => n === 1))
        const ids = Effect.map(direct.send("CLIENT LIST"), (list) =>
          Array.from(String(list).matchAll(/id=(\d+)[^\n]* cmd=blpop/g), (m) => m[1]!))
        const [first] = yield* ids
        between.silence(false)
        // It waits again, on another connection.
        yield* until(Effect.map(ids, (now) =>
          now.some((id) => id !== first)))
        yield* direct.rpush("q", "job")
        assert.deepStrictEqual<unknown>(yield* Fiber.join(wait), Exit.succeed(["q", "job"]))
      })
    ))

  it.live(
    "one that ends the connections behind it: nobody knows, and the next wait gets the job that lies there",
    () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address, port } = yield* server()
          const direct = yield* RedisClient.make({ address })
          const between = yield* balancer(port)
          const redis = yield* RedisClient.make({
            address: between.address,
            stallTimeout: "500 millis",
            pingInterval: "200 millis"
          })
          const outcomes: Array<string> = []
          const consumer = redis.blpop(["q"], "600 seconds").pipe(
            Effect.tapError((error) => Effect.sync(() => void outcomes.push(error._tag))),
            Effect.retry({ while: (error) => error._tag === "AmbiguousOutcome" })
          )
          const wait = yield* Effect.forkChild(consumer, { startImmediately: true })
          yield* until(Effect.map(blockedAt(direct), (n) => n === 1))
          between.silence(true)
          yield* until(Effect.map(blockedAt(direct), (n) => n === 0))
          yield* direct.rpush("q", "job")
          assert.deepStrictEqual(yield* Fiber.join(wait), ["q", "job"])
          assert.deepStrictEqual(outcomes, ["AmbiguousOutcome"])
        })
      ),
    30_000
  )

  it.live("twenty consumers on sixteen connections: each gets its job", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const direct = yield* RedisClient.make({ address })
        const redis = yield* RedisClient.make({ address, maxBlocking: 16, reserveTimeout: "100 millis" })
        const consumers = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, i) => i),
          (i) => Effect.forkChild(Effect.exit(redis.blpop([`q${i}`], "Infinity")), { startImmediately: true })
        )
        yield* until(Effect.map(blockedAt(direct), (n) => n === 16))
        for (let i = 0; i < 20; i++) yield* direct.rpush(`q${i}`, i)
        const jobs = yield* Effect.forEach(consumers, Fiber.join)
        assert.deepStrictEqual(jobs, Array.from({ length: 20 }, (_, i) => Exit.succeed([`q${i}`, String(i)])))
      })
    ), 30_000)

  it.live("XREADGROUP and XREAD that a failover ends continue at the new primary", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { group, sentinelAddresses } = yield* deployment({ replicas: 1 })
        const sentinel = yield* Sentinel.make({ sentinels: sentinelAddresses })
        const redis = yield* sentinel.primaryFor(group)
        const topology = yield* sentinel.topology(group)
        yield* redis.send("XGROUP", "CREATE", "stream", "g", "$", "MKSTREAM")
        const STREAM = Command.define({ words: ["xreadgroup"], mode: "write", decode: Command.native })
        const waits = yield* Effect.forEach([
          redis.send("XREADGROUP", "GROUP", "g", "one", "COUNT", 1, "BLOCK", 0, "STREAMS", "stream", ">"),
          redis.run(
            Command.make(STREAM, ["GROUP", "g", "two", "COUNT", 1, "BLOCK", "60000", "STREAMS", "stream", ">"])
          ),
          redis.run(Command.raw("XREAD", ["BLOCK", 0, "STREAMS", "stream", "$"], { mode: "read" }))
        ], (wait) => Effect.forkChild(Effect.exit(wait), { startImmediately: true }))
        yield* until(Effect.map(blockedAt(redis), (n) => n === 3))
        const before = yield* topology.current
        const leader = yield* RedisClient.make({ address: sentinelAddresses[0]! })
        yield* leader.send("SENTINEL", "FAILOVER", group)
        yield* until(Effect.map(topology.current, (now) => now.epoch > before.epoch && now.fence === undefined))
        yield* until(Effect.map(blockedAt(redis), (n) => n === 3))
        assert.isTrue(waits.every((wait) => wait.pollUnsafe() === undefined))
        for (const text of ["x", "y"]) yield* redis.send("XADD", "stream", "*", "text", text)
        const exits = yield* Effect.forEach(waits, Fiber.join)
        for (const exit of exits) {
          if (!Exit.isSuccess(exit)) return assert.fail(String(exit))
          assert.instanceOf(exit.value, Map)
          assert.match(JSON.stringify(Array.from(exit.value as Map<unknown, unknown>)), /"text","[xy]"/)
        }
      })
    ), 60_000)
})

describe("subscriptions", () => {
  for (const protocol of [2, 3] as const) {
    it.live(`carry bytes (RESP${protocol})`, () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address } = yield* server()
          const redis = yield* RedisClient.make({ address, protocol })
          const bytes: Array<string> = []
          const text: Array<string> = []
          const hex = (part: Uint8Array): string => Buffer.from(part).toString("hex")
          const name = Uint8Array.of(0xff, 0x00)
          yield* Effect.forkScoped(Stream.runForEach(
            redis.bytes.subscribe({ channels: [name, "c"], patterns: ["p*"] }),
            (item) =>
              Effect.sync(() => {
                if (item._tag === "Message") bytes.push(`${hex(item.channel)} ${hex(item.payload)}`)
              })
          ))
          yield* Effect.forkScoped(Stream.runForEach(
            redis.subscribe({ channels: ["c"] }),
            (item) =>
              Effect.sync(() => {
                if (item._tag === "Message") text.push(item.payload)
                if (item._tag === "Undecodable") text.push(hex(item.payload))
              })
          ))
          const payload = Uint8Array.of(0xa1, 0xa2, 0xa3, 0x00, 0xff, 0xfe)
          // The subscriptions of a client share one connection.
          yield* until(
            Effect.map(redis.publish("c", payload), (n) => n === 1 && bytes.length > 0 && text.length > 0)
          )
          bytes.length = text.length = 0
          yield* redis.publish("c", payload)
          yield* redis.publish(name, payload)
          yield* redis.publish("p1", payload)
          yield* redis.publish("c", "grüße")
          yield* until(
            Effect.sync(() => bytes.filter((b) => b.endsWith("a1a2a300fffe")).length >= 3 && text.includes("grüße"))
          )
          assert.include(bytes, "ff00 a1a2a300fffe")
          assert.include(bytes, `${hex(Buffer.from("p1"))} a1a2a300fffe`)
          assert.include(text, "a1a2a300fffe")
        })
      ))
  }

  it.live("live on while a password changes", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server({ password: "old" })
        let secret = "old"
        let logins = 0
        const password = Effect.sync(() => {
          logins++
          return Redacted.make(secret)
        })
        const redis = yield* RedisClient.make({ address, password })
        const items: Array<string> = []
        const subscription = yield* Effect.forkScoped(
          Stream.runForEach(redis.subscribe({ channels: ["c"] }), (item) =>
            Effect.sync(() => void items.push(item._tag === "Gap" ? "gap" : String(item.payload))))
        )
        yield* until(Effect.map(redis.publish("c", "before"), (n) =>
          n === 1))
        yield* redis.send("CONFIG", "SET", "requirepass", "new")
        yield* redis.send("CLIENT", "KILL", "TYPE", "pubsub")
        const before = logins
        yield* until(Effect.sync(() => logins >= before + 3))
        assert.isUndefined(subscription.pollUnsafe())
        secret = "new"
        yield* until(Effect.map(redis.publish("c", "after"), (n) => n === 1))
        yield* until(Effect.sync(() => items.includes("after")))
        assert.strictEqual(items[items.indexOf("after") - 1], "gap")
      })
    ), 30_000)
})

describe("the end", () => {
  it.live(
    "while subscriptions, reserved connections and waits are being made, nothing is left and the process ends",
    () =>
      Effect.scoped(
        Effect.gen(function*() {
          const { address } = yield* server()
          const program = `
          import * as Effect from "effect/Effect"
          import * as Fiber from "effect/Fiber"
          import * as Scope from "effect/Scope"
          import * as Exit from "effect/Exit"
          import * as Stream from "effect/Stream"
          import { RedisClient } from ${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)}
          const main = Effect.gen(function*() {
            const scope = yield* Scope.make()
            const nobody = yield* Scope.provide(RedisClient.make({ address: "127.0.0.1:1" }), scope)
            const redis = yield* Scope.provide(RedisClient.make({ address: ${
            JSON.stringify(address)
          }, maxReserved: 1 }), scope)
            yield* Scope.provide(redis.reserve, scope)
            const fork = (effect) => Effect.forkDetach(Effect.exit(Effect.scoped(effect)), { startImmediately: true })
            const fibers = [
              yield* fork(Stream.runDrain(nobody.subscribe({ channels: ["c"] }))),
              yield* fork(Stream.runDrain(redis.subscribe({ channels: ["c"] }))),
              yield* fork(nobody.reserve),
              yield* fork(redis.reserve),
              yield* fork(nobody.blpop(["q"], "Infinity")),
              yield* fork(redis.blpop(["q"], "Infinity")),
              yield* fork(nobody.get("a"))
            ]
            yield* Effect.sleep("300 millis")
            console.log("waiting:", fibers.filter((f) => f.pollUnsafe() === undefined).length)
            yield* Scope.close(scope, Exit.void)
            const ends = yield* Effect.forEach(fibers, Fiber.join)
            console.log(ends.map((exit) => exit._tag === "Failure" ? exit.cause.reasons[0].error?._tag : exit._tag).join())
          })
          await Effect.runPromise(main)
          const left = () => process.getActiveResourcesInfo().filter((r) => r === "TCPSocketWrap" || r === "Timeout")
          for (let turns = 0; turns < 5 && left().length > 0; turns++) await new Promise((r) => setImmediate(r))
          console.log("left:", left().join())
        `
          const exit = yield* runProgram(program)
          // The one that waits at the server may have taken an element.
          const ends = Array.from({ length: 7 }, (_, i) => i === 5 ? "AmbiguousOutcome" : "ClientClosed").join()
          assert.strictEqual(exit.code, 0)
          const [warning, ...lines] = exit.out.split("\n")
          assert.include(warning, "all 1 connections that maxReserved allows are in use")
          assert.deepStrictEqual(lines, ["waiting: 7", ends, "left: ", ""])
        })
      ),
    30_000
  )

  it.live("a reserved connection that is used after its Scope does not affect the next user's WATCH", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const { address } = yield* server()
        const redis = yield* RedisClient.make({ address, maxReserved: 1 })
        const former = yield* Effect.scoped(redis.reserve)
        yield* Effect.scoped(
          Effect.gen(function*() {
            const reserved = yield* redis.reserve
            yield* reserved.watch("a")
            yield* redis.set("a", "1")
            assert.strictEqual(failureOf(yield* Effect.exit(former.unwatch))._tag, "ClientClosed")
            assert.strictEqual(failureOf(yield* Effect.exit(former.set("a", "2")))._tag, "ClientClosed")
            assert.strictEqual(
              failureOf(yield* Effect.exit(reserved.transaction([commands.get("a")])))._tag,
              "TransactionAborted"
            )
          })
        )
      })
    ))
})
