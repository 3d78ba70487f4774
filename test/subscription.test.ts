/**
 * Subscriptions that share one connection: what is requested and given up, who fails when a name is refused, what a
 * slow reader costs, and what channels with a schema give.
 */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Channel from "../src/Channel.ts"
import * as Codec from "../src/Codec.ts"
import { Connector, Errors, Metrics, RedisClient, Sentinel } from "../src/index.ts"
import { text } from "../src/internal/subscriptions/formats.ts"
import { Hub } from "../src/internal/subscriptions/hub.ts"
import type { Gap, Message, Misfit, Subscribed, Undecodable } from "../src/PubSub.ts"
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

/** A client of one server in memory, another client of it, and that server. */
const one = (options: RedisClient.Options = {}, deployment: Testing.Options = {}) =>
  Effect.gen(function*() {
    const control = yield* Testing.make({ replicas: 0, sentinels: 0, ...deployment })
    const make = (more: RedisClient.Options) =>
      RedisClient.make({ address, ...more }).pipe(
        Effect.provideService(Connector.Connector, control.network.dialer("c"))
      )
    const admin = yield* RedisClient.make({ address }).pipe(
      Effect.provideService(Connector.Connector, control.network.dialer("admin"))
    )
    const redis = yield* make(options)
    const node = control.node(address)
    const receivers = (channel: string): number => node.publish(channel, "")
    /** How many connections subscribe, as the server says. */
    const connections = Effect.map(whileTimePasses(admin.clientList({ type: "pubsub" })), (list) => list.length)
    return { control, redis, make, admin, node, receivers, connections }
  })

type Item = Message<string | Uint8Array, unknown> | Undecodable | Misfit | Gap | Subscribed

const shown = (item: Item): string => {
  switch (item._tag) {
    case "Gap":
      return item.missed === undefined ? `gap ${item.reason}` : `gap ${item.reason} ${item.missed}`
    case "Subscribed":
      return `subscribed ${item.address} ${item.epoch}`
    case "Message":
      return `${String(item.channel)} ${item.pattern === undefined ? "" : `(${String(item.pattern)}) `}${
        typeof item.payload === "string" ? item.payload : JSON.stringify(item.payload)
      }`
    default:
      return `${item._tag} ${Buffer.from(item.channel).toString()} ${Buffer.from(item.payload).toString("hex")}`
  }
}

/** Collects what a Stream gives, in a fiber of the test's own. Empty messages only ask for the number of receivers. */
const collected = (stream: Stream.Stream<Item, Errors.RedisError>) =>
  Effect.gen(function*() {
    const items: Array<string> = []
    const fiber = yield* Effect.forkScoped(
      Stream.runForEach(stream, (item) =>
        Effect.sync(() => {
          if (item._tag !== "Message" || item.payload !== "") items.push(shown(item))
        })),
      { startImmediately: true }
    )
    return { items, fiber }
  })

describe("subscription", () => {
  for (const protocol of [2, 3] as const) {
    it.effect(`returns once the server has acknowledged it: what is published then is in the Stream (RESP${protocol})`, () =>
      Effect.gen(function*() {
        const { admin, node, redis } = yield* one({ protocol }, { latency: "10 millis" })
        const stream = yield* whileTimePasses(
          redis.subscription({ channels: ["a", "b"], patterns: ["p*"], shards: ["s"] })
        )
        // No time passes.
        assert.strictEqual(node.publish("a", "1"), 1)
        assert.strictEqual(yield* whileTimePasses(admin.publish("p1", "2")), 1)
        assert.strictEqual(yield* whileTimePasses(admin.spublish("s", "3")), 1)
        yield* TestClock.adjust("1 minute")
        const items = yield* Stream.runCollect(Stream.take(stream, 3))
        assert.deepStrictEqual(items.map(shown), ["a 1", "p1 (p*) 2", "s 3"])
      }))

    it.effect(`all subscriptions of a client share one connection, and each name is requested once (RESP${protocol})`, () =>
      Effect.gen(function*() {
        const { admin, connections, control, redis } = yield* one({ protocol })
        const scopes: Array<Scope.Closeable> = []
        for (let i = 0; i < 30; i++) {
          const scope = yield* Scope.make()
          yield* whileTimePasses(Effect.asVoid(redis.subscription({ channels: [`c${i % 10}`], patterns: ["p*"] })))
            .pipe(
              Scope.provide(scope)
            )
          scopes.push(scope)
        }
        assert.strictEqual(yield* connections, 1)
        const [client] = yield* whileTimePasses(admin.clientList({ type: "pubsub" }))
        assert.deepStrictEqual([client!.sub, client!.psub], [10, 1])
        assert.strictEqual(control.node(address).publish("c1", ""), 1)
        // Two of three subscribers of each name leave.
        for (const scope of scopes.slice(0, 20)) yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(
          (yield* whileTimePasses(admin.pubsubNumsub(...Array.from({ length: 10 }, (_, i) => `c${i}`)))).map((c) =>
            c.subscribers
          ),
          Array.from({ length: 10 }, () => 1)
        )
        for (const scope of scopes.slice(20, 25)) yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* whileTimePasses(admin.pubsubChannels())).length, 5)
        assert.strictEqual(yield* whileTimePasses(admin.pubsubNumpat()), 1)
        for (const scope of scopes.slice(25)) yield* Scope.close(scope, Exit.void)
        assert.strictEqual(yield* connections, 0)
        assert.strictEqual(control.network.connections(address, "c"), 0)
      }))
  }

  it.effect("a name that is live is joined at once, without a request", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      yield* whileTimePasses(Effect.asVoid(redis.subscription({ channels: ["a"] })))
      yield* control.hang(address)
      // No time passes.
      const stream = yield* redis.subscription({ channels: ["a"] })
      yield* control.resume(address)
      control.node(address).publish("a", "1")
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual((yield* Stream.runCollect(Stream.take(stream, 1))).map(shown), ["a 1"])
    }))

  it.effect("a name that is given up and asked for again at once is subscribed to", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({}, { latency: "20 millis" })
      yield* whileTimePasses(Effect.asVoid(redis.subscription({ channels: ["other"] })))
      for (let i = 0; i < 5; i++) {
        const scope = yield* Scope.make()
        const first = yield* Effect.forkScoped(redis.subscription({ channels: ["a"] }).pipe(Scope.provide(scope)), {
          startImmediately: true
        })
        yield* TestClock.adjust(`${i * 10} millis`)
        yield* Fiber.interrupt(first)
        yield* Scope.close(scope, Exit.void)
        const out = yield* Scope.make()
        const stream = yield* whileTimePasses(redis.subscription({ channels: ["a"] })).pipe(Scope.provide(out))
        assert.strictEqual(control.node(address).publish("a", `${i}`), 1)
        yield* TestClock.adjust("40 millis")
        assert.deepStrictEqual((yield* Stream.runCollect(Stream.take(stream, 1))).map(shown), [`a ${i}`])
        yield* Scope.close(out, Exit.void)
      }
    }))

  it.effect("a message that was under way before the acknowledgement belongs to nobody", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one({}, { latency: "20 millis" })
      yield* whileTimePasses(Effect.asVoid(redis.subscription({ channels: ["other"] })))
      const scope = yield* Scope.make()
      yield* whileTimePasses(Effect.asVoid(redis.subscription({ channels: ["a"] }))).pipe(Scope.provide(scope))
      control.node(address).publish("a", "early")
      yield* Scope.close(scope, Exit.void)
      const { items } = yield* collected(redis.subscribe({ channels: ["a"] }))
      yield* TestClock.adjust("100 millis")
      control.node(address).publish("a", "late")
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(items, ["a late"])
    }))

  it.effect("a channel and the patterns that match it each give the message", () =>
    Effect.gen(function*() {
      const { node, redis } = yield* one()
      const both = yield* collected(
        yield* whileTimePasses(redis.subscription({ channels: ["abc"], patterns: ["a*", "*c", "x"] }))
      )
      const pattern = yield* collected(yield* whileTimePasses(redis.subscription({ patterns: ["a*"] })))
      node.publish("abc", "1")
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(both.items.toSorted(), ["abc (*c) 1", "abc (a*) 1", "abc 1"])
      assert.deepStrictEqual(pattern.items, ["abc (a*) 1"])
    }))

  it.effect("a name that is asked for twice counts once, and thousands of names take part", () =>
    Effect.gen(function*() {
      const { node, redis } = yield* one()
      const names = Array.from({ length: 2500 }, (_, i) => `channel ${i}`)
      const { items } = yield* collected(
        yield* whileTimePasses(
          redis.subscription({ channels: [...names, ...names, new TextEncoder().encode(names[7]!)] })
        )
      )
      for (const name of names) assert.strictEqual(node.publish(name, "1"), 1)
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(items, names.map((name) => `${name} 1`))
    }))

  it.effect("interrupted at any moment, it leaves nothing", () =>
    Effect.gen(function*() {
      for (const others of [false, true]) {
        for (let wait = 0; wait <= 80; wait += 5) {
          const scope = yield* Scope.make()
          const { control, receivers, redis } = yield* one({}, { latency: "10 millis" }).pipe(Scope.provide(scope))
          if (others) {
            yield* whileTimePasses(Effect.asVoid(redis.subscription({ channels: ["b"] }))).pipe(Scope.provide(scope))
          }
          const before = control.network.connections(address, "c")
          const out = yield* Scope.make()
          const fiber = yield* Effect.forkScoped(redis.subscription({ channels: ["a"] }).pipe(Scope.provide(out)), {
            startImmediately: true
          })
          yield* TestClock.adjust(`${wait} millis`)
          yield* Fiber.interrupt(fiber)
          // It is gone before its Scope closes, unless it was there already.
          if (fiber.pollUnsafe()?._tag === "Success") yield* Scope.close(out, Exit.void)
          yield* TestClock.adjust("100 millis")
          assert.strictEqual(receivers("a"), 0, `after ${wait} ms`)
          assert.strictEqual(control.network.connections(address, "c"), before, `after ${wait} ms`)
          yield* Scope.close(out, Exit.void)
          yield* Scope.close(scope, Exit.void)
          assert.strictEqual(control.network.connections(), 0)
        }
      }
    }))

  it.effect("after its Scope has closed, the Stream ends, and what waited is forgotten", () =>
    Effect.gen(function*() {
      const { node, redis } = yield* one()
      const scope = yield* Scope.make()
      const stream = yield* whileTimePasses(redis.subscription({ channels: ["a"] })).pipe(Scope.provide(scope))
      node.publish("a", "1")
      yield* TestClock.adjust("10 millis")
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* Stream.runCollect(stream), [])
    }))

  it.effect("in a Scope that has closed, or of a client that has, it fails, and leaves nothing", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { control, redis } = yield* one().pipe(Scope.provide(scope))
      const closed = yield* Scope.make()
      yield* Scope.close(closed, Exit.void)
      const late = yield* Effect.exit(redis.subscription({ channels: ["a"] }).pipe(Scope.provide(closed)))
      assert.strictEqual(failureOf(late)._tag, "ClientClosed")
      assert.strictEqual(control.network.connections(address, "c"), 0)
      yield* Scope.close(scope, Exit.void)
      for (const whenFull of ["fail", "wait"] as const) {
        const exit = yield* Effect.exit(redis.subscription({ channels: ["a"] }, { whenFull }))
        assert.strictEqual(failureOf(exit)._tag, "ClientClosed")
      }
      assert.strictEqual(control.network.connections(), 0)
    }))
})

describe("a lost connection", () => {
  it.effect("each subscriber has one gap, exactly before its next message; new names join the new connection", () =>
    Effect.gen(function*() {
      const { connections, control, node, receivers, redis } = yield* one()
      const a = yield* collected(yield* whileTimePasses(redis.subscription({ channels: ["a"] })))
      const ab = yield* collected(yield* whileTimePasses(redis.subscription({ channels: ["a", "b"] })))
      node.publish("a", "1")
      node.publish("b", "1")
      yield* TestClock.adjust("10 millis")
      yield* control.refuse(address)
      yield* control.disconnect(address)
      yield* TestClock.adjust("1 second")
      const c = yield* Effect.forkScoped(redis.subscription({ channels: ["c"] }), { startImmediately: true })
      yield* TestClock.adjust("50 millis")
      yield* control.refuse(address, false)
      yield* until(() => receivers("a") === 1 && receivers("b") === 1 && receivers("c") === 1)
      node.publish("a", "2")
      node.publish("b", "2")
      node.publish("c", "2")
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(a.items, ["a 1", "gap lost", "a 2"])
      assert.deepStrictEqual(ab.items, ["a 1", "b 1", "gap lost", "a 2", "b 2"])
      const first = yield* Stream.runHead(
        Stream.filter(yield* Fiber.join(c), (item) => item._tag !== "Message" || item.payload !== "")
      )
      assert.strictEqual(first._tag === "Some" ? shown(first.value) : "", "c 2")
      assert.strictEqual(yield* connections, 1)
    }))

  it.effect("events tell each acknowledgement, with the address and the epoch, after the gap", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const redis = yield* sentinel.primaryFor(control.group).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const before = yield* control.primary
      const { items } = yield* collected(
        yield* whileTimePasses(redis.subscription({ channels: ["a"] }, { events: true }))
      )
      yield* TestClock.adjust("10 millis")
      yield* control.disconnect(before)
      yield* until(() => items.length === 3)
      yield* control.failover
      yield* until(() => items.length === 5)
      const after = yield* control.primary
      assert.notStrictEqual(after, before)
      const epochs = items.flatMap((item) => /subscribed \S+ (\d+)/.exec(item)?.[1] ?? []).map(Number)
      assert.isAbove(epochs[2]!, epochs[1]!)
      assert.deepStrictEqual(items.map((item) => item.replace(/ \d+$/, "")), [
        `subscribed ${before}`,
        "gap lost",
        `subscribed ${before}`,
        "gap moved",
        `subscribed ${after}`
      ])
      assert.strictEqual(control.node(after).publish("a", ""), 1)
      assert.strictEqual(control.node(before).publish("a", ""), 0)
    }))

  it.effect("a client of replicas subscribes at a replica", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const redis = yield* sentinel.replicaFor(control.group).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const primary = yield* control.primary
      const { items } = yield* collected(yield* whileTimePasses(redis.subscription({ channels: ["a"] })))
      const at = control.nodes.filter((node) => control.node(node).publish("a", "1") > 0)
      assert.strictEqual(at.length, 1)
      assert.notStrictEqual(at[0], primary)
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(items, ["a 1"])
    }))

  it.effect("the first attempts end with the schedule, and count from when a subscription was asked for", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* one()
      yield* control.refuse(address)
      const exit = yield* whileTimePasses(Effect.exit(redis.subscription({ channels: ["a"] })))
      assert.strictEqual(failureOf(exit)._tag, "ConnectFailed")
      yield* control.refuse(address, false)
      yield* whileTimePasses(Effect.asVoid(redis.subscription({ channels: ["a"] })))
      assert.strictEqual(control.node(address).publish("a", ""), 1)
    }))
})

/** A server that answers requests by a function of their words and of the number of the connection. */
const scripted = (
  protocol: 2 | 3,
  answer: (words: ReadonlyArray<string>, connection: number) => string | undefined
) => {
  let connections = 0
  const live = new Set<Connector.Handler>()
  const dial: Connector.Dial = () =>
    Effect.sync((): Connector.Transport => {
      const connection = ++connections
      let handler: Connector.Handler | undefined
      const parser = new Requests((args) => {
        const own = answer([args[0]!.toUpperCase(), ...args.slice(1)], connection)
        const text = own ?? (args[0]!.toUpperCase() === "HELLO" ? "%1\r\n+id\r\n:1\r\n" : "+OK\r\n")
        queueMicrotask(() => handler?.data(Buffer.from(text)))
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
  const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`
  return {
    dial,
    connections: () => connections,
    disconnect: () => {
      for (const handler of Array.from(live)) handler.closed(new Error("cut"))
    },
    push: (...words: ReadonlyArray<string | number>) =>
      `${protocol === 3 ? ">" : "*"}${words.length}\r\n` +
      words.map((word) => typeof word === "number" ? `:${word}\r\n` : bulk(word)).join("")
  }
}

describe("a server that is odd", () => {
  for (const protocol of [2, 3] as const) {
    it.effect(`messages before all kinds of names are acknowledged: a second gap after the last acknowledgement (RESP${protocol})`, () =>
      Effect.gen(function*() {
        const server = scripted(protocol, ([command, name], connection) => {
          const { push } = server
          if (command === "SUBSCRIBE") {
            return push("subscribe", name!, 1) + push("message", name!, `early ${connection}`)
          }
          if (command === "PSUBSCRIBE") {
            return push("psubscribe", name!, 2) + push("pmessage", name!, "px", `late ${connection}`)
          }
          return undefined
        })
        const redis = yield* RedisClient.make({ address, protocol }).pipe(
          Effect.provideService(Connector.Connector, server.dial)
        )
        const { items } = yield* collected(redis.subscribe({ channels: ["c"], patterns: ["p*"] }, { events: true }))
        yield* until(() => items.length === 3)
        server.disconnect()
        yield* until(() => items.length === 8)
        assert.deepStrictEqual(items, [
          "c early 1",
          `subscribed ${address} 0`,
          "px (p*) late 1",
          "gap lost",
          "c early 2",
          "gap lost",
          `subscribed ${address} 0`,
          "px (p*) late 2"
        ])
      }))

    it.effect(`an acknowledgement of another name ends the connection (RESP${protocol})`, () =>
      Effect.gen(function*() {
        const server = scripted(protocol, ([command, name], connection) =>
          command === "SUBSCRIBE" ? server.push("subscribe", connection < 3 ? `not ${name}` : name!, 1) : undefined)
        const redis = yield* RedisClient.make({ address, protocol }).pipe(
          Effect.provideService(Connector.Connector, server.dial)
        )
        const exit = yield* whileTimePasses(Effect.exit(redis.subscription({ channels: ["c"] })))
        assert.isTrue(Exit.isSuccess(exit) || failureOf(exit)._tag === "ProtocolError")
        assert.isAtLeast(server.connections(), 1)
      }))

    it.effect(`messages of names that nobody asked for are ignored (RESP${protocol})`, () =>
      Effect.gen(function*() {
        const server = scripted(protocol, ([command, name]) => {
          const { push } = server
          return command === "SUBSCRIBE"
            ? push("message", "other", "0") + push("subscribe", name!, 1) + push("message", "other", "1") +
              push("pmessage", "c", "c", "2") + push("smessage", "c", "3") + push("message", "c", "4") +
              push("message", "c")
            : undefined
        })
        const redis = yield* RedisClient.make({ address, protocol }).pipe(
          Effect.provideService(Connector.Connector, server.dial)
        )
        const { items } = yield* collected(redis.subscribe({ channels: ["c"] }))
        yield* until(() => items.length === 1)
        assert.deepStrictEqual(items, ["c 4"])
      }))
  }
})

describe("a refused name", () => {
  const limited = (rules: string) =>
    Effect.gen(function*() {
      const all = yield* one()
      const allow = (more: string) =>
        whileTimePasses(
          all.admin.send("ACL SETUSER", "limited", ...`on >secret ~* +@all resetchannels ${more}`.split(" "))
        )
      yield* allow(rules)
      const redis = yield* all.make({ username: "limited", password: Redacted.make("secret") })
      return { ...all, redis, allow }
    })

  it.effect("fails those that asked for it, and no others", () =>
    Effect.gen(function*() {
      const { connections, control, receivers, redis } = yield* limited("&ok*")
      const good = yield* collected(yield* whileTimePasses(redis.subscription({ channels: ["ok1"] })))
      const dials = control.network.dials(address)
      const bad = yield* whileTimePasses(
        Effect.exit(redis.subscription({ channels: ["ok2", "no", "ok1"], patterns: ["ok*"] }))
      )
      const error = failureOf(bad)
      assert.strictEqual(error._tag, "ReplyError")
      assert.strictEqual((error as Errors.ReplyError).code, "NOPERM")
      // What was acknowledged already is given up.
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual([receivers("ok1"), receivers("ok2")], [1, 0])
      assert.strictEqual(control.network.dials(address), dials)
      assert.strictEqual(yield* connections, 1)
      assert.isUndefined(good.fiber.pollUnsafe())
    }))

  it.effect("fails those that asked for it in one go with others, before there is a connection", () =>
    Effect.gen(function*() {
      const { connections, control, redis } = yield* limited("&ok*")
      yield* control.refuse(address)
      const ask = (...channels: Array<string>) =>
        Effect.forkScoped(Effect.exit(redis.subscription({ channels })), { startImmediately: true })
      const asked = [
        yield* ask("ok1", "no1"),
        yield* ask("ok1", "ok2"),
        yield* ask("no1"),
        yield* ask("ok3", "ok4", "ok5"),
        yield* ask("no2", "ok4")
      ]
      yield* TestClock.adjust("20 millis")
      yield* control.refuse(address, false)
      const exits = yield* whileTimePasses(Effect.forEach(asked, (fiber) => Fiber.join(fiber)))
      assert.deepStrictEqual(exits.map((exit) => exit._tag), ["Failure", "Success", "Failure", "Success", "Failure"])
      assert.deepStrictEqual(
        ["ok1", "ok2", "ok3", "ok4", "ok5", "no1"].map((channel) => control.node(address).publish(channel, "")),
        [1, 1, 1, 1, 1, 0]
      )
      assert.strictEqual(yield* connections, 1)
    }))

  it.effect("a single refused subscription leaves no connection", () =>
    Effect.gen(function*() {
      const { control, redis } = yield* limited("&ok*")
      const exit = yield* whileTimePasses(Effect.exit(redis.subscription({ patterns: ["*"] })))
      assert.strictEqual(failureOf(exit)._tag, "ReplyError")
      assert.strictEqual(control.network.connections(address, "c"), 0)
    }))

  it.effect("that was subscribed to before is asked for again until the user may; the others go on at once", () =>
    Effect.gen(function*() {
      const { allow, control, node, receivers, redis } = yield* limited("&a* &b*")
      const a = yield* collected(yield* whileTimePasses(redis.subscription({ channels: ["a"] })))
      const b = yield* collected(yield* whileTimePasses(redis.subscription({ channels: ["b"] })))
      const ab = yield* collected(
        yield* whileTimePasses(redis.subscription({ channels: ["a", "b"] }, { events: true }))
      )
      yield* allow("&a*")
      yield* control.disconnect(address)
      yield* until(() => receivers("a") === 1)
      node.publish("a", "1")
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual([a.items, b.items], [["gap lost", "a 1"], []])
      assert.deepStrictEqual(ab.items.slice(1), ["gap lost", "a 1"])
      yield* allow("&a* &b*")
      yield* until(() => receivers("b") === 1)
      node.publish("b", "2")
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(b.items, ["gap lost", "b 2"])
      assert.deepStrictEqual(ab.items.slice(3).map((item) => item.split(" ")[0]), ["gap", "subscribed", "b"])
    }))
})

describe("a reader that is too slow", () => {
  const filled = (whenFull: "drop-newest" | "drop-oldest" | "fail", count = 8) =>
    Effect.gen(function*() {
      const all = yield* one()
      const stream = yield* whileTimePasses(all.redis.subscription({ channels: ["a"] }, { capacity: 3, whenFull }))
      const other = yield* collected(yield* whileTimePasses(all.redis.subscription({ channels: ["a"] })))
      for (let i = 1; i <= count; i++) all.node.publish("a", `${i}`)
      yield* TestClock.adjust("10 millis")
      return { ...all, stream, other }
    })

  const dropped = Effect.map(Metric.value(Metrics.droppedMessages), (state) => state.count)

  it.effect("drop-newest: keeps what waits, and counts the rest in a gap after it", () =>
    Effect.gen(function*() {
      const before = yield* dropped
      const { node, other, stream } = yield* filled("drop-newest")
      const { items } = yield* collected(stream)
      yield* TestClock.adjust("10 millis")
      node.publish("a", "9")
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(items, ["a 1", "a 2", "a 3", "gap overflow 5", "a 9"])
      assert.strictEqual(other.items.length, 9)
      assert.strictEqual((yield* dropped) - before, 5)
    }))

  it.effect("drop-oldest: keeps the newest, and counts the rest in a gap before them", () =>
    Effect.gen(function*() {
      const before = yield* dropped
      const { node, other, stream } = yield* filled("drop-oldest")
      const { items } = yield* collected(stream)
      yield* TestClock.adjust("10 millis")
      node.publish("a", "9")
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(items, ["gap overflow 5", "a 6", "a 7", "a 8", "a 9"])
      assert.strictEqual(other.items.length, 9)
      assert.strictEqual((yield* dropped) - before, 5)
    }))

  it.effect("drop-oldest: a gap and an event are not dropped with the messages around them", () =>
    Effect.gen(function*() {
      const { control, node, receivers, redis } = yield* one()
      const stream = yield* whileTimePasses(
        redis.subscription({ channels: ["a"] }, { capacity: 2, whenFull: "drop-oldest", events: true })
      )
      node.publish("a", "1")
      yield* TestClock.adjust("10 millis")
      yield* control.disconnect(address)
      yield* until(() => receivers("a") === 1)
      for (let i = 2; i <= 5; i++) node.publish("a", `${i}`)
      yield* TestClock.adjust("10 millis")
      const items = (yield* Stream.runCollect(Stream.take(stream, 5))).map(shown)
      assert.deepStrictEqual(items.slice(0, 2).map((item) => item.split(" ").slice(0, 2).join(" ")), [
        "gap overflow",
        "gap lost"
      ])
      assert.deepStrictEqual(items.slice(2), [`subscribed ${address} 0`, "a 4", "a 5"])
    }))

  it.effect("fail: gives what waits, and fails; its channels are given up", () =>
    Effect.gen(function*() {
      const { control, other, receivers, redis, stream } = yield* filled("fail")
      const items: Array<string> = []
      const exit = yield* Effect.exit(
        Stream.runForEach(stream, (item) => Effect.sync(() => void items.push(shown(item))))
      )
      const error = failureOf(exit)
      assert.deepInclude(error, { _tag: "SubscriptionOverflow", target: address, capacity: 3 })
      assert.deepStrictEqual(items, ["a 1", "a 2", "a 3"])
      assert.strictEqual(other.items.length, 8)
      yield* Fiber.interrupt(other.fiber)
      assert.strictEqual(receivers("a"), 1)
      // The other one still has its Scope.
      const again = yield* redis.subscription({ channels: ["a"] }, { whenFull: "fail" })
      control.node(address).publish("a", "again")
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual((yield* Stream.runCollect(Stream.take(again, 1))).length, 1)
    }))

  it.effect("wait: messages wait at the server, on a connection of their own; none is lost, and no other one waits", () =>
    Effect.gen(function*() {
      const { connections, control, node, redis } = yield* one({ pingInterval: "1 second", stallTimeout: "2 seconds" })
      const slow = yield* whileTimePasses(redis.subscription({ channels: ["a"] }, { capacity: 3, whenFull: "wait" }))
      const other = yield* collected(yield* whileTimePasses(redis.subscription({ channels: ["a"] })))
      assert.strictEqual(yield* connections, 2)
      const dials = control.network.dials(address)
      for (let i = 1; i <= 100; i++) {
        node.publish("a", `${i}`)
        yield* TestClock.adjust("1 millis")
      }
      assert.strictEqual(other.items.length, 100)
      // A server whose connection is not read is not dead.
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(control.network.dials(address), dials)
      const { items } = yield* collected(slow)
      yield* TestClock.adjust("10 millis")
      node.publish("a", "101")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(items, Array.from({ length: 101 }, (_, i) => `a ${i + 1}`))
      assert.strictEqual(control.network.dials(address), dials)
    }))

  it.effect("wait: few messages beyond the capacity are kept by the client", () =>
    Effect.gen(function*() {
      const { node, redis } = yield* one()
      const slow = yield* whileTimePasses(redis.subscription({ channels: ["a"] }, { capacity: 3, whenFull: "wait" }))
      const payload = "x".repeat(1000)
      for (let i = 0; i < 1000; i++) {
        node.publish("a", payload)
        yield* Effect.yieldNow
      }
      let largest = 0
      yield* Effect.forkScoped(
        Stream.runForEachArray(slow, (items) =>
          Effect.sync(() => {
            largest = Math.max(largest, items.length)
          })),
        { startImmediately: true }
      )
      yield* TestClock.adjust("1 second")
      assert.isBelow(largest, 20)
    }))

  it.effect("wait: a connection that the server has closed is noticed while nothing is read, and leaves a gap", () =>
    Effect.gen(function*() {
      const { admin, control, node, receivers, redis } = yield* one({
        pingInterval: "1 second",
        stallTimeout: "2 seconds"
      })
      const slow = yield* whileTimePasses(redis.subscription({ channels: ["a"] }, { capacity: 3, whenFull: "wait" }))
      for (let i = 1; i <= 10; i++) {
        node.publish("a", `${i}`)
        yield* TestClock.adjust("1 millis")
      }
      // As client-output-buffer-limit does.
      yield* whileTimePasses(admin.clientKill({ type: "pubsub" }))
      yield* until(() => receivers("a") === 1)
      assert.isAtLeast(control.network.dials(address), 3)
      node.publish("a", "11")
      yield* TestClock.adjust("10 millis")
      const { items } = yield* collected(slow)
      yield* TestClock.adjust("1 minute")
      const gap = items.indexOf("gap lost")
      assert.isAtLeast(gap, 3)
      assert.deepStrictEqual(items.slice(0, gap), Array.from({ length: gap }, (_, i) => `a ${i + 1}`))
      assert.deepStrictEqual(items.slice(gap + 1), ["a 11"])
    }))

  it.effect("wait: a server that hangs is noticed once the reader reads", () =>
    Effect.gen(function*() {
      const { control, node, receivers, redis } = yield* one({ pingInterval: "1 second", stallTimeout: "2 seconds" })
      const slow = yield* whileTimePasses(redis.subscription({ channels: ["a"] }, { capacity: 3, whenFull: "wait" }))
      for (let i = 1; i <= 10; i++) {
        node.publish("a", `${i}`)
        yield* TestClock.adjust("1 millis")
      }
      yield* control.silence(address)
      const { items } = yield* collected(slow)
      yield* until(() => receivers("a") > 1)
      node.publish("a", "11")
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(items.filter((item) => item !== "a 11").at(-1), "gap lost")
      assert.strictEqual(items.at(-1), "a 11")
    }))
})

describe("a subscription that fails among many", () => {
  it.effect("looks at no other one", () =>
    Effect.gen(function*() {
      const hub = new Hub({
        label: "a",
        services: yield* Effect.context<never>(),
        commandTimeout: 5000,
        session: () => Effect.never,
        untilClosed: (effect) => effect
      })
      let looks = 0
      const join = (channel: string) =>
        hub.join(
          [{ kind: "channel", bytes: Buffer.from(channel) }],
          { capacity: 1, whenFull: "fail", events: false },
          text
        )
      const subscribers = Array.from({ length: 1000 }, (_, i) => {
        const subscriber = join(`c${i}`)
        const { inbox } = subscriber
        Object.defineProperty(subscriber, "inbox", { get: () => (looks++, inbox) })
        return { inbox, subscriber }
      })
      for (const { inbox } of subscribers.slice(400, 600)) hub.onFailed(inbox)
      assert.isAtMost(looks, 4 * 200)
      for (const { subscriber } of subscribers) hub.leave(subscriber)
      assert.isTrue(hub.isRetired)
    }))
})

describe("a channel with a schema", () => {
  class News extends Schema.Class<News>("News")({ title: Schema.String, at: Schema.DateTimeUtc }) {}
  const news = Channel.make({ name: "news", schema: News })
  const item = () => new News({ title: "Grüße", at: DateTime.makeUnsafe("2026-01-02T03:04:05.000Z") })

  it.effect("publishes encoded values and gives decoded ones", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const stream = yield* whileTimePasses(redis.subscription(news))
      const value = item()
      assert.strictEqual(yield* whileTimePasses(redis.run(news.publish(value))), 1)
      const [message] = yield* Stream.runCollect(Stream.take(stream, 1))
      assert.isTrue(message!._tag === "Message" && message!.payload instanceof News)
      assert.deepStrictEqual((message as Message<string, News>).payload, value)
      assert.strictEqual((message as Message<string, News>).channel, "news")
    }))

  it.effect("patterns and shard channels, with another codec", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const numbers = { codec: Codec.string(Schema.NumberFromString) }
      const all = Channel.pattern({ name: "price:*", ...numbers })
      const shard = Channel.shard({ name: "price", ...numbers })
      const a = yield* collected(yield* whileTimePasses(redis.subscription(all)))
      const b = yield* collected(yield* whileTimePasses(redis.subscription(shard)))
      assert.deepStrictEqual(
        yield* whileTimePasses(redis.pipeline([all.publish("price:1", 1.5), shard.publish(2)])),
        [1, 1]
      )
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual([a.items, b.items], [["price:1 (price:*) 1.5"], ["price 2"]])
    }))

  it.effect("what does not fit is an item with its bytes, or a failure after what came before", () =>
    Effect.gen(function*() {
      const { node, receivers, redis } = yield* one()
      const tolerant = yield* collected(yield* whileTimePasses(redis.subscription(news)))
      const strict = yield* whileTimePasses(redis.subscription(news, { whenMisfit: "fail" }))
      node.publish("news", JSON.stringify({ title: "1", at: "2026-01-02T03:04:05.000Z" }))
      node.publish("news", JSON.stringify({ title: 5, secret: "hunter2" }))
      node.publish("news", JSON.stringify({ title: "3", at: "2026-01-02T03:04:05.000Z" }))
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(tolerant.items.map((item) => item.split(" ")[0]), ["news", "Misfit", "news"])
      assert.include(Buffer.from(tolerant.items[1]!.split(" ")[2]!, "hex").toString(), "hunter2")
      const seen: Array<string> = []
      const exit = yield* Effect.exit(Stream.runForEach(strict, (item) => Effect.sync(() => void seen.push(item._tag))))
      const error = failureOf(exit)
      assert.strictEqual(error._tag, "ValueMismatch")
      assert.notInclude(JSON.stringify(error) + error.message, "hunter2")
      assert.include(error.message, "title")
      assert.deepStrictEqual(seen, ["Message"])
      // It has given up its name; the other one has not.
      assert.strictEqual(receivers("news"), 1)
    }))

  it.effect("a codec that throws is a misfit of one message, and ends nothing", () =>
    Effect.gen(function*() {
      const { node, redis } = yield* one()
      const channel = Channel.make<string>({
        name: "c",
        codec: {
          encode: (text) => text,
          decode: (bytes) => {
            const text = Buffer.from(bytes).toString()
            if (text === "bad") throw new Error(`secret ${text}`)
            return text
          }
        }
      })
      const { items } = yield* collected(yield* whileTimePasses(redis.subscription(channel)))
      for (const text of ["1", "bad", "2"]) node.publish("c", text)
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(items, ["c 1", `Misfit c ${Buffer.from("bad").toString("hex")}`, "c 2"])
    }))

  it("refuses what is no channel and no value", () => {
    const refused = (make: () => unknown): string => {
      try {
        make()
        return "made"
      } catch (error) {
        return error instanceof Errors.InvalidCommand ? error.detail : String(error)
      }
    }
    const codec = Codec.string(Schema.String)
    assert.match(refused(() => Channel.make({ name: 1 as never, codec })), /^name: expected a name/)
    assert.match(refused(() => Channel.make({ name: "a" } as never)), /^schema and codec: /)
    assert.match(
      refused(() => Channel.make({ name: "a", codec, schema: Schema.String } as never)),
      /^schema and codec: /
    )
    assert.match(refused(() => Channel.make({ name: "a", codec: {} } as never)), /^codec\.encode: expected a function/)
    assert.match(refused(() => Channel.pattern({ name: "a", codec, more: 1 } as never)), /^more: unknown option/)
    assert.match(refused(() => Channel.shard(undefined as never)), /^options: expected an object/)
    assert.match(refused(() => news.publish({ title: "hunter2" } as never)), /^value: /)
    assert.notInclude(refused(() => news.publish({ title: "hunter2" } as never)), "hunter2")
  })

  it.effect("has no messages as bytes, and options of its own", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const detail = (exit: Exit.Exit<unknown, Errors.RedisError>): string => {
        const error = failureOf(exit)
        return error._tag === "InvalidCommand" ? error.detail : error._tag
      }
      const run = (effect: Effect.Effect<unknown, Errors.RedisError, Scope.Scope>) =>
        Effect.map(Effect.exit(Effect.scoped(effect)), detail)
      assert.include(yield* run(redis.bytes.subscription(news as never)), "a channel with a schema gives values")
      assert.include(
        yield* run(redis.subscription({ channels: ["a"] }, { whenMisfit: "item" } as never)),
        "whenMisfit: unknown option"
      )
      assert.include(yield* run(redis.subscription(news, { whenMisfit: "drop" as never })), "whenMisfit: expected")
      assert.include(
        yield* run(redis.subscription({ channels: ["a"], channel: "b" } as never)),
        "channel: unknown option"
      )
      assert.include(yield* run(redis.subscription({ ...news } as never)), "unknown option")
      assert.include(
        yield* run(redis.subscription({ channels: ["a"] }, { whenFull: "drop" as never })),
        "whenFull: expected"
      )
    }))
})
