/**
 * The subscriptions of a client: a Stream of published messages that follows its
 * node through lost connections and moves, and marks where messages may be
 * missing.
 *
 * internal/connection/pubSub.ts subscribes on one connection.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { isUtf8 } from "node:buffer"
import type * as Command from "../../Command.ts"
import { type ConnectionError, InvalidCommand, type RedisError } from "../../Errors.ts"
import {
  type Channels,
  type Gap,
  type Message,
  type Published,
  type SubscribeOptions,
  type Undecodable
} from "../../PubSub.ts"
import { isBytes } from "../common/values.ts"
import type { Connection } from "../connection/connection.ts"
import { bytesMessageOf, subscribeOn } from "../connection/pubSub.ts"

const defaultCapacity = 10_000
/** The pauses between attempts to restore a subscription, in milliseconds: each is twice as long as the one before. */
const firstPause = 100
const longestPause = 2000

/** An item of a subscription. */
type Item = Message<string | Uint8Array> | Undecodable | Gap

/** Queues messages up to a limit, and counts those that have no room. */
class Inbox {
  private overflow: { missed: number } | undefined = undefined
  /** Whether the last item is an unread gap, so that another gap would add nothing. */
  private endsInGap = false
  private readonly queue: Queue.Queue<Item, RedisError | Cause.Done>
  private readonly capacity: number
  constructor(queue: Queue.Queue<Item, RedisError | Cause.Done>, capacity: number) {
    this.queue = queue
    this.capacity = capacity
  }
  message(item: Message<string | Uint8Array> | Undecodable): void {
    if (Queue.sizeUnsafe(this.queue) >= this.capacity) {
      if (this.overflow === undefined) {
        const gap = {
          _tag: "Gap" as const,
          reason: "overflow" as const,
          detail: "the reader was slower than the messages arrived",
          missed: 0
        }
        this.overflow = gap
        this.endsInGap = true
        Queue.offerUnsafe(this.queue, gap)
      }
      this.overflow.missed++
      return
    }
    this.overflow = undefined
    this.endsInGap = false
    Queue.offerUnsafe(this.queue, item)
  }
  gap(reason: "moved" | "lost", detail: string): void {
    if (this.endsInGap && Queue.sizeUnsafe(this.queue) > 0) return
    this.endsInGap = true
    Queue.offerUnsafe(this.queue, { _tag: "Gap", reason, detail, missed: undefined })
  }
}

/**
 * Where a subscription gets its connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface SubscriptionSource {
  /** What it is bound to, for messages. */
  readonly label: string
  /** Opens a connection and prepares it. If the preparation fails, it closes the connection. */
  readonly session: (
    prepare: (connection: Connection) => Effect.Effect<void, RedisError>
  ) => Effect.Effect<Connection, RedisError | ConnectionError, Scope.Scope>
  /** Runs an effect, but fails with `ClientClosed` as soon as the client is closed. */
  readonly untilClosed: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | RedisError, R>
}

/**
 * Subscribes on a connection of its own, and subscribes again on a new one whenever
 * that connection ends, until the client closes. Before the subscription is first
 * established, the Stream fails with a permanent error at once, and with any
 * other error when the client's `schedule` ends.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSubscription: {
  (source: SubscriptionSource, requested: Channels, options: SubscribeOptions, as: "text"): Stream.Stream<
    Message | Undecodable | Gap,
    RedisError
  >
  (source: SubscriptionSource, requested: Channels, options: SubscribeOptions, as: "bytes"): Stream.Stream<
    Message<Uint8Array> | Gap,
    RedisError
  >
} = (
  source: SubscriptionSource,
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
  const capacity = options?.capacity ?? defaultCapacity
  if (!(capacity >= 1)) return invalid("capacity: it must be at least 1")
  const itemOf = as === "text" ? textOf : bytesOf

  return Stream.callback<Item, RedisError>((queue) => {
    const inbox = new Inbox(queue, capacity)
    /** Whether the subscription was established once. */
    let isEstablished = false
    /** The gap that the reader gets before the next message. */
    let ended: { readonly reason: "moved" | "lost"; readonly detail: string } | undefined
    let pause = firstPause
    const prepare = (connection: Connection): Effect.Effect<void, RedisError> =>
      Effect.suspend(() => {
        const before = ended
        let isGapGiven = before === undefined
        const giveGap = (): void => {
          if (!isGapGiven) inbox.gap(before!.reason, before!.detail)
          isGapGiven = true
          // From now on a lost connection leaves a gap.
          ended = { reason: "lost", detail: "the connection was lost" }
        }
        connection.listenToBytes()
        // One channel may have messages before the server has acknowledged the others.
        connection.onPush = (message) => {
          const published = bytesMessageOf(message)
          if (published === undefined) return
          giveGap()
          inbox.message(itemOf(published))
        }
        return Effect.map(subscribeOn(connection, copied), giveGap)
      })
    const once: Effect.Effect<void, RedisError, Scope.Scope> = Effect.gen(function*() {
      const connection = yield* source.session(prepare)
      isEstablished = true
      pause = firstPause
      yield* connection.closed
      const error = connection.ended!
      ended = {
        reason: error._tag === "ConnectionLost" && error.kind === "moved" ? "moved" : "lost",
        detail: error.message
      }
    })
    /** Waits before the next attempt: a cause that lasts is tried less and less often. */
    const pauseAfter = (error: RedisError): Effect.Effect<void, RedisError> =>
      Effect.gen(function*() {
        if (pause === firstPause) {
          yield* Effect.logWarning(
            `${source.label}: a subscription was lost and cannot be restored yet; the client keeps trying: ${error.message}`
          )
        }
        const millis = pause * (yield* Random.nextBetween(0.75, 1.25))
        pause = Math.min(pause * 2, longestPause)
        yield* source.untilClosed(Effect.sleep(Math.round(millis)))
      })
    const loop: Effect.Effect<never, RedisError> = Effect.flatMap(
      Effect.result(Effect.scoped(once)),
      (result) => {
        if (result._tag === "Success") return loop
        const error = result.failure
        return !isEstablished || error._tag === "ClientClosed"
          ? Effect.fail(error)
          : Effect.andThen(pauseAfter(error), loop)
      }
    )
    return Effect.catchCause(loop, (cause) => Queue.failCause(queue, cause))
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
