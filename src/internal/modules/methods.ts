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

/**
 * Gives the methods of a module for a client: all of them, or, for a client of replicas,
 * those that read only.
 *
 * @since 0.1.0
 * @category models
 */
export interface MethodsOf<Methods, ReadMethods> {
  (redis: Runner<"read" | "write">): Methods
  (redis: Runner<"read">): ReadMethods
}

/** The methods of the constructors of some files. Their prototypes are made with the first client. */
/*#__NO_SIDE_EFFECTS__*/
export const methodsOf = <Methods extends ReadMethods, ReadMethods>(
  ...files: ReadonlyArray<object>
): MethodsOf<Methods, ReadMethods> => {
  let prototypes: { readonly text: object; readonly bytes: object } | undefined
  // Whether the client writes is a matter of its type: the client itself refuses what it may not run.
  return (redis: Runner<any>): any => {
    if (prototypes === undefined) {
      const constructors = Object.assign({}, ...files) as Record<string, unknown>
      prototypes = { text: prototypeOf(constructors, "text"), bytes: prototypeOf(constructors, "bytes") }
    }
    const { bytes, text } = prototypes
    // Without options, the client takes its shortest way.
    const run = (command: Command.Any) => redis.run(command)
    const methods = methodsOn(text, run)
    let made: Record<string, unknown> | undefined
    Object.defineProperty(methods, "bytes", { enumerable: true, get: () => made ??= methodsOn(bytes, run) })
    return methods
  }
}
