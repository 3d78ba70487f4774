/**
 * The screen that `watch` draws on, with a terminal that only notes what it gets: it is entered and left with the Scope,
 * a picture is sent when it has changed, and what another size left is cleared.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as PlatformError from "effect/PlatformError"
import * as Terminal from "effect/Terminal"
import { onScreen } from "../src/cli/screen.ts"
import { timePassing } from "./support/time.ts"

const whileTimePasses = timePassing("10 millis")

const terminalOf = (size: { columns: number; rows: number }, write: (text: string) => boolean) =>
  Terminal.make({
    columns: Effect.sync(() => size.columns),
    rows: Effect.sync(() => size.rows),
    size: Effect.never,
    readInput: Effect.never,
    readLine: Effect.never,
    display: (text) =>
      Effect.suspend(() =>
        write(text) ? Effect.void : Effect.fail(PlatformError.badArgument({ module: "Terminal", method: "display" }))
      )
  })

/** The end of synchronized output. */
const shown = "\u001b[?2026l"

describe("the screen", () => {
  it.effect("is left as it was found, with its cursor, when it is interrupted", () =>
    Effect.gen(function*() {
      const written: Array<string> = []
      const terminal = terminalOf({ columns: 20, rows: 5 }, (text) => written.push(text) > 0)
      const fiber = yield* Effect.forkChild(
        onScreen(() => Effect.succeed(["a", "b"])).pipe(
          Effect.scoped,
          Effect.provideService(Terminal.Terminal, terminal)
        )
      )
      yield* whileTimePasses(Effect.sleep("1 second"))
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(written[0], "\u001b[?1049h\u001b[?25l\u001b[2J")
      assert.strictEqual(written.at(-1), "\u001b[?25h\u001b[?1049l")
      // The picture is the same all the time.
      assert.strictEqual(written.length, 3, JSON.stringify(written))
    }))

  it.effect("is cleared where its size has changed, and only there", () =>
    Effect.gen(function*() {
      const written: Array<string> = []
      const size = { columns: 20, rows: 5 }
      const terminal = terminalOf(size, (text) => written.push(text) > 0)
      let count = 0
      yield* Effect.forkChild(
        onScreen(({ columns, rows }) => Effect.sync(() => [`${++count} ${columns}x${rows}`])).pipe(
          Effect.scoped,
          Effect.provideService(Terminal.Terminal, terminal)
        )
      )
      yield* whileTimePasses(Effect.sleep("500 millis"))
      size.columns = 10
      yield* whileTimePasses(Effect.sleep("500 millis"))
      const cleared = written.slice(1).filter((text) => text.startsWith("\u001b[?2026h\u001b[2J"))
      assert.strictEqual(cleared.length, 2, JSON.stringify(written))
      assert.isTrue(cleared[0]!.endsWith(`20x5${shown}`), cleared[0])
      assert.isTrue(cleared[1]!.endsWith(`10x5${shown}`), cleared[1])
      assert.isAbove(written.length, 8)
    }))

  it.effect("has a size where the terminal tells none, and ends with the terminal", () =>
    Effect.gen(function*() {
      const written: Array<string> = []
      const terminal = terminalOf({ columns: 0, rows: 0 }, (text) => written.push(text) < 4)
      let count = 0
      yield* whileTimePasses(
        onScreen(({ columns, rows }) => Effect.sync(() => [`${++count} ${columns}x${rows}`])).pipe(
          Effect.scoped,
          Effect.provideService(Terminal.Terminal, terminal)
        )
      )
      assert.isTrue(written[1]!.endsWith(`1 80x24${shown}`), written[1])
      assert.strictEqual(written.length, 5)
    }))
})
