/**
 * A sentinel in memory: it watches the nodes of its groups, agrees with the other
 * sentinels that a primary is down, is elected, promotes a replica, and publishes its
 * events, with the timing of real sentinels.
 *
 * What it says to nodes and to other sentinels is not sent as bytes, but partitions of
 * the network stop it.
 *
 * @since 0.1.0
 */
import type * as Address from "../Address.ts"
import { type Definition, group, matches, noKeys } from "./data/command.ts"
import type { Network } from "./Network.ts"
import { type Answer, commonCommands, Process, type Session } from "./Process.ts"
import type { RedisNode } from "./RedisNode.ts"
import { Failure, Fields, nullArray, ok, type Reply, Simple } from "./Reply.ts"
import type { Timer } from "./Time.ts"
import { timelines } from "./timelines.ts"

const err = (text: string): Failure => new Failure(`ERR ${text}`)
const noGroup = err("No such master with that name")

const sentinelCommand = group("sentinel")
const nothing = (): Reply => null

const table: ReadonlyMap<string, Definition> = new Map(
  [
    ...commonCommands.filter((command) => command.name !== "reset"),
    sentinelCommand("sentinel", -2, "admin", noKeys, nothing),
    sentinelCommand("info", -1, "stale", noKeys, nothing),
    sentinelCommand("role", 1, "fast", noKeys, nothing),
    sentinelCommand("shutdown", -1, "admin", noKeys, nothing)
  ].map((d) => [d.name, d])
)

/**
 * The wrong answers of a sentinel, for tests of clients that must not believe them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lie {
  /** The address that it gives for the primary. Default: the true one. */
  readonly primary?: {
    /** The host. */
    readonly host: string
    /** The port. */
    readonly port: number
  } | undefined
  /** Whether it says that it does not know the group. Default false. */
  readonly unknownGroup?: boolean | undefined
  /** The configuration epoch that it gives. Default: the true one. */
  readonly epoch?: number | undefined
  /** The other sentinels that it lists. Default: those that it knows. */
  readonly others?: ReadonlyArray<Address.Tcp> | undefined
  /** The replicas that it lists. Default: those that it knows. */
  readonly replicas?: ReadonlyArray<Address.Tcp> | undefined
}

/** The processes of a deployment, by address. */
export interface Directory {
  /** Gives the node at an address. */
  readonly node: (address: string) => RedisNode | undefined
  /** Gives the sentinel at an address. */
  readonly sentinel: (address: string) => SentinelNode | undefined
  /** Gives all sentinels. */
  readonly sentinels: () => Iterable<SentinelNode>
}

/** A group that a sentinel was configured to watch. */
interface Assignment {
  /** The name of the group, one UTF-8 byte per character. */
  readonly name: string
  /** The address of the primary in the configuration. */
  readonly primary: Address.Tcp
  /** How many sentinels must agree that the primary is down. */
  readonly quorum: number
  /** After how long without an answer a node is considered down, in milliseconds. */
  readonly downAfterMillis: number
  /** The `failover-timeout`, in milliseconds. */
  readonly failoverTimeoutMillis: number
}

/** A range of a recorded step after another, in milliseconds. */
const range = (later: ReadonlyArray<number>, earlier: ReadonlyArray<number>): readonly [number, number] => {
  const differences = later.map((at, i) => Math.max(0, at - (earlier[i] ?? earlier[0] ?? 0)))
  return [Math.min(...differences), Math.max(...differences)]
}

const stepsOf = (t: {
  readonly try: ReadonlyArray<number>
  readonly elected: ReadonlyArray<number>
  readonly selected: ReadonlyArray<number>
  readonly role: ReadonlyArray<number>
  readonly promoted: ReadonlyArray<number>
  readonly othersFirst: ReadonlyArray<number>
  readonly othersLast: ReadonlyArray<number>
  readonly end: ReadonlyArray<number>
}) => ({
  elected: range(t.elected, t.try),
  selected: range(t.selected, t.elected),
  role: range(t.role, t.selected),
  promoted: range(t.promoted, t.role),
  others: [range(t.othersFirst, t.promoted)[0], range(t.othersLast, t.promoted)[1]] as const,
  end: range(t.end, t.promoted)
})

const planned = stepsOf(timelines.planned)
const unplanned = stepsOf(timelines.kill)
/** How long a node says that it is a primary, though it is not, until it is made a replica. */
const correction = {
  afterSwitch: range(timelines.planned.demoted, timelines.planned.othersLast),
  afterReturn: range(timelines.hang.demoted, timelines.hang.demoted.map(() => 0))
}

const tickMillis = 100
const infoMillis = 1000
const calmInfoMillis = 10_000
const helloMillis = 2000
/** Two failovers of a group have at least this much time between them, times two. */
const defaultFailoverTimeout = 6000
const maxDesyncMillis = 1000
/** A sentinel that stood still for longer than this does not act for a while. */
const tiltTriggerMillis = 2000
const tiltMillis = 30_000

/** A node, as a sentinel sees it. */
interface Instance {
  readonly address: string
  readonly host: string
  readonly port: number
  runId: string
  heardAt: number
  down: boolean
  downSince: number
  role: "master" | "slave"
  roleSince: number
  offset: number
  priority: number
  linked: boolean
  primary: string
  linkDownMillis: number
  infoAt: number
  /** When it will be made what it should be. */
  correctAt: number
  returned: boolean
}

/** Another sentinel, as a sentinel sees it. */
interface Other {
  readonly address: string
  readonly host: string
  readonly port: number
  readonly id: string
  heardAt: number
  down: boolean
}

interface Failover {
  readonly epoch: number
  readonly forced: boolean
  /** Whether the primary itself hands over, as Valkey 9 does it. */
  readonly coordinated: boolean
  readonly began: number
  state: string
  readonly votes: Set<string>
  chosen: Instance | undefined
  timer: Timer | undefined
}

/** A group, as a sentinel sees it. */
interface Monitor {
  readonly name: string
  primary: Instance
  replicas: Map<string, Instance>
  readonly others: Map<string, Other>
  quorum: number
  downAfterMillis: number
  failoverTimeoutMillis: number
  parallelSyncs: number
  epoch: number
  odown: boolean
  failover: Failover | undefined
  /** When a failover was tried last, by this sentinel or by one that it voted for. */
  triedAt: number
  leader: string
  leaderEpoch: number
}

/**
 * A sentinel in memory. Get one from `Control.sentinel`. Names of groups have one UTF-8
 * byte per character.
 *
 * @since 0.1.0
 * @category models
 */
export class SentinelNode extends Process {
  /** The `redis_mode` of INFO and HELLO. */
  readonly mode: string = "sentinel"
  protected readonly table: ReadonlyMap<string, Definition> = table
  /** The id, as SENTINEL MYID gives it. */
  id: string
  private readonly directory: Directory
  private readonly monitors = new Map<string, Monitor>()
  private readonly settings = new Map([
    ["resolve-hostnames", "no"],
    ["announce-hostnames", "no"],
    ["announce-ip", ""],
    ["announce-port", "0"],
    ["sentinel-user", ""],
    ["sentinel-pass", ""],
    ["loglevel", "notice"]
  ])
  private simulated = new Set<string>()
  private currentEpoch = 0
  private helloAt = 0
  /** When it looks for the first time; after that every so often. */
  private readonly phase: number
  private hungAt = 0
  private tiltUntil = 0
  /** Whether it looks at all: while all is as it should be, it need not. */
  private looking = false
  /** What its configuration file said in the beginning, by group. */
  private readonly assignments = new Map<string, Assignment>()
  /** Its wrong answers. Default: none. */
  lie: Lie = {}
  /**
   * The names by which it announces hosts, by host, in answers and events, as with
   * `announce-hostnames yes`. Default: none.
   */
  hostnames: ReadonlyMap<string, string> = new Map()
  /** Called for each event that it publishes, such as `+switch-master`. */
  onEvent: (name: string, text: string) => void = () => {}

  constructor(network: Network, address: Address.Tcp, directory: Directory) {
    super(network, address)
    this.directory = directory
    this.id = this.newId()
    // Sentinels do not look at the same moment, or they would all want to lead.
    this.phase = this.time.now() + Math.floor(this.time.random() * tickMillis)
    network.onChange(() => this.wake())
  }

  private newId(): string {
    return Array.from({ length: 40 }, () => Math.floor(this.time.random() * 16).toString(16)).join("")
  }

  /** A host as it announces it. */
  private named(host: string): string {
    return this.hostnames.get(host) ?? host
  }

  /** Starts to watch a group, as SENTINEL MONITOR does. */
  monitor(
    name: string,
    primary: Address.Tcp,
    options: {
      /** How many sentinels must agree that the primary is down. */
      readonly quorum: number
      /** After how long without an answer a node is considered down, in milliseconds. */
      readonly downAfterMillis: number
      /** The `failover-timeout`, in milliseconds. Default 6,000. */
      readonly failoverTimeoutMillis?: number | undefined
      /** The replicas that it knows from the beginning. Default: none. */
      readonly replicas?: ReadonlyArray<Address.Tcp> | undefined
      /** The other sentinels that it knows from the beginning. Default: none. */
      readonly others?: ReadonlyArray<SentinelNode> | undefined
    }
  ): void {
    const monitor: Monitor = {
      name,
      primary: this.instance(primary),
      replicas: new Map(),
      others: new Map(),
      quorum: options.quorum,
      downAfterMillis: options.downAfterMillis,
      failoverTimeoutMillis: options.failoverTimeoutMillis ?? defaultFailoverTimeout,
      parallelSyncs: 1,
      epoch: 0,
      odown: false,
      failover: undefined,
      triedAt: -Infinity,
      leader: "?",
      leaderEpoch: 0
    }
    this.monitors.set(name, monitor)
    this.assignments.set(name, {
      name,
      primary,
      quorum: monitor.quorum,
      downAfterMillis: monitor.downAfterMillis,
      failoverTimeoutMillis: monitor.failoverTimeoutMillis
    })
    for (const replica of options.replicas ?? []) {
      const instance = this.instance(replica)
      instance.role = "slave"
      monitor.replicas.set(instance.address, instance)
    }
    for (const other of options.others ?? []) this.meet(monitor, other)
    this.refresh(monitor)
    this.wake()
  }

  /** The address of the group's primary that it really knows. */
  primaryOf(name: string): string | undefined {
    const monitor = this.monitors.get(name)
    return monitor === undefined ? undefined : this.current(monitor).address
  }

  /** The configuration epoch of a group that it really knows; 0 for an unknown group. */
  epochOf(name: string): number {
    return this.monitors.get(name)?.epoch ?? 0
  }

  /** Whether it considers a node of a group down. */
  thinksDown(name: string, address: string): boolean {
    const monitor = this.monitors.get(name)
    if (monitor === undefined) return false
    if (this.tilted) return false
    return monitor.primary.address === address ? monitor.primary.down : monitor.replicas.get(address)?.down ?? false
  }

  private instance({ host, port }: Address.Tcp): Instance {
    const now = this.time.now()
    const address = `${host}:${port}`
    return {
      address,
      host,
      port,
      runId: this.directory.node(address)?.runId ?? "",
      heardAt: now,
      down: false,
      downSince: 0,
      role: "master",
      roleSince: now,
      offset: 0,
      priority: 100,
      linked: true,
      primary: "",
      linkDownMillis: 0,
      infoAt: -Infinity,
      correctAt: Infinity,
      returned: false
    }
  }

  private meet(monitor: Monitor, other: SentinelNode): void {
    if (other === this || monitor.others.has(other.id)) return
    monitor.others.set(other.id, {
      address: other.shown,
      host: other.address.host,
      port: other.address.port,
      id: other.id,
      heardAt: this.time.now(),
      down: false
    })
  }

  /** While a failover is under way, its new primary is given already. */
  private current(monitor: Monitor): Instance {
    const failover = monitor.failover
    return failover?.chosen !== undefined && failover.state === "reconf_slaves" ? failover.chosen : monitor.primary
  }

  // ---------------------------------------------------------------------------
  // Events

  /** Whether everything is in order, so that it does nothing until something happens. */
  get atRest(): boolean {
    return !this.looking
  }

  /** Whether it leads a failover now. */
  get isLeading(): boolean {
    return Array.from(this.monitors.values()).some(({ failover }) => failover !== undefined)
  }

  private event(name: string, text: string): void {
    this.onEvent(name, text)
    this.publish(name, text)
  }

  private on(monitor: Monitor): string {
    return `master ${monitor.name} ${this.named(monitor.primary.host)} ${monitor.primary.port}`
  }

  private of(monitor: Monitor, instance: Instance | Other, kind: "slave" | "sentinel"): string {
    const host = this.named(instance.host)
    const name = "id" in instance ? instance.id : `${host}:${instance.port}`
    return `${kind} ${name} ${host} ${instance.port} @ ${monitor.name} ${
      this.named(monitor.primary.host)
    } ${monitor.primary.port}`
  }

  private about(monitor: Monitor, instance: Instance): string {
    return instance === monitor.primary ? this.on(monitor) : this.of(monitor, instance, "slave")
  }

  // ---------------------------------------------------------------------------
  // Looking

  private hears(address: string): boolean {
    const process = this.directory.node(address) ?? this.directory.sentinel(address)
    return process !== undefined && process.responsive && this.network.reach(this.shown, address)
  }

  /** Something has changed: it looks again, as if it had done so all the time. */
  private wake(): void {
    if (this.looking || !this.running) return
    this.looking = true
    const now = this.time.now()
    const last = now < this.phase ? now : now - ((now - this.phase) % tickMillis)
    for (const monitor of this.monitors.values()) {
      for (const instance of [monitor.primary, ...monitor.replicas.values()]) {
        if (instance.down) continue
        instance.heardAt = last
        instance.infoAt = last
      }
      for (const other of monitor.others.values()) if (!other.down) other.heardAt = last
    }
    this.time.later((now < this.phase ? this.phase : last + tickMillis) - now, () => this.tick())
  }

  override hang(): void {
    this.hungAt = this.time.now()
    super.hang()
  }

  override resume(): void {
    const now = this.time.now()
    if (!this.responsive && now - this.hungAt > tiltTriggerMillis) {
      this.tiltUntil = now + tiltMillis
      this.event("+tilt", "#tilt mode entered")
    }
    super.resume()
  }

  /** Starts again with its configuration file: the newest configuration, and no failover in progress. */
  override start(): void {
    for (const monitor of this.monitors.values()) {
      const chosen = this.current(monitor)
      monitor.failover?.timer?.cancel()
      monitor.failover = undefined
      if (chosen !== monitor.primary) this.switchTo(monitor, chosen)
    }
    super.start()
  }

  /**
   * Starts again without its disk: with a new id, epoch 0, and no knowledge but the
   * primary of its first configuration, or the given one.
   */
  startAfresh(primary?: Address.Tcp | undefined): void {
    for (const monitor of this.monitors.values()) monitor.failover?.timer?.cancel()
    this.monitors.clear()
    this.id = this.newId()
    this.currentEpoch = 0
    this.tiltUntil = 0
    super.start()
    for (
      const { downAfterMillis, failoverTimeoutMillis, name, primary: told, quorum } of Array.from(
        this.assignments.values()
      )
    ) {
      this.monitor(name, primary ?? told, {
        quorum,
        downAfterMillis,
        failoverTimeoutMillis
      })
    }
  }

  /** Watches a group at another primary, as after SENTINEL REMOVE and SENTINEL MONITOR. */
  reassign(name: string, primary: Address.Tcp): void {
    const assignment = this.assignments.get(name)
    const monitor = this.monitors.get(name)
    if (assignment === undefined || monitor === undefined) return
    const { downAfterMillis, failoverTimeoutMillis, quorum } = assignment
    this.event("-monitor", this.on(monitor))
    monitor.failover?.timer?.cancel()
    this.monitors.delete(name)
    this.monitor(name, primary, { quorum, downAfterMillis, failoverTimeoutMillis })
    this.event("+monitor", `${this.on(this.monitors.get(name)!)} quorum ${quorum}`)
  }

  /** The groups that it was configured to watch. */
  get assigned(): ReadonlyArray<Assignment> {
    return Array.from(this.assignments.values())
  }

  /** Whether it does not trust its own clock: it looks and listens, but does nothing. */
  private get tilted(): boolean {
    if (this.tiltUntil === 0) return false
    if (this.time.now() < this.tiltUntil) return true
    this.tiltUntil = 0
    this.event("-tilt", "#tilt mode exited")
    return false
  }

  private tick(): void {
    if (!this.running) {
      this.looking = false
      return
    }
    const now = this.time.now()
    if (this.responsive) {
      for (const monitor of Array.from(this.monitors.values())) this.look(monitor, now)
      if (now - this.helloAt >= helloMillis) {
        this.helloAt = now
        for (const monitor of this.monitors.values()) this.spread(monitor)
      }
      if (Array.from(this.monitors.values()).every((monitor) => this.calm(monitor, now))) {
        this.looking = false
        return
      }
    }
    this.time.later(tickMillis, () => this.tick())
  }

  /** Whether nothing will change until something happens. */
  private calm(monitor: Monitor, now: number): boolean {
    if (this.tilted || monitor.failover !== undefined || monitor.odown || monitor.primary.down) return false
    const settled = (i: Instance | Other): boolean => i.down ? !this.hears(i.address) : i.heardAt === now
    if (!settled(monitor.primary) || monitor.primary.role !== "master" || monitor.primary.infoAt < now - infoMillis) {
      return false
    }
    for (const replica of monitor.replicas.values()) {
      if (!settled(replica)) return false
      if (replica.down) continue
      const node = this.directory.node(replica.address)!
      if (node.isPrimary || node.primaryAddress !== monitor.primary.address || !node.linked) return false
      if (replica.correctAt !== Infinity || replica.role !== "slave" || !replica.linked) return false
    }
    for (const stranger of this.directory.sentinels()) {
      if (stranger === this || monitor.others.get(stranger.id)?.address === stranger.shown) continue
      if (this.hears(stranger.shown) && stranger.listensWith(this, monitor)) return false
    }
    for (const other of monitor.others.values()) {
      if (!settled(other)) return false
      const theirs = this.directory.sentinel(other.address)?.monitors.get(monitor.name)
      if (!other.down && theirs !== undefined && theirs.epoch !== monitor.epoch) return false
    }
    return true
  }

  private look(monitor: Monitor, now: number): void {
    for (const instance of [monitor.primary, ...monitor.replicas.values()]) this.watch(monitor, instance, now)
    for (const other of monitor.others.values()) {
      if (this.hears(other.address)) other.heardAt = now
      const down = now - other.heardAt > monitor.downAfterMillis
      if (down !== other.down) {
        other.down = down
        this.event(down ? "+sdown" : "-sdown", this.of(monitor, other, "sentinel"))
      }
    }
    this.refresh(monitor)
    if (this.tilted) return
    this.agree(monitor)
    if (monitor.odown && monitor.failover === undefined && now - monitor.triedAt > monitor.failoverTimeoutMillis * 2) {
      this.begin(monitor, false)
    }
    this.correct(monitor, now)
  }

  private watch(monitor: Monitor, instance: Instance, now: number): void {
    if (this.hears(instance.address)) instance.heardAt = now
    const lost = now - instance.heardAt > monitor.downAfterMillis
    // A primary that says for long that it is a replica is as good as gone.
    const estranged = instance === monitor.primary && instance.role === "slave" &&
      now - instance.roleSince > monitor.downAfterMillis + 2 * 10_000
    const down = lost || estranged
    // A node that says BUSY for that long has its script killed.
    if (down && instance.down && this.network.reach(this.shown, instance.address)) {
      this.directory.node(instance.address)?.endScript()
    }
    if (down === instance.down) return
    instance.down = down
    instance.downSince = now
    if (!down) instance.returned = true
    this.event(down ? "+sdown" : "-sdown", this.about(monitor, instance))
  }

  /** INFO: what the nodes say of themselves. */
  private refresh(monitor: Monitor): void {
    const now = this.time.now()
    for (const instance of [monitor.primary, ...monitor.replicas.values()]) {
      if (now - instance.infoAt < infoMillis || !this.hears(instance.address)) continue
      instance.infoAt = now
      const node = this.directory.node(instance.address)!
      if (instance.runId !== "" && instance.runId !== node.runId) this.event("+reboot", this.about(monitor, instance))
      instance.runId = node.runId
      const role = node.isPrimary ? "master" : "slave"
      if (role !== instance.role) {
        instance.role = role
        instance.roleSince = now
        const expected = instance === monitor.primary ? "master" : "slave"
        this.event(
          role === expected ? "+role-change" : "-role-change",
          `${this.about(monitor, instance)} new reported role is ${role}`
        )
      }
      // Of a replica it knows what that said of itself as a replica.
      if (instance === monitor.primary || !node.isPrimary) instance.offset = node.offset
      instance.priority = Number(node.config.get("replica-priority"))
      instance.linked = node.linked
      instance.linkDownMillis = node.linkDownMillis
      instance.primary = node.primaryAddress ?? ""
      if (instance === monitor.primary && node.isPrimary) this.discover(monitor, node)
    }
  }

  /** The primary names its replicas. */
  private discover(monitor: Monitor, primary: RedisNode): void {
    for (const node of primary.replicas) {
      if (monitor.replicas.has(node.shown) || node.shown === monitor.primary.address) continue
      const instance = this.instance(node.address)
      instance.role = "slave"
      monitor.replicas.set(instance.address, instance)
      this.event("+slave", this.of(monitor, instance, "slave"))
    }
  }

  /** Sentinels tell each other who is primary, through the nodes that they watch. */
  private spread(monitor: Monitor): void {
    for (const other of monitor.others.values()) this.tell(monitor, other)
    // Sentinels at the same nodes receive it, too, even those that are not known yet.
    for (const sentinel of this.directory.sentinels()) {
      if (sentinel === this || monitor.others.get(sentinel.id)?.address === sentinel.shown) continue
      if (this.hears(sentinel.shown) && sentinel.listensWith(this, monitor)) {
        sentinel.told(this, monitor.name, monitor.epoch, this.current(monitor))
      }
    }
  }

  /** Whether it listens at a node through which another spreads its word. */
  private listensWith(other: SentinelNode, theirs: Monitor): boolean {
    const monitor = this.monitors.get(theirs.name)
    if (monitor === undefined) return false
    return [monitor.primary, ...monitor.replicas.values()].some(({ address }) =>
      (theirs.primary.address === address || theirs.replicas.has(address)) && this.hears(address) &&
      other.hears(address)
    )
  }

  private tell(monitor: Monitor, other: Other): void {
    if (!this.hears(other.address)) return
    this.directory.sentinel(other.address)?.told(this, monitor.name, monitor.epoch, this.current(monitor))
  }

  private told(from: SentinelNode, name: string, epoch: number, primary: Instance): void {
    const monitor = this.monitors.get(name)
    if (monitor === undefined || !this.responsive) return
    const known = monitor.others.get(from.id)
    if (known?.address !== from.shown) {
      if (known !== undefined) {
        monitor.others.delete(from.id)
        this.event("+sentinel-address-switch", `${this.on(monitor)} ip ${from.address.host} port ${from.address.port}`)
      }
      this.meet(monitor, from)
      this.event("+sentinel", this.of(monitor, monitor.others.get(from.id)!, "sentinel"))
      this.wake()
    } else if (from.monitors.get(name)?.others.get(this.id)?.address !== this.shown) {
      // One that has started over learns of this one by its word, which it does not spread at rest.
      this.wake()
    }
    this.sawEpoch(from.currentEpoch)
    if (epoch <= monitor.epoch) return
    monitor.epoch = epoch
    if (primary.address === monitor.primary.address) return
    this.event("+config-update-from", this.of(monitor, monitor.others.get(from.id)!, "sentinel"))
    this.switchTo(monitor, primary)
  }

  private sawEpoch(epoch: number): void {
    if (epoch <= this.currentEpoch) return
    this.currentEpoch = epoch
    this.event("+new-epoch", String(epoch))
  }

  private switchTo(monitor: Monitor, next: { readonly host: string; readonly port: number }): void {
    const old = monitor.primary
    this.event(
      "+switch-master",
      `${monitor.name} ${this.named(old.host)} ${old.port} ${this.named(next.host)} ${next.port}`
    )
    const nodes = [old, ...monitor.replicas.values()].filter((i) => i.host !== next.host || i.port !== next.port)
    monitor.failover?.timer?.cancel()
    monitor.failover = undefined
    monitor.odown = false
    monitor.primary = this.instance(next)
    monitor.replicas = new Map()
    for (const { host, port, down } of nodes) {
      const instance = this.instance({ host, port })
      instance.role = "slave"
      // The time without an answer starts again, but a node that is down does not count as up meanwhile.
      if (down) {
        instance.down = true
        instance.downSince = this.time.now()
        instance.heardAt = -Infinity
      }
      monitor.replicas.set(instance.address, instance)
      this.event("+slave", this.of(monitor, instance, "slave"))
    }
  }

  // ---------------------------------------------------------------------------
  // Agreeing, and being elected

  private agree(monitor: Monitor): void {
    let votes = monitor.primary.down ? 1 : 0
    if (votes === 1) {
      for (const other of monitor.others.values()) {
        if (!this.hears(other.address)) continue
        if (this.directory.sentinel(other.address)!.thinksDown(monitor.name, monitor.primary.address)) votes++
      }
    }
    const odown = monitor.primary.down && votes >= monitor.quorum
    if (odown === monitor.odown) return
    monitor.odown = odown
    this.event(
      odown ? "+odown" : "-odown",
      odown ? `${this.on(monitor)} #quorum ${votes}/${monitor.quorum}` : this.on(monitor)
    )
  }

  /** Starts a planned failover, as SENTINEL FAILOVER does. Gives the error reply if it cannot. */
  failover(name: string, coordinated = false): Failure | undefined {
    const monitor = this.monitors.get(name)
    if (monitor === undefined) return noGroup
    // A sentinel at rest knows the replicas, as if it had asked all the time.
    this.wake()
    if (monitor.failover !== undefined) return new Failure("INPROG Failover already in progress")
    if (this.best(monitor) === undefined) return new Failure("NOGOODSLAVE No suitable replica to promote")
    this.begin(monitor, true, coordinated)
    return undefined
  }

  private begin(monitor: Monitor, byCommand: boolean, coordinated = false): void {
    const now = this.time.now()
    const epoch = this.currentEpoch + 1
    this.wake()
    this.sawEpoch(epoch)
    this.event("+try-failover", this.on(monitor))
    monitor.triedAt = now + this.time.random() * maxDesyncMillis
    const failover: Failover = {
      epoch,
      forced: byCommand,
      coordinated,
      began: now,
      state: "wait_start",
      votes: new Set([this.id]),
      chosen: undefined,
      timer: undefined
    }
    monitor.failover = failover
    this.vote(monitor, this.id, epoch)
    if (!byCommand) this.canvass(monitor, failover)
    const steps = byCommand ? planned : unplanned
    this.next(monitor, failover, steps.elected, () => this.elect(monitor, failover))
  }

  /** Goes on with a failover after a time, unless it is over by then. */
  private next(
    monitor: Monitor,
    failover: Failover,
    [min, max]: readonly [number, number],
    run: () => void
  ): void {
    failover.timer = this.time.later(this.time.between(min, max), () => {
      if (!this.running || monitor.failover !== failover) return
      // A stopped process goes on where it was.
      if (!this.responsive || this.tilted) return this.next(monitor, failover, [tickMillis, tickMillis], run)
      run()
    })
  }

  /** Votes, once for each epoch. Whom for. */
  private vote(monitor: Monitor, candidate: string, epoch: number): string {
    this.sawEpoch(epoch)
    if (monitor.leaderEpoch < epoch && this.currentEpoch <= epoch) {
      monitor.leader = candidate
      monitor.leaderEpoch = epoch
      this.event("+vote-for-leader", `${candidate} ${epoch}`)
      if (candidate !== this.id) monitor.triedAt = this.time.now() + this.time.random() * maxDesyncMillis
    }
    return monitor.leaderEpoch === epoch ? monitor.leader : "?"
  }

  /** Asks the others for their votes. */
  private canvass(monitor: Monitor, failover: Failover): void {
    for (const other of monitor.others.values()) {
      if (failover.votes.has(other.id) || !this.hears(other.address)) continue
      const sentinel = this.directory.sentinel(other.address)!
      const theirs = sentinel.monitors.get(monitor.name)
      if (theirs !== undefined && sentinel.vote(theirs, this.id, failover.epoch) === this.id) {
        failover.votes.add(other.id)
      }
    }
  }

  private elect(monitor: Monitor, failover: Failover): void {
    const voters = monitor.others.size + 1
    const needed = Math.max(monitor.quorum, Math.floor(voters / 2) + 1)
    if (!failover.forced && failover.votes.size < needed) {
      const patience = Math.min(10_000, monitor.failoverTimeoutMillis)
      if (this.time.now() - failover.began > patience) return this.abort(monitor, "not-elected")
      this.canvass(monitor, failover)
      return this.next(monitor, failover, [tickMillis, tickMillis], () => this.elect(monitor, failover))
    }
    this.event("+elected-leader", this.on(monitor))
    if (this.simulated.has("crash-after-election")) return this.stop()
    failover.state = "select_slave"
    this.event("+failover-state-select-slave", this.on(monitor))
    const steps = failover.forced ? planned : unplanned
    this.next(monitor, failover, steps.selected, () => this.select(monitor, failover))
  }

  private abort(monitor: Monitor, why: "not-elected" | "no-good-slave" | "slave-timeout"): void {
    this.event(`-failover-abort-${why}`, this.on(monitor))
    monitor.failover = undefined
  }

  // ---------------------------------------------------------------------------
  // Failing over

  /** The replica that is best: by priority, by how much it has, by its run id. */
  private best(monitor: Monitor): Instance | undefined {
    const now = this.time.now()
    const primary = monitor.primary
    const longest = (primary.down ? now - primary.downSince : 0) + monitor.downAfterMillis * 10
    return Array.from(monitor.replicas.values())
      .filter((r) => !r.down && r.priority !== 0 && now - r.heardAt < 5000)
      .filter((r) => r.linkDownMillis <= longest)
      .sort((a, b) => a.priority - b.priority || b.offset - a.offset || (a.runId < b.runId ? -1 : 1))[0]
  }

  private select(monitor: Monitor, failover: Failover): void {
    for (const replica of monitor.replicas.values()) replica.infoAt = -Infinity
    this.refresh(monitor)
    const chosen = this.best(monitor)
    if (chosen === undefined) return this.abort(monitor, "no-good-slave")
    failover.chosen = chosen
    failover.state = "send_slaveof_noone"
    const about = this.of(monitor, chosen, "slave")
    this.event("+selected-slave", about)
    this.event("+failover-state-send-slaveof-noone", about)
    const steps = failover.forced ? planned : unplanned
    if (failover.coordinated) this.directory.node(monitor.primary.address)?.pauseWrites(steps.role[1] + 1000)
    this.next(monitor, failover, steps.role, () => this.promote(monitor, failover, chosen))
  }

  private promote(monitor: Monitor, failover: Failover, chosen: Instance): void {
    if (!this.hears(chosen.address)) {
      if (this.time.now() - failover.began > monitor.failoverTimeoutMillis) return this.abort(monitor, "slave-timeout")
      return this.next(monitor, failover, [tickMillis, tickMillis], () => this.promote(monitor, failover, chosen))
    }
    if (failover.state === "send_slaveof_noone") {
      failover.state = "wait_promotion"
      this.event("+failover-state-wait-promotion", this.of(monitor, chosen, "slave"))
    }
    const node = this.directory.node(chosen.address)!
    node.promote()
    node.disconnect()
    if (failover.coordinated) {
      // The old primary follows at once, and refuses what it has kept waiting.
      const old = this.directory.node(monitor.primary.address)
      old?.replicate(chosen.host, chosen.port)
      old?.pauseWrites(0)
    }
    const steps = failover.forced ? planned : unplanned
    this.next(monitor, failover, steps.promoted, () => this.promoted(monitor, failover, chosen))
  }

  private promoted(monitor: Monitor, failover: Failover, chosen: Instance): void {
    // Another sentinel may have made it a replica again meanwhile.
    if (!this.hears(chosen.address) || !this.directory.node(chosen.address)!.isPrimary) {
      if (this.time.now() - failover.began > monitor.failoverTimeoutMillis) return this.abort(monitor, "slave-timeout")
      return this.next(monitor, failover, [tickMillis, tickMillis], () => this.promoted(monitor, failover, chosen))
    }
    monitor.epoch = failover.epoch
    failover.state = "reconf_slaves"
    const about = this.of(monitor, chosen, "slave")
    this.event("-role-change", `${about} new reported role is master`)
    this.event("+promoted-slave", about)
    if (this.simulated.has("crash-after-promotion")) return this.stop()
    this.event("+failover-state-reconf-slaves", this.on(monitor))
    const steps = failover.forced ? planned : unplanned
    for (const other of monitor.others.values()) {
      this.time.later(this.time.between(...steps.others), () => {
        if (this.responsive) this.tell(monitor, other)
      })
    }
    for (const replica of monitor.replicas.values()) {
      if (replica === chosen || replica.down || !this.hears(replica.address)) continue
      this.event("+slave-reconf-sent", this.of(monitor, replica, "slave"))
      const node = this.directory.node(replica.address)!
      node.replicate(chosen.host, chosen.port)
      node.disconnect()
    }
    this.next(monitor, failover, steps.end, () => {
      for (const replica of monitor.replicas.values()) {
        if (replica === chosen || replica.down) continue
        this.event("+slave-reconf-inprog", this.of(monitor, replica, "slave"))
        this.event("+slave-reconf-done", this.of(monitor, replica, "slave"))
      }
      this.event("+failover-end", this.on(monitor))
      this.switchTo(monitor, chosen)
    })
  }

  /** Nodes that are not what they should be are made so, after a while. */
  private correct(monitor: Monitor, now: number): void {
    if (monitor.failover !== undefined || monitor.primary.down || monitor.primary.role !== "master") return
    for (const replica of monitor.replicas.values()) {
      const astray = !replica.down && this.hears(replica.address) &&
        (replica.role === "master" || (replica.primary !== "" && replica.primary !== monitor.primary.address))
      if (!astray || replica.infoAt === -Infinity) {
        replica.correctAt = Infinity
        continue
      }
      if (replica.correctAt === Infinity) {
        replica.correctAt = now + this.time.between(
          ...(replica.returned ? correction.afterReturn : correction.afterSwitch)
        )
      } else if (now >= replica.correctAt) {
        replica.correctAt = Infinity
        replica.returned = false
        this.event(
          replica.role === "master" ? "+convert-to-slave" : "+fix-slave-config",
          this.of(monitor, replica, "slave")
        )
        const node = this.directory.node(replica.address)!
        node.replicate(monitor.primary.host, monitor.primary.port)
        node.disconnect()
        replica.infoAt = -Infinity
      }
    }
  }

  // ---------------------------------------------------------------------------
  // Requests

  protected serve(session: Session, command: Definition, args: Array<string>): Answer {
    return this.executing(session, command, args, () => this.execute(session, command, args))
  }

  private execute(session: Session, command: Definition, args: ReadonlyArray<string>): Answer {
    switch (command.name) {
      case "sentinel":
        return this.query(args)
      case "role":
        return ["sentinel", Array.from(this.monitors.keys())]
      case "info":
        return this.info()
      case "publish":
        return err("Only HELLO messages are accepted by Sentinel instances.")
      case "shutdown":
        this.stop()
        return null
      default:
        return this.common(session, command.name, args)
    }
  }

  private info(): string {
    const lines = Array.from(
      this.monitors.values(),
      (m, i) =>
        `master${i}:name=${m.name},status=${m.odown ? "odown" : m.primary.down ? "sdown" : "ok"},address=${
          this.current(m).address
        },slaves=${m.replicas.size},sentinels=${m.others.size + 1}`
    )
    return [
      "# Server",
      "redis_version:7.0.15",
      "redis_mode:sentinel",
      `tcp_port:${this.address.port}`,
      "",
      "# Sentinel",
      `sentinel_masters:${this.monitors.size}`,
      "sentinel_tilt:0",
      "sentinel_running_scripts:0",
      "sentinel_scripts_queue_length:0",
      ...lines,
      ""
    ].join("\r\n")
  }

  private query(args: ReadonlyArray<string>): Reply {
    const word = args[1]!.toLowerCase()
    const exactly = (n: number): void => {
      if (args.length !== n) throw err(`wrong number of arguments for 'sentinel|${word}' command`)
    }
    const known = (): Monitor => {
      const monitor = this.lie.unknownGroup === true ? undefined : this.monitors.get(args[2]!)
      if (monitor === undefined) throw noGroup
      return monitor
    }
    switch (word) {
      case "get-master-addr-by-name": {
        exactly(3)
        const monitor = this.lie.unknownGroup === true ? undefined : this.monitors.get(args[2]!)
        if (monitor === undefined) return nullArray
        const { host, port } = this.lie.primary ?? this.current(monitor)
        return [this.named(host), String(port)]
      }
      case "master":
        exactly(3)
        return this.describePrimary(known())
      case "masters":
        exactly(2)
        return Array.from(this.monitors.values(), (m) => this.describePrimary(m))
      case "replicas":
      case "slaves": {
        exactly(3)
        const monitor = known()
        this.refreshOld(monitor)
        const listed = this.lie.replicas?.map((address) => ({ ...this.instance(address), role: "slave" as const }))
        return Array.from(listed ?? monitor.replicas.values(), (r) => this.describeReplica(monitor, r))
      }
      case "sentinels": {
        exactly(3)
        const monitor = known()
        const listed = this.lie.others?.map(({ host, port }, i): Other => ({
          address: `${host}:${port}`,
          host,
          port,
          id: i.toString(16).padStart(40, "f"),
          heardAt: this.time.now(),
          down: false
        }))
        return Array.from(listed ?? monitor.others.values(), (o) => this.describeOther(monitor, o))
      }
      case "myid":
        exactly(2)
        return this.id
      case "ckquorum":
        exactly(3)
        return this.checkQuorum(known())
      case "failover": {
        exactly(3)
        return this.failover(known().name) ?? ok
      }
      case "is-master-down-by-addr": {
        exactly(6)
        const address = `${args[2]}:${args[3]}`
        const monitor = Array.from(this.monitors.values()).find((m) => m.primary.address === address)
        const down = monitor?.primary.down === true ? 1 : 0
        if (monitor === undefined || args[5] === "*") return [down, "*", 0]
        const leader = this.vote(monitor, args[5]!, Number(args[4]))
        return [down, leader, monitor.leaderEpoch]
      }
      case "monitor": {
        exactly(6)
        const quorum = Number(args[5])
        if (!/^-?\d+$/.test(args[5]!)) return err("Invalid quorum")
        if (quorum <= 0) return err("Quorum must be 1 or greater.")
        const port = Number(args[4])
        if (!/^\d+$/.test(args[4]!) || port === 0 || port > 65_535) return err("Invalid port")
        if (!/^[\d.]+$|:/.test(args[3]!)) return err("Invalid IP address or hostname specified")
        if (this.monitors.has(args[2]!)) return err("Duplicate master name.")
        this.monitor(args[2]!, { host: args[3]!, port }, { quorum, downAfterMillis: 30_000 })
        const monitor = this.monitors.get(args[2]!)!
        this.event("+monitor", `${this.on(monitor)} quorum ${quorum}`)
        return ok
      }
      case "remove": {
        exactly(3)
        const monitor = known()
        this.event("-monitor", this.on(monitor))
        monitor.failover?.timer?.cancel()
        this.monitors.delete(monitor.name)
        return ok
      }
      case "reset": {
        exactly(3)
        return this.startOver(args[2]!)
      }
      case "set":
        return this.set(args)
      case "config":
        return this.configure(args)
      case "flushconfig":
        exactly(2)
        return ok
      case "pending-scripts":
        exactly(2)
        return []
      case "info-cache": {
        if (args.length < 3) exactly(3)
        const wanted = args.slice(2)
        return Array.from(this.monitors.values()).filter((m) => wanted.includes(m.name)).flatMap((m): Array<Reply> => [
          m.name,
          [m.primary, ...m.replicas.values()].map((instance): Reply => [
            Math.max(0, Math.floor(this.time.now() - instance.infoAt)),
            this.directory.node(instance.address)?.info([]) ?? null
          ])
        ])
      }
      case "simulate-failure": {
        const flags = args.slice(2).map((a) => a.toLowerCase())
        if (flags.includes("help")) return ["crash-after-election", "crash-after-promotion"]
        const unknown = flags.find((f) => f !== "crash-after-election" && f !== "crash-after-promotion")
        if (unknown !== undefined) return err("Unknown failure simulation specified")
        this.simulated = new Set(flags)
        return ok
      }
      default:
        return err(`unknown subcommand '${args[1]}'. Try SENTINEL HELP.`)
    }
  }

  /** Starts over with the groups that match a glob pattern. How many. */
  startOver(pattern: string): number {
    let n = 0
    for (const monitor of this.monitors.values()) {
      if (!matches(pattern, monitor.name)) continue
      n++
      monitor.replicas.clear()
      monitor.others.clear()
      monitor.failover?.timer?.cancel()
      monitor.failover = undefined
      monitor.odown = false
      monitor.primary = this.instance(monitor.primary)
      this.event("+reset-master", this.on(monitor))
      this.wake()
    }
    return n
  }

  private checkQuorum(monitor: Monitor): Reply {
    const usable = 1 + Array.from(monitor.others.values()).filter((o) => !o.down).length
    const majority = Math.floor((monitor.others.size + 1) / 2) + 1
    if (usable >= monitor.quorum && usable >= majority) {
      return new Simple(
        `OK ${usable} usable Sentinels. Quorum and failover authorization can be reached`
      )
    }
    return new Failure(
      `NOQUORUM ${usable} usable Sentinels. ${
        usable < monitor.quorum
          ? "Not enough available Sentinels to reach the specified quorum for this master"
          : ""
      }${usable < majority ? ". Not enough available Sentinels to reach the majority and authorize a failover" : ""}`
    )
  }

  private set(args: ReadonlyArray<string>): Reply {
    this.wake()
    const monitor = this.lie.unknownGroup === true ? undefined : this.monitors.get(args[2] ?? "")
    if (args.length < 5) return err("wrong number of arguments for 'sentinel|set' command")
    if (monitor === undefined) return noGroup
    for (let i = 3; i < args.length; i += 2) {
      const option = args[i]!.toLowerCase()
      const value = args[i + 1]
      if (value === undefined) return err(`Unknown option or number of arguments for SENTINEL SET '${args[i]}'`)
      const number = Number(value)
      const bad = (): Failure => err(`Invalid argument '${value}' for SENTINEL SET '${args[i]}'`)
      const positive = /^\d+$/.test(value) && number > 0
      if (option === "quorum") {
        if (!positive) return bad()
        monitor.quorum = number
      } else if (option === "down-after-milliseconds") {
        if (!positive) return bad()
        monitor.downAfterMillis = number
      } else if (option === "failover-timeout") {
        if (!positive) return bad()
        monitor.failoverTimeoutMillis = number
      } else if (option === "parallel-syncs") {
        if (!positive) return bad()
        monitor.parallelSyncs = number
      } else if (!["auth-pass", "auth-user", "notification-script", "client-reconfig-script"].includes(option)) {
        return err(`Unknown option or number of arguments for SENTINEL SET '${args[i]}'`)
      }
      const secret = option === "auth-pass"
      this.event("+set", `${this.on(monitor)} ${option} ${secret ? "******" : value}`)
    }
    return ok
  }

  private configure(args: ReadonlyArray<string>): Reply {
    const word = args[2]?.toLowerCase()
    if (word === "get" && args.length === 4) {
      return new Fields(Array.from(this.settings).filter(([name]) => matches(args[3]!.toLowerCase(), name)).flat())
    }
    if (word === "set" && args.length === 5) {
      const name = args[3]!.toLowerCase()
      if (!this.settings.has(name)) return err(`Invalid argument '${args[3]}' to SENTINEL CONFIG SET`)
      this.settings.set(name, args[4]!)
      return ok
    }
    return err("Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.")
  }

  private head(instance: Instance | Other, name: string, runId: string, flags: ReadonlyArray<string>): Array<string> {
    const since = Math.max(0, Math.floor(this.time.now() - instance.heardAt))
    const silent = String(Number.isFinite(since) ? since : 0)
    return [
      "name",
      name,
      "ip",
      this.named(instance.host),
      "port",
      String(instance.port),
      "runid",
      runId,
      "flags",
      flags.join(","),
      "link-pending-commands",
      "0",
      "link-refcount",
      "1",
      "last-ping-sent",
      "0",
      "last-ok-ping-reply",
      silent,
      "last-ping-reply",
      silent,
      ...(instance.down ? ["s-down-time", silent] : [])
    ]
  }

  private flags(kind: string, instance: Instance | Other, more: ReadonlyArray<string> = []): ReadonlyArray<string> {
    const connected = (this.directory.node(instance.address) ?? this.directory.sentinel(instance.address))?.running
    return [
      kind,
      ...(instance.down ? ["s_down"] : []),
      ...more,
      ...(connected === true ? [] : ["disconnected"])
    ]
  }

  private infoFields(instance: Instance, monitor: Monitor): Array<string> {
    const now = this.time.now()
    return [
      "down-after-milliseconds",
      String(monitor.downAfterMillis),
      "info-refresh",
      String(Number.isFinite(instance.infoAt) ? Math.floor(now - instance.infoAt) : 0),
      "role-reported",
      instance.role,
      "role-reported-time",
      String(Math.floor(now - instance.roleSince))
    ]
  }

  private describePrimary(monitor: Monitor): Fields {
    const primary = monitor.primary
    const more = [
      ...(monitor.odown ? ["o_down"] : []),
      ...(monitor.failover === undefined ? [] : ["failover_in_progress"])
    ]
    return new Fields([
      ...this.head(primary, monitor.name, primary.runId, this.flags("master", primary, more)),
      ...this.infoFields(primary, monitor),
      "config-epoch",
      String(this.lie.epoch ?? monitor.epoch),
      "num-slaves",
      String(this.lie.replicas?.length ?? monitor.replicas.size),
      "num-other-sentinels",
      String(this.lie.others?.length ?? monitor.others.size),
      "quorum",
      String(monitor.quorum),
      "failover-timeout",
      String(monitor.failoverTimeoutMillis),
      "parallel-syncs",
      String(monitor.parallelSyncs)
    ])
  }

  /** A sentinel at rest reports what it would have learnt meanwhile: INFO comes every ten seconds at least. */
  private refreshOld(monitor: Monitor): void {
    if (this.looking) return
    const old = this.time.now() - calmInfoMillis
    if ([monitor.primary, ...monitor.replicas.values()].some((i) => i.infoAt <= old)) this.refresh(monitor)
  }

  private describeReplica(monitor: Monitor, replica: Instance): Fields {
    const [host, port] = replica.primary === ""
      ? ["?", "0"]
      : [
        replica.primary.slice(0, replica.primary.lastIndexOf(":")),
        replica.primary.slice(replica.primary.lastIndexOf(":") + 1)
      ]
    return new Fields([
      ...this.head(
        replica,
        `${this.named(replica.host)}:${replica.port}`,
        replica.runId,
        this.flags("slave", replica, monitor.failover?.chosen === replica ? ["promoted"] : [])
      ),
      ...this.infoFields(replica, monitor),
      "master-link-down-time",
      String(Math.floor(replica.linkDownMillis)),
      "master-link-status",
      replica.linked ? "ok" : "err",
      "master-host",
      this.named(host!),
      "master-port",
      port!,
      "slave-priority",
      String(replica.priority),
      "slave-repl-offset",
      String(replica.offset),
      "replica-announced",
      "1"
    ])
  }

  private describeOther(monitor: Monitor, other: Other): Fields {
    return new Fields([
      ...this.head(other, other.id, other.id, this.flags("sentinel", other)),
      "down-after-milliseconds",
      String(monitor.downAfterMillis),
      "last-hello-message",
      "0",
      "voted-leader",
      "?",
      "voted-leader-epoch",
      "0"
    ])
  }
}
