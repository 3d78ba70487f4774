/**
 * What the data commands of servers in memory have in common: the entries of the command
 * table, what a command may use, and parsers of arguments. The commands are in the other
 * files of this folder.
 */
import type { Keyspace } from "../Keyspace.ts"
import { parseInteger } from "../listpack.ts"
import { Failure, type Protocol, type Reply } from "../Reply.ts"

/** What a command may use of its server and its session. */
export interface Scene {
  /** The database of the session. */
  readonly db: Keyspace
  /** The time, in milliseconds since the Unix epoch. */
  readonly now: number
  /** The RESP version of the session. */
  readonly protocol: Protocol
  /** Gives random numbers from 0 to 1, 1 excluded. */
  readonly random: () => number
  /** Another database; undefined if there is none of that number. */
  readonly database: (index: number) => Keyspace | undefined
  /** Passes other commands on to the replicas than the one that runs, or none. Not called: that one, if it changed data. */
  readonly propagate?: ((commands: ReadonlyArray<ReadonlyArray<string>>) => void) | undefined
}

export type Flag = "write" | "read" | "denyoom" | "fast" | "admin" | "pubsub" | "connection" | "blocking" | "stale"

/** An entry of the command table. */
export interface Definition {
  /** The name of the command, in lower case. */
  readonly name: string
  /** The number of words, as in COMMAND INFO; negative if it is a minimum. */
  readonly arity: number
  /** The flags, as in COMMAND INFO. */
  readonly flags: ReadonlySet<Flag>
  /** The group, as in COMMAND DOCS. */
  readonly group: string
  /** Gives those of the words that are keys. */
  readonly keys: (args: ReadonlyArray<string>) => ReadonlyArray<string>
  /** Runs the command; commands that the server itself runs do nothing here. */
  readonly run: (scene: Scene, args: ReadonlyArray<string>) => Reply
  /** The numbers of words of its subcommands by name in lower case, if the server looks at them before it queues. */
  readonly subcommands?: ReadonlyMap<string, number> | undefined
}

/** Whether a request has the number of words of a command; negative if that is a minimum. */
export const hasArity = (args: ReadonlyArray<string>, arity: number): boolean =>
  arity > 0 ? args.length === arity : args.length >= -arity

export type Keys = (args: ReadonlyArray<string>) => ReadonlyArray<string>

export const noKeys: Keys = () => []
export const first: Keys = (args) => [args[1]!]
export const firstTwo: Keys = (args) => [args[1]!, args[2]!]
export const rest: Keys = (args) => args.slice(1)
export const restButLast: Keys = (args) => args.slice(1, -1)
export const everyOther: Keys = (args) => args.filter((_, i) => i % 2 === 1)
/** Keys after their number, which is word `at`. */
export const counted = (at: number): Keys => (args) => args.slice(at + 1, at + 1 + Number(args[at]))
/** A destination, then keys after their number. */
export const storedCounted: Keys = (args) => [args[1]!, ...counted(2)(args)]

/** Makes the entries of one group of commands. */
export const group = (name: string) =>
(
  command: string,
  arity: number,
  flags: string,
  keys: Keys,
  run: Definition["run"]
): Definition => ({
  name: command,
  arity,
  flags: new Set(flags.split(" ")) as ReadonlySet<Flag>,
  group: name,
  keys,
  run
})

/** Subcommands by name in lower case: the number of words of each, negative if it is a minimum, and what it does. */
export type Subcommands = Readonly<Record<string, readonly [arity: number, run: Definition["run"]]>>

/** Makes the entry of a command that has subcommands, whose second word is a key. */
export const container = (groupName: string, name: string, flags: string, subcommands: Subcommands): Definition => ({
  ...group(groupName)(
    name,
    -2,
    flags,
    (args) => args.slice(2, 3),
    (scene, args) => {
      const found = subcommands[args[1]!.toLowerCase()]
      return found === undefined || !hasArity(args, found[0]) ? syntaxError() : found[1](scene, args)
    }
  ),
  subcommands: new Map(Object.entries(subcommands).map(([word, [arity]]) => [word, arity]))
})

// -----------------------------------------------------------------------------
// Arguments
// -----------------------------------------------------------------------------

export const fail = (text: string): never => {
  throw new Failure(`ERR ${text}`)
}

export const syntaxError = (): never => fail("syntax error")

export { parseInteger } from "../listpack.ts"

const notInteger = "value is not an integer or out of range"

export const big = (text: string, message = notInteger): bigint => parseInteger(text) ?? fail(message)

export const int = (text: string, message = notInteger): number => Number(big(text, message))

/** An integer of at least that much. */
export const atLeast = (min: number, text: string, message: string): number => {
  const n = int(text, message)
  return n < min ? fail(message) : n
}

/** A number in hexadecimal as a fraction, or undefined: C reads those as well. */
const hexadecimal = (text: string): readonly [numerator: bigint, denominator: bigint] | undefined => {
  const [, sign, whole = "", fraction = "", exponent = "0"] =
    /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?\d{1,4}))?$/i.exec(text) ?? []
  if (sign === undefined || whole + fraction === "") return undefined
  const digits = BigInt(`0x${whole}${fraction}`) * (sign === "-" ? -1n : 1n)
  const shift = Number(exponent) - 4 * fraction.length
  return shift >= 0 ? [digits << BigInt(shift), 1n] : [digits, 1n << BigInt(-shift)]
}

/** A number as C's strtod reads a whole text: after spaces, up to a NUL, and 0 of nothing; undefined for others. */
export const readFloat = (text: string): number | undefined => {
  const trimmed = text.split("\0", 1)[0]!.replace(/^[\t-\r ]+/, "")
  return trimmed === "" ? (text === "" || text.startsWith("\0") ? 0 : undefined) : parseFloating(trimmed)
}

export const parseFloating = (text: string): number | undefined => {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity
  const fraction = hexadecimal(text)
  if (fraction !== undefined) return Number(fraction[0]) / Number(fraction[1])
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

export const float = (text: string, message = "value is not a valid float"): number =>
  parseFloating(text) ?? fail(message)

export interface ManyRequest {
  readonly keys: ReadonlyArray<string>
  readonly where: string
  readonly count: number
}

/** The arguments of LMPOP and its like: a number of keys, the keys, where, which is checked first, COUNT. */
export const manyRequest = (
  args: ReadonlyArray<string>,
  at: number,
  checkWhere: (where: string) => unknown
): ManyRequest => {
  const n = atLeast(1, args[at]!, "numkeys should be greater than 0")
  const where = args[at + 1 + n]
  if (where === undefined) return syntaxError()
  checkWhere(where)
  let count = 1
  let seen = false
  const options = args.slice(at + 2 + n)
  for (let i = 0; i < options.length; i += 2) {
    if (seen || options[i]!.toUpperCase() !== "COUNT" || options[i + 1] === undefined) return syntaxError()
    count = atLeast(1, options[i + 1]!, "count should be greater than 0")
    seen = true
  }
  return { keys: args.slice(at + 1, at + 1 + n), where, count }
}

/** From a position, negative ones from the end, to one in the range. */
export const range = (length: number, start: number, stop: number): readonly [from: number, to: number] => {
  const from = Math.max(0, start < 0 ? length + start : start)
  const to = Math.min(length - 1, stop < 0 ? length + stop : stop)
  return from > to ? [0, -1] : [from, to]
}

// -----------------------------------------------------------------------------
// INCRBYFLOAT adds in the x87's extended precision, and prints 17 decimal places
// -----------------------------------------------------------------------------

/** A number as `mantissa * 2 ** exponent`, its mantissa of 64 bits at most. */
type Extended = readonly [mantissa: bigint, exponent: number]

const precision = 64
const places = 17

/** `numerator / denominator`, rounded to the nearest extended number, ties to even. */
const extended = (numerator: bigint, denominator: bigint): Extended => {
  if (numerator === 0n) return [0n, 0]
  const sign = numerator < 0n ? -1n : 1n
  const n = numerator * sign
  let exponent = n.toString(2).length - denominator.toString(2).length - precision
  const divide = (e: number): readonly [bigint, bigint, bigint] => {
    const top = e < 0 ? n << BigInt(-e) : n
    const bottom = e > 0 ? denominator << BigInt(e) : denominator
    return [top / bottom, top % bottom, bottom]
  }
  if (divide(exponent)[0].toString(2).length > precision) exponent++
  const [quotient, rest, bottom] = divide(exponent)
  const up = rest * 2n > bottom || (rest * 2n === bottom && (quotient & 1n) === 1n)
  return [sign * (up ? quotient + 1n : quotient), exponent]
}

const parseExtended = (text: string): Extended => {
  const parts = hexadecimal(text)
  if (parts !== undefined) return extended(...parts)
  const [, sign, whole = "", fraction = "", exponent = "0"] = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text)!
  const digits = BigInt(whole + fraction || "0") * (sign === "-" ? -1n : 1n)
  const shift = Number(exponent) - fraction.length
  return shift >= 0 ? extended(digits * 10n ** BigInt(shift), 1n) : extended(digits, 10n ** BigInt(-shift))
}

const sum = ([a, x]: Extended, [b, y]: Extended): Extended => {
  const least = Math.min(x, y)
  const total = (a << BigInt(x - least)) + (b << BigInt(y - least))
  return least >= 0 ? extended(total << BigInt(least), 1n) : extended(total, 1n << BigInt(-least))
}

const printExtended = ([mantissa, exponent]: Extended): string => {
  const sign = mantissa < 0n ? -1n : 1n
  const scaled = mantissa * sign * 10n ** BigInt(places)
  let digits: bigint
  if (exponent >= 0) digits = scaled << BigInt(exponent)
  else {
    const unit = 1n << BigInt(-exponent)
    const rest = scaled % unit
    digits = scaled / unit
    if (rest * 2n > unit || (rest * 2n === unit && (digits & 1n) === 1n)) digits++
  }
  const text = String(digits).padStart(places + 1, "0")
  const trimmed = `${text.slice(0, -places)}.${text.slice(-places)}`.replace(/\.?0+$/, "")
  return sign < 0n && trimmed !== "0" ? `-${trimmed}` : trimmed
}

/** The sum of two numbers as INCRBYFLOAT has it; undefined if it is not finite. */
export const addFloats = (a: string, b: string): string | undefined =>
  Number.isFinite(float(a)) && Number.isFinite(float(b))
    ? printExtended(sum(parseExtended(a), parseExtended(b)))
    : undefined

// -----------------------------------------------------------------------------
// Patterns
// -----------------------------------------------------------------------------

/**
 * Whether a text has the form of a glob, in Redis's dialect. Everything but a star takes exactly one character, so
 * that only the last star has to be tried again.
 */
export const matches = (pattern: string, text: string): boolean => {
  let [p, t] = [0, 0]
  /** Behind the last star, and the first character that it does not take. */
  let star: { readonly p: number; t: number } | undefined
  for (;;) {
    if (pattern[p] === "*") {
      p++
      star = { p, t }
    } else if (p === pattern.length && t === text.length) return true
    else {
      const next = p < pattern.length && t < text.length ? oneMatches(pattern, p, text[t]!) : undefined
      if (next !== undefined) {
        p = next
        t++
      } else if (star !== undefined && star.t < text.length) {
        p = star.p
        t = ++star.t
      } else return false
    }
  }
}

/** Where a pattern goes on behind what takes one character; undefined if it does not take this one. */
const oneMatches = (pattern: string, p: number, char: string): number | undefined => {
  const c = pattern[p]!
  if (c !== "[") {
    const literal = c === "\\" && p + 1 < pattern.length
    const at = literal ? p + 1 : p
    return pattern[at] === char || (!literal && c === "?") ? at + 1 : undefined
  }
  let i = p + 1
  const negated = pattern[i] === "^"
  if (negated) i++
  let found = false
  for (; i < pattern.length && pattern[i] !== "]"; i++) {
    if (pattern[i] === "\\" && i + 1 < pattern.length) {
      i++
      if (pattern[i] === char) found = true
    } else if (pattern[i + 1] === "-" && i + 2 < pattern.length) {
      const [low, high] = [pattern[i]!, pattern[i + 2]!].sort() as [string, string]
      if (char >= low && char <= high) found = true
      i += 2
    } else if (pattern[i] === char) found = true
  }
  return found === negated ? undefined : Math.min(i + 1, pattern.length)
}

// -----------------------------------------------------------------------------
// Scans
// -----------------------------------------------------------------------------

export interface ScanRequest {
  readonly cursor: number
  readonly count: number
  readonly match: (text: string) => boolean
  readonly type: string | undefined
  /** Whether NOVALUES or NOSCORES was asked for. */
  readonly isBare: boolean
}

/** The cursor of a scan. */
export const scanCursor = (text: string): number => {
  const [, sign = "", digits = ""] = /^(?:([+-]?)(\d+))?(?:\0|$)/.exec(text) ?? fail("invalid cursor")
  const cursor = BigInt(digits)
  if (cursor >= 2n ** 64n) return fail("invalid cursor")
  return Number(sign === "-" ? BigInt.asUintN(64, -cursor) : cursor)
}

/** The options of the SCAN family, from a cursor at that position on. */
export const scanRequest = (
  args: ReadonlyArray<string>,
  at: number,
  typed = false,
  bare?: "NOVALUES" | "NOSCORES" | undefined
): ScanRequest => {
  const cursor = scanCursor(args[at]!)
  let count = 10
  let pattern = "*"
  let type: string | undefined
  let isBare = false
  for (let i = at + 1; i < args.length; i += 2) {
    const option = args[i]!.toUpperCase()
    if (option === "NOVALUES" || option === "NOSCORES") {
      if (option !== bare) {
        return fail(`${option} option can only be used in ${option === "NOVALUES" ? "HSCAN" : "ZSCAN"}`)
      }
      isBare = true
      i--
      continue
    }
    if (i + 1 >= args.length) return syntaxError()
    if (option === "COUNT") {
      count = int(args[i + 1]!)
      if (count < 1) return syntaxError()
    } else if (option === "MATCH") pattern = args[i + 1]!
    else if (option === "TYPE" && typed) type = args[i + 1]!.toLowerCase()
    else return syntaxError()
  }
  return { cursor, count, match: (text) => matches(pattern, text), type, isBare }
}

/** Where an element comes in a scan of a server with that salt: from 1 to 2^32. */
const placeOf = (text: string, salt: number): number => {
  let hash = (0x811c9dc5 ^ salt) >>> 0
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0
  return (hash ^ (hash >>> 13)) >>> 0
}

/**
 * The next elements of a scan, and its cursor. Each server has an order of its
 * own, as by the seed of Redis's hash tables: a cursor means nothing to another.
 * An element that is there all the time comes once. What fits into one page
 * comes as it is given.
 */
export const nextOf = <A>(
  request: ScanRequest,
  items: ReadonlyArray<A>,
  text: (item: A) => string,
  salt: number
): { readonly cursor: string; readonly some: ReadonlyArray<A> } => {
  if (request.cursor === 0 && items.length <= request.count) return { cursor: "0", some: items }
  const left = items.map((item) => ({ item, place: placeOf(text(item), salt) }))
    .filter(({ place }) => place >= request.cursor)
    .sort((a, b) => a.place - b.place || (text(a.item) < text(b.item) ? -1 : 1))
  let to = Math.min(request.count, left.length)
  while (to > 0 && to < left.length && left[to]!.place === left[to - 1]!.place) to++
  return {
    cursor: to >= left.length ? "0" : String(left[to - 1]!.place + 1),
    some: left.slice(0, to).map(({ item }) => item)
  }
}

/** The reply to a scan of a key that is missing, whatever the options are. */
export const emptyPage: Reply = ["0", []]

/** A cursor and a page of a collection. */
export const page = <A>(
  request: ScanRequest,
  items: ReadonlyArray<A>,
  text: (item: A) => string,
  reply: (item: A) => ReadonlyArray<Reply>,
  salt: number
): Reply => {
  const { cursor, some } = nextOf(request, items, text, salt)
  return [cursor, some.filter((item) => request.match(text(item))).flatMap(reply)]
}

/** `count` different elements in random order, or all of them. */
export const sample = <A>(items: ReadonlyArray<A>, count: number, random: () => number): Array<A> => {
  const pool = items.slice()
  const n = Math.min(count, pool.length)
  for (let i = 0; i < n; i++) {
    const j = i + Math.floor(random() * (pool.length - i))
    const swapped = pool[i]!
    pool[i] = pool[j]!
    pool[j] = swapped
  }
  return pool.slice(0, n)
}

/** How many elements a negative count may ask for. A server has no such bound, and does not end. */
const maxChosen = 1_000_000

/** As HRANDFIELD and its like choose: different ones, or, for a negative count, any. */
export const choose = <A>(items: ReadonlyArray<A>, count: number, random: () => number): Array<A> => {
  if (count >= 0) return sample(items, count, random)
  if (items.length === 0) return []
  if (-count > maxChosen) throw new Failure(`ERR a server in memory chooses at most ${maxChosen} elements`)
  return Array.from({ length: -count }, () => items[Math.floor(random() * items.length)]!)
}
