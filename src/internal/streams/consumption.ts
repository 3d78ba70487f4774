/**
 * The methods of a stream that consume it as a member of a group: their types, and how they reach the client. What a
 * consumer does is in consumer.ts.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { PrimaryClient } from "../../Client.ts"
import { InvalidCommand, type RedisError } from "../../Errors.ts"
import { kindOf } from "../common/values.ts"
import { consumeWith } from "./consume.ts"
import { consumedEntries, type UnacknowledgedEntry } from "./consumedStream.ts"
import { type ConsumedEntry, type ConsumerOptions, type ConsumerSettings, consumerSettings } from "./consumerOptions.ts"
import type { Definition } from "./types.ts"

/**
 * How a stream is consumed by the consumers of a group. `R` is the client.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamConsumption<in out T, out R> {
  /**
   * Consumes the stream as a consumer of a group: runs the handler for each entry, and acknowledges those for which it
   * succeeds. It runs until it is interrupted, and survives outages and failovers: it waits them out, makes a group
   * again that a new primary lacks, and tells what happens through `onEvent`, the log and metrics.
   *
   * Each entry of the stream is processed at least once. It is processed again if its handler fails or dies, if its
   * consumer is gone for `minIdle`, and perhaps after a failover: make handlers idempotent. An entry that the old
   * primary had not replicated is lost with it.
   *
   * When it is interrupted, it reads no more, lets running handlers finish for `stopTimeout`, acknowledges, and gives
   * entries that no handler has finished back, so that other consumers get them at once.
   *
   * Fails only for what does not pass by itself: `InvalidCommand` for options, `ReplyError` for what is about the
   * request, such as a key of another type (WRONGTYPE) or a command that the user may not run (NOPERM), `ClientClosed`
   * when the client's Scope closes, and before it has reached a server also with errors whose `isRetryable` is false.
   * The commands that its user must be allowed to run are in docs/consumers.md.
   *
   * **Example** (A worker)
   *
   * ```ts
   * import { Effect, Schedule, Schema } from "effect"
   * import * as RedisStream from "effect-redis-sentinel/RedisStream"
   *
   * const Order = Schema.Struct({ customer: Schema.String, total: Schema.Number })
   * const orders = RedisStream.make({ key: "orders", schema: Order })
   *
   * declare const charge: (order: typeof Order.Type) => Effect.Effect<void, Error>
   *
   * export const worker = orders.consume({
   *   group: "billing",
   *   consumer: `billing-${process.pid}`,
   *   concurrency: 16,
   *   retry: { times: 3, schedule: Schedule.exponential("100 millis") },
   *   deadLetter: { key: "orders:dead", maxDeliveries: 5 },
   *   onEvent: (event) => event._tag === "GroupRecreated" ? Effect.log(`again from ${event.from}`) : Effect.void
   * }, ({ value }) => charge(value))
   * ```
   */
  readonly consume: <E, R2>(
    options: ConsumerOptions,
    handler: (entry: ConsumedEntry<T>) => Effect.Effect<unknown, E, R2>
  ) => Effect.Effect<never, RedisError, R | R2>

  /**
   * Consumes the stream like `consume`, as a Stream whose reader acknowledges each entry with `entry.ack`. At most
   * `concurrency + prefetch` entries are not acknowledged, failed or released at a time. `retry` does not apply. When the
   * Stream ends, entries that nobody has acknowledged are given back; `stopTimeout` is zero unless it is given.
   *
   * **Example** (Entries in batches)
   *
   * ```ts
   * import { Effect, Schema, Stream } from "effect"
   * import * as RedisStream from "effect-redis-sentinel/RedisStream"
   *
   * const Order = Schema.Struct({ customer: Schema.String, total: Schema.Number })
   * const orders = RedisStream.make({ key: "orders", schema: Order })
   *
   * declare const store: (orders: ReadonlyArray<typeof Order.Type>) => Effect.Effect<void>
   *
   * export const program = orders.entries({ group: "archive", consumer: "archive-1", concurrency: 500 }).pipe(
   *   Stream.groupedWithin(500, "1 second"),
   *   Stream.runForEach((entries) =>
   *     Effect.andThen(
   *       store(entries.map(({ value }) => value)),
   *       Effect.forEach(entries, ({ ack }) => ack, { concurrency: "unbounded" })
   *     )
   *   )
   * )
   * ```
   */
  readonly entries: (options: Omit<ConsumerOptions, "retry">) => Stream.Stream<UnacknowledgedEntry<T>, RedisError, R>
}

const settingsOf = (command: string, options: ConsumerOptions): ConsumerSettings | InvalidCommand => {
  try {
    return consumerSettings(command, options)
  } catch (error) {
    if (error instanceof InvalidCommand) return error
    throw error
  }
}

export const consumption = <T, R>(
  definition: Definition<T>,
  client: Effect.Effect<PrimaryClient, never, R>
): StreamConsumption<T, R> => ({
  consume: <E, R2>(options: ConsumerOptions, handler: (entry: ConsumedEntry<T>) => Effect.Effect<unknown, E, R2>) =>
    Effect.flatMap(client, (redis): Effect.Effect<never, RedisError, R2> => {
      const settings = settingsOf("consume", options)
      if (settings instanceof InvalidCommand) return Effect.fail(settings)
      return typeof handler === "function"
        ? consumeWith<T, E, R2>(redis, definition, settings, (entry) => handler(entry))
        : Effect.fail(
          new InvalidCommand({ command: "consume", detail: `handler: expected a function, got ${kindOf(handler)}` })
        )
    }),
  entries: (options: Omit<ConsumerOptions, "retry">) =>
    Stream.unwrap(Effect.map(client, (redis): Stream.Stream<UnacknowledgedEntry<T>, RedisError> => {
      const settings = settingsOf("entries", options)
      if (settings instanceof InvalidCommand) return Stream.fail(settings)
      return settings.retry === undefined
        ? consumedEntries(redis, definition, settings, options.stopTimeout !== undefined)
        : Stream.fail(
          new InvalidCommand({ command: "entries", detail: "retry: the reader decides when it tries again" })
        )
    }))
})
