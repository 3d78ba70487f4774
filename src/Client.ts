/**
 * What a client can do: a method for each command, pipelines, transactions,
 * reserved connections, scans and subscriptions. Types only.
 *
 * The services and layers that give clients to applications are in RedisClient.ts
 * and Sentinel.ts; the methods are bound in internal/client/client.ts.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as Command from "./Command.ts"
import type * as commands from "./commands/index.ts"
import type { RedisError } from "./Errors.ts"
import type * as Args from "./internal/commands/args.ts"
import type { Channels, Gap, Message, SubscribeOptions, Undecodable } from "./PubSub.ts"

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
export type ResultsOrErrors<Cs extends ReadonlyArray<Command.Any>> = {
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
  ) => Effect.Effect<ResultsOrErrors<Cs>, RedisError>

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
  ) => Effect.Effect<ResultsOrErrors<Cs>, RedisError>

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
export interface ReservedClient<M extends Command.Mode> extends Base<M> {
  /**
   * The configuration epoch that the connection was opened in. Once the group has
   * moved on, the reserved connection's commands fail with `ConnectionLost` (`kind` `"moved"`).
   */
  readonly epoch: number
  /** Makes the next `transaction` fail with `TransactionAborted` if one of the keys changes before it. */
  readonly watch: (...keys: Array<Command.Key>) => Effect.Effect<"OK", RedisError>
  /** Forgets what is watched. */
  readonly unwatch: Effect.Effect<"OK", RedisError>
}

interface WithReserve<M extends Command.Mode> {
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
    interests: Channels,
    options?: SubscribeOptions | undefined
  ) => Stream.Stream<Message | Undecodable | Gap, RedisError>

  readonly bytes: {
    /** The same, with channels, patterns and payloads as the bytes that they are. */
    readonly subscribe: (
      interests: Channels,
      options?: SubscribeOptions | undefined
    ) => Stream.Stream<Message<Uint8Array> | Gap, RedisError>
  }

  /**
   * A client on an exclusive connection, until the Scope closes. Fails with
   * `ReserveTimeout` if none becomes free in time.
   */
  readonly reserve: Effect.Effect<ReservedClient<M> & Methods<M>, RedisError, Scope.Scope>
}

/**
 * A client that reads and writes.
 *
 * @since 0.1.0
 * @category models
 */
export type PrimaryClient = Base<"read" | "write"> & Methods<"read" | "write"> & WithReserve<"read" | "write"> & {
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
export type ReplicaClient = Base<"read"> & Methods<"read"> & WithReserve<"read"> & {
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
