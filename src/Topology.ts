/**
 * The state of one group (its primary, replicas and sentinels, the configuration
 * epoch, the write fence), the service that observes it, and the options of how the
 * client follows a group. Types only.
 *
 * The state machine behind it is in internal/monitor/.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as Address from "./Address.ts"
import type { TimeoutInput } from "./commands/options.ts"

// -----------------------------------------------------------------------------
// State
// -----------------------------------------------------------------------------

/**
 * A replica, as the sentinels report it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Replica {
  /** The address at which clients reach it. */
  readonly address: Address.Address
  /** The flags of SENTINEL REPLICAS: `slave`, `s_down`, `disconnected`, ... */
  readonly flags: ReadonlySet<string>
  /** Whether most sentinels reach it, and `isLinkUp`. */
  readonly isHealthy: boolean
  /** Whether a sentinel reports that it has a connection to its primary. */
  readonly isLinkUp: boolean
  /** Its replication offset in bytes, as a sentinel last read it: up to ten seconds old. */
  readonly offset: number
  /** Its `replica-priority`; sentinels never promote a replica with priority 0. */
  readonly priority: number
  /** What the option `label` gave for it. */
  readonly label: string | undefined
}

/**
 * A sentinel of a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface SentinelState {
  /** Its address. */
  readonly address: Address.Address
  /** Whether the client reaches it; undefined until the first attempt has ended. */
  readonly isReachable: boolean | undefined
  /** The configuration epoch of the group that it last reported; undefined before its first answer. */
  readonly epoch: number | undefined
  /**
   * Whether the client receives its events. False if its ACL denies SUBSCRIBE: then
   * the client asks it every 20 milliseconds. Undefined while that is unknown, or
   * while the client does not reach it.
   */
  readonly isSubscribed: boolean | undefined
  /** How old its messages are at most when they arrive, in milliseconds, from measured round trips; 0 if unknown. */
  readonly distanceMillis: number
}

/**
 * The write fence: writes wait, because a failover is in progress and writes that
 * the old primary acknowledges now would be lost.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fence {
  /** Since when, as milliseconds since the Unix epoch, by the Clock. */
  readonly since: number
  /** The address of the sentinel that reported the failover. */
  readonly from: string
  /** What it reported: an event of Sentinel such as `+selected-slave`, or what it answered. */
  readonly sign: string
  /** The replica that the sentinels promote, once it is known. */
  readonly candidate: Address.Address | undefined
}

/**
 * What the client knows of a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  /** The name of the group. */
  readonly group: string
  /**
   * The primary, verified by asking the node for its role; undefined while none is
   * known. If the node refuses the credentials, or denies both ROLE and INFO, it is the
   * primary that the sentinels report.
   */
  readonly primary: Address.Address | undefined
  /**
   * The configuration epoch of that primary, as the sentinels number it. It grows
   * with each failover, and starts again from 0 where the sentinels lose their
   * configuration. 0 if unknown.
   */
  readonly epoch: number
  /** Whether no sentinel has reported the primary yet (`follow: "promotion"`). */
  readonly isProvisional: boolean
  /** The replicas that the sentinels list. */
  readonly replicas: ReadonlyArray<Replica>
  /** The sentinels of the group, in the order of their addresses. */
  readonly sentinels: ReadonlyArray<SentinelState>
  /** Why writes wait; undefined while they do not. */
  readonly fence: Fence | undefined
  /** Whether the client reaches fewer than a majority of the sentinels. */
  readonly isIsolated: boolean
  /** The last change of this state; undefined before the first. */
  readonly lastChange: {
    /** When, as milliseconds since the Unix epoch, by the Clock. */
    readonly at: number
    /** What changed, in words. */
    readonly what: string
    /** The address of the sentinel or node that caused the change, or `the client`. */
    readonly from: string
  } | undefined
}

/**
 * What a sentinel published about a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface Event {
  /** When it arrived, as milliseconds since the Unix epoch, by the Clock. */
  readonly at: number
  /** The address of the sentinel that published it. */
  readonly from: string
  /** Its name, such as `+sdown`, `+selected-slave` or `+switch-master`. */
  readonly name: string
  /** Its text as the sentinel published it. It has addresses and names, and no secret. */
  readonly detail: string
  /**
   * What it is about: a node or a sentinel, for `+switch-master` the new primary; undefined for `+new-epoch`, `+tilt`
   * and `-tilt`.
   */
  readonly subject: Address.Address | undefined
}

/**
 * Observes the state of a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface Topology {
  /**
   * The state now. The first use waits until the sentinels were asked, and at most 500
   * milliseconds longer for a node to confirm that it is the primary.
   */
  readonly current: Effect.Effect<State>
  /**
   * The state now, and then the state after each change: of the primary, the epoch,
   * the fence, the health of a replica, the reachability of a sentinel. A change of
   * a replica's offset alone gives no element. A slow subscriber misses states in
   * between, but always gets the latest one.
   */
  readonly changes: Stream.Stream<State>
  /**
   * What the sentinels publish about the group from now on, and their `+new-epoch`, `+tilt` and `-tilt`, which name no
   * group. Each sentinel publishes for itself, so most events come several times. An event changes nothing by itself:
   * `changes` gives what the client makes of it. A sentinel that denies SUBSCRIBE gives none, and none come that were
   * published while a sentinel was unreachable. A subscriber that is more than 256 events behind loses the oldest.
   *
   * **Example** (The events of a failover)
   *
   * ```ts
   * import { Effect, Stream } from "effect"
   * import { Sentinel } from "effect-redis-sentinel"
   *
   * export const program = Effect.gen(function*() {
   *   const sentinel = yield* Sentinel.Sentinel
   *   const topology = yield* sentinel.topology("mymaster")
   *   yield* Stream.runForEach(topology.events, ({ detail, from, name }) => Effect.log(`${from}: ${name} ${detail}`))
   * }).pipe(Effect.scoped)
   * ```
   */
  readonly events: Stream.Stream<Event>
}

/**
 * How the client follows a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The write fence: how long writes wait at most while the sentinels carry out a
   * failover. Writes that the old primary acknowledges after a replica was selected
   * are lost. Reads do not wait.
   * `"0 millis"` turns the fence off, `"Infinity"` sets no limit. Default 10 seconds.
   */
  readonly maxWriteHold?: TimeoutInput | undefined
  /**
   * When the client moves to a new primary:
   *
   * - `"sentinels"`: when a sentinel reports it
   * - `"promotion"`: when the selected replica itself says that it is a primary,
   *   about a second earlier. If the sentinel that leads the failover dies before it
   *   has told the others, they undo the promotion, and the writes since are lost.
   *
   * Default `"sentinels"`.
   */
  readonly follow?: "sentinels" | "promotion" | undefined
  /**
   * What happens to writes while the client reaches fewer than a majority of the
   * known sentinels, and might not notice a failover: `"allow"` sends them,
   * `"hold"` makes them wait for a majority until their deadline, `"fail"` fails
   * them with `SentinelsIsolated`. Default `"allow"`.
   */
  readonly whenIsolated?: "allow" | "hold" | "fail" | undefined
  /**
   * What happens where a sentinel is so far away (a round trip of more than 85
   * milliseconds) that its report of a failover may arrive after replies of the old
   * primary that are lost: `"withhold"` delays the results of writes until that
   * report would have arrived; `"believe"` gives them at once, and a failover may
   * lose writes that were acknowledged meanwhile. Default `"withhold"`.
   */
  readonly whenFar?: "withhold" | "believe" | undefined
  /** Gives a replica a label, such as its zone, for the option `replicaSelection`. Default: no labels. */
  readonly label?: ((replica: Omit<Replica, "label">) => string | undefined) | undefined
}
