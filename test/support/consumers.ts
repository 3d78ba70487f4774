/**
 * Consumers for tests: of a stream `orders` of numbers, with what they tell, on servers with and without CLAIM of
 * XREADGROUP.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { type Client, type Command, Errors } from "../../src/index.ts"
import { movesOf, withMoves } from "../../src/internal/client/moves.ts"
import { waitsEnded, withWaitsEnded } from "../../src/internal/client/waiting.ts"
import { consumeWith } from "../../src/internal/streams/consume.ts"
import type { ConsumerEvent } from "../../src/internal/streams/consumerEvents.ts"
import {
  type ConsumedEntry,
  type ConsumerOptions,
  consumerSettings
} from "../../src/internal/streams/consumerOptions.ts"
import { entryCodecOf } from "../../src/internal/streams/entries.ts"
import type { EntryCodec } from "../../src/internal/streams/types.ts"
import { inSteps, type Redis } from "./group.ts"

export const { ready, until, whileTimePasses, writing } = inSteps("5 millis")

export interface Order {
  readonly n: number
}

export const codec: EntryCodec<Order> = entryCodecOf("test", { schema: Schema.Struct({ n: Schema.Number }) })

/** A consumer in a fiber of the test, which is interrupted with `stop`. */
export const consume = <E, R>(
  redis: Client.PrimaryClient,
  options: Partial<ConsumerOptions>,
  handler: (entry: ConsumedEntry<Order>) => Effect.Effect<unknown, E, R>
) =>
  Effect.gen(function*() {
    const events: Array<ConsumerEvent> = []
    const settings = consumerSettings("consume", {
      group: "g",
      consumer: "c",
      onEvent: (event) => Effect.sync(() => void events.push(event)),
      ...options
    })
    const fiber = yield* Effect.forkScoped(
      consumeWith(redis, { key: "orders", label: "orders", codec }, settings, handler)
    )
    const told = <T extends ConsumerEvent["_tag"]>(tag: T): ReadonlyArray<Extract<ConsumerEvent, { _tag: T }>> =>
      events.filter((event): event is Extract<ConsumerEvent, { _tag: T }> => event._tag === tag)
    return { events, told, fiber, interrupt: Fiber.interrupt(fiber), stop: whileTimePasses(Fiber.interrupt(fiber)) }
  })

/** Entries have the ids of a day like any other. */
export const begin = (redis: Redis) => Effect.andThen(TestClock.setTime(Date.UTC(2026, 0, 1)), ready(redis))

/** A client or a reserved connection with some members replaced. Its methods are on a prototype, which a spread loses. */
export const replacing = <C extends object>(client: C, members: { readonly [K in keyof C]?: C[K] }): C =>
  new Proxy(client, { get: (target, name) => Reflect.get(Object.hasOwn(members, name) ? members : target, name) })

/** A client with some members replaced, which follows the same moves and waits. */
export const clientReplacing = (redis: Redis, members: { readonly [K in keyof Redis]?: Redis[K] }): Redis =>
  withWaitsEnded(withMoves(replacing(redis, members), () => movesOf(redis)), waitsEnded(redis))

/** The `run` of a client, with something done about some commands: `about` gets the command and what runs it. */
export const runAbout = (
  { run }: Pick<Redis, "run">,
  about: <A>(
    command: Command.Any,
    reply: Effect.Effect<A, Errors.RedisError>
  ) => Effect.Effect<A, Errors.RedisError>
): Redis["run"] =>
(command, options) => about(command, run(command, options))

/** The same client, at a server whose XREADGROUP has no CLAIM. */
export const withoutClaim = (redis: Redis): Redis =>
  clientReplacing(redis, {
    run: runAbout(redis, (command, reply) =>
      command.args.includes("CLAIM")
        ? Effect.fail(new Errors.ReplyError({ code: "ERR", detail: "ERR syntax error", command: "XREADGROUP" }))
        : reply)
  })

/** Servers with and without CLAIM of XREADGROUP. */
export const servers = [["with CLAIM", (redis: Redis) => redis], ["without CLAIM", withoutClaim]] as const

export const add = (redis: Client.PrimaryClient, count: number, from = 0) =>
  Effect.forEach(
    Array.from({ length: count }, (_, i) => from + i),
    (n) => redis.xadd("orders", "*", { n }),
    { concurrency: "unbounded" }
  )

/** How many entries are pending; 0 if there is no group. */
export const pendingCount = (redis: Client.PrimaryClient) =>
  Effect.map(
    redis.xpending("orders", "g").pipe(Effect.orElseSucceed(() => ({ count: 0 }))),
    ({ count }) => count
  )
