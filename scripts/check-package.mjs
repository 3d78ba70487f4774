/** Checks the packed tarball as users get it: with publint, with attw, by importing it, and by compiling with it. */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { rolldown } from "rolldown"
import { entries } from "./entries.mjs"

const main = JSON.parse(readFileSync("package.json", "utf8")).bin["effect-redis-sentinel"]
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
import * as Json from "effect-redis-sentinel/modules/Json"
if (All.Sentinel.layer !== Sentinel.layer || typeof Testing.layer !== "function" || typeof commands.get !== "function" || Json.get("k").spec.mode !== "read") process.exit(1)
const hidden = await import("effect-redis-sentinel/internal/common/deque").then(() => false, () => true)
if (!hidden) process.exit(1)
`
  )
  run(process.execPath, [join(app, "index.mjs")])
  // An import costs by the file: the main entry shares few.
  writeFileSync(
    join(app, "files.mjs"),
    `import { registerHooks } from "node:module"
let files = 0
registerHooks({
  load: (url, context, next) => {
    if (url.includes("/effect-redis-sentinel/dist/")) files++
    return next(url, context)
  }
})
await import("effect-redis-sentinel")
console.log(files)
`
  )
  const files = Number(execFileSync(process.execPath, [join(app, "files.mjs")], { encoding: "utf8" }))
  if (!(files > 0 && files <= 60)) {
    failed = true
    console.error(`The main entry loads ${files} files, and not 1 to 60`)
  }
  // A bundler leaves out what a program does not use, although modules share files.
  for (
    const [program, kept, dropped] of [
      [
        `import { RedisClient } from "effect-redis-sentinel"
export const live = RedisClient.layer()`,
        ["XAUTOCLAIM", "HELLO"],
        ["SentinelQuestions", "AliasCheck"]
      ],
      [
        `import { get, set } from "effect-redis-sentinel/commands"
export const commands = [get("k"), set("k", "v")]`,
        ["\"GET\"", "\"SET\""],
        ["XAUTOCLAIM", "GETEX", "RedisClient"]
      ]
    ]
  ) {
    const input = join(app, "bundled.mjs")
    writeFileSync(input, program)
    const bundle = await rolldown({ input, external: [/^node:/, /^effect(?:\/|$)/], platform: "node" })
    const { output: [{ code }] } = await bundle.generate({ format: "esm" })
    await bundle.close()
    const missing = kept.filter((word) => !code.includes(word))
    const useless = dropped.filter((word) => code.includes(word))
    if (missing.length + useless.length > 0) {
      failed = true
      console.error(`The bundle of\n${program}\nlacks [${missing}], and has [${useless}] for nothing`)
    }
  }
  // The command, without and with what it needs besides.
  const command = (...args) =>
    spawnSync(process.execPath, [join(app, "node_modules/effect-redis-sentinel", main), ...args], { encoding: "utf8" })
  const bare = command("doctor", "--demo")
  if (bare.status !== 3 || !bare.stderr.includes("npm install --save-dev @effect/platform-node")) {
    failed = true
    console.error(
      "The command does not say that it needs @effect/platform-node:",
      bare.status,
      bare.stdout,
      bare.stderr
    )
  }
  mkdirSync(join(app, "node_modules", "@effect"))
  symlinkSync(resolve("node_modules/@effect/platform-node"), join(app, "node_modules", "@effect", "platform-node"))
  const demo = command("doctor", "--demo")
  if (demo.status !== 2 || !demo.stdout.includes("[masterauth-missing]")) {
    failed = true
    console.error("The command doctor --demo fails:", demo.status, demo.stdout, demo.stderr)
  }
  // Declarations have no errors of their own, which `skipLibCheck` hides from most users, and their types have names.
  mkdirSync(join(app, "node_modules", "@types"))
  symlinkSync(resolve("node_modules/@types/node"), join(app, "node_modules", "@types", "node"))
  writeFileSync(
    join(app, "index.ts"),
    `import { Effect } from "effect"
import { type Client, RedisClient } from "effect-redis-sentinel"
import "effect-redis-sentinel/testing"
export const program = Effect.gen(function*() {
  const redis = yield* RedisClient.RedisClient
  return { reserved: yield* redis.reserve, get: redis.get, zadd: redis.zadd, bytes: redis.bytes }
})
export const copy = (replica: Client.ReplicaClient) => ({ ...replica })
`
  )
  // Every entry.
  mkdirSync(join(app, "entries"))
  for (const [i, entry] of entries().entries()) {
    writeFileSync(join(app, "entries", `${i}.ts`), `export * as entry from "${entry}"\n`)
  }
  writeFileSync(
    join(app, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module: "NodeNext",
        target: "ES2022",
        lib: ["ES2024", "DOM"],
        strict: true,
        exactOptionalPropertyTypes: true,
        declaration: true,
        skipLibCheck: false,
        outDir: "out",
        types: ["node"]
      },
      include: ["index.ts", "entries"]
    })
  )
  for (const compiler of ["typescript", "typescript5"]) {
    run(process.execPath, [`node_modules/${compiler}/bin/tsc`, "-p", app])
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}
console.log(failed ? "package: failed" : "package: ok")
process.exit(failed ? 1 : 0)
