/**
 * What the client tells OpenTelemetry of its operations: which of them have a span, which
 * are measured, and with which attributes. The names are those of OpenTelemetry's semantic
 * conventions for database clients and for Redis.
 *
 * The metrics are in Metrics.ts. How spans are made is in internal/telemetry/.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Command from "./Command.ts"

/**
 * An operation that may have a span: a command, a pipeline or a transaction.
 *
 * @since 0.1.0
 * @category models
 */
export interface Operation {
  /**
   * The name of the span, `db.operation.name`: `GET`, `CONFIG GET`, `PIPELINE`, `MULTI`; or, if
   * all commands are the same, `PIPELINE GET` and `MULTI SET`. A pipeline or a transaction of
   * one command has the name of that command.
   */
  readonly name: string
  /** What it is. */
  readonly kind: "command" | "pipeline" | "transaction"
  /** Its commands: one, except for a pipeline or a transaction. */
  readonly commands: ReadonlyArray<Command.Any>
  /** Whether it runs within a span, whose child its own span is. */
  readonly hasParent: boolean
}

/**
 * Which attributes the client sets, by their names. Those that are absent keep their
 * defaults. `db.system.name`, `db.operation.name`, `db.operation.batch.size`,
 * `db.response.status_code` and `error.type` are always set where they apply.
 *
 * @since 0.1.0
 * @category models
 */
export interface Attributes {
  /** The number of the database that the client was made with. Default true. */
  readonly "db.namespace"?: boolean | undefined
  /**
   * The words of the command, with `?` in the place of each argument: `SET ? ?`. With
   * `"keys"`, keys are shown, cut after 64 characters: `SET user:1 ?`. Only in spans, never
   * in metrics. Default false.
   */
  readonly "db.query.text"?: boolean | "keys" | undefined
  /** The name of a script or a function; the SHA-1 of a script without a name. Default true. */
  readonly "db.stored_procedure.name"?: boolean | undefined
  /** The node that answered last, with `network.peer.port`. Default true. */
  readonly "network.peer.address"?: boolean | undefined
  /** What the client was made for, with `server.port`: the host of the server, or the name of the group. Default true. */
  readonly "server.address"?: boolean | undefined
}

/** The default of both predicates. @internal */
export const allOperations = (_operation: Operation): boolean => true

/** The default of `Attributes`. @internal */
export const defaultAttributes: Attributes = {}

/**
 * Which operations have a span. It counts only where the application has a tracer: without
 * one the client makes no spans. It is read where an operation runs, and, if it is not given
 * there, where the client was made. A predicate that throws counts as false. Default: all.
 *
 * **Example** (No spans of PING, and none outside of a request)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Telemetry } from "effect-redis-sentinel"
 *
 * export const fewerSpans = Layer.succeed(
 *   Telemetry.TracedOperations,
 *   ({ hasParent, name }) => hasParent && name !== "PING"
 * )
 * ```
 *
 * @since 0.1.0
 * @category references
 */
export const TracedOperations: Context.Reference<(operation: Operation) => boolean> = Context.Reference(
  "effect-redis-sentinel/Telemetry/TracedOperations",
  { defaultValue: () => allOperations }
)

/**
 * Of which operations the duration is measured (`Metrics.operationDuration`), where the
 * application has a tracer, or with `MeasuredWithoutTracer`. It is read where an operation
 * runs, and, if it is not given there, where the client was made. A predicate that throws
 * counts as false. Default: all.
 *
 * @since 0.1.0
 * @category references
 */
export const MeasuredOperations: Context.Reference<(operation: Operation) => boolean> = Context.Reference(
  "effect-redis-sentinel/Telemetry/MeasuredOperations",
  { defaultValue: () => allOperations }
)

/**
 * Whether durations are measured in an application without a tracer, too: of an application
 * that exports metrics alone. The client cannot know whether somebody reads its metrics. It is
 * read where the client is made. Default false.
 *
 * **Example** (Durations for Prometheus, without a tracer)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { RedisClient, Telemetry } from "effect-redis-sentinel"
 *
 * export const live = RedisClient.layer({ address: "localhost" }).pipe(
 *   Layer.provide(Layer.succeed(Telemetry.MeasuredWithoutTracer, true))
 * )
 * ```
 *
 * @since 0.1.0
 * @category references
 */
export const MeasuredWithoutTracer: Context.Reference<boolean> = Context.Reference(
  "effect-redis-sentinel/Telemetry/MeasuredWithoutTracer",
  { defaultValue: () => false }
)

/**
 * Which attributes spans and durations have. It is read where an operation runs, and, if it
 * is not given there, where the client was made. Default: all but `db.query.text`.
 *
 * **Example** (The text of the commands, for one part of a program)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient, Telemetry } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   yield* redis.hset("user:1", { name: "Ada" }) // HSET user:1 ? ?
 * }).pipe(Effect.provideService(Telemetry.SetAttributes, { "db.query.text": "keys" }))
 * ```
 *
 * @since 0.1.0
 * @category references
 */
export const SetAttributes: Context.Reference<Attributes> = Context.Reference(
  "effect-redis-sentinel/Telemetry/SetAttributes",
  { defaultValue: () => defaultAttributes }
)
