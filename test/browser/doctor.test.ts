/**
 * The doctor's report as a page, in a real browser: of a healthy deployment, of one with faults, of one that does not
 * answer, and of the demo.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { demo } from "../../src/cli/demo.ts"
import { pageOf } from "../../src/cli/reportPage.ts"
import * as Doctor from "../../src/Doctor.ts"
import { judge } from "../../src/internal/doctor/judge.ts"
import { drawPage } from "../../src/internal/pictures/page.ts"
import { chromium } from "../support/chromium.ts"
import { complaintsOf } from "../support/pageChecks.ts"
import { failure, seenWith } from "../support/seen.ts"

// What functions use that run in the page.
declare const document: any

const reports = {
  "a healthy deployment": judge(seenWith(), 12, new Set()),
  "a deployment with faults": judge(
    seenWith(({ nodes, sentinels }) => {
      nodes[1]!.failure = failure("resolve", "getaddrinfo ENOTFOUND redis-1.redis.default.svc.cluster.local")
      nodes[2]!.follows = { host: "10.0.0.1", port: 6379, isLinkUp: false }
      nodes[2]!.config = { ...nodes[2]!.config, "min-replicas-to-write": "0", "replica-priority": "0" }
      nodes[0]!.denied = ["client|list", "config|get"]
      sentinels[0]!.group.quorum = 1
      sentinels[2]!.failure = failure("dial", "connect ECONNREFUSED 10.0.1.3:26379")
      Object.assign(sentinels[2]!, { group: undefined, info: {} })
    }),
    12,
    new Set()
  ),
  "a deployment that does not answer": judge(
    seenWith(({ nodes, sentinels }) => {
      nodes.splice(0)
      for (const sentinel of sentinels) {
        sentinel.failure = failure("no-time", "no answer within 2400 ms")
        Object.assign(sentinel, { group: undefined, info: {} })
      }
    }),
    7200,
    new Set()
  )
}

it.live("reports can be read on a telephone and a large screen, light and dark, and have every finding", () =>
  Effect.gen(function*() {
    const browser = yield* chromium
    const all = { ...reports, "the demo": yield* demo((target) => Doctor.examine(target)) }
    for (const [name, report] of Object.entries(all)) {
      for (const width of [400, 1200]) {
        const tab = yield* browser.show(drawPage(pageOf(report, "today")), { width })
        for (const theme of ["light", "dark"] as const) {
          yield* tab.resize({ theme })
          assert.deepStrictEqual(yield* complaintsOf(tab), [], `${name}, ${width} pixels, ${theme}`)
        }
        const text = yield* tab.call(() => String(document.body.innerText))
        for (const { code, mend } of report.findings) {
          assert.include(text, code, name)
          for (const { lines } of mend) for (const line of lines) assert.include(text, line, name)
        }
        for (const { address } of [...report.nodes, ...report.sentinels]) assert.include(text, address, name)
        for (const { why } of report.leftOut) assert.include(text, why, name)
        assert.isAbove(yield* tab.call(() => document.querySelectorAll("svg title").length), 0, name)
        assert.deepStrictEqual(tab.errors, [])
        assert.deepStrictEqual(tab.requests, [])
        if (process.env["SHOTS"] !== undefined) {
          yield* tab.screenshot(`${process.env["SHOTS"]}/${name.replaceAll(" ", "-")}-${width}.png`)
        }
      }
    }
  }).pipe(Effect.scoped))
