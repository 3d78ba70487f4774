/**
 * Which claims that a node is the primary are worth a probe, and which are
 * followed: the present configuration against the claimed one. How the words of
 * several sentinels are weighed is in `internal/discovery/belief.ts`.
 */
import * as Address from "../../Address.ts"
import { type Belief, plausibleEpochLead } from "../discovery/belief.ts"
import type { Discovery, GroupView } from "../discovery/types.ts"
import type { StateReader } from "./groupState.ts"
import type { MonitorRuntime } from "./runtime.ts"

/**
 * A claim that a node is the primary.
 *
 * @since 0.1.0
 * @category models
 */
export interface PrimaryClaim {
  readonly address: Address.Address
  readonly epoch: number
  /** The sentinel that made it. */
  readonly from: string
  /** Whether the node has only been selected, and no sentinel names it as the primary yet. */
  readonly isProvisional: boolean
}

/**
 * What claims are compared with.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClaimRulesOptions {
  readonly discovery: Pick<Discovery, "confirmedSentinels">
  readonly belief: Belief
  readonly state: StateReader
  readonly runtime: Pick<MonitorRuntime, "now">
  /** For how long a primary is followed that no sentinel reports. */
  readonly maxProvisionalMillis: number
}

/**
 * The rules by which one group's claims are accepted.
 *
 * @since 0.1.0
 * @category models
 */
export class ClaimRules {
  /** The epoch that the sentinels report, also while the primary is one that they have not reported. */
  reportedEpoch = 0
  /** Until when a primary may go unreported, in monotonic time. */
  provisionalUntil = 0
  private readonly options: ClaimRulesOptions

  constructor(options: ClaimRulesOptions) {
    this.options = options
  }

  /** A primary is followed from now on. */
  onPrimary({ address, epoch, from, isProvisional }: PrimaryClaim): void {
    const { belief, maxProvisionalMillis, runtime } = this.options
    if (isProvisional) this.provisionalUntil = runtime.now() + maxProvisionalMillis
    else {
      this.reportedEpoch = epoch
      belief.follow({ node: Address.format(address), epoch, from }, runtime.now())
    }
  }

  /** Whether an answer reports the primary that was followed before the sentinels reported it. */
  confirmsProvisional(view: GroupView): boolean {
    return this.options.state.current.isProvisional && view.epoch >= this.reportedEpoch && this.isPlausible(view.epoch)
  }

  /** Whether a node is worth a probe that one sentinel's answer names in place of the primary. */
  mayProbe(view: GroupView): boolean {
    const { belief, runtime, state } = this.options
    const { epoch, isProvisional } = state.current
    if (!isProvisional) {
      return !belief.namesWrongRole(view.from) &&
        this.mayFollow({ address: view.primary, epoch: view.epoch, from: view.from, isProvisional: false })
    }
    // The sentinels may still report the configuration that was left, but not for ever.
    const isOverdue = runtime.now() > this.provisionalUntil && view.epoch >= this.reportedEpoch
    return (view.epoch >= epoch || isOverdue) && this.isPlausible(view.epoch)
  }

  /**
   * Whether a node may be followed in place of the primary: what one sentinel
   * says is enough, or most sentinels have said the same for long enough.
   */
  mayFollow({ address, epoch, from }: PrimaryClaim): boolean {
    const { belief, discovery, runtime, state } = this.options
    const { isProvisional, primary } = state.current
    if (primary === undefined) return true
    if (isProvisional) return epoch >= state.current.epoch && this.isPlausible(epoch)
    const known = discovery.confirmedSentinels().length
    const node = Address.format(address)
    if (belief.accepts({ from, node, epoch }, known, runtime.now())) return true
    const verdict = belief.assess(known, runtime.now())
    return verdict.kind === "follow" && verdict.isReady && verdict.claim.node === node
  }

  /** Whether an epoch is not so far ahead that a single sentinel must have made it up. */
  isPlausible(epoch: number): boolean {
    return epoch <= Math.max(this.options.state.current.epoch, this.reportedEpoch) + plausibleEpochLead
  }
}
