/** The messages of errors and the lines of the log that the handbook quotes are those of the sources, and all of them. */
import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import * as Path from "node:path"

const root = Path.join(import.meta.dirname, "..")
const read = (file: string): string => Fs.readFileSync(Path.join(root, file), "utf8")
const sources = Fs.globSync("src/**/*.ts", { cwd: root }).filter((file) => !/^src\/(?:cli|testing)\//.test(file))

/** A source without comments, with its pieces of text joined and each placeholder as `…`. */
const plain = (text: string): string =>
  text
    .replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")
    .replaceAll(/\$\{(?:[^{}`]|\{[^{}]*\}|`[^`]*`)*\}/g, "…")
    .replaceAll(/[`"]\s*\+\s*[`"]/g, "")
    .replaceAll(/\s+/g, " ")

/** What varies, in the handbook and in the sources: also an alternative of the code. */
const pieces = (text: string): ReadonlyArray<string> =>
  text.split("…").map((piece) => piece.replaceAll(/^[\s"':;(]+|[\s"':;()]+$/g, "")).filter((piece) => piece.length > 3)

/** The quotes in the first column of the tables below a heading. */
const quotes = (page: string, heading: string): ReadonlyArray<string> => {
  const section = read(page).split(`\n## ${heading}\n`)[1]!.split("\n## ")[0]!
  return section.split("\n").filter((line) => line.startsWith("| ") && line.includes("`")).flatMap((line) =>
    Array.from(line.split(/(?<!\\)\|/)[1]!.matchAll(/`([^`]+)`/g), ([, quote]) => quote!)
  )
}

const all = sources.map((file) => plain(read(file))).join("\n")
const missing = (told: ReadonlyArray<string>): ReadonlyArray<string> =>
  told.filter((quote) => !pieces(quote).every((piece) => all.includes(piece)))

/** What stands at each line of the log in a source: up to the next one, or before it where the text has a name. */
const logged = (source: string): ReadonlyArray<string> => {
  const calls = Array.from(source.matchAll(/Effect\.log(?:Info|Warning|Error|Debug)\(/g), ({ index }) => index)
  return calls.map((at, i) => {
    const after = source.slice(at, Math.min(calls[i + 1] ?? Infinity, at + 400))
    return /^[\w.]+\(\w+\)/.test(after) ? source.slice(Math.max(0, at - 400), at) : after
  })
}

describe("what the handbook says of messages", () => {
  it("quotes messages of errors as they are", () => {
    const told = quotes("docs/errors.md", "From a message to its error")
    assert.isAtLeast(told.length, 30)
    assert.deepStrictEqual(missing(told), [])
  })

  it("has the message of every error", () => {
    const told = read("docs/errors.md").split("\n## From a message to its error\n")[1]!
    const classes = Array.from(
      read("src/Errors.ts").matchAll(/^export class (\w+) extends Schema\.TaggedError/gm),
      ([, name]) => name!
    )
    assert.isAtLeast(classes.length, 25)
    assert.deepStrictEqual(classes.filter((name) => !told.includes(`\`${name}\``)), [])
  })

  it("quotes lines of the log as they are", () => {
    const told = quotes("docs/telemetry.md", "The log")
    assert.isAtLeast(told.length, 35)
    assert.deepStrictEqual(missing(told), [])
  })

  it("has every line of the log", () => {
    const told = quotes("docs/telemetry.md", "The log").flatMap(pieces).filter((piece) => piece.length > 6)
    const lines = sources.flatMap((file) => logged(plain(read(file))))
    assert.isAtLeast(lines.length, 35)
    assert.deepStrictEqual(lines.filter((line) => !told.some((piece) => line.includes(piece))), [])
  })
})
