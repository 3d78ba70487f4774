/**
 * What the commands on typed values take and give where a value is a part of it.
 */
import type * as Effect from "effect/Effect"
import type * as Command from "../../Command.ts"
import type {
  Expiry,
  GeoBox,
  GeoCircle,
  GeoCoordinates,
  GeoFromCoordinates,
  GeoSelection,
  GeoWithin,
  IfDigestEqual,
  IfDigestNotEqual,
  NotWith,
  SetWhen,
  ZaddWhen
} from "../../commands/index.ts"
import type { RedisError } from "../../Errors.ts"

/**
 * What a call on typed values gives: a command, or the Effect of a client's method.
 *
 * @since 0.1.0
 * @category utility types
 */
export interface Outcome<out A, out M extends Command.Mode> {
  /** A command, for `run`, pipelines and transactions. */
  readonly command: Command.Command<A, M>
  /** What a method of a client returns. */
  readonly method: Effect.Effect<A, RedisError>
}

/**
 * Elements that a command removed from a list, with the key of the list.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoppedValues<out T> {
  /** The key of the list. */
  readonly key: string
  /** The elements, in the order in which they were removed. */
  readonly elements: Array<T>
}

/**
 * Members that a command removed from a sorted set, with the key of the set.
 *
 * @since 0.1.0
 * @category models
 */
export interface PoppedScoredValues<out T> {
  /** The key of the sorted set. */
  readonly key: string
  /** The members with their scores, in the order in which they were removed. */
  readonly members: Array<Command.Scored<T>>
}

/**
 * A key has this typed value.
 *
 * @since 0.1.0
 * @category models
 */
export interface IfEqualOf<T> {
  /** Only if the key exists and its value equals this one, byte by byte (IFEQ). Needs Redis 8.4; in SET, Valkey 8.1. */
  readonly ifeq: T
  /** Not with `ifeq`. */
  readonly ifdeq?: NotWith<"ifeq"> | undefined
  /** Not with `ifeq`. */
  readonly ifdne?: NotWith<"ifeq"> | undefined
  /** Not with `ifeq`. */
  readonly ifne?: NotWith<"ifeq"> | undefined
}

/**
 * A key has another typed value.
 *
 * @since 0.1.0
 * @category models
 */
export interface IfNotEqualOf<T> {
  /** Only if the value of the key differs from this one (IFNE); SET stores at a missing key. Needs Redis 8.4. */
  readonly ifne: T
  /** Not with `ifne`. */
  readonly ifdeq?: NotWith<"ifne"> | undefined
  /** Not with `ifne`. */
  readonly ifdne?: NotWith<"ifne"> | undefined
  /** Not with `ifne`. */
  readonly ifeq?: NotWith<"ifne"> | undefined
}

/**
 * A condition on the value of a key: exactly one of `ifeq`, `ifne`, `ifdeq` and `ifdne`.
 *
 * @since 0.1.0
 * @category models
 */
export type ValueConditionOf<T> = IfEqualOf<T> | IfNotEqualOf<T> | IfDigestEqual | IfDigestNotEqual

/**
 * Options of SET for typed values: at most one condition, and at most one expiry.
 *
 * @since 0.1.0
 * @category models
 */
export type SetOptionsOf<T> =
  & Expiry
  & (
    | SetWhen
    | (ValueConditionOf<T> & {
      /** Not with a condition on the value. */
      readonly when?: NotWith<"ifeq, ifne, ifdeq, ifdne"> | undefined
    })
  )

/**
 * Options of ZADD with INCR.
 *
 * @since 0.1.0
 * @category models
 */
export interface ZaddIncrOptions {
  /** When the score changes: as for `zadd`. Default: always. */
  readonly when?: ZaddWhen | undefined
}

/**
 * A typed member with its place.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoValue<out T> extends GeoCoordinates {
  /** The member. */
  readonly member: T
}

/**
 * A search by places whose origin may be a typed member.
 *
 * @since 0.1.0
 * @category models
 */
export type GeoSearchOf<T> = (GeoAroundValue<T> | GeoWithin) & GeoSelection

/**
 * A circle or a box around a place or a typed member.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoAroundValue<T> {
  /** The origin: a member of the key, or a place. */
  readonly from: GeoFromValue<T> | GeoFromCoordinates
  /** The shape around the origin. */
  readonly by: GeoCircle | GeoBox
}

/**
 * The place of a typed member as the origin of a search.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoFromValue<T> {
  /** The member. */
  readonly member: T
  /** Not with `member`. */
  readonly latitude?: NotWith<"member"> | undefined
  /** Not with `member`. */
  readonly longitude?: NotWith<"member"> | undefined
}
