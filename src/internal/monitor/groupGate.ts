/**
 * The write gate of the group: whether its clients may send writes. It is computed from
 * the write fence, from the answers that are still awaited, and from the isolation from
 * the sentinels, which other parts decide.
 */
import { SentinelsIsolated } from "../../Errors.ts"
import type { Options } from "../../Topology.ts"
import type { WriteGateState } from "../execution/types.ts"
import type { StateReader } from "./groupState.ts"

/**
 * What the gate is computed from, and who receives it.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupGateOptions {
  readonly state: StateReader
  readonly whenIsolated: Options["whenIsolated"]
  /** Whether the answer of a sentinel is awaited that may report a failover. */
  readonly isAwaitingAnswer: () => boolean
  /** The gate has changed; it has been so for `ageMillis` already, at most. */
  readonly onChange: (gate: WriteGateState, ageMillis: number) => void
}

/**
 * The gate of one group.
 *
 * @since 0.1.0
 * @category models
 */
export class GroupGate {
  current: WriteGateState
  private readonly options: GroupGateOptions

  constructor(options: GroupGateOptions) {
    this.options = options
    this.current = this.compute()
  }

  /** Computes the gate again after a change that happened `ageMillis` ago, at most. */
  update(ageMillis = 0): void {
    const gate = this.compute()
    if (gate === this.current) return
    this.current = gate
    this.options.onChange(gate, ageMillis)
  }

  private compute(): WriteGateState {
    const { isAwaitingAnswer, state, whenIsolated = "allow" } = this.options
    const { fence, group, isIsolated, sentinels } = state.current
    if (fence !== undefined) return "held"
    if (isAwaitingAnswer()) return "asking"
    if (!isIsolated || whenIsolated === "allow") return undefined
    if (whenIsolated === "hold") return "held"
    return new SentinelsIsolated({
      group,
      reachable: sentinels.filter((sentinel) => sentinel.isReachable !== false).length,
      known: sentinels.length
    })
  }
}
