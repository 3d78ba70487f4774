/**
 * The metrics of consumers, with the stream and the group as attributes.
 */
import type * as Context from "effect/Context"
import type * as Metric from "effect/Metric"
import * as Metrics from "../../Metrics.ts"
import type { Progress } from "./group.ts"

export class ConsumerMetrics {
  private readonly context: Context.Context<never>
  private readonly of: ReturnType<typeof Metrics.consumerOf>

  constructor(stream: string, group: string, context: Context.Context<never>) {
    this.context = context
    this.of = Metrics.consumerOf(stream, group)
  }

  progress({ lag, pending }: Progress): void {
    if (lag !== null) this.set(this.of.lag, lag)
    this.set(this.of.pending, pending)
  }
  processed(): void {
    this.set(this.of.processed, 1)
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
