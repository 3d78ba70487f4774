/**
 * The RESP2 shape of replies against a real server: the conformance scripts run in RESP2 and in RESP3, and each reply
 * of RESP3, in the shape that `resp: 2` gives it, is what came over RESP2.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import * as Net from "node:net"
import { Command, commands, RedisClient, Resp } from "../../src/index.ts"
import { decodeAsResp2 } from "../../src/internal/commands/resp2.ts"
import { scripts } from "../conformance/scripts.ts"
import { words } from "../conformance/words.ts"
import { server } from "../support/processes.ts"
import { callOf, samples } from "../support/samples/index.ts"

/** A line of a script that one session sends. */
interface Line {
  readonly text: string
  readonly mark: string
  readonly words: ReadonlyArray<string>
}

/** The lines of a script, or undefined if several sessions take part. */
const linesOf = (script: string): ReadonlyArray<Line> | undefined => {
  const lines = script.trim().split("\n").filter((line) => !line.startsWith("#")).map((text) => {
    const [, mark = "", session = "", rest = ""] = /^(?:([~?k6t]) )?(?:(\d?[>!<]) ?)?(.*)$/.exec(text)!
    return { text, mark, session, words: words(rest) }
  })
  return lines.every(({ session }) => session === "") ? lines : undefined
}

/** What came for each line: in RESP2 as it came, in RESP3 in the shape of RESP2. */
const replies = (port: number, protocol: 2 | 3, lines: ReadonlyArray<Line>): Promise<ReadonlyArray<unknown>> =>
  new Promise((resolve, reject) => {
    const socket = Net.connect({ port, host: "127.0.0.1" })
    const found: Array<unknown> = []
    const before = [["FLUSHALL"], ...(protocol === 3 ? [["HELLO", "3"]] : [])]
    const all = [...before, ...lines.map((line) => line.words)]
    const done = (): void => {
      socket.destroy()
      resolve(found.slice(before.length))
    }
    const ask = (): void => {
      if (found.length === all.length) return done()
      socket.write(Resp.encodeCommand(all[found.length]!.map((word) => Buffer.from(word, "latin1"))))
    }
    const queued: Array<string> = []
    const decoder = new Resp.Decoder({
      wantsBytes: () => true,
      keepsNumerals: () => true,
      onReply: (value) => {
        const name = all[found.length]![0]!.toUpperCase()
        // Each reply of a transaction has the shape of its own command.
        found.push(
          name === "EXEC" && Array.isArray(value) && value.length === queued.length
            ? value.map((item, i) => decodeAsResp2(queued[i]!)(item, true))
            : decodeAsResp2(name)(value, true)
        )
        if (value === "QUEUED" || (value instanceof Uint8Array && Buffer.from(value).toString() === "QUEUED")) {
          queued.push(name)
        } else queued.length = 0
        ask()
      },
      onPush: () => {}
    })
    socket.on("data", (chunk) => decoder.feed(chunk))
    socket.on("error", reject)
    // A script that closes its connection ends there.
    socket.on("close", done)
    ask()
  })

const printed = (value: unknown): string =>
  JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `${item}n` : item))

const text = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? Buffer.from(value).toString("latin1")
    : Array.isArray(value)
    ? value.map(text)
    : value instanceof Resp.ErrorReply
    ? `-${value.text}`
    : value

/** Replies with a structure of their own, on all servers; a server without the command gives the same error twice. */
const structures = `
DEBUG SET-ACTIVE-EXPIRE 1
ZADD z 1 a 2.5 b 3.14159265358979 c inf d -inf e 1e300 f 1e-9 g 0.1 h
ZRANGE z 0 -1
ZRANGE z 0 -1 WITHSCORES
ZRANGE z 0 -1 REV WITHSCORES
ZRANGE z 5 1 WITHSCORES
ZRANGE missing 0 -1 WITHSCORES
ZREVRANGE z 0 -1 WITHSCORES
ZRANGEBYSCORE z -inf +inf WITHSCORES LIMIT 1 2
ZREVRANGEBYSCORE z +inf -inf WITHSCORES
ZRANGEBYLEX z - +
ZDIFF 1 z WITHSCORES
ZINTER 2 z z WITHSCORES
ZUNION 2 z z
ZUNION 2 z z WITHSCORES AGGREGATE MAX
ZSCORE z h
ZSCORE z d
ZSCORE z missing
ZMSCORE z a missing e
ZINCRBY z 0.2 h
ZADD z INCR 0.1 h
ZADD z NX INCR 0.1 h
ZRANK z a WITHSCORE
ZREVRANK z missing WITHSCORE
? ZRANDMEMBER z
? ZRANDMEMBER z 2
? ZRANDMEMBER z -3 WITHSCORES
ZRANDMEMBER missing 2 WITHSCORES
ZSCAN z 0
ZPOPMIN z
ZPOPMIN z 2
ZPOPMAX z
ZPOPMAX z 1
ZPOPMAX missing 3
ZMPOP 1 z MIN COUNT 2
ZMPOP 1 missing MIN
ZADD z 1 a 2.5 b 3 c 4 d
BZPOPMIN z 1
BZPOPMAX z 1
BZMPOP 1 1 z MAX
HSET h f v g 1.5
HGETALL h
HGETALL missing
HINCRBYFLOAT h g 0.1
INCRBYFLOAT n 3.0e3
? HRANDFIELD h
? HRANDFIELD h 1
? HRANDFIELD h -3 WITHVALUES
HRANDFIELD missing 2 WITHVALUES
HMGET h f missing
~ HSCAN h 0
SADD s a b c
~ SMEMBERS s
~ SINTER s s
~ SUNION s missing
~ SDIFF s missing
SMISMEMBER s a x
? SPOP s
? SPOP s 1
SPOP missing 2
? SRANDMEMBER s 2
SRANDMEMBER missing 2
LPOP missing 2
RPUSH l a b c
LMPOP 1 l LEFT COUNT 2
BLMPOP 1 1 l LEFT
BLPOP missing 0.01
GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
GEOPOS g Palermo missing
GEODIST g Palermo Catania km
GEODIST g Palermo missing
GEOHASH g Palermo missing
GEOSEARCH g FROMMEMBER Palermo BYRADIUS 500 km ASC WITHCOORD WITHDIST WITHHASH
GEORADIUS g 15 37 200 km WITHCOORD WITHDIST ASC
XADD x 1-1 f v
XADD x 2-1 f v g w
XRANGE x - +
XREVRANGE x + - COUNT 1
XREAD COUNT 1 STREAMS x 0
XREAD STREAMS x missing 0 0
XREAD STREAMS x 9
XGROUP CREATE x grp 0
XREADGROUP GROUP grp me COUNT 1 STREAMS x >
XREADGROUP GROUP grp me STREAMS x 0
XREADGROUP GROUP grp me STREAMS x >
XREADGROUP GROUP grp me STREAMS x >
XPENDING x grp
? XPENDING x grp - + 10
XAUTOCLAIM x grp other 0 0
XCLAIM x grp me 0 1-1
XINFO STREAM x
? XINFO STREAM x FULL
? XINFO GROUPS x
? XINFO CONSUMERS x grp
SET a ohmytext
SET b mynewtext
LCS a b
LCS a b LEN
LCS a b IDX
LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
EVAL "return {1, 'a', true, false, 3.7, {2}, redis.status_reply('OK')}" 0
EVAL "redis.setresp(3) return {double = 3.25}" 0
EVAL "redis.setresp(3) return {map = {k = 'v'}}" 0
EVAL "redis.setresp(3) return {set = {a = true}}" 0
EVAL "redis.setresp(3) return true" 0
EVAL "redis.setresp(3) return false" 0
EVAL "redis.setresp(3) return {big_number = '123456789012345678901234567890'}" 0
EVAL "redis.setresp(3) return redis.call('HGETALL', 'h')" 0
EVAL "redis.setresp(3) return redis.call('ZSCORE', 'z', 'c')" 0
EVAL "redis.setresp(3) return redis.call('ZRANGE', 'z', 0, -1, 'WITHSCORES')" 0
EVAL "return redis.call('ZRANGE', 'z', 0, -1, 'WITHSCORES')" 0
EVAL "return redis.error_reply('MY err')" 0
EVAL "return nil" 0
DEBUG PROTOCOL string
DEBUG PROTOCOL integer
DEBUG PROTOCOL double
DEBUG PROTOCOL null
DEBUG PROTOCOL array
DEBUG PROTOCOL set
DEBUG PROTOCOL map
DEBUG PROTOCOL bignum
DEBUG PROTOCOL true
DEBUG PROTOCOL false
DEBUG PROTOCOL verbatim
~ CONFIG GET maxmem*
CONFIG GET nosuch
~ CONFIG GET save appendonly
ACL GETUSER default
ACL GETUSER nobody
ACL CAT
ACL WHOAMI
ACL LOG
ACL LIST
ACL DRYRUN default GET a
COMMAND COUNT
? COMMAND LIST FILTERBY PATTERN xr*
COMMAND INFO get nosuch
COMMAND INFO xread
COMMAND DOCS get
COMMAND DOCS nosuch
COMMAND GETKEYS GET a
COMMAND GETKEYSANDFLAGS SET a b
? CLIENT LIST
? CLIENT INFO
? CLIENT ID
CLIENT TRACKINGINFO
CLIENT GETNAME
? INFO
? INFO commandstats
? MEMORY STATS
MEMORY DOCTOR
? MEMORY MALLOC-STATS
? MEMORY USAGE a
MEMORY USAGE missing
LATENCY LATEST
LATENCY DOCTOR
LATENCY HISTORY command
LATENCY RESET
? LATENCY HISTOGRAM get
? SLOWLOG GET
SLOWLOG LEN
? COMMANDLOG GET 2 slow
MODULE LIST
PUBSUB CHANNELS
PUBSUB NUMSUB a b
PUBSUB SHARDNUMSUB a
FUNCTION LOAD "#!lua name=mylib\nredis.register_function('f', function(keys, args) return {double = 1.5} end)"
FUNCTION LIST
FUNCTION LIST WITHCODE
FUNCTION STATS
FCALL f 0
OBJECT ENCODING a
OBJECT ENCODING missing
OBJECT FREQ a
TYPE a
~ SCAN 0
? TIME
ROLE
? LASTSAVE
SCRIPT EXISTS abc
? LOLWUT
CLUSTER INFO
CLUSTER NODES
BITFIELD bits SET u8 0 255 GET u8 0 OVERFLOW FAIL INCRBY u2 0 3
SORT z BY nosort GET # GET missing
PFADD hll a b
PFCOUNT hll
OBJECT HELP
? HELLO
HEXPIRE h 100 FIELDS 2 f missing
HTTL h FIELDS 2 f missing
HGETDEL h FIELDS 1 g
HGETEX h FIELDS 2 f missing
VADD v VALUES 3 1 0 0 a
VADD v VALUES 3 0 1 0.5 b SETATTR {}
VADD v VALUES 3 1 1 0 c
VSIM v ELE a
VSIM v ELE a WITHSCORES
VSIM v ELE a WITHSCORES WITHATTRIBS
VEMB v a
VEMB v a RAW
VEMB v missing
? VINFO v
VINFO missing
VDIM v
VGETATTR v b
VGETATTR v a
? VRANDMEMBER v
? VRANDMEMBER v 2
VISMEMBER v a
`

/** A reply by its types: of an array those of its elements, each once and in no order. */
const kind = (value: unknown): unknown =>
  Array.isArray(value)
    ? Array.from(new Set(value.map((item) => JSON.stringify(kind(item))))).sort()
    : value === null
    ? "null"
    : typeof value

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    : value

const comparable = ({ mark }: Line, reply: unknown): unknown =>
  mark === "?" || mark === "k" || mark === "t" ? kind(text(reply)) : mark === "~" ? sorted(text(reply)) : text(reply)

/** Sample calls that would end or change the connection, wait, or make the server another one. */
const isLeftOut = (command: Command.Any): boolean =>
  command.spec.blockingMillis !== undefined || Command.sessionOf(command) !== undefined ||
  /^(ACL|CLIENT (KILL|PAUSE|UNPAUSE|REPLY|TRACKING)|CONFIG SET|CONFIG REWRITE|DEBUG|FAILOVER|FLUSH|MIGRATE|MODULE|MONITOR|REPLICAOF|SHUTDOWN|SLAVEOF|SWAPDB|[PS]?SUBSCRIBE|[PS]?UNSUBSCRIBE|QUIT|RESET|HELLO)/
    .test(command.spec.name)

/**
 * Sample calls of all commands on an empty database, compared by their types: their values may be left to chance.
 */
const sampleLines: ReadonlyArray<Line> = Object.values<ReadonlyArray<Command.Any>>(samples).flat()
  .filter((command) => !isLeftOut(command))
  .flatMap((command) => [
    { text: "FLUSHALL", mark: "", session: "", words: ["FLUSHALL"] },
    { text: callOf(command).join(" "), mark: "?", session: "", words: callOf(command) }
  ])

let compared = 0
afterAll(() => console.log(`resp2: ${compared} replies compared`))

describe("the RESP2 shape of a reply is what RESP2 gives", () => {
  const all = Object.entries({ structures, ...scripts }).map(([name, script]) => [name, linesOf(script)] as const)
  for (const [name, lines] of [...all, ["samples", sampleLines] as const]) {
    if (lines === undefined) continue
    it.live(name, () =>
      Effect.scoped(Effect.gen(function*() {
        // Every command is in the slow log, so that its entries are there each time.
        const config = ["enable-debug-command yes", "slowlog-log-slower-than 0"]
        const first = yield* server({ config })
        // FLUSHALL removes no users, and does not start the random numbers of scripts anew.
        const second = lines.some(({ text }) => /^ACL SETUSER|math\.random/i.test(text))
          ? yield* server({ config })
          : first
        const two = yield* Effect.promise(() => replies(first.port, 2, lines))
        const three = yield* Effect.promise(() => replies(second.port, 3, lines))
        assert.strictEqual(three.length, two.length)
        compared += two.length
        const differ = lines.slice(0, two.length).flatMap((line, i) => {
          const [a, b] = [comparable(line, two[i]), comparable(line, three[i])].map(printed)
          return a === b ? [] : [`${line.text}\n    RESP2 ${a}\n    RESP3 ${b}`]
        })
        assert.strictEqual(differ.length, 0, `\n${differ.join("\n")}\n`)
      })), 60_000)
  }
})

describe("a client of RESP3 gives the RESP2 shape", () => {
  const clientOf = (port: number, protocol: 2 | 3) =>
    RedisClient.make({ address: `localhost:${port}`, protocol, clientName: "same" })

  it.live(
    "by send, run, in pipelines, transactions, on reserved connections, as text and as bytes",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const real = yield* server()
        const two = yield* clientOf(real.port, 2)
        const three = yield* clientOf(real.port, 3)
        yield* three.hset("h", { f: "v" })
        yield* three.zadd("z", [{ member: "a", score: 0.1 }, { member: "b", score: Infinity }])
        yield* three.send("XADD", "x", "1-1", "f", "v")
        const calls: Array<readonly [string, ...Array<Command.Arg>]> = [
          ["GET", "missing"],
          ["HGETALL", "h"],
          ["zrange", "z", 0, -1, "WITHSCORES"],
          ["ZSCORE", "z", "a"],
          ["XREAD", "STREAMS", "x", 0],
          ["CONFIG", "GET", "maxmemory"],
          ["client", Buffer.from("getname")],
          ["COMMAND DOCS", "GET"]
        ]
        // The links of a vector set are left to chance, so that both have to look at the same.
        const [vadd] = (yield* two.send("COMMAND", "INFO", "VADD")) as ReadonlyArray<unknown>
        if (vadd !== null) {
          for (let i = 0; i < 20; i++) yield* three.send("VADD", "v", "VALUES", 2, i, 1, `e${i}`)
          calls.push(["VLINKS", "v", "e1"], ["VLINKS", "v", "e1", "WITHSCORES"], ["VINFO", "v"])
        }
        const raws = calls.map(([name, ...args]) => Command.raw(name, args, { resp: 2 }))
        const wanted = yield* Effect.forEach(calls, (call) => two.send(...call))
        assert.deepStrictEqual(wanted.slice(0, 5), [
          null,
          ["f", "v"],
          ["a", wanted[3], "b", "inf"],
          wanted[3],
          [["x", [["1-1", ["f", "v"]]]]]
        ])
        assert.strictEqual(typeof wanted[3], "string")
        assert.deepStrictEqual(yield* Effect.forEach(calls, (call) => three.send(call, { resp: 2 })), wanted)
        assert.deepStrictEqual(yield* Effect.forEach(raws, (raw) => three.run(raw)), wanted)
        assert.deepStrictEqual(yield* three.pipeline(raws), wanted)
        const mixed = [...raws, commands.zscore("z", "a"), Command.raw("ZSCORE", ["z", "a"]), commands.hgetall("h")]
        const values = [...wanted, 0.1, 0.1, { f: "v" }]
        assert.deepStrictEqual<unknown>(yield* three.transaction(mixed), values)
        assert.deepStrictEqual<unknown>(yield* three.pipeline(mixed), values)
        const reserved = yield* three.reserve
        assert.deepStrictEqual(yield* Effect.forEach(calls, (call) => reserved.send(call, { resp: 2 })), wanted)
        assert.deepStrictEqual<unknown>(yield* reserved.transaction(mixed), values)
        const inBytes = yield* three.run(Command.bytes(raws[2]!))
        assert.deepStrictEqual(text(inBytes), wanted[2])
        assert.isTrue((inBytes as ReadonlyArray<unknown>).every((item) => item instanceof Uint8Array))
        const failed = yield* Effect.flip(three.send(["ZSCORE", "h", "a"], { resp: 2 }))
        assert.strictEqual(failed._tag, "ReplyError")
      })),
    30_000
  )
})
