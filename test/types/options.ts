/**
 * Calls that must not compile, and, beside them, some that must. Each `@ts-expect-error`
 * says what the compiler's error must contain: test/typeErrors.test.ts compiles this file
 * without the directives, with TypeScript 7 and 5.9, and reads the errors.
 */
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import { type Client, commands, type Options, RedisClient, Sentinel } from "../../src/index.ts"
import * as Testing from "../../src/testing/index.ts"

declare const redis: Client.PrimaryClient
declare const replica: Client.ReplicaClient
declare const key: string
declare const ttl: commands.DurationInput
declare const moment: commands.Moment
declare const utc: DateTime.Utc
declare const flag: boolean
declare const text: string
declare const count: number
declare const members: ReadonlyArray<{ readonly member: string; readonly score: number }>

// Durations and moments.

commands.expire(key, "1 hour")
commands.expire(key, "1.5 seconds", "gt")
commands.expire(key, { minutes: 1, seconds: 30 })
commands.expire(key, [1, 0])
commands.expire(key, Duration.millis(1500))
commands.expireat(key, new Date())
commands.expireat(key, utc)
commands.expireat(key, { epochMillis: 1_999_999_999_000 })
commands.blpop(key, "Infinity")
commands.blpop([key], "5 seconds")
// @ts-expect-error: 'number' is not assignable to parameter of type 'DurationInput'
commands.expire(key, count)
// @ts-expect-error: '60' is not assignable to parameter of type 'DurationInput'
commands.expire(key, 60)
// @ts-expect-error: '60n' is not assignable to parameter of type 'DurationInput'
commands.pexpire(key, 60n)
// @ts-expect-error: '"60"' is not assignable to parameter of type 'DurationInput'
commands.expire(key, "60")
// @ts-expect-error: '"Infinity"' is not assignable to parameter of type 'DurationInput'
commands.expire(key, "Infinity")
// @ts-expect-error: is not assignable to parameter of type 'DurationInput'
commands.expire(key, moment)
// @ts-expect-error: 'number' is not assignable to parameter of type 'Moment'
commands.expireat(key, 1_999_999_999)
// @ts-expect-error: is not assignable to parameter of type 'Moment'
commands.pexpireat(key, ttl)
// @ts-expect-error: '5' is not assignable to parameter of type 'TimeoutInput'
commands.blpop(key, 5)
// @ts-expect-error: '0' is not assignable to parameter of type 'TimeoutInput'
commands.brpop([key], 0)
// @ts-expect-error: '5' is not assignable to parameter of type 'TimeoutInput'
commands.blmove(key, key, "left", "right", 5)
// @ts-expect-error: '5' is not assignable to parameter of type 'TimeoutInput'
commands.blmpop(key, "left", 5)
// @ts-expect-error: '5' is not assignable to parameter of type 'TimeoutInput'
commands.bzpopmin(key, 5)
// @ts-expect-error: '5' is not assignable to parameter of type 'TimeoutInput'
commands.bzmpop(key, "min", 5)
// @ts-expect-error: '200' is not assignable to parameter of type 'TimeoutInput'
commands.wait(1, 200)
// @ts-expect-error: '200' is not assignable to parameter of type 'TimeoutInput'
commands.waitaof(1, 1, 200)
// @ts-expect-error: '100' is not assignable to parameter of type 'DurationInput'
commands.clientPause(100)
// @ts-expect-error: DurationInput
commands.restore(key, new Uint8Array(), { ttl: 1000 })

// SET and GETEX.

declare const oneExpiry: { readonly ttl?: commands.DurationInput; readonly when?: "nx" }
declare const twoExpiries: { readonly ttl: commands.DurationInput; readonly expireAt: commands.Moment }
declare const bothMaybe: { readonly ttl?: commands.DurationInput; readonly expireAt?: commands.Moment }
commands.set(key, 1, { ttl: "60 seconds" })
commands.set(key, 1, { ttl, when: "nx" })
commands.set(key, 1, { expireAt: moment })
commands.set(key, 1, { keepTtl: flag })
commands.set(key, 1, oneExpiry)
commands.set(key, 1, { when: "xx", ...oneExpiry })
commands.getex(key, { ttl })
commands.getex(key, { expireAt: moment })
commands.getex(key, { persist: true })
// @ts-expect-error: DurationInput
commands.set(key, 1, { ttl: 60 })
// @ts-expect-error: Moment
commands.set(key, 1, { expireAt: 60 })
// @ts-expect-error: 'ex' does not exist
commands.set(key, 1, { ex: 60 })
// @ts-expect-error: not with ttl
commands.set(key, 1, { ttl: "60 seconds", expireAt: new Date() })
// @ts-expect-error: not with ttl
commands.set(key, 1, { ttl: "60 seconds", keepTtl: true })
// @ts-expect-error: not with expireAt
commands.set(key, 1, { expireAt: new Date(), keepTtl: true })
// @ts-expect-error: not with
commands.set(key, 1, twoExpiries)
// @ts-expect-error: not with
commands.set(key, 1, bothMaybe)
// @ts-expect-error: not with
commands.set(key, 1, { ...twoExpiries })
// @ts-expect-error: not with ttl
commands.setGet(key, 1, { ttl: "60 seconds", keepTtl: true })
// @ts-expect-error: "nx" | "xx"
commands.set(key, 1, { when: "gt" })
commands.set(key, 1, { ifeq: "old", ttl: "60 seconds" })
commands.set(key, 1, { ifdne: "9555e8555c62dcfd", keepTtl: true })
commands.setGet(key, 1, { ifne: "old" })
// @ts-expect-error: not with
commands.set(key, 1, { when: "nx", ifeq: "old" })
// @ts-expect-error: not with
commands.set(key, 1, { ifeq: "old", ifne: "other" })
// @ts-expect-error: not with
commands.setGet(key, 1, { ifdeq: "9555e8555c62dcfd", ifdne: "9555e8555c62dcfd" })
// @ts-expect-error: not with ttl
commands.set(key, 1, { ifeq: "old", ttl: "60 seconds", keepTtl: true })
commands.delex(key)
commands.delex(key, { ifeq: "old" })
// @ts-expect-error: ValueCondition
commands.delex(key, {})
// @ts-expect-error: not with
commands.delex(key, { ifeq: "old", ifdeq: "9555e8555c62dcfd" })
commands.msetex({ a: 1 }, { when: "nx", ttl: "1 hour" })
// @ts-expect-error: not with ttl
commands.msetex({ a: 1 }, { ttl: "1 hour", expireAt: moment })
// @ts-expect-error: "nx" | "xx"
commands.msetex({ a: 1 }, { when: "gt" })
commands.increx(key, { by: 5, upperBound: 100, ttl: "1 minute", enx: true })
commands.increx(key, { byFloat: 0.5, saturate: true, persist: true })
// @ts-expect-error: not with
commands.increx(key, { by: 5, byFloat: 0.5 })
// @ts-expect-error: not with
commands.increx(key, { ttl: "1 minute", persist: true })
// @ts-expect-error: not with
commands.increx(key, { persist: true, enx: true })
// @ts-expect-error: DurationInput
commands.increx(key, { ttl: 60 })
// @ts-expect-error: IncrexOptions
commands.increx(key, { enx: true })
// @ts-expect-error: NewExpiry
commands.getex(key, {})
// @ts-expect-error: Expected 2 arguments
commands.getex(key)
// @ts-expect-error: not with ttl
commands.getex(key, { ttl: "60 seconds", persist: true })
// @ts-expect-error: not with expireAt
commands.getex(key, { expireAt: moment, persist: true })
// @ts-expect-error: not with
commands.getex(key, { ttl: "60 seconds", expireAt: new Date() })
// @ts-expect-error: not with
commands.getex(key, twoExpiries)
// @ts-expect-error: not with
commands.getex(key, { ...twoExpiries })

// RESTORE.

commands.restore(key, new Uint8Array())
commands.restore(key, new Uint8Array(), { ttl, replace: true })
// @ts-expect-error: not with ttl
commands.restore(key, new Uint8Array(), { ttl: "1 hour", expireAt: new Date() })
// @ts-expect-error: not with
commands.restore(key, new Uint8Array(), twoExpiries)
// @ts-expect-error: not with idleTime
commands.restore(key, new Uint8Array(), { idleTime: "1 hour", frequency: 5 })

// ZADD.

commands.zadd(key, members, { when: "xx gt", changed: true })
commands.zaddIncr(key, "m", 1, { when: "lt" })
// @ts-expect-error: ZaddWhen
commands.zadd(key, members, { when: "nx gt" })
// @ts-expect-error: 'compare' does not exist
commands.zadd(key, members, { when: "nx", compare: "gt" })
// @ts-expect-error: 'changed' does not exist
commands.zaddIncr(key, "m", 1, { changed: true })

// ZRANGE.

declare const limited: { readonly limit: readonly [offset: number, count: number] }
commands.zrange(key, 0, -1)
commands.zrange(key, 0, -1, { reverse: true })
commands.zrange(key, "(1", "+inf", { by: "score", limit: [0, 10] })
commands.zrange(key, 1, Infinity, { by: "score", reverse: flag })
commands.zrange(key, "[a", "+", { by: "lex", limit: [0, 10] })
commands.zrange(key, "-", `(${text}`, { by: "lex" })
commands.zrangeWithScores(key, "-inf", 5, { by: "score" })
commands.zrangestore(key, key, "-", "+", { by: "lex" })
commands.zlexcount(key, "[a", "+")
// @ts-expect-error: Property 'by' is missing
commands.zrange(key, 0, 1, { limit: [0, 1] })
// @ts-expect-error: Property 'by' is missing
commands.zrange(key, 0, 1, limited)
// @ts-expect-error: Property 'by' is missing
commands.zrange(key, 0, 1, { ...limited })
// @ts-expect-error: Property 'by' is missing
commands.zrangeWithScores(key, 0, 1, { limit: [0, 1] })
// @ts-expect-error: Property 'by' is missing
commands.zrangestore(key, key, 0, 1, { limit: [0, 1] })
// @ts-expect-error: 'number'
commands.zrange(key, "(1", 5)
// @ts-expect-error: LexBound
commands.zrange(key, "a", "+", { by: "lex" })
// @ts-expect-error: ScoreBound
commands.zrange(key, "[a", 1, { by: "score" })
// @ts-expect-error: ScoreBound
commands.zrangeWithScores(key, "[a", "+", { by: "lex" })
// @ts-expect-error: LexBound
commands.zlexcount(key, "a", "+")
// @ts-expect-error: LexBound
commands.zremrangebylex(key, text, "+")

// Lists.

commands.lpos(key, "e", { rank: -1, maxLength: 10 })
commands.lpos(key, "e", { rank: count })
commands.lposCount(key, "e", 0, { rank: 2 })
// @ts-expect-error: not with 0: ranks begin at 1 or -1
commands.lpos(key, "e", { rank: 0 })
// @ts-expect-error: not with 0: ranks begin at 1 or -1
commands.lposCount(key, "e", 2, { rank: 0 })
// @ts-expect-error: not with 0: ranks begin at 1 or -1
commands.lpos(key, "e", { rank: 0 as const })

commands.lmovem(key, key, "left", "right", { count: 2, order: "bulk" })
commands.blmovem(key, key, "left", "right", "Infinity", { exactly: 2, order: "obo" })
// @ts-expect-error: not with
commands.lmovem(key, key, "left", "right", { count: 2, exactly: 2, order: "bulk" })
// @ts-expect-error: 'order' is missing
commands.lmovem(key, key, "left", "right", { count: 2 })
// @ts-expect-error: '5' is not assignable to parameter of type 'TimeoutInput'
commands.blmovem(key, key, "left", "right", 5)

// Vector sets.

commands.vadd(key, [1, 2], "e", { quantization: "bin" })
commands.vadd(key, new Float32Array(2), "e")
commands.vsim(key, { element: "e" }, { count: 5 })
commands.vsimWith(key, { vector: [1, 2] }, ["score", "attributes"])
commands.vrange(key, "-", "(b")
// @ts-expect-error: not with
commands.vsim(key, { element: "e", vector: [1, 2] })
// @ts-expect-error: VectorQuery
commands.vsim(key, {})
// @ts-expect-error: '"speed"' is not assignable to type
commands.vsimWith(key, { element: "e" }, ["speed"])
// @ts-expect-error: '"int8"' is not assignable to type
commands.vadd(key, [1, 2], "e", { quantization: "int8" })
// @ts-expect-error: is not assignable to parameter of type 'Vector'
commands.vadd(key, "1 2", "e")
// @ts-expect-error: '"+"' is not assignable to
commands.vrange(key, "+", "-")

// Arrays.

commands.argrep(key, "-", 5n, [{ match: "a" }, { re: "^b" }], { combine: "and" })
commands.arop(key, 0, 5, { match: "a" })
commands.armset(key, { 0: "a" })
// @ts-expect-error: not with
commands.argrep(key, "-", "+", { match: "a", glob: "b" })
// @ts-expect-error: ValuePredicate
commands.argrep(key, "-", "+", {})
// @ts-expect-error: '"avg"' is not assignable to
commands.arop(key, 0, 5, "avg")
// @ts-expect-error: ArrayOperation
commands.arop(key, 0, 5, "match")
// @ts-expect-error: ArrayIndex
commands.arget(key, "0")
// @ts-expect-error: Record<number, Arg>
commands.armset(key, { a: "a" })

// SORT.

declare const sorting: { readonly by: "nosort"; readonly alpha: true }
commands.sort(key, { by: "weight:*", order: "desc", alpha: true })
commands.sort(key, { by: `${text}:*` })
commands.sortRo(key, { by: "nosort", order: "desc", limit: [0, 10], get: ["#"] })
// @ts-expect-error: not with by: nosort
commands.sort(key, { by: "nosort", alpha: true })
// @ts-expect-error: not with by: nosort
commands.sortRo(key, sorting)
// @ts-expect-error: not with by: nosort
commands.sortStore(key, key, { ...sorting })
// @ts-expect-error: "nosort"
commands.sort(key, { by: "weight" })
// @ts-expect-error: "asc" | "desc"
commands.sort(key, { order: "up" })

// CLIENT.

declare const idsAndType: { readonly ids: ReadonlyArray<number>; readonly type: "normal" }
commands.clientList({ type: "pubsub" })
commands.clientList({ ids: [1, 2] })
commands.clientKill({ id: 5 })
commands.clientKill({ type: "normal", skipme: false })
commands.clientKill({ type: "primary", maxage: "1 hour", not: { user: "u" } })
commands.clientKill({ id: [1, 2] })
commands.clientList({ type: "replica", user: "u", idle: ttl, skipme: flag })
// @ts-expect-error: '"master"' is not assignable to type
commands.clientKill({ type: "master" })
// @ts-expect-error: ClientKillFilter
commands.clientKill({ id: undefined })
// @ts-expect-error: ClientExclusions
commands.clientKill({ not: {} })
// @ts-expect-error: 'number' is not assignable to type
commands.clientKill({ maxage: 60 })
// @ts-expect-error: 'number' is not assignable to type
commands.clientList({ idle: 60 })
// @ts-expect-error: ClientKillFilter
commands.clientKill({})
// @ts-expect-error: ClientKillFilter
commands.clientKill({ skipme: true })
// @ts-expect-error: Expected 1 arguments
commands.clientKill()
// @ts-expect-error: not with
commands.clientList({ ids: [1], type: "normal" })
// @ts-expect-error: not with
commands.clientList(idsAndType)
// @ts-expect-error: not with
commands.clientList({ ...idsAndType })

void redis.clientList({ type: "primary" })
declare const reserved: Client.ReservedClient<"read">
void reserved.clientSetname("me")
void reserved.clientNoEvict(true)
// @ts-expect-error: Property 'clientSetname' does not exist
void redis.clientSetname("me")
// @ts-expect-error: 'string' is not assignable to parameter of type 'boolean'
void reserved.clientNoTouch(text)

// Configuration.

declare const secret: Redacted.Redacted<string>
commands.configSet("maxmemory", "100mb")
commands.configSet(text, count)
commands.configSet("requirepass", secret)
commands.configSet({ maxmemory: 0, requirepass: secret, [text]: "x" })
// @ts-expect-error: 'string' is not assignable to
commands.configSet("requirepass", text)
// @ts-expect-error: 'string' is not assignable to
commands.configSet({ requirepass: text })
// @ts-expect-error: 'boolean' is not assignable to
commands.configSet("appendonly", flag)

// Access control.

commands.aclSetuser("u", ["on", ["addPassword", secret], "~app:*", "%R~other:*", "+@read", `-${text}`, "(+get ~x)"])
commands.aclDryrun("u", commands.get(key))
// @ts-expect-error: is not assignable to type 'AclRule'
commands.aclSetuser("u", [">password"])
// @ts-expect-error: is not assignable to type
commands.aclSetuser("u", [["addPassword", text]])
// @ts-expect-error: '"enabled"' is not assignable to type 'AclRule'
commands.aclSetuser("u", ["enabled"])
// @ts-expect-error: 'string' is not assignable to
commands.aclDryrun("u", text)

// INFO.

declare const about: commands.Info<"server" | "replication">
void (about.server.tcp_port satisfies number)
void (about.replication.replicas.length satisfies number)
void (about.memory?.used_memory satisfies number | undefined)
// @ts-expect-error: 'about.memory' is possibly 'undefined'
void about.memory.used_memory
// @ts-expect-error: Property 'run_id' does not exist
void about.run_id

// One key, or several in an array, where other arguments follow.

commands.del("a")
commands.del("a", "b")
commands.del(["a", "b"])
commands.mget("a", "b")
commands.mget(["a", "b"])
commands.lmpop("q", "left")
commands.zunion(["a", "b"], { weights: [1, 2] })
// @ts-expect-error: Expected 2 arguments
commands.blpop("a", "b", "5 seconds")

// Bitmaps.

commands.bitfield(key, [["overflow", "sat"], ["incrby", "u63", "#1", 1n], ["get", "i64", count]])
commands.bitop("not", key, key)
commands.bitop("xor", key, [key, key])
commands.bitpos(key, 1, { start: 1 })
// @ts-expect-error: '"u64"' is not assignable to type
commands.bitfield(key, [["get", "u64", 0]])
// @ts-expect-error: '"i65"' is not assignable to type
commands.bitfield(key, [["set", "i65", 0, 1]])
// @ts-expect-error: '"u0"' is not assignable to type
commands.bitfieldRo(key, [["get", "u0", 0]])
// @ts-expect-error: '"set"' is not assignable to type '"get"'
commands.bitfieldRo(key, [["set", "u8", 0, 1]])
// @ts-expect-error: '2' is not assignable to
commands.setbit(key, 0, 2)
// @ts-expect-error: is not assignable to
commands.bitop("not", key, [key, key])
// @ts-expect-error: 'end'
commands.bitpos(key, 1, { start: 1, unit: "bit" })

// Geo.

const circle = { radius: 200, unit: "km" } as const
const place = { longitude: 15, latitude: 37 }
commands.geosearch(key, { from: place, by: circle, order: "asc" })
commands.geosearch(key, { from: { member: text }, by: { width: 1, height: 2, unit: "m" }, count: 3, any: true })
commands.geosearch(key, { by: { polygon: [place, place, place] } })
// @ts-expect-error: not with
commands.geosearch(key, { from: { member: text, longitude: 15, latitude: 37 }, by: circle })
// @ts-expect-error: not with
commands.geosearch(key, { from: place, by: { radius: 1, width: 1, height: 1, unit: "km" } })
// @ts-expect-error: not with
commands.geosearch(key, { from: place, by: { polygon: [place, place, place] } })
// @ts-expect-error: '"ly"' is not assignable to type
commands.geosearch(key, { from: place, by: { radius: 1, unit: "ly" } })
// @ts-expect-error: '"speed"' is not assignable to type
commands.geosearchWith(key, { from: place, by: circle }, ["speed"])

// Streams.

declare const ids: ReadonlyArray<string>
declare const idleAndMoment: { readonly idle: commands.DurationInput; readonly deliveredAt: commands.Moment }
commands.xadd(key, "*", { a: 1 }, { trim: { strategy: "maxlen", threshold: 5, approximate: true, limit: 10 } })
commands.xreadgroup("g", "c", { [key]: ">" }, { count: 1, block: "5 seconds", noack: true })
commands.xreadgroup("g", "c", [[key, ">"]], { block: "Infinity" })
commands.xreadgroupClaim("g", "c", "1 minute", [key, key], { maxCount: count })
commands.xclaim(key, "g", "c", Duration.zero, ids, { idle: "1 second" })
commands.xclaim(key, "g", "c", "0 millis", text, { deliveredAt: moment, force: flag })
commands.xpendingRange(key, "g", "-", "+", 10, { consumer: new Uint8Array(), minIdle: ttl })
// @ts-expect-error: 'minid' does not exist
commands.xadd(key, "*", { a: 1 }, { trim: { strategy: "maxlen", threshold: 5, minid: "1-1" } })
// @ts-expect-error: Property 'approximate' is missing
commands.xadd(key, "*", { a: 1 }, { trim: { strategy: "maxlen", threshold: 5, limit: 10 } })
// @ts-expect-error: "not with exact trimming: it needs approximate"
commands.xtrim(key, { strategy: "minid", threshold: "5-1", approximate: false, limit: 10 })
// @ts-expect-error: 'string' is not assignable to type 'number'
commands.xtrim(key, { strategy: "maxlen", threshold: text })
// @ts-expect-error: TimeoutInput
commands.xread({ [key]: "$" }, { block: 100 })
// @ts-expect-error: TimeoutInput
commands.xreadgroup("g", "c", { [key]: ">" }, { block: 0 })
// @ts-expect-error: Expected 3-4 arguments
commands.xreadgroup("g", "c")
// @ts-expect-error: not assignable to parameter of type 'StreamIds'
commands.xreadgroup("g", "c", key)
// @ts-expect-error: not assignable to parameter of type 'StreamIds'
commands.xreadgroup("g", "c", { [key]: 0 })
// @ts-expect-error: 'claim' does not exist
commands.xreadgroup("g", "c", { [key]: ">" }, { claim: "1 minute" })
// @ts-expect-error: not assignable to parameter of type 'OneOrMore<Key>'
commands.xreadgroupClaim("g", "c", "1 minute", { [key]: "0" })
// @ts-expect-error: '60000' is not assignable to parameter of type 'DurationInput'
commands.xreadgroupClaim("g", "c", 60_000, key)
// @ts-expect-error: '"Infinity"' is not assignable to parameter of type 'DurationInput'
commands.xautoclaim(key, "g", "c", "Infinity", "0-0")
// @ts-expect-error: '0' is not assignable to parameter of type 'DurationInput'
commands.xclaim(key, "g", "c", 0, ids)
// @ts-expect-error: not with
commands.xclaim(key, "g", "c", "1 minute", ids, idleAndMoment)
// @ts-expect-error: not with
commands.xclaimJustid(key, "g", "c", "1 minute", ids, { idle: "1 second", deliveredAt: moment })
// @ts-expect-error: 'justid' does not exist
commands.xclaim(key, "g", "c", "1 minute", ids, { justid: true })
// @ts-expect-error: Expected 5-6 arguments
commands.xpendingRange(key, "g", "-", "+")
// @ts-expect-error: 'idle' does not exist
commands.xpendingRange(key, "g", "-", "+", 10, { idle: "1 minute" })
// @ts-expect-error: not assignable to parameter of type 'XnackMode'
commands.xnack(key, "g", "later", ids)

// The methods of clients.

void redis.set(key, 1, { ttl: "60 seconds", when: "nx" })
void redis.bytes.blpop(key, "Infinity")
void replica.zrange(key, "(1", "+inf", { by: "score", limit: [0, 10] })
void replica.lpos(key, "e", { rank: -1 })
// @ts-expect-error: DurationInput
void redis.set(key, 1, { ttl: 60 })
// @ts-expect-error: not with ttl
void redis.set(key, 1, { ttl: "60 seconds", keepTtl: true })
// @ts-expect-error: '5' is not assignable to parameter of type 'TimeoutInput'
void redis.bytes.blpop(key, 5)
// @ts-expect-error: Property 'by' is missing
void replica.zrange(key, 0, 1, { limit: [0, 1] })
// @ts-expect-error: LexBound
void replica.bytes.zrange(key, "a", "+", { by: "lex" })
// @ts-expect-error: not with 0: ranks begin at 1 or -1
void replica.lpos(key, "e", { rank: 0 })
// @ts-expect-error: Property 'xreadgroup' does not exist
void replica.xreadgroup("g", "c", { [key]: ">" })
// @ts-expect-error: Property 'sort' does not exist
void replica.sort(key)

// The server itself.

commands.commandList({ pattern: "get*" })
commands.slowlogGet("all")
commands.bgsave("cancel")
commands.clusterSlotStats({ slots: { start: 0, end: 10 } })
commands.clusterSlotStats({ orderBy: "key-count", limit: 10, order: "asc" })
commands.hotkeysStart(["cpu", "net"], { duration: "1 minute" })
commands.migrate("host", 6379, [key], 0, "5 seconds", { auth: secret, replace: true })
commands.migrate("host", 6379, key, 0, "5 seconds", { auth2: { username: "u", password: secret } })
const slow: ReadonlyArray<commands.SlowCall> = commands.commandlogGet(1, "slow").spec.decode([], false) as never
void slow
// @ts-expect-error: not with pattern
commands.commandList({ pattern: "get*", category: "read" })
// @ts-expect-error: not with module
commands.commandList({ module: "json", pattern: "get*" })
// @ts-expect-error: '{}' is not assignable to parameter of type 'CommandListFilter
commands.commandList({})
// @ts-expect-error: '"every"' is not assignable to parameter of type 'number | "all"
commands.slowlogGet("every")
// @ts-expect-error: '"huge"' is not assignable
commands.commandlogGet(1, "huge")
// @ts-expect-error: Expected 2 arguments
commands.commandlogGet(1)
// @ts-expect-error: '"later"' is not assignable
commands.bgsave("later")
// @ts-expect-error: not with
commands.clusterSlotStats({ slots: { start: 0, end: 10 }, orderBy: "key-count" })
// @ts-expect-error: not with slots
commands.clusterSlotStats({ slots: { start: 0, end: 10 }, limit: 5 })
// @ts-expect-error: 'SlotStatsSelection'
commands.clusterSlotStats({ limit: 5 })
// @ts-expect-error: '"disk"' is not assignable to type 'HotkeysMetric'
commands.hotkeysStart(["disk"])
// @ts-expect-error: 'number' is not assignable to type 'DurationInput
commands.hotkeysStart(["cpu"], { duration: count })
// @ts-expect-error: not with auth
commands.migrate("host", 6379, key, 0, "5 seconds", { auth: secret, auth2: { username: "u", password: secret } })
// @ts-expect-error: Type 'string' is not assignable to type '
commands.migrate("host", 6379, key, 0, "5 seconds", { auth: text })
// @ts-expect-error: '5000' is not assignable to parameter of type 'DurationInput'
commands.migrate("host", 6379, key, 0, 5000)

// Durations of the client's options.

const session: Options.SessionOptions = { connectTimeout: ttl, stallTimeout: "Infinity", pingInterval: "5 seconds" }
const executor: Options.ExecutorOptions = { commandTimeout: { seconds: 2 }, reserveTimeout: Duration.millis(10) }
declare const bare: { readonly stallTimeout: number }
RedisClient.layer({ ...session, ...executor, reservedIdleTime: "1 minute" })
Sentinel.layer({ sentinels: [], timeout: "1 second", headStart: [0, 5000], maxWriteHold: "0 millis", node: executor })
RedisClient.layerReplica("g", { measureInterval: ttl, maxLag: { time: "1 second" } })
void redis.run(commands.get(key), { timeout: "Infinity" })
RedisClient.withReplicas({ replicas: 1, timeout: ttl })
Testing.layer({ downAfter: "1 second", lag: "5 millis", latency: { min: "0 millis", max: "2 millis" } })
// @ts-expect-error: Type 'number' is not assignable to type 'TimeoutInput
RedisClient.layer({ commandTimeout: 5000 })
// @ts-expect-error: Type 'number' is not assignable to type 'TimeoutInput
RedisClient.layer({ commandTimeout: count })
// @ts-expect-error: Type 'number' is not assignable to type 'TimeoutInput
RedisClient.layer({ ...session, ...bare })
// @ts-expect-error: Type 'number' is not assignable to type 'DurationInput
RedisClient.layer({ connectTimeout: 1000 })
// @ts-expect-error: Type '"Infinity"' is not assignable to type 'DurationInput
RedisClient.layer({ connectTimeout: "Infinity" })
// @ts-expect-error: Type 'number' is not assignable to type 'TimeoutInput
RedisClient.layer({ pingInterval: 1000, reservedIdleTime: "1 minute" })
// @ts-expect-error: Type 'number' is not assignable to type 'TimeoutInput
RedisClient.layerPrimary("g", { reserveTimeout: 1000 })
// @ts-expect-error: Type 'number' is not assignable to type 'DurationInput
Sentinel.layer({ sentinels: [], timeout: 100 })
// @ts-expect-error: Type 'bigint' is not assignable to type 'DurationInput
Sentinel.layer({ sentinels: [], headStart: 100n })
// @ts-expect-error: Type 'number' is not assignable to type 'TimeoutInput
Sentinel.layer({ sentinels: [], maxWriteHold: 0 })
// @ts-expect-error: Type 'number' is not assignable to type 'TimeoutInput
Sentinel.layer({ sentinels: [], sentinel: { stallTimeout: 2000 } })
// @ts-expect-error: Type 'number' is not assignable to type 'TimeoutInput
Sentinel.layer({ sentinels: [], node: { commandTimeout: 5000 } })
// @ts-expect-error: Type 'number' is not assignable to type 'DurationInput
RedisClient.layerReplica("g", { measureInterval: 1000 })
// @ts-expect-error: Type 'number' is not assignable to type 'DurationInput
RedisClient.layerReplica("g", { maxLag: { time: 1000 } })
// @ts-expect-error: Type 'number' is not assignable to type 'TimeoutInput
void redis.run(commands.get(key), { timeout: 1000 })
// @ts-expect-error: Type 'number' is not assignable to type 'DurationInput
RedisClient.withReplicas({ replicas: 1, timeout: 200 })
// @ts-expect-error: Type 'number' is not assignable to type 'DurationInput
Testing.layer({ downAfter: 500 })
// @ts-expect-error: Type 'number' is not assignable to type 'DurationInput
Testing.layer({ latency: { min: "0 millis", max: 2 } })
