/**
 * The command methods of clients: each makes its command with the constructor of
 * the same name in commands/, and runs it.
 *
 * The methods are on a prototype. A client binds a method when it is first read, so
 * that destructuring works and an unused method costs a client nothing; spreading a
 * client does not copy them.
 */
import * as Effect from "effect/Effect"
import * as Command from "../../Command.ts"
import * as commands from "../../commands/index.ts"
import { InvalidCommand, type RedisError } from "../../Errors.ts"
import { fieldsOf, kindOf } from "../common/values.ts"

const { sentinel: _, ...constructors } = commands

type Run = (command: Command.Any) => Effect.Effect<any, RedisError>
type Constructor = (...args: Array<any>) => Command.Any

/** Where a client keeps what its methods run their commands with. */
const run: unique symbol = Symbol("effect-redis-sentinel/run")

const bind = (run: Run, name: string, construct: Constructor) => (...args: Array<any>) => {
  let command: Command.Any
  try {
    command = construct(...args)
  } catch (error) {
    return Effect.fail(argumentError(name, args, error))
  }
  return run(command)
}

const prototypeOf = (
  constructors: Readonly<Record<string, unknown>>,
  variant: (construct: Constructor) => Constructor
): object => {
  const prototype = {}
  for (const [name, constructor] of Object.entries(constructors)) {
    const construct = variant(constructor as Constructor)
    const define = (client: object, value: unknown): void =>
      void Object.defineProperty(client, name, { value, enumerable: true, writable: true, configurable: true })
    Object.defineProperty(prototype, name, {
      enumerable: true,
      configurable: true,
      get(this: { readonly [run]: Run }) {
        const method = bind(this[run], name, construct)
        define(this, method)
        return method
      },
      set(this: object, value: unknown) {
        define(this, value)
      }
    })
  }
  return prototype
}

const text = prototypeOf(constructors, (construct) => construct)
const bytes = prototypeOf(constructors, (construct) => (...args) => Command.bytes(construct(...args)))

/** An object with the command methods; what they give is text, or bytes. */
export const makeMethods = (runCommand: Run, as: "text" | "bytes"): Record<string, unknown> => {
  const methods = Object.create(as === "text" ? text : bytes)
  methods[run] = runCommand
  return methods
}

/** The prototypes of methods on typed values, one for all clients. */
const valuePrototypes = new WeakMap<object, object>()

/** An object with the methods of commands on typed values, by their constructors. */
export const makeValueMethods = (runCommand: Run, values: unknown): Record<string, unknown> => {
  let prototype = typeof values === "object" && values !== null ? valuePrototypes.get(values) : undefined
  if (prototype === undefined) {
    const fields = fieldsOf(values)
    if (typeof fields === "string" || !Object.values(fields).every((field) => typeof field === "function")) {
      const detail = `expected the result of Values.make, got ${kindOf(values)}`
      throw new InvalidCommand({ command: "values", detail })
    }
    prototype = prototypeOf(fields, (construct) => construct)
    valuePrototypes.set(values as object, prototype)
  }
  const methods = Object.create(prototype)
  methods[run] = (command: Command.Any) => {
    const problem = Command.problemOf(command)
    return problem === undefined
      ? runCommand(command)
      : Effect.fail(new InvalidCommand({ command: "values", detail: problem }))
  }
  return methods
}

/** The error for what a command's constructor threw. */
export const argumentError = (name: string, args: ReadonlyArray<unknown>, error: unknown): InvalidCommand => {
  if (error instanceof InvalidCommand) return error
  const at = args.findIndex((arg) => arg === null || !argumentTypes.has(typeof arg))
  return new InvalidCommand({
    command: name,
    detail: at === -1
      ? `it does not accept these arguments: ${args.slice(0, 8).map(kindOf).join(", ") || "none"}`
      : `argument ${at + 1}: it does not accept ${kindOf(args[at])}`
  })
}

const argumentTypes: ReadonlySet<string> = new Set(["string", "number", "bigint", "object"])
