/**
 * Asks sentinels what they say of the group, again and again: whether they monitor it, and which primary they name. The
 * client believes what it has verified; this is what each sentinel says by itself now. It changes nothing.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Address from "../../Address.ts"
import type * as Client from "../../Client.ts"
import * as commands from "../../commands/index.ts"
import type { RedisError } from "../../Errors.ts"
import type { DiscoveryOptions, SessionOptions } from "../../Options.ts"
import { type DialAddress, dialAddressBy } from "../discovery/natMap.ts"
import { briefly, clientOf } from "./nodes.ts"
import { type Said, type SentinelSight, unasked, unsaid } from "./recording.ts"

/** How a sentinel is asked. */
export interface SentinelQuestions {
  readonly group: string
  readonly sentinel: SessionOptions
  readonly natMap?: DiscoveryOptions["natMap"]
  readonly now: () => number
}

/** What a sentinel that answers says of the group. Fails if it does not answer. */
const look = (
  client: Client.PrimaryClient,
  group: string,
  dialAddress: DialAddress
): Effect.Effect<Said, RedisError> =>
  Effect.gen(function*() {
    const [named, described] = yield* client.pipelineResults([
      commands.sentinel.getPrimaryAddrByName(group),
      commands.sentinel.primary(group)
    ])
    if (Result.isFailure(named)) {
      const error = named.failure
      if (error._tag !== "ReplyError" && error._tag !== "UnexpectedReply") return yield* error
      return { ...unsaid, problem: `does not say who the primary is: ${briefly(error)}` }
    }
    if (named.success === null) return { ...unsaid, isMonitoring: false }
    const { host, port } = named.success
    const address = dialAddress(host, port)
    const instance = Result.isSuccess(described) ? described.success : undefined
    // During a failover SENTINEL MASTER may describe another node.
    const isSame = instance !== undefined && instance.host === host && instance.port === port
    return {
      isMonitoring: true,
      names: typeof address === "string" ? undefined : Address.format(address),
      runId: isSame && instance.runId !== "" ? instance.runId : undefined,
      epoch: instance?.configEpoch,
      isFailoverInProgress: instance?.isFailoverInProgress === true,
      problem: typeof address === "string" ? `names a malformed address: ${address}` : undefined
    }
  })

/** The next sight of a sentinel, after one question. */
const asked = (
  client: Client.PrimaryClient,
  before: SentinelSight,
  { group, natMap, now }: SentinelQuestions
): Effect.Effect<SentinelSight> =>
  Effect.gen(function*() {
    const askedAt = now()
    const answer = yield* Effect.result(look(client, group, dialAddressBy(natMap)))
    return Result.isSuccess(answer)
      ? { address: before.address, isReachable: true, askedAt, answeredAt: now(), ...answer.success }
      : { ...before, ...unsaid, isReachable: false, problem: briefly(answer.failure) }
  })

/** What a sentinel says of the group, by one question. */
export const askSentinelOnce = (
  address: Address.Address,
  questions: SentinelQuestions
): Effect.Effect<SentinelSight> =>
  Effect.scoped(Effect.flatMap(
    clientOf(address, questions.sentinel),
    (client) => asked(client, unasked(Address.format(address)), questions)
  ))

/** Asks one sentinel until it is interrupted. */
export const askSentinel = (
  address: Address.Address,
  questions: SentinelQuestions & {
    readonly intervalMillis: number
    readonly onSight: (sight: SentinelSight, at: number) => void
  }
): Effect.Effect<never> =>
  Effect.scoped(Effect.gen(function*() {
    const { intervalMillis, now, onSight } = questions
    const client = yield* clientOf(address, questions.sentinel)
    let sight = unasked(Address.format(address))
    return yield* Effect.forever(Effect.gen(function*() {
      const began = now()
      sight = yield* asked(client, sight, questions)
      const at = now()
      onSight(sight, at)
      yield* Effect.sleep(Duration.millis(Math.max(50, intervalMillis - (at - began))))
    }))
  }))
