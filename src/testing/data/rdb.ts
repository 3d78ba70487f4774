/**
 * The parts that dumps of a server in memory are made of: lengths, strings and numbers in the format
 * of RDB files. What a dump of a value is made of is in dump.ts and streamDump.ts.
 *
 * Source of the format: rdb.h and rdb.c of Redis 7.0, lzf_d.c for compressed strings.
 */
import { decodeListpack, fromLittleEndian, littleEndian } from "../listpack.ts"
import { Failure } from "../Reply.ts"

const bigEndian = (n: bigint, count: number): string => Array.from(littleEndian(n, count)).reverse().join("")

/** A length, which may be any number of 64 bits. */
export const length = (given: number | bigint): string => {
  const n = BigInt.asUintN(64, BigInt(given))
  if (n < 64n) return bigEndian(n, 1)
  if (n < 16_384n) return bigEndian(0x4000n | n, 2)
  return n < 1n << 32n ? `\x80${bigEndian(n, 4)}` : `\x81${bigEndian(n, 8)}`
}

export const text = (s: string): string => length(s.length) + s

export const double = (n: number): string => {
  const bytes = new Uint8Array(new Float64Array([n]).buffer)
  return String.fromCharCode(...bytes)
}

/** A time in milliseconds. */
export const millis = (n: number): string => littleEndian(BigInt(Math.floor(n)), 8)

export const badFormat: Failure = new Failure("ERR Bad data format")

/** What LZF has compressed. */
const decompress = (bytes: string, size: number): string => {
  const out: Array<string> = []
  let at = 0
  while (at < bytes.length) {
    const control = bytes.charCodeAt(at++)
    if (control < 32) {
      for (let i = 0; i <= control; i++) out.push(bytes[at++] ?? "")
      continue
    }
    let count = control >> 5
    if (count === 7) count += bytes.charCodeAt(at++)
    const from = out.length - ((control & 31) << 8) - bytes.charCodeAt(at++) - 1
    if (!(from >= 0) || out.length > size) throw badFormat
    for (let i = 0; i < count + 2; i++) out.push(out[from + i]!)
  }
  const text = out.join("")
  if (text.length !== size) throw badFormat
  return text
}

/** Reads the parts of a dump one after another. Throws `badFormat` for what is none. */
export class RdbReader {
  private readonly bytes: string
  private at = 0

  constructor(bytes: string) {
    this.bytes = bytes
  }

  byte(): number {
    return this.take(1).charCodeAt(0)
  }

  take(count: number): string {
    const taken = this.bytes.slice(this.at, this.at + count)
    if (taken.length < count) throw badFormat
    this.at += count
    return taken
  }

  /** The integer of the next bytes, the most significant one first. */
  private bigEndian(count: number): bigint {
    return fromLittleEndian(Array.from(this.take(count)).reverse().join(""))
  }

  /** A length, or the kind of another form of a string. */
  private header(): { readonly length: bigint } | { readonly form: number } {
    const head = this.byte()
    const kind = head >> 6
    if (kind === 0) return { length: BigInt(head & 63) }
    if (kind === 1) return { length: BigInt(((head & 63) << 8) | this.byte()) }
    if (kind === 3) return { form: head & 63 }
    if (head === 0x80) return { length: this.bigEndian(4) }
    if (head === 0x81) return { length: this.bigEndian(8) }
    throw badFormat
  }

  /** A number of 64 bits. */
  unsigned(): bigint {
    const header = this.header()
    if ("form" in header) throw badFormat
    return header.length
  }

  /** How many of something follow. */
  length(): number {
    const n = this.unsigned()
    if (n > BigInt(this.bytes.length - this.at)) throw badFormat
    return Number(n)
  }

  text(): string {
    const header = this.header()
    if ("length" in header) {
      if (header.length > BigInt(this.bytes.length)) throw badFormat
      return this.take(Number(header.length))
    }
    if (header.form === 3) {
      const packed = this.length()
      const size = Number(this.unsigned())
      return decompress(this.take(packed), size)
    }
    const bits = [8, 16, 32][header.form]
    if (bits === undefined) throw badFormat
    return String(BigInt.asIntN(bits, fromLittleEndian(this.take(bits / 8))))
  }

  double(): number {
    const bytes = Uint8Array.from(this.take(8), (c) => c.charCodeAt(0))
    return new Float64Array(bytes.buffer)[0]!
  }

  /** A time in milliseconds. */
  millis(): number {
    return Number(BigInt.asIntN(64, fromLittleEndian(this.take(8))))
  }

  /** The elements of a listpack. */
  listpack(): Array<string> {
    return decodeListpack(this.text()) ?? badListpack()
  }

  many<A>(read: () => A): Array<A> {
    return Array.from({ length: this.length() }, read)
  }

  /** Whether there is nothing left. */
  get isAtEnd(): boolean {
    return this.at === this.bytes.length
  }
}

const badListpack = (): never => {
  throw badFormat
}
