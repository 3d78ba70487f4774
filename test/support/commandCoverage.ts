/**
 * Which of the servers' commands have a constructor, and which of their option words a sample call uses, as counted
 * from test/data/commands and samples/. It judges nothing: test/commands.test.ts compares it with withoutMethod.ts, and
 * scripts/command-coverage.ts prints it.
 */
import type { Command } from "../../src/index.ts"
import { type CommandFacts, readFacts, readLaterFacts, tokensOf } from "./commandFacts.ts"
import { callOf, samples, sentinelSamples } from "./samples/index.ts"
import { servers } from "./servers.ts"

/** The name that servers list a command by: the third word of some is an argument. */
export const serverNameOf = (command: Command.Any): string => serverName(command.spec.name.toUpperCase())

/** `serverNameOf` for the words of a command. */
export const serverName = (name: string): string =>
  ["SENTINEL CONFIG", "CLUSTER MIGRATION"].find((two) => name.startsWith(`${two} `)) ?? name

/** How far the constructors cover one server. */
export interface Coverage {
  readonly server: string
  readonly version: string
  /** How many commands its nodes and its sentinels have. */
  readonly total: number
  /** Those without a constructor. */
  readonly missing: ReadonlyArray<string>
  /** How many option words of the others occur in samples. */
  readonly usedTokens: number
  /** Those that do not, each behind its command. */
  readonly unusedTokens: ReadonlyArray<string>
}

/** How far the constructors cover each server. */
export const coverage = (): ReadonlyArray<Coverage> => {
  const words = new Map<string, Set<string>>()
  for (const command of [samples, sentinelSamples].flatMap((table) => Object.values(table).flat())) {
    const name = serverNameOf(command)
    const seen = words.get(name) ?? new Set<string>()
    words.set(name, seen)
    for (const word of callOf(command)) seen.add(word.toUpperCase())
  }
  const later = readLaterFacts()
  const sources = [
    ...servers.map(({ name }) => [name, readFacts(name)] as const),
    ["later", { version: "no server at hand", commands: later.commands, sentinelCommands: {} }] as const
  ]
  return sources.map(([server, { commands, sentinelCommands, version }]) => {
    const all = Object.entries<CommandFacts>({ ...commands, ...sentinelCommands })
    const tokens = [
      ...all.map(([name, facts]) => [name, tokensOf(facts)] as const),
      ...(server === "later" ? Object.entries(later.options).map(([name, of]) => [name, Object.keys(of)] as const) : [])
    ].flatMap(([name, tokens]) => {
      const seen = words.get(name)
      return seen === undefined ? [] : tokens.map((token) => [`${name} ${token}`, seen.has(token)] as const)
    })
    return {
      server,
      version,
      total: all.length,
      missing: all.map(([name]) => name).filter((name) => !words.has(name)),
      usedTokens: tokens.filter(([, used]) => used).length,
      unusedTokens: tokens.filter(([, used]) => !used).map(([token]) => token)
    }
  })
}
