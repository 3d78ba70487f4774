/**
 * The types of `popStream`: elements that are popped from lists as they come, and what a Stream of them tells. Types
 * only.
 *
 * How elements are popped is in internal/client/popStream.ts. RedisQueue.ts has queues whose elements survive a worker
 * that dies.
 *
 * @since 0.1.0
 */
import type * as Stream from "effect/Stream"
import type * as Command from "./Command.ts"
import type { AmbiguousOutcome, RedisError } from "./Errors.ts"
import type { Codec } from "./internal/values/codecs.ts"

/**
 * An element that was removed from a list.
 *
 * @since 0.1.0
 * @category models
 */
export interface Popped<out A = string, out K extends string | Uint8Array = string> {
  /** Tells elements from the other items of the Stream. */
  readonly _tag: "Popped"
  /** The key of the list. */
  readonly key: K
  /** The element. */
  readonly value: A
}

/**
 * An element that was removed from a list and is no text, or does not fit the `codec`. It is not in the list any more:
 * the bytes are here.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unreadable {
  /** Tells these elements from the other items of the Stream. */
  readonly _tag: "Unreadable"
  /** The key of the list. */
  readonly key: Uint8Array
  /** The element as it was stored. */
  readonly value: Uint8Array
  /** What does not fit and where, without a part of the element. */
  readonly issue: string
}

/**
 * A place in the Stream where elements may be missing: the connection was lost while the server waited for an element,
 * so that it may have removed some whose reply never came.
 *
 * @since 0.1.0
 * @category models
 */
export interface MaybeLost {
  /** Tells these places from the other items of the Stream. */
  readonly _tag: "MaybeLost"
  /** How many elements may be missing at most: the option `count`. */
  readonly most: number
  /** Why there was no reply. */
  readonly error: AmbiguousOutcome
}

/**
 * The keys of the lists: one, or several, of which the first one that has elements comes first.
 *
 * @since 0.1.0
 * @category models
 */
export type Lists = Command.Key | readonly [Command.Key, ...ReadonlyArray<Command.Key>]

/**
 * Options of `popStream`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The end of the lists from which elements are removed. Default `"left"`: where producers use RPUSH. */
  readonly side?: "left" | "right" | undefined
  /**
   * How many elements one request removes at most, from 1 to 10,000. Default 1, so that none is removed before the
   * reader asks for it. More than one needs Redis 7.0.
   */
  readonly count?: number | undefined
}

/**
 * The options of `popStream` for elements as text.
 *
 * @since 0.1.0
 * @category models
 */
export interface TextOptions extends Options {
  /** Elements are text. */
  readonly codec?: undefined
}

/**
 * The options of `popStream` for typed elements.
 *
 * @since 0.1.0
 * @category models
 */
export interface CodecOptions<in out A> extends Options {
  /** How elements become values, such as `Codec.json(Schema)`. Default: text. */
  readonly codec: Codec<A>
}

/**
 * The method `popStream` of a client.
 *
 * @since 0.1.0
 * @category models
 */
export interface PopStream {
  <A>(lists: Lists, options: CodecOptions<A>): Stream.Stream<Popped<A> | Unreadable | MaybeLost, RedisError>
  (
    lists: Lists,
    options?: TextOptions | undefined
  ): Stream.Stream<Popped | Unreadable | MaybeLost, RedisError>
}

/**
 * The method `popStream` of `redis.bytes`.
 *
 * @since 0.1.0
 * @category models
 */
export type PopStreamBytes = (
  lists: Lists,
  options?: Options | undefined
) => Stream.Stream<Popped<Uint8Array, Uint8Array> | MaybeLost, RedisError>
