/**
 * Makes calls of commands from their grammar, as COMMAND DOCS has it in test/data/commands: valid ones, and some that
 * are almost valid. The same numbers give the same calls. It runs none of them.
 *
 * The calls are about a few keys of each type and a few values, so that they meet.
 */
import type { Chance } from "../../fuzz/Chance.ts"
import type { ArgumentFacts, CommandFacts } from "../support/commandFacts.ts"

/** The words of a call. */
export type Call = ReadonlyArray<string>

/** Keys by type; `none` never exists at first. */
export const keysOf = {
  string: ["s", "s2"],
  number: ["n", "f"],
  bitmap: ["b", "b2"],
  list: ["l", "l2"],
  hash: ["h", "h2"],
  set: ["e", "e2", "ints"],
  zset: ["z", "z2", "same"],
  geo: ["g"],
  stream: ["x", "x2"],
  hyperloglog: ["p", "p2", "p3"],
  none: ["none", "new"]
} as const

export const allKeys: ReadonlyArray<string> = Object.values(keysOf).flat()

/** HyperLogLogs are for their own commands alone: a node in memory keeps them in another form. */
const otherKeys = allKeys.filter((key) => !key.startsWith("p"))

type Kind = keyof typeof keysOf

/** The types of the keys that the commands of a group are for. */
const kindsOfGroup: Readonly<Record<string, ReadonlyArray<Kind>>> = {
  string: ["string", "number", "bitmap"],
  list: ["list"],
  set: ["set"],
  "sorted-set": ["zset"],
  hash: ["hash"],
  bitmap: ["bitmap", "string"],
  hyperloglog: ["hyperloglog"],
  geo: ["geo"],
  stream: ["stream"]
}

/** Calls that make a key of each type, with the same content each time. */
export const beginning: ReadonlyArray<Call> = [
  ["SET", "s", "text"],
  ["SET", "s2", "ohmytext"],
  ["SET", "n", "10"],
  ["SET", "f", "2.5"],
  ["SETBIT", "b", "7", "1"],
  ["SET", "b2", "\xff\x00\x0f"],
  ["RPUSH", "l", "a", "b", "c", "1", "a"],
  ["RPUSH", "l2", "3", "-3", "2.5", "10"],
  ["HSET", "h", "a", "1", "b", "text", "c", "2.5"],
  ["HSET", "h2", "d", ""],
  ["SADD", "e", "a", "b", "c"],
  ["SADD", "e2", "b", "d", "1"],
  ["SADD", "ints", "1", "2", "10"],
  ["ZADD", "z", "1", "a", "2.5", "b", "-3", "c", "inf", "d"],
  ["ZADD", "z2", "2", "b", "2", "1", "10", "d"],
  ["ZADD", "same", "0", "a", "0", "b", "0", "c", "0", "d"],
  ["GEOADD", "g", "13.361389", "38.115556", "a", "15.087269", "37.502669", "b", "-73.97", "40.76", "c"],
  ["XADD", "x", "1-1", "a", "1"],
  ["XADD", "x", "2-0", "b", "text", "a", "2"],
  ["XADD", "x", "3-3", "c", ""],
  ["XADD", "x2", "5-0", "a", "1"],
  ["XGROUP", "CREATE", "x", "g", "0"],
  ["XGROUP", "CREATE", "x", "h", "1-1"],
  ["XGROUP", "CREATE", "x2", "g", "$"],
  ["XREADGROUP", "GROUP", "g", "c", "COUNT", "2", "STREAMS", "x", ">"],
  ["PFADD", "p", "a", "b", "c"],
  ["PFADD", "p2", "c", "d"]
]

const members = ["a", "b", "c", "d", "1", "2", "-3", "2.5", "10", "", "text", "h\xc3\xa4\xff", "a b"]
const values = [...members, "x".repeat(70)]
const ranges = ["-100", "-3", "-2", "-1", "0", "0", "1", "2", "3", "5", "100"]
const counts = ["1", "1", "2", "3", "10", "0", "-1", "-2"]
const amounts = ["1", "-1", "5", "-10", "0", "100", "9223372036854775807", "-9223372036854775808"]
const scores = ["1", "-2", "0", "2.5", "3", "inf", "-inf", "1e3", "+5", "0.1", "3.141592653589793"]
const scoreEnds = ["-inf", "+inf", "0", "1", "2", "(1", "(2.5", "3", "(-3", "10", "inf"]
const lexEnds = ["-", "+", "[a", "(a", "[b", "(c", "[d", "[", "("]
const ids = ["0", "1-1", "2-0", "3-3", "5", "5-0", "1", "7-7"]
const newIds = ["4-*", "5-5", "6-0", "7-*", "8", "9-1", "3-3", "0-0", "10-*", "11", "12-5", "20-1", "30-*"]

/** Words that belong nowhere. */
const junk = [
  "abc",
  "",
  "1.5",
  "-1",
  "1 ",
  "+1",
  "01",
  "9223372036854775807",
  "9223372036854775808",
  "18446744073709551616",
  "nan",
  "NX",
  "LIMIT",
  "*",
  "-",
  "\x00"
]

/** Values by the name of the argument, for all commands or for one. */
const words: Readonly<Record<string, ReadonlyArray<string>>> = {
  // Of sorted sets with longer members, ranges by name are up to chance where scores differ.
  member: members,
  member1: members,
  member2: members,
  count: counts,
  cursor: ["0"],
  bit: ["0", "1"],
  db: ["0", "1"],
  "destination-db": ["0", "1"],
  start: ranges,
  stop: ranges,
  end: ranges,
  index: ranges,
  rank: ["1", "-1", "2", "-2", "0"],
  len: ["0", "1", "2", "10"],
  "num-matches": ["0", "1", "2", "10"],
  increment: amounts,
  decrement: amounts,
  weight: ["1", "2", "-1", "0.5", "0"],
  limit: ["0", "1", "2", "10"],
  min: scoreEnds,
  max: scoreEnds,
  score: scores,
  longitude: ["13.361389", "15.087269", "-73.97", "0", "14", "179"],
  latitude: ["38.115556", "37.502669", "40.76", "0", "37.9", "85"],
  radius: ["200", "100.5", "1000", "1", "9000"],
  width: ["200", "1000", "9000", "0"],
  height: ["200", "1000", "9000", "0"],
  timeout: ["0.001"],
  seconds: ["1000", "100000", "5000", "0", "-1", "9223372036854775807"],
  milliseconds: ["1000000", "99999999", "0", "-1", "9223372036854775807"],
  "unix-time-seconds": ["9999999999", "8888888888", "1", "0", "-5", "9223372036854775"],
  "unix-time-milliseconds": ["9999999999000", "8888888888123", "1", "0", "-5"],
  encoding: ["u8", "i8", "u1", "i16", "u63", "i64", "u64", "i65", "u0", "x8"],
  operation: ["AND", "OR", "XOR", "NOT"],
  type: ["string", "list", "hash", "zset", "set", "stream", "none"],
  pattern: ["*", "a*", "?", "[a-c]*", "*2", "[^a]", "\\*", "w_*"],
  id: ids,
  "last-id": ids,
  threshold: ["0", "1", "2", "3-0", "2-0", "100"],
  group: ["g", "h"],
  consumer: ["c", "d"],
  "min-idle-time": ["0", "0", "0", "1000000000", "-1"],
  entriesread: ["0", "1", "-1", "2"],
  lastid: ids,
  channel: ["ch", "other"],
  shardchannel: ["ch", "other"],
  entries_added: ["0", "10"],
  max_deleted_entry_id: ids
}

const wordsOfCommand: Readonly<Record<string, Readonly<Record<string, ReadonlyArray<string>>>>> = {
  ZRANGEBYLEX: { min: lexEnds, max: lexEnds },
  ZREVRANGEBYLEX: { min: lexEnds, max: lexEnds },
  ZREMRANGEBYLEX: { min: lexEnds, max: lexEnds },
  ZLEXCOUNT: { min: lexEnds, max: lexEnds },
  XADD: { id: newIds },
  // Later servers refuse ids below those that are deleted.
  XSETID: { "last-id": ["50-0", "60-0", "100"] },
  XRANGE: { start: ["-", "0", "1-1", "(1-1", "2", "3-3"], end: ["+", "3-3", "(3-3", "2", "2-0"] },
  XREVRANGE: { start: ["-", "0", "1-1", "(1-1", "2", "3-3"], end: ["+", "3-3", "(3-3", "2", "2-0"] },
  XREAD: { id: [...ids, "$"], milliseconds: ["10"] },
  XREADGROUP: { id: [">", ">", ">", "0", "1-1", "2"], milliseconds: ["10"] },
  XPENDING: { start: ["-", "0", "1-1", "(1-1", "2"], end: ["+", "3-3", "(3-3"] },
  XAUTOCLAIM: { start: ["0", "1-1", "(2-0", "-"] },
  // Its idle times are far from each other.
  XCLAIM: { ms: ["0", "100000000", "-5"], "unix-time-milliseconds": ["1000000000000", "0"], count: ["1", "5", "0"] },
  SETBIT: { offset: ["0", "3", "7", "8", "100", "-1"] },
  GETBIT: { offset: ["0", "3", "7", "8", "100", "-1"] },
  SETRANGE: { offset: ["0", "1", "5", "20", "-1"] },
  BITFIELD: { offset: ["0", "1", "7", "#1", "#2", "100"], value: ["0", "1", "-1", "255", "300"] },
  BITFIELD_RO: { offset: ["0", "1", "7", "#1", "#2", "100"] },
  INCRBYFLOAT: { increment: [...scores] },
  HINCRBYFLOAT: { increment: [...scores] },
  SORT: { pattern: ["*", "*2", "w_*", "h->*", "*->a", "h*->a"] },
  SORT_RO: { pattern: ["*", "*2", "w_*", "h->*", "*->a", "h*->a"] },
  // A page of a scan has as many elements as the tables of the server make it.
  SCAN: { count: ["1000"] },
  HSCAN: { count: ["1000"] },
  SSCAN: { count: ["1000"] },
  ZSCAN: { count: ["1000"] }
}

/** Commands that wait: calls of theirs are always valid, since others might wait without end. */
const waits = (name: string): boolean => /^B[LRZ]/.test(name) || name.startsWith("XREAD")

/** Commands whose calls are always valid, with the reason. */
const undamaged: ReadonlyMap<string, string> = new Map([
  ["XADD", "with an id of the server's own it is never the same twice"],
  ["BITCOUNT", "later servers check its range in another order"],
  ["BITPOS", "later servers check its range in another order"],
  ["ZRANK", "later servers take one word more"],
  ["ZREVRANK", "later servers take one word more"]
])

/** Makes calls. */
export class Grammar {
  private readonly chance: Chance
  private readonly commands: ReadonlyMap<string, CommandFacts>
  private readonly names: ReadonlyArray<string>

  constructor(chance: Chance, commands: ReadonlyMap<string, CommandFacts>) {
    this.chance = chance
    this.commands = commands
    this.names = Array.from(commands.keys())
  }

  /** One call, or several that belong together: a transaction. */
  next(): ReadonlyArray<Call> {
    if (!this.chance.is(0.03)) return [this.call()]
    const calls: Array<Call> = this.chance.is(0.3) ? [["WATCH", this.key(otherKeys)]] : []
    calls.push(["MULTI"])
    for (let i = this.chance.below(4); i >= 0; i--) calls.push(this.call())
    calls.push([this.chance.is(0.85) ? "EXEC" : "DISCARD"])
    return calls
  }

  private call(): Call {
    const name = this.chance.pick(this.names)
    const facts = this.commands.get(name)!
    const args: Array<string> = []
    this.all(name, facts, facts.arguments ?? [], args)
    if (name === "ZRANGE" || name === "ZRANGESTORE") this.rangeEnds(args, name === "ZRANGE" ? 1 : 2)
    const isScan = name.endsWith("SCAN")
    if (!waits(name) && !undamaged.has(name) && this.chance.is(0.12)) {
      this.damage(args, isScan ? (name === "SCAN" ? 1 : 2) : 0)
    }
    const options = args.map((word) => word.toUpperCase())
    const by = options.indexOf("BY")
    if (name.startsWith("SORT") && by !== -1) {
      // Without weights, and by texts with equal weights, they come in no order.
      if (args[by + 1]?.includes("*") !== true) args.splice(by, 2)
      else if (options.includes("ALPHA")) args.splice(options.indexOf("ALPHA"), 1)
    } else if (isScan) args.push("COUNT", "1000")
    return [...name.split(" "), ...args]
  }

  /** Appends a list of arguments. */
  private all(name: string, facts: CommandFacts, list: ReadonlyArray<ArgumentFacts>, out: Array<string>): void {
    let size: number | undefined
    for (const argument of list) {
      const flags = argument.flags ?? []
      if (flags.includes("optional") && !this.chance.is(0.35)) continue
      // Which places are found first is up to the server.
      if (argument.name === "any") continue
      if (argument.name === "numkeys") {
        size = 1 + this.chance.below(3)
        out.push(String(size))
        continue
      }
      // Keys after their number, and as many ids as there are streams.
      const isCounted = flags.includes("multiple") && (argument.type === "key" || argument.name === "id")
      const isStreams = name === "XREAD" && isCounted
      if (isStreams && size === undefined) size = 1 + this.chance.below(2)
      const times = isCounted && size !== undefined
        ? size
        : flags.includes("multiple")
        ? 1 + this.chance.below(3)
        : 1
      for (let i = 0; i < times; i++) {
        if (argument.token !== undefined && (i === 0 || flags.includes("multiple_token"))) {
          out.push(this.chance.is(0.1) ? argument.token.toLowerCase() : argument.token)
        }
        this.value(name, facts, argument, out)
      }
    }
  }

  private value(name: string, facts: CommandFacts, argument: ArgumentFacts, out: Array<string>): void {
    switch (argument.type) {
      case "pure-token":
        return
      case "oneof": {
        const chosen = this.chance.pick((argument.arguments ?? []).filter(({ name: option }) =>
          // An id of the server's own is never the same twice, and expiries from now on differ by milliseconds.
          option !== "auto_id" && !(/^P?EXPIRE$/.test(name) && (option === "gt" || option === "lt"))
        ))
        return this.all(name, facts, [{ ...chosen, flags: (chosen.flags ?? []).filter((f) => f !== "optional") }], out)
      }
      case "block":
        return this.all(name, facts, argument.arguments ?? [], out)
      case "key": {
        const kinds = kindsOfGroup[facts.group ?? ""]
        const list = facts.group === "hyperloglog"
          ? keysOf.hyperloglog
          : kinds === undefined || this.chance.is(0.15)
          ? otherKeys
          : this.chance.is(0.12)
          ? keysOf.none
          : keysOf[this.chance.pick(kinds)]
        return void out.push(this.key(list))
      }
      default:
        return void out.push(
          this.chance.pick(wordsOfCommand[name]?.[argument.name] ?? words[argument.name] ?? this.plain(argument))
        )
    }
  }

  private key(list: ReadonlyArray<string>): string {
    return this.chance.pick(list)
  }

  private plain({ type }: ArgumentFacts): ReadonlyArray<string> {
    return type === "integer" ? ranges : type === "double" ? scores : values
  }

  /** The ends of a range by score or by name. */
  private rangeEnds(args: Array<string>, at: number): void {
    const options = args.map((word) => word.toUpperCase())
    const ends = options.includes("BYLEX") ? lexEnds : options.includes("BYSCORE") ? scoreEnds : undefined
    if (ends === undefined || this.chance.is(0.1)) return
    args[at] = this.chance.pick(ends)
    args[at + 1] = this.chance.pick(ends)
  }

  /** Makes a call almost valid. */
  private damage(args: Array<string>, from: number): void {
    const at = from + this.chance.below(args.length + 1 - from)
    const word = this.chance.pick(junk)
    switch (this.chance.below(4)) {
      case 0:
        args.splice(at, 1)
        break
      case 1:
        args.splice(at, 0, word)
        break
      case 2:
        if (at < args.length) args[at] = word
        break
      case 3:
        if (at < args.length) args.splice(at, 0, args[at]!)
    }
  }
}
