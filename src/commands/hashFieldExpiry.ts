/**
 * The commands on the expiry of single fields of a hash, since Redis 7.4 and Valkey 9.0.
 * The expiry of whole keys is in expiry.ts.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import {
  appendAll,
  appendPairs,
  argv,
  type FieldsOf,
  keysOf,
  keyword,
  type OneOrMore,
  optionsOf
} from "../internal/commands/args.ts"
import {
  appendExpiry,
  appendNewExpiry,
  type DurationInput,
  epochMillisOf,
  isWholeSeconds,
  millisOf,
  type Moment
} from "../internal/commands/time.ts"
import { momentOf } from "../internal/commands/timeDecoders.ts"
import type { ExpireTime, ExpireWhen } from "./expiry.ts"
import type { Expiry, NewExpiry } from "./options.ts"

/** FIELDS, their number, and the fields. */
const appendFields = (command: string, args: Array<Arg>, fields: OneOrMore<Key>): Array<Arg> => {
  const all = keysOf(command, fields)
  args.push("FIELDS", all.length)
  return appendAll(args, all)
}

const conditions: ReadonlyArray<ExpireWhen> = ["nx", "xx", "gt", "lt"]

const expireArgs = (
  command: string,
  key: Key,
  time: number,
  fields: OneOrMore<Key>,
  when: ExpireWhen | undefined
): Array<Arg> => {
  const args = argv(key, time)
  if (when !== undefined) args.push(keyword(command, "when", when, conditions))
  return appendFields(command, args, fields)
}

/**
 * What became of a field that was given an expiry: it has it (`"set"`), the condition was
 * not met (`"unmet"`), the moment was in the past and the field is deleted (`"deleted"`), or
 * `null`: there is no such field.
 *
 * @since 0.1.0
 * @category models
 */
export type HexpireResult = "set" | "unmet" | "deleted" | null

const hexpireResults = Command.array(
  Command.map(Command.int, (n): HexpireResult => n === 1 ? "set" : n === 0 ? "unmet" : n === 2 ? "deleted" : null)
)

const HPEXPIRE = define({ words: ["HPEXPIRE"], mode: "write", keys: 1, decode: hexpireResults })
const HEXPIRE = define({ words: ["HEXPIRE"], mode: "write", keys: 1, decode: hexpireResults })
/**
 * HEXPIRE lets fields of a hash expire after a time, and returns what became of each, in the order of the fields. A
 * time to live with a fraction of a second is sent as HPEXPIRE. With `when`, only those without an expiry (`"nx"`), with
 * one (`"xx"`), or with one that is earlier (`"gt"`) or later (`"lt"`). Fails with WRONGTYPE if the key holds another
 * type. Needs Redis 7.4 or Valkey 9.0.
 *
 * **Example** (A session in a field)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const limited = commands.hexpire("sessions", "1 hour", ["ada", "grace"], "nx")
 * ```
 *
 * @see https://redis.io/docs/latest/commands/hexpire/
 * @see https://redis.io/docs/latest/commands/hpexpire/
 * @since 0.1.0
 * @category hashes
 */
export const hexpire = (key: Key, ttl: DurationInput, fields: OneOrMore<Key>, when?: ExpireWhen | undefined) => {
  const millis = millisOf(HEXPIRE.name, "ttl", ttl)
  return isWholeSeconds(millis)
    ? make(HEXPIRE, expireArgs(HEXPIRE.name, key, millis / 1000, fields, when))
    : make(HPEXPIRE, expireArgs(HEXPIRE.name, key, millis, fields, when))
}

/**
 * HPEXPIRE lets fields of a hash expire after a time in milliseconds, and returns what became of each, in the order
 * of the fields. `when` is that of HEXPIRE. Fails with WRONGTYPE if the key holds another type. Needs Redis 7.4 or
 * Valkey 9.0.
 *
 * @see https://redis.io/docs/latest/commands/hpexpire/
 * @since 0.1.0
 * @category hashes
 */
export const hpexpire = (key: Key, ttl: DurationInput, fields: OneOrMore<Key>, when?: ExpireWhen | undefined) =>
  make(HPEXPIRE, expireArgs("HPEXPIRE", key, millisOf("HPEXPIRE", "ttl", ttl), fields, when))

const HPEXPIREAT = define({ words: ["HPEXPIREAT"], mode: "write", keys: 1, decode: hexpireResults })
const HEXPIREAT = define({ words: ["HEXPIREAT"], mode: "write", keys: 1, decode: hexpireResults })
/**
 * HEXPIREAT lets fields of a hash expire at a moment, and returns what became of each, in the order of the fields; a
 * moment in the past deletes them. A moment with a fraction of a second is sent as HPEXPIREAT. `when` is that of
 * HEXPIRE. Fails with WRONGTYPE if the key holds another type. Needs Redis 7.4 or Valkey 9.0.
 *
 * @see https://redis.io/docs/latest/commands/hexpireat/
 * @see https://redis.io/docs/latest/commands/hpexpireat/
 * @since 0.1.0
 * @category hashes
 */
export const hexpireat = (key: Key, moment: Moment, fields: OneOrMore<Key>, when?: ExpireWhen | undefined) => {
  const millis = epochMillisOf(HEXPIREAT.name, "moment", moment)
  return isWholeSeconds(millis)
    ? make(HEXPIREAT, expireArgs(HEXPIREAT.name, key, millis / 1000, fields, when))
    : make(HPEXPIREAT, expireArgs(HEXPIREAT.name, key, millis, fields, when))
}

/**
 * HPEXPIREAT lets fields of a hash expire at a moment in milliseconds, and returns what became of each, in the order
 * of the fields; a moment in the past deletes them. `when` is that of HEXPIRE. Fails with WRONGTYPE if the key holds
 * another type. Needs Redis 7.4 or Valkey 9.0.
 *
 * @see https://redis.io/docs/latest/commands/hpexpireat/
 * @since 0.1.0
 * @category hashes
 */
export const hpexpireat = (key: Key, moment: Moment, fields: OneOrMore<Key>, when?: ExpireWhen | undefined) =>
  make(HPEXPIREAT, expireArgs("HPEXPIREAT", key, epochMillisOf("HPEXPIREAT", "moment", moment), fields, when))

/** -1: a field without expiry, -2: no field. */
const ttlsIn = (unit: number) =>
  Command.array(
    Command.map(Command.int, (n) => n === -2 ? null : n === -1 ? Duration.infinity : Duration.millis(n * unit))
  )

const HTTL = define({ words: ["HTTL"], mode: "read", keys: 1, decode: ttlsIn(1000) })
/**
 * HTTL returns how long fields of a hash still live, in whole seconds, in the order of the fields:
 * `Duration.infinity` for a field without expiry, `null` for one that does not exist. Fails with WRONGTYPE if the key
 * holds another type. Needs Redis 7.4 or Valkey 9.0.
 *
 * @see https://redis.io/docs/latest/commands/httl/
 * @since 0.1.0
 * @category hashes
 */
export const httl = (key: Key, fields: OneOrMore<Key>) => make(HTTL, appendFields("HTTL", argv(key), fields))

const HPTTL = define({ words: ["HPTTL"], mode: "read", keys: 1, decode: ttlsIn(1) })
/**
 * HPTTL returns how long fields of a hash still live, to the millisecond, in the order of the fields:
 * `Duration.infinity` for a field without expiry, `null` for one that does not exist. Fails with WRONGTYPE if the key
 * holds another type. Needs Redis 7.4 or Valkey 9.0.
 *
 * @see https://redis.io/docs/latest/commands/hpttl/
 * @since 0.1.0
 * @category hashes
 */
export const hpttl = (key: Key, fields: OneOrMore<Key>) => make(HPTTL, appendFields("HPTTL", argv(key), fields))

const momentsIn = (unit: number) =>
  Command.array(
    Command.map(
      Command.int,
      (n): ExpireTime => n === -2 ? null : n === -1 ? "never" : momentOf(n * unit)
    )
  )

const HEXPIRETIME = define({ words: ["HEXPIRETIME"], mode: "read", keys: 1, decode: momentsIn(1000) })
/**
 * HEXPIRETIME returns when fields of a hash expire, to the second, in the order of the fields: `"never"` for a field
 * without expiry, `null` for one that does not exist. Fails with WRONGTYPE if the key holds another type. Needs Redis
 * 7.4 or Valkey 9.0.
 *
 * @see https://redis.io/docs/latest/commands/hexpiretime/
 * @since 0.1.0
 * @category hashes
 */
export const hexpiretime = (key: Key, fields: OneOrMore<Key>) =>
  make(HEXPIRETIME, appendFields("HEXPIRETIME", argv(key), fields))

const HPEXPIRETIME = define({ words: ["HPEXPIRETIME"], mode: "read", keys: 1, decode: momentsIn(1) })
/**
 * HPEXPIRETIME returns when fields of a hash expire, to the millisecond, in the order of the fields: `"never"` for a
 * field without expiry, `null` for one that does not exist. Fails with WRONGTYPE if the key holds another type. Needs
 * Redis 7.4 or Valkey 9.0.
 *
 * @see https://redis.io/docs/latest/commands/hpexpiretime/
 * @since 0.1.0
 * @category hashes
 */
export const hpexpiretime = (key: Key, fields: OneOrMore<Key>) =>
  make(HPEXPIRETIME, appendFields("HPEXPIRETIME", argv(key), fields))

const HPERSIST = define({
  words: ["HPERSIST"],
  mode: "write",
  keys: 1,
  decode: Command.array(Command.map(Command.int, (n) => n === -2 ? null : n === 1))
})
/**
 * HPERSIST removes the expiry of fields of a hash. The result says for each field, in their order, whether it had one;
 * `null` if the field does not exist. Fails with WRONGTYPE if the key holds another type. Needs Redis 7.4 or Valkey
 * 9.0.
 *
 * @see https://redis.io/docs/latest/commands/hpersist/
 * @since 0.1.0
 * @category hashes
 */
export const hpersist = (key: Key, fields: OneOrMore<Key>) =>
  make(HPERSIST, appendFields("HPERSIST", argv(key), fields))

const HGETDEL = define({ words: ["HGETDEL"], mode: "write", keys: 1, decode: Command.stringsWithNulls })
/**
 * HGETDEL returns the values of fields of a hash, in the order of the fields, with `null` for each that does not
 * exist, and deletes the fields. A hash without fields is deleted. Fails with WRONGTYPE if the key holds another
 * type. Needs Redis 8.0 or Valkey 9.1.
 *
 * @see https://redis.io/docs/latest/commands/hgetdel/
 * @since 0.1.0
 * @category hashes
 */
export const hgetdel = (key: Key, fields: OneOrMore<Key>) => make(HGETDEL, appendFields("HGETDEL", argv(key), fields))

const HGETEX = define({ words: ["HGETEX"], mode: "write", keys: 1, decode: Command.stringsWithNulls })
const hgetexFields = { persist: "flag", expireAt: "value", ttl: "value" } as const

/**
 * HGETEX returns the values of fields of a hash, in the order of the fields, with `null` for each that does not exist,
 * and sets or removes their expiry. Fails with WRONGTYPE if the key holds another type, and with `InvalidCommand`
 * unless there is exactly one of `ttl`, `expireAt` and `persist`; HMGET only reads. Needs Redis 8.0 or Valkey 9.0.
 *
 * @see https://redis.io/docs/latest/commands/hgetex/
 * @since 0.1.0
 * @category hashes
 */
export const hgetex = (key: Key, fields: OneOrMore<Key>, options: NewExpiry) => {
  const args = argv(key)
  appendNewExpiry("HGETEX", args, optionsOf("HGETEX", options, hgetexFields))
  return make(HGETEX, appendFields("HGETEX", args, fields))
}

/**
 * Options of HSETEX: conditions, and at most one of `ttl`, `expireAt` and `keepTtl`. Without
 * them the fields do not expire.
 *
 * @since 0.1.0
 * @category models
 */
export type HsetexOptions = Expiry & {
  /** Only if none of the fields exists (`"fnx"`), or only if all of them do (`"fxx"`). Default: always. */
  readonly when?: "fnx" | "fxx" | undefined
  /** Only if the key does not exist (`"nx"`), or only if it does (`"xx"`). Needs Valkey 9.1. Default: always. */
  readonly whenKey?: "nx" | "xx" | undefined
}

const HSETEX = define({ words: ["HSETEX"], mode: "write", keys: 1, decode: Command.flag })
const hsetexFields: FieldsOf<HsetexOptions> = {
  keepTtl: "flag",
  expireAt: "value",
  ttl: "value",
  when: "value",
  whenKey: "value"
}

/**
 * HSETEX sets fields of a hash and their expiry. The result is whether they were set: `false` if a condition was not
 * met and nothing changed. A missing key is created. `fields` is a record, or an iterable of `[field, value]` pairs.
 * Fails with WRONGTYPE if the key holds another type, and with `InvalidCommand` for more than one of `ttl`, `expireAt`
 * and `keepTtl`. Needs Redis 8.0 or Valkey 9.0.
 *
 * @see https://redis.io/docs/latest/commands/hsetex/
 * @since 0.1.0
 * @category hashes
 */
export const hsetex = (
  key: Key,
  fields: Readonly<Record<string, Arg>> | Iterable<readonly [Key, Arg]>,
  options?: HsetexOptions | undefined
) => {
  const args = argv(key)
  const given = optionsOf("HSETEX", options, hsetexFields)
  if (given !== undefined) {
    if (given.whenKey !== undefined) args.push(keyword("HSETEX", "whenKey", given.whenKey, ["nx", "xx"]))
    if (given.when !== undefined) args.push(keyword("HSETEX", "when", given.when, ["fnx", "fxx"]))
    appendExpiry("HSETEX", args, given)
  }
  const pairs = appendPairs("HSETEX", argv(), fields)
  args.push("FIELDS", pairs.length / 2)
  return make(HSETEX, appendAll(args, pairs))
}
