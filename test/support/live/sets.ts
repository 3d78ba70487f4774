/** Scenes of sets. */
import { anywhere, c, fits, given, is } from "./scene.ts"
import { sameElements } from "./values.ts"

export const sets = [
  anywhere(
    "members",
    is(c.sadd("s", "a", "b", "c"), 3),
    is(c.sadd("s", "a"), 0),
    is(c.srem("s", "c", "none"), 1),
    fits(c.smembers("s"), (members) => sameElements(members, "a", "b")),
    is(c.sismember("s", "a"), true),
    is(c.smismember("s", "a", "none"), [true, false]),
    is(c.scard("s"), 2),
    fits(
      c.sscan("s", "0", { match: "*", count: 100 }),
      ({ cursor, items }) => cursor === "0" && sameElements(items, "a", "b")
    ),
    fits(c.srandmember("s"), (member) => member === "a" || member === "b"),
    is(c.srandmember("none"), null),
    fits(c.srandmemberCount("s", 5), (members) => sameElements(members, "a", "b")),
    fits(c.srandmemberCount("s", -5), (members) => members.length === 5),
    is(c.smove("s", "t", "a"), true),
    is(c.smove("s", "t", "a"), false),
    is(c.spop("s"), "b"),
    is(c.spop("s"), null),
    is(c.spopCount("t", 5), ["a"]),
    is(c.spopCount("t", 5), [])
  ),
  anywhere(
    "combinations",
    given(c.sadd("s", "a", "b"), c.sadd("t", "b", "c")),
    is(c.sinter("s", "t"), ["b"]),
    is(c.sinterstore("d", "s", "t"), 1),
    is(c.sintercard(["s", "t"]), 1),
    is(c.sintercard(["s", "s"], 1), 1),
    fits(c.sunion("s", "t"), (members) => sameElements(members, "a", "b", "c")),
    is(c.sunionstore("d", "s", "t"), 3),
    is(c.sdiff("s", "t"), ["a"]),
    is(c.sdiffstore("d", "s", "t"), 1),
    is(c.smembers("d"), ["a"])
  )
]
