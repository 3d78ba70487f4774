/**
 * Where a client that connects finds the primary: where the sentinels say, unless
 * the group follows one already that they have not reported. Whether the node is
 * a primary is verified by the client.
 */
import * as Effect from "effect/Effect"
import * as Address from "../../Address.ts"
import type { PrimaryNotFound } from "../../Errors.ts"
import type { Discovery, Located } from "../discovery/types.ts"
import type { StateReader } from "./groupState.ts"
import type { MonitorRuntime } from "./runtime.ts"

/** How long a client that looks for the primary has to verify it, before the monitor does so itself. */
const clientVerifyMillis = 1000

/**
 * What the location works with.
 *
 * @since 0.1.0
 * @category models
 */
export interface PrimaryLocationOptions {
  readonly group: string
  readonly discovery: Pick<Discovery, "locatePrimary" | "locateElsewhere">
  readonly state: StateReader
  readonly runtime: Pick<MonitorRuntime, "now">
}

/**
 * The location of one group's primary.
 *
 * @since 0.1.0
 * @category models
 */
export class PrimaryLocation {
  private readonly options: PrimaryLocationOptions
  /** When a client last looked for the primary, in monotonic time. */
  private locatedAt = -Infinity

  constructor(options: PrimaryLocationOptions) {
    this.options = options
  }

  /** Whether a client looks for the primary, and is about to verify it. */
  get isClientVerifying(): boolean {
    return this.options.runtime.now() - this.locatedAt < clientVerifyMillis
  }

  /** Leaves it to a client, which is about to look for the primary, to verify it. */
  expectClient(): void {
    this.locatedAt = this.options.runtime.now()
  }

  /** Leaves it to the monitor again to verify the primary. */
  expectNoClient(): void {
    this.locatedAt = -Infinity
  }

  /** Asks the sentinels where the primary is; an unreported primary takes precedence. */
  readonly locate: Effect.Effect<Located<Address.Address>, PrimaryNotFound> = Effect.suspend(() =>
    Effect.matchEffect(this.options.discovery.locatePrimary(this.options.group), {
      onSuccess: (found) => Effect.succeed(this.unreported() ?? found),
      onFailure: (error) => {
        const unreported = this.unreported()
        return unreported === undefined ? Effect.fail(error) : Effect.succeed(unreported)
      }
    })
  )

  /** Asks all sentinels where the primary is, if it is at none of these addresses. */
  locateElsewhere(
    wrongRole: ReadonlySet<string>,
    unreachable: ReadonlySet<string>
  ): Effect.Effect<Located<Address.Address> | undefined> {
    return Effect.map(
      this.options.discovery.locateElsewhere(this.options.group, wrongRole, unreachable),
      (found) => {
        const unreported = this.unreported()
        if (unreported === undefined) return found
        const key = Address.format(unreported.value)
        return wrongRole.has(key) || unreachable.has(key) ? found : unreported
      }
    )
  }

  /** The primary that the group follows before the sentinels have reported it, if there is one. */
  private unreported(): Located<Address.Address> | undefined {
    const { epoch, isProvisional, primary } = this.options.state.current
    return isProvisional && primary !== undefined
      ? { value: primary, from: "the node itself", epoch }
      : undefined
  }
}
