/**
 * What `Command.raw` has to know of the servers' commands, as the text of src/internal/commands/table.ts: which read,
 * which may be sent again, and where their keys are. scripts/methods.ts writes it.
 *
 * It is made from what the servers say (test/data/commands), and, for commands that they flag neither as a read nor as
 * a write, from the lists of the samples (test/support/samples). A command that any server flags as a write is one.
 */
import { Command } from "../src/index.ts"
import {
  type CommandFacts,
  type KeySpec,
  readFacts,
  readLaterFacts,
  readModuleFacts
} from "../test/support/commandFacts.ts"
import { unflagged } from "../test/support/samples/index.ts"
import { servers } from "../test/support/servers.ts"

const factsByName = (): ReadonlyMap<string, ReadonlyArray<CommandFacts>> => {
  const found = new Map<string, Array<CommandFacts>>()
  const add = (commands: Readonly<Record<string, CommandFacts>>): void => {
    for (const [name, facts] of Object.entries(commands)) found.set(name, [...found.get(name) ?? [], facts])
  }
  for (const { name } of servers) {
    const { commands, sentinelCommands } = readFacts(name)
    add(commands)
    add(sentinelCommands)
  }
  add(readLaterFacts().commands)
  return found
}

const changesSession = (name: string): boolean => {
  const spec = Command.define({ words: name.split(" "), mode: "read", decode: Command.value })
  return Command.sessionOf(Command.make(spec, [])) === "reserved"
}

/**
 * `r`: reads, and may be sent again; `o`: reads, and is sent once, as a command that changes only its session; `w`:
 * writes.
 */
const kindOf = (name: string, facts: ReadonlyArray<CommandFacts>): "r" | "o" | "w" => {
  if (facts.some(({ flags }) => (flags ?? []).includes("write"))) return "w"
  if (facts.some(({ flags }) => (flags ?? []).includes("readonly")) || name.endsWith(" HELP")) return "r"
  // With a third word, as in ACL LOG RESET, the server flags both as one: the more cautious counts.
  const listed = Object.entries(unflagged).filter(([other]) => other === name || other.startsWith(`${name} `))
  if (listed.some(([other]) => other === name)) {
    if (listed.some(([, { mode }]) => mode === "write")) return "w"
    return listed.every(([, { repeatable }]) => repeatable) ? "r" : "o"
  }
  return changesSession(name) ? "o" : "w"
}

/** What the servers' specifications leave out: SORT's destination, and that MIGRATE's key is empty beside KEYS. */
const keysOf: Readonly<Record<string, string>> = { SORT: "1,STORE@2/BY1/GET1/LIMIT2", MIGRATE: "3!,KEYS@-2:-1" }

/**
 * A key specification as text. `1`: the word at an index of the call; `STREAMS@1`: the one behind a keyword that is
 * searched from an index. `:last:step:limit` and `#at:first:step` behind it are those of `KeySpec`.
 */
const printed = ({ begin, find, flags }: KeySpec): string | undefined => {
  if (begin[0] === "unknown" || find[0] === "unknown" || flags.includes("not_key")) return undefined
  const start = begin[0] === "index" ? String(begin[1]) : `${begin[1]}@${begin[2]}`
  if (find[0] === "keynum") return `${start}#${find.slice(1).join(":")}`
  const [, last, step, limit] = find
  return last === 0 ? start : `${start}:${[last, step, limit].join(":").replace(/(:1)?:0$/, "")}`
}

const patternOf = (name: string, facts: ReadonlyArray<CommandFacts>): string => {
  const known = keysOf[name]
  if (known !== undefined) return known
  // The newest server knows the most.
  const specs = facts.at(-1)!.keys ?? []
  return specs.flatMap((spec) => printed(spec) ?? []).join(",")
}

const width = 110

/** The names in lines, each with the prefix. */
const lines = (prefix: string, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const out: Array<string> = []
  let line = prefix
  for (const name of names) {
    if (line.length + name.length + 1 > width) {
      out.push(line)
      line = prefix
    }
    line += ` ${name}`
  }
  return [...out, line]
}

export const knownCommandsTable = (): string => {
  const groups = new Map<string, Array<string>>()
  const containers = new Set<string>()
  const add = (kind: string, pattern: string, name: string): void => {
    if (name.includes(" ")) containers.add(name.split(" ")[0]!)
    // It is what an unknown command is.
    if (kind === "w" && pattern === "") return
    const prefix = `${kind} ${pattern === "" ? "-" : pattern}`
    groups.set(prefix, [...groups.get(prefix) ?? [], name.replace(" ", "|")])
  }
  for (const [name, facts] of factsByName()) add(kindOf(name, facts), patternOf(name, facts), name)
  const modules = readModuleFacts()
  for (const [name, facts] of Object.entries(modules.commands)) {
    if (facts.flags.includes("readonly")) add(name in modules.once ? "o" : "r", patternOf(name, [facts]), name)
  }
  // No server lists the subcommands of DEBUG.
  groups.set("c -", [...containers, "DEBUG"])
  // The only container that runs by itself: the facts leave containers out.
  add("r", "", "COMMAND")
  const text = Array.from(groups).sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([prefix, names]) =>
    lines(prefix, names.sort())
  )
  return `/**
 * The servers' commands by name. Generated by scripts/knownCommands.ts: \`npm run generate\` writes it again.
 *
 * A line is a kind, a pattern of keys and names; known.ts reads it.
 *
 * The kind: \`c\` has subcommands, \`r\` reads and may be sent again, \`o\` reads and is sent once, \`w\` writes. A name that
 * is not here writes, and has no keys.
 *
 * The pattern: \`-\` for none, or a list of \`1\` (the word at an index of the call) and \`STREAMS@1\` (the word behind a
 * keyword that is searched from an index), each alone, with \`:last:step:limit\` or with \`#at:first:step\`; \`!\` leaves
 * out an empty word. The search of \`STORE@2/LIMIT2\` leaves out the two words behind LIMIT.
 */
export const table = \`
${text.join("\n")}
\`
`
}
