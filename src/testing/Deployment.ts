/**
 * A whole deployment in memory: nodes, sentinels and the network between them, and the
 * control with which a test causes faults and failovers.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Buffer } from "node:buffer"
import type * as Address from "../Address.ts"
import type { DurationInput } from "../commands/options.ts"
import type { InvalidOption } from "../Errors.ts"
import { Check, millisOf } from "../internal/client/checkOptions.ts"
import { fieldsOf } from "../internal/common/values.ts"
import { type Cut, Network } from "./Network.ts"
import type { Process, PushFault } from "./Process.ts"
import { RedisNode } from "./RedisNode.ts"
import { type Lie, SentinelNode } from "./SentinelNode.ts"
import * as Tcp from "./Tcp.ts"
import * as Time from "./Time.ts"

/**
 * A range of durations.
 *
 * @since 0.1.0
 * @category models
 */
export interface DurationRange {
  /** The shortest duration. */
  readonly min: DurationInput
  /** The longest duration. */
  readonly max: DurationInput
}

/**
 * The options of a deployment. Where a duration may be a range, each use draws
 * another one from it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The name of the group. Default `mymaster`. */
  readonly group?: string | undefined
  /** How many replicas there are, up to 250. Default 2. */
  readonly replicas?: number | undefined
  /** How many sentinels there are, up to 250. Default 3. */
  readonly sentinels?: number | undefined
  /** How many sentinels must agree that the primary is down. Default: a majority. */
  readonly quorum?: number | undefined
  /** After how long without an answer a sentinel considers a node down. Default 500 milliseconds. */
  readonly downAfter?: DurationInput | undefined
  /** How long a write takes to reach a replica, besides the latency. Default none. */
  readonly lag?: DurationInput | DurationRange | undefined
  /** The latency between two parties, one way. Default none. */
  readonly latency?: DurationInput | DurationRange | undefined
  /** How long a full resynchronisation takes. Default none. */
  readonly syncTime?: DurationInput | DurationRange | undefined
  /** The password of the nodes. Default none. */
  readonly password?: string | undefined
  /** The password of the sentinels. Default none. */
  readonly sentinelPassword?: string | undefined
  /**
   * Whether nodes and sentinels also listen on free TCP ports of 127.0.0.1, which are then
   * their addresses, so that other clients can connect. Default false.
   */
  readonly tcp?: boolean | undefined
  /** The seed of the random numbers: the same seed gives the same deployment. Default 0. */
  readonly seed?: number | undefined
}

/**
 * The control of a deployment.
 *
 * Addresses are `host:port`: the nodes have `10.0.0.1:6379`, `10.0.0.2:6379`, ..., the
 * sentinels `10.0.1.1:26379`, `10.0.1.2:26379`, ... (with the option `tcp`, the ports at
 * which they listen). Clients are the party `client`, unless they use
 * `network.dialer(name)` as their `Connector`. When an Effect of the control ends, the
 * change is in force. An unknown address is a defect.
 *
 * @since 0.1.0
 * @category models
 */
export interface Control {
  /** The name of the group. */
  readonly group: string
  /** The network between the parties. */
  readonly network: Network
  /** The address of the primary, as the sentinel with the newest configuration knows it. */
  readonly primary: Effect.Effect<string>
  /** The addresses of all nodes; the first is the first primary. */
  readonly nodes: ReadonlyArray<string>
  /** The addresses of all sentinels, without those that were replaced. */
  readonly sentinels: ReadonlyArray<string>
  /** Gives the node at an address. */
  readonly node: (address: string) => RedisNode
  /** Gives the sentinel at an address. */
  readonly sentinel: (address: string) => SentinelNode

  /** Stops a process: its connections end, and new ones are refused. */
  readonly kill: (address: string) => Effect.Effect<void>
  /** Starts a stopped process again. */
  readonly restart: (
    address: string,
    options?: {
      /**
       * Whether it keeps its data. A sentinel without its data has a new id, epoch 0, and
       * knows only the primary of its first configuration. Default true.
       */
      readonly keepData?: boolean | undefined
      /** For a sentinel without its data: the address of the primary that it watches. Default: that of its first configuration. */
      readonly primary?: string | undefined
    } | undefined
  ) => Effect.Effect<void>
  /** Makes a process hang, as SIGSTOP does: its connections stay open, and it does not answer. */
  readonly hang: (address: string) => Effect.Effect<void>
  /** Ends `hang`. */
  readonly resume: (address: string) => Effect.Effect<void>
  /** Makes a process slow, until it is called with `"0 millis"`. */
  readonly slow: (
    address: string,
    options: {
      /** How long each request takes. Default: as before. */
      readonly requestTime?: DurationInput | undefined
      /** The latency of each direction besides that of the network. Default: as before. */
      readonly latency?: DurationInput | undefined
      /** How long each byte that it sends takes. Default: as before. */
      readonly byteTime?: DurationInput | undefined
    }
  ) => Effect.Effect<void>

  /**
   * Starts a partition between two parties (`"*"`: all others), in both directions
   * (default) or only from the first to the second. Connections stay open, and what is
   * sent arrives when the partition has ended.
   */
  readonly partition: (a: string, b: string, how?: "both" | "one-way" | undefined) => Effect.Effect<void>
  /** Ends the partitions between two parties, or all of them. */
  readonly heal: (a?: string | undefined, b?: string | undefined) => Effect.Effect<void>
  /** Ends all connections to an address; new ones are accepted. */
  readonly disconnect: (address: string) => Effect.Effect<void>
  /** Makes the open connections to an address carry nothing any more; both sides keep them open. New ones work. */
  readonly silence: (address: string) => Effect.Effect<void>
  /** Breaks one connection in the middle of a request or a reply. */
  readonly cut: (cut: Cut) => Effect.Effect<void>
  /** Changes one byte of a request or a reply. */
  readonly corrupt: (cut: Cut) => Effect.Effect<void>
  /** Makes an address refuse new connections; `false` ends it. */
  readonly refuse: (address: string, refused?: boolean | undefined) => Effect.Effect<void>
  /** Drops, delays or duplicates messages that a process pushes. */
  readonly pushes: (address: string, fault: PushFault) => Effect.Effect<void>
  /** Makes a host name resolve to a host; undefined removes the name. */
  readonly name: (name: string, host: string | undefined) => Effect.Effect<void>

  /** Makes a node unable to save, so that it refuses writes with MISCONF; `false` ends it. */
  readonly fillDisk: (address: string, full?: boolean | undefined) => Effect.Effect<void>
  /** Fills the memory of a node, so that it refuses writes that need more with OOM; `false` ends it. */
  readonly fillMemory: (address: string, full?: boolean | undefined) => Effect.Effect<void>
  /** Makes a node answer LOADING, as while it reads its data from disk; `false` ends it. */
  readonly load: (address: string, loading?: boolean | undefined) => Effect.Effect<void>
  /** Makes a sentinel give wrong answers; `{}` ends it. */
  readonly lie: (address: string, lie: Lie) => Effect.Effect<void>
  /**
   * Stops a sentinel for good and starts another one at a new address, which watches the
   * current primary. Gives the new address. Not with the option `tcp`.
   */
  readonly replace: (
    address: string,
    options?: {
      /** Whether the new sentinel has the disk, and so the id, of the old one. Default false. */
      readonly keepData?: boolean | undefined
    } | undefined
  ) => Effect.Effect<string>
  /** Runs SENTINEL RESET: a sentinel forgets the replicas and the other sentinels, and finds those that exist again. */
  readonly reset: (address: string) => Effect.Effect<void>
  /** Runs SENTINEL REMOVE and SENTINEL MONITOR: a sentinel watches another primary, starting at epoch 0. */
  readonly reassign: (address: string, primary: string) => Effect.Effect<void>
  /** Makes a sentinel announce hosts by names, as `announce-hostnames yes` does. The keys are hosts, the values names. */
  readonly announce: (address: string, names: Readonly<Record<string, string>>) => Effect.Effect<void>
  /**
   * Starts a planned failover, as SENTINEL FAILOVER does. It takes its time on the Clock. `false`: the sentinel refuses
   * it, as real ones do, and nothing happens. It does while another one is in progress (INPROG), which is so for about
   * a second after the group has moved, and while no replica is fit (NOGOODSLAVE).
   */
  readonly failover: Effect.Effect<boolean>
  /**
   * Starts a planned failover that the primary itself carries out, as Valkey 9 does: writes wait, and none is lost.
   * `false`: the sentinel refuses it, as with `failover`.
   */
  readonly coordinatedFailover: Effect.Effect<boolean>
}

/**
 * The service of the control of a deployment in memory.
 *
 * @since 0.1.0
 * @category services
 */
export class Deployment extends Context.Service<Deployment, Control>()("effect-redis-sentinel/testing/Deployment") {}

/** A range in milliseconds. */
type Range = readonly [min: number, max: number]

const ranges = ["lag", "latency", "syncTime"] as const

interface Checked extends Omit<Options, "downAfter" | typeof ranges[number]> {
  readonly downAfterMillis: number
  readonly ranges: { readonly [K in typeof ranges[number]]: Range }
}

const isRange = (value: unknown): value is DurationRange => {
  const fields = fieldsOf(value)
  return typeof fields !== "string" && ("min" in fields || "max" in fields)
}

const checked = (given: Options): Effect.Effect<Checked, InvalidOption> => {
  const check = new Check()
  const options = check.fields<Options>("", given ?? null)
  if (options.group !== undefined) check.group(options.group)
  check.integer("replicas", options.replicas, 0, 250)
  check.integer("sentinels", options.sentinels, 0, 250)
  check.integer("quorum", options.quorum, 1, 250)
  check.integer("seed", options.seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  check.boolean("tcp", options.tcp)
  for (const name of ["password", "sentinelPassword"] as const) {
    if (options[name] !== undefined && typeof options[name] !== "string") {
      check.fail(name, "the password must be a string")
    }
  }
  const millis = (name: string, input: DurationInput): number =>
    Duration.toMillis(check.duration(name, input, false) ?? Duration.zero)
  const rangeOf = (name: typeof ranges[number]): Range => {
    const value = options[name]
    if (value === undefined) return [0, 0]
    if (!isRange(value)) {
      const exact = millis(name, value)
      return [exact, exact]
    }
    const { max, min } = check.fields<DurationRange>(name, value)
    const range: Range = [millis(`${name}.min`, min), millis(`${name}.max`, max)]
    if (range[0] > range[1]) check.fail(name, "min must not be greater than max")
    return range
  }
  const lag = rangeOf("lag")
  const latency = rangeOf("latency")
  const syncTime = rangeOf("syncTime")
  const downAfterMillis = options.downAfter === undefined ? 500 : millis("downAfter", options.downAfter)
  return Effect.as(check.result, { ...options, downAfterMillis, ranges: { lag, latency, syncTime } })
}

/**
 * Makes a deployment, which ends when the Scope closes. Fails with `InvalidOption` if an
 * option is invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (given: Options = {}): Effect.Effect<Control, InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const options = yield* checked(given)
    const time = yield* Time.make(options.seed ?? 0)
    const count = options.sentinels ?? 3
    const nodeCount = 1 + (options.replicas ?? 2)
    const ports = options.tcp === true
      ? yield* Effect.forEach(Array.from({ length: nodeCount + count }), () => Tcp.open(0))
      : []
    const addressOf = (index: number, host: string, port: number): Address.Tcp =>
      ports.length === 0 ? { host, port } : { host: "127.0.0.1", port: ports[index]!.number }
    const group = options.group ?? "mymaster"
    // As it goes over the wire, one byte a character.
    const wired = Buffer.from(group).toString("latin1")
    const network = new Network(time)
    network.latencyMillis = options.ranges.latency
    const nodes = Array.from({ length: nodeCount }, (_, i) => {
      const node = new RedisNode(network, addressOf(i, `10.0.0.${i + 1}`, 6379))
      node.password = options.password
      node.lagMillis = options.ranges.lag
      node.syncMillis = options.ranges.syncTime
      return node
    })
    const byAddress = new Map<string, RedisNode>(nodes.map((n) => [n.shown, n]))
    for (const node of nodes) node.find = (address) => byAddress.get(address)
    const first = nodes[0]!
    const replicas = nodes.slice(1)
    for (const node of replicas) node.replicate(first.address.host, first.address.port)
    const sentinelsByAddress = new Map<string, SentinelNode>()
    const addSentinel = (address: Address.Tcp): SentinelNode => {
      const sentinel = new SentinelNode(network, address, {
        node: (address) => byAddress.get(address),
        sentinel: (address) => sentinelsByAddress.get(address),
        sentinels: () => sentinelsByAddress.values()
      })
      sentinel.password = options.sentinelPassword
      sentinelsByAddress.set(sentinel.shown, sentinel)
      return sentinel
    }
    const sentinels = Array.from(
      { length: count },
      (_, i) => addSentinel(addressOf(nodeCount + i, `10.0.1.${i + 1}`, 26379))
    )
    /** The addresses of the current sentinels. */
    const present = new Set(sentinels.map((s) => s.shown))
    for (const sentinel of sentinels) {
      sentinel.monitor(wired, first.address, {
        quorum: options.quorum ?? Math.floor(count / 2) + 1,
        downAfterMillis: options.downAfterMillis,
        replicas: replicas.map((r) => r.address),
        others: sentinels
      })
    }

    const at = <A extends Process>(list: ReadonlyArray<A>, address: string): A => {
      const found = list.find((n) => n.shown === address)
      if (found === undefined) throw new Error(`no process of the deployment has the address ${address}`)
      return found
    }
    const all: Array<RedisNode | SentinelNode> = [...nodes, ...sentinels]
    ports.forEach((port, i) => port.lead(network, all[i]!.shown))
    const newest = (): string => {
      const members = sentinels.filter((s) => present.has(s.shown))
      const alive = members.filter((s) => s.responsive)
      const from = (alive.length === 0 ? members : alive).reduce<SentinelNode | undefined>(
        (a, b) => a === undefined || b.epochOf(wired) > a.epochOf(wired) ? b : a,
        undefined
      )
      return from?.primaryOf(wired) ?? first.shown
    }
    const failingOver = (isCoordinated: boolean): Effect.Effect<boolean> =>
      Effect.sync(() => {
        const sentinel = sentinels.find((s) => s.responsive)
        return sentinel !== undefined && sentinel.failover(wired, isCoordinated) === undefined
      })
    const doing = (f: () => unknown): Effect.Effect<void> => Effect.sync(() => void f())
    const between = (a: string, b: string, how: "both" | "one-way", f: (from: string, to: string) => void): void => {
      f(a, b)
      if (how === "both") f(b, a)
    }

    return Deployment.of({
      group,
      network,
      primary: Effect.sync(newest),
      nodes: nodes.map((n) => n.shown),
      get sentinels() {
        return Array.from(present)
      },
      node: (address) => at(nodes, address),
      sentinel: (address) => at(sentinels, address),
      kill: (address) => doing(() => at(all, address).stop()),
      restart: (address, restart) =>
        doing(() => {
          const process = at(all, address)
          if (process.running) process.stop()
          if (process instanceof RedisNode) process.start({ keepData: restart?.keepData ?? true })
          else if (restart?.keepData !== false) process.start()
          else process.startAfresh(restart.primary === undefined ? undefined : at(nodes, restart.primary).address)
        }),
      hang: (address) => doing(() => at(all, address).hang()),
      resume: (address) => doing(() => at(all, address).resume()),
      slow: (address, options) =>
        doing(() => {
          const requestMillis = millisOf("requestTime", options.requestTime)
          const linkMillis = millisOf("latency", options.latency)
          const byteMillis = millisOf("byteTime", options.byteTime)
          if (requestMillis !== undefined) at(all, address).slowMillis = requestMillis
          if (linkMillis !== undefined) network.slow(at(all, address).shown, linkMillis)
          if (byteMillis !== undefined) network.drip(at(all, address).shown, byteMillis)
        }),
      partition: (a, b, how) => doing(() => between(a, b, how ?? "both", (from, to) => network.block(from, to))),
      heal: (a, b) =>
        doing(() => {
          if (a === undefined || b === undefined) network.unblockAll()
          else between(a, b, "both", (from, to) => network.unblock(from, to))
        }),
      disconnect: (address) => doing(() => network.closeAll(at(all, address).shown)),
      silence: (address) => doing(() => network.silence(at(all, address).shown)),
      cut: (cut) => doing(() => network.cutAfter({ ...cut, address: at(all, cut.address).shown })),
      corrupt: (cut) => doing(() => network.corruptAfter({ ...cut, address: at(all, cut.address).shown })),
      refuse: (address, refused) => doing(() => network.refuse(at(all, address).shown, refused ?? true)),
      pushes: (address, fault) => doing(() => at(all, address).faultPushes(fault)),
      name: (name, host) => doing(() => network.name(name, host)),
      fillDisk: (address, full) => doing(() => (at(nodes, address).diskFull = full ?? true)),
      fillMemory: (address, full) => doing(() => (at(nodes, address).outOfMemory = full ?? true)),
      load: (address, loading) => doing(() => (at(nodes, address).loading = loading ?? true)),
      lie: (address, lie) => doing(() => (at(sentinels, address).lie = lie)),
      replace: (address, replacing) =>
        Effect.sync(() => {
          const old = at(sentinels, address)
          const primary = at(nodes, newest()).address
          old.stop()
          present.delete(old.shown)
          sentinelsByAddress.delete(old.shown)
          const sentinel = addSentinel({ host: `10.0.1.${sentinels.length + 1}`, port: 26379 })
          if (replacing?.keepData === true) sentinel.id = old.id
          sentinels.push(sentinel)
          all.push(sentinel)
          present.add(sentinel.shown)
          for (const { downAfterMillis, failoverTimeoutMillis, name, quorum } of old.assigned) {
            sentinel.monitor(name, primary, { quorum, downAfterMillis, failoverTimeoutMillis })
          }
          return sentinel.shown
        }),
      reset: (address) => doing(() => at(sentinels, address).startOver(wired)),
      reassign: (address, primary) => doing(() => at(sentinels, address).reassign(wired, at(nodes, primary).address)),
      announce: (address, names) => doing(() => (at(sentinels, address).hostnames = new Map(Object.entries(names)))),
      failover: failingOver(false),
      coordinatedFailover: failingOver(true)
    })
  })
