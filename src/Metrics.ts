/**
 * What the library counts and times, as Effect metrics: read them with
 * `Metric.value`, or export them with whatever exports an application's own.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"

/** Boundaries for durations, in milliseconds. */
const millis = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000]

/**
 * How often a group's primary was seen to move.
 *
 * @since 0.1.0
 * @category metrics
 */
export const failovers: Metric.Counter<number> = Metric.counter("redis_client_failovers", { incremental: true })

/**
 * For how long writes waited for a failover, in milliseconds: one observation for each time.
 *
 * @since 0.1.0
 * @category metrics
 */
export const fenceTime: Metric.Histogram<number> = Metric.histogram("redis_client_fence_millis", { boundaries: millis })

/**
 * How many writes had to wait for a failover.
 *
 * @since 0.1.0
 * @category metrics
 */
export const held: Metric.Counter<number> = Metric.counter("redis_client_held_writes", { incremental: true })

/**
 * How many commands were sent again, because a connection was lost or a server refused them.
 *
 * @since 0.1.0
 * @category metrics
 */
export const repeated: Metric.Counter<number> = Metric.counter("redis_client_repeated_commands", { incremental: true })

/**
 * How many writes failed with `AmbiguousOutcome`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const ambiguous: Metric.Counter<number> = Metric.counter("redis_client_ambiguous_writes", { incremental: true })

/**
 * How long it took to find a primary or a replica and to connect to it, in milliseconds.
 *
 * @since 0.1.0
 * @category metrics
 */
export const discoveryTime: Metric.Histogram<number> = Metric.histogram("redis_client_discovery_millis", {
  boundaries: millis
})

/**
 * Connections that are open, by the attribute `state`: `shared`, `leased` (idle
 * reserved connections too), `subscribed`, and `sentinel` for those that hear a sentinel.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connections: Metric.Gauge<number> = Metric.gauge("redis_client_connections")

/**
 * The gauge of one state.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connectionsOf = {
  shared: Metric.withAttributes(connections, { state: "shared" }),
  leased: Metric.withAttributes(connections, { state: "leased" }),
  subscribed: Metric.withAttributes(connections, { state: "subscribed" }),
  sentinel: Metric.withAttributes(connections, { state: "sentinel" })
} as const
