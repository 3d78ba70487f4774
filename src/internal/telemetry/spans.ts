/**
 * Spans: of an operation, made synchronously for the fiber that runs it, as `Effect.makeSpan`
 * does in an Effect; and of a handler that processes a message.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { failureName } from "../common/handlers.ts"

/** The nearest span around that wants to have children. */
export const parentOf = (span: Tracer.AnySpan | undefined): Tracer.AnySpan | undefined => {
  while (span !== undefined && Context.get(span.annotations, Tracer.DisablePropagation)) {
    span = span._tag === "Span" ? Option.getOrUndefined(span.parent) : undefined
  }
  return span
}

/** A span of the kind client that begins now. `startTime` is 0 where the application has switched times off. */
export const makeSpan = (
  fiber: Fiber.Fiber<unknown, unknown>,
  tracer: Tracer.Tracer,
  name: string,
  parent: Tracer.AnySpan | undefined,
  startTime: bigint
): Tracer.Span => {
  const span = tracer.span({
    name,
    parent: Option.fromUndefinedOr(parent),
    annotations: Context.empty(),
    links: fiber.getRef(References.TracerSpanLinks).slice(),
    startTime,
    kind: "client",
    root: false,
    sampled: parent?.sampled !== false &&
      !LogLevel.isGreaterThan(fiber.getRef(Tracer.MinimumTraceLevel), fiber.getRef(Tracer.CurrentTraceLevel))
  })
  const annotations = fiber.getRef(References.TracerSpanAnnotations)
  for (const key in annotations) span.attribute(key, annotations[key])
  return span
}

/** What a handler processes, by OpenTelemetry's conventions for messaging. */
export interface Processed {
  /** The key of the stream or the queue. */
  readonly destination: string
  readonly more?: Readonly<Record<string, string>> | undefined
}

/** Messages of errors may contain secrets. A handler that is interrupted has not failed. */
const toldOf = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.annotateCurrentSpan("error.type", failureName(cause))

/** Gives a handler a span, which covers its repetitions. `label` is its name after `process`. */
export const processing = <A, E, R>(
  handler: Effect.Effect<A, E, R>,
  label: string,
  { destination, more }: Processed
): Effect.Effect<A, E, R> =>
  Effect.withSpan(Effect.tapCause(handler, toldOf), `process ${label}`, {
    kind: "consumer",
    // It would show the library alone.
    captureStackTrace: false,
    attributes: {
      "messaging.system": "redis",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": destination,
      ...more
    }
  }) as Effect.Effect<A, E, R>
