/**
 * Notices that no server answers, for what does its last commands and ends: it waits out a short outage or a failover,
 * and no long one.
 */
import * as Effect from "effect/Effect"
import type { PrimaryClient } from "../../Client.ts"
import { ping } from "../../commands/connection.ts"
import type { RedisError } from "../../Errors.ts"
import { monotonicMillis } from "../common/time.ts"

/** How long the last commands of a consumer or a worker that stops may take, in milliseconds. */
export const lastCommandsMillis = 5000
/** They are given up once the server has not answered for so long, in milliseconds: a short outage costs nothing. */
const silentMillis = 1000
/** How long a server that has been silent for longer may take to answer, in milliseconds. */
const answerMillis = 100

/** Ends once the server does not answer. `outSince` is when it began not to, in milliseconds, if that is known. */
export const silence = (
  { run }: Pick<PrimaryClient, "run">,
  outSince?: number | undefined
): Effect.Effect<void> => {
  const answer = (millis: number): Effect.Effect<void, RedisError> =>
    Effect.catchIf(
      Effect.asVoid(run(ping(), { timeout: `${millis} millis` })),
      ({ _tag }) => _tag === "ReplyError",
      () => Effect.void
    )
  return Effect.flatMap(monotonicMillis, (now) => {
    const first = outSince === undefined ? silentMillis : Math.max(answerMillis, outSince + silentMillis - now)
    const later = Effect.forever(Effect.andThen(Effect.sleep(answerMillis), answer(silentMillis)))
    return Effect.ignore(Effect.andThen(answer(first), later))
  })
}
