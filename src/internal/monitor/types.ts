/**
 * What a monitor tells, and what it remembers of a failover and of a node that it
 * probes. Types only.
 */
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type * as Address from "../../Address.ts"
import type { SessionOptions } from "../../Options.ts"
import type { Options, State } from "../../Topology.ts"
import type * as Listing from "../discovery/listing.ts"
import type { TargetListener } from "../execution/types.ts"

/**
 * Who is told of what happens, at once.
 *
 * @since 0.1.0
 * @category models
 */
export interface MonitorListener extends Pick<TargetListener, "moved" | "gate"> {
  readonly sentinelDistance?: TargetListener["sentinelDistance"] | undefined
  readonly renamed?: TargetListener["renamed"] | undefined
  readonly changed?: ((state: State) => void) | undefined
  /** A replica is none of this group any more. */
  readonly dropped?: ((address: Address.Address, why: string) => void) | undefined
}

/**
 * A replica that a client may read from.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplicaCandidate extends Listing.Listed {
  readonly label: string | undefined
  /** When a sentinel listed it last, in milliseconds of monotonic time. */
  readonly listedAt: number
}

export interface PrimaryProbe {
  address: Address.Address
  epoch: number
  from: string
  isProvisional: boolean
  /** Whether the node has said that it is no primary. */
  refused: boolean
  /** Undefined until it waits for something for the first time. */
  fiber: Fiber.Fiber<void> | undefined
}

/** A failover, from its first sign to the first write that the new primary acknowledges. */
export interface FailoverTrace {
  readonly began: number
  readonly sign: string
  /** Undefined where much has come to nothing lately. */
  span: Tracer.Span | undefined
  old: string | undefined
  fencedAt: number | undefined
  movedAt: number | undefined
  openedAt: number | undefined
}

/**
 * What a follower needs to know.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupMonitorOptions extends Options {
  readonly group: string
  /** The sessions by which roles are verified. */
  readonly node: SessionOptions
}
