/**
 * What `watch` shows: one screen of a recording, and one line of it where there is no terminal. Pure: it draws into
 * lines of text; screen.ts puts them on a terminal.
 */
import * as Address from "../Address.ts"
import type { Bucket, DownSpan, Entry, NodeSight, Recording } from "../internal/watching/recording.ts"
import {
  isUnmonitored,
  type Standing,
  type StandingKind,
  standingsOf,
  standingText
} from "../internal/watching/standing.ts"
import type { Replica } from "../Topology.ts"
import {
  bytesText,
  durationText,
  type Line,
  line,
  numberText,
  padded,
  type Piece,
  piece,
  printable,
  render,
  type Style,
  timeText,
  type Tone,
  widthOf,
  wrapped
} from "./lines.ts"

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** How much of the past the drawn rows show. */
const pastMillis = 60_000
const maxCells = 60
const labelWidth = 12
/** The width of the words in front of the fence and of the writes. */
const headIndent = 9

// -----------------------------------------------------------------------------
// Head
// -----------------------------------------------------------------------------

const headLine = (recording: Recording, now: number, columns: number): Line => {
  const { state } = recording
  const primary = recording.primary
  const left = line(
    piece(recording.options.group, "bold"),
    "  ",
    ...(primary === undefined
      ? [piece("no primary is known", "bad")]
      : ["primary ", piece(primary, "bold"), `  epoch ${state!.epoch}`]),
    ...(state?.isProvisional === true ? [piece("  not confirmed by the sentinels yet", "notice")] : [])
  )
  const time = timeText(now)
  const used = left.reduce((width, { text }) => width + widthOf(printable(text)), 0)
  return used + 2 + time.length > columns
    ? left
    : [...left, piece(" ".repeat(columns - used - time.length)), piece(time, "dim")]
}

const fenceLine = (recording: Recording, now: number): Line => {
  const fence = recording.state?.fence
  if (fence !== undefined) {
    const promotes = fence.candidate === undefined ? "" : `, promotes ${Address.format(fence.candidate)}`
    return line(
      "fence    ",
      piece(`closed for ${durationText(now - fence.since)}`, "bad"),
      `: ${fence.sign}${promotes}, by ${fence.from}`
    )
  }
  if (recording.state?.isIsolated === true) {
    return line(
      "fence    ",
      piece("open", "notice"),
      ", but most sentinels are unreachable: a failover would go unnoticed"
    )
  }
  if (isUnmonitored(standingsOf(recording))) {
    return line(
      "fence    ",
      piece("open", "notice"),
      ", but most sentinels do not monitor the group: nobody would fail it over"
    )
  }
  const last = recording.fences.at(-1)
  return line(
    "fence    ",
    piece("open", "good"),
    last?.to === undefined
      ? ""
      : `; last closed for ${durationText(last.to - last.from)} at ${timeText(last.from)} (${last.sign})`
  )
}

const writesLine = (recording: Recording, now: number): Line => {
  const primary = recording.primary === undefined ? undefined : recording.nodes.get(recording.primary)
  const rate = primary?.writesPerSecond
  const down = recording.downs.findLast((span) => span.wasPrimary)
  const rateText = rate === undefined ? "unknown" : `${numberText(rate)}/s`
  if (recording.probe === undefined) {
    return line(
      "writes   ",
      rateText,
      ...(down === undefined ? [] : [
        ", ",
        down.to === undefined && recording.primary === down.node
          ? piece(`the primary is silent for ${durationText(now - down.from)}`, "bad")
          : piece(
            `${down.node} was silent as the primary for ${durationText(silenceOf(recording, down, now) - down.from)}`,
            "dim"
          )
      ])
    )
  }
  const since = recording.pauseSince(now)
  const longest = recording.longestPauseMillis
  const { acknowledged, ambiguous, failed, lost } = recording.probe
  return line(
    "writes   ",
    rateText,
    "; probe ",
    since === undefined
      ? piece(
        longest === 0 ? "without a pause" : `paused for ${durationText(longest)} at most`,
        longest === 0 ? "good" : "notice"
      )
      : piece(`pauses for ${durationText(now - since)} now`, "bad"),
    ", ",
    piece(`${lost} lost`, lost === 0 ? "good" : "bad"),
    ", ",
    piece(`${failed + ambiguous} failed`, failed + ambiguous === 0 ? "plain" : "notice"),
    `, ${numberText(acknowledged)} written`
  )
}

/** Until when a primary's silence mattered: until it answered again, or another node was the primary. */
const silenceOf = (recording: Recording, down: DownSpan, now: number): number => {
  const move = recording.moves.find((each) => each.at >= down.from && each.from === down.node)
  return Math.min(down.to ?? now, move?.at ?? now)
}

// -----------------------------------------------------------------------------
// Nodes and sentinels
// -----------------------------------------------------------------------------

interface Cell {
  readonly text: string
  readonly tone?: Tone | undefined
}

interface Column {
  readonly name: string
  readonly isNumber?: boolean | undefined
  /** Columns with the lowest number are left out first where there is no room. */
  readonly rank: number
  readonly cells: ReadonlyArray<Cell>
}

/** A table without the columns for which there is no room. */
const table = (columns: ReadonlyArray<Column>, width: number): ReadonlyArray<Line> => {
  const natural = (column: Column): number =>
    Math.max(widthOf(column.name), ...column.cells.map(({ text }) => widthOf(printable(text))))
  let shown = columns
  const total = (): number => shown.reduce((sum, column) => sum + natural(column) + 2, -2)
  while (total() > width && shown.length > 2) {
    const least = shown.reduce((a, b) => b.rank < a.rank ? b : a)
    shown = shown.filter((column) => column !== least)
  }
  const row = (cells: ReadonlyArray<Cell>): Line =>
    cells.flatMap(({ text, tone }, i) => {
      const column = shown[i]!
      const isLast = i === cells.length - 1
      const filled = isLast && column.isNumber !== true
        ? text
        : padded(text, natural(column), column.isNumber === true ? "right" : "left")
      return [piece(filled, tone ?? "plain"), ...(isLast ? [] : [piece("  ")])]
    })
  const count = Math.max(0, ...shown.map(({ cells }) => cells.length))
  return [
    row(shown.map(({ name }) => ({ text: name, tone: "dim" as const }))),
    ...Array.from({ length: count }, (_, i) => row(shown.map(({ cells }) => cells[i] ?? { text: "" })))
  ]
}

const stateOf = (
  recording: Recording,
  sight: NodeSight | undefined,
  listed: Replica | undefined,
  now: number
): Cell => {
  const isPrimary = listed === undefined
  if (sight === undefined || sight.isReachable === undefined) return { text: "not asked yet", tone: "dim" }
  if (!sight.isReachable) {
    const since = sight.answeredAt === undefined ? "" : ` for ${durationText(now - sight.answeredAt)}`
    const why = sight.problem === undefined || sight.problem === "no answer in time" ? "" : `, ${sight.problem}`
    return { text: `no answer${since}${why}`, tone: "bad" }
  }
  if (isPrimary && sight.role === "replica") return { text: "says it is a replica", tone: "bad" }
  if (!isPrimary && sight.role === "primary") return { text: "says it is a primary", tone: "bad" }
  if (!isPrimary && sight.isLinkUp === false) return { text: `no link to ${sight.follows ?? "a primary"}`, tone: "bad" }
  if (!isPrimary && sight.follows !== undefined && isElsewhere(recording, sight.follows)) {
    return { text: `follows ${sight.follows}`, tone: "notice" }
  }
  if (listed !== undefined && !listed.isHealthy) return { text: "down for the sentinels", tone: "notice" }
  if (sight.problem !== undefined) return { text: sight.problem, tone: "notice" }
  return { text: "ok", tone: "good" }
}

/** Whether a replica follows another node of the group than the primary, by the addresses that are known. */
const isElsewhere = (recording: Recording, follows: string): boolean =>
  follows !== recording.primary && recording.nodes.has(follows)

const nodeTable = (recording: Recording, now: number, width: number): ReadonlyArray<Line> => {
  const replicas = new Map((recording.state?.replicas ?? []).map((each) => [Address.format(each.address), each]))
  const primary = recording.primary
  const names = [...(primary === undefined ? [] : [primary]), ...Array.from(replicas.keys()).sort()]
  if (names.length === 0) return []
  const sights = names.map((name) => recording.nodes.get(name))
  const lagText = (name: string): Cell => {
    const lag = name === primary ? undefined : recording.lagOf(name)
    return {
      text: lag === undefined ? "" : bytesText(lag),
      tone: lag !== undefined && lag > 1_000_000 ? "notice" : undefined
    }
  }
  const known = (value: number | undefined): Cell => ({ text: value === undefined ? "" : numberText(value) })
  return table([
    { name: "NODE", rank: 9, cells: names.map((text) => ({ text, tone: text === primary ? "bold" : undefined })) },
    { name: "ROLE", rank: 8, cells: names.map((name) => ({ text: name === primary ? "primary" : "replica" })) },
    { name: "LAG", rank: 6, isNumber: true, cells: names.map(lagText) },
    {
      name: "WRITES/S",
      rank: 4,
      isNumber: true,
      cells: sights.map((sight, i) => names[i] === primary ? known(sight?.writesPerSecond) : { text: "" })
    },
    { name: "CLIENTS", rank: 3, isNumber: true, cells: sights.map((sight) => known(sight?.clients)) },
    { name: "SERVER", rank: 2, cells: sights.map((sight) => ({ text: sight?.version ?? "" })) },
    { name: "STATE", rank: 7, cells: names.map((name, i) => stateOf(recording, sights[i], replicas.get(name), now)) }
  ], width)
}

const standingTones: Readonly<Record<StandingKind, Tone>> = {
  unknown: "dim",
  silent: "bad",
  "not-monitoring": "bad",
  disagrees: "bad",
  agrees: "notice"
}

const standingCell = ({ kind, problem, silentSince }: Standing, now: number): Cell =>
  problem === undefined
    ? { text: "ok", tone: "good" }
    : {
      text: silentSince === undefined
        ? problem
        : problem === "no answer"
        ? `no answer for ${durationText(now - silentSince)}`
        : `no answer for ${durationText(now - silentSince)}, ${problem}`,
      tone: standingTones[kind]
    }

const sentinelTable = (recording: Recording, now: number, width: number): ReadonlyArray<Line> => {
  const sentinels = standingsOf(recording)
  if (sentinels.length === 0) return [line(piece("no sentinel is known", "bad"))]
  return table([
    { name: "SENTINEL", rank: 9, cells: sentinels.map(({ address }) => ({ text: address })) },
    {
      name: "EPOCH",
      rank: 5,
      isNumber: true,
      cells: sentinels.map(({ epoch }) => ({
        text: epoch === undefined ? "" : String(epoch),
        tone: epoch !== undefined && epoch !== recording.state?.epoch ? "notice" : undefined
      }))
    },
    {
      name: "DISTANCE",
      rank: 3,
      isNumber: true,
      cells: sentinels.map(({ distanceMillis }) => ({
        text: distanceMillis === undefined ? "" : `${distanceMillis} ms`
      }))
    },
    { name: "STATE", rank: 7, cells: sentinels.map((each) => standingCell(each, now)) }
  ], width)
}

// -----------------------------------------------------------------------------
// The last minute
// -----------------------------------------------------------------------------

const blocks = { unicode: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"], ascii: [".", ":", "-", "=", "+", "*", "#", "@"] }

/** The rows of the last minute: each has one character for each second, or for a few. */
const drawnRows = (recording: Recording, now: number, columns: number, style: Style): ReadonlyArray<Line> => {
  const { bucketMillis } = recording.options
  const room = Math.min(maxCells, columns - labelWidth - 2)
  if (room < 10) return []
  const cellMillis = Math.ceil(pastMillis / room / bucketMillis) * bucketMillis
  const cells = Math.min(room, Math.ceil(pastMillis / cellMillis))
  const end = (Math.floor(now / cellMillis) + 1) * cellMillis
  const begin = end - cells * cellMillis
  const cellOf = (at: number): number => Math.floor((at - begin) / cellMillis)
  const rates = Array.from({ length: cells }, () => undefined as number | undefined)
  const probes: Array<Pick<Bucket, "acknowledged" | "failed" | "lost">> = Array.from(
    { length: cells },
    () => ({ acknowledged: 0, failed: 0, lost: 0 })
  )
  for (const bucket of recording.buckets) {
    const cell = cellOf(bucket.at)
    const probe = probes[cell]
    if (probe === undefined) continue
    if (bucket.rate !== undefined) rates[cell] = Math.max(rates[cell] ?? 0, bucket.rate)
    probes[cell] = {
      acknowledged: probe.acknowledged + bucket.acknowledged,
      failed: probe.failed + bucket.failed,
      lost: probe.lost + bucket.lost
    }
  }
  const most = Math.max(0, ...rates.map((rate) => rate ?? 0))
  const scale = style.hasUnicode ? blocks.unicode : blocks.ascii
  const label = (text: string): string => padded(text, labelWidth)
  const none = style.hasUnicode ? "·" : "."
  const rateRow = line(
    piece(label("writes/s"), "dim"),
    rates.map((rate) =>
      rate === undefined
        ? " "
        : most === 0
        ? scale[0]!
        : scale[Math.min(scale.length - 1, Math.floor((rate / most) * (scale.length - 0.01)))]!
    ).join("")
  )
  const spanRow = (
    name: string,
    spans: ReadonlyArray<{ readonly from: number; readonly to: number | undefined }>,
    tone: Tone
  ): Line => {
    const marks = Array.from({ length: cells }, () => false)
    for (const { from, to } of spans) {
      const last = Math.min(cells - 1, cellOf(to ?? now))
      for (let i = Math.max(0, cellOf(from)); i <= last; i++) marks[i] = true
    }
    return joined([
      piece(label(name), "dim"),
      ...marks.map((isMarked) => isMarked ? piece(style.hasUnicode ? "█" : "#", tone) : piece(none, "dim"))
    ])
  }
  const downs = recording.downs.filter(({ wasPrimary }) => wasPrimary)
    .map((down) => ({ from: down.from, to: silenceOf(recording, down, now) }))
  const paused = recording.pauseSince(now)
  const moved = Array.from({ length: cells }, () => false)
  for (const { at } of recording.moves) if (cellOf(at) >= 0 && cellOf(at) < cells) moved[cellOf(at)] = true
  const probeRow: Line = joined([
    piece(label("probe"), "dim"),
    ...probes.map(({ acknowledged, failed, lost }) =>
      lost > 0
        ? piece("!", "bad")
        : failed > 0
        ? piece("x", "notice")
        : acknowledged > 0
        ? piece(none, "good")
        : piece(" ")
    )
  ])
  const hint = `${Math.round((cells * cellMillis) / 1000)} s ago`
  return [
    rateRow,
    ...(recording.probe === undefined
      ? downs.length === 0 ? [] : [spanRow("silent", downs, "bad")]
      : [
        probeRow,
        spanRow(
          "pause",
          [...recording.pauses, ...(paused === undefined ? [] : [{ from: paused, to: undefined }])],
          "notice"
        )
      ]),
    spanRow("fence", recording.fences, "bad"),
    joined([
      piece(label("moved"), "dim"),
      ...moved.map((hasMoved) => hasMoved ? piece(style.hasUnicode ? "◆" : "M", "bold") : piece(none, "dim"))
    ]),
    line(piece(
      `${label(most === 0 ? "" : `most ${numberText(most)}`)}${hint}${
        padded("now", Math.max(4, cells - hint.length), "right")
      }`,
      "dim"
    ))
  ]
}

/** Neighbours of one tone as one piece. */
const joined = (pieces: Line): Line => {
  const out: Array<Piece> = []
  for (const { text, tone } of pieces) {
    const last = out.at(-1)
    if (last?.tone === tone) out[out.length - 1] = piece(last.text + text, tone)
    else out.push(piece(text, tone))
  }
  return out
}

// -----------------------------------------------------------------------------
// Entries
// -----------------------------------------------------------------------------

const marks: Readonly<Record<Entry["kind"], Tone>> = {
  fault: "bold",
  sentinel: "plain",
  node: "plain",
  client: "notice",
  write: "good",
  problem: "bad"
}

/** Where there is less room, times have no milliseconds. */
const exactColumns = 64

/** One thing that happened. */
const entryLine = ({ at, from, kind, text }: Entry, columns = Infinity): Line =>
  line(
    piece(timeText(at, columns >= exactColumns), "dim"),
    "  ",
    piece(text, marks[kind]),
    piece(from.length === 0 ? "" : from.length === 1 ? `  ${from[0]}` : `  ${from.length} sentinels`, "dim")
  )

// -----------------------------------------------------------------------------
// The whole
// -----------------------------------------------------------------------------

const empty: Line = []

/** One screen: as many lines as there are rows, each at most as wide as there are columns. */
export const frame = (recording: Recording, now: number, size: Size, style: Style): ReadonlyArray<string> => {
  const columns = Math.max(1, size.columns)
  const rows = Math.max(1, size.rows)
  const head = [
    headLine(recording, now, columns),
    ...wrapped(fenceLine(recording, now), columns, headIndent),
    ...wrapped(writesLine(recording, now), columns, headIndent)
  ]
  const nodes = nodeTable(recording, now, columns)
  const sentinels = sentinelTable(recording, now, columns)
  const drawn = drawnRows(recording, now, columns, style)
  const foot = line(piece("q quits", "dim"))
  const parts = [head, nodes, sentinels, drawn].filter((part) => part.length > 0)
  const lengths = parts.reduce((sum, part) => sum + part.length, 0)
  const isRoomy = lengths + parts.length + 6 <= rows
  const lines: Array<Line> = parts.flatMap((part, i) => i > 0 && isRoomy ? [empty, ...part] : [...part])
  if (rows - lines.length - 1 >= 2) {
    if (isRoomy) lines.push(empty)
    lines.push(...recording.entries.slice(-(rows - lines.length - 1)).map((entry) => entryLine(entry, columns)))
  }
  while (lines.length < rows - 1) lines.push(empty)
  const shown = rows === 1 ? lines.slice(0, 1) : [...lines.slice(0, rows - 1), foot]
  return shown.map((each) => render(each, columns, style))
}

/** The state in one line, for output that is no terminal. */
export const statusLine = (recording: Recording, now: number): string => {
  const { state } = recording
  const replicas = state?.replicas ?? []
  const primary = recording.primary === undefined ? undefined : recording.nodes.get(recording.primary)
  const healthy = replicas.filter((replica) => replica.isHealthy).length
  const fence = state?.fence
  const parts = [
    recording.primary === undefined ? "no primary" : `primary ${recording.primary} epoch ${state!.epoch}`,
    primary?.isReachable === false ? "silent" : undefined,
    fence === undefined ? "fence open" : `fence closed for ${durationText(now - fence.since)} (${fence.sign})`,
    primary?.writesPerSecond === undefined ? undefined : `${numberText(primary.writesPerSecond)} writes/s`,
    `${healthy} of ${replicas.length} replicas healthy`,
    standingText(standingsOf(recording)),
    recording.probe === undefined
      ? undefined
      : `probe ${recording.probe.acknowledged} written ${
        recording.probe.failed + recording.probe.ambiguous
      } failed ${recording.probe.lost} lost`
  ]
  return printable(`${timeText(now, true)}  ${parts.filter((part) => part !== undefined).join(", ")}`)
}

/** What happened, in one line, for output that is no terminal. */
export const plainEntry = (entry: Entry): string =>
  printable(entryLine(entry).map(({ text }) => text).join("").trimEnd())
