/**
 * Runs a handler for each element of a queue: so many at a time, again where it fails, and to its end where the worker
 * stops. What was processed is settled also then.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Metric from "effect/Metric"
import * as Semaphore from "effect/Semaphore"
import type { PrimaryClient } from "../../Client.ts"
import type { RedisError } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import { lastCommandsMillis, silence } from "../client/silence.ts"
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

/** What is due to an element once its handler has ended. */
type Settlement<R> = Effect.Effect<unknown, RedisError, R>

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
    const settlements = yield* FiberSet.make<unknown, RedisError>()
    // What was processed is settled before the worker leaves.
    yield* Effect.addFinalizer(() => settle(options.redis, queue, settlements))
    const handlers = yield* FiberSet.make<unknown>()
    let isStopping = false
    // What runs may end before that.
    yield* Effect.addFinalizer(() =>
      Effect.andThen(
        Effect.timeoutOption(FiberSet.awaitEmpty(handlers), stopTimeout),
        Effect.sync(() => void (isStopping = true))
      )
    )
    const slots = Semaphore.makeUnsafe(concurrency)

    const acknowledge = (taken: Taken, value: A): Settlement<R> =>
      Effect.matchEffect(worker.persist(taken.ack), {
        onSuccess: (had) => had ? Effect.void : tell({ _tag: "TakenOver", value }),
        onFailure: (error) =>
          error._tag === "AmbiguousOutcome" ? tell({ _tag: "Unacknowledged", value, error }) : Effect.fail(error)
      })

    /** Runs the handler, which alone is interrupted, and gives what is due to the element then. */
    const handle = (
      taken: Taken,
      restore: <B, E, R2>(effect: Effect.Effect<B, E, R2>) => Effect.Effect<B, E, R2>
    ): Effect.Effect<Settlement<R>, never, R> =>
      Effect.gen(function*() {
        const delivery = deliveryOf(taken)
        if (delivery._tag === "Unreadable") {
          yield* restore(tell({ _tag: "Unreadable", value: delivery.value, issue: delivery.issue }))
          return Effect.andThen(
            worker.persist(taken.reject(`Unreadable: ${delivery.issue}`)),
            Effect.logWarning(`${queue}: an element is a dead letter: ${delivery.issue}`)
          )
        }
        const { value } = delivery
        if (delivery.isRedelivered) yield* restore(tell({ _tag: "Redelivered", value }))
        const handling = withRetry(running<unknown, R>(() => handler(value, delivery)), retry, {
          onFailure: Metric.update(Metrics.queueElementsOf.failed, 1),
          onRetry: (cause, failures) => tell({ _tag: "Retried", value, failures, reason: failureReason(cause), cause })
        })
        const exit = yield* Effect.exit(restore(processing(handling, key, { destination: key })))
        if (Exit.isSuccess(exit)) return acknowledge(taken, value)
        const { cause } = exit
        // The worker puts it back when it leaves.
        if (isStopping && Cause.hasInterrupts(cause)) return Effect.void
        // A handler that interrupts itself has not failed.
        if (Cause.hasInterruptsOnly(cause)) return worker.persist(taken.giveBack)
        const reason = failureReason(cause)
        return Effect.gen(function*() {
          yield* worker.persist(taken.reject(reason))
          yield* Effect.logWarning(
            `${queue}: the handler failed, and the element is a dead letter: ${failureName(cause)}`
          )
          yield* tell({ _tag: "Rejected", value, reason, cause })
        })
      })

    const release = slots.release(1)
    const process = (taken: Taken): Effect.Effect<unknown, never, R> =>
      Effect.interruptible(
        Effect.uninterruptibleMask((restore) =>
          Effect.matchCauseEffect(handle(taken, restore), {
            onSuccess: (settlement) =>
              FiberSet.run(
                settlements,
                Effect.onExit(
                  Effect.catchIf(
                    Effect.interruptible(settlement),
                    (error) => error._tag === "AmbiguousOutcome" || error._tag === "ClientClosed",
                    // It comes again, from the list of this worker.
                    () => Effect.void
                  ),
                  () => release
                )
              ),
            onFailure: (cause) => Effect.andThen(release, Effect.failCause(cause))
          })
        )
      )

    const step = Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        yield* restore(slots.take(1))
        const taken = yield* Effect.onError(restore(worker.next), () => release)
        yield* FiberSet.run(handlers, process(taken))
      })
    )
    return yield* Effect.raceAllFirst([
      Effect.forever(step),
      FiberSet.join(handlers) as Effect.Effect<never>,
      FiberSet.join(settlements) as Effect.Effect<never, RedisError>
    ])
  }))

/** Waits until what was processed is acknowledged, moved or given back, while a server answers, but not for long. */
const settle = (
  redis: PrimaryClient,
  queue: string,
  settlements: FiberSet.FiberSet<unknown, RedisError>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    if ((yield* FiberSet.size(settlements)) === 0) return
    yield* Effect.timeoutOption(
      Effect.raceFirst(FiberSet.awaitEmpty(settlements), silence(redis)),
      lastCommandsMillis
    )
    const count = yield* FiberSet.size(settlements)
    if (count === 0) return
    yield* Effect.logWarning(
      `${queue}: a worker has stopped before the server had answered for ${count} element(s) that it had processed; they may come again, as redelivered`
    )
  })
