/**
 * What is known of one group: its primary, its replicas, its sentinels, the
 * configuration epoch, and whether writes wait; and the options of how a group is
 * followed. Types only.
 *
 * The state machine behind it is in internal/monitor/.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as Address from "./Address.ts"

// -----------------------------------------------------------------------------
// State
// -----------------------------------------------------------------------------

/**
 * A replica, as the sentinels see it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Replica {
  readonly address: Address.Address
  /** As the sentinel writes them: `slave`, `s_down`, `disconnected`, ... */
  readonly flags: ReadonlySet<string>
  /** Whether most sentinels think that it is up, and it has a connection to its primary. */
  readonly isHealthy: boolean
  readonly isLinkUp: boolean
  /** How much of its primary's history it had when a sentinel last asked it, in bytes: up to ten seconds ago. */
  readonly offset: number
  /** Its `replica-priority`; 0 means that it is never to be promoted. */
  readonly priority: number
  /** What the option `label` made of it. */
  readonly label: string | undefined
}

/**
 * A sentinel of a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface SentinelState {
  readonly address: Address.Address
  /** Undefined as long as the first try is under way. */
  readonly isReachable: boolean | undefined
  /** The configuration epoch that it last told; undefined as long as it has told none. */
  readonly epoch: number | undefined
  /**
   * Whether its events are heard. False if it does not let its user subscribe:
   * then it is asked every 20 milliseconds. Undefined as long as that is not
   * known, or while it cannot be reached.
   */
  readonly hears: boolean | undefined
  /** How old its word is at most when it is heard, in milliseconds; 0 if not known. */
  readonly distance: number
}

/**
 * Why writes wait: a failover is under way, and what the old primary would
 * acknowledge now would be lost.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fence {
  /** Milliseconds on the Clock. */
  readonly since: number
  /** The sentinel that gave the sign. */
  readonly from: string
  /** The sign, such as `+selected-slave`. */
  readonly sign: string
  /** The replica that is to be the new primary, if it was named. */
  readonly candidate: Address.Address | undefined
}

/**
 * What is known of a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  readonly group: string
  /** The primary, verified by its own word; undefined as long as none is known. */
  readonly primary: Address.Address | undefined
  /**
   * The configuration epoch of that primary, as the sentinels number it: it grows
   * with each failover, and goes back where they begin anew. 0 where it is not
   * known.
   */
  readonly epoch: number
  /** Whether the primary was followed before a sentinel reported it (`follow: "promotion"`). */
  readonly isProvisional: boolean
  readonly replicas: ReadonlyArray<Replica>
  readonly sentinels: ReadonlyArray<SentinelState>
  /** Undefined while writes need not wait. */
  readonly fence: Fence | undefined
  /** Whether fewer than a majority of the sentinels can be reached. */
  readonly isIsolated: boolean
  /** The last thing that changed any of this. */
  readonly lastChange: { readonly at: number; readonly what: string; readonly from: string } | undefined
}

/**
 * Follows a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface Topology {
  /** What is known now. The first time, it waits until the sentinels have been asked. */
  readonly current: Effect.Effect<State>
  /**
   * What is known now, and then every change: of the primary, the epoch, the
   * fence, the health of a replica, the reach of a sentinel. Offsets change
   * without being told. A subscriber that is slow misses what is in between,
   * never the last.
   */
  readonly changes: Stream.Stream<State>
}

/**
 * How a group is followed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The write fence: for how long writes wait at most while the sentinels carry
   * out a failover. From the moment at which a replica is selected, what the
   * old primary acknowledges is lost. Reads go on. 0 turns it off. Default 10
   * seconds.
   */
  readonly maxWriteHold?: Duration.Input | undefined
  /**
   * When a new primary is taken for one. `"sentinels"`: once a sentinel reports
   * it. `"promotion"`: as soon as the selected replica itself says that it is a
   * primary, about a second sooner; but if the sentinel that leads the failover
   * dies before it has told the others, the promotion is undone and what was
   * written meanwhile is lost. Default `"sentinels"`.
   */
  readonly follow?: "sentinels" | "promotion" | undefined
  /**
   * What becomes of writes while fewer than a majority of the known sentinels
   * can be reached, so that a failover might go unnoticed. Default `"allow"`.
   */
  readonly whenIsolated?: "allow" | "hold" | "fail" | undefined
  /**
   * Where a sentinel is so far away that a replica may be promoted before its
   * word of that arrives (35 milliseconds there and back): `"withhold"` gives
   * the results of writes so much later that the word would have come first;
   * with `"believe"` they come at once, and what is acknowledged while the word
   * is on its way may be lost. Default `"withhold"`.
   */
  readonly whenFar?: "withhold" | "believe" | undefined
  /** A label for a replica, such as its zone, for the choice among replicas. */
  readonly label?: ((replica: Omit<Replica, "label">) => string | undefined) | undefined
}
