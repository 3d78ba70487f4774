/**
 * Lua's table library.
 */
import { Arguments, library } from "./arguments.ts"
import { LuaError } from "./callStack.ts"
import { isTrue, type Machine } from "./machine.ts"
import { Table, typeOf, type Value } from "./values.ts"

export const tableLibrary = (machine: Machine): Table => {
  const check = new Arguments(machine)
  return library({
    concat: (args) => {
      const table = check.table(args, 0)
      const separator = check.optionalString(args, 1, "")
      const from = check.optionalInt32(args, 2, 1)
      const to = args[3] === undefined ? table.length : check.int32(args, 3)
      const parts: Array<string> = []
      let length = 0
      for (let i = from; i <= to; i++) {
        const value = table.get(i)
        const text = machine.toText(value)
        if (text === undefined) {
          return machine.error(`invalid value (${typeOf(value)}) at index ${i} in table for 'concat'`)
        }
        machine.spend(1 + (text.length >> 6))
        length += text.length + separator.length
        if (length > 2 ** 28) throw new LuaError("not enough memory")
        parts.push(text)
      }
      return [parts.join(separator)]
    },
    foreach: (args) => {
      const table = check.table(args, 0)
      const callee = check.callable(args, 1)
      for (let next = table.next(undefined); next; next = table.next(next[0])) {
        const [value] = machine.call(callee, next)
        if (value !== undefined) return [value]
      }
      return []
    },
    foreachi: (args) => {
      const table = check.table(args, 0)
      const callee = check.callable(args, 1)
      const { length } = table
      for (let i = 1; i <= length; i++) {
        const [value] = machine.call(callee, [i, table.get(i)])
        if (value !== undefined) return [value]
      }
      return []
    },
    getn: (args) => [check.table(args, 0).length],
    insert: (args) => {
      const table = check.table(args, 0)
      let end = table.length + 1
      if (args.length < 2 || args.length > 3) return machine.error("wrong number of arguments to 'insert'")
      let at = end
      if (args.length === 3) {
        at = check.int32(args, 1)
        if (at > end) end = at
        machine.spend(end - at)
        for (let i = end; i > at; i--) check.rawSet(table, i, table.get(i - 1))
      }
      check.rawSet(table, at, args[args.length - 1])
      return []
    },
    maxn: (args) => {
      let most = 0
      for (const [key] of check.table(args, 0).entries()) if (typeof key === "number" && key > most) most = key
      return [most]
    },
    remove: (args) => {
      const table = check.table(args, 0)
      const end = table.length
      const at = check.optionalInt32(args, 1, end)
      if (at < 1 || at > end) return []
      const removed = table.get(at)
      machine.spend(end - at)
      for (let i = at; i < end; i++) check.rawSet(table, i, table.get(i + 1))
      check.rawSet(table, end, undefined)
      return [removed]
    },
    setn: (args) => {
      check.table(args, 0)
      return machine.error("'setn' is obsolete")
    },
    sort: (args) => {
      const table = check.table(args, 0)
      const { length } = table
      const order = args[1] === undefined ? undefined : check.callable(args, 1)
      const less = order === undefined
        ? (a: Value, b: Value): boolean => machine.less(a, b)
        : (a: Value, b: Value): boolean => isTrue(machine.call(order, [a, b])[0])
      sort(machine, check, table, less, 1, length)
      return []
    }
  })
}

/** Quicksort with the choices of the reference implementation, which decide how equal elements come out. */
const sort = (
  machine: Machine,
  check: Arguments,
  table: Table,
  less: (a: Value, b: Value) => boolean,
  from: number,
  to: number
): void => {
  const isLess = (a: Value, b: Value): boolean => {
    machine.spend(1)
    return less(a, b)
  }
  const swap = (i: number, j: number): void => {
    const a = table.get(i)
    check.rawSet(table, i, table.get(j))
    check.rawSet(table, j, a)
  }
  let low = from
  let high = to
  while (low < high) {
    if (isLess(table.get(high), table.get(low))) swap(low, high)
    if (high - low === 1) return
    let i = (low + high) >> 1
    if (isLess(table.get(i), table.get(low))) swap(i, low)
    else if (isLess(table.get(high), table.get(i))) swap(i, high)
    if (high - low === 2) return
    const pivot = table.get(i)
    swap(i, high - 1)
    i = low
    let j = high - 1
    for (;;) {
      while (isLess(table.get(++i), pivot)) if (i > high) machine.error("invalid order function for sorting")
      while (isLess(pivot, table.get(--j))) if (j < low) machine.error("invalid order function for sorting")
      if (j < i) break
      swap(i, j)
    }
    swap(high - 1, i)
    // The smaller part first.
    if (i - low < high - i) {
      sort(machine, check, table, less, low, i - 1)
      low = i + 1
    } else {
      sort(machine, check, table, less, i + 1, high)
      high = i - 1
    }
  }
}
