/**
 * The layout of src/: which room may know which, no circles, no file too long
 * to be read at once. The picture of it is in docs/architecture.md.
 */
import { assert, describe, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import * as Path from "node:path"

const src = Path.join(import.meta.dirname, "../src")

/** From the ground up: a room knows those above it in this list, and itself. */
const rooms = [
  "Errors.ts",
  "Address.ts",
  "Metrics.ts",
  "internal/resp",
  "Resp.ts",
  "internal/common",
  "internal/transport",
  "Connector.ts",
  "internal/commands|Command.ts",
  "commands",
  "methods",
  "internal/values",
  "Codec.ts",
  "internal/scripts",
  "Script.ts",
  "Values.ts",
  "internal/credentials",
  "Credentials.ts",
  "Telemetry.ts",
  "internal/telemetry",
  "Options.ts",
  "RedisUrl.ts",
  "PubSub.ts",
  "Channel.ts",
  "PopStream.ts",
  "KeyspaceEvents.ts",
  "MonitorStream.ts",
  "Client.ts",
  "Topology.ts",
  "internal/connection",
  "Pool.ts",
  "internal/execution",
  "internal/discovery",
  "internal/monitor",
  "internal/replicas",
  "internal/targets",
  "internal/subscriptions",
  "internal/client",
  "Sentinel.ts",
  "RedisClient.ts",
  "internal/queues",
  "RedisQueue.ts",
  "index.ts",
  "FunctionLibrary.ts",
  "testing",
  // Opt-in: what an application does not import, the main entry must not bring along.
  "internal/modules",
  "methods/modules",
  "modules",
  "internal/streams",
  "RedisStream.ts",
  "internal/stores",
  "EffectRedis.ts",
  "internal/doctor",
  "Doctor.ts",
  // Pictures know nothing of the library: data in, text out.
  "internal/pictures",
  "internal/watching",
  "cli"
]

const files = globSync("**/*.ts", { cwd: src }).sort()

const roomOf = (file: string): number => {
  const folder = file.startsWith("testing/") ? "testing" : Path.dirname(file)
  const name = folder === "." ? file : folder
  return rooms.findIndex((room) => room.split("|").includes(name))
}

const textOf = (file: string): string => readFileSync(Path.join(src, file), "utf8")

/** A file without its comments. */
const codeOf = (file: string): string => textOf(file).replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")

const importsOf = (file: string): ReadonlyArray<string> =>
  Array.from(
    textOf(file).matchAll(/^(?:import|export)\b[^"]*?from "(\.[^"]+)"/gm),
    ([, path]) => Path.normalize(Path.join(Path.dirname(file), path!))
  )

describe("the layout of src/", () => {
  it("has a room for every file", () => {
    assert.deepStrictEqual(files.filter((file) => roomOf(file) === -1), [])
  })

  it("lets every room know only those below it", () => {
    const wrong = files.flatMap((file) =>
      importsOf(file).filter((other) => roomOf(other) > roomOf(file)).map((other) => `${file} imports ${other}`)
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("has modules that only those who import them have, and that bring no test kit along", () => {
    const reached = (from: string, seen = new Set<string>()): ReadonlySet<string> => {
      if (seen.has(from)) return seen
      seen.add(from)
      for (const other of importsOf(from)) reached(other, seen)
      return seen
    }
    const isModule = (file: string): boolean => /^(?:internal\/|methods\/)?modules\//.test(file)
    assert.deepStrictEqual(
      ["index.ts", "testing/index.ts"].flatMap((entry) => Array.from(reached(entry)).filter(isModule)),
      []
    )
    const modules = files.filter((file) => file.startsWith("modules/"))
    assert.isAtLeast(modules.length, 6)
    const others = modules.flatMap((module) =>
      Array.from(reached(module)).filter((file) =>
        file.startsWith("testing/") || (file.startsWith("modules/") && file !== module)
      ).map((file) => `${module} reaches ${file}`)
    )
    assert.deepStrictEqual(others, [])
  })

  it("has Effect's stores in one entry only, which neither the main entry nor the test kit reaches", () => {
    const importers = files.filter((file) => /from "effect\/persistence/.test(textOf(file).replaceAll(/^ \*.*$/gm, "")))
    assert.deepStrictEqual(
      importers.filter((file) => file !== "EffectRedis.ts" && !file.startsWith("internal/stores/")),
      []
    )
    assert.include(importers, "EffectRedis.ts")
    const users = files.filter((file) =>
      importsOf(file).some((other) => /^(?:EffectRedis\.ts|internal\/stores\/)/.test(other))
    )
    assert.deepStrictEqual(
      users.filter((file) => file !== "EffectRedis.ts" && !file.startsWith("internal/stores/")),
      []
    )
  })

  it("has a command line that nothing else reaches, and that alone needs a platform", () => {
    assert.deepStrictEqual(
      files.filter((file) =>
        !file.startsWith("cli/") && /^import .*"(?:@effect\/platform-node|effect\/cli)/m.test(textOf(file))
      ),
      []
    )
    // It says what to install only if it loads the platform after it has started.
    assert.notMatch(textOf("cli/main.ts"), /^import .*from/m)
  })

  it("has no circle, not even of types", () => {
    const circles: Array<string> = []
    const done = new Set<string>()
    const visit = (file: string, path: ReadonlyArray<string>): void => {
      if (path.includes(file)) return void circles.push([...path.slice(path.indexOf(file)), file].join(" -> "))
      if (done.has(file)) return
      for (const other of importsOf(file)) visit(other, [...path, file])
      done.add(file)
    }
    for (const file of files) visit(file, [])
    assert.deepStrictEqual(circles, [])
  })

  it("has no file over 700 lines that is not generated without a reason in its header", () => {
    const long = files.filter((file) => !file.startsWith("testing/")).filter((file) => {
      const text = textOf(file)
      return text.split("\n").length > 701 &&
        !/^\/\*\*[\s\S]*?(?:Over 700 lines|Generated by scripts\/)[\s\S]*?\*\//.test(text)
    })
    assert.deepStrictEqual(long, [])
  })

  it("has a header in every file that says what it is", () => {
    // A program begins with the line that says what runs it.
    const begins = (file: string): string => textOf(file).replace(/^#!\/usr\/bin\/env node\n/, "")
    assert.deepStrictEqual(files.filter((file) => !begins(file).startsWith("/**\n")), [])
    assert.deepStrictEqual(files.filter((file) => textOf(file).startsWith("#!")), ["cli/main.ts"])
  })

  it("reads the wall clock, which jumps when it is set, only for moments that are shown or sent", () => {
    const readers = new Map([
      ["internal/common/time.ts", "where a schedule's steady time starts"],
      ["internal/credentials/keeper.ts", "when credentials expire"],
      ["internal/doctor/asking.ts", "the clock of a server is compared with this machine's"],
      ["internal/doctor/gather.ts", "the report says when it was made"],
      ["internal/monitor/eventFeed.ts", "when an event arrived"],
      ["internal/monitor/failoverTrace.ts", "the end of a span"],
      ["internal/monitor/fence.ts", "since when the fence is closed"],
      ["internal/monitor/groupState.ts", "the time of an event"],
      ["internal/streams/deadLetters.ts", "the time of a dead letter"],
      ["internal/streams/trimming.ts", "the age of entries, by their ids"],
      ["internal/telemetry/clientTelemetry.ts", "the start of a span"],
      ["internal/telemetry/operationTrace.ts", "the events and the end of a span"],
      ["internal/watching/time.ts", "when a recording begins"]
    ])
    assert.deepStrictEqual(
      files.filter((file) => !file.startsWith("testing/"))
        .filter((file) => /currentTime(?:Millis|Nanos)|Date\.now|new Date\(\)|DateTime\.now/.test(codeOf(file))),
      Array.from(readers.keys())
    )
  })

  it("exports nothing of internal/ from the package", () => {
    const { exports } = JSON.parse(readFileSync(Path.join(src, "../package.json"), "utf8"))
    assert.strictEqual(exports["./internal/*"], null)
    assert.deepStrictEqual(importsOf("index.ts").filter((file) => file.startsWith("internal")), [])
  })
})
