/**
 * The dead letters that a consumer has written lately. A failover may lose one, and its entry comes again then; but a
 * group that is lost with it is made again after the entry, at a place that the old primary knew. Such letters are
 * written again.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { PrimaryClient } from "../../Client.ts"
import type { Command, Key } from "../../Command.ts"
import { xinfoGroups } from "../../commands/streamInfo.ts"
import { xpendingRange } from "../../commands/streamPendingEntries.ts"
import { xdel, xrevrange } from "../../commands/streams.ts"
import type { RedisError } from "../../Errors.ts"
import { movesOf } from "../client/moves.ts"
import { monotonicMillis } from "../common/time.ts"
import type { Events } from "./consumerEvents.ts"
import type { ConsumerMetrics } from "./consumerMetrics.ts"
import type { ConsumerSettings } from "./consumerOptions.ts"
import { addLetter } from "./deadLetters.ts"
import { type Delivery, printOf } from "./deliveries.ts"
import { type Group, isStreamMissing, noGroup } from "./group.ts"
import { entryAt, lastIdOf } from "./groupCommands.ts"
import { compareIds, idBefore } from "./ids.ts"

/** How many letters are remembered. */
const most = 1000
/** A letter that is older than this, in milliseconds, is on all replicas that may become the primary. */
const rememberedFor = 60_000
/** How many letters are looked for at once. */
const pageSize = 100

interface Letter {
  readonly id: string
  readonly print: number
  readonly deliveries: number
  readonly reason: string
  /** The id of the letter; null if it is not known, because the reply was lost. */
  readonly letterId: string | null
  /** When it was written, in milliseconds. */
  readonly at: number
  isLost: boolean
}

/** What the letters work with. */
interface Surroundings {
  readonly redis: PrimaryClient
  readonly key: Key
  readonly settings: ConsumerSettings
  readonly events: Events
  readonly metrics: ConsumerMetrics
}

export class Letters {
  private readonly given: Surroundings
  private readonly group: Group
  /** By the id of the entry, the oldest first. */
  private readonly written = new Map<string, Letter>()
  private readonly lock = Semaphore.makeUnsafe(1)
  /** How often the group had moved when the letters were looked for. */
  private moves: number

  constructor(given: Surroundings, group: Group) {
    this.given = given
    this.group = group
    this.moves = movesOf(given.redis)
  }

  /** A letter was written. */
  add({ deliveries, id, print }: Pick<Delivery, "id" | "print" | "deliveries">, letter: {
    readonly letterId: string | null
    readonly reason: string
    readonly at: number
  }): void {
    this.written.delete(id)
    this.written.set(id, { id, print, deliveries, ...letter, isLost: false })
    if (this.written.size <= most) return
    for (const oldest of this.written.keys()) {
      this.written.delete(oldest)
      break
    }
  }

  /** The entry has come again. */
  forget(id: string): void {
    if (this.written.size > 0) this.written.delete(id)
  }

  clear(): void {
    this.written.clear()
  }

  /** The primary has answered: forgets what is old. */
  readonly expire = (now: number): void => {
    if (movesOf(this.given.redis) !== this.moves) return
    for (const { at, id } of this.written.values()) {
      if (now - at < rememberedFor) return
      this.written.delete(id)
    }
  }

  /** Runs an effect that may write a letter. Those that are lost come first: ids of later ones would hide them. */
  before<A>(effect: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> {
    return Effect.andThen(
      Effect.catchTag(this.restore, "ReserveTimeout", () => Effect.void),
      effect
    )
  }

  /** Writes those again that were lost in a move. Fails with `ReserveTimeout` if it gets no connection of its own. */
  readonly restore: Effect.Effect<void, RedisError> = Effect.suspend(() => {
    const { redis } = this.given
    if (movesOf(redis) === this.moves) return Effect.void
    return this.lock.withPermit(Effect.suspend(() => {
      const moves = movesOf(redis)
      if (moves === this.moves) return Effect.void
      const done = Effect.sync(() => void (this.moves = moves))
      return Effect.andThen(this.written.size === 0 ? Effect.void : this.restoreAll, done)
    }))
  })

  private readonly restoreAll: Effect.Effect<void, RedisError> = Effect.suspend(() => {
    const { key, redis, settings: { deadLetter, group } } = this.given
    return Effect.scoped(Effect.gen({ self: this }, function*() {
      // It stays at one server: what is compared there is written there, or nowhere.
      const reserved = yield* redis.reserve
      const last = yield* Effect.catchIf(
        reserved.run(lastIdOf(deadLetter!.key)),
        isStreamMissing,
        () => Effect.succeed("0-0")
      )
      const all = Array.from(this.written.values())
      const isUnknown = all.some(({ letterId }) => letterId === null)
      const latest = isUnknown ? yield* reserved.run(xrevrange(deadLetter!.key, "+", "-", { count: most })) : []
      for (const letter of all) {
        // One that is not there though later ones are was taken out by somebody.
        letter.isLost ||= letter.letterId === null
          ? latest.every(({ fields }) => fields["dead-letter.id"] !== letter.id)
          : compareIds(letter.letterId, last) > 0
      }
      const lost = all.filter(({ isLost }) => isLost)
      if (lost.length === 0) return
      const groups = yield* Effect.catchIf(reserved.run(xinfoGroups(key)), isStreamMissing, () => Effect.fail(noGroup))
      const found = groups.find(({ name }) => name === group)
      if (found === undefined) return yield* Effect.fail(noGroup)
      for (let i = 0; i < lost.length; i += pageSize) {
        const page = lost.slice(i, i + pageSize)
        const pending = yield* reserved.pipeline(page.map(({ id }) => xpendingRange(key, group, id, id, 1)))
        const entries = yield* reserved.pipeline(page.map(({ id }) => entryAt(key, id)))
        for (const [n, letter] of page.entries()) {
          const { id } = letter
          // It came again meanwhile.
          if (this.written.get(id) !== letter) continue
          if (pending[n]!.length > 0 || compareIds(id, found.lastDeliveredId) > 0) {
            this.group.notAfter(idBefore(id))
            this.written.delete(id)
            continue
          }
          const entry = entries[n]![0]
          if (entry === undefined || printOf(entry.fields) !== letter.print) {
            if (entry === undefined) this.given.events.tell({ _tag: "EntriesDeleted", ids: [id] })
            this.written.delete(id)
            continue
          }
          yield* this.writeAgain(letter, (add) =>
            this.given.settings.deletes
              ? Effect.map(reserved.transaction([add, xdel(key, id)]), ([letterId]) => letterId)
              : reserved.run(add), entry.fields)
        }
      }
    }))
  })

  private writeAgain(
    letter: Letter,
    run: (add: Command<string, "write">) => Effect.Effect<string, RedisError>,
    fields: Delivery["fields"]
  ): Effect.Effect<void, RedisError> {
    const { events, key, metrics, settings } = this.given
    const { deliveries, id, reason } = letter
    return Effect.gen({ self: this }, function*() {
      const letterId = yield* run(yield* addLetter(key, settings, { ...letter, fields }, reason))
      this.add(letter, { letterId, reason, at: yield* monotonicMillis })
      metrics.dead()
      events.tell({ _tag: "DeadLettered", id, deadLetterId: letterId, deliveries, reason })
    })
  }
}
