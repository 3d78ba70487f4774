/**
 * Draws the topology of a group as SVG: its sentinels, its primary and its replicas as cards with what is known of them
 * and what is wrong, and lines for who names and who replicates whom. With room the cards are in rows, one for each step of
 * replication; a narrow picture, or one of many nodes, is a list.
 */
import { type DrawOptions, element, framed, narrowWidth, notShown, textAt, widthFrom } from "./svg.ts"
import { clean, type Face, shownBytes, shownCount, wrap } from "./text.ts"
import type {
  Table,
  Tone,
  TopologyLink,
  TopologyNode,
  TopologyPicture,
  TopologyProblem,
  TopologySentinel
} from "./types.ts"

const titleFace: Face = { size: 16, isBold: true }
const nameFace: Face = { size: 13, isBold: true }
const textFace: Face = { size: 12 }
const leastCard = 196
const mostCard = 300
const gap = 16
/** More nodes or sentinels are in the table alone. */
const mostCards = 30

interface CardLine {
  readonly text: string
  readonly tone: Tone | "ink" | "soft"
  readonly mark?: "bad" | "notice" | undefined
}

interface Card {
  readonly address: string
  readonly kind: "sentinel" | "primary" | "replica" | "unknown"
  readonly tone: Tone
  readonly lines: ReadonlyArray<CardLine>
  /** How far from the primary in steps of replication; sentinels have none. */
  readonly depth: number
}

const list = <A>(of: ReadonlyArray<A> | undefined): ReadonlyArray<A> => of ?? []

/** The worst of what is known. */
const toneOf = (problems: ReadonlyArray<TopologyProblem>, isReachable: boolean | undefined): Tone =>
  isReachable === false || problems.some(({ tone }) => tone === "bad")
    ? "bad"
    : problems.length > 0
    ? "notice"
    : isReachable === undefined
    ? "neutral"
    : "good"

const problemLines = (problems: ReadonlyArray<TopologyProblem>): ReadonlyArray<CardLine> =>
  problems.slice(0, 6).map(({ text, tone }) => ({ text, tone, mark: tone }))

const linkLines = (links: ReadonlyArray<TopologyLink>): ReadonlyArray<CardLine> =>
  links.flatMap(({ kind, text, to, tone }) => {
    const isWrong = tone === "bad" || tone === "notice"
    const words = kind === "names" ? `names ${to}${text === undefined ? "" : `, ${text}`}` : text
    return words === undefined ? [] : [{ text: words, tone: isWrong ? tone : "soft", mark: isWrong ? tone : undefined }]
  })

const roleWords = { primary: "primary", replica: "replica", unknown: "role unknown" } as const

const cardOfNode = (node: TopologyNode, links: ReadonlyArray<TopologyLink>, depth: number): Card => {
  const problems = list(node.problems)
  const state = [
    roleWords[node.role],
    ...(node.isReachable === false ? ["unreachable"] : []),
    ...(node.lagBytes === undefined ? [] : [node.lagBytes <= 0 ? "no lag" : `${shownBytes(node.lagBytes)} behind`])
  ].join(" · ")
  return {
    address: node.address,
    kind: node.role,
    tone: toneOf(problems, node.isReachable),
    depth,
    lines: [
      { text: state, tone: node.isReachable === false ? "bad" : "ink" },
      ...list(node.facts).slice(0, 4).map((text) => ({ text, tone: "soft" as const })),
      ...linkLines(links.filter(({ kind, to }) => kind === "replication" && to === node.address)),
      ...problemLines(problems)
    ]
  }
}

const cardOfSentinel = (sentinel: TopologySentinel, links: ReadonlyArray<TopologyLink>): Card => {
  const problems = list(sentinel.problems)
  return {
    address: sentinel.address,
    kind: "sentinel",
    tone: toneOf(problems, sentinel.isReachable),
    depth: -1,
    lines: [
      {
        text: sentinel.isReachable === false ? "sentinel · unreachable" : "sentinel",
        tone: sentinel.isReachable === false ? "bad" : "ink"
      },
      ...list(sentinel.facts).slice(0, 4).map((text) => ({ text, tone: "soft" as const })),
      ...linkLines(links.filter(({ from, kind }) => kind === "names" && from === sentinel.address)),
      ...problemLines(problems)
    ]
  }
}

/** How many steps of replication a node is from one that nobody feeds; a circle counts as 1. */
const depthsOf = ({ links, nodes }: TopologyPicture): ReadonlyMap<string, number> => {
  const sources = new Map(links.filter(({ kind }) => kind === "replication").map(({ from, to }) => [to, from]))
  return new Map(nodes.map(({ address, role }) => {
    if (role !== "replica") return [address, 0]
    const seen = new Set<string>([address])
    let depth = 1
    let source = sources.get(address)
    while (source !== undefined && nodes.find((node) => node.address === source)?.role === "replica") {
      if (seen.has(source)) return [address, 1]
      seen.add(source)
      depth++
      source = sources.get(source)
    }
    return [address, depth]
  }))
}

// -----------------------------------------------------------------------------
// Cards
// -----------------------------------------------------------------------------

const inner = 14

const linesOf = (card: Card, width: number): ReadonlyArray<CardLine & { readonly isFirst: boolean }> =>
  card.lines.flatMap((each) =>
    wrap(clean(each.text, 200), width - 2 * inner - (each.mark === undefined ? 0 : 17), textFace, 3)
      .map((text, i) => ({ ...each, text, isFirst: i === 0 }))
  )

const nameLines = (card: Card, width: number): ReadonlyArray<string> =>
  wrap(clean(card.address, 200), width - 2 * inner - 18, nameFace, 2)

const heightOf = (card: Card, width: number): number =>
  14 + nameLines(card, width).length * 17 + linesOf(card, width).length * 16.5 + 10

/** A triangle for what is wrong, a ring for what is not ideal. */
const markAt = (x: number, y: number, tone: "bad" | "notice"): string =>
  tone === "bad"
    ? element("path", { d: `M${x} ${y}l5.5 -10l5.5 10z`, class: "e-bad" })
    : element("circle", { cx: x + 5.5, cy: y - 4.5, r: 4.2, fill: "none", "stroke-width": 2.2, class: "e-s-notice" })

const drawCard = (card: Card, x: number, y: number, width: number, height: number): string => {
  const isPrimary = card.kind === "primary"
  const parts = [
    element("rect", {
      x,
      y,
      width,
      height,
      rx: 8,
      class: `e-${card.kind === "sentinel" ? "card" : "lane"} e-s-${card.tone === "neutral" ? "edge" : card.tone}`,
      "stroke-width": isPrimary ? 2.5 : 1.4,
      "stroke-dasharray": card.tone === "bad" ? "6 4" : undefined
    })
  ]
  let baseline = y + 14 + 9
  nameLines(card, width).forEach((text, i) => {
    if (i > 0) baseline += 17
    parts.push(textAt(x + inner + 18, baseline, text, nameFace))
  })
  // Its form tells what it is: a disk with a core for a primary, a disk for a replica, a diamond for a sentinel.
  const [cx, cy] = [x + inner + 5, y + 14 + 4.5]
  parts.push(
    card.kind === "sentinel"
      ? element("path", { d: `M${cx} ${cy - 6.5}l6.5 6.5l-6.5 6.5l-6.5 -6.5z`, class: `e-${card.tone}` })
      : element("circle", { cx, cy, r: 6, class: `e-${card.tone}` })
  )
  if (isPrimary) parts.push(element("circle", { cx, cy, r: 2.6, class: "e-lane" }))
  baseline += 1
  for (const { isFirst, mark, text, tone } of linesOf(card, width)) {
    baseline += 16.5
    if (mark !== undefined && isFirst) parts.push(markAt(x + inner, baseline, mark))
    parts.push(textAt(x + inner + (mark === undefined ? 0 : 17), baseline, text, { ...textFace, tone }))
  }
  return parts.join("")
}

interface Spot {
  readonly card: Card
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const arrow = (x: number, y: number, tone: string): string =>
  element("path", { d: `M${x.toFixed(1)} ${y.toFixed(1)}l-4.5 -8h9z`, class: `e-${tone}` })

const lineTone = (link: TopologyLink): string =>
  link.tone === "bad" || link.tone === "notice" ? link.tone : link.kind === "names" ? "edge" : "soft"

// -----------------------------------------------------------------------------
// Rows
// -----------------------------------------------------------------------------

const drawRows = (
  rows: ReadonlyArray<ReadonlyArray<Card>>,
  links: ReadonlyArray<TopologyLink>,
  top: number,
  left: number,
  right: number
): { readonly body: ReadonlyArray<string>; readonly bottom: number } => {
  const spots = new Map<string, Spot>()
  let y = top
  for (const row of rows) {
    const width = Math.min(mostCard, (right - left - (row.length - 1) * gap) / row.length)
    const height = Math.max(...row.map((card) => heightOf(card, width)))
    const begin = (left + right - row.length * width - (row.length - 1) * gap) / 2
    row.forEach((card, i) => spots.set(card.address, { card, x: begin + i * (width + gap), y, width, height }))
    y += height + 54
  }
  const lines = links.flatMap((link) => {
    const [from, to] = [spots.get(link.from), spots.get(link.to)]
    if (from === undefined || to === undefined || from === to) return []
    const tone = lineTone(link)
    const dash = tone === "bad" || tone === "notice" ? "6 4" : undefined
    const x1 = from.x + from.width / 2
    // The lines that come from above are spread over the edge of a card.
    const arrivals = links.filter((other) => other.to === link.to && spots.has(other.from) && other.kind === link.kind)
      .toSorted((a, b) => spots.get(a.from)!.x - spots.get(b.from)!.x)
    const x2 = to.x + to.width * (arrivals.indexOf(link) + 1) / (arrivals.length + 1)
    if (to.y <= from.y) {
      // Beside or above it: around its bottom edge.
      const [b1, b2] = [from.y + from.height, to.y + to.height]
      const low = Math.max(b1, b2) + 30
      return [element("path", {
        d: `M${x1.toFixed(1)} ${b1.toFixed(1)}C${x1.toFixed(1)} ${low} ${x2.toFixed(1)} ${low} ${x2.toFixed(1)} ${
          b2.toFixed(1)
        }`,
        fill: "none",
        "stroke-width": 1.8,
        "stroke-dasharray": dash,
        class: `e-s-${tone}`
      })]
    }
    const [y1, y2] = [from.y + from.height, to.y - 3]
    const bend = Math.min(40, (y2 - y1) * 0.6)
    return [
      element("path", {
        d: `M${x1.toFixed(1)} ${y1.toFixed(1)}C${x1.toFixed(1)} ${(y1 + bend).toFixed(1)} ${x2.toFixed(1)} ${
          (y2 - bend).toFixed(1)
        } ${x2.toFixed(1)} ${(y2 - 6).toFixed(1)}`,
        fill: "none",
        "stroke-width": link.kind === "names" ? 1.4 : 2,
        "stroke-dasharray": dash ?? (link.kind === "names" ? "2 3" : undefined),
        class: `e-s-${tone === "edge" ? "neutral" : tone}`
      }),
      arrow(x2, y2, tone === "edge" ? "neutral" : tone)
    ]
  })
  return {
    body: [
      ...lines,
      ...Array.from(spots.values(), (spot) => drawCard(spot.card, spot.x, spot.y, spot.width, spot.height))
    ],
    bottom: y - 54
  }
}

// -----------------------------------------------------------------------------
// List
// -----------------------------------------------------------------------------

const drawList = (
  sections: ReadonlyArray<{ readonly name: string; readonly cards: ReadonlyArray<Card> }>,
  links: ReadonlyArray<TopologyLink>,
  top: number,
  left: number,
  right: number
): { readonly body: ReadonlyArray<string>; readonly bottom: number } => {
  const body: Array<string> = []
  const spots = new Map<string, Spot>()
  let y = top
  for (const { cards, name } of sections) {
    if (cards.length === 0) continue
    body.push(textAt(left, y + 12, name, { ...textFace, tone: "soft" }))
    y += 22
    for (const card of cards) {
      const x = left + Math.min(3, Math.max(0, card.depth)) * 22
      const width = right - x
      const height = heightOf(card, width)
      spots.set(card.address, { card, x, y, width, height })
      body.push(drawCard(card, x, y, width, height))
      y += height + 12
    }
    y += 4
  }
  const elbows = links.flatMap((link) => {
    const [from, to] = [spots.get(link.from), spots.get(link.to)]
    if (from === undefined || to === undefined || link.kind !== "replication" || to.x <= from.x) return []
    const tone = lineTone(link)
    // Beside the line of links that work, not on it.
    const x = to.x - (tone === "soft" ? 14 : 9)
    const middle = to.y + 18
    return [
      element("path", {
        d: `M${x} ${from.y + from.height}V${middle}H${to.x - 7}`,
        fill: "none",
        "stroke-width": 1.8,
        "stroke-dasharray": tone === "soft" ? undefined : "6 4",
        class: `e-s-${tone}`
      }),
      element("path", { d: `M${to.x - 1} ${middle}l-7 -4.5v9z`, class: `e-${tone}` })
    ]
  })
  return { body: [...elbows, ...body], bottom: y - 16 }
}

/** Each replica after the node that feeds it. */
const asTree = (cards: ReadonlyArray<Card>, links: ReadonlyArray<TopologyLink>): ReadonlyArray<Card> => {
  const sources = new Map(links.filter(({ kind }) => kind === "replication").map(({ from, to }) => [to, from]))
  const ordered: Array<Card> = []
  const add = (card: Card): void => {
    if (ordered.includes(card)) return
    ordered.push(card)
    for (const next of cards) if (sources.get(next.address) === card.address && next.depth > card.depth) add(next)
  }
  for (const card of cards.toSorted((a, b) => a.depth - b.depth)) add(card)
  return ordered
}

// -----------------------------------------------------------------------------
// The whole
// -----------------------------------------------------------------------------

const factsOf = ({ epoch, nodes, quorum, sentinels }: TopologyPicture): string =>
  [
    `${nodes.length} ${nodes.length === 1 ? "node" : "nodes"}`,
    `${sentinels.length} ${sentinels.length === 1 ? "sentinel" : "sentinels"}`,
    ...(quorum === undefined ? [] : [`quorum ${shownCount(quorum)}`]),
    ...(epoch === undefined ? [] : [`epoch ${shownCount(epoch)}`])
  ].join(" · ")

const inWords = (picture: TopologyPicture): string =>
  [
    `The group ${picture.group}: ${factsOf(picture)}.`,
    ...(picture.fence === undefined ? [] : [`Writes wait: ${picture.fence}.`]),
    ...picture.nodes.map((node) => {
      const said = cardOfNode(node, picture.links, 0).lines.map(({ text }) => text)
      return `${node.address}: ${said.join("; ")}.`
    }),
    ...picture.sentinels.map((sentinel) =>
      `${sentinel.address}: ${cardOfSentinel(sentinel, picture.links).lines.map(({ text }) => text).join("; ")}.`
    )
  ].join(" ")

/** The picture of a topology. */
export const drawTopology = (picture: TopologyPicture, options: DrawOptions = {}): string => {
  const width = widthFrom(options)
  const isNarrow = width < narrowWidth
  const margin = isNarrow ? 14 : 22
  const [left, right] = [margin, width - margin]
  const depths = depthsOf(picture)
  const unique = <A extends { readonly address: string }>(all: ReadonlyArray<A>): ReadonlyArray<A> =>
    all.filter((one, i) => all.findIndex(({ address }) => address === one.address) === i)
  const sentinels = unique(picture.sentinels).map((sentinel) => cardOfSentinel(sentinel, picture.links))
  const nodes = unique(picture.nodes)
    .filter(({ address }) => sentinels.every((sentinel) => sentinel.address !== address))
    .map((node) => cardOfNode(node, picture.links, depths.get(node.address) ?? 1))
  const shownNodes = nodes.slice(0, mostCards)
  const shownSentinels = sentinels.slice(0, mostCards)
  const leftOut = nodes.length - shownNodes.length + sentinels.length - shownSentinels.length

  const body: Array<string> = []
  let y = isNarrow ? 12 : 16
  const title = picture.title ?? picture.group
  for (const text of wrap(clean(title, 200), right - left, titleFace, 3)) {
    y += 18
    body.push(textAt(left, y, text, titleFace))
    y += 3
  }
  y += 17
  body.push(textAt(left, y, factsOf(picture), { ...textFace, tone: "soft", most: right - left }))
  y += 14
  if (picture.fence !== undefined) {
    const lines = wrap(`Writes wait: ${clean(picture.fence, 200)}`, right - left - 24, textFace, 3)
    body.push(
      element("rect", {
        x: left + 0.5,
        y: y + 0.5,
        width: right - left - 1,
        height: lines.length * 16 + 11,
        rx: 5,
        class: "e-fenceTint e-s-fence"
      }),
      ...lines.map((text, i) => textAt(left + 12, y + 18 + i * 16, text, textFace))
    )
    y += lines.length * 16 + 22
  } else y += 4

  const rows = [
    shownSentinels,
    ...Array.from(Map.groupBy(shownNodes, ({ depth }) => depth)).toSorted(([a], [b]) => a - b).map(([, cards]) => cards)
  ].filter((row) => row.length > 0)
  const perRow = Math.floor((right - left + gap) / (leastCard + gap))
  const drawn = rows.length === 0
    ? {
      body: [
        element("rect", {
          x: left + 0.5,
          y: y + 0.5,
          width: right - left - 1,
          height: 43,
          rx: 8,
          "stroke-dasharray": "6 4",
          class: "e-lane e-s-edge"
        }),
        textAt((left + right) / 2, y + 26, "No node and no sentinel is known.", {
          ...textFace,
          tone: "soft",
          anchor: "middle"
        })
      ],
      bottom: y + 44
    }
    : !isNarrow && rows.every((row) => row.length <= perRow)
    ? drawRows(rows, picture.links, y, left, right)
    : drawList(
      [
        { name: "Sentinels", cards: shownSentinels },
        { name: "Primary and replicas", cards: asTree(shownNodes, picture.links) }
      ],
      picture.links,
      y,
      left,
      right
    )
  y = drawn.bottom
  body.push(...drawn.body)
  if (leftOut > 0) {
    y += 24
    body.push(
      textAt(left, y, notShown(leftOut), {
        ...textFace,
        tone: "soft",
        most: right - left
      })
    )
  }
  return framed(
    { width, height: y + (isNarrow ? 14 : 20), title, description: picture.description ?? inWords(picture), body },
    options
  )
}

/** The same facts as tables. */
export const topologyTables = (picture: TopologyPicture): ReadonlyArray<Table> => {
  const reach = (isReachable: boolean | undefined): string =>
    isReachable === undefined ? "not asked" : isReachable ? "reachable" : "unreachable"
  const texts = (problems: ReadonlyArray<TopologyProblem> | undefined): string =>
    list(problems).map(({ text }) => text).join("; ")
  const links = (kind: TopologyLink["kind"], end: "from" | "to", address: string): string =>
    picture.links.filter((link) => link.kind === kind && link[end] === address)
      .map((link) => `${end === "from" ? link.to : link.from}${link.text === undefined ? "" : ` (${link.text})`}`)
      .join(", ")
  return [
    {
      caption: `Nodes of ${picture.group}`,
      columns: [
        { name: "node" },
        { name: "role" },
        { name: "state" },
        { name: "replicates" },
        { name: "behind", isNumber: true },
        { name: "facts" },
        { name: "problems" }
      ],
      rows: picture.nodes.map((node) => [
        node.address,
        roleWords[node.role],
        reach(node.isReachable),
        links("replication", "to", node.address),
        node.lagBytes === undefined ? "" : shownBytes(node.lagBytes),
        list(node.facts).join("; "),
        texts(node.problems)
      ])
    },
    {
      caption: `Sentinels of ${picture.group}`,
      columns: [{ name: "sentinel" }, { name: "state" }, { name: "names" }, { name: "facts" }, { name: "problems" }],
      rows: picture.sentinels.map((sentinel) => [
        sentinel.address,
        reach(sentinel.isReachable),
        links("names", "from", sentinel.address),
        list(sentinel.facts).join("; "),
        texts(sentinel.problems)
      ])
    }
  ]
}
