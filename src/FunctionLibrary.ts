/**
 * Libraries of functions as typed definitions: named keys and arguments of each function,
 * and a result that a Schema reads.
 *
 * Servers keep libraries with their data, and replicas get them, unlike scripts
 * (Script.ts). The library loads them where a server lacks them. The commands themselves,
 * without types, are `functionLoad`, `fcall` and so on. The main entry does not import this
 * module.
 *
 * **Example** (A library of two functions)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 * import * as FunctionLibrary from "effect-redis-sentinel/FunctionLibrary"
 *
 * const bank = FunctionLibrary.make({
 *   name: "bank",
 *   lua: `
 *     redis.register_function("deposit", function(keys, args)
 *       return redis.call("INCRBY", keys[1], args[1])
 *     end)
 *     redis.register_function({
 *       function_name = "balance",
 *       flags = { "no-writes" },
 *       callback = function(keys, args) return tonumber(redis.call("GET", keys[1]) or "0") end
 *     })
 *   `,
 *   functions: {
 *     deposit: { keys: ["account"], args: { amount: Schema.Int }, result: Schema.Int },
 *     balance: { keys: ["account"], result: Schema.Int, mode: "read" }
 *   }
 * })
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   yield* bank.load // fails with LibraryConflict if the server has other code of this name
 *   const { balance, deposit } = redis.functions(bank)
 *   yield* deposit({ account: "account:1", amount: 5 })
 *   yield* redis.transaction([bank.functions.deposit({ account: "account:2", amount: 1 })])
 *   return yield* balance({ account: "account:1" }) // number
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Command from "./Command.ts"
import { functionDelete, type FunctionFacts, functionListWithCode, functionLoad } from "./commands/functions.ts"
import { InvalidCommand, LibraryConflict, type RedisError } from "./Errors.ts"
import { fieldsOf, kindOf } from "./internal/common/values.ts"
import { callableOf, partsOf, sharedFields } from "./internal/scripts/callable.ts"
import type { DistinctFunctions, FunctionOptions, FunctionsOf, HasFunctions } from "./internal/scripts/definition.ts"
import { sha1Of } from "./internal/scripts/sha1.ts"
import { RedisClient } from "./RedisClient.ts"

export type {
  ArgumentFields,
  Arguments,
  ArgumentType,
  Callable,
  CallOf,
  Distinct,
  DistinctFunctions,
  FunctionOptions,
  FunctionsOf,
  HasFunctions,
  KeyFields,
  Keys,
  Many,
  ResultType,
  TypeOf
} from "./internal/scripts/definition.ts"

/**
 * A library as a server has it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stored {
  /** Its functions. */
  readonly functions: ReadonlyArray<FunctionFacts>
  /** Its code, with the first line that names it. */
  readonly code: string
  /** Whether its code is that of the definition. */
  readonly isSame: boolean
}

/**
 * A library of functions.
 *
 * @since 0.1.0
 * @category models
 */
export interface FunctionLibrary<out F> extends HasFunctions<F> {
  /** Its name. */
  readonly name: string
  /** Its code, with the first line that names it. */
  readonly code: string
  /**
   * Its functions. Called with one record of keys and arguments, each gives the command that
   * calls it, for `run`, pipelines and transactions; `redis.functions(library)` gives the
   * functions that run them.
   */
  readonly functions: F
  /**
   * Loads the library at the primary, if it is not there. Fails with `LibraryConflict` if the
   * server has other code of this name, unless the definition says `replace: true`. An
   * application runs it when it starts: functions of other code may have the same names.
   */
  readonly load: Effect.Effect<void, RedisError, RedisClient>
  /** Loads the library at the primary in place of any other of its name. */
  readonly replace: Effect.Effect<void, RedisError, RedisClient>
  /** The library of this name as the primary has it; `null` if there is none. */
  readonly list: Effect.Effect<Stored | null, RedisError, RedisClient>
  /** Deletes the library of this name, whatever its code, and gives whether there was one. */
  readonly delete: Effect.Effect<boolean, RedisError, RedisClient>
}

const optionNames = ["name", "lua", "functions", "replace"]

/**
 * Defines a library. The code registers its functions with `redis.register_function`; its
 * first line, `#!lua name=...`, may be left out. Keys and arguments arrive in the order of
 * their declaration. Results are read as those of `Script.make`. Throws `InvalidCommand` if
 * a field is invalid. Needs Redis 7.0.
 *
 * A function that a server does not have is loaded with its library, once for all that wait
 * for it, and in front of the pipelines and transactions that need it. If the server has a
 * library of this name that lacks the function, the call fails with `LibraryConflict`. With
 * `replace: true` the client replaces that library, once: where it comes back, another
 * version of the application replaces it as well, and the call fails with `LibraryConflict`.
 *
 * @since 0.1.0
 * @category constructors
 */
/*#__NO_SIDE_EFFECTS__*/
export const make = <const F extends Readonly<Record<string, FunctionOptions>>>(options: {
  /** The name of the library: letters, digits and underscores. */
  readonly name: string
  /** The code. */
  readonly lua: string
  /** The functions, by their names. */
  readonly functions: F & DistinctFunctions<NoInfer<F>>
  /** Whether the client replaces a library of this name with other code. Default false. */
  readonly replace?: boolean | undefined
}): FunctionLibrary<FunctionsOf<F>> => {
  const fields = fieldsOf(options)
  if (typeof fields === "string") throw invalid(`options: ${fields}`)
  if (Object.keys(fields).some((field) => !optionNames.includes(field))) {
    throw invalid(`options: unknown option; the options are ${optionNames.join(", ")}`)
  }
  const { functions, lua, name, replace = false } = fields
  if (typeof name !== "string" || !/^\w{1,64}$/.test(name)) {
    throw invalid("name: expected at most 64 letters, digits and underscores")
  }
  if (typeof replace !== "boolean") throw invalid(`replace: expected true or false, got ${kindOf(replace)}`)
  const code = codeOf(name, lua)
  const needed: Command.Needed = {
    kind: "library",
    id: `${name} ${sha1Of(code)}`,
    // The second attempt finds the library that the first one loaded.
    load: Command.repeatable(functionLoad(code)),
    isMissing: (reply) => reply.text === "ERR Function not found",
    library: name,
    replace: replace ? functionLoad(code, { replace: true }) : undefined
  }
  const definitions = fieldsOf(functions)
  if (typeof definitions === "string") throw invalid(`functions: ${definitions}`)
  const calls = Object.entries(definitions).map(([key, given]) => {
    const path = `functions.${/^\w{1,64}$/.test(key) ? key : "*"}`
    const of = fieldsOf(given)
    if (typeof of === "string") throw invalid(`${path}: ${of}`)
    const { name = key } = of
    if (typeof name !== "string" || !/^\w{1,64}$/.test(name)) {
      throw invalid(`${path}: its name has to be at most 64 letters, digits and underscores`)
    }
    const { encode, spec } = partsOf("FunctionLibrary.make", `${path}.`, of, sharedFields, name)
    return [key, callableOf(spec("FCALL", needed), name, encode)] as const
  })
  return {
    name,
    code,
    functions: Object.fromEntries(calls) as unknown as FunctionsOf<F>,
    load: load(name, code, replace),
    replace: replaceWith(code),
    list: list(name, code),
    delete: remove(name)
  }
}

const invalid = (detail: string): InvalidCommand => new InvalidCommand({ command: "FunctionLibrary.make", detail })

/** The code with its first line. */
const codeOf = (name: string, lua: unknown): string => {
  if (typeof lua !== "string" || lua === "") throw invalid(`lua: expected the code of a library, got ${kindOf(lua)}`)
  if (!lua.startsWith("#!")) return `#!lua name=${name}\n${lua}`
  const header = /^#!\S+[ \t]+name=(\w+)[ \t]*(?:\r?\n|$)/.exec(lua)
  if (header?.[1] !== name) throw invalid("lua: its first line has to name the same library: #!lua name=...")
  return lua
}

const list = (name: string, code: string): Effect.Effect<Stored | null, RedisError, RedisClient> =>
  Effect.flatMap(RedisClient, (redis) =>
    Effect.map(redis.run(functionListWithCode(name)), (libraries) => {
      const found = libraries.find(({ libraryName }) => libraryName === name)
      return found === undefined
        ? null
        : { functions: found.functions, code: found.libraryCode, isSame: found.libraryCode === code }
    }))

const replaceWith = (code: string): Effect.Effect<void, RedisError, RedisClient> =>
  Effect.flatMap(
    RedisClient,
    (redis) => Effect.asVoid(redis.repeatable(functionLoad(code, { replace: true })))
  )

const load = (name: string, code: string, replace: boolean): Effect.Effect<void, RedisError, RedisClient> =>
  Effect.flatMap(RedisClient, (redis) =>
    Effect.catchIf(
      Effect.asVoid(redis.repeatable(functionLoad(code))),
      (error) => error._tag === "ReplyError" && /^ERR Library '.*' already exists$/.test(error.detail),
      () =>
        Effect.flatMap(list(name, code), (stored): Effect.Effect<void, RedisError, RedisClient> => {
          if (stored?.isSame === true) return Effect.void
          if (replace) return replaceWith(code)
          const detail = `the server has a library ${name} with other code; replace puts this one in its place`
          return Effect.fail(new LibraryConflict({ library: name, command: "FUNCTION LOAD", detail }))
        })
    ))

const remove = (name: string): Effect.Effect<boolean, RedisError, RedisClient> =>
  Effect.flatMap(RedisClient, (redis) =>
    redis.run(functionDelete(name)).pipe(
      Effect.as(true),
      Effect.catchIf(
        (error) => error._tag === "ReplyError" && error.detail === "ERR Library not found",
        () => Effect.succeed(false)
      )
    ))
