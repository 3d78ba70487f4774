/**
 * What `watch --json` prints: a JSON object on each line, for what happens, for the state, and for the end. Pure.
 */
import * as Address from "../Address.ts"
import type { Entry, NodeSight, Recording } from "../internal/watching/recording.ts"
import { standingsOf } from "../internal/watching/standing.ts"

/** Something that happened. Times are milliseconds since the Unix epoch. */
export const entryLine = ({ at, from, kind, node, text }: Entry): string =>
  JSON.stringify({ schema: 1, type: "entry", at, kind, text, node: node ?? null, from })

const nodeOf = (sight: NodeSight | undefined) => ({
  isReachable: sight?.isReachable ?? null,
  says: sight?.role ?? "unknown",
  clients: sight?.clients ?? null,
  version: sight?.version ?? null
})

/** The state of the group: what the client has decided, and what each node and each sentinel says. */
export const stateLine = (recording: Recording, now: number): string => {
  const { primary, probe, state } = recording
  const ofPrimary = primary === undefined ? undefined : recording.nodes.get(primary)
  return JSON.stringify({
    schema: 1,
    type: "state",
    at: now,
    group: recording.options.group,
    primary: primary === undefined
      ? null
      : { address: primary, ...nodeOf(ofPrimary), writesPerSecond: ofPrimary?.writesPerSecond ?? null },
    epoch: state?.epoch ?? null,
    isProvisional: state?.isProvisional ?? false,
    isIsolated: state?.isIsolated ?? false,
    fence: state?.fence === undefined
      ? null
      : { since: state.fence.since, sign: state.fence.sign, from: state.fence.from },
    replicas: (state?.replicas ?? []).map((replica) => {
      const address = Address.format(replica.address)
      const sight = recording.nodes.get(address)
      return {
        address,
        ...nodeOf(sight),
        isHealthy: replica.isHealthy,
        isLinkUp: sight?.isLinkUp ?? replica.isLinkUp,
        lagBytes: recording.lagOf(address) ?? null
      }
    }),
    sentinels: standingsOf(recording).map(({ address, epoch, kind, names, problem }) => ({
      address,
      standing: kind,
      names: names ?? null,
      epoch: epoch ?? null,
      problem: problem ?? null
    })),
    probe: probe === undefined
      ? null
      : { acknowledged: probe.acknowledged, failed: probe.failed, ambiguous: probe.ambiguous, lost: probe.lost }
  })
}

/** The end, unless a signal comes before it. */
export const endLine = (recording: Recording, endedAt: number, exitCode: number): string =>
  JSON.stringify({
    schema: 1,
    type: "end",
    at: endedAt,
    exitCode,
    group: recording.options.group,
    failovers: recording.movesSeen,
    longestFenceMillis: recording.longestFenceMillis(endedAt),
    longestPauseMillis: recording.probe === undefined
      ? null
      : recording.longestPauseMillis,
    lost: recording.probe === undefined ? null : recording.probe.lost
  })
