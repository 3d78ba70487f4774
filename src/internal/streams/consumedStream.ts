/**
 * A consumer as a Stream: each entry waits for its reader to say what becomes of it, in place of a handler.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { PrimaryClient } from "../../Client.ts"
import * as Command from "../../Command.ts"
import { xack } from "../../commands/streamPendingEntries.ts"
import type { RedisError } from "../../Errors.ts"
import { consumeWith } from "./consume.ts"
import { Released } from "./consumer.ts"
import type { ConsumedEntry, ConsumerSettings } from "./consumerOptions.ts"
import type { Delivery } from "./deliveries.ts"
import type { Definition } from "./types.ts"

/**
 * An entry whose reader says what becomes of it, with one of `ack`, `fail` and `release`. Until then the consumer keeps
 * its claim on it.
 *
 * @since 0.1.0
 * @category models
 */
export interface UnacknowledgedEntry<out T> extends ConsumedEntry<T> {
  /**
   * Acknowledges the entry, and succeeds once the server has. While the server cannot be reached it waits. After the
   * Stream has ended it is sent once, and fails with the error of the command.
   */
  readonly ack: Effect.Effect<void, RedisError>
  /**
   * Says that the entry cannot be processed now, and why: it is delivered again once it has been idle for `minIdle`, or
   * becomes a dead letter.
   */
  readonly fail: (reason?: string | undefined) => Effect.Effect<void>
  /** Gives the entry back: any consumer may claim it at once. The delivery does not count. */
  readonly release: Effect.Effect<void>
}

/** Why a reader gives an entry up. */
class GivenUp {
  readonly _tag: string
  constructor(reason: string) {
    this._tag = reason
  }
}

export const consumedEntries = <T>(
  redis: PrimaryClient,
  definition: Pick<Definition<T>, "codec" | "key" | "label">,
  settings: ConsumerSettings,
  hasStopTimeout: boolean
): Stream.Stream<UnacknowledgedEntry<T>, RedisError> =>
  Stream.callback<{ readonly item: UnacknowledgedEntry<T>; readonly delivery: Delivery }, RedisError>((queue) => {
    // A reader that has gone acknowledges nothing more.
    const of = hasStopTimeout ? settings : { ...settings, stopMillis: 0 }
    const ended = Deferred.makeUnsafe<void>()
    return consumeWith<T, GivenUp | Released, never>(redis, definition, of, (entry, delivery) => {
      const outcome = Deferred.makeUnsafe<void, GivenUp | Released>()
      const acknowledged = Deferred.makeUnsafe<void>()
      delivery.isUnseen = true
      delivery.onAcknowledged = () => Deferred.doneUnsafe(acknowledged, Effect.void)
      const afterEnd = Effect.andThen(
        Deferred.await(ended),
        redis.run(Command.repeatable(xack(definition.key, settings.group, entry.id)))
      )
      const ack = Effect.suspend((): Effect.Effect<void, RedisError> => {
        Deferred.doneUnsafe(outcome, Effect.void)
        return Effect.raceFirst(Deferred.await(acknowledged), Effect.asVoid(afterEnd))
      })
      const item: UnacknowledgedEntry<T> = {
        ...entry,
        ack,
        fail: (reason) =>
          Effect.sync(() => void Deferred.doneUnsafe(outcome, Effect.fail(new GivenUp(reason ?? "Failed")))),
        release: Effect.sync(() => void Deferred.doneUnsafe(outcome, Effect.fail(new Released())))
      }
      return Effect.andThen(Queue.offer(queue, { item, delivery }), Deferred.await(outcome))
    }).pipe(
      Effect.onExit(() => Effect.sync(() => Deferred.doneUnsafe(ended, Effect.void))),
      Effect.catchCause((cause) => Queue.failCause(queue, cause))
    )
  }, { bufferSize: settings.concurrency }).pipe(
    // One at a time: what is in a chunk that the reader has not begun, it has not seen.
    Stream.rechunk(1),
    Stream.map(({ delivery, item }) => {
      delivery.isUnseen = false
      return item
    })
  )
