/**
 * Reads from several replicas at once: which of them are good enough, which one
 * a read goes to, and what becomes of it when that one fails. The rules of
 * choice are pure; the rest carries reads like the executor that it is.
 *
 * Which replicas there are is the `Topology`'s business; a client that keeps to
 * one replica at a time needs none of this (`Sentinel.ts`).
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Address from "./Address.ts"
import type * as Command from "./Command.ts"
import { info, type Role, role } from "./commands/server.ts"
import type { Connection, Source } from "./Connection.ts"
import {
  ClientClosed,
  type ConnectionError,
  type DeadlineExceeded,
  NodeUnusable,
  NoHealthyReplica,
  QueueFull,
  ReplicaNotFound,
  Report
} from "./Errors.ts"
import * as Executor from "./Executor.ts"
import type * as Resp from "./Resp.ts"
import type * as Topology from "./Topology.ts"

// -----------------------------------------------------------------------------
// Choice
// -----------------------------------------------------------------------------

/**
 * A replica that a read may go to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Candidate {
  readonly address: Address.Address
  readonly label: string | undefined
  readonly priority: number
  /** How long a PING's worth takes, smoothed, in milliseconds; undefined before the first measurement. */
  readonly latencyMillis: number | undefined
  /** How much of the primary's history it had at the last measurement, in bytes. */
  readonly offset: number | undefined
  /** How many bytes of the primary's history it had not got, at the last measurement of both. */
  readonly lagBytes: number | undefined
  /** For how long it may have been behind: since the primary had last what it has now, in milliseconds. */
  readonly lagMillis: number | undefined
}

/**
 * Which replica a read goes to.
 *
 * - `"sticky"`: one replica, until it fails or is late with its answers: but for that, what was read is never newer than
 *   what is read next
 * - `"round-robin"`, `"random"`: all of them
 * - `"latency"`: the one that answers soonest, measured in the background
 * - `"lag"`: the one that has most of the primary's history
 * - `{ prefer }`: those with the first of the labels that any has, in turn; otherwise all
 * - a function of the candidates, which are never none; whatever is none of them, or an exception, means all in turn
 *
 * @since 0.1.0
 * @category models
 */
export type Choice =
  | "sticky"
  | "round-robin"
  | "random"
  | "latency"
  | "lag"
  | { readonly prefer: ReadonlyArray<string> }
  | ((candidates: ReadonlyArray<Candidate>) => Candidate | undefined)

/**
 * How far behind the primary a replica may be.
 *
 * @since 0.1.0
 * @category models
 */
export interface MaxLag {
  readonly bytes?: number | undefined
  readonly time?: Duration.Input | undefined
}

/**
 * Options of a client of a group's replicas.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Whether the primary serves reads: `true`, when no replica is good enough,
   * which includes the time after a move until one follows the new primary;
   * `"when-none"`, only when the group has no replica that can be reached;
   * `false`, never. Default true.
   */
  readonly fallbackToPrimary?: boolean | "when-none" | undefined
  /** Which replica a read goes to. Default `"sticky"`. */
  readonly choice?: Choice | undefined
  /** Leaves out replicas that are further behind. */
  readonly maxLag?: MaxLag | undefined
  /** Leaves out replicas with priority 0. Default false. */
  readonly excludePriorityZero?: boolean | undefined
  /** How often latency and lag are measured. Default 1 second. */
  readonly measureInterval?: Duration.Input | undefined
}

/**
 * Chooses among candidates, which are not none. `turn` grows by one with each
 * choice; `random` gives numbers from 0 to 1.
 *
 * @since 0.1.0
 * @category choosing
 */
export const choose = <C extends Candidate>(
  choice: Choice,
  candidates: ReadonlyArray<C>,
  turn: number,
  random: () => number
): C => {
  const inTurn = (list: ReadonlyArray<C>): C => list[turn % list.length]!
  const least = (f: (candidate: C) => number): C => {
    const best = Math.min(...candidates.map(f))
    const list = candidates.filter((c) => f(c) === best)
    return list.length === 0 ? inTurn(candidates) : inTurn(list)
  }
  if (typeof choice === "function") {
    let chosen: Candidate | undefined
    try {
      // A copy, since it may sort them, or do worse.
      chosen = choice(candidates.slice())
    } catch {
      // Nobody else's read is to suffer from it.
    }
    return candidates.find((c) => c === chosen) ?? inTurn(candidates)
  }
  if (typeof choice === "object") {
    for (const label of choice.prefer) {
      const list = candidates.filter((c) => c.label === label)
      if (list.length > 0) return inTurn(list)
    }
    return inTurn(candidates)
  }
  switch (choice) {
    case "random":
      return candidates[Math.min(candidates.length - 1, Math.floor(random() * candidates.length))]!
    case "latency":
      // Those that were not measured yet are tried.
      return least((c) => c.latencyMillis ?? 0)
    case "lag":
      return least((c) => -(c.offset ?? 0))
    case "sticky":
      return candidates[0]!
    case "round-robin":
      return inTurn(candidates)
  }
}

/**
 * Whether a replica is near enough to the primary. What was not measured yet is not.
 *
 * @since 0.1.0
 * @category choosing
 */
export const isNear = (candidate: Candidate, maxLag: MaxLag | undefined): boolean => {
  if (maxLag === undefined) return true
  if (maxLag.bytes !== undefined && !(candidate.lagBytes !== undefined && candidate.lagBytes <= maxLag.bytes)) {
    return false
  }
  if (maxLag.time === undefined) return true
  const millis = Duration.toMillis(Duration.fromInputUnsafe(maxLag.time))
  return candidate.lagMillis !== undefined && candidate.lagMillis <= millis
}

/**
 * The primary's offsets over time, for the lag of replicas in time.
 *
 * @since 0.1.0
 * @category models
 */
export class History {
  private readonly entries: Array<{ readonly at: number; readonly offset: number }> = []

  /** The primary had that offset at that time. */
  add(at: number, offset: number): void {
    const last = this.entries[this.entries.length - 1]
    // Another primary may have less than the one before.
    if (last !== undefined && offset < last.offset) this.entries.length = 0
    this.entries.push({ at, offset })
    if (this.entries.length > 600) this.entries.shift()
  }

  get last(): number | undefined {
    return this.entries[this.entries.length - 1]?.offset
  }

  /** Since when the primary has had more than that offset, as a time before now; undefined where nobody knows. */
  lagMillis(offset: number, now: number): number | undefined {
    for (let i = this.entries.length - 1; i >= 0; i--) {
      const entry = this.entries[i]!
      if (entry.offset <= offset) return i === this.entries.length - 1 ? 0 : Math.max(0, now - entry.at)
    }
    return undefined
  }
}

// -----------------------------------------------------------------------------
// Carrying
// -----------------------------------------------------------------------------

/** How long a replica that refused or failed is left alone while there are others, in milliseconds. */
const restMillis = 1000
/** A new measurement counts for this much of the smoothed latency. */
const weight = 0.3
/** After a move: how often the replicas are asked whether they follow, in milliseconds, and for how long. */
const pursueInterval = 50
const pursueMillis = 30_000
/** How long a connection to the primary is waited for where a replica could serve if need be, in milliseconds. */
const primaryPatience = 40
const defaultMeasureInterval = Duration.seconds(1)

interface Node {
  readonly address: Address.Address
  readonly executor: Executor.Executor
  /** Whether most sentinels think that it is down: others come first. */
  isDown: boolean
  /** Whether it has its data from the group's primary, as far as is known: after a move that takes a while. */
  follows: boolean
  label: string | undefined
  priority: number
  restUntil: number
  latencyMillis: number | undefined
  offset: number | undefined
  lagBytes: number | undefined
  lagMillis: number | undefined
}

interface Standing extends Candidate {
  readonly node: Node
  readonly connection: Connection
}

/**
 * What a set needs to know of where its replicas are.
 *
 * @since 0.1.0
 * @category models
 */
export interface Setting {
  readonly group: string
  readonly follower: Topology.Follower
  /** Opens a session with a replica. */
  readonly open: (
    address: Address.Address,
    offset: number
  ) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /** The primary, for measurements, and for reads where that is allowed. */
  readonly primary: Executor.Executor
  /** Calls back whenever there is a connection to the primary. */
  readonly onPrimary: (attached: () => void) => void
  readonly target: Executor.Target
}

/**
 * Carries reads to several replicas.
 *
 * @since 0.1.0
 * @category models
 */
export class ReplicaSet extends Executor.Executor {
  private readonly setting: Setting
  private readonly choice: Choice
  private readonly replicaOptions: Options & Executor.ExecutorOptions
  private readonly nodes = new Map<string, Node>()
  private readonly history = new History()
  private readonly stopWatching: () => void
  private readonly random: () => number
  private turn = 0
  private measuring: Fiber.Fiber<void> | undefined = undefined
  private begun = false
  /** The replica that has become the primary, until that has a connection of its own. */
  private promoted: Node | undefined = undefined
  /** Since when a connection to the primary is waited for, if it is: not for long, and not again at once. */
  private wantedAt: number | undefined = undefined
  private awaiting: Fiber.Fiber<void> | undefined = undefined
  private pursuing: Fiber.Fiber<void> | undefined = undefined

  constructor(
    setting: Setting,
    options: Options & Executor.ExecutorOptions,
    context: Context.Context<never>
  ) {
    super(setting.target, options, context)
    this.setting = setting
    this.replicaOptions = options
    this.choice = options.choice ?? "round-robin"
    const random = Context.get(context, Random.Random)
    this.random = () => random.nextDoubleUnsafe()
    setting.onPrimary(() => {
      this.wantedAt = undefined
      this.release()
    })
    this.stopWatching = setting.follower.watch({
      gate: () => {},
      moved: (address) => this.moved(address),
      changed: () => this.arrange(),
      dropped: () => this.arrange()
    })
  }

  /** Begins at the first need. */
  private startUp(): void {
    if (this.begun || this.closed) return
    this.begun = true
    this.arrange()
    this.measuring = this.runFork(
      Effect.flatMap(this.setting.follower.current, () => {
        this.arrange()
        const interval = this.replicaOptions.measureInterval ?? defaultMeasureInterval
        return Effect.forever(Effect.andThen(this.measure, Effect.sleep(interval)))
      })
    )
  }

  // ---------------------------------------------------------------------------
  // Which there are

  /**
   * Takes in the replicas that the sentinels list, or listed until lately, and
   * lets go of the others. One that they think ill of stays as long as its
   * connection does: it is read from when there is nothing better.
   */
  private arrange(): void {
    if (!this.begun || this.closed) return
    const wanted = new Map(
      this.setting.follower.replicaCandidates
        .filter((r) => !(this.replicaOptions.excludePriorityZero === true && r.priority === 0))
        .map((r) => [Address.format(r.address), r])
    )
    for (const [shown, node] of this.nodes) {
      if (wanted.has(shown) || node === this.promoted) continue
      this.nodes.delete(shown)
      node.executor.close()
    }
    for (const [shown, { address, isHealthy, isUp, label, offset, priority }] of wanted) {
      const known = this.nodes.get(shown)
      if (known !== undefined) {
        known.label = label
        known.priority = priority
        known.isDown = !isUp
        const connection = known.executor.serving
        if (!isHealthy && connection?.isLate === true) {
          connection.close("it is late with its answers, and the sentinels think that it is not healthy")
        }
        continue
      }
      const open = this.setting.open(address, offset)
      const executor = new Executor.Executor(
        {
          shown: `${this.setting.group} at ${shown}`,
          movable: true,
          schedule: this.setting.target.schedule,
          open,
          openBeside: () => open,
          openAt: () => open,
          late: (connection) => this.late(connection),
          attached: () => this.attached(node)
        },
        this.replicaOptions,
        this.context
      )
      const node: Node = {
        address,
        executor,
        isDown: !isUp,
        // One that is new is asked first.
        follows: false,
        label,
        priority,
        restUntil: 0,
        latencyMillis: undefined,
        offset: undefined,
        lagBytes: undefined,
        lagMillis: undefined
      }
      this.nodes.set(shown, node)
      executor.connect()
    }
    this.release()
  }

  private attached(node: Node): void {
    const { follower } = this.setting
    const source = node.executor.serving?.source
    // While nothing moves, one without a link has lost it to the primary that there is.
    if (source === undefined || (source.isLinked || !this.isPursuing) && !follower.isAstray(source)) node.follows = true
    this.runFork(this.measure)
    this.release()
  }

  /**
   * The group has another primary. The replicas do not follow it yet, as far as
   * anybody knows: until they do, the new primary is read from where that is
   * allowed. Where it was one of the replicas, its connection is there already.
   */
  private moved(address: Address.Address): void {
    if (!this.begun || this.closed) return
    const shown = Address.format(address)
    const { fallbackToPrimary } = this.replicaOptions
    this.promoted = fallbackToPrimary === false ? undefined : this.nodes.get(shown)
    for (const node of this.nodes.values()) node.follows = false
    if (fallbackToPrimary !== false) this.setting.primary.connect()
    this.arrange()
    this.pursuing?.interruptUnsafe()
    this.pursuing = this.runFork(
      Effect.gen({ self: this }, function*() {
        const began = this.alarm.now()
        while (this.alarm.now() - began < pursueMillis) {
          yield* Effect.raceFirst(this.question((node) => !node.follows), Effect.sleep(pursueInterval))
          this.release()
          if (this.promoted !== undefined && this.setting.primary.serving !== undefined) {
            this.promoted = undefined
            this.arrange()
          }
          if (Array.from(this.nodes.values()).every((node) => node.follows && node !== this.promoted)) break
          yield* Effect.sleep(pursueInterval)
        }
        this.promoted = undefined
        this.arrange()
      }).pipe(Effect.ensuring(Effect.sync(() => {
        this.pursuing = undefined
      })))
    )
  }

  /** Whether the group has moved, and not all of its replicas are known to follow. */
  private get isPursuing(): boolean {
    return this.pursuing !== undefined
  }

  /** A replica is late with its answers: another one is asked, too, and it is left alone until it has answered. */
  private late(connection: Connection): void {
    this.rest(connection)
    this.setting.follower.look()
    const { candidates, near } = this.standings()
    const others = candidates.length > 0 ? candidates : near.filter((s) => !s.connection.isLate)
    if (others.length === 0) return
    const { connection: to, node } = choose(this.choice, others, this.turn++, this.random)
    if (to !== connection) Executor.hedge(connection, to, (deadline) => node.executor.arm(deadline))
  }

  /** Whether it has what the primary has, or nobody else may be asked for that. */
  private isReadable(node: Node): boolean {
    return node.follows || (this.replicaOptions.fallbackToPrimary ?? true) !== true || !this.hasPrimary
  }

  /** Whether the primary can be read from, as far as is known. */
  private get hasPrimary(): boolean {
    const { primary } = this.setting
    return primary.serving !== undefined || this.promoted !== undefined ||
      (primary.obstacle() === undefined &&
        (this.wantedAt === undefined || this.alarm.now() - this.wantedAt < primaryPatience))
  }

  /** The replicas that can be read from at all, and of those the ones to choose from. */
  private standings(): { readonly near: ReadonlyArray<Standing>; readonly candidates: ReadonlyArray<Standing> } {
    const now = this.alarm.now()
    const near: Array<Standing> = []
    const prompt: Array<Standing> = []
    const best: Array<Standing> = []
    for (const node of this.nodes.values()) {
      const connection = node.executor.serving
      // One that has just ended still tells its reads so.
      if (connection === undefined || !connection.open || node === this.promoted) continue
      const { address, label, lagBytes, lagMillis, latencyMillis, offset, priority } = node
      const standing = { node, connection, address, label, priority, latencyMillis, offset, lagBytes, lagMillis }
      if (!isNear(standing, this.replicaOptions.maxLag)) continue
      near.push(standing)
      if (connection.isLate || !this.isReadable(node)) continue
      prompt.push(standing)
      if (node.restUntil <= now && !node.isDown) best.push(standing)
    }
    return { near, candidates: best.length > 0 ? best : prompt }
  }

  private pick(): Standing | "primary" | "soon" | undefined {
    const { candidates, near } = this.standings()
    if (candidates.length > 0) return choose(this.choice, candidates, this.turn++, this.random)
    const fallback = this.replicaOptions.fallbackToPrimary ?? true
    const { primary } = this.setting
    if (near.length > 0) {
      // What is left is late, or follows the primary that was.
      if (fallback !== true || !this.hasPrimary) return choose(this.choice, near, this.turn++, this.random)
      return primary.serving === undefined ? this.stopgap ?? "soon" : "primary"
    }
    // Those that are being dialled for the first time may do.
    const hopeful = Array.from(this.nodes.values()).some((node) =>
      node !== this.promoted && node.executor.serving === undefined && node.executor.obstacle() === undefined
    )
    if (!this.surveyed || hopeful || fallback === false) return undefined
    // One that is too far behind is still one.
    if (fallback === "when-none" && this.isAnyOpen) return undefined
    return primary.serving === undefined ? this.stopgap ?? "primary" : "primary"
  }

  private get isAnyOpen(): boolean {
    return Array.from(this.nodes.values()).some((node) =>
      node !== this.promoted && node.executor.serving?.open === true
    )
  }

  /** Until the primary's own connection is there, the one from before its promotion serves. */
  private get stopgap(): Standing | undefined {
    const node = this.promoted
    const connection = node?.executor.serving
    return node === undefined || connection === undefined || !connection.open || connection.isLate
      ? undefined
      : { ...node, node, connection }
  }

  private get surveyed(): boolean {
    return this.setting.follower.present.lastChange !== undefined && this.setting.follower.isSurveyed
  }

  // ---------------------------------------------------------------------------
  // Reads

  override submit(operation: Executor.Operation): void {
    if (!this.begun) this.startUp()
    const server = operation.pin?.server
    if (server !== undefined) return this.submitTo(operation, server)
    const place = this.pick()
    if (place === undefined) return this.hold(operation)
    if (place === "primary") return this.setting.primary.submit(operation)
    if (place === "soon") return this.await(operation)
    this.putOn(operation, place.node.executor, place.connection)
  }

  /** Puts an operation on a connection of one of the executors, if there is room. */
  private putOn(operation: Executor.Operation, executor: Executor.Executor, connection: Connection): void {
    if (connection.queued >= this.maxQueue) {
      return operation.fail(new QueueFull({ target: this.shown, limit: this.maxQueue }))
    }
    executor.arm(operation.deadline)
    operation.dispatch(connection)
  }

  /** Waits a moment for a connection to the primary. */
  private await(operation: Executor.Operation): void {
    this.wantedAt ??= this.alarm.now()
    if (this.awaiting === undefined) {
      this.awaiting = this.runFork(
        Effect.andThen(
          Effect.sleep(primaryPatience),
          Effect.sync(() => {
            this.awaiting = undefined
            this.release()
          })
        )
      )
    }
    this.hold(operation)
    this.setting.primary.connect()
  }

  /** A page of a scan goes on at the server that gave the cursor. */
  private submitTo(operation: Executor.Operation, server: string): void {
    const executor = this.executorAt(server.split(" ", 1)[0]!)
    const connection = executor?.serving
    if (executor !== undefined && connection?.open === true) return this.putOn(operation, executor, connection)
    // A connection that was lost may be back at once.
    if (executor === undefined || executor.obstacle() !== undefined) return operation.interrupt(server)
    this.hold(operation)
  }

  private executorAt(shown: string): Executor.Executor | undefined {
    const { primary } = this.setting
    return this.nodes.get(shown)?.executor ?? (primary.serving?.shownAddress === shown ? primary : undefined)
  }

  protected override dispatchAt(operation: Executor.Operation, connection: Connection): void {
    this.putOn(operation, this.executorAt(connection.shownAddress) ?? this, connection)
  }

  override again(operation: Executor.Operation): void {
    this.rest(operation.connection)
    this.hold(operation)
    // Only once the connection that ends has told all of its commands is it no longer there to be chosen.
    queueMicrotask(() => this.release())
  }

  override refused(operation: Executor.Operation, command: Command.Any, reply: Resp.ErrorReply): void {
    this.rest(operation.connection)
    operation.refuse(command, reply)
    this.pause(operation)
  }

  /** Reads are on the connections of others. */
  override stretch(from: number, millis: number): void {
    super.stretch(from, millis)
    for (const node of this.nodes.values()) node.executor.stretch(from, millis)
    this.setting.primary.stretch(from, millis)
  }

  private rest(connection: Connection | undefined): void {
    if (connection === undefined) return
    const node = this.nodes.get(connection.shownAddress)
    if (node !== undefined) node.restUntil = this.alarm.now() + restMillis
  }

  protected override wake(): void {
    this.startUp()
    for (const node of this.nodes.values()) node.executor.connect()
  }

  /** What was held goes on, if there is somewhere to go. */
  protected override release(): void {
    for (const operation of this.takeHeld()) this.submit(operation)
  }

  override obstacle(): ConnectionError | undefined {
    const reports = Array.from(this.nodes.values()).flatMap((node) => {
      const error = node.executor.obstacle()
      return error === undefined
        ? []
        : [
          new Report({
            address: Address.format(node.address),
            kind: "unreachable",
            detail: error.message,
            cause: error
          })
        ]
    })
    return new ReplicaNotFound({
      group: this.setting.group,
      reason: reports.length === 0 ? new NoHealthyReplica({ reports }) : new NodeUnusable({ reports })
    })
  }

  /** One of the executors, for what needs a connection of its own. */
  private readonly one: Effect.Effect<Executor.Executor, ConnectionError> = Effect.suspend(() => {
    if (this.closed) return Effect.fail(new ClientClosed({ target: this.shown }))
    this.startUp()
    const place = this.pick()
    if (place === "primary" || place === "soon") return Effect.succeed(this.setting.primary)
    if (place !== undefined) return Effect.succeed(place.node.executor)
    return Effect.fail(this.obstacle()!)
  })

  override leasedWithin(
    limit: (isFull: boolean) => number
  ): Effect.Effect<Executor.LeaseImpl, ConnectionError | DeadlineExceeded, Scope.Scope> {
    return this.atOne((executor) => executor.leasedWithin(limit))
  }

  override session<E>(
    prepare: (connection: Connection) => Effect.Effect<void, E>
  ): Effect.Effect<Connection, ConnectionError | E, Scope.Scope> {
    return this.atOne((executor) => executor.session(prepare))
  }

  /** With one of the executors; with another one if that replica is let go of meanwhile. */
  private atOne<A, E, R>(
    f: (executor: Executor.Executor) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | ConnectionError, R> {
    const untilOne = this.untilClosed(
      Effect.suspend(() =>
        Effect.retry(this.one, {
          schedule: this.setting.target.schedule,
          while: (error) => error._tag === "ReplicaNotFound"
        })
      )
    )
    const attempt: Effect.Effect<A, E | ConnectionError, R> = Effect.flatMap(
      untilOne,
      (executor) =>
        Effect.catchIf(
          f(executor),
          (error) => error instanceof ClientClosed && !this.closed,
          () => attempt
        ) as Effect.Effect<A, E, R>
    )
    return attempt
  }

  // ---------------------------------------------------------------------------
  // Measuring

  /** Asks each replica, and the primary where that is needed, how far they are. */
  private readonly measure: Effect.Effect<void> = Effect.suspend(() => {
    // Whoever could not be reached for long is tried again.
    for (const node of this.nodes.values()) node.executor.connect()
    if (this.awaiting === undefined) this.wantedAt = undefined
    return Effect.gen({ self: this }, function*() {
      // The primary first: what replicas have after that is no less than what they had then.
      if (this.replicaOptions.maxLag !== undefined) {
        const exit = yield* Effect.exit(Effect.timeout(this.setting.primary.run(role()), "1 second"))
        if (Exit.isSuccess(exit) && exit.value.role === "primary") this.history.add(this.alarm.now(), exit.value.offset)
      }
      yield* this.question(() => true)
      this.release()
    })
  })

  /** Asks those replicas that there is a connection to, each by itself: one that hangs holds nobody up. */
  private question(which: (node: Node) => boolean): Effect.Effect<void> {
    const places = Array.from(this.nodes.values()).flatMap((node) => {
      const connection = node.executor.serving
      return connection === undefined || !which(node) ? [] : [{ node, connection }]
    })
    return Effect.forEach(places, ({ connection, node }) =>
      Effect.gen({ self: this }, function*() {
        const began = yield* Clock.monotonicTimeNanos
        const answer = yield* connection.call(role())
        this.measured(node, answer, Number((yield* Clock.monotonicTimeNanos) - began) / 1e6)
      }).pipe(
        Effect.catchTag("ReplyError", () => this.sourceByInfo(node, connection)),
        Effect.timeout("1 second"),
        Effect.catch(() =>
          Effect.sync(() => {
            node.lagBytes = undefined
            node.lagMillis = undefined
          })
        )
      ), { concurrency: "unbounded", discard: true })
  }

  private measured(node: Node, answer: Role, millis: number): void {
    const { maxLag } = this.replicaOptions
    if (answer.role !== "replica") {
      node.lagBytes = undefined
      node.lagMillis = undefined
      return
    }
    const isLinked = answer.link === "connected"
    this.heard(node, { ...answer.primary, isLinked, hasData: true })
    node.latencyMillis = node.latencyMillis === undefined
      ? millis
      : node.latencyMillis * (1 - weight) + millis * weight
    // Without a link ROLE has no offset; what the replica had it still has.
    if (answer.offset >= 0) node.offset = answer.offset
    const primary = this.history.last
    node.lagBytes = primary === undefined || node.offset === undefined ? undefined : Math.max(0, primary - node.offset)
    node.lagMillis = node.offset === undefined ? undefined : this.history.lagMillis(node.offset, this.alarm.now())
    // A replica without a connection to its primary does not even know how far behind it is.
    if (!isLinked && maxLag?.time !== undefined) node.lagMillis = undefined
  }

  /** Where ROLE is denied. */
  private sourceByInfo(node: Node, connection: Connection): Effect.Effect<void> {
    node.lagBytes = undefined
    node.lagMillis = undefined
    return connection.call(info("replication")).pipe(
      Effect.match({
        // Nobody can say that it does not.
        onFailure: () => void (node.follows = true),
        onSuccess: (fields) =>
          this.heard(node, {
            host: fields["master_host"] ?? "",
            port: Number(fields["master_port"]),
            isLinked: fields["master_link_status"] !== "down",
            hasData: true
          })
      })
    )
  }

  private heard(node: Node, source: Source): void {
    if (!node.follows && this.setting.follower.follows(source)) node.follows = true
  }

  override close(): void {
    if (this.closed) return
    this.stopWatching()
    for (const fiber of [this.measuring, this.pursuing, this.awaiting]) fiber?.interruptUnsafe()
    super.close()
    for (const node of this.nodes.values()) node.executor.close()
    this.nodes.clear()
  }
}

/**
 * A set of replicas, until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  setting: Setting,
  options: Options & Executor.ExecutorOptions
): Effect.Effect<ReplicaSet, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(Effect.context<never>(), (context) => new ReplicaSet(setting, options, context)),
    (set) => Effect.sync(() => set.close())
  )
