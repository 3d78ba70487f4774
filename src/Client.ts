/**
 * The types of clients: a method for each command, pipelines, transactions, reserved
 * connections, scans and subscriptions. Types only.
 *
 * The services and layers that give clients to applications are in the modules `RedisClient` and `Sentinel`.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as Command from "./Command.ts"
import type { TimeoutInput } from "./commands/options.ts"
import type { ConnectionError, RedisError, ReplyError, TransactionAborted } from "./Errors.ts"
import type * as Args from "./internal/commands/args.ts"
import type { Callable, FunctionCalls, HasFunctions } from "./internal/scripts/definition.ts"
import type { ValueMethods, Values } from "./internal/values/commands.ts"
import type { WithKeyspace } from "./KeyspaceEvents.ts"
import type {
  ReadBytesMethods,
  ReadMethods,
  ReservedMethods,
  WriteBytesMethods,
  WriteMethods
} from "./methods/index.ts"
import type { MonitoredCommand, MonitorOptions } from "./MonitorStream.ts"
import type { PopStream, PopStreamBytes } from "./PopStream.ts"
import type { BytesSubscriptions, Gap, Subscriptions } from "./PubSub.ts"

export type {
  ReadBytesMethods,
  ReadMethods,
  ReservedMethods,
  WriteBytesMethods,
  WriteMethods
} from "./methods/index.ts"

/**
 * A method for each command: it takes the arguments of the command's constructor and
 * gives an Effect of its result. `"read"` has the commands that change no data,
 * `"read" | "write"` has all.
 *
 * @since 0.1.0
 * @category models
 */
export type Methods<M extends Command.Mode> = "write" extends M ? WriteMethods : ReadMethods

/**
 * The same methods, with `Uint8Array` in place of `string` in their results.
 *
 * @since 0.1.0
 * @category models
 */
export type BytesMethods<M extends Command.Mode> = "write" extends M ? WriteBytesMethods : ReadBytesMethods

/**
 * The tuple of the results of commands, in their order.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Results<Cs extends ReadonlyArray<Command.Any>> = {
  -readonly [I in keyof Cs]: Command.Result<Cs[I]>
}

/**
 * The tuple of the outcomes of commands, in their order: each a `Result` of the
 * command's result or of its error.
 *
 * @since 0.1.0
 * @category utility types
 */
export type ResultsOrErrors<Cs extends ReadonlyArray<Command.Any>> = {
  -readonly [I in keyof Cs]: Result.Result<Command.Result<Cs[I]>, RedisError>
}

/**
 * Options of a Stream of a scan.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScanOptions extends Args.ScanOptions {
  /**
   * What the Stream does when its cursor is not valid any more, because the group moved
   * or the server restarted. `"fail"`: it fails with `ScanInterrupted`, which says how
   * many elements it gave. `"restart"`: it starts again, and gives elements again.
   * Default `"fail"`.
   */
  readonly whenInterrupted?: "fail" | "restart" | undefined
}

/**
 * Commands by their names and the Streams of scans. `S` is `string` for the methods of a
 * client, and `Uint8Array` for those of `redis.bytes`.
 *
 * @since 0.1.0
 * @category models
 */
export interface TextOrBytes<S extends string | Uint8Array> {
  /**
   * Runs a command by its name: `redis.send("OBJECT FREQ", "key")`. The client knows which
   * commands of the servers read, and treats them as it treats their methods; a command
   * that it does not know counts as a write. A client of replicas accepts reads only.
   * Replies are plain JavaScript, maps as `Map` and sets as `Set`; those of `redis.bytes.send`
   * have bytes in place of text.
   *
   * With an array of the words, options may follow: `redis.send(["HGETALL", "hash"], { resp: 2 })`
   * gives the reply in the shape of RESP2, whatever the session speaks, and
   * `redis.send(["MYMODULE.GET", "key"], { mode: "read" })` says that a command reads.
   * `Command.raw` makes the same command as a value, for pipelines and transactions.
   */
  readonly send: {
    (name: string, ...args: Array<Command.Arg>): Effect.Effect<unknown, RedisError>
    (
      words: readonly [name: string | Uint8Array, ...args: ReadonlyArray<Command.Arg>],
      options?: Command.RawOptions | undefined
    ): Effect.Effect<unknown, RedisError>
  }

  /**
   * The keys of the database, from SCAN. A key may come twice; a key that exists during
   * the whole scan comes at least once. Fails with `ScanInterrupted` when the cursor is
   * not valid any more, unless `whenInterrupted` is `"restart"`.
   *
   * Source: https://redis.io/docs/latest/commands/scan/
   */
  readonly scanStream: (
    options?:
      | (ScanOptions & {
        /** Gives only keys of this type, such as `hash` (Redis 6.0). Default: all types. */
        readonly type?: string | undefined
      })
      | undefined
  ) => Stream.Stream<S, RedisError>

  /** The fields and values of a hash, from HSCAN, under the rules of `scanStream`. */
  readonly hscanStream: (
    key: Command.Key,
    options?: ScanOptions | undefined
  ) => Stream.Stream<[field: S, value: S], RedisError>

  /** The members of a set, from SSCAN, under the rules of `scanStream`. */
  readonly sscanStream: (key: Command.Key, options?: ScanOptions | undefined) => Stream.Stream<S, RedisError>

  /** The members of a sorted set with their scores, from ZSCAN, under the rules of `scanStream`. */
  readonly zscanStream: (
    key: Command.Key,
    options?: ScanOptions | undefined
  ) => Stream.Stream<Command.Scored<S>, RedisError>
}

/**
 * Options of a command, a pipeline or a transaction.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunOptions {
  /**
   * The deadline, from the call to the last reply. `"Infinity"` sets none. Default: the client's `commandTimeout`.
   */
  readonly timeout?: TimeoutInput | undefined
}

/**
 * What every client has besides the methods of commands. `M` is `"read"` for a client
 * of replicas: it accepts no command that writes.
 *
 * A command fails with `ReplyError` if the server refuses it, with `DeadlineExceeded`
 * or a `ConnectionError` if it was not executed or is a read without a reply, with `AmbiguousOutcome` if it is a
 * write whose reply never came, with `InvalidCommand` if it cannot run, and with
 * `UnexpectedReply` if its reply cannot be decoded; with typed values also with
 * `ValueMismatch`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Base<M extends Command.Mode> extends TextOrBytes<string> {
  /** The address or the name of the group that the client belongs to. */
  readonly target: string

  /**
   * The methods of commands, `send` and the Streams of scans, with `Uint8Array` in place of
   * `string` in their results.
   */
  readonly bytes: BytesMethods<M> & TextOrBytes<Uint8Array>

  /**
   * The methods of commands on typed values, which `Values.make` made:
   * `redis.values(users).get("user:1")`. A stored value that does not fit fails with
   * `ValueMismatch`. Throws `InvalidCommand` for what `Values.make` did not make.
   */
  readonly values: <T>(values: Values<T>) => ValueMethods<T, M>

  /**
   * Gives the function that runs a script of `Script.make`, or a function of a
   * `FunctionLibrary`: `redis.script(transfer)({ from: "a", to: "b", amount: 5 })`. It is
   * the same as `redis.run(transfer({ ... }))`, and fails with `InvalidCommand` where the
   * call throws it. The client loads a script that a server does not have.
   */
  readonly script: <Call extends ReadonlyArray<any>, A>(
    script: Callable<Call, A, M>
  ) => (...call: Call) => Effect.Effect<A, RedisError>

  /**
   * Gives the functions that run those of a `FunctionLibrary`:
   * `redis.functions(bank).transfer({ ... })`. A client of replicas has those whose mode is
   * `"read"`. The client loads a library that a server does not have.
   */
  readonly functions: <const F extends Readonly<Record<string, Callable<any, any>>>>(
    library: HasFunctions<F>
  ) => FunctionCalls<F, M>

  /** Runs a command. */
  readonly run: <A, B>(
    command: Command.Command<A, M, B>,
    options?: RunOptions | undefined
  ) => Effect.Effect<A, RedisError>

  /**
   * Runs a command, and sends it again if its reply never comes, so that the server may
   * apply it twice: `redis.repeatable(commands.set("last", "now"))`. It does not fail
   * with `AmbiguousOutcome` for a lost connection.
   */
  readonly repeatable: <A, B>(command: Command.Command<A, M, B>) => Effect.Effect<A, RedisError>

  /**
   * Runs commands on one connection, in order, and gives the tuple of their results. It
   * is not atomic, and runs all of them. If commands fail, it fails with the first
   * `AmbiguousOutcome` among the errors, or else with the first error. Where the client
   * sends a command again, it sends all commands after it again, too.
   */
  readonly pipeline: <const Cs extends ReadonlyArray<Command.Command<any, M, any>>>(
    commands: Cs,
    options?: RunOptions | undefined
  ) => Effect.Effect<Results<Cs>, RedisError>

  /** Runs commands like `pipeline`, and gives the outcome of each in place of failing with one. */
  readonly pipelineResults: <const Cs extends ReadonlyArray<Command.Command<any, M, any>>>(
    commands: Cs,
    options?: RunOptions | undefined
  ) => Effect.Effect<ResultsOrErrors<Cs>, RedisError>

  /**
   * Runs commands between MULTI and EXEC, and gives the tuple of their results. The
   * server executes all of them or none. A command that fails during EXEC does not
   * undo the others; `transaction` then fails with the first error. After `watch`, it
   * fails with `TransactionAborted` if a watched key changed.
   */
  readonly transaction: <const Cs extends ReadonlyArray<Command.Command<any, M, any>>>(
    commands: Cs,
    options?: RunOptions | undefined
  ) => Effect.Effect<Results<Cs>, RedisError>

  /** Runs commands like `transaction`, and gives the outcome of each in place of failing with one. */
  readonly transactionResults: <const Cs extends ReadonlyArray<Command.Command<any, M, any>>>(
    commands: Cs,
    options?: RunOptions | undefined
  ) => Effect.Effect<ResultsOrErrors<Cs>, RedisError>
}

/**
 * A client on a reserved connection, which nobody else uses: for WATCH, for WAIT, and
 * for commands that change the session. When the connection is lost, its commands
 * fail; the client does not move them to another connection. After the Scope has
 * closed, they fail with `ClientClosed`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReservedClient<M extends Command.Mode> extends Base<M>, ReservedMethods {
  /**
   * The configuration epoch of the group in which the connection was opened. After a
   * failover the commands of this client fail with `ConnectionLost` (`kind` `"moved"`).
   */
  readonly epoch: number
  /** Makes the next `transaction` fail with `TransactionAborted` if one of the keys changes before it (WATCH). */
  readonly watch: (...keys: Array<Command.Key>) => Effect.Effect<"OK", RedisError>
  /** Forgets all watched keys (UNWATCH). */
  readonly unwatch: Effect.Effect<"OK", RedisError>
}

/**
 * The client in the body of `redis.watch`: it reads on the connection that watches. It
 * accepts no command that writes or changes the session, and has no transactions, since
 * EXEC forgets the watched keys. After the body its commands fail with `ClientClosed`.
 *
 * @since 0.1.0
 * @category models
 */
export interface WatchClient extends WatchClientBase {
  /** The configuration epoch of the group in which the connection was opened. */
  readonly epoch: number
  /** Watches more keys: those that the body finds out by reading. Watch a key before you read it. */
  readonly watch: (...keys: Array<Command.Key>) => Effect.Effect<"OK", RedisError>
}

type WatchClientBase = Omit<Base<"read">, "transaction" | "transactionResults"> & Methods<"read">

/**
 * Commands that the body of `redis.watch` gives, and a value for the caller.
 *
 * @since 0.1.0
 * @category models
 */
export interface WatchPlanWithValue<Cs, A> {
  /** The commands to execute. */
  readonly commands: Cs
  /** What the caller gets beside their results. */
  readonly value: A
}

/**
 * What the body of `redis.watch` gives: the commands to execute, or these and a value
 * for the caller. An empty list executes nothing.
 *
 * @since 0.1.0
 * @category models
 */
export type WatchPlan<M extends Command.Mode> = CommandList<M> | WatchPlanWithValue<CommandList<M>, unknown>

// With the empty tuple, TypeScript infers a tuple for a list in a generator.
type CommandList<M extends Command.Mode> = ReadonlyArray<Command.Command<any, M, any>> | readonly []

/**
 * The results of the commands that `redis.watch` executed, and the value of its body.
 *
 * @since 0.1.0
 * @category models
 */
export interface WatchedValue<Rs, A> {
  /** The results of the commands, in their order; empty if nothing was executed. */
  readonly results: Rs
  /** The value of the body. */
  readonly value: A
}

/**
 * What `redis.watch` gives for a plan of its body: the tuple of the results of the
 * commands; with a value, both.
 *
 * @since 0.1.0
 * @category utility types
 */
export type WatchResult<Plan> = Plan extends ReadonlyArray<Command.Any> ? Results<Plan>
  : Plan extends WatchPlanWithValue<infer Cs extends ReadonlyArray<Command.Any>, infer A> ? WatchedValue<Results<Cs>, A>
  : never

/**
 * Options of `redis.watch`.
 *
 * @since 0.1.0
 * @category models
 */
export interface WatchOptions {
  /**
   * When it starts over, and how often: after a watched key changed, and after the
   * connection was lost or the server refused before anything was executed. Its input is
   * the error; when it ends, `watch` fails with that. Default: after pauses that grow from
   * 2 to 100 milliseconds, jittered, for as long as `commandTimeout`; without a limit if
   * there is a `timeout`. Callers of one client that were in each other's way take turns in
   * place of these pauses.
   */
  readonly schedule?: Schedule.Schedule<unknown, TransactionAborted | ConnectionError | ReplyError> | undefined
  /**
   * How long it may take with everything: the wait for a connection, all runs of the body,
   * pauses, and EXEC. After it, `watch` fails with `DeadlineExceeded`, or, if EXEC was
   * sent and has no reply, with `AmbiguousOutcome`. Default: no limit but the schedule's,
   * and that of each command.
   */
  readonly timeout?: TimeoutInput | undefined
}

interface WithReserve<M extends Command.Mode> extends Subscriptions {
  /**
   * The commands that the node executes, of all its clients, as MONITOR shows them, on a connection of its own. The
   * Stream follows the node through lost connections and failovers, and has a `Gap` where commands may be missing. It
   * lasts as a subscription does, and ends with its Scope. Commands of administration, such as CONFIG, are not shown.
   *
   * It is for a look at a server for some time, not for production: the server writes every command once more for each
   * monitor, which may halve its throughput. Whoever reads the Stream sees the data of all clients, secrets among them:
   * servers hide only the passwords of AUTH, HELLO and MIGRATE.
   *
   * The client reads the connection whether the reader keeps up or not, so that the server keeps nothing back for it.
   * Commands beyond the `capacity` are dropped and counted in a `Gap`.
   *
   * **Example** (Who deletes keys)
   *
   * ```ts
   * import { Effect, Stream } from "effect"
   * import { RedisClient } from "effect-redis-sentinel"
   *
   * export const program = Effect.gen(function*() {
   *   const redis = yield* RedisClient.RedisClient
   *   yield* redis.monitorStream().pipe(
   *     Stream.filter((item) => item._tag === "MonitoredCommand" && /^(del|unlink)$/i.test(item.args[0]!)),
   *     Stream.take(10),
   *     Stream.runForEach((item) => item._tag === "Gap" ? Effect.void : Effect.log(item.client, ...item.args))
   *   )
   * })
   * ```
   */
  readonly monitorStream: (
    options?: MonitorOptions | undefined
  ) => Stream.Stream<MonitoredCommand | Gap, RedisError>

  /** Subscriptions and monitors with bytes; besides them, `bytes` has the methods of `Base`. */
  readonly bytes: BytesSubscriptions & {
    /** Monitors like `monitorStream`, and gives the words of commands as bytes. */
    readonly monitorStream: (
      options?: MonitorOptions | undefined
    ) => Stream.Stream<MonitoredCommand<Uint8Array> | Gap, RedisError>
  }

  /**
   * Reserves a connection until the Scope closes. Fails with `ReserveTimeout` if none
   * becomes free within `reserveTimeout` (default 5 seconds), and with another
   * `ConnectionError` or `DeadlineExceeded` if the node cannot be reached within
   * `commandTimeout`.
   *
   * **Example** (WATCH and a transaction)
   *
   * ```ts
   * import { Effect } from "effect"
   * import { commands, RedisClient } from "effect-redis-sentinel"
   *
   * export const program = Effect.gen(function*() {
   *   const redis = yield* RedisClient.RedisClient
   *   const reserved = yield* redis.reserve
   *   yield* reserved.watch("balance")
   *   const balance = Number(yield* reserved.get("balance"))
   *   yield* reserved.transaction([commands.set("balance", balance - 1)])
   * }).pipe(Effect.scoped)
   * ```
   */
  readonly reserve: Effect.Effect<ReservedClient<M> & Methods<M>, RedisError, Scope.Scope>

  /**
   * Executes commands that depend on what was read, unless that has changed meanwhile: an
   * optimistic transaction. It reserves a connection, watches the keys (WATCH), runs the
   * body, and executes the commands that the body gives (MULTI, EXEC). If one of the keys
   * has changed, the server executes nothing, and `watch` starts over: it watches again,
   * and the body runs again, as the `schedule` says.
   *
   * The body gets a client on the reserved connection, to read with. It may run any number
   * of times, so what it does besides reading must be repeatable. It gives a list of
   * commands, or `{ commands, value }` with a value for the caller; for an empty list
   * nothing is executed. Its errors and its requirements are those of `watch`.
   *
   * A connection that is lost before EXEC was sent has executed nothing: `watch` starts
   * over, after a failover on the new primary. EXEC never goes to another connection than
   * WATCH did. If EXEC was sent and has no reply, it fails with `AmbiguousOutcome`. It
   * fails with `TransactionAborted` when the schedule ends while keys change, and with
   * `ReserveTimeout` if no reserved connection becomes free.
   *
   * Source: https://redis.io/docs/latest/develop/using-commands/transactions/
   *
   * **Example** (Taking from a balance)
   *
   * ```ts
   * import { Data, Effect } from "effect"
   * import { commands, RedisClient } from "effect-redis-sentinel"
   *
   * class Insufficient extends Data.TaggedError("Insufficient")<{ readonly balance: number }> {}
   *
   * export const program = Effect.gen(function*() {
   *   const redis = yield* RedisClient.RedisClient
   *   const [balance] = yield* redis.watch("balance", (watched) =>
   *     Effect.gen(function*() {
   *       const balance = Number(yield* watched.get("balance"))
   *       if (balance < 10) return yield* new Insufficient({ balance })
   *       return [commands.decrby("balance", 10), commands.rpush("log", "took 10")]
   *     }))
   *   return balance
   * })
   * ```
   */
  readonly watch: <Plan extends WatchPlan<M>, E = never, R = never>(
    keys: Command.Key | ReadonlyArray<Command.Key>,
    body: (watched: WatchClient) => Effect.Effect<Plan, E, R>,
    options?: WatchOptions | undefined
  ) => Effect.Effect<WatchResult<Plan>, E | RedisError, R>
}

/**
 * A client that reads and writes: of a group's primary, or of one fixed server.
 *
 * @since 0.1.0
 * @category models
 */
export type PrimaryClient = Base<"read" | "write"> & Methods<"read" | "write"> & WithReserve<"read" | "write"> & {
  /**
   * The replication offset of the primary now. All writes that it acknowledged before
   * are below it. For reads of one's own writes from replicas: see `afterOffset`.
   */
  readonly offset: Effect.Effect<Offset, RedisError>

  /**
   * The elements of lists, removed one by one as the reader asks for them (BLPOP, BRPOP, BLMPOP). Each comes with the
   * key of its list; of several lists, the first one that has elements comes first. An element that is not UTF-8 or does
   * not fit the `codec` is an `Unreadable` with its bytes; `redis.bytes.popStream` gives all elements as bytes.
   *
   * The Stream lasts as long as the client. In an outage it logs one warning, and tries again after pauses that grow
   * from 100 milliseconds to 2 seconds. It fails with an error that no attempt can change, such as WRONGTYPE, and, before
   * the first answer of a server, with wrong credentials.
   *
   * Each element is given at most once. If a connection is lost while the server waits for an element, the Stream has a
   * `MaybeLost`: the server may have removed one. A Stream that is interrupted ends its wait at the server, and puts
   * back what was removed and not given. An element that its reader does not finish is gone: for work that must be done
   * use `RedisQueue`.
   *
   * **Example** (A worker)
   *
   * ```ts
   * import { Effect, Stream } from "effect"
   * import { RedisClient } from "effect-redis-sentinel"
   *
   * export const program = Effect.gen(function*() {
   *   const redis = yield* RedisClient.RedisClient
   *   yield* redis.popStream(["urgent", "normal"]).pipe(
   *     Stream.runForEach((item) =>
   *       item._tag === "Popped"
   *         ? Effect.log(`${item.value} from ${item.key}`)
   *         : item._tag === "Unreadable"
   *         ? Effect.log(`${item.value.length} bytes that do not fit: ${item.issue}`)
   *         : Effect.log(`at most ${item.most} element(s) may be lost: ${item.error.message}`)
   *     )
   *   )
   * })
   * ```
   */
  readonly popStream: PopStream

  /** Pops with bytes; besides them, `bytes` has the methods of `Base`. */
  readonly bytes: {
    /** Pops like `popStream`, and gives keys and elements as bytes. */
    readonly popStream: PopStreamBytes
  }
} & WithKeyspace

/**
 * A position in the replication stream of a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface Offset {
  /** The configuration epoch of the primary. */
  readonly epoch: number
  /** The replication offset of the primary, in bytes. */
  readonly offset: number
}

/**
 * A client that reads: it has no methods that write, and accepts no command that
 * writes.
 *
 * @since 0.1.0
 * @category models
 */
export type ReplicaClient = Base<"read"> & Methods<"read"> & WithReserve<"read"> & {
  /**
   * A client whose reads see all writes before an offset. Each read waits until a
   * replica has reached the offset, at most 20 milliseconds; then the primary serves it,
   * or, with `fallbackToPrimary: false`, it goes on waiting until its deadline. Reads
   * fail with `EpochPassed` after a failover, since it may have lost the writes.
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
} & WithKeyspace
