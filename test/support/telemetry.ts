/**
 * Records the spans of a program, and has the names that OpenTelemetry's conventions
 * know, written from their text.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Tracer from "effect/Tracer"

/**
 * The attributes of spans of clients of Redis, and whether they are text or whole numbers.
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/db/redis/
 */
export const spanAttributes: Readonly<Record<string, "string" | "int">> = {
  "db.namespace": "string",
  "db.operation.batch.size": "int",
  "db.operation.name": "string",
  "db.query.text": "string",
  "db.response.status_code": "string",
  "db.stored_procedure.name": "string",
  "db.system.name": "string",
  "error.type": "string",
  "network.peer.address": "string",
  "network.peer.port": "int",
  "server.address": "string",
  "server.port": "int"
}

/** Those that the conventions require of each span. */
export const requiredAttributes = ["db.system.name", "db.operation.name"]

/**
 * The attributes of `db.client.operation.duration` by the conventions.
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/db/database-metrics/
 */
export const durationAttributes: ReadonlySet<string> = new Set([
  "db.namespace",
  "db.operation.name",
  "db.response.status_code",
  "db.stored_procedure.name",
  "db.system.name",
  "error.type",
  "network.peer.address",
  "network.peer.port",
  "server.address",
  "server.port"
])

/** A tracer that keeps its spans. */
export class Recorder {
  readonly spans: Array<Tracer.NativeSpan> = []
  readonly tracer: Tracer.Tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      this.spans.push(span)
      return span
    }
  })

  /** Records the spans of an effect. */
  readonly during = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.provideService(effect, Tracer.Tracer, this.tracer)

  get names(): ReadonlyArray<string> {
    return this.spans.map((span) => span.name)
  }

  named(name: string): ReadonlyArray<Tracer.NativeSpan> {
    return this.spans.filter((span) => span.name === name)
  }

  /** The attributes of the only span of a name. */
  attributesOf(name: string): Record<string, unknown> {
    const spans = this.named(name)
    assert.strictEqual(spans.length, 1, `spans named ${name} among ${this.names.join(", ")}`)
    return attributesOf(spans[0]!)
  }

  /** The names of the events of the only span of a name. */
  eventsOf(name: string): ReadonlyArray<readonly [name: string, attributes: Record<string, unknown>]> {
    this.attributesOf(name)
    return this.named(name)[0]!.events.map(([event, , attributes]) => [event, attributes] as const)
  }
}

export const attributesOf = (span: Tracer.NativeSpan): Record<string, unknown> => Object.fromEntries(span.attributes)

/** Asserts that a span of a client is as the conventions want it. */
export const assertConventional = (span: Tracer.NativeSpan): void => {
  const attributes = attributesOf(span)
  assert.strictEqual(span.kind, "client")
  assert.strictEqual(span.status._tag, "Ended", `${span.name} has ended`)
  for (const name of requiredAttributes) assert.property(attributes, name)
  assert.strictEqual(attributes["db.system.name"], "redis")
  // As the conventions have it, without the namespace, which is a number.
  assert.strictEqual(span.name, attributes["db.operation.name"])
  for (const [name, value] of Object.entries(attributes)) {
    const type = spanAttributes[name]
    assert.isDefined(type, `${name} is no attribute of the conventions`)
    if (type === "string") assert.isString(value, name)
    else assert.isTrue(Number.isInteger(value), `${name} is a whole number`)
  }
  assert.notStrictEqual(attributes["db.operation.batch.size"], 1)
  if ("db.response.status_code" in attributes) {
    assert.strictEqual(attributes["error.type"], attributes["db.response.status_code"])
  }
  if ("network.peer.port" in attributes) assert.property(attributes, "network.peer.address")
  if ("server.port" in attributes) assert.property(attributes, "server.address")
}

/** Gives an effect metrics of its own, and a way to read them: those of a name, or of all that begin with a text and a dot. */
export const withMetrics = <A, E, R>(
  effect: (read: (id: string) => ReadonlyArray<Metric.Metric.Snapshot>) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const registry: Metric.MetricRegistry = new Map()
    const read = (id: string): ReadonlyArray<Metric.Metric.Snapshot> =>
      Effect.runSync(Effect.provideService(Metric.snapshot, Metric.MetricRegistry, registry))
        .filter((snapshot) => snapshot.id === id || (id.endsWith(".") && snapshot.id.startsWith(id)))
    return Effect.provideService(effect(read), Metric.MetricRegistry, registry)
  })

/**
 * The attributes of the span of a handler.
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
const processAttributes: ReadonlySet<string> = new Set([
  "error.type",
  "messaging.client.id",
  "messaging.consumer.group.name",
  "messaging.destination.name",
  "messaging.message.id",
  "messaging.operation.name",
  "messaging.operation.type",
  "messaging.system"
])

/** Asserts that the span of a handler is as the conventions for messaging want it. */
export const assertProcesses = (span: Tracer.NativeSpan, destination: string): void => {
  const attributes = attributesOf(span)
  assert.strictEqual(span.kind, "consumer")
  assert.strictEqual(span.status._tag, "Ended")
  assert.include(attributes, {
    "messaging.system": "redis",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": destination
  })
  for (const name in attributes) assert.isTrue(processAttributes.has(name), name)
}
