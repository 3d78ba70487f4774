/**
 * Streams of typed entries on nodes in memory: how values are laid out as fields, what is added, trimmed and removed,
 * ranges, and what fails. Reads that follow the primary are in redisStreamRead.test.ts.
 */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Buffer } from "node:buffer"
import { Errors, RedisClient } from "../src/index.ts"
import { entryCodecOf } from "../src/internal/streams/entries.ts"
import * as RedisStream from "../src/RedisStream.ts"
import { failureOf } from "./support/exit.ts"
import { inSteps, live, liveWithReplicas } from "./support/group.ts"

const { ready, whileTimePasses } = inSteps("5 millis")

class Order extends Schema.Class<Order>("Order")({
  customer: Schema.String,
  total: Schema.Number,
  paid: Schema.Boolean,
  placed: Schema.DateTimeUtc,
  receipt: Schema.Uint8Array,
  lines: Schema.Array(Schema.Struct({ sku: Schema.String, count: Schema.Int })),
  note: Schema.optional(Schema.String)
}) {}

const order = new Order({
  customer: "Ada",
  total: 12.5,
  paid: true,
  placed: DateTime.makeUnsafe("2026-01-02T03:04:05.006Z"),
  receipt: new Uint8Array([0, 255, 10]),
  lines: [{ sku: "tea", count: 2 }]
})

const orders = RedisStream.make({ key: "orders", schema: Order })
const text = RedisStream.make({ key: "text", schema: Schema.Struct({ n: Schema.Number }) })

const refused = (make: () => unknown, detail: RegExp): void => {
  try {
    make()
  } catch (error) {
    assert.instanceOf(error, Errors.InvalidCommand)
    assert.match((error as Errors.InvalidCommand).detail, detail)
    return
  }
  assert.fail("it was not refused")
}

const any = (value: unknown): any => value

/** The fields of a value, as text. */
const fieldsOf = (format: object, value: unknown): Record<string, unknown> =>
  Object.fromEntries(
    entryCodecOf("test", format).encode(value).map(([name, value]) => [
      String(name),
      value instanceof Uint8Array ? Array.from(value) : value
    ])
  )

describe("the layout of entries", () => {
  it("a class becomes fields that other clients read", () => {
    assert.deepStrictEqual(fieldsOf({ schema: Order }, order), {
      customer: "Ada",
      total: "12.5",
      paid: "true",
      placed: "2026-01-02T03:04:05.006Z",
      receipt: [0, 255, 10],
      lines: "[{\"sku\":\"tea\",\"count\":2}]"
    })
  })

  it("what text does not tell apart is JSON", () => {
    const schema = Schema.Struct({
      either: Schema.Union([Schema.String, Schema.Number]),
      maybe: Schema.NullOr(Schema.String),
      size: Schema.Literals(["small", "large"]),
      step: Schema.Literals([1, 2]),
      mixed: Schema.Literals(["1", 1]),
      big: Schema.BigInt
    })
    assert.deepStrictEqual(
      fieldsOf({ schema }, { either: "5", maybe: null, size: "small", step: 2, mixed: 1, big: 2n ** 70n }),
      { either: "\"5\"", maybe: "null", size: "small", step: "2", mixed: "1", big: "1180591620717411303424" }
    )
  })

  it("anything that has no fields is JSON in one field, whose name is chosen", () => {
    const schema = Schema.Array(Schema.Number)
    assert.deepStrictEqual(fieldsOf({ schema }, [1, 2]), { data: "[1,2]" })
    assert.deepStrictEqual(fieldsOf({ schema, field: "numbers" }, [1, 2]), { numbers: "[1,2]" })
    assert.deepStrictEqual(fieldsOf({ schema: Schema.Struct({ a: Schema.Number }), layout: "json" }, { a: 1 }), {
      data: "{\"a\":1}"
    })
    assert.deepStrictEqual(fieldsOf({ schema: Schema.String }, "a"), { data: "\"a\"" })
  })

  it("a union of structs is told apart by its literals", () => {
    const schema = Schema.Union([
      Schema.TaggedStruct("Placed", { total: Schema.Number }),
      Schema.TaggedStruct("Named", { total: Schema.String })
    ])
    const codec = entryCodecOf("test", { schema })
    for (const value of [{ _tag: "Placed", total: 5 }, { _tag: "Named", total: "5" }]) {
      const fields = codec.encode(value).map(([name, value]) =>
        [Buffer.from(String(name)), Buffer.from(String(value))] as const
      )
      assert.deepStrictEqual(codec.decode(fields), value)
    }
  })

  it("an entry has at least one field", () => {
    const codec = entryCodecOf("test", { schema: Schema.Struct({ a: Schema.optional(Schema.String) }) })
    assert.deepStrictEqual(codec.encode({}), [["", ""]])
    assert.deepStrictEqual(codec.decode([[Buffer.from(""), Buffer.from("")]]), {})
  })

  it("formats that cannot be are refused", () => {
    const schema = Schema.Struct({ a: Schema.String })
    refused(() => RedisStream.make(any({ key: "s" })), /^schema: it is needed/)
    refused(() => RedisStream.make(any({ key: 5, schema })), /^key: expected a string or bytes, got 5/)
    refused(() => RedisStream.make(any({ key: "s", schema: 5 })), /^schema: expected a Schema, got 5/)
    refused(() => RedisStream.make(any({ key: "s", schema, codec: {} })), /^codec: not with schema/)
    refused(() => RedisStream.make(any({ key: "s", codec: {} })), /^codec\.encode: expected a function/)
    refused(() => RedisStream.make(any({ key: "s", fields: { encode: () => ({}) } })), /^fields\.decode: expected/)
    refused(() => RedisStream.make({ key: "s", schema, field: "f" }), /^field: the values of this schema/)
    refused(() => RedisStream.make({ key: "s", schema: Schema.String, layout: "fields" }), /^layout: only a struct/)
    refused(() => RedisStream.make(any({ key: "s", schema, layout: "xml" })), /^layout: expected/)
    refused(() => RedisStream.make(any({ key: "s", schema, trims: {} })), /^trims: unknown option/)
    refused(
      () => RedisStream.make({ key: "s", schema, trim: any({ strategy: "maxlen", threshold: 1, limit: 5 }) }),
      /^trim\.limit: not with exact trimming/
    )
    refused(
      () => RedisStream.make({ key: "s", schema, trim: any({ strategy: "maxage", threshold: 5 }) }),
      /^trim\.threshold: 5 has no unit/
    )
  })
})

describe("entries", () => {
  it.effect("are added, and read again one by one", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* whileTimePasses(Effect.gen(function*() {
        assert.isNull(yield* orders.first)
        assert.isNull(yield* orders.info)
        const id = yield* orders.add(order)
        const other = yield* orders.add(new Order({ ...order, note: "soon" }))
        assert.deepStrictEqual(yield* orders.get(id), { _tag: "Entry", id, value: order })
        assert.strictEqual((yield* orders.first)?.id, id)
        const last = yield* orders.last
        assert.strictEqual(last?.id, other)
        assert.instanceOf(last?.value, Order)
        assert.strictEqual(last?.value.note, "soon")
        assert.strictEqual(yield* orders.length, 2)
        const info = yield* orders.info
        assert.strictEqual(info?.entriesAdded, 2)
        assert.deepStrictEqual(info?.firstEntry, { _tag: "Entry", id, value: order })
        assert.strictEqual(yield* orders.remove(id), 1)
        assert.strictEqual(yield* orders.trim({ strategy: "maxlen", threshold: 0 }), 1)
        assert.strictEqual(yield* orders.length, 0)
        assert.isNull(yield* orders.get(id))
      }))
    }).pipe(Effect.provide(live())))

  it.effect("have the ids that are asked for", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* whileTimePasses(Effect.gen(function*() {
        assert.isNull(yield* text.add({ n: 0 }, { whenMissing: "skip" }))
        assert.strictEqual(yield* text.add({ n: 1 }, { id: "5-1" }), "5-1")
        assert.strictEqual(yield* text.add({ n: 2 }, { id: "5-*" }), "5-2")
        assert.strictEqual(yield* text.add({ n: 3 }, { id: new Date(7) }), "7-0")
        assert.strictEqual(yield* text.add({ n: 4 }, { id: new Date(7), whenMissing: "skip" }), "7-1")
        const error = failureOf(yield* Effect.exit(text.add({ n: 5 }, { id: "1-0" })))
        assert.strictEqual(error._tag, "ReplyError")
        assert.deepStrictEqual(
          yield* text.addMany([{ n: 5 }, { n: 6 }], { trim: { strategy: "maxlen", threshold: 3 } })
            .pipe(Effect.map((ids) => ids.length)),
          2
        )
        assert.strictEqual(yield* text.length, 3)
        assert.deepStrictEqual(yield* text.addMany([]), [])
      }))
    }).pipe(Effect.provide(live())))

  it.effect("that do not fit are not sent, and errors say nothing of them", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      const error = failureOf(yield* Effect.exit(orders.add(any({ customer: "secret" }))))
      assert.strictEqual(error._tag, "InvalidCommand")
      assert.notInclude(error.message, "secret")
      const many = failureOf(yield* Effect.exit(text.addMany([{ n: 1 }, any({ n: "secret" })])))
      assert.match(many.message, /values\[1\]: at n: /)
      assert.notInclude(many.message, "secret")
      for (
        const [options, problem] of [
          [{ id: "x" }, /id: expected an id/],
          [{ idempotent: {} }, /idempotent\.producer: /],
          [{ idempotent: { producer: "p" }, id: "5-1" }, /id: not with idempotent/],
          [{ whenMissing: "maybe" }, /whenMissing: /],
          [{ tirm: 1 }, /tirm: unknown option/],
          [{ trim: { strategy: "maxlen", threshold: -1 } }, /trim\.threshold: /]
        ] as const
      ) {
        assert.match(failureOf(yield* Effect.exit(text.add({ n: 1 }, any(options)))).message, problem)
      }
      assert.strictEqual(yield* whileTimePasses(text.length), 0)
    }).pipe(Effect.provide(live())))

  it.effect("go into pipelines and transactions", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* whileTimePasses(Effect.gen(function*() {
        const [id, length] = yield* redis.transaction([text.commands.add({ n: 1 }), text.commands.length])
        expectTypeOf(id).toEqualTypeOf<string>()
        assert.strictEqual(length, 1)
        const [trimmed, removed] = yield* redis.pipeline([
          text.commands.trim({ strategy: "maxlen", threshold: 5 }),
          text.commands.remove([id])
        ])
        assert.deepStrictEqual([trimmed, removed], [0, 1])
      }))
    }).pipe(Effect.provide(live())))

  it.effect("are added once with a name, where the server knows names", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* ready(redis)
      yield* whileTimePasses(Effect.gen(function*() {
        const named = { idempotent: { producer: "p", id: "1" } }
        const id = yield* text.add({ n: 1 }, named)
        assert.strictEqual(yield* text.add({ n: 1 }, named), id)
        assert.strictEqual(yield* text.length, 1)
        assert.isTrue(text.commands.add({ n: 1 }, named).repeat)
        assert.isFalse(text.commands.add({ n: 1 }).repeat)
        const by = { idempotent: { producer: "p", id: ({ n }: { readonly n: number }) => n } }
        const ids = yield* text.addMany([{ n: 1 }, { n: 2 }], by)
        assert.strictEqual(ids[0], id)
        assert.strictEqual(yield* text.length, 2)
      }))
    }).pipe(Effect.provide(live())))
})

describe("ranges", () => {
  const filled = Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    yield* ready(redis)
    yield* whileTimePasses(redis.pipeline([1, 2, 3, 4, 5].map((n) => text.commands.add({ n }, { id: `${n}-1` }))))
    return redis
  })
  const numbers = (options?: RedisStream.RangeOptions) =>
    whileTimePasses(
      Stream.runCollect(text.range({ ...options, items: "values" })).pipe(
        Effect.map((values) => values.map(({ n }) => n))
      )
    )

  it.effect("are read in pages, in both directions, between ids and moments", () =>
    Effect.gen(function*() {
      yield* filled
      for (const pageSize of [1, 2, 3, 5, 256]) {
        assert.deepStrictEqual(yield* numbers({ pageSize }), [1, 2, 3, 4, 5])
        assert.deepStrictEqual(yield* numbers({ pageSize, reverse: true }), [5, 4, 3, 2, 1])
        assert.deepStrictEqual(yield* numbers({ pageSize, limit: 3 }), [1, 2, 3])
        assert.deepStrictEqual(yield* numbers({ pageSize, from: "2-1", to: "4" }), [2, 3, 4])
        assert.deepStrictEqual(yield* numbers({ pageSize, from: { exclusive: "2" }, to: { exclusive: "4-1" } }), [3])
        assert.deepStrictEqual(
          yield* numbers({ pageSize, reverse: true, from: new Date(2), to: { exclusive: { epochMillis: 4 } } }),
          [3, 2]
        )
      }
    }).pipe(Effect.provide(live())))

  it.effect("have an item for an entry that does not fit, or fail there", () =>
    Effect.gen(function*() {
      const redis = yield* filled
      yield* whileTimePasses(redis.xadd("text", "6-1", { n: "secret" }))
      yield* whileTimePasses(text.add({ n: 7 }, { id: "7-1" }))
      const items = yield* whileTimePasses(Stream.runCollect(text.range({ from: "5" })))
      assert.deepStrictEqual(items.map(({ _tag }) => _tag), ["Entry", "Misfit", "Entry"])
      const misfit = items[1] as RedisStream.Misfit
      assert.match(misfit.issue, /^at n: /)
      assert.deepStrictEqual(misfit.fields.map((pair) => pair.map(String)), [["n", "secret"]])
      const seen: Array<number> = []
      const error = failureOf(
        yield* Effect.exit(
          whileTimePasses(Stream.runForEach(text.range({ items: "entries", pageSize: 2 }), ({ value }) =>
            Effect.sync(() =>
              seen.push(value.n)
            )))
        )
      )
      assert.strictEqual(error._tag, "ValueMismatch")
      assert.match(error.message, /entry 6-1: at n: /)
      assert.notInclude(error.message, "secret")
      assert.deepStrictEqual(seen, [1, 2, 3, 4, 5])
    }).pipe(Effect.provide(live())))

  it.effect("refuse options that are not valid", () =>
    Effect.gen(function*() {
      for (
        const [options, problem] of [
          [{ from: "x" }, /from: expected an id/],
          [{ to: 5 }, /to: expected an id/],
          [{ pageSize: 0 }, /pageSize: /],
          [{ limit: 0 }, /limit: /],
          [{ items: "some" }, /items: /],
          [{ reverse: 1 }, /reverse: /],
          [{ count: 1 }, /count: unknown option/],
          [5, /options: /]
        ] as const
      ) {
        assert.match(failureOf(yield* Effect.exit(Stream.runDrain(text.range(any(options))))).message, problem)
      }
    }).pipe(Effect.provide(live())))

  it.effect("are read from replicas", () =>
    Effect.gen(function*() {
      yield* filled
      const items = yield* whileTimePasses(Stream.runCollect(text.replicas.range({ items: "values" })))
      assert.deepStrictEqual(items.map(({ n }) => n), [1, 2, 3, 4, 5])
      assert.strictEqual(yield* whileTimePasses(text.replicas.length), 5)
    }).pipe(Effect.provide(liveWithReplicas())))
})
