/**
 * The sessions with the sentinels: opens one for the first question, keeps it for the
 * next ones, and fails fast for a moment after a dial has failed. Which sentinels
 * there are, what they are asked, and what an answer means is not known here.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import { type ReplyError, Report, type UnexpectedReply } from "../../Errors.ts"
import type { SessionOptions } from "../../Options.ts"
import { monotonicMillis, monotonicMillisUnsafe, timeoutOrElse } from "../common/time.ts"
import type { Connection } from "../connection/connection.ts"
import { openConnection } from "../connection/handshake.ts"
import type { EndError, OpenError } from "../connection/types.ts"
import { addressOf } from "./nodeAliases.ts"
import { reportOf } from "./report.ts"

const sessionIdleTime = Duration.seconds(30)
/**
 * For how long a failed dial answers for the next questions too, in milliseconds.
 * Subscriptions dial all the same, and so do questions after `dialAnew`.
 */
const dialFailureMillis = 200
/** The round trips from a successful dial to the first answer: HELLO, AUTH, SUBSCRIBE, the question. */
const roundTripsToFirstAnswer = 4

/**
 * Why a question to a sentinel fails.
 *
 * @since 0.1.0
 * @category models
 */
export type QuestionError = Report | EndError | ReplyError | UnexpectedReply

export interface SentinelSessionsOptions {
  readonly session: SessionOptions
  /** The limit for one question, dial included. */
  readonly timeout: Duration.Duration
  /** How long a sentinel is waited for while others have answered. */
  readonly headStart: Duration.Duration
}

/**
 * The sessions of all sentinels, by their formatted addresses.
 *
 * @since 0.1.0
 * @category models
 */
export class SentinelSessions {
  private readonly options: SentinelSessionsOptions
  private readonly kept: RcMap.RcMap<string, Connection, OpenError>
  /** When a dial failed last, of those whose failure is still kept, in monotonic milliseconds. */
  private readonly failedAt = new Map<string, number>()
  private readonly firstAnswers = new Map<string, number>()

  constructor(options: SentinelSessionsOptions, kept: RcMap.RcMap<string, Connection, OpenError>) {
    this.options = options
    this.kept = kept
  }

  /** Opens a session that is not kept for others. */
  open(address: Address.Address): Effect.Effect<Connection, OpenError, Scope.Scope> {
    return Effect.flatMap(
      Clock.Clock,
      (clock) =>
        openConnection(address, this.options.session, undefined, (dialMillis) => {
          const wait = Duration.toMillis(this.options.headStart) + roundTripsToFirstAnswer * dialMillis
          const by = monotonicMillisUnsafe(clock) + Math.min(wait, Duration.toMillis(this.options.timeout))
          this.firstAnswers.set(Address.format(address), by)
        })
    )
  }

  /** Opens the session to keep. */
  openKept(sentinel: string): Effect.Effect<Connection, OpenError, Scope.Scope> {
    return Effect.tapError(
      this.open(addressOf(sentinel)),
      () => Effect.map(monotonicMillis, (now) => this.failedAt.set(sentinel, now))
    )
  }

  /**
   * The kept session, or a new one if there is none or it has ended. Right after a
   * failed dial it fails with that failure, unless it `isForSubscription`.
   */
  get(sentinel: string, isForSubscription = false): Effect.Effect<Connection, OpenError, Scope.Scope> {
    return Effect.flatMap(monotonicMillis, (now) => {
      const session = RcMap.get(this.kept, sentinel)
      const failedAt = this.failedAt.get(sentinel)
      if (failedAt !== undefined) {
        return !isForSubscription && now - failedAt < dialFailureMillis
          ? session
          : Effect.andThen(this.discard(sentinel), session)
      }
      return Effect.flatMap(
        session,
        (connection) =>
          connection.ended === undefined
            ? Effect.succeed(connection)
            : Effect.andThen(this.discard(sentinel), session)
      )
    })
  }

  /** Asks one question on the kept session, within the time limit. */
  ask<A>(
    sentinel: string,
    question: (connection: Connection) => Effect.Effect<A, QuestionError>
  ): Effect.Effect<A, Report> {
    const once: Effect.Effect<A, Report> = Effect.mapError(
      Effect.scoped(Effect.flatMap(this.get(sentinel), question)),
      (error) => error instanceof Report ? error : reportOf(sentinel, error)
    )
    const duration = this.options.timeout
    const detail = `no answer within ${Duration.toMillis(duration)} ms`
    return timeoutOrElse(once, {
      duration,
      orElse: () => Effect.fail(new Report({ address: sentinel, kind: "unreachable", detail }))
    }).pipe(
      Effect.tapError(({ kind }) =>
        // A session that gave no answer is not kept, nor is a dial that hangs. A failed dial is kept for a moment.
        !this.failedAt.has(sentinel) && (kind === "unreachable" || kind === "not-a-sentinel" || kind === "denied")
          ? this.discard(sentinel)
          : Effect.void
      )
    )
  }

  /** Lets go of a session or of a failed dial: the next question dials. */
  discard(sentinel: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.failedAt.delete(sentinel)
      return RcMap.invalidate(this.kept, sentinel)
    })
  }

  /** Lets the next questions dial the sentinels whose last dial failed. */
  dialAnew(): void {
    for (const sentinel of this.failedAt.keys()) this.failedAt.set(sentinel, -Infinity)
  }

  /**
   * Until when the first answer of a sentinel may be on its way, in monotonic
   * milliseconds: the longer its dial took, the later. -Infinity if no dial succeeded.
   */
  firstAnswerBy(sentinel: string): number {
    return this.firstAnswers.get(sentinel) ?? -Infinity
  }

  forget(sentinel: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.firstAnswers.delete(sentinel)
      return this.discard(sentinel)
    })
  }
}

/**
 * The sessions of all sentinels, until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSentinelSessions = (
  options: SentinelSessionsOptions
): Effect.Effect<SentinelSessions, never, Scope.Scope> =>
  Effect.gen(function*() {
    const kept = yield* RcMap.make({
      lookup: (sentinel: string) => sessions.openKept(sentinel),
      idleTimeToLive: sessionIdleTime
    })
    const sessions: SentinelSessions = new SentinelSessions(options, kept)
    return sessions
  })
