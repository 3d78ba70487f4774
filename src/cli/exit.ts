/**
 * How a command ends with an exit code that is not an error, and with the document of `--json`.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Runtime from "effect/Runtime"

/**
 * Ends the command with an exit code; what there is to say has been said. With `--json` the document is printed by the
 * end of the process alone, so that there is exactly one, whenever a signal comes.
 */
export class ExitWith extends Data.TaggedError("ExitWith")<{
  readonly code: number
  readonly document?: string | undefined
}> {
  override readonly [Runtime.errorExitCode]: number = this.code
  override readonly [Runtime.errorReported]: boolean = false
}

/** What the document of an interrupted command says besides: one that is interrupted has no other result. */
export const Interruption = Context.Reference<{ details: object }>("effect-redis-sentinel/cli/Interruption", {
  defaultValue: () => ({ details: {} })
})
