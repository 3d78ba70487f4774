/**
 * Sample calls of the commands of src/commands/strings.ts, counters.ts and stringConditions.ts.
 */
import { commands as c } from "../../../src/index.ts"
import { moment, pairs } from "./values.ts"

const digest = "9555e8555c62dcfd"

export const strings = {
  get: [c.get("k")],
  set: [
    c.set("k", "v"),
    c.set("k", "v", { when: "nx", ttl: "10 seconds" }),
    c.set("k", "v", { when: "xx", ttl: "10 millis" }),
    c.set("k", "v", { expireAt: moment }),
    c.set("k", "v", { expireAt: new Date(moment.getTime() + 1) }),
    c.set("k", "v", { keepTtl: true }),
    c.set("k", "v", { ifeq: "w", ttl: "10 seconds" }),
    c.set("k", "v", { ifne: "w" }),
    c.set("k", "v", { ifdeq: digest }),
    c.set("k", "v", { ifdne: digest })
  ],
  setGet: [
    c.setGet("k", "v"),
    c.setGet("k", "v", { when: "nx", ttl: "10 seconds" }),
    c.setGet("k", "v", { ifeq: "w" })
  ],
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
  increx: [
    c.increx("k"),
    c.increx("k", { by: 2, lowerBound: 0, upperBound: 10n, saturate: true, ttl: "10 seconds", enx: true }),
    c.increx("k", { byFloat: 0.5, lowerBound: -1.5, upperBound: 2.5, ttl: "10 millis" }),
    c.increx("k", { expireAt: moment }),
    c.increx("k", { expireAt: new Date(moment.getTime() + 1) }),
    c.increx("k", { persist: true })
  ],
  delex: [
    c.delex("k"),
    c.delex("k", { ifeq: "v" }),
    c.delex("k", { ifne: "v" }),
    c.delex("k", { ifdeq: digest }),
    c.delex("k", { ifdne: digest })
  ],
  delifeq: [c.delifeq("k", "v")],
  digest: [c.digest("k")],
  mget: [c.mget(["k", "l"])],
  mset: [c.mset(pairs)],
  msetnx: [c.msetnx(pairs)],
  msetex: [
    c.msetex(pairs),
    c.msetex(pairs, { when: "nx", ttl: "10 seconds" }),
    c.msetex(pairs, { when: "xx", ttl: "10 millis" }),
    c.msetex(pairs, { expireAt: moment }),
    c.msetex(pairs, { expireAt: new Date(moment.getTime() + 1) }),
    c.msetex(pairs, { keepTtl: true })
  ],
  lcs: [c.lcs("k", "l")],
  lcsLen: [c.lcsLen("k", "l")],
  lcsIdx: [c.lcsIdx("k", "l"), c.lcsIdx("k", "l", { minMatchLength: 4 })]
}
