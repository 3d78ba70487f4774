/**
 * Nonsense in every option and every argument, generated from tables that the
 * compiler keeps complete: what cannot be is refused, with a typed error that
 * names the place, before anything is dialled; and no secret in the wrong place
 * is repeated in an error.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { inspect } from "node:util"
import { Connector } from "../src/Connector.ts"
import { Address, type Client, Command, commands, Errors, RedisClient, type Resp, Sentinel } from "../src/index.ts"
import type { ExecutorOptions, SessionOptions } from "../src/Options.ts"
import type { SubscribeOptions } from "../src/PubSub.ts"
import * as Testing from "../src/testing/index.ts"
import { failureOf } from "./support/exit.ts"
import { listening, requests } from "./support/tcp.ts"

class Instance {
  readonly whatever = 1
}

/** Kinds of nonsense, each made anew. */
const nonsense = {
  null: () => null,
  empty: () => "",
  blank: () => "two words",
  long: () => "x".repeat(100_000),
  url: () => "redis://user:pass@host:6379",
  controls: () => "a\r\nb\u001b[31m",
  minus: () => -1,
  nan: () => NaN,
  infinity: () => Infinity,
  half: () => 0.5,
  bigint: () => -10n,
  symbol: () => Symbol("nonsense"),
  true: () => true,
  array: () => [],
  arrayOfNull: () => [null],
  object: () => ({}),
  bare: () => Object.create(null),
  function: () => () => {
    throw new Error("thrown")
  },
  date: () => new Date(1),
  promise: () => Promise.resolve("later"),
  map: () => new Map(),
  instance: () => new Instance(),
  bytes: () => new Uint8Array([1, 2, 3]),
  proxy: () =>
    new Proxy({}, {
      get: () => {
        throw new Error("thrown")
      },
      getPrototypeOf: () => {
        throw new Error("thrown")
      },
      ownKeys: () => {
        throw new Error("thrown")
      }
    }),
  getter: () => ({
    get host(): string {
      throw new Error("thrown")
    }
  })
} satisfies Record<string, () => unknown>

type Kind = keyof typeof nonsense
const kinds = Object.keys(nonsense) as Array<Kind>

/** Which kinds are no nonsense in that place. */
type Legal = ReadonlyArray<Kind>
const none: Legal = []
const bag: Legal = ["object", "bare", "instance"]
/** Where an object with a field that is no option is refused. */
const withoutFields: Legal = ["object", "bare"]

const session = {
  username: ["url"],
  password: none,
  credentials: none,
  tls: ["true", ...bag],
  database: none,
  clientName: ["url"],
  protocol: none,
  connectTimeout: none,
  stallTimeout: none,
  pingInterval: none,
  limits: bag,
  resolver: ["function"]
} satisfies Partial<Record<keyof SessionOptions, Legal>>

const executor = {
  commandTimeout: none,
  maxQueue: none,
  connections: none,
  minReserved: none,
  maxReserved: none,
  maxBlocking: none,
  reservedIdleTime: none,
  reserveTimeout: none,
  repeatable: ["true", "function"]
} satisfies Record<keyof ExecutorOptions, Legal>

const limits = {
  maxDepth: none,
  maxBulkLength: none,
  maxElements: none,
  maxLineLength: none,
  maxReplyBytes: none
} satisfies Record<keyof Resp.Limits, Legal>

const node = { ...session, ...executor } satisfies Record<keyof Sentinel.NodeOptions, Legal>

const replica = {
  fallbackToPrimary: ["true"],
  replicaSelection: ["function"],
  maxLag: none,
  excludePriorityZero: ["true"],
  measureInterval: none
} satisfies Record<Exclude<keyof Sentinel.ReplicaOptions, keyof Sentinel.NodeOptions>, Legal>

const sentinelOptions = {
  sentinels: none,
  timeout: none,
  headStart: none,
  sentinel: bag,
  minOtherSentinels: none,
  natMap: ["object", "bare", "function"],
  schedule: none,
  node: bag,
  maxWriteHold: none,
  follow: none,
  whenFar: none,
  whenIsolated: none,
  label: ["function"]
} satisfies Record<keyof Sentinel.Options, Legal>

const staticOptions = { primary: none, replicas: ["array"], node: bag, schedule: none } satisfies Record<
  keyof Sentinel.StaticOptions,
  Legal
>

const ownOptions = { address: none, schedule: none } satisfies Record<
  Exclude<keyof RedisClient.Options, keyof Sentinel.NodeOptions>,
  Legal
>

const deploymentOptions = {
  group: none,
  replicas: none,
  sentinels: none,
  quorum: none,
  downAfter: none,
  lag: none,
  latency: none,
  syncTime: none,
  password: ["empty", "blank", "long", "url", "controls"],
  sentinelPassword: ["empty", "blank", "long", "url", "controls"],
  tcp: ["true"],
  seed: ["minus"]
} satisfies Record<keyof Testing.Options, Legal>

type Made = Effect.Effect<unknown, unknown, Scope.Scope>

/** A place for a value: what is made of it there. */
interface Place {
  readonly option: string
  readonly legal: Legal
  readonly make: (value: unknown) => Made
}

const base = { sentinels: ["localhost:26379"] }
/** Where one option alone would not do. */
const beside: Readonly<Record<string, object>> = {
  username: { password: Redacted.make("secret") },
  maxReserved: { minReserved: 0 }
}

const placesOf = (
  table: Readonly<Record<string, Legal>>,
  path: string,
  make: (options: any) => Made,
  wrap: (options: object) => object = (options) => options
): ReadonlyArray<Place> =>
  Object.entries(table).map(([name, legal]) => ({
    option: path === "" ? name : `${path}.${name}`,
    legal,
    make: (value) => make(wrap({ ...beside[name], [name]: value }))
  }))

const withSentinel = (use: (sentinel: Sentinel.Service) => Made): Made =>
  Effect.flatMap(Sentinel.make({ ...base, schedule: Schedule.recurs(0) }), (sentinel) => use(sentinel))

const places: ReadonlyArray<Place> = [
  ...placesOf(sentinelOptions, "", Sentinel.make, (options) => ({ ...base, ...options })),
  ...placesOf(session, "sentinel", Sentinel.make, (sentinel) => ({ ...base, sentinel })),
  ...placesOf(limits, "sentinel.limits", Sentinel.make, (limits) => ({ ...base, sentinel: { limits } })),
  ...placesOf(node, "node", Sentinel.make, (node) => ({ ...base, node })),
  ...placesOf(limits, "node.limits", Sentinel.make, (limits) => ({ ...base, node: { limits } })),
  ...placesOf(staticOptions, "", Sentinel.makeStatic, (options) => ({ primary: "localhost", ...options })),
  ...placesOf({ ...node, ...ownOptions }, "", RedisClient.make),
  ...placesOf(node, "", (options) => withSentinel((s) => s.primaryFor("g", options))),
  ...placesOf({ ...node, ...replica }, "", (options) => withSentinel((s) => s.replicaFor("g", options))),
  ...placesOf(
    { bytes: none, time: none },
    "maxLag",
    (maxLag) => withSentinel((s) => s.replicaFor("g", { maxLag }))
  ),
  ...placesOf(
    { prefer: ["array"] },
    "replicaSelection",
    (replicaSelection) => withSentinel((s) => s.replicaFor("g", { replicaSelection }))
  ),
  ...[Sentinel.make, Sentinel.makeStatic].map((make): Place => ({
    option: "options",
    legal: none,
    make: (value) => make(value as never)
  })),
  ...placesOf(deploymentOptions, "", Testing.make),
  ...placesOf(
    { address: none, password: deploymentOptions.password },
    "",
    (options) => Layer.build(Testing.layerRedis(options))
  ),
  {
    option: "g",
    legal: bag,
    make: (value) => Layer.build(Testing.layerSentinel({ g: value as never }))
  },
  ...placesOf(
    { primary: none, replicas: ["array"] },
    "g",
    (answers) => Layer.build(Testing.layerSentinel({ g: answers }))
  ),
  ...placesOf(node, "node", (options) => Layer.build(Testing.layerSentinel({ g: {} }, options))),
  { option: "options", legal: bag, make: (value) => Testing.make(value as never) },
  { option: "options", legal: bag, make: (value) => RedisClient.make(value as never) },
  { option: "options", legal: bag, make: (value) => withSentinel((s) => s.primaryFor("g", value as never)) },
  { option: "options", legal: bag, make: (value) => withSentinel((s) => s.replicaFor("g", value as never)) },
  { option: "group", legal: none, make: (value) => withSentinel((s) => s.primaryFor(value as never)) },
  { option: "group", legal: none, make: (value) => withSentinel((s) => s.replicaFor(value as never)) },
  { option: "group", legal: none, make: (value) => withSentinel((s) => s.topology(value as never)) },
  { option: "group", legal: none, make: (value) => withSentinel((s) => s.discoverPrimary(value as never)) },
  { option: "group", legal: none, make: (value) => withSentinel((s) => s.discoverReplicas(value as never)) }
]

/** The exit, and how often something was dialled. */
const tried = (made: () => Made) =>
  Effect.gen(function*() {
    let dials = 0
    const exit = yield* Effect.exit(Effect.scoped(Effect.suspend(made))).pipe(
      Effect.provideService(Connector, ({ address }) => {
        dials++
        return Effect.fail(
          new Errors.ConnectFailed({ address: Address.format(address), phase: "dial", detail: "nobody is there" })
        )
      })
    )
    return { exit, dials }
  })

const failed = (exit: Exit.Exit<unknown, unknown>, about: string): any => {
  assert.isTrue(Exit.isFailure(exit), `${about}: it was taken`)
  const reasons = Exit.isFailure(exit) ? exit.cause.reasons : []
  assert.isTrue(reasons.every((reason) => reason._tag === "Fail"), `${about}: ${inspect(exit)}`)
  return failureOf(exit as Exit.Exit<never, unknown>)
}

describe("options", () => {
  it.effect("every invalid value in every option is refused with the option's name, and nothing is dialled", () =>
    Effect.gen(function*() {
      assert.isAtLeast(kinds.length, 15)
      for (const { legal, make, option } of places) {
        for (const kind of kinds) {
          const about = `${option}: ${kind}`
          const { dials, exit } = yield* tried(() => make(nonsense[kind]()))
          assert.strictEqual(dials, 0, about)
          if (legal.includes(kind)) {
            assert.isTrue(Exit.isSuccess(exit), `${about}: ${inspect(exit)}`)
            continue
          }
          const error = failed(exit, about)
          assert.strictEqual(error._tag, "InvalidOption", about)
          // An object without fields lacks the first one that is needed.
          if (option === "options" && bag.includes(kind)) continue
          assert.isTrue(
            error.option === option || /^(\[| \()/.test(error.option.slice(option.length)),
            `${about}: ${error.option}`
          )
          assert.isBelow(error.message.length, 300, about)
        }
      }
    }))

  it.effect("a value that is not a Config of options is refused", () =>
    Effect.gen(function*() {
      for (const kind of ["null", "empty", "minus", "symbol", "function", "proxy"] as const) {
        for (const layer of [Sentinel.layerConfig, RedisClient.layerConfig]) {
          const { exit } = yield* tried(() =>
            Layer.build(layer(nonsense[kind]() as never) as Layer.Layer<unknown, unknown>)
          )
          assert.strictEqual(failed(exit, kind)._tag, "InvalidOption", kind)
        }
      }
    }))

  it.effect("changes after the call have no effect, and each field is read once", () =>
    Effect.gen(function*() {
      let reads = 0
      const options = {
        get commandTimeout(): string {
          return reads++ === 0 ? "1 second" : "no time"
        }
      }
      const { exit } = yield* tried(() => RedisClient.make(options as never))
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(reads, 1)
      const address = { host: "localhost", port: 1 }
      const parsed = Address.parse(address, 1)
      address.host = "elsewhere"
      assert.deepStrictEqual(parsed, { host: "localhost", port: 1 })
    }))

  it.effect("an undefined option keeps its default", () =>
    Effect.gen(function*() {
      const undefinedOnes = Object.fromEntries(Object.keys(node).map((name) => [name, undefined]))
      const { exit } = yield* tried(() => RedisClient.make(undefinedOnes))
      assert.isTrue(Exit.isSuccess(exit))
    }))

  it.effect("exceptions and wrong results of the caller's functions end nothing", () =>
    Effect.gen(function*() {
      const thrower = nonsense.function() as never
      const redis = yield* RedisClient.make({ repeatable: thrower })
      const done = yield* Effect.exit(redis.set("k", "v"))
      assert.isTrue(Exit.isSuccess(done), inspect(done))
      for (const secret of ["plain", undefined, Redacted.make(1)]) {
        const other = yield* RedisClient.make({
          password: Effect.succeed(secret) as never,
          schedule: Schedule.recurs(0)
        })
        const error = failed(yield* Effect.exit(other.get("k")), "password") as Errors.ConnectFailed
        assert.strictEqual(error._tag, "ConnectFailed")
        assert.strictEqual(error.phase, "credentials")
      }
    }).pipe(Effect.scoped, Effect.provide(Testing.layerRedis())))
})

describe("arguments", () => {
  const withClient = (use: (redis: Client.PrimaryClient) => Made): Made =>
    Effect.flatMap(RedisClient.make({ schedule: Schedule.recurs(0) }), use)
  const withReplica = (use: (redis: Client.ReplicaClient) => Made): Made =>
    Effect.flatMap(
      Sentinel.makeStatic({ primary: "localhost", schedule: Schedule.recurs(0) }),
      (sentinel) => Effect.flatMap(sentinel.replicaFor("g"), use)
    )
  const get = commands.get("k")

  const scanOptions = {
    match: ["empty", "blank", "long", "url", "controls"],
    count: none,
    whenInterrupted: none
  } satisfies Record<keyof Client.ScanOptions, Legal>
  const subscribeOptions = {
    capacity: ["infinity"],
    whenFull: none,
    events: ["true"]
  } satisfies Record<keyof SubscribeOptions, Legal>
  const durability = { replicas: none, timeout: none, onDisk: none } satisfies Record<
    keyof RedisClient.Durability,
    Legal
  >
  const names = (kind: "channels" | "patterns" | "shards"): Place => ({
    option: kind,
    legal: kind === "channels" ? none : ["array"],
    make: (value) =>
      withClient((redis) => Stream.runDrain(redis.subscribe({ channels: ["news"], [kind]: value } as never)))
  })

  const argumentPlaces: ReadonlyArray<Place> = [
    { option: "", legal: none, make: (v) => withClient((redis) => redis.run(v as never)) },
    { option: "", legal: none, make: (v) => withClient((redis) => redis.repeatable(v as never)) },
    { option: "options", legal: withoutFields, make: (v) => withClient((redis) => redis.run(get, v as never)) },
    {
      option: "timeout",
      legal: none,
      make: (timeout) => withClient((redis) => redis.run(get, { timeout } as never))
    },
    {
      option: "name",
      // The words of a command that the server may or may not have.
      legal: ["blank", "url"],
      make: (v) => withClient((redis) => redis.send(v as never, "k"))
    },
    ...(["pipeline", "pipelineResults", "transaction", "transactionResults"] as const).flatMap((
      method
    ): Array<Place> => [
      {
        option: "commands",
        legal: ["array"],
        make: (v) => withClient((redis) => redis[method](v as never))
      },
      {
        option: "commands[1]",
        legal: none,
        make: (v) => withReplica((redis) => redis[method]([get, v] as never))
      },
      {
        option: "options",
        legal: withoutFields,
        make: (v) =>
          withClient((redis) => redis[method]([get], v as never) as Effect.Effect<unknown, Errors.RedisError>)
      },
      {
        option: "timeout",
        legal: none,
        make: (timeout) =>
          withClient((redis) => redis[method]([get], { timeout } as never) as Effect.Effect<unknown, Errors.RedisError>)
      }
    ]),
    {
      option: "keys",
      legal: ["empty", "blank", "long", "url", "controls", "bytes"],
      make: (v) => withClient((redis) => redis.watch(v as never, () => Effect.succeed([get])))
    },
    {
      option: "keys[1]",
      legal: ["empty", "blank", "long", "url", "controls", "bytes"],
      make: (v) => withClient((redis) => redis.watch(["k", v as never], () => Effect.succeed([get])))
    },
    {
      option: "body",
      legal: ["function"],
      make: (v) => withClient((redis) => redis.watch("k", v as never))
    },
    {
      option: "options",
      legal: withoutFields,
      make: (v) => withClient((redis) => redis.watch("k", () => Effect.succeed([get]), v as never))
    },
    ...placesOf(
      { schedule: none, timeout: none } satisfies Record<keyof Client.WatchOptions, Legal>,
      "",
      (o) => withClient((redis) => redis.watch("k", () => Effect.succeed([get]), o))
    ),
    ...placesOf(scanOptions, "", (o) => withClient((redis) => Stream.runDrain(redis.scanStream(o)))),
    ...placesOf({ type: scanOptions.match }, "", (o) => withClient((redis) => Stream.runDrain(redis.scanStream(o)))),
    ...placesOf(scanOptions, "", (o) => withClient((redis) => Stream.runDrain(redis.zscanStream("k", o)))),
    {
      option: "options",
      legal: withoutFields,
      make: (v) => withClient((redis) => Stream.runDrain(redis.hscanStream("k", v as never)))
    },
    {
      option: "argument 1",
      legal: ["empty", "blank", "long", "url", "controls", "bytes", "minus", "infinity", "half", "bigint"],
      make: (v) => withClient((redis) => Stream.runDrain(redis.sscanStream(v as never)))
    },
    { option: "channels", legal: none, make: (v) => withClient((r) => Stream.runDrain(r.subscribe(v as never))) },
    {
      option: "channels",
      legal: none,
      make: (v) => withClient((r) => Stream.runDrain(r.bytes.subscribe(v as never)))
    },
    names("channels"),
    names("patterns"),
    names("shards"),
    ...placesOf(
      subscribeOptions,
      "",
      (o) => withClient((redis) => Stream.runDrain(redis.subscribe({ channels: ["news"] }, o)))
    ),
    { option: "", legal: none, make: (v) => withReplica((redis) => redis.afterOffset(v as never).get("k")) },
    ...placesOf(
      { epoch: none, offset: none } satisfies Record<keyof Client.Offset, Legal>,
      "",
      (o) => withReplica((redis) => redis.afterOffset({ epoch: 1, offset: 1, ...o }).get("k"))
    ),
    ...placesOf(durability, "", (o) =>
      withClient((redis) =>
        Effect.void.pipe(
          RedisClient.withReplicas({ replicas: 1, timeout: "100 millis", ...o }),
          Effect.provideService(RedisClient.RedisClient, redis)
        )
      )),
    {
      option: "durability",
      legal: none,
      make: (v) =>
        withClient((redis) =>
          Effect.void.pipe(
            RedisClient.withReplicas(v as never),
            Effect.provideService(RedisClient.RedisClient, redis)
          )
        )
    },
    { option: "", legal: none, make: (v) => withSentinel((sentinel) => sentinel.ask(v as never)) }
  ]

  it.effect(
    "every invalid value in every argument is refused with the argument's name, and nothing is dialled",
    () =>
      Effect.gen(function*() {
        for (const { legal, make, option } of argumentPlaces) {
          for (const kind of kinds) {
            const about = `${option}: ${kind}: ${make}`
            const { dials, exit } = yield* tried(() => make(nonsense[kind]()))
            if (legal.includes(kind) && Exit.isSuccess(exit)) continue
            const error = failed(exit, about)
            if (legal.includes(kind)) {
              assert.notInclude(["InvalidCommand", "InvalidOption"], error._tag, `${about}: ${error.message}`)
              continue
            }
            assert.strictEqual(error._tag, "InvalidCommand", `${about}: ${error}`)
            if (!bag.includes(kind)) assert.include(error.detail, option, about)
            assert.isBelow(error.message.length, 300, about)
            assert.strictEqual(dials, 0, about)
          }
        }
      }),
    60_000
  )

  const { sentinel: _, ...constructors } = commands
  const methods = Object.keys(constructors) as Array<keyof typeof constructors>

  /** Arguments with nonsense in the place of one of them. */
  const shapes: ReadonlyArray<(v: unknown) => ReadonlyArray<unknown>> = [
    (v) => [v],
    (v) => ["k", v],
    (v) => [["k"], v],
    (v) => ["k", "v", v],
    (v) => ["k", 1, v],
    (v) => ["k", "v", "w", v],
    (v) => [v, v, v, v]
  ]

  it.effect("every method gives a result or a typed error, and never throws", () =>
    Effect.gen(function*() {
      const redis = yield* RedisClient.make({ schedule: Schedule.recurs(0) })
      const run = redis as unknown as Record<string, (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, any>>
      let refused = 0
      for (const name of methods) {
        for (const kind of kinds) {
          for (const shape of shapes) {
            const args = shape(nonsense[kind]())
            const about = `${name}(${shape}, ${kind})`
            const error = failed(yield* Effect.exit(run[name]!(...args)), about)
            assert.include(["InvalidCommand", "ConnectFailed"], error._tag, about)
            if (error._tag === "InvalidCommand") refused++
          }
        }
      }
      assert.isAbove(refused, methods.length * kinds.length)
    }).pipe(
      Effect.scoped,
      Effect.provideService(Connector, ({ address }) =>
        Effect.fail(
          new Errors.ConnectFailed({ address: Address.format(address), phase: "dial", detail: "nobody is there" })
        ))
    ), 60_000)

  it("functions that return a value throw the same error", () => {
    const spec = { words: ["X"], mode: "read" as const, decode: Command.value }
    const specTable = {
      words: none,
      mode: none,
      keys: ["function"],
      blockingMillis: ["function"],
      withBlockingMillis: ["function"],
      repeatable: ["true"],
      decode: ["function"]
    } satisfies Record<keyof Parameters<typeof Command.define>[0], Legal>
    const throws = (kind: Kind, legal: Legal, option: string, f: (value: unknown) => unknown): void => {
      let thrown: unknown
      try {
        f(nonsense[kind]())
      } catch (error) {
        thrown = error
      }
      const about = `${option}: ${kind}`
      if (legal.includes(kind)) return assert.isUndefined(thrown, about)
      assert.instanceOf(thrown, Errors.InvalidCommand, about)
      assert.include((thrown as Errors.InvalidCommand).detail, option, about)
    }
    for (const kind of kinds) {
      throws(kind, none, bag.includes(kind) ? "words" : "options", (v) => Command.define(v as never))
      for (const [name, legal] of Object.entries(specTable)) {
        throws(kind, legal, name, (v) => Command.define({ ...spec, [name]: v } as never))
      }
      throws(kind, none, "spec", (v) => Command.make(v as never, []))
      throws(kind, ["array", "arrayOfNull"], "args", (v) => Command.make(Command.define(spec), v as never))
      throws(kind, ["array", "arrayOfNull"], "args", (v) => Command.withArgs(commands.get("k"), v as never))
      throws(kind, none, "", (v) => Command.repeatable(v as never))
      throws(kind, none, "", (v) => Command.bytes(v as never))
      throws(kind, ["blank", "url"], "name", (v) => Command.raw(v as never, []))
      throws(kind, ["array", "arrayOfNull"], "args", (v) => Command.raw("GET", v as never))
      throws(kind, bag, "options", (v) => Command.raw("GET", [], v as never))
      throws(kind, none, "mode", (v) => Command.raw("GET", [], { mode: v as never }))
      throws(kind, none, "keys", (v) => Command.raw("GET", [], { keys: v as never }))
      throws(
        kind,
        ["infinity", "half"],
        "blockingMillis",
        (v) => Command.raw("GET", [], { blockingMillis: v as never })
      )
      throws(kind, withoutFields, "options", (v) => commands.set("k", "v", v as never))
      throws(kind, none, "when", (v) => commands.set("k", "v", { when: v as never }))
      throws(kind, none, "by", (v) => commands.zrange("k", 0, 1, { by: v as never }))
      const key: Legal = ["empty", "blank", "long", "url", "controls", "bytes"]
      throws(kind, [...key, "arrayOfNull"], "keys", (v) => commands.blpop(v as never, "1 second"))
      throws(kind, none, "timeout", (v) => commands.blpop("k", v as never))
      throws(kind, none, "ttl", (v) => commands.expire("k", v as never))
      throws(kind, none, "ttl", (v) => commands.set("k", "v", { ttl: v as never }))
      throws(kind, ["date"], "moment", (v) => commands.expireat("k", v as never))
      throws(kind, ["date"], "expireAt", (v) => commands.getex("k", { expireAt: v as never }))
    }
  })

  it("name the command that they were given to", () => {
    const wrong = "wrong" as never
    const calls: Record<string, () => unknown> = {
      EXPIRE: () => commands.expire("k", "1 second", wrong),
      PEXPIRE: () => commands.pexpire("k", "1 second", wrong),
      EXPIREAT: () => commands.expireat("k", new Date(), wrong),
      PEXPIREAT: () => commands.pexpireat("k", new Date(), wrong),
      SORT_RO: () => commands.sortRo("k", { order: wrong }),
      SORT: () => commands.sortStore("k", "to", { order: wrong }),
      LMPOP: () => commands.lmpop(["k"], wrong),
      BLMPOP: () => commands.blmpop(["k"], wrong, "1 second"),
      ZRANGE: () => commands.zrange("k", 0, 1, { by: wrong }),
      ZRANGESTORE: () => commands.zrangestore("to", "k", 0, 1, { by: wrong }),
      ZUNION: () => commands.zunion(["k"], { aggregate: wrong }),
      ZUNIONSTORE: () => commands.zunionstore("to", ["k"], { aggregate: wrong }),
      ZINTER: () => commands.zinterWithScores(["k"], { aggregate: wrong }),
      ZINTERSTORE: () => commands.zinterstore("to", ["k"], { aggregate: wrong }),
      SCAN: () => commands.scan("0", wrong),
      HSCAN: () => commands.hscan("k", "0", wrong),
      SSCAN: () => commands.sscan("k", "0", wrong),
      ZSCAN: () => commands.zscan("k", "0", wrong)
    }
    for (const [name, call] of Object.entries(calls)) {
      let thrown: unknown
      try {
        call()
      } catch (error) {
        thrown = error
      }
      assert.instanceOf(thrown, Errors.InvalidCommand, name)
      assert.strictEqual((thrown as Errors.InvalidCommand).command, name)
    }
  })
})

describe("secrets", () => {
  const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
  const secretOf = (n: number): string => {
    let state = (n * 2_654_435_761) >>> 0
    return Array.from({ length: 16 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return alphabet[(state >>> 8) % alphabet.length]
    }).join("")
  }
  /** The places in which people put them by mistake. */
  const disguises: ReadonlyArray<(secret: string) => unknown> = [
    (s) => s,
    (s) => `user:${s}@host`,
    (s) => `user:${s}@host:6379`,
    (s) => `redis://user:${s}@host:6379`,
    (s) => `user:${s}`,
    (s) => `user:word:${s}`,
    (s) => `${s} seconds`,
    (s) => `5 ${s}`,
    (s) => `unix:/tmp/user:${s}@host`,
    (s) => [s],
    (s) => [`user:${s}@host`],
    (s) => ({ [s]: s }),
    (s) => ({ [`user:${s}@host:6379`]: "10.0.0.1:6379" }),
    (s) => ({ "10.0.0.1:6379": `user:${s}@host:6379` }),
    (s) => ({ host: `user:${s}@host`, port: 6379 }),
    (s) => ({ host: `user:word:${s}`, port: 6379 }),
    (s) => ({ path: `/user:${s}@host` }),
    (s) => ({ key: s, passphrase: s }),
    (s) => ({ servername: [s] }),
    (s) => ({
      get host(): string {
        throw new Error(s)
      }
    }),
    (s) => () => {
      throw new Error(s)
    },
    (s) => Symbol(s),
    (s) => new Error(s)
  ]

  it.effect("no error repeats a secret that is in the wrong option", () =>
    Effect.gen(function*() {
      let refused = 0
      let n = 0
      for (const { make, option } of places) {
        for (const disguise of disguises) {
          const secret = secretOf(n++)
          const { exit } = yield* tried(() => make(disguise(secret)))
          if (Exit.isSuccess(exit)) continue
          const error = failed(exit, `${option}: ${disguise}`)
          // Whatever has no spaces may be the name of a group, and a name is told.
          if (option === "group" && error._tag !== "InvalidOption") continue
          refused++
          const told = [String(error), error.message, JSON.stringify(error)]
          // To print stacks takes long.
          if (n % 2 === 0) {
            told.push(error.stack, JSON.stringify(exit), Cause.pretty(exit.cause), inspect(exit, { depth: 8 }))
          }
          assert.notInclude(told.join("\n"), secret, `${option}: ${disguise}`)
        }
      }
      assert.isAbove(refused, places.length * disguises.length * 0.8)
    }), 60_000)

  it.live("a server that repeats the password does not get it into an error", () =>
    Effect.gen(function*() {
      const password = "hunter2-qJ7vX"
      const said = [
        `-ERR you said AUTH ${password}\r\n`,
        `!${6 + password.length}\r\nOOM a ${password}\r\n`,
        `@${password}\r\n`
      ]
      let turn = 0
      const server = yield* listening((socket) => {
        requests(socket, ([name]) => socket.write(name === "GET" ? said[turn++]! : "+OK\r\n"))
      })
      const redis = yield* RedisClient.make({
        address: server.address,
        protocol: 2,
        password: Redacted.make(password),
        schedule: Schedule.recurs(0),
        commandTimeout: "500 millis"
      })
      const codes: Array<string> = []
      for (const _ of said.slice(0, 2)) {
        const error = failed(yield* Effect.exit(redis.get("k")), "reply")
        assert.strictEqual(error._tag, "ReplyError")
        assert.include(error.message, "<redacted>")
        assert.notInclude(inspect(error, { depth: 8 }), password)
        codes.push(error.code)
      }
      assert.deepStrictEqual(codes, ["ERR", "OOM"])
      const lost = failed(yield* Effect.exit(Effect.scoped(Effect.flatMap(redis.reserve, (l) => l.get("k")))), "bytes")
      assert.strictEqual(lost._tag, "ProtocolError")
      assert.notInclude(inspect(lost, { depth: 8 }), password)
      assert.include(lost.message, "<redacted>")
    }).pipe(Effect.scoped))
})
