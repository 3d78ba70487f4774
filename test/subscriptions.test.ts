/**
 * Subscriptions: what a reader is told and when, what becomes of messages that
 * are no text, and how long a subscription lasts.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Connector, RedisClient, Sentinel } from "../src/index.ts"
import type { Gap, Message, Undecodable } from "../src/PubSub.ts"
import * as Testing from "../src/testing/index.ts"
import { Requests } from "../src/testing/Reply.ts"
import { failureOf } from "./support/exit.ts"
import { timePassing } from "./support/time.ts"

const address = "10.0.0.1:6379"
const whileTimePasses = timePassing("5 millis")

/** Waits until something holds; time passes meanwhile. */
const until = (condition: () => boolean) =>
  whileTimePasses(
    Effect.gen(function*() {
      while (!condition()) yield* Effect.sleep("5 millis")
    })
  )

type Item = Message<string | Uint8Array> | Undecodable | Gap

const shown = (item: Item): string =>
  item._tag === "Gap"
    ? `gap ${item.reason}`
    : `${item._tag} ${
      [item.channel, item.pattern, item.payload].map((part) =>
        part === undefined ? "-" : typeof part === "string" ? part : Buffer.from(part).toString("hex")
      ).join(" ")
    }`

/** Collects what a subscription gives, in a fiber of the test's own. */
const listening = (stream: Stream.Stream<Item, unknown>) =>
  Effect.gen(function*() {
    const items: Array<string> = []
    const fiber = yield* Effect.forkScoped(
      Stream.runForEach(stream, (item) =>
        Effect.sync(() => {
          // Empty ones only ask how many subscribers there are.
          if (item._tag === "Gap" || item.payload.length > 0) items.push(shown(item))
        })),
      { startImmediately: true }
    )
    return { items, fiber }
  })

/** A client of one server in memory, and that server. */
const one = (options: RedisClient.Options = {}, deployment: Testing.Options = {}) =>
  Effect.gen(function*() {
    const control = yield* Testing.make({ replicas: 0, sentinels: 0, ...deployment })
    const redis = yield* RedisClient.make({ address, ...options }).pipe(
      Effect.provideService(Connector.Connector, control.network.dial)
    )
    const subscribers = (channel: string): number => {
      const node = control.node(address)
      return node.publish(channel, "")
    }
    return { control, redis, subscribers }
  })

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`

/** A server that acknowledges the channels of one SUBSCRIBE with a message of the first one in between. */
const chatty = (protocol: 2 | 3) => {
  let connections = 0
  const live = new Set<Connector.Handler>()
  const array = protocol === 3 ? ">3\r\n" : "*3\r\n"
  const dial: Connector.Dial = () =>
    Effect.sync((): Connector.Transport => {
      const connection = ++connections
      let handler: Connector.Handler | undefined
      const say = (text: string): void => queueMicrotask(() => handler?.data(Buffer.from(text)))
      const parser = new Requests((args) => {
        const [name, ...rest] = args.map((arg, i) => i === 0 ? arg.toUpperCase() : arg)
        switch (name) {
          case "HELLO":
            return say("%1\r\n+id\r\n:1\r\n")
          case "CLIENT":
            return say(rest[0]!.toUpperCase() === "ID" ? ":1\r\n" : "+OK\r\n")
          case "SUBSCRIBE":
            return say(
              `${array}${bulk("subscribe")}${bulk(rest[0]!)}:1\r\n` +
                `${array}${bulk("message")}${bulk(rest[0]!)}${bulk(`early ${connection}`)}` +
                `${array}${bulk("subscribe")}${bulk(rest[1]!)}:2\r\n` +
                `${array}${bulk("message")}${bulk(rest[1]!)}${bulk(`late ${connection}`)}`
            )
          default:
            return say("+PONG\r\n")
        }
      })
      return {
        start: (h) => {
          handler = h
          live.add(h)
        },
        write: (chunks) => {
          for (const chunk of chunks) parser.feed(typeof chunk === "string" ? Buffer.from(chunk) : chunk)
          return true
        },
        destroy: () => {
          if (handler !== undefined) live.delete(handler)
          handler = undefined
        }
      }
    })
  const disconnect = (): void => {
    for (const handler of Array.from(live)) handler.closed(new Error("cut"))
  }
  return { dial, disconnect }
}

describe("gaps", () => {
  for (const protocol of [2, 3] as const) {
    it.effect(`a message of one channel does not come before the gap, even if another channel is not acknowledged yet (RESP${protocol})`, () =>
      Effect.gen(function*() {
        const { dial, disconnect } = chatty(protocol)
        const redis = yield* RedisClient.make({ address, protocol }).pipe(
          Effect.provideService(Connector.Connector, dial)
        )
        const { items } = yield* listening(redis.subscribe({ channels: ["a", "b"] }))
        yield* until(() => items.length === 2)
        disconnect()
        yield* until(() => items.length === 5)
        assert.deepStrictEqual(items, [
          "Message a - early 1",
          "Message b - late 1",
          "gap lost",
          "Message a - early 2",
          "Message b - late 2"
        ])
      }))
  }

  it.effect("several gaps without a read are one gap", () =>
    Effect.gen(function*() {
      const { control, redis, subscribers } = yield* one()
      let taken = 0
      const gate = { open: false }
      const items: Array<string> = []
      yield* Effect.forkScoped(
        redis.subscribe({ channels: ["c"] }).pipe(
          Stream.rechunk(1),
          Stream.runForEach((item) =>
            Effect.gen(function*() {
              taken++
              items.push(shown(item))
              while (!gate.open) yield* Effect.sleep("5 millis")
            })
          )
        ),
        { startImmediately: true }
      )
      yield* until(() => subscribers("c") === 1)
      yield* until(() => taken === 1)
      for (let i = 0; i < 20; i++) {
        const dials = control.network.dials(address)
        yield* control.disconnect(address)
        yield* until(() => control.network.dials(address) === dials + 1)
        yield* until(() => control.network.connections(address) === 1)
        yield* TestClock.adjust("50 millis")
      }
      gate.open = true
      yield* TestClock.adjust("1 second")
      assert.isBelow(items.filter((item) => item === "gap lost").length, 5)
      assert.isAtLeast(items.filter((item) => item === "gap lost").length, 1)
    }))
})

describe("a reader that is slower than the messages", () => {
  it.effect("reads every message, or learns how many it missed", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      const gate = { open: false }
      let read = 0
      const gaps: Array<Gap> = []
      yield* Effect.forkScoped(
        redis.subscribe({ channels: ["c"] }, { capacity: 3 }).pipe(
          Stream.rechunk(1),
          Stream.runForEach((item) =>
            Effect.gen(function*() {
              if (item._tag === "Gap") gaps.push(item)
              else read++
              while (!gate.open) yield* Effect.sleep("5 millis")
            })
          )
        ),
        { startImmediately: true }
      )
      yield* until(() => control.network.connections(address) === 1)
      let published = 0
      const publish = () => published += control.node(address).publish("c", "x")
      yield* until(() => publish() > 0)
      for (let i = 0; i < 50; i++) {
        publish()
        yield* TestClock.adjust("5 millis")
      }
      gate.open = true
      yield* TestClock.adjust("1 second")
      assert.isAtLeast(gaps.length, 1)
      assert.isTrue(gaps.every((gap) => gap.reason === "overflow" && gap.missed! > 0))
      assert.strictEqual(read + gaps.reduce((n, gap) => n + gap.missed!, 0), published)
    }))
})

describe("bytes", () => {
  const binary = Uint8Array.of(0xa1, 0xa2, 0xa3, 0x00, 0xff, 0xfe)

  for (const protocol of [2, 3] as const) {
    it.effect(`channels, patterns and payloads as the bytes that they are (RESP${protocol})`, () =>
      Effect.gen(function*() {
        const { redis, subscribers } = yield* one({ protocol })
        const channel = Uint8Array.of(0xfe, 0x41)
        const channels = [channel, "text"]
        const { items } = yield* listening(
          redis.bytes.subscribe({ channels, patterns: [Uint8Array.of(0xfe, 0x2a)] })
        )
        channel[0] = 0x42
        channels.pop()
        yield* until(() => subscribers("\xfeA") === 2 && subscribers("text") === 1)
        yield* whileTimePasses(redis.publish(Uint8Array.of(0xfe, 0x41), binary))
        yield* whileTimePasses(redis.publish("text", "grüße"))
        yield* until(() => items.length === 3)
        assert.deepStrictEqual(items, [
          "Message fe41 - a1a2a300fffe",
          "Message fe41 fe2a a1a2a300fffe",
          `Message ${Buffer.from("text").toString("hex")} - ${Buffer.from("grüße").toString("hex")}`
        ])
      }))

    it.effect(`a message that is not text arrives as bytes, and the subscription continues (RESP${protocol})`, () =>
      Effect.gen(function*() {
        const { redis, subscribers } = yield* one({ protocol })
        const { items } = yield* listening(redis.subscribe({ channels: ["c"], patterns: ["p*"] }))
        yield* until(() => subscribers("c") === 1)
        yield* whileTimePasses(redis.publish("c", binary))
        yield* whileTimePasses(redis.publish("c", "grüße"))
        yield* whileTimePasses(redis.publish(Uint8Array.of(0x70, 0xff), "x"))
        yield* until(() => items.length === 3)
        assert.deepStrictEqual(items, [
          "Undecodable 63 - a1a2a300fffe",
          "Message c - grüße",
          "Undecodable 70ff 702a 78"
        ])
      }))
  }
})

describe("how long a subscription lasts", () => {
  it.effect("a changed password does not end an established subscription; it continues with the new password", () =>
    Effect.gen(function*() {
      let secret = "old"
      const lines: Array<string> = []
      const { control, redis, subscribers } = yield* one({
        password: Effect.sync(() => Redacted.make(secret))
      }, { password: "old" }).pipe(
        Effect.provide(Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))]))
      )
      const { fiber, items } = yield* listening(redis.subscribe({ channels: ["c"] }))
      yield* until(() => subscribers("c") === 1)
      control.node(address).password = "new"
      const dials = control.network.dials(address)
      yield* control.disconnect(address)
      yield* TestClock.adjust("60 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      // Nobody is asked without pause.
      assert.isBelow(control.network.dials(address) - dials, 60)
      assert.isAtLeast(control.network.dials(address) - dials, 20)
      assert.strictEqual(lines.filter((line) => line.includes("subscription")).length, 1)
      assert.notInclude(lines.join(), "old")
      secret = "new"
      yield* until(() => subscribers("c") === 1)
      yield* until(() => items.length >= 1)
      assert.strictEqual(items[0], "gap lost")
      yield* Fiber.interrupt(fiber)
    }))

  it.effect("the first attempt fails with a permanent error", () =>
    Effect.gen(function*() {
      const { redis } = yield* one({ password: Redacted.make("wrong") }, { password: "right" })
      const exit = yield* whileTimePasses(Effect.exit(Stream.runDrain(redis.subscribe({ channels: ["c"] }))))
      assert.strictEqual(failureOf(exit)._tag, "AuthenticationFailed")
    }))

  it.effect("a subscription that cannot start leaves no socket", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ sentinels: 0, replicas: 1 })
      const replica = "10.0.0.2:6379"
      const sentinel = yield* Sentinel.makeStatic({ primary: replica }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const redis = yield* sentinel.primaryFor("g").pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const { fiber } = yield* listening(redis.subscribe({ channels: ["c"] }))
      yield* TestClock.adjust("3 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      assert.isAbove(control.network.dials(replica), 10)
      assert.isAtMost(control.network.connections(replica), 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(control.network.connections(replica), 0)
    }))

  it.effect("closing the client ends it at once, established or not", () =>
    Effect.gen(function*() {
      for (const state of ["refused", "silent", "begun", "lost"] as const) {
        const scope = yield* Scope.make()
        const { control, redis, subscribers } = yield* one().pipe(Scope.provide(scope))
        const out = yield* Scope.make()
        if (state === "refused") yield* control.refuse(address)
        if (state === "silent") yield* control.hang(address)
        const { fiber } = yield* listening(redis.subscribe({ channels: ["c"] })).pipe(Scope.provide(out))
        if (state === "begun" || state === "lost") yield* until(() => subscribers("c") === 1)
        if (state === "lost") {
          control.node(address).password = "changed"
          yield* control.disconnect(address)
        }
        yield* TestClock.adjust("1 second")
        yield* Scope.close(scope, Exit.void)
        // No time passes.
        const exit = yield* Fiber.await(fiber)
        assert.strictEqual((failureOf(exit) as { readonly _tag: string })._tag, "ClientClosed", state)
        assert.strictEqual(control.network.connections(), 0, state)
        yield* Scope.close(out, Exit.void)
      }
    }))

  it.effect("a subscription on several replicas continues at another replica when its own is dropped", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.Deployment
      const replica = yield* RedisClient.RedisReplica
      const { fiber, items } = yield* listening(replica.subscribe({ channels: ["c"] }))
      const at = () => deployment.nodes.filter((node) => deployment.node(node).publish("c", "") > 0)
      yield* until(() => at().length === 1)
      const [first] = at()
      yield* deployment.kill(first!)
      yield* until(() => at().some((node) => node !== first))
      yield* until(() => items.includes("gap lost") || items.includes("gap moved"))
      assert.isUndefined(fiber.pollUnsafe())
    }).pipe(
      Effect.provide(
        RedisClient.layerReplica("mymaster", { replicaSelection: "round-robin" }).pipe(
          Layer.provide(Sentinel.layer({ sentinels: ["10.0.1.1:26379"] })),
          Layer.provideMerge(Testing.layer())
        )
      )
    ))
})
