/**
 * Runs of generated calls against a node in memory and a real server: what is compared, and how a run that differs
 * is made short. grammar.ts makes the calls.
 */
import { Chance } from "../../fuzz/Chance.ts"
import { dataCommands } from "../../src/testing/data/index.ts"
import { type CommandFacts, readFacts } from "../support/commandFacts.ts"
import { chosenPrograms, versionOf } from "../support/servers.ts"
import { type GeneratedDifference, generatedDifferences, type Seen, withoutTimes } from "./differences.ts"
import { allKeys, beginning, type Call, Grammar } from "./grammar.ts"
import { pair, Talk } from "./wire.ts"

/** Commands that are not generated, each with the reason. */
export const leftOut: Readonly<Record<string, string>> = {
  DUMP: "the format of dumps has tests of its own",
  RESTORE: "a dump has to be there; it has tests of its own",
  SPOP: "chance decides what it removes",
  "OBJECT FREQ": "it needs a policy of eviction",
  "OBJECT ENCODING": "it depends on how a value came to be",
  "OBJECT REFCOUNT": "it depends on which values the server shares"
}

/** The groups of commands that are generated. */
const groups = new Set([
  "string",
  "generic",
  "list",
  "set",
  "sorted-set",
  "hash",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub"
])

/** The commands that are generated: those of Redis 7.0 that a node in memory has. */
export const generatedCommands = (): ReadonlyMap<string, CommandFacts> =>
  new Map(
    Object.entries(readFacts("redis-7.0").commands).filter(([name, { group }]) =>
      groups.has(group ?? "") && leftOut[name] === undefined && !name.endsWith(" HELP") &&
      (dataCommands.has(name.toLowerCase()) || /^(OBJECT (ENC|REF|IDLE)|PUBLISH|PUBSUB|XGROUP|XINFO)/.test(name))
    )
  )

/** The calls of a run. */
export const callsOf = (seed: number, length: number): ReadonlyArray<Call> => {
  const grammar = new Grammar(new Chance(seed), generatedCommands())
  const calls: Array<Call> = []
  while (calls.length < length) calls.push(...grammar.next())
  return calls
}

/** Runs calls on empty databases, all in one session; the reply of each. */
const play = async (port: number, protocol: 2 | 3, calls: ReadonlyArray<Call>): Promise<ReadonlyArray<Seen>> => {
  const talk = new Talk(port)
  try {
    talk.send("HELLO", String(protocol))
    talk.send("FLUSHALL")
    for (const call of calls) talk.send(...call)
    await talk.next()
    await talk.next()
    const replies: Array<Seen> = []
    for (const call of calls) {
      replies.push(
        await talk.next().catch((error: Error) => {
          throw new Error(`${textOf(call)}: ${error.message}`)
        })
      )
    }
    return replies
  } finally {
    talk.end()
  }
}

/** Calls that read everything there is. */
const readAll: Readonly<Record<string, (key: string) => ReadonlyArray<Call>>> = {
  // A node in memory keeps a HyperLogLog in another form.
  string: (key) => key.startsWith("p") ? [["PFCOUNT", key]] : [["GET", key]],
  list: (key) => [["LRANGE", key, "0", "-1"]],
  set: (key) => [["SMEMBERS", key]],
  zset: (key) => [["ZRANGE", key, "0", "-1", "WITHSCORES"]],
  hash: (key) => [["HGETALL", key]],
  stream: (key) => [["XRANGE", key, "-", "+"]]
}

// -----------------------------------------------------------------------------
// What is compared
// -----------------------------------------------------------------------------

const sorted = ([type, value]: Seen): Seen =>
  typeof value === "string"
    ? [type, value]
    : [type, value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))]

const chosen = versionOf(chosenPrograms().server).name

/** The differences that are known of this server, and those of them that a run has met. */
export const known = generatedDifferences.filter(({ servers }) => servers.includes(chosen))
export const met = new Set<GeneratedDifference>()

/** What is compared of a reply to a call. */
const comparable = (call: Call, reply: Seen): Seen => {
  if (reply[0] === "-" || reply[1] === "QUEUED") return reply
  switch (call[0]!.toUpperCase()) {
    // In no order.
    case "SMEMBERS":
    case "SINTER":
    case "SUNION":
    case "SDIFF":
    case "KEYS":
    case "SCAN":
    case "SSCAN":
    case "HSCAN":
    case "ZSCAN":
    case "HGETALL":
    case "HKEYS":
    case "HVALS":
    case "PUBSUB":
      return sorted(reply)
    // In no order, unless one is asked for.
    case "GEORADIUS":
    case "GEORADIUS_RO":
    case "GEORADIUSBYMEMBER":
    case "GEORADIUSBYMEMBER_RO":
    case "GEOSEARCH":
      return call.some((word) => /^(ASC|DESC|COUNT)$/i.test(word)) ? reply : sorted(reply)
    // Chance decides.
    case "RANDOMKEY":
    case "SRANDMEMBER":
    case "HRANDFIELD":
    case "ZRANDMEMBER":
      return [reply[0], typeof reply[1] === "string" ? "" : String(reply[1].length)]
    // Entries are idle for about as long.
    case "XINFO":
    case "XPENDING":
      return withoutTimes(reply)
    default:
      return call[1]?.toUpperCase() === "IDLETIME" ? [reply[0], ""] : reply
  }
}

/** How far apart the replies of commands may be that give a time, if it is later than now. */
const slack: ReadonlyMap<string, number> = new Map([
  ["TTL", 2],
  ["EXPIRETIME", 2],
  ["PTTL", 2000],
  ["PEXPIRETIME", 2000]
])

const areNear = (call: Call, [type, memory]: Seen, [otherType, real]: Seen): boolean =>
  type === ":" && otherType === ":" && Number(memory) > 0 && Number(real) > 0 &&
  Math.abs(Number(memory) - Number(real)) <= (slack.get(call[0]!.toUpperCase()) ?? 0)

/** Whether the replies to a call agree: they are the same, or differ in a way that is known of the server. */
const agree = (call: Call, memory: Seen, real: Seen): boolean => {
  const [ours, theirs] = [comparable(call, memory), comparable(call, real)]
  if (JSON.stringify(ours) === JSON.stringify(theirs) || areNear(call, ours, theirs)) return true
  const difference = known.find(({ agree, calls }) => calls.test(call.join(" ")) && agree(ours, theirs))
  if (difference !== undefined) met.add(difference)
  return difference !== undefined
}

/** A call whose replies differ. */
interface Differing {
  readonly index: number
  readonly call: Call
  readonly memory: Seen
  readonly real: Seen
}

/** The first call whose replies differ. */
const firstDiffering = (
  calls: ReadonlyArray<Call>,
  memory: ReadonlyArray<Seen>,
  real: ReadonlyArray<Seen>
): Differing | undefined => {
  let queued: Array<Call> | undefined
  for (const [index, call] of calls.entries()) {
    const [ours, theirs] = [memory[index]!, real[index]!]
    const isExec = call[0] === "EXEC" && queued !== undefined && typeof ours[1] !== "string" &&
      typeof theirs[1] !== "string" && ours[1].length === queued.length && theirs[1].length === queued.length
    const isSame = isExec
      ? ours[0] === theirs[0] &&
        queued!.every((inner, i) => agree(inner, ours[1][i] as Seen, theirs[1][i] as Seen))
      : agree(call, ours, theirs)
    if (!isSame) return { index, call, memory: ours, real: theirs }
    if (call[0] === "MULTI" && queued === undefined) queued = []
    else if (call[0] === "EXEC" || call[0] === "DISCARD") queued = undefined
    else if (queued !== undefined && ours[1] === "QUEUED") queued.push(call)
  }
  return undefined
}

// -----------------------------------------------------------------------------
// Runs
// -----------------------------------------------------------------------------

export interface Ports {
  readonly memory: number
  readonly real: number
}

/** A node in memory and a real server that ends waits at their time, not up to a tenth of a second later. */
export const quickPair = pair(["hz 500", "dynamic-hz no"])

/** Runs calls on both, and then reads all keys. */
const run = async (
  { memory, real }: Ports,
  protocol: 2 | 3,
  calls: ReadonlyArray<Call>
): Promise<{ readonly compared: number; readonly differing: Differing | undefined }> => {
  const types = allKeys.map((key): Call => ["TYPE", key])
  const times = allKeys.map((key): Call => ["PEXPIRETIME", key])
  const first = [...calls, ...types, ...times]
  const [ours, theirs] = await Promise.all([play(memory, protocol, first), play(real, protocol, first)])
  const differing = firstDiffering(first, ours, theirs)
  if (differing !== undefined) return { compared: differing.index, differing }
  const reads = allKeys.flatMap((key, i) => readAll[theirs[calls.length + i]![1] as string]?.(key) ?? [])
  const second = [...calls, ...reads]
  const [oursAgain, theirsAgain] = await Promise.all([play(memory, protocol, second), play(real, protocol, second)])
  return {
    compared: first.length + reads.length,
    differing: firstDiffering(second, oursAgain, theirsAgain)
  }
}

/** Leaves out calls as long as some replies differ. */
const shorten = async (
  ports: Ports,
  protocol: 2 | 3,
  calls: ReadonlyArray<Call>,
  at: Call
): Promise<ReadonlyArray<Call>> => {
  let left = calls
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < left.length;) {
      const fewer = [...left.slice(0, from), ...left.slice(from + size)]
      const { differing } = await run(ports, protocol, fewer)
      if (differing !== undefined && textOf(differing.call) === textOf(at)) left = fewer
      else from += size
    }
  }
  return left
}

export const textOf = (call: Call): string =>
  call.map((word) => /^[\x21-\x7e]+$/.test(word) && !word.includes("\"") ? word : JSON.stringify(word)).join(" ")

/** Compares the replies of a run; what differs, in words. */
export const compareRun = async (
  ports: Ports,
  protocol: 2 | 3,
  seed: number,
  length: number
): Promise<{ readonly compared: number; readonly problem: string | undefined }> => {
  const calls = [...beginning, ...callsOf(seed, length)]
  const { compared, differing } = await run(ports, protocol, calls)
  if (differing === undefined) return { compared, problem: undefined }
  const short = await shorten(ports, protocol, calls.slice(0, differing.index + 1), differing.call)
  const again = (await run(ports, protocol, short)).differing ?? differing
  const problem = [
    `seed ${seed}, RESP${protocol}:`,
    ...short.map((call) => `  ${textOf(call)}`),
    `  differs at ${textOf(again.call)}`,
    `    memory ${JSON.stringify(again.memory).slice(0, 500)}`,
    `    server ${JSON.stringify(again.real).slice(0, 500)}`
  ].join("\n")
  return { compared, problem }
}
