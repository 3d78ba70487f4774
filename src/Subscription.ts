/**
 * What a client hears: a Stream of published messages that follows its node
 * through losses and moves, and says where something may be missing.
 *
 * How a subscription is asked for on one connection is in `PubSub.ts`.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Connection } from "./Connection.ts"
import { type ConnectionError, InvalidCommand, type RedisError } from "./Errors.ts"
import * as PubSub from "./PubSub.ts"

/**
 * A message.
 *
 * @since 0.1.0
 * @category models
 */
export interface Message extends PubSub.Published {
  readonly _tag: "Message"
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
export interface Options {
  /** How many messages may wait for the reader. Default 10,000. */
  readonly capacity?: number | undefined
}

const defaultCapacity = 10_000
/** How long after a subscription could not be made it is tried again, in milliseconds. */
const pauseMillis = 100

/** Puts messages in, up to a limit, and then the number of those that had no room. */
class Inbox {
  private overflow: { missed: number } | undefined = undefined
  private readonly queue: Queue.Queue<Message | Gap, RedisError | Cause.Done>
  private readonly capacity: number
  constructor(queue: Queue.Queue<Message | Gap, RedisError | Cause.Done>, capacity: number) {
    this.queue = queue
    this.capacity = capacity
  }
  message(published: PubSub.Published): void {
    if (Queue.sizeUnsafe(this.queue) >= this.capacity) {
      if (this.overflow === undefined) {
        const gap = { _tag: "Gap" as const, reason: "overflow" as const, detail: "the reader was too slow", missed: 0 }
        this.overflow = gap
        Queue.offerUnsafe(this.queue, gap)
      }
      this.overflow.missed++
      return
    }
    this.overflow = undefined
    Queue.offerUnsafe(this.queue, { _tag: "Message", ...published })
  }
  gap(reason: "moved" | "lost", detail: string): void {
    Queue.offerUnsafe(this.queue, { _tag: "Gap", reason, detail, missed: undefined })
  }
}

/**
 * Subscribes on a connection that `open` gives, and again on another one
 * whenever that has ended. Ends only with an error that cannot pass, or if the
 * first subscription cannot be made.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  open: Effect.Effect<Connection, ConnectionError, Scope.Scope>,
  interests: PubSub.Interests,
  options: Options = {}
): Stream.Stream<Message | Gap, RedisError> => {
  const names = [...interests.channels ?? [], ...interests.patterns ?? [], ...interests.shards ?? []]
  if (names.length === 0 || names.some((name) => typeof name !== "string")) {
    return Stream.fail(
      new InvalidCommand({ command: "SUBSCRIBE", detail: "it needs the names of channels, or patterns of them" })
    )
  }
  return Stream.callback<Message | Gap, RedisError>((queue) => {
    const inbox = new Inbox(queue, options.capacity ?? defaultCapacity)
    let ended: { readonly reason: "moved" | "lost"; readonly detail: string } | undefined
    const once: Effect.Effect<void, RedisError, Scope.Scope> = Effect.gen(function*() {
      const connection = yield* open
      connection.onPush = (message) => {
        const published = PubSub.messageOf(message)
        if (published !== undefined) inbox.message(published)
      }
      const before = ended
      yield* PubSub.subscribe(connection, interests)
      if (before !== undefined) inbox.gap(before.reason, before.detail)
      // From here on whatever happens leaves a gap.
      ended = { reason: "lost", detail: "the connection was lost" }
      yield* connection.closed
      const error = connection.ended!
      ended = {
        reason: error._tag === "ConnectionLost" && error.kind === "moved" ? "moved" : "lost",
        detail: error.message
      }
    })
    const again: Effect.Effect<never, RedisError> = Effect.flatMap(
      Effect.result(Effect.scoped(once)),
      (result) => {
        if (result._tag === "Success") return again
        const error = result.failure
        const passes = error._tag !== "ClientClosed" && "isRetryable" in error && error.isRetryable
        return ended === undefined || !passes ? Effect.fail(error) : Effect.andThen(Effect.sleep(pauseMillis), again)
      }
    )
    return Effect.catch(again, (error) => Queue.fail(queue, error))
  })
}
