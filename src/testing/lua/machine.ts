/**
 * Runs compiled Lua: calls, operators, metatables, coroutines and errors, with the messages of the reference
 * implementation. The libraries are in the other files of this folder; what a server adds is in redisLibrary.ts.
 *
 * Calls of Lua by Lua take no room on JavaScript's stack. Each instruction counts: a program that runs for too long
 * ends with `Endless`, which it cannot catch.
 */
import { CallStack, LuaError } from "./callStack.ts"
import { compile } from "./compiler.ts"
import { modulo, op, power } from "./instructions.ts"
import { SyntaxFailure } from "./lexer.ts"
import { numberText, parseNumber } from "./numbers.ts"
import { Box, Closure, Coroutine, Frame, isFunction, Native, Table, typeOf, type Value } from "./values.ts"

/** How many calls there may be within each other. */
const maxCalls = 16_383
/** How many calls of Lua by native functions there may be within each other. */
const maxNativeCalls = 200
/** How many tables a look-up may go through. */
const maxLinks = 100
/** How many values a function may give or take at once. */
export const maxValues = 8000
/** The longest string. */
const maxLength = 2 ** 28

const yielded: unique symbol = Symbol("yielded")

/** What `coroutine.yield` is made of: only the machine can do what it does. */
export const yieldFunction = new Native(() => [])

/** A state of Lua: its global variables, and the program that it runs. */
export class Machine extends CallStack {
  readonly globals = new Table()
  /** The metatable of all strings. */
  strings: Table | undefined = undefined
  private nativeCalls = 0
  /** What sees each error where it is raised, if anything does. */
  private handle: ((error: Value) => Value) | undefined = undefined

  /** Compiles a program. Throws a `SyntaxFailure` if it is no Lua. */
  load(text: string, chunk: string): Closure {
    return new Closure(compile(text, chunk, this.nativeCalls), [])
  }

  /** Forgets the program that it ran, which may not have ended. */
  reset(): void {
    this.restart()
    this.nativeCalls = 0
    this.handle = undefined
  }

  // ---------------------------------------------------------------------------
  // Errors

  /** What was thrown, as an error that a program may catch; throws it again if it is none. */
  private caught(error: unknown): LuaError {
    if (error instanceof LuaError) return error
    // JavaScript has no more room: for a string or an array, or on its stack.
    if (error instanceof RangeError) {
      return new LuaError(/call stack/i.test(error.message) ? "stack overflow" : "not enough memory")
    }
    throw error
  }

  private typeError(action: string, value: Value, what: string | undefined): never {
    const type = typeOf(value)
    return this.fail(
      what === undefined ? `attempt to ${action} a ${type} value` : `attempt to ${action} ${what} (a ${type} value)`
    )
  }

  // ---------------------------------------------------------------------------
  // Conversions

  /** A value as a number, as operators take it. */
  toNumber(value: Value): number | undefined {
    return typeof value === "number" ? value : typeof value === "string" ? parseNumber(value) : undefined
  }

  /** A value as a text, as operators take it: numbers and strings only. */
  toText(value: Value): string | undefined {
    return typeof value === "string" ? value : typeof value === "number" ? numberText(value) : undefined
  }

  // ---------------------------------------------------------------------------
  // Metatables

  metatableOf(value: Value): Table | undefined {
    return value instanceof Table ? value.metatable : typeof value === "string" ? this.strings : undefined
  }

  metamethod(value: Value, name: string): Value {
    return this.metatableOf(value)?.get(name)
  }

  /** The value of a key. `what` is what the object is in the source. */
  index(object: Value, key: Value, what?: string): Value {
    let at = object
    for (let i = 0; i < maxLinks; i++) {
      let handler: Value
      if (at instanceof Table) {
        const value = at.get(key)
        if (value !== undefined || at.metatable === undefined) return value
        handler = at.metatable.get("__index")
        if (handler === undefined) return undefined
      } else {
        handler = this.metamethod(at, "__index")
        if (handler === undefined) return this.typeError("index", at, i === 0 ? what : undefined)
      }
      if (isFunction(handler)) return this.call(handler, [at, key])[0]
      at = handler
    }
    return this.fail("loop in gettable")
  }

  setIndex(object: Value, key: Value, value: Value, what?: string): void {
    let at = object
    for (let i = 0; i < maxLinks; i++) {
      let handler: Value
      if (at instanceof Table) {
        if (at.readonly) return this.fail("Attempt to modify a readonly table")
        handler = at.metatable === undefined || at.get(key) !== undefined
          ? undefined
          : at.metatable.get("__newindex")
        if (handler === undefined) return this.rawSet(at, key, value)
        // The key has a place from now on, as in the reference implementation.
        this.rawSet(at, key, undefined)
      } else {
        handler = this.metamethod(at, "__newindex")
        if (handler === undefined) return this.typeError("index", at, i === 0 ? what : undefined)
      }
      if (isFunction(handler)) return void this.call(handler, [at, key, value])
      at = handler
    }
    return this.fail("loop in settable")
  }

  private rawSet(table: Table, key: Value, value: Value): void {
    if (key === undefined) return this.fail("table index is nil")
    if (typeof key === "number" && Number.isNaN(key)) return this.fail("table index is NaN")
    table.set(key, value)
  }

  equals(a: Value, b: Value): boolean {
    if (a === b) return true
    if (!(a instanceof Table) || !(b instanceof Table)) return false
    const handler = a.metatable?.get("__eq")
    if (handler === undefined || (a.metatable !== b.metatable && handler !== b.metatable?.get("__eq"))) return false
    return isTrue(this.call(handler, [a, b])[0])
  }

  less(a: Value, b: Value): boolean {
    if (typeof a === "number" && typeof b === "number") return a < b
    if (typeof a === "string" && typeof b === "string") return a < b
    return this.order(a, b, "__lt") ?? this.orderError(a, b)
  }

  private lessOrEqual(a: Value, b: Value): boolean {
    if (typeof a === "number" && typeof b === "number") return a <= b
    if (typeof a === "string" && typeof b === "string") return a <= b
    const found = this.order(a, b, "__le")
    if (found !== undefined) return found
    const reverse = this.order(b, a, "__lt")
    return reverse === undefined ? this.orderError(a, b) : !reverse
  }

  /** What a metamethod says that both have; undefined if they have none in common. */
  private order(a: Value, b: Value, name: string): boolean | undefined {
    if (typeOf(a) !== typeOf(b)) return undefined
    const handler = this.metamethod(a, name)
    if (handler === undefined || handler !== this.metamethod(b, name)) return undefined
    return isTrue(this.call(handler, [a, b])[0])
  }

  private orderError(a: Value, b: Value): never {
    const [first, second] = [typeOf(a), typeOf(b)]
    return this.fail(
      first === second ? `attempt to compare two ${first} values` : `attempt to compare ${first} with ${second}`
    )
  }

  private arithmetic(code: number, a: Value, b: Value, frame: Frame): Value {
    const x = this.toNumber(a)
    const y = this.toNumber(b)
    if (x !== undefined && y !== undefined) {
      switch (code) {
        case op.add:
          return x + y
        case op.subtract:
          return x - y
        case op.multiply:
          return x * y
        case op.divide:
          return x / y
        case op.modulo:
          return modulo(x, y)
        case op.power:
          return power(x, y)
        default:
          return -x
      }
    }
    const name = events[code]!
    const handler = this.metamethod(a, name) ?? this.metamethod(b, name)
    if (handler !== undefined) return this.call(handler, [a, b])[0]
    const { first, second } = frame.closure.prototype
    const instruction = frame.pc - 1
    return x === undefined
      ? this.typeError("perform arithmetic on", a, first.get(instruction))
      : this.typeError("perform arithmetic on", b, second.get(instruction))
  }

  private concatenate(values: ReadonlyArray<Value>, frame: Frame): Value {
    let right = values.at(-1)
    for (let i = values.length - 2; i >= 0; i--) {
      const left = values[i]
      const [a, b] = [this.toText(left), this.toText(right)]
      if (a !== undefined && b !== undefined) {
        if (a.length + b.length > maxLength) return this.fail("string length overflow")
        this.spend((a.length + b.length) >> 6)
        right = a + b
        continue
      }
      const handler = this.metamethod(left, "__concat") ?? this.metamethod(right, "__concat")
      if (handler === undefined) {
        const parts = frame.closure.prototype.parts.get(frame.pc - 1)
        return a === undefined
          ? this.typeError("concatenate", left, parts?.[i])
          : this.typeError("concatenate", right, parts?.[i + 1])
      }
      right = this.call(handler, [left, right])[0]
    }
    return right
  }

  private length(value: Value, frame: Frame): Value {
    if (value instanceof Table) return value.length
    if (typeof value === "string") return value.length
    return this.typeError("get length of", value, frame.closure.prototype.first.get(frame.pc - 1))
  }

  // ---------------------------------------------------------------------------
  // Calls

  /** Calls a value from a native function. */
  call(callee: Value, args: ReadonlyArray<Value>): Array<Value> {
    if (++this.nativeCalls >= maxNativeCalls) {
      this.nativeCalls--
      return this.fail("C stack overflow")
    }
    const { frames } = this.current
    const depth = frames.length
    const done = this.enter(callee, args, undefined)
    const result = done ?? this.run(depth)
    this.nativeCalls--
    return result as Array<Value>
  }

  /** Calls a value as `pcall` does: gives its values, or the error. */
  protectedCall(callee: Value, args: ReadonlyArray<Value>): Array<Value> | LuaError {
    return this.protect(() => this.call(callee, args), undefined)
  }

  /** Calls a value, and lets a function see each error where it is raised. */
  handledCall(callee: Value, args: ReadonlyArray<Value>, handle: (error: Value) => Value): Array<Value> | LuaError {
    return this.protect(() => this.call(callee, args), handle)
  }

  /** Runs a part of a native function whose errors it catches itself, after the function that sees errors now. */
  attempt<A>(run: () => A): A | LuaError {
    return this.protect(run, this.handle)
  }

  private protect<A>(run: () => A, handle: ((error: Value) => Value) | undefined): A | LuaError {
    const { current, handle: outer, nativeCalls } = this
    const depth = current.frames.length
    this.handle = handle
    try {
      return run()
    } catch (error) {
      let caught = this.caught(error)
      if (handle !== undefined) {
        try {
          caught = new LuaError(handle(caught.value))
        } catch (second) {
          caught = this.caught(second)
        }
      }
      current.frames.length = depth
      this.nativeCalls = nativeCalls
      return caught
    } finally {
      this.handle = outer
    }
  }

  /**
   * Begins a call. Gives the values of a native function; undefined for one of Lua, which is a new frame then.
   * `what` is what the callee is in the source.
   */
  private enter(
    callee: Value,
    args: ReadonlyArray<Value>,
    what: string | undefined,
    replaced = 0
  ): Array<Value> | typeof yielded | undefined {
    const { frames } = this.current
    if (frames.length >= maxCalls) return this.fail("stack overflow")
    if (callee instanceof Closure) {
      const { isVararg, needsArg, parameters, registers } = callee.prototype
      const own = new Array<Value>(registers).fill(undefined)
      const given = Math.min(parameters, args.length)
      for (let i = 0; i < given; i++) own[i] = args[i]
      const varargs = isVararg ? args.slice(parameters) : []
      if (needsArg) {
        const table = new Table(varargs.length, 1)
        for (let i = 0; i < varargs.length; i++) table.set(i + 1, varargs[i])
        table.set("n", varargs.length)
        own[parameters] = table
      }
      frames.push(new Frame(callee, own, varargs, replaced))
      return undefined
    }
    if (callee instanceof Native) {
      if (callee === yieldFunction) return this.yield(args)
      frames.push(callee)
      const result = callee.body(args)
      frames.pop()
      return result
    }
    const handler = this.metamethod(callee, "__call")
    if (!isFunction(handler)) return this.typeError("call", callee, what)
    return this.enter(handler, [callee, ...args], what, replaced)
  }

  // ---------------------------------------------------------------------------
  // Coroutines

  private transfer: ReadonlyArray<Value> = []

  private yield(args: ReadonlyArray<Value>): typeof yielded {
    if (this.current.base !== this.nativeCalls || this.current.entry === undefined) {
      this.current.frames.push(yieldFunction)
      return this.fail("attempt to yield across metamethod/C-call boundary")
    }
    this.transfer = args
    return yielded
  }

  /** Runs a coroutine until it yields, ends or fails. */
  resume(coroutine: Coroutine, args: ReadonlyArray<Value>): ReadonlyArray<Value> | LuaError {
    if (coroutine.status !== "suspended") {
      return new LuaError(`cannot resume ${coroutine.status} coroutine`)
    }
    if (this.nativeCalls >= maxNativeCalls) return new LuaError("C stack overflow")
    const { current, handle, nativeCalls } = this
    this.handle = undefined
    current.status = "normal"
    coroutine.status = "running"
    this.current = coroutine
    coroutine.base = ++this.nativeCalls
    try {
      const isNew = coroutine.frames.length === 0
      let result: Array<Value> | typeof yielded | undefined
      if (isNew) result = this.enter(coroutine.entry, args, undefined)
      else this.deliver(coroutine.frames.at(-1) as Frame, args)
      result ??= this.run(0)
      if (result === yielded) {
        coroutine.status = "suspended"
        return this.transfer
      }
      coroutine.status = "dead"
      return result as ReadonlyArray<Value>
    } catch (error) {
      coroutine.status = "dead"
      return this.caught(error)
    } finally {
      this.current = current
      this.handle = handle
      this.nativeCalls = nativeCalls
      current.status = "running"
    }
  }

  /** Gives the values of a call to the function that made it. */
  private deliver(frame: Frame, values: ReadonlyArray<Value>): void {
    const { code } = frame.closure.prototype
    const at = (frame.pc - 1) * 4
    const kind = code[at]
    const { registers } = frame
    const isIterator = kind === op.forCall
    const base = isIterator ? code[at + 1]! + 3 : code[at + 1]!
    const count = isIterator ? code[at + 2]! : kind === op.tailCall ? -1 : code[at + 3]!
    if (count === 1) registers[base] = values[0]
    else if (count < 0) frame.open = values
    else for (let i = 0; i < count; i++) registers[base + i] = values[i]
  }

  // ---------------------------------------------------------------------------
  // Instructions

  private argsOf(frame: Frame, base: number, count: number): Array<Value> {
    const { registers } = frame
    const fixed = count < 0 ? -1 - count : count
    const args = registers.slice(base + 1, base + 1 + fixed)
    if (count >= 0) return args
    return frame.open.length === 0 ? args : args.concat(frame.open)
  }

  /**
   * Runs until there are no more than `depth` calls, and gives the values of the last one.
   */
  private run(depth: number): Array<Value> | typeof yielded {
    const { frames } = this.current
    let frame = frames.at(-1) as Frame
    let { closure, registers } = frame
    let { code, constants } = closure.prototype
    let pc = frame.pc
    const switchTo = (next: Frame): void => {
      frame = next
      closure = next.closure
      registers = next.registers
      code = closure.prototype.code
      constants = closure.prototype.constants
      pc = next.pc
    }
    for (;;) {
      if (--this.budget < 0) throw this.exhausted()
      const at = pc * 4
      frame.pc = ++pc
      const a = code[at + 1]!
      const b = code[at + 2]!
      const c = code[at + 3]!
      switch (code[at]) {
        case op.move:
          registers[a] = b < 0 ? constants[~b] : registers[b]
          break
        case op.clear:
          for (let i = a; i <= b; i++) registers[i] = undefined
          break
        case op.boolean:
          registers[a] = b === 1
          break
        case op.getUpvalue:
          registers[a] = closure.upvalues[b]!.value
          break
        case op.setUpvalue:
          closure.upvalues[a]!.value = b < 0 ? constants[~b] : registers[b]
          break
        case op.share:
          registers[a] = new Box(registers[a]) as unknown as Value
          break
        case op.getShared:
          registers[a] = (registers[b] as unknown as Box).value
          break
        case op.setShared:
          ;(registers[a] as unknown as Box).value = b < 0 ? constants[~b] : registers[b]
          break
        case op.getGlobal: {
          const name = constants[b]
          const value = this.globals.get(name)
          registers[a] = value === undefined ? this.index(this.globals, name) : value
          break
        }
        case op.setGlobal:
          this.setIndex(this.globals, constants[a], b < 0 ? constants[~b] : registers[b])
          break
        case op.index: {
          const object = registers[b]
          const key = c < 0 ? constants[~c] : registers[c]
          const value = object instanceof Table ? object.get(key) : undefined
          registers[a] = value === undefined
            ? this.index(object, key, closure.prototype.first.get(pc - 1))
            : value
          break
        }
        case op.setIndex: {
          const key = b < 0 ? constants[~b] : registers[b]
          const value = c < 0 ? constants[~c] : registers[c]
          this.setIndex(registers[a], key, value, closure.prototype.first.get(pc - 1))
          break
        }
        case op.self: {
          const object = registers[b]
          registers[a + 1] = object
          registers[a] = this.index(object, constants[c], closure.prototype.first.get(pc - 1))
          break
        }
        case op.table:
          this.allocate()
          registers[a] = new Table(b, c)
          break
        case op.list: {
          const table = registers[a] as Table
          const count = b < 0 ? -1 - b : b
          const open = b < 0 ? frame.open : []
          table.reserve(c + count + open.length)
          for (let i = open.length; i > 0; i--) table.set(c + count + i, open[i - 1])
          for (let i = count; i > 0; i--) table.set(c + i, registers[a + i])
          break
        }
        case op.add: {
          const x = b < 0 ? constants[~b] : registers[b]
          const y = c < 0 ? constants[~c] : registers[c]
          registers[a] = typeof x === "number" && typeof y === "number" ? x + y : this.arithmetic(op.add, x, y, frame)
          break
        }
        case op.subtract: {
          const x = b < 0 ? constants[~b] : registers[b]
          const y = c < 0 ? constants[~c] : registers[c]
          registers[a] = typeof x === "number" && typeof y === "number"
            ? x - y
            : this.arithmetic(op.subtract, x, y, frame)
          break
        }
        case op.multiply:
        case op.divide:
        case op.modulo:
        case op.power:
          registers[a] = this.arithmetic(
            code[at]!,
            b < 0 ? constants[~b] : registers[b],
            c < 0 ? constants[~c] : registers[c],
            frame
          )
          break
        case op.negate:
          registers[a] = this.arithmetic(op.negate, registers[b], registers[b], frame)
          break
        case op.not:
          registers[a] = !isTrue(registers[b])
          break
        case op.length:
          registers[a] = this.length(registers[b], frame)
          break
        case op.concatenate:
          registers[a] = this.concatenate(registers.slice(b, b + c), frame)
          break
        case op.equal:
        case op.notEqual: {
          const x = b < 0 ? constants[~b] : registers[b]
          const y = c < 0 ? constants[~c] : registers[c]
          registers[a] = this.equals(x, y) === (code[at] === op.equal)
          break
        }
        case op.less:
          registers[a] = this.less(b < 0 ? constants[~b] : registers[b], c < 0 ? constants[~c] : registers[c])
          break
        case op.lessOrEqual:
          registers[a] = this.lessOrEqual(b < 0 ? constants[~b] : registers[b], c < 0 ? constants[~c] : registers[c])
          break
        case op.jump:
          pc = b
          break
        case op.jumpIfNot:
          if (!isTrue(registers[a])) pc = b
          break
        case op.jumpIf:
          if (isTrue(registers[a])) pc = b
          break
        case op.forPrepare: {
          const from = this.toNumber(registers[a])
          const to = this.toNumber(registers[a + 1])
          const step = this.toNumber(registers[a + 2])
          if (from === undefined) return this.fail("'for' initial value must be a number")
          if (to === undefined) return this.fail("'for' limit must be a number")
          if (step === undefined) return this.fail("'for' step must be a number")
          registers[a] = from - step
          registers[a + 1] = to
          registers[a + 2] = step
          pc = b
          break
        }
        case op.forLoop: {
          const step = registers[a + 2] as number
          const next = (registers[a] as number) + step
          const limit = registers[a + 1] as number
          if (step > 0 ? next <= limit : limit <= next) {
            registers[a] = next
            registers[a + 3] = next
            pc = b
          }
          break
        }
        case op.forCall: {
          const result = this.enter(registers[a], [registers[a + 1], registers[a + 2]], undefined)
          if (result === undefined) switchTo(frames.at(-1) as Frame)
          else if (result === yielded) return yielded
          else this.deliver(frame, result)
          break
        }
        case op.forTest:
          if (registers[a + 3] !== undefined) {
            registers[a + 2] = registers[a + 3]
            pc = b
          }
          break
        case op.call: {
          const result = this.enter(registers[a], this.argsOf(frame, a, b), closure.prototype.first.get(pc - 1))
          if (result === undefined) switchTo(frames.at(-1) as Frame)
          else if (result === yielded) return yielded
          else if (c === 1) registers[a] = result[0]
          else this.deliver(frame, result)
          break
        }
        case op.tailCall: {
          const args = this.argsOf(frame, a, b)
          const callee = registers[a]
          if (callee instanceof Closure) {
            frames.pop()
            this.enter(callee, args, undefined, frame.replaced + 1)
            switchTo(frames.at(-1) as Frame)
            break
          }
          const result = this.enter(callee, args, closure.prototype.first.get(pc - 1))
          if (result === undefined) {
            switchTo(frames.at(-1) as Frame)
            break
          }
          if (result === yielded) return yielded
          this.deliver(frame, result)
          break
        }
        case op.return: {
          const fixed = b < 0 ? -1 - b : b
          let values = registers.slice(a, a + fixed)
          if (b < 0 && frame.open.length > 0) values = values.concat(frame.open)
          frames.pop()
          if (frames.length === depth) return values
          const caller = frames.at(-1) as Frame
          this.deliver(caller, values)
          switchTo(caller)
          break
        }
        case op.vararg: {
          const { varargs } = frame
          if (b < 0) frame.open = varargs
          else for (let i = 0; i < b; i++) registers[a + i] = varargs[i]
          break
        }
        default: {
          this.allocate()
          const prototype = closure.prototype.functions[b]!
          const upvalues = prototype.upvalues.map(({ index, isLocal }) =>
            isLocal ? registers[index] as unknown as Box : closure.upvalues[index]!
          )
          registers[a] = new Closure(prototype, upvalues)
        }
      }
    }
  }

  /** Loads a program for `loadstring`: the function, or why it is no Lua. */
  tryLoad(text: string, chunk: string): Closure | string {
    try {
      return this.load(text, chunk)
    } catch (error) {
      if (error instanceof SyntaxFailure) return error.message
      throw error
    }
  }
}

/** Whether a condition with this value holds. */
export const isTrue = (value: Value): boolean => value !== undefined && value !== false

/** The metamethods of arithmetic. */
const events: Readonly<Record<number, string>> = {
  [op.add]: "__add",
  [op.subtract]: "__sub",
  [op.multiply]: "__mul",
  [op.divide]: "__div",
  [op.modulo]: "__mod",
  [op.power]: "__pow",
  [op.negate]: "__unm"
}
