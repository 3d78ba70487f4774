/**
 * The pictures and pages in a real browser: whatever they show, light and dark, on a telephone and a large screen, no text
 * overlaps another one or leaves its picture, and every text can be read.
 */
import { assert, describe, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import { pathToFileURL } from "node:url"
import type { Recording } from "../../chaos/recording.ts"
import { reportPage } from "../../chaos/report.ts"
import { drawn, folder } from "../../scripts/pictures.ts"
import { pageOf } from "../../src/cli/reportPage.ts"
import { judge } from "../../src/internal/doctor/judge.ts"
import { drawPage } from "../../src/internal/pictures/page.ts"
import { measured } from "../../src/internal/pictures/text.ts"
import { drawTimeline } from "../../src/internal/pictures/timeline.ts"
import { drawTopology } from "../../src/internal/pictures/topology.ts"
import { type Browser, chromium } from "../support/chromium.ts"
import { complaintsOf } from "../support/pageChecks.ts"
import * as samples from "../support/pictures.ts"
import { failure, seenWith } from "../support/seen.ts"

class OneBrowser extends Context.Service<OneBrowser, Browser>()("test/OneBrowser") {}

const widths = [400, 1200]
const themes = ["light", "dark"] as const

const timelines = {
  "a planned failover": samples.plannedFailover,
  "three clients": samples.comparison,
  "a hostile timeline": samples.hostile,
  "an empty timeline": samples.nothing
}
const topologies = {
  "a healthy group": samples.healthy,
  "a broken group": samples.broken,
  "a hostile group": samples.hostileTopology,
  "an empty group": samples.nobody
}
const pages = {
  "the doctor's": samples.doctorPage,
  "a failover's": samples.failoverPage,
  "a hostile": samples.hostilePage
}

// What functions use that run in the page.
declare const document: any

layer(Layer.effect(OneBrowser, chromium), { excludeTestServices: true })("pictures in a browser", (it) => {
  const checks = (name: string, text: (width: number) => string) =>
    it.effect(name, () =>
      Effect.gen(function*() {
        const browser = yield* OneBrowser
        for (const width of widths) {
          const tab = yield* browser.show(text(width), { width })
          for (const theme of themes) {
            yield* tab.resize({ theme })
            assert.deepStrictEqual(yield* complaintsOf(tab), [], `${width} pixels, ${theme}`)
          }
        }
      }).pipe(Effect.scoped))

  describe("timelines", () => {
    for (const [name, timeline] of Object.entries(timelines)) checks(name, (width) => drawTimeline(timeline, { width }))
  })

  describe("topologies", () => {
    for (const [name, topology] of Object.entries(topologies)) {
      checks(name, (width) => drawTopology(topology, { width }))
    }
  })

  describe("pages", () => {
    for (const [name, page] of Object.entries(pages)) checks(`${name} page`, () => drawPage(page))

    checks(
      "the page of a healthy group that the doctor examined",
      () => drawPage(pageOf(judge(seenWith(() => {}), 12, new Set()), "today"))
    )

    checks("the page of a group with faults that the doctor examined", () =>
      drawPage(pageOf(
        judge(
          seenWith(({ nodes, sentinels }) => {
            Object.assign(sentinels[2]!, {
              failure: failure("dial", "connect ECONNREFUSED"),
              group: undefined,
              info: {}
            })
            nodes[0]!.failure = failure("dial", "connect ETIMEDOUT")
            nodes[1]!.config = { ...nodes[1]!.config, "replica-priority": "0", maxclients: "20" }
          }),
          12,
          new Set()
        ),
        "today"
      )))

    it.effect("shows each picture once, in the widest size that fits", () =>
      Effect.gen(function*() {
        const browser = yield* OneBrowser
        const tab = yield* browser.show(drawPage(samples.failoverPage))
        for (const [window, expected] of [[360, 332], [400, 344], [800, 640], [1200, 1000], [2000, 1000]] as const) {
          yield* tab.resize({ width: window })
          const shown = yield* tab.call(() =>
            (Array.from(document.querySelectorAll("svg")) as Array<any>).filter((svg) => svg.checkVisibility())
              .map((svg) => Math.round(svg.getBoundingClientRect().width))
          )
          assert.deepStrictEqual(shown, [expected, expected], `a window of ${window}`)
        }
      }).pipe(Effect.scoped))

    it.effect("runs nothing of a hostile server and asks for nothing", () =>
      Effect.gen(function*() {
        const browser = yield* OneBrowser
        const tab = yield* browser.show(drawPage(samples.hostilePage))
        assert.deepStrictEqual(
          yield* tab.call(() => document.querySelectorAll("script, img, iframe, a, link").length),
          0
        )
        assert.deepStrictEqual([tab.requests, tab.errors], [[], []])
      }).pipe(Effect.scoped))
  })

  describe("recorded runs", () => {
    const runs = (name: string): ReadonlyArray<Recording> =>
      JSON.parse(readFileSync(Path.join(folder, `${name}.json`), "utf8"))

    checks("the page of chaos", () =>
      reportPage(
        [...runs("planned"), ...runs("kill")].map((recording) => ({
          recording,
          cells: [recording.fault, recording.client, "1", "2", "3"],
          broken: ["what a client broke"]
        })),
        [{ fault: "a fault", client: "ours", message: "it never came: the first writes" }],
        ["fault", "client", "writes", "pause", "errors"],
        "npm run chaos -- --html chaos.html"
      ))

    it.effect("the handbook's pictures", () =>
      Effect.gen(function*() {
        const browser = yield* OneBrowser
        for (const { file } of drawn()) {
          const tab = yield* browser.open(Path.join(folder, file), { width: file.endsWith("-narrow.svg") ? 400 : 960 })
          for (const theme of themes) {
            yield* tab.resize({ theme })
            assert.deepStrictEqual(yield* complaintsOf(tab), [], `${file}, ${theme}`)
          }
        }
      }).pipe(Effect.scoped))

    it.effect("the handbook shows the picture for telephones on a telephone", () =>
      Effect.gen(function*() {
        const page = readFileSync(Path.join(folder, "../failover.md"), "utf8")
        const [picture] = /<picture>[\s\S]*?<\/picture>/.exec(page)!
        const html = `<!doctype html><title>x</title><base href="${pathToFileURL(folder).href}/../">${picture}`
        const tab = yield* (yield* OneBrowser).show(html, { width: 400 })
        // A browser changes the picture some time after the window, once it has loaded.
        const shows = (file: string) =>
          tab.call(
            (file) =>
              new Promise<readonly [string, number]>((resolve) => {
                const until = performance.now() + 20_000
                const look = () => {
                  const image = document.querySelector("img")
                  const shown = [image.currentSrc.split("/").at(-1), image.complete ? image.naturalWidth : 0] as const
                  if ((shown[0] === file && shown[1] > 0) || performance.now() > until) resolve(shown)
                  else setTimeout(look, 20)
                }
                look()
              }),
            file
          )
        assert.deepStrictEqual(yield* shows("failover-planned-narrow.svg"), ["failover-planned-narrow.svg", 400])
        yield* tab.resize({ width: 1200 })
        assert.deepStrictEqual(yield* shows("failover-planned.svg"), ["failover-planned.svg", 960])
      }).pipe(Effect.scoped))
  })

  it.effect("measures no text narrower than a browser draws it", () =>
    Effect.gen(function*() {
      const tab = yield* (yield* OneBrowser).show("<!doctype html><title>x</title>")
      // Letters of Western Europe, and the signs of which the measure is certain.
      const letters = Array.from({ length: 0x180 - 32 }, (_, i) => String.fromCharCode(32 + i))
        .concat("–", "…", "−").filter((letter) => measured(letter, { size: 1 }).isCertain)
      assert.isAbove(letters.length, 300)
      for (const isBold of [false, true]) {
        const drawnWidths = yield* tab.call(
          (letters, weight) => {
            const context = document.createElement("canvas").getContext("2d")
            return letters.map((letter) =>
              Math.max(...["DejaVu Sans", "Liberation Sans", "Arial", "system-ui", "sans-serif"].map((family) => {
                context.font = `${weight} 100px ${family.includes(" ") ? `"${family}"` : family}`
                return context.measureText(letter).width as number
              }))
            )
          },
          letters,
          isBold ? 600 : 400
        )
        const narrow = letters.filter((letter, i) =>
          measured(letter, { size: 100, isBold }).width < drawnWidths[i]! - 0.01
        )
        assert.deepStrictEqual(narrow, [])
      }
    }).pipe(Effect.scoped))

  it.effect("follows the colour scheme of the page that has a picture in an <img>", () =>
    Effect.gen(function*() {
      const browser = yield* OneBrowser
      const image = Buffer.from(drawTopology(samples.healthy, { width: 400 })).toString("base64")
      const shot = (theme: "light" | "dark", scheme: "light" | "dark") =>
        browser.show(
          `<!doctype html><html style="background:#888;color-scheme:${scheme}"><title>x</title>
           <img src="data:image/svg+xml;base64,${image}">`,
          { width: 440, theme }
        ).pipe(Effect.flatMap((tab) => tab.screenshot()), Effect.scoped)
      const dark = yield* shot("light", "dark")
      assert.isTrue(dark.equals(yield* shot("dark", "dark")))
      assert.isFalse(dark.equals(yield* shot("light", "light")))
    }))

  it.effect("takes the colours of a page that has a switch of its own", () =>
    Effect.gen(function*() {
      const { paletteCss } = yield* Effect.promise(() => import("../../src/internal/pictures/style.ts"))
      const browser = yield* OneBrowser
      const html =
        `<!doctype html><title>x</title><style>:root{${paletteCss("light")}}.dark{${paletteCss("dark")}}</style>` +
        drawTimeline(samples.plannedFailover)
      const tab = yield* browser.show(html, { theme: "dark" })
      const colour = tab.evaluate<string>("getComputedStyle(document.querySelector('svg rect')).fill")
      assert.strictEqual(yield* colour, "rgb(255, 255, 255)")
      yield* tab.evaluate("document.documentElement.classList.add('dark')")
      assert.strictEqual(yield* colour, "rgb(17, 22, 29)")
    }).pipe(Effect.scoped))

  it.effect("would notice texts that overlap, leave their picture or cannot be read, and empty pictures", () =>
    Effect.gen(function*() {
      const browser = yield* OneBrowser
      const tab = yield* browser.show(
        `<!doctype html><title>x</title><p style="margin:0;color:#999;background:#fff">pale</p>
         <svg width="300" height="100" role="img" aria-labelledby="no"><text x="5" y="20">one</text><text x="9" y="24">two</text>
         <text x="290" y="60">far outside</text></svg><div style="width:3000px">wide</div>`
      )
      const found = (yield* complaintsOf(tab)).join("\n")
      for (const part of ["overlap", "outside", "contrast", "empty picture", "in its place", "pixels wide"]) {
        assert.include(found, part)
      }
    }).pipe(Effect.scoped))
})
