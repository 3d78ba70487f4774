/**
 * The command methods of clients: each makes its command with the constructor of
 * the same name in commands/, and runs it. Spreading a client does not copy them.
 */
import * as Effect from "effect/Effect"
import * as Command from "../../Command.ts"
import * as commands from "../../commands/index.ts"
import { InvalidCommand, type RedisError } from "../../Errors.ts"
import { argumentError, methodsOn, prototypeOf, type Run } from "../commands/methods.ts"
import { fieldsOf, kindOf } from "../common/values.ts"
import type { Callable, FunctionCalls, HasFunctions } from "../scripts/definition.ts"
import type { ValueMethods, Values } from "../values/commands.ts"

export { argumentError } from "../commands/methods.ts"

const { sentinel: _, ...constructors } = commands

/** Made with the first client that needs it, since a program may import the library long before. */
const prototypes: { text?: object; bytes?: object } = {}

/** An object with the command methods; what they give is text, or bytes. */
export const makeMethods = (runCommand: Run, as: "text" | "bytes"): Record<string, unknown> =>
  methodsOn(prototypes[as] ??= prototypeOf(constructors, as), runCommand)

/** The prototypes of methods on typed values, one for all clients. */
const valuePrototypes = new WeakMap<object, object>()

/** An object with the methods of commands on typed values, by their constructors. */
export const makeValueMethods = <T, M extends Command.Mode>(
  runCommand: Run,
  values: Values<T>
): ValueMethods<T, M> => {
  let prototype = typeof values === "object" && values !== null ? valuePrototypes.get(values) : undefined
  if (prototype === undefined) {
    const fields = fieldsOf(values)
    if (typeof fields === "string" || !Object.values(fields).every((field) => typeof field === "function")) {
      const detail = `expected the result of Values.make, got ${kindOf(values)}`
      throw new InvalidCommand({ command: "values", detail })
    }
    prototype = prototypeOf(fields, "text")
    valuePrototypes.set(values as object, prototype)
  }
  return methodsOn(prototype, (command) => {
    const problem = Command.problemOf(command)
    return problem === undefined
      ? runCommand(command)
      : Effect.fail(new InvalidCommand({ command: "values", detail: problem }))
  }) as unknown as ValueMethods<T, M>
}

/** What runs the commands that a script or a function gives. Throws `InvalidCommand` for what is not a function. */
export const makeCall = <Call extends ReadonlyArray<any>, A>(
  runCommand: Run,
  callable: Callable<Call, A>
): (...call: Call) => Effect.Effect<A, RedisError> => {
  if (typeof callable !== "function") {
    const detail = `expected the result of Script.make, got ${kindOf(callable)}`
    throw new InvalidCommand({ command: "script", detail })
  }
  return (...call) => {
    let command: Command.Any
    try {
      command = callable(...call)
    } catch (error) {
      return Effect.fail(argumentError("script", call, error))
    }
    const problem = Command.problemOf(command)
    return problem === undefined
      ? runCommand(command)
      : Effect.fail(new InvalidCommand({ command: "script", detail: problem }))
  }
}

/** What runs the functions of a library. Throws `InvalidCommand` for what is not a library. */
export const makeCalls = <F extends Readonly<Record<string, Callable<any, any>>>, M extends Command.Mode>(
  runCommand: Run,
  library: HasFunctions<F>
): FunctionCalls<F, M> => {
  const fields = fieldsOf(library)
  const functions = typeof fields === "string" ? fields : fieldsOf(fields["functions"])
  if (typeof functions === "string" || !Object.values(functions).every((call) => typeof call === "function")) {
    const detail = `expected the result of FunctionLibrary.make, got ${kindOf(library)}`
    throw new InvalidCommand({ command: "functions", detail })
  }
  return Object.fromEntries(
    Object.entries(functions as F).map(([name, callable]) => [name, makeCall(runCommand, callable)])
  ) as FunctionCalls<F, M>
}
