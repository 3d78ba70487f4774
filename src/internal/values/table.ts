/**
 * Where the values are among the arguments and in the replies of each command on typed
 * values. The types of the commands are in commands.ts.
 */
import type { Arg, Scored } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { utf8 } from "../commands/decoders.ts"
import { isBytes, kindOf } from "../common/values.ts"
import type { Values } from "./commands.ts"

/** Encodes a value; `where` names the argument in errors. */
export type Encode = (value: unknown, where: string) => Arg

/**
 * Decodes a value. `index` is its place among the values of the reply, `key` its key or the
 * index of its key among those of the command, if the command has several.
 */
export type DecodeValue = (value: Uint8Array, index?: number, key?: string | number) => unknown

/** Encodes the values among the arguments of a constructor. */
type Put = (args: ReadonlyArray<any>, encode: Encode) => ReadonlyArray<any>

/** Decodes the values of a result whose strings are bytes; undefined if the result has none. */
type Take = ((result: any, decode: DecodeValue) => unknown) | undefined

const none: Put = (args) => args

const at = (index: number, name: string): Put => (args, encode) =>
  args.map((arg, i) => i === index ? encode(arg, name) : arg)

const both = (first: Put, second: Put): Put => (args, encode) => second(first(args, encode), encode)

/** All arguments from an index on, as one array: that may be longer than what a call can spread. */
const from = (index: number, name: string): Put => (args, encode) => [
  ...args.slice(0, index),
  args.slice(index).map((value, i) => encode(value, `${name} ${i + 1}`))
]

/** An object of values, or pairs. */
const entries = (index: number): Put => (args, encode) =>
  args.map((arg, i) => {
    if (i !== index || typeof arg !== "object" || arg === null || isBytes(arg)) return arg
    // Object.fromEntries defines a field `__proto__` like any other.
    if (!(Symbol.iterator in arg)) {
      return Object.fromEntries(Object.entries(arg).map(([key, value], n) => [key, encode(value, `value ${n + 1}`)]))
    }
    return Array.from(
      arg as Iterable<unknown>,
      (pair, n) => Array.isArray(pair) ? [pair[0], encode(pair[1], `value ${n + 1}`)] as const : pair
    )
  })

/** An array of objects with a member. */
const members = (index: number): Put => (args, encode) =>
  args.map((arg, i) => {
    if (i !== index || !Array.isArray(arg)) return arg
    return arg.map((entry: unknown, n) =>
      typeof entry === "object" && entry !== null
        ? { ...entry, member: encode((entry as { readonly member?: unknown }).member, `member ${n + 1}`) }
        : entry
    )
  })

/** The search of GEOSEARCH: its origin may be a member. */
const origin: Put = ([key, search, ...others], encode) => {
  const member: unknown = search?.from?.member
  if (member === undefined) return [key, search, ...others]
  return [key, { ...search, from: { ...search.from, member: encode(member, "from.member") } }, ...others]
}

/** A condition that compares the key's value with another. */
const condition = (index: number): Put => (args, encode) =>
  args.map((arg, i) => {
    if (i !== index || typeof arg !== "object" || arg === null) return arg
    const compared = { ...arg }
    for (const field of ["ifeq", "ifne"]) {
      if (compared[field] !== undefined) compared[field] = encode(compared[field], field)
    }
    return compared
  })

const one: Take = (value: Uint8Array | null, decode) => value === null ? null : decode(value)

/** The first key is the one that the value was in. */
const moved: Take = (value: Uint8Array | null, decode) => value === null ? null : decode(value, undefined, 0)

const each: Take = (values: ReadonlyArray<Uint8Array | null> | null, decode) =>
  values === null ? null : values.map((value, i) => value === null ? null : decode(value, i))

/** The first key is the one that the values were in. */
const allMoved: Take = (values: ReadonlyArray<Uint8Array> | null, decode) =>
  values === null ? null : values.map((value, i) => decode(value, i, 0))

const eachOfKeys: Take = (values: ReadonlyArray<Uint8Array | null>, decode) =>
  values.map((value, i) => value === null ? null : decode(value, i, i))

const record: Take = (fields: Readonly<Record<string, Uint8Array>>, decode) =>
  Object.fromEntries(Object.entries(fields).map(([field, value], i) => [field, decode(value, i)] as const))

const fieldPairs = (pairs: ReadonlyArray<readonly [Uint8Array, Uint8Array]>, decode: DecodeValue) =>
  pairs.map(([field, value], i) => [utf8.decode(field), decode(value, i)] as const)

const scoredOf = (
  members: ReadonlyArray<Scored<Uint8Array>>,
  decode: DecodeValue,
  key?: string
): ReadonlyArray<Scored<unknown>> => members.map(({ member, score }, i) => ({ member: decode(member, i, key), score }))

const scored: Take = (members: ReadonlyArray<Scored<Uint8Array>>, decode) => scoredOf(members, decode)

const oneScored: Take = (found: Scored<Uint8Array> | null, decode) =>
  found === null ? null : { member: decode(found.member), score: found.score }

const popped: Take = (
  found: { readonly key: Uint8Array; readonly elements: ReadonlyArray<Uint8Array> } | null,
  decode
) => {
  if (found === null) return null
  const key = utf8.decode(found.key)
  return { key, elements: found.elements.map((element, i) => decode(element, i, key)) }
}

const poppedScored: Take = (
  found: { readonly key: Uint8Array; readonly members: ReadonlyArray<Scored<Uint8Array>> } | null,
  decode
) => {
  if (found === null) return null
  const key = utf8.decode(found.key)
  return { key, members: scoredOf(found.members, decode, key) }
}

const keyAndOne: Take = (found: readonly [Uint8Array, Uint8Array] | null, decode) => {
  if (found === null) return null
  const key = utf8.decode(found[0])
  return [key, decode(found[1], undefined, key)]
}

const pageOf =
  <A>(take: (items: A, decode: DecodeValue) => unknown): Take =>
  (page: { readonly cursor: string; readonly items: A }, decode) => ({
    cursor: page.cursor,
    items: take(page.items, decode)
  })

const found: Take = (members: ReadonlyArray<{ readonly member: Uint8Array }>, decode) =>
  members.map((entry, i) => ({ ...entry, member: decode(entry.member, i) }))

/** Members of a sorted set in the order of their bytes are not those of their values. */
const notByLex: Put = (args) => {
  const by: unknown = args[3]?.by
  if (by !== undefined && by !== "score") {
    throw new InvalidCommand({
      command: "ZRANGE",
      detail: `by: expected "score" or nothing with typed values, got ${kindOf(by)}`
    })
  }
  return args
}

const indexed: Take = (found: ReadonlyArray<{ readonly index: number; readonly value: Uint8Array }>, decode) =>
  found.map(({ index, value }, i) => ({ index, value: decode(value, i) }))

const nothing: Take = undefined

/** Of each command: where the values are among its arguments, and where in its result. */
export const table: { readonly [K in keyof Values<unknown>]: readonly [put: Put, take: Take] } = {
  get: [none, one],
  mget: [none, eachOfKeys],
  set: [both(at(1, "value"), condition(2)), nothing],
  setGet: [both(at(1, "value"), condition(2)), one],
  getdel: [none, one],
  getex: [none, one],
  mset: [entries(0), nothing],
  msetnx: [entries(0), nothing],
  msetex: [entries(0), nothing],
  delex: [condition(1), nothing],
  delifeq: [at(1, "value"), nothing],

  hget: [none, one],
  hmget: [none, each],
  hgetall: [none, record],
  hvals: [none, each],
  hrandfieldWithValues: [none, fieldPairs],
  hscan: [none, pageOf(fieldPairs)],
  hset: [entries(1), nothing],
  hsetnx: [at(2, "value"), nothing],
  hsetex: [entries(1), nothing],
  hgetdel: [none, each],
  hgetex: [none, each],

  lrange: [none, each],
  lindex: [none, one],
  lpos: [at(1, "element"), nothing],
  lposCount: [at(1, "element"), nothing],
  lpush: [from(1, "element"), nothing],
  lpushx: [from(1, "element"), nothing],
  rpush: [from(1, "element"), nothing],
  rpushx: [from(1, "element"), nothing],
  lpop: [none, one],
  lpopCount: [none, each],
  rpop: [none, one],
  rpopCount: [none, each],
  linsert: [both(at(2, "pivot"), at(3, "element")), nothing],
  lset: [at(2, "element"), nothing],
  lrem: [at(2, "element"), nothing],
  lmove: [none, moved],
  blmove: [none, moved],
  lmovem: [none, allMoved],
  blmovem: [none, allMoved],
  lmpop: [none, popped],
  blmpop: [none, popped],
  blpop: [none, keyAndOne],
  brpop: [none, keyAndOne],

  sadd: [from(1, "member"), nothing],
  srem: [from(1, "member"), nothing],
  sismember: [at(1, "member"), nothing],
  smismember: [from(1, "member"), nothing],
  smembers: [none, each],
  spop: [none, one],
  spopCount: [none, each],
  srandmember: [none, one],
  srandmemberCount: [none, each],
  smove: [at(2, "member"), nothing],
  sinter: [none, each],
  sunion: [none, each],
  sdiff: [none, each],
  sscan: [none, pageOf(each)],

  zadd: [members(1), nothing],
  zaddIncr: [at(1, "member"), nothing],
  zincrby: [at(2, "member"), nothing],
  zrem: [from(1, "member"), nothing],
  zscore: [at(1, "member"), nothing],
  zmscore: [from(1, "member"), nothing],
  zrank: [at(1, "member"), nothing],
  zrevrank: [at(1, "member"), nothing],
  zrankWithScore: [at(1, "member"), nothing],
  zrevrankWithScore: [at(1, "member"), nothing],
  zrange: [notByLex, each],
  zrangeWithScores: [notByLex, scored],
  zpopmin: [none, oneScored],
  zpopminCount: [none, scored],
  zpopmax: [none, oneScored],
  zpopmaxCount: [none, scored],
  zmpop: [none, poppedScored],
  bzmpop: [none, poppedScored],
  bzpopmin: [none, poppedScored],
  bzpopmax: [none, poppedScored],
  zrandmember: [none, one],
  zrandmemberCount: [none, each],
  zrandmemberWithScores: [none, scored],
  zunion: [none, each],
  zunionWithScores: [none, scored],
  zinter: [none, each],
  zinterWithScores: [none, scored],
  zdiff: [none, each],
  zdiffWithScores: [none, scored],
  zscan: [none, pageOf(scoredOf)],
  zscanNoscores: [none, pageOf(each)],

  geoadd: [members(1), nothing],
  geodist: [both(at(1, "member1"), at(2, "member2")), nothing],
  geohash: [from(1, "member"), nothing],
  geopos: [from(1, "member"), nothing],
  geosearch: [origin, each],
  geosearchWith: [origin, found],

  arget: [none, one],
  armget: [none, each],
  argetrange: [none, each],
  arscan: [none, indexed],
  arlastitems: [none, each],
  arset: [from(2, "value"), nothing],
  armset: [entries(1), nothing],
  arinsert: [from(1, "value"), nothing],
  arring: [from(2, "value"), nothing],

  pfadd: [from(1, "element"), nothing]
}
