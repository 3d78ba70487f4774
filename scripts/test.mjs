/**
 * Runs the tests. The integration tests need redis-server, redis-sentinel and
 * openssl; those of pages need Chromium, those in a terminal need tmux. The script finds them, or installs them if
 * possible; otherwise it says which tests it skips. In CI it skips nothing, and fails
 * instead.
 *
 * With `ERS_SERVER=valkey-9.1`, a name from test/support/servers.ts, the tests
 * run on that server, which scripts/servers.ts unpacks first.
 */
import { spawnSync } from "node:child_process"

const chosen = process.env.ERS_SERVER ?? ""
if (chosen !== "") {
  const servers = new URL("./servers.ts", import.meta.url).pathname
  const { status } = spawnSync(process.execPath, [servers, chosen], { stdio: "inherit" })
  if (status !== 0) process.exit(1)
}

const has = (name) => spawnSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" }).status === 0

/** What some tests need beside Node: programs, by any of the names that they have. */
const needs = [
  {
    programs: (chosen === "" ? ["redis-server", "redis-sentinel", "openssl"] : ["openssl"]).map((name) => [name]),
    tests: "the integration tests in test/integration",
    advice: "apt-get install redis-server redis-sentinel openssl (Debian), or brew install redis openssl",
    without: "WITHOUT_REDIS"
  },
  {
    // As test/support/chromium.ts finds it.
    programs: process.env.ERS_CHROMIUM
      ? []
      : [["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]],
    tests: "the tests of pages in test/browser",
    advice: "apt-get install chromium (Debian), or set ERS_CHROMIUM to the path of a Chromium",
    without: "WITHOUT_CHROMIUM"
  },
  {
    programs: [["tmux"]],
    tests: "the tests in a terminal in test/integration/terminal.test.ts",
    advice: "apt-get install tmux (Debian), or brew install tmux",
    without: "WITHOUT_TMUX"
  }
]
const missingOf = ({ programs }) => programs.filter((names) => !names.some(has)).map(([name]) => name)
const missing = () => needs.flatMap(missingOf)

if (missing().length > 0 && has("apt-get") && process.getuid?.() === 0) {
  console.log(`Installing ${missing().join(", ")} ...`)
  const install = () =>
    spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing()], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" }
    })
  if (install().status !== 0) {
    spawnSync("apt-get", ["update", "-qq"], { stdio: ["ignore", "ignore", "inherit"] })
    install()
  }
}

const env = { ...process.env }
const left = needs.flatMap((need) => {
  const names = missingOf(need)
  return names.length === 0 ? [] : [{ ...need, names: names.join(", ") }]
})
for (const { advice, names, tests, without } of left) {
  console.error(`\nSKIPPED: ${tests}, because ${names} cannot be found.\nGet it with: ${advice}.\n`)
  env[without] = "1"
}
if (left.length > 0 && process.env.CI !== undefined && process.env.CI !== "" && process.env.CI !== "false") {
  process.exit(1)
}

const { error, status } = spawnSync("vitest", ["run", ...process.argv.slice(2)], { stdio: "inherit", env })
if (error !== undefined) console.error(`vitest cannot be run: ${error.message}`)
for (const { names, tests } of left) console.error(`\nSkipped: ${tests}; ${names} missing.`)
process.exit(status ?? 1)
