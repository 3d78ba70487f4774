/**
 * Where a primary's client connects: to the node that the sentinels name and that
 * says itself that it is the primary. What is done with the connection is not
 * decided here.
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
import type { Located } from "../discovery/types.ts"
import type { ConnectionTarget } from "../execution/types.ts"
import type { GroupMonitor } from "../monitor/monitor.ts"

/** How long a dial is waited for before the sentinels are asked whether the group has moved meanwhile, and how often. */
const relocateAfter = Duration.millis(250)
const relocateInterval = Duration.millis(100)
/** Which of these questions go to all sentinels, not only to the first one that answers: every fifth. */
const relocateAskAllEvery = 5
/** How many nodes one attempt tries at most, before the schedule decides whether there is another attempt. */
const maxNodesPerAttempt = 4

/** Why a node that `from` announced is not connected to. A wrong password is reported as such. */
export const nodeErrorOf = (
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

/** Locates a group's primary, and takes note of what connections to it have shown. */
interface PrimaryLocator {
  readonly locate: Effect.Effect<Located<Address.Address>, PrimaryNotFound>
  /** Asks all sentinels, for a primary that is at none of these addresses. */
  readonly locateElsewhere: (
    wrongRole: ReadonlySet<string>,
    unreachable: ReadonlySet<string>
  ) => Effect.Effect<Located<Address.Address> | undefined>
  /** The node at this address says that it is no primary. */
  readonly onWrongRole: (address: Address.Address) => void
  /** A connection to this address reached this endpoint. */
  readonly onConnected: (address: Address.Address, endpoint: string | undefined) => void
  /** This address cannot be dialled. */
  readonly onUndialable: (address: Address.Address) => void
  /** The node says that it is the primary. Gives the present primary if the group has moved on meanwhile. */
  readonly onVerified: (found: Located<Address.Address>) => Address.Address | undefined
}

/**
 * Opens a session with a group's primary.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openPrimary = (
  locator: PrimaryLocator,
  group: string,
  node: NodeOptions
): Effect.Effect<Connection, ConnectionError, Scope.Scope> => {
  const outdated = (address: Address.Address, present: Address.Address): PrimaryNotFound =>
    new PrimaryNotFound({
      group,
      reason: new NodeUnusable({
        reports: [
          new Report({
            address: Address.format(address),
            kind: "outdated",
            detail: `the group has moved to ${Address.format(present)}`
          })
        ]
      })
    })

  /** The nodes that have said that they are no primary, and those that could not be reached. */
  const wrongRole = new Set<string>()
  const unreachable = new Set<string>()

  /**
   * Fails once the sentinels name another primary than this one. A dead primary may
   * be silent for the whole connect timeout.
   */
  const failOnceMoved = (address: Address.Address): Effect.Effect<never, PrimaryNotFound> =>
    Effect.gen(function*() {
      yield* Effect.sleep(relocateAfter)
      for (let i = 0;; i++) {
        const present = i % relocateAskAllEvery === 0
          ? yield* locator.locateElsewhere(wrongRole, unreachable)
          : Option.getOrUndefined(yield* Effect.option(locator.locate))
        if (
          present !== undefined && !Address.equals(present.value, address) &&
          !wrongRole.has(Address.format(present.value))
        ) {
          return yield* outdated(address, present.value)
        }
        yield* Effect.sleep(relocateInterval)
      }
    })

  const openAt = (
    found: Located<Address.Address>
  ): Effect.Effect<Connection, ConnectionError, Scope.Scope> =>
    Effect.raceFirst(
      openConnection(found.value, node, "primary").pipe(
        Effect.tapError((error) =>
          Effect.sync(() => {
            if (error._tag === "RoleMismatch") {
              wrongRole.add(Address.format(found.value))
              locator.onWrongRole(found.value)
            } else {
              unreachable.add(Address.format(found.value))
              if (error._tag === "ConnectFailed") locator.onUndialable(found.value)
            }
          })
        ),
        Effect.mapError((error): ConnectionError => {
          const reason = nodeErrorOf(Address.format(found.value), error, found.from)
          return reason._tag === "AuthenticationFailed" ? reason : new PrimaryNotFound({ group, reason })
        }),
        Effect.flatMap((connection) => {
          connection.epoch = found.epoch
          locator.onConnected(found.value, connection.remote)
          const present = locator.onVerified(found)
          return present === undefined ? Effect.succeed(connection) : Effect.fail(outdated(found.value, present))
        })
      ),
      failOnceMoved(found.value)
    )

  // Guidelines: if the node that one sentinel names is no primary, the next sentinel may know better.
  const attempt = (
    found: Located<Address.Address>,
    count: number
  ): Effect.Effect<Connection, ConnectionError, Scope.Scope> =>
    Effect.flatMap(Effect.scope, (scope) => {
      const own = Scope.forkUnsafe(scope)
      return openAt(found).pipe(
        Scope.provide(own),
        Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit)),
        Effect.catch((error) =>
          error._tag === "AuthenticationFailed" || count >= maxNodesPerAttempt
            ? Effect.fail(error)
            : Effect.flatMap(
              locator.locateElsewhere(wrongRole, unreachable),
              (next) => next === undefined ? Effect.fail(error) : attempt(next, count + 1)
            )
        )
      )
    })

  return Effect.flatMap(locator.locate, (found) => attempt(found, 1))
}

/**
 * A group's primary, as a target of connections that follows the group's moves.
 *
 * @since 0.1.0
 * @category constructors
 */
export const primaryTarget = (
  monitor: GroupMonitor,
  group: string,
  node: NodeOptions,
  schedule: Schedule.Schedule<unknown, ConnectionError>
): ConnectionTarget => {
  const open = openPrimary(
    {
      locate: monitor.locate,
      locateElsewhere: (wrongRole, unreachable) => monitor.locateElsewhere(wrongRole, unreachable),
      onWrongRole: (address) => monitor.onWrongRole(address),
      onConnected: (address, endpoint) => monitor.onConnected(address, endpoint),
      onUndialable: (address) => monitor.onUndialable(address),
      onVerified: (found) => monitor.verified(found) ? undefined : monitor.present.primary
    },
    group,
    node
  )
  return {
    label: group,
    identity: { server: { group }, database: node.database ?? 0 },
    canRelocate: true,
    schedule,
    open,
    // Guidelines: each new connection asks the sentinels first.
    openBeside: () => open,
    openAt: (sibling) => openSibling(sibling, node, "primary"),
    epoch: () => monitor.present.epoch,
    moves: () => monitor.moves,
    isPrimary: (address) => monitor.isPrimary(address),
    watch: (listener) => monitor.watch(listener),
    onSuspect: () => monitor.survey(),
    onFirstWrite: () => monitor.acknowledged(),
    onBehind: () => monitor.onBehind()
  }
}

/**
 * Opens one more session with the node of a connection, in its epoch.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openSibling = (
  sibling: Connection,
  node: NodeOptions,
  role: "primary" | "replica" | undefined
): Effect.Effect<Connection, OpenError, Scope.Scope> =>
  Effect.map(openConnection(sibling.address, node, role), (connection) => {
    connection.epoch = sibling.epoch
    return connection
  })
