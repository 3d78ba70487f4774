/**
 * Sample calls of the commands of src/commands/vectorSets.ts.
 */
import { commands as c } from "../../../src/index.ts"

const numbers = [0.5, -1, 2]
const floats = new Float32Array(numbers)
const options = {
  count: 5,
  epsilon: 0.5,
  ef: 200,
  filter: ".year > 1980",
  filterEf: 500,
  truth: true,
  nothread: true
}

export const vectorSets = {
  vadd: [
    c.vadd("k", numbers, "e"),
    c.vadd("k", floats, "e"),
    c.vadd("k", new Uint8Array(12), "e"),
    ...(["q8", "bin", "noquant"] as const).map((quantization) =>
      c.vadd("k", numbers, "e", { reduce: 2, cas: true, quantization, ef: 100, attributes: "{}", links: 8 })
    )
  ],
  vcard: [c.vcard("k")],
  vdim: [c.vdim("k")],
  vemb: [c.vemb("k", "e")],
  vembRaw: [c.vembRaw("k", "e")],
  vgetattr: [c.vgetattr("k", "e")],
  vsetattr: [c.vsetattr("k", "e", "{}")],
  vinfo: [c.vinfo("k")],
  vismember: [c.vismember("k", "e")],
  vlinks: [c.vlinks("k", "e")],
  vlinksWithScores: [c.vlinksWithScores("k", "e")],
  vrandmember: [c.vrandmember("k")],
  vrandmemberCount: [c.vrandmemberCount("k", 2)],
  vrange: [c.vrange("k", "-", "+"), c.vrange("k", "[a", "(b", 10)],
  vrem: [c.vrem("k", "e")],
  vsim: [
    c.vsim("k", { element: "e" }, options),
    c.vsim("k", { vector: numbers }),
    c.vsim("k", { vector: floats })
  ],
  vsimWithScores: [c.vsimWithScores("k", { element: "e" }, options)],
  vsimWith: [
    c.vsimWith("k", { element: "e" }, ["score"]),
    c.vsimWith("k", { element: "e" }, ["attributes"]),
    c.vsimWith("k", { vector: numbers }, ["score", "attributes"], options)
  ]
}
