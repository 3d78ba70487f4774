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
import * as Runtime from "effect/Runtime"
import { doctor } from "./doctor.ts"
import { failover } from "./failover.ts"
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
  return Runtime.getErrorExitCode(error)
}

/** Runs the command of the process's arguments, and ends the process. */
export const run = (): void =>
  NodeRuntime.runMain(Command.run(root, { version }).pipe(Effect.provide(NodeServices.layer)), {
    teardown: (exit) => {
      // A look-up of a name that hangs must not keep the process; what was written goes out first.
      process.stdout.write("", () => process.exit(exitCodeOf(exit)))
    }
  })
