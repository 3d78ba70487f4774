/**
 * Writes the names of the options and of the methods of other clients to test/data/peers, read from their declarations
 * and from the snippets of their READMEs. test/handbookTables.test.ts compares the pages "coming from" with these names.
 *
 *   node scripts/peers.ts [--modules bench/node_modules] [--check]
 *
 * It needs the clients of bench/ (`npm ci` there). `--check` writes nothing, and fails if a file differs. It keeps names
 * alone. The names of coredis, which is a client for Python, are written by hand.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as Path from "node:path"
import { API } from "typescript/unstable/sync"
import type { Peer } from "../test/support/peers.ts"
import { optionsOf } from "./options.ts"

const root = Path.join(import.meta.dirname, "..")
const given = optionsOf("node scripts/peers.ts [--modules bench/node_modules] [--check]", {
  modules: { type: "string", default: Path.join(root, "bench/node_modules") },
  check: { type: "boolean", default: false }
})
const benchModules = Path.resolve(given.modules)
const ownModules = Path.join(root, "node_modules")

/** Types of whose properties the names are asked for. */
const questions = `
import type { EventEmitter } from "node:events"
import type { IpcNetConnectOpts, TcpNetConnectOpts } from "node:net"
import type { ConnectionOptions } from "node:tls"
import type * as Ioredis from "ioredis"
import type { ClientSideCacheConfig } from "node-redis/lib/client/cache"
import type { CommandOptions } from "node-redis/lib/client/commands-queue"
import type { RedisClientOptions } from "node-redis/lib/client"
import type { RedisClient, RedisClientPool, RedisPoolOptions, RedisSentinel, RedisSentinelClient } from "node-redis/index"
import type { RedisSocketOptions } from "node-redis/lib/client/socket"
import type { RedisSentinelOptions } from "node-redis/lib/sentinel/types"
import type { PoolOptions } from "effect/persistence/Redis"

type Names<T> = T extends unknown ? keyof T : never
/** The options of sockets that TLS does not add. */
type Transport = Exclude<Names<TcpNetConnectOpts | IpcNetConnectOpts>, "timeout"> | "tls"
type Asked<N extends PropertyKey> = { [K in N]: 1 }

export interface Questions {
  IoredisRedisOptions: Asked<Names<Ioredis.RedisOptions>>
  IoredisSentinelConnectionOptions: Asked<Names<Ioredis.SentinelConnectionOptions>>
  IoredisMethods: Asked<Exclude<keyof Ioredis.Redis, keyof Ioredis.RedisCommander | keyof EventEmitter>>
  NodeRedisRedisClientOptions: Asked<Names<RedisClientOptions>>
  NodeRedisRedisSocketOptions: Asked<Exclude<Names<RedisSocketOptions>, Exclude<keyof ConnectionOptions, Transport>>>
  NodeRedisCommandOptions: Asked<Names<CommandOptions>>
  NodeRedisRedisSentinelOptions: Asked<Names<RedisSentinelOptions>>
  NodeRedisRedisPoolOptions: Asked<Names<RedisPoolOptions>>
  NodeRedisClientSideCacheConfig: Asked<Names<ClientSideCacheConfig>>
  NodeRedisMethods: Asked<Exclude<
    | keyof RedisClient<any, any, any, any, any>
    | keyof typeof RedisClient
    | keyof RedisSentinel<any, any, any, any, any>
    | keyof RedisSentinelClient<any, any, any, any, any>
    | keyof RedisClientPool<any, any, any, any, any>,
    keyof EventEmitter | keyof typeof EventEmitter
  >>
  PlatformNodePoolOptions: Asked<Names<PoolOptions>>
}
`

/** Names that declarations mark as internal (`@ignore`, `@internal`), or that every class has. */
const hidden = new Set(
  ("addedBuiltinSet commandQueue condition handleReconnection identity isCluster prototype recoverFromFatalError " +
    "scriptsSet silentEmit stream")
    .split(" ")
)

const isHidden = (name: string): boolean => name.startsWith("_") || hidden.has(name)

/** The names of the properties of each member of `Questions`. */
const answers = (): Readonly<Record<string, ReadonlyArray<string>>> => {
  const folder = Path.join(root, ".tmp", "peers")
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const file = Path.join(folder, "questions.ts")
  writeFileSync(file, questions)
  writeFileSync(
    Path.join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module: "NodeNext",
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: ["node"],
        typeRoots: [Path.join(ownModules, "@types")],
        paths: {
          "ioredis": [Path.join(benchModules, "ioredis/built/index.d.ts")],
          "node-redis/lib/client": [Path.join(benchModules, "@redis/client/dist/lib/client/index.d.ts")],
          "node-redis/*": [Path.join(benchModules, "@redis/client/dist/*.d.ts")]
        }
      },
      files: ["questions.ts"]
    })
  )
  const api = new API({ cwd: folder })
  try {
    const project = api.updateSnapshot({ openProject: Path.join(folder, "tsconfig.json") }).getProjects()[0]!
    const { checker, program } = project
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!
    const asked = checker.getDeclaredTypeOfSymbol(checker.getMemberInModuleExports(module, "Questions")!)
    return Object.fromEntries(
      checker.getPropertiesOfType(asked).map((question) => {
        const names = checker.getPropertiesOfType(checker.getTypeOfSymbol(question)!)
          .map(({ name }) => name)
          .filter((name) => question.name.endsWith("Methods") ? !isHidden(name) : true)
        if (names.length === 0) throw new Error(`${question.name} has no names: did its declaration move?`)
        return [question.name, names.sort()]
      })
    )
  } finally {
    api.close()
  }
}

/** What snippets call that is not the client's: of JavaScript, of Node, or defined by the snippet. */
const notOfTheClient = new Set(
  ("all catch close commandOptions convertMapToArray convertObjectToArray createServer error floor forEach from getTime " +
    "includes isArray isInteger join keys listen log lookup map migrateKeyToMySQL min parse pow processMessage push random " +
    "readFileSync require round setInterval setTimeout stringify then toString writeHead if for while switch function " +
    "URL Error async callback inspect values entries promiseAll startsWith listenForMessage retryStrategy " +
    "reconnectOnError Number Promise Buffer Map match next")
    .split(" ")
)

/** The calls in the JavaScript snippets and in the text of a README. */
const callsIn = (readme: string): ReadonlyArray<string> => {
  const found = new Set<string>()
  for (const [, snippet] of readme.matchAll(/```(?:javascript|typescript|js|ts)\n([\s\S]*?)```/g)) {
    const code = snippet!.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, "")
    for (const [, name] of code.matchAll(/(?:\.|new )([A-Za-z]+)\(/g)) {
      if (!notOfTheClient.has(name!)) found.add(name!)
    }
  }
  for (const [, name] of readme.matchAll(/`(?:redis|client|sentinel|cluster|Redis|Cluster)[.#]([A-Za-z]+)(?:\(|`)/g)) {
    found.add(name!)
  }
  return Array.from(found).sort()
}

const versionOf = (folder: string): string =>
  (JSON.parse(readFileSync(Path.join(folder, "package.json"), "utf8")) as { readonly version: string }).version

const readmeOf = (folder: string): string => readFileSync(Path.join(folder, "README.md"), "utf8")

const all = answers()
const distinct = (names: ReadonlyArray<string>): ReadonlyArray<string> => Array.from(new Set(names)).sort()
const ioredis = Path.join(benchModules, "ioredis")
const nodeRedis = Path.join(benchModules, "@redis/client")
/** In capital letters node-redis has each method once more. */
const isAgain = (name: string): boolean => /^[A-Z]+$/.test(name)

const peers: ReadonlyArray<Peer> = [
  {
    name: "ioredis",
    version: versionOf(ioredis),
    options: {
      RedisOptions: all["IoredisRedisOptions"]!,
      SentinelConnectionOptions: all["IoredisSentinelConnectionOptions"]!
    },
    methods: distinct([...all["IoredisMethods"]!, ...callsIn(readmeOf(ioredis))])
  },
  {
    name: "node-redis",
    version: versionOf(nodeRedis),
    options: {
      RedisClientOptions: all["NodeRedisRedisClientOptions"]!,
      RedisSocketOptions: all["NodeRedisRedisSocketOptions"]!,
      CommandOptions: all["NodeRedisCommandOptions"]!,
      RedisSentinelOptions: all["NodeRedisRedisSentinelOptions"]!,
      RedisPoolOptions: all["NodeRedisRedisPoolOptions"]!
    },
    methods: distinct([
      ...all["NodeRedisMethods"]!.filter((name) => !isAgain(name)),
      ...callsIn(readmeOf(Path.join(benchModules, "redis")))
    ])
  },
  {
    name: "noderedis",
    version: versionOf(Path.join(ownModules, "@effect/platform-node")),
    options: { PoolOptions: all["PlatformNodePoolOptions"]! },
    methods: ["NodeRedis", "client", "eval", "layer", "layerConfig", "reserve", "send", "subscribe", "use"]
  }
]

let isDifferent = false
for (const peer of peers) {
  const file = Path.join(root, "test/data/peers", `${peer.name}.json`)
  const text = `${JSON.stringify(peer, undefined, 2)}\n`
  if (!given.check) writeFileSync(file, text)
  else if (readFileSync(file, "utf8") !== text) {
    isDifferent = true
    console.error(`${Path.relative(root, file)} differs: run "node scripts/peers.ts"`)
  }
}
process.exitCode = isDifferent ? 1 : 0
