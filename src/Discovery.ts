/**
 * What the sentinels say: asks them in a race with head starts, keeps the list
 * of those that are known, believes the newest configuration of a group, and
 * hears what they publish.
 *
 * What is made of it is not decided here: `Topology.ts` follows a group, and
 * `Sentinel.ts` opens connections to its nodes.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberMap from "effect/FiberMap"
import * as Random from "effect/Random"
import * as RcMap from "effect/RcMap"
import * as Scope from "effect/Scope"
import * as Address from "./Address.ts"
import type * as Command from "./Command.ts"
import { sentinel as commands } from "./commands/index.ts"
import type { PrimaryInstance, ReplicaInstance } from "./commands/sentinel.ts"
import * as Connection from "./Connection.ts"
import {
  GroupUnknown,
  PrimaryNotFound,
  QuorumNotMet,
  ReplicaNotFound,
  type ReplyError,
  Report,
  SentinelsUnreachable,
  type UnexpectedReply
} from "./Errors.ts"
import { monotonicMillis } from "./internal/time.ts"
import * as Metrics from "./Metrics.ts"
import * as PubSub from "./PubSub.ts"

/**
 * From an address that the sentinels announce to one that can be dialled from
 * here: a table of `host:port`, or a function that gives undefined for those
 * it leaves alone.
 *
 * @since 0.1.0
 * @category models
 */
export type NatMap =
  | Readonly<Record<string, string>>
  | ((address: Address.Tcp) => Address.Tcp | undefined)

/**
 * How sentinels are asked.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** For one question to one sentinel, dialling included. Default 500 milliseconds. */
  readonly timeout?: Duration.Input | undefined
  /** How long a sentinel is waited for before the next one is asked as well. Default 100 milliseconds. */
  readonly headStart?: Duration.Input | undefined
  /**
   * The sessions with sentinels: they often have a user and a password of their
   * own. A sentinel that is silent for `stallTimeout` (default 2 seconds; PINGs
   * every `pingInterval`, default 1 second) counts as one that cannot be reached.
   */
  readonly sentinel?: Omit<Connection.SessionOptions, "database" | "connectTimeout"> | undefined
  /** A sentinel that knows fewer others than this is not believed. Default 0. */
  readonly minOtherSentinels?: number | undefined
  readonly natMap?: NatMap | undefined
}

const defaultTimeout = Duration.millis(500)
const defaultHeadStart = Duration.millis(100)
const defaultPingInterval = Duration.seconds(1)
const defaultStallTimeout = Duration.seconds(2)
/** After how long without a word from a sentinel that knows the newest configuration an older one is believed. */
const forgetAfter = 10_000
/** So that a lying sentinel cannot grow the lists without bound. */
const maxSentinels = 64
const maxReplicas = 256
/**
 * How long after the end of a subscription the next one is tried, in
 * milliseconds: it grows up to the longest, a quarter more or less. What a
 * sentinel publishes before it is heard again is lost, and a dial that is
 * refused costs little: so it stays short for ever.
 */
const firstPause = 50
const longestPause = 200
/** A subscription that lasted longer than this, in milliseconds, is no sign of trouble when it ends. */
const steadyMillis = 1000
/**
 * A dial that has not ended after so many milliseconds may hang in a time that
 * is over: another one begins beside it, up to so many at once.
 */
const dialInterval = 200
const maxDials = 5
/** What sentinels publish of a group and of themselves. */
const channels = [
  "+reset-master",
  "+slave",
  "+sentinel",
  "+sdown",
  "-sdown",
  "+odown",
  "-odown",
  "+new-epoch",
  "+try-failover",
  "+elected-leader",
  "+selected-slave",
  "+promoted-slave",
  "+config-update-from",
  "+switch-master",
  "+role-change",
  "-role-change",
  "+convert-to-slave",
  "+fix-slave-config",
  "+slave-reconf-done",
  "+reboot",
  "+monitor",
  "-monitor",
  "+tilt",
  "-tilt"
]
const patterns = ["+failover-*", "-failover-*"]

// -----------------------------------------------------------------------------
// Asking in a race
// -----------------------------------------------------------------------------

/**
 * Tries in order, each with a head start before the next: the first success
 * wins and the others are interrupted. One that fails lets the next one start
 * at once. Fails with every failure, in order.
 *
 * @since 0.1.0
 * @category combinators
 */
export const hedged = <A, E, R>(
  attempts: ReadonlyArray<Effect.Effect<A, E, R>>,
  headStart: Duration.Duration
): Effect.Effect<A, ReadonlyArray<E>, R> =>
  Effect.suspend(() => {
    const failures: Array<E | undefined> = attempts.map(() => undefined)
    const started = attempts.map(() => Deferred.makeUnsafe<void>())
    const failed = attempts.map(() => Deferred.makeUnsafe<void>())
    const all = attempts.map((attempt, i) => {
      const gate = i === 0
        ? Effect.void
        : Effect.andThen(
          Deferred.await(started[i - 1]!),
          Effect.raceFirst(Deferred.await(failed[i - 1]!), Effect.sleep(headStart))
        )
      return gate.pipe(
        Effect.andThen(Effect.suspend(() => {
          Deferred.doneUnsafe(started[i]!, Exit.void)
          return attempt
        })),
        Effect.tapError((error) =>
          Effect.sync(() => {
            failures[i] = error
            Deferred.doneUnsafe(failed[i]!, Exit.void)
          })
        )
      )
    })
    return attempts.length === 0
      ? Effect.fail<ReadonlyArray<E>>([])
      : Effect.mapError(Effect.raceAll(all), () => failures.filter((f): f is E => f !== undefined))
  })

// -----------------------------------------------------------------------------
// Sources of addresses
// -----------------------------------------------------------------------------

/**
 * What one round of questions gave.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found<A> {
  readonly value: A
  /** Who said so. */
  readonly from: string
  /** The configuration epoch that it is of; 0 where it is not known. */
  readonly epoch: number
}

/**
 * A replica as a sentinel sees it, with the address at which it can be dialled.
 *
 * @since 0.1.0
 * @category models
 */
export interface SeenReplica {
  readonly address: Address.Address
  readonly instance: ReplicaInstance
}

/**
 * What one sentinel knows of a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface View {
  /** The sentinel. */
  readonly from: string
  readonly primary: Address.Address
  readonly epoch: number
  /** What it says of the primary; undefined where it denies SENTINEL MASTER. */
  readonly instance: PrimaryInstance | undefined
  /** Undefined where it denies SENTINEL REPLICAS. */
  readonly replicas: ReadonlyArray<SeenReplica> | undefined
}

/**
 * Who hears what the sentinels publish.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listener {
  /** A sentinel published something. */
  readonly event: (from: string, channel: string, payload: string) => void
  /** A subscription to a sentinel began, or ended: what it published in between is lost. */
  readonly standing: (from: string, reachable: boolean) => void
}

/**
 * Where the addresses of groups come from: sentinels, or a fixed list.
 *
 * @since 0.1.0
 * @category models
 */
export interface Discovery {
  /** The group's primary, by the first good answer. */
  readonly primary: (group: string) => Effect.Effect<Found<Address.Address>, PrimaryNotFound>
  /** A primary was verified: its configuration is the newest one known. */
  readonly confirmed: (group: string, address: Address.Address, epoch: number, from: string) => Effect.Effect<void>
  /** A primary that it gave is none, or cannot be reached. */
  readonly disproved: (group: string, address: Address.Address) => void
  /** The group's replicas, those that are down or disconnected left out. */
  readonly replicas: (group: string) => Effect.Effect<Found<ReadonlyArray<Address.Address>>, ReplicaNotFound>
  /** Asks every sentinel at once, and tells of each answer as it comes. */
  readonly survey: (group: string, onView: (view: View) => void) => Effect.Effect<void>
  /** Hears what the sentinels publish, until the Scope closes. Subscriptions last as long as anybody listens. */
  readonly listen: (listener: Listener) => Effect.Effect<void, never, Scope.Scope>
  /** The sentinels known so far, the one that answered last in front. */
  readonly sentinels: () => ReadonlyArray<Address.Address>
  /** Whether a sentinel's subscription stands; undefined as long as the first try is under way. */
  readonly isReachable: (sentinel: string) => boolean | undefined
  /** An address that a sentinel announces as one that can be dialled, or what is wrong with it in words. */
  readonly announced: (host: string, port: number) => Address.Address | string
  /** Asks that sentinel first from now on. */
  readonly prefer: (sentinel: string) => void
  readonly ask: <A>(
    command: Command.Command<A, "read", any>
  ) => Effect.Effect<A, SentinelsUnreachable | ReplyError | UnexpectedReply>
}

/**
 * What a failed session says of a sentinel or a node.
 *
 * @since 0.1.0
 * @category errors
 */
export const reportOf = (
  address: string,
  error: Connection.OpenError | ReplyError | UnexpectedReply
): Report => {
  const detail = error.message
  switch (error._tag) {
    case "AuthenticationFailed":
      return new Report({ address, kind: "denied", detail, cause: error })
    case "ProtocolError":
      return new Report({ address, kind: "not-a-sentinel", detail, cause: error })
    case "UnexpectedReply":
      return new Report({ address, kind: "bad-answer", detail, cause: error })
    case "RoleMismatch":
      return new Report({ address, kind: "wrong-role", detail, cause: error })
    case "ReplyError":
      return new Report({
        address,
        kind: error.code === "NOAUTH" || error.code === "NOPERM"
          ? "denied"
          : /unknown command/i.test(error.detail)
          ? "not-a-sentinel"
          : /no such (master|primary)/i.test(error.detail)
          ? "unknown-group"
          : "bad-answer",
        detail,
        cause: error
      })
    default:
      return new Report({ address, kind: "unreachable", detail, cause: error })
  }
}

const reasonOf = (reports: ReadonlyArray<Report>): SentinelsUnreachable | GroupUnknown | QuorumNotMet =>
  reports.some((r) => r.kind === "too-few-sentinels")
    ? new QuorumNotMet({ reports })
    : reports.some((r) => r.kind === "unknown-group")
    ? new GroupUnknown({ reports })
    : new SentinelsUnreachable({ reports })

/**
 * Discovery through sentinels, until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options,
  configured: ReadonlyArray<Address.Address>
): Effect.Effect<Discovery, never, Scope.Scope> =>
  Effect.gen(function*() {
    const timeout = Duration.fromInputUnsafe(options.timeout ?? defaultTimeout)
    const headStart = Duration.fromInputUnsafe(options.headStart ?? defaultHeadStart)
    const minOthers = options.minOtherSentinels ?? 0
    const nat = natOf(options.natMap)
    let known: ReadonlyArray<Address.Address> = configured

    const openSession = (address: Address.Address) =>
      Connection.open(address, {
        pingInterval: defaultPingInterval,
        stallTimeout: defaultStallTimeout,
        ...options.sentinel,
        connectTimeout: timeout
      })

    /** Those whose session failed to open: the failure is not kept, it says nothing of now. */
    const failed = new Set<string>()
    const sessions = yield* RcMap.make({
      lookup: (shown: string) =>
        Effect.tapError(
          openSession(known.find((a) => Address.format(a) === shown)!),
          () => Effect.sync(() => failed.add(shown))
        ),
      idleTimeToLive: "30 seconds"
    })

    /** The next one who needs a session dials anew. */
    const drop = (shown: string): Effect.Effect<void> =>
      Effect.suspend(() => {
        failed.delete(shown)
        return RcMap.invalidate(sessions, shown)
      })

    /** The session that is there, if it is any good, or a new one. */
    const session = (shown: string): Effect.Effect<Connection.Connection, Connection.OpenError, Scope.Scope> =>
      Effect.suspend(() => {
        const open = Effect.onError(RcMap.get(sessions, shown), () => failed.has(shown) ? drop(shown) : Effect.void)
        return failed.has(shown) ? Effect.andThen(drop(shown), open) : Effect.flatMap(
          open,
          // It was closed since the last question.
          (connection) =>
            connection.ended === undefined ? Effect.succeed(connection) : Effect.andThen(drop(shown), open)
        )
      })

    /** One question to one sentinel, on a session that is kept for the next. */
    const question = <A>(
      address: Address.Address,
      f: (
        connection: Connection.Connection
      ) => Effect.Effect<A, Report | Connection.EndError | ReplyError | UnexpectedReply>
    ): Effect.Effect<A, Report> => {
      const shown = Address.format(address)
      const once: Effect.Effect<A, Report> = Effect.mapError(
        Effect.scoped(Effect.flatMap(session(shown), f)),
        (error) => error instanceof Report ? error : reportOf(shown, error)
      )
      return Effect.timeoutOrElse(once, {
        duration: timeout,
        orElse: () =>
          Effect.fail(
            new Report({
              address: shown,
              kind: "unreachable",
              detail: `no answer within ${Duration.toMillis(timeout)} ms`
            })
          )
      }).pipe(
        Effect.tapError((report) =>
          // A session that gave no answer, or hangs before it is one, is not kept either.
          report.kind === "unreachable" || report.kind === "not-a-sentinel" || report.kind === "denied"
            ? drop(shown)
            : Effect.void
        )
      )
    }

    /** Guidelines: the sentinel that answers moves to the front of the list. */
    const toFront = (address: Address.Address): void => {
      if (known[0] !== address) known = [address, ...known.filter((a) => a !== address)]
    }

    const race = <A>(
      f: (connection: Connection.Connection, shown: string) => Effect.Effect<
        A,
        Report | Connection.EndError | ReplyError | UnexpectedReply
      >
    ): Effect.Effect<Found<A>, ReadonlyArray<Report>> =>
      Effect.suspend(() =>
        hedged(
          known.map((address) => {
            const shown = Address.format(address)
            return Effect.map(
              question(address, (connection) => f(connection, shown)),
              (value) => ({ value, from: shown, address, epoch: 0 })
            )
          }),
          headStart
        )
      ).pipe(
        Effect.tap(({ address }) => Effect.sync(() => toFront(address)))
      )

    /** An address that a sentinel announces, checked and mapped. */
    const announced = (host: string, port: number): Address.Tcp | string => {
      const parsed = Address.parse({ host, port }, 0)
      return typeof parsed === "string" ? parsed : nat(parsed as Address.Tcp)
    }

    const learn = (others: ReadonlyArray<{ readonly host: string; readonly port: number }>): void => {
      const list = [...known]
      for (const { host, port } of others) {
        const address = announced(host, port)
        if (typeof address === "string" || list.length >= maxSentinels) continue
        if (!list.some((a) => Address.equals(a, address))) list.push(address)
      }
      if (list.length === known.length) return
      known = list
      followAll()
    }

    /** The newest configuration of each group that was heard of. */
    const configurations = new Map<string, {
      readonly address: Address.Address
      readonly epoch: number
      readonly from: string
      readonly confirmedAt: number
      disproved: boolean
    }>()

    interface Answer extends View {
      readonly others: ReadonlyArray<{ readonly host: string; readonly port: number }>
    }

    /** Takes an answer for the newest configuration. */
    const adopt = (
      group: string,
      { epoch, from, primary }: View,
      now: number
    ): Found<Address.Address> => {
      configurations.set(group, { address: primary, epoch, from, confirmedAt: now, disproved: false })
      return { value: primary, from, epoch }
    }

    /** All that one sentinel knows of a group, in one write. */
    const consult = (
      connection: Connection.Connection,
      group: string,
      shown: string,
      replicasToo: boolean
    ): Effect.Effect<Answer, Report | Connection.EndError | ReplyError | UnexpectedReply> =>
      Effect.gen(function*() {
        const [addr, state, others, replicas] = yield* Effect.all([
          connection.call(commands.getPrimaryAddr(group)),
          Effect.result(connection.call(commands.primary(group))),
          Effect.result(connection.call(commands.sentinels(group))),
          replicasToo ? Effect.result(connection.call(commands.replicas(group))) : Effect.undefined
        ], { concurrency: "unbounded" })
        if (addr === null) {
          return yield* Effect.fail(
            new Report({ address: shown, kind: "unknown-group", detail: `it does not know the group "${group}"` })
          )
        }
        const primary = announced(addr.host, addr.port)
        if (typeof primary === "string") {
          return yield* Effect.fail(
            new Report({ address: shown, kind: "bad-answer", detail: `it announces a malformed address: ${primary}` })
          )
        }
        if (minOthers > 0) {
          const count = state._tag === "Success" ? state.success.otherSentinelCount : 0
          if (count < minOthers) {
            return yield* Effect.fail(
              new Report({
                address: shown,
                kind: "too-few-sentinels",
                detail: `it knows ${count} other sentinels, fewer than ${minOthers}`
              })
            )
          }
        }
        const epoch = state._tag === "Success" ? state.success.configEpoch : 0
        return {
          from: shown,
          primary,
          // A sentinel's answer is no better than its numbers.
          epoch: Number.isSafeInteger(epoch) && epoch >= 0 ? epoch : 0,
          instance: state._tag === "Success" ? state.success : undefined,
          replicas: replicas?._tag === "Success" ? seen(replicas.success) : undefined,
          others: others._tag === "Success" ? others.success : []
        }
      })

    const seen = (replicas: ReadonlyArray<ReplicaInstance>): ReadonlyArray<SeenReplica> =>
      replicas.slice(0, maxReplicas).flatMap((instance) => {
        const address = announced(instance.host, instance.port)
        return typeof address === "string" ? [] : [{ address, instance }]
      })

    const askPrimary = (group: string): Effect.Effect<Found<Address.Address>, PrimaryNotFound> => {
      const outdated: Array<Answer> = []
      return race((connection, shown) =>
        Effect.gen(function*() {
          const answer = yield* consult(connection, group, shown, false)
          const best = configurations.get(group)
          if (best !== undefined && answer.epoch < best.epoch && !Address.equals(answer.primary, best.address)) {
            outdated.push(answer)
            return yield* Effect.fail(
              new Report({
                address: shown,
                kind: "outdated",
                detail: `it knows configuration epoch ${answer.epoch} of the group, another sentinel knew ${best.epoch}`
              })
            )
          }
          return answer
        })
      ).pipe(
        Effect.matchEffect({
          onSuccess: ({ value }) =>
            Effect.map(monotonicMillis, (now) => {
              learn(value.others)
              return adopt(group, value, now)
            }),
          // The newest configuration wins, until nobody who knows it has been
          // heard for a while, or it turned out to be wrong.
          onFailure: (reports) =>
            Effect.flatMap(monotonicMillis, (now) => {
              const best = configurations.get(group)
              const newest = outdated.toSorted((a, b) => b.epoch - a.epoch)[0]
              if (best === undefined || newest === undefined) {
                return Effect.fail(new PrimaryNotFound({ group, reason: reasonOf(reports) }))
              }
              learn(newest.others)
              return Effect.succeed(
                !best.disproved && now - best.confirmedAt < forgetAfter
                  ? { value: best.address, from: best.from, epoch: best.epoch }
                  : adopt(group, newest, now)
              )
            })
        })
      )
    }

    const survey = (group: string, onView: (view: View) => void): Effect.Effect<void> =>
      Effect.suspend(() =>
        Effect.forEach(
          known,
          (address) => {
            const shown = Address.format(address)
            return question(address, (connection) => consult(connection, group, shown, true)).pipe(
              Effect.match({
                onFailure: () => {},
                onSuccess: (answer) => {
                  learn(answer.others)
                  onView(answer)
                }
              })
            )
          },
          { concurrency: "unbounded", discard: true }
        )
      )

    // -------------------------------------------------------------------------
    // Hearing

    const listeners = new Set<Listener>()
    const followers = yield* FiberMap.make<string, never>()
    const runFollower = yield* FiberMap.runtime(followers)<never>()
    const standing = new Map<string, boolean>()

    const stand = (shown: string, reachable: boolean): void => {
      if (standing.get(shown) === reachable) return
      standing.set(shown, reachable)
      for (const listener of Array.from(listeners)) listener.standing(shown, reachable)
    }

    /**
     * A session for listening, by one dial or by several that began one after
     * another: one that began while the sentinel could not be reached may hang
     * for longer than that lasts. The first to end tells how it is.
     */
    const listening = (
      shown: string
    ): Effect.Effect<Connection.Connection, Connection.OpenError, Scope.Scope> =>
      Effect.flatMap(Effect.scope, (scope) =>
        Effect.raceAllFirst(
          Array.from({ length: Math.min(maxDials, Math.ceil(Duration.toMillis(timeout) / dialInterval)) }, (_, i) =>
            Effect.suspend(() => {
              const own = Scope.forkUnsafe(scope)
              return session(shown).pipe(
                Scope.provide(own),
                Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit))
              )
            }).pipe((dial) =>
              i === 0
                ? dial
                : Effect.andThen(Effect.andThen(Effect.sleep(i * dialInterval), drop(shown)), dial)
            ))
        ))

    /** One subscription after another to one sentinel. */
    const follow = (address: Address.Address): Effect.Effect<never> => {
      const shown = Address.format(address)
      let pause = firstPause
      /** How long the last try took to fail, and since when the last one that did not fail stood. */
      let spent = 0
      let stood: number | undefined
      const once = Effect.scoped(
        Effect.gen(function*() {
          const began = yield* monotonicMillis
          stood = undefined
          spent = 0
          let connection = yield* Effect.tapError(
            listening(shown),
            () => Effect.map(monotonicMillis, (now) => (spent = now - began))
          )
          // In RESP2 a connection that listens cannot ask.
          if (connection.protocol === 2) connection = yield* openSession(address)
          connection.onPush = (message) => {
            const published = PubSub.messageOf(message)
            if (published === undefined) return
            for (const listener of Array.from(listeners)) {
              listener.event(shown, published.channel, published.payload)
            }
          }
          const heard = yield* Effect.result(PubSub.subscribe(connection, { channels, patterns }))
          // Whoever may ask but not listen is reachable all the same.
          if (heard._tag === "Failure" && heard.failure._tag !== "ReplyError") return
          stood = yield* monotonicMillis
          stand(shown, true)
          const context = yield* Effect.context<never>()
          Metrics.connectionsOf.sentinel.modifyUnsafe(1, context)
          yield* Effect.ensuring(
            connection.closed,
            Effect.sync(() => Metrics.connectionsOf.sentinel.modifyUnsafe(-1, context))
          )
        })
      )
      return Effect.forever(
        Effect.andThen(
          Effect.exit(once),
          Effect.gen(function*() {
            stand(shown, false)
            const now = yield* monotonicMillis
            if (stood !== undefined && now - stood > steadyMillis) pause = firstPause
            const wait = pause * (yield* Random.nextBetween(0.75, 1.25))
            pause = Math.min(pause * 1.5, longestPause)
            // What took its time to fail was pause enough.
            yield* Effect.sleep(Duration.millis(Math.max(1, Math.round(wait - spent))))
          })
        )
      )
    }

    const followAll = (): void => {
      if (listeners.size === 0) return
      for (const address of known) {
        const shown = Address.format(address)
        if (!FiberMap.hasUnsafe(followers, shown)) runFollower(shown, follow(address))
      }
    }

    const listen = (listener: Listener): Effect.Effect<void, never, Scope.Scope> =>
      Effect.acquireRelease(
        Effect.sync(() => {
          listeners.add(listener)
          followAll()
        }),
        () =>
          Effect.suspend(() => {
            listeners.delete(listener)
            if (listeners.size > 0) return Effect.void
            standing.clear()
            return FiberMap.clear(followers)
          })
      )

    const askReplicas = (group: string) =>
      race((connection) => connection.call(commands.replicas(group))).pipe(
        Effect.mapError((reports) => new ReplicaNotFound({ group, reason: reasonOf(reports) })),
        Effect.map(({ from, value }): Found<ReadonlyArray<Address.Address>> => ({
          from,
          epoch: configurations.get(group)?.epoch ?? 0,
          value: value.flatMap((replica) => {
            if (replica.isSubjectivelyDown || replica.isObjectivelyDown || replica.isDisconnected) return []
            const address = announced(replica.host, replica.port)
            return typeof address === "string" ? [] : [address]
          })
        }))
      )

    return {
      primary: yield* shared((group) => Effect.suspend(() => askPrimary(group))),
      confirmed: (group, address, epoch, from) =>
        Effect.map(monotonicMillis, (now) => {
          const best = configurations.get(group)
          if (best !== undefined && epoch < best.epoch) return
          configurations.set(group, { address, epoch, from, confirmedAt: now, disproved: false })
        }),
      disproved: (group, address) => {
        const best = configurations.get(group)
        if (best !== undefined && Address.equals(best.address, address)) best.disproved = true
      },
      replicas: yield* shared(askReplicas),
      survey,
      listen,
      sentinels: () => known,
      isReachable: (sentinel) => standing.get(sentinel),
      announced,
      prefer: (sentinel) => {
        const address = known.find((a) => Address.format(a) === sentinel)
        if (address !== undefined) toFront(address)
      },
      ask: (command) =>
        race((connection) =>
          Effect.catchTag(
            Effect.map(connection.call(command), Effect.succeed),
            ["ReplyError", "UnexpectedReply"],
            (error) => Effect.succeed(Effect.fail(error))
          )
        ).pipe(
          Effect.mapError((reports) => new SentinelsUnreachable({ reports })),
          Effect.flatMap((found) => found.value)
        )
    }
  })

/**
 * Lets concurrent callers with the same key share one run. It goes on while
 * any of them waits, and is interrupted with the last.
 */
const shared = <A, E>(
  f: (key: string) => Effect.Effect<A, E>
): Effect.Effect<(key: string) => Effect.Effect<A, E>, never, Scope.Scope> =>
  Effect.map(
    RcMap.make({ lookup: (key: string) => Effect.forkScoped(f(key), { startImmediately: true }) }),
    (runs) => (key) => Effect.scoped(Effect.flatMap(RcMap.get(runs, key), Fiber.join))
  )

const natOf = (natMap: NatMap | undefined): (address: Address.Tcp) => Address.Tcp | string => {
  if (natMap === undefined) return (address) => address
  if (typeof natMap === "function") {
    return (address) => {
      const mapped = natMap(address)
      if (mapped === undefined) return address
      const parsed = Address.parse(mapped, address.port)
      return typeof parsed === "string" ? `natMap gave ${parsed}` : parsed as Address.Tcp
    }
  }
  const table = new Map(Object.entries(natMap))
  return (address) => {
    const to = table.get(Address.format(address))
    if (to === undefined) return address
    const parsed = Address.parse(to, address.port)
    return typeof parsed === "string" ? parsed : parsed as Address.Tcp
  }
}

/**
 * A fixed primary and fixed replicas, in place of sentinels.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fixed = (
  primary: Address.Address,
  replicas: ReadonlyArray<Address.Address>,
  from: string
): Discovery => ({
  primary: () => Effect.succeed({ value: primary, from, epoch: 0 }),
  confirmed: () => Effect.void,
  disproved: () => {},
  replicas: () => Effect.succeed({ value: replicas, from, epoch: 0 }),
  survey: (_group, onView) =>
    Effect.sync(() =>
      onView({
        from,
        primary,
        epoch: 0,
        instance: undefined,
        replicas: replicas.map((address) => ({ address, instance: untold(address) }))
      })
    ),
  listen: () => Effect.void,
  sentinels: () => [],
  isReachable: () => undefined,
  announced: (host, port) => Address.parse({ host, port }, 0),
  prefer: () => {},
  ask: () => Effect.fail(new SentinelsUnreachable({ reports: [] }))
})

/** A replica of which nobody has said anything. */
const untold = (address: Address.Address): ReplicaInstance => ({
  label: Address.format(address),
  host: Address.isUnix(address) ? "" : address.host,
  port: Address.isUnix(address) ? 0 : address.port,
  runId: "",
  flags: new Set(["slave"]),
  isPrimary: false,
  isReplica: true,
  isSentinel: false,
  isSubjectivelyDown: false,
  isObjectivelyDown: false,
  isDisconnected: false,
  isFailoverInProgress: false,
  lastPingSent: 0,
  lastOkPingReply: 0,
  lastPingReply: 0,
  linkPendingCommands: 0,
  downAfter: undefined,
  fields: {},
  primaryHost: "",
  primaryPort: 0,
  isLinkUp: true,
  linkDownTime: 0,
  priority: 100,
  offset: 0,
  isAnnounced: true
})
