/**
 * A program in a real terminal: tmux runs it, shows its screen as text, and types keys. The server of tmux is one of its
 * own, which ends with the Scope.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { execFile } from "node:child_process"
import { randomUUID } from "node:crypto"

export interface TerminalOptions {
  /** A command line of sh. */
  readonly command: string
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  readonly environment?: Readonly<Record<string, string>> | undefined
}

export interface TestTerminal {
  /** What is on the screen, without spaces at the ends of lines. */
  readonly screen: Effect.Effect<string>
  /** Waits until the screen shows it, and is not being drawn, for a minute at most. Gives the screen. */
  readonly untilShown: (what: RegExp) => Effect.Effect<string>
  /** Presses keys by their names in tmux, such as `q`, `C-c` or `Enter`. */
  readonly press: (...keys: ReadonlyArray<string>) => Effect.Effect<void>
  readonly resize: (columns: number, rows: number) => Effect.Effect<void>
  /** What tmux knows of the pane, by a format such as `#{alternate_on}`. */
  readonly fact: (format: string) => Effect.Effect<string>
}

const run = (args: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.callback((resume) => {
    execFile("tmux", [...args], { encoding: "utf8" }, (error, stdout, stderr) => {
      resume(error === null ? Effect.succeed(stdout) : Effect.die(new Error(`tmux ${args.join(" ")}: ${stderr}`)))
    })
  })

/** Starts a program in a terminal. */
export const terminal = (options: TerminalOptions): Effect.Effect<TestTerminal, never, Scope.Scope> =>
  Effect.gen(function*() {
    const name = `ers-${randomUUID()}`
    const tmux = (...args: ReadonlyArray<string>) => run(["-L", name, "-u", "-f", "/dev/null", ...args])
    const environment = Object.entries({ LC_ALL: "C.UTF-8", ...options.environment })
      .flatMap(([key, value]) => ["-e", `${key}=${value}`])
    const size = ["-x", String(options.columns ?? 100), "-y", String(options.rows ?? 30)]
    yield* Effect.acquireRelease(
      tmux("new-session", "-d", "-s", "test", ...size, ...environment, options.command),
      () => Effect.ignoreCause(tmux("kill-server"))
    )
    const screen = Effect.map(
      tmux("capture-pane", "-p", "-J", "-t", "test"),
      (text) => text.replaceAll(/[ \t]+$/gm, "")
    )
    return {
      screen,
      untilShown: (what) => {
        let last = ""
        return screen.pipe(
          Effect.flatMap((text) => {
            // A terminal shows what it has got so far of a picture: half of it is new.
            const isWhole = text === last
            last = text
            return isWhole && what.test(text) ? Effect.succeed(text) : Effect.fail("not yet" as const)
          }),
          Effect.retry(Schedule.spaced("25 millis").pipe(Schedule.upTo({ duration: "1 minute" }))),
          Effect.catch(() => Effect.die(new Error(`the terminal did not show ${what}:\n${last}`)))
        )
      },
      press: (...keys) => Effect.asVoid(tmux("send-keys", "-t", "test", ...keys)),
      resize: (columns, rows) =>
        Effect.asVoid(tmux("resize-window", "-t", "test", "-x", String(columns), "-y", String(rows))),
      fact: (format) => Effect.map(tmux("display-message", "-p", "-t", "test", format), (text) => text.trim())
    }
  })
