/**
 * Follows the majority of the sentinels: at the end of each round it checks whether
 * most of them have named another node, or another epoch, for long enough, whatever the
 * epochs, and then starts a probe of that node. How answers are weighed is in `internal/discovery/belief.ts`.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Address from "../../Address.ts"
import type { SessionOptions } from "../../Options.ts"
import { openConnection } from "../connection/handshake.ts"
import { type Belief, choosePrimary, type SentinelClaim } from "../discovery/belief.ts"
import { addressOf } from "../discovery/nodeAliases.ts"
import type { Discovery } from "../discovery/types.ts"
import type { AliasCheck } from "./aliasCheck.ts"
import type { ClaimRules } from "./claims.ts"
import type { StateReader } from "./groupState.ts"
import type { PrimaryProbe } from "./primaryProbe.ts"
import type { MonitorRuntime } from "./runtime.ts"
import type { Survey } from "./survey.ts"

/** How often the sentinels are asked while most of them contradict the present state. */
const contradictedSurveyMillis = 500
/** How often they are asked while some of them are about to be forgotten. */
const unsettledSurveyMillis = 1000

/**
 * What the decision by majority works with, and who receives it.
 *
 * @since 0.1.0
 * @category models
 */
export interface MajorityOptions {
  readonly discovery: Pick<Discovery, "confirmedSentinels" | "hasMissingSentinels">
  readonly belief: Belief
  readonly state: StateReader
  readonly runtime: MonitorRuntime
  readonly node: SessionOptions
  readonly survey: Pick<Survey, "beginAt" | "views">
  readonly claims: Pick<ClaimRules, "provisionalUntil">
  readonly probe: Pick<PrimaryProbe, "current" | "start">
  readonly aliasCheck: Pick<AliasCheck, "check">
  /** Most sentinels report this epoch for the present primary. */
  readonly onEpoch: (claim: SentinelClaim) => void
  /** Most sentinels have named another primary for long enough: it is about to be probed. */
  readonly onOutvoted: () => void
  /** No sentinel names the present primary any more, and the node that `from` names says that it is one. */
  readonly onUnnamed: (from: string) => void
}

/**
 * The decision by majority of one group's sentinels.
 *
 * @since 0.1.0
 * @category models
 */
export class Majority {
  private readonly options: MajorityOptions
  private isVerifying = false

  constructor(options: MajorityOptions) {
    this.options = options
  }

  /** Acts on what most sentinels say now. */
  assess(): void {
    const { aliasCheck, belief, discovery, onEpoch, onOutvoted, runtime, state, survey } = this.options
    const { isProvisional, primary } = state.current
    if (primary === undefined) return this.assessFirstPrimary()
    if (isProvisional) return this.assessUnreported(primary)
    aliasCheck.check(survey.views.values())
    const now = runtime.now()
    const verdict = belief.assess(discovery.confirmedSentinels().length, now)
    if (verdict.kind === "epoch") {
      if (verdict.isReady) onEpoch(verdict.claim)
      else survey.beginAt(now + contradictedSurveyMillis)
    } else if (verdict.kind === "follow") {
      if (verdict.isReady) {
        onOutvoted()
        this.probeNode(verdict.claim)
      } else {
        survey.beginAt(now + contradictedSurveyMillis)
        if (verdict.isUnnamed) this.verifyUnnamed(verdict.claim)
      }
    } else if (discovery.hasMissingSentinels()) survey.beginAt(now + unsettledSurveyMillis)
  }

  /** No primary is known yet: the sentinel that answered first may have named a node that is none. */
  private assessFirstPrimary(): void {
    const { belief, discovery, probe, runtime } = this.options
    const { current } = probe
    if (current === undefined) return
    const probed = Address.format(current.address)
    const denied = current.isDenied ? new Set([probed]) : none
    const claim = choosePrimary(belief.recentClaims(runtime.now()), discovery.confirmedSentinels().length, denied, none)
    if (claim !== undefined && claim.node !== probed) this.probeNode(claim)
  }

  /**
   * The primary was followed before a sentinel reported it. If none has reported
   * it in time, the node that most sentinels name wins, whatever its epoch: the
   * sentinels may have forgotten theirs.
   */
  private assessUnreported(primary: Address.Address): void {
    const { belief, claims, discovery, runtime, survey } = this.options
    const now = runtime.now()
    if (now <= claims.provisionalUntil) return survey.beginAt(claims.provisionalUntil + 1)
    const known = discovery.confirmedSentinels().length
    const recent = belief.recentClaims(now)
    const claim = choosePrimary(recent, known, new Set([Address.format(primary)]), none)
    if (claim === undefined) return
    if (recent.filter(({ node }) => node === claim.node).length * 2 > known) this.probeNode(claim)
  }

  private probeNode({ epoch, from, node }: SentinelClaim): void {
    this.options.probe.start({ address: addressOf(node), epoch, from, isProvisional: false }, true)
  }

  /** No sentinel names the present primary any more: asks the node that they name instead for its role. */
  private verifyUnnamed({ from, node: key }: SentinelClaim): void {
    const { belief, discovery, node, onUnnamed, runtime, state } = this.options
    if (state.current.fence !== undefined || this.isVerifying) return
    this.isVerifying = true
    runtime.fork(
      Effect.scoped(openConnection(addressOf(key), node, "primary")).pipe(
        Effect.exit,
        Effect.map((exit) => {
          this.isVerifying = false
          const verdict = belief.assess(discovery.confirmedSentinels().length, runtime.now())
          if (Exit.isFailure(exit) || verdict.kind !== "follow" || !verdict.isUnnamed) return
          if (verdict.claim.node === key) onUnnamed(from)
        })
      )
    )
  }
}

const none: ReadonlySet<string> = new Set()
