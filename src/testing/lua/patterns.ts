/**
 * Patterns of Lua's string library: whether a text matches one at a position, and its captures.
 */
import type { Machine } from "./machine.ts"
import type { Value } from "./values.ts"

const maxCaptures = 32
const unfinished = -1
const position = -2

const code = {
  percent: 37,
  open: 40,
  close: 41,
  dollar: 36,
  dot: 46,
  bracket: 91,
  bracketEnd: 93,
  caret: 94,
  minus: 45,
  plus: 43,
  star: 42,
  question: 63
} as const

const isLower = (c: number): boolean => c >= 97 && c <= 122
const isUpper = (c: number): boolean => c >= 65 && c <= 90
const isDigit = (c: number): boolean => c >= 48 && c <= 57

/** Whether a byte is in the class of a letter; undefined if the letter has no class. */
const inClass = (c: number, letter: number): boolean | undefined => {
  switch (String.fromCharCode(letter | 32)) {
    case "a":
      return isLower(c) || isUpper(c)
    case "c":
      return c < 32 || c === 127
    case "d":
      return isDigit(c)
    case "l":
      return isLower(c)
    case "p":
      return c > 32 && c < 127 && !isLower(c) && !isUpper(c) && !isDigit(c)
    case "s":
      return c === 32 || (c >= 9 && c <= 13)
    case "u":
      return isUpper(c)
    case "w":
      return isLower(c) || isUpper(c) || isDigit(c)
    case "x":
      return isDigit(c) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70)
    case "z":
      return c === 0
    default:
      return undefined
  }
}

const matchesClass = (c: number, letter: number): boolean => {
  const found = isLower(letter) || isUpper(letter) ? inClass(c, letter) : undefined
  return found === undefined ? letter === c : found === isLower(letter)
}

/** Matches one text with one pattern. A zero byte ends a pattern. */
export class Matcher {
  private readonly machine: Machine
  private readonly text: string
  private readonly pattern: string
  private starts: Array<number> = []
  private lengths: Array<number> = []

  constructor(machine: Machine, text: string, pattern: string) {
    this.machine = machine
    this.text = text
    const zero = pattern.indexOf("\0")
    this.pattern = zero === -1 ? pattern : pattern.slice(0, zero)
  }

  /** The end of the match that begins at a position of the text, from a position of the pattern on; -1 for none. */
  at(start: number, from: number): number {
    this.starts = []
    this.lengths = []
    return this.match(start, from)
  }

  /** The number of captures, at least 1 if the whole match counts as one. */
  count(isWhole: boolean): number {
    return this.starts.length === 0 && isWhole ? 1 : this.starts.length
  }

  /** The text of a match. */
  whole(start: number, end: number): string {
    return this.text.slice(start, end)
  }

  /** The captures of a match from `start` to `end`. */
  captures(start: number, end: number, isWhole: boolean): Array<Value> {
    return Array.from({ length: this.count(isWhole) }, (_, i) => this.capture(i, start, end))
  }

  /** One capture; the first is the whole match if there are none. */
  capture(i: number, start: number, end: number): Value {
    if (i >= this.starts.length) {
      return i === 0 ? this.text.slice(start, end) : this.machine.error("invalid capture index")
    }
    const length = this.lengths[i]!
    if (length === unfinished) return this.machine.error("unfinished capture")
    const from = this.starts[i]!
    return length === position ? from + 1 : this.text.slice(from, from + length)
  }

  private charAt(p: number): number {
    return p < this.pattern.length ? this.pattern.charCodeAt(p) : 0
  }

  private match(start: number, from: number): number {
    const { pattern, text } = this
    let s = start
    let p = from
    for (;;) {
      this.machine.spend(1)
      if (p >= pattern.length) return s
      switch (pattern.charCodeAt(p)) {
        case code.open:
          return this.charAt(p + 1) === code.close ? this.open(s, p + 2, position) : this.open(s, p + 1, unfinished)
        case code.close:
          return this.close(s, p + 1)
        case code.dollar:
          if (p + 1 === pattern.length) return s === text.length ? s : -1
          break
        case code.percent: {
          const next = this.charAt(p + 1)
          if (next === 98) {
            s = this.balanced(s, p + 2)
            if (s === -1) return -1
            p += 4
            continue
          }
          if (next === 102) {
            p += 2
            if (this.charAt(p) !== code.bracket) return this.machine.error("missing '[' after '%f' in pattern")
            const end = this.classEnd(p)
            const before = s === 0 ? 0 : text.charCodeAt(s - 1)
            const here = s < text.length ? text.charCodeAt(s) : 0
            if (this.inSet(before, p, end - 1) || !this.inSet(here, p, end - 1)) return -1
            p = end
            continue
          }
          if (isDigit(next)) {
            s = this.again(s, next)
            if (s === -1) return -1
            p += 2
            continue
          }
        }
      }
      const end = this.classEnd(p)
      const matched = s < text.length && this.single(text.charCodeAt(s), p, end)
      switch (this.charAt(end)) {
        case code.question: {
          if (matched) {
            const found = this.match(s + 1, end + 1)
            if (found !== -1) return found
          }
          p = end + 1
          continue
        }
        case code.star:
          return this.most(s, p, end)
        case code.plus:
          return matched ? this.most(s + 1, p, end) : -1
        case code.minus:
          return this.least(s, p, end)
      }
      if (!matched) return -1
      s++
      p = end
    }
  }

  private most(s: number, p: number, end: number): number {
    let i = 0
    while (s + i < this.text.length && this.single(this.text.charCodeAt(s + i), p, end)) i++
    this.machine.spend(i >> 3)
    for (; i >= 0; i--) {
      const found = this.match(s + i, end + 1)
      if (found !== -1) return found
    }
    return -1
  }

  private least(start: number, p: number, end: number): number {
    for (let s = start;; s++) {
      const found = this.match(s, end + 1)
      if (found !== -1) return found
      if (s >= this.text.length || !this.single(this.text.charCodeAt(s), p, end)) return -1
    }
  }

  private open(s: number, p: number, kind: number): number {
    if (this.starts.length >= maxCaptures) return this.machine.error("too many captures")
    this.starts.push(s)
    this.lengths.push(kind)
    const found = this.match(s, p)
    if (found === -1) {
      this.starts.pop()
      this.lengths.pop()
    }
    return found
  }

  private close(s: number, p: number): number {
    const i = this.lengths.lastIndexOf(unfinished)
    if (i === -1) return this.machine.error("invalid pattern capture")
    this.lengths[i] = s - this.starts[i]!
    const found = this.match(s, p)
    if (found === -1) this.lengths[i] = unfinished
    return found
  }

  /** The end of what an earlier capture has, if it comes here again. */
  private again(s: number, digit: number): number {
    const i = digit - 49
    if (i < 0 || i >= this.starts.length || this.lengths[i] === unfinished) {
      return this.machine.error("invalid capture index")
    }
    // A position is a capture of no length that can come again only where it is too long for the text.
    if (this.lengths[i] === position) return -1
    const captured = this.text.slice(this.starts[i], this.starts[i]! + this.lengths[i]!)
    this.machine.spend(captured.length >> 3)
    return this.text.startsWith(captured, s) ? s + captured.length : -1
  }

  private balanced(s: number, p: number): number {
    if (p + 1 >= this.pattern.length) return this.machine.error("unbalanced pattern")
    const begin = this.charAt(p)
    const end = this.charAt(p + 1)
    if (s >= this.text.length || this.text.charCodeAt(s) !== begin) return -1
    let depth = 1
    for (let i = s + 1; i < this.text.length; i++) {
      const c = this.text.charCodeAt(i)
      if (c === end) {
        if (--depth === 0) return i + 1
      } else if (c === begin) depth++
    }
    return -1
  }

  /** The position after the class that begins at a position of the pattern. */
  private classEnd(start: number): number {
    let p = start
    const first = this.charAt(p++)
    if (first === code.percent) {
      if (p >= this.pattern.length) return this.machine.error("malformed pattern (ends with '%')")
      return p + 1
    }
    if (first !== code.bracket) return p
    if (this.charAt(p) === code.caret) p++
    do {
      if (p >= this.pattern.length) return this.machine.error("malformed pattern (missing ']')")
      if (this.charAt(p++) === code.percent && p < this.pattern.length) p++
    } while (this.charAt(p) !== code.bracketEnd)
    return p + 1
  }

  private single(c: number, p: number, end: number): boolean {
    const first = this.pattern.charCodeAt(p)
    switch (first) {
      case code.dot:
        return true
      case code.percent:
        return matchesClass(c, this.charAt(p + 1))
      case code.bracket:
        return this.inSet(c, p, end - 1)
      default:
        return first === c
    }
  }

  /** Whether a byte is in the set from one position of the pattern to another, which have the brackets. */
  private inSet(c: number, start: number, end: number): boolean {
    let p = start
    const isNegated = this.charAt(p + 1) === code.caret
    if (isNegated) p++
    while (++p < end) {
      const first = this.charAt(p)
      if (first === code.percent) {
        p++
        if (matchesClass(c, this.charAt(p))) return !isNegated
      } else if (this.charAt(p + 1) === code.minus && p + 2 < end) {
        p += 2
        if (first <= c && c <= this.charAt(p)) return !isNegated
      } else if (first === c) return !isNegated
    }
    return isNegated
  }
}
