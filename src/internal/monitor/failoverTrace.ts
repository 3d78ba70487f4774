/**
 * The report of a failover, from its first sign to the first write that the new
 * primary acknowledges: one span, one log line, one metric. Failovers that end
 * without a new primary are logged once a minute. It reports only, and decides
 * nothing.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import * as Address from "../../Address.ts"
import * as Metrics from "../../Metrics.ts"
import type { StateReader } from "./groupState.ts"
import type { MonitorRuntime } from "./runtime.ts"

/** How long a trace waits after a move for the first acknowledged write. */
const firstWriteMillis = 1000
/** For how long failovers without a new primary are counted after one was logged. */
const quietMillis = 60_000

/** One failover so far. Times are in milliseconds of monotonic time. */
interface Trace {
  readonly startedAt: number
  readonly sign: string
  /** Undefined where a failover without a new primary was reported just before. */
  readonly span: Tracer.Span | undefined
  oldPrimary: string | undefined
  fenceClosedAt: number | undefined
  movedAt: number | undefined
  fenceOpenedAt: number | undefined
}

/**
 * What the report of failovers works with.
 *
 * @since 0.1.0
 * @category models
 */
export interface FailoverTracerOptions {
  readonly state: StateReader
  readonly runtime: MonitorRuntime
  /** When a trace ends if nothing comes after its first sign. */
  readonly maxMillis: number
}

/**
 * Reports the failovers of one group, one at a time.
 *
 * @since 0.1.0
 * @category models
 */
export class FailoverTracer {
  private readonly state: StateReader
  private readonly runtime: MonitorRuntime
  private readonly maxMillis: number
  private trace: Trace | undefined = undefined
  private endTimer: Fiber.Fiber<void> | undefined = undefined
  private quietUntil = -Infinity
  /** How many failovers without a new primary were not logged since the last one that was. */
  private unlogged = 0

  constructor({ maxMillis, runtime, state }: FailoverTracerOptions) {
    this.state = state
    this.runtime = runtime
    this.maxMillis = maxMillis
  }

  /** Whether the failover that is being traced has moved the primary. */
  get hasMoved(): boolean {
    return this.trace?.movedAt !== undefined
  }

  /** Begins a trace with the first sign of a failover, unless one is under way. */
  start(sign: string): void {
    if (this.trace === undefined) this.begin(sign)
  }

  private begin(sign: string): Trace {
    const startedAt = this.runtime.now()
    const trace: Trace = {
      startedAt,
      sign,
      span: startedAt < this.quietUntil ? undefined : this.makeSpan(sign),
      oldPrimary: undefined,
      fenceClosedAt: undefined,
      movedAt: undefined,
      fenceOpenedAt: undefined
    }
    this.trace = trace
    this.endAfter(this.maxMillis)
    return trace
  }

  private endAfter(millis: number): void {
    this.endTimer?.interruptUnsafe()
    this.endTimer = this.runtime.after(millis, () => this.end())
  }

  onFenceClosed(at: number): void {
    if (this.trace !== undefined) this.trace.fenceClosedAt ??= at
  }

  onFenceOpened(at: number): void {
    if (this.trace !== undefined) this.trace.fenceOpenedAt = at
  }

  /**
   * The primary has moved away from this node. The trace, which began with `sign`
   * at the latest, ends with the first acknowledged write, or soon without one.
   */
  onMoved(oldPrimary: Address.Address, sign: string): void {
    const trace = this.trace ?? this.begin(sign)
    trace.oldPrimary = Address.format(oldPrimary)
    trace.movedAt = this.runtime.now()
    Metrics.failovers.updateUnsafe(1, this.runtime.context)
    this.endAfter(firstWriteMillis)
  }

  /** Ends the trace: its span and its log line. */
  end(): void {
    const { trace } = this
    if (trace === undefined) return
    this.trace = undefined
    this.endTimer?.interruptUnsafe()
    this.endTimer = undefined
    const now = this.runtime.now()
    if (trace.movedAt === undefined) {
      if (now < this.quietUntil) {
        this.unlogged++
        return void trace.span?.end(this.runtime.clock.currentTimeNanosUnsafe(), Exit.void)
      }
      this.limitLogging()
    }
    this.report(trace, now)
  }

  private report(trace: Trace, now: number): void {
    const { epoch, group, primary } = this.state.current
    const newPrimary = primary === undefined ? "unknown" : Address.format(primary)
    const heldMillis = trace.fenceClosedAt === undefined
      ? undefined
      : (trace.fenceOpenedAt ?? now) - trace.fenceClosedAt
    const annotations: Record<string, unknown> = {
      group,
      epoch,
      sign: trace.sign,
      millis: now - trace.startedAt,
      ...(heldMillis === undefined ? {} : { heldMillis }),
      ...(trace.movedAt === undefined ? {} : { from: trace.oldPrimary, to: newPrimary })
    }
    const span = trace.span ?? this.makeSpan(trace.sign)
    for (const [name, value] of Object.entries(annotations)) span.attribute(`redis.failover.${name}`, value)
    span.end(this.runtime.clock.currentTimeNanosUnsafe(), Exit.void)
    const waited = heldMillis === undefined ? "" : `; writes waited ${heldMillis} ms`
    const message = trace.movedAt === undefined
      ? `${group}: a failover (${trace.sign}) ended without a new primary${waited}`
      : `${group}: the primary moved from ${trace.oldPrimary} to ${newPrimary}${waited}`
    this.runtime.detach(Effect.annotateLogs(Effect.logInfo(message), annotations))
  }

  private makeSpan(sign: string): Tracer.Span {
    const { group } = this.state.current
    const attributes = { "db.system.name": "redis", "redis.sentinel.group": group, "redis.sign": sign }
    return Effect.runSyncWith(this.runtime.context)(Effect.makeSpan("redis.failover", { kind: "client", attributes }))
  }

  /** Counts the failovers without a new primary for a while, and then logs how many there were. */
  private limitLogging(): void {
    this.quietUntil = this.runtime.now() + quietMillis
    this.runtime.fork(
      Effect.andThen(
        Effect.sleep(quietMillis),
        Effect.suspend(() => {
          const count = this.unlogged
          this.unlogged = 0
          return count === 0 ? Effect.void : Effect.logWarning(
            `${this.state.current.group}: ${count} more failovers ended without a new primary within ${
              quietMillis / 1000
            } seconds`
          )
        })
      )
    )
  }

  /** Ends the span of a trace that is under way, without a report. */
  close(): void {
    this.trace?.span?.end(this.runtime.clock.currentTimeNanosUnsafe(), Exit.void)
    this.trace = undefined
  }
}
