/**
 * What a command is that servers flag neither `readonly` nor `write`, and why.
 */
import type { Command } from "../../../src/index.ts"

export interface Unflagged {
  /** Whether a replica runs it without harm ("read"), or only the primary is the right place. */
  readonly mode: Command.Mode
  /** Whether it may be sent again after its reply was lost. */
  readonly repeatable: boolean
  readonly why: string
}

export const asks: Unflagged = { mode: "read", repeatable: true, why: "it asks about the server or the connection" }
