/**
 * Runs a handler for each element of a queue: so many at a time, again where it fails, and to its end where the worker
 * stops.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Metric from "effect/Metric"
import * as Semaphore from "effect/Semaphore"
import type { RedisError } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import { failureName, failureReason, type Retry, running, withRetry } from "../common/handlers.ts"
import { processing } from "../telemetry/spans.ts"
import type { Delivery, Event, UnreadableDelivery } from "./types.ts"
import { makeWorker, type Taken, type WorkerOptions } from "./worker.ts"

/** What is done with the elements, checked. */
export interface Consumption<A, R> {
  readonly deliveryOf: (taken: Taken) => Delivery<A> | UnreadableDelivery
  readonly handler: (value: A, delivery: Delivery<A>) => Effect.Effect<unknown, unknown, R>
  readonly concurrency: number
  readonly retry: Retry | undefined
  readonly stopTimeout: Duration.Duration
  readonly onEvent: ((event: Event<A>) => Effect.Effect<unknown, never, R>) | undefined
}

/** Processes elements until it is interrupted, or until an error that no attempt can change. */
export const consumeWith = <A, R>(
  options: WorkerOptions,
  { concurrency, deliveryOf, handler, onEvent, retry, stopTimeout }: Consumption<A, R>
): Effect.Effect<never, RedisError, R> =>
  Effect.scoped(Effect.gen(function*() {
    const key = `${options.keys.waiting}`
    const queue = `${options.redis.target}: the queue ${key}`
    const context = yield* Effect.context<R>()
    const tell = (event: Event<A>): Effect.Effect<unknown, never, R> =>
      onEvent === undefined ? Effect.void : Effect.catchCause(
        Effect.suspend(() => onEvent(event)),
        (cause) =>
          Cause.hasInterrupts(cause)
            ? Effect.failCause(cause)
            : Effect.logWarning(`${queue}: onEvent failed for ${event._tag}`)
      )
    const worker = yield* makeWorker(
      options,
      (value, deliveries) => Effect.provideContext(tell({ _tag: "Exhausted", value, deliveries }), context)
    )
    const fibers = yield* FiberSet.make<unknown, RedisError>()
    // What runs may end before the worker leaves.
    yield* Effect.addFinalizer(() => Effect.timeoutOption(FiberSet.awaitEmpty(fibers), stopTimeout))
    const slots = Semaphore.makeUnsafe(concurrency)

    const acknowledge = (delivery: Delivery<A>): Effect.Effect<unknown, RedisError, R> =>
      Effect.matchEffect(worker.persist(delivery.ack), {
        onSuccess: (had) => had ? Effect.void : tell({ _tag: "TakenOver", value: delivery.value }),
        onFailure: (error) =>
          error._tag === "AmbiguousOutcome"
            ? tell({ _tag: "Unacknowledged", value: delivery.value, error })
            : Effect.fail(error)
      })

    const process = (taken: Taken): Effect.Effect<unknown, RedisError, R> =>
      Effect.gen(function*() {
        const delivery = deliveryOf(taken)
        if (delivery._tag === "Unreadable") {
          yield* tell({ _tag: "Unreadable", value: delivery.value, issue: delivery.issue })
          yield* worker.persist(taken.reject(`Unreadable: ${delivery.issue}`))
          return yield* Effect.logWarning(`${queue}: an element is a dead letter: ${delivery.issue}`)
        }
        const { value } = delivery
        if (delivery.isRedelivered) yield* tell({ _tag: "Redelivered", value })
        const handling = withRetry(running<unknown, R>(() => handler(value, delivery)), retry, {
          onFailure: Metric.update(Metrics.queueElementsOf.failed, 1),
          onRetry: (cause, failures) => tell({ _tag: "Retried", value, failures, reason: failureReason(cause), cause })
        })
        const exit = yield* Effect.exit(processing(handling, key, { destination: key }))
        if (Exit.isSuccess(exit)) return yield* acknowledge(delivery)
        const { cause } = exit
        // A handler that interrupts itself has not failed.
        if (Cause.hasInterruptsOnly(cause)) return void (yield* worker.persist(delivery.giveBack))
        const reason = failureReason(cause)
        yield* worker.persist(taken.reject(reason))
        yield* Effect.logWarning(
          `${queue}: the handler failed, and the element is a dead letter: ${failureName(cause)}`
        )
        yield* tell({ _tag: "Rejected", value, reason, cause })
      })

    const step = Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        yield* restore(slots.take(1))
        const taken = yield* Effect.onError(restore(worker.next), () => slots.release(1))
        yield* FiberSet.run(
          fibers,
          Effect.onExit(
            Effect.catchIf(
              Effect.interruptible(process(taken)),
              (error) => error._tag === "AmbiguousOutcome" || error._tag === "ClientClosed",
              // It comes again, from the list of this worker.
              () => Effect.void
            ),
            () => slots.release(1)
          )
        )
      })
    )
    return yield* Effect.raceFirst(Effect.forever(step), FiberSet.join(fibers) as Effect.Effect<never, RedisError>)
  }))
