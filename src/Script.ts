/**
 * Lua scripts as typed definitions: named keys and arguments, and a result that a Schema
 * reads. The library loads a script where a server does not have it, also on the next
 * primary after a failover.
 *
 * Scripts that are not typed run with the methods `eval` and `evalsha`; libraries of
 * functions are in FunctionLibrary.ts. The main entry does not import this module.
 *
 * **Example** (A transfer between two accounts)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { commands, RedisClient } from "effect-redis-sentinel"
 * import * as Script from "effect-redis-sentinel/Script"
 *
 * const transfer = Script.make({
 *   name: "transfer",
 *   keys: ["from", "to"],
 *   args: { amount: Schema.Int },
 *   result: Schema.Boolean,
 *   lua: `
 *     if tonumber(redis.call("GET", KEYS[1]) or "0") < tonumber(ARGV[1]) then return false end
 *     redis.call("DECRBY", KEYS[1], ARGV[1])
 *     redis.call("INCRBY", KEYS[2], ARGV[1])
 *     return true
 *   `
 * })
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const moved = yield* redis.script(transfer)({ from: "account:1", to: "account:2", amount: 5 })
 *   yield* redis.transaction([
 *     transfer({ from: "account:2", to: "account:3", amount: 1 }),
 *     commands.incr("transfers")
 *   ])
 *   return moved // boolean
 * })
 * ```
 *
 * @since 0.1.0
 */
import type * as Command from "./Command.ts"
import { InvalidCommand } from "./Errors.ts"
import { fieldsOf, kindOf } from "./internal/common/values.ts"
import { callableOf, partsOf, sharedFields } from "./internal/scripts/callable.ts"
import type {
  Arguments,
  ArgumentType,
  Callable,
  CallOf,
  Distinct,
  Keys,
  Many,
  ResultType,
  TypeOf
} from "./internal/scripts/definition.ts"
import { scriptNeeded } from "./internal/scripts/needed.ts"
import { sha1Of } from "./internal/scripts/sha1.ts"

export type {
  ArgumentFields,
  Arguments,
  ArgumentType,
  Callable,
  CallOf,
  Distinct,
  KeyFields,
  Keys,
  Many,
  ResultType,
  TypeOf
} from "./internal/scripts/definition.ts"

/**
 * A script. Called with one record of its keys and arguments, it gives the command that
 * runs it, for `run`, pipelines and transactions; `redis.script(script)` gives the function
 * that runs it. A call with a wrong value throws `InvalidCommand`; the function of
 * `redis.script` fails with it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Script<in Call extends ReadonlyArray<any>, out A, out M extends Command.Mode = Command.Mode>
  extends Callable<Call, A, M>
{
  /** The text of the script, as it was given. */
  readonly lua: string
  /** The SHA-1 of the text, in hexadecimal, by which servers know the script. */
  readonly sha1: string
}

/**
 * Any number of keys or arguments, under one name: `Script.many("ids")` for keys,
 * `Script.many(Schema.String)` for arguments. A call has an array for it. Only the last of
 * the keys, and the last of the arguments, can be one.
 *
 * **Example** (A script with any number of keys)
 *
 * ```ts
 * import { Schema } from "effect"
 * import * as Script from "effect-redis-sentinel/Script"
 *
 * const total = Script.make({
 *   keys: ["result", Script.many("counters")],
 *   args: {},
 *   result: Schema.Int,
 *   lua: `
 *     local sum = 0
 *     for i = 2, #KEYS do sum = sum + tonumber(redis.call("GET", KEYS[i]) or "0") end
 *     redis.call("SET", KEYS[1], sum)
 *     return sum
 *   `
 * })
 *
 * export const command = total({ result: "sum", counters: ["a", "b", "c"] })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const many = <const T extends string | ArgumentType>(of: T): Many<T> => ({ many: of })

/**
 * Defines a script. Keys and arguments arrive in Lua's `KEYS` and `ARGV` in the order of
 * their declaration; the text is sent as it is. Throws `InvalidCommand` if a field is
 * invalid.
 *
 * The result is read from what the script returns, the same from RESP2 and RESP3. A Lua
 * number is an integer, cut off as Redis does; a string is text, or bytes with
 * `Schema.Uint8Array`; a string that is a number fits `Schema.Number`; `true` is 1, and
 * `false` and `nil` are null, and all of them fit `Schema.Boolean`. A table is an array up
 * to its first `nil`. For a struct or a record, names and values in turn are read, as
 * HGETALL returns them, or a map. What does not fit fails with `ValueMismatch`; the server
 * has executed the script by then.
 *
 * @since 0.1.0
 * @category constructors
 */
/*#__NO_SIDE_EFFECTS__*/
export const make = <
  const R extends ResultType,
  const K extends Keys = readonly [],
  const A extends Arguments = {},
  const M extends Command.Mode = "write"
>(options: {
  /** The text of the script. */
  readonly lua: string
  /**
   * The names of the keys in order: `["from", "to"]`; the last one may be
   * `Script.many("others")`. Or how each key is sent, by its name: `{ user: UserKey }`.
   * Default: no keys.
   */
  readonly keys?: K | undefined
  /** How the arguments are sent, by their names, in order. Default: no arguments. */
  readonly args?: (A & Distinct<NoInfer<K>, NoInfer<A>>) | undefined
  /** How the result is read. */
  readonly result: R
  /**
   * `"read"` for a script that changes no data: it runs with EVALSHA_RO, also on clients of
   * replicas, and may be sent again. Default `"write"`.
   */
  readonly mode?: M | undefined
  /** Whether the client may send the script again when its reply never came. Default: true for `"read"`. */
  readonly repeatable?: boolean | undefined
  /** A name for errors: at most 64 printable characters. */
  readonly name?: string | undefined
}): Script<CallOf<K, A>, TypeOf<R>, M> => {
  const fields = fieldsOf(options)
  if (typeof fields === "string") throw invalid(`options: ${fields}`)
  const { lua, name } = fields
  if (typeof lua !== "string" || lua === "") throw invalid(`lua: expected the text of a script, got ${kindOf(lua)}`)
  const { encode, spec } = partsOf("Script.make", "", fields, ["lua", ...sharedFields], name)
  const sha1 = sha1Of(lua)
  const whole = spec("EVAL", undefined)
  const bySha1 = spec("EVALSHA", scriptNeeded(lua, sha1, whole))
  return Object.assign(
    callableOf(bySha1, sha1, encode) as unknown as Callable<CallOf<K, A>, TypeOf<R>, M>,
    { lua, sha1 }
  )
}

const invalid = (detail: string): InvalidCommand => new InvalidCommand({ command: "Script.make", detail })
