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
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as RcMap from "effect/RcMap"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Address from "./Address.ts"
import * as Client from "./Client.ts"
import * as Command from "./Command.ts"
import * as Connection from "./Connection.ts"
import { Connector } from "./Connector.ts"
import * as Discovery from "./Discovery.ts"
import {
  type AuthenticationFailed,
  ClientClosed,
  type ConnectionError,
  InvalidCommand,
  InvalidOption,
  NodeUnusable,
  NoHealthyReplica,
  PrimaryNotFound,
  ReplicaNotFound,
  type ReplyError,
  Report,
  RoleMismatch,
  SentinelsUnreachable,
  type UnexpectedReply
} from "./Errors.ts"
import * as Executor from "./Executor.ts"
import { inOrder } from "./internal/listing.ts"
import { Check, unwrapped } from "./internal/options.ts"
import { monotonicMillis, steady } from "./internal/time.ts"
import { kindOf } from "./internal/values.ts"
import * as ReplicaSet from "./ReplicaSet.ts"
import * as Topology from "./Topology.ts"

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
export interface ReplicaOptions extends NodeOptions, ReplicaSet.Options {}

/**
 * From an address that the sentinels announce to one that can be dialled from here.
 *
 * @since 0.1.0
 * @category models
 */
export type NatMap = Discovery.NatMap

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Discovery.Options, Topology.Options {
  /** The sentinels to begin with; the port is 26379 unless given. The others of a group are found through them. */
  readonly sentinels: ReadonlyArray<Address.Input>
  /** The sessions with the primary and the replicas, where a client does not say otherwise. */
  readonly node?: NodeOptions | undefined
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
  ) => Effect.Effect<Address.Address, ConnectionError | InvalidOption>

  /** The addresses of a group's replicas; those that are down or disconnected are left out. */
  readonly discoverReplicas: (
    group: string
  ) => Effect.Effect<ReadonlyArray<Address.Address>, ReplicaNotFound | InvalidOption>

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

  /**
   * What is known of a group, now and from now on, until the Scope closes. It is
   * fed by what every known sentinel publishes and answers.
   */
  readonly topology: (group: string) => Effect.Effect<Topology.Topology, InvalidOption, Scope.Scope>

  /** The sentinels known so far, the one that answered last in front. */
  readonly sentinels: Effect.Effect<ReadonlyArray<Address.Address>>

  /**
   * Runs a command on the sentinels, in their order with a head start each,
   * until one answers. An error reply is an answer too: it fails with it. Only
   * for questions: a command that changes something, changes the session or
   * waits at the server fails with `InvalidCommand`, and is not sent.
   */
  readonly ask: <A>(
    command: Command.Command<A, "read", any>
  ) => Effect.Effect<A, SentinelsUnreachable | ReplyError | UnexpectedReply | InvalidCommand>
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
// Targets
// -----------------------------------------------------------------------------

/** After how long a connection attempt asks again whether the group has moved meanwhile. */
const secondThoughts = Duration.millis(250)
const secondThoughtsInterval = Duration.millis(100)
/** Every so many times all sentinels are asked, not only the first to answer. */
const secondThoughtsOfAll = 5
/** So many nodes are tried at most before it is all begun anew. */
const maxTried = 4

const unusable = (
  address: string,
  error: Connection.OpenError,
  from: string
): AuthenticationFailed | NodeUnusable => {
  if (error._tag === "AuthenticationFailed") return error
  const report = Discovery.reportOf(address, error)
  return new NodeUnusable({
    reports: [
      new Report({ address, kind: report.kind, detail: `announced by ${from}: ${report.detail}`, cause: error })
    ]
  })
}

/** A group's primary as a client finds it: where it is said to be, and what becomes of the saying. */
interface Finding {
  readonly locate: Effect.Effect<Discovery.Found<Address.Address>, PrimaryNotFound>
  /** Where it is by the word of all sentinels, if it is at none of these. */
  readonly otherwise: (
    disowned: ReadonlySet<string>,
    unreachable: ReadonlySet<string>
  ) => Effect.Effect<Discovery.Found<Address.Address> | undefined>
  /** It is no primary. */
  readonly disproved: (address: Address.Address) => void
  /** A connection to it went to that place. */
  readonly observed: (address: Address.Address, remote: string | undefined) => void
  /** It cannot be dialled. */
  readonly unreachable: (address: Address.Address) => void
  /** It is one. Where the group is instead, if it has moved on meanwhile. */
  readonly verified: (found: Discovery.Found<Address.Address>) => Address.Address | undefined
}

const openPrimary = (
  finding: Finding,
  group: string,
  node: NodeOptions
): Effect.Effect<Connection.Connection, ConnectionError, Scope.Scope> => {
  const outdated = (address: Address.Address, now: Address.Address): PrimaryNotFound =>
    new PrimaryNotFound({
      group,
      reason: new NodeUnusable({
        reports: [
          new Report({
            address: Address.format(address),
            kind: "outdated",
            detail: `the group has moved to ${Address.format(now)}`
          })
        ]
      })
    })

  /** Those that have said that they are no primary, and those that cannot be reached. */
  const disowned = new Set<string>()
  const unreachable = new Set<string>()

  // A dead primary may take the whole connect timeout to say nothing. If the
  // sentinels name another one meanwhile, there is no point in waiting.
  const moved = (address: Address.Address): Effect.Effect<never, PrimaryNotFound> =>
    Effect.gen(function*() {
      yield* Effect.sleep(secondThoughts)
      for (let i = 0;; i++) {
        const now = i % secondThoughtsOfAll === 0
          ? yield* finding.otherwise(disowned, unreachable)
          : Option.getOrUndefined(yield* Effect.option(finding.locate))
        if (now !== undefined && !Address.equals(now.value, address) && !disowned.has(Address.format(now.value))) {
          return yield* outdated(address, now.value)
        }
        yield* Effect.sleep(secondThoughtsInterval)
      }
    })

  const openAt = (
    found: Discovery.Found<Address.Address>
  ): Effect.Effect<Connection.Connection, ConnectionError, Scope.Scope> =>
    Effect.raceFirst(
      Connection.open(found.value, node, "primary").pipe(
        Effect.tapError((error) =>
          Effect.sync(() => {
            if (error._tag === "RoleMismatch") {
              disowned.add(Address.format(found.value))
              finding.disproved(found.value)
            } else {
              unreachable.add(Address.format(found.value))
              if (error._tag === "ConnectFailed") finding.unreachable(found.value)
            }
          })
        ),
        Effect.mapError((error): ConnectionError => {
          const reason = unusable(Address.format(found.value), error, found.from)
          return reason._tag === "AuthenticationFailed" ? reason : new PrimaryNotFound({ group, reason })
        }),
        Effect.flatMap((connection) => {
          connection.epoch = found.epoch
          finding.observed(found.value, connection.remote)
          const now = finding.verified(found)
          return now === undefined ? Effect.succeed(connection) : Effect.fail(outdated(found.value, now))
        })
      ),
      moved(found.value)
    )

  // Guidelines: what one sentinel named and is no primary, the next one may know better.
  const attempt = (
    found: Discovery.Found<Address.Address>,
    tried: number
  ): Effect.Effect<Connection.Connection, ConnectionError, Scope.Scope> =>
    Effect.flatMap(Effect.scope, (scope) => {
      const own = Scope.forkUnsafe(scope)
      return openAt(found).pipe(
        Scope.provide(own),
        Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit)),
        Effect.catch((error) =>
          error._tag === "AuthenticationFailed" || tried >= maxTried
            ? Effect.fail(error)
            : Effect.flatMap(
              finding.otherwise(disowned, unreachable),
              (next) => next === undefined ? Effect.fail(error) : attempt(next, tried + 1)
            )
        )
      )
    })

  return Effect.flatMap(finding.locate, (found) => attempt(found, 1))
}

const primaryTarget = (
  follower: Topology.Follower,
  group: string,
  node: NodeOptions,
  schedule: Schedule.Schedule<unknown, ConnectionError>
): Executor.Target => {
  const open = openPrimary(
    {
      locate: follower.locate,
      otherwise: (disowned, unreachable) => follower.otherwise(disowned, unreachable),
      disproved: (address) => follower.disproved(address),
      observed: (address, remote) => follower.observed(address, remote),
      unreachable: (address) => follower.unreachable(address),
      verified: (found) => follower.verified(found) ? undefined : follower.present.primary
    },
    group,
    node
  )
  return {
    shown: group,
    movable: true,
    schedule,
    open,
    // Guidelines: each new connection asks the sentinels first.
    openBeside: () => open,
    openAt: (like) => openLike(like, node, "primary"),
    epoch: () => follower.present.epoch,
    watch: (watcher) => follower.watch(watcher),
    doubted: () => follower.look(),
    acknowledged: () => follower.acknowledged()
  }
}

/** One more session with a node, in the epoch of the one that there is. */
const openLike = (
  like: Connection.Connection,
  node: NodeOptions,
  role: "primary" | "replica" | undefined
): Effect.Effect<Connection.Connection, Connection.OpenError, Scope.Scope> =>
  Effect.map(Connection.open(like.address, node, role), (connection) => {
    connection.epoch = like.epoch
    return connection
  })

/** How long a replica is waited for before the next one is tried as well. */
const replicaHeadStart = Duration.millis(250)

/** How long a new primary is waited for before a replica is tried as well, that may not follow it yet. */
const movedHeadStart = Duration.millis(50)

/** How long a replica that was late with an answer is not chosen again, in milliseconds. */
const lateRestMillis = 1000

const replicaTarget = (
  follower: Topology.Follower,
  group: string,
  options: ReplicaOptions,
  schedule: Schedule.Schedule<unknown, ConnectionError>
): Executor.Target => {
  const primary = primaryTarget(follower, group, options, schedule)
  const fallback = options.fallbackToPrimary ?? true
  // Clients begin at different replicas; one client begins after the one that it had.
  let turn: number | undefined
  /** Those that were late, and when, in monotonic time. */
  const late = new Map<string, number>()

  type Opening = Effect.Effect<Connection.Connection, ConnectionError, Scope.Scope>

  const walk = (candidates: ReadonlyArray<Topology.ReplicaCandidate>, isStrict: boolean): Opening =>
    Effect.gen(function*() {
      const start = turn ?? (yield* Random.nextIntBetween(0, 1024))
      turn = start + 1
      const now = yield* monotonicMillis
      for (const [shown, at] of late) if (now - at > lateRestMillis) late.delete(shown)
      const order = inOrder(candidates.filter(({ address }) => !late.has(Address.format(address))), start)
      return yield* raced(
        order.map((candidate) =>
          Effect.mapError(
            openReplica(follower, candidate, options, isStrict),
            (error) => [candidate.address, error] as const
          )
        ),
        replicaHeadStart
      ).pipe(
        Effect.mapError((failures): ConnectionError => {
          const denied = failures.find(([, error]) => error._tag === "AuthenticationFailed")
          if (
            denied !== undefined && failures.every(([, error]) => error._tag === "AuthenticationFailed")
          ) return denied[1]
          const reports = failures.flatMap(([address, error]) => {
            const reason = unusable(Address.format(address), error, "the sentinels")
            return reason._tag === "NodeUnusable"
              ? reason.reports
              : [Discovery.reportOf(Address.format(address), error)]
          })
          return new ReplicaNotFound({
            group,
            reason: reports.length === 0 ? new NoHealthyReplica({ reports }) : new NodeUnusable({ reports })
          })
        })
      )
    })

  const replicas = (isStrict: boolean): Opening =>
    Effect.flatMap(follower.locateReplicas, (candidates) => walk(candidates, isStrict))

  const worst = (failures: ReadonlyArray<ConnectionError>, otherwise: ConnectionError): ConnectionError =>
    failures.find((error) => error._tag === "AuthenticationFailed") ?? otherwise

  /**
   * A replica that follows the primary; else the primary; else a replica that
   * has data at least. Right after a move the primary comes first: the replicas
   * may not have been told of it yet.
   */
  const either: Opening = Effect.suspend(() =>
    follower.isMoving
      ? Effect.mapError(
        raced([primary.open, replicas(true), Effect.delay(replicas(false), replicaHeadStart)], movedHeadStart),
        (failures) => worst(failures, failures[1] ?? failures[0]!)
      )
      : Effect.catchIf(
        replicas(true),
        // What the sentinels themselves could not answer, they cannot answer for the primary.
        lacksReplica,
        (error) =>
          Effect.mapError(
            raced([primary.open, replicas(false)], replicaHeadStart),
            (failures) => worst(failures, error)
          )
      )
  )
  const open: Opening = fallback === true
    ? either
    : fallback === false
    ? replicas(false)
    : Effect.catchIf(
      replicas(false),
      lacksReplica,
      (error) => Effect.mapError(primary.open, (worse) => worst([worse], error))
    )
  const openAt = (like: Connection.Connection) => openLike(like, options, like.role)
  const isPrimary = (address: Address.Address): boolean => {
    const now = follower.present.primary
    return now !== undefined && Address.equals(now, address)
  }
  return {
    shown: group,
    movable: true,
    schedule,
    open,
    // Another replica would do as well, but a client's connections go to one of them.
    openBeside: (like) => Effect.catch(openAt(like), () => open),
    better: fallback === false ? undefined : {
      open: replicas(fallback === true),
      isMakeshift: (connection) => connection.role === "primary" || isPrimary(connection.address)
    },
    elsewhere: (address) =>
      Effect.suspend(() => {
        follower.look()
        return Effect.flatMap(monotonicMillis, (now) => {
          late.set(Address.format(address), now)
          return fallback === true
            ? Effect.catchIf(
              replicas(true),
              lacksReplica,
              (error) =>
                Effect.mapError(raced([replicas(false), primary.open], replicaHeadStart), (all) => worst(all, error))
            )
            : replicas(false)
        })
      }),
    openAt,
    epoch: () => follower.present.epoch,
    isAstray: (source) => follower.isAstray(source),
    watch: (watcher) =>
      follower.watch({
        // What is written through it by a makeshift, the primary itself, waits too.
        gate: (gate, age) => watcher.gate(gate, age),
        distance: (millis) => watcher.distance(millis),
        moved: (address, epoch) => {
          const why = `${group} has another primary, ${Address.format(address)}, since epoch ${epoch}`
          // The replica that became the primary serves on, where a primary may, until others follow it.
          if (fallback === false) watcher.left(address, why)
          watcher.reconsider(address, fallback === true)
        },
        dropped: (address, why) => watcher.left(address, why),
        changed: (state) => {
          for (const replica of state.replicas) {
            if (!replica.isHealthy) watcher.suspected(replica.address)
          }
        }
      })
  }
}

/** `Discovery.hedged` for what opens connections: the losers of the race are closed with their own scopes. */
const raced = <E>(
  attempts: ReadonlyArray<Effect.Effect<Connection.Connection, E, Scope.Scope>>,
  headStart: Duration.Duration
): Effect.Effect<Connection.Connection, ReadonlyArray<E>, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (scope) =>
    Discovery.hedged(
      attempts.map((attempt) =>
        Effect.suspend(() => {
          const own = Scope.forkUnsafe(scope)
          return attempt.pipe(
            Scope.provide(own),
            Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit))
          )
        })
      ),
      headStart
    ))

/** A session with a replica that has data; `isStrict`, with one that has it from the primary. */
const openReplica = (
  follower: Topology.Follower,
  { address, offset }: { readonly address: Address.Address; readonly offset: number },
  node: NodeOptions,
  isStrict: boolean
): Effect.Effect<Connection.Connection, Connection.OpenError, Scope.Scope> =>
  Effect.flatMap(Connection.open(address, node, "replica"), (connection) => {
    connection.epoch = follower.present.epoch
    const { source } = connection
    const mismatch = (actual: string): Effect.Effect<never, RoleMismatch> =>
      Effect.fail(new RoleMismatch({ address: Address.format(address), expected: "replica", actual }))
    // Where the node does not say whether it has data, the sentinels have asked it.
    if (source?.hasData === undefined && source !== undefined && (offset === 0 || offset === 1)) {
      return mismatch("replica without data (by the sentinels' word)")
    }
    if (isStrict && source !== undefined && !follower.follows(source)) {
      return mismatch(
        source.isLinked ? `replica of ${source.host}:${source.port}` : "replica without a link to its primary"
      )
    }
    return Effect.succeed(connection)
  })

const lacksReplica = (error: ConnectionError): boolean =>
  error._tag === "ReplicaNotFound" &&
  (error.reason._tag === "NoHealthyReplica" || error.reason._tag === "NodeUnusable")

// -----------------------------------------------------------------------------
// The service
// -----------------------------------------------------------------------------

const fromDiscovery = (
  discovery: Discovery.Discovery,
  options: Topology.Options & { readonly node?: NodeOptions | undefined },
  schedule: Schedule.Schedule<unknown, ConnectionError>
): Effect.Effect<Shape, never, Scope.Scope> =>
  Effect.gen(function*() {
    const dial = yield* Connector
    const node = options.node ?? {}
    const followers = yield* RcMap.make({
      lookup: (group: string) => Topology.make(discovery, { ...options, group, node })
    })

    let isClosed = false
    const closing = Deferred.makeUnsafe<void>()
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isClosed = true
        Deferred.doneUnsafe(closing, Exit.void)
      })
    )
    const closed = "the Scope of the Sentinel service has closed"
    const left = (): SentinelsUnreachable =>
      new SentinelsUnreachable({
        reports: discovery.sentinels().map((address) =>
          new Report({ address: Address.format(address), kind: "unreachable", detail: closed })
        )
      })
    /** Whoever asks after the end of the service, or still waits then, is told so. */
    const untilClosed =
      <E2>(refusal: () => E2) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
        Effect.suspend(() =>
          isClosed
            ? Effect.fail(refusal())
            : Effect.raceFirst(
              Effect.andThen(Deferred.await(closing), Effect.suspend(() => Effect.fail(refusal()))),
              effect
            )
        )
    const follow = (group: string): Effect.Effect<Topology.Follower, InvalidOption, Scope.Scope> =>
      Effect.suspend(() =>
        isClosed ? Effect.fail(new InvalidOption({ option: "group", detail: closed })) : RcMap.get(followers, group)
      )

    /** Whoever uses the service dials as it was told to when it was made. */
    const dialling = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.provideService(effect, Connector, dial)
    const retried = <A, E extends ConnectionError>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.retry(Effect.andThen(Effect.sync(() => discovery.dialAnew()), effect), {
        schedule: schedule as Schedule.Schedule<unknown, E>,
        while: (error) => error.isRetryable
      })

    const checked = (group: string): Effect.Effect<void, InvalidOption> => {
      const check = new Check()
      check.group(group)
      return check.result
    }

    /** What a client of a group was given, checked, in place of what the service has for nodes. */
    const given = <A extends NodeOptions>(
      check: Check,
      group: string,
      options: A | undefined
    ): A => {
      check.group(group)
      const merged: A = check.session("", { ...node, ...check.fields("", options) } as A)
      check.executor("", merged)
      return merged
    }

    const verified = (group: string) =>
      openPrimary(
        {
          locate: discovery.primary(group),
          otherwise: (disowned, unreachable) => discovery.otherwise(group, disowned, unreachable),
          disproved: (address) => discovery.disproved(group, address),
          observed: (address, remote) => discovery.observed(address, remote),
          unreachable: (address) => discovery.unreachable(address),
          verified: (found) => {
            discovery.confirmed(group, found.value, found.epoch, found.from)
            return undefined
          }
        },
        group,
        node
      )

    return Sentinel.of({
      discoverPrimary: (group, options) =>
        Effect.suspend(() => {
          const check = new Check()
          check.group(group)
          const { verify } = check.fields("", options)
          check.boolean("verify", verify)
          return Effect.andThen(
            check.result,
            untilClosed(() => new ClientClosed({ target: group }))(dialling(retried(
              verify === false
                ? Effect.map(discovery.primary(group), (found): Address.Address => found.value)
                : Effect.scoped(Effect.map(verified(group), (connection) => connection.address))
            )))
          )
        }),
      discoverReplicas: (group) =>
        Effect.andThen(
          Effect.suspend(() => checked(group)),
          untilClosed(() => new ReplicaNotFound({ group, reason: left() }))(retried(
            Effect.map(
              Effect.suspend(() => Topology.askReplicas(discovery, group)),
              ({ listed }) => listed.filter((replica) => replica.isUp).map((replica) => replica.address)
            )
          ))
        ),
      primaryFor: (group, options) =>
        dialling(
          Effect.gen(function*() {
            const check = new Check()
            const merged = given(check, group, options)
            yield* check.result
            const follower = yield* follow(group)
            return Client.makePrimary(
              yield* Executor.make(primaryTarget(follower, group, merged, schedule), merged)
            )
          })
        ),
      replicaFor: (group, options) =>
        dialling(
          Effect.gen(function*() {
            const check = new Check()
            const merged = given(check, group, options)
            check.replica(merged)
            yield* check.result
            const follower = yield* follow(group)
            const target = replicaTarget(follower, group, merged, schedule)
            let attached = (): void => {}
            const primary = yield* Executor.make(
              { ...primaryTarget(follower, group, merged, schedule), attached: () => attached() },
              merged
            )
            const sticky = (merged.choice ?? "sticky") === "sticky" && merged.maxLag === undefined
            return Client.makeReplica(
              sticky
                ? yield* Executor.make(target, merged)
                : yield* ReplicaSet.make(
                  {
                    group,
                    follower,
                    primary,
                    target,
                    onPrimary: (f) => {
                      attached = f
                    },
                    open: (address, offset) => openReplica(follower, { address, offset }, merged, false)
                  },
                  merged
                ),
              merged.fallbackToPrimary === false ? undefined : primary
            )
          })
        ),
      topology: (group) => dialling(Effect.andThen(Effect.suspend(() => checked(group)), follow(group))),
      sentinels: Effect.sync(() => discovery.sentinels()),
      ask: (command) => {
        const problem = Command.problemOf(command) ?? questionProblem(command)
        return problem === undefined
          ? untilClosed(left)(Effect.andThen(Effect.sync(() => discovery.dialAnew()), discovery.ask(command)))
          : Effect.fail(new InvalidCommand({ command: "ask", detail: problem }))
      }
    })
  })

/** What keeps a command from being asked of sentinels, whose connections are everybody's. */
const questionProblem = (command: Command.Any): string | undefined =>
  command.spec.mode !== "read"
    ? "it is not a question: it may change something"
    : Command.sessionOf(command) !== undefined || command.spec.blocks !== undefined
    ? "it would change the session, or wait at the sentinel"
    : Command.check(command)

/** What every client may be given for its nodes, checked and copied. */
const nodeOf = (check: Check, value: NodeOptions | undefined): NodeOptions => {
  const node = check.session("node", value)
  check.executor("node", node)
  return node
}

/** A table is copied, and checked: its keys may hold what must not be shown. */
const natMapOf = (check: Check, natMap: NatMap | undefined): NatMap | undefined => {
  if (natMap === undefined || typeof natMap === "function") return natMap
  const table = check.fields<Record<string, string>>("natMap", natMap)
  let entry = 0
  for (const from of Object.keys(table)) {
    entry++
    const name = isHostAndPort(from) ? `natMap[${JSON.stringify(from)}]` : `natMap (key ${entry})`
    check.address(name, from, 6379)
    if (typeof table[from] !== "string") check.fail(name, `it leads to ${kindOf(table[from])}, not to host:port`)
    else check.address(name, table[from], 6379)
  }
  return table
}

const isHostAndPort = (text: string): boolean => /:\d+$/.test(text) && typeof Address.parse(text, 6379) !== "string"

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
    const given = check.fields<Options>("", options ?? null)
    const sentinels: Array<Address.Address> = []
    const inputs = check.items("sentinels", given.sentinels)
    if (inputs.length === 0) check.fail("sentinels", "at least one sentinel is needed")
    if (inputs.length > maxInputs) check.fail("sentinels", `they are more than ${maxInputs}`)
    inputs.slice(0, maxInputs).forEach((input, i) => {
      const address = check.address(`sentinels[${i}]`, input, 26379)
      if (address !== undefined && !sentinels.some((a) => Address.equals(a, address))) sentinels.push(address)
    })
    const timeout = check.duration("timeout", given.timeout)
    const headStart = check.duration("headStart", given.headStart)
    check.integer("minOtherSentinels", given.minOtherSentinels, 0, 1000)
    const sentinel = check.session("sentinel", given.sentinel)
    const node = nodeOf(check, given.node)
    const natMap = natMapOf(check, given.natMap)
    const maxHold = check.duration("maxHold", given.maxHold, false)
    check.oneOf("follow", given.follow, ["sentinels", "promotion"])
    check.oneOf("whenFar", given.whenFar, ["withhold", "believe"])
    check.oneOf("whenIsolated", given.whenIsolated, ["allow", "hold", "fail"])
    check.function("label", given.label)
    check.schedule("schedule", given.schedule)
    yield* check.result
    const checked: Options = { ...given, sentinels, timeout, headStart, sentinel, node, natMap, maxHold }
    const discovery = yield* Discovery.make(checked, sentinels)
    return yield* fromDiscovery(discovery, checked, steady(checked.schedule ?? defaultSchedule))
  })

/** So that nobody compares each of very many addresses with all others. */
const maxInputs = 1000

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
  Layer.effect(Sentinel, Effect.flatMap(unwrapped(options), make))

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
export const makeStatic = (options: StaticOptions): Effect.Effect<Shape, InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const check = new Check()
    const given = check.fields<StaticOptions>("", options ?? null)
    const primary = check.address("primary", given.primary, 6379)
    const replicas = check.items("replicas", given.replicas).map((input, i) =>
      check.address(`replicas[${i}]`, input, 6379)
    )
    const node = nodeOf(check, given.node)
    check.schedule("schedule", given.schedule)
    yield* check.result
    const from = "the options"
    return yield* fromDiscovery(
      Discovery.fixed(primary!, replicas as ReadonlyArray<Address.Address>, from),
      { node },
      steady(given.schedule ?? defaultSchedule)
    )
  })

/**
 * The Sentinel service with a fixed primary and replicas.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStatic = (options: StaticOptions): Layer.Layer<Sentinel, InvalidOption> =>
  Layer.effect(Sentinel, makeStatic(options))
