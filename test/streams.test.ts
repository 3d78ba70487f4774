/**
 * Streams on nodes in memory, through a client: what is written, what is decoded from RESP2 and RESP3, in text and in
 * bytes, and reads that wait. That the nodes answer as Redis does is the conformance suite's.
 */
import { assert, describe, it } from "@effect/vitest"
import { Buffer } from "node:buffer"
import { Command, commands, Errors } from "../src/index.ts"

const refused = (make: () => Command.Any, detail: RegExp): void => {
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

describe("streams", () => {
  it("an entry is decoded from both protocols, in text and in bytes", () => {
    const reply: any = [["1-1", ["a", "1", "b", "2"]], ["2-1", ["a", "3"]]]
    const { decode } = commands.xrange("s", "-", "+").spec
    assert.deepStrictEqual(decode(reply, false), [
      { id: "1-1", fields: { a: "1", b: "2" } },
      { id: "2-1", fields: { a: "3" } }
    ])
    const bytes = [[Buffer.from("1-1"), [Buffer.from("a"), Buffer.from("1")]]]
    assert.deepStrictEqual(any(decode(any(bytes), true)), [{ id: "1-1", fields: { a: Buffer.from("1") } }])
  })

  it("XREAD is decoded by stream", () => {
    const { decode } = commands.xread({ s: "0" }).spec
    assert.isNull(decode(null, false))
    const resp2: any = [["s", [["1-1", ["a", "1"]]]], ["t", [["2-1", ["b", "2"]]]]]
    const expected = new Map([
      ["s", [{ id: "1-1", fields: { a: "1" } }]],
      ["t", [{ id: "2-1", fields: { b: "2" } }]]
    ])
    assert.deepStrictEqual(decode(resp2, false), expected)
  })

  it("the arguments are in the server's order", () => {
    assert.deepStrictEqual(
      commands.xadd("s", "*", { a: 1 }, {
        trim: { strategy: "minid", threshold: "5-0", approximate: true, limit: 7 },
        references: "acked",
        idempotent: { producer: "p", id: "i" }
      }).args,
      ["s", "ACKED", "IDMP", "p", "i", "MINID", "~", "5-0", "LIMIT", 7, "*", "a", 1]
    )
    const read = commands.xread([["s", "0"], ["t", "$"]], { count: 2, block: "1.5 seconds" })
    assert.deepStrictEqual(read.args, ["COUNT", 2, "BLOCK", 1500, "STREAMS", "s", "t", "0", "$"])
    assert.deepStrictEqual(Command.keys(read), ["s", "t"])
    assert.strictEqual(read.spec.blockingMillis!(read.args), 1500)
    assert.strictEqual(commands.xread({ s: "0" }).spec.blockingMillis!(commands.xread({ s: "0" }).args), 0)
  })

  it("a wait after the last id is not divided into turns, in which entries would be missed", () => {
    assert.isFalse(Command.isDivisible(commands.xread({ s: "$" }, { block: "60 seconds" })))
    assert.isFalse(Command.isDivisible(Command.raw("XREAD", ["BLOCK", 60_000, "STREAMS", "s", "$"])))
    assert.isTrue(Command.isDivisible(commands.xread({ s: "5-1" }, { block: "60 seconds" })))
  })

  it("what the server would refuse is refused before it is sent", () => {
    refused(
      () => commands.xtrim("s", any({ strategy: "maxlen", threshold: 1, limit: 5 })),
      /^limit: not with exact trimming/
    )
    refused(() => commands.xtrim("s", any({ strategy: "both", threshold: 1 })), /^trim\.strategy: /)
    refused(() => commands.xrange("s", "-", "+", { count: 0 }), /^count: /)
    refused(() => commands.xread({ s: "0" }, { block: any(5) }), /^block: 5 has no unit/)
    refused(() => commands.xread({}), /at least one/)
    refused(() => commands.xadd("s", "*", {}), /at least one/)
    refused(() => commands.xdelex("s", []), /^ids: at least one/)
  })

  void [
    // @ts-expect-error trimming by two strategies
    () => commands.xadd("s", "*", { a: 1 }, { trim: { strategy: "maxlen", threshold: 5, minid: "1-1" } }),
    // @ts-expect-error a length is no id
    () => commands.xtrim("s", { strategy: "maxlen", threshold: "5-1" }),
    // @ts-expect-error a limit on exact trimming
    () => commands.xtrim("s", { strategy: "maxlen", threshold: 5, limit: 10 }),
    // @ts-expect-error a limit on exact trimming
    () => commands.xtrim("s", { strategy: "minid", threshold: "5-1", approximate: false, limit: 10 }),
    // @ts-expect-error a time without a unit
    () => commands.xread({ s: "$" }, { block: 100 })
  ]
})
