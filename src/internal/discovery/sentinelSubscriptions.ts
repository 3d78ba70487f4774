/**
 * One subscription to each sentinel, kept while there is a listener: dials,
 * subscribes to all events, tries again after each loss, passes the events on, and
 * knows whether a sentinel can be reached, whether it allows subscriptions, and how
 * far away it is. What an event means is not known here.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberMap from "effect/FiberMap"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import type { ReplyError } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import { monotonicMillis } from "../common/time.ts"
import type { Connection } from "../connection/connection.ts"
import { subscribeOn, textMessageOf } from "../connection/pubSub.ts"
import type { EndError, OpenError } from "../connection/types.ts"
import { ageOfAnswer, deniedPollMillis, SentinelDistances } from "./distances.ts"
import { eventSubscription } from "./events.ts"
import type { SentinelSessions } from "./sentinelSessions.ts"
import type { SentinelListener } from "./types.ts"

/**
 * How long after the end of a subscription the next one is tried, in
 * milliseconds. The pause grows up to the longest, a quarter more or less. It never
 * gets long: the events of the time between are lost, and a dial that is refused
 * costs little.
 */
const firstRetryMillis = 15
const longestRetryMillis = 200
const retryGrowth = 1.5
/** The end of a subscription that lasted longer than this, in milliseconds, makes the pause short again. */
const stableMillis = 1000
/**
 * A dial that began while the sentinel could not be reached may hang long after it
 * can be reached again. So another dial begins beside it after each interval, in
 * milliseconds.
 */
const parallelDialMillis = 200
const maxParallelDials = 5
/** How often a denied subscription is tried again: the ACL may have changed. */
const resubscribeInterval = Duration.seconds(10)

export interface SentinelSubscriptionsOptions {
  /** The limit for one dial. */
  readonly timeout: Duration.Duration
  /** The user of the sessions, for the log. */
  readonly username: string | undefined
  /** The sentinels to subscribe to. */
  readonly sentinels: () => ReadonlyArray<Address.Address>
}

/**
 * The subscriptions to all sentinels, by their formatted addresses.
 *
 * @since 0.1.0
 * @category models
 */
export class SentinelSubscriptions {
  private readonly options: SentinelSubscriptionsOptions
  private readonly sessions: Pick<SentinelSessions, "discard" | "get" | "open">
  private readonly fibers: FiberMap.FiberMap<string, never>
  private readonly runSubscription: (sentinel: string, effect: Effect.Effect<never>) => void
  private readonly listeners = new Set<SentinelListener>()
  /** Whether there is a subscription, or a session where subscriptions are denied. No entry during the first try. */
  private readonly reachable = new Map<string, boolean>()
  /** Whether the sentinel allows subscriptions. */
  private readonly subscribed = new Map<string, boolean>()
  private readonly distances = new SentinelDistances(() => this.notify((listener) => listener.onDistance?.()))

  constructor(
    options: SentinelSubscriptionsOptions,
    sessions: Pick<SentinelSessions, "discard" | "get" | "open">,
    fibers: FiberMap.FiberMap<string, never>,
    runSubscription: (sentinel: string, effect: Effect.Effect<never>) => void
  ) {
    this.options = options
    this.sessions = sessions
    this.fibers = fibers
    this.runSubscription = runSubscription
  }

  /** Listens until the Scope closes. The first listener starts the subscriptions, the last one ends them. */
  listen(listener: SentinelListener): Effect.Effect<void, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.sync(() => {
        this.listeners.add(listener)
        this.subscribeToAll()
      }),
      () =>
        Effect.suspend(() => {
          this.listeners.delete(listener)
          if (this.listeners.size > 0) return Effect.void
          this.reachable.clear()
          this.subscribed.clear()
          this.distances.clear()
          return FiberMap.clear(this.fibers)
        })
    )
  }

  /** Subscribes to each sentinel that has no subscription yet, if there is a listener. */
  subscribeToAll(): void {
    if (this.listeners.size === 0) return
    for (const address of this.options.sentinels()) {
      const sentinel = Address.format(address)
      if (!FiberMap.hasUnsafe(this.fibers, sentinel)) {
        this.runSubscription(sentinel, this.keepSubscribed(sentinel, address))
      }
    }
  }

  notify(tell: (listener: SentinelListener) => void): void {
    for (const listener of Array.from(this.listeners)) tell(listener)
  }

  /** Ends the subscription and forgets the sentinel. Whether anything was known of its reachability. */
  forget(sentinel: string): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      this.subscribed.delete(sentinel)
      this.distances.forget(sentinel)
      const wasTried = this.reachable.delete(sentinel)
      return Effect.as(FiberMap.remove(this.fibers, sentinel), wasTried)
    })
  }

  /** Undefined during the first try. */
  isReachable(sentinel: string): boolean | undefined {
    return this.reachable.get(sentinel)
  }

  /** Undefined while it is not known. */
  isSubscribed(sentinel: string): boolean | undefined {
    return this.subscribed.get(sentinel)
  }

  /** How old the word of a reachable sentinel is at most when it arrives, in milliseconds; 0 if it is not known. */
  distanceMillis(sentinel: string): number {
    return this.reachable.get(sentinel) === true ? this.distances.millisTo(sentinel) : 0
  }

  /** A question to one sentinel took this long, in milliseconds. */
  recordAnswer(sentinel: string, millis: number): void {
    this.distances.record(sentinel, this.subscribed.get(sentinel) === false ? ageOfAnswer(millis) : millis)
  }

  private setReachable(sentinel: string, isReachable: boolean): void {
    if (this.reachable.get(sentinel) === isReachable) return
    this.reachable.set(sentinel, isReachable)
    this.notify((listener) => listener.onReachability(sentinel, isReachable))
  }

  private setSubscribed(sentinel: string, isPermitted: boolean): void {
    if (this.subscribed.get(sentinel) === isPermitted) return
    this.subscribed.set(sentinel, isPermitted)
    this.notify((listener) => listener.onSubscription?.(sentinel))
  }

  /** One subscription after another. */
  private keepSubscribed(sentinel: string, address: Address.Address): Effect.Effect<never> {
    let retryMillis = firstRetryMillis
    const next = Effect.gen({ self: this }, function*() {
      const attempt = { failedAfter: 0, subscribedAt: undefined as number | undefined }
      yield* Effect.exit(Effect.scoped(this.subscribe(sentinel, address, attempt)))
      this.subscribed.delete(sentinel)
      this.distances.forget(sentinel)
      this.setReachable(sentinel, false)
      const { failedAfter, subscribedAt } = attempt
      const now = yield* monotonicMillis
      if (subscribedAt !== undefined && now - subscribedAt > stableMillis) retryMillis = firstRetryMillis
      const pause = retryMillis * (yield* Random.nextBetween(0.75, 1.25))
      retryMillis = Math.min(retryMillis * retryGrowth, longestRetryMillis)
      // The time that a failed dial took is part of the pause.
      yield* Effect.sleep(Duration.millis(Math.max(1, Math.round(pause - failedAfter))))
    })
    return Effect.forever(next)
  }

  /** One subscription, until its session ends. */
  private subscribe(
    sentinel: string,
    address: Address.Address,
    attempt: { failedAfter: number; subscribedAt: number | undefined }
  ): Effect.Effect<void, OpenError, Scope.Scope> {
    return Effect.gen({ self: this }, function*() {
      const began = yield* monotonicMillis
      let connection = yield* Effect.tapError(
        this.dial(sentinel),
        () => Effect.map(monotonicMillis, (now) => (attempt.failedAfter = now - began))
      )
      // In RESP2 a connection with subscriptions takes no questions: this one stays free for them.
      if (connection.protocol === 2) connection = yield* this.sessions.open(address)
      this.listenOn(sentinel, connection)
      const request = this.requestEvents(sentinel, connection)
      const refusal = yield* request
      if (refusal !== undefined && refusal._tag !== "ReplyError") return
      attempt.subscribedAt = yield* monotonicMillis
      if (refusal !== undefined) {
        this.setSubscribed(sentinel, false)
        yield* this.logDenied(sentinel, refusal)
        yield* Effect.forkScoped(
          Effect.repeat(Effect.delay(request, resubscribeInterval), { until: (refusal) => refusal === undefined })
        )
      }
      // A sentinel that denies subscriptions answers questions all the same.
      this.setReachable(sentinel, true)
      const context = yield* Effect.context<never>()
      Metrics.connectionsOf.sentinel.modifyUnsafe(1, context)
      yield* Effect.ensuring(
        this.untilEnded(sentinel, address, connection),
        Effect.sync(() => Metrics.connectionsOf.sentinel.modifyUnsafe(-1, context))
      )
    })
  }

  private listenOn(sentinel: string, connection: Connection): void {
    connection.onPush = (message) => {
      const published = textMessageOf(message)
      if (published === undefined) return
      this.notify((listener) => listener.onEvent(sentinel, published.channel, published.payload))
    }
  }

  /**
   * Waits for the end of a subscribed connection. One that has to be left for its credentials is left once another one is
   * subscribed, so that no event is missed; an event that comes on both does no harm.
   */
  private untilEnded(
    sentinel: string,
    address: Address.Address,
    connection: Connection
  ): Effect.Effect<void, never, Scope.Scope> {
    return Effect.gen({ self: this }, function*() {
      const scope = yield* Effect.scope
      let current = connection
      let own: Scope.Closeable | undefined
      while (true) {
        const replaced = Deferred.makeUnsafe<() => void>()
        current.onReplace = (close) => Deferred.doneUnsafe(replaced, Exit.succeed(close))
        const close = yield* Effect.raceFirst(Effect.as(current.closed, undefined), Deferred.await(replaced))
        if (close === undefined) return
        const next = Scope.forkUnsafe(scope)
        const opened = yield* Effect.result(Scope.provide(this.sessions.open(address), next))
        if (opened._tag === "Failure") return close()
        this.listenOn(sentinel, opened.success)
        const refusal = yield* this.requestEvents(sentinel, opened.success)
        close()
        // Nothing is left of a connection that was left.
        if (own !== undefined) yield* Scope.close(own, Exit.void)
        own = next
        if (refusal !== undefined) return
        current = opened.success
      }
    })
  }

  /** Subscribes on a connection. Gives what went wrong, if anything did. */
  private requestEvents(
    sentinel: string,
    connection: Connection
  ): Effect.Effect<EndError | ReplyError | undefined> {
    return Effect.gen({ self: this }, function*() {
      const sentAt = yield* monotonicMillis
      const reply = yield* Effect.result(subscribeOn(connection, eventSubscription))
      const isDenied = reply._tag === "Failure"
      if (isDenied && reply.failure._tag !== "ReplyError") return reply.failure
      const millis = (yield* monotonicMillis) - sentAt
      this.distances.forget(sentinel)
      this.distances.record(sentinel, isDenied ? ageOfAnswer(millis) : millis)
      if (isDenied) return reply.failure
      connection.onRoundTrip = (millis) => this.distances.record(sentinel, millis)
      this.setSubscribed(sentinel, true)
      return undefined
    })
  }

  /** The session for a subscription, by several parallel dials. The first one to end decides. */
  private dial(sentinel: string): Effect.Effect<Connection, OpenError, Scope.Scope> {
    const dials = Math.min(maxParallelDials, Math.ceil(Duration.toMillis(this.options.timeout) / parallelDialMillis))
    return Effect.flatMap(Effect.scope, (scope) =>
      Effect.raceAllFirst(
        Array.from({ length: dials }, (_, i) => {
          const dial = Effect.suspend(() => {
            const own = Scope.forkUnsafe(scope)
            return this.sessions.get(sentinel, true).pipe(
              Scope.provide(own),
              Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit))
            )
          })
          return i === 0
            ? dial
            : Effect.sleep(i * parallelDialMillis).pipe(
              Effect.andThen(this.sessions.discard(sentinel)),
              Effect.andThen(dial)
            )
        })
      ))
  }

  private logDenied(sentinel: string, { detail }: ReplyError): Effect.Effect<void> {
    return Effect.logWarning(
      `sentinel ${sentinel} does not let the user "${this.options.username ?? "default"}" subscribe to its events ` +
        `(${detail}): it is asked every ${deniedPollMillis} ms instead. Its ACL needs: +subscribe +psubscribe allchannels`
    )
  }
}

/**
 * Subscriptions that begin with the first listener and end with the Scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSentinelSubscriptions = (
  options: SentinelSubscriptionsOptions,
  sessions: Pick<SentinelSessions, "discard" | "get" | "open">
): Effect.Effect<SentinelSubscriptions, never, Scope.Scope> =>
  Effect.gen(function*() {
    const fibers = yield* FiberMap.make<string, never>()
    const run = yield* FiberMap.runtime(fibers)<never>()
    return new SentinelSubscriptions(options, sessions, fibers, run)
  })
