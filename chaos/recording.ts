/**
 * A run of a client through a fault as data, and timelines of one or several of them. Times are milliseconds after the
 * fault. docs/pictures keeps recordings, which scripts/pictures.ts draws.
 */
import type { Lane, Timeline, TimelineCount, TimelineEvent, TimelineSpan } from "../src/internal/pictures/types.ts"
import type { Result } from "./play.ts"

/** JSON. */
export interface Recording {
  readonly fault: string
  readonly client: string
  /** `Redis 7.0.15`. */
  readonly server: string
  readonly events: ReadonlyArray<TimelineEvent>
  readonly spans: ReadonlyArray<TimelineSpan>
  /** Writes in equal parts of time, from `fromMillis` on. */
  readonly fromMillis: number
  readonly eachMillis: number
  readonly acknowledged: ReadonlyArray<number>
  readonly failed: ReadonlyArray<number>
  readonly lost: ReadonlyArray<number>
  /** The longest time without an acknowledged write. */
  readonly pauseMillis: number
}

const eachMillis = 50

/** The events of sentinels that a picture shows, in the order of a failover. */
const steps = [
  "+sdown",
  "+odown",
  "+try-failover",
  "+elected-leader",
  "+selected-slave",
  "+promoted-slave",
  "+switch-master"
]

const total = (counts: ReadonlyArray<number>): number => counts.reduce((sum, count) => sum + count, 0)

/** `+selected-slave 127.0.0.1:6380` from `+selected-slave slave 127.0.0.1:6380 127.0.0.1 6380 @ mymaster 127.0.0.1 6379`. */
const shortEvent = (what: string): string => {
  const words = what.split(" ")
  const [event] = words
  if (event === "+switch-master") return `${event} to ${words[4] ?? "?"}:${words[5] ?? "?"}`
  if (event === "+selected-slave" || event === "+promoted-slave") return `${event} ${words[2] ?? ""}`
  return event!
}

const rounded = (millis: number): number => Math.round(millis * 10) / 10

/** What was measured, as data. */
export const recordingOf = (result: Result, server: string): Recording => {
  const { begin, fault, fences, settledAt, sightings, verdict } = result
  const { failed, kept, lost } = verdict.times
  const relative = (at: number): number => rounded(at - begin)
  const all = [...kept, ...lost, ...failed]
  const first = all.reduce((a, b) => Math.min(a, b), begin)
  const last = all.reduce((a, b) => Math.max(a, b), settledAt)
  const fromMillis = Math.max(-1000, Math.floor((first - begin) / eachMillis) * eachMillis)
  const parts = Math.max(1, Math.ceil((last - begin - fromMillis) / eachMillis))
  const counted = (times: ReadonlyArray<number>): ReadonlyArray<number> => {
    const counts = new Array<number>(parts).fill(0)
    for (const at of times) {
      const part = Math.floor((at - begin - fromMillis) / eachMillis)
      if (part >= 0 && part < parts) counts[part]!++
    }
    return counts
  }
  const firstSeen = (beginning: string) =>
    sightings.find(({ at, what }) => at >= begin && what.startsWith(`${beginning}`))
  const isAbout = (what: string): boolean => !what.startsWith("+sdown") || what.startsWith("+sdown master")
  const seen = steps.flatMap((step) => {
    const sighting = sightings.find(({ at, what }) => at >= begin && what.startsWith(`${step} `) && isAbout(what))
    return sighting === undefined
      ? []
      : [{ atMillis: relative(sighting.at), text: shortEvent(sighting.what), kind: "sentinel" as const }]
  })
  const role = firstSeen("ROLE")
  const reported = firstSeen("REPORTED")
  // A write that is acknowledged after the promotion and kept has gone to the new primary.
  const promoted = role ?? reported
  const firstWrite = promoted === undefined ? undefined : kept.find((at) => at >= promoted.at)
  const tried = firstSeen("+try-failover")
  return {
    fault: fault.name,
    client: result.client,
    server,
    events: [
      { atMillis: 0, text: fault.name, kind: "fault" },
      ...(fault.moves ? seen : []),
      ...(role === undefined
        ? []
        : [{ atMillis: relative(role.at), text: "a replica says it is a primary", kind: "node" as const }]),
      ...(reported === undefined
        ? []
        : [{ atMillis: relative(reported.at), text: "a sentinel names the new primary", kind: "sentinel" as const }]),
      ...(firstWrite === undefined
        ? []
        : [{ atMillis: relative(firstWrite), text: "first write at the new primary", kind: "write" as const }]),
      ...(fault.moves
        ? [{ atMillis: relative(settledAt), text: "all nodes follow the new primary", kind: "node" as const }]
        : [])
    ],
    spans: [
      ...(tried === undefined || reported === undefined
        ? []
        : [{ kind: "failover" as const, fromMillis: relative(tried.at), toMillis: relative(reported.at) }]),
      ...fences.filter(({ to }) => to === undefined || to >= begin).map(({ from, to }) => ({
        kind: "fence" as const,
        fromMillis: relative(from),
        toMillis: to === undefined ? undefined : relative(to)
      })),
      // A shorter time without a write is no pause that anybody would notice.
      ...(verdict.pause < 50 ? [] : [{
        kind: "pause" as const,
        fromMillis: relative(verdict.pauseFrom),
        toMillis: relative(verdict.pauseFrom + verdict.pause)
      }])
    ],
    fromMillis,
    eachMillis,
    acknowledged: counted(kept),
    failed: counted(failed),
    lost: counted(lost),
    pauseMillis: rounded(verdict.pause)
  }
}

const countsOf = (lane: string, recording: Recording): ReadonlyArray<TimelineCount> =>
  recording.acknowledged.map((acknowledged, i) => ({
    lane,
    atMillis: recording.fromMillis + i * recording.eachMillis,
    forMillis: recording.eachMillis,
    acknowledged,
    failed: recording.failed[i]!,
    lost: recording.lost[i]!
  }))

const counted = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",")

const laneOf = (name: string, recording: Recording): Lane => {
  const lost = total(recording.lost)
  const failed = total(recording.failed)
  const pause = recording.pauseMillis < 1000
    ? `${Math.round(recording.pauseMillis)} ms`
    : `${(recording.pauseMillis / 1000).toFixed(2)} s`
  return {
    name,
    result: `${counted(lost)} lost, ${counted(failed)} failed, longest pause ${pause}`,
    tone: lost > 0 ? "bad" : failed > 0 ? "notice" : "good"
  }
}

export interface TimelineOptions {
  readonly title?: string | undefined
  readonly fromMillis?: number | undefined
  readonly toMillis?: number | undefined
}

/** The run of one client, with all steps of the failover. */
export const timelineOfOne = (recording: Recording, options: TimelineOptions = {}): Timeline => {
  const { client } = recording
  return {
    title: options.title ?? `${recording.fault}: ${client}`,
    fromMillis: options.fromMillis,
    toMillis: options.toMillis,
    lanes: [laneOf(client, recording)],
    events: recording.events.map((event) => event.kind === "write" ? { ...event, lane: client } : event),
    spans: recording.spans.map((span) => span.kind === "failover" ? span : { ...span, lane: client }),
    counts: countsOf(client, recording)
  }
}

/** The same fault for several clients, each with a failover of its own. */
export const timelineOfAll = (recordings: ReadonlyArray<Recording>, options: TimelineOptions = {}): Timeline => {
  const names = recordings.map(({ client }, i) => {
    const same = recordings.slice(0, i).filter((other) => other.client === client).length
    return same === 0 ? client : `${client}, run ${same + 1}`
  })
  const shown = (event: TimelineEvent): boolean =>
    event.kind !== "fault" && (event.kind !== "sentinel" || event.text.startsWith("a sentinel"))
  return {
    title: options.title ?? recordings[0]?.fault ?? "No run",
    fromMillis: options.fromMillis,
    toMillis: options.toMillis,
    lanes: recordings.map((recording, i) => laneOf(names[i]!, recording)),
    events: [
      ...recordings.slice(0, 1).flatMap(({ events }) => events.filter(({ kind }) => kind === "fault")),
      ...recordings.flatMap(({ events }, i) => events.filter(shown).map((event) => ({ ...event, lane: names[i]! })))
    ],
    spans: recordings.flatMap(({ spans }, i) => spans.map((span) => ({ ...span, lane: names[i]! }))),
    counts: recordings.flatMap((recording, i) => countsOf(names[i]!, recording))
  }
}
