/**
 * Sample calls of the commands of src/commands/hashFieldExpiry.ts.
 */
import { commands as c } from "../../../src/index.ts"
import { moment, pairs, whens } from "./values.ts"

export const hashFieldExpiry = {
  hexpire: [
    c.hexpire("k", "10 seconds", "f"),
    ...whens.map((when) => c.hexpire("k", "10 seconds", ["f", "g"], when))
  ],
  hpexpire: [
    c.hpexpire("k", "10 millis", "f"),
    ...whens.map((when) => c.hpexpire("k", "10 millis", ["f", "g"], when))
  ],
  hexpireat: [c.hexpireat("k", moment, "f"), ...whens.map((when) => c.hexpireat("k", moment, ["f", "g"], when))],
  hpexpireat: [c.hpexpireat("k", moment, "f"), ...whens.map((when) => c.hpexpireat("k", moment, ["f", "g"], when))],
  httl: [c.httl("k", ["f", "g"])],
  hpttl: [c.hpttl("k", "f")],
  hexpiretime: [c.hexpiretime("k", "f")],
  hpexpiretime: [c.hpexpiretime("k", "f")],
  hpersist: [c.hpersist("k", "f")],
  hgetdel: [c.hgetdel("k", ["f", "g"])],
  hgetex: [
    c.hgetex("k", ["f", "g"], { ttl: "10 seconds" }),
    c.hgetex("k", "f", { ttl: "10 millis" }),
    c.hgetex("k", "f", { expireAt: moment }),
    c.hgetex("k", "f", { expireAt: new Date(moment.getTime() + 1) }),
    c.hgetex("k", "f", { persist: true })
  ],
  hsetex: [
    c.hsetex("k", pairs),
    c.hsetex("k", pairs, { when: "fnx", ttl: "10 seconds" }),
    c.hsetex("k", pairs, { when: "fxx", ttl: "10 millis" }),
    c.hsetex("k", pairs, { whenKey: "nx", expireAt: moment }),
    c.hsetex("k", pairs, { whenKey: "xx", expireAt: new Date(moment.getTime() + 1) }),
    c.hsetex("k", pairs, { keepTtl: true })
  ]
}
