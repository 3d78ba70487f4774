/**
 * The methods of a module for a client: made of the module's constructors when they are
 * first asked for. The types of the methods are in methods/modules/.
 */
import type * as Client from "../../Client.ts"
import type * as Command from "../../Command.ts"
import { methodsOn, prototypeOf } from "../commands/methods.ts"

/**
 * What runs the commands of a module: a client, a reserved connection, or anything else
 * with their `run`. `M` is `"read"` for a client of replicas.
 *
 * @since 0.1.0
 * @category models
 */
export type Runner<M extends Command.Mode> = Pick<Client.Base<M>, "run">

/** The prototypes of modules that were asked for, by the first file of their constructors. */
const prototypes = new WeakMap<object, { readonly text: object; readonly bytes: object }>()

/** The methods of the constructors of some files, for a client. */
export const methodsOf = (
  files: readonly [object, ...Array<object>],
  redis: Runner<any>
): Record<string, unknown> => {
  let of = prototypes.get(files[0])
  if (of === undefined) {
    const constructors = Object.assign({}, ...files) as Record<string, unknown>
    of = { text: prototypeOf(constructors, "text"), bytes: prototypeOf(constructors, "bytes") }
    prototypes.set(files[0], of)
  }
  const { bytes, text } = of
  // Without options, the client takes its shortest way.
  const run = (command: Command.Any) => redis.run(command)
  const methods = methodsOn(text, run)
  let made: Record<string, unknown> | undefined
  Object.defineProperty(methods, "bytes", { enumerable: true, get: () => made ??= methodsOn(bytes, run) })
  return methods
}
