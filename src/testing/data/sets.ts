/**
 * The set commands of a server in memory.
 */
import { Members, type Reply } from "../Reply.ts"
import {
  atLeast,
  choose,
  counted,
  emptyPage,
  fail,
  first,
  firstTwo,
  group,
  int,
  page,
  rest,
  sample,
  scanCursor,
  scanRequest,
  type Scene,
  syntaxError
} from "./command.ts"

const define = group("set")

const read = ({ db, now }: Scene, key: string): ReadonlySet<string> => db.read(key, "set", now) ?? new Set<string>()

const inter = (sets: ReadonlyArray<ReadonlySet<string>>): Set<string> =>
  new Set(Array.from(sets[0]!).filter((m) => sets.every((s) => s.has(m))))
const union = (sets: ReadonlyArray<ReadonlySet<string>>): Set<string> => new Set(sets.flatMap((s) => Array.from(s)))
const diff = (sets: ReadonlyArray<ReadonlySet<string>>): Set<string> =>
  new Set(Array.from(sets[0]!).filter((m) => !sets.slice(1).some((s) => s.has(m))))

type Combine = (sets: ReadonlyArray<ReadonlySet<string>>) => Set<string>

const combination = (name: string, combine: Combine) => [
  define(name, -2, "read", rest, (scene, args) => {
    const sets = args.slice(1).map((key) => read(scene, key))
    return new Members(Array.from(combine(sets)))
  }),
  define(`${name}store`, -3, "write denyoom", rest, (scene, args) => {
    const result = combine(args.slice(2).map((key) => read(scene, key)))
    scene.db.store(args[1]!, "set", result, scene.now)
    return result.size
  })
]

/** SINTERCARD and its like: how many members a combination has. */
const cardinality = (name: string, combine: Combine, flags: ReadonlyArray<string> = []) =>
  define(name, -3, "read", counted(1), (scene, args) => {
    const n = atLeast(1, args[1]!, "numkeys should be greater than 0")
    if (n > args.length - 2) return fail("Number of keys can't be greater than number of args")
    let limit = 0
    for (let i = 2 + n; i < args.length; i++) {
      const word = args[i]!.toUpperCase()
      if (flags.includes(word)) continue
      if (word !== "LIMIT" || args[i + 1] === undefined) return syntaxError()
      limit = atLeast(0, args[++i]!, "LIMIT can't be negative")
    }
    const size = combine(args.slice(2, 2 + n).map((key) => read(scene, key))).size
    return limit === 0 ? size : Math.min(limit, size)
  })

const remove = ({ db, now }: Scene, key: string, members: ReadonlyArray<string>): number => {
  const set = db.read(key, "set", now)
  if (set === undefined) return 0
  const removed = members.filter((member) => set.delete(member)).length
  if (removed > 0) db.settle(key)
  return removed
}

export const sets = [
  define("sadd", -3, "write denyoom fast", first, ({ db, now }, args) => {
    const set = db.open(args[1]!, "set", now)
    const before = set.size
    for (const member of args.slice(2)) set.add(member)
    if (set.size > before) db.settle(args[1]!)
    return set.size - before
  }),
  define("srem", -3, "write fast", first, (scene, args) => remove(scene, args[1]!, args.slice(2))),
  define("smembers", 2, "read", first, (scene, [, key]) => new Members(Array.from(read(scene, key!)))),
  define("sismember", 3, "read fast", first, (scene, [, key, member]) => read(scene, key!).has(member!) ? 1 : 0),
  define("smismember", -3, "read fast", first, (scene, args) => {
    const set = read(scene, args[1]!)
    return args.slice(2).map((member) => set.has(member) ? 1 : 0)
  }),
  define("scard", 2, "read fast", first, (scene, [, key]) => read(scene, key!).size),
  define("spop", -2, "write fast", first, (scene, args): Reply => {
    if (args.length > 3) return syntaxError()
    const [, key, countText] = args
    const count = countText === undefined ? 1 : atLeast(0, countText, "value is out of range, must be positive")
    const chosen = sample(Array.from(read(scene, key!)), count, scene.random)
    remove(scene, key!, chosen)
    return countText === undefined ? chosen[0] ?? null : new Members(chosen)
  }),
  define("srandmember", -2, "read", first, (scene, args): Reply => {
    if (args.length > 3) return syntaxError()
    const [, key, countText] = args
    const count = countText === undefined ? 1 : int(countText)
    const chosen = choose(Array.from(read(scene, key!)), count, scene.random)
    return countText === undefined ? chosen[0] ?? null : chosen
  }),
  define("smove", 4, "write fast", firstTwo, (scene, [, from, to, member]) => {
    const source = scene.db.read(from!, "set", scene.now)
    if (source === undefined) return 0
    read(scene, to!)
    if (!source.has(member!)) return 0
    if (from === to) return 1
    remove(scene, from!, [member!])
    scene.db.open(to!, "set", scene.now).add(member!)
    scene.db.settle(to!)
    return 1
  }),
  ...combination("sinter", inter),
  ...combination("sunion", union),
  ...combination("sdiff", diff),
  cardinality("sintercard", inter),
  cardinality("sunioncard", union, ["APPROX"]),
  cardinality("sdiffcard", diff),
  define("sscan", -3, "read", first, (scene, args) => {
    scanCursor(args[2]!)
    const set = scene.db.read(args[1]!, "set", scene.now)
    if (set === undefined) return emptyPage
    return page(scanRequest(args, 2), Array.from(set), (m) => m, (m) => [m], scene.db.salt)
  })
]
