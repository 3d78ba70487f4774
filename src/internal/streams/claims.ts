/**
 * Claims on entries: takes over what others left idle and what the consumer itself had before a restart, extends the
 * claims of long work, and notices those that are lost.
 */
import * as Effect from "effect/Effect"
import type { PrimaryClient } from "../../Client.ts"
import * as Command from "../../Command.ts"
import type { Key } from "../../Command.ts"
import { xclaimJustid, xnack, xpendingRange } from "../../commands/streamPendingEntries.ts"
import type { RedisError } from "../../Errors.ts"
import type { ConsumerSettings } from "./consumerOptions.ts"
import { autoClaim, type DeliveredEntry, read } from "./groupCommands.ts"
import { idBefore } from "./ids.ts"

/** How many pending entries are listed, or asked about, at once. */
const pageSize = 200

/** Entries that were taken over. */
export interface Taken {
  readonly entries: ReadonlyArray<DeliveredEntry>
  /** The ids of entries that had been deleted. */
  readonly deletedIds: ReadonlyArray<string>
  /** Whether there may be more. */
  readonly hasMore: boolean
}

export class Claims {
  private readonly redis: PrimaryClient
  private readonly key: Key
  private readonly settings: ConsumerSettings
  private cursor = "0-0"
  /** Whether the server may know XNACK. */
  private hasNack = true

  constructor(redis: PrimaryClient, key: Key, settings: ConsumerSettings) {
    this.redis = redis
    this.key = key
    this.settings = settings
  }

  /** Claims idle entries of any consumer, at most so many, from where the last call ended. */
  idle(room: number): Effect.Effect<Taken, RedisError> {
    const { consumer, group, minIdleMillis } = this.settings
    return Effect.gen({ self: this }, function*() {
      const { cursor, deletedIds, entries } = yield* this.redis.run(
        autoClaim(this.key, group, consumer, minIdleMillis, this.cursor, room)
      )
      this.cursor = cursor
      const counts = yield* this.deliveriesOf(entries.map(({ id }) => id))
      return {
        entries: entries.map(({ fields, id }, i) => ({ id, fields, deliveries: counts[i] })),
        deletedIds,
        hasMore: cursor !== "0-0"
      }
    })
  }

  /**
   * Gets what is pending for the consumer itself, but for entries that it knows: after a restart, and after a read whose
   * reply was lost. Reading them counts as one more delivery, which is taken back for entries that no handler has seen.
   */
  own(
    room: number,
    isKnown: (id: string) => boolean,
    isUnhandled: (id: string) => boolean
  ): Effect.Effect<Taken, RedisError> {
    const { consumer, group } = this.settings
    return Effect.gen({ self: this }, function*() {
      const found = yield* this.unknown(isKnown, room)
      const entries: Array<DeliveredEntry> = []
      const uncounted = new Map<string, number>()
      // Unknown ones that follow each other are read at once.
      for (const { count, first } of found.runs) {
        const some = yield* this.redis.run(read(this.key, group, consumer, idBefore(first), { count }))
        for (const entry of some) {
          if (isKnown(entry.id)) {
            // It came in place of one that is not pending any more.
            const count = found.known.get(entry.id)
            if (count !== undefined) uncounted.set(entry.id, count)
            continue
          }
          const listed = found.deliveries.get(entry.id)
          const isCounted = listed === undefined || !isUnhandled(entry.id)
          if (!isCounted) uncounted.set(entry.id, listed)
          entries.push({ ...entry, deliveries: isCounted ? listed === undefined ? undefined : listed + 1 : listed })
        }
      }
      yield* this.recount(uncounted)
      return {
        entries: entries.filter(({ fields }) => fields !== undefined),
        deletedIds: entries.filter(({ fields }) => fields === undefined).map(({ id }) => id),
        hasMore: found.hasMore
      }
    })
  }

  /**
   * What is pending for the consumer, and does not belong to what it knows, with the count of deliveries; and that of
   * known entries.
   */
  unknown(isKnown: (id: string) => boolean, limit: number): Effect.Effect<{
    readonly runs: ReadonlyArray<{ readonly first: string; readonly count: number }>
    readonly deliveries: ReadonlyMap<string, number>
    readonly known: ReadonlyMap<string, number>
    readonly hasMore: boolean
  }, RedisError> {
    const { consumer, group } = this.settings
    return Effect.gen({ self: this }, function*() {
      const runs: Array<{ readonly first: string; count: number }> = []
      const deliveries = new Map<string, number>()
      const known = new Map<string, number>()
      let start = "-"
      let isRunning = false
      while (true) {
        const page = yield* this.redis.xpendingRange(this.key, group, start, "+", pageSize, { consumer })
        for (const { deliveries: count, id } of page) {
          if (isKnown(id)) {
            known.set(id, count)
            isRunning = false
            continue
          }
          if (deliveries.size === limit) return { runs, deliveries, known, hasMore: true }
          deliveries.set(id, count)
          if (isRunning) runs[runs.length - 1]!.count++
          else runs.push({ first: id, count: 1 })
          isRunning = true
        }
        if (page.length < pageSize) return { runs, deliveries, known, hasMore: false }
        start = `(${page[page.length - 1]!.id}`
      }
    })
  }

  private deliveriesOf(ids: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<number | undefined>, RedisError> {
    if (ids.length === 0) return Effect.succeed([])
    return Effect.map(this.pendingOf(ids), (found) => found.map((pending) => pending?.deliveries))
  }

  /** What the group has of each id; undefined if it is not pending. */
  private pendingOf(ids: ReadonlyArray<string>) {
    const { group } = this.settings
    return Effect.map(
      this.redis.pipeline(ids.map((id) => xpendingRange(this.key, group, id, id, 1))),
      (replies) => replies.map((reply) => reply[0])
    )
  }

  /**
   * Extends the claims on entries, so that nobody else counts them as idle, and gives those that are not the consumer's
   * any more, with the consumer that has each.
   */
  extend(
    ids: ReadonlyArray<string>
  ): Effect.Effect<ReadonlyArray<readonly [id: string, to: string | null]>, RedisError> {
    const { consumer, group } = this.settings
    return Effect.gen({ self: this }, function*() {
      const lost: Array<readonly [string, string | null]> = []
      for (let i = 0; i < ids.length; i += pageSize) {
        const some = ids.slice(i, i + pageSize)
        const pending = yield* this.pendingOf(some)
        const own = some.filter((_, n) => pending[n]?.consumer === consumer)
        some.forEach((id, n) => {
          const owner = pending[n]?.consumer
          if (owner !== consumer) lost.push([id, owner ?? null])
        })
        if (own.length > 0) {
          yield* this.redis.run(
            Command.repeatable(xclaimJustid(this.key, group, consumer, "0 millis", own))
          )
        }
      }
      return lost
    })
  }

  /**
   * Corrects how many deliveries the server counts of entries that are the consumer's: those that it got twice and handles
   * once.
   */
  recount(counts: ReadonlyMap<string, number>): Effect.Effect<void, RedisError> {
    const { consumer, group } = this.settings
    return Effect.forEach(
      chunksOf(Array.from(counts.keys())),
      (ids) =>
        Effect.flatMap(this.pendingOf(ids), (pending) => {
          const byCount = new Map<number, Array<string>>()
          ids.forEach((id, i) => {
            const count = counts.get(id)!
            if (pending[i]?.consumer !== consumer || pending[i].deliveries === count) return
            byCount.set(count, [...byCount.get(count) ?? [], id])
          })
          return Effect.forEach(byCount, ([retryCount, some]) =>
            this.redis.run(
              Command.repeatable(xclaimJustid(this.key, group, consumer, "0 millis", some, { retryCount }))
            ), { discard: true })
        }),
      { discard: true }
    )
  }

  /**
   * Gives entries back, so that any consumer may claim them at once, with the number of deliveries that the server shall
   * count; undefined: the one that it counts. With XNACK (Redis 8.8) nobody has them afterwards; without it they are
   * the consumer's still, and idle for `minIdle`.
   */
  release(ids: ReadonlyArray<string>, deliveries: number | undefined): Effect.Effect<void, RedisError> {
    return Effect.forEach(chunksOf(ids), (some) => this.releaseSome(some, deliveries), { discard: true })
  }

  private releaseSome(ids: ReadonlyArray<string>, deliveries: number | undefined): Effect.Effect<unknown, RedisError> {
    const { consumer, group, minIdleMillis } = this.settings
    const makeIdle = this.redis.run(Command.repeatable(xclaimJustid(this.key, group, consumer, "0 millis", ids, {
      idle: `${minIdleMillis} millis`,
      retryCount: deliveries
    })))
    if (this.hasNack === false) return makeIdle
    return Effect.catchIf(
      this.redis.run(Command.repeatable(xnack(this.key, group, "fail", ids, { retryCount: deliveries }))),
      (error) => error._tag === "ReplyError" && (error.code === "ERR" || error.code === "NOPERM"),
      () => {
        this.hasNack = false
        return makeIdle
      }
    )
  }
}

const chunksOf = (ids: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => {
  const chunks: Array<ReadonlyArray<string>> = []
  for (let i = 0; i < ids.length; i += pageSize) chunks.push(ids.slice(i, i + pageSize))
  return chunks
}
