/**
 * What one sentinel is asked about a group: the commands, in one write, and its
 * answer, checked and with addresses that can be dialled. Whether the answer is
 * believed is not decided here.
 */
import * as Effect from "effect/Effect"
import * as Command from "../../Command.ts"
import { sentinel as commands } from "../../commands/index.ts"
import { Report } from "../../Errors.ts"
import type * as Resp from "../../Resp.ts"
import { argv } from "../commands/args.ts"
import { type ReplicaInstance, replicaOf, sentinelOf } from "../commands/sentinelInstances.ts"
import { monotonicMillis } from "../common/time.ts"
import type { Connection } from "../connection/connection.ts"
import type { DialAddress } from "./natMap.ts"
import type { NodeAliases } from "./nodeAliases.ts"
import { isTooLong } from "./report.ts"
import type { KnownSentinel } from "./sentinelList.ts"
import type { QuestionError } from "./sentinelSessions.ts"
import type { GroupView, ReportedReplica } from "./types.ts"

/** Limits for the answers of a lying sentinel. */
const maxListedSentinels = 64
const maxListedReplicas = 256
const maxIdLength = 64
/** How long a sentinel is asked for no lists after an answer that was too long, in milliseconds. */
const noListsMillis = 60_000

/** Lists are cut before their entries are decoded. */
const firstOf = <A>(max: number, decode: (value: Resp.Value) => A) =>
  Command.custom<ReadonlyArray<A>>((value) => Command.list(value).slice(0, max).map(decode))
const SENTINELS = Command.define({
  words: ["SENTINEL", "SENTINELS"],
  mode: "read",
  decode: firstOf(maxListedSentinels, sentinelOf)
})
const REPLICAS = Command.define({
  words: ["SENTINEL", "REPLICAS"],
  mode: "read",
  decode: firstOf(maxListedReplicas, replicaOf)
})

/**
 * What one sentinel knows of a group, and of the other sentinels.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupAnswer extends GroupView {
  /** Undefined if it was not asked, or denies SENTINEL SENTINELS. */
  readonly peers: ReadonlyArray<{ readonly host: string; readonly port: number }> | undefined
}

/** What to ask for besides the primary. */
export interface GroupQueryParts {
  readonly replicas: boolean
  /** The other sentinels; with `replicas`, the sentinel's own id as well. */
  readonly peers: boolean
}

export interface GroupQueryOptions {
  /** A sentinel that knows fewer others than this is not believed. */
  readonly minOtherSentinels: number
  readonly dialAddress: DialAddress
  readonly nodes: Pick<NodeAliases, "canonical" | "recordRunIds">
  /** Whether a sentinel was not forgotten while it was asked. */
  readonly isKnown: (sentinel: string) => boolean
}

/**
 * Asks for what a sentinel knows of a group.
 *
 * @since 0.1.0
 * @category models
 */
export class GroupQuery {
  private readonly options: GroupQueryOptions
  /** Sentinels whose answer was too long: until when they are asked for no lists, in monotonic milliseconds. */
  private readonly noListsUntil = new Map<string, number>()

  constructor(options: GroupQueryOptions) {
    this.options = options
  }

  /** Asks on a connection to the sentinel. Fails with a `Report` if the answer is no use. */
  ask(
    connection: Connection,
    group: string,
    sentinel: KnownSentinel,
    parts: GroupQueryParts
  ): Effect.Effect<GroupAnswer, QuestionError> {
    return Effect.gen({ self: this }, function*() {
      const { key } = sentinel
      const { dialAddress, isKnown, nodes } = this.options
      const mayAskForLists = (this.noListsUntil.get(key) ?? 0) <= (yield* monotonicMillis)
      const [addr, primary, peers, replicas, id] = yield* Effect.all([
        connection.call(commands.getPrimaryAddrByName(group)),
        Effect.result(connection.call(commands.primary(group))),
        parts.peers && mayAskForLists
          ? Effect.result(connection.call(Command.make(SENTINELS, argv(group))))
          : Effect.undefined,
        parts.replicas && mayAskForLists ? Effect.result(connection.call(askForReplicas(group))) : Effect.undefined,
        parts.replicas && parts.peers ? Effect.result(connection.call(commands.myid())) : Effect.undefined
      ], { concurrency: "unbounded" })
      // A part that is denied is left out. A part that is lost makes the whole answer fail.
      for (const part of [primary, peers, replicas]) {
        if (part?._tag !== "Failure") continue
        if (part.failure._tag === "ReplyError" || part.failure._tag === "UnexpectedReply") continue
        if (isTooLong(part.failure) && isKnown(key)) {
          this.noListsUntil.set(key, (yield* monotonicMillis) + noListsMillis)
        }
        return yield* part.failure
      }
      if (id !== undefined) {
        sentinel.id = id._tag === "Success" && id.success.length <= maxIdLength ? id.success : undefined
      }
      const instance = primary._tag === "Success" ? primary.success : undefined
      const refuse = (kind: Report["kind"], detail: string) => Effect.fail(new Report({ address: key, kind, detail }))
      if (addr === null) return yield* refuse("unknown-group", `it does not know the group "${group}"`)
      const address = dialAddress(addr.host, addr.port)
      if (typeof address === "string") {
        return yield* refuse("bad-answer", `it announces a malformed address: ${address}`)
      }
      const { minOtherSentinels } = this.options
      const others = instance?.otherSentinelCount ?? 0
      if (minOtherSentinels > 0 && others < minOtherSentinels) {
        return yield* refuse("too-few-sentinels", `it knows ${others} other sentinels, fewer than ${minOtherSentinels}`)
      }
      const seen = replicas?._tag === "Success" ? this.seen(replicas.success) : undefined
      if (seen !== undefined) {
        nodes.recordRunIds(`${key} ${group}`, [
          // During a failover, SENTINEL MASTER may describe another node than SENTINEL GET-MASTER-ADDR-BY-NAME names.
          ...(instance !== undefined && instance.host === addr.host && instance.port === addr.port
            ? [{ address, runId: instance.runId }]
            : []),
          ...seen.map(({ address, instance }) => ({ address, runId: instance.runId }))
        ])
      }
      const epoch = instance?.configEpoch ?? 0
      return {
        from: key,
        primary: nodes.canonical(address),
        // A lying sentinel may give a number that is none.
        epoch: Number.isSafeInteger(epoch) && epoch >= 0 ? epoch : 0,
        instance,
        replicas: seen?.map((replica) => ({ ...replica, address: nodes.canonical(replica.address) })),
        peers: peers?._tag === "Success" ? peers.success : undefined
      }
    })
  }

  forget(sentinel: string): void {
    this.noListsUntil.delete(sentinel)
  }

  private seen(replicas: ReadonlyArray<ReplicaInstance>): ReadonlyArray<ReportedReplica> {
    return replicas.flatMap((instance) => {
      const address = this.options.dialAddress(instance.host, instance.port)
      return typeof address === "string" ? [] : [{ address, instance }]
    })
  }
}

/**
 * SENTINEL REPLICAS, of a limited length.
 *
 * @since 0.1.0
 * @category constructors
 */
export const askForReplicas = (group: string) => Command.make(REPLICAS, argv(group))
