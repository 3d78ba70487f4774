/** Runs programs in processes of their own, to test how a process ends. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"

/** Runs a module at the root of the project, and returns its output once the process has ended by itself. */
export const runProgram = (
  program: string,
  whileRunning: (child: ChildProcess) => Effect.Effect<void, never, Scope.Scope> = () => Effect.void
): Effect.Effect<{ readonly code: number | null; readonly out: string }> =>
  Effect.scoped(
    Effect.gen(function*() {
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, ["--input-type=module", "-e", program], {
            cwd: new URL("../..", import.meta.url).pathname,
            stdio: ["ignore", "pipe", "inherit"]
          })
        ),
        (child) => Effect.sync(() => void child.kill("SIGKILL"))
      )
      const ended = yield* Effect.forkScoped(
        Effect.callback<{ readonly code: number | null; readonly out: string }>((resume) => {
          let out = ""
          child.stdout!.on("data", (chunk) => void (out += chunk))
          child.once("close", (code) => resume(Effect.succeed({ code, out })))
        }),
        { startImmediately: true }
      )
      yield* whileRunning(child)
      return yield* Fiber.join(ended)
    })
  ).pipe(Effect.timeout("20 seconds"), Effect.orDie)
