/**
 * Asks all sentinels for a group's replicas.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Address from "../../Address.ts"
import type { ReplicaNotFound } from "../../Errors.ts"
import { unreportedReplica } from "./fixed.ts"
import * as Listing from "./listing.ts"
import type { Discovery, View } from "./types.ts"

/** How long the other sentinels are waited for once one has given replicas, in milliseconds. */
const listingMillis = 100

/**
 * Asks all sentinels for a group's replicas, and gives what those listed that
 * answered, 100 milliseconds after the first of them at the latest. Who knows
 * replicas from before waits for 50 milliseconds at most, and 10 after the first.
 *
 * @since 0.1.0
 * @category combinators
 */
export const askReplicas = (
  discovery: Discovery,
  group: string,
  isKnown = false
): Effect.Effect<{ readonly listed: ReadonlyArray<Listing.Listed> }, ReplicaNotFound> =>
  Effect.suspend(() => {
    const views: Array<View> = []
    const first = Deferred.makeUnsafe<void>()
    return Effect.raceAllFirst([
      discovery.survey(group, (view) => {
        views.push(view)
        if (view.replicas !== undefined && view.replicas.length > 0) Deferred.doneUnsafe(first, Exit.void)
      }),
      Effect.andThen(Deferred.await(first), Effect.sleep(isKnown ? listingMillis / 10 : listingMillis)),
      isKnown ? Effect.sleep(listingMillis / 2) : Effect.never
    ]).pipe(
      Effect.andThen(Effect.suspend(() => {
        if (!views.some((v) => v.replicas !== undefined)) {
          if (isKnown) return Effect.succeed<ReadonlyArray<Listing.Listed>>([])
          // Why they have nothing to say.
          return Effect.map(
            discovery.replicas(group),
            ({ value }) => Listing.merge([{ replicas: value.map((address) => unreportedReplica(address)) }])
          )
        }
        const newest = views.reduce((a, b) => b.epoch > a.epoch ? b : a)
        return Effect.succeed(Listing.merge(views).filter((r) => !Address.equals(r.address, newest.primary)))
      })),
      Effect.map((listed) => ({ listed }))
    )
  })
