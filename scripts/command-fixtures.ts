/**
 * Asks every server that scripts/servers.ts unpacks for its commands (COMMAND and COMMAND DOCS, of a node and of a
 * sentinel), and writes the answers to test/data/commands, one file for each server.
 *
 *   node scripts/command-fixtures.ts [NAME ...] [--check]
 *
 * `--check` writes nothing, and fails if what a server says differs from its file.
 *
 * It keeps facts: flags, arities, where the keys are, versions, groups, arguments with their tokens. It leaves out
 * the servers' texts (summaries, histories, notes), the complexity, and the containers of subcommands. Everything is
 * sorted, so that the same server always gives the same file.
 */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Net from "node:net"
import { Decoder, encodeCommand, toNative } from "../src/Resp.ts"
import {
  type ArgumentFacts,
  type CommandFacts,
  factsFile,
  factsFolder,
  type KeySpec,
  type ServerFacts
} from "../test/support/commandFacts.ts"
import { freePort, start } from "../test/support/processes.ts"
import { serverNamed, servers, type ServerSource, unpackedPrograms, versionOf } from "../test/support/servers.ts"
import { argumentsOf } from "./options.ts"

const { positionals, values: options } = argumentsOf(
  "node scripts/command-fixtures.ts [NAME ...] [--check]",
  { check: { type: "boolean", default: false } },
  (argument) => servers.some(({ name }) => name === argument)
)

/** The replies of a server to some commands, in RESP3: maps, sets, arrays, texts and numbers. */
const ask = (port: number, commands: ReadonlyArray<ReadonlyArray<string>>): Promise<ReadonlyArray<unknown>> =>
  new Promise((resolve, reject) => {
    const replies: Array<unknown> = []
    const socket = Net.connect({ port, host: "127.0.0.1" })
    const decoder = new Decoder({
      wantsBytes: () => false,
      onReply: (value) => {
        replies.push(toNative(value))
        if (replies.length <= commands.length) return
        socket.destroy()
        resolve(replies.slice(1))
      },
      onPush: () => {}
    })
    socket.on("data", (chunk) => decoder.feed(chunk))
    socket.on("error", reject)
    for (const command of [["HELLO", "3"], ...commands]) socket.write(encodeCommand(command))
  })

type Fields = ReadonlyMap<string, unknown>
const items = (value: unknown): ReadonlyArray<unknown> => Array.from(value as Iterable<unknown> ?? [])
const texts = (value: unknown): ReadonlyArray<string> => items(value).map(String).sort()

/** A record without the fields that are undefined or empty. */
const compact = <A extends object>(fields: { readonly [K in keyof A]: A[K] | undefined }): A =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
  ) as A

const keySpec = (value: unknown): KeySpec => {
  const fields = value as Fields
  const part = (name: string): readonly [string, Fields] => {
    const of = fields.get(name) as Fields
    return [of.get("type") as string, of.get("spec") as Fields]
  }
  const numbers = (of: Fields, ...names: ReadonlyArray<string>) => names.map((name) => of.get(name) as number)
  const [beginType, begin] = part("begin_search")
  const [findType, find] = part("find_keys")
  return {
    flags: texts(fields.get("flags")),
    begin: (beginType === "index"
      ? ["index", begin.get("index")]
      : beginType === "keyword"
      ? ["keyword", begin.get("keyword"), begin.get("startfrom")]
      : ["unknown"]) as KeySpec["begin"],
    find: (findType === "range"
      ? ["range", ...numbers(find, "lastkey", "keystep", "limit")]
      : findType === "keynum"
      ? ["keynum", ...numbers(find, "keynumidx", "firstkey", "keystep")]
      : ["unknown"]) as KeySpec["find"]
  }
}

const argument = (value: unknown): ArgumentFacts => {
  const fields = value as Fields
  const text = (name: string): string | undefined => fields.get(name) as string | undefined
  return compact<ArgumentFacts>({
    name: text("name")!,
    type: text("type")!,
    token: text("token"),
    since: text("since"),
    deprecatedSince: text("deprecated_since"),
    flags: texts(fields.get("flags")),
    arguments: items(fields.get("arguments")).map(argument)
  })
}

/** From the answers to COMMAND and COMMAND DOCS: the facts of each command, with containers taken apart. */
const factsOf = (infos: unknown, docs: unknown): Readonly<Record<string, CommandFacts>> => {
  const all: Array<readonly [string, CommandFacts]> = []
  const visit = (info: unknown, docs: Fields | undefined): void => {
    const [name, arity, flags, , , , categories, tips, keys, subcommands] = items(info)
    const doc = docs?.get(name as string) as Fields | undefined
    const text = (field: string): string | undefined => doc?.get(field) as string | undefined
    const below = items(subcommands)
    for (const sub of below) visit(sub, doc?.get("subcommands") as Fields | undefined)
    if (below.length > 0) return
    all.push([
      (name as string).replace("|", " ").toUpperCase(),
      compact<CommandFacts>({
        since: text("since"),
        group: text("group"),
        deprecatedSince: text("deprecated_since"),
        replacedBy: text("replaced_by"),
        arity: arity as number,
        flags: texts(flags),
        categories: texts(categories),
        tips: texts(tips),
        keys: items(keys).map(keySpec),
        arguments: items(doc?.get("arguments")).map(argument)
      })
    ])
  }
  for (const info of items(infos)) visit(info, docs as Fields)
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)))
}

const factsFrom = (server: ServerSource) =>
  Effect.gen(function*() {
    const programs = unpackedPrograms(server)
    const run = (program: string) =>
      Effect.flatMap(freePort, (port) => start(program, port, [`port ${port}`, "bind 127.0.0.1"]))
    const node = yield* run(programs.server)
    const sentinel = yield* run(programs.sentinel)
    const questions = [["COMMAND"], ["COMMAND", "DOCS"], ["MODULE", "LIST"]]
    const [infos, docs, modules] = yield* Effect.promise(() => ask(node.port, questions))
    const [sentinelInfos, sentinelDocs] = yield* Effect.promise(() => ask(sentinel.port, questions.slice(0, 2)))
    const commands = factsOf(infos!, docs!)
    const sentinelCommands = factsOf(sentinelInfos!, sentinelDocs!)
    return {
      product: server.product,
      version: versionOf(programs.server).version,
      modules: items(modules).map((module) => (module as Fields).get("name") as string).sort(),
      commands,
      sentinelCommands: Object.fromEntries(Object.entries(sentinelCommands).filter(([name]) => !(name in commands)))
    } satisfies ServerFacts
  })

/** JSON with a line for each command. */
const print = ({ commands, sentinelCommands, ...rest }: ServerFacts): string => {
  const lines = (of: Readonly<Record<string, CommandFacts>>): string =>
    Object.entries(of).map(([name, facts]) => `    ${JSON.stringify(name)}: ${JSON.stringify(facts)}`).join(",\n")
  const head = Object.entries(rest).map(([name, value]) => `  "${name}": ${JSON.stringify(value)},\n`).join("")
  return `{\n${head}  "commands": {\n${lines(commands)}\n  },\n  "sentinelCommands": {\n${
    lines(sentinelCommands)
  }\n  }\n}\n`
}

Fs.mkdirSync(factsFolder, { recursive: true })
for (const server of positionals.length === 0 ? servers : positionals.map(serverNamed)) {
  const facts = await Effect.runPromise(Effect.scoped(factsFrom(server)))
  const text = print(facts)
  const file = factsFile(server.name)
  const known = Fs.existsSync(file) ? Fs.readFileSync(file, "utf8") : ""
  const count = `${Object.keys(facts.commands).length} commands, ${
    Object.keys(facts.sentinelCommands).length
  } of sentinels`
  console.log(`${server.name}: ${facts.version}, ${count}${text === known ? ", as in its file" : ""}`)
  if (text === known) continue
  if (!options.check) {
    Fs.writeFileSync(file, text)
    continue
  }
  process.exitCode = 1
  const before = new Set(known.split("\n"))
  const now = new Set(text.split("\n"))
  for (const line of before) if (!now.has(line)) console.log(`  file:   ${line.trim()}`)
  for (const line of now) if (!before.has(line)) console.log(`  server: ${line.trim()}`)
}
