/**
 * The tokens of a Lua program. parser.ts makes a tree of them.
 */
import { parseNumber } from "./numbers.ts"

/** A program that is no Lua. */
export class SyntaxFailure {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

const keywords = new Set([
  "and",
  "break",
  "do",
  "else",
  "elseif",
  "end",
  "false",
  "for",
  "function",
  "if",
  "in",
  "local",
  "nil",
  "not",
  "or",
  "repeat",
  "return",
  "then",
  "true",
  "until",
  "while"
])

/** A token: a keyword, an operator or a single character is its own kind. */
export interface Token {
  readonly kind: string
  /** The name, the string, or the number. */
  readonly value: string | number | undefined
  /** The line in which it ends. */
  readonly line: number
}

const eof = "<eof>"
const letter = /[A-Za-z_]/
const wordCharacter = /[A-Za-z0-9_]/
const digit = /[0-9]/
const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v"
}

/** The name of a chunk, as error messages show it. */
export const shownChunk = (chunk: string): string => {
  const text = chunk.split("\0")[0]!
  if (text.startsWith("=")) return text.slice(1, 80)
  if (text.startsWith("@")) {
    const name = text.slice(1)
    return name.length > 72 ? `...${name.slice(name.length - 72)}` : name
  }
  const line = /^[^\n\r]*/.exec(text)![0]
  const shown = line.slice(0, 63)
  return shown.length < text.length ? `[string "${shown}..."]` : `[string "${text}"]`
}

/** Reads a program token by token. */
export class Lexer {
  readonly source: string
  private readonly text: string
  private at = 0
  /** The line of the current position. */
  line = 1
  /** The line of the token that was consumed last. */
  lastLine = 1
  token: Token = { kind: eof, value: undefined, line: 1 }
  private ahead: Token | undefined = undefined
  /** The text of the last token that has one. */
  private lexeme = ""

  constructor(text: string, chunk: string) {
    this.text = text
    this.source = shownChunk(chunk)
    this.advance()
  }

  advance(): void {
    this.lastLine = this.line
    if (this.ahead !== undefined) {
      this.token = this.ahead
      this.ahead = undefined
    } else this.token = this.read()
  }

  /** The kind of the token after the current one. */
  peek(): string {
    this.ahead ??= this.read()
    return this.ahead.kind
  }

  /** Fails at the current token. */
  fail(message: string): never {
    return this.failAt(message, this.token.kind)
  }

  /** Fails at a token, or without one. */
  failAt(message: string, kind: string | undefined): never {
    const where = `${this.source}:${this.line}: ${message}`
    throw new SyntaxFailure(kind === undefined ? where : `${where} near '${this.show(kind)}'`)
  }

  private show(kind: string): string {
    return (kind === "<name>" || kind === "<string>" || kind === "<number>" ? this.lexeme : showKind(kind))
      .split("\0")[0]!
  }

  private make(kind: string, value?: string | number): Token {
    return { kind, value, line: this.line }
  }

  private newline(): void {
    const first = this.text[this.at++]!
    const second = this.text[this.at]
    if ((second === "\n" || second === "\r") && second !== first) this.at++
    this.line++
  }

  private read(): Token {
    const text = this.text
    for (;;) {
      const c = text[this.at]
      if (c === undefined) return this.make(eof)
      switch (c) {
        case "\n":
        case "\r":
          this.newline()
          continue
        case "-":
          this.at++
          if (text[this.at] !== "-") return this.make("-")
          this.at++
          this.comment()
          continue
        case "[": {
          const level = this.bracketLevel()
          if (level >= 0) return this.longString(level, true)!
          if (level === -1) {
            this.at++
            return this.make("[")
          }
          this.lexeme = text.slice(this.at, this.at - level)
          this.at -= level
          return this.failAt("invalid long string delimiter", "<string>")
        }
        case "=":
        case "<":
        case ">":
        case "~":
          this.at++
          if (text[this.at] !== "=") return this.make(c)
          this.at++
          return this.make(`${c}=`)
        case "\"":
        case "'":
          return this.shortString(c)
        case ".":
          if (text[this.at + 1] === ".") {
            const dots = text[this.at + 2] === "." ? "..." : ".."
            this.at += dots.length
            return this.make(dots)
          }
          if (digit.test(text[this.at + 1] ?? "")) return this.number()
          this.at++
          return this.make(".")
      }
      if (/[ \t\v\f]/.test(c)) {
        this.at++
        continue
      }
      if (digit.test(c)) return this.number()
      if (letter.test(c)) {
        const start = this.at
        while (this.at < text.length && wordCharacter.test(text[this.at]!)) this.at++
        const name = text.slice(start, this.at)
        this.lexeme = name
        return keywords.has(name) ? this.make(name) : this.make("<name>", name)
      }
      this.at++
      return this.make(c)
    }
  }

  /** The level of the long bracket here; -1 for a plain bracket, less for one that is not complete. */
  private bracketLevel(): number {
    let at = this.at + 1
    while (this.text[at] === "=") at++
    const level = at - this.at - 1
    return this.text[at] === "[" ? level : level === 0 ? -1 : -1 - level
  }

  private comment(): void {
    if (this.text[this.at] === "[") {
      const level = this.bracketLevel()
      if (level >= 0) {
        this.longString(level, false)
        return
      }
    }
    while (this.at < this.text.length && this.text[this.at] !== "\n" && this.text[this.at] !== "\r") this.at++
  }

  private longString(level: number, isString: boolean): Token | undefined {
    const text = this.text
    const open = text.slice(this.at, this.at + level + 2)
    const close = `]${"=".repeat(level)}]`
    this.at += level + 2
    if (text[this.at] === "\n" || text[this.at] === "\r") this.newline()
    let value = ""
    for (;;) {
      const c = text[this.at]
      if (c === undefined) {
        return this.failAt(isString ? "unfinished long string" : "unfinished long comment", eof)
      }
      if (c === "]" && text.startsWith(close, this.at)) {
        this.at += close.length
        break
      }
      if (c === "[" && level === 0 && text[this.at + 1] === "[") {
        this.at += 2
        return this.failAt("nesting of [[...]] is deprecated", "[")
      }
      if (c === "\n" || c === "\r") {
        this.newline()
        value += "\n"
      } else {
        value += c
        this.at++
      }
    }
    if (!isString) return undefined
    this.lexeme = open + value + close
    return this.make("<string>", value)
  }

  private shortString(quote: string): Token {
    const text = this.text
    let value = ""
    const failAt = (message: string, kind: string): never => {
      this.lexeme = quote + value
      return this.failAt(message, kind)
    }
    this.at++
    for (;;) {
      const c = text[this.at]
      if (c === undefined) return failAt("unfinished string", eof)
      if (c === "\n" || c === "\r") return failAt("unfinished string", "<string>")
      if (c === quote) break
      if (c !== "\\") {
        value += c
        this.at++
        continue
      }
      const next = text[++this.at]
      if (next === undefined) continue
      if (next === "\n" || next === "\r") {
        this.newline()
        value += "\n"
      } else if (digit.test(next)) {
        const digits = /^\d{1,3}/.exec(text.slice(this.at, this.at + 3))![0]
        this.at += digits.length
        if (Number(digits) > 255) return failAt("escape sequence too large", "<string>")
        value += String.fromCharCode(Number(digits))
      } else {
        value += escapes[next] ?? next
        this.at++
      }
    }
    this.at++
    this.lexeme = quote + value + quote
    return this.make("<string>", value)
  }

  private number(): Token {
    const text = this.text
    const start = this.at
    while (/[0-9.]/.test(text[this.at] ?? "")) this.at++
    if (/[Ee]/.test(text[this.at] ?? "")) {
      this.at++
      if (/[+-]/.test(text[this.at] ?? "")) this.at++
    }
    while (wordCharacter.test(text[this.at] ?? "")) this.at++
    this.lexeme = text.slice(start, this.at)
    const value = parseNumber(this.lexeme)
    return value === undefined ? this.failAt("malformed number", "<number>") : this.make("<number>", value)
  }
}

/** A kind of token, as error messages show it. */
export const showKind = (kind: string): string =>
  kind.length === 1 && (kind < " " || kind === "\x7f") ? `char(${kind.charCodeAt(0)})` : kind
