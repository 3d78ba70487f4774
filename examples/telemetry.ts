/**
 * A shop whose orders go on through a failover, with spans and metrics that Effect's own exporter sends to an
 * OpenTelemetry collector: each order is a span, and its commands are children of it.
 *
 *   OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 node examples/telemetry.ts
 */
import { Effect, Layer, Schedule } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp } from "effect/observability"
import { commands, RedisClient, Telemetry } from "../src/index.ts"
import { runAsProgram } from "./setting.ts"

/** Sends spans, metrics and logs to a collector. The library needs nothing but the tracer in it. */
export const exportTo = (baseUrl: string) =>
  Otlp.layerJson({
    baseUrl,
    resource: { serviceName: "shop", serviceVersion: "1.0.0" },
    loggerMergeWithExisting: false
  }).pipe(Layer.provide(FetchHttpClient.layer))

/** Keys are shown in the spans, values never are; and there are no spans of PING. */
const telemetry = Layer.mergeAll(
  Layer.succeed(Telemetry.SetAttributes, { "db.query.text": "keys" }),
  Layer.succeed(Telemetry.TracedOperations, ({ name }) => name !== "PING")
)

export const example = (interlude: Effect.Effect<void>) =>
  Effect.gen(function*() {
    const redis = yield* RedisClient.RedisClient
    yield* redis.set("shop:stock", 10_000)
    let orders = 0
    const order = Effect.gen(function*() {
      const id = yield* redis.incr("shop:orders")
      const stock = yield* redis.decr("shop:stock")
      yield* redis.ping()
      yield* redis.pipeline([
        commands.hset(`shop:order:${id}`, { customer: "a name that no span shows" }),
        commands.expire(`shop:order:${id}`, "1 hour")
      ])
      yield* Effect.annotateCurrentSpan("shop.stock", stock)
      orders++
    }).pipe(Effect.withSpan("order"))
    yield* Effect.raceFirst(
      Effect.repeat(order, Schedule.spaced("20 millis")),
      Effect.sleep("200 millis").pipe(Effect.andThen(interlude), Effect.andThen(Effect.sleep("200 millis")))
    )
    return { orders }
  }).pipe(Effect.provide(telemetry))

const endpoint = process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? "http://localhost:4318"
runAsProgram(import.meta.main, (interlude) => Effect.provide(example(interlude), exportTo(endpoint)))
