/**
 * Telemetry: what must not compile, and, beside it, what must. Each `@ts-expect-error` says what the compiler's error must
 * contain, as in options.ts.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import { type Errors, Metrics, RedisClient, Telemetry } from "../../src/index.ts"

declare const redis: RedisClient.RedisClient["Service"]

export const right = [
  Layer.succeed(
    Telemetry.TracedOperations,
    ({ hasParent, kind, name }) => hasParent && kind !== "pipeline" && name !== ""
  ),
  Layer.succeed(Telemetry.MeasuredOperations, ({ commands }) => commands.some(({ spec }) => spec.mode === "write")),
  Layer.succeed(Telemetry.MeasuredWithoutTracer, true),
  Layer.succeed(Telemetry.SetAttributes, { "db.query.text": "keys", "network.peer.address": undefined })
]
/** A reference has a default: what runs with it needs nothing. */
export const provided: Effect.Effect<string | null, Errors.RedisError> = redis.get("k").pipe(
  Effect.provideService(Telemetry.SetAttributes, { "db.query.text": true }),
  Effect.provideService(Telemetry.TracedOperations, () => false)
)
export const client: Layer.Layer<RedisClient.RedisClient, Errors.InvalidOption> = RedisClient.layer().pipe(
  Layer.provide(Layer.succeed(Telemetry.MeasuredWithoutTracer, true))
)
export const read: Effect.Effect<Metric.HistogramState> = Metric.value(Metrics.operationDuration)
export const pool: Effect.Effect<Metric.CounterState<number>> = Metric.value(Metrics.poolOf("mymaster/0").used)

// @ts-expect-error: boolean
export const e1 = Layer.succeed(Telemetry.TracedOperations, ({ name }) => name)
// @ts-expect-error: kin
export const e2 = Layer.succeed(Telemetry.MeasuredOperations, ({ kin }) => kin === "command")
// @ts-expect-error: "batch"
export const e3 = Layer.succeed(Telemetry.TracedOperations, ({ kind }) => kind === "batch")
// @ts-expect-error: "values"
export const e4 = Layer.succeed(Telemetry.SetAttributes, { "db.query.text": "values" })
// @ts-expect-error: db.statement
export const e5 = Layer.succeed(Telemetry.SetAttributes, { "db.statement": true })
// @ts-expect-error: boolean
export const e6 = Layer.succeed(Telemetry.MeasuredWithoutTracer, "yes")
// @ts-expect-error: read-only
export const e7 = Layer.succeed(Telemetry.TracedOperations, (operation) => (operation.name = "GET") === "GET")
// @ts-expect-error: string
export const e8 = Metrics.poolOf(5)
