/** The fuzzer itself: the same seed does the same, and what it looks for it finds. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { memory } from "../fuzz/Carriers.ts"
import { Chance, seedOf } from "../fuzz/Chance.ts"
import { placed, plansOf, secret } from "../fuzz/Hostile.ts"
import { play, wrongWith } from "../fuzz/Load.ts"
import { drive, VirtualClock } from "../simulation/Clock.ts"
import { Errors } from "../src/index.ts"

const run = async (index: number) => {
  const lines: Array<string> = []
  const clock = new VirtualClock()
  const chance = new Chance(seedOf(1, index))
  const carrier = memory(clock, chance.fork(), placed(plansOf(chance)))
  const times = { timeout: 400, limit: 60_000 }
  const { fiber, stopped } = await drive(clock, 1, play(chance, carrier, times, (line) => lines.push(line)), 3_600_000)
  assert.isUndefined(stopped)
  const wrong = await Effect.runPromise(Fiber.join(fiber))
  return { wrong, lines, replies: carrier.world.replies, open: carrier.open() }
}

describe("fuzzer", () => {
  it("hostile servers end nothing and leave nothing open, and the same seed gives the same run", async () => {
    let failures = 0
    for (const index of [0, 3, 12]) {
      const first = await run(index)
      assert.deepStrictEqual(first.wrong, [])
      assert.strictEqual(first.open, 0)
      assert.isAbove(first.replies, 100)
      failures += first.lines.filter((line) => !line.endsWith(": ok")).length
      assert.deepStrictEqual(await run(index), first)
    }
    assert.isAbove(failures, 20)
  })

  it("detects errors that are not the library's, and unacceptable messages", () => {
    const reply = (detail: string) => Exit.fail(new Errors.ReplyError({ code: "ERR", detail, command: "GET" }))
    assert.isUndefined(wrongWith(Exit.succeed(1)))
    assert.isUndefined(wrongWith(reply("ERR something")))
    assert.include(wrongWith(Exit.die(new Error("defect"))), "typed")
    assert.include(wrongWith(Exit.interrupt()), "typed")
    assert.include(wrongWith(Exit.fail({ _tag: "Other", message: "untyped" })), "no known kind")
    assert.include(wrongWith(Exit.fail("text")), "no known kind")
    assert.include(wrongWith(reply("\u001b[31m")), "printable")
    assert.include(wrongWith(reply("a\u2028b")), "printable")
    assert.include(wrongWith(reply(secret)), "password")
    assert.include(wrongWith(reply("x".repeat(20_000))), "characters")
  })
})
