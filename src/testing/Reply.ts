/**
 * The wire format of servers in memory: an encoder of replies and a parser of requests.
 * A string has one byte per character (latin1), so that it can hold any bytes.
 *
 * The commands are in `data/`, `RedisNode.ts` and `SentinelNode.ts`.
 *
 * @since 0.1.0
 */
import { Buffer } from "node:buffer"

/** A simple string, such as OK. */
export class Simple {
  /** The string. */
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/**
 * An error reply. Commands of servers in memory throw it or return it.
 *
 * @since 0.1.0
 * @category models
 */
export class Failure {
  /** The text of the error, with its code as the first word. */
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** A double: its own type in RESP3, a bulk string in RESP2. */
export class Double {
  /** The number. */
  readonly value: number
  /** How the server prints it. */
  readonly text: string
  constructor(value: number, text: string = formatDouble(value)) {
    this.value = value
    this.text = text
  }
}

/** A text with a format: a verbatim string in RESP3, a bulk string in RESP2. */
export class Verbatim {
  /** The text, without its format. */
  readonly text: string
  /** The format, of three characters. */
  readonly format: string
  constructor(text: string, format: string = "txt") {
    this.text = text
    this.format = format
  }
}

/** An integer of any size: its own type in RESP3, a bulk string in RESP2. */
export class BigNumber {
  /** The digits. */
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** A map in RESP3, an array in RESP2. */
export class Fields {
  /** Keys and values in turn. */
  readonly flat: ReadonlyArray<Reply>
  constructor(flat: ReadonlyArray<Reply>) {
    this.flat = flat
  }
}

/** A set in RESP3, an array in RESP2. */
export class Members {
  /** The elements. */
  readonly values: ReadonlyArray<Reply>
  constructor(values: ReadonlyArray<Reply>) {
    this.values = values
  }
}

/** A push message in RESP3, an array in RESP2. */
export class Push {
  /** The kind of the message and its parts. */
  readonly values: ReadonlyArray<Reply>
  constructor(values: ReadonlyArray<Reply>) {
    this.values = values
  }
}

/** Several replies to one request, as SUBSCRIBE gives. */
export class Several {
  /** The replies, in order. */
  readonly replies: ReadonlyArray<Reply>
  constructor(replies: ReadonlyArray<Reply>) {
    this.replies = replies
  }
}

/** The null array: `*-1` in RESP2, the null of RESP3. */
export const nullArray: unique symbol = Symbol("null array")

/** The reply OK. */
export const ok: Simple = new Simple("OK")

/**
 * A reply of a server in memory. Numbers are integers; strings are bulk strings with
 * one byte per character.
 *
 * @since 0.1.0
 * @category models
 */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | typeof nullArray
  | Simple
  | Failure
  | Double
  | Verbatim
  | BigNumber
  | Fields
  | Members
  | Push
  | Several
  | ReadonlyArray<Reply>

/** The version of RESP. */
export type Protocol = 2 | 3

/** A double as `%.17g` prints it, which is what Redis 7.0 sends for scores. */
export const formatDouble = (n: number): string => {
  if (Number.isNaN(n)) return "nan"
  if (!Number.isFinite(n)) return n > 0 ? "inf" : "-inf"
  if (n === 0) return Object.is(n, -0) ? "-0" : "0"
  if (Number.isInteger(n) && Math.abs(n) < 1e17) return String(n)
  const [mantissa, exponent] = n.toExponential(16).split("e") as [string, string]
  const e = Number(exponent)
  const trim = (s: string): string => s.includes(".") ? s.replace(/\.?0+$/, "") : s
  if (e < -4 || e >= 17) return `${trim(mantissa)}e${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`
  return trim(n.toFixed(Math.min(100, 16 - e)))
}

/** A reply as bytes, one per character. */
export const encode = (reply: Reply, protocol: Protocol): string => {
  if (typeof reply === "string") return `$${reply.length}\r\n${reply}\r\n`
  if (typeof reply === "number" || typeof reply === "bigint") return `:${reply}\r\n`
  if (reply === null) return protocol === 3 ? "_\r\n" : "$-1\r\n"
  if (typeof reply === "boolean") return protocol === 3 ? (reply ? "#t\r\n" : "#f\r\n") : (reply ? ":1\r\n" : ":0\r\n")
  if (reply instanceof Simple) return `+${reply.text}\r\n`
  if (reply instanceof Failure) return `-${reply.text}\r\n`
  if (reply instanceof Double) {
    return protocol === 3 ? `,${reply.text}\r\n` : encode(reply.text, 2)
  }
  if (reply instanceof Fields) {
    return all(protocol === 3 ? `%${reply.flat.length / 2}\r\n` : `*${reply.flat.length}\r\n`, reply.flat, protocol)
  }
  if (reply instanceof Members) {
    return all(`${protocol === 3 ? "~" : "*"}${reply.values.length}\r\n`, reply.values, protocol)
  }
  if (reply instanceof Verbatim) {
    return protocol === 3 ? `=${reply.text.length + 4}\r\n${reply.format}:${reply.text}\r\n` : encode(reply.text, 2)
  }
  if (reply instanceof BigNumber) return protocol === 3 ? `(${reply.text}\r\n` : encode(reply.text, 2)
  if (reply instanceof Push) {
    return all(`${protocol === 3 ? ">" : "*"}${reply.values.length}\r\n`, reply.values, protocol)
  }
  if (reply instanceof Several) return all("", reply.replies, protocol)
  if (reply === nullArray) return protocol === 3 ? "_\r\n" : "*-1\r\n"
  return all(`*${reply.length}\r\n`, reply, protocol)
}

const all = (head: string, replies: ReadonlyArray<Reply>, protocol: Protocol): string => {
  let out = head
  for (const reply of replies) out += encode(reply, protocol)
  return out
}

/** The most bytes that a line of an incomplete request may have. */
const maxInline = 64 * 1024

/**
 * Parses requests from chunks of bytes: arrays of bulk strings, and inline commands.
 * Throws a `Failure` with Redis's error message for anything else.
 */
export class Requests {
  private rest = ""
  private readonly onRequest: (args: Array<string>) => void
  /** Whether the limits for clients that have not logged in apply. */
  limited = false

  constructor(onRequest: (args: Array<string>) => void) {
    this.onRequest = onRequest
  }

  feed(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1")
    this.rest = this.rest === "" ? chunk : this.rest + chunk
    let at = 0
    while (at < this.rest.length) {
      const next = this.rest[at] === "*" ? this.array(at) : this.inline(at)
      if (next === -1) break
      at = next
    }
    this.rest = at === this.rest.length ? "" : this.rest.slice(at)
  }

  /** The text of a line and the position after it; undefined if the line is not complete. */
  private line(at: number, what: string): readonly [text: string, next: number] | undefined {
    const end = this.rest.indexOf("\r", at)
    if (end === -1 || end + 1 >= this.rest.length) {
      if (this.rest.length - at > maxInline) throw new Failure(`ERR Protocol error: ${what}`)
      return undefined
    }
    return [this.rest.slice(at, end), end + 2]
  }

  private array(start: number): number {
    const head = this.line(start + 1, "too big mbulk count string")
    if (head === undefined) return -1
    const count = integer(head[0])
    if (count === undefined || count > 2 ** 31 - 1) throw new Failure("ERR Protocol error: invalid multibulk length")
    if (this.limited && count > 10) throw new Failure("ERR Protocol error: unauthenticated multibulk length")
    let at = head[1]
    if (count <= 0) return at
    const args: Array<string> = []
    while (args.length < count) {
      if (at >= this.rest.length) return -1
      if (this.rest[at] !== "$") {
        const line = this.line(at, "too big bulk count string")
        if (line === undefined) return -1
        throw new Failure(`ERR Protocol error: expected '$', got '${this.rest[at]}'`)
      }
      const line = this.line(at + 1, "too big bulk count string")
      if (line === undefined) return -1
      const length = integer(line[0])
      if (length === undefined || length < 0 || length > 512 * 1024 * 1024) {
        throw new Failure("ERR Protocol error: invalid bulk length")
      }
      if (this.limited && length > 16_384) throw new Failure("ERR Protocol error: unauthenticated bulk length")
      if (this.rest.length < line[1] + length + 2) return -1
      args.push(this.rest.slice(line[1], line[1] + length))
      at = line[1] + length + 2
    }
    this.onRequest(args)
    return at
  }

  private inline(start: number): number {
    const end = this.rest.indexOf("\n", start)
    if (end === -1) {
      if (this.rest.length - start > maxInline) throw new Failure("ERR Protocol error: too big inline request")
      return -1
    }
    const args = splitArgs(this.rest.slice(start, end).replace(/\r$/, ""))
    if (args === undefined) throw new Failure("ERR Protocol error: unbalanced quotes in request")
    if (args.length > 0) this.onRequest(args)
    return end + 1
  }
}

const integer = (text: string): number | undefined => /^-?\d{1,19}$/.test(text) ? Number(text) : undefined

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" }

/** The words of a line, quoted ones included; undefined for unbalanced quotes. */
export const splitArgs = (line: string): Array<string> | undefined => {
  const args: Array<string> = []
  let i = 0
  while (true) {
    while (i < line.length && /\s/.test(line[i]!)) i++
    if (i >= line.length) return args
    let word = ""
    while (i < line.length && !/\s/.test(line[i]!)) {
      const quote = line[i]!
      if (quote !== "\"" && quote !== "'") {
        word += line[i++]
        continue
      }
      i++
      for (;;) {
        if (i >= line.length) return undefined
        const c = line[i]!
        if (quote === "\"" && c === "\\" && /^x[0-9a-fA-F]{2}/.test(line.slice(i + 1))) {
          word += String.fromCharCode(parseInt(line.slice(i + 2, i + 4), 16))
          i += 4
        } else if (c === "\\" && i + 1 < line.length && (quote === "\"" || line[i + 1] === "'")) {
          word += quote === "\"" ? escapes[line[i + 1]!] ?? line[i + 1] : "'"
          i += 2
        } else if (c === quote) {
          i++
          if (i < line.length && !/\s/.test(line[i]!)) return undefined
          break
        } else {
          word += c
          i++
        }
      }
    }
    args.push(word)
  }
}
