/**
 * The filter expressions of VSIM: compiled from their text, and evaluated on the JSON of an
 * element's attributes. Text has one byte per character.
 */
import { Buffer } from "node:buffer"

/** A value of an expression. */
type Value = number | string | null | ReadonlyArray<Value>

type Token =
  | { readonly type: "value"; readonly value: Value }
  | { readonly type: "selector"; readonly name: string }
  | { readonly type: "operator"; readonly name: string }

/** A filter, or where its text is wrong. */
export type Filter =
  | { readonly run: (attributes: string) => boolean }
  | { readonly wrongAt: number }

/** The precedence of each operator, and how many operands it takes. */
const operators: ReadonlyMap<string, readonly [precedence: number, operands: number]> = new Map([
  ["(", [7, 0]],
  [")", [7, 0]],
  ["!", [6, 1]],
  ["not", [6, 1]],
  ["**", [5, 2]],
  ["*", [4, 2]],
  ["/", [4, 2]],
  ["%", [4, 2]],
  ["+", [3, 2]],
  ["-", [3, 2]],
  [">", [2, 2]],
  [">=", [2, 2]],
  ["<", [2, 2]],
  ["<=", [2, 2]],
  ["==", [2, 2]],
  ["!=", [2, 2]],
  ["in", [2, 2]],
  ["and", [1, 2]],
  ["&&", [1, 2]],
  ["or", [0, 2]],
  ["||", [0, 2]]
])

/** Thrown where an expression is wrong. */
class Wrong {
  readonly at: number
  constructor(at: number) {
    this.at = at
  }
}

const tokensOf = (text: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  let at = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const number = (): number => {
    const digits = match(/-?[\d.eE]*/y)!
    const n = Number(digits)
    return digits === "" || Number.isNaN(n) ? wrong() : n
  }
  const string = (): string => {
    const found = match(/"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'/y)
    if (found !== undefined) return found.slice(1, -1)
    at = text.length
    return wrong()
  }
  const element = (): Value =>
    /[\d-]/.test(text[at] ?? "") ? number() : /["']/.test(text[at] ?? "") ? string() : wrong()
  const tuple = (): ReadonlyArray<Value> => {
    const items: Array<Value> = []
    at++
    for (;;) {
      match(/\s+/y)
      if (text[at] === "]") break
      items.push(element())
      match(/\s+/y)
      if (text[at] === "]") break
      if (text[at] !== ",") return wrong()
      at++
    }
    at++
    return items
  }
  const wrong = (): never => {
    throw new Wrong(at)
  }
  for (;;) {
    match(/\s+/y)
    const c = text[at]
    if (c === undefined) return tokens
    const last = tokens.at(-1)
    const isSign = last === undefined || (last.type === "operator" && last.name !== ")")
    if (/\d/.test(c) || (isSign && /-\d/.test(text.slice(at, at + 2)))) tokens.push({ type: "value", value: number() })
    else if (c === "\"" || c === "'") tokens.push({ type: "value", value: string() })
    else if (c === "[") tokens.push({ type: "value", value: tuple() })
    else if (/\.[\w-]/.test(text.slice(at, at + 2))) {
      tokens.push({ type: "selector", name: match(/\.[\w-]+/y)!.slice(1) })
    } else if (/[A-Za-z+\-*%/!()<>=|&]/.test(c)) {
      const start = at
      // No operator is longer than `null`.
      const run = match(/[A-Za-z+\-*%/!()<>=|&]{1,5}/y)!
      // The server knows the word, but gives it no value.
      if (run === "null") continue
      const name = Array.from(operators.keys()).filter((name) => run.startsWith(name))
        .sort((a, b) => b.length - a.length)[0] ?? wrong()
      at = start + name.length
      tokens.push({ type: "operator", name })
    } else return wrong()
  }
}

/** The tokens in the order in which they are evaluated. */
const programOf = (tokens: ReadonlyArray<Token>): ReadonlyArray<Token> => {
  const program: Array<Token> = []
  const waiting: Array<string> = []
  let depth = 0
  const emit = (name: string): void => {
    const operands = operators.get(name)![1]
    if (depth < operands || name === "(") throw new Wrong(0)
    depth += 1 - operands
    program.push({ type: "operator", name })
  }
  for (const token of tokens) {
    if (token.type !== "operator") {
      program.push(token)
      depth++
    } else if (token.name === "(") waiting.push("(")
    else if (token.name === ")") {
      for (let top = waiting.pop(); top !== "("; top = waiting.pop()) {
        if (top === undefined) throw new Wrong(0)
        emit(top)
      }
    } else {
      const [precedence] = operators.get(token.name)!
      for (let top = waiting.at(-1); top !== undefined && top !== "("; top = waiting.at(-1)) {
        const [other] = operators.get(top)!
        if (other < precedence || (token.name === "**" && other <= precedence)) break
        emit(waiting.pop()!)
      }
      waiting.push(token.name)
    }
  }
  while (waiting.length > 0) emit(waiting.pop()!)
  if (depth !== 1) throw new Wrong(0)
  return program
}

const numberOf = (value: Value): number => {
  if (typeof value === "number") return value
  const n = typeof value === "string" && value.length < 256 ? Number(value) : 0
  return Number.isNaN(n) ? 0 : n
}

const isTrue = (value: Value): boolean => value !== 0 && value !== "" && value !== null

const isEqual = (a: Value, b: Value): boolean =>
  typeof a === "string" && typeof b === "string"
    ? a === b
    : a === null || b === null
    ? a === b
    : numberOf(a) === numberOf(b)

const evaluate = (name: string, a: Value, b: Value): Value => {
  const [x, y] = [numberOf(a), numberOf(b)]
  const results: Readonly<Record<string, () => Value | boolean>> = {
    "**": () => x ** y,
    "*": () => x * y,
    "/": () => x / y,
    "%": () => x % y,
    "+": () => x + y,
    "-": () => x - y,
    ">": () => x > y,
    ">=": () => x >= y,
    "<": () => x < y,
    "<=": () => x <= y,
    "==": () => isEqual(a, b),
    "!=": () => !isEqual(a, b),
    "in": () => Array.isArray(b) && b.some((item) => isEqual(a, item)),
    "and": () => isTrue(a) && isTrue(b),
    "&&": () => isTrue(a) && isTrue(b),
    "or": () => isTrue(a) || isTrue(b),
    "||": () => isTrue(a) || isTrue(b)
  }
  const result = results[name]!()
  return typeof result === "boolean" ? Number(result) : result
}

/** A value of JSON; undefined for what an expression cannot read: objects, arrays in arrays. */
const valueOf = (json: unknown, isInArray = false): Value | undefined => {
  if (json === null) return null
  if (typeof json === "number") return json
  if (typeof json === "boolean") return Number(json)
  if (typeof json === "string") return Buffer.from(json).toString("latin1")
  if (!Array.isArray(json) || isInArray) return undefined
  const items = json.map((item) => valueOf(item, true))
  return items.includes(undefined) ? undefined : items as ReadonlyArray<Value>
}

const fieldOf = (attributes: string, name: string): Value | undefined => {
  try {
    const json: unknown = JSON.parse(Buffer.from(attributes, "latin1").toString())
    if (typeof json !== "object" || json === null || Array.isArray(json) || !Object.hasOwn(json, name)) return undefined
    return valueOf((json as Record<string, unknown>)[name])
  } catch {
    return undefined
  }
}

const run = (program: ReadonlyArray<Token>, attributes: string): boolean => {
  const stack: Array<Value> = []
  for (const token of program) {
    if (token.type === "value") stack.push(token.value)
    else if (token.type === "selector") {
      const value = fieldOf(attributes, token.name)
      if (value === undefined) return false
      stack.push(value)
    } else {
      const b = stack.pop()!
      if (token.name === "!" || token.name === "not") stack.push(Number(!isTrue(b)))
      else stack.push(evaluate(token.name, stack.pop()!, b))
    }
  }
  return isTrue(stack.pop()!)
}

/** Compiles an expression. */
export const compile = (text: string): Filter => {
  try {
    const program = programOf(tokensOf(text))
    return { run: (attributes) => run(program, attributes) }
  } catch (error) {
    if (error instanceof Wrong) return { wrongAt: error.at >= text.length ? 0 : error.at }
    throw error
  }
}
