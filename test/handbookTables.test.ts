/**
 * The tables of the handbook are complete: every error and every option of the public types is on its page, and every
 * option and method of other clients is on the page for those who come from them. That snippets compile is
 * examples.test.ts's; ACL rules are checked by integration/acl.test.ts.
 */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { existsSync, globSync } from "node:fs"
import * as Path from "node:path"
import { API, type Project } from "typescript/unstable/sync"
import { Errors } from "../src/index.ts"
import { namesInTables, readPage, readPeer, sectionsOf } from "./support/peers.ts"

const root = Path.join(import.meta.dirname, "..")
const src = Path.join(root, "src")

const without = (names: Iterable<string>, others: Iterable<string>): ReadonlyArray<string> => {
  const known = new Set(others)
  return Array.from(new Set(names)).filter((name) => !known.has(name)).sort()
}

describe("errors.md", () => {
  it("has every error", () => {
    const tags = Object.values(Errors as Record<string, unknown>).flatMap((value) => {
      const fields = typeof value === "function" ? (value as { readonly fields?: object }).fields : undefined
      return fields !== undefined && "_tag" in fields ? [(value as unknown as { readonly name: string }).name] : []
    })
    assert.isAtLeast(tags.length, 28)
    const page = readPage("errors")
    assert.deepStrictEqual(tags.filter((tag) => !page.includes(`\`${tag}\``)), [])
  })
})

describe("tuning.md", { timeout: 120_000 }, () => {
  const withProject = <A>(use: (project: Project) => A): A => {
    const api = new API({ cwd: root })
    try {
      return use(api.updateSnapshot({ openProject: Path.join(root, "tsconfig.build.json") }).getProjects()[0]!)
    } finally {
      api.close()
    }
  }

  /** The public types of options by `Module.Name`, with the names of their fields. */
  const optionsOf = ({ checker, program }: Project): ReadonlyMap<string, ReadonlyArray<string>> => {
    const found = new Map<string, ReadonlyArray<string>>()
    for (const file of globSync("*.ts", { cwd: src }).filter((file) => file !== "index.ts").sort()) {
      const module = checker.getSymbolAtLocation(program.getSourceFile(Path.join(src, file))!)!
      for (const symbol of checker.getExportsOfModule(module)) {
        if (!/^[A-Z]\w*Options$|^Options$|^(?:Durability|MaxLag|Limits|Attributes)$/.test(symbol.name)) continue
        const type = checker.getDeclaredTypeOfSymbol(
          (symbol.flags & 2097152) === 0 ? symbol : checker.getAliasedSymbol(symbol)
        )
        found.set(
          `${Path.basename(file, ".ts")}.${symbol.name}`,
          checker.getPropertiesOfType(type).map(({ name }) => name)
        )
      }
    }
    return found
  }

  /** Types whose fields other tables have: they extend others, or are the choices of one definition. */
  const elsewhere: Readonly<Record<string, string>> = {
    "Options.NodeOptions": "sessions, connections and commands",
    "Options.ReplicaOptions": "the same, and replicas",
    "Options.DiscoveryOptions": "Sentinel.Options",
    "Topology.Options": "Sentinel.Options",
    "Pool.PoolOptions": "Options.PoolOptions",
    "Values.ZaddIncrOptions": "of a command",
    "Sentinel.NodeOptions": "Options.NodeOptions",
    "Sentinel.ReplicaOptions": "Options.ReplicaOptions",
    "RedisClient.UrlOptions": "Sentinel.Options without sentinels",
    "Connector.TlsOptions": "those of Node's tls.connect",
    "Connector.DialOptions": "for implementations of a Connector",
    "RedisQueue.SchemaOptions": "RedisQueue.Options and schema",
    "RedisQueue.CodecOptions": "RedisQueue.Options and codec",
    "RedisQueue.TextOptions": "RedisQueue.Options",
    "RedisQueue.TakeOptions": "RedisQueue.ConsumeOptions",
    "RedisStream.SchemaOptions": "streams.md",
    "RedisStream.CodecOptions": "streams.md",
    "RedisStream.FieldsOptions": "streams.md",
    "RedisStream.AddOptions": "RedisStream.AddOneOptions",
    "RedisStream.AddManyOptions": "RedisStream.AddOneOptions",
    "PopStream.TextOptions": "PopStream.Options",
    "PopStream.CodecOptions": "PopStream.Options and codec"
  }
  /** Fields that a table leaves out, since another table has them. */
  const inherited: Readonly<Record<string, ReadonlyArray<string>>> = {
    "Options.ExecutorOptions": ["Options.PoolOptions"],
    "RedisClient.Options": ["Options.NodeOptions"],
    "PubSub.ChannelOptions": ["PubSub.SubscribeOptions"]
  }

  it("has every option of the public types, and no other", () => {
    const types = withProject(optionsOf)
    const tables = new Map<string, ReadonlyArray<string>>()
    for (const part of readPage("tuning").split(/^Type: /m).slice(1)) {
      const name = /^`([A-Za-z.]+)`/.exec(part)![1]!
      const table = part.slice(part.indexOf("\n|")).split(/\n\n/)[0]!
      tables.set(name, namesInTables(table))
    }
    assert.deepStrictEqual(without(types.keys(), [...tables.keys(), ...Object.keys(elsewhere)]), [])
    assert.deepStrictEqual(without([...tables.keys(), ...Object.keys(elsewhere)], types.keys()), [])
    for (const [name, table] of tables) {
      const fields = without(types.get(name)!, (inherited[name] ?? []).flatMap((other) => types.get(other)!))
      assert.deepStrictEqual(without(table, []), fields, name)
    }
  })
})

describe("the pages for those who come from another client", () => {
  const pages = {
    "ioredis": { Calls: ["Calls", "Events"] },
    "node-redis": { Calls: ["Calls", "Events"] },
    "noderedis": { Calls: ["Calls"] },
    "coredis": { Calls: ["Calls"] }
  }
  for (const [name, { Calls }] of Object.entries(pages)) {
    const peer = readPeer(name)
    const sections = sectionsOf(readPage(`coming-from-${name}`), 2)
    const inSections = (isOne: (heading: string) => boolean): ReadonlyArray<string> =>
      namesInTables(sections.filter(({ heading }) => isOne(heading)).map(({ text }) => text).join("\n"))

    it(`${name}: every option has a row`, () => {
      const names = inSections((heading) => heading.startsWith("Options"))
      for (const [type, options] of Object.entries(peer.options)) {
        assert.deepStrictEqual(without(options, names), [], type)
      }
    })

    it(`${name}: no row is about an option that does not exist`, () => {
      const names = inSections((heading) => heading.startsWith("Options"))
      assert.deepStrictEqual(without(names, Object.values(peer.options).flat()), [])
    })

    it(`${name}: every method has a row`, () => {
      const names = inSections((heading) => Calls.includes(heading))
      assert.deepStrictEqual(without(peer.methods, names), [])
    })
  }

  // In the repository the clients are installed by `npm ci` in bench/.
  it.skipIf(!existsSync(Path.join(root, "bench/node_modules/ioredis")))(
    "the names are those of the installed clients",
    () => {
      execFileSync(process.execPath, [Path.join(root, "scripts/peers.ts"), "--check"], { stdio: "pipe" })
    },
    60_000
  )

  it("finds a row that is missing, and names with all that stands around them", () => {
    const page = readPage("coming-from-ioredis")
    assert.deepStrictEqual(
      without(readPeer("ioredis").options["RedisOptions"]!, namesInTables(page.replace(/^\| `keyPrefix` .*\n/m, ""))),
      ["keyPrefix"]
    )
    assert.deepStrictEqual(
      namesInTables(
        "| `new Redis(...)`, `Redis.Cluster` | `a` |\n|---|---|\n| `set(key, \"EX\")`, text \\| `b` | |\n`c`"
      ),
      ["Redis", "Cluster", "set", "b"]
    )
  })

  it("ioredis: the options of Sentinel have a table of their own", () => {
    const [section] = sectionsOf(readPage("coming-from-ioredis"), 2).filter(({ heading }) =>
      heading === "Options of Sentinel"
    )
    const names = namesInTables(section!.text)
    assert.deepStrictEqual(without(readPeer("ioredis").options["SentinelConnectionOptions"]!, names), [])
  })
})

describe("faq.md", () => {
  it("has at least 25 questions with an answer each", () => {
    const questions = sectionsOf(readPage("faq"), 3)
    assert.isAtLeast(questions.length, 25)
    for (const { heading, text } of questions) {
      assert.match(heading, /\?$/)
      assert.isAbove(text.trim().length, 60, heading)
    }
  })
})
