/**
 * The list commands of a server in memory. Commands that can block
 * give undefined where they would block.
 */
import { nullArray, ok, type Reply } from "../Reply.ts"
import {
  atLeast,
  counted,
  fail,
  first,
  firstTwo,
  group,
  int,
  type ManyRequest,
  manyRequest,
  range,
  restButLast,
  type Scene,
  syntaxError
} from "./command.ts"

const define = group("list")

const read = ({ db, now }: Scene, key: string): ReadonlyArray<string> => db.read(key, "list", now) ?? []

const push = (name: string, left: boolean, always: boolean) =>
  define(name, -3, "write denyoom fast", first, ({ db, now }, args) => {
    const key = args[1]!
    if (!always && db.read(key, "list", now) === undefined) return 0
    const list = db.open(key, "list", now)
    if (left) list.unshift(...args.slice(2).reverse())
    else for (const item of args.slice(2)) list.push(item)
    db.settle(key)
    return list.length
  })

/** Takes up to so many from an end. */
const take = ({ db, now }: Scene, key: string, left: boolean, count: number): Array<string> => {
  const list = db.read(key, "list", now)
  if (list === undefined || count === 0) return []
  const taken = left ? list.splice(0, count) : list.splice(Math.max(0, list.length - count)).reverse()
  db.settle(key)
  return taken
}

const pop = (name: string, left: boolean) =>
  define(name, -2, "write fast", first, (scene, args) => {
    if (args.length > 3) return fail(`wrong number of arguments for '${name}' command`)
    const key = args[1]!
    if (args[2] === undefined) return take(scene, key, left, 1)[0] ?? null
    const count = atLeast(0, args[2], "value is out of range, must be positive")
    return scene.db.read(key, "list", scene.now) === undefined ? nullArray : take(scene, key, left, count)
  })

export const side = (text: string): boolean => {
  const upper = text.toUpperCase()
  return upper === "LEFT" ? true : upper === "RIGHT" ? false : syntaxError()
}

/** Moves one element; undefined if there is none. */
export const move = (scene: Scene, from: string, to: string, left: boolean, toLeft: boolean): string | undefined => {
  if (scene.db.read(from, "list", scene.now) === undefined) return undefined
  scene.db.read(to, "list", scene.now)
  const item = take(scene, from, left, 1)[0]!
  const list = scene.db.open(to, "list", scene.now)
  if (toLeft) list.unshift(item)
  else list.push(item)
  scene.db.settle(to)
  return item
}

/** The arguments of LMOVEM and BLMOVEM. */
export interface MoveRequest {
  readonly from: string
  readonly to: string
  readonly left: boolean
  readonly toLeft: boolean
  readonly count: number
  readonly exactly: boolean
  readonly oneByOne: boolean
}

/** The arguments of LMOVEM and BLMOVEM, whose options begin at `at`. */
export const moveRequest = (args: ReadonlyArray<string>, at: number): MoveRequest => {
  const ends = {
    from: args[1]!,
    to: args[2]!,
    left: side(args[3]!),
    toLeft: side(args[4]!)
  }
  if (args.length === at) return { ...ends, count: 1, exactly: false, oneByOne: true }
  const [selector, text, order] = args.slice(at)
  if (args.length !== at + 3 || !/^(COUNT|EXACTLY)$/i.test(selector!) || !/^(OBO|BULK)$/i.test(order!)) {
    return syntaxError()
  }
  return {
    ...ends,
    count: atLeast(1, text!, "value is out of range, must be positive"),
    exactly: /^EXACTLY$/i.test(selector!),
    oneByOne: /^OBO$/i.test(order!)
  }
}

/** Moves several elements; undefined if there are none, or too few. */
export const moveMany = (scene: Scene, request: MoveRequest): Array<string> | undefined => {
  const { count, exactly, from, left, oneByOne, to, toLeft } = request
  const source = scene.db.read(from, "list", scene.now)
  if (source === undefined) return undefined
  scene.db.read(to, "list", scene.now)
  if (exactly && source.length < count) return undefined
  const taken = take(scene, from, left, count)
  // `take` gives those from the right end in reverse.
  const inOrder = left ? taken : taken.slice().reverse()
  const moved = oneByOne ? (toLeft ? taken.slice().reverse() : taken) : inOrder
  const list = scene.db.open(to, "list", scene.now)
  if (toLeft) list.unshift(...moved)
  else for (const item of moved) list.push(item)
  scene.db.settle(to)
  return moved
}

/** Pops one element of the first list that has one. */
export const popFirst = (scene: Scene, keys: ReadonlyArray<string>, left: boolean): Reply | undefined => {
  for (const key of keys) {
    if (scene.db.read(key, "list", scene.now) === undefined) continue
    return [key, take(scene, key, left, 1)[0]!]
  }
  return undefined
}

/** Pops several elements of the first list that has one. */
export const popMany = (scene: Scene, request: ManyRequest): Reply | undefined => {
  const left = side(request.where)
  for (const key of request.keys) {
    if (scene.db.read(key, "list", scene.now) === undefined) continue
    return [key, take(scene, key, left, request.count)]
  }
  return undefined
}

const position = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  let rank = 1
  let count: number | undefined
  let most = 0
  for (let i = 3; i < args.length; i += 2) {
    const option = args[i]!.toUpperCase()
    const text = args[i + 1]
    if (text === undefined) return syntaxError()
    if (option === "RANK") {
      rank = int(text)
      if (rank === 0) {
        return fail(
          "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"
        )
      }
    } else if (option === "COUNT") count = atLeast(0, text, "COUNT can't be negative")
    else if (option === "MAXLEN") most = atLeast(0, text, "MAXLEN can't be negative")
    else return syntaxError()
  }
  const list = read(scene, args[1]!)
  const found: Array<number> = []
  const wanted = count === undefined ? 1 : count === 0 ? Infinity : count
  let skip = Math.abs(rank) - 1
  for (let i = 0; i < list.length && found.length < wanted && (most === 0 || i < most); i++) {
    const at = rank > 0 ? i : list.length - 1 - i
    if (list[at] !== args[2]) continue
    if (skip-- <= 0) found.push(at)
  }
  return count === undefined ? found[0] ?? null : found
}

export const lists = [
  push("lpush", true, true),
  push("rpush", false, true),
  push("lpushx", true, false),
  push("rpushx", false, false),
  pop("lpop", true),
  pop("rpop", false),
  define("llen", 2, "read fast", first, (scene, [, key]) => read(scene, key!).length),
  define("lrange", 4, "read", first, (scene, [, key, start, stop]) => {
    const [a, b] = [int(start!), int(stop!)]
    const list = read(scene, key!)
    const [from, to] = range(list.length, a, b)
    return list.slice(from, to + 1)
  }),
  define("lindex", 3, "read", first, (scene, [, key, index]) => {
    const list = scene.db.read(key!, "list", scene.now)
    return list?.at(int(index!)) ?? null
  }),
  define("linsert", 5, "write denyoom", first, ({ db, now }, [, key, where, pivot, element]) => {
    const side = where!.toUpperCase()
    if (side !== "BEFORE" && side !== "AFTER") return syntaxError()
    const list = db.read(key!, "list", now)
    if (list === undefined) return 0
    const at = list.indexOf(pivot!)
    if (at === -1) return -1
    list.splice(side === "BEFORE" ? at : at + 1, 0, element!)
    db.settle(key!)
    return list.length
  }),
  define("lset", 4, "write denyoom", first, ({ db, now }, [, key, text, element]) => {
    const list = db.read(key!, "list", now)
    if (list === undefined) return fail("no such key")
    const index = int(text!)
    const at = index < 0 ? list.length + index : index
    if (at < 0 || at >= list.length) return fail("index out of range")
    list[at] = element!
    db.settle(key!)
    return ok
  }),
  define("lrem", 4, "write", first, ({ db, now }, [, key, text, element]) => {
    const count = int(text!)
    const list = db.read(key!, "list", now)
    if (list === undefined) return 0
    let left = count === 0 ? Infinity : Math.abs(count)
    const before = list.length
    if (count < 0) list.reverse()
    const kept = list.filter((item) => item !== element || left-- <= 0)
    if (count < 0) kept.reverse()
    if (count < 0) list.reverse()
    if (kept.length < before) {
      list.splice(0, list.length, ...kept)
      db.settle(key!)
    }
    return before - kept.length
  }),
  define("ltrim", 4, "write", first, ({ db, now }, [, key, start, stop]) => {
    const [a, b] = [int(start!), int(stop!)]
    const list = db.read(key!, "list", now)
    if (list === undefined) return ok
    const [from, to] = range(list.length, a, b)
    list.splice(0, list.length, ...list.slice(from, to + 1))
    db.settle(key!)
    return ok
  }),
  define("lpos", -3, "read", first, position),
  define(
    "lmove",
    5,
    "write denyoom",
    firstTwo,
    (scene, [, from, to, a, b]) => move(scene, from!, to!, side(a!), side(b!)) ?? null
  ),
  define("lmovem", -5, "write denyoom", firstTwo, (scene, args) => {
    const request = moveRequest(args, 5)
    return moveMany(scene, request) ?? (request.exactly ? null : [])
  }),
  define(
    "rpoplpush",
    3,
    "write denyoom",
    firstTwo,
    (scene, [, from, to]) => move(scene, from!, to!, false, true) ?? null
  ),
  define("lmpop", -4, "write", counted(1), (scene, args) => {
    const request = manyRequest(args, 1, side)
    return popMany(scene, request) ?? nullArray
  }),
  // What waits is served by the server: here is only what it looks like from outside.
  define("blpop", -3, "write blocking", restButLast, () => nullArray),
  define("brpop", -3, "write blocking", restButLast, () => nullArray),
  define("blmovem", -6, "write denyoom blocking", firstTwo, () => null),
  define("blmove", 6, "write denyoom blocking", firstTwo, () => null),
  define("brpoplpush", 4, "write denyoom blocking", firstTwo, () => null),
  define("blmpop", -5, "write blocking", counted(2), () => nullArray)
]
