/**
 * The commands that create, change and describe time series (TS.*), and those that add and
 * delete samples. What reads samples is in timeSeriesRanges.ts.
 */
import * as Command from "../../Command.ts"
import { define, own as make } from "../../Command.ts"
import type { Arg, Key } from "../../Command.ts"
import type { DurationInput } from "../../commands/options.ts"
import { InvalidCommand } from "../../Errors.ts"
import { argv, arrayOf, type FieldsOf, optionsOf } from "../commands/args.ts"
import { millisOf } from "../commands/time.ts"
import { addFields, alterFields, createFields, incrFields } from "./timeSeriesFields.ts"
import {
  type AddOptions,
  type Aggregator,
  aggregatorArg,
  type AlterOptions,
  appendSeriesOptions,
  type CreateOptions,
  type IncrOptions,
  rangeBounds,
  type RangeEnd,
  type RangeStart,
  type SampleMoment,
  sampleMoment,
  sampleValue
} from "./timeSeriesOptions.ts"
import { debugInfo, info as infoDecoder, outcomes } from "./timeSeriesReplies.ts"

export type {
  AddOptions,
  Aggregation,
  Aggregator,
  AlterOptions,
  Buckets,
  CreateOptions,
  DuplicatePolicy,
  IncrOptions,
  LabelOptions,
  Labels,
  RangeEnd,
  RangeOptions,
  RangeStart,
  Reducer,
  SampleFilter,
  SampleMoment,
  SelectedLabels,
  WithLabels
} from "./timeSeriesOptions.ts"
export type {
  Bucket,
  Chunk,
  DebugInfo,
  Group,
  Info,
  LastSample,
  Row,
  Rule,
  Sample,
  Series
} from "./timeSeriesReplies.ts"

const TS_CREATE = define({ words: ["TS.CREATE"], mode: "write", keys: 1, decode: Command.ok })
/**
 * TS.CREATE creates an empty series, and returns `"OK"`. Fails with ERR if the key exists.
 *
 * **Example** (Temperatures of a month)
 *
 * ```ts
 * import * as TimeSeries from "effect-redis-sentinel/modules/TimeSeries"
 *
 * export const create = TimeSeries.create("temperature:3", {
 *   retention: "30 days",
 *   duplicatePolicy: "last",
 *   labels: { area: "3", sensor: "temperature" }
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/ts.create/
 * @since 0.1.0
 * @category time series
 */
export const create = (key: Key, options?: CreateOptions | undefined) =>
  make(TS_CREATE, appendSeriesOptions(TS_CREATE.name, argv(key), optionsOf(TS_CREATE.name, options, createFields)))

const TS_ALTER = define({ words: ["TS.ALTER"], mode: "write", keys: 1, decode: Command.ok })
/**
 * TS.ALTER changes those settings of a series that it is given, and returns `"OK"`. Fails with ERR if the key does not
 * exist.
 *
 * @see https://redis.io/docs/latest/commands/ts.alter/
 * @since 0.1.0
 * @category time series
 */
export const alter = (key: Key, options: AlterOptions) =>
  make(TS_ALTER, appendSeriesOptions(TS_ALTER.name, argv(key), optionsOf(TS_ALTER.name, options, alterFields)))

const TS_ADD = define({ words: ["TS.ADD"], mode: "write", keys: 1, decode: Command.int })
/**
 * TS.ADD adds a sample, and returns its moment in milliseconds since 1970, or that of the last sample if this one is
 * ignored. `"*"` is the time of the server. A missing key is created with the options. NaN needs Redis 8.6. Fails with
 * ERR if the sample is older than the series keeps samples, and if its moment has a sample and the duplicate policy is
 * `"block"`.
 *
 * **Example** (A sample now, and one of a given moment)
 *
 * ```ts
 * import * as TimeSeries from "effect-redis-sentinel/modules/TimeSeries"
 *
 * export const now = TimeSeries.add("temperature:3", "*", 21.5)
 * export const then = TimeSeries.add("temperature:3", new Date("2026-01-01T12:00:00Z"), 19, { onDuplicate: "last" })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/ts.add/
 * @since 0.1.0
 * @category time series
 */
export const add = (key: Key, timestamp: SampleMoment, value: number, options?: AddOptions | undefined) =>
  make(
    TS_ADD,
    appendSeriesOptions(
      TS_ADD.name,
      argv(key, sampleMoment(TS_ADD.name, "timestamp", timestamp), sampleValue(TS_ADD.name, "value", value)),
      optionsOf(TS_ADD.name, options, addFields)
    )
  )

const everyThird = (args: ReadonlyArray<Arg>): ReadonlyArray<Key> =>
  args.filter((_, i) => i % 3 === 0) as ReadonlyArray<Key>

const TS_MADD = define({ words: ["TS.MADD"], mode: "write", keys: everyThird, decode: outcomes("TS.MADD") })
/**
 * TS.MADD adds samples to one or more series, and returns for each what TS.ADD returns, or the error with which it was
 * refused, as a `Result`: the others are added all the same. It creates no series.
 *
 * @see https://redis.io/docs/latest/commands/ts.madd/
 * @since 0.1.0
 * @category time series
 */
export const madd = (samples: ReadonlyArray<readonly [key: Key, timestamp: SampleMoment, value: number]>) => {
  const { name } = TS_MADD
  const args = argv()
  arrayOf(name, "samples", samples).forEach((sample, i) => {
    const [key, timestamp, value] = arrayOf(name, `samples[${i}]`, sample) as typeof sample
    args.push(
      key,
      sampleMoment(name, `samples[${i}]: timestamp`, timestamp),
      sampleValue(name, `samples[${i}]: value`, value)
    )
  })
  if (args.length === 0) throw new InvalidCommand({ command: name, detail: "samples: at least one is needed" })
  return make(TS_MADD, args)
}

const incrArgs = (command: string, key: Key, value: number, options: IncrOptions | undefined): Array<Arg> => {
  const args = argv(key, sampleValue(command, "value", value))
  const timestamp = optionsOf(command, options, incrFields)?.timestamp
  if (timestamp !== undefined) args.push("TIMESTAMP", sampleMoment(command, "timestamp", timestamp))
  return appendSeriesOptions(command, args, options)
}

const TS_INCRBY = define({ words: ["TS.INCRBY"], mode: "write", keys: 1, decode: Command.int })
/**
 * TS.INCRBY adds a sample with the value of the last one plus `value`, or adds to the last one if it has the same
 * moment, and returns the moment in milliseconds since 1970. A missing key is created with the options. Fails with ERR
 * for a moment before that of the last sample.
 *
 * @see https://redis.io/docs/latest/commands/ts.incrby/
 * @since 0.1.0
 * @category time series
 */
export const incrby = (key: Key, value: number, options?: IncrOptions | undefined) =>
  make(TS_INCRBY, incrArgs(TS_INCRBY.name, key, value, options))

const TS_DECRBY = define({ words: ["TS.DECRBY"], mode: "write", keys: 1, decode: Command.int })
/**
 * TS.DECRBY adds a sample with the value of the last one minus `value`, as TS.INCRBY does.
 *
 * @see https://redis.io/docs/latest/commands/ts.decrby/
 * @since 0.1.0
 * @category time series
 */
export const decrby = (key: Key, value: number, options?: IncrOptions | undefined) =>
  make(TS_DECRBY, incrArgs(TS_DECRBY.name, key, value, options))

const TS_DEL = define({ words: ["TS.DEL"], mode: "write", keys: 1, decode: Command.int })
/**
 * TS.DEL deletes the samples of a range, both ends included, and returns how many there were. Fails with ERR if the key
 * does not exist.
 *
 * @see https://redis.io/docs/latest/commands/ts.del/
 * @since 0.1.0
 * @category time series
 */
export const del = (key: Key, from: RangeStart, to: RangeEnd) =>
  make(TS_DEL, argv(key, ...rangeBounds(TS_DEL.name, from, to)))

/**
 * Options of TS.CREATERULE.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreateruleOptions {
  /** How long after the epoch a bucket begins: with 6 hours, a bucket of a day begins at 6 o'clock. Default: with it. */
  readonly align?: DurationInput | undefined
}

const TS_CREATERULE = define({ words: ["TS.CREATERULE"], mode: "write", keys: 2, decode: Command.ok })
const createruleFields: FieldsOf<CreateruleOptions> = { align: "value" }

/**
 * TS.CREATERULE makes a series a compaction of another one: of each bucket of the samples that come from now on to the
 * source, it gets one sample. The result is `"OK"`. Fails with ERR if a key does not exist or the destination is a
 * compaction already.
 *
 * @see https://redis.io/docs/latest/commands/ts.createrule/
 * @since 0.1.0
 * @category time series
 */
export const createrule = (
  source: Key,
  destination: Key,
  aggregator: Aggregator,
  bucket: DurationInput,
  options?: CreateruleOptions | undefined
) => {
  const { name } = TS_CREATERULE
  const args = argv(
    source,
    destination,
    "AGGREGATION",
    aggregatorArg(name, "aggregator", aggregator),
    millisOf(name, "bucket", bucket)
  )
  const align = optionsOf(name, options, createruleFields)?.align
  if (align !== undefined) args.push(millisOf(name, "align", align))
  return make(TS_CREATERULE, args)
}

const TS_DELETERULE = define({ words: ["TS.DELETERULE"], mode: "write", keys: 2, decode: Command.ok })
/**
 * TS.DELETERULE ends a compaction, which keeps its samples, and returns `"OK"`. Fails with ERR if there is no such rule.
 *
 * @see https://redis.io/docs/latest/commands/ts.deleterule/
 * @since 0.1.0
 * @category time series
 */
export const deleterule = (source: Key, destination: Key) => make(TS_DELETERULE, argv(source, destination))

const TS_INFO = define({ words: ["TS.INFO"], mode: "read", keys: 1, decode: infoDecoder })
/**
 * TS.INFO returns the settings of a series, and what it has. Fails with ERR if the key does not exist.
 *
 * @see https://redis.io/docs/latest/commands/ts.info/
 * @since 0.1.0
 * @category time series
 */
export const info = (key: Key) => make(TS_INFO, argv(key))

const TS_INFO_DEBUG = define({ words: ["TS.INFO"], mode: "read", keys: 1, decode: debugInfo })
/**
 * TS.INFO with DEBUG returns the settings of a series, what it has, and its chunks. Fails with ERR if the key does not
 * exist.
 *
 * @see https://redis.io/docs/latest/commands/ts.info/
 * @since 0.1.0
 * @category time series
 */
export const infoDebug = (key: Key) => make(TS_INFO_DEBUG, argv(key, "DEBUG"))
