/**
 * The metrics of consumers, with the stream and the group as attributes.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Metric from "effect/Metric"
import * as Metrics from "../../Metrics.ts"
import type { Progress } from "./group.ts"

export class ConsumerMetrics {
  private readonly context: Context.Context<never>
  private readonly of: ReturnType<typeof Metrics.consumerOf>
  private readonly run: (effect: Effect.Effect<void>) => unknown
  /** How many processed entries are not in the metric. */
  private done = 0

  /** `run` runs fibers beside the consumer. */
  constructor(
    stream: string,
    group: string,
    context: Context.Context<never>,
    run: (effect: Effect.Effect<void>) => unknown
  ) {
    this.context = context
    this.of = Metrics.consumerOf(stream, group)
    this.run = run
  }

  progress({ lag, pending }: Progress): void {
    if (lag !== null) this.set(this.of.lag, lag)
    this.set(this.of.pending, pending)
  }
  /** Those of one turn are counted at once: an update costs as much as the rest of a short entry. */
  processed(): void {
    if (this.done++ === 0) this.run(this.flushing)
  }
  private readonly flushing = Effect.andThen(Effect.yieldNow, Effect.sync(() => this.flush()))
  /** Counts what has not been counted. */
  flush(): void {
    if (this.done > 0) this.set(this.of.processed, this.done)
    this.done = 0
  }
  failed(): void {
    this.set(this.of.failed, 1)
  }
  redelivered(): void {
    this.set(this.of.redelivered, 1)
  }
  dead(): void {
    this.set(this.of.dead, 1)
  }

  private set(metric: Metric.Metric<number, any>, value: number): void {
    metric.updateUnsafe(value, this.context)
  }
}
