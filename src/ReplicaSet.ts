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
import { role } from "./commands/server.ts"
import type { Connection } from "./Connection.ts"
import {
  ClientClosed,
  type ConnectionError,
  type DeadlineExceeded,
  NodeUnusable,
  NoHealthyReplica,
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
 * - `"sticky"`: one replica, until it fails: what was read is never newer than what is read next
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
   * Whether the primary serves reads: `true`, when no replica is good enough;
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
      chosen = choice(candidates)
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
const defaultMeasureInterval = Duration.seconds(1)

interface Node {
  readonly address: Address.Address
  readonly executor: Executor.Executor
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
  readonly open: (address: Address.Address) => Effect.Effect<Connection, ConnectionError, Scope.Scope>
  /** The primary, for measurements, and for reads where that is allowed. */
  readonly primary: Executor.Executor
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
    this.stopWatching = setting.follower.watch({
      gate: () => {},
      moved: () => this.arrange(),
      changed: () => this.arrange()
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

  /** Takes in the replicas that the sentinels think healthy, and lets go of the others. */
  private arrange(): void {
    if (!this.begun || this.closed) return
    const { replicas } = this.setting.follower.present
    const wanted = new Map(
      replicas.filter((r) => r.isHealthy && !(this.replicaOptions.excludePriorityZero === true && r.priority === 0))
        .map((r) => [Address.format(r.address), r])
    )
    for (const [shown, node] of this.nodes) {
      if (wanted.has(shown)) continue
      this.nodes.delete(shown)
      node.executor.close()
    }
    for (const [shown, { address, label, priority }] of wanted) {
      const known = this.nodes.get(shown)
      if (known !== undefined) {
        known.label = label
        known.priority = priority
        continue
      }
      const open = this.setting.open(address)
      const executor = new Executor.Executor(
        {
          shown: `${this.setting.group} at ${shown}`,
          movable: true,
          schedule: this.setting.target.schedule,
          open,
          openBeside: () => open,
          openAt: () => open,
          attached: () => {
            this.runFork(this.measure)
            this.release()
          }
        },
        this.replicaOptions,
        this.context
      )
      this.nodes.set(shown, {
        address,
        executor,
        label,
        priority,
        restUntil: 0,
        latencyMillis: undefined,
        offset: undefined,
        lagBytes: undefined,
        lagMillis: undefined
      })
      executor.connect()
    }
    this.release()
  }

  private standings(): ReadonlyArray<Standing> {
    const out: Array<Standing> = []
    for (const node of this.nodes.values()) {
      const connection = node.executor.serving
      // One that has just ended still tells its reads so.
      if (connection === undefined || !connection.open) continue
      const { address, label, lagBytes, lagMillis, latencyMillis, offset, priority } = node
      out.push({
        node,
        connection,
        address,
        label,
        priority,
        latencyMillis,
        offset,
        lagBytes,
        lagMillis
      })
    }
    return out
  }

  private pick(): Standing | "primary" | undefined {
    const standings = this.standings()
    const now = this.alarm.now()
    const near = standings.filter((s) => isNear(s, this.replicaOptions.maxLag))
    const rested = near.filter((s) => s.node.restUntil <= now)
    const candidates = rested.length > 0 ? rested : near
    if (candidates.length > 0) return choose(this.choice, candidates, this.turn++, this.random)
    const fallback = this.replicaOptions.fallbackToPrimary ?? true
    // Those that are being dialled for the first time may do.
    const hopeful = Array.from(this.nodes.values()).some((node) =>
      node.executor.serving === undefined && node.executor.obstacle() === undefined
    )
    if (!this.surveyed || hopeful || fallback === false) return undefined
    if (fallback === "when-none" && standings.length > 0) return undefined
    return "primary"
  }

  private get surveyed(): boolean {
    return this.setting.follower.present.lastChange !== undefined && this.setting.follower.isSurveyed
  }

  // ---------------------------------------------------------------------------
  // Reads

  override submit(operation: Executor.Operation): void {
    if (!this.begun) this.startUp()
    const place = this.pick()
    if (place === undefined) return this.hold(operation)
    if (place === "primary") return this.setting.primary.submit(operation)
    place.node.executor.arm(operation.deadline)
    operation.dispatch(place.connection)
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
    for (const operation of this.held.drain()) if (operation.wanted) this.submit(operation)
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
    if (place === "primary") return Effect.succeed(this.setting.primary)
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
    const { maxLag } = this.replicaOptions
    // Whoever could not be reached for long is tried again.
    for (const node of this.nodes.values()) node.executor.connect()
    const connections = Array.from(this.nodes.values()).flatMap((node) => {
      const connection = node.executor.serving
      return connection === undefined ? [] : [{ node, connection }]
    })
    const ask = (connection: Connection) =>
      Effect.gen(function*() {
        const began = yield* Clock.monotonicTimeNanos
        const answer = yield* connection.call(role())
        return { answer, millis: Number((yield* Clock.monotonicTimeNanos) - began) / 1e6 }
      }).pipe(Effect.timeout("1 second"), Effect.exit)
    const asksPrimary = maxLag !== undefined
    return Effect.gen({ self: this }, function*() {
      // The primary first: what replicas have after that is no less than what they had then.
      if (asksPrimary) {
        const exit = yield* Effect.exit(Effect.timeout(this.setting.primary.run(role()), "1 second"))
        if (Exit.isSuccess(exit) && exit.value.role === "primary") this.history.add(this.alarm.now(), exit.value.offset)
      }
      const answers = yield* Effect.forEach(connections, ({ connection }) => ask(connection), {
        concurrency: "unbounded"
      })
      const now = this.alarm.now()
      answers.forEach((exit, i) => {
        const { node } = connections[i]!
        if (!Exit.isSuccess(exit) || exit.value.answer.role !== "replica") {
          node.lagBytes = undefined
          node.lagMillis = undefined
          return
        }
        const { answer, millis } = exit.value
        node.latencyMillis = node.latencyMillis === undefined
          ? millis
          : node.latencyMillis * (1 - weight) + millis * weight
        node.offset = answer.offset
        const primary = this.history.last
        node.lagBytes = primary === undefined ? undefined : Math.max(0, primary - answer.offset)
        node.lagMillis = this.history.lagMillis(answer.offset, now)
        // A replica without a connection to its primary does not even know how far behind it is.
        if (answer.link !== "connected" && maxLag?.time !== undefined) node.lagMillis = undefined
      })
      this.release()
    })
  })

  override close(): void {
    if (this.closed) return
    this.stopWatching()
    this.measuring?.interruptUnsafe()
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
