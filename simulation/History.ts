/**
 * What a run leaves behind, as data: the calls of the clients, what the nodes executed, and what the applications of
 * applications/ got. World.ts records it, Checker.ts judges it.
 */
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { Client, Errors, Sentinel, Topology } from "../src/index.ts"
import type { Control } from "../src/testing/index.ts"
import type { VirtualClock } from "./Clock.ts"
import type { Scenario } from "./Scenario.ts"

export type Outcome =
  | { readonly tag: "ok"; readonly value: unknown }
  /** It is not known whether it was executed. */
  | { readonly tag: "ambiguous" }
  /** The server answered with an error, before or during the execution. */
  | { readonly tag: "rejected"; readonly error: string }
  /** The client says that it was not executed. */
  | { readonly tag: "unexecuted"; readonly error: string }
  | { readonly tag: "interrupted" }
  | { readonly tag: "defect"; readonly error: string }

/** A command that a worker issued. */
export interface Call {
  readonly id: number
  readonly worker: number
  readonly client: string
  readonly replica: boolean
  readonly kind:
    | "set"
    | "get"
    | "range"
    | "incr"
    | "push"
    | "pop"
    | "mget"
    | "echo"
    | "scan"
    | "select"
    | "publish"
    | "script"
    | "watch"
    | "add"
    | "other"
  readonly key: string
  readonly write: boolean
  readonly repeatable: boolean
  readonly begin: number
  /** The time at which it must have ended. */
  readonly due: number
  /** The reserved connection on which it ran, if any. */
  readonly reserved: number | undefined
  /** The batch and the index of its entry in it, if any. */
  readonly batch: { readonly id: number; readonly index: number } | undefined
  /** The offset that its read had to see, and the epoch that the client knew then. */
  readonly after: After | undefined
  /** The database in which it must be executed. */
  readonly database: number
  /** A scan that starts over when it is interrupted. */
  readonly restarts: boolean
  /** A transaction without a watched key. */
  readonly unwatched: boolean
  end: number
  outcome: Outcome | undefined
}

/** What a read must see. */
export interface After {
  readonly epoch: number
  /** The epoch that the client knew when the read began; 0 if none. */
  readonly known: number
  /** The last write before the client asked for the offset. */
  readonly write: Call | undefined
}

/** A command that a node executed. */
export interface Execution {
  readonly at: number
  readonly serial: number
  readonly node: string
  /** Changes whenever the node may have received other data. */
  readonly reign: number
  readonly isPrimary: boolean
  /** When the node got its role. */
  readonly roleSince: number
  readonly client: string
  readonly session: number
  readonly sessionSince: number
  /** The session's database and the client's name there. */
  readonly database: number
  readonly sessionName: string
  readonly name: string
  readonly args: ReadonlyArray<string>
  readonly reply: unknown
  /** The call to which it belongs, if it carries its tag. */
  readonly id: number | undefined
}

/** A message that a node sent to one of a client's subscriptions. */
export interface Delivery {
  readonly at: number
  /** The order of it and of executions. */
  readonly serial: number
  readonly client: string
  readonly node: string
  readonly session: number
  /** The subscription that it is for: the channel of `message`, the pattern of `pmessage`. */
  readonly kind: "message" | "pmessage" | "smessage"
  readonly name: string
  readonly payload: string
}

/** The outcomes of reads from replicas while the primary was dead or a replica hung. */
export interface Probe {
  readonly client: string
  readonly fault: string
  /** The longest allowed time without a successful read, in milliseconds. */
  readonly limit: number
  readonly from: number
  readonly to: number
  /** The times of successful reads, and the errors of the others. */
  readonly times: ReadonlyArray<number>
  readonly failed: ReadonlyArray<string>
}

/** An item of a subscription. */
export interface Heard {
  readonly at: number
  /** The payload of a message; undefined for a gap. */
  readonly payload: string | undefined
  /** For a message: the subscription that it is for, as in a `Delivery`. */
  readonly kind?: Delivery["kind"]
  readonly name?: string
  /** For a gap: how many messages it says that the reader was too slow for; undefined if anything may be missing. */
  readonly missed?: number | undefined
}

/** A subscription of a client. */
export interface Subscription {
  readonly client: string
  /** Its number among those of the client. */
  readonly number: number
  readonly channels: ReadonlyArray<string>
  readonly patterns: ReadonlyArray<string>
  /** Whether it has a connection of its own, since it makes the server wait. */
  readonly isAlone: boolean
  readonly begun: number
  /** When the client said that the server has acknowledged it; Infinity if it does not say so. */
  opened: number
  /** When its Scope closed. */
  closed: number
  readonly items: Array<Heard>
}

/** One run of a handler for a job: an entry of a stream, or an element of a list. */
export interface Handled {
  /** The name of the system of jobs. */
  readonly of: string
  readonly consumer: string
  readonly client: string
  /** The entry's id; empty for an element of a list. */
  readonly entry: string
  /** What was added. */
  readonly job: string
  /** Whether the client says that it was delivered before. */
  readonly isRepeated: boolean
  readonly begin: number
  end: number
  outcome: "done" | "failed" | "interrupted" | undefined
}

/** The life of a consumer, from its start until it was stopped. */
export interface Life {
  readonly of: string
  readonly consumer: string
  readonly client: string
  readonly begin: number
  end: number
  /** Whether the client's process died, in place of a graceful stop. */
  readonly died: boolean
  /** How it ended by itself, which it must not. */
  failure: string | undefined
}

/** What a client tells of jobs that may come twice, by their entries or by themselves; `*` for all. */
export interface Told {
  readonly at: number
  readonly of: string
  readonly consumer: string
  readonly what: string
  readonly entries: ReadonlyArray<string>
}

/** An item of a reader of a stream: an entry, or, if it is told that entries do not exist any more, after which one. */
export interface Read {
  readonly at: number
  readonly entry: string | undefined
  readonly job: string | undefined
  readonly after: string | undefined
}

export interface Reader {
  readonly client: string
  readonly number: number
  /** Where it began: `start`, `now`, or after an id. */
  readonly from: string
  /** Whether it read until the end. */
  isLast: boolean
  readonly items: Array<Read>
}

/** A Stream of popped elements: an element, or how many may be lost. */
export interface Popping {
  readonly client: string
  readonly number: number
  readonly begin: number
  end: number
  readonly items: Array<{ readonly at: number; readonly element: string | undefined; readonly lost: number }>
}

/** What is left of a system of jobs once its consumers have nothing to do any more. */
export interface LeftOver {
  /** The ids of the entries, where they have any. */
  readonly ids?: ReadonlyArray<string>
  /** The jobs that are stored, processed or not. */
  readonly entries: ReadonlyArray<string>
  readonly dead: ReadonlyArray<string>
  /** What consumers have and did not acknowledge. */
  readonly pending: ReadonlyArray<string>
}

/** What the applications got. */
export interface Records {
  readonly subscriptions: Array<Subscription>
  readonly handled: Array<Handled>
  readonly lives: Array<Life>
  readonly told: Array<Told>
  readonly readers: Array<Reader>
  readonly poppings: Array<Popping>
  /** By the name of the system of jobs. */
  readonly leftOver: Map<string, LeftOver>
}

export interface History extends Records {
  readonly scenario: Scenario
  /** How many elements the clients said that may be lost, in all. */
  readonly lostElements: number
  /** The time from which the times of faults count. */
  readonly began: number
  readonly deliveries: ReadonlyArray<Delivery>
  readonly probes: ReadonlyArray<Probe>
  /** The members of the set that scans read. */
  readonly members: ReadonlyArray<string>
  readonly calls: ReadonlyArray<Call>
  readonly executions: ReadonlyArray<Execution>
  /** Faults and events of sentinels, for the report. */
  readonly events: ReadonlyArray<{ readonly at: number; readonly text: string }>
  /** Faults that took effect. */
  readonly faults: number
  /** Whether a fault changed bytes in transit, so that values cannot be checked. */
  readonly corrupted: boolean
  readonly stopped: "stuck" | "endless" | undefined
  /** A description of what was left open after the clients' Scope closed. */
  readonly leftovers: ReadonlyArray<string>
  /** Clients that still dial, or have too many connections, after everything is healthy again. */
  readonly restless: ReadonlyArray<string>
  /** Clients whose last write failed, after everything was healthy again. */
  readonly dead: ReadonlyArray<string>
  /** The primary's data at the end: the elements of the lists, and the counters. */
  readonly final: ReadonlyMap<string, ReadonlyArray<string> | number | null>
  readonly defect: string | undefined
}

/** A client of the deployment: a process with its own clock, and what it has made. */
export interface Party {
  readonly name: string
  readonly primary: Client.PrimaryClient
  readonly replica: Client.ReplicaClient
  /** Of the service that the replicas' client is of. */
  readonly topology: Topology.Topology
  readonly topologies: ReadonlyArray<Topology.Topology>
  readonly services: ReadonlyArray<Sentinel.Service>
  readonly clock: VirtualClock
}

/** A scan that has given this many elements starts over without end. */
export const mostScanned = 4000

/** What a worker says of a call when it begins. */
export interface Spec {
  readonly id: number
  readonly kind: Call["kind"]
  readonly key: string
  readonly write: boolean
  readonly repeatable?: boolean
  readonly replica?: boolean
  readonly reserved?: number
  readonly patience?: number
  readonly batch?: Call["batch"]
  readonly after?: After
  readonly database?: number
  readonly restarts?: boolean
  readonly unwatched?: boolean
}

/** What a running scenario offers to its applications. */
export interface Stage extends Records {
  readonly scenario: Scenario
  readonly control: Control
  readonly now: () => number
  /** When the workload ends. */
  readonly end: () => number
  /** Records a call from its start on. */
  readonly call: (party: Party, worker: number, spec: Spec) => Call
  readonly ended: (call: Call, outcome: Outcome) => void
  readonly outcomeOf: (exit: Exit.Exit<unknown, Errors.RedisError | Errors.Unsupported>) => Outcome
  /** Records the outcome of a call when the effect ends. */
  readonly watched: <A, E extends Errors.RedisError | Errors.Unsupported>(
    call: Call,
    effect: Effect.Effect<A, E>
  ) => Effect.Effect<A, E>
  /** Makes the client of another process, which has its own clock. */
  readonly process: (
    name: string,
    scope: Scope.Scope
  ) => Effect.Effect<
    { readonly redis: Client.PrimaryClient; readonly clock: VirtualClock },
    Errors.RedisError | Errors.InvalidOption
  >
  /** Whether the clients are about to be closed. */
  readonly ending: () => boolean
  /** Whether a request of a client with the words of this name was changed in transit. */
  readonly isDamaged: (party: string, name: string) => boolean
  /** Takes down what is wrong although nothing failed. */
  readonly complain: (text: string) => void
}
