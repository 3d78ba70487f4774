/** Every snippet of the README, and every example in the sources, compiles as a user would write it. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { promisify } from "node:util"

const root = Path.resolve(import.meta.dirname, "..")

const snippets = (text: string): Array<string> =>
  Array.from(text.matchAll(/```ts(?: [a-z]+)?\n([\s\S]*?)```/g), (match) => match[1]!)

const sources = (dir: string): Array<string> =>
  Fs.readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? sources(Path.join(dir, entry.name)) : [Path.join(dir, entry.name)]
  )

describe("examples", () => {
  it("compile", { timeout: 120_000 }, async () => {
    const out = Path.join(root, ".tmp", "examples")
    Fs.rmSync(out, { recursive: true, force: true })
    Fs.mkdirSync(out, { recursive: true })
    const written: Array<string> = []
    const write = (name: string, list: ReadonlyArray<string>): void =>
      list.forEach((code, i) => {
        const file = `${name}-${i + 1}.ts`
        Fs.writeFileSync(Path.join(out, file), code)
        written.push(file)
      })
    const readme = snippets(Fs.readFileSync(Path.join(root, "README.md"), "utf8"))
    assert.isAtLeast(readme.length, 5)
    write("README", readme)
    for (const page of Fs.readdirSync(Path.join(root, "docs")).filter((name) => name.endsWith(".md"))) {
      write(`docs_${page.replace(".md", "")}`, snippets(Fs.readFileSync(Path.join(root, "docs", page), "utf8")))
    }
    // The comments in src/methods/ are copies of those in src/commands/.
    for (const file of sources(Path.join(root, "src")).filter((file) => !file.includes("/src/methods/"))) {
      const uncommented = Fs.readFileSync(file, "utf8").replaceAll(/^ *\* ?/gm, "")
      write(Path.relative(root, file).replaceAll(/[/.]/g, "_"), snippets(uncommented))
    }
    assert.isAtLeast(written.length, readme.length + 5)
    Fs.writeFileSync(
      Path.join(out, "tsconfig.json"),
      JSON.stringify({
        extends: "../../tsconfig.json",
        compilerOptions: {
          paths: {
            "effect-redis-sentinel": ["../../src/index.ts"],
            "effect-redis-sentinel/testing": ["../../src/testing/index.ts"],
            "effect-redis-sentinel/*": ["../../src/*.ts"]
          }
        },
        include: ["*.ts"]
      })
    )
    const tsc = Path.join(root, "node_modules", "typescript", "bin", "tsc")
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", out]).catch((
      error: { stdout: string }
    ) => error)
    assert.strictEqual(stdout, "")
  })
})
