/**
 * What FT.INFO says of an index, read to a record. The server's names are its own; numbers
 * come as texts in RESP2.
 */
import * as Command from "../../Command.ts"
import * as Resp from "../../Resp.ts"
import { numeric } from "./searchReplies.ts"

/**
 * A field of an index.
 *
 * @since 0.1.0
 * @category models
 */
export interface InfoField {
  /** The field of a hash, or the JSONPath in a document. */
  readonly identifier: string
  /** Its name in queries. */
  readonly attribute: string
  /** Its type in lower case, such as `text`. */
  readonly type: string
  /** What is said of it with a word, such as `SORTABLE` or `NOINDEX`. */
  readonly flags: ReadonlySet<string>
  /** What is said of it with a value, such as `WEIGHT` or `dim`, under the names of the server. */
  readonly parameters: Readonly<Record<string, string>>
}

/**
 * Errors at indexing.
 *
 * @since 0.1.0
 * @category models
 */
export interface IndexErrors {
  /** How often a document could not be indexed. */
  readonly failures: number
  /** The last error; `null` if there was none. */
  readonly lastError: string | null
  /** The key of the last document that could not be indexed; `null` if there was none. */
  readonly lastErrorKey: string | null
}

/**
 * What FT.INFO says of an index.
 *
 * @since 0.1.0
 * @category models
 */
export interface Info {
  /** The name of the index. */
  readonly indexName: string
  /** The options that it was created with, such as `NOOFFSETS`. */
  readonly indexOptions: ReadonlySet<string>
  /** Which documents it has. */
  readonly definition: {
    /** Whether documents are hashes or JSON, in lower case. */
    readonly keyType: string
    /** What the keys of documents begin with; `""` for all keys. */
    readonly prefixes: Array<string>
    /** The condition for documents; absent without one. */
    readonly filter?: string
    /** The score of documents without one. */
    readonly defaultScore: number
    /** The language of documents without one; absent if it is not set. */
    readonly defaultLanguage?: string
  }
  /** Its fields. */
  readonly attributes: Array<InfoField>
  /** How many documents it has. */
  readonly numDocs: number
  /** How many terms it has. */
  readonly numTerms: number
  /** How many records it has. */
  readonly numRecords: number
  /** Whether it indexes documents that were there before it. */
  readonly isIndexing: boolean
  /** How large a part of those documents is indexed: 1 for all. */
  readonly percentIndexed: number
  /** The words that it ignores; absent if they are the server's own. */
  readonly stopwords?: Array<string>
  /** Errors at indexing; absent before RediSearch 2.8. */
  readonly errors?: IndexErrors
  /** All other numbers, under the names of the server: `inverted_sz_mb`, `number_of_uses`, ... */
  readonly statistics: Readonly<Record<string, number>>
  /** Numbers about the removal of what is deleted. */
  readonly gcStats: Readonly<Record<string, number>>
  /** Numbers about cursors. */
  readonly cursorStats: Readonly<Record<string, number>>
  /** Which dialects queries had: 1 for those that came. */
  readonly dialectStats: Readonly<Record<string, number>>
}

const wordFlags: ReadonlySet<string> = new Set([
  "SORTABLE",
  "UNF",
  "NOINDEX",
  "NOSTEM",
  "CASESENSITIVE",
  "WITHSUFFIXTRIE",
  "INDEXEMPTY",
  "INDEXMISSING"
])

const plainText = (value: Resp.Value): string =>
  Array.isArray(value)
    ? value.map(plainText).join(" ")
    : typeof value === "bigint"
    ? String(value)
    : Command.text(value)

/** RESP2 lists flags behind the pairs of names and values; RESP3 has them in an array of their own. */
const fieldOf = (value: Resp.Value): InfoField => {
  const items = Command.list(value)
  const parameters: Record<string, string> = {}
  const flags = new Set<string>()
  for (let i = 0; i < items.length; i++) {
    const name = Command.text(items[i]!)
    if (wordFlags.has(name)) flags.add(name)
    else if (i + 1 < items.length) {
      const item = items[++i]!
      if (name === "flags") { for (const flag of Command.list(item)) flags.add(Command.text(flag)) }
      else {
        Object.defineProperty(parameters, name, {
          value: plainText(item),
          enumerable: true,
          writable: true,
          configurable: true
        })
      }
    }
  }
  const { attribute, identifier, type, ...others } = parameters
  if (identifier === undefined || attribute === undefined || type === undefined) {
    throw new Command.Mismatch("a field of an index", value)
  }
  return { identifier, attribute, type: type.toLowerCase(), flags, parameters: others }
}

const numbers = Command.recordOf(Command.custom<number>(numeric))

const definitionFields = Command.fields(
  { keyType: Command.word, prefixes: Command.words, defaultScore: Command.custom<number>(numeric) },
  { filter: Command.word, defaultLanguage: Command.word }
)

const errorFields = Command.fields({
  indexingFailures: Command.custom<number>(numeric),
  lastIndexingError: Command.word,
  lastIndexingErrorKey: Command.word
})

const present = (text: string): string | null => text === "N/A" ? null : text

const errorsOf = (value: Resp.Value): IndexErrors => {
  const read = errorFields(value, false)
  return {
    failures: read.indexingFailures,
    lastError: present(read.lastIndexingError),
    lastErrorKey: present(read.lastIndexingErrorKey)
  }
}

/** Fields that are read by themselves; all others are statistics if they are numbers. */
const known: ReadonlySet<string> = new Set([
  "index_name",
  "index_options",
  "index_definition",
  "attributes",
  "num_docs",
  "num_terms",
  "num_records",
  "indexing",
  "percent_indexed",
  "stopwords_list",
  "Index Errors",
  "field statistics",
  "gc_stats",
  "cursor_stats",
  "dialect_stats"
])

const isNumber = (value: Resp.Value): boolean =>
  typeof value === "number" || typeof value === "bigint" ||
  (typeof value === "string" && /^-?(?:nan|inf|[\d.]+(?:e[-+]?\d+)?)$/i.test(value))

const statistic = (value: Resp.Value): Resp.Value => value instanceof Uint8Array ? Command.text(value) : value

/** Reads what FT.INFO says. */
export const info: Command.Decode<Info> = Command.custom<Info>((reply) => {
  const items = Command.list(reply)
  const of = new Map<string, Resp.Value>()
  const statistics: Record<string, number> = {}
  for (let i = 0; i + 1 < items.length; i += 2) {
    const name = Command.text(items[i]!)
    const value = items[i + 1]!
    if (known.has(name)) of.set(name, value)
    else if (isNumber(statistic(value))) statistics[name] = numeric(statistic(value))
  }
  const needed = (name: string): Resp.Value => {
    const value = of.get(name)
    if (value === undefined) throw new Command.Mismatch(`a field ${name}`, reply)
    return value
  }
  const amount = (name: string) => numeric(statistic(needed(name)))
  const statsOf = (name: string) => {
    const value = of.get(name)
    return value === undefined || value === null ? {} : numbers(value, false)
  }
  const definition = definitionFields(needed("index_definition"), false)
  const stopwords = of.get("stopwords_list")
  const errors = of.get("Index Errors")
  return {
    indexName: Command.text(needed("index_name")),
    indexOptions: new Set(Command.list(needed("index_options")).map(Command.text)),
    definition: { ...definition, keyType: definition.keyType.toLowerCase() },
    attributes: Command.list(needed("attributes")).map(fieldOf),
    numDocs: amount("num_docs"),
    numTerms: amount("num_terms"),
    numRecords: amount("num_records"),
    isIndexing: amount("indexing") !== 0,
    percentIndexed: amount("percent_indexed"),
    ...(stopwords === undefined || stopwords === null ? {} : { stopwords: Command.list(stopwords).map(Command.text) }),
    ...(errors === undefined ? {} : { errors: errorsOf(errors) }),
    statistics,
    gcStats: statsOf("gc_stats"),
    cursorStats: statsOf("cursor_stats"),
    dialectStats: statsOf("dialect_stats")
  }
})
