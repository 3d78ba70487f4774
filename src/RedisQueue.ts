/**
 * Queues on lists whose elements survive a worker that dies: each is moved to a list of the worker that takes it
 * (BLMOVE), and removed from there when the worker acknowledges it. What a dead worker has left, another one takes over.
 * Each element is processed at least once.
 *
 * Elements are stored as they are, so that other programs can push them with RPUSH. `redis.popStream` pops from lists
 * without acknowledgements. Streams with consumer groups are in RedisStream.ts. The main entry does not import this
 * module.
 *
 * **Example** (A worker)
 *
 * ```ts
 * import { Effect, Schedule, Schema } from "effect"
 * import * as RedisQueue from "effect-redis-sentinel/RedisQueue"
 *
 * const Mail = Schema.Struct({ to: Schema.String, subject: Schema.String })
 * const mails = RedisQueue.make({ key: "mails", schema: Mail })
 *
 * export const producer = mails.push({ to: "ada@example.com", subject: "Welcome" })
 *
 * export const worker = mails.consume(
 *   { concurrency: 8, retry: Schedule.recurs(3) },
 *   (mail) => Effect.log(`sending ${mail.subject}`)
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { PrimaryClient } from "./Client.ts"
import * as Codec from "./Codec.ts"
import type * as Command from "./Command.ts"
import * as commands from "./commands/index.ts"
import { InvalidCommand, type RedisError } from "./Errors.ts"
import { retryOf } from "./internal/common/handlers.ts"
import { choiceProblem, durationOf, fieldsOf, integerProblem, kindOf } from "./internal/common/values.ts"
import { consumeWith, type Consumption } from "./internal/queues/consume.ts"
import { keysOf, lettersOf, type Side, statusOf } from "./internal/queues/scripts.ts"
import type {
  AboutDeadLetter,
  ConsumeOptions,
  DeadLetter,
  DeadLettersOptions,
  Delivery,
  Handling,
  Status,
  TakeOptions,
  UnreadableDeadLetter,
  UnreadableDelivery
} from "./internal/queues/types.ts"
import { makeWorker, type Taken, type WorkerOptions } from "./internal/queues/worker.ts"
import { codecOf, decodeWith, encodeWith, Unfit } from "./internal/values/codecs.ts"
import { RedisClient } from "./RedisClient.ts"

export type { Side } from "./internal/queues/scripts.ts"
export type {
  AboutDeadLetter,
  ConsumeOptions,
  DeadLetter,
  DeadLettersOptions,
  Delivery,
  Event,
  Exhausted,
  Handling,
  Redelivered,
  Rejected,
  Retried,
  Status,
  TakenOver,
  TakeOptions,
  Unacknowledged,
  Unreadable,
  UnreadableDeadLetter,
  UnreadableDelivery,
  WorkerStatus
} from "./internal/queues/types.ts"

/**
 * What a queue is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The key of the list of what waits. Workers also use the keys `KEY:consumers`, which says who is alive, and
   * `KEY:processing:` and `KEY:deliveries:` with the name of a worker, for what it has taken, and how often that was
   * delivered.
   */
  readonly key: string
  /** The key of the list of dead letters. Default `KEY:dead`. Their reasons are in a hash with `:reasons` at its end. */
  readonly deadLetters?: string | undefined
  /**
   * The end of the list from which elements are taken; they are pushed to the other end. Default `"left"`: producers use
   * RPUSH. `"right"` is for lists whose producers use LPUSH.
   */
  readonly side?: Side | undefined
}

/**
 * What a queue of typed elements is.
 *
 * @since 0.1.0
 * @category models
 */
export interface SchemaOptions<S> extends Options {
  /** The schema of the elements, which are stored as JSON. */
  readonly schema: S
  /** Not with `schema`. */
  readonly codec?: undefined
}

/**
 * What a queue of elements of a codec is.
 *
 * @since 0.1.0
 * @category models
 */
export interface CodecOptions<in out A> extends Options {
  /** How elements are stored. */
  readonly codec: Codec.Codec<A>
  /** Not with `codec`. */
  readonly schema?: undefined
}

/**
 * What a queue of text is.
 *
 * @since 0.1.0
 * @category models
 */
export interface TextOptions extends Options {
  /** Elements are text. */
  readonly schema?: undefined
  /** Elements are text. */
  readonly codec?: undefined
}

/**
 * A queue. Its Effects and Streams use the `RedisClient` of the context.
 *
 * @since 0.1.0
 * @category models
 */
export interface RedisQueue<A> {
  /** The key of the list of what waits. */
  readonly key: string

  /**
   * Adds elements, and gives how many wait now. Fails with `InvalidCommand` for one that does not fit the schema, and
   * with `AmbiguousOutcome` if the reply never came: the elements may have been added.
   */
  readonly push: (...values: readonly [A, ...ReadonlyArray<A>]) => Effect.Effect<number, RedisError, RedisClient>

  /** Commands as values, for pipelines and transactions. */
  readonly commands: {
    /** Adds elements. Throws `InvalidCommand` for one that does not fit the schema. */
    readonly push: (...values: readonly [A, ...ReadonlyArray<A>]) => Command.Command<number, "write">
  }

  /**
   * Takes elements as the reader asks for them. Each stays in the list of this worker until it is acknowledged, rejected
   * or given back. When the Stream ends or is interrupted, those that are left are put back where they were; an
   * acknowledgement after that gives `false`. One that was given before, or that could not be acknowledged or rejected,
   * comes again with `isRedelivered`.
   *
   * The Stream lasts as long as the client. In an outage it logs one warning, and goes on when the server is there again.
   * It fails with an error that no attempt can change, such as WRONGTYPE.
   *
   * **Example** (Acknowledged by hand)
   *
   * ```ts
   * import { Effect, Stream } from "effect"
   * import * as RedisQueue from "effect-redis-sentinel/RedisQueue"
   *
   * const jobs = RedisQueue.make({ key: "jobs" })
   *
   * export const worker = jobs.take().pipe(
   *   Stream.runForEach((item) =>
   *     item._tag === "Unreadable"
   *       ? item.reject
   *       : Effect.andThen(Effect.log(item.value), item.ack)
   *   )
   * )
   * ```
   */
  readonly take: (
    options?: TakeOptions | undefined
  ) => Stream.Stream<Delivery<A> | UnreadableDelivery, RedisError, RedisClient>

  /**
   * Runs a handler for each element, and acknowledges the element when the handler has succeeded. An element whose
   * handler fails or dies goes to the dead letters, once `retry` has ended; so does one that does not fit the schema, and
   * one with which `maxDeliveries` workers died.
   *
   * It runs until it is interrupted. Then it takes nothing more, lets the handlers that run end within `stopTimeout`,
   * acknowledges what they have processed, and puts the rest back. What it cannot acknowledge then comes again with
   * `isRedelivered`, which the log tells. An outage does not end it; it fails with an error that no attempt can change, such as WRONGTYPE.
   *
   * The handler runs at least once for each element, and may run twice: for an element of a worker that died or was
   * silent for longer than `deadAfter`, or after a failover that lost the last commands. Redis replicates
   * asynchronously, so that a failover can also lose elements that were just pushed.
   */
  readonly consume: <B, E, R>(
    options: ConsumeOptions<A, R>,
    handler: (value: A, delivery: Delivery<A>) => Effect.Effect<B, E, R>
  ) => Effect.Effect<never, RedisError, RedisClient | R>

  /**
   * The oldest dead letters, with their reasons. They stay where they are; LMOVE moves one back to the queue.
   *
   * **Example** (What went wrong)
   *
   * ```ts
   * import { Effect } from "effect"
   * import * as RedisQueue from "effect-redis-sentinel/RedisQueue"
   *
   * const jobs = RedisQueue.make({ key: "jobs" })
   *
   * export const report = Effect.flatMap(
   *   jobs.deadLetters({ count: 10 }),
   *   Effect.forEach(({ deliveries, reason, value }) => Effect.log(value, reason, deliveries))
   * )
   * ```
   */
  readonly deadLetters: (
    options?: DeadLettersOptions | undefined
  ) => Effect.Effect<ReadonlyArray<DeadLetter<A> | UnreadableDeadLetter>, RedisError, RedisClient>

  /** How much waits, how much is dead, and who works. */
  readonly status: Effect.Effect<Status, RedisError, RedisClient>
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const text: Codec.Codec<string> = {
  encode: (value) => value,
  decode: (stored) => {
    try {
      return utf8.decode(stored)
    } catch {
      throw new Unfit("it is not UTF-8")
    }
  }
}

const makeName = "RedisQueue.make"
const known = ["key", "deadLetters", "side", "schema", "codec"]

/** Throws `InvalidCommand` for a field that is not one of `names`. */
const refuseOthers = (command: string, fields: Record<string, unknown>, names: ReadonlyArray<string>): void => {
  const other = Object.keys(fields).find((field) => fields[field] !== undefined && !names.includes(field))
  if (other === undefined) return
  const field = /^[\w-]{1,32}$/.test(other) ? other : "options"
  throw new InvalidCommand({ command, detail: `${field}: unknown option; it has ${names.join(", ")}` })
}

const fieldsIn = (
  command: string,
  given: unknown,
  names: ReadonlyArray<string>
): Record<string, unknown> => {
  const fields = given === undefined ? {} : fieldsOf(given)
  if (typeof fields === "string") throw new InvalidCommand({ command, detail: `options: ${fields}` })
  refuseOthers(command, fields, names)
  return fields
}

const check = (command: string, field: string, problem: string | undefined): void => {
  if (problem !== undefined) throw new InvalidCommand({ command, detail: `${field}: ${problem}` })
}

const refuse = (command: string) => (field: string, problem: string): never => {
  throw new InvalidCommand({ command, detail: `${field}: ${problem}` })
}

const textProblem = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? undefined : `expected a string that is not empty, got ${kindOf(value)}`

const durationIn = (
  command: string,
  field: string,
  given: unknown,
  otherwise: string,
  positive = true
): Duration.Duration => {
  const duration = durationOf(given === undefined ? otherwise : given, positive)
  if (typeof duration === "string") throw new InvalidCommand({ command, detail: `${field}: ${duration}` })
  check(command, field, Duration.isFinite(duration) ? undefined : "the duration must be finite")
  return duration
}

/** What is known of a dead letter: its deliveries, the time, and the reason. */
const aboutOf = (about: Uint8Array): AboutDeadLetter => {
  const parts = /^(\d+) (\d+) ([^]*)$/.exec(Buffer.from(about).toString())
  return parts === null
    ? { reason: null, deliveries: null, time: null }
    : { reason: parts[3]!, deliveries: Number(parts[1]), time: new Date(Number(parts[2])) }
}

const takeFields = ["consumer", "deadAfter", "maxDeliveries"]
const consumeFields = [...takeFields, "concurrency", "retry", "stopTimeout", "onEvent"]

/**
 * Defines a queue. Throws `InvalidCommand` for options that are not valid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: {
  <S extends Schema.ConstraintCodec<unknown, unknown, never, never>>(options: SchemaOptions<S>): RedisQueue<S["Type"]>
  <A>(options: CodecOptions<A>): RedisQueue<A>
  (options: TextOptions): RedisQueue<string>
} = (given: SchemaOptions<any> | CodecOptions<any> | TextOptions): RedisQueue<any> => {
  const fields = fieldsIn(makeName, given ?? {}, known)
  const { deadLetters, key, schema, side = "left" } = fields
  check(makeName, "key", textProblem(key))
  check(makeName, "deadLetters", deadLetters === undefined ? undefined : textProblem(deadLetters))
  check(makeName, "side", choiceProblem(side, ["left", "right"]))
  check(
    makeName,
    "codec",
    schema !== undefined && fields["codec"] !== undefined ? "not with schema: give one of them" : undefined
  )
  const codec: Codec.Codec<any> = schema !== undefined
    ? Codec.json(schema as Schema.ConstraintCodec<unknown, unknown, never, never>)
    : fields["codec"] === undefined
    ? text
    : codecOf(makeName, fields["codec"] as Codec.Codec<any>)
  const keys = keysOf(key as string, (deadLetters ?? `${key}:dead`) as string)
  const from = side as Side

  const push = (...values: ReadonlyArray<unknown>): Command.Command<number, "write"> => {
    const command = "RedisQueue.push"
    const [first, ...others] = values.map((value, i) => {
      try {
        return encodeWith(codec, value)
      } catch (error) {
        throw new InvalidCommand({ command, detail: `values[${i}]: ${(error as Unfit).issue}` })
      }
    })
    if (first === undefined) throw new InvalidCommand({ command, detail: "values: at least one is required" })
    return (from === "left" ? commands.rpush : commands.lpush)(keys.waiting, first, ...others)
  }

  const decoded = (
    element: Uint8Array
  ): { readonly fits: true; readonly value: unknown } | { readonly fits: false; readonly issue: string } => {
    try {
      return { fits: true, value: decodeWith(codec, element) }
    } catch (error) {
      return { fits: false, issue: (error as Unfit).issue }
    }
  }

  const deliveryOf = (taken: Taken): Delivery<any> | UnreadableDelivery => {
    const { ack, deliveries, element, giveBack, isRedelivered, reject } = taken
    const handling: Handling = {
      ack: Effect.uninterruptible(ack),
      giveBack: Effect.uninterruptible(giveBack),
      reject: Effect.uninterruptible(reject("Rejected")),
      isRedelivered,
      deliveries
    }
    const read = decoded(element)
    return read.fits
      ? { _tag: "Delivery", value: read.value, ...handling }
      : { _tag: "Unreadable", value: element, issue: read.issue, ...handling }
  }

  const workerOf = (command: string, fields: Record<string, unknown>) => {
    const { consumer = "worker", deadAfter, maxDeliveries = 5 } = fields
    check(command, "maxDeliveries", integerProblem(maxDeliveries, 1, 1_000_000))
    check(
      command,
      "consumer",
      textProblem(consumer) ?? ((consumer as string).length > 256 ? "it must have at most 256 characters" : undefined)
    )
    const duration = durationIn(command, "deadAfter", deadAfter, "30 seconds")
    check(command, "deadAfter", Duration.toMillis(duration) < 1000 ? "it must be at least 1 second" : undefined)
    const deadAfterMillis = Math.round(Duration.toMillis(duration))
    return (redis: PrimaryClient): WorkerOptions => ({
      redis,
      keys,
      side: from,
      consumer: consumer as string,
      deadAfterMillis,
      maxDeliveries: maxDeliveries as number
    })
  }

  const checked = <A>(run: () => A): Effect.Effect<A, InvalidCommand> =>
    Effect.try({ try: run, catch: (error) => error as InvalidCommand })

  return {
    key: keys.waiting,
    push: (...values) =>
      Effect.flatMap(
        checked(() => push(...values)),
        (command) => Effect.flatMap(RedisClient, (redis) => redis.run(command))
      ),
    commands: { push },
    take: (options) =>
      Stream.unwrap(Effect.gen(function*() {
        const command = "RedisQueue.take"
        const workerFor = yield* checked(() => workerOf(command, fieldsIn(command, options, takeFields)))
        const worker = yield* makeWorker(workerFor(yield* RedisClient))
        return Stream.fromEffectRepeat(Effect.map(worker.next, deliveryOf))
      })),
    consume: (options, handler) =>
      Effect.gen(function*() {
        const command = "RedisQueue.consume"
        const { consumption, workerFor } = yield* checked(() => {
          const fields = fieldsIn(command, options, consumeFields)
          const { concurrency = 1, onEvent, retry } = fields
          check(command, "concurrency", integerProblem(concurrency, 1, 10_000))
          for (const [field, value] of [["onEvent", onEvent], ["handler", handler]] as const) {
            check(
              command,
              field,
              (field === "onEvent" && value === undefined) || typeof value === "function"
                ? undefined
                : `expected a function, got ${kindOf(value)}`
            )
          }
          const stopTimeout = durationIn(command, "stopTimeout", fields["stopTimeout"], "10 seconds", false)
          const consumption: Consumption<any, any> = {
            deliveryOf,
            handler,
            concurrency: concurrency as number,
            onEvent: onEvent as Consumption<any, any>["onEvent"],
            stopTimeout,
            retry: retryOf(retry, refuse(command))
          }
          return {
            consumption,
            workerFor: workerOf(command, fields)
          }
        })
        return yield* consumeWith(workerFor(yield* RedisClient), consumption)
      }),
    deadLetters: (options) =>
      Effect.gen(function*() {
        const command = "RedisQueue.deadLetters"
        const count = yield* checked(() => {
          const { count = 100 } = fieldsIn(command, options, ["count"])
          check(command, "count", integerProblem(count, 1, 10_000))
          return count as number
        })
        const letters = yield* Effect.flatMap(RedisClient, (redis) => redis.run(lettersOf(keys, count)))
        return letters.map(([element, text]) => {
          const about = aboutOf(text)
          const read = decoded(element)
          return read.fits
            ? { _tag: "DeadLetter" as const, value: read.value, ...about }
            : { _tag: "Unreadable" as const, value: element, issue: read.issue, ...about }
        })
      }),
    status: Effect.gen(function*() {
      const redis = yield* RedisClient
      const [waiting, dead, workers] = yield* redis.run(statusOf(keys))
      return {
        waiting,
        dead,
        workers: workers.map(([name, alive, pending]) => ({ name, isAlive: alive === 1, pending }))
      }
    })
  }
}
