/** The test kit itself: what goes wrong when it is told to, and what comes of it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Net from "node:net"
import { Command, commands, Connector, type Errors, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"
import type { Seen } from "./conformance/differences.ts"
import { Talk } from "./conformance/wire.ts"
import { failureOf } from "./support/exit.ts"
import { callOf, samples, sentinelSamples } from "./support/samples/index.ts"

const [first, second, third] = ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"] as const

const live = (deployment: Testing.Options = {}, node: Sentinel.NodeOptions = {}) =>
  RedisClient.layerPrimary("mymaster").pipe(
    Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379"], node })),
    Layer.provideMerge(Testing.layer(deployment))
  )

/** A client of one node, whatever its role. */
const clientOf = (control: Testing.Control, address: string, options: RedisClient.Options = {}) =>
  RedisClient.make({ ...options, address }).pipe(
    Effect.provideService(Connector.Connector, control.network.dialer("tester"))
  )

describe("a server that is asked for too much", () => {
  it.effect("refuses it, and goes on", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const messageOf = (name: string, ...args: Array<Command.Arg>) =>
        Effect.map(Effect.exit(redis.send(name, ...args)), (exit) => failureOf(exit).message)
      yield* redis.sadd("s", "a")
      yield* redis.hset("h", { a: "1" })
      yield* redis.zadd("z", [{ member: "a", score: 1 }])
      yield* redis.send("VADD", "v", "VALUES", 2, 1, 1, "a")
      for (
        const [name, key] of [["SRANDMEMBER", "s"], ["HRANDFIELD", "h"], ["ZRANDMEMBER", "z"], ["VRANDMEMBER", "v"]]
      ) {
        assert.include(yield* messageOf(name!, key!, -1_000_000_000), "at most 1000000 elements")
        assert.lengthOf((yield* redis.send(name!, key!, -1000)) as Array<unknown>, 1000)
      }
      assert.include(yield* messageOf("VSIM", "v", "ELE", "a", "FILTER", "!".repeat(100_000)), "FILTER")
      yield* redis.send("ARSET", "ar", 0, "a".repeat(40))
      for (const pattern of ["(a+)+$b", "(a|a)*b", "(?:a|aa)+b", "a?".repeat(40) + "b", "a*".repeat(40) + "b"]) {
        assert.include(yield* messageOf("ARGREP", "ar", "-", "+", "RE", pattern), "takes too long", pattern)
      }
      for (const pattern of ["^a+$", "(?:aa)+", "^(a|b)", "a*b*"]) {
        assert.deepStrictEqual(yield* redis.send("ARGREP", "ar", "-", "+", "RE", pattern), [0], pattern)
      }
    }).pipe(Effect.provide(live())))

  it.effect("repeats long arguments in its errors, as servers do, and the connection stays", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const id = yield* redis.send("CLIENT ID")
      const exit = yield* Effect.exit(redis.send("ACL", "SETUSER", "u", "(".repeat(100_000)))
      assert.strictEqual(failureOf(exit)._tag, "ReplyError")
      assert.strictEqual(yield* redis.send("CLIENT ID"), id)
    }).pipe(Effect.provide(live())))
})

describe("replication", () => {
  it.effect("takes time, and writes in transit are lost with the primary", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      assert.isUndefined(control.node(second).peek("a"))
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(control.node(second).peek("a"), "1")
      yield* redis.set("b", "2")
      yield* control.kill(first)
      yield* TestClock.adjust("5 seconds")
      // It was acknowledged, and it is gone.
      assert.strictEqual(yield* redis.get("a"), "1")
      assert.isNull(yield* redis.get("b"))
    }).pipe(Effect.provide(live({ lag: "100 millis" }))))

  it.effect("a replica receives what it missed; a replica with another history receives everything", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      const replica = control.node(second)
      const before = { ...replica.resyncs }
      yield* control.kill(second)
      yield* redis.set("a", "2")
      yield* control.restart(second)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(replica.peek("a"), "2")
      assert.deepStrictEqual(replica.resyncs, { full: before.full, partial: before.partial + 1 })

      // The old primary wrote what nobody else has.
      yield* control.partition(first, second)
      yield* control.partition(first, third)
      for (const sentinel of control.sentinels) yield* control.partition(first, sentinel)
      const old = yield* clientOf(control, first)
      yield* old.set("alone", "yes")
      yield* TestClock.adjust("5 seconds")
      yield* control.heal()
      yield* TestClock.adjust("30 seconds")
      assert.isFalse(control.node(first).isPrimary)
      assert.isUndefined(control.node(first).peek("alone"))
      assert.strictEqual(control.node(first).resyncs.full, 1)
    }).pipe(Effect.provide(live())))

  it.effect("random choices, expiries and transactions have the same effect on the replica", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.sadd("s", ...Array.from({ length: 50 }, (_, i) => `m${i}`))
      yield* redis.spopCount("s", 20)
      yield* redis.set("soon", "gone", { ttl: "1 second" })
      yield* redis.transaction([commands.incrbyfloat("f", 0.1), commands.rpush("l", "a", "b"), commands.lpop("l")])
      yield* TestClock.adjust("1 second")
      const replica = yield* clientOf(control, second)
      assert.deepStrictEqual((yield* replica.smembers("s")).toSorted(), (yield* redis.smembers("s")).toSorted())
      assert.isNull(yield* replica.get("soon"))
      assert.strictEqual(yield* replica.get("f"), "0.1")
      assert.deepStrictEqual(yield* replica.lrange("l", 0, -1), ["b"])
    }).pipe(Effect.provide(live())))

  it.effect("WAIT counts the replicas that have the writes within its time", () =>
    Effect.scoped(Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      const reserved = yield* redis.reserve
      yield* reserved.set("a", "1")
      const wait = yield* Effect.forkChild(reserved.wait(2, "1 second"))
      yield* TestClock.adjust("60 millis")
      assert.strictEqual(yield* Fiber.join(wait), 2)
      yield* control.hang(second)
      yield* reserved.set("a", "2")
      const short = yield* Effect.forkChild(reserved.wait(2, "500 millis"))
      yield* TestClock.adjust("499 millis")
      assert.isUndefined(short.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(short), 1)
    })).pipe(Effect.provide(live({ lag: "50 millis" }))))
})

describe("sentinels", () => {
  it.effect("refuse a planned failover while one is in progress, and take the next one after that", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      yield* TestClock.adjust("1 second")
      for (let i = 0; i < 4; i++) {
        const before = yield* control.primary
        assert.isTrue(yield* control.failover)
        yield* TestClock.adjust("1500 millis")
        assert.notStrictEqual(yield* control.primary, before)
        assert.isFalse(yield* control.failover)
        assert.isFalse(yield* control.coordinatedFailover)
        yield* TestClock.adjust("1 second")
      }
    }))

  it.effect("know one another again soon after one starts over, also where the others rest", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const areAtRest = (): boolean => control.sentinels.every((address) => control.sentinel(address).atRest)
      yield* TestClock.adjust("1 minute")
      assert.isTrue(areAtRest())
      const address = control.sentinels[2]!
      const events: Array<string> = []
      control.sentinel(address).onEvent = (name) => void events.push(name)
      yield* control.reset(address)
      // Each says hello every two seconds.
      yield* TestClock.adjust("4 seconds")
      assert.lengthOf(events.filter((name) => name === "+sentinel"), 2)
      yield* TestClock.adjust("20 seconds")
      assert.isTrue(areAtRest())
    }).pipe(Effect.provide(live())))

  it.effect("report a failover as real sentinels do", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const events: Array<readonly [at: number, sentinel: string, name: string]> = []
      const begin = yield* Effect.clockWith((clock) => Effect.succeed(clock.currentTimeMillisUnsafe()))
      for (const address of control.sentinels) {
        const sentinel = control.sentinel(address)
        sentinel.onEvent = (name) => void events.push([sentinel.time.now() - begin, address, name])
      }
      yield* control.failover
      yield* TestClock.adjust("15 seconds")
      const at = (name: string): number => events.find((e) => e[2] === name)![0]
      const leader = events.find((e) => e[2] === "+elected-leader")![1]
      const order = ["+try-failover", "+elected-leader", "+selected-slave", "+promoted-slave", "+switch-master"]
      assert.deepStrictEqual(order.toSorted((a, b) => at(a) - at(b)), order)
      assert.isTrue(at("+promoted-slave") > 800 && at("+promoted-slave") < 1500)
      assert.isTrue(at("+failover-end") > 1800 && at("+failover-end") < 2800)
      // The others hear of it before the leader itself is done.
      const switches = events.filter((e) => e[2] === "+switch-master")
      assert.strictEqual(switches.length, 3)
      assert.strictEqual(switches[2]![1], leader)
      assert.isTrue(at("+convert-to-slave") > 8000 && at("+convert-to-slave") < 13_000)
      assert.isFalse(control.node(first).isPrimary)
    }))

  it.effect("publish events on Pub/Sub", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make({ tcp: false })
      const heard: Array<string> = []
      const transport = yield* control.network.dial({ address: { host: "10.0.1.1", port: 26379 } })
      transport.start({
        data: (chunk) => void heard.push(Buffer.from(chunk).toString()),
        drain: () => {},
        closed: () => {}
      })
      transport.write(["PSUBSCRIBE *\r\n"], true)
      yield* control.kill(first)
      yield* TestClock.adjust("5 seconds")
      const text = heard.join("")
      assert.include(text, "+sdown")
      assert.match(text, /\+switch-master\r\n\$\d+\r\nmymaster 10\.0\.0\.1 6379 10\.0\.0\.[23] 6379/)
      transport.destroy()
    }))

  it.effect("without a majority no replica is promoted; with a majority again, one is", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      yield* control.kill("10.0.1.1:26379")
      yield* control.kill("10.0.1.2:26379")
      yield* control.kill(first)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* control.primary, first)
      yield* control.restart("10.0.1.1:26379")
      yield* TestClock.adjust("1 minute")
      assert.notStrictEqual(yield* control.primary, first)
    }))

  it.effect("a primary that restarts empty at once deletes the data of its replicas", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a", "1")
      yield* control.kill(first)
      yield* control.restart(first, { keepData: false })
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* control.primary, first)
      assert.isUndefined(control.node(second).peek("a"))
    }).pipe(Effect.provide(live())))
})

describe("faults", () => {
  it.effect("a partition holds bytes back, and delivers them afterwards", () =>
    Effect.gen(function*() {
      const control = yield* Testing.Deployment
      const redis = yield* RedisClient.RedisClient
      yield* redis.ping()
      yield* control.partition("client", first)
      const held = yield* Effect.forkChild(redis.set("a", "1"))
      yield* TestClock.adjust("1 second")
      assert.isUndefined(control.node(first).peek("a"))
      yield* control.heal("client", first)
      assert.strictEqual(yield* Fiber.join(held), "OK")
      // In one direction only: it arrives, but nobody hears of it.
      yield* control.partition(first, "client", "one-way")
      const unheard = yield* Effect.forkChild(redis.set("b", "2"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(control.node(first).peek("b"), "2")
      assert.isUndefined(unheard.pollUnsafe())
      yield* control.heal()
      assert.strictEqual(yield* Fiber.join(unheard), "OK")
    }).pipe(Effect.provide(live({}, { stallTimeout: "1 minute" }))))

  it.effect("refused connections, slow ones and slow servers", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      yield* control.refuse(first)
      const refused = yield* clientOf(control, first, { schedule: Schedule.recurs(0) })
      assert.strictEqual(failureOf(yield* Effect.exit(refused.ping()))._tag, "ConnectFailed")
      yield* control.refuse(first, false)
      const redis = yield* clientOf(control, first)
      yield* redis.ping()
      yield* control.slow(first, { latency: "100 millis" })
      const slow = yield* Effect.forkChild(redis.ping())
      yield* TestClock.adjust("199 millis")
      assert.isUndefined(slow.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(slow)
      yield* control.slow(first, { latency: "0 millis", requestTime: "50 millis" })
      const three = yield* Effect.forkChild(redis.pipeline([commands.ping(), commands.ping(), commands.ping()]))
      yield* TestClock.adjust("149 millis")
      assert.isUndefined(three.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(three)
    }))

  it.effect("a server that sends a byte now and then", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const redis = yield* clientOf(control, first)
      yield* redis.ping()
      yield* control.slow(first, { byteTime: "10 millis" })
      // +PONG twice, with their ends: 14 bytes.
      const two = yield* Effect.forkChild(redis.pipeline([commands.ping(), commands.ping()]))
      yield* TestClock.adjust("139 millis")
      assert.isUndefined(two.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.join(two), ["PONG", "PONG"])
      const rest = yield* Effect.forkChild(redis.ping())
      yield* TestClock.adjust("20 millis")
      assert.isUndefined(rest.pollUnsafe())
      yield* control.slow(first, { byteTime: "0 millis" })
      assert.strictEqual(yield* Fiber.join(rest), "PONG")
      assert.strictEqual(yield* redis.ping(), "PONG")
    }))

  it.effect("silenced connections carry nothing, and new ones do", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const redis = yield* clientOf(control, first, { stallTimeout: "1 second" })
      yield* redis.set("a", "1")
      yield* control.silence(first)
      const unheard = yield* Effect.forkChild(Effect.exit(redis.incr("a")))
      yield* TestClock.adjust("990 millis")
      assert.isUndefined(unheard.pollUnsafe())
      yield* TestClock.adjust("20 millis")
      assert.strictEqual(failureOf(yield* Fiber.join(unheard))._tag, "AmbiguousOutcome")
      assert.strictEqual(yield* redis.get("a"), "1")
      assert.strictEqual(control.network.connections(first), 1)
    }))

  it.effect("a changed byte is a protocol error, and the connection is replaced", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const redis = yield* clientOf(control, first)
      yield* redis.ping()
      yield* control.corrupt({ address: first, direction: "reply", after: 0 })
      const error = failureOf(yield* Effect.exit(redis.set("a", "1")))
      assert.strictEqual(error._tag, "AmbiguousOutcome")
      if (error._tag === "AmbiguousOutcome") {
        assert.strictEqual((error.cause as Errors.RedisError)._tag, "ProtocolError")
      }
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* redis.get("a"), "1")
    }))

  it.effect("a full disk and a full memory refuse writes, and loading refuses everything", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const redis = yield* clientOf(control, first)
      const codeOf = (effect: Effect.Effect<unknown, Errors.RedisError>) =>
        Effect.map(Effect.flip(effect), (error) => error._tag === "ReplyError" ? error.code : error._tag)
      yield* control.fillDisk(first)
      assert.strictEqual(yield* codeOf(redis.set("a", "1")), "MISCONF")
      assert.isNull(yield* redis.get("a"))
      yield* control.fillDisk(first, false)
      yield* control.fillMemory(first)
      assert.strictEqual(yield* codeOf(redis.set("a", "1")), "OOM")
      assert.strictEqual(yield* redis.del("a"), 0)
      yield* control.fillMemory(first, false)
      yield* redis.set("a", "1")
      yield* control.load(first)
      const waiting = yield* Effect.forkChild(redis.get("a"))
      yield* TestClock.adjust("1 second")
      assert.isUndefined(waiting.pollUnsafe())
      yield* control.load(first, false)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(waiting), "1")
    }))

  it.effect("a host name resolves to the configured address at each dial", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      yield* control.name("redis.internal", "10.0.0.1")
      const redis = yield* clientOf(control, "redis.internal:6379", { schedule: Schedule.recurs(0) })
      yield* redis.set("where", "first")
      assert.strictEqual(control.node(first).peek("where"), "first")
      control.node(second).promote()
      yield* control.name("redis.internal", "10.0.0.2")
      yield* control.disconnect(first)
      yield* redis.set("where", "second")
      assert.strictEqual(control.node(second).peek("where"), "second")
      yield* control.name("redis.internal", undefined)
      yield* control.disconnect(second)
      const error = failureOf(yield* Effect.exit(redis.ping()))
      assert.strictEqual(error._tag === "ConnectFailed" ? error.phase : error._tag, "resolve")
    }))

  it.effect("pushed messages are dropped, doubled and delayed", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const heard: Array<string> = []
      const transport = yield* control.network.dial({ address: { host: "10.0.0.1", port: 6379 } })
      transport.start({
        data: (chunk) => {
          for (const [, text] of Buffer.from(chunk).toString().matchAll(/\$2\r\n(m\d)/g)) heard.push(text!)
        },
        drain: () => {},
        closed: () => {}
      })
      transport.write(["SUBSCRIBE ch\r\n"], true)
      const redis = yield* clientOf(control, first)
      const publish = (message: string) => redis.publish("ch", message)
      yield* publish("m1")
      yield* control.pushes(first, { kind: "drop" })
      yield* publish("m2")
      yield* control.pushes(first, { kind: "duplicate" })
      yield* publish("m3")
      yield* control.pushes(first, { kind: "delay", delay: "100 millis" })
      yield* publish("m4")
      yield* publish("m5")
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(heard, ["m1", "m3", "m3", "m5", "m4"])
      transport.destroy()
    }))

  it.effect("an address without a process is a defect", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.suspend(() => control.kill("1.2.3.4:5")))))
    }))

  it.effect("the same seed gives the same deployment", () =>
    Effect.gen(function*() {
      const play = (seed: number) =>
        Effect.scoped(Effect.gen(function*() {
          const control = yield* Testing.make({ seed })
          const events: Array<string> = []
          for (const address of control.sentinels) {
            control.sentinel(address).onEvent = (name, text) => void events.push(`${address} ${name} ${text}`)
          }
          yield* control.kill(first)
          yield* TestClock.adjust("5 seconds")
          return events
        }))
      const [a, b, c] = [yield* play(1), yield* play(1), yield* play(2)]
      assert.deepStrictEqual(a, b)
      assert.notDeepEqual(a, c)
    }))
})

describe("layers", () => {
  it.effect("one node without sentinels", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const server = yield* Testing.RedisServer
      yield* redis.set("a", "1")
      assert.strictEqual(server.peek("a"), "1")
    }).pipe(Effect.provide(RedisClient.layer().pipe(Layer.provideMerge(Testing.layerRedis())))))

  it.effect("a Sentinel that only answers", () =>
    Effect.gen(function*() {
      const sentinel = yield* Sentinel.Sentinel
      assert.deepStrictEqual(yield* sentinel.discoverPrimary("mymaster"), { host: "10.0.0.1", port: 6379 })
      assert.deepStrictEqual(yield* sentinel.discoverReplicas("mymaster"), [{ host: "10.0.0.2", port: 6380 }])
      const unknown = failureOf(yield* Effect.exit(sentinel.discoverPrimary("nobody")))
      assert.strictEqual(unknown._tag === "PrimaryNotFound" ? unknown.reason._tag : unknown._tag, "GroupUnknown")
      const none = failureOf(yield* Effect.exit(sentinel.discoverPrimary("orphan")))
      assert.strictEqual(none._tag, "PrimaryNotFound")
      assert.deepStrictEqual(yield* sentinel.discoverReplicas("orphan"), [{ host: "10.0.0.9", port: 6379 }])
      assert.strictEqual(failureOf(yield* Effect.exit(sentinel.discoverReplicas("nobody")))._tag, "ReplicaNotFound")
    }).pipe(Effect.provide(Testing.layerSentinel({
      mymaster: { primary: "10.0.0.1", replicas: ["10.0.0.2:6380"] },
      orphan: { replicas: ["10.0.0.9"] }
    }))))

  it.effect("a Sentinel that only answers checks its addresses", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Effect.scoped(Layer.build(Testing.layerSentinel({ g: { primary: "no:port" } })))
      )
      assert.strictEqual(error.option, "g.primary")
    }))

  it.live("any client can use a deployment over TCP, and it ends with its Scope", () =>
    Effect.gen(function*() {
      const sentinels = yield* Effect.scoped(Effect.gen(function*() {
        const control = yield* Testing.make({ tcp: true })
        const sentinel = yield* Sentinel.make({ sentinels: control.sentinels })
        const redis = yield* sentinel.primaryFor("mymaster")
        yield* redis.set("a", "1")
        assert.strictEqual(control.node(control.nodes[0]!).peek("a"), "1")
        return control.sentinels
      }))
      const refused = yield* Effect.promise(() =>
        new Promise<boolean>((resolve) => {
          const socket = Net.connect(Number(sentinels[0]!.split(":")[1]), "127.0.0.1")
          socket.once("connect", () => resolve(false)).once("error", () => resolve(true))
        })
      )
      assert.isTrue(refused)
    }))
})

/** Commands that no server in memory answers, by their first word, with the reason. */
const unanswered: Readonly<Record<string, string>> = {
  BACKUP: "persistence: a server in memory has no files",
  BGREWRITEAOF: "persistence: a server in memory has no files",
  BGSAVE: "persistence: a server in memory has no files",
  CLUSTER: "it is never a node of a cluster",
  CLUSTERSCAN: "it is never a node of a cluster",
  SAVE: "persistence: a server in memory has no files"
}

describe("commands", () => {
  const isUnknown = (reply: Seen): boolean =>
    typeof reply[1] === "string"
      ? reply[0] === "-" && /^ERR unknown (sub)?command/.test(reply[1])
      : reply[1].some(isUnknown)

  /** The samples that a server does not know. */
  const unknown = (
    port: number,
    all: Readonly<Record<string, ReadonlyArray<Command.Any>>>,
    before: ReadonlyArray<string>
  ) =>
    Effect.promise(async () => {
      const found = new Set<string>()
      for (const command of Object.values(all).flat()) {
        const talk = new Talk(port)
        // In a transaction nothing waits.
        for (const word of before) await talk.ask(word)
        const reply = await talk.ask(...callOf(command))
        if (isUnknown(reply) || (before.length > 0 && isUnknown(await talk.ask("EXEC")))) found.add(command.spec.name)
        talk.end()
      }
      return found
    })

  it.live("are all known that a client has a method for, but for those on the list", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make({ replicas: 0, sentinels: 1, tcp: true })
      const portOf = (address: string): number => Number(address.split(":")[1])
      const found = yield* unknown(portOf(deployment.nodes[0]!), samples, ["MULTI"])
      const words = new Set(Array.from(found, (name) => name.split(" ")[0]!))
      const unexpected = Array.from(words).filter((word) => unanswered[word] === undefined)
      assert.deepStrictEqual(unexpected, [])
      assert.deepStrictEqual(Object.keys(unanswered).filter((word) => !words.has(word)), [], "they are answered now")
      assert.deepStrictEqual(Array.from(yield* unknown(portOf(deployment.sentinels[0]!), sentinelSamples, [])), [])
    }).pipe(Effect.scoped))

  it.effect("a command that needs a longer string than JavaScript has fails, and the test goes on", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const tooLong = [
        commands.setrange("long", 2 ** 29 - 1, "x"),
        commands.setbit("long", 2 ** 32 - 1, 1),
        commands.bitfield("long", [["set", "u8", 2 ** 32 - 8, 1]])
      ]
      for (const command of tooLong) {
        const error = failureOf(yield* Effect.exit(redis.run<unknown, unknown>(command)))
        assert.include(String(error), "ERR not enough memory")
      }
      assert.strictEqual(yield* redis.exists("long"), 0)
    }).pipe(Effect.provide(RedisClient.layer().pipe(Layer.provideMerge(Testing.layerRedis())))))

  it.effect("words that JavaScript's objects have are no subcommands and no options", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const wrong = [
        ["CLIENT", "constructor"],
        ["ACL", "constructor"],
        ["CLIENT", "LIST", "TYPE", "constructor"],
        ["COMMANDLOG", "GET", "1", "constructor"],
        ["CONFIG", "SET", "maxmemory", "1constructor"]
      ] as const
      for (const words of wrong) {
        const error = failureOf(yield* Effect.exit(redis.send(words)))
        assert.strictEqual(error?._tag, "ReplyError", words.join(" "))
      }
    }).pipe(Effect.provide(RedisClient.layer().pipe(Layer.provideMerge(Testing.layerRedis())))))

  it.effect("an index of more than 63 bits comes as a big number", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* redis.send("ARSET", "array", "18446744073709551614", "x")
      assert.strictEqual(yield* redis.run(Command.exact(commands.arlen("array"))), 2n ** 64n - 1n)
    }).pipe(Effect.provide(RedisClient.layer().pipe(Layer.provideMerge(Testing.layerRedis())))))

  it.effect("LCS refuses strings for which a server has too little memory", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* redis.mset({ a: "a".repeat(11_585), b: "b".repeat(11_585) })
      const error = failureOf(yield* Effect.exit(redis.lcsLen("a", "b")))
      assert.include(String(error), "Insufficient memory")
    }).pipe(Effect.provide(RedisClient.layer().pipe(Layer.provideMerge(Testing.layerRedis())))))

  it.effect("patterns with many stars take no time", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("a".repeat(100), "1")
      assert.deepStrictEqual(yield* redis.keys(`${"a*".repeat(40)}b`), [])
      assert.lengthOf(yield* redis.keys("a*".repeat(40)), 1)
    }).pipe(Effect.provide(RedisClient.layer().pipe(Layer.provideMerge(Testing.layerRedis())))))

  it.effect("string.reverse of a long string takes no time", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      const script = "return {#string.reverse(string.rep('ab', 2 ^ 25)), string.reverse('a\\0\\255b')}"
      const [length, reversed] = (yield* redis.bytes.eval(script, [], [])) as [number, Uint8Array]
      assert.strictEqual(length, 2 ** 26)
      assert.deepStrictEqual(Array.from(reversed), [98, 255, 0, 97])
    }).pipe(Effect.provide(RedisClient.layer().pipe(Layer.provideMerge(Testing.layerRedis())))))
})
