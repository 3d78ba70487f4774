/**
 * The commands about libraries of functions on the server. FCALL, which calls a function, is
 * in scripting.ts.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg } from "../Command.ts"
import { argv, keyword, optionsOf } from "../internal/commands/args.ts"

const FUNCTION_LOAD = define({ words: ["FUNCTION", "LOAD"], mode: "write", decode: Command.word })
const functionLoadFields = { replace: "flag" } as const

/**
 * FUNCTION LOAD gives the server a library of functions and returns its name. The code begins with a line such as
 * `#!lua name=mylib`. Replicas get it from their primary. Fails with ERR if there is a library of that name and
 * `replace` is not `true`, or the code does not compile. Needs Redis 7.0.
 *
 * **Example** (A library of one function)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * const code = `#!lua name=mylib
 * redis.register_function("hello", function(keys, args) return "hello " .. args[1] end)`
 * export const loaded = commands.functionLoad(code, { replace: true })
 * export const greeted = commands.fcall("hello", [], ["Ada"])
 * ```
 *
 * @see https://redis.io/docs/latest/commands/function-load/
 * @since 0.1.0
 * @category scripting
 */
export const functionLoad = (
  code: string,
  options?: {
    /** Whether a library of the same name is replaced. Default false. */
    readonly replace?: boolean | undefined
  } | undefined
) =>
  make(
    FUNCTION_LOAD,
    optionsOf("FUNCTION LOAD", options, functionLoadFields)?.replace === true ? argv("REPLACE", code) : argv(code)
  )

const FUNCTION_DELETE = define({ words: ["FUNCTION", "DELETE"], mode: "write", decode: Command.ok })
/**
 * FUNCTION DELETE deletes a library and its functions, and returns `"OK"`. Fails with ERR if there is none of that
 * name. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/function-delete/
 * @since 0.1.0
 * @category scripting
 */
export const functionDelete = (library: string) => make(FUNCTION_DELETE, argv(library))

const FUNCTION_FLUSH = define({ words: ["FUNCTION", "FLUSH"], mode: "write", decode: Command.ok })
/**
 * FUNCTION FLUSH deletes all libraries, and returns `"OK"`: at once (`"sync"`), or in the background (`"async"`).
 * Default: as the server is configured. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/function-flush/
 * @since 0.1.0
 * @category scripting
 */
export const functionFlush = (how?: "async" | "sync" | undefined) =>
  make(FUNCTION_FLUSH, how === undefined ? argv() : argv(keyword(FUNCTION_FLUSH.name, "how", how, ["async", "sync"])))

/**
 * A function of a library.
 *
 * @since 0.1.0
 * @category models
 */
export interface FunctionFacts {
  /** Its name, for FCALL. */
  readonly name: string
  /** What it was registered with as a description. */
  readonly description: string | null
  /** Its flags, such as `"no-writes"`. */
  readonly flags: ReadonlyArray<string>
}

/**
 * A library of functions.
 *
 * @since 0.1.0
 * @category models
 */
export interface FunctionLibrary {
  /** Its name. */
  readonly libraryName: string
  /** Its language: `"LUA"`. */
  readonly engine: string
  /** Its functions. */
  readonly functions: ReadonlyArray<FunctionFacts>
}

/**
 * A library of functions with its code.
 *
 * @since 0.1.0
 * @category models
 */
export interface FunctionLibraryWithCode<A = string> extends FunctionLibrary {
  /** Its code. */
  readonly libraryCode: A
}

const library = {
  libraryName: Command.word,
  engine: Command.word,
  functions: Command.array(
    Command.fields({ name: Command.word, description: Command.wordOrNull, flags: Command.words })
  )
}
const libraries: Command.Decode<Array<FunctionLibrary>> = Command.array(Command.fields(library))
const librariesWithCode: Command.Decode<
  Array<FunctionLibraryWithCode>,
  Array<FunctionLibraryWithCode<Uint8Array>>
> = Command.array(Command.fields({ ...library, libraryCode: Command.string }))

const listArgs = (pattern: string | undefined): Array<Arg> =>
  pattern === undefined ? argv() : argv("LIBRARYNAME", pattern)

const FUNCTION_LIST = define({ words: ["FUNCTION", "LIST"], mode: "read", decode: libraries })
/**
 * FUNCTION LIST returns the libraries whose names match a glob pattern, or all, and their functions. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/function-list/
 * @since 0.1.0
 * @category scripting
 */
export const functionList = (pattern?: string | undefined) => make(FUNCTION_LIST, listArgs(pattern))

const FUNCTION_LIST_CODE = define({ words: ["FUNCTION", "LIST"], mode: "read", decode: librariesWithCode })
/**
 * FUNCTION LIST with WITHCODE returns the libraries whose names match a glob pattern, or all, with their functions and
 * their code. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/function-list/
 * @since 0.1.0
 * @category scripting
 */
export const functionListWithCode = (pattern?: string | undefined) => {
  const args = listArgs(pattern)
  args.push("WITHCODE")
  return make(FUNCTION_LIST_CODE, args)
}

/**
 * What a server says of its functions.
 *
 * @since 0.1.0
 * @category models
 */
export interface FunctionStats {
  /** The function that runs now; `null` if none does. */
  readonly runningScript: {
    /** Its name. */
    readonly name: string
    /** The command that called it. */
    readonly command: ReadonlyArray<string>
    /** How long it has run. */
    readonly duration: Duration.Duration
  } | null
  /** By the name of the language, such as `"LUA"`. */
  readonly engines: Readonly<
    Record<string, {
      /** How many libraries there are. */
      readonly librariesCount: number
      /** How many functions there are. */
      readonly functionsCount: number
    }>
  >
}

const stats: Command.Decode<FunctionStats> = Command.fields({
  runningScript: Command.nullable(
    Command.map(
      Command.fields({ name: Command.word, command: Command.words, durationMs: Command.int }),
      ({ command, durationMs, name }) => ({ name, command, duration: Duration.millis(durationMs) })
    )
  ),
  engines: Command.recordOf(Command.fields({ librariesCount: Command.int, functionsCount: Command.int }))
})

const FUNCTION_STATS = define({ words: ["FUNCTION", "STATS"], mode: "read", decode: stats })
/**
 * FUNCTION STATS returns which function a server runs now and for how long, and how many libraries and functions each
 * language has. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/function-stats/
 * @since 0.1.0
 * @category scripting
 */
export const functionStats = () => make(FUNCTION_STATS, argv())

const FUNCTION_DUMP = define({
  words: ["FUNCTION", "DUMP"],
  mode: "read",
  decode: Command.custom<Uint8Array>((v) => v as Uint8Array)
})
/**
 * FUNCTION DUMP returns all libraries as bytes in the server's own serialisation. FUNCTION RESTORE reads them. Needs
 * Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/function-dump/
 * @since 0.1.0
 * @category scripting
 */
export const functionDump = (): Command.Command<Uint8Array, "read"> => Command.bytes(make(FUNCTION_DUMP, argv()))

const FUNCTION_RESTORE = define({ words: ["FUNCTION", "RESTORE"], mode: "write", decode: Command.ok })
/**
 * FUNCTION RESTORE adds the libraries that FUNCTION DUMP returned, and returns `"OK"`. `how` says what happens to those
 * that the server has: they stay, and a library of the same name is an error (`"append"`, the default), libraries of the
 * same names are replaced (`"replace"`), or all are deleted first (`"flush"`). Fails with ERR if the bytes are damaged.
 * Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/function-restore/
 * @since 0.1.0
 * @category scripting
 */
export const functionRestore = (dump: Uint8Array, how?: "append" | "replace" | "flush" | undefined) =>
  make(
    FUNCTION_RESTORE,
    how === undefined
      ? argv(dump)
      : argv(dump, keyword(FUNCTION_RESTORE.name, "how", how, ["append", "replace", "flush"]))
  )

const FUNCTION_KILL = define({ words: ["FUNCTION", "KILL"], mode: "read", repeatable: false, decode: Command.ok })
/**
 * FUNCTION KILL ends the function that the server runs, and returns `"OK"`. Fails with NOTBUSY if none runs, and with
 * UNKILLABLE if it has written. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/function-kill/
 * @since 0.1.0
 * @category scripting
 */
export const functionKill = () => make(FUNCTION_KILL, argv())
