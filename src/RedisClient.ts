/**
 * The services through which an application gets its clients, and the layers
 * that provide them: of one fixed server, of a group's primary, of a group's
 * replica.
 *
 * What a client can do is in `Client.ts`.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Address from "./Address.ts"
import * as Client from "./Client.ts"
import * as Connection from "./Connection.ts"
import type { ConnectionError, InvalidOption } from "./Errors.ts"
import * as Executor from "./Executor.ts"
import { Check } from "./internal/options.ts"
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
  options: Options = {}
): Effect.Effect<Client.PrimaryClient, InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const check = new Check()
    const address = check.address("address", options.address ?? "localhost:6379", 6379)
    check.session("", options)
    check.executor("", options)
    yield* check.result
    const open = Connection.open(address!, options)
    const executor = yield* Executor.make({
      shown: Address.format(address!),
      movable: false,
      schedule: options.schedule ?? Sentinel.defaultSchedule,
      open,
      openBeside: () => open,
      openAt: () => open
    }, options)
    return Client.makePrimary(executor)
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
  Layer.effect(RedisClient, Effect.flatMap(Config.unwrap(options), make))

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
  Layer.unwrap(Effect.map(Config.unwrap(options), ({ group, node }) => layerPrimary(group, node)))

/**
 * A client of one of a group's replicas, from a Config of its group and options.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerReplicaConfig = (
  options: Config.Wrap<{ readonly group: string; readonly node?: Sentinel.ReplicaOptions | undefined }>
): Layer.Layer<RedisReplica, InvalidOption | Config.ConfigError, Sentinel.Sentinel> =>
  Layer.unwrap(Effect.map(Config.unwrap(options), ({ group, node }) => layerReplica(group, node)))
