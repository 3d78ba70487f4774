/**
 * Sample calls of the commands of src/commands/hashes.ts.
 */
import { commands as c } from "../../../src/index.ts"
import { pairs } from "./values.ts"

export const hashes = {
  hget: [c.hget("k", "f")],
  hset: [c.hset("k", pairs)],
  hsetnx: [c.hsetnx("k", "f", 1)],
  hmget: [c.hmget("k", ["f", "g"])],
  hgetall: [c.hgetall("k")],
  hdel: [c.hdel("k", "f"), c.hdel("k", ["f", "g"])],
  hexists: [c.hexists("k", "f")],
  hincrby: [c.hincrby("k", "f", 2)],
  hincrbyfloat: [c.hincrbyfloat("k", "f", 0.5)],
  hkeys: [c.hkeys("k")],
  hvals: [c.hvals("k")],
  hlen: [c.hlen("k")],
  hstrlen: [c.hstrlen("k", "f")],
  hrandfield: [c.hrandfield("k")],
  hrandfieldCount: [c.hrandfieldCount("k", 2)],
  hrandfieldWithValues: [c.hrandfieldWithValues("k", 2)],
  hscan: [c.hscan("k", "0"), c.hscan("k", "0", { match: "a*", count: 10 })]
}
