/**
 * Asks all sentinels for a group's replicas, and combines their lists. How lists are
 * combined is in listing.ts.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Address from "../../Address.ts"
import type { ReplicaNotFound } from "../../Errors.ts"
import { unreportedReplica } from "./fixed.ts"
import * as Listing from "./listing.ts"
import type { Discovery, View } from "./types.ts"

/** How long the other sentinels are waited for once one has listed replicas. */
const othersTimeout = Duration.millis(100)
/** The same where replicas are known from before, and the limit for the whole question there. */
const othersTimeoutIfKnown = Duration.millis(10)
const timeoutIfKnown = Duration.millis(50)

/**
 * The replicas that the sentinels list who answer in time: up to 100 milliseconds
 * after the first one of them. If replicas are known from before (`isKnown`), up to
 * 10 milliseconds after the first one and 50 milliseconds in all.
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
    const firstList = Deferred.makeUnsafe<void>()
    return Effect.raceAllFirst([
      discovery.survey(group, (view) => {
        views.push(view)
        if (view.replicas !== undefined && view.replicas.length > 0) Deferred.doneUnsafe(firstList, Exit.void)
      }),
      Effect.andThen(Deferred.await(firstList), Effect.sleep(isKnown ? othersTimeoutIfKnown : othersTimeout)),
      isKnown ? Effect.sleep(timeoutIfKnown) : Effect.never
    ]).pipe(
      Effect.andThen(Effect.suspend(() => {
        if (!views.some((view) => view.replicas !== undefined)) {
          if (isKnown) return Effect.succeed<ReadonlyArray<Listing.Listed>>([])
          // No sentinel gave a list: this question fails with the reason.
          return Effect.map(
            discovery.replicas(group),
            ({ value }) => Listing.merge([{ replicas: value.map((address) => unreportedReplica(address)) }])
          )
        }
        const newest = views.reduce((a, b) => b.epoch > a.epoch ? b : a)
        return Effect.succeed(Listing.merge(views).filter(({ address }) => !Address.equals(address, newest.primary)))
      })),
      Effect.map((listed) => ({ listed }))
    )
  })
