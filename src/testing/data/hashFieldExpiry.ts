/**
 * The commands on the expiry of hash fields of a server in memory, as Redis 8.0 has them.
 */
import type { Hash } from "../Keyspace.ts"
import type { Reply } from "../Reply.ts"
import { type Definition, fail, first, group, int, syntaxError } from "./command.ts"
import { expiry } from "./strings.ts"

const define = group("hash")

const maxTime = 2 ** 46 - 1

/** The words behind FIELDS and their number: `size` words for each field. */
const fieldsAt = (args: ReadonlyArray<string>, at: number, size = 1): ReadonlyArray<string> => {
  if (args[at]?.toUpperCase() !== "FIELDS") {
    return fail("Mandatory argument FIELDS is missing or not at the right position")
  }
  const count = args[at + 1] === undefined ? 0 : int(args[at + 1]!, "Parameter `numFields` should be greater than 0")
  if (count < 1) return fail("Parameter `numFields` should be greater than 0")
  const fields = args.slice(at + 2)
  return fields.length === count * size ? fields : fail("The `numfields` parameter must match the number of arguments")
}

/** Sets the expiry of a field that exists; one in the past deletes the field. */
const expire = (hash: Hash, field: string, at: number, now: number): void => {
  if (at <= now) hash.delete(field)
  else hash.expiries.set(field, at)
}

const conditions = ["NX", "XX", "GT", "LT"]

const isMet = (condition: string | undefined, before: number | undefined, at: number): boolean => {
  switch (condition) {
    case "NX":
      return before === undefined
    case "XX":
      return before !== undefined
    case "GT":
      return before !== undefined && at > before
    case "LT":
      return before === undefined || at < before
    default:
      return true
  }
}

const expireCommand = (name: string, unit: number, isAbsolute: boolean): Definition =>
  define(name, -6, "write fast", first, (scene, args) => {
    const { db, now } = scene
    const hash = db.read(args[1]!, "hash", now)
    const time = int(args[2]!)
    if (time < 0) return fail("invalid expire time, must be >= 0")
    const at = time * unit + (isAbsolute ? 0 : now)
    if (at > maxTime) return fail(`invalid expire time in '${name}' command`)
    const word = args[3]!.toUpperCase()
    const condition = conditions.includes(word) ? word : undefined
    const fields = fieldsAt(args, condition === undefined ? 3 : 4)
    let changes = 0
    const replies = fields.map((field): Reply => {
      if (hash?.has(field) !== true) return -2
      if (!isMet(condition, hash.expiries.get(field), at)) return 0
      expire(hash, field, at, now)
      changes++
      return at <= now ? 2 : 1
    })
    if (changes > 0) scene.db.settle(args[1]!)
    return replies
  })

/** Gives something for each field that expires; -1 for one that does not, -2 for one that is not there. */
const ask = (name: string, replyOf: (at: number, now: number) => Reply): Definition =>
  define(name, -5, "read fast", first, ({ db, now }, args) => {
    const hash = db.read(args[1]!, "hash", now)
    return fieldsAt(args, 2).map((field): Reply => {
      if (hash?.has(field) !== true) return -2
      const at = hash.expiries.get(field)
      return at === undefined ? -1 : replyOf(at, now)
    })
  })

interface Options {
  readonly words: ReadonlySet<string>
  readonly at: number | undefined
  readonly fieldsAt: number
}

/** The words before FIELDS, each from one of some groups at most, and EX, PX, EXAT or PXAT with a time. */
const optionsOf = (
  args: ReadonlyArray<string>,
  groups: ReadonlyArray<ReadonlyArray<string>>,
  now: number
): Options => {
  const words = new Set<string>()
  const used = new Set<ReadonlyArray<string>>()
  let at: number | undefined
  let i = 2
  for (; i < args.length && args[i]!.toUpperCase() !== "FIELDS"; i++) {
    const word = args[i]!.toUpperCase()
    const group = groups.find((group) => group.includes(word))
    if (group === undefined) return fail(`unknown argument: ${args[i]}`)
    if (used.has(group)) return syntaxError()
    used.add(group)
    words.add(word)
    if (/^[EP]X(AT)?$/.test(word)) {
      if (args[i + 1] === undefined) return syntaxError()
      at = expiry(word, args[++i]!, now, args[0]!.toLowerCase())
    }
  }
  return { words, at, fieldsAt: i }
}

export const hashFieldExpiry: ReadonlyArray<Definition> = [
  expireCommand("hexpire", 1000, false),
  expireCommand("hpexpire", 1, false),
  expireCommand("hexpireat", 1000, true),
  expireCommand("hpexpireat", 1, true),
  ask("httl", (at, now) => Math.ceil((at - now) / 1000)),
  ask("hpttl", (at, now) => at - now),
  ask("hexpiretime", (at) => Math.ceil(at / 1000)),
  ask("hpexpiretime", (at) => at),
  define("hpersist", -5, "write fast", first, (scene, args) => {
    const hash = scene.db.read(args[1]!, "hash", scene.now)
    let changes = 0
    const replies = fieldsAt(args, 2).map((field): Reply => {
      if (hash?.has(field) !== true) return -2
      if (!hash.expiries.delete(field)) return -1
      changes++
      return 1
    })
    if (changes > 0) scene.db.settle(args[1]!)
    return replies
  }),
  define("hgetdel", -5, "write fast", first, (scene, args) => {
    const hash = scene.db.read(args[1]!, "hash", scene.now)
    let changes = 0
    const replies = fieldsAt(args, 2).map((field): Reply => {
      const value = hash?.get(field)
      if (hash?.delete(field) === true) changes++
      return value ?? null
    })
    if (changes > 0) scene.db.settle(args[1]!)
    return replies
  }),
  define("hgetex", -5, "write fast", first, (scene, args) => {
    const { db, now } = scene
    const hash = db.read(args[1]!, "hash", now)
    const options = optionsOf(args, [["EX", "PX", "EXAT", "PXAT", "PERSIST"]], now)
    let changes = 0
    const replies = fieldsAt(args, options.fieldsAt).map((field): Reply => {
      const value = hash?.get(field)
      if (hash === undefined || value === undefined) return null
      if (options.at !== undefined) {
        expire(hash, field, options.at, now)
        changes++
      } else if (options.words.has("PERSIST") && hash.expiries.delete(field)) changes++
      return value
    })
    if (changes > 0) scene.db.settle(args[1]!)
    return replies
  }),
  define("hsetex", -6, "write denyoom fast", first, (scene, args) => {
    const { db, now } = scene
    const key = args[1]!
    const known = db.read(key, "hash", now)
    const { at, fieldsAt: from, words } = optionsOf(
      args,
      [["NX", "XX"], ["FNX", "FXX"], ["EX", "PX", "EXAT", "PXAT", "KEEPTTL"]],
      now
    )
    const pairs = fieldsAt(args, from, 2)
    const fields = pairs.filter((_, i) => i % 2 === 0)
    if ((words.has("NX") && known !== undefined) || (words.has("XX") && known === undefined)) return 0
    if (words.has("FNX") && fields.some((field) => known?.has(field) === true)) return 0
    if (words.has("FXX") && fields.some((field) => known?.has(field) !== true)) return 0
    const hash = db.open(key, "hash", now)
    for (let i = 0; i < pairs.length; i += 2) {
      if (words.has("KEEPTTL")) hash.change(pairs[i]!, pairs[i + 1]!)
      else hash.set(pairs[i]!, pairs[i + 1]!)
      if (at !== undefined) expire(hash, pairs[i]!, at, now)
    }
    db.settle(key)
    return 1
  })
]
