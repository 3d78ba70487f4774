/**
 * Decoders made of decoders: of arrays, of their elements by position or by name, of
 * maps. Each gives the text form and the bytes form of a result. The decoders of single
 * values are in decoders.ts.
 */
import type * as Types from "effect/Types"
import * as Resp from "../../Resp.ts"
import { custom, type Decode, list, mismatch, pairwise, text } from "./decoders.ts"

/**
 * The type that a decoder reads.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Decoded<D> = D extends Decode<infer A, any> ? A : never

/**
 * The type that a decoder reads where bytes were asked for.
 *
 * @since 0.1.0
 * @category utility types
 */
export type DecodedBytes<D> = D extends Decode<any, infer B> ? B : never

/**
 * A decoder for each field of a record.
 *
 * @since 0.1.0
 * @category models
 */
export type Fields = Readonly<Record<string, Decode<any, any>>>

/** The elements of an array or a set. */
const elementsOf = (value: Resp.Value): ReadonlyArray<Resp.Value> =>
  value instanceof Resp.MapReply ? mismatch("an array", value) : list(value)

/** The elements of an array of at least that many. */
const positionsOf = (value: Resp.Value, count: number): ReadonlyArray<Resp.Value> =>
  Array.isArray(value) && value.length >= count ? value : mismatch(`an array of ${count} elements`, value)

/** Sets a field of a result, `__proto__` like any other. */
const setField = (out: Record<string, unknown>, name: string, value: unknown): void => {
  if (name === "__proto__") {
    Object.defineProperty(out, name, { value, enumerable: true, writable: true, configurable: true })
  } else out[name] = value
}

/**
 * Reads an array or a set; another decoder reads each of its elements.
 *
 * **Example** (An array of arrays)
 *
 * ```ts
 * import { Command } from "effect-redis-sentinel"
 *
 * export const rows = Command.array(Command.strings) // Decode<Array<Array<string>>, Array<Array<Uint8Array>>>
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
/*#__NO_SIDE_EFFECTS__*/
export const array = <A, B>(element: Decode<A, B>): Decode<Array<A>, Array<B>> =>
  custom<Array<A>, Array<B>>((value, bytes) => elementsOf(value).map((item) => element(item, bytes)) as Array<A>)

/**
 * Reads an array of a known length as a tuple, with a decoder for each position. It
 * ignores elements after them, which a later version of the server may have added.
 *
 * **Example** (A member and its score)
 *
 * ```ts
 * import { Command } from "effect-redis-sentinel"
 *
 * export const pair = Command.tuple(Command.string, Command.float) // Decode<[string, number], [Uint8Array, number]>
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
/*#__NO_SIDE_EFFECTS__*/
export const tuple = <const Ds extends ReadonlyArray<Decode<any, any>>>(
  ...elements: Ds
): Decode<
  { -readonly [I in keyof Ds]: Decoded<Ds[I]> },
  { -readonly [I in keyof Ds]: DecodedBytes<Ds[I]> }
> =>
  custom((value, bytes) => {
    const items = positionsOf(value, elements.length)
    return elements.map((element, i) => element(items[i]!, bytes)) as any
  })

/**
 * Reads an array of a known length as a record: the first element is the first field, and
 * so on. It ignores elements after them, which a later version of the server may have
 * added. `fields` reads fields by their names.
 *
 * **Example** (The reply of LMPOP)
 *
 * ```ts
 * import { Command } from "effect-redis-sentinel"
 *
 * const LMPOP = Command.define({
 *   words: ["LMPOP"],
 *   mode: "write",
 *   keys: (args) => args.slice(1, 1 + Number(args[0])) as Array<string>,
 *   decode: Command.nullable(Command.struct({ key: Command.string, elements: Command.strings }))
 * })
 *
 * export const popLeft = (key: string) => Command.make(LMPOP, [1, key, "LEFT"])
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
/*#__NO_SIDE_EFFECTS__*/
export const struct = <const F extends Fields>(
  fields: F
): Decode<
  { readonly [K in keyof F]: Decoded<F[K]> },
  { readonly [K in keyof F]: DecodedBytes<F[K]> }
> => {
  const entries = Object.entries(fields)
  return custom((value, bytes) => {
    const items = positionsOf(value, entries.length)
    const out: Record<string, unknown> = {}
    for (let i = 0; i < entries.length; i++) setField(out, entries[i]![0], entries[i]![1](items[i]!, bytes))
    return out as any
  })
}

/** A name without what its spellings differ in. */
const plainName = (name: string): string => name.replaceAll(/[-_ ]/g, "").toLowerCase()

/**
 * Reads fields by their names as a record, from a map or from an array of names and
 * values in turn. A name matches that of the server whatever its case, its hyphens, its
 * underscores and its spaces: `lastGeneratedId` is `last-generated-id`. It ignores fields
 * that it has no decoder for. A field that is missing is a mismatch, unless its decoder is
 * among `optional`: then the record does not have it.
 *
 * **Example** (Some fields of XINFO STREAM)
 *
 * ```ts
 * import { Command } from "effect-redis-sentinel"
 *
 * const XINFO_STREAM = Command.define({
 *   words: ["XINFO", "STREAM"],
 *   mode: "read",
 *   keys: 1,
 *   decode: Command.fields(
 *     { length: Command.int, lastGeneratedId: Command.word },
 *     { entriesAdded: Command.int } // since Redis 7.0
 *   )
 * })
 *
 * export const streamInfo = (key: string) => Command.make(XINFO_STREAM, [key])
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
/*#__NO_SIDE_EFFECTS__*/
export const fields = <const F extends Fields, const O extends Fields = {}>(
  required: F,
  optional?: O | undefined
): Decode<
  Types.Simplify<{ readonly [K in keyof F]: Decoded<F[K]> } & { readonly [K in keyof O]?: Decoded<O[K]> }>,
  Types.Simplify<{ readonly [K in keyof F]: DecodedBytes<F[K]> } & { readonly [K in keyof O]?: DecodedBytes<O[K]> }>
> => {
  const names = Object.keys(required)
  const known = new Map(
    Object.entries({ ...optional, ...required }).map(([name, decode]) => [plainName(name), { name, decode }] as const)
  )
  return custom((value, bytes) => {
    const flat = list(value)
    const out: Record<string, unknown> = {}
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const field = known.get(plainName(text(flat[i]!)))
      if (field !== undefined) setField(out, field.name, field.decode(flat[i + 1]!, bytes))
    }
    for (const name of names) if (!Object.hasOwn(out, name)) return mismatch(`a field ${name}`, value)
    return out as any
  })
}

/** Reads fields by their names as `fields` does, and an optional field that is missing as null. */
export const fieldsOrNull = <const F extends Fields, const O extends Fields>(
  required: F,
  optional: O
): Decode<
  Types.Simplify<{ readonly [K in keyof F]: Decoded<F[K]> } & { readonly [K in keyof O]: Decoded<O[K]> | null }>,
  Types.Simplify<
    { readonly [K in keyof F]: DecodedBytes<F[K]> } & { readonly [K in keyof O]: DecodedBytes<O[K]> | null }
  >
> => {
  const decode = fields(required, optional)
  const names = Object.keys(optional)
  return custom((value, bytes) => {
    const out = decode(value, bytes) as Record<string, unknown>
    for (const name of names) if (!Object.hasOwn(out, name)) out[name] = null
    return out as any
  })
}

/**
 * Reads keys and values as a `Map` in their order, from a map, from an array of them in
 * turn, or from an array of pairs. Two `Uint8Array`s are never the same key of a `Map`:
 * where bytes may be asked for, read the keys with `word`, which is text in both forms.
 *
 * **Example** (Numbers by name)
 *
 * ```ts
 * import { Command } from "effect-redis-sentinel"
 *
 * export const counts = Command.mapOf(Command.word, Command.int) // Decode<Map<string, number>>
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
/*#__NO_SIDE_EFFECTS__*/
export const mapOf = <AK, BK, AV, BV>(
  key: Decode<AK, BK>,
  value: Decode<AV, BV>
): Decode<Map<AK, AV>, Map<BK, BV>> =>
  custom<Map<AK, AV>, Map<BK, BV>>((reply, bytes) =>
    new Map(pairwise(list(reply), (k, v) => [key(k, bytes), value(v, bytes)] as const))
  )

/**
 * Reads names and values as a record, from what `mapOf` reads. The names are text where
 * bytes were asked for, too.
 *
 * **Example** (Arrays by name)
 *
 * ```ts
 * import { Command } from "effect-redis-sentinel"
 *
 * export const lists = Command.recordOf(Command.strings) // Decode<Record<string, Array<string>>, ...>
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
/*#__NO_SIDE_EFFECTS__*/
export const recordOf = <A, B>(value: Decode<A, B>): Decode<Record<string, A>, Record<string, B>> =>
  custom<Record<string, A>, Record<string, B>>((reply, bytes) => {
    const out: Record<string, A> = {}
    pairwise(list(reply), (name, v) => setField(out, text(name), value(v, bytes)))
    return out
  })

/**
 * Changes what a decoder reads. Where its two forms differ, a second function changes the
 * one with bytes; a function with a type parameter can be both. The function may throw a
 * `Mismatch`.
 *
 * **Example** (A record of a pair, in both forms)
 *
 * ```ts
 * import { Command } from "effect-redis-sentinel"
 *
 * const named = <A>([name, count]: readonly [A, number]) => ({ name, count })
 *
 * export const counted = Command.map(Command.tuple(Command.string, Command.int), named, named)
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
/*#__NO_SIDE_EFFECTS__*/
export const map: {
  <A, C>(self: Decode<A>, f: (value: A) => C): Decode<C>
  <A, B, C, D>(self: Decode<A, B>, f: (value: A) => C, bytes: (value: B) => D): Decode<C, D>
} = <A, B, C, D>(self: Decode<A, B>, f: (value: A) => C, g?: (value: B) => D): Decode<C, D> =>
  custom<C, D>((value, bytes) => {
    const result = self(value, bytes)
    return bytes && g !== undefined ? g(result as unknown as B) : f(result)
  })
