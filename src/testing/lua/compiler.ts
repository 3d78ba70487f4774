/**
 * Makes the code of a function from its tree: the instructions of instructions.ts, for the registers of one call.
 * machine.ts runs them.
 */
import { modulo, op, power } from "./instructions.ts"
import { shownChunk, SyntaxFailure } from "./lexer.ts"
import {
  type BinaryOperator,
  type Expression,
  type FunctionBody,
  parse,
  type Statement,
  type Variable
} from "./parser.ts"
import type { Prototype, Value } from "./values.ts"

const arithmetic: { readonly [operator in BinaryOperator]?: number } = {
  "+": op.add,
  "-": op.subtract,
  "*": op.multiply,
  "/": op.divide,
  "%": op.modulo,
  "^": op.power
}

/** Operators of comparison, and whether their operands are swapped. */
const comparisons: { readonly [operator in BinaryOperator]?: readonly [code: number, swapped: boolean] } = {
  "==": [op.equal, false],
  "~=": [op.notEqual, false],
  "<": [op.less, false],
  "<=": [op.lessOrEqual, false],
  ">": [op.less, true],
  ">=": [op.lessOrEqual, true]
}

const maxRegisters = 250

/** How many items of a list are set at once. */
const listPage = 50

/** Compiles a program. Throws a `SyntaxFailure` if it is no Lua. */
export const compile = (text: string, chunk: string, levels = 0): Prototype => {
  try {
    return new Compiler(parse(text, chunk, levels), chunk).prototype()
  } catch (error) {
    // A program that is nested so deeply in a way that has no limit of its own.
    if (error instanceof RangeError) {
      throw new SyntaxFailure(`${shownChunk(chunk)}:1: function or expression too complex`)
    }
    throw error
  }
}

class Compiler {
  private readonly body: FunctionBody
  private readonly chunk: string
  private readonly source: string
  private readonly code: Array<number> = []
  private readonly lines: Array<number> = []
  private readonly constants: Array<Value> = []
  private readonly numbers = new Map<number, number>()
  private readonly strings = new Map<string, number>()
  private readonly functions: Array<Prototype> = []
  private readonly first = new Map<number, string>()
  private readonly second = new Map<number, string>()
  private readonly parts = new Map<number, ReadonlyArray<string | undefined>>()
  /** The next register that is not in use. */
  private free = 0
  private most = 2
  /** The jumps out of the loops around the current statement. */
  private readonly breaks: Array<Array<number>> = []

  constructor(body: FunctionBody, chunk: string) {
    this.body = body
    this.chunk = chunk
    this.source = shownChunk(chunk)
  }

  prototype(): Prototype {
    const { body } = this
    for (const parameter of body.parameters) this.introduce(parameter, body.line)
    if (body.arg !== undefined) this.introduce(body.arg, body.line)
    this.block(body.block)
    this.emit(op.return, 0, 0, 0, body.endLine)
    return {
      source: this.source,
      chunk: this.chunk,
      code: this.code,
      lines: this.lines,
      constants: this.constants,
      functions: this.functions,
      upvalues: body.upvalues.map(({ index, variable }) => ({
        isLocal: variable !== undefined,
        index: variable === undefined ? index : variable.register
      })),
      parameters: body.parameters.length,
      isVararg: body.isVararg,
      needsArg: body.arg !== undefined && !body.usesVararg,
      registers: this.most,
      first: this.first,
      second: this.second,
      parts: this.parts
    }
  }

  // ---------------------------------------------------------------------------
  // Instructions

  private emit(code: number, a: number, b: number, c: number, line: number): number {
    this.code.push(code, a, b, c)
    this.lines.push(line)
    return this.lines.length - 1
  }

  /** The number of the next instruction. */
  private get here(): number {
    return this.lines.length
  }

  /** Makes a jump go to the next instruction. */
  private land(jump: number): void {
    this.code[jump * 4 + 2] = this.here
  }

  private constant(value: number | string): number {
    const known = typeof value === "number" ? this.numbers : this.strings
    let index = (known as Map<number | string, number>).get(value)
    if (index === undefined) {
      index = this.constants.push(value) - 1
      ;(known as Map<number | string, number>).set(value, index)
    }
    return index
  }

  private reserve(count = 1): number {
    const register = this.free
    this.free += count
    if (this.free > this.most) this.most = this.free
    if (this.free > maxRegisters) {
      throw new SyntaxFailure(
        `${this.source}:${this.lines.at(-1) ?? this.body.line}: function or expression too complex`
      )
    }
    return register
  }

  /** Gives a variable the next register, whose value it takes. */
  private introduce(variable: Variable, line: number): void {
    variable.register = this.reserve()
    if (variable.isShared) this.emit(op.share, variable.register, 0, 0, line)
  }

  private about(instruction: number, first: Expression, second?: Expression): void {
    const describe = (at: Map<number, string>, e: Expression | undefined): void => {
      const text = e === undefined ? undefined : description(e)
      if (text !== undefined) at.set(instruction, text)
    }
    describe(this.first, first)
    describe(this.second, second)
  }

  // ---------------------------------------------------------------------------
  // Statements

  private block(statements: ReadonlyArray<Statement>): void {
    const before = this.free
    for (const statement of statements) this.statement(statement)
    this.free = before
  }

  private loop(statements: ReadonlyArray<Statement>): ReadonlyArray<number> {
    this.breaks.push([])
    this.block(statements)
    return this.breaks.pop()!
  }

  private statement(s: Statement): void {
    const before = this.free
    switch (s.kind) {
      case "local":
        this.values(s.values, s.variables.length, s.line)
        this.free = before
        for (const variable of s.variables) this.introduce(variable, s.line)
        return
      case "local function":
        this.emit(op.clear, this.free, this.free, 0, s.line)
        this.introduce(s.variable, s.line)
        this.assign({ kind: "local", variable: s.variable, line: s.line }, {
          kind: "function",
          body: s.body,
          line: s.line
        }, s.line)
        break
      case "assign":
        this.assignment(s.targets, s.values, s.line)
        break
      case "call":
        this.call(s.call, 0)
        break
      case "do":
        this.block(s.block)
        break
      case "while": {
        const start = this.here
        const exit = this.condition(s.condition)
        const breaks = this.loop(s.block)
        this.emit(op.jump, 0, start, 0, s.line)
        for (const jump of [exit, ...breaks]) this.land(jump)
        break
      }
      case "repeat": {
        const start = this.here
        this.breaks.push([])
        for (const statement of s.block) this.statement(statement)
        const exit = this.condition(s.condition)
        this.code[exit * 4 + 2] = start
        for (const jump of this.breaks.pop()!) this.land(jump)
        this.free = before
        break
      }
      case "if": {
        const ends: Array<number> = []
        s.branches.forEach(({ block, condition }, i) => {
          const next = this.condition(condition)
          this.block(block)
          if (i < s.branches.length - 1 || s.otherwise !== undefined) ends.push(this.emit(op.jump, 0, 0, 0, s.line))
          this.land(next)
        })
        if (s.otherwise !== undefined) this.block(s.otherwise)
        for (const jump of ends) this.land(jump)
        break
      }
      case "for":
        this.forLoop(s)
        break
      case "for in":
        this.forIn(s)
        break
      case "return":
        this.return(s)
        break
      case "break":
        this.breaks.at(-1)!.push(this.emit(op.jump, 0, 0, 0, s.line))
        break
    }
    this.free = s.kind === "local function" ? before + 1 : before
  }

  /** A jump that is taken if a condition does not hold. */
  private condition(e: Expression): number {
    const before = this.free
    const register = this.register(e)
    this.free = before
    return this.emit(op.jumpIfNot, register, 0, 0, e.line)
  }

  private forLoop(s: Statement & { readonly kind: "for" }): void {
    const base = this.reserve(3)
    this.into(s.from, base)
    this.into(s.to, base + 1)
    if (s.step === undefined) this.emit(op.move, base + 2, ~this.constant(1), 0, s.doLine)
    else this.into(s.step, base + 2)
    const prepare = this.emit(op.forPrepare, base, 0, 0, s.doLine)
    const start = this.here
    this.introduce(s.variable, s.doLine)
    const breaks = this.loop(s.block)
    this.land(prepare)
    this.emit(op.forLoop, base, start, 0, s.line)
    for (const jump of breaks) this.land(jump)
  }

  private forIn(s: Statement & { readonly kind: "for in" }): void {
    const base = this.free
    this.values(s.values, 3, s.doLine)
    this.free = base
    this.reserve(3)
    const enter = this.emit(op.jump, 0, 0, 0, s.doLine)
    const start = this.here
    for (const variable of s.variables) this.introduce(variable, s.doLine)
    const breaks = this.loop(s.block)
    this.land(enter)
    // The call needs room for the iterator and its arguments.
    this.free = base + 3
    this.reserve(Math.max(3, s.variables.length))
    const call = this.emit(op.forCall, base, s.variables.length, 0, s.line)
    this.first.set(call, "local '(for generator)'")
    this.emit(op.forTest, base, start, 0, s.line)
    for (const jump of breaks) this.land(jump)
  }

  private return(s: Statement & { readonly kind: "return" }): void {
    const [only] = s.values
    if (s.values.length === 1 && (only!.kind === "call" || only!.kind === "method")) {
      const { args, base } = this.prepareCall(only!)
      const instruction = this.emit(op.tailCall, base, args, 0, only!.line)
      this.aboutCallee(instruction, only!)
      this.emit(op.return, base, -1, 0, only!.line)
      return
    }
    const base = this.free
    const count = this.list(s.values)
    this.emit(op.return, base, count, 0, s.line)
  }

  private assignment(targets: ReadonlyArray<Expression>, values: ReadonlyArray<Expression>, line: number): void {
    if (targets.length === 1 && values.length === 1) return this.assign(targets[0]!, values[0]!, line)
    // What the targets need is computed before the values, and keeps its value whatever is assigned.
    const prepared = targets.map((target): readonly [object: number, key: number] => {
      if (target.kind !== "index") return [-1, -1]
      const object = this.reserve()
      this.into(target.object, object)
      if (target.key.kind === "constant") return [object, ~this.constant(target.key.value)]
      const key = this.reserve()
      this.into(target.key, key)
      return [object, key]
    })
    const base = this.free
    this.values(values, targets.length, line)
    for (let i = targets.length - 1; i >= 0; i--) {
      const [object, key] = prepared[i]!
      const target = targets[i]!
      if (target.kind === "index") {
        const instruction = this.emit(op.setIndex, object, key, base + i, line)
        this.about(instruction, target.object)
      } else this.store(target, base + i, line)
    }
  }

  private assign(target: Expression, value: Expression, line: number): void {
    if (target.kind === "local" && !target.variable.isShared && isDirect(value)) {
      return this.into(value, target.variable.register)
    }
    if (target.kind !== "index") return this.store(target, this.operand(value), line)
    const object = this.register(target.object)
    const key = this.operand(target.key)
    const instruction = this.emit(op.setIndex, object, key, this.operand(value), line)
    this.about(instruction, target.object)
  }

  /** Gives a variable the value of an operand. */
  private store(target: Expression, operand: number, line: number): void {
    if (target.kind === "local") {
      const { isShared, register } = target.variable
      this.emit(isShared ? op.setShared : op.move, register, operand, 0, line)
    } else if (target.kind === "upvalue") this.emit(op.setUpvalue, target.index, operand, 0, line)
    else if (target.kind === "global") this.emit(op.setGlobal, this.constant(target.name), operand, 0, line)
  }

  /** Computes exactly so many values into the next registers. */
  private values(values: ReadonlyArray<Expression>, count: number, line: number): void {
    const base = this.free
    values.forEach((value, i) => {
      const isLast = i === values.length - 1
      if (isLast && i < count && isOpen(value)) {
        this.free = base + i
        this.multiple(value, count - i)
        this.free = base + i
        this.reserve(count - i)
      } else {
        const register = this.reserve()
        this.into(value, register)
      }
    })
    const last = values.at(-1)
    const given = last !== undefined && isOpen(last) ? Math.max(count, values.length) : values.length
    if (given < count) {
      this.emit(op.clear, base + given, base + count - 1, 0, line)
      this.free = base
      this.reserve(count)
    }
  }

  /** Computes values into the next registers. Gives how many, or, if the last is open, the complement of one more. */
  private list(values: ReadonlyArray<Expression>): number {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      if (i === values.length - 1 && isOpen(value)) {
        const before = this.free
        this.multiple(value, -1)
        this.free = before
        return -1 - i
      }
      this.into(value, this.reserve())
    }
    return values.length
  }

  // ---------------------------------------------------------------------------
  // Expressions

  /** Computes a call or `...` for a number of values from the next register on; -1: the open values. */
  private multiple(e: Expression, count: number): void {
    if (e.kind === "vararg") {
      const register = this.reserve(Math.max(1, count))
      this.emit(op.vararg, register, count, 0, e.line)
    } else this.call(e, count)
  }

  private prepareCall(e: Expression): { readonly base: number; readonly args: number } {
    const base = this.reserve()
    if (e.kind === "method") {
      this.reserve()
      this.into(e.object, base + 1)
      const instruction = this.emit(op.self, base, base + 1, this.constant(e.name), e.nameLine)
      this.about(instruction, e.object)
      const count = this.list(e.args)
      return { base, args: count < 0 ? count - 1 : count + 1 }
    }
    if (e.kind !== "call") throw new Error("no call")
    this.into(e.callee, base)
    return { base, args: this.list(e.args) }
  }

  private aboutCallee(instruction: number, e: Expression): void {
    if (e.kind === "method") this.first.set(instruction, `method '${e.name}'`)
    else if (e.kind === "call") this.about(instruction, e.callee)
  }

  /** Calls a function for a number of values, which are at the first register that was free. Gives that register. */
  private call(e: Expression, count: number): number {
    const { args, base } = this.prepareCall(e)
    const instruction = this.emit(op.call, base, args, count, e.line)
    this.aboutCallee(instruction, e)
    this.free = base
    return base
  }

  /** The value of an expression in a register: a variable's own, or the next one. */
  private register(e: Expression): number {
    const inner = e.kind === "parentheses" ? e.inner : e
    if (inner.kind === "local" && !inner.variable.isShared) return inner.variable.register
    const register = this.reserve()
    this.into(e, register)
    return register
  }

  /** The value of an expression in a register, or as a constant. */
  private operand(e: Expression): number {
    const value = numeral(e)
    if (value !== undefined) return ~this.constant(value)
    return e.kind === "constant" ? ~this.constant(e.value) : this.register(e)
  }

  /** Computes an expression into a register. */
  private into(e: Expression, register: number): void {
    const before = this.free
    const value = numeral(e)
    if (value !== undefined) this.emit(op.move, register, ~this.constant(value), 0, e.line)
    else this.compute(e, register)
    this.free = before
  }

  private compute(e: Expression, register: number): void {
    switch (e.kind) {
      case "nil":
        this.emit(op.clear, register, register, 0, e.line)
        break
      case "true":
      case "false":
        this.emit(op.boolean, register, e.kind === "true" ? 1 : 0, 0, e.line)
        break
      case "constant":
        this.emit(op.move, register, ~this.constant(e.value), 0, e.line)
        break
      case "vararg":
        this.emit(op.vararg, register, 1, 0, e.line)
        break
      case "local":
        if (e.variable.isShared) this.emit(op.getShared, register, e.variable.register, 0, e.line)
        else if (e.variable.register !== register) this.emit(op.move, register, e.variable.register, 0, e.line)
        break
      case "upvalue":
        this.emit(op.getUpvalue, register, e.index, 0, e.line)
        break
      case "global":
        this.emit(op.getGlobal, register, this.constant(e.name), 0, e.line)
        break
      case "parentheses":
        this.into(e.inner, register)
        break
      case "index": {
        const object = this.register(e.object)
        this.about(this.emit(op.index, register, object, this.operand(e.key), e.line), e.object)
        break
      }
      case "call":
      case "method": {
        // A register that nothing else uses yet is the call's own.
        if (register === this.free - 1) this.free--
        const base = this.call(e, 1)
        if (base !== register) this.emit(op.move, register, base, 0, e.line)
        break
      }
      case "function":
        this.functions.push(new Compiler(e.body, this.chunk).prototype())
        this.emit(op.closure, register, this.functions.length - 1, 0, e.line)
        break
      case "and":
      case "or": {
        this.into(e.left, register)
        const jump = this.emit(e.kind === "and" ? op.jumpIfNot : op.jumpIf, register, 0, 0, e.line)
        this.into(e.right, register)
        this.land(jump)
        break
      }
      case "unary": {
        const operand = this.register(e.operand)
        const code = e.operator === "-" ? op.negate : e.operator === "not" ? op.not : op.length
        this.about(this.emit(code, register, operand, 0, e.line), e.operand)
        break
      }
      case "binary":
        this.binary(e, register)
        break
      case "table":
        this.table(e, register)
        break
    }
  }

  private binary(e: Expression & { readonly kind: "binary" }, register: number): void {
    if (e.operator === "..") return this.concatenation(e, register)
    const left = this.operand(e.left)
    const right = this.operand(e.right)
    const comparison = comparisons[e.operator]
    if (comparison !== undefined) {
      const [code, swapped] = comparison
      this.emit(code, register, swapped ? right : left, swapped ? left : right, e.line)
    } else this.about(this.emit(arithmetic[e.operator]!, register, left, right, e.line), e.left, e.right)
  }

  private concatenation(e: Expression & { readonly kind: "binary" }, register: number): void {
    const parts: Array<Expression> = []
    let rest: Expression = e
    while (rest.kind === "binary" && rest.operator === "..") {
      parts.push(rest.left)
      rest = rest.right
    }
    parts.push(rest)
    if (register === this.free - 1) this.free--
    const base = this.reserve(parts.length)
    const before = this.free
    parts.forEach((part, i) => {
      this.free = before
      this.into(part, base + i)
    })
    const instruction = this.emit(op.concatenate, register, base, parts.length, e.line)
    this.parts.set(instruction, parts.map(description))
  }

  private table(e: Expression & { readonly kind: "table" }, register: number): void {
    const positional = e.items.filter(({ key }) => key === undefined)
    const isOpenEnded = e.items.length > 0 && e.items.at(-1)!.key === undefined && isOpen(e.items.at(-1)!.value)
    const count = positional.length - (isOpenEnded ? 1 : 0)
    const table = register === this.free - 1 ? register : this.reserve()
    this.emit(op.table, table, rounded(count), rounded(e.items.length - positional.length), e.line)
    let done = 0
    let pending = 0
    for (const [i, item] of e.items.entries()) {
      if (pending === listPage) {
        this.emit(op.list, table, pending, done, item.line)
        done += pending
        pending = 0
        this.free = table + 1
      }
      if (item.key !== undefined) {
        const before = this.free
        const key = this.operand(item.key)
        this.emit(op.setIndex, table, key, this.operand(item.value), item.line)
        this.free = before
      } else if (isOpenEnded && i === e.items.length - 1) {
        this.multiple(item.value, -1)
        this.emit(op.list, table, -1 - pending, done, item.line)
        pending = 0
      } else {
        this.into(item.value, this.reserve())
        pending++
      }
    }
    if (pending > 0) this.emit(op.list, table, pending, done, e.line)
    if (table !== register) this.emit(op.move, register, table, 0, e.line)
  }
}

/** Whether an expression may have any number of values. */
const isOpen = (e: Expression): boolean => e.kind === "call" || e.kind === "method" || e.kind === "vararg"

/** Whether an expression writes to its register only at its end, so that it may be a variable that it uses. */
const isDirect = (e: Expression): boolean =>
  e.kind !== "and" && e.kind !== "or" && e.kind !== "parentheses" && e.kind !== "table" && e.kind !== "call" &&
  e.kind !== "method" && !(e.kind === "binary" && e.operator === "..")

/** What an expression is in the source, as error messages name it; undefined if it has no name. */
const description = (e: Expression): string | undefined => {
  switch (e.kind) {
    case "local":
      return `local '${e.variable.name}'`
    case "upvalue":
      return `upvalue '${e.name}'`
    case "global":
      return `global '${e.name}'`
    case "index":
      return `field '${e.key.kind === "constant" && typeof e.key.value === "string" ? e.key.value : "?"}'`
    case "parentheses":
      return description(e.inner)
    default:
      return undefined
  }
}

/** The number that an expression of numerals is, if its value is certain; undefined otherwise. */
const numeral = (e: Expression): number | undefined => {
  switch (e.kind) {
    case "constant":
      return typeof e.value === "number" ? e.value : undefined
    case "parentheses":
      return numeral(e.inner)
    case "unary": {
      const n = e.operator === "-" ? numeral(e.operand) : undefined
      return n === undefined ? undefined : -n
    }
    case "binary": {
      if (arithmetic[e.operator] === undefined) return undefined
      const a = numeral(e.left)
      const b = a === undefined ? undefined : numeral(e.right)
      if (a === undefined || b === undefined) return undefined
      if ((e.operator === "/" || e.operator === "%") && b === 0) return undefined
      const n = calculate(e.operator, a, b)
      return Number.isNaN(n) ? undefined : n
    }
    default:
      return undefined
  }
}

const calculate = (operator: BinaryOperator, a: number, b: number): number => {
  switch (operator) {
    case "+":
      return a + b
    case "-":
      return a - b
    case "*":
      return a * b
    case "/":
      return a / b
    case "%":
      return modulo(a, b)
    default:
      return power(a, b)
  }
}

/** A size as it is written in an instruction of the reference implementation, which rounds larger ones up. */
const rounded = (n: number): number => {
  let exponent = 0
  let rest = n
  while (rest >= 16) {
    rest = (rest + 1) >> 1
    exponent++
  }
  return rest * 2 ** exponent
}
