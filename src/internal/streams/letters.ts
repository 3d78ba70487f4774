/**
 * The dead letters that a consumer has written lately. A failover may lose one, and its entry comes again then; but a
 * group that is lost with it is made again after the entry, at a place that the old primary knew. Such letters are
 * written again.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { PrimaryClient, ReservedClient } from "../../Client.ts"
import type { Key, Mode } from "../../Command.ts"
import { xpendingRange } from "../../commands/streamPendingEntries.ts"
import type { RedisError } from "../../Errors.ts"
import { movesOf } from "../client/moves.ts"
import { monotonicMillis } from "../common/time.ts"
import type { Events } from "./consumerEvents.ts"
import type { ConsumerMetrics } from "./consumerMetrics.ts"
import type { ConsumerSettings } from "./consumerOptions.ts"
import { isLetterOf, writeLetter } from "./deadLetters.ts"
import { type Delivery, printOf } from "./deliveries.ts"
import { type Group, groupAt, isStreamMissing, noGroup } from "./group.ts"
import { entryAt, latestOf, type Removals, removalsOf } from "./groupCommands.ts"
import { compareIds, idBefore, zeroId } from "./ids.ts"

/** How many letters are remembered. */
const most = 1000
/** A letter that is older than this, in milliseconds, is on all replicas that may become the primary. */
const rememberedFor = 60_000
/** How many letters are looked for at once. */
const pageSize = 100

/** A stream that does not exist has removed nothing. */
const nothingRemoved: Removals = {
  length: 0,
  entriesAdded: 0,
  lastGeneratedId: zeroId,
  maxDeletedEntryId: zeroId,
  recordedFirstEntryId: zeroId
}

interface Letter {
  readonly id: string
  readonly print: number
  readonly deliveries: number
  readonly reason: string
  /** The id of the letter; null if it is not known, because the reply was lost. */
  letterId: string | null
  /** When it was written, in milliseconds. */
  readonly at: number
  isLost: boolean
  /** Whether it may have been written again, which is not told yet. */
  isUntold: boolean
}

type KnownLetter = Letter & { readonly letterId: string }

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
  /** How many letters may be at a primary before that one. */
  private doubtful = 0

  constructor(given: Surroundings, group: Group) {
    this.given = given
    this.group = group
    this.moves = movesOf(given.redis)
  }

  /** A letter was written, after the group had moved so often. */
  add({ deliveries, id, print }: Pick<Delivery, "id" | "print" | "deliveries">, { moves, ...letter }: {
    readonly letterId: string | null
    readonly reason: string
    readonly at: number
    readonly moves: number
  }): void {
    if (moves !== movesOf(this.given.redis)) {
      this.moves = Math.min(this.moves, moves)
      this.doubtful++
    }
    this.written.delete(id)
    this.written.set(id, { id, print, deliveries, ...letter, isLost: false, isUntold: false })
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

  /** Whether some may be lost. */
  get areDue(): boolean {
    return movesOf(this.given.redis) !== this.moves
  }

  /** The primary has answered: forgets what is old. */
  readonly expire = (now: number): void => {
    if (this.areDue) return
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
    if (!this.areDue) return Effect.void
    return this.lock.withPermit(Effect.suspend(() => {
      if (!this.areDue) return Effect.void
      const { doubtful } = this
      const moves = movesOf(this.given.redis)
      const done = Effect.sync(() => {
        if (doubtful === this.doubtful) this.moves = moves
      })
      return Effect.andThen(this.written.size === 0 ? Effect.void : this.restoreAll, done)
    }))
  })

  private readonly restoreAll: Effect.Effect<void, RedisError> = Effect.suspend(() =>
    Effect.scoped(Effect.gen({ self: this }, function*() {
      // It stays at one server: what is compared there is written there, or nowhere.
      const reserved = yield* this.given.redis.reserve
      yield* this.findLost(reserved)
      const lost = Array.from(this.written.values()).filter(({ isLost }) => isLost)
      if (lost.length > 0) yield* this.writeLost(reserved, lost)
    }))
  )

  /** Marks those that the server does not have, though nobody may have taken them out. */
  private findLost(reserved: ReservedClient<Mode>): Effect.Effect<void, RedisError> {
    const { key, settings: { deadLetter, group } } = this.given
    return Effect.gen({ self: this }, function*() {
      const removals = yield* Effect.catchIf(
        reserved.run(removalsOf(deadLetter!.key)),
        isStreamMissing,
        () => Effect.succeed(nothingRemoved)
      )
      const all = Array.from(this.written.values()).filter(({ isLost }) => !isLost)
      const known = all.filter(isKnown)
      const sought: Array<KnownLetter> = []
      for (const letter of known) {
        if (compareIds(letter.letterId, removals.lastGeneratedId) > 0) letter.isLost = true
        else if (!mayHaveRemoved(removals, letter.letterId)) sought.push(letter)
      }
      if (known.length < all.length) {
        const latest = yield* reserved.run(latestOf(deadLetter!.key, most))
        for (const letter of all) {
          if (isKnown(letter)) continue
          const found = latest.find(({ fields }) => isLetterOf(fields, key, group, letter))
          if (found === undefined) letter.isLost = true
          else this.found(letter, found.id)
        }
      }
      for (let i = 0; i < sought.length; i += pageSize) {
        const page = sought.slice(i, i + pageSize)
        const found = yield* reserved.pipeline(page.map(({ letterId }) => entryAt(deadLetter!.key, letterId)))
        for (const [n, letter] of page.entries()) {
          // What others have written since has later ids.
          letter.isLost = !found[n]!.some(({ fields }) => isLetterOf(fields, key, group, letter))
        }
      }
    })
  }

  /** Writes those again whose entries do not come again. */
  private writeLost(reserved: ReservedClient<Mode>, lost: ReadonlyArray<Letter>): Effect.Effect<void, RedisError> {
    const { events, key, settings: { group } } = this.given
    return Effect.gen({ self: this }, function*() {
      const progress = yield* groupAt(reserved, key, group)
      if (progress === undefined) return yield* Effect.fail(noGroup)
      for (let i = 0; i < lost.length; i += pageSize) {
        const page = lost.slice(i, i + pageSize)
        const pending = yield* reserved.pipeline(page.map(({ id }) => xpendingRange(key, group, id, id, 1)))
        const entries = yield* reserved.pipeline(page.map(({ id }) => entryAt(key, id)))
        for (const [n, letter] of page.entries()) {
          const { id } = letter
          // It came again meanwhile.
          if (this.written.get(id) !== letter) continue
          if (pending[n]!.length > 0 || compareIds(id, progress.lastDeliveredId) > 0) {
            this.group.notAfter(idBefore(id))
            this.written.delete(id)
            continue
          }
          const entry = entries[n]![0]
          if (entry === undefined || printOf(entry.fields) !== letter.print) {
            if (entry === undefined) events.tell({ _tag: "EntriesDeleted", ids: [id] })
            this.written.delete(id)
            continue
          }
          yield* this.writeAgain(reserved, letter, entry.fields)
        }
      }
    })
  }

  private writeAgain(
    reserved: Pick<PrimaryClient, "run">,
    letter: Letter,
    fields: Delivery["fields"]
  ): Effect.Effect<void, RedisError> {
    const { key, settings } = this.given
    return Effect.gen({ self: this }, function*() {
      const written = { ...letter, at: yield* monotonicMillis, letterId: null, isLost: false, isUntold: true }
      // If it fails, it is looked for before it is written once more.
      this.written.delete(letter.id)
      this.written.set(letter.id, written)
      this.found(written, yield* writeLetter(reserved, key, settings, { ...letter, fields }, letter.reason))
    })
  }

  private found(letter: Letter, letterId: string): void {
    const { events, metrics } = this.given
    const { deliveries, id, reason } = letter
    letter.letterId = letterId
    if (!letter.isUntold) return
    letter.isUntold = false
    metrics.dead()
    events.tell({ _tag: "DeadLettered", id, deadLetterId: letterId, deliveries, reason })
  }
}

const isKnown = (letter: Letter): letter is KnownLetter => letter.letterId !== null

/** Whether somebody may have taken an entry out of a stream, which has ids after it. */
const mayHaveRemoved = (
  { entriesAdded, length, maxDeletedEntryId, recordedFirstEntryId }: Removals,
  id: string
): boolean =>
  entriesAdded > length &&
  (length === 0 || compareIds(id, recordedFirstEntryId) < 0 || compareIds(id, maxDeletedEntryId) <= 0)
