/**
 * Four producers and four takers of a queue, four users of a rate limiter and two of a cache, on Effect's stores: what
 * they were told, for comparison with the data of the primary afterwards. It does not know which client serves it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Persistable from "effect/persistence/Persistable"
import * as PersistedCache from "effect/persistence/PersistedCache"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Persistence from "effect/persistence/Persistence"
import * as RateLimiter from "effect/persistence/RateLimiter"
import type * as Redis from "effect/persistence/Redis"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as EffectRedis from "../../src/EffectRedis.ts"

/** What is done, and when it succeeded, in milliseconds of the Clock. */
const works = ["offer", "take", "limit", "cache"] as const
export type WorkName = typeof works[number]

export interface StoreLoad {
  /** When each kind of work succeeded. */
  readonly times: Readonly<Record<WorkName, ReadonlyArray<number>>>
  /** The ids of the items that were acknowledged. */
  readonly offered: ReadonlySet<string>
  /** How often each item was handled. */
  readonly handled: ReadonlyMap<string, number>
  /** The permissions of the limiter: those that were given, and those of which nobody knows. */
  readonly grants: { readonly certain: number; readonly inDoubt: number }
  /** The entries that the cache has given. */
  readonly cached: ReadonlySet<string>
  /** The errors, by the kind of work and their name. */
  readonly errors: ReadonlyMap<string, number>
  /** Operations that have begun and not ended. A taker that waits for an item is none. */
  readonly pending: () => number
  /** Ends producers, users of the limiter and of the cache; takers go on. */
  readonly stop: () => void
}

/** Reads the data of the primary. */
export interface Reader {
  readonly get: (key: string) => Promise<string | null>
  readonly mget: (keys: ReadonlyArray<string>) => Promise<ReadonlyArray<string | null>>
  readonly lrange: (key: string) => Promise<ReadonlyArray<string>>
  readonly hkeys: (key: string) => Promise<ReadonlyArray<string>>
}

export interface StoreVerdict {
  /** Items that were acknowledged and are nowhere. */
  readonly lost: number
  /** Items that were acknowledged, were not handled, and are still there. */
  readonly stuck: number
  /** Items that were handled more than once. */
  readonly doubled: number
  /** Permissions that were given and not counted, or counted and not given to anybody. */
  readonly grantsLost: number
  readonly grantsDoubled: number
  readonly entriesLost: number
  readonly hung: number
}

class Lookup extends Persistable.Class<{ payload: { readonly id: string } }>()("Lookup", {
  primaryKey: ({ id }) => id,
  success: Schema.String
}) {}

/** The name of an error: that of this library where there is one. */
const nameOf = (error: unknown): string => {
  const own = EffectRedis.errorOf(error)
  if (own !== undefined) return own._tag === "ReplyError" ? `ReplyError ${own.code}` : own._tag
  let deepest = error
  for (let i = 0; i < 8; i++) {
    const { cause, reason } = deepest as { readonly cause?: unknown; readonly reason?: unknown }
    if (typeof (cause ?? reason) !== "object" || (cause ?? reason) === null) break
    deepest = cause ?? reason
  }
  const { message, name } = deepest as { readonly message?: string; readonly name?: string }
  return `${name ?? "error"}: ${String(message).slice(0, 50)}`
}

/** Only this library says what was not executed; any other error may hide a success. */
const mayBeExecuted = (error: unknown): boolean => {
  const own = EffectRedis.errorOf(error)
  return own === undefined || own._tag === "AmbiguousOutcome"
}

/**
 * Starts the work; it goes on until it is stopped, takers until the Scope closes. The limiter uses a service of its own,
 * which may fail fast.
 */
export const storeLoad = <E, E2>(
  redis: Layer.Layer<Redis.Redis, E>,
  hasty: Layer.Layer<Redis.Redis, E2>,
  pause: "10 millis" | "100 millis"
): Effect.Effect<StoreLoad, E | E2, Scope.Scope> =>
  Effect.gen(function*() {
    const context = yield* Layer.build(Layer.mergeAll(
      PersistedQueue.layer.pipe(
        Layer.provide(PersistedQueue.layerStoreRedis({
          pollInterval: "100 millis",
          lockRefreshInterval: "1 second",
          lockExpiration: "5 seconds"
        })),
        Layer.provide(redis)
      ),
      Persistence.layerRedis.pipe(Layer.provide(redis)),
      RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreRedis()), Layer.provide(hasty))
    ))
    const times: Record<WorkName, Array<number>> = { offer: [], take: [], limit: [], cache: [] }
    const offered = new Set<string>()
    const handled = new Map<string, number>()
    const cached = new Set<string>()
    const errors = new Map<string, number>()
    const grants = { certain: 0, inDoubt: 0 }
    let pending = 0
    let stopped = false

    const succeeded = (work: WorkName) => Effect.map(Clock.currentTimeMillis, (now) => void times[work].push(now))
    const failed = (work: WorkName, error: unknown): void => {
      const name = `${work}: ${nameOf(error)}`
      errors.set(name, (errors.get(name) ?? 0) + 1)
    }
    /** Runs an operation; gives its error. */
    const one = <A, Err>(work: WorkName, operation: Effect.Effect<A, Err>) =>
      Effect.gen(function*() {
        pending++
        const result = yield* Effect.result(operation)
        pending--
        if (result._tag === "Success") yield* succeeded(work)
        else failed(work, result.failure)
        return result
      })
    const each = (users: number, work: (user: number, i: number) => Effect.Effect<unknown>) =>
      Effect.forEach(Array.from({ length: users }, (_, user) => user), (user) =>
        Effect.forkScoped(Effect.gen(function*() {
          for (let i = 0; !stopped; i++) {
            yield* work(user, i)
            yield* Effect.sleep(pause)
          }
        })), { discard: true })

    yield* Effect.gen(function*() {
      const queue = yield* PersistedQueue.make({ name: "items", schema: Schema.String })
      const limiter = yield* RateLimiter.RateLimiter
      const cache = yield* PersistedCache.make(
        (key: Lookup) =>
          Effect.succeed(`value of ${key.id}`),
        {
          storeId: "cache",
          timeToLive: () =>
            "1 hour"
        }
      )
      // An item has an id, and is offered until it is acknowledged.
      yield* each(4, (user, i) => {
        const id = `${user}:${i}`
        const offer: Effect.Effect<void> = Effect.flatMap(one("offer", queue.offer(id, { id })), (result) => {
          if (result._tag === "Success") {
            return Effect.sync(() =>
              void offered.add(id)
            )
          }
          return stopped ? Effect.void : Effect.andThen(Effect.sleep("50 millis"), offer)
        })
        return offer
      })
      for (let taker = 0; taker < 4; taker++) {
        yield* queue.take((id) =>
          Effect.andThen(Effect.sync(() => void handled.set(id, (handled.get(id) ?? 0) + 1)), succeeded("take"))
        ).pipe(
          Effect.catch((error) => Effect.andThen(Effect.sync(() => failed("take", error)), Effect.sleep("50 millis"))),
          // A settlement that fails for too long is a defect of the taker.
          Effect.catchDefect((defect) =>
            Effect.andThen(Effect.sync(() => failed("take", defect)), Effect.sleep("50 millis"))
          ),
          Effect.forever,
          Effect.forkScoped
        )
      }
      yield* each(4, () =>
        Effect.map(
          // A count expires after the window's share of its permissions, so that the window has to be long.
          one("limit", limiter.consume({ key: "limit", limit: 1_000_000, window: "10000 days" })),
          (result) => {
            if (result._tag === "Success") grants.certain++
            else if (mayBeExecuted(result.failure)) grants.inDoubt++
          }
        ))
      yield* each(2, (user, i) => {
        const id = `${user}:${i}`
        return Effect.map(one("cache", cache.get(new Lookup({ id }))), (result) => {
          if (result._tag === "Success") cached.add(id)
        })
      })
    }).pipe(Effect.provideContext(context))

    return {
      times,
      offered,
      handled,
      grants,
      cached,
      errors,
      pending: () => pending,
      stop: () => {
        stopped = true
      }
    }
  })

/** Whether everything that was acknowledged was handled. */
export const isDrained = ({ handled, offered }: StoreLoad): boolean => {
  for (const id of offered) if (!handled.has(id)) return false
  return true
}

/** Compares what the users were told with the data of the primary. */
export const verdictOf = async (load: StoreLoad, reader: Reader): Promise<StoreVerdict> => {
  const { cached, grants, handled, offered } = load
  const waiting = new Set([
    ...(await reader.lrange("effectq:items")).map((payload) => (JSON.parse(payload) as { readonly id: string }).id),
    ...await reader.hkeys("effectq:items:pending")
  ])
  const unhandled = Array.from(offered).filter((id) => !handled.has(id))
  const count = Number(await reader.get("ratelimiter:limit") ?? 0)
  const ids = Array.from(cached)
  let entriesLost = 0
  for (let i = 0; i < ids.length; i += 1000) {
    const values = await reader.mget(ids.slice(i, i + 1000).map((id) => `cache:${id}`))
    entriesLost += values.filter((value) => value === null).length
  }
  return {
    lost: unhandled.filter((id) => !waiting.has(id)).length,
    stuck: unhandled.filter((id) => waiting.has(id)).length,
    doubled: Array.from(handled.values()).filter((times) => times > 1).length,
    grantsLost: Math.max(0, grants.certain - count),
    grantsDoubled: Math.max(0, count - grants.certain - grants.inDoubt),
    entriesLost,
    hung: load.pending()
  }
}

/** The longest time without a success of any one kind of work after a moment, in milliseconds; until `end` at most. */
export const pauseOf = (load: StoreLoad, from: number, end: number): number =>
  Math.max(...works.map((work) => {
    const times = [from, ...load.times[work].filter((time) => time >= from && time <= end), end]
    return times.reduce((longest, time, i) => i === 0 ? longest : Math.max(longest, time - times[i - 1]!), 0)
  }))
