/**
 * INCREX of a server in memory, as Redis 8.8 has it.
 */
import { Double, type Reply } from "../Reply.ts"
import {
  addFloats,
  big,
  type Definition,
  fail,
  first,
  float,
  group,
  parseFloating,
  type Scene,
  syntaxError
} from "./command.ts"
import { expiry } from "./strings.ts"

const define = group("string")

interface Options {
  readonly byFloat: boolean
  readonly by: string
  readonly lower: string | undefined
  readonly upper: string | undefined
  readonly saturates: boolean
  readonly expire: readonly [option: string, text: string] | undefined
  readonly persist: boolean
  readonly onlyNew: boolean
}

const optionsOf = (args: ReadonlyArray<string>): Options => {
  const seen = new Map<string, string>()
  for (let i = 2; i < args.length; i++) {
    const word = args[i]!.toUpperCase()
    const isExpiry = /^[EP]X(AT)?$/.test(word)
    const group = isExpiry || word === "PERSIST" ? "expiry" : word.startsWith("BY") ? "by" : word
    if (seen.has(group)) return syntaxError()
    if (["SATURATE", "ENX", "PERSIST"].includes(word)) seen.set(group, word)
    else if ((isExpiry || ["BYINT", "BYFLOAT", "LBOUND", "UBOUND"].includes(word)) && i + 1 < args.length) {
      seen.set(group, word)
      seen.set(word, args[++i]!)
    } else return syntaxError()
  }
  const time = seen.get("expiry")
  const isPersist = time === "PERSIST"
  if (isPersist && seen.has("ENX")) return syntaxError()
  if (time === undefined && seen.has("ENX")) return fail("ENX flag requires an expiration")
  const by = seen.get("by")
  return {
    byFloat: by === "BYFLOAT",
    by: by === undefined ? "1" : seen.get(by)!,
    lower: seen.get("LBOUND"),
    upper: seen.get("UBOUND"),
    saturates: seen.has("SATURATE"),
    expire: time === undefined || isPersist ? undefined : [time, seen.get(time)!],
    persist: isPersist,
    onlyNew: seen.has("ENX")
  }
}

/** The value and what was added, as text; undefined for the value if nothing changes. */
interface Sum {
  readonly value: string | undefined
  readonly added: string
}

const [least, greatest] = [-(2n ** 63n), 2n ** 63n - 1n]

const addInt = (old: bigint, { by, lower, saturates, upper }: Options): Sum => {
  const increment = big(by, "Increment is not an integer or out of range")
  const low = lower === undefined ? least : big(lower, "LBOUND is not an integer or out of range")
  const high = upper === undefined ? greatest : big(upper, "UBOUND is not an integer or out of range")
  if (low > high) return fail("LBOUND can't be greater than UBOUND")
  const sum = old + increment
  if (sum >= low && sum <= high) return { value: String(sum), added: String(increment) }
  if (!saturates) return { value: undefined, added: "0" }
  const value = sum > high ? high : low
  const added = value - old
  return added < least || added > greatest
    ? fail("applied increment would overflow")
    : { value: String(value), added: String(added) }
}

const negated = (text: string): string => text.startsWith("-") ? text.slice(1) : `-${text.replace("+", "")}`

const addFloat = (old: string, { by, lower, saturates, upper }: Options): Sum => {
  const increment = float(by, "Increment is not a valid float")
  if (!Number.isFinite(increment)) return fail("BYFLOAT increment cannot be Infinity")
  const low = lower === undefined ? -Number.MAX_VALUE : float(lower, "LBOUND is not a valid float")
  const high = upper === undefined ? Number.MAX_VALUE : float(upper, "UBOUND is not a valid float")
  if (low > high) return fail("LBOUND can't be greater than UBOUND")
  if (!Number.isFinite(float(old))) return fail("value cannot be Infinity")
  const sum = addFloats(old, by)!
  const isIn = Number(sum) >= low && Number(sum) <= high
  if (isIn) return { value: sum, added: addFloats(by, "0")! }
  if (!saturates) return { value: undefined, added: "0" }
  const bound = Number(sum) > high ? upper! : lower!
  const added = addFloats(bound, negated(old))
  return added === undefined
    ? fail("applied increment would be Infinity")
    : { value: addFloats(bound, "0")!, added }
}

const increment = (scene: Scene, args: ReadonlyArray<string>): Reply => {
  const { db, now } = scene
  const options = optionsOf(args)
  const key = args[1]!
  const reply = (value: string, added: string): Reply =>
    options.byFloat
      ? [value, added].map((text) => new Double(Number(text), text))
      : [BigInt(value), BigInt(added)]
  // The arguments are looked at before the key.
  if (options.byFloat) addFloat("0", { ...options, saturates: false })
  else addInt(0n, { ...options, saturates: false })
  const at = options.expire === undefined ? undefined : expiry(options.expire[0], options.expire[1], now, "increx")
  const entry = db.get(key, now)
  const old = db.read(key, "string", now) ?? "0"
  if (options.byFloat && parseFloating(old) === undefined) return fail("value is not a valid float")
  const { added, value } = options.byFloat ? addFloat(old, options) : addInt(big(old), options)
  if (value === undefined) return reply(options.byFloat ? addFloats(old, "0")! : old, added)
  const before = entry?.expiresAt ?? Infinity
  const keeps = options.onlyNew && before !== Infinity
  const expiresAt = options.persist ? Infinity : at === undefined || keeps ? before : at
  if (expiresAt <= now) db.delete(key, now)
  else db.put(key, "string", value, expiresAt)
  return reply(value, added)
}

export const increx: ReadonlyArray<Definition> = [
  define("increx", -2, "write denyoom fast", first, increment)
]
