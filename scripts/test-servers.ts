/**
 * Runs the conformance and the integration tests on every server that scripts/servers.ts unpacks, one server after
 * another, and prints a summary. It fails if a test fails on one of them.
 *
 *   node scripts/test-servers.ts [--only NAME[,NAME]] [arguments of vitest]
 *
 * Arguments of vitest that name files take the place of both suites: `test/conformance -t streams`.
 */
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { serverNamed, servers } from "../test/support/servers.ts"
import { endWith } from "./options.ts"

const usage = "npm run test:servers -- [--only NAME[,NAME]] [arguments of vitest]"
const args = process.argv.slice(2)
if (args.includes("--help")) {
  console.log(`Usage: ${usage}`)
  process.exit(0)
}
const onlyAt = args.indexOf("--only")
const names = onlyAt === -1 ? undefined : args.splice(onlyAt, 2)[1]?.split(",") ?? [""]
const unknown = names?.find((name) => !servers.some((server) => server.name === name))
if (unknown !== undefined) endWith(`--only: there is no server '${unknown}'`, usage)
const chosen = names?.map(serverNamed) ?? servers
const suites = args.some((arg) => arg.startsWith("test/")) ? [] : ["test/conformance", "test/integration"]

/** What the JSON report of vitest is read for. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly status: string
    readonly assertionResults: ReadonlyArray<{ readonly fullName: string; readonly status: string }>
  }>
}

const root = Path.join(import.meta.dirname, "..")
const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-redis-sentinel-"))
const summary: Array<string> = []
let isRed = false
for (const { name } of chosen) {
  console.log(`\n=== ${name}`)
  const file = Path.join(folder, `${name}.json`)
  const started = performance.now()
  const { status } = spawnSync(
    process.execPath,
    ["scripts/test.mjs", ...suites, ...args, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`],
    {
      stdio: "inherit",
      cwd: root,
      env: { ...process.env, ERS_SERVER: name, PATH: `${root}/node_modules/.bin:${process.env["PATH"]}` }
    }
  )
  const seconds = Math.round((performance.now() - started) / 1000)
  if (status !== 0) isRed = true
  const report = Fs.existsSync(file) ? JSON.parse(Fs.readFileSync(file, "utf8")) as Report : undefined
  if (report === undefined) {
    summary.push(`${name}: no test ran, ${seconds} s`)
    continue
  }
  summary.push(`${name}: ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${seconds} s`)
  for (const result of report.testResults) {
    const failed = result.assertionResults.filter((test) => test.status === "failed")
    for (const test of failed) summary.push(`  ${Path.relative(root, result.name)}: ${test.fullName}`)
    if (result.status === "failed" && failed.length === 0) summary.push(`  ${Path.relative(root, result.name)}`)
  }
}
Fs.rmSync(folder, { recursive: true, force: true })
console.log(`\n${summary.join("\n")}`)
process.exitCode = isRed ? 1 : 0
