/** What scenes of several families expect. */
import * as Duration from "effect/Duration"

/** A moment that is far away, with a whole second. */
export const moment = new Date(2_000_000_000_000)

/** Whether a duration is at most so long, and not much shorter. */
export const about = (duration: Duration.Duration | null, most: Duration.Input): boolean =>
  duration !== null && Duration.toMillis(duration) <= Duration.toMillis(Duration.fromInputUnsafe(most)) &&
  Duration.toMillis(duration) > Duration.toMillis(Duration.fromInputUnsafe(most)) - 20_000

/** Whether an array has exactly these elements, in any order. */
export const sameElements = (array: ReadonlyArray<unknown>, ...expected: ReadonlyArray<unknown>): boolean =>
  JSON.stringify(array.map((e) => JSON.stringify(e)).sort()) ===
    JSON.stringify(expected.map((e) => JSON.stringify(e)).sort())
