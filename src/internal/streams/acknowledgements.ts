/**
 * Acknowledges entries, all that are finished in one turn at once, until the server has answered. An acknowledgement
 * whose reply is lost is repeated: a second one changes nothing.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { PrimaryClient } from "../../Client.ts"
import * as Command from "../../Command.ts"
import type { Key } from "../../Command.ts"
import { xack } from "../../commands/streamPendingEntries.ts"
import { xdel } from "../../commands/streams.ts"
import type { RedisError } from "../../Errors.ts"
import type { Attempts } from "./attempts.ts"
import type { ConsumerSettings } from "./consumerOptions.ts"

/** How many ids one command has at most. */
const batchSize = 1000

export class Acknowledgements<A extends { readonly id: string }> {
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

  /** Acknowledges ids once, and gives how many of them were pending. */
  acknowledge(ids: ReadonlyArray<string>): Effect.Effect<number, RedisError> {
    const { group } = this.settings
    const ack = Command.repeatable(xack(this.key, group, ids))
    if (!this.settings.deletes) return this.redis.run(ack)
    return Effect.map(this.redis.transaction([ack, Command.repeatable(xdel(this.key, ids))]), ([count]) => count)
  }

  private readonly flush: Effect.Effect<void, RedisError> = Effect.suspend(() => {
    const batch = this.waiting.length <= batchSize ? this.waiting : this.waiting.slice(0, batchSize)
    this.waiting = this.waiting.length <= batchSize ? [] : this.waiting.slice(batchSize)
    if (this.waiting.length === 0) this.latch.closeUnsafe()
    if (batch.length === 0) return Effect.void
    this.underWay = batch.length
    return Effect.map(this.attempts.persist(this.acknowledge(batch.map(({ id }) => id))), () => {
      this.underWay = 0
      this.onDone(batch)
    })
  })
}
