/**
 * Redis deployments in memory for tests: a primary, replicas and sentinels
 * behind the `Connector`, on Effect's Clock. `Sentinel.layer` and
 * `RedisClient.layerPrimary` work with them unchanged.
 *
 * A command that nodes in memory do not have answers as Redis does for an
 * unknown command; `commandNames` lists those that they have.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Address from "../Address.ts"
import { Connector } from "../Connector.ts"
import { Deployment, make, type Options } from "./Deployment.ts"
import { Network } from "./Network.ts"
import { RedisNode } from "./RedisNode.ts"
import * as Time from "./Time.ts"

export { type Control, Deployment, make, type Options } from "./Deployment.ts"
export { type Cut, type Direction, Network } from "./Network.ts"
export { Process, type PushFault, type Session } from "./Process.ts"
export { commandNames, RedisNode } from "./RedisNode.ts"
export { Failure, type Reply } from "./Reply.ts"
export { type Lie, SentinelNode } from "./SentinelNode.ts"
export { type Timer } from "./Time.ts"

/**
 * A deployment, and the `Connector` that leads to it.
 *
 * **Example** (A client of a deployment in memory)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { RedisClient, Sentinel } from "effect-redis-sentinel"
 * import * as Testing from "effect-redis-sentinel/testing"
 *
 * const live = RedisClient.layerPrimary("mymaster").pipe(
 *   Layer.provide(Sentinel.layer({ sentinels: ["10.0.1.1:26379"] })),
 *   Layer.provideMerge(Testing.layer())
 * )
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const deployment = yield* Testing.Deployment
 *   yield* deployment.kill(yield* deployment.primary)
 *   yield* redis.set("key", "value")
 * }).pipe(Effect.provide(live))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options | undefined): Layer.Layer<Deployment> =>
  Layer.effectContext(
    Effect.map(make(options), (control) =>
      Context.make(Deployment, control).pipe(Context.add(Connector, control.network.dial)))
  )

/**
 * One node without sentinels, at an address (default `localhost:6379`), and the
 * `Connector` that leads to it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedis = (
  options?: { readonly address?: string | undefined; readonly password?: string | undefined } | undefined
): Layer.Layer<RedisServer> =>
  Layer.effectContext(
    Effect.gen(function*() {
      const address = Address.parse(options?.address ?? "localhost:6379", 6379)
      if (typeof address === "string" || Address.isUnix(address)) {
        return yield* Effect.die(new Error(`bad address: ${options?.address}`))
      }
      const network = new Network(yield* Time.make(0))
      const node = new RedisNode(network, address)
      node.password = options?.password
      return Context.make(RedisServer, node).pipe(Context.add(Connector, network.dial))
    })
  )

/**
 * The node of `layerRedis`.
 *
 * @since 0.1.0
 * @category services
 */
export class RedisServer
  extends Context.Service<RedisServer, RedisNode>()("effect-redis-sentinel/testing/RedisServer")
{}
