/**
 * Which sentinels can be reached, whether the client is isolated from them, and
 * how old the reports of the most distant one may be. It measures nothing itself:
 * `internal/discovery/` does.
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
  /** The distance has changed. */
  readonly onDistance: (millis: number) => void
}

/**
 * The reachability of the sentinels of one group.
 *
 * @since 0.1.0
 * @category models
 */
export class SentinelReachability {
  /** How old a report of the most distant sentinel is at most when it arrives, in milliseconds. */
  distanceMillis = 0
  private readonly options: SentinelReachabilityOptions
  /** Whether it was logged that a sentinel is far away. */
  private isFarLogged = false

  constructor(options: SentinelReachabilityOptions) {
    this.options = options
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

  /** Passes on how old the reports of the sentinels may be, if that has changed. */
  updateDistance(): void {
    const { discovery, isFenceEnabled, onDistance, whenFar } = this.options
    let farthest = 0
    let sentinel = ""
    for (const address of discovery.sentinels()) {
      const key = Address.format(address)
      const distance = Math.min(maxDistanceMillis, discovery.distanceMillis(key))
      if (distance > farthest) {
        farthest = distance
        sentinel = key
      }
    }
    if (!isFenceEnabled) farthest = 0
    if (whenFar === "believe") farthest = Math.min(farthest, nearMillis)
    this.logFar(sentinel, farthest)
    if (farthest === this.distanceMillis) return
    this.distanceMillis = farthest
    onDistance(farthest)
  }

  /** Logs once that a sentinel is far away, until none is. */
  private logFar(sentinel: string, millis: number): void {
    const { isStarting, runtime, state } = this.options
    if (millis <= nearMillis) this.isFarLogged = false
    else if (!this.isFarLogged && !isStarting() && millis >= 2 * nearMillis) {
      this.isFarLogged = true
      runtime.detach(
        Effect.logInfo(
          `${state.current.group}: sentinel ${sentinel} is ${millis} ms away: the results of writes are withheld for ${
            millis - nearMillis
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
