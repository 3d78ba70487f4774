/**
 * Sample calls of the commands of src/commands/keys.ts, expiry.ts and sorting.ts.
 */
import { commands as c } from "../../../src/index.ts"
import { moment } from "./values.ts"

export const keys = {
  del: [c.del("k"), c.del(["k", "l"])],
  unlink: [c.unlink("k"), c.unlink(["k", "l"])],
  exists: [c.exists("k"), c.exists(["k", "l"])],
  touch: [c.touch("k"), c.touch(["k", "l"])],
  expire: [
    c.expire("k", "10 seconds"),
    ...(["nx", "xx", "gt", "lt"] as const).map((when) => c.expire("k", "10 seconds", when))
  ],
  pexpire: [
    c.pexpire("k", "10 millis"),
    ...(["nx", "xx", "gt", "lt"] as const).map((when) => c.pexpire("k", "10 millis", when))
  ],
  expireat: [
    c.expireat("k", moment),
    ...(["nx", "xx", "gt", "lt"] as const).map((when) => c.expireat("k", moment, when))
  ],
  pexpireat: [
    c.pexpireat("k", moment),
    ...(["nx", "xx", "gt", "lt"] as const).map((when) => c.pexpireat("k", moment, when))
  ],
  expiretime: [c.expiretime("k")],
  pexpiretime: [c.pexpiretime("k")],
  ttl: [c.ttl("k")],
  pttl: [c.pttl("k")],
  persist: [c.persist("k")],
  type: [c.type("k")],
  rename: [c.rename("k", "l")],
  renamenx: [c.renamenx("k", "l")],
  copy: [c.copy("k", "l"), c.copy("k", "l", { db: 1, replace: true })],
  move: [c.move("k", 1)],
  keys: [c.keys("*")],
  randomkey: [c.randomkey()],
  dump: [c.dump("k")],
  restore: [
    c.restore("k", new Uint8Array(10)),
    c.restore("k", new Uint8Array(10), { ttl: "10 seconds", replace: true, idleTime: "1 minute" }),
    c.restore("k", new Uint8Array(10), { expireAt: moment, frequency: 5 })
  ],
  scan: [c.scan("0"), c.scan("0", { match: "a*", count: 10, type: "string" })],
  objectEncoding: [c.objectEncoding("k")],
  objectFreq: [c.objectFreq("k")],
  objectIdletime: [c.objectIdletime("k")],
  objectRefcount: [c.objectRefcount("k")],
  sort: [
    c.sort("k"),
    c.sort("k", { by: "w_*", limit: [0, 5], get: ["#", "o_*"], order: "asc", alpha: true }),
    c.sort("k", { order: "desc" })
  ],
  sortRo: [
    c.sortRo("k"),
    c.sortRo("k", { by: "w_*", limit: [0, 5], get: ["#", "o_*"], order: "asc", alpha: true }),
    c.sortRo("k", { order: "desc" })
  ],
  sortStore: [
    c.sortStore("k", "l"),
    c.sortStore("k", "l", { by: "w_*", limit: [0, 5], get: ["#", "o_*"], order: "asc", alpha: true }),
    c.sortStore("k", "l", { order: "desc" })
  ]
}
