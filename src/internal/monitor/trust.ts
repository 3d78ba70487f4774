/**
 * Which sentinels are believed when they report a failover. One that raises false
 * alarms, which close the write fence although no failover follows, is mistrusted
 * for a while. Which of several nodes is the primary is weighed elsewhere
 * (`internal/discovery/belief.ts`).
 */
import type { MonitorRuntime } from "./runtime.ts"

/** For how long a sentinel is mistrusted, and for how long a false alarm counts. */
const mistrustMillis = 60_000
/** After so many false alarms within `mistrustMillis` a sentinel is mistrusted. */
const maxFalseAlarms = 3

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
  /** When each sentinel raised its false alarms, in milliseconds of monotonic time. */
  private readonly falseAlarms = new Map<string, Array<number>>()

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

  /** A sentinel closed the fence and no failover followed: by its answer, or only by its events. */
  onFalseAlarm(from: string, isAnswer: boolean): void {
    const now = this.runtime.now()
    for (const [other, times] of this.falseAlarms) {
      if (now - times.at(-1)! >= mistrustMillis) this.falseAlarms.delete(other)
    }
    const times = (this.falseAlarms.get(from) ?? []).filter((at) => now - at < mistrustMillis)
    times.push(now)
    if (times.length < maxFalseAlarms) this.falseAlarms.set(from, times)
    else {
      this.falseAlarms.delete(from)
      this.mistrust(from, isAnswer || !this.believesAnswers(from) ? "answers" : "events")
    }
  }

  forget(from: string): void {
    this.mistrusted.delete(from)
    this.falseAlarms.delete(from)
  }

  /** The group has moved: every sentinel is believed again. */
  clear(): void {
    this.mistrusted.clear()
    this.falseAlarms.clear()
  }
}
