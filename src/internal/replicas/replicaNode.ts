/**
 * One replica that a router reads from: its executor, and what is known of its role
 * and lag. Whether a read goes there, the router decides.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Address from "../../Address.ts"
import { type Role, role } from "../../commands/server.ts"
import type { Candidate, MaxLag } from "../../Options.ts"
import { infoFields } from "../commands/info.ts"
import type { DeadlineTimer } from "../common/deadlineTimer.ts"
import type { Connection } from "../connection/connection.ts"
import type { Source } from "../connection/types.ts"
import type { Executor } from "../execution/executor.ts"
import type { OffsetHistory } from "./selection.ts"

/** A new measurement counts for this much of the smoothed latency. */
const newestWeight = 0.3

/** What the measurements of all replicas of a group share. */
export interface Measuring {
  readonly timer: DeadlineTimer
  readonly history: OffsetHistory
  readonly maxLag: MaxLag | undefined
  /** Whether a replica with this primary follows the group's primary. */
  readonly follows: (source: Source) => boolean
}

/** A replica with an open connection, as a candidate for a read. */
export interface OpenReplica extends Candidate {
  readonly node: ReplicaNode
  readonly connection: Connection
}

export class ReplicaNode {
  readonly address: Address.Address
  readonly executor: Executor
  label: string | undefined
  priority: number
  /** Whether most sentinels think that it is down: others are preferred. */
  isDown: boolean
  /** Whether it has its data from the group's primary, as far as is known. A new node is asked first. */
  follows = false
  /** Until when other replicas are preferred, in milliseconds of monotonic time. */
  coolDownUntil = 0
  latencyMillis: number | undefined = undefined
  offset: number | undefined = undefined
  lagBytes: number | undefined = undefined
  lagMillis: number | undefined = undefined
  private readonly measuring: Measuring

  constructor(
    address: Address.Address,
    executor: Executor,
    { isUp, label, priority }: {
      readonly isUp: boolean
      readonly label: string | undefined
      readonly priority: number
    },
    measuring: Measuring
  ) {
    this.address = address
    this.executor = executor
    this.isDown = !isUp
    this.label = label
    this.priority = priority
    this.measuring = measuring
  }

  candidate(connection: Connection): OpenReplica {
    const { address, label, lagBytes, lagMillis, latencyMillis, offset, priority } = this
    return { node: this, connection, address, label, priority, latencyMillis, offset, lagBytes, lagMillis }
  }

  /** Asks the replica, on one of its connections, for its primary and its offset. */
  measure(connection: Connection): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      const began = yield* Clock.monotonicTimeNanos
      const answer = yield* connection.call(role())
      this.onRole(answer, Number((yield* Clock.monotonicTimeNanos) - began) / 1e6)
    }).pipe(
      Effect.catchTag("ReplyError", () => this.measureByInfo(connection)),
      Effect.timeout("1 second"),
      Effect.catch(() => Effect.sync(() => this.forgetLag()))
    )
  }

  private onRole(answer: Role, millis: number): void {
    if (answer.role !== "replica") return this.forgetLag()
    const { history, maxLag, timer } = this.measuring
    const isLinked = answer.link === "connected"
    this.onSource({ ...answer.primary, isLinked, hasData: true })
    this.latencyMillis = this.latencyMillis === undefined
      ? millis
      : this.latencyMillis * (1 - newestWeight) + millis * newestWeight
    // Without a link ROLE has no offset: the replica still has what it had.
    if (answer.offset >= 0) this.offset = answer.offset
    const { offset } = this
    const primary = history.last
    this.lagBytes = primary === undefined || offset === undefined ? undefined : Math.max(0, primary - offset)
    this.lagMillis = offset === undefined ? undefined : history.lagMillis(offset, timer.now())
    // A replica without a link to its primary does not know how far behind it is.
    if (!isLinked && maxLag?.time !== undefined) this.lagMillis = undefined
  }

  /** Where the user may not run ROLE. */
  private measureByInfo(connection: Connection): Effect.Effect<void> {
    this.forgetLag()
    return connection.call(infoFields("replication")).pipe(
      Effect.match({
        // Nothing contradicts that it follows.
        onFailure: () => void (this.follows = true),
        onSuccess: (fields) =>
          this.onSource({
            host: fields["master_host"] ?? "",
            port: Number(fields["master_port"]),
            isLinked: fields["master_link_status"] !== "down",
            hasData: true
          })
      })
    )
  }

  private onSource(source: Source): void {
    if (!this.follows && this.measuring.follows(source)) this.follows = true
  }

  private forgetLag(): void {
    this.lagBytes = undefined
    this.lagMillis = undefined
  }
}
