/**
 * Discovery through sentinels: composes the sessions, the subscriptions, the
 * questions and the beliefs, and is all that the rooms above see of them.
 *
 * What follows from it is not decided here: internal/monitor/ follows a group, and
 * internal/targets/ opens connections to its nodes.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import type * as Command from "../../Command.ts"
import type {
  PrimaryNotFound,
  ReplicaNotFound,
  ReplyError,
  SentinelsUnreachable,
  UnexpectedReply
} from "../../Errors.ts"
import type { DiscoveryOptions } from "../../Options.ts"
import { type Belief, Beliefs } from "./belief.ts"
import { GroupQuery } from "./groupQuery.ts"
import { type DialAddress, dialAddressBy } from "./natMap.ts"
import { addressOf, NodeAliases } from "./nodeAliases.ts"
import { type KnownSentinel, SentinelList } from "./sentinelList.ts"
import { SentinelQuestions } from "./sentinelQuestions.ts"
import { makeSentinelSessions, type SentinelSessions } from "./sentinelSessions.ts"
import { makeSentinelSubscriptions, type SentinelSubscriptions } from "./sentinelSubscriptions.ts"
import type { Discovery, GroupView, Located, SentinelListener } from "./types.ts"

const defaultTimeout = Duration.millis(500)
const defaultHeadStart = Duration.millis(100)
const defaultPingInterval = Duration.seconds(1)
const defaultStallTimeout = Duration.seconds(2)
/** A limit for the answers of a lying sentinel: enough for some thousand replicas. */
const maxAnswerBytes = 4 * 1024 * 1024

/** What a discovery consists of. */
interface Parts {
  readonly headStart: Duration.Duration
  readonly timeout: Duration.Duration
  readonly dialAddress: DialAddress
  readonly nodes: NodeAliases
  readonly beliefs: Beliefs
  readonly list: SentinelList
  readonly sessions: SentinelSessions
  readonly subscriptions: SentinelSubscriptions
  readonly questions: SentinelQuestions
  /** The questions for a primary and for replicas. Concurrent callers for the same group share one. */
  readonly primary: ByGroup<Located<Address.Address>, PrimaryNotFound>
  readonly replicas: ByGroup<Located<ReadonlyArray<Address.Address>>, ReplicaNotFound>
}

/** Discovery through sentinels. */
class SentinelDiscovery implements Discovery {
  readonly headStartMillis: number
  readonly timeoutMillis: number
  readonly locatePrimary: Discovery["locatePrimary"]
  readonly locateReplicas: Discovery["locateReplicas"]
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
    this.headStartMillis = Duration.toMillis(parts.headStart)
    this.timeoutMillis = Duration.toMillis(parts.timeout)
    this.locatePrimary = parts.primary
    this.locateReplicas = parts.replicas
    parts.nodes.onRename = (from, to) => {
      parts.beliefs.rename(from, to)
      const address = addressOf(to)
      parts.subscriptions.notify((listener) => listener.onRenamed(from, address))
    }
  }

  // ---------------------------------------------------------------------------
  // Questions

  survey(group: string, onView: (view: GroupView) => void): Effect.Effect<void> {
    return this.parts.questions.survey(group, onView)
  }

  locateElsewhere(
    group: string,
    wrongRole: ReadonlySet<string>,
    unreachable: ReadonlySet<string>
  ): Effect.Effect<Located<Address.Address> | undefined> {
    return this.parts.questions.locateElsewhere(group, wrongRole, unreachable)
  }

  askOne(group: string, sentinel: string): Effect.Effect<GroupView | undefined> {
    return this.parts.questions.askOne(group, sentinel)
  }

  ask<A>(
    command: Command.Command<A, "read", any>
  ): Effect.Effect<A, SentinelsUnreachable | ReplyError | UnexpectedReply> {
    return this.parts.questions.ask(command)
  }

  // ---------------------------------------------------------------------------
  // What is believed of a group

  belief(group: string): Belief {
    return this.parts.beliefs.of(group)
  }

  onPrimaryVerified(group: string, address: Address.Address, epoch: number, from: string): void {
    const belief = this.belief(group)
    const node = Address.format(this.canonical(address))
    if (belief.followed?.node === node) belief.onPrimaryRole(node)
    else if (belief.followed === undefined || epoch > belief.followed.epoch) belief.follow({ node, epoch, from })
  }

  onWrongRole(group: string, address: Address.Address): void {
    // Nothing is kept for a group that no sentinel knows.
    this.parts.beliefs.get(group)?.onWrongRole(Address.format(this.canonical(address)))
  }

  // ---------------------------------------------------------------------------
  // The nodes' addresses

  onUndialable(address: Address.Address): void {
    this.parts.nodes.markUndialable(address)
  }

  onConnected(address: Address.Address, endpoint: string | undefined): void {
    this.parts.nodes.recordEndpoint(address, endpoint)
  }

  resolveAnnounced(host: string, port: number): Address.Address | string {
    const address = this.parts.dialAddress(host, port)
    return typeof address === "string" ? address : this.canonical(address)
  }

  canonical(address: Address.Address): Address.Address {
    return this.parts.nodes.canonical(address)
  }

  // ---------------------------------------------------------------------------
  // The sentinels

  sentinels(): ReadonlyArray<Address.Address> {
    return this.parts.list.all.map(({ address }) => address)
  }

  confirmedSentinels(): ReadonlyArray<Address.Address> {
    return this.parts.list.distinct().map(({ address }) => address)
  }

  hasMissingSentinels(): boolean {
    return this.parts.list.hasMissing
  }

  askFirst(sentinel: string): void {
    const known = this.parts.list.get(sentinel)
    if (known !== undefined) this.parts.list.moveToFront(known)
  }

  listen(listener: SentinelListener): Effect.Effect<void, never, Scope.Scope> {
    return this.parts.subscriptions.listen(listener)
  }

  isReachable(sentinel: string): boolean | undefined {
    return this.parts.subscriptions.isReachable(sentinel)
  }

  isSubscribed(sentinel: string): boolean | undefined {
    return this.parts.subscriptions.isSubscribed(sentinel)
  }

  distanceMillis(sentinel: string): number {
    return this.parts.subscriptions.distanceMillis(sentinel)
  }

  firstAnswerBy(sentinel: string): number {
    return this.parts.sessions.firstAnswerBy(sentinel)
  }

  dialAnew(): void {
    this.parts.sessions.dialAnew()
  }

  /** A sentinel does not exist any more: nothing of it is kept, except that a seed may be asked again. */
  forget(sentinel: KnownSentinel): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      const { key } = sentinel
      const { beliefs, list, nodes, questions, sessions, subscriptions } = this.parts
      list.forget(sentinel)
      nodes.forget((source) => source.startsWith(`${key} `))
      beliefs.forget(key)
      questions.forget(key)
      const wasTried = yield* subscriptions.forget(key)
      yield* sessions.forget(key)
      if (wasTried) subscriptions.notify((listener) => listener.onForgotten(key))
    })
  }
}

/**
 * Discovery through sentinels, until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeDiscovery = (
  options: DiscoveryOptions,
  seeds: ReadonlyArray<Address.Address>
): Effect.Effect<Discovery, never, Scope.Scope> =>
  Effect.gen(function*() {
    const timeout = Duration.fromInputUnsafe(options.timeout ?? defaultTimeout)
    const headStart = Duration.fromInputUnsafe(options.headStart ?? defaultHeadStart)
    const dialAddress = dialAddressBy(options.natMap)
    const nodes = new NodeAliases()
    const sessions = yield* makeSentinelSessions({
      session: {
        pingInterval: defaultPingInterval,
        stallTimeout: defaultStallTimeout,
        ...options.sentinel,
        limits: { maxReplyBytes: maxAnswerBytes, ...options.sentinel?.limits },
        connectTimeout: timeout
      },
      timeout,
      headStart
    })
    const subscriptions = yield* makeSentinelSubscriptions({
      timeout,
      username: options.sentinel?.username,
      sentinels: () => list.confirmed.map(({ address }) => address)
    }, sessions)
    const list = new SentinelList({
      seeds,
      dialAddress,
      isReachable: (sentinel) => subscriptions.isReachable(sentinel),
      onConfirmed: () => subscriptions.subscribeToAll()
    })
    const beliefs = new Beliefs()
    const questions = new SentinelQuestions({
      headStart,
      list,
      sessions,
      query: new GroupQuery({
        minOtherSentinels: options.minOtherSentinels ?? 0,
        dialAddress,
        nodes,
        isKnown: (sentinel) => list.has(sentinel)
      }),
      beliefs,
      addressOfReplica: (host, port) => discovery.resolveAnnounced(host, port),
      onAnswer: (sentinel, millis) => subscriptions.recordAnswer(sentinel, millis),
      onGone: (sentinel) => discovery.forget(sentinel)
    })
    const discovery: SentinelDiscovery = new SentinelDiscovery({
      headStart,
      timeout,
      dialAddress,
      nodes,
      beliefs,
      list,
      sessions,
      subscriptions,
      questions,
      primary: yield* sharedByGroup((group) => questions.locatePrimary(group)),
      replicas: yield* sharedByGroup((group) => questions.locateReplicas(group))
    })
    return discovery
  })

type ByGroup<A, E> = (group: string) => Effect.Effect<A, E>

/**
 * Lets concurrent callers for the same group share one run. The run goes on while
 * one of them waits, and is interrupted with the last one.
 */
const sharedByGroup = <A, E>(run: ByGroup<A, E>): Effect.Effect<ByGroup<A, E>, never, Scope.Scope> =>
  Effect.map(
    RcMap.make({ lookup: (group: string) => Effect.forkScoped(run(group), { startImmediately: true }) }),
    (runs) => (group) => Effect.scoped(Effect.flatMap(RcMap.get(runs, group), Fiber.join))
  )
