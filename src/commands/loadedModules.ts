/**
 * The MODULE commands: which modules a server has loaded. The commands of the modules themselves are not here.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { appendAll, appendAny, argv, arrayOf, optionsOf, type Variadic } from "../internal/commands/args.ts"
import { fieldsOrNull } from "../internal/commands/combinators.ts"
import { kindOf } from "../internal/common/values.ts"

/**
 * A module that the server has loaded.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoadedModule {
  /** Its name, for MODULE UNLOAD. */
  readonly name: string
  /** Its version, as the module numbers it. */
  readonly version: number
  /** The file that it was loaded from; `null` if the server does not say. */
  readonly path: string | null
  /** The arguments that it was loaded with. */
  readonly args: ReadonlyArray<string>
}

const loaded: Command.Decode<LoadedModule> = Command.map(
  fieldsOrNull({ name: Command.word, ver: Command.int }, { path: Command.word, args: Command.words }),
  ({ args, name, path, ver }) => ({ name, version: ver, path: path === "" ? null : path, args: args ?? [] })
)

const MODULE_LIST = define({ words: ["MODULE", "LIST"], mode: "read", decode: Command.array(loaded) })
/**
 * MODULE LIST returns the modules that the server has loaded.
 *
 * @see https://redis.io/docs/latest/commands/module-list/
 * @since 0.1.0
 * @category modules
 */
export const moduleList = () => make(MODULE_LIST, argv())

const MODULE_LOAD = define({ words: ["MODULE", "LOAD"], mode: "write", decode: Command.ok })
/**
 * MODULE LOAD loads a module from a file on the server's machine, and returns `"OK"`. Replicas do not load it. Fails
 * with ERR if the module does not load, or if the configuration `enable-module-command` does not allow it.
 *
 * @see https://redis.io/docs/latest/commands/module-load/
 * @since 0.1.0
 * @category modules
 */
export const moduleLoad = (path: string, ...args: Variadic<Arg>) => make(MODULE_LOAD, appendAny(argv(path), args))

const MODULE_LOADEX = define({ words: ["MODULE", "LOADEX"], mode: "write", decode: Command.ok })
const moduleLoadexFields = { config: "value", args: "value" } as const

/**
 * MODULE LOADEX loads a module from a file on the server's machine, with parameters of its configuration, and returns
 * `"OK"`. Replicas do not load it. Fails with ERR if the module does not load, or if the configuration
 * `enable-module-command` does not allow it. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/module-loadex/
 * @since 0.1.0
 * @category modules
 */
export const moduleLoadex = (
  path: string,
  options?: {
    /** The parameters of the module's configuration, by name. Default none. */
    readonly config?: Readonly<Record<string, string | number>> | undefined
    /** The arguments of the module. Default none. */
    readonly args?: ReadonlyArray<Arg> | undefined
  } | undefined
) => {
  const out = argv(path)
  const given = optionsOf(MODULE_LOADEX.name, options, moduleLoadexFields)
  const config: unknown = given?.config
  if (config !== undefined) {
    if (typeof config !== "object" || config === null || Array.isArray(config)) {
      const detail = `config: expected an object, got ${kindOf(config)}`
      throw new InvalidCommand({ command: MODULE_LOADEX.name, detail })
    }
    for (const [name, value] of Object.entries(config)) out.push("CONFIG", name, value)
  }
  if (given?.args !== undefined) appendAll(out, ["ARGS", ...arrayOf(MODULE_LOADEX.name, "args", given.args)])
  return make(MODULE_LOADEX, out)
}

const MODULE_UNLOAD = define({ words: ["MODULE", "UNLOAD"], mode: "write", decode: Command.ok })
/**
 * MODULE UNLOAD removes a module from the server, and returns `"OK"`. Fails with ERR if there is none of that name, or
 * if it has types of data.
 *
 * @see https://redis.io/docs/latest/commands/module-unload/
 * @since 0.1.0
 * @category modules
 */
export const moduleUnload = (name: string) => make(MODULE_UNLOAD, argv(name))
