/**
 * What the commands share: lines of output, pages, and where the library's log goes.
 */
import type * as CliError from "effect/cli/CliError"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Terminal from "effect/Terminal"
import * as Fs from "node:fs"
import type { InvalidOption } from "../Errors.ts"
import { drawPage } from "../internal/pictures/page.ts"
import type { Page } from "../internal/pictures/types.ts"
import type { Entry, Recording } from "../internal/watching/recording.ts"
import { printable } from "./lines.ts"
import { usageError, usageErrorOf } from "./usage.ts"
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
  tell: (text: string) => Effect.Effect<void, never, Terminal.Terminal> = say,
  lineOf: (entry: Entry) => string = plainEntry
): Effect.Effect<Effect.Effect<void, never, Terminal.Terminal>> =>
  Effect.sync(() => {
    let told = 0
    return Effect.suspend(() => {
      const fresh = recording.noted === told ? [] : recording.entries.filter(({ id }) => id > told)
      told = recording.noted
      return Effect.forEach(fresh, (entry) => tell(lineOf(entry)), { discard: true })
    })
  })

/** Invalid options of the library are wrong options of the command. */
export const saidAs = <A, R>(effect: Effect.Effect<A, InvalidOption, R>) => Effect.mapError(effect, usageErrorOf)

/**
 * Fails if a file cannot be written: before a command does anything, not when its work is done and lost. What the file
 * has stays as it is until then.
 */
export const checkWritable = (file: string | undefined): Effect.Effect<void, CliError.UserError> =>
  file === undefined ? Effect.void : Effect.try({
    try: () => {
      const isThere = Fs.existsSync(file)
      Fs.closeSync(Fs.openSync(file, "a"))
      // A command that does nothing leaves no empty page.
      if (!isThere) Fs.rmSync(file)
    },
    catch: (error) => usageError(`--html: the file cannot be written (${codeOf(error)})`)
  })

const codeOf = (error: unknown): string => String((error as { readonly code?: unknown } | null)?.code ?? "error")

/** Writes a page to a file, and tells where. Gives whether it could be written: what cannot is an error of the output. */
export const writePage = (
  file: string,
  page: (made: string) => Page,
  at: number,
  tell: (text: string) => Effect.Effect<void, never, Terminal.Terminal> = say
): Effect.Effect<boolean, never, Terminal.Terminal> =>
  Effect.gen(function*() {
    const made = `effect-redis-sentinel ${version}, ${new Date(at).toISOString().replace("T", " ").slice(0, 19)} UTC`
    const written = yield* Effect.result(Effect.try({
      try: () => Fs.writeFileSync(file, drawPage(page(made))),
      catch: codeOf
    }))
    const isWritten = written._tag === "Success"
    yield* isWritten
      ? tell(`Wrote ${printable(file)}.`)
      : Console.error(`--html: ${printable(file)} cannot be written (${written.failure}).`)
    return isWritten
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
