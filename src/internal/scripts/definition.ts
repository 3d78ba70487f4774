/**
 * The types of scripts and functions as definitions: what their keys, arguments and
 * results are made of, and what is called with them. Types only.
 */
import type * as Schema from "effect/Schema"
import type * as Command from "../../Command.ts"
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
export type CallOf<K, A> = keyof (KeyFields<K> & ArgumentFields<A>) extends never ? [input?: {}]
  : [input: Flat<KeyFields<K> & ArgumentFields<A>>]

/**
 * Refuses the names of arguments that are names of keys, too.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Distinct<K, A> = { readonly [P in keyof A & keyof KeyFields<K>]: "this is the name of a key" }
