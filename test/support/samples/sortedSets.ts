/**
 * Sample calls of the commands of src/commands/sortedSets.ts, sortedSetRanges.ts and sortedSetCombinations.ts.
 */
import { commands as c } from "../../../src/index.ts"
import { scored } from "./values.ts"

export const sortedSets = {
  zunion: [
    c.zunion(["k", "l"]),
    ...(["sum", "min", "max", "count"] as const).map((aggregate) =>
      c.zunion(["k", "l"], { weights: [1, 2], aggregate })
    )
  ],
  zunionWithScores: [
    c.zunionWithScores(["k", "l"]),
    ...(["sum", "min", "max", "count"] as const).map((aggregate) =>
      c.zunionWithScores(["k", "l"], { weights: [1, 2], aggregate })
    )
  ],
  zunionstore: [
    c.zunionstore("d", ["k", "l"]),
    ...(["sum", "min", "max", "count"] as const).map((aggregate) =>
      c.zunionstore("d", ["k", "l"], { weights: [1, 2], aggregate })
    )
  ],
  zinter: [
    c.zinter(["k", "l"]),
    ...(["sum", "min", "max", "count"] as const).map((aggregate) =>
      c.zinter(["k", "l"], { weights: [1, 2], aggregate })
    )
  ],
  zinterWithScores: [
    c.zinterWithScores(["k", "l"]),
    ...(["sum", "min", "max", "count"] as const).map((aggregate) =>
      c.zinterWithScores(["k", "l"], { weights: [1, 2], aggregate })
    )
  ],
  zinterstore: [
    c.zinterstore("d", ["k", "l"]),
    ...(["sum", "min", "max", "count"] as const).map((aggregate) =>
      c.zinterstore("d", ["k", "l"], { weights: [1, 2], aggregate })
    )
  ],
  zintercard: [c.zintercard(["k", "l"]), c.zintercard(["k", "l"], 5)],
  zdiff: [c.zdiff(["k", "l"])],
  zdiffWithScores: [c.zdiffWithScores(["k", "l"])],
  zdiffstore: [c.zdiffstore("d", ["k", "l"])],
  zadd: [
    c.zadd("k", scored),
    c.zadd("k", scored, { when: "nx", changed: true }),
    c.zadd("k", scored, { when: "xx gt" }),
    c.zadd("k", scored, { when: "lt" })
  ],
  zaddIncr: [c.zaddIncr("k", "m", 1), c.zaddIncr("k", "m", 1, { when: "xx gt" })],
  zrem: [c.zrem("k", "m"), c.zrem("k", ["m", "n"])],
  zscore: [c.zscore("k", "m")],
  zmscore: [c.zmscore("k", "m", "n")],
  zincrby: [c.zincrby("k", 1, "m")],
  zcard: [c.zcard("k")],
  zcount: [c.zcount("k", "-inf", 5)],
  zlexcount: [c.zlexcount("k", "-", "+")],
  zrange: [
    c.zrange("k", 0, -1),
    c.zrange("k", "+inf", "-inf", { by: "score", reverse: true, limit: [0, 5] }),
    c.zrange("k", "-", "+", { by: "lex" })
  ],
  zrangeWithScores: [
    c.zrangeWithScores("k", 0, -1),
    c.zrangeWithScores("k", "+inf", "-inf", { by: "score", reverse: true, limit: [0, 5] })
  ],
  zrangestore: [
    c.zrangestore("d", "k", 0, -1),
    c.zrangestore("d", "k", "+inf", "-inf", { by: "score", reverse: true, limit: [0, 5] }),
    c.zrangestore("d", "k", "-", "+", { by: "lex" })
  ],
  zrank: [c.zrank("k", "m")],
  zrankWithScore: [c.zrankWithScore("k", "m")],
  zrevrank: [c.zrevrank("k", "m")],
  zrevrankWithScore: [c.zrevrankWithScore("k", "m")],
  zpopmin: [c.zpopmin("k")],
  zpopminCount: [c.zpopminCount("k", 2)],
  zpopmax: [c.zpopmax("k")],
  zpopmaxCount: [c.zpopmaxCount("k", 2)],
  zmpop: [c.zmpop(["k", "l"], "min"), c.zmpop(["k", "l"], "max", 2)],
  bzpopmin: [c.bzpopmin(["k", "l"], "1 second")],
  bzpopmax: [c.bzpopmax(["k", "l"], "1 second")],
  bzmpop: [c.bzmpop(["k", "l"], "min", "1 second"), c.bzmpop(["k", "l"], "max", "1 second", 2)],
  zrandmember: [c.zrandmember("k")],
  zrandmemberCount: [c.zrandmemberCount("k", 2)],
  zrandmemberWithScores: [c.zrandmemberWithScores("k", 2)],
  zremrangebyrank: [c.zremrangebyrank("k", 0, -1)],
  zremrangebyscore: [c.zremrangebyscore("k", "-inf", 5)],
  zremrangebylex: [c.zremrangebylex("k", "-", "+")],
  zscan: [c.zscan("k", "0"), c.zscan("k", "0", { match: "a*", count: 10 })],
  zscanNoscores: [c.zscanNoscores("k", "0"), c.zscanNoscores("k", "0", { match: "a*", count: 10 })]
}
