/**
 * The queries of search for documents (FT.SEARCH), how they are executed (FT.EXPLAIN,
 * FT.PROFILE), and what may be meant by misspelled words.
 */
import * as Command from "../../Command.ts"
import { define, own as make } from "../../Command.ts"
import type { Arg } from "../../Command.ts"
import type { DurationInput, NotWith } from "../../commands/options.ts"
import { InvalidCommand } from "../../Errors.ts"
import { appendAll, argv, arrayOf, type FieldsOf, keyword, type OneOrMore, optionsOf } from "../commands/args.ts"
import { unitArg } from "../commands/geo.ts"
import { appendFlag, integerArg, numberArg, textArg } from "./args.ts"
import {
  appendCountedWord,
  appendDialect,
  appendLimit,
  appendParams,
  appendTimeout,
  type Dialect,
  fieldArgs,
  type Language,
  type Limit,
  type NamedField,
  neededList,
  type Params,
  textsOf
} from "./searchOptions.ts"
import {
  type Detail,
  type Document,
  documents,
  type DocumentWith,
  type Found,
  ids,
  type IdWith,
  misspelled,
  type Profiled,
  profiled
} from "./searchReplies.ts"

export type { Dialect, Language, Limit, NamedField, Params, Property, SortProperty } from "./searchOptions.ts"
export type {
  Detail,
  Document,
  DocumentWith,
  Explanation,
  Found,
  FoundIds,
  HybridFound,
  IdWith,
  Misspelled,
  Profiled,
  ProfileValue,
  Row,
  Rows,
  RowsPage,
  RowValue
} from "./searchReplies.ts"

/**
 * How documents are scored; a text is the name of another function.
 *
 * @since 0.1.0
 * @category models
 */
export type Scorer =
  | "TFIDF"
  | "TFIDF.DOCNORM"
  | "BM25"
  | "BM25STD"
  | "BM25STD.NORM"
  | "BM25STD.TANH"
  | "DISMAX"
  | "DOCSCORE"
  | "HAMMING"
  | (string & {})

/**
 * A bound of numbers: a number, `"(5"` without the number itself, or infinite.
 *
 * @since 0.1.0
 * @category models
 */
export type Bound = number | `(${number}`

/**
 * Options of FT.SEARCH.
 *
 * @since 0.1.0
 * @category models
 */
export interface SearchOptions {
  /** Whether words are found in the given form only. Default false. */
  readonly verbatim?: boolean | undefined
  /** Whether words count that are ignored otherwise. Default false. */
  readonly nostopwords?: boolean | undefined
  /** Only documents whose fields of numbers are in ranges. */
  readonly filter?:
    | ReadonlyArray<{
      /** The field. */
      readonly field: string
      /** The smallest number. */
      readonly min: Bound
      /** The greatest number. */
      readonly max: Bound
    }>
    | undefined
  /** Only documents whose fields of places are within distances. */
  readonly geofilter?:
    | ReadonlyArray<{
      /** The field. */
      readonly field: string
      /** East of Greenwich, in degrees. */
      readonly longitude: number
      /** North of the equator, in degrees. */
      readonly latitude: number
      /** How far at most. */
      readonly radius: number
      /** The unit of `radius`. */
      readonly unit: "m" | "km" | "mi" | "ft"
    }>
    | undefined
  /** Only documents with these keys. */
  readonly inkeys?: OneOrMore<string> | undefined
  /** Only matches in these fields. */
  readonly infields?: OneOrMore<string> | undefined
  /** How many words may be between those of a phrase. */
  readonly slop?: number | undefined
  /** Whether words must come in the order of the query. Default false. */
  readonly inorder?: boolean | undefined
  /** How long the server may take. Default: what it is set to. */
  readonly timeout?: DurationInput | undefined
  /** The language of the query. Default: that of the index. */
  readonly language?: Language | undefined
  /** A function that adds words to the query, of a module of its own. */
  readonly expander?: string | undefined
  /** How documents are scored. Default `"BM25STD"`, before Redis 8 `"TFIDF"`. */
  readonly scorer?: Scorer | undefined
  /** What the scorer gets with the query. */
  readonly payload?: Arg | undefined
  /** The field that documents are sorted by. Default: the score. */
  readonly sortby?: {
    /** The field, without `@`. */
    readonly by: string
    /** The direction. Default `"asc"`. */
    readonly order?: "asc" | "desc" | undefined
  } | undefined
  /** Which of the documents are returned. Default: the first 10. */
  readonly limit?: Limit | undefined
  /** The values of the parameters of the query; they need dialect 2. */
  readonly params?: Params | undefined
  /** The dialect of the query. Default: that of the server. */
  readonly dialect?: Dialect | undefined
}

/**
 * Which fields of documents FT.SEARCH returns, and in which form.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContentOptions {
  /** The fields that are returned. Default: all. */
  readonly return?: ReadonlyArray<string | NamedField> | undefined
  /** Whether of texts only the parts around matches are returned; with fields, of these. Default false. */
  readonly summarize?: boolean | {
    /** The fields; default: all that are returned. */
    readonly fields?: OneOrMore<string> | undefined
    /** How many parts. Default 3. */
    readonly frags?: number | undefined
    /** How many words a part has. Default 20. */
    readonly len?: number | undefined
    /** What is between parts. Default `"... "`. */
    readonly separator?: string | undefined
  } | undefined
  /** Whether matches are marked; with fields, those in them. Default false. */
  readonly highlight?: boolean | {
    /** The fields; default: all that are returned. */
    readonly fields?: OneOrMore<string> | undefined
    /** What is put before and behind a match. Default `<b>` and `</b>`. */
    readonly tags?: {
      /** Before. */
      readonly open: string
      /** Behind. */
      readonly close: string
    } | undefined
  } | undefined
}

/**
 * The options of content, where there is none.
 *
 * @since 0.1.0
 * @category models
 */
export interface NoContent {
  /** Not without content. */
  readonly return?: NotWith<"NOCONTENT"> | undefined
  /** Not without content. */
  readonly summarize?: NotWith<"NOCONTENT"> | undefined
  /** Not without content. */
  readonly highlight?: NotWith<"NOCONTENT"> | undefined
}

const boundArg = (command: string, field: string, bound: Bound): Arg => {
  if (typeof bound !== "string") return numberArg(command, field, bound)
  if (!/^\([-+]?[\d.]+(?:e[-+]?\d+)?$/i.test(bound)) {
    throw new InvalidCommand({ command, detail: `${field}: expected a number, or one behind a bracket such as "(5"` })
  }
  return bound
}

const highlightFields = { fields: "value", tags: "value" } as const

const summarizeFields = { fields: "value", frags: "value", len: "value", separator: "value" } as const

const appendContent = (command: string, args: Array<Arg>, options: ContentOptions): void => {
  if (options.return !== undefined) appendCountedWord(args, "RETURN", fieldArgs(command, "return", options.return))
  if (options.summarize !== undefined && options.summarize !== false) {
    args.push("SUMMARIZE")
    if (options.summarize !== true) {
      const { fields, frags, len, separator } = optionsOf(command, options.summarize, summarizeFields) ?? {}
      if (fields !== undefined) appendCountedWord(args, "FIELDS", textsOf(command, "summarize.fields", fields))
      if (frags !== undefined) args.push("FRAGS", integerArg(command, "summarize.frags", frags, 1))
      if (len !== undefined) args.push("LEN", integerArg(command, "summarize.len", len, 1))
      if (separator !== undefined) args.push("SEPARATOR", separator)
    }
  }
  if (options.highlight !== undefined && options.highlight !== false) {
    args.push("HIGHLIGHT")
    if (options.highlight !== true) {
      const { fields, tags } = optionsOf(command, options.highlight, highlightFields) ?? {}
      if (fields !== undefined) appendCountedWord(args, "FIELDS", textsOf(command, "highlight.fields", fields))
      if (tags !== undefined) args.push("TAGS", tags.open, tags.close)
    }
  }
}

const sortbyFields = { by: "value", order: "value" } as const

const searchArgsFields = {
  verbatim: "flag",
  nostopwords: "flag",
  filter: "value",
  geofilter: "value",
  inkeys: "value",
  infields: "value",
  slop: "value",
  inorder: "flag",
  timeout: "value",
  language: "value",
  expander: "value",
  scorer: "value",
  payload: "value",
  sortby: "value",
  limit: "value",
  params: "value",
  dialect: "value",
  return: "value",
  summarize: "value",
  highlight: "value"
} as const

const searchArgs = (
  command: string,
  index: string,
  query: string,
  given: (SearchOptions & (ContentOptions | NoContent)) | undefined,
  content: boolean,
  ...words: Array<string>
): Array<Arg> => {
  const args = argv(textArg(command, "index", index), textArg(command, "query", query), ...words)
  const options = optionsOf(command, given, searchArgsFields)
  if (options === undefined) return args
  appendFlag(args, "VERBATIM", options.verbatim)
  appendFlag(args, "NOSTOPWORDS", options.nostopwords)
  for (const [i, filter] of arrayOf(command, "filter", options.filter ?? []).entries()) {
    args.push(
      "FILTER",
      textArg(command, `filter[${i}].field`, filter.field),
      boundArg(command, `filter[${i}].min`, filter.min),
      boundArg(command, `filter[${i}].max`, filter.max)
    )
  }
  for (const [i, filter] of arrayOf(command, "geofilter", options.geofilter ?? []).entries()) {
    args.push(
      "GEOFILTER",
      textArg(command, `geofilter[${i}].field`, filter.field),
      numberArg(command, `geofilter[${i}].longitude`, filter.longitude, -180, 180),
      numberArg(command, `geofilter[${i}].latitude`, filter.latitude, -90, 90),
      numberArg(command, `geofilter[${i}].radius`, filter.radius, 0, Number.MAX_VALUE),
      unitArg(command, filter.unit)
    )
  }
  if (options.inkeys !== undefined) appendCountedWord(args, "INKEYS", textsOf(command, "inkeys", options.inkeys))
  if (options.infields !== undefined) {
    appendCountedWord(args, "INFIELDS", textsOf(command, "infields", options.infields))
  }
  if (content) appendContent(command, args, options as ContentOptions)
  else {
    for (const field of ["return", "summarize", "highlight"] as const) {
      if (options[field] !== undefined) throw new InvalidCommand({ command, detail: `${field}: not with NOCONTENT` })
    }
  }
  if (options.slop !== undefined) args.push("SLOP", integerArg(command, "slop", options.slop, 0))
  appendTimeout(command, args, options.timeout)
  appendFlag(args, "INORDER", options.inorder)
  if (options.language !== undefined) args.push("LANGUAGE", textArg(command, "language", options.language))
  if (options.expander !== undefined) args.push("EXPANDER", textArg(command, "expander", options.expander))
  if (options.scorer !== undefined) args.push("SCORER", textArg(command, "scorer", options.scorer))
  if (options.payload !== undefined) args.push("PAYLOAD", options.payload)
  const sortby = optionsOf(command, options.sortby, sortbyFields)
  if (sortby !== undefined) {
    args.push("SORTBY", textArg(command, "sortby.by", sortby.by))
    if (sortby.order !== undefined) args.push(keyword(command, "sortby.order", sortby.order, ["asc", "desc"]))
  }
  appendLimit(command, args, options.limit)
  appendParams(command, args, options.params)
  appendDialect(command, args, options.dialect)
  return args
}

const FT_SEARCH = define({
  words: ["FT.SEARCH"],
  mode: "read",
  decode: documents([]) as Command.Decode<Found<Document>, Found<Document<Uint8Array>>>
})
/**
 * FT.SEARCH returns the documents that match a query, the best first, with their fields: 10 of them, unless `limit` says
 * otherwise, and how many match in all. Fails with an error if the index does not exist or the query is not valid.
 * Fields that are no text, such as vectors, are for `bytes`.
 *
 * **Example** (Tea, the cheapest first)
 *
 * ```ts
 * import * as Search from "effect-redis-sentinel/modules/Search"
 *
 * export const tea = Search.search("products", "@category:{tea} green", {
 *   return: ["name", "price"],
 *   sortby: { by: "price" },
 *   limit: { offset: 0, count: 20 }
 * })
 * ```
 *
 * **Example** (The nearest vectors)
 *
 * ```ts
 * import * as Search from "effect-redis-sentinel/modules/Search"
 *
 * export const nearest = (vector: Float32Array) =>
 *   Search.search("products", "*=>[KNN 5 @embedding $vector AS distance]", {
 *     params: { vector: new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength) },
 *     return: ["name", "distance"],
 *     sortby: { by: "distance" },
 *     dialect: 2
 *   })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/ft.search/
 * @since 0.1.0
 * @category search
 */
export const search = (index: string, query: string, options?: SearchOptions & ContentOptions | undefined) =>
  make(FT_SEARCH, searchArgs(FT_SEARCH.name, index, query, options, true))

const FT_SEARCH_NOCONTENT = define({ words: ["FT.SEARCH"], mode: "read", decode: ids })
/**
 * FT.SEARCH with NOCONTENT returns the keys of the documents that match a query, the best first: 10 of them, unless
 * `limit` says otherwise, and how many match in all. Errors are those of `search`.
 *
 * @see https://redis.io/docs/latest/commands/ft.search/
 * @since 0.1.0
 * @category search
 */
export const searchNocontent = (index: string, query: string, options?: SearchOptions & NoContent | undefined) =>
  make(FT_SEARCH_NOCONTENT, searchArgs(FT_SEARCH_NOCONTENT.name, index, query, options, false, "NOCONTENT"))

/** The words for the details of documents. Throws `InvalidCommand` for what is none. */
const detailWords = (command: string, details: ReadonlyArray<Detail>): Array<string> => {
  const list = neededList(command, "details", details)
  for (const [i, detail] of list.entries()) {
    keyword(command, `details[${i}]`, detail, ["score", "explanation", "payload", "sortkey"])
  }
  const has = (detail: Detail) => list.includes(detail)
  return [
    // An explanation comes with the score.
    ...(has("score") || has("explanation") ? ["WITHSCORES"] : []),
    ...(has("payload") ? ["WITHPAYLOADS"] : []),
    ...(has("sortkey") ? ["WITHSORTKEYS"] : []),
    ...(has("explanation") ? ["EXPLAINSCORE"] : [])
  ]
}

/**
 * FT.SEARCH returns the documents that match a query, as `search` does, and with each of them what is asked for: its
 * score (WITHSCORES), how that was computed (EXPLAINSCORE), its payload (WITHPAYLOADS), or the value that it was sorted
 * by (WITHSORTKEYS).
 *
 * **Example** (Scores)
 *
 * ```ts
 * import * as Search from "effect-redis-sentinel/modules/Search"
 *
 * export const scored = Search.searchWith("products", "tea", ["score"])
 * // { total: 2, documents: [{ id: "product:1", fields: { ... }, score: 1.5 }, ...], warnings: [] }
 * ```
 *
 * @see https://redis.io/docs/latest/commands/ft.search/
 * @since 0.1.0
 * @category search
 */
export const searchWith = <const Ds extends ReadonlyArray<Detail>>(
  index: string,
  query: string,
  details: Ds,
  options?: SearchOptions & ContentOptions | undefined
): Command.Command<
  Found<DocumentWith<Ds>>,
  "read",
  Found<DocumentWith<Ds, Uint8Array>>
> =>
  Command.withDecode(
    make(
      FT_SEARCH,
      searchArgs(FT_SEARCH.name, index, query, options, true, ...detailWords(FT_SEARCH.name, details))
    ),
    documents(details.slice())
  )

/**
 * FT.SEARCH with NOCONTENT returns the keys of the documents that match a query, and with each of them what is asked
 * for, as `searchWith` does.
 *
 * @see https://redis.io/docs/latest/commands/ft.search/
 * @since 0.1.0
 * @category search
 */
export const searchNocontentWith = <const Ds extends ReadonlyArray<Detail>>(
  index: string,
  query: string,
  details: Ds,
  options?: SearchOptions & NoContent | undefined
): Command.Command<
  Found<IdWith<Ds>>,
  "read",
  Found<IdWith<Ds, Uint8Array>>
> =>
  Command.withDecode(
    make(
      FT_SEARCH_NOCONTENT,
      searchArgs(
        FT_SEARCH_NOCONTENT.name,
        index,
        query,
        options,
        false,
        "NOCONTENT",
        ...detailWords(FT_SEARCH_NOCONTENT.name, details)
      )
    ),
    documents(details.slice(), false)
  )

/**
 * Options of FT.EXPLAIN and FT.EXPLAINCLI.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExplainOptions {
  /** The dialect of the query. Default: that of the server. */
  readonly dialect?: Dialect | undefined
}

const explainFields: FieldsOf<ExplainOptions> = { dialect: "value" }

const explainArgs = (
  command: string,
  index: string,
  query: string,
  options: ExplainOptions | undefined
): Array<Arg> => {
  const args = argv(textArg(command, "index", index), textArg(command, "query", query))
  appendDialect(command, args, optionsOf(command, options, explainFields)?.dialect)
  return args
}

const FT_EXPLAIN = define({ words: ["FT.EXPLAIN"], mode: "read", decode: Command.word })
/**
 * FT.EXPLAIN returns how the server would execute a query, as text of several lines.
 *
 * @see https://redis.io/docs/latest/commands/ft.explain/
 * @since 0.1.0
 * @category search
 */
export const explain = (index: string, query: string, options?: ExplainOptions | undefined) =>
  make(FT_EXPLAIN, explainArgs(FT_EXPLAIN.name, index, query, options))

const FT_EXPLAINCLI = define({ words: ["FT.EXPLAINCLI"], mode: "read", decode: Command.words })
/**
 * FT.EXPLAINCLI returns how the server would execute a query, line by line.
 *
 * @see https://redis.io/docs/latest/commands/ft.explaincli/
 * @since 0.1.0
 * @category search
 */
export const explaincli = (index: string, query: string, options?: ExplainOptions | undefined) =>
  make(FT_EXPLAINCLI, explainArgs(FT_EXPLAINCLI.name, index, query, options))

/**
 * Options of FT.PROFILE.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProfileOptions {
  /** Whether of long lists of parts only the number is returned. Default false. */
  readonly limited?: boolean | undefined
}

const FT_PROFILE = define({ words: ["FT.PROFILE"], mode: "read", decode: Command.value })
const profileFields: FieldsOf<ProfileOptions> = { limited: "flag" }

/**
 * FT.PROFILE executes a query, which is a command of `search`, `aggregate` or `hybrid`, and returns its result with how
 * it was executed. The profile is for people to read: names and texts are the server's own, and differ between its
 * versions.
 *
 * **Example** (Why a search is slow)
 *
 * ```ts
 * import * as Search from "effect-redis-sentinel/modules/Search"
 *
 * export const profile = Search.profile(Search.search("products", "@price:[0 10] tea"))
 * ```
 *
 * @see https://redis.io/docs/latest/commands/ft.profile/
 * @since 0.1.0
 * @category search
 */
export const profile = <A, B>(
  query: Command.Command<A, "read", B>,
  options?: ProfileOptions | undefined
): Command.Command<Profiled<A>, "read", Profiled<B>> => {
  const { name } = FT_PROFILE
  const problem = Command.problemOf(query)
  if (problem !== undefined) throw new InvalidCommand({ command: name, detail: `query: ${problem}` })
  const [, kind] = /^FT\.(SEARCH|AGGREGATE|HYBRID)$/.exec(query.spec.name) ?? []
  if (kind === undefined || query.args.includes("WITHCURSOR")) {
    throw new InvalidCommand({ command: name, detail: "query: expected a command of search, aggregate or hybrid" })
  }
  const [index, ...others] = query.args
  const args = argv(index!, kind)
  appendFlag(args, "LIMITED", optionsOf(name, options, profileFields)?.limited)
  args.push("QUERY")
  return Command.withDecode(
    make(FT_PROFILE, appendAll(args, others)),
    profiled(query.spec.decode as Command.Decode<A, B>)
  )
}

/**
 * Options of FT.SPELLCHECK.
 *
 * @since 0.1.0
 * @category models
 */
export interface SpellcheckOptions {
  /** How many letters may differ, from 1 to 4. Default 1. */
  readonly distance?: number | undefined
  /** Dictionaries whose words may be meant, or may not. */
  readonly terms?:
    | ReadonlyArray<{
      /** Whether the words of the dictionary may be meant. */
      readonly mode: "include" | "exclude"
      /** The dictionary, of `dictadd`. */
      readonly dictionary: string
      /** More words. */
      readonly terms?: ReadonlyArray<string> | undefined
    }>
    | undefined
  /** The dialect of the query. Default: that of the server. */
  readonly dialect?: Dialect | undefined
}

const FT_SPELLCHECK = define({ words: ["FT.SPELLCHECK"], mode: "read", decode: misspelled })
const spellcheckFields: FieldsOf<SpellcheckOptions> = { distance: "value", terms: "value", dialect: "value" }

/**
 * FT.SPELLCHECK returns the words of a query that the index does not have, with what may be meant by each, the most
 * likely first.
 *
 * @see https://redis.io/docs/latest/commands/ft.spellcheck/
 * @since 0.1.0
 * @category search
 */
export const spellcheck = (index: string, query: string, options?: SpellcheckOptions | undefined) => {
  const { name } = FT_SPELLCHECK
  const args = argv(textArg(name, "index", index), textArg(name, "query", query))
  const given = optionsOf(name, options, spellcheckFields)
  if (given?.distance !== undefined) args.push("DISTANCE", integerArg(name, "distance", given.distance, 1, 4))
  for (const [i, of] of arrayOf(name, "terms", given?.terms ?? []).entries()) {
    args.push(
      "TERMS",
      keyword(name, `terms[${i}].mode`, of.mode, ["include", "exclude"]),
      textArg(name, `terms[${i}].dictionary`, of.dictionary)
    )
    if (of.terms !== undefined) appendAll(args, arrayOf(name, `terms[${i}].terms`, of.terms))
  }
  appendDialect(name, args, given?.dialect)
  return make(FT_SPELLCHECK, args)
}
