/**
 * The commands on vector sets, since Redis 8.0: each element has a vector, by which a
 * search finds those that are most similar, and perhaps attributes, which are JSON.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { argv, type FieldsOf, keyword, optionsOf } from "../internal/commands/args.ts"
import {
  appendVector,
  makeWithDetails,
  type Vector,
  type VectorDetail,
  type VectorFound
} from "../internal/commands/vectors.ts"
import type { NotWith } from "./options.ts"

export type { Vector, VectorDetail, VectorFound }

/**
 * Options of VADD. The first VADD of a key decides on `reduce`, `quantization` and `links`;
 * later ones must say the same.
 *
 * @since 0.1.0
 * @category models
 */
export interface VaddOptions {
  /** The number of dimensions to which the server reduces vectors (REDUCE). Default: all are kept. */
  readonly reduce?: number | undefined
  /** Whether the server looks for neighbours in a thread, without holding up other clients (CAS). Default false. */
  readonly cas?: boolean | undefined
  /** How numbers are kept: in 8 bits (`"q8"`), one bit (`"bin"`) or 32 bits (`"noquant"`). Default `"q8"`. */
  readonly quantization?: "q8" | "bin" | "noquant" | undefined
  /** How many candidates are looked at for the links of the element (EF). Default 200. */
  readonly ef?: number | undefined
  /** The attributes of the element: JSON, by which `filter` of VSIM chooses (SETATTR). Default: none, or as they are. */
  readonly attributes?: Arg | undefined
  /** How many links each element has at most; from 4 to 4096 (M). Default 16. */
  readonly links?: number | undefined
}

const VADD = define({ words: ["VADD"], mode: "write", keys: 1, decode: Command.flag })
const vaddFields: FieldsOf<VaddOptions> = {
  reduce: "value",
  cas: "flag",
  quantization: "value",
  ef: "value",
  attributes: "value",
  links: "value"
}

/**
 * VADD adds an element with its vector to a vector set, or gives an element that exists another vector. The result
 * is whether the element is new. A missing key is created. Fails with ERR for a vector of another number of dimensions
 * and for options other than those that the key was created with, and with WRONGTYPE if the key holds another type.
 * Needs Redis 8.0.
 *
 * **Example** (An embedding with attributes)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const added = (embedding: Float32Array) =>
 *   commands.vadd("films", embedding, "film:1", { attributes: JSON.stringify({ year: 1984 }) })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/vadd/
 * @since 0.1.0
 * @category vector sets
 */
export const vadd = (key: Key, vector: Vector, element: Arg, options?: VaddOptions | undefined) => {
  const args = argv(key)
  const given = optionsOf("VADD", options, vaddFields)
  if (given?.reduce !== undefined) args.push("REDUCE", given.reduce)
  appendVector("VADD", args, vector)
  args.push(element)
  if (given?.cas === true) args.push("CAS")
  if (given?.quantization !== undefined) {
    args.push(keyword("VADD", "quantization", given.quantization, ["q8", "bin", "noquant"]))
  }
  if (given?.ef !== undefined) args.push("EF", given.ef)
  if (given?.attributes !== undefined) args.push("SETATTR", given.attributes)
  if (given?.links !== undefined) args.push("M", given.links)
  return make(VADD, args)
}

const VCARD = define({ words: ["VCARD"], mode: "read", keys: 1, decode: Command.int })
/**
 * VCARD returns how many elements a vector set has, 0 if the key does not exist. Fails with WRONGTYPE if the key holds
 * another type. Needs Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vcard/
 * @since 0.1.0
 * @category vector sets
 */
export const vcard = (key: Key) => make(VCARD, argv(key))

const VDIM = define({ words: ["VDIM"], mode: "read", keys: 1, decode: Command.int })
/**
 * VDIM returns the number of dimensions of the vectors of a vector set, after `reduce`. Fails with ERR if the key does
 * not exist, and with WRONGTYPE if the key holds another type. Needs Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vdim/
 * @since 0.1.0
 * @category vector sets
 */
export const vdim = (key: Key) => make(VDIM, argv(key))

const VEMB = define({
  words: ["VEMB"],
  mode: "read",
  keys: 1,
  decode: Command.nullable(Command.array(Command.float))
})
/**
 * VEMB returns the vector of an element, or `null` if the element or the key does not exist. Its numbers are about
 * those that were added, according to the quantization of the key. Fails with WRONGTYPE if the key holds another type.
 * Needs Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vemb/
 * @since 0.1.0
 * @category vector sets
 */
export const vemb = (key: Key, element: Arg) => make(VEMB, argv(key, element))

/**
 * The vector of an element as the server keeps it.
 *
 * @since 0.1.0
 * @category models
 */
export interface RawVector {
  /** How numbers are kept: `"int8"`, `"bin"` or `"f32"`. */
  readonly quantization: string
  /** The numbers of the vector of length 1, quantized. */
  readonly bytes: Uint8Array
  /** The length of the vector that was added. */
  readonly norm: number
  /** The number that the greatest 8-bit number stands for, where the quantization is `"int8"`. */
  readonly range?: number
}

const rawVector: Command.Decode<RawVector> = Command.custom((value) => {
  const [quantization, bytes, norm, range] = Command.list(value)
  if (!(bytes instanceof Uint8Array) || quantization === undefined || norm === undefined) {
    throw new Command.Mismatch("a quantization, bytes and a length", value)
  }
  const vector = { quantization: Command.text(quantization), bytes, norm: Command.double(norm) }
  return range === undefined ? vector : { ...vector, range: Command.double(range) }
})

const VEMB_RAW = define({ words: ["VEMB"], mode: "read", keys: 1, decode: Command.nullable(rawVector) })
/**
 * VEMB with RAW returns the vector of an element as the server keeps it, in bytes, or `null` if the element or the key
 * does not exist. Fails with WRONGTYPE if the key holds another type. Needs Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vemb/
 * @since 0.1.0
 * @category vector sets
 */
export const vembRaw = (key: Key, element: Arg): Command.Command<RawVector | null, "read"> =>
  Command.bytes(make(VEMB_RAW, argv(key, element, "RAW")))

const VGETATTR = define({ words: ["VGETATTR"], mode: "read", keys: 1, decode: Command.stringOrNull })
/**
 * VGETATTR returns the attributes of an element as they were set, or `null` if the element has none or does not
 * exist. Fails with WRONGTYPE if the key holds another type. Needs Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vgetattr/
 * @since 0.1.0
 * @category vector sets
 */
export const vgetattr = (key: Key, element: Arg) => make(VGETATTR, argv(key, element))

const VSETATTR = define({ words: ["VSETATTR"], mode: "write", keys: 1, decode: Command.flag })
/**
 * VSETATTR sets the attributes of an element: JSON, by which `filter` of VSIM chooses. An empty string removes them.
 * The result is whether there is such an element. The server does not check that it is JSON. Fails with WRONGTYPE if
 * the key holds another type. Needs Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vsetattr/
 * @since 0.1.0
 * @category vector sets
 */
export const vsetattr = (key: Key, element: Arg, attributes: Arg) => make(VSETATTR, argv(key, element, attributes))

const VINFO = define({
  words: ["VINFO"],
  mode: "read",
  keys: 1,
  decode: Command.nullable(
    Command.fields(
      { quantType: Command.word, vectorDim: Command.int, size: Command.int },
      {
        hnswM: Command.int,
        projectionInputDim: Command.int,
        maxLevel: Command.int,
        attributesCount: Command.int,
        vsetUid: Command.int,
        hnswMaxNodeUid: Command.int
      }
    )
  )
})
/**
 * VINFO returns what a vector set is made of, or `null` if the key does not exist: how numbers are kept (`"int8"`,
 * `"bin"` or `"f32"`), how many dimensions vectors have, and before `reduce` (0: they are not reduced), how many
 * elements there are, and how many of them have attributes. Fails with WRONGTYPE if the key holds another type. Needs
 * Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vinfo/
 * @since 0.1.0
 * @category vector sets
 */
export const vinfo = (key: Key) => make(VINFO, argv(key))

const VISMEMBER = define({ words: ["VISMEMBER"], mode: "read", keys: 1, decode: Command.flag })
/**
 * VISMEMBER returns whether a vector set has an element; `false` if the key does not exist. Fails with WRONGTYPE if the
 * key holds another type. Needs Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vismember/
 * @since 0.1.0
 * @category vector sets
 */
export const vismember = (key: Key, element: Arg) => make(VISMEMBER, argv(key, element))

const VLINKS = define({
  words: ["VLINKS"],
  mode: "read",
  keys: 1,
  decode: Command.nullable(Command.array(Command.strings))
})
/**
 * VLINKS returns the elements that an element is linked to in the graph that searches walk, a list for each level of
 * the graph, the highest one first. The result is `null` if the element or the key does not exist. Fails with WRONGTYPE
 * if the key holds another type. Needs Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vlinks/
 * @since 0.1.0
 * @category vector sets
 */
export const vlinks = (key: Key, element: Arg) => make(VLINKS, argv(key, element))

const VLINKS_SCORES = define({
  words: ["VLINKS"],
  mode: "read",
  keys: 1,
  decode: Command.nullable(Command.array(Command.scored))
})
/**
 * VLINKS with WITHSCORES returns the elements that an element is linked to, as `vlinks` does, each with its similarity,
 * from 0 (opposite) to 1 (same direction). The result is `null` if the element or the key does not exist. Fails with
 * WRONGTYPE if the key holds another type. Needs Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vlinks/
 * @since 0.1.0
 * @category vector sets
 */
export const vlinksWithScores = (key: Key, element: Arg) => make(VLINKS_SCORES, argv(key, element, "WITHSCORES"))

const VRANDMEMBER = define({ words: ["VRANDMEMBER"], mode: "read", keys: 1, decode: Command.stringOrNull })
/**
 * VRANDMEMBER returns an element of a vector set at random, or `null` if the key does not exist. Fails with WRONGTYPE if
 * the key holds another type. Needs Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vrandmember/
 * @since 0.1.0
 * @category vector sets
 */
export const vrandmember = (key: Key) => make(VRANDMEMBER, argv(key))

const VRANDMEMBER_COUNT = define({ words: ["VRANDMEMBER"], mode: "read", keys: 1, decode: Command.strings })
/**
 * VRANDMEMBER with a count returns elements of a vector set at random. A positive `count` gives that many different
 * ones, or all of them if there are fewer; a negative one gives exactly that many, among which an element may come
 * again. A missing key gives `[]`. Fails with WRONGTYPE if the key holds another type. Needs Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vrandmember/
 * @since 0.1.0
 * @category vector sets
 */
export const vrandmemberCount = (key: Key, count: number) => make(VRANDMEMBER_COUNT, argv(key, count))

const VRANGE = define({ words: ["VRANGE"], mode: "read", keys: 1, decode: Command.strings })
/**
 * VRANGE returns the elements of a vector set between two elements in the order of their bytes, `count` at most
 * (default: all): `"[a"` has the element a itself in the range, `"(a"` has not, `"-"` is before all elements and
 * `"+"` after them. A missing key gives `[]`. Fails with WRONGTYPE if the key holds another type. Needs Redis 8.4.
 *
 * **Example** (The next page)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const after = (last: string) => commands.vrange("films", `(${last}`, "+", 100)
 * ```
 *
 * @see https://redis.io/docs/latest/commands/vrange/
 * @since 0.1.0
 * @category vector sets
 */
export const vrange = (
  key: Key,
  start: `[${string}` | `(${string}` | "-" | Uint8Array,
  end: `[${string}` | `(${string}` | "+" | Uint8Array,
  count?: number | undefined
) => make(VRANGE, count === undefined ? argv(key, start, end) : argv(key, start, end, count))

const VREM = define({ words: ["VREM"], mode: "write", keys: 1, decode: Command.flag })
/**
 * VREM removes an element of a vector set. The result is whether the set had it. A vector set without elements is
 * deleted. Fails with WRONGTYPE if the key holds another type. Needs Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vrem/
 * @since 0.1.0
 * @category vector sets
 */
export const vrem = (key: Key, element: Arg) => make(VREM, argv(key, element))

/**
 * A search by the vector of an element.
 *
 * @since 0.1.0
 * @category models
 */
export interface VectorOfElement {
  /** The element of the vector set whose vector is the query (ELE). */
  readonly element: Arg
  /** Not with `element`. */
  readonly vector?: NotWith<"element"> | undefined
}

/**
 * A search by a vector.
 *
 * @since 0.1.0
 * @category models
 */
export interface VectorGiven {
  /** The vector that is the query (FP32, VALUES). */
  readonly vector: Vector
  /** Not with `vector`. */
  readonly element?: NotWith<"vector"> | undefined
}

/**
 * What VSIM looks for: elements that are similar to an element, or to a vector.
 *
 * @since 0.1.0
 * @category models
 */
export type VectorQuery = VectorOfElement | VectorGiven

/**
 * Options of VSIM.
 *
 * @since 0.1.0
 * @category models
 */
export interface VsimOptions {
  /** How many elements are returned at most. Default 10. */
  readonly count?: number | undefined
  /** How far elements may be from the query: 0.2 returns those with a similarity of at least 0.8. Default: any. */
  readonly epsilon?: number | undefined
  /** How many candidates are looked at: more take longer, and miss fewer (EF). Default 100, or `count` if greater. */
  readonly ef?: number | undefined
  /** An expression that the attributes must fulfil, such as `'.year >= 1980 and .genre == "action"'`. Default: any. */
  readonly filter?: string | undefined
  /** How many candidates are looked at for `filter` (FILTER-EF). Default: 100 times `count`. */
  readonly filterEf?: number | undefined
  /** Whether all elements are compared, which misses none and takes long (TRUTH). Default false. */
  readonly truth?: boolean | undefined
  /** Whether the server searches in its main thread, which holds up other clients (NOTHREAD). Default false. */
  readonly nothread?: boolean | undefined
}

const vsimFields: FieldsOf<VsimOptions> = {
  count: "value",
  epsilon: "value",
  ef: "value",
  filter: "value",
  filterEf: "value",
  truth: "flag",
  nothread: "flag"
}

const vectorQueryFields: FieldsOf<VectorQuery> = { element: "value", vector: "value" }

const simArgs = (key: Key, query: VectorQuery, options: VsimOptions | undefined): Array<Arg> => {
  const args = argv(key)
  const of = optionsOf("VSIM", query, vectorQueryFields)
  if (of?.element !== undefined && of.vector !== undefined) {
    throw new InvalidCommand({ command: "VSIM", detail: "vector: not with element" })
  }
  if (of?.element !== undefined) args.push("ELE", of.element)
  else if (of?.vector !== undefined) appendVector("VSIM", args, of.vector as Vector)
  else throw new InvalidCommand({ command: "VSIM", detail: "query: one of element and vector is needed" })
  const given = optionsOf("VSIM", options, vsimFields)
  if (given?.count !== undefined) args.push("COUNT", given.count)
  if (given?.epsilon !== undefined) args.push("EPSILON", given.epsilon)
  if (given?.ef !== undefined) args.push("EF", given.ef)
  if (given?.filter !== undefined) args.push("FILTER", given.filter)
  if (given?.filterEf !== undefined) args.push("FILTER-EF", given.filterEf)
  if (given?.truth === true) args.push("TRUTH")
  if (given?.nothread === true) args.push("NOTHREAD")
  return args
}

const VSIM = define({ words: ["VSIM"], mode: "read", keys: 1, decode: Command.strings })
/**
 * VSIM returns the elements of a vector set that are most similar to an element or to a vector, the most similar one
 * first. A missing key gives `[]`. Fails with ERR if there is no such element, for a vector of another number of
 * dimensions and for a wrong `filter`, with WRONGTYPE if the key holds another type, and with `InvalidCommand` for
 * both of `element` and `vector`. Needs Redis 8.0.
 *
 * **Example** (Similar films of the eighties)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const similar = commands.vsim("films", { element: "film:1" }, {
 *   filter: ".year >= 1980 and .year < 1990",
 *   count: 5
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/vsim/
 * @since 0.1.0
 * @category vector sets
 */
export const vsim = (key: Key, query: VectorQuery, options?: VsimOptions | undefined) =>
  make(VSIM, simArgs(key, query, options))

const VSIM_SCORES = define({ words: ["VSIM"], mode: "read", keys: 1, decode: Command.scored })
/**
 * VSIM with WITHSCORES returns the elements of a vector set that are most similar to an element or to a vector, the most
 * similar one first, each with its similarity, from 0 (opposite) to 1 (same direction). It fails as `vsim` does. Needs
 * Redis 8.0.
 *
 * @see https://redis.io/docs/latest/commands/vsim/
 * @since 0.1.0
 * @category vector sets
 */
export const vsimWithScores = (key: Key, query: VectorQuery, options?: VsimOptions | undefined) => {
  const args = simArgs(key, query, options)
  args.push("WITHSCORES")
  return make(VSIM_SCORES, args)
}

const VSIM_WITH = define({ words: ["VSIM"], mode: "read", keys: 1, decode: Command.value })
/**
 * VSIM with WITHSCORES or WITHATTRIBS returns the elements of a vector set that are most similar to an element or to a
 * vector, the most similar one first, each with the details that were asked for: `"score"`, its similarity, and
 * `"attributes"`, as they were set. It fails as `vsim` does, and with `InvalidCommand` for no details. Needs Redis 8.0,
 * for the attributes Redis 8.2.
 *
 * @see https://redis.io/docs/latest/commands/vsim/
 * @since 0.1.0
 * @category vector sets
 */
export const vsimWith = <const Details extends ReadonlyArray<VectorDetail>>(
  key: Key,
  query: VectorQuery,
  details: Details,
  options?: VsimOptions | undefined
): Command.Command<Array<VectorFound<Details>>, "read", Array<VectorFound<Details, Uint8Array>>> =>
  makeWithDetails(VSIM_WITH, simArgs(key, query, options), details)
