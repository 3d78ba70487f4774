/** The pictures as text: what they contain, what they keep out, and where their labels go. test/browser looks at them. */
import { assert, describe, it } from "@effect/vitest"
import { axisFrom, ticksOf } from "../src/internal/pictures/axis.ts"
import { placeBadges, placeLabels, placeRanges } from "../src/internal/pictures/labels.ts"
import { drawPage } from "../src/internal/pictures/page.ts"
import { timelineTables } from "../src/internal/pictures/recordedTimeline.ts"
import { clean, fit, shownBytes, shownCount, shownMillis, widthOf, wrap } from "../src/internal/pictures/text.ts"
import { drawTimeline } from "../src/internal/pictures/timeline.ts"
import { drawTopology, topologyTables } from "../src/internal/pictures/topology.ts"
import type { Timeline } from "../src/internal/pictures/types.ts"
import * as samples from "./support/pictures.ts"

/** Numbers between 0 and 1, the same for a seed. */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  const mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  const more = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((more ^ (more >>> 14)) >>> 0) / 4_294_967_296
}

/** The name and the text of each element without children; fails for text that is not XML. */
const elementsOf = (svg: string): ReadonlyArray<{ readonly name: string; readonly text: string }> => {
  const open: Array<string> = []
  const found: Array<{ name: string; text: string }> = []
  const tokens = svg.matchAll(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>|([^<]+)|(<)/gi)
  let text = ""
  for (const [whole, closes, name, , empty, words, stray] of tokens) {
    assert.isUndefined(stray, `a stray < before ${svg.slice(svg.indexOf(whole), 80)}`)
    if (words !== undefined) {
      assert.notMatch(words, /&(?!(?:amp|lt|gt|quot|#39);)|\]\]>/, "an ampersand that is not escaped")
      text = words
    } else if (closes === "/") {
      assert.strictEqual(open.pop(), name, "elements are closed in the order in which they were opened")
      found.push({ name: name!, text })
    } else if (empty === "/") found.push({ name: name!, text: "" })
    else {
      open.push(name!)
      text = ""
    }
  }
  assert.deepStrictEqual(open, [])
  return found
}

const everything = [
  ...[samples.plannedFailover, samples.comparison, samples.hostile, samples.nothing].flatMap((timeline) =>
    [320, 400, 960].map((width) => drawTimeline(timeline, { width }))
  ),
  ...[samples.healthy, samples.broken, samples.hostileTopology, samples.nobody].flatMap((topology) =>
    [320, 400, 960].map((width) => drawTopology(topology, { width }))
  )
]

describe("pictures", () => {
  it("are XML, with a title, a description and the role of a picture", () => {
    for (const svg of everything) {
      const elements = elementsOf(svg)
      const [, id] = /aria-labelledby="(\S+)-title \1-desc"/.exec(svg)!
      assert.include(svg, `<title id="${id}-title">`)
      assert.include(svg, `<desc id="${id}-desc">`)
      assert.match(svg, /^<svg [^>]*role="img"/)
      assert.isAbove(elements.find(({ name }) => name === "desc")!.text.length, 10)
    }
  })

  it("contain no number that is none, and nothing that a server could run", () => {
    for (const svg of everything) {
      assert.notMatch(svg, /="[^"]*(?:NaN|Infinity|undefined)[^"]*"/)
      // eslint-disable-next-line no-control-regex
      assert.notMatch(svg, /<script|[\u0000-\u0008\u000b-\u001f\u202e]|\ud800(?![\udc00-\udfff])/)
    }
  })

  it("are the same for the same data, and ask for nothing", () => {
    assert.strictEqual(drawTimeline(samples.comparison), drawTimeline(samples.comparison))
    assert.strictEqual(drawTopology(samples.broken), drawTopology(samples.broken))
    for (const svg of everything) {
      assert.notMatch(svg.replaceAll("http://www.w3.org/2000/svg", ""), /https?:|url\(|@import|href/)
    }
  })

  it("have ids of their own on one page", () => {
    const ids = Array.from(drawPage(samples.hostilePage).matchAll(/ id="([^"]+)"/g), ([, id]) => id)
    assert.strictEqual(new Set(ids).size, ids.length)
    assert.isAbove(ids.length, 10)
  })

  it("say what is not in the picture", () => {
    const events = Array.from({ length: 75 }, (_, i) => ({ atMillis: i, text: `event ${i}`, kind: "node" as const }))
    assert.include(drawTimeline({ ...samples.nothing, events }), "15 more are not in the picture.")
    assert.include(drawTimeline({ ...samples.nothing, events: events.slice(0, 61) }), "1 more is not in the picture.")
    assert.include(drawTopology(samples.hostileTopology), "9 more are not in the picture.")
    // What the caller left out of the axis is left out on purpose.
    assert.notInclude(drawTimeline({ ...samples.nothing, toMillis: 30, events: events.slice(0, 60) }), "more")
  })

  it("name each event, and number them where there is no room for names", () => {
    const wide = drawTimeline(samples.plannedFailover, { width: 960 })
    const narrow = drawTimeline(samples.plannedFailover, { width: 400 })
    for (const { lane, text } of samples.plannedFailover.events) {
      assert.include(wide, `>${text}</text>`)
      assert.include(narrow, `>${lane === undefined ? text : `${lane}: ${text}`}</text>`)
    }
    assert.notInclude(wide, "<circle cx=\"22\"")
    for (let i = 1; i <= samples.plannedFailover.events.length; i++) {
      assert.lengthOf(elementsOf(narrow).filter(({ name, text }) => name === "text" && text === String(i)), 2)
    }
  })

  it("say when the moment 0 was, if it is known", () => {
    assert.include(drawTimeline(samples.plannedFailover), ">0 is 2026-01-31 12:00:00.000 UTC</text>")
    assert.notInclude(drawTimeline({ ...samples.nothing, startMillis: Number.NaN }), "0 is")
  })

  it("show a few lost writes among very many", () => {
    const lost: Timeline = {
      ...samples.nothing,
      lanes: [{ name: "a" }],
      counts: [{ lane: "a", atMillis: 0, forMillis: 100, acknowledged: 1e9, failed: 0, lost: 1 }]
    }
    const [, d] = /<path d="([^"]+)" class="e-lost"/.exec(drawTimeline(lost))!
    assert.isAtLeast(Number(/v([\d.]+)/.exec(d!)![1]), 3)
  })

  it("show the rest where one time is no number", () => {
    const events = [Number.NaN, 5].map((atMillis) => ({ atMillis, text: `at ${atMillis}`, kind: "node" as const }))
    const svg = drawTimeline({ ...samples.nothing, events })
    assert.include(svg, ">at 5</text>")
    assert.notInclude(svg, "NaN")
  })

  it("mark what is wrong with nodes and links by form, not by colour alone", () => {
    for (const width of [400, 960]) {
      const svg = drawTopology(samples.broken, { width })
      const broken = svg.match(
        /<path d="[^"]+" fill="none" stroke-width="[\d.]+" stroke-dasharray="6 4" class="e-s-bad"\/>/g
      )
      // A sentinel that names another primary is drawn where there are rows.
      assert.lengthOf(broken!, width === 400 ? 1 : 2)
      assert.include(svg, ">link down for 61 s</text>")
      assert.lengthOf(svg.match(/l5\.5 -10l5\.5 10z" class="e-bad"/g)!, 5)
      assert.notMatch(drawTopology(samples.healthy, { width, isStyled: false }), /e-bad"|e-s-bad/)
    }
  })

  it("of replicas that replicate each other end", () => {
    const circle = { ...samples.nobody, nodes: ["a", "b"].map((address) => ({ address, role: "replica" as const })) }
    const links = [["a", "b"], ["b", "a"]].map(([from, to]) => ({ from: from!, to: to!, kind: "replication" as const }))
    for (const width of [400, 960]) {
      const svg = drawTopology({ ...circle, links }, { width })
      for (const name of ["a", "b"]) assert.include(svg, `>${name}</text>`)
    }
  })

  it("draw a span that lasts to the end of the axis, and leave out what is no time", () => {
    const svg = drawTimeline({
      ...samples.nothing,
      toMillis: 100,
      fromMillis: 0,
      spans: [
        { fromMillis: 50, toMillis: undefined, kind: "down", text: "it lasts" },
        { fromMillis: 60, toMillis: 40, kind: "fence", text: "backwards" },
        { fromMillis: Number.NaN, toMillis: 40, kind: "fence", text: "never" }
      ]
    }, { width: 960 })
    const [, x, width] =
      /<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="17" [^>]*e-downTint e-s-down"\/>\n<text/.exec(svg)!
    assert.approximately(Number(x) + Number(width), 960 - 22, 1.5)
    assert.notMatch(svg.replace(/<desc.*<\/desc>/, ""), /backwards|never/)
  })
})

describe("tables beside pictures", () => {
  it("have all events, spans and sums of a timeline in order", () => {
    const [writes, happened] = timelineTables(samples.comparison)
    assert.deepStrictEqual(writes!.rows[0], ["ours", "20,745", "3", "0", "0 lost, 3 in doubt, no write for 1.62 s"])
    assert.lengthOf(happened!.rows, samples.comparison.events.length + samples.comparison.spans.length)
    assert.include(happened!.rows.map((row) => row.join("|")), "604 ms|998 ms||failover|")
    assert.deepStrictEqual(happened!.rows.at(-1), ["1.62 s", "", "ours", "write", "first write"])
  })

  it("have all that is known of a topology", () => {
    const [nodes, sentinels] = topologyTables(samples.broken)
    assert.deepStrictEqual(nodes!.rows[3], [
      "10.0.0.8:6379",
      "replica",
      "unreachable",
      "10.0.0.6:6379 (link down for 61 s)",
      "",
      "",
      ""
    ])
    assert.deepStrictEqual(sentinels!.rows[1], ["10.0.0.6:26379", "reachable", "10.0.0.6:6379", "epoch 12", ""])
  })
})

describe("labels", () => {
  it("never overlap, and never leave the picture", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const next = random(seed)
      const wanted = Array.from({ length: 1 + Math.floor(next() * 25) }, () => ({
        x: 20 + (next() < 0.3 ? 5 : next() * 900),
        width: 5 + next() * (next() < 0.1 ? 890 : 200)
      }))
      const places = placeLabels(wanted, 20, 920)
      places.forEach((place, i) => {
        assert.isAtLeast(place.left, 20)
        assert.isAtMost(place.left + wanted[i]!.width, 920.001)
        for (let j = 0; j < i; j++) {
          const other = places[j]!
          const apart = other.row !== place.row || other.left >= place.left + wanted[i]!.width ||
            place.left >= other.left + wanted[j]!.width
          assert.isTrue(apart, `seed ${seed}: labels ${j} and ${i}`)
        }
      })
    }
  })

  it("stay beside their lines, which cross no other label where there is room", () => {
    const wanted = [{ x: 100, width: 200 }, { x: 120, width: 200 }, { x: 150, width: 200 }, { x: 890, width: 100 }]
    const places = placeLabels(wanted, 20, 920)
    assert.deepStrictEqual(places.map(({ row }) => row), [2, 1, 0, 0])
    assert.deepStrictEqual(places.map(({ left }) => left), [106, 126, 156, 784])
  })

  it("of badges never touch, and keep to four rows while there is room", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const next = random(seed)
      const lines = Array.from({ length: 30 }, () => next() * 300)
      const places = placeBadges(lines, 18, 0, 300)
      places.forEach((place, i) => {
        assert.isTrue(place.x >= 9 && place.x <= 291 && place.row < 4)
        for (const other of places.slice(0, i)) {
          assert.isTrue(other.row !== place.row || Math.abs(other.x - place.x) >= 18)
        }
      })
    }
    assert.isAbove(Math.max(...placeBadges(new Array(9).fill(5), 18, 0, 20).map(({ row }) => row)), 3)
  })

  it("of spans share a row only if they are apart", () => {
    assert.deepStrictEqual(
      placeRanges([{ left: 0, right: 10 }, { left: 5, right: 20 }, { left: 30, right: 40 }, { left: 12, right: 13 }]),
      [0, 1, 0, 2]
    )
  })

  it("of the axis are apart, for a millisecond and for a month", () => {
    for (const to of [1, 7, 90, 1234, 65_000, 3_600_000, 2_600_000_000]) {
      const ticks = ticksOf(axisFrom(-to / 9, to, 14, 386))
      assert.isAtLeast(ticks.length, to === 1 ? 1 : 2, `up to ${to}`)
      assert.isAtMost(ticks.length, 12)
      assert.strictEqual(
        new Set(ticks.map(({ label }) => label)).size,
        ticks.length,
        ticks.map((t) => t.label).join(" ")
      )
      for (let i = 1; i < ticks.length; i++) {
        const room = (widthOf(ticks[i]!.label, { size: 11 }) + widthOf(ticks[i - 1]!.label, { size: 11 })) / 2
        assert.isAtLeast(ticks[i]!.x - ticks[i - 1]!.x, room)
      }
    }
  })
})

describe("text", () => {
  it("loses what is invisible, turns the line around or is no character", () => {
    assert.strictEqual(clean("a\u0000b\u202ec\ud800d\ne\u200bf"), "a□b□c□d e□f")
    assert.strictEqual(clean("e\u0301\u0301\u0301\u0301\u0301"), "e\u0301\u0301")
    assert.strictEqual(clean("x".repeat(50), 10), "xxxxxxxxx…")
    // A pair of surrogates that was cut in two is no character.
    assert.isTrue(clean("😀".repeat(50), 10).isWellFormed())
  })

  it("is cut and wrapped to a width", () => {
    const face = { size: 12 }
    for (
      const text of [
        "short",
        "W".repeat(80),
        "many words that go on and on and on",
        "10.0.0.5:6379 and 10.0.0.6:6379",
        "漢字".repeat(40)
      ]
    ) {
      assert.isAtMost(widthOf(fit(text, 100, face), face), 100)
      const lines = wrap(text, 100, face, 3)
      assert.isAtMost(lines.length, 3)
      for (const line of lines) assert.isAtMost(widthOf(line, face), 100)
      if (!lines.at(-1)!.endsWith("…")) assert.strictEqual(lines.join("").replaceAll(" ", ""), text.replaceAll(" ", ""))
    }
    assert.deepStrictEqual(wrap("redis-7.internal.example.com:6379", 200, face), [
      "redis-7.internal.example.com:",
      "6379"
    ])
  })

  it("of numbers is what people read", () => {
    assert.deepStrictEqual(
      [0, -0.2, 57.4, -500, 999.6, 1034, 9996, 65_500, 99_950, 185_000, 7_200_000, Number.NaN].map(shownMillis),
      [
        "0 ms",
        "0 ms",
        "57 ms",
        "−500 ms",
        "1.00 s",
        "1.03 s",
        "10.0 s",
        "65.5 s",
        "1 min 40 s",
        "3 min 5 s",
        "120 min",
        "-"
      ]
    )
    assert.deepStrictEqual([0, 899_794, 1e6, Number.NaN].map(shownCount), ["0", "899,794", "1,000,000", "-"])
    assert.deepStrictEqual([0, 512, 1_400, 48e6, 2e15].map(shownBytes), [
      "0 B",
      "512 B",
      "1.4 kB",
      "48.0 MB",
      "2000 TB"
    ])
  })
})

describe("pages", () => {
  it("have no script and forbid any request", () => {
    const html = drawPage(samples.hostilePage)
    assert.notMatch(
      html,
      /<script|<link|<img|<iframe|javascript:|\son\w+=|https?:\/\/(?!example\.invalid|www\.w3\.org)/i
    )
    assert.include(html, "content=\"default-src 'none'; style-src 'unsafe-inline'\"")
  })

  it("keep the lines and spaces of preformatted text", () => {
    const html = drawPage(samples.doctorPage)
    assert.include(html, "<pre>SENTINEL REMOVE mymaster\nSENTINEL MONITOR mymaster 10.0.0.6 6379 2</pre>")
    assert.include(html, "{\n  &quot;errors&quot;: 2,")
  })

  it("count what they leave out of long tables and findings", () => {
    const [finding] = samples.doctorPage.blocks.flatMap((block) => block._tag === "Findings" ? block.findings : [])
    const many = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => `line ${i}`)
    const html = drawPage({
      ...samples.doctorPage,
      blocks: [
        { _tag: "Table", table: { caption: "a", columns: [{ name: "b" }], rows: many(2003).map((cell) => [cell]) } },
        { _tag: "Findings", findings: [{ ...finding!, seen: many(57) }] }
      ]
    })
    assert.include(html, ">and 3 more<")
    assert.include(html, ">and 7 more<")
  })

  it("have a table of what each picture shows", () => {
    const html = drawPage(samples.failoverPage)
    assert.strictEqual(html.match(/<caption>/g)!.length, 4)
    for (const { text } of samples.plannedFailover.events) assert.include(html, text)
  })
})
