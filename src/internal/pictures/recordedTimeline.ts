/**
 * A timeline as it is drawn: checked and bounded, in the order of time, with the moments at which its axis begins and ends,
 * and what it says in words and as tables. It draws nothing.
 */
import { clean, shownCount, shownMillis } from "./text.ts"
import type {
  Lane,
  Table,
  Timeline,
  TimelineCount,
  TimelineEvent,
  TimelineEventKind,
  TimelineSpan,
  TimelineSpanKind
} from "./types.ts"

/** More are left out of the picture, which says so. */
const most = { lanes: 24, events: 60, spans: 120, counts: 20_000 }

export const spanWords: Readonly<Record<TimelineSpanKind, string>> = {
  failover: "failover",
  fence: "fence",
  pause: "no writes",
  down: "down"
}

export const eventWords: Readonly<Record<TimelineEventKind, string>> = {
  fault: "fault",
  sentinel: "sentinel",
  node: "node",
  client: "client",
  write: "write",
  problem: "problem"
}

export interface DrawnSpan extends TimelineSpan {
  readonly toMillis: number
  readonly lasts: boolean
  readonly label: string
}

export interface DrawnLane extends Lane {
  readonly events: ReadonlyArray<TimelineEvent>
  readonly spans: ReadonlyArray<DrawnSpan>
  readonly counts: ReadonlyArray<TimelineCount>
}

export interface DrawnTimeline {
  readonly title: string
  readonly description: string
  readonly from: number
  readonly to: number
  /** What concerns all. */
  readonly events: ReadonlyArray<TimelineEvent>
  readonly spans: ReadonlyArray<DrawnSpan>
  readonly lanes: ReadonlyArray<DrawnLane>
  /** When the moment 0 was: `2026-01-31 12:00:00.000 UTC`. */
  readonly start: string | undefined
  /** How many events, spans and lanes are too many for the picture. */
  readonly leftOut: number
}

const isTime = (value: number): boolean => Number.isFinite(value) && Math.abs(value) < 1e12

const atLeastZero = (value: number): number => Number.isFinite(value) && value > 0 ? value : 0

const sum = (list: ReadonlyArray<TimelineCount>, key: "acknowledged" | "failed" | "lost"): number =>
  list.reduce((total, count) => total + count[key], 0)

interface Checked {
  readonly lanes: ReadonlyArray<Lane>
  readonly events: ReadonlyArray<TimelineEvent>
  readonly spans: ReadonlyArray<TimelineSpan>
  readonly counts: ReadonlyArray<TimelineCount>
}

const checked = (timeline: Timeline): Checked => {
  const lanes = timeline.lanes.filter(({ name }, i) => timeline.lanes.findIndex((lane) => lane.name === name) === i)
  return {
    lanes,
    events: timeline.events.filter(({ atMillis }) => isTime(atMillis)).toSorted((a, b) => a.atMillis - b.atMillis),
    spans: timeline.spans
      .filter(({ fromMillis, toMillis }) =>
        isTime(fromMillis) && (toMillis === undefined || (isTime(toMillis) && toMillis >= fromMillis))
      )
      .toSorted((a, b) => a.fromMillis - b.fromMillis),
    counts: timeline.counts
      .filter(({ atMillis, forMillis, lane }) =>
        isTime(atMillis) && isTime(forMillis) && forMillis > 0 && lanes.some(({ name }) => name === lane)
      )
      .map((count) => ({
        ...count,
        acknowledged: atLeastZero(count.acknowledged),
        failed: atLeastZero(count.failed),
        lost: atLeastZero(count.lost)
      }))
      .toSorted((a, b) => a.atMillis - b.atMillis)
      .slice(0, most.counts)
  }
}

const axisOf = (timeline: Timeline, { counts, events, spans }: Checked): { from: number; to: number } => {
  const times = [
    ...events.map(({ atMillis }) => atMillis),
    ...spans.flatMap(({ fromMillis, toMillis }) => [fromMillis, toMillis ?? fromMillis]),
    ...counts.flatMap(({ atMillis, forMillis }) => [atMillis, atMillis + forMillis])
  ]
  const first = times.reduce((a, b) => Math.min(a, b), 0)
  const last = times.reduce((a, b) => Math.max(a, b), 0)
  const room = Math.max(1, last - first) * 0.03
  const given = (value: number | undefined): value is number => value !== undefined && isTime(value)
  const from = given(timeline.fromMillis) ? timeline.fromMillis : first - room
  const to = given(timeline.toMillis) ? timeline.toMillis : last + room
  return to > from ? { from, to } : { from, to: from + 1 }
}

const inWords = (timeline: Timeline, { counts, events, lanes, spans }: Checked): string => {
  const where = (lane: string | undefined): string => lane === undefined ? "" : `${lane}: `
  return [
    ...lanes.map(({ name, result }) => {
      const own = counts.filter(({ lane }) => lane === name)
      const totals = own.length === 0
        ? []
        : [
          `${shownCount(sum(own, "acknowledged"))} writes acknowledged and kept`,
          `${shownCount(sum(own, "failed"))} failed`,
          `${shownCount(sum(own, "lost"))} lost`
        ]
      return [...(result === undefined ? [] : [result]), ...totals].map((fact) => `${name}: ${fact}.`).join(" ")
    }),
    ...events.map((event) => `${shownMillis(event.atMillis)}: ${where(event.lane)}${event.text}.`),
    ...spans.map((span) =>
      `${where(span.lane)}${span.text ?? spanWords[span.kind]} from ${shownMillis(span.fromMillis)}${
        span.toMillis === undefined ? "" : ` to ${shownMillis(span.toMillis)}`
      }.`
    )
  ].filter((sentence) => sentence !== "").join(" ") || `${timeline.title}: nothing was recorded.`
}

const startOf = (millis: number | undefined): string | undefined =>
  millis === undefined || !(Math.abs(millis) <= 8.64e15)
    ? undefined
    : new Date(millis).toISOString().replace("T", " ").replace("Z", " UTC")

/** What the picture shows of a timeline. */
export const drawnTimeline = (timeline: Timeline): DrawnTimeline => {
  const all = checked(timeline)
  const { from, to } = axisOf(timeline, all)
  const known = (lane: string | undefined): boolean => all.lanes.some(({ name }) => name === lane)
  const isOn = (event: TimelineEvent): boolean => event.atMillis >= from && event.atMillis <= to
  const eventsOn = all.events.filter(isOn)
  const spansOn = all.spans.filter((span) => span.fromMillis <= to && (span.toMillis ?? to) >= from)
  const events = eventsOn.slice(0, most.events)
  const spans = spansOn
    .slice(0, most.spans)
    .map((span): DrawnSpan => {
      const end = span.toMillis ?? to
      const lasted = span.toMillis === undefined ? "" : ` ${shownMillis(span.toMillis - span.fromMillis)}`
      return {
        ...span,
        fromMillis: Math.max(from, span.fromMillis),
        toMillis: Math.min(to, Math.max(end, span.fromMillis)),
        lasts: span.toMillis === undefined,
        label: span.text ?? `${spanWords[span.kind]}${lasted}`
      }
    })
  const lanes = all.lanes.slice(0, most.lanes)
  return {
    title: clean(timeline.title, 200),
    description: timeline.description ?? inWords(timeline, all),
    from,
    to,
    start: startOf(timeline.startMillis),
    events: events.filter(({ lane }) => !known(lane)),
    spans: spans.filter(({ lane }) => !known(lane)),
    lanes: lanes.map((lane) => ({
      ...lane,
      events: events.filter((event) => event.lane === lane.name),
      spans: spans.filter((span) => span.lane === lane.name),
      counts: all.counts.filter((count) =>
        count.lane === lane.name && count.atMillis < to && count.atMillis + count.forMillis > from
      )
    })),
    leftOut: eventsOn.length - events.length + spansOn.length - spans.length + all.lanes.length - lanes.length
  }
}

/** The same facts as tables: what the lanes came to, and what happened when. */
export const timelineTables = (timeline: Timeline): ReadonlyArray<Table> => {
  const all = checked(timeline)
  const lanes = all.lanes.map(({ name, result }) => {
    const own = all.counts.filter(({ lane }) => lane === name)
    const counted = own.length === 0
      ? ["", "", ""]
      : (["acknowledged", "failed", "lost"] as const).map((key) => shownCount(sum(own, key)))
    return [name, ...counted, result ?? ""]
  })
  const happened = [
    ...all.events.map((event) => ({
      at: event.atMillis,
      row: [
        shownMillis(event.atMillis),
        "",
        event.lane ?? "",
        eventWords[event.kind],
        event.node === undefined ? event.text : `${event.text} (${event.node})`
      ]
    })),
    ...all.spans.map((span) => ({
      at: span.fromMillis,
      row: [
        shownMillis(span.fromMillis),
        span.toMillis === undefined ? "it lasts" : shownMillis(span.toMillis - span.fromMillis),
        span.lane ?? "",
        spanWords[span.kind],
        span.text ?? ""
      ]
    }))
  ].toSorted((a, b) => a.at - b.at)
  return [
    ...(all.counts.length === 0 ? [] : [{
      caption: "Writes",
      columns: [
        { name: "client" },
        { name: "acknowledged and kept", isNumber: true },
        { name: "failed or in doubt", isNumber: true },
        { name: "acknowledged and lost", isNumber: true },
        { name: "result" }
      ],
      rows: lanes
    }]),
    {
      caption: "What happened",
      columns: [
        { name: "at", isNumber: true },
        { name: "for", isNumber: true },
        { name: "where" },
        { name: "kind" },
        { name: "what" }
      ],
      rows: happened.map(({ row }) => row)
    }
  ]
}
