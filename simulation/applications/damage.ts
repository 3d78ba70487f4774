/**
 * Streams of entries and elements whose request was changed in transit: the server refuses what it gets, and the library
 * cannot know that it has sent something else. An application begins again then.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Party, Stage } from "../History.ts"

/** Whether a request has all words of a command's name. */
export const isCalled = (words: ReadonlyArray<string>, name: string): boolean =>
  name.split(" ").every((word) => words.includes(word))

/** How long an application waits before it begins again, in milliseconds. */
const pause = 100

/** Whether a stream failed with an error of a server that got something else than the client has sent. */
const isOfDamage = (
  stage: Pick<Stage, "isDamaged">,
  party: Pick<Party, "name">,
  cause: Cause.Cause<unknown>
): boolean => {
  const error = Cause.findErrorOption(cause)
  if (error._tag === "None" || Cause.hasDies(cause)) return false
  const { _tag, command } = error.value as { readonly _tag?: unknown; readonly command?: unknown }
  return _tag === "ReplyError" && typeof command === "string" && stage.isDamaged(party.name, command)
}

/** Runs what should not end by itself, and begins again if a request was damaged. Any other end is complained about. */
export const goingOn = <E, R>(
  stage: Pick<Stage, "isDamaged" | "complain">,
  party: Pick<Party, "name">,
  who: string,
  effect: Effect.Effect<unknown, E, R>
): Effect.Effect<void, never, R> =>
  Effect.matchCauseEffect(effect, {
    onSuccess: () => Effect.sync(() => stage.complain(`${who} ended by itself without an error`)),
    onFailure: (cause) => {
      if (isOfDamage(stage, party, cause)) {
        return Effect.andThen(Effect.sleep(pause), goingOn(stage, party, who, effect))
      }
      return Effect.sync(() => stage.complain(`${who} ended by itself: ${String(cause)}`))
    }
  })
