/**
 * What the options of commands become: durations and moments in the unit that is exact,
 * conditions as keywords; and what is refused before anything is sent, by its field.
 */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { Command, commands, Errors, RedisClient, Resp, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"

const written = ({ args, spec }: Command.Any): string => [...spec.words, ...args].join(" ")

const refusalOf = (call: () => unknown): string => {
  try {
    call()
  } catch (error) {
    assert.instanceOf(error, Errors.InvalidCommand)
    return `${error.command}: ${error.detail}`
  }
  return "not refused"
}

/** A value where the types do not allow it. */
const any = (value: unknown): never => value as never

/** A secret that its owner has wiped. */
const wiped = (): Redacted.Redacted => {
  const secret = Redacted.make("s3cret")
  Redacted.wipeUnsafe(secret)
  return secret
}

describe("durations", () => {
  it("go over the wire in the unit that is exact, rounded up to milliseconds", () => {
    const cases: ReadonlyArray<readonly [commands.DurationInput, expire: string, set: string]> = [
      ["1 hour", "EXPIRE k 3600", "EX 3600"],
      ["1500 millis", "PEXPIRE k 1500", "PX 1500"],
      ["2000 millis", "EXPIRE k 2", "EX 2"],
      ["0.5 seconds", "PEXPIRE k 500", "PX 500"],
      ["1.001 seconds", "PEXPIRE k 1001", "PX 1001"],
      ["500 micros", "PEXPIRE k 1", "PX 1"],
      ["1 nano", "PEXPIRE k 1", "PX 1"],
      ["1000000001 nanos", "PEXPIRE k 1001", "PX 1001"],
      [Duration.days(365 * 200), "EXPIRE k 6307200000", "EX 6307200000"],
      [Duration.nanos(60_000_000_000n), "EXPIRE k 60", "EX 60"],
      [{ minutes: 1, seconds: 30 }, "EXPIRE k 90", "EX 90"],
      [{ seconds: 4.35 }, "PEXPIRE k 4350", "PX 4350"],
      [[2, 0], "EXPIRE k 2", "EX 2"],
      [[0, 1], "PEXPIRE k 1", "PX 1"]
    ]
    for (const [ttl, expire, set] of cases) {
      assert.strictEqual(written(commands.expire("k", ttl)), expire)
      assert.strictEqual(written(commands.set("k", "v", { ttl })), `SET k v ${set}`)
      assert.strictEqual(written(commands.getex("k", { ttl })), `GETEX k ${set}`)
    }
    assert.strictEqual(written(commands.pexpire("k", "1 hour", "nx")), "PEXPIRE k 3600000 NX")
    assert.strictEqual(written(commands.expire("k", "1500 millis", "gt")), "PEXPIRE k 1500 GT")
    assert.strictEqual(written(commands.clientPause("1 second", "write")), "CLIENT PAUSE 1000 WRITE")
  })

  it("of waits are exact on the wire, and in how long the client waits", () => {
    const cases: ReadonlyArray<readonly [commands.TimeoutInput, seconds: number, millis: number]> = [
      ["5 seconds", 5, 5000],
      ["2.5 seconds", 2.5, 2500],
      ["1 milli", 0.001, 1],
      ["1001 millis", 1.001, 1001],
      ["4350 millis", 4.35, 4350],
      ["1 nano", 0.001, 1],
      ["30 days", 2_592_000, 2_592_000_000],
      ["Infinity", 0, Infinity],
      [Duration.infinity, 0, Infinity]
    ]
    for (const [timeout, seconds, millis] of cases) {
      const last = [
        commands.blpop("k", timeout),
        commands.brpop(["k"], timeout),
        commands.blmove("a", "b", "left", "right", timeout),
        commands.bzpopmin("k", timeout),
        commands.bzpopmax("k", timeout)
      ]
      for (const command of last) assert.strictEqual(command.args.at(-1), seconds)
      const first = [commands.blmpop("k", "left", timeout, 2), commands.bzmpop(["k"], "min", timeout)]
      for (const command of first) assert.strictEqual(command.args[0], seconds)
      const wait = commands.wait(1, timeout)
      const waitaof = commands.waitaof(1, 0, timeout)
      assert.deepStrictEqual(wait.args, [1, millis === Infinity ? 0 : millis])
      assert.deepStrictEqual(waitaof.args, [1, 0, millis === Infinity ? 0 : millis])
      for (const { args, spec } of [...last, ...first, wait, waitaof]) {
        assert.strictEqual(spec.blockingMillis!(args), millis, spec.name)
        assert.strictEqual(spec.blockingMillis!(spec.withBlockingMillis!(args, 1234)), 1234, spec.name)
      }
    }
  })

  it("without a unit, without an end, of zero or less are refused, by their field", () => {
    const noUnit = "has no unit; write \"60 seconds\" or \"500 millis\""
    assert.strictEqual(refusalOf(() => commands.expire("k", any(60))), `EXPIRE: ttl: 60 ${noUnit}`)
    assert.strictEqual(refusalOf(() => commands.pexpire("k", any(60n))), `PEXPIRE: ttl: a bigint ${noUnit}`)
    assert.strictEqual(refusalOf(() => commands.set("k", 1, any({ ttl: 60 }))), `SET: ttl: 60 ${noUnit}`)
    assert.strictEqual(refusalOf(() => commands.blpop("k", any(5))), `BLPOP: timeout: 5 ${noUnit}`)
    assert.strictEqual(refusalOf(() => commands.wait(1, any(200))), `WAIT: timeout: 200 ${noUnit}`)
    assert.strictEqual(refusalOf(() => commands.clientPause(any(100))), `CLIENT PAUSE: duration: 100 ${noUnit}`)
    assert.strictEqual(
      refusalOf(() => commands.blpop("k", any(0))),
      "BLPOP: timeout: 0 has no unit; \"Infinity\" waits without end"
    )
    const cases = {
      "0 seconds": "the duration must be greater than zero",
      "-1 seconds": "a duration cannot be negative",
      "-Infinity": "a duration cannot be negative",
      "60": "expected a duration such as \"100 millis\", got a string",
      "10000000000000 days": "it exceeds 2^53 milliseconds"
    }
    for (const [text, problem] of Object.entries(cases)) {
      assert.strictEqual(refusalOf(() => commands.expire("k", any(text))), `EXPIRE: ttl: ${problem}`)
      assert.strictEqual(refusalOf(() => commands.bzmpop("k", "min", any(text))), `BZMPOP: timeout: ${problem}`)
    }
    assert.strictEqual(
      refusalOf(() => commands.expire("k", any("Infinity"))),
      "EXPIRE: ttl: the duration must be finite"
    )
    assert.strictEqual(
      refusalOf(() => commands.set("k", 1, { ttl: Duration.infinity })),
      "SET: ttl: the duration must be finite"
    )
    assert.include(refusalOf(() => commands.set("k", 1, { ttl: any(NaN) })), "SET: ttl: NaN")
    assert.include(refusalOf(() => commands.expire("k", any(new Date()))), "EXPIRE: ttl: expected a duration")
    assert.include(refusalOf(() => commands.expire("k", any({}))), "EXPIRE: ttl: expected a duration")
  })
})

describe("durations of the client's options", () => {
  const messageOf = (made: Effect.Effect<unknown, { readonly message: string }, Scope.Scope>) =>
    Effect.map(Effect.flip(Effect.scoped(made)), ({ message }) => message)

  it.effect("a number without a unit is refused, with the option and what to write", () =>
    Effect.gen(function*() {
      const cases = [
        [RedisClient.make({ commandTimeout: any(5000) }), "commandTimeout: 5000 has no unit; write \"5 seconds\""],
        [RedisClient.make({ pingInterval: any(1500) }), "pingInterval: 1500 has no unit; write \"1500 millis\""],
        [RedisClient.make({ stallTimeout: any(60_000n) }), "stallTimeout: a bigint has no unit; write \"60 seconds\""],
        [RedisClient.make({ reserveTimeout: any(0) }), "reserveTimeout: the duration must be greater than zero"],
        [
          Sentinel.make({ sentinels: ["a"], maxWriteHold: any(0) }),
          "maxWriteHold: 0 has no unit; write \"0 millis\""
        ],
        [
          Sentinel.make({ sentinels: ["a"], sentinel: { stallTimeout: any(2000) } }),
          "sentinel.stallTimeout: 2000 has no unit; write \"2 seconds\""
        ],
        [Testing.make({ latency: { min: "0 millis", max: any(2) } }), "latency.max: 2 has no unit; write \"2 millis\""]
      ] as const
      for (const [made, message] of cases) assert.strictEqual(yield* messageOf(made), `Invalid option ${message}`)
      const redis = yield* RedisClient.make()
      const late = yield* Effect.flip(redis.run(commands.get("k"), { timeout: any(100) }))
      assert.include(late.message, "timeout: 100 has no unit; write \"100 millis\"")
    }).pipe(Effect.scoped))

  it.effect("where an end is needed, Infinity is refused", () =>
    Effect.gen(function*() {
      const cases = [
        [RedisClient.make({ connectTimeout: any("Infinity") }), "connectTimeout"],
        [Sentinel.make({ sentinels: ["a"], timeout: Duration.infinity }), "timeout"],
        [Sentinel.make({ sentinels: ["a"], headStart: any("Infinity") }), "headStart"],
        [Testing.make({ lag: Duration.infinity }), "lag"]
      ] as const
      for (const [made, option] of cases) {
        assert.strictEqual(yield* messageOf(made), `Invalid option ${option}: the duration must be finite`)
      }
      assert.strictEqual(
        yield* messageOf(Testing.make({ latency: { min: "2 millis", max: "1 millis" } })),
        "Invalid option latency: min must not be greater than max"
      )
      yield* RedisClient.make({ commandTimeout: "Infinity", stallTimeout: "Infinity", reservedIdleTime: "Infinity" })
      yield* Sentinel.make({ sentinels: ["a"], maxWriteHold: "0 millis" })
    }).pipe(Effect.scoped))
})

describe("moments", () => {
  it("go over the wire in the unit that is exact", () => {
    const whole = 1_999_999_999_000
    const moments = (millis: number): ReadonlyArray<commands.Moment> => [
      new Date(millis),
      DateTime.makeUnsafe(millis),
      DateTime.makeZonedUnsafe(millis, { timeZone: "Asia/Tokyo" }),
      { epochMillis: millis }
    ]
    for (const moment of moments(whole)) {
      assert.strictEqual(written(commands.expireat("k", moment)), "EXPIREAT k 1999999999")
      assert.strictEqual(written(commands.pexpireat("k", moment, "lt")), "PEXPIREAT k 1999999999000 LT")
      assert.strictEqual(written(commands.set("k", "v", { expireAt: moment })), "SET k v EXAT 1999999999")
    }
    for (const moment of moments(whole + 1)) {
      assert.strictEqual(written(commands.expireat("k", moment, "xx")), "PEXPIREAT k 1999999999001 XX")
      assert.strictEqual(written(commands.getex("k", { expireAt: moment })), "GETEX k PXAT 1999999999001")
    }
    assert.strictEqual(written(commands.pexpireat("k", { epochMillis: 0.5 })), "PEXPIREAT k 1")
  })

  it("without a unit, invalid, or not after 1970 are refused, by their field", () => {
    const wanted = "a Date, a DateTime or { epochMillis: ... }"
    assert.strictEqual(
      refusalOf(() => commands.expireat("k", any(5))),
      `EXPIREAT: moment: 5 has no unit; write ${wanted}`
    )
    assert.strictEqual(
      refusalOf(() => commands.set("k", "v", { expireAt: any("tomorrow") })),
      `SET: expireAt: expected ${wanted}, got a string`
    )
    for (const value of [new Date("no date"), { epochMillis: NaN }]) {
      assert.strictEqual(
        refusalOf(() => commands.pexpireat("k", value)),
        "PEXPIREAT: moment: the moment is not a valid date"
      )
    }
    assert.strictEqual(
      refusalOf(() => commands.expireat("k", new Date(0))),
      "EXPIREAT: moment: the moment must be after 1970-01-01T00:00:00Z"
    )
    assert.strictEqual(
      refusalOf(() => commands.expireat("k", { epochMillis: Infinity })),
      "EXPIREAT: moment: it exceeds 2^53 milliseconds"
    )
  })
})

describe("options", () => {
  it("become keywords in the server's order", () => {
    const bytes = new Uint8Array([49])
    const moment = { epochMillis: 1_999_999_999_000 }
    const cases: ReadonlyArray<readonly [Command.Any, string]> = [
      [commands.set("k", "v", { when: "nx", keepTtl: true }), "SET k v NX KEEPTTL"],
      [commands.set("k", "v", { keepTtl: false }), "SET k v"],
      [commands.setGet("k", "v", { when: "xx", ttl: "1 second" }), "SET k v XX GET EX 1"],
      [commands.getex("k", { persist: true }), "GETEX k PERSIST"],
      [commands.restore("k", bytes), "RESTORE k 0 49"],
      [commands.restore("k", bytes, { ttl: "1 second", replace: true }), "RESTORE k 1000 49 REPLACE"],
      [commands.restore("k", bytes, { expireAt: moment }), "RESTORE k 1999999999000 49 ABSTTL"],
      [commands.restore("k", bytes, { idleTime: "1500 millis" }), "RESTORE k 0 49 IDLETIME 2"],
      [commands.restore("k", bytes, { frequency: 7 }), "RESTORE k 0 49 FREQ 7"],
      [commands.zadd("k", [{ member: "m", score: 1 }], { when: "xx gt", changed: true }), "ZADD k XX GT CH 1 m"],
      [commands.zadd("k", [{ member: "m", score: 1 }], { when: "nx" }), "ZADD k NX 1 m"],
      [commands.zaddIncr("k", "m", 2, { when: "lt" }), "ZADD k LT INCR 2 m"],
      [commands.zrange("k", "(1", Infinity, { by: "score", limit: [1, 2] }), "ZRANGE k (1 inf BYSCORE LIMIT 1 2"],
      [commands.zrangeWithScores("k", 0, -1, { reverse: true }), "ZRANGE k 0 -1 REV WITHSCORES"],
      [commands.zrangestore("to", "k", "-", "[m", { by: "lex" }), "ZRANGESTORE to k - [m BYLEX"],
      [commands.lposCount("k", "e", 0, { rank: -1, maxLength: 5 }), "LPOS k e RANK -1 MAXLEN 5 COUNT 0"],
      [commands.sort("k", { by: "nosort", order: "desc" }), "SORT k BY nosort DESC"],
      [commands.sortRo("k", { by: "w:*", alpha: true, get: ["#"] }), "SORT_RO k BY w:* GET # ALPHA"],
      [commands.sortStore("k", "to"), "SORT k STORE to"],
      [commands.clientList({ ids: [1, 2] }), "CLIENT LIST ID 1 2"],
      [commands.clientList({ type: "pubsub" }), "CLIENT LIST TYPE PUBSUB"],
      [commands.clientKill({ id: 5, skipme: false }), "CLIENT KILL ID 5 SKIPME no"],
      [commands.clientKill({ id: [5, 6], type: "primary" }), "CLIENT KILL ID 5 6 TYPE MASTER"],
      [commands.clientKill({ maxage: "90 millis", idle: "2 minutes" }), "CLIENT KILL MAXAGE 1 IDLE 120"],
      [
        commands.clientKill({ not: { id: 7, type: "primary", db: 0 }, libName: "x" }),
        "CLIENT KILL LIB-NAME x NOT-TYPE MASTER NOT-DB 0 NOT-ID 7"
      ],
      [commands.clientList({ ids: [1, 2], user: "u", skipme: true }), "CLIENT LIST USER u SKIPME yes ID 1 2"],
      [commands.clientNoEvict(true), "CLIENT NO-EVICT ON"],
      [commands.configSet("maxmemory", "100mb"), "CONFIG SET maxmemory 100mb"],
      [
        commands.configSet({ maxclients: 10, requirepass: Redacted.make("s3cret") }),
        "CONFIG SET maxclients 10 requirepass s3cret"
      ],
      [
        commands.aclSetuser("u", ["on", ["addPassword", Redacted.make("s3cret")], "+@read", [
          "removeHash",
          Redacted.make("ab")
        ]]),
        "ACL SETUSER u on >s3cret +@read !ab"
      ],
      [commands.aclDryrun("u", commands.set("k", "v", { when: "nx" })), "ACL DRYRUN u SET k v NX"],
      [commands.aclDryrun("u", ["CONFIG", "GET", "x"]), "ACL DRYRUN u CONFIG GET x"],
      [commands.aclLog(5), "ACL LOG 5"],
      [commands.aclLogReset(), "ACL LOG RESET"],
      [commands.blpop("a", "1 second"), "BLPOP a 1"],
      [commands.lmpop("a", "left"), "LMPOP 1 a LEFT"],
      [commands.zmpop(["a", "b"], "max", 3), "ZMPOP 2 a b MAX COUNT 3"],
      [commands.sintercard("a", 5), "SINTERCARD 1 a LIMIT 5"],
      [commands.mget("a", "b"), "MGET a b"],
      [commands.hmget("k", ["a", "b"]), "HMGET k a b"],
      [commands.zdiff("a", "b"), "ZDIFF 2 a b"],
      [commands.zdiffstore("to", ["a", "b"]), "ZDIFFSTORE to 2 a b"],
      [commands.lcsIdx("a", "b"), "LCS a b IDX WITHMATCHLEN"],
      [commands.lcsIdx("a", "b", { minMatchLength: 4 }), "LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN"],
      [commands.info(), "INFO"],
      [commands.info(["server", "memory"]), "INFO server memory"]
    ]
    for (const [command, text] of cases) assert.strictEqual(written(command), text)
    assert.deepStrictEqual(Command.keys(commands.zdiffstore("to", "a", "b")), ["to", "a", "b"])
    assert.deepStrictEqual(Command.keys(commands.zmpop(["a", "b"], "max")), ["a", "b"])
  })

  it("that do not compile are refused, by their field", () => {
    const ttl = "1 second"
    const expireAt = new Date()
    const cases: ReadonlyArray<readonly [() => unknown, string]> = [
      [() => commands.set("k", "v", any({ ttl, expireAt })), "SET: expireAt: not with ttl"],
      [() => commands.set("k", "v", any({ ttl, keepTtl: true })), "SET: keepTtl: not with ttl"],
      [() => commands.setGet("k", "v", any({ expireAt, keepTtl: true })), "SET: keepTtl: not with expireAt"],
      [() => commands.getex("k", any({})), "GETEX: options: one of ttl, expireAt and persist is needed"],
      [() => commands.getex("k", any(undefined)), "GETEX: options: one of ttl, expireAt and persist is needed"],
      [() => commands.getex("k", any({ persist: true, ttl })), "GETEX: persist: not with ttl"],
      [() => commands.restore("k", any(""), any({ ttl, expireAt })), "RESTORE: expireAt: not with ttl"],
      [
        () => commands.restore("k", any(""), any({ idleTime: ttl, frequency: 1 })),
        "RESTORE: frequency: not with idleTime"
      ],
      [() => commands.zrange("k", 0, 1, { limit: any([0, 1]) }), "ZRANGE: limit: not with ranks: it needs by"],
      [
        () => commands.zrange("k", any("(1"), 1),
        "ZRANGE: start: without by, expected a rank (a whole number), got a string"
      ],
      [
        () => commands.zrangestore("to", "k", 0, Infinity),
        "ZRANGESTORE: stop: without by, expected a rank (a whole number), got Infinity"
      ],
      [() => commands.zrangeWithScores("k", any("-"), any("+"), any({ by: "lex" })), "ZRANGE: by: not with WITHSCORES"],
      [() => commands.lpos("k", "e", any({ rank: 0 })), "LPOS: rank: expected a whole number other than 0"],
      [() => commands.sort("k", any({ by: "nosort", alpha: true })), "SORT: alpha: not with by: nosort"],
      [() => commands.sortRo("k", any({ by: "w" })), "SORT_RO: by: expected a pattern with a *, or \"nosort\""],
      [() => commands.clientList(any({ ids: [1], type: "normal" })), "CLIENT LIST: ids: not with type"],
      [
        () => commands.clientKill(any({ skipme: true })),
        "CLIENT KILL: filter: at least one field besides skipme is needed, such as id, type, user or addr"
      ],
      [() => commands.clientKill({ not: any({}) }), "CLIENT KILL: not: at least one field is needed"],
      [() => commands.clientKill({ id: [] }), "CLIENT KILL: id: at least one is needed"],
      [() => commands.clientKill({ type: any("master") }), "CLIENT KILL: type: expected \"normal\" or \"primary\""],
      [() => commands.clientKill({ maxage: any(60) }), "CLIENT KILL: maxage: 60 has no unit"],
      [() => commands.clientList({ not: any("x") }), "CLIENT LIST: options: expected an object, got a string"],
      [() => commands.configSet(any({})), "CONFIG SET: parameters: at least one is needed"],
      [
        () => commands.configSet("requirepass", any("s3cret")),
        "CONFIG SET: requirepass: expected a Redacted string, got a"
      ],
      [() => commands.configSet(any({ MASTERAUTH: "s3cret" })), "CONFIG SET: MASTERAUTH: expected a Redacted string"],
      [() => commands.configSet("maxmemory", any(true)), "CONFIG SET: maxmemory: expected a string, a number or"],
      [
        () => commands.aclSetuser("u", any([">s3cret"])),
        "ACL SETUSER: rules[0]: a password or its hash must be Redacted"
      ],
      [
        () => commands.aclSetuser("u", any(["on", ["addPassword", "s3cret"]])),
        "rules[1]: expected a Redacted string, got a"
      ],
      [
        () => commands.aclSetuser("u", [["addPassword", wiped()]]),
        "rules[0]: expected a Redacted string, got Redacted"
      ],
      [
        () => commands.configSet("requirepass", wiped()),
        "CONFIG SET: requirepass: expected a string, a number or a Red"
      ],
      [
        () => commands.migrate("10.0.0.1", 6379, ["k"], 0, "1 second", { auth: wiped() }),
        "MIGRATE: auth: expected a Redacted string, got Redacted"
      ],
      [() => commands.aclSetuser("u", any([["add", "s3cret"]])), "ACL SETUSER: rules[0]: expected \"addPassword\""],
      [() => commands.aclSetuser("u", any("on")), "ACL SETUSER: rules: expected an array, got a string"],
      [() => commands.aclDryrun("u", []), "ACL DRYRUN: command: at least one word is needed"],
      [() => commands.aclLog(-1), "ACL LOG: count: expected a whole number from 0"],
      [() => commands.aclDeluser(), "ACL DELUSER: usernames: at least one is needed"],
      [() => commands.del(), "DEL: keys: at least one is needed"],
      [() => commands.mget([]), "MGET: keys: at least one is needed"],
      [() => commands.blpop([], ttl), "BLPOP: keys: at least one is needed"],
      [() => commands.zunion([]), "ZUNION: keys: at least one is needed"],
      [() => commands.zdiff([]), "ZDIFF: keys: at least one is needed"],
      [() => commands.lpush("k"), "LPUSH: elements: at least one is needed"],
      [() => commands.mset({}), "MSET: entries: at least one is needed"],
      [() => commands.hset("k", []), "HSET: entries: at least one is needed"],
      [() => commands.configGet(), "CONFIG GET: patterns: at least one is needed"],
      [() => commands.zunion(["a", "b"], { weights: [1] }), "ZUNION: weights: expected one for each of 2 keys, got 1"],
      [() => commands.zadd("k", [], any({ when: "nx gt" })), "ZADD: when: expected \"nx\" or"],
      [() => commands.scan("0", { count: 0 }), "SCAN: count: expected a whole number from 1"]
    ]
    for (const [call, detail] of cases) assert.include(refusalOf(call), detail)
  })
})

describe("replies", () => {
  it("of times are durations and moments, from either protocol", () => {
    const read = <A>({ spec }: Command.Command<A>, reply: number | null): A => spec.decode(reply, false)
    assert.deepStrictEqual(read(commands.ttl("k"), 60), Duration.seconds(60))
    assert.deepStrictEqual(read(commands.pttl("k"), 1500), Duration.millis(1500))
    for (const command of [commands.ttl("k"), commands.pttl("k")]) {
      assert.strictEqual(read(command, -1), Duration.infinity)
      assert.strictEqual(read(command, -2), null)
    }
    assert.deepStrictEqual(read(commands.expiretime("k"), 1_999_999_999), DateTime.makeUnsafe(1_999_999_999_000))
    assert.deepStrictEqual(read(commands.pexpiretime("k"), 1_999_999_999_001), DateTime.makeUnsafe(1_999_999_999_001))
    for (const command of [commands.expiretime("k"), commands.pexpiretime("k")]) {
      assert.strictEqual(read(command, -1), "never")
      assert.strictEqual(read(command, -2), null)
    }
    assert.deepStrictEqual(read(commands.objectIdletime("k"), 7), Duration.seconds(7))
    assert.strictEqual(read(commands.objectIdletime("k"), null), null)
    assert.deepStrictEqual(read(commands.lastsave(), 1_999_999_999), DateTime.makeUnsafe(1_999_999_999_000))
    assert.deepStrictEqual(commands.time().spec.decode(["1999999999", "123456"], false), {
      moment: DateTime.makeUnsafe(1_999_999_999_123),
      micros: 123_456
    })
  })

  it("of LCS with IDX are matches with their lengths, from either protocol", () => {
    const matches = [[[4, 7], [5, 8], 4], [[2, 3], [0, 1], 2]]
    const { spec } = commands.lcsIdx("a", "b")
    for (const reply of [["matches", matches, "len", 6], new Resp.MapReply(["matches", matches, "len", 6])]) {
      assert.deepStrictEqual(spec.decode(reply, false), {
        matches: [{ a: [4, 7], b: [5, 8], length: 4 }, { a: [2, 3], b: [0, 1], length: 2 }],
        length: 6
      })
    }
  })

  it("of one member or field are not a list", () => {
    for (const reply of [["m", "1.5"], ["m", 1.5]]) {
      assert.deepStrictEqual(commands.zpopmin("k").spec.decode(reply, false), { member: "m", score: 1.5 })
    }
    assert.strictEqual(commands.zpopmax("k").spec.decode([], false), null)
    assert.strictEqual(commands.zrandmember("k").spec.decode("m", false), "m")
    assert.strictEqual(commands.hrandfield("k").spec.decode(null, false), null)
  })
})

describe("fields that an options object does not have", () => {
  it("are refused, by what is meant or by the options that there are", () => {
    const held = { when: "nx" as const, ex: 60 }
    const ttl = "ttl is meant: { ttl: \"60 seconds\" }"
    // @ts-expect-error the compiler sees that nothing of it is an option, but not through a wider type
    const typed = () => commands.set("k", "v", { ex: 60 })
    assert.strictEqual(refusalOf(typed), `SET: ex: unknown option; ${ttl}`)
    assert.strictEqual(refusalOf(() => commands.set("k", "v", held)), `SET: ex: unknown option; ${ttl}`)
    for (const name of ["ex", "px", "EX", "PX"]) {
      assert.strictEqual(
        refusalOf(() => commands.set("k", "v", any({ [name]: 60 }))),
        `SET: ${name}: unknown option; ${ttl}`
      )
      assert.strictEqual(
        refusalOf(() => commands.getex("k", any({ [name]: 60 }))),
        `GETEX: ${name}: unknown option; ${ttl}`
      )
    }
    const cases: ReadonlyArray<readonly [() => unknown, string]> = [
      [
        () => commands.set("k", "v", any({ EXAT: 5 })),
        "SET: EXAT: unknown option; expireAt is meant: { expireAt: new Date(...) }"
      ],
      [() => commands.set("k", "v", any({ KEEPTTL: true })), "SET: KEEPTTL: unknown option; keepTtl is meant"],
      [() => commands.set("k", "v", any({ NX: true })), "SET: NX: unknown option; when is meant: { when: \"nx\" }"],
      [
        () => commands.zadd("k", [], any({ xx: true })),
        "ZADD: xx: unknown option; when is meant: { when: \"xx\" }"
      ],
      [() => commands.scan("0", any({ COUNT: 5 })), "SCAN: COUNT: unknown option; count is meant"],
      [() => commands.hscan("k", "0", any({ MATCH: "a*" })), "HSCAN: MATCH: unknown option; match is meant"],
      [
        () => commands.zrange<any>("k", 0, 1, any({ WITHSCORES: true })),
        "ZRANGE: WITHSCORES: unknown option; a command whose name ends in WithScores returns the scores"
      ],
      [
        () => commands.sort("k", any({ alfa: true })),
        "SORT: alfa: unknown option; the options are by, alpha, limit, get, order"
      ],
      [
        () => commands.copy("k", "l", any({ constructor: 1 })),
        "COPY: constructor: unknown option; the options are db, replace"
      ],
      [
        () => commands.copy("k", "l", any({ ["a".repeat(99)]: 1 })),
        "COPY: options: unknown option; the options are db, replace"
      ],
      // Objects in objects.
      [
        () => commands.xtrim("k", any({ strategy: "maxlen", threshold: 1, size: 1 })),
        "XTRIM: size: unknown option; the options are strategy, threshold, approximate, limit"
      ],
      [
        () => commands.clientKill(any({ id: 1, not: { names: "a" } })),
        "CLIENT KILL: names: unknown option; the options are id, type, user, addr, laddr, ip, name, flags, libName, libVer, db, capa"
      ],
      [
        () => commands.geosearch("k", any({ from: { member: "m" }, by: { radius: 1, unit: "m", wide: 1 } })),
        "GEOSEARCH: wide: unknown option; the options are radius, width, height, unit, polygon"
      ],
      [
        () =>
          commands.geosearch("k", any({ from: { member: "m" }, by: { radius: 1, unit: "m" }, storeDistance: true })),
        "GEOSEARCH: storeDistance: unknown option; the options are from, by, order, count, any"
      ]
    ]
    for (const [call, message] of cases) assert.strictEqual(refusalOf(call), message)
  })

  it("do not count if they are undefined, inherited or named by a symbol", () => {
    const options = Object.assign(Object.create({ ex: 60 }), { EX: undefined, [Symbol("px")]: 1, when: "nx" })
    assert.strictEqual(written(commands.set("k", "v", options)), "SET k v NX")
  })
})

describe("options that are true or false", () => {
  it("refuse any other value: it would be ignored", () => {
    const wanted = "expected true or false, got"
    const cases: ReadonlyArray<readonly [() => unknown, string]> = [
      [() => commands.set("k", "v", any({ keepTtl: 1 })), `SET: keepTtl: ${wanted} 1`],
      [() => commands.getex("k", any({ persist: "yes" })), `GETEX: persist: ${wanted} a string`],
      [() => commands.zadd("k", [], any({ changed: 1 })), `ZADD: changed: ${wanted} 1`],
      [() => commands.zrange<any>("k", 0, 1, any({ reverse: "false" })), `ZRANGE: reverse: ${wanted} a string`],
      [() => commands.copy("k", "l", any({ replace: null })), `COPY: replace: ${wanted} null`],
      [() => commands.clientList(any({ skipme: "no" })), `CLIENT LIST: skipme: ${wanted} a string`],
      [
        () => commands.xtrim("k", any({ strategy: "maxlen", threshold: 1, approximate: 1 })),
        `XTRIM: approximate: ${wanted} 1`
      ]
    ]
    for (const [call, message] of cases) assert.strictEqual(refusalOf(call), message)
    assert.strictEqual(written(commands.set("k", "v", { keepTtl: false })), "SET k v")
    assert.strictEqual(written(commands.set("k", "v", { keepTtl: undefined })), "SET k v")
  })
})
