/**
 * The commands on top-k sketches (TOPK.*), which keep the items that come most often.
 */
import * as Command from "../../Command.ts"
import { define, own as make } from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import { appendPairs, appendVariadic, argv, type FieldsOf, optionsOf, type Variadic } from "../commands/args.ts"
import { integerArg, numberArg } from "./args.ts"

/**
 * The size of a new sketch: TOPK.RESERVE takes all three or none.
 *
 * @since 0.1.0
 * @category models
 */
export interface Size {
  /** How many counters each array has. The server's default is 8. */
  readonly width: number
  /** How many arrays there are. The server's default is 7. */
  readonly depth: number
  /** The probability that the counter of another item gets less, from 0 to 1. The server's default is 0.9. */
  readonly decay: number
}

const TOPK_RESERVE = define({ words: ["TOPK.RESERVE"], mode: "write", keys: 1, decode: Command.ok })
const sizeFields: FieldsOf<Size> = { width: "value", depth: "value", decay: "value" }

/**
 * TOPK.RESERVE creates an empty sketch that keeps the `k` items that come most often, and returns `"OK"`. Fails with
 * ERR if the key exists.
 *
 * @see https://redis.io/docs/latest/commands/topk.reserve/
 * @since 0.1.0
 * @category top-k
 */
export const reserve = (key: Key, k: number, size?: Size | undefined) => {
  const { name } = TOPK_RESERVE
  const args = argv(key, integerArg(name, "k", k, 1))
  const given = optionsOf(name, size, sizeFields)
  if (given !== undefined) {
    args.push(
      integerArg(name, "width", given.width, 1),
      integerArg(name, "depth", given.depth, 1),
      numberArg(name, "decay", given.decay, 0, 1)
    )
  }
  return make(TOPK_RESERVE, args)
}

const TOPK_ADD = define({ words: ["TOPK.ADD"], mode: "write", keys: 1, decode: Command.stringsWithNulls })
/**
 * TOPK.ADD counts items, and returns for each the item that it took the place of, in their order: `null` if none had to
 * go. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/topk.add/
 * @since 0.1.0
 * @category top-k
 */
export const add = (key: Key, ...items: Variadic<Arg>) =>
  make(TOPK_ADD, appendVariadic(TOPK_ADD.name, "items", argv(key), items))

const TOPK_INCRBY = define({ words: ["TOPK.INCRBY"], mode: "write", keys: 1, decode: Command.stringsWithNulls })
/**
 * TOPK.INCRBY counts items several times, and returns what TOPK.ADD returns. An increment is 1 to 100,000. Fails with
 * ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/topk.incrby/
 * @since 0.1.0
 * @category top-k
 */
export const incrby = (
  key: Key,
  increments: Readonly<Record<string, number>> | Iterable<readonly [item: Key, increment: number]>
) => make(TOPK_INCRBY, appendPairs(TOPK_INCRBY.name, argv(key), increments))

const TOPK_QUERY = define({ words: ["TOPK.QUERY"], mode: "read", keys: 1, decode: Command.flags })
/**
 * TOPK.QUERY returns whether items are among those that come most often, in their order. Fails with ERR if the key does
 * not exist.
 *
 * @see https://redis.io/docs/latest/commands/topk.query/
 * @since 0.1.0
 * @category top-k
 */
export const query = (key: Key, ...items: Variadic<Arg>) =>
  make(TOPK_QUERY, appendVariadic(TOPK_QUERY.name, "items", argv(key), items))

const TOPK_COUNT = define({ words: ["TOPK.COUNT"], mode: "read", keys: 1, decode: Command.ints })
/**
 * TOPK.COUNT returns how often items came, about, in their order. Fails with ERR if the key does not exist.
 *
 * @deprecated since RedisBloom 2.4: `listWithcount` returns the items that come most often with their counts.
 * @see https://redis.io/docs/latest/commands/topk.count/
 * @since 0.1.0
 * @category top-k
 */
export const count = (key: Key, ...items: Variadic<Arg>) =>
  make(TOPK_COUNT, appendVariadic(TOPK_COUNT.name, "items", argv(key), items))

const TOPK_LIST = define({ words: ["TOPK.LIST"], mode: "read", keys: 1, decode: Command.strings })
/**
 * TOPK.LIST returns the items that come most often, the most frequent first. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/topk.list/
 * @since 0.1.0
 * @category top-k
 */
export const list = (key: Key) => make(TOPK_LIST, argv(key))

/**
 * An item with how often it came, about.
 *
 * @since 0.1.0
 * @category models
 */
export interface Counted<A = string> {
  /** The item. */
  readonly item: A
  /** How often it came, about. */
  readonly count: number
}

const counted = Command.custom<Array<Counted>, Array<Counted<Uint8Array>>>((reply, bytes) => {
  const items = Command.list(reply)
  if (items.length % 2 === 1) throw new Command.Mismatch("items and counts", reply)
  const out: Array<Counted<any>> = []
  for (let i = 0; i < items.length; i += 2) {
    out.push({ item: Command.bulkString(items[i]!, bytes), count: Command.integer(items[i + 1]!) })
  }
  return out
})

const TOPK_LIST_WITHCOUNT = define({ words: ["TOPK.LIST"], mode: "read", keys: 1, decode: counted })
/**
 * TOPK.LIST with WITHCOUNT returns the items that come most often with how often they came, about, the most frequent
 * first. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/topk.list/
 * @since 0.1.0
 * @category top-k
 */
export const listWithcount = (key: Key) => make(TOPK_LIST_WITHCOUNT, argv(key, "WITHCOUNT"))

/**
 * What TOPK.INFO says of a sketch.
 *
 * @since 0.1.0
 * @category models
 */
export interface Info {
  /** How many items it keeps. */
  readonly k: number
  /** How many counters each array has. */
  readonly width: number
  /** How many arrays it has. */
  readonly depth: number
  /** The probability that the counter of another item gets less. */
  readonly decay: number
}

const TOPK_INFO = define({
  words: ["TOPK.INFO"],
  mode: "read",
  keys: 1,
  decode: Command.map(
    Command.fields({ k: Command.int, width: Command.int, depth: Command.int, decay: Command.float }),
    (info): Info => info
  )
})
/**
 * TOPK.INFO returns the size of a sketch. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/topk.info/
 * @since 0.1.0
 * @category top-k
 */
export const info = (key: Key) => make(TOPK_INFO, argv(key))
