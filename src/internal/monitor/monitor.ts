/**
 * Follows one group, fed by what the sentinels publish, by what they answer, and by
 * what the nodes say of their roles: the state machine of its primary, its replicas
 * and its write fence. What is published is never believed by itself: it says when
 * to ask.
 *
 * It opens no connections for commands, and does not know what becomes of commands
 * while writes wait.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import * as Net from "node:net"
import * as Address from "../../Address.ts"
import { type PrimaryNotFound, type ReplicaNotFound, SentinelsIsolated } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import type { SessionOptions } from "../../Options.ts"
import {
  recheckMillis,
  type Replica,
  type SentinelState,
  type Sign,
  type State,
  type Topology
} from "../../Topology.ts"
import { monotonicMillisUnsafe } from "../common/time.ts"
import { openConnection } from "../connection/handshake.ts"
import type { OpenError, Source } from "../connection/types.ts"
import { askReplicas } from "../discovery/askReplicas.ts"
import { type Belief, choose, plausibleLead, type Word } from "../discovery/belief.ts"
import { deniedPollMillis } from "../discovery/discovery.ts"
import {
  type Event,
  parseEvent,
  type Place,
  promotionEvents,
  selectionEvents,
  startEvents
} from "../discovery/events.ts"
import * as Listing from "../discovery/listing.ts"
import type { Discovery, Found, View } from "../discovery/types.ts"
import type { WriteGate } from "../execution/types.ts"
import { selectionGraceMillis } from "../execution/withheldReply.ts"
import type { FailoverTrace, GroupMonitorOptions, MonitorListener, PrimaryProbe, ReplicaCandidate } from "./types.ts"

const defaultMaxHold = Duration.seconds(10)

// -----------------------------------------------------------------------------
// Following
// -----------------------------------------------------------------------------

/** How often the sentinels are asked though nothing was heard: what they publish may get lost. */
const reconcileInterval = Duration.seconds(10)
/** How long a replica that no sentinel lists any more is remembered, in milliseconds: after SENTINEL RESET it is back in ten seconds. */
const rememberMillis = 60_000
/** How long after a move the primary is asked before the replicas, in milliseconds. */
const movingMillis = 1000
/** How often they are asked while writes wait. */
const fencedInterval = Duration.millis(500)
/** What is not urgent waits so long for what else there is, in milliseconds. */
const coalesceMillis = 200
/** How often they are asked while most of them contradict what is followed, in milliseconds. */
const weighMillis = 500
/** The sign of a move that no failover explains. */
const outvoted = "most sentinels name another primary"
/** Two rounds of questions have at least this much time between them, in milliseconds. */
const leastGap = 20
/** How often a node is asked for its role while it is expected to become a primary, in milliseconds. */
const pollMillis = 10
/** After so long it is asked less and less often, down to once a second, in milliseconds. */
const patientMillis = 5000
/** For how long a reported primary that is none yet is asked again, in milliseconds. */
const probeMillis = 30_000
/** A failover that is over sooner than that was none, in milliseconds. */
const fruitlessSoonMillis = 1000
/** A sentinel whose fence came to nothing does not close another for so long, in milliseconds. */
const mistrustMillis = 60_000
/** A sentinel whose fences came to nothing so often within that time is not believed at its word. */
const mostInVain = 3
/** What comes to nothing is logged once in so long, in milliseconds, with how often it did. */
const quietMillis = 60_000
/** A sentinel farther away than this, in milliseconds, cannot be waited for. */
const farthestMillis = 500
/** One that is not farther away than this is heard before a promotion. */
const nearMillis = selectionGraceMillis
/** A sentinel that may not be listened to and does not answer is asked again after so long, in milliseconds. */
const unansweredMillis = 200
/** For how long a client that looks for the primary is left to verify it, in milliseconds. */
const clientMillis = 1000
/** For how long a node that only a minority names may say that it is no primary, in milliseconds. */
const doubtMillis = 1000
/** For how long a first look waits for the primary's own word, in milliseconds. */
const verifyMillis = 500
/** For how long the first acknowledged write is waited for, to tell of it, in milliseconds. */
const traceMillis = 1000

/**
 * Follows one group for its clients and for those who look at its topology.
 *
 * @since 0.1.0
 * @category models
 */
export class GroupMonitor implements Topology {
  private state: State
  private readonly discovery: Discovery
  private readonly options: GroupMonitorOptions
  private readonly maxWriteHold: number
  /** For a short look at a node. One object for all: what is found out about an address is remembered by it. */
  private readonly node: SessionOptions
  private readonly pubsub: PubSub.PubSub<State>
  private readonly context: Context.Context<never>
  private readonly runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  private readonly clock: Clock.Clock
  private readonly watchers = new Set<MonitorListener>()
  private readonly views = new Map<string, View>()
  private readonly epochs = new Map<string, number>()
  /** Replicas by address: those that are listed, and those that were until lately. */
  private readonly candidates = new Map<string, ReplicaCandidate>()
  /** How many sentinels have listed replicas in the last round of questions. */
  private listers = 0
  private rechecking = false
  private recheckedAt = -Infinity
  /** The primary before this one. */
  private former: Address.Address | undefined = undefined
  private movedAt = -Infinity
  private readonly backgroundFibers = new Set<Fiber.Fiber<unknown, unknown>>()
  /** Sentinels that are not believed: since when, and whether their own answer makes it better. */
  private readonly mistrusted = new Map<string, { readonly since: number; readonly altogether: boolean }>()
  /** When fences came to nothing, by sentinel. */
  private readonly fruitlessFences = new Map<string, Array<number>>()
  private quietUntil = -Infinity
  /** How many failovers came to nothing without being logged. */
  private unlogged = 0
  private quietTimer: Fiber.Fiber<void> | undefined = undefined
  /** Sentinels that are asked by themselves, and whether they are to be asked once more. */
  private readonly asking = new Map<string, { fiber: Fiber.Fiber<void> | undefined; again: boolean }>()
  private readonly polling = new Map<string, Fiber.Fiber<void>>()
  /** Those of them that were asked too late, with when they are waited for no longer. */
  private readonly overdue = new Map<string, Fiber.Fiber<void>>()
  /** What was heard of a failover before the primary was known. */
  private readonly eventsBeforePrimary = new Map<string, Event>()
  /** Whether it is not known yet if a failover is under way: writes wait for the first answers. */
  private awaitsFirstAnswers: boolean
  /** Those that have answered since they are listened to, or did not want to. */
  private readonly answered = new Set<string>()
  private readonly silent = new Set<string>()
  private headStartTimer: Fiber.Fiber<void> | undefined = undefined
  private firstAnswersLimit: Fiber.Fiber<void> | undefined = undefined
  /** What has closed the fence, and what would keep it closed, by sentinel: the first is the one of the fence. */
  private readonly signs = new Map<string, Sign>()
  private readonly surveyed = Deferred.makeUnsafe<void>()
  private readonly found = Deferred.makeUnsafe<void>()
  private started = false
  private closed = false
  private listening: Fiber.Fiber<void> | undefined = undefined
  private surveying: Fiber.Fiber<void> | undefined = undefined
  private verifyingUnnamed: Fiber.Fiber<void> | undefined = undefined
  private identifyingFiber: Fiber.Fiber<void> | undefined = undefined
  /** When it was last tried to find out which node an address is. */
  private readonly identified = new Map<string, number>()
  private isSurveying = false
  /** When the sentinels are to be asked next; Infinity if they are not. */
  private due = Infinity
  private lastSurvey = -Infinity
  private probe: PrimaryProbe | undefined = undefined
  private fenceTimer: Fiber.Fiber<void> | undefined = undefined
  private traceTimer: Fiber.Fiber<void> | undefined = undefined
  private trace: FailoverTrace | undefined = undefined
  private gate: WriteGate = undefined
  /** How old a sentinel's word is at most when it is heard, in milliseconds. */
  private distance = 0
  /** Whether it was told that one is far away. */
  private isFar = false
  /** The sentinels' own epoch, under a primary that they have not reported yet. */
  private reportedEpoch = 0
  private provisionalUntil = 0
  /** Rounds of questions so far. */
  private round = 0
  /** When the fence closed, in monotonic time. */
  private fencedAt = -Infinity
  /** When a client looked for the primary last: it is about to verify it. */
  private locatedAt = -Infinity

  constructor(
    discovery: Discovery,
    options: GroupMonitorOptions,
    pubsub: PubSub.PubSub<State>,
    context: Context.Context<never>,
    clock: Clock.Clock
  ) {
    this.discovery = discovery
    this.options = options
    this.node = { ...options.node, clientName: undefined }
    this.maxWriteHold = Duration.toMillis(Duration.fromInputUnsafe(options.maxWriteHold ?? defaultMaxHold))
    this.pubsub = pubsub
    this.context = context
    this.clock = clock
    this.runFork = Effect.runForkWith(context)
    this.awaitsFirstAnswers = this.maxWriteHold > 0 && discovery.sentinels().length > 0
    this.gate = this.awaitsFirstAnswers ? "asking" : undefined
    this.state = {
      group: options.group,
      primary: undefined,
      epoch: 0,
      isProvisional: false,
      replicas: [],
      sentinels: [],
      fence: undefined,
      isIsolated: false,
      lastChange: undefined
    }
  }

  private fork(effect: Effect.Effect<void>): void {
    const fiber = this.runFork(effect)
    this.backgroundFibers.add(fiber)
    fiber.addObserver(() => void this.backgroundFibers.delete(fiber))
  }

  private now(): number {
    return monotonicMillisUnsafe(this.clock)
  }

  /** Begins to listen, at the first need. */
  start(): void {
    if (this.started || this.closed) return
    this.started = true
    if (this.awaitsFirstAnswers) {
      this.firstAnswersLimit = this.runFork(
        Effect.andThen(Effect.sleep(2 * this.discovery.timeout), Effect.sync(() => this.onFirstAnswers()))
      )
    }
    this.listening = this.runFork(
      Effect.scoped(
        Effect.gen({ self: this }, function*() {
          yield* this.discovery.listen({
            event: (from, channel, payload) => this.onPublished(from, channel, payload),
            onReachability: (from, reachable) => this.onReachability(from, reachable),
            forgotten: (from) => this.forget(from),
            renamed: (from, to) => this.rename(from, to),
            permission: (from) => this.onPermission(from),
            distance: () => this.updateDistance()
          })
          // Those that are heard already, for another group: of this one nothing was asked.
          for (const address of this.discovery.sentinels()) {
            const shown = Address.format(address)
            if (this.discovery.isReachable(shown) !== true) continue
            this.onPermission(shown)
            this.onReachability(shown, true)
          }
          this.survey()
          while (true) {
            yield* Effect.sleep(reconcileInterval)
            this.survey()
          }
        })
      )
    )
  }

  close(): void {
    this.closed = true
    for (
      const fiber of [
        this.listening,
        this.surveying,
        this.verifyingUnnamed,
        this.identifyingFiber,
        this.probe?.fiber,
        this.fenceTimer,
        this.traceTimer,
        ...this.backgroundFibers,
        this.quietTimer,
        this.headStartTimer,
        this.firstAnswersLimit,
        ...this.polling.values(),
        ...this.overdue.values(),
        ...Array.from(this.asking.values(), (asked) => asked.fiber)
      ]
    ) fiber?.interruptUnsafe()
    // Whoever still waits to be told, hears what is known.
    Deferred.doneUnsafe(this.surveyed, Exit.void)
    Deferred.doneUnsafe(this.found, Exit.void)
    this.watchers.clear()
    this.trace?.span?.end(this.clock.currentTimeNanosUnsafe(), Exit.void)
    this.trace = undefined
  }

  // ---------------------------------------------------------------------------
  // For clients

  /** Tells of moves and of when writes have to wait. What holds already is told at once. */
  watch(watcher: MonitorListener): () => void {
    this.watchers.add(watcher)
    watcher.sentinelDistance?.(this.distance)
    if (this.gate !== undefined) watcher.gate(this.gate, Infinity)
    return () => void this.watchers.delete(watcher)
  }

  /** Whether the sentinels have been asked at least once. */
  get isSurveyed(): boolean {
    return this.lastSurvey !== -Infinity
  }

  /** Whether the group has moved just now, so that its replicas may not know of it. */
  get isMoving(): boolean {
    return this.now() - this.movedAt < movingMillis
  }

  /** Whether that is the address of the primary; undefined as long as none is known. */
  isPrimary(address: Address.Address): boolean | undefined {
    const { primary } = this.state
    return primary === undefined ? undefined : Address.equals(primary, address)
  }

  /** The state as it is, without asking anybody. */
  get present(): State {
    return this.state
  }

  /** Where the primary is, by the sentinels' word unless a newer one was followed already. */
  readonly locate: Effect.Effect<Found<Address.Address>, PrimaryNotFound> = Effect.suspend(() => {
    this.locatedAt = this.now()
    this.start()
    return Effect.matchEffect(this.discovery.primary(this.options.group), {
      onSuccess: (found) => Effect.succeed(this.newest() ?? found),
      onFailure: (error) => {
        const newest = this.newest()
        return newest === undefined ? Effect.fail(error) : Effect.succeed(newest)
      }
    })
  })

  /** Where it is by the word of all sentinels, if it is at none of these. */
  locateElsewhere(
    disowned: ReadonlySet<string>,
    unreachable: ReadonlySet<string>
  ): Effect.Effect<Found<Address.Address> | undefined> {
    return Effect.map(
      this.discovery.locateElsewhere(this.options.group, disowned, unreachable),
      (found) => {
        const newest = this.newest()
        const shown = newest === undefined ? "" : Address.format(newest.value)
        return newest === undefined || disowned.has(shown) || unreachable.has(shown) ? found : newest
      }
    )
  }

  /** A connection to a node went to that place. */
  observed(address: Address.Address, remote: string | undefined): void {
    this.discovery.observed(address, remote)
  }

  /** A primary cannot be dialled: its node may have another spelling. */
  unreachable(address: Address.Address): void {
    this.discovery.unreachable(address)
  }

  private newest(): Found<Address.Address> | undefined {
    const { epoch, isProvisional, primary } = this.state
    return isProvisional && primary !== undefined
      ? { value: primary, from: "the node itself", epoch }
      : undefined
  }

  /**
   * A node has said that it is the primary, at an address that the sentinels
   * gave. False if the group has moved on meanwhile.
   */
  verified({ epoch, from, value }: Found<Address.Address>): boolean {
    const { isProvisional, primary } = this.state
    const address = this.discovery.canonical(value)
    if (primary !== undefined && !isProvisional) {
      // Its epoch is taken over once most sentinels know it.
      if (Address.equals(primary, address)) {
        this.believed.reappeared(Address.format(address))
        return true
      }
      if (!this.mayFollow({ from, node: Address.format(address), epoch })) return false
    } else if (primary !== undefined) {
      if (epoch <= this.state.epoch && Address.equals(primary, address)) return true
      if (epoch < this.state.epoch || !this.isPlausible(epoch)) return false
    }
    this.moved(address, epoch, from, false)
    return true
  }

  private get believed(): Belief {
    return this.discovery.belief(this.options.group)
  }

  /** Whether a sentinel's word is enough to follow it, or most sentinels have said so for long enough. */
  private mayFollow(word: Word): boolean {
    const known = this.discovery.members().length
    if (this.believed.accepts(word, known, this.now())) return true
    const verdict = this.believed.assess(known, this.now())
    return verdict.kind === "follow" && verdict.ready && verdict.word.node === word.node
  }

  private isPlausible(epoch: number): boolean {
    return epoch <= Math.max(this.state.epoch, this.reportedEpoch) + plausibleLead
  }

  /** A primary does not answer as one: whoever is named with the same epoch is believed too. */
  onWrongRole(address: Address.Address): void {
    this.discovery.disproved(this.options.group, address)
    if (this.state.primary === undefined || !Address.equals(this.state.primary, address)) return
    if (this.state.isProvisional) {
      this.set({ isProvisional: false, epoch: this.reportedEpoch }, "the promotion was undone", Address.format(address))
    }
    this.survey()
  }

  /** The first write that the primary acknowledged after a move. */
  acknowledged(): void {
    this.endTrace()
  }

  // ---------------------------------------------------------------------------
  // The replicas

  /** Replicas that a client may read from: those that are listed, and for a while those that were. */
  get replicaCandidates(): ReadonlyArray<ReplicaCandidate> {
    return Array.from(this.candidates.values())
  }

  /**
   * The group's replicas, as all sentinels list them that answer in time, and
   * those that were listed before.
   */
  readonly locateReplicas: Effect.Effect<ReadonlyArray<ReplicaCandidate>, ReplicaNotFound> = Effect.suspend(() => {
    this.start()
    return Effect.matchEffect(askReplicas(this.discovery, this.options.group, this.candidates.size > 0), {
      onFailure: (error) => this.candidates.size > 0 ? Effect.succeed(this.replicaCandidates) : Effect.fail(error),
      onSuccess: ({ listed }) =>
        Effect.sync(() => {
          const { primary } = this.state
          const all = new Map(this.candidates)
          for (const replica of listed) {
            const shown = Address.format(replica.address)
            const known = all.get(shown)
            // A name is given once: by the round of questions that takes it in.
            all.set(shown, { ...replica, label: known?.label, listedAt: this.now() })
          }
          return Array.from(all.values()).filter((r) => primary === undefined || !Address.equals(r.address, primary))
        })
    })
  })

  /**
   * Whether a replica says that it has its data from the group's primary, or
   * from what may be another name of it, and has a link there. After a move one
   * that does not has the history that was left.
   */
  follows(source: Source): boolean {
    return source.isLinked && !this.isAstray(source)
  }

  /** Whether a replica names a node of the group as its primary that is not the one. */
  isAstray({ host, port }: { readonly host: string; readonly port: number }): boolean {
    const { primary } = this.state
    const followed = this.resolve({ host, port })
    if (primary === undefined || followed === undefined || Address.equals(followed, primary)) return false
    return this.candidates.has(Address.format(followed)) ||
      (this.former !== undefined && Address.equals(followed, this.former))
  }

  // ---------------------------------------------------------------------------
  // For those who look

  readonly current: Effect.Effect<State> = Effect.gen({ self: this }, function*() {
    this.start()
    yield* Deferred.await(this.surveyed)
    if (this.state.primary === undefined && !this.closed) {
      this.locatedAt = -Infinity
      for (const view of this.views.values()) this.onView(view)
      yield* Effect.raceFirst(Deferred.await(this.found), Effect.sleep(verifyMillis))
    }
    return this.state
  })

  readonly changes: Stream.Stream<State> = Stream.unwrap(
    Effect.map(this.current, () => Stream.fromPubSub(this.pubsub))
  )

  private set(change: Partial<State>, what: string, from: string): void {
    this.state = { ...this.state, ...change, lastChange: { at: this.clock.currentTimeMillisUnsafe(), what, from } }
    this.runFork(PubSub.publish(this.pubsub, this.state))
    this.tellAll((watcher) => watcher.changed?.(this.state))
  }

  /** Tells everybody, whatever becomes of it with one of them. */
  private tellAll(tell: (watcher: MonitorListener) => void): void {
    for (const watcher of Array.from(this.watchers)) {
      if (!this.watchers.has(watcher)) continue
      try {
        tell(watcher)
      } catch (defect) {
        this.runFork(Effect.logError(`${this.options.group}: a client could not take in what it was told`, defect))
      }
    }
  }

  // ---------------------------------------------------------------------------
  // What is heard

  private onReachability(from: string, reachable: boolean): void {
    this.updateReachability()
    this.updateDistance()
    if (reachable) {
      // What it published meanwhile is lost.
      this.ask(from)
      this.survey()
      return
    }
    this.views.delete(from)
    this.answered.delete(from)
    this.eventsBeforePrimary.delete(from)
    this.polling.get(from)?.interruptUnsafe()
    this.polling.delete(from)
    this.clearOverdue(from)
    this.checkFirstAnswers()
    // Another one may have taken its place, and those that may only be asked do not tell of that by themselves.
    this.surveySoon()
  }

  /** A sentinel that may not be listened to is asked so often that no promotion comes before its answer. */
  private onPermission(from: string): void {
    this.updateReachability()
    const isDenied = this.discovery.hears(from) === false
    if (!isDenied || this.maxWriteHold === 0 || this.polling.has(from)) return
    const fiber = this.runFork(
      Effect.gen({ self: this }, function*() {
        while (this.discovery.hears(from) === false) {
          const began = this.now()
          const answered = yield* this.glance(from)
          if (answered) {
            // An answer that was on its way while this process stood still is as old as that.
            if (this.now() - began > Math.max(2 * deniedPollMillis, this.discovery.distance(from))) {
              this.onOverdue(from)
            } else this.clearOverdue(from)
          }
          const pause = answered ? deniedPollMillis : unansweredMillis
          const due = Math.max(began + pause, this.now() + 1)
          yield* Effect.sleep(due - this.now())
          if (answered && this.now() - due > deniedPollMillis) this.onOverdue(from)
        }
        this.polling.delete(from)
      })
    )
    this.polling.set(from, fiber)
  }

  /**
   * This process was busy, and one that may not be listened to was not asked in
   * that time: writes wait for its answer, or until it had its head start.
   */
  private onOverdue(from: string): void {
    if (this.overdue.has(from)) return
    const done = this.runFork(
      Effect.andThen(Effect.sleep(this.discovery.headStart), Effect.sync(() => this.clearOverdue(from)))
    )
    this.overdue.set(from, done)
    this.updateGate()
  }

  private clearOverdue(from: string): void {
    this.overdue.get(from)?.interruptUnsafe()
    if (this.overdue.delete(from)) this.updateGate()
  }

  /** Asks one sentinel by itself, at once: no other keeps it waiting. */
  private ask(from: string): void {
    if (this.closed) return
    const known = this.asking.get(from)
    if (known !== undefined) {
      known.again = true
      return
    }
    const asked: { fiber: Fiber.Fiber<void> | undefined; again: boolean } = { fiber: undefined, again: false }
    this.asking.set(from, asked)
    const fiber = this.runFork(
      Effect.gen({ self: this }, function*() {
        do {
          asked.again = false
          if (!(yield* this.glance(from))) {
            this.silent.add(from)
            this.checkFirstAnswers()
          }
          // Whoever publishes without end is not asked without end.
          yield* Effect.sleep(leastGap)
        } while (asked.again)
        this.asking.delete(from)
      })
    )
    asked.fiber = fiber
  }

  /** Whether a sentinel that is asked by itself has answered. A function among the options that throws is no answer. */
  private glance(from: string): Effect.Effect<boolean> {
    return Effect.map(
      Effect.exit(
        Effect.map(this.discovery.glance(this.options.group, from), (view) => {
          if (view !== undefined) this.onOwnAnswer(view)
          return view !== undefined
        })
      ),
      (exit) => Exit.isSuccess(exit) && exit.value
    )
  }

  /** What a sentinel answered that was asked by itself. */
  private onOwnAnswer(view: View): void {
    this.views.set(view.from, view)
    this.onView(view)
    if (!this.awaitsFirstAnswers) return
    this.answered.add(view.from)
    this.checkFirstAnswers()
  }

  /**
   * Writes wait until it is known whether a failover is under way: until all
   * sentinels have answered that can be reached, or a majority of them has and
   * the others had their head start, which is longer for those that have accepted
   * a dial and are far away.
   */
  private checkFirstAnswers(): void {
    if (!this.awaitsFirstAnswers || !this.started) return
    const known = this.discovery.sentinels().map((address) => Address.format(address))
    const answered = known.filter((from) => this.answered.has(from)).length
    if (this.unanswered(known).length === 0) return this.onFirstAnswers()
    if (answered < Math.floor(known.length / 2) + 1 || this.headStartTimer !== undefined) return
    this.headStartTimer = this.runFork(
      Effect.gen({ self: this }, function*() {
        let pause = this.discovery.headStart
        while (pause > 0) {
          yield* Effect.sleep(pause)
          const left = this.unanswered(this.discovery.sentinels().map((address) => Address.format(address)))
          pause = Math.max(...left.map((from) => this.discovery.answersBy(from))) - this.now()
        }
        this.onFirstAnswers()
      })
    )
  }

  /** Those whose first answer may still come. */
  private unanswered(known: ReadonlyArray<string>): ReadonlyArray<string> {
    return known.filter((from) =>
      !this.answered.has(from) && !this.silent.has(from) && this.discovery.isReachable(from) !== false
    )
  }

  private onFirstAnswers(): void {
    if (!this.awaitsFirstAnswers) return
    this.awaitsFirstAnswers = false
    this.headStartTimer?.interruptUnsafe()
    this.firstAnswersLimit?.interruptUnsafe()
    this.updateDistance()
    this.updateGate()
  }

  /** How long the word of a sentinel may take. */
  private updateDistance(): void {
    let farthest = 0
    let who = ""
    for (const address of this.discovery.sentinels()) {
      const shown = Address.format(address)
      const distance = Math.min(farthestMillis, this.discovery.distance(shown))
      if (distance > farthest) {
        farthest = distance
        who = shown
      }
    }
    if (this.maxWriteHold === 0) farthest = 0
    if (this.options.whenFar === "believe") farthest = Math.min(farthest, nearMillis)
    if (farthest <= nearMillis) this.isFar = false
    else if (!this.isFar && !this.awaitsFirstAnswers && farthest >= 2 * nearMillis) {
      this.isFar = true
      this.runFork(
        Effect.logInfo(
          `${this.options.group}: sentinel ${who} is ${farthest} ms away: the results of writes are withheld for ${
            farthest - nearMillis
          } ms, for its word that they are lost`
        )
      )
    }
    if (farthest === this.distance) return
    this.distance = farthest
    this.tellAll((watcher) => watcher.sentinelDistance?.(this.distance))
  }

  /** How many sentinels can be reached, and what that means for writes. */
  private updateReachability(): void {
    const sentinels = this.sentinels()
    const lost = sentinels.filter((s) => s.isReachable === false).length
    const isIsolated = sentinels.length > 0 && sentinels.length - lost < Math.floor(sentinels.length / 2) + 1
    const changed = isIsolated !== this.state.isIsolated || sentinels.length !== this.state.sentinels.length ||
      sentinels.some((s, i) =>
        s.isReachable !== this.state.sentinels[i]!.isReachable || s.hears !== this.state.sentinels[i]!.hears ||
        s.epoch !== this.state.sentinels[i]!.epoch ||
        !Address.equals(s.address, this.state.sentinels[i]!.address)
      )
    if (!changed) return
    this.set({ sentinels, isIsolated }, "the reach of the sentinels", "the client")
    this.updateGate()
  }

  private sentinels(): ReadonlyArray<SentinelState> {
    return this.discovery.members().map((address) => {
      const shown = Address.format(address)
      return {
        address,
        isReachable: this.discovery.isReachable(shown),
        epoch: this.views.get(shown)?.epoch,
        hears: this.discovery.hears(shown),
        distance: this.discovery.distance(shown)
      }
    }).sort((a, b) => Address.format(a.address) < Address.format(b.address) ? -1 : 1)
  }

  /** A sentinel is no more. */
  private forget(from: string): void {
    this.views.delete(from)
    this.epochs.delete(from)
    if (this.state.fence?.from !== from) this.signs.delete(from)
    this.mistrusted.delete(from)
    this.fruitlessFences.delete(from)
    this.eventsBeforePrimary.delete(from)
    this.answered.delete(from)
    this.silent.delete(from)
    this.clearOverdue(from)
    this.polling.get(from)?.interruptUnsafe()
    this.polling.delete(from)
    this.updateReachability()
    this.updateDistance()
    this.checkFirstAnswers()
  }

  /** Another spelling stands for a node. */
  private rename(from: string, to: Address.Address): void {
    const { fence, primary } = this.state
    if (primary !== undefined && Address.format(primary) === from) this.state = { ...this.state, primary: to }
    if (fence?.candidate !== undefined && Address.format(fence.candidate) === from) {
      this.state = { ...this.state, fence: { ...fence, candidate: to } }
    }
    if (this.probe !== undefined && Address.format(this.probe.address) === from) this.probe.address = to
    this.tellAll((watcher) => watcher.renamed?.(placeOf(from), to))
  }

  private onPublished(from: string, channel: string, payload: string): void {
    const event = parseEvent(channel, payload)
    if (event === undefined) return
    if (event.epoch !== undefined) this.epochs.set(from, event.epoch)
    if (event.group !== this.options.group) return
    this.onEvent(from, event)
  }

  private onEvent(from: string, event: Event): void {
    const { name } = event
    if (this.state.primary === undefined && (selectionEvents.has(name) || promotionEvents.has(name))) {
      this.eventsBeforePrimary.set(from, event)
    } else if (name.startsWith("-failover-abort")) this.eventsBeforePrimary.delete(from)
    const old = event.primary === undefined ? undefined : this.resolve(event.primary)
    // Of a configuration that was left already nothing more needs to be done.
    const ours = old !== undefined && (this.state.primary === undefined || Address.equals(old, this.state.primary))
    if (startEvents.has(name)) {
      if (ours) {
        this.startTrace(name)
        this.discovery.prefer(from)
      } else this.onUnknownNode(from, old)
      return
    }
    if (selectionEvents.has(name)) {
      if (!ours) return this.onUnknownNode(from, old)
      this.startTrace(name)
      this.discovery.prefer(from)
      this.fence(from, name, event.subject === undefined ? undefined : this.resolve(event.subject))
      return
    }
    if (promotionEvents.has(name)) {
      const next = event.next === undefined ? undefined : this.resolve(event.next)
      if (
        !ours || (next !== undefined && this.state.primary !== undefined && Address.equals(next, this.state.primary))
      ) {
        return this.surveySoon()
      }
      this.startTrace(name)
      this.discovery.prefer(from)
      this.fence(from, name, next ?? (name === "+promoted-slave" ? this.resolve(event.subject!) : undefined))
      // One that does not answer keeps a round waiting.
      this.ask(from)
      return this.survey()
    }
    if (name.startsWith("-failover-abort")) this.retract(from, name)
    this.surveySoon()
  }

  /** A failover of a node that nobody has named so yet: it may be the primary by another name, and who says so knows. */
  private onUnknownNode(from: string, old: Address.Address | undefined): void {
    if (old === undefined || this.state.primary === undefined) return
    if (this.state.replicas.some((replica) => Address.equals(replica.address, old))) return
    this.ask(from)
  }

  private resolve({ host, port }: Place): Address.Address | undefined {
    try {
      const address = this.discovery.announced(host, port)
      return typeof address === "string" ? undefined : address
    } catch {
      // A natMap that throws is a defect of whoever asks; nobody has asked here.
      return undefined
    }
  }

  // ---------------------------------------------------------------------------
  // Asking

  /** Asks the sentinels, at once. However often it is called, the rounds of questions come one after another. */
  survey(): void {
    this.surveyAt(this.now())
  }

  /** Asks the sentinels, soon: one thing that they tell is often followed by others. */
  private surveySoon(): void {
    this.surveyAt(this.now() + coalesceMillis)
  }

  private surveyAt(at: number): void {
    if (!this.started || this.closed || at >= this.due) return
    this.due = at
    if (this.isSurveying) return
    this.surveying?.interruptUnsafe()
    const fiber = this.runFork(
      Effect.gen({ self: this }, function*() {
        while (this.due !== Infinity) {
          const pause = Math.max(this.due, this.lastSurvey + leastGap) - this.now()
          if (pause > 0) yield* Effect.sleep(pause)
          this.due = Infinity
          this.isSurveying = true
          const round = ++this.round
          const seen: Array<View> = []
          const exit = yield* Effect.exit(
            Effect.andThen(
              this.discovery.survey(this.options.group, (view) => {
                seen.push(view)
                this.views.set(view.from, view)
                this.onView(view)
              }),
              Effect.sync(() => this.onSurveyed(seen, round))
            )
          )
          // A function among the options that throws does not end the following.
          if (Exit.isFailure(exit)) {
            yield* Effect.logError(`${this.options.group}: what the sentinels said could not be taken in`, exit.cause)
          }
          this.lastSurvey = this.now()
          this.isSurveying = false
          Deferred.doneUnsafe(this.surveyed, Exit.void)
        }
      })
    )
    this.surveying = fiber
  }

  /** One sentinel's answer: is there a newer primary? */
  private onView(view: View): void {
    const { epoch, fence, isProvisional, primary } = this.state
    if (primary !== undefined && Address.equals(view.primary, primary)) {
      if (isProvisional && view.epoch >= this.reportedEpoch && this.isPlausible(view.epoch)) {
        this.moved(primary, view.epoch, view.from, false)
      }
      this.detectFailoverInProgress(view)
      return
    }
    if (primary === undefined) {
      // The client that looks for it has its own word for it in a moment.
      if (this.now() - this.locatedAt >= clientMillis) this.probePrimary(view.primary, view.epoch, view.from, false)
      return
    }
    if (isProvisional) {
      // The sentinels may still know the configuration that was left; but not for ever.
      const late = this.now() > this.provisionalUntil && view.epoch >= this.reportedEpoch
      if ((view.epoch < epoch && !late) || !this.isPlausible(view.epoch)) return
    } else {
      if (this.believed.isDisproved(view.from)) return
      if (!this.mayFollow({ from: view.from, node: Address.format(view.primary), epoch: view.epoch })) return
    }
    if (fence === undefined && view.epoch > epoch && !this.isMistrusted(view.from, true)) {
      // What nobody published: the events were lost.
      this.startTrace("a newer configuration")
      this.fence(view.from, "a newer configuration", view.primary, Infinity)
    }
    this.probePrimary(view.primary, view.epoch, view.from, false)
  }

  /** What the option `label` makes of a replica: nothing, where it throws or gives no text. */
  private labelOf(replica: Omit<Replica, "label">): string | undefined {
    try {
      const label: unknown = this.options.label?.(replica)
      return typeof label === "string" ? label : undefined
    } catch {
      return undefined
    }
  }

  /** What all sentinels together say: most of them win in the end, whatever the epochs. */
  private assessMajority(): void {
    const { isProvisional, primary } = this.state
    const known = this.discovery.members().length
    const now = this.now()
    if (primary === undefined) {
      // The first to answer may have named one that is none.
      const chase = this.probe
      const words = this.believed.lately(now)
      const refused = chase?.refused === true ? new Set([Address.format(chase.address)]) : nobody
      const word = choose(words, known, refused, nobody)
      if (chase !== undefined && word !== undefined && word.node !== Address.format(chase.address)) {
        this.probePrimary(placeOf(word.node), word.epoch, word.from, false, true)
      }
      return
    }
    if (isProvisional) return this.unreported(primary, known, now)
    this.identifyStranger()
    const verdict = this.believed.assess(known, now)
    if (verdict.kind === "epoch") {
      if (verdict.ready) this.moved(primary, verdict.word.epoch, verdict.word.from, false)
      else this.surveyAt(now + weighMillis)
    } else if (verdict.kind === "follow") {
      const { from, node, epoch } = verdict.word
      if (!verdict.ready) {
        this.surveyAt(now + weighMillis)
        if (verdict.unnamed) this.verifyUnnamedPrimary(placeOf(node), from)
        return
      }
      this.startTrace(outvoted)
      this.probePrimary(placeOf(node), epoch, from, false, true)
    } else if (this.discovery.unsettled()) this.surveyAt(now + weighMillis * 2)
  }

  /**
   * A promotion that was followed before it was reported, and that no sentinel
   * has reported in time: what most of them name wins, whatever the epochs,
   * which they may have forgotten.
   */
  private unreported(primary: Address.Address, known: number, now: number): void {
    if (now <= this.provisionalUntil) return this.surveyAt(this.provisionalUntil + 1)
    const words = this.believed.lately(now)
    const word = choose(words, known, new Set([Address.format(primary)]), nobody)
    if (word === undefined) return
    if (words.filter(({ node }) => node === word.node).length * 2 <= known) return
    this.probePrimary(placeOf(word.node), word.epoch, word.from, false, true)
  }

  /**
   * A sentinel names another primary in the same configuration, or an older one:
   * it may be the same node by another name. Where a connection to it goes tells.
   */
  private identifyStranger(): void {
    const { primary } = this.state
    if (this.identifyingFiber !== undefined || primary === undefined) return
    const now = this.now()
    const stranger = Array.from(this.views.values(), (view) => view.primary).find((address) =>
      !Address.equals(address, primary) && (this.identified.get(Address.format(address)) ?? -Infinity) < now - 60_000
    )
    if (stranger === undefined) return
    if (this.identified.size > 64) this.identified.clear()
    this.identified.set(Address.format(stranger), now)
    const { node } = this
    this.identifyingFiber = this.runFork(
      Effect.scoped(openConnection(stranger, node)).pipe(
        Effect.exit,
        Effect.map((exit) => {
          if (Exit.isSuccess(exit)) this.observed(stranger, exit.value.remote)
          this.identifyingFiber = undefined
          if (!Address.equals(this.discovery.canonical(stranger), stranger)) this.survey()
        })
      )
    )
  }

  /**
   * No sentinel names the primary any more, and another node says that it is
   * one: what would be written until it is followed is better written there.
   */
  private verifyUnnamedPrimary(address: Address.Address, from: string): void {
    if (this.state.fence !== undefined || this.verifyingUnnamed !== undefined) return
    const { node } = this
    this.verifyingUnnamed = this.runFork(
      Effect.scoped(openConnection(address, node, "primary")).pipe(
        Effect.exit,
        Effect.map((exit) => {
          this.verifyingUnnamed = undefined
          const verdict = this.believed.assess(this.discovery.members().length, this.now())
          if (Exit.isFailure(exit) || verdict.kind !== "follow" || !verdict.unnamed) return
          if (verdict.word.node !== Address.format(address)) return
          this.startTrace(outvoted)
          this.fence(from, outvoted, undefined)
        })
      )
    )
  }

  /** A failover whose beginning was missed: its leader says so, and marks the replica that it has selected. */
  private detectFailoverInProgress(view: View): void {
    if (this.state.fence !== undefined || view.instance?.isFailoverInProgress !== true) return
    const selected = view.replicas?.find((r) => r.instance.flags.has("promoted"))
    if (selected === undefined || this.state.primary === undefined) return
    if (Address.equals(selected.address, this.state.primary)) return
    this.startTrace("failover_in_progress")
    this.fence(view.from, "failover_in_progress", selected.address, Infinity)
  }

  /** All answers of a round. */
  private onSurveyed(views: ReadonlyArray<View>, round: number): void {
    this.updateReachability()
    const { primary } = this.state
    const chase = this.probe
    if (
      chase !== undefined && !chase.isProvisional && views.length > 0 &&
      !views.some((v) => Address.equals(v.primary, chase.address))
    ) {
      chase.fiber?.interruptUnsafe()
      this.probe = undefined
    }
    if (primary !== undefined && this.probe === undefined) {
      for (const [from, { at, isAnswer, round: signedIn }] of Array.from(this.signs)) {
        const view = views.find((v) => v.from === from)
        if (view === undefined || round <= signedIn || !Address.equals(view.primary, primary)) continue
        if (view.instance?.isFailoverInProgress !== false) continue
        // Whoever gave the sign says, asked after it, that there is no failover: it is over, or there was none.
        if (this.now() - at < fruitlessSoonMillis) this.mistrust(from, isAnswer)
        this.retract(from, "the failover came to nothing")
      }
    }
    this.assessMajority()
    const newest = views.filter((v) => v.epoch >= this.state.epoch || this.state.isProvisional)
    this.replicas(newest.length > 0 ? newest : views)
  }

  private replicas(views: ReadonlyArray<View>): void {
    if (!views.some((v) => v.replicas !== undefined)) return
    this.listers = views.filter((v) => v.replicas !== undefined && v.replicas.length > 0).length
    const now = this.now()
    const isReplica = ({ address }: { readonly address: Address.Address }): boolean =>
      this.state.primary === undefined || !Address.equals(address, this.state.primary)
    const listed = Listing.merge(views).filter(isReplica)
    const replicas = listed
      .map((each): Replica => {
        const { address, flags, isHealthy, isLinkUp, offset, priority } = each
        const replica = { address, flags, isHealthy, isLinkUp, offset, priority }
        return { ...replica, label: this.labelOf(replica) }
      })
      .sort((a, b) => Address.format(a.address) < Address.format(b.address) ? -1 : 1)
    for (const replica of replicas) {
      const { isUp, votes } = listed.find((l) => l.address === replica.address)!
      this.candidates.set(Address.format(replica.address), { ...replica, isUp, votes, listedAt: now })
    }
    this.forgetReplicas(now)
    const key = (list: ReadonlyArray<Replica>): string =>
      JSON.stringify(list.map((r) => [Address.format(r.address), r.isHealthy, r.isLinkUp, r.priority, r.label]))
    if (key(replicas) === key(this.state.replicas)) this.state = { ...this.state, replicas }
    else this.set({ replicas }, "the replicas", views[0]?.from ?? "the client")
    this.recheck()
  }

  /** Lets go of replicas that no sentinel has listed for long, and of the primary. */
  private forgetReplicas(now: number): void {
    const gone: Array<string> = []
    for (const [shown, { address, listedAt }] of this.candidates) {
      if (this.state.primary !== undefined && Address.equals(address, this.state.primary)) this.candidates.delete(shown)
      else if (now - listedAt > rememberMillis) gone.push(shown)
    }
    const excess = this.candidates.size - gone.length - Listing.maxReplicas
    if (excess > 0) {
      const kept = Array.from(this.candidates).filter(([shown]) => !gone.includes(shown))
      gone.push(...kept.sort(([, a], [, b]) => a.listedAt - b.listedAt).slice(0, excess).map(([shown]) => shown))
    }
    for (const shown of gone) this.drop(shown, "no sentinel has listed it for long")
  }

  private drop(shown: string, why: string): void {
    const candidate = this.candidates.get(shown)
    if (candidate === undefined) return
    this.candidates.delete(shown)
    this.tellAll((watcher) => watcher.dropped?.(candidate.address, why))
  }

  /** Whoever is listed no longer is asked itself whether it is still a replica of this group. */
  private recheck(): void {
    if (this.rechecking || this.closed || this.now() - this.recheckedAt < recheckMillis) return
    const unlisted = Array.from(this.candidates).filter(([, { address }]) =>
      !this.state.replicas.some((r) => Address.equals(r.address, address))
    )
    if (unlisted.length === 0) return
    this.rechecking = true
    this.recheckedAt = this.now()
    const { node } = this
    this.fork(
      Effect.forEach(
        unlisted,
        ([shown, { address }]) =>
          Effect.scoped(openConnection(address, node, "replica")).pipe(
            Effect.map(({ source }) =>
              source !== undefined && this.isStranger(source) ? "of another primary" : undefined
            ),
            Effect.catchTag(
              "RoleMismatch",
              ({ actual }) =>
                Effect.succeed(actual.startsWith("replica") || actual.startsWith("it denies") ? undefined : actual)
            ),
            // Whoever cannot be reached is left by those who notice.
            Effect.catch(() => Effect.undefined),
            Effect.map((other) => {
              if (other !== undefined) this.drop(shown, `no sentinel lists it, and it says that it is ${other}`)
            })
          ),
        { concurrency: 4, discard: true }
      ).pipe(
        Effect.ensuring(Effect.sync(() => {
          this.rechecking = false
        }))
      )
    )
  }

  /** Whether a replica follows what is neither the group's primary nor any other of its nodes. */
  private isStranger({ host, port }: Source): boolean {
    const primary = this.state.primary
    const followed = this.resolve({ host, port })
    // A name may be another one of a node that is known by its address.
    return primary !== undefined && followed !== undefined && !Address.equals(followed, primary) &&
      !this.candidates.has(Address.format(followed)) && Net.isIP(host) !== 0 && "host" in primary &&
      Net.isIP(primary.host) !== 0
  }

  // ---------------------------------------------------------------------------
  // Moving

  /** Asks a node for its role until it says that it is a primary. */
  private probePrimary(
    address: Address.Address,
    epoch: number,
    from: string,
    isProvisional: boolean,
    byMajority = false
  ): void {
    const chase = this.probe
    if (chase !== undefined) {
      if (Address.equals(chase.address, address)) {
        if (isProvisional) return
        chase.epoch = Math.max(epoch, chase.isProvisional ? 0 : chase.epoch)
        chase.from = from
        chase.isProvisional = false
        return
      }
      if (!chase.isProvisional && epoch <= chase.epoch && !byMajority) return
      chase.fiber?.interruptUnsafe()
    }
    const start = this.now()
    const until = start + (isProvisional ? Math.max(this.maxWriteHold, 1000) : probeMillis)
    const { node } = this
    const asking = Effect.gen({ self: this }, function*() {
      let pause = pollMillis
      while (this.now() < until) {
        const began = this.now()
        const exit = yield* Effect.exit(
          Effect.scoped(
            Effect.tap(
              openConnection(address, node, "primary"),
              (connection) => Effect.sync(() => this.observed(address, connection.remote))
            )
          )
        )
        // Whoever may not ask for the role believes the sentinels.
        const denied = Exit.isFailure(exit) && mayNotAsk(exit) && !this.probe!.isProvisional
        if (Exit.isSuccess(exit) || denied) {
          const { address, epoch, from, isProvisional } = this.probe!
          this.probe = undefined
          return this.moved(address, epoch, from, isProvisional)
        }
        const error = Exit.findErrorOption(exit)
        this.probe!.refused = error._tag === "Some" && error.value._tag === "RoleMismatch"
        if (
          this.probe!.refused && !this.probe!.isProvisional && this.now() - start > doubtMillis && this.isLone(address)
        ) {
          return this.rejectLoneClaim(address)
        }
        if (!this.probe!.isProvisional) {
          // A failover that is one is over by then.
          pause = Math.min(pause * 1.5, this.now() - start > patientMillis ? 1000 : 100)
          // Somebody may have thought better of it.
          if (pause >= 100) this.surveySoon()
        }
        yield* Effect.sleep(Math.max(1, pause - (this.now() - began)))
      }
      this.probe = undefined
    })
    const begun: PrimaryProbe = { address, epoch, from, isProvisional, refused: false, fiber: undefined }
    this.probe = begun
    begun.fiber = this.runFork(asking)
  }

  /** Whether most sentinels that answer name other nodes. */
  private isLone(address: Address.Address): boolean {
    const words = this.believed.lately(this.now())
    const shown = Address.format(address)
    return words.filter((word) => word.node === shown).length * 2 <= words.length
  }

  /** A lone claim for a node that says that it is no primary. */
  private rejectLoneClaim(address: Address.Address): void {
    const from = this.probe!.from
    this.probe = undefined
    this.believed.disprove(Address.format(address))
    if (!this.signs.has(from)) return
    this.mistrust(from, true)
    this.retract(from, "the new primary is none")
  }

  private moved(address: Address.Address, epoch: number, from: string, isProvisional: boolean): void {
    const old = this.state.primary
    const same = old !== undefined && Address.equals(old, address)
    if (!isProvisional) {
      this.reportedEpoch = epoch
      this.believed.settle({ node: Address.format(address), epoch, from }, this.now())
    } else this.provisionalUntil = this.now() + Math.max(this.maxWriteHold, 1000)
    if (same && epoch === this.state.epoch && isProvisional === this.state.isProvisional) return
    if (this.probe !== undefined && !this.probe.isProvisional && this.probe.epoch <= epoch) {
      this.probe.fiber?.interruptUnsafe()
      this.probe = undefined
    }
    if (!same) {
      this.mistrusted.clear()
      this.fruitlessFences.clear()
    }
    this.set(
      {
        primary: address,
        epoch,
        isProvisional,
        replicas: this.state.replicas.filter((r) => !Address.equals(r.address, address))
      },
      old === undefined ? "the primary was found" : same ? "another epoch" : "the primary moved",
      from
    )
    if (same) return
    Deferred.doneUnsafe(this.found, Exit.void)
    this.former = old
    if (old !== undefined) this.movedAt = this.now()
    this.forgetReplicas(this.now())
    if (old !== undefined) {
      this.startTrace("a newer configuration")
      this.trace!.old = Address.format(old)
      this.trace!.movedAt = this.now()
      Metrics.failovers.updateUnsafe(1, this.context)
      this.tellAll((watcher) => {
        // One of them may have made it move on: then all have been told of that.
        if (this.state.primary === address) watcher.moved(address, epoch)
      })
      this.traceTimer?.interruptUnsafe()
      this.traceTimer = this.runFork(Effect.andThen(Effect.sleep(traceMillis), Effect.sync(() => this.endTrace())))
    }
    this.unfence("the primary moved", from)
    if (old === undefined) {
      // What was said before anybody knew whom it is about.
      for (const [from, event] of Array.from(this.eventsBeforePrimary)) this.onEvent(from, event)
      this.eventsBeforePrimary.clear()
      for (const view of Array.from(this.views.values())) this.onView(view)
    }
    this.surveySoon()
  }

  // ---------------------------------------------------------------------------
  // The fence

  /** Whether a sentinel is not believed; by its own answer it may be nevertheless. */
  private isMistrusted(from: string, isAnswer = false): boolean {
    const known = this.mistrusted.get(from)
    return known !== undefined && this.now() - known.since < mistrustMillis && (known.altogether || !isAnswer)
  }

  private mistrust(from: string, altogether: boolean): void {
    const now = this.now()
    // One whose fence lasts longer than itself is told of nowhere else.
    for (const [other, { since }] of this.mistrusted) if (now - since >= mistrustMillis) this.mistrusted.delete(other)
    this.mistrusted.set(from, { since: now, altogether })
  }

  /** A sentinel's fence came to nothing. One that does so again and again has to answer for it, or is not believed. */
  private onFruitlessFence(from: string, isConfirmed: boolean): void {
    const now = this.now()
    for (const [other, times] of this.fruitlessFences) {
      if (now - times.at(-1)! >= mistrustMillis) this.fruitlessFences.delete(other)
    }
    const times = (this.fruitlessFences.get(from) ?? []).filter((at) => now - at < mistrustMillis)
    times.push(now)
    if (times.length < mostInVain) this.fruitlessFences.set(from, times)
    else {
      this.fruitlessFences.delete(from)
      this.mistrust(from, isConfirmed || this.isMistrusted(from, true))
    }
  }

  /** Whether a selected replica's own word is enough: not if one sentinel alone, of several, has ever listed it. */
  private mayPromote(candidate: Address.Address | undefined): candidate is Address.Address {
    if (this.options.follow !== "promotion" || candidate === undefined) return false
    const votes = this.candidates.get(Address.format(candidate))?.votes ?? 0
    return votes * 2 > this.listers
  }

  /** `age`: for how many milliseconds it holds already, at most; Infinity for what was answered, whose beginning was missed. */
  private fence(
    from: string,
    sign: string,
    candidate: Address.Address | undefined,
    age = this.discovery.distance(from)
  ): void {
    const known = this.state.fence
    const isAnswer = age === Infinity
    const isMistrusted = this.isMistrusted(from, isAnswer)
    if (!isMistrusted && this.mayPromote(candidate)) {
      const epoch = this.epochs.get(from) ?? 0
      this.probePrimary(candidate, Math.max(this.isPlausible(epoch) ? epoch : 0, this.state.epoch + 1), from, true)
    }
    if (this.maxWriteHold === 0) return
    if (isMistrusted) {
      // It may be true this time: its own answer tells.
      if (!this.isMistrusted(from, true)) this.ask(from)
      return
    }
    // A primary that is not known yet cannot be left.
    if (this.state.primary === undefined) return
    const given = this.signs.get(from)
    if (given === undefined) this.signs.set(from, { at: this.now(), round: this.round, sign, candidate, isAnswer })
    else given.candidate ??= candidate
    if (known !== undefined) {
      if (known.candidate === undefined && candidate !== undefined) {
        this.state = { ...this.state, fence: { ...known, candidate } }
      }
      return
    }
    this.fencedAt = this.now()
    if (this.trace !== undefined) this.trace.fencedAt ??= this.fencedAt
    this.hold(from)
    this.updateGate(age)
  }

  /** Writes wait by this sentinel's sign, for as long as it may hold them up. */
  private hold(from: string): void {
    const { at, candidate, sign } = this.signs.get(from)!
    this.set(
      { fence: { since: this.clock.currentTimeMillisUnsafe(), from, sign, candidate } },
      `writes wait: ${sign}`,
      from
    )
    this.fenceTimer?.interruptUnsafe()
    this.fenceTimer = this.runFork(
      Effect.gen({ self: this }, function*() {
        while (this.now() - at < this.maxWriteHold) {
          yield* Effect.sleep(Math.min(Duration.toMillis(fencedInterval), at + this.maxWriteHold - this.now()))
          this.survey()
        }
        this.mistrust(from, true)
        this.fenceTimer = undefined
        this.retract(from, "writes have waited long enough")
      })
    )
  }

  /** A sentinel's sign came to nothing. If another one has given one too, writes wait by that. */
  private retract(from: string, why: string): void {
    const sign = this.signs.get(from)
    if (sign === undefined) return
    const now = this.now()
    for (const [other, { at }] of this.signs) {
      if (other !== from && now - at >= this.maxWriteHold) this.signs.delete(other)
    }
    if (this.signs.size === 1) return this.unfence(why, from)
    this.signs.delete(from)
    this.onFruitlessFence(from, sign.isAnswer)
    if (this.state.fence?.from !== from) return
    if (this.probe?.isProvisional === true && this.probe.from === from) {
      this.probe.fiber?.interruptUnsafe()
      this.probe = undefined
    }
    const [next, { candidate }] = this.signs.entries().next().value!
    if (this.probe === undefined && this.mayPromote(candidate)) {
      this.probePrimary(candidate, this.state.epoch + 1, next, true)
    }
    this.hold(next)
  }

  private unfence(why: string, from: string): void {
    const fence = this.state.fence
    if (fence === undefined) return
    this.fenceTimer?.interruptUnsafe()
    this.fenceTimer = undefined
    if (this.probe?.isProvisional === true) {
      this.probe.fiber?.interruptUnsafe()
      this.probe = undefined
    }
    if (this.trace?.movedAt === undefined) {
      this.onFruitlessFence(fence.from, this.signs.get(fence.from)?.isAnswer === true)
    }
    this.signs.clear()
    const now = this.now()
    Metrics.fenceTime.updateUnsafe(now - this.fencedAt, this.context)
    if (this.trace !== undefined) this.trace.openedAt = now
    this.set({ fence: undefined }, `writes go on: ${why}`, from)
    this.updateGate()
    // A failover that came to nothing has no first write.
    if (this.trace?.movedAt === undefined) this.endTrace()
  }

  /** What holds so far means that writes go out or wait, for that many milliseconds already. */
  private updateGate(age = 0): void {
    const { group, isIsolated, sentinels } = this.state
    const policy = this.options.whenIsolated ?? "allow"
    const gate: WriteGate = this.state.fence !== undefined
      ? "held"
      : this.awaitsFirstAnswers || this.overdue.size > 0
      ? "asking"
      : !isIsolated || policy === "allow"
      ? undefined
      : policy === "hold"
      ? "held"
      : new SentinelsIsolated({
        group,
        reachable: sentinels.filter((s) => s.isReachable !== false).length,
        known: sentinels.length
      })
    if (gate === this.gate) return
    this.gate = gate
    this.tellAll((watcher) => watcher.gate(this.gate, age))
  }

  // ---------------------------------------------------------------------------
  // What is told of it

  private startTrace(sign: string): void {
    if (this.trace !== undefined) return
    this.trace = {
      began: this.now(),
      sign,
      span: this.now() < this.quietUntil ? undefined : this.span(sign),
      old: undefined,
      fencedAt: undefined,
      movedAt: undefined,
      openedAt: undefined
    }
    // One that nothing comes of is not kept for ever.
    this.traceTimer?.interruptUnsafe()
    this.traceTimer = this.runFork(
      Effect.andThen(Effect.sleep(Math.max(this.maxWriteHold, probeMillis)), Effect.sync(() => this.endTrace()))
    )
  }

  private span(sign: string): Tracer.Span {
    const attributes = { "db.system.name": "redis", "redis.sentinel.group": this.options.group, "redis.sign": sign }
    return Effect.runSyncWith(this.context)(Effect.makeSpan("redis.failover", { kind: "client", attributes }))
  }

  /** Once in a while, how much has come to nothing. */
  private limitLogging(): void {
    this.quietUntil = this.now() + quietMillis
    this.quietTimer = this.runFork(
      Effect.andThen(
        Effect.sleep(quietMillis),
        Effect.suspend(() => {
          const count = this.unlogged
          this.unlogged = 0
          return count === 0 ? Effect.void : Effect.logWarning(
            `${this.options.group}: ${count} more failovers came to nothing within ${quietMillis / 1000} seconds`
          )
        })
      )
    )
  }

  /** The end of a failover's story: one line, one span. */
  private endTrace(): void {
    const story = this.trace
    if (story === undefined) return
    this.trace = undefined
    this.traceTimer?.interruptUnsafe()
    this.traceTimer = undefined
    const now = this.now()
    if (story.movedAt === undefined) {
      if (now < this.quietUntil) {
        this.unlogged++
        return void story.span?.end(this.clock.currentTimeNanosUnsafe(), Exit.void)
      }
      this.limitLogging()
    }
    const primary = this.state.primary === undefined ? "unknown" : Address.format(this.state.primary)
    const annotations: Record<string, unknown> = {
      group: this.options.group,
      epoch: this.state.epoch,
      sign: story.sign,
      millis: now - story.began,
      ...(story.fencedAt === undefined ? {} : { heldMillis: (story.openedAt ?? now) - story.fencedAt }),
      ...(story.movedAt === undefined ? {} : { from: story.old, to: primary })
    }
    const span = story.span ?? this.span(story.sign)
    for (const [name, value] of Object.entries(annotations)) span.attribute(`redis.failover.${name}`, value)
    span.end(this.clock.currentTimeNanosUnsafe(), Exit.void)
    const held = annotations["heldMillis"]
    const waited = held === undefined ? "" : `, writes waited ${held} ms`
    this.runFork(
      Effect.annotateLogs(
        Effect.logInfo(
          story.movedAt === undefined
            ? `${this.options.group}: a failover (${story.sign}) came to nothing${waited}`
            : `${this.options.group}: the primary moved from ${story.old} to ${primary}${waited}`
        ),
        annotations
      )
    )
  }
}

const nobody: ReadonlySet<string> = new Set()

/** An address that was shown before. */
const placeOf = (shown: string): Address.Address => Address.parse(shown, 0) as Address.Address

const mayNotAsk = (exit: Exit.Exit<unknown, OpenError>): boolean => {
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" &&
    (error.value._tag === "AuthenticationFailed" ||
      (error.value._tag === "RoleMismatch" && error.value.actual.startsWith("it denies")))
}

/**
 * Follows a group, until the Scope closes. Nothing is asked before somebody
 * looks or a client needs its primary.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMonitor = (
  discovery: Discovery,
  options: GroupMonitorOptions
): Effect.Effect<GroupMonitor, never, Scope.Scope> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<never>()
    const clock = yield* Clock.Clock
    const pubsub = yield* Effect.acquireRelease(
      PubSub.sliding<State>({ capacity: 16, replay: 1 }),
      PubSub.shutdown
    )
    return yield* Effect.acquireRelease(
      Effect.sync(() => new GroupMonitor(discovery, options, pubsub, context, clock)),
      (follower) => Effect.sync(() => follower.close())
    )
  })
