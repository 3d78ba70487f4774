/**
 * The planted bugs can be planted: each quotes what its file has exactly once, and names a test file that exists. That
 * they are found is what `npm run simulate:mutants` shows.
 */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import * as Path from "node:path"
import { mutants } from "../simulation/mutants.ts"

const root = Path.join(import.meta.dirname, "..")

describe("planted bugs", () => {
  it("quote what their files have exactly once", () => {
    const texts = new Map<string, string>()
    const wrong = mutants.flatMap(({ edits, name }) =>
      edits.flatMap(({ file, find }) => {
        const text = texts.get(file) ?? readFileSync(Path.join(root, file), "utf8")
        texts.set(file, text)
        const times = text.split(find).length - 1
        return times === 1 ? [] : [`${name}: ${times} times in ${file}`]
      })
    )
    assert.deepStrictEqual(wrong, [])
    assert.isAtLeast(mutants.length, 200)
  })

  it("have names of their own, and tests that exist", () => {
    assert.strictEqual(new Set(mutants.map(({ name }) => name)).size, mutants.length)
    const missing = mutants.flatMap(({ by }) =>
      by !== undefined && "test" in by && !existsSync(Path.join(root, by.test)) ? [by.test] : []
    )
    assert.deepStrictEqual(missing, [])
  })
})
