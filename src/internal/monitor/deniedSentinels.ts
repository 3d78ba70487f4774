/**
 * Polls the sentinels whose ACL denies a subscription: each is asked so often that
 * no promotion comes before its answer. Where this process was too busy to ask in
 * time, the answer is overdue and writes wait for it. What an answer means is not
 * decided here.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { deniedPollMillis } from "../discovery/distances.ts"
import type { Discovery } from "../discovery/types.ts"
import type { MonitorRuntime } from "./runtime.ts"

/** The pause after a question that was not answered. */
const unansweredPauseMillis = 200

/**
 * What the polling works with.
 *
 * @since 0.1.0
 * @category models
 */
export interface DeniedSentinelsOptions {
  readonly discovery: Pick<Discovery, "isSubscribed" | "distanceMillis" | "headStartMillis">
  readonly runtime: MonitorRuntime
  /** Whether writes wait at all; if not, nothing is polled. */
  readonly isFenceEnabled: boolean
  /** Asks one sentinel, and says whether it has answered. */
  readonly ask: (from: string) => Effect.Effect<boolean>
  /** `isOverdue` may have changed. */
  readonly onOverdueChange: () => void
}

/**
 * The sentinels that are polled in place of a subscription.
 *
 * @since 0.1.0
 * @category models
 */
export class DeniedSentinels {
  private readonly options: DeniedSentinelsOptions
  private readonly runtime: MonitorRuntime
  private readonly polls = new Map<string, Fiber.Fiber<void>>()
  /** The sentinels whose answer is overdue, each with the timer that ends the wait for it. */
  private readonly overdue = new Map<string, Fiber.Fiber<void>>()

  constructor(options: DeniedSentinelsOptions) {
    this.options = options
    this.runtime = options.runtime
  }

  /** Whether writes wait for the answer of a sentinel that was asked too late. */
  get isOverdue(): boolean {
    return this.overdue.size > 0
  }

  /** Polls a sentinel if it denies a subscription, until it allows one or `stop` is called. */
  onPermission(from: string): void {
    const { ask, discovery, isFenceEnabled } = this.options
    const isDenied = discovery.isSubscribed(from) === false
    if (!isDenied || !isFenceEnabled || this.polls.has(from)) return
    const poll = this.runtime.fork(
      Effect.gen({ self: this }, function*() {
        while (discovery.isSubscribed(from) === false) {
          const askedAt = this.runtime.now()
          const hasAnswered = yield* ask(from)
          if (hasAnswered) {
            // If this process stood still while the answer was on its way, the answer is as old as that.
            const age = this.runtime.now() - askedAt
            if (age > Math.max(2 * deniedPollMillis, discovery.distanceMillis(from))) this.onLate(from)
            else this.stopWaiting(from)
          }
          const pause = hasAnswered ? deniedPollMillis : unansweredPauseMillis
          const nextAt = Math.max(askedAt + pause, this.runtime.now() + 1)
          yield* Effect.sleep(nextAt - this.runtime.now())
          if (hasAnswered && this.runtime.now() - nextAt > deniedPollMillis) this.onLate(from)
        }
        this.polls.delete(from)
      })
    )
    this.polls.set(from, poll)
  }

  /** Stops polling a sentinel that is unreachable or gone. */
  stop(from: string): void {
    this.polls.get(from)?.interruptUnsafe()
    this.polls.delete(from)
    this.stopWaiting(from)
  }

  /** This process was too busy to ask in time: writes wait for the next answer, but no longer than a head start. */
  private onLate(from: string): void {
    if (this.overdue.has(from)) return
    this.overdue.set(from, this.runtime.after(this.options.discovery.headStartMillis, () => this.stopWaiting(from)))
    this.options.onOverdueChange()
  }

  private stopWaiting(from: string): void {
    this.overdue.get(from)?.interruptUnsafe()
    if (this.overdue.delete(from)) this.options.onOverdueChange()
  }
}
