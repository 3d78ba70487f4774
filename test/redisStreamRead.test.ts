/**
 * Streams that are read as they grow, on nodes in memory: where they begin, what they give through failovers, lost
 * connections and outages, and how they tell what was removed before it was read and what the server lacks.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Command, commands, Metrics, RedisClient, Sentinel } from "../src/index.ts"
import * as RedisQueue from "../src/RedisQueue.ts"
import * as RedisStream from "../src/RedisStream.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { inSteps, live, liveWithReplicas, moved, sentinels } from "./support/group.ts"

const { ready, until, whileTimePasses } = inSteps("5 millis")

const numbers = RedisStream.make({ key: "numbers", schema: Schema.Struct({ n: Schema.Number }) })
type Item = RedisStream.ReadItem<{ readonly n: number }, "all">

const any = (value: unknown): any => value

/** An item in short: the number of an entry, or what was told. */
const short = (item: Item): number | string => {
  switch (item._tag) {
    case "Entry":
      return item.value.n
    case "Misfit":
      return `misfit ${item.id}`
    case "Trimmed":
      return `trimmed ${item.missed} after ${item.after} before ${item.before}`
    case "Rewound":
      return `rewound from ${item.lastSeen} to ${item.resumedAfter}, lost ${item.lost}`
  }
}

/** A reader that notes what it gets. */
const reading = (options?: RedisStream.ReadOptions<"all">) => readingOf(numbers.read(options))

const readingOf = <E, R>(stream: Stream.Stream<Item, E, R>) =>
  Effect.gen(function*() {
    const seen: Array<number | string> = []
    const fiber = yield* Effect.forkChild(
      Stream.runForEach(stream, (item) => Effect.sync(() => void seen.push(short(item)))),
      { startImmediately: true }
    )
    const got = (count: number) => until(Effect.sync(() => seen.length >= count))
    return { seen, fiber, got }
  })

const added = (...ns: ReadonlyArray<number>) =>
  whileTimePasses(Effect.forEach(ns, (n) => numbers.add({ n }, { id: `${n}-1` }), { discard: true }))

const connected = Effect.gen(function*() {
  const redis = yield* RedisClient.RedisClient
  yield* ready(redis)
  return redis
})

/** How many connections of a kind there are. */
const reserved = Effect.map(Metric.value(Metrics.connectionsOf.reserved), ({ value }) => value)

describe("reading a stream as it grows", () => {
  it.effect("begins where it is told", () =>
    Effect.gen(function*() {
      yield* connected
      yield* added(1, 2, 3)
      const readers = yield* Effect.all({
        start: reading({ from: "start" }),
        now: reading({ from: "now" }),
        byDefault: reading(),
        id: reading({ from: "1-1" }),
        moment: reading({ from: new Date(2) }),
        lastId: readingOf(Stream.unwrap(Effect.map(numbers.lastId, (from) => numbers.read({ from }))))
      })
      yield* whileTimePasses(Effect.sleep("200 millis"))
      yield* added(4, 5)
      yield* readers.start.got(5)
      yield* readers.lastId.got(2)
      assert.deepStrictEqual(readers.start.seen, [1, 2, 3, 4, 5])
      assert.deepStrictEqual(readers.now.seen, [4, 5])
      assert.deepStrictEqual(readers.byDefault.seen, [4, 5])
      assert.deepStrictEqual(readers.id.seen, [2, 3, 4, 5])
      assert.deepStrictEqual(readers.moment.seen, [2, 3, 4, 5])
      assert.deepStrictEqual(readers.lastId.seen, [4, 5])
    }).pipe(Effect.provide(live())))

  it.effect("waits for a stream that does not exist yet, longer than one turn", () =>
    Effect.gen(function*() {
      yield* connected
      const { got, seen } = yield* reading()
      yield* whileTimePasses(Effect.sleep("23 seconds"))
      yield* added(1)
      yield* got(1)
      yield* whileTimePasses(Effect.sleep("13 seconds"))
      yield* added(2)
      yield* got(2)
      assert.deepStrictEqual(seen, [1, 2])
    }).pipe(Effect.provide(live())))

  it.effect("asks only for what the reader wants, and gives its connection back in the end", () =>
    Effect.gen(function*() {
      yield* connected
      yield* added(...Array.from({ length: 20 }, (_, i) => i + 1))
      const before = yield* reserved
      const taken = yield* whileTimePasses(
        Stream.runCollect(Stream.take(numbers.read({ from: "start", pageSize: 3, items: "values" }), 7))
      )
      assert.deepStrictEqual(taken.map(({ n }) => n), [1, 2, 3, 4, 5, 6, 7])
      const { fiber, got } = yield* reading({ from: "start" })
      yield* got(20)
      assert.isAbove(yield* reserved, before)
      yield* whileTimePasses(Fiber.interrupt(fiber))
      yield* whileTimePasses(Effect.sleep("130 seconds"))
      assert.strictEqual(yield* reserved, before)
    }).pipe(Effect.provide(live())))

  it.effect("tells an entry that does not fit, or fails there", () =>
    Effect.gen(function*() {
      const redis = yield* connected
      yield* added(1)
      yield* whileTimePasses(redis.xadd("numbers", "2-1", { n: "secret" }))
      yield* added(3)
      const { got, seen } = yield* reading({ from: "start" })
      yield* got(3)
      assert.deepStrictEqual(seen, [1, "misfit 2-1", 3])
      const values: Array<number> = []
      const error = failureOf(
        yield* whileTimePasses(Effect.exit(Stream.runForEach(
          numbers.read({ from: "start", items: "values" }),
          ({ n }) => Effect.sync(() => values.push(n))
        )))
      )
      assert.strictEqual(error._tag, "ValueMismatch")
      assert.notInclude(error.message, "secret")
      assert.deepStrictEqual(values, [1])
    }).pipe(Effect.provide(live())))

  it.effect("refuses options that are not valid, and fails if the key holds another type", () =>
    Effect.gen(function*() {
      const redis = yield* connected
      for (
        const [options, problem] of [
          [{ from: "5" }, /from: expected "now"/],
          [{ from: "$" }, /from: expected "now"/],
          [{ from: 5 }, /from: /],
          [{ pageSize: 0 }, /pageSize: /],
          [{ items: "some" }, /items: /],
          [{ block: 5 }, /block: unknown option/]
        ] as const
      ) {
        assert.match(failureOf(yield* Effect.exit(Stream.runDrain(numbers.read(any(options))))).message, problem)
      }
      yield* whileTimePasses(redis.set("numbers", "text"))
      const error = failureOf(yield* whileTimePasses(Effect.exit(Stream.runDrain(numbers.read()))))
      assert.strictEqual(error._tag, "ReplyError")
    }).pipe(Effect.provide(live())))

  it.effect("reads several streams at once", () =>
    Effect.gen(function*() {
      yield* connected
      const words = RedisStream.make({ key: new Uint8Array([255, 1]), schema: Schema.Struct({ w: Schema.String }) })
      const seen: Array<string> = []
      const before = yield* reserved
      yield* Effect.forkChild(
        Stream.runForEach(
          RedisStream.readAll({ numbers, words }, { from: "start", items: "values" }),
          (item) => Effect.sync(() => seen.push(item.stream === "numbers" ? `${item.value.n}` : item.value.w))
        ),
        { startImmediately: true }
      )
      yield* added(1, 2)
      yield* until(Effect.sync(() => seen.length === 2))
      yield* whileTimePasses(words.add({ w: "a" }))
      yield* until(Effect.sync(() => seen.length === 3))
      assert.deepStrictEqual(seen, ["1", "2", "a"])
      assert.strictEqual((yield* reserved) - before, 1)
      const wrong = failureOf(yield* Effect.exit(Stream.runDrain(RedisStream.readAll(any({ a: {} })))))
      assert.match(wrong.message, /streams\.a: expected the result of RedisStream\.make/)
    }).pipe(Effect.provide(live())))
})

describe("entries that are removed before they are read", () => {
  it.effect("are told with their number", () =>
    Effect.gen(function*() {
      yield* connected
      yield* added(1, 2, 3)
      const seen: Array<number | string> = []
      let goesOn = false
      yield* Effect.forkChild(
        Stream.runForEach(numbers.read({ from: "start", pageSize: 2 }), (item) =>
          Effect.gen(function*() {
            seen.push(short(item))
            while (!goesOn) yield* Effect.sleep("5 millis")
          })),
        { startImmediately: true }
      )
      yield* until(Effect.sync(() => seen.length === 1))
      yield* added(4, 5, 6, 7, 8, 9)
      yield* whileTimePasses(numbers.trim({ strategy: "maxlen", threshold: 2 }))
      goesOn = true
      yield* until(Effect.sync(() => seen.length === 5))
      assert.deepStrictEqual(seen, [1, 2, "trimmed 5 after 2-1 before 8-1", 8, 9])
      yield* added(10)
      yield* until(Effect.sync(() => seen.length === 6))
      assert.strictEqual(seen[5], 10)
    }).pipe(Effect.provide(live())))

  it.effect("are told where the pages are full, and where all of them are gone", () =>
    Effect.gen(function*() {
      const redis = yield* connected
      yield* added(1)
      const { fiber, got, seen } = yield* reading({ from: "start", pageSize: 2 })
      yield* got(1)
      // In one step, while the server waits: the reader sees neither.
      yield* whileTimePasses(redis.transaction([
        ...[2, 3, 4, 5, 6].map((n) => numbers.commands.add({ n }, { id: `${n}-1` })),
        numbers.commands.trim({ strategy: "maxlen", threshold: 3 })
      ]))
      yield* until(Effect.sync(() => seen.includes(6)))
      yield* whileTimePasses(Effect.sleep("6 seconds"))
      assert.deepStrictEqual(seen.filter((item) => typeof item === "number"), [1, 4, 5, 6])
      assert.strictEqual(seen.filter((item) => String(item).startsWith("trimmed 2 ")).length, 1)
      yield* whileTimePasses(redis.transaction([
        numbers.commands.add({ n: 7 }, { id: "7-1" }),
        numbers.commands.remove("7-1")
      ]))
      yield* whileTimePasses(Effect.sleep("6 seconds"))
      assert.strictEqual(seen.at(-1), "trimmed 1 after 6-1 before null")
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(live())))

  it.effect("are told to one that goes on from an id, and in the log to one that wants only entries", () =>
    Effect.gen(function*() {
      yield* connected
      yield* added(1, 2, 3, 4)
      yield* whileTimePasses(numbers.trim({ strategy: "maxlen", threshold: 1 }))
      const { got, seen } = yield* reading({ from: "1-1" })
      yield* got(2)
      assert.deepStrictEqual(seen, ["trimmed undefined after 1-1 before 4-1", 4])
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const values = yield* whileTimePasses(
        Stream.runCollect(Stream.take(numbers.read({ from: "1-1", items: "values" }), 1)).pipe(
          Effect.provide(Logger.layer([logger]))
        )
      )
      assert.deepStrictEqual(values.map(({ n }) => n), [4])
      assert.deepStrictEqual(lines, ["mymaster: reading numbers: entries may be missing, after 1-1"])
    }).pipe(Effect.provide(live())))

  it.effect("are not told where nothing is missing", () =>
    Effect.gen(function*() {
      yield* connected
      const { got, seen } = yield* reading({ from: "start", pageSize: 2 })
      for (let n = 1; n <= 30; n++) {
        yield* added(n)
        yield* got(n)
        if (n % 3 === 0) yield* whileTimePasses(numbers.trim({ strategy: "maxlen", threshold: 1 }))
        if (n % 7 === 0) yield* whileTimePasses(numbers.remove(`${n}-1`))
      }
      yield* whileTimePasses(Effect.sleep("11 seconds"))
      assert.deepStrictEqual(seen, Array.from({ length: 30 }, (_, i) => i + 1))
    }).pipe(Effect.provide(live())))
})

describe("a stream that is deleted or replaced", () => {
  it.effect("is read from its first entry on", () =>
    Effect.gen(function*() {
      const redis = yield* connected
      yield* added(11, 12)
      const { got, seen } = yield* reading({ from: "start" })
      yield* got(2)
      yield* whileTimePasses(redis.del("numbers"))
      yield* whileTimePasses(Effect.sleep("6 seconds"))
      yield* added(1, 2)
      yield* got(5)
      assert.deepStrictEqual(seen, [11, 12, "rewound from 12-1 to 0-0, lost 2", 1, 2])
      // Within a turn the counters say it.
      yield* whileTimePasses(
        redis.transaction([commands.del("numbers"), numbers.commands.add({ n: 5 }, { id: "0-5" })])
      )
      yield* until(Effect.sync(() => seen.length >= 7))
      assert.deepStrictEqual(seen.slice(5), ["rewound from 2-1 to 0-0, lost 2", 5])
    }).pipe(Effect.provide(live())))
})

describe("reading a stream through failovers and outages", () => {
  it.effect("gives each entry once through a planned failover", () =>
    Effect.gen(function*() {
      yield* connected
      const deployment = yield* Testing.Deployment
      const { got, seen } = yield* reading({ from: "now" })
      yield* whileTimePasses(Effect.sleep("100 millis"))
      const ids: Array<number> = []
      let goesOn = true
      const writer = yield* Effect.forkChild(
        Effect.gen(function*() {
          for (let n = 1; goesOn; n++) {
            yield* numbers.add({ n })
            ids.push(n)
            yield* Effect.sleep("5 millis")
          }
        }),
        { startImmediately: true }
      )
      yield* whileTimePasses(Effect.sleep("300 millis"))
      yield* deployment.failover
      yield* until(moved)
      yield* whileTimePasses(Effect.sleep("1 second"))
      goesOn = false
      yield* whileTimePasses(Fiber.join(writer))
      yield* got(ids.length)
      assert.deepStrictEqual(seen, ids)
      assert.isAbove(ids.length, 100)
    }).pipe(Effect.provide(live())))

  it.effect("tells what a failover lost, and misses nothing of what the new primary adds", () =>
    Effect.gen(function*() {
      yield* connected
      const deployment = yield* Testing.Deployment
      const { got, seen } = yield* reading({ from: "start" })
      yield* added(1, 2, 3)
      yield* got(3)
      yield* whileTimePasses(Effect.sleep("1 second"))
      const old = yield* deployment.primary
      for (const node of deployment.nodes) if (node !== old) yield* deployment.partition(old, node)
      yield* added(4, 5, 6)
      yield* got(6)
      yield* deployment.kill(old)
      yield* until(moved)
      // Lower than what was read: a server of another clock gives such ids.
      yield* whileTimePasses(numbers.add({ n: 40 }, { id: "4-5" }))
      yield* got(8)
      yield* added(7)
      yield* got(9)
      assert.deepStrictEqual(seen, [1, 2, 3, 4, 5, 6, "rewound from 6-1 to 3-1, lost 3", 40, 7])
    }).pipe(Effect.provide(live())))

  it.effect("misses nothing of what the new primary adds while the reader is busy, whose last id is then greater", () =>
    Effect.gen(function*() {
      yield* connected
      const deployment = yield* Testing.Deployment
      const seen: Array<number | string> = []
      let isBusy = false
      yield* Effect.forkChild(
        Stream.runForEach(numbers.read({ from: "start" }), (item) =>
          Effect.gen(function*() {
            seen.push(short(item))
            while (isBusy) yield* Effect.sleep("5 millis")
          })),
        { startImmediately: true }
      )
      yield* added(1, 2, 3)
      yield* until(Effect.sync(() => seen.length === 3))
      yield* whileTimePasses(Effect.sleep("1 second"))
      const old = yield* deployment.primary
      for (const node of deployment.nodes) if (node !== old) yield* deployment.partition(old, node)
      yield* added(4, 5)
      yield* until(Effect.sync(() => seen.length === 5))
      isBusy = true
      yield* added(6)
      yield* until(Effect.sync(() => seen.length === 6))
      yield* deployment.kill(old)
      yield* until(moved)
      yield* whileTimePasses(numbers.add({ n: 40 }, { id: "4-5" }))
      // As many as were lost: the counters alone do not tell.
      yield* added(7, 8)
      isBusy = false
      yield* until(Effect.sync(() => seen.includes(8)))
      assert.deepStrictEqual(seen, [1, 2, 3, 4, 5, 6, "rewound from 6-1 to 3-1, lost 3", 40, 7, 8])
    }).pipe(Effect.provide(live())))

  it.effect("tells one that begins after an entry that a failover lost, once", () =>
    Effect.gen(function*() {
      yield* connected
      const deployment = yield* Testing.Deployment
      yield* added(1, 2)
      yield* whileTimePasses(Effect.sleep("1 second"))
      const old = yield* deployment.primary
      for (const node of deployment.nodes) if (node !== old) yield* deployment.partition(old, node)
      yield* added(4)
      yield* deployment.kill(old)
      yield* until(moved)
      yield* added(3)
      const behind = yield* reading({ from: "4-1" })
      yield* behind.got(1)
      yield* added(5)
      yield* behind.got(2)
      assert.deepStrictEqual(behind.seen, ["rewound from 4-1 to 3-1, lost 0", 5])
      // Where the server has later entries, too.
      const { got, seen } = yield* reading({ from: "4-1" })
      yield* got(2)
      assert.deepStrictEqual(seen, ["rewound from 4-1 to 4-0, lost 0", 5])
      // It had begun before, and has got nothing yet.
      const idle = yield* reading({ from: "5-1" })
      const there = yield* reading({ from: "3-1" })
      yield* there.got(1)
      for (let i = 0; i < 3; i++) {
        yield* deployment.disconnect(yield* deployment.primary)
        yield* whileTimePasses(Effect.sleep("6 seconds"))
      }
      yield* added(6)
      yield* idle.got(1)
      yield* got(3)
      assert.deepStrictEqual([idle.seen, there.seen], [[6], [5, 6]])
      assert.deepStrictEqual(seen, ["rewound from 4-1 to 4-0, lost 0", 5, 6])
    }).pipe(Effect.provide(live())))

  it.effect("tells one that begins after an entry of a stream that is gone, where a new one has only later entries", () =>
    Effect.gen(function*() {
      const redis = yield* connected
      yield* added(1, 2, 3)
      yield* whileTimePasses(redis.del("numbers"))
      yield* added(7, 8)
      const lost = yield* reading({ from: "2-1" })
      yield* lost.got(2)
      assert.deepStrictEqual(lost.seen, ["rewound from 2-1 to 2-0, lost 0", 7, 8])
      // Here the entry may have been trimmed.
      yield* whileTimePasses(redis.xdel("numbers", "7-1"))
      const trimmed = yield* reading({ from: "2-1" })
      yield* trimmed.got(1)
      assert.strictEqual(trimmed.seen.at(-1), 8)
      assert.isFalse(trimmed.seen.some((item) => String(item).startsWith("rewound")))
    }).pipe(Effect.provide(live())))

  it.effect("goes on after everything was stopped for a while, with one warning", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(message)))
    return Effect.gen(function*() {
      yield* connected
      const deployment = yield* Testing.Deployment
      const { got, seen } = yield* reading({ from: "start" })
      yield* added(1)
      yield* got(1)
      yield* whileTimePasses(Effect.sleep("1 second"))
      const all = [...deployment.nodes, ...deployment.sentinels]
      for (const address of all) yield* deployment.hang(address)
      yield* whileTimePasses(Effect.sleep("60 seconds"))
      for (const address of all) yield* deployment.resume(address)
      yield* whileTimePasses(Effect.retry(numbers.add({ n: 2 }), { times: 100 }))
      yield* got(2)
      assert.deepStrictEqual(seen, [1, 2])
      assert.strictEqual(lines.filter((line) => line.includes("reading numbers was interrupted")).length, 1)
    }).pipe(Effect.provide(Layer.merge(live(), Logger.layer([logger]))))
  })

  it.effect("goes on after its connection is lost again and again", () =>
    Effect.gen(function*() {
      yield* connected
      const deployment = yield* Testing.Deployment
      const { got, seen } = yield* reading({ from: "start" })
      const expected: Array<number> = []
      for (let n = 1; n <= 20; n++) {
        yield* deployment.disconnect(yield* deployment.primary)
        yield* whileTimePasses(Effect.retry(numbers.add({ n }), { times: 10 }))
        expected.push(n)
      }
      yield* got(expected.length)
      assert.deepStrictEqual(Array.from(new Set(seen)), expected)
    }).pipe(Effect.provide(live())))
})

/** A wait without an end that is not divided into turns. */
const endless = Command.make(
  Command.define({
    words: ["BLPOP", "nothing"],
    mode: "write",
    blockingMillis: () => Infinity,
    decode: Command.native
  }),
  [0]
)

describe("more readers than connections", () => {
  const taking = (options: Sentinel.NodeOptions) =>
    RedisClient.layerPrimary("mymaster", options).pipe(
      Layer.provideMerge(Sentinel.layer({ sentinels })),
      Layer.provideMerge(Testing.layer({}))
    )

  it.effect("take turns, together with other commands that wait, and do not take reserved connections", () =>
    Effect.gen(function*() {
      const redis = yield* connected
      const readers = yield* Effect.forEach(
        Array.from({ length: 4 }, (_, i) => i),
        (i) => reading({ from: i === 0 ? "now" : "start" })
      )
      const popped: Array<string> = []
      yield* Effect.forkChild(
        Stream.runForEach(redis.popStream("list"), (item) => Effect.sync(() => popped.push(item._tag))),
        { startImmediately: true }
      )
      yield* whileTimePasses(Effect.sleep("6 seconds"))
      for (const n of [1, 2, 3]) {
        yield* added(n)
        yield* whileTimePasses(redis.rpush("list", `${n}`))
        yield* until(Effect.sync(() => popped.length === n && readers.slice(1).every(({ seen }) => seen.length === n)))
      }
      for (const { seen } of readers.slice(1)) assert.deepStrictEqual(seen, [1, 2, 3])
      yield* whileTimePasses(Effect.scoped(redis.reserve))
    }).pipe(Effect.provide(taking({ maxBlocking: 1, maxReserved: 1 }))))

  it.effect("a slow one gives its connection back while it does not read, and goes on where it was", () =>
    Effect.gen(function*() {
      const redis = yield* connected
      const slow: Array<number | string> = []
      let isBusy = true
      yield* Effect.forkChild(
        Stream.runForEach(numbers.read({ from: "start", pageSize: 1 }), (item) =>
          Effect.gen(function*() {
            slow.push(short(item))
            while (isBusy) yield* Effect.sleep("5 millis")
          })),
        { startImmediately: true }
      )
      yield* added(1, 2, 3, 4, 5)
      yield* until(Effect.sync(() => slow.length === 1))
      // It waits in one piece, so that only the slow one has a connection to give.
      yield* Effect.forkChild(redis.run(endless), { startImmediately: true })
      yield* whileTimePasses(Effect.sleep("10 seconds"))
      const { got, seen } = yield* reading({ from: "start" })
      yield* got(5)
      yield* added(6)
      yield* got(6)
      isBusy = false
      yield* until(Effect.sync(() => slow.length === 6))
      assert.deepStrictEqual([slow, seen], [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]])
    }).pipe(Effect.provide(taking({ maxBlocking: 2 }))))

  it.effect("with enough connections they keep theirs, and ask no more than before", () =>
    Effect.gen(function*() {
      yield* connected
      const deployment = yield* Testing.Deployment
      const { got } = yield* reading({ from: "start", pageSize: 1 })
      const other = yield* reading({ from: "start", pageSize: 1 })
      yield* added(1)
      yield* got(1)
      yield* other.got(1)
      const node = deployment.node(yield* deployment.primary)
      const before = node.executed.get("XRANGE") ?? 0
      yield* added(2, 3, 4, 5)
      yield* got(5)
      yield* other.got(5)
      assert.strictEqual(node.executed.get("XRANGE") ?? 0, before)
    }).pipe(Effect.provide(taking({ maxBlocking: 2 }))))
})

describe("a request that is cut in the middle", () => {
  it.effect("does not stop what waits at the server", () =>
    Effect.gen(function*() {
      const redis = yield* connected
      const deployment = yield* Testing.Deployment
      const jobs = RedisQueue.make({ key: "jobs", schema: Schema.Number })
      const first = yield* reading({ from: "now" })
      const second = yield* reading({ from: "start", pageSize: 1 })
      const popped = new Set<string>()
      const worked = new Set<number>()
      const consumed = new Set<number>()
      yield* Effect.forkChild(
        Stream.runForEach(redis.popStream("list"), (item) =>
          Effect.sync(() => void (item._tag === "Popped" && popped.add(item.value)))),
        { startImmediately: true }
      )
      yield* Effect.forkChild(
        jobs.consume({ deadAfter: "3 seconds" }, (job) =>
          Effect.sync(() => void worked.add(job))),
        { startImmediately: true }
      )
      yield* Effect.forkChild(
        numbers.consume({ group: "g", consumer: "c" }, ({ value }) => Effect.sync(() => void consumed.add(value.n))),
        { startImmediately: true }
      )
      yield* whileTimePasses(Effect.sleep("1 second"))
      for (let n = 1; n <= 40; n++) {
        yield* deployment.cut({ address: yield* deployment.primary, direction: "request", after: (n * 7) % 97 })
        const again = <A, E, R>(effect: Effect.Effect<A, E, R>) => whileTimePasses(Effect.retry(effect, { times: 10 }))
        yield* again(numbers.add({ n }))
        yield* again(redis.rpush("list", `${n}`))
        yield* again(jobs.push(n))
        yield* whileTimePasses(Effect.sleep(n * 37))
      }
      for (const { seen } of [first, second]) yield* until(Effect.sync(() => seen.includes(40)))
      yield* until(Effect.sync(() => popped.has("40") && worked.has(40) && consumed.has(40)))
      for (const { seen } of [first, second]) {
        assert.deepStrictEqual(Array.from(new Set(seen)), Array.from({ length: 40 }, (_, i) => i + 1))
      }
      assert.deepStrictEqual([worked.size, consumed.size], [40, 40])
    }).pipe(Effect.provide(live())))
})

describe("reading a stream from replicas", () => {
  it.effect("goes on through a failover", () =>
    Effect.gen(function*() {
      yield* connected
      const deployment = yield* Testing.Deployment
      const { got, seen } = yield* readingOf(numbers.replicas.read({ from: "start" }))
      yield* added(1, 2, 3)
      yield* got(3)
      yield* deployment.failover
      yield* until(moved)
      yield* added(4, 5)
      yield* got(5)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen, [1, 2, 3, 4, 5])
    }).pipe(Effect.provide(liveWithReplicas())))
})
