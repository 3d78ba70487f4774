/**
 * The aggregations of search (FT.AGGREGATE), with their cursors, and the searches for words
 * and vectors at once (FT.HYBRID). The steps of both are in searchSteps.ts.
 */
import * as Command from "../../Command.ts"
import { define, own as make } from "../../Command.ts"
import type { Arg } from "../../Command.ts"
import type { DurationInput, NotWith } from "../../commands/options.ts"
import { InvalidCommand } from "../../Errors.ts"
import { argv, arrayOf, exclusive, type FieldsOf, keyword, type OneOrMore, optionsOf } from "../commands/args.ts"
import { millisOf } from "../commands/time.ts"
import { appendFlag, integerArg, numberArg, textArg } from "./args.ts"
import {
  appendCountedWord,
  appendDialect,
  appendLimit,
  appendParams,
  appendTimeout,
  type Dialect,
  type Limit,
  type NamedField,
  type Params,
  type Property,
  propertyArg,
  sortArgs,
  type SortProperty
} from "./searchOptions.ts"
import type { Scorer } from "./searchQueries.ts"
import { hybrid as hybridDecoder, type HybridFound, type Rows, rows, type RowsPage, rowsPage } from "./searchReplies.ts"
import {
  appendLoad,
  appendSteps,
  type ApplyStep,
  collectedNames,
  type FilterStep,
  type GroupStep,
  type Step
} from "./searchSteps.ts"

export type {
  ApplyStep,
  CollectReducer,
  CountReducer,
  FilterStep,
  FirstByReducer,
  FirstReducer,
  GroupStep,
  LimitStep,
  LoadStep,
  PropertyReducer,
  QuantileReducer,
  Reducer,
  SampleReducer,
  SortStep,
  Step
} from "./searchSteps.ts"

/**
 * Options of FT.AGGREGATE.
 *
 * @since 0.1.0
 * @category models
 */
export interface AggregateOptions {
  /** Whether words are found in the given form only. Default false. */
  readonly verbatim?: boolean | undefined
  /** Whether rows have their scores, as `@__score`. Default false. */
  readonly addscores?: boolean | undefined
  /** How documents are scored; it needs `addscores`. */
  readonly scorer?: Scorer | undefined
  /** What is done with the rows, in this order. */
  readonly steps?: ReadonlyArray<Step> | undefined
  /** How long the server may take. Default: what it is set to. */
  readonly timeout?: DurationInput | undefined
  /** The values of the parameters of the query; they need dialect 2. */
  readonly params?: Params | undefined
  /** The dialect of the query. Default: that of the server. */
  readonly dialect?: Dialect | undefined
}

const aggregateFields: FieldsOf<AggregateOptions> = {
  verbatim: "flag",
  addscores: "flag",
  scorer: "value",
  steps: "value",
  timeout: "value",
  params: "value",
  dialect: "value"
}

/** The arguments of FT.AGGREGATE; `optionsOf` has checked the options. */
const aggregateArgs = (
  command: string,
  index: string,
  query: string,
  options: AggregateOptions | undefined,
  cursor?: (args: Array<Arg>) => void
): Array<Arg> => {
  const args = argv(textArg(command, "index", index), textArg(command, "query", query))
  appendFlag(args, "VERBATIM", options?.verbatim)
  appendFlag(args, "ADDSCORES", options?.addscores)
  if (options?.scorer !== undefined) args.push("SCORER", textArg(command, "scorer", options.scorer))
  appendSteps(command, args, options?.steps)
  appendTimeout(command, args, options?.timeout)
  cursor?.(args)
  appendParams(command, args, options?.params)
  appendDialect(command, args, options?.dialect)
  return args
}

const FT_AGGREGATE = define({ words: ["FT.AGGREGATE"], mode: "read", decode: rows(new Set()) })
/**
 * FT.AGGREGATE returns rows that are made of the documents that match a query, by steps: it loads fields, groups rows,
 * sorts them, computes properties, and passes over rows. Values are text, also numbers. Fails with an error if the index
 * does not exist or a step is not valid.
 *
 * **Example** (The mean price of each category)
 *
 * ```ts
 * import * as Search from "effect-redis-sentinel/modules/Search"
 *
 * export const means = Search.aggregate("products", "*", {
 *   steps: [
 *     { step: "groupby", properties: ["@category"], reduce: [
 *       { reduce: "count", as: "products" },
 *       { reduce: "avg", property: "@price", as: "price" }
 *     ] },
 *     { step: "filter", expression: "@products > 2" },
 *     { step: "sortby", by: { by: "@price", order: "desc" }, max: 10 }
 *   ]
 * }) // { rows: [{ category: "tea", products: "3", price: "4.5" }, ...], warnings: [] }
 * ```
 *
 * @see https://redis.io/docs/latest/commands/ft.aggregate/
 * @since 0.1.0
 * @category search
 */
export const aggregate = (
  index: string,
  query: string,
  options?: AggregateOptions | undefined
): Command.Command<Rows, "read", Rows<Uint8Array>> =>
  Command.withDecode(
    make(
      FT_AGGREGATE,
      aggregateArgs(FT_AGGREGATE.name, index, query, optionsOf(FT_AGGREGATE.name, options, aggregateFields))
    ),
    rows(collectedNames(options?.steps))
  )

/**
 * Options of FT.AGGREGATE with a cursor.
 *
 * @since 0.1.0
 * @category models
 */
export interface CursorOptions {
  /** How many rows a page has. Default 1,000. */
  readonly count?: number | undefined
  /** How long the server keeps the cursor while no page is read. Default 300 seconds. */
  readonly maxidle?: DurationInput | undefined
}

const FT_AGGREGATE_WITHCURSOR = define({ words: ["FT.AGGREGATE"], mode: "read", decode: rowsPage(new Set()) })
const aggregateWithcursorFields = {
  verbatim: "flag",
  addscores: "flag",
  scorer: "value",
  steps: "value",
  timeout: "value",
  params: "value",
  dialect: "value",
  count: "value",
  maxidle: "value"
} as const

/**
 * FT.AGGREGATE with WITHCURSOR returns the first page of the rows that `aggregate` returns, and the cursor of the next
 * page for `cursorRead`: `"0"` if this is the last one. The server that has the cursor knows it alone: read all pages on
 * a reserved connection. `Search.aggregateStream` does.
 *
 * @see https://redis.io/docs/latest/commands/ft.aggregate/
 * @since 0.1.0
 * @category search
 */
export const aggregateWithcursor = (
  index: string,
  query: string,
  options?: AggregateOptions & CursorOptions | undefined
): Command.Command<RowsPage, "read", RowsPage<Uint8Array>> => {
  const { name } = FT_AGGREGATE_WITHCURSOR
  const given = optionsOf(name, options, aggregateWithcursorFields)
  return Command.withDecode(
    make(
      FT_AGGREGATE_WITHCURSOR,
      aggregateArgs(name, index, query, given, (args) => {
        args.push("WITHCURSOR")
        if (given?.count !== undefined) args.push("COUNT", integerArg(name, "count", given.count, 1))
        if (given?.maxidle !== undefined) args.push("MAXIDLE", millisOf(name, "maxidle", given.maxidle))
      })
    ),
    rowsPage(collectedNames(given?.steps))
  )
}

/** A cursor as an argument: an integer in decimal. */
const cursorArg = (command: string, cursor: string): string => {
  if (typeof cursor === "string" && /^\d{1,20}$/.test(cursor) && cursor !== "0") return cursor
  throw new InvalidCommand({ command, detail: "cursor: expected the cursor of a page, other than \"0\"" })
}

/**
 * Options of FT.CURSOR READ.
 *
 * @since 0.1.0
 * @category models
 */
export interface CursorReadOptions {
  /** How many rows the page has. Default: as the page before. */
  readonly count?: number | undefined
  /** The steps of the aggregation, if one of them has the reducer `collect`. */
  readonly steps?: ReadonlyArray<Step> | undefined
}

// Again, it would pass over a page: the cursor moves on with each.
const FT_CURSOR_READ = define({
  words: ["FT.CURSOR", "READ"],
  mode: "read",
  repeatable: false,
  decode: rowsPage(new Set())
})
const cursorReadFields: FieldsOf<CursorReadOptions> = { count: "value", steps: "value" }

/**
 * FT.CURSOR READ returns the next page of an aggregation. Fails with an error if the server does not have the cursor,
 * because it was not used for too long or another server has it. The client does not send it again when its reply never
 * came, since a page would be missing.
 *
 * @see https://redis.io/docs/latest/commands/ft.cursor-read/
 * @since 0.1.0
 * @category search
 */
export const cursorRead = (
  index: string,
  cursor: string,
  options?: CursorReadOptions | undefined
): Command.Command<RowsPage, "read", RowsPage<Uint8Array>> => {
  const { name } = FT_CURSOR_READ
  const given = optionsOf(name, options, cursorReadFields)
  const args = argv(textArg(name, "index", index), cursorArg(name, cursor))
  if (given?.count !== undefined) args.push("COUNT", integerArg(name, "count", given.count, 1))
  return Command.withDecode(make(FT_CURSOR_READ, args), rowsPage(collectedNames(given?.steps)))
}

const FT_CURSOR_DEL = define({ words: ["FT.CURSOR", "DEL"], mode: "read", decode: Command.ok })
/**
 * FT.CURSOR DEL ends an aggregation whose pages are not all read, and returns `"OK"`. Fails with an error if the server
 * does not have the cursor. It changes no data: a replica accepts it.
 *
 * @see https://redis.io/docs/latest/commands/ft.cursor-del/
 * @since 0.1.0
 * @category search
 */
export const cursorDel = (index: string, cursor: string) =>
  make(FT_CURSOR_DEL, argv(textArg(FT_CURSOR_DEL.name, "index", index), cursorArg(FT_CURSOR_DEL.name, cursor)))

/**
 * The nearest so many vectors.
 *
 * @since 0.1.0
 * @category models
 */
export interface Knn {
  /** By number. */
  readonly method: "knn"
  /** How many vectors. Default 10. */
  readonly k: number
  /** How many candidates are looked at. Default 10. */
  readonly efRuntime?: number | undefined
  /** How large a part of `k` each shard returns, from 0 to 1. Needs Redis 8.6. */
  readonly shardKRatio?: number | undefined
}

/**
 * All vectors within a distance.
 *
 * @since 0.1.0
 * @category models
 */
export interface VectorRange {
  /** By distance. */
  readonly method: "range"
  /** How far at most. */
  readonly radius: number
  /** How far beyond its radius it looks. Default 0.01. */
  readonly epsilon?: number | undefined
}

/**
 * A condition for the vectors that are looked at, tested for each of them.
 *
 * @since 0.1.0
 * @category models
 */
export interface AdhocFilter {
  /** The condition: a query. */
  readonly query: string
  /** How it is tested. Default: the server chooses. */
  readonly policy?: "adhoc" | undefined
  /** Not with the policy `adhoc`. */
  readonly batchSize?: NotWith<"adhoc"> | undefined
}

/**
 * A condition for the vectors that are looked at, tested for many of them at once.
 *
 * @since 0.1.0
 * @category models
 */
export interface BatchesFilter {
  /** The condition: a query. */
  readonly query: string
  /** How it is tested. */
  readonly policy: "batches"
  /** How many vectors at once. Default: the server chooses. */
  readonly batchSize?: number | undefined
}

/**
 * Scores are made of ranks.
 *
 * @since 0.1.0
 * @category models
 */
export interface CombineRanks {
  /** Reciprocal rank fusion. */
  readonly method: "rrf"
  /** How little the first ranks weigh more. Default 60. */
  readonly constant?: number | undefined
  /** How many results of each search count. Default 20. */
  readonly window?: number | undefined
  /** The name of the score in rows. */
  readonly yieldScoreAs?: string | undefined
}

/**
 * Scores are sums.
 *
 * @since 0.1.0
 * @category models
 */
export interface CombineScores {
  /** Sums, with weights. */
  readonly method: "linear"
  /** How much the score of the words weighs. */
  readonly alpha: number
  /** How much the score of the vectors weighs. */
  readonly beta: number
  /** How many results of each search count. Default 20. */
  readonly window?: number | undefined
  /** The name of the score in rows. */
  readonly yieldScoreAs?: string | undefined
}

/**
 * The searches of FT.HYBRID, and how their results are combined.
 *
 * @since 0.1.0
 * @category models
 */
export interface HybridSearches {
  /** The search for words. */
  readonly search: {
    /** The query. */
    readonly query: string
    /** How documents are scored. Default `"BM25STD"`. */
    readonly scorer?: Scorer | undefined
    /** The name of the score in rows. */
    readonly yieldScoreAs?: string | undefined
  }
  /** The search for vectors. */
  readonly vsim: {
    /** The field of vectors. */
    readonly field: Property
    /** The name of the parameter that has the vector, with `$` before it. */
    readonly vector: `$${string}`
    /** Which vectors. Default: the nearest 10. */
    readonly method?: Knn | VectorRange | undefined
    /** Which vectors are looked at. Default: all. */
    readonly filter?: AdhocFilter | BatchesFilter | undefined
    /** The name of the score in rows. */
    readonly yieldScoreAs?: string | undefined
  }
  /** How results are combined. Default: by their ranks. */
  readonly combine?: CombineRanks | CombineScores | undefined
}

/**
 * Rows are sorted.
 *
 * @since 0.1.0
 * @category models
 */
export interface HybridSort {
  /** The properties that rows are sorted by. Default: the score. */
  readonly sortby?: OneOrMore<SortProperty> | undefined
  /** Not with `sortby`. */
  readonly nosort?: NotWith<"sortby"> | false | undefined
}

/**
 * Rows are not sorted.
 *
 * @since 0.1.0
 * @category models
 */
export interface HybridNosort {
  /** Whether rows come in any order, which is faster. */
  readonly nosort: true
  /** Not with `nosort`. */
  readonly sortby?: NotWith<"nosort"> | undefined
}

/**
 * Options of FT.HYBRID.
 *
 * @since 0.1.0
 * @category models
 */
export type HybridOptions = (HybridSort | HybridNosort) & {
  /** The fields that rows have, or `"*"` for all. Default: the key and the score. */
  readonly load?: "*" | ReadonlyArray<string | NamedField> | undefined
  /** What is done with the rows, in this order. */
  readonly steps?: ReadonlyArray<GroupStep | ApplyStep | FilterStep> | undefined
  /** Which of the rows are returned. Default: the first 10. */
  readonly limit?: Limit | undefined
  /** The values of the parameters, the vector among them. */
  readonly params: Params
  /** How long the server may take. Default: what it is set to. */
  readonly timeout?: DurationInput | undefined
}

/** Appends names with their values, behind how many words they are. */
const appendNamed = (
  args: Array<Arg>,
  word: string,
  pairs: ReadonlyArray<readonly [string, Arg | undefined]>
): void => {
  appendCountedWord(args, word, pairs.flatMap(([name, value]) => value === undefined ? [] : [name, value]))
}

const hybridFields: FieldsOf<HybridOptions> = {
  sortby: "value",
  nosort: "flag",
  load: "value",
  steps: "value",
  limit: "value",
  params: "value",
  timeout: "value"
}

const combineFields = {
  method: "value",
  constant: "value",
  window: "value",
  yieldScoreAs: "value",
  alpha: "value",
  beta: "value"
} as const

const filterFields = { query: "value", policy: "value", batchSize: "value" } as const

const methodFields = {
  method: "value",
  k: "value",
  efRuntime: "value",
  shardKRatio: "value",
  radius: "value",
  epsilon: "value"
} as const

const vsimFields = { field: "value", vector: "value", method: "value", filter: "value", yieldScoreAs: "value" } as const

const searchFields = { query: "value", scorer: "value", yieldScoreAs: "value" } as const

const hybridSearchesFields: FieldsOf<HybridSearches> = { search: "value", vsim: "value", combine: "value" }

const hybridArgs = (command: string, index: string, searches: HybridSearches, given: HybridOptions): Array<Arg> => {
  const of = optionsOf(command, searches, hybridSearchesFields)
  const search = optionsOf(command, of?.search, searchFields)
  const vsim = optionsOf(command, of?.vsim, vsimFields)
  if (search === undefined || vsim === undefined) {
    throw new InvalidCommand({ command, detail: "searches: search and vsim are needed" })
  }
  const integer = (field: string, value: number | undefined) =>
    value === undefined ? undefined : integerArg(command, field, value, 1)
  const decimal = (field: string, value: number | undefined, max = Number.MAX_VALUE) =>
    value === undefined ? undefined : numberArg(command, field, value, 0, max)
  const name = (field: string, value: string | undefined) =>
    value === undefined ? undefined : textArg(command, field, value)
  const args = argv(textArg(command, "index", index), "SEARCH", textArg(command, "search.query", search.query))
  if (search.scorer !== undefined) args.push("SCORER", textArg(command, "search.scorer", search.scorer))
  if (search.yieldScoreAs !== undefined) {
    args.push("YIELD_SCORE_AS", textArg(command, "search.yieldScoreAs", search.yieldScoreAs))
  }
  args.push("VSIM", propertyArg(command, "vsim.field", vsim.field), textArg(command, "vsim.vector", vsim.vector))
  const method = optionsOf(command, vsim.method, methodFields)
  if (method?.method === "knn") {
    appendNamed(args, "KNN", [
      ["K", integerArg(command, "vsim.method.k", method.k, 1)],
      ["EF_RUNTIME", integer("vsim.method.efRuntime", method.efRuntime)],
      ["SHARD_K_RATIO", decimal("vsim.method.shardKRatio", method.shardKRatio, 1)]
    ])
  } else if (method !== undefined) {
    keyword(command, "vsim.method.method", method.method, ["range"])
    appendNamed(args, "RANGE", [
      ["RADIUS", numberArg(command, "vsim.method.radius", method.radius, 0, Number.MAX_VALUE)],
      ["EPSILON", decimal("vsim.method.epsilon", method.epsilon)]
    ])
  }
  if (vsim.yieldScoreAs !== undefined) {
    args.push("YIELD_SCORE_AS", textArg(command, "vsim.yieldScoreAs", vsim.yieldScoreAs))
  }
  const filter = optionsOf(command, vsim.filter, filterFields)
  if (filter !== undefined) {
    const query = textArg(command, "vsim.filter.query", filter.query)
    if (filter.policy === undefined) args.push("FILTER", query)
    else {
      const words: Array<Arg> = [
        query,
        "POLICY",
        keyword(command, "vsim.filter.policy", filter.policy, ["adhoc", "batches"])
      ]
      if (filter.batchSize !== undefined) {
        if (filter.policy === "adhoc") {
          throw new InvalidCommand({ command, detail: "vsim.filter.batchSize: not with adhoc" })
        }
        words.push("BATCH_SIZE", integerArg(command, "vsim.filter.batchSize", filter.batchSize as number, 1))
      }
      appendCountedWord(args, "FILTER", words)
    }
  }
  const combine = optionsOf(command, of?.combine, combineFields)
  if (combine?.method === "rrf") {
    args.push("COMBINE")
    appendNamed(args, "RRF", [
      ["CONSTANT", decimal("combine.constant", combine.constant)],
      ["WINDOW", integer("combine.window", combine.window)],
      ["YIELD_SCORE_AS", name("combine.yieldScoreAs", combine.yieldScoreAs)]
    ])
  } else if (combine !== undefined) {
    keyword(command, "combine.method", combine.method, ["linear"])
    args.push("COMBINE")
    appendNamed(args, "LINEAR", [
      ["ALPHA", numberArg(command, "combine.alpha", combine.alpha, 0, Number.MAX_VALUE)],
      ["BETA", numberArg(command, "combine.beta", combine.beta, 0, Number.MAX_VALUE)],
      ["WINDOW", integer("combine.window", combine.window)],
      ["YIELD_SCORE_AS", name("combine.yieldScoreAs", combine.yieldScoreAs)]
    ])
  }
  const options = optionsOf<HybridOptions>(command, given, hybridFields)
  if (options === undefined) throw new InvalidCommand({ command, detail: "options: params is needed" })
  exclusive<HybridOptions>(command, options, ["nosort", "sortby"])
  if (options.load !== undefined) appendLoad(command, args, "load", options.load)
  for (const [i, step] of arrayOf(command, "steps", options.steps ?? []).entries()) {
    keyword(command, `steps[${i}].step`, step?.step, ["groupby", "apply", "filter"])
  }
  appendSteps(command, args, options.steps)
  if (options.sortby !== undefined) {
    appendCountedWord(args, "SORTBY", sortArgs(command, "sortby", options.sortby as OneOrMore<SortProperty>))
  }
  appendFlag(args, "NOSORT", options.nosort)
  appendLimit(command, args, options.limit)
  appendParams(command, args, options.params)
  appendTimeout(command, args, options.timeout)
  return args
}

const FT_HYBRID = define({ words: ["FT.HYBRID"], mode: "read", decode: hybridDecoder(new Set()) })
/**
 * FT.HYBRID searches for words and for vectors, and returns the documents that are found by either, scored by both. Rows
 * have the key as `__key` and the score as `__score`, unless they are grouped or `load` says otherwise. Fails with an
 * error if the index does not exist. Needs Redis 8.4.
 *
 * **Example** (Tea that is like another one)
 *
 * ```ts
 * import * as Search from "effect-redis-sentinel/modules/Search"
 *
 * export const similar = (vector: Uint8Array) =>
 *   Search.hybrid("products", {
 *     search: { query: "tea" },
 *     vsim: { field: "@embedding", vector: "$vector", method: { method: "knn", k: 10 } },
 *     combine: { method: "linear", alpha: 0.3, beta: 0.7 }
 *   }, { params: { vector }, load: ["@__key", "@name"], limit: { offset: 0, count: 5 } })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/ft.hybrid/
 * @since 0.1.0
 * @category search
 */
export const hybrid = (
  index: string,
  searches: HybridSearches,
  options: HybridOptions
): Command.Command<HybridFound, "read", HybridFound<Uint8Array>> =>
  Command.withDecode(
    make(FT_HYBRID, hybridArgs(FT_HYBRID.name, index, searches, options)),
    hybridDecoder(collectedNames(options.steps))
  )
