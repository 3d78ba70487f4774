import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Errors, Resp } from "../src/index.ts"

const wire = (text: string): Uint8Array => Buffer.from(text, "latin1")

interface Seen {
  readonly replies: Array<Resp.Value>
  readonly pushes: Array<ReadonlyArray<Resp.Value>>
  readonly attributes: Array<Resp.MapReply>
}

const decode = (
  chunks: ReadonlyArray<Uint8Array>,
  options: { readonly bytes?: boolean; readonly limits?: Resp.Limits } = {}
): Seen => {
  const seen: Seen = { replies: [], pushes: [], attributes: [] }
  const decoder = new Resp.Decoder({
    wantsBytes: () => options.bytes ?? false,
    onReply: (value) => seen.replies.push(value),
    onPush: (values) => seen.pushes.push(values),
    onAttributes: (values) => seen.attributes.push(values)
  }, options.limits)
  // As a socket reads: into a place of the decoder's, or into memory that is used again.
  for (let chunk of chunks) {
    while (chunk.length > 0) {
      const place = decoder.place()
      const into = place === undefined ? new Uint8Array(chunk.length) : place.subarray(0, chunk.length)
      into.set(chunk.subarray(0, into.length))
      chunk = chunk.subarray(into.length)
      decoder.feed(into)
      if (place === undefined) into.fill(0x58)
    }
  }
  return seen
}

const one = (text: string): Resp.Value => {
  const { replies } = decode([wire(text)])
  assert.strictEqual(replies.length, 1)
  return replies[0]!
}

const failure = (chunks: ReadonlyArray<Uint8Array>, limits?: Resp.Limits): Errors.ProtocolError => {
  try {
    decode(chunks, limits === undefined ? {} : { limits })
  } catch (error) {
    assert.instanceOf(error, Errors.ProtocolError)
    return error as Errors.ProtocolError
  }
  throw new Error("it was accepted")
}

describe("Resp: every type of the protocol", () => {
  it("RESP2", () => {
    assert.strictEqual(one("+OK\r\n"), "OK")
    assert.strictEqual(one("+\r\n"), "")
    assert.deepStrictEqual(one("-ERR bad thing\r\n"), new Resp.ErrorReply("ERR bad thing"))
    assert.strictEqual((one("-WRONGTYPE Operation\r\n") as Resp.ErrorReply).code, "WRONGTYPE")
    assert.strictEqual(one(":1000\r\n"), 1000)
    assert.strictEqual(one(":-7\r\n"), -7)
    assert.strictEqual(one(":+7\r\n"), 7)
    assert.strictEqual(one(":9007199254740991\r\n"), 9007199254740991)
    assert.strictEqual(one(":9007199254740993\r\n"), 9007199254740993n)
    assert.strictEqual(one(":-9223372036854775808\r\n"), -9223372036854775808n)
    assert.strictEqual(one("$5\r\nhello\r\n"), "hello")
    assert.strictEqual(one("$0\r\n\r\n"), "")
    assert.strictEqual(one("$4\r\na\r\nb\r\n"), "a\r\nb")
    assert.strictEqual(one("$-1\r\n"), null)
    assert.strictEqual(one("*-1\r\n"), null)
    assert.deepStrictEqual(one("*0\r\n"), [])
    assert.deepStrictEqual(one("*3\r\n:1\r\n$1\r\na\r\n*1\r\n+x\r\n"), [1, "a", ["x"]])
  })
  it("RESP3", () => {
    assert.strictEqual(one("_\r\n"), null)
    assert.strictEqual(one("#t\r\n"), true)
    assert.strictEqual(one("#f\r\n"), false)
    assert.strictEqual(one(",3.25\r\n"), 3.25)
    assert.strictEqual(one(",-1e-7\r\n"), -1e-7)
    assert.strictEqual(one(",inf\r\n"), Infinity)
    assert.strictEqual(one(",-inf\r\n"), -Infinity)
    assert.isNaN(one(",nan\r\n"))
    assert.strictEqual(
      one("(3492890328409238509324850943850943825024385\r\n"),
      3492890328409238509324850943850943825024385n
    )
    assert.strictEqual(one("(-12\r\n"), -12n)
    assert.deepStrictEqual(one("!21\r\nSYNTAX invalid syntax\r\n"), new Resp.ErrorReply("SYNTAX invalid syntax"))
    assert.strictEqual(one("=15\r\ntxt:Some string\r\n"), "Some string")
    assert.deepStrictEqual(one("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n"), new Resp.MapReply(["a", 1, "b", 2]))
    assert.deepStrictEqual(one("~2\r\n+a\r\n#t\r\n"), new Resp.SetReply(["a", true]))
  })
  it("streamed strings and aggregates", () => {
    assert.strictEqual(one("$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;2\r\nld\r\n;0\r\n"), "Hello world")
    assert.strictEqual(one("$?\r\n;1\r\n\xc3\r\n;1\r\n\xa9\r\n;0\r\n"), "é")
    assert.deepStrictEqual(one("*?\r\n:1\r\n*?\r\n:2\r\n.\r\n.\r\n"), [1, [2]])
    assert.deepStrictEqual(one("~?\r\n+a\r\n.\r\n"), new Resp.SetReply(["a"]))
    assert.deepStrictEqual(one("%?\r\n+a\r\n:1\r\n.\r\n"), new Resp.MapReply(["a", 1]))
  })
  it("pushes and attributes are not replies", () => {
    const seen = decode([wire(">2\r\n+message\r\n+x\r\n|1\r\n+ttl\r\n:3\r\n*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n")])
    assert.deepStrictEqual(seen.pushes, [["message", "x"]])
    assert.deepStrictEqual(seen.attributes, [new Resp.MapReply(["ttl", 3]), new Resp.MapReply(["a", "b"])])
    assert.deepStrictEqual(seen.replies, [[1, 2]])
  })
  it("bytes on request", () => {
    const binary = Buffer.from([0, 255, 13, 10, 128])
    const seen = decode([Buffer.concat([wire("*2\r\n$5\r\n"), binary, wire("\r\n+OK\r\n")])], { bytes: true })
    assert.deepStrictEqual(seen.replies, [[new Uint8Array(binary), "OK"]])
  })
  it("long bytes are read directly into their place, however they are split", () => {
    const long = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))
    const frame = Buffer.concat([wire(`*2\r\n$${long.length}\r\n`), long, wire("\r\n$2\r\nab\r\n")])
    for (const size of [1, 1000, 65_536, 100_003, 300_005]) {
      const chunks = Array.from(
        { length: Math.ceil(frame.length / size) },
        (_, i) => frame.subarray(i * size, (i + 1) * size)
      )
      const [reply] = decode(chunks, { bytes: true }).replies as [Array<Uint8Array>]
      assert.isTrue(long.equals(reply[0]!), `in chunks of ${size}`)
      assert.deepStrictEqual(reply[1], new Uint8Array(wire("ab")))
    }
    const decoder = new Resp.Decoder({ wantsBytes: () => true, onReply: () => {}, onPush: () => {} })
    decoder.feed(frame.subarray(0, 70_000))
    assert.isDefined(decoder.place())
  })
  it("errors of any length, which are cut, however they are split", () => {
    const frame = wire(`-ERR ${"(".repeat(200_000)}\r\n+OK\r\n`)
    for (const size of [1, 1000, 65_536, 300_000]) {
      const chunks = Array.from(
        { length: Math.ceil(frame.length / size) },
        (_, i) => frame.subarray(i * size, (i + 1) * size)
      )
      const [error, after] = decode(chunks).replies
      assert.instanceOf(error, Resp.ErrorReply)
      assert.strictEqual((error as Resp.ErrorReply).text, `ERR ${"(".repeat(8188)}`, `in chunks of ${size}`)
      assert.strictEqual(after, "OK")
    }
  })
  it("text of a large ASCII aggregate, and of one that is not", () => {
    for (const element of ["plain text of an element", "text with é and \u{1F600} in it"]) {
      const n = 50
      const bytes = Buffer.concat([
        wire(`*${n}\r\n`),
        ...Array.from({ length: n }, (_, i) => Resp.encodeValue(`${element} ${i}`))
      ])
      assert.deepStrictEqual(decode([bytes]).replies[0], Array.from({ length: n }, (_, i) => `${element} ${i}`))
    }
  })
})

const leaf: Schema.Codec<Resp.Value> = Schema.Union([
  Schema.String,
  Schema.Boolean,
  Schema.Null,
  Schema.Finite,
  Schema.Int,
  Schema.BigInt
]) as unknown as Schema.Codec<Resp.Value>

// Trees of values, up to three deep, of every kind that has an encoding.
const tree = (depth: number): Schema.Codec<Resp.Value> =>
  depth === 0
    ? leaf
    : Schema.Union([leaf, Schema.Array(tree(depth - 1))]) as unknown as Schema.Codec<Resp.Value>

const normal = (value: Resp.Value): Resp.Value =>
  Array.isArray(value)
    ? value.map(normal)
    : typeof value === "string"
    // What UTF-8 cannot say is replaced, as it would be by any encoder.
    ? value.toWellFormed()
    : value

describe("Resp: properties", () => {
  it.effect.prop("decode of encode, however the bytes are split", [
    Schema.Array(tree(2)),
    Schema.Array(Schema.Int)
  ], ([values, cuts]) =>
    Effect.sync(() => {
      const bytes = Buffer.concat(values.map((v) => Resp.encodeValue(v)))
      const expected = values.map(normal)
      assert.deepStrictEqual(decode([bytes]).replies, expected)
      const at = Array.from(new Set(cuts.map((c) => Math.abs(c) % (bytes.length + 1)))).sort((a, b) => a - b)
      const chunks = [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length))
      assert.deepStrictEqual(decode(chunks).replies, expected)
      assert.deepStrictEqual(decode(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))).replies, expected)
    }), { arbitrary: { runs: 300 } })

  it("every split of a stream of all types gives the same replies", () => {
    const stream = wire(
      "+OK\r\n-ERR x\r\n:42\r\n$3\r\nabc\r\n$-1\r\n*2\r\n$1\r\na\r\n:1\r\n_\r\n#t\r\n,1.5\r\n(123456789012345678901234567890\r\n" +
        "!5\r\nERR y\r\n=7\r\ntxt:abc\r\n%1\r\n+k\r\n+v\r\n~1\r\n:1\r\n>1\r\n+p\r\n|1\r\n+k\r\n+v\r\n:7\r\n$?\r\n;2\r\nab\r\n;0\r\n" +
        "*?\r\n:1\r\n.\r\n*20\r\n" + "$15\r\nabcdefghijklmno\r\n".repeat(20)
    )
    const whole = decode([stream])
    for (const bytes of [false, true]) {
      const expected = decode([stream], { bytes })
      for (let i = 0; i <= stream.length; i++) {
        assert.deepStrictEqual(decode([stream.subarray(0, i), stream.subarray(i)], { bytes }), expected)
      }
      for (const size of [1, 2, 3, 5, 7, 11]) {
        const chunks: Array<Uint8Array> = []
        for (let i = 0; i < stream.length; i += size) chunks.push(stream.subarray(i, i + size))
        assert.deepStrictEqual(decode(chunks, { bytes }), expected)
      }
    }
    assert.strictEqual(whole.pushes.length, 1)
  })

  it.effect.prop("a command is decoded as the bytes that it was made of", [
    Schema.Array(Schema.Union([Schema.String, Schema.Int, Schema.Uint8Array]))
  ], ([args]) =>
    Effect.sync(() => {
      const { replies } = decode([Resp.encodeCommand(args)], { bytes: true })
      const expected = args.map((a) => new Uint8Array(typeof a === "object" ? a : Buffer.from(String(a), "utf8")))
      assert.deepStrictEqual(replies, [expected])
    }), { arbitrary: { runs: 300 } })

  it("long and short, ASCII and not, around every threshold of the encoder", () => {
    const encoder = new Resp.Encoder()
    for (const unit of ["a", "é", "\u{1F600}", "\ud800"]) {
      for (const length of [0, 1, 63, 64, 65, 1023, 1024, 16383, 16384, 40000]) {
        const arg = unit.repeat(length)
        encoder.arg(arg)
        const isAscii = encoder.ascii
        const bytes = Buffer.concat(
          encoder.take().map((c) => typeof c === "string" ? Buffer.from(c, isAscii ? "latin1" : "utf8") : c)
        )
        assert.strictEqual(isAscii, unit === "a" || length === 0)
        assert.deepStrictEqual(decode([bytes]).replies, [arg.toWellFormed()])
      }
    }
  })

  it("long strings, in parts of any size", () => {
    for (const unit of ["a", "é", "\u{1F600}", "aaaaaaaaaaaaaaaaé"]) {
      for (const length of [65_535, 65_536, 65_537, 300_001]) {
        const text = unit.repeat(length).slice(0, length).toWellFormed()
        const bytes = Resp.encodeValue([text, "after"])
        for (const size of [1000, 4095, 4096, 4097, 65_536]) {
          const chunks: Array<Uint8Array> = []
          for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.subarray(i, i + size))
          const [reply] = decode(chunks).replies
          assert.isTrue(Array.isArray(reply) && reply[0] === text && reply[1] === "after", `${unit} ${length} ${size}`)
        }
      }
    }
  })

  it.effect.prop("hostile bytes: a ProtocolError or nothing", [
    Schema.Array(Schema.Int)
  ], ([numbers]) =>
    Effect.sync(() => {
      const alphabet = "+-:$*_#,(!=%~>|;.?0123456789\r\n\r\n\r\n\r\ntfxe\xff\x00"
      const bytes = wire(numbers.map((n) => alphabet[Math.abs(n) % alphabet.length]).join(""))
      for (const chunks of [[bytes], Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))]) {
        try {
          decode(chunks)
        } catch (error) {
          assert.instanceOf(error, Errors.ProtocolError)
        }
      }
    }), { arbitrary: { runs: 2000 } })
})

describe("Resp: what is refused", () => {
  const cases: ReadonlyArray<readonly [name: string, bytes: string, limits?: Resp.Limits]> = [
    ["HTTP", "HTTP/1.1 400 Bad Request\r\n"],
    ["HTTP, one byte of it", "H"],
    ["2^40 declared bytes", "$1099511627776\r\n"],
    ["2^40 declared elements", "*1099511627776\r\n"],
    ["more digits than a number has", "$99999999999999999999999999\r\n"],
    ["100,000 nested arrays", "*1\r\n".repeat(100_000)],
    ["100,000 nested streamed arrays", "*?\r\n".repeat(100_000)],
    ["LF without CR", "+OK\n"],
    ["a bulk string that is too long", "$3\r\nabcd\r\n"],
    ["a negative length", "$-2\r\n"],
    ["a length that is no number", "$x\r\n"],
    ["an empty length", "$\r\n"],
    ["an empty integer", ":\r\n"],
    ["an integer with letters", ":12a\r\n"],
    ["an integer of more than 64 bits", ":92233720368547758080\r\n"],
    ["a boolean that is neither", "#x\r\n"],
    ["a null with contents", "_x\r\n"],
    ["a double that is none", ",abc\r\n"],
    ["a big number that is none", "(12x\r\n"],
    ["a verbatim string without format", "=3\r\nabc\r\n"],
    ["an end without a beginning", ".\r\n"],
    ["a part without a stream", ";3\r\nabc\r\n"],
    ["a streamed string with a part that is no string", "$?\r\n:1\r\n"],
    ["a streamed map with half a pair", "%?\r\n+a\r\n.\r\n"],
    ["a push inside a reply", "*1\r\n>1\r\n+x\r\n"],
    ["a streamed push", ">?\r\n"],
    ["a line without end", "+" + "a".repeat(70_000)],
    ["an error without end", "-" + "a".repeat(70_000), { maxLineLength: 1000, maxBulkLength: 10_000 }],
    ["more elements than allowed, streamed", "*?\r\n" + ":1\r\n".repeat(20), { maxElements: 10 }],
    ["a reply larger than allowed", "*3\r\n$5\r\nhello\r\n$5\r\nhello\r\n", { maxReplyBytes: 20 }],
    ["a string larger than allowed", "$11\r\n", { maxBulkLength: 10 }]
  ]
  for (const [name, bytes, limits] of cases) {
    it(name, () => {
      const error = failure([wire(bytes)], limits)
      assert.isAtMost(error.bytes.length, 250)
      // One byte at a time, too; the error is the same, if not its excerpt.
      const again = failure(Array.from(wire(bytes), (b) => Uint8Array.of(b)), limits)
      assert.isNotEmpty(again.detail)
    })
  }
  it("ignores all bytes after an error", () => {
    const decoder = new Resp.Decoder({ wantsBytes: () => false, onReply: () => {}, onPush: () => {} })
    assert.throws(() => decoder.feed(wire("?\r\n")))
    assert.throws(() => decoder.feed(wire("+OK\r\n")))
  })
  it("escapes and cuts what it shows", () => {
    const error = failure([Buffer.concat([wire("x\r\n\x00\xff\"\\"), Buffer.alloc(500, 65)])])
    assert.match(error.bytes, /^x\\r\\n/)
    assert.strictEqual(Resp.escapeBytes(wire("\r\n\x00\xff\"\\")), "\\r\\n\\x00\\xff\\\"\\\\")
    assert.isTrue(Resp.escapeBytes(Buffer.alloc(500, 65)).endsWith("..."))
  })
})

describe("Resp: cost", () => {
  it("a reply of n elements in k chunks is walked once", () => {
    // Counted, not timed: how often the decoder reads a byte of its chunks.
    const n = 2000
    const bytes = Buffer.from(`*${n}\r\n` + "$3\r\nabc\r\n".repeat(n))
    const reads = (size: number): number => {
      let count = 0
      const decoder = new Resp.Decoder({ wantsBytes: () => false, onReply: () => {}, onPush: () => {} })
      for (let i = 0; i < bytes.length; i += size) {
        const chunk = bytes.subarray(i, i + size)
        const counted = new Proxy(chunk, {
          get: (target, key) => {
            if (typeof key === "string" && /^\d+$/.test(key)) count++
            const value = Reflect.get(target, key, target)
            return typeof value === "function" ? value.bind(target) : value
          }
        })
        decoder["run"](counted as Buffer)
        decoder["position"] = 0
      }
      return count
    }
    // In chunks of 100 bytes there are 180 chunks: starting over would cost 90 times as much.
    assert.isBelow(reads(100), reads(bytes.length) * 2)
  })
  it("memory grows with the received bytes, not with the declared length", () => {
    const decoder = new Resp.Decoder({ wantsBytes: () => true, onReply: () => {}, onPush: () => {} })
    const before = process.memoryUsage().arrayBuffers
    decoder.feed(wire("$536870912\r\n" + "x".repeat(100)))
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 16 * 1024 * 1024)
  })
})
