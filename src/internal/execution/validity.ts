/**
 * Which commands an operation refuses before it is sent: malformed ones, and those
 * that may not go to a connection that others share.
 */
import * as Command from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"

/** Why a command cannot be run on a connection, if it cannot. */
export const invalidity = (command: Command.Any, isShared: boolean): InvalidCommand | undefined => {
  const session = command.spec.session === undefined ? undefined : Command.sessionOf(command)
  const detail = session !== undefined && (isShared || session === "never")
    ? session === "never"
      ? "it would take the connection out of the order of commands and replies"
      : "it changes the session, so it needs a reserved connection"
    : Command.check(command)
  return detail === undefined ? undefined : new InvalidCommand({ command: command.spec.name, detail })
}

/** Why a command cannot be part of a pipeline on a shared connection: it blocks there. */
export const blockingInvalidity = (command: Command.Any): InvalidCommand | undefined =>
  command.spec.blockingMillis !== undefined && command.spec.blockingMillis(command.args) > 0
    ? new InvalidCommand({
      command: command.spec.name,
      detail:
        "it waits at the server, which would hold up a shared connection: run it by itself or on a reserved connection"
    })
    : undefined
