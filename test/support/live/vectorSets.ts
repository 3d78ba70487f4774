/** Scenes of vector sets. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Command, commands } from "../../../src/index.ts"
import { c, fails, fits, given, is, Live, scene, type Step } from "./scene.ts"
import { sameElements } from "./values.ts"

const needs = { commands: ["VADD"] }

const isNear = (a: number | undefined, b: number): boolean => a !== undefined && Math.abs(a - b) < 1e-6

/** The vector as the server keeps it, whose bytes are bytes in text, too. */
const isRaw = (command: Command.Command<commands.RawVector | null, "read">, expected: commands.RawVector): Step =>
  Effect.gen(function*() {
    const { covered, redis } = yield* Live
    assert.deepStrictEqual(yield* redis.run<any, any>(command), expected)
    covered.add("vembRaw")
  })

export const vectorSets = [
  scene(
    "elements of vector sets",
    needs,
    is(c.vadd("v", [1, 2, 3], "a"), true),
    is(c.vadd("v", new Float32Array([1, 2, 3]), "a", { attributes: "{\"year\":1990}" }), false),
    is(c.vadd("v", [3, 1, -2], "b", { cas: true, ef: 50, quantization: "q8", links: 16 }), true),
    is(c.vcard("v"), 2),
    is(c.vcard("none"), 0),
    is(c.vdim("v"), 3),
    fails(c.vdim("none"), "ReplyError", "ERR"),
    is(c.vismember("v", "a"), true),
    is(c.vismember("v", "none"), false),
    is(c.vgetattr("v", "a"), "{\"year\":1990}"),
    is(c.vgetattr("v", "b"), null),
    is(c.vsetattr("v", "b", "{\"year\":1980}"), true),
    is(c.vsetattr("v", "none", "{}"), false),
    fits(c.vrandmember("v"), (element) => element === "a" || element === "b"),
    is(c.vrandmember("none"), null),
    fits(c.vrandmemberCount("v", 5), (elements) => sameElements(elements, "a", "b")),
    is(c.vrandmemberCount("none", 5), []),
    fits(
      c.vinfo("v"),
      (info) =>
        info !== null && info.quantType === "int8" && info.hnswM === 16 && info.vectorDim === 3 && info.size === 2 &&
        info.attributesCount === 2 && info.projectionInputDim === 0 && typeof info.maxLevel === "number"
    ),
    is(c.vinfo("none"), null),
    is(c.vrem("v", "a"), true),
    is(c.vrem("v", "a"), false),
    given(c.set("s", "text")),
    fails(c.vcard("s"), "ReplyError", "WRONGTYPE"),
    fails(c.vadd("v", [1, 2], "c"), "ReplyError", "ERR")
  ),
  scene(
    "vectors",
    needs,
    is(c.vadd("v", [1, 2, 2], "a", { quantization: "noquant" }), true),
    fits(c.vemb("v", "a"), (vector) => vector?.length === 3 && vector.every((n, i) => isNear(n, [1, 2, 2][i]!))),
    is(c.vemb("v", "none"), null),
    isRaw(c.vembRaw("v", "a"), {
      quantization: "f32",
      bytes: new Uint8Array(new Float32Array([1 / 3, 2 / 3, 2 / 3]).buffer),
      norm: 3
    }),
    is(c.vembRaw("v", "none"), null),
    is(c.vadd("q", [1, 0, -1], "a"), true),
    isRaw(c.vembRaw("q", "a"), {
      quantization: "int8",
      bytes: new Uint8Array([127, 0, 129]),
      norm: Math.fround(Math.SQRT2),
      range: Math.fround(1 / Math.fround(Math.SQRT2))
    }),
    is(c.vadd("b", [1, 2, -3], "a", { quantization: "bin" }), true),
    is(c.vemb("b", "a"), [1, 1, -1]),
    is(c.vadd("r", [1, 2, 3], "a", { reduce: 2 }), true),
    is(c.vdim("r"), 2),
    fits(c.vinfo("r"), (info) => info?.projectionInputDim === 3)
  ),
  scene(
    "searches of vectors",
    needs,
    given(
      c.vadd("v", [1, 0], "a", { attributes: "{\"year\":1990}" }),
      c.vadd("v", [0, 1], "b", { attributes: "{\"year\":1980}" }),
      c.vadd("v", [-1, -1], "c")
    ),
    is(c.vsim("v", { element: "a" }), ["a", "b", "c"]),
    is(c.vsim("v", { vector: [1, 0.5] }, { count: 2, truth: true, nothread: true }), ["a", "b"]),
    is(c.vsim("v", { vector: new Float32Array([0, 1]) }, { filter: ".year > 1985", filterEf: 10, ef: 10 }), ["a"]),
    is(c.vsim("v", { element: "a" }, { epsilon: 0.2 }), ["a"]),
    is(c.vsim("none", { element: "a" }), []),
    fails(c.vsim("v", { element: "none" }), "ReplyError", "ERR"),
    fails(c.vsim("v", { element: "a" }, { filter: "(" }), "ReplyError", "ERR"),
    fits(
      c.vsimWithScores("v", { element: "a" }),
      (found) =>
        found.map(({ member }) => member).join() === "a,b,c" && found[0]!.score === 1 && isNear(found[1]!.score, 0.5)
    ),
    is(c.vsimWithScores("none", { element: "a" }), []),
    fits(
      c.vsimWith("v", { element: "a" }, ["score"], { count: 1 }),
      ([found]) => found?.member === "a" && found.score === 1
    ),
    fits(
      c.vlinks("v", "a"),
      (levels) => levels !== null && levels.length > 0 && sameElements(levels.at(-1)!, "b", "c")
    ),
    is(c.vlinks("v", "none"), null),
    fits(
      c.vlinksWithScores("v", "a"),
      (levels) =>
        levels !== null && levels.at(-1)!.length === 2 &&
        isNear(levels.at(-1)!.find(({ member }) => member === "b")?.score, 0.5)
    ),
    is(c.vlinksWithScores("v", "none"), null)
  ),
  scene(
    "attributes of what a search finds",
    { commands: ["VADD"], options: ["VSIM WITHATTRIBS"] },
    given(c.vadd("v", [1, 0], "a", { attributes: "{}" }), c.vadd("v", [0, 1], "b")),
    is(c.vsimWith("v", { element: "a" }, ["attributes"]), [
      { member: "a", attributes: "{}" },
      { member: "b", attributes: null }
    ])
  )
]
