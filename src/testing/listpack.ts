/**
 * Listpacks: the compact lists of strings and integers that real servers keep small values in. A server in memory needs
 * them for dumps (data/rdb.ts), and for how much of a stream lies together (StreamValue.ts).
 *
 * Source of the format: listpack.c of Redis 7.0.
 */
/** A 64-bit integer in its only spelling, or undefined. */
export const parseInteger = (text: string): bigint | undefined => {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return undefined
  const n = BigInt(text)
  return BigInt.asIntN(64, n) === n ? n : undefined
}

const chars = (...bytes: ReadonlyArray<number>): string => String.fromCharCode(...bytes)

/** The lowest bytes of an integer, the least significant one first. */
export const littleEndian = (n: bigint, count: number): string =>
  Array.from({ length: count }, (_, i) => chars(Number((n >> BigInt(8 * i)) & 0xffn))).join("")

/** The integer that some bytes make, the least significant one first. */
export const fromLittleEndian = (bytes: string): bigint => {
  let n = 0n
  for (let i = bytes.length - 1; i >= 0; i--) n = (n << 8n) | BigInt(bytes.charCodeAt(i))
  return n
}

const fits = (n: bigint, bits: number): boolean => BigInt.asIntN(bits, n) === n

const integer = (n: bigint): string => {
  if (n >= 0n && n < 128n) return chars(Number(n))
  if (fits(n, 13)) {
    const bits = Number(BigInt.asUintN(13, n))
    return chars(0xc0 | (bits >> 8), bits & 0xff)
  }
  const [head, bytes] = fits(n, 16) ? [0xf1, 2] : fits(n, 24) ? [0xf2, 3] : fits(n, 32) ? [0xf3, 4] : [0xf4, 8]
  return chars(head!) + littleEndian(n, bytes!)
}

const string = (text: string): string =>
  text.length < 64
    ? chars(0x80 | text.length) + text
    : text.length < 4096
    ? chars(0xe0 | (text.length >> 8), text.length & 0xff) + text
    : chars(0xf0) + littleEndian(BigInt(text.length), 4) + text

/** The length of an element, to be read backwards: the most significant part first, all but that one marked. */
const backwards = (length: number): string => {
  let out = chars(length & 127)
  if (length >= 128) {
    const parts: Array<number> = []
    for (let left = length; left > 0; left >>= 7) parts.unshift((left & 127) | 128)
    parts[0]! &= 127
    out = chars(...parts)
  }
  return out
}

/** An element; a text that spells an integer is kept as one. */
const encodeElement = (element: string | bigint): string => {
  const n = typeof element === "bigint" ? element : parseInteger(element)
  const data = n === undefined ? string(element as string) : integer(n)
  return data + backwards(data.length)
}

/** How many bytes elements have. */
export const listpackSize = (elements: ReadonlyArray<string | bigint>): number =>
  elements.reduce((sum, element) => sum + encodeElement(element).length, 0)

/** How many bytes a listpack has beside its elements. */
export const listpackFrame = 7

/** A listpack of texts and integers. */
export const encodeListpack = (elements: ReadonlyArray<string | bigint>): string => {
  const body = elements.map(encodeElement).join("")
  const count = Math.min(elements.length, 0xffff)
  return littleEndian(BigInt(body.length + listpackFrame), 4) + littleEndian(BigInt(count), 2) + body + "\xff"
}

/** How many bytes the length of an element takes. */
const backwardsSize = (length: number): number =>
  length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : length < 268_435_456 ? 4 : 5

/** The elements of a listpack as text; undefined for what is none. */
export const decodeListpack = (bytes: string): Array<string> | undefined => {
  const elements: Array<string> = []
  let at = 6
  while (at < bytes.length) {
    const head = bytes.charCodeAt(at)
    if (head === 0xff) return at === bytes.length - 1 ? elements : undefined
    const next = bytes.charCodeAt(at + 1)
    let size: number
    if (head < 0x80) {
      size = 1
      elements.push(String(head))
    } else if (head < 0xc0) {
      size = 1 + (head & 63)
      elements.push(bytes.slice(at + 1, at + size))
    } else if (head < 0xe0) {
      size = 2
      elements.push(String(BigInt.asIntN(13, BigInt(((head & 31) << 8) | next))))
    } else if (head < 0xf0) {
      size = 2 + (((head & 15) << 8) | next)
      elements.push(bytes.slice(at + 2, at + size))
    } else if (head === 0xf0) {
      size = 5 + Number(fromLittleEndian(bytes.slice(at + 1, at + 5)))
      elements.push(bytes.slice(at + 5, at + size))
    } else {
      const width = [2, 3, 4, 8][head - 0xf1]
      if (width === undefined) return undefined
      size = 1 + width
      elements.push(String(BigInt.asIntN(8 * width, fromLittleEndian(bytes.slice(at + 1, at + size)))))
    }
    at += size + backwardsSize(size)
  }
  return undefined
}
