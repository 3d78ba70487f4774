/**
 * What an editor waits for in a file with 200 calls: the time from an edit to the list of
 * completions, in the language servers of TypeScript 7 and 5.9, and how many types the
 * compiler makes for the file. Compares builds: their rounds take turns.
 *
 *   node bench/editing.ts [--rounds 30] [--only 7] [FOLDER ...]
 *
 * Each FOLDER is a build, such as `dist` (the default). Ratios are to the first one.
 * `--only` selects a version of TypeScript by a part of its number.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import { argumentsOf } from "../scripts/options.ts"
import { type LanguageServer, typescript5, typescript7 } from "../test/support/languageServers.ts"

const { positionals, values } = argumentsOf(
  "node bench/editing.ts [FOLDER ...] [--rounds 30] [--only 7]",
  { rounds: { type: "string", default: "30" }, only: { type: "string", default: "" } },
  (folder) => existsSync(folder)
)
const rounds = Number(values.rounds)
const builds = (positionals.length === 0 ? ["dist"] : positionals).map((folder) => Path.resolve(folder))
const root = Path.join(import.meta.dirname, "..")
const out = Path.join(root, ".tmp", "editing")

const calls = [
  "get(\"k\")",
  "set(\"k\", \"v\")",
  "incr(\"n\")",
  "mget([\"a\", \"b\"])",
  "hget(\"h\", \"f\")",
  "hset(\"h\", { f: 1 })",
  "hgetall(\"h\")",
  "hmget(\"h\", [\"a\", \"b\"])",
  "lpush(\"l\", \"e\")",
  "lrange(\"l\", 0, -1)",
  "llen(\"l\")",
  "sadd(\"s\", \"m\")",
  "smembers(\"s\")",
  "sismember(\"s\", \"m\")",
  "zscore(\"z\", \"m\")",
  "zcard(\"z\")",
  "bytes.get(\"k\")",
  "exists(\"k\")",
  "pipeline([commands.get(\"a\"), commands.incr(\"n\")])",
  "transaction([commands.set(\"a\", 1), commands.hgetall(\"h\")])"
]

const lines = [
  "import { Effect } from \"effect\"",
  "import { commands, RedisClient } from \"effect-redis-sentinel\"",
  "export const program = Effect.gen(function*() {",
  "  const redis = yield* RedisClient.RedisClient",
  ...Array.from({ length: 200 }, (_, i) => `  const v${i} = yield* redis.${calls[i % calls.length]}`),
  `  return [${Array.from({ length: 200 }, (_, i) => `v${i}`).join(", ")}]`,
  "})"
]
/** Before the line that returns. */
const line = lines.length - 2

interface Subject {
  readonly build: string
  readonly folder: string
  readonly file: string
  readonly millis: Array<number>
}

rmSync(out, { recursive: true, force: true })
const subjects = builds.map((build, i): Subject => {
  const folder = Path.join(out, String(i))
  const file = Path.join(folder, "use.ts")
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, lines.join("\n"))
  writeFileSync(
    Path.join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../../tsconfig.json",
      compilerOptions: {
        plugins: [],
        noUnusedLocals: false,
        paths: { "effect-redis-sentinel": [Path.join(build, "index.d.ts")] }
      },
      include: ["use.ts"]
    })
  )
  return { build, folder, file, millis: [] }
})

const turn = async (server: LanguageServer, { file }: Subject): Promise<number> => {
  const from = { line, column: 0 }
  const typed = "  redis."
  const begin = performance.now()
  server.edit(file, from, from, `${typed}\n`)
  const names = await server.completions(file, { line, column: typed.length })
  const millis = performance.now() - begin
  if (!names.includes("hgetall")) throw new Error(`${server.name} does not complete: ${names.slice(0, 5).join(", ")}`)
  server.edit(file, from, { line: line + 1, column: 0 }, "")
  return millis
}

const median = (list: ReadonlyArray<number>): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!

const print = (what: string, values: ReadonlyArray<number>, unit: string): void =>
  values.forEach((value, i) => {
    const ratio = i === 0 ? "" : `  ratio ${(value / values[0]!).toFixed(2)}`
    console.log(`${what.padEnd(32)} ${value.toFixed(0).padStart(8)} ${unit.padEnd(3)} ${subjects[i]!.build}${ratio}`)
  })

/** The versions, with their language servers and the modules of their compilers. */
const versions = ([["7", typescript7, "typescript"], ["5.9", typescript5, "typescript5"]] as const)
  .filter(([version]) => version.includes(values.only))

for (const [, make] of versions) {
  const servers = await Promise.all(subjects.map(({ folder }) => make(folder)))
  const first: Array<number> = []
  for (const [i, server] of servers.entries()) {
    server.open(subjects[i]!.file, lines.join("\n"))
    first.push(await turn(server, subjects[i]!))
    for (let warm = 0; warm < 5; warm++) await turn(server, subjects[i]!)
    subjects[i]!.millis.length = 0
  }
  for (let round = 0; round < rounds; round++) {
    for (const [i, server] of servers.entries()) subjects[i]!.millis.push(await turn(server, subjects[i]!))
  }
  print(`${servers[0]!.name}, first completion`, first, "ms")
  print(`${servers[0]!.name}, edit, then complete`, subjects.map(({ millis }) => median(millis)), "ms")
  for (const server of servers) server.close()
}

for (const [version, , module] of versions) {
  const counts = subjects.map(({ folder }) => {
    const { stdout } = spawnSync(
      process.execPath,
      [Path.join(root, "node_modules", module, "bin/tsc"), "-p", folder, "--extendedDiagnostics"],
      { encoding: "utf8" }
    )
    const errors = stdout.split("\n").filter((line) => line.includes("error TS"))
    if (errors.length > 0) throw new Error(errors.slice(0, 5).join("\n"))
    return Number(/^Instantiations:\s*(\d+)/m.exec(stdout)?.[1])
  })
  print(`TypeScript ${version}, instantiations`, counts, "")
}
