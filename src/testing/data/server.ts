/**
 * The commands of servers in memory that are about databases as a whole, or about the
 * server, and need nothing else: SWAPDB, LOLWUT and MEMORY. Sizes in memory are
 * estimates.
 */
import { Hash, type Keyspace, SortedSet } from "../Keyspace.ts"
import { Double, Fields, ok, type Reply, Verbatim } from "../Reply.ts"
import { StreamValue } from "../StreamValue.ts"
import { type Definition, fail, group, int, noKeys, parseInteger, type Scene, syntaxError } from "./command.ts"

const define = group("server")

const swapdb = ({ database }: Scene, args: ReadonlyArray<string>): Reply => {
  if (parseInteger(args[1]!) === undefined) return fail("invalid first DB index")
  if (parseInteger(args[2]!) === undefined) return fail("invalid second DB index")
  const [first, second] = [database(Number(args[1])), database(Number(args[2]))]
  if (first === undefined || second === undefined) return fail("DB index is out of range")
  if (first !== second) first.swap(second)
  return ok
}

const lolwut = (_: Scene, args: ReadonlyArray<string>): Reply => {
  if (args.length >= 3 && args[1]!.toUpperCase() === "VERSION") int(args[2]!)
  return new Verbatim("Redis ver. 7.0.15\n")
}

/** About how many bytes the value of a key takes. */
const sizeOf = (db: Keyspace, key: string, now: number): number | undefined => {
  const value = db.get(key, now)?.value
  if (value === undefined) return undefined
  const texts: ReadonlyArray<string> = typeof value === "string"
    ? [value]
    : Array.isArray(value)
    ? value
    : value instanceof Hash
    ? Array.from(value).flat()
    : value instanceof Set
    ? Array.from(value)
    : value instanceof SortedSet
    ? value.ranked.map(([member]) => member)
    : value instanceof StreamValue
    ? value.entries.flatMap(({ fields }) => fields)
    : []
  return 48 + key.length + texts.reduce((sum, text) => sum + 16 + text.length, 0)
}

const exactly = (count: number, args: ReadonlyArray<string>): void => {
  if (args.length !== count) fail(`wrong number of arguments for 'memory|${args[1]!.toLowerCase()}' command`)
}

const usage = ({ db, now }: Scene, args: ReadonlyArray<string>): Reply => {
  if (args.length < 3) return fail("wrong number of arguments for 'memory|usage' command")
  for (let i = 3; i < args.length; i += 2) {
    if (args[i]!.toUpperCase() !== "SAMPLES" || args[i + 1] === undefined) return syntaxError()
    if (int(args[i + 1]!) < 0) return syntaxError()
  }
  return sizeOf(db, args[2]!, now) ?? null
}

const fieldsOf = (fields: Readonly<Record<string, Reply>>): Fields => new Fields(Object.entries(fields).flat())

const stats = ({ database, now }: Scene): Reply => {
  const databases: Array<readonly [index: number, db: Keyspace]> = []
  for (let i = 0; i < 16; i++) {
    const db = database(i)
    if (db !== undefined && db.keys(now).length > 0) databases.push([i, db])
  }
  const count = databases.reduce((sum, [, db]) => sum + db.keys(now).length, 0)
  const bytes = databases.reduce((sum, [, db]) => db.keys(now).reduce((n, key) => n + sizeOf(db, key, now)!, sum), 0)
  const startup = 900_000
  const total = startup + bytes
  return fieldsOf({
    "peak.allocated": total,
    "total.allocated": total,
    "startup.allocated": startup,
    "replication.backlog": 0,
    "clients.slaves": 0,
    "clients.normal": 0,
    "cluster.links": 0,
    "aof.buffer": 0,
    "lua.caches": 0,
    "functions.caches": 200,
    ...Object.fromEntries(databases.map(([index, db]) => [
      `db.${index}`,
      fieldsOf({
        "overhead.hashtable.main": db.keys(now).length * 56,
        "overhead.hashtable.expires": 0,
        "overhead.hashtable.slot-to-keys": 0
      })
    ])),
    "overhead.total": startup,
    "keys.count": count,
    "keys.bytes-per-key": count === 0 ? 0 : Math.floor(bytes / count),
    "dataset.bytes": bytes,
    "dataset.percentage": new Double(bytes === 0 ? 0 : 100),
    "peak.percentage": new Double(100),
    "allocator.allocated": total,
    "allocator.active": total,
    "allocator.resident": total,
    "allocator-fragmentation.ratio": new Double(1),
    "allocator-fragmentation.bytes": 0,
    "allocator-rss.ratio": new Double(1),
    "allocator-rss.bytes": 0,
    "rss-overhead.ratio": new Double(1),
    "rss-overhead.bytes": 0,
    "fragmentation": new Double(1),
    "fragmentation.bytes": 0
  })
}

const memory = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  switch (args[1]!.toLowerCase()) {
    case "usage":
      return usage(scene, args)
    case "stats":
      exactly(2, args)
      return stats(scene)
    case "purge":
      exactly(2, args)
      return ok
    case "malloc-stats":
      exactly(2, args)
      return new Verbatim("Stats not supported for the current allocator")
    case "doctor":
      exactly(2, args)
      return new Verbatim("This instance is in memory, and has no problems with it.\n")
    default:
      return fail(`unknown subcommand '${args[1]}'. Try MEMORY HELP.`)
  }
}

export const servers: ReadonlyArray<Definition> = [
  define("swapdb", 3, "write fast", noKeys, swapdb),
  define("lolwut", -1, "read fast", noKeys, lolwut),
  define("memory", -2, "read", (args) => args[1]?.toLowerCase() === "usage" ? args.slice(2, 3) : [], memory)
]
