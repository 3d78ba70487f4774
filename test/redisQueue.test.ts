/**
 * Queues with acknowledgements: what is taken, finished, taken over and put back, through crashes, outages and
 * failovers. Each element that was pushed and kept by the server is processed at least once.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Command, Connector, RedisClient, Sentinel } from "../src/index.ts"
import * as Metrics from "../src/Metrics.ts"
import * as RedisQueue from "../src/RedisQueue.ts"
import * as Testing from "../src/testing/index.ts"
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

const with_ = (redis: RedisClient.RedisClient["Service"]) =>
  Effect.provideService(RedisClient.RedisClient, redis) as <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, Exclude<R, RedisClient.RedisClient>>

/** A client of one server in memory, and that server. */
const one = (options: RedisClient.Options = {}, deployment: Testing.Options = {}) =>
  Effect.gen(function*() {
    const control = yield* Testing.make({ replicas: 0, sentinels: 0, ...deployment })
    const client = (options: RedisClient.Options = {}) =>
      RedisClient.make({ address, ...options }).pipe(Effect.provideService(Connector.Connector, control.network.dial))
    const party = (name: string) =>
      RedisClient.make({ address }).pipe(
        Effect.provideService(Connector.Connector, control.network.dialer(name))
      )
    const redis = yield* client(options)
    yield* redis.ping()
    return { control, redis, party, node: control.node(address) }
  })

/** Random numbers from 0 to 1 that a seed decides. */
const seeded = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

const jobs = RedisQueue.make({ key: "jobs" })

/** A worker of its own client, which collects what it takes, and acknowledges nothing by itself. */
const taking = (redis: RedisClient.RedisClient["Service"], options?: RedisQueue.TakeOptions) =>
  Effect.gen(function*() {
    const items: Array<RedisQueue.Delivery<string> | RedisQueue.UnreadableDelivery> = []
    const fiber = yield* Effect.forkScoped(
      Stream.runForEach(jobs.take(options), (item) => Effect.sync(() => void items.push(item))).pipe(with_(redis)),
      { startImmediately: true }
    )
    const values = () => items.map((item) => (item.isRedelivered ? "again " : "") + String(item.value))
    return { items, values, fiber }
  })

/** A worker that notes what it has processed. */
const consuming = <E>(
  redis: RedisClient.RedisClient["Service"],
  options: RedisQueue.ConsumeOptions<string> = {},
  handler: (job: string) => Effect.Effect<unknown, E> = () => Effect.void
) =>
  Effect.gen(function*() {
    const done: Array<string> = []
    const events: Array<string> = []
    const fiber = yield* Effect.forkScoped(
      jobs.consume(
        {
          onEvent: (event) => Effect.sync(() => void events.push(`${event._tag} ${event.value}`)),
          ...options
        },
        (job) => Effect.tap(handler(job), () => Effect.sync(() => void done.push(job)))
      ).pipe(with_(redis)),
      { startImmediately: true }
    )
    return { done, events, fiber }
  })

describe("take", () => {
  it.effect("an element stays with the worker until it is acknowledged, and goes back when the worker leaves", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      yield* whileTimePasses(with_(redis)(jobs.push("1", "2", "3", "4")))
      const { fiber, items } = yield* taking(redis)
      yield* until(() => items.length === 4)
      assert.deepStrictEqual(
        yield* with_(redis)(jobs.status).pipe(Effect.map(({ dead, waiting, workers }) => [
          waiting,
          dead,
          workers.map(({ isAlive, name, pending }) => [isAlive, name.startsWith("worker."), pending])
        ])),
        [0, 0, [[true, true, 4]]] as never
      )
      assert.strictEqual(yield* items[1]!.ack, true)
      assert.strictEqual(yield* items[1]!.ack, true, "the outcome of the first time")
      assert.strictEqual(yield* items[2]!.reject, true)
      yield* whileTimePasses(Fiber.interrupt(fiber))
      assert.deepStrictEqual(yield* redis.lrange("jobs", 0, -1), ["1", "4"])
      assert.deepStrictEqual(yield* redis.lrange("jobs:dead", 0, -1), ["3"])
      assert.strictEqual(yield* items[0]!.ack, false)
      assert.deepStrictEqual((yield* redis.keys("*")).sort(), [
        "jobs",
        "jobs:consumers",
        "jobs:dead",
        "jobs:dead:reasons"
      ])
    }))

  it.effect("what was given before, or could not be acknowledged, stays so when the worker leaves or gives it back", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      yield* with_(redis)(jobs.push("1", "2"))
      const first = yield* taking(redis)
      yield* until(() => first.items.length === 2)
      // A list that is a text for a moment: the command has an error for a reply.
      const own = (yield* redis.keys("jobs:processing:*"))[0]!
      yield* redis.rename(own, "kept")
      yield* redis.set(own, "text")
      assert.strictEqual(failureOf(yield* Effect.exit(first.items[0]!.ack))._tag, "ReplyError")
      yield* redis.del(own)
      yield* redis.rename("kept", own)
      yield* whileTimePasses(Fiber.interrupt(first.fiber))
      assert.deepStrictEqual(yield* redis.lrange("jobs", 0, -1), ["2"])
      const second = yield* taking(redis)
      yield* until(() => second.items.length === 2)
      assert.deepStrictEqual(second.values().sort(), ["2", "again 1"])
      const again = second.items.find(({ isRedelivered }) => isRedelivered)!
      assert.strictEqual(again.deliveries, 1)
      assert.strictEqual(yield* again.giveBack, true)
      yield* until(() => second.items.length === 3)
      assert.deepStrictEqual(second.values()[2], "again 1")
      yield* whileTimePasses(Fiber.interrupt(second.fiber))
      const third = yield* taking(redis)
      yield* until(() => third.items.length === 2)
      assert.deepStrictEqual(third.values().sort(), ["2", "again 1"])
      for (const { ack } of third.items) assert.strictEqual(yield* ack, true)
      yield* whileTimePasses(Fiber.interrupt(third.fiber))
      assert.deepStrictEqual(yield* redis.keys("*"), ["jobs:consumers"])
    }))

  it.effect("from the right, and back in order", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const queue = RedisQueue.make({ key: "q", side: "right" })
      yield* with_(redis)(queue.push("1", "2", "3"))
      assert.deepStrictEqual(yield* redis.lrange("q", 0, -1), ["3", "2", "1"])
      const taken = yield* whileTimePasses(
        with_(redis)(Stream.runCollect(Stream.take(queue.take(), 2)))
      )
      assert.deepStrictEqual(Array.from(taken, ({ value }) => value), ["1", "2"])
      assert.deepStrictEqual(yield* redis.lrange("q", 0, -1), ["3", "2", "1"])
    }))

  it.effect("equal elements are told apart by their number", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      yield* with_(redis)(jobs.push("x", "x", "x"))
      const { fiber, items } = yield* taking(redis)
      yield* until(() => items.length === 3)
      assert.strictEqual(yield* items[0]!.ack, true)
      assert.strictEqual(yield* items[0]!.ack, true)
      assert.strictEqual(yield* items[1]!.giveBack, true)
      yield* until(() => items.length === 4)
      yield* whileTimePasses(Fiber.interrupt(fiber))
      assert.deepStrictEqual(yield* redis.lrange("jobs", 0, -1), ["x", "x"])
    }))

  it.effect("what does not fit the schema comes with its bytes", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const queue = RedisQueue.make({ key: "q", schema: Schema.Struct({ n: Schema.Int }) })
      yield* with_(redis)(queue.push({ n: 1 }))
      yield* redis.rpush("q", "{}")
      const [first, second] = yield* whileTimePasses(with_(redis)(Stream.runCollect(Stream.take(queue.take(), 2))))
      assert.deepStrictEqual(first!.value, { n: 1 })
      assert.isTrue(second!._tag === "Unreadable" && second!.issue === "at n: Missing key")
      assert.match(
        failureOf(yield* Effect.exit(with_(redis)(queue.push({ n: 1.5 })))).message,
        /RedisQueue\.push.*values\[0\]: at n/
      )
    }))
})

/** Keeps what the log says of the queue while an effect runs. */
const linesIn = <A, E, R>(effect: (lines: Array<string>) => Effect.Effect<A, E, R>) => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    if (String(message).includes("queue jobs")) lines.push(`${logLevel} ${String(message)}`)
  })
  return Effect.provide(Effect.suspend(() => effect(lines)), Logger.layer([logger]))
}

describe("workers that die", () => {
  it.effect("another one takes over what a dead one had, the oldest first, and both are told", () =>
    Effect.gen(function*() {
      const { control, party, redis } = yield* one()
      const dying = yield* party("dying")
      yield* with_(redis)(jobs.push("1", "2", "3"))
      const first = yield* taking(dying, { consumer: "first" })
      yield* until(() => first.items.length === 3)
      yield* first.items[1]!.ack
      const second = yield* taking(redis, { consumer: "second" })
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(second.values(), [], "the first one says that it is alive")
      control.network.block("dying", "*")
      control.network.block("*", "dying")
      // It is first in line at the server, which does not know yet.
      yield* redis.rpush("jobs", "4")
      assert.deepStrictEqual(yield* redis.lrange("jobs", 0, -1), [])
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(second.values(), [])
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(second.values(), ["again 1", "again 3", "again 4"])
      assert.strictEqual(yield* second.items[0]!.ack, true)
      control.network.unblockAll()
      assert.strictEqual(yield* whileTimePasses(first.items[0]!.ack), false)
      assert.strictEqual(yield* whileTimePasses(first.items[2]!.ack), false)
      assert.strictEqual(yield* second.items[1]!.ack, true)
      assert.strictEqual(yield* second.items[2]!.ack, true)
      // A worker that was only away goes on.
      yield* whileTimePasses(Fiber.interrupt(second.fiber))
      yield* redis.rpush("jobs", "5")
      yield* until(() => first.values().includes("5"))
    }))

  /** A worker that dies with what it has: its client closes first. */
  const dyingWith = (party: (name: string) => Effect.Effect<RedisClient.RedisClient["Service"], any, Scope.Scope>) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const worker = yield* taking(yield* Scope.provide(party("dying"), scope), { deadAfter: "1 second" })
      const die = Effect.andThen(Scope.close(scope, Exit.void), whileTimePasses(Fiber.await(worker.fiber)))
      return { ...worker, die }
    })

  it.effect("an element whose workers die is given so many times; then it is a dead letter, with the reason", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const { party, redis } = yield* one()
        yield* with_(redis)(jobs.push("bad"))
        const deliveries: Array<number> = []
        for (let i = 0; i < 3; i++) {
          const { die, items } = yield* dyingWith(party)
          yield* until(() => items.length === 1)
          deliveries.push(items[0]!.deliveries)
          yield* die
        }
        assert.deepStrictEqual(deliveries, [1, 2, 3])
        const exhausted: Array<RedisQueue.Event<string>> = []
        const before = yield* Metric.value(Metrics.queueElementsOf.dead)
        const { done } = yield* consuming(redis, {
          deadAfter: "1 second",
          maxDeliveries: 3,
          onEvent: (event) => Effect.sync(() => void exhausted.push(event))
        })
        yield* until(() => exhausted.length === 1)
        assert.deepStrictEqual<unknown>(exhausted, [
          { _tag: "Exhausted", value: new TextEncoder().encode("bad"), deliveries: 4 }
        ])
        const [letter] = yield* with_(redis)(jobs.deadLetters())
        assert.deepInclude(letter, { _tag: "DeadLetter", value: "bad", reason: "MaxDeliveries", deliveries: 4 })
        assert.isTrue(letter!.time instanceof Date)
        assert.strictEqual((yield* Metric.value(Metrics.queueElementsOf.dead)).count - before.count, 1)
        assert.deepStrictEqual(lines, [
          `Warn ${address}: the queue jobs: an element is a dead letter: ` +
          "3 workers died with it, or were silent for 1000 ms"
        ])
        yield* with_(redis)(jobs.push("good"))
        yield* until(() => done.length === 1)
        assert.deepStrictEqual(done, ["good"])
        // Nothing is left of the counts.
        assert.deepStrictEqual(yield* redis.keys("jobs:deliveries:*"), [])
      })
    ))

  it.effect("a worker that leaves, or gives back, keeps the count", () =>
    Effect.gen(function*() {
      const { party, redis } = yield* one()
      yield* with_(redis)(jobs.push("bad"))
      for (let i = 0; i < 2; i++) {
        const { die, items } = yield* dyingWith(party)
        yield* until(() => items.length === 1)
        yield* die
      }
      const third = yield* taking(redis, { deadAfter: "1 second" })
      yield* until(() => third.items.length === 1)
      assert.strictEqual(third.items[0]!.deliveries, 3)
      yield* with_(redis)(jobs.push("new"))
      yield* until(() => third.items.length === 2)
      assert.strictEqual(yield* third.items[0]!.giveBack, true)
      yield* until(() => third.items.length === 3)
      assert.strictEqual(third.items[2]!.deliveries, 3)
      yield* whileTimePasses(Fiber.interrupt(third.fiber))
      // What was not delivered before goes to the front.
      assert.deepStrictEqual(yield* redis.lrange("jobs", 0, -1), ["new"])
      const fourth = yield* taking(redis, { deadAfter: "1 second" })
      yield* until(() => fourth.items.length === 2)
      const bad = fourth.items.find(({ value }) => value === "bad")!
      assert.strictEqual(bad.deliveries, 3)
      for (const { ack } of fourth.items) assert.strictEqual(yield* ack, true)
      yield* whileTimePasses(Fiber.interrupt(fourth.fiber))
      assert.deepStrictEqual(yield* redis.keys("*"), ["jobs:consumers"])
    }))

  it.effect("equal elements have a count each", () =>
    Effect.gen(function*() {
      const { party, redis } = yield* one()
      yield* with_(redis)(jobs.push("x", "x", "x"))
      const first = yield* dyingWith(party)
      yield* until(() => first.items.length === 3)
      yield* first.die
      const second = yield* dyingWith(party)
      yield* until(() => second.items.length === 3)
      assert.deepStrictEqual(second.items.map(({ deliveries }) => deliveries), [2, 2, 2])
      yield* second.items[1]!.ack
      yield* second.die
      yield* with_(redis)(jobs.push("x"))
      const third = yield* taking(redis, { deadAfter: "1 second" })
      yield* until(() => third.items.length === 3)
      assert.deepStrictEqual(third.items.map(({ deliveries }) => deliveries).sort(), [1, 3, 3])
    }))

  it.effect("a failover that loses the taking over loses the count with it", () =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const party = (name: string) =>
        Effect.flatMap(
          Effect.provideService(
            Sentinel.make({ sentinels: control.sentinels }),
            Connector.Connector,
            control.network.dialer(name)
          ),
          (sentinel) => sentinel.primaryFor("mymaster")
        )
      const redis = yield* party("other")
      yield* whileTimePasses(with_(redis)(jobs.push("bad")))
      const first = yield* dyingWith(party)
      yield* until(() => first.items.length === 1)
      yield* first.die
      yield* TestClock.adjust("1 second")
      const before = yield* control.primary
      control.node(before).lagMillis = [60_000, 60_000]
      const second = yield* taking(redis, { deadAfter: "1 second" })
      yield* until(() => second.items.length === 1)
      assert.strictEqual(second.items[0]!.deliveries, 2)
      yield* control.kill(before)
      yield* until(() => second.items.length === 2)
      assert.deepStrictEqual(second.items.map(({ deliveries }) => deliveries), [2, 2])
      assert.deepStrictEqual([yield* second.items[1]!.ack], [true])
      assert.deepStrictEqual(yield* whileTimePasses(redis.keys("jobs:deliveries:*")), [])
    }), 30_000)

  it.effect("what a worker has left that was killed while it left", () =>
    Effect.gen(function*() {
      const { party, redis } = yield* one()
      const scope = yield* Scope.make()
      const dying = yield* Scope.provide(party("dying"), scope)
      yield* with_(redis)(jobs.push("1"))
      const first = yield* taking(dying)
      yield* until(() => first.items.length === 1)
      // Its client closes first, so that it cannot put anything back.
      yield* Scope.close(scope, Exit.void)
      yield* whileTimePasses(Fiber.await(first.fiber))
      const second = yield* taking(redis)
      yield* TestClock.adjust("45 seconds")
      assert.deepStrictEqual(second.values(), ["again 1"])
    }))

  it.effect("the registry forgets those that are long gone, and nobody else", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      for (let i = 0; i < 5; i++) {
        const { fiber } = yield* taking(redis)
        yield* TestClock.adjust("1 second")
        yield* whileTimePasses(Fiber.interrupt(fiber))
      }
      assert.strictEqual(yield* redis.hlen("jobs:consumers"), 5)
      yield* taking(redis)
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* redis.hlen("jobs:consumers"), 6)
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* redis.hlen("jobs:consumers"), 1)
    }))

  it.effect(
    "connections that break at any moment, and workers that die: everything is processed",
    () =>
      Effect.gen(function*() {
        for (let seed = 1; seed <= 8; seed++) {
          yield* Effect.scoped(Effect.gen(function*() {
            const { control, party, redis } = yield* one({}, { seed })
            const random = seeded(seed)
            const processed = new Set<string>()
            const start = (name: string) =>
              Effect.gen(function*() {
                const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
                const client = yield* Scope.provide(party(name), scope)
                yield* Effect.forkIn(
                  jobs.consume({ concurrency: 2, deadAfter: "3 seconds", stopTimeout: "1 millis" }, (job) =>
                    Effect.andThen(
                      Effect.sleep("40 millis"),
                      Effect.sync(() => void processed.add(job))
                    )).pipe(with_(client)),
                  scope,
                  { startImmediately: true }
                )
                return scope
              })
            yield* whileTimePasses(Effect.gen(function*() {
              const workers = [yield* start("w0"), yield* start("w1"), yield* start("w2")]
              const pushed: Array<string> = []
              for (let i = 0; i < 60; i++) {
                const exit = yield* Effect.exit(with_(redis)(jobs.push(`job ${i}`)))
                if (Exit.isSuccess(exit)) pushed.push(`job ${i}`)
                const fate = random()
                if (fate < 0.12) yield* control.disconnect(address)
                else if (fate < 0.2) {
                  const w = Math.floor(random() * 3)
                  control.network.block(`w${w}`, "*")
                  control.network.block("*", `w${w}`)
                } else if (fate < 0.25) control.network.unblockAll()
                else if (fate < 0.28) {
                  const w = Math.floor(random() * 3)
                  yield* Scope.close(workers[w]!, Exit.void)
                  workers[w] = yield* start(`w${w}`)
                }
                yield* Effect.sleep(`${Math.floor(random() * 80)} millis`)
              }
              control.network.unblockAll()
              yield* Effect.sleep("30 seconds")
              assert.deepStrictEqual(pushed.filter((job) => !processed.has(job)), [], `seed ${seed}`)
              const { waiting, workers: seen } = yield* with_(redis)(jobs.status)
              assert.strictEqual(waiting + seen.reduce((n, { pending }) => n + pending, 0), 0, `seed ${seed}`)
            }))
          }))
        }
      }),
    60_000
  )
})

describe("outages", () => {
  it.effect("a planned failover is none: nothing is told", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const control = yield* Testing.make()
        const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
          Effect.provideService(Connector.Connector, control.network.dial)
        )
        const redis = yield* sentinel.primaryFor("mymaster")
        yield* whileTimePasses(with_(redis)(jobs.push("1")))
        const { done } = yield* consuming(redis)
        yield* until(() => done.length === 1)
        const before = yield* control.primary
        yield* control.failover
        yield* whileTimePasses(Effect.gen(function*() {
          while ((yield* control.primary) === before) yield* Effect.sleep("5 millis")
        }))
        yield* whileTimePasses(with_(redis)(jobs.push("2")))
        yield* until(() => done.length === 2)
        assert.deepStrictEqual(lines, [])
      })
    ))

  it.effect("no free connection: the log says so after a while, and when there is one", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const { node, redis } = yield* one({ maxBlocking: 1, commandTimeout: "10 minutes" })
        // It cannot be divided into turns.
        const undivided = Command.make(
          Command.define({
            words: ["BLPOP", "never"],
            mode: "write",
            blockingMillis: () => 120_000,
            decode: Command.native
          }),
          [120]
        )
        yield* Effect.forkScoped(redis.run(undivided), { startImmediately: true })
        yield* until(() => node.waiting === 1)
        yield* with_(redis)(jobs.push("1"))
        const { done } = yield* consuming(redis)
        yield* TestClock.adjust("29 seconds")
        assert.deepStrictEqual(lines, [])
        yield* TestClock.adjust("80 seconds")
        const told =
          `Warn ${address}: the queue jobs has waited for a connection for 30 seconds: all that the option ` +
          "maxBlocking allows are in use. Set it to as many as are needed."
        assert.deepStrictEqual(lines, [told])
        yield* TestClock.adjust("20 seconds")
        yield* until(() => done.length === 1)
        assert.deepStrictEqual(lines, [told, `Info ${address}: the queue jobs works again`])
      })
    ))

  it.effect("workers take turns with the connections for waiting, in the order in which they came", () =>
    Effect.gen(function*() {
      // They use none of the reserved ones, and no turn is lost because it comes late.
      const { redis } = yield* one({ maxBlocking: 1, maxReserved: 1, reserveTimeout: "100 millis" })
      yield* redis.reserve
      const taken: Array<string> = []
      const keys = ["a", "b", "c", "d"]
      for (const key of keys) {
        yield* redis.rpush(key, "1", "2", "3")
        yield* Effect.forkScoped(
          Stream.runForEach(
            RedisQueue.make({ key }).take(),
            ({ value }) => Effect.sync(() => void taken.push(key + String(value)))
          ).pipe(with_(redis)),
          { startImmediately: true }
        )
      }
      yield* until(() => taken.length === 12)
      assert.deepStrictEqual(taken, ["1", "2", "3"].flatMap((n) => keys.map((key) => key + n)))
    }))

  it.effect("nothing answers for 30 seconds: it goes on, with what it had", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ logLevel, message }) => void lines.push(`${logLevel} ${message}`))
      yield* Effect.gen(function*() {
        const control = yield* Testing.make()
        const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
          Effect.provideService(Connector.Connector, control.network.dial)
        )
        const redis = yield* sentinel.primaryFor("mymaster")
        yield* whileTimePasses(with_(redis)(jobs.push("long", "short")))
        const { done } = yield* consuming(
          redis,
          { concurrency: 2 },
          (job) => job === "long" ? Effect.sleep("20 seconds") : Effect.void
        )
        yield* until(() => done.length === 1)
        yield* TestClock.adjust("1 second")
        const all = [...control.nodes, ...control.sentinels]
        for (const address of all) yield* control.kill(address)
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(lines.filter((line) => line.includes(": the queue jobs was interrupted")).length, 1)
        for (const address of all) yield* control.restart(address)
        yield* whileTimePasses(Effect.retry(with_(redis)(jobs.push("next")), { while: () => true }))
        yield* until(() => done.includes("next"))
        yield* TestClock.adjust("1 minute")
        const { waiting, workers } = yield* whileTimePasses(with_(redis)(jobs.status))
        assert.deepStrictEqual([waiting, workers.map(({ pending }) => pending)], [0, [0]])
        assert.strictEqual(done.filter((job) => job === "next").length, 1)
        assert.strictEqual(lines.filter((line) => line.includes(": the queue jobs works again")).length, 1)
      }).pipe(Effect.provide(Logger.layer([logger])))
    }), 60_000)

  it.effect(
    "a failover that loses an acknowledgement: the element comes again, and is told",
    () =>
      Effect.gen(function*() {
        const control = yield* Testing.make()
        const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
          Effect.provideService(Connector.Connector, control.network.dial)
        )
        const redis = yield* sentinel.primaryFor("mymaster")
        yield* whileTimePasses(with_(redis)(jobs.push("1")))
        const { done, events } = yield* consuming(redis, {}, () => Effect.sleep("10 seconds"))
        const before = yield* control.primary
        yield* TestClock.adjust("9 seconds")
        const node = control.node(before)
        node.lagMillis = [60_000, 60_000]
        yield* until(() => done.length === 1)
        yield* control.kill(before)
        yield* whileTimePasses(Effect.gen(function*() {
          while ((yield* control.primary) === before) yield* Effect.sleep("100 millis")
        }))
        yield* until(() => done.length === 2)
        assert.deepStrictEqual(done, ["1", "1"])
        assert.deepStrictEqual(events, ["Redelivered 1"])
        yield* TestClock.adjust("10 seconds")
        const { waiting, workers } = yield* whileTimePasses(with_(redis)(jobs.status))
        assert.deepStrictEqual([waiting, workers.map(({ pending }) => pending)], [0, [0]])
      }),
    60_000
  )

  it.effect(
    "a failover that loses the taking: the element is processed twice, and the worker that had it is told",
    () =>
      Effect.gen(function*() {
        const control = yield* Testing.make()
        const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
          Effect.provideService(Connector.Connector, control.network.dial)
        )
        const redis = yield* sentinel.primaryFor("mymaster")
        yield* whileTimePasses(with_(redis)(jobs.push("1")))
        yield* TestClock.adjust("1 second")
        const before = yield* control.primary
        control.node(before).lagMillis = [600_000, 600_000]
        const { done, events } = yield* consuming(redis, { concurrency: 2 }, () => Effect.sleep("2 minutes"))
        yield* TestClock.adjust("1 second")
        yield* control.kill(before)
        yield* TestClock.adjust("5 minutes")
        assert.deepStrictEqual(done, ["1", "1"])
        assert.deepStrictEqual(events, ["TakenOver 1"])
      }),
    60_000
  )
})

describe("consume", () => {
  it.effect("so many at a time, retried, then dead", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      let running = 0
      let most = 0
      const tries = new Map<string, number>()
      const { done, events, fiber } = yield* consuming(
        redis,
        { concurrency: 3, retry: Schedule.recurs(2) },
        (job) =>
          Effect.gen(function*() {
            tries.set(job, (tries.get(job) ?? 0) + 1)
            most = Math.max(most, ++running)
            yield* Effect.sleep("100 millis")
            running--
            if (job === "bad" || (job === "second" && tries.get(job) === 1)) return yield* Effect.fail("no")
            if (job === "defect") return yield* Effect.die(new Error("defect"))
          }).pipe(Effect.onExit((exit) => Effect.sync(() => void (exit._tag === "Failure" && running > 0))))
      )
      yield* with_(redis)(jobs.push("1", "2", "bad", "second", "3", "defect", "4"))
      yield* until(() => done.length === 5 && events.length === 7)
      assert.strictEqual(most, 3)
      assert.strictEqual(tries.get("bad"), 3)
      assert.strictEqual(tries.get("defect"), 3)
      assert.deepStrictEqual(events.sort(), [
        "Rejected bad",
        "Rejected defect",
        "Retried bad",
        "Retried bad",
        "Retried defect",
        "Retried defect",
        "Retried second"
      ])
      assert.deepStrictEqual((yield* redis.lrange("jobs:dead", 0, -1)).sort(), ["bad", "defect"])
      yield* whileTimePasses(Fiber.interrupt(fiber))
      assert.deepStrictEqual((yield* redis.keys("*")).sort(), ["jobs:consumers", "jobs:dead", "jobs:dead:reasons"])
    }))

  it.effect("a defect is a failure like any other: retried, told with its message, counted, then dead", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const { redis } = yield* one()
        const events: Array<string> = []
        const seen: Array<unknown> = []
        const before = yield* Metric.value(Metrics.queueElementsOf.failed)
        yield* Effect.forkScoped(
          jobs.consume({
            // It gets errors and defects.
            retry: Schedule.tap(Schedule.recurs(1), ({ input }: { readonly input: unknown }) =>
              Effect.sync(() => void seen.push(input))),
            onEvent: (event) =>
              Effect.sync(() =>
                void events.push("reason" in event ? `${event._tag} ${event.value}: ${event.reason}` : event._tag)
              )
          }, (job) => {
            switch (job) {
              case "thrown":
                throw new TypeError("x is not a function\nand more")
              case "died":
                return Effect.die({ secret: "s" })
              case "no effect":
                return undefined as never
              default:
                return Effect.fail({ _tag: "Refused", message: "secret" })
            }
          }).pipe(with_(redis)),
          { startImmediately: true }
        )
        yield* with_(redis)(jobs.push("thrown", "died", "no effect", "failed"))
        yield* until(() =>
          events.length === 8
        )
        const reasons = {
          thrown: "TypeError: x is not a function",
          died: "Error",
          "no effect": "TypeError: expected the handler to give an Effect, got undefined",
          failed: "Refused"
        }
        assert.deepStrictEqual(
          events,
          Object.entries(reasons).flatMap(([job, why]) => [`Retried ${job}: ${why}`, `Rejected ${job}: ${why}`])
        )
        assert.deepStrictEqual(
          (yield* with_(redis)(jobs.deadLetters())).map(({ deliveries, reason, value }) => [value, reason, deliveries]),
          Object.entries(reasons).map(([job, why]) => [job, why, 1])
        )
        assert.strictEqual((yield* Metric.value(Metrics.queueElementsOf.failed)).count - before.count, 8)
        assert.instanceOf(seen[0], TypeError)
        assert.isTrue(lines.every((line) => !line.includes("not a function") && !line.includes("secret")))
      })
    ))

  it.effect("dead letters that cannot be written cost no element", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      yield* redis.set("jobs:dead", "text")
      yield* with_(redis)(jobs.push("bad"))
      const { fiber } = yield* consuming(redis, {}, () => Effect.fail("no"))
      const error = failureOf(yield* whileTimePasses(Fiber.await(fiber)))
      assert.isTrue(error._tag === "ReplyError" && error.code === "WRONGTYPE")
      // It has failed once, which the next worker is told.
      yield* redis.del("jobs:dead")
      const next = yield* consuming(redis, {}, () => Effect.fail("no"))
      yield* until(() => next.events.length === 2)
      assert.deepStrictEqual(next.events, ["Redelivered bad", "Rejected bad"])
      assert.deepStrictEqual(yield* redis.lrange("jobs:dead", 0, -1), ["bad"])
    }))

  it.effect("dead letters: what is known of each, and nothing of those that others have put there", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const queue = RedisQueue.make({ key: "jobs", schema: Schema.Struct({ n: Schema.Int }) })
      yield* redis.rpush("jobs:dead", "{\"n\":1}")
      yield* redis.rpush("jobs", "{}")
      yield* Effect.forkScoped(with_(redis)(queue.consume({}, () => Effect.void)), { startImmediately: true })
      yield* until(() => false).pipe(Effect.timeoutOption("100 millis"), whileTimePasses)
      const [first, second] = yield* with_(redis)(queue.deadLetters({ count: 2 }))
      assert.deepStrictEqual<unknown>(first, {
        _tag: "DeadLetter",
        value: { n: 1 },
        reason: null,
        deliveries: null,
        time: null
      })
      assert.deepInclude(second, {
        _tag: "Unreadable",
        issue: "at n: Missing key",
        reason: "Unreadable: at n: Missing key",
        deliveries: 1
      })
      assert.lengthOf(yield* with_(redis)(queue.deadLetters({ count: 1 })), 1)
      assert.match(
        failureOf(yield* Effect.exit(with_(redis)(queue.deadLetters({ count: 0 })))).message,
        /RedisQueue\.deadLetters.*count: expected a whole number from 1/
      )
      // Reasons go when their letters have gone.
      yield* redis.del("jobs:dead")
      yield* redis.rpush("jobs", "[]")
      yield* until(() => false).pipe(Effect.timeoutOption("100 millis"), whileTimePasses)
      assert.strictEqual(yield* redis.hlen("jobs:dead:reasons"), 1)
    }))

  it.effect("stops: lets handlers end, puts the rest back", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const { done, fiber } = yield* consuming(
        redis,
        { concurrency: 2, stopTimeout: "5 seconds" },
        (job) => Effect.sleep(job === "long" ? "1 hour" : "3 seconds")
      )
      yield* with_(redis)(jobs.push("short", "long", "later"))
      yield* until(() => false).pipe(Effect.timeoutOption("1 second"), whileTimePasses)
      const stopping = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
      yield* TestClock.adjust("6 seconds")
      yield* Fiber.join(stopping)
      assert.deepStrictEqual(done, ["short"])
      assert.deepStrictEqual(yield* redis.lrange("jobs", 0, -1), ["long", "later"])
    }))

  it.effect("stops at once with a stopTimeout of zero, and puts everything back", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      let running = 0
      const { done, fiber } = yield* consuming(redis, { concurrency: 2, stopTimeout: "0 seconds" }, () => {
        running++
        return Effect.sleep("1 hour")
      })
      yield* with_(redis)(jobs.push("1", "2"))
      yield* until(() => running === 2)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(done, [])
      assert.deepStrictEqual(yield* redis.lrange("jobs", 0, -1), ["1", "2"])
    }))

  /** A worker whose elements are in the hands of `handler` while a planned failover holds writes. */
  const fencedConsumer = <E>(
    options: RedisQueue.ConsumeOptions<string>,
    handler: (job: string) => Effect.Effect<unknown, E>,
    jobNames: readonly [string, ...Array<string>]
  ) =>
    Effect.gen(function*() {
      const control = yield* Testing.make()
      const sentinel = yield* Sentinel.make({ sentinels: control.sentinels }).pipe(
        Effect.provideService(Connector.Connector, control.network.dial)
      )
      const clientOf = sentinel.primaryFor("mymaster", { commandTimeout: "300 millis" })
      const redis = yield* clientOf
      const topology = yield* sentinel.topology("mymaster")
      yield* whileTimePasses(with_(redis)(jobs.push(...jobNames)))
      let isFenced = false
      let started = 0
      const waitForFence = Effect.gen(function*() {
        started++
        while (!isFenced) yield* Effect.sleep("1 millis")
      })
      const worker = yield* consuming(redis, options, (job) => Effect.andThen(waitForFence, handler(job)))
      yield* until(() => started === jobNames.length)
      const before = yield* control.primary
      yield* control.failover
      yield* whileTimePasses(Effect.gen(function*() {
        while ((yield* topology.current).fence === undefined) yield* Effect.sleep("1 millis")
      }))
      isFenced = true
      return { ...worker, control, before, redis: yield* clientOf }
    })

  it.effect("stops while writes wait for the end of a failover: what was processed is acknowledged", () =>
    Effect.gen(function*() {
      const { done, fiber, redis } = yield* fencedConsumer({ stopTimeout: "10 millis" }, () => Effect.void, ["1"])
      yield* until(() => done.length === 1)
      yield* whileTimePasses(Fiber.interrupt(fiber))
      assert.deepStrictEqual(yield* whileTimePasses(redis.lrange("jobs", 0, -1)), [])
      assert.deepStrictEqual((yield* whileTimePasses(with_(redis)(jobs.status))).workers, [])
    }))

  it.effect("stops while writes wait for the end of a failover: what failed is a dead letter, the rest is put back", () =>
    Effect.gen(function*() {
      const { done, events, fiber, redis } = yield* fencedConsumer(
        { concurrency: 3, stopTimeout: "10 millis" },
        (job) => job === "bad" ? Effect.fail("no") : job === "long" ? Effect.sleep("1 hour") : Effect.void,
        ["bad", "long", "good"]
      )
      yield* until(() => done.length === 1)
      yield* whileTimePasses(Fiber.interrupt(fiber))
      assert.deepStrictEqual(events, ["Rejected bad"])
      assert.deepStrictEqual(yield* whileTimePasses(redis.lrange("jobs", 0, -1)), ["long"])
      assert.deepStrictEqual(yield* redis.lrange("jobs:dead", 0, -1), ["bad"])
      assert.deepStrictEqual((yield* whileTimePasses(with_(redis)(jobs.status))).workers, [])
    }))

  it.effect("stops while the server is silent: what was processed comes again as redelivered, and the log says so", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const { control, redis } = yield* one()
        yield* with_(redis)(jobs.push("1"))
        let hasStarted = false
        const first = yield* consuming(redis, { deadAfter: "3 seconds" }, () => {
          hasStarted = true
          return Effect.sleep("1 second")
        })
        yield* until(() => hasStarted)
        yield* control.kill(address)
        yield* until(() => first.done.length === 1)
        const stopping = yield* Effect.forkChild(Fiber.interrupt(first.fiber), { startImmediately: true })
        yield* TestClock.adjust("1500 millis")
        assert.deepStrictEqual(lines, [
          `Warn ${address}: the queue jobs: a worker has stopped before the server had answered for ` +
          "1 element(s) that it had processed; they may come again, as redelivered"
        ])
        yield* control.restart(address)
        yield* whileTimePasses(Fiber.join(stopping))
        const second = yield* consuming(redis, { deadAfter: "3 seconds" })
        yield* until(() => second.done.length === 1)
        assert.deepStrictEqual(second.events, ["Redelivered 1"])
      })
    ))

  it.effect("stops within seconds where no server answers and commands have no time limit", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const { control, redis } = yield* one({ commandTimeout: Duration.infinity })
        yield* with_(redis)(jobs.push("1"))
        let hasStarted = false
        const { fiber } = yield* consuming(redis, { stopTimeout: "0 millis" }, () => {
          hasStarted = true
          return Effect.never
        })
        yield* until(() => hasStarted)
        yield* control.kill(address)
        yield* TestClock.adjust("1 second")
        const stopping = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
        yield* TestClock.adjust("5100 millis")
        assert.isDefined(stopping.pollUnsafe(), "it has stopped")
        assert.deepStrictEqual(lines.filter((line) => line.includes("has left")), [
          `Warn ${address}: a worker of the queue jobs has left without putting back what it had; ` +
          "others take it over after 30000 ms: there was no answer for 5000 ms"
        ])
      })
    ))

  it.effect("retry may be times and a schedule, as with streams", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      const at: Array<number> = []
      const { events } = yield* consuming(
        redis,
        { retry: { times: 2, schedule: Schedule.spaced("1 second") } },
        () =>
          Effect.flatMap(Effect.clockWith((clock) => clock.currentTimeMillis), (now) => {
            at.push(now)
            return Effect.fail("no")
          })
      )
      yield* with_(redis)(jobs.push("bad"))
      yield* until(() => events.length === 3)
      assert.lengthOf(at, 3)
      assert.isAtLeast(at[2]! - at[0]!, 2000)
    }))

  it.effect("what is not processed is logged, without the element; a failing onEvent does not end it", () =>
    linesIn((lines) =>
      Effect.gen(function*() {
        const { redis } = yield* one()
        const { done } = yield* consuming(redis, { onEvent: () => Effect.die(new Error("secret")) }, (job) => {
          if (job === "secret") return Effect.fail({ _tag: "Refused", message: "secret" })
          if (job === "bug: secret") throw new TypeError("secret")
          return Effect.void
        })
        yield* with_(redis)(jobs.push("secret"))
        yield* redis.rpush("jobs", new Uint8Array([0xff]))
        yield* with_(redis)(jobs.push("bug: secret", "good"))
        yield* until(() => done.length === 1)
        const of = `Warn ${address}: the queue jobs`
        assert.deepStrictEqual(lines, [
          `${of}: the handler failed, and the element is a dead letter: Refused`,
          `${of}: onEvent failed for Rejected`,
          `${of}: onEvent failed for Unreadable`,
          `${of}: an element is a dead letter: it is not UTF-8`,
          `${of}: the handler failed, and the element is a dead letter: TypeError`,
          `${of}: onEvent failed for Rejected`
        ])
      })
    ))
})

describe("hostile options", () => {
  it("make refuses them", () => {
    for (
      const [options, message] of [
        [undefined, /key: expected a string that is not empty, got undefined/],
        [{ key: "" }, /key: expected a string that is not empty/],
        [{ key: "a", keys: "b" }, /keys: unknown option; it has key, deadLetters, side, schema, codec/],
        [{ key: "a", side: "top" }, /side: expected "left" or "right"/],
        [{ key: "a", schema: {} }, /schema: expected a Schema/],
        [{ key: "a", codec: {} }, /codec\.encode: expected a function/],
        [{ key: "a", schema: Schema.String, codec: {} }, /codec: not with schema/]
      ] as const
    ) assert.throws(() => RedisQueue.make(options as never), message)
  })

  it.effect("take and consume refuse them", () =>
    Effect.gen(function*() {
      const { redis } = yield* one()
      for (
        const [options, handler, message] of [
          [{ concurrency: 0 }, () => Effect.void, /concurrency: expected a whole number from 1 to 10000/],
          [{ deadAfter: 30 }, () => Effect.void, /deadAfter: 30 has no unit/],
          [{ deadAfter: "10 millis" }, () => Effect.void, /deadAfter: it must be at least 1 second/],
          [{ deadAfter: "Infinity" }, () => Effect.void, /deadAfter: the duration must be finite/],
          [{ consumer: "" }, () => Effect.void, /consumer: expected a string that is not empty/],
          [{ retry: 3 }, () => Effect.void, /retry: expected a Schedule, or { times, schedule }, got 3/],
          [{ retry: {} }, () => Effect.void, /retry: times or schedule is needed/],
          [{ retry: { times: 0 } }, () => Effect.void, /retry\.times: expected a whole number from 1/],
          [{ retry: { schedule: 5 } }, () => Effect.void, /retry\.schedule: expected a Schedule, got 5/],
          [{ retry: { delay: 5 } }, () => Effect.void, /retry\.delay: unknown option/],
          [{ stopTimeout: 0 }, () => Effect.void, /stopTimeout: /],
          [{ stopTimeout: "Infinity" }, () => Effect.void, /stopTimeout: the duration must be finite/],
          [{ onEvent: 1 }, () => Effect.void, /onEvent: expected a function/],
          [{ maxDeliveries: 0 }, () => Effect.void, /maxDeliveries: expected a whole number from 1/],
          [{ tries: 1 }, () => Effect.void, /tries: unknown option/],
          [{}, undefined, /handler: expected a function, got undefined/]
        ] as const
      ) {
        assert.match(
          failureOf(yield* Effect.exit(with_(redis)(jobs.consume(options as {}, handler as () => Effect.Effect<void>))))
            .message,
          message
        )
      }
      assert.match(
        failureOf(yield* Effect.exit(with_(redis)(Stream.runDrain(jobs.take({ concurrency: 1 } as {}))))).message,
        /concurrency: unknown option; it has consumer, deadAfter, maxDeliveries/
      )
    }))
})
