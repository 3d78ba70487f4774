/**
 * The state machine of one group: which node is its primary. It composes the parts
 * in this folder, each of which has one job, and is all that clients and users see
 * of them. An event never moves the primary: it closes the write fence, or says when
 * to ask the sentinels.
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
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Address from "../../Address.ts"
import type { PrimaryNotFound, ReplicaNotFound } from "../../Errors.ts"
import type { Event, State, Topology } from "../../Topology.ts"
import type { Source } from "../connection/types.ts"
import type { Belief } from "../discovery/belief.ts"
import type { HostAndPort } from "../discovery/events.ts"
import { addressOf } from "../discovery/nodeAliases.ts"
import type { Discovery, GroupView, Located } from "../discovery/types.ts"
import { AliasCheck } from "./aliasCheck.ts"
import { ClaimRules, type PrimaryClaim } from "./claims.ts"
import { DeniedSentinels } from "./deniedSentinels.ts"
import { EventFeed } from "./eventFeed.ts"
import { FailoverEvents } from "./failoverEvents.ts"
import { FailoverTracer } from "./failoverTrace.ts"
import { type FailoverSign, WriteFence } from "./fence.ts"
import { FirstAnswers } from "./firstAnswers.ts"
import { GroupGate } from "./groupGate.ts"
import { GroupState } from "./groupState.ts"
import { Majority } from "./majority.ts"
import { PrimaryLocation } from "./primaryLocation.ts"
import { PrimaryProbe } from "./primaryProbe.ts"
import { ReplicaTable } from "./replicaTable.ts"
import { MonitorRuntime } from "./runtime.ts"
import { announcementLeadMillis, SentinelReachability } from "./sentinelReachability.ts"
import { Survey } from "./survey.ts"
import { SentinelTrust } from "./trust.ts"
import type { GroupMonitorOptions, MonitorListener, ReplicaCandidate } from "./types.ts"

const defaultMaxWriteHold = Duration.seconds(10)

/** How long after a move the replicas may not know of it. */
const movingMillis = 1000
/** How long `current` waits until a node says that it is the primary. */
const currentVerifyMillis = 500
/** A failover without a new primary is traced for `maxWriteHold`, or for this time if longer. */
const minTraceMillis = 30_000
/** A primary is followed unreported, and a selected replica probed, for `maxWriteHold`, or for this time if longer. */
const minProvisionalMillis = 1000

/** The sign of a move that no failover explains. */
const outvotedSign = "most sentinels name another primary"
/** The sign of a failover whose events were missed. */
const newerConfigurationSign = "a newer configuration"
/** The sign of a failover whose beginning was missed: a sentinel's answer shows this flag. */
const inProgressSign = "failover_in_progress"

/**
 * Monitors one group, for its clients and for those who look at its topology.
 *
 * @since 0.1.0
 * @category models
 */
export class GroupMonitor implements Topology {
  private readonly group: string
  private readonly discovery: Discovery
  private readonly belief: Belief
  private readonly promotesBySelection: boolean
  private readonly runtime: MonitorRuntime
  private readonly state: GroupState
  private readonly location: PrimaryLocation
  private readonly surveys: Survey
  private readonly failoverEvents: FailoverEvents
  private readonly feed: EventFeed
  private readonly firstAnswers: FirstAnswers
  private readonly denied: DeniedSentinels
  private readonly reachability: SentinelReachability
  private readonly trust: SentinelTrust
  private readonly gate: GroupGate
  private readonly trace: FailoverTracer
  private readonly fence: WriteFence
  private readonly claims: ClaimRules
  private readonly probe: PrimaryProbe
  private readonly majority: Majority
  private readonly replicas: ReplicaTable
  private readonly primaryFound = Deferred.makeUnsafe<void>()
  private isStarted = false
  private isClosed = false
  /** When the primary last moved, in monotonic time. */
  private movedAt = -Infinity
  /** How often the group has moved. Epochs do not tell that: they may begin anew. */
  moves = 0

  constructor(
    discovery: Discovery,
    options: GroupMonitorOptions,
    pubsub: PubSub.PubSub<State>,
    context: Context.Context<never>,
    clock: Clock.Clock
  ) {
    const maxHoldMillis = Duration.toMillis(Duration.fromInputUnsafe(options.maxWriteHold ?? defaultMaxWriteHold))
    const runtime = new MonitorRuntime(clock, context)
    const state = new GroupState(options.group, runtime, pubsub)
    /** What several parts need: each takes from it what its options name. */
    const shared = {
      group: options.group,
      discovery,
      belief: discovery.belief(options.group),
      runtime,
      state,
      // One object for all sessions: what is learned about an address is remembered by it.
      node: { ...options.node, clientName: undefined },
      resolve: (node: HostAndPort) => this.resolve(node),
      maxHoldMillis,
      maxProvisionalMillis: Math.max(maxHoldMillis, minProvisionalMillis),
      isFenceEnabled: maxHoldMillis > 0
    }
    this.group = options.group
    this.discovery = discovery
    this.belief = shared.belief
    this.promotesBySelection = options.follow === "promotion"
    this.runtime = runtime
    this.state = state
    this.location = new PrimaryLocation(shared)
    const survey = this.surveys = new Survey({
      ...shared,
      onAnswer: (view) => this.onView(view),
      onOwnAnswer: (from) => this.firstAnswers.onAnswer(from),
      onNoAnswer: (from) => this.firstAnswers.onNoAnswer(from),
      onRound: (views, round) => this.onRound(views, round)
    })
    this.failoverEvents = new FailoverEvents({
      ...shared,
      survey,
      onStart: (from, event) => this.onFailoverStart(from, event),
      onAnnouncement: (from, event) => {
        this.onFailoverStart(from, event)
        if (!this.reachability.mayBeLate) return
        const ageMillis = discovery.distanceMillis(from) - announcementLeadMillis
        this.onFailoverSign({ from, name: event, candidate: undefined, ageMillis })
      },
      onSelection: (from, event, candidate) => {
        this.onFailoverStart(from, event)
        this.onFailoverSign({ from, name: event, candidate, ageMillis: discovery.distanceMillis(from) })
      },
      onAbort: (from, event) => this.fence.withdraw(from, event)
    })
    this.feed = new EventFeed(shared)
    this.firstAnswers = new FirstAnswers({
      ...shared,
      onComplete: () => {
        this.reachability.updateDistance()
        this.gate.update()
      }
    })
    this.denied = new DeniedSentinels({
      ...shared,
      ask: (from) => survey.askOnce(from),
      onOverdueChange: () => this.gate.update()
    })
    this.reachability = new SentinelReachability({
      ...shared,
      whenFar: options.whenFar,
      isStarting: () => this.firstAnswers.isAwaited,
      epochOf: (sentinel) => survey.views.get(sentinel)?.epoch,
      onChange: () => this.gate.update(),
      onLate: (millis) => state.notify((listener) => listener.signLateness?.(millis))
    })
    this.gate = new GroupGate({
      ...shared,
      whenIsolated: options.whenIsolated,
      isAwaitingAnswer: () => this.firstAnswers.isAwaited || this.denied.isOverdue,
      onChange: (gate, ageMillis) => state.notify((listener) => listener.gate(gate, ageMillis))
    })
    const trust = this.trust = new SentinelTrust(runtime)
    const trace = this.trace = new FailoverTracer({ ...shared, maxMillis: Math.max(maxHoldMillis, minTraceMillis) })
    this.fence = new WriteFence({
      ...shared,
      trust,
      trace,
      survey,
      onHandover: (from, next, candidate) => {
        this.probe.cancelProvisional(from)
        if (this.probe.current === undefined) this.probeSelected(candidate, state.current.epoch + 1, next)
      },
      onOpening: () => this.probe.cancelProvisional(),
      onChange: (ageMillis) => this.gate.update(ageMillis)
    })
    const claims = this.claims = new ClaimRules(shared)
    const probe = this.probe = new PrimaryProbe({
      ...shared,
      survey,
      onConnected: (address, remote) => discovery.onConnected(address, remote),
      onPrimary: (claim) => this.onPrimary(claim),
      onRefuted: (claim) => this.onRefuted(claim)
    })
    this.majority = new Majority({
      ...shared,
      survey,
      claims,
      probe,
      aliasCheck: new AliasCheck({ ...shared, survey }),
      onEpoch: ({ epoch, from }) =>
        this.onPrimary({ address: state.current.primary!, epoch, from, isProvisional: false }),
      onOutvoted: () => trace.start(outvotedSign),
      onUnnamed: (from) => {
        trace.start(outvotedSign)
        this.onFailoverSign({
          from,
          name: outvotedSign,
          candidate: undefined,
          ageMillis: discovery.distanceMillis(from)
        })
      }
    })
    this.replicas = new ReplicaTable({
      ...shared,
      label: options.label,
      onDropped: (address, why) => state.notify((listener) => listener.dropped?.(address, why))
    })
  }

  // ---------------------------------------------------------------------------
  // Beginning and end

  /** Begins to listen to the sentinels, unless it does already. */
  start(): void {
    if (this.isStarted || this.isClosed) return
    this.isStarted = true
    this.surveys.open()
    this.firstAnswers.start()
    this.runtime.fork(
      Effect.scoped(
        Effect.gen({ self: this }, function*() {
          yield* this.discovery.listen({
            onEvent: (from, channel, payload) => {
              this.feed.onPublished(from, channel, payload)
              this.failoverEvents.onPublished(from, channel, payload)
            },
            onReachability: (from, isReachable) => this.onReachability(from, isReachable),
            onForgotten: (from) => this.onForgotten(from),
            onRenamed: (from, to) => this.onRenamed(from, to),
            onSubscription: (from) => this.onPermission(from),
            onDistance: () => this.reachability.updateDistance()
          })
          // Those whose subscription stands already, for another group, were not asked about this one.
          for (const address of this.discovery.sentinels()) {
            const sentinel = Address.format(address)
            if (this.discovery.isReachable(sentinel) !== true) continue
            this.onPermission(sentinel)
            this.onReachability(sentinel, true)
          }
          return yield* this.surveys.reconcile
        })
      )
    )
  }

  close(): void {
    this.isClosed = true
    // An Effect that waits for a first result gets what is known.
    this.surveys.close()
    this.runtime.close()
    Deferred.doneUnsafe(this.primaryFound, Exit.void)
    this.state.close()
    this.feed.close()
    this.trace.close()
  }

  // ---------------------------------------------------------------------------
  // For clients

  /** Calls the listener with each change, and at once with what holds already, until the returned function is called. */
  watch(listener: MonitorListener): () => void {
    this.state.addListener(listener)
    listener.signLateness?.(this.reachability.lateMillis)
    if (this.gate.current !== undefined) listener.gate(this.gate.current, Infinity)
    return () => this.state.removeListener(listener)
  }

  /** Whether the sentinels have been asked at least once. */
  get isSurveyed(): boolean {
    return this.surveys.isSurveyed
  }

  /** Whether the group has moved just now, so that its replicas may not know of it. */
  get isMoving(): boolean {
    return this.runtime.now() - this.movedAt < movingMillis
  }

  /** Whether this is the address of the primary; undefined while no primary is known. */
  isPrimary(address: Address.Address): boolean | undefined {
    const { primary } = this.state.current
    return primary === undefined ? undefined : Address.equals(primary, address)
  }

  /** The state as it is known now; no server is asked. */
  get present(): State {
    return this.state.current
  }

  /** Asks the sentinels where the primary is; a primary that is followed before they report it takes precedence. */
  readonly locate: Effect.Effect<Located<Address.Address>, PrimaryNotFound> = Effect.suspend(() => {
    // The first answers may come while this starts: they leave it to the client to verify the primary.
    this.location.expectClient()
    this.start()
    return this.location.locate
  })

  /** Asks all sentinels where the primary is, if it is at none of these addresses. */
  locateElsewhere(
    wrongRole: ReadonlySet<string>,
    unreachable: ReadonlySet<string>
  ): Effect.Effect<Located<Address.Address> | undefined> {
    return this.location.locateElsewhere(wrongRole, unreachable)
  }

  /** A connection to a node has this remote address. */
  onConnected(address: Address.Address, remote: string | undefined): void {
    this.discovery.onConnected(address, remote)
  }

  /** A primary cannot be dialled: its node may have another address. */
  onUndialable(address: Address.Address): void {
    this.discovery.onUndialable(address)
  }

  /**
   * A node has said that it is the primary, at an address that the sentinels
   * gave. False if the group has moved on meanwhile.
   */
  verified({ epoch, from, value }: Located<Address.Address>): boolean {
    const { epoch: presentEpoch, isProvisional } = this.state.current
    const address = this.discovery.canonical(value)
    const claim: PrimaryClaim = { address, epoch, from, isProvisional: false }
    if (this.isPrimary(address) === true) {
      if (!isProvisional) {
        // Its epoch is taken over once most sentinels report it.
        this.belief.onPrimaryRole(Address.format(address))
        return true
      }
      if (epoch <= presentEpoch) return true
    }
    if (!this.claims.mayFollow(claim)) return false
    this.onPrimary(claim)
    return true
  }

  /** A primary denies that it is one: another node that is named with the same epoch may be followed. */
  onWrongRole(address: Address.Address): void {
    this.discovery.onWrongRole(this.group, address)
    if (this.isPrimary(address) !== true) return
    if (this.state.current.isProvisional) {
      this.state.publish(
        { isProvisional: false, epoch: this.claims.reportedEpoch },
        "the promotion was undone",
        Address.format(address)
      )
    }
    this.survey()
  }

  /** The primary has acknowledged the first write after a move. */
  acknowledged(): void {
    this.trace.end()
  }

  /** This process may have been busy. */
  onBehind(): void {
    this.reachability.onBehind()
  }

  /** Asks all sentinels now, or right after the round of questions that is under way. */
  survey(): void {
    this.surveys.begin()
  }

  // ---------------------------------------------------------------------------
  // For clients of replicas

  /** The replicas that a client may read from: those that are listed, and for a while those that were. */
  get replicaCandidates(): ReadonlyArray<ReplicaCandidate> {
    return this.replicas.candidates
  }

  /** Asks the sentinels for the replicas, and adds those that were listed before. */
  readonly locateReplicas: Effect.Effect<ReadonlyArray<ReplicaCandidate>, ReplicaNotFound> = Effect.suspend(() => {
    this.start()
    return this.replicas.locate
  })

  /** Whether a replica replicates from the group's primary, as far as is known, and has a link there. */
  follows(source: Source): boolean {
    return this.replicas.follows(source)
  }

  /** Whether a replica replicates from a node of the group that is not the primary. */
  followsOtherPrimary(source: HostAndPort): boolean {
    return this.replicas.followsOtherPrimary(source)
  }

  // ---------------------------------------------------------------------------
  // For users

  readonly current: Effect.Effect<State> = Effect.gen({ self: this }, function*() {
    this.start()
    yield* Deferred.await(this.surveys.firstRound)
    if (this.state.current.primary === undefined && !this.isClosed) {
      this.location.expectNoClient()
      for (const view of this.surveys.views.values()) this.onView(view)
      yield* Effect.raceFirst(Deferred.await(this.primaryFound), Effect.sleep(currentVerifyMillis))
    }
    return this.state.current
  })

  readonly changes: Stream.Stream<State> = Stream.unwrap(Effect.map(this.current, () => this.state.changes))

  readonly events: Stream.Stream<Event> = Stream.unwrap(Effect.sync(() => {
    this.start()
    return this.feed.stream
  }))

  // ---------------------------------------------------------------------------
  // The sentinels

  private onReachability(from: string, isReachable: boolean): void {
    this.reachability.update()
    this.reachability.updateDistance()
    if (isReachable) {
      // What it published while it was unreachable is lost.
      this.surveys.ask(from)
      this.surveys.begin()
      return
    }
    this.surveys.forget(from)
    this.failoverEvents.onUnreachable(from)
    this.denied.stop(from)
    this.firstAnswers.onUnreachable(from)
    // Another sentinel may have taken its place: one that denies a subscription does not report that by itself.
    this.surveys.beginSoon()
  }

  private onPermission(from: string): void {
    this.reachability.update()
    this.reachability.updateDistance()
    this.denied.onPermission(from)
  }

  /** A sentinel no longer exists. */
  private onForgotten(from: string): void {
    this.surveys.forget(from)
    this.failoverEvents.forget(from)
    this.fence.forget(from)
    this.trust.forget(from)
    this.denied.stop(from)
    this.reachability.update()
    this.reachability.updateDistance()
    this.firstAnswers.forget(from)
  }

  /** A node is known by another address from now on. */
  private onRenamed(from: string, to: Address.Address): void {
    const { primary } = this.state.current
    if (primary !== undefined && Address.format(primary) === from) this.state.replace({ primary: to })
    this.fence.rename(from, to)
    this.probe.rename(from, to)
    this.state.notify((listener) => listener.renamed?.(addressOf(from), to))
  }

  private resolve({ host, port }: HostAndPort): Address.Address | undefined {
    try {
      const address = this.discovery.resolveAnnounced(host, port)
      return typeof address === "string" ? undefined : address
    } catch {
      // A user's natMap that throws is reported where an Effect of the user needs the address.
      return undefined
    }
  }

  // ---------------------------------------------------------------------------
  // Answers

  /** Acts on one sentinel's answer: it may name a newer primary, or show a failover. */
  private onView(view: GroupView): void {
    const { epoch, fence, primary } = this.state.current
    const claim: PrimaryClaim = { address: view.primary, epoch: view.epoch, from: view.from, isProvisional: false }
    if (primary === undefined) {
      // A client that looks for the primary verifies it itself in a moment.
      if (!this.location.isClientVerifying) this.probe.start(claim)
      return
    }
    if (Address.equals(view.primary, primary)) {
      if (this.claims.confirmsProvisional(view)) this.onPrimary({ ...claim, address: primary })
      this.detectFailoverInProgress(view)
      return
    }
    if (!this.claims.mayProbe(view)) return
    if (fence === undefined && view.epoch > epoch && this.trust.believesAnswers(view.from)) {
      // No event reported this failover: the events were lost.
      this.trace.start(newerConfigurationSign)
      this.onFailoverSign({
        from: view.from,
        name: newerConfigurationSign,
        candidate: view.primary,
        ageMillis: Infinity
      })
    }
    this.probe.start(claim)
  }

  /**
   * An answer may show a failover whose beginning was missed: its leader reports
   * it, and marks the replica that it has selected.
   */
  private detectFailoverInProgress(view: GroupView): void {
    const { fence } = this.state.current
    if (fence !== undefined || view.instance?.isFailoverInProgress !== true) return
    const selected = view.replicas?.find((replica) => replica.instance.flags.has("promoted"))
    // What has become of it since the answer was given may be known too late.
    if (selected === undefined ? !this.reachability.isFar : this.isPrimary(selected.address) !== false) return
    this.trace.start(inProgressSign)
    this.onFailoverSign({ from: view.from, name: inProgressSign, candidate: selected?.address, ageMillis: Infinity })
  }

  /** Acts on all answers of a round together. */
  private onRound(views: ReadonlyArray<GroupView>, round: number): void {
    this.reachability.update()
    this.probe.cancelUnnamed(views)
    if (this.probe.current === undefined) this.fence.withdrawDenied(views, round)
    this.majority.assess()
    const { epoch, isProvisional } = this.state.current
    const newest = views.filter((view) => view.epoch >= epoch || isProvisional)
    this.replicas.onRound(newest.length > 0 ? newest : views)
  }

  // ---------------------------------------------------------------------------
  // Failovers

  private onFailoverStart(from: string, event: string): void {
    this.trace.start(event)
    this.discovery.askFirst(from)
  }

  /** A sentinel gives a sign of a failover: closes the write fence, if the sentinel is believed. */
  private onFailoverSign(sign: FailoverSign): void {
    const { ageMillis, candidate, from } = sign
    const isBelieved = ageMillis === Infinity ? this.trust.believesAnswers(from) : this.trust.believesEvents(from)
    if (isBelieved) {
      const epoch = this.failoverEvents.epochOf(from)
      const next = this.state.current.epoch + 1
      this.probeSelected(candidate, Math.max(this.claims.isPlausible(epoch) ? epoch : 0, next), from)
      this.fence.close(sign)
    } else if (this.fence.isEnabled && this.trust.believesAnswers(from)) {
      // Its event may be right this time: its answer tells.
      this.surveys.ask(from)
    }
  }

  /** Probes a selected replica, if promotions are followed before they are reported and most sentinels list it. */
  private probeSelected(candidate: Address.Address | undefined, epoch: number, from: string): void {
    if (!this.promotesBySelection || candidate === undefined || !this.replicas.isListedByMost(candidate)) return
    this.probe.start({ address: candidate, epoch, from, isProvisional: true })
  }

  /** A node denies that it is the primary, and only a minority of the sentinels names it. */
  private onRefuted({ address, from }: PrimaryClaim): void {
    this.belief.onWrongRole(Address.format(address))
    if (!this.fence.hasSignOf(from)) return
    this.trust.mistrust(from, "answers")
    this.fence.withdraw(from, "the node that was named is not a primary")
  }

  /** A node has said that it is the primary: follows it. */
  private onPrimary(claim: PrimaryClaim): void {
    const { address, epoch, from, isProvisional } = claim
    const old = this.state.current.primary
    const isSame = old !== undefined && Address.equals(old, address)
    this.claims.onPrimary(claim)
    if (isSame && epoch === this.state.current.epoch && isProvisional === this.state.current.isProvisional) return
    this.probe.cancelUpTo(epoch)
    if (!isSame) this.trust.clear()
    const replicas = this.state.current.replicas.filter((replica) => !Address.equals(replica.address, address))
    if (old !== undefined && !isSame) this.moves++
    this.state.publish(
      { primary: address, epoch, isProvisional, replicas },
      old === undefined ? "the primary was found" : isSame ? "the epoch changed" : "the primary moved",
      from
    )
    if (isSame) return
    Deferred.doneUnsafe(this.primaryFound, Exit.void)
    if (old !== undefined) this.movedAt = this.runtime.now()
    this.replicas.onMoved(old)
    if (old !== undefined) {
      this.trace.onMoved(old, newerConfigurationSign)
      this.state.notify((listener) => {
        // A listener may have made the group move on: then all have received that already.
        if (this.state.current.primary === address) listener.moved(address, epoch)
      })
    }
    this.fence.open("the primary moved", from)
    if (old === undefined) {
      // What was said before the primary was known makes sense now.
      this.failoverEvents.onPrimaryFound()
      for (const view of Array.from(this.surveys.views.values())) this.onView(view)
    }
    this.surveys.beginSoon()
  }
}

/**
 * Makes the monitor of a group, which ends with the Scope. It asks nothing before
 * a user looks at the topology or a client needs a node.
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
      (monitor) => Effect.sync(() => monitor.close())
    )
  })
