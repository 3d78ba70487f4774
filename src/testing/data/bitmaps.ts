/**
 * The bitmap commands of a server in memory. A string has one byte per character.
 */
import { Buffer, constants } from "node:buffer"
import type { Keyspace } from "../Keyspace.ts"
import type { Reply } from "../Reply.ts"
import { big, type Definition, fail, first, group, int, type Scene, syntaxError } from "./command.ts"

const define = group("bitmap")

const maxBytes = 512 * 1024 * 1024

const notOffset = "bit offset is not an integer or out of range"

/** The offset of a bit; `#n` is the n-th integer of that many bits. */
const bitOffset = (text: string, bits = 0): number => {
  const isMultiple = bits > 0 && text.startsWith("#")
  const offset = big(isMultiple ? text.slice(1) : text, notOffset) * BigInt(isMultiple ? bits : 1)
  return offset < 0n || offset >> 3n >= BigInt(maxBytes) ? fail(notOffset) : Number(offset)
}

const bitOf = (text: string, at: number): 0 | 1 =>
  (text.charCodeAt(Math.floor(at / 8)) >> (7 - at % 8) & 1) === 1 ? 1 : 0

/** The bytes of a string, with zeros up to a length. JavaScript's strings are a little shorter than 512 MB. */
const bytesOf = (text: string, length = text.length): Buffer => {
  if (length > constants.MAX_STRING_LENGTH) return fail("not enough memory")
  const bytes = Buffer.alloc(Math.max(length, text.length))
  bytes.write(text, "latin1")
  return bytes
}

const textOf = (bytes: Buffer): string => bytes.toString("latin1")

const change = (db: Keyspace, key: string, value: string, now: number): void =>
  db.put(key, "string", value, db.get(key, now)?.expiresAt, true)

const setBits = (bytes: Uint8Array, at: number, bits: number, value: bigint): void => {
  for (let i = 0; i < bits; i++) {
    const [byte, mask] = [Math.floor((at + i) / 8), 128 >> ((at + i) % 8)]
    if ((value >> BigInt(bits - 1 - i) & 1n) === 1n) bytes[byte]! |= mask
    else bytes[byte]! &= ~mask
  }
}

const isByteUnit = (unit: string | undefined): boolean => {
  const word = unit?.toUpperCase() ?? "BYTE"
  return word === "BYTE" || (word === "BIT" ? false : syntaxError())
}

// -----------------------------------------------------------------------------
// Bitfields
// -----------------------------------------------------------------------------

type Overflow = "WRAP" | "SAT" | "FAIL"

interface FieldOperation {
  readonly name: string
  readonly isSigned: boolean
  readonly bits: number
  readonly at: number
  readonly value: bigint
  readonly overflow: Overflow
}

const fieldOperations = (args: ReadonlyArray<string>): ReadonlyArray<FieldOperation> => {
  const operations: Array<FieldOperation> = []
  let overflow: Overflow = "WRAP"
  for (let i = 2; i < args.length; i++) {
    const name = args[i]!.toUpperCase()
    const left = args.length - i - 1
    if (name === "OVERFLOW" && left >= 1) {
      const what = args[++i]!.toUpperCase()
      if (what !== "WRAP" && what !== "SAT" && what !== "FAIL") return fail("Invalid OVERFLOW type specified")
      overflow = what
      continue
    }
    const isGet = name === "GET" && left >= 2
    if (!isGet && !((name === "SET" || name === "INCRBY") && left >= 3)) return syntaxError()
    const type = args[i + 1]!
    const bits = /^[iu]\d+$/.test(type) ? Number(type.slice(1)) : 0
    const isSigned = type.startsWith("i")
    if (bits < 1 || bits > (isSigned ? 64 : 63)) {
      return fail(
        "Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
      )
    }
    const at = bitOffset(args[i + 2]!, bits)
    const value = isGet ? 0n : big(args[i + 3]!)
    operations.push({ name, isSigned, bits, at, value, overflow })
    i += isGet ? 2 : 3
  }
  return operations
}

const fieldAt = (bytes: Uint8Array, { at, bits, isSigned }: FieldOperation): bigint => {
  let value = 0n
  for (let i = at; i < at + bits; i++) {
    const byte = bytes[Math.floor(i / 8)] ?? 0
    value = value << 1n | BigInt(byte >> (7 - i % 8) & 1)
  }
  return isSigned ? BigInt.asIntN(bits, value) : value
}

/** The value that fits, or null if it does not and the operation fails. */
const fitting = ({ bits, isSigned, overflow }: FieldOperation, value: bigint): bigint | null => {
  const [least, most] = isSigned
    ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n]
    : [0n, (1n << BigInt(bits)) - 1n]
  if (value >= least && value <= most) return value
  if (overflow === "FAIL") return null
  if (overflow === "SAT") return value < least ? least : most
  return isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
}

const bitfield = ({ db, now }: Scene, args: ReadonlyArray<string>, readonly: boolean): Reply => {
  const operations = fieldOperations(args)
  const key = args[1]!
  const writes = operations.filter(({ name }) => name !== "GET")
  if (writes.length > 0 && readonly) return fail("BITFIELD_RO only supports the GET subcommand")
  const old = db.read(key, "string", now) ?? ""
  const end = writes.reduce((most, { at, bits }) => Math.max(most, at + bits), 0)
  const bytes = bytesOf(old, Math.ceil(end / 8))
  const grows = bytes.length > old.length
  let changes = 0
  const replies = operations.map((operation): Reply => {
    const before = fieldAt(bytes, operation)
    if (operation.name === "GET") return before
    // An unsigned field reads a negative value as a very large one.
    const given = operation.isSigned ? operation.value : BigInt.asUintN(64, operation.value)
    const next = fitting(operation, operation.name === "SET" ? given : before + operation.value)
    if (next === null) return null
    setBits(bytes, operation.at, operation.bits, next)
    if (grows || next !== before) changes++
    return operation.name === "SET" ? before : next
  })
  if (changes > 0 || (writes.length > 0 && grows)) change(db, key, textOf(bytes), now)
  return replies
}

// -----------------------------------------------------------------------------
// Operations on whole strings
// -----------------------------------------------------------------------------

const combine = (operation: string, [one = 0, ...others]: ReadonlyArray<number>): number => {
  const any = others.reduce((a, b) => a | b, 0)
  switch (operation) {
    case "NOT":
      return ~one
    case "AND":
      return others.reduce((a, b) => a & b, one)
    case "OR":
      return one | any
    case "XOR":
      return others.reduce((a, b) => a ^ b, one)
    case "DIFF":
      return one & ~any
    case "DIFF1":
      return ~one & any
    case "ANDOR":
      return one & any
    default: {
      let [once, twice] = [one, 0]
      for (const other of others) {
        twice |= once & other
        once = (once | other) & ~twice
      }
      return once
    }
  }
}

export const bitmaps: ReadonlyArray<Definition> = [
  define("getbit", 3, "read fast", first, ({ db, now }, [, key, offset]) => {
    const at = bitOffset(offset!)
    return bitOf(db.read(key!, "string", now) ?? "", at)
  }),
  define("setbit", 4, "write denyoom", first, ({ db, now }, [, key, offset, text]) => {
    const at = bitOffset(offset!)
    const wrong = "bit is not an integer or out of range"
    const bit = int(text!, wrong)
    if (bit !== 0 && bit !== 1) return fail(wrong)
    const old = db.read(key!, "string", now)
    const before = bitOf(old ?? "", at)
    const bytes = bytesOf(old ?? "", Math.floor(at / 8) + 1)
    if (before === bit && old?.length === bytes.length) return before
    setBits(bytes, at, 1, BigInt(bit))
    change(db, key!, textOf(bytes), now)
    return before
  }),
  define("bitcount", -2, "read", first, ({ db, now }, args) => {
    const value = db.read(args[1]!, "string", now)
    if (value === undefined) return 0
    if (args.length !== 2 && args.length !== 4 && args.length !== 5) return syntaxError()
    let [from, to] = [0, value.length * 8 - 1]
    if (args.length > 2) {
      let [start, end] = [int(args[2]!), int(args[3]!)]
      if (start < 0 && end < 0 && start > end) return 0
      const unit = isByteUnit(args[4]) ? 8 : 1
      const total = value.length * 8 / unit
      start = Math.max(0, start < 0 ? total + start : start)
      end = Math.min(total - 1, Math.max(0, end < 0 ? total + end : end))
      if (start > end) return 0
      ;[from, to] = [start * unit, end * unit + unit - 1]
    }
    let count = 0
    for (let i = from; i <= to; i++) count += bitOf(value, i)
    return count
  }),
  define("bitpos", -3, "read", first, ({ db, now }, args) => {
    const bit = int(args[2]!)
    if (bit !== 0 && bit !== 1) return fail("The bit argument must be 1 or 0.")
    const value = db.read(args[1]!, "string", now)
    if (value === undefined) return bit === 1 ? -1 : 0
    if (args.length > 6) return syntaxError()
    let start = args.length > 3 ? int(args[3]!) : 0
    const unit = isByteUnit(args[5]) ? 8 : 1
    const total = value.length * 8 / unit
    let end = args.length > 4 ? int(args[4]!) : total - 1
    start = Math.max(0, start < 0 ? total + start : start)
    end = Math.min(total - 1, Math.max(0, end < 0 ? total + end : end))
    if (start > end) return -1
    for (let i = start * unit; i < (end + 1) * unit; i++) if (bitOf(value, i) === bit) return i
    return bit === 1 || args.length > 4 ? -1 : value.length * 8
  }),
  define("bitop", -4, "write denyoom", (args) => args.slice(2), ({ db, now }, args) => {
    const operation = args[1]!.toUpperCase()
    if (!["AND", "OR", "XOR", "NOT", "DIFF", "DIFF1", "ANDOR", "ONE"].includes(operation)) return syntaxError()
    if (operation === "NOT" && args.length !== 4) return fail("BITOP NOT must be called with a single source key.")
    const sources = args.slice(3).map((key) => db.read(key, "string", now) ?? "")
    const length = Math.max(...sources.map((source) => source.length))
    if (length === 0) {
      db.delete(args[2]!, now)
      return 0
    }
    const result = Buffer.alloc(length)
    for (let i = 0; i < length; i++) {
      result[i] = combine(operation, sources.map((source) => i < source.length ? source.charCodeAt(i) : 0))
    }
    db.put(args[2]!, "string", textOf(result), Infinity, true)
    return length
  }),
  define("bitfield", -2, "write denyoom", first, (scene, args) => bitfield(scene, args, false)),
  define("bitfield_ro", -2, "read fast", first, (scene, args) => bitfield(scene, args, true))
]
