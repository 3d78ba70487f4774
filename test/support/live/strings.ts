/** Scenes of strings, and of the deprecated commands for them. */
import * as Duration from "effect/Duration"
import { anywhere, c, fails, fits, given, is, scene } from "./scene.ts"
import { moment } from "./values.ts"

export const strings = [
  anywhere(
    "values",
    is(c.set("k", "hällo"), "OK"),
    is(c.get("k"), "hällo"),
    is(c.get("none"), null),
    is(c.set("k", "v", { when: "nx" }), null),
    is(c.set("k", "v", { when: "xx", ttl: "100 seconds" }), "OK"),
    is(c.set("k", "w", { keepTtl: true }), "OK"),
    is(c.setGet("k", "x", { expireAt: moment }), "w"),
    is(c.setGet("new", "x"), null),
    is(c.getex("k", { persist: true }), "x"),
    is(c.ttl("k"), Duration.infinity),
    is(c.getex("none", { ttl: "1 second" }), null),
    is(c.getdel("k"), "x"),
    is(c.getdel("k"), null),
    is(c.append("k", "abc"), 3),
    is(c.append("k", "def"), 6),
    is(c.getrange("k", 1, -2), "bcde"),
    is(c.setrange("k", 8, "x"), 9),
    is(c.get("k"), "abcdef\0\0x"),
    is(c.strlen("k"), 9),
    is(c.strlen("none"), 0),
    given(c.rpush("l", "e")),
    fails(c.get("l"), "ReplyError", "WRONGTYPE")
  ),
  anywhere(
    "numbers",
    is(c.incr("n"), 1),
    is(c.incrby("n", 9), 10),
    is(c.decr("n"), 9),
    is(c.decrby("n", 4n), 5),
    is(c.incrbyfloat("n", 0.25), 5.25),
    fails(c.incr("n"), "ReplyError", "ERR")
  ),
  anywhere(
    "several",
    is(c.mset({ a: 1, b: "two" }), "OK"),
    is(c.mget("a", "none", "b"), ["1", null, "two"]),
    is(c.msetnx({ a: 2, c: 3 }), false),
    is(c.msetnx({ d: 2, c: 3 }), true)
  ),
  scene(
    "compared values",
    { options: ["SET IFEQ"] },
    given(c.set("k", "a")),
    is(c.set("k", "b", { ifeq: "a", ttl: "100 seconds" }), "OK"),
    is(c.set("k", "c", { ifeq: "a" }), null),
    is(c.setGet("k", "c", { ifeq: "b" }), "b"),
    is(c.setGet("k", "d", { ifeq: "b" }), "c"),
    is(c.set("none", "d", { ifeq: "b" }), null)
  ),
  scene(
    "deleted values",
    { commands: ["DELIFEQ"] },
    given(c.set("k", "a")),
    is(c.delifeq("k", "b"), false),
    is(c.delifeq("k", "a"), true),
    is(c.delifeq("k", "a"), false),
    given(c.rpush("l", "e")),
    fails(c.delifeq("l", "e"), "ReplyError", "WRONGTYPE")
  ),
  scene(
    "several with an expiry",
    { commands: ["MSETEX"] },
    is(c.msetex({ a: 1, b: 2 }), true),
    is(c.msetex({ a: 1, c: 2 }, { when: "nx" }), false),
    is(c.msetex({ a: 1, c: 2 }, { when: "xx" }), false),
    is(c.msetex({ a: 3, b: 4 }, { when: "xx", ttl: "100 seconds" }), true),
    is(c.mget("a", "b"), ["3", "4"]),
    is(c.msetex([["a", 5], ["b", 6]], { keepTtl: true }), true),
    fits(c.ttl("a"), (ttl) => ttl !== null && Duration.toSeconds(ttl) > 90),
    is(c.msetex({ a: 1 }, { expireAt: moment }), true)
  ),
  anywhere(
    "longest common subsequences",
    given(c.mset({ a: "ohmytext", b: "mynewtext" })),
    is(c.lcs("a", "b"), "mytext"),
    is(c.lcsLen("a", "b"), 6),
    is(c.lcsIdx("a", "b"), {
      matches: [{ a: [4, 7], b: [5, 8], length: 4 }, { a: [2, 3], b: [0, 1], length: 2 }],
      length: 6
    }),
    is(c.lcsIdx("a", "b", { minMatchLength: 4 }), { matches: [{ a: [4, 7], b: [5, 8], length: 4 }], length: 6 })
  ),
  anywhere(
    "deprecated",
    is(c.setex("k", "100 seconds", "v"), "OK"),
    is(c.psetex("k", "100001 millis", "w"), "OK"),
    is(c.setnx("k", "x"), false),
    is(c.setnx("new", "x"), true),
    is(c.getset("k", "y"), "w"),
    is(c.getset("none", "y"), null),
    is(c.substr("new", 0, -1), "x")
  )
]
