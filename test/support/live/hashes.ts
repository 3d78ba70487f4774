/** Scenes of hashes, of the expiry of their fields, and of the deprecated commands for them. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import { anywhere, c, fails, fits, given, is, scene } from "./scene.ts"
import { about, moment, sameElements } from "./values.ts"

export const hashes = [
  anywhere(
    "fields",
    is(c.hset("h", { a: 1, b: "x" }), 2),
    is(c.hsetnx("h", "a", 2), false),
    is(c.hsetnx("h", "c", 3), true),
    is(c.hget("h", "a"), "1"),
    is(c.hget("h", "none"), null),
    is(c.hmget("h", "a", "none"), ["1", null]),
    is(c.hgetall("h"), { a: "1", b: "x", c: "3" }),
    is(c.hgetall("none"), {}),
    is(c.hexists("h", "a"), true),
    is(c.hincrby("h", "a", 2), 3),
    is(c.hincrbyfloat("h", "a", 0.5), 3.5),
    is(c.hkeys("h"), ["a", "b", "c"]),
    is(c.hvals("h"), ["3.5", "x", "3"]),
    is(c.hlen("h"), 3),
    is(c.hstrlen("h", "a"), 3),
    is(c.hmset("h", { d: 4 }), "OK"),
    is(c.hscan("h", "0", { match: "[ad]", count: 100 }), { cursor: "0", items: [["a", "3.5"], ["d", "4"]] }),
    is(c.hdel("h", "a", "none"), 1),
    given(c.set("s", 1)),
    fails(c.hget("s", "f"), "ReplyError", "WRONGTYPE")
  ),
  anywhere(
    "random fields",
    given(c.hset("h", { a: 1, b: 2 })),
    fits(c.hrandfield("h"), (field) => field === "a" || field === "b"),
    is(c.hrandfield("none"), null),
    fits(c.hrandfieldCount("h", 5), (fields) => sameElements(fields, "a", "b")),
    fits(c.hrandfieldCount("h", -5), (fields) => fields.length === 5),
    fits(c.hrandfieldWithValues("h", 5), (pairs) => sameElements(pairs, ["a", "1"], ["b", "2"])),
    is(c.hrandfieldWithValues("none", 5), [])
  ),
  scene(
    "the expiry of fields",
    { commands: ["HEXPIRE"] },
    given(c.hset("h", { a: 1, b: 2, c: 3 })),
    is(c.hexpire("h", "100 seconds", ["a", "none"]), ["set", null]),
    is(c.hexpire("h", "200 seconds", ["a", "b"], "nx"), ["unmet", "set"]),
    is(c.hpexpire("h", "100500 millis", "a", "gt"), ["set"]),
    fits(c.httl("h", ["a"]), ([ttl]) => about(ttl!, "101 seconds")),
    is(c.httl("h", ["c", "none"]), [Duration.infinity, null]),
    fits(c.hpttl("h", ["a"]), ([ttl]) => about(ttl!, "100500 millis")),
    is(c.hexpireat("h", moment, "a"), ["set"]),
    is(c.hexpiretime("h", ["a", "c", "none"]), [DateTime.makeUnsafe(moment), "never", null]),
    is(c.hpexpireat("h", new Date(moment.getTime() + 1), "a"), ["set"]),
    is(c.hpexpiretime("h", "a"), [DateTime.makeUnsafe(moment.getTime() + 1)]),
    is(c.hpersist("h", ["a", "c", "none"]), [true, false, null]),
    is(c.hexpireat("h", new Date(1), ["a"]), ["deleted"]),
    is(c.hgetall("h"), { b: "2", c: "3" })
  ),
  scene(
    "fields with their expiry",
    { commands: ["HGETEX"] },
    is(c.hsetex("h", { a: 1, b: 2 }, { ttl: "100 seconds" }), true),
    is(c.hsetex("h", { a: 3 }, { when: "fnx" }), false),
    is(c.hgetex("h", ["a", "none"], { persist: true }), ["1", null]),
    is(c.httl("h", "a"), [Duration.infinity]),
    is(c.hgetex("h", "a", { expireAt: moment }), ["1"]),
    is(c.hexpiretime("h", "a"), [DateTime.makeUnsafe(moment)])
  ),
  scene(
    "fields that are read and deleted",
    { commands: ["HGETDEL"] },
    given(c.hset("h", { a: 1, b: 2 })),
    is(c.hgetdel("h", ["a", "none"]), ["1", null]),
    is(c.hgetdel("none", ["a"]), [null]),
    is(c.hgetall("h"), { b: "2" })
  ),
  scene(
    "names of fields",
    { options: ["HSCAN NOVALUES"] },
    given(c.hset("h", { f: 1 })),
    is(c.hscanNovalues("h", "0", { match: "*", count: 100 }), { cursor: "0", items: ["f"] }),
    is(c.hscanNovalues("none", "0"), { cursor: "0", items: [] })
  )
]
