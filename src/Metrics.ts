/**
 * The library's Effect metrics. Read them with `Metric.value`, or export them with
 * the exporter of the application.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"

/** Boundaries for durations, in milliseconds. */
const millis = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000]

/**
 * How often a group's primary moved, as this process saw it. The name of the metric
 * is `redis_client_failovers`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const failovers: Metric.Counter<number> = Metric.counter("redis_client_failovers", { incremental: true })

/**
 * How long the write fence was closed, in milliseconds: one observation for each
 * time. The name of the metric is `redis_client_fence_millis`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const fenceTime: Metric.Histogram<number> = Metric.histogram("redis_client_fence_millis", { boundaries: millis })

/**
 * How many writes waited before they were sent: for a failover, or because of
 * `whenIsolated: "hold"`. The name of the metric is `redis_client_held_writes`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const heldWrites: Metric.Counter<number> = Metric.counter("redis_client_held_writes", { incremental: true })

/**
 * How many commands the client sent again, because a connection was lost, a server
 * refused them, or a replica was late. The name of the metric is `redis_client_repeated_commands`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const repeatedCommands: Metric.Counter<number> = Metric.counter("redis_client_repeated_commands", {
  incremental: true
})

/**
 * How many writes failed with `AmbiguousOutcome`. The name of the metric is
 * `redis_client_ambiguous_writes`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const ambiguousWrites: Metric.Counter<number> = Metric.counter("redis_client_ambiguous_writes", {
  incremental: true
})

/**
 * How many elements `popStream` and interrupted commands (BLPOP, BZPOPMIN, ...) may have lost at most, because a
 * connection ended while the server waited for them. The name of the metric is `redis_client_maybe_lost_elements`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const maybeLostElements: Metric.Counter<number> = Metric.counter("redis_client_maybe_lost_elements", {
  incremental: true
})

/**
 * How many scripts and libraries of functions the client loaded, because a server did not
 * have them. The name of the metric is `redis_client_script_loads`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const scriptLoads: Metric.Counter<number> = Metric.counter("redis_client_script_loads", { incremental: true })

/**
 * What became of the elements of queues (`RedisQueue`), by the attribute `event`: see `queueElementsOf`. The name of the
 * metric is `redis_client_queue_elements`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const queueElements: Metric.Counter<number> = Metric.counter("redis_client_queue_elements", {
  incremental: true
})

/**
 * The counter of the elements of queues, for one value of the attribute `event` each.
 *
 * @since 0.1.0
 * @category metrics
 */
export const queueElementsOf = {
  /** Taken by a worker for the first time, as far as is known. */
  delivered: Metric.withAttributes(queueElements, { event: "delivered" }),
  /** Taken again: from a dead worker, or from what this one had kept. */
  redelivered: Metric.withAttributes(queueElements, { event: "redelivered" }),
  /** Acknowledged. */
  acknowledged: Metric.withAttributes(queueElements, { event: "acknowledged" }),
  /** A handler failed or died for one, each time that it ran. */
  failed: Metric.withAttributes(queueElements, { event: "failed" }),
  /** Put back by the worker. */
  returned: Metric.withAttributes(queueElements, { event: "returned" }),
  /** Moved to the dead letters. */
  dead: Metric.withAttributes(queueElements, { event: "dead" }),
  /** Finished by a worker that did not have them any more: they may be processed twice. */
  takenOver: Metric.withAttributes(queueElements, { event: "taken_over" })
} as const

/**
 * How many entries of streams were removed before `RedisStream` read them, as far as that is known. The name of the
 * metric is `redis_client_stream_missed_entries`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const missedEntries: Metric.Counter<number> = Metric.counter("redis_client_stream_missed_entries", {
  incremental: true
})

/**
 * How often a reader of `RedisStream` found a stream with another history than the one that it had read. The name of the
 * metric is `redis_client_stream_rewinds`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const streamRewinds: Metric.Counter<number> = Metric.counter("redis_client_stream_rewinds", {
  incremental: true
})

/**
 * What happened to credentials that rotate (`Credentials`), by the attribute `event`: see `credentialsOf`. The name of
 * the metric is `redis_client_credentials`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const credentials: Metric.Counter<number> = Metric.counter("redis_client_credentials", { incremental: true })

/**
 * The counter of what happened to credentials, for one value of the attribute `event` each.
 *
 * @since 0.1.0
 * @category metrics
 */
export const credentialsOf = {
  /** The source gave other credentials. */
  rotated: Metric.withAttributes(credentials, { event: "rotated" }),
  /** A server accepted them, for a new session or for a live one. */
  accepted: Metric.withAttributes(credentials, { event: "accepted" }),
  /** A server refused them. */
  refused: Metric.withAttributes(credentials, { event: "refused" }),
  /** The source failed, or gave something else. */
  unavailable: Metric.withAttributes(credentials, { event: "unavailable" })
} as const

/**
 * How long it took to find a primary or a replica and to connect to it, in
 * milliseconds. The name of the metric is `redis_client_discovery_millis`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const discoveryTime: Metric.Histogram<number> = Metric.histogram("redis_client_discovery_millis", {
  boundaries: millis
})

/** The boundaries that OpenTelemetry's conventions give for durations, in seconds. */
const seconds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

const durationOptions = { boundaries: seconds, description: "Duration of database client operations." }

/**
 * How long operations took, in seconds, over all attempts: `db.client.operation.duration` of
 * OpenTelemetry's conventions. A pipeline or a transaction is one operation; one that was
 * interrupted is not counted. It is measured where the application has a tracer, or with
 * `Telemetry.MeasuredWithoutTracer`. Its attributes are those of the spans (`Telemetry`).
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/db/database-metrics/
 *
 * @since 0.1.0
 * @category metrics
 */
export const operationDuration: Metric.Histogram<number> = Metric.histogram(
  "db.client.operation.duration",
  durationOptions
)

/** The durations of the operations with these attributes. @internal */
export const operationDurationOf = (attributes: Readonly<Record<string, string>>): Metric.Histogram<number> =>
  Metric.histogram("db.client.operation.duration", { ...durationOptions, attributes: { ...attributes, unit: "s" } })

/** A series of each metric of a pool, by the name of the pool. */
const pools = new Map<string, PoolMetrics>()

/** How many names of pools there are, beyond which a pool is one of the others: nodes come and go, and metrics stay. */
const mostPools = 1000
const otherPools = "_OTHER"

/**
 * The metrics of one pool of connections, by OpenTelemetry's conventions. Each has the
 * attribute `db.client.connection.pool.name`. Times are in seconds.
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/db/database-metrics/
 *
 * @since 0.1.0
 * @category models
 */
export interface PoolMetrics {
  /** `db.client.connection.count` with the state `idle`: reserved connections that nobody has. */
  readonly idle: Metric.Counter<number>
  /** The same with the state `used`: shared connections, and reserved ones that a caller has. */
  readonly used: Metric.Counter<number>
  /** `db.client.connection.max`: how many connections there may be, shared ones included. */
  readonly max: Metric.Counter<number>
  /** `db.client.connection.idle.max`: how many reserved connections may be idle. */
  readonly idleMax: Metric.Counter<number>
  /** `db.client.connection.idle.min`: how many reserved connections are kept (`minReserved`). */
  readonly idleMin: Metric.Counter<number>
  /** `db.client.connection.pending_requests`: callers that wait for a reserved connection. */
  readonly pendingRequests: Metric.Counter<number>
  /** `db.client.connection.timeouts`: callers that got none in time. */
  readonly timeouts: Metric.Counter<number>
  /** `db.client.connection.create_time`: how long it took to open a connection, and to find its node. */
  readonly createTime: Metric.Histogram<number>
  /** `db.client.connection.wait_time`: how long callers waited for a reserved connection. */
  readonly waitTime: Metric.Histogram<number>
  /** `db.client.connection.use_time`: how long callers had it. */
  readonly useTime: Metric.Histogram<number>
}

/**
 * The metrics of the pool of a client. Its name is the address of the server or the name of
 * the group, and the number of the database, as in `mymaster/0`; the replicas of a client
 * that reads from several have a pool each, `mymaster at 10.0.0.2:6379/0`. Clients with the
 * same name add to the same metrics. After 1,000 names, all others are `_OTHER`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const poolOf = (name: string): PoolMetrics => {
  const known = pools.get(name)
  if (known !== undefined) return known
  if (pools.size >= mostPools && name !== otherPools) return poolOf(otherPools)
  const of = (more: Readonly<Record<string, string>>) => ({ "db.client.connection.pool.name": name, ...more })
  const counter = (
    id: string,
    unit: string,
    description: string,
    more: Readonly<Record<string, string>> = {}
  ): Metric.Counter<number> =>
    Metric.counter(`db.client.connection.${id}`, { description, attributes: of({ unit, ...more }) })
  const time = (id: string, description: string): Metric.Histogram<number> =>
    Metric.histogram(`db.client.connection.${id}`, {
      description,
      boundaries: seconds,
      attributes: of({ unit: "s" })
    })
  const count = (state: string): Metric.Counter<number> =>
    counter("count", "{connection}", "The number of connections that are currently in the state.", {
      "db.client.connection.state": state
    })
  const metrics: PoolMetrics = {
    idle: count("idle"),
    used: count("used"),
    max: counter("max", "{connection}", "The maximum number of open connections allowed."),
    idleMax: counter("idle.max", "{connection}", "The maximum number of idle open connections allowed."),
    idleMin: counter("idle.min", "{connection}", "The minimum number of idle open connections allowed."),
    pendingRequests: counter("pending_requests", "{request}", "The number of callers that wait for a connection."),
    timeouts: Metric.counter("db.client.connection.timeouts", {
      description: "The number of callers that got no connection in time.",
      incremental: true,
      attributes: of({ unit: "{timeout}" })
    }),
    createTime: time("create_time", "The time it took to create a new connection."),
    waitTime: time("wait_time", "The time it took to obtain an open connection from the pool."),
    useTime: time("use_time", "The time between borrowing a connection and returning it to the pool.")
  }
  pools.set(name, metrics)
  return metrics
}

/**
 * How many connections are open, by the attribute `state`: `shared`, `reserved`,
 * `subscribed` or `sentinel` (see `connectionsOf`). The name of the metric is
 * `redis_client_connections`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connections: Metric.Gauge<number> = Metric.gauge("redis_client_connections")

/**
 * The gauge of open connections, for one value of the attribute `state` each.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connectionsOf = {
  /** Connections that the commands of all callers share. */
  shared: Metric.withAttributes(connections, { state: "shared" }),
  /** Reserved connections, those that are idle included. */
  reserved: Metric.withAttributes(connections, { state: "reserved" }),
  /** Connections of subscriptions. */
  subscribed: Metric.withAttributes(connections, { state: "subscribed" }),
  /** Connections to sentinels, on which the client listens to their events. */
  sentinel: Metric.withAttributes(connections, { state: "sentinel" })
} as const

/**
 * How many reserved connections are in use, by the attribute `use` (see
 * `connectionsInUseOf`). The name of the metric is `redis_client_connections_in_use`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connectionsInUse: Metric.Gauge<number> = Metric.gauge("redis_client_connections_in_use")

/**
 * How many reserved connections may be in use: the options `maxReserved` and
 * `maxBlocking`, summed over the nodes to which this process is connected. The name of the
 * metric is `redis_client_connection_limit`, its attribute `use`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connectionLimit: Metric.Gauge<number> = Metric.gauge("redis_client_connection_limit")

/**
 * How many callers had to wait, because all reserved connections for their use were taken.
 * The name of the metric is `redis_client_reservation_waits`, its attribute `use`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const reservationWaits: Metric.Counter<number> = Metric.counter("redis_client_reservation_waits", {
  incremental: true
})

const reserved = { use: "reserved" } as const
const blocking = { use: "blocking" } as const

/**
 * The gauge of reserved connections in use, for one value of the attribute `use` each.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connectionsInUseOf = {
  /** Of `redis.reserve`, `redis.watch` and `withReplicas` (option `maxReserved`). */
  reserved: Metric.withAttributes(connectionsInUse, reserved),
  /** Of commands that wait at the server (option `maxBlocking`). */
  blocking: Metric.withAttributes(connectionsInUse, blocking)
} as const

/**
 * The gauge of the limits, for one value of the attribute `use` each.
 *
 * @since 0.1.0
 * @category metrics
 */
export const connectionLimitOf = {
  /** The option `maxReserved`. */
  reserved: Metric.withAttributes(connectionLimit, reserved),
  /** The option `maxBlocking`. */
  blocking: Metric.withAttributes(connectionLimit, blocking)
} as const

/**
 * The counter of callers that had to wait, for one value of the attribute `use` each.
 *
 * @since 0.1.0
 * @category metrics
 */
export const reservationWaitsOf = {
  /** For a connection of `redis.reserve`, `redis.watch` or `withReplicas`. */
  reserved: Metric.withAttributes(reservationWaits, reserved),
  /** For a turn of a command that waits at the server. */
  blocking: Metric.withAttributes(reservationWaits, blocking)
} as const

/**
 * How many elements a server gave to commands that were interrupted at that moment (BLPOP,
 * BZPOPMIN, ...): nobody has them. The name of the metric is
 * `redis_client_interrupted_elements`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const interruptedElements: Metric.Counter<number> = Metric.counter("redis_client_interrupted_elements", {
  incremental: true
})

/**
 * How many messages of subscriptions the client dropped, because their readers were too
 * slow (`capacity`). The name of the metric is `redis_client_dropped_messages`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const droppedMessages: Metric.Counter<number> = Metric.counter("redis_client_dropped_messages", {
  incremental: true
})

/**
 * How many entries of a stream a group has not read, by the attributes `stream` and `group`, as a consumer of this
 * process last saw it. The name of the metric is `redis_consumer_lag`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const consumerLag: Metric.Gauge<number> = Metric.gauge("redis_consumer_lag")

/**
 * How many entries of a stream are pending for a group, by the attributes `stream` and `group`, as a consumer of this
 * process last saw it. The name of the metric is `redis_consumer_pending`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const consumerPending: Metric.Gauge<number> = Metric.gauge("redis_consumer_pending")

/**
 * How many entries the consumers of this process have processed, by the attributes `stream` and `group`. The name of the
 * metric is `redis_consumer_processed`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const consumerProcessed: Metric.Counter<number> = Metric.counter("redis_consumer_processed", {
  incremental: true
})

/**
 * How often handlers failed for all of their retries, and how many entries did not fit the schema, by the attributes
 * `stream` and `group`. The name of the metric is `redis_consumer_failed`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const consumerFailed: Metric.Counter<number> = Metric.counter("redis_consumer_failed", { incremental: true })

/**
 * How many entries the consumers of this process got that had been delivered before, by the attributes `stream` and
 * `group`. The name of the metric is `redis_consumer_redelivered`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const consumerRedelivered: Metric.Counter<number> = Metric.counter("redis_consumer_redelivered", {
  incremental: true
})

/**
 * How many entries the consumers of this process moved to the dead letters, by the attributes `stream` and `group`. The
 * name of the metric is `redis_consumer_dead`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const consumerDead: Metric.Counter<number> = Metric.counter("redis_consumer_dead", { incremental: true })

/**
 * The metrics of the consumers of one group of a stream.
 *
 * @since 0.1.0
 * @category metrics
 */
export const consumerOf = (stream: string, group: string) => {
  const of = <M extends Metric.Metric<any, any>>(metric: M): M => Metric.withAttributes(metric, { stream, group }) as M
  return {
    /** Entries that the group has not read. */
    lag: of(consumerLag),
    /** Entries that are pending. */
    pending: of(consumerPending),
    /** Entries that were processed. */
    processed: of(consumerProcessed),
    /** Entries for which the handler failed. */
    failed: of(consumerFailed),
    /** Entries that had been delivered before. */
    redelivered: of(consumerRedelivered),
    /** Entries that became dead letters. */
    dead: of(consumerDead)
  } as const
}
