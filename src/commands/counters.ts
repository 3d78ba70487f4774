/**
 * The commands on strings that are numbers: they add to them and subtract from them.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { argv, exclusive, type FieldsOf, optionsOf, scoreArg } from "../internal/commands/args.ts"
import { appendExpireAt, appendTtl, type DurationInput, type Moment } from "../internal/commands/time.ts"
import type { NotWith, SetExpireAfter, SetExpireAt } from "./options.ts"

const INCR = define({ words: ["INCR"], mode: "write", keys: 1, decode: Command.int })
/**
 * INCR adds 1 to the integer at a key and returns the new value. A missing key counts as 0; the expiry stays.
 * Fails with ERR if the value is not an integer of 64 bits or would no longer be one, and with WRONGTYPE if the
 * key holds another type. `Command.exact` returns values beyond 2^53.
 *
 * @see https://redis.io/docs/latest/commands/incr/
 * @since 0.1.0
 * @category strings
 */
export const incr = (key: Key) => make(INCR, argv(key))

const INCRBY = define({ words: ["INCRBY"], mode: "write", keys: 1, decode: Command.int })
/**
 * INCRBY adds an integer to the integer at a key and returns the new value. A missing key counts as 0. Fails with
 * ERR if the value or the increment is not an integer of 64 bits, or the result would not be one, and with
 * WRONGTYPE if the key holds another type. `Command.exact` returns values beyond 2^53.
 *
 * @see https://redis.io/docs/latest/commands/incrby/
 * @since 0.1.0
 * @category strings
 */
export const incrby = (key: Key, increment: number | bigint) => make(INCRBY, argv(key, increment))

const INCRBYFLOAT = define({ words: ["INCRBYFLOAT"], mode: "write", keys: 1, decode: Command.float })
/**
 * INCRBYFLOAT adds a number to the number at a key and returns the new value as a JavaScript number, which may
 * have fewer digits than the one that the server stores. A missing key counts as 0. Fails with ERR if the value is
 * not a number or the result would be infinite, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/incrbyfloat/
 * @since 0.1.0
 * @category strings
 */
export const incrbyfloat = (key: Key, increment: number) => make(INCRBYFLOAT, argv(key, increment))

const DECR = define({ words: ["DECR"], mode: "write", keys: 1, decode: Command.int })
/**
 * DECR subtracts 1 from the integer at a key and returns the new value. A missing key counts as 0. Fails with ERR
 * if the value is not an integer of 64 bits or would no longer be one, and with WRONGTYPE if the key holds another
 * type.
 *
 * @see https://redis.io/docs/latest/commands/decr/
 * @since 0.1.0
 * @category strings
 */
export const decr = (key: Key) => make(DECR, argv(key))

const DECRBY = define({ words: ["DECRBY"], mode: "write", keys: 1, decode: Command.int })
/**
 * DECRBY subtracts an integer from the integer at a key and returns the new value. A missing key counts as 0.
 * Fails with ERR if the value or the decrement is not an integer of 64 bits, or the result would not be one, and
 * with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/decrby/
 * @since 0.1.0
 * @category strings
 */
export const decrby = (key: Key, decrement: number | bigint) => make(DECRBY, argv(key, decrement))

/**
 * Adds an integer.
 *
 * @since 0.1.0
 * @category models
 */
export interface IncrexByInt {
  /** The integer to add; a negative one is subtracted (BYINT). Default 1. */
  readonly by?: number | bigint | undefined
  /** The least value of the result (LBOUND). Default: that of an integer of 64 bits. */
  readonly lowerBound?: number | bigint | undefined
  /** The greatest value of the result (UBOUND). Default: that of an integer of 64 bits. */
  readonly upperBound?: number | bigint | undefined
  /** Not with `by`. */
  readonly byFloat?: NotWith<"by"> | undefined
}

/**
 * Adds a floating point number.
 *
 * @since 0.1.0
 * @category models
 */
export interface IncrexByFloat {
  /** The number to add; a negative one is subtracted (BYFLOAT). */
  readonly byFloat: number
  /** The least value of the result (LBOUND). Default: no bound. */
  readonly lowerBound?: number | undefined
  /** The greatest value of the result (UBOUND). Default: no bound. */
  readonly upperBound?: number | undefined
  /** Not with `byFloat`. */
  readonly by?: NotWith<"byFloat"> | undefined
}

/**
 * Leaves the expiry that there is.
 *
 * @since 0.1.0
 * @category models
 */
export interface IncrexKeepExpiry {
  /** Needs `ttl` or `expireAt`. */
  readonly enx?: undefined
  /** Sets when the key expires. */
  readonly expireAt?: undefined
  /** Removes the expiry. */
  readonly persist?: undefined
  /** Sets how long the key lives. */
  readonly ttl?: undefined
}

/**
 * Removes the expiry.
 *
 * @since 0.1.0
 * @category models
 */
export interface IncrexPersist {
  /** Removes the expiry (PERSIST). */
  readonly persist: true
  /** Not with `persist`. */
  readonly enx?: NotWith<"persist"> | undefined
  /** Not with `persist`. */
  readonly expireAt?: NotWith<"persist"> | undefined
  /** Not with `persist`. */
  readonly ttl?: NotWith<"persist"> | undefined
}

/**
 * Sets the expiry.
 *
 * @since 0.1.0
 * @category models
 */
export type IncrexExpiry = (SetExpireAfter | SetExpireAt) & {
  /** Sets the expiry only if the key has none (ENX), as the window of a rate limiter needs it. Default false. */
  readonly enx?: boolean | undefined
}

/**
 * Options of INCREX: what it adds, the bounds of the result, and the expiry.
 *
 * @since 0.1.0
 * @category models
 */
export type IncrexOptions = (IncrexByInt | IncrexByFloat) & (IncrexKeepExpiry | IncrexPersist | IncrexExpiry) & {
  /** Whether a result out of bounds becomes the bound (SATURATE). Default false: nothing changes then. */
  readonly saturate?: boolean | undefined
}

/**
 * The result of INCREX.
 *
 * @since 0.1.0
 * @category models
 */
export interface Incremented {
  /** The value of the key. */
  readonly value: number
  /** What was added: 0 if the result would have been out of bounds, unless `saturate` is `true`. */
  readonly increment: number
}

const INCREX = define({
  words: ["INCREX"],
  mode: "write",
  keys: 1,
  decode: Command.struct({ value: Command.int, increment: Command.int }) as Command.Decode<Incremented>
})
const INCREX_FLOAT = define({
  words: ["INCREX"],
  mode: "write",
  keys: 1,
  decode: Command.struct({ value: Command.float, increment: Command.float }) as Command.Decode<Incremented>
})
const increxFields: FieldsOf<IncrexOptions> = {
  by: "value",
  lowerBound: "value",
  upperBound: "value",
  byFloat: "value",
  enx: "flag",
  expireAt: "value",
  persist: "flag",
  ttl: "value",
  saturate: "flag"
}

/**
 * INCREX adds a number to the number at a key, within bounds, and sets or removes the key's expiry. It returns the
 * value and what was added. If the result would be out of bounds, or no integer of 64 bits, nothing changes and the
 * increment is 0; with `saturate` the result is the bound. A missing key counts as 0. The expiry stays if there is
 * no option for it. Fails with ERR if the value is not a number of the kind that is added, and with WRONGTYPE if
 * the key holds another type. `Command.exact` returns values beyond 2^53. Needs Redis 8.8.
 *
 * **Example** (At most 100 requests in a minute)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const isAllowed = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const { increment } = yield* redis.increx("requests", { upperBound: 100, ttl: "1 minute", enx: true })
 *   return increment === 1
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/increx/
 * @since 0.1.0
 * @category strings
 */
export const increx = (key: Key, options?: IncrexOptions | undefined) => {
  const args = argv(key)
  const given = optionsOf("INCREX", options, increxFields)
  const isFloat = given?.byFloat !== undefined
  if (given !== undefined) {
    exclusive("INCREX", given, ["by", "byFloat"])
    exclusive("INCREX", given, ["ttl", "expireAt", "persist"])
    if (isFloat) args.push("BYFLOAT", given.byFloat)
    else if (given.by !== undefined) args.push("BYINT", given.by)
    if (given.lowerBound !== undefined) args.push("LBOUND", boundArg(given.lowerBound))
    if (given.upperBound !== undefined) args.push("UBOUND", boundArg(given.upperBound))
    if (given.saturate === true) args.push("SATURATE")
    if (given.ttl !== undefined) appendTtl("INCREX", args, given.ttl as DurationInput)
    else if (given.expireAt !== undefined) appendExpireAt("INCREX", args, given.expireAt as Moment)
    else if (given.persist === true) args.push("PERSIST")
    if ((given.enx as boolean | undefined) === true) {
      if (given.ttl === undefined && given.expireAt === undefined) {
        throw new InvalidCommand({ command: "INCREX", detail: "enx: it needs ttl or expireAt" })
      }
      args.push("ENX")
    }
  }
  return isFloat ? make(INCREX_FLOAT, args) : make(INCREX, args)
}

const boundArg = (bound: number | bigint): Arg => typeof bound === "number" ? scoreArg(bound) : bound
