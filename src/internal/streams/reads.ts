/**
 * Reads of a stream that do not wait: ranges in pages, single entries, and what the server says of the stream.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Base } from "../../Client.ts"
import * as Command from "../../Command.ts"
import * as commands from "../../commands/index.ts"
import type { StreamCounters } from "../../commands/streamInfo.ts"
import { InvalidCommand, type RedisError, ValueMismatch } from "../../Errors.ts"
import { argumentError } from "../commands/methods.ts"
import type { Moment } from "../commands/time.ts"
import { choiceProblem, fieldsOf, integerProblem, kindOf } from "../common/values.ts"
import { decodeEntry, idWord, rawEntries, rawEntry } from "./entries.ts"
import { fullId, idText, zeroId } from "./ids.ts"
import type { Definition, Entry, Misfit, RawEntry } from "./types.ts"

/**
 * An end of a range: an id, a moment, or one that does not belong to the range. An id without a sequence number, and a
 * moment, stand for all ids of their millisecond.
 *
 * @since 0.1.0
 * @category models
 */
export type Bound = string | Moment | {
  /** The id or the moment that does not belong to the range. */
  readonly exclusive: string | Moment
}

/**
 * Which items a Stream gives: all (`"all"`), or only the entries (`"entries"`) or their values (`"values"`); the latter
 * two fail with `ValueMismatch` at an entry that does not fit.
 *
 * @since 0.1.0
 * @category models
 */
export type Items = "all" | "entries" | "values"

/**
 * The items of a range.
 *
 * @since 0.1.0
 * @category utility types
 */
export type RangeItem<T, I extends Items> = I extends "values" ? T : I extends "entries" ? Entry<T> : Entry<T> | Misfit

/**
 * Options of `range`.
 *
 * @since 0.1.0
 * @category models
 */
export interface RangeOptions<out I extends Items = Items> {
  /** Where the range begins, at its lower end. Default: with the first entry. */
  readonly from?: Bound | undefined
  /** Where the range ends, at its upper end. Default: with the last entry. */
  readonly to?: Bound | undefined
  /** Whether the entries come from the newest to the oldest. Default false. */
  readonly reverse?: boolean | undefined
  /** How many entries are read at a time, from 1 to 100,000. Default 256. */
  readonly pageSize?: number | undefined
  /** How many entries the range has at most; at least 1. Default: all. */
  readonly limit?: number | undefined
  /** Which items the Stream gives. Default `"all"`. */
  readonly items?: I | undefined
}

/**
 * What a server says of a stream.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamInfo<out T> extends StreamCounters {
  /** How many groups it has. */
  readonly groups: number
  /** The first entry; `null` if there is none. */
  readonly firstEntry: Entry<T> | Misfit | null
  /** The last entry; `null` if there is none. */
  readonly lastEntry: Entry<T> | Misfit | null
}

const defaultPageSize = 256
const maxPageSize = 100_000
const greatest = "18446744073709551615-18446744073709551615"

/** What reads need of a client: of the primary, or of replicas. */
export type Reader = Pick<Base<"read">, "run">

/** The same command with a decoder of bytes. */
export const bytesOf = <A>(command: Command.Any, decode: Command.Decode<A>): Command.Command<A, "read"> =>
  Command.withSpec(
    command as Command.Command<any, "read">,
    Command.decoding(command.spec as Command.Spec<any, "read">, decode)
  )

/** XRANGE, or XREVRANGE, with entries as bytes. */
export const rangeCommand = (
  definition: Definition<any>,
  lower: string,
  upper: string,
  count: number | undefined,
  isReverse = false
): Command.Command<Array<RawEntry>, "read"> => {
  const options = count === undefined ? undefined : { count }
  return bytesOf(
    isReverse
      ? commands.xrevrange(definition.key, upper, lower, options)
      : commands.xrange(definition.key, lower, upper, options),
    rawEntries
  )
}

/** The error of an entry that does not fit. */
export const misfitError = (command: string, definition: Definition<any>, { id, issue }: Misfit): ValueMismatch =>
  new ValueMismatch({ command, key: definition.label, issue: `entry ${id}: ${issue}` })

const boundText = (field: "from" | "to", given: unknown): string => {
  const end = field === "from" ? "-" : "+"
  if (given === undefined || given === end) return end
  const isExclusive = typeof given === "object" && given !== null && "exclusive" in given
  const text = idText("XRANGE", field, isExclusive ? given.exclusive : given)
  // The whole of a millisecond belongs to the range, or does not.
  return isExclusive
    ? `(${fullId(text, field === "from" ? "greatest" : "lowest")}`
    : fullId(text, field === "from" ? "lowest" : "greatest")
}

const known = new Set(["from", "to", "reverse", "pageSize", "limit", "items"])

interface Range {
  readonly lower: string
  readonly upper: string
  readonly isReverse: boolean
  readonly pageSize: number
  readonly limit: number
  readonly items: Items
}

const rangeOf = (given: unknown): Range => {
  const invalid = (field: string, problem: string): InvalidCommand =>
    new InvalidCommand({ command: "XRANGE", detail: `${field}: ${problem}` })
  const fields = given === undefined ? {} : fieldsOf(given)
  if (typeof fields === "string") throw invalid("options", fields)
  const unknown = Object.keys(fields).find((name) => !known.has(name))
  if (unknown !== undefined) throw invalid(/^[\w-]{1,32}$/.test(unknown) ? unknown : "options", "unknown option")
  const { from, items = "all", limit = Infinity, pageSize = defaultPageSize, reverse = false, to } = fields
  if (typeof reverse !== "boolean") throw invalid("reverse", `expected true or false, got ${kindOf(reverse)}`)
  const wrongItems = choiceProblem(items, ["all", "entries", "values"])
  if (wrongItems !== undefined) throw invalid("items", wrongItems)
  const wrongPage = integerProblem(pageSize, 1, maxPageSize)
  if (wrongPage !== undefined) throw invalid("pageSize", wrongPage)
  const wrongLimit = limit === Infinity ? undefined : integerProblem(limit, 1, Number.MAX_SAFE_INTEGER)
  if (wrongLimit !== undefined) throw invalid("limit", wrongLimit)
  return {
    lower: boundText("from", from),
    upper: boundText("to", to),
    isReverse: reverse,
    pageSize: pageSize as number,
    limit: limit as number,
    items: items as Items
  }
}

/** The items of entries; fails at one that does not fit where only values count. */
export const itemsFor = <T>(
  command: string,
  definition: Definition<T>,
  items: Items,
  entries: ReadonlyArray<RawEntry>
): { readonly given: Array<unknown>; readonly error: ValueMismatch | undefined } => {
  const given: Array<unknown> = []
  for (const raw of entries) {
    const item = decodeEntry(definition.codec, raw)
    if (item._tag === "Misfit" && items !== "all") return { given, error: misfitError(command, definition, item) }
    given.push(items === "values" ? (item as Entry<T>).value : item)
  }
  return { given, error: undefined }
}

/** A range as a Stream, in pages. */
export const range = <T>(
  client: Reader,
  definition: Definition<T>,
  options: unknown
): Stream.Stream<any, RedisError> =>
  Stream.suspend((): Stream.Stream<any, RedisError> => {
    let checked: Range
    try {
      checked = rangeOf(options)
    } catch (error) {
      return Stream.fail(argumentError("XRANGE", [options], error))
    }
    const { isReverse, items, limit, lower, pageSize, upper } = checked
    interface Position {
      readonly at: string
      readonly left: number
    }
    return Stream.paginate(
      { at: isReverse ? upper : lower, left: limit } as Position | ValueMismatch,
      (position): Effect.Effect<readonly [Array<unknown>, Option.Option<Position | ValueMismatch>], RedisError> => {
        if (position instanceof ValueMismatch) return Effect.fail(position)
        const count = Math.min(pageSize, position.left)
        const command = isReverse
          ? rangeCommand(definition, lower, position.at, count, true)
          : rangeCommand(definition, position.at, upper, count)
        return Effect.map(client.run(command), (entries) => {
          const { error, given } = itemsFor(command.spec.name, definition, items, entries)
          if (error !== undefined) return [given, Option.some<Position | ValueMismatch>(error)]
          const last = entries.at(-1)?.id
          const left = position.left - entries.length
          const isOver = last === undefined || entries.length < count || left <= 0 || last === greatest
          return [given, isOver ? Option.none() : Option.some<Position | ValueMismatch>({ at: `(${last}`, left })]
        })
      }
    )
  })

const onlyItem = <T>(
  definition: Definition<T>,
  command: Command.Command<Array<RawEntry>, "read">,
  client: Reader
): Effect.Effect<Entry<T> | null, RedisError> =>
  Effect.flatMap(client.run(command), ([raw]) => {
    if (raw === undefined) return Effect.succeed(null)
    const item = decodeEntry(definition.codec, raw)
    return item._tag === "Misfit"
      ? Effect.fail(misfitError(command.spec.name, definition, item))
      : Effect.succeed(item)
  })

/** The first entry, or the last one. */
export const end = <T>(
  client: Reader,
  definition: Definition<T>,
  which: "first" | "last"
): Effect.Effect<Entry<T> | null, RedisError> =>
  onlyItem(definition, rangeCommand(definition, "-", "+", 1, which === "last"), client)

/** The entry of an id. */
export const get = <T>(
  client: Reader,
  definition: Definition<T>,
  id: unknown
): Effect.Effect<Entry<T> | null, RedisError> =>
  Effect.suspend(() => {
    try {
      const text = typeof id === "string" ? fullId(idText("XRANGE", "id", id), "lowest") : undefined
      if (text === undefined) {
        throw new InvalidCommand({ command: "XRANGE", detail: `id: expected an id such as "5-1", got ${kindOf(id)}` })
      }
      return onlyItem(definition, rangeCommand(definition, text, text, 1), client)
    } catch (error) {
      return Effect.fail(argumentError("XRANGE", [id], error))
    }
  })

/** XLEN. */
export const lengthCommand = (definition: Definition<any>): Command.Command<number, "read"> =>
  commands.xlen(definition.key)

const noSuchKey = /no such key/i

/** What the server says of the stream; `null` if it does not exist. */
export const info = <T>(
  client: Reader,
  definition: Definition<T>
): Effect.Effect<StreamInfo<T> | null, RedisError> => {
  const command = commands.xinfoStream(definition.key)
  const item = Command.nullable(Command.custom((value, bytes) => decodeEntry(definition.codec, rawEntry(value, bytes))))
  const entries = Command.fields({ firstEntry: item, lastEntry: item })
  return Effect.catchIf(
    client.run(bytesOf(
      command,
      Command.custom((value, bytes): StreamInfo<T> => ({
        ...command.spec.decode(value, bytes),
        ...entries(value, bytes)
      }))
    )),
    (error) => error._tag === "ReplyError" && noSuchKey.test(error.detail),
    () => Effect.succeed(null)
  )
}

const lastIdOf = Command.map(Command.fields({ lastGeneratedId: idWord }), ({ lastGeneratedId }) => lastGeneratedId)

/** The id of the entry that was added last. */
export const lastId = (client: Reader, { key }: Definition<any>): Effect.Effect<string, RedisError> =>
  Effect.catchIf(
    client.run(bytesOf(commands.xinfoStream(key), lastIdOf)),
    (error) => error._tag === "ReplyError" && noSuchKey.test(error.detail),
    () => Effect.succeed(zeroId)
  )
