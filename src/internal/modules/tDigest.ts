/**
 * The commands on t-digests (TDIGEST.*), which estimate quantiles of many numbers in little
 * memory.
 */
import * as Command from "../../Command.ts"
import { define, own as make } from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { appendAll, argv, type FieldsOf, keysOf, type OneOrMore, optionsOf, type Variadic } from "../commands/args.ts"
import { appendFlag, integerArg, numberArg } from "./args.ts"

/** Appends numbers that a caller passed one by one or in one array. */
const appendNumbers = (
  command: string,
  field: string,
  args: Array<Arg>,
  given: Variadic<number>,
  min: number = -Infinity,
  max: number = Infinity
): Array<Arg> => {
  const list = given.length === 1 && Array.isArray(given[0]) ? given[0] : given as Array<number>
  if (list.length === 0) throw new InvalidCommand({ command, detail: `${field}: at least one is needed` })
  return appendAll(args, list.map((value, i) => numberArg(command, `${field}[${i}]`, value, min, max)))
}

/** A number as text (RESP2) or as a double; `nan` of an empty sketch is NaN. */
const floats = Command.array(Command.float)

/**
 * Options of TDIGEST.CREATE.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreateOptions {
  /** More is more exact, and takes more memory. The server's default is 100. */
  readonly compression?: number | undefined
}

const TDIGEST_CREATE = define({ words: ["TDIGEST.CREATE"], mode: "write", keys: 1, decode: Command.ok })
const createFields: FieldsOf<CreateOptions> = { compression: "value" }

/**
 * TDIGEST.CREATE creates an empty sketch, and returns `"OK"`. Fails with ERR if the key exists.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.create/
 * @since 0.1.0
 * @category t-digest
 */
export const create = (key: Key, options?: CreateOptions | undefined) => {
  const { name } = TDIGEST_CREATE
  const args = argv(key)
  const given = optionsOf(name, options, createFields)
  if (given?.compression !== undefined) {
    args.push("COMPRESSION", integerArg(name, "compression", given.compression, 1))
  }
  return make(TDIGEST_CREATE, args)
}

const TDIGEST_ADD = define({ words: ["TDIGEST.ADD"], mode: "write", keys: 1, decode: Command.ok })
/**
 * TDIGEST.ADD adds numbers, and returns `"OK"`. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.add/
 * @since 0.1.0
 * @category t-digest
 */
export const add = (key: Key, ...values: Variadic<number>) =>
  make(TDIGEST_ADD, appendNumbers(TDIGEST_ADD.name, "values", argv(key), values, -Number.MAX_VALUE, Number.MAX_VALUE))

const TDIGEST_RESET = define({ words: ["TDIGEST.RESET"], mode: "write", keys: 1, decode: Command.ok })
/**
 * TDIGEST.RESET empties a sketch, and returns `"OK"`. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.reset/
 * @since 0.1.0
 * @category t-digest
 */
export const reset = (key: Key) => make(TDIGEST_RESET, argv(key))

/**
 * Options of TDIGEST.MERGE.
 *
 * @since 0.1.0
 * @category models
 */
export interface MergeOptions {
  /** The compression of the destination. Default: the greatest of all. */
  readonly compression?: number | undefined
  /** Whether what the destination had is forgotten (OVERRIDE). Default false. */
  readonly override?: boolean | undefined
}

const TDIGEST_MERGE = define({
  words: ["TDIGEST.MERGE"],
  mode: "write",
  keys: (args) => [args[0], ...args.slice(2, 2 + Number(args[1]))] as ReadonlyArray<Key>,
  decode: Command.ok
})
const mergeFields: FieldsOf<MergeOptions> = { compression: "value", override: "flag" }

/**
 * TDIGEST.MERGE adds the numbers of sketches to a sketch, and returns `"OK"`. A missing destination is created. Fails
 * with ERR if a source does not exist.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.merge/
 * @since 0.1.0
 * @category t-digest
 */
export const merge = (destination: Key, sources: OneOrMore<Key>, options?: MergeOptions | undefined) => {
  const { name } = TDIGEST_MERGE
  const keys = keysOf(name, sources)
  const args = appendAll(argv(destination, keys.length), keys)
  const given = optionsOf(name, options, mergeFields)
  if (given?.compression !== undefined) {
    args.push("COMPRESSION", integerArg(name, "compression", given.compression, 1))
  }
  appendFlag(args, "OVERRIDE", given?.override)
  return make(TDIGEST_MERGE, args)
}

const TDIGEST_MIN = define({ words: ["TDIGEST.MIN"], mode: "read", keys: 1, decode: Command.float })
/**
 * TDIGEST.MIN returns the smallest number, NaN if the sketch is empty. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.min/
 * @since 0.1.0
 * @category t-digest
 */
export const min = (key: Key) => make(TDIGEST_MIN, argv(key))

const TDIGEST_MAX = define({ words: ["TDIGEST.MAX"], mode: "read", keys: 1, decode: Command.float })
/**
 * TDIGEST.MAX returns the greatest number, NaN if the sketch is empty. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.max/
 * @since 0.1.0
 * @category t-digest
 */
export const max = (key: Key) => make(TDIGEST_MAX, argv(key))

const TDIGEST_QUANTILE = define({ words: ["TDIGEST.QUANTILE"], mode: "read", keys: 1, decode: floats })
/**
 * TDIGEST.QUANTILE returns below which number so large a part of all numbers is, about, for each of `quantiles`, which
 * are from 0 to 1: 0.5 asks for the median. NaN if the sketch is empty. Fails with ERR if the key does not exist.
 *
 * **Example** (The 99th percentile of latencies)
 *
 * ```ts
 * import * as TDigest from "effect-redis-sentinel/modules/TDigest"
 *
 * export const p99 = TDigest.quantile("latencies", 0.99)
 * ```
 *
 * @see https://redis.io/docs/latest/commands/tdigest.quantile/
 * @since 0.1.0
 * @category t-digest
 */
export const quantile = (key: Key, ...quantiles: Variadic<number>) =>
  make(TDIGEST_QUANTILE, appendNumbers(TDIGEST_QUANTILE.name, "quantiles", argv(key), quantiles, 0, 1))

const TDIGEST_CDF = define({ words: ["TDIGEST.CDF"], mode: "read", keys: 1, decode: floats })
/**
 * TDIGEST.CDF returns how large a part of all numbers is smaller than each value, about, plus half of those that are
 * equal to it: from 0 to 1. NaN if the sketch is empty. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.cdf/
 * @since 0.1.0
 * @category t-digest
 */
export const cdf = (key: Key, ...values: Variadic<number>) =>
  make(TDIGEST_CDF, appendNumbers(TDIGEST_CDF.name, "values", argv(key), values))

const TDIGEST_TRIMMED_MEAN = define({ words: ["TDIGEST.TRIMMED_MEAN"], mode: "read", keys: 1, decode: Command.float })
/**
 * TDIGEST.TRIMMED_MEAN returns the mean of the numbers between two quantiles, about: from 0.1 to 0.9 it leaves out the
 * smallest and the greatest tenth. NaN if the sketch is empty. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.trimmed_mean/
 * @since 0.1.0
 * @category t-digest
 */
export const trimmedMean = (key: Key, lowCutQuantile: number, highCutQuantile: number) =>
  make(
    TDIGEST_TRIMMED_MEAN,
    argv(
      key,
      numberArg(TDIGEST_TRIMMED_MEAN.name, "lowCutQuantile", lowCutQuantile, 0, 1),
      numberArg(TDIGEST_TRIMMED_MEAN.name, "highCutQuantile", highCutQuantile, 0, 1)
    )
  )

const TDIGEST_RANK = define({ words: ["TDIGEST.RANK"], mode: "read", keys: 1, decode: Command.ints })
/**
 * TDIGEST.RANK returns how many numbers are smaller than each value, about, plus half of those that are equal to it: -1
 * if it is smaller than all, the number of all if it is greater than all, -2 if the sketch is empty. Fails with ERR if
 * the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.rank/
 * @since 0.1.0
 * @category t-digest
 */
export const rank = (key: Key, ...values: Variadic<number>) =>
  make(TDIGEST_RANK, appendNumbers(TDIGEST_RANK.name, "values", argv(key), values))

const TDIGEST_REVRANK = define({ words: ["TDIGEST.REVRANK"], mode: "read", keys: 1, decode: Command.ints })
/**
 * TDIGEST.REVRANK returns how many numbers are greater than each value, about, plus half of those that are equal to it:
 * -1 if it is greater than all, the number of all if it is smaller than all, -2 if the sketch is empty. Fails with ERR
 * if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.revrank/
 * @since 0.1.0
 * @category t-digest
 */
export const revrank = (key: Key, ...values: Variadic<number>) =>
  make(TDIGEST_REVRANK, appendNumbers(TDIGEST_REVRANK.name, "values", argv(key), values))

const TDIGEST_BYRANK = define({ words: ["TDIGEST.BYRANK"], mode: "read", keys: 1, decode: floats })
/**
 * TDIGEST.BYRANK returns the number at each rank, about: rank 0 has the smallest one. Infinity for a rank that is not
 * below the number of all, NaN if the sketch is empty. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.byrank/
 * @since 0.1.0
 * @category t-digest
 */
export const byrank = (key: Key, ...ranks: Variadic<number>) =>
  make(TDIGEST_BYRANK, appendNumbers(TDIGEST_BYRANK.name, "ranks", argv(key), ranks, 0))

const TDIGEST_BYREVRANK = define({ words: ["TDIGEST.BYREVRANK"], mode: "read", keys: 1, decode: floats })
/**
 * TDIGEST.BYREVRANK returns the number at each rank from the end, about: rank 0 has the greatest one. -Infinity for a
 * rank that is not below the number of all, NaN if the sketch is empty. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.byrevrank/
 * @since 0.1.0
 * @category t-digest
 */
export const byrevrank = (key: Key, ...ranks: Variadic<number>) =>
  make(TDIGEST_BYREVRANK, appendNumbers(TDIGEST_BYREVRANK.name, "ranks", argv(key), ranks, 0))

/**
 * What TDIGEST.INFO says of a sketch.
 *
 * @since 0.1.0
 * @category models
 */
export interface Info {
  /** How exact it is. */
  readonly compression: number
  /** How many nodes it has room for. */
  readonly capacity: number
  /** How many nodes are merged. */
  readonly mergedNodes: number
  /** How many nodes are not merged yet. */
  readonly unmergedNodes: number
  /** How many numbers the merged nodes stand for. */
  readonly mergedWeight: number
  /** How many numbers the nodes that are not merged yet stand for. */
  readonly unmergedWeight: number
  /** How many numbers were added. */
  readonly observations: number
  /** How often nodes were merged. */
  readonly totalCompressions: number
  /** How many bytes of memory it takes. */
  readonly memoryUsageBytes: number
}

const TDIGEST_INFO = define({
  words: ["TDIGEST.INFO"],
  mode: "read",
  keys: 1,
  decode: Command.map(
    Command.fields({
      compression: Command.int,
      capacity: Command.int,
      mergedNodes: Command.int,
      unmergedNodes: Command.int,
      mergedWeight: Command.int,
      unmergedWeight: Command.int,
      observations: Command.int,
      totalCompressions: Command.int,
      memoryUsage: Command.int
    }),
    ({ memoryUsage, ...info }): Info => ({ ...info, memoryUsageBytes: memoryUsage })
  )
})
/**
 * TDIGEST.INFO returns what a sketch consists of. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/tdigest.info/
 * @since 0.1.0
 * @category t-digest
 */
export const info = (key: Key) => make(TDIGEST_INFO, argv(key))
