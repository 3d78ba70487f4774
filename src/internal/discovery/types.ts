/**
 * What discovery offers to the rooms above, and what sentinels answer. Types only.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Address from "../../Address.ts"
import type * as Command from "../../Command.ts"
import type { PrimaryInstance, ReplicaInstance } from "../../commands/sentinel.ts"
import type {
  PrimaryNotFound,
  ReplicaNotFound,
  ReplyError,
  SentinelsUnreachable,
  UnexpectedReply
} from "../../Errors.ts"
import type { Belief } from "./belief.ts"

/**
 * A node, or the nodes, that a sentinel has named.
 *
 * @since 0.1.0
 * @category models
 */
export interface Located<A> {
  readonly value: A
  /** The source that named it: a sentinel, or what errors call it. */
  readonly from: string
  /** The configuration epoch of the group; 0 if it is not known. */
  readonly epoch: number
}

/**
 * A replica as a sentinel reports it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReportedReplica {
  /** The address to dial. */
  readonly address: Address.Address
  readonly instance: ReplicaInstance
}

/**
 * What one sentinel knows of a group.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupView {
  /** The sentinel. */
  readonly from: string
  readonly primary: Address.Address
  /** The configuration epoch. */
  readonly epoch: number
  /** What it reports of the primary. Undefined if it denies SENTINEL MASTER. */
  readonly instance: PrimaryInstance | undefined
  /** Undefined if it denies SENTINEL REPLICAS. */
  readonly replicas: ReadonlyArray<ReportedReplica> | undefined
}

/**
 * A listener to what happens to the sentinels. Sentinels are given by their
 * formatted addresses.
 *
 * @since 0.1.0
 * @category models
 */
export interface SentinelListener {
  /** A sentinel published an event. */
  readonly onEvent: (from: string, channel: string, payload: string) => void
  /** A sentinel became reachable or unreachable. What it published while it was unreachable is lost. */
  readonly onReachability: (from: string, isReachable: boolean) => void
  /** A sentinel no longer exists. */
  readonly onForgotten: (from: string) => void
  /** A node has another canonical address from now on. */
  readonly onRenamed: (from: string, to: Address.Address) => void
  /** A sentinel allows or denies a subscription, unlike before. */
  readonly onSubscription?: ((from: string) => void) | undefined
  /** The distance of a sentinel changed. */
  readonly onDistance?: (() => void) | undefined
}

/**
 * Where the nodes of groups are: by sentinels, or by given addresses. Sentinels are
 * given by their formatted addresses; nodes in sets are too.
 *
 * @since 0.1.0
 * @category models
 */
export interface Discovery {
  /** The group's primary, by the first answer that is believed. */
  readonly locatePrimary: (group: string) => Effect.Effect<Located<Address.Address>, PrimaryNotFound>
  /**
   * The group's primary that is at none of these addresses, by the answers of all
   * sentinels: nodes in `wrongRole` have said that they are no primary. Undefined if
   * the sentinels name no other that may be followed.
   */
  readonly locateElsewhere: (
    group: string,
    wrongRole: ReadonlySet<string>,
    unreachable: ReadonlySet<string>
  ) => Effect.Effect<Located<Address.Address> | undefined>
  /** The group's replicas without those that are down or disconnected, by the first answer. */
  readonly locateReplicas: (group: string) => Effect.Effect<Located<ReadonlyArray<Address.Address>>, ReplicaNotFound>
  /** Asks every sentinel at once. Calls `onView` with each answer. */
  readonly survey: (group: string, onView: (view: GroupView) => void) => Effect.Effect<void>
  /** What one sentinel knows of a group; undefined if it does not answer. */
  readonly askOne: (group: string, sentinel: string) => Effect.Effect<GroupView | undefined>
  /** The answer of the first sentinel that answers a command. */
  readonly ask: <A>(
    command: Command.Command<A, "read", any>
  ) => Effect.Effect<A, SentinelsUnreachable | ReplyError | UnexpectedReply>

  /** What is believed of a group. */
  readonly belief: (group: string) => Belief
  /** A node has said that it is the group's primary. It is followed, unless a newer one is. */
  readonly onPrimaryVerified: (group: string, address: Address.Address, epoch: number, from: string) => void
  /** A node that was named as the group's primary has said that it is none. */
  readonly onWrongRole: (group: string, address: Address.Address) => void

  /** The canonical address of a node that a sentinel announces, or why it cannot be dialled, in words. */
  readonly resolveAnnounced: (host: string, port: number) => Address.Address | string
  /** The address that stands for a node. */
  readonly canonical: (address: Address.Address) => Address.Address
  /** An address cannot be dialled: its node may have another one. */
  readonly onUndialable: (address: Address.Address) => void
  /** A connection to an address reached this endpoint. */
  readonly onConnected: (address: Address.Address, endpoint: string | undefined) => void

  /** Listens to the sentinels until the Scope closes. Subscriptions are kept while there is a listener. */
  readonly listen: (listener: SentinelListener) => Effect.Effect<void, never, Scope.Scope>
  /** All known sentinels, the one that answered last in front. */
  readonly sentinels: () => ReadonlyArray<Address.Address>
  /** The sentinels that exist as far as is known, each once. */
  readonly confirmedSentinels: () => ReadonlyArray<Address.Address>
  /** Whether some sentinels are about to be forgotten. */
  readonly hasMissingSentinels: () => boolean
  /** Whether a sentinel can be reached. Undefined during the first try. */
  readonly isReachable: (sentinel: string) => boolean | undefined
  /** Whether its events arrive; false if it denies the subscription. Undefined while it is not known. */
  readonly isSubscribed: (sentinel: string) => boolean | undefined
  /** How old the word of a reachable sentinel is at most when it arrives, in milliseconds; 0 if it is not known. */
  readonly distanceMillis: (sentinel: string) => number
  /**
   * Until when a sentinel's first answer may be on its way, in monotonic
   * milliseconds: the longer its dial took, the later. -Infinity if no dial succeeded.
   */
  readonly firstAnswerBy: (sentinel: string) => number
  /** Asks this sentinel first from now on. */
  readonly askFirst: (sentinel: string) => void
  /** Lets the next questions dial sentinels that could not be dialled just now. */
  readonly dialAnew: () => void
  /** How long a sentinel is waited for while others have answered. */
  readonly headStartMillis: number
  /** The limit for one question to one sentinel. */
  readonly timeoutMillis: number
}
