/**
 * Every snippet of the README and of docs/ that is marked as runnable (```ts run) runs, with a deployment in memory in
 * place of servers: its Effects succeed, and its layers can be built. ```ts forever is for Effects that go on until they
 * are interrupted. That all snippets compile is examples.test.ts's.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { Connector, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"

const root = Path.resolve(import.meta.dirname, "..")
const out = Path.join(root, ".tmp", "snippets")

interface Snippet {
  readonly name: string
  readonly file: string
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
    return { name: `${page}:${line}`, file, goesOn: kind === "forever" }
  })
})

/** Whatever address a snippet dials leads to the deployment: the port says whether to a sentinel or to its primary. */
const anyAddress = Layer.effect(
  Connector.Connector,
  Effect.gen(function*() {
    const deployment = yield* Testing.Deployment
    const dial = yield* Connector.Connector
    return ((address, ...rest) => {
      const text = "host" in address ? `${address.host}:${address.port}` : ""
      const known = [...deployment.nodes, ...deployment.sentinels].includes(text)
      const [host, port] = (/:26379$/.test(text) ? deployment.sentinels[0]! : deployment.nodes[0]!).split(":")
      return dial(known ? address : { host: host!, port: Number(port) }, ...rest)
    }) satisfies typeof dial
  })
)

/** What snippets may ask for. */
const services = Layer.mergeAll(
  RedisClient.layerPrimary("mymaster"),
  RedisClient.layerReplica("mymaster")
).pipe(
  Layer.provideMerge(Sentinel.layer({ sentinels: ["10.0.1.1:26379"] })),
  Layer.provideMerge(anyAddress),
  Layer.provideMerge(Testing.layer({ group: "mymaster", replicas: 2, sentinels: 3 }))
)

const run = (snippet: Snippet, value: unknown): Effect.Effect<boolean, unknown> =>
  Effect.gen(function*() {
    if (Layer.isLayer(value)) {
      yield* Layer.build(value as Layer.Layer<unknown, unknown>)
      return true
    }
    if (!Effect.isEffect(value) || Context.isKey(value)) return false
    const effect = value as Effect.Effect<unknown, unknown>
    if (!snippet.goesOn) yield* effect
    else {
      const ended = yield* Effect.timeoutOption(effect, "300 millis")
      assert.isTrue(ended._tag === "None", "it ends by itself: mark it with run")
    }
    return true
  }).pipe(Effect.scoped, Effect.provide(services))

describe("runnable snippets", () => {
  it("are many", () => assert.isAtLeast(snippets.length, 20))

  for (const snippet of snippets) {
    it.live(`of ${snippet.name}`, () =>
      Effect.gen(function*() {
        const exported = Object.values(yield* Effect.promise(() => import(snippet.file)))
        const ran = yield* Effect.forEach(exported, (value) => run(snippet, value))
        assert.include(ran, true, "it exports no Effect and no Layer")
      }))
  }
})
