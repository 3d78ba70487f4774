/**
 * Draws a timeline as SVG: what happened to a group, above one lane for each client or node with its writes, spans and
 * events. A picture with room names each event beside its line; a narrow one, or one with many events, numbers the events
 * and lists them below.
 */
import { type Axis, axisFrom, tickSize, ticksOf } from "./axis.ts"
import { placeBadges, placeLabels, placeRanges } from "./labels.ts"
import { type DrawnLane, type DrawnSpan, type DrawnTimeline, drawnTimeline } from "./recordedTimeline.ts"
import { type DrawOptions, element, framed, line, narrowWidth, notShown, rectangle, textAt, widthFrom } from "./svg.ts"
import { clean, type Face, fit, shownCount, shownMillis, widthOf, wrap } from "./text.ts"
import type { Timeline, TimelineCount, TimelineEvent, TimelineSpanKind } from "./types.ts"

const titleFace: Face = { size: 16, isBold: true }
const laneFace: Face = { size: 13, isBold: true }
const textFace: Face = { size: 12 }
const strongFace: Face = { size: 12, isBold: true }
const badgeFace: Face = { size: 10.5, isBold: true }
const rowHeight = 19
const spanHeight = 18
const chartHeight = 46
const badgeRadius = 9
const badgeStep = 2 * badgeRadius + 3
/** More rows of labels than this would be a picture of labels. */
const mostRows = 12

/** What is drawn so far, and down to where. */
interface Pen {
  y: number
  readonly behind: Array<string>
  readonly parts: Array<string>
}

interface Numbered {
  readonly number: number
  readonly event: TimelineEvent
}

const whenAndWhat = ({ atMillis, text }: TimelineEvent): { when: string; what: string } => ({
  when: shownMillis(atMillis),
  what: clean(text, 200)
})

const labelWidth = (event: TimelineEvent, most: number): number => {
  const { what, when } = whenAndWhat(event)
  return Math.min(most, widthOf(when, strongFace) + 6 + widthOf(what, textFace))
}

/** What keeps the lines of events out of a text that ends or begins at `x`. */
const halo = (x: number, y: number, width: number, anchor: "start" | "end" = "start"): string =>
  rectangle({ x: anchor === "start" ? x - 2 : x - width - 2, y: y - 12, width: width + 4, height: 16 }, "e-card")

/** The label of an event: when, and what, in one line. */
const labelAt = (x: number, y: number, event: TimelineEvent, most: number): string => {
  const { what, when } = whenAndWhat(event)
  const width = widthOf(when, strongFace)
  return textAt(x, y, when, { ...strongFace, tone: event.kind }) +
    textAt(x + width + 6, y, what, { ...textFace, most: most - width - 6 })
}

const badgeAt = (x: number, y: number, { event, number }: Numbered): string =>
  element("circle", { cx: x, cy: y, r: badgeRadius, class: `e-${event.kind}` }) +
  textAt(x, y + 3.8, String(number), { ...badgeFace, tone: "card", anchor: "middle" })

// -----------------------------------------------------------------------------
// Legend
// -----------------------------------------------------------------------------

const drawLegend = (pen: Pen, timeline: DrawnTimeline, left: number, right: number): void => {
  const counts = timeline.lanes.flatMap((lane) => lane.counts)
  const spans = [...timeline.spans, ...timeline.lanes.flatMap((lane) => lane.spans)]
  const kinds = new Set(spans.map(({ kind }) => kind))
  const entries: Array<{ swatch: (x: number, y: number) => string; words: string }> = []
  const square = (tone: string) => (x: number, y: number) =>
    rectangle({ x, y: y - 10, width: 11, height: 11 }, `e-${tone}`, 2)
  const band = (kind: TimelineSpanKind) => (x: number, y: number) =>
    rectangle({ x: x + 0.5, y: y - 9.5, width: 16, height: 10 }, `e-${kind}Tint e-s-${kind}`, 3)
  if (counts.length > 0) {
    entries.push({ swatch: square("acknowledged"), words: "writes acknowledged" })
    if (counts.some(({ failed }) => failed > 0)) {
      entries.push({ swatch: square("failed"), words: "failed: the caller was told" })
    }
    if (counts.some(({ lost }) => lost > 0)) entries.push({ swatch: square("lost"), words: "acknowledged, then lost" })
  }
  const meaning: Readonly<Record<TimelineSpanKind, string>> = {
    failover: "failover of the sentinels",
    fence: "fence: the client holds writes",
    pause: "no write acknowledged",
    down: "down"
  }
  for (const kind of ["failover", "fence", "pause", "down"] as const) {
    if (kinds.has(kind)) entries.push({ swatch: band(kind), words: meaning[kind] })
  }
  if (entries.length === 0) return
  let x = left
  pen.y += 20
  for (const { swatch, words } of entries) {
    const width = 22 + widthOf(words, textFace)
    if (x > left && x + width > right) {
      x = left
      pen.y += 18
    }
    pen.parts.push(swatch(x, pen.y), textAt(x + 22, pen.y, words, { ...textFace, tone: "soft" }))
    x += width + 18
  }
}

// -----------------------------------------------------------------------------
// Events that concern all
// -----------------------------------------------------------------------------

/** Returns where the line of each event begins. */
const drawEvents = (
  pen: Pen,
  axis: Axis,
  events: ReadonlyArray<TimelineEvent>,
  numbers: ReadonlyMap<TimelineEvent, number> | undefined
): ReadonlyArray<{ readonly event: TimelineEvent; readonly y: number }> => {
  if (events.length === 0) return []
  const begins: Array<{ event: TimelineEvent; y: number }> = []
  if (numbers !== undefined) {
    const places = placeBadges(events.map(({ atMillis }) => axis.at(atMillis)), 2 * badgeRadius, axis.left, axis.right)
    const last = Math.max(...places.map(({ row }) => row))
    const top = pen.y + 10 + badgeRadius
    pen.y = top + last * badgeStep + badgeRadius + 2
    // Badges that had to move aside are tied to their lines below all badges.
    const isFanned = places.some(({ x }, i) => Math.abs(x - axis.at(events[i]!.atMillis)) > badgeRadius)
    if (isFanned) pen.y += 16
    events.forEach((event, i) => {
      const { row, x } = places[i]!
      const y = top + (last - row) * badgeStep
      pen.parts.push(badgeAt(x, y, { event, number: numbers.get(event)! }))
      const at = axis.at(event.atMillis)
      if (Math.abs(x - at) <= badgeRadius) return begins.push({ event, y })
      pen.behind.push(
        element("polyline", {
          points: `${x.toFixed(1)},${y} ${x.toFixed(1)},${pen.y - 16} ${at.toFixed(1)},${pen.y}`,
          fill: "none",
          class: `e-s-${event.kind}`
        })
      )
      return begins.push({ event, y: pen.y })
    })
    pen.y += 4
    return begins
  }
  const most = (axis.right - axis.left) * 0.62
  const places = placeLabels(
    events.map((event) => ({ x: axis.at(event.atMillis), width: labelWidth(event, most) })),
    axis.left,
    axis.right
  )
  const last = Math.max(...places.map(({ row }) => row))
  const top = pen.y + 22
  events.forEach((event, i) => {
    const { left, row } = places[i]!
    const y = top + (last - row) * rowHeight
    const width = labelWidth(event, most)
    pen.parts.push(
      halo(left, y, width),
      labelAt(left, y, event, most),
      element("circle", { cx: axis.at(event.atMillis), cy: y - 4, r: 3.5, class: `e-${event.kind}` })
    )
    begins.push({ event, y: y - 4 })
  })
  pen.y = top + last * rowHeight + 8
  return begins
}

// -----------------------------------------------------------------------------
// Lanes
// -----------------------------------------------------------------------------

/** Columns of a chart as one path for each kind of write. */
const drawCounts = (
  pen: Pen,
  axis: Axis,
  counts: ReadonlyArray<TimelineCount>,
  top: number
): void => {
  // Columns of whole counts, wide enough to be told apart.
  const shortest = counts.reduce((least, { forMillis }) => Math.min(least, forMillis), axis.to - axis.from)
  const perPixel = (axis.to - axis.from) / (axis.right - axis.left)
  const each = shortest * Math.max(1, Math.ceil(2.5 * perPixel / shortest))
  const origin = Math.max(axis.from, counts[0]!.atMillis)
  const kinds = ["acknowledged", "failed", "lost"] as const
  const sums = Array.from(
    { length: Math.max(1, Math.ceil((axis.to - origin) / each)) },
    () => ({ acknowledged: 0, failed: 0, lost: 0 })
  )
  for (const count of counts) {
    const end = count.atMillis + count.forMillis
    const first = Math.max(0, Math.floor((count.atMillis - origin) / each + 1e-6))
    const last = Math.min(sums.length - 1, Math.ceil((end - origin) / each - 1e-6) - 1)
    for (let i = first; i <= last; i++) {
      const begin = origin + i * each
      const shared = Math.min(begin + each, end) - Math.max(begin, count.atMillis)
      for (const kind of kinds) sums[i]![kind] += count[kind] * Math.max(0, shared) / count.forMillis
    }
  }
  const highest = Math.max(...sums.map((column) => column.acknowledged + column.failed + column.lost))
  const bottom = top + chartHeight
  if (highest > 0) {
    const paths = { acknowledged: "", failed: "", lost: "" }
    sums.forEach((column, i) => {
      let y = bottom
      for (const kind of kinds) {
        if (column[kind] <= 0) continue
        // A few lost writes among thousands must be seen too.
        const wanted = column[kind] / highest * (chartHeight - 6)
        const height = Math.min(kind === "acknowledged" ? wanted : Math.max(3, wanted), y - top)
        y -= height
        const x = axis.at(origin + i * each)
        // A little wider, so that no seam shows between columns.
        const width = axis.at(origin + (i + 1) * each) - x + 0.3
        paths[kind] += `M${x.toFixed(1)} ${y.toFixed(1)}h${width.toFixed(2)}v${height.toFixed(1)}h-${width.toFixed(2)}z`
      }
    })
    for (const kind of kinds) {
      if (paths[kind] !== "") {
        pen.parts.push(element("path", { d: paths[kind], class: `e-${kind}` }))
      }
    }
  }
  pen.parts.push(line(axis.left, bottom, axis.right, bottom, "e-s-edge"))
}

const peakOf = (counts: ReadonlyArray<TimelineCount>): number => {
  // Over a tenth of a second at least: shorter counts say little of a rate.
  let peak = 0
  let from = 0
  let total = 0
  for (let i = 0; i < counts.length; i++) {
    total += counts[i]!.acknowledged + counts[i]!.lost
    const end = counts[i]!.atMillis + counts[i]!.forMillis
    while (from < i && end - counts[from + 1]!.atMillis >= 100) {
      total -= counts[from]!.acknowledged + counts[from]!.lost
      from++
    }
    peak = Math.max(peak, total / Math.max(100, end - counts[from]!.atMillis) * 1000)
  }
  return peak
}

const drawSpans = (pen: Pen, axis: Axis, spans: ReadonlyArray<DrawnSpan>): void => {
  if (spans.length === 0) return
  const placed = spans.map((span) => {
    const x = axis.at(span.fromMillis)
    const width = Math.max(3, axis.at(span.toMillis) - x)
    const left = Math.min(x, axis.right - width)
    const label = clean(span.label, 120)
    const wide = widthOf(label, textFace)
    const roomRight = axis.right - left - width - 6
    const roomLeft = left - axis.left - 6
    const side = wide + 12 <= width
      ? "within" as const
      : wide <= roomRight || roomRight >= roomLeft
      ? "right" as const
      : "left" as const
    const most = Math.max(0, side === "within" ? width : side === "right" ? roomRight : roomLeft)
    const shown = fit(label, most, textFace).replace(/^…$/, "")
    const taken = widthOf(shown, textFace)
    return {
      span,
      left,
      width,
      side,
      shown,
      range: {
        left: side === "left" ? left - 6 - taken : left,
        right: side === "right" ? left + width + 6 + taken : left + width
      }
    }
  })
  const rows = placeRanges(placed.map(({ range }) => range), 8)
  placed.forEach(({ left, shown, side, span, width }, i) => {
    const y = pen.y + rows[i]! * (spanHeight + 3)
    const at = side === "within" ? left + 7 : side === "right" ? left + width + 6 : left - 6
    pen.parts.push(
      rectangle(
        { x: left + 0.5, y: y + 0.5, width: Math.max(2, width - 1), height: spanHeight - 1 },
        `e-${span.kind}Tint e-s-${span.kind}`,
        Math.min(4, width / 2)
      ),
      ...(side === "within" ? [] : [halo(at, y + 13, widthOf(shown, textFace), side === "left" ? "end" : "start")]),
      textAt(at, y + 13, shown, { ...textFace, anchor: side === "left" ? "end" : "start" })
    )
  })
  pen.y += (Math.max(...rows) + 1) * (spanHeight + 3)
}

/** Events of one lane: beside marks below its chart. */
const drawLaneEvents = (
  pen: Pen,
  axis: Axis,
  lane: DrawnLane,
  top: number,
  numbers: ReadonlyMap<TimelineEvent, number> | undefined
): void => {
  if (lane.events.length === 0) return
  const mark = (event: TimelineEvent, to: number): string =>
    line(axis.at(event.atMillis), top, axis.at(event.atMillis), to, `e-s-${event.kind}`, "3 3")
  if (numbers !== undefined) {
    const places = placeBadges(
      lane.events.map(({ atMillis }) => axis.at(atMillis)),
      2 * badgeRadius,
      axis.left,
      axis.right
    )
    const isFanned = places.some(({ x }, i) => Math.abs(x - axis.at(lane.events[i]!.atMillis)) > badgeRadius)
    if (isFanned) pen.y += 14
    lane.events.forEach((event, i) => {
      const { row, x } = places[i]!
      const y = pen.y + 2 + badgeRadius + row * badgeStep
      const at = axis.at(event.atMillis)
      const isAside = Math.abs(x - at) > badgeRadius
      pen.behind.push(mark(event, isAside ? pen.y - 14 : y))
      if (isAside) {
        pen.behind.push(
          element("polyline", {
            points: `${at.toFixed(1)},${pen.y - 14} ${x.toFixed(1)},${pen.y} ${x.toFixed(1)},${y}`,
            fill: "none",
            class: `e-s-${event.kind}`
          })
        )
      }
      pen.parts.push(badgeAt(x, y, { event, number: numbers.get(event)! }))
    })
    pen.y += (Math.max(...places.map(({ row }) => row)) + 1) * badgeStep + 2
    return
  }
  const most = (axis.right - axis.left) * 0.62
  const places = placeLabels(
    lane.events.map((event) => ({ x: axis.at(event.atMillis), width: labelWidth(event, most) })),
    axis.left,
    axis.right
  )
  lane.events.forEach((event, i) => {
    const { left, row } = places[i]!
    const y = pen.y + 13 + row * rowHeight
    pen.behind.push(mark(event, y - 4))
    pen.parts.push(
      halo(left, y, labelWidth(event, most)),
      labelAt(left, y, event, most),
      element("circle", { cx: axis.at(event.atMillis), cy: y - 4, r: 3.5, class: `e-${event.kind}` })
    )
  })
  pen.y += (Math.max(...places.map(({ row }) => row)) + 1) * rowHeight
}

const drawLane = (
  pen: Pen,
  axis: Axis,
  lane: DrawnLane,
  numbers: ReadonlyMap<TimelineEvent, number> | undefined
): void => {
  pen.y += 30
  const width = axis.right - axis.left
  const name = fit(clean(lane.name, 120), width, laneFace)
  pen.parts.push(halo(axis.left, pen.y, widthOf(name, laneFace)), textAt(axis.left, pen.y, name, laneFace))
  let used = widthOf(name, laneFace)
  const peak = peakOf(lane.counts)
  const speed = `up to ${shownCount(peak)} writes/s`
  if (peak > 0 && used + 12 + widthOf(speed, textFace) <= width) {
    pen.parts.push(
      halo(axis.left + used + 12, pen.y, widthOf(speed, textFace)),
      textAt(axis.left + used + 12, pen.y, speed, { ...textFace, tone: "soft" })
    )
    used += 12 + widthOf(speed, textFace)
  }
  if (lane.result !== undefined) {
    const result = clean(lane.result, 160)
    const tone = lane.tone ?? "neutral"
    if (used + 16 + widthOf(result, strongFace) <= width) {
      pen.parts.push(
        halo(axis.right, pen.y, widthOf(result, strongFace), "end"),
        textAt(axis.right, pen.y, result, { ...strongFace, tone, anchor: "end" })
      )
    } else {
      for (const text of wrap(result, width, strongFace, 2)) {
        pen.y += 17
        pen.parts.push(
          halo(axis.left, pen.y, widthOf(text, strongFace)),
          textAt(axis.left, pen.y, text, { ...strongFace, tone })
        )
      }
    }
  }
  pen.y += 7
  const top = pen.y
  if (lane.counts.length > 0) {
    pen.behind.push(rectangle({ x: axis.left, y: top, width, height: chartHeight }, "e-lane"))
    drawCounts(pen, axis, lane.counts, top)
    pen.y += chartHeight + 4
  } else if (lane.spans.length === 0 && lane.events.length === 0) {
    pen.behind.push(rectangle({ x: axis.left, y: top, width, height: 10 }, "e-lane"))
    pen.y += 12
  }
  drawSpans(pen, axis, lane.spans)
  drawLaneEvents(pen, axis, lane, top, numbers)
}

// -----------------------------------------------------------------------------
// The whole
// -----------------------------------------------------------------------------

const drawAxis = (pen: Pen, axis: Axis, top: number): void => {
  pen.y += 10
  pen.parts.push(line(axis.left, pen.y, axis.right, pen.y, "e-s-soft"))
  for (const { label, x } of ticksOf(axis)) {
    pen.behind.unshift(line(x, top, x, pen.y, "e-s-grid"))
    pen.parts.push(
      line(x, pen.y, x, pen.y + 4, "e-s-soft"),
      textAt(x, pen.y + 17, label, { size: tickSize, tone: "soft", anchor: "middle" })
    )
  }
  pen.y += 20
}

const drawList = (pen: Pen, numbers: ReadonlyMap<TimelineEvent, number>, left: number, right: number): void => {
  if (numbers.size === 0) return
  pen.y += 8
  const columns = right - left >= 700 ? 2 : 1
  const width = (right - left - (columns - 1) * 24) / columns
  const entries = Array.from(numbers, ([event, number]) => {
    const when = shownMillis(event.atMillis)
    const indent = 2 * badgeRadius + 8 + widthOf(when, strongFace) + 6
    const words = event.lane === undefined ? event.text : `${event.lane}: ${event.text}`
    const rest = width - indent
    // A long time leaves little room beside it.
    return { event, number, when, indent, lines: wrap(clean(words, 240), Math.max(80, rest), textFace, 3) }
  })
  const perColumn = Math.ceil(entries.length / columns)
  const top = pen.y
  let lowest = top
  for (let column = 0; column < columns; column++) {
    let y = top
    const x = left + column * (width + 24)
    for (const entry of entries.slice(column * perColumn, (column + 1) * perColumn)) {
      y += 8 + badgeRadius
      pen.parts.push(
        badgeAt(x + badgeRadius, y, entry),
        textAt(x + 2 * badgeRadius + 8, y + 4.2, entry.when, { ...strongFace, tone: entry.event.kind }),
        ...entry.lines.map((text, i) => textAt(x + entry.indent, y + 4.2 + i * 16, text, textFace))
      )
      y += badgeRadius + (entry.lines.length - 1) * 16 - 4
    }
    lowest = Math.max(lowest, y)
  }
  pen.y = lowest + 8
}

/** How many rows the labels of events would need, of the part that needs most. */
const rowsOf = (events: ReadonlyArray<TimelineEvent>, axis: Axis): number =>
  Math.max(
    0,
    ...placeLabels(
      events.map((event) => ({
        x: axis.at(event.atMillis),
        width: labelWidth(event, (axis.right - axis.left) * 0.62)
      })),
      axis.left,
      axis.right
    ).map(({ row }) => row + 1)
  )

/** The picture of a timeline. */
export const drawTimeline = (data: Timeline, options: DrawOptions = {}): string => {
  const timeline = drawnTimeline(data)
  const width = widthFrom(options)
  const isNarrow = width < narrowWidth
  const margin = isNarrow ? 14 : 22
  const axis = axisFrom(timeline.from, timeline.to, margin, width - margin)
  const pen: Pen = { y: isNarrow ? 12 : 16, behind: [], parts: [] }

  for (const text of wrap(timeline.title, width - 2 * margin, titleFace, 3)) {
    pen.y += 18
    pen.parts.push(textAt(margin, pen.y, text, titleFace))
    pen.y += 3
  }
  if (timeline.start !== undefined) {
    pen.y += 17
    pen.parts.push(
      textAt(margin, pen.y, `0 is ${timeline.start}`, { ...textFace, tone: "soft", most: width - 2 * margin })
    )
  }
  drawLegend(pen, timeline, margin, width - margin)

  const isNumbered = isNarrow ||
    [timeline.events, ...timeline.lanes.map((lane) => lane.events)].some((events) => rowsOf(events, axis) > mostRows)
  const everyEvent = [...timeline.events, ...timeline.lanes.flatMap((lane) => lane.events)]
    .toSorted((a, b) => a.atMillis - b.atMillis)
  const numbers = isNumbered ? new Map(everyEvent.map((event, i) => [event, i + 1])) : undefined

  const begins = drawEvents(pen, axis, timeline.events, numbers)
  const top = pen.y
  if (timeline.spans.length > 0) {
    pen.y += 8
    drawSpans(pen, axis, timeline.spans)
  }
  for (const lane of timeline.lanes) drawLane(pen, axis, lane, numbers)
  drawAxis(pen, axis, top)
  const bottom = pen.y - 20
  const lines = begins.map(({ event, y }) =>
    line(axis.at(event.atMillis), y, axis.at(event.atMillis), bottom, `e-s-${event.kind}`, "4 3")
  )
  if (numbers !== undefined) drawList(pen, numbers, margin, width - margin)
  if (timeline.leftOut > 0) {
    pen.y += 18
    pen.parts.push(
      textAt(margin, pen.y, notShown(timeline.leftOut), {
        ...textFace,
        tone: "soft",
        most: width - 2 * margin
      })
    )
  }
  return framed(
    {
      width,
      height: pen.y + (isNarrow ? 12 : 14),
      title: timeline.title,
      description: timeline.description,
      body: [...pen.behind, ...lines, ...pen.parts]
    },
    options
  )
}
