/**
 * Streams of typed entries on real servers: what is stored, ranges, reads as they grow, and what a killed primary leaves
 * of them, in RESP2 and in RESP3.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { commands, RedisClient, Sentinel } from "../../src/index.ts"
import * as RedisStream from "../../src/RedisStream.ts"
import { failureOf } from "../support/exit.ts"
import { deployment, server } from "../support/processes.ts"

const Reading = Schema.Struct({
  sensor: Schema.String,
  celsius: Schema.Number,
  raw: Schema.Uint8Array,
  tags: Schema.Array(Schema.String)
})
const readings = RedisStream.make({ key: new Uint8Array([114, 0, 255]), schema: Reading })
const numbers = RedisStream.make({ key: "numbers", schema: Schema.Struct({ n: Schema.Number }) })

const until = (condition: () => boolean) =>
  Effect.suspend(() => condition() ? Effect.void : Effect.fail("not yet" as const)).pipe(
    Effect.retry(Schedule.spaced("10 millis").pipe(Schedule.upTo({ duration: "30 seconds" })))
  )

const short = (item: RedisStream.ReadItem<{ readonly n: number }, "all">): number | string =>
  item._tag === "Entry" ? item.value.n : item._tag

/** Notes what a Stream gives. */
const reading = <E, R>(stream: Stream.Stream<RedisStream.ReadItem<{ readonly n: number }, "all">, E, R>) =>
  Effect.gen(function*() {
    const seen: Array<number | string> = []
    const fiber = yield* Effect.forkChild(
      Stream.runForEach(stream, (item) => Effect.sync(() => void seen.push(short(item)))),
      { startImmediately: true }
    )
    return { seen, fiber }
  })

describe.each([2, 3] as const)("streams in RESP%i", (protocol) => {
  it.live("values come back as they were, and other clients read them", () =>
    Effect.gen(function*() {
      const { address } = yield* server()
      yield* Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        const value = { sensor: "\u{1F321} a\u0000b", celsius: -1.5e-7, raw: new Uint8Array([0, 255]), tags: ["x"] }
        const id = yield* readings.add(value)
        assert.deepStrictEqual((yield* readings.get(id))?.value, value)
        assert.deepStrictEqual((yield* readings.last)?.value, value)
        const [entry] = yield* redis.xrange(readings.key, "-", "+")
        assert.strictEqual(entry?.fields["celsius"], "-1.5e-7")
        assert.strictEqual(entry?.fields["tags"], "[\"x\"]")
        const ids = yield* numbers.addMany(Array.from({ length: 1000 }, (_, n) => ({ n })))
        assert.strictEqual(new Set(ids).size, 1000)
        for (const pageSize of [7, 256, 1000]) {
          const forwards = yield* Stream.runCollect(numbers.range({ items: "values", pageSize }))
          assert.deepStrictEqual(forwards.map(({ n }) => n), Array.from({ length: 1000 }, (_, n) => n))
          const backwards = yield* Stream.runCollect(numbers.range({ items: "values", pageSize, reverse: true }))
          assert.deepStrictEqual(backwards.reverse(), forwards)
        }
        assert.strictEqual((yield* numbers.info)?.entriesAdded, 1000)
        assert.strictEqual(yield* numbers.lastId, ids.at(-1))
        assert.strictEqual(yield* numbers.trim({ strategy: "maxage", threshold: "1 hour" }), 0)
        assert.strictEqual(yield* numbers.trim({ strategy: "minid", threshold: ids[10]! }), 10)
        assert.strictEqual(yield* numbers.trim({ strategy: "maxlen", threshold: 5 }), 985)
        assert.strictEqual(yield* numbers.remove(ids.slice(-2)), 2)
        assert.strictEqual(yield* numbers.length, 3)
        assert.isNull(
          yield* numbers.add({ n: 1 }, { whenMissing: "skip" }).pipe(
            Effect.provideService(RedisClient.RedisClient, redis),
            Effect.andThen(redis.del("numbers")),
            Effect.andThen(numbers.add({ n: 1 }, { whenMissing: "skip" }))
          )
        )
      }).pipe(Effect.provide(RedisClient.layer({ address, protocol })))
    }).pipe(Effect.scoped))

  it.live("an option that the server lacks is a typed error, or left out", () =>
    Effect.gen(function*() {
      const { address } = yield* server()
      yield* Effect.gen(function*() {
        const redis = yield* RedisClient.RedisClient
        const known = yield* Effect.exit(redis.xadd("probe", "*", { a: 1 }, { idempotent: { producer: "p", id: "1" } }))
        const named = { producer: "p", id: "1" }
        if (known._tag === "Failure") {
          const error = failureOf(yield* Effect.exit(numbers.add({ n: 1 }, { idempotent: named })))
          assert.strictEqual(error._tag, "Unsupported")
          assert.strictEqual(yield* numbers.length, 0)
          const many = failureOf(
            yield* Effect.exit(numbers.addMany([{ n: 1 }, { n: 2 }], { idempotent: { producer: "p" } }))
          )
          assert.strictEqual(many._tag, "Unsupported")
          yield* numbers.addMany([{ n: 1 }, { n: 2 }], { idempotent: { producer: "p", where: "available" } })
          yield* numbers.add({ n: 3 }, { idempotent: { ...named, where: "available" } })
          yield* numbers.addMany([{ n: 4 }], { idempotent: { producer: "p", where: "available" } })
        } else {
          for (const n of [1, 1, 2, 3, 4]) yield* numbers.add({ n }, { idempotent: { producer: "p", id: n } })
        }
        const values = yield* Stream.runCollect(numbers.range({ items: "values" }))
        assert.deepStrictEqual(values.map(({ n }) => n), [1, 2, 3, 4])
        for (
          const effect of [
            Effect.asVoid(numbers.add({ n: 5 }, { trim: { strategy: "maxlen", threshold: 9, references: "delref" } })),
            Effect.asVoid(numbers.trim({ strategy: "maxlen", threshold: 9, references: "delref" })),
            Effect.asVoid(numbers.remove("1-1", { references: "delref" }))
          ]
        ) {
          const exit = yield* Effect.exit(effect)
          if (exit._tag === "Failure") assert.strictEqual(failureOf(exit)._tag, "Unsupported")
        }
      }).pipe(Effect.provide(RedisClient.layer({ address, protocol })))
    }).pipe(Effect.scoped))

  it.live(
    "a reader tells what was trimmed, and a stream that was replaced, and goes on after a restart",
    () =>
      Effect.gen(function*() {
        const process = yield* server()
        yield* Effect.gen(function*() {
          const redis = yield* RedisClient.RedisClient
          const { seen } = yield* reading(numbers.read({ from: "start" }))
          yield* numbers.addMany([{ n: 1 }, { n: 2 }])
          yield* until(() => seen.length === 2)
          yield* redis.transaction([
            ...[3, 4, 5].map((n) => numbers.commands.add({ n })),
            numbers.commands.trim({ strategy: "maxlen", threshold: 1 })
          ])
          yield* until(() => seen.includes(5))
          yield* until(() => seen.includes("Trimmed"))
          yield* redis.transaction([commands.del("numbers"), numbers.commands.add({ n: 6 }, { id: "5-1" })])
          yield* until(() => seen.includes(6))
          assert.deepStrictEqual(seen.filter((item) => item !== "Trimmed"), [1, 2, 5, "Rewound", 6])
          // It has no file: it returns without data.
          yield* process.kill
          yield* Effect.sleep("500 millis")
          yield* process.restart
          yield* Effect.retry(numbers.add({ n: 7 }, { id: "1-1" }), {
            times: 20,
            schedule: Schedule.spaced("100 millis")
          })
          yield* until(() => seen.includes(7))
          assert.deepStrictEqual(seen.slice(-2), ["Rewound", 7])
        }).pipe(Effect.provide(RedisClient.layer({ address: process.address, protocol })))
      }).pipe(Effect.scoped),
    60_000
  )
})

describe("streams through failovers", () => {
  it.live(
    "a reader of the primary, and one of replicas, get every entry that was acknowledged and not lost",
    () =>
      Effect.gen(function*() {
        const d = yield* deployment()
        const live = Layer.merge(RedisClient.layerPrimary(d.group), RedisClient.layerReplica(d.group)).pipe(
          Layer.provide(Sentinel.layer({ sentinels: d.sentinelAddresses, node: { stallTimeout: "500 millis" } }))
        )
        yield* Effect.gen(function*() {
          const primary = yield* reading(numbers.read({ from: "start" }))
          const replica = yield* reading(numbers.replicas.read({ from: "start" }))
          let goesOn = true
          let n = 0
          const writer = yield* Effect.forkChild(
            Effect.gen(function*() {
              while (goesOn) {
                yield* Effect.exit(numbers.add({ n: ++n }))
                yield* Effect.sleep("2 millis")
              }
            }),
            { startImmediately: true }
          )
          yield* until(() => primary.seen.length > 200)
          yield* d.primary.kill
          const before = primary.seen.length
          yield* until(() => primary.seen.length > before + 300)
          goesOn = false
          yield* Fiber.join(writer)
          const last = yield* numbers.last
          yield* until(() => primary.seen.at(-1) === last?.value.n && replica.seen.at(-1) === last?.value.n)
          const stored = (yield* Stream.runCollect(numbers.range({ items: "values" }))).map(({ n }) => n)
          for (const { seen } of [primary, replica]) {
            const entries = new Set(seen.filter((item) => typeof item === "number"))
            assert.deepStrictEqual(stored.filter((n) => !entries.has(n)), [])
            if (!seen.includes("Rewound")) {
              // Nothing was given twice.
              assert.strictEqual(entries.size, seen.filter((item) => typeof item === "number").length)
            }
            assert.notInclude(seen, "Trimmed")
          }
        }).pipe(Effect.provide(live))
      }).pipe(Effect.scoped),
    90_000
  )
})
