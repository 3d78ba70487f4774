/**
 * Encodes commands to bytes, and for tests also replies.
 */
import { Buffer } from "node:buffer"
import { type Arg, ErrorReply, MapReply, SetReply, type Value } from "./values.ts"

const lengthHeads: Array<string> = []
for (let i = 0; i < 1024; i++) lengthHeads.push(`$${i}\r\n`)

const lengthHead = (n: number): string => n < 1024 ? lengthHeads[n]! : `$${n}\r\n`

/** A string with more characters than this is not copied into the batch, but written as a chunk of its own. */
const apart = 16 * 1024

/**
 * The head of a command's frame: the array header and the words of the command, for
 * `args` arguments after them.
 *
 * Source: "Sending commands to a Redis server" in
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 * @since 0.1.0
 * @category encoding
 */
export const head = (words: ReadonlyArray<string>, args: number): string => {
  let out = `*${words.length + args}\r\n`
  for (const word of words) out += `${lengthHead(Buffer.byteLength(word))}${word}\r\n`
  return out
}

/**
 * Collects the frames of many commands into as few chunks as possible: text is joined;
 * bytes and strings of 16,384 characters or more stay chunks of their own and are not
 * copied.
 *
 * @since 0.1.0
 * @category encoding
 */
export class Encoder {
  private text = ""
  private chunks: Array<string | Uint8Array> = []
  /** Whether every string of the batch is ASCII, so that it may be sent as latin1. */
  ascii = true
  /** How many bytes the batch has at most: a few more than it really has. */
  size = 0

  /** Appends text that is ASCII, such as the head of a frame. */
  raw(text: string): void {
    this.text += text
    this.size += text.length
  }

  /** Appends the head of a frame that is not ASCII. */
  words(text: string): void {
    this.text += text
    this.size += Buffer.byteLength(text)
    this.ascii = false
  }

  /** Appends one argument as a bulk string. Throws a `TypeError` for a value that is not an `Arg`. */
  arg(arg: Arg): void {
    if (typeof arg === "string") {
      const length = arg.length
      if (length <= 64) {
        for (let i = 0; i < length; i++) {
          if (arg.charCodeAt(i) > 127) {
            this.ascii = false
            this.string(arg, Buffer.byteLength(arg))
            return
          }
        }
        this.text += lengthHeads[length]! + arg + "\r\n"
        this.size += length + 8
        return
      }
      const bytes = Buffer.byteLength(arg)
      if (bytes !== length) this.ascii = false
      this.string(arg, bytes)
    } else if (typeof arg === "number" || typeof arg === "bigint") {
      const s = String(arg)
      this.text += lengthHead(s.length) + s + "\r\n"
      this.size += s.length + 8
    } else if (arg instanceof Uint8Array) {
      this.chunks.push(this.text + lengthHead(arg.length), arg)
      this.text = "\r\n"
      this.size += arg.length + 16
    } else {
      throw new TypeError(`expected a string, a number, a bigint or bytes as an argument, got ${typeName(arg)}`)
    }
  }

  private string(arg: string, bytes: number): void {
    this.size += bytes + 16
    if (arg.length >= apart) {
      this.chunks.push(this.text + lengthHead(bytes), arg)
      this.text = "\r\n"
    } else {
      this.text += lengthHead(bytes) + arg + "\r\n"
    }
  }

  /** Gives the chunks of the batch and starts a new batch. */
  take(): ReadonlyArray<string | Uint8Array> {
    const chunks = this.chunks
    if (this.text !== "") chunks.push(this.text)
    this.chunks = []
    this.text = ""
    this.ascii = true
    this.size = 0
    return chunks
  }
}

const typeName = (u: unknown): string => u === null ? "null" : typeof u

/**
 * The frame of one command, as bytes. `args` are the words of the command and its
 * arguments.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encodeCommand = (args: ReadonlyArray<Arg>): Uint8Array => {
  const encoder = new Encoder()
  encoder.raw(head([], args.length))
  for (const arg of args) encoder.arg(arg)
  return Buffer.concat(encoder.take().map((c) => typeof c === "string" ? Buffer.from(c, "utf8") : c))
}

/**
 * A reply as a server sends it, for tests that play a server. `protocol` 2 writes maps
 * and sets as arrays, booleans as integers, doubles and big numbers as strings. Default
 * of `protocol`: 3.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encodeValue = (value: Value, protocol: 2 | 3 = 3): Uint8Array => {
  const out: Array<Uint8Array> = []
  writeValue(out, value, protocol)
  return Buffer.concat(out)
}

const ascii = (s: string): Uint8Array => Buffer.from(s, "latin1")

const writeValue = (out: Array<Uint8Array>, value: Value, protocol: 2 | 3): void => {
  if (value === null) {
    out.push(ascii(protocol === 3 ? "_\r\n" : "$-1\r\n"))
  } else if (typeof value === "string") {
    const bytes = Buffer.from(value, "utf8")
    out.push(ascii(`$${bytes.length}\r\n`), bytes, ascii("\r\n"))
  } else if (value instanceof Uint8Array) {
    out.push(ascii(`$${value.length}\r\n`), value, ascii("\r\n"))
  } else if (typeof value === "number") {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) out.push(ascii(`:${value}\r\n`))
    else if (protocol === 3) out.push(ascii(`,${formatDouble(value)}\r\n`))
    else writeValue(out, formatDouble(value), protocol)
  } else if (typeof value === "bigint") {
    if (BigInt.asIntN(64, value) === value && !Number.isSafeInteger(Number(value))) out.push(ascii(`:${value}\r\n`))
    else if (protocol === 3) out.push(ascii(`(${value}\r\n`))
    else writeValue(out, String(value), protocol)
  } else if (typeof value === "boolean") {
    out.push(ascii(protocol === 3 ? (value ? "#t\r\n" : "#f\r\n") : (value ? ":1\r\n" : ":0\r\n")))
  } else if (value instanceof ErrorReply) {
    const text = Buffer.from(value.text, "utf8")
    if (/[\r\n]/.test(value.text) && protocol === 3) {
      out.push(ascii(`!${text.length}\r\n`), text, ascii("\r\n"))
    } else {
      out.push(ascii("-"), Buffer.from(value.text.replace(/[\r\n]/g, " "), "utf8"), ascii("\r\n"))
    }
  } else if (value instanceof MapReply) {
    out.push(ascii(protocol === 3 ? `%${value.flat.length / 2}\r\n` : `*${value.flat.length}\r\n`))
    for (const v of value.flat) writeValue(out, v, protocol)
  } else if (value instanceof SetReply) {
    out.push(ascii(`${protocol === 3 ? "~" : "*"}${value.values.length}\r\n`))
    for (const v of value.values) writeValue(out, v, protocol)
  } else {
    out.push(ascii(`*${value.length}\r\n`))
    for (const v of value) writeValue(out, v, protocol)
  }
}

/**
 * A double as Redis writes it, with `inf`, `-inf` and `nan`.
 *
 * Source: "Doubles" in https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 * @since 0.1.0
 * @category encoding
 */
export const formatDouble = (n: number): string =>
  Number.isNaN(n) ? "nan" : n === Infinity ? "inf" : n === -Infinity ? "-inf" : Object.is(n, -0) ? "-0" : String(n)
