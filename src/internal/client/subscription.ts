/**
 * The subscriptions of a client: what is subscribed to, and how a message becomes an item of the Stream. How the
 * Stream follows its node is in followedStream.ts.
 *
 * internal/connection/pubSub.ts subscribes on one connection.
 */
import * as Stream from "effect/Stream"
import { isUtf8 } from "node:buffer"
import type * as Command from "../../Command.ts"
import { InvalidCommand, type RedisError } from "../../Errors.ts"
import {
  type Channels,
  type Gap,
  type Message,
  type Published,
  type SubscribeOptions,
  type Undecodable
} from "../../PubSub.ts"
import { isBytes } from "../common/values.ts"
import { bytesMessageOf, subscribeOn } from "../connection/pubSub.ts"
import { makeFollowed, type SessionSource } from "./followedStream.ts"

/**
 * Subscribes on a connection of its own, until the client closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSubscription: {
  (source: SessionSource, requested: Channels, options: SubscribeOptions, as: "text"): Stream.Stream<
    Message | Undecodable | Gap,
    RedisError
  >
  (source: SessionSource, requested: Channels, options: SubscribeOptions, as: "bytes"): Stream.Stream<
    Message<Uint8Array> | Gap,
    RedisError
  >
} = (
  source: SessionSource,
  requested: Channels,
  options: SubscribeOptions,
  as: "text" | "bytes"
): Stream.Stream<any, RedisError> => {
  const invalid = (detail: string): Stream.Stream<never, RedisError> =>
    Stream.fail(new InvalidCommand({ command: "SUBSCRIBE", detail }))
  const { channels, patterns, shards } = requested ?? {}
  const lists = [channels, patterns, shards].map((list) => list ?? [])
  if (!lists.every((list) => Array.isArray(list) && list.every(isName)) || lists.every((list) => list.length === 0)) {
    return invalid("channels, patterns and shards are empty: at least one name is required")
  }
  // Copies, so that later changes by the caller have no effect.
  const names = lists.map((list) => list.map((name) => typeof name === "string" ? name : new Uint8Array(name)))
  const copied = { channels: names[0]!, patterns: names[1]!, shards: names[2]! }
  const capacity = options?.capacity
  if (capacity !== undefined && !(capacity >= 1)) return invalid("capacity: it must be at least 1")
  return makeFollowed<Published<Uint8Array>, Message<string | Uint8Array> | Undecodable>(source, {
    what: "a subscription",
    capacity,
    itemOf: as === "text" ? textOf : bytesOf,
    begin: (connection, give) => {
      connection.listenToBytes()
      connection.onPush = (message) => {
        const published = bytesMessageOf(message)
        if (published !== undefined) give(published)
      }
      return subscribeOn(connection, copied)
    }
  })
}

const isName = (name: unknown): name is Command.Key => typeof name === "string" || isBytes(name)

const bytesOf = (published: Published<Uint8Array>): Message<Uint8Array> => ({ _tag: "Message", ...published })

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

/** The message as text, or as bytes if a part of it is not UTF-8. */
const textOf = (published: Published<Uint8Array>): Message | Undecodable => {
  const { channel, pattern, payload } = published
  if (isUtf8(channel) && isUtf8(payload) && (pattern === undefined || isUtf8(pattern))) {
    try {
      return {
        _tag: "Message",
        channel: utf8.decode(channel),
        pattern: pattern === undefined ? undefined : utf8.decode(pattern),
        payload: utf8.decode(payload)
      }
    } catch {
      // It is longer than a string can be.
    }
  }
  return { _tag: "Undecodable", ...published }
}
