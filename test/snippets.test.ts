/**
 * Every snippet of the README and of docs/ that is marked as runnable (```ts run) runs, with a deployment in memory in
 * place of servers: its Effects succeed, and its layers can be built. ```ts forever is for Effects that go on until they
 * are interrupted. That all snippets compile is examples.test.ts's.
 */
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { Address, Connector, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"

const root = Path.resolve(import.meta.dirname, "..")
const out = Path.join(root, ".tmp", "snippets")

interface Snippet {
  readonly name: string
  readonly file: string
  readonly code: string
  readonly goesOn: boolean
}

const pages = ["README.md", ...Fs.readdirSync(Path.join(root, "docs")).map((page) => `docs/${page}`)]

const snippets: ReadonlyArray<Snippet> = pages.filter((page) => page.endsWith(".md")).flatMap((page) => {
  const text = Fs.readFileSync(Path.join(root, page), "utf8")
  return Array.from(text.matchAll(/^```ts (run|forever)\n([\s\S]*?)^```/gm), ({ 1: kind, 2: code, index }) => {
    const line = text.slice(0, index).split("\n").length
    const file = Path.join(out, `${page.replaceAll(/[/.]/g, "_")}_${line}.ts`)
    Fs.mkdirSync(out, { recursive: true })
    Fs.writeFileSync(file, code!)
    return { name: `${page}:${line}`, file, code: code!, goesOn: kind === "forever" }
  })
})

/** Whatever address a snippet dials leads to the deployment: the port says whether to a sentinel or to its primary. */
const anyAddress = Layer.effect(
  Connector.Connector,
  Effect.gen(function*() {
    const deployment = yield* Testing.Deployment
    const dial = yield* Connector.Connector
    const parsed = (text: string): Address.Address => {
      const [host, port] = text.split(":")
      return { host: host!, port: Number(port) }
    }
    return ({ address }: Connector.DialOptions) => {
      const text = Address.format(address)
      const known = [...deployment.nodes, ...deployment.sentinels].includes(text)
      return dial({
        address: known ? address : parsed((text.endsWith(":26379") ? deployment.sentinels : deployment.nodes)[0]!)
      })
    }
  })
)

/** What snippets read from the environment. */
const environment = ConfigProvider.layer(ConfigProvider.fromUnknown({
  SENTINELS: "10.0.1.1:26379",
  REDIS_URL: "redis://:secret@10.0.0.1:6379",
  REDIS_PASSWORD: "secret",
  SENTINEL_PASSWORD: "secret"
}))

/** What snippets may ask for. The servers have a password if the snippet reads one. */
const servicesOf = (code: string) => {
  const needsPassword = /REDIS_URL|_PASSWORD/.test(code)
  const password = needsPassword ? { password: "secret", sentinelPassword: "secret" } : {}
  const secret = needsPassword ? { password: Redacted.make("secret") } : {}
  return Layer.mergeAll(
    RedisClient.layerPrimary("mymaster"),
    RedisClient.layerReplica("mymaster"),
    environment
  ).pipe(
    Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379"], sentinel: secret, node: secret })),
    Layer.provideMerge(anyAddress),
    Layer.provideMerge(Testing.layer({ group: "mymaster", replicas: 2, sentinels: 3, ...password }))
  )
}

/** What became of an export: it ended, it goes on, or it is neither an Effect nor a Layer. */
type Outcome = "ended" | "goes on" | "nothing to run"

const runExport = (snippet: Snippet, value: unknown): Effect.Effect<Outcome, unknown> =>
  Effect.gen(function*() {
    if (Layer.isLayer(value)) {
      yield* Layer.build(value as Layer.Layer<unknown, unknown>)
      return "ended" as const
    }
    if (!Effect.isEffect(value) || Context.isKey(value)) return "nothing to run" as const
    const effect = value as Effect.Effect<unknown, unknown>
    if (!snippet.goesOn) return yield* Effect.as(effect, "ended" as const)
    const ended = yield* Effect.timeoutOption(effect, "300 millis")
    return ended._tag === "None" ? "goes on" as const : "ended" as const
  }).pipe(Effect.scoped, Effect.provide(servicesOf(snippet.code)))

const runSnippet = (snippet: Snippet): Effect.Effect<void, unknown> =>
  Effect.gen(function*() {
    const exported = Object.values(yield* Effect.promise(() => import(snippet.file)))
    const outcomes = yield* Effect.forEach(exported, (value) => runExport(snippet, value))
    assert.include(outcomes, snippet.goesOn ? "goes on" : "ended")
  })

const written = (name: string, code: string, goesOn = false): Snippet => {
  const file = Path.join(out, `${name}.ts`)
  Fs.mkdirSync(out, { recursive: true })
  Fs.writeFileSync(file, code)
  return { name, code, file, goesOn }
}

describe("runnable snippets", () => {
  it("are many", () => assert.isAtLeast(snippets.length, 40))

  for (const snippet of snippets) it.live(`of ${snippet.name}`, () => runSnippet(snippet))

  it.live("fail the test if they fail, end too early, or run nothing", () =>
    Effect.gen(function*() {
      const imports = `import { Effect } from "effect"\nimport { RedisClient } from "effect-redis-sentinel"\n`
      const program = (command: string) =>
        `${imports}export const program = Effect.flatMap(RedisClient.RedisClient, (redis) => redis.${command})\n`
      const fails = (snippet: Snippet) =>
        Effect.map(Effect.exit(runSnippet(snippet)), (exit) => exit._tag === "Failure")
      assert.isFalse(yield* fails(written("works", program(`set("k", 1)`))))
      assert.isTrue(yield* fails(written("fails", program(`send(["NOSUCH"])`))))
      assert.isTrue(yield* fails(written("ends", program(`set("k", 1)`), true)))
      assert.isTrue(yield* fails(written("empty", `${imports}export const program = () => Effect.void\n`)))
    }))
})
