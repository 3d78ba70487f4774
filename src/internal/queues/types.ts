/**
 * What a queue gives its users: deliveries, events, options. Types only; RedisQueue.ts exports them.
 */
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { DurationInput } from "../../commands/options.ts"
import type { AmbiguousOutcome, RedisError } from "../../Errors.ts"

/**
 * What may be done with a delivery, once. Each Effect gives `true` if this worker still had the element; `false` means
 * that another worker has taken it over, or that a failover has put it back, so that it may be processed twice. A second
 * run gives the outcome of the first.
 *
 * An Effect that fails with `AmbiguousOutcome` has ended the delivery: if it had no effect, the element comes again. With
 * another error it had no effect, and may be run again.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handling {
  /**
   * Whether the element was given before: to a worker that is dead, or that left before the server had answered what ends
   * the element, or to this one.
   */
  readonly isRedelivered: boolean
  /**
   * How often workers got the element, this time included: 1, and 1 more for each worker that died, or was silent for
   * `deadAfter`, while it had the element. The server keeps the count until the element is finished.
   */
  readonly deliveries: number
  /** Removes the element: it is processed. */
  readonly ack: Effect.Effect<boolean, RedisError>
  /**
   * Puts the element back, so that a worker takes it next. One with `isRedelivered` keeps that and its `deliveries`, and
   * waits until a worker looks for what dead ones have left, which each does three times within `deadAfter`.
   */
  readonly giveBack: Effect.Effect<boolean, RedisError>
  /** Moves the element to the dead letters. */
  readonly reject: Effect.Effect<boolean, RedisError>
}

/**
 * An element that this worker has until it is acknowledged.
 *
 * @since 0.1.0
 * @category models
 */
export interface Delivery<out A> extends Handling {
  /** Tells deliveries from the other items of the Stream. */
  readonly _tag: "Delivery"
  /** The element. */
  readonly value: A
}

/**
 * An element that does not fit the schema, or is no text. The worker has it until it is acknowledged or rejected.
 *
 * @since 0.1.0
 * @category models
 */
export interface UnreadableDelivery extends Handling {
  /** Tells these deliveries from the other items of the Stream. */
  readonly _tag: "Unreadable"
  /** The element as it is stored. */
  readonly value: Uint8Array
  /** What does not fit and where, without a part of the element. */
  readonly issue: string
}

/**
 * The element was given before: to a worker that is dead, or that left before the server had answered what ends the
 * element, or to this one. It is processed now.
 *
 * @since 0.1.0
 * @category models
 */
export interface Redelivered<out A> {
  /** Tells this event from the others. */
  readonly _tag: "Redelivered"
  /** The element. */
  readonly value: A
}

/**
 * The element was processed here, but this worker did not have it any more when it acknowledged it. Another worker
 * may process it, or have processed it.
 *
 * @since 0.1.0
 * @category models
 */
export interface TakenOver<out A> {
  /** Tells this event from the others. */
  readonly _tag: "TakenOver"
  /** The element. */
  readonly value: A
}

/**
 * The element was processed here, and the reply to the acknowledgement never came. It may come again.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unacknowledged<out A> {
  /** Tells this event from the others. */
  readonly _tag: "Unacknowledged"
  /** The element. */
  readonly value: A
  /** Why there was no reply. */
  readonly error: AmbiguousOutcome
}

/**
 * The handler failed or died, and runs again for this element.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retried<out A> {
  /** Tells this event from the others. */
  readonly _tag: "Retried"
  /** The element. */
  readonly value: A
  /** How often the handler has failed for this delivery. */
  readonly failures: number
  /** The `_tag` of its error, or the class and the message of its defect. */
  readonly reason: string
  /** What the handler failed with. */
  readonly cause: Cause.Cause<unknown>
}

/**
 * The handler failed or died for the last time. The element is among the dead letters.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rejected<out A> {
  /** Tells this event from the others. */
  readonly _tag: "Rejected"
  /** The element. */
  readonly value: A
  /** The `_tag` of its error, or the class and the message of its defect: the reason that the dead letter has. */
  readonly reason: string
  /** What the handler failed with. */
  readonly cause: Cause.Cause<unknown>
}

/**
 * So many workers died with the element, or were silent for `deadAfter`, that it is not given again: more than
 * `maxDeliveries` allows. It is among the dead letters.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exhausted {
  /** Tells this event from the others. */
  readonly _tag: "Exhausted"
  /** The element as it is stored. It is not decoded, as that may be what ends its workers. */
  readonly value: Uint8Array
  /** How often workers got the element. */
  readonly deliveries: number
}

/**
 * The element does not fit the schema, or is no text. It is among the dead letters.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unreadable {
  /** Tells this event from the others. */
  readonly _tag: "Unreadable"
  /** The element as it is stored. */
  readonly value: Uint8Array
  /** What does not fit and where, without a part of the element. */
  readonly issue: string
}

/**
 * What `consume` tells of an element that was not processed exactly once.
 *
 * @since 0.1.0
 * @category models
 */
export type Event<A> =
  | Redelivered<A>
  | TakenOver<A>
  | Unacknowledged<A>
  | Retried<A>
  | Rejected<A>
  | Exhausted
  | Unreadable

/**
 * An element that could not be processed.
 *
 * @since 0.1.0
 * @category models
 */
export interface DeadLetter<out A> extends AboutDeadLetter {
  /** Tells these from those that do not fit the schema. */
  readonly _tag: "DeadLetter"
  /** The element. */
  readonly value: A
}

/**
 * An element that does not fit the schema, or is no text.
 *
 * @since 0.1.0
 * @category models
 */
export interface UnreadableDeadLetter extends AboutDeadLetter {
  /** Tells these from those that fit. */
  readonly _tag: "Unreadable"
  /** The element as it is stored. */
  readonly value: Uint8Array
  /** What does not fit and where, without a part of the element. */
  readonly issue: string
}

/**
 * Why an element is a dead letter. Equal elements share what is known of the last one. All is `null` for one that
 * another program has put there.
 *
 * @since 0.1.0
 * @category models
 */
export interface AboutDeadLetter {
  /**
   * The reason: the `_tag` of the handler's error, or the class and the message of its defect; `MaxDeliveries`;
   * `Unreadable` and what does not fit; `Rejected` for one that was rejected by hand.
   */
  readonly reason: string | null
  /** How often workers got the element. */
  readonly deliveries: number | null
  /** When it became a dead letter, by the server's clock. */
  readonly time: Date | null
}

/**
 * Options of `deadLetters`.
 *
 * @since 0.1.0
 * @category models
 */
export interface DeadLettersOptions {
  /** How many are given at most, from 1 to 10,000. Default 100. */
  readonly count?: number | undefined
}

/**
 * Options of `take`.
 *
 * @since 0.1.0
 * @category models
 */
export interface TakeOptions {
  /**
   * The beginning of the worker's name in `status`, such as the name of the host. The client adds a unique part, so that
   * no two workers ever have the same name. Default `"worker"`.
   */
  readonly consumer?: string | undefined
  /**
   * How long a worker may be silent before others take over what it has, at least 1 second. Workers say that they are
   * alive three times as often. Default 30 seconds.
   */
  readonly deadAfter?: DurationInput | undefined
  /**
   * After how many deliveries that no worker has finished an element becomes a dead letter, at least 1: it may be what
   * ends its workers. Default 5.
   */
  readonly maxDeliveries?: number | undefined
}

/**
 * Options of `consume`. `A` is an element, `R` what `retry` and `onEvent` need.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConsumeOptions<in A, out R = never> extends TakeOptions {
  /** How many elements are processed at a time, from 1 to 10,000. Default 1. */
  readonly concurrency?: number | undefined
  /**
   * When a handler that fails or dies runs again: `times` more, after the pauses of `schedule`; a Schedule alone says
   * both, and gets the error or the defect. After that the element goes to the dead letters. Default: it does not run
   * again.
   */
  readonly retry?: Schedule.Schedule<unknown, unknown, never, R> | {
    /** How often it runs again, at least 1. Default: as often as the schedule says. */
    readonly times?: number | undefined
    /** The pauses. Default: none. */
    readonly schedule?: Schedule.Schedule<unknown, unknown, never, R> | undefined
  } | undefined
  /**
   * How long handlers that run may take to end when `consume` is interrupted; then they are interrupted, and their
   * elements are put back. Zero is allowed. Default 10 seconds. What was processed by then is acknowledged, or moved to
   * the dead letters, in any case: that may take another 5 seconds, or until no server has answered for a second.
   */
  readonly stopTimeout?: DurationInput | undefined
  /**
   * Called for elements that are not processed exactly once; the element waits for it. A failure is logged and otherwise
   * ignored.
   */
  readonly onEvent?: ((event: Event<A>) => Effect.Effect<unknown, never, R>) | undefined
}

/**
 * How a queue is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Status {
  /** How many elements wait. */
  readonly waiting: number
  /** How many elements are among the dead letters. */
  readonly dead: number
  /** The workers that are alive, or have elements. */
  readonly workers: ReadonlyArray<WorkerStatus>
}

/**
 * A worker of a queue.
 *
 * @since 0.1.0
 * @category models
 */
export interface WorkerStatus {
  /** Its name: the option `consumer`, and a unique part. `returned` has what was given back and keeps its count. */
  readonly name: string
  /** Whether it is alive. What one that is not alive has is taken over by the others. */
  readonly isAlive: boolean
  /** How many elements it has taken and not acknowledged. */
  readonly pending: number
}
