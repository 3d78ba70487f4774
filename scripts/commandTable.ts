/**
 * The text of docs/commands.md: a table of the methods by family, with the servers that each needs, and the list of
 * the commands without a method. scripts/methods.ts writes it.
 */
import type { Command } from "../src/index.ts"
import { serverNameOf } from "../test/support/commandCoverage.ts"
import { type CommandFacts, readFacts, readLaterFacts } from "../test/support/commandFacts.ts"
import { samples, sentinelSamples } from "../test/support/samples/index.ts"
import { servers } from "../test/support/servers.ts"
import { withoutMethod } from "../test/support/withoutMethod.ts"

/** The methods of a file of src/commands. */
export interface Family {
  readonly file: string
  readonly methods: ReadonlyArray<{
    readonly name: string
    /** The first sentence of its documentation. */
    readonly summary: string
    readonly isDeprecated: boolean
  }>
}

const facts = servers.map((server) => ({ ...server, facts: readFacts(server.name) }))
const { commands: later, options: laterWords } = readLaterFacts()

const majorMinor = (version: string): string => version.split(".").slice(0, 2).join(".")

/** The versions that a command needs, in words; empty if Redis 7.0 has it. */
const needsOf = (name: string): string => {
  const of = (product: string): CommandFacts | undefined =>
    facts.flatMap((server) => (server.product === product ? [server.facts.commands[name]] : []))
      .find((found) => found !== undefined)
  const oldest = facts[0]!.facts
  if (oldest.commands[name] !== undefined || oldest.sentinelCommands[name] !== undefined) return ""
  const redis = of("redis")?.since ?? later[name]?.since
  const valkey = of("valkey")?.since
  return [["Redis", redis], ["Valkey", valkey]]
    .flatMap(([product, since]) => (since === undefined ? [] : [`${product} ${majorMinor(since)}`]))
    .join(", ")
}

/** The version of Redis that added an option word which all calls of a method have; empty if there is none. */
const needsOfWords = (name: string, calls: ReadonlyArray<Command.Any>): string =>
  Object.entries(laterWords[name] ?? {})
    .filter(([word, since]) => since !== "" && calls.every(({ args }) => args.includes(word)))
    .map(([, since]) => `Redis ${majorMinor(since)}`)
    .join(", ")

/** `sortedSetRanges` as `Sorted set ranges`. */
const headingOf = (file: string): string => {
  const words = file.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words[0]!.toUpperCase() + words.slice(1)
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ")

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n")

const familyTable = (
  { file, methods }: Family,
  calls: Readonly<Record<string, ReadonlyArray<Command.Any>>>,
  prefix: string
): string => {
  const rows = methods.flatMap(({ isDeprecated, name, summary }) => {
    const sample = calls[name]?.[0]
    if (sample === undefined) return []
    const command = serverNameOf(sample)
    const what = isDeprecated ? `Deprecated. ${summary}` : summary
    const needs = needsOf(command) || needsOfWords(command, calls[name]!)
    return [[`\`${prefix}${name}\``, command, needs, what]]
  })
  const where = file === "session" ? "Only a reserved connection (`redis.reserve`) has them.\n\n" : ""
  return `### ${headingOf(file)}\n\n${where}${table(["method", "command", "needs", "what it does"], rows)}\n`
}

/** The text of docs/commands.md. */
export const commandTable = (families: ReadonlyArray<Family>, sentinel: Family): string => {
  const groups = withoutMethod.map(({ commands, title }) => {
    const rows = Object.entries(commands).map(([name, why]) => [name, needsOf(name), why])
    return `### ${title}\n\n${table(["command", "needs", "why"], rows)}\n`
  })
  return `# Commands

The methods of a client with the command that each sends and the server that it needs, and the commands without a
method. A command with nothing under "needs" runs on Redis 7.0, on every later version, and on Valkey. A client has each
method by itself (\`redis.get\`) and, with bytes in place of text, under \`bytes\` (\`redis.bytes.get\`). \`commands\` has
a constructor of the same name for pipelines and transactions (\`commands.get\`).

\`npm run generate\` writes this file.

## Methods

${families.map((family) => familyTable(family, samples as any, "")).join("\n")}
## Commands of sentinels

They are constructors only: \`sentinel.ask(commands.sentinel.ckquorum("mymaster"))\` runs one.

${familyTable(sentinel, sentinelSamples as any, "commands.sentinel.").replace("### Sentinel\n\n", "")}
## Commands without a method

To run one anyway, use \`send\`, which takes any words: \`redis.send("CLUSTER MEET", "10.0.0.7", 6379)\`. The client
shares its connections among all callers: a command that changes the session of a connection belongs on a reserved one
(\`redis.reserve\`).

${groups.join("\n")}`
}
