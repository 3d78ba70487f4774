/**
 * The commands that read samples of time series (TS.*): of one by its key, of several by
 * their labels, in ranges and in buckets.
 */
import * as Command from "../../Command.ts"
import { define, own as make } from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import type { Moment, TimeoutInput } from "../../commands/options.ts"
import { InvalidCommand } from "../../Errors.ts"
import {
  appendAll,
  argv,
  arrayOf,
  type FieldsOf,
  keysAfterCount,
  keysOf,
  type OneOrMore,
  optionsOf
} from "../commands/args.ts"
import { epochMillisOf, timeoutMillis } from "../commands/time.ts"
import { appendFlag, integerArg } from "./args.ts"
import {
  aggregatorsFields,
  mrangeFields,
  mrangeGroupbyFields,
  mrangeWithFields,
  rangeFields,
  rangeWithFields
} from "./timeSeriesFields.ts"
import {
  type Aggregator,
  aggregatorArg,
  aggregatorList,
  appendAggregation,
  appendBuckets,
  appendLabels,
  appendSampleCount,
  appendSampleFilter,
  type Buckets,
  filterArgs,
  type LabelOptions,
  rangeBounds,
  type RangeEnd,
  type RangeOptions,
  type RangeStart,
  type Reducer,
  reducerArg,
  type SampleFilter
} from "./timeSeriesOptions.ts"
import {
  type Bucket,
  buckets,
  groups,
  lastSamples,
  rows,
  sampleOrNull,
  samples,
  type Series,
  seriesOf
} from "./timeSeriesReplies.ts"

/**
 * Options of TS.GET.
 *
 * @since 0.1.0
 * @category models
 */
export interface GetOptions {
  /** Whether a series that is a compaction reports its last bucket, which may still change. Default false. */
  readonly latest?: boolean | undefined
}

const TS_GET = define({ words: ["TS.GET"], mode: "read", keys: 1, decode: sampleOrNull })
const getFields: FieldsOf<GetOptions> = { latest: "flag" }

/**
 * TS.GET returns the last sample of a series, `null` if it has none. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/ts.get/
 * @since 0.1.0
 * @category time series
 */
export const get = (key: Key, options?: GetOptions | undefined) => {
  const args = argv(key)
  appendFlag(args, "LATEST", optionsOf(TS_GET.name, options, getFields)?.latest)
  return make(TS_GET, args)
}

const rangeArgs = (
  command: string,
  key: Key,
  from: RangeStart,
  to: RangeEnd,
  given: RangeOptions | undefined
): Array<Arg> => {
  const options = optionsOf(command, given, rangeFields)
  const args = argv(key, ...rangeBounds(command, from, to))
  appendSampleFilter(command, args, options)
  appendSampleCount(command, args, options)
  appendAggregation(command, args, options?.aggregation)
  return args
}

/** The arguments of a range with several aggregators. */
const rangeWithArgs = (
  command: string,
  key: Key,
  from: RangeStart,
  to: RangeEnd,
  aggregators: ReadonlyArray<Aggregator>,
  given: RangeWithOptions
): Array<Arg> => {
  const options = neededOptions(command, given, rangeWithFields)
  const args = argv(key, ...rangeBounds(command, from, to))
  appendSampleFilter(command, args, options)
  appendSampleCount(command, args, options)
  appendBuckets(command, args, [aggregatorList(command, "aggregators", aggregators)], options)
  return args
}

/** Options that say how long a bucket is. */
const neededOptions = <A extends object>(command: string, given: A, fields: FieldsOf<NoInfer<A>>): A => {
  const options = optionsOf(command, given, fields)
  if (options === undefined) throw new InvalidCommand({ command, detail: "options: bucket is needed" })
  return options
}

/**
 * Options of TS.RANGE and TS.REVRANGE with several aggregators.
 *
 * @since 0.1.0
 * @category models
 */
export interface RangeWithOptions extends SampleFilter, Buckets {}

const TS_RANGE = define({ words: ["TS.RANGE"], mode: "read", keys: 1, decode: samples })
/**
 * TS.RANGE returns the samples of a range, both ends included, in their order; with `aggregation` a sample for each
 * bucket. Fails with ERR if the key does not exist.
 *
 * **Example** (The means of the hours of a day)
 *
 * ```ts
 * import * as TimeSeries from "effect-redis-sentinel/modules/TimeSeries"
 *
 * export const hours = TimeSeries.range("temperature:3", new Date("2026-01-01"), new Date("2026-01-02"), {
 *   aggregation: { aggregator: "avg", bucket: "1 hour", empty: true }
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/ts.range/
 * @since 0.1.0
 * @category time series
 */
export const range = (key: Key, from: RangeStart, to: RangeEnd, options?: RangeOptions | undefined) =>
  make(TS_RANGE, rangeArgs(TS_RANGE.name, key, from, to, options))

/**
 * TS.RANGE with several aggregators returns a bucket for each `bucket` of a range, in their order, with what each
 * aggregator made of its samples. Fails with ERR if the key does not exist.
 *
 * **Example** (The least and the greatest value of each day)
 *
 * ```ts
 * import * as TimeSeries from "effect-redis-sentinel/modules/TimeSeries"
 *
 * export const days = TimeSeries.rangeWith("temperature:3", "-", "+", ["min", "max"], { bucket: "1 day" })
 * // [{ epochMillis: 1767225600000, values: { min: 17.5, max: 23 } }, ...]
 * ```
 *
 * @see https://redis.io/docs/latest/commands/ts.range/
 * @since 0.1.0
 * @category time series
 */
export const rangeWith = <const As extends ReadonlyArray<Aggregator>>(
  key: Key,
  from: RangeStart,
  to: RangeEnd,
  aggregators: As,
  options: RangeWithOptions
): Command.Command<Array<Bucket<As[number]>>, "read"> =>
  Command.withDecode(
    make(TS_RANGE, rangeWithArgs(TS_RANGE.name, key, from, to, aggregators, options)),
    buckets(aggregators)
  )

const TS_REVRANGE = define({ words: ["TS.REVRANGE"], mode: "read", keys: 1, decode: samples })
/**
 * TS.REVRANGE returns the samples of a range, both ends included, the last one first; with `aggregation` a sample for each
 * bucket. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/ts.revrange/
 * @since 0.1.0
 * @category time series
 */
export const revrange = (key: Key, from: RangeStart, to: RangeEnd, options?: RangeOptions | undefined) =>
  make(TS_REVRANGE, rangeArgs(TS_REVRANGE.name, key, from, to, options))

/**
 * TS.REVRANGE with several aggregators returns a bucket for each `bucket` of a range, the last one first, with what each
 * aggregator made of its samples. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/ts.revrange/
 * @since 0.1.0
 * @category time series
 */
export const revrangeWith = <const As extends ReadonlyArray<Aggregator>>(
  key: Key,
  from: RangeStart,
  to: RangeEnd,
  aggregators: As,
  options: RangeWithOptions
): Command.Command<Array<Bucket<As[number]>>, "read"> =>
  Command.withDecode(
    make(TS_REVRANGE, rangeWithArgs(TS_REVRANGE.name, key, from, to, aggregators, options)),
    buckets(aggregators)
  )

/**
 * Options of TS.MGET.
 *
 * @since 0.1.0
 * @category models
 */
export type MgetOptions = GetOptions & LabelOptions

const TS_MGET = define({ words: ["TS.MGET"], mode: "read", decode: lastSamples })
const mgetFields: FieldsOf<MgetOptions> = { latest: "flag", withLabels: "flag", selectedLabels: "value" }

/**
 * TS.MGET returns the last samples of the series that pass filters on their labels: `"area=3"`, `"area!=3"`,
 * `"area=(3,4)"`, `"area="` (without the label) or `"area!="` (with it). At least one filter must name values. The series
 * are in no particular order.
 *
 * @see https://redis.io/docs/latest/commands/ts.mget/
 * @since 0.1.0
 * @category time series
 */
export const mget = (filters: OneOrMore<string>, options?: MgetOptions | undefined) => {
  const given = optionsOf<MgetOptions>(TS_MGET.name, options, mgetFields)
  const args = argv()
  appendFlag(args, "LATEST", given?.latest)
  appendLabels(TS_MGET.name, args, given)
  args.push("FILTER")
  return make(TS_MGET, appendAll(args, filterArgs(TS_MGET.name, filters)))
}

/**
 * Options of TS.MRANGE and TS.MREVRANGE.
 *
 * @since 0.1.0
 * @category models
 */
export type MrangeOptions = RangeOptions & LabelOptions & {
  /** Whether series without a sample in the range are left out. Default false. Needs Redis 8.10. */
  readonly excludeEmpty?: boolean | undefined
}

/**
 * Options of TS.MRANGE and TS.MREVRANGE with several aggregators.
 *
 * @since 0.1.0
 * @category models
 */
export type MrangeWithOptions = RangeWithOptions & LabelOptions & {
  /** Whether series without a sample in the range are left out. Default false. Needs Redis 8.10. */
  readonly excludeEmpty?: boolean | undefined
}

/**
 * Options of TS.MRANGE and TS.MREVRANGE with groups.
 *
 * @since 0.1.0
 * @category models
 */
export type MrangeGroupbyOptions = RangeOptions & LabelOptions & {
  /** The label whose values make the groups. */
  readonly by: string
  /** What is made of the samples that the series of a group have at the same moment. */
  readonly reduce: Reducer
}

/** The arguments of a range of several series; `made` appends what is made of the samples. */
const mrangeArgs = (
  command: string,
  filters: OneOrMore<string>,
  from: RangeStart,
  to: RangeEnd,
  options: (SampleFilter & LabelOptions & { readonly excludeEmpty?: boolean | undefined }) | undefined,
  made: (args: Array<Arg>) => void,
  ...after: Array<Arg>
): Array<Arg> => {
  const args = rangeBounds(command, from, to)
  appendSampleFilter(command, args, options)
  appendLabels(command, args, options)
  appendSampleCount(command, args, options)
  made(args)
  args.push("FILTER")
  appendAll(args, filterArgs(command, filters), ...after)
  appendFlag(args, "EXCLUDEEMPTY", options?.excludeEmpty)
  return args
}

const groupbyArgs = (
  command: string,
  filters: OneOrMore<string>,
  from: RangeStart,
  to: RangeEnd,
  given: MrangeGroupbyOptions
): Array<Arg> => {
  const options = optionsOf(command, given, mrangeGroupbyFields)
  if (options === undefined) throw new InvalidCommand({ command, detail: "options: by and reduce are needed" })
  const { by, reduce } = options
  const after: Array<Arg> = ["GROUPBY", by, "REDUCE", reducerArg(command, reduce)]
  return mrangeArgs(
    command,
    filters,
    from,
    to,
    options,
    (args) => appendAggregation(command, args, options.aggregation),
    ...after
  )
}

const TS_MRANGE = define({ words: ["TS.MRANGE"], mode: "read", decode: seriesOf(samples) })
const TS_MRANGE_GROUPBY = define({ words: ["TS.MRANGE"], mode: "read", decode: groups })
/**
 * TS.MRANGE returns the samples of a range of the series that pass filters on their labels; with
 * `aggregation` a sample for each bucket. Filters are those of `mget`. The series are in no particular order.
 *
 * @see https://redis.io/docs/latest/commands/ts.mrange/
 * @since 0.1.0
 * @category time series
 */
export const mrange = (
  filters: OneOrMore<string>,
  from: RangeStart,
  to: RangeEnd,
  options?: MrangeOptions | undefined
) => {
  const given = optionsOf<MrangeOptions>(TS_MRANGE.name, options, mrangeFields)
  return make(
    TS_MRANGE,
    mrangeArgs(
      TS_MRANGE.name,
      filters,
      from,
      to,
      given,
      (args) => appendAggregation(TS_MRANGE.name, args, given?.aggregation)
    )
  )
}

/**
 * TS.MRANGE with several aggregators returns the buckets of a range of the series that pass filters on their
 * labels, with what each aggregator made of the samples of a bucket.
 *
 * @see https://redis.io/docs/latest/commands/ts.mrange/
 * @since 0.1.0
 * @category time series
 */
export const mrangeWith = <const As extends ReadonlyArray<Aggregator>>(
  filters: OneOrMore<string>,
  from: RangeStart,
  to: RangeEnd,
  aggregators: As,
  options: MrangeWithOptions
): Command.Command<
  Array<Series<Array<Bucket<As[number]>>>>,
  "read",
  Array<Series<Array<Bucket<As[number]>>, Uint8Array>>
> => {
  const given = neededOptions(TS_MRANGE.name, options, mrangeWithFields)
  const list = aggregatorList(TS_MRANGE.name, "aggregators", aggregators)
  return Command.withDecode(
    make(
      TS_MRANGE,
      mrangeArgs(TS_MRANGE.name, filters, from, to, given, (args) => appendBuckets(TS_MRANGE.name, args, [list], given))
    ),
    seriesOf(buckets(aggregators))
  )
}

/**
 * TS.MRANGE with GROUPBY returns the samples of a range of groups of series: a group has the series that
 * have the same value of a label, and at each moment what `reduce` makes of their samples. Filters are those of `mget`.
 *
 * **Example** (The hottest sensor of each area)
 *
 * ```ts
 * import * as TimeSeries from "effect-redis-sentinel/modules/TimeSeries"
 *
 * export const hottest = TimeSeries.mrangeGroupby("sensor=temperature", "-", "+", { by: "area", reduce: "max" })
 * // [{ group: "area=3", labels: {}, samples: [...] }, ...]
 * ```
 *
 * @see https://redis.io/docs/latest/commands/ts.mrange/
 * @since 0.1.0
 * @category time series
 */
export const mrangeGroupby = (
  filters: OneOrMore<string>,
  from: RangeStart,
  to: RangeEnd,
  options: MrangeGroupbyOptions
) => make(TS_MRANGE_GROUPBY, groupbyArgs(TS_MRANGE_GROUPBY.name, filters, from, to, options))

const TS_MREVRANGE = define({ words: ["TS.MREVRANGE"], mode: "read", decode: seriesOf(samples) })
const TS_MREVRANGE_GROUPBY = define({ words: ["TS.MREVRANGE"], mode: "read", decode: groups })
/**
 * TS.MREVRANGE returns the samples of a range of the series that pass filters on their labels, the last one first; with
 * `aggregation` a sample for each bucket. Filters are those of `mget`. The series are in no particular order.
 *
 * @see https://redis.io/docs/latest/commands/ts.mrevrange/
 * @since 0.1.0
 * @category time series
 */
export const mrevrange = (
  filters: OneOrMore<string>,
  from: RangeStart,
  to: RangeEnd,
  options?: MrangeOptions | undefined
) => {
  const given = optionsOf<MrangeOptions>(TS_MREVRANGE.name, options, mrangeFields)
  return make(
    TS_MREVRANGE,
    mrangeArgs(
      TS_MREVRANGE.name,
      filters,
      from,
      to,
      given,
      (args) => appendAggregation(TS_MREVRANGE.name, args, given?.aggregation)
    )
  )
}

/**
 * TS.MREVRANGE with several aggregators returns the buckets of a range of the series that pass filters on their
 * labels, the last one first, with what each aggregator made of the samples of a bucket.
 *
 * @see https://redis.io/docs/latest/commands/ts.mrevrange/
 * @since 0.1.0
 * @category time series
 */
export const mrevrangeWith = <const As extends ReadonlyArray<Aggregator>>(
  filters: OneOrMore<string>,
  from: RangeStart,
  to: RangeEnd,
  aggregators: As,
  options: MrangeWithOptions
): Command.Command<
  Array<Series<Array<Bucket<As[number]>>>>,
  "read",
  Array<Series<Array<Bucket<As[number]>>, Uint8Array>>
> => {
  const given = neededOptions(TS_MREVRANGE.name, options, mrangeWithFields)
  const list = aggregatorList(TS_MREVRANGE.name, "aggregators", aggregators)
  return Command.withDecode(
    make(
      TS_MREVRANGE,
      mrangeArgs(
        TS_MREVRANGE.name,
        filters,
        from,
        to,
        given,
        (args) => appendBuckets(TS_MREVRANGE.name, args, [list], given)
      )
    ),
    seriesOf(buckets(aggregators))
  )
}

/**
 * TS.MREVRANGE with GROUPBY returns the samples of a range of groups of series, the last one first: a group has the series that
 * have the same value of a label, and at each moment what `reduce` makes of their samples. Filters are those of `mget`.
 *
 * @see https://redis.io/docs/latest/commands/ts.mrevrange/
 * @since 0.1.0
 * @category time series
 */
export const mrevrangeGroupby = (
  filters: OneOrMore<string>,
  from: RangeStart,
  to: RangeEnd,
  options: MrangeGroupbyOptions
) => make(TS_MREVRANGE_GROUPBY, groupbyArgs(TS_MREVRANGE_GROUPBY.name, filters, from, to, options))

/**
 * Options of TS.NRANGE and TS.NREVRANGE.
 *
 * @since 0.1.0
 * @category models
 */
export interface NrangeOptions extends SampleFilter {
  /** Buckets in place of samples. Default: samples. */
  readonly aggregation?:
    | (Buckets & {
      /** What is made of the samples of a bucket: one aggregator, or a list of them, for each key. */
      readonly aggregators: ReadonlyArray<Aggregator | ReadonlyArray<Aggregator>>
    })
    | undefined
}

const nrangeArgs = (
  command: string,
  given: OneOrMore<Key>,
  from: RangeStart,
  to: RangeEnd,
  options: NrangeOptions | undefined
): Array<Arg> => {
  const keys = keysOf(command, given)
  const checked = optionsOf(command, options, rangeFields)
  const args = appendAll(argv(keys.length), keys, ...rangeBounds(command, from, to))
  appendSampleFilter(command, args, checked)
  appendSampleCount(command, args, checked)
  const aggregation = optionsOf(command, checked?.aggregation, aggregatorsFields)
  if (aggregation === undefined) return args
  const made = arrayOf(command, "aggregators", aggregation.aggregators).map((of, i) =>
    typeof of === "string"
      ? aggregatorArg(command, `aggregators[${i}]`, of)
      : aggregatorList(command, `aggregators[${i}]`, of)
  )
  if (made.length !== keys.length) {
    throw new InvalidCommand({ command, detail: "aggregators: expected one, or a list, for each key" })
  }
  appendBuckets(command, args, made, aggregation)
  return args
}

const TS_NRANGE = define({ words: ["TS.NRANGE"], mode: "read", keys: keysAfterCount(0), decode: rows })
/**
 * TS.NRANGE returns the samples of a range of several series side by side: for each moment the values in the
 * order of the keys, NaN where a series has none. With `aggregation` it returns buckets; a key has as many values as
 * aggregators. Fails with ERR if a key does not exist. Needs Redis 8.10.
 *
 * @see https://redis.io/docs/latest/commands/ts.nrange/
 * @since 0.1.0
 * @category time series
 */
export const nrange = (
  keys: OneOrMore<Key>,
  from: RangeStart,
  to: RangeEnd,
  options?: NrangeOptions | undefined
) => make(TS_NRANGE, nrangeArgs(TS_NRANGE.name, keys, from, to, options))

const TS_NREVRANGE = define({ words: ["TS.NREVRANGE"], mode: "read", keys: keysAfterCount(0), decode: rows })
/**
 * TS.NREVRANGE returns the samples of a range of several series side by side, the last one first: for each moment the values in the
 * order of the keys, NaN where a series has none. With `aggregation` it returns buckets; a key has as many values as
 * aggregators. Fails with ERR if a key does not exist. Needs Redis 8.10.
 *
 * @see https://redis.io/docs/latest/commands/ts.nrevrange/
 * @since 0.1.0
 * @category time series
 */
export const nrevrange = (
  keys: OneOrMore<Key>,
  from: RangeStart,
  to: RangeEnd,
  options?: NrangeOptions | undefined
) => make(TS_NREVRANGE, nrangeArgs(TS_NREVRANGE.name, keys, from, to, options))

/**
 * Options of TS.READ.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReadOptions {
  /** How long it waits for samples. Default: it does not wait. */
  readonly block?: {
    /** How long it waits at most; `"Infinity"`: without end. */
    readonly timeout: TimeoutInput
    /** How many samples end the wait; at least 1. */
    readonly minCount: number
  } | undefined
  /** How many samples are returned at most; at least `minCount`. Default: all. */
  readonly maxCount?: number | undefined
}

const TS_READ = define({
  words: ["TS.READ"],
  mode: "read",
  keys: 1,
  // A wait is sent in one piece: a second turn after "$" would miss the samples between both.
  blockingMillis: (args) => args[2] !== "BLOCK" ? 0 : args[3] === 0 ? Infinity : Number(args[3]),
  decode: samples
})
const blockFields = { timeout: "value", minCount: "value" } as const

const readFields: FieldsOf<ReadOptions> = { block: "value", maxCount: "value" }

/**
 * TS.READ returns the samples of a series from a moment on. `"-"` begins with the first sample, `"+"` with the last one,
 * and `"$"` after it, so that only samples count that come later. With `block` it waits for them, on a connection of its
 * own, and returns what there is when the time is over. In the next call, begin 1 millisecond after the last sample. A
 * missing key counts as empty. Needs Redis 8.10.
 *
 * @see https://redis.io/docs/latest/commands/ts.read/
 * @since 0.1.0
 * @category time series
 */
export const read = (key: Key, from: Moment | "-" | "+" | "$", options?: ReadOptions | undefined) => {
  const { name } = TS_READ
  const given = optionsOf(name, options, readFields)
  const args = argv(key, from === "-" || from === "+" || from === "$" ? from : epochMillisOf(name, "from", from))
  const block = optionsOf(name, given?.block, blockFields)
  if (block !== undefined) {
    args.push(
      "BLOCK",
      timeoutMillis(name, block.timeout, "block.timeout"),
      integerArg(name, "block.minCount", block.minCount, 1)
    )
  }
  if (given?.maxCount !== undefined) {
    args.push("MAX_COUNT", integerArg(name, "maxCount", given.maxCount, block?.minCount ?? 1))
  }
  return make(TS_READ, args)
}

const TS_QUERYINDEX = define({ words: ["TS.QUERYINDEX"], mode: "read", decode: Command.strings })
/**
 * TS.QUERYINDEX returns the keys of the series that pass filters on their labels, which are those of `mget`, in no
 * particular order.
 *
 * @see https://redis.io/docs/latest/commands/ts.queryindex/
 * @since 0.1.0
 * @category time series
 */
export const queryindex = (filters: OneOrMore<string>) =>
  make(TS_QUERYINDEX, appendAll(argv(), filterArgs(TS_QUERYINDEX.name, filters)))

const appendFilters = (command: string, args: Array<Arg>, filters: OneOrMore<string> | undefined): Array<Arg> => {
  if (filters === undefined) return args
  args.push("FILTER")
  return appendAll(args, filterArgs(command, filters))
}

const TS_QUERYLABELS = define({ words: ["TS.QUERYLABELS"], mode: "read", decode: Command.strings })
/**
 * TS.QUERYLABELS returns the names of the labels that series have: all series, or those that pass filters, which are
 * those of `mget`. Needs Redis 8.10.
 *
 * @see https://redis.io/docs/latest/commands/ts.querylabels/
 * @since 0.1.0
 * @category time series
 */
export const querylabels = (filters?: OneOrMore<string> | undefined) =>
  make(TS_QUERYLABELS, appendFilters(TS_QUERYLABELS.name, argv("LABELS"), filters))

/**
 * TS.QUERYLABELS with VALUES returns the values of a label that series have: all series, or those that pass filters,
 * which are those of `mget`. Needs Redis 8.10.
 *
 * @see https://redis.io/docs/latest/commands/ts.querylabels/
 * @since 0.1.0
 * @category time series
 */
export const querylabelsValues = (label: string, filters?: OneOrMore<string> | undefined) =>
  make(TS_QUERYLABELS, appendFilters(TS_QUERYLABELS.name, argv("VALUES", label), filters))
