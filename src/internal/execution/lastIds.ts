/**
 * Puts the ids of streams in the place of `$` in XREAD: "from now on" stays the same
 * moment when the command is sent again. Which command is sent is decided in blocking.ts.
 */
import * as Effect from "effect/Effect"
import * as Command from "../../Command.ts"
import { xinfoStream } from "../../commands/streamInfo.ts"
import type { RedisError } from "../../Errors.ts"
import { textOf } from "../commands/words.ts"
import type { Runner } from "./types.ts"

/** Where the ids of XREAD are among its arguments: behind as many keys. */
const idsOf = ({ args }: Command.Any): { readonly from: number; readonly count: number } => {
  const streams = args.findIndex((arg) => textOf(arg).toUpperCase() === "STREAMS") + 1
  const count = streams === 0 ? 0 : Math.floor((args.length - streams) / 2)
  return { from: streams + count, count }
}

/** Whether a command reads streams from now on, with `$` as an id. */
export const readsFromNow = (command: Command.Any): boolean => {
  const { spec } = command
  if (spec.words.length !== 1 || spec.name.toUpperCase() !== "XREAD") return false
  const { from, count } = idsOf(command)
  return command.args.some((arg, i) => i >= from && i < from + count && textOf(arg) === "$")
}

/**
 * The command with the last id of each stream in the place of `$`; as it is where the user
 * may not ask for that.
 */
export const withLastIds = <C extends Command.Any>(runner: Runner, command: C): Effect.Effect<C, RedisError> => {
  const { from, count } = idsOf(command)
  const last = (key: Command.Key): Effect.Effect<string | undefined, RedisError> =>
    Effect.catchTag(
      Effect.map(runner.run(xinfoStream(key)), ({ lastGeneratedId }): string | undefined => lastGeneratedId),
      "ReplyError",
      ({ detail }) => Effect.succeed(/no such key/i.test(detail) ? "0-0" : undefined)
    )
  return Effect.map(
    Effect.forEach(
      command.args,
      (arg, i) =>
        i >= from && i < from + count && textOf(arg) === "$"
          ? last(command.args[i - count] as Command.Key)
          : Effect.succeed(arg)
    ),
    (args) => args.includes(undefined) ? command : Command.withArgs(command, args as Array<Command.Arg>) as C
  )
}
