/**
 * What sentinels say and who listens to them. Types only.
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

// -----------------------------------------------------------------------------
// Sources of addresses
// -----------------------------------------------------------------------------

/**
 * What one round of questions gave.
 *
 * @since 0.1.0
 * @category models
 */
export interface Located<A> {
  readonly value: A
  /** Who said so. */
  readonly from: string
  /** The configuration epoch that it is of; 0 where it is not known. */
  readonly epoch: number
}

/**
 * A replica as a sentinel sees it, with the address at which it can be dialled.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReportedReplica {
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
  readonly epoch: number
  /** What it says of the primary; undefined where it denies SENTINEL MASTER. */
  readonly instance: PrimaryInstance | undefined
  /** Undefined where it denies SENTINEL REPLICAS. */
  readonly replicas: ReadonlyArray<ReportedReplica> | undefined
}

/**
 * Who hears what the sentinels publish.
 *
 * @since 0.1.0
 * @category models
 */
export interface SentinelListener {
  /** A sentinel published something. */
  readonly onEvent: (from: string, channel: string, payload: string) => void
  /** A subscription to a sentinel began, or ended: what it published in between is lost. */
  readonly onReachability: (from: string, reachable: boolean) => void
  /** A sentinel is no more. */
  readonly onForgotten: (from: string) => void
  /** Another spelling stands for a node from now on. */
  readonly onRenamed: (from: string, to: Address.Address) => void
  /** Whether its events may be heard has changed. */
  readonly onSubscription?: ((from: string) => void) | undefined
  /** How far away it is has changed. */
  readonly onDistance?: (() => void) | undefined
}

/**
 * Where the addresses of groups come from: sentinels, or a fixed list.
 *
 * @since 0.1.0
 * @category models
 */
export interface Discovery {
  /** The group's primary, by the first good answer. */
  readonly locatePrimary: (group: string) => Effect.Effect<Located<Address.Address>, PrimaryNotFound>
  /** A primary was verified: it is the one to compare with, unless a newer one is known. */
  readonly onPrimaryVerified: (group: string, address: Address.Address, epoch: number, from: string) => void
  /** A primary that it gave is none, or cannot be reached. */
  readonly onWrongRole: (group: string, address: Address.Address) => void
  /** One that it gave cannot be dialled. */
  readonly onUndialable: (address: Address.Address) => void
  /** A connection to an address went to that place. */
  readonly onConnected: (address: Address.Address, remote: string | undefined) => void
  /**
   * Asks every sentinel where the primary is if it is at none of these: those
   * that are `disowned` have said that they are no primary. Undefined if they
   * know no other that may be followed.
   */
  readonly locateElsewhere: (
    group: string,
    disowned: ReadonlySet<string>,
    unreachable: ReadonlySet<string>
  ) => Effect.Effect<Located<Address.Address> | undefined>
  /** What is to be believed of a group. @internal */
  readonly belief: (group: string) => Belief
  /** The group's replicas, those that are down or disconnected left out. */
  readonly locateReplicas: (group: string) => Effect.Effect<Located<ReadonlyArray<Address.Address>>, ReplicaNotFound>
  /** Asks every sentinel at once, and tells of each answer as it comes. */
  readonly survey: (group: string, onView: (view: GroupView) => void) => Effect.Effect<void>
  /** What could not be dialled just now is dialled by the next question: somebody asks who has to know. */
  readonly dialAnew: () => void
  /** Hears what the sentinels publish, until the Scope closes. Subscriptions last as long as anybody listens. */
  readonly listen: (listener: SentinelListener) => Effect.Effect<void, never, Scope.Scope>
  /** The sentinels known so far, the one that answered last in front. */
  readonly sentinels: () => ReadonlyArray<Address.Address>
  /** Those of them that exist as far as anybody can tell, each once. */
  readonly confirmedSentinels: () => ReadonlyArray<Address.Address>
  /** Whether some of them are about to be forgotten. */
  readonly hasMissingSentinels: () => boolean
  /** Whether a sentinel's subscription stands; undefined as long as the first try is under way. */
  readonly isReachable: (sentinel: string) => boolean | undefined
  /** Whether what it publishes is heard; false if it does not allow that, undefined as long as that is not known. */
  readonly isSubscribed: (sentinel: string) => boolean | undefined
  /** How old the word of a sentinel that stands is at most when it is heard, in milliseconds; 0 if not known. */
  readonly distanceMillis: (sentinel: string) => number
  /** What one sentinel knows of a group now; undefined if it does not answer. */
  readonly askOne: (group: string, sentinel: string) => Effect.Effect<GroupView | undefined>
  /**
   * Until when a sentinel's first answer may be on its way, in milliseconds of
   * monotonic time: the longer its last dial took, the later. -Infinity for one
   * that has accepted none.
   */
  readonly firstAnswerBy: (sentinel: string) => number
  /** How long a sentinel is waited for while others have answered, in milliseconds. */
  readonly headStartMillis: number
  /** For one question to one sentinel, in milliseconds. */
  readonly timeoutMillis: number
  /**
   * An address that a sentinel announces as one that can be dialled, in the one
   * spelling that stands for its node, or what is wrong with it in words.
   */
  readonly resolveAnnounced: (host: string, port: number) => Address.Address | string
  /** The spelling that stands for a node. */
  readonly canonical: (address: Address.Address) => Address.Address
  /** Asks that sentinel first from now on. */
  readonly askFirst: (sentinel: string) => void
  readonly ask: <A>(
    command: Command.Command<A, "read", any>
  ) => Effect.Effect<A, SentinelsUnreachable | ReplyError | UnexpectedReply>
}
