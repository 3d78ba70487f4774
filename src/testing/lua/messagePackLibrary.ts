/**
 * The library `cmsgpack` of servers: values as MessagePack, and back.
 */
import { Arguments, library } from "./arguments.ts"
import type { Machine } from "./machine.ts"
import { toInt64 } from "./numbers.ts"
import { Table, type Value } from "./values.ts"

/** Deeper tables are packed as nil. */
const maxNesting = 16

const view = new DataView(new ArrayBuffer(8))
const bytes = (count: number): string =>
  Array.from({ length: count }, (_, i) => String.fromCharCode(view.getUint8(i))).join("")
const byte = (n: number): string => String.fromCharCode(n & 0xff)
const two = (n: number): string => byte(n >>> 8) + byte(n)
const four = (n: number): string => two(n >>> 16) + two(n & 0xffff)

const packNumber = (n: number): string => {
  // Integers, as far as the library recognises them.
  if (!Number.isFinite(n) || !Number.isInteger(n) || n < -(2 ** 63) || n >= 2 ** 63) {
    view.setFloat32(0, n)
    if (view.getFloat32(0) === n) return `\xca${bytes(4)}`
    view.setFloat64(0, n)
    return `\xcb${bytes(8)}`
  }
  if (n >= 0) {
    if (n <= 127) return byte(n)
    if (n <= 0xff) return `\xcc${byte(n)}`
    if (n <= 0xffff) return `\xcd${two(n)}`
    if (n <= 0xffffffff) return `\xce${four(n)}`
    view.setBigUint64(0, toInt64(n))
    return `\xcf${bytes(8)}`
  }
  if (n >= -32) return byte(n)
  if (n >= -128) return `\xd0${byte(n)}`
  if (n >= -32768) return `\xd1${two(n)}`
  if (n >= -2147483648) return `\xd2${four(n)}`
  view.setBigInt64(0, toInt64(n))
  return `\xd3${bytes(8)}`
}

const packText = (text: string): string => {
  const { length } = text
  const head = length < 32
    ? byte(0xa0 | length)
    : length <= 0xff
    ? `\xd9${byte(length)}`
    : length <= 0xffff
    ? `\xda${two(length)}`
    : `\xdb${four(length)}`
  return head + text
}

const packLength = (length: number, short: number, long: number): string =>
  length <= 15
    ? byte(short | length)
    : length <= 0xffff
    ? byte(long) + two(length)
    : byte(long + 1) + four(length)

const isArray = (entries: ReadonlyArray<readonly [Value, Value]>): boolean => {
  let most = 0
  for (const [key] of entries) {
    if (typeof key !== "number" || key <= 0 || (key | 0) !== key) return false
    if (key > most) most = key
  }
  return most === entries.length
}

const pack = (machine: Machine, value: Value, level: number): string => {
  machine.spend(1)
  switch (typeof value) {
    case "string":
      machine.spend(value.length >> 6)
      return packText(value)
    case "boolean":
      return value ? "\xc3" : "\xc2"
    case "number":
      return packNumber(value)
  }
  if (!(value instanceof Table) || level === maxNesting) return "\xc0"
  const entries = value.entries()
  if (isArray(entries)) {
    const { length } = value
    const items: Array<string> = []
    for (let i = 1; i <= length; i++) items.push(pack(machine, machine.index(value, i), level + 1))
    return packLength(length, 0x90, 0xdc) + items.join("")
  }
  return packLength(entries.length, 0x80, 0xde) +
    entries.map(([key, item]) => pack(machine, key, level + 1) + pack(machine, item, level + 1)).join("")
}

class Unpacker {
  private readonly machine: Machine
  private readonly check: Arguments
  private readonly text: string
  at: number

  constructor(machine: Machine, check: Arguments, text: string, at: number) {
    this.machine = machine
    this.check = check
    this.text = text
    this.at = at
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length
  }

  private take(count: number): string {
    if (count > this.text.length - this.at) return this.machine.error("Missing bytes in input.")
    const taken = this.text.slice(this.at, this.at + count)
    this.at += count
    return taken
  }

  private fill(count: number): void {
    const taken = this.take(count)
    for (let i = 0; i < count; i++) view.setUint8(i, taken.charCodeAt(i))
  }

  private unsigned(count: number): number {
    const taken = this.take(count)
    let n = 0
    for (let i = 0; i < count; i++) n = n * 256 + taken.charCodeAt(i)
    return n
  }

  value(): Value {
    this.machine.spend(1)
    const head = this.unsigned(1)
    switch (head) {
      case 0xc0:
        return undefined
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xca:
        this.fill(4)
        return view.getFloat32(0)
      case 0xcb:
        this.fill(8)
        return view.getFloat64(0)
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.unsigned(2 ** (head - 0xcc))
      case 0xcf:
        this.fill(8)
        // The library gives unsigned integers to Lua as signed ones.
        return Number(view.getBigInt64(0))
      case 0xd0:
        this.fill(1)
        return view.getInt8(0)
      case 0xd1:
        this.fill(2)
        return view.getInt16(0)
      case 0xd2:
        this.fill(4)
        return view.getInt32(0)
      case 0xd3:
        this.fill(8)
        return Number(view.getBigInt64(0))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.take(this.unsigned(2 ** (head - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.array(this.unsigned(2 ** (head - 0xdb)))
      case 0xde:
      case 0xdf:
        return this.map(this.unsigned(2 ** (head - 0xdd)))
    }
    if (head < 0x80) return head
    if (head >= 0xe0) return head - 256
    if ((head & 0xe0) === 0xa0) return this.take(head & 31)
    if ((head & 0xf0) === 0x90) return this.array(head & 15)
    if ((head & 0xf0) === 0x80) return this.map(head & 15)
    return this.machine.error("Bad data format in input.")
  }

  private array(length: number): Table {
    this.machine.allocate()
    const table = new Table()
    for (let i = 1; i <= length; i++) this.check.rawSet(table, i, this.value())
    return table
  }

  private map(length: number): Table {
    this.machine.allocate()
    const table = new Table()
    for (let i = 0; i < length; i++) {
      const key = this.value()
      this.check.rawSet(table, key, this.value())
    }
    return table
  }
}

export const messagePackLibrary = (machine: Machine): Table => {
  const check = new Arguments(machine)
  const unpack = (args: ReadonlyArray<Value>, limit: number, offset: number): Array<Value> => {
    const text = check.string(args, 0)
    if (offset < 0 || limit < 0) {
      return machine.error(`Invalid request to unpack with offset of ${offset} and limit of ${text.length}.`)
    }
    if (offset > text.length) {
      return machine.error(`Start offset ${offset} greater than input length ${text.length}.`)
    }
    const isAll = limit === 0 && offset === 0
    const unpacker = new Unpacker(machine, check, text, offset)
    const values: Array<Value> = []
    while (!unpacker.isAtEnd && (isAll || values.length < limit)) values.push(unpacker.value())
    return isAll ? values : [unpacker.isAtEnd ? -1 : unpacker.at, ...values]
  }
  const table = library({
    pack: (args) => {
      if (args.length === 0) return check.fail(-1, "MessagePack pack needs input.")
      return [args.map((value) => pack(machine, value, 0)).join("")]
    },
    unpack: (args) => unpack(args, 0, 0),
    unpack_limit: (args) => {
      const limit = check.integer(args, 1)
      return unpack(args, limit, check.optionalInteger(args, 2, 0))
    },
    unpack_one: (args) => unpack(args, 1, check.optionalInteger(args, 1, 0))
  })
  table.set("_NAME", "cmsgpack")
  table.set("_VERSION", "lua-cmsgpack 0.4.0")
  table.set("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo")
  table.set("_DESCRIPTION", "MessagePack C implementation for Lua")
  return table
}
