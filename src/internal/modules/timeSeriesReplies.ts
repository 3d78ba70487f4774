/**
 * Replies of the commands on time series: samples, and series with their labels. RESP2 has
 * arrays of pairs where RESP3 has maps, and texts where it has doubles.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Command from "../../Command.ts"
import { ReplyError } from "../../Errors.ts"
import * as Resp from "../../Resp.ts"

/**
 * A sample. It is a moment itself, for commands that take one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sample {
  /** When it was, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly epochMillis: number
  /** The value; NaN is possible. */
  readonly value: number
}

/** RESP2 writes NaN as "NaN". */
const floatOf = (value: Resp.Value): number =>
  typeof value === "string" || value instanceof Uint8Array
    ? Command.double(Command.text(value).toLowerCase())
    : Command.double(value)

const asSample = (value: Resp.Value): Sample => {
  const items = Command.list(value)
  if (items.length < 2) throw new Command.Mismatch("a moment and a value", value)
  return { epochMillis: Command.integer(items[0]!), value: floatOf(items[1]!) }
}

/** Reads samples. */
export const samples: Command.Decode<Array<Sample>> = Command.array(Command.custom<Sample>(asSample))

/** Reads a sample, or null for the empty array of a series without one. */
export const sampleOrNull: Command.Decode<Sample | null> = Command.custom<Sample | null>((value) =>
  value === null || Command.list(value).length === 0 ? null : asSample(value)
)

/**
 * A bucket with what several aggregators made of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Bucket<A extends string = string> {
  /** The moment of the bucket, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly epochMillis: number
  /** What each aggregator made; NaN is possible. */
  readonly values: Readonly<Record<A, number>>
}

/** Reads buckets of several aggregators: the values are in the order in which they were asked for. */
export const buckets = (names: ReadonlyArray<string>): Command.Decode<Array<Bucket<any>>> =>
  Command.array(Command.custom<Bucket<any>>((value) => {
    const items = Command.list(value)
    if (items.length <= names.length) {
      throw new Command.Mismatch(`a moment and ${names.length} values`, value)
    }
    return {
      epochMillis: Command.integer(items[0]!),
      values: Object.fromEntries(names.map((name, i) => [name, floatOf(items[i + 1]!)]))
    }
  }))

/**
 * What several series have at a moment.
 *
 * @since 0.1.0
 * @category models
 */
export interface Row {
  /** When it was, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly epochMillis: number
  /**
   * The values, in the order of the keys, and of the aggregators of each; NaN where a series has none at that moment.
   */
  readonly values: Array<number>
}

/** Reads what several series have at each moment. */
export const rows: Command.Decode<Array<Row>> = Command.array(
  Command.custom<Row>((value) => {
    const [moment = null, values = null] = Command.list(value)
    return { epochMillis: Command.integer(moment), values: Command.list(values).map(floatOf) }
  })
)

/** Reads labels and their values: pairs (RESP2), or a map. What begins with `__` the server adds of its own. */
const labelsOf = (value: Resp.Value): Record<string, string | null> => {
  const labels = Command.recordOf(Command.wordOrNull)(value, false)
  for (const name of ["__reducer__", "__source__"]) delete labels[name]
  return labels
}

/**
 * A series with what was asked for of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Series<A, K = string> {
  /** Its key. */
  readonly key: K
  /** Its labels, if they were asked for; `null` for a selected label that it does not have. */
  readonly labels: Readonly<Record<string, string | null>>
  /** Its samples, or buckets, in their order. */
  readonly samples: A
}

/**
 * A series with its last sample.
 *
 * @since 0.1.0
 * @category models
 */
export interface LastSample<K = string> {
  /** Its key. */
  readonly key: K
  /** Its labels, if they were asked for; `null` for a selected label that it does not have. */
  readonly labels: Readonly<Record<string, string | null>>
  /** Its last sample; `null` if it has none. */
  readonly sample: Sample | null
}

/**
 * The series of a group, as one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Group {
  /** What the group has in common: `label=value`. */
  readonly group: string
  /** The labels of the group, if they were asked for; `null` for one in which its series differ. */
  readonly labels: Readonly<Record<string, string | null>>
  /** What the reducer made of its samples. */
  readonly samples: Array<Sample>
}

/** Of each series: its key, its labels, and the last part of what follows, which has the samples. */
const eachSeries = <A>(
  reply: Resp.Value,
  read: (key: Resp.Value, labels: Resp.Value, last: Resp.Value) => A
): Array<A> => {
  const items = Command.list(reply)
  const out: Array<A> = []
  if (reply instanceof Resp.MapReply) {
    for (let i = 0; i + 1 < items.length; i += 2) {
      const parts = Command.list(items[i + 1]!)
      if (parts.length < 2) throw new Command.Mismatch("labels and samples", items[i + 1]!)
      out.push(read(items[i]!, parts[0]!, parts[parts.length - 1]!))
    }
    return out
  }
  for (const item of items) {
    const parts = Command.list(item)
    if (parts.length < 3) throw new Command.Mismatch("a key, labels and samples", item)
    out.push(read(parts[0]!, parts[1]!, parts[parts.length - 1]!))
  }
  return out
}

/** Reads series with their samples. */
export const seriesOf = <A>(
  read: Command.Decode<A>
): Command.Decode<Array<Series<A>>, Array<Series<A, Uint8Array>>> =>
  Command.custom<Array<Series<A>>, Array<Series<A, Uint8Array>>>((reply, bytes) =>
    eachSeries(reply, (key, labels, last): Series<A, any> => ({
      key: Command.bulkString(key, bytes),
      labels: labelsOf(labels),
      samples: read(last, false)
    }))
  )

/** Reads series with their last samples. */
export const lastSamples: Command.Decode<Array<LastSample>, Array<LastSample<Uint8Array>>> = Command.custom<
  Array<LastSample>,
  Array<LastSample<Uint8Array>>
>((reply, bytes) =>
  eachSeries(reply, (key, labels, last): LastSample<any> => ({
    key: Command.bulkString(key, bytes),
    labels: labelsOf(labels),
    sample: sampleOrNull(last, false)
  }))
)

/** Reads groups with their samples. */
export const groups: Command.Decode<Array<Group>> = Command.custom<Array<Group>>((reply) =>
  eachSeries(reply, (group, labels, last): Group => ({
    group: Command.text(group),
    labels: labelsOf(labels),
    samples: samples(last, false)
  }))
)

/** Reads, of each sample that was added, its moment or the error of the server. */
export const outcomes = (command: string): Command.Decode<Array<Result.Result<number, ReplyError>>> =>
  Command.array(Command.custom<Result.Result<number, ReplyError>>((value) =>
    value instanceof Resp.ErrorReply
      ? Result.fail(new ReplyError({ code: value.code, detail: value.text, command }))
      : Result.succeed(Command.integer(value))
  ))

/**
 * A rule by which a series is a compaction of another one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rule {
  /** The key of the compaction. */
  readonly key: string
  /** How long a bucket is. */
  readonly bucket: Duration.Duration
  /** What is made of the samples of a bucket, in lower case, such as `avg`. */
  readonly aggregator: string
  /** How long after the epoch a bucket begins. */
  readonly align: Duration.Duration
}

/**
 * What TS.INFO says of a series.
 *
 * @since 0.1.0
 * @category models
 */
export interface Info {
  /** How many samples it has. */
  readonly totalSamples: number
  /** How many bytes of memory it takes. */
  readonly memoryUsageBytes: number
  /** When its first sample was; `null` without samples. */
  readonly firstTimestamp: DateTime.Utc | null
  /** When its last sample was; `null` without samples. */
  readonly lastTimestamp: DateTime.Utc | null
  /** How old samples may get; `Duration.infinity` without an end. */
  readonly retention: Duration.Duration
  /** How many chunks it has. */
  readonly chunkCount: number
  /** How many bytes a new chunk has. */
  readonly chunkSizeBytes: number
  /** Whether samples are compressed: `compressed` or `uncompressed`. */
  readonly chunkType: string
  /** What happens to a sample at a moment that has one; `null`: what the server is set to. */
  readonly duplicatePolicy: string | null
  /** Its labels. */
  readonly labels: Readonly<Record<string, string | null>>
  /** The key of the series that it is a compaction of, or `null`. */
  readonly sourceKey: string | null
  /** The compactions of it. */
  readonly rules: Array<Rule>
  /** When a new sample is ignored; absent before RedisTimeSeries 1.12. */
  readonly ignore?: {
    /** How long after the last sample. */
    readonly maxTimeDiff: Duration.Duration
    /** How far from the value of the last sample. */
    readonly maxValDiff: number
  }
}

/**
 * A chunk of a series.
 *
 * @since 0.1.0
 * @category models
 */
export interface Chunk {
  /** When its first sample was; `null` without samples. */
  readonly startTimestamp: DateTime.Utc | null
  /** When its last sample was; `null` without samples. */
  readonly endTimestamp: DateTime.Utc | null
  /** How many samples it has. */
  readonly samples: number
  /** How many bytes it has. */
  readonly sizeBytes: number
  /** How many bytes a sample takes. */
  readonly bytesPerSample: number
}

/**
 * What TS.INFO says of a series with DEBUG.
 *
 * @since 0.1.0
 * @category models
 */
export interface DebugInfo extends Info {
  /** The key that the series itself knows. */
  readonly keySelfName: string
  /** Its chunks. */
  readonly chunks: Array<Chunk>
}

const momentOf = (value: Resp.Value, millis: number): DateTime.Utc => {
  const moment = DateTime.make(millis)
  if (moment._tag === "Some") return moment.value
  throw new Command.Mismatch("a moment", value)
}

const millis = Command.custom<Duration.Duration>((value) => Duration.millis(Command.integer(value)))

const rulesOf = (reply: Resp.Value): Array<Rule> => {
  const rule = (key: Resp.Value, parts: ReadonlyArray<Resp.Value>): Rule => {
    const [bucket = null, aggregator = null, align = 0] = parts
    return {
      key: Command.text(key),
      bucket: millis(bucket, false),
      aggregator: Command.text(aggregator).toLowerCase(),
      align: millis(align, false)
    }
  }
  const items = Command.list(reply)
  if (!(reply instanceof Resp.MapReply)) {
    return items.map((item) => {
      const [key = null, ...parts] = Command.list(item)
      return rule(key, parts)
    })
  }
  return items.flatMap((key, i) => i % 2 === 1 ? [] : [rule(key, Command.list(items[i + 1] ?? null))])
}

const infoFields = Command.fields({
  totalSamples: Command.int,
  memoryUsage: Command.int,
  firstTimestamp: Command.int,
  lastTimestamp: Command.int,
  retentionTime: Command.int,
  chunkCount: Command.int,
  chunkSize: Command.int,
  chunkType: Command.word,
  duplicatePolicy: Command.wordOrNull,
  labels: Command.custom<Record<string, string | null>>((value) => value === null ? {} : labelsOf(value)),
  sourceKey: Command.wordOrNull,
  rules: Command.custom<Array<Rule>>(rulesOf)
}, { ignoreMaxTimeDiff: millis, ignoreMaxValDiff: Command.float })

/** Reads what TS.INFO says. */
export const info: Command.Decode<Info> = Command.custom<Info>((value) => {
  const read = infoFields(value, false)
  const at = (moment: number) => read.totalSamples === 0 ? null : momentOf(value, moment)
  return {
    totalSamples: read.totalSamples,
    memoryUsageBytes: read.memoryUsage,
    firstTimestamp: at(read.firstTimestamp),
    lastTimestamp: at(read.lastTimestamp),
    retention: read.retentionTime === 0 ? Duration.infinity : Duration.millis(read.retentionTime),
    chunkCount: read.chunkCount,
    chunkSizeBytes: read.chunkSize,
    chunkType: read.chunkType,
    duplicatePolicy: read.duplicatePolicy,
    labels: read.labels,
    sourceKey: read.sourceKey,
    rules: read.rules,
    ...(read.ignoreMaxTimeDiff === undefined || read.ignoreMaxValDiff === undefined
      ? {}
      : { ignore: { maxTimeDiff: read.ignoreMaxTimeDiff, maxValDiff: read.ignoreMaxValDiff } })
  }
})

const chunkFields = Command.fields({
  startTimestamp: Command.int,
  endTimestamp: Command.int,
  samples: Command.int,
  size: Command.int,
  bytesPerSample: Command.float
})

const chunks = Command.array(Command.custom<Chunk>((value) => {
  const { bytesPerSample, endTimestamp, samples: count, size, startTimestamp } = chunkFields(value, false)
  const at = (moment: number) => count === 0 ? null : momentOf(value, moment)
  return {
    startTimestamp: at(startTimestamp),
    endTimestamp: at(endTimestamp),
    samples: count,
    sizeBytes: size,
    bytesPerSample
  }
}))

const debugFields = Command.fields({ keySelfName: Command.word, chunks })

/** Reads what TS.INFO says with DEBUG. */
export const debugInfo: Command.Decode<DebugInfo> = Command.custom<DebugInfo>((value) => ({
  ...info(value, false),
  ...debugFields(value, false)
}))
