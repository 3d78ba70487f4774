/**
 * Replies and bytes as text, for messages and logs.
 */
import { constants } from "node:buffer"
import { ErrorReply, MapReply, NumeralReply, SetReply, type Value } from "./values.ts"

/** The longest possible string, in characters. Longer replies stay bytes. */
export const longestString = constants.MAX_STRING_LENGTH

/**
 * Bytes as text for an error message: the first 48 bytes, with those that are not
 * printable ASCII escaped.
 *
 * @since 0.1.0
 * @category utilities
 */
export const escapeBytes = (bytes: Uint8Array): string => {
  let out = ""
  const n = Math.min(bytes.length, 48)
  for (let i = 0; i < n; i++) {
    const c = bytes[i]!
    out += c === 13
      ? "\\r"
      : c === 10
      ? "\\n"
      : c === 34 || c === 92
      ? `\\${String.fromCharCode(c)}`
      : c >= 32 && c < 127
      ? String.fromCharCode(c)
      : `\\x${c.toString(16).padStart(2, "0")}`
  }
  return bytes.length > n ? `${out}...` : out
}

const unprintable = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

const escapeCharacter = (c: string): string => {
  const code = c.codePointAt(0)!
  return c === "\r"
    ? "\\r"
    : c === "\n"
    ? "\\n"
    : code < 256
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code > 0xffff ? `{${code.toString(16)}}` : code.toString(16).padStart(4, "0")}`
}

/**
 * A server's text for an error message or a log: its first `most` characters (default
 * 512), with control and format characters escaped, so that it cannot move the cursor,
 * colour or hide text.
 *
 * @since 0.1.0
 * @category utilities
 */
export const printable = (text: string, most = 512): string => {
  const cut = text.length > most ? `${text.slice(0, most)}...` : text
  return cut.replace(unprintable, escapeCharacter)
}

/**
 * A reply as plain JavaScript: maps become `Map`, sets become `Set`, errors inside
 * aggregates stay `ErrorReply`.
 *
 * @since 0.1.0
 * @category utilities
 */
export const toNative = (value: Value): unknown => {
  if (Array.isArray(value)) return value.map(toNative)
  if (value instanceof MapReply) {
    const out = new Map<unknown, unknown>()
    for (let i = 0; i + 1 < value.flat.length; i += 2) out.set(toNative(value.flat[i]!), toNative(value.flat[i + 1]!))
    return out
  }
  if (value instanceof SetReply) return new Set(value.values.map(toNative))
  return value
}

/** Keeps a byte order mark: it is part of the text. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

/**
 * A reply with text, decoded as UTF-8, in place of its bytes. Bytes that are longer
 * than the longest JavaScript string stay bytes.
 *
 * @since 0.1.0
 * @category utilities
 */
export const toText = (value: Value): Value =>
  value instanceof Uint8Array
    ? value.length > longestString ? value : utf8.decode(value)
    : Array.isArray(value)
    ? value.map(toText)
    : value instanceof MapReply
    ? new MapReply(value.flat.map(toText))
    : value instanceof SetReply
    ? new SetReply(value.values.map(toText))
    : value

/**
 * A reply with numbers in place of doubles and big numbers that kept their texts.
 * @internal
 */
export const withoutNumerals = (value: Value): Value =>
  (value as unknown) instanceof NumeralReply
    ? (value as unknown as NumeralReply).value
    : Array.isArray(value)
    ? value.map(withoutNumerals)
    : value instanceof MapReply
    ? new MapReply(value.flat.map(withoutNumerals))
    : value instanceof SetReply
    ? new SetReply(value.values.map(withoutNumerals))
    : value

/**
 * The shape of a reply for an error message, without its contents. Big integers and
 * the codes of errors are shown.
 *
 * @since 0.1.0
 * @category utilities
 */
export const describe = (value: Value): string => {
  if (value === null) return "null"
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof MapReply) return `a map of ${value.flat.length / 2}`
  if (value instanceof SetReply) return `a set of ${value.values.length}`
  if (value instanceof ErrorReply) return `the error ${printable(value.code, 64)}`
  // The command was executed, so that this is the only place where its result is shown.
  if (typeof value === "bigint") return `the integer ${printable(String(value), 64)}`
  return `a ${typeof value}`
}
