/**
 * Which of the servers' commands have a constructor, and which of their option words a sample call uses, as counted
 * from test/data/commands and samples.ts. It judges nothing: test/commands.test.ts and
 * scripts/command-coverage.ts print it.
 */
import type { Command } from "../../src/index.ts"
import { readFacts, tokensOf } from "./commandFacts.ts"
import { callOf, samples, sentinelSamples } from "./samples.ts"
import { servers } from "./servers.ts"

/** The name that servers list a command by: `SENTINEL CONFIG` has GET and SET as arguments. */
export const serverNameOf = (command: Command.Any): string => {
  const name = command.spec.name.toUpperCase()
  return name.startsWith("SENTINEL CONFIG ") ? "SENTINEL CONFIG" : name
}

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
  return servers.map(({ name: server }) => {
    const { commands, sentinelCommands, version } = readFacts(server)
    const all = Object.entries({ ...commands, ...sentinelCommands })
    const tokens = all.flatMap(([name, facts]) => {
      const seen = words.get(name)
      return seen === undefined ? [] : tokensOf(facts).map((token) => [`${name} ${token}`, seen.has(token)] as const)
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
