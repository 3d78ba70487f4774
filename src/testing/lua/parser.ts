/**
 * The tree of a Lua program, in which each name is resolved: a local variable, a variable of an enclosing function, or
 * a global one. compiler.ts makes code of it.
 */
import { Lexer } from "./lexer.ts"

/** A local variable. */
export interface Variable {
  readonly name: string
  /** Whether an inner function uses it. */
  isShared: boolean
  /** Where the compiled function keeps it. */
  register: number
}

export interface Upvalue {
  readonly name: string
  /** The variable of the enclosing function; undefined if it is an upvalue there as well. */
  readonly variable: Variable | undefined
  /** The number of the upvalue of the enclosing function. */
  readonly index: number
}

export interface FunctionBody {
  readonly line: number
  /** The line of its last token. */
  endLine: number
  readonly parameters: Array<Variable>
  isVararg: boolean
  /** The variable `arg` of a function with any number of arguments, unless it is the program itself. */
  arg: Variable | undefined
  usesVararg: boolean
  block: ReadonlyArray<Statement>
  readonly upvalues: Array<Upvalue>
}

export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "^"
  | ".."
  | "=="
  | "~="
  | "<"
  | "<="
  | ">"
  | ">="

/** An expression; `line` is the line that its last instruction has. */
export type Expression =
  & { readonly line: number }
  & (
    | { readonly kind: "nil" | "true" | "false" | "vararg" }
    | { readonly kind: "constant"; readonly value: number | string }
    | { readonly kind: "local"; readonly variable: Variable }
    | { readonly kind: "upvalue"; readonly index: number; readonly name: string }
    | { readonly kind: "global"; readonly name: string }
    | { readonly kind: "index"; readonly object: Expression; readonly key: Expression }
    | { readonly kind: "call"; readonly callee: Expression; readonly args: ReadonlyArray<Expression> }
    | {
      readonly kind: "method"
      readonly object: Expression
      readonly name: string
      readonly nameLine: number
      readonly args: ReadonlyArray<Expression>
    }
    | { readonly kind: "function"; readonly body: FunctionBody }
    | {
      readonly kind: "binary"
      readonly operator: BinaryOperator
      readonly left: Expression
      readonly right: Expression
    }
    | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
    | { readonly kind: "unary"; readonly operator: "-" | "not" | "#"; readonly operand: Expression }
    | { readonly kind: "table"; readonly items: ReadonlyArray<TableItem> }
    | { readonly kind: "parentheses"; readonly inner: Expression }
  )

export interface TableItem {
  /** Undefined for an item of the list. */
  readonly key: Expression | undefined
  readonly value: Expression
  readonly line: number
}

/** A statement; `line` is the line of its last token, unless it says otherwise. */
export type Statement =
  & { readonly line: number }
  & (
    | {
      readonly kind: "local"
      readonly variables: ReadonlyArray<Variable>
      readonly values: ReadonlyArray<Expression>
    }
    | { readonly kind: "local function"; readonly variable: Variable; readonly body: FunctionBody }
    | {
      readonly kind: "assign"
      readonly targets: ReadonlyArray<Expression>
      readonly values: ReadonlyArray<Expression>
    }
    | { readonly kind: "call"; readonly call: Expression }
    | { readonly kind: "do"; readonly block: ReadonlyArray<Statement> }
    | { readonly kind: "while"; readonly condition: Expression; readonly block: ReadonlyArray<Statement> }
    | { readonly kind: "repeat"; readonly block: ReadonlyArray<Statement>; readonly condition: Expression }
    | {
      readonly kind: "if"
      readonly branches: ReadonlyArray<{ readonly condition: Expression; readonly block: ReadonlyArray<Statement> }>
      readonly otherwise: ReadonlyArray<Statement> | undefined
    }
    | {
      /** `line` is the line of `for`, `doLine` that of `do`. */
      readonly kind: "for"
      readonly variable: Variable
      readonly from: Expression
      readonly to: Expression
      readonly step: Expression | undefined
      readonly block: ReadonlyArray<Statement>
      readonly doLine: number
    }
    | {
      readonly kind: "for in"
      readonly variables: ReadonlyArray<Variable>
      readonly values: ReadonlyArray<Expression>
      readonly block: ReadonlyArray<Statement>
      readonly doLine: number
    }
    | { readonly kind: "return"; readonly values: ReadonlyArray<Expression> }
    | { readonly kind: "break" }
  )

/** How tightly operators bind: to the left, and to the right. */
const priorities: Readonly<Record<string, readonly [left: number, right: number]>> = {
  or: [1, 1],
  and: [2, 2],
  "<": [3, 3],
  ">": [3, 3],
  "<=": [3, 3],
  ">=": [3, 3],
  "~=": [3, 3],
  "==": [3, 3],
  "..": [5, 4],
  "+": [6, 6],
  "-": [6, 6],
  "*": [7, 7],
  "/": [7, 7],
  "%": [7, 7],
  "^": [10, 9]
}
const unaryPriority = 8

const blockEnds = new Set(["else", "elseif", "end", "until", "<eof>"])

const maxLevels = 200
const maxLocals = 200
const maxUpvalues = 60

/** A function that is being read. */
interface Scope {
  readonly body: FunctionBody
  readonly outer: Scope | undefined
  /** The variables that are in sight, the innermost last. */
  readonly active: Array<Variable>
  /** How many loops are around the current statement. */
  loops: number
}

/** Reads a program. Throws a `SyntaxFailure` if it is no Lua. `levels` is how deep its caller is nested already. */
export const parse = (text: string, chunk: string, levels = 0): FunctionBody =>
  new Parser(new Lexer(text, chunk), levels).program()

class Parser {
  private readonly lexer: Lexer
  private scope!: Scope
  private levels: number

  constructor(lexer: Lexer, levels: number) {
    this.lexer = lexer
    this.levels = levels
  }

  program(): FunctionBody {
    this.scope = this.open(0)
    const body = this.scope.body
    body.isVararg = true
    body.block = this.block()
    this.check("<eof>")
    body.endLine = this.lexer.lastLine
    return body
  }

  private open(line: number): Scope {
    const body: FunctionBody = {
      line,
      endLine: line,
      parameters: [],
      isVararg: false,
      arg: undefined,
      usesVararg: false,
      block: [],
      upvalues: []
    }
    return { body, outer: this.scope, active: [], loops: 0 }
  }

  // ---------------------------------------------------------------------------
  // Tokens

  private kind(): string {
    return this.lexer.token.kind
  }

  private accept(kind: string): boolean {
    if (this.kind() !== kind) return false
    this.lexer.advance()
    return true
  }

  private check(kind: string): void {
    if (this.kind() !== kind) this.lexer.fail(`'${kind}' expected`)
  }

  private expect(kind: string): void {
    this.check(kind)
    this.lexer.advance()
  }

  /** Expects the token that closes another one, which was in a line. */
  private close(kind: string, opened: string, line: number): void {
    if (this.accept(kind)) return
    this.lexer.fail(
      line === this.lexer.line ? `'${kind}' expected` : `'${kind}' expected (to close '${opened}' at line ${line})`
    )
  }

  private name(): string {
    this.check("<name>")
    const name = this.lexer.token.value as string
    this.lexer.advance()
    return name
  }

  private enter(): void {
    if (++this.levels > maxLevels) this.lexer.failAt("chunk has too many syntax levels", undefined)
  }

  // ---------------------------------------------------------------------------
  // Variables

  private limit(scope: Scope, limit: number, what: string): never {
    const where = scope.body.line === 0 ? "main function" : `function at line ${scope.body.line}`
    return this.lexer.failAt(`${where} has more than ${limit} ${what}`, undefined)
  }

  /** A variable that is not in sight yet. `more` of the same statement come before it. */
  private variable(name: string, more = 0): Variable {
    if (this.scope.active.length + more + 1 > maxLocals) this.limit(this.scope, maxLocals, "local variables")
    return { name, isShared: false, register: -1 }
  }

  private resolve(name: string, line: number): Expression {
    const found = this.find(this.scope, name)
    return found === undefined
      ? { kind: "global", name, line }
      : typeof found === "number"
      ? { kind: "upvalue", index: found, name, line }
      : { kind: "local", variable: found, line }
  }

  /** A variable of the function, the number of its upvalue, or undefined for a global variable. */
  private find(scope: Scope, name: string): Variable | number | undefined {
    for (let i = scope.active.length - 1; i >= 0; i--) if (scope.active[i]!.name === name) return scope.active[i]
    if (scope.outer === undefined) return undefined
    const outer = this.find(scope.outer, name)
    if (outer === undefined) return undefined
    const isOwn = typeof outer !== "number"
    if (isOwn) outer.isShared = true
    const { upvalues } = scope.body
    const index = upvalues.findIndex((u) =>
      isOwn ? u.variable === outer : u.variable === undefined && u.index === outer
    )
    if (index >= 0) return index
    if (upvalues.length + 1 > maxUpvalues) this.limit(scope, maxUpvalues, "upvalues")
    upvalues.push({ name, variable: isOwn ? outer : undefined, index: isOwn ? -1 : outer })
    return upvalues.length - 1
  }

  // ---------------------------------------------------------------------------
  // Statements

  /** Statements up to the end of their block, whose variables go out of sight. */
  private block(): ReadonlyArray<Statement> {
    const before = this.scope.active.length
    const statements = this.statements()
    this.scope.active.length = before
    return statements
  }

  private statements(): ReadonlyArray<Statement> {
    this.enter()
    const statements: Array<Statement> = []
    while (!blockEnds.has(this.kind())) {
      const statement = this.statement()
      statements.push(statement)
      this.accept(";")
      if (statement.kind === "return" || statement.kind === "break") break
    }
    this.levels--
    return statements
  }

  private loop(): ReadonlyArray<Statement> {
    this.scope.loops++
    const block = this.block()
    this.scope.loops--
    return block
  }

  private statement(): Statement {
    const line = this.lexer.line
    switch (this.kind()) {
      case "if":
        return this.conditional(line)
      case "while": {
        this.lexer.advance()
        const condition = this.expression()
        this.expect("do")
        const block = this.loop()
        this.close("end", "while", line)
        return { kind: "while", condition, block, line: this.lexer.lastLine }
      }
      case "do": {
        this.lexer.advance()
        const block = this.block()
        this.close("end", "do", line)
        return { kind: "do", block, line }
      }
      case "for":
        return this.forLoop(line)
      case "repeat": {
        this.lexer.advance()
        const before = this.scope.active.length
        this.scope.loops++
        const block = this.statements()
        this.scope.loops--
        this.close("until", "repeat", line)
        const condition = this.expression()
        this.scope.active.length = before
        return { kind: "repeat", block, condition, line: this.lexer.lastLine }
      }
      case "function":
        return this.functionStatement(line)
      case "local":
        this.lexer.advance()
        return this.accept("function") ? this.localFunction() : this.local()
      case "return": {
        this.lexer.advance()
        const values = blockEnds.has(this.kind()) || this.kind() === ";" ? [] : this.expressions()
        return { kind: "return", values, line: this.lexer.lastLine }
      }
      case "break":
        this.lexer.advance()
        if (this.scope.loops === 0) this.lexer.fail("no loop to break")
        return { kind: "break", line: this.lexer.lastLine }
      default:
        return this.assignmentOrCall()
    }
  }

  private conditional(line: number): Statement {
    const branches: Array<{ readonly condition: Expression; readonly block: ReadonlyArray<Statement> }> = []
    do {
      this.lexer.advance()
      const condition = this.expression()
      this.expect("then")
      branches.push({ condition, block: this.block() })
    } while (this.kind() === "elseif")
    const otherwise = this.accept("else") ? this.block() : undefined
    this.close("end", "if", line)
    return { kind: "if", branches, otherwise, line: this.lexer.lastLine }
  }

  private forLoop(line: number): Statement {
    this.lexer.advance()
    const first = this.name()
    const before = this.scope.active.length
    let statement: Statement
    if (this.accept("=")) {
      const from = this.expression()
      this.expect(",")
      const to = this.expression()
      const step = this.accept(",") ? this.expression() : undefined
      this.expect("do")
      const doLine = this.lexer.lastLine
      // The loop has three variables of its own.
      const variable = this.variable(first, 3)
      this.scope.active.push(variable)
      statement = { kind: "for", variable, from, to, step, block: this.loop(), doLine, line }
    } else if (this.kind() === "," || this.kind() === "in") {
      const names = [first]
      while (this.accept(",")) names.push(this.name())
      const variables = names.map((name, i) => this.variable(name, 3 + i))
      this.expect("in")
      const valuesLine = this.lexer.line
      const values = this.expressions()
      this.expect("do")
      const doLine = this.lexer.lastLine
      this.scope.active.push(...variables)
      statement = { kind: "for in", variables, values, block: this.loop(), doLine, line: valuesLine }
    } else return this.lexer.fail("'=' or 'in' expected")
    this.scope.active.length = before
    this.close("end", "for", line)
    return statement
  }

  private functionStatement(line: number): Statement {
    this.lexer.advance()
    const name = this.name()
    let target = this.resolve(name, this.lexer.lastLine)
    let hasSelf = false
    while (this.kind() === "." || this.kind() === ":") {
      hasSelf = this.kind() === ":"
      this.lexer.advance()
      const value = this.name()
      const at = this.lexer.lastLine
      target = { kind: "index", object: target, key: { kind: "constant", value, line: at }, line: at }
      if (hasSelf) break
    }
    const body = this.functionBody(hasSelf, line)
    return { kind: "assign", targets: [target], values: [{ kind: "function", body, line: body.endLine }], line }
  }

  private localFunction(): Statement {
    const variable = this.variable(this.name())
    this.scope.active.push(variable)
    const body = this.functionBody(false, this.lexer.line)
    return { kind: "local function", variable, body, line: this.lexer.lastLine }
  }

  private local(): Statement {
    const variables: Array<Variable> = []
    do variables.push(this.variable(this.name(), variables.length))
    while (this.accept(","))
    const values = this.accept("=") ? this.expressions() : []
    this.scope.active.push(...variables)
    return { kind: "local", variables, values, line: this.lexer.lastLine }
  }

  private assignmentOrCall(): Statement {
    const first = this.suffixed()
    if (first.kind === "call" || first.kind === "method") return { kind: "call", call: first, line: first.line }
    const targets: Array<Expression> = []
    let target: Expression = first
    for (;;) {
      if (
        target.kind !== "local" && target.kind !== "upvalue" && target.kind !== "global" && target.kind !== "index"
      ) return this.lexer.fail("syntax error")
      targets.push(target)
      if (!this.accept(",")) break
      target = this.suffixed()
      if (this.levels + targets.length > maxLevels) this.limit(this.scope, maxLevels, "variables in assignment")
    }
    this.expect("=")
    const values = this.expressions()
    return { kind: "assign", targets, values, line: this.lexer.lastLine }
  }

  // ---------------------------------------------------------------------------
  // Expressions

  private expressions(): ReadonlyArray<Expression> {
    const all = [this.expression()]
    while (this.accept(",")) all.push(this.expression())
    return all
  }

  private expression(limit = 0): Expression {
    this.enter()
    let left: Expression
    const kind = this.kind()
    if (kind === "not" || kind === "-" || kind === "#") {
      this.lexer.advance()
      const operand = this.expression(unaryPriority)
      left = { kind: "unary", operator: kind, operand, line: this.lexer.lastLine }
    } else left = this.simple()
    for (;;) {
      const operator = this.kind()
      const priority = Object.hasOwn(priorities, operator) ? priorities[operator] : undefined
      if (priority === undefined || priority[0] <= limit) break
      this.lexer.advance()
      const right = this.expression(priority[1])
      const line = this.lexer.lastLine
      left = operator === "and" || operator === "or"
        ? { kind: operator, left, right, line }
        : { kind: "binary", operator: operator as BinaryOperator, left, right, line }
    }
    this.levels--
    return left
  }

  private simple(): Expression {
    const { kind, value } = this.lexer.token
    switch (kind) {
      case "<number>":
      case "<string>":
        this.lexer.advance()
        return { kind: "constant", value: value!, line: this.lexer.lastLine }
      case "nil":
      case "true":
      case "false":
        this.lexer.advance()
        return { kind, line: this.lexer.lastLine }
      case "...":
        if (!this.scope.body.isVararg) this.lexer.fail("cannot use '...' outside a vararg function")
        this.scope.body.usesVararg = true
        this.lexer.advance()
        return { kind: "vararg", line: this.lexer.lastLine }
      case "{":
        return this.table()
      case "function": {
        this.lexer.advance()
        const body = this.functionBody(false, this.lexer.line)
        return { kind: "function", body, line: this.lexer.lastLine }
      }
      default:
        return this.suffixed()
    }
  }

  private prefix(): Expression {
    if (this.kind() === "(") {
      const line = this.lexer.line
      this.lexer.advance()
      const inner = this.expression()
      this.close(")", "(", line)
      return { kind: "parentheses", inner, line: this.lexer.lastLine }
    }
    if (this.kind() !== "<name>") return this.lexer.fail("unexpected symbol")
    return this.resolve(this.name(), this.lexer.lastLine)
  }

  private suffixed(): Expression {
    let object: Expression = this.prefix()
    for (;;) {
      switch (this.kind()) {
        case ".": {
          this.lexer.advance()
          const value = this.name()
          const line = this.lexer.lastLine
          object = { kind: "index", object, key: { kind: "constant", value, line }, line }
          break
        }
        case "[": {
          this.lexer.advance()
          const key = this.expression()
          this.expect("]")
          object = { kind: "index", object, key, line: this.lexer.lastLine }
          break
        }
        case ":": {
          this.lexer.advance()
          const name = this.name()
          const nameLine = this.lexer.lastLine
          const line = this.lexer.line
          object = { kind: "method", object, name, nameLine, args: this.args(), line }
          break
        }
        case "(":
        case "<string>":
        case "{": {
          const line = this.lexer.line
          object = { kind: "call", callee: object, args: this.args(), line }
          break
        }
        default:
          return object
      }
    }
  }

  private args(): ReadonlyArray<Expression> {
    const line = this.lexer.line
    switch (this.kind()) {
      case "<string>": {
        const value = this.lexer.token.value!
        this.lexer.advance()
        return [{ kind: "constant", value, line: this.lexer.lastLine }]
      }
      case "{":
        return [this.table()]
      case "(": {
        if (line !== this.lexer.lastLine) this.lexer.fail("ambiguous syntax (function call x new statement)")
        this.lexer.advance()
        const args = this.kind() === ")" ? [] : this.expressions()
        this.close(")", "(", line)
        return args
      }
      default:
        return this.lexer.fail("function arguments expected")
    }
  }

  private table(): Expression {
    const line = this.lexer.line
    const items: Array<TableItem> = []
    this.expect("{")
    while (this.kind() !== "}") {
      let key: Expression | undefined
      if (this.kind() === "[") {
        this.lexer.advance()
        key = this.expression()
        this.expect("]")
        this.expect("=")
      } else if (this.kind() === "<name>" && this.lexer.peek() === "=") {
        key = { kind: "constant", value: this.name(), line: this.lexer.lastLine }
        this.expect("=")
      }
      const value = this.expression()
      items.push({ key, value, line: this.lexer.lastLine })
      if (!this.accept(",") && !this.accept(";")) break
    }
    this.close("}", "{", line)
    return { kind: "table", items, line: this.lexer.lastLine }
  }

  private functionBody(hasSelf: boolean, line: number): FunctionBody {
    const outer = this.scope
    const scope = this.scope = this.open(line)
    const { body } = scope
    const add = (name: string): Variable => {
      const variable = this.variable(name)
      scope.active.push(variable)
      return variable
    }
    if (hasSelf) body.parameters.push(add("self"))
    this.expect("(")
    if (this.kind() !== ")") {
      do {
        if (this.kind() === "<name>") body.parameters.push(add(this.name()))
        else if (this.accept("...")) {
          body.isVararg = true
          body.arg = add("arg")
        } else this.lexer.fail("<name> or '...' expected")
      } while (!body.isVararg && this.accept(","))
    }
    this.expect(")")
    body.block = this.statements()
    body.endLine = this.lexer.line
    this.close("end", "function", line)
    this.scope = outer
    return body
  }
}
