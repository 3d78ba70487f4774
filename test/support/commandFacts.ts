/**
 * What servers say of their own commands, kept as data in test/data/commands: one file for each server, which
 * scripts/command-fixtures.ts writes, and `later.json` for commands of servers that Debian does not package.
 *
 * It reads these files and applies what they say. It asks no server.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { servers } from "./servers.ts"

/** Where the keys of a command are: a key specification of COMMAND INFO. */
export interface KeySpec {
  readonly flags: ReadonlyArray<string>
  /** Where the search begins: at an index of the whole command, or behind a keyword, searched from an index. */
  readonly begin: readonly ["index", number] | readonly ["keyword", string, from: number] | readonly ["unknown"]
  /**
   * Which keys there are from there on. `range`: up to `last` behind the first (negative: from the end of the command;
   * -1 with a limit: up to the `limit`-th part of what is left), every `step`-th. `keynum`: as many as the number at
   * `at` says, from `first` on.
   */
  readonly find:
    | readonly ["range", last: number, step: number, limit: number]
    | readonly ["keynum", at: number, first: number, step: number]
    | readonly ["unknown"]
}

/** An argument of COMMAND DOCS. */
export interface ArgumentFacts {
  readonly name: string
  readonly type: string
  readonly token?: string
  readonly since?: string
  readonly deprecatedSince?: string
  /** Of `optional`, `multiple` and `multiple_token`. */
  readonly flags?: ReadonlyArray<string>
  readonly arguments?: ReadonlyArray<ArgumentFacts>
}

/** What a server says of one command. */
export interface CommandFacts {
  readonly since?: string
  readonly group?: string
  readonly deprecatedSince?: string
  readonly replacedBy?: string
  /** The number of words with the command's own; if negative, at least so many. */
  readonly arity: number
  readonly flags: ReadonlyArray<string>
  readonly categories?: ReadonlyArray<string>
  readonly tips?: ReadonlyArray<string>
  readonly keys?: ReadonlyArray<KeySpec>
  readonly arguments?: ReadonlyArray<ArgumentFacts>
}

/** What a server says of all its commands. */
export interface ServerFacts {
  readonly product: string
  readonly version: string
  /** The modules that the server has without being told to load one. */
  readonly modules: ReadonlyArray<string>
  /** By name in capitals; a subcommand has its container's name before it: `CLIENT KILL`. Containers are left out. */
  readonly commands: Readonly<Record<string, CommandFacts>>
  /** The commands of its sentinels that its nodes do not have. */
  readonly sentinelCommands: Readonly<Record<string, CommandFacts>>
}

/** Facts that are kept by hand, for what no server at hand has. */
export interface LaterFacts {
  readonly note: string
  readonly commands: Readonly<Record<string, CommandFacts & { readonly server: string }>>
  /** By command: option words that the servers at hand do not list, with the version that added each, or "". */
  readonly options: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Facts on the commands of modules, which no server at hand has. */
export interface ModuleFacts {
  readonly note: string
  /** Those flagged as reads that are not sent again, with the reason. */
  readonly once: Readonly<Record<string, string>>
  readonly commands: Readonly<Record<string, CommandFacts & { readonly server: string }>>
}

export const factsFolder: string = Path.join(import.meta.dirname, "../data/commands")

/** Where the facts of a server are. */
export const factsFile = (server: string): string => Path.join(factsFolder, `${server}.json`)

/** What a file has. The flags of a command without any are left out there. */
const read = (server: string): any => {
  const facts = JSON.parse(Fs.readFileSync(factsFile(server), "utf8"))
  for (const commands of [facts.commands, facts.sentinelCommands ?? {}]) {
    for (const command of Object.values<any>(commands)) command.flags ??= []
  }
  return facts
}

/** The facts of a server by its name in servers.ts. */
export const readFacts = (server: string): ServerFacts => read(server)

/** The facts that are kept by hand. */
export const readLaterFacts = (): LaterFacts => read("later")

/** The facts on the commands of modules. */
export const readModuleFacts = (): ModuleFacts => JSON.parse(Fs.readFileSync(factsFile("modules"), "utf8"))

/** The keys that key specifications find in a call. */
export interface FoundKeys {
  /** In the order of the specifications. */
  readonly keys: ReadonlyArray<string>
  /** Whether they are all keys of the call: a specification may say that it does not know. */
  readonly isComplete: boolean
}

/** The keys of a call, its own words included, as the server's key specifications find them. */
export const keysBySpecs = (facts: CommandFacts, call: ReadonlyArray<string>): FoundKeys => {
  const keys: Array<string> = []
  let isComplete = true
  for (const { begin, find, flags } of facts.keys ?? []) {
    if (flags.includes("incomplete")) isComplete = false
    if (begin[0] === "unknown" || find[0] === "unknown") {
      isComplete = false
      continue
    }
    const first = begin[0] === "index" ? begin[1] : afterKeyword(call, begin[1], begin[2])
    if (flags.includes("not_key") || first === undefined || first >= call.length) continue
    const indexes = find[0] === "range"
      ? range(call.length, first, find[1], find[2], find[3])
      : counted(Number(call[first + find[1]]), first + find[2], find[3])
    for (const index of indexes) keys.push(call[index]!)
  }
  return { keys, isComplete }
}

/** The index behind a keyword, searched from an index, or backwards from the end if that is negative. */
const afterKeyword = (call: ReadonlyArray<string>, word: string, from: number): number | undefined => {
  const step = from < 0 ? -1 : 1
  for (let i = from < 0 ? call.length + from : from; i > 0 && i < call.length; i += step) {
    if (call[i]!.toUpperCase() === word.toUpperCase()) return i + 1
  }
  return undefined
}

const range = (length: number, first: number, last: number, step: number, limit: number): ReadonlyArray<number> => {
  const end = last >= 0
    ? first + last
    : limit <= 1
    ? length + last
    : first + Math.floor((length - first) / limit) + last
  const indexes: Array<number> = []
  for (let i = first; i <= end; i += step) indexes.push(i)
  return indexes
}

const counted = (count: number, first: number, step: number): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, i) => first + i * step)

/** All tokens of a command's arguments: the words of its options. */
export const tokensOf = (facts: CommandFacts): ReadonlyArray<string> => {
  const tokens = new Set<string>()
  const visit = (list: ReadonlyArray<ArgumentFacts> | undefined): void => {
    for (const argument of list ?? []) {
      if (argument.token !== undefined && argument.token !== "") tokens.add(argument.token.toUpperCase())
      visit(argument.arguments)
    }
  }
  visit(facts.arguments)
  return Array.from(tokens)
}

/** Tells of the calls of a server's commands whether they have an option word that only other servers know. */
export const newerOptions = (
  facts: ServerFacts
): (name: string, call: ReadonlyArray<string>) => boolean => {
  const own = { ...facts.commands, ...facts.sentinelCommands }
  const newer = new Map<string, Set<string>>()
  const add = (name: string, tokens: ReadonlyArray<string>): void => {
    const known = new Set(own[name] === undefined ? [] : tokensOf(own[name]))
    const words = newer.get(name) ?? new Set<string>()
    newer.set(name, words)
    for (const token of tokens) if (!known.has(token)) words.add(token)
  }
  for (const { name } of servers) {
    const { commands, sentinelCommands } = readFacts(name)
    for (const [command, of] of Object.entries({ ...commands, ...sentinelCommands })) add(command, tokensOf(of))
  }
  // Servers do not document the options of commands of modules, which vector sets are.
  for (const [command, options] of Object.entries(readLaterFacts().options)) {
    if (!command.startsWith("V")) add(command, Object.keys(options))
  }
  return (name, call) => {
    const words = newer.get(name.toUpperCase())
    return words !== undefined && call.some((word) => words.has(word))
  }
}
