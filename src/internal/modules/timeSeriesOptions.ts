/**
 * Options and arguments of the commands on time series: moments, aggregations, filters.
 * The commands are in timeSeries.ts and timeSeriesRanges.ts.
 */
import type { Arg } from "../../Command.ts"
import type { DurationInput, Moment, NotWith, TimeoutInput } from "../../commands/options.ts"
import { InvalidCommand } from "../../Errors.ts"
import {
  appendAll,
  arrayOf,
  exclusive,
  type FieldsOf,
  keyword,
  objectOf,
  type OneOrMore,
  optionsOf
} from "../commands/args.ts"
import { epochMillisOf, millisOf, timeoutMillis } from "../commands/time.ts"
import { kindOf } from "../common/values.ts"
import { appendFlag, integerArg, numberArg } from "./args.ts"

/**
 * The moment of a sample that is added: `"*"` is the time of the server.
 *
 * @since 0.1.0
 * @category models
 */
export type SampleMoment = Moment | "*"

/**
 * What happens to a sample at a moment that has one: it is refused (`"block"`), the first
 * or the last one stays, the smaller or the greater one, or their sum.
 *
 * @since 0.1.0
 * @category models
 */
export type DuplicatePolicy = "block" | "first" | "last" | "min" | "max" | "sum"

/**
 * What is made of the samples of a bucket. `"twa"` is the average weighted by time, `p` is
 * of a population and `s` of a sample. `"countnan"` and `"countall"` need Redis 8.6.
 *
 * @since 0.1.0
 * @category models
 */
export type Aggregator =
  | "avg"
  | "sum"
  | "min"
  | "max"
  | "range"
  | "count"
  | "first"
  | "last"
  | "std.p"
  | "std.s"
  | "var.p"
  | "var.s"
  | "twa"
  | "countnan"
  | "countall"

/**
 * What is made of the samples that the series of a group have at the same moment.
 *
 * @since 0.1.0
 * @category models
 */
export type Reducer = Exclude<Aggregator, "first" | "last" | "twa">

/** Aggregators, for `keyword`. */
const aggregators: ReadonlyArray<Aggregator> = [
  "avg",
  "sum",
  "min",
  "max",
  "range",
  "count",
  "first",
  "last",
  "std.p",
  "std.s",
  "var.p",
  "var.s",
  "twa",
  "countnan",
  "countall"
]

const reducers = aggregators.filter((name): name is Reducer => name !== "first" && name !== "last" && name !== "twa")

/** An aggregator as an argument. */
export const aggregatorArg = (command: string, field: string, name: Aggregator): string =>
  keyword(command, field, name, aggregators).toLowerCase()

/** A reducer as an argument. */
export const reducerArg = (command: string, name: Reducer): string =>
  keyword(command, "reduce", name, reducers).toLowerCase()

/** The moment of a sample as an argument. */
export const sampleMoment = (command: string, field: string, moment: SampleMoment): Arg =>
  moment === "*" ? "*" : epochMillisOf(command, field, moment)

/** The value of a sample as an argument. */
export const sampleValue = (command: string, field: string, value: number): Arg =>
  Number.isNaN(value) ? "nan" : numberArg(command, field, value, -Number.MAX_VALUE, Number.MAX_VALUE)

/**
 * The beginning of a range: a moment, or `"-"` for the first sample.
 *
 * @since 0.1.0
 * @category models
 */
export type RangeStart = Moment | "-"

/**
 * The end of a range: a moment, or `"+"` for the last sample.
 *
 * @since 0.1.0
 * @category models
 */
export type RangeEnd = Moment | "+"

/** A range as arguments. */
export const rangeBounds = (command: string, from: RangeStart, to: RangeEnd): Array<Arg> => [
  from === "-" ? "-" : epochMillisOf(command, "from", from),
  to === "+" ? "+" : epochMillisOf(command, "to", to)
]

/**
 * Labels of a series: names and values.
 *
 * @since 0.1.0
 * @category models
 */
export type Labels = Readonly<Record<string, string>>

/**
 * Options of TS.ALTER, and of the commands that may create a series.
 *
 * @since 0.1.0
 * @category models
 */
export interface AlterOptions {
  /** How old a sample may get, compared with the newest one; `"Infinity"`: without an end. Default: without. */
  readonly retention?: TimeoutInput | undefined
  /** How many bytes each new chunk of samples has: a multiple of 8 from 48 to 1,048,576. Default 4,096. */
  readonly chunkSizeBytes?: number | undefined
  /** What happens to a sample at a moment that has one. Default: `"block"`, unless the server is set otherwise. */
  readonly duplicatePolicy?: DuplicatePolicy | undefined
  /**
   * When a new sample is ignored, as it says nothing new: if it comes at most so long after the last one, and differs
   * from it by so much at most. It needs the duplicate policy `"last"`, and RedisTimeSeries 1.12.
   */
  readonly ignore?: {
    /** How long after the last sample; 0 is `"0 millis"`. */
    readonly maxTimeDiff: DurationInput
    /** How far from the value of the last sample. */
    readonly maxValDiff: number
  } | undefined
  /** The labels of the series. TS.ALTER replaces all labels; `{}` removes them. */
  readonly labels?: Labels | undefined
}

/**
 * Options of a new series.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreateOptions extends AlterOptions {
  /** Whether samples are compressed. Default `"compressed"`. */
  readonly encoding?: "compressed" | "uncompressed" | undefined
}

/**
 * Options of TS.ADD: those other than `onDuplicate` are for a series that it creates.
 *
 * @since 0.1.0
 * @category models
 */
export interface AddOptions extends CreateOptions {
  /** What happens to this sample if its moment has one. Default: the duplicate policy of the series. */
  readonly onDuplicate?: DuplicatePolicy | undefined
}

/**
 * Options of TS.INCRBY and TS.DECRBY: those other than `timestamp` are for a series that
 * they create.
 *
 * @since 0.1.0
 * @category models
 */
export interface IncrOptions extends CreateOptions {
  /** The moment of the sample, not before that of the last one. Default: the time of the server. */
  readonly timestamp?: SampleMoment | undefined
}

const policies: ReadonlyArray<DuplicatePolicy> = ["block", "first", "last", "min", "max", "sum"]

/** How long, with zero, which differences of time may be. */
const differenceOf = (command: string, field: string, input: DurationInput): number =>
  typeof input === "string" && /^0(?:\.0+)? /.test(input) ? 0 : millisOf(command, field, input)

const ignoreFields = { maxTimeDiff: "value", maxValDiff: "value" } as const

/** Appends the options of a series, which `optionsOf` has checked. */
export const appendSeriesOptions = (
  command: string,
  args: Array<Arg>,
  options: AddOptions | undefined
): Array<Arg> => {
  if (options === undefined) return args
  if (options.retention !== undefined) args.push("RETENTION", timeoutMillis(command, options.retention, "retention"))
  if (options.encoding !== undefined) {
    args.push("ENCODING", keyword(command, "encoding", options.encoding, ["compressed", "uncompressed"]))
  }
  if (options.chunkSizeBytes !== undefined) {
    args.push("CHUNK_SIZE", integerArg(command, "chunkSizeBytes", options.chunkSizeBytes, 48, 1_048_576))
  }
  if (options.duplicatePolicy !== undefined) {
    args.push("DUPLICATE_POLICY", keyword(command, "duplicatePolicy", options.duplicatePolicy, policies))
  }
  if (options.onDuplicate !== undefined) {
    args.push("ON_DUPLICATE", keyword(command, "onDuplicate", options.onDuplicate, policies))
  }
  const ignore = optionsOf(command, options.ignore, ignoreFields)
  if (ignore !== undefined) {
    args.push(
      "IGNORE",
      differenceOf(command, "ignore.maxTimeDiff", ignore.maxTimeDiff),
      numberArg(command, "ignore.maxValDiff", ignore.maxValDiff, 0, Number.MAX_VALUE)
    )
  }
  const labels = objectOf(command, options.labels)
  if (labels !== undefined) {
    args.push("LABELS")
    for (const [label, value] of Object.entries(labels)) args.push(label, value)
  }
  return args
}

/**
 * How samples are put into buckets.
 *
 * @since 0.1.0
 * @category models
 */
export interface Buckets {
  /** How long a bucket is. */
  readonly bucket: DurationInput
  /** Where a bucket begins: with the range, at its end, or at a moment. Default: at the epoch. */
  readonly align?: "start" | "end" | Moment | undefined
  /** Which moment of a bucket is reported. Default `"start"`. */
  readonly bucketTimestamp?: "start" | "mid" | "end" | undefined
  /** Whether buckets without a sample are reported, too. Default false. */
  readonly empty?: boolean | undefined
}

/**
 * How samples are put into buckets, and what is made of each bucket.
 *
 * @since 0.1.0
 * @category models
 */
export interface Aggregation extends Buckets {
  /** What is made of the samples of a bucket. */
  readonly aggregator: Aggregator
}

/**
 * Which samples of a range are returned.
 *
 * @since 0.1.0
 * @category models
 */
export interface SampleFilter {
  /** Whether a series that is a compaction reports its last bucket, too, which may still change. Default false. */
  readonly latest?: boolean | undefined
  /** Only samples at these moments. Default: all. */
  readonly filterByTs?: ReadonlyArray<Moment> | undefined
  /** Only samples with a value from `min` to `max`. Default: all. */
  readonly filterByValue?: {
    /** The smallest value. */
    readonly min: number
    /** The greatest value. */
    readonly max: number
  } | undefined
  /** How many samples, or buckets, of a series are returned at most. Default: all. */
  readonly count?: number | undefined
}

/**
 * Options of TS.RANGE and TS.REVRANGE.
 *
 * @since 0.1.0
 * @category models
 */
export interface RangeOptions extends SampleFilter {
  /** Buckets in place of samples. Default: samples. */
  readonly aggregation?: Aggregation | undefined
}

const filterByValueFields = { min: "value", max: "value" } as const

/** Appends which samples are returned, up to what comes before the labels. */
export const appendSampleFilter = (command: string, args: Array<Arg>, options: SampleFilter | undefined): void => {
  if (options === undefined) return
  appendFlag(args, "LATEST", options.latest)
  if (options.filterByTs !== undefined) {
    const moments = arrayOf(command, "filterByTs", options.filterByTs)
    if (moments.length === 0) throw new InvalidCommand({ command, detail: "filterByTs: at least one is needed" })
    args.push("FILTER_BY_TS")
    for (const [i, moment] of moments.entries()) args.push(epochMillisOf(command, `filterByTs[${i}]`, moment))
  }
  const value = optionsOf(command, options.filterByValue, filterByValueFields)
  if (value !== undefined) {
    args.push(
      "FILTER_BY_VALUE",
      numberArg(command, "filterByValue.min", value.min),
      numberArg(command, "filterByValue.max", value.max)
    )
  }
}

/** Appends how many samples are returned. */
export const appendSampleCount = (command: string, args: Array<Arg>, options: SampleFilter | undefined): void => {
  if (options?.count !== undefined) args.push("COUNT", integerArg(command, "count", options.count, 1))
}

/** Appends buckets, with what is made of each. */
export const appendBuckets = (
  command: string,
  args: Array<Arg>,
  made: ReadonlyArray<Arg>,
  buckets: Buckets
): void => {
  if (buckets.align !== undefined) {
    args.push(
      "ALIGN",
      buckets.align === "start" || buckets.align === "end"
        ? buckets.align
        : epochMillisOf(command, "align", buckets.align)
    )
  }
  appendAll(args, ["AGGREGATION", ...made, millisOf(command, "bucket", buckets.bucket)])
  if (buckets.bucketTimestamp !== undefined) {
    const moment = keyword(command, "bucketTimestamp", buckets.bucketTimestamp, ["start", "mid", "end"])
    args.push("BUCKETTIMESTAMP", moment.toLowerCase())
  }
  appendFlag(args, "EMPTY", buckets.empty)
}

const aggregationFields: FieldsOf<Aggregation> = {
  aggregator: "value",
  bucket: "value",
  align: "value",
  bucketTimestamp: "value",
  empty: "flag"
}

/** Appends an aggregation, if there is one. */
export const appendAggregation = (command: string, args: Array<Arg>, given: Aggregation | undefined): void => {
  const aggregation = optionsOf(command, given, aggregationFields)
  if (aggregation === undefined) return
  appendBuckets(command, args, [aggregatorArg(command, "aggregator", aggregation.aggregator)], aggregation)
}

/** Several aggregators as one argument. Throws `InvalidCommand` for none, and for one that comes twice. */
export const aggregatorList = (command: string, field: string, list: ReadonlyArray<Aggregator>): string => {
  const names = arrayOf(command, field, list).map((name, i) => aggregatorArg(command, `${field}[${i}]`, name))
  if (names.length === 0) throw new InvalidCommand({ command, detail: `${field}: at least one is needed` })
  if (new Set(names).size < names.length) throw new InvalidCommand({ command, detail: `${field}: one comes twice` })
  return names.join(",")
}

/**
 * All labels of each series are returned.
 *
 * @since 0.1.0
 * @category models
 */
export interface WithLabels {
  /** Whether all labels are returned (WITHLABELS). Default false: none. */
  readonly withLabels?: boolean | undefined
  /** Not with `withLabels`. */
  readonly selectedLabels?: NotWith<"withLabels"> | undefined
}

/**
 * Some labels of each series are returned.
 *
 * @since 0.1.0
 * @category models
 */
export interface SelectedLabels {
  /** The labels that are returned, `null` where a series does not have one (SELECTED_LABELS). */
  readonly selectedLabels: ReadonlyArray<string>
  /** Not with `selectedLabels`. */
  readonly withLabels?: NotWith<"selectedLabels"> | undefined
}

/**
 * Which labels of each series are returned. Default: none.
 *
 * @since 0.1.0
 * @category models
 */
export type LabelOptions = WithLabels | SelectedLabels

/** Appends which labels are returned. */
export const appendLabels = (command: string, args: Array<Arg>, options: LabelOptions | undefined): void => {
  if (options === undefined) return
  exclusive<LabelOptions>(command, options, ["withLabels", "selectedLabels"])
  appendFlag(args, "WITHLABELS", options.withLabels)
  if (options.selectedLabels !== undefined) {
    const labels = arrayOf(command, "selectedLabels", options.selectedLabels as ReadonlyArray<string>)
    if (labels.length === 0) throw new InvalidCommand({ command, detail: "selectedLabels: at least one is needed" })
    appendAll(args, ["SELECTED_LABELS", ...labels])
  }
}

/** Filters as arguments. Throws `InvalidCommand` for none. */
export const filterArgs = (command: string, filters: OneOrMore<string>): ReadonlyArray<Arg> => {
  const list = typeof filters === "string" ? [filters] : arrayOf(command, "filters", filters)
  if (list.length === 0) throw new InvalidCommand({ command, detail: "filters: at least one is needed" })
  for (const filter of list) {
    if (typeof filter !== "string") {
      throw new InvalidCommand({ command, detail: `filters: expected a text, got ${kindOf(filter)}` })
    }
  }
  return list
}
