/**
 * The services `RedisClient` and `RedisReplica`, the layers that provide them (of one
 * fixed server, of a group's primary, of a group's replicas), and `withReplicas`.
 *
 * The types of the clients are in Client.ts.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Address from "./Address.ts"
import * as Client from "./Client.ts"
import { ping } from "./commands/connection.ts"
import type { DurationInput, TimeoutInput } from "./commands/options.ts"
import { type ConnectionError, InvalidCommand, InvalidOption, NotReplicated, type RedisError } from "./Errors.ts"
import { Check, onTopOf, unwrapped } from "./internal/client/checkOptions.ts"
import { makePrimary, watchOnReserved } from "./internal/client/client.ts"
import { steady } from "./internal/common/time.ts"
import { durationOf, fieldsOf, integerProblem, kindOf } from "./internal/common/values.ts"
import { openConnection } from "./internal/connection/handshake.ts"
import { makeExecutor } from "./internal/execution/executor.ts"
import * as RedisUrl from "./RedisUrl.ts"
import * as Sentinel from "./Sentinel.ts"

/**
 * The service of a client that reads and writes: of one fixed server, or of a group's
 * primary.
 *
 * **Example** (A client of a group's primary)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { RedisClient, Sentinel } from "effect-redis-sentinel"
 *
 * const live = RedisClient.layerPrimary("mymaster").pipe(
 *   Layer.provide(Sentinel.layer({ sentinels: ["localhost:26379"] }))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   yield* redis.set("greeting", "hello", { ttl: "1 minute" })
 *   return yield* redis.get("greeting")
 * }).pipe(Effect.provide(live))
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class RedisClient
  extends Context.Service<RedisClient, Client.PrimaryClient>()("effect-redis-sentinel/RedisClient")
{}

/**
 * The service of a client that reads from a group's replicas.
 *
 * @since 0.1.0
 * @category services
 */
export class RedisReplica
  extends Context.Service<RedisReplica, Client.ReplicaClient>()("effect-redis-sentinel/RedisReplica")
{}

/**
 * How many replicas must have the writes, and within what time.
 *
 * @since 0.1.0
 * @category models
 */
export interface Durability {
  /** How many replicas must acknowledge the writes, from 0 to 1,000. */
  readonly replicas: number
  /** How long to wait for them after the writes; rounded to milliseconds, at least 1. */
  readonly timeout: DurationInput
  /**
   * Where the writes must be on disk: at the replicas (`"replicas"`), or at the primary
   * as well (`"local"`). It uses WAITAOF (Redis 7.2); a primary without an append-only
   * file refuses `"local"`. Default: nowhere; the memory of the replicas is enough
   * (WAIT).
   */
  readonly onDisk?: "replicas" | "local" | undefined
}

/**
 * Runs an Effect with all its commands on one reserved connection, in one epoch, and
 * then waits until enough replicas have its writes. Inside the Effect, the service
 * `RedisClient` uses that connection.
 *
 * Fails with `NotReplicated` if too few replicas acknowledge the writes in time, or if
 * the connection or the primary is lost before the answer; with `ReserveTimeout` if no
 * reserved connection becomes free; and with `InvalidCommand` if `durability` is
 * invalid. A failover may still promote a replica without the writes, unless all
 * replicas have them: replication is asynchronous.
 *
 * Source: https://redis.io/docs/latest/commands/wait/ and
 * https://redis.io/docs/latest/commands/waitaof/
 *
 * **Example** (An order that is on a replica before it is confirmed)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * const order = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   yield* redis.hset("order:1", { total: 12 })
 *   yield* redis.rpush("orders", "order:1")
 * })
 *
 * export const program = order.pipe(
 *   RedisClient.withReplicas({ replicas: 1, timeout: "200 millis" }),
 *   Effect.catchTag("NotReplicated", (error) => Effect.log(`only ${error.acknowledged} replicas have it`))
 * )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withReplicas: {
  (
    durability: Durability
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | RedisError | NotReplicated, R | RedisClient>
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    durability: Durability
  ): Effect.Effect<A, E | RedisError | NotReplicated, R | RedisClient>
} = dual(2, <A, E, R>(
  self: Effect.Effect<A, E, R>,
  durability: Durability
): Effect.Effect<A, E | RedisError | NotReplicated, R | RedisClient> =>
  Effect.scoped(
    Effect.gen(function*() {
      const requirement = requirementOf(self, durability)
      if (requirement instanceof InvalidCommand) return yield* requirement
      const redis = yield* RedisClient
      const reserved = yield* redis.reserve
      // Inside, `reserve` gives this connection, too.
      const within = Object.defineProperty(
        Object.assign(Object.create(reserved), {
          reserve: Effect.succeed(reserved),
          watch: watchOnReserved(reserved),
          offset: redis.offset,
          subscribe: redis.subscribe
        }),
        "bytes",
        { get: () => Object.assign(Object.create(reserved.bytes), { subscribe: redis.bytes.subscribe }) }
      ) as Client.PrimaryClient
      const result = yield* Effect.provideService(self, RedisClient, within)
      const { isLocal, onDisk, timeoutMillis, requested } = requirement
      const timeout = Duration.millis(timeoutMillis)
      const fail = (acknowledged: number, local: boolean | undefined, cause?: unknown) =>
        new NotReplicated({ requested, acknowledged, isLocal: local, timeoutMillis, cause })
      const asked = onDisk === undefined
        ? Effect.map(reserved.wait(requested, timeout), (replicas) => ({ isLocal: false, replicas }))
        : reserved.waitaof(isLocal ? 1 : 0, requested, timeout)
      // The writes were acknowledged; only how far they have come is not known.
      const answer = yield* Effect.mapError(asked, (cause) => fail(0, isLocal ? false : undefined, cause))
      if (answer.replicas < requested || (isLocal && !answer.isLocal)) {
        return yield* fail(answer.replicas, isLocal ? answer.isLocal : undefined)
      }
      return result
    })
  ))

/** The checked arguments of `withReplicas`, or what is wrong with them. */
const requirementOf = (self: unknown, given: unknown) => {
  const refused = (detail: string) => new InvalidCommand({ command: "withReplicas", detail })
  if (!Effect.isEffect(self)) return refused(`expected an Effect, got ${kindOf(self)}`)
  const fields = fieldsOf(given)
  if (typeof fields === "string") return refused(`durability: ${fields}`)
  const { onDisk, replicas, timeout } = fields
  const wrong = integerProblem(replicas, 0, 1000)
  if (wrong !== undefined) return refused(`replicas: ${wrong}`)
  const duration = durationOf(timeout)
  if (typeof duration === "string") return refused(`timeout: ${duration}`)
  if (!Duration.isFinite(duration)) return refused("timeout: it must be finite")
  if (onDisk !== undefined && onDisk !== "replicas" && onDisk !== "local") {
    return refused(`onDisk: expected "replicas" or "local", got ${kindOf(onDisk)}`)
  }
  return {
    requested: replicas as number,
    timeoutMillis: Math.max(1, Math.round(Duration.toMillis(duration))),
    onDisk,
    isLocal: onDisk === "local"
  }
}

/**
 * Options of a client of one fixed server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Sentinel.NodeOptions {
  /** The address of the server, with the default port 6379. Default `localhost:6379`. */
  readonly address?: Address.Input | undefined
  /** How connecting is retried; its input is the error. Default: `Sentinel.defaultSchedule`. */
  readonly schedule?: Schedule.Schedule<unknown, ConnectionError> | undefined
}

/**
 * Makes a client of one fixed server, which lives until the Scope closes. It connects
 * when the first command needs a connection, and accepts a server of any role. Fails
 * with `InvalidOption` if an option is invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  given: Options = {}
): Effect.Effect<Client.PrimaryClient, InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const check = new Check()
    const options = check.session<Options>("", given ?? null)
    const address = check.address("address", options.address === undefined ? "localhost:6379" : options.address, 6379)
    check.executor("", options)
    check.schedule("schedule", options.schedule)
    yield* check.result
    const open = openConnection(address!, options)
    const executor = yield* makeExecutor({
      label: Address.format(address!),
      identity: { server: address!, database: options.database ?? 0 },
      canRelocate: false,
      schedule: steady(options.schedule ?? Sentinel.defaultSchedule),
      open,
      openBeside: () => open,
      openAt: () => open
    }, options)
    return makePrimary(executor, options.database)
  })

/**
 * A Layer with a client of one fixed server. Fails with `InvalidOption` if an option is
 * invalid.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<RedisClient, InvalidOption> =>
  Layer.effect(RedisClient, make(options))

/**
 * A Layer with a client of one fixed server, from a Config of its options. Fails with
 * `ConfigError` if the Config cannot be read, and with `InvalidOption` if an option is
 * invalid.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<RedisClient, InvalidOption | Config.ConfigError> =>
  Layer.effect(RedisClient, Effect.flatMap(unwrapped(options), make))

/**
 * A Layer with a client of a group's primary. `options` replace, one by one, the option
 * `node` of the Sentinel service. Fails with `InvalidOption` if an option or the name of
 * the group is invalid.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPrimary = (
  group: string,
  options?: Sentinel.NodeOptions | undefined
): Layer.Layer<RedisClient, InvalidOption, Sentinel.Sentinel> =>
  Layer.effect(
    RedisClient,
    Effect.flatMap(Sentinel.Sentinel, (sentinel) => sentinel.primaryFor(group, options))
  )

/**
 * A Layer with a client of a group's replicas. `options` replace, one by one, the option
 * `node` of the Sentinel service. Fails with `InvalidOption` if an option or the name of
 * the group is invalid.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerReplica = (
  group: string,
  options?: Sentinel.ReplicaOptions | undefined
): Layer.Layer<RedisReplica, InvalidOption, Sentinel.Sentinel> =>
  Layer.effect(
    RedisReplica,
    Effect.flatMap(Sentinel.Sentinel, (sentinel) => sentinel.replicaFor(group, options))
  )

/**
 * `layerPrimary` from a Config of the name of the group and of the options. Also fails
 * with `ConfigError` if the Config cannot be read.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPrimaryConfig = (
  options: Config.Wrap<{
    /** The name of the group. */
    readonly group: string
    /** The options of the client. Default: the option `node` of the Sentinel service. */
    readonly node?: Sentinel.NodeOptions | undefined
  }>
): Layer.Layer<RedisClient, InvalidOption | Config.ConfigError, Sentinel.Sentinel> =>
  Layer.unwrap(Effect.map(unwrapped(options), ({ group, node }) => layerPrimary(group, node)))

/**
 * `layerReplica` from a Config of the name of the group and of the options. Also fails
 * with `ConfigError` if the Config cannot be read.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerReplicaConfig = (
  options: Config.Wrap<{
    /** The name of the group. */
    readonly group: string
    /** The options of the client. Default: the option `node` of the Sentinel service. */
    readonly node?: Sentinel.ReplicaOptions | undefined
  }>
): Layer.Layer<RedisReplica, InvalidOption | Config.ConfigError, Sentinel.Sentinel> =>
  Layer.unwrap(Effect.map(unwrapped(options), ({ group, node }) => layerReplica(group, node)))

/**
 * Options beside a URL: what the URL cannot say, or says otherwise. Those of `node` and of `sentinel` replace the URL's
 * one by one.
 *
 * @since 0.1.0
 * @category models
 */
export interface UrlOptions extends Omit<Sentinel.Options, "sentinels"> {}

/** A URL, or a Config of one, such as `Config.Redacted("REDIS_URL")`. */
type UrlInput = string | Redacted.Redacted | Config.Config<string | Redacted.Redacted>

const targetOf = (url: UrlInput): Effect.Effect<RedisUrl.Target, InvalidOption | Config.ConfigError> =>
  Config.isConfig(url) ? Effect.flatMap(url, RedisUrl.parse) : RedisUrl.parse(url)

/** The options of the Sentinel service for a group, and the options of a client of the server or the group. */
const withUrl = <A, R>(
  url: UrlInput,
  given: UrlOptions,
  use: (target: RedisUrl.Target, options: UrlOptions) => Layer.Layer<A, InvalidOption, R>
): Layer.Layer<A, InvalidOption | Config.ConfigError, R> =>
  Layer.unwrap(
    Effect.gen(function*() {
      const target = yield* targetOf(url)
      const check = new Check()
      const options = check.fields<UrlOptions>("", given ?? null)
      const node = check.fields("node", options.node)
      const sentinel = check.fields("sentinel", options.sentinel)
      yield* check.result
      return use(target, { ...options, node, sentinel })
    })
  )

const sentinelsOf = (target: RedisUrl.Group, options: UrlOptions): Layer.Layer<Sentinel.Sentinel, InvalidOption> =>
  Sentinel.layer({
    ...options,
    sentinels: target.options.sentinels,
    sentinel: onTopOf(target.options.sentinel, options.sentinel),
    node: onTopOf(target.options.node, options.node)
  })

/**
 * A Layer with a client of what a URL leads to: of one server, or of the primary of a group (`RedisUrl.parse` describes
 * the URLs). `options` add what a URL cannot say; of a server they use `node` and `schedule` alone. Fails with
 * `InvalidOption` if the URL or an option is invalid, and with `ConfigError` if the Config cannot be read. No error
 * repeats the URL.
 *
 * **Example** (From the environment, for one server and for a group)
 *
 * ```ts
 * import { Config, Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   return yield* redis.get("greeting")
 * }).pipe(Effect.provide(RedisClient.layerUrl(Config.Redacted("REDIS_URL"))))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerUrl = (
  url: UrlInput,
  options: UrlOptions = {}
): Layer.Layer<RedisClient, InvalidOption | Config.ConfigError> =>
  withUrl(url, options, (target, { schedule, ...rest }) =>
    target._tag === "Server"
      ? layer({ ...onTopOf(target.options, rest.node), schedule })
      : Layer.provide(layerPrimary(target.group), sentinelsOf(target, { schedule, ...rest })))

/**
 * A Layer with a client of the replicas of the group that a URL leads to. Fails as `layerUrl` does, and with
 * `InvalidOption` if the URL leads to one server. `selection` are options of the client of the replicas.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerReplicaUrl = (
  url: UrlInput,
  options: UrlOptions = {},
  selection?: Sentinel.ReplicaOptions | undefined
): Layer.Layer<RedisReplica, InvalidOption | Config.ConfigError> =>
  withUrl(url, options, (target, rest) =>
    target._tag === "Server"
      ? Layer.effect(
        RedisReplica,
        Effect.fail(
          new InvalidOption({ option: "url.scheme", detail: "the replicas of a group need the URL of a group" })
        )
      )
      : Layer.provide(layerReplica(target.group, selection), sentinelsOf(target, rest)))

/**
 * Options of `connectNow`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectNowOptions {
  /**
   * How long connecting may take, with finding the node and all further attempts. Default: the client's `commandTimeout`.
   */
  readonly timeout?: TimeoutInput | undefined
}

/**
 * Makes a Layer of a client connect before it is ready, and fail if there is no connection in time: with the
 * `ConnectionError` that says why, such as `PrimaryNotFound` or `AuthenticationFailed`, or with `DeadlineExceeded` if
 * the node does not answer. Without it, a client connects with its first command, and the application starts while
 * Redis is down. Fails with `InvalidCommand` if `options` are invalid.
 *
 * **Example** (An application that does not start without Redis)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { RedisClient, Sentinel } from "effect-redis-sentinel"
 *
 * export const live = RedisClient.layerPrimary("mymaster").pipe(
 *   RedisClient.connectNow({ timeout: "5 seconds" }),
 *   Layer.provide(Sentinel.layer({ sentinels: ["localhost:26379"] }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const connectNow = (options?: ConnectNowOptions | undefined) =>
<I extends RedisClient | RedisReplica, E, R>(
  self: Layer.Layer<I, E, R>
): Layer.Layer<I, E | RedisError, R> =>
  Layer.tap(self, (services: Context.Context<I>) => {
    const of = services as Context.Context<RedisClient | RedisReplica>
    const clients: ReadonlyArray<Option.Option<Pick<Client.ReplicaClient, "run">>> = [
      Context.getOption(of, RedisClient),
      Context.getOption(of, RedisReplica)
    ]
    return Effect.forEach(
      clients.flatMap(Option.toArray),
      (client) =>
        // A user who may not run PING is connected.
        Effect.catchIf(
          client.run(ping(), options),
          (error) => error._tag === "ReplyError" && error.code === "NOPERM",
          () => Effect.void
        ),
      { concurrency: "unbounded", discard: true }
    )
  })
