/**
 * Runs smoke.mjs on each runtime that the library supports, with the package as users install it: packs it, installs the
 * tarball and `effect` into a temporary folder, and prints a table. It fails if a runtime is missing.
 *
 *   npm run test:runtimes -- [--only NAME]
 *
 * The runtimes are those of package.json in this folder, which it installs there; the last one is the Node that runs this
 * script. On a platform for which npm has no Node 22, `ERS_NODE22` names one.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { entries } from "../entries.mjs"
import { optionsOf } from "../options.ts"

const { only } = optionsOf("npm run test:runtimes -- [--only NAME]", { only: { type: "string" } })
const here = import.meta.dirname
const bin = (path) => join(here, "node_modules", path)
const versionOf = (name) => JSON.parse(readFileSync(join(here, "package.json"), "utf8")).devDependencies[name]

const windows = process.platform === "win32" ? ".exe" : ""
const runtimes = [
  {
    name: "Node 22.19",
    version: "v22.19.0",
    program: process.env.ERS_NODE22 ?? bin(`node22-${process.platform}-${process.arch}/bin/node${windows}`),
    args: []
  },
  { name: "Node 24", version: /^v24\./, program: process.execPath, args: [] },
  { name: "Bun", version: versionOf("bun"), program: bin("bun/bin/bun.exe"), args: ["--no-install", "run"] },
  {
    name: "Deno",
    version: versionOf("deno"),
    program: bin(`deno/deno${windows}`),
    args: ["run", "--allow-all", "--no-remote", "--node-modules-dir=manual"]
  }
].filter(({ name }) => only === undefined || name.includes(only))

/** The version that a program gives; undefined if there is none, or another one. */
const foundVersion = ({ program, version }) => {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" })
  const found = status === 0 ? /v?\d+\.\d+\.\d+/.exec(stdout)?.[0] : undefined
  return found !== undefined && (typeof version === "string" ? found === version : version.test(found))
    ? found
    : undefined
}

if (runtimes.some((runtime) => foundVersion(runtime) === undefined)) {
  console.log("Installing the runtimes ...")
  spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: here, stdio: ["ignore", "ignore", "inherit"] })
}

const app = mkdtempSync(join(tmpdir(), "effect-redis-sentinel-runtimes-"))
const rows = []
try {
  const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", app], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"]
  })
  const report = JSON.parse(packed.slice(packed.search(/^[[{]/m)))
  const { filename } = Array.isArray(report) ? report[0] : Object.values(report)[0]
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }))
  const effect = JSON.parse(readFileSync("node_modules/effect/package.json", "utf8")).version
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", filename, `effect@${effect}`], {
    cwd: app,
    stdio: ["ignore", "ignore", "inherit"]
  })
  execFileSync("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost".split(" "),
    ..."-addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem".split(" ")
  ], { cwd: app, stdio: "ignore" })
  for (const file of ["smoke.mjs", "peer.mjs"]) copyFileSync(join(here, file), join(app, file))
  writeFileSync(join(app, "entries.json"), JSON.stringify(entries()))
  for (const runtime of runtimes) {
    const version = foundVersion(runtime)
    const row = { runtime: runtime.name, version: version ?? "missing", result: "failed" }
    rows.push(row)
    if (version === undefined) continue
    const program = existsSync(runtime.program) ? resolve(runtime.program) : runtime.program
    const runs = (...args) =>
      spawnSync(program, [...runtime.args, ...args], {
        cwd: app,
        encoding: "utf8",
        timeout: 180_000,
        killSignal: "SIGKILL",
        env: { ...process.env, DENO_DIR: join(app, ".deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" }
      })
    const { error, signal, status, stderr, stdout } = runs("smoke.mjs")
    for (const [, part, result] of stdout.matchAll(/^(.+): (ok.*|failed)$/gm)) row[part] = result
    if (status === 0) row.result = "ok"
    else if (signal !== null) row.result = `did not end (${error?.message ?? signal})`
    // The command says what to install: the package that it needs besides is not there.
    const command = runs("node_modules/effect-redis-sentinel/dist/cli/main.js", "doctor", "--demo")
    const isExplained = command.status === 3 && command.stderr.includes("npm install --save-dev @effect/platform-node")
    row.command = isExplained ? "ok" : "failed"
    if (!isExplained) {
      row.result = "failed"
      console.error(`${runtime.name}: the command:\n${command.stdout}${command.stderr}`)
    }
    if (row.result !== "ok") console.error(`${runtime.name}:\n${stdout}${stderr}`)
  }
} finally {
  rmSync(app, { recursive: true, force: true })
}
console.table(rows)
process.exit(rows.every(({ result }) => result === "ok") ? 0 : 1)
