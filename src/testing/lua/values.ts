/**
 * The values of Lua 5.1: strings have one byte per character, numbers are doubles. A table keeps its keys in the
 * order in which the reference implementation has them, so that `pairs`, `#` and JSON come out as on a server.
 *
 * What a program does with values is in machine.ts.
 */

/** A value of Lua; nil is undefined. */
export type Value = undefined | boolean | number | string | Table | Closure | Native | Coroutine | Light

/** Light userdata, such as `cjson.null`. */
export class Light {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** A variable that functions share. */
export class Box {
  value: Value
  constructor(value: Value) {
    this.value = value
  }
}

/** A compiled function. compiler.ts makes it, and describes its code. */
export interface Prototype {
  /** The name of the chunk, as error messages show it. */
  readonly source: string
  /** The name of the chunk, as it was given. */
  readonly chunk: string
  /** Instructions, of four numbers each. */
  readonly code: ReadonlyArray<number>
  /** The line of each instruction. */
  readonly lines: ReadonlyArray<number>
  readonly constants: ReadonlyArray<Value>
  readonly functions: ReadonlyArray<Prototype>
  /** Where a new closure finds its upvalues: in registers of the enclosing function, or among its upvalues. */
  readonly upvalues: ReadonlyArray<{ readonly isLocal: boolean; readonly index: number }>
  readonly parameters: number
  readonly isVararg: boolean
  /** Whether the variable `arg` gets the additional arguments. */
  readonly needsArg: boolean
  readonly registers: number
  /** What the operands of an instruction are in the source, such as `local 'x'`: the first, and the second. */
  readonly first: ReadonlyMap<number, string>
  readonly second: ReadonlyMap<number, string>
  /** The same of all operands of a concatenation. */
  readonly parts: ReadonlyMap<number, ReadonlyArray<string | undefined>>
}

/** A function that was written in Lua. */
export class Closure {
  readonly prototype: Prototype
  readonly upvalues: ReadonlyArray<Box>
  constructor(prototype: Prototype, upvalues: ReadonlyArray<Box>) {
    this.prototype = prototype
    this.upvalues = upvalues
  }
}

/** What a native function gets of the machine that calls it is its own affair: libraries close over the machine. */
export type NativeBody = (args: ReadonlyArray<Value>) => Array<Value>

/** A function that was not written in Lua. */
export class Native {
  readonly body: NativeBody
  constructor(body: NativeBody) {
    this.body = body
  }
}

/** A call of a function of Lua that has not returned. */
export class Frame {
  readonly closure: Closure
  readonly registers: Array<Value>
  readonly varargs: ReadonlyArray<Value>
  /** The number of the next instruction. */
  pc = 0
  /** The values of the last expression with any number of values. */
  open: ReadonlyArray<Value> = []
  /** How many calls this one has replaced, being the last thing that they did. */
  replaced: number
  constructor(closure: Closure, registers: Array<Value>, varargs: ReadonlyArray<Value>, replaced: number) {
    this.closure = closure
    this.registers = registers
    this.varargs = varargs
    this.replaced = replaced
  }
}

/** A coroutine. The program itself runs in one as well. */
export class Coroutine {
  readonly entry: Value
  status: "suspended" | "running" | "normal" | "dead" = "suspended"
  /** The calls that have not returned, the innermost last. */
  frames: Array<Frame | Native> = []
  /** The depth of calls from native functions at which it began to run: only from there it can yield. */
  base = 0
  constructor(entry: Value) {
    this.entry = entry
  }
}

export type TypeName = "nil" | "boolean" | "number" | "string" | "table" | "function" | "thread" | "userdata"

export const typeOf = (value: Value): TypeName => {
  switch (typeof value) {
    case "undefined":
      return "nil"
    case "boolean":
    case "number":
    case "string":
      return typeof value as TypeName
    default:
      return value instanceof Table
        ? "table"
        : value instanceof Coroutine
        ? "thread"
        : value instanceof Light
        ? "userdata"
        : "function"
  }
}

export const isFunction = (value: Value): value is Closure | Native =>
  value instanceof Closure || value instanceof Native

// -----------------------------------------------------------------------------
// Tables
// -----------------------------------------------------------------------------

const identities = new WeakMap<object, number>()
let lastIdentity = 0x1000

/** A number that a table or a function keeps. */
export const identityOf = (value: object): number => {
  let identity = identities.get(value)
  if (identity === undefined) identities.set(value, identity = lastIdentity += 0x20)
  return identity
}

const hashOf = (text: string): number => {
  let hash = text.length
  const step = (text.length >> 5) + 1
  for (let i = text.length; i >= step; i -= step) {
    hash ^= ((hash << 5) + (hash >>> 2) + text.charCodeAt(i - 1)) | 0
  }
  return hash >>> 0
}

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)

const ceilLog2 = (n: number): number => n <= 1 ? 0 : 32 - Math.clz32(n - 1)

/** The largest index that the array part of a table may have. */
const maxArray = 2 ** 26

/** The indices that may be in an array part; 0 for other keys. */
const arrayIndex = (key: Value): number =>
  typeof key === "number" && Number.isInteger(key) && key >= 1 && key <= maxArray ? key : 0

/** A table: an array part for the keys 1 to n, and a hash part. */
export class Table {
  /** The array part: the value of key i is at i - 1. */
  private array: Array<Value> = []
  /** The hash part: keys and their values, of a size that is a power of two, or 0. */
  private keys: Array<Value> = []
  private values: Array<Value> = []
  /** Where each key of the hash part is. */
  private places: Map<Value, number> | undefined = undefined
  /** No place from here on is free. */
  private free = 0
  metatable: Table | undefined = undefined
  /** Whether programs may not change it. */
  readonly = false

  constructor(array = 0, hash = 0) {
    if (array > 0 || hash > 0) this.resize(array, hash)
  }

  get(key: Value): Value {
    if (typeof key === "number" && key >= 1 && key <= this.array.length && Number.isInteger(key)) {
      return this.array[key - 1]
    }
    const place = this.places?.get(key)
    return place === undefined ? undefined : this.values[place]
  }

  /** Sets a value. The key must be neither nil nor NaN. */
  set(key: Value, value: Value): void {
    if (typeof key === "number" && key >= 1 && key <= this.array.length && Number.isInteger(key)) {
      this.array[key - 1] = value
      return
    }
    const place = this.places?.get(key)
    if (place !== undefined) this.values[place] = value
    else this.insert(key, value)
  }

  /** The operator `#`. */
  get length(): number {
    const array = this.array
    let high = array.length
    if (high > 0 && array[high - 1] === undefined) {
      let low = 0
      while (high - low > 1) {
        const middle = (low + high) >> 1
        if (array[middle - 1] === undefined) high = middle
        else low = middle
      }
      return low
    }
    if (this.keys.length === 0) return high
    let low = high++
    while (this.get(high) !== undefined) {
      low = high
      high *= 2
      if (high > 0x7fffffff) {
        let n = 1
        while (this.get(n) !== undefined) n++
        return n - 1
      }
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.get(middle) === undefined) high = middle
      else low = middle
    }
    return low
  }

  /** The key and the value after a key, or the first for nil; undefined at the end, null if there is no such key. */
  next(key: Value): readonly [key: Value, value: Value] | undefined | null {
    let at = 0
    if (key !== undefined) {
      const index = arrayIndex(key)
      if (index > 0 && index <= this.array.length) at = index
      else {
        const place = this.places?.get(key)
        if (place === undefined) return null
        at = this.array.length + place + 1
      }
    }
    for (; at < this.array.length; at++) {
      if (this.array[at] !== undefined) return [at + 1, this.array[at]]
    }
    for (at -= this.array.length; at < this.keys.length; at++) {
      if (this.values[at] !== undefined) return [this.keys[at], this.values[at]]
    }
    return undefined
  }

  /** All keys and values, in order. */
  entries(): Array<readonly [key: Value, value: Value]> {
    const entries: Array<readonly [Value, Value]> = []
    for (let next = this.next(undefined); next; next = this.next(next[0])) entries.push(next)
    return entries
  }

  /** Makes the array part at least so long. */
  reserve(length: number): void {
    if (length > this.array.length) this.resize(length, this.keys.length)
  }

  private mainPlace(key: Value): number {
    const size = this.keys.length
    switch (typeof key) {
      case "string":
        return hashOf(key) & (size - 1)
      case "number":
        if (key === 0) return 0
        double[0] = key
        return ((words[0]! + words[1]!) >>> 0) % ((size - 1) | 1)
      case "boolean":
        return (key ? 1 : 0) & (size - 1)
      default:
        return identityOf(key as object) % ((size - 1) | 1)
    }
  }

  private insert(key: Value, value: Value): void {
    const size = this.keys.length
    let place = size === 0 ? -1 : this.mainPlace(key)
    if (size === 0 || this.values[place] !== undefined) {
      const free = this.freePlace()
      if (free < 0) {
        this.rehash(key)
        return this.set(key, value)
      }
      const other = this.keys[place]
      if (this.mainPlace(other) === place) place = free
      else {
        // What is there is not where it belongs: it gives way.
        this.keys[free] = other
        this.values[free] = this.values[place]
        this.places!.set(other, free)
        this.values[place] = undefined
      }
    } else if (this.keys[place] !== undefined) this.places!.delete(this.keys[place])
    this.keys[place] = key
    this.values[place] = value
    this.places!.set(key, place)
  }

  private freePlace(): number {
    while (this.free > 0) {
      this.free--
      if (this.keys[this.free] === undefined) return this.free
    }
    return -1
  }

  /** Finds the best sizes of both parts for what there is and a new key. */
  private rehash(key: Value): void {
    const counts = new Array<number>(27).fill(0)
    let inArray = 0
    let all = 1
    const count = (index: number): void => {
      counts[ceilLog2(index)]!++
      inArray++
    }
    for (let i = 0; i < this.array.length; i++) {
      if (this.array[i] === undefined) continue
      all++
      count(i + 1)
    }
    for (let i = 0; i < this.keys.length; i++) {
      if (this.values[i] === undefined) continue
      all++
      if (arrayIndex(this.keys[i]) > 0) count(this.keys[i] as number)
    }
    if (arrayIndex(key) > 0) count(key as number)
    let sum = 0
    let size = 0
    let used = 0
    for (let i = 0, power = 1; power / 2 < inArray; i++, power *= 2) {
      sum += counts[i]!
      if (counts[i]! > 0 && sum > power / 2) {
        size = power
        used = sum
      }
      if (sum === inArray) break
    }
    this.resize(size, all - used)
  }

  private resize(array: number, hash: number): void {
    const { keys, values } = this
    const before = this.array
    const size = hash === 0 ? 0 : 2 ** ceilLog2(hash)
    this.keys = new Array<Value>(size).fill(undefined)
    this.values = new Array<Value>(size).fill(undefined)
    this.places = new Map()
    this.free = size
    this.array = before.slice(0, array)
    while (this.array.length < array) this.array.push(undefined)
    for (let i = array; i < before.length; i++) if (before[i] !== undefined) this.set(i + 1, before[i])
    for (let i = keys.length - 1; i >= 0; i--) if (values[i] !== undefined) this.set(keys[i], values[i])
  }
}

/** A table of values by name. */
export const tableOf = (fields: Readonly<Record<string, Value>>): Table => {
  const table = new Table()
  for (const [name, value] of Object.entries(fields)) table.set(name, value)
  return table
}

/** A table of values from 1 on. */
export const listOf = (values: ReadonlyArray<Value>): Table => {
  const table = new Table()
  values.forEach((value, i) => table.set(i + 1, value))
  return table
}
