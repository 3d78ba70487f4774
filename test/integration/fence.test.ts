/**
 * Planned failovers of real processes where the fence is hard to hold: clients
 * that have just begun or were busy, sentinels that are far away or may not be
 * listened to. No acknowledged write is lost.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Net from "node:net"
import { type Client, RedisClient, Sentinel } from "../../src/index.ts"
import { type Deployment, deployment } from "../support/processes.ts"

const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  condition.pipe(
    Effect.flatMap((yes) => yes ? Effect.void : Effect.fail("not yet" as const)),
    Effect.retry(Schedule.spaced("10 millis").pipe(Schedule.upTo({ duration: "20 seconds" }))),
    Effect.orDie
  )

/** What every sentinel says of the group's primary, asked directly. */
const named = (d: Deployment) =>
  Effect.forEach(d.sentinels, (sentinel) =>
    Effect.scoped(
      Effect.flatMap(
        RedisClient.make({ address: sentinel.address }),
        (redis) => redis.send("SENTINEL", "GET-MASTER-ADDR-BY-NAME", d.group)
      )
    ).pipe(Effect.map((reply) => Number((reply as ReadonlyArray<string>)[1]))))

/** Begins a planned failover. */
const failover = (d: Deployment) =>
  Effect.scoped(
    Effect.flatMap(
      RedisClient.make({ address: d.sentinelAddresses[0]! }),
      (redis) => redis.send("SENTINEL", "FAILOVER", d.group)
    )
  )

/** All sentinels name the new primary. Its port. */
const ended = (d: Deployment) =>
  Effect.andThen(
    until(Effect.map(named(d), (ports) => ports.every((port) => port === ports[0] && port !== d.primary.port))),
    Effect.map(named(d), (ports) => ports[0]!)
  )

/** Those of the keys that a node does not have. */
const missing = (port: number, keys: ReadonlyArray<string>) =>
  Effect.scoped(
    Effect.gen(function*() {
      const direct = yield* RedisClient.make({ address: `127.0.0.1:${port}` })
      const lost: Array<string> = []
      for (let i = 0; i < keys.length; i += 5000) {
        const part = keys.slice(i, i + 5000)
        const values = yield* direct.mget(part)
        lost.push(...part.filter((_, j) => values[j] === null))
      }
      return lost
    })
  )

/** Writes unique keys, until it is interrupted. */
const writing = (redis: Client.PrimaryClient, prefix: string, writers: number, acknowledged: Array<string>) =>
  Effect.forEach(Array.from({ length: writers }, (_, w) => w), (w) =>
    Effect.gen(function*() {
      for (let i = 0;; i++) {
        const key = `${prefix}:${w}:${i}`
        if (Exit.isSuccess(yield* Effect.exit(redis.set(key, "1")))) acknowledged.push(key)
        yield* Effect.sleep(1)
      }
    }), { concurrency: "unbounded", discard: true })

/** The rules of the sentinel user in Redis's documentation, which may not subscribe. */
const documented = ("-@all +auth +client|getname +client|id +client|setname +command +hello +ping +role " +
  "+sentinel|get-master-addr-by-name +sentinel|master +sentinel|myid +sentinel|replicas +sentinel|sentinels " +
  "+sentinel|masters resetchannels").split(" ")

/** Gives every sentinel a user, with what is needed to log in as it. */
const withUser = (d: Deployment, rules: ReadonlyArray<string>) =>
  Effect.as(
    Effect.forEach(d.sentinels, (sentinel) =>
      Effect.scoped(
        Effect.flatMap(
          RedisClient.make({ address: sentinel.address }),
          (redis) => redis.send("ACL", "SETUSER", "app", "on", ">app", ...rules)
        )
      )),
    { username: "app", password: Redacted.make("app") }
  )

/** A way to a port that takes so many milliseconds in each direction. */
const slowWay = (port: number, millis: number): Effect.Effect<number, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ server: Net.Server; sockets: Set<Net.Socket> }>((resume) => {
        const sockets = new Set<Net.Socket>()
        const carry = (from: Net.Socket, to: Net.Socket): void => {
          sockets.add(from)
          from.on("data", (chunk) => setTimeout(() => to.destroyed || to.write(chunk), millis))
          from.on("close", () => setTimeout(() => to.destroy(), millis))
          from.on("error", () => {})
        }
        const server = Net.createServer((client) => {
          const upstream = Net.connect({ host: "127.0.0.1", port })
          carry(client, upstream)
          carry(upstream, client)
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, sockets })))
      }),
      ({ server, sockets }) =>
        Effect.sync(() => {
          server.close()
          for (const socket of sockets) socket.destroy()
        })
    ),
    ({ server }) => (server.address() as Net.AddressInfo).port
  )

const busy = (millis: number): void => {
  const end = performance.now() + millis
  while (performance.now() < end);
}

describe("a planned failover of real processes", () => {
  it.live("15 clients that start during it", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment()
        const acknowledged: Array<string> = []
        const scope = yield* Effect.scope
        yield* failover(d)
        const births = yield* Effect.forEach(Array.from({ length: 15 }, (_, i) => i), (i) =>
          Effect.forkChild(
            Effect.gen(function*() {
              yield* Effect.sleep(i * 60)
              const sentinel = yield* Scope.provide(Sentinel.make({ sentinels: d.sentinelAddresses }), scope)
              const redis = yield* Scope.provide(sentinel.primaryFor(d.group), scope)
              yield* writing(redis, `born${i}`, 5, acknowledged)
            })
          ))
        const port = yield* ended(d)
        yield* Effect.sleep("500 millis")
        for (const birth of births) yield* Fiber.interrupt(birth)
        for (let i = 0; i < 15; i++) assert.isTrue(acknowledged.some((key) => key.startsWith(`born${i}:`)), `${i}`)
        assert.deepStrictEqual(yield* missing(port, acknowledged), [])
      })
    ), 60_000)

  it.live("with the sentinel user of Redis's documentation, which may not subscribe", () => {
    const lines: Array<string> = []
    return Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment()
        const user = yield* withUser(d, documented)
        const sentinel = yield* Sentinel.make({ sentinels: d.sentinelAddresses, sentinel: user })
        const redis = yield* sentinel.primaryFor(d.group)
        const topology = yield* sentinel.topology(d.group)
        const acknowledged: Array<string> = []
        const load = yield* Effect.forkChild(writing(redis, "k", 20, acknowledged))
        yield* until(Effect.map(topology.current, (s) => s.sentinels.every((x) => x.isSubscribed === false)))
        yield* Effect.sleep("500 millis")
        yield* failover(d)
        const port = yield* ended(d)
        yield* Effect.sleep("500 millis")
        yield* Fiber.interrupt(load)
        assert.isAbove(acknowledged.length, 3000)
        assert.deepStrictEqual(yield* missing(port, acknowledged), [])
        assert.strictEqual(lines.filter((line) => line.includes("does not let the user \"app\" subscribe")).length, 3)
        // The rule that the warning names is the one that helps.
        yield* withUser(d, ["+subscribe", "+psubscribe", "allchannels"])
        const again = yield* Sentinel.make({ sentinels: d.sentinelAddresses, sentinel: user })
        const fresh = yield* again.topology(d.group)
        yield* until(Effect.map(fresh.current, (s) => s.sentinels.every((x) => x.isSubscribed === true)))
      })
    ).pipe(Effect.provide(Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])))
  }, 60_000)

  for (const listening of [true, false]) {
    it.live(
      `the client is busy for 3 s from its beginning, then writes 200 times${listening ? "" : "; it may not listen"}`,
      () =>
        Effect.scoped(
          Effect.gen(function*() {
            const d = yield* deployment()
            const user = listening ? undefined : yield* withUser(d, documented)
            const sentinel = yield* Sentinel.make({ sentinels: d.sentinelAddresses, sentinel: user })
            const redis = yield* sentinel.primaryFor(d.group)
            const topology = yield* sentinel.topology(d.group)
            yield* redis.set("a", "1")
            yield* until(Effect.map(topology.current, (s) => s.sentinels.every((x) => x.isSubscribed === listening)))
            const keys = Array.from({ length: 200 }, (_, i) => `k${i}`)
            yield* failover(d)
            busy(3000)
            const exits = yield* Effect.forEach(keys, (key) => Effect.exit(redis.set(key, "1")), {
              concurrency: "unbounded"
            })
            const acknowledged = keys.filter((_, i) => Exit.isSuccess(exits[i]!))
            const port = yield* ended(d)
            assert.deepStrictEqual(yield* missing(port, acknowledged), [])
            assert.strictEqual(acknowledged.length, 200)
          })
        ),
      60_000
    )
  }

  it.live("sentinels that are 200 ms more distant than the nodes", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const d = yield* deployment()
        const ways = yield* Effect.forEach(d.sentinels, ({ port }) => slowWay(port, 200))
        const sentinel = yield* Sentinel.make({
          sentinels: ways.map((port) => `127.0.0.1:${port}`),
          natMap: Object.fromEntries(d.sentinelAddresses.map((address, i) => [address, `127.0.0.1:${ways[i]}`])),
          timeout: "3 seconds"
        })
        const redis = yield* sentinel.primaryFor(d.group)
        const topology = yield* sentinel.topology(d.group)
        const acknowledged: Array<string> = []
        const load = yield* Effect.forkChild(writing(redis, "k", 50, acknowledged))
        yield* until(
          Effect.map(topology.current, (s) =>
            s.sentinels.length === 3 && s.sentinels.every((x) => x.distanceMillis >= 400))
        )
        yield* Effect.sleep("1 second")
        const before = acknowledged.length
        assert.isAbove(before, 0)
        yield* failover(d)
        const port = yield* ended(d)
        yield* Effect.sleep("2 seconds")
        yield* Fiber.interrupt(load)
        assert.isAbove(acknowledged.length, before)
        assert.deepStrictEqual(yield* missing(port, acknowledged), [])
      })
    ), 60_000)
})
