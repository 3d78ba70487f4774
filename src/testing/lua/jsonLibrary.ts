/**
 * The library `cjson` of servers: JSON as text, and as values of Lua.
 */
import { Arguments, library } from "./arguments.ts"
import type { Machine } from "./machine.ts"
import { formatG, numberPrefix } from "./numbers.ts"
import { Light, type NativeBody, Table, typeOf, type Value } from "./values.ts"

interface Settings {
  sparseConvert: boolean
  sparseRatio: number
  sparseSafe: number
  encodeDepth: number
  decodeDepth: number
  encodeInvalid: "off" | "on" | "null"
  decodeInvalid: boolean
  keepBuffer: boolean
  precision: number
}

const maxInt = 0x7fffffff

export const jsonLibrary = (machine: Machine): Table => {
  const check = new Arguments(machine)
  const settings: Settings = {
    sparseConvert: false,
    sparseRatio: 2,
    sparseSafe: 10,
    encodeDepth: 1000,
    decodeDepth: 1000,
    encodeInvalid: "off",
    decodeInvalid: true,
    keepBuffer: true,
    precision: 14
  }
  type Args = ReadonlyArray<Value>
  const atMost = (args: Args, count: number): void => {
    if (args.length > count) return check.fail(count, "found too many arguments")
  }
  const integer = (args: Args, at: number, current: number, min: number, max: number): number => {
    if (args[at] === undefined) return current
    const n = check.int32(args, at)
    return n < min || n > max ? check.fail(0, `expected integer between ${min} and ${max}`) : n
  }
  const choice = (args: Args, at: number, options: ReadonlyArray<string>): string => {
    const given = check.string(args, at)
    return options.includes(given) ? given : check.fail(at, `invalid option '${given}'`)
  }
  const flag = (args: Args, at: number, current: boolean): boolean =>
    args[at] === undefined
      ? current
      : typeof args[at] === "boolean"
      ? args[at]
      : choice(args, at, ["off", "on"]) === "on"
  const depth = (field: "encodeDepth" | "decodeDepth"): NativeBody => (args) => {
    atMost(args, 1)
    return [settings[field] = integer(args, 0, settings[field], 1, maxInt)]
  }
  const table = library({
    encode: (args) => {
      if (args.length !== 1) return check.fail(0, "expected 1 argument")
      return [encode(machine, settings, args[0], 0)]
    },
    decode: (args) => {
      if (args.length !== 1) return check.fail(0, "expected 1 argument")
      const text = check.string(args, 0)
      if (text.length >= 2 && (text[0] === "\0" || text[1] === "\0")) {
        return machine.error("JSON parser does not support UTF-16 or UTF-32")
      }
      return [new Decoder(machine, settings, nullValue, text).document()]
    },
    encode_sparse_array: (args) => {
      atMost(args, 3)
      settings.sparseConvert = flag(args, 0, settings.sparseConvert)
      settings.sparseRatio = integer(args, 1, settings.sparseRatio, 0, maxInt)
      settings.sparseSafe = integer(args, 2, settings.sparseSafe, 0, maxInt)
      return [settings.sparseConvert, settings.sparseRatio, settings.sparseSafe]
    },
    encode_max_depth: depth("encodeDepth"),
    decode_max_depth: depth("decodeDepth"),
    encode_number_precision: (args) => {
      atMost(args, 1)
      return [settings.precision = integer(args, 0, settings.precision, 1, 14)]
    },
    encode_keep_buffer: (args) => {
      atMost(args, 1)
      return [settings.keepBuffer = flag(args, 0, settings.keepBuffer)]
    },
    encode_invalid_numbers: (args) => {
      atMost(args, 1)
      if (typeof args[0] === "boolean") settings.encodeInvalid = args[0] ? "on" : "off"
      else if (args[0] !== undefined) {
        settings.encodeInvalid = choice(args, 0, ["off", "on", "null"]) as Settings["encodeInvalid"]
      }
      const now = settings.encodeInvalid
      return [now === "null" ? now : now === "on"]
    },
    decode_invalid_numbers: (args) => {
      atMost(args, 1)
      return [settings.decodeInvalid = flag(args, 0, settings.decodeInvalid)]
    },
    new: () => [jsonLibrary(machine)]
  })
  table.set("null", nullValue)
  table.set("_NAME", "cjson")
  table.set("_VERSION", "2.1.0")
  return table
}

/** The value of JSON's null, which a table can have. */
const nullValue = new Light("null")

// -----------------------------------------------------------------------------
// Encoding
// -----------------------------------------------------------------------------

const escapes: Readonly<Record<string, string>> = {
  "\"": "\\\"",
  "\\": "\\\\",
  "/": "\\/",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r"
}

const quoted = (text: string): string =>
  `"${
    text.replace(
      // The characters that JSON escapes are those of this expression.
      // oxlint-disable-next-line no-control-regex
      /["\\/\x00-\x1f\x7f]/g,
      (c) => escapes[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`
    )
  }"`

const encode = (machine: Machine, settings: Settings, value: Value, above: number): string => {
  const refuse = (what: Value, reason: string): never => machine.error(`Cannot serialise ${typeOf(what)}: ${reason}`)
  const number = (n: number): string => {
    if (Number.isFinite(n)) return formatG(n, settings.precision)
    if (settings.encodeInvalid === "null") return "null"
    if (settings.encodeInvalid === "off") return refuse(n, "must not be NaN or Inf")
    return Number.isNaN(n) ? "nan" : formatG(n, settings.precision)
  }
  /** The length of an array; -1 for an object. */
  const arrayLength = (entries: ReadonlyArray<readonly [Value, Value]>): number => {
    let most = 0
    for (const [key] of entries) {
      if (typeof key !== "number" || !(Math.floor(key) === key && key >= 1)) return -1
      if (key > most) most = key
    }
    if (settings.sparseRatio > 0 && most > entries.length * settings.sparseRatio && most > settings.sparseSafe) {
      if (!settings.sparseConvert) return refuse(value, "excessively sparse array")
      return -1
    }
    return most
  }
  machine.spend(1)
  switch (typeof value) {
    case "undefined":
      return "null"
    case "boolean":
      return String(value)
    case "number":
      return number(value)
    case "string":
      machine.spend(value.length >> 6)
      return quoted(value)
  }
  if (value === nullValue) return "null"
  if (!(value instanceof Table)) return refuse(value, "type not supported")
  const current = above + 1
  if (current > settings.encodeDepth) return machine.error(`Cannot serialise, excessive nesting (${current})`)
  const entries = value.entries()
  const length = arrayLength(entries)
  if (length > 0) {
    const items: Array<string> = []
    for (let i = 1; i <= length; i++) items.push(encode(machine, settings, value.get(i), current))
    return `[${items.join(",")}]`
  }
  const items = entries.map(([key, item]) => {
    const name = typeof key === "number"
      ? `"${number(key)}"`
      : typeof key === "string"
      ? quoted(key)
      : refuse(key, "table key must be a number or string")
    return `${name}:${encode(machine, settings, item, current)}`
  })
  return `{${items.join(",")}}`
}

// -----------------------------------------------------------------------------
// Decoding
// -----------------------------------------------------------------------------

interface Token {
  /** The name of the kind, as error messages have it. */
  readonly kind: string
  readonly value: Value
  readonly at: number
}

const kinds: Readonly<Record<string, string>> = {
  "{": "T_OBJ_BEGIN",
  "}": "T_OBJ_END",
  "[": "T_ARR_BEGIN",
  "]": "T_ARR_END",
  ",": "T_COMMA",
  ":": "T_COLON"
}

const unescapes: Readonly<Record<string, string>> = {
  "\"": "\"",
  "\\": "\\",
  "/": "/",
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r"
}

const utf8 = (codePoint: number): string =>
  Array.from(new TextEncoder().encode(String.fromCodePoint(codePoint)), (b) => String.fromCharCode(b)).join("")

/** A code point as UTF-8; a surrogate on its own as well, which an encoder would replace. */
const bytesOf = (codePoint: number): string =>
  codePoint >= 0xd800 && codePoint <= 0xdfff
    ? String.fromCharCode(0xe0 | (codePoint >> 12), 0x80 | ((codePoint >> 6) & 63), 0x80 | (codePoint & 63))
    : utf8(codePoint)

class Decoder {
  private readonly machine: Machine
  private readonly settings: Settings
  private readonly null: Light
  private readonly text: string
  private at = 0
  private depth = 0

  constructor(machine: Machine, settings: Settings, nothing: Light, text: string) {
    this.machine = machine
    this.settings = settings
    this.null = nothing
    this.text = text
  }

  document(): Value {
    const value = this.value(this.next())
    const end = this.next()
    return end.kind === "T_END" ? value : this.unexpected("the end", end)
  }

  private unexpected(expected: string, token: Token): never {
    return this.machine.error(`Expected ${expected} but found ${token.kind} at character ${token.at + 1}`)
  }

  private next(): Token {
    const { text } = this
    while (/[ \t\n\r]/.test(text[this.at] ?? "")) this.at++
    this.machine.spend(1)
    const at = this.at
    const c = text[at]
    const token = (kind: string, length: number, value?: Value): Token => {
      this.at += length
      return { kind, value, at }
    }
    if (c === undefined || c === "\0") return token("T_END", 0)
    const kind = Object.hasOwn(kinds, c) ? kinds[c] : undefined
    if (kind !== undefined) return token(kind, 1)
    if (c === "\"") return this.string()
    if (!/[fiInNt+\-0-9]/.test(c)) return token("invalid token", 0)
    if (c === "-" || (c >= "0" && c <= "9")) {
      return !this.settings.decodeInvalid && this.isInvalid() ? token("invalid number", 0) : this.number()
    }
    for (const word of ["true", "false"]) {
      if (text.startsWith(word, at)) return token("T_BOOLEAN", word.length, word === "true")
    }
    if (text.startsWith("null", at)) return token("T_NULL", 4, this.null)
    return this.settings.decodeInvalid && this.isInvalid() ? this.number() : token("invalid token", 0)
  }

  /** Whether a number here is one that JSON does not allow. */
  private isInvalid(): boolean {
    return /^(\+|-?0[x0-9]|-?(inf|nan))/i.test(this.text.slice(this.at, this.at + 8))
  }

  private number(): Token {
    const at = this.at
    const found = numberPrefix(/^[^\s,\]}:"\0]*/.exec(this.text.slice(at, at + 1024))![0])
    if (found === undefined) return { kind: "invalid number", value: undefined, at }
    this.at += found[1]
    return { kind: "T_NUMBER", value: found[0], at }
  }

  private string(): Token {
    const { text } = this
    const start = this.at
    let value = ""
    this.at++
    for (;;) {
      const plain = /[^"\\\0]*/y
      plain.lastIndex = this.at
      const run = plain.exec(text)![0]
      value += run
      this.at += run.length
      const c = text[this.at]
      if (c === "\"") break
      if (c !== "\\") return { kind: "unexpected end of string", value: undefined, at: this.at }
      const escaped = text[this.at + 1] ?? ""
      if (escaped === "u") {
        const bytes = this.unicode()
        if (bytes === undefined) return { kind: "invalid unicode escape code", value: undefined, at: this.at }
        value += bytes
        continue
      }
      const character = Object.hasOwn(unescapes, escaped) ? unescapes[escaped] : undefined
      if (character === undefined) return { kind: "invalid escape code", value: undefined, at: this.at }
      value += character
      this.at += 2
    }
    this.at++
    this.machine.spend(value.length >> 6)
    return { kind: "T_STRING", value, at: start }
  }

  private unicode(): string | undefined {
    const unit = (at: number): number => {
      const found = /^\\u([0-9a-f]{4})/i.exec(this.text.slice(at, at + 6))
      return found === null ? -1 : Number.parseInt(found[1]!, 16)
    }
    const first = unit(this.at)
    if (first < 0) return undefined
    if ((first & 0xf800) !== 0xd800) {
      this.at += 6
      return bytesOf(first)
    }
    const second = unit(this.at + 6)
    if ((first & 0x400) !== 0 || second < 0 || (second & 0xfc00) !== 0xdc00) return undefined
    this.at += 12
    return bytesOf((((first & 0x3ff) << 10) | (second & 0x3ff)) + 0x10000)
  }

  private descend(): void {
    this.depth++
    if (this.depth > this.settings.decodeDepth) {
      this.machine.error(`Found too many nested data structures (${this.depth}) at character ${this.at}`)
    }
  }

  private value(token: Token): Value {
    switch (token.kind) {
      case "T_STRING":
      case "T_NUMBER":
      case "T_BOOLEAN":
      case "T_NULL":
        return token.value
      case "T_OBJ_BEGIN":
        return this.object()
      case "T_ARR_BEGIN":
        return this.array()
      default:
        return this.unexpected("value", token)
    }
  }

  private object(): Table {
    this.descend()
    this.machine.allocate()
    const table = new Table()
    let token = this.next()
    if (token.kind !== "T_OBJ_END") {
      for (;;) {
        if (token.kind !== "T_STRING") return this.unexpected("object key string", token)
        const colon = this.next()
        if (colon.kind !== "T_COLON") return this.unexpected("colon", colon)
        table.set(token.value, this.value(this.next()))
        token = this.next()
        if (token.kind === "T_OBJ_END") break
        if (token.kind !== "T_COMMA") return this.unexpected("comma or object end", token)
        token = this.next()
      }
    }
    this.depth--
    return table
  }

  private array(): Table {
    this.descend()
    this.machine.allocate()
    const table = new Table()
    let token = this.next()
    if (token.kind !== "T_ARR_END") {
      for (let i = 1;; i++) {
        table.set(i, this.value(token))
        token = this.next()
        if (token.kind === "T_ARR_END") break
        if (token.kind !== "T_COMMA") return this.unexpected("comma or array end", token)
        token = this.next()
      }
    }
    this.depth--
    return table
  }
}
