/**
 * Finds out whether a node that a sentinel names in place of the primary is the
 * primary by another address: where a connection to it goes tells. What follows
 * from that is decided in `internal/discovery/`.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Address from "../../Address.ts"
import type { SessionOptions } from "../../Options.ts"
import { openConnection } from "../connection/handshake.ts"
import type { Discovery, GroupView } from "../discovery/types.ts"
import type { StateReader } from "./groupState.ts"
import type { MonitorRuntime } from "./runtime.ts"
import type { Survey } from "./survey.ts"

/** How long the result for an address holds. */
const recheckAfterMillis = 60_000
/** So many addresses are remembered: a sentinel that names ever new ones does not fill the memory. */
const maxRemembered = 64

/**
 * What the check works with.
 *
 * @since 0.1.0
 * @category models
 */
export interface AliasCheckOptions {
  readonly discovery: Pick<Discovery, "canonical" | "onConnected">
  readonly state: StateReader
  readonly runtime: MonitorRuntime
  readonly node: SessionOptions
  readonly survey: Pick<Survey, "begin">
}

/**
 * The check for other addresses of one group's primary, one address at a time.
 *
 * @since 0.1.0
 * @category models
 */
export class AliasCheck {
  private readonly options: AliasCheckOptions
  private isUnderway = false
  /** When each address was last checked, in monotonic time. */
  private readonly checkedAt = new Map<string, number>()

  constructor(options: AliasCheckOptions) {
    this.options = options
  }

  /** Checks one address that these answers name in place of the primary, and that was not checked lately. */
  check(views: Iterable<GroupView>): void {
    const { discovery, node, runtime, state, survey } = this.options
    const { primary } = state.current
    if (this.isUnderway || primary === undefined) return
    const now = runtime.now()
    const unknown = Array.from(views, (view) => view.primary).find((address) =>
      !Address.equals(address, primary) &&
      (this.checkedAt.get(Address.format(address)) ?? -Infinity) < now - recheckAfterMillis
    )
    if (unknown === undefined) return
    if (this.checkedAt.size > maxRemembered) this.checkedAt.clear()
    this.checkedAt.set(Address.format(unknown), now)
    this.isUnderway = true
    runtime.fork(
      Effect.scoped(openConnection(unknown, node)).pipe(
        Effect.exit,
        Effect.map((exit) => {
          if (Exit.isSuccess(exit)) discovery.onConnected(unknown, exit.value.remote)
          this.isUnderway = false
          if (!Address.equals(discovery.canonical(unknown), unknown)) survey.begin()
        })
      )
    )
  }
}
