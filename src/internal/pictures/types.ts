/**
 * What the pictures and pages show, as data: a timeline of what happened to a group, its topology, and the blocks of a
 * page. Types only: timeline.ts, topology.ts and page.ts draw them.
 *
 * All texts may come from a server: they are escaped where they are drawn. A caller puts no secret into them.
 */

/** What something means to a reader; it chooses the colour. A picture never shows it by colour alone. */
export type Tone = "good" | "notice" | "bad" | "neutral"

// -----------------------------------------------------------------------------
// Timeline
// -----------------------------------------------------------------------------

/**
 * What happened to a group over time. All times are milliseconds after one moment, the zero of the axis: the fault, or the
 * request for a failover. What happened before it has negative times.
 */
export interface Timeline {
  readonly title: string
  /** What the picture shows, in one or two sentences, for those who do not see it. Default: made from the data. */
  readonly description?: string | undefined
  /** The moment 0, as milliseconds since the Unix epoch, if it is to be shown. */
  readonly startMillis?: number | undefined
  /** Where the axis begins and ends. Default: so that everything is on it. */
  readonly fromMillis?: number | undefined
  readonly toMillis?: number | undefined
  /** From top to bottom. Events, spans and counts name their lane. */
  readonly lanes: ReadonlyArray<Lane>
  readonly events: ReadonlyArray<TimelineEvent>
  readonly spans: ReadonlyArray<TimelineSpan>
  readonly counts: ReadonlyArray<TimelineCount>
}

/** A client, a node or a sentinel. */
export interface Lane {
  /** Unique among the lanes; it is shown. */
  readonly name: string
  /** What matters most in the end: `0 lost, pause 102 ms`. */
  readonly result?: string | undefined
  readonly tone?: Tone | undefined
}

/**
 * - `fault`: what was done to the group: a kill, SENTINEL FAILOVER
 * - `sentinel`: an event or an answer of a sentinel
 * - `node`: what a node said of itself: its role
 * - `client`: what the client did: closed its fence, moved
 * - `write`: the first write acknowledged after it
 * - `problem`: what went wrong
 */
export type TimelineEventKind = "fault" | "sentinel" | "node" | "client" | "write" | "problem"

export interface TimelineEvent {
  readonly atMillis: number
  /** Short: `+selected-slave`, `first write at the new primary`. */
  readonly text: string
  readonly kind: TimelineEventKind
  /** The lane it belongs to; without one it concerns all, and its line crosses all lanes. */
  readonly lane?: string | undefined
  /** The address of the node or sentinel that it is about or from; the table has it. */
  readonly node?: string | undefined
}

/**
 * - `failover`: the sentinels carry out a failover
 * - `fence`: the client holds writes back
 * - `pause`: no write was acknowledged
 * - `down`: a node or a sentinel did not answer
 */
export type TimelineSpanKind = "failover" | "fence" | "pause" | "down"

export interface TimelineSpan {
  readonly fromMillis: number
  /** Undefined while it lasts: it is drawn to the end of the axis. */
  readonly toMillis: number | undefined
  readonly kind: TimelineSpanKind
  /** The lane it belongs to; without one it concerns all. */
  readonly lane?: string | undefined
  /** Default: the kind and how long it lasted. */
  readonly text?: string | undefined
}

/** The writes of a lane in the time from `atMillis` until `atMillis + forMillis`. */
export interface TimelineCount {
  readonly lane: string
  readonly atMillis: number
  readonly forMillis: number
  /** Acknowledged, without those that are missing. */
  readonly acknowledged: number
  /** Failed, or in doubt: the caller was told. */
  readonly failed: number
  /** Acknowledged, and missing at the new primary. */
  readonly lost: number
}

// -----------------------------------------------------------------------------
// Topology
// -----------------------------------------------------------------------------

/** The nodes and sentinels of a group at one moment. */
export interface TopologyPicture {
  /** Default: the name of the group. */
  readonly title?: string | undefined
  /** What the picture shows, in one or two sentences, for those who do not see it. Default: made from the data. */
  readonly description?: string | undefined
  readonly group: string
  readonly epoch?: number | undefined
  readonly quorum?: number | undefined
  /** Whether the client holds writes back. */
  readonly fence?: string | undefined
  readonly nodes: ReadonlyArray<TopologyNode>
  readonly sentinels: ReadonlyArray<TopologySentinel>
  readonly links: ReadonlyArray<TopologyLink>
}

export interface TopologyProblem {
  /** Short: `replication link down`, `says it is a replica`. */
  readonly text: string
  readonly tone: "notice" | "bad"
}

export interface TopologyNode {
  /** Unique among nodes and sentinels; it is shown. */
  readonly address: string
  /** `unknown`: a sentinel names it as the primary, and nobody could ask it. */
  readonly role: "primary" | "replica" | "unknown"
  /** Undefined if nobody asked it. */
  readonly isReachable?: boolean | undefined
  /** How far it is behind the primary, in bytes. */
  readonly lagBytes?: number | undefined
  /** Short facts: `Redis 7.0.15`, `priority 100`, `412 clients`. */
  readonly facts?: ReadonlyArray<string> | undefined
  readonly problems?: ReadonlyArray<TopologyProblem> | undefined
}

export interface TopologySentinel {
  readonly address: string
  readonly isReachable?: boolean | undefined
  readonly facts?: ReadonlyArray<string> | undefined
  readonly problems?: ReadonlyArray<TopologyProblem> | undefined
}

/**
 * - `replication`: from a node to the node that replicates it (data flows from the first to the second)
 * - `names`: from a sentinel to the node that it names as the primary
 */
export interface TopologyLink {
  readonly from: string
  readonly to: string
  readonly kind: "replication" | "names"
  /** `bad`: broken, or it contradicts the others. Default `good`. */
  readonly tone?: Tone | undefined
  /** Short: `down for 12 s`, `epoch 7`. */
  readonly text?: string | undefined
}

// -----------------------------------------------------------------------------
// Page
// -----------------------------------------------------------------------------

/** An HTML page that stands alone. */
export interface Page {
  readonly title: string
  /** The answer, in one sentence, under the title. */
  readonly summary: string
  readonly tone: Tone
  /** When and by what it was made: `effect-redis-sentinel 0.1.0, 2026-01-31 12:00:00 UTC`. */
  readonly made?: string | undefined
  readonly blocks: ReadonlyArray<Block>
}

export type Block =
  | { readonly _tag: "Heading"; readonly text: string }
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Preformatted"; readonly text: string; readonly label: string }
  | { readonly _tag: "Figures"; readonly figures: ReadonlyArray<Figure> }
  /** With a table of the same facts. */
  | { readonly _tag: "Timeline"; readonly timeline: Timeline }
  /** With a table of the same facts. */
  | { readonly _tag: "Topology"; readonly topology: TopologyPicture }
  | { readonly _tag: "Table"; readonly table: Table }
  | { readonly _tag: "Findings"; readonly findings: ReadonlyArray<PageFinding> }

/** A number that matters, large: `0`, `lost writes`. */
export interface Figure {
  readonly value: string
  readonly label: string
  readonly tone?: Tone | undefined
}

export interface Table {
  readonly caption: string
  readonly columns: ReadonlyArray<{ readonly name: string; readonly isNumber?: boolean | undefined }>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

/** A finding of the doctor, as a page shows it. */
export interface PageFinding {
  readonly tone: Tone
  /** The word for the tone: `error`, `warning`, `note`. */
  readonly severity: string
  readonly title: string
  /** What to look it up by, and to accept it by. */
  readonly code?: string | undefined
  /** What was seen, one line each. */
  readonly seen: ReadonlyArray<string>
  readonly why: string
  /** What to do, one step after another. */
  readonly mend: ReadonlyArray<PageStep>
}

/** A step: in words, and as lines to copy. */
export interface PageStep {
  readonly text: string
  readonly lines: ReadonlyArray<string>
}
