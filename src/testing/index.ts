/**
 * A Redis deployment in memory for tests: a primary, replicas and sentinels
 * behind the `Connector`, on Effect's Clock. `Sentinel.layer` and
 * `RedisClient.layerPrimary` work with it unchanged.
 *
 * The nodes have the commands that `RedisNode.ts` lists; others answer as
 * Redis does for an unknown command.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Address from "../Address.ts"
import { Connector } from "../Connector.ts"
import { type Cut, Network } from "./Network.ts"
import { RedisNode, type Time } from "./RedisNode.ts"
import { type Lie, SentinelNode } from "./SentinelNode.ts"

export { type Cut, Network } from "./Network.ts"
export { RedisNode } from "./RedisNode.ts"
export { type Lie, SentinelNode } from "./SentinelNode.ts"

/**
 * What a deployment consists of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The group's name. Default `mymaster`. */
  readonly group?: string | undefined
  /** Default 2. */
  readonly replicas?: number | undefined
  /** Default 3. */
  readonly sentinels?: number | undefined
  /** How many sentinels have to agree that the primary is down. Default: a majority. */
  readonly quorum?: number | undefined
  /** After how long without an answer a sentinel thinks that a node is down, in milliseconds. Default 500. */
  readonly downAfterMillis?: number | undefined
  /** How long a write takes to reach a replica, in milliseconds. Default 0. */
  readonly lagMillis?: number | undefined
  /** The password of the nodes. Default none. */
  readonly password?: string | undefined
  /** The password of the sentinels. Default none. */
  readonly sentinelPassword?: string | undefined
}

/**
 * Moves a deployment. Addresses are `host:port`; the nodes are at
 * `10.0.0.1:6379` and up, the sentinels at `10.0.1.1:26379` and up. Each effect
 * has taken effect when it ends. An address that nobody has is a defect.
 *
 * @since 0.1.0
 * @category models
 */
export interface Control {
  readonly group: string
  readonly network: Network
  /** The address of the node that most of the sentinels think is the primary. */
  readonly primary: Effect.Effect<string>
  /** The addresses of all nodes, the first primary in front. */
  readonly nodes: ReadonlyArray<string>
  readonly sentinels: ReadonlyArray<string>
  readonly node: (address: string) => RedisNode
  readonly sentinel: (address: string) => SentinelNode
  /** Ends a process: its connections break, new ones are refused. */
  readonly kill: (address: string) => Effect.Effect<void>
  /** Starts a process again, with its data unless told otherwise. */
  readonly restart: (address: string, options?: { readonly keepData?: boolean | undefined }) => Effect.Effect<void>
  /** Stops a process from answering, with its connections open, as SIGSTOP does. */
  readonly hang: (address: string) => Effect.Effect<void>
  /** Lets a hung process go on. */
  readonly resume: (address: string) => Effect.Effect<void>
  /** Breaks all connections to an address; new ones are accepted. */
  readonly disconnect: (address: string) => Effect.Effect<void>
  /** Breaks one connection in the middle of a request or a reply. */
  readonly cut: (cut: Cut) => Effect.Effect<void>
  /** Makes a sentinel lie. */
  readonly lie: (address: string, lie: Lie) => Effect.Effect<void>
  /** Begins a planned failover, as SENTINEL FAILOVER does; the Clock carries it out. */
  readonly failover: Effect.Effect<void>
}

/**
 * The control of the deployment in memory.
 *
 * @since 0.1.0
 * @category services
 */
export class Deployment extends Context.Service<Deployment, Control>()("effect-redis-sentinel/testing/Deployment") {}

/**
 * When the steps of a failover happen, in milliseconds after its start:
 * medians of six on Redis 7.0.15 with three sentinels.
 */
const timeline = {
  planned: { promoted: 204, leaderReports: 1130, othersReport: 1188, demoted: 11_000 },
  // From the moment at which a quorum agrees that the primary is down.
  crash: { promoted: 235, leaderReports: 1022, othersReport: 1093 }
} as const

/** How often a sentinel looks at the nodes, in milliseconds. */
const lookInterval = 100

/** The Clock of the surrounding fiber, as nodes are told of it. */
const makeTime: Effect.Effect<Time, never, Scope.Scope> = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const scope = yield* Effect.scope
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  return {
    now: () => clock.currentTimeMillisUnsafe(),
    later: (millis, f) => {
      runFork(Effect.forkIn(Effect.andThen(Effect.sleep(millis), Effect.sync(f)), scope))
    }
  }
})

/**
 * A deployment, until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Control, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const time = yield* makeTime
    const group = options.group ?? "mymaster"
    const downAfter = options.downAfterMillis ?? 500
    const network = new Network()
    const nodes = Array.from({ length: 1 + (options.replicas ?? 2) }, (_, i) => {
      const node = new RedisNode(network, { host: `10.0.0.${i + 1}`, port: 6379 }, time)
      node.password = options.password
      node.lag = options.lagMillis ?? 0
      return node
    })
    const first = nodes[0]!
    for (const node of nodes.slice(1)) node.replicate(first)
    const count = options.sentinels ?? 3
    const quorum = options.quorum ?? Math.floor(count / 2) + 1
    const sentinels = Array.from({ length: count }, (_, i) => {
      const sentinel = new SentinelNode(network, { host: `10.0.1.${i + 1}`, port: 26379 }, {
        group,
        quorum,
        primary: first,
        nodes,
        id: String(i + 1).repeat(40)
      })
      sentinel.password = options.sentinelPassword
      return sentinel
    })
    for (const sentinel of sentinels) sentinel.others = sentinels.filter((s) => s !== sentinel)

    let failingOver = false

    const fail = (
      old: RedisNode,
      at: { readonly promoted: number; readonly leaderReports: number; readonly othersReport: number }
    ): Effect.Effect<void> =>
      Effect.gen(function*() {
        if (failingOver) return
        failingOver = true
        const leader = sentinels.find((s) => s.responsive)
        yield* Effect.sleep(at.promoted)
        const candidates = nodes.filter((n) => n !== old && n.responsive && n.primary === old)
        const chosen = candidates.sort((a, b) => b.offset - a.offset)[0]
        if (leader === undefined || chosen === undefined) {
          failingOver = false
          return
        }
        chosen.promote()
        yield* Effect.sleep(at.leaderReports - at.promoted)
        const epoch = leader.epoch + 1
        const switchTo = (sentinel: SentinelNode): void => {
          if (!sentinel.responsive) return
          sentinel.primary = chosen
          sentinel.epoch = epoch
        }
        switchTo(leader)
        for (const node of nodes) if (node !== chosen && node !== old && node.responsive) node.replicate(chosen)
        yield* Effect.sleep(at.othersReport - at.leaderReports)
        for (const sentinel of sentinels) switchTo(sentinel)
        failingOver = false
      })

    /** What the sentinels do all the time: look, agree, fail over, and set right who came back. */
    const look = Effect.gen(function*() {
      const now = time.now()
      for (const sentinel of sentinels) {
        if (!sentinel.responsive) continue
        for (const node of nodes) {
          if (node.responsive) {
            sentinel.silentSince.delete(node)
            sentinel.down.delete(node)
          } else {
            const since = sentinel.silentSince.get(node)
            if (since === undefined) sentinel.silentSince.set(node, now)
            else if (now - since >= downAfter) sentinel.down.add(node)
          }
        }
      }
      const alive = sentinels.filter((s) => s.responsive)
      if (failingOver || alive.length < Math.floor(count / 2) + 1) return
      // A sentinel that missed a switch learns of it from the others.
      const newest = alive.reduce((a, b) => b.epoch > a.epoch ? b : a)
      for (const sentinel of alive) {
        if (sentinel.epoch < newest.epoch) {
          sentinel.primary = newest.primary
          sentinel.epoch = newest.epoch
        }
      }
      const primary = newest.primary
      if (alive.filter((s) => s.down.has(primary)).length >= quorum) {
        yield* Effect.forkIn(fail(primary, timeline.crash), scope)
        return
      }
      for (const node of nodes) {
        if (
          node !== primary && node.responsive && primary.responsive && node.primary !== primary && !planned.has(node)
        ) {
          node.replicate(primary)
        }
      }
    })

    const planned = new Set<RedisNode>()
    const at = <A extends { readonly shown: string }>(list: ReadonlyArray<A>, address: string): A => {
      const found = list.find((n) => n.shown === address)
      if (found === undefined) throw new Error(`nobody is at ${address}`)
      return found
    }
    const all = [...nodes, ...sentinels]
    const current = (): RedisNode =>
      sentinels.filter((s) => s.responsive).reduce((a, b) => b.epoch > a.epoch ? b : a, sentinels[0]!).primary

    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(lookInterval), look)))

    return Deployment.of({
      group,
      network,
      primary: Effect.sync(() => current().shown),
      nodes: nodes.map((n) => n.shown),
      sentinels: sentinels.map((s) => s.shown),
      node: (address) => at(nodes, address),
      sentinel: (address) => at(sentinels, address),
      kill: (address) => Effect.sync(() => at(all, address).stop()),
      restart: (address, restart) =>
        Effect.sync(() => {
          const process = at(all, address)
          if (process instanceof RedisNode) process.start({ keepData: restart?.keepData ?? true })
          else process.running = true
        }),
      hang: (address) => Effect.sync(() => at(all, address).hang()),
      resume: (address) => Effect.sync(() => at(all, address).resume()),
      disconnect: (address) => Effect.sync(() => network.closeAll(at(all, address).shown)),
      cut: (cut) =>
        Effect.sync(() => {
          at(all, cut.address)
          network.cutAfter(cut)
        }),
      lie: (address, lie) => Effect.sync(() => void (at(sentinels, address).lie = lie)),
      failover: Effect.gen(function*() {
        const old = current()
        planned.add(old)
        yield* Effect.forkIn(fail(old, timeline.planned), scope)
        time.later(timeline.planned.demoted, () => planned.delete(old))
      })
    })
  })

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
      const network = new Network()
      const node = new RedisNode(network, address, yield* makeTime)
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
