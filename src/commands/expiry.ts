/**
 * The commands on the expiry of keys: setting it, asking for it, removing it. SET,
 * GETEX and RESTORE set one, too: strings.ts and keys.ts.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { argv, keyword } from "../internal/commands/args.ts"
import { type DurationInput, epochMillisOf, isWholeSeconds, millisOf, type Moment } from "../internal/commands/time.ts"
import { momentOf } from "../internal/commands/timeDecoders.ts"

/**
 * A condition of EXPIRE, PEXPIRE, EXPIREAT and PEXPIREAT: the key has no expiry
 * (`"nx"`), has one (`"xx"`), or the new expiry is later (`"gt"`) or earlier
 * (`"lt"`) than the one that it has. A key without expiry counts as one that
 * expires never. Needs Redis 7.0.
 *
 * @since 0.1.0
 * @category models
 */
export type ExpireWhen = "nx" | "xx" | "gt" | "lt"

const conditions: ReadonlyArray<ExpireWhen> = ["nx", "xx", "gt", "lt"]

const expireArgs = (command: string, key: Key, time: number, when: ExpireWhen | undefined): Array<Arg> =>
  when === undefined ? [key, time] : [key, time, keyword(command, "when", when, conditions)]

const EXPIRE = define({ words: ["EXPIRE"], mode: "write", keys: 1, decode: Command.flag })
const PEXPIRE = define({ words: ["PEXPIRE"], mode: "write", keys: 1, decode: Command.flag })
/**
 * EXPIRE makes the server delete a key when `ttl` has passed from now on. A time to live with a fraction of a
 * second is sent as PEXPIRE. The result is `true` if the expiry was set, and `false` if the key does not exist or
 * `when` was not met. `when` needs Redis 7.0. Fails with `InvalidCommand` for zero and negative durations, which
 * would delete the key: DEL says so.
 *
 * **Example** (Expiries of an hour and of 1.5 seconds)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const hour = commands.expire("session:1", "1 hour")
 * export const short = commands.expire("session:2", "1500 millis", "gt")
 * ```
 *
 * @see https://redis.io/docs/latest/commands/expire/
 * @see https://redis.io/docs/latest/commands/pexpire/
 * @since 0.1.0
 * @category keys
 */
export const expire = (key: Key, ttl: DurationInput, when?: ExpireWhen | undefined) => {
  const millis = millisOf(EXPIRE.name, "ttl", ttl)
  return isWholeSeconds(millis)
    ? make(EXPIRE, expireArgs(EXPIRE.name, key, millis / 1000, when))
    : make(PEXPIRE, expireArgs(EXPIRE.name, key, millis, when))
}

/**
 * PEXPIRE makes the server delete a key when `ttl` has passed from now on, and is always sent in milliseconds. The
 * result is `true` if the expiry was set, and `false` if the key does not exist or `when` was not met. `when`
 * needs Redis 7.0. Fails with `InvalidCommand` for zero and negative durations, which would delete the key: DEL
 * says so.
 *
 * @see https://redis.io/docs/latest/commands/pexpire/
 * @since 0.1.0
 * @category keys
 */
export const pexpire = (key: Key, ttl: DurationInput, when?: ExpireWhen | undefined) =>
  make(PEXPIRE, expireArgs(PEXPIRE.name, key, millisOf(PEXPIRE.name, "ttl", ttl), when))

const EXPIREAT = define({ words: ["EXPIREAT"], mode: "write", keys: 1, decode: Command.flag })
const PEXPIREAT = define({ words: ["PEXPIREAT"], mode: "write", keys: 1, decode: Command.flag })
/**
 * EXPIREAT makes the server delete a key at a moment; one in the past deletes it at once. A moment with a fraction
 * of a second is sent as PEXPIREAT. The result is `true` if the expiry was set, and `false` if the key does not
 * exist or `when` was not met. `when` needs Redis 7.0.
 *
 * **Example** (The end of a year)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const atNewYear = commands.expireat("offer", new Date("2031-01-01T00:00:00Z"))
 * ```
 *
 * @see https://redis.io/docs/latest/commands/expireat/
 * @see https://redis.io/docs/latest/commands/pexpireat/
 * @since 0.1.0
 * @category keys
 */
export const expireat = (key: Key, moment: Moment, when?: ExpireWhen | undefined) => {
  const millis = epochMillisOf(EXPIREAT.name, "moment", moment)
  return isWholeSeconds(millis)
    ? make(EXPIREAT, expireArgs(EXPIREAT.name, key, millis / 1000, when))
    : make(PEXPIREAT, expireArgs(EXPIREAT.name, key, millis, when))
}

/**
 * PEXPIREAT makes the server delete a key at a moment, and is always sent in milliseconds; a moment in the past
 * deletes it at once. The result is `true` if the expiry was set, and `false` if the key does not exist or `when`
 * was not met. `when` needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/pexpireat/
 * @since 0.1.0
 * @category keys
 */
export const pexpireat = (key: Key, moment: Moment, when?: ExpireWhen | undefined) =>
  make(PEXPIREAT, expireArgs(PEXPIREAT.name, key, epochMillisOf(PEXPIREAT.name, "moment", moment), when))

/**
 * When a key expires: a moment, `"never"` if it has no expiry, or `null` if it does not exist.
 *
 * @since 0.1.0
 * @category models
 */
export type ExpireTime = DateTime.Utc | "never" | null

/** -1: a key without expiry, -2: no key. */
const expireTimeIn = (unit: number) =>
  Command.map(
    Command.int,
    (n): ExpireTime => n === -2 ? null : n === -1 ? "never" : momentOf(n * unit)
  )

const EXPIRETIME = define({ words: ["EXPIRETIME"], mode: "read", keys: 1, decode: expireTimeIn(1000) })
/**
 * EXPIRETIME returns when a key expires, to the second. The result is `"never"` if the key has no expiry, and
 * `null` if it does not exist. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/expiretime/
 * @since 0.1.0
 * @category keys
 */
export const expiretime = (key: Key) => make(EXPIRETIME, argv(key))

const PEXPIRETIME = define({ words: ["PEXPIRETIME"], mode: "read", keys: 1, decode: expireTimeIn(1) })
/**
 * PEXPIRETIME returns when a key expires, to the millisecond. The result is `"never"` if the key has no expiry,
 * and `null` if it does not exist. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/pexpiretime/
 * @since 0.1.0
 * @category keys
 */
export const pexpiretime = (key: Key) => make(PEXPIRETIME, argv(key))

/** -1: a key without expiry, -2: no key. */
const ttlIn = (unit: number) =>
  Command.map(Command.int, (n) => n === -2 ? null : n === -1 ? Duration.infinity : Duration.millis(n * unit))

const TTL = define({ words: ["TTL"], mode: "read", keys: 1, decode: ttlIn(1000) })
/**
 * TTL returns how long a key still lives, rounded to a second. The result is `Duration.infinity` if the key has no
 * expiry, and `null` if it does not exist.
 *
 * @see https://redis.io/docs/latest/commands/ttl/
 * @since 0.1.0
 * @category keys
 */
export const ttl = (key: Key) => make(TTL, argv(key))

const PTTL = define({ words: ["PTTL"], mode: "read", keys: 1, decode: ttlIn(1) })
/**
 * PTTL returns how long a key still lives, to the millisecond. The result is `Duration.infinity` if the key has no
 * expiry, and `null` if it does not exist.
 *
 * **Example** (Whether a key expires within a minute)
 *
 * ```ts
 * import { Duration, Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const left = yield* redis.pttl("session:1")
 *   return left !== null && Duration.toSeconds(left) < 60
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/pttl/
 * @since 0.1.0
 * @category keys
 */
export const pttl = (key: Key) => make(PTTL, argv(key))

const PERSIST = define({ words: ["PERSIST"], mode: "write", keys: 1, decode: Command.flag })
/**
 * PERSIST removes the expiry of a key. The result is `true` if the key had one, and `false` if it had none or does
 * not exist.
 *
 * @see https://redis.io/docs/latest/commands/persist/
 * @since 0.1.0
 * @category keys
 */
export const persist = (key: Key) => make(PERSIST, argv(key))
