/**
 * The commands on vector sets of a server in memory, as Redis 8.0 has them, with VRANGE and
 * the attributes of VSIM of later versions. A search looks at all elements and misses none.
 */
import { Buffer } from "node:buffer"
import { Double, Fields, nullArray, type Reply, Simple } from "../Reply.ts"
import { compile } from "../vectorFilter.ts"
import { type Quantization, type Quantized, type VectorElement, VectorSet } from "../VectorSet.ts"
import { choose, type Definition, fail, first, group, parseFloating, parseInteger, type Scene } from "./command.ts"

const define = group("module")

const read = ({ db, now }: Scene, key: string): VectorSet | undefined => db.read(key, "vectorset", now)

const wrongArity = (args: ReadonlyArray<string>): never => fail(`wrong number of arguments for '${args[0]}' command`)

/** Fails unless there are so many words. */
const arity = (args: ReadonlyArray<string>, min: number, max = min): void => {
  if (args.length < min || args.length > max) wrongArity(args)
}

const bool = (value: boolean): Reply => value

const integerIn = (text: string, min: number, max: number, message: string): number => {
  const n = Number(parseInteger(text) ?? NaN)
  return n >= min && n <= max ? n : fail(message)
}

/** A number with as few digits as possible, as later servers than Redis 7.0 print it. */
const single = (n: number): Double => {
  if (n === 0 || !Number.isFinite(n)) return new Double(n, String(n))
  const [digits, exponent] = n.toExponential().replace("-", "").split("e") as [string, string]
  const last = Number(exponent) - digits.replace(".", "").length + 1
  const isPlain = last >= 0 ? Number(exponent) < digits.length + 7 : last > -7 || Math.abs(Number(exponent)) < 4
  return new Double(n, isPlain ? String(n) : n.toExponential())
}

// -----------------------------------------------------------------------------
// Vectors in requests
// -----------------------------------------------------------------------------

const maxDimensions = 65_536

interface Given {
  readonly numbers: ReadonlyArray<number>
  /** The dimensions behind REDUCE; 0 without it. */
  readonly reduce: number
  /** How many words it takes. */
  readonly words: number
}

const invalidVector = (): never => fail("invalid vector specification")

/** The vector at a position: perhaps REDUCE, then FP32 or VALUES. */
const vectorAt = (args: ReadonlyArray<string>, at: number, mayReduce: boolean): Given => {
  if (mayReduce && args.length > at + 2 && args[at]!.toUpperCase() === "REDUCE") {
    const n = Number(parseInteger(args[at + 1]!) ?? 0n)
    const given = n > 0 ? vectorAt(args, at + 2, false) : invalidVector()
    return n <= given.numbers.length ? { ...given, reduce: n, words: given.words + 2 } : invalidVector()
  }
  const form = args[at]?.toUpperCase()
  const text = args[at + 1]
  if (text === undefined) return invalidVector()
  if (form === "FP32") {
    if (text.length === 0 || text.length % 4 !== 0) return invalidVector()
    const bytes = Buffer.from(text, "latin1")
    const numbers = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i))
    return numbers.length > maxDimensions ? invalidVector() : { numbers, reduce: 0, words: 2 }
  }
  const count = Number(parseInteger(text) ?? 0n)
  if (form !== "VALUES" || count < 1 || count > maxDimensions || args.length < at + 2 + count) return invalidVector()
  const numbers = args.slice(at + 2, at + 2 + count).map((word) => parseFloating(word) ?? invalidVector())
  return { numbers, reduce: 0, words: count + 2 }
}

// -----------------------------------------------------------------------------
// VADD
// -----------------------------------------------------------------------------

const quantizations: Readonly<Record<string, Quantization>> = { NOQUANT: "f32", Q8: "int8", BIN: "bin" }

interface AddOptions {
  readonly quantization: Quantization
  readonly links: number
  readonly attributes: string | undefined
}

const addOptions = (args: ReadonlyArray<string>, from: number): AddOptions => {
  let quantization: Quantization = "int8"
  let links = 16
  let attributes: string | undefined
  for (let i = from; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    const next = args[i + 1]
    if (option === "CAS") continue
    if (quantizations[option] !== undefined) quantization = quantizations[option]
    else if (option === "EF" && next !== undefined) integerIn(args[++i]!, 1, 1_000_000, "invalid EF")
    else if (option === "M" && next !== undefined) links = integerIn(args[++i]!, 4, 4096, "invalid M")
    else if (option === "SETATTR" && next !== undefined) attributes = args[++i]!
    else return fail("invalid option after element")
  }
  return { quantization, links, attributes }
}

const mismatch = (given: number, has: number): never =>
  fail(`Vector dimension mismatch - got ${given} but set has ${has}`)

/** The set to add to, which must be as the request wants it. */
const openFor = (scene: Scene, key: string, given: Given, options: AddOptions): VectorSet => {
  const dimensions = given.numbers.length
  const set = read(scene, key)
  if (set === undefined) {
    const inputDimensions = given.reduce === 0 ? 0 : dimensions
    const made = new VectorSet(given.reduce || dimensions, options.quantization, options.links, inputDimensions)
    scene.db.put(key, "vectorset", made)
    return made
  }
  if (set.quantization !== options.quantization) return fail("asked quantization mismatch with existing vector set")
  if (set.links !== options.links) return fail("asked M value mismatch with existing vector set")
  if (set.dimensions !== (set.inputDimensions === 0 ? dimensions : given.reduce)) {
    return mismatch(dimensions, set.dimensions)
  }
  if (given.reduce !== 0 && set.inputDimensions === 0) {
    return fail("cannot add projection to existing set without projection")
  }
  return set.inputDimensions === 0 ? set : checkInput(set, dimensions)
}

const checkInput = (set: VectorSet, dimensions: number): VectorSet =>
  dimensions === set.inputDimensions
    ? set
    : fail(
      `Input dimension mismatch for projection - got ${dimensions} but projection expects ${set.inputDimensions}`
    )

const add = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  if (args.length < 5) return wrongArity(args)
  const given = vectorAt(args, 2, true)
  const name = args[2 + given.words] ?? wrongArity(args)
  const options = addOptions(args, 3 + given.words)
  const key = args[1]!
  const set = openFor(scene, key, given, options)
  const vector = set.quantized(set.reduced(given.numbers))
  const old = set.elements.get(name)
  const attributes = options.attributes === undefined ? old?.attributes : options.attributes || undefined
  // An element with a new vector is a new node of the graph.
  set.elements.delete(name)
  set.elements.set(name, { vector, attributes })
  set.added++
  scene.db.settle(key)
  return bool(old === undefined)
}

// -----------------------------------------------------------------------------
// VSIM
// -----------------------------------------------------------------------------

interface Query {
  readonly vector: Quantized
  readonly words: number
}

const queryOf = (set: VectorSet, args: ReadonlyArray<string>): Query => {
  if (args[2]!.toUpperCase() === "ELE") {
    const element = set.elements.get(args[3]!) ?? fail("element not found in set")
    // The server turns the vector back, and quantizes it again.
    return { vector: set.quantized(VectorSet.numbersOf(element.vector, set.quantization)), words: 2 }
  }
  const { numbers, words } = vectorAt(args, 2, false)
  if (set.inputDimensions !== 0 && numbers.length !== set.dimensions) checkInput(set, numbers.length)
  const reduced = set.reduced(numbers)
  if (reduced.length !== set.dimensions) return mismatch(reduced.length, set.dimensions)
  return { vector: set.quantized(reduced), words }
}

const search = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  if (args.length < 4) return wrongArity(args)
  const set = read(scene, args[1]!)
  if (set === undefined) return []
  const { vector, words } = queryOf(set, args)
  let count = 10
  let epsilon = 2
  let matches: (element: VectorElement) => boolean = () => true
  const details = new Set<string>()
  for (let i = 2 + words; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    const next = args[i + 1]
    if (option === "WITHSCORES" || option === "WITHATTRIBS") details.add(option)
    else if (option === "TRUTH" || option === "NOTHREAD") continue
    else if (next === undefined) return fail("syntax error in VSIM command")
    else if (option === "COUNT") count = integerIn(args[++i]!, 1, 2 ** 53, "invalid COUNT")
    else if (option === "EF") integerIn(args[++i]!, 1, 1_000_000, "invalid EF")
    else if (option === "FILTER-EF") integerIn(args[++i]!, 1, 2 ** 53, "invalid FILTER-EF")
    else if (option === "EPSILON") {
      epsilon = parseFloating(args[++i]!) ?? 0
      if (!(epsilon > 0)) return fail("invalid EPSILON")
    } else if (option === "FILTER") {
      const text = args[++i]!
      const filter = compile(text)
      if ("wrongAt" in filter) return fail(`syntax error in FILTER expression near: ${text.slice(filter.wrongAt)}`)
      matches = ({ attributes }) => attributes !== undefined && filter.run(attributes)
    } else return fail("syntax error in VSIM command")
  }
  const found = set.nearest(vector)
    .filter(([, distance, element]) => distance / 2 <= Math.fround(epsilon) && matches(element))
    .slice(0, count)
  return repliesOf(found, details, scene.protocol === 3)
}

const repliesOf = (
  found: ReturnType<VectorSet["nearest"]>,
  details: ReadonlySet<string>,
  isResp3: boolean
): Reply => {
  if (details.size === 0) return found.map(([name]) => name)
  const flat = found.flatMap(([name, distance, { attributes }]): ReadonlyArray<Reply> => {
    const score = single(1 - distance / 2)
    const values: ReadonlyArray<Reply> = [
      ...(details.has("WITHSCORES") ? [score] : []),
      ...(details.has("WITHATTRIBS") ? [attributes ?? null] : [])
    ]
    return isResp3 && values.length === 2 ? [name, values] : [name, ...values]
  })
  return new Fields(flat)
}

// -----------------------------------------------------------------------------
// Elements
// -----------------------------------------------------------------------------

/** Gives what a command returns of an element; another reply if there is none. */
const ofElement = (
  scene: Scene,
  args: ReadonlyArray<string>,
  replyOf: (element: VectorElement, set: VectorSet) => Reply,
  none: Reply = null
): Reply => {
  const set = read(scene, args[1]!)
  const element = set?.elements.get(args[2]!)
  return set === undefined || element === undefined ? none : replyOf(element, set)
}

/** The bytes of a vector as the server keeps it. */
const bytesOf = ({ numbers }: Quantized, quantization: Quantization): string => {
  const bytes = quantization === "f32"
    ? Buffer.from(new Float32Array(numbers).buffer)
    : quantization === "int8"
    ? Buffer.from(Int8Array.from(numbers).buffer)
    : Buffer.alloc(Math.ceil(numbers.length / 64) * 8)
  if (quantization === "bin") {
    numbers.forEach((n, i) => {
      if (n > 0) bytes[i >> 3]! |= 1 << (i & 7)
    })
  }
  return bytes.toString("latin1")
}

const embedding = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  if (args.length < 3) return wrongArity(args)
  if (args.slice(3).some((option) => option.toUpperCase() !== "RAW")) return fail("invalid option")
  return ofElement(scene, args, ({ vector }, { quantization }) => {
    if (args.length === 3) return VectorSet.numbersOf(vector, quantization).map(single)
    const raw: ReadonlyArray<Reply> = [new Simple(quantization), bytesOf(vector, quantization), single(vector.norm)]
    return quantization === "int8" ? [...raw, single(vector.range)] : raw
  })
}

const links = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  arity(args, 3, 4)
  if (args.length === 4 && args[3]!.toUpperCase() !== "WITHSCORES") return wrongArity(args)
  return ofElement(scene, args, ({ vector }, set) => {
    const near = set.nearest(vector).filter(([name]) => name !== args[2]).slice(0, 2 * set.links)
    if (args.length === 3) return [near.map(([name]) => name)]
    return [new Fields(near.flatMap(([name, distance]): ReadonlyArray<Reply> => [name, single(1 - distance / 2)]))]
  })
}

/** A bound of VRANGE: how an element compares with it. */
const boundOf = (text: string, end: "-" | "+", message: string): ((name: string) => number) | undefined => {
  if (text === "-" || text === "+") {
    return text === end ? undefined : fail("'-' can only be used as first argument, '+' only as second")
  }
  if (!/^[[(]/.test(text) || text.length === 1) return fail(message)
  const bound = text.slice(1)
  return (name) => (name < bound ? -1 : name > bound ? 1 : text.startsWith("(") ? NaN : 0)
}

const between = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  arity(args, 4, 5)
  const count = args[4] === undefined ? -1 : Number(parseInteger(args[4]) ?? fail("invalid COUNT value"))
  const low = boundOf(args[2]!, "-", "invalid start range format")
  const high = boundOf(args[3]!, "+", "invalid end range format")
  const names = Array.from(read(scene, args[1]!)?.elements.keys() ?? []).sort((a, b) => (a < b ? -1 : 1))
  const found = names.filter((name) => (low === undefined || low(name) >= 0) && (high === undefined || high(name) <= 0))
  return count < 0 ? found : found.slice(0, count)
}

const info = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  arity(args, 2)
  const set = read(scene, args[1]!)
  if (set === undefined) return nullArray
  const attributes = Array.from(set.elements.values()).filter((element) => element.attributes !== undefined).length
  const fields: ReadonlyArray<readonly [string, Reply]> = [
    ["quant-type", new Simple(set.quantization)],
    ["hnsw-m", set.links],
    ["vector-dim", set.dimensions],
    ["projection-input-dim", set.inputDimensions],
    ["size", set.size],
    ["max-level", 0],
    ["attributes-count", attributes],
    ["vset-uid", 0],
    ["hnsw-max-node-uid", set.added]
  ]
  return new Fields(fields.flatMap(([name, value]) => [new Simple(name), value]))
}

const random = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  arity(args, 2, 3)
  const count = args[2] === undefined ? 1 : Number(parseInteger(args[2]) ?? fail("COUNT value is not an integer"))
  if (count === 0) return []
  const chosen = choose(Array.from(read(scene, args[1]!)?.elements.keys() ?? []), count, scene.random)
  return args[2] === undefined ? chosen[0] ?? null : chosen
}

export const vectorSets: ReadonlyArray<Definition> = [
  define("vadd", -1, "write denyoom", first, add),
  define("vsim", -1, "read", first, search),
  define("vcard", -1, "read fast", first, (scene, args) => {
    arity(args, 2)
    return read(scene, args[1]!)?.size ?? 0
  }),
  define("vdim", -1, "read fast", first, (scene, args) => {
    arity(args, 2)
    return read(scene, args[1]!)?.dimensions ?? fail("key does not exist")
  }),
  define("vemb", -1, "read fast", first, embedding),
  define("vgetattr", -1, "read fast", first, (scene, args) => {
    arity(args, 3)
    return ofElement(scene, args, ({ attributes }) => attributes ?? null)
  }),
  define("vsetattr", -1, "write fast", first, (scene, args) => {
    arity(args, 4)
    return ofElement(scene, args, (element) => {
      element.attributes = args[3] || undefined
      scene.db.settle(args[1]!)
      return bool(true)
    }, bool(false))
  }),
  define("vinfo", -1, "read fast", first, info),
  define("vismember", -1, "read", first, (scene, args) => {
    arity(args, 3)
    return ofElement(scene, args, () => bool(true), bool(false))
  }),
  define("vlinks", -1, "read fast", first, links),
  define("vrandmember", -1, "read", first, random),
  define("vrange", -1, "read", first, between),
  define("vrem", -1, "write", first, (scene, args) => {
    arity(args, 3)
    return ofElement(scene, args, (_, set) => {
      set.elements.delete(args[2]!)
      scene.db.settle(args[1]!)
      return bool(true)
    }, bool(false))
  })
]
