/**
 * The list commands, those that wait included. Index 0 is the leftmost element, -1
 * the rightmost one.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import {
  allButLast,
  appendAll,
  appendVariadic,
  argv,
  exclusive,
  type FieldsOf,
  keysAfterCount,
  keysOf,
  keyword,
  type OneOrMore,
  optionsOf,
  type Variadic
} from "../internal/commands/args.ts"
import { type TimeoutInput, timeoutSeconds } from "../internal/commands/time.ts"
import type { NotWith } from "./options.ts"

/**
 * An end of a list: `"left"` is its beginning, at index 0, and `"right"` its end.
 *
 * @since 0.1.0
 * @category models
 */
export type Side = "left" | "right"

const LPUSH = define({ words: ["LPUSH"], mode: "write", keys: 1, decode: Command.int })
/**
 * LPUSH inserts elements at the left end of a list, one after the other, so that the last one comes first, and
 * returns the new length. A missing key is created. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/lpush/
 * @since 0.1.0
 * @category lists
 */
export const lpush = (key: Key, ...elements: Variadic<Arg>) =>
  make(LPUSH, appendVariadic(LPUSH.name, "elements", argv(key), elements))

const LPUSHX = define({ words: ["LPUSHX"], mode: "write", keys: 1, decode: Command.int })
/**
 * LPUSHX inserts elements at the left end of a list if the list exists. The result is the new length, or 0 if the
 * key does not exist. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/lpushx/
 * @since 0.1.0
 * @category lists
 */
export const lpushx = (key: Key, ...elements: Variadic<Arg>) =>
  make(LPUSHX, appendVariadic(LPUSHX.name, "elements", argv(key), elements))

const RPUSH = define({ words: ["RPUSH"], mode: "write", keys: 1, decode: Command.int })
/**
 * RPUSH appends elements to the right end of a list, in their order, and returns the new length. A missing key is
 * created. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/rpush/
 * @since 0.1.0
 * @category lists
 */
export const rpush = (key: Key, ...elements: Variadic<Arg>) =>
  make(RPUSH, appendVariadic(RPUSH.name, "elements", argv(key), elements))

const RPUSHX = define({ words: ["RPUSHX"], mode: "write", keys: 1, decode: Command.int })
/**
 * RPUSHX appends elements to the right end of a list if the list exists. The result is the new length, or 0 if the
 * key does not exist. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/rpushx/
 * @since 0.1.0
 * @category lists
 */
export const rpushx = (key: Key, ...elements: Variadic<Arg>) =>
  make(RPUSHX, appendVariadic(RPUSHX.name, "elements", argv(key), elements))

const LPOP = define({ words: ["LPOP"], mode: "write", keys: 1, decode: Command.stringOrNull })
/**
 * LPOP removes the leftmost element of a list and returns it, or `null` if the key does not exist. Fails with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/lpop/
 * @since 0.1.0
 * @category lists
 */
export const lpop = (key: Key) => make(LPOP, argv(key))

const LPOP_COUNT = define({ words: ["LPOP"], mode: "write", keys: 1, decode: Command.stringsOrNull })
/**
 * LPOP with a count removes up to `count` elements from the left end of a list and returns them, the leftmost
 * first. The result is `null` if the key does not exist. Fails with ERR if `count` is negative, and with WRONGTYPE
 * if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/lpop/
 * @since 0.1.0
 * @category lists
 */
export const lpopCount = (key: Key, count: number) => make(LPOP_COUNT, argv(key, count))

const RPOP = define({ words: ["RPOP"], mode: "write", keys: 1, decode: Command.stringOrNull })
/**
 * RPOP removes the rightmost element of a list and returns it, or `null` if the key does not exist. Fails with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/rpop/
 * @since 0.1.0
 * @category lists
 */
export const rpop = (key: Key) => make(RPOP, argv(key))

const RPOP_COUNT = define({ words: ["RPOP"], mode: "write", keys: 1, decode: Command.stringsOrNull })
/**
 * RPOP with a count removes up to `count` elements from the right end of a list and returns them, the rightmost
 * first. The result is `null` if the key does not exist. Fails with ERR if `count` is negative, and with WRONGTYPE
 * if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/rpop/
 * @since 0.1.0
 * @category lists
 */
export const rpopCount = (key: Key, count: number) => make(RPOP_COUNT, argv(key, count))

const LLEN = define({ words: ["LLEN"], mode: "read", keys: 1, decode: Command.int })
/**
 * LLEN returns the length of a list, 0 if the key does not exist. Fails with WRONGTYPE if the key holds another
 * type.
 *
 * @see https://redis.io/docs/latest/commands/llen/
 * @since 0.1.0
 * @category lists
 */
export const llen = (key: Key) => make(LLEN, argv(key))

const LRANGE = define({ words: ["LRANGE"], mode: "read", keys: 1, decode: Command.strings })
/**
 * LRANGE returns the elements from the index `start` to the index `stop`, both inclusive. Indices count from 0;
 * negative ones count from the right, -1 being the last element. The result is `[]` if the range is empty or the
 * key does not exist. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/lrange/
 * @since 0.1.0
 * @category lists
 */
export const lrange = (key: Key, start: number, stop: number) => make(LRANGE, argv(key, start, stop))

const LINDEX = define({ words: ["LINDEX"], mode: "read", keys: 1, decode: Command.stringOrNull })
/**
 * LINDEX returns the element at an index, or `null` if there is none. Indices count from 0; negative ones count
 * from the right, -1 being the last element. The time grows with the distance from the nearer end. Fails with
 * WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/lindex/
 * @since 0.1.0
 * @category lists
 */
export const lindex = (key: Key, index: number) => make(LINDEX, argv(key, index))

const LINSERT = define({ words: ["LINSERT"], mode: "write", keys: 1, decode: Command.int })
/**
 * LINSERT inserts an element before or after the leftmost element that equals `pivot`. The result is the new
 * length, -1 if no element equals `pivot`, or 0 if the key does not exist. Fails with WRONGTYPE if the key holds
 * another type.
 *
 * @see https://redis.io/docs/latest/commands/linsert/
 * @since 0.1.0
 * @category lists
 */
export const linsert = (key: Key, where: "before" | "after", pivot: Arg, element: Arg) =>
  make(LINSERT, argv(key, keyword("LINSERT", "where", where, ["before", "after"]), pivot, element))

const LSET = define({ words: ["LSET"], mode: "write", keys: 1, decode: Command.ok })
/**
 * LSET replaces the element at an index and returns `"OK"`. Negative indices count from the right, -1 being the
 * last element. Fails with ERR if the key does not exist or the list has no such index, and with WRONGTYPE if the
 * key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/lset/
 * @since 0.1.0
 * @category lists
 */
export const lset = (key: Key, index: number, element: Arg) => make(LSET, argv(key, index, element))

const LREM = define({ words: ["LREM"], mode: "write", keys: 1, decode: Command.int })
/**
 * LREM removes elements that equal `element` and returns how many it removed: up to `count` of them from the left,
 * up to `-count` from the right if `count` is negative, or all of them if it is 0. A list without elements is
 * deleted. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/lrem/
 * @since 0.1.0
 * @category lists
 */
export const lrem = (key: Key, count: number, element: Arg) => make(LREM, argv(key, count, element))

const LTRIM = define({ words: ["LTRIM"], mode: "write", keys: 1, decode: Command.ok })
/**
 * LTRIM keeps the elements from the index `start` to the index `stop`, both inclusive, removes all others, and
 * returns `"OK"`. Negative indices count from the right, -1 being the last element. An empty range deletes the
 * key. Fails with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/ltrim/
 * @since 0.1.0
 * @category lists
 */
export const ltrim = (key: Key, start: number, stop: number) => make(LTRIM, argv(key, start, stop))

/**
 * Options of LPOS: where it begins and how far it looks. `Rank` is the literal type of
 * the rank, so that 0 does not compile.
 *
 * @since 0.1.0
 * @category models
 */
export interface LposOptions<Rank extends number = number> {
  /**
   * The match to begin with: 1 is the first from the left, 2 the second; negative
   * ones count from the right and look leftwards. Not 0. Default 1.
   */
  readonly rank?: (Rank extends 0 ? NotWith<"0: ranks begin at 1 or -1"> : Rank) | undefined
  /** How many elements are compared at most; 0 is all of them. Default 0. */
  readonly maxLength?: number | undefined
}

const lposArgsFields = { rank: "value", maxLength: "value" } as const

const lposArgs = (key: Key, element: Arg, given: LposOptions | undefined): Array<Arg> => {
  const options = optionsOf("LPOS", given, lposArgsFields)
  const args: Array<Arg> = [key, element]
  if (options?.rank !== undefined && (options.rank === 0 || !Number.isSafeInteger(options.rank))) {
    throw new InvalidCommand({ command: "LPOS", detail: "rank: expected a whole number other than 0" })
  }
  if (options?.rank !== undefined) args.push("RANK", options.rank)
  if (options?.maxLength !== undefined) args.push("MAXLEN", options.maxLength)
  return args
}

const LPOS = define({ words: ["LPOS"], mode: "read", keys: 1, decode: Command.intOrNull })
/**
 * LPOS returns the index of an element that equals `element`, or `null` if there is none. Fails with ERR if
 * `maxLength` is negative, with `InvalidCommand` if `rank` is 0, and with WRONGTYPE if the key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/lpos/
 * @since 0.1.0
 * @category lists
 */
export const lpos = <const Rank extends number = number>(
  key: Key,
  element: Arg,
  options?: LposOptions<Rank> | undefined
) => make(LPOS, lposArgs(key, element, options as LposOptions | undefined))

const LPOS_COUNT = define({ words: ["LPOS"], mode: "read", keys: 1, decode: Command.ints })
/**
 * LPOS with COUNT returns the indices of up to `count` elements that equal `element`, or of all of them if `count`
 * is 0; `[]` if there is none. Fails with ERR if `count` or `maxLength` is negative, with `InvalidCommand` if
 * `rank` is 0, and with WRONGTYPE if the key holds another type.
 *
 * **Example** (The last two indices, from the right)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const lastTwo = commands.lposCount("letters", "b", 2, { rank: -1 })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/lpos/
 * @since 0.1.0
 * @category lists
 */
export const lposCount = <const Rank extends number = number>(
  key: Key,
  element: Arg,
  count: number,
  options?: LposOptions<Rank> | undefined
) => make(LPOS_COUNT, appendAll(argv(), lposArgs(key, element, options as LposOptions | undefined), "COUNT", count))

const end = (command: string, field: string, side: Side): string => keyword(command, field, side, ["left", "right"])

const LMOVE = define({ words: ["LMOVE"], mode: "write", keys: 2, decode: Command.stringOrNull })
/**
 * LMOVE removes an element from one end of a list, inserts it at an end of another list or of the same one, and
 * returns it. The result is `null` if `source` does not exist. Fails with WRONGTYPE if a key holds another type.
 *
 * @see https://redis.io/docs/latest/commands/lmove/
 * @since 0.1.0
 * @category lists
 */
export const lmove = (source: Key, destination: Key, from: Side, to: Side) =>
  make(LMOVE, argv(source, destination, end("LMOVE", "from", from), end("LMOVE", "to", to)))

/**
 * How LMOVEM and BLMOVEM put elements into the destination.
 *
 * @since 0.1.0
 * @category models
 */
export interface MoveOrder {
  /**
   * `"obo"`: one by one, so that the order of the elements turns round if they leave at the end at which they are
   * inserted. `"bulk"`: all at once, in the order that they have.
   */
  readonly order: "obo" | "bulk"
}

/**
 * Moves up to a number of elements.
 *
 * @since 0.1.0
 * @category models
 */
export interface MoveUpTo extends MoveOrder {
  /** How many elements at most; at least 1 (COUNT). */
  readonly count: number
  /** Not with `count`. */
  readonly exactly?: NotWith<"count"> | undefined
}

/**
 * Moves a number of elements, or none.
 *
 * @since 0.1.0
 * @category models
 */
export interface MoveExactly extends MoveOrder {
  /** How many elements; at least 1. If the list has fewer, nothing is moved (EXACTLY). */
  readonly exactly: number
  /** Not with `exactly`. */
  readonly count?: NotWith<"exactly"> | undefined
}

/**
 * How many elements LMOVEM and BLMOVEM move.
 *
 * @since 0.1.0
 * @category models
 */
export type MoveMany = MoveUpTo | MoveExactly

const moveManyFields: FieldsOf<MoveMany> = { count: "value", exactly: "value", order: "value" }

const appendMany = (command: string, args: Array<Arg>, many: MoveMany | undefined): Array<Arg> => {
  const given = optionsOf(command, many, moveManyFields)
  if (given === undefined) return args
  exclusive(command, given, ["count", "exactly"])
  if (given.count !== undefined) args.push("COUNT", given.count)
  else if (given.exactly !== undefined) args.push("EXACTLY", given.exactly)
  else throw new InvalidCommand({ command, detail: "many: one of count and exactly is needed" })
  args.push(keyword(command, "order", given.order, ["obo", "bulk"]))
  return args
}

const LMOVEM = define({ words: ["LMOVEM"], mode: "write", keys: 2, decode: Command.stringsOrNull })
/**
 * LMOVEM removes elements from one end of a list, inserts them at an end of another list or of the same one, and
 * returns them in the order that they have at the destination. Without `many` it moves one. With `count` the result
 * is `[]` if `source` does not exist; with `exactly` it is `null` if `source` has fewer elements, and nothing is
 * moved. Fails with ERR if `count` or `exactly` is not above 0, and with WRONGTYPE if a key holds another type. Needs
 * Redis 8.10.
 *
 * **Example** (A batch of ten)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const batch = commands.lmovem("jobs", "running", "left", "right", { count: 10, order: "bulk" })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/lmovem/
 * @since 0.1.0
 * @category lists
 */
export const lmovem = (source: Key, destination: Key, from: Side, to: Side, many?: MoveMany | undefined) =>
  make(
    LMOVEM,
    appendMany("LMOVEM", argv(source, destination, end("LMOVEM", "from", from), end("LMOVEM", "to", to)), many)
  )

/**
 * The result of LMPOP and BLMPOP.
 *
 * @since 0.1.0
 * @category models
 */
export interface Popped<A = string> {
  /** The key of the list that the elements come from. */
  readonly key: A
  /** The elements that were removed, the one at the named end first. */
  readonly elements: Array<A>
}

const popped: Command.Decode<Popped | null, Popped<Uint8Array> | null> = Command.nullable(
  Command.struct({ key: Command.string, elements: Command.strings })
)

const popArgs = (
  command: string,
  before: Array<Arg>,
  given: OneOrMore<Key>,
  side: Side,
  count: number | undefined
): Array<Arg> => {
  const keys = keysOf(command, given)
  before.push(keys.length)
  appendAll(before, keys, end(command, "side", side))
  if (count !== undefined) before.push("COUNT", count)
  return before
}

const LMPOP = define({ words: ["LMPOP"], mode: "write", keys: keysAfterCount(0), decode: popped })
/**
 * LMPOP removes up to `count` elements (default 1) from one end of the first list that has any, in the order of
 * `keys`, and returns its key and the elements, or `null` if none of the lists exists. Fails with ERR if `count`
 * is not above 0, and with WRONGTYPE if a key that it looks at holds another type. Needs Redis 7.0.
 *
 * **Example** (From two queues, the urgent one first)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const popped = yield* redis.lmpop(["urgent", "normal"], "left", 10)
 *   return popped === null ? [] : popped.elements
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/lmpop/
 * @since 0.1.0
 * @category lists
 */
export const lmpop = (keys: OneOrMore<Key>, side: Side, count?: number | undefined) =>
  make(LMPOP, popArgs("LMPOP", [], keys, side, count))

const keyAndElement: Command.Decode<
  [key: string, element: string] | null,
  [key: Uint8Array, element: Uint8Array] | null
> = Command.nullable(Command.tuple(Command.string, Command.string))

const BLPOP = define({
  words: ["BLPOP"],
  mode: "write",
  keys: allButLast,
  decode: keyAndElement
})
/**
 * BLPOP removes the leftmost element of the first list that has any, in the order of `keys`, and returns `[key,
 * element]`. Where all of them are empty it waits for an element, for `timeout` at most (`"Infinity"`: without
 * end), and returns `null` if none came. It waits on a connection of its own. Fails with WRONGTYPE if a key that
 * it looks at holds another type.
 *
 * **Example** (A worker)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const popped = yield* redis.blpop(["urgent", "normal"], "2.5 seconds")
 *   if (popped === null) return
 *   const [queue, job] = popped
 *   yield* Effect.log(`${job} from ${queue}`)
 * }).pipe(Effect.forever)
 * ```
 *
 * @see https://redis.io/docs/latest/commands/blpop/
 * @since 0.1.0
 * @category lists
 */
export const blpop = (keys: OneOrMore<Key>, timeout: TimeoutInput) =>
  make(BLPOP, appendAll(argv(), keysOf("BLPOP", keys), timeoutSeconds("BLPOP", timeout)))

const BRPOP = define({
  words: ["BRPOP"],
  mode: "write",
  keys: allButLast,
  decode: keyAndElement
})
/**
 * BRPOP removes the rightmost element of the first list that has any, in the order of `keys`, and returns `[key,
 * element]`. Where all of them are empty it waits for an element, for `timeout` at most (`"Infinity"`: without
 * end), and returns `null` if none came. It waits on a connection of its own. Fails with WRONGTYPE if a key that
 * it looks at holds another type.
 *
 * @see https://redis.io/docs/latest/commands/brpop/
 * @since 0.1.0
 * @category lists
 */
export const brpop = (keys: OneOrMore<Key>, timeout: TimeoutInput) =>
  make(BRPOP, appendAll(argv(), keysOf("BRPOP", keys), timeoutSeconds("BRPOP", timeout)))

const BLMOVE = define({
  words: ["BLMOVE"],
  mode: "write",
  keys: 2,
  decode: Command.stringOrNull
})
/**
 * BLMOVE removes an element from one end of a list, inserts it at an end of another list or of the same one, and
 * returns it. Where `source` is empty it waits for an element, for `timeout` at most (`"Infinity"`: without end),
 * and returns `null` if none came. It waits on a connection of its own. Fails with WRONGTYPE if a key holds
 * another type.
 *
 * @see https://redis.io/docs/latest/commands/blmove/
 * @since 0.1.0
 * @category lists
 */
export const blmove = (source: Key, destination: Key, from: Side, to: Side, timeout: TimeoutInput) =>
  make(
    BLMOVE,
    argv(source, destination, end("BLMOVE", "from", from), end("BLMOVE", "to", to), timeoutSeconds("BLMOVE", timeout))
  )

const BLMOVEM = define({ words: ["BLMOVEM"], mode: "write", keys: 2, decode: Command.stringsOrNull })
/**
 * BLMOVEM removes elements from one end of a list, inserts them at an end of another list or of the same one, and
 * returns them in the order that they have at the destination. Without `many` it moves one. Where `source` has no
 * element, or with `exactly` fewer than asked for, it waits, for `timeout` at most (`"Infinity"`: without end), and
 * returns `null` if they did not come. It waits on a connection of its own. Fails with ERR if `count` or `exactly` is
 * not above 0, and with WRONGTYPE if a key holds another type. Needs Redis 8.10.
 *
 * @see https://redis.io/docs/latest/commands/blmovem/
 * @since 0.1.0
 * @category lists
 */
export const blmovem = (
  source: Key,
  destination: Key,
  from: Side,
  to: Side,
  timeout: TimeoutInput,
  many?: MoveMany | undefined
) => {
  const args = argv(source, destination, end("BLMOVEM", "from", from), end("BLMOVEM", "to", to))
  args.push(timeoutSeconds("BLMOVEM", timeout))
  return make(BLMOVEM, appendMany("BLMOVEM", args, many))
}

const BLMPOP = define({
  words: ["BLMPOP"],
  mode: "write",
  keys: keysAfterCount(1),
  decode: popped
})
/**
 * BLMPOP removes up to `count` elements (default 1) from one end of the first list that has any, in the order of
 * `keys`, and returns its key and the elements. Where all of them are empty it waits for an element, for `timeout`
 * at most (`"Infinity"`: without end), and returns `null` if none came. It waits on a connection of its own. Fails
 * with ERR if `count` is not above 0, and with WRONGTYPE if a key that it looks at holds another type. Needs Redis
 * 7.0.
 *
 * @see https://redis.io/docs/latest/commands/blmpop/
 * @since 0.1.0
 * @category lists
 */
export const blmpop = (keys: OneOrMore<Key>, side: Side, timeout: TimeoutInput, count?: number | undefined) =>
  make(BLMPOP, popArgs("BLMPOP", [timeoutSeconds("BLMPOP", timeout)], keys, side, count))
