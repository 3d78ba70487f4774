/**
 * What `watch` and `failover` share: lines of output, pages, options in seconds, and where the library's log goes.
 */
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Terminal from "effect/Terminal"
import * as Fs from "node:fs"
import type { InvalidOption } from "../Errors.ts"
import { drawPage } from "../internal/pictures/page.ts"
import type { Page } from "../internal/pictures/types.ts"
import type { Recording } from "../internal/watching/recording.ts"
import { printable } from "./lines.ts"
import { usageError } from "./target.ts"
import { version } from "./version.ts"
import { plainEntry } from "./watchFrame.ts"

/** Prints a line. An output that is closed ends nothing: the command ends by itself. */
export const say = (text: string): Effect.Effect<void, never, Terminal.Terminal> =>
  Effect.flatMap(Terminal.Terminal, (terminal) => Effect.ignore(terminal.display(`${text}\n`)))

/** Waits until nobody reads the output any more. */
export const outputClosed: Effect.Effect<void> = Effect.callback((resume) => {
  const closed = () => resume(Effect.void)
  process.stdout.on("error", closed)
  return Effect.sync(() => process.stdout.off("error", closed))
})

/** An Effect that prints what has happened since it last ran. */
export const sayNewEntries = (
  recording: Recording,
  tell: (text: string) => Effect.Effect<void, never, Terminal.Terminal> = say
): Effect.Effect<Effect.Effect<void, never, Terminal.Terminal>> =>
  Effect.sync(() => {
    let told = 0
    return Effect.suspend(() => {
      const fresh = recording.noted === told ? [] : recording.entries.filter(({ id }) => id > told)
      told = recording.noted
      return Effect.forEach(fresh, (entry) => tell(plainEntry(entry)), { discard: true })
    })
  })

/** Invalid options of the library are wrong options of the command. */
export const saidAs = <A, R>(effect: Effect.Effect<A, InvalidOption, R>) =>
  Effect.mapError(effect, (error) => usageError(error.message))

const longestSeconds = 7 * 24 * 3600

/** An option whose value is a number of seconds; it gives milliseconds. */
export const secondsFlag = (name: string, description: string) =>
  Flag.Finite(name).pipe(
    Flag.withMetavar("SECONDS"),
    Flag.withDescription(description),
    Flag.filter(
      (seconds) => seconds >= 0.05 && seconds <= longestSeconds,
      () => `expected a number of seconds from 0.05 to ${longestSeconds}`
    ),
    Flag.map((seconds) => seconds * 1000),
    Flag.optional
  )

export const htmlFlag = (description: string) =>
  Flag.String("html").pipe(Flag.withMetavar("FILE"), Flag.withDescription(description), Flag.optional)

/** Writes a page to a file. What cannot be written is told, and ends nothing. */
export const writePage = (
  file: string,
  page: (made: string) => Page,
  at: number,
  tell: (text: string) => Effect.Effect<void, never, Terminal.Terminal> = say
): Effect.Effect<void, never, Terminal.Terminal> =>
  Effect.gen(function*() {
    const made = `effect-redis-sentinel ${version}, ${new Date(at).toISOString().replace("T", " ").slice(0, 19)} UTC`
    const written = yield* Effect.result(Effect.try({
      try: () => Fs.writeFileSync(file, drawPage(page(made))),
      catch: (error) => String((error as { readonly code?: unknown } | null)?.code ?? error)
    }))
    yield* tell(
      written._tag === "Success"
        ? `Wrote ${printable(file)}.`
        : `${printable(file)} cannot be written (${written.failure}).`
    )
  })

/** The library's warnings become entries of the recording: as lines of a log they would spoil the picture. */
export const logsTo = (recording: Recording) =>
  Logger.layer([
    Logger.make(({ logLevel, message }) => {
      if (!LogLevel.isGreaterThanOrEqualTo(logLevel, "Warn")) return
      const [text] = Array.isArray(message) ? message : [message]
      recording.note({ kind: "problem", text: printable(String(text)) })
    })
  ])
