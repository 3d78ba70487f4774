/**
 * The LATENCY commands: when a server was slow, and how long its commands take.
 *
 * A server records an event only if it took longer than the configuration `latency-monitor-threshold`, which is 0 by
 * default: then it records none. Each server has events of its own.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import { appendAny, argv, type Variadic } from "../internal/commands/args.ts"
import { epochSeconds, micros, millis } from "../internal/commands/timeDecoders.ts"

const LATENCY_DOCTOR = define({ words: ["LATENCY", "DOCTOR"], mode: "read", decode: Command.word })
/**
 * LATENCY DOCTOR returns a report for people: which events were slow, and what may help.
 *
 * @see https://redis.io/docs/latest/commands/latency-doctor/
 * @since 0.1.0
 * @category observation
 */
export const latencyDoctor = () => make(LATENCY_DOCTOR, argv())

const LATENCY_GRAPH = define({ words: ["LATENCY", "GRAPH"], mode: "read", decode: Command.word })
/**
 * LATENCY GRAPH returns the latency of an event, such as `"command"`, as a graph of characters. Fails with ERR if
 * the server has recorded none of that name.
 *
 * @see https://redis.io/docs/latest/commands/latency-graph/
 * @since 0.1.0
 * @category observation
 */
export const latencyGraph = (event: string) => make(LATENCY_GRAPH, argv(event))

/**
 * How long the calls of a command took.
 *
 * @since 0.1.0
 * @category models
 */
export interface LatencyHistogram {
  /** How many calls there were. */
  readonly calls: number
  /** From the shortest duration on. */
  readonly buckets: ReadonlyArray<{
    /** A duration, up to twice that of the bucket before. */
    readonly within: Duration.Duration
    /** How many calls took no longer, those of the buckets before included. */
    readonly calls: number
  }>
}

const bucket = Command.map(
  Command.mapOf(micros, Command.int),
  (buckets) => Array.from(buckets, ([within, calls]) => ({ within, calls }))
)

const histogram: Command.Decode<LatencyHistogram> = Command.map(
  Command.fields({ calls: Command.int, histogramUsec: bucket }),
  ({ calls, histogramUsec }) => ({ calls, buckets: histogramUsec })
)

const LATENCY_HISTOGRAM = define({
  words: ["LATENCY", "HISTOGRAM"],
  mode: "read",
  decode: Command.recordOf(histogram)
})
/**
 * LATENCY HISTOGRAM returns how long the calls of some commands took, by the name of the command in lower case; of
 * all commands if none is named. A command that was never called, or that does not exist, is left out.
 *
 * **Example** (How many reads took longer than a millisecond)
 *
 * ```ts
 * import { Duration, Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const { get } = yield* redis.latencyHistogram("GET")
 *   if (get === undefined) return 0
 *   const fast = get.buckets.findLast(({ within }) => Duration.isLessThanOrEqualTo(within, Duration.micros(1024n)))
 *   return get.calls - (fast?.calls ?? 0)
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/latency-histogram/
 * @since 0.1.0
 * @category observation
 */
export const latencyHistogram = (...commands: Variadic<string>) => make(LATENCY_HISTOGRAM, appendAny(argv(), commands))

/**
 * One time that a server was slow.
 *
 * @since 0.1.0
 * @category models
 */
export interface LatencySample {
  /** When it was, to the second. */
  readonly at: DateTime.Utc
  /** How long the event took, to the millisecond. */
  readonly latency: Duration.Duration
}

const LATENCY_HISTORY = define({
  words: ["LATENCY", "HISTORY"],
  mode: "read",
  decode: Command.array(Command.struct({ at: epochSeconds, latency: millis }))
})
/**
 * LATENCY HISTORY returns the last samples of an event, up to 160, from the oldest on: at most one for each second,
 * the slowest. The result is `[]` if the server has recorded none of that name.
 *
 * @see https://redis.io/docs/latest/commands/latency-history/
 * @since 0.1.0
 * @category observation
 */
export const latencyHistory = (event: string) => make(LATENCY_HISTORY, argv(event))

/**
 * The latest sample of an event.
 *
 * @since 0.1.0
 * @category models
 */
export interface LatencyEvent {
  /** The name of the event, such as `command`, `fork` or `expire-cycle`. */
  readonly event: string
  /** When it was recorded last, to the second. */
  readonly at: DateTime.Utc
  /** How long it took then, to the millisecond. */
  readonly latency: Duration.Duration
  /** How long it took at most, since the last LATENCY RESET. */
  readonly max: Duration.Duration
  /** How long it took in all; `null` if the server does not say. Needs Valkey 8.1. */
  readonly sum: Duration.Duration | null
  /** How often it was recorded; `null` if the server does not say. Needs Valkey 8.1. */
  readonly count: number | null
}

const latencyEvent: Command.Decode<LatencyEvent> = Command.custom((value) => {
  const [event, at, latency, max, sum, count] = Command.list(value)
  if (max === undefined) throw new Command.Mismatch("an event with its latency", value)
  return {
    event: Command.text(event!),
    at: epochSeconds(at!, false),
    latency: millis(latency!, false),
    max: millis(max, false),
    sum: sum === undefined ? null : millis(sum, false),
    count: count === undefined ? null : Command.integer(count)
  }
})

const LATENCY_LATEST = define({ words: ["LATENCY", "LATEST"], mode: "read", decode: Command.array(latencyEvent) })
/**
 * LATENCY LATEST returns the latest sample of each event that the server has recorded.
 *
 * @see https://redis.io/docs/latest/commands/latency-latest/
 * @since 0.1.0
 * @category observation
 */
export const latencyLatest = () => make(LATENCY_LATEST, argv())

const LATENCY_RESET = define({ words: ["LATENCY", "RESET"], mode: "read", repeatable: false, decode: Command.int })
/**
 * LATENCY RESET removes the samples of some events, or of all if none is named, and returns of how many events it
 * removed them. It is not sent again if its reply is lost, and fails with `AmbiguousOutcome`.
 *
 * @see https://redis.io/docs/latest/commands/latency-reset/
 * @since 0.1.0
 * @category observation
 */
export const latencyReset = (...events: Variadic<string>) => make(LATENCY_RESET, appendAny(argv(), events))
