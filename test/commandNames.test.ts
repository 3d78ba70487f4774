/**
 * The names of the constructors: each is made of the words of its command by one rule.
 * The words are joined in camelCase at spaces, hyphens and underscores; a word that
 * changes the shape of the reply is appended.
 */
import { assert, describe, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import * as Path from "node:path"
import { commands } from "../src/index.ts"

const folder = Path.join(import.meta.dirname, "../src/commands")

/**
 * Words of arguments that change the shape of the reply; `With` where several combine freely. `Range` is for XPENDING,
 * whose longer form has no word: it lists the entries of a range of ids.
 */
const suffixes = [
  "Claim",
  "Count",
  "Full",
  "Get",
  "Idx",
  "Incr",
  "Justid",
  "Len",
  "Nomkstream",
  "Noscores",
  "Novalues",
  "Raw",
  "Range",
  "Reset",
  "Store",
  "With",
  "WithCode",
  "WithScore",
  "WithScores",
  "WithValues"
]

/** Valkey's words, which the library uses, in place of those that go over the wire. */
const vocabulary = new Map([["master", "primary"], ["masters", "primaries"], ["slaves", "replicas"]])

const camelCase = (words: ReadonlyArray<string>): string =>
  words.flatMap((word) => word.toLowerCase().split(/[-_]/))
    .map((part) => vocabulary.get(part) ?? part)
    .map((part, i) => i === 0 ? part : part[0]!.toUpperCase() + part.slice(1))
    .join("")

interface Constructor {
  readonly name: string
  readonly words: ReadonlyArray<string>
}

/** The constructors of a file, with the words of the first command that each makes. */
const constructorsIn = (file: string): ReadonlyArray<Constructor> => {
  const text = readFileSync(Path.join(folder, file), "utf8")
  const specs = new Map(
    Array.from(text.matchAll(/^const (\w+) = define\(\{\s*words: \[([^\]]*)\]/gm), ([, name, list]) => [
      name!,
      Array.from(list!.matchAll(/"([^"]+)"/g), ([, word]) => word!)
    ])
  )
  // A word that is reserved in JavaScript, such as `eval`, is exported under its name from another one.
  const aliases = new Map(Array.from(text.matchAll(/^export \{ (\w+) as (\w+) \}/gm), ([, from, to]) => [from!, to!]))
  return text.split(/^(?=(?:export )?const \w+(?:: \{| = (?!define)))/m).flatMap((block) => {
    const [, exported, declared] = /^(export )?const (\w+)/.exec(block) ?? []
    const name = exported === undefined ? aliases.get(declared ?? "") : declared
    if (name === undefined) return []
    const words = Array.from(block.matchAll(/\bmake(?:WithDetails)?\(\s*(\w+)/g), ([, spec]) => specs.get(spec!)).find((
      found
    ) => found)
    assert.isDefined(words, `${file}: the command of ${name} was not found`)
    return [{ name, words: words! }]
  })
}

const files = globSync("*.ts", { cwd: folder }).filter((file) => file !== "index.ts" && file !== "options.ts").sort()

const wrongIn = (list: ReadonlyArray<Constructor>): ReadonlyArray<string> =>
  list.filter(({ name, words }) => {
    const base = camelCase(words)
    return name !== base && !suffixes.some((suffix) => name === base + suffix)
  }).map(({ name, words }) => `${name}: ${words.join(" ")} makes ${camelCase(words)}`)

describe("names", () => {
  it("of constructors are the words of their commands", () => {
    const all = files.filter((file) => file !== "sentinel.ts").flatMap(constructorsIn)
    assert.deepStrictEqual(wrongIn(all), [])
    const { sentinel: _, ...flat } = commands
    assert.deepStrictEqual(all.map(({ name }) => name).sort(), Object.keys(flat).sort())
  })

  it("of constructors for sentinels are the words after SENTINEL", () => {
    const all = constructorsIn("sentinel.ts").map(({ name, words }) => ({ name, words: words.slice(1) }))
    assert.deepStrictEqual(wrongIn(all), [])
    assert.deepStrictEqual(all.map(({ name }) => name).sort(), Object.keys(commands.sentinel).sort())
  })

  it("with a suffix have a base form beside them", () => {
    const alone = files.filter((file) => file !== "sentinel.ts").flatMap(constructorsIn)
      .filter(({ words }) => !(camelCase(words) in commands))
      .map(({ name }) => name)
    assert.deepStrictEqual(alone, [])
  })
})
