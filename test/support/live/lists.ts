/** Scenes of lists, and of the deprecated commands for them. */
import { anywhere, c, fails, given, is } from "./scene.ts"

export const lists = [
  anywhere(
    "elements",
    is(c.rpush("l", "a", "b", "c"), 3),
    is(c.lpush("l", "x"), 4),
    is(c.lpushx("l", "w"), 5),
    is(c.rpushx("none", "w"), 0),
    is(c.llen("l"), 5),
    is(c.lrange("l", 0, -1), ["w", "x", "a", "b", "c"]),
    is(c.lrange("none", 0, -1), []),
    is(c.lindex("l", -1), "c"),
    is(c.lindex("l", 9), null),
    is(c.linsert("l", "before", "a", "n"), 6),
    is(c.linsert("l", "after", "none", "n"), -1),
    is(c.lset("l", 0, "W"), "OK"),
    fails(c.lset("none", 0, "W"), "ReplyError", "ERR"),
    is(c.lrem("l", 0, "n"), 1),
    is(c.lpos("l", "b"), 3),
    is(c.lpos("l", "none"), null),
    is(c.lposCount("l", "b", 0), [3]),
    is(c.lposCount("l", "none", 2, { rank: -1 }), []),
    is(c.ltrim("l", 1, -1), "OK"),
    is(c.lpop("l"), "x"),
    is(c.rpop("l"), "c"),
    is(c.lpopCount("l", 5), ["a", "b"]),
    is(c.lpopCount("l", 5), null),
    is(c.rpopCount("l", 5), null),
    is(c.lpop("l"), null),
    is(c.rpop("l"), null)
  ),
  anywhere(
    "between lists",
    given(c.rpush("l", "a", "b", "c", "d")),
    is(c.lmove("l", "m", "left", "right"), "a"),
    is(c.lmove("none", "m", "left", "right"), null),
    is(c.rpoplpush("l", "m"), "d"),
    is(c.rpoplpush("none", "m"), null),
    is(c.lmpop(["none", "l"], "right", 5), { key: "l", elements: ["c", "b"] }),
    is(c.lmpop(["none", "l"], "left"), null),
    is(c.rpopCount("m", 1), ["a"]),
    is(c.lrange("m", 0, -1), ["d"])
  ),
  anywhere(
    "waiting",
    given(c.rpush("l", "a", "b", "c", "d", "e", "f")),
    is(c.blpop(["none", "l"], "1 second"), ["l", "a"]),
    is(c.brpop("l", "1 second"), ["l", "f"]),
    is(c.blmove("l", "m", "left", "right", "1 second"), "b"),
    is(c.brpoplpush("l", "m", "1 second"), "e"),
    is(c.blmpop(["l"], "left", "1 second", 9), { key: "l", elements: ["c", "d"] }),
    is(c.blpop("l", "10 millis"), null),
    is(c.brpop("l", "10 millis"), null),
    is(c.blmove("l", "m", "left", "right", "10 millis"), null),
    is(c.brpoplpush("l", "m", "10 millis"), null),
    is(c.blmpop(["l"], "left", "10 millis"), null)
  )
]
