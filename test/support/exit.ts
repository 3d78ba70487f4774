/**
 * Reads the error of a failed Exit, for assertions.
 */
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"

export const failureOf = <A, E>(exit: Exit.Exit<A, E>): E => {
  if (Exit.isSuccess(exit)) return assert.fail("it succeeded")
  const error = Cause.findErrorOption(exit.cause)
  if (error._tag === "None") return assert.fail(Cause.pretty(exit.cause))
  return error.value
}
