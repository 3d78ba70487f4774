/**
 * DUMP and RESTORE of a server in memory: values in the format of RDB files. It writes the plain
 * encodings, which real servers read too, and reads the compact ones of real servers as well. It
 * neither dumps nor restores vector sets and arrays.
 *
 * Source of the format: rdb.h and rdb.c of Redis 7.0, and of 7.4 for hashes with fields that expire.
 */
import { ArrayValue } from "../ArrayValue.ts"
import { type Entry, Hash, type Keyspace, SortedSet } from "../Keyspace.ts"
import { fromLittleEndian } from "../listpack.ts"
import { Failure, ok, type Reply } from "../Reply.ts"
import { StreamValue } from "../StreamValue.ts"
import { VectorSet } from "../VectorSet.ts"
import { fail, first, float, group, int, type Scene, syntaxError } from "./command.ts"
import { badFormat, double, length, millis, RdbReader, text } from "./rdb.ts"
import { readStream, writeStream } from "./streamDump.ts"

const define = group("generic")

/** RDB version of Redis 7.0. */
const version = 10

/** RDB version of Redis 7.4, which has fields that expire. */
const versionOfExpiringFields = 12

const types = {
  string: 0,
  list: 1,
  set: 2,
  hash: 4,
  zset: 5,
  intSet: 11,
  packedHash: 16,
  packedZset: 17,
  quickList: 18,
  stream: 19,
  packedSet: 20,
  streamWithActivity: 21,
  expiringHash: 24,
  packedExpiringHash: 25
} as const

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

/** Bytes with what follows them in a dump: the version of the format, and a checksum. */
export const seal = (bytes: string, formatVersion = version): string => {
  const body = bytes + String.fromCharCode(formatVersion, 0)
  return body + checksum(body)
}

/** The bytes of a dump. Fails if its checksum is wrong, or its version is later than this one. */
export const unseal = (payload: string, formatVersion = version): string => {
  const footer = payload.length - 10
  if (
    footer < 0 ||
    payload.charCodeAt(footer) + 256 * payload.charCodeAt(footer + 1) > formatVersion ||
    checksum(payload.slice(0, footer + 2)) !== payload.slice(footer + 2)
  ) return fail("DUMP payload version or checksum are wrong")
  return payload.slice(0, footer)
}

/** The type of a value and its bytes. */
const write = (entry: Entry): readonly [type: number, bytes: string] => {
  const value = entry.value
  if (value instanceof VectorSet || value instanceof ArrayValue) {
    return fail("a server in memory does not dump vector sets and arrays")
  }
  if (value instanceof StreamValue) return [types.stream, writeStream(value)]
  if (typeof value === "string") return [types.string, text(value)]
  if (Array.isArray(value)) return [types.list, length(value.length) + value.map(text).join("")]
  if (value instanceof Hash && value.expiries.size > 0) return [types.expiringHash, writeExpiring(value)]
  if (value instanceof Map) {
    return [types.hash, length(value.size) + Array.from(value, ([f, v]) => text(f) + text(v)).join("")]
  }
  if (value instanceof Set) return [types.set, length(value.size) + Array.from(value, text).join("")]
  return [types.zset, length(value.size) + value.ranked.map(([m, score]) => text(m) + double(score)).join("")]
}

/** A hash whose times to live count from the first expiry; 0 is none. */
const writeExpiring = (hash: Hash): string => {
  const earliest = Math.min(...hash.expiries.values())
  return millis(earliest) + length(hash.size) +
    Array.from(hash, ([field, value]) => {
      const at = hash.expiries.get(field)
      return length(at === undefined ? 0 : Math.floor(at) - Math.floor(earliest) + 1) + text(field) + text(value)
    }).join("")
}

const readExpiring = (reader: RdbReader): Hash => {
  const earliest = reader.millis()
  const hash = new Hash()
  for (const _ of Array(reader.length())) {
    const after = Number(reader.unsigned())
    const field = reader.text()
    hash.set(field, reader.text())
    if (after > 0) hash.expiries.set(field, earliest + after - 1)
  }
  return hash
}

/** Triples of a field, its value and its expiry, 0 for none. */
const unpackExpiring = (elements: ReadonlyArray<string>): Hash => {
  const hash = new Hash()
  for (let i = 0; i + 2 < elements.length; i += 3) {
    hash.set(elements[i]!, elements[i + 1]!)
    if (elements[i + 2] !== "0") hash.expiries.set(elements[i]!, Number(elements[i + 2]))
  }
  return hash
}

const pairs = (elements: ReadonlyArray<string>): ReadonlyArray<readonly [string, string]> =>
  elements.length % 2 === 1
    ? fail("Bad data format")
    : Array.from({ length: elements.length / 2 }, (_, i) => [elements[2 * i]!, elements[2 * i + 1]!] as const)

const readIntSet = (bytes: string): Set<string> => {
  const width = Number(fromLittleEndian(bytes.slice(0, 4)))
  const count = Number(fromLittleEndian(bytes.slice(4, 8)))
  if (![2, 4, 8].includes(width) || bytes.length !== 8 + width * count) throw badFormat
  return new Set(Array.from({ length: count }, (_, i) => {
    const from = 8 + i * width
    return String(BigInt.asIntN(8 * width, fromLittleEndian(bytes.slice(from, from + width))))
  }))
}

/** The nodes of a list: one long element (1), or several in a listpack (2). */
const readQuickList = (reader: RdbReader): Array<string> =>
  reader.many(() => {
    const container = reader.length()
    return container === 1 ? [reader.text()] : container === 2 ? reader.listpack() : fail("Bad data format")
  }).flat()

const ofScores = (scores: ReadonlyArray<readonly [member: string, score: number]>): SortedSet =>
  new SortedSet(new Map(scores))

/** Reads a value and gives a function that puts it into a database. */
const readValue = (reader: RdbReader): (db: Keyspace, key: string, expiresAt: number) => void => {
  const type = reader.byte()
  const put = <K extends Entry["kind"]>(kind: K, value: Parameters<typeof Keyspace.prototype.put<K>>[2]) =>
  (
    db: Keyspace,
    key: string,
    expiresAt: number
  ): void => db.put(key, kind, value, expiresAt)
  switch (type) {
    case types.string:
      return put("string", reader.text())
    case types.list:
      return put("list", reader.many(() => reader.text()))
    case types.quickList:
      return put("list", readQuickList(reader))
    case types.set:
      return put("set", new Set(reader.many(() => reader.text())))
    case types.intSet:
      return put("set", readIntSet(reader.text()))
    case types.packedSet:
      return put("set", new Set(reader.listpack()))
    case types.hash:
      return put("hash", Hash.of(reader.many(() => [reader.text(), reader.text()] as const)))
    case types.packedHash:
      return put("hash", Hash.of(pairs(reader.listpack())))
    case types.expiringHash:
      return put("hash", readExpiring(reader))
    case types.packedExpiringHash:
      reader.millis()
      return put("hash", unpackExpiring(reader.listpack()))
    case types.zset:
      return put("zset", ofScores(reader.many(() => [reader.text(), reader.double()] as const)))
    case types.packedZset:
      return put("zset", ofScores(pairs(reader.listpack()).map(([member, score]) => [member, float(score)] as const)))
    case types.stream:
    case types.streamWithActivity:
      return put("stream", readStream(reader, type === types.streamWithActivity))
    default:
      throw badFormat
  }
}

/** The version of the format that a value needs. */
const versionOf = (type: number): number =>
  type === types.expiringHash || type === types.packedExpiringHash ? versionOfExpiringFields : version

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
  const reader = new RdbReader(unseal(payload, versionOf(payload.charCodeAt(0))))
  const put = readValue(reader)
  if (!reader.isAtEnd) throw badFormat
  const expiresAt = ttl === 0 ? Infinity : absolute ? ttl : now + ttl
  db.delete(key, now)
  if (expiresAt > now) put(db, key, expiresAt)
  return ok
}

export const dumps = [
  define("dump", 2, "read", first, ({ db, now }, [, key]) => {
    const entry = db.get(key!, now)
    if (entry === undefined) return null
    const [type, bytes] = write(entry)
    return seal(String.fromCharCode(type) + bytes, versionOf(type))
  }),
  define("restore", -4, "write denyoom", first, restore)
]
