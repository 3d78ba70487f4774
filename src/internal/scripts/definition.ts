/**
 * The types of scripts and functions as definitions: what their keys, arguments and
 * results are made of, and what is called with them. Types only.
 */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Command from "../../Command.ts"
import type { RedisError } from "../../Errors.ts"
import type { Codec } from "../values/codecs.ts"

/**
 * A script or a function as a definition. It is called with one record of its keys and
 * arguments, and gives the command that runs it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Callable<in Call extends ReadonlyArray<any>, out A, out M extends Command.Mode = Command.Mode> {
  (...call: Call): Command.Command<A, M>
}

/**
 * How a key or an argument is sent: a schema whose encoded side is a string, a number or
 * bytes, or a codec.
 *
 * @since 0.1.0
 * @category models
 */
export type ArgumentType =
  | Schema.ConstraintCodec<any, string | number | bigint | Uint8Array, never, never>
  | Codec<any>

/**
 * How a result is read: a schema, or a codec for a single string.
 *
 * @since 0.1.0
 * @category models
 */
export type ResultType = Schema.ConstraintCodec<any, any, never, never> | Codec<any>

/**
 * The type of the values of a schema or of a codec.
 *
 * @since 0.1.0
 * @category utility types
 */
export type TypeOf<S> = S extends Schema.Constraint ? S["Type"] : S extends Codec<infer T> ? T : never

/**
 * Any number of keys or arguments, under one name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Many<out T> {
  /** The name of the keys, or how each of them is sent. */
  readonly many: T
}

/**
 * The keys of a script: their names in order, the last of which may stand for any number
 * of keys; or how each is sent, by its name.
 *
 * @since 0.1.0
 * @category models
 */
export type Keys =
  | ReadonlyArray<string>
  | readonly [...names: ReadonlyArray<string>, rest: Many<string>]
  | Many<string>
  | Arguments

/**
 * How arguments are sent, by their names, in order. The last one may stand for any number
 * of arguments.
 *
 * @since 0.1.0
 * @category models
 */
export type Arguments = { readonly [name: string]: ArgumentType | Many<ArgumentType> }

type ValueOf<T> = T extends Many<infer S> ? ReadonlyArray<TypeOf<S>> : TypeOf<T>

/**
 * The fields of a call for keys.
 *
 * @since 0.1.0
 * @category utility types
 */
export type KeyFields<K> = K extends Many<infer N extends string> ? { readonly [P in N]: ReadonlyArray<Command.Key> }
  : K extends ReadonlyArray<infer E> ? {
      readonly [N in E as N extends Many<infer R extends string> ? R : N & string]: N extends Many<string>
        ? ReadonlyArray<Command.Key>
        : Command.Key
    }
  : ArgumentFields<K>

/**
 * The fields of a call for arguments.
 *
 * @since 0.1.0
 * @category utility types
 */
export type ArgumentFields<A> = { readonly [P in keyof A]: ValueOf<A[P]> }

type Flat<A> = { readonly [P in keyof A]: A[P] }

/**
 * What a script or a function with these keys and arguments is called with.
 *
 * @since 0.1.0
 * @category utility types
 */
export type CallOf<K, A> = keyof (KeyFields<K> & ArgumentFields<A>) extends never ?
  [input?: { readonly [name: string]: never }]
  : [input: Flat<KeyFields<K> & ArgumentFields<A>>]

/**
 * Refuses the names of arguments that are names of keys, too.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Distinct<K, A> = { readonly [P in keyof A & keyof KeyFields<K>]: "this is the name of a key" }

/**
 * One function of a library.
 *
 * @since 0.1.0
 * @category models
 */
export interface FunctionOptions {
  /**
   * The names of the keys in order: `["from", "to"]`; the last one may be
   * `Script.many("others")`. Or how each key is sent, by its name. Default: no keys.
   */
  readonly keys?: Keys | undefined
  /** How the arguments are sent, by their names, in order. Default: no arguments. */
  readonly args?: Arguments | undefined
  /** How the result is read. */
  readonly result: ResultType
  /**
   * `"read"` for a function that is registered with the flag `no-writes`: it runs with FCALL_RO,
   * also on clients of replicas, and may be sent again. Default `"write"`.
   */
  readonly mode?: Command.Mode | undefined
  /** Whether the client may send the call again when its reply never came. Default: true for `"read"`. */
  readonly repeatable?: boolean | undefined
  /** The name with which the code registers it. Default: its name in the record. */
  readonly name?: string | undefined
}

type FieldOf<F, P, Otherwise> = P extends keyof F ? F[P] : Otherwise
type KeysOf<F> = FieldOf<F, "keys", readonly []>
type ArgumentsOf<F> = FieldOf<F, "args", {}>
type ModeOf<F> = FieldOf<F, "mode", "write"> extends infer M extends Command.Mode ? M : Command.Mode

/**
 * The functions of a library: each gives the command that calls it.
 *
 * @since 0.1.0
 * @category utility types
 */
export type FunctionsOf<F> = {
  readonly [P in keyof F]: Callable<
    CallOf<KeysOf<F[P]>, ArgumentsOf<F[P]>>,
    TypeOf<FieldOf<F[P], "result", never>>,
    ModeOf<F[P]>
  >
}

/**
 * Refuses functions with an argument whose name is that of a key, too.
 *
 * @since 0.1.0
 * @category utility types
 */
export type DistinctFunctions<F> = {
  readonly [P in keyof F]: Partial<Record<"args", Distinct<KeysOf<F[P]>, ArgumentsOf<F[P]>>>>
}

/**
 * What has functions: a library.
 *
 * @since 0.1.0
 * @category models
 */
export interface HasFunctions<out F> {
  /** The functions by their names: each gives the command that calls it. */
  readonly functions: F
}

/**
 * What runs the functions of a library on a client: those that a client of this mode may run.
 *
 * @since 0.1.0
 * @category utility types
 */
export type FunctionCalls<F, M extends Command.Mode> = {
  readonly [P in keyof F as F[P] extends Callable<any, any, M> ? P : never]: F[P] extends
    Callable<infer Call, infer A, any> ? (...call: Call) => Effect.Effect<A, RedisError> : never
}
