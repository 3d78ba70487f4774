/**
 * What a subscription is to and what it gives: channels, messages, gaps. Types
 * only.
 *
 * How a subscription is made on one connection is in
 * internal/connection/pubSub.ts, how it follows its node in
 * internal/client/subscription.ts.
 *
 * @since 0.1.0
 */
import type * as Command from "./Command.ts"

/**
 * What was published: as text, or as the bytes that it is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Published<out A = string> {
  readonly channel: A
  /** The pattern that the channel matched, if the subscription is one to a pattern. */
  readonly pattern: A | undefined
  readonly payload: A
}

/**
 * What is subscribed to. Names may be bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Channels {
  readonly channels?: ReadonlyArray<Command.Key> | undefined
  /** Glob patterns of channels. */
  readonly patterns?: ReadonlyArray<Command.Key> | undefined
  /** Shard channels. Redis 7.0. */
  readonly shards?: ReadonlyArray<Command.Key> | undefined
}
/**
 * A message.
 *
 * @since 0.1.0
 * @category models
 */
export interface Message<out A = string> extends Published<A> {
  readonly _tag: "Message"
}

/**
 * A message that was to be text and is none: its channel, its pattern or its
 * payload is not UTF-8. It is here as the bytes that it is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Undecodable extends Published<Uint8Array> {
  readonly _tag: "Undecodable"
}

/**
 * Between what came before and what comes after, messages may be missing:
 * Redis keeps none for those who are away.
 *
 * @since 0.1.0
 * @category models
 */
export interface Gap {
  readonly _tag: "Gap"
  /**
   * - `moved`: the group has another primary, and the subscription goes on there
   * - `lost`: the connection was lost, and the subscription was made anew
   * - `overflow`: the reader was slower than the messages came
   */
  readonly reason: "moved" | "lost" | "overflow"
  readonly detail: string
  /** Of an overflow: how many messages are missing. Otherwise nobody knows. */
  readonly missed: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface SubscribeOptions {
  /** How many messages may wait for the reader. Default 10,000. */
  readonly capacity?: number | undefined
}
