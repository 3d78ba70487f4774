/**
 * Streams of typed entries: a definition of a stream, made once, whose Effects add entries and read them through a
 * schema or a codec. The main entry does not import this module.
 *
 * The commands on streams, without a schema, are methods of clients (`redis.xadd` and the others).
 *
 * **Example** (Orders)
 *
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import * as RedisStream from "effect-redis-sentinel/RedisStream"
 *
 * class Order extends Schema.Class<Order>("Order")({ customer: Schema.String, total: Schema.Number }) {}
 *
 * const orders = RedisStream.make({
 *   key: "orders",
 *   schema: Order,
 *   trim: { strategy: "maxlen", threshold: 100_000, approximate: true }
 * })
 *
 * export const program = Effect.gen(function*() {
 *   const id = yield* orders.add(new Order({ customer: "Ada", total: 12 }))
 *   yield* Effect.log(`added ${id}`)
 *   yield* orders.range({ reverse: true, limit: 10, items: "values" }).pipe(
 *     Stream.runForEach((order) => Effect.log(order.customer))
 *   )
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Codec } from "./Codec.ts"
import type { Command, Key } from "./Command.ts"
import type { NotWith } from "./commands/options.ts"
import type { RedisError, Unsupported } from "./Errors.ts"
import { argumentError } from "./internal/commands/methods.ts"
import { consumption, type StreamConsumption } from "./internal/streams/consumption.ts"
import { definitionOf } from "./internal/streams/definition.ts"
import type { FollowingClient } from "./internal/streams/follow.ts"
import { follow, namedOf, type ReadItem, type ReadOptions } from "./internal/streams/following.ts"
import * as reads from "./internal/streams/reads.ts"
import type { Items, RangeItem, RangeOptions, StreamInfo } from "./internal/streams/reads.ts"
import type { Definition, Entry, FieldsCodec, Trim } from "./internal/streams/types.ts"
import * as writes from "./internal/streams/writes.ts"
import type { AddedId, AddManyOptions, AddOneOptions, RemoveOptions, WhenMissing } from "./internal/streams/writes.ts"
import * as RedisClient from "./RedisClient.ts"

export type { UnacknowledgedEntry } from "./internal/streams/consumedStream.ts"
export type {
  AcknowledgedAgain,
  Claimed,
  ClaimLost,
  ConsumerEvent,
  DeadLettered,
  EntriesDeleted,
  EntriesMissed,
  Failed,
  GroupCreated,
  GroupMoved,
  GroupRecreated,
  MisfitFound,
  NameShared,
  Outage,
  Recovered,
  Redelivered,
  Retried,
  Stopped
} from "./internal/streams/consumerEvents.ts"
export type { ConsumedEntry, ConsumerOptions, DeadLetterOptions } from "./internal/streams/consumerOptions.ts"
export type { StreamConsumption } from "./internal/streams/consumption.ts"
export type { ReadItem, ReadOptions } from "./internal/streams/following.ts"
export type { Bound, Items, RangeItem, RangeOptions, StreamInfo } from "./internal/streams/reads.ts"
export type { Rewound, Trimmed } from "./internal/streams/track.ts"
export type {
  Entry,
  FieldsCodec,
  Misfit,
  RawFields,
  Trim,
  TrimApproximately,
  TrimExactly,
  TrimThreshold
} from "./internal/streams/types.ts"
export type {
  AddedId,
  AddManyOptions,
  AddOneOptions,
  AddOptions,
  Idempotent,
  RemoveOptions,
  WhenMissing
} from "./internal/streams/writes.ts"

/**
 * What every definition of a stream has.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The key of the stream. */
  readonly key: Key
  /** How `add` trims the stream. Default: not at all. */
  readonly trim?: Trim | undefined
}

/**
 * A stream whose values go through a schema.
 *
 * @since 0.1.0
 * @category models
 */
export interface SchemaOptions<out S extends Schema.ConstraintCodec<unknown, unknown, never, never>> extends Options {
  /** The schema of the values. It may neither be asynchronous nor need services. */
  readonly schema: S
  /**
   * How values are stored. `"fields"`: a struct, a class or a union of them becomes the fields of the entry, which
   * other clients read: strings, numbers, booleans, dates and other values with one text as that text, `Uint8Array` as
   * its bytes, and everything else as JSON. A property without a value is no field, and a field that the schema does
   * not have is ignored. `"json"`: the whole value is JSON in one field. Default: `"fields"` where the schema allows
   * it, which `"fields"` makes sure of.
   */
  readonly layout?: "fields" | "json" | undefined
  /** The name of the field that has the JSON. Default `"data"`. */
  readonly field?: string | undefined
  /** Not with `schema`. */
  readonly codec?: NotWith<"schema"> | undefined
  /** Not with `schema`. */
  readonly fields?: NotWith<"schema"> | undefined
}

/**
 * A stream whose values are stored in one field, with a codec.
 *
 * @since 0.1.0
 * @category models
 */
export interface CodecOptions<in out T> extends Options {
  /** The codec of the values. */
  readonly codec: Codec<T>
  /** The name of the field. Default `"data"`. */
  readonly field?: string | undefined
  /** Not with `codec`. */
  readonly schema?: NotWith<"codec"> | undefined
  /** Not with `codec`. */
  readonly layout?: NotWith<"codec"> | undefined
  /** Not with `codec`. */
  readonly fields?: NotWith<"codec"> | undefined
}

/**
 * A stream whose entries are stored with a codec of one's own, which names their fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface FieldsOptions<in out T> extends Options {
  /** The codec of the entries. */
  readonly fields: FieldsCodec<T>
  /** Not with `fields`. */
  readonly schema?: NotWith<"fields"> | undefined
  /** Not with `fields`. */
  readonly layout?: NotWith<"fields"> | undefined
  /** Not with `fields`. */
  readonly field?: NotWith<"fields"> | undefined
  /** Not with `fields`. */
  readonly codec?: NotWith<"fields"> | undefined
}

/**
 * The commands of a stream as values, for pipelines and transactions. They throw `InvalidCommand` for what they do not
 * accept.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamCommands<in T> {
  /** XADD, as `add` sends it. One with `idempotent` may be sent again if the reply is lost. */
  readonly add: <const W extends WhenMissing = "create">(
    value: T,
    options?: AddOneOptions<W> | undefined
  ) => Command<AddedId<W>, "write">
  /** XTRIM. Its result is the number of entries that it removed. */
  readonly trim: (trim: Trim) => Command<number, "write">
  /** XDEL, or XDELEX with `references`. Its result is the number of entries that it removed. */
  readonly remove: (
    ids: string | ReadonlyArray<string>,
    options?: RemoveOptions | undefined
  ) => Command<number, "write">
  /** XLEN. */
  readonly length: Command<number, "read">
}

/**
 * The reads of a stream, with a client of the service `R`.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamReads<in out T, out R> {
  /**
   * A range of entries, the oldest first or the newest first, read in pages. A page is a read that the client repeats,
   * so that the Stream goes on after a failover; entries that the new primary lacks are not in its later pages. The
   * Stream ends with the entry that is the last one when its page is read.
   *
   * Fails with `InvalidCommand` for options that are not valid, and with `ValueMismatch` at an entry that does not fit
   * unless `items` is `"all"`.
   *
   * **Example** (The orders of an hour)
   *
   * ```ts
   * import { Effect, Schema, Stream } from "effect"
   * import * as RedisStream from "effect-redis-sentinel/RedisStream"
   *
   * const orders = RedisStream.make({ key: "orders", schema: Schema.Struct({ customer: Schema.String }) })
   *
   * const from = new Date("2026-01-01T10:00:00Z")
   * const to = new Date("2026-01-01T11:00:00Z")
   *
   * export const program = orders.range({ from, to: { exclusive: to }, items: "entries" }).pipe(
   *   Stream.runForEach(({ id, value }) => Effect.log(id, value.customer))
   * )
   * ```
   */
  readonly range: <const I extends Items = "all">(
    options?: RangeOptions<I> | undefined
  ) => Stream.Stream<RangeItem<T, I>, RedisError, R>
  /** The entry of an id; `null` if there is none. Fails with `ValueMismatch` if it does not fit. */
  readonly get: (id: string) => Effect.Effect<Entry<T> | null, RedisError, R>
  /** The first entry; `null` if there is none. Fails with `ValueMismatch` if it does not fit. */
  readonly first: Effect.Effect<Entry<T> | null, RedisError, R>
  /** The last entry; `null` if there is none. Fails with `ValueMismatch` if it does not fit. */
  readonly last: Effect.Effect<Entry<T> | null, RedisError, R>
  /** How many entries there are; 0 if the stream does not exist. */
  readonly length: Effect.Effect<number, RedisError, R>
  /** What the server says of the stream (XINFO STREAM); `null` if it does not exist. */
  readonly info: Effect.Effect<StreamInfo<T> | null, RedisError, R>
  /**
   * The id of the entry that was added last, whether it still exists or not; `"0-0"` if the stream does not exist.
   * `read` from it gives what is added from now on, whenever it begins.
   */
  readonly lastId: Effect.Effect<string, RedisError, R>
  /**
   * Reads entries as they are added, from where `from` says, and follows the primary: after an outage it goes on after
   * the last entry that it gave. It asks the server only when its reader wants more, and waits there where there is
   * nothing, on a reserved connection.
   *
   * The Stream gives `Trimmed` where entries were removed before it read them, and `Rewound` where the server has
   * another history than the one that it read: a failover lost entries, or the stream was deleted or replaced.
   *
   * It lasts as long as the client. In an outage it logs one warning, and tries again after pauses that grow from 100
   * milliseconds to 2 seconds. Fails with `InvalidCommand` for options that are not valid, with `ReplyError` if the key
   * holds another type or a permission is missing, and with `ValueMismatch` at an entry that does not fit unless `items`
   * is `"all"`.
   *
   * **Example** (What is added from now on)
   *
   * ```ts
   * import { Effect, Schema, Stream } from "effect"
   * import * as RedisStream from "effect-redis-sentinel/RedisStream"
   *
   * const orders = RedisStream.make({ key: "orders", schema: Schema.Struct({ customer: Schema.String }) })
   *
   * export const program = orders.read({ from: "now" }).pipe(
   *   Stream.runForEach((item) => {
   *     switch (item._tag) {
   *       case "Entry":
   *         return Effect.log(item.id, item.value.customer)
   *       case "Misfit":
   *         return Effect.logWarning(`${item.id} does not fit: ${item.issue}`)
   *       case "Trimmed":
   *         return Effect.logWarning(`${item.missed ?? "some"} entries were removed unread`)
   *       case "Rewound":
   *         return Effect.logWarning(`${item.lost} entries after ${item.resumedAfter} do not exist any more`)
   *     }
   *   })
   * )
   * ```
   */
  readonly read: <const I extends Items = "all">(
    options?: ReadOptions<I> | undefined
  ) => Stream.Stream<ReadItem<T, I>, RedisError, R>
}

/**
 * A stream of entries with values of one type. Its Effects and Streams use the client that is the service
 * `RedisClient`; `Effect.provideService` gives them another one.
 *
 * @since 0.1.0
 * @category models
 */
export interface RedisStream<in out T>
  extends StreamReads<T, RedisClient.RedisClient>, StreamConsumption<T, RedisClient.RedisClient>
{
  /** The key of the stream. */
  readonly key: Key
  /**
   * Adds an entry and gives its id; `null` if the stream does not exist and `whenMissing` is `"skip"`.
   *
   * Fails with `InvalidCommand` if the value or an option does not fit, with `Unsupported` if the server lacks an
   * option, with `ReplyError` if the id is not greater than all before or the key holds another type, and with
   * `AmbiguousOutcome` if the reply is lost. With `idempotent` it is sent again instead, and adds the entry once.
   *
   * **Example** (An entry that is added once)
   *
   * ```ts
   * import { Schema } from "effect"
   * import * as RedisStream from "effect-redis-sentinel/RedisStream"
   *
   * const Order = Schema.Struct({ number: Schema.String, total: Schema.Number })
   * const orders = RedisStream.make({ key: "orders", schema: Order })
   *
   * export const place = (order: typeof Order.Type) =>
   *   orders.add(order, { idempotent: { producer: "shop", id: order.number, where: "available" } })
   * ```
   */
  readonly add: <const W extends WhenMissing = "create">(
    value: T,
    options?: AddOneOptions<W> | undefined
  ) => Effect.Effect<AddedId<W>, RedisError | Unsupported, RedisClient.RedisClient>
  /**
   * Adds entries in one pipeline, in their order, and gives their ids. Under the errors of `add`; entries before and
   * after one that fails may have been added.
   */
  readonly addMany: <const W extends WhenMissing = "create">(
    values: ReadonlyArray<T>,
    options?: AddManyOptions<T, W> | undefined
  ) => Effect.Effect<Array<AddedId<W>>, RedisError | Unsupported, RedisClient.RedisClient>
  /** Removes the oldest entries, and gives how many it removed. Fails with `Unsupported` if the server lacks `references`. */
  readonly trim: (trim: Trim) => Effect.Effect<number, RedisError | Unsupported, RedisClient.RedisClient>
  /**
   * Removes entries by their ids, and gives how many it removed. `references` says what happens to the pending
   * references of groups (XDELEX); it fails with `Unsupported` before Redis 8.2.
   */
  readonly remove: (
    ids: string | ReadonlyArray<string>,
    options?: RemoveOptions | undefined
  ) => Effect.Effect<number, RedisError | Unsupported, RedisClient.RedisClient>
  /** The commands of the stream as values, for pipelines and transactions. */
  readonly commands: StreamCommands<T>
  /** The reads of the stream from replicas, with the client that is the service `RedisReplica`. */
  readonly replicas: StreamReads<T, RedisClient.RedisReplica>
}

/** The definitions of the streams that `make` has made. */
const definitions = new WeakMap<object, Definition<any>>()

const readsWith = <T, R>(
  definition: Definition<T>,
  client: Effect.Effect<reads.Reader & FollowingClient, never, R>,
  isReplica: boolean
): StreamReads<T, R> => ({
  range: (options?: unknown) =>
    Stream.unwrap(Effect.map(client, (redis) => reads.range(redis, definition, options))) as Stream.Stream<
      any,
      RedisError,
      R
    >,
  get: (id) => Effect.flatMap(client, (redis) => reads.get(redis, definition, id)),
  first: Effect.flatMap(client, (redis) => reads.end(redis, definition, "first")),
  last: Effect.flatMap(client, (redis) => reads.end(redis, definition, "last")),
  length: Effect.flatMap(client, (redis) => redis.run(reads.lengthCommand(definition))),
  info: Effect.flatMap(client, (redis) => reads.info(redis, definition)),
  lastId: Effect.flatMap(client, (redis) => reads.lastId(redis, definition)),
  read: (options?: unknown) =>
    Stream.unwrap(
      Effect.map(client, (redis) => follow(redis, [{ name: undefined, definition }], options, isReplica))
    ) as Stream.Stream<any, RedisError, R>
})

/**
 * Makes the definition of a stream. It sends nothing. Throws `InvalidCommand` for options that are not valid, such as a
 * schema that cannot be stored as asked for.
 *
 * **Example** (A tagged union, and a codec of one's own)
 *
 * ```ts
 * import { Schema } from "effect"
 * import * as RedisStream from "effect-redis-sentinel/RedisStream"
 *
 * const Placed = Schema.TaggedStruct("Placed", { order: Schema.String, total: Schema.Number })
 * const Cancelled = Schema.TaggedStruct("Cancelled", { order: Schema.String })
 *
 * export const events = RedisStream.make({ key: "events", schema: Schema.Union([Placed, Cancelled]) })
 *
 * declare const msgpack: { pack: (value: unknown) => Uint8Array; unpack: (bytes: Uint8Array) => unknown }
 *
 * export const anything = RedisStream.make<unknown>({
 *   key: "anything",
 *   codec: { encode: msgpack.pack, decode: msgpack.unpack }
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: {
  <S extends Schema.ConstraintCodec<unknown, unknown, never, never>>(options: SchemaOptions<S>): RedisStream<S["Type"]>
  <T>(options: CodecOptions<T> | FieldsOptions<T>): RedisStream<T>
} = (options: unknown): RedisStream<any> => {
  const definition = definitionOf("RedisStream.make", options)
  const client = RedisClient.RedisClient
  const made: RedisStream<any> = {
    key: definition.key,
    ...readsWith(definition, client, false),
    ...consumption(definition, client),
    add: (value: unknown, options?: unknown) =>
      Effect.flatMap(client, (redis) => writes.add(redis, definition, value, options)) as Effect.Effect<any, any, any>,
    addMany: (values: ReadonlyArray<unknown>, options?: unknown) =>
      Effect.flatMap(client, (redis) => writes.addMany(redis, definition, values, options)) as Effect.Effect<
        any,
        any,
        any
      >,
    trim: (trim) => Effect.flatMap(client, (redis) => writes.trim(redis, definition, trim)),
    remove: (ids, options) => Effect.flatMap(client, (redis) => writes.remove(redis, definition, ids, options)),
    commands: {
      add: (value: unknown, options?: unknown) => writes.addOf(definition, value, options) as Command<any, "write">,
      trim: (trim) => writes.trimCommand(definition, trim),
      remove: (ids, options) => writes.removeCommand(definition, ids, options),
      length: reads.lengthCommand(definition)
    },
    replicas: readsWith(definition, RedisClient.RedisReplica, true)
  }
  definitions.set(made, definition)
  return made
}

/**
 * The items of several streams: each with the name of its stream.
 *
 * @since 0.1.0
 * @category utility types
 */
export type ReadAllItem<Streams extends Readonly<Record<string, RedisStream<any>>>, I extends Items> = {
  readonly [K in keyof Streams & string]: Streams[K] extends RedisStream<infer T> ? I extends "values" ? {
        /** The name of the stream. */
        readonly stream: K
        /** The value of its entry. */
        readonly value: T
      }
    : {
      /** The name of the stream. */
      readonly stream: K
      /** Its item. */
      readonly item: ReadItem<T, I>
    }
    : never
}[keyof Streams & string]

/**
 * Reads several streams at once as `read` reads one, on one connection. `pageSize` counts for each of them. Items of one
 * stream are in its order; between streams there is none. Fails as `read` does.
 *
 * **Example** (Orders and payments)
 *
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import * as RedisStream from "effect-redis-sentinel/RedisStream"
 *
 * const orders = RedisStream.make({ key: "orders", schema: Schema.Struct({ customer: Schema.String }) })
 * const payments = RedisStream.make({ key: "payments", schema: Schema.Struct({ amount: Schema.Number }) })
 *
 * export const program = RedisStream.readAll({ orders, payments }, { items: "values" }).pipe(
 *   Stream.runForEach((item) =>
 *     item.stream === "orders" ? Effect.log(item.value.customer) : Effect.log(item.value.amount)
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category reading
 */
export const readAll = <
  const Streams extends Readonly<Record<string, RedisStream<any>>>,
  const I extends Items = "all"
>(
  streams: Streams,
  options?: ReadOptions<I> | undefined
): Stream.Stream<ReadAllItem<Streams, I>, RedisError, RedisClient.RedisClient> =>
  Stream.unwrap(Effect.map(RedisClient.RedisClient, (redis): Stream.Stream<any, RedisError> => {
    try {
      const named = namedOf(streams, (value) => definitions.get(value as object))
      return follow(redis, named, options, false)
    } catch (error) {
      return Stream.fail(argumentError("readAll", [streams], error))
    }
  }))
