/**
 * The configuration of servers in memory: a part of Redis 7.0's parameters, what values
 * they take, and the CONFIG commands. Most of them change nothing but what CONFIG GET
 * returns; RedisNode.ts reads those that it heeds.
 */
import { fail, matches, parseInteger, syntaxError } from "../data/command.ts"
import { Fields, ok, type Reply } from "../Reply.ts"

/** Makes the text that CONFIG GET returns of a value; throws what is wrong with it. */
type Read = (value: string) => string

/** What is wrong with a value, in the server's words. */
class Refusal {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const refuse = (text: string): never => {
  throw new Refusal(text)
}

const anyText: Read = (value) => value

const isImmutable: Read = () => refuse("can't set immutable config")

const yesOrNo: Read = (value) => {
  const text = value.toLowerCase()
  return text === "yes" || text === "no" ? text : refuse("argument must be 'yes' or 'no'")
}

const oneOf = (...choices: ReadonlyArray<string>): Read => (value) => {
  const text = value.toLowerCase()
  return choices.includes(text) ? text : refuse(`argument(s) must be one of the following: ${choices.join(", ")}`)
}

const within = (n: bigint, min: bigint, max: bigint): string =>
  n < min || n > max ? refuse(`argument must be between ${min} and ${max} inclusive`) : String(n)

const int32 = 2n ** 31n - 1n
const uint32 = 2n ** 32n - 1n
const int64 = 2n ** 63n - 1n

const integer = (min: bigint, max: bigint): Read => (value) => {
  const n = parseInteger(value)
  return n === undefined ? refuse("argument couldn't be parsed into an integer") : within(n, min, max)
}

const units: Readonly<Record<string, bigint>> = {
  "": 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000n ** 2n,
  mb: 1024n ** 2n,
  g: 1000n ** 3n,
  gb: 1024n ** 3n
}

const memory = (min: bigint, max: bigint): Read => (value) => {
  const [, digits, unit] = /^(\d*)([a-z]*)$/i.exec(value) ?? []
  const word = (unit ?? "?").toLowerCase()
  const factor = Object.hasOwn(units, word) ? units[word] : undefined
  if (digits === undefined || factor === undefined) return refuse("argument must be a memory value")
  return within(BigInt(digits) * factor, min, max)
}

const savePoints: Read = (value) => {
  const words = value.split(" ").filter((word) => word !== "")
  if (words.length % 2 === 1 || words.some((word) => !/^\d+$/.test(word) || word === "0")) {
    return refuse("Invalid save parameters")
  }
  return words.join(" ")
}

/** The classes of events, in the order in which the server shows them; A stands for the first ten. */
const eventClasses = "g$lshzxetd"

const events: Read = (value) => {
  if (!/^[AgszlhxeKEtmdn$]*$/.test(value)) {
    return refuse("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
  }
  const given = new Set(value.includes("A") ? [...value, ...eventClasses] : value)
  const all = Array.from(eventClasses).every((letter) => given.has(letter))
  const first = all ? "A" : Array.from(eventClasses).filter((letter) => given.has(letter)).join("")
  return first + Array.from("KEmn").filter((letter) => given.has(letter)).join("")
}

const clampedHz: Read = (value) => {
  const n = Number(integer(0n, int32)(value))
  return String(Math.max(1, Math.min(n, 500)))
}

const parameters: Readonly<Record<string, readonly [value: string, read: Read]>> = {
  "acllog-max-len": ["128", integer(0n, int64)],
  aclfile: ["", isImmutable],
  "acl-pubsub-default": ["resetchannels", oneOf("allchannels", "resetchannels")],
  appendfsync: ["everysec", oneOf("everysec", "always", "no")],
  appendonly: ["no", yesOrNo],
  "auto-aof-rewrite-percentage": ["100", integer(0n, int32)],
  "busy-reply-threshold": ["5000", integer(0n, int64)],
  "cluster-enabled": ["no", isImmutable],
  databases: ["16", isImmutable],
  "dynamic-hz": ["yes", yesOrNo],
  "hash-max-listpack-entries": ["512", integer(0n, int64)],
  "hash-max-listpack-value": ["64", memory(0n, int64)],
  hz: ["10", clampedHz],
  "latency-monitor-threshold": ["0", integer(0n, int64)],
  "latency-tracking": ["yes", yesOrNo],
  "lazyfree-lazy-eviction": ["no", yesOrNo],
  "lazyfree-lazy-expire": ["no", yesOrNo],
  "lazyfree-lazy-user-del": ["no", yesOrNo],
  "lfu-decay-time": ["1", integer(0n, int32)],
  "lfu-log-factor": ["10", integer(0n, int32)],
  "list-max-listpack-size": ["-2", integer(-(2n ** 31n), int32)],
  loglevel: ["notice", oneOf("debug", "verbose", "notice", "warning")],
  masterauth: ["", anyText],
  masteruser: ["", anyText],
  maxclients: ["10000", integer(1n, uint32)],
  maxmemory: ["0", memory(0n, 2n ** 64n - 1n)],
  "maxmemory-policy": [
    "noeviction",
    oneOf(
      "volatile-lru",
      "volatile-lfu",
      "volatile-random",
      "volatile-ttl",
      "allkeys-lru",
      "allkeys-lfu",
      "allkeys-random",
      "noeviction"
    )
  ],
  "maxmemory-samples": ["5", integer(1n, int32)],
  "min-replicas-max-lag": ["10", integer(0n, int32)],
  "min-replicas-to-write": ["0", integer(0n, int32)],
  "notify-keyspace-events": ["", events],
  "proto-max-bulk-len": ["536870912", memory(1024n ** 2n, int64)],
  rdbcompression: ["yes", yesOrNo],
  "repl-backlog-size": ["1048576", memory(1n, int64)],
  "repl-diskless-sync": ["yes", yesOrNo],
  "repl-timeout": ["60", integer(1n, int32)],
  "replica-priority": ["100", integer(0n, int32)],
  "replica-read-only": ["yes", yesOrNo],
  "replica-serve-stale-data": ["yes", yesOrNo],
  requirepass: ["", anyText],
  save: ["", savePoints],
  "set-max-intset-entries": ["512", integer(0n, int64)],
  "slowlog-log-slower-than": ["10000", integer(-1n, int64)],
  "slowlog-max-len": ["128", integer(0n, int64)],
  "stop-writes-on-bgsave-error": ["yes", yesOrNo],
  "stream-node-max-bytes": ["4096", memory(0n, int64)],
  "stream-node-max-entries": ["100", integer(0n, int64)],
  "tcp-keepalive": ["300", integer(0n, int32)],
  timeout: ["0", integer(0n, int32)],
  "tracking-table-max-keys": ["1000000", integer(0n, int64)],
  "zset-max-listpack-entries": ["128", integer(0n, int64)],
  "zset-max-listpack-value": ["64", memory(0n, int64)]
}

/** Other names of parameters. */
const aliases: Readonly<Record<string, string>> = {
  "hash-max-ziplist-entries": "hash-max-listpack-entries",
  "hash-max-ziplist-value": "hash-max-listpack-value",
  "list-max-ziplist-size": "list-max-listpack-size",
  "lua-time-limit": "busy-reply-threshold",
  "min-slaves-max-lag": "min-replicas-max-lag",
  "min-slaves-to-write": "min-replicas-to-write",
  "slave-priority": "replica-priority",
  "slave-read-only": "replica-read-only",
  "slave-serve-stale-data": "replica-serve-stale-data",
  "zset-max-ziplist-entries": "zset-max-listpack-entries",
  "zset-max-ziplist-value": "zset-max-listpack-value"
}

/** The parameters with the values that a server begins with. */
export const defaultConfig = (): Map<string, string> =>
  new Map(Object.entries(parameters).map(([name, [value]]) => [name, value]))

/** The names in a record of names, also where one is a name of `Object.prototype`. */
const own = <A>(record: Readonly<Record<string, A>>, name: string): A | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

/** What the CONFIG commands may use of a server. */
export interface ConfigHost {
  /** The values by the names of the parameters. */
  readonly config: Map<string, string>
  /** Called when a parameter has a new value. */
  readonly changed: (name: string, value: string) => void
  readonly resetStatistics: () => void
}

const get = ({ config }: ConfigHost, args: ReadonlyArray<string>): Reply => {
  const found = new Map<string, string>()
  for (const given of args.slice(2)) {
    const pattern = given.toLowerCase()
    const exact = own(aliases, pattern) ?? pattern
    const value = config.get(exact)
    if (value !== undefined) {
      // It is shown as it was asked for.
      if (!Array.from(found.keys()).some((name) => name.toLowerCase() === pattern)) found.set(given, value)
      continue
    }
    for (const [name, value] of config) if (matches(pattern, name)) found.set(name, value)
    for (const [alias, name] of Object.entries(aliases)) {
      if (matches(pattern, alias)) found.set(alias, config.get(name)!)
    }
  }
  return new Fields(Array.from(found).flat())
}

const set = (host: ConfigHost, args: ReadonlyArray<string>): Reply => {
  if (args.length % 2 === 1) return syntaxError()
  const changes = new Map<string, string>()
  const given: Array<readonly [shown: string, name: string, value: string, read: Read]> = []
  for (let i = 2; i < args.length; i += 2) {
    const lower = args[i]!.toLowerCase()
    const name = own(aliases, lower) ?? lower
    const parameter = own(parameters, name)
    if (parameter === undefined) return fail(`Unknown option or number of arguments for CONFIG SET - '${args[i]}'`)
    given.push([lower, name, args[i + 1]!, parameter[1]])
  }
  const refused = (name: string, why: string): Reply =>
    fail(`CONFIG SET failed (possibly related to argument '${name}') - ${why}`)
  for (const [shown, name, , read] of given) {
    if (read === isImmutable) return refused(shown, "can't set immutable config")
    if (changes.has(name)) return refused(shown, "duplicate parameter")
    changes.set(name, "")
  }
  for (const [shown, name, value, read] of given) {
    try {
      changes.set(name, read(value))
    } catch (error) {
      if (error instanceof Refusal) return refused(shown, error.text)
      throw error
    }
  }
  for (const [name, value] of changes) {
    host.config.set(name, value)
    host.changed(name, value)
  }
  return ok
}

/** How many words each command has: exactly, or at least (negative). */
const arities: Readonly<Record<string, number>> = { get: -3, set: -4, resetstat: 2, rewrite: 2 }

/** Answers a CONFIG command. */
export const config = (host: ConfigHost, args: ReadonlyArray<string>): Reply => {
  const word = args[1]!.toLowerCase()
  const arity = own(arities, word)
  if (arity === undefined) return fail(`unknown subcommand '${args[1]}'. Try CONFIG HELP.`)
  if (arity > 0 ? args.length !== arity : args.length < -arity) {
    return fail(`wrong number of arguments for 'config|${word}' command`)
  }
  switch (word) {
    case "get":
      return get(host, args)
    case "set":
      return set(host, args)
    case "resetstat":
      host.resetStatistics()
      return ok
    default:
      return ok
  }
}
