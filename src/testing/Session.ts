/**
 * The connections of clients at servers in memory: what a server keeps of each. What the
 * CLIENT commands show of it is in commands/client.ts.
 */
import type { User } from "./Acl.ts"
import type { FieldSets } from "./data/hashImport.ts"
import type { Peer } from "./Network.ts"
import type { Protocol, Reply } from "./Reply.ts"

/**
 * A client's connection at a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Session {
  /** The number of the connection, as CLIENT ID gives it. */
  readonly id: number
  /** The connection itself. */
  readonly peer: Peer
  /** When it began, in milliseconds since the Unix epoch. */
  readonly since: number
  /** The RESP version. */
  protocol: Protocol
  /** The ACL user. */
  user: User
  /** Whether the client has logged in, or need not. */
  authenticated: boolean
  /** The name of CLIENT SETNAME; empty if there is none. */
  name: string
  /** What CLIENT SETINFO told of the client's library. */
  library: {
    /** The name of the library; empty if it was not told. */
    name: string
    /** Its version; empty if it was not told. */
    version: string
  }
  /** The number of the selected database. */
  database: number
  /** The fields that HIMPORT PREPARE has named. */
  readonly fieldSets: FieldSets
  /** Whether the connection is open. */
  open: boolean
  /** The requests after MULTI; undefined outside a transaction. */
  queue: Array<ReadonlyArray<string>> | undefined
  /** Whether a request of the transaction was refused. */
  broken: boolean
  /** The watched keys, each with its database; undefined if there are none. */
  watched: Set<string> | undefined
  /** Whether a watched key has changed. */
  dirty: boolean
  /** The command that waits; undefined if none does. */
  blocked: Blocked | undefined
  /** The requests that came while a command waited. */
  backlog: Array<Array<string>>
  /** The channels that it subscribes to. */
  readonly channels: Set<string>
  /** The patterns that it subscribes to. */
  readonly patterns: Set<string>
  /** The shard channels that it subscribes to. */
  readonly shards: Set<string>
  /** The settings of CLIENT TRACKING; undefined while it is off. */
  tracking: Tracking | undefined
  /** The keys that it has read and that are tracked. */
  readonly tracked: Set<string>
  /** Whether CLIENT NO-EVICT is on. */
  noEvict: boolean
  /** Whether CLIENT NO-TOUCH is on. */
  noTouch: boolean
  /** Whether the server closes it after the current reply. */
  closing: boolean
  /** The name of its last command, in lower case. */
  last: string
  /** When it sent its last command, in milliseconds since the Unix epoch. */
  active: number
}

/** A command that waits, such as BLPOP. */
export interface Blocked {
  /** The name of the command. */
  readonly command: string
  /** Ends the wait with a reply. */
  readonly end: (reply: Reply) => void
  /** The reply when the time has passed. */
  readonly nothing: () => Reply
}

/** The settings of CLIENT TRACKING. */
export interface Tracking {
  /** Whether BCAST is on. */
  readonly broadcast: boolean
  /** The prefixes of PREFIX. */
  readonly prefixes: ReadonlyArray<string>
  /** Whether NOLOOP is on. */
  readonly noLoop: boolean
}
