/**
 * The messages that wait for the reader of one subscription: a bounded number, what becomes of those beyond it, and
 * the gaps among them. It knows nothing of connections.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { type RedisError, SubscriptionOverflow, ValueMismatch } from "../../Errors.ts"
import type { Gap, Subscribed, WhenFull } from "../../PubSub.ts"
import { Deque } from "../common/deque.ts"
import type { Format } from "./formats.ts"

/** The reader gets at most this many items at once. They no longer count as waiting. */
const mostTaken = 1024

/** What an inbox asks for. */
export interface InboxHost {
  /** A client's address or group, for messages. */
  readonly label: string
  /** The reader waits, and there is something for it: `wake` has to be called soon. */
  readonly onReadable: (inbox: Inbox) => void
  /** A message was dropped. */
  readonly onDropped: () => void
  /** Nothing more should come, because it has failed. */
  readonly onFailed: (inbox: Inbox) => void
  /** With `"wait"`: nothing more should come for a while, or it may come again. */
  readonly onFull: (isFull: boolean) => void
}

interface OverflowGap extends Gap {
  missed: number
}

const overflowGap = (missed: number): OverflowGap => ({
  _tag: "Gap",
  reason: "overflow",
  detail: "the reader was slower than the messages arrived",
  missed
})

type Pulled = Effect.Effect<readonly [unknown, ...Array<unknown>], RedisError | Cause.Done>

/**
 * Queues messages up to a limit.
 *
 * @since 0.1.0
 * @category models
 */
export class Inbox {
  private readonly host: InboxHost
  private readonly capacity: number
  private readonly whenFull: WhenFull
  private readonly format: Format<unknown>
  /** Kept messages, and gaps and events in their places. */
  private readonly queue = new Deque<unknown>()
  /** How many of them are gaps and events. */
  private others = 0
  /** What takes the place of dropped messages before the queue. */
  private missedBefore = 0
  private gapBefore: Gap | undefined = undefined
  private eventBefore: Subscribed | undefined = undefined
  /** The gap at the end of the queue that counts what is dropped now. */
  private overflow: OverflowGap | undefined = undefined
  private isFull = false
  private end: Exit.Exit<never, RedisError | Cause.Done> | undefined = undefined
  private readonly readers: Array<(effect: Pulled) => void> = []
  private isWaking = false

  constructor(host: InboxHost, capacity: number, whenFull: WhenFull, format: Format<unknown>) {
    this.host = host
    this.capacity = capacity
    this.whenFull = whenFull
    this.format = format
  }

  /** Takes a message in, or drops one. The arguments are those of `Format.keep`. */
  message(
    name: Parameters<Format<unknown>["keep"]>[0],
    names: Parameters<Format<unknown>["keep"]>[1],
    channelFrom: number,
    channelTo: number,
    body: Parameters<Format<unknown>["keep"]>[4],
    from: number,
    to: number
  ): void {
    if (this.end !== undefined) return
    if (this.queue.size - this.others >= this.capacity && !this.hasRoom()) return
    this.overflow = undefined
    this.queue.push(this.format.keep(name, names, channelFrom, channelTo, body, from, to))
    if (this.readers.length > 0) this.readable()
  }

  /** Whether the next message has a place after all. */
  private hasRoom(): boolean {
    switch (this.whenFull) {
      case "wait":
        this.isFull = true
        this.host.onFull(true)
        // What has arrived already is not dropped.
        return true
      case "drop-oldest":
        this.dropOldest()
        return true
      case "fail":
        this.fail(new SubscriptionOverflow({ target: this.host.label, capacity: this.capacity }))
        return false
      default:
        this.host.onDropped()
        if (this.overflow === undefined) this.other(this.overflow = overflowGap(0))
        this.overflow.missed++
        return false
    }
  }

  private dropOldest(): void {
    for (;;) {
      const oldest = this.queue.shift()
      if (isGap(oldest)) {
        this.others--
        this.gapBefore = oldest
      } else if (isSubscribed(oldest)) {
        this.others--
        this.eventBefore = oldest
      } else {
        this.missedBefore++
        return this.host.onDropped()
      }
    }
  }

  private other(item: Gap | Subscribed): void {
    this.queue.push(item)
    this.others++
    if (this.readers.length > 0) this.readable()
  }

  /** Messages may be missing here. */
  gap(reason: "moved" | "lost", detail: string): void {
    if (this.end !== undefined) return
    // After an unread gap without a message behind it, another one would add nothing.
    if (this.afterMessages(isLoss) === -1) this.other({ _tag: "Gap", reason, detail, missed: undefined })
  }

  /** The server has acknowledged everything. */
  subscribed(event: Subscribed): void {
    if (this.end !== undefined) return
    const { queue } = this
    const at = this.afterMessages((item) => isSubscribed(item) || isLoss(item))
    if (at !== -1 && isSubscribed(queue.at(at))) queue.set(at, event)
    else this.other(event)
  }

  /** The index of the last such gap or event behind the last message; -1 if there is none. */
  private afterMessages(is: (item: unknown) => boolean): number {
    const { queue } = this
    for (let i = queue.size - 1; i >= 0; i--) {
      const item = queue.at(i)
      if (is(item)) return i
      if (!isGap(item) && !isSubscribed(item)) return -1
    }
    return -1
  }

  /** The Stream gives what waits, and fails. */
  private fail(error: RedisError): void {
    this.close(Exit.fail(error))
    this.host.onFailed(this)
  }

  /** The Stream gives what waits, and ends. */
  close(end: Exit.Exit<never, RedisError | Cause.Done>): void {
    if (this.end !== undefined) return
    this.end = end
    if (this.readers.length > 0) this.readable()
  }

  /** Forgets what waits, and ends the Stream. */
  discard(): void {
    this.queue.drain()
    this.others = this.missedBefore = 0
    this.gapBefore = this.eventBefore = undefined
    this.close(Exit.fail(Cause.Done()))
  }

  private readable(): void {
    if (this.isWaking) return
    this.isWaking = true
    this.host.onReadable(this)
  }

  /** How many items wait. */
  get size(): number {
    return this.queue.size
  }

  /** Gives the readers that wait what there is. */
  wake(): void {
    this.isWaking = false
    for (const resume of this.readers.splice(0)) resume(this.pull)
  }

  private take(): ReadonlyArray<unknown> {
    const { format, queue } = this
    const out: Array<unknown> = []
    if (this.missedBefore > 0) out.push(overflowGap(this.missedBefore))
    if (this.gapBefore !== undefined) out.push(this.gapBefore)
    if (this.eventBefore !== undefined) out.push(this.eventBefore)
    this.missedBefore = 0
    this.gapBefore = this.eventBefore = undefined
    const { itemOf } = format
    for (let left = Math.min(mostTaken, queue.size); left > 0; left--) {
      const kept = queue.shift()
      if (this.others > 0 && (isGap(kept) || isSubscribed(kept))) {
        this.others--
        if (kept === this.overflow) this.overflow = undefined
        out.push(kept)
      } else if (itemOf === undefined) out.push(kept)
      else {
        try {
          out.push(itemOf(kept))
        } catch (error) {
          this.failNow(error)
          break
        }
      }
    }
    if (this.isFull && queue.size - this.others <= this.capacity >> 1) {
      this.isFull = false
      this.host.onFull(false)
    }
    return out
  }

  /** A message does not fit, and nothing after it counts. */
  private failNow(error: unknown): void {
    this.queue.drain()
    this.others = 0
    const end = error instanceof ValueMismatch ? Exit.fail(error) : Exit.die(error)
    if (this.end === undefined) this.host.onFailed(this)
    this.end = end
  }

  private readonly pull: Pulled = Effect.suspend((): Pulled => {
    const items = this.take()
    if (items.length > 0) return Exit.succeed(items as readonly [unknown, ...Array<unknown>])
    if (this.end !== undefined) return this.end
    return Effect.callback((resume) => {
      this.readers.push(resume)
      return Effect.sync(() => {
        const at = this.readers.indexOf(resume)
        if (at !== -1) this.readers.splice(at, 1)
      })
    })
  })

  /** Gives every item once. */
  readonly stream: Stream.Stream<unknown, RedisError> = Stream.fromPull(Effect.succeed(this.pull))
}

const tagOf = (item: unknown): unknown => (item as { readonly _tag?: unknown })._tag
const isGap = (item: unknown): item is Gap => item !== undefined && tagOf(item) === "Gap"
const isLoss = (item: unknown): boolean => isGap(item) && item.reason !== "overflow"
const isSubscribed = (item: unknown): item is Subscribed => item !== undefined && tagOf(item) === "Subscribed"
