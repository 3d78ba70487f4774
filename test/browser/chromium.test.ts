/** The browser of the tests itself: what a page asks for and what goes wrong in it is told, and nothing stays behind. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chromium } from "../support/chromium.ts"

// What functions use that run in the page: the types of the DOM are not part of this project.
declare const document: { readonly title: string }
declare const innerWidth: number
declare const matchMedia: (query: string) => { readonly matches: boolean }

describe("headless Chromium", () => {
  it.live("tells what a page asks the network for, and its errors", () =>
    Effect.gen(function*() {
      const browser = yield* chromium
      const page =
        "<!doctype html><title>a page</title><img src='http://example.invalid/x.png'><script>throw Error('no')</script>"
      const tab = yield* browser.show(page, { width: 400, theme: "dark" })
      assert.strictEqual(yield* tab.call((after: string) => document.title + after, "!"), "a page!")
      assert.deepStrictEqual(
        yield* tab.call(() => [innerWidth, matchMedia("(prefers-color-scheme: dark)").matches]),
        [400, true]
      )
      assert.deepStrictEqual(tab.requests, ["http://example.invalid/x.png"])
      assert.isTrue(tab.errors.some((error) => error.includes("ERR_NAME_NOT_RESOLVED")))
      assert.isTrue(tab.errors.some((error) => error.startsWith("Error: no")))
    }))

  it.live("ends with its Scope", () =>
    Effect.gen(function*() {
      const pid = yield* Effect.scoped(Effect.map(chromium, (browser) => browser.pid))
      assert.throws(() => process.kill(pid, 0), /ESRCH/)
    }))
})
