/**
 * The commands on consumer groups of streams: what is written, what is refused, and what is decoded from the replies of
 * all versions of the server, in text and in bytes. Clients run them on real servers in test/integration.
 */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import { Buffer } from "node:buffer"
import { Command, commands, Errors, Resp } from "../src/index.ts"

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
const decode = (command: Command.Any, reply: unknown): unknown => command.spec.decode(any(reply), false)
const map = (...flat: ReadonlyArray<unknown>): Resp.MapReply => new Resp.MapReply(any(flat))
const greatest = 9223372036854775807n

/** A reply as it comes where bytes were asked for. */
const inBytes = (reply: unknown): unknown =>
  typeof reply === "string" ? Buffer.from(reply) : Array.isArray(reply) ? reply.map(inBytes) : reply

describe("reading as a consumer", () => {
  it("the arguments are in the server's order", () => {
    const read = commands.xreadgroup("g", "c", { s: ">", t: "5-1" }, {
      count: 2,
      maxCount: 5,
      maxSize: 1000,
      block: "1.5 seconds",
      noack: true
    })
    assert.deepStrictEqual(
      [...read.args],
      [
        "GROUP",
        "g",
        "c",
        "COUNT",
        2,
        "MAXCOUNT",
        5,
        "MAXSIZE",
        1000,
        "BLOCK",
        1500,
        "NOACK",
        "STREAMS",
        "s",
        "t",
        ">",
        "5-1"
      ]
    )
    assert.deepStrictEqual(Command.keys(read), ["s", "t"])
    assert.strictEqual(read.spec.blockingMillis!(read.args), 1500)
    const claim = commands.xreadgroupClaim("g", "c", "1 minute", ["s", "t"], { noack: true })
    assert.deepStrictEqual(
      [...claim.args],
      ["GROUP", "g", "c", "NOACK", "CLAIM", 60_000, "STREAMS", "s", "t", ">", ">"]
    )
  })

  it("names of groups that are words of the command are names", () => {
    const read = commands.xreadgroup("STREAMS", "BLOCK", { s: ">" })
    assert.deepStrictEqual(Command.keys(read), ["s"])
    assert.strictEqual(read.spec.blockingMillis!(read.args), 0)
  })

  it("a wait is divided into turns, between which the group misses nothing", () => {
    assert.isTrue(Command.isDivisible(commands.xreadgroup("g", "c", { s: ">" }, { block: "60 seconds" })))
    assert.isTrue(Command.isDivisible(commands.xreadgroupClaim("g", "c", "1 minute", "s", { block: "60 seconds" })))
  })

  it("what the server would refuse is refused before it is sent", () => {
    refused(() => commands.xreadgroup("g", "c", { s: "$" }), /^streams: "\$" has no meaning in a group/)
    refused(() => commands.xreadgroup("g", "c", { s: ">", t: "+" }), /^streams: "\+" has no meaning/)
    refused(() => commands.xreadgroup("g", "c", {}), /at least one/)
    refused(() => commands.xreadgroup("g", "c", { s: ">" }, { block: any(0) }), /^block: 0 has no unit/)
    refused(() => commands.xreadgroup("g", "c", { s: ">" }, { count: 0 }), /^count: /)
    refused(
      () => commands.xread({ s: "0" }, { count: 5, maxCount: 4 }),
      /^maxCount: expected at least count, which is 5/
    )
    refused(() => commands.xread({ s: "0" }, { maxSize: 0 }), /^maxSize: /)
    refused(() => commands.xreadgroupClaim("g", "c", any(60_000), "s"), /^minIdle: 60000 has no unit/)
    refused(() => commands.xreadgroupClaim("g", "c", any("-1 second"), "s"), /^minIdle: a duration cannot be negative/)
    refused(() => commands.xreadgroupClaim("g", "c", "1 minute", []), /^keys: at least one/)
  })

  it("an entry that was deleted has no fields", () => {
    const command = commands.xreadgroup("g", "c", { s: "0" })
    const entries = [["1-1", null], ["2-1", ["a", "1"]]]
    const expected = new Map([["s", [{ id: "1-1", fields: null }, { id: "2-1", fields: { a: "1" } }]]])
    assert.deepStrictEqual(decode(command, [["s", entries]]), expected)
    assert.deepStrictEqual(decode(command, map("s", entries)), expected)
    assert.isNull(decode(command, null))
  })

  it("claimed entries say for how long they were idle, as numbers and as text", () => {
    const command = commands.xreadgroupClaim("g", "c", "1 minute", "s")
    const reply = [["s", [
      ["1-1", ["a", "1"], 61_000, 2],
      ["2-1", ["a", "2"], "60500", "1"],
      ["3-1", ["a", "3"], 0, greatest],
      ["4-1", ["a", "4"], "0", "0"],
      ["5-1", ["a", "5"]]
    ]]]
    assert.deepStrictEqual(
      any(decode(command, reply)).get("s"),
      [
        { id: "1-1", fields: { a: "1" }, idle: Duration.millis(61_000), deliveries: 2 },
        { id: "2-1", fields: { a: "2" }, idle: Duration.millis(60_500), deliveries: 1 },
        { id: "3-1", fields: { a: "3" }, idle: Duration.millis(0), deliveries: Infinity },
        { id: "4-1", fields: { a: "4" }, idle: null, deliveries: 0 },
        { id: "5-1", fields: { a: "5" }, idle: null, deliveries: 0 }
      ]
    )
    const bytes: any = command.spec.decode(any(inBytes(reply)), true)
    assert.deepStrictEqual(bytes.get("s")[1], {
      id: "2-1",
      fields: { a: Buffer.from("2") },
      idle: Duration.millis(60_500),
      deliveries: 1
    })
  })
})

describe("pending entries", () => {
  it("a summary has the same form with and without pending entries", () => {
    const command = commands.xpending("s", "g")
    assert.deepStrictEqual(decode(command, [0, null, null, null]), {
      count: 0,
      lowestId: null,
      greatestId: null,
      consumers: new Map()
    })
    assert.deepStrictEqual(decode(command, [3, "1-1", "3-1", [["c", "2"], ["d", "1"]]]), {
      count: 3,
      lowestId: "1-1",
      greatestId: "3-1",
      consumers: new Map([["c", 2], ["d", 1]])
    })
  })

  it("one that was given back has no consumer", () => {
    const command = commands.xpendingRange("s", "g", "-", "+", 10)
    const reply = [["1-1", "c", 500, 1], ["2-1", "", -1, greatest]]
    assert.deepStrictEqual(decode(command, reply), [
      { id: "1-1", consumer: "c", idle: Duration.millis(500), deliveries: 1 },
      { id: "2-1", consumer: null, idle: null, deliveries: Infinity }
    ])
    assert.deepStrictEqual(any(command.spec.decode(any(inBytes(reply)), true)).map((e: any) => e.consumer), [
      Buffer.from("c"),
      null
    ])
  })

  it("the arguments are in the server's order", () => {
    assert.deepStrictEqual(
      [...commands.xpendingRange("s", "g", "-", "+", 5, { consumer: "c", minIdle: "2 seconds" }).args],
      ["s", "g", "IDLE", 2000, "-", "+", 5, "c"]
    )
    assert.deepStrictEqual(
      [
        ...commands.xclaimJustid("s", "g", "c", "0 millis", ["1-1", "2-1"], {
          idle: Duration.zero,
          retryCount: 3,
          force: true,
          lastId: "9-9"
        }).args
      ],
      ["s", "g", "c", 0, "1-1", "2-1", "IDLE", 0, "RETRYCOUNT", 3, "FORCE", "LASTID", "9-9", "JUSTID"]
    )
    assert.deepStrictEqual(
      [...commands.xclaim("s", "g", "c", "1 minute", "1-1", { deliveredAt: { epochMillis: 5 } }).args],
      ["s", "g", "c", 60_000, "1-1", "TIME", 5]
    )
    assert.deepStrictEqual(
      [...commands.xautoclaimJustid("s", "g", "c", "1 minute", "0-0", { count: 7 }).args],
      ["s", "g", "c", 60_000, "0-0", "COUNT", 7, "JUSTID"]
    )
  })

  it("what the server would refuse is refused before it is sent", () => {
    refused(() => commands.xack("s", "g"), /^ids: at least one/)
    refused(() => commands.xclaim("s", "g", "c", "1 minute", []), /^ids: at least one/)
    refused(() => commands.xclaim("s", "g", "c", any(5), ["1-1"]), /^minIdle: 5 has no unit/)
    refused(
      () => commands.xclaim("s", "g", "c", "1 minute", ["1-1"], any({ idle: "1 second", deliveredAt: new Date() })),
      /^deliveredAt: not with idle/
    )
    refused(() => commands.xautoclaim("s", "g", "c", "1 minute", "0-0", { count: 0 }), /^count: /)
    refused(() => commands.xautoclaim("s", "g", "c", any("Infinity"), "0-0"), /^minIdle: the duration must be finite/)
    refused(() => commands.xpendingRange("s", "g", "-", "+", 1, { minIdle: any(0) }), /^minIdle: 0 has no unit/)
    refused(() => commands.xinfoStreamFull("s", { count: -1 }), /^count: /)
  })

  it("claimed entries are decoded from the replies of Redis 6.2 and 7.0", () => {
    const entries = [["1-1", ["a", "1"]], null, ["3-1", ["a", "3"]]]
    const expected = [{ id: "1-1", fields: { a: "1" } }, { id: "3-1", fields: { a: "3" } }]
    assert.deepStrictEqual(decode(commands.xclaim("s", "g", "c", "1 minute", ["1-1"]), entries), expected)
    const claim = commands.xautoclaim("s", "g", "c", "1 minute", "0-0")
    assert.deepStrictEqual(decode(claim, ["0-0", entries]), { cursor: "0-0", claimed: expected, deletedIds: [] })
    assert.deepStrictEqual(decode(claim, ["4-1", [], ["2-1"]]), { cursor: "4-1", claimed: [], deletedIds: ["2-1"] })
    const ids = commands.xautoclaimJustid("s", "g", "c", "1 minute", "0-0")
    assert.deepStrictEqual(decode(ids, ["0-0", ["1-1", "3-1"]]), {
      cursor: "0-0",
      claimed: ["1-1", "3-1"],
      deletedIds: []
    })
    for (const reply of [[], ["0-0"], "0-0", ["0-0", [["1-1"]]], ["0-0", null]]) {
      assert.throws(() => decode(claim, reply))
    }
  })
})

describe("descriptions of streams", () => {
  const counters = [
    ["length", 2],
    ["radix-tree-keys", 1],
    ["radix-tree-nodes", 2],
    ["last-generated-id", "2-1"],
    ["max-deleted-entry-id", "0-0"],
    ["entries-added", 2],
    ["recorded-first-entry-id", "1-1"]
  ].flat()
  const decodedCounters = {
    length: 2,
    radixTreeKeys: 1,
    radixTreeNodes: 2,
    lastGeneratedId: "2-1",
    maxDeletedEntryId: "0-0",
    entriesAdded: 2,
    recordedFirstEntryId: "1-1"
  }

  it("in short, with the fields of later servers", () => {
    const flat = [...counters, "groups", 0, "first-entry", ["1-1", ["a", "1"]], "last-entry", null]
    const expected = {
      ...decodedCounters,
      groups: 0,
      firstEntry: { id: "1-1", fields: { a: "1" } },
      lastEntry: null
    }
    assert.deepStrictEqual(decode(commands.xinfoStream("s"), flat), expected)
    const later = ["idmp-duration", 100, "idmp-maxsize", 50, "pids-tracked", 1, "iids-tracked", 2, "new-field", ["x"]]
    assert.deepStrictEqual(decode(commands.xinfoStream("s"), map(...later, ...flat)), {
      ...expected,
      idmpDuration: Duration.seconds(100),
      idmpMaxsize: 50,
      pidsTracked: 1,
      iidsTracked: 2
    })
  })

  it("in full", () => {
    const group = (activeTime: ReadonlyArray<unknown>) => [
      "name",
      "g",
      "last-delivered-id",
      "2-1",
      "entries-read",
      null,
      "lag",
      null,
      "pel-count",
      2,
      "pending",
      [["1-1", "c", 1000, 1], ["2-1", "", 0, greatest]],
      "consumers",
      [map("name", "c", "seen-time", 2000, ...activeTime, "pel-count", 1, "pending", [["1-1", 1000, 1]])]
    ]
    const read = (group: unknown): any =>
      decode(commands.xinfoStreamFull("s"), [...counters, "entries", [["1-1", ["a", "1"]]], "groups", [group]])
    const consumer = {
      name: "c",
      seenTime: DateTime.makeUnsafe(2000),
      pelCount: 1,
      pending: [{ id: "1-1", deliveredAt: DateTime.makeUnsafe(1000), deliveries: 1 }]
    }
    assert.deepStrictEqual(read(group([])), {
      ...decodedCounters,
      entries: [{ id: "1-1", fields: { a: "1" } }],
      groups: [{
        name: "g",
        lastDeliveredId: "2-1",
        entriesRead: null,
        lag: null,
        pelCount: 2,
        pending: [
          { id: "1-1", consumer: "c", deliveredAt: DateTime.makeUnsafe(1000), deliveries: 1 },
          { id: "2-1", consumer: null, deliveredAt: DateTime.makeUnsafe(0), deliveries: Infinity }
        ],
        consumers: [consumer]
      }]
    })
    assert.deepStrictEqual(read(map(...group(["active-time", -1]))).groups[0].consumers, [
      { ...consumer, activeTime: null }
    ])
    assert.throws(() => read(group(["seen-time", 2 ** 53])))
  })

  it("of groups and consumers", () => {
    assert.deepStrictEqual(
      decode(commands.xinfoGroups("s"), [
        ["name", "g", "consumers", 1, "pending", 2, "last-delivered-id", "2-1", "entries-read", null, "lag", null]
      ]),
      [{ name: "g", consumers: 1, pending: 2, lastDeliveredId: "2-1", entriesRead: null, lag: null }]
    )
    assert.deepStrictEqual(
      decode(commands.xinfoConsumers("s", "g"), [
        ["name", "c", "pending", 1, "idle", 5],
        map("name", "d", "pending", 0, "idle", 5, "inactive", -1)
      ]),
      [
        { name: "c", pending: 1, idle: Duration.millis(5) },
        { name: "d", pending: 0, idle: Duration.millis(5), inactive: null }
      ]
    )
  })
})
