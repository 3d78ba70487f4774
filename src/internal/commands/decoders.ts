/**
 * Decoders: each makes a command's result of its reply, from RESP2 and RESP3
 * alike, and throws a `Mismatch` for a reply that it cannot read. The bytes of the
 * wire are decoded in internal/resp/decoder.ts.
 */
import { Buffer } from "node:buffer"
import * as Resp from "../../Resp.ts"
import { shortText } from "../common/shortText.ts"

/**
 * What a decoder throws at a reply that it cannot read. The command then fails with
 * `UnexpectedReply`.
 *
 * @since 0.1.0
 * @category models
 */
export class Mismatch {
  /** Always `"Mismatch"`. */
  readonly _tag = "Mismatch"
  /** What the decoder reads, in words: `a string`, `an integer`. */
  readonly expected: string
  /** The reply. */
  readonly actual: Resp.Value
  constructor(expected: string, actual: Resp.Value) {
    this.expected = expected
    this.actual = actual
  }
}

/**
 * What a decoder of typed values throws at a value that does not fit. The command then
 * fails with `ValueMismatch`.
 */
export class ValueProblem {
  /** Why the value does not fit, in words, without what it contains. */
  readonly issue: string
  /** Its index among the values of the reply; undefined if the reply is one value. */
  readonly index: number | undefined
  /** Its key, or the index of its key among those of the command; undefined for the only one, null if it has none. */
  readonly key: string | number | null | undefined
  constructor(issue: string, index?: number | undefined, key?: string | number | null | undefined) {
    this.issue = issue
    this.index = index
    this.key = key
  }
}

/**
 * Makes a result of a reply: `A`, or `B` where bytes were asked for in place of
 * strings. Throws a `Mismatch` for a reply that it cannot read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decode<out A, out B = A> {
  (value: Resp.Value, bytes: boolean): A
  /** Never set: it carries the type `B`. */
  readonly "~bytes"?: B | undefined
}

/*#__NO_SIDE_EFFECTS__*/
const decoder = <A, B = A>(f: (value: Resp.Value, bytes: boolean) => unknown): Decode<A, B> => f as Decode<A, B>

/** Throws a `Mismatch`, as an expression. */
export const mismatch = (expected: string, actual: Resp.Value): never => {
  throw new Mismatch(expected, actual)
}

/**
 * The elements of an array or a set, or the keys and values of a map in turn; for
 * functions given to `custom`. Throws a `Mismatch` for another reply.
 *
 * @since 0.1.0
 * @category decoders
 */
export const list = (value: Resp.Value): ReadonlyArray<Resp.Value> =>
  Array.isArray(value)
    ? value
    : value instanceof Resp.SetReply
    ? value.values
    : value instanceof Resp.MapReply
    ? value.flat
    : mismatch("an array", value)

/** Keeps a byte order mark: it is part of the text. */
export const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

/**
 * A string or a number as text, whether bytes were asked for or not; for functions given
 * to `custom`. Throws a `Mismatch` for another reply.
 *
 * @since 0.1.0
 * @category decoders
 */
export const text = (value: Resp.Value): string =>
  typeof value === "string"
    ? value
    : value instanceof Uint8Array
    ? shortText(value) ?? utf8.decode(value)
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

/**
 * An integer from -2^53 to 2^53; for functions given to `custom`. Throws a `Mismatch` for
 * another reply.
 *
 * @since 0.1.0
 * @category decoders
 */
export const integer = (value: Resp.Value): number =>
  typeof value === "number"
    ? value
    : typeof value === "bigint"
    ? mismatch("an integer up to 2^53 (Command.exact gives larger ones)", value)
    : mismatch("an integer", value)

/**
 * A floating point number, from a double or from its text; for functions given to
 * `custom`. Throws a `Mismatch` for another reply.
 *
 * @since 0.1.0
 * @category decoders
 */
export const double = (value: Resp.Value): number => {
  if (typeof value === "number") return value
  if (typeof value === "string" || value instanceof Uint8Array) {
    const s = text(value)
    const n = s === "inf" || s === "+inf" ? Infinity : s === "-inf" ? -Infinity : s === "nan" ? NaN : Number(s)
    if (s.trim() !== "" && (s === "nan" || !Number.isNaN(n))) return n
  }
  return mismatch("a number", value)
}

/**
 * Reads any reply as plain JavaScript: arrays, `Map`, `Set`, strings, numbers, booleans and null.
 *
 * @since 0.1.0
 * @category decoders
 */
export const native: Decode<unknown> = decoder((value) => Resp.toNative(value))

/**
 * Reads any reply as the value that came over the wire.
 *
 * @since 0.1.0
 * @category decoders
 */
export const value: Decode<Resp.Value> = decoder((value) => value)

/**
 * Reads `"OK"`.
 *
 * @since 0.1.0
 * @category decoders
 */
export const ok: Decode<"OK"> = decoder((value) => value === "OK" ? value : mismatch("OK", value))

/**
 * Reads `"OK"`, or null where a condition was not met.
 *
 * @since 0.1.0
 * @category decoders
 */
export const okOrNull: Decode<"OK" | null> = decoder((value) =>
  value === "OK" || value === null ? value : mismatch("OK or null", value)
)

/**
 * Reads a string. In text, U+FFFD takes the place of bytes that are not UTF-8.
 *
 * @since 0.1.0
 * @category decoders
 */
export const string: Decode<string, Uint8Array> = decoder(bulk)

/**
 * Reads a string that is text where bytes were asked for, too, such as the name of a type.
 *
 * @since 0.1.0
 * @category decoders
 */
export const word: Decode<string> = decoder(text)

/**
 * Reads a string that is text where bytes were asked for, too, or null.
 *
 * @since 0.1.0
 * @category decoders
 */
export const wordOrNull: Decode<string | null> = decoder((value) => value === null ? null : text(value))

/**
 * Reads a string, or null.
 *
 * @since 0.1.0
 * @category decoders
 */
export const stringOrNull: Decode<string | null, Uint8Array | null> = decoder(bulkOrNull)

/**
 * Reads an integer from -2^53 to 2^53; `Command.exact` reads larger ones.
 *
 * @since 0.1.0
 * @category decoders
 */
export const int: Decode<number> = decoder(integer)

/**
 * Reads an integer, or null.
 *
 * @since 0.1.0
 * @category decoders
 */
export const intOrNull: Decode<number | null> = decoder((value) => value === null ? null : integer(value))

/**
 * Reads a floating point number: a double of RESP3, or a string such as `1.5` or `inf`.
 *
 * @since 0.1.0
 * @category decoders
 */
export const float: Decode<number> = decoder(double)

/**
 * Reads a floating point number, or null.
 *
 * @since 0.1.0
 * @category decoders
 */
export const floatOrNull: Decode<number | null> = decoder((value) => value === null ? null : double(value))

/**
 * Reads 1 as true and 0 as false.
 *
 * @since 0.1.0
 * @category decoders
 */
export const flag: Decode<boolean> = decoder((value) =>
  value === 1 || value === true ? true : value === 0 || value === false ? false : mismatch("0 or 1", value)
)

/**
 * Reads an array of strings.
 *
 * @since 0.1.0
 * @category decoders
 */
export const strings: Decode<Array<string>, Array<Uint8Array>> = decoder((value, bytes) => {
  const items = list(value)
  for (let i = 0; i < items.length; i++) {
    if (bytes ? !(items[i] instanceof Uint8Array) : typeof items[i] !== "string") return mismatch("strings", items[i]!)
  }
  return items
})

/**
 * Reads an array of strings, or null.
 *
 * @since 0.1.0
 * @category decoders
 */
export const stringsOrNull: Decode<Array<string> | null, Array<Uint8Array> | null> = decoder((value, bytes) =>
  value === null ? null : strings(value, bytes)
)

/**
 * Reads an array whose elements are strings or null.
 *
 * @since 0.1.0
 * @category decoders
 */
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

/**
 * Reads an array of strings that are text where bytes were asked for, too.
 *
 * @since 0.1.0
 * @category decoders
 */
export const words: Decode<Array<string>> = decoder((value) => list(value).map(text))

/**
 * Reads an array of integers.
 *
 * @since 0.1.0
 * @category decoders
 */
export const ints: Decode<Array<number>> = decoder((value) => list(value).map(integer))

/**
 * Reads an array of 1 and 0 as booleans.
 *
 * @since 0.1.0
 * @category decoders
 */
export const flags: Decode<Array<boolean>> = decoder((value) => list(value).map((v) => flag(v, false)))

/**
 * Reads an array whose elements are floating point numbers or null.
 *
 * @since 0.1.0
 * @category decoders
 */
export const floatsOrNulls: Decode<Array<number | null>> = decoder((value) =>
  list(value).map((v) => v === null ? null : double(v))
)

/**
 * Reads fields and values as a record, from a flat array or a map. The names of
 * fields are text where bytes were asked for, too. A field named `__proto__` is a
 * field like any other.
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

/**
 * Reads pairs of strings, from a flat array, an array of pairs, or a map.
 *
 * @since 0.1.0
 * @category decoders
 */
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
  /** The member. */
  readonly member: A
  /** Its score; Infinity and -Infinity are possible. */
  readonly score: number
}

/**
 * Reads members with their scores, from a flat array (RESP2) or an array of pairs (RESP3).
 *
 * @since 0.1.0
 * @category decoders
 */
export const scored: Decode<Array<Scored>, Array<Scored<Uint8Array>>> = decoder((value, bytes) =>
  pairwise(list(value), (member, score) => ({ member: bulk(member, bytes), score: double(score) }))
)

/** Reads elements two by two, from a flat array or an array of pairs. */
export const pairwise = <A>(
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
 * A page of a scan.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page<A> {
  /** The cursor of the next page; `"0"` if this is the last one. */
  readonly cursor: string
  /** What the page has; it may be empty before the last one. */
  readonly items: A
}

/**
 * Reads a page of a scan; another decoder reads its items.
 *
 * @since 0.1.0
 * @category decoders
 */
/*#__NO_SIDE_EFFECTS__*/
export const page = <A, B>(items: Decode<A, B>): Decode<Page<A>, Page<B>> =>
  decoder((value, bytes) => {
    const reply = list(value)
    if (reply.length !== 2) return mismatch("a cursor and a page", value)
    return { cursor: text(reply[0]!), items: items(reply[1]!, bytes) }
  })

/**
 * Reads null, or what another decoder reads.
 *
 * @since 0.1.0
 * @category decoders
 */
/*#__NO_SIDE_EFFECTS__*/
export const nullable = <A, B>(inner: Decode<A, B>): Decode<A | null, B | null> =>
  decoder((value, bytes) => value === null ? null : inner(value, bytes))

/**
 * Reads a reply with a function of one's own, which throws a `Mismatch` for a reply
 * that it cannot read. Its second argument says whether bytes were asked for: bulk
 * strings of the reply are then `Uint8Array`, and text otherwise.
 *
 * **Example** (An array of two integers as a record)
 *
 * ```ts
 * import { Command } from "effect-redis-sentinel"
 *
 * export const range = Command.custom<{ readonly from: number; readonly to: number }>((reply) => {
 *   const [from, to] = Array.isArray(reply) ? reply : []
 *   if (typeof from !== "number" || typeof to !== "number") throw new Command.Mismatch("two integers", reply)
 *   return { from, to }
 * })
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
/*#__NO_SIDE_EFFECTS__*/
export const custom = <A, B = A>(f: (value: Resp.Value, bytes: boolean) => A | B): Decode<A, B> => decoder(f)

/**
 * Reads a string as text or as bytes, as was asked for; for functions given to `custom`.
 *
 * @since 0.1.0
 * @category decoders
 */
export const bulkString = bulk
