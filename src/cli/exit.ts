/**
 * How a command ends with an exit code that is not an error.
 */
import * as Data from "effect/Data"
import * as Runtime from "effect/Runtime"

/** Ends the command with an exit code; what there is to say has been said. */
export class ExitWith extends Data.TaggedError("ExitWith")<{ readonly code: number }> {
  override readonly [Runtime.errorExitCode]: number = this.code
  override readonly [Runtime.errorReported]: boolean = false
}
