/**
 * Types that the arguments and options of many commands share: durations, moments,
 * one or several keys, and fields that exclude each other. What they mean on the
 * wire is in internal/commands/time.ts and internal/commands/args.ts.
 *
 * @since 0.1.0
 */
import type { DurationInput, Moment } from "../internal/commands/time.ts"

export type { OneOrMore, Variadic } from "../internal/commands/args.ts"
export type { DurationInput, EpochMillis, Moment, TimeoutInput } from "../internal/commands/time.ts"

/**
 * The type of a field that must be left out, because the field or the choice that it
 * names is there. An error of the compiler shows it: `Type 'string' is not assignable to
 * type '"not with expireAt"'`.
 *
 * It is a literal, so that the compiler tells the members of a union apart by it and
 * reports the field that is wrong. The text itself is refused with `InvalidCommand`.
 *
 * **Example** (Two fields that exclude each other)
 *
 * ```ts
 * import type { commands } from "effect-redis-sentinel"
 *
 * interface InSeconds {
 *   readonly seconds?: number | undefined
 *   readonly millis?: commands.NotWith<"seconds"> | undefined
 * }
 * interface InMillis {
 *   readonly millis?: number | undefined
 *   readonly seconds?: commands.NotWith<"millis"> | undefined
 * }
 * export type Options = InSeconds | InMillis
 * ```
 *
 * @since 0.1.0
 * @category utility types
 */
export type NotWith<Other extends string> = `not with ${Other}`

/**
 * Options of a write that may keep the expiry that there is.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeepExpiry {
  /** Whether the key, or the fields, keep the expiry that they have (KEEPTTL). Default false. */
  readonly keepTtl?: boolean | undefined
  /** Not with `keepTtl`. */
  readonly expireAt?: NotWith<"keepTtl"> | undefined
  /** Not with `keepTtl`. */
  readonly ttl?: NotWith<"keepTtl"> | undefined
}

/**
 * Options of a write with the moment of the expiry.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExpireAt {
  /** When the key expires, or the fields; a moment in the past deletes them (EXAT, PXAT). */
  readonly expireAt?: Moment | undefined
  /** Not with `expireAt`. */
  readonly keepTtl?: NotWith<"expireAt"> | undefined
  /** Not with `expireAt`. */
  readonly ttl?: NotWith<"expireAt"> | undefined
}

/**
 * Options of a write with a time to live.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExpireAfter {
  /** How long the key lives, or the fields, such as `"60 seconds"` (EX, PX). */
  readonly ttl?: DurationInput | undefined
  /** Not with `ttl`. */
  readonly expireAt?: NotWith<"ttl"> | undefined
  /** Not with `ttl`. */
  readonly keepTtl?: NotWith<"ttl"> | undefined
}

/**
 * The expiry of what is written: at most one of `ttl`, `expireAt` and `keepTtl`. Without
 * them it does not expire.
 *
 * @since 0.1.0
 * @category models
 */
export type Expiry = KeepExpiry | ExpireAt | ExpireAfter

/**
 * Removes the expiry of what is read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Persist {
  /** Removes the expiry (PERSIST). */
  readonly persist: true
  /** Not with `persist`. */
  readonly expireAt?: NotWith<"persist"> | undefined
  /** Not with `persist`. */
  readonly ttl?: NotWith<"persist"> | undefined
}

/**
 * Sets the moment at which what is read expires.
 *
 * @since 0.1.0
 * @category models
 */
export interface SetExpireAt {
  /** When the key expires, or the fields; a moment in the past deletes them (EXAT, PXAT). */
  readonly expireAt: Moment
  /** Not with `expireAt`. */
  readonly persist?: NotWith<"expireAt"> | undefined
  /** Not with `expireAt`. */
  readonly ttl?: NotWith<"expireAt"> | undefined
}

/**
 * Sets the time to live of what is read.
 *
 * @since 0.1.0
 * @category models
 */
export interface SetExpireAfter {
  /** How long the key lives from now on, or the fields, such as `"60 seconds"` (EX, PX). */
  readonly ttl: DurationInput
  /** Not with `ttl`. */
  readonly expireAt?: NotWith<"ttl"> | undefined
  /** Not with `ttl`. */
  readonly persist?: NotWith<"ttl"> | undefined
}

/**
 * The new expiry of what is read: exactly one of `ttl`, `expireAt` and `persist`.
 *
 * @since 0.1.0
 * @category models
 */
export type NewExpiry = Persist | SetExpireAt | SetExpireAfter
