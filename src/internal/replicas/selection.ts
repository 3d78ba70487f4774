/**
 * Which of several replicas a read goes to, and how far behind they are. Pure
 * functions; what is measured comes from replicaNode.ts.
 */
import * as Duration from "effect/Duration"
import type { Candidate, MaxLag, ReplicaSelection } from "../../Options.ts"

/**
 * Chooses one of the candidates, of which there is at least one. `turn` grows by one with each
 * choice; `random` gives numbers from 0 to 1.
 *
 * @since 0.1.0
 * @category choosing
 */
export const chooseReplica = <C extends Candidate>(
  replicaSelection: ReplicaSelection,
  candidates: ReadonlyArray<C>,
  turn: number,
  random: () => number
): C => {
  const inTurn = (list: ReadonlyArray<C>): C => list[turn % list.length]!
  const least = (f: (candidate: C) => number): C => {
    const best = Math.min(...candidates.map(f))
    const list = candidates.filter((c) => f(c) === best)
    return list.length === 0 ? inTurn(candidates) : inTurn(list)
  }
  if (typeof replicaSelection === "function") {
    let chosen: Candidate | undefined
    try {
      // A copy: the function may change the list.
      chosen = replicaSelection(candidates.slice())
    } catch {
      // A user's function that throws does not make the read fail.
    }
    return candidates.find((c) => c === chosen) ?? inTurn(candidates)
  }
  if (typeof replicaSelection === "object") {
    for (const label of replicaSelection.prefer) {
      const list = candidates.filter((c) => c.label === label)
      if (list.length > 0) return inTurn(list)
    }
    return inTurn(candidates)
  }
  switch (replicaSelection) {
    case "random":
      return candidates[Math.min(candidates.length - 1, Math.floor(random() * candidates.length))]!
    case "latency":
      // Replicas without a measurement are tried.
      return least((c) => c.latencyMillis ?? 0)
    case "lag":
      return least((c) => -(c.offset ?? 0))
    case "sticky":
      return candidates[0]!
    case "round-robin":
      return inTurn(candidates)
  }
}

/**
 * Whether a replica is within the allowed lag. Without a measurement it is not.
 *
 * @since 0.1.0
 * @category choosing
 */
export const isWithinLag = (candidate: Candidate, maxLag: MaxLag | undefined): boolean => {
  if (maxLag === undefined) return true
  if (maxLag.bytes !== undefined && !(candidate.lagBytes !== undefined && candidate.lagBytes <= maxLag.bytes)) {
    return false
  }
  if (maxLag.time === undefined) return true
  const millis = Duration.toMillis(Duration.fromInputUnsafe(maxLag.time))
  return candidate.lagMillis !== undefined && candidate.lagMillis <= millis
}

/**
 * The primary's offsets over time, for the lag of replicas in time.
 *
 * @since 0.1.0
 * @category models
 */
export class OffsetHistory {
  private readonly entries: Array<{ readonly at: number; readonly offset: number }> = []

  /** The primary had that offset at that time. */
  add(at: number, offset: number): void {
    const last = this.entries[this.entries.length - 1]
    // Another primary may have less than the one before.
    if (last !== undefined && offset < last.offset) this.entries.length = 0
    this.entries.push({ at, offset })
    if (this.entries.length > 600) this.entries.shift()
  }

  get last(): number | undefined {
    return this.entries[this.entries.length - 1]?.offset
  }

  /** Since when the primary has had more than that offset, as a time before now; undefined if unknown. */
  lagMillis(offset: number, now: number): number | undefined {
    for (let i = this.entries.length - 1; i >= 0; i--) {
      const entry = this.entries[i]!
      if (entry.offset <= offset) return i === this.entries.length - 1 ? 0 : Math.max(0, now - entry.at)
    }
    return undefined
  }
}
