/**
 * What a client can do: a method for each command, pipelines, transactions,
 * leases and scans, on top of whatever runs commands. The services and layers
 * that give clients to applications are in `RedisClient.ts` and `Sentinel.ts`.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Command from "./Command.ts"
import * as commands from "./commands/index.ts"
import type { RedisError } from "./Errors.ts"
import { DeadlineExceeded, EpochPassed, InvalidCommand, RoleMismatch } from "./Errors.ts"
import type { Executor, Outcomes, Pin, Runner } from "./Executor.ts"
import type * as Args from "./internal/args.ts"
import { monotonicMillisUnsafe, timeoutOrElse } from "./internal/time.ts"
import { choiceProblem, durationOf, fieldsOf, integerProblem, isBytes, itemsOf, kindOf } from "./internal/values.ts"
import type * as PubSub from "./PubSub.ts"
import * as Subscription from "./Subscription.ts"

type Constructors = Omit<typeof commands, "sentinel">

/** The names of the constructors whose commands have at most that mode. */
type NamesOf<M extends Command.Mode> = {
  [K in keyof Constructors]: ReturnType<Constructors[K]> extends Command.Command<any, M, any> ? K : never
}[keyof Constructors]

/**
 * A method for each command: the arguments of its constructor, and an Effect
 * of its result.
 *
 * @since 0.1.0
 * @category models
 */
export type Methods<M extends Command.Mode> = {
  readonly [K in NamesOf<M>]: (
    ...args: Parameters<Constructors[K]>
  ) => Effect.Effect<ResultOf<ReturnType<Constructors[K]>>, RedisError>
}

type ResultOf<C> = C extends Command.Command<infer A, any, any> ? A : never

/**
 * The same methods, with bytes in place of strings in their results.
 *
 * @since 0.1.0
 * @category models
 */
export type BytesMethods<M extends Command.Mode> = {
  readonly [K in NamesOf<M>]: (
    ...args: Parameters<Constructors[K]>
  ) => Effect.Effect<BytesOf<ReturnType<Constructors[K]>>, RedisError>
}

type BytesOf<C> = C extends Command.Command<any, any, infer B> ? B : never

/**
 * The results of commands, in their order.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Results<Cs extends ReadonlyArray<Command.Any>> = {
  -readonly [I in keyof Cs]: Command.Result<Cs[I]>
}

/**
 * The outcomes of commands, in their order.
 *
 * @since 0.1.0
 * @category utility types
 */
export type ResultsOf<Cs extends ReadonlyArray<Command.Any>> = {
  -readonly [I in keyof Cs]: Result.Result<Command.Result<Cs[I]>, RedisError>
}

/**
 * Options of a scan as a Stream.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScanOptions extends Args.ScanOptions {
  /**
   * What becomes of the Stream when its cursor no longer means anything, because
   * the group moved or the server was started again. `"fail"`: it fails with
   * `ScanInterrupted`, which says how many elements it had given. `"restart"`: it
   * starts over, and elements come again. Default `"fail"`.
   */
  readonly whenInterrupted?: "fail" | "restart" | undefined
}

/**
 * What every client has besides the methods. `M` is `"read"` for a replica's
 * client, which cannot be given a write.
 *
 * @since 0.1.0
 * @category models
 */
export interface Base<M extends Command.Mode> {
  /** The address or the group that the client is bound to. */
  readonly target: string

  /** The methods with bytes in place of strings in their results. */
  readonly bytes: BytesMethods<M>

  /**
   * Runs a command value.
   *
   * `timeout` replaces the client's `commandTimeout` for this one.
   */
  readonly run: <A, B>(
    command: Command.Command<A, M, B>,
    options?: { readonly timeout?: Duration.Input | undefined } | undefined
  ) => Effect.Effect<A, RedisError>

  /**
   * Runs a command that may be sent again if its reply never comes, and so be
   * applied twice: `redis.repeatable(commands.set("last", "now"))`. It does not
   * fail with `AmbiguousOutcome` for a lost connection.
   */
  readonly repeatable: <A, B>(command: Command.Command<A, M, B>) => Effect.Effect<A, RedisError>

  /**
   * Runs a command by its name: `redis.send("OBJECT FREQ", "key")`. It counts
   * as a write, so it is not sent again when its reply is lost; `Command.raw`
   * says more. Maps come back as `Map`, sets as `Set`.
   */
  readonly send: (name: string, ...args: Array<Command.Arg>) => Effect.Effect<unknown, RedisError>

  /**
   * Runs commands on one connection, in order, and gives the tuple of their
   * results. It is not atomic. All are run; the first `AmbiguousOutcome` fails it,
   * and else the first failure, in their order. What is sent again after a refusal
   * or a loss is sent with everything that comes after it.
   */
  readonly pipeline: <const Cs extends ReadonlyArray<Command.Command<any, M, any>>>(
    commands: Cs
  ) => Effect.Effect<Results<Cs>, RedisError>

  /** Runs commands like `pipeline`, and gives each one's own outcome. */
  readonly pipelineResults: <const Cs extends ReadonlyArray<Command.Command<any, M, any>>>(
    commands: Cs
  ) => Effect.Effect<ResultsOf<Cs>, RedisError>

  /**
   * Runs commands in MULTI and EXEC, and gives the tuple of their results.
   * Either all are executed or none. A command that fails while EXEC runs it
   * does not undo the others: then the first failure, in their order, fails it.
   */
  readonly transaction: <const Cs extends ReadonlyArray<Command.Command<any, M, any>>>(
    commands: Cs
  ) => Effect.Effect<Results<Cs>, RedisError>

  /** Runs commands like `transaction`, and gives each one's own outcome. */
  readonly transactionResults: <const Cs extends ReadonlyArray<Command.Command<any, M, any>>>(
    commands: Cs
  ) => Effect.Effect<ResultsOf<Cs>, RedisError>

  /**
   * All keys, from SCAN. A key may come twice; one that is there all the time
   * comes at least once. Fails with `ScanInterrupted` when the server is another
   * one, unless it is told to start over.
   */
  readonly scanStream: (
    options?: (ScanOptions & { readonly type?: string | undefined }) | undefined
  ) => Stream.Stream<string, RedisError>

  /** All fields and values of a hash, from HSCAN. */
  readonly hscanStream: (
    key: Command.Key,
    options?: ScanOptions | undefined
  ) => Stream.Stream<[field: string, value: string], RedisError>

  /** All members of a set, from SSCAN. */
  readonly sscanStream: (key: Command.Key, options?: ScanOptions | undefined) => Stream.Stream<string, RedisError>

  /** All members of a sorted set with their scores, from ZSCAN. */
  readonly zscanStream: (
    key: Command.Key,
    options?: ScanOptions | undefined
  ) => Stream.Stream<Command.Scored, RedisError>
}

/**
 * A client on a connection of its own: for WATCH, for WAIT, for commands that
 * change the session. When the connection is lost, its commands fail; they are
 * not carried to another.
 *
 * @since 0.1.0
 * @category models
 */
export interface LeasedClient<M extends Command.Mode> extends Base<M> {
  /**
   * The configuration epoch that the connection was opened in. Once the group has
   * moved on, the lease's commands fail with `ConnectionLost` (`kind` `"moved"`).
   */
  readonly epoch: number
  /** Makes the next `transaction` fail with `TransactionAborted` if one of the keys changes before it. */
  readonly watch: (...keys: Array<Command.Key>) => Effect.Effect<"OK", RedisError>
  /** Forgets what is watched. */
  readonly unwatch: Effect.Effect<"OK", RedisError>
}

interface WithLease<M extends Command.Mode> {
  /**
   * What is published on channels, on those that match patterns, and on shard
   * channels, on a connection of its own. The Stream follows the node through
   * losses and moves; where messages may be missing, it has a `Gap`. A message
   * that is not UTF-8 is an `Undecodable`, with its bytes; `redis.bytes.subscribe`
   * gives all of them as bytes.
   *
   * It fails if the first subscription cannot be made. From then on it lasts as
   * long as the client: whatever stands in the way of the next one, a password
   * that has changed included, is told once in the log, and tried again every
   * 100 milliseconds to 2 seconds.
   *
   * **Example**
   *
   * ```ts
   * import { Effect, Stream } from "effect"
   * import { RedisClient } from "effect-redis-sentinel"
   *
   * export const program = Effect.gen(function*() {
   *   const redis = yield* RedisClient.RedisClient
   *   yield* redis.subscribe({ channels: ["news"], patterns: ["user:*"] }).pipe(
   *     Stream.runForEach((item) =>
   *       item._tag === "Gap"
   *         ? Effect.log(`messages may be missing: ${item.detail}`)
   *         : item._tag === "Undecodable"
   *         ? Effect.log(`${item.payload.length} bytes that are not UTF-8`)
   *         : Effect.log(`${item.channel}: ${item.payload}`)
   *     )
   *   )
   * })
   * ```
   */
  readonly subscribe: (
    interests: PubSub.Interests,
    options?: Subscription.Options | undefined
  ) => Stream.Stream<Subscription.Message | Subscription.Undecodable | Subscription.Gap, RedisError>

  readonly bytes: {
    /** The same, with channels, patterns and payloads as the bytes that they are. */
    readonly subscribe: (
      interests: PubSub.Interests,
      options?: Subscription.Options | undefined
    ) => Stream.Stream<Subscription.Message<Uint8Array> | Subscription.Gap, RedisError>
  }

  /**
   * A client on an exclusive connection, until the Scope closes. Fails with
   * `LeaseTimeout` if none becomes free in time.
   */
  readonly lease: Effect.Effect<LeasedClient<M> & Methods<M>, RedisError, Scope.Scope>
}

/**
 * A client that reads and writes.
 *
 * @since 0.1.0
 * @category models
 */
export type PrimaryClient = Base<"read" | "write"> & Methods<"read" | "write"> & WithLease<"read" | "write"> & {
  /**
   * How far the primary's history is now: whatever it has acknowledged before is
   * in it. For reads of one's own writes: see `afterOffset` of a replica's client.
   */
  readonly offset: Effect.Effect<Offset, RedisError>
}

/**
 * A place in the history of a group's data.
 *
 * @since 0.1.0
 * @category models
 */
export interface Offset {
  /** The configuration epoch of the primary. */
  readonly epoch: number
  /** Its replication offset, in bytes. */
  readonly offset: number
}

/**
 * A client that reads: it has no methods that write, and cannot be given a
 * command that does.
 *
 * @since 0.1.0
 * @category models
 */
export type ReplicaClient = Base<"read"> & Methods<"read"> & WithLease<"read"> & {
  /**
   * A client whose reads are not older than that: each waits until a replica has
   * come so far, 20 milliseconds at most; then the primary serves it, unless that
   * is turned off. Fails with `EpochPassed` once the group has moved: what was
   * written before may be lost.
   *
   * **Example** (Reading one's own writes)
   *
   * ```ts
   * import { Effect } from "effect"
   * import { RedisClient } from "effect-redis-sentinel"
   *
   * export const program = Effect.gen(function*() {
   *   const redis = yield* RedisClient.RedisClient
   *   const replica = yield* RedisClient.RedisReplica
   *   yield* redis.set("name", "Ada")
   *   const own = replica.afterOffset(yield* redis.offset)
   *   return yield* own.get("name") // "Ada"
   * })
   * ```
   */
  readonly afterOffset: (offset: Offset) => Base<"read"> & Methods<"read">
}

const WATCH = Command.define({ words: ["WATCH"], mode: "read", keys: "all", decode: Command.ok })
const UNWATCH = Command.define({ words: ["UNWATCH"], mode: "read", decode: Command.ok })

const { sentinel: _, ...constructors } = commands

const isAmbiguous = (exit: Exit.Exit<never, RedisError>): boolean => {
  const error = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : Option.none()
  return Option.isSome(error) && error.value._tag === "AmbiguousOutcome"
}

const allResults = ({ failures, values }: Outcomes): Effect.Effect<any, RedisError> => {
  if (failures === undefined) return Exit.succeed(values)
  let first = Infinity
  let ambiguous = Infinity
  for (const [i, exit] of failures) {
    if (i < first) first = i
    if (i < ambiguous && isAmbiguous(exit)) ambiguous = i
  }
  // What may have been executed matters more than what was not.
  return failures.get(ambiguous === Infinity ? first : ambiguous)!
}

const allOutcomes = ({ failures, values }: Outcomes): Effect.Effect<any, RedisError> => {
  const results: Array<Result.Result<unknown, RedisError>> = new Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const failure = failures?.get(i)
    if (failure === undefined) {
      results[i] = Result.succeed(values[i])
      continue
    }
    const error = Exit.isFailure(failure) ? Cause.findErrorOption(failure.cause) : Option.none()
    // A defect is nobody's outcome.
    if (Option.isNone(error)) return failure
    results[i] = Result.fail(error.value)
  }
  return Exit.succeed(results)
}

const names = Object.keys(constructors)

const constructorOf = (name: string): (...args: Array<any>) => Command.Any =>
  (constructors as unknown as Record<string, (...args: Array<any>) => Command.Any>)[name]!

const invalid = (command: string, detail: string): Effect.Effect<never, InvalidCommand> =>
  Effect.fail(new InvalidCommand({ command, detail }))

/** What a constructor threw at arguments that are none of its own. */
const refusalOf = (name: string, args: ReadonlyArray<unknown>, error: unknown): InvalidCommand => {
  if (error instanceof InvalidCommand) return error
  const at = args.findIndex((arg) => arg === null || !argTypes.has(typeof arg))
  return new InvalidCommand({
    command: name,
    detail: at === -1
      ? `the arguments are not its own: ${args.slice(0, 8).map(kindOf).join(", ") || "none"}`
      : `argument ${at + 1}: ${kindOf(args[at])} is not what it takes`
  })
}

const argTypes: ReadonlySet<string> = new Set(["string", "number", "bigint", "object"])

/** A copy of a list of commands: what the caller does with his own afterwards changes nothing. */
const commandsOf = (name: string, given: unknown): ReadonlyArray<Command.Any> | InvalidCommand => {
  const list = itemsOf(given)
  if (typeof list === "string") return new InvalidCommand({ command: name, detail: `commands: ${list}` })
  for (let i = 0; i < list.length; i++) {
    const problem = Command.problemOf(list[i])
    if (problem !== undefined) return new InvalidCommand({ command: name, detail: `commands[${i}]: ${problem}` })
  }
  return list as Array<Command.Any>
}

const scanOptionsOf = (
  command: string,
  given: unknown
): (ScanOptions & { readonly type?: string | undefined }) | InvalidCommand => {
  const fields = given === undefined ? {} : fieldsOf(given)
  if (typeof fields === "string") return new InvalidCommand({ command, detail: `options: ${fields}` })
  const { count, match, type, whenInterrupted } = fields
  const wrong = (field: string, problem: string | undefined): string | undefined =>
    problem === undefined ? undefined : `${field}: ${problem}`
  const text = (field: string, value: unknown): string | undefined =>
    value === undefined || typeof value === "string" ? undefined : `${field}: ${kindOf(value)} is not a string`
  const detail = text("match", match) ?? text("type", type) ??
    (count === undefined ? undefined : wrong("count", integerProblem(count, 1, Number.MAX_SAFE_INTEGER))) ??
    (whenInterrupted === undefined
      ? undefined
      : wrong("whenInterrupted", choiceProblem(whenInterrupted, ["fail", "restart"])))
  return detail === undefined ? fields : new InvalidCommand({ command, detail })
}

const make = (
  runner: Runner,
  target: string,
  mode: Command.Mode,
  more: Readonly<Record<string, unknown>> = {}
): Base<any> => {
  /** What the types forbid already, for those who go around them. */
  const refused = (list: ReadonlyArray<Command.Any>): InvalidCommand | undefined => {
    if (mode === "write") return undefined
    const write = list.find((c) => c.spec.mode === "write")
    return write === undefined
      ? undefined
      : new InvalidCommand({ command: write.spec.name, detail: "a replica's client does not write" })
  }
  const run = mode === "write"
    ? runner.run
    : (command: Command.Any, timeout?: Duration.Input | undefined): Effect.Effect<any, RedisError> => {
      const invalid = refused([command])
      return invalid === undefined ? runner.run(command, timeout) : Effect.fail(invalid)
    }
  const guarded = (
    name: string,
    many: (list: ReadonlyArray<Command.Any>) => Effect.Effect<Outcomes, RedisError>,
    gather: (outcomes: Outcomes) => Effect.Effect<any, RedisError>
  ) =>
  (given: ReadonlyArray<Command.Any>): Effect.Effect<any, RedisError> => {
    const list = commandsOf(name, given)
    if (list instanceof InvalidCommand) return Effect.fail(list)
    const invalid = refused(list)
    return invalid === undefined ? Effect.flatMap(many(list), gather) : Effect.fail(invalid)
  }

  const scan = <A>(
    name: string,
    page: (
      cursor: string,
      options: ScanOptions & { readonly type?: string | undefined }
    ) => Command.Command<Command.Page<ReadonlyArray<A>>, "read", any>,
    given: ScanOptions | undefined
  ): Stream.Stream<A, RedisError> => {
    const options = scanOptionsOf(name, given)
    if (options instanceof InvalidCommand) return Stream.fail(options)
    return Stream.suspend(() => {
      const pin: Pin = { server: undefined, given: 0 }
      const turn = (cursor: string): Effect.Effect<Command.Page<ReadonlyArray<A>>, RedisError> =>
        options.whenInterrupted === "restart"
          ? Effect.catchTag(runner.page(page(cursor, options), pin), "ScanInterrupted", () => {
            pin.server = undefined
            pin.connection = undefined
            return turn("0")
          })
          : runner.page(page(cursor, options), pin)
      return Stream.paginate(
        "0",
        (cursor: string) =>
          Effect.map(turn(cursor), ({ cursor: next, items }) => {
            pin.given += items.length
            return [items, next === "0" ? Option.none<string>() : Option.some(next)] as const
          })
      )
    })
  }

  const methods: Record<string, unknown> = {}
  for (const name of names) {
    const construct = constructorOf(name)
    methods[name] = (...args: Array<any>) => {
      let command: Command.Any
      try {
        command = construct(...args)
      } catch (error) {
        return Effect.fail(refusalOf(name, args, error))
      }
      return run(command)
    }
  }
  let bytes: Record<string, unknown> | undefined
  // Few ask for them, and a lease has a client of its own: they are made when they are asked for.
  Object.defineProperty(methods, "bytes", {
    enumerable: true,
    get: () => {
      if (bytes === undefined) {
        bytes = { ...more }
        for (const name of names) {
          const construct = constructorOf(name)
          bytes[name] = (...args: Array<any>) => {
            let command: Command.Any
            try {
              command = Command.bytes(construct(...args))
            } catch (error) {
              return Effect.fail(refusalOf(name, args, error))
            }
            return run(command)
          }
        }
      }
      return bytes
    }
  })
  const base: Omit<Base<any>, "bytes"> = {
    target,
    run: (command, options) => {
      const problem = Command.problemOf(command)
      if (problem !== undefined) return invalid("run", problem)
      if (options === undefined) return run(command)
      const given = fieldsOf(options)
      if (typeof given === "string") return invalid(command.spec.name, `options: ${given}`)
      if (given["timeout"] === undefined) return run(command)
      const timeout = durationOf(given["timeout"])
      return typeof timeout === "string"
        ? invalid(command.spec.name, `timeout: ${timeout}`)
        : run(command, timeout)
    },
    repeatable: (command) => {
      const problem = Command.problemOf(command)
      return problem === undefined ? run(Command.repeatable(command)) : invalid("repeatable", problem)
    },
    // The server itself refuses a write on a replica, so the name alone is enough.
    send: (name, ...args) => {
      let command: Command.Command<unknown, any>
      try {
        command = Command.raw(name, args)
      } catch (error) {
        return Effect.fail(refusalOf("send", [name, ...args], error))
      }
      return runner.run(command)
    },
    pipeline: guarded("pipeline", runner.batch, allResults),
    pipelineResults: guarded("pipelineResults", runner.batch, allOutcomes),
    transaction: guarded("transaction", runner.atomic, allResults),
    transactionResults: guarded("transactionResults", runner.atomic, allOutcomes),
    scanStream: (options) => scan("SCAN", (cursor, checked) => commands.scan(cursor, checked), options),
    hscanStream: (key, options) => scan("HSCAN", (cursor, checked) => commands.hscan(key, cursor, checked), options),
    sscanStream: (key, options) => scan("SSCAN", (cursor, checked) => commands.sscan(key, cursor, checked), options),
    zscanStream: (key, options) => scan("ZSCAN", (cursor, checked) => commands.zscan(key, cursor, checked), options)
  }
  return Object.assign(methods, base) as unknown as Base<any>
}

const fromExecutor = (executor: Executor, mode: Command.Mode): Base<any> => {
  const lease = Effect.map(executor.lease, (leased) =>
    Object.assign(make(leased, executor.shown, mode), {
      epoch: leased.connection.epoch,
      watch: (...keys: Array<Command.Key>) => leased.run(Command.make(WATCH, keys)),
      unwatch: leased.run(Command.make(UNWATCH, []))
    }))
  const source: Subscription.Source = {
    shown: executor.shown,
    session: (prepare) => executor.session(prepare),
    untilClosed: executor.untilClosed
  }
  const checked = (
    given: unknown,
    options: unknown
  ): { readonly interests: PubSub.Interests; readonly options: Subscription.Options } | string => {
    const interests = fieldsOf(given)
    if (typeof interests === "string") return `interests: ${interests}`
    for (const kind of ["channels", "patterns", "shards"]) {
      if (interests[kind] === undefined) continue
      const names = itemsOf(interests[kind])
      if (typeof names === "string") return `${kind}: ${names}`
      const at = names.findIndex((name) => typeof name !== "string" && !isBytes(name))
      if (at !== -1) return `${kind}[${at}]: ${kindOf(names[at])} is not a name`
      interests[kind] = names
    }
    const fields = options === undefined ? {} : fieldsOf(options)
    if (typeof fields === "string") return `options: ${fields}`
    const { capacity } = fields
    const problem = capacity === undefined || capacity === Infinity
      ? undefined
      : integerProblem(capacity, 1, Number.MAX_SAFE_INTEGER)
    return problem === undefined ? { interests, options: fields } : `capacity: ${problem}`
  }
  const subscribe = (interests: PubSub.Interests, options?: Subscription.Options | undefined) => {
    const given = checked(interests, options)
    return typeof given === "string"
      ? Stream.fromEffect(invalid("SUBSCRIBE", given))
      : Subscription.make(source, given.interests, given.options, "text")
  }
  const bytes = {
    subscribe: (interests: PubSub.Interests, options?: Subscription.Options | undefined) => {
      const given = checked(interests, options)
      return typeof given === "string"
        ? Stream.fromEffect(invalid("SUBSCRIBE", given))
        : Subscription.make(source, given.interests, given.options, "bytes")
    }
  }
  return Object.assign(make(executor, executor.shown, mode, bytes), { lease, subscribe })
}

/** How long a replica is waited for before the primary is asked, in milliseconds, and how often it is asked. */
const patienceMillis = 20
const againMillis = 2

/**
 * Runs reads in one transaction with ROLE, so that the answer is of the same
 * moment, until that has come as far as it has to. Once the group has moved
 * nobody can promise that any more, whoever answers: it is asked before and
 * after.
 */
const after = (executor: Executor, primary: Executor | undefined, offset: Offset): Runner => {
  const current = (): Effect.Effect<void, EpochPassed> => {
    const now = executor.epoch
    return now === 0 || now === offset.epoch
      ? Effect.void
      : Effect.fail(new EpochPassed({ target: executor.shown, epoch: offset.epoch, now }))
  }
  const inEpoch = <A>(effect: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> =>
    Effect.suspend(current).pipe(Effect.andThen(effect), Effect.tap(() => current()))

  type Role = Command.Result<ReturnType<typeof commands.role>>
  const isReached = (role: Role): boolean =>
    // A primary with less is one that was left, or has lost what it had.
    (role.role === "primary" && role.offset >= offset.offset) ||
    // The offsets of a history that was left say nothing of this one.
    (role.role === "replica" && role.offset >= offset.offset && !executor.isAstray(role.primary))

  /** The group's own primary has less than was written, and will not get it from anybody. */
  const hasLost = (runner: Executor, role: Role): boolean =>
    runner === primary && role.role === "primary" && role.offset < offset.offset
  const lost = Effect.suspend(() =>
    Effect.fail(new EpochPassed({ target: executor.shown, epoch: offset.epoch, now: executor.epoch }))
  )

  /** Tries at the replicas, and after a while at the primary, until something comes of it. */
  const reach = <A>(attempt: (runner: Executor) => Effect.Effect<A | undefined, RedisError>) =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const until = monotonicMillisUnsafe(clock) + patienceMillis
      while (true) {
        const late = monotonicMillisUnsafe(clock) >= until
        const result = yield* inEpoch(attempt(late && primary !== undefined ? primary : executor))
        if (result !== undefined) return result
        yield* Effect.sleep(againMillis)
      }
    })

  const within = <A>(effect: Effect.Effect<A, RedisError>, command: string, limit: Duration.Input) =>
    timeoutOrElse(effect, {
      duration: Duration.fromInputUnsafe(limit),
      orElse: () =>
        Effect.fail(
          new DeadlineExceeded({ command, timeoutMillis: Duration.toMillis(Duration.fromInputUnsafe(limit)) })
        )
    })

  const atomic = (
    list: ReadonlyArray<Command.Any>,
    limit: Duration.Input = executor.commandTimeout
  ): Effect.Effect<Outcomes, RedisError> =>
    within(
      reach((runner) =>
        Effect.flatMap(
          runner.atomic([commands.role(), ...list]),
          ({ failures, values }): Effect.Effect<Outcomes | undefined, RedisError> => {
            const denied = failures?.get(0)
            if (denied !== undefined) return denied
            if (hasLost(runner, values[0] as Role)) return lost
            if (!isReached(values[0] as Role)) return Effect.undefined
            const shifted = failures === undefined
              ? undefined
              : new Map(Array.from(failures, ([i, exit]) => [i - 1, exit] as const))
            return Effect.succeed({ values: values.slice(1), failures: shifted })
          }
        )
      ),
      list.length === 1 ? list[0]!.spec.name : "MULTI",
      limit
    )

  /**
   * The first page asks a server how far it is, and begins there once that is
   * far enough; a history does not get shorter, so the others only have to be
   * of the same server.
   */
  const page: Runner["page"] = (command, pin) => {
    const forget = (): void => {
      pin.server = undefined
      pin.connection = undefined
    }
    const first = reach((runner) =>
      Effect.suspend(() => {
        forget()
        return Effect.flatMap(runner.page(commands.role(), pin), (role) => {
          if (!isReached(role)) {
            forget()
            return hasLost(runner, role) ? lost : Effect.undefined
          }
          pin.runner = runner
          // Its server was lost in between: nothing was given yet.
          return Effect.catchTag(
            Effect.map(runner.page(command, pin), (value) => ({ value })),
            "ScanInterrupted",
            () => Effect.undefined
          )
        })
      })
    )
    const any = Effect.suspend(() =>
      pin.server === undefined
        ? Effect.map(first, ({ value }) => value)
        : inEpoch((pin.runner ?? executor).page(command, pin))
    )
    return within(any, command.spec.name, executor.commandTimeout)
  }

  const run: Runner["run"] = (command, timeout) =>
    Effect.flatMap(
      atomic([command], timeout),
      ({ failures, values }) => failures === undefined ? Effect.succeed(values[0] as never) : failures.get(0)!
    )
  return { run, batch: (list) => atomic(list), atomic: (list) => atomic(list), page }
}

/**
 * A client that reads and writes, on an executor.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePrimary = (executor: Executor): PrimaryClient =>
  Object.assign(fromExecutor(executor, "write"), {
    offset: Effect.flatMap(executor.run(commands.role()), (role): Effect.Effect<Offset, RedisError> =>
      role.role === "primary"
        ? Effect.succeed({ epoch: executor.epoch, offset: role.offset })
        : Effect.fail(new RoleMismatch({ address: executor.shown, expected: "primary", actual: role.role })))
  }) as unknown as PrimaryClient

const offsetOf = (given: unknown): Offset | InvalidCommand => {
  const fields = fieldsOf(given)
  const problem = typeof fields === "string"
    ? fields
    : ["epoch", "offset"].flatMap((field) => {
      const wrong = integerProblem(fields[field], 0, Number.MAX_SAFE_INTEGER)
      return wrong === undefined ? [] : [`${field}: ${wrong}`]
    })[0]
  return problem === undefined
    ? fields as unknown as Offset
    : new InvalidCommand({ command: "afterOffset", detail: problem })
}

/** What a client that cannot be made runs its commands with. */
const refusing = (error: InvalidCommand): Runner => {
  const refuse = () => Effect.fail(error)
  return { run: refuse, batch: refuse, atomic: refuse, page: refuse }
}

/**
 * A client that reads, on an executor; `primary` serves reads for which no replica is new enough.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeReplica = (executor: Executor, primary?: Executor | undefined): ReplicaClient =>
  Object.assign(fromExecutor(executor, "read"), {
    afterOffset: (offset: Offset) => {
      const given = offsetOf(offset)
      const runner = given instanceof InvalidCommand ? refusing(given) : after(executor, primary, given)
      return make(runner, executor.shown, "read")
    }
  }) as unknown as ReplicaClient
