/**
 * Runs the tests. The integration tests need redis-server, redis-sentinel and
 * openssl. The script finds them, or installs them if possible; otherwise it says
 * which tests it skips. In CI it skips nothing, and fails instead.
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

const binaries = chosen === "" ? ["redis-server", "redis-sentinel", "openssl"] : ["openssl"]
const has = (name) => spawnSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" }).status === 0
const missing = () => binaries.filter((name) => !has(name))

if (missing().length > 0 && has("apt-get") && process.getuid?.() === 0) {
  console.log(`Installing ${missing().join(", ")} ...`)
  const install = () =>
    spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...binaries], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" }
    })
  if (install().status !== 0) {
    spawnSync("apt-get", ["update", "-qq"], { stdio: ["ignore", "ignore", "inherit"] })
    install()
  }
}

const env = { ...process.env }
const left = missing()
if (left.length > 0) {
  console.error([
    "",
    `SKIPPED: the integration tests in test/integration, because ${left.join(", ")} cannot be found.`,
    "Get them with: apt-get install redis-server redis-sentinel openssl (Debian), or brew install redis openssl.",
    ""
  ].join("\n"))
  if (process.env.CI !== undefined && process.env.CI !== "" && process.env.CI !== "false") process.exit(1)
  env.WITHOUT_REDIS = "1"
}

const { status } = spawnSync("vitest", ["run", ...process.argv.slice(2)], { stdio: "inherit", env })
if (left.length > 0) console.error(`\nThe integration tests were skipped: ${left.join(", ")} missing.`)
process.exit(status ?? 1)
