/**
 * The HOTKEYS commands of Redis 8.6: which keys a server spends the most time or traffic on. Each server counts for
 * itself. Written from the public documentation: no test runs them on a server.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { appendAll, argv, arrayOf, keyword, optionsOf } from "../internal/commands/args.ts"
import type { SlotRange } from "../internal/commands/clusterNodes.ts"
import { fieldsOrNull } from "../internal/commands/combinators.ts"
import { type DurationInput, millisOf } from "../internal/commands/time.ts"
import { epochMillis, micros, millis } from "../internal/commands/timeDecoders.ts"

/**
 * What HOTKEYS measures: the time that the server spends (`"cpu"`), or what it reads and writes (`"net"`).
 *
 * @since 0.1.0
 * @category models
 */
export type HotkeysMetric = "cpu" | "net"

const HOTKEYS_START = define({ words: ["HOTKEYS", "START"], mode: "read", repeatable: false, decode: Command.ok })
const hotkeysStartFields = { count: "value", duration: "value", sample: "value", slots: "value" } as const

/**
 * HOTKEYS START lets the server begin to measure, and returns `"OK"`. Fails with ERR if it measures already. It is not
 * sent again if its reply is lost, and fails with `AmbiguousOutcome`. Needs Redis 8.6.
 *
 * **Example** (The ten keys that take the most time in a minute)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   yield* redis.hotkeysStart(["cpu"], { count: 10, duration: "1 minute" })
 *   yield* Effect.sleep("1 minute")
 *   return (yield* redis.hotkeysGet())?.byCpuTime
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/hotkeys-start/
 * @since 0.1.0
 * @category observation
 */
export const hotkeysStart = (
  metrics: ReadonlyArray<HotkeysMetric>,
  options?: {
    /** How many keys it finds by each metric. Default: the server's, 10. */
    readonly count?: number | undefined
    /** When it ends by itself, in whole seconds; a fraction of one is rounded up. Default: with HOTKEYS STOP. */
    readonly duration?: DurationInput | undefined
    /** It measures one of so many calls. Default 1: each. */
    readonly sample?: number | undefined
    /** Only keys in these hash slots. Needs a cluster. Default: all. */
    readonly slots?: ReadonlyArray<number> | undefined
  } | undefined
) => {
  const command = HOTKEYS_START.name
  const words = arrayOf(command, "metrics", metrics).map((metric) =>
    keyword(command, "metrics", metric, ["cpu", "net"])
  )
  if (words.length === 0) throw new InvalidCommand({ command, detail: "metrics: at least one is needed" })
  const args = appendAll(argv("METRICS", words.length), words)
  const given = optionsOf(command, options, hotkeysStartFields)
  if (given?.count !== undefined) args.push("COUNT", given.count)
  if (given?.duration !== undefined) {
    args.push("DURATION", Math.ceil(millisOf(command, "duration", given.duration) / 1000))
  }
  if (given?.sample !== undefined) args.push("SAMPLE", given.sample)
  if (given?.slots !== undefined) {
    const slots = arrayOf(command, "slots", given.slots)
    appendAll(args, ["SLOTS", slots.length, ...slots])
  }
  return make(HOTKEYS_START, args)
}

const HOTKEYS_STOP = define({ words: ["HOTKEYS", "STOP"], mode: "read", repeatable: false, decode: Command.okOrNull })
/**
 * HOTKEYS STOP ends the measurement, whose result stays, and returns `"OK"`, or `null` if there is none. It is not
 * sent again if its reply is lost, and fails with `AmbiguousOutcome`. Needs Redis 8.6.
 *
 * @see https://redis.io/docs/latest/commands/hotkeys-stop/
 * @since 0.1.0
 * @category observation
 */
export const hotkeysStop = () => make(HOTKEYS_STOP, argv())

const HOTKEYS_RESET = define({ words: ["HOTKEYS", "RESET"], mode: "read", repeatable: false, decode: Command.ok })
/**
 * HOTKEYS RESET removes the result of a measurement that has ended, and returns `"OK"`. Fails with ERR while the
 * server measures. It is not sent again if its reply is lost, and fails with `AmbiguousOutcome`. Needs Redis 8.6.
 *
 * @see https://redis.io/docs/latest/commands/hotkeys-reset/
 * @since 0.1.0
 * @category observation
 */
export const hotkeysReset = () => make(HOTKEYS_RESET, argv())

/**
 * The result of HOTKEYS GET. `null` stands for what was not measured.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hotkeys<out A = string> {
  /** Whether the server still measures. */
  readonly isActive: boolean
  /** It measures one of so many calls. */
  readonly sampleRatio: number
  /** The hash slots that it measures; empty: all. */
  readonly slots: ReadonlyArray<SlotRange>
  /** When it began to measure. */
  readonly startedAt: DateTime.Utc
  /** For how long it has measured. */
  readonly duration: Duration.Duration
  /** The time of all commands. */
  readonly allCommandsTime: Duration.Duration
  /** The time of all commands with keys in `slots`. */
  readonly allCommandsInSlotsTime: Duration.Duration | null
  /** The time of the calls that it measured with keys in `slots`. */
  readonly sampledCommandsInSlotsTime: Duration.Duration | null
  /** What all commands read and wrote, in bytes. */
  readonly allCommandsBytes: number
  /** What all commands with keys in `slots` read and wrote, in bytes. */
  readonly allCommandsInSlotsBytes: number | null
  /** What the calls that it measured with keys in `slots` read and wrote, in bytes. */
  readonly sampledCommandsInSlotsBytes: number | null
  /** The time that the process of the server spent in user mode. */
  readonly cpuUserTime: Duration.Duration | null
  /** The time that the process of the server spent in the kernel. */
  readonly cpuSystemTime: Duration.Duration | null
  /** What the server read and wrote, in bytes. */
  readonly totalBytes: number | null
  /** The keys that took the most time, and the time of each. */
  readonly byCpuTime:
    | ReadonlyArray<{
      /** The key. */
      readonly key: A
      /** Its time. */
      readonly time: Duration.Duration
    }>
    | null
  /** The keys with the most traffic, and the bytes of each. */
  readonly byNetBytes:
    | ReadonlyArray<{
      /** The key. */
      readonly key: A
      /** Its bytes. */
      readonly bytes: number
    }>
    | null
}

const slotRange = Command.custom<SlotRange>((value) => {
  const [start, end] = (Array.isArray(value) ? value : [value]).map(Command.integer)
  if (start === undefined) throw new Command.Mismatch("a slot, or the first and the last one", value)
  return { start, end: end ?? start }
})

/** Keys with numbers, in turn or as a map: `mapOf` would not take keys that are bytes. */
const ranking = <A, B, N>(
  key: Command.Decode<A, B>,
  of: Command.Decode<N>
): Command.Decode<Array<readonly [A, N]>, Array<readonly [B, N]>> =>
  Command.custom<Array<readonly [A, N]>, Array<readonly [B, N]>>((value, bytes) => {
    const flat = Command.list(value)
    if (flat.length % 2 === 1) throw new Command.Mismatch("keys and numbers", value)
    const out: Array<readonly [A, N]> = []
    for (let i = 0; i < flat.length; i += 2) out.push([key(flat[i]!, bytes), of(flat[i + 1]!, false)])
    return out
  })

const tracked = fieldsOrNull({
  trackingActive: Command.flag,
  sampleRatio: Command.int,
  selectedSlots: Command.array(slotRange),
  collectionStartTimeUnixMs: epochMillis,
  collectionDurationMs: millis,
  allCommandsAllSlotsUs: micros,
  netBytesAllCommandsAllSlots: Command.int
}, {
  allCommandsSelectedSlotsUs: micros,
  sampledCommandsSelectedSlotsUs: micros,
  netBytesAllCommandsSelectedSlots: Command.int,
  netBytesSampledCommandsSelectedSlots: Command.int,
  totalCpuTimeUserMs: millis,
  totalCpuTimeSysMs: millis,
  totalNetBytes: Command.int,
  byCpuTimeUs: ranking(Command.string, micros),
  byNetBytes: ranking(Command.string, Command.int)
})

const hotkeys = Command.custom<Hotkeys | null, Hotkeys<Uint8Array> | null>((value, bytes) => {
  if (value === null) return null
  // The record is in an array of its own.
  const inner = Array.isArray(value) && value.length === 1 ? value[0]! : value
  const found = tracked(inner, bytes)
  return {
    isActive: found.trackingActive,
    sampleRatio: found.sampleRatio,
    slots: found.selectedSlots,
    startedAt: found.collectionStartTimeUnixMs,
    duration: found.collectionDurationMs,
    allCommandsTime: found.allCommandsAllSlotsUs,
    allCommandsInSlotsTime: found.allCommandsSelectedSlotsUs,
    sampledCommandsInSlotsTime: found.sampledCommandsSelectedSlotsUs,
    allCommandsBytes: found.netBytesAllCommandsAllSlots,
    allCommandsInSlotsBytes: found.netBytesAllCommandsSelectedSlots,
    sampledCommandsInSlotsBytes: found.netBytesSampledCommandsSelectedSlots,
    cpuUserTime: found.totalCpuTimeUserMs,
    cpuSystemTime: found.totalCpuTimeSysMs,
    totalBytes: found.totalNetBytes,
    byCpuTime: found.byCpuTimeUs === null ? null : found.byCpuTimeUs.map(([key, time]) => ({ key, time })),
    byNetBytes: found.byNetBytes === null ? null : found.byNetBytes.map(([key, size]) => ({ key, bytes: size }))
  } as Hotkeys
})

const HOTKEYS_GET = define({ words: ["HOTKEYS", "GET"], mode: "read", decode: hotkeys })
/**
 * HOTKEYS GET returns what the server has measured since HOTKEYS START, whether it still measures or not; `null` if
 * there is no result. Needs Redis 8.6.
 *
 * @see https://redis.io/docs/latest/commands/hotkeys-get/
 * @since 0.1.0
 * @category observation
 */
export const hotkeysGet = () => make(HOTKEYS_GET, argv())
