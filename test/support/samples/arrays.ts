/**
 * Sample calls of the commands of src/commands/arrays.ts.
 */
import { commands as c } from "../../../src/index.ts"

export const arrays = {
  arset: [c.arset("k", 0, "v"), c.arset("k", 5n, ["v", "w"])],
  armset: [c.armset("k", { 0: "v", 5: "w" }), c.armset("k", [[7n, "v"]])],
  arget: [c.arget("k", 0)],
  armget: [c.armget("k", 0, 5n), c.armget("k", [0, 1])],
  argetrange: [c.argetrange("k", 0, 5)],
  arscan: [c.arscan("k", 0, 5), c.arscan("k", 5, 0, 2)],
  arlen: [c.arlen("k")],
  arcount: [c.arcount("k")],
  ardel: [c.ardel("k", 0, 5)],
  ardelrange: [c.ardelrange("k", [[0, 5], [7, 9]])],
  argrep: [
    c.argrep("k", "-", "+", { exact: "v" }),
    c.argrep("k", 0, 5, [{ match: "v" }, { glob: "v*" }, { re: "^v" }], { combine: "and", limit: 5, nocase: true }),
    c.argrep("k", 0, 5, { match: "v" }, { combine: "or" })
  ],
  argrepWithValues: [c.argrepWithValues("k", "-", "+", { match: "v" })],
  arop: [
    ...(["sum", "min", "max", "and", "or", "xor", "used"] as const).map((operation) => c.arop("k", 0, 5, operation)),
    c.arop("k", 0, 5, { match: "v" })
  ],
  arinsert: [c.arinsert("k", "v", "w")],
  arring: [c.arring("k", 10, "v")],
  arnext: [c.arnext("k")],
  arseek: [c.arseek("k", 5)],
  arlastitems: [c.arlastitems("k", 5), c.arlastitems("k", 5, { reverse: true })],
  arinfo: [c.arinfo("k")],
  arinfoFull: [c.arinfoFull("k")]
}
