/**
 * A Stream of what a server sends by itself on a connection of its own. It follows its node through lost connections
 * and moves, marks where items may be missing, and keeps a bounded number of items for its reader.
 *
 * What is asked for on a connection, and what its items are, is in subscription.ts and monitor.ts.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionError, RedisError } from "../../Errors.ts"
import type { Gap } from "../../PubSub.ts"
import { Pauses } from "../common/pauses.ts"
import type { Connection } from "../connection/connection.ts"

const defaultCapacity = 10_000

/** Queues items up to a limit, and counts those that have no room. */
class Inbox<Sent, Item> {
  private overflow: { missed: number } | undefined = undefined
  /** Whether an unread gap other than an overflow is behind the last item, so that another one would add nothing. */
  private endsInGap = false
  private readonly queue: Queue.Queue<Item | Gap, RedisError | Cause.Done>
  private readonly capacity: number
  private readonly itemOf: (sent: Sent) => Item
  constructor(
    queue: Queue.Queue<Item | Gap, RedisError | Cause.Done>,
    capacity: number,
    itemOf: (sent: Sent) => Item
  ) {
    this.queue = queue
    this.capacity = capacity
    this.itemOf = itemOf
  }
  message(sent: Sent): void {
    if (Queue.sizeUnsafe(this.queue) >= this.capacity) {
      if (this.overflow === undefined) {
        const gap = {
          _tag: "Gap" as const,
          reason: "overflow" as const,
          detail: "the reader was slower than the messages arrived",
          missed: 0
        }
        this.overflow = gap
        Queue.offerUnsafe(this.queue, gap)
      }
      this.overflow.missed++
      return
    }
    this.overflow = undefined
    this.endsInGap = false
    Queue.offerUnsafe(this.queue, this.itemOf(sent))
  }
  gap(reason: "moved" | "lost", detail: string): void {
    if (this.endsInGap && Queue.sizeUnsafe(this.queue) > 0) return
    this.endsInGap = true
    Queue.offerUnsafe(this.queue, { _tag: "Gap" as const, reason, detail, missed: undefined })
  }
}

/**
 * Where a Stream gets its connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionSource {
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
 * What a Stream is about.
 *
 * @since 0.1.0
 * @category models
 */
export interface Followed<in out Sent, out Item> {
  /** What it is, for messages: `a subscription`. */
  readonly what: string
  /** How many items may wait for the reader, at least 1. Default 10,000. */
  readonly capacity: number | undefined
  /** Asks for it on a connection, and ends when the server has acknowledged it. What the server sends goes to `give`. */
  readonly begin: (connection: Connection, give: (sent: Sent) => void) => Effect.Effect<void, RedisError>
  /** The item of what the server has sent. It is not called for what has no room. */
  readonly itemOf: (sent: Sent) => Item
}

/**
 * Begins on a connection of its own, and again on a new one whenever that connection ends, until the client closes.
 * Before it has begun for the first time, the Stream fails with a permanent error at once, and with any other error
 * when the client's `schedule` ends.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeFollowed = <Sent, Item>(
  source: SessionSource,
  { begin, capacity, itemOf, what }: Followed<Sent, Item>
): Stream.Stream<Item | Gap, RedisError> =>
  Stream.callback<Item | Gap, RedisError>((queue) => {
    const inbox = new Inbox(queue, capacity ?? defaultCapacity, itemOf)
    /** Whether it has begun once. */
    let isEstablished = false
    /** The gap that the reader gets before the next item. */
    let ended: { readonly reason: "moved" | "lost"; readonly detail: string } | undefined
    const pauses = new Pauses()
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
        // The server may send the first of it before it has acknowledged all of the request.
        const give = (sent: Sent): void => {
          giveGap()
          inbox.message(sent)
        }
        return Effect.map(begin(connection, give), giveGap)
      })
    const once: Effect.Effect<void, RedisError, Scope.Scope> = Effect.gen(function*() {
      const connection = yield* source.session(prepare)
      isEstablished = true
      pauses.reset()
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
        if (pauses.isFirst) {
          yield* Effect.logWarning(
            `${source.label}: ${what} was lost and cannot be restored yet; the client keeps trying: ${error.message}`
          )
        }
        yield* source.untilClosed(pauses.wait)
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
