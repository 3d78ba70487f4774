/**
 * Sample calls of the commands of src/commands/streams.ts, streamGroups.ts, streamPendingEntries.ts and streamInfo.ts.
 */
import { commands as c } from "../../../src/index.ts"
import { moment, pairs } from "./values.ts"

export const streams = {
  xadd: [
    c.xadd("k", "*", pairs),
    c.xadd("k", "5-1", pairs, { trim: { strategy: "maxlen", threshold: 10 } }),
    c.xadd("k", "5-1", pairs, { trim: { strategy: "minid", threshold: "3-0", approximate: true, limit: 100 } }),
    c.xadd("k", "*", pairs, { references: "keepref", idempotent: { producer: "p", id: "i" } }),
    c.xadd("k", "*", pairs, { references: "delref", idempotent: { producer: "p" } }),
    c.xadd("k", "*", pairs, { references: "acked" })
  ],
  xaddNomkstream: [c.xaddNomkstream("k", "*", pairs)],
  xlen: [c.xlen("k")],
  xrange: [c.xrange("k", "-", "+"), c.xrange("k", "-", "+", { count: 2 })],
  xrevrange: [c.xrevrange("k", "+", "-"), c.xrevrange("k", "+", "-", { count: 2 })],
  xdel: [c.xdel("k", "1-1"), c.xdel("k", ["1-1", "2-1"])],
  xdelex: [
    c.xdelex("k", ["1-1"]),
    ...(["keepref", "delref", "acked"] as const).map((references) => c.xdelex("k", ["1-1", "2-1"], references))
  ],
  xtrim: [
    c.xtrim("k", { strategy: "maxlen", threshold: 10 }),
    c.xtrim("k", { strategy: "minid", threshold: "3-0", approximate: true, limit: 100 }),
    ...(["keepref", "delref", "acked"] as const).map((references) =>
      c.xtrim("k", { strategy: "maxlen", threshold: 10 }, { references })
    )
  ],
  xsetid: [c.xsetid("k", "5-1"), c.xsetid("k", "5-1", { entriesAdded: 5, maxDeletedId: "4-1" })],
  xackdel: (["keepref", "delref", "acked"] as const).map((references) => c.xackdel("k", "g", ["1-1"], references)),
  xnack: (["silent", "fail", "fatal"] as const).map((mode) =>
    c.xnack("k", "g", mode, ["1-1"], { retryCount: 2, force: true })
  ),
  xcfgset: [c.xcfgset("k", { duration: "100 seconds", maxSize: 50 }), c.xcfgset("k", { maxSize: 50 })],
  xread: [
    c.xread({ k: "0" }),
    c.xread({ k: "0", l: "$" }, { count: 2, maxCount: 3, maxSize: 1000, block: "100 millis" })
  ],
  xgroupCreate: [c.xgroupCreate("k", "g", "$"), c.xgroupCreate("k", "g", "0", { mkstream: true, entriesRead: 5 })],
  xgroupSetid: [c.xgroupSetid("k", "g", "$"), c.xgroupSetid("k", "g", "0", { entriesRead: 5 })],
  xgroupDestroy: [c.xgroupDestroy("k", "g")],
  xgroupCreateconsumer: [c.xgroupCreateconsumer("k", "g", "c")],
  xgroupDelconsumer: [c.xgroupDelconsumer("k", "g", "c")],
  xreadgroup: [
    c.xreadgroup("g", "c", { k: ">" }),
    c.xreadgroup("g", "c", { k: "0", l: ">" }, {
      count: 2,
      maxCount: 3,
      maxSize: 1000,
      block: "100 millis",
      noack: true
    })
  ],
  xreadgroupClaim: [
    c.xreadgroupClaim("g", "c", "1 minute", "k"),
    c.xreadgroupClaim("g", "c", "0 millis", ["k", "l"], { count: 2, block: "100 millis" })
  ],
  xack: [c.xack("k", "g", "1-1"), c.xack("k", "g", ["1-1", "2-1"])],
  xpending: [c.xpending("k", "g")],
  xpendingRange: [
    c.xpendingRange("k", "g", "-", "+", 10),
    c.xpendingRange("k", "g", "-", "+", 10, { consumer: "c", minIdle: "1 minute" })
  ],
  xclaim: [
    c.xclaim("k", "g", "c", "1 minute", "1-1"),
    c.xclaim("k", "g", "c", "0 millis", ["1-1", "2-1"], {
      idle: "1 second",
      retryCount: 2,
      force: true,
      lastId: "2-1"
    }),
    c.xclaim("k", "g", "c", "0 millis", ["1-1", "2-1"], { deliveredAt: moment })
  ],
  xclaimJustid: [c.xclaimJustid("k", "g", "c", "1 minute", ["1-1"])],
  xautoclaim: [c.xautoclaim("k", "g", "c", "1 minute", "0-0", { count: 10 })],
  xautoclaimJustid: [c.xautoclaimJustid("k", "g", "c", "1 minute", "0-0")],
  xinfoStream: [c.xinfoStream("k")],
  xinfoStreamFull: [c.xinfoStreamFull("k"), c.xinfoStreamFull("k", { count: 0 })],
  xinfoGroups: [c.xinfoGroups("k")],
  xinfoConsumers: [c.xinfoConsumers("k", "g")]
}
