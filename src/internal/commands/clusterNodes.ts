/**
 * The nodes of a cluster as CLUSTER NODES writes them, a line for each, and ranges of slots as text.
 */
import type * as DateTime from "effect/DateTime"
import { mismatch } from "./decoders.ts"
import { momentOf } from "./timeDecoders.ts"

/**
 * A range of hash slots; both ends are in it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SlotRange {
  /** The first slot. */
  readonly start: number
  /** The last slot. */
  readonly end: number
}

/**
 * A node of a cluster, as another one sees it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClusterNode {
  /** Its id. */
  readonly id: string
  /** Its address; empty while it is not known. */
  readonly host: string
  /** Its port for clients. */
  readonly port: number
  /** Its port for other nodes. */
  readonly busPort: number
  /** Its name; `null` if it announces none. */
  readonly hostname: string | null
  /** The flags as the server writes them: `myself`, `master`, `slave`, `fail?`, `fail`, `handshake`, `noaddr`, ... */
  readonly flags: ReadonlySet<string>
  /** Whether it is the node that was asked. */
  readonly isMyself: boolean
  /** Whether it is a primary (`master`) or a replica (`slave`). */
  readonly role: "primary" | "replica"
  /** Of a replica: the id of its primary; `null` for a primary. */
  readonly primaryId: string | null
  /** When it got a ping that it has not answered; `null` if it has answered all. */
  readonly pingSentAt: DateTime.Utc | null
  /** When it answered last; `null` if it never did. */
  readonly pongReceivedAt: DateTime.Utc | null
  /** The epoch of its configuration. */
  readonly configEpoch: number
  /** Whether there is a connection between it and the node that was asked. */
  readonly isConnected: boolean
  /** Its slots. */
  readonly slots: ReadonlyArray<SlotRange>
  /** The slots that it is getting, each with the id of the node that has it. */
  readonly importing: ReadonlyArray<{
    /** The slot. */
    readonly slot: number
    /** The id of the node that has it. */
    readonly from: string
  }>
  /** The slots that it is giving away, each with the id of the node that gets it. */
  readonly migrating: ReadonlyArray<{
    /** The slot. */
    readonly slot: number
    /** The id of the node that gets it. */
    readonly to: string
  }>
}

/** What a server leaves empty where it knows nothing. */
export const emptyAsNull = (text: string | null): string | null => text === "" ? null : text

/** Ranges that spaces separate: `0-5460 5462`. */
export const parseRanges = (text: string): ReadonlyArray<SlotRange> =>
  text.split(/[ ,]+/).filter((part) => part !== "").map((part) => {
    const [, start, end] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? mismatch("ranges of slots", text)
    return { start: Number(start), end: Number(end ?? start) }
  })

const momentIn = (text: string, line: string): DateTime.Utc | null => {
  if (!/^\d{1,19}$/.test(text)) return mismatch("a node of a cluster", line)
  return text === "0" ? null : momentOf(Number(text))
}

/** One line of CLUSTER NODES. */
export const parseNode = (line: string): ClusterNode => {
  const wrong = (): never => mismatch("a node of a cluster", line)
  const [id, address, flagsText, primaryId, ping, pong, epoch, link, ...slots] = line.trim().split(" ")
  if (link === undefined) return wrong()
  const [, host, port, busPort, hostname] = /^(.*):(\d+)@(\d+)(?:,([^,]*))?(?:,.*)?$/.exec(address!) ?? wrong()
  const flags: ReadonlySet<string> = new Set(flagsText!.split(","))
  const ranges: Array<string> = []
  const importing: Array<ClusterNode["importing"][number]> = []
  const migrating: Array<ClusterNode["migrating"][number]> = []
  for (const part of slots) {
    const [, slot, arrow, other] = /^\[(\d+)-([<>])-(.+)\]$/.exec(part) ?? []
    if (slot === undefined) ranges.push(part)
    else if (arrow === "<") importing.push({ slot: Number(slot), from: other! })
    else migrating.push({ slot: Number(slot), to: other! })
  }
  if (!/^\d{1,20}$/.test(epoch!)) return wrong()
  return {
    id: id!,
    host: host!,
    port: Number(port),
    busPort: Number(busPort),
    hostname: emptyAsNull(hostname ?? null),
    flags,
    isMyself: flags.has("myself"),
    role: flags.has("slave") ? "replica" : "primary",
    primaryId: primaryId === "-" ? null : primaryId!,
    pingSentAt: momentIn(ping!, line),
    pongReceivedAt: momentIn(pong!, line),
    configEpoch: Number(epoch),
    isConnected: link === "connected",
    slots: parseRanges(ranges.join(" ")),
    importing,
    migrating
  }
}

/** The reply of CLUSTER NODES. */
export const parseNodes = (text: string): Array<ClusterNode> =>
  text.split("\n").filter((line) => line.trim() !== "").map(parseNode)
