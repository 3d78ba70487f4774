/** Scenes of keys of any type, of their expiry, and of sorting. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { anywhere, bytesOf, c, fails, fits, given, is } from "./scene.ts"
import { about, moment, sameElements } from "./values.ts"

export const keys = [
  anywhere(
    "which there are",
    given(c.mset({ a: 1, b: 2, c: 3 }), c.hset("h", { f: 1 })),
    is(c.exists("a", "a", "none"), 2),
    is(c.touch("a", "none"), 1),
    is(c.type("a"), "string"),
    is(c.type("h"), "hash"),
    is(c.type("none"), "none"),
    fits(c.keys("[ab]"), (keys) => sameElements(keys, "a", "b")),
    fits(c.randomkey(), (key) => key !== null && ["a", "b", "c", "h"].includes(key)),
    fits(
      c.scan("0", { type: "string", match: "[ab]", count: 100 }),
      ({ cursor, items }) => cursor === "0" && sameElements(items, "a", "b")
    ),
    is(c.del("b", "none"), 1),
    is(c.unlink("c", "h"), 2),
    is(c.flushall(), "OK"),
    is(c.randomkey(), null)
  ),
  anywhere(
    "under another name",
    given(c.mset({ a: 1, b: 2 })),
    is(c.renamenx("a", "b"), false),
    is(c.renamenx("a", "c"), true),
    is(c.rename("c", "d"), "OK"),
    fails(c.rename("none", "x"), "ReplyError", "ERR"),
    is(c.copy("d", "b"), false),
    is(c.copy("d", "b", { replace: true }), true),
    is(c.copy("d", "d", { db: 9, replace: true }), true),
    is(c.move("d", 9), false),
    is(c.move("b", 9), true),
    is(c.exists("d", "b"), 1)
  ),
  anywhere(
    "dumps",
    given(c.set("k", "value")),
    Effect.gen(function*() {
      const dump = yield* bytesOf(c.dump("k"))
      yield* is(c.restore("copy", dump), "OK")
      yield* is(c.restore("copy", dump, { ttl: "100 seconds", replace: true }), "OK")
      yield* fails(c.restore("copy", dump), "ReplyError", "BUSYKEY")
      yield* is(c.get("copy"), "value")
    }),
    is(c.dump("none"), null)
  ),
  anywhere(
    "expiry",
    given(c.mset({ a: 1, b: 2 })),
    is(c.ttl("none"), null),
    is(c.pttl("a"), Duration.infinity),
    is(c.expire("a", "100 seconds"), true),
    is(c.expire("a", "50 seconds", "gt"), false),
    is(c.pexpire("a", "100500 millis", "gt"), true),
    fits(c.ttl("a"), (ttl) => about(ttl, "101 seconds")),
    fits(c.pttl("a"), (ttl) => about(ttl, "100500 millis")),
    is(c.expireat("a", moment), true),
    is(c.expiretime("a"), DateTime.makeUnsafe(moment)),
    is(c.pexpireat("a", new Date(moment.getTime() + 1)), true),
    is(c.pexpiretime("a"), DateTime.makeUnsafe(moment.getTime() + 1)),
    is(c.pexpireat("a", moment, "nx"), false),
    is(c.persist("a"), true),
    is(c.persist("a"), false),
    is(c.expiretime("a"), "never"),
    is(c.pexpiretime("none"), null)
  ),
  anywhere(
    "what the server knows of them",
    given(c.set("n", 12), c.hset("h", { f: "v" })),
    is(c.objectEncoding("n"), "int"),
    is(c.objectEncoding("h"), "listpack"),
    is(c.objectEncoding("none"), null),
    fits(c.objectIdletime("h"), (idle) => idle !== null && Duration.toSeconds(idle) <= 60),
    is(c.objectIdletime("none"), null),
    is(c.objectRefcount("h"), 1),
    is(c.objectRefcount("none"), null)
  ),
  anywhere(
    "sorted",
    given(c.rpush("l", 3, 1, 2), c.mset({ w_1: 30, w_2: 20, w_3: 10, o_1: "one", o_3: "three" })),
    is(c.sort("l"), ["1", "2", "3"]),
    is(c.sort("l", { order: "desc", limit: [0, 2] }), ["3", "2"]),
    is(c.sort("l", { by: "w_*", get: ["#", "o_*"] }), ["3", "three", "2", null, "1", "one"]),
    is(c.sortRo("l", { alpha: true }), ["1", "2", "3"]),
    is(c.sortStore("l", "d"), 3),
    is(c.lrange("d", 0, -1), ["1", "2", "3"])
  )
]
