/**
 * The handler of a consumer at work on one entry: how often it runs, and in which span. When it runs, and what becomes of
 * the entry afterwards, is decided in consumer.ts.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { running, withRetry } from "../common/handlers.ts"
import { processing } from "../telemetry/spans.ts"
import { type Events, type Retried, withCause } from "./consumerEvents.ts"
import type { ConsumedEntry, ConsumerSettings } from "./consumerOptions.ts"
import { reasonOf } from "./deadLetters.ts"
import type { Delivery } from "./deliveries.ts"

/** What is run for each entry. */
export type Handler<T, E, R> = (entry: ConsumedEntry<T>, delivery: Delivery) => Effect.Effect<unknown, E, R>

/** Whether anybody sees spans. Nobody does with the tracer that Effect has by itself, and a span costs more than an entry. */
export const isTraced = (context: Context.Context<never>): boolean =>
  Context.get(context, References.TracerEnabled) && Context.get(context, Tracer.Tracer) !== Tracer.nativeTracer

/** What a handler works with. */
interface Surroundings {
  /** The stream in words. */
  readonly stream: string
  /** The stream and the group in words. */
  readonly label: string
  readonly settings: ConsumerSettings
  readonly events: Events
  /** Whether each handler has a span. */
  readonly isTraced: boolean
}

/** Gives the handler on one entry, with its repetitions. */
export const handlingOf = <T, E, R>(
  { events, isTraced, label, settings, stream }: Surroundings,
  handler: Handler<T, E, R>
): (delivery: Delivery, value: T) => Effect.Effect<unknown, E, R> => {
  const attemptOf = (delivery: Delivery, value: T): Effect.Effect<unknown, E, R> =>
    running(() => handler({ _tag: "Entry", id: delivery.id, value, deliveries: delivery.deliveries }, delivery))

  const { retry } = settings
  const handlingOne = retry === undefined
    ? attemptOf
    : (delivery: Delivery, value: T) =>
      withRetry(attemptOf(delivery, value), retry, {
        onRetry: (cause, failures) =>
          Effect.sync(() =>
            events.tell(
              withCause<Retried>(
                { _tag: "Retried", id: delivery.id, failures, reason: reasonOf(settings, cause) },
                cause
              )
            )
          )
      })
  return !isTraced ?
    handlingOne :
    (delivery, value) =>
      processing(handlingOne(delivery, value), label, {
        destination: stream,
        more: {
          "messaging.consumer.group.name": settings.group,
          "messaging.client.id": settings.consumer,
          "messaging.message.id": delivery.id
        }
      })
}
