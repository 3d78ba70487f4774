/**
 * The services through which an application gets its clients, and the layers
 * that provide them: of one fixed server, of a group's primary, of a group's
 * replica.
 *
 * What a client can do is in Client.ts.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Address from "./Address.ts"
import * as Client from "./Client.ts"
import { type ConnectionError, InvalidCommand, type InvalidOption, NotReplicated, type RedisError } from "./Errors.ts"
import { Check, unwrapped } from "./internal/client/checkOptions.ts"
import { makePrimary } from "./internal/client/client.ts"
import { steady } from "./internal/common/time.ts"
import { durationOf, fieldsOf, integerProblem, kindOf } from "./internal/common/values.ts"
import { openConnection } from "./internal/connection/handshake.ts"
import { makeExecutor } from "./internal/execution/executor.ts"
import * as Sentinel from "./Sentinel.ts"

/**
 * A client that reads and writes: of a fixed server, or of a group's primary.
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
 *   yield* redis.set("greeting", "hello", { ex: 60 })
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
 * A client that reads: of one of a group's replicas.
 *
 * @since 0.1.0
 * @category services
 */
export class RedisReplica
  extends Context.Service<RedisReplica, Client.ReplicaClient>()("effect-redis-sentinel/RedisReplica")
{}

/**
 * What writes have to reach before they count.
 *
 * @since 0.1.0
 * @category models
 */
export interface Durability {
  /** How many replicas have to have them. */
  readonly replicas: number
  /** How long that may take after the writes, to the millisecond. */
  readonly timeout: Duration.Input
  /**
   * Whether they have to be on disk: at the replicas, and with `"local"` at the
   * primary too (WAITAOF, Redis 7.2; a primary without an append-only file refuses
   * `"local"`). Default: in the memory of the replicas (WAIT).
   */
  readonly onDisk?: "replicas" | "local" | undefined
}

/**
 * Runs an effect whose commands all go through one connection, in one epoch,
 * and then waits until enough replicas have what it wrote. Inside it, the
 * service `RedisClient` is that connection.
 *
 * Fails with `NotReplicated`, which says how many replicas acknowledged, if
 * they are too few within the time, and also if the connection or the primary
 * is lost before that is known. A failover may still choose a replica that does
 * not have the writes, unless all of them do: replication is asynchronous.
 *
 * Source: https://redis.io/docs/latest/commands/wait/
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
      const wish = wishOf(self, durability)
      if (wish instanceof InvalidCommand) return yield* wish
      const redis = yield* RedisClient
      const reserved = yield* redis.reserve
      // Whoever reserved connections a connection inside has this one already.
      const within = Object.defineProperty(
        Object.assign(Object.create(reserved), {
          reserve: Effect.succeed(reserved),
          offset: redis.offset,
          subscribe: redis.subscribe
        }),
        "bytes",
        { get: () => ({ ...reserved.bytes, subscribe: redis.bytes.subscribe }) }
      ) as Client.PrimaryClient
      const result = yield* Effect.provideService(self, RedisClient, within)
      const { isLocal, onDisk, timeoutMillis, wanted } = wish
      const fail = (acknowledged: number, local: boolean | undefined, cause?: unknown) =>
        new NotReplicated({ wanted, acknowledged, isLocal: local, timeoutMillis, cause })
      const asked = onDisk === undefined
        ? Effect.map(reserved.wait(wanted, timeoutMillis), (replicas) => ({ isLocal: false, replicas }))
        : reserved.waitaof(isLocal ? 1 : 0, wanted, timeoutMillis)
      // The writes were acknowledged; only how far they have come is not known.
      const answer = yield* Effect.mapError(asked, (cause) => fail(0, isLocal ? false : undefined, cause))
      if (answer.replicas < wanted || (isLocal && !answer.isLocal)) {
        return yield* fail(answer.replicas, isLocal ? answer.isLocal : undefined)
      }
      return result
    })
  ))

/** What `withReplicas` was told, or what is wrong with it. */
const wishOf = (self: unknown, given: unknown) => {
  const refused = (detail: string) => new InvalidCommand({ command: "withReplicas", detail })
  if (!Effect.isEffect(self)) return refused(`${kindOf(self)} is not an Effect`)
  const fields = fieldsOf(given)
  if (typeof fields === "string") return refused(`durability: ${fields}`)
  const { onDisk, replicas, timeout } = fields
  const wrong = integerProblem(replicas, 0, 1000)
  if (wrong !== undefined) return refused(`replicas: ${wrong}`)
  const duration = durationOf(timeout)
  if (typeof duration === "string") return refused(`timeout: ${duration}`)
  if (!Duration.isFinite(duration)) return refused("timeout: it has to end")
  if (onDisk !== undefined && onDisk !== "replicas" && onDisk !== "local") {
    return refused(`onDisk: ${kindOf(onDisk)} is none of replicas, local`)
  }
  return {
    wanted: replicas as number,
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
  /** Where the server is; the port is 6379 unless given. Default `localhost:6379`. */
  readonly address?: Address.Input | undefined
  /** How connecting is tried again. Default: `Sentinel.defaultSchedule`. */
  readonly schedule?: Schedule.Schedule<unknown, ConnectionError> | undefined
}

/**
 * A client of one fixed server, until the Scope closes. It connects when the
 * first command needs it. The server may have any role.
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
      canRelocate: false,
      schedule: steady(options.schedule ?? Sentinel.defaultSchedule),
      open,
      openBeside: () => open,
      openAt: () => open
    }, options)
    return makePrimary(executor)
  })

/**
 * A client of one fixed server.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<RedisClient, InvalidOption> =>
  Layer.effect(RedisClient, make(options))

/**
 * A client of one fixed server, from a Config of its options.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<RedisClient, InvalidOption | Config.ConfigError> =>
  Layer.effect(RedisClient, Effect.flatMap(unwrapped(options), make))

/**
 * A client of a group's primary. `options` replace those that the Sentinel
 * service has for nodes.
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
 * A client of one of a group's replicas.
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
 * A client of a group's primary, from a Config of its group and options.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPrimaryConfig = (
  options: Config.Wrap<{ readonly group: string; readonly node?: Sentinel.NodeOptions | undefined }>
): Layer.Layer<RedisClient, InvalidOption | Config.ConfigError, Sentinel.Sentinel> =>
  Layer.unwrap(Effect.map(unwrapped(options), ({ group, node }) => layerPrimary(group, node)))

/**
 * A client of one of a group's replicas, from a Config of its group and options.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerReplicaConfig = (
  options: Config.Wrap<{ readonly group: string; readonly node?: Sentinel.ReplicaOptions | undefined }>
): Layer.Layer<RedisReplica, InvalidOption | Config.ConfigError, Sentinel.Sentinel> =>
  Layer.unwrap(Effect.map(unwrapped(options), ({ group, node }) => layerReplica(group, node)))
