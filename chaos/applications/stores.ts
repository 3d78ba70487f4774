/**
 * Effect's stores through a planned failover, and then through a kill of the primary: four producers and four takers of
 * a PersistedQueue, four users of a RateLimiter and two of a PersistedCache. Beside this library run the Redis layer of
 * `@effect/platform-node`, and a layer on node-redis's `createSentinel`.
 */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import { createSentinel } from "redis"
import * as EffectRedis from "../../src/EffectRedis.ts"
import { RedisClient, Sentinel } from "../../src/index.ts"
import { isDrained, pauseOf, type Reader, type StoreLoad, storeLoad, verdictOf } from "../../test/support/storeLoad.ts"
import { nodes, type Place } from "../clients.ts"
import { sleep, until } from "../faults.ts"
import { ask } from "../witness.ts"
import type { WorkDriver } from "./driver.ts"
import { nodeRedis } from "./nodeRedis.ts"
import { ours } from "./ours.ts"
import { most, type Report, sum } from "./report.ts"
import type { Work } from "./work.ts"

/** Effect's Redis service on a client, and another one for the limiter, which may fail fast. */
interface Layers {
  readonly redis: Layer.Layer<Redis.Redis, unknown>
  readonly hasty: Layer.Layer<Redis.Redis, unknown>
}

type LayersOf = (place: Place, primary: number) => Layers

const layersOfOurs: LayersOf = ({ group, sentinels }) => {
  const client = RedisClient.layerPrimary(group).pipe(Layer.provide(Sentinel.layer({ sentinels })))
  return {
    redis: EffectRedis.layer().pipe(Layer.provide(client)),
    hasty: EffectRedis.layerFailFast().pipe(Layer.provide(client))
  }
}

/** It knows no Sentinel, so that it gets the address of the primary. */
const layersOfNodeRedis: LayersOf = (_place, primary) => {
  const redis = NodeRedis.layer({ socket: { host: "127.0.0.1", port: primary } })
  return { redis, hasty: redis }
}

/** What a user would write on `createSentinel`: a lease for each reserved connection, errors as they come. */
const layersOfSentinel: LayersOf = (place) => {
  const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, Redis.RedisError> =>
    Effect.tryPromise({ try: run, catch: (cause) => new Redis.RedisError({ cause }) })
  const redis = Layer.effect(
    Redis.Redis,
    Effect.gen(function*() {
      const client = createSentinel({
        name: place.group,
        sentinelRootNodes: nodes(place.sentinels),
        masterPoolSize: 4,
        scanInterval: 10_000
      })
      client.on("error", () => {})
      yield* Effect.acquireRelease(
        attempt(() => client.connect()),
        () => Effect.promise(() => Promise.resolve(client.close()).catch(() => {}))
      )
      const send = <A = unknown>(command: string, ...args: ReadonlyArray<string>) =>
        attempt(() => client.sendCommand(false, [command, ...args]) as Promise<A>)
      return yield* Redis.make({
        send,
        subscribe: (channel, onMessage) =>
          Effect.as(
            attempt(() => client.subscribe(channel, (message) => onMessage({ channel, message }))),
            Effect.never
          ),
        connect: Effect.map(attempt(() => client.acquire()), (lease) => ({
          send: <A = unknown>(command: string, ...args: ReadonlyArray<string>) =>
            attempt(() => lease.sendCommand(false, [command, ...args]) as Promise<A>),
          close: Effect.sync(() => void lease.release())
        }))
      })
    })
  )
  return { redis, hasty: redis }
}

const clients: ReadonlyArray<{ readonly driver: WorkDriver; readonly layers: LayersOf }> = [
  { driver: ours, layers: layersOfOurs },
  { driver: { ...nodeRedis, name: "NodeRedis of platform-node" }, layers: layersOfNodeRedis },
  { driver: { ...nodeRedis, name: "createSentinel of node-redis" }, layers: layersOfSentinel }
]

const readerOf = (port: number): Reader => {
  const one = async (...words: ReadonlyArray<string>): Promise<any> => {
    const reply = await ask(port, [words], { millis: 10_000 })
    if (reply === undefined) throw new Error("the primary does not answer")
    return reply[0]
  }
  return {
    get: (key) => one("GET", key),
    mget: (keys) => one("MGET", ...keys),
    lrange: (key) => one("LRANGE", key, "0", "-1"),
    hkeys: (key) => one("HKEYS", key)
  }
}

const count = (load: StoreLoad): ReadonlyArray<number> => Object.values(load.times).map((times) => times.length)

/** Whether all kinds of work go on, within a time. */
const goesOn = (load: StoreLoad, millis: number): Promise<boolean> => {
  const before = count(load)
  return until("work", millis, async () => count(load).every((n, i) => n > before[i]! + 20)).then(
    () => true,
    () => false
  )
}

/** One fault under the work of a client of its own. */
const play = async (
  place: Place,
  layers: LayersOf,
  primaryPort: () => Promise<number>,
  strike: () => Promise<unknown>,
  isPlanned: boolean
) => {
  await ask(await primaryPort(), [["FLUSHALL"]])
  const scope = Effect.runSync(Scope.make())
  const { hasty, redis } = layers(place, await primaryPort())
  const load = await Effect.runPromise(
    storeLoad(redis, hasty, "10 millis").pipe(
      Scope.provide(scope),
      Effect.provideService(References.MinimumLogLevel, "None")
    )
  )
  if (!await goesOn(load, 60_000)) throw new Error("the work does not begin")
  const began = Date.now()
  await strike()
  const port = await primaryPort()
  const alive = await goesOn(load, 30_000)
  const end = Date.now()
  load.stop()
  if (alive) await until("the rest of the items", 25_000, async () => isDrained(load)).catch(() => {})
  await until("the end of all operations", 10_000, async () => load.pending() === 0).catch(() => {})
  const verdict = await verdictOf(load, readerOf(port))
  const pause = pauseOf(load, began, end)
  const isClosed = await Promise.race([
    Effect.runPromise(Scope.close(scope, Exit.void)).then(() => true, () => true),
    sleep(8000).then(() => false)
  ])
  return { load, verdict, pause, alive, isClosed, isPlanned }
}

type Played = Awaited<ReturnType<typeof play>>

const factsOf = (name: string, { alive, isClosed, pause, verdict }: Played): Report["facts"] => [
  sum(`${name}: items lost`, verdict.lost),
  sum(`${name}: items doubled`, verdict.doubled),
  sum(`${name}: items stuck`, verdict.stuck),
  sum(`${name}: grants lost`, verdict.grantsLost),
  sum(`${name}: grants doubled`, verdict.grantsDoubled),
  sum(`${name}: entries lost`, verdict.entriesLost),
  sum(`${name}: hung`, verdict.hung),
  sum(`${name}: runs that came to a standstill`, alive ? 0 : 1),
  sum(`${name}: not closed in 8 s`, isClosed ? 0 : 1),
  most(`${name}: pause, s`, pause / 1000)
]

const brokenBy = (name: string, { alive, isClosed, isPlanned, load, verdict }: Played): ReadonlyArray<string> => {
  const { doubled, entriesLost, grantsDoubled, grantsLost, hung, lost, stuck } = verdict
  const must = { stuck, grantsDoubled, hung, ...(isPlanned ? { lost, doubled, grantsLost, entriesLost } : {}) }
  // A reply that comes late in a failover is not believed, so that its write is ambiguous; only the limiter gives up.
  const known = isPlanned
    ? /: AmbiguousOutcome$|^limit: (?:DeadlineExceeded|ConnectionLost|ConnectFailed|PrimaryNotFound)$/
    : /: (?:AmbiguousOutcome|DeadlineExceeded|ConnectionLost|ConnectFailed|PrimaryNotFound)$/
  return [
    ...Object.entries(must).filter(([, n]) => n > 0).map(([what, n]) => `${name}: ${what} ${n}`),
    ...Array.from(load.errors.keys()).filter((error) => !known.test(error)).map((error) => `${name}: ${error}`),
    ...(alive ? [] : [`${name}: the work does not go on`]),
    ...(isClosed ? [] : [`${name}: the Scope does not close`])
  ]
}

export const stores: Work = {
  name: "stores",
  deployment: {},
  drivers: clients.map(({ driver }) => driver),
  play: async (stage, driver, { short }): Promise<Report> => {
    const { layers } = clients.find((client) => client.driver === driver)!
    const port = async (): Promise<number> => (await stage.primary()).port
    const planned = await play(stage.place, layers, port, async () => {
      await stage.planned()
      if (short) await stage.tidy()
    }, true)
    const killed = short ? undefined : await play(stage.place, layers, port, () => stage.killPrimary(), false)
    const told = new Map<string, number>()
    for (const [name, played] of [["planned", planned], ["kill -9", killed]] as const) {
      for (const [error, times] of played?.load.errors ?? []) told.set(`${name}, ${error}`, times)
    }
    const broken = [
      ...brokenBy("planned", planned),
      ...(killed === undefined ? [] : brokenBy("kill -9", killed))
    ]
    return {
      facts: [
        sum("items", planned.load.offered.size + (killed?.load.offered.size ?? 0)),
        ...factsOf("planned", planned),
        ...(killed === undefined ? [] : factsOf("kill -9", killed))
      ],
      told,
      broken: driver.isOurs ? broken : []
    }
  }
}
