/**
 * The commands on cuckoo filters (CF.*), from which items can be deleted, unlike from
 * Bloom filters.
 */
import * as Command from "../../Command.ts"
import { define, own as make } from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import type { NotWith } from "../../commands/options.ts"
import { appendVariadic, argv, exclusive, type FieldsOf, optionsOf, type Variadic } from "../commands/args.ts"
import { appendFlag, integerArg } from "./args.ts"
import { type Chunk, chunk } from "./filterChunks.ts"

export type { Chunk } from "./filterChunks.ts"

/**
 * Options of CF.RESERVE.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReserveOptions {
  /** How many items a bucket has, from 1 to 255: more give more room and more errors. Default 2. */
  readonly bucketSize?: number | undefined
  /** How often items change places before the filter counts as full, from 1 to 65,535. Default 20. */
  readonly maxIterations?: number | undefined
  /** How many times larger each further filter is than the last one, from 0 to 32,768. Default 1. */
  readonly expansion?: number | undefined
}

const CF_RESERVE = define({ words: ["CF.RESERVE"], mode: "write", keys: 1, decode: Command.ok })
const reserveFields: FieldsOf<ReserveOptions> = { bucketSize: "value", maxIterations: "value", expansion: "value" }

/**
 * CF.RESERVE creates an empty filter for about so many items, and returns `"OK"`. With more items it grows. Fails with
 * ERR if the key exists.
 *
 * @see https://redis.io/docs/latest/commands/cf.reserve/
 * @since 0.1.0
 * @category cuckoo
 */
export const reserve = (key: Key, capacity: number, options?: ReserveOptions | undefined) => {
  const { name } = CF_RESERVE
  const args = argv(key, integerArg(name, "capacity", capacity, 1))
  const given = optionsOf(name, options, reserveFields)
  if (given?.bucketSize !== undefined) args.push("BUCKETSIZE", integerArg(name, "bucketSize", given.bucketSize, 1, 255))
  if (given?.maxIterations !== undefined) {
    args.push("MAXITERATIONS", integerArg(name, "maxIterations", given.maxIterations, 1, 65_535))
  }
  if (given?.expansion !== undefined) args.push("EXPANSION", integerArg(name, "expansion", given.expansion, 0, 32_768))
  return make(CF_RESERVE, args)
}

const CF_ADD = define({ words: ["CF.ADD"], mode: "write", keys: 1, decode: Command.flag })
/**
 * CF.ADD adds an item, once more if it is there already, and returns `true`. A missing key is created with the defaults
 * of the server. Fails with ERR if the filter is full.
 *
 * @see https://redis.io/docs/latest/commands/cf.add/
 * @since 0.1.0
 * @category cuckoo
 */
export const add = (key: Key, item: Arg) => make(CF_ADD, argv(key, item))

const CF_ADDNX = define({ words: ["CF.ADDNX"], mode: "write", keys: 1, decode: Command.flag })
/**
 * CF.ADDNX adds an item unless it seems to be there, and returns whether it did. A missing key is created with the
 * defaults of the server. Fails with ERR if the filter is full.
 *
 * @see https://redis.io/docs/latest/commands/cf.addnx/
 * @since 0.1.0
 * @category cuckoo
 */
export const addnx = (key: Key, item: Arg) => make(CF_ADDNX, argv(key, item))

/**
 * Options of CF.INSERT and CF.INSERTNX for a filter that may be new.
 *
 * @since 0.1.0
 * @category models
 */
export interface InsertCreating {
  /** For how many items a new filter is made. Default: that of the server, 1,024. */
  readonly capacity?: number | undefined
  /** Not with `capacity`. */
  readonly nocreate?: NotWith<"capacity"> | false | undefined
}

/**
 * Options of CF.INSERT and CF.INSERTNX for a filter that must exist.
 *
 * @since 0.1.0
 * @category models
 */
export interface InsertExisting {
  /** Whether a missing key is an error (NOCREATE). */
  readonly nocreate: true
  /** Not with `nocreate`. */
  readonly capacity?: NotWith<"nocreate"> | undefined
}

const insertArgsFields = { capacity: "value", nocreate: "flag" } as const

const insertArgs = (
  command: string,
  key: Key,
  items: ReadonlyArray<Arg>,
  options: InsertCreating | InsertExisting | undefined
): Array<Arg> => {
  const args = argv(key)
  const given = optionsOf(command, options, insertArgsFields)
  if (given !== undefined) {
    exclusive<typeof given>(command, given, ["capacity", "nocreate"])
    if (given.capacity !== undefined) {
      args.push("CAPACITY", integerArg(command, "capacity", given.capacity as number, 1))
    }
    appendFlag(args, "NOCREATE", given.nocreate)
  }
  args.push("ITEMS")
  return appendVariadic(command, "items", args, [items])
}

/** Whether each item was added: -1 (RESP2) and false (RESP3) stand for a full filter. */
const inserted = Command.array(
  Command.custom<boolean>((value) => value === -1 ? false : Command.flag(value, false))
)

const CF_INSERT = define({ words: ["CF.INSERT"], mode: "write", keys: 1, decode: inserted })
/**
 * CF.INSERT adds several items, and returns for each whether it was added, in their order: `false` if the filter is
 * full. A missing key is created; with `nocreate` it fails with ERR.
 *
 * @see https://redis.io/docs/latest/commands/cf.insert/
 * @since 0.1.0
 * @category cuckoo
 */
export const insert = (
  key: Key,
  items: ReadonlyArray<Arg>,
  options?: InsertCreating | InsertExisting | undefined
) => make(CF_INSERT, insertArgs(CF_INSERT.name, key, items, options))

const insertedNx = Command.array(
  Command.custom<boolean | null>((value) => value === -1 ? null : Command.flag(value, false))
)

const CF_INSERTNX = define({ words: ["CF.INSERTNX"], mode: "write", keys: 1, decode: insertedNx })
/**
 * CF.INSERTNX adds those of several items that do not seem to be there, and returns for each whether it did, in their
 * order: `false` if it seems to be there, `null` if the filter is full. A missing key is created; with `nocreate` it
 * fails with ERR.
 *
 * @see https://redis.io/docs/latest/commands/cf.insertnx/
 * @since 0.1.0
 * @category cuckoo
 */
export const insertnx = (
  key: Key,
  items: ReadonlyArray<Arg>,
  options?: InsertCreating | InsertExisting | undefined
) => make(CF_INSERTNX, insertArgs(CF_INSERTNX.name, key, items, options))

const CF_EXISTS = define({ words: ["CF.EXISTS"], mode: "read", keys: 1, decode: Command.flag })
/**
 * CF.EXISTS returns whether an item may be in a filter: `false` is certain. A missing key gives `false`.
 *
 * @see https://redis.io/docs/latest/commands/cf.exists/
 * @since 0.1.0
 * @category cuckoo
 */
export const exists = (key: Key, item: Arg) => make(CF_EXISTS, argv(key, item))

const CF_MEXISTS = define({ words: ["CF.MEXISTS"], mode: "read", keys: 1, decode: Command.flags })
/**
 * CF.MEXISTS returns for several items what CF.EXISTS returns for one, in their order.
 *
 * @see https://redis.io/docs/latest/commands/cf.mexists/
 * @since 0.1.0
 * @category cuckoo
 */
export const mexists = (key: Key, ...items: Variadic<Arg>) =>
  make(CF_MEXISTS, appendVariadic(CF_MEXISTS.name, "items", argv(key), items))

const CF_DEL = define({ words: ["CF.DEL"], mode: "write", keys: 1, decode: Command.flag })
/**
 * CF.DEL deletes an item once, and returns whether it was there. Delete only what was added: the filter may otherwise
 * forget another item. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/cf.del/
 * @since 0.1.0
 * @category cuckoo
 */
export const del = (key: Key, item: Arg) => make(CF_DEL, argv(key, item))

const CF_COUNT = define({ words: ["CF.COUNT"], mode: "read", keys: 1, decode: Command.int })
/**
 * CF.COUNT returns how often an item was added, about: it may be less often. A missing key gives 0.
 *
 * @see https://redis.io/docs/latest/commands/cf.count/
 * @since 0.1.0
 * @category cuckoo
 */
export const count = (key: Key, item: Arg) => make(CF_COUNT, argv(key, item))

const CF_COMPACT = define({ words: ["CF.COMPACT"], mode: "read", keys: 1, decode: Command.ok })
/**
 * CF.COMPACT moves the items of a filter into as few filters as they fit in, and returns `"OK"`; the items stay the
 * same, and so servers count it as a read. Servers do it after many deletions by themselves. Fails with ERR if the key
 * does not exist. It has no page in the documentation of Redis.
 *
 * @see https://redis.io/docs/latest/commands/cf.compact/
 * @since 0.1.0
 * @category cuckoo
 */
export const compact = (key: Key) => make(CF_COMPACT, argv(key))

/**
 * What CF.INFO says of a filter.
 *
 * @since 0.1.0
 * @category models
 */
export interface Info {
  /** How many bytes of memory it takes. */
  readonly sizeBytes: number
  /** How many buckets it has. */
  readonly buckets: number
  /** Of how many filters it consists: one, and another one each time that it grew. */
  readonly filters: number
  /** How many items are in it. */
  readonly items: number
  /** How many items were deleted. */
  readonly deleted: number
  /** How many items a bucket has. */
  readonly bucketSize: number
  /** How many times larger each further filter is. */
  readonly expansion: number
  /** How often items change places before it counts as full. */
  readonly maxIterations: number
}

const infoFields = Command.map(
  Command.fields({
    size: Command.int,
    numberOfBuckets: Command.int,
    numberOfFilters: Command.int,
    numberOfItemsInserted: Command.int,
    numberOfItemsDeleted: Command.int,
    bucketSize: Command.int,
    expansionRate: Command.int,
    maxIterations: Command.int
  }),
  (info): Info => ({
    sizeBytes: info.size,
    buckets: info.numberOfBuckets,
    filters: info.numberOfFilters,
    items: info.numberOfItemsInserted,
    deleted: info.numberOfItemsDeleted,
    bucketSize: info.bucketSize,
    expansion: info.expansionRate,
    maxIterations: info.maxIterations
  })
)

const CF_INFO = define({ words: ["CF.INFO"], mode: "read", keys: 1, decode: infoFields })
/**
 * CF.INFO returns what a filter consists of. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/cf.info/
 * @since 0.1.0
 * @category cuckoo
 */
export const info = (key: Key) => make(CF_INFO, argv(key))

const CF_SCANDUMP = define({ words: ["CF.SCANDUMP"], mode: "read", keys: 1, decode: chunk })
/**
 * CF.SCANDUMP returns a part of a filter as bytes, for CF.LOADCHUNK. Begin with the iterator 0 and go on with the one
 * that it returns, until that is 0; no item may be added or deleted meanwhile. Fails with ERR if the key does not
 * exist.
 *
 * @see https://redis.io/docs/latest/commands/cf.scandump/
 * @since 0.1.0
 * @category cuckoo
 */
export const scandump = (key: Key, iterator: number): Command.Command<Chunk, "read"> =>
  Command.bytes(make(CF_SCANDUMP, argv(key, integerArg(CF_SCANDUMP.name, "iterator", iterator, 0))))

const CF_LOADCHUNK = define({ words: ["CF.LOADCHUNK"], mode: "write", keys: 1, decode: Command.ok })
/**
 * CF.LOADCHUNK writes a part of a filter that CF.SCANDUMP returned, under the iterator that came with it, and returns
 * `"OK"`. The first part creates the filter. Fails with ERR if the part is damaged.
 *
 * @see https://redis.io/docs/latest/commands/cf.loadchunk/
 * @since 0.1.0
 * @category cuckoo
 */
export const loadchunk = (key: Key, iterator: number, data: Uint8Array) =>
  make(CF_LOADCHUNK, argv(key, integerArg(CF_LOADCHUNK.name, "iterator", iterator, 1), data))
