/**
 * The write fence: it is closed while at least one sentinel has given a sign of a
 * failover and not withdrawn it. Which signs are believed is decided by the
 * caller; what a closed fence means for writes is in groupGate.ts.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Address from "../../Address.ts"
import * as Metrics from "../../Metrics.ts"
import type { GroupView } from "../discovery/types.ts"
import type { FailoverTracer } from "./failoverTrace.ts"
import type { StateWriter } from "./groupState.ts"
import type { MonitorRuntime } from "./runtime.ts"
import type { Survey } from "./survey.ts"
import type { SentinelTrust } from "./trust.ts"

/** How often the sentinels are asked while the fence is closed. */
const surveyInterval = Duration.millis(500)
/** A failover that is over sooner than this after its sign was none: its sentinel loses trust. */
const minFailoverMillis = 1000

/** Why the fence is closed, as one sentinel reports it. */
interface Sign {
  /** When it was given, in milliseconds of monotonic time. */
  readonly at: number
  /** The last round of questions that had begun by then. */
  readonly round: number
  readonly name: string
  candidate: Address.Address | undefined
  /** Whether the sentinel gave it as an answer, and not only as an event. */
  readonly isAnswer: boolean
}

/**
 * A sign as a sentinel gives it.
 *
 * @since 0.1.0
 * @category models
 */
export interface FailoverSign {
  readonly from: string
  /** The event, such as `+selected-slave`, or what an answer showed. */
  readonly name: string
  /** The replica that is to be the new primary, if it is known. */
  readonly candidate: Address.Address | undefined
  /** For how long it has been so already, at most; Infinity for an answer, which does not say since when. */
  readonly ageMillis: number
}

/**
 * What the fence works with.
 *
 * @since 0.1.0
 * @category models
 */
export interface WriteFenceOptions {
  /** For how long one sentinel's sign keeps the fence closed at most; 0 turns the fence off. */
  readonly maxHoldMillis: number
  readonly state: StateWriter<"fence">
  readonly runtime: MonitorRuntime
  readonly trust: Pick<SentinelTrust, "mistrust" | "onFalseAlarm">
  readonly trace: Pick<FailoverTracer, "hasMoved" | "onFenceClosed" | "onFenceOpened" | "end">
  readonly survey: Pick<Survey, "begin" | "round">
  /** The sentinel `from` has withdrawn its sign, and the fence stays closed by the sign of `next`. */
  readonly onHandover: (from: string, next: string, candidate: Address.Address | undefined) => void
  /** The fence is about to open. */
  readonly onOpening: () => void
  /** The fence has closed, by a sign that is `ageMillis` old at most, or opened. */
  readonly onChange: (ageMillis: number) => void
}

/**
 * The write fence of one group.
 *
 * @since 0.1.0
 * @category models
 */
export class WriteFence {
  private readonly options: WriteFenceOptions
  private readonly runtime: MonitorRuntime
  private readonly state: StateWriter<"fence">
  /** The signs that keep the fence closed, by sentinel. The first one is shown in the state. */
  private readonly signs = new Map<string, Sign>()
  /** When the fence closed, in monotonic time. */
  private closedAt = -Infinity
  private holdTimer: Fiber.Fiber<void> | undefined = undefined

  constructor(options: WriteFenceOptions) {
    this.options = options
    this.runtime = options.runtime
    this.state = options.state
  }

  /** Whether signs of a failover make writes wait at all. */
  get isEnabled(): boolean {
    return this.options.maxHoldMillis > 0
  }

  /** Whether this sentinel's sign keeps the fence closed. */
  hasSignOf(from: string): boolean {
    return this.signs.has(from)
  }

  /** Closes the fence by a sign, or adds the sign to those that keep it closed. */
  close({ ageMillis, candidate, from, name }: FailoverSign): void {
    const { fence, primary } = this.state.current
    // Before a primary is known, no write can go to the wrong one.
    if (!this.isEnabled || primary === undefined) return
    const known = this.signs.get(from)
    if (known !== undefined) known.candidate ??= candidate
    else {
      const { round } = this.options.survey
      this.signs.set(from, { at: this.runtime.now(), round, name, candidate, isAnswer: ageMillis === Infinity })
    }
    if (fence !== undefined) {
      if (fence.candidate === undefined && candidate !== undefined) {
        this.state.replace({ fence: { ...fence, candidate } })
      }
      return
    }
    this.closedAt = this.runtime.now()
    this.options.trace.onFenceClosed(this.closedAt)
    this.holdBySignOf(from)
    this.options.onChange(ageMillis)
  }

  /** Keeps the fence closed by one sentinel's sign, until `maxHoldMillis` after it was given. */
  private holdBySignOf(from: string): void {
    const { at, candidate, name } = this.signs.get(from)!
    const { maxHoldMillis, survey, trust } = this.options
    this.state.publish(
      { fence: { since: this.runtime.clock.currentTimeMillisUnsafe(), from, sign: name, candidate } },
      `the write fence closed: ${name}`,
      from
    )
    this.holdTimer?.interruptUnsafe()
    this.holdTimer = this.runtime.fork(
      Effect.gen({ self: this }, function*() {
        while (this.runtime.now() - at < maxHoldMillis) {
          yield* Effect.sleep(Math.min(Duration.toMillis(surveyInterval), at + maxHoldMillis - this.runtime.now()))
          survey.begin()
        }
        trust.mistrust(from, "answers")
        this.holdTimer = undefined
        this.withdraw(from, "maxWriteHold has passed")
      })
    )
  }

  /** Withdraws a sentinel's sign. The fence opens, unless another sentinel's sign keeps it closed. */
  withdraw(from: string, why: string): void {
    const sign = this.signs.get(from)
    if (sign === undefined) return
    const now = this.runtime.now()
    for (const [other, { at }] of this.signs) {
      if (other !== from && now - at >= this.options.maxHoldMillis) this.signs.delete(other)
    }
    if (this.signs.size === 1) return this.open(why, from)
    this.signs.delete(from)
    this.options.trust.onFalseAlarm(from, sign.isAnswer)
    if (this.state.current.fence?.from !== from) return
    const [next, { candidate }] = this.signs.entries().next().value!
    this.options.onHandover(from, next, candidate)
    this.holdBySignOf(next)
  }

  /** Withdraws the sign of each sentinel that says, in a round that began after its sign, that there is no failover. */
  withdrawDenied(views: ReadonlyArray<GroupView>, round: number): void {
    const { primary } = this.state.current
    if (primary === undefined) return
    for (const [from, { at, isAnswer, round: signedIn }] of Array.from(this.signs)) {
      const view = views.find((each) => each.from === from)
      if (view === undefined || round <= signedIn || !Address.equals(view.primary, primary)) continue
      if (view.instance?.isFailoverInProgress !== false) continue
      if (this.runtime.now() - at < minFailoverMillis) {
        this.options.trust.mistrust(from, isAnswer ? "answers" : "events")
      }
      this.withdraw(from, "the failover ended without a new primary")
    }
  }

  /** Opens the fence, whatever signs there are. */
  open(why: string, from: string): void {
    const { fence } = this.state.current
    const { trace, trust } = this.options
    if (fence === undefined) return
    this.holdTimer?.interruptUnsafe()
    this.holdTimer = undefined
    this.options.onOpening()
    if (!trace.hasMoved) trust.onFalseAlarm(fence.from, this.signs.get(fence.from)?.isAnswer === true)
    this.signs.clear()
    const now = this.runtime.now()
    Metrics.fenceTime.updateUnsafe(now - this.closedAt, this.runtime.context)
    trace.onFenceOpened(now)
    this.state.publish({ fence: undefined }, `the write fence opened: ${why}`, from)
    this.options.onChange(0)
    // Without a new primary there is no first write to wait for.
    if (!trace.hasMoved) trace.end()
  }

  /** Drops the sign of a sentinel that is gone, unless the fence is shown as closed by it: then it lasts its time. */
  forget(from: string): void {
    if (this.state.current.fence?.from !== from) this.signs.delete(from)
  }

  /** A node is known by another address from now on. */
  rename(from: string, to: Address.Address): void {
    const { fence } = this.state.current
    if (fence?.candidate !== undefined && Address.format(fence.candidate) === from) {
      this.state.replace({ fence: { ...fence, candidate: to } })
    }
  }
}
