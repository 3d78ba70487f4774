/**
 * A screen of the terminal for a picture that changes: it is entered and left with the Scope, with the cursor and what was
 * there before restored. What is drawn is not known here.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Terminal from "effect/Terminal"
import type { Style } from "./lines.ts"

export interface ScreenSize {
  readonly columns: number
  readonly rows: number
}

/** Where the terminal does not tell its size. */
const usualSize: ScreenSize = { columns: 80, rows: 24 }
/** How often the picture is drawn, if it has changed. */
const drawInterval = "100 millis"

const enter = "\u001b[?1049h\u001b[?25l\u001b[2J"
const leave = "\u001b[?25h\u001b[?1049l"

const sizeOf = (terminal: Terminal.Terminal): Effect.Effect<ScreenSize> =>
  Effect.gen(function*() {
    const columns = yield* terminal.columns
    const rows = yield* terminal.rows
    return columns > 0 && rows > 0 ? { columns, rows } : usualSize
  })

/** A picture as the terminal gets it. A line is cleared first: after a line of full width, its last column would be. */
const drawn = (lines: ReadonlyArray<string>): string =>
  `\u001b[H${lines.map((line) => `\u001b[2K${line}`).join("\r\n")}`

/** What comes between is shown at once, where the terminal knows this (synchronized output). */
const begin = "\u001b[?2026h"
const end = "\u001b[?2026l"

/** Waits for q, Esc, Ctrl-C or Ctrl-D; for ever if there is no keyboard. */
const untilQuit: Effect.Effect<void, never, Terminal.Terminal> = Effect.scoped(Effect.gen(function*() {
  if (process.stdin.isTTY !== true) return yield* Effect.never
  const terminal = yield* Terminal.Terminal
  const keys = yield* terminal.readInput
  // The queue ends with the other keys.
  return yield* Effect.ignore(Effect.repeat(Queue.take(keys), { until: ({ key }) => key.name.toLowerCase() === "q" }))
}))

/** Shows a picture until a key ends it, or until the terminal is gone. */
export const onScreen = (
  picture: (size: ScreenSize) => Effect.Effect<ReadonlyArray<string>>
): Effect.Effect<void, never, Terminal.Terminal | Scope.Scope> =>
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    yield* Effect.acquireRelease(
      Effect.ignore(terminal.display(enter)),
      () => Effect.ignore(terminal.display(leave))
    )
    let last = ""
    let lastSize = ""
    const draw = Effect.gen(function*() {
      const size = yield* sizeOf(terminal)
      const sizeText = `${size.columns}x${size.rows}`
      const isNewSize = sizeText !== lastSize
      const text = drawn(yield* picture(size))
      if (isNewSize || text !== last) yield* terminal.display(`${begin}${isNewSize ? "\u001b[2J" : ""}${text}${end}`)
      last = text
      lastSize = sizeText
    })
    const drawing = Effect.ignore(Effect.forever(Effect.andThen(draw, Effect.sleep(drawInterval))))
    yield* Effect.raceFirst(drawing, untilQuit)
  })

/** What the terminal of this process can show, by what the environment says of it. */
export const styleOf = (
  environment: Readonly<Record<string, string | undefined>>,
  hasColors: boolean
): Style => {
  const locale = [environment["LC_ALL"], environment["LC_CTYPE"], environment["LANG"]].find((each) =>
    each !== undefined && each !== ""
  )
  return {
    hasColors,
    hasUnicode: /utf-?8/i.test(locale ?? "") || process.platform === "darwin" || process.platform === "win32"
  }
}
