/**
 * What an editor shows of the clients' methods, asked of the language servers of
 * TypeScript 7 and 5.9: documentation in a hover, in the list of completions and within
 * the brackets of a call, and where a method is defined.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { type LanguageServer, type Position, typescript5, typescript7 } from "./support/languageServers.ts"

const root = Path.resolve(import.meta.dirname, "..")
const folder = Path.join(root, ".tmp", "editors")
const file = Path.join(folder, "use.ts")

/** Calls of ten methods, and the words of their commands. */
const calls = [
  ["redis.get(\"k\")", "GET"],
  ["redis.set(\"k\", \"v\")", "SET"],
  ["redis.del(\"k\")", "DEL"],
  ["redis.hset(\"h\", { f: 1 })", "HSET"],
  ["redis.bytes.hgetall(\"h\")", "HGETALL"],
  ["redis.lrange(\"l\", 0, -1)", "LRANGE"],
  ["redis.sadd(\"s\", \"m\")", "SADD"],
  ["redis.bytes.lpush(\"l\", \"e\")", "LPUSH"],
  ["replica.zscore(\"z\", \"m\")", "ZSCORE"],
  ["replica.bytes.get(\"k\")", "GET"]
] as const

const lines = [
  "import type { Client } from \"effect-redis-sentinel\"",
  "declare const redis: Client.PrimaryClient",
  "declare const replica: Client.ReplicaClient",
  ...calls.map(([call]) => call),
  "redis.get"
]

const at = (line: number, text: string): Position => {
  const column = lines[line]!.lastIndexOf(text)
  assert.isAtLeast(column, 0)
  return { line, column: column + text.length }
}

describe.each([["TypeScript 7", typescript7], ["TypeScript 5.9", typescript5]] as const)(
  "an editor with %s",
  (_, make) => {
    let server: LanguageServer

    beforeAll(async () => {
      Fs.mkdirSync(folder, { recursive: true })
      Fs.writeFileSync(
        Path.join(folder, "tsconfig.json"),
        JSON.stringify({
          extends: "../../tsconfig.json",
          compilerOptions: { plugins: [], paths: { "effect-redis-sentinel": ["../../src/index.ts"] } },
          include: ["use.ts"]
        })
      )
      Fs.writeFileSync(file, lines.join("\n"))
      server = await make(folder)
      server.open(file, lines.join("\n"))
    })
    afterAll(() => server.close())

    it(
      "shows each method's documentation, finds its definition, and links to its constructor",
      { timeout: 240_000 },
      async () => {
        for (const [i, [call, word]] of calls.entries()) {
          const line = 3 + i
          const name = /(\w+)\(/.exec(call)![1]!
          const method = { line, column: at(line, `.${name}`).column - 1 }
          assert.match(
            await server.hover(file, method),
            new RegExp(`\\b${word} \\w+s [\\s\\S]*\\.`),
            `hover of ${call}`
          )
          const definitions = await server.definitions(file, method)
          assert.isNotEmpty(definitions, `definitions of ${call}`)
          for (const path of definitions) assert.include(path, "/src/methods/")
          const links = await server.links(file, method)
          assert.isTrue(links.some((path) => path.includes("/src/commands/")), `a link to the constructor of ${call}`)
          assert.match(
            await server.signatureHelp(file, at(line, `${name}(`)),
            new RegExp(`^${word} \\w+s [\\s\\S]*\\.`),
            `help in the brackets of ${call}`
          )
        }
      }
    )

    it(
      "shows documentation of a method that is not called, and among the completions",
      { timeout: 240_000 },
      async () => {
        const line = lines.length - 1
        assert.include(await server.hover(file, { line, column: at(line, "get").column - 1 }), "GET returns the string")
        assert.includeMembers(Array.from(await server.completions(file, at(line, "redis."))), [
          "get",
          "hgetall",
          "zadd"
        ])
        assert.include(await server.completionText(file, at(line, "redis."), "get"), "GET returns the string")
      }
    )
  }
)
