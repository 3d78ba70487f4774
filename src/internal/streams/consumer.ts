/**
 * A consumer of a group at work: reads as many entries as there is room for, runs the handler on each, and decides what
 * becomes of the entry. How it starts and stops is in consume.ts, and what it does beside that in upkeep.ts.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type { PrimaryClient } from "../../Client.ts"
import type { Key } from "../../Command.ts"
import type { RedisError } from "../../Errors.ts"
import { movesOf } from "../client/moves.ts"
import { monotonicMillis, monotonicMillisUnsafe } from "../common/time.ts"
import { Acknowledgements } from "./acknowledgements.ts"
import { type Attempts, Loop } from "./attempts.ts"
import { Claims, type Taken } from "./claims.ts"
import { type Events, type Failed, withCause } from "./consumerEvents.ts"
import type { ConsumerMetrics } from "./consumerMetrics.ts"
import type { ConsumerSettings } from "./consumerOptions.ts"
import { moveToDeadLetters, reasonOf } from "./deadLetters.ts"
import { type Delivery, Finished, printOf } from "./deliveries.ts"
import { decodeEntry } from "./entries.ts"
import { Group } from "./group.ts"
import { type DeliveredEntry, read, readOrClaim } from "./groupCommands.ts"
import { type Handler, handlingOf } from "./handling.ts"
import { compareIds, idBefore, zeroId } from "./ids.ts"
import { Letters } from "./letters.ts"
import { Pace } from "./pace.ts"
import { SharedName } from "./sharedName.ts"
import type { EntryCodec, RawFields } from "./types.ts"
import { type Kept, Upkeep } from "./upkeep.ts"

/** How long a read waits at most, in milliseconds, before the consumer looks around. */
const longestWait = 30_000
/** A read that should have waited and came to nothing sooner than this is followed by a pause, in milliseconds. */
const shortestWait = 20
/** How many entries may wait for their acknowledgement, beside those that have or await a handler. */
const mostSettling = 1000
/** How many ids of entries are known that failed and stay pending. */
const mostLeft = 10_000

/** Runs fibers in the context of the consumer. */
export type Run<R> = <A, E>(effect: Effect.Effect<A, E, R>) => Fiber.Fiber<A, E>

/** What a consumer works with. */
export interface Surroundings<T, R> {
  readonly redis: PrimaryClient
  readonly key: Key
  /** The key in words. */
  readonly stream: string
  /** The stream and the group in words. */
  readonly label: string
  readonly codec: EntryCodec<T>
  readonly settings: ConsumerSettings
  readonly events: Events
  readonly attempts: Attempts
  readonly metrics: ConsumerMetrics
  readonly run: Run<R>
  readonly clock: Clock.Clock
  /** Runs the fibers of handlers. */
  readonly fork: Run<R>
  /** Whether each handler has a span. */
  readonly isTraced: boolean
  /** Ends the consumer. */
  readonly fail: (cause: Cause.Cause<RedisError>) => void
}

/** What a handler fails with to give its entry back. */
export class Released {
  readonly _tag = "Released"
}

/** The server does not know CLAIM of XREADGROUP. */
const isClaimUnknown = (error: RedisError): boolean =>
  error._tag === "ReplyError" && error.code === "ERR" && /syntax/i.test(error.detail)

export class Consumer<T, E, R> implements Kept {
  private readonly given: Surroundings<T, R>
  private readonly handling: (delivery: Delivery, value: T) => Effect.Effect<unknown, E, R>
  readonly group: Group
  readonly claims: Claims
  readonly acknowledgements: Acknowledgements<Delivery>
  readonly upkeep: Upkeep
  /** The entries that the consumer has, by id. */
  readonly deliveries = new Map<string, Delivery>()
  readonly finished: Finished
  readonly letters: Letters
  private readonly loop: Loop
  /** Entries that failed, and are pending until somebody claims them. */
  private readonly left = new Set<string>()
  private readonly waiting: Array<{ readonly delivery: Delivery; readonly value: T }> = []
  readonly running = new Map<Delivery, Fiber.Fiber<unknown, unknown>>()
  private moving = 0
  private readonly room = Latch.makeUnsafe(true)
  /** Opened when no handler runs, and when nothing at all is under way. */
  private readonly unhandled = Latch.makeUnsafe(true)
  private readonly idle = Latch.makeUnsafe(true)
  private highest = zeroId
  /** How often the group had moved when that came. */
  private highestMoves = 0
  private moves: number
  private hasClaim: boolean | undefined = undefined
  /** Whether there may be pending entries of the consumer that it does not know. */
  isOwnDue = true
  private claimDue = 0
  /** Whether the group has moved, and the consumer has not asked what the new primary has delivered. */
  private isMoved = false
  /** The first entry that it got from the new primary before it asked. */
  private firstSinceMove: string | undefined
  private readonly pace: Pace
  /** Whether something has to be claimed first, so that nothing new is read ahead. */
  private claimsFirst = false
  /** Whether what is pending for the consumer may be of a process before this one, whose handlers have seen it. */
  private isRestart = true
  /** Entries that were read ahead and given back. */
  private returned: ReadonlySet<string> = new Set()
  /** The deliveries of entries that the server counts too high. */
  readonly miscounted = new Map<string, number>()
  readonly sharedName: SharedName
  /** Whether some entries that failed are not known any more. */
  hasForgotten = false
  /** Whether waiting entries are being given to handlers. */
  private isStarting = false
  isStopping = false
  /** Whether the handlers that still run are interrupted, since the consumer stops. */
  isInterrupting = false

  constructor(
    given: Surroundings<T, R>,
    handler: Handler<T, E, R>
  ) {
    const { attempts, events, key, redis, settings } = given
    this.given = given
    this.handling = handlingOf(given, handler)
    this.finished = new Finished(settings.remember)
    this.group = new Group(redis, key, settings, events, {
      run: given.run,
      forgetIfNew: (last, known) => this.forgetIfNew(last, known)
    })
    this.letters = new Letters(given, this.group)
    this.claims = new Claims(redis, key, settings)
    this.sharedName = new SharedName(this.claims)
    this.acknowledgements = new Acknowledgements(redis, key, settings, attempts, (batch) => this.onAcknowledged(batch))
    this.moves = movesOf(redis)
    this.loop = new Loop(attempts)
    this.pace = new Pace(given.clock)
    this.upkeep = new Upkeep(given, this)
  }

  // ---------------------------------------------------------------------------
  // Reading
  // ---------------------------------------------------------------------------

  /** Reads for as long as it runs. */
  readonly reading: Effect.Effect<never, RedisError> = Effect.suspend(() => {
    const { metrics } = this.given
    const once = Effect.suspend(() => this.group.within(this.turn)).pipe(
      Effect.tapError((error) =>
        Effect.sync(() => {
          // The server may have given entries in a reply that is lost.
          if (error._tag === "ReplyError") return
          this.isOwnDue = true
          this.sharedName.onUncertain()
        })
      )
    )
    return Effect.andThen(
      Effect.map(this.loop.persist(this.group.ensure), (progress) => metrics.progress(progress)),
      Effect.forever(Effect.andThen(this.room.await, this.loop.persist(once)))
    )
  })

  private readonly turn: Effect.Effect<void, RedisError> = Effect.gen({ self: this }, function*() {
    const { settings } = this.given
    if (this.lookAround()) this.isMoved = true
    if (this.isMoved) yield* this.tellMove
    this.pace.measure()
    if (this.isOwnDue) {
      const room = this.roomLeft
      if (room === 0) return this.claimFirst()
      // A read that is lost from now on makes it due again.
      this.isOwnDue = false
      const taken = yield* Effect.onError(
        this.claims.own(
          room,
          (id) => this.deliveries.has(id) || this.left.has(id),
          (id) => !this.isRestart && !this.returned.has(id)
        ),
        () => Effect.sync(() => void (this.isOwnDue = true))
      )
      if (taken.hasMore) this.isOwnDue = true
      yield* this.takeOver(taken, "self")
      if (taken.hasMore) return
      this.isRestart = false
    }
    const now = yield* monotonicMillis
    const claims = settings.claimMillis !== Infinity
    if (claims && now >= this.claimDue && this.roomLeft === 0) return this.claimFirst()
    this.claimsFirst = false
    const claimsHere = claims && this.hasClaim === false
    let moreToClaim = false
    if (claimsHere && now >= this.claimDue && this.roomLeft > 0) {
      const taken = yield* this.claims.idle(this.roomLeft)
      yield* this.takeOver(taken, "idle")
      moreToClaim = taken.hasMore
      if (!moreToClaim) this.claimDue = now + settings.claimMillis
    }
    const { aheadLeft: ahead, roomLeft: room } = this
    const before = this.hasClaim
    // What is claimed is not claimed ahead: an entry that kills its consumer must not take others with it.
    const isAhead = ahead > room && now < this.claimDue
    if (room === 0 && !isAhead) return this.updateRoom()
    const entries = yield* isAhead
      ? this.given.redis.run(read(this.given.key, settings.group, settings.consumer, ">", { count: ahead }))
      : this.readNow(room)
    if (!isAhead && this.hasClaim === true) this.claimDue = now + settings.claimMillis
    yield* this.loop.reached
    if (entries.length > 0) return yield* this.take(entries)
    if (room === 0) return yield* Effect.andThen(Effect.sleep(shortestWait), Effect.sync(() => this.updateRoom()))
    // A server without CLAIM is asked for idle entries first.
    if (moreToClaim || this.hasClaim !== before) return
    const wait = Math.min(longestWait, settings.claimMillis, claimsHere ? Math.max(1, this.claimDue - now) : Infinity)
    const began = yield* monotonicMillis
    const later = yield* this.readNow(room, wait)
    yield* this.take(later)
    const took = (yield* monotonicMillis) - began
    if (later.length === 0 && took < Math.min(wait, shortestWait)) yield* Effect.sleep(shortestWait)
  })

  /** Reads new entries, and idle ones where the server has CLAIM. It asks each server once. */
  private readNow(room: number, blockMillis?: number): Effect.Effect<ReadonlyArray<DeliveredEntry>, RedisError> {
    const { key, redis, settings } = this.given
    const { consumer, group, minIdleMillis } = settings
    const options = blockMillis === undefined
      ? { count: room }
      : { count: room, block: `${blockMillis} millis` as const }
    if (this.hasClaim === false || settings.claimMillis === Infinity) {
      return redis.run(read(key, group, consumer, ">", options))
    }
    return Effect.matchEffect(redis.run(readOrClaim(key, group, consumer, minIdleMillis, options)), {
      onSuccess: (entries) => {
        this.hasClaim = true
        return Effect.succeed(entries)
      },
      onFailure: (error) => {
        if (!isClaimUnknown(error)) return Effect.fail(error)
        this.hasClaim = false
        this.claimDue = 0
        return Effect.succeed([])
      }
    })
  }

  /** How many entries the consumer may get now. */
  private get roomLeft(): number {
    const { concurrency, prefetch } = this.given.settings
    const active = this.waiting.length + this.running.size
    return Math.max(
      0,
      Math.min(concurrency + prefetch - active, concurrency + prefetch + mostSettling - this.deliveries.size)
    )
  }

  /** How many new entries it may get now, with those that it reads ahead. */
  private get aheadLeft(): number {
    const { concurrency, readsAhead } = this.given.settings
    if (!readsAhead || this.claimsFirst) return 0
    const most = concurrency + this.pace.ahead
    const left = most - this.waiting.length - this.running.size
    // It reads many at once, or none.
    return left * 2 < most ? 0 : Math.max(0, Math.min(left, most + mostSettling - this.deliveries.size))
  }

  private claimFirst(): void {
    this.claimsFirst = true
    this.updateRoom()
  }

  /** How many entries are finished, and neither acknowledged nor moved. */
  get settlingCount(): number {
    return this.acknowledgements.size + this.moving
  }

  /** How many entries the consumer has that are not finished. */
  get unhandledCount(): number {
    let count = 0
    for (const { isLost, isReplaced, state } of this.deliveries.values()) {
      if (state !== "settling" && !isLost && !isReplaced) count++
    }
    return count
  }

  updateRoom(): void {
    if (this.roomLeft > 0 || this.aheadLeft > 0) this.room.openUnsafe()
    else this.room.closeUnsafe()
    if (this.running.size === 0) this.unhandled.openUnsafe()
    else this.unhandled.closeUnsafe()
    if (this.running.size === 0 && this.settlingCount === 0) this.idle.openUnsafe()
    else this.idle.closeUnsafe()
  }

  /** Waits until no handler runs. */
  readonly handled: Effect.Effect<void> = Effect.suspend(() => this.unhandled.await)

  /** Waits until no handler runs, and everything that was handled is acknowledged or moved. */
  readonly quiet: Effect.Effect<void> = Effect.suspend(() => this.idle.await)

  private takeOver(taken: Taken, of: "self" | "idle"): Effect.Effect<void> {
    const { events } = this.given
    this.onDeleted(taken.deletedIds, of === "self")
    if (taken.entries.length === 0) return Effect.sync(() => this.updateRoom())
    events.tell({ _tag: "Claimed", ids: taken.entries.map(({ id }) => id), of })
    return this.take(taken.entries.map((entry) => ({ ...entry, wasPending: true })), true)
  }

  /** Entries that are no more in the stream. XAUTOCLAIM makes them pending no more, other commands leave them. */
  private onDeleted(ids: ReadonlyArray<string>, arePending: boolean): void {
    if (ids.length === 0) return
    const { events } = this.given
    events.tell({ _tag: "EntriesDeleted", ids })
    if (!arePending) return
    for (const id of ids) this.settle(this.deliveryOf({ id, fields: [], deliveries: 1 }, 0))
  }

  /** Asks before anything is read, so that no consumer of the group is told more than the new primary had. */
  private readonly tellMove: Effect.Effect<void, RedisError> = Effect.suspend(() =>
    Effect.map(this.group.inspect, ({ last }) => {
      this.isMoved = false
      const before = this.firstSinceMove === undefined ? last : idBefore(this.firstSinceMove)
      this.firstSinceMove = undefined
      const lastDeliveredId = compareIds(before, last) < 0 ? before : last
      this.given.events.tell({ _tag: "GroupMoved", lastDeliveredId })
    })
  )

  // ---------------------------------------------------------------------------
  // Entries
  // ---------------------------------------------------------------------------

  private take(entries: ReadonlyArray<DeliveredEntry>, isTold = false): Effect.Effect<void> {
    if (entries.length === 0) return Effect.void
    if (movesOf(this.given.redis) !== this.moves) this.firstSinceMove ??= entries[0]!.id
    return Effect.map(monotonicMillis, (now) => {
      const claimed: Array<string> = []
      for (const entry of entries) {
        const { deliveries, fields, id, wasPending = false } = entry
        if (fields === undefined) {
          this.onDeleted([id], true)
          continue
        }
        if (wasPending && !isTold) claimed.push(id)
        this.takeOne({ id, fields, deliveries: deliveries ?? 1 }, wasPending, now)
      }
      if (claimed.length > 0) this.given.events.tell({ _tag: "Claimed", ids: claimed, of: "idle" })
      this.startWaiting()
    })
  }

  private takeOne(
    entry: { readonly id: string; readonly fields: RawFields; readonly deliveries: number },
    wasPending: boolean,
    now: number
  ) {
    const { codec, events, metrics, settings } = this.given
    const { id } = entry
    if (this.left.size > 0) this.left.delete(id)
    this.letters.forget(id)
    const delivery = this.deliveryOf(entry, now)
    const known = this.deliveries.get(id)
    if (known !== undefined) {
      if (known.print === delivery.print) {
        known.touchedAt = now
        known.isLost = false
        if (known.state === "settling") known.isAgain = true
        // It claimed its own entry, after the process had stood still: nothing was delivered.
        else if (entry.deliveries > known.deliveries) this.miscounted.set(id, known.deliveries)
        metrics.redelivered()
        return events.tell({ _tag: "Redelivered", id, outcome: "skipped" })
      }
      known.isReplaced = true
    }
    // What is delivered for the first time is new to the group, unless the group has gone back.
    const isHigher = compareIds(id, this.highest) > 0
    const isAgain = !wasPending && !isHigher
    const isRepeated = isAgain || entry.deliveries > 1
    if (this.finished.has(id, delivery.print)) {
      metrics.redelivered()
      events.tell({ _tag: "Redelivered", id, outcome: "acknowledged" })
      return this.settle(delivery)
    }
    if (isRepeated) metrics.redelivered()
    if (isAgain) events.tell({ _tag: "Redelivered", id, outcome: "processed" })
    if (isHigher) {
      this.highest = id
      this.highestMoves = this.moves
    }
    const { deadLetter } = settings
    if (deadLetter !== undefined && entry.deliveries > deadLetter.maxDeliveries) {
      return this.bury(delivery, "MaxDeliveries")
    }
    let item: ReturnType<typeof decodeEntry<T>>
    try {
      item = decodeEntry(codec, delivery)
    } catch {
      item = { _tag: "Misfit", id, issue: "the codec does not accept it", fields: entry.fields }
    }
    if (item._tag === "Misfit") {
      events.tell({ _tag: "MisfitFound", id, issue: item.issue })
      metrics.failed()
      if (deadLetter !== undefined) return this.bury(delivery, `Misfit: ${item.issue}`)
      return this.leave(delivery)
    }
    this.deliveries.set(id, delivery)
    this.waiting.push({ delivery, value: item.value })
  }

  private deliveryOf(
    { deliveries, fields, id }: { readonly id: string; readonly fields: RawFields; readonly deliveries: number },
    now: number
  ): Delivery {
    this.sharedName.onTaken(id)
    return {
      id,
      fields,
      deliveries,
      print: printOf(fields),
      // It may have moved since the read began.
      moves: this.moves,
      state: "waiting",
      takenAt: now,
      touchedAt: now,
      isLost: false,
      isReplaced: false
    }
  }

  private startWaiting(): void {
    // A handler that ends at once gets here again. The loop goes on, in place of a call within a call for each entry.
    if (this.isStarting) return
    this.isStarting = true
    const { concurrency } = this.given.settings
    try {
      while (!this.isStopping && this.waiting.length > 0 && this.running.size < concurrency) {
        const { delivery, value } = this.waiting.shift()!
        this.start(delivery, value)
      }
    } finally {
      this.isStarting = false
    }
    this.updateRoom()
  }

  private start(delivery: Delivery, value: T): void {
    delivery.state = "running"
    this.pace.started()
    const fiber = this.given.fork(this.handling(delivery, value))
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.onHandled(delivery, exit)
    this.running.set(delivery, fiber)
    fiber.addObserver((exit) => {
      this.running.delete(delivery)
      this.onHandled(delivery, exit)
      this.startWaiting()
    })
  }

  private onHandled(delivery: Delivery, exit: Exit.Exit<unknown, E>): void {
    const { events, metrics, settings } = this.given
    this.pace.ended(this.running.size > 0)
    if (Exit.isSuccess(exit)) {
      metrics.processed()
      return this.settle(delivery)
    }
    const { cause } = exit
    // The handler has not failed: the consumer gives the entry back.
    if (this.isInterrupting && Cause.hasInterruptsOnly(cause)) return
    const { id } = delivery
    const failure = Cause.findErrorOption(cause)
    if (failure._tag === "Some" && failure.value instanceof Released) return this.giveBack(delivery)
    const reason = reasonOf(settings, cause)
    metrics.failed()
    events.tell(withCause<Failed>({ _tag: "Failed", id, deliveries: delivery.deliveries, reason }, cause))
    const { deadLetter } = settings
    if (deadLetter !== undefined && delivery.deliveries >= deadLetter.maxDeliveries && !delivery.isLost) {
      return this.bury(delivery, reason)
    }
    this.leave(delivery)
  }

  /** Leaves an entry pending, for whoever claims it. */
  private leave(delivery: Delivery): void {
    this.forget(delivery)
    this.left.add(delivery.id)
    if (this.left.size <= mostLeft) return
    this.hasForgotten = true
    for (const oldest of this.left) {
      this.left.delete(oldest)
      break
    }
  }

  /** Makes an entry claimable at once. */
  private giveBack(delivery: Delivery): void {
    const release = this.claims.release([delivery.id], Math.max(0, delivery.deliveries - 1))
    this.settleWith(delivery, delivery.isLost ? Effect.void : release, () => this.leave(delivery))
  }

  private forget(delivery: Delivery): void {
    if (this.deliveries.get(delivery.id) === delivery) this.deliveries.delete(delivery.id)
    if (delivery.isAgain === true) this.isOwnDue = true
  }

  /** Acknowledges an entry. */
  private settle(delivery: Delivery): void {
    delivery.state = "settling"
    if (delivery.isReplaced) return delivery.onAcknowledged?.()
    this.deliveries.set(delivery.id, delivery)
    this.acknowledgements.add(delivery)
  }

  private onAcknowledged(batch: ReadonlyArray<Delivery>): void {
    for (const delivery of batch) {
      if (delivery.fields.length > 0 && !delivery.isReplaced) this.finished.add(delivery.id, delivery.print)
      this.forget(delivery)
      delivery.onAcknowledged?.()
    }
    this.updateRoom()
  }

  /** Moves an entry to the dead letters. */
  private bury(delivery: Delivery, reason: string): void {
    const { clock, events, key, metrics, redis, settings } = this.given
    const { deliveries, id } = delivery
    const moves = movesOf(redis)
    const move = this.letters.before(moveToDeadLetters(redis, key, settings, delivery, reason))
    this.settleWith(delivery, move, (moved) => {
      if (moved._tag === "NotPending") return events.tell({ _tag: "ClaimLost", id, to: null })
      const { deadLetterId } = moved
      this.letters.add(delivery, { letterId: deadLetterId, reason, at: monotonicMillisUnsafe(clock), moves })
      metrics.dead()
      // It is not remembered as finished: a failover that loses the dead letter has to bring the entry again.
      events.tell({ _tag: "DeadLettered", id, deadLetterId, deliveries, reason })
    })
  }

  private settleWith<A>(delivery: Delivery, effect: Effect.Effect<A, RedisError>, onSuccess: (value: A) => void): void {
    const { attempts, fail, run } = this.given
    delivery.state = "settling"
    this.deliveries.set(delivery.id, delivery)
    this.moving++
    run(attempts.persist(effect)).addObserver((exit) => {
      this.moving--
      this.forget(delivery)
      if (Exit.isSuccess(exit)) onSuccess(exit.value)
      else if (!Cause.hasInterruptsOnly(exit.cause)) fail(exit.cause)
      this.updateRoom()
    })
    this.updateRoom()
  }

  // ---------------------------------------------------------------------------
  // Beside the reading
  // ---------------------------------------------------------------------------

  /** What changes when the group has moved: another server has other abilities, and may lack acknowledgements. */
  private lookAround(): boolean {
    const moves = movesOf(this.given.redis)
    if (moves === this.moves) return false
    this.moves = moves
    this.hasClaim = undefined
    this.isOwnDue = true
    this.sharedName.onUncertain()
    return true
  }

  /**
   * Forgets the ids that it knows if the stream is another one than before: then all that it has is new, also ids that
   * were used before. Gives whether it is.
   */
  private forgetIfNew(last: string | undefined, known: string): boolean {
    const { highest } = this
    if (last === zeroId) {
      if (highest === zeroId && known === zeroId) return false
    } else if (last !== undefined) {
      // A new primary may lack the latest entries. At one primary the last id never goes back.
      if (compareIds(highest, last) <= 0 || this.highestMoves !== movesOf(this.given.redis)) return false
    }
    this.finished.clear()
    this.letters.clear()
    this.highest = zeroId
    return true
  }

  knows(id: string): boolean {
    return this.deliveries.has(id) || this.left.has(id) || this.returned.has(id)
  }

  onReturned(returned: ReadonlyArray<Delivery>): void {
    this.pace.stop()
    this.returned = new Set(returned.map(({ id }) => id))
    // Before anything newer it gets what nobody else has claimed.
    this.isOwnDue = true
    this.claimFirst()
  }

  withdraw(isOut: (delivery: Delivery) => boolean): ReadonlyArray<Delivery> {
    const parts = Map.groupBy(this.waiting.splice(0), ({ delivery }) => isOut(delivery))
    this.waiting.push(...parts.get(false) ?? [])
    const out = (parts.get(true) ?? []).map(({ delivery }) => delivery)
    for (const delivery of out) this.forget(delivery)
    return out
  }

  // ---------------------------------------------------------------------------
  // Stopping
  // ---------------------------------------------------------------------------

  /** Gives back what no handler has finished, so that others may claim it at once. Gives how many entries that are. */
  readonly handBack: Effect.Effect<number, RedisError> = Effect.gen({ self: this }, function*() {
    const isKnown = (id: string): boolean => this.deliveries.has(id) || this.left.has(id)
    // Entries of a read that was interrupted: the server has given them, and nobody has seen them.
    const unseen = yield* this.claims.unknown(isKnown, mostLeft)
    const byDeliveries = new Map<number | undefined, Array<string>>()
    const add = (count: number | undefined, id: string): unknown =>
      byDeliveries.get(count)?.push(id) ?? byDeliveries.set(count, [id])
    for (const delivery of this.deliveries.values()) {
      if (delivery.state === "settling" || delivery.isLost || delivery.isReplaced) continue
      // What nobody has seen was not delivered.
      const isSeen = delivery.state === "running" && delivery.isUnseen !== true
      add(isSeen || delivery.deliveries === Infinity ? undefined : delivery.deliveries - 1, delivery.id)
    }
    for (const [id, count] of unseen.deliveries) add(Number.isFinite(count) ? Math.max(0, count - 1) : undefined, id)
    let handedBack = 0
    for (const [count, ids] of byDeliveries) {
      yield* this.claims.release(ids, count)
      handedBack += ids.length
    }
    return handedBack
  })
}
