/**
 * From replies to results. Each throws a Mismatch for a reply that it cannot read.
 */
import { Buffer } from "node:buffer"
import * as Resp from "../../Resp.ts"

// -----------------------------------------------------------------------------
// Decoders
// -----------------------------------------------------------------------------

/**
 * What a decoder throws at a reply that is not of its kind.
 *
 * @since 0.1.0
 * @category models
 */
export class Mismatch {
  readonly _tag = "Mismatch"
  readonly expected: string
  readonly actual: Resp.Value
  constructor(expected: string, actual: Resp.Value) {
    this.expected = expected
    this.actual = actual
  }
}

/**
 * From a reply to a result. `B` is the result where bytes were asked for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decode<out A, out B = A> {
  (value: Resp.Value, bytes: boolean): A
  readonly "~bytes"?: B | undefined
}

const decoder = <A, B = A>(f: (value: Resp.Value, bytes: boolean) => unknown): Decode<A, B> => f as Decode<A, B>

export const mismatch = (expected: string, actual: Resp.Value): never => {
  throw new Mismatch(expected, actual)
}

/** @internal */
export const list = (value: Resp.Value): ReadonlyArray<Resp.Value> =>
  Array.isArray(value)
    ? value
    : value instanceof Resp.SetReply
    ? value.values
    : value instanceof Resp.MapReply
    ? value.flat
    : mismatch("an array", value)

/** A mark at the beginning is part of the text. */
export const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

/** @internal */
export const text = (value: Resp.Value): string =>
  typeof value === "string"
    ? value
    : value instanceof Uint8Array
    ? utf8.decode(value)
    : typeof value === "number"
    ? String(value)
    : mismatch("a string", value)

const bulk = (value: Resp.Value, bytes: boolean): string | Uint8Array =>
  bytes
    ? value instanceof Uint8Array ? value : typeof value === "string" ? Buffer.from(value) : mismatch("bytes", value)
    : typeof value === "string"
    ? value
    : mismatch("a string", value)

const bulkOrNull = (value: Resp.Value, bytes: boolean): string | Uint8Array | null =>
  value === null ? null : bulk(value, bytes)

/** @internal */
export const integer = (value: Resp.Value): number =>
  typeof value === "number"
    ? value
    : typeof value === "bigint"
    ? mismatch("an integer up to 2^53 (Command.exact gives larger ones)", value)
    : mismatch("an integer", value)

/** @internal */
export const double = (value: Resp.Value): number => {
  if (typeof value === "number") return value
  if (typeof value === "string" || value instanceof Uint8Array) {
    const s = text(value)
    const n = s === "inf" || s === "+inf" ? Infinity : s === "-inf" ? -Infinity : s === "nan" ? NaN : Number(s)
    if (s.trim() !== "" && (s === "nan" || !Number.isNaN(n))) return n
  }
  return mismatch("a number", value)
}

/** The reply in plain JavaScript. @since 0.1.0 @category decoders */
export const native: Decode<unknown> = decoder((value) => Resp.toNative(value))

/** The reply as decoded from the wire. @since 0.1.0 @category decoders */
export const value: Decode<Resp.Value> = decoder((value) => value)

/** `"OK"`. @since 0.1.0 @category decoders */
export const ok: Decode<"OK"> = decoder((value) => value === "OK" ? value : mismatch("OK", value))

/** `"OK"`, or null where the condition was not met. @since 0.1.0 @category decoders */
export const okOrNull: Decode<"OK" | null> = decoder((value) =>
  value === "OK" || value === null ? value : mismatch("OK or null", value)
)

/** A string. @since 0.1.0 @category decoders */
export const string: Decode<string, Uint8Array> = decoder(bulk)

/** A string that is text in any mode, such as the name of a type. @since 0.1.0 @category decoders */
export const word: Decode<string> = decoder(text)

/** Text in any mode, or null. @since 0.1.0 @category decoders */
export const wordOrNull: Decode<string | null> = decoder((value) => value === null ? null : text(value))

/** A string, or null. @since 0.1.0 @category decoders */
export const stringOrNull: Decode<string | null, Uint8Array | null> = decoder(bulkOrNull)

/** An integer. @since 0.1.0 @category decoders */
export const int: Decode<number> = decoder(integer)

/** An integer, or null. @since 0.1.0 @category decoders */
export const intOrNull: Decode<number | null> = decoder((value) => value === null ? null : integer(value))

/** A number with a fraction. @since 0.1.0 @category decoders */
export const float: Decode<number> = decoder(double)

/** A number with a fraction, or null. @since 0.1.0 @category decoders */
export const floatOrNull: Decode<number | null> = decoder((value) => value === null ? null : double(value))

/** 1 and 0 as a boolean. @since 0.1.0 @category decoders */
export const flag: Decode<boolean> = decoder((value) =>
  value === 1 || value === true ? true : value === 0 || value === false ? false : mismatch("0 or 1", value)
)

/** An array of strings. @since 0.1.0 @category decoders */
export const strings: Decode<Array<string>, Array<Uint8Array>> = decoder((value, bytes) => {
  const items = list(value)
  for (let i = 0; i < items.length; i++) {
    if (bytes ? !(items[i] instanceof Uint8Array) : typeof items[i] !== "string") return mismatch("strings", items[i]!)
  }
  return items
})

/** An array of strings, or null. @since 0.1.0 @category decoders */
export const stringsOrNull: Decode<Array<string> | null, Array<Uint8Array> | null> = decoder((value, bytes) =>
  value === null ? null : strings(value, bytes)
)

/** An array of strings and nulls. @since 0.1.0 @category decoders */
export const stringsWithNulls: Decode<Array<string | null>, Array<Uint8Array | null>> = decoder((value, bytes) => {
  const items = list(value)
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!
    if (item !== null && (bytes ? !(item instanceof Uint8Array) : typeof item !== "string")) {
      return mismatch("strings and nulls", item)
    }
  }
  return items
})

/** An array of words. @since 0.1.0 @category decoders */
export const words: Decode<Array<string>> = decoder((value) => list(value).map(text))

/** An array of integers. @since 0.1.0 @category decoders */
export const ints: Decode<Array<number>> = decoder((value) => list(value).map(integer))

/** An array of 1 and 0 as booleans. @since 0.1.0 @category decoders */
export const flags: Decode<Array<boolean>> = decoder((value) => list(value).map((v) => flag(v, false)))

/** An array of numbers and nulls. @since 0.1.0 @category decoders */
export const floatsOrNulls: Decode<Array<number | null>> = decoder((value) =>
  list(value).map((v) => v === null ? null : double(v))
)

/**
 * Fields and values, from a flat array or a map. The names of fields are text
 * in any mode. A field named `__proto__` is a field like any other.
 *
 * @since 0.1.0
 * @category decoders
 */
export const record: Decode<Record<string, string>, Record<string, Uint8Array>> = decoder((value, bytes) => {
  const flat = list(value)
  const out: Record<string, string | Uint8Array> = {}
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const key = bytes || typeof flat[i] !== "string" ? text(flat[i]!) : flat[i] as string
    const v = flat[i + 1]!
    const item = bytes ? bulk(v, true) : typeof v === "string" ? v : bulk(v, false)
    if (key === "__proto__") {
      Object.defineProperty(out, key, { value: item, enumerable: true, writable: true, configurable: true })
    } else out[key] = item
  }
  return out
})

/** Pairs of strings, from a flat array, an array of pairs, or a map. @since 0.1.0 @category decoders */
export const pairs: Decode<Array<[string, string]>, Array<[Uint8Array, Uint8Array]>> = decoder((value, bytes) =>
  pairwise(list(value), (a, b) => [bulk(a, bytes), bulk(b, bytes)])
)

/**
 * A member of a sorted set with its score.
 *
 * @since 0.1.0
 * @category models
 */
export interface Scored<A = string> {
  readonly member: A
  readonly score: number
}

/** Members with scores, from a flat array (RESP2) or pairs (RESP3). @since 0.1.0 @category decoders */
export const scored: Decode<Array<Scored>, Array<Scored<Uint8Array>>> = decoder((value, bytes) =>
  pairwise(list(value), (member, score) => ({ member: bulk(member, bytes), score: double(score) }))
)

const pairwise = <A>(
  items: ReadonlyArray<Resp.Value>,
  f: (a: Resp.Value, b: Resp.Value) => A
): Array<A> => {
  const out: Array<A> = []
  if (items.length > 0 && Array.isArray(items[0])) {
    for (const item of items) {
      const pair = list(item)
      if (pair.length !== 2) return mismatch("pairs", item)
      out.push(f(pair[0]!, pair[1]!))
    }
    return out
  }
  if (items.length % 2 === 1) return mismatch("pairs", items as Resp.Value)
  for (let i = 0; i < items.length; i += 2) out.push(f(items[i]!, items[i + 1]!))
  return out
}

/**
 * A page of a scan: where to go on (`"0"` at the end), and what was found.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page<A> {
  readonly cursor: string
  readonly items: A
}

/** A page of a scan whose items another decoder reads. @since 0.1.0 @category decoders */
export const page = <A, B>(items: Decode<A, B>): Decode<Page<A>, Page<B>> =>
  decoder((value, bytes) => {
    const reply = list(value)
    if (reply.length !== 2) return mismatch("a cursor and a page", value)
    return { cursor: text(reply[0]!), items: items(reply[1]!, bytes) }
  })

/** What a decoder reads, or null. @since 0.1.0 @category decoders */
export const nullable = <A, B>(inner: Decode<A, B>): Decode<A | null, B | null> =>
  decoder((value, bytes) => value === null ? null : inner(value, bytes))

/** A reply that a function of its own reads; bulk strings are text. @since 0.1.0 @category decoders */
export const custom = <A, B = A>(f: (value: Resp.Value, bytes: boolean) => A | B): Decode<A, B> => decoder(f)

/** A string in the mode asked for, for custom decoders. @since 0.1.0 @category decoders */
export const bulkString = bulk
