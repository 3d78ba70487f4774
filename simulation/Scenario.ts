/**
 * A simulated run as plain data, drawn from a seed: a deployment, clients, their
 * operations, and the faults with their times. A scenario can be printed, shrunk
 * and run again.
 */
import { seeded } from "../src/testing/Time.ts"

/** A fault, which ends after a while. */
export interface Fault {
  /** Its start, in milliseconds after the start of the workload. */
  readonly at: number
  readonly kind:
    | "kill"
    | "wipe"
    | "hang"
    | "partition"
    | "isolate"
    | "cut"
    | "disconnect"
    | "refuse"
    | "slow"
    | "failover"
    | "lie"
    | "disk"
    | "memory"
    | "loading"
    | "corrupt"
    | "sentinels"
    | "forget"
    | "epoch"
    | "stale"
    | "replace"
    | "reassign"
    | "flap"
    | "mute"
    | "deafen"
    | "rename"
    | "reset"
    | "noreplicas"
    | "hiccup"
    | "busy"
    | "clock"
    | "drip"
    | "silence"
  /** Its target: `n0` and up are nodes, `s0` and up sentinels, `c0` and up clients, `primary` is the primary at that moment, `all` all sentinels. */
  readonly who: string
  /** For partitions: the other side. For hiccups: the error. */
  readonly other?: string
  readonly oneWay?: boolean
  /** Its duration, in milliseconds. */
  readonly millis: number
  /** For cuts: after how many bytes, and in which direction. */
  readonly after?: number
  readonly direction?: "request" | "reply"
}

export interface Scenario {
  readonly seed: number
  readonly replicas: number
  readonly sentinels: number
  readonly lagMillis: readonly [number, number]
  readonly latencyMillis: readonly [number, number]
  readonly syncMillis: readonly [number, number]
  readonly clients: number
  readonly workers: number
  /** The number of operations of all workers. Some are several commands: there are 500 or more. */
  readonly operations: number
  /** The duration of the workload without faults, in milliseconds. */
  readonly duration: number
  readonly connections: number
  readonly maxReserved: number
  readonly protocol: 2 | 3
  readonly commandTimeout: number
  readonly stallTimeout: number
  /** The option `follow` of the clients. Default `"sentinels"`. */
  readonly follow?: "sentinels" | "promotion"
  /** Which replicas the clients read from. Default `"sticky"`. */
  readonly replicaSelection?: "sticky" | "round-robin" | "random" | "latency" | "lag" | "prefer"
  /** How far behind these replicas may be, in bytes. */
  readonly maxLagBytes?: number
  /** Nodes have no faults except planned failovers: then no acknowledged write may be lost. */
  readonly planned?: boolean
  /**
   * Nodes and the network to them have no faults: only sentinels come, go and lie, one at a time, and the clients'
   * processes stand still. Then every operation succeeds.
   */
  readonly calm?: boolean
  /** Whether reads from replicas are observed while the primary is dead or a replica hangs. */
  readonly probed?: boolean
  /** Whether the primary may serve the replica client. Default true. */
  readonly fallback?: boolean | "when-none"
  /** The distance of each sentinel, in milliseconds each way, added to the drawn one. */
  readonly farMillis?: ReadonlyArray<number>
  /** Sentinels with the user of Redis's documentation, which may not subscribe, until all faults have ended. */
  readonly minimal?: ReadonlyArray<string>
  /** Whether the credentials of the clients rotate, at nodes and sentinels. */
  readonly rotates?: boolean
  /** When more clients start, in milliseconds after the start of the workload. */
  readonly born?: ReadonlyArray<number>
  /** How many consumers of a list each client has, besides the workers. */
  readonly consumers?: number
  /** What runs beside the workers. */
  readonly applications?: Applications
  readonly faults: ReadonlyArray<Fault>
}

/** How many there are of what runs beside the workers, in all clients. */
export interface Applications {
  readonly subscribers?: number
  /** Callers of scripts. */
  readonly scripts?: number
  readonly transfers?: number
  /** Consumers of a group. Half of them are processes of their own. */
  readonly group?: number
  /** Workers of a queue. Half of them are processes of their own. */
  readonly queue?: number
  /** Readers of the stream of the group. */
  readonly readers?: number
  /** Readers of Streams of popped elements. */
  readonly pops?: number
}

export type Action =
  | "offer"
  | "batch"
  | "replicaBatch"
  | "scan"
  | "replicaScan"
  | "afterOffset"
  | "afterOld"
  | "afterScan"
  | "echo"
  | "select"
  | "reservedTransaction"
  | "abandonWatch"
  | "publish"
  | "set"
  | "setRepeatable"
  | "get"
  | "range"
  | "incr"
  | "push"
  | "pushRepeatable"
  | "mget"
  | "transaction"
  | "pipeline"
  | "pop"
  | "watch"
  | "reserved"
  | "replicaRange"
  | "wrongType"

export interface Operation {
  readonly id: number
  readonly action: Action
  readonly key: number
  /** After how many milliseconds it is interrupted, if it has not ended. */
  readonly interruptAfter: number | undefined
  /** How long the worker waits before it. */
  readonly pause: number
}

export class Dice {
  private readonly random: () => number
  constructor(seed: number) {
    this.random = seeded(seed)
    // Neighbouring seeds start with similar numbers.
    for (let i = 0; i < 8; i++) this.random()
  }
  chance(p: number): boolean {
    return this.random() < p
  }
  /** From `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1))
  }
  pick<A>(list: ReadonlyArray<A>): A {
    return list[Math.floor(this.random() * list.length)]!
  }
  weighted<A extends string>(weights: Readonly<Record<A, number>>): A {
    const names = Object.keys(weights) as Array<A>
    let left = this.random() * names.reduce((n, name) => n + weights[name], 0)
    for (const name of names) {
      left -= weights[name]
      if (left < 0) return name
    }
    return names[names.length - 1]!
  }
}

/** The pauses between `count` operations that are spread over the workload, in milliseconds. */
export const pausesOf = (scenario: Scenario, dice: Dice, count: number): ReadonlyArray<number> => {
  const mean = scenario.duration / count
  return Array.from({ length: count }, () => dice.chance(0.3) ? 0 : dice.int(0, Math.ceil(mean * 2.6)))
}

const faultWeights: Readonly<Record<Fault["kind"], number>> = {
  kill: 5,
  wipe: 1,
  hang: 5,
  partition: 6,
  isolate: 3,
  cut: 10,
  disconnect: 5,
  refuse: 2,
  slow: 3,
  failover: 6,
  lie: 4,
  disk: 1,
  memory: 1,
  loading: 2,
  corrupt: 1,
  sentinels: 3,
  forget: 3,
  epoch: 3,
  stale: 2,
  // While nodes are down, new sentinels are not announced, so no client can know them: only without other faults.
  replace: 0,
  reassign: 1,
  flap: 2,
  mute: 2,
  deafen: 2,
  rename: 2,
  reset: 2,
  noreplicas: 2,
  hiccup: 6,
  busy: 3,
  clock: 2,
  // Drawn by `withMore`.
  drip: 0,
  silence: 0
}

/** Faults and uses that are not drawn yet because the library does not withstand them, and why. */
export const pending: Readonly<Record<string, string>> = {}

const withoutPending = new WeakMap<object, Readonly<Record<string, number>>>()

const drawn = <A extends string>(weights: Readonly<Record<A, number>>): Readonly<Record<A, number>> => {
  let known = withoutPending.get(weights)
  if (known === undefined) {
    known = Object.fromEntries(
      Object.entries<number>(weights).map(([name, weight]) => [name, name in pending ? 0 : weight])
    )
    withoutPending.set(weights, known)
  }
  return known as Readonly<Record<A, number>>
}

const drawFault = (dice: Dice, scenario: Omit<Scenario, "faults">): Fault => {
  const kind = dice.weighted(drawn(faultWeights))
  return drawFaultOf(dice, scenario, kind)
}

const drawFaultOf = (dice: Dice, scenario: Omit<Scenario, "faults">, kind: Fault["kind"]): Fault => {
  const at = dice.int(100, Math.floor(scenario.duration * 0.8))
  const millis = dice.chance(0.3) ? dice.int(10, 300) : dice.int(300, 4000)
  const node = (): string => dice.chance(0.5) ? "primary" : `n${dice.int(0, scenario.replicas)}`
  const sentinel = (): string => `s${dice.int(0, scenario.sentinels - 1)}`
  const client = (): string => `c${dice.int(0, scenario.clients - 1)}`
  const anyone = (): string => dice.weighted({ node: 4, sentinel: 2 }) === "node" ? node() : sentinel()
  const bytes = (): { readonly after: number; readonly direction: "request" | "reply" } => ({
    after: dice.int(0, dice.chance(0.5) ? 40 : 2000),
    direction: dice.pick(["request", "reply"])
  })
  switch (kind) {
    case "kill":
    case "hang":
    case "disconnect":
    case "refuse":
    case "slow":
    case "isolate":
      return { at, kind, who: anyone(), millis }
    case "wipe":
      // A primary that returns empty deletes the data of all replicas: no client can prevent that.
      return { at, kind, who: `n${dice.int(0, scenario.replicas)}`, millis: Math.max(millis, 2500) }
    case "partition": {
      const who = dice.weighted({ client: 3, node: 2, sentinel: 1 })
      const [a, b] = who === "client"
        ? [client(), anyone()]
        : who === "node"
        ? [node(), anyone()]
        : [sentinel(), sentinel()]
      return { at, kind, who: a, other: b, oneWay: dice.chance(0.3), millis }
    }
    case "cut":
    case "corrupt":
      return { at, kind, who: dice.chance(0.8) ? node() : sentinel(), millis: 0, ...bytes() }
    case "failover":
      return { at, kind, who: sentinel(), millis: 0 }
    case "lie":
      return { at, kind, who: sentinel(), other: dice.pick(["stale", "replica", "replica", "unknown"]), millis }
    case "disk":
    case "memory":
    case "loading":
    case "noreplicas":
      return { at, kind, who: node(), millis }
    case "sentinels":
      return { at, kind, who: "all", millis: dice.chance(0.5) ? 300 : millis }
    case "forget":
      return { at, kind, who: dice.chance(0.5) ? "all" : sentinel(), millis: dice.int(50, 1500) }
    case "epoch":
      return { at, kind, who: sentinel(), other: dice.pick(["same", "replica", "unknown"]), millis }
    case "flap":
    case "deafen":
    case "rename":
    case "reset":
      return { at, kind, who: sentinel(), millis }
    case "mute":
      return { at, kind, who: dice.chance(0.5) ? "all" : sentinel(), millis }
    case "stale":
      return { at, kind, who: dice.chance(0.7) ? "s0" : sentinel(), millis: 0 }
    case "replace":
      // A client that learns of no new sentinel before the last old one is gone cannot know any.
      return { at, kind, who: "all", millis: dice.int(1500, 3000) }
    case "reassign":
      return { at, kind, who: `n${dice.int(0, scenario.replicas)}`, millis: 0 }
    case "hiccup":
      return {
        at,
        kind,
        who: "primary",
        other: dice.weighted({ NOREPLICAS: 4, READONLY: 2, LOADING: 1 }),
        millis: 0,
        after: dice.int(0, 6)
      }
    case "busy":
      return { at, kind, who: client(), millis: dice.int(50, 2000) }
    case "clock":
      return { at, kind, who: client(), other: dice.pick(["-60000", "60000"]), millis: 0 }
    case "drip":
      return { at, kind, who: anyone(), other: String(dice.int(5, 100)), millis }
    case "silence":
      return { at, kind, who: anyone(), millis: 0 }
  }
}

/** The scenario of a seed. */
export const generate = (seed: number): Scenario =>
  withRotation(withApplications(withMore(planOf(seed), new Dice(seed ^ 0x2545f491)), new Dice(seed ^ 0x1b873593)))

/** In every eighth scenario the passwords of the clients change all the time. */
const withRotation = (scenario: Scenario): Scenario =>
  scenario.seed % 8 === 3 && scenario.minimal === undefined ? { ...scenario, rotates: true } : scenario

/** What runs beside the workers, drawn from random numbers of its own as well. */
const withApplications = (scenario: Scenario, dice: Dice): Scenario => {
  const some = <A>(p: number, name: string, value: () => A): Record<string, A> =>
    dice.chance(p) ? { [name]: value() } : {}
  const applications: Applications = {
    ...some(0.4, "subscribers", () => dice.int(1, 5)),
    ...some(0.4, "transfers", () => dice.int(2, 5)),
    ...some(0.4, "group", () => dice.int(2, 4)),
    ...some(0.25, "queue", () => dice.int(2, 4)),
    ...some(0.25, "readers", () => dice.int(1, 3)),
    ...some(0.3, "pops", () => dice.int(1, 3)),
    ...some(0.3, "scripts", () => dice.int(2, 5))
  }
  return Object.keys(applications).length === 0 ? scenario : { ...scenario, applications }
}

/**
 * Later additions, drawn from their own random numbers, so that existing seeds keep
 * the rest of their scenarios.
 */
const withMore = (scenario: Scenario, dice: Dice): Scenario => {
  if (dice.chance(0.06) && scenario.planned !== true && scenario.calm !== true) return probedOf(scenario, dice)
  const some = <A>(p: number, value: () => A): A | undefined => dice.chance(p) ? value() : undefined
  const sentinel = (): string => `s${dice.int(0, scenario.sentinels - 1)}`
  const failover = scenario.faults.find(({ kind }) => kind === "failover")?.at
  const minimal = some(
    0.03,
    () => dice.chance(0.3) ? Array.from({ length: scenario.sentinels }, (_, i) => `s${i}`) : [sentinel()]
  )
  const born = some(0.15, () =>
    Array.from({ length: dice.int(1, 3) }, () =>
      failover === undefined || dice.chance(0.2)
        ? dice.int(0, Math.floor(scenario.duration * 0.8))
        : Math.max(0, failover + dice.int(-200, 1500))))
  // To begin to hear one takes five ways there and back; a newborn's writes wait for a head start only; and where one may
  // only be asked, 500 ms count at most.
  const isHeardAnew = minimal !== undefined || scenario.faults.some(({ kind }) => kind === "mute") ||
    (scenario.planned === true && scenario.faults.some(({ kind }) => kind !== "failover"))
  const distances = born !== undefined ? [0, 5] : isHeardAnew ? [0, 5, 30] : [0, 0, 5, 30, 80, 200]
  const farMillis = some(0.12, () => Array.from({ length: scenario.sentinels }, () => dice.pick(distances)))
  const consumers = some(0.2, () => dice.pick([1, 3, 6, 10]))
  return {
    ...scenario,
    ...(farMillis === undefined ? {} : { farMillis }),
    ...(minimal === undefined ? {} : { minimal }),
    ...(born === undefined ? {} : { born }),
    ...(consumers === undefined ? {} : { consumers }),
    ...moreFaults(scenario, dice)
  }
}

const moreFaults = (scenario: Scenario, dice: Dice): Partial<Scenario> => {
  if (scenario.planned === true || dice.chance(0.55)) return {}
  if (scenario.calm === true) {
    // After the other faults, and alone: exactly one sentinel is affected.
    const at = scenario.duration
    const who = `s${dice.int(0, scenario.sentinels - 1)}`
    const fault = dice.chance(0.5)
      ? { at, kind: "silence" as const, who, millis: 0 }
      : { at, kind: "drip" as const, who, other: String(dice.int(5, 100)), millis: dice.int(300, 2500) }
    return { faults: [...scenario.faults, fault], duration: at + fault.millis + 1500 }
  }
  const drawn = Array.from({ length: dice.int(1, 2) }, (): Fault => {
    const kind = dice.pick(["drip", "silence", "silence", "clock"] as const)
    const fault = drawFaultOf(dice, scenario, kind)
    // And back again, some time later.
    return kind === "clock" ? { ...fault, millis: dice.int(100, 3000) } : fault
  })
  return { faults: [...scenario.faults, ...drawn].sort((a, b) => a.at - b.at) }
}

/** The primary dies, then a replica hangs, then a sentinel restarts: reads continue after some milliseconds. */
const probedOf = (scenario: Scenario, dice: Dice): Scenario => {
  const { maxLagBytes: _, ...rest } = scenario
  const replicas = dice.int(2, 3)
  return {
    ...rest,
    probed: true,
    replicas,
    lagMillis: dice.pick([[0, 0], [0, 2]] as const),
    latencyMillis: dice.pick([[0, 0], [0, 1], [1, 2]] as const),
    fallback: dice.pick([true, true, false, "when-none"] as const),
    duration: 12_000,
    faults: [
      { at: dice.int(800, 1500), kind: "kill", who: "primary", millis: dice.int(2500, 5000) },
      { at: 8500, kind: "hang", who: `n${dice.int(0, replicas)}`, millis: dice.int(500, 2500) },
      { at: 11_500, kind: "sentinels", who: "all", millis: 300 }
    ]
  }
}

const planOf = (seed: number): Scenario => {
  const dice = new Dice(seed)
  const quick = dice.chance(0.4)
  const base = {
    seed,
    replicas: dice.pick([1, 2, 2, 2, 3]),
    sentinels: dice.pick([3, 3, 3, 5]),
    lagMillis: dice.pick([[0, 0], [0, 2], [1, 50]] as const),
    latencyMillis: quick ? [0, 0] as const : dice.pick([[0, 1], [1, 2], [1, 10]] as const),
    syncMillis: dice.pick([[0, 0], [10, 200]] as const),
    clients: dice.pick([1, 1, 2]),
    workers: dice.int(6, 12),
    operations: 440,
    duration: dice.int(2500, 5000),
    connections: dice.pick([1, 1, 2, 3, 4]),
    maxReserved: dice.pick([2, 4]),
    protocol: dice.chance(0.8) ? 3 as const : 2 as const,
    commandTimeout: dice.pick([1000, 3000, 10_000]),
    stallTimeout: dice.pick([300, 1000])
  }
  const faults = Array.from({ length: dice.int(3, 7) }, () => drawFault(dice, base)).sort((a, b) => a.at - b.at)
  const lag = dice.chance(0.15) ? { maxLagBytes: dice.pick([0, 200, 5000]) } : {}
  const followed = {
    ...base,
    follow: dice.pick(["sentinels", "sentinels", "promotion"] as const),
    replicaSelection: dice.pick(["sticky", "sticky", "round-robin", "random", "latency", "lag", "prefer"] as const),
    ...lag
  }
  const kind = dice.weighted({ chaos: 65, planned: 22, calm: 13 })
  if (kind === "chaos") return { ...followed, faults }
  const sentinel = (): string => `s${dice.int(0, base.sentinels - 1)}`
  const undisturbed = {
    ...followed,
    lagMillis: dice.pick([[0, 0], [0, 2]] as const),
    latencyMillis: dice.pick([[0, 0], [0, 1], [1, 2]] as const)
  }
  if (kind === "calm") {
    const kinds = Array.from({ length: dice.int(3, 6) }, () => dice.weighted(drawn(calmWeights)))
    const calm = kinds.map((name): Fault => {
      // Never two faults at once: a majority of the sentinels is always correct.
      const fault = name === "hang" || name === "kill"
        ? { at: 0, kind: name, who: sentinel(), millis: dice.int(300, 2500) }
        : drawFaultOf(dice, { ...base, duration: 1000 }, name)
      const who = fault.who === "all" && name !== "sentinels" && name !== "replace" ? sentinel() : fault.who
      return { ...fault, who, millis: Math.min(fault.millis, 2500) }
    })
    let at = 400
    const inTurn = calm.map((fault) => {
      const placed = { ...fault, at }
      at += fault.millis + (fault.kind === "replace" ? fault.millis * base.sentinels : 0) + 1500
      return placed
    })
    return { ...undisturbed, calm: true, commandTimeout: 10_000, duration: Math.max(base.duration, at), faults: inTurn }
  }
  // A selected replica has to receive what it lacks before its promotion.
  const at = dice.int(600, Math.floor(base.duration * 0.5))
  const extra = dice.weighted(drawn(plannedWeights))
  const leader = sentinel()
  const before = (): Fault | undefined => {
    switch (extra) {
      case "none":
        return undefined
      case "sentinelsBefore":
        return { at: 300, kind: "sentinels", who: "all", millis: 300 }
      case "muteAll":
        return { at: 100, kind: "mute", who: "all", millis: 6000 }
      case "renameLeader":
        return { at: 100, kind: "rename", who: leader, millis: 30_000 }
      case "staleFirst":
        return { at: 200, kind: "stale", who: "s0", millis: 0 }
      case "forgetOne":
        return { at: 200, kind: "forget", who: sentinel(), millis: 100 }
      case "busyClient":
        return { at: at + dice.int(0, 250), kind: "busy", who: "c0", millis: dice.int(50, 3000) }
    }
  }
  const first = before()
  const led = extra === "staleFirst" ? `s${dice.int(1, base.sentinels - 1)}` : leader
  const failoverAt = extra === "sentinelsBefore" ? 600 + dice.pick([1000, 2000, 5000]) : at
  return {
    ...undisturbed,
    planned: true,
    duration: Math.max(base.duration, failoverAt + 2500),
    faults: [
      ...(first === undefined ? [] : [first]),
      { at: failoverAt, kind: "failover" as const, who: led, millis: 0 },
      // With one replica, the second failover would promote the old primary, which does not follow the new one yet.
      ...(base.replicas > 1 && extra === "none" && dice.chance(0.3)
        ? [{ at: at + 4000, kind: "failover" as const, who: sentinel(), millis: 0 }]
        : [])
    ].sort((a, b) => a.at - b.at)
  }
}

/** Faults of sentinels and clients, for scenarios without faults of nodes. */
const calmWeights = {
  kill: 2,
  hang: 2,
  lie: 3,
  epoch: 3,
  flap: 3,
  mute: 2,
  deafen: 2,
  rename: 2,
  reset: 2,
  forget: 2,
  sentinels: 2,
  replace: 1,
  busy: 3,
  clock: 2
} as const

/** Faults that may accompany a planned failover. */
const plannedWeights = {
  none: 8,
  sentinelsBefore: 3,
  muteAll: 2,
  renameLeader: 2,
  staleFirst: 2,
  forgetOne: 1,
  busyClient: 3
} as const

const actionWeights: Readonly<Record<Action, number>> = {
  // The consumers do this.
  offer: 0,
  batch: 6,
  replicaBatch: 2,
  scan: 1,
  replicaScan: 1,
  afterOffset: 2,
  afterOld: 1,
  afterScan: 1,
  echo: 2,
  select: 1,
  reservedTransaction: 2,
  abandonWatch: 1,
  publish: 5,
  set: 14,
  setRepeatable: 3,
  get: 8,
  range: 14,
  incr: 16,
  push: 10,
  pushRepeatable: 3,
  mget: 4,
  transaction: 6,
  pipeline: 4,
  pop: 4,
  watch: 2,
  reserved: 4,
  replicaRange: 4,
  wrongType: 1
}

/** The operations of a worker, in order, independent of the faults. */
export const operationsOf = (scenario: Scenario, worker: number): ReadonlyArray<Operation> => {
  const dice = new Dice(scenario.seed * 1009 + worker)
  const count = Math.ceil(scenario.operations / scenario.workers)
  const mean = scenario.duration / count
  return Array.from({ length: count }, (_, i) => ({
    id: (worker * 1000 + i + 1) * 10,
    action: dice.weighted(drawn(actionWeights)),
    key: dice.int(0, 5),
    interruptAfter: dice.chance(0.04) ? dice.int(0, 30) : undefined,
    pause: dice.chance(0.3) ? 0 : dice.int(0, Math.ceil(mean * 2.6))
  }))
}

/** The first operations of a client that starts late: mostly writes. */
export const firstOperationsOf = (scenario: Scenario, worker: number): ReadonlyArray<Operation> => {
  const dice = new Dice(scenario.seed * 1009 + worker)
  return Array.from({ length: 40 }, (_, i) => ({
    id: (worker * 1000 + i + 1) * 10,
    action: dice.pick(["push", "push", "incr", "incr", "set", "range", "replicaRange", "batch"] as const),
    key: dice.int(0, 5),
    interruptAfter: undefined,
    pause: dice.chance(0.5) ? 0 : dice.int(0, 30)
  }))
}

/** How long a consumer waits each time, in seconds, and how long no elements are added, in milliseconds. */
export const turnsOf = (
  scenario: Scenario,
  worker: number
): ReadonlyArray<{ readonly id: number; readonly n: number }> => {
  const dice = new Dice(scenario.seed * 1009 + worker)
  return Array.from({ length: 1000 }, (_, i) => ({
    id: (worker * 1000 + i + 1) * 10,
    n: dice.chance(0.8) ? dice.int(1, 20) / 10 : 6
  }))
}
