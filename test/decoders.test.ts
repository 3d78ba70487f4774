/** Decoders made of decoders: what they read of RESP2's and RESP3's shapes, in text and in bytes, and what they refuse. */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Command, commands, Resp } from "../src/index.ts"

const bytes = (text: string): Uint8Array => Buffer.from(text)

const mismatch = (f: () => unknown): string => {
  try {
    f()
  } catch (error) {
    assert.instanceOf(error, Command.Mismatch)
    return (error as Command.Mismatch).expected
  }
  return assert.fail("it reads the reply")
}

describe("decoders of decoders", () => {
  it("array: each element of an array or a set, not of a map", () => {
    const decode = Command.array(Command.int)
    assert.deepStrictEqual(decode([1, 2], false), [1, 2])
    assert.deepStrictEqual(decode(new Resp.SetReply([3]), false), [3])
    assert.deepStrictEqual(decode([], true), [])
    assert.strictEqual(mismatch(() => decode(new Resp.MapReply([1, 2]), false)), "an array")
    assert.strictEqual(mismatch(() => decode(["1"], false)), "an integer")
    assert.strictEqual(mismatch(() => decode(null, false)), "an array")
  })

  it("tuple: by position; later elements are ignored, missing ones are not", () => {
    const decode = Command.tuple(Command.string, Command.int)
    expectTypeOf(decode).toEqualTypeOf<Command.Decode<[string, number], [Uint8Array, number]>>()
    assert.deepStrictEqual(decode(["a", 1], false), ["a", 1])
    assert.deepStrictEqual<unknown>(decode([bytes("a"), 1], true), [bytes("a"), 1])
    assert.deepStrictEqual(decode(["a", 1, "new"], false), ["a", 1])
    assert.strictEqual(mismatch(() => decode(["a"], false)), "an array of 2 elements")
    assert.strictEqual(mismatch(() => decode(new Resp.MapReply(["a", 1]), false)), "an array of 2 elements")
  })

  it("struct: a record by position", () => {
    const decode = Command.nullable(Command.struct({ key: Command.string, elements: Command.strings }))
    expectTypeOf<Command.Decoded<typeof decode>>().toEqualTypeOf<
      { readonly key: string; readonly elements: Array<string> } | null
    >()
    expectTypeOf<Command.DecodedBytes<typeof decode>>().toEqualTypeOf<
      { readonly key: Uint8Array; readonly elements: Array<Uint8Array> } | null
    >()
    assert.deepStrictEqual(decode(["k", ["a", "b"]], false), { key: "k", elements: ["a", "b"] })
    assert.deepStrictEqual<unknown>(decode([bytes("k"), [bytes("a")]], true), {
      key: bytes("k"),
      elements: [bytes("a")]
    })
    assert.isNull(decode(null, false))
    assert.strictEqual(mismatch(() => decode(["k"], false)), "an array of 2 elements")
    assert.strictEqual(mismatch(() => decode(["k", "a"], false)), "an array")
  })

  it("fields: by name, however it is spelled, from an array or a map", () => {
    const decode = Command.fields({ length: Command.int, lastGeneratedId: Command.string }, { groups: Command.int })
    expectTypeOf<Command.Decoded<typeof decode>>().toEqualTypeOf<
      { readonly length: number; readonly lastGeneratedId: string; readonly groups?: number }
    >()
    const flat = ["length", 3, "unknown", "x", "last-generated-id", "1-1"]
    const expected = { length: 3, lastGeneratedId: "1-1" }
    assert.deepStrictEqual(decode(flat, false), expected)
    assert.deepStrictEqual(decode(new Resp.MapReply(flat), false), expected)
    assert.deepStrictEqual(decode([...flat, "GROUPS", 1], false), { ...expected, groups: 1 })
    assert.deepStrictEqual<unknown>(decode([bytes("last_generated_id"), bytes("1"), bytes("length"), 1], true), {
      lastGeneratedId: bytes("1"),
      length: 1
    })
    assert.strictEqual(mismatch(() => decode(["length", 3], false)), "a field lastGeneratedId")
    assert.strictEqual(mismatch(() => decode(["length", "3"], false)), "an integer")
    // A name that objects have from birth is a name like any other.
    assert.strictEqual(mismatch(() => Command.fields({ constructor: Command.int })([], false)), "a field constructor")
  })

  it("mapOf and recordOf: from a map, from an array in turn, from pairs", () => {
    const map = Command.mapOf(Command.string, Command.int)
    const record = Command.recordOf(Command.array(Command.string))
    for (const reply of [["b", 1, "a", 2], [["b", 1], ["a", 2]], new Resp.MapReply(["b", 1, "a", 2])]) {
      assert.deepStrictEqual(Array.from(map(reply, false)), [["b", 1], ["a", 2]])
    }
    assert.deepStrictEqual(record(["x", ["1", "2"]], false), { x: ["1", "2"] })
    assert.deepStrictEqual<unknown>(record([bytes("x"), [bytes("1")]], true), { x: [bytes("1")] })
    const odd = record(["__proto__", ["1"]], false)
    assert.deepStrictEqual(Object.entries(odd), [["__proto__", ["1"]]])
    assert.strictEqual(mismatch(() => map(["a"], false)), "pairs")
  })

  it("map: one function for both forms where they are the same, else one for each", () => {
    const seconds = Command.map(Command.int, (n) => `${n} s`)
    expectTypeOf(seconds).toEqualTypeOf<Command.Decode<string>>()
    assert.strictEqual(seconds(3, false), "3 s")
    assert.strictEqual(seconds(3, true), "3 s")
    const named = <A>([name, count]: readonly [A, number]) => ({ name, count })
    const both = Command.map(Command.tuple(Command.string, Command.int), named, named)
    expectTypeOf<Command.DecodedBytes<typeof both>>().toEqualTypeOf<{ name: Uint8Array; count: number }>()
    assert.deepStrictEqual(both(["a", 1], false), { name: "a", count: 1 })
    const lengths = Command.map(Command.string, (text) => text.length, (bytes) => bytes.byteLength)
    assert.deepStrictEqual([lengths("ä", false), lengths(bytes("ä"), true)], [1, 2])
    // @ts-expect-error: the form with bytes has no function
    Command.map(Command.string, (text: string) => text.length)
  })
})

describe("replies whose names are words, in text and in bytes", () => {
  /** The same result of a reply's text and of its bytes. */
  const both = <A>(command: Command.Command<A, any, any>, reply: Resp.Value): A => {
    const inBytes = (value: Resp.Value): Resp.Value =>
      typeof value === "string" ? bytes(value) : Array.isArray(value) ? value.map(inBytes) : value
    const result = command.spec.decode(reply, false)
    assert.deepStrictEqual(command.spec.decode(inBytes(reply), true), result)
    return result
  }

  it("ROLE", () => {
    assert.deepStrictEqual(both(commands.role(), ["master", 12, [["10.0.0.2", "6379", "11"]]]), {
      role: "primary",
      offset: 12,
      replicas: [{ host: "10.0.0.2", port: 6379, offset: 11 }]
    })
    assert.deepStrictEqual(both(commands.role(), ["slave", "10.0.0.1", 6379, "connected", 12]), {
      role: "replica",
      primary: { host: "10.0.0.1", port: 6379 },
      link: "connected",
      offset: 12
    })
    assert.deepStrictEqual(both(commands.role(), ["sentinel", ["a", "b"]]), { role: "sentinel", groups: ["a", "b"] })
  })

  it("SENTINEL PENDING-SCRIPTS", () => {
    assert.deepStrictEqual(
      both(commands.sentinel.pendingScripts(), [
        ["argv", ["/notify", "+odown"], "flags", "running", "pid", "123", "run-time", "45", "retry-num", "1"],
        ["argv", ["/notify"], "flags", "scheduled", "pid", "0", "run-delay", "30", "retry-num", "2"]
      ]),
      [
        {
          argv: ["/notify", "+odown"],
          isRunning: true,
          runTimeMillis: 45,
          runDelayMillis: undefined,
          pid: 123,
          attempts: 1
        },
        { argv: ["/notify"], isRunning: false, runTimeMillis: undefined, runDelayMillis: 30, pid: 0, attempts: 2 }
      ]
    )
  })
})
