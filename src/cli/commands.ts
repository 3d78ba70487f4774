/**
 * The commands, and how they end: with their exit code, and with no process left.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { doctor } from "./doctor.ts"
import { ExitWith, Interruption } from "./exit.ts"
import { failover } from "./failover.ts"
import { messageOf, presenter } from "./usage.ts"
import { version } from "./version.ts"
import { watch } from "./watch.ts"

const root = Command.make("effect-redis-sentinel").pipe(
  Command.withDescription(
    "Looks at a group of Redis servers and its sentinels: what is wrong with it, and what happens."
  ),
  Command.withSubcommands([doctor, watch, failover])
)

const exitCodeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.hasInterruptsOnly(exit.cause)) return 130
  const error = Cause.squash(exit.cause)
  // A command without a subcommand, or with --help, shows its help.
  if (CliError.isCliError(error)) return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : 3
  // What nobody expected must not look like a result.
  return error instanceof ExitWith ? error.code : 3
}

/** The document of a command that has ended, where JSON is asked for; undefined after a help. */
const documentOf = (exit: Exit.Exit<unknown, unknown>, details: object): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const exitCode = exitCodeOf(exit)
  if (Cause.hasInterruptsOnly(exit.cause)) {
    return JSON.stringify({ schema: 1, exitCode, error: "interrupted", ...details })
  }
  const error = Cause.squash(exit.cause)
  if (error instanceof ExitWith) return error.document
  return exitCode === 0 ? undefined : JSON.stringify({ schema: 1, exitCode, error: messageOf(error) })
}

const isUnexpected = (exit: Exit.Exit<unknown, unknown>): exit is Exit.Failure<unknown, unknown> => {
  if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return false
  const error = Cause.squash(exit.cause)
  return !CliError.isCliError(error) && !(error instanceof ExitWith)
}

const program = Command.run(root, { version }).pipe(Effect.provide([NodeServices.layer, presenter]))

/** Runs the command of the process's arguments, and ends the process; with one document where JSON is asked for. */
export const run = (isJson: boolean): void => {
  const interruption = { details: {} }
  NodeRuntime.runMain(Effect.provideService(program, Interruption, interruption), {
    // It would be logged to the standard output.
    disableErrorReporting: true,
    teardown: (exit) => {
      const code = exitCodeOf(exit)
      const leave = () => process.exit(code)
      // The signals' listeners are gone: another signal does not end it in another way.
      process.on("SIGINT", leave)
      process.on("SIGTERM", leave)
      if (isUnexpected(exit)) console.error(Cause.pretty(exit.cause))
      const document = isJson ? documentOf(exit, interruption.details) : undefined
      // A look-up of a name that hangs must not keep the process; what was written goes out first.
      process.stdout.write(document === undefined ? "" : `${document}\n`, leave)
    }
  })
}
