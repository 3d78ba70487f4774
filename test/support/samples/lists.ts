/**
 * Sample calls of the commands of src/commands/lists.ts.
 */
import { commands as c } from "../../../src/index.ts"

export const lists = {
  lpush: [c.lpush("k", "e"), c.lpush("k", ["e", "f"])],
  lpushx: [c.lpushx("k", "e"), c.lpushx("k", ["e", "f"])],
  rpush: [c.rpush("k", "e"), c.rpush("k", ["e", "f"])],
  rpushx: [c.rpushx("k", "e"), c.rpushx("k", ["e", "f"])],
  lpop: [c.lpop("k")],
  lpopCount: [c.lpopCount("k", 2)],
  rpop: [c.rpop("k")],
  rpopCount: [c.rpopCount("k", 2)],
  llen: [c.llen("k")],
  lrange: [c.lrange("k", 0, -1)],
  lindex: [c.lindex("k", 0)],
  linsert: [c.linsert("k", "before", "p", "e"), c.linsert("k", "after", "p", "e")],
  lset: [c.lset("k", 0, "e")],
  lrem: [c.lrem("k", 0, "e")],
  ltrim: [c.ltrim("k", 0, -1)],
  lpos: [c.lpos("k", "e"), c.lpos("k", "e", { rank: 2, maxLength: 10 })],
  lposCount: [c.lposCount("k", "e", 0), c.lposCount("k", "e", 2, { rank: -1, maxLength: 10 })],
  lmove: [c.lmove("k", "l", "left", "right"), c.lmove("k", "l", "right", "left")],
  lmovem: [
    c.lmovem("k", "l", "left", "right"),
    c.lmovem("k", "l", "right", "left", { count: 2, order: "obo" }),
    c.lmovem("k", "l", "right", "left", { exactly: 2, order: "bulk" })
  ],
  lmpop: [c.lmpop(["k", "l"], "left"), c.lmpop(["k", "l"], "right", 2)],
  blpop: [c.blpop(["k", "l"], "1 second")],
  brpop: [c.brpop(["k", "l"], "1 second")],
  blmove: [c.blmove("k", "l", "left", "right", "1 second"), c.blmove("k", "l", "right", "left", "1 second")],
  blmovem: [
    c.blmovem("k", "l", "left", "right", "1 second"),
    c.blmovem("k", "l", "right", "left", "1 second", { count: 2, order: "obo" }),
    c.blmovem("k", "l", "right", "left", "1 second", { exactly: 2, order: "bulk" })
  ],
  blmpop: [c.blmpop(["k", "l"], "left", "1 second"), c.blmpop(["k", "l"], "right", "1 second", 2)]
}
