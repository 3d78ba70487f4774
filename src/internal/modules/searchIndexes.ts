/**
 * The commands on the indexes of search (FT.*): they create, change, describe and drop
 * them. Queries are in searchQueries.ts and searchAggregations.ts.
 */
import * as Command from "../../Command.ts"
import { define, own as make } from "../../Command.ts"
import type { Arg } from "../../Command.ts"
import type { DurationInput } from "../../commands/options.ts"
import { appendAll, argv, arrayOf, type FieldsOf, keyword, type OneOrMore, optionsOf } from "../commands/args.ts"
import { millisOf } from "../commands/time.ts"
import { appendFlag, numberArg, textArg } from "./args.ts"
import { info as infoDecoder } from "./searchInfo.ts"
import { appendCountedWord, type Language, textsOf } from "./searchOptions.ts"
import { appendFields, type Field, type Fields } from "./searchSchema.ts"

export type { IndexErrors, Info, InfoField } from "./searchInfo.ts"
export type {
  Field,
  FieldOptions,
  Fields,
  FlatVectorField,
  GeoshapeField,
  HnswVectorField,
  NumericField,
  SortableOptions,
  TagField,
  TextField,
  VamanaVectorField,
  VectorOptions,
  VectorType
} from "./searchSchema.ts"

/**
 * Options of FT.CREATE.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreateOptions {
  /** Whether documents are hashes or JSON. Default `"hash"`. */
  readonly on?: "hash" | "json" | undefined
  /** What the keys of documents begin with. Default: anything. */
  readonly prefix?: OneOrMore<string> | undefined
  /** An expression that documents must fulfil, such as `"@age > 16"`. Default: all. */
  readonly filter?: string | undefined
  /** The language of documents. Default `"english"`. */
  readonly language?: Language | undefined
  /** The field of a document that names its language. */
  readonly languageField?: string | undefined
  /** The score of documents, from 0 to 1. Default 1. */
  readonly score?: number | undefined
  /** The field of a document that has its score. */
  readonly scoreField?: string | undefined
  /** The field of a document that has its payload. */
  readonly payloadField?: string | undefined
  /** Whether there may be more than 32 fields of text. Default false. */
  readonly maxtextfields?: boolean | undefined
  /** After how long without use the index is dropped, and its documents deleted. Default: never. */
  readonly temporary?: DurationInput | undefined
  /** Whether it does not keep where words are, so that phrases are not found. Default false. */
  readonly nooffsets?: boolean | undefined
  /** Whether matches cannot be highlighted. Default false. */
  readonly nohl?: boolean | undefined
  /** Whether it does not keep in which fields words are. Default false. */
  readonly nofields?: boolean | undefined
  /** Whether it does not keep how often words come. Default false. */
  readonly nofreqs?: boolean | undefined
  /** The words that it ignores; `[]` for none. Default: those of the server. */
  readonly stopwords?: ReadonlyArray<string> | undefined
  /** Whether documents that are there already are left out. Default false. */
  readonly skipinitialscan?: boolean | undefined
  /** Whether it keeps a list of all documents, which makes the query `*` faster. Needs Redis 8. */
  readonly indexall?: "enable" | "disable" | undefined
}

const FT_CREATE = define({ words: ["FT.CREATE"], mode: "write", decode: Command.ok })
const createFields: FieldsOf<CreateOptions> = {
  on: "value",
  prefix: "value",
  filter: "value",
  language: "value",
  languageField: "value",
  score: "value",
  scoreField: "value",
  payloadField: "value",
  maxtextfields: "flag",
  temporary: "value",
  nooffsets: "flag",
  nohl: "flag",
  nofields: "flag",
  nofreqs: "flag",
  stopwords: "value",
  skipinitialscan: "flag",
  indexall: "value"
}

/**
 * FT.CREATE creates an index of hashes or of documents in JSON, and returns `"OK"`. The server indexes the documents
 * that are there, in the background, and from then on those that come. Fails with an error if the index exists.
 *
 * **Example** (Products)
 *
 * ```ts
 * import * as Search from "effect-redis-sentinel/modules/Search"
 *
 * export const create = Search.create("products", {
 *   name: { type: "text", weight: 2 },
 *   category: { type: "tag", sortable: true },
 *   price: { type: "numeric", sortable: true },
 *   embedding: { type: "vector", algorithm: "hnsw", dataType: "float32", dim: 384, distanceMetric: "cosine" }
 * }, { prefix: "product:" })
 * ```
 *
 * **Example** (Documents in JSON)
 *
 * ```ts
 * import * as Search from "effect-redis-sentinel/modules/Search"
 *
 * export const create = Search.create("users", {
 *   "$.name": { type: "text", as: "name" },
 *   "$.tags[*]": { type: "tag", as: "tags" }
 * }, { on: "json", prefix: "user:" })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/ft.create/
 * @since 0.1.0
 * @category search
 */
export const create = (index: string, schema: Fields, options?: CreateOptions | undefined) => {
  const { name } = FT_CREATE
  const args = argv(textArg(name, "index", index))
  const given = optionsOf(name, options, createFields)
  const value = (word: string, field: string, text: string | undefined): void => {
    if (text !== undefined) args.push(word, textArg(name, field, text))
  }
  if (given !== undefined) {
    if (given.on !== undefined) args.push("ON", keyword(name, "on", given.on, ["hash", "json"]))
    if (given.indexall !== undefined) {
      args.push("INDEXALL", keyword(name, "indexall", given.indexall, ["enable", "disable"]))
    }
    if (given.prefix !== undefined) appendCountedWord(args, "PREFIX", textsOf(name, "prefix", given.prefix))
    value("FILTER", "filter", given.filter)
    value("LANGUAGE", "language", given.language)
    value("LANGUAGE_FIELD", "languageField", given.languageField)
    if (given.score !== undefined) args.push("SCORE", numberArg(name, "score", given.score, 0, 1))
    value("SCORE_FIELD", "scoreField", given.scoreField)
    value("PAYLOAD_FIELD", "payloadField", given.payloadField)
    appendFlag(args, "MAXTEXTFIELDS", given.maxtextfields)
    if (given.temporary !== undefined) args.push("TEMPORARY", millisOf(name, "temporary", given.temporary) / 1000)
    appendFlag(args, "NOOFFSETS", given.nooffsets)
    appendFlag(args, "NOHL", given.nohl)
    appendFlag(args, "NOFIELDS", given.nofields)
    appendFlag(args, "NOFREQS", given.nofreqs)
    if (given.stopwords !== undefined) {
      appendCountedWord(args, "STOPWORDS", arrayOf(name, "stopwords", given.stopwords))
    }
    appendFlag(args, "SKIPINITIALSCAN", given.skipinitialscan)
  }
  args.push("SCHEMA")
  return make(FT_CREATE, appendFields(name, args, schema))
}

/**
 * Options of FT.ALTER.
 *
 * @since 0.1.0
 * @category models
 */
export interface AlterOptions {
  /** Whether documents that are there already are left out. Default false. */
  readonly skipinitialscan?: boolean | undefined
}

const FT_ALTER = define({ words: ["FT.ALTER"], mode: "write", decode: Command.ok })
const alterFields: FieldsOf<AlterOptions> = { skipinitialscan: "flag" }

/**
 * FT.ALTER adds a field to an index, and returns `"OK"`. Fails with an error if the index does not exist.
 *
 * @see https://redis.io/docs/latest/commands/ft.alter/
 * @since 0.1.0
 * @category search
 */
export const alter = (index: string, field: string, definition: Field, options?: AlterOptions | undefined) => {
  const { name } = FT_ALTER
  const args = argv(textArg(name, "index", index))
  appendFlag(args, "SKIPINITIALSCAN", optionsOf(name, options, alterFields)?.skipinitialscan)
  args.push("SCHEMA", "ADD")
  return make(FT_ALTER, appendFields(name, args, { [field]: definition }))
}

/**
 * Options of FT.DROPINDEX.
 *
 * @since 0.1.0
 * @category models
 */
export interface DropindexOptions {
  /** Whether the documents are deleted, too. Default false. */
  readonly dd?: boolean | undefined
}

const FT_DROPINDEX = define({ words: ["FT.DROPINDEX"], mode: "write", decode: Command.ok })
const dropindexFields: FieldsOf<DropindexOptions> = { dd: "flag" }

/**
 * FT.DROPINDEX drops an index, and returns `"OK"`; with `dd` it deletes the documents, too. Fails with an error if the
 * index does not exist.
 *
 * @see https://redis.io/docs/latest/commands/ft.dropindex/
 * @since 0.1.0
 * @category search
 */
export const dropindex = (index: string, options?: DropindexOptions | undefined) => {
  const args = argv(textArg(FT_DROPINDEX.name, "index", index))
  appendFlag(args, "DD", optionsOf(FT_DROPINDEX.name, options, dropindexFields)?.dd)
  return make(FT_DROPINDEX, args)
}

const FT_INFO = define({ words: ["FT.INFO"], mode: "read", decode: infoDecoder })
/**
 * FT.INFO returns the schema of an index, and numbers about it. Fails with an error if the index does not exist.
 *
 * @see https://redis.io/docs/latest/commands/ft.info/
 * @since 0.1.0
 * @category search
 */
export const info = (index: string) => make(FT_INFO, argv(textArg(FT_INFO.name, "index", index)))

const FT_LIST = define({ words: ["FT._LIST"], mode: "read", decode: Command.words })
/**
 * FT._LIST returns the names of all indexes, in no particular order. The server's name for it says that it may change.
 *
 * @see https://redis.io/docs/latest/commands/ft._list/
 * @since 0.1.0
 * @category search
 */
export const list = () => make(FT_LIST, argv())

const FT_ALIASADD = define({ words: ["FT.ALIASADD"], mode: "write", decode: Command.ok })
/**
 * FT.ALIASADD gives an index another name, and returns `"OK"`. Fails with an error if an index has that name.
 *
 * @see https://redis.io/docs/latest/commands/ft.aliasadd/
 * @since 0.1.0
 * @category search
 */
export const aliasadd = (alias: string, index: string) =>
  make(FT_ALIASADD, argv(textArg(FT_ALIASADD.name, "alias", alias), textArg(FT_ALIASADD.name, "index", index)))

const FT_ALIASUPDATE = define({ words: ["FT.ALIASUPDATE"], mode: "write", decode: Command.ok })
/**
 * FT.ALIASUPDATE gives an index another name, which it takes from the index that has it, and returns `"OK"`.
 *
 * @see https://redis.io/docs/latest/commands/ft.aliasupdate/
 * @since 0.1.0
 * @category search
 */
export const aliasupdate = (alias: string, index: string) =>
  make(FT_ALIASUPDATE, argv(textArg(FT_ALIASUPDATE.name, "alias", alias), textArg(FT_ALIASUPDATE.name, "index", index)))

const FT_ALIASDEL = define({ words: ["FT.ALIASDEL"], mode: "write", decode: Command.ok })
/**
 * FT.ALIASDEL removes another name of an index, and returns `"OK"`. Fails with an error if no index has it.
 *
 * @see https://redis.io/docs/latest/commands/ft.aliasdel/
 * @since 0.1.0
 * @category search
 */
export const aliasdel = (alias: string) => make(FT_ALIASDEL, argv(textArg(FT_ALIASDEL.name, "alias", alias)))

const FT_ALIASLIST = define({ words: ["FT.ALIASLIST"], mode: "read", decode: Command.words })
/**
 * FT.ALIASLIST returns the other names of an index, in no particular order. Fails with an error if the index does not
 * exist. Needs Redis 8.10.
 *
 * @see https://redis.io/docs/latest/commands/ft.aliaslist/
 * @since 0.1.0
 * @category search
 */
export const aliaslist = (index: string) => make(FT_ALIASLIST, argv(textArg(FT_ALIASLIST.name, "index", index)))

const FT_TAGVALS = define({ words: ["FT.TAGVALS"], mode: "read", decode: Command.strings })
/**
 * FT.TAGVALS returns all tags of a field, in no particular order: as they are searched, which is in lower case unless
 * the field is `casesensitive`. Fails with an error if there is no such field of tags.
 *
 * @see https://redis.io/docs/latest/commands/ft.tagvals/
 * @since 0.1.0
 * @category search
 */
export const tagvals = (index: string, field: string) =>
  make(FT_TAGVALS, argv(textArg(FT_TAGVALS.name, "index", index), textArg(FT_TAGVALS.name, "field", field)))

const FT_CONFIG_GET = define({
  words: ["FT.CONFIG", "GET"],
  mode: "read",
  decode: Command.recordOf(Command.wordOrNull)
})
/**
 * FT.CONFIG GET returns settings of search whose names match a pattern, as a record.
 *
 * @deprecated since Redis 8.0: CONFIG GET has the settings of search, under names that begin with `search-`.
 * @see https://redis.io/docs/latest/commands/ft.config-get/
 * @since 0.1.0
 * @category search
 */
export const configGet = (pattern: string) => make(FT_CONFIG_GET, argv(textArg(FT_CONFIG_GET.name, "pattern", pattern)))

const FT_CONFIG_SET = define({ words: ["FT.CONFIG", "SET"], mode: "write", decode: Command.ok })
/**
 * FT.CONFIG SET changes a setting of search, and returns `"OK"`. Fails with an error if there is no such setting, or if
 * it cannot be changed while the server runs.
 *
 * @deprecated since Redis 8.0: CONFIG SET has the settings of search, under names that begin with `search-`.
 * @see https://redis.io/docs/latest/commands/ft.config-set/
 * @since 0.1.0
 * @category search
 */
export const configSet = (setting: string, value: Arg) =>
  make(FT_CONFIG_SET, appendAll(argv(textArg(FT_CONFIG_SET.name, "setting", setting)), [value]))
