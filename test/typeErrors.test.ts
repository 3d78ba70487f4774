/**
 * What the compiler says to wrong calls, with TypeScript 7 and with 5.9: each call in
 * test/types that must not compile does not, and the error says what its directive asks
 * for. That the right calls compile is tested with it.
 */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"

const root = Path.join(import.meta.dirname, "..")
const directive = /^\/\/ @ts-expect-error: (.*)$/
const sources: ReadonlyMap<string, ReadonlyArray<string>> = new Map(
  [
    "options.ts",
    "forms.ts",
    "modules.ts",
    "scripts.ts",
    "subscriptions.ts",
    "queues.ts",
    "streams.ts",
    "transactions.ts",
    "consumers.ts",
    "stores.ts",
    "credentials.ts",
    "telemetry.ts"
  ].map((file) => [
    file,
    Fs.readFileSync(Path.join(root, "test/types", file), "utf8").split("\n")
  ])
)

/** What the compiler says to the files without their directives, by file and line; each text with its details. */
const errorsOf = (compiler: "typescript" | "typescript5"): Promise<ReadonlyMap<string, string>> => {
  const folder = Path.join(root, ".tmp", `types-${compiler}`)
  Fs.mkdirSync(folder, { recursive: true })
  for (const [file, source] of sources) {
    Fs.writeFileSync(Path.join(folder, file), source.map((line) => line.replace(directive, "//")).join("\n"))
  }
  Fs.writeFileSync(
    Path.join(folder, "tsconfig.json"),
    JSON.stringify({ extends: "../../tsconfig.json", include: Array.from(sources.keys()) })
  )
  const tsc = Path.join(root, "node_modules", compiler, "bin", "tsc")
  return new Promise((resolve) =>
    execFile(process.execPath, [tsc, "-p", folder, "--pretty", "false"], (_error, stdout) => {
      const found = new Map<string, string>()
      let at: string | undefined
      for (const line of stdout.split("\n")) {
        const head = /^(\S+)\((\d+),\d+\): (.*)$/.exec(line)
        if (head !== null) {
          const file = Path.basename(head[1]!)
          // What 5.9 says of the sources is no matter: users compile against the emitted declarations.
          at = sources.has(file) && head[1]!.includes(`types-${compiler}`) ? `${file}:${head[2]}` : undefined
        }
        if (line !== "" && at !== undefined) found.set(at, `${found.get(at) ?? ""}${head?.[3] ?? line}\n`)
      }
      resolve(found)
    })
  )
}

/** Where an error is wanted, with a part of its text and the call. */
const wanted = Array.from(sources).flatMap(([file, source]) =>
  source.flatMap((line, i) => {
    const text = directive.exec(line)?.[1]
    return text === undefined ? [] : [{ at: `${file}:${i + 2}`, text, call: source[i + 1]! }]
  })
)

describe("types", () => {
  for (const compiler of ["typescript", "typescript5"] as const) {
    it(`wrong calls do not compile, and the errors name what is wrong: ${compiler}`, async () => {
      const errors = await errorsOf(compiler)
      assert.isAtLeast(wanted.length, 200)
      const missed = wanted.filter(({ at, text }) => !(errors.get(at) ?? "").includes(text))
        .map(({ at, call, text }) => `${at}: ${call}\n  wanted: ${text}\n  got: ${errors.get(at) ?? "no error"}`)
      assert.strictEqual(missed.length, 0, `\n${missed.join("\n")}`)
      const places = new Set(wanted.map(({ at }) => at))
      assert.deepStrictEqual(Array.from(errors).filter(([at]) => !places.has(at)), [])
    }, 300_000)
  }
})
