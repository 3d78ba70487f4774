/**
 * Redis deployments in memory for tests: a primary, replicas and sentinels behind the
 * `Connector`, on Effect's Clock. `Sentinel.layer` and `RedisClient.layerPrimary` work
 * with them unchanged.
 *
 * `commandNames` lists the commands that nodes in memory have; to others they answer as
 * Redis does to an unknown command.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Address from "../Address.ts"
import { Connector } from "../Connector.ts"
import {
  GroupUnknown,
  InvalidOption,
  PrimaryNotFound,
  ReplicaNotFound,
  Report,
  SentinelsUnreachable
} from "../Errors.ts"
import { Check } from "../internal/client/checkOptions.ts"
import * as Sentinel from "../Sentinel.ts"
import { Deployment, make, type Options } from "./Deployment.ts"
import { Network } from "./Network.ts"
import { RedisNode } from "./RedisNode.ts"
import * as Time from "./Time.ts"

export { type Control, Deployment, type DurationRange, make, type Options } from "./Deployment.ts"
export { type Cut, type Direction, Network } from "./Network.ts"
export { Process, type PushFault, type Session } from "./Process.ts"
export { commandNames, RedisNode } from "./RedisNode.ts"
export { Failure, type Reply } from "./Reply.ts"
export { type Lie, SentinelNode } from "./SentinelNode.ts"
export { type Timer } from "./Time.ts"

/**
 * A Layer with a deployment in memory, and with the `Connector` that reaches it. Fails
 * with `InvalidOption` if an option is invalid.
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
export const layer = (options?: Options | undefined): Layer.Layer<Deployment, InvalidOption> =>
  Layer.effectContext(
    Effect.map(make(options), (control) =>
      Context.make(Deployment, control).pipe(Context.add(Connector, control.network.dial)))
  )

/**
 * A Layer with one node without sentinels, and with the `Connector` that reaches it. Fails
 * with `InvalidOption` if an option is invalid.
 *
 * **Example** (A client of one node in memory)
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 * import * as Testing from "effect-redis-sentinel/testing"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   yield* redis.set("key", "value")
 *   const node = yield* Testing.RedisServer
 *   return node.peek("key") // "value"
 * }).pipe(Effect.provide(RedisClient.layer().pipe(Layer.provideMerge(Testing.layerRedis()))))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedis = (
  options?: {
    /** The address of the node, as `host:port`. Default `localhost:6379`. */
    readonly address?: string | undefined
    /** The password of the user `default`. Default: none. */
    readonly password?: string | undefined
  } | undefined
): Layer.Layer<RedisServer, InvalidOption> =>
  Layer.effectContext(
    Effect.gen(function*() {
      const check = new Check()
      const given = check.fields("", options)
      const address = check.address("address", given.address === undefined ? "localhost:6379" : given.address, 6379)
      if (address !== undefined && Address.isUnix(address)) {
        check.fail("address", "expected a host and a port, not a Unix socket")
      }
      if (given.password !== undefined && typeof given.password !== "string") {
        check.fail("password", "the password must be a string")
      }
      yield* check.result
      const network = new Network(yield* Time.make(0))
      const node = new RedisNode(network, address as Address.Tcp)
      node.password = given.password
      return Context.make(RedisServer, node).pipe(Context.add(Connector, network.dial))
    })
  )

/**
 * What a mocked Sentinel service answers for one group.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answers {
  /** The address of the primary, with the default port 6379. Without it, the group is unknown. */
  readonly primary?: Address.Input | undefined
  /** The addresses of the replicas, with the default port 6379. Default: none. */
  readonly replicas?: ReadonlyArray<Address.Input> | undefined
}

/**
 * A Layer with a mocked Sentinel service, for tests of code that uses its answers. The
 * answers come from `groups`, by name, without any connection; other groups are unknown.
 * Clients of a group connect to the given addresses through the current `Connector`.
 * Fails with `InvalidOption` if an address is invalid.
 *
 * **Example** (A mocked Sentinel)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Sentinel } from "effect-redis-sentinel"
 * import * as Testing from "effect-redis-sentinel/testing"
 *
 * export const program = Effect.gen(function*() {
 *   const sentinel = yield* Sentinel.Sentinel
 *   return yield* sentinel.discoverPrimary("mymaster")
 * }).pipe(
 *   Effect.provide(Testing.layerSentinel({ mymaster: { primary: "10.0.0.1:6379", replicas: ["10.0.0.2:6379"] } }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSentinel = (
  groups: Readonly<Record<string, Answers>>,
  node: Sentinel.NodeOptions = {}
): Layer.Layer<Sentinel.Sentinel, InvalidOption> =>
  Layer.effect(
    Sentinel.Sentinel,
    Effect.gen(function*() {
      const known = new Map<
        string,
        { readonly primary: Address.Address | undefined; readonly service: Sentinel.Service }
      >()
      const replicas = new Map<string, ReadonlyArray<Address.Address>>()
      const check = new Check()
      const given = check.fields<Readonly<Record<string, Answers>>>("groups", groups ?? null)
      for (const [group, answers] of Object.entries(given)) {
        const given = check.fields<Answers>(group, answers ?? null)
        check.items(`${group}.replicas`, given.replicas)
      }
      yield* check.result
      const parsed = (option: string, input: Address.Input): Effect.Effect<Address.Address, InvalidOption> => {
        const address = Address.parse(input, 6379)
        return typeof address === "string"
          ? Effect.fail(new InvalidOption({ option, detail: address }))
          : Effect.succeed(address)
      }
      for (const [group, answers] of Object.entries(given)) {
        const primary = answers.primary === undefined
          ? undefined
          : yield* parsed(`${group}.primary`, answers.primary)
        const list = yield* Effect.forEach(
          answers.replicas ?? [],
          (input, i) => parsed(`${group}.replicas[${i}]`, input)
        )
        replicas.set(group, list)
        // Without a primary its clients are sent to an address where no server listens.
        const service = yield* Sentinel.makeStatic({
          primary: primary ?? "localhost:1",
          replicas: list,
          node,
          schedule: Schedule.recurs(0)
        })
        known.set(group, { primary, service })
      }
      const report = (group: string) =>
        new GroupUnknown({
          reports: [
            new Report({
              address: "the mocked sentinel",
              kind: "unknown-group",
              detail: `no answer is set for the group "${group}"`
            })
          ]
        })
      const primaryOf = (group: string): Effect.Effect<Address.Address, PrimaryNotFound> => {
        const primary = known.get(group)?.primary
        return primary === undefined
          ? Effect.fail(new PrimaryNotFound({ group, reason: report(group) }))
          : Effect.succeed(primary)
      }
      const unknown = yield* Sentinel.makeStatic({ primary: "localhost:1", node, schedule: Schedule.recurs(0) })
      const serviceOf = (group: string): Sentinel.Service => known.get(group)?.service ?? unknown
      return Sentinel.Sentinel.of({
        discoverPrimary: primaryOf,
        discoverReplicas: (group) => {
          const list = replicas.get(group)
          return list === undefined
            ? Effect.fail(new ReplicaNotFound({ group, reason: report(group) }))
            : Effect.succeed(list)
        },
        primaryFor: (group, options) => serviceOf(group).primaryFor(group, options),
        replicaFor: (group, options) => serviceOf(group).replicaFor(group, options),
        topology: (group) => serviceOf(group).topology(group),
        sentinels: Effect.succeed([]),
        ask: () => Effect.fail(new SentinelsUnreachable({ reports: [] }))
      })
    })
  )

/**
 * The service of the node of `layerRedis`.
 *
 * @since 0.1.0
 * @category services
 */
export class RedisServer
  extends Context.Service<RedisServer, RedisNode>()("effect-redis-sentinel/testing/RedisServer")
{}
