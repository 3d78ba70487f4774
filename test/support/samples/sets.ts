/**
 * Sample calls of the commands of src/commands/sets.ts.
 */
import { commands as c } from "../../../src/index.ts"

export const sets = {
  sadd: [c.sadd("k", "m"), c.sadd("k", ["m", "n"])],
  srem: [c.srem("k", "m"), c.srem("k", ["m", "n"])],
  smembers: [c.smembers("k")],
  sismember: [c.sismember("k", "m")],
  smismember: [c.smismember("k", "m", "n")],
  scard: [c.scard("k")],
  spop: [c.spop("k")],
  spopCount: [c.spopCount("k", 2)],
  srandmember: [c.srandmember("k")],
  srandmemberCount: [c.srandmemberCount("k", 2)],
  smove: [c.smove("k", "l", "m")],
  sinter: [c.sinter("k", "l")],
  sinterstore: [c.sinterstore("d", "k", "l")],
  sintercard: [c.sintercard(["k", "l"]), c.sintercard(["k", "l"], 5)],
  sunion: [c.sunion("k", "l")],
  sunionstore: [c.sunionstore("d", "k", "l")],
  sdiff: [c.sdiff("k", "l")],
  sdiffstore: [c.sdiffstore("d", "k", "l")],
  sdiffcard: [c.sdiffcard(["k", "l"]), c.sdiffcard("k", 5)],
  sunioncard: [c.sunioncard(["k", "l"]), c.sunioncard(["k", "l"], { approximate: true, limit: 5 })],
  sscan: [c.sscan("k", "0"), c.sscan("k", "0", { match: "a*", count: 10 })]
}
