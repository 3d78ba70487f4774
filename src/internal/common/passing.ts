/**
 * Which errors pass by themselves: the one list for all who ask that. A command that a server refuses in such a state is
 * sent again by the client (internal/execution/), and what goes on for as long as its reader likes (popStream, workers
 * of queues, readers and consumers of streams) waits such errors out and fails for all others.
 */
import type { RedisError } from "../../Errors.ts"

/**
 * Error codes by which a server refuses a command before executing it, because
 * of its role or because it is starting: another server may accept it.
 */
export const refusals: ReadonlySet<string> = new Set(["READONLY", "LOADING", "MASTERDOWN"])

/** Error codes by which the right server refuses a command before executing it, in a state that passes. */
export const temporaryRefusals: ReadonlySet<string> = new Set(["NOREPLICAS", "TRYAGAIN", "CLUSTERDOWN", "BUSY"])

/**
 * All codes of states of a server. `MISCONF` and `OOM` last until somebody acts, so that a single command fails with
 * them. A code that is not here is about the request: the key, the arguments, the rights of the user.
 */
const states: ReadonlySet<string> = new Set([...refusals, ...temporaryRefusals, "MISCONF", "OOM", "UNBLOCKED"])

/**
 * Whether an attempt later may succeed. Before anything has worked, an error that needs another configuration, such as
 * a wrong password, does not pass; afterwards it does, as somebody may be changing the configuration.
 */
export const passes = (error: RedisError, hasWorked: boolean): boolean => {
  switch (error._tag) {
    case "ReplyError":
      return states.has(error.code)
    case "AmbiguousOutcome":
    // The next connection may do.
    case "ProtocolError":
      return true
    case "ClientClosed":
    case "InvalidCommand":
    case "UnexpectedReply":
    case "ValueMismatch":
    case "LibraryConflict":
    case "TransactionAborted":
    case "ScanInterrupted":
    case "EpochPassed":
      return false
    default:
      return hasWorked || error.isRetryable
  }
}
