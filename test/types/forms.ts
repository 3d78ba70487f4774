/**
 * Wrong options in each form in which a program may write them: a literal, a variable and a
 * spread. test/typeErrors.test.ts reads this file as it reads options.ts.
 */
import { commands } from "../../src/index.ts"

declare const key: string
declare const ttl: commands.DurationInput
declare const moment: commands.Moment
declare const members: ReadonlyArray<{ readonly member: string; readonly score: number }>

// SET with two expiries.

declare const ttlAndMoment: { readonly ttl: commands.DurationInput; readonly expireAt: commands.Moment }
declare const ttlAndKeep: { readonly ttl: commands.DurationInput; readonly keepTtl: true }
declare const momentAndKeep: { readonly expireAt: commands.Moment; readonly keepTtl: boolean }
declare const bare: { readonly ttl: number }
// @ts-expect-error: not with ttl
commands.set(key, 1, { ttl, expireAt: moment })
// @ts-expect-error: not with
commands.set(key, 1, ttlAndMoment)
// @ts-expect-error: not with
commands.set(key, 1, { when: "nx", ...ttlAndMoment })
// @ts-expect-error: not with ttl
commands.set(key, 1, { ttl, keepTtl: true })
// @ts-expect-error: not with
commands.set(key, 1, ttlAndKeep)
// @ts-expect-error: not with
commands.set(key, 1, { when: "nx", ...ttlAndKeep })
// @ts-expect-error: not with expireAt
commands.set(key, 1, { expireAt: moment, keepTtl: true })
// @ts-expect-error: not with
commands.set(key, 1, momentAndKeep)
// @ts-expect-error: not with
commands.set(key, 1, { when: "nx", ...momentAndKeep })
// @ts-expect-error: not with
commands.set(key, 1, { ttl, ...momentAndKeep })
// @ts-expect-error: DurationInput
commands.set(key, 1, { ttl: 60 })
// @ts-expect-error: is not assignable to parameter of type 'SetOptions
commands.set(key, 1, bare)
// @ts-expect-error: is not assignable to parameter of type 'SetOptions
commands.set(key, 1, { when: "nx", ...bare })

// GETEX without any, with PERSIST and an expiry, with two expiries.

declare const nothing: {}
// Without `undefined` in its type, and with exactOptionalPropertyTypes, the compiler takes such a field for one that is
// there: then the call fails at run time.
declare const maybe: { readonly ttl?: commands.DurationInput | undefined }
declare const persistAndTtl: { readonly persist: true; readonly ttl: commands.DurationInput }
declare const persistAndMoment: { readonly persist: true; readonly expireAt: commands.Moment }
// @ts-expect-error: NewExpiry
commands.getex(key, {})
// @ts-expect-error: NewExpiry
commands.getex(key, nothing)
// @ts-expect-error: NewExpiry
commands.getex(key, { ...nothing })
// @ts-expect-error: NewExpiry
commands.getex(key, maybe)
// @ts-expect-error: NewExpiry
commands.getex(key, { ...maybe })
// @ts-expect-error: not with
commands.getex(key, { persist: true, ttl })
// @ts-expect-error: not with
commands.getex(key, persistAndTtl)
// @ts-expect-error: not with
commands.getex(key, { ...persistAndTtl })
// @ts-expect-error: not with
commands.getex(key, persistAndMoment)
// @ts-expect-error: not with
commands.getex(key, { expireAt: moment, persist: true })
// @ts-expect-error: not with
commands.getex(key, ttlAndMoment)
// @ts-expect-error: not with
commands.getex(key, { ...ttlAndMoment })
// @ts-expect-error: Type 'false' is not assignable to type
commands.getex(key, { persist: false })

// HGETEX and HSETEX, as GETEX and SET.

// @ts-expect-error: NewExpiry
commands.hgetex(key, "f", {})
// @ts-expect-error: NewExpiry
commands.hgetex(key, "f", nothing)
// @ts-expect-error: not with
commands.hgetex(key, ["f"], { persist: true, ttl })
// @ts-expect-error: not with
commands.hgetex(key, ["f"], persistAndTtl)
// @ts-expect-error: not with
commands.hgetex(key, ["f"], { ...persistAndTtl })
// @ts-expect-error: not with
commands.hgetex(key, ["f"], { ttl, expireAt: moment })
// @ts-expect-error: not with
commands.hsetex(key, { f: 1 }, { ttl, keepTtl: true })
// @ts-expect-error: not with
commands.hsetex(key, { f: 1 }, ttlAndKeep)
// @ts-expect-error: not with
commands.hsetex(key, { f: 1 }, { ...ttlAndMoment })
// @ts-expect-error: is not assignable to parameter of type 'HsetexOptions
commands.hsetex(key, { f: 1 }, bare)

// ZADD with NX and GT.

declare const nxGt: { readonly when: "nx gt" }
declare const nxAndCompare: { readonly when: "nx"; readonly compare: "gt" }
// @ts-expect-error: ZaddWhen
commands.zadd(key, members, { when: "nx gt" })
// @ts-expect-error: ZaddWhen
commands.zadd(key, members, nxGt)
// @ts-expect-error: ZaddWhen
commands.zadd(key, members, { changed: true, ...nxGt })
// @ts-expect-error: 'compare' does not exist
commands.zadd(key, members, { when: "nx", compare: "gt" })
commands.zadd(key, members, nxAndCompare)
// @ts-expect-error: ZaddWhen
commands.zaddIncr(key, "m", 1, nxGt)

// ZRANGE with a limit and without BY.

declare const limited: { readonly limit: readonly [offset: number, count: number] }
// @ts-expect-error: Property 'by' is missing
commands.zrange(key, 0, 1, { limit: [0, 1] })
// @ts-expect-error: Property 'by' is missing
commands.zrange(key, 0, 1, limited)
// @ts-expect-error: Property 'by' is missing
commands.zrange(key, 0, 1, { reverse: true, ...limited })
// @ts-expect-error: Property 'by' is missing
commands.zrangeWithScores(key, 0, 1, limited)
// @ts-expect-error: Property 'by' is missing
commands.zrangestore(key, key, 0, 1, { ...limited })

// GEOSEARCH with two origins, or two shapes.

const circle = { radius: 200, unit: "km" } as const
const place = { longitude: 15, latitude: 37 } as const
const memberAndPlace = { member: "m", longitude: 15, latitude: 37 } as const
const circleAndBox = { radius: 1, width: 1, height: 1, unit: "km" } as const
const twoOrigins = { from: memberAndPlace, by: circle } as const
const twoShapes = { from: place, by: circleAndBox } as const
// @ts-expect-error: not with
commands.geosearch(key, { from: { member: "m", longitude: 15, latitude: 37 }, by: circle })
// @ts-expect-error: is not assignable to parameter of type 'GeoSearch
commands.geosearch(key, twoOrigins)
// @ts-expect-error: is not assignable to parameter of type 'GeoSearch
commands.geosearch(key, { ...twoOrigins })
// @ts-expect-error: not with
commands.geosearch(key, { from: { ...memberAndPlace }, by: circle })
// @ts-expect-error: not with
commands.geosearch(key, { from: place, by: { radius: 1, width: 1, height: 1, unit: "km" } })
// @ts-expect-error: not with
commands.geosearch(key, twoShapes)
// @ts-expect-error: not with
commands.geosearch(key, { ...twoShapes, order: "asc" })
// @ts-expect-error: not with
commands.geosearchWith(key, twoShapes, ["distance"])
// @ts-expect-error: is not assignable to parameter of type 'GeoSearch
commands.geosearchstore(key, key, twoOrigins)

// XADD that trims by two strategies, or with a limit on an exact trim.

declare const limitedExactly: { readonly strategy: "maxlen"; readonly threshold: 5; readonly limit: 10 }
declare const anyStrategy: { readonly strategy: "maxlen" | "minid"; readonly threshold: number | string }
const both = ["maxlen", "minid"] as const
// @ts-expect-error: is not assignable to type '"maxlen" | "minid"'
commands.xadd(key, "*", { a: 1 }, { trim: { strategy: both, threshold: 5 } })
// @ts-expect-error: is not assignable to
commands.xadd(key, "*", { a: 1 }, { trim: anyStrategy })
// @ts-expect-error: is not assignable to
commands.xtrim(key, { ...anyStrategy })
// @ts-expect-error: 'minid' does not exist
commands.xtrim(key, { strategy: "maxlen", threshold: 5, minid: "1-1" })
// @ts-expect-error: approximate
commands.xtrim(key, { strategy: "maxlen", threshold: 5, limit: 10 })
// @ts-expect-error: approximate
commands.xtrim(key, limitedExactly)
// @ts-expect-error: approximate
commands.xtrim(key, { ...limitedExactly })
// @ts-expect-error: approximate
commands.xadd(key, "*", { a: 1 }, { trim: limitedExactly })
// @ts-expect-error: is not assignable to type
commands.xadd(key, "*", { a: 1 }, { trim: { ...limitedExactly, approximate: false } })

// CLIENT KILL without a filter.

declare const onlySkipme: { readonly skipme: true }
declare const maybeUser: { readonly user?: string }
// @ts-expect-error: ClientKillFilter
commands.clientKill({})
// @ts-expect-error: ClientKillFilter
commands.clientKill(nothing)
// @ts-expect-error: ClientKillFilter
commands.clientKill({ ...nothing })
// @ts-expect-error: ClientKillFilter
commands.clientKill({ skipme: true })
// @ts-expect-error: ClientKillFilter
commands.clientKill(onlySkipme)
// @ts-expect-error: ClientKillFilter
commands.clientKill({ ...onlySkipme })
// @ts-expect-error: ClientKillFilter
commands.clientKill(maybeUser)
// @ts-expect-error: ClientKillFilter
commands.clientKill({ ...maybeUser })

// BITFIELD with a type that does not exist.

const u64 = ["get", "u64", 0] as const
const u64s = [u64] as const
declare const i65: readonly ["set", "i65", 0, 1]
declare const anyType: readonly ["get", string, 0]
// @ts-expect-error: '"u64"' is not assignable to type
commands.bitfield(key, [["get", "u64", 0]])
// @ts-expect-error: '"u64"' is not assignable to type
commands.bitfield(key, [u64])
// @ts-expect-error: '"u64"' is not assignable to type
commands.bitfield(key, [["overflow", "sat"], ...u64s])
// @ts-expect-error: '"i65"' is not assignable to type
commands.bitfield(key, [i65])
// @ts-expect-error: is not assignable to type
commands.bitfield(key, [anyType])
// @ts-expect-error: '"u64"' is not assignable to type
commands.bitfieldRo(key, [u64])

// SORT by a constant with what has no effect then.

declare const unsorted: { readonly by: "nosort"; readonly alpha: true }
declare const byConstant: { readonly by: "constant" }
// @ts-expect-error: not with by: nosort
commands.sort(key, { by: "nosort", alpha: true })
// @ts-expect-error: not with by: nosort
commands.sort(key, unsorted)
// @ts-expect-error: not with by: nosort
commands.sort(key, { ...unsorted })
// @ts-expect-error: not with by: nosort
commands.sortRo(key, unsorted)
// @ts-expect-error: not with by: nosort
commands.sortStore(key, key, { limit: [0, 1], ...unsorted })
// @ts-expect-error: "nosort"
commands.sort(key, { by: "constant" })
// @ts-expect-error: "constant"
commands.sort(key, byConstant)
// @ts-expect-error: "constant"
commands.sort(key, { ...byConstant })

// LPOS with rank 0.

const rankZero = { rank: 0 } as const
// @ts-expect-error: not with 0: ranks begin at 1 or -1
commands.lpos(key, "e", { rank: 0 })
// @ts-expect-error: not with 0: ranks begin at 1 or -1
commands.lpos(key, "e", rankZero)
// @ts-expect-error: not with 0: ranks begin at 1 or -1
commands.lpos(key, "e", { maxLength: 5, ...rankZero })
// @ts-expect-error: not with 0: ranks begin at 1 or -1
commands.lposCount(key, "e", 2, rankZero)

// XREADGROUP with a wait without a unit, without ids.

declare const numbers: { readonly block: number }
declare const offsets: Readonly<Record<string, number>>
// @ts-expect-error: TimeoutInput
commands.xreadgroup("g", "c", { [key]: ">" }, { block: 0 })
// @ts-expect-error: TimeoutInput
commands.xreadgroup("g", "c", { [key]: ">" }, numbers)
// @ts-expect-error: TimeoutInput
commands.xreadgroup("g", "c", { [key]: ">" }, { count: 1, ...numbers })
// @ts-expect-error: StreamIds
commands.xreadgroup("g", "c", offsets)
// @ts-expect-error: StreamIds
commands.xreadgroup("g", "c", { ...offsets })
