/** A rotation of passwords on real servers and sentinels, under load: nothing fails, and no session is opened anew. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { rotateUnderLoad } from "../../chaos/rotation.ts"

describe("a rotation of passwords", () => {
  it.live("under 32 writers: no failure, no refusal, no other session", () =>
    Effect.scoped(Effect.gen(function*() {
      const report = yield* rotateUnderLoad({ writers: 32, everyMillis: 150, rotations: 10 })
      assert.deepStrictEqual(report.failures, [])
      assert.strictEqual(report.refused, 0)
      assert.strictEqual(report.gaps, 0)
      assert.deepStrictEqual(report.sessionsAfter, report.sessionsBefore)
      assert.isAtLeast(report.sessionsBefore.length, 10)
      for (const count of [report.writes, report.reads, report.popped, report.messages]) assert.isAbove(count, 10)
    })))
})
