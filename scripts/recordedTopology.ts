/** The topology of a group of real processes in the middle of a planned failover, as the client sees it: for pictures.ts. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ask } from "../chaos/witness.ts"
import { Address, Sentinel } from "../src/index.ts"
import type { TopologyPicture } from "../src/internal/pictures/types.ts"
import type * as Topology from "../src/Topology.ts"
import { deployment } from "../test/support/processes.ts"

const pictureOf = (state: Topology.State, server: string): TopologyPicture => {
  const primary = state.primary === undefined ? undefined : Address.format(state.primary)
  const replicas = state.replicas.map((replica) => ({ replica, address: Address.format(replica.address) }))
  return {
    title: `The group ${state.group} during a planned failover`,
    group: state.group,
    epoch: state.epoch,
    quorum: 2,
    fence: state.fence === undefined
      ? undefined
      : `${state.fence.from} reported ${state.fence.sign}${
        state.fence.candidate === undefined ? "" : `; ${Address.format(state.fence.candidate)} becomes the primary`
      }`,
    nodes: [
      ...(primary === undefined
        ? []
        : [{ address: primary, role: "primary" as const, isReachable: true, facts: [server] }]),
      ...replicas.map(({ address, replica }) => ({
        address,
        role: "replica" as const,
        isReachable: replica.isHealthy,
        facts: [server, `priority ${replica.priority}`]
      }))
    ],
    sentinels: state.sentinels.map((sentinel) => ({
      address: Address.format(sentinel.address),
      isReachable: sentinel.isReachable,
      facts: sentinel.epoch === undefined ? [] : [`epoch ${sentinel.epoch}`]
    })),
    links: [
      ...(primary === undefined
        ? []
        : replicas.map(({ address }) => ({ from: primary, to: address, kind: "replication" as const }))),
      ...(primary === undefined
        ? []
        : state.sentinels.map(({ address }) => ({
          from: Address.format(address),
          to: primary,
          kind: "names" as const
        })))
    ]
  }
}

/** The first state in which the fence is closed and the candidate is known. */
export const topologyDuringFailover = (server: string): Effect.Effect<TopologyPicture, never, Scope.Scope> =>
  Effect.gen(function*() {
    const d = yield* deployment()
    const sentinel = yield* Sentinel.make({ sentinels: d.sentinelAddresses })
    const topology = yield* sentinel.topology(d.group)
    yield* topology.changes.pipe(
      Stream.filter(({ replicas, sentinels }) => replicas.length === 2 && sentinels.every((each) => each.isSubscribed)),
      Stream.runHead
    )
    yield* Effect.promise(() => ask(d.sentinels[0]!.port, [["SENTINEL", "FAILOVER", d.group]]))
    const fenced = yield* topology.changes.pipe(
      Stream.filter(({ fence }) => fence?.candidate !== undefined),
      Stream.runHead
    )
    return pictureOf(Option.getOrThrow(fenced), server)
  }).pipe(Effect.orDie)
