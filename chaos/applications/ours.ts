/**
 * This library in each kind of work, with its defaults: one client for everything
 * that a driver does.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PrimaryClient } from "../../src/Client.ts"
import { commands, RedisClient, Sentinel } from "../../src/index.ts"
import * as RedisQueue from "../../src/RedisQueue.ts"
import * as RedisStream from "../../src/RedisStream.ts"
import * as Script from "../../src/Script.ts"
import { ending, type Place } from "../clients.ts"
import { numberField, type Running, type WorkDriver } from "./driver.ts"

interface Session extends Running {
  readonly redis: PrimaryClient
  readonly run: <A, E>(effect: Effect.Effect<A, E, Scope.Scope | RedisClient.RedisClient>) => Promise<A>
  /** Runs an Effect until the session closes, and tells when it ends before. */
  readonly keep: (
    effect: Effect.Effect<unknown, unknown, RedisClient.RedisClient>,
    ended: (how: string) => void
  ) => void
}

const open = async (place: Place, node: Sentinel.Options["node"] = {}): Promise<Session> => {
  const scope = Effect.runSync(Scope.make())
  const scoped = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
    Effect.runPromise(Effect.provideService(Scope.provide(effect, scope), References.MinimumLogLevel, "None"))
  const redis = await scoped(
    Effect.flatMap(Sentinel.make({ sentinels: place.sentinels, node }), (sentinel) => sentinel.primaryFor(place.group))
  )
  const provided = Effect.provideService(RedisClient.RedisClient, redis)
  let closing = false
  return {
    redis,
    run: (effect) => scoped(provided(effect)),
    keep: (effect, ended) => {
      const told = Effect.onExit(provided(effect), (exit) =>
        Effect.sync(() => {
          if (closing) return
          ended(Exit.isSuccess(exit) ? "it ended" : `it failed: ${String(exit.cause)}`)
        }))
      void scoped(Effect.forkScoped(Effect.catchCause(told, () => Effect.void)))
    },
    close: () => {
      closing = true
      return Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
}

const ordersAt = (key: string) => RedisStream.make({ key, schema: Schema.Struct({ n: Schema.Int }) })

export const ours: WorkDriver = {
  name: "ours",
  isOurs: true,
  numberOf: numberField,
  producer: async (place, key) => {
    const { close, redis } = await open(place)
    const orders = ordersAt(key)
    return {
      add: (n) => ending(Effect.provideService(orders.add({ n }), RedisClient.RedisClient, redis)),
      close
    }
  },
  workers: async (place, options) => {
    const session = await open(place)
    const orders = ordersAt(options.key)
    for (const consumer of options.consumers) {
      session.keep(
        orders.consume({
          group: options.group,
          consumer,
          concurrency: options.concurrency,
          minIdle: `${options.claimAfterMillis} millis`,
          onEvent: (event) =>
            Effect.sync(() => {
              options.told(event._tag === "Redelivered" ? `Redelivered, ${event.outcome}` : event._tag)
              if (event._tag === "Claimed") options.mayRepeat(event.ids)
              if (event._tag === "ClaimLost") options.mayRepeat([event.id])
              if (event._tag === "Redelivered" && event.outcome === "processed") options.mayRepeat([event.id])
              if (event._tag === "GroupMoved") options.mayRepeatAfter(event.lastDeliveredId)
              if (event._tag === "GroupRecreated") options.mayRepeatAfter(event.from)
            })
        }, ({ id, value }) => Effect.promise(() => options.handle({ id, number: value.n }, consumer))),
        options.told
      )
    }
    return session
  },
  scripts: async (place, key, lua) => {
    const { close, redis } = await open(place)
    const addTo = redis.script(
      Script.make({ lua, keys: ["key"], args: { amount: Schema.Int }, result: Schema.Int })
    )
    return { call: () => ending(addTo({ key, amount: 1 })), close }
  },
  counter: async (place, key, callers) => {
    // A connection for each caller; without it they wait for one another.
    const { close, redis } = await open(place, { maxReserved: callers })
    const increment = redis.watch(
      key,
      (watched) => Effect.map(watched.get(key), (value) => [commands.set(key, Number(value ?? 0) + 1)]),
      { timeout: "30 seconds" }
    )
    return { increment: () => ending(increment), close }
  },
  subscriber: async (place, channels, listener) => {
    const session = await open(place)
    const items = await session.run(session.redis.subscription({ channels }))
    session.keep(
      Stream.runForEach(items, (item) =>
        Effect.sync(() => {
          if (item._tag === "Message") listener.message(item.channel, item.payload)
          else listener.gap()
        })),
      listener.gap
    )
    return session
  },
  publisher: async (place) => {
    const { close, redis } = await open(place)
    return { publish: (channel, text) => ending(redis.publish(channel, text)), close }
  },
  pusher: async (place) => {
    const { close, redis } = await open(place)
    return { push: (key, text) => ending(redis.rpush(key, text)), close }
  },
  pops: async (place, options) => {
    const session = await open(place)
    for (let consumer = 0; consumer < options.consumers; consumer++) {
      session.keep(
        Stream.runForEach(session.redis.popStream(options.key), (item) =>
          item._tag === "Popped"
            ? Effect.promise(() => options.handle(item.value, consumer))
            : Effect.sync(() => {
              options.told(item._tag)
              if (item._tag === "MaybeLost") options.maybeLost(item.most)
            })),
        options.told
      )
    }
    return session
  },
  queue: async (place, options) => {
    const session = await open(place)
    const jobs = RedisQueue.make({ key: options.key })
    for (let consumer = 0; consumer < options.consumers; consumer++) {
      session.keep(
        jobs.consume(
          { deadAfter: "5 seconds", onEvent: (event) => Effect.sync(() => options.told(event._tag)) },
          (text) => Effect.promise(() => options.handle(text, consumer))
        ),
        options.told
      )
    }
    return session
  }
}
