/**
 * What is seen of a deployment before it is judged: pure data, from gather.ts or from a test. Types only.
 */
import type * as Redacted from "effect/Redacted"

/** A host and a port, as a server gives them. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** Why a server could not be asked. */
export interface Failure {
  /** The phase of `ConnectFailed`, or what kind of error it was. */
  readonly kind:
    | "resolve"
    | "dial"
    | "tls"
    | "handshake"
    | "refused"
    | "auth-required"
    | "auth-failed"
    | "malformed-address"
    | "lost"
    | "no-time"
  /** Without secrets. */
  readonly detail: string
  /** The code of the cause, such as CERT_HAS_EXPIRED; empty if it has none. */
  readonly code: string
}

/** The certificate of a server. */
export interface Certificate {
  /** The last moment at which it is valid, in milliseconds since 1970. */
  readonly validToMillis: number
  readonly names: string
}

/** What every server says. */
export interface ServerSeen {
  /** Its address, as it was dialled, or as it would have been. */
  readonly address: string
  /** Undefined if it could be asked. */
  readonly failure: Failure | undefined
  /** The user that the examination logged in as; undefined if the server does not say. */
  readonly user: string | undefined
  /** The commands that were denied, with what the rule that allows them is called, such as `config|get`. */
  readonly denied: ReadonlyArray<string>
  /** What else could not be asked, and why. */
  readonly unanswered: ReadonlyArray<{ readonly what: string; readonly why: string }>
  /** The fields of INFO; empty if it was denied. */
  readonly info: Readonly<Record<string, string>>
  /** How far its clock is ahead of this machine's, in milliseconds, and how wrong that may be; undefined if unknown. */
  readonly clock: { readonly aheadMillis: number; readonly errorMillis: number } | undefined
  readonly certificate: Certificate | undefined
}

/** Another sentinel, as a sentinel lists it. */
export interface PeerSeen extends Place {
  readonly id: string
  readonly flags: ReadonlySet<string>
}

/** A replica, as a sentinel lists it. */
export interface ListedReplica extends Place {
  readonly runId: string
  readonly flags: ReadonlySet<string>
  readonly priority: number
  readonly isLinkUp: boolean
  readonly linkDownMillis: number
}

/** A group, as a sentinel knows it. */
export interface GroupSeen {
  readonly primary: Place
  readonly primaryRunId: string
  readonly flags: ReadonlySet<string>
  readonly epoch: number
  readonly quorum: number
  readonly downAfterMillis: number
  readonly failoverTimeoutMillis: number
  /** As the sentinel counts them. */
  readonly otherSentinels: number
  /** Undefined if it was not told. */
  readonly peers: ReadonlyArray<PeerSeen> | undefined
  readonly replicas: ReadonlyArray<ListedReplica> | undefined
  /** What CKQUORUM refused with; undefined if it did not. */
  readonly noQuorum: string | undefined
}

/** A sentinel. */
export interface SentinelSeen extends ServerSeen {
  /** Whether the caller gave its address; otherwise other sentinels list it. */
  readonly isGiven: boolean
  /** The host and port behind `address`, before `natMap`; undefined for a Unix socket. */
  readonly announced: Place | undefined
  /** The sentinels that list it, by address. */
  readonly listedBy: ReadonlyArray<string>
  readonly id: string | undefined
  /** Undefined if it does not monitor the group, or did not say. */
  readonly group: GroupSeen | undefined
  /** Whether it said that it does not monitor the group. */
  readonly isGroupUnknown: boolean
  /** All groups that it monitors, by name. */
  readonly groups: ReadonlyArray<{ readonly name: string; readonly primary: Place }>
  /** Its global parameters, without passwords. */
  readonly config: Readonly<Record<string, string>>
}

/** A replica, as its primary lists it. */
export interface FollowerSeen extends Place {
  readonly state: string
  readonly offset: number
  /** Seconds since it last reported. */
  readonly lagSeconds: number
}

/** What a user of a node may not do, of what it is for. */
export interface UserSeen {
  readonly user: string
  readonly denied: ReadonlyArray<string>
}

/** A node. */
export interface NodeSeen extends ServerSeen {
  readonly announced: Place
  /** The sentinels that name it as the primary, by address. */
  readonly namedBy: ReadonlyArray<string>
  /** The sentinels that list it as a replica, by address. */
  readonly listedBy: ReadonlyArray<string>
  /** What the sentinels say of it, the flags of all of them. */
  readonly isSeenUp: boolean
  /** From ROLE or INFO; undefined if both were denied. */
  readonly role: "primary" | "replica" | undefined
  readonly followers: ReadonlyArray<FollowerSeen>
  /** Of a replica. */
  readonly follows: { readonly host: string; readonly port: number; readonly isLinkUp: boolean } | undefined
  /** Parameters of CONFIG GET, without passwords; empty if it was denied. */
  readonly config: Readonly<Record<string, string>>
  /** Undefined if CONFIG GET was denied; empty if none is set. It leaves this data in no text. */
  readonly masterauth: Redacted.Redacted | undefined
  readonly requirepass: Redacted.Redacted | undefined
  /** Users of sentinels and of replicas, with what they lack. */
  readonly sentinelUsers: ReadonlyArray<UserSeen>
  readonly replicationUsers: ReadonlyArray<UserSeen>
  /** Commands that a failover needs and the node does not have. */
  readonly missingCommands: ReadonlyArray<string>
}

/** A deployment. */
export interface Seen {
  readonly group: string
  readonly sentinels: ReadonlyArray<SentinelSeen>
  readonly nodes: ReadonlyArray<NodeSeen>
  /** Whether the examination logged in to the nodes with a password. */
  readonly hasNodePassword: boolean
  /** When it was seen, in milliseconds since 1970. */
  readonly atMillis: number
}
