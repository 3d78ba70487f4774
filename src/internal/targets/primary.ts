/**
 * Where a primary's client connects: at the node that the sentinels name and that
 * says itself that it is the primary.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import { type AuthenticationFailed, type ConnectionError, NodeUnusable, PrimaryNotFound, Report } from "../../Errors.ts"
import type { NodeOptions } from "../../Options.ts"
import type { Connection } from "../connection/connection.ts"
import { openConnection } from "../connection/handshake.ts"
import type { OpenError } from "../connection/types.ts"
import { reportOf } from "../discovery/report.ts"
import type { Found } from "../discovery/types.ts"
import type { ConnectionTarget } from "../execution/types.ts"
import type { GroupMonitor } from "../monitor/monitor.ts"

// -----------------------------------------------------------------------------
// Targets
// -----------------------------------------------------------------------------

/** After how long a connection attempt asks again whether the group has moved meanwhile. */
const relocateAfter = Duration.millis(250)
const relocateInterval = Duration.millis(100)
/** Every so many times all sentinels are asked, not only the first to answer. */
const relocateAskAllEvery = 5
/** So many nodes are tried at most before it is all begun anew. */
const maxTried = 4

export const unusable = (
  address: string,
  error: OpenError,
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

/** A group's primary as a client finds it: where it is said to be, and what becomes of the saying. */
interface PrimaryLocator {
  readonly locate: Effect.Effect<Found<Address.Address>, PrimaryNotFound>
  /** Where it is by the word of all sentinels, if it is at none of these. */
  readonly locateElsewhere: (
    disowned: ReadonlySet<string>,
    unreachable: ReadonlySet<string>
  ) => Effect.Effect<Found<Address.Address> | undefined>
  /** It is no primary. */
  readonly disproved: (address: Address.Address) => void
  /** A connection to it went to that place. */
  readonly observed: (address: Address.Address, remote: string | undefined) => void
  /** It cannot be dialled. */
  readonly unreachable: (address: Address.Address) => void
  /** It is one. Where the group is instead, if it has moved on meanwhile. */
  readonly verified: (found: Found<Address.Address>) => Address.Address | undefined
}

export const openPrimary = (
  finding: PrimaryLocator,
  group: string,
  node: NodeOptions
): Effect.Effect<Connection, ConnectionError, Scope.Scope> => {
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
      yield* Effect.sleep(relocateAfter)
      for (let i = 0;; i++) {
        const now = i % relocateAskAllEvery === 0
          ? yield* finding.locateElsewhere(disowned, unreachable)
          : Option.getOrUndefined(yield* Effect.option(finding.locate))
        if (now !== undefined && !Address.equals(now.value, address) && !disowned.has(Address.format(now.value))) {
          return yield* outdated(address, now.value)
        }
        yield* Effect.sleep(relocateInterval)
      }
    })

  const openAt = (
    found: Found<Address.Address>
  ): Effect.Effect<Connection, ConnectionError, Scope.Scope> =>
    Effect.raceFirst(
      openConnection(found.value, node, "primary").pipe(
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
    found: Found<Address.Address>,
    tried: number
  ): Effect.Effect<Connection, ConnectionError, Scope.Scope> =>
    Effect.flatMap(Effect.scope, (scope) => {
      const own = Scope.forkUnsafe(scope)
      return openAt(found).pipe(
        Scope.provide(own),
        Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit)),
        Effect.catch((error) =>
          error._tag === "AuthenticationFailed" || tried >= maxTried
            ? Effect.fail(error)
            : Effect.flatMap(
              finding.locateElsewhere(disowned, unreachable),
              (next) => next === undefined ? Effect.fail(error) : attempt(next, tried + 1)
            )
        )
      )
    })

  return Effect.flatMap(finding.locate, (found) => attempt(found, 1))
}

export const primaryTarget = (
  follower: GroupMonitor,
  group: string,
  node: NodeOptions,
  schedule: Schedule.Schedule<unknown, ConnectionError>
): ConnectionTarget => {
  const open = openPrimary(
    {
      locate: follower.locate,
      locateElsewhere: (disowned, unreachable) => follower.locateElsewhere(disowned, unreachable),
      disproved: (address) => follower.onWrongRole(address),
      observed: (address, remote) => follower.observed(address, remote),
      unreachable: (address) => follower.unreachable(address),
      verified: (found) => follower.verified(found) ? undefined : follower.present.primary
    },
    group,
    node
  )
  return {
    label: group,
    canRelocate: true,
    schedule,
    open,
    // Guidelines: each new connection asks the sentinels first.
    openBeside: () => open,
    openAt: (sibling) => openSibling(sibling, node, "primary"),
    epoch: () => follower.present.epoch,
    isPrimary: (address) => follower.isPrimary(address),
    watch: (watcher) => follower.watch(watcher),
    onSuspect: () => follower.survey(),
    onFirstWrite: () => follower.acknowledged()
  }
}

/** One more session with a node, in the epoch of the one that there is. */
export const openSibling = (
  sibling: Connection,
  node: NodeOptions,
  role: "primary" | "replica" | undefined
): Effect.Effect<Connection, OpenError, Scope.Scope> =>
  Effect.map(openConnection(sibling.address, node, role), (connection) => {
    connection.epoch = sibling.epoch
    return connection
  })
