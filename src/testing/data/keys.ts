/**
 * The commands on keys of any kind, of a server in memory.
 */
import { ArrayValue } from "../ArrayValue.ts"
import { type Entry, type Keyspace, Keyspace as Database, type SortedSet } from "../Keyspace.ts"
import { ok, type Reply, Simple } from "../Reply.ts"
import { StreamValue } from "../StreamValue.ts"
import { VectorSet } from "../VectorSet.ts"
import {
  big,
  fail,
  first,
  firstTwo,
  group,
  int,
  type Keys,
  matches,
  nextOf,
  noKeys,
  parseInteger,
  readFloat,
  rest,
  scanRequest,
  type Scene,
  syntaxError
} from "./command.ts"
import { stringEncoding } from "./strings.ts"

const define = group("generic")

/** EXPIRE and its like: from when the text stands for, and in which unit. */
const expire = (name: string, unit: number, absolute: boolean) =>
  define(name, -3, "write fast", first, ({ db, now }, args) => {
    const options = new Set<string>()
    for (const option of args.slice(3)) {
      if (!["NX", "XX", "GT", "LT"].includes(option.toUpperCase())) {
        return fail(`Unsupported option ${option.split("\0", 1)[0]}`)
      }
      options.add(option.toUpperCase())
    }
    if (options.has("NX") && options.size > 1) {
      return fail("NX and XX, GT or LT options at the same time are not compatible")
    }
    if (options.has("GT") && options.has("LT")) {
      return fail("GT and LT options at the same time are not compatible")
    }
    const millis = big(args[2]!) * BigInt(unit)
    const sum = millis + (absolute ? 0n : BigInt(Math.floor(now)))
    if (BigInt.asIntN(64, millis) !== millis || sum > 2n ** 63n - 1n) {
      return fail(`invalid expire time in '${name}' command`)
    }
    const at = Number(millis) + (absolute ? 0 : now)
    const entry = db.get(args[1]!, now)
    if (entry === undefined) return 0
    const lasting = entry.expiresAt === Infinity
    if (options.has("NX") && !lasting) return 0
    if (options.has("XX") && lasting) return 0
    if (options.has("GT") && at <= entry.expiresAt) return 0
    if (options.has("LT") && at >= entry.expiresAt) return 0
    if (at <= now) db.delete(args[1]!, now)
    else {
      entry.expiresAt = at
      db.touch(args[1]!)
    }
    return 1
  })

/** TTL and its like. */
const ttl = (name: string, unit: number, absolute: boolean) =>
  define(name, 2, "read fast", first, ({ db, now }, [, key]) => {
    const entry = db.get(key!, now)
    if (entry === undefined) return -2
    if (entry.expiresAt === Infinity) return -1
    return absolute
      ? Math.floor(entry.expiresAt / unit)
      : Math.floor((Math.max(0, entry.expiresAt - now) + (unit > 1 ? 500 : 0)) / unit)
  })

const rename = ({ db, now }: Scene, from: string, to: string, replace: boolean): Reply => {
  const entry = db.get(from, now)
  if (entry === undefined) return fail("no such key")
  if (from === to) return replace ? ok : 0
  if (!replace && db.get(to, now) !== undefined) return 0
  db.delete(to, now)
  db.delete(from, now)
  db.put(to, entry.kind, entry.value, entry.expiresAt, entry.raw)
  return replace ? ok : 1
}

const maxListpack = 128
const maxListpackValue = 64

/** How Redis 7.0 would keep a value. */
const encodingOf = (entry: Entry): string => {
  const value = entry.value
  const short = (texts: Iterable<string>): boolean => Array.from(texts).every((t) => t.length <= maxListpackValue)
  if (typeof value === "string") return stringEncoding(value, entry.raw)
  if (Array.isArray(value)) return "quicklist"
  if (value instanceof Map) {
    return value.size <= maxListpack && short(value.keys()) && short(value.values()) ? "listpack" : "hashtable"
  }
  if (value instanceof Set) {
    return value.size <= 512 && Array.from(value).every((m) => parseInteger(m) !== undefined) ? "intset" : "hashtable"
  }
  if (value instanceof StreamValue) return "stream"
  if (value instanceof VectorSet) return "raw"
  if (value instanceof ArrayValue) return "sliced-array"
  return value.size <= maxListpack && short(value.scores.keys()) ? "listpack" : "skiplist"
}

const object = (read: (entry: Entry) => Reply) => ({ db, now }: Scene, key: string): Reply => {
  const entry = db.get(key, now)
  return entry === undefined ? null : read(entry)
}

const objects: Readonly<Record<string, (scene: Scene, key: string) => Reply>> = {
  ENCODING: object(encodingOf),
  REFCOUNT: object(() => 1),
  IDLETIME: object(() => 0),
  FREQ: object(() =>
    fail(
      "An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
    )
  )
}

const copy: (scene: Scene, args: ReadonlyArray<string>) => Reply = ({ database, db, now }, args) => {
  let target: Keyspace | undefined = db
  let replace = false
  for (let i = 3; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    if (option === "REPLACE") replace = true
    else if (option === "DB" && i + 1 < args.length) {
      const index = int(args[++i]!)
      if (index < -(2 ** 31) || index >= 2 ** 31) {
        return fail("value is out of range, value must between -2147483648 and 2147483647")
      }
      target = database(index)
      if (target === undefined) return fail("DB index is out of range")
    } else return syntaxError()
  }
  const [, from, to] = args as [string, string, string]
  if (target === db && from === to) return fail("source and destination objects are the same")
  const entry = db.get(from, now)
  if (entry === undefined) return 0
  if (target.get(to, now) !== undefined && !replace) return 0
  if (entry.value instanceof VectorSet) return fail("not supported for this module key")
  target.delete(to, now)
  target.put(to, entry.kind, Database.copy(entry), entry.expiresAt, entry.raw)
  return 1
}

const sort = (scene: Scene, args: ReadonlyArray<string>, mayStore: boolean): Reply => {
  const { db, now } = scene
  let descending = false
  let alpha = false
  let by: string | undefined
  let limit: readonly [offset: number, count: number] | undefined
  let store: string | undefined
  const gets: Array<string> = []
  for (let i = 2; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    const left = args.length - i - 1
    if (option === "ASC") descending = false
    else if (option === "DESC") descending = true
    else if (option === "ALPHA") alpha = true
    else if (option === "LIMIT" && left >= 2) limit = [int(args[++i]!), int(args[++i]!)]
    else if (option === "STORE" && left >= 1 && mayStore) store = args[++i]!
    else if (option === "BY" && left >= 1) by = args[++i]!
    else if (option === "GET" && left >= 1) gets.push(args[++i]!)
    else return syntaxError()
  }
  const entry = db.get(args[1]!, now)
  if (entry !== undefined && !["list", "set", "zset"].includes(entry.kind)) db.read(args[1]!, "list", now)
  const value = entry?.value
  const items: Array<string> = value === undefined
    ? []
    : value instanceof Set
    ? Array.from(value)
    : Array.isArray(value)
    ? value.slice()
    : (value as SortedSet).ranked.map(([member]) => member)
  const lookup = (pattern: string, item: string): string | null => {
    if (pattern === "#") return item
    const arrow = pattern.indexOf("->")
    const star = pattern.indexOf("*")
    if (star === -1) return null
    const isHash = arrow !== -1 && arrow > star && arrow + 2 < pattern.length
    const key = (isHash ? pattern.slice(0, arrow) : pattern).replace("*", () => item)
    const found = db.get(key, now)
    if (found === undefined) {
      db.onMiss?.(key)
      return null
    }
    if (isHash) {
      return found.kind === "hash"
        ? (found.value as Map<string, string>).get(pattern.slice(arrow + 2)) ?? null
        : null
    }
    return found.kind === "string" ? found.value as string : null
  }
  const sorted = by === undefined || by.includes("*")
  if (sorted) {
    const weight = (item: string): string | null => by === undefined ? item : lookup(by, item)
    const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0
    // It looks for all of them first, whether the first one is a number or not.
    const texts = new Map(items.map((item) => [item, weight(item)]))
    if (alpha) {
      items.sort((a, b) => {
        const [x, y] = [texts.get(a)!, texts.get(b)!]
        return x === null || y === null ? (x === y ? 0 : x === null ? -1 : 1) : compare(x, y)
      })
    } else {
      const number = (item: string): number => {
        const text = texts.get(item)!
        return text === null ? 0 : readFloat(text) ?? fail("One or more scores can't be converted into double")
      }
      const weights = new Map(items.map((item) => [item, number(item)]))
      items.sort((a, b) => weights.get(a)! - weights.get(b)! || compare(a, b))
    }
  }
  // Without a comparison the order is that of the elements; those of a set have none.
  if (descending && (sorted || entry?.kind !== "set")) items.reverse()
  const from = limit === undefined ? 0 : Math.max(0, limit[0])
  const to = limit === undefined || limit[1] < 0 ? items.length : from + limit[1]
  const chosen = items.slice(from, to)
  const out = chosen.flatMap((item): Array<string | null> =>
    gets.length === 0 ? [item] : gets.map((pattern) => lookup(pattern, item))
  )
  if (store === undefined) return out
  db.store(store, "list", out.map((item) => item ?? ""), now)
  return out.length
}

const sortKeys: Keys = (args) => {
  const at = args.findIndex((a, i) => i > 1 && a.toUpperCase() === "STORE")
  return at === -1 || at + 1 >= args.length ? [args[1]!] : [args[1]!, args[at + 1]!]
}

export const keys = [
  define("del", -2, "write", rest, ({ db, now }, args) => args.slice(1).filter((k) => db.delete(k, now)).length),
  define(
    "unlink",
    -2,
    "write fast",
    rest,
    ({ db, now }, args) => args.slice(1).filter((k) => db.delete(k, now)).length
  ),
  define(
    "exists",
    -2,
    "read fast",
    rest,
    ({ db, now }, args) => args.slice(1).filter((k) => db.get(k, now) !== undefined).length
  ),
  define(
    "touch",
    -2,
    "read fast",
    rest,
    ({ db, now }, args) => args.slice(1).filter((k) => db.get(k, now) !== undefined).length
  ),
  expire("expire", 1000, false),
  expire("pexpire", 1, false),
  expire("expireat", 1000, true),
  expire("pexpireat", 1, true),
  ttl("ttl", 1000, false),
  ttl("pttl", 1, false),
  ttl("expiretime", 1000, true),
  ttl("pexpiretime", 1, true),
  define("persist", 2, "write fast", first, ({ db, now }, [, key]) => {
    const entry = db.get(key!, now)
    if (entry === undefined || entry.expiresAt === Infinity) return 0
    entry.expiresAt = Infinity
    db.touch(key!)
    return 1
  }),
  define("type", 2, "read fast", first, ({ db, now }, [, key]) => new Simple(db.get(key!, now)?.kind ?? "none")),
  define("rename", 3, "write", firstTwo, (scene, [, from, to]) => rename(scene, from!, to!, true)),
  define("renamenx", 3, "write fast", firstTwo, (scene, [, from, to]) => rename(scene, from!, to!, false)),
  define("copy", -3, "write denyoom", firstTwo, copy),
  define("move", 3, "write fast", first, ({ database, db, now }, [, key, text]) => {
    const target = database(int(text!))
    if (target === undefined) return fail("DB index is out of range")
    if (target === db) return fail("source and destination objects are the same")
    const entry = db.get(key!, now)
    if (entry === undefined || target.get(key!, now) !== undefined) return 0
    db.delete(key!, now)
    target.put(key!, entry.kind, entry.value, entry.expiresAt, entry.raw)
    return 1
  }),
  define("keys", 2, "read", noKeys, ({ db, now }, [, pattern]) => db.keys(now).filter((k) => matches(pattern!, k))),
  define("randomkey", 1, "read", noKeys, ({ db, now, random }) => {
    const all = db.keys(now)
    return all.length === 0 ? null : all[Math.floor(random() * all.length)]!
  }),
  define("scan", -2, "read", noKeys, ({ db, now }, args) => {
    const request = scanRequest(args, 1, true)
    const { cursor, some } = nextOf(request, db.keys(now), (key) => key, db.salt)
    const found = some.filter((key) =>
      request.match(key) && (request.type === undefined || db.get(key, now)?.kind === request.type)
    )
    return [cursor, found]
  }),
  {
    ...define(
      "object",
      -2,
      "read",
      (args) => args.slice(2, 3),
      (scene, args) => objects[args[1]!.toUpperCase()]!(scene, args[2]!)
    ),
    subcommands: new Map(Object.keys(objects).map((name) => [name.toLowerCase(), 3]))
  },
  define("sort", -2, "write denyoom", sortKeys, (scene, args) => sort(scene, args, true)),
  define("sort_ro", -2, "read", first, (scene, args) => sort(scene, args, false)),
  define("dbsize", 1, "read fast", noKeys, ({ db, now }) => db.keys(now).length),
  define("flushdb", -1, "write", noKeys, ({ db }, args) => {
    flushMode(args)
    db.clear()
    return ok
  }),
  define("flushall", -1, "write", noKeys, ({ database }, args) => {
    flushMode(args)
    for (let i = 0, db = database(0); db !== undefined; db = database(++i)) db.clear()
    return ok
  })
]

const flushMode = (args: ReadonlyArray<string>): void => {
  if (args.length > 2 || (args.length === 2 && !["SYNC", "ASYNC"].includes(args[1]!.toUpperCase()))) syntaxError()
}
