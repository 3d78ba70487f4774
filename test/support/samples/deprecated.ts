/**
 * Sample calls of the commands of src/commands/deprecated.ts.
 */
import { commands as c } from "../../../src/index.ts"
import { pairs } from "./values.ts"

export const deprecated = {
  getset: [c.getset("k", "v")],
  setex: [c.setex("k", "10 seconds", "v")],
  psetex: [c.psetex("k", "10 millis", "v")],
  setnx: [c.setnx("k", "v")],
  substr: [c.substr("k", 0, -1)],
  rpoplpush: [c.rpoplpush("k", "l")],
  brpoplpush: [c.brpoplpush("k", "l", "1 second")],
  hmset: [c.hmset("k", pairs)],
  zrangebyscore: [c.zrangebyscore("k", "-inf", 5), c.zrangebyscore("k", "(1", 5, { limit: [0, 5] })],
  zrangebyscoreWithScores: [c.zrangebyscoreWithScores("k", "-inf", 5, { limit: [0, 5] })],
  zrevrangebyscore: [c.zrevrangebyscore("k", 5, "-inf"), c.zrevrangebyscore("k", 5, 1, { limit: [0, 5] })],
  zrevrangebyscoreWithScores: [c.zrevrangebyscoreWithScores("k", 5, "-inf", { limit: [0, 5] })],
  zrangebylex: [c.zrangebylex("k", "-", "[m"), c.zrangebylex("k", "-", "+", { limit: [0, 5] })],
  zrevrangebylex: [c.zrevrangebylex("k", "+", "-"), c.zrevrangebylex("k", "+", "-", { limit: [0, 5] })],
  zrevrange: [c.zrevrange("k", 0, -1)],
  zrevrangeWithScores: [c.zrevrangeWithScores("k", 0, -1)]
}
