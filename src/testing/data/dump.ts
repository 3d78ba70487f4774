/**
 * DUMP and RESTORE of a server in memory: values in the format of RDB files, in
 * its plain encodings, which real servers read too. Of the dumps of real servers it
 * reads strings, not the compact encodings of collections. It neither dumps nor
 * restores streams, vector sets and arrays.
 *
 * Source of the format: rdb.h and rdb.c of Redis 7.0.
 */
import { ArrayValue } from "../ArrayValue.ts"
import { type Entry, Hash, SortedSet } from "../Keyspace.ts"
import { Failure, ok, type Reply } from "../Reply.ts"
import { StreamValue } from "../StreamValue.ts"
import { VectorSet } from "../VectorSet.ts"
import { fail, first, group, int, type Scene, syntaxError } from "./command.ts"

const define = group("generic")

/** RDB version of Redis 7.0. */
const version = 10

const types = { string: 0, list: 1, set: 2, hash: 4, zset: 5 } as const

const table: ReadonlyArray<bigint> = Array.from({ length: 256 }, (_, n) => {
  let crc = BigInt(n)
  // The polynomial of Jones, 0xad93d23594c935a9, its bits reversed.
  for (let i = 0; i < 8; i++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n
  return crc
})

/** CRC-64 as Redis has it, in little-endian bytes. */
const checksum = (bytes: string): string => {
  let crc = 0n
  for (let i = 0; i < bytes.length; i++) {
    crc = table[Number((crc ^ BigInt(bytes.charCodeAt(i))) & 0xffn)]! ^ (crc >> 8n)
  }
  return Array.from({ length: 8 }, (_, i) => String.fromCharCode(Number((crc >> BigInt(8 * i)) & 0xffn))).join("")
}

const bytesOf = (n: number, count: number): string =>
  Array.from({ length: count }, (_, i) => String.fromCharCode((n >>> (8 * (count - 1 - i))) & 0xff)).join("")

const lengthOf = (n: number): string =>
  n < 64 ? String.fromCharCode(n) : n < 16_384 ? bytesOf(0x4000 | n, 2) : `\x80${bytesOf(n, 4)}`

const text = (s: string): string => lengthOf(s.length) + s

const double = (n: number): string => {
  const bytes = new Uint8Array(new Float64Array([n]).buffer)
  return String.fromCharCode(...bytes)
}

const write = (entry: Entry): string => {
  const value = entry.value
  if (value instanceof StreamValue || value instanceof VectorSet || value instanceof ArrayValue) {
    return fail("a server in memory does not dump streams, vector sets and arrays")
  }
  const type = String.fromCharCode(types[entry.kind as keyof typeof types])
  if (typeof value === "string") return type + text(value)
  if (Array.isArray(value)) return type + lengthOf(value.length) + value.map(text).join("")
  if (value instanceof Map) {
    return type + lengthOf(value.size) + Array.from(value, ([f, v]) => text(f) + text(v)).join("")
  }
  if (value instanceof Set) return type + lengthOf(value.size) + Array.from(value, text).join("")
  return type + lengthOf(value.size) + value.ranked.map(([m, score]) => text(m) + double(score)).join("")
}

const badFormat = new Failure("ERR Bad data format")

class Reader {
  private readonly bytes: string
  private at = 0
  constructor(bytes: string) {
    this.bytes = bytes
  }
  byte(): number {
    if (this.at >= this.bytes.length) throw badFormat
    return this.bytes.charCodeAt(this.at++)
  }
  private number(count: number, littleEndian = false): number {
    const parts = Array.from({ length: count }, () => this.byte())
    return (littleEndian ? parts.reverse() : parts).reduce((n, b) => n * 256 + b, 0)
  }
  /** A length, or, marked by -1 and its kind, a number in place of a string. */
  private header(): readonly [length: number, special: number] {
    const head = this.byte()
    const kind = head >> 6
    if (kind === 0) return [head & 63, -1]
    if (kind === 1) return [((head & 63) << 8) | this.byte(), -1]
    if (kind === 3) return [-1, head & 63]
    if (head === 0x80) return [this.number(4), -1]
    throw badFormat
  }
  length(): number {
    const [length] = this.header()
    if (length < 0) throw badFormat
    return length
  }
  take(length: number): string {
    const taken = this.bytes.slice(this.at, this.at + length)
    if (taken.length < length) throw badFormat
    this.at += length
    return taken
  }
  text(): string {
    const [length, special] = this.header()
    if (length >= 0) return this.take(length)
    const bits = [8, 16, 32][special]
    if (bits === undefined) throw badFormat
    const n = this.number(bits / 8, true)
    return String(n >= 2 ** (bits - 1) ? n - 2 ** bits : n)
  }
  double(): number {
    const bytes = Uint8Array.from(this.take(8), (c) => c.charCodeAt(0))
    return new Float64Array(bytes.buffer)[0]!
  }
  many<A>(read: () => A): Array<A> {
    return Array.from({ length: this.length() }, read)
  }
}

const restore = ({ db, now }: Scene, args: ReadonlyArray<string>): Reply => {
  const [, key, ttlText, payload] = args as [string, string, string, string]
  let replace = false
  let absolute = false
  for (let i = 4; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    if (option === "REPLACE") replace = true
    else if (option === "ABSTTL") absolute = true
    else if ((option === "IDLETIME" || option === "FREQ") && i + 1 < args.length) int(args[++i]!)
    else return syntaxError()
  }
  if (!replace && db.get(key, now) !== undefined) throw new Failure("BUSYKEY Target key name already exists.")
  const ttl = int(ttlText)
  if (ttl < 0) return fail("Invalid TTL value, must be >= 0")
  const footer = payload.length - 10
  if (
    footer < 0 || payload.charCodeAt(footer) + 256 * payload.charCodeAt(footer + 1) > version ||
    checksum(payload.slice(0, footer + 2)) !== payload.slice(footer + 2)
  ) return fail("DUMP payload version or checksum are wrong")
  const reader = new Reader(payload.slice(0, footer))
  const expiresAt = ttl === 0 ? Infinity : absolute ? ttl : now + ttl
  db.delete(key, now)
  if (expiresAt <= now) return ok
  switch (reader.byte()) {
    case types.string:
      db.put(key, "string", reader.text(), expiresAt)
      return ok
    case types.list:
      db.put(key, "list", reader.many(() => reader.text()), expiresAt)
      return ok
    case types.set:
      db.put(key, "set", new Set(reader.many(() => reader.text())), expiresAt)
      return ok
    case types.hash:
      db.put(key, "hash", Hash.of(reader.many(() => [reader.text(), reader.text()] as const)), expiresAt)
      return ok
    case types.zset:
      db.put(
        key,
        "zset",
        new SortedSet(new Map(reader.many(() => [reader.text(), reader.double()] as const))),
        expiresAt
      )
      return ok
    default:
      throw badFormat
  }
}

export const dumps = [
  define("dump", 2, "read", first, ({ db, now }, [, key]) => {
    const entry = db.get(key!, now)
    if (entry === undefined) return null
    const body = write(entry) + String.fromCharCode(version, 0)
    return body + checksum(body)
  }),
  define("restore", -4, "write denyoom", first, restore)
]
