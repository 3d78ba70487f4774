/**
 * Replies of the commands of search. RESP2 has flat arrays where RESP3 has maps, and texts
 * where it has numbers; both are read to the same value.
 */
import * as Duration from "effect/Duration"
import * as Command from "../../Command.ts"
import type { Decode } from "../../Command.ts"
import * as Resp from "../../Resp.ts"

/** Elements by their names, from a map or an array of names and values in turn. */
const byName = (value: Resp.Value): ReadonlyMap<string, Resp.Value> => {
  const items = Command.list(value)
  const out = new Map<string, Resp.Value>()
  for (let i = 0; i + 1 < items.length; i += 2) out.set(Command.text(items[i]!), items[i + 1]!)
  return out
}

/** A text of a result: numbers, which some servers send as such, are written as text. */
const textValue = (value: Resp.Value, bytes: boolean): string | Uint8Array => {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
    const text = typeof value === "boolean" ? (value ? "1" : "0") : String(value)
    return bytes ? new TextEncoder().encode(text) : text
  }
  return Command.bulkString(value, bytes)
}

/** A number, from a double, an integer or its text. */
export const numeric = (value: Resp.Value): number => typeof value === "bigint" ? Number(value) : numberOf(value)

const numberOf = (value: Resp.Value): number => {
  if (typeof value !== "string" && !(value instanceof Uint8Array)) return Command.double(value)
  const text = Command.text(value).toLowerCase()
  return text === "-nan" ? NaN : Command.double(text)
}

const setField = (out: Record<string, unknown>, name: string, value: unknown): void =>
  void Object.defineProperty(out, name, { value, enumerable: true, writable: true, configurable: true })

/** Texts of warnings, which RESP2 does not have. */
const warningsOf = (value: Resp.Value | undefined): Array<string> =>
  value === undefined || value === null ? [] : Command.list(value).map(Command.text)

/**
 * A document that a search found, with its fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface Document<A = string> {
  /** The key of the document. */
  readonly id: string
  /** Its fields, or those that were asked for; of a document in JSON `$` is the whole as text. */
  readonly fields: Readonly<Record<string, A>>
}

/**
 * What a search found.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found<D> {
  /** How many documents match, of which `documents` are a part. */
  readonly total: number
  /** The documents. */
  readonly documents: Array<D>
  /** What the server warns of, such as a timeout; RESP2 has no warnings. */
  readonly warnings: Array<string>
}

/**
 * The ids of what a search found.
 *
 * @since 0.1.0
 * @category models
 */
export interface FoundIds {
  /** How many documents match, of which `ids` are a part. */
  readonly total: number
  /** The keys of the documents. */
  readonly ids: Array<string>
  /** What the server warns of, such as a timeout; RESP2 has no warnings. */
  readonly warnings: Array<string>
}

/**
 * What else can be returned of a document: its score, how the score was computed, its
 * payload, and the value that it was sorted by.
 *
 * @since 0.1.0
 * @category models
 */
export type Detail = "score" | "explanation" | "payload" | "sortkey"

/**
 * How a score was computed: a text, with the parts that it was made of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Explanation {
  /** What was computed. */
  readonly text: string
  /** What it was made of. */
  readonly parts: Array<Explanation>
}

/** All that can be returned of a document. */
interface Details<A> {
  /** How well it matches. */
  readonly score: number
  /** How the score was computed. */
  readonly explanation: Explanation
  /** Its payload, or `null`. */
  readonly payload: A | null
  /** The value that it was sorted by: a number or a text; `null` if it has none. */
  readonly sortkey: number | string | null
}

/** The details that a list has for sure: an element of a wider type may be any of its members. */
type Certain<Ds extends ReadonlyArray<Detail>> = {
  [I in keyof Ds]: IsOne<Ds[I]> extends true ? Ds[I] : never
}[number]

/** Whether a type is one detail, and not several or none. */
type IsOne<D, Each = D> = Each extends unknown ? [D] extends [Each] ? true : false : never

/**
 * A document that a search found, with its fields and the details that were asked for.
 * Where the type of the list does not say which those are, each may be missing.
 *
 * @since 0.1.0
 * @category models
 */
export type DocumentWith<Ds extends ReadonlyArray<Detail>, A = string> =
  & Document<A>
  & Pick<Details<A>, Certain<Ds>>
  & Partial<Pick<Details<A>, Exclude<Ds[number], Certain<Ds>>>>

/**
 * The key of a document that a search found, with the details that were asked for.
 * Where the type of the list does not say which those are, each may be missing.
 *
 * @since 0.1.0
 * @category models
 */
export type IdWith<Ds extends ReadonlyArray<Detail>, A = string> =
  & {
    /** The key of the document. */
    readonly id: string
  }
  & Pick<Details<A>, Certain<Ds>>
  & Partial<Pick<Details<A>, Exclude<Ds[number], Certain<Ds>>>>

/** What the arguments of a search ask for, which its reply in RESP2 does not say. */
interface Shape {
  readonly content: boolean
  readonly details: ReadonlyArray<Detail>
}

const fieldsOf = (value: Resp.Value | undefined, bytes: boolean): Record<string, string | Uint8Array | null> => {
  const out: Record<string, string | Uint8Array | null> = {}
  // Null: the document has gone since it was found.
  if (value === undefined || value === null) return out
  const items = Command.list(value)
  for (let i = 0; i + 1 < items.length; i += 2) {
    const item = items[i + 1]!
    setField(out, Command.text(items[i]!), item === null ? null : textValue(item, bytes))
  }
  return out
}

const maxDepth = 32

const explanationOf = (value: Resp.Value, depth = 0): Explanation => {
  if (depth > maxDepth) throw new Command.Mismatch("an explanation that is less deep", null)
  if (!Array.isArray(value)) return { text: Command.text(value), parts: [] }
  const [text = null, parts = []] = value
  return {
    text: Command.text(text),
    parts: Command.list(parts).map((part) => explanationOf(part, depth + 1))
  }
}

const sortkeyOf = (value: Resp.Value): number | string | null => {
  if (value === null) return null
  const text = Command.text(value)
  return text[0] === "#" ? numeric(text.slice(1)) : text[0] === "$" ? text.slice(1) : text
}

const detailsOf = (
  asked: ReadonlyArray<Detail>,
  score: Resp.Value | undefined,
  payload: Resp.Value | undefined,
  sortkey: Resp.Value | undefined,
  bytes: boolean
): Record<string, unknown> => {
  const out: Record<string, unknown> = {}
  for (const detail of asked) {
    switch (detail) {
      case "score":
        out["score"] = numeric((Array.isArray(score) ? score[0] : score) ?? null)
        break
      case "explanation":
        out["explanation"] = explanationOf((Array.isArray(score) ? score[1] : undefined) ?? null)
        break
      case "payload":
        out["payload"] = payload === null || payload === undefined ? null : textValue(payload, bytes)
        break
      case "sortkey":
        out["sortkey"] = sortkeyOf(sortkey ?? null)
    }
  }
  return out
}

/** What was found, as a total and documents. */
const found = (reply: Resp.Value, { content, details }: Shape, bytes: boolean): Found<any> => {
  if (reply instanceof Resp.MapReply) {
    const of = byName(reply)
    return {
      total: numeric(of.get("total_results") ?? null),
      documents: Command.list(of.get("results") ?? null).map((row) => {
        const parts = byName(row)
        return {
          id: Command.text(parts.get("id") ?? null),
          ...(content ? { fields: fieldsOf(parts.get("extra_attributes"), bytes) } : {}),
          ...detailsOf(details, parts.get("score"), parts.get("payload"), parts.get("sortkey"), bytes)
        }
      }),
      warnings: warningsOf(of.get("warning") ?? of.get("warnings"))
    }
  }
  const [total, ...items] = Command.list(reply)
  const has = (detail: Detail) => details.includes(detail)
  const withScore = has("score") || has("explanation")
  const width = 1 + (withScore ? 1 : 0) + (has("payload") ? 1 : 0) + (has("sortkey") ? 1 : 0) + (content ? 1 : 0)
  if (items.length % width !== 0) throw new Command.Mismatch(`documents of ${width} elements`, reply)
  const documents: Array<unknown> = []
  for (let i = 0; i < items.length;) {
    const id = Command.text(items[i++]!)
    const score = withScore ? items[i++] : undefined
    const payload = has("payload") ? items[i++] : undefined
    const sortkey = has("sortkey") ? items[i++] : undefined
    documents.push({
      id,
      ...(content ? { fields: fieldsOf(items[i++], bytes) } : {}),
      ...detailsOf(details, score, payload, sortkey, bytes)
    })
  }
  return { total: numeric(total ?? null), documents, warnings: [] }
}

/** Reads documents with their fields, and with details. */
export const documents = (details: ReadonlyArray<Detail>, content = true): Decode<Found<any>, Found<any>> =>
  Command.custom<Found<any>>((reply, bytes) => found(reply, { content, details }, bytes))

/** Reads the ids of documents. */
export const ids: Decode<FoundIds> = Command.custom<FoundIds>((reply) => {
  const { documents: list, total, warnings } = found(reply, { content: false, details: [] }, false)
  return { total, ids: list.map((document: { readonly id: string }) => document.id), warnings }
})

/**
 * A value in a row of an aggregation: a text, also of a number; `null` for none; a list of a
 * reducer that makes one; or records of COLLECT.
 *
 * @since 0.1.0
 * @category models
 */
export type RowValue<A = string> = A | null | Array<RowValue<A>> | { readonly [name: string]: RowValue<A> }

/**
 * A row of an aggregation: its properties, without `@`.
 *
 * @since 0.1.0
 * @category models
 */
export type Row<A = string> = Readonly<Record<string, RowValue<A>>>

/**
 * The rows of an aggregation.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rows<A = string> {
  /** The rows, in their order. */
  readonly rows: Array<Row<A>>
  /** What the server warns of, such as a timeout; RESP2 has no warnings. */
  readonly warnings: Array<string>
}

/**
 * A page of the rows of an aggregation.
 *
 * @since 0.1.0
 * @category models
 */
export interface RowsPage<A = string> extends Rows<A> {
  /** The cursor of the next page; `"0"` after the last one. */
  readonly cursor: string
}

/** What COLLECT made has records, which RESP2 sends as arrays: `collected` has the names of such properties. */
const rowValue = (
  value: Resp.Value,
  isCollected: boolean,
  collected: ReadonlySet<string>,
  bytes: boolean,
  depth: number
): RowValue<any> => {
  if (depth > maxDepth) throw new Command.Mismatch("a row that is less deep", null)
  if (value === null) return null
  if (value instanceof Resp.MapReply) return rowOf(value, collected, bytes, depth)
  if (Array.isArray(value)) {
    return isCollected
      ? value.map((item) => rowOf(item, collected, bytes, depth + 1))
      : value.map((item) => rowValue(item, false, collected, bytes, depth + 1))
  }
  return textValue(value, bytes)
}

const rowOf = (value: Resp.Value, collected: ReadonlySet<string>, bytes: boolean, depth = 0): Row<any> => {
  const items = Command.list(value)
  const out: Record<string, RowValue<any>> = {}
  for (let i = 0; i + 1 < items.length; i += 2) {
    const name = Command.text(items[i]!)
    setField(out, name, rowValue(items[i + 1]!, collected.has(name), collected, bytes, depth + 1))
  }
  return out
}

const rowsOf = (reply: Resp.Value, collected: ReadonlySet<string>, bytes: boolean): Rows<any> => {
  if (reply instanceof Resp.MapReply) {
    const of = byName(reply)
    return {
      rows: Command.list(of.get("results") ?? null).map((row) => {
        const attributes = byName(row).get("extra_attributes")
        return attributes === undefined || attributes === null ? {} : rowOf(attributes, collected, bytes)
      }),
      warnings: warningsOf(of.get("warning") ?? of.get("warnings"))
    }
  }
  // The number before the rows is not that of the rows.
  return {
    rows: Command.list(reply).slice(1).map((row) => row === null ? {} : rowOf(row, collected, bytes)),
    warnings: []
  }
}

/** Reads rows; `collected` has the names of properties that COLLECT made. */
export const rows = (collected: ReadonlySet<string>): Decode<Rows, Rows<Uint8Array>> =>
  Command.custom<Rows, Rows<Uint8Array>>((reply, bytes) => rowsOf(reply, collected, bytes))

/** Reads a page of rows. */
export const rowsPage = (collected: ReadonlySet<string>): Decode<RowsPage, RowsPage<Uint8Array>> =>
  Command.custom<RowsPage, RowsPage<Uint8Array>>((reply, bytes) => {
    const [page = null, cursor = null] = Command.list(reply)
    return {
      ...rowsOf(page, collected, bytes),
      // A cursor may exceed what a number keeps.
      cursor: typeof cursor === "bigint" ? String(cursor) : Command.text(cursor)
    }
  })

/**
 * What a hybrid search found.
 *
 * @since 0.1.0
 * @category models
 */
export interface HybridFound<A = string> {
  /** How many documents match, of which `rows` are a part. */
  readonly total: number
  /** The documents: `__key`, `__score`, and the fields that were loaded. */
  readonly rows: Array<Row<A>>
  /** How long the server took. */
  readonly executionTime: Duration.Duration
  /** What the server warns of, such as a timeout. */
  readonly warnings: Array<string>
}

/** Reads what a hybrid search found. */
export const hybrid = (collected: ReadonlySet<string>): Decode<HybridFound, HybridFound<Uint8Array>> =>
  Command.custom<HybridFound, HybridFound<Uint8Array>>((reply, bytes): HybridFound<any> => {
    const of = byName(reply)
    const millis = numeric(of.get("execution_time") ?? 0)
    return {
      total: numeric(of.get("total_results") ?? null),
      rows: Command.list(of.get("results") ?? null).map((row) => rowOf(row, collected, bytes)),
      executionTime: Duration.millis(millis >= 0 && millis < Infinity ? millis : 0),
      warnings: warningsOf(of.get("warnings") ?? of.get("warning"))
    }
  })

/**
 * What a server says of how it executed a query: records, lists, texts and numbers, under
 * the names that the server gives them.
 *
 * @since 0.1.0
 * @category models
 */
export type ProfileValue = string | number | null | Array<ProfileValue> | { readonly [name: string]: ProfileValue }

/**
 * The result of a query, and how it was executed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Profiled<A> {
  /** What the query returns. */
  readonly results: A
  /** How it was executed. */
  readonly profile: ProfileValue
}

/** With one of these begins an array that RESP3 sends as a map. */
const recordStarts =
  /^(?:Type|Shards|Coordinator|Shard ID|Total .*time|Parsing time|Warning|Iterators profile|SEARCH|VSIM|Post Processing time)$/

/** What an array begins with, if that is a text. */
const startOf = (value: Resp.Value | undefined): string =>
  typeof value === "string" || value instanceof Uint8Array ? Command.text(value) : ""

const profileValue = (value: Resp.Value, depth = 0): ProfileValue => {
  if (depth > 128) throw new Command.Mismatch("a profile that is less deep", null)
  if (value === null) return null
  if (typeof value === "number") return value
  if (typeof value === "bigint") return Number(value)
  if (value instanceof Resp.MapReply) return profileRecord(value.flat, depth)
  if (!Array.isArray(value)) return Command.text(value)
  if (value.length % 2 === 0 && recordStarts.test(startOf(value[0]))) return profileRecord(value, depth)
  // Servers before Redis 8 send a list of names with their values, each an array.
  const isOld = value.length > 1 && Array.isArray(value[0]) && value[0].length === 2 &&
    /time$/i.test(startOf(value[0][0]))
  if (isOld && value.every((item) => Array.isArray(item) && startOf(item[0]) !== "")) {
    return profileRecord(
      value.flatMap((item) => {
        const [name = null, ...others] = item as ReadonlyArray<Resp.Value>
        return [name, others.length === 1 ? others[0]! : others]
      }),
      depth
    )
  }
  return value.map((item) => profileValue(item, depth + 1))
}

const profileRecord = (flat: ReadonlyArray<Resp.Value>, depth: number): ProfileValue => {
  const out: Record<string, ProfileValue> = {}
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = Command.text(flat[i]!)
    const value = profileValue(flat[i + 1]!, depth + 1)
    const isNumber = typeof value === "string" && /time|number|processed|counter|size|matches|reads/i.test(name) &&
      value.trim() !== "" && Number.isFinite(Number(value))
    // The coordinator of a server alone has nothing: an empty map, or an empty array.
    const isEmpty = name === "Coordinator" && Array.isArray(value) && value.length === 0
    setField(out, name, isNumber ? Number(value) : isEmpty ? {} : value)
  }
  return out
}

/** Reads the result of a query, with another decoder, and how it was executed. */
export const profiled = <A, B>(results: Decode<A, B>): Decode<Profiled<A>, Profiled<B>> =>
  Command.custom<Profiled<A>, Profiled<B>>((reply, bytes): Profiled<any> => {
    if (reply instanceof Resp.MapReply) {
      const of = byName(reply)
      // Before Redis 8, the profile is among what the query returns.
      return {
        results: results(of.get("Results") ?? of.get("results_with_profile") ?? reply, bytes),
        profile: profileValue(of.get("Profile") ?? of.get("profile") ?? null)
      }
    }
    const [first = null, second = null] = Command.list(reply)
    return { results: results(first, bytes), profile: profileValue(second) }
  })

/**
 * What may be meant by a word that the index does not have.
 *
 * @since 0.1.0
 * @category models
 */
export interface Misspelled {
  /** The word of the query. */
  readonly term: string
  /** The words that may be meant, the most likely first. */
  readonly suggestions: Array<{
    /** A word that may be meant. */
    readonly suggestion: string
    /** In how large a part of the documents it is. */
    readonly score: number
  }>
}

/** Reads words with what may be meant by them. */
export const misspelled: Decode<Array<Misspelled>> = Command.custom<Array<Misspelled>>((reply) => {
  if (reply instanceof Resp.MapReply) {
    const results = byName(reply).get("results") ?? null
    return Array.from(byName(results), ([term, list]) => ({
      term,
      suggestions: Command.list(list).flatMap((item) =>
        Array.from(byName(item), ([suggestion, score]) => ({ suggestion, score: numeric(score) }))
      )
    }))
  }
  return Command.list(reply).map((item) => {
    const [, term = null, list = null] = Command.list(item)
    return {
      term: Command.text(term),
      suggestions: Command.list(list).map((pair) => {
        const [score = null, suggestion = null] = Command.list(pair)
        return { suggestion: Command.text(suggestion), score: numeric(score) }
      })
    }
  })
})
