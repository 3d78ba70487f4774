/**
 * Sample calls of the commands of src/commands/hashes.ts and hashImport.ts.
 */
import { commands as c } from "../../../src/index.ts"
import type { Unflagged } from "./unflagged.ts"
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
  hscan: [c.hscan("k", "0"), c.hscan("k", "0", { match: "a*", count: 10 })],
  hscanNovalues: [c.hscanNovalues("k", "0"), c.hscanNovalues("k", "0", { match: "a*", count: 10 })],
  himportPrepare: [c.himportPrepare("n", "f", "g")],
  himportSet: [c.himportSet("k", "n", ["v", "w"])],
  himportDiscard: [c.himportDiscard("n")],
  himportDiscardall: [c.himportDiscardall()]
}

const prepares = {
  mode: "write",
  repeatable: false,
  why: "it prepares writes of the same connection, which no replica accepts"
} as const

export const unflagged: Readonly<Record<string, Unflagged>> = {
  "HIMPORT PREPARE": prepares,
  "HIMPORT DISCARD": prepares,
  "HIMPORT DISCARDALL": prepares
}
