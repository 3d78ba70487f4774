/**
 * Which replicas a group has, by the word of all sentinels that answered. Pure:
 * who asks them, and who believes what, is not said here.
 */
import * as Address from "../../Address.ts"
import type { Replica } from "../../Topology.ts"
import type { SeenReplica } from "./types.ts"

/** A replica, as the sentinels that list it see it together. */
export interface Listed extends Omit<Replica, "label"> {
  /** Whether most of them reach it, whatever link it has to its primary. */
  readonly isUp: boolean
  /** How many list it. */
  readonly votes: number
}

/** So that a lying sentinel cannot grow the list without bound. */
export const maxReplicas = 256

/**
 * One list of all lists. An empty one does not count against the others, nor
 * does what only one says count for more than what most say: it comes last.
 */
export const merge = (
  views: ReadonlyArray<{ readonly replicas: ReadonlyArray<SeenReplica> | undefined }>
): ReadonlyArray<Listed> => {
  const found = new Map<string, Array<SeenReplica>>()
  for (const view of views) {
    for (const replica of view.replicas ?? []) {
      const shown = Address.format(replica.address)
      const list = found.get(shown)
      if (list === undefined) found.set(shown, [replica])
      else list.push(replica)
    }
  }
  const all = Array.from(found.values(), (seen): Listed => {
    const down = seen.filter(({ instance: i }) =>
      i.isSubjectivelyDown || i.isObjectivelyDown || i.isDisconnected
    ).length
    // The one who asked last knows best how far it is.
    const best = seen.reduce((a, b) => b.instance.offset > a.instance.offset ? b : a)
    const isLinkUp = seen.some((s) => s.instance.isLinkUp)
    const isUp = down * 2 <= seen.length && down < seen.length
    return {
      address: best.address,
      flags: best.instance.flags,
      isUp,
      isHealthy: isUp && isLinkUp,
      isLinkUp,
      offset: best.instance.offset,
      priority: best.instance.priority,
      votes: seen.length
    }
  })
  return all.length <= maxReplicas ? all : all.toSorted((a, b) => b.votes - a.votes).slice(0, maxReplicas)
}

const rank = ({ isHealthy, isUp }: { readonly isHealthy: boolean; readonly isUp: boolean }): number =>
  isHealthy ? 0 : isUp ? 1 : 2

/**
 * In what order replicas are tried: those that are up and linked, those that
 * are up, the others; in each, those that more sentinels list; and among equals
 * each in its turn.
 */
export const inOrder = <
  R extends { readonly isHealthy: boolean; readonly isUp: boolean; readonly votes: number }
>(list: ReadonlyArray<R>, turn: number): ReadonlyArray<R> => {
  const rotated = list.map((_, i) => list[(turn + i) % list.length]!)
  return rotated.sort((a, b) => rank(a) - rank(b) || b.votes - a.votes)
}
