/**
 * How each sentinel stands to the group: by what it says itself, and by what the client gets of it. Pure.
 */
import * as Address from "../../Address.ts"
import type { SentinelState } from "../../Topology.ts"
import type { Recording } from "./recording.ts"

/**
 * - `unknown`: it has not been asked yet, or does not say who the primary is
 * - `silent`: it does not answer
 * - `not-monitoring`: it answers, and does not monitor the group
 * - `disagrees`: it names another primary than the client has
 * - `agrees`: it monitors the group, and names the primary, if there is one
 */
export type StandingKind = "unknown" | "silent" | "not-monitoring" | "disagrees" | "agrees"

/** How one sentinel stands to the group now. */
export interface Standing {
  readonly address: string
  readonly kind: StandingKind
  /** What is wrong, in words; undefined where nothing is. */
  readonly problem: string | undefined
  /** Since when it has not answered; undefined where it answers, or never has. */
  readonly silentSince: number | undefined
  /** The primary that it names, and the configuration epoch. */
  readonly names: string | undefined
  readonly epoch: number | undefined
  /** How old its messages are when they arrive, in milliseconds; undefined while the client does not reach it. */
  readonly distanceMillis: number | undefined
}

const standingOf = (recording: Recording, sentinel: SentinelState): Standing => {
  const address = Address.format(sentinel.address)
  const sight = recording.sentinels.get(address)
  const standing = (kind: StandingKind, problem?: string): Standing => ({
    address,
    kind,
    problem,
    silentSince: kind === "silent" ? sight?.answeredAt : undefined,
    names: kind === "silent" || kind === "not-monitoring" ? undefined : sight?.names,
    epoch: kind === "silent" || kind === "not-monitoring" ? undefined : sight?.epoch ?? sentinel.epoch,
    distanceMillis: sentinel.isReachable === true && kind !== "silent" ? sentinel.distanceMillis : undefined
  })
  if (sight === undefined || sight.isReachable === undefined) {
    return sentinel.isReachable === false ? standing("silent", "no answer") : standing("unknown", "not asked yet")
  }
  if (!sight.isReachable) {
    const { problem } = sight
    return standing("silent", problem === undefined || problem === "no answer in time" ? "no answer" : problem)
  }
  if (sight.isMonitoring === false) return standing("not-monitoring", `does not monitor ${recording.options.group}`)
  if (recording.namesAnother(sight)) return standing("disagrees", `names ${sight.names}`)
  if (sight.problem !== undefined) return standing("unknown", sight.problem)
  if (sentinel.isReachable === false) return standing("agrees", "answers, and sends no events")
  return standing("agrees", sentinel.isSubscribed === false ? "denies SUBSCRIBE" : undefined)
}

/** How each of the sentinels stands to the group, in the order of their addresses. */
export const standingsOf = (recording: Recording): ReadonlyArray<Standing> =>
  (recording.state?.sentinels ?? []).map((sentinel) => standingOf(recording, sentinel))

/** Whether so many sentinels do not monitor the group that the others are no majority: nobody would fail it over. */
export const isUnmonitored = (standings: ReadonlyArray<Standing>): boolean => {
  const left = standings.filter(({ kind }) => kind !== "not-monitoring").length
  return standings.length > 0 && left * 2 <= standings.length
}

/** How many sentinels monitor the group, and whether they agree, in words: `2 of 3 sentinels monitor it`. */
export const standingText = (standings: ReadonlyArray<Standing>): string => {
  if (standings.length === 0) return "no sentinel is known"
  const countOf = (...kinds: ReadonlyArray<StandingKind>): number =>
    standings.filter(({ kind }) => kinds.includes(kind)).length
  const disagreeing = countOf("disagrees")
  const without: ReadonlyArray<readonly [number, string]> = [
    [countOf("silent"), "without an answer"],
    [countOf("not-monitoring"), countOf("not-monitoring") === 1 ? "does not" : "do not"],
    [disagreeing, disagreeing === 1 ? "of them names another primary" : "of them name another primary"],
    [countOf("unknown"), "unknown"]
  ]
  const exceptions = without.filter(([count]) => count > 0).map(([count, text]) => `${count} ${text}`)
  return `${countOf("agrees", "disagrees")} of ${standings.length} sentinels monitor it${
    exceptions.length === 0 ? "" : ` (${exceptions.join(", ")})`
  }`
}
