/**
 * Which sentinels can be reached, whether the client is isolated from them, and
 * how late the selection of a replica may become known: the most distant sentinel
 * reports it late, and a busy process reads it late. It measures nothing itself:
 * `internal/discovery/` and the connections do.
 */
import * as Effect from "effect/Effect"
import * as Address from "../../Address.ts"
import type { Options, SentinelState } from "../../Topology.ts"
import type { Discovery } from "../discovery/types.ts"
import { selectionGraceMillis } from "../execution/withheldReply.ts"
import type { StateWriter } from "./groupState.ts"
import type { MonitorRuntime } from "./runtime.ts"

/** The largest distance that replies to writes are withheld for. */
const maxDistanceMillis = 500
/** A report of a sentinel at this distance or less arrives before any promotion. */
const nearMillis = selectionGraceMillis
/**
 * By how much a leader announces earlier that it selects a replica than that it has selected one, in milliseconds: one
 * step of its timer, which is 52 to 100 ms long (Redis 7.0.15, `server.hz` of 10 to 19).
 */
export const announcementLeadMillis = 50
/** For how long after a long turn this process may have another one, in milliseconds. */
const busyMillis = 10_000

/**
 * What the reachability is computed from, and who receives it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SentinelReachabilityOptions {
  readonly discovery: Pick<
    Discovery,
    "confirmedSentinels" | "sentinels" | "isReachable" | "isSubscribed" | "distanceMillis"
  >
  readonly state: StateWriter<"sentinels" | "isIsolated">
  readonly runtime: MonitorRuntime
  /** Whether writes wait at all; if not, the distance does not matter. */
  readonly isFenceEnabled: boolean
  readonly whenFar: Options["whenFar"]
  /** Whether the first answers are still awaited: until then a distance may be a wrong one. */
  readonly isStarting: () => boolean
  /** The configuration epoch that a sentinel last reported. */
  readonly epochOf: (sentinel: string) => number | undefined
  /** The set of sentinels, or what is known of one, has changed. */
  readonly onChange: () => void
  /** How late a selection may become known has changed. */
  readonly onLate: (millis: number) => void
}

/**
 * The reachability of the sentinels of one group.
 *
 * @since 0.1.0
 * @category models
 */
export class SentinelReachability {
  /** How long ago a replica was selected at most when the first sign of it arrives, in milliseconds. */
  lateMillis = 0
  /** Whether a sentinel is so far away that a selection may become known too late. */
  isFar = false
  /** Until when this process counts as busy, in monotonic milliseconds. */
  private busyUntil = -Infinity
  private readonly options: SentinelReachabilityOptions
  /** Whether it was logged that a sentinel is far away. */
  private isFarLogged = false

  constructor(options: SentinelReachabilityOptions) {
    this.options = options
  }

  /** Whether a selection may become known too late, so that its announcement is a sign already. */
  get mayBeLate(): boolean {
    return this.isFar || this.options.runtime.now() < this.busyUntil
  }

  /** This process may have been busy: something may have arrived unread. */
  onBehind(): void {
    this.busyUntil = this.options.runtime.now() + busyMillis
  }

  /** Publishes which sentinels there are and which can be reached, if that has changed. */
  update(): void {
    const { onChange, state } = this.options
    const sentinels = this.sentinels()
    const unreachable = sentinels.filter((sentinel) => sentinel.isReachable === false).length
    const majority = Math.floor(sentinels.length / 2) + 1
    const isIsolated = sentinels.length > 0 && sentinels.length - unreachable < majority
    const known = state.current.sentinels
    const isSame = isIsolated === state.current.isIsolated && sentinels.length === known.length &&
      sentinels.every((sentinel, i) => isEqual(sentinel, known[i]!))
    if (isSame) return
    state.publish({ sentinels, isIsolated }, "the sentinels or their reachability changed", "the client")
    onChange()
  }

  private sentinels(): ReadonlyArray<SentinelState> {
    const { discovery, epochOf } = this.options
    return discovery.confirmedSentinels().map((address) => {
      const key = Address.format(address)
      return {
        address,
        isReachable: discovery.isReachable(key),
        epoch: epochOf(key),
        isSubscribed: discovery.isSubscribed(key),
        distanceMillis: discovery.distanceMillis(key)
      }
    }).sort((a, b) => Address.format(a.address) < Address.format(b.address) ? -1 : 1)
  }

  /** Passes on how late a selection may become known, if that has changed. */
  updateDistance(): void {
    const { discovery, isFenceEnabled, onLate, whenFar } = this.options
    const sentinels = discovery.sentinels().map((address) => {
      const key = Address.format(address)
      return { key, millis: Math.min(maxDistanceMillis, discovery.distanceMillis(key)) }
    })
    const canBeLate = isFenceEnabled && whenFar !== "believe"
    this.isFar = canBeLate && sentinels.some(({ millis }) => millis > nearMillis)
    const most = canBeLate ? maxDistanceMillis : isFenceEnabled ? nearMillis : 0
    let late = 0
    let farthest: (typeof sentinels)[number] | undefined
    for (const sentinel of sentinels) {
      // Answers of a sentinel that denies a subscription do not announce a selection.
      const lead = this.isFar && discovery.isSubscribed(sentinel.key) !== false ? announcementLeadMillis : 0
      const millis = Math.min(most, Math.max(0, sentinel.millis - lead))
      if (millis <= late) continue
      late = millis
      farthest = sentinel
    }
    this.logFar(farthest, late)
    if (late === this.lateMillis) return
    this.lateMillis = late
    onLate(late)
  }

  /** Logs once that a sentinel is so far away that the results of writes are withheld, until none is. */
  private logFar(sentinel: { readonly key: string; readonly millis: number } | undefined, late: number): void {
    const { isStarting, runtime, state } = this.options
    if (sentinel === undefined || late <= nearMillis) this.isFarLogged = false
    else if (!this.isFarLogged && !isStarting() && late >= 2 * nearMillis) {
      this.isFarLogged = true
      runtime.detach(
        Effect.logInfo(
          `${state.current.group}: sentinel ${sentinel.key} is ${sentinel.millis} ms away: the results of writes are withheld for ${
            late - nearMillis
          } ms, so that its report of a failover can arrive first`
        )
      )
    }
  }
}

/** Whether two states of a sentinel differ in nothing but its distance, whose changes are not published. */
const isEqual = (a: SentinelState, b: SentinelState): boolean =>
  a.isReachable === b.isReachable && a.isSubscribed === b.isSubscribed && a.epoch === b.epoch &&
  Address.equals(a.address, b.address)
