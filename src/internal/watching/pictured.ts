/**
 * A recording and a report as what internal/pictures draws: a timeline, the topology, a page. Pure.
 */
import * as Address from "../../Address.ts"
import type {
  Block,
  Figure,
  Page,
  Timeline,
  TimelineCount,
  TimelineEvent,
  TimelineSpan,
  Tone,
  TopologyLink,
  TopologyNode,
  TopologyPicture,
  TopologyProblem,
  TopologySentinel
} from "../pictures/types.ts"
import { type FailoverReport, verdictOf } from "./failover.ts"
import type { Entry, NodeSight, Recording } from "./recording.ts"
import { isUnmonitored, standingsOf, standingText } from "./standing.ts"

// -----------------------------------------------------------------------------
// Timeline
// -----------------------------------------------------------------------------

/** Sentinels publish more than a picture has room for: the table of entries has the others. */
const drawnEvents =
  /^(?:[+-](?:sdown|odown|tilt) |\+(?:try-failover|elected-leader|selected-slave|promoted-slave|switch-master)|-failover-abort|\+failover-end )/

const isDrawn = ({ kind, text }: Entry): boolean =>
  kind === "sentinel" ? drawnEvents.test(`${text} `) : !/^(?:replica|primary) \S+(?:$|, epoch)/.test(text)

export interface TimelineRange {
  /** The moment 0 of the axis. */
  readonly zeroAt: number
  readonly fromAt: number
  readonly toAt: number
}

const clientLane = "this client"
const everybodyLane = "all writes"
const sentinelsLane = "sentinels"

const sameTime = <A extends { readonly at: number }>(list: ReadonlyArray<A>, { fromAt, toAt }: TimelineRange) =>
  list.filter(({ at }) => at >= fromAt && at <= toAt)

/** The timeline of a part of a recording. */
export const timelineOf = (recording: Recording, title: string, range: TimelineRange): Timeline => {
  const { bucketMillis } = recording.options
  const { fromAt, toAt, zeroAt } = range
  const after = (at: number): number => Math.round(at - zeroAt)
  const span = (
    kind: TimelineSpan["kind"],
    lane: string,
    from: number,
    to: number | undefined
  ): ReadonlyArray<TimelineSpan> =>
    from > toAt || (to !== undefined && to < fromAt) ? [] : [{
      fromMillis: after(Math.max(from, fromAt)),
      toMillis: to === undefined || to > toAt ? undefined : after(to),
      kind,
      lane
    }]
  const entries = sameTime(recording.entries, range).filter(isDrawn).toSorted((a, b) => a.at - b.at)
  const nodes = Array.from(
    new Set([
      ...recording.nodes.keys(),
      ...recording.moves.flatMap(({ from, to }) => [from, to]),
      ...recording.downs.map(({ node }) => node)
    ])
  ).sort()
  const laneOf = ({ kind, node, text }: Entry): string | undefined => {
    if (kind === "fault") return undefined
    if (kind === "sentinel" || text.startsWith("sentinel ")) return sentinelsLane
    // What a node says, and what is said of it; what a client does concerns a node as well.
    const isAboutNode = node !== undefined && nodes.includes(node) &&
      (text.startsWith(`${node} `) || text.startsWith(`replica ${node} `))
    return isAboutNode ? node : clientLane
  }
  const events = entries.map((entry): TimelineEvent => ({
    atMillis: after(entry.at),
    text: entry.text,
    kind: entry.kind,
    lane: laneOf(entry),
    node: entry.node ?? entry.from[0]
  }))
  const rates = recording.buckets.filter((bucket) =>
    bucket.rate !== undefined && bucket.at >= fromAt && bucket.at <= toAt
  )
  const writes = recording.probe === undefined
    ? []
    : recording.buckets.filter((bucket) =>
      bucket.at >= fromAt && bucket.at <= toAt && bucket.acknowledged + bucket.failed + bucket.lost > 0
    )
  const counts: ReadonlyArray<TimelineCount> = [
    ...writes.map(({ acknowledged, at, failed, lost }): TimelineCount => ({
      lane: clientLane,
      atMillis: after(at),
      forMillis: bucketMillis,
      acknowledged,
      failed,
      lost
    })),
    ...rates.map(({ at, rate }): TimelineCount => ({
      lane: everybodyLane,
      atMillis: after(at),
      forMillis: bucketMillis,
      acknowledged: Math.round((rate! * bucketMillis) / 1000),
      failed: 0,
      lost: 0
    }))
  ]
  const spans = [
    ...recording.fences.flatMap(({ from, to }) => span("fence", clientLane, from, to)),
    ...recording.pauses.flatMap(({ from, to }) => span("pause", clientLane, from, to)),
    ...recording.downs.flatMap(({ from, node, to }) => span("down", node, from, to))
  ]
  return {
    title,
    startMillis: zeroAt,
    fromMillis: after(fromAt),
    toMillis: after(toAt),
    lanes: [
      clientLaneOf(recording),
      ...(rates.length === 0 ? [] : [{ name: everybodyLane }]),
      { name: sentinelsLane },
      ...nodes.map((name) => ({ name, result: name === recording.primary ? "primary" : undefined }))
    ],
    events,
    spans,
    counts
  }
}

const clientLaneOf = (recording: Recording) => {
  if (recording.probe === undefined) return { name: clientLane }
  const { lost } = recording.probe
  const pause = recording.longestPauseMillis
  return {
    name: clientLane,
    result: `${lost} lost, longest pause ${pause} ms`,
    tone: lost === 0 ? "good" as const : "bad" as const
  }
}

// -----------------------------------------------------------------------------
// Topology
// -----------------------------------------------------------------------------

/** The group as it was seen last. */
export const topologyOf = (recording: Recording): TopologyPicture => {
  const { state } = recording
  const primary = recording.primary
  const replicas = state?.replicas ?? []
  const nodes: ReadonlyArray<TopologyNode> = [
    ...(primary === undefined ? [] : [nodeOf(recording, primary, "primary", [])]),
    ...replicas.map((replica) =>
      nodeOf(recording, Address.format(replica.address), "replica", [
        ...(replica.priority === 0 ? [{ text: "priority 0: never promoted", tone: "notice" as const }] : []),
        ...(replica.isHealthy ? [] : [{ text: "down for the sentinels", tone: "bad" as const }])
      ])
    )
  ]
  const standings = standingsOf(recording)
  const sentinels: ReadonlyArray<TopologySentinel> = standings.map((
    { address, distanceMillis, epoch, kind, problem }
  ) => ({
    address,
    isReachable: kind === "silent" ? false : kind === "unknown" ? undefined : true,
    facts: [
      ...(epoch === undefined ? [] : [`epoch ${epoch}`]),
      ...(distanceMillis === undefined ? [] : [`${distanceMillis} ms away`])
    ],
    problems: problem === undefined || problem === "no answer"
      ? []
      : [{ text: problem, tone: kind === "agrees" || kind === "unknown" ? "notice" : "bad" }]
  }))
  const drawn = new Set(nodes.map(({ address }) => address))
  const links = replicas.flatMap((replica): ReadonlyArray<TopologyLink> => {
    const to = Address.format(replica.address)
    const sight = recording.nodes.get(to)
    const from = sight?.follows !== undefined && recording.nodes.has(sight.follows) ? sight.follows : primary
    if (from === undefined || from === to) return []
    const isUp = sight?.isLinkUp ?? replica.isLinkUp
    return [{ from, to, kind: "replication", tone: isUp ? "good" : "bad", text: isUp ? undefined : "link down" }]
  })
  return {
    group: recording.options.group,
    epoch: state?.epoch,
    fence: state?.fence === undefined ? undefined : `closed: ${state.fence.sign}`,
    nodes,
    sentinels,
    links: [
      ...links,
      ...standings.flatMap(({ address, kind, names }): ReadonlyArray<TopologyLink> => {
        // One that agrees may name it by another address.
        const to = kind === "agrees" ? primary : kind === "disagrees" ? names : undefined
        return to === undefined || !drawn.has(to) ? [] : [{ from: address, to, kind: "names" }]
      })
    ]
  }
}

const nodeOf = (
  recording: Recording,
  address: string,
  role: "primary" | "replica",
  problems: ReadonlyArray<TopologyProblem>
): TopologyNode => {
  const sight: NodeSight | undefined = recording.nodes.get(address)
  return {
    address,
    role,
    isReachable: sight?.isReachable,
    lagBytes: recording.lagOf(address),
    facts: [
      ...(sight?.version === undefined ? [] : [sight.version]),
      ...(sight?.clients === undefined ? [] : [`${sight.clients} ${sight.clients === 1 ? "client" : "clients"}`]),
      ...(role === "primary" && sight?.writesPerSecond !== undefined
        ? [`${Math.round(sight.writesPerSecond)} writes/s`]
        : [])
    ],
    problems: [
      ...problems,
      ...(sight?.isReachable === false ? [{ text: sight.problem ?? "no answer", tone: "bad" as const }] : []),
      ...(sight?.isReachable === true && sight.role !== "unknown" && sight.role !== role
        ? [{ text: `says it is a ${sight.role}`, tone: "bad" as const }]
        : []),
      ...(sight?.isLinkUp === false ? [{ text: "replication link down", tone: "bad" as const }] : [])
    ]
  }
}

// -----------------------------------------------------------------------------
// Pages
// -----------------------------------------------------------------------------

const maxRows = 200

const entriesTable = (recording: Recording, zeroAt: number, caption: string): Block => ({
  _tag: "Table",
  table: {
    caption,
    columns: [{ name: "Milliseconds", isNumber: true }, { name: "What" }, { name: "From" }],
    rows: recording.entries.toSorted((a, b) => a.at - b.at).slice(-maxRows).map(({ at, from, text }) => [
      String(Math.round(at - zeroAt)),
      text,
      from.join(", ")
    ])
  }
})

/** What a page of `watch` covers at most. */
const pageMillis = 10 * 60_000

/** The page of what was watched. */
export const watchPage = (recording: Recording, endedAt: number, made: string): Page => {
  const { group, startedAt } = recording.options
  const fromAt = Math.max(startedAt, endedAt - pageMillis)
  const longestFence = recording.longestFenceMillis(endedAt)
  const longestPause = recording.longestPauseMillis
  const lost = recording.probe?.lost ?? 0
  const moves = recording.movesSeen
  const figures: ReadonlyArray<Figure> = [
    { value: String(moves), label: moves === 1 ? "failover" : "failovers" },
    { value: `${longestFence} ms`, label: "longest time with the fence closed" },
    ...(recording.probe === undefined ? [] : [
      { value: `${longestPause} ms`, label: "longest pause of the probe" },
      {
        value: String(lost),
        label: "acknowledged writes lost",
        tone: lost === 0 ? "good" as const : "bad" as const
      }
    ])
  ]
  const standings = standingsOf(recording)
  const hasProblem = standings.some(({ problem }) => problem !== undefined)
  const tone: Tone = lost > 0 || recording.primary === undefined || isUnmonitored(standings)
    ? "bad"
    : moves > 0 || hasProblem
    ? "notice"
    : "good"
  const primary = recording.primary === undefined ? "no primary was known" : `${recording.primary} was the primary`
  return {
    title: `${group}, watched`,
    summary: `${moves} ${moves === 1 ? "failover" : "failovers"} in ${
      Math.round((endedAt - startedAt) / 1000)
    } s; in the end ${primary}${hasProblem || standings.length === 0 ? `, and ${standingText(standings)}` : ""}.`,
    tone,
    made,
    blocks: [
      { _tag: "Figures", figures },
      {
        _tag: "Timeline",
        timeline: timelineOf(recording, `What happened to ${group}`, { zeroAt: fromAt, fromAt, toAt: endedAt })
      },
      { _tag: "Topology", topology: topologyOf(recording) },
      entriesTable(recording, fromAt, "Everything that was seen")
    ]
  }
}

/** How much of the time around a failover its page shows. */
const leadMillis = 500
const afterMillis = 1500

/** The page of a planned failover. */
export const failoverPage = (recording: Recording, report: FailoverReport, endedAt: number, made: string): Page => {
  const { group } = recording.options
  const { askedAt, firstWriteAt, movedTo, pause, plan, readBack, written } = report
  const verdict = verdictOf(report)
  const lost = readBack?.missing.length
  const fence = report.fences.reduce((sum, { from, to }) => sum + (to ?? endedAt) - from, 0)
  const toAt = Math.min(endedAt, firstWriteAt === undefined ? endedAt : firstWriteAt + afterMillis)
  return {
    title: `Planned failover of ${group}`,
    summary: summaryOf(report),
    tone: verdict === "moved" ? "good" : verdict === "lost" ? "bad" : "notice",
    made,
    blocks: [
      {
        _tag: "Figures",
        figures: [
          {
            value: lost === undefined ? "unknown" : String(lost),
            label: "acknowledged writes lost",
            tone: lost === 0 ? "good" : "bad"
          },
          { value: `${pause.to - pause.from} ms`, label: "longest pause between writes" },
          { value: `${fence} ms`, label: "fence closed" },
          { value: String(written.acknowledged), label: "writes acknowledged" }
        ]
      },
      {
        _tag: "Timeline",
        timeline: timelineOf(
          recording,
          movedTo === undefined ? `${group} did not move` : `${group} moves from ${plan.primary} to ${movedTo}`,
          { zeroAt: askedAt, fromAt: askedAt - leadMillis, toAt }
        )
      },
      { _tag: "Topology", topology: topologyOf(recording) },
      entriesTable(recording, askedAt, "Everything that was seen")
    ]
  }
}

/** What a report says, in one sentence. */
export const summaryOf = (report: FailoverReport): string => {
  const { moveCount, movedTo, plan, readBack, readBackProblem } = report
  const moved = moveCount > 1
    ? `The primary moved from ${plan.primary}, ${moveCount} times, in the end to ${movedTo}: another failover followed.`
    : `The primary moved from ${plan.primary} to ${movedTo}.`
  const missing = readBack?.missing.length ?? 0
  switch (verdictOf(report)) {
    case "moved":
      return `${moved} No acknowledged write of the probe was lost.`
    case "lost":
      return `${moved} ${missing} acknowledged ${missing === 1 ? "write" : "writes"} of the probe ${
        missing === 1 ? "is" : "are"
      } missing there.`
    case "unverified":
      return `${moved} What was written could not be read back (${readBackProblem ?? "unknown"}).`
    case "not-moved":
      return `The failover was ${
        report.request === "unknown" ? "asked for, without an answer" : "started"
      }, but ${plan.primary} is still the primary.`
  }
}
