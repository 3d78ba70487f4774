/**
 * Sample calls of the commands of src/commands/bitmaps.ts.
 */
import { commands as c } from "../../../src/index.ts"

export const bitmaps = {
  getbit: [c.getbit("k", 7)],
  setbit: [c.setbit("k", 7, 1)],
  bitcount: [
    c.bitcount("k"),
    c.bitcount("k", { start: 0, end: -1 }),
    c.bitcount("k", { start: 0, end: -1, unit: "byte" }),
    c.bitcount("k", { start: 0, end: -1, unit: "bit" })
  ],
  bitpos: [
    c.bitpos("k", 1),
    c.bitpos("k", 0, { start: 1 }),
    c.bitpos("k", 0, { start: 1, end: -1, unit: "byte" }),
    c.bitpos("k", 0, { start: 1, end: -1, unit: "bit" })
  ],
  bitop: [
    c.bitop("not", "d", "k"),
    ...(["and", "or", "xor", "diff", "diff1", "andor", "one"] as const).map((op) => c.bitop(op, "d", ["k", "l"]))
  ],
  bitfield: [
    c.bitfield("k", []),
    c.bitfield("k", [["get", "u8", 0], ["set", "i64", "#1", -5n], ["incrby", "u63", 3, 1]]),
    ...(["wrap", "sat", "fail"] as const).map((what) => c.bitfield("k", [["overflow", what], ["incrby", "u8", 0, 300]]))
  ],
  bitfieldRo: [c.bitfieldRo("k", [["get", "u8", 0], ["get", "i64", "#1"]])]
}
