/**
 * The pages of `watch` and `failover` in a real browser, of failovers of a deployment in memory: nothing overlaps, and
 * what they show is there.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { Sentinel } from "../../src/index.ts"
import { drawPage } from "../../src/internal/pictures/page.ts"
import { type FailoverOptions, planFailover, runFailover } from "../../src/internal/watching/failover.ts"
import { failoverPage, watchPage } from "../../src/internal/watching/pictured.ts"
import { Recording } from "../../src/internal/watching/recording.ts"
import { recordingTime } from "../../src/internal/watching/time.ts"
import * as Testing from "../../src/testing/index.ts"
import { chromium } from "../support/chromium.ts"
import { sentinels } from "../support/group.ts"
import { complaintsOf } from "../support/pageChecks.ts"
import { timePassing } from "../support/time.ts"

const group = "mymaster"

const options: FailoverOptions = {
  group,
  node: {},
  sentinel: {},
  key: undefined,
  everyMillis: 5,
  timeoutMillis: 10_000,
  coordinated: false,
  acceptLoss: false
}

const failedOver = Effect.gen(function*() {
  const recording = new Recording({
    group,
    time: yield* recordingTime,
    startedAt: 0,
    bucketMillis: 50,
    pauseMillis: 30
  })
  const sentinel = yield* Sentinel.make({ sentinels })
  const plan = yield* planFailover(sentinel, group, options)
  const report = yield* runFailover(sentinel, plan, recording, options)
  return { recording, report }
}).pipe(timePassing("2 millis"), Effect.scoped, Effect.provide(Layer.provideMerge(Testing.layer(), TestClock.layer())))

describe("pages of failovers in a browser", () => {
  it.live("are readable on every screen", () =>
    Effect.gen(function*() {
      const { recording, report } = yield* failedOver
      const end = report.firstWriteAt! + 1000
      const pages = [failoverPage(recording, report, end, "today"), watchPage(recording, end, "today")]
      const browser = yield* chromium
      for (const page of pages) {
        for (const width of [400, 1200]) {
          for (const theme of ["light", "dark"] as const) {
            const tab = yield* browser.show(drawPage(page), { width, theme })
            assert.deepStrictEqual(yield* complaintsOf(tab), [])
          }
        }
      }
    }))
})
