/**
 * What a consumer does beside reading and handling: extends its claims, gives back what waits for long, repeats
 * acknowledgements after a move, and asks how far the group is. What the consumer has is decided in consumer.ts.
 */
import * as Effect from "effect/Effect"
import type { PrimaryClient } from "../../Client.ts"
import type { RedisError } from "../../Errors.ts"
import { movesOf } from "../client/moves.ts"
import { monotonicMillis } from "../common/time.ts"
import type { Acknowledgements } from "./acknowledgements.ts"
import type { Attempts } from "./attempts.ts"
import type { Claims } from "./claims.ts"
import type { Events } from "./consumerEvents.ts"
import type { ConsumerMetrics } from "./consumerMetrics.ts"
import type { ConsumerSettings } from "./consumerOptions.ts"
import type { Delivery, Finished } from "./deliveries.ts"
import type { Group } from "./group.ts"
import type { Letters } from "./letters.ts"
import type { SharedName } from "./sharedName.ts"

/** Entries that were read ahead and wait longer than this are given back, in milliseconds. */
const longestAhead = 1000
/** How often the consumer looks whether the group has moved, in milliseconds. */
const tickMillis = 1000
/** How often it is told that the name is shared, in milliseconds. */
const toldAgainAfter = 60_000

/** What the upkeep works with. */
interface Surroundings {
  readonly redis: PrimaryClient
  readonly settings: ConsumerSettings
  readonly events: Events
  readonly attempts: Attempts
  readonly metrics: ConsumerMetrics
}

/** The consumer, as its upkeep sees it. */
export interface Kept {
  readonly group: Group
  readonly claims: Claims
  readonly acknowledgements: Acknowledgements<Delivery>
  readonly finished: Finished
  readonly letters: Letters
  readonly sharedName: SharedName
  /** The entries that the consumer has, by id. */
  readonly deliveries: ReadonlyMap<string, Delivery>
  /** The deliveries of entries that the server counts too high. */
  readonly miscounted: Map<string, number>
  /** Whether there may be pending entries of the consumer that it does not know. */
  readonly isOwnDue: boolean
  /** Whether some entries that failed are not known any more. */
  readonly hasForgotten: boolean
  /** Whether it knows why an entry is pending. */
  knows(id: string): boolean
  /** Takes out entries whose handlers have not started. */
  withdraw(isOut: (delivery: Delivery) => boolean): ReadonlyArray<Delivery>
  /** Entries were read ahead in vain, and are given back. */
  onReturned(returned: ReadonlyArray<Delivery>): void
  /** There may be room for entries. */
  updateRoom(): void
}

export class Upkeep {
  private readonly given: Surroundings
  private readonly consumer: Kept
  /** When it may be told again that the name is shared, in milliseconds. */
  private nameTellable = 0
  /** The entries that are acknowledged again, which is not told yet. */
  private readonly again = new Set<string>()

  constructor(given: Surroundings, consumer: Kept) {
    this.given = given
    this.consumer = consumer
  }

  /** Runs until it is interrupted, or until an error that does not pass. */
  readonly run: Effect.Effect<never, RedisError> = Effect.gen({ self: this }, function*() {
    const { attempts, metrics, redis, settings } = this.given
    const { deliveries, group, letters, miscounted } = this.consumer
    const extendMillis = settings.minIdleMillis / 3
    const step = Math.max(1, Math.min(tickMillis, extendMillis, settings.inspectMillis))
    let moves = movesOf(redis)
    let inspectAt = (yield* monotonicMillis) + settings.inspectMillis
    while (true) {
      yield* Effect.sleep(step)
      const now = yield* monotonicMillis
      if (movesOf(redis) !== moves) {
        const current = movesOf(redis)
        if (yield* attempts.persist(whenReserved(this.acknowledgeAgain))) moves = current
      }
      if (letters.areDue) yield* attempts.persist(whenReserved(group.within(letters.restore)))
      if (settings.readsAhead) yield* this.giveAheadBack(now)
      const due = Array.from(deliveries.values()).filter(({ isLost, isReplaced, state, touchedAt }) =>
        // One that nobody has yet may be delivered to another consumer before its handler starts.
        state !== "settling" && (!isLost || state === "waiting") && !isReplaced &&
        now - touchedAt >= extendMillis - step / 2
      )
      if (due.length > 0) yield* attempts.persist(group.within(this.extend(due, now)))
      if (miscounted.size > 0) yield* attempts.persist(group.within(this.recount))
      if (now >= inspectAt) {
        inspectAt = now + settings.inspectMillis
        metrics.progress(yield* attempts.persist(group.within(group.inspect)))
        letters.expire(now)
        yield* attempts.persist(group.within(this.watchName(now)))
      }
    }
  })

  private extend(due: ReadonlyArray<Delivery>, now: number): Effect.Effect<void, RedisError> {
    const { claims, deliveries } = this.consumer
    return Effect.map(claims.extend(due.map(({ id }) => id)), (lost) => {
      for (const delivery of due) delivery.touchedAt = now
      for (const [id, to] of lost) {
        const delivery = deliveries.get(id)
        if (delivery === undefined || delivery.state === "settling" || (delivery.isLost && to === null)) continue
        delivery.isLost = true
        this.given.events.tell({ _tag: "ClaimLost", id, to })
      }
      const isTaken = new Set(lost.flatMap(([id, to]) => to === null ? [] : [id]))
      if (this.consumer.withdraw(({ id }) => isTaken.has(id)).length > 0) this.consumer.updateRoom()
    })
  }

  private readonly recount: Effect.Effect<void, RedisError> = Effect.suspend(() => {
    const { claims, miscounted } = this.consumer
    const counts = new Map(miscounted)
    return Effect.map(claims.recount(counts), () => counts.forEach((_, id) => miscounted.delete(id)))
  })

  private watchName(now: number): Effect.Effect<void, RedisError> {
    const { deliveries, hasForgotten, isOwnDue, sharedName } = this.consumer
    // Then not all that is pending for the name is known.
    if (isOwnDue || hasForgotten) sharedName.onUncertain()
    if (hasForgotten) return Effect.void
    return Effect.map(sharedName.look(deliveries.keys(), (id) => this.consumer.knows(id)), (ids) => {
      if (ids.length === 0 || now < this.nameTellable) return
      this.nameTellable = now + toldAgainAfter
      this.given.events.tell({ _tag: "NameShared", ids })
    })
  }

  /** Gives back what was read ahead and waits for long: other consumers could have it. */
  private giveAheadBack(now: number): Effect.Effect<void, RedisError> {
    const late = this.consumer.withdraw((delivery) => now - delivery.takenAt >= longestAhead)
    if (late.length === 0) return Effect.void
    this.consumer.onReturned(late)
    const byDeliveries = new Map<number, Array<string>>()
    for (const { deliveries, id, isLost, isReplaced } of late) {
      if (isLost || isReplaced) continue
      byDeliveries.set(deliveries - 1, [...byDeliveries.get(deliveries - 1) ?? [], id])
    }
    return Effect.forEach(
      byDeliveries,
      ([count, ids]) => this.given.attempts.persist(this.consumer.claims.release(ids, count)),
      { discard: true }
    )
  }

  private readonly acknowledgeAgain: Effect.Effect<void, RedisError> = Effect.suspend(() => {
    const { acknowledgements, finished: { all } } = this.consumer
    if (all.length === 0) return Effect.void
    const { again } = this
    return Effect.map(acknowledgements.acknowledgeSame(all, again), () => {
      if (again.size > 0) this.given.events.tell({ _tag: "AcknowledgedAgain", count: again.size })
      again.clear()
    })
  })
}

/** Gives whether it is done: without a connection of its own it has to wait. */
const whenReserved = (effect: Effect.Effect<void, RedisError>): Effect.Effect<boolean, RedisError> =>
  Effect.catchTag(Effect.as(effect, true), "ReserveTimeout", () => Effect.succeed(false))
