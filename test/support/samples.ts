/**
 * Sample calls of every command constructor: test/commands.test.ts compares them with what servers say of their
 * commands. A constructor without a sample does not compile.
 *
 * The calls of one constructor together use every option that it has. They run against no server.
 */
import { Buffer } from "node:buffer"
import { type Command, commands } from "../../src/index.ts"

/** The names of the constructors among the exports of a module. */
type Constructor<A> = { [K in keyof A]: A[K] extends (...args: any) => Command.Any ? K : never }[keyof A]

type Samples<A> = { readonly [K in Constructor<A>]: ReadonlyArray<Command.Any> }

const c = commands
const pairs = { a: 1, b: 2 }
/** A moment with a whole second, as EXPIREAT takes it. */
const moment = new Date(2_000_000_000_000)
const whens = ["nx", "xx", "gt", "lt"] as const
const place = { longitude: 13.5, latitude: 38 }
const scored = [{ member: "m", score: 1 }, { member: "n", score: 2 }]

/** Sample calls of the commands of a node. */
export const samples: Samples<Omit<typeof commands, "sentinel">> = {
  // bitmaps
  getbit: [c.getbit("k", 7)],
  setbit: [c.setbit("k", 7, 1)],
  bitcount: [
    c.bitcount("k"),
    c.bitcount("k", { start: 0, end: -1 }),
    c.bitcount("k", { start: 0, end: -1, unit: "byte" }),
    c.bitcount("k", { start: 0, end: -1, unit: "bit" })
  ],
  bitpos: [
    c.bitpos("k", 1),
    c.bitpos("k", 0, { start: 1 }),
    c.bitpos("k", 0, { start: 1, end: -1, unit: "byte" }),
    c.bitpos("k", 0, { start: 1, end: -1, unit: "bit" })
  ],
  bitop: [
    c.bitop("not", "d", "k"),
    ...(["and", "or", "xor", "diff", "diff1", "andor", "one"] as const).map((op) => c.bitop(op, "d", ["k", "l"]))
  ],
  bitfield: [
    c.bitfield("k", []),
    c.bitfield("k", [["get", "u8", 0], ["set", "i64", "#1", -5n], ["incrby", "u63", 3, 1]]),
    ...(["wrap", "sat", "fail"] as const).map((what) => c.bitfield("k", [["overflow", what], ["incrby", "u8", 0, 300]]))
  ],
  bitfieldRo: [c.bitfieldRo("k", [["get", "u8", 0], ["get", "i64", "#1"]])],

  // connection
  ping: [c.ping(), c.ping("hello")],
  echo: [c.echo("hello")],
  clientId: [c.clientId()],
  clientInfo: [c.clientInfo()],
  clientList: [
    c.clientList(),
    c.clientList({ ids: [1, 2] }),
    ...(["normal", "master", "replica", "pubsub"] as const).map((type) => c.clientList({ type }))
  ],
  clientGetname: [c.clientGetname()],
  clientKill: [
    c.clientKill({ id: 1, user: "u", addr: "127.0.0.1:1", laddr: "127.0.0.1:2", skipme: true }),
    c.clientKill({ id: 1, skipme: false }),
    ...(["normal", "master", "replica", "pubsub"] as const).map((type) => c.clientKill({ type }))
  ],
  clientUnblock: [c.clientUnblock(1), c.clientUnblock(1, "timeout"), c.clientUnblock(1, "error")],
  clientPause: [c.clientPause("1 second"), c.clientPause("1 second", "write"), c.clientPause("100 millis", "all")],
  clientUnpause: [c.clientUnpause()],

  // deprecated
  getset: [c.getset("k", "v")],
  setex: [c.setex("k", "10 seconds", "v")],
  psetex: [c.psetex("k", "10 millis", "v")],
  setnx: [c.setnx("k", "v")],
  substr: [c.substr("k", 0, -1)],
  rpoplpush: [c.rpoplpush("k", "l")],
  brpoplpush: [c.brpoplpush("k", "l", "1 second")],
  hmset: [c.hmset("k", pairs)],
  zrangebyscore: [c.zrangebyscore("k", "-inf", 5), c.zrangebyscore("k", "(1", 5, { limit: [0, 5] })],
  zrangebyscoreWithScores: [c.zrangebyscoreWithScores("k", "-inf", 5, { limit: [0, 5] })],
  zrevrangebyscore: [c.zrevrangebyscore("k", 5, "-inf"), c.zrevrangebyscore("k", 5, 1, { limit: [0, 5] })],
  zrevrangebyscoreWithScores: [c.zrevrangebyscoreWithScores("k", 5, "-inf", { limit: [0, 5] })],
  zrangebylex: [c.zrangebylex("k", "-", "[m"), c.zrangebylex("k", "-", "+", { limit: [0, 5] })],
  zrevrangebylex: [c.zrevrangebylex("k", "+", "-"), c.zrevrangebylex("k", "+", "-", { limit: [0, 5] })],
  zrevrange: [c.zrevrange("k", 0, -1)],
  zrevrangeWithScores: [c.zrevrangeWithScores("k", 0, -1)],

  // geo
  geoadd: [
    c.geoadd("k", [{ member: "m", ...place }]),
    ...(["nx", "xx"] as const).map((when) => c.geoadd("k", [{ member: "m", ...place }], { when, changed: true }))
  ],
  geodist: (["m", "km", "ft", "mi"] as const).map((unit) => c.geodist("k", "m", "n", unit)),
  geohash: [c.geohash("k", "m", "n")],
  geopos: [c.geopos("k", ["m", "n"])],
  geosearch: [
    ...(["m", "km", "ft", "mi"] as const).map((unit) =>
      c.geosearch("k", { from: { member: "m" }, by: { radius: 1, unit }, order: "asc", count: 2, any: true })
    ),
    c.geosearch("k", { from: place, by: { width: 1, height: 2, unit: "km" }, order: "desc" }),
    c.geosearch("k", { by: { polygon: [place, place, place] } })
  ],
  geosearchWith: [
    c.geosearchWith("k", { from: place, by: { radius: 1, unit: "km" } }, ["distance", "coordinates", "hash"])
  ],
  geosearchstore: [
    ...(["m", "km", "ft", "mi"] as const).map((unit) =>
      c.geosearchstore("d", "k", { from: place, by: { radius: 1, unit }, order: "asc", count: 2, any: true })
    ),
    c.geosearchstore("d", "k", {
      from: { member: "m" },
      by: { width: 1, height: 2, unit: "km" },
      order: "desc",
      storeDistance: true
    }),
    c.geosearchstore("d", "k", { by: { polygon: [place, place, place] } })
  ],
  georadius: [
    ...(["m", "km", "ft", "mi"] as const).map((unit) =>
      c.georadius("k", place, { radius: 1, unit, order: "asc", count: 2, any: true })
    ),
    c.georadius("k", place, { radius: 1, unit: "m", order: "desc" })
  ],
  georadiusWith: [c.georadiusWith("k", place, { radius: 1, unit: "m" }, ["distance", "coordinates", "hash"])],
  georadiusStore: [
    c.georadiusStore("k", place, "d", { radius: 1, unit: "m" }),
    c.georadiusStore("k", place, "d", { radius: 1, unit: "m", storeDistance: true })
  ],
  georadiusRo: [
    ...(["m", "km", "ft", "mi"] as const).map((unit) =>
      c.georadiusRo("k", place, { radius: 1, unit, order: "asc", count: 2, any: true })
    ),
    c.georadiusRo("k", place, { radius: 1, unit: "m", order: "desc" })
  ],
  georadiusRoWith: [c.georadiusRoWith("k", place, { radius: 1, unit: "m" }, ["distance", "coordinates", "hash"])],
  georadiusbymember: [
    ...(["m", "km", "ft", "mi"] as const).map((unit) =>
      c.georadiusbymember("k", "m", { radius: 1, unit, order: "asc", count: 2, any: true })
    ),
    c.georadiusbymember("k", "m", { radius: 1, unit: "m", order: "desc" })
  ],
  georadiusbymemberWith: [
    c.georadiusbymemberWith("k", "m", { radius: 1, unit: "m" }, ["distance", "coordinates", "hash"])
  ],
  georadiusbymemberStore: [
    c.georadiusbymemberStore("k", "m", "d", { radius: 1, unit: "m" }),
    c.georadiusbymemberStore("k", "m", "d", { radius: 1, unit: "m", storeDistance: true })
  ],
  georadiusbymemberRo: [
    ...(["m", "km", "ft", "mi"] as const).map((unit) =>
      c.georadiusbymemberRo("k", "m", { radius: 1, unit, order: "asc", count: 2, any: true })
    ),
    c.georadiusbymemberRo("k", "m", { radius: 1, unit: "m", order: "desc" })
  ],
  georadiusbymemberRoWith: [
    c.georadiusbymemberRoWith("k", "m", { radius: 1, unit: "m" }, ["distance", "coordinates", "hash"])
  ],

  // hashes
  hget: [c.hget("k", "f")],
  hset: [c.hset("k", pairs)],
  hsetnx: [c.hsetnx("k", "f", 1)],
  hmget: [c.hmget("k", ["f", "g"])],
  hgetall: [c.hgetall("k")],
  hdel: [c.hdel("k", "f"), c.hdel("k", ["f", "g"])],
  hexists: [c.hexists("k", "f")],
  hincrby: [c.hincrby("k", "f", 2)],
  hincrbyfloat: [c.hincrbyfloat("k", "f", 0.5)],
  hkeys: [c.hkeys("k")],
  hvals: [c.hvals("k")],
  hlen: [c.hlen("k")],
  hstrlen: [c.hstrlen("k", "f")],
  hrandfield: [c.hrandfield("k")],
  hrandfieldCount: [c.hrandfieldCount("k", 2)],
  hrandfieldWithValues: [c.hrandfieldWithValues("k", 2)],
  hscan: [c.hscan("k", "0"), c.hscan("k", "0", { match: "a*", count: 10 })],

  // hash field expiry
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
  ],

  // HyperLogLog
  pfadd: [c.pfadd("k"), c.pfadd("k", "a", "b")],
  pfcount: [c.pfcount("k"), c.pfcount(["k", "l"])],
  pfmerge: [c.pfmerge("d"), c.pfmerge("d", "k", "l")],

  // keys
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
  ],

  // lists
  lpush: [c.lpush("k", "e"), c.lpush("k", ["e", "f"])],
  lpushx: [c.lpushx("k", "e"), c.lpushx("k", ["e", "f"])],
  rpush: [c.rpush("k", "e"), c.rpush("k", ["e", "f"])],
  rpushx: [c.rpushx("k", "e"), c.rpushx("k", ["e", "f"])],
  lpop: [c.lpop("k")],
  lpopCount: [c.lpopCount("k", 2)],
  rpop: [c.rpop("k")],
  rpopCount: [c.rpopCount("k", 2)],
  llen: [c.llen("k")],
  lrange: [c.lrange("k", 0, -1)],
  lindex: [c.lindex("k", 0)],
  linsert: [c.linsert("k", "before", "p", "e"), c.linsert("k", "after", "p", "e")],
  lset: [c.lset("k", 0, "e")],
  lrem: [c.lrem("k", 0, "e")],
  ltrim: [c.ltrim("k", 0, -1)],
  lpos: [c.lpos("k", "e"), c.lpos("k", "e", { rank: 2, maxLength: 10 })],
  lposCount: [c.lposCount("k", "e", 0), c.lposCount("k", "e", 2, { rank: -1, maxLength: 10 })],
  lmove: [c.lmove("k", "l", "left", "right"), c.lmove("k", "l", "right", "left")],
  lmpop: [c.lmpop(["k", "l"], "left"), c.lmpop(["k", "l"], "right", 2)],
  blpop: [c.blpop(["k", "l"], "1 second")],
  brpop: [c.brpop(["k", "l"], "1 second")],
  blmove: [c.blmove("k", "l", "left", "right", "1 second"), c.blmove("k", "l", "right", "left", "1 second")],
  blmpop: [c.blmpop(["k", "l"], "left", "1 second"), c.blmpop(["k", "l"], "right", "1 second", 2)],

  // PubSub
  pubsubChannels: [c.pubsubChannels(), c.pubsubChannels("a*")],
  pubsubNumsub: [c.pubsubNumsub(), c.pubsubNumsub("a", "b")],
  pubsubNumpat: [c.pubsubNumpat()],
  pubsubShardchannels: [c.pubsubShardchannels(), c.pubsubShardchannels("a*")],
  pubsubShardnumsub: [c.pubsubShardnumsub(), c.pubsubShardnumsub("a", "b")],

  // scripting
  eval: [c.eval("return 1"), c.eval("return KEYS", ["k", "l"], [1, "a"])],
  evalRo: [c.evalRo("return 1"), c.evalRo("return KEYS", ["k", "l"], [1, "a"])],
  evalsha: [c.evalsha("e0e1f9fabfc9d4800c877a703b823ac0578ff8db", ["k", "l"], [1, "a"])],
  evalshaRo: [c.evalshaRo("e0e1f9fabfc9d4800c877a703b823ac0578ff8db", ["k", "l"], [1, "a"])],
  fcall: [c.fcall("f"), c.fcall("f", ["k", "l"], [1, "a"])],
  fcallRo: [c.fcallRo("f"), c.fcallRo("f", ["k", "l"], [1, "a"])],
  scriptLoad: [c.scriptLoad("return 1")],
  scriptExists: [c.scriptExists("e0e1f9fabfc9d4800c877a703b823ac0578ff8db")],
  scriptFlush: [c.scriptFlush(), c.scriptFlush("async"), c.scriptFlush("sync")],
  scriptKill: [c.scriptKill()],
  scriptShow: [c.scriptShow("e0e1f9fabfc9d4800c877a703b823ac0578ff8db")],
  functionLoad: [c.functionLoad("#!lua name=l"), c.functionLoad("#!lua name=l", { replace: true })],
  functionDelete: [c.functionDelete("l")],
  functionFlush: [c.functionFlush(), c.functionFlush("async"), c.functionFlush("sync")],
  functionList: [c.functionList(), c.functionList("a*")],
  functionListWithCode: [c.functionListWithCode("a*")],
  functionStats: [c.functionStats()],
  functionDump: [c.functionDump()],
  functionRestore: [
    c.functionRestore(new Uint8Array(10)),
    ...(["append", "replace", "flush"] as const).map((how) => c.functionRestore(new Uint8Array(10), how))
  ],
  functionKill: [c.functionKill()],

  // server
  info: [c.info(), c.info("server", "clients")],
  role: [c.role()],
  configGet: [c.configGet("save"), c.configGet("save", "max*")],
  time: [c.time()],
  dbsize: [c.dbsize()],
  lastsave: [c.lastsave()],
  flushdb: [c.flushdb(), c.flushdb("async"), c.flushdb("sync")],
  flushall: [c.flushall(), c.flushall("async"), c.flushall("sync")],
  wait: [c.wait(1, "100 millis")],
  waitaof: [c.waitaof(1, 1, "100 millis")],
  publish: [c.publish("ch", "m")],
  spublish: [c.spublish("ch", "m")],

  // sets
  sadd: [c.sadd("k", "m"), c.sadd("k", ["m", "n"])],
  srem: [c.srem("k", "m"), c.srem("k", ["m", "n"])],
  smembers: [c.smembers("k")],
  sismember: [c.sismember("k", "m")],
  smismember: [c.smismember("k", "m", "n")],
  scard: [c.scard("k")],
  spop: [c.spop("k")],
  spopCount: [c.spopCount("k", 2)],
  srandmember: [c.srandmember("k")],
  srandmemberCount: [c.srandmemberCount("k", 2)],
  smove: [c.smove("k", "l", "m")],
  sinter: [c.sinter("k", "l")],
  sinterstore: [c.sinterstore("d", "k", "l")],
  sintercard: [c.sintercard(["k", "l"]), c.sintercard(["k", "l"], 5)],
  sunion: [c.sunion("k", "l")],
  sunionstore: [c.sunionstore("d", "k", "l")],
  sdiff: [c.sdiff("k", "l")],
  sdiffstore: [c.sdiffstore("d", "k", "l")],
  sscan: [c.sscan("k", "0"), c.sscan("k", "0", { match: "a*", count: 10 })],

  // sorted sets
  zunion: [
    c.zunion(["k", "l"]),
    ...(["sum", "min", "max"] as const).map((aggregate) => c.zunion(["k", "l"], { weights: [1, 2], aggregate }))
  ],
  zunionWithScores: [
    c.zunionWithScores(["k", "l"]),
    ...(["sum", "min", "max"] as const).map((aggregate) =>
      c.zunionWithScores(["k", "l"], { weights: [1, 2], aggregate })
    )
  ],
  zunionstore: [
    c.zunionstore("d", ["k", "l"]),
    ...(["sum", "min", "max"] as const).map((aggregate) =>
      c.zunionstore("d", ["k", "l"], { weights: [1, 2], aggregate })
    )
  ],
  zinter: [
    c.zinter(["k", "l"]),
    ...(["sum", "min", "max"] as const).map((aggregate) => c.zinter(["k", "l"], { weights: [1, 2], aggregate }))
  ],
  zinterWithScores: [
    c.zinterWithScores(["k", "l"]),
    ...(["sum", "min", "max"] as const).map((aggregate) =>
      c.zinterWithScores(["k", "l"], { weights: [1, 2], aggregate })
    )
  ],
  zinterstore: [
    c.zinterstore("d", ["k", "l"]),
    ...(["sum", "min", "max"] as const).map((aggregate) =>
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
  zrevrank: [c.zrevrank("k", "m")],
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

  // streams
  xadd: [
    c.xadd("k", "*", pairs),
    c.xadd("k", "5-1", pairs, { trim: { strategy: "maxlen", threshold: 10 } }),
    c.xadd("k", "5-1", pairs, { trim: { strategy: "minid", threshold: "3-0", approximate: true, limit: 100 } }),
    c.xadd("k", "*", pairs, { references: "keepref", idempotent: { producer: "p", id: "i" } }),
    c.xadd("k", "*", pairs, { references: "delref", idempotent: { producer: "p" } }),
    c.xadd("k", "*", pairs, { references: "acked" })
  ],
  xaddNomkstream: [c.xaddNomkstream("k", "*", pairs)],
  xlen: [c.xlen("k")],
  xrange: [c.xrange("k", "-", "+"), c.xrange("k", "-", "+", { count: 2 })],
  xrevrange: [c.xrevrange("k", "+", "-"), c.xrevrange("k", "+", "-", { count: 2 })],
  xdel: [c.xdel("k", "1-1"), c.xdel("k", ["1-1", "2-1"])],
  xdelex: [
    c.xdelex("k", ["1-1"]),
    ...(["keepref", "delref", "acked"] as const).map((references) => c.xdelex("k", ["1-1", "2-1"], references))
  ],
  xtrim: [
    c.xtrim("k", { strategy: "maxlen", threshold: 10 }),
    c.xtrim("k", { strategy: "minid", threshold: "3-0", approximate: true, limit: 100 }),
    ...(["keepref", "delref", "acked"] as const).map((references) =>
      c.xtrim("k", { strategy: "maxlen", threshold: 10 }, { references })
    )
  ],
  xsetid: [c.xsetid("k", "5-1"), c.xsetid("k", "5-1", { entriesAdded: 5, maxDeletedId: "4-1" })],
  xackdel: (["keepref", "delref", "acked"] as const).map((references) => c.xackdel("k", "g", ["1-1"], references)),
  xnack: (["silent", "fail", "fatal"] as const).map((mode) =>
    c.xnack("k", "g", mode, ["1-1"], { retryCount: 2, force: true })
  ),
  xcfgset: [c.xcfgset("k", { duration: "100 seconds", maxSize: 50 }), c.xcfgset("k", { maxSize: 50 })],
  xread: [c.xread({ k: "0" }), c.xread({ k: "0", l: "$" }, { count: 2, block: "100 millis" })],

  // strings
  get: [c.get("k")],
  set: [
    c.set("k", "v"),
    c.set("k", "v", { when: "nx", ttl: "10 seconds" }),
    c.set("k", "v", { when: "xx", ttl: "10 millis" }),
    c.set("k", "v", { expireAt: moment }),
    c.set("k", "v", { expireAt: new Date(moment.getTime() + 1) }),
    c.set("k", "v", { keepTtl: true })
  ],
  setGet: [c.setGet("k", "v"), c.setGet("k", "v", { when: "nx", ttl: "10 seconds" })],
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
  mget: [c.mget(["k", "l"])],
  mset: [c.mset(pairs)],
  msetnx: [c.msetnx(pairs)],
  lcs: [c.lcs("k", "l")],
  lcsLen: [c.lcsLen("k", "l")],
  lcsIdx: [c.lcsIdx("k", "l"), c.lcsIdx("k", "l", { minMatchLength: 4 })]
}

const s = commands.sentinel

/** Sample calls of the commands of a sentinel. */
export const sentinelSamples: Samples<typeof commands.sentinel> = {
  getPrimaryAddrByName: [s.getPrimaryAddrByName("g")],
  primary: [s.primary("g")],
  primaries: [s.primaries()],
  replicas: [s.replicas("g")],
  sentinels: [s.sentinels("g")],
  ckquorum: [s.ckquorum("g")],
  configGet: [s.configGet("*")],
  configSet: [s.configSet("loglevel", "notice")],
  failover: [s.failover("g")],
  flushconfig: [s.flushconfig()],
  infoCache: [s.infoCache("g"), s.infoCache("g", "h")],
  isPrimaryDownByAddr: [s.isPrimaryDownByAddr("127.0.0.1", 1, 0)],
  monitor: [s.monitor("g", "127.0.0.1", 1, 2)],
  myid: [s.myid()],
  pendingScripts: [s.pendingScripts()],
  remove: [s.remove("g")],
  reset: [s.reset("*")],
  set: [s.set("g", { quorum: 2 })],
  simulateFailure: [s.simulateFailure("crash-after-election"), s.simulateFailure("crash-after-promotion")]
}

/** A call as the server gets it, as text. */
export const callOf = (command: Command.Any): ReadonlyArray<string> => [
  ...command.spec.words,
  ...command.args.map((arg) => (typeof arg === "object" ? Buffer.from(arg).toString("latin1") : String(arg)))
]
