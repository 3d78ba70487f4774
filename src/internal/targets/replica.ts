/**
 * Where a replica's client connects: to a replica that has the group's data, or to
 * the primary where that is allowed. Which of several replicas a single read goes to
 * is decided in internal/replicas/.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import type * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import { type ConnectionError, NodeUnusable, NoHealthyReplica, ReplicaNotFound, RoleMismatch } from "../../Errors.ts"
import type { NodeOptions, ReplicaOptions } from "../../Options.ts"
import { monotonicMillis } from "../common/time.ts"
import type { Connection } from "../connection/connection.ts"
import { openConnection } from "../connection/handshake.ts"
import type { OpenError } from "../connection/types.ts"
import { replicasInOrder } from "../discovery/replicaLists.ts"
import { reportOf } from "../discovery/report.ts"
import { staggeredRace } from "../discovery/staggeredRace.ts"
import type { ConnectionTarget } from "../execution/types.ts"
import type { GroupMonitor } from "../monitor/monitor.ts"
import type { ReplicaCandidate } from "../monitor/types.ts"
import { nodeErrorOf, openSibling, primaryTarget } from "./primary.ts"

/** How long a replica is waited for before the next one is dialled as well. */
const replicaHeadStart = Duration.millis(250)

/** How long a new primary is waited for before a replica is dialled as well, which may not replicate from it yet. */
const newPrimaryHeadStart = Duration.millis(50)

/** How long a replica that was late with an answer is not chosen again, in milliseconds. */
const lateExclusionMillis = 1000

/**
 * One of a group's replicas, as a target of connections that follows the group's
 * moves.
 *
 * @since 0.1.0
 * @category constructors
 */
export const replicaTarget = (
  monitor: GroupMonitor,
  group: string,
  options: ReplicaOptions,
  schedule: Schedule.Schedule<unknown, ConnectionError>
): ConnectionTarget => {
  const primary = primaryTarget(monitor, group, options, schedule)
  const fallback = options.fallbackToPrimary ?? true
  // Each client begins at a random replica, and goes on with the next one each time.
  let nextStart: number | undefined
  /** When each replica was late with an answer, in monotonic milliseconds. */
  const lateAt = new Map<string, number>()

  type Opening = Effect.Effect<Connection, ConnectionError, Scope.Scope>

  /** The first of these replicas that can be used. */
  const firstOf = (candidates: ReadonlyArray<ReplicaCandidate>, isStrict: boolean): Opening =>
    Effect.gen(function*() {
      const start = nextStart ?? (yield* Random.nextIntBetween(0, 1024))
      nextStart = start + 1
      const now = yield* monotonicMillis
      for (const [key, at] of lateAt) if (now - at > lateExclusionMillis) lateAt.delete(key)
      const order = replicasInOrder(candidates.filter(({ address }) => !lateAt.has(Address.format(address))), start)
      return yield* raced(
        order.map((candidate) =>
          Effect.mapError(
            openReplica(monitor, candidate, options, isStrict),
            (error) => [candidate.address, error] as const
          )
        ),
        replicaHeadStart
      ).pipe(
        Effect.mapError((failures): ConnectionError => {
          const denied = failures.map(([, error]) => error).filter((error) => error._tag === "AuthenticationFailed")
          if (denied.length > 0 && denied.length === failures.length) return denied[0]!
          const reports = failures.flatMap(([address, error]) => {
            const reason = nodeErrorOf(Address.format(address), error, "the sentinels")
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

  /** A replica that has data; if `isStrict`, one that replicates from the present primary. */
  const replica = (isStrict: boolean): Opening =>
    Effect.flatMap(monitor.locateReplicas, (candidates) => firstOf(candidates, isStrict))

  /** The error to report: a wrong password before all others. */
  const errorOf = (failures: ReadonlyArray<ConnectionError>, otherwise: ConnectionError): ConnectionError =>
    failures.find((error) => error._tag === "AuthenticationFailed") ?? otherwise

  /**
   * A replica that replicates from the primary; else the primary; else a replica
   * that has data. Right after a move the primary comes first: the replicas may not
   * know of it yet.
   */
  const replicaOrPrimary: Opening = Effect.suspend(() =>
    monitor.isMoving
      ? Effect.mapError(
        raced([primary.open, replica(true), Effect.delay(replica(false), replicaHeadStart)], newPrimaryHeadStart),
        (failures) => errorOf(failures, failures[1] ?? failures[0]!)
      )
      : Effect.catchIf(
        replica(true),
        // If the sentinels cannot be asked for the replicas, they cannot be asked for the primary.
        lacksReplica,
        (error) =>
          Effect.mapError(
            raced([primary.open, replica(false)], replicaHeadStart),
            (failures) => errorOf(failures, error)
          )
      )
  )
  const open: Opening = fallback === true
    ? replicaOrPrimary
    : fallback === false
    ? replica(false)
    : Effect.catchIf(
      replica(false),
      lacksReplica,
      (error) => Effect.mapError(primary.open, (primaryError) => errorOf([primaryError], error))
    )
  const openAt = (sibling: Connection) => openSibling(sibling, options, sibling.role)
  return {
    label: group,
    identity: { server: { group }, database: options.database ?? 0 },
    canRelocate: true,
    schedule,
    open,
    // Another replica would do as well, but all connections of a client go to one replica.
    openBeside: (sibling) => Effect.catch(openAt(sibling), () => open),
    preferred: fallback === false ? undefined : {
      open: replica(fallback === true),
      isFallback: (connection) => connection.role === "primary" || monitor.isPrimary(connection.address) === true
    },
    openElsewhere: (address) =>
      Effect.suspend(() => {
        monitor.survey()
        return Effect.flatMap(monotonicMillis, (now) => {
          lateAt.set(Address.format(address), now)
          return fallback === true
            ? Effect.catchIf(
              replica(true),
              lacksReplica,
              (error) =>
                Effect.mapError(
                  raced([replica(false), primary.open], replicaHeadStart),
                  (failures) => errorOf(failures, error)
                )
            )
            : replica(false)
        })
      }),
    openAt,
    epoch: () => monitor.present.epoch,
    moves: () => monitor.moves,
    followsOtherPrimary: (source) => monitor.followsOtherPrimary(source),
    isPrimary: (address) => monitor.isPrimary(address),
    watch: (listener) =>
      monitor.watch({
        // Writes through the primary, where it serves in place of a replica, wait too.
        gate: (gate, age) => listener.gate(gate, age),
        signLateness: (millis) => listener.signLateness(millis),
        moved: (address, epoch) => {
          const why = `${group} has another primary, ${Address.format(address)}, since epoch ${epoch}`
          // If a primary may serve, the replica that became the primary does until others replicate from it.
          if (fallback === false) listener.nodeRemoved(address, why)
          listener.reconsider(address, fallback === true)
        },
        dropped: (address, why) => listener.nodeRemoved(address, why),
        changed: (state) => {
          for (const replica of state.replicas) {
            if (!replica.isHealthy) listener.nodeSuspected(replica.address)
          }
        }
      })
  }
}

/** A staggered race that opens connections: those that lose are closed. */
const raced = <E>(
  attempts: ReadonlyArray<Effect.Effect<Connection, E, Scope.Scope>>,
  headStart: Duration.Duration
): Effect.Effect<Connection, ReadonlyArray<E>, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (scope) =>
    staggeredRace(
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

/**
 * Opens a session with a replica that has data; if `isStrict`, one that replicates
 * from the present primary.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openReplica = (
  monitor: GroupMonitor,
  { address, offset }: { readonly address: Address.Address; readonly offset: number },
  node: NodeOptions,
  isStrict: boolean
): Effect.Effect<Connection, OpenError, Scope.Scope> =>
  Effect.flatMap(openConnection(address, node, "replica"), (connection) => {
    connection.epoch = monitor.present.epoch
    const { source } = connection
    const mismatch = (actual: string): Effect.Effect<never, RoleMismatch> =>
      Effect.fail(new RoleMismatch({ address: Address.format(address), expected: "replica", actual }))
    // If the replica does not say whether it has data, its offset says so, as the sentinels know it.
    if (source?.hasData === undefined && source !== undefined && (offset === 0 || offset === 1)) {
      return mismatch("replica without data (by the sentinels' word)")
    }
    if (isStrict && source !== undefined && !monitor.follows(source)) {
      return mismatch(
        source.isLinked ? `replica of ${source.host}:${source.port}` : "replica without a link to its primary"
      )
    }
    return Effect.succeed(connection)
  })

const lacksReplica = (error: ConnectionError): boolean =>
  error._tag === "ReplicaNotFound" &&
  (error.reason._tag === "NoHealthyReplica" || error.reason._tag === "NodeUnusable")
