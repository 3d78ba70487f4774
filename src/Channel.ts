/**
 * Channels with a schema: values are published as JSON or through another codec, and
 * subscriptions give them decoded.
 *
 * How clients subscribe is in PubSub.ts. The main entry does not import this module.
 *
 * **Example** (News as JSON)
 *
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 * import * as Channel from "effect-redis-sentinel/Channel"
 *
 * class News extends Schema.Class<News>("News")({ title: Schema.String, at: Schema.DateTimeUtc }) {}
 *
 * const news = Channel.make({ name: "news", schema: News })
 *
 * export const publish = Effect.fn(function*(item: News) {
 *   const redis = yield* RedisClient.RedisClient
 *   return yield* redis.run(news.publish(item))
 * })
 *
 * export const titles = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   yield* redis.subscribe(news).pipe(
 *     Stream.runForEach((item) => item._tag === "Message" ? Effect.log(item.payload.title) : Effect.logWarning(item._tag))
 *   )
 * })
 * ```
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import * as Codec from "./Codec.ts"
import type * as Command from "./Command.ts"
import { publish, spublish } from "./commands/server.ts"
import { InvalidCommand } from "./Errors.ts"
import { optionsOf } from "./internal/commands/args.ts"
import { fieldsOf, isBytes, kindOf } from "./internal/common/values.ts"
import { register, type Subscribable, TypeId } from "./internal/values/channels.ts"
import { codecOf, encodeWith, Unfit } from "./internal/values/codecs.ts"

export { type Subscribable, TypeId } from "./internal/values/channels.ts"

/**
 * A channel or a shard channel whose messages are values of type `T`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Channel<in out T> extends Subscribable<T> {
  /** Tells channels and shard channels apart. */
  readonly kind: "channel" | "shard"
  /**
   * Publishes a value: PUBLISH, or SPUBLISH for a shard channel. The command returns how many
   * subscribers of this server received it. Throws `InvalidCommand` for a value that does not fit.
   */
  readonly publish: (value: T) => Command.Command<number, "write">
}

/**
 * A pattern of channels whose messages are values of type `T`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pattern<in out T> extends Subscribable<T> {
  /** Tells patterns from channels. */
  readonly kind: "pattern"
  /**
   * Publishes a value on a channel; whether the pattern matches it is not checked. The command returns
   * how many subscribers of this server received it. Throws `InvalidCommand` for a value that does not fit.
   */
  readonly publish: (channel: Command.Key, value: T) => Command.Command<number, "write">
}

/** A schema whose codec needs no services. */
type Codable = Schema.ConstraintCodec<unknown, unknown, never, never>

/**
 * How the values of a channel are encoded: as JSON through a schema, or by a codec. One of the two.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChannelSchema<S extends Codable> {
  /** The name of the channel. */
  readonly name: Command.Key
  /** The schema of the values, which are JSON in messages. It may neither be asynchronous nor need services. */
  readonly schema: S
}

/**
 * A channel whose values have a codec of their own, such as `Codec.string(Schema.NumberFromString)`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChannelCodec<T> {
  /** The name of the channel. */
  readonly name: Command.Key
  /** The codec of the values. */
  readonly codec: Codec.Codec<T>
}

const invalid = (command: string, detail: string): InvalidCommand => new InvalidCommand({ command, detail })

/** What is common to all kinds: the copied name, the checked codec, and how a value becomes a message. */
const definitionOf = (command: string, given: unknown) => {
  const fields = fieldsOf(given)
  if (typeof fields === "string") throw invalid(command, `options: ${fields}`)
  optionsOf(command, given as object, { name: "value", schema: "value", codec: "value" })
  const { codec, name, schema } = fields
  if (typeof name !== "string" && !isBytes(name)) {
    throw invalid(command, `name: expected a name as a string or bytes, got ${kindOf(name)}`)
  }
  if ((schema === undefined) === (codec === undefined)) {
    throw invalid(command, "schema and codec: expected one of the two")
  }
  const checked = schema === undefined
    ? codecOf(command, codec as Codec.Codec<any>)
    : Codec.json(schema as Codable)
  const encode = (value: unknown): string | Uint8Array => {
    try {
      return encodeWith(checked, value)
    } catch (error) {
      throw error instanceof Unfit ? invalid("PUBLISH", `value: ${error.issue}`) : error
    }
  }
  const copied: Command.Key = typeof name === "string" ? name : new Uint8Array(name)
  return { name: copied, codec: checked, encode }
}

const variance = (_: never): any => _

/**
 * A channel with values of a schema, or of a codec. Throws `InvalidCommand` for invalid
 * options.
 *
 * **Example** (Numbers as text)
 *
 * ```ts
 * import { Schema } from "effect"
 * import * as Channel from "effect-redis-sentinel/Channel"
 * import * as Codec from "effect-redis-sentinel/Codec"
 *
 * export const prices = Channel.make({ name: "prices", codec: Codec.string(Schema.NumberFromString) })
 *
 * export const command = prices.publish(9.99) // PUBLISH prices 9.99
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: {
  <S extends Schema.ConstraintCodec<unknown, unknown, never, never>>(options: ChannelSchema<S>): Channel<S["Type"]>
  <T>(options: ChannelCodec<T>): Channel<T>
} = (options: unknown): Channel<any> => {
  const { codec, encode, name } = definitionOf("Channel.make", options)
  return register(
    { [TypeId]: variance, kind: "channel", name, publish: (value) => publish(name, encode(value)) },
    codec
  )
}

/**
 * A shard channel (Redis 7.0) with values of a schema, or of a codec. Throws `InvalidCommand`
 * for invalid options.
 *
 * @since 0.1.0
 * @category constructors
 */
export const shard: {
  <S extends Schema.ConstraintCodec<unknown, unknown, never, never>>(options: ChannelSchema<S>): Channel<S["Type"]>
  <T>(options: ChannelCodec<T>): Channel<T>
} = (options: unknown): Channel<any> => {
  const { codec, encode, name } = definitionOf("Channel.shard", options)
  return register(
    { [TypeId]: variance, kind: "shard", name, publish: (value) => spublish(name, encode(value)) },
    codec
  )
}

/**
 * A glob pattern of channels with values of one schema, or of one codec. Its `name` is the
 * pattern. Throws `InvalidCommand` for invalid options.
 *
 * **Example** (A channel for each user)
 *
 * ```ts
 * import { Schema } from "effect"
 * import * as Channel from "effect-redis-sentinel/Channel"
 *
 * export const users = Channel.pattern({ name: "user:*", schema: Schema.Struct({ name: Schema.String }) })
 *
 * export const command = users.publish("user:1", { name: "Ada" })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const pattern: {
  <S extends Schema.ConstraintCodec<unknown, unknown, never, never>>(options: ChannelSchema<S>): Pattern<S["Type"]>
  <T>(options: ChannelCodec<T>): Pattern<T>
} = (options: unknown): Pattern<any> => {
  const { codec, encode, name } = definitionOf("Channel.pattern", options)
  return register(
    { [TypeId]: variance, kind: "pattern", name, publish: (channel, value) => publish(channel, encode(value)) },
    codec
  )
}
