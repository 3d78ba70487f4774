/**
 * What a group monitor is configured with, what it tells its listeners, and what
 * it knows of a replica. Types only.
 */
import type * as Address from "../../Address.ts"
import type { SessionOptions } from "../../Options.ts"
import type { Options, State } from "../../Topology.ts"
import type { ListedReplica } from "../discovery/replicaLists.ts"
import type { TargetListener } from "../execution/types.ts"

/**
 * Receives the changes of a group, in the turn in which they happen.
 *
 * @since 0.1.0
 * @category models
 */
export interface MonitorListener extends Pick<TargetListener, "moved" | "gate"> {
  readonly signLateness?: TargetListener["signLateness"] | undefined
  readonly renamed?: TargetListener["renamed"] | undefined
  readonly changed?: ((state: State) => void) | undefined
  /** A replica no longer belongs to the group. */
  readonly dropped?: ((address: Address.Address, why: string) => void) | undefined
}

/**
 * A replica that a client may read from.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplicaCandidate extends ListedReplica {
  readonly label: string | undefined
  /** When a sentinel last listed it, in milliseconds of monotonic time. */
  readonly listedAt: number
}

/**
 * How a group is monitored.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupMonitorOptions extends Options {
  readonly group: string
  /** Options of the short sessions in which the monitor asks a node for its role. */
  readonly node: SessionOptions
}
