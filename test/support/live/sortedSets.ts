/** Scenes of sorted sets, and of the deprecated commands for them. */
import { anywhere, c, fits, given, is, scene } from "./scene.ts"
import { sameElements } from "./values.ts"

const abc = c.zadd("z", [{ member: "a", score: 1 }, { member: "b", score: 2.5 }, { member: "c", score: Infinity }])

const a = { member: "a", score: 1 }
const b = { member: "b", score: 2.5 }
const last = { member: "c", score: Infinity }

export const sortedSets = [
  anywhere(
    "members and scores",
    is(abc, 3),
    is(c.zadd("z", [{ member: "a", score: 0 }], { when: "nx" }), 0),
    is(c.zadd("z", [{ member: "a", score: 0.5 }], { when: "xx lt", changed: true }), 1),
    is(c.zaddIncr("z", "a", 0.5), 1),
    is(c.zaddIncr("z", "a", -1, { when: "gt" }), null),
    is(c.zincrby("z", 0, "b"), 2.5),
    is(c.zscore("z", "b"), 2.5),
    is(c.zscore("z", "none"), null),
    is(c.zmscore("z", "a", "none", "c"), [1, null, Infinity]),
    is(c.zcard("z"), 3),
    is(c.zcount("z", "(1", "+inf"), 2),
    is(c.zrank("z", "b"), 1),
    is(c.zrevrank("z", "a"), 2),
    is(c.zrank("z", "none"), null),
    is(c.zrevrank("none", "a"), null),
    is(c.zscan("z", "0", { match: "[ab]", count: 100 }), { cursor: "0", items: [a, b] }),
    is(c.zrem("z", "a", "none"), 1)
  ),
  anywhere(
    "ranges",
    given(abc),
    is(c.zrange("z", 0, -1), ["a", "b", "c"]),
    is(c.zrange("z", "+inf", 2, { by: "score", reverse: true, limit: [0, 1] }), ["c"]),
    is(c.zrangeWithScores("z", 0, -1), [a, b, last]),
    is(c.zrangestore("d", "z", 0, 1), 2),
    is(c.zlexcount("z", "-", "+"), 3),
    is(c.zremrangebyrank("d", 0, 0), 1),
    is(c.zremrangebyscore("d", "-inf", 5), 1),
    given(c.zadd("x", [{ member: "a", score: 0 }, { member: "b", score: 0 }])),
    is(c.zrange("x", "[b", "+", { by: "lex" }), ["b"]),
    is(c.zremrangebylex("x", "[a", "[b"), 2)
  ),
  anywhere(
    "taken out",
    given(abc),
    is(c.zpopmin("z"), a),
    is(c.zpopmax("z"), last),
    is(c.zpopminCount("z", 5), [b]),
    is(c.zpopmin("z"), null),
    is(c.zpopmax("z"), null),
    is(c.zpopmaxCount("z", 5), []),
    given(abc),
    is(c.zpopmaxCount("z", 1), [last]),
    is(c.zmpop(["none", "z"], "max", 5), { key: "z", members: [b, a] }),
    is(c.zmpop(["none", "z"], "min"), null)
  ),
  anywhere(
    "taken out, waiting",
    given(abc),
    is(c.bzpopmin(["none", "z"], "1 second"), { key: "z", members: [a] }),
    is(c.bzpopmax("z", "1 second"), { key: "z", members: [last] }),
    is(c.bzmpop(["z"], "min", "1 second", 5), { key: "z", members: [b] }),
    is(c.bzpopmin("z", "10 millis"), null),
    is(c.bzpopmax("z", "10 millis"), null),
    is(c.bzmpop(["z"], "min", "10 millis"), null)
  ),
  anywhere(
    "random members",
    given(abc),
    fits(c.zrandmember("z"), (member) => member !== null && ["a", "b", "c"].includes(member)),
    is(c.zrandmember("none"), null),
    fits(c.zrandmemberCount("z", 5), (members) => sameElements(members, "a", "b", "c")),
    fits(c.zrandmemberWithScores("z", 5), (members) => sameElements(members, a, b, last)),
    is(c.zrandmemberWithScores("none", 5), [])
  ),
  anywhere(
    "combinations",
    given(abc, c.zadd("y", [{ member: "b", score: 1 }, { member: "d", score: 3 }])),
    is(c.zunion(["z", "y"]), ["a", "d", "b", "c"]),
    is(c.zunionWithScores(["z", "y"], { weights: [1, 2], aggregate: "max" }), [
      a,
      b,
      { member: "d", score: 6 },
      last
    ]),
    is(c.zunionstore("d", ["z", "y"]), 4),
    is(c.zinter(["z", "y"]), ["b"]),
    is(c.zinterWithScores(["z", "y"]), [{ member: "b", score: 3.5 }]),
    is(c.zinterstore("d", ["z", "y"]), 1),
    is(c.zintercard(["z", "y"]), 1),
    is(c.zintercard(["z", "z"], 2), 2),
    is(c.zdiff(["z", "y"]), ["a", "c"]),
    is(c.zdiffWithScores(["z", "y"]), [a, last]),
    is(c.zdiffstore("d", ["z", "y"]), 2)
  ),
  anywhere(
    "deprecated",
    given(abc, c.zadd("x", [{ member: "a", score: 0 }, { member: "b", score: 0 }])),
    is(c.zrangebyscore("z", "(1", "+inf", { limit: [0, 1] }), ["b"]),
    is(c.zrangebyscoreWithScores("z", "-inf", 2), [a]),
    is(c.zrevrangebyscore("z", "+inf", 2), ["c", "b"]),
    is(c.zrevrangebyscoreWithScores("z", 3, "-inf"), [b, a]),
    is(c.zrangebylex("x", "-", "[a"), ["a"]),
    is(c.zrevrangebylex("x", "+", "-"), ["b", "a"]),
    is(c.zrevrange("z", 0, 0), ["c"]),
    is(c.zrevrangeWithScores("z", 0, 1), [last, b])
  ),
  scene(
    "ranks with scores",
    { options: ["ZRANK WITHSCORE"] },
    given(c.zadd("z", [{ member: "a", score: 1.5 }, { member: "b", score: Infinity }])),
    is(c.zrankWithScore("z", "a"), { rank: 0, score: 1.5 }),
    is(c.zrevrankWithScore("z", "b"), { rank: 0, score: Infinity }),
    is(c.zrankWithScore("z", "none"), null),
    is(c.zrevrankWithScore("none", "a"), null)
  ),
  scene(
    "members without scores",
    { options: ["ZSCAN NOSCORES"] },
    given(c.zadd("z", [{ member: "a", score: 1.5 }])),
    is(c.zscanNoscores("z", "0", { match: "*", count: 100 }), { cursor: "0", items: ["a"] })
  )
]
