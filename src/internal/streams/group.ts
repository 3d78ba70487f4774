/**
 * The group that a consumer belongs to: makes it when it is missing, and again when it is lost, from a place at which
 * nothing is skipped.
 *
 * The place is what the servers said last of the group: all entries up to it had been acknowledged, by whichever
 * consumer. A consumer alone cannot know more, since others may have entries that it has never seen.
 *
 * Whoever finds the group missing tells it, also if another one is the first to make it: that one may lose the reply, or
 * be gone before it comes.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Semaphore from "effect/Semaphore"
import type { PrimaryClient } from "../../Client.ts"
import * as Command from "../../Command.ts"
import type { Key } from "../../Command.ts"
import * as streamGroups from "../../commands/streamGroups.ts"
import * as streamInfo from "../../commands/streamInfo.ts"
import * as pendingEntries from "../../commands/streamPendingEntries.ts"
import { type RedisError, ReplyError } from "../../Errors.ts"
import { isGroupMissing } from "./attempts.ts"
import type { Events } from "./consumerEvents.ts"
import type { ConsumerSettings } from "./consumerOptions.ts"
import { countersOf, entryAt, lastIdOf } from "./groupCommands.ts"
import { compareIds, fullId, idBefore, zeroId } from "./ids.ts"

/** How far a group is. */
export interface Progress {
  /** The id of the entry that it has read last. */
  readonly last: string
  /** How many entries it has not read; null if the server does not know. */
  readonly lag: number | null
  /** How many entries are pending. */
  readonly pending: number
}

/** What a group needs of its consumer. */
interface Surroundings {
  /**
   * Forgets the ids that the consumer knows if a stream whose last id is this one, or that does not exist, is another one
   * than before: then they mean nothing any more. Gives whether it is. The group had come as far as `known`.
   */
  readonly forgetIfNew: (last: string | undefined, known: string) => boolean
  /** Runs fibers until the consumer has stopped. */
  readonly run: <A>(effect: Effect.Effect<A, RedisError>) => Fiber.Fiber<A, RedisError>
}

const lower = (a: string | undefined, b: string): string => a !== undefined && compareIds(a, b) < 0 ? a : b

const isReply = (error: RedisError, code: string): boolean => error._tag === "ReplyError" && error.code === code

/** The key does not exist: XINFO answers ERR. */
export const isStreamMissing = (error: RedisError): boolean =>
  error._tag === "ReplyError" && error.code === "ERR" && error.detail.includes("no such key")

/** What the server knows of a group; undefined if it has none, or no such stream. */
export const groupAt = ({ run }: Pick<PrimaryClient, "run">, key: Key, group: string) =>
  Effect.catchIf(
    Effect.map(run(streamInfo.xinfoGroups(key)), (groups) => groups.find(({ name }) => name === group)),
    isStreamMissing,
    () => Effect.undefined
  )

/** The group was missing, and that is not told yet. */
interface Loss {
  /** The lowest place at which this consumer has tried to make it again. */
  from: string | undefined
  isNewStream: boolean
}

export class Group {
  private readonly redis: PrimaryClient
  private readonly key: Key
  private readonly settings: ConsumerSettings
  private readonly events: Events
  private readonly surroundings: Surroundings
  private readonly lock = Semaphore.makeUnsafe(1)
  /** All entries up to this one are acknowledged. */
  private acknowledged: string | undefined
  /** How many entries the group has missed after its last one, as far as it is told. */
  private missed = { after: "", count: 0 }
  /** Where the group began, as far as this consumer knows. */
  private origin: string | undefined
  /** Whether the group was missing at the start, which is not told yet. */
  private wasMissing = false
  private loss: Loss | undefined
  /** How often the group was made again, by whomever. */
  private remakes = 0
  /** What makes the group, or has made it last. */
  private making: Fiber.Fiber<unknown, RedisError> | undefined

  constructor(
    redis: PrimaryClient,
    key: Key,
    settings: ConsumerSettings,
    events: Events,
    surroundings: Surroundings
  ) {
    this.redis = redis
    this.key = key
    this.settings = settings
    this.events = events
    this.surroundings = surroundings
  }

  /** Makes the group if it is missing, at the place that the options say. */
  readonly ensure: Effect.Effect<Progress, RedisError> = Effect.suspend(() => {
    const { from } = this.settings
    return this.make(Effect.gen({ self: this }, function*() {
      // First, since the reply of the command that makes it may be lost.
      if (!this.wasMissing) this.wasMissing = (yield* groupAt(this.redis, this.key, this.settings.group)) === undefined
      if (yield* this.create(from, true)) this.wasMissing = true
      yield* this.mayLater
      const progress = yield* this.inspect
      this.origin ??= this.acknowledged
      if (this.wasMissing) {
        this.wasMissing = false
        this.events.tell({ _tag: "GroupCreated", from: from === "$" ? this.origin ?? from : fullId(from, "lowest") })
      }
      return progress
    }))
  })

  /** Makes the group in a fiber that goes on when the consumer stops: nobody else may know what comes of it. */
  private make<A>(effect: Effect.Effect<A, RedisError>): Effect.Effect<A, RedisError> {
    return Effect.suspend(() => {
      const fiber = this.surroundings.run(effect)
      this.making = fiber
      return Fiber.join(fiber)
    })
  }

  /** Waits until the group that is being made is made and told, or until that has failed. */
  readonly made: Effect.Effect<void> = Effect.suspend(() =>
    this.making === undefined ? Effect.void : Effect.asVoid(Fiber.await(this.making))
  )

  /** Commands that are needed after a failover only, or for long work, change nothing here: rights are missing now. */
  private readonly mayLater: Effect.Effect<void, RedisError> = Effect.suspend(() => {
    const { consumer, deadLetter, group } = this.settings
    const later = this.redis.pipeline([
      lastIdOf(this.key),
      entryAt(this.key, "0-1"),
      pendingEntries.xclaimJustid(this.key, group, consumer, "365 days", ["0-1"])
    ])
    if (deadLetter === undefined) return Effect.asVoid(later)
    // What else is wrong there shows when a dead letter is written, and leaves its entry pending.
    const letters = Effect.catchIf(
      this.redis.run(entryAt(deadLetter.key, "0-1")),
      (error) => error._tag === "ReplyError" && error.code !== "NOPERM",
      () => Effect.void
    )
    return Effect.andThen(later, Effect.asVoid(letters))
  })

  /** Asks the server how far the group is. */
  readonly inspect: Effect.Effect<Progress, RedisError> = Effect.suspend(() => {
    const { group } = this.settings
    // In this order: what is delivered in between is pending, or was acknowledged, and what is trimmed is no hole.
    return Effect.flatMap(
      this.redis.pipeline([
        countersOf(this.key),
        streamInfo.xinfoGroups(this.key),
        pendingEntries.xpending(this.key, group)
      ]),
      ([{ entriesAdded, length }, groups, { count, lowestId }]): Effect.Effect<Progress, RedisError> => {
        const found = groups.find(({ name }) => name === group)
        if (found === undefined) return Effect.fail(noGroup)
        const last = found.lastDeliveredId
        if (found.entriesRead !== null) this.onRemoved(last, entriesAdded - length - found.entriesRead)
        const before = lowestId === null ? last : idBefore(lowestId)
        this.acknowledged = compareIds(before, last) < 0 ? before : last
        return Effect.succeed({ last, lag: found.lag, pending: count })
      }
    )
  }).pipe(Effect.catchIf(isStreamMissing, () => Effect.fail(noGroup)))

  /** Something after this place is not finished: the group is not made again after it. */
  notAfter(place: string): void {
    if (this.acknowledged !== undefined && compareIds(place, this.acknowledged) < 0) this.acknowledged = place
  }

  /** Of all entries ever removed, at least so many had not been read by the group. */
  private onRemoved(after: string, count: number): void {
    if (count <= 0) return
    const told = this.missed.after === after ? this.missed.count : 0
    if (count > told) this.events.tell({ _tag: "EntriesMissed", after, count: count - told })
    this.missed = { after, count: Math.max(count, told) }
  }

  /** Runs an effect that needs the group, which is made again if it is missing. */
  readonly within = <A, R>(effect: Effect.Effect<A, RedisError, R>): Effect.Effect<A, RedisError, R> =>
    Effect.suspend(() => {
      const { remakes } = this
      // It may be there meanwhile, and nobody may have told that it was missing.
      const attempt = this.loss === undefined ? effect : Effect.andThen(this.remake, effect)
      return Effect.catchIf(attempt, isGroupMissing, () => {
        // The answer may be older than the group.
        if (remakes !== this.remakes) return this.within(effect)
        this.loss ??= { from: undefined, isNewStream: false }
        return Effect.andThen(this.remake, effect)
      })
    })

  /** Makes the group again, and tells it. If somebody else has made it meanwhile, it stays as it is. */
  private readonly remake: Effect.Effect<void, RedisError> = Effect.suspend(() =>
    this.make(this.lock.withPermit(Effect.gen({ self: this }, function*() {
      const { loss } = this
      if (loss === undefined) return
      const last = yield* Effect.catchIf(this.redis.run(lastIdOf(this.key)), isStreamMissing, () => Effect.undefined)
      if (this.surroundings.forgetIfNew(last, this.acknowledged ?? zeroId)) loss.isNewStream = true
      const place = loss.isNewStream ? zeroId : this.placeIn(last)
      loss.from = lower(loss.from, place)
      if (yield* this.create(place, last === undefined)) this.acknowledged = place
      else {
        // Whoever has made it may know less than this consumer, and begin before its place.
        yield* this.inspect
        loss.from = lower(loss.from, this.acknowledged ?? place)
      }
      if (loss.isNewStream) this.origin = zeroId
      this.loss = undefined
      this.remakes++
      this.events.tell({ _tag: "GroupRecreated", from: loss.from, streamMissing: loss.isNewStream })
    })))
  )

  /**
   * Where the group begins in a stream whose last id is this one. A stream that ends before the known place is another
   * one, or lacks what the last primary had.
   */
  private placeIn(last: string | undefined): string {
    if (last === undefined) return zeroId
    for (const place of [this.acknowledged, this.origin]) {
      if (place !== undefined && compareIds(place, last) <= 0) return place
    }
    const { from } = this.settings
    return from === "$" ? last : fullId(from, "lowest")
  }

  /** Gives whether the group is new. */
  private create(from: string, mkstream: boolean): Effect.Effect<boolean, RedisError> {
    const { group } = this.settings
    return this.redis.run(Command.repeatable(streamGroups.xgroupCreate(this.key, group, from, { mkstream }))).pipe(
      Effect.as(true),
      Effect.catchIf((error) => isReply(error, "BUSYGROUP"), () => Effect.succeed(false)),
      // The stream was there a moment ago.
      Effect.mapError((error) => !mkstream && isReply(error, "ERR") ? noGroup : error)
    )
  }
}

/** XINFO GROUPS does not say that a group is missing. */
export const noGroup: RedisError = new ReplyError({
  code: "NOGROUP",
  detail: "NOGROUP no such group",
  command: "XINFO GROUPS"
})
