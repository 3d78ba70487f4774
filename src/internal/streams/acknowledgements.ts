/**
 * Acknowledges entries, all that are finished in one turn at once, until the server has answered. An acknowledgement
 * whose reply is lost is repeated: a second one changes nothing.
 *
 * After a failover an id may belong to another entry. So an entry that came from an earlier primary is compared with what
 * the server has, on one connection, before it is acknowledged.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { PrimaryClient } from "../../Client.ts"
import * as Command from "../../Command.ts"
import type { Key } from "../../Command.ts"
import { xack, xpendingRange } from "../../commands/streamPendingEntries.ts"
import { xdel } from "../../commands/streams.ts"
import type { RedisError } from "../../Errors.ts"
import { movesOf } from "../client/moves.ts"
import type { Attempts } from "./attempts.ts"
import type { ConsumerSettings } from "./consumerOptions.ts"
import { printOf } from "./deliveries.ts"
import { entryAt } from "./groupCommands.ts"

/** How many ids one command has at most. */
const batchSize = 1000
/** How many entries are compared at once. */
const pageSize = 100

/** An entry by its id and its content. */
export interface Printed {
  readonly id: string
  readonly print: number
}

/** An entry to acknowledge. */
export interface Acknowledgeable extends Printed {
  /** How often the group had moved when it came. */
  readonly moves: number
  /** Whether another entry has its id now. */
  isReplaced: boolean
}

export class Acknowledgements<A extends Acknowledgeable> {
  private readonly redis: PrimaryClient
  private readonly key: Key
  private readonly settings: ConsumerSettings
  private readonly attempts: Attempts
  private readonly onDone: (batch: ReadonlyArray<A>) => void
  private readonly latch = Latch.makeUnsafe(false)
  private waiting: Array<A> = []
  private underWay = 0

  constructor(
    redis: PrimaryClient,
    key: Key,
    settings: ConsumerSettings,
    attempts: Attempts,
    onDone: (batch: ReadonlyArray<A>) => void
  ) {
    this.redis = redis
    this.key = key
    this.settings = settings
    this.attempts = attempts
    this.onDone = onDone
  }

  /** How many acknowledgements the server has not answered. */
  get size(): number {
    return this.waiting.length + this.underWay
  }

  add(item: A): void {
    this.waiting.push(item)
    if (this.waiting.length === 1) this.latch.openUnsafe()
  }

  /** Sends acknowledgements as they come. */
  readonly run: Effect.Effect<never, RedisError> = Effect.suspend(() =>
    Effect.forever(Effect.andThen(this.latch.await, this.flush))
  )

  /** Acknowledges ids once. */
  private acknowledge(
    redis: Pick<PrimaryClient, "run" | "transaction">,
    ids: ReadonlyArray<string>
  ): Effect.Effect<void, RedisError> {
    const { group } = this.settings
    const ack = Command.repeatable(xack(this.key, group, ids))
    if (!this.settings.deletes) return Effect.asVoid(redis.run(ack))
    return Effect.asVoid(redis.transaction([ack, Command.repeatable(xdel(this.key, ids))]))
  }

  /**
   * Acknowledges those entries that are pending and have the content that is known. Adds their ids to `found` before: the
   * reply may be lost. Gives the ids that belong to other entries. Fails with `ReserveTimeout` if it gets no connection of
   * its own.
   */
  acknowledgeSame(
    items: ReadonlyArray<Printed>,
    found = new Set<string>()
  ): Effect.Effect<ReadonlySet<string>, RedisError> {
    const { key, settings: { group } } = this
    return Effect.scoped(Effect.gen({ self: this }, function*() {
      const replaced = new Set<string>()
      // It stays at one server: what was compared there is acknowledged there, or nowhere.
      const reserved = yield* this.redis.reserve
      for (let i = 0; i < items.length; i += pageSize) {
        const page = items.slice(i, i + pageSize)
        const pending = yield* reserved.pipeline(page.map(({ id }) => xpendingRange(key, group, id, id, 1)))
        const again = page.filter((_, n) => pending[n]!.length > 0)
        if (again.length === 0) continue
        const entries = yield* reserved.pipeline(again.map(({ id }) => entryAt(key, id)))
        const same = again.filter(({ print }, n) => {
          const entry = entries[n]![0]
          return entry === undefined || printOf(entry.fields) === print
        })
        for (const item of again) if (!same.includes(item)) replaced.add(item.id)
        for (const { id } of same) found.add(id)
        if (same.length > 0) yield* this.acknowledge(reserved, same.map(({ id }) => id))
      }
      return replaced
    }))
  }

  /** Acknowledges entries once. */
  private acknowledgeAll(batch: ReadonlyArray<A>): Effect.Effect<void, RedisError> {
    return Effect.gen({ self: this }, function*() {
      const moves = movesOf(this.redis)
      const own: Array<string> = []
      const earlier: Array<A> = []
      for (const item of batch) {
        if (item.isReplaced) continue
        if (item.moves === moves) own.push(item.id)
        else earlier.push(item)
      }
      if (own.length > 0) yield* this.acknowledge(this.redis, own)
      if (earlier.length === 0) return
      yield* Effect.matchEffect(this.acknowledgeSame(earlier), {
        onSuccess: (replaced) =>
          Effect.sync(() => {
            for (const item of earlier) if (replaced.has(item.id)) item.isReplaced = true
          }),
        // Without a connection of its own it is better to acknowledge than to wait.
        onFailure: (error) =>
          error._tag === "ReserveTimeout"
            ? this.acknowledge(this.redis, earlier.map(({ id }) => id))
            : Effect.fail(error)
      })
    })
  }

  private readonly flush: Effect.Effect<void, RedisError> = Effect.suspend(() => {
    const batch = this.waiting.length <= batchSize ? this.waiting : this.waiting.slice(0, batchSize)
    this.waiting = this.waiting.length <= batchSize ? [] : this.waiting.slice(batchSize)
    if (this.waiting.length === 0) this.latch.closeUnsafe()
    if (batch.length === 0) return Effect.void
    this.underWay = batch.length
    return Effect.map(this.attempts.persist(this.acknowledgeAll(batch)), () => {
      this.underWay = 0
      this.onDone(batch)
    })
  })
}
