/**
 * Properties of the codecs of entries: every value of a schema comes back from the fields that it becomes, whatever
 * else an entry has, and fields of any kind give a value or an issue that repeats nothing of them. And the counters of a
 * reader: what is told as missing is missing.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Buffer } from "node:buffer"
import { decodeEntry, entryCodecOf } from "../src/internal/streams/entries.ts"
import { compareIds, idBefore } from "../src/internal/streams/ids.ts"
import { Track } from "../src/internal/streams/track.ts"
import type { RawEntry, RawFields } from "../src/internal/streams/types.ts"
import { Unfit } from "../src/internal/values/codecs.ts"

const bytesOf = (value: unknown): Uint8Array => value instanceof Uint8Array ? value : Buffer.from(String(value))

/** The fields as a server keeps them. */
const stored = (fields: ReadonlyArray<readonly [unknown, unknown]>): RawFields =>
  fields.map(([name, value]) => [bytesOf(name), bytesOf(value)] as const)

const isRecord = (value: unknown): value is object => {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || value instanceof Point
}

/** No text tells 0 and -0 apart, and what is undefined is not stored. */
const normal = (value: unknown): unknown =>
  value === 0
    ? 0
    : Array.isArray(value)
    ? value.map(normal)
    : isRecord(value)
    ? Object.entries(value).flatMap(([name, item]) => item === undefined ? [] : [[name, normal(item)]]).sort()
    : value

const text = Schema.String

class Point extends Schema.Class<Point>("Point")({ x: Schema.Finite, y: Schema.Int }) {}

const schemas = {
  scalars: Schema.Struct({
    text,
    number: Schema.Number,
    int: Schema.Int,
    flag: Schema.Boolean,
    big: Schema.BigInt,
    bytes: Schema.Uint8Array,
    literal: Schema.Literals(["a", "b"]),
    numbers: Schema.Literals([1, 2, 3]),
    mixed: Schema.Literals(["1", 1, true]),
    fromText: Schema.NumberFromString.check(Schema.isFinite())
  }),
  optional: Schema.Struct({
    a: Schema.optional(text),
    b: Schema.optionalKey(Schema.Number),
    c: Schema.UndefinedOr(Schema.Boolean),
    d: Schema.NullOr(text),
    e: Schema.optionalKey(Schema.NullOr(Schema.Uint8Array))
  }),
  nested: Schema.Struct({
    list: Schema.Array(Schema.Union([text, Schema.Finite])),
    either: Schema.Union([text, Schema.Finite, Schema.Boolean, Schema.Null]),
    record: Schema.Record(text, Schema.Finite),
    point: Point
  }),
  class: Point,
  dates: Schema.Struct({ at: Schema.DateTimeUtc, length: Schema.Duration }),
  union: Schema.Union([
    Schema.TaggedStruct("A", { value: Schema.Finite }),
    Schema.TaggedStruct("B", { value: text }),
    Schema.TaggedStruct("C", { value: Schema.Uint8Array, other: Schema.optionalKey(text) })
  ]),
  untagged: Schema.Union([Schema.Struct({ a: Schema.Finite, kind: Schema.Literal(1) }), Schema.Struct({ b: text })]),
  record: Schema.Record(text, text),
  text,
  list: Schema.Array(Schema.Struct({ a: text })),
  maybe: Schema.NullOr(Schema.Finite)
} satisfies Record<string, Schema.ConstraintCodec<unknown, unknown, never, never>>

describe("values of entries", () => {
  for (const [name, schema] of Object.entries(schemas)) {
    for (const layout of [undefined, "json"] as const) {
      it.effect.prop(
        `come back from the fields that they become: ${name}${layout === undefined ? "" : ` as ${layout}`}`,
        [schema as Schema.Codec<unknown, unknown>, Schema.Array(Schema.Tuple([Schema.Uint8Array, Schema.Uint8Array]))],
        ([value, others]) =>
          Effect.sync(() => {
            const codec = entryCodecOf("test", { schema, layout })
            let fields: ReturnType<typeof codec.encode>
            try {
              fields = codec.encode(value)
            } catch (error) {
              assert.match((error as Unfit).issue, /Expected well-formed text|it has no fields/)
              return
            }
            assert.isAbove(fields.length, 0)
            assert.deepStrictEqual(normal(codec.decode(stored(fields))), normal(value))
            // Of a field that an entry has twice the last one counts, and others do not matter.
            if (name === "record" && layout === undefined) return
            const names = new Set(fields.map(([name]) => String(name)))
            const foreign = others.filter(([field]) => field.length > 12 && !names.has(Buffer.from(field).toString()))
            const more = stored([...fields.map(([name]) => [name, "another value"] as const), ...foreign, ...fields])
            assert.deepStrictEqual(normal(codec.decode(more)), normal(value))
          }),
        { arbitrary: { runs: 100 } }
      )
    }
  }

  it.effect.prop(
    "any fields are a value or an issue that repeats nothing of them",
    [
      Schema.Array(Schema.Tuple([Schema.Union([Schema.String, Schema.Uint8Array]), Schema.Uint8Array])),
      Schema.String
    ],
    ([fields, secret]) =>
      Effect.sync(() => {
        const hidden = `secret${secret}`
        for (const [name, schema] of Object.entries(schemas)) {
          for (const layout of [undefined, "json"] as const) {
            const codec = entryCodecOf("test", { schema, layout })
            const known = name === "scalars"
              ? ["text", "number", "int", "flag", "big", "bytes"]
              : ["a", "value", "data"]
            for (
              const raw of [stored(fields), stored([...fields, ...known.map((field) => [field, hidden] as const)])]
            ) {
              const item = decodeEntry(codec, { id: "1-1", fields: raw })
              if (item._tag === "Entry") continue
              assert.deepStrictEqual(item.fields, raw)
              assert.notInclude(item.issue, "secret")
              assert.isBelow(item.issue.length, 2000)
            }
          }
        }
      }),
    { arbitrary: { runs: 50 } }
  )

  it("text that UTF-8 cannot say is not stored", () => {
    const codec = entryCodecOf("test", { schema: Schema.Struct({ a: Schema.String }) })
    assert.throws(() => codec.encode({ a: "\ud800" }))
    try {
      codec.encode({ a: "\ud800" })
    } catch (error) {
      assert.instanceOf(error, Unfit)
      assert.strictEqual((error as Unfit).issue, "at a: Expected well-formed text")
    }
    const json = entryCodecOf("test", { schema: Schema.Struct({ a: Schema.String }), layout: "json" })
    assert.deepStrictEqual(json.decode(stored(json.encode({ a: "\ud800" }))), { a: "\ud800" })
  })

  it("numbers are read alike with and without their schema", () => {
    const plain = entryCodecOf("test", { schema: Schema.Struct({ n: Schema.Number }) })
    // A check makes each number go through its schema.
    const checked = entryCodecOf("test", {
      schema: Schema.Struct({ n: Schema.Number.check(Schema.makeFilter(() => true)) })
    })
    const read = (codec: typeof plain, text: string): unknown => {
      const item = decodeEntry(codec, { id: "1-0", fields: stored([["n", text]]) })
      return item._tag === "Entry" ? item.value : item.issue
    }
    for (const sign of ["", "-", "+", "--", " "]) {
      for (
        const digits of [
          "",
          "0",
          "00",
          "7",
          "07",
          "10",
          "1.5",
          ".5",
          "5.",
          "1e3",
          "0x1f",
          "1a",
          "/",
          ":",
          "NaN",
          "Infinity"
        ]
          .concat(["9", "1", "4503599627370497", "9007199254740993"].flatMap((d) => [d.repeat(15), d.repeat(16), d]))
      ) {
        const [own, other] = [read(plain, sign + digits), read(checked, sign + digits)]
        assert.deepStrictEqual(own, other, sign + digits)
        if (typeof own !== "string") {
          assert.isTrue(Object.is((own as { n: number }).n, (other as { n: number }).n), sign + digits)
        }
      }
    }
  })

  it("codecs that throw or give what is no field are refused", () => {
    const issueOf = (encode: (value: unknown) => unknown): string => {
      const codec = entryCodecOf("test", { fields: { encode, decode: () => 1 } })
      try {
        codec.encode("secret")
      } catch (error) {
        assert.instanceOf(error, Unfit)
        return (error as Unfit).issue
      }
      return "none"
    }
    assert.strictEqual(issueOf(() => ({ a: 1 })), "none")
    assert.strictEqual(issueOf(() => new Map<string, unknown>([["a", 1n]])), "none")
    assert.match(issueOf(() => ({})), /at least one field/)
    assert.match(issueOf(() => 5), /expected its codec to give fields, got 5/)
    assert.match(issueOf(() => ({ a: NaN })), /expected a field to be/)
    assert.match(issueOf(() => ({ a: null })), /expected a field to be a string, a number or bytes, got null/)
    assert.match(issueOf(() => [[1, 2]]), /expected the name of a field/)
    assert.match(issueOf(() => [5]), /expected the name of a field/)
    assert.strictEqual(
      issueOf((value) => {
        throw new Error(String(value))
      }),
      "the codec does not accept it"
    )
    const names = entryCodecOf("test", {
      fields: { encode: () => ({ a: 1 }), decode: (fields: object) => Object.keys(fields) }
    })
    assert.deepStrictEqual(
      names.decode([[bytesOf("__proto__"), bytesOf("1")], [new Uint8Array([255]), bytesOf("2")]]),
      [
        "__proto__"
      ]
    )
  })
})

describe("ids", () => {
  it.effect.prop(
    "are in the order of their numbers",
    [Schema.Tuple([Schema.Int, Schema.Int, Schema.Int, Schema.Int])],
    ([
      [a, b, c, d]
    ]) =>
      Effect.sync(() => {
        const [first, second] = [`${Math.abs(a)}-${Math.abs(b)}`, `${Math.abs(c)}-${Math.abs(d)}`]
        const expected = Math.sign(Math.abs(a) - Math.abs(c)) || Math.sign(Math.abs(b) - Math.abs(d))
        assert.strictEqual(Math.sign(compareIds(first, second)), expected)
        if (first === "0-0") return assert.strictEqual(idBefore(first), first)
        assert.isBelow(compareIds(idBefore(first), first), 0)
      })
  )
})

describe("the counters of a reader", () => {
  /** A stream whose entries are numbered, as a server counts it. */
  class Model {
    readonly entries: Array<number> = []
    added = 0
    deleted = 0
    add(): void {
      this.entries.push(++this.added)
    }
    counters() {
      const id = (n: number | undefined): string => `${n ?? 0}-0`
      return {
        length: this.entries.length,
        lastGeneratedId: id(this.added),
        maxDeletedEntryId: id(this.deleted),
        entriesAdded: this.added,
        recordedFirstEntryId: id(this.entries[0])
      }
    }
    after(position: string, count: number): ReadonlyArray<RawEntry> {
      const from = Number(position.split("-")[0])
      return this.entries.filter((n) => n > from).slice(0, count).map((n) => ({ id: `${n}-0`, fields: [] }))
    }
  }

  it.effect.prop(
    "every entry of a stream that is trimmed is read, or told to be missing",
    [Schema.Array(Schema.Literals(["add", "add", "trim", "page", "wait"])), Schema.Int],
    ([steps, n]) =>
      Effect.sync(() => {
        const count = 1 + Math.abs(n) % 4
        const model = new Model()
        const track = new Track("0-0", "unknown", 0)
        let read = 0
        let missed = 0
        const page = (): number => {
          const entries = model.after(track.position, count)
          const state = model.added === 0 ? null : model.counters()
          assert.isTrue(track.isContinuedBy(state))
          const trimmed = track.onPage(state, entries, entries.length >= count)
          if (trimmed !== undefined) {
            assert.isAbove(trimmed.missed!, 0)
            missed += trimmed.missed!
          }
          read += entries.length
          // What was read and what is missing are all that were added up to here.
          if (entries.length > 0) assert.strictEqual(`${read + missed}-0`, track.position)
          return entries.length
        }
        for (const step of steps) {
          if (step === "add") model.add()
          else if (step === "trim") model.entries.splice(0, Math.ceil(model.entries.length / 2))
          else if (step === "page") page()
          else if (page() === 0) {
            // The server waits only where there was nothing.
            model.add()
            const entries = model.after(track.position, count)
            track.onEntries(entries)
            read += entries.length
          }
        }
        while (page() > 0);
        assert.strictEqual(read + missed, model.added)
      }),
    { arbitrary: { runs: 500 } }
  )
})
