/** Checks the packed tarball as users get it: with publint, with attw, and by importing it. */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const dir = mkdtempSync(join(tmpdir(), "effect-redis-sentinel-pack-"))
let failed = false
const run = (command, args, options = {}) => {
  const { status } = spawnSync(command, args, { stdio: "inherit", ...options })
  if (status !== 0) {
    failed = true
    console.error(`${command} ${args.join(" ")}: failed`)
  }
}
try {
  const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", dir], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"]
  })
  const report = JSON.parse(packed.slice(packed.search(/^[[{]/m)))
  const { filename } = Array.isArray(report) ? report[0] : Object.values(report)[0]
  const tarball = join(dir, filename)
  run("publint", ["run", tarball, "--strict"])
  // node10 resolution has no subpath exports, and the package is ESM only.
  run("attw", [tarball, "--profile", "esm-only"])
  const app = join(dir, "app")
  mkdirSync(join(app, "node_modules", "effect-redis-sentinel"), { recursive: true })
  execFileSync("tar", [
    "xzf",
    tarball,
    "-C",
    join(app, "node_modules", "effect-redis-sentinel"),
    "--strip-components=1"
  ])
  symlinkSync(resolve("node_modules/effect"), join(app, "node_modules", "effect"))
  writeFileSync(
    join(app, "index.mjs"),
    `import * as All from "effect-redis-sentinel"
import * as Sentinel from "effect-redis-sentinel/Sentinel"
import * as Testing from "effect-redis-sentinel/testing"
import * as commands from "effect-redis-sentinel/commands"
if (All.Sentinel.layer !== Sentinel.layer || typeof Testing.layer !== "function" || typeof commands.get !== "function") process.exit(1)
const hidden = await import("effect-redis-sentinel/internal/common/deque").then(() => false, () => true)
if (!hidden) process.exit(1)
`
  )
  run(process.execPath, [join(app, "index.mjs")])
} finally {
  rmSync(dir, { recursive: true, force: true })
}
console.log(failed ? "package: failed" : "package: ok")
process.exit(failed ? 1 : 0)
