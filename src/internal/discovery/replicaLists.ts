/**
 * One list of a group's replicas from the lists of several sentinels, and the order
 * in which replicas are tried. Pure.
 */
import * as Address from "../../Address.ts"
import type { Replica } from "../../Topology.ts"
import type { ReportedReplica } from "./types.ts"

/** A replica, as the sentinels that list it see it. */
export interface ListedReplica extends Omit<Replica, "label"> {
  /** Whether at least half of them can reach it, and one at least. Says nothing about its link to the primary. */
  readonly isUp: boolean
  /** How many sentinels list it. */
  readonly votes: number
}

/** A limit for the lists of lying sentinels. */
export const maxReplicas = 256

/**
 * Merges the lists of several sentinels. An empty or missing list does not count
 * against the others. Beyond `maxReplicas`, the replicas that most sentinels list
 * are kept.
 */
export const mergeReplicas = (
  views: ReadonlyArray<{ readonly replicas: ReadonlyArray<ReportedReplica> | undefined }>
): ReadonlyArray<ListedReplica> => {
  const byAddress = new Map<string, Array<ReportedReplica>>()
  for (const view of views) {
    for (const replica of view.replicas ?? []) {
      const key = Address.format(replica.address)
      const list = byAddress.get(key)
      if (list === undefined) byAddress.set(key, [replica])
      else list.push(replica)
    }
  }
  const all = Array.from(byAddress.values(), (seen): ListedReplica => {
    const down = seen.filter(({ instance: i }) =>
      i.isSubjectivelyDown || i.isObjectivelyDown || i.isDisconnected
    ).length
    // The highest offset is the latest: it only grows.
    const latest = seen.reduce((a, b) => b.instance.offset > a.instance.offset ? b : a)
    const isLinkUp = seen.some((s) => s.instance.isLinkUp)
    const isUp = down * 2 <= seen.length && down < seen.length
    return {
      address: latest.address,
      flags: latest.instance.flags,
      isUp,
      isHealthy: isUp && isLinkUp,
      isLinkUp,
      offset: latest.instance.offset,
      priority: latest.instance.priority,
      votes: seen.length
    }
  })
  return all.length <= maxReplicas ? all : all.toSorted((a, b) => b.votes - a.votes).slice(0, maxReplicas)
}

const rank = ({ isHealthy, isUp }: { readonly isHealthy: boolean; readonly isUp: boolean }): number =>
  isHealthy ? 0 : isUp ? 1 : 2

/**
 * The order in which replicas are tried: first those that are up and linked to
 * their primary, then those that are up, then the others. Among these, those that
 * more sentinels list come first. Among equals, the list is rotated by `start`.
 */
export const replicasInOrder = <
  R extends { readonly isHealthy: boolean; readonly isUp: boolean; readonly votes: number }
>(list: ReadonlyArray<R>, start: number): ReadonlyArray<R> => {
  const rotated = list.map((_, i) => list[(start + i) % list.length]!)
  return rotated.sort((a, b) => rank(a) - rank(b) || b.votes - a.votes)
}
