/**
 * Where a replica's client connects: at a replica that has the group's data, or at
 * the primary where that is allowed.
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
import { inOrder } from "../discovery/listing.ts"
import { staggeredRace } from "../discovery/race.ts"
import { reportOf } from "../discovery/report.ts"
import type { ConnectionTarget } from "../execution/types.ts"
import type { GroupMonitor } from "../monitor/monitor.ts"
import type { ReplicaCandidate } from "../monitor/types.ts"
import { openSibling, primaryTarget, unusable } from "./primary.ts"

/** How long a replica is waited for before the next one is tried as well. */
const replicaHeadStart = Duration.millis(250)

/** How long a new primary is waited for before a replica is tried as well, that may not follow it yet. */
const movedHeadStart = Duration.millis(50)

/** How long a replica that was late with an answer is not chosen again, in milliseconds. */
const lateRestMillis = 1000

export const replicaTarget = (
  follower: GroupMonitor,
  group: string,
  options: ReplicaOptions,
  schedule: Schedule.Schedule<unknown, ConnectionError>
): ConnectionTarget => {
  const primary = primaryTarget(follower, group, options, schedule)
  const fallback = options.fallbackToPrimary ?? true
  // Clients begin at different replicas; one client begins after the one that it had.
  let turn: number | undefined
  /** Those that were late, and when, in monotonic time. */
  const late = new Map<string, number>()

  type Opening = Effect.Effect<Connection, ConnectionError, Scope.Scope>

  const walk = (candidates: ReadonlyArray<ReplicaCandidate>, isStrict: boolean): Opening =>
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
              : [reportOf(Address.format(address), error)]
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

  const worst = (failures: ReadonlyArray<ConnectionError>, rest: ConnectionError): ConnectionError =>
    failures.find((error) => error._tag === "AuthenticationFailed") ?? rest

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
  const openAt = (sibling: Connection) => openSibling(sibling, options, sibling.role)
  return {
    label: group,
    canRelocate: true,
    schedule,
    open,
    // Another replica would do as well, but a client's connections go to one of them.
    openBeside: (sibling) => Effect.catch(openAt(sibling), () => open),
    preferred: fallback === false ? undefined : {
      open: replicas(fallback === true),
      isFallback: (connection) => connection.role === "primary" || follower.isPrimary(connection.address) === true
    },
    openElsewhere: (address) =>
      Effect.suspend(() => {
        follower.survey()
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
    isPrimary: (address) => follower.isPrimary(address),
    watch: (watcher) =>
      follower.watch({
        // What is written through it by a makeshift, the primary itself, waits too.
        gate: (gate, age) => watcher.gate(gate, age),
        sentinelDistance: (millis) => watcher.sentinelDistance(millis),
        moved: (address, epoch) => {
          const why = `${group} has another primary, ${Address.format(address)}, since epoch ${epoch}`
          // The replica that became the primary serves on, where a primary may, until others follow it.
          if (fallback === false) watcher.nodeRemoved(address, why)
          watcher.reconsider(address, fallback === true)
        },
        dropped: (address, why) => watcher.nodeRemoved(address, why),
        changed: (state) => {
          for (const replica of state.replicas) {
            if (!replica.isHealthy) watcher.nodeSuspected(replica.address)
          }
        }
      })
  }
}

/** `Discovery.hedged` for what opens connections: the losers of the race are closed with their own scopes. */
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

/** A session with a replica that has data; `isStrict`, with one that has it from the primary. */
export const openReplica = (
  follower: GroupMonitor,
  { address, offset }: { readonly address: Address.Address; readonly offset: number },
  node: NodeOptions,
  isStrict: boolean
): Effect.Effect<Connection, OpenError, Scope.Scope> =>
  Effect.flatMap(openConnection(address, node, "replica"), (connection) => {
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
