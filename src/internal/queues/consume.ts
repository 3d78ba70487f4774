/**
 * Runs a handler for each element of a queue: so many at a time, again where it fails, and to its end where the worker
 * stops.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Semaphore from "effect/Semaphore"
import type { RedisError } from "../../Errors.ts"
import { failureName, type Retry, retryOptions } from "../common/handlers.ts"
import type { Delivery, Event, UnreadableDelivery } from "./types.ts"
import { makeWorker, type Taken, type WorkerOptions } from "./worker.ts"

/** What is done with the elements, checked. */
export interface Consumption<A, E, R> {
  readonly deliveryOf: (taken: Taken) => Delivery<A> | UnreadableDelivery
  readonly handler: (value: A, delivery: Delivery<A>) => Effect.Effect<unknown, E, R>
  readonly concurrency: number
  readonly retry: Retry | undefined
  readonly stopTimeout: Duration.Duration
  readonly onEvent: ((event: Event<A>) => Effect.Effect<unknown, never, R>) | undefined
}

/** Processes elements until it is interrupted, or until an error that no attempt can change. */
export const consumeWith = <A, E, R>(
  options: WorkerOptions,
  { concurrency, deliveryOf, handler, onEvent, retry, stopTimeout }: Consumption<A, E, R>
): Effect.Effect<never, RedisError, R> =>
  Effect.scoped(Effect.gen(function*() {
    const worker = yield* makeWorker(options)
    const running = yield* FiberSet.make<unknown, RedisError>()
    // What runs may end before the worker leaves.
    yield* Effect.addFinalizer(() => Effect.timeoutOption(FiberSet.awaitEmpty(running), stopTimeout))
    const slots = Semaphore.makeUnsafe(concurrency)
    const queue = `${options.redis.target}: the queue ${options.keys.waiting}`
    const tell = (event: Event<A>): Effect.Effect<unknown, never, R> =>
      onEvent === undefined ? Effect.void : Effect.catchCause(
        Effect.suspend(() => onEvent(event)),
        (cause) =>
          Cause.hasInterrupts(cause)
            ? Effect.failCause(cause)
            : Effect.logWarning(`${queue}: onEvent failed for ${event._tag}`)
      )

    const acknowledge = (delivery: Delivery<A>): Effect.Effect<unknown, RedisError, R> =>
      Effect.matchEffect(worker.persist(delivery.ack), {
        onSuccess: (had) => had ? Effect.void : tell({ _tag: "TakenOver", value: delivery.value }),
        onFailure: (error) =>
          error._tag === "AmbiguousOutcome"
            ? tell({ _tag: "Unacknowledged", value: delivery.value, error })
            : Effect.fail(error)
      })

    const process = (delivery: Delivery<A> | UnreadableDelivery): Effect.Effect<unknown, RedisError, R> =>
      Effect.gen(function*() {
        if (delivery._tag === "Unreadable") {
          yield* tell({ _tag: "Unreadable", value: delivery.value, issue: delivery.issue })
          yield* worker.persist(delivery.reject)
          return yield* Effect.logWarning(`${queue}: an element is a dead letter: ${delivery.issue}`)
        }
        const { value } = delivery
        if (delivery.isRedelivered) yield* tell({ _tag: "Redelivered", value })
        const handling = Effect.suspend(() => handler(value, delivery))
        const exit = yield* Effect.exit(retry === undefined ? handling : Effect.retry(handling, retryOptions(retry)))
        if (Exit.isSuccess(exit)) return yield* acknowledge(delivery)
        // A handler that interrupts itself has not failed.
        if (Cause.hasInterruptsOnly(exit.cause)) return void (yield* worker.persist(delivery.giveBack))
        yield* worker.persist(delivery.reject)
        yield* Effect.logWarning(
          `${queue}: the handler failed, and the element is a dead letter: ${failureName(exit.cause)}`
        )
        yield* tell({ _tag: "Rejected", value, cause: exit.cause })
      })

    const step = Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        yield* restore(slots.take(1))
        const taken = yield* Effect.onError(restore(worker.next), () => slots.release(1))
        yield* FiberSet.run(
          running,
          Effect.onExit(
            Effect.catchIf(
              Effect.interruptible(process(deliveryOf(taken))),
              (error) => error._tag === "AmbiguousOutcome" || error._tag === "ClientClosed",
              // It comes again, from the list of this worker.
              () => Effect.void
            ),
            () => slots.release(1)
          )
        )
      })
    )
    return yield* Effect.raceFirst(Effect.forever(step), FiberSet.join(running) as Effect.Effect<never, RedisError>)
  }))
