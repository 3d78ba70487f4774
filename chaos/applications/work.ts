/** What a kind of work is: its deployment, and what is done and measured. */
import type { DeploymentOptions } from "../../test/support/processes.ts"
import type { WorkDriver } from "./driver.ts"
import type { Report } from "./report.ts"
import type { Stage } from "./stage.ts"

export interface Size {
  /** Entries of the stream, and a tenth of it items of the list. */
  readonly entries: number
  readonly failovers: number
  readonly outageMillis: number
  /** One fault where a full run has several. */
  readonly short: boolean
}

export interface Work {
  readonly name: string
  readonly deployment: DeploymentOptions
  /** The clients that do it. Default: all of drivers.ts. */
  readonly drivers?: ReadonlyArray<WorkDriver>
  readonly play: (stage: Stage, driver: WorkDriver, size: Size) => Promise<Report>
}

/** The errors of this library that a caller may meet in a fault. */
const known = new Set([
  "AmbiguousOutcome",
  "DeadlineExceeded",
  "PrimaryNotFound",
  "ConnectFailed",
  "ConnectionLost",
  "SentinelsIsolated"
])

/** The errors that are not among those that this library names for faults. */
export const strange = (driver: WorkDriver, errors: Iterable<string>): ReadonlyArray<string> =>
  driver.isOurs ? Array.from(errors).filter((tag) => !known.has(tag)).map((tag) => `an unexpected error: ${tag}`) : []
