/**
 * What the compiler says to wrong calls, with TypeScript 7 and with 5.9: each call in
 * test/types/options.ts that must not compile does not, and the error says what its
 * directive asks for. That the right calls compile is tested with it.
 */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"

const root = Path.join(import.meta.dirname, "..")
const source = Fs.readFileSync(Path.join(root, "test/types/options.ts"), "utf8").split("\n")
const directive = /^\/\/ @ts-expect-error: (.*)$/

/** What the compiler says to the file without its directives, by line; each text with its details. */
const errorsOf = (compiler: "typescript" | "typescript5"): Promise<ReadonlyMap<number, string>> => {
  const folder = Path.join(root, ".tmp", `types-${compiler}`)
  Fs.mkdirSync(folder, { recursive: true })
  Fs.writeFileSync(Path.join(folder, "options.ts"), source.map((line) => line.replace(directive, "//")).join("\n"))
  Fs.writeFileSync(
    Path.join(folder, "tsconfig.json"),
    JSON.stringify({ extends: "../../tsconfig.json", include: ["options.ts"] })
  )
  const tsc = Path.join(root, "node_modules", compiler, "bin", "tsc")
  return new Promise((resolve) =>
    execFile(process.execPath, [tsc, "-p", folder, "--pretty", "false"], (_error, stdout) => {
      const found = new Map<number, string>()
      let at = 0
      for (const line of stdout.split("\n")) {
        const head = /^\S*?options\.ts\((\d+),\d+\): (.*)$/.exec(line)
        if (head !== null) at = Number(head[1])
        // What 5.9 says of the sources is no matter: users compile against the emitted declarations.
        else if (/^\S+\(\d+,\d+\): /.test(line)) at = 0
        if (line !== "" && at > 0) found.set(at, `${found.get(at) ?? ""}${head?.[2] ?? line}\n`)
      }
      resolve(found)
    })
  )
}

describe("types", () => {
  for (const compiler of ["typescript", "typescript5"] as const) {
    it(`wrong calls do not compile, and the errors name what is wrong: ${compiler}`, async () => {
      const errors = await errorsOf(compiler)
      const wanted = source.flatMap((line, i) => {
        const text = directive.exec(line)?.[1]
        return text === undefined ? [] : [[i + 2, text] as const]
      })
      assert.isAtLeast(wanted.length, 60)
      for (const [line, text] of wanted) {
        assert.include(errors.get(line) ?? "no error", text, `line ${line}: ${source[line - 1]}`)
      }
      const lines = new Set(wanted.map(([line]) => line))
      assert.deepStrictEqual(Array.from(errors).filter(([line]) => !lines.has(line)), [])
    }, 300_000)
  }
})
