/**
 * The main use, from start to end: finds a primary through Sentinel, writes to it,
 * reads from a replica, and follows the group through a failover.
 *
 *   npm run demo
 *     runs on a deployment in memory, and kills its primary
 *   npm run demo -- --sentinels host:port,host:port --group mymaster
 *     runs on real sentinels, and kills nothing. Further options: --password,
 *     --username, --sentinel-password, --tls, --seconds, and --failover, which
 *     asks a sentinel for a planned failover.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { optionsOf } from "../scripts/options.ts"
import { Address, commands, type Errors, RedisClient, Sentinel } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"

const args = optionsOf(
  "npm run demo -- [--sentinels HOST:PORT,...] [--group mymaster] [--username NAME] [--password TEXT] " +
    "[--sentinel-password TEXT] [--tls] [--failover] [--seconds 3]",
  {
    sentinels: { type: "string" },
    group: { type: "string", default: "mymaster" },
    username: { type: "string" },
    password: { type: "string" },
    "sentinel-password": { type: "string" },
    tls: { type: "boolean", default: false },
    failover: { type: "boolean", default: false },
    seconds: { type: "string", default: "3" }
  }
)

const group = args.group
const writers = 8
const prefix = "effect-redis-sentinel:demo"

const secret = (text: string | undefined) => text === undefined ? {} : { password: Redacted.make(text) }

const nodeOptions: Sentinel.NodeOptions = {
  ...secret(args.password),
  ...(args.username === undefined ? {} : { username: args.username }),
  tls: args.tls,
  clientName: "demo",
  stallTimeout: "2 seconds"
}

const sentinelLayer = Sentinel.layer({
  sentinels: args.sentinels === undefined ? ["10.0.1.1:26379"] : args.sentinels.split(","),
  sentinel: { ...secret(args["sentinel-password"]), tls: args.tls },
  node: nodeOptions
})

const clients = Layer.merge(RedisClient.layerPrimary(group), RedisClient.layerReplica(group)).pipe(
  Layer.provideMerge(sentinelLayer)
)

/** What the demo counts. */
interface Counts {
  writes: number
  reads: number
  readonly errors: Map<string, number>
  lastWrite: number
  longestPause: number
}

const demo = (makeTrouble: Effect.Effect<string, unknown, Sentinel.Sentinel> | undefined) =>
  Effect.gen(function*() {
    const begin = yield* Clock.currentTimeMillis
    const say = (text: string) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => Console.log(`${String(now - begin).padStart(6)} ms  ${text}`))

    const sentinel = yield* Sentinel.Sentinel
    const redis = yield* RedisClient.RedisClient
    const replica = yield* RedisClient.RedisReplica

    const first = yield* sentinel.discoverPrimary(group)
    yield* say(`primary of "${group}": ${Address.format(first)}`)
    yield* say(`replicas: ${(yield* sentinel.discoverReplicas(group)).map(Address.format).join(", ") || "none"}`)
    yield* say(`sentinels: ${(yield* sentinel.sentinels).map(Address.format).join(", ")}`)

    yield* redis.set(`${prefix}:greeting`, "hello", { ttl: "1 minute" })
    yield* say("wrote a greeting to the primary")
    const greeting = yield* replica.get(`${prefix}:greeting`).pipe(
      Effect.flatMap((value) => value === null ? Effect.fail("not replicated yet" as const) : Effect.succeed(value)),
      Effect.retry(Schedule.spaced("5 millis").pipe(Schedule.upTo({ duration: "2 seconds" })))
    )
    yield* say(`read "${greeting}" from a ${(yield* replica.role()).role}`)

    const counts: Counts = { writes: 0, reads: 0, errors: new Map(), lastWrite: 0, longestPause: 0 }
    const failed = (error: Errors.RedisError) =>
      Effect.sync(() => void counts.errors.set(error._tag, (counts.errors.get(error._tag) ?? 0) + 1))
    const pace = Effect.sleep("2 millis")
    const write = (writer: number) =>
      Effect.suspend(() => redis.set(`${prefix}:${writer}`, counts.writes, { ttl: "1 minute" })).pipe(
        Effect.andThen(Clock.currentTimeMillis),
        Effect.tap((now) =>
          Effect.sync(() => {
            counts.writes++
            if (counts.lastWrite > 0) counts.longestPause = Math.max(counts.longestPause, now - counts.lastWrite)
            counts.lastWrite = now
          })
        ),
        Effect.catch(failed),
        Effect.andThen(pace)
      )
    const read = replica.get(`${prefix}:greeting`).pipe(
      Effect.tap(() => Effect.sync(() => void counts.reads++)),
      Effect.catch(failed),
      Effect.andThen(pace)
    )

    yield* Effect.scoped(
      Effect.gen(function*() {
        for (let i = 0; i < writers; i++) yield* Effect.forkScoped(Effect.forever(write(i)))
        yield* Effect.forkScoped(Effect.forever(read))
        yield* say(`${writers} writers and a reader are running`)
        yield* Effect.sleep("500 millis")
        if (makeTrouble !== undefined) {
          yield* say(yield* makeTrouble)
          // The client gets no hint: this only shows when the sentinels report the new primary.
          const next = yield* sentinel.discoverPrimary(group, { verify: false }).pipe(
            Effect.flatMap((address) =>
              Address.equals(address, first) ? Effect.fail("not yet" as const) : Effect.succeed(address)
            ),
            Effect.retry(Schedule.spaced("10 millis").pipe(Schedule.upTo({ duration: "30 seconds" })))
          )
          yield* say(`the sentinels name a new primary: ${Address.format(next)}`)
          // An acknowledged write is not enough: it must arrive at the new primary.
          const mark = counts.writes
          const there = yield* RedisClient.make({ address: next, ...nodeOptions })
          yield* there.get(`${prefix}:0`).pipe(
            Effect.flatMap((value) => Number(value) > mark ? Effect.void : Effect.fail("not yet" as const)),
            Effect.retry(Schedule.spaced("1 millis").pipe(Schedule.upTo({ duration: "30 seconds" })))
          )
          yield* say(`writes arrive there; the longest pause was ${counts.longestPause} ms`)
          yield* Effect.sleep("500 millis")
        } else {
          yield* Effect.sleep(Number(args.seconds) * 1000)
        }
      })
    )
    yield* say("done")
    yield* redis.pipeline([
      commands.del(`${prefix}:greeting`, ...Array.from({ length: writers }, (_, i) => `${prefix}:${i}`))
    ]).pipe(Effect.catch(failed))

    const rows: ReadonlyArray<readonly [string, string | number]> = [
      ["writes acknowledged", counts.writes],
      ["reads answered", counts.reads],
      ...(counts.errors.size === 0
        ? [["errors", "none"] as const]
        : Array.from(counts.errors, ([tag, n]) => [`errors: ${tag}`, n] as const)),
      ["longest pause seen by writers", `${counts.longestPause} ms`]
    ]
    const width = Math.max(...rows.map(([name]) => name.length))
    yield* Console.log("")
    for (const [name, value] of rows) yield* Console.log(`  ${name.padEnd(width)}  ${value}`)
  })

const inMemory = Effect.gen(function*() {
  const deployment = yield* Testing.Deployment
  yield* Console.log("A primary, two replicas and three sentinels, in memory.\n")
  yield* demo(Effect.gen(function*() {
    const primary = yield* deployment.primary
    yield* deployment.kill(primary)
    return `killed the primary, ${primary}`
  }))
}).pipe(Effect.provide(clients.pipe(Layer.provideMerge(Testing.layer({ group })))))

const plannedFailover = Effect.gen(function*() {
  const sentinel = yield* Sentinel.Sentinel
  const [first] = yield* sentinel.sentinels
  const client = yield* RedisClient.make({ address: first!, ...secret(args["sentinel-password"]), tls: args.tls })
  yield* client.run(commands.sentinel.failover(group))
  return `asked ${Address.format(first!)} for a planned failover`
}).pipe(Effect.scoped)

const real = demo(args.failover ? plannedFailover : undefined).pipe(Effect.provide(clients))

NodeRuntime.runMain(
  (args.sentinels === undefined ? inMemory : real).pipe(
    Effect.catch((error) =>
      Effect.andThen(
        Console.error(`\n${error instanceof Error ? error.message : String(error)}`),
        Effect.sync(() => void (process.exitCode = 1))
      )
    )
  )
)
