/**
 * The built site in a real browser: its pages have what a reader expects, nothing overlaps or is empty, nothing comes from
 * elsewhere, and the search finds. `npm run docs -- --check` builds the site and runs this. Pixels are not compared;
 * `ERS_SCREENSHOTS=FOLDER` keeps what was seen.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import type { Server } from "node:http"
import * as Path from "node:path"
import { handbook } from "../../site/content.ts"
import { serve } from "../../site/serve.ts"
import { type Browser, chromium, type Tab, type View } from "../support/chromium.ts"

// Of the page: what is called there runs in the browser.
declare const document: any
declare const getComputedStyle: (element: any) => any
declare const innerWidth: number

const root = Path.join(import.meta.dirname, "../..")
const dist = Path.join(root, "site/dist")

/** Where screenshots go, if anywhere. */
const screenshots = process.env["ERS_SCREENSHOTS"] ?? ""

const scope = Scope.makeUnsafe()
let browser: Browser
let server: Server
let origin: string

beforeAll(async () => {
  browser = await Effect.runPromise(Scope.provide(chromium, scope))
  const served = await serve(dist, 0)
  server = served.server
  origin = `http://127.0.0.1:${served.port}`
})

afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  server.close()
})

const until = <E>(condition: Effect.Effect<boolean, E>, what: string): Effect.Effect<void, E> =>
  condition.pipe(
    Effect.repeat(
      Schedule.spaced("50 millis").pipe(
        Schedule.while(({ input }: { readonly input: unknown }) => input !== true),
        Schedule.upTo({ duration: "30 seconds" })
      )
    ),
    Effect.andThen(condition),
    Effect.flatMap((reached) => reached ? Effect.void : Effect.die(new Error(`not within 30 seconds: ${what}`)))
  )

/** Opens a page of the site, once its script runs and its pictures are there. */
const open = (page: string, view?: View) =>
  Effect.gen(function*() {
    const tab = yield* browser.open(`${origin}/${page}`, view)
    yield* until(
      tab.call(() => {
        const app = document.querySelector("#app")
        return app !== null && "__vue_app__" in app
      }),
      `${page} is alive`
    )
    yield* tab.call(async () => {
      for (const image of document.images) image.loading = "eager"
      await Promise.all(Array.from(document.images, (image: any) => image.decode().catch(() => undefined)))
    })
    return tab
  })

interface Seen {
  readonly headings: ReadonlyArray<string>
  readonly width: number
  readonly overlaps: ReadonlyArray<string>
  readonly empty: ReadonlyArray<string>
  readonly pictures: number
  readonly words: number
  readonly contrast: number
}

/** What a page looks like, as numbers. It runs in the browser. */
const look = (tab: Tab): Effect.Effect<Seen> =>
  tab.call(() => {
    const content = document.querySelector(".vp-doc")
    const boxOf = (element: any) => element.getBoundingClientRect()
    const isSeen = (element: any) => {
      const box = boxOf(element)
      return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== "hidden"
    }
    const nameOf = (element: any) => `${element.tagName} ${String(element.textContent).trim().slice(0, 40)}`
    const overlaps: Array<string> = []
    // Blocks of the text follow each other, also inside of sections.
    for (const parent of [content, ...content.querySelectorAll("div, section, blockquote, li")]) {
      if (/language-|titled-block|front$/.test(parent.className)) continue
      const blocks = [...parent.children].filter((element: any) =>
        isSeen(element) && /^(?:block|flex|grid|table|list-item)$/.test(getComputedStyle(element).display) &&
        getComputedStyle(element).position === "static"
      )
      for (let i = 1; i < blocks.length; i++) {
        const [a, b] = [boxOf(blocks[i - 1]), boxOf(blocks[i])]
        if (a.bottom > b.top + 1 && a.right > b.left + 1 && b.right > a.left + 1) {
          overlaps.push(`${nameOf(blocks[i - 1])} / ${nameOf(blocks[i])}`)
        }
      }
    }
    // The parts of the page stand beside each other.
    const parts = [".VPSidebar", ".VPDoc .content-container", ".VPDoc .aside"].map((name) =>
      document.querySelector(name)
    )
      .filter((part: any) => part !== null && isSeen(part) && boxOf(part).right > 0)
    for (const a of parts) {
      for (const b of parts) {
        if (a !== b && boxOf(a).left < boxOf(b).left && boxOf(a).right > boxOf(b).left + 1) {
          overlaps.push(`${a.className} / ${b.className}`)
        }
      }
    }
    const pictures = [...content.querySelectorAll("img, svg")].filter(isSeen)
    const empty = pictures.filter((picture: any) =>
      (picture.tagName === "IMG" && picture.naturalWidth === 0) || boxOf(picture).height < 10 ||
      boxOf(picture).width < 10
    ).map((picture: any) => picture.outerHTML.slice(0, 80))
    for (const heading of content.querySelectorAll("h1, h2, h3")) {
      if (heading.textContent.trim() === "") empty.push("a heading")
    }
    const light = (color: string) => {
      const [r, g, b] = color.match(/[\d.]+/g)!.map(Number).map((part) => {
        const value = part / 255
        return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
    }
    const [ink, paper] = [
      light(getComputedStyle(content.querySelector("p")).color),
      light(getComputedStyle(document.body).backgroundColor)
    ]
    return {
      headings: [...content.querySelectorAll("h1")].map((heading: any) => heading.textContent.trim()),
      // What is wider than the window makes the whole page scroll sideways.
      width: Math.max(0, document.documentElement.scrollWidth - innerWidth),
      overlaps,
      empty,
      pictures: pictures.length,
      words: content.innerText.split(/\s+/).length,
      contrast: (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)
    }
  })

const check = (page: string, view: View) =>
  Effect.gen(function*() {
    const tab = yield* open(page, view)
    const seen = yield* look(tab)
    if (screenshots !== "") {
      Fs.mkdirSync(screenshots, { recursive: true })
      const name = `${page.replaceAll("/", "-").replace(/(?:\.html)?$/, "")}-${view.width}-${view.theme}.png`
      yield* tab.screenshot(Path.join(screenshots, name))
    }
    const where = `${page} at ${view.width} pixels, ${view.theme}`
    assert.lengthOf(seen.headings, 1, `${where}: ${seen.headings.join(" | ")}`)
    assert.strictEqual(seen.width, 0, `${where}: it scrolls sideways`)
    assert.deepStrictEqual(seen.overlaps, [], where)
    assert.deepStrictEqual(seen.empty, [], where)
    assert.isAtLeast(seen.words, 60, where)
    assert.isAtLeast(seen.contrast, 4.5, where)
    assert.deepStrictEqual(tab.errors, [], where)
    assert.deepStrictEqual(tab.requests.filter((url) => !url.startsWith(`${origin}/`)), [], where)
    return seen
  })

const views: ReadonlyArray<View & { readonly width: number }> = [
  { width: 1280, height: 900, theme: "light" },
  { width: 1280, height: 900, theme: "dark" },
  { width: 400, height: 800, theme: "light" }
]

describe("the site in a browser", () => {
  for (
    const page of [
      "index.html",
      "getting-started.html",
      "failover.html",
      "errors.html",
      "pubsub.html",
      "stores.html",
      "coming-from-ioredis.html",
      "api/RedisClient.html",
      "api/Client.html",
      "api/commands/index.html",
      "api/commands/strings.html"
    ]
  ) {
    it.live(`shows ${page}`, () =>
      Effect.scoped(Effect.gen(function*() {
        for (const view of views) {
          const seen = yield* check(page, view)
          if (/^(?:index|failover)\./.test(page)) assert.isAtLeast(seen.pictures, 1, "its picture")
        }
      })))
  }

  it.live("has every page of the handbook in its sidebar, and a way to each from it", () =>
    Effect.scoped(Effect.gen(function*() {
      const tab = yield* open("failover.html")
      const links: ReadonlyArray<string> = yield* tab.call(() =>
        Array.from(
          document.querySelectorAll(".VPSidebar a"),
          (link: any) => new URL(link.href).pathname
        )
      )
      const missing = handbook().map(({ name }) => `/${name}.html`).filter((path) => !links.includes(path))
      assert.deepStrictEqual(missing, [])
      const modules = Fs.globSync(["*.d.ts", "modules/*.d.ts"], { cwd: Path.join(root, "dist") }).map((file) =>
        file.slice(0, -".d.ts".length)
      ).filter((name) => name !== "index")
      assert.isAtLeast(modules.length, 30)
      const entries = [...modules.map((name) => `/api/${name}.html`), "/api/commands/", "/api/testing.html"]
      assert.deepStrictEqual(
        entries.filter((path) => !links.includes(path.replace("commands/", "commands/index.html"))),
        []
      )
    })))
})

describe("the files of the site", () => {
  it("are small enough for a slow network", () => {
    const large = Fs.globSync("assets/*.md.*.js", { cwd: dist }).filter((file) =>
      Fs.statSync(Path.join(dist, file)).size > 480_000
    )
    assert.deepStrictEqual(large, [])
    const commands = Fs.globSync("assets/api_commands_*.js", { cwd: dist })
    assert.isAtLeast(commands.length, 20)
    assert.deepStrictEqual(commands.filter((file) => Fs.statSync(Path.join(dist, file)).size > 300_000), [])
  })
})

/** Types into the search box, and gives the results: titles, and where they lead. */
const search = (tab: Tab, text: string) =>
  Effect.gen(function*() {
    yield* tab.call(() => document.querySelector(".DocSearch-Button").click())
    yield* until(tab.call(() => document.querySelector(".search-input") !== null), "the search box")
    yield* tab.call((text) => {
      const input = document.querySelector(".search-input")
      input.value = text
      input.dispatchEvent(new Event("input", { bubbles: true }))
    }, text)
    const results = tab.call(() =>
      Array.from(document.querySelectorAll(".results .result"), (result: any) => ({
        path: new URL(result.href).pathname,
        text: String(result.innerText)
      }))
    )
    yield* until(
      Effect.map(results, (list) => list.length > 0 && list[0]!.text.trim() !== ""),
      `results of ${text}`
    )
    return yield* results
  })

describe("the search", () => {
  const expected: ReadonlyArray<readonly [string, RegExp]> = [
    ["READONLY", /^\/(?:failover|errors|sentinel|coming-from-[a-z-]+|faq)\.html/],
    ["NAT", /^\/(?:operations|sentinel|tuning|faq|overview|doctor)\.html/],
    ["ioredis", /^\/coming-from-ioredis\.html/],
    ["ambiguous", /^\/(?:errors|failover|overview|faq)\.html/],
    ["NAT Docker", /^\/(?:sentinel|faq)\.html/],
    ["Kubernetes", /^\/operations\.html/],
    ["MOVED", /^\/(?:faq|failover)\.html/],
    ["WRONGPASS", /^\/(?:errors|credentials)\.html/],
    ["maxBlocking", /^\/(?:tuning|api\/Options)\.html/],
    // As in a log
    ["AmbiguousOutcome", /^\/errors\.html/],
    ["PrimaryNotFound", /^\/(?:errors|sentinel)\.html/],
    ["DeadlineExceeded", /^\/(?:errors|faq)\.html/],
    ["No primary of group \"mymaster\" was found", /^\/(?:errors|sentinel)\.html/],
    ["no sentinel answered", /^\/errors\.html/],
    ["the announced node cannot be used", /^\/(?:errors|sentinel)\.html/],
    ["INCR was sent, but no reply came, so it may or may not have been applied", /^\/errors\.html/],
    ["Cannot connect to 10.0.0.1:6379 (dial): connect ECONNREFUSED", /^\/errors\.html/],
    ["cannot serve as the announced primary, its role is: replica", /^\/errors\.html/],
    ["the server speaks TLS at this port", /^\/errors\.html/],
    ["The queue for mymaster is full", /^\/errors\.html/],
    ["does not let the user \"app\" subscribe to its events", /^\/(?:telemetry|faq)\.html/],
    ["connections that maxReserved allows are in use", /^\/(?:telemetry|errors)\.html/]
  ]
  for (const [text, page] of expected) {
    it.live(`finds ${text}`, () =>
      Effect.scoped(Effect.gen(function*() {
        const tab = yield* open("getting-started.html")
        const results = yield* search(tab, text)
        assert.isTrue(
          results.slice(0, 5).some(({ path }) => page.test(path)),
          `${text}: ${results.slice(0, 5).map(({ path }) => path).join(", ")}`
        )
        assert.deepStrictEqual(tab.requests.filter((url) => !url.startsWith(`${origin}/`)), [])
        assert.deepStrictEqual(tab.errors, [])
      })))
  }

  it.live("finds nothing where there is nothing, and says so", () =>
    Effect.scoped(Effect.gen(function*() {
      const tab = yield* open("getting-started.html")
      yield* search(tab, "ioredis")
      yield* tab.call(() => {
        const input = document.querySelector(".search-input")
        input.value = "xyzzyplugh"
        input.dispatchEvent(new Event("input", { bubbles: true }))
      })
      yield* until(
        tab.call(() => {
          return document.querySelectorAll(".results .result").length === 0 &&
            /xyzzyplugh/.test(document.querySelector(".results")?.innerText ?? "")
        }),
        "no result"
      )
    })))
})
