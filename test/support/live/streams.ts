/** Scenes of streams. */
import { anywhere, c, fits, given, is } from "./scene.ts"

const one = { id: "1-1", fields: { a: "1", b: "x" } }
const two = { id: "2-1", fields: { a: "2" } }
const both = [c.xadd("k", "1-1", { a: 1, b: "x" }), c.xadd("k", "2-1", { a: 2 })] as const

export const streams = [
  anywhere(
    "entries",
    is(c.xadd("k", "1-1", { a: 1, b: "x" }), "1-1"),
    is(c.xadd("k", "2-*", { a: 2 }, { trim: { strategy: "maxlen", threshold: 10 } }), "2-0"),
    fits(c.xadd("k", "*", { a: 3 }), (id) => /^\d{13}-\d+$/.test(id)),
    is(c.xaddNomkstream("none", "*", { a: 1 }), null),
    is(c.xaddNomkstream("k", "99999999999999-0", { a: 1 }), "99999999999999-0"),
    is(c.xlen("k"), 4),
    is(c.xdel("k", "2-0", "3-0"), 1),
    is(c.xtrim("k", { strategy: "maxlen", threshold: 1 }), 2),
    is(c.xsetid("k", "99999999999999-9"), "OK")
  ),
  anywhere(
    "ranges",
    given(...both),
    is(c.xrange("k", "-", "+"), [one, two]),
    is(c.xrange("k", "-", "+", { count: 1 }), [one]),
    is(c.xrange("none", "-", "+"), []),
    is(c.xrevrange("k", "+", "-"), [two, one])
  ),
  anywhere(
    "reads",
    given(...both),
    is(c.xread({ k: "0", none: "0" }), new Map([["k", [one, two]]])),
    is(c.xread({ k: "1-1" }, { count: 5, block: "1 second" }), new Map([["k", [two]]])),
    is(c.xread({ k: "$" }, { block: "10 millis" }), null),
    is(c.xread({ k: "2-1" }), null)
  )
]
