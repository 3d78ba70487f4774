/**
 * The hash commands of a server in memory.
 */
import { Fields, ok, type Reply } from "../Reply.ts"
import {
  addFloats,
  big,
  choose,
  emptyPage,
  fail,
  first,
  float,
  group,
  int,
  page,
  scanCursor,
  scanRequest,
  type Scene,
  syntaxError
} from "./command.ts"

const define = group("hash")

const read = ({ db, now }: Scene, key: string): ReadonlyMap<string, string> =>
  db.read(key, "hash", now) ?? new Map<string, string>()

const write = (name: string, { db, now }: Scene, args: ReadonlyArray<string>): number => {
  if (args.length % 2 === 1) return fail(`wrong number of arguments for '${name}' command`)
  const fields = db.open(args[1]!, "hash", now)
  const before = fields.size
  for (let i = 2; i < args.length; i += 2) fields.set(args[i]!, args[i + 1]!)
  db.settle(args[1]!)
  return fields.size - before
}

const flat = (fields: Iterable<readonly [string, string]>): Array<string> => Array.from(fields).flat()

export const hashes = [
  define("hset", -4, "write denyoom fast", first, (scene, args) => write("hset", scene, args)),
  define("hmset", -4, "write denyoom fast", first, (scene, args) => {
    write("hmset", scene, args)
    return ok
  }),
  define("hsetnx", 4, "write denyoom fast", first, ({ db, now }, [, key, field, value]) => {
    if (db.read(key!, "hash", now)?.has(field!) === true) return 0
    db.open(key!, "hash", now).set(field!, value!)
    db.settle(key!)
    return 1
  }),
  define("hget", 3, "read fast", first, (scene, [, key, field]) => read(scene, key!).get(field!) ?? null),
  define("hmget", -3, "read fast", first, (scene, args) => {
    const fields = read(scene, args[1]!)
    return args.slice(2).map((field) => fields.get(field) ?? null)
  }),
  define("hgetall", 2, "read", first, (scene, [, key]) => new Fields(flat(read(scene, key!)))),
  define("hkeys", 2, "read", first, (scene, [, key]) => Array.from(read(scene, key!).keys())),
  define("hvals", 2, "read", first, (scene, [, key]) => Array.from(read(scene, key!).values())),
  define("hlen", 2, "read fast", first, (scene, [, key]) => read(scene, key!).size),
  define("hexists", 3, "read fast", first, (scene, [, key, field]) => read(scene, key!).has(field!) ? 1 : 0),
  define("hstrlen", 3, "read fast", first, (scene, [, key, field]) => (read(scene, key!).get(field!) ?? "").length),
  define("hdel", -3, "write fast", first, ({ db, now }, args) => {
    const fields = db.read(args[1]!, "hash", now)
    if (fields === undefined) return 0
    const removed = args.slice(2).filter((field) => fields.delete(field)).length
    if (removed > 0) db.settle(args[1]!)
    return removed
  }),
  define("hincrby", 4, "write denyoom fast", first, (scene, [, key, field, text]) => {
    const by = big(text!)
    const sum = big(read(scene, key!).get(field!) ?? "0", "hash value is not an integer") + by
    if (BigInt.asIntN(64, sum) !== sum) return fail("increment or decrement would overflow")
    scene.db.open(key!, "hash", scene.now).change(field!, String(sum))
    scene.db.settle(key!)
    return sum
  }),
  define("hincrbyfloat", 4, "write denyoom fast", first, (scene, [, key, field, by]) => {
    if (!Number.isFinite(float(by!))) return fail("value is NaN or Infinity")
    const old = read(scene, key!).get(field!) ?? "0"
    float(old, "hash value is not a float")
    const sum = addFloats(old, by!)
    if (sum === undefined) return fail("increment would produce NaN or Infinity")
    scene.db.open(key!, "hash", scene.now).change(field!, sum)
    scene.db.settle(key!)
    return sum
  }),
  define("hrandfield", -2, "read", first, (scene, args): Reply => {
    const [, key, countText, option] = args
    const count = countText === undefined ? 1 : int(countText)
    if (args.length > 4 || (option !== undefined && option.toUpperCase() !== "WITHVALUES")) return syntaxError()
    const chosen = choose(Array.from(read(scene, key!)), count, scene.random)
    if (countText === undefined) return chosen[0]?.[0] ?? null
    if (option === undefined) return chosen.map(([field]) => field)
    return scene.protocol === 3 ? chosen : flat(chosen)
  }),
  define("hscan", -3, "read", first, (scene, args) => {
    scanCursor(args[2]!)
    const fields = scene.db.read(args[1]!, "hash", scene.now)
    if (fields === undefined) return emptyPage
    const request = scanRequest(args, 2, false, "NOVALUES")
    return page(
      request,
      Array.from(fields),
      ([field]) => field,
      (pair) => request.isBare ? pair.slice(0, 1) : pair,
      scene.db.salt
    )
  })
]
