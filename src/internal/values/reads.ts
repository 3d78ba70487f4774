/**
 * The types of the commands that read typed values. The members are written out, since
 * editors show no documentation for the members of a mapped type.
 */
import type * as Command from "../../Command.ts"
import type { Key } from "../../Command.ts"
import type {
  ArlastitemsOptions,
  ArrayIndex,
  CombineOptions,
  GeoCoordinates,
  GeoDetail,
  GeoFound,
  GeoUnit,
  Indexed,
  LposOptions,
  OneOrMore,
  Ranked,
  Variadic,
  ZrangeBound,
  ZrangeByRank,
  ZrangeByScore
} from "../../commands/index.ts"
import type { ScanOptions } from "../commands/args.ts"
import type { GeoSearchOf, Outcome } from "./results.ts"

/**
 * The commands that read values of type `T`. Several values are rest parameters, since a
 * value may be an array itself. A stored value that does not fit fails with
 * `ValueMismatch`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ValueReads<in out T, As extends keyof Outcome<unknown, "read">> {
  /** GET returns the value of a key; `null` if the key does not exist. */
  readonly get: {
    /** GET returns the value of a key; `null` if the key does not exist. */
    (key: Key): Outcome<T | null, "read">[As]
  }

  /** MGET returns the values of keys, in their order; `null` for a key that does not exist or holds another type. */
  readonly mget: {
    /** MGET returns the values of keys, in their order; `null` for a key that does not exist or holds another type. */
    (...keys: Variadic<Key>): Outcome<Array<T | null>, "read">[As]
  }

  /** HGET returns the value of a field; `null` if the field or the key does not exist. */
  readonly hget: {
    /** HGET returns the value of a field; `null` if the field or the key does not exist. */
    (key: Key, field: Key): Outcome<T | null, "read">[As]
  }

  /** HMGET returns the values of fields, in their order; `null` for a field that does not exist. */
  readonly hmget: {
    /** HMGET returns the values of fields, in their order; `null` for a field that does not exist. */
    (key: Key, ...fields: Variadic<Key>): Outcome<Array<T | null>, "read">[As]
  }

  /** HGETALL returns all fields with their values; `{}` if the key does not exist. */
  readonly hgetall: {
    /** HGETALL returns all fields with their values; `{}` if the key does not exist. */
    (key: Key): Outcome<Record<string, T>, "read">[As]
  }

  /** HVALS returns the values of all fields. */
  readonly hvals: {
    /** HVALS returns the values of all fields. */
    (key: Key): Outcome<Array<T>, "read">[As]
  }

  /** HRANDFIELD with WITHVALUES returns random fields with their values. */
  readonly hrandfieldWithValues: {
    /** HRANDFIELD with WITHVALUES returns random fields with their values. */
    (key: Key, count: number): Outcome<Array<[field: string, value: T]>, "read">[As]
  }

  /** HSCAN returns a page of fields with their values, and the cursor of the next page. */
  readonly hscan: {
    /** HSCAN returns a page of fields with their values, and the cursor of the next page. */
    (
      key: Key,
      cursor: string,
      options?: ScanOptions | undefined
    ): Outcome<Command.Page<Array<[field: string, value: T]>>, "read">[As]
  }

  /** LRANGE returns the elements from one index to another, both inclusive. */
  readonly lrange: {
    /** LRANGE returns the elements from one index to another, both inclusive. */
    (key: Key, start: number, stop: number): Outcome<Array<T>, "read">[As]
  }

  /** LINDEX returns the element at an index; `null` if there is none. */
  readonly lindex: {
    /** LINDEX returns the element at an index; `null` if there is none. */
    (key: Key, index: number): Outcome<T | null, "read">[As]
  }

  /** LPOS returns the index of an element; `null` if the list does not have it. */
  readonly lpos: {
    /** LPOS returns the index of an element; `null` if the list does not have it. */
    <const Rank extends number = number>(
      key: Key,
      element: T,
      options?: LposOptions<Rank> | undefined
    ): Outcome<number | null, "read">[As]
  }

  /** LPOS with COUNT returns the indexes of an element. */
  readonly lposCount: {
    /** LPOS with COUNT returns the indexes of an element. */
    <const Rank extends number = number>(
      key: Key,
      element: T,
      count: number,
      options?: LposOptions<Rank> | undefined
    ): Outcome<Array<number>, "read">[As]
  }

  /** SISMEMBER returns whether a set has a member. */
  readonly sismember: {
    /** SISMEMBER returns whether a set has a member. */
    (key: Key, member: T): Outcome<boolean, "read">[As]
  }

  /** SMISMEMBER returns of each member whether the set has it. */
  readonly smismember: {
    /** SMISMEMBER returns of each member whether the set has it. */
    (key: Key, ...members: Array<T>): Outcome<Array<boolean>, "read">[As]
  }

  /** SMEMBERS returns the members of a set. */
  readonly smembers: {
    /** SMEMBERS returns the members of a set. */
    (key: Key): Outcome<Array<T>, "read">[As]
  }

  /** SRANDMEMBER returns a random member; `null` if the key does not exist. */
  readonly srandmember: {
    /** SRANDMEMBER returns a random member; `null` if the key does not exist. */
    (key: Key): Outcome<T | null, "read">[As]
  }

  /** SRANDMEMBER with a count returns random members. */
  readonly srandmemberCount: {
    /** SRANDMEMBER with a count returns random members. */
    (key: Key, count: number): Outcome<Array<T>, "read">[As]
  }

  /** SINTER returns the members that all the sets have. */
  readonly sinter: {
    /** SINTER returns the members that all the sets have. */
    (...keys: Variadic<Key>): Outcome<Array<T>, "read">[As]
  }

  /** SUNION returns the members that any of the sets has. */
  readonly sunion: {
    /** SUNION returns the members that any of the sets has. */
    (...keys: Variadic<Key>): Outcome<Array<T>, "read">[As]
  }

  /** SDIFF returns the members of the first set that none of the others has. */
  readonly sdiff: {
    /** SDIFF returns the members of the first set that none of the others has. */
    (...keys: Variadic<Key>): Outcome<Array<T>, "read">[As]
  }

  /** SSCAN returns a page of members, and the cursor of the next page. */
  readonly sscan: {
    /** SSCAN returns a page of members, and the cursor of the next page. */
    (key: Key, cursor: string, options?: ScanOptions | undefined): Outcome<Command.Page<Array<T>>, "read">[As]
  }

  /** ZSCORE returns the score of a member; `null` if the set does not have it. */
  readonly zscore: {
    /** ZSCORE returns the score of a member; `null` if the set does not have it. */
    (key: Key, member: T): Outcome<number | null, "read">[As]
  }

  /** ZMSCORE returns the scores of members; `null` for a member that the set does not have. */
  readonly zmscore: {
    /** ZMSCORE returns the scores of members; `null` for a member that the set does not have. */
    (key: Key, ...members: Array<T>): Outcome<Array<number | null>, "read">[As]
  }

  /** ZRANK returns the rank of a member, from the lowest score; `null` if the set does not have it. */
  readonly zrank: {
    /** ZRANK returns the rank of a member, from the lowest score; `null` if the set does not have it. */
    (key: Key, member: T): Outcome<number | null, "read">[As]
  }

  /** ZREVRANK returns the rank of a member, from the highest score; `null` if the set does not have it. */
  readonly zrevrank: {
    /** ZREVRANK returns the rank of a member, from the highest score; `null` if the set does not have it. */
    (key: Key, member: T): Outcome<number | null, "read">[As]
  }

  /**
   * ZRANK with WITHSCORE returns the rank and the score of a member; `null` if the set does not have it. It needs Redis
   * 7.2.
   */
  readonly zrankWithScore: {
    /**
     * ZRANK with WITHSCORE returns the rank and the score of a member; `null` if the set does not have it. It needs
     * Redis 7.2.
     */
    (key: Key, member: T): Outcome<Ranked | null, "read">[As]
  }

  /**
   * ZREVRANK with WITHSCORE returns the rank of a member, from the highest score, and the score; `null` if the set does
   * not have it. It needs Redis 7.2.
   */
  readonly zrevrankWithScore: {
    /**
     * ZREVRANK with WITHSCORE returns the rank of a member, from the highest score, and the score; `null` if the set
     * does not have it. It needs Redis 7.2.
     */
    (key: Key, member: T): Outcome<Ranked | null, "read">[As]
  }

  /** ZRANGE returns the members from one rank, or score, to another. */
  readonly zrange: {
    /** ZRANGE returns the members from one rank, or score, to another. */
    <const Options extends ZrangeByScore | ZrangeByRank = ZrangeByRank>(
      key: Key,
      start: ZrangeBound<Options>,
      stop: ZrangeBound<Options>,
      options?: Options | undefined
    ): Outcome<Array<T>, "read">[As]
  }

  /** ZRANGE with WITHSCORES returns the members from one rank, or score, to another, with their scores. */
  readonly zrangeWithScores: {
    /** ZRANGE with WITHSCORES returns the members from one rank, or score, to another, with their scores. */
    <const Options extends ZrangeByScore | ZrangeByRank = ZrangeByRank>(
      key: Key,
      start: ZrangeBound<Options>,
      stop: ZrangeBound<Options>,
      options?: Options | undefined
    ): Outcome<Array<Command.Scored<T>>, "read">[As]
  }

  /** ZRANDMEMBER returns a random member; `null` if the key does not exist. */
  readonly zrandmember: {
    /** ZRANDMEMBER returns a random member; `null` if the key does not exist. */
    (key: Key): Outcome<T | null, "read">[As]
  }

  /** ZRANDMEMBER with a count returns random members. */
  readonly zrandmemberCount: {
    /** ZRANDMEMBER with a count returns random members. */
    (key: Key, count: number): Outcome<Array<T>, "read">[As]
  }

  /** ZRANDMEMBER with WITHSCORES returns random members with their scores. */
  readonly zrandmemberWithScores: {
    /** ZRANDMEMBER with WITHSCORES returns random members with their scores. */
    (key: Key, count: number): Outcome<Array<Command.Scored<T>>, "read">[As]
  }

  /** ZUNION returns the members that any of the sets has. */
  readonly zunion: {
    /** ZUNION returns the members that any of the sets has. */
    (keys: OneOrMore<Key>, options?: CombineOptions | undefined): Outcome<Array<T>, "read">[As]
  }

  /** ZUNION with WITHSCORES returns the members that any of the sets has, with their combined scores. */
  readonly zunionWithScores: {
    /** ZUNION with WITHSCORES returns the members that any of the sets has, with their combined scores. */
    (keys: OneOrMore<Key>, options?: CombineOptions | undefined): Outcome<Array<Command.Scored<T>>, "read">[As]
  }

  /** ZINTER returns the members that all the sets have. */
  readonly zinter: {
    /** ZINTER returns the members that all the sets have. */
    (keys: OneOrMore<Key>, options?: CombineOptions | undefined): Outcome<Array<T>, "read">[As]
  }

  /** ZINTER with WITHSCORES returns the members that all the sets have, with their combined scores. */
  readonly zinterWithScores: {
    /** ZINTER with WITHSCORES returns the members that all the sets have, with their combined scores. */
    (keys: OneOrMore<Key>, options?: CombineOptions | undefined): Outcome<Array<Command.Scored<T>>, "read">[As]
  }

  /** ZDIFF returns the members of the first set that none of the others has. */
  readonly zdiff: {
    /** ZDIFF returns the members of the first set that none of the others has. */
    (...keys: Variadic<Key>): Outcome<Array<T>, "read">[As]
  }

  /** ZDIFF with WITHSCORES returns the members of the first set that none of the others has, with their scores. */
  readonly zdiffWithScores: {
    /** ZDIFF with WITHSCORES returns the members of the first set that none of the others has, with their scores. */
    (...keys: Variadic<Key>): Outcome<Array<Command.Scored<T>>, "read">[As]
  }

  /** ZSCAN returns a page of members with their scores, and the cursor of the next page. */
  readonly zscan: {
    /** ZSCAN returns a page of members with their scores, and the cursor of the next page. */
    (
      key: Key,
      cursor: string,
      options?: ScanOptions | undefined
    ): Outcome<Command.Page<Array<Command.Scored<T>>>, "read">[As]
  }

  /** ZSCAN with NOSCORES returns a page of members, and the cursor of the next page. It needs Valkey 8.0. */
  readonly zscanNoscores: {
    /** ZSCAN with NOSCORES returns a page of members, and the cursor of the next page. It needs Valkey 8.0. */
    (key: Key, cursor: string, options?: ScanOptions | undefined): Outcome<Command.Page<Array<T>>, "read">[As]
  }

  /** GEODIST returns the distance between two members; `null` if one of them does not exist. */
  readonly geodist: {
    /** GEODIST returns the distance between two members; `null` if one of them does not exist. */
    (key: Key, member1: T, member2: T, unit?: GeoUnit | undefined): Outcome<number | null, "read">[As]
  }

  /** GEOHASH returns the geohashes of members; `null` for a member that does not exist. */
  readonly geohash: {
    /** GEOHASH returns the geohashes of members; `null` for a member that does not exist. */
    (key: Key, ...members: Array<T>): Outcome<Array<string | null>, "read">[As]
  }

  /** GEOPOS returns where members are; `null` for a member that does not exist. */
  readonly geopos: {
    /** GEOPOS returns where members are; `null` for a member that does not exist. */
    (key: Key, ...members: Array<T>): Outcome<Array<GeoCoordinates | null>, "read">[As]
  }

  /** ARGET returns the value at an index of an array; `null` if there is none. It needs Redis 8.8. */
  readonly arget: {
    /** ARGET returns the value at an index of an array; `null` if there is none. It needs Redis 8.8. */
    (key: Key, index: ArrayIndex): Outcome<T | null, "read">[As]
  }

  /**
   * ARMGET returns the values at indexes of an array, in their order; `null` where there is none. It needs Redis 8.8.
   */
  readonly armget: {
    /**
     * ARMGET returns the values at indexes of an array, in their order; `null` where there is none. It needs Redis 8.8.
     */
    (key: Key, ...indexes: Variadic<ArrayIndex>): Outcome<Array<T | null>, "read">[As]
  }

  /**
   * ARGETRANGE returns the values from one index of an array to another; `null` where there is none. It needs Redis
   * 8.8.
   */
  readonly argetrange: {
    /**
     * ARGETRANGE returns the values from one index of an array to another; `null` where there is none. It needs Redis
     * 8.8.
     */
    (key: Key, start: ArrayIndex, end: ArrayIndex): Outcome<Array<T | null>, "read">[As]
  }

  /** ARSCAN returns the values from one index of an array to another, with their indexes. It needs Redis 8.8. */
  readonly arscan: {
    /** ARSCAN returns the values from one index of an array to another, with their indexes. It needs Redis 8.8. */
    (key: Key, start: ArrayIndex, end: ArrayIndex, limit?: number | undefined): Outcome<Array<Indexed<T>>, "read">[As]
  }

  /** ARLASTITEMS returns the values that ARINSERT or ARRING stored last. It needs Redis 8.8. */
  readonly arlastitems: {
    /** ARLASTITEMS returns the values that ARINSERT or ARRING stored last. It needs Redis 8.8. */
    (key: Key, count: number, options?: ArlastitemsOptions | undefined): Outcome<Array<T | null>, "read">[As]
  }

  /** GEOSEARCH returns the members inside a circle, a box or a polygon. */
  readonly geosearch: {
    /** GEOSEARCH returns the members inside a circle, a box or a polygon. */
    (key: Key, search: GeoSearchOf<T>): Outcome<Array<T>, "read">[As]
  }

  /** GEOSEARCH with details returns the members inside a circle, a box or a polygon, with what is asked for of each. */
  readonly geosearchWith: {
    /**
     * GEOSEARCH with details returns the members inside a circle, a box or a polygon, with what is asked for of each.
     */
    <const Details extends ReadonlyArray<GeoDetail>>(
      key: Key,
      search: GeoSearchOf<T>,
      details: Details
    ): Outcome<Array<GeoFound<Details, T>>, "read">[As]
  }
}
