/**
 * Streams that follow streams of the server: their options, and the items that they give of what follow.ts has found.
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { InvalidCommand, type RedisError } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import { argumentError } from "../commands/methods.ts"
import type { Moment } from "../commands/time.ts"
import { choiceProblem, fieldsOf, integerProblem, kindOf } from "../common/values.ts"
import { decodeEntry } from "./entries.ts"
import { Follower, type FollowingClient, type Found, type From } from "./follow.ts"
import { fullId, idText } from "./ids.ts"
import { type Items, misfitError } from "./reads.ts"
import type { Rewound, Trimmed } from "./track.ts"
import type { Definition, Entry, Misfit } from "./types.ts"

/**
 * The items of a Stream that follows.
 *
 * @since 0.1.0
 * @category utility types
 */
export type ReadItem<T, I extends Items> = I extends "values" ? T
  : I extends "entries" ? Entry<T>
  : Entry<T> | Misfit | Trimmed | Rewound

/**
 * Options of `read`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReadOptions<out I extends Items = Items> {
  /**
   * Where it begins: after the last entry that there is when it begins (`"now"`), with the first one (`"start"`), after
   * an entry, by its id, or with the first entry of a moment or later. An id is one that was read before, such as
   * `"1700000000000-0"`; if the server lacks that entry and did not delete it, the first item is `Rewound`. Default
   * `"now"`.
   */
  readonly from?: "now" | "start" | (string & {}) | Moment | undefined
  /** How many entries are read at a time, and wait for the reader, from 1 to 100,000. Default 256. */
  readonly pageSize?: number | undefined
  /**
   * Which items the Stream gives. `"all"`: entries, those that do not fit, and what was missed. `"entries"` and
   * `"values"`: a warning in the log says what was missed, and the Stream fails with `ValueMismatch` at an entry that
   * does not fit. Default `"all"`.
   */
  readonly items?: I | undefined
}

/** One of the streams that are read, with its name among them. */
export interface Named {
  /** Undefined for a stream that is read alone. */
  readonly name: string | undefined
  readonly definition: Definition<any>
}

interface Reading {
  readonly from: From
  readonly count: number
  readonly items: Items
}

const known = new Set(["from", "pageSize", "items"])

const fromOf = (given: unknown): From => {
  if (given === undefined || given === "now") return { at: "now" }
  if (given === "start") return { at: "start" }
  if (typeof given === "string") {
    if (/^\d+-\d+$/.test(given)) return { at: "id", id: fullId(idText("XREAD", "from", given), "lowest") }
    throw new InvalidCommand({
      command: "XREAD",
      detail: "from: expected \"now\", \"start\", an id such as \"1700000000000-0\", or a moment"
    })
  }
  return { at: "moment", id: fullId(idText("XREAD", "from", given), "lowest") }
}

const readingOf = (given: unknown): Reading => {
  const invalid = (field: string, problem: string): InvalidCommand =>
    new InvalidCommand({ command: "XREAD", detail: `${field}: ${problem}` })
  const fields = given === undefined ? {} : fieldsOf(given)
  if (typeof fields === "string") throw invalid("options", fields)
  const unknown = Object.keys(fields).find((name) => !known.has(name))
  if (unknown !== undefined) throw invalid(/^[\w-]{1,32}$/.test(unknown) ? unknown : "options", "unknown option")
  const { from, items = "all", pageSize = 256 } = fields
  const wrongItems = choiceProblem(items, ["all", "entries", "values"])
  if (wrongItems !== undefined) throw invalid("items", wrongItems)
  const wrongPage = integerProblem(pageSize, 1, 100_000)
  if (wrongPage !== undefined) throw invalid("pageSize", wrongPage)
  return { from: fromOf(from), count: pageSize as number, items: items as Items }
}

const noteMissed = (target: string, { label }: Definition<any>, event: Trimmed | Rewound, isItem: boolean) =>
  Effect.suspend(() => {
    const count = event._tag === "Trimmed"
      ? Metric.update(Metrics.missedEntries, event.missed ?? 0)
      : Metric.update(Metrics.streamRewinds, 1)
    if (isItem) return count
    const what = event._tag === "Trimmed"
      ? `${event.missed ?? "entries may be missing"}${
        event.missed === undefined ? "" : " entries were removed before they were read"
      }, after ${event.after}`
      : `the server has another history after ${event.resumedAfter}, and lacks ${event.lost} entries that were read`
    return Effect.andThen(count, Effect.logWarning(`${target}: reading ${label}: ${what}`))
  })

/** Reads streams as they grow, for as long as the client lives. */
export const follow = (
  client: FollowingClient,
  named: ReadonlyArray<Named>,
  options: unknown,
  isReplica: boolean
): Stream.Stream<any, RedisError> => {
  let reading: Reading
  try {
    reading = readingOf(options)
  } catch (error) {
    return Stream.fail(argumentError("XREAD", [options], error))
  }
  const { count, from, items } = reading
  const itemOf = (source: number, item: unknown): unknown => {
    const { name } = named[source]!
    return name === undefined ? item : items === "values" ? { stream: name, value: item } : { stream: name, item }
  }
  return Stream.unwrap(Effect.gen(function*() {
    const follower = new Follower({
      client,
      scope: yield* Effect.scope,
      sources: named.map(({ definition }) => ({ definition, from })),
      count,
      isReplica,
      runFork: Effect.runForkWith(yield* Effect.context<never>())
    })
    return Stream.paginate(
      undefined as RedisError | undefined,
      (error): Effect.Effect<readonly [Array<unknown>, Option.Option<RedisError | undefined>], RedisError> =>
        error !== undefined ? Effect.fail(error) : Effect.flatMap(follower.next, (found) => itemsOf(found))
    )

    function itemsOf(
      found: ReadonlyArray<Found>
    ): Effect.Effect<readonly [Array<unknown>, Option.Option<RedisError | undefined>]> {
      return Effect.gen(function*() {
        const given: Array<unknown> = []
        for (const [source, one] of found) {
          const { definition } = named[source]!
          if ("_tag" in one) {
            yield* noteMissed(client.target, definition, one, items === "all")
            if (items === "all") given.push(itemOf(source, one))
            continue
          }
          const item = decodeEntry(definition.codec, one)
          if (item._tag === "Misfit" && items !== "all") {
            return [given, Option.some(misfitError("XREAD", definition, item))] as const
          }
          given.push(itemOf(source, items === "values" ? (item as Entry<unknown>).value : item))
        }
        return [given, Option.some(undefined)] as const
      })
    }
  }))
}

/** The streams of a record, by their names. */
export const namedOf = (
  given: unknown,
  definitionOf: (value: unknown) => Definition<any> | undefined
): Array<Named> => {
  const streams = fieldsOf(given)
  if (typeof streams === "string") throw new InvalidCommand({ command: "readAll", detail: `streams: ${streams}` })
  const names = Object.keys(streams)
  if (names.length === 0) throw new InvalidCommand({ command: "readAll", detail: "streams: at least one is needed" })
  return names.map((name) => {
    const definition = definitionOf(streams[name])
    if (definition !== undefined) return { name, definition }
    const field = /^[\w-]{1,32}$/.test(name) ? `streams.${name}` : "streams"
    throw new InvalidCommand({
      command: "readAll",
      detail: `${field}: expected the result of RedisStream.make, got ${kindOf(streams[name])}`
    })
  })
}
