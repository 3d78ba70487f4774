/**
 * The questions to the sentinels about a group: to one after another until an answer
 * will do, to all at once, or to a single one. Records every answer in what is
 * believed of the group. Keeps no sessions, and decides nothing about clients.
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Address from "../../Address.ts"
import type * as Command from "../../Command.ts"
import {
  PrimaryNotFound,
  ReplicaNotFound,
  type ReplyError,
  Report,
  SentinelsUnreachable,
  type UnexpectedReply
} from "../../Errors.ts"
import { monotonicMillis } from "../common/time.ts"
import type { Connection } from "../connection/connection.ts"
import type { EndError } from "../connection/types.ts"
import { type Beliefs, choosePrimary, type SentinelClaim } from "./belief.ts"
import { askForReplicas, type GroupAnswer, type GroupQuery, type GroupQueryParts } from "./groupQuery.ts"
import { addressOf } from "./nodeAliases.ts"
import { reasonOf } from "./report.ts"
import type { KnownSentinel, SentinelList } from "./sentinelList.ts"
import type { QuestionError, SentinelSessions } from "./sentinelSessions.ts"
import { staggeredRace } from "./staggeredRace.ts"
import type { GroupView, Located } from "./types.ts"

const none: ReadonlySet<string> = new Set()

export interface SentinelQuestionsOptions {
  /** How long a sentinel is waited for before the next one is asked as well. */
  readonly headStart: Duration.Duration
  readonly list: SentinelList
  readonly sessions: Pick<SentinelSessions, "ask">
  readonly query: Pick<GroupQuery, "ask" | "forget">
  readonly beliefs: Beliefs
  /** The address of a replica as a sentinel announces it, or why it has none. */
  readonly addressOfReplica: (host: string, port: number) => Address.Address | string
  /** A question to a single sentinel took this long, in milliseconds. */
  readonly onAnswer: (sentinel: string, millis: number) => void
  /** A sentinel does not exist any more. */
  readonly onGone: (sentinel: KnownSentinel) => Effect.Effect<void>
}

/**
 * Asks the sentinels of the list.
 *
 * @since 0.1.0
 * @category models
 */
export class SentinelQuestions {
  private readonly options: SentinelQuestionsOptions

  constructor(options: SentinelQuestionsOptions) {
    this.options = options
  }

  // ---------------------------------------------------------------------------
  // The first good answer

  /** Asks the sentinels in order until one of them names a primary that is believed. */
  locatePrimary(group: string): Effect.Effect<Located<Address.Address>, PrimaryNotFound> {
    return Effect.suspend(() => {
      const rejected: Array<SentinelClaim> = []
      const reject = (claim: SentinelClaim, kind: "outdated" | "wrong-role", detail: string) => {
        rejected.push(claim)
        return Effect.fail(new Report({ address: claim.from, kind, detail }))
      }
      const question = (connection: Connection, sentinel: KnownSentinel) =>
        Effect.gen({ self: this }, function*() {
          const answer = yield* this.options.query.ask(connection, group, sentinel, { replicas: false, peers: true })
          const now = yield* monotonicMillis
          const claim = this.take(group, sentinel, answer, now)
          const belief = this.options.beliefs.of(group)
          if (belief.namesWrongRole(claim.from)) {
            return yield* reject(claim, "wrong-role", `it names ${claim.node}, which has said that it is no primary`)
          }
          if (!belief.accepts(claim, this.countSentinels(), now)) {
            const known = belief.reference?.epoch ?? 0
            return yield* reject(
              claim,
              "outdated",
              `it knows configuration epoch ${claim.epoch} of the group, another sentinel knew ${known}`
            )
          }
          belief.followUnverified(claim)
          return foundAt(claim)
        })
      return this.askInOrder(group, question).pipe(
        Effect.map(({ value }) => value),
        Effect.catch((reports) =>
          Effect.flatMap(monotonicMillis, (now) => this.fallBack(group, rejected, reports, now))
        )
      )
    })
  }

  /**
   * The primary where each answer was rejected or missing: the one that is
   * believed, until it has been contradicted for long enough or has turned out to be
   * wrong.
   */
  private fallBack(
    group: string,
    rejected: ReadonlyArray<SentinelClaim>,
    reports: ReadonlyArray<Report>,
    now: number
  ): Effect.Effect<Located<Address.Address>, PrimaryNotFound> {
    const belief = this.options.beliefs.get(group)
    if (belief === undefined || rejected.length === 0) {
      return Effect.fail(new PrimaryNotFound({ group, reason: reasonOf(reports) }))
    }
    for (const { address } of reports) {
      if (!rejected.some((claim) => claim.from === address)) belief.withdraw(address)
    }
    const verdict = belief.assess(this.countSentinels(), now)
    if (verdict.kind === "follow" && verdict.isReady) {
      belief.followUnverified(verdict.claim)
      return Effect.succeed(foundAt(verdict.claim))
    }
    if (belief.reference !== undefined && !belief.isWrongRole) return Effect.succeed(foundAt(belief.reference))
    return Effect.succeed(foundAt(choosePrimary(rejected, this.countSentinels(), none, none)!))
  }

  /** Asks the sentinels in order until one of them lists the replicas. */
  locateReplicas(group: string): Effect.Effect<Located<ReadonlyArray<Address.Address>>, ReplicaNotFound> {
    return this.askInOrder(group, (connection) => connection.call(askForReplicas(group))).pipe(
      Effect.mapError((reports) => new ReplicaNotFound({ group, reason: reasonOf(reports) })),
      Effect.map(({ from, value }) => ({
        from,
        epoch: this.options.beliefs.get(group)?.reference?.epoch ?? 0,
        value: value.flatMap((replica) => {
          if (replica.isSubjectivelyDown || replica.isObjectivelyDown || replica.isDisconnected) return []
          const address = this.options.addressOfReplica(replica.host, replica.port)
          return typeof address === "string" ? [] : [address]
        })
      }))
    )
  }

  /** Asks the sentinels in order until one of them answers a command. An error reply is an answer too. */
  ask<A>(
    command: Command.Command<A, "read", any>
  ): Effect.Effect<A, SentinelsUnreachable | ReplyError | UnexpectedReply> {
    type Answer = Effect.Effect<A, ReplyError | UnexpectedReply>
    const question = (connection: Connection): Effect.Effect<Answer, EndError> =>
      Effect.matchEffect(connection.call(command), {
        onSuccess: (value) => Effect.succeed(Effect.succeed(value)),
        onFailure: (error) =>
          error._tag === "ReplyError" || error._tag === "UnexpectedReply"
            ? Effect.succeed<Answer>(Effect.fail(error))
            : Effect.fail(error)
      })
    return this.askInOrder(undefined, question).pipe(
      Effect.mapError((reports) => new SentinelsUnreachable({ reports })),
      Effect.flatMap(({ value }) => value)
    )
  }

  /** The first success counts. Each sentinel has a head start before the next; the one that answers comes first next time. */
  private askInOrder<A>(
    group: string | undefined,
    question: (connection: Connection, sentinel: KnownSentinel) => Effect.Effect<A, QuestionError>
  ): Effect.Effect<{ readonly value: A; readonly from: string }, ReadonlyArray<Report>> {
    const { headStart, list, sessions } = this.options
    return Effect.suspend(() =>
      staggeredRace(
        this.sentinelsInOrder(group).map((sentinel) =>
          Effect.map(
            sessions.ask(sentinel.key, (connection) => question(connection, sentinel)),
            (value) => ({ value, from: sentinel.key, sentinel })
          )
        ),
        headStart
      )
    ).pipe(
      Effect.tap(({ sentinel }) => Effect.sync(() => list.moveToFront(sentinel)))
    )
  }

  private sentinelsInOrder(group: string | undefined): ReadonlyArray<KnownSentinel> {
    const belief = group === undefined ? undefined : this.options.beliefs.get(group)
    return this.options.list.inOrder((sentinel) => belief?.namesWrongRole(sentinel) === true)
  }

  // ---------------------------------------------------------------------------
  // The answers of all

  /** Asks every sentinel at once, and then those that they have introduced. Calls `onView` with each answer. */
  survey(group: string, onView: (view: GroupView) => void): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      const { list } = this.options
      const asked = new Set<KnownSentinel>()
      const answered = new Set<KnownSentinel>()
      const askAll = (sentinels: ReadonlyArray<KnownSentinel>, now: number): Effect.Effect<void> =>
        Effect.forEach(sentinels, (sentinel) => {
          asked.add(sentinel)
          sentinel.askedAt = now
          return Effect.matchEffect(this.askAbout(group, sentinel, { replicas: true, peers: true }), {
            onFailure: () =>
              Effect.sync(() => {
                this.options.beliefs.get(group)?.withdraw(sentinel.key)
                list.dropPeers(group, sentinel.key)
              }),
            onSuccess: (answer) =>
              Effect.map(monotonicMillis, (now) => {
                answered.add(sentinel)
                this.take(group, sentinel, answer, now)
                onView(answer)
              })
          })
        }, { concurrency: "unbounded", discard: true })
      const began = yield* monotonicMillis
      yield* askAll(this.sentinelsInOrder(group).filter((sentinel) => list.isDue(sentinel, began)), began)
      // The sentinels that were introduced by these answers.
      yield* askAll(list.all.filter((s) => !s.isConfirmed && !s.isSeed && !asked.has(s)), began)
      const gone = list.endRound(answered, asked, yield* monotonicMillis)
      yield* Effect.forEach(gone, (sentinel) => this.options.onGone(sentinel), { discard: true })
    })
  }

  /**
   * Asks every sentinel for a primary that is at none of these addresses: those in
   * `wrongRole` have said that they are no primary. Undefined if none may be followed.
   */
  locateElsewhere(
    group: string,
    wrongRole: ReadonlySet<string>,
    unreachable: ReadonlySet<string>
  ): Effect.Effect<Located<Address.Address> | undefined> {
    return Effect.gen({ self: this }, function*() {
      const majority = Deferred.makeUnsafe<void>()
      let answers = 0
      // Slow sentinels are waited for only for a head start after a majority has answered.
      yield* Effect.raceFirst(
        this.survey(group, () => {
          if (++answers === Math.floor(this.countSentinels() / 2) + 1) Deferred.doneUnsafe(majority, Exit.void)
        }),
        Effect.andThen(Deferred.await(majority), Effect.sleep(this.options.headStart))
      )
      const belief = this.options.beliefs.get(group)
      if (belief === undefined) return undefined
      const now = yield* monotonicMillis
      const known = this.countSentinels()
      const verdict = belief.assess(known, now)
      if (verdict.kind === "follow" && verdict.isReady && !wrongRole.has(verdict.claim.node)) {
        if (!unreachable.has(verdict.claim.node)) return foundAt(verdict.claim)
      }
      const all = belief.recentClaims(now)
      const claims = belief.followed === undefined ? all : all.filter((claim) => belief.accepts(claim, known, now))
      const claim = choosePrimary(claims, known, wrongRole, unreachable)
      return claim === undefined || unreachable.has(claim.node) ? undefined : foundAt(claim)
    })
  }

  // ---------------------------------------------------------------------------
  // The answer of one

  /** What a single sentinel knows of a group; undefined if it does not answer. */
  askOne(group: string, sentinel: string): Effect.Effect<GroupView | undefined> {
    return Effect.suspend(() => {
      const known = this.options.list.get(sentinel)
      if (known === undefined) return Effect.undefined
      return Effect.gen({ self: this }, function*() {
        const askedAt = yield* monotonicMillis
        const answer = yield* this.askAbout(group, known, { replicas: true, peers: false })
        const now = yield* monotonicMillis
        this.take(group, known, answer, now)
        this.options.onAnswer(sentinel, now - askedAt)
        return answer
      }).pipe(Effect.orElseSucceed(() => undefined))
    })
  }

  private askAbout(
    group: string,
    sentinel: KnownSentinel,
    parts: GroupQueryParts
  ): Effect.Effect<GroupAnswer, Report> {
    const { query, sessions } = this.options
    return sessions.ask(sentinel.key, (connection) => query.ask(connection, group, sentinel, parts))
  }

  /** Records an answer, unless its sentinel was forgotten meanwhile. */
  private take(group: string, sentinel: KnownSentinel, answer: GroupAnswer, now: number): SentinelClaim {
    const claim = { from: answer.from, node: Address.format(answer.primary), epoch: answer.epoch }
    if (this.options.list.has(sentinel.key)) this.options.beliefs.of(group).record(claim, now)
    this.options.list.recordPeers(group, sentinel, answer.peers, now)
    return claim
  }

  /** Forgets a sentinel that does not exist any more. */
  forget(sentinel: string): void {
    this.options.query.forget(sentinel)
  }

  private countSentinels(): number {
    return this.options.list.distinct().length
  }
}

const foundAt = ({ epoch, from, node }: SentinelClaim): Located<Address.Address> => ({
  value: addressOf(node),
  from,
  epoch
})
