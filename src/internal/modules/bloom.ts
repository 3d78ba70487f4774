/**
 * The commands on Bloom filters (BF.*). Of what was added to a filter, it says that it
 * was; of what was not, it says now and then that it was, too.
 */
import * as Command from "../../Command.ts"
import { define, own as make } from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import type { NotWith } from "../../commands/options.ts"
import * as Resp from "../../Resp.ts"
import { appendVariadic, argv, exclusive, keyword, optionsOf, type Variadic } from "../commands/args.ts"
import { appendFlag, integerArg, numberBetween } from "./args.ts"
import { type Chunk, chunk } from "./filterChunks.ts"

export type { Chunk } from "./filterChunks.ts"

/**
 * Options of a new filter that grows when it is full.
 *
 * @since 0.1.0
 * @category models
 */
export interface Scaling {
  /** How many times larger each further filter is than the last one; at least 1. Default 2. */
  readonly expansion?: number | undefined
  /** Not with `expansion`. */
  readonly nonscaling?: NotWith<"expansion"> | undefined
}

/**
 * Options of a new filter that does not grow: it refuses items when it is full.
 *
 * @since 0.1.0
 * @category models
 */
export interface Nonscaling {
  /** Whether the filter keeps its size (NONSCALING). Default false. */
  readonly nonscaling?: boolean | undefined
  /** Not with `nonscaling`. */
  readonly expansion?: NotWith<"nonscaling"> | undefined
}

const appendScaling = (command: string, args: Array<Arg>, given: Scaling | Nonscaling | undefined): void => {
  if (given === undefined) return
  exclusive<{ readonly expansion?: unknown; readonly nonscaling?: unknown }>(command, given, [
    "expansion",
    "nonscaling"
  ])
  if (given.expansion !== undefined) {
    args.push("EXPANSION", integerArg(command, "expansion", given.expansion as number, 1))
  }
  appendFlag(args, "NONSCALING", given.nonscaling)
}

const BF_RESERVE = define({ words: ["BF.RESERVE"], mode: "write", keys: 1, decode: Command.ok })
const reserveFields = { expansion: "value", nonscaling: "flag" } as const

/**
 * BF.RESERVE creates an empty filter for so many items, and returns `"OK"`. `errorRate` is the probability that it
 * takes an item for one that was added: 0.001 is one in 1,000. With more items than `capacity` it grows, and gets
 * slower, unless it is `nonscaling`. Fails with ERR if the key exists.
 *
 * **Example** (A filter for a million names)
 *
 * ```ts
 * import * as Bloom from "effect-redis-sentinel/modules/Bloom"
 *
 * export const create = Bloom.reserve("names", 0.001, 1_000_000)
 * ```
 *
 * @see https://redis.io/docs/latest/commands/bf.reserve/
 * @since 0.1.0
 * @category bloom
 */
export const reserve = (key: Key, errorRate: number, capacity: number, options?: Scaling | Nonscaling | undefined) => {
  const args = argv(
    key,
    numberBetween(BF_RESERVE.name, "errorRate", errorRate, 0, 1),
    integerArg(BF_RESERVE.name, "capacity", capacity, 1)
  )
  appendScaling(BF_RESERVE.name, args, optionsOf(BF_RESERVE.name, options, reserveFields))
  return make(BF_RESERVE, args)
}

const BF_ADD = define({ words: ["BF.ADD"], mode: "write", keys: 1, decode: Command.flag })
/**
 * BF.ADD adds an item, and returns whether it is new: `false` if it may have been added before. A missing key is
 * created with the defaults of the server. Fails with ERR if the filter is full and does not grow.
 *
 * @see https://redis.io/docs/latest/commands/bf.add/
 * @since 0.1.0
 * @category bloom
 */
export const add = (key: Key, item: Arg) => make(BF_ADD, argv(key, item))

/** Whether each item is new; null for one that the filter, full or broken, has not taken. */
const added = Command.array(
  Command.custom<boolean | null>((value) => value instanceof Resp.ErrorReply ? null : Command.flag(value, false))
)

const BF_MADD = define({ words: ["BF.MADD"], mode: "write", keys: 1, decode: added })
/**
 * BF.MADD adds several items, and returns for each whether it is new, in their order: `null` for one that was not
 * added, because the filter is full and does not grow. The server stops at the first such item, so that the result may
 * have fewer elements than there are items.
 *
 * @see https://redis.io/docs/latest/commands/bf.madd/
 * @since 0.1.0
 * @category bloom
 */
export const madd = (key: Key, ...items: Variadic<Arg>) =>
  make(BF_MADD, appendVariadic(BF_MADD.name, "items", argv(key), items))

/**
 * Options of BF.INSERT for a filter that may be new.
 *
 * @since 0.1.0
 * @category models
 */
export type InsertCreating = (Scaling | Nonscaling) & {
  /** For how many items a new filter is made. Default: that of the server. */
  readonly capacity?: number | undefined
  /** The probability of an error of a new filter, between 0 and 1. Default: that of the server. */
  readonly errorRate?: number | undefined
  /** Not with the options of a new filter. */
  readonly nocreate?: false | undefined
}

/**
 * Options of BF.INSERT for a filter that must exist.
 *
 * @since 0.1.0
 * @category models
 */
export interface InsertExisting {
  /** Whether a missing key is an error (NOCREATE). */
  readonly nocreate: true
  /** Not with `nocreate`. */
  readonly capacity?: NotWith<"nocreate"> | undefined
  /** Not with `nocreate`. */
  readonly errorRate?: NotWith<"nocreate"> | undefined
  /** Not with `nocreate`. */
  readonly expansion?: NotWith<"nocreate"> | undefined
  /** Not with `nocreate`. */
  readonly nonscaling?: NotWith<"nocreate"> | undefined
}

const BF_INSERT = define({ words: ["BF.INSERT"], mode: "write", keys: 1, decode: added })
const insertFields = {
  expansion: "value",
  nonscaling: "flag",
  capacity: "value",
  errorRate: "value",
  nocreate: "flag"
} as const

/**
 * BF.INSERT adds several items, and returns what BF.MADD returns. A missing key is created as the options say, or with
 * the defaults of the server; with `nocreate` it fails with ERR.
 *
 * @see https://redis.io/docs/latest/commands/bf.insert/
 * @since 0.1.0
 * @category bloom
 */
export const insert = (
  key: Key,
  items: ReadonlyArray<Arg>,
  options?: InsertCreating | InsertExisting | undefined
) => {
  const { name } = BF_INSERT
  const args = argv(key)
  const given = optionsOf(name, options, insertFields)
  if (given !== undefined) {
    for (const field of ["capacity", "errorRate", "expansion", "nonscaling"] as const) {
      exclusive<typeof given>(name, given, ["nocreate", field])
    }
    if (given.capacity !== undefined) {
      args.push("CAPACITY", integerArg(name, "capacity", given.capacity as number, 1))
    }
    if (given.errorRate !== undefined) {
      args.push("ERROR", numberBetween(name, "errorRate", given.errorRate as number, 0, 1))
    }
    appendScaling(name, args, given as Scaling)
    appendFlag(args, "NOCREATE", given.nocreate)
  }
  args.push("ITEMS")
  return make(BF_INSERT, appendVariadic(name, "items", args, [items]))
}

const BF_EXISTS = define({ words: ["BF.EXISTS"], mode: "read", keys: 1, decode: Command.flag })
/**
 * BF.EXISTS returns whether an item may have been added: `false` is certain. A missing key gives `false`.
 *
 * @see https://redis.io/docs/latest/commands/bf.exists/
 * @since 0.1.0
 * @category bloom
 */
export const exists = (key: Key, item: Arg) => make(BF_EXISTS, argv(key, item))

const BF_MEXISTS = define({ words: ["BF.MEXISTS"], mode: "read", keys: 1, decode: Command.flags })
/**
 * BF.MEXISTS returns for several items what BF.EXISTS returns for one, in their order.
 *
 * @see https://redis.io/docs/latest/commands/bf.mexists/
 * @since 0.1.0
 * @category bloom
 */
export const mexists = (key: Key, ...items: Variadic<Arg>) =>
  make(BF_MEXISTS, appendVariadic(BF_MEXISTS.name, "items", argv(key), items))

const BF_CARD = define({ words: ["BF.CARD"], mode: "read", keys: 1, decode: Command.int })
/**
 * BF.CARD returns how many of the items that were added were new to the filter, 0 if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/bf.card/
 * @since 0.1.0
 * @category bloom
 */
export const card = (key: Key) => make(BF_CARD, argv(key))

/**
 * What BF.INFO says of a filter.
 *
 * @since 0.1.0
 * @category models
 */
export interface Info {
  /** For how many items it has room before it grows. */
  readonly capacity: number
  /** How many bytes of memory it takes. */
  readonly sizeBytes: number
  /** Of how many filters it consists: one, and another one each time that it grew. */
  readonly filters: number
  /** How many items were added that were new to it. */
  readonly items: number
  /** How many times larger each further filter is; `null` if it does not grow. */
  readonly expansion: number | null
}

const infoFields = Command.map(
  Command.fields({
    capacity: Command.int,
    size: Command.int,
    numberOfFilters: Command.int,
    numberOfItemsInserted: Command.int,
    expansionRate: Command.intOrNull
  }),
  (info): Info => ({
    capacity: info.capacity,
    sizeBytes: info.size,
    filters: info.numberOfFilters,
    items: info.numberOfItemsInserted,
    expansion: info.expansionRate
  })
)

const BF_INFO = define({ words: ["BF.INFO"], mode: "read", keys: 1, decode: infoFields })
/**
 * BF.INFO returns what a filter consists of. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/bf.info/
 * @since 0.1.0
 * @category bloom
 */
export const info = (key: Key) => make(BF_INFO, argv(key))

/** The number alone (RESP2), or behind its name (RESP3). */
const infoNumber = Command.custom<number | null>((value) => {
  const items = Command.list(value)
  return items.length === 0 ? Command.int(value, false) : Command.intOrNull(items[items.length - 1]!, false)
})

const BF_INFO_OF = define({ words: ["BF.INFO"], mode: "read", keys: 1, decode: infoNumber })
/**
 * BF.INFO with the name of a field returns this field only: `capacity`, `size` in bytes, `filters`, `items` or
 * `expansion`, which is `null` for a filter that does not grow. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/bf.info/
 * @since 0.1.0
 * @category bloom
 */
export const infoOf = (key: Key, field: "capacity" | "size" | "filters" | "items" | "expansion") =>
  make(
    BF_INFO_OF,
    argv(key, keyword(BF_INFO_OF.name, "field", field, ["capacity", "size", "filters", "items", "expansion"]))
  )

const BF_SCANDUMP = define({ words: ["BF.SCANDUMP"], mode: "read", keys: 1, decode: chunk })
/**
 * BF.SCANDUMP returns a part of a filter as bytes, for BF.LOADCHUNK. Begin with the iterator 0 and go on with the one
 * that it returns, until that is 0; no item may be added meanwhile. Fails with ERR if the key does not exist.
 *
 * **Example** (A copy)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 * import * as Bloom from "effect-redis-sentinel/modules/Bloom"
 *
 * export const copy = Effect.gen(function*() {
 *   const bloom = Bloom.methods(yield* RedisClient.RedisClient)
 *   let part = yield* bloom.scandump("names", 0)
 *   while (part.iterator !== 0) {
 *     yield* bloom.loadchunk("names:copy", part.iterator, part.data)
 *     part = yield* bloom.scandump("names", part.iterator)
 *   }
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/bf.scandump/
 * @since 0.1.0
 * @category bloom
 */
export const scandump = (key: Key, iterator: number): Command.Command<Chunk, "read"> =>
  Command.bytes(make(BF_SCANDUMP, argv(key, integerArg(BF_SCANDUMP.name, "iterator", iterator, 0))))

const BF_LOADCHUNK = define({ words: ["BF.LOADCHUNK"], mode: "write", keys: 1, decode: Command.ok })
/**
 * BF.LOADCHUNK writes a part of a filter that BF.SCANDUMP returned, under the iterator that came with it, and returns
 * `"OK"`. The first part replaces what the key has. Fails with ERR if the part is damaged.
 *
 * @see https://redis.io/docs/latest/commands/bf.loadchunk/
 * @since 0.1.0
 * @category bloom
 */
export const loadchunk = (key: Key, iterator: number, data: Uint8Array) =>
  make(BF_LOADCHUNK, argv(key, integerArg(BF_LOADCHUNK.name, "iterator", iterator, 1), data))
