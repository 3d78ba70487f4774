/** How the project's own programs are called: `--help`, and options that they do not know. */
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import * as Path from "node:path"

const root = Path.join(import.meta.dirname, "..")

const run = (file: string, argument: string) =>
  new Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>((resolve) => {
    const child = spawn(process.execPath, ["--expose-gc", file, argument], { cwd: root })
    let [out, err] = ["", ""]
    child.stdout.on("data", (text) => void (out += text))
    child.stderr.on("data", (text) => void (err += text))
    child.once("close", (code) => resolve({ code, out, err }))
  })

describe("programs", () => {
  for (
    const file of [
      "simulation/main.ts",
      "simulation/mutants.ts",
      "chaos/main.ts",
      "chaos/endurance.ts",
      "chaos/rotation.ts",
      "fuzz/main.ts"
    ]
  ) {
    it(`${file} says in one line how it is called`, async () => {
      const help = await run(file, "--help")
      assert.strictEqual(help.code, 0)
      assert.match(help.out, /^Usage: (npm run|node) .+\n$/)
      assert.strictEqual(help.err, "")
      for (const argument of ["--nonsense", "nonsense"]) {
        const { code, err, out } = await run(file, argument)
        assert.strictEqual(code, 2)
        assert.match(err, /^[^\n]*'-*nonsense'\. Usage: [^\n]+\n$/)
        assert.strictEqual(out, "")
      }
    }, 60_000)
  }
})
