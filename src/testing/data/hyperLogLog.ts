/**
 * The HyperLogLog commands of a server in memory, with Redis's hash, registers and
 * estimate. It stores all of them in the dense form.
 */
import { Failure, ok } from "../Reply.ts"
import { type Definition, first, group, rest, type Scene } from "./command.ts"

const define = group("hyperloglog")

const registers = 1 << 14
/** The bits of a hash that are left for the count of zeros. */
const hashBits = 50
const header = `HYLL\0${"\0".repeat(11)}`
const length = header.length + registers * 6 / 8

const mask64 = (1n << 64n) - 1n
const multiplier = 0xc6a4a7935bd1e995n

/** MurmurHash64A, with Redis's seed. */
const hash = (text: string): bigint => {
  const mix = (k: bigint): bigint => {
    const a = k * multiplier & mask64
    return (a ^ a >> 47n) * multiplier & mask64
  }
  const word = (from: number, to: number): bigint => {
    let k = 0n
    for (let i = to - 1; i >= from; i--) k = k << 8n | BigInt(text.charCodeAt(i))
    return k
  }
  const whole = text.length - text.length % 8
  let h = 0xadc83b19n ^ (BigInt(text.length) * multiplier & mask64)
  for (let i = 0; i < whole; i += 8) h = (h ^ mix(word(i, i + 8))) * multiplier & mask64
  if (whole < text.length) h = (h ^ word(whole, text.length)) * multiplier & mask64
  h = (h ^ h >> 47n) * multiplier & mask64
  return h ^ h >> 47n
}

/** The register of an element, and what it counts: the zeros at the end of its hash, and one. */
const placeOf = (element: string): readonly [register: number, count: number] => {
  const hashed = hash(element)
  let rest = hashed >> 14n | 1n << BigInt(hashBits)
  let count = 1
  for (; (rest & 1n) === 0n; rest >>= 1n) count++
  return [Number(hashed & BigInt(registers - 1)), count]
}

const read = ({ db, now }: Scene, key: string): Uint8Array | undefined => {
  const text = db.read(key, "string", now)
  if (text === undefined) return undefined
  if (!text.startsWith("HYLL\0") || text.length !== length) {
    throw new Failure("WRONGTYPE Key is not a valid HyperLogLog string value.")
  }
  const counts = new Uint8Array(registers)
  for (let i = 0; i < registers; i++) {
    const at = header.length + Math.floor(i * 6 / 8)
    const shift = i * 6 % 8
    counts[i] = (text.charCodeAt(at) >> shift | (text.charCodeAt(at + 1) || 0) << (8 - shift)) & 63
  }
  return counts
}

const write = ({ db, now }: Scene, key: string, counts: Uint8Array): void => {
  const bytes = new Uint8Array(length - header.length + 1)
  for (let i = 0; i < registers; i++) {
    const at = Math.floor(i * 6 / 8)
    const shift = i * 6 % 8
    bytes[at]! |= counts[i]! << shift
    bytes[at + 1]! |= counts[i]! >> (8 - shift)
  }
  const parts = [header]
  for (let i = 0; i < bytes.length - 1; i += 4096) parts.push(String.fromCharCode(...bytes.slice(i, i + 4096)))
  db.put(key, "string", parts.join("").slice(0, length), db.get(key, now)?.expiresAt, true)
}

const merge = (into: Uint8Array, other: Uint8Array): void => {
  for (let i = 0; i < registers; i++) into[i] = Math.max(into[i]!, other[i]!)
}

const tau = (start: number): number => {
  if (start === 0 || start === 1) return 0
  let [x, y, z, before] = [start, 1, 1 - start, NaN]
  do {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) ** 2 * y
  } while (before !== z)
  return z / 3
}

const sigma = (start: number): number => {
  if (start === 1) return Infinity
  let [x, y, z, before] = [start, 1, start, NaN]
  do {
    x *= x
    before = z
    z += x * y
    y += y
  } while (before !== z)
  return z
}

/** Ertl's estimate from how often each count occurs. */
const estimate = (counts: Uint8Array): number => {
  const histogram = new Array<number>(64).fill(0)
  for (const count of counts) histogram[count]!++
  let z = registers * tau((registers - histogram[hashBits + 1]!) / registers)
  for (let i = hashBits; i >= 1; i--) z = (z + histogram[i]!) * 0.5
  z += registers * sigma(histogram[0]! / registers)
  return Math.round(0.7213475204444817 * registers * registers / z)
}

export const hyperLogLogs: ReadonlyArray<Definition> = [
  define("pfadd", -2, "write denyoom fast", first, (scene, args) => {
    const known = read(scene, args[1]!)
    const counts = known ?? new Uint8Array(registers)
    let hasChanged = known === undefined
    for (const element of args.slice(2)) {
      const [register, count] = placeOf(element)
      if (counts[register]! >= count) continue
      counts[register] = count
      hasChanged = true
    }
    if (hasChanged) write(scene, args[1]!, counts)
    return hasChanged ? 1 : 0
  }),
  define("pfcount", -2, "read", rest, (scene, args) => {
    const all = new Uint8Array(registers)
    for (const key of args.slice(1)) merge(all, read(scene, key) ?? new Uint8Array(registers))
    return estimate(all)
  }),
  define("pfmerge", -2, "write denyoom", rest, (scene, args) => {
    const all = new Uint8Array(registers)
    for (const key of args.slice(1)) merge(all, read(scene, key) ?? new Uint8Array(registers))
    write(scene, args[1]!, all)
    return ok
  })
]
