/**
 * The sorted set commands of a server in memory. Commands that can
 * block give undefined where they would block.
 */
import { SortedSet } from "../Keyspace.ts"
import { Double, formatDouble, nullArray, type Reply } from "../Reply.ts"
import {
  atLeast,
  choose,
  counted,
  emptyPage,
  fail,
  first,
  firstTwo,
  float,
  group,
  int,
  type ManyRequest,
  manyRequest,
  page,
  range,
  readFloat,
  restButLast,
  scanCursor,
  scanRequest,
  type Scene,
  storedCounted,
  syntaxError
} from "./command.ts"

const define = group("sorted-set")

type Ranked = ReadonlyArray<readonly [member: string, score: number]>

const read = ({ db, now }: Scene, key: string): SortedSet => db.read(key, "zset", now) ?? new SortedSet()

/** Members, with their scores if asked for: in pairs in RESP3, in a row in RESP2. */
const list = (items: Ranked, scores: boolean, scene: Scene, nested = scene.protocol === 3): Reply =>
  scores
    ? nested
      ? items.map(([member, score]) => [member, new Double(score)])
      : items.flatMap(([member, score]) => [member, new Double(score)])
    : items.map(([member]) => member)

/** A score as it is kept: 0 without a sign. */
const kept = (score: number): number => score === 0 ? 0 : score

const remove = ({ db }: Scene, key: string, set: SortedSet, items: Ranked): number => {
  for (const [member] of items) set.delete(member)
  if (items.length > 0) db.settle(key)
  return items.length
}

// -----------------------------------------------------------------------------
// Ranges
// -----------------------------------------------------------------------------

type Range = (set: SortedSet) => Ranked

const scoreBound = (text: string): readonly [score: number, exclusive: boolean] => {
  const exclusive = text.startsWith("(")
  const score = readFloat(exclusive ? text.slice(1) : text)
  return score === undefined ? fail("min or max is not a float") : [score, exclusive]
}

const byScore = (min: string, max: string): Range => {
  const [low, notLow] = scoreBound(min)
  const [high, notHigh] = scoreBound(max)
  return (set) =>
    set.ranked.filter(([, score]) => (notLow ? score > low : score >= low) && (notHigh ? score < high : score <= high))
}

interface LexBound {
  /** Of `-` and `+` it is not a name. */
  readonly name: string
  readonly exclusive: boolean
  readonly infinite: -1 | 0 | 1
}

const lexBound = (text: string): LexBound => {
  if (text === "-") return { name: "", exclusive: false, infinite: -1 }
  if (text === "+") return { name: "", exclusive: false, infinite: 1 }
  const exclusive = text.startsWith("(")
  if (!exclusive && !text.startsWith("[")) return fail("min or max not valid string range item")
  return { name: text.slice(1), exclusive, infinite: 0 }
}

const compareBounds = (a: LexBound, b: LexBound): number =>
  a.infinite !== b.infinite ? a.infinite - b.infinite : a.name < b.name ? -1 : a.name > b.name ? 1 : 0

/**
 * A range by names. Members of different scores are in no order of names: then it is the run from the first member that
 * is not below the range to the last before one that is above, or, read in reverse, the other way round. Members that
 * are skipped at its beginning may be outside.
 */
const byLex = (minText: string, maxText: string, reverse = false, skipped = 0): Range => {
  const [min, max] = [lexBound(minText), lexBound(maxText)]
  const order = compareBounds(min, max)
  const isEmpty = order > 0 || (order === 0 && (min.exclusive || max.exclusive))
  const compare = (member: string, bound: LexBound): number =>
    compareBounds({ name: member, exclusive: false, infinite: 0 }, bound)
  const isAbove = ([member]: readonly [string, number]): boolean =>
    min.exclusive ? compare(member, min) > 0 : compare(member, min) >= 0
  const isBelow = ([member]: readonly [string, number]): boolean =>
    max.exclusive ? compare(member, max) < 0 : compare(member, max) <= 0
  return ({ ranked }) => {
    if (isEmpty || ranked.length === 0 || !isAbove(ranked.at(-1)!) || !isBelow(ranked[0]!)) return []
    if (reverse) {
      const to = ranked.findLastIndex(isBelow) - skipped
      if (to < 0) return []
      return ranked.slice(ranked.findLastIndex((item, i) => i <= to && !isAbove(item)) + 1, to + 1)
    }
    const from = ranked.findIndex(isAbove) + skipped
    const to = ranked.findIndex((item, i) => i >= from && !isBelow(item))
    return ranked.slice(from, to === -1 ? undefined : to)
  }
}

const byRank = (start: string, stop: string, reverse: boolean): Range => {
  const [a, b] = [int(start), int(stop)]
  return (set) => {
    const [from, to] = range(set.size, a, b)
    const all = reverse ? set.ranked.slice().reverse() : set.ranked
    return all.slice(from, to + 1)
  }
}

const limited = (items: Ranked, limit: readonly [offset: number, count: number] | undefined): Ranked => {
  if (limit === undefined) return items
  const [offset, count] = limit
  if (offset < 0) return []
  return items.slice(offset, count < 0 ? undefined : offset + count)
}

type By = "rank" | "score" | "lex"

/** ZRANGE, the older commands that it replaces, and ZRANGESTORE. */
const ranged = (
  scene: Scene,
  args: ReadonlyArray<string>,
  from: number,
  fixed?: { readonly by: By; readonly reverse: boolean } | undefined,
  storing = false
): readonly [items: Ranked, scores: boolean] => {
  let by: By = fixed?.by ?? "rank"
  let reverse = fixed?.reverse ?? false
  let scores = false
  let limit: readonly [number, number] | undefined
  for (let i = from + 3; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    if (option === "WITHSCORES" && !storing) scores = true
    else if (option === "LIMIT" && i + 2 < args.length) limit = [int(args[i + 1]!), int(args[i += 2]!)]
    else if (fixed === undefined && option === "REV" && !reverse) reverse = true
    else if (fixed === undefined && option === "BYLEX" && by === "rank") by = "lex"
    else if (fixed === undefined && option === "BYSCORE" && by === "rank") by = "score"
    else return syntaxError()
  }
  if (limit !== undefined && limit[1] !== -1 && by === "rank") {
    return fail("syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
  }
  if (scores && by === "lex") return fail("syntax error, WITHSCORES not supported in combination with BYLEX")
  const [a, b] = [args[from + 1]!, args[from + 2]!]
  if (by === "rank") return [byRank(a, b, reverse)(read(scene, args[from]!)), scores]
  const [min, max] = reverse ? [b, a] : [a, b]
  const skipped = by === "lex" ? Math.max(0, limit?.[0] ?? 0) : 0
  const found = by === "score" ? byScore(min, max) : byLex(min, max, reverse, skipped)
  const items = found(read(scene, args[from]!))
  const limits = limit === undefined ? undefined : [limit[0] - skipped, limit[1]] as const
  return [limited(reverse ? items.slice().reverse() : items, limits), scores]
}

const rangeCommand = (name: string, by: By, reverse: boolean) =>
  define(name, -4, "read", first, (scene, args) => {
    const [items, scores] = ranged(scene, args, 1, { by, reverse })
    return list(items, scores, scene)
  })

const count = (name: string, make: (min: string, max: string) => Range) =>
  define(name, 4, "read fast", first, (scene, [, key, min, max]) => {
    const found = make(min!, max!)
    return found(read(scene, key!)).length
  })

const removeRange = (name: string, make: (min: string, max: string) => Range) =>
  define(name, 4, "write", first, (scene, [, key, min, max]) => {
    const found = make(min!, max!)
    const set = read(scene, key!)
    return remove(scene, key!, set, found(set).slice())
  })

// -----------------------------------------------------------------------------
// Adding
// -----------------------------------------------------------------------------

const add = (scene: Scene, args: ReadonlyArray<string>, increment = false): Reply => {
  const { db, now } = scene
  const options = new Set<string>()
  let at = 2
  if (increment) options.add("INCR")
  else {
    for (; at < args.length && ["NX", "XX", "GT", "LT", "CH", "INCR"].includes(args[at]!.toUpperCase()); at++) {
      options.add(args[at]!.toUpperCase())
    }
  }
  const pairs = args.slice(at)
  if (pairs.length === 0 || pairs.length % 2 === 1) return syntaxError()
  if (options.has("NX") && options.has("XX")) return fail("XX and NX options at the same time are not compatible")
  if ((options.has("GT") && options.has("LT")) || (options.has("NX") && (options.has("GT") || options.has("LT")))) {
    return fail("GT, LT, and/or NX options at the same time are not compatible")
  }
  if (options.has("INCR") && pairs.length > 2) return fail("INCR option supports a single increment-element pair")
  const given: Array<readonly [member: string, score: number]> = []
  for (let i = 0; i < pairs.length; i += 2) given.push([pairs[i + 1]!, float(pairs[i]!)])
  const key = args[1]!
  const existing = db.read(key, "zset", now)
  if (existing === undefined && options.has("XX")) return options.has("INCR") ? null : 0
  let added = 0
  let updated = 0
  let result: Reply = null
  const changes: Array<readonly [member: string, score: number]> = []
  const before = new Map<string, number>()
  const scoreOf = (member: string): number | undefined => before.get(member) ?? existing?.scores.get(member)
  for (const [member, score] of given) {
    const old = scoreOf(member)
    if ((old !== undefined && options.has("NX")) || (old === undefined && options.has("XX"))) continue
    const next = options.has("INCR") && old !== undefined ? old + score : score
    if (Number.isNaN(next)) return fail("resulting score is not a number (NaN)")
    if (old !== undefined && ((options.has("GT") && next <= old) || (options.has("LT") && next >= old))) continue
    if (old === undefined) added++
    else if (next !== old) updated++
    before.set(member, next)
    if (next !== old) changes.push([member, next])
    result = new Double(next)
  }
  if (changes.length > 0) {
    const set = db.open(key, "zset", now)
    for (const [member, score] of changes) set.set(member, kept(score))
    db.settle(key)
  }
  return options.has("INCR") ? result : options.has("CH") ? added + updated : added
}

// -----------------------------------------------------------------------------
// Popping
// -----------------------------------------------------------------------------

const take = (scene: Scene, key: string, max: boolean, n: number): Ranked => {
  const set = read(scene, key)
  const items = max ? set.ranked.slice().reverse().slice(0, n) : set.ranked.slice(0, n)
  remove(scene, key, set, items)
  return items
}

const pop = (name: string, max: boolean) =>
  define(name, -2, "write fast", first, (scene, args) => {
    if (args.length > 3) return syntaxError()
    const n = args[2] === undefined ? 1 : atLeast(0, args[2], "value is out of range, must be positive")
    const items = take(scene, args[1]!, max, n)
    return list(items, true, scene, scene.protocol === 3 && args[2] !== undefined)
  })

/** Pops one member of the first sorted set that has one. */
export const popFirst = (scene: Scene, keys: ReadonlyArray<string>, max: boolean): Reply | undefined => {
  for (const key of keys) {
    if (read(scene, key).size === 0) continue
    const [member, score] = take(scene, key, max, 1)[0]!
    return [key, member, new Double(score)]
  }
  return undefined
}

export const end = (text: string): boolean => {
  const upper = text.toUpperCase()
  return upper === "MAX" ? true : upper === "MIN" ? false : syntaxError()
}

/** Pops several members of the first sorted set that has one. */
export const popMany = (scene: Scene, request: ManyRequest): Reply | undefined => {
  const max = end(request.where)
  for (const key of request.keys) {
    if (read(scene, key).size === 0) continue
    return [key, list(take(scene, key, max, request.count), true, scene, true)]
  }
  return undefined
}

// -----------------------------------------------------------------------------
// Combining
// -----------------------------------------------------------------------------

type Scores = ReadonlyMap<string, number>

const scoresOf = (scene: Scene, key: string): Scores => {
  const entry = scene.db.get(key, scene.now)
  if (entry?.kind === "set") return new Map(Array.from(entry.value as Set<string>, (member) => [member, 1]))
  return read(scene, key).scores
}

interface Combination {
  readonly scores: SortedSet
  readonly withScores: boolean
}

const combine = (
  scene: Scene,
  args: ReadonlyArray<string>,
  at: number,
  name: string,
  how: "union" | "inter" | "diff",
  storing: boolean
): Combination => {
  const n = int(args[at]!)
  if (n < 1) return fail(`at least 1 input key is needed for '${name}' command`)
  if (n > args.length - at - 1) return syntaxError()
  const sources = args.slice(at + 1, at + 1 + n).map((key) => scoresOf(scene, key))
  let weights: ReadonlyArray<number> = sources.map(() => 1)
  let aggregate = (a: number, b: number): number => {
    const sum = a + b
    return Number.isNaN(sum) ? 0 : sum
  }
  let withScores = false
  let isCount = false
  for (let i = at + 1 + n; i < args.length; i++) {
    const option = args[i]!.toUpperCase()
    const left = args.length - i - 1
    if (how !== "diff" && option === "WEIGHTS" && left >= n) {
      weights = args.slice(i + 1, i + 1 + n).map((text) => float(text, "weight value is not a float"))
      i += n
    } else if (how !== "diff" && option === "AGGREGATE" && left >= 1) {
      const kind = args[++i]!.toUpperCase()
      // What is no number changes nothing.
      if (kind === "MIN") aggregate = (a, b) => b < a ? b : a
      else if (kind === "MAX") aggregate = (a, b) => b > a ? b : a
      else if (kind === "COUNT") isCount = true
      else if (kind !== "SUM") return syntaxError()
    } else if (!storing && option === "WITHSCORES") withScores = true
    else return syntaxError()
  }
  const scores = new SortedSet()
  if (how === "diff") {
    for (const [member, score] of sources[0]!) {
      if (!sources.slice(1).some((s) => s.has(member))) scores.set(member, score)
    }
  } else {
    // The smallest first, as sums of fractions depend on the order.
    const inOrder = sources.map((source, i) => ({ source, weight: weights[i]! }))
      .sort((a, b) => a.source.size - b.source.size)
    for (const { source, weight } of inOrder) {
      for (const [member, score] of source) {
        if (how === "inter" && !sources.every((s) => s.has(member))) continue
        const old = scores.scores.get(member)
        const product = weight * (isCount ? 1 : score)
        const next = Number.isNaN(product) && (how === "union" || old === undefined) ? 0 : product
        scores.set(member, old === undefined ? next : aggregate(old, next))
      }
    }
  }
  return { scores, withScores }
}

const combination = (how: "union" | "inter" | "diff") => [
  define(`z${how}`, -3, "read", counted(1), (scene, args) => {
    const { scores, withScores } = combine(scene, args, 1, `z${how}`, how, false)
    return list(scores.ranked, withScores, scene)
  }),
  define(`z${how}store`, -4, "write denyoom", storedCounted, (scene, args) => {
    const { scores } = combine(scene, args, 2, `z${how}store`, how, true)
    const stored = new SortedSet(new Map(scores.ranked.map(([member, score]) => [member, kept(score)])))
    scene.db.store(args[1]!, "zset", stored, scene.now)
    return scores.size
  })
]

const rank = (name: string, reverse: boolean) =>
  define(name, -3, "read fast", first, (scene, args) => {
    const [, key, member, option] = args
    if (args.length > 4) return fail(`wrong number of arguments for '${name}' command`)
    if (option !== undefined && option.toUpperCase() !== "WITHSCORE") return syntaxError()
    const set = read(scene, key!)
    const at = set.ranked.findIndex(([m]) => m === member)
    if (at === -1) return option === undefined ? null : nullArray
    const place = reverse ? set.size - 1 - at : at
    return option === undefined ? place : [place, new Double(set.ranked[at]![1])]
  })

export const sortedSets = [
  define("zadd", -4, "write denyoom fast", first, (scene, args) => add(scene, args)),
  define("zincrby", 4, "write denyoom fast", first, (scene, args) => add(scene, args, true)),
  define("zrem", -3, "write fast", first, (scene, args) => {
    const set = read(scene, args[1]!)
    const items = new Set(args.slice(2).filter((member) => set.scores.has(member)))
    return remove(scene, args[1]!, set, Array.from(items, (member) => [member, 0] as const))
  }),
  define("zscore", 3, "read fast", first, (scene, [, key, member]) => {
    const score = read(scene, key!).scores.get(member!)
    return score === undefined ? null : new Double(score)
  }),
  define("zmscore", -3, "read fast", first, (scene, args) => {
    const set = read(scene, args[1]!)
    return args.slice(2).map((member) => {
      const score = set.scores.get(member)
      return score === undefined ? null : new Double(score)
    })
  }),
  define("zcard", 2, "read fast", first, (scene, [, key]) => read(scene, key!).size),
  count("zcount", byScore),
  count("zlexcount", byLex),
  define("zrange", -4, "read", first, (scene, args) => {
    const [items, scores] = ranged(scene, args, 1)
    return list(items, scores, scene)
  }),
  define("zrangestore", -5, "write denyoom", firstTwo, (scene, args) => {
    const [items] = ranged(scene, args, 2, undefined, true)
    scene.db.store(args[1]!, "zset", new SortedSet(new Map(items)), scene.now)
    return items.length
  }),
  rangeCommand("zrevrange", "rank", true),
  rangeCommand("zrangebyscore", "score", false),
  rangeCommand("zrevrangebyscore", "score", true),
  rangeCommand("zrangebylex", "lex", false),
  rangeCommand("zrevrangebylex", "lex", true),
  rank("zrank", false),
  rank("zrevrank", true),
  pop("zpopmin", false),
  pop("zpopmax", true),
  define("zmpop", -4, "write", counted(1), (scene, args) => {
    const request = manyRequest(args, 1, end)
    return popMany(scene, request) ?? nullArray
  }),
  define("zrandmember", -2, "read", first, (scene, args): Reply => {
    const [, key, countText, option] = args
    const n = countText === undefined ? 1 : int(countText)
    if (args.length > 4 || (option !== undefined && option.toUpperCase() !== "WITHSCORES")) return syntaxError()
    const chosen = choose(read(scene, key!).ranked, n, scene.random)
    return countText === undefined ? chosen[0]?.[0] ?? null : list(chosen, option !== undefined, scene)
  }),
  removeRange("zremrangebyrank", (start, stop) => byRank(start, stop, false)),
  removeRange("zremrangebyscore", byScore),
  removeRange("zremrangebylex", byLex),
  ...combination("union"),
  ...combination("inter"),
  ...combination("diff"),
  define("zintercard", -3, "read", counted(1), (scene, args) => {
    const n = int(args[1]!)
    if (n < 1) return fail("at least 1 input key is needed for 'zintercard' command")
    if (n > args.length - 2) return syntaxError()
    for (const key of args.slice(2, 2 + n)) scoresOf(scene, key)
    let limit = 0
    for (let i = 2 + n; i < args.length; i += 2) {
      if (args[i]!.toUpperCase() !== "LIMIT" || args[i + 1] === undefined) return syntaxError()
      limit = atLeast(0, args[i + 1]!, "LIMIT can't be negative")
    }
    const { scores } = combine(scene, args.slice(0, 2 + n), 1, "zintercard", "inter", true)
    return limit === 0 ? scores.size : Math.min(limit, scores.size)
  }),
  define("zscan", -3, "read", first, (scene, args) => {
    scanCursor(args[2]!)
    const set = scene.db.read(args[1]!, "zset", scene.now)
    if (set === undefined) return emptyPage
    const request = scanRequest(args, 2, false, "NOSCORES")
    return page(
      request,
      set.ranked,
      ([m]) => m,
      ([m, score]) => request.isBare ? [m] : [m, formatDouble(score)],
      scene.db.salt
    )
  }),
  // What waits is served by the server: here is only what it looks like from outside.
  define("bzpopmin", -3, "write fast blocking", restButLast, () => nullArray),
  define("bzpopmax", -3, "write fast blocking", restButLast, () => nullArray),
  define("bzmpop", -5, "write blocking", counted(2), () => nullArray)
]
