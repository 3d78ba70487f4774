/**
 * Whether the sentinels have given their first answers. Until then it is
 * not known whether a failover is under way, and the writes of a new client wait.
 * It asks no sentinel itself.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Address from "../../Address.ts"
import type { Discovery } from "../discovery/types.ts"
import type { MonitorRuntime } from "./runtime.ts"

/**
 * What the wait for first answers works with.
 *
 * @since 0.1.0
 * @category models
 */
export interface FirstAnswersOptions {
  readonly discovery: Pick<
    Discovery,
    "sentinels" | "isReachable" | "firstAnswerBy" | "headStartMillis" | "timeoutMillis"
  >
  readonly runtime: MonitorRuntime
  /** Whether writes wait at all. */
  readonly isFenceEnabled: boolean
  /** The wait is over. */
  readonly onComplete: () => void
}

/**
 * The wait for the first answers. It ends once all sentinels that can be reached
 * have answered; or once a majority has answered and the others have had their
 * head start, which is longer for a distant sentinel; or at a limit.
 *
 * @since 0.1.0
 * @category models
 */
export class FirstAnswers {
  /** Whether the answers are still awaited. */
  isAwaited: boolean
  private readonly discovery: FirstAnswersOptions["discovery"]
  private readonly runtime: MonitorRuntime
  private readonly onComplete: () => void
  private isStarted = false
  /** The sentinels that have answered by themselves since their subscription began. */
  private readonly answered = new Set<string>()
  /** The sentinels that were asked and have not answered. */
  private readonly silent = new Set<string>()
  private headStartTimer: Fiber.Fiber<void> | undefined = undefined
  private limitTimer: Fiber.Fiber<void> | undefined = undefined

  constructor({ discovery, isFenceEnabled, onComplete, runtime }: FirstAnswersOptions) {
    this.discovery = discovery
    this.runtime = runtime
    this.onComplete = onComplete
    this.isAwaited = isFenceEnabled && discovery.sentinels().length > 0
  }

  start(): void {
    this.isStarted = true
    if (this.isAwaited) this.limitTimer = this.runtime.after(2 * this.discovery.timeoutMillis, () => this.complete())
  }

  onAnswer(from: string): void {
    if (!this.isAwaited) return
    this.answered.add(from)
    this.check()
  }

  onNoAnswer(from: string): void {
    this.silent.add(from)
    this.check()
  }

  onUnreachable(from: string): void {
    this.answered.delete(from)
    this.check()
  }

  forget(from: string): void {
    this.answered.delete(from)
    this.silent.delete(from)
    this.check()
  }

  private check(): void {
    if (!this.isAwaited || !this.isStarted) return
    const sentinels = this.discovery.sentinels().map((address) => Address.format(address))
    const answers = sentinels.filter((from) => this.answered.has(from)).length
    if (this.pendingOf(sentinels).length === 0) return this.complete()
    if (answers < Math.floor(sentinels.length / 2) + 1 || this.headStartTimer !== undefined) return
    this.headStartTimer = this.runtime.fork(
      Effect.gen({ self: this }, function*() {
        let pause = this.discovery.headStartMillis
        while (pause > 0) {
          yield* Effect.sleep(pause)
          const pending = this.pendingOf(this.discovery.sentinels().map((address) => Address.format(address)))
          pause = Math.max(...pending.map((from) => this.discovery.firstAnswerBy(from))) - this.runtime.now()
        }
        this.complete()
      })
    )
  }

  /** Those of these sentinels whose first answer may still come. */
  private pendingOf(sentinels: ReadonlyArray<string>): ReadonlyArray<string> {
    return sentinels.filter((from) =>
      !this.answered.has(from) && !this.silent.has(from) && this.discovery.isReachable(from) !== false
    )
  }

  private complete(): void {
    if (!this.isAwaited) return
    this.isAwaited = false
    this.headStartTimer?.interruptUnsafe()
    this.limitTimer?.interruptUnsafe()
    this.onComplete()
  }
}
