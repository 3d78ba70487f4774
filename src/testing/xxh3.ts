/**
 * The hash XXH3 with 64 bits and no seed, which DIGEST returns. Bytes are the characters of
 * a string.
 */

const mask = 2n ** 64n - 1n

const prime32 = [0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn] as const
const prime64 = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n
] as const
const mix1 = 0x165667919e3779f9n
const mix2 = 0x9fb21c651e98df25n

/** The default secret of the algorithm. */
const secret = Array.from(
  (
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248e" +
    "e03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d8a" +
    "51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8f" +
    "f8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
  ).match(/../g)!,
  (byte) => String.fromCharCode(parseInt(byte, 16))
).join("")

const read = (bytes: string, at: number, size: number): bigint => {
  let out = 0n
  for (let i = size - 1; i >= 0; i--) out = out << 8n | BigInt(bytes.charCodeAt(at + i))
  return out
}
const read32 = (bytes: string, at: number): bigint => read(bytes, at, 4)
const read64 = (bytes: string, at: number): bigint => read(bytes, at, 8)

const rotated = (n: bigint, by: bigint): bigint => (n << by | n >> (64n - by)) & mask

const swapped = (n: bigint): bigint => {
  let out = 0n
  for (let i = 0n; i < 64n; i += 8n) out = out << 8n | (n >> i & 0xffn)
  return out
}

const folded = (a: bigint, b: bigint): bigint => {
  const product = a * b
  return product & mask ^ product >> 64n
}

const avalanche = (h: bigint): bigint => {
  const mixed = (h ^ h >> 37n) * mix1 & mask
  return mixed ^ mixed >> 32n
}

const avalancheOfXxh64 = (h: bigint): bigint => {
  const first = (h ^ h >> 33n) * prime64[1] & mask
  const second = (first ^ first >> 29n) * prime64[2] & mask
  return second ^ second >> 32n
}

const mix16 = (bytes: string, at: number, secretAt: number): bigint =>
  folded(read64(bytes, at) ^ read64(secret, secretAt), read64(bytes, at + 8) ^ read64(secret, secretAt + 8))

const upTo16 = (bytes: string): bigint => {
  const length = bytes.length
  if (length === 0) return avalancheOfXxh64(read64(secret, 56) ^ read64(secret, 64))
  if (length <= 3) {
    const [a, b, c] = [bytes.charCodeAt(0), bytes.charCodeAt(length >> 1), bytes.charCodeAt(length - 1)]
    const combined = BigInt(a << 16 | c | length << 8) | BigInt(b) << 24n
    return avalancheOfXxh64(combined ^ read32(secret, 0) ^ read32(secret, 4))
  }
  if (length <= 8) {
    const keyed = (read32(bytes, length - 4) + (read32(bytes, 0) << 32n)) ^ read64(secret, 8) ^ read64(secret, 16)
    const first = (keyed ^ rotated(keyed, 49n) ^ rotated(keyed, 24n)) * mix2 & mask
    const second = (first ^ (first >> 35n) + BigInt(length)) * mix2 & mask
    return second ^ second >> 28n
  }
  const low = read64(bytes, 0) ^ read64(secret, 24) ^ read64(secret, 32)
  const high = read64(bytes, length - 8) ^ read64(secret, 40) ^ read64(secret, 48)
  return avalanche(BigInt(length) + swapped(low) + high + folded(low, high) & mask)
}

const upTo128 = (bytes: string): bigint => {
  const length = bytes.length
  let sum = BigInt(length) * prime64[0]
  for (let i = Math.floor((length - 1) / 32); i >= 0; i--) {
    sum += mix16(bytes, 16 * i, 32 * i) + mix16(bytes, length - 16 * (i + 1), 32 * i + 16)
  }
  return avalanche(sum & mask)
}

const upTo240 = (bytes: string): bigint => {
  const length = bytes.length
  let sum = BigInt(length) * prime64[0]
  for (let i = 0; i < 8; i++) sum += mix16(bytes, 16 * i, 16 * i)
  sum = avalanche(sum & mask)
  for (let i = 8; i < Math.floor(length / 16); i++) sum += mix16(bytes, 16 * i, 16 * (i - 8) + 3)
  return avalanche(sum + mix16(bytes, length - 16, 136 - 17) & mask)
}

const stripe = 64
const stripesPerBlock = (secret.length - stripe) / 8
const block = stripe * stripesPerBlock

const long = (bytes: string): bigint => {
  const sums = [
    prime32[2],
    prime64[0],
    prime64[1],
    prime64[2],
    prime64[3],
    prime32[1],
    prime64[4],
    prime32[0]
  ] as Array<bigint>
  const accumulate = (at: number, secretAt: number): void => {
    for (let i = 0; i < 8; i++) {
      const data = read64(bytes, at + 8 * i)
      const key = data ^ read64(secret, secretAt + 8 * i)
      sums[i ^ 1] = sums[i ^ 1]! + data & mask
      sums[i] = sums[i]! + (key & 0xffffffffn) * (key >> 32n) & mask
    }
  }
  const length = bytes.length
  for (let at = 0, n = 0; at + stripe < length; at += stripe, n++) {
    accumulate(at, n % stripesPerBlock * 8)
    const isEnd = n % stripesPerBlock === stripesPerBlock - 1 &&
      at + stripe < Math.floor((length - 1) / block) * block + 1
    if (isEnd) {
      for (let i = 0; i < 8; i++) {
        const key = read64(secret, secret.length - stripe + 8 * i)
        sums[i] = (sums[i]! ^ sums[i]! >> 47n ^ key) * prime32[0] & mask
      }
    }
  }
  accumulate(length - stripe, secret.length - stripe - 7)
  let out = BigInt(length) * prime64[0]
  for (let i = 0; i < 4; i++) {
    const at = 11 + 16 * i
    out += folded(sums[2 * i]! ^ read64(secret, at), sums[2 * i + 1]! ^ read64(secret, at + 8))
  }
  return avalanche(out & mask)
}

/** The hash of bytes, in 16 hexadecimal digits. */
export const xxh3 = (bytes: string): string => {
  const hash = bytes.length <= 16 ? upTo16 : bytes.length <= 128 ? upTo128 : bytes.length <= 240 ? upTo240 : long
  return hash(bytes).toString(16).padStart(16, "0")
}
