/**
 * A planned failover: what it would do, the one request for it, and what came of it, by a probe that writes through it.
 * How it is asked for and shown is elsewhere.
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import * as commands from "../../commands/index.ts"
import type { InvalidOption, RedisError } from "../../Errors.ts"
import type { DiscoveryOptions, NodeOptions, SessionOptions } from "../../Options.ts"
import * as RedisClient from "../../RedisClient.ts"
import type * as Sentinel from "../../Sentinel.ts"
import type { Replica, State } from "../../Topology.ts"
import { briefly } from "./nodes.ts"
import { observe, until } from "./observe.ts"
import { makeProbe, ownKey, type ProbeRefused, type ReadBack } from "./probe.ts"
import { readinessOf } from "./readiness.ts"
import type { FenceSpan, PauseSpan, Recording } from "./recording.ts"
import { askSentinelOnce } from "./sentinels.ts"
import { recordingTime } from "./time.ts"

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * The failover was not started. `kind` is the code of the sentinel's answer where there is one that is known.
 *
 * - `NOT-READY`: it was not asked for, since a replica that could be promoted lacks what the primary has
 * - `NO-PRIMARY`, `NO-SENTINEL`: it was not asked for, since no primary is known, or no sentinel answers
 * - `UNREACHABLE`: the sentinel could not be asked
 */
export class FailoverRefused extends Data.TaggedError("FailoverRefused")<{
  readonly kind:
    | "NOGOODSLAVE"
    | "NOGOODPRIMARY"
    | "INPROG"
    | "UNKNOWN-GROUP"
    | "NOPERM"
    | "NOT-READY"
    | "NO-PRIMARY"
    | "NO-SENTINEL"
    | "UNREACHABLE"
    | "OTHER"
  /** The sentinel that was asked; undefined if none was. */
  readonly sentinel: string | undefined
  readonly detail: string
  readonly advice: string
}> {
  override get message(): string {
    return `No failover was started: ${this.detail}. ${this.advice}`
  }
}

const advices: Readonly<Record<FailoverRefused["kind"], string>> = {
  NOGOODSLAVE:
    "A replica can be promoted if the sentinels reach it, its link to the primary is up, its replica-priority is not 0, and it answered within the last seconds.",
  NOGOODPRIMARY: "Only a Valkey 9 primary that is reachable hands over by itself: try without --coordinated.",
  INPROG: "Wait until the failover that is in progress has ended, and look at it with `watch`.",
  "UNKNOWN-GROUP": "Check --group: SENTINEL MASTERS lists the groups that a sentinel monitors.",
  NOPERM: "The user on the sentinels needs +sentinel|failover.",
  "NOT-READY":
    "What the promoted replica does not have is lost. Wait until each replica has its link and keeps up, which `watch` shows, or repair it, or keep it from being promoted with replica-priority 0. --accept-loss goes on all the same.",
  "NO-PRIMARY": "A planned failover needs a primary that answers. The doctor says what is wrong.",
  "NO-SENTINEL": "Check --sentinels, and the user and password for the sentinels.",
  UNREACHABLE: "Check the sentinel, and the user and password for it.",
  OTHER: "The sentinel's answer says why."
}

const refusal = (kind: FailoverRefused["kind"], sentinel: string | undefined, detail: string): FailoverRefused =>
  new FailoverRefused({ kind, sentinel, detail, advice: advices[kind] })

const refusalOf = (sentinel: string | undefined, error: RedisError): FailoverRefused => {
  if (error._tag !== "ReplyError") return refusal("UNREACHABLE", sentinel, error.message)
  const { code, detail } = error
  const kind = code === "NOGOODSLAVE" || code === "NOGOODPRIMARY" || code === "INPROG" || code === "NOPERM"
    ? code
    : /no such master/i.test(detail)
    ? "UNKNOWN-GROUP"
    : "OTHER"
  return refusal(
    kind,
    sentinel,
    `${sentinel === undefined ? "a sentinel" : `the sentinel ${sentinel}`} answers "${detail}"`
  )
}

// -----------------------------------------------------------------------------
// What would happen
// -----------------------------------------------------------------------------

/** A replica that could be promoted, or why it cannot. */
export interface PromotionCandidate {
  readonly address: string
  readonly priority: number
  readonly offset: number
  /** Why the sentinels will not take it, as far as is known. */
  readonly whyNot: string | undefined
  /** Why its promotion would lose writes, by its own word. */
  readonly notReady: string | undefined
}

/** How a plan is made: the sessions, and whether the primary hands over by itself. */
export type PlanOptions = Pick<FailoverOptions, "coordinated" | "node" | "sentinel" | "natMap">

/** What a failover would do. */
export interface FailoverPlan {
  readonly group: string
  readonly primary: string
  readonly epoch: number
  /** The one that the sentinels prefer is the first. */
  readonly candidates: ReadonlyArray<PromotionCandidate>
  /** The sentinel that is going to be asked. */
  readonly sentinel: Address.Address
  /** How many answer and monitor the group. */
  readonly monitoringSentinels: number
  readonly knownSentinels: number
}

const downFlags = ["s_down", "o_down", "disconnected"]

/**
 * Whether a sentinel may promote it: one that is not down, of a priority other than 0. Sentinels also promote a replica
 * that has lost its link a while ago.
 */
const isEligible = ({ flags, isHealthy, isLinkUp, priority }: Replica): boolean =>
  priority !== 0 && (isHealthy || (!isLinkUp && !downFlags.some((flag) => flags.has(flag))))

/** Why the promotion of each replica that a sentinel may promote would lose writes, by its address. */
const unready = (state: State, primary: Address.Address, { coordinated, node }: PlanOptions) =>
  Effect.map(
    Effect.suspend(() => {
      const eligible = state.replicas.filter(isEligible).map(({ address }) => address)
      return Effect.map(
        // A primary that hands over by itself waits for the replica.
        coordinated ? Effect.succeed([]) : readinessOf(primary, eligible, node),
        (reasons) => reasons.map((why, i) => [Address.format(eligible[i]!), why] as const)
      )
    }),
    (reasons) => new Map(reasons.flatMap(([name, why]) => why === undefined ? [] : [[name, why] as const]))
  )

/** A refusal where a replica that may be promoted is not ready, unless a loss is accepted. */
const refusalOfUnready = (
  reasons: Iterable<readonly [name: string, why: string]>,
  acceptLoss: boolean
): Effect.Effect<void, FailoverRefused> => {
  const texts = Array.from(reasons, ([name, why]) => `${name}: ${why}`)
  return texts.length === 0 || acceptLoss
    ? Effect.void
    : Effect.fail(refusal("NOT-READY", undefined, `a replica is not ready (${texts.join("; ")})`))
}

/** Fails where a plan could lose writes, unless a loss is accepted. */
export const refuseLoss = (plan: FailoverPlan, acceptLoss: boolean): Effect.Effect<void, FailoverRefused> =>
  refusalOfUnready(
    plan.candidates.flatMap(({ address, notReady }) => notReady === undefined ? [] : [[address, notReady] as const]),
    acceptLoss
  )

/** The order in which sentinels prefer replicas: by priority, then by offset, then by run id, which is not known here. */
const candidatesOf = (
  state: State,
  notReady: ReadonlyMap<string, string>
): ReadonlyArray<PromotionCandidate> =>
  state.replicas.map((replica): PromotionCandidate => ({
    address: Address.format(replica.address),
    priority: replica.priority,
    offset: replica.offset,
    whyNot: replica.priority === 0
      ? "its replica-priority is 0"
      : !replica.isLinkUp
      ? "it has no link to the primary"
      : !replica.isHealthy
      ? "the sentinels do not reach it"
      : undefined,
    notReady: notReady.get(Address.format(replica.address))
  })).sort((a, b) =>
    Number(a.whyNot !== undefined) - Number(b.whyNot !== undefined) || a.priority - b.priority || b.offset - a.offset
  )

/** What a planned failover would do now. Fails where it cannot be asked for; it asks for nothing itself. */
export const planFailover = (
  sentinel: Sentinel.Service,
  group: string,
  options: PlanOptions
): Effect.Effect<FailoverPlan, FailoverRefused | InvalidOption, Scope.Scope> =>
  Effect.gen(function*() {
    const topology = yield* sentinel.topology(group)
    const state = yield* topology.current
    const { now } = yield* recordingTime
    const questions = { group, sentinel: options.sentinel, natMap: options.natMap, now }
    const sights = yield* Effect.forEach(
      state.sentinels,
      ({ address }) => Effect.map(askSentinelOnce(address, questions), (sight) => ({ ...sight, at: address })),
      { concurrency: "unbounded" }
    )
    const monitoring = sights.filter(({ isMonitoring }) => isMonitoring === true)
    const instance = yield* Effect.result(sentinel.ask(commands.sentinel.primary(group)))
    // One that has dropped the group does not speak for the others.
    if (Result.isFailure(instance) && monitoring.length === 0) {
      const error = instance.failure
      return yield* error._tag === "ReplyError"
        ? refusalOf(undefined, error)
        : refusal("NO-SENTINEL", undefined, error.message)
    }
    if (state.primary === undefined) {
      return yield* refusal("NO-PRIMARY", undefined, `no node of "${group}" says that it is the primary`)
    }
    const primary = Address.format(state.primary)
    const agreeing = monitoring.filter(({ names }) => names === primary)
    const newest = (agreeing.length > 0 ? agreeing : monitoring).toSorted((a, b) => (b.epoch ?? -1) - (a.epoch ?? -1))
    const asked = newest[0]?.at ?? (yield* sentinel.sentinels)[0]
    if (asked === undefined) return yield* refusal("NO-SENTINEL", undefined, "no sentinel is known")
    const isInProgress = sights.some(({ isFailoverInProgress }) => isFailoverInProgress) ||
      (Result.isSuccess(instance) && instance.success.isFailoverInProgress)
    if (state.fence !== undefined || isInProgress) {
      return yield* refusal("INPROG", undefined, "a failover of the group is in progress")
    }
    return {
      group,
      primary,
      epoch: state.epoch,
      candidates: candidatesOf(state, yield* unready(state, state.primary, options)),
      sentinel: asked,
      monitoringSentinels: monitoring.length,
      knownSentinels: state.sentinels.length
    }
  })

// -----------------------------------------------------------------------------
// What came of it
// -----------------------------------------------------------------------------

/** What came of a failover. Times are milliseconds since the Unix epoch. */
export interface FailoverReport {
  readonly plan: FailoverPlan
  readonly askedAt: number
  /** `unknown`: the request was sent, and its answer never came. */
  readonly request: "accepted" | "unknown"
  /** The new primary in the end; undefined if the group did not move in time. */
  readonly movedTo: string | undefined
  /** When the group moved first. */
  readonly movedAt: number | undefined
  /** How often the group moved: another failover may have followed. */
  readonly moveCount: number
  readonly epoch: number
  readonly fences: ReadonlyArray<FenceSpan>
  /** The first write that was acknowledged after the group had moved. */
  readonly firstWriteAt: number | undefined
  /** The longest time without an acknowledged write from the request on. */
  readonly pause: PauseSpan
  readonly written: { readonly acknowledged: number; readonly failed: number; readonly ambiguous: number }
  /** What was read back from the new primary; undefined where it could not be read, with the reason. */
  readonly readBack: ReadBack | undefined
  readonly readBackProblem: string | undefined
  /** Whether the old primary had become a replica when this ended; undefined if it could not be asked. */
  readonly oldIsReplica: boolean | undefined
  readonly key: string
}

/** What a report means for those who ask: `lost` counts acknowledged writes only. */
export const verdictOf = (report: FailoverReport): "moved" | "lost" | "unverified" | "not-moved" =>
  report.movedTo === undefined
    ? "not-moved"
    : report.readBack === undefined
    ? "unverified"
    : report.readBack.missing.length > 0
    ? "lost"
    : "moved"

export interface FailoverOptions {
  readonly group: string
  /** The sessions with nodes, and with sentinels. */
  readonly node: NodeOptions
  readonly sentinel: SessionOptions
  readonly natMap?: DiscoveryOptions["natMap"]
  /** The key of the probe. Default: one that no other probe has. */
  readonly key: string | undefined
  /** How long the probe rests between two writes. */
  readonly everyMillis: number
  /** How long the group may take to move. */
  readonly timeoutMillis: number
  /** Whether the primary hands over by itself (Valkey 9). */
  readonly coordinated: boolean
  /** Whether to go on though a replica that may be promoted lacks what the primary has. */
  readonly acceptLoss: boolean
}

/** How long the probe writes before the failover is asked for, and how long after the first write at the new primary. */
const leadMillis = 500
const afterMillis = 1000
/** How often the nodes are asked. */
const intervalMillis = 200
/** How long the probe's last write may take. */
const lastWrite = Duration.seconds(10)

/** Asks a sentinel once. An answer that never comes leaves it open whether the failover was started. */
const request = (
  plan: FailoverPlan,
  options: FailoverOptions
): Effect.Effect<"accepted" | "unknown", FailoverRefused> =>
  Effect.scoped(Effect.gen(function*() {
    const address = Address.format(plan.sentinel)
    const client = yield* Effect.orDie(
      RedisClient.make({ ...options.sentinel, address: plan.sentinel, repeatable: false })
    )
    const answer = yield* Effect.result(client.run(
      commands.sentinel.failover(plan.group, { coordinated: options.coordinated }),
      { timeout: "5 seconds" }
    ))
    if (Result.isSuccess(answer)) return "accepted"
    if (answer.failure._tag === "AmbiguousOutcome") return "unknown"
    const refused = refusalOf(address, answer.failure)
    // A sentinel that does not know the word.
    return yield* options.coordinated && refused.kind === "OTHER"
      ? new FailoverRefused({ ...refused, detail: refused.detail, advice: advices.NOGOODPRIMARY })
      : refused
  }))

/**
 * Carries out a plan: starts a probe, asks one sentinel once, and waits for what comes of it. The recording has all that
 * happens.
 */
export const runFailover = (
  sentinel: Sentinel.Service,
  plan: FailoverPlan,
  recording: Recording,
  options: FailoverOptions
): Effect.Effect<FailoverReport, FailoverRefused | ProbeRefused | InvalidOption> =>
  Effect.scoped(Effect.gen(function*() {
    const topology = yield* observe(sentinel, recording, { ...options, intervalMillis })
    // The probe is to wait as long as the failover takes, and not to fail before.
    const commandTimeout = Duration.millis(options.timeoutMillis + 5000)
    const client = yield* sentinel.primaryFor(plan.group, { commandTimeout, repeatable: false })
    const key = options.key ?? (yield* ownKey)
    const probe = yield* makeProbe(client, recording, { key, everyMillis: options.everyMillis })
    const writer = yield* Effect.forkScoped(probe.write, { startImmediately: true })
    yield* Effect.sleep(Duration.millis(leadMillis))
    const before = yield* topology.current
    if (before.primary === undefined || Address.format(before.primary) !== plan.primary) {
      return yield* refusal("INPROG", undefined, "the group has moved since it was looked at")
    }
    // The question may have been answered long after the plan was made.
    if (!options.acceptLoss) yield* refusalOfUnready(yield* unready(before, before.primary, options), false)

    const askedAt = recording.options.time.now()
    const movesBefore = recording.movesSeen
    recording.note({
      at: askedAt,
      kind: "fault",
      text: `SENTINEL FAILOVER ${plan.group}${options.coordinated ? " COORDINATED" : ""}`,
      node: Address.format(plan.sentinel)
    })
    const answer = yield* request(plan, options)
    const moved = () => recording.movesSeen > movesBefore ? recording.moves.at(-1) : undefined
    const firstWrite = () => {
      const move = moved()
      const last = recording.lastAcknowledgedAt
      return move !== undefined && last !== undefined && last >= move.at ? last : undefined
    }
    let firstWriteAt: number | undefined
    yield* until(recording, () => (firstWriteAt ??= firstWrite()) !== undefined).pipe(
      Effect.timeoutOption(Duration.millis(options.timeoutMillis))
    )
    const move = moved()
    if (move !== undefined) {
      yield* probe.keepAlive()
      yield* Effect.sleep(Duration.millis(afterMillis))
    }
    probe.stop()
    yield* Fiber.join(writer).pipe(Effect.timeoutOption(lastWrite))
    const endedAt = recording.options.time.now()
    const state = yield* topology.current
    const read = move === undefined || state.primary === undefined
      ? undefined
      : yield* Effect.result(probe.readBack(state.primary, Address.format(state.primary), options.node))
    const old = recording.nodes.get(plan.primary)
    const moveCount = recording.movesSeen - movesBefore
    const { acknowledged, ambiguous, failed } = recording.probe!
    return {
      plan,
      askedAt,
      request: answer,
      movedTo: moved()?.to,
      movedAt: moveCount === 0 ? undefined : recording.moves.at(-moveCount)?.at,
      moveCount,
      epoch: state.epoch,
      fences: recording.fences.filter((fence) => fence.to === undefined || fence.to >= askedAt),
      firstWriteAt,
      pause: longestPause(recording, askedAt, endedAt),
      written: { acknowledged, ambiguous, failed },
      readBack: read !== undefined && Result.isSuccess(read) ? read.success : undefined,
      readBackProblem: read === undefined
        ? "the group did not move"
        : Result.isFailure(read)
        ? briefly(read.failure)
        : undefined,
      oldIsReplica: old === undefined || old.isReachable !== true ? undefined : old.role === "replica",
      key
    }
  }))

/** The longest time without an acknowledged write that lasted into the time from `from` to `to`. */
const longestPause = (recording: Recording, from: number, to: number): PauseSpan => {
  const last = recording.lastAcknowledgedAt ?? to
  const spans = [...recording.pauses.filter((pause) => pause.to >= from), { from: last, to: Math.max(last, to) }]
  return spans.reduce((a, b) => b.to - b.from > a.to - a.from ? b : a)
}
