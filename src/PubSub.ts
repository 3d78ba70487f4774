/**
 * The types of subscriptions: channels, messages, gaps, options. Types only.
 *
 * How a subscription is made on one connection is in
 * internal/connection/pubSub.ts, how it follows its node in
 * internal/client/subscription.ts.
 *
 * @since 0.1.0
 */
import type * as Command from "./Command.ts"

/**
 * What was published: as text, or as bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Published<out A = string> {
  /** The channel that it was published on. */
  readonly channel: A
  /** The pattern that matched the channel; undefined for a subscription to the channel itself. */
  readonly pattern: A | undefined
  /** The message as it was published. */
  readonly payload: A
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
export interface Message<out A = string> extends Published<A> {
  /** Tells messages from the other items of a subscription. */
  readonly _tag: "Message"
}

/**
 * A message that is not text: its channel, its pattern or its payload is not
 * UTF-8. It has all three as bytes. Only `subscribe` gives it; `bytes.subscribe`
 * gives every message as bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Undecodable extends Published<Uint8Array> {
  /** Tells these messages from the other items of a subscription. */
  readonly _tag: "Undecodable"
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
 * Options of a subscription, and of a monitor.
 *
 * @since 0.1.0
 * @category models
 */
export interface SubscribeOptions {
  /**
   * How many messages, or commands that `monitorStream` shows, may wait for the
   * reader, at least 1. Default 10,000. Those beyond it are dropped and counted in a
   * `Gap`.
   */
  readonly capacity?: number | undefined
}
