/**
 * The commands on arrays of a server in memory, as the public documentation of Redis 8.8
 * and the server's own tests describe them. Regular expressions are those of JavaScript.
 */
import { ArrayValue, sliceSize } from "../ArrayValue.ts"
import { BigNumber, Double, Fields, type Reply } from "../Reply.ts"
import {
  addFloats,
  big,
  type Definition,
  fail,
  first,
  group,
  matches,
  parseFloating,
  parseInteger,
  type Scene,
  syntaxError
} from "./command.ts"

const define = group("array")

const maxItems = 1_000_000n
/** The greatest number of 64 bits: no index, but ARSEEK takes it. */
const end = 2n ** 64n - 1n

const read = ({ db, now }: Scene, key: string): ArrayValue | undefined => db.read(key, "array", now)

const indexOf = (text: string, max = end - 1n): bigint => {
  const index = /^(0|[1-9]\d{0,19})$/.test(text) ? BigInt(text) : end + 1n
  return index <= max ? index : fail("invalid array index")
}

const indexOfWord = (text: string): bigint => indexOf(text)

const wrongArity = (name: string): never => fail(`wrong number of arguments for '${name}' command`)

/** An integer that is replied, whatever its size. One of RESP has 64 bits with its sign. */
const integer = (n: bigint): Reply =>
  n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n < 2n ** 63n ? n : new BigNumber(String(n))

/** Words in pairs, of which the first ones are indexes, and perhaps the second ones. */
const pairsOf = <A>(
  name: string,
  args: ReadonlyArray<string>,
  of: (first: string, second: string) => A
): ReadonlyArray<A> => {
  if (args.length % 2 !== 0) return wrongArity(name)
  return Array.from({ length: (args.length - 2) / 2 }, (_, i) => of(args[2 + 2 * i]!, args[3 + 2 * i]!))
}

/** Stores values, and gives how many of the indexes were empty. */
const store = (scene: Scene, key: string, entries: ReadonlyArray<readonly [bigint, string]>): number => {
  const array = scene.db.open(key, "array", scene.now)
  const before = array.size
  for (const [index, value] of entries) array.set(index, value)
  scene.db.settle(key)
  return array.size - before
}

const remove = (scene: Scene, key: string, indexes: (array: ArrayValue) => Iterable<bigint>): number => {
  const array = read(scene, key)
  if (array === undefined) return 0
  const removed = Array.from(indexes(array)).filter((index) => array.delete(index)).length
  if (removed > 0) scene.db.settle(key)
  return removed
}

/** LIMIT and a number that is above 0. */
const limitOf = (text: string): number => {
  const limit = Number(big(text))
  return limit > 0 ? limit : fail("LIMIT must be positive")
}

const scan = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const [from, to] = [indexOf(args[2]!), indexOf(args[3]!)]
  if (args.length !== 4 && args.length !== 6) return wrongArity("arscan")
  if (args.length === 6 && args[4]!.toUpperCase() !== "LIMIT") return syntaxError()
  const limit = args.length === 6 ? limitOf(args[5]!) : Infinity
  const array = read(scene, args[1]!)
  if (array === undefined) return []
  return array.between(from, to).slice(0, limit).map((index): Reply => [integer(index), array.get(index)!])
}

const getRange = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const [from, to] = [indexOf(args[2]!), indexOf(args[3]!)]
  const array = read(scene, args[1]!)
  const step = from <= to ? 1n : -1n
  const length = (to - from) * step + 1n
  if (length > maxItems) return fail(`range exceeds maximum of ${maxItems} items`)
  return Array.from({ length: Number(length) }, (_, i) => array?.get(from + BigInt(i) * step) ?? null)
}

// -----------------------------------------------------------------------------
// ARGREP and AROP
// -----------------------------------------------------------------------------

interface Predicate {
  readonly kind: string
  readonly pattern: string
}

const regularExpression = (pattern: string, nocase: boolean): RegExp => {
  if (pattern === "") return fail("regular expression is empty")
  if (pattern.length > 2048) return fail("regular expression is too long, maximum is 2048 bytes")
  try {
    const found = new RegExp(pattern, nocase ? "i" : "")
    return /(^|[^\\])(\\\\)*\\[1-9]/.test(pattern)
      ? fail("regular expression backreferences are not supported")
      : found
  } catch (error) {
    if (error instanceof SyntaxError) return fail("invalid regular expression: Missing ')'")
    throw error
  }
}

/** How many steps a match may take. */
const maxSteps = 1e9

/** How many steps a match in so long a value may take: JavaScript tries all ways to match, which servers do not. */
const stepsOf = (pattern: string): (length: number) => number => {
  const text = pattern.replaceAll("(?", "(")
  const isNested = /\([^]*[*+?{|][^]*\)[*+{]/.test(text)
  const repetitions = text.match(/[*+{]/g)?.length ?? 0
  const choices = text.match(/[?|]/g)?.length ?? 0
  return (length) => (isNested ? 2 ** length : 1) * Math.max(length, 1) ** repetitions * 2 ** choices
}

const testOf = ({ kind, pattern }: Predicate, nocase: boolean): (value: string) => boolean => {
  const fold = (text: string): string => nocase ? text.replace(/[A-Z]/g, (c) => c.toLowerCase()) : text
  const folded = fold(pattern)
  if (kind === "EXACT") return (value) => fold(value) === folded
  if (kind === "MATCH") return (value) => fold(value).includes(folded)
  if (kind === "GLOB") return (value) => matches(folded, fold(value))
  const expression = regularExpression(pattern, nocase)
  const steps = stepsOf(pattern)
  return (value) => {
    if (steps(value.length) > maxSteps) return fail("regular expression takes too long for a server in memory")
    return expression.test(value)
  }
}

const grep = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const boundOf = (text: string): bigint | "-" | "+" => (text === "-" || text === "+" ? text : indexOf(text))
  const [from, to] = [boundOf(args[2]!), boundOf(args[3]!)]
  const predicates: Array<Predicate> = []
  const words = new Set<string>()
  let limit = Infinity
  let all = false
  for (let i = 4; i < args.length; i++) {
    const word = args[i]!.toUpperCase()
    const next = args[i + 1]
    if (["EXACT", "MATCH", "GLOB", "RE"].includes(word) && next !== undefined) {
      if (predicates.length === 250) return fail("too many predicates, maximum is 250")
      predicates.push({ kind: word, pattern: args[++i]! })
    } else if (word === "LIMIT" && next !== undefined) limit = limitOf(args[++i]!)
    else if (word === "WITHVALUES" || word === "NOCASE") words.add(word)
    else if (word === "AND" || word === "OR") all = word === "AND"
    else return syntaxError()
  }
  if (predicates.length === 0) return syntaxError()
  const tests = predicates.map((predicate) => testOf(predicate, words.has("NOCASE")))
  const array = read(scene, args[1]!)
  if (array === undefined) return []
  const resolve = (bound: bigint | "-" | "+"): bigint => bound === "-" ? 0n : bound === "+" ? array.length - 1n : bound
  const fits = (value: string): boolean => all ? tests.every((test) => test(value)) : tests.some((test) => test(value))
  return array.between(resolve(from), resolve(to)).filter((index) => fits(array.get(index)!)).slice(0, limit)
    .map((index): Reply => words.has("WITHVALUES") ? [integer(index), array.get(index)!] : integer(index))
}

const bitwise: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  AND: (a, b) => a & b,
  OR: (a, b) => a | b,
  XOR: (a, b) => a ^ b
}

/** A value as an integer of 64 bits, for AND and its like; a fraction is cut off. */
const bitsOf = (value: string): bigint | undefined => {
  const n = parseInteger(value) ?? parseFloating(value)
  if (typeof n === "bigint" || n === undefined) return n
  return Number.isFinite(n) && Math.abs(n) < 2 ** 63 ? BigInt(Math.trunc(n)) : undefined
}

const compute = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const [from, to] = [indexOf(args[2]!), indexOf(args[3]!)]
  const operation = args[4]!.toUpperCase()
  if (!/^(SUM|MIN|MAX|AND|OR|XOR|MATCH|USED)$/.test(operation)) return fail("unknown operation")
  if (operation === "MATCH" && args.length !== 6) return fail("MATCH requires a value argument")
  if (operation !== "MATCH" && args.length !== 5) return wrongArity("arop")
  const array = read(scene, args[1]!)
  const values = array?.between(from, to).map((index) => array.get(index)!) ?? []
  if (operation === "USED") return values.length
  if (operation === "MATCH") return values.filter((value) => value === args[5]).length
  const combine = bitwise[operation]
  if (combine !== undefined) {
    const numbers = values.flatMap((value) => bitsOf(value) ?? [])
    return numbers.length === 0 ? null : integer(numbers.reduce(combine))
  }
  const numbers = values.filter((value) => parseFloating(value) !== undefined)
  if (numbers.length === 0) return null
  const better = (a: string, b: string): string =>
    (operation === "MIN" ? Number(b) < Number(a) : Number(b) > Number(a)) ? b : a
  const result = numbers.reduce((a, b) => operation === "SUM" ? addFloats(a, b) ?? a : better(a, b))
  return addFloats(result, "0") ?? result
}

// -----------------------------------------------------------------------------
// The place where values are inserted
// -----------------------------------------------------------------------------

const insert = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const key = args[1]!
  const values = args.slice(2)
  const start = (read(scene, key)?.cursor ?? -1n) + 1n
  if (start + BigInt(values.length) > end) return fail("insert index overflow")
  store(scene, key, values.map((value, i) => [start + BigInt(i), value]))
  const array = read(scene, key)!
  array.cursor = start + BigInt(values.length) - 1n
  return integer(array.cursor)
}

/** Moves the latest values, up to the first gap, to the beginning of an array. */
const repack = (array: ArrayValue, span: bigint, keep: bigint): void => {
  let at = array.cursor === undefined ? span - 1n : array.cursor % span
  const kept: Array<string> = []
  for (let value = array.get(at); value !== undefined && BigInt(kept.length) < keep; value = array.get(at)) {
    kept.unshift(value)
    at = at === 0n ? span - 1n : at - 1n
  }
  array.clear()
  kept.forEach((value, i) => array.set(BigInt(i), value))
  array.cursor = kept.length === 0 ? undefined : BigInt(kept.length) - 1n
}

const ring = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const size = big(args[2]!, "invalid size")
  if (size <= 0n) return fail("size must be positive")
  const array = scene.db.open(args[1]!, "array", scene.now)
  const span = array.length
  const next = (): bigint => (array.cursor ?? -1n) + 1n
  if (span > size) repack(array, span, size)
  else if (span > 0n && span < size && array.cursor !== undefined && next() < span) repack(array, span, span)
  for (const value of args.slice(3)) {
    array.cursor = next() % size
    array.set(array.cursor, value)
  }
  scene.db.settle(args[1]!)
  return integer(array.cursor ?? 0n)
}

const lastItems = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const count = big(args[2]!, "invalid COUNT")
  if (count <= 0n) return []
  if (args.length > 4) return wrongArity("arlastitems")
  if (args.length === 4 && args[3]!.toUpperCase() !== "REV") return syntaxError()
  const array = read(scene, args[1]!)
  if (array === undefined) return []
  const { cursor, length } = array
  const wanted = count > length ? length : count
  if (wanted > BigInt(array.size) && wanted > maxItems) return fail(`count exceeds maximum of ${maxItems} items`)
  let at = cursor === undefined || cursor >= length ? length - 1n : cursor
  const items: Array<string | null> = []
  while (BigInt(items.length) < wanted) {
    items.push(array.get(at) ?? null)
    at = at === 0n ? length - 1n : at - 1n
  }
  return args.length === 4 ? items : items.reverse()
}

const info = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  if (args.length > 3 || (args.length === 3 && args[2]!.toUpperCase() !== "FULL")) return syntaxError()
  const array = read(scene, args[1]!) ?? fail("no such key")
  const slices = new Set(array.indexes.map((index) => index / BigInt(sliceSize))).size
  const { cursor } = array
  const general: ReadonlyArray<Reply> = [
    "count",
    array.size,
    "len",
    integer(array.length),
    "next-insert-index",
    integer(cursor === undefined || cursor === end - 1n ? 0n : cursor + 1n),
    "slices",
    slices,
    "directory-size",
    slices,
    "super-dir-entries",
    0,
    "slice-size",
    sliceSize
  ]
  if (args.length === 2) return new Fields(general)
  return new Fields([
    ...general,
    "dense-slices",
    0,
    "sparse-slices",
    slices,
    "avg-dense-size",
    new Double(0),
    "avg-dense-fill",
    new Double(0),
    "avg-sparse-size",
    new Double(array.size / slices)
  ])
}

export const arrays: ReadonlyArray<Definition> = [
  define("arset", -4, "write denyoom fast", first, (scene, args) => {
    const start = indexOf(args[2]!)
    const values = args.slice(3)
    if (start + BigInt(values.length) > end) return fail("array index overflow")
    return store(scene, args[1]!, values.map((value, i) => [start + BigInt(i), value]))
  }),
  define(
    "armset",
    -4,
    "write denyoom fast",
    first,
    (scene, args) => store(scene, args[1]!, pairsOf("armset", args, (index, value) => [indexOf(index), value]))
  ),
  define("arget", 3, "read fast", first, (scene, [, key, text]) => {
    const array = read(scene, key!)
    const index = indexOf(text!)
    return array?.get(index) ?? null
  }),
  define("armget", -3, "read fast", first, (scene, args) => {
    const array = read(scene, args[1]!)
    return args.slice(2).map(indexOfWord).map((index) => array?.get(index) ?? null)
  }),
  define("argetrange", 4, "read", first, getRange),
  define("arscan", -4, "read", first, scan),
  define("arlen", 2, "read fast", first, (scene, [, key]) => integer(read(scene, key!)?.length ?? 0n)),
  define("arcount", 2, "read fast", first, (scene, [, key]) => read(scene, key!)?.size ?? 0),
  define("ardel", -3, "write fast", first, (scene, args) => {
    const indexes = args.slice(2).map(indexOfWord)
    return remove(scene, args[1]!, () => indexes)
  }),
  define("ardelrange", -4, "write", first, (scene, args) => {
    const ranges = pairsOf("ardelrange", args, (start, stop) => [indexOf(start), indexOf(stop)] as const)
    return remove(scene, args[1]!, (array) => ranges.flatMap(([start, stop]) => array.between(start, stop)))
  }),
  define("argrep", -6, "read", first, grep),
  define("arop", -5, "read", first, compute),
  define("arinsert", -3, "write denyoom fast", first, insert),
  define("arring", -4, "write denyoom", first, ring),
  define("arnext", 2, "read fast", first, (scene, [, key]) => {
    const cursor = read(scene, key!)?.cursor
    return cursor === undefined ? 0 : cursor === end - 1n ? null : integer(cursor + 1n)
  }),
  define("arseek", 3, "write fast", first, (scene, [, key, text]) => {
    const index = indexOf(text!, end)
    const array = read(scene, key!)
    if (array === undefined) return 0
    array.cursor = index === 0n ? undefined : index - 1n
    scene.db.settle(key!)
    return 1
  }),
  define("arlastitems", -3, "read", first, lastItems),
  define("arinfo", -2, "read", first, info)
]
