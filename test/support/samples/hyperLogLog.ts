/**
 * Sample calls of the commands of src/commands/hyperLogLog.ts.
 */
import { commands as c } from "../../../src/index.ts"

export const hyperLogLog = {
  pfadd: [c.pfadd("k"), c.pfadd("k", "a", "b")],
  pfcount: [c.pfcount("k"), c.pfcount(["k", "l"])],
  pfmerge: [c.pfmerge("d"), c.pfmerge("d", "k", "l")]
}
