/**
 * The types of subscriptions: channels, messages, gaps, options, and the methods of
 * clients. Types only.
 *
 * Channels with a schema are in Channel.ts. How one connection serves all subscriptions
 * of a client, and follows its node, is in internal/subscriptions/.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as Command from "./Command.ts"
import type { RedisError } from "./Errors.ts"
import type { Subscribable } from "./internal/values/channels.ts"

/**
 * What was published: names as text or as bytes (`A`), and a payload (`P`).
 *
 * @since 0.1.0
 * @category models
 */
export interface Published<out A = string, out P = A> {
  /** The channel that it was published on. */
  readonly channel: A
  /** The pattern that matched the channel; undefined for a subscription to the channel itself. */
  readonly pattern: A | undefined
  /** The message as it was published; decoded, for a channel with a schema. */
  readonly payload: P
}

/**
 * What to subscribe to. At least one name in all. Names may be bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Channels {
  /** Names of channels (SUBSCRIBE). Default none. */
  readonly channels?: ReadonlyArray<Command.Key> | undefined
  /** Glob patterns of channels (PSUBSCRIBE). Default none. */
  readonly patterns?: ReadonlyArray<Command.Key> | undefined
  /** Names of shard channels (SSUBSCRIBE, Redis 7.0). Default none. */
  readonly shards?: ReadonlyArray<Command.Key> | undefined
}
/**
 * A message.
 *
 * @since 0.1.0
 * @category models
 */
export interface Message<out A = string, out P = A> extends Published<A, P> {
  /** Tells messages from the other items of a subscription. */
  readonly _tag: "Message"
}

/**
 * A message that is not text: its channel, its pattern or its payload is not
 * UTF-8. It has all three as bytes. Only subscriptions to text give it;
 * `redis.bytes.subscribe` gives every message as bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Undecodable extends Published<Uint8Array> {
  /** Tells these messages from the other items of a subscription. */
  readonly _tag: "Undecodable"
}

/**
 * A message on a channel with a schema that does not fit the schema. It has its bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Misfit extends Published<Uint8Array> {
  /** Tells these messages from the other items of a subscription. */
  readonly _tag: "Misfit"
  /** What the schema expects and where, such as `at age: Expected number`. It repeats nothing of the message. */
  readonly issue: string
}

/**
 * A place in the Stream where messages may be missing, or the commands that
 * `monitorStream` shows. Redis keeps nothing for those that are not connected.
 *
 * Source: "Delivery semantics" in https://redis.io/docs/latest/develop/pubsub/
 *
 * @since 0.1.0
 * @category models
 */
export interface Gap {
  /** Tells gaps from the other items of a subscription. */
  readonly _tag: "Gap"
  /**
   * Why messages may be missing:
   *
   * - `moved`: the group has another primary, and the subscription continues there
   * - `lost`: the connection was lost, and the client subscribed again
   * - `overflow`: messages came faster than the reader took them, and more than `capacity` waited
   */
  readonly reason: "moved" | "lost" | "overflow"
  /** What happened, in words. */
  readonly detail: string
  /** How many messages are missing after an overflow; undefined for the other reasons, where it is unknown. */
  readonly missed: number | undefined
}

/**
 * The server has acknowledged all names of the subscription: for the first time, or
 * again after the connection was lost or the group has moved. Given with `events: true`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subscribed {
  /** Tells these events from the other items of a subscription. */
  readonly _tag: "Subscribed"
  /** The address of the server. */
  readonly address: string
  /** The configuration epoch of the group when the connection was opened; 0 without Sentinel. */
  readonly epoch: number
}

/**
 * What becomes of a message for which the buffer of its subscription has no room:
 *
 * - `"drop-newest"`: it is dropped. The messages that wait stay, and a `Gap` after them counts the dropped ones
 * - `"drop-oldest"`: the oldest message that waits is dropped for it. A `Gap` in its place counts the dropped ones
 * - `"fail"`: the Stream gives what waits, and fails with `SubscriptionOverflow`
 * - `"wait"`: the client stops reading the connection until there is room, so that messages wait at the server.
 *   The subscription gets a connection of its own, so that no other one waits. The server closes that connection once
 *   more waits there than its `client-output-buffer-limit pubsub` allows; the Stream then has a `Gap`
 *
 * @since 0.1.0
 * @category models
 */
export type WhenFull = "drop-newest" | "drop-oldest" | "fail" | "wait"

/**
 * Options of a subscription.
 *
 * @since 0.1.0
 * @category models
 */
export interface SubscribeOptions<out E extends boolean = boolean> {
  /** How many messages may wait for the reader, at least 1. Default 10,000. */
  readonly capacity?: number | undefined
  /** What becomes of a message for which there is no room. Default `"drop-newest"`. */
  readonly whenFull?: WhenFull | undefined
  /** Whether the Stream also has a `Subscribed` after each time that the server has acknowledged all names. Default false. */
  readonly events?: E | undefined
}

/**
 * Options of a subscription to a channel with a schema.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChannelOptions<out E extends boolean = boolean, out F extends "item" | "fail" = "item" | "fail">
  extends SubscribeOptions<E>
{
  /**
   * What becomes of a message that does not fit the schema. `"item"`: it is a `Misfit`.
   * `"fail"`: the Stream fails with `ValueMismatch`. Default `"item"`.
   */
  readonly whenMisfit?: F | undefined
}

/** The items of a Stream besides messages. */
type Others<E extends boolean> = Gap | (E extends true ? Subscribed : never)

/**
 * The items of a subscription to a channel with a schema.
 *
 * @since 0.1.0
 * @category utility types
 */
export type ChannelItem<T, E extends boolean, F extends "item" | "fail"> =
  | Message<string, T>
  | (F extends "item" ? Misfit : never)
  | Others<E>

/**
 * How clients subscribe. All subscriptions of a client share one connection, except those
 * with `whenFull: "wait"`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subscriptions {
  /**
   * Subscribes to channels, to patterns of channels and to shard channels, or to a channel with a schema (`Channel`).
   * The Stream follows the node through lost connections and failovers, and has a `Gap` where messages may be missing,
   * before the first message after it. A message that is not UTF-8 is an `Undecodable` with its bytes;
   * `redis.bytes.subscribe` gives all messages as bytes.
   *
   * The Stream fails if the first subscription fails: with `ReplyError` if the user may not subscribe. From then on it
   * lasts as long as the client: when a later attempt to subscribe fails, for any reason, the client logs one
   * warning and tries again after pauses that grow from 100 milliseconds to 2 seconds.
   *
   * A message that is published before the server has acknowledged the subscription is not in the Stream: use
   * `subscription` to know when it has.
   *
   * **Example** (Messages and gaps)
   *
   * ```ts
   * import { Effect, Stream } from "effect"
   * import { RedisClient } from "effect-redis-sentinel"
   *
   * export const program = Effect.gen(function*() {
   *   const redis = yield* RedisClient.RedisClient
   *   yield* redis.subscribe({ channels: ["news"], patterns: ["user:*"] }).pipe(
   *     Stream.runForEach((item) =>
   *       item._tag === "Gap"
   *         ? Effect.log(`messages may be missing: ${item.detail}`)
   *         : item._tag === "Undecodable"
   *         ? Effect.log(`${item.payload.length} bytes that are not UTF-8`)
   *         : Effect.log(`${item.channel}: ${item.payload}`)
   *     )
   *   )
   * })
   * ```
   */
  readonly subscribe: {
    <T, const E extends boolean = false, const F extends "item" | "fail" = "item">(
      channel: Subscribable<T>,
      options?: ChannelOptions<E, F> | undefined
    ): Stream.Stream<ChannelItem<T, E, F>, RedisError>
    <const E extends boolean = false>(
      channels: Channels,
      options?: SubscribeOptions<E> | undefined
    ): Stream.Stream<Message | Undecodable | Others<E>, RedisError>
  }

  /**
   * Subscribes like `subscribe`, and returns once the server has acknowledged all names. From then on every message
   * is in the Stream, whenever it is read, or a `Gap` is. Each name begins when the server has acknowledged it, or at
   * once where another subscription of the client has it: so the Stream may begin with messages of some names from
   * before the other names have begun. With `events: true`, `Subscribed` tells where all are there. The subscription
   * ends with the Scope. Read the Stream once: several readers would share its messages.
   *
   * **Example** (No message is missed)
   *
   * ```ts
   * import { Effect, Stream } from "effect"
   * import { RedisClient } from "effect-redis-sentinel"
   *
   * export const program = Effect.gen(function*() {
   *   const redis = yield* RedisClient.RedisClient
   *   const replies = yield* redis.subscription({ channels: ["replies"] })
   *   yield* redis.publish("requests", "ping")
   *   return yield* Stream.runHead(replies)
   * }).pipe(Effect.scoped)
   * ```
   */
  readonly subscription: {
    <T, const E extends boolean = false, const F extends "item" | "fail" = "item">(
      channel: Subscribable<T>,
      options?: ChannelOptions<E, F> | undefined
    ): Effect.Effect<Stream.Stream<ChannelItem<T, E, F>, RedisError>, RedisError, Scope.Scope>
    <const E extends boolean = false>(
      channels: Channels,
      options?: SubscribeOptions<E> | undefined
    ): Effect.Effect<Stream.Stream<Message | Undecodable | Others<E>, RedisError>, RedisError, Scope.Scope>
  }
}

/**
 * How clients subscribe to messages as bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface BytesSubscriptions {
  /** Subscribes like `subscribe` of the client, and gives channels, patterns and payloads as bytes. */
  readonly subscribe: <const E extends boolean = false>(
    channels: Channels,
    options?: SubscribeOptions<E> | undefined
  ) => Stream.Stream<Message<Uint8Array> | Others<E>, RedisError>
  /** Subscribes like `subscription` of the client, and gives channels, patterns and payloads as bytes. */
  readonly subscription: <const E extends boolean = false>(
    channels: Channels,
    options?: SubscribeOptions<E> | undefined
  ) => Effect.Effect<Stream.Stream<Message<Uint8Array> | Others<E>, RedisError>, RedisError, Scope.Scope>
}
