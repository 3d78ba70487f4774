/**
 * The options of a consumer: their types, their defaults, and their checks.
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { Key } from "../../Command.ts"
import { InvalidCommand } from "../../Errors.ts"
import { type FieldsOf, optionsOf } from "../commands/args.ts"
import { type DurationInput, elapsedMillisOf, millisOf, type TimeoutInput } from "../commands/time.ts"
import { type Retry, retryOf } from "../common/handlers.ts"
import { choiceProblem, durationOf, integerProblem, isBytes, kindOf } from "../common/values.ts"
import type { ConsumerEvent } from "./consumerEvents.ts"
import { parsedId } from "./ids.ts"
import type { Entry } from "./types.ts"

/**
 * An entry as a consumer gets it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConsumedEntry<out T> extends Entry<T> {
  /**
   * How often the entry was delivered, this time included, as the server counts. After a failover the number may be
   * lower than it was.
   */
  readonly deliveries: number
}

/**
 * What becomes of entries that nobody can process.
 *
 * @since 0.1.0
 * @category models
 */
export interface DeadLetterOptions {
  /**
   * The key of the stream of dead letters. An entry there has the fields of the original, and besides them
   * `dead-letter.reason`, `dead-letter.id`, `dead-letter.stream`, `dead-letter.group`, `dead-letter.consumer`,
   * `dead-letter.deliveries` and `dead-letter.time` (milliseconds since 1970).
   */
  readonly key: Key
  /**
   * After how many deliveries an entry becomes a dead letter, at least 1. Default 5. An entry that does not fit the
   * schema becomes one at once.
   */
  readonly maxDeliveries?: number | undefined
  /** How many dead letters are kept, about; the oldest are removed. Default: all. */
  readonly maxLength?: number | undefined
  /**
   * Says why the handler failed. What it returns is stored, told in events and logged, so it must contain no secret.
   * Default: the `_tag` of the error, or the name of its class.
   */
  readonly reason?: ((cause: Cause.Cause<unknown>) => string) | undefined
}

/**
 * Options of a consumer.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConsumerOptions {
  /** The name of the group, which is made if it is missing. */
  readonly group: string
  /**
   * The name of the consumer: no other consumer of the group may use it at the same time. A consumer that starts under
   * the name of one that has ended continues with what that one had not finished.
   */
  readonly consumer: string
  /**
   * Where a group begins that does not exist yet: at the `"start"` of the stream, with the entries that are `"new"` from
   * now on, or after an id. Default `"start"`.
   */
  readonly from?: "start" | "new" | (string & {}) | undefined
  /** How many handlers run at a time, at least 1. With 1, entries are handled in their order. Default 1. */
  readonly concurrency?: number | undefined
  /**
   * How many entries are read ahead, beside those that handlers have. They wait here while other consumers could have
   * them. Default: as many new entries as handlers have lately finished in 20 milliseconds, at most 500, which are given
   * back if they wait for a second. `entries` reads none ahead by default.
   */
  readonly prefetch?: number | undefined
  /**
   * For how long an entry must have been idle before another consumer claims it. The consumer extends its own claims
   * every third of it, for as long as handlers run. Use the same value for all consumers of a group. Default 1 minute.
   */
  readonly minIdle?: DurationInput | undefined
  /** How often idle entries are looked for; `"Infinity"`: never. Default 5 seconds. */
  readonly claimInterval?: TimeoutInput | undefined
  /**
   * How often the handler runs again after a failure, for the same delivery: `times` more, after the pauses of
   * `schedule`; a Schedule alone says both. Default: not at all; the entry is delivered again once it has been idle for
   * `minIdle`.
   */
  readonly retry?: Schedule.Schedule<unknown, unknown> | {
    /** How often it runs again, at least 1. Default: as often as the schedule says. */
    readonly times?: number | undefined
    /** The pauses. Default: none. */
    readonly schedule?: Schedule.Schedule<unknown, unknown> | undefined
  } | undefined
  /** What becomes of entries that nobody can process. Default: they are delivered again and again. */
  readonly deadLetter?: DeadLetterOptions | undefined
  /**
   * What becomes of an entry in the stream once it is acknowledged: it stays (`"keep"`), or it is removed in the same
   * step (`"delete"`), for all groups. Default `"keep"`.
   */
  readonly acknowledged?: "keep" | "delete" | undefined
  /**
   * How many ids of acknowledged entries are remembered. An entry among them that comes again after a failover is
   * acknowledged again, and not processed. Default 10,000.
   */
  readonly remember?: number | undefined
  /** For how long running handlers may go on when the consumer stops. Zero is allowed. Default 10 seconds. */
  readonly stopTimeout?: DurationInput | undefined
  /** Whether the consumer is deleted from the group when it stops, if nothing is pending for it. Default false. */
  readonly deleteConsumer?: boolean | undefined
  /**
   * How often the consumer asks how far the group is, for the metrics, and in order to know where a lost group has to
   * begin again. Default 5 seconds.
   */
  readonly inspectInterval?: DurationInput | undefined
  /**
   * Is told what happens: of groups that were made again, of entries that came twice, of outages. A failure is logged
   * and otherwise ignored. Events wait for a slow function, up to 1,000.
   */
  readonly onEvent?: ((event: ConsumerEvent) => Effect.Effect<unknown>) | undefined
}

/** Checked options, in the units that the consumer counts in. */
export interface ConsumerSettings {
  readonly command: string
  readonly group: string
  readonly consumer: string
  readonly from: string
  readonly concurrency: number
  readonly prefetch: number
  /** Whether it reads ahead as fast as handlers are. */
  readonly readsAhead: boolean
  readonly minIdleMillis: number
  /** Infinity: never. */
  readonly claimMillis: number
  readonly retry: Retry | undefined
  readonly deadLetter: {
    readonly key: Key
    readonly maxDeliveries: number
    readonly maxLength: number | undefined
    readonly reason: ((cause: Cause.Cause<unknown>) => string) | undefined
  } | undefined
  readonly deletes: boolean
  readonly remember: number
  readonly stopMillis: number
  readonly deleteConsumer: boolean
  readonly inspectMillis: number
  readonly onEvent: ((event: ConsumerEvent) => Effect.Effect<unknown>) | undefined
}

export const consumerFields: FieldsOf<ConsumerOptions> = {
  group: "value",
  consumer: "value",
  from: "value",
  concurrency: "value",
  prefetch: "value",
  minIdle: "value",
  claimInterval: "value",
  retry: "value",
  deadLetter: "value",
  acknowledged: "value",
  remember: "value",
  stopTimeout: "value",
  deleteConsumer: "flag",
  inspectInterval: "value",
  onEvent: "value"
}

const deadLetterFields: FieldsOf<DeadLetterOptions> = {
  key: "value",
  maxDeliveries: "value",
  maxLength: "value",
  reason: "value"
}

/** Names come back from the server as text: one that is not UTF-8 would be another one. */
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text)

/** The options of a consumer, checked. Throws `InvalidCommand`, in the name of `command`. */
export const consumerSettings = (command: string, given: ConsumerOptions): ConsumerSettings => {
  const invalid = (field: string, problem: string): never => {
    throw new InvalidCommand({ command, detail: `${field}: ${problem}` })
  }
  if (given === undefined) return invalid("options", "expected an object, got undefined")
  const options = { ...optionsOf<ConsumerOptions>(command, given, consumerFields) } as ConsumerOptions
  const nameOf = (field: "group" | "consumer"): string => {
    const name: unknown = options[field]
    if (typeof name !== "string" || name === "") return invalid(field, `expected a name, got ${kindOf(name)}`)
    return isWellFormed(name) ? name : invalid(field, "the name is not valid Unicode")
  }
  const integer = (field: string, value: unknown, min: number, max: number, otherwise: number): number => {
    if (value === undefined) return otherwise
    const problem = integerProblem(value, min, max)
    return problem === undefined ? value as number : invalid(field, problem)
  }
  const fromOf = (value: unknown): string => {
    if (value === undefined || value === "start") return "0-0"
    if (value === "new") return "$"
    return typeof value === "string" && parsedId(value) !== undefined
      ? value
      : invalid("from", `expected "start", "new" or the id of an entry, got ${kindOf(value)}`)
  }
  const functionOf = <F>(field: string, value: F | undefined): F | undefined =>
    value === undefined || typeof value === "function"
      ? value
      : invalid(field, `expected a function, got ${kindOf(value)}`)
  const deadLetterOf = (value: ConsumerOptions["deadLetter"]): ConsumerSettings["deadLetter"] => {
    const deadLetter = optionsOf<DeadLetterOptions>(command, value, deadLetterFields, "deadLetter.")
    if (deadLetter === undefined) return undefined
    const key: unknown = deadLetter.key
    if (typeof key !== "string" && !isBytes(key)) {
      return invalid("deadLetter.key", `expected a key as a string or bytes, got ${kindOf(key)}`)
    }
    return {
      key,
      maxDeliveries: integer("deadLetter.maxDeliveries", deadLetter.maxDeliveries, 1, 1_000_000, 5),
      maxLength: deadLetter.maxLength === undefined
        ? undefined
        : integer("deadLetter.maxLength", deadLetter.maxLength, 1, Number.MAX_SAFE_INTEGER, 1),
      reason: functionOf("deadLetter.reason", deadLetter.reason)
    }
  }
  const timeoutOf = (field: string, value: TimeoutInput | undefined, otherwise: number): number => {
    if (value === undefined) return otherwise
    return value === "Infinity" || isEndless(value) ? Infinity : millisOf(command, field, value as DurationInput)
  }
  const choice = options.acknowledged === undefined
    ? undefined
    : choiceProblem(options.acknowledged, ["keep", "delete"])
  if (choice !== undefined) return invalid("acknowledged", choice)
  return {
    command,
    group: nameOf("group"),
    consumer: nameOf("consumer"),
    from: fromOf(options.from),
    concurrency: integer("concurrency", options.concurrency, 1, 100_000, 1),
    prefetch: integer("prefetch", options.prefetch, 0, 100_000, 0),
    readsAhead: command === "consume" && options.prefetch === undefined,
    minIdleMillis: options.minIdle === undefined ? 60_000 : millisOf(command, "minIdle", options.minIdle),
    claimMillis: timeoutOf("claimInterval", options.claimInterval, 5000),
    retry: retryOf(options.retry, invalid),
    deadLetter: deadLetterOf(options.deadLetter),
    deletes: options.acknowledged === "delete",
    remember: integer("remember", options.remember, 0, 10_000_000, 10_000),
    stopMillis: options.stopTimeout === undefined
      ? 10_000
      : elapsedMillisOf(command, "stopTimeout", options.stopTimeout),
    deleteConsumer: options.deleteConsumer === true,
    inspectMillis: options.inspectInterval === undefined
      ? 5000
      : millisOf(command, "inspectInterval", options.inspectInterval),
    onEvent: functionOf("onEvent", options.onEvent)
  }
}

const isEndless = (value: TimeoutInput): boolean => {
  const duration = durationOf(value)
  return typeof duration !== "string" && Duration.toMillis(duration) === Infinity
}
