/**
 * Subscriptions on real servers: one connection, order, refused names, slow readers, and failovers.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Channel from "../../src/Channel.ts"
import { commands, Errors, RedisClient, Sentinel } from "../../src/index.ts"
import type { Gap, Message, Undecodable } from "../../src/PubSub.ts"
import { failureOf } from "../support/exit.ts"
import { deployment, server } from "../support/processes.ts"

const until = (condition: Effect.Effect<boolean, unknown>) =>
  Effect.orDie(
    condition.pipe(
      Effect.flatMap((yes) => yes ? Effect.void : Effect.fail("not yet" as const)),
      Effect.retry(Schedule.spaced("10 millis").pipe(Schedule.upTo({ duration: "60 seconds" })))
    )
  )

type Item = Message | Undecodable | Gap

const collected = (stream: Stream.Stream<Item, Errors.RedisError>) =>
  Effect.gen(function*() {
    const items: Array<string> = []
    yield* Effect.forkScoped(
      Stream.runForEach(stream, (item) =>
        Effect.sync(() => {
          items.push(item._tag === "Gap" ? `gap ${item.reason}` : `${String(item.channel)} ${String(item.payload)}`)
        }))
    )
    return items
  })

describe("subscriptions on a real server", () => {
  for (const protocol of [2, 3] as const) {
    it.live(
      `share one connection, join and leave it, and get what is published after they were acknowledged (RESP${protocol})`,
      () =>
        Effect.gen(function*() {
          const { address } = yield* server()
          const redis = yield* RedisClient.make({
            address,
            protocol,
            pingInterval: "50 millis",
            stallTimeout: "2 seconds"
          })
          const admin = yield* RedisClient.make({ address })
          const subscribers = Effect.map(admin.clientList({ type: "pubsub" }), (list) => list.length)
          const scopes: Array<Scope.Closeable> = []
          for (let i = 0; i < 20; i++) {
            const scope = yield* Scope.make()
            const stream = yield* redis.subscription({
              channels: [`c${i % 5}`, "all"],
              patterns: ["c?*"],
              shards: ["s"]
            }).pipe(
              Scope.provide(scope)
            )
            const payload = `${i}`
            assert.strictEqual(yield* admin.publish("all", payload), 1)
            const [item] = yield* Stream.runCollect(Stream.take(stream, 1))
            assert.deepInclude(item, { _tag: "Message", channel: "all", payload })
            scopes.push(scope)
          }
          assert.strictEqual(yield* subscribers, 1)
          const [client] = yield* admin.clientList({ type: "pubsub" })
          assert.deepStrictEqual([client!.sub, client!.psub], [6, 1])
          // Longer than the interval of PINGs.
          yield* Effect.sleep("200 millis")
          for (const scope of scopes.slice(4)) yield* Scope.close(scope, Exit.void)
          yield* until(Effect.map(admin.pubsubChannels("c*"), (found) => found.length === 4))
          for (const scope of scopes.slice(0, 4)) yield* Scope.close(scope, Exit.void)
          yield* until(Effect.map(subscribers, (count) => count === 0))
        }),
      60_000
    )

    it.live(
      `give 100,000 messages on 100 channels in order, none lost, on one connection (RESP${protocol})`,
      () =>
        Effect.gen(function*() {
          const { address } = yield* server({ config: ["client-output-buffer-limit pubsub 0 0 0"] })
          const redis = yield* RedisClient.make({ address, protocol })
          const admin = yield* RedisClient.make({ address })
          const channels = Array.from({ length: 100 }, (_, i) => `channel:${i}`)
          const wrong: Array<string> = []
          let received = 0
          for (const channel of channels) {
            let next = 0
            const stream = yield* redis.subscription({ channels: [channel] })
            yield* Effect.forkScoped(Stream.runForEach(stream, (item) =>
              Effect.sync(() => {
                received++
                const payload = item._tag === "Message" && item.channel === channel ? item.payload : item._tag
                if (Number.parseInt(payload, 10) !== next++) wrong.push(`${channel}: ${payload.slice(0, 20)}`)
              })))
          }
          assert.strictEqual((yield* admin.clientList({ type: "pubsub" })).length, 1)
          const script = `for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
          redis.call('PUBLISH', 'channel:' .. (i % 100), math.floor(i / 100) .. ' ' .. string.rep('x', i % 300))
        end return 1`
          for (let i = 0; i < 100_000; i += 5000) {
            yield* admin.send("EVAL", script, 0, i, i + 4999)
          }
          yield* until(Effect.sync(() => received === 100_000))
          assert.deepStrictEqual(wrong, [])
        }),
      60_000
    )
  }

  it.live("a refused name fails those that asked for it, and no others", () =>
    Effect.gen(function*() {
      const { address } = yield* server()
      const admin = yield* RedisClient.make({ address })
      yield* admin.send("ACL SETUSER", "limited", "on", ">secret", "~*", "+@all", "resetchannels", "&ok*")
      const redis = yield* RedisClient.make({ address, username: "limited", password: Redacted.make("secret") })
      const items = yield* collected(yield* redis.subscription({ channels: ["ok1"] }))
      for (const names of [["ok2", "no", "ok1"], ["no"], ["no", "no2"]]) {
        const exit = yield* Effect.exit(redis.subscription({ channels: names }))
        assert.deepInclude(failureOf(exit), { _tag: "ReplyError", code: "NOPERM" })
      }
      assert.deepStrictEqual(yield* admin.pubsubNumsub("ok1", "ok2", "no"), [
        { channel: "ok1", subscribers: 1 },
        { channel: "ok2", subscribers: 0 },
        { channel: "no", subscribers: 0 }
      ])
      yield* admin.publish("ok1", "1")
      yield* until(Effect.sync(() => items.length === 1))
      // The server ends the connections of subscribers that lose a channel.
      yield* admin.send("ACL SETUSER", "limited", "&also*")
      const also = yield* collected(yield* redis.subscription({ channels: ["also"] }))
      yield* admin.send("ACL SETUSER", "limited", "resetchannels", "&ok*")
      yield* until(Effect.map(admin.publish("ok1", "2"), (count) => count === 1))
      yield* until(Effect.sync(() => items.includes("ok1 2")))
      assert.deepStrictEqual(items.slice(0, 2), ["ok1 1", "gap lost"])
      assert.deepStrictEqual(also, [])
      yield* admin.send("ACL SETUSER", "limited", "&also*")
      yield* until(Effect.map(admin.publish("also", "3"), (count) => count === 1))
      yield* until(Effect.sync(() => also.includes("also 3")))
      assert.strictEqual(also[0], "gap lost")
    }), 60_000)

  it.live(
    "a slow reader with `wait` loses nothing while the server keeps it, and others do not wait",
    () =>
      Effect.gen(function*() {
        const { address } = yield* server({ config: ["client-output-buffer-limit pubsub 64mb 0 0"] })
        const redis = yield* RedisClient.make({ address, pingInterval: "100 millis", stallTimeout: "500 millis" })
        const admin = yield* RedisClient.make({ address })
        const slow = yield* redis.subscription({ channels: ["c"] }, { capacity: 10, whenFull: "wait" })
        const other = yield* collected(yield* redis.subscription({ channels: ["c"] }))
        const payload = "x".repeat(1000)
        const count = 20_000
        for (let i = 0; i < count; i += 1000) {
          yield* admin.pipeline(Array.from({ length: 1000 }, (_, j) => commands.publish("c", `${i + j} ${payload}`)))
        }
        yield* until(Effect.sync(() => other.length === count))
        // The rest waits at the server, longer than a server may be silent.
        const waiting = (yield* admin.clientList({ type: "pubsub" })).map((client) => Number(client.fields["omem"]))
        assert.isAbove(Math.max(...waiting), 1_000_000)
        yield* Effect.sleep("1500 millis")
        const items = yield* collected(slow)
        yield* until(Effect.sync(() => items.length === count))
        assert.deepStrictEqual(
          items.filter((item, i) => !item.startsWith(`c ${i} `)),
          []
        )
      }),
    60_000
  )

  it.live("a slow reader with `wait` has a gap where the server has cut it off", () =>
    Effect.gen(function*() {
      const { address } = yield* server({ config: ["client-output-buffer-limit pubsub 2mb 0 0"] })
      const redis = yield* RedisClient.make({ address, pingInterval: "100 millis", stallTimeout: "1 second" })
      const admin = yield* RedisClient.make({ address })
      const slow = yield* redis.subscription({ channels: ["c"] }, { capacity: 10, whenFull: "wait" })
      const payload = "x".repeat(1000)
      let sent = 0
      // Until the server has closed the connection.
      yield* until(
        Effect.gen(function*() {
          const receivers = yield* admin.pipeline(
            Array.from({ length: 1000 }, () => commands.publish("c", `${sent++} ${payload}`))
          )
          return receivers.includes(0)
        })
      )
      // Noticed though nothing is read, and subscribed again.
      yield* until(Effect.map(admin.publish("c", "after"), (count) => count === 1))
      const items = yield* collected(slow)
      yield* until(Effect.sync(() => items.includes("c after")))
      const gap = items.indexOf("gap lost")
      assert.isAtLeast(gap, 10)
      assert.deepStrictEqual(items.slice(0, gap).filter((item, i) => !item.startsWith(`c ${i} `)), [])
    }), 60_000)

  it.live("large messages arrive whole, as text, bytes and values", () =>
    Effect.gen(function*() {
      const { address } = yield* server()
      const redis = yield* RedisClient.make({ address })
      const channel = Channel.make({ name: "c", schema: Schema.Struct({ text: Schema.String }) })
      const text = yield* redis.subscription({ channels: ["c"], patterns: ["c"] })
      const bytes = yield* redis.bytes.subscription({ channels: ["c"] })
      const values = yield* redis.subscription(channel)
      const value = { text: "grüße".repeat(300_000) }
      for (let i = 0; i < 3; i++) yield* redis.run(channel.publish(value))
      const json = JSON.stringify(value)
      for (const item of yield* Stream.runCollect(Stream.take(text, 6))) {
        assert.isTrue(item._tag === "Message" && item.payload === json && item.channel === "c")
      }
      for (const item of yield* Stream.runCollect(Stream.take(bytes, 3))) {
        assert.isTrue(item._tag === "Message" && Buffer.from(item.payload).equals(Buffer.from(json)))
      }
      for (const item of yield* Stream.runCollect(Stream.take(values, 3))) {
        assert.isTrue(item._tag === "Message" && item.payload.text === value.text)
      }
    }), 60_000)
})

describe("subscriptions through failovers of real processes", () => {
  it.live(
    "move with the primary: each has its messages in order, a gap in the place of a hole, and one connection",
    () =>
      Effect.gen(function*() {
        const d = yield* deployment()
        const sentinel = yield* Sentinel.make({ sentinels: d.sentinelAddresses })
        const redis = yield* sentinel.primaryFor(d.group)
        const publisher = yield* sentinel.primaryFor(d.group)
        const names = ["a", "b", "c"]
        const all = yield* Effect.forEach(
          names,
          (name) => Effect.flatMap(redis.subscription({ channels: [name] }), collected)
        )
        let number = 0
        yield* Effect.forkScoped(
          Effect.forever(
            Effect.andThen(
              Effect.ignore(
                Effect.suspend(() => publisher.pipeline(names.map((name) => commands.publish(name, `${number++}`))))
              ),
              Effect.sleep("2 millis")
            )
          )
        )
        const moved = (count: number) =>
          until(Effect.sync(() =>
            all.every((items) =>
              items.filter((item) => item.startsWith("gap")).length >= count && !items.at(-1)!.startsWith("gap")
            )
          ))
        yield* until(Effect.sync(() =>
          all.every((items) => items.length > 10)
        ))
        yield* Effect.scoped(
          Effect.flatMap(
            RedisClient.make({ address: d.sentinelAddresses[0]! }),
            (at) => at.run(commands.sentinel.failover(d.group))
          )
        )
        yield* moved(1)
        const at = (yield* redis.clientList({ type: "pubsub" })).filter((client) => Number(client.sub) === 3)
        assert.strictEqual(at.length, 1)
        for (const [i, items] of all.entries()) {
          let last = -1
          for (const item of items) {
            if (item.startsWith("gap")) continue
            const [channel, payload] = item.split(" ")
            assert.strictEqual(channel, names[i])
            assert.isAbove(Number(payload), last)
            last = Number(payload)
          }
        }
        assert.include(all.flat(), "gap moved")
      }),
    120_000
  )
})
