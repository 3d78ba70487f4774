/**
 * Methods of constructors of commands: each makes its command and runs it. It is for the
 * methods of clients and for those of modules; it knows no constructor itself.
 *
 * The methods are on a prototype. An object binds a method when it is first read, so that
 * destructuring works and an unused method costs nothing; spreading the object does not
 * copy them.
 */
import * as Effect from "effect/Effect"
import * as Command from "../../Command.ts"
import { InvalidCommand, type RedisError } from "../../Errors.ts"
import { kindOf } from "../common/values.ts"

/** Runs a command. */
export type Run = (command: Command.Any) => Effect.Effect<any, RedisError>

type Constructor = (...args: Array<any>) => Command.Any

/** Where an object keeps what its methods run their commands with. */
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

/** The methods of the functions among some exports; what they give is text, or bytes. */
export const prototypeOf = (constructors: Readonly<Record<string, unknown>>, as: "text" | "bytes"): object => {
  const prototype = {}
  for (const [name, constructor] of Object.entries(constructors)) {
    if (typeof constructor !== "function") continue
    const construct: Constructor = as === "text"
      ? constructor as Constructor
      : (...args) => Command.bytes((constructor as Constructor)(...args))
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

/** An object with the methods of a prototype. */
export const methodsOn = (prototype: object, runCommand: Run): Record<string, unknown> => {
  const methods = Object.create(prototype)
  methods[run] = runCommand
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
