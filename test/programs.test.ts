/** How the project's own programs are called: `--help`, and options that they do not know. */
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"

const root = Path.join(import.meta.dirname, "..")

const run = (file: string, ...args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>((resolve) => {
    const child = spawn(process.execPath, ["--expose-gc", file, ...args], { cwd: root })
    let [out, err] = ["", ""]
    child.stdout.on("data", (text) => void (out += text))
    child.stderr.on("data", (text) => void (err += text))
    child.once("close", (code) => resolve({ code, out, err }))
  })

/** The programs that take options. */
const programs = [
  "bench/consume.mjs",
  "bench/editing.ts",
  "bench/pubsub.mjs",
  "bench/run.mjs",
  "bench/size.mjs",
  "bench/telemetry.mjs",
  "chaos/endurance.ts",
  "chaos/main.ts",
  "chaos/rotation.ts",
  "examples/accounts.ts",
  "examples/demo.ts",
  "examples/mails.ts",
  "examples/news.ts",
  "examples/orders.ts",
  "examples/service.ts",
  "fuzz/main.ts",
  "scripts/api.mjs",
  "scripts/command-fixtures.ts",
  "scripts/conformance.ts",
  "scripts/methods.ts",
  "scripts/peers.ts",
  "scripts/pictures.ts",
  "scripts/runtimes/run.mjs",
  "scripts/servers.ts",
  "scripts/timelines.ts",
  "simulation/main.ts",
  "simulation/mutants.ts",
  "site/build.mjs"
]

/** Those that take none, or whose options another program reads. */
const others: Readonly<Record<string, string>> = {
  "scripts/build.mjs": "takes no options",
  "scripts/check-package.mjs": "takes no options",
  "scripts/getting-started.ts": "takes no options",
  "scripts/test.mjs": "passes its arguments to vitest",
  "scripts/test-servers.ts": "passes its arguments to vitest, except --only, which is tested below",
  "src/cli/main.ts": "is the command of the package, with tests of its own",
  "node_modules/typescript/bin/tsc": "is not the project's own"
}

describe("programs", () => {
  for (const file of programs) {
    it.concurrent(`${file} says in one line how it is called`, async () => {
      const help = await run(file, "--help")
      assert.strictEqual(help.code, 0, help.err)
      assert.match(help.out, /^Usage: (npm run|node) .+\n$/)
      assert.strictEqual(help.err, "")
      // One call of `parseArgs` refuses both where a program takes no other arguments.
      const takesArguments = Fs.readFileSync(Path.join(root, file), "utf8").includes("argumentsOf(")
      for (const argument of takesArguments ? ["--nonsense", "nonsense"] : ["--nonsense"]) {
        const { code, err, out } = await run(file, argument)
        assert.strictEqual(code, 2)
        assert.match(err, /^[^\n]*'-*nonsense'\. Usage: [^\n]+\n$/)
        assert.strictEqual(out, "")
      }
    }, 120_000)
  }

  it("are all listed here, and read their options in one way", () => {
    const { scripts } = JSON.parse(Fs.readFileSync(Path.join(root, "package.json"), "utf8"))
    const run = Object.values<string>(scripts).flatMap((script) =>
      Array.from(script.matchAll(/\bnode (?:--\S+ )*(\S+)/g), ([, file]) => file!)
    )
    const contributing = Fs.readFileSync(Path.join(root, "CONTRIBUTING.md"), "utf8")
    const told = Array.from(contributing.matchAll(/`node (\S+\.(?:ts|mjs))/g), ([, file]) => file!)
    const reasons = [...programs, ...Object.keys(others), "scripts/command-coverage.ts"]
    assert.deepStrictEqual([...run, ...told].filter((file) => !reasons.includes(file)), [])
    const folders = ["bench", "chaos", "examples", "fuzz", "scripts", "simulation", "site"]
    const readers = folders.flatMap((folder) =>
      Fs.globSync(`${folder}/**/*.{ts,mjs}`, { cwd: root, exclude: (path) => path.includes("node_modules") })
    ).filter((file) => /\bparseArgs\b/.test(Fs.readFileSync(Path.join(root, file), "utf8")))
    assert.deepStrictEqual(readers, [Path.join("scripts", "options.ts")])
  })

  it("refuse an argument where they take options alone", async () => {
    const { code, err } = await run("scripts/api.mjs", "nonsense")
    assert.strictEqual(code, 2)
    assert.match(err, /^Unexpected argument 'nonsense'\. Usage: npm run check:api -- \[--write\]\n$/)
  })

  it("say what a value is not", async () => {
    for (const [args, says] of [[["--only"], "''"], [["--only", "nonsense"], "'nonsense'"]] as const) {
      const { code, err, out } = await run("scripts/test-servers.ts", ...args)
      assert.deepStrictEqual({ code, out }, { code: 2, out: "" })
      assert.match(err, /^--only: there is no server '\w*'\. Usage: [^\n]+\n$/)
      assert.include(err, says)
    }
    const missing = await run("bench/telemetry.mjs")
    assert.strictEqual(missing.code, 2)
    assert.match(missing.err, /^--before FOLDER is missing[^\n]*\. Usage: [^\n]+\n$/)
  }, 60_000)
})
