/**
 * The commands on count-min sketches (CMS.*), which count how often items come, in little
 * memory and never too low.
 */
import * as Command from "../../Command.ts"
import { define, own as make } from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import {
  appendAll,
  appendPairs,
  appendVariadic,
  argv,
  arrayOf,
  type FieldsOf,
  keysOf,
  type OneOrMore,
  optionsOf,
  type Variadic
} from "../commands/args.ts"

import { integerArg, numberArg, numberBetween } from "./args.ts"

const CMS_INITBYDIM = define({ words: ["CMS.INITBYDIM"], mode: "write", keys: 1, decode: Command.ok })
/**
 * CMS.INITBYDIM creates an empty sketch with `depth` arrays of `width` counters, and returns `"OK"`. A greater width
 * makes counts more exact, a greater depth makes large errors rarer. Fails with ERR if the key exists.
 *
 * @see https://redis.io/docs/latest/commands/cms.initbydim/
 * @since 0.1.0
 * @category count-min
 */
export const initbydim = (key: Key, width: number, depth: number) =>
  make(
    CMS_INITBYDIM,
    argv(key, integerArg(CMS_INITBYDIM.name, "width", width, 1), integerArg(CMS_INITBYDIM.name, "depth", depth, 1))
  )

const CMS_INITBYPROB = define({ words: ["CMS.INITBYPROB"], mode: "write", keys: 1, decode: Command.ok })
/**
 * CMS.INITBYPROB creates an empty sketch of the size that errors need, and returns `"OK"`. `error` is how far a count
 * may be too high, as a part of all counts (0.001: a thousandth); `probability` is how likely it is that one is further
 * off. Both are between 0 and 1. Fails with ERR if the key exists.
 *
 * @see https://redis.io/docs/latest/commands/cms.initbyprob/
 * @since 0.1.0
 * @category count-min
 */
export const initbyprob = (key: Key, error: number, probability: number) =>
  make(
    CMS_INITBYPROB,
    argv(
      key,
      numberBetween(CMS_INITBYPROB.name, "error", error, 0, 1),
      numberBetween(CMS_INITBYPROB.name, "probability", probability, 0, 1)
    )
  )

const CMS_INCRBY = define({ words: ["CMS.INCRBY"], mode: "write", keys: 1, decode: Command.ints })
/**
 * CMS.INCRBY adds to the counts of items, and returns the new counts in their order. Fails with ERR if the key does not
 * exist.
 *
 * **Example** (Views of pages)
 *
 * ```ts
 * import * as CountMin from "effect-redis-sentinel/modules/CountMin"
 *
 * export const seen = CountMin.incrby("views", { "/": 3, "/docs": 1 })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/cms.incrby/
 * @since 0.1.0
 * @category count-min
 */
export const incrby = (
  key: Key,
  increments: Readonly<Record<string, number>> | Iterable<readonly [item: Key, increment: number]>
) => make(CMS_INCRBY, appendPairs(CMS_INCRBY.name, argv(key), increments))

const CMS_QUERY = define({ words: ["CMS.QUERY"], mode: "read", keys: 1, decode: Command.ints })
/**
 * CMS.QUERY returns how often items came, in their order: never less often than it says is possible, and at times less
 * often than it says. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/cms.query/
 * @since 0.1.0
 * @category count-min
 */
export const query = (key: Key, ...items: Variadic<Arg>) =>
  make(CMS_QUERY, appendVariadic(CMS_QUERY.name, "items", argv(key), items))

/**
 * Options of CMS.MERGE.
 *
 * @since 0.1.0
 * @category models
 */
export interface MergeOptions {
  /** How often the counts of each source count, in the order of the sources. Default 1 for each. */
  readonly weights?: ReadonlyArray<number> | undefined
}

// Servers say that the destination is the only key; of a cluster, the sources must be in its slot all the same.
const CMS_MERGE = define({ words: ["CMS.MERGE"], mode: "write", keys: 1, decode: Command.ok })
const mergeFields: FieldsOf<MergeOptions> = { weights: "value" }

/**
 * CMS.MERGE writes the sums of the counts of sketches to a sketch that exists, and returns `"OK"`. All must have the
 * same width and depth; what the destination has counts if it is a source, too. Fails with ERR if a key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/cms.merge/
 * @since 0.1.0
 * @category count-min
 */
export const merge = (destination: Key, sources: OneOrMore<Key>, options?: MergeOptions | undefined) => {
  const { name } = CMS_MERGE
  const keys = keysOf(name, sources)
  const args = appendAll(argv(destination, keys.length), keys)
  const weights = optionsOf(name, options, mergeFields)?.weights
  if (weights !== undefined) {
    if (arrayOf(name, "weights", weights).length !== keys.length) {
      throw new InvalidCommand({ command: name, detail: "weights: expected one for each source" })
    }
    appendAll(args, ["WEIGHTS", ...weights.map((weight, i) => numberArg(name, `weights[${i}]`, weight))])
  }
  return make(CMS_MERGE, args)
}

/**
 * What CMS.INFO says of a sketch.
 *
 * @since 0.1.0
 * @category models
 */
export interface Info {
  /** How many counters each array has. */
  readonly width: number
  /** How many arrays it has. */
  readonly depth: number
  /** The sum of all counts. */
  readonly count: number
}

const CMS_INFO = define({
  words: ["CMS.INFO"],
  mode: "read",
  keys: 1,
  decode: Command.map(
    Command.fields({ width: Command.int, depth: Command.int, count: Command.int }),
    (info): Info => info
  )
})
/**
 * CMS.INFO returns the size of a sketch and the sum of its counts. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/cms.info/
 * @since 0.1.0
 * @category count-min
 */
export const info = (key: Key) => make(CMS_INFO, argv(key))
