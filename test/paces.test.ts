/** How often what does not answer is dialled. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Address, Connector, RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import { clients, inSteps, live, moved, sentinels as addresses } from "./support/group.ts"

const { ready, until, whileTimePasses } = inSteps("1 millis")

describe("sentinels that are gone", () => {
  for (const how of ["kill", "hang"] as const) {
    for (const gone of [1, 2, 3]) {
      it.effect(`${gone} of three (${how}): each is dialled a few times a second`, () =>
        Effect.gen(function*() {
          const deployment = yield* Testing.Deployment
          const redis = yield* RedisClient.RedisClient
          yield* ready(redis)
          const which = addresses.slice(0, gone)
          for (const address of which) {
            yield* how === "kill" ? deployment.kill(address) : deployment.hang(address)
          }
          yield* deployment.kill("10.0.0.1:6379")
          yield* Effect.forkChild(Effect.forever(Effect.exit(redis.set("b", "1"))), { startImmediately: true })
          yield* TestClock.adjust("10 seconds")
          const before = which.map((address) => deployment.network.dials(address))
          yield* TestClock.adjust("10 seconds")
          const dials = which.map((address, i) => deployment.network.dials(address) - before[i]!)
          for (const n of dials) assert.isAtMost(n, 70)
        }).pipe(Effect.provide(live())))
    }
  }
})

describe("replicas that no sentinel lists any more", () => {
  it.effect("are asked themselves once a second at most, however much the sentinels publish", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      for (const address of addresses) deployment.sentinel(address).lie = { replicas: [] }
      const before = deployment.network.dials("10.0.0.2:6379")
      for (let i = 0; i < 1000; i++) {
        const promoted = i % 10 === 0 ? "+promoted-slave" : "+slave"
        deployment.sentinel(addresses[0]!)
          .publish(promoted, "slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379")
        yield* TestClock.adjust("10 millis")
      }
      const dials = deployment.network.dials("10.0.0.2:6379") - before
      assert.isAtLeast(dials, 5)
      assert.isAtMost(dials, 12)
    }).pipe(Effect.provide(live())))
})

describe("nodes that close the connection on HELLO", () => {
  it.effect("get HELLO a few times, however often they are asked for their role", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const inner = yield* Connector.Connector
      const greeted = new Map<string, number>()
      const dial: Connector.Dial = (options) =>
        Effect.map(inner(options), (transport): Connector.Transport => {
          const address = Address.format(options.address)
          if (addresses.includes(address)) return transport
          let handler: Connector.Handler | undefined
          return {
            ...transport,
            start: (h) => transport.start(handler = h),
            destroy: () => transport.destroy(),
            write: (chunks, ascii) => {
              if (!chunks.some((chunk) => Buffer.from(chunk as string).includes("HELLO"))) {
                return transport.write(chunks, ascii)
              }
              greeted.set(address, (greeted.get(address) ?? 0) + 1)
              transport.destroy()
              queueMicrotask(() => handler?.closed(undefined))
              return true
            }
          }
        })
      yield* Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        yield* ready(redis)
        yield* deployment.failover
        yield* until(moved)
        yield* whileTimePasses(redis.set("b", "1"))
        // The client's own connection, and the topology's looks.
        assert.strictEqual(greeted.size, 2)
        for (const [address, times] of greeted) assert.isAtMost(times, 3, address)
      }).pipe(
        Effect.provide(clients({ follow: "promotion" })),
        Effect.provideService(Connector.Connector, dial)
      )
    }).pipe(Effect.provide(Testing.layer({ latency: { min: "0 millis", max: "2 millis" } }))))
})
