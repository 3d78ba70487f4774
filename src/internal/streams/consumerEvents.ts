/**
 * What a consumer tells of itself: the events, and how each reaches the log and the function that the caller gave.
 * Types and one emitter. Where events occur is decided elsewhere.
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { RedisError } from "../../Errors.ts"

/**
 * The group was missing when the consumer started, and was made: by this consumer, or by another one that started at the
 * same time. Each of them tells it, since the one that has made it may get no reply.
 *
 * @since 0.1.0
 * @category events
 */
export interface GroupCreated {
  /** Always `"GroupCreated"`. */
  readonly _tag: "GroupCreated"
  /** The id after which the group begins by the option `from`: `"0-0"` for the start of the stream. */
  readonly from: string
}

/**
 * The group was missing while the consumer ran, and was made again, by this consumer or by another one: a new primary
 * lacks it, or someone deleted the stream or the group. Each consumer that missed it tells it, once. Entries after `from`
 * come again, to any consumer, except those that a consumer remembers to have finished.
 *
 * @since 0.1.0
 * @category events
 */
export interface GroupRecreated {
  /** Always `"GroupRecreated"`. */
  readonly _tag: "GroupRecreated"
  /**
   * The id after which entries may come again: the last one up to which, as far as this consumer knows, all is
   * acknowledged. If another consumer has made the group, it may begin elsewhere: take the lowest of the ids that the
   * consumers of a group tell.
   */
  readonly from: string
  /** Whether the stream itself was missing, or is another one than before. */
  readonly streamMissing: boolean
}

/**
 * The group has moved to another primary, which may lack what the last one had delivered.
 *
 * @since 0.1.0
 * @category events
 */
export interface GroupMoved {
  /** Always `"GroupMoved"`. */
  readonly _tag: "GroupMoved"
  /**
   * The last id that the new primary had delivered when this consumer first asked it. Entries after it that were
   * delivered before come again, to any consumer. The lowest of the ids that the consumers of a group tell is exact.
   */
  readonly lastDeliveredId: string
}

/**
 * The consumer has taken entries over that were pending: those that another consumer left idle, and those of its own
 * from before a restart.
 *
 * @since 0.1.0
 * @category events
 */
export interface Claimed {
  /** Always `"Claimed"`. */
  readonly _tag: "Claimed"
  /** The ids of the entries. */
  readonly ids: ReadonlyArray<string>
  /** Whose they were: of this consumer, or of any consumer that left them idle. */
  readonly of: "self" | "idle"
}

/**
 * An entry came again after a failover, or after the group was made again.
 *
 * @since 0.1.0
 * @category events
 */
export interface Redelivered {
  /** Always `"Redelivered"`. */
  readonly _tag: "Redelivered"
  /** The id of the entry. */
  readonly id: string
  /**
   * What the consumer does with it:
   *
   * - `acknowledged`: this consumer remembers that it has finished the entry, and acknowledges it again
   * - `skipped`: this consumer is at work on the entry, and goes on
   * - `processed`: the group had delivered the entry before, to this consumer or to another; it is processed, perhaps
   *   for the second time
   */
  readonly outcome: "acknowledged" | "skipped" | "processed"
}

/**
 * After the group moved, the consumer has repeated its latest acknowledgements, and the new primary lacked some.
 *
 * @since 0.1.0
 * @category events
 */
export interface AcknowledgedAgain {
  /** Always `"AcknowledgedAgain"`. */
  readonly _tag: "AcknowledgedAgain"
  /** How many entries were pending again, and are no more. */
  readonly count: number
}

/**
 * The handler failed or died, and runs again for the same delivery.
 *
 * @since 0.1.0
 * @category events
 */
export interface Retried {
  /** Always `"Retried"`. */
  readonly _tag: "Retried"
  /** The id of the entry. */
  readonly id: string
  /** How often the handler has failed for this delivery. */
  readonly failures: number
  /** Why it failed: the `_tag` of its error, the class of its defect, or what the option `deadLetter.reason` says. */
  readonly reason: string
  /**
   * The failure or the defect itself, with its message. It is not enumerable, so that an event that is written out has no
   * secrets; neither the log nor the dead letter has it.
   */
  readonly cause: Cause.Cause<unknown>
}

/**
 * The handler failed or died, and does not run again for this delivery. The entry stays pending, and is delivered again once it
 * has been idle for `minIdle`, unless it becomes a dead letter.
 *
 * @since 0.1.0
 * @category events
 */
export interface Failed {
  /** Always `"Failed"`. */
  readonly _tag: "Failed"
  /** The id of the entry. */
  readonly id: string
  /** How often the entry was delivered. */
  readonly deliveries: number
  /** Why it failed: the `_tag` of its error, the class of its defect, or what the option `deadLetter.reason` says. */
  readonly reason: string
  /**
   * The failure or the defect itself, with its message. It is not enumerable, so that an event that is written out has no
   * secrets; neither the log nor the dead letter has it.
   */
  readonly cause: Cause.Cause<unknown>
}

/**
 * An entry does not fit the schema. It becomes a dead letter at once, or stays pending if there is no `deadLetter`.
 *
 * @since 0.1.0
 * @category events
 */
export interface MisfitFound {
  /** Always `"MisfitFound"`. */
  readonly _tag: "MisfitFound"
  /** The id of the entry. */
  readonly id: string
  /** Why it does not fit, without what it contains. */
  readonly issue: string
}

/**
 * An entry was moved to the stream of dead letters. Told once more when a failover has lost the dead letter and the
 * consumer writes it again.
 *
 * @since 0.1.0
 * @category events
 */
export interface DeadLettered {
  /** Always `"DeadLettered"`. */
  readonly _tag: "DeadLettered"
  /** The id of the entry. */
  readonly id: string
  /** The id of the dead letter; `null` if it is not known, because the reply was lost. */
  readonly deadLetterId: string | null
  /** How often the entry was delivered. */
  readonly deliveries: number
  /** Why. */
  readonly reason: string
}

/**
 * Another consumer claimed an entry that this one has, or the entry is not pending any more. A handler that has started
 * goes on, so the entry may be processed twice. One that has not does not start if another consumer has the entry.
 *
 * @since 0.1.0
 * @category events
 */
export interface ClaimLost {
  /** Always `"ClaimLost"`. */
  readonly _tag: "ClaimLost"
  /** The id of the entry. */
  readonly id: string
  /** The consumer that has it now; `null` if it is not pending. */
  readonly to: string | null
}

/**
 * Entries are pending for the name of this consumer that it never got: another process seems to consume under the same
 * name. Both then take over what the other has, when they start and after lost replies. Told once a minute while it lasts.
 *
 * @since 0.1.0
 * @category events
 */
export interface NameShared {
  /** Always `"NameShared"`. */
  readonly _tag: "NameShared"
  /** The ids of some of the entries, at most 100. */
  readonly ids: ReadonlyArray<string>
}

/**
 * Entries were deleted or trimmed from the stream before they were acknowledged. They are lost to the group.
 *
 * @since 0.1.0
 * @category events
 */
export interface EntriesDeleted {
  /** Always `"EntriesDeleted"`. */
  readonly _tag: "EntriesDeleted"
  /** The ids of the entries. */
  readonly ids: ReadonlyArray<string>
}

/**
 * Entries were deleted or trimmed from the stream before the group had read them: nobody of the group gets them. The
 * consumer looks every `inspectInterval`, so that it misses what is trimmed and read past in between.
 *
 * @since 0.1.0
 * @category events
 */
export interface EntriesMissed {
  /** Always `"EntriesMissed"`. */
  readonly _tag: "EntriesMissed"
  /** The id of the last entry that the group has read. */
  readonly after: string
  /** How many entries it has missed, at least. */
  readonly count: number
}

/**
 * The consumer cannot reach the group, and keeps trying after pauses that grow from 100 milliseconds to 5 seconds.
 *
 * @since 0.1.0
 * @category events
 */
export interface Outage {
  /** Always `"Outage"`. */
  readonly _tag: "Outage"
  /** The first error. */
  readonly error: RedisError
}

/**
 * The consumer reaches the group again.
 *
 * @since 0.1.0
 * @category events
 */
export interface Recovered {
  /** Always `"Recovered"`. */
  readonly _tag: "Recovered"
  /** How long the outage lasted. */
  readonly after: Duration.Duration
}

/**
 * The consumer has stopped.
 *
 * @since 0.1.0
 * @category events
 */
export interface Stopped {
  /** Always `"Stopped"`. */
  readonly _tag: "Stopped"
  /** How many entries it gave back, so that others may claim them at once. */
  readonly handedBack: number
  /**
   * How many entries it could not give back, because the server could not be reached: others claim them once they have
   * been idle for `minIdle`.
   */
  readonly left: number
  /** How many handlers it interrupted, because they did not end within `stopTimeout`. */
  readonly interrupted: number
  /** How many finished entries it could not acknowledge, or move to the dead letters: they come again. */
  readonly unacknowledged: number
}

/**
 * What a consumer tells of itself.
 *
 * @since 0.1.0
 * @category events
 */
export type ConsumerEvent =
  | GroupCreated
  | GroupRecreated
  | GroupMoved
  | Claimed
  | Redelivered
  | AcknowledgedAgain
  | Retried
  | Failed
  | MisfitFound
  | DeadLettered
  | ClaimLost
  | NameShared
  | EntriesDeleted
  | EntriesMissed
  | Outage
  | Recovered
  | Stopped

/** An event of a failure with its cause, which nothing shows that writes out the event. */
export const withCause = <Event extends Retried | Failed>(
  event: Omit<Event, "cause">,
  cause: Cause.Cause<unknown>
): Event => Object.defineProperty(event, "cause", { value: cause }) as Event

/** How many events may wait for the caller's function. */
const capacity = 1000

const logged = (event: ConsumerEvent, label: string): Effect.Effect<void> | undefined => {
  switch (event._tag) {
    case "GroupRecreated":
      return Effect.logWarning(
        `${label}: the group was missing and is made again; entries after ${event.from} may come again`
      )
    case "DeadLettered":
      return Effect.logWarning(
        `${label}: ${event.id} is a dead letter after ${event.deliveries} deliveries: ${event.reason}`
      )
    case "MisfitFound":
      return Effect.logWarning(`${label}: ${event.id} does not fit: ${event.issue}`)
    case "ClaimLost":
      return Effect.logWarning(
        event.to === null
          ? `${label}: ${event.id} is not pending any more, and may be processed twice`
          : `${label}: ${event.id} was claimed by another consumer, and may be processed twice`
      )
    case "NameShared":
      return Effect.logWarning(
        `${label}: another process seems to consume under the same name: ${event.ids.length} entries are pending for it ` +
          "that this one never got"
      )
    case "EntriesDeleted":
      return Effect.logWarning(`${label}: ${event.ids.length} entries were deleted before they were acknowledged`)
    case "EntriesMissed":
      return Effect.logWarning(`${label}: at least ${event.count} entries were removed before the group had read them`)
    case "Failed":
      return Effect.logWarning(`${label}: the handler failed for ${event.id} (${event.reason})`)
    case "Stopped":
      return event.unacknowledged + event.left === 0 ? undefined : Effect.logWarning(
        `${label}: the consumer has stopped while the stream could not be reached: ${event.unacknowledged} finished ` +
          `entries are not acknowledged and come again, ${event.left} are not given back and wait for minIdle`
      )
    default:
      return undefined
  }
}

/** Tells events, in their order, in a fiber of its own: a slow listener does not stop the consumer. */
export class Events {
  private readonly queue: Queue.Queue<ConsumerEvent, Cause.Done>
  private readonly label: string
  private readonly onEvent: ((event: ConsumerEvent) => Effect.Effect<unknown>) | undefined
  private dropped = 0

  constructor(
    queue: Queue.Queue<ConsumerEvent, Cause.Done>,
    label: string,
    onEvent: ((event: ConsumerEvent) => Effect.Effect<unknown>) | undefined
  ) {
    this.queue = queue
    this.label = label
    this.onEvent = onEvent
  }

  static readonly make = (
    label: string,
    onEvent: ((event: ConsumerEvent) => Effect.Effect<unknown>) | undefined
  ): Effect.Effect<Events> =>
    Effect.map(Queue.dropping<ConsumerEvent, Cause.Done>(capacity), (queue) => new Events(queue, label, onEvent))

  readonly tell = (event: ConsumerEvent): void => {
    if (!Queue.offerUnsafe(this.queue, event)) this.dropped++
  }

  logOutage(error: RedisError): Effect.Effect<void> {
    return Effect.logWarning(`${this.label}: the stream cannot be reached; the consumer keeps trying: ${error.message}`)
  }

  logRecovery(after: Duration.Duration): Effect.Effect<void> {
    return Effect.logInfo(`${this.label}: the stream can be reached again after ${Duration.format(after)}`)
  }

  /** Tells events until `end`. */
  readonly run: Effect.Effect<void> = Effect.suspend(() =>
    Effect.catchTag(
      Effect.forever(Effect.flatMap(Queue.take(this.queue), (event) => this.pass(event))),
      "Done",
      () => Effect.void
    )
  )

  /** No event comes after this. */
  end(): void {
    Queue.endUnsafe(this.queue)
  }

  private pass(event: ConsumerEvent): Effect.Effect<void> {
    const log = logged(event, this.label) ?? Effect.void
    const { onEvent } = this
    const told = onEvent === undefined
      ? Effect.void
      : Effect.catchCause(
        Effect.suspend(() => onEvent(event)),
        () => Effect.logWarning(`${this.label}: onEvent failed for ${event._tag}`)
      )
    if (this.dropped === 0) return Effect.andThen(log, told)
    const lost = this.dropped
    this.dropped = 0
    return Effect.andThen(
      Effect.logWarning(`${this.label}: ${lost} events were dropped, since onEvent is too slow`),
      Effect.andThen(log, told)
    )
  }
}
