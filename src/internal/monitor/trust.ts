/**
 * Which sentinels are believed when they report a failover. One whose reports
 * closed the write fence in vain loses trust for a while. Which of several nodes
 * is the primary is weighed elsewhere (`internal/discovery/belief.ts`).
 */
import type { MonitorRuntime } from "./runtime.ts"

/** For how long a sentinel is mistrusted, and for how long a fence in vain counts. */
const mistrustMillis = 60_000
/** So many fences in vain within `mistrustMillis` cost a sentinel its trust. */
const maxVainFences = 3

/**
 * What is no longer believed of a sentinel: only the events that it publishes, or
 * also its answers to questions.
 *
 * @since 0.1.0
 * @category models
 */
export type Mistrust = "events" | "answers"

/**
 * The trust in the sentinels of one group.
 *
 * @since 0.1.0
 * @category models
 */
export class SentinelTrust {
  private readonly runtime: Pick<MonitorRuntime, "now">
  private readonly mistrusted = new Map<string, { readonly since: number; readonly mistrust: Mistrust }>()
  /** When fences of a sentinel came to be in vain, in monotonic time. */
  private readonly vainFences = new Map<string, Array<number>>()

  constructor(runtime: Pick<MonitorRuntime, "now">) {
    this.runtime = runtime
  }

  /** Whether the events that a sentinel publishes are believed. */
  believesEvents(from: string): boolean {
    return this.mistrustOf(from) === undefined
  }

  /** Whether the answers of a sentinel are believed. */
  believesAnswers(from: string): boolean {
    return this.mistrustOf(from) !== "answers"
  }

  private mistrustOf(from: string): Mistrust | undefined {
    const known = this.mistrusted.get(from)
    return known !== undefined && this.runtime.now() - known.since < mistrustMillis ? known.mistrust : undefined
  }

  mistrust(from: string, mistrust: Mistrust): void {
    const now = this.runtime.now()
    for (const [other, { since }] of this.mistrusted) if (now - since >= mistrustMillis) this.mistrusted.delete(other)
    this.mistrusted.set(from, { since: now, mistrust })
  }

  /** A fence was closed in vain by this sentinel: by its answer, or only by its events. */
  onVainFence(from: string, isAnswer: boolean): void {
    const now = this.runtime.now()
    for (const [other, times] of this.vainFences) {
      if (now - times.at(-1)! >= mistrustMillis) this.vainFences.delete(other)
    }
    const times = (this.vainFences.get(from) ?? []).filter((at) => now - at < mistrustMillis)
    times.push(now)
    if (times.length < maxVainFences) this.vainFences.set(from, times)
    else {
      this.vainFences.delete(from)
      this.mistrust(from, isAnswer || !this.believesAnswers(from) ? "answers" : "events")
    }
  }

  forget(from: string): void {
    this.mistrusted.delete(from)
    this.vainFences.delete(from)
  }

  /** The group has moved: every sentinel is believed again. */
  clear(): void {
    this.mistrusted.clear()
    this.vainFences.clear()
  }
}
