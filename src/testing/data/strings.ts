/**
 * The string commands of a server in memory.
 */
import type { Keyspace } from "../Keyspace.ts"
import { Fields, ok, type Reply } from "../Reply.ts"
import {
  addFloats,
  atLeast,
  big,
  everyOther,
  fail,
  first,
  firstTwo,
  float,
  group,
  int,
  parseInteger,
  rest,
  type Scene,
  syntaxError
} from "./command.ts"
import { isCondition, isMet, type ValueCondition } from "./stringConditions.ts"

const define = group("string")

const maxLength = 512 * 1024 * 1024

const checkLength = (length: number): void => {
  if (length > maxLength) fail("string exceeds maximum allowed size (proto-max-bulk-len)")
}

/** When something expires that is given as EX, PX, EXAT or PXAT. */
export const expiry = (option: string, text: string, now: number, command: string): number => {
  const n = big(text)
  const seconds = option === "EX" || option === "EXAT"
  if (n <= 0n || (seconds && n > 9_223_372_036_854_775n)) return fail(`invalid expire time in '${command}' command`)
  const millis = Number(n) * (seconds ? 1000 : 1)
  const at = option.endsWith("AT") ? millis : now + millis
  return at > 2 ** 63 ? fail(`invalid expire time in '${command}' command`) : at
}

const set = (
  { db, now }: Scene,
  key: string,
  value: string,
  options: {
    readonly when?: "NX" | "XX" | ValueCondition | undefined
    readonly get?: boolean | undefined
    readonly keep?: boolean | undefined
    readonly expiresAt?: number | undefined
  }
): Reply => {
  const { when } = options
  const isCompared = typeof when === "object"
  const old = options.get === true || isCompared ? db.read(key, "string", now) : undefined
  const entry = db.get(key, now)
  const isUnmet = isCompared
    ? old === undefined ? !when.word.endsWith("NE") : !isMet(when, old)
    : (when === "NX" && entry !== undefined) || (when === "XX" && entry === undefined)
  if (isUnmet) {
    return options.get === true ? old ?? null : null
  }
  db.put(key, "string", value, options.keep === true ? entry?.expiresAt : options.expiresAt)
  return options.get === true ? old ?? null : ok
}

const change = (db: Keyspace, key: string, value: string, now: number, raw = false): void =>
  db.put(key, "string", value, db.get(key, now)?.expiresAt, raw)

const add = ({ db, now }: Scene, key: string, by: bigint): Reply => {
  const sum = big(db.read(key, "string", now) ?? "0") + by
  if (BigInt.asIntN(64, sum) !== sum) return fail("increment or decrement would overflow")
  change(db, key, String(sum), now)
  return sum
}

const many = (name: string, args: ReadonlyArray<string>): ReadonlyArray<readonly [string, string]> => {
  if (args.length % 2 === 0) return fail(`wrong number of arguments for '${name}' command`)
  const pairs: Array<readonly [string, string]> = []
  for (let i = 1; i < args.length; i += 2) pairs.push([args[i]!, args[i + 1]!])
  return pairs
}

const invalidNumber = "invalid numkeys value or out of range"

const setMany = ({ db, now }: Scene, args: ReadonlyArray<string>): Reply => {
  const count = atLeast(1, args[1]!, invalidNumber)
  if (count >= 2 ** 31) return fail(invalidNumber)
  const end = 2 + 2 * count
  if (args.length < end) return syntaxError()
  let when: string | undefined
  let keep = false
  let expire: readonly [option: string, text: string] | undefined
  for (let i = end; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    if ((option === "NX" || option === "XX") && (when === undefined || when === option)) when = option
    else if (option === "KEEPTTL" && expire === undefined) keep = true
    else if (/^[EP]X(AT)?$/.test(option) && !keep && expire === undefined && i + 1 < args.length) {
      expire = [option, args[++i]!]
    } else return syntaxError()
  }
  const at = expire === undefined ? undefined : expiry(expire[0], expire[1], now, "msetex")
  const pairs = many("msetex", args.slice(1, end))
  const isThere = ([key]: readonly [string, string]): boolean => db.get(key, now) !== undefined
  if ((when === "NX" && pairs.some(isThere)) || (when === "XX" && !pairs.every(isThere))) return 0
  for (const [key, value] of pairs) {
    if (at !== undefined && at <= now) db.delete(key, now)
    else db.put(key, "string", value, keep ? db.get(key, now)?.expiresAt : at)
  }
  return 1
}

const substring = ({ db, now }: Scene, args: ReadonlyArray<string>): Reply => {
  const start = int(args[2]!)
  const stop = int(args[3]!)
  const value = db.read(args[1]!, "string", now) ?? ""
  if (start < 0 && stop < 0 && start > stop) return ""
  const from = Math.max(0, start < 0 ? value.length + start : start)
  const to = Math.min(value.length - 1, Math.max(0, stop < 0 ? value.length + stop : stop))
  return from > to || value.length === 0 ? "" : value.slice(from, to + 1)
}

const lcs = ({ db, now }: Scene, args: ReadonlyArray<string>): Reply => {
  const text = (key: string): string => {
    const entry = db.get(key, now)
    if (entry !== undefined && entry.kind !== "string") return fail("The specified keys must contain string values")
    return (entry?.value as string | undefined) ?? ""
  }
  const a = text(args[1]!)
  const b = text(args[2]!)
  let length = false
  let indexes = false
  let withLengths = false
  let least = 0
  for (let i = 3; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    if (option === "LEN") length = true
    else if (option === "IDX") indexes = true
    else if (option === "WITHMATCHLEN") withLengths = true
    else if (option === "MINMATCHLEN" && i + 1 < args.length) least = Math.max(0, int(args[++i]!))
    else return syntaxError()
  }
  if (length && indexes) return fail("If you want both the length and indexes, please just use IDX.")
  const width = b.length + 1
  if ((a.length + 1) * width * 4 > maxLength) {
    return fail("Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
  }
  const table = new Uint32Array((a.length + 1) * width)
  const at = (i: number, j: number): number => table[i * width + j]!
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      table[i * width + j] = a[i - 1] === b[j - 1] ? at(i - 1, j - 1) + 1 : Math.max(at(i - 1, j), at(i, j - 1))
    }
  }
  const total = at(a.length, b.length)
  if (length) return total
  let common = ""
  const found: Array<Reply> = []
  let run: readonly [aFrom: number, aTo: number, bFrom: number, bTo: number] | undefined
  const emit = (): void => {
    if (run !== undefined && run[1] - run[0] + 1 >= least) {
      const both = [[run[0], run[1]], [run[2], run[3]]]
      found.push(withLengths ? [...both, run[1] - run[0] + 1] : both)
    }
    run = undefined
  }
  for (let i = a.length, j = b.length; i > 0 && j > 0;) {
    if (a[i - 1] === b[j - 1]) {
      common = a[i - 1]! + common
      run = run !== undefined && run[0] === i && run[2] === j
        ? [i - 1, run[1], j - 1, run[3]]
        : (emit(), [i - 1, i - 1, j - 1, j - 1])
      i--
      j--
      if (i === 0 || j === 0) emit()
    } else {
      if (at(i - 1, j) > at(i, j - 1)) i--
      else j--
      emit()
    }
  }
  emit()
  return indexes ? new Fields(["matches", found, "len", total]) : common
}

export const strings = [
  define("get", 2, "read fast", first, ({ db, now }, [, key]) => db.read(key!, "string", now) ?? null),
  define("set", -3, "write denyoom", first, (scene, args) => {
    let when: "NX" | "XX" | ValueCondition | undefined
    let get = false
    let keep = false
    let expire: readonly [option: string, text: string] | undefined
    for (let i = 3; i < args.length; i++) {
      const option = args[i]!.toUpperCase()
      if (option === "NX" || option === "XX") {
        if (when !== undefined && when !== option) return syntaxError()
        when = option
      } else if (isCondition(option) && when === undefined && i + 1 < args.length) {
        when = { word: option, value: args[++i]! }
      } else if (option === "GET") get = true
      else if (option === "KEEPTTL" && expire === undefined) keep = true
      else if (/^[EP]X(AT)?$/.test(option) && !keep && (expire?.[0] ?? option) === option && i + 1 < args.length) {
        expire = [option, args[++i]!]
      } else return syntaxError()
    }
    const expiresAt = expire === undefined ? undefined : expiry(expire[0], expire[1], scene.now, "set")
    return set(scene, args[1]!, args[2]!, { when, get, keep, expiresAt })
  }),
  define(
    "setnx",
    3,
    "write denyoom fast",
    first,
    (scene, [, key, value]) => set(scene, key!, value!, { when: "NX" }) === null ? 0 : 1
  ),
  define(
    "setex",
    4,
    "write denyoom",
    first,
    (scene, [, key, seconds, value]) =>
      set(scene, key!, value!, { expiresAt: expiry("EX", seconds!, scene.now, "setex") })
  ),
  define(
    "psetex",
    4,
    "write denyoom",
    first,
    (scene, [, key, millis, value]) =>
      set(scene, key!, value!, { expiresAt: expiry("PX", millis!, scene.now, "psetex") })
  ),
  define("getset", 3, "write denyoom fast", first, (scene, [, key, value]) => set(scene, key!, value!, { get: true })),
  define("getdel", 2, "write fast", first, ({ db, now }, [, key]) => {
    const value = db.read(key!, "string", now)
    db.delete(key!, now)
    return value ?? null
  }),
  define("getex", -2, "write fast", first, ({ db, now }, args) => {
    const key = args[1]!
    let expire: readonly [option: string, text: string] | undefined
    let persist = false
    for (let i = 2; i < args.length; i++) {
      const option = args[i]!.toUpperCase()
      if (option === "PERSIST" && expire === undefined) persist = true
      else if (/^[EP]X(AT)?$/.test(option) && !persist && (expire?.[0] ?? option) === option && i + 1 < args.length) {
        expire = [option, args[++i]!]
      } else return syntaxError()
    }
    const value = db.read(key, "string", now)
    if (value === undefined) return null
    const entry = db.get(key, now)!
    if (expire !== undefined) {
      const at = expiry(expire[0], expire[1], now, "getex")
      if (at <= now) db.delete(key, now)
      else {
        entry.expiresAt = at
        db.touch(key)
      }
    } else if (persist && entry.expiresAt !== Infinity) {
      entry.expiresAt = Infinity
      db.touch(key)
    }
    return value
  }),
  define("getrange", 4, "read", first, substring),
  define("substr", 4, "read", first, substring),
  define("setrange", 4, "write denyoom", first, ({ db, now }, [, key, offsetText, value]) => {
    const offset = int(offsetText!)
    if (offset < 0) return fail("offset is out of range")
    const old = db.read(key!, "string", now) ?? ""
    if (value === "") return old.length
    checkLength(offset + value!.length)
    const next = old.slice(0, offset).padEnd(offset, "\0") + value + old.slice(offset + value!.length)
    change(db, key!, next, now, true)
    return next.length
  }),
  define("strlen", 2, "read fast", first, ({ db, now }, [, key]) => (db.read(key!, "string", now) ?? "").length),
  define("append", 3, "write denyoom fast", first, ({ db, now }, [, key, value]) => {
    const old = db.read(key!, "string", now)
    const next = (old ?? "") + value
    checkLength(next.length)
    change(db, key!, next, now, old !== undefined)
    return next.length
  }),
  define("incr", 2, "write denyoom fast", first, (scene, [, key]) => add(scene, key!, 1n)),
  define("decr", 2, "write denyoom fast", first, (scene, [, key]) => add(scene, key!, -1n)),
  define("incrby", 3, "write denyoom fast", first, (scene, [, key, by]) => add(scene, key!, big(by!))),
  define("decrby", 3, "write denyoom fast", first, (scene, [, key, text]) => {
    const by = big(text!)
    return by === -(2n ** 63n) ? fail("decrement would overflow") : add(scene, key!, -by)
  }),
  define("incrbyfloat", 3, "write denyoom fast", first, ({ db, now }, [, key, by]) => {
    const old = db.read(key!, "string", now) ?? "0"
    float(old)
    float(by!)
    const sum = addFloats(old, by!)
    if (sum === undefined) return fail("increment would produce NaN or Infinity")
    change(db, key!, sum, now)
    return sum
  }),
  define("mget", -2, "read fast", rest, ({ db, now }, args) =>
    args.slice(1).map((key) => {
      const entry = db.get(key, now)
      return entry?.kind === "string" ? entry.value as string : null
    })),
  define("mset", -3, "write denyoom", everyOther, ({ db }, args) => {
    for (const [key, value] of many("mset", args)) db.put(key, "string", value)
    return ok
  }),
  define("msetnx", -3, "write denyoom", everyOther, ({ db, now }, args) => {
    const pairs = many("msetnx", args)
    if (pairs.some(([key]) => db.get(key, now) !== undefined)) return 0
    for (const [key, value] of pairs) db.put(key, "string", value)
    return 1
  }),
  define(
    "msetex",
    -4,
    "write denyoom",
    (args) => args.slice(2, 2 + 2 * Number(args[1])).filter((_, i) => i % 2 === 0),
    setMany
  ),
  define("lcs", -3, "read", firstTwo, lcs)
]

/** How Redis would keep a string. */
export const stringEncoding = (value: string, raw: boolean): string =>
  !raw && value.length <= 20 && parseInteger(value) !== undefined
    ? "int"
    : !raw && value.length <= 44
    ? "embstr"
    : "raw"
