/** Scenes of bitmaps and of HyperLogLogs. */
import { anywhere, c, given, is } from "./scene.ts"

export const bitmaps = [
  anywhere(
    "bits",
    is(c.setbit("k", 7, 1), 0),
    is(c.setbit("k", 9, 1), 0),
    is(c.getbit("k", 7), 1),
    is(c.getbit("none", 7), 0),
    is(c.bitcount("k"), 2),
    is(c.bitcount("k", { start: 8, end: -1, unit: "bit" }), 1),
    is(c.bitpos("k", 1), 7),
    is(c.bitpos("k", 1, { start: 8, end: 15, unit: "bit" }), 9),
    is(c.bitop("not", "d", "k"), 2),
    is(c.bitop("and", "d", ["d", "k"]), 2),
    is(c.bitcount("d"), 0)
  ),
  anywhere(
    "fields of bits",
    is(c.bitfield("k", []), []),
    is(c.bitfield("k", [["set", "u8", 0, 250], ["get", "u8", 0], ["incrby", "i16", "#1", -5n]]), [0, 250, -5]),
    is(c.bitfield("k", [["overflow", "fail"], ["incrby", "u8", 0, 300]]), [null]),
    is(c.bitfieldRo("k", [["get", "u8", 0]]), [250])
  ),
  anywhere(
    "estimates of numbers",
    is(c.pfadd("k", "a", "b", "c"), true),
    is(c.pfadd("k", "a"), false),
    is(c.pfcount("k"), 3),
    given(c.pfadd("l", "c", "d")),
    is(c.pfcount(["k", "l"]), 4),
    is(c.pfmerge("d", "k", "l"), "OK"),
    is(c.pfcount("d"), 4)
  )
]
