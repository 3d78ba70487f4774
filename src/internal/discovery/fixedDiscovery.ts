/**
 * A discovery that asks nobody: its primary and its replicas are given.
 */
import * as Effect from "effect/Effect"
import * as Address from "../../Address.ts"
import type { ReplicaInstance } from "../../commands/sentinel.ts"
import { SentinelsUnreachable } from "../../Errors.ts"
import { Belief } from "./belief.ts"
import type { Discovery, ReportedReplica } from "./types.ts"

/**
 * A discovery whose nodes are given. `from` is the source that errors name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fixedDiscovery = (
  primary: Address.Address,
  replicas: ReadonlyArray<Address.Address>,
  from: string
): Discovery => {
  const belief = new Belief()
  return {
    locatePrimary: () => Effect.succeed({ value: primary, from, epoch: 0 }),
    onPrimaryVerified: () => {},
    onWrongRole: () => {},
    onUndialable: () => {},
    onConnected: () => {},
    locateElsewhere: () => Effect.undefined,
    belief: () => belief,
    locateReplicas: () => Effect.succeed({ value: replicas, from, epoch: 0 }),
    survey: (_group, onView) =>
      Effect.sync(() =>
        onView({
          from,
          primary,
          epoch: 0,
          instance: undefined,
          replicas: replicas.map(fixedReplica)
        })
      ),
    dialAnew: () => {},
    listen: () => Effect.void,
    sentinels: () => [],
    confirmedSentinels: () => [],
    hasMissingSentinels: () => false,
    isReachable: () => undefined,
    isSubscribed: () => undefined,
    distanceMillis: () => 0,
    askOne: () => Effect.undefined,
    firstAnswerBy: () => -Infinity,
    headStartMillis: 0,
    timeoutMillis: 0,
    resolveAnnounced: (host, port) => Address.parse({ host, port }, 0),
    canonical: (address) => address,
    askFirst: () => {},
    ask: () => Effect.fail(new SentinelsUnreachable({ reports: [] }))
  }
}

/** A replica that no sentinel has reported: it counts as healthy. */
export const fixedReplica = (address: Address.Address): ReportedReplica => ({
  address,
  instance: unreportedInstance(address)
})

const unreportedInstance = (address: Address.Address): ReplicaInstance => ({
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
  lastPingSentMillis: 0,
  lastOkPingReplyMillis: 0,
  lastPingReplyMillis: 0,
  linkPendingCommands: 0,
  downAfterMillis: undefined,
  fields: {},
  primaryHost: "",
  primaryPort: 0,
  isLinkUp: true,
  linkDownMillis: 0,
  priority: 100,
  offset: -1,
  isAnnounced: true
})
