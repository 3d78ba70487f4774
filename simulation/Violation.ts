/**
 * The promises of the library, by name, and what is said of a broken one.
 */
import type { Call, Execution } from "./History.ts"

export interface Violation {
  readonly promise:
    | "an operation ends in time"
    | "an error is one of ours"
    | "what was not executed was not executed"
    | "what was acknowledged was executed"
    | "nothing is applied twice"
    | "a reply is that of its command"
    | "a client does not go back to a primary that it has left"
    | "a primary's client talks to a primary"
    | "a key's history is linearizable"
    | "a reserved connection is one user's"
    | "nothing is left after the Scope"
    | "when all is right again, so is the client"
    | "a client that has what it needs is at rest"
    | "no acknowledged write is lost in a planned failover"
    | "what concerns no node costs no operation"
    | "a pipeline has one order and one connection"
    | "what was passed is taken at the call"
    | "a scan's pages are one server's, and complete"
    | "a read after an offset is not older"
    | "a session is nobody else's"
    | "an element is taken once"
    | "reads go on"
    | "a subscription keeps its order, and tells its gaps"
    | "a script is loaded when it is missing, once"
    | "a watch is never applied to data that changed"
    | "every job is processed"
    | "a job has one handler at a time"
    | "an entry is acknowledged once it is processed"
    | "what comes twice is told"
    | "what popStream loses is told"
    | "a reader of a stream misses nothing untold"
  readonly text: string
  readonly at: number
  readonly call: Call | undefined
}

export type Broken = (promise: Violation["promise"], text: string, at: number, call?: Call) => void

export const show = (call: Call): string =>
  `${call.kind} ${call.key} #${call.id} of ${call.client}, ${call.begin}..${call.end}, ${
    JSON.stringify(call.outcome)?.slice(0, 400)
  }`

/** Whether the node answered with an error. */
export const isError = (execution: Execution): boolean =>
  typeof execution.reply === "object" && execution.reply !== null && "error" in execution.reply
