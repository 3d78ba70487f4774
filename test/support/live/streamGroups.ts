/** Scenes of the consumer groups of streams, of their pending entries, and of descriptions of streams. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { anywhere, c, fails, fits, given, is, Live, type Step } from "./scene.ts"

const one = { id: "1-1", fields: { a: "1" } }
const two = { id: "2-1", fields: { a: "2" } }
const three = { id: "3-1", fields: { a: "3" } }
const entries = [c.xadd("k", "1-1", { a: 1 }), c.xadd("k", "2-1", { a: 2 }), c.xadd("k", "3-1", { a: 3 })] as const
const group = [...entries, c.xgroupCreate("k", "g", "0")] as const
const delivered = [...group, c.xreadgroup("g", "c", { k: ">" }, { count: 2 })] as const

const isShort = (time: Duration.Duration | null | undefined): boolean =>
  time !== null && time !== undefined && Duration.toMillis(time) < 10_000

const isRecent = (time: DateTime.Utc | null | undefined): boolean =>
  time !== null && time !== undefined && Math.abs(Date.now() - time.epochMilliseconds) < 10_000

/** A consumer waits for an entry, which another client adds once it waits. */
const waits: Step = Effect.gen(function*() {
  const { other } = yield* Live
  const adds = other.clientList().pipe(
    Effect.repeat({ until: (list) => list.some(({ cmd }) => cmd === "xreadgroup" || cmd === "XREADGROUP") }),
    Effect.andThen(other.xadd("k", "4-1", { a: 4 }))
  )
  yield* Effect.all([
    is(
      c.xreadgroup("g", "d", { k: ">" }, { block: "5 seconds" }),
      new Map([["k", [{ id: "4-1", fields: { a: "4" } }]]])
    ),
    adds
  ], { concurrency: "unbounded" })
})

export const streamGroups = [
  anywhere(
    "groups and consumers",
    is(c.xgroupCreate("k", "g", "$", { mkstream: true, entriesRead: 0 }), "OK"),
    fails(c.xgroupCreate("k", "g", "$"), "ReplyError", "BUSYGROUP"),
    is(c.xgroupSetid("k", "g", "5-1", { entriesRead: 3 }), "OK"),
    is(c.xgroupCreateconsumer("k", "g", "c"), true),
    is(c.xgroupCreateconsumer("k", "g", "c"), false),
    is(c.xgroupDelconsumer("k", "g", "c"), 0),
    is(c.xgroupDestroy("k", "g"), true),
    is(c.xgroupDestroy("k", "g"), false),
    fails(c.xgroupSetid("k", "g", "0"), "ReplyError", "NOGROUP")
  ),
  anywhere(
    "reads of a consumer",
    given(...group),
    is(c.xreadgroup("g", "c", { k: ">" }, { count: 2 }), new Map([["k", [one, two]]])),
    is(c.xreadgroup("g", "d", { k: ">" }, { noack: true }), new Map([["k", [three]]])),
    is(c.xreadgroup("g", "d", { k: ">" }), null),
    is(c.xreadgroup("g", "d", { k: ">" }, { block: "10 millis" }), null),
    is(c.xreadgroup("g", "c", { k: "1-1" }), new Map([["k", [two]]])),
    is(c.xreadgroup("g", "d", { k: "0" }), new Map([["k", []]])),
    is(c.xdel("k", "1-1"), 1),
    is(c.xreadgroup("g", "c", { k: "0" }), new Map([["k", [{ id: "1-1", fields: null }, two]]])),
    is(c.xack("k", "g", "1-1", "2-1", "3-1"), 2),
    fails(c.xreadgroup("nobody", "c", { k: ">" }), "ReplyError", "NOGROUP"),
    waits
  ),
  anywhere(
    "pending entries",
    given(...group),
    is(c.xpending("k", "g"), { count: 0, lowestId: null, greatestId: null, consumers: new Map() }),
    is(c.xpendingRange("k", "g", "-", "+", 10), []),
    given(c.xreadgroup("g", "c", { k: ">" }, { count: 2 }), c.xreadgroup("g", "d", { k: ">" })),
    is(c.xpending("k", "g"), {
      count: 3,
      lowestId: "1-1",
      greatestId: "3-1",
      consumers: new Map([["c", 2], ["d", 1]])
    }),
    fits(
      c.xpendingRange("k", "g", "(1-1", "+", 10),
      ([first, second, ...others]) =>
        others.length === 0 && first!.id === "2-1" && first!.consumer === "c" && isShort(first!.idle) &&
        first!.deliveries === 1 && second!.consumer === "d"
    ),
    is(c.xpendingRange("k", "g", "-", "+", 10, { consumer: "c", minIdle: "1 hour" }), [])
  ),
  anywhere(
    "claims",
    given(...delivered),
    is(c.xclaim("k", "g", "d", "1 hour", ["1-1"]), []),
    is(c.xclaim("k", "g", "d", "0 millis", ["1-1", "9-9"], { idle: "2 hours", retryCount: 6 }), [one]),
    fits(
      c.xpendingRange("k", "g", "1-1", "1-1", 1),
      ([entry]) =>
        entry!.consumer === "d" && entry!.deliveries === 6 &&
        isShort(Duration.subtract(entry!.idle!, Duration.hours(2)))
    ),
    is(c.xclaimJustid("k", "g", "d", "0 millis", "2-1", { deliveredAt: new Date(5), lastId: "2-1" }), ["2-1"]),
    is(c.xautoclaim("k", "g", "e", "1 hour", "0-0", { count: 1 }), { cursor: "2-1", claimed: [one], deletedIds: [] }),
    is(c.xdel("k", "2-1"), 1),
    is(c.xautoclaimJustid("k", "g", "e", "0 millis", "0-0"), {
      cursor: "0-0",
      claimed: ["1-1"],
      deletedIds: ["2-1"]
    }),
    is(c.xclaim("k", "g", "e", "0 millis", ["3-1"], { force: true }), [three])
  ),
  anywhere(
    "descriptions",
    given(...delivered),
    is(c.xinfoStream("k"), {
      length: 3,
      radixTreeKeys: 1,
      radixTreeNodes: 2,
      lastGeneratedId: "3-1",
      maxDeletedEntryId: "0-0",
      entriesAdded: 3,
      recordedFirstEntryId: "1-1",
      groups: 1,
      firstEntry: one,
      lastEntry: three
    }),
    is(c.xinfoGroups("k"), [
      { name: "g", consumers: 1, pending: 2, lastDeliveredId: "2-1", entriesRead: 2, lag: 1 }
    ]),
    fits(
      c.xinfoConsumers("k", "g"),
      ([consumer, ...others]) =>
        others.length === 0 && consumer!.name === "c" && consumer!.pending === 2 && isShort(consumer!.idle) &&
        (consumer!.inactive === undefined || isShort(consumer!.inactive))
    ),
    fits(c.xinfoStreamFull("k", { count: 1 }), ({ entries, groups: [only, ...others] }) => {
      const [pending, ...later] = only!.pending
      const [consumer] = only!.consumers
      return entries.length === 1 && others.length === 0 && later.length === 0 && only!.name === "g" &&
        only!.lag === 1 && only!.pelCount === 2 && pending!.id === "1-1" && pending!.consumer === "c" &&
        isRecent(pending!.deliveredAt) && pending!.deliveries === 1 && consumer!.name === "c" &&
        isRecent(consumer!.seenTime) && consumer!.pending.length === 1 && isRecent(consumer!.pending[0]!.deliveredAt)
    }),
    is(c.xgroupCreate("k", "middle", "2-1"), "OK"),
    is(c.xdel("k", "2-1"), 1),
    fits(c.xinfoGroups("k"), (groups) => groups.some(({ lag, name }) => name === "middle" && lag === null))
  )
]
