/**
 * Asks all sentinels for a group's replicas, and combines their lists. How lists are
 * combined is in replicaLists.ts.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Address from "../../Address.ts"
import type { ReplicaNotFound } from "../../Errors.ts"
import { fixedReplica } from "./fixedDiscovery.ts"
import { type ListedReplica, mergeReplicas } from "./replicaLists.ts"
import type { Discovery, GroupView } from "./types.ts"

/** How long the other sentinels are waited for once one has listed replicas. */
const othersTimeout = Duration.millis(100)
/** The same where replicas are known from before, and the limit for the whole question there. */
const othersTimeoutIfKnown = Duration.millis(10)
const timeoutIfKnown = Duration.millis(50)

/**
 * The replicas that the sentinels list, of those that answer in time: up to 100
 * milliseconds after the first one of them. If replicas are known from before (`isKnown`), up to
 * 10 milliseconds after the first one and 50 milliseconds in all.
 *
 * @since 0.1.0
 * @category combinators
 */
export const surveyReplicas = (
  discovery: Discovery,
  group: string,
  isKnown = false
): Effect.Effect<{ readonly listed: ReadonlyArray<ListedReplica> }, ReplicaNotFound> =>
  Effect.suspend(() => {
    const views: Array<GroupView> = []
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
          if (isKnown) return Effect.succeed<ReadonlyArray<ListedReplica>>([])
          // No sentinel gave a list: this question fails with the reason.
          return Effect.map(
            discovery.locateReplicas(group),
            ({ value }) => mergeReplicas([{ replicas: value.map((address) => fixedReplica(address)) }])
          )
        }
        const newest = views.reduce((a, b) => b.epoch > a.epoch ? b : a)
        return Effect.succeed(mergeReplicas(views).filter(({ address }) => !Address.equals(address, newest.primary)))
      })),
      Effect.map((listed) => ({ listed }))
    )
  })
