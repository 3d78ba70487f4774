/**
 * The arguments of native functions: what they have to be, with the error messages of Lua's auxiliary library.
 */
import type { Machine } from "./machine.ts"
import { numberText, toInt64 } from "./numbers.ts"
import { Closure, isFunction, Native, type NativeBody, Table, typeOf, type Value } from "./values.ts"

type Args = ReadonlyArray<Value>

/** Reads arguments by their position, from 0 on. */
export class Arguments {
  readonly machine: Machine
  constructor(machine: Machine) {
    this.machine = machine
  }

  fail(at: number, message: string): never {
    return this.machine.argumentError(at + 1, message)
  }

  wrongType(args: Args, at: number, expected: string): never {
    return this.fail(at, `${expected} expected, got ${at < args.length ? typeOf(args[at]) : "no value"}`)
  }

  any(args: Args, at: number): Value {
    return at < args.length ? args[at] : this.fail(at, "value expected")
  }

  number(args: Args, at: number): number {
    const value = args[at]
    return typeof value === "number" ? value : this.machine.toNumber(value) ?? this.wrongType(args, at, "number")
  }

  /** A number without its fraction. */
  integer(args: Args, at: number): number {
    const n = this.number(args, at)
    return Number.isSafeInteger(n) ? n : Number(toInt64(n))
  }

  /** An integer of 32 bits. */
  int32(args: Args, at: number): number {
    const n = this.number(args, at)
    return (n | 0) === n ? n : Number(BigInt.asIntN(32, toInt64(n)))
  }

  optionalInteger(args: Args, at: number, otherwise: number): number {
    return args[at] === undefined ? otherwise : this.integer(args, at)
  }

  optionalInt32(args: Args, at: number, otherwise: number): number {
    return args[at] === undefined ? otherwise : this.int32(args, at)
  }

  string(args: Args, at: number): string {
    const value = args[at]
    return typeof value === "string"
      ? value
      : typeof value === "number"
      ? numberText(value)
      : this.wrongType(args, at, "string")
  }

  optionalString(args: Args, at: number, otherwise: string): string {
    return args[at] === undefined ? otherwise : this.string(args, at)
  }

  table(args: Args, at: number): Table {
    const value = args[at]
    return value instanceof Table ? value : this.wrongType(args, at, "table")
  }

  callable(args: Args, at: number): Closure | Native {
    const value = args[at]
    return isFunction(value) ? value : this.wrongType(args, at, "function")
  }

  /** Changes a table, unless it is protected. */
  rawSet(table: Table, key: Value, value: Value): void {
    if (table.readonly) return this.machine.fail("Attempt to modify a readonly table")
    if (key === undefined) return this.machine.fail("table index is nil")
    if (typeof key === "number" && Number.isNaN(key)) return this.machine.fail("table index is NaN")
    table.set(key, value)
  }
}

/** A table of native functions. */
export const library = (functions: Readonly<Record<string, NativeBody>>): Table => {
  const table = new Table()
  for (const [name, body] of Object.entries(functions)) table.set(name, new Native(body))
  return table
}
