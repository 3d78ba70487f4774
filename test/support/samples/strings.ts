/**
 * Sample calls of the commands of src/commands/strings.ts.
 */
import { commands as c } from "../../../src/index.ts"
import { moment, pairs } from "./values.ts"

export const strings = {
  get: [c.get("k")],
  set: [
    c.set("k", "v"),
    c.set("k", "v", { when: "nx", ttl: "10 seconds" }),
    c.set("k", "v", { when: "xx", ttl: "10 millis" }),
    c.set("k", "v", { expireAt: moment }),
    c.set("k", "v", { expireAt: new Date(moment.getTime() + 1) }),
    c.set("k", "v", { keepTtl: true })
  ],
  setGet: [c.setGet("k", "v"), c.setGet("k", "v", { when: "nx", ttl: "10 seconds" })],
  getdel: [c.getdel("k")],
  getex: [
    c.getex("k", { ttl: "10 seconds" }),
    c.getex("k", { ttl: "10 millis" }),
    c.getex("k", { expireAt: moment }),
    c.getex("k", { expireAt: new Date(moment.getTime() + 1) }),
    c.getex("k", { persist: true })
  ],
  getrange: [c.getrange("k", 0, -1)],
  setrange: [c.setrange("k", 0, "v")],
  strlen: [c.strlen("k")],
  append: [c.append("k", "v")],
  incr: [c.incr("k")],
  incrby: [c.incrby("k", 2)],
  incrbyfloat: [c.incrbyfloat("k", 0.5)],
  decr: [c.decr("k")],
  decrby: [c.decrby("k", 2)],
  mget: [c.mget(["k", "l"])],
  mset: [c.mset(pairs)],
  msetnx: [c.msetnx(pairs)],
  lcs: [c.lcs("k", "l")],
  lcsLen: [c.lcsLen("k", "l")],
  lcsIdx: [c.lcsIdx("k", "l"), c.lcsIdx("k", "l", { minMatchLength: 4 })]
}
