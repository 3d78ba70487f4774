/**
 * The replicas that a client may read from: those that the sentinels list, and for
 * a while those that they listed before. Which of them a read goes to is decided
 * in `internal/replicas/`.
 */
import * as Effect from "effect/Effect"
import * as Net from "node:net"
import * as Address from "../../Address.ts"
import type { ReplicaNotFound } from "../../Errors.ts"
import type { SessionOptions } from "../../Options.ts"
import type { Options, Replica } from "../../Topology.ts"
import { openConnection } from "../connection/handshake.ts"
import type { Source } from "../connection/types.ts"
import type { HostAndPort } from "../discovery/events.ts"
import { maxReplicas, mergeReplicas } from "../discovery/replicaLists.ts"
import { surveyReplicas } from "../discovery/surveyReplicas.ts"
import type { Discovery, GroupView } from "../discovery/types.ts"
import type { StateWriter } from "./groupState.ts"
import type { MonitorRuntime } from "./runtime.ts"
import type { ReplicaCandidate } from "./types.ts"

/** How long a replica is kept that no sentinel lists: after SENTINEL RESET it is listed again within ten seconds. */
const keepUnlistedMillis = 60_000
/** How often the replicas that no sentinel lists are asked themselves, at most. */
const recheckMillis = 1000

/**
 * What the table of replicas works with.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplicaTableOptions {
  readonly group: string
  readonly discovery: Discovery
  readonly state: StateWriter<"replicas">
  readonly runtime: MonitorRuntime
  readonly node: SessionOptions
  readonly label: Options["label"]
  /** The address of a place that a server names; undefined where it has none. */
  readonly resolve: (node: HostAndPort) => Address.Address | undefined
  /** A replica no longer belongs to the group. */
  readonly onDropped: (address: Address.Address, why: string) => void
}

/**
 * The replicas of one group.
 *
 * @since 0.1.0
 * @category models
 */
export class ReplicaTable {
  private readonly options: ReplicaTableOptions
  private readonly state: StateWriter<"replicas">
  private readonly runtime: MonitorRuntime
  private readonly table = new Map<string, ReplicaCandidate>()
  /** How many sentinels listed replicas in the last round. */
  private listingSentinels = 0
  private isRechecking = false
  private recheckedAt = -Infinity
  private previousPrimary: Address.Address | undefined = undefined

  constructor(options: ReplicaTableOptions) {
    this.options = options
    this.state = options.state
    this.runtime = options.runtime
  }

  get candidates(): ReadonlyArray<ReplicaCandidate> {
    return Array.from(this.table.values())
  }

  /** Asks the sentinels for the replicas, and adds those that were listed before. */
  readonly locate: Effect.Effect<ReadonlyArray<ReplicaCandidate>, ReplicaNotFound> = Effect.suspend(() =>
    Effect.matchEffect(surveyReplicas(this.options.discovery, this.options.group, this.table.size > 0), {
      onFailure: (error) => this.table.size > 0 ? Effect.succeed(this.candidates) : Effect.fail(error),
      onSuccess: ({ listed }) =>
        Effect.sync(() => {
          const all = new Map(this.table)
          for (const replica of listed) {
            const key = Address.format(replica.address)
            // The next round of questions gives a new replica its label, once.
            all.set(key, { ...replica, label: all.get(key)?.label, listedAt: this.runtime.now() })
          }
          return Array.from(all.values()).filter((replica) => !this.isPrimary(replica.address))
        })
    })
  )

  private isPrimary(address: Address.Address): boolean {
    const { primary } = this.state.current
    return primary !== undefined && Address.equals(address, primary)
  }

  /** Whether most of the sentinels that list replicas list this one. */
  isListedByMost(address: Address.Address): boolean {
    const votes = this.table.get(Address.format(address))?.votes ?? 0
    return votes * 2 > this.listingSentinels
  }

  /**
   * Whether a replica says that it replicates from the group's primary, or from
   * what may be another name of it, and has a link there.
   */
  follows(source: Source): boolean {
    return source.isLinked && !this.followsOtherPrimary(source)
  }

  /** Whether a replica replicates from a node of the group that is not the primary: it has the history from before a move. */
  followsOtherPrimary(source: HostAndPort): boolean {
    const { primary } = this.state.current
    const followed = this.options.resolve(source)
    if (primary === undefined || followed === undefined || Address.equals(followed, primary)) return false
    return this.table.has(Address.format(followed)) ||
      (this.previousPrimary !== undefined && Address.equals(followed, this.previousPrimary))
  }

  /** Whether a replica replicates from a node that is not of this group. */
  private isOfAnotherGroup(source: HostAndPort): boolean {
    const { primary } = this.state.current
    const followed = this.options.resolve(source)
    return primary !== undefined && followed !== undefined && !Address.equals(followed, primary) &&
      !this.table.has(Address.format(followed)) &&
      // A host name may be another name of a node that is known by its IP address.
      Net.isIP(source.host) !== 0 && "host" in primary && Net.isIP(primary.host) !== 0
  }

  /** The primary has moved: it is no longer a replica, and the one before it is known as such. */
  onMoved(previousPrimary: Address.Address | undefined): void {
    this.previousPrimary = previousPrimary
    this.dropOutdated(this.runtime.now())
  }

  /** Takes in the replicas that the sentinels listed in one round. */
  onRound(views: ReadonlyArray<GroupView>): void {
    if (!views.some((view) => view.replicas !== undefined)) return
    this.listingSentinels = views.filter((view) => view.replicas !== undefined && view.replicas.length > 0).length
    const now = this.runtime.now()
    const listed = mergeReplicas(views).filter((replica) => !this.isPrimary(replica.address))
    const replicas = listed
      .map((each): Replica => {
        const { address, flags, isHealthy, isLinkUp, offset, priority } = each
        const replica = { address, flags, isHealthy, isLinkUp, offset, priority }
        return { ...replica, label: this.labelOf(replica) }
      })
      .sort((a, b) => Address.format(a.address) < Address.format(b.address) ? -1 : 1)
    for (const replica of replicas) {
      const { isUp, votes } = listed.find((each) => each.address === replica.address)!
      this.table.set(Address.format(replica.address), { ...replica, isUp, votes, listedAt: now })
    }
    this.dropOutdated(now)
    if (significantPart(replicas) === significantPart(this.state.current.replicas)) this.state.replace({ replicas })
    else this.state.publish({ replicas }, "the replicas changed", views[0]?.from ?? "the client")
    this.recheckUnlisted()
  }

  /** What the user's function `label` returns for a replica; undefined where it throws or returns no string. */
  private labelOf(replica: Omit<Replica, "label">): string | undefined {
    try {
      const label: unknown = this.options.label?.(replica)
      return typeof label === "string" ? label : undefined
    } catch {
      return undefined
    }
  }

  /** Removes the primary, the replicas that have not been listed for long, and the oldest of too many. */
  private dropOutdated(now: number): void {
    const outdated: Array<string> = []
    for (const [key, { address, listedAt }] of this.table) {
      if (this.isPrimary(address)) this.table.delete(key)
      else if (now - listedAt > keepUnlistedMillis) outdated.push(key)
    }
    const excess = this.table.size - outdated.length - maxReplicas
    if (excess > 0) {
      const kept = Array.from(this.table).filter(([key]) => !outdated.includes(key))
      outdated.push(...kept.sort(([, a], [, b]) => a.listedAt - b.listedAt).slice(0, excess).map(([key]) => key))
    }
    for (const key of outdated) this.drop(key, `no sentinel has listed it for ${keepUnlistedMillis / 1000} seconds`)
  }

  private drop(key: string, why: string): void {
    const candidate = this.table.get(key)
    if (candidate === undefined) return
    this.table.delete(key)
    this.options.onDropped(candidate.address, why)
  }

  /** Asks the nodes that no sentinel lists whether they are replicas of this group, and drops those that are not. */
  private recheckUnlisted(): void {
    if (this.isRechecking || this.runtime.now() - this.recheckedAt < recheckMillis) return
    const unlisted = Array.from(this.table).filter(([, { address }]) =>
      !this.state.current.replicas.some((replica) => Address.equals(replica.address, address))
    )
    if (unlisted.length === 0) return
    this.isRechecking = true
    this.recheckedAt = this.runtime.now()
    this.runtime.fork(
      Effect.forEach(
        unlisted,
        ([key, { address }]) =>
          Effect.map(this.otherRoleOf(address), (role) => {
            if (role !== undefined) this.drop(key, `no sentinel lists it, and it says that it is ${role}`)
          }),
        { concurrency: 4, discard: true }
      ).pipe(
        Effect.ensuring(Effect.sync(() => {
          this.isRechecking = false
        }))
      )
    )
  }

  /** Asks a node what it is instead of a replica of this group; undefined if it is one, or does not say. */
  private otherRoleOf(address: Address.Address): Effect.Effect<string | undefined> {
    return Effect.scoped(openConnection(address, this.options.node, "replica")).pipe(
      Effect.map(({ source }) =>
        source !== undefined && this.isOfAnotherGroup(source) ? "a replica of another primary" : undefined
      ),
      Effect.catchTag(
        "RoleMismatch",
        ({ actual }) =>
          Effect.succeed(actual.startsWith("replica") || actual.startsWith("it denies") ? undefined : actual)
      ),
      // A client that reads from a node notices itself that it is unreachable.
      Effect.catch(() => Effect.undefined)
    )
  }
}

/** The part of a list of replicas whose change is published: all but the offsets and the sentinels' flags. */
const significantPart = (replicas: ReadonlyArray<Replica>): string =>
  JSON.stringify(replicas.map((r) => [Address.format(r.address), r.isHealthy, r.isLinkUp, r.priority, r.label]))
