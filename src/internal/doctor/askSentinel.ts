/**
 * What a sentinel is asked.
 */
import * as Effect from "effect/Effect"
import * as Address from "../../Address.ts"
import * as Command from "../../Command.ts"
import { sentinel as commands } from "../../commands/index.ts"
import type { SessionOptions } from "../../Options.ts"
import { argv } from "../commands/args.ts"
import { type PrimaryInstance, primaryOf, replicaOf, sentinelOf } from "../commands/sentinelInstances.ts"
import { subscribeOn } from "../connection/pubSub.ts"
import type { EndError } from "../connection/types.ts"
import { eventSubscription } from "../discovery/events.ts"
import { type Asking, askServer, type Times, unasked } from "./asking.ts"
import type { Failure, GroupSeen, Place, SentinelSeen } from "./seen.ts"

/** Limits for the answers of a sentinel that lies. */
const mostSentinels = 64
const mostReplicas = 256
const mostGroups = 1000

const firstOf = <A>(max: number, decode: (value: Parameters<typeof primaryOf>[0]) => A) =>
  Command.custom<ReadonlyArray<A>>((value) => Command.list(value).slice(0, max).map(decode))

const MASTERS = Command.define({
  words: ["SENTINEL", "MASTERS"],
  mode: "read",
  decode: firstOf(mostGroups, (value) => {
    const { host, label, port } = primaryOf(value)
    return { name: label, primary: { host, port } }
  })
})
const SENTINELS = Command.define({
  words: ["SENTINEL", "SENTINELS"],
  mode: "read",
  decode: firstOf(mostSentinels, (value) => {
    const { flags, host, port, runId } = sentinelOf(value)
    return { flags, host, port, id: runId }
  })
})
const REPLICAS = Command.define({
  words: ["SENTINEL", "REPLICAS"],
  mode: "read",
  decode: firstOf(mostReplicas, (value) => {
    const { flags, host, isLinkUp, linkDownMillis, port, priority, runId } = replicaOf(value)
    return { flags, host, isLinkUp, linkDownMillis, port, priority, runId }
  })
})

/** The reply to SENTINEL MASTER, or `unknown` if the sentinel does not monitor the group. */
const masterOf = (asking: Asking, group: string): Effect.Effect<PrimaryInstance | "unknown" | undefined, EndError> => {
  const before = asking.unanswered.length
  return Effect.map(asking.ask(commands.primary(group)), (instance) => {
    if (instance !== undefined) return instance
    const said = asking.unanswered[before]
    if (said === undefined || !/no such master/i.test(said.why)) return undefined
    asking.unanswered.splice(before, 1)
    return "unknown"
  })
}

/** What CKQUORUM refuses; undefined if it does not. */
const noQuorumOf = (asking: Asking, group: string): Effect.Effect<string | undefined, EndError> =>
  Effect.gen(function*() {
    const before = asking.unanswered.length
    yield* asking.ask(commands.ckquorum(group))
    const said = asking.unanswered[before]
    if (said === undefined || !/NOQUORUM/.test(said.why)) return undefined
    asking.unanswered.splice(before, 1)
    return said.why
  })

/** The global parameters that say how the sentinel announces; others may be passwords. */
const patterns = ["*-hostnames", "announce-*"]

type Rest = Pick<SentinelSeen, "id" | "group" | "isGroupUnknown" | "groups" | "config">

const questions = (group: string) => (asking: Asking): Effect.Effect<Rest, EndError> =>
  Effect.gen(function*() {
    const id = yield* asking.ask(commands.myid())
    const master = yield* masterOf(asking, group)
    const groups = yield* asking.ask(Command.make(MASTERS, argv()))
    const config: Record<string, string> = {}
    for (const pattern of patterns) Object.assign(config, yield* asking.ask(commands.configGet(pattern)))
    let seen: GroupSeen | undefined
    if (master !== undefined && master !== "unknown") {
      // The sentinel that leads a failover names the new primary here first.
      const named = yield* asking.ask(commands.getPrimaryAddrByName(group))
      const replicas = yield* asking.ask(Command.make(REPLICAS, argv(group)))
      const peers = yield* asking.ask(Command.make(SENTINELS, argv(group)))
      seen = {
        primary: named ?? { host: master.host, port: master.port },
        primaryRunId: master.runId,
        flags: master.flags,
        epoch: master.configEpoch,
        quorum: master.quorum,
        downAfterMillis: master.downAfterMillis ?? 0,
        failoverTimeoutMillis: master.failoverTimeoutMillis,
        otherSentinels: master.otherSentinelCount,
        peers,
        replicas,
        noQuorum: yield* noQuorumOf(asking, group)
      }
    }
    const { channels, patterns: names } = eventSubscription
    // Each by itself: one may be denied without the other.
    for (const subscription of [{ channels }, { patterns: names }]) {
      yield* Effect.catchTag(subscribeOn(asking.connection, subscription), "ReplyError", (error) =>
        Effect.sync(() => {
          if (error.code !== "NOPERM") asking.unanswered.push({ what: error.command, why: error.detail })
          else asking.denied.add(/channel/.test(error.detail) ? "channels" : error.command.toLowerCase())
        }))
    }
    return { id, group: seen, isGroupUnknown: master === "unknown", groups: groups ?? [], config }
  })

/** A sentinel of which nothing is known but why. */
export const unaskedSentinel = (
  address: string,
  failure: Failure,
  where: Pick<SentinelSeen, "announced" | "isGiven" | "listedBy">
): SentinelSeen => ({
  ...unasked(address, failure),
  ...where,
  id: undefined,
  group: undefined,
  isGroupUnknown: false,
  groups: [],
  config: {}
})

/** Asks a sentinel all that there is to ask. */
export const askSentinel = (
  address: Address.Address,
  group: string,
  options: SessionOptions,
  times: Times,
  where: { readonly announced: Place | undefined; readonly isGiven: boolean; readonly listedBy: ReadonlyArray<string> }
): Effect.Effect<SentinelSeen> =>
  Effect.map(
    askServer(address, options, times, questions(group)),
    ({ rest, server }) => {
      const failure = server.failure ?? { kind: "lost", detail: "", code: "" }
      return rest === undefined
        ? { ...unaskedSentinel(server.address, failure, where), certificate: server.certificate }
        : { ...server, ...rest, ...where }
    }
  )
