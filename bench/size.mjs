/**
 * What the library costs before it does anything: the time to import it, the memory and
 * the time of a client, and the bytes of a bundle with `get` and `set` only.
 *
 *   npm run bench:size
 *   node --expose-gc bench/size.mjs [FOLDER ...] [--rounds 15] [--only import|clients|bundles]
 *
 * Each FOLDER is a build, such as `dist` (the default). The import is measured above that
 * of Effect's own modules that the build needs: new processes of both take turns, and the
 * difference of the shortest times counts, since other work on the machine only adds to it.
 */
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import { pathToFileURL } from "node:url"
import { gzipSync } from "node:zlib"
import { rolldown } from "rolldown"
import { argumentsOf } from "../scripts/options.ts"

const { positionals, values } = argumentsOf(
  "node --expose-gc bench/size.mjs [FOLDER ...] [--rounds 15] [--only import|clients|bundles]",
  { rounds: { type: "string", default: "15" }, only: { type: "string", default: "" } },
  (folder) => existsSync(folder)
)
const rounds = Number(values.rounds)
const root = Path.join(import.meta.dirname, "..")
const builds = (positionals.length === 0 ? ["dist"] : positionals).map((folder) => Path.resolve(folder))
const scratch = Path.join(root, ".tmp", "size")
rmSync(scratch, { recursive: true, force: true })
mkdirSync(scratch, { recursive: true })

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]
const print = (what, value, unit) => console.log(`  ${what.padEnd(64)} ${value.padStart(10)} ${unit}`)

/** The modules of other packages and of Node that a module imports, itself or through others. */
const needsOf = (file, seen = new Set(), needs = new Set()) => {
  if (seen.has(file)) return needs
  seen.add(file)
  for (const [, name] of readFileSync(file, "utf8").matchAll(/^(?:import|export)\b[^"';=(]*?\bfrom "([^"]+)";?$/gm)) {
    if (name.startsWith(".")) needsOf(Path.join(Path.dirname(file), name), seen, needs)
    else needs.add(name)
  }
  return needs
}

/** How long a new process takes to import modules, in milliseconds: on the clock, and of the processor. */
const importMillis = (file) => {
  const { stderr, stdout } = spawnSync(process.execPath, [file], { encoding: "utf8" })
  if (stdout === "") throw new Error(stderr)
  return JSON.parse(stdout)
}

const timed = (name, modules) => {
  const file = Path.join(scratch, name)
  const imports = modules.map((module) => `await import(${JSON.stringify(module)})`).join("\n")
  writeFileSync(
    file,
    `const [from, used] = [performance.now(), process.cpuUsage()]
${imports}
const clock = performance.now() - from
const { system, user } = process.cpuUsage(used)
console.log(JSON.stringify({ clock, processor: (system + user) / 1000 }))
`
  )
  return file
}

const measureImport = (build) => {
  const entry = Path.join(build, "index.js")
  const needs = Array.from(needsOf(entry))
  const without = timed("needs.mjs", needs)
  const both = timed("both.mjs", [...needs, pathToFileURL(entry).href])
  const times = { needs: [], both: [] }
  for (let round = 0; round < rounds; round++) {
    times.needs.push(importMillis(without))
    times.both.push(importMillis(both))
  }
  for (const kind of ["clock", "processor"]) {
    const [base, all] = [times.needs, times.both].map((list) => Math.min(...list.map((time) => time[kind])))
    const modules = needs.filter((name) => name.startsWith("effect")).length
    print(`import of the ${modules} modules of Effect that it needs, by the ${kind}`, base.toFixed(0), "ms")
    print(`import of the main entry above that, by the ${kind}`, (all - base).toFixed(0), "ms")
  }
}

/** An executor that runs nothing. */
const executor = (reserved) => {
  const nothing = () => Effect.void
  return {
    label: "nowhere",
    commandTimeout: 1000,
    epoch: 0,
    run: nothing,
    runPipeline: nothing,
    runTransaction: nothing,
    runScanPage: nothing,
    isAtPrimary: () => true,
    followsOtherPrimary: () => false,
    reserve: Effect.succeed(reserved),
    session: nothing,
    untilClosed: (effect) => effect
  }
}

const measureClients = async (build) => {
  const { makePrimary } = await import(pathToFileURL(Path.join(build, "internal/client/client.js")).href)
  const runner = executor({ ...executor(undefined), connection: { epoch: 0 } })
  const each = (what, make) => {
    for (let i = 0; i < 20_000; i++) make()
    const count = 20_000
    const times = []
    for (let round = 0; round < 5; round++) {
      const from = performance.now()
      for (let i = 0; i < count; i++) make()
      times.push((performance.now() - from) * 1000 / count)
    }
    const kept = new Array(count)
    globalThis.gc()
    globalThis.gc()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < count; i++) kept[i] = make()
    globalThis.gc()
    globalThis.gc()
    const bytes = (process.memoryUsage().heapUsed - before) / count
    if (kept.length !== count) throw new Error("nothing was kept")
    print(`${what}: time`, median(times).toFixed(1), "us")
    print(`${what}: heap`, bytes.toFixed(0), "bytes")
  }
  each("a client", () => makePrimary(runner))
  const client = makePrimary(runner)
  each("a reserved connection's client", () => Effect.runSync(Effect.scoped(client.reserve)))
  each("a client with two methods used", () => {
    const redis = makePrimary(runner)
    return [redis.get, redis.set, redis]
  })
}

/** Programs to bundle. */
const programs = {
  "RedisClient, redis.get and redis.set": (build) => `
    import { Effect } from "effect"
    import { RedisClient } from "${build}/index.js"
    export const program = Effect.gen(function*() {
      const redis = yield* RedisClient.RedisClient
      yield* redis.set("k", "v")
      return yield* redis.get("k")
    }).pipe(Effect.provide(RedisClient.layer()))
  `,
  "commands.get and commands.set as values": (build) => `
    import { get, set } from "${build}/commands/index.js"
    export const program = [set("k", "v"), get("k")]
  `
}

const measureBundles = async (build) => {
  for (const [name, textOf] of Object.entries(programs)) {
    const input = Path.join(scratch, "program.mjs")
    writeFileSync(input, textOf(build))
    for (const [how, external] of [["Effect external", [/^node:/, /^effect(\/|$)/]], ["with Effect", [/^node:/]]]) {
      const bundle = await rolldown({ input, external, platform: "node", logLevel: "silent", cwd: root })
      const { output } = await bundle.generate({ minify: true, format: "esm" })
      const code = output.filter((chunk) => chunk.type === "chunk").map((chunk) => chunk.code).join("")
      print(
        `${name}, ${how}`,
        `${(Buffer.byteLength(code) / 1024).toFixed(1)}`,
        `KiB, ${(gzipSync(code).length / 1024).toFixed(1)} KiB with gzip`
      )
    }
  }
}

if (globalThis.gc === undefined) throw new Error("run it with --expose-gc")
const measures = { import: measureImport, clients: measureClients, bundles: measureBundles }
for (const build of builds) {
  console.log(Path.relative(root, build))
  for (const [name, measure] of Object.entries(measures)) if (name.startsWith(values.only)) await measure(build)
}
