/**
 * Finds the primary and the replicas of a group through Redis Sentinel, and
 * gives clients whose connections follow them. Fulfils the official guidelines
 * for Sentinel clients
 * (https://redis.io/docs/latest/develop/reference/sentinel-clients/).
 *
 * What becomes of commands while connections move is `Executor.ts`'s business.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as RcMap from "effect/RcMap"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Address from "./Address.ts"
import * as Client from "./Client.ts"
import * as Command from "./Command.ts"
import { sentinel as commands } from "./commands/index.ts"
import * as Connection from "./Connection.ts"
import { Connector, type Dial } from "./Connector.ts"
import {
  type AuthenticationFailed,
  type ConnectionError,
  GroupUnknown,
  type InvalidOption,
  NodeUnusable,
  NoHealthyReplica,
  PrimaryNotFound,
  QuorumNotMet,
  ReplicaNotFound,
  type ReplyError,
  Report,
  SentinelsUnreachable,
  type UnexpectedReply
} from "./Errors.ts"
import * as Executor from "./Executor.ts"
import { Check } from "./internal/options.ts"

/**
 * How a client reaches the nodes of its group: the session, the pool, the
 * deadline of its commands.
 *
 * @since 0.1.0
 * @category models
 */
export interface NodeOptions extends Connection.SessionOptions, Executor.ExecutorOptions {}

/**
 * Options of a replica's client.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplicaOptions extends NodeOptions {
  /** Whether the primary is used when no replica can be. Default true. */
  readonly fallbackToPrimary?: boolean | undefined
}

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
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The sentinels to begin with; the port is 26379 unless given. The others of a group are found through them. */
  readonly sentinels: ReadonlyArray<Address.Input>
  /** For one question to one sentinel, dialling included. Default 500 milliseconds. */
  readonly timeout?: Duration.Input | undefined
  /** How long a sentinel is waited for before the next one is asked as well. Default 100 milliseconds. */
  readonly headStart?: Duration.Input | undefined
  /** The sessions with sentinels: they often have a user and a password of their own. */
  readonly sentinel?: Omit<Connection.SessionOptions, "database" | "connectTimeout"> | undefined
  /** The sessions with the primary and the replicas, where a client does not say otherwise. */
  readonly node?: NodeOptions | undefined
  /** A sentinel that knows fewer others than this is not believed. Default 0. */
  readonly minOtherSentinels?: number | undefined
  readonly natMap?: NatMap | undefined
  /**
   * How discovery is tried again, with a fresh look at every address each time.
   * It receives the error. Default: from 20 milliseconds on, growing to 100,
   * jittered, for 30 seconds. An error that cannot pass ends it at once.
   */
  readonly schedule?: Schedule.Schedule<unknown, ConnectionError> | undefined
}

/**
 * Finds nodes and makes clients.
 *
 * @since 0.1.0
 * @category models
 */
export interface Shape {
  /**
   * The address of a group's primary, as the first sentinel to answer gives
   * it. A short connection to it makes sure that it is one (`verify: false`
   * leaves that out). Tried again by the schedule. Concurrent callers share
   * the questions to the sentinels.
   */
  readonly discoverPrimary: (
    group: string,
    options?: { readonly verify?: boolean | undefined } | undefined
  ) => Effect.Effect<Address.Address, ConnectionError>

  /** The addresses of a group's replicas; those that are down or disconnected are left out. */
  readonly discoverReplicas: (group: string) => Effect.Effect<ReadonlyArray<Address.Address>, ReplicaNotFound>

  /**
   * A client of a group's primary, until the Scope closes. It connects when the
   * first command needs it, and asks the sentinels before each connection.
   */
  readonly primaryFor: (
    group: string,
    options?: NodeOptions | undefined
  ) => Effect.Effect<Client.PrimaryClient, InvalidOption, Scope.Scope>

  /** A client of one of a group's replicas, until the Scope closes. */
  readonly replicaFor: (
    group: string,
    options?: ReplicaOptions | undefined
  ) => Effect.Effect<Client.ReplicaClient, InvalidOption, Scope.Scope>

  /** The sentinels known so far, the one that answered last in front. */
  readonly sentinels: Effect.Effect<ReadonlyArray<Address.Address>>

  /**
   * Runs a command on the sentinels, in their order with a head start each,
   * until one answers. An error reply is an answer too: it fails with it. Only
   * for questions: a command that changes a sentinel may reach several.
   */
  readonly ask: <A>(
    command: Command.Command<A, "read", any>
  ) => Effect.Effect<A, SentinelsUnreachable | ReplyError | UnexpectedReply>
}

/**
 * The service that finds primaries and replicas.
 *
 * **Example** (The address of a primary)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Sentinel } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const sentinel = yield* Sentinel.Sentinel
 *   return yield* sentinel.discoverPrimary("mymaster")
 * }).pipe(
 *   Effect.provide(Sentinel.layer({ sentinels: ["localhost:26379"], timeout: "100 millis" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class Sentinel extends Context.Service<Sentinel, Shape>()("effect-redis-sentinel/Sentinel") {}

const defaultTimeout = Duration.millis(500)
const defaultHeadStart = Duration.millis(100)
/** After how long without a word from a sentinel that knows the newest configuration an older one is believed. */
const forgetAfter = 10_000
/** So that a lying sentinel cannot grow the list without bound. */
const maxSentinels = 64

/**
 * The discovery schedule where none is given.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultSchedule: Schedule.Schedule<unknown, ConnectionError> = Schedule.min([
  Schedule.exponential("20 millis", 1.5),
  Schedule.spaced("100 millis")
]).pipe(Schedule.jittered, Schedule.upTo({ duration: "30 seconds" }))

// -----------------------------------------------------------------------------
// Asking in a race
// -----------------------------------------------------------------------------

/**
 * Tries in order, each with a head start before the next: the first success
 * wins and the others are interrupted. One that fails lets the next one start
 * at once. Fails with every failure, in order.
 */
const hedged = <A, E, R>(
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

/** What one round of questions gave. */
interface Found<A> {
  readonly value: A
  /** Who said so. */
  readonly from: string
}

/** Where the addresses of groups come from: sentinels, or a fixed list. */
interface Source {
  readonly primary: (group: string) => Effect.Effect<Found<Address.Address>, PrimaryNotFound>
  /** A primary that it gave is none, or cannot be reached. */
  readonly disproved: (group: string, address: Address.Address) => void
  readonly replicas: (group: string) => Effect.Effect<Found<ReadonlyArray<Address.Address>>, ReplicaNotFound>
  readonly sentinels: Effect.Effect<ReadonlyArray<Address.Address>>
  readonly ask: Shape["ask"]
}

/** What a failed session with a sentinel says of it. */
const reportOf = (
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

const sentinelSource = (
  options: Options,
  configured: ReadonlyArray<Address.Address>
): Effect.Effect<Source, never, Scope.Scope> =>
  Effect.gen(function*() {
    const timeout = Duration.fromInputUnsafe(options.timeout ?? defaultTimeout)
    const headStart = Duration.fromInputUnsafe(options.headStart ?? defaultHeadStart)
    const minOthers = options.minOtherSentinels ?? 0
    const nat = natOf(options.natMap)
    let known: ReadonlyArray<Address.Address> = configured

    const sessions = yield* RcMap.make({
      lookup: (shown: string) => {
        const address = known.find((a) => Address.format(a) === shown)!
        return Connection.open(address, { ...options.sentinel, connectTimeout: timeout })
      },
      idleTimeToLive: "30 seconds"
    })

    /** One question to one sentinel, on a session that is kept for the next. */
    const question = <A>(
      address: Address.Address,
      f: (
        connection: Connection.Connection
      ) => Effect.Effect<A, Report | Connection.EndError | ReplyError | UnexpectedReply>
    ): Effect.Effect<A, Report> => {
      const shown = Address.format(address)
      const once: Effect.Effect<A, Report> = Effect.scoped(
        Effect.flatMap(RcMap.get(sessions, shown), (connection) =>
          connection.ended === undefined
            ? f(connection)
            // It was closed since the last question: that says nothing of now.
            : Effect.andThen(RcMap.invalidate(sessions, shown), Effect.suspend(() => once)))
      ).pipe(
        Effect.mapError((error) => error instanceof Report ? error : reportOf(shown, error))
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
          // What failed to open is not kept either.
          report.kind === "unreachable" || report.kind === "not-a-sentinel" || report.kind === "denied"
            ? RcMap.invalidate(sessions, shown)
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
              (value) => ({ value, from: shown, address })
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
      if (list.length !== known.length) known = list
    }

    /** The newest configuration of each group that was heard of. */
    const configurations = new Map<string, {
      readonly address: Address.Address
      readonly epoch: number
      readonly from: string
      readonly confirmedAt: number
      disproved: boolean
    }>()

    interface Answer {
      readonly address: Address.Address
      readonly epoch: number
      readonly from: string
      readonly others: ReadonlyArray<{ readonly host: string; readonly port: number }>
    }

    /** Takes an answer for the newest configuration. */
    const adopt = (group: string, { address, epoch, from, others }: Answer, now: number): Found<Address.Address> => {
      learn(others)
      configurations.set(group, { address, epoch, from, confirmedAt: now, disproved: false })
      return { value: address, from }
    }

    const askPrimary = (group: string): Effect.Effect<Found<Address.Address>, PrimaryNotFound> => {
      const outdated: Array<Answer> = []
      return race((connection, shown) =>
        Effect.gen(function*() {
          const [addr, state, others] = yield* Effect.all([
            connection.call(commands.getPrimaryAddr(group)),
            Effect.result(connection.call(commands.primary(group))),
            Effect.result(connection.call(commands.sentinels(group)))
          ], { concurrency: "unbounded" })
          if (addr === null) {
            return yield* Effect.fail(
              new Report({ address: shown, kind: "unknown-group", detail: `it does not know the group "${group}"` })
            )
          }
          const address = announced(addr.host, addr.port)
          if (typeof address === "string") {
            return yield* Effect.fail(
              new Report({ address: shown, kind: "bad-answer", detail: `it announces a malformed address: ${address}` })
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
          const answer: Answer = {
            address,
            epoch,
            from: shown,
            others: others._tag === "Success" ? others.success : []
          }
          const best = configurations.get(group)
          if (best !== undefined && epoch < best.epoch && !Address.equals(address, best.address)) {
            outdated.push(answer)
            return yield* Effect.fail(
              new Report({
                address: shown,
                kind: "outdated",
                detail: `it knows configuration epoch ${epoch} of the group, another sentinel knew ${best.epoch}`
              })
            )
          }
          return answer
        })
      ).pipe(
        Effect.matchEffect({
          onSuccess: ({ value }) => Effect.map(Clock.currentTimeMillis, (now) => adopt(group, value, now)),
          // The newest configuration wins, until nobody who knows it has been
          // heard for a while, or it turned out to be wrong.
          onFailure: (reports) =>
            Effect.flatMap(Clock.currentTimeMillis, (now) => {
              const best = configurations.get(group)
              const newest = outdated.toSorted((a, b) => b.epoch - a.epoch)[0]
              if (best === undefined || newest === undefined) {
                return Effect.fail(new PrimaryNotFound({ group, reason: reasonOf(reports) }))
              }
              return Effect.succeed(
                !best.disproved && now - best.confirmedAt < forgetAfter
                  ? { value: best.address, from: best.from }
                  : adopt(group, newest, now)
              )
            })
        })
      )
    }

    const askReplicas = (group: string) =>
      race((connection) => connection.call(commands.replicas(group))).pipe(
        Effect.mapError((reports) => new ReplicaNotFound({ group, reason: reasonOf(reports) })),
        Effect.map(({ from, value }): Found<ReadonlyArray<Address.Address>> => ({
          from,
          value: value.flatMap((replica) => {
            if (replica.isSubjectivelyDown || replica.isObjectivelyDown || replica.isDisconnected) return []
            const address = announced(replica.host, replica.port)
            return typeof address === "string" ? [] : [address]
          })
        }))
      )

    return {
      primary: yield* shared((group) => Effect.suspend(() => askPrimary(group))),
      disproved: (group, address) => {
        const best = configurations.get(group)
        if (best !== undefined && Address.equals(best.address, address)) best.disproved = true
      },
      replicas: yield* shared(askReplicas),
      sentinels: Effect.sync(() => known),
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

// -----------------------------------------------------------------------------
// Targets
// -----------------------------------------------------------------------------

/** After how long a connection attempt asks again whether the group has moved meanwhile. */
const secondThoughts = Duration.millis(250)
const secondThoughtsInterval = Duration.millis(100)

const unusable = (
  address: string,
  error: Connection.OpenError,
  from: string
): AuthenticationFailed | NodeUnusable => {
  if (error._tag === "AuthenticationFailed") return error
  const report = reportOf(address, error)
  return new NodeUnusable({
    reports: [
      new Report({ address, kind: report.kind, detail: `announced by ${from}: ${report.detail}`, cause: error })
    ]
  })
}

const primaryTarget = (
  source: Source,
  group: string,
  node: NodeOptions,
  schedule: Schedule.Schedule<unknown, ConnectionError>
): Executor.Target => {
  // A dead primary may take the whole connect timeout to say nothing. If the
  // sentinels name another one meanwhile, there is no point in waiting.
  const moved = (address: Address.Address): Effect.Effect<never, PrimaryNotFound> =>
    Effect.gen(function*() {
      yield* Effect.sleep(secondThoughts)
      while (true) {
        const now = yield* Effect.option(source.primary(group))
        if (now._tag === "Some" && !Address.equals(now.value.value, address)) {
          const report = new Report({
            address: Address.format(address),
            kind: "unreachable",
            detail: `it did not answer, and the group has moved to ${Address.format(now.value.value)}`
          })
          return yield* new PrimaryNotFound({ group, reason: new NodeUnusable({ reports: [report] }) })
        }
        yield* Effect.sleep(secondThoughtsInterval)
      }
    })

  const open = Effect.flatMap(source.primary(group), (found) =>
    Effect.raceFirst(
      Effect.mapError(Connection.open(found.value, node, "primary"), (error): ConnectionError => {
        const reason = unusable(Address.format(found.value), error, found.from)
        return reason._tag === "AuthenticationFailed" ? reason : new PrimaryNotFound({ group, reason })
      }),
      moved(found.value)
    ))
  return {
    shown: group,
    movable: true,
    schedule,
    open,
    // Guidelines: each new connection asks the sentinels first.
    openBeside: () => open,
    openAt: (like) => Connection.open(like.address, node, "primary")
  }
}

/** How long a replica is waited for before the next one is tried as well. */
const replicaHeadStart = Duration.millis(250)

const replicaTarget = (
  source: Source,
  group: string,
  options: ReplicaOptions,
  schedule: Schedule.Schedule<unknown, ConnectionError>
): Executor.Target => {
  const primary = primaryTarget(source, group, options, schedule)
  const fallback = options.fallbackToPrimary ?? true
  // Clients begin at different replicas; one client begins after the one that it had.
  let turn: number | undefined

  const walk = (
    found: Found<ReadonlyArray<Address.Address>>
  ): Effect.Effect<Connection.Connection, ConnectionError, Scope.Scope> =>
    Effect.gen(function*() {
      const scope = yield* Effect.scope
      const n = found.value.length
      const start = turn ?? (yield* Random.nextIntBetween(0, 1024))
      turn = start + 1
      const order = found.value.map((_, i) => found.value[(start + i) % n]!)
      return yield* hedged(
        order.map((address) =>
          Effect.suspend(() => {
            // The losers of the race are closed with their own scopes.
            const own = Scope.forkUnsafe(scope)
            return Connection.open(address, options, "replica").pipe(
              Scope.provide(own),
              Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit)),
              Effect.mapError((error) => [address, error] as const)
            )
          })
        ),
        replicaHeadStart
      ).pipe(
        Effect.mapError((failures): ConnectionError => {
          const denied = failures.find(([, error]) => error._tag === "AuthenticationFailed")
          if (
            denied !== undefined && failures.every(([, error]) => error._tag === "AuthenticationFailed")
          ) return denied[1]
          const reports = failures.flatMap(([address, error]) => {
            const reason = unusable(Address.format(address), error, found.from)
            return reason._tag === "NodeUnusable"
              ? reason.reports
              : [reportOf(Address.format(address), error)]
          })
          return new ReplicaNotFound({
            group,
            reason: reports.length === 0 ? new NoHealthyReplica({ reports }) : new NodeUnusable({ reports })
          })
        })
      )
    })

  const replicas = Effect.flatMap(source.replicas(group), walk)
  const open = fallback
    // What the sentinels themselves could not answer, they cannot answer for the primary.
    ? Effect.catchIf(
      replicas,
      lacksReplica,
      (error) => Effect.mapError(primary.open, (worse) => worse._tag === "AuthenticationFailed" ? worse : error)
    )
    : replicas
  const openAt = (like: Connection.Connection) => Connection.open(like.address, options, like.role)
  return {
    shown: group,
    movable: true,
    schedule,
    open,
    // Another replica would do as well, but a client's connections go to one of them.
    openBeside: (like) => Effect.catch(openAt(like), () => open),
    better: fallback ? { open: replicas, isMakeshift: (connection) => connection.role === "primary" } : undefined,
    openAt
  }
}

const lacksReplica = (error: ConnectionError): boolean =>
  error._tag === "ReplicaNotFound" &&
  (error.reason._tag === "NoHealthyReplica" || error.reason._tag === "NodeUnusable")

// -----------------------------------------------------------------------------
// The service
// -----------------------------------------------------------------------------

const fromSource = (
  source: Source,
  node: NodeOptions,
  schedule: Schedule.Schedule<unknown, ConnectionError>,
  dial: Dial
): Shape => {
  /** Whoever uses the service dials as it was told to when it was made. */
  const dialling = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.provideService(effect, Connector, dial)
  const retried = <A, E extends ConnectionError>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.retry(effect, { schedule: schedule as Schedule.Schedule<unknown, E>, while: (error) => error.isRetryable })

  const checked = (group: string, options: NodeOptions): Effect.Effect<void, InvalidOption> => {
    const check = new Check()
    check.text(
      "group",
      group,
      /^[A-Za-z0-9._-]+$/,
      "a group's name has letters, digits, dots, dashes and underscores only"
    )
    check.session("", options)
    check.executor("", options)
    return check.result
  }

  return Sentinel.of({
    discoverPrimary: (group, options) =>
      dialling(retried(
        options?.verify === false
          ? Effect.map(source.primary(group), (found): Address.Address => found.value)
          : Effect.scoped(
            Effect.map(primaryTarget(source, group, node, schedule).open, (connection) => connection.address)
          )
      )),
    discoverReplicas: (group) => retried(Effect.map(source.replicas(group), (found) => found.value)),
    primaryFor: (group, options) => {
      const merged = { ...node, ...options }
      return dialling(Effect.andThen(
        checked(group, merged),
        Effect.map(Executor.make(primaryTarget(source, group, merged, schedule), merged), Client.makePrimary)
      ))
    },
    replicaFor: (group, options) => {
      const merged = { ...node, ...options }
      return dialling(Effect.andThen(
        checked(group, merged),
        Effect.map(Executor.make(replicaTarget(source, group, merged, schedule), merged), Client.makeReplica)
      ))
    },
    sentinels: source.sentinels,
    ask: source.ask
  })
}

const checkNode = (check: Check, node: NodeOptions): void => {
  check.session("node", node)
  check.executor("node", node)
}

/**
 * A Sentinel service, until the Scope closes. Nothing is dialled before it is
 * asked for something. Fails with `InvalidOption` for options that cannot work.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Shape, InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const check = new Check()
    const sentinels: Array<Address.Address> = []
    if (!Array.isArray(options.sentinels) || options.sentinels.length === 0) {
      check.fail("sentinels", "at least one sentinel is needed")
    } else {
      options.sentinels.forEach((input, i) => {
        const address = check.address(`sentinels[${i}]`, input, 26379)
        if (address !== undefined && !sentinels.some((a) => Address.equals(a, address))) sentinels.push(address)
      })
    }
    check.duration("timeout", options.timeout)
    check.duration("headStart", options.headStart)
    check.integer("minOtherSentinels", options.minOtherSentinels, 0, 1000)
    check.session("sentinel", options.sentinel ?? {})
    checkNode(check, options.node ?? {})
    if (typeof options.natMap === "object" && options.natMap !== null) {
      for (const [from, to] of Object.entries(options.natMap)) {
        check.address(`natMap[${JSON.stringify(from)}]`, from, 6379)
        check.address(`natMap[${JSON.stringify(from)}]`, to, 6379)
      }
    }
    yield* check.result
    const source = yield* sentinelSource(options, sentinels)
    return fromSource(source, options.node ?? {}, options.schedule ?? defaultSchedule, yield* Connector)
  })

/**
 * The Sentinel service.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Sentinel, InvalidOption> => Layer.effect(Sentinel, make(options))

/**
 * The Sentinel service, from a Config of its options.
 *
 * **Example** (From the environment)
 *
 * ```ts
 * import { Config } from "effect"
 * import { Sentinel } from "effect-redis-sentinel"
 *
 * export const live = Sentinel.layerConfig({
 *   sentinels: Config.map(Config.String("SENTINELS"), (list) => list.split(",")),
 *   node: { password: Config.Redacted("REDIS_PASSWORD") }
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<Sentinel, InvalidOption | Config.ConfigError> =>
  Layer.effect(Sentinel, Effect.flatMap(Config.unwrap(options), make))

/**
 * Options of `layerStatic`.
 *
 * @since 0.1.0
 * @category models
 */
export interface StaticOptions {
  /** The primary's address; the port is 6379 unless given. */
  readonly primary: Address.Input
  /** The replicas' addresses. Default none. */
  readonly replicas?: ReadonlyArray<Address.Input> | undefined
  readonly node?: NodeOptions | undefined
  readonly schedule?: Schedule.Schedule<unknown, ConnectionError> | undefined
}

/**
 * A service with a fixed primary and replicas, for places without sentinels.
 * Every group has the same nodes. Their roles are verified all the same.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeStatic = (options: StaticOptions): Effect.Effect<Shape, InvalidOption> =>
  Effect.gen(function*() {
    const check = new Check()
    const primary = check.address("primary", options.primary, 6379)
    const replicas = (options.replicas ?? []).map((input, i) => check.address(`replicas[${i}]`, input, 6379))
    checkNode(check, options.node ?? {})
    yield* check.result
    const from = "the options"
    const source: Source = {
      primary: () => Effect.succeed({ value: primary!, from }),
      disproved: () => {},
      replicas: () => Effect.succeed({ value: replicas as ReadonlyArray<Address.Address>, from }),
      sentinels: Effect.succeed([]),
      ask: () => Effect.fail(new SentinelsUnreachable({ reports: [] }))
    }
    return fromSource(source, options.node ?? {}, options.schedule ?? defaultSchedule, yield* Connector)
  })

/**
 * The Sentinel service with a fixed primary and replicas.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStatic = (options: StaticOptions): Layer.Layer<Sentinel, InvalidOption> =>
  Layer.effect(Sentinel, makeStatic(options))
