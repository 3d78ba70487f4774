/**
 * Moves entries to the stream of dead letters: adding the one and acknowledging the other are one transaction, so that
 * an entry is never in neither.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { PrimaryClient } from "../../Client.ts"
import type { Arg, Command, Key } from "../../Command.ts"
import { xack } from "../../commands/streamPendingEntries.ts"
import { xadd, xdel } from "../../commands/streams.ts"
import type { RedisError } from "../../Errors.ts"
import { failureName } from "../common/handlers.ts"
import type { ConsumerSettings } from "./consumerOptions.ts"
import type { Delivery } from "./deliveries.ts"

/** The longest reason, in characters. */
const longestReason = 1024

/** Why a handler failed, without what may be a secret in the messages of errors. */
export const reasonOf = (settings: ConsumerSettings, cause: Cause.Cause<unknown>): string => {
  try {
    const given: unknown = settings.deadLetter?.reason?.(cause)
    if (typeof given === "string") return given.slice(0, longestReason)
  } catch {
    // The default says enough.
  }
  return failureName(cause).slice(0, longestReason)
}

/**
 * Moves an entry, and gives the id of the dead letter; `null` if the reply was lost and the entry is not pending any
 * more, so that it was moved.
 */
export const moveToDeadLetters = (
  redis: PrimaryClient,
  key: Key,
  settings: ConsumerSettings,
  delivery: Pick<Delivery, "id" | "fields" | "deliveries">,
  reason: string
): Effect.Effect<string | null, RedisError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const { consumer, deadLetter, deletes, group } = settings
    const about: ReadonlyArray<readonly [string, Arg]> = [
      ["reason", reason],
      ["id", delivery.id],
      ["stream", key],
      ["group", group],
      ["consumer", consumer],
      ["deliveries", delivery.deliveries === Infinity ? "Infinity" : delivery.deliveries],
      ["time", now]
    ]
    const fields = [
      ...about.map(([name, value]) => [`dead-letter.${name}`, value] as const),
      ...delivery.fields
    ]
    const trim = deadLetter!.maxLength === undefined
      ? undefined
      : { strategy: "maxlen", threshold: deadLetter!.maxLength, approximate: true } as const
    const add: Command<string, "write"> = xadd(deadLetter!.key, "*", fields, { trim })
    const ack = xack(key, group, delivery.id)
    const move = Effect.map(
      redis.transaction(deletes ? [add, ack, xdel(key, delivery.id)] : [add, ack]),
      ([id]): string | null => id
    )
    return Effect.catchTag(move, "AmbiguousOutcome", (error) =>
      Effect.flatMap(
        redis.xpendingRange(key, group, delivery.id, delivery.id, 1),
        (pending) => pending.length === 0 ? Effect.succeed(null) : Effect.fail(error)
      ))
  })
