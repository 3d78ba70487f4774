/**
 * Keeps a probe writing while a group is watched: begins it as soon as the primary accepts a write, and reads its values
 * back each time the group has moved.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import type { InvalidOption } from "../../Errors.ts"
import type { NodeOptions } from "../../Options.ts"
import type * as Sentinel from "../../Sentinel.ts"
import type { Topology } from "../../Topology.ts"
import { briefly } from "./nodes.ts"
import { until } from "./observe.ts"
import { makeProbe, ownKey } from "./probe.ts"
import type { Recording } from "./recording.ts"

export interface ProbingOptions {
  readonly node: NodeOptions
  readonly key: string | undefined
  readonly everyMillis: number
}

/** A write of the probe waits this long at most; then it counts as failed. */
const writeTimeout = Duration.seconds(30)
/** How long a probe that could not begin waits. */
const beginAgain = Duration.seconds(5)
/** How long after the first write at a new primary the values are read back: what is lost there is lost by then. */
const readBackAfter = Duration.millis(200)

/** Probes a group until it is interrupted. */
export const probing = (
  sentinel: Sentinel.Service,
  topology: Topology,
  recording: Recording,
  options: ProbingOptions
): Effect.Effect<never, InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const client = yield* sentinel.primaryFor(recording.options.group, {
      commandTimeout: writeTimeout,
      repeatable: false
    })
    const key = options.key ?? (yield* ownKey)
    const probe = yield* makeProbe(client, recording, { key, everyMillis: options.everyMillis }).pipe(
      Effect.tapError((error) => Effect.sync(() => recording.note({ kind: "problem", text: error.message }))),
      Effect.retry(Schedule.spaced(beginAgain)),
      // It is retried for ever.
      Effect.orDie
    )
    let checked = recording.movesSeen
    const readBack = Effect.gen(function*() {
      yield* until(recording, () => recording.movesSeen > checked && recording.movesWritten === recording.movesSeen)
      checked = recording.movesSeen
      yield* probe.keepAlive()
      yield* Effect.sleep(readBackAfter)
      const { primary } = yield* topology.current
      if (primary === undefined) return
      const name = Address.format(primary)
      yield* probe.readBack(primary, name, options.node).pipe(
        Effect.catch((error) =>
          Effect.sync(() => {
            const text = `what the probe wrote cannot be read back from ${name}: ${briefly(error)}`
            recording.note({ kind: "problem", text, node: name })
          })
        )
      )
    })
    yield* Effect.forkScoped(Effect.forever(readBack))
    yield* probe.write
    return yield* Effect.never
  })
