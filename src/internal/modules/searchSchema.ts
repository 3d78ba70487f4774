/**
 * The schemas of indexes: which fields there are and how they are indexed, as FT.CREATE and
 * FT.ALTER take them.
 */
import type { Arg } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { type FieldsOf, keyword, objectOf, optionsOf } from "../commands/args.ts"
import { kindOf } from "../common/values.ts"
import { appendFlag, integerArg, numberArg, textArg } from "./args.ts"
import { appendCountedWord } from "./searchOptions.ts"

/**
 * What fields of all types have in common.
 *
 * @since 0.1.0
 * @category models
 */
export interface FieldOptions {
  /** The name of the field in queries. Default: its name in the schema. */
  readonly as?: string | undefined
  /** Whether documents without the field are found by `ismissing(@field)`. Default false. */
  readonly indexMissing?: boolean | undefined
}

/**
 * What fields have in common that results can be sorted by.
 *
 * @since 0.1.0
 * @category models
 */
export interface SortableOptions extends FieldOptions {
  /** Whether results are sorted by it fast; `"unf"`: by the text as it is written. Default false. */
  readonly sortable?: boolean | "unf" | undefined
  /** Whether it is not searched, but only sorted by. Default false. */
  readonly noindex?: boolean | undefined
}

/**
 * A field of text, which is searched by its words.
 *
 * @since 0.1.0
 * @category models
 */
export interface TextField extends SortableOptions {
  /** Text. */
  readonly type: "text"
  /** How much a match of it counts. Default 1. */
  readonly weight?: number | undefined
  /** Whether words are found in the given form only. Default false. */
  readonly nostem?: boolean | undefined
  /** Whether words are found by their sound, in English, French, Portuguese or Spanish. */
  readonly phonetic?: "dm:en" | "dm:fr" | "dm:pt" | "dm:es" | undefined
  /** Whether queries for the ends and the middles of words are fast. Default false. */
  readonly withsuffixtrie?: boolean | undefined
  /** Whether empty texts are found. Default false. */
  readonly indexEmpty?: boolean | undefined
}

/**
 * A field of tags, which are searched as a whole.
 *
 * @since 0.1.0
 * @category models
 */
export interface TagField extends SortableOptions {
  /** Tags. */
  readonly type: "tag"
  /** The character between tags. Default `","`; JSON has arrays of tags. */
  readonly separator?: string | undefined
  /** Whether upper and lower case differ. Default false. */
  readonly casesensitive?: boolean | undefined
  /** Whether queries for the ends and the middles of tags are fast. Default false. */
  readonly withsuffixtrie?: boolean | undefined
  /** Whether empty tags are found. Default false. */
  readonly indexEmpty?: boolean | undefined
}

/**
 * A field of numbers, or of places as `"longitude,latitude"`.
 *
 * @since 0.1.0
 * @category models
 */
export interface NumericField extends SortableOptions {
  /** Numbers, or places. */
  readonly type: "numeric" | "geo"
}

/**
 * A field of shapes, in well-known text.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeoshapeField extends FieldOptions {
  /** Shapes. */
  readonly type: "geoshape"
  /** Whether coordinates are on the Earth or on a plane. Default `"spherical"`. */
  readonly coordSystem?: "spherical" | "flat" | undefined
  /** Whether it is not searched. Default false. */
  readonly noindex?: boolean | undefined
}

/**
 * What fields of vectors have in common.
 *
 * @since 0.1.0
 * @category models
 */
export interface VectorOptions extends FieldOptions {
  /** Vectors. */
  readonly type: "vector"
  /** How many dimensions they have. */
  readonly dim: number
  /** How far two are from each other: the Euclidean distance, the inner product, or the cosine. */
  readonly distanceMetric: "l2" | "ip" | "cosine"
}

/**
 * A field of vectors that are all compared.
 *
 * @since 0.1.0
 * @category models
 */
export interface FlatVectorField extends VectorOptions {
  /** All vectors are compared. */
  readonly algorithm: "flat"
  /** The type of the numbers; `int8` and `uint8` need Redis 8. */
  readonly dataType: VectorType
  /** For how many vectors there is room at first. */
  readonly initialCap?: number | undefined
  /** For how many vectors room is made at a time. */
  readonly blockSize?: number | undefined
}

/**
 * The types of the numbers of vectors.
 *
 * @since 0.1.0
 * @category models
 */
export type VectorType = "float32" | "float64" | "bfloat16" | "float16" | "int8" | "uint8"

/**
 * A field of vectors in a graph of several layers (HNSW): fast, and not always exact.
 *
 * @since 0.1.0
 * @category models
 */
export interface HnswVectorField extends VectorOptions {
  /** A graph of several layers. */
  readonly algorithm: "hnsw"
  /** The type of the numbers; `int8` and `uint8` need Redis 8. */
  readonly dataType: VectorType
  /** For how many vectors there is room at first. */
  readonly initialCap?: number | undefined
  /** How many neighbours a vector has in a layer. Default 16. */
  readonly m?: number | undefined
  /** How many neighbours are looked at when a vector comes. Default 200. */
  readonly efConstruction?: number | undefined
  /** How many candidates a search looks at. Default 10. */
  readonly efRuntime?: number | undefined
  /** How far beyond its radius a range query looks. Default 0.01. */
  readonly epsilon?: number | undefined
}

/**
 * A field of vectors in a graph of one layer, which may be compressed (SVS-VAMANA).
 *
 * @since 0.1.0
 * @category models
 */
export interface VamanaVectorField extends VectorOptions {
  /** A graph of one layer. Needs Redis 8.2. */
  readonly algorithm: "svs-vamana"
  /** The type of the numbers. */
  readonly dataType: "float16" | "float32"
  /** How vectors are compressed. Default: not. */
  readonly compression?: "LVQ8" | "LVQ4" | "LVQ4x4" | "LVQ4x8" | "LeanVec4x8" | "LeanVec8x8" | undefined
  /** How many vectors are looked at when one comes. Default 200. */
  readonly constructionWindowSize?: number | undefined
  /** How many neighbours a vector has. Default 32. */
  readonly graphMaxDegree?: number | undefined
  /** How many candidates a search looks at. Default 10. */
  readonly searchWindowSize?: number | undefined
  /** How far beyond its radius a range query looks. Default 0.01. */
  readonly epsilon?: number | undefined
  /** After how many vectors compression begins; it needs `compression`. */
  readonly trainingThreshold?: number | undefined
  /** How many dimensions are left; it needs a compression of LeanVec. */
  readonly reduce?: number | undefined
}

/**
 * How a field is indexed.
 *
 * @since 0.1.0
 * @category models
 */
export type Field =
  | TextField
  | TagField
  | NumericField
  | GeoshapeField
  | FlatVectorField
  | HnswVectorField
  | VamanaVectorField

/**
 * The fields of an index by their names: those of a hash, or JSONPaths of a document.
 *
 * @since 0.1.0
 * @category models
 */
export type Fields = Readonly<Record<string, Field>>

const types = ["text", "tag", "numeric", "geo", "geoshape", "vector"] as const
const vectorTypes: ReadonlyArray<VectorType> = ["float32", "float64", "bfloat16", "float16", "int8", "uint8"]

/** The attributes of a field of vectors, as arguments. */
const vectorArgs = (
  command: string,
  at: string,
  field: FlatVectorField | HnswVectorField | VamanaVectorField
): Array<Arg> => {
  const args: Array<Arg> = [
    "TYPE",
    keyword(command, `${at}.dataType`, field.dataType, vectorTypes),
    "DIM",
    integerArg(command, `${at}.dim`, field.dim, 1),
    "DISTANCE_METRIC",
    keyword(command, `${at}.distanceMetric`, field.distanceMetric, ["l2", "ip", "cosine"])
  ]
  const count = (word: string, name: string, value: number | undefined): void => {
    if (value !== undefined) args.push(word, integerArg(command, `${at}.${name}`, value, 1))
  }
  const epsilon = (value: number | undefined): void => {
    if (value !== undefined) args.push("EPSILON", numberArg(command, `${at}.epsilon`, value, 0, Number.MAX_VALUE))
  }
  switch (field.algorithm) {
    case "flat":
      count("INITIAL_CAP", "initialCap", field.initialCap)
      count("BLOCK_SIZE", "blockSize", field.blockSize)
      break
    case "hnsw":
      count("INITIAL_CAP", "initialCap", field.initialCap)
      count("M", "m", field.m)
      count("EF_CONSTRUCTION", "efConstruction", field.efConstruction)
      count("EF_RUNTIME", "efRuntime", field.efRuntime)
      epsilon(field.epsilon)
      break
    case "svs-vamana":
      if (field.compression !== undefined) {
        const choices = ["LVQ8", "LVQ4", "LVQ4x4", "LVQ4x8", "LeanVec4x8", "LeanVec8x8"] as const
        keyword(command, `${at}.compression`, field.compression, choices)
        args.push("COMPRESSION", field.compression)
      } else if (field.trainingThreshold !== undefined || field.reduce !== undefined) {
        const name = field.reduce === undefined ? "trainingThreshold" : "reduce"
        throw new InvalidCommand({ command, detail: `${at}.${name}: it needs compression` })
      }
      count("CONSTRUCTION_WINDOW_SIZE", "constructionWindowSize", field.constructionWindowSize)
      count("GRAPH_MAX_DEGREE", "graphMaxDegree", field.graphMaxDegree)
      count("SEARCH_WINDOW_SIZE", "searchWindowSize", field.searchWindowSize)
      epsilon(field.epsilon)
      count("TRAINING_THRESHOLD", "trainingThreshold", field.trainingThreshold)
      count("REDUCE", "reduce", field.reduce)
  }
  return args
}

/** Appends the name of a field and how it is indexed. */
const appendField = (command: string, args: Array<Arg>, name: string, field: Field): void => {
  const at = `schema.${name}`
  args.push(textArg(command, "schema", name))
  if (field.as !== undefined) args.push("AS", textArg(command, `${at}.as`, field.as))
  const type = keyword(command, `${at}.type`, field.type, types)
  args.push(type)
  if (field.type === "vector") {
    const algorithm = keyword(command, `${at}.algorithm`, field.algorithm, ["flat", "hnsw", "svs-vamana"])
    appendCountedWord(args, algorithm, vectorArgs(command, at, field))
    appendFlag(args, "INDEXMISSING", field.indexMissing)
    return
  }
  if (field.type === "text") {
    appendFlag(args, "NOSTEM", field.nostem)
    if (field.weight !== undefined) {
      args.push("WEIGHT", numberArg(command, `${at}.weight`, field.weight, 0, Number.MAX_VALUE))
    }
    if (field.phonetic !== undefined) {
      keyword(command, `${at}.phonetic`, field.phonetic, ["dm:en", "dm:fr", "dm:pt", "dm:es"])
      args.push("PHONETIC", field.phonetic)
    }
  } else if (field.type === "tag") {
    if (field.separator !== undefined) {
      if (typeof field.separator !== "string" || field.separator.length !== 1) {
        throw new InvalidCommand({ command, detail: `${at}.separator: expected one character` })
      }
      args.push("SEPARATOR", field.separator)
    }
    appendFlag(args, "CASESENSITIVE", field.casesensitive)
  } else if (field.type === "geoshape" && field.coordSystem !== undefined) {
    args.push(keyword(command, `${at}.coordSystem`, field.coordSystem, ["spherical", "flat"]))
  }
  if (field.type === "text" || field.type === "tag") {
    appendFlag(args, "WITHSUFFIXTRIE", field.withsuffixtrie)
    appendFlag(args, "INDEXEMPTY", field.indexEmpty)
  }
  appendFlag(args, "INDEXMISSING", field.indexMissing)
  if (field.type !== "geoshape" && field.sortable !== undefined && field.sortable !== false) {
    args.push("SORTABLE")
    if (field.sortable === "unf") args.push("UNF")
    else if (field.sortable !== true) {
      throw new InvalidCommand({
        command,
        detail: `${at}.sortable: expected true, false or "unf", got ${kindOf(field.sortable)}`
      })
    }
  }
  appendFlag(args, "NOINDEX", field.noindex)
}

const fieldFields: FieldsOf<Field> = {
  type: "value",
  weight: "value",
  nostem: "flag",
  phonetic: "value",
  withsuffixtrie: "flag",
  indexEmpty: "flag",
  sortable: "value",
  noindex: "flag",
  as: "value",
  indexMissing: "flag",
  separator: "value",
  casesensitive: "flag",
  coordSystem: "value",
  algorithm: "value",
  dataType: "value",
  initialCap: "value",
  blockSize: "value",
  dim: "value",
  distanceMetric: "value",
  m: "value",
  efConstruction: "value",
  efRuntime: "value",
  epsilon: "value",
  compression: "value",
  constructionWindowSize: "value",
  graphMaxDegree: "value",
  searchWindowSize: "value",
  trainingThreshold: "value",
  reduce: "value"
}

/** Appends the fields of a schema. Throws `InvalidCommand` for none. */
export const appendFields = (command: string, args: Array<Arg>, schema: Fields): Array<Arg> => {
  const fields = objectOf(command, schema)
  const entries = fields === undefined ? [] : Object.entries(fields)
  if (entries.length === 0) throw new InvalidCommand({ command, detail: "schema: at least one field is needed" })
  for (const [name, field] of entries) {
    const checked = optionsOf(command, field, fieldFields, `schema.${name}.`)
    if (checked === undefined) throw new InvalidCommand({ command, detail: `schema.${name}: expected an object` })
    appendField(command, args, name, checked)
  }
  return args
}
