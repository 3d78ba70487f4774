/**
 * A whole deployment in memory: nodes, sentinels and the network between them,
 * and the control by which a test makes things go wrong.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Buffer } from "node:buffer"
import type * as Address from "../Address.ts"
import type { InvalidOption } from "../Errors.ts"
import { Check } from "../internal/client/checkOptions.ts"
import { type Cut, Network } from "./Network.ts"
import type { Process, PushFault } from "./Process.ts"
import { RedisNode } from "./RedisNode.ts"
import { type Lie, SentinelNode } from "./SentinelNode.ts"
import * as Tcp from "./Tcp.ts"
import * as Time from "./Time.ts"

/**
 * What a deployment consists of. Numbers that are given as a range are drawn
 * from it each time.
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
  /** How long a write takes to reach a replica beside the network, in milliseconds. Default 0. */
  readonly lagMillis?: number | readonly [min: number, max: number] | undefined
  /** How long a byte takes from one party to another, in milliseconds. Default 0. */
  readonly latencyMillis?: number | readonly [min: number, max: number] | undefined
  /** How long a full resynchronisation takes, in milliseconds. Default 0. */
  readonly syncMillis?: number | readonly [min: number, max: number] | undefined
  /** The password of the nodes. Default none. */
  readonly password?: string | undefined
  /** The password of the sentinels. Default none. */
  readonly sentinelPassword?: string | undefined
  /**
   * Whether nodes and sentinels listen on free ports of 127.0.0.1 too, which are
   * then their addresses: for other clients. Default false.
   */
  readonly tcp?: boolean | undefined
  /** Where chance begins: the same seed gives the same deployment. Default 0. */
  readonly seed?: number | undefined
}

/**
 * Moves a deployment. Addresses are `host:port`; the nodes are at
 * `10.0.0.1:6379` and up, the sentinels at `10.0.1.1:26379` and up (with `tcp`,
 * where they listen); a client
 * is the party `client` unless it dials by `network.dialer(name)`. Each effect
 * has taken effect when it ends. An address that nobody has is a defect.
 *
 * @since 0.1.0
 * @category models
 */
export interface Control {
  readonly group: string
  readonly network: Network
  /** The address of the node that the sentinel with the newest configuration thinks is the primary. */
  readonly primary: Effect.Effect<string>
  /** The addresses of all nodes, the first primary in front. */
  readonly nodes: ReadonlyArray<string>
  /** The addresses of all sentinels, those that were replaced left out. */
  readonly sentinels: ReadonlyArray<string>
  readonly node: (address: string) => RedisNode
  readonly sentinel: (address: string) => SentinelNode

  /** Ends a process: its connections break, new ones are refused. */
  readonly kill: (address: string) => Effect.Effect<void>
  /**
   * Starts a process again, with its data unless told otherwise. A sentinel
   * without its data has another id and no epoch, and knows nobody but the
   * primary that its configuration named in the beginning (or `primary`).
   */
  readonly restart: (
    address: string,
    options?: { readonly keepData?: boolean | undefined; readonly primary?: string | undefined } | undefined
  ) => Effect.Effect<void>
  /** Stops a process from answering, with its connections open, as SIGSTOP does. */
  readonly hang: (address: string) => Effect.Effect<void>
  /** Lets a hung process go on. */
  readonly resume: (address: string) => Effect.Effect<void>
  /** Makes each request of a process take so long, or each way to it, or each byte that it sends, in milliseconds; 0 ends it. */
  readonly slow: (
    address: string,
    options: {
      readonly requestMillis?: number | undefined
      readonly linkMillis?: number | undefined
      readonly byteMillis?: number | undefined
    }
  ) => Effect.Effect<void>

  /**
   * Lets nothing pass between two parties (`"*"`: everybody), in both
   * directions or only from the first to the second. Connections stay open,
   * and what is sent arrives once the partition is over.
   */
  readonly partition: (a: string, b: string, how?: "both" | "one-way" | undefined) => Effect.Effect<void>
  /** Ends the partitions between two parties, or all of them. */
  readonly heal: (a?: string | undefined, b?: string | undefined) => Effect.Effect<void>
  /** Breaks all connections to an address; new ones are accepted. */
  readonly disconnect: (address: string) => Effect.Effect<void>
  /** Lets the connections to an address carry nothing any more, and tells neither side; new ones work. */
  readonly silence: (address: string) => Effect.Effect<void>
  /** Breaks one connection in the middle of a request or a reply, after so many bytes. */
  readonly cut: (cut: Cut) => Effect.Effect<void>
  /** Changes one byte of a request or a reply, after so many bytes. */
  readonly corrupt: (cut: Cut) => Effect.Effect<void>
  /** Refuses new connections to an address; `false` ends it. */
  readonly refuse: (address: string, refused?: boolean | undefined) => Effect.Effect<void>
  /** Delays, drops or doubles messages that a process pushes. */
  readonly pushes: (address: string, fault: PushFault) => Effect.Effect<void>
  /** Gives a hostname an address, `host` only; undefined takes the name away. */
  readonly name: (name: string, host: string | undefined) => Effect.Effect<void>

  /** A node cannot save: writes are refused with MISCONF; `false` ends it. */
  readonly fillDisk: (address: string, full?: boolean | undefined) => Effect.Effect<void>
  /** A node has no memory left: writes that need more are refused with OOM; `false` ends it. */
  readonly fillMemory: (address: string, full?: boolean | undefined) => Effect.Effect<void>
  /** A node reads its data from disk, and answers LOADING; `false` ends it. */
  readonly load: (address: string, loading?: boolean | undefined) => Effect.Effect<void>
  /** Makes a sentinel lie. */
  readonly lie: (address: string, lie: Lie) => Effect.Effect<void>
  /**
   * Ends a sentinel for good and starts another one at a new address in its
   * place, which watches the primary of now; with the same id if it keeps its
   * disk. The new address. Not with `tcp`.
   */
  readonly replace: (
    address: string,
    options?: { readonly keepData?: boolean | undefined } | undefined
  ) => Effect.Effect<string>
  /** SENTINEL RESET: a sentinel forgets the replicas and the other sentinels, and finds those again that are there. */
  readonly reset: (address: string) => Effect.Effect<void>
  /** SENTINEL REMOVE and SENTINEL MONITOR: a sentinel watches another primary from now on, with no epoch. */
  readonly reassign: (address: string, primary: string) => Effect.Effect<void>
  /** Makes a sentinel announce hosts by these names, as `announce-hostnames yes` does: from the host to its name. */
  readonly announce: (address: string, names: Readonly<Record<string, string>>) => Effect.Effect<void>
  /** Begins a planned failover, as SENTINEL FAILOVER does; the Clock carries it out. */
  readonly failover: Effect.Effect<void>
  /** The same, handed over by the primary itself, as Valkey 9 does it: it lets writes wait, and loses none. */
  readonly coordinatedFailover: Effect.Effect<void>
}

/**
 * The control of the deployment in memory.
 *
 * @since 0.1.0
 * @category services
 */
export class Deployment extends Context.Service<Deployment, Control>()("effect-redis-sentinel/testing/Deployment") {}

type Range = readonly [min: number, max: number]

const rangeOf = (given: number | Range | undefined): Range =>
  given === undefined ? [0, 0] : typeof given === "number" ? [given, given] : given

const checked = (given: Options): Effect.Effect<Options, InvalidOption> => {
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
  for (const name of ["downAfterMillis", "lagMillis", "latencyMillis", "syncMillis"] as const) {
    const value = options[name]
    if (value === undefined) continue
    const range = typeof value === "number" ? [value] : check.items(name, value)
    const isTime = (n: unknown): boolean => typeof n === "number" && n >= 0 && n < Infinity
    if (!range.every(isTime) || range.length === 0 || range.length > 2 || range[0]! > range[range.length - 1]!) {
      check.fail(name, "expected a number of milliseconds, or an array of the least and the most")
    }
  }
  return Effect.as(check.result, options)
}

/**
 * A deployment, until the Scope closes.
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
    network.latency = rangeOf(options.latencyMillis)
    const nodes = Array.from({ length: nodeCount }, (_, i) => {
      const node = new RedisNode(network, addressOf(i, `10.0.0.${i + 1}`, 6379))
      node.password = options.password
      node.lag = rangeOf(options.lagMillis)
      node.syncMillis = rangeOf(options.syncMillis)
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
    /** Those that are part of it now. */
    const present = new Set(sentinels.map((s) => s.shown))
    for (const sentinel of sentinels) {
      sentinel.monitor(wired, first.address, {
        quorum: options.quorum ?? Math.floor(count / 2) + 1,
        downAfterMillis: options.downAfterMillis ?? 500,
        replicas: replicas.map((r) => r.address),
        others: sentinels
      })
    }

    const at = <A extends Process>(list: ReadonlyArray<A>, address: string): A => {
      const found = list.find((n) => n.shown === address)
      if (found === undefined) throw new Error(`nobody is at ${address}`)
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
      slow: (address, { byteMillis, linkMillis, requestMillis }) =>
        doing(() => {
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
          for (const { downAfter, failoverTimeout, name, quorum } of old.assigned) {
            sentinel.monitor(name, primary, {
              quorum,
              downAfterMillis: downAfter,
              failoverTimeoutMillis: failoverTimeout
            })
          }
          return sentinel.shown
        }),
      reset: (address) => doing(() => at(sentinels, address).startOver(wired)),
      reassign: (address, primary) => doing(() => at(sentinels, address).reassign(wired, at(nodes, primary).address)),
      announce: (address, names) => doing(() => (at(sentinels, address).hostnames = new Map(Object.entries(names)))),
      failover: doing(() => sentinels.find((s) => s.responsive)?.failover(wired)),
      coordinatedFailover: doing(() => sentinels.find((s) => s.responsive)?.failover(wired, true))
    })
  })
