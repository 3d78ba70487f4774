/**
 * What the servers say of a command, found by its words: whether it reads, whether it may
 * be sent again, where its keys are. The facts are in table.ts, those on waiting in
 * waiting.ts.
 */
import type * as Resp from "../../Resp.ts"
import { isBytes } from "../common/values.ts"
import { table } from "./table.ts"
import { asSent } from "./words.ts"

/** What is known of a command. */
export interface Known {
  /** Whether it may change data. */
  readonly mode: "read" | "write"
  /** Whether it may be sent again when its reply never came. */
  readonly repeatable: boolean
  /** The keys among the words and arguments of a call. */
  readonly keys: (call: ReadonlyArray<Resp.Arg>) => ReadonlyArray<string | Uint8Array>
}

type Indexes = (call: ReadonlyArray<Resp.Arg>) => ReadonlyArray<number>

/** Where a search begins: at an index, or behind a keyword that is searched from an index, over options with values. */
const startOf = (text: string): (call: ReadonlyArray<Resp.Arg>) => number => {
  const [place, ...options] = text.split("/") as [string, ...Array<string>]
  const [word, from] = place.split("@") as [string, string?]
  const values = new Map(options.map((option) => [option.slice(0, -1), Number(option.slice(-1))]))
  if (from === undefined) return () => Number(word)
  const index = Number(from)
  return (call) => {
    const step = index < 0 ? -1 : 1
    for (let i = index < 0 ? call.length + index : index; i > 0 && i < call.length; i += step) {
      const sent = asSent(call[i])
      if (sent === word) return i + 1
      i += values.get(sent) ?? 0
    }
    return Infinity
  }
}

const range = (first: number, end: number, step: number): ReadonlyArray<number> => {
  const indexes: Array<number> = []
  for (let i = first; i <= end; i += step) indexes.push(i)
  return indexes
}

/** Reads one pattern of table.ts. */
const indexesOf = (pattern: string): Indexes => {
  const [, start, kind, numbers] = /^([^:#]+)([:#]?)(.*)$/.exec(pattern) as unknown as [string, string, string, string]
  const find = startOf(start)
  if (kind === "") return (call) => [find(call)]
  const [a, b = 1, c = 0] = numbers.split(":").map(Number) as [number, number?, number?]
  if (kind === "#") {
    return (call) => {
      const first = find(call)
      const count = Math.min(Number(asSent(call[first + a])), call.length)
      return range(first + b, first + b + (count - 1) * c, c)
    }
  }
  return (call) => {
    const first = find(call)
    const end = a >= 0 ? first + a : c <= 1 ? call.length + a : first + Math.floor((call.length - first) / c) + a
    return range(first, end, b)
  }
}

const keysBy = (pattern: string): Known["keys"] => {
  if (pattern === "-") return () => []
  const all = pattern.split(",").map((one) => ({ indexes: indexesOf(one.replace("!", "")), skip: one.endsWith("!") }))
  return (call) =>
    all.flatMap(({ indexes, skip }) =>
      indexes(call).flatMap((i) => {
        const key = call[i]
        return key === undefined || (skip && asSent(key) === "") ? [] : [isBytes(key) ? key : String(key)]
      })
    )
}

interface Commands {
  readonly byName: ReadonlyMap<string, Known>
  readonly containers: ReadonlySet<string>
}

const read = (): Commands => {
  const byName = new Map<string, Known>()
  const containers = new Set<string>()
  for (const line of table.trim().split("\n")) {
    const [kind, pattern, ...names] = line.split(" ") as [string, string, ...Array<string>]
    const known: Known = { mode: kind === "w" ? "write" : "read", repeatable: kind === "r", keys: keysBy(pattern) }
    for (const name of names) {
      if (kind === "c") containers.add(name)
      else byName.set(name, known)
    }
  }
  return { byName, containers }
}

/** Read when it is first needed, since few programs send commands by their names. */
let commands: Commands | undefined

/** Whether the second word of a command is part of its name, as in CLIENT LIST. */
export const hasSubcommands = (word: string): boolean => (commands ??= read()).containers.has(asSent(word))

/** What is known of the command with these first words, in any case; undefined if nothing is. */
export const knownOf = (word: Resp.Arg, second: Resp.Arg | undefined): Known | undefined => {
  const { byName, containers } = commands ??= read()
  const name = asSent(word)
  return byName.get(second !== undefined && containers.has(name) ? `${name}|${asSent(second)}` : name)
}
