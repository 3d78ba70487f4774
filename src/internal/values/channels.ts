/**
 * What a channel with a codec is, and how the client recognises one. Channels are made in Channel.ts, and subscribed
 * to in internal/subscriptions/.
 */
import type * as Command from "../../Command.ts"
import type { Codec } from "./codecs.ts"

/**
 * The identifier of channels with a schema.
 *
 * @since 0.1.0
 * @category type IDs
 */
export const TypeId = "~effect-redis-sentinel/Channel"

/**
 * What a client can subscribe to with decoded messages: a channel, a pattern or a shard
 * channel that `Channel` made. `T` is the type of its messages.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subscribable<out T> {
  /** Carries the type of the messages. */
  readonly [TypeId]: (_: never) => T
  /** What the name means: a channel, a pattern of channels, or a shard channel. */
  readonly kind: "channel" | "pattern" | "shard"
  /** The name, or the pattern. */
  readonly name: Command.Key
}

const codecs = new WeakMap<object, Codec<any>>()

/** Registers the codec of what Channel.ts has made. */
export const register = <A extends object>(subscribable: A, codec: Codec<any>): A => {
  codecs.set(subscribable, codec)
  return subscribable
}

/** The codec of what Channel.ts has made; undefined for anything else. */
export const codecOfSubscribable = (given: unknown): Codec<unknown> | undefined =>
  typeof given === "object" && given !== null ? codecs.get(given) : undefined
