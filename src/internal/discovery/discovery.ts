/**
 * What the sentinels say: asks them in a race with head starts, keeps the list of
 * those that are known, believes the newest configuration of a group, and hears
 * what they publish.
 *
 * What follows from it is not decided here: internal/monitor/ follows a group, and
 * internal/targets/ opens connections to its nodes.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberMap from "effect/FiberMap"
import * as Random from "effect/Random"
import * as RcMap from "effect/RcMap"
import * as Scope from "effect/Scope"
import * as Address from "../../Address.ts"
import * as Command from "../../Command.ts"
import { sentinel as commands } from "../../commands/index.ts"
import { type ReplicaInstance, replicaOf, sentinelOf } from "../../commands/sentinel.ts"
import {
  PrimaryNotFound,
  ReplicaNotFound,
  type ReplyError,
  Report,
  SentinelsUnreachable,
  type UnexpectedReply
} from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import type { DiscoveryOptions, SessionOptions } from "../../Options.ts"
import type * as Resp from "../../Resp.ts"
import { argv } from "../commands/args.ts"
import { monotonicMillis, monotonicMillisUnsafe, timeoutOrElse } from "../common/time.ts"
import type { Connection } from "../connection/connection.ts"
import { openConnection } from "../connection/handshake.ts"
import { subscribeOn, textMessageOf } from "../connection/pubSub.ts"
import type { EndError, OpenError } from "../connection/types.ts"
import { Belief, choose, type Word } from "./belief.ts"
import { natOf } from "./natMap.ts"
import { Nodes } from "./nodes.ts"
import { newPeer, type Peer } from "./peer.ts"
import { staggeredRace } from "./race.ts"
import { isTooLong, reasonOf, reportOf } from "./report.ts"
import type { Discovery, Found, SeenReplica, SentinelListener, View } from "./types.ts"

const defaultTimeout = Duration.millis(500)
const defaultHeadStart = Duration.millis(100)
const defaultPingInterval = Duration.seconds(1)
const defaultStallTimeout = Duration.seconds(2)
/** So that a lying sentinel cannot grow the lists without bound. */
const maxSentinels = 64
const maxReplicas = 256
/** The same for the bytes of one answer of a sentinel: some thousand replicas. */
const maxAnswerBytes = 4 * 1024 * 1024
/** A sentinel that answers with more than that is not asked for lists for so long, in milliseconds. */
const gluttonMillis = 60_000
/** So many sentinels that nobody else lists are taken from one sentinel, and so many in all it may name within a time. */
const maxStrangers = 16
const strangerMillis = 10_000
/** In so many rounds, and for so long in milliseconds, a sentinel has to be missing before it is forgotten. */
const missingRounds = 3
const missingMillis = 5000
/** The same where only one sentinel is left to say so. */
const missingAloneMillis = 60_000
/** What a sentinel listed counts for so long without being told anew, in milliseconds. */
const listMillis = 60_000
/** A seed that nobody knows any more is tried so often, in milliseconds. */
const dormantMillis = 10_000
/**
 * How long after the end of a subscription the next one is tried, in
 * milliseconds: it grows up to the longest, a quarter more or less. What a
 * sentinel publishes before it is heard again is lost, and a dial that is
 * refused costs little: so it stays short for ever.
 */
const firstPause = 15
const longestPause = 200
/**
 * A question that finds that a dial has failed so lately, in milliseconds, does
 * not dial anew: who listens does, and whoever has to know now (`dialAnew`).
 */
const failureMillis = 200
/** A subscription that lasted longer than this, in milliseconds, is no sign of trouble when it ends. */
const steadyMillis = 1000
/**
 * A dial that has not ended after so many milliseconds may hang in a time that
 * is over: another one begins beside it, up to so many at once.
 */
const dialInterval = 200
const maxDials = 5
/** What sentinels publish of a group and of themselves. */
const channels = [
  "+reset-master",
  "+slave",
  "+sentinel",
  "+sdown",
  "-sdown",
  "+odown",
  "-odown",
  "+new-epoch",
  "+try-failover",
  "+elected-leader",
  "+selected-slave",
  "+promoted-slave",
  "+config-update-from",
  "+switch-master",
  "+role-change",
  "-role-change",
  "+convert-to-slave",
  "+fix-slave-config",
  "+slave-reconf-done",
  "+reboot",
  "+monitor",
  "-monitor",
  "+tilt",
  "-tilt"
]
const patterns = ["+failover-*", "-failover-*"]
/** How often a sentinel that may not be listened to is asked, in milliseconds: two or three times before a promotion. */
export const deniedPollMillis = 20
/** How often a subscription that was denied is tried again: somebody may have changed the rules. */
const deniedInterval = Duration.seconds(10)
/** What follows a dial until the first answer, in ways there and back: HELLO, AUTH, SUBSCRIBE, the question. */
const tripsToAnswer = 4
/** So many of the last measurements of a sentinel's distance count. */
const measurements = 5

/** Lists are cut before anything is made of their entries. */
const cut = <A>(most: number, f: (value: Resp.Value) => A) =>
  Command.custom<ReadonlyArray<A>>((value) => Command.list(value).slice(0, most).map(f))
const SENTINELS = Command.define({
  words: ["SENTINEL", "SENTINELS"],
  mode: "read",
  decode: cut(maxSentinels, sentinelOf)
})
const REPLICAS = Command.define({ words: ["SENTINEL", "REPLICAS"], mode: "read", decode: cut(maxReplicas, replicaOf) })

const nobody: ReadonlySet<string> = new Set()

/** An address that was shown before. */
const placeOf = (shown: string): Address.Address => Address.parse(shown, 0) as Address.Address

/**
 * Discovery through sentinels, until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeDiscovery = (
  options: DiscoveryOptions,
  configured: ReadonlyArray<Address.Address>
): Effect.Effect<Discovery, never, Scope.Scope> =>
  Effect.gen(function*() {
    const timeout = Duration.fromInputUnsafe(options.timeout ?? defaultTimeout)
    const headStart = Duration.fromInputUnsafe(options.headStart ?? defaultHeadStart)
    const minOthers = options.minOtherSentinels ?? 0
    const nat = natOf(options.natMap)
    let known: ReadonlyArray<Peer> = configured.map((address) => newPeer(address, true))
    const peers = new Map(known.map((peer) => [peer.shown, peer]))
    /** Those whose answers were too long: until when they are not asked for lists. */
    const gluttons = new Map<string, number>()

    // One object for all: what is found out about an address is remembered by it.
    const sessionOptions: SessionOptions = {
      pingInterval: defaultPingInterval,
      stallTimeout: defaultStallTimeout,
      ...options.sentinel,
      limits: { maxReplyBytes: maxAnswerBytes, ...options.sentinel?.limits },
      connectTimeout: timeout
    }

    /** By when sentinels that have accepted a dial answer for the first time, in monotonic time. */
    const answersBy = new Map<string, number>()
    const openSession = (address: Address.Address) =>
      Effect.flatMap(Clock.Clock, (clock) =>
        openConnection(address, sessionOptions, undefined, (millis) => {
          const pause = Duration.toMillis(headStart) + tripsToAnswer * millis
          const by = monotonicMillisUnsafe(clock) + Math.min(pause, Duration.toMillis(timeout))
          answersBy.set(Address.format(address), by)
        }))

    /** Those whose session failed to open, and when: the failure is not kept for long, it says nothing of later. */
    const failed = new Map<string, number>()
    const sessions = yield* RcMap.make({
      lookup: (shown: string) =>
        Effect.tapError(
          openSession(placeOf(shown)),
          () => Effect.map(monotonicMillis, (now) => failed.set(shown, now))
        ),
      idleTimeToLive: "30 seconds"
    })

    /** The next one who needs a session dials anew. */
    const drop = (shown: string): Effect.Effect<void> =>
      Effect.suspend(() => {
        failed.delete(shown)
        return RcMap.invalidate(sessions, shown)
      })

    /** The session that is there, if it is any good, or a new one; if a dial has just failed, that failure. */
    const session = (
      shown: string,
      isListening = false
    ): Effect.Effect<Connection, OpenError, Scope.Scope> =>
      Effect.flatMap(monotonicMillis, (now) => {
        const open = RcMap.get(sessions, shown)
        const at = failed.get(shown)
        if (at !== undefined) {
          return !isListening && now - at < failureMillis ? open : Effect.andThen(drop(shown), open)
        }
        return Effect.flatMap(
          open,
          // It was closed since the last question.
          (connection) =>
            connection.ended === undefined ? Effect.succeed(connection) : Effect.andThen(drop(shown), open)
        )
      })

    /** One question to one sentinel, on a session that is kept for the next. */
    const question = <A>(
      { shown }: Peer,
      f: (
        connection: Connection
      ) => Effect.Effect<A, Report | EndError | ReplyError | UnexpectedReply>
    ): Effect.Effect<A, Report> => {
      const once: Effect.Effect<A, Report> = Effect.mapError(
        Effect.scoped(Effect.flatMap(session(shown), f)),
        (error) => error instanceof Report ? error : reportOf(shown, error)
      )
      return timeoutOrElse(once, {
        duration: timeout,
        orElse: () =>
          Effect.fail(
            new Report({
              address: shown,
              kind: "unreachable",
              detail: `no answer within ${Duration.toMillis(timeout)} ms`
            })
          )
      }).pipe(
        Effect.tapError((report) =>
          // A session that gave no answer, or hangs before it is one, is not kept; that it failed is, for a while.
          !failed.has(shown) &&
            (report.kind === "unreachable" || report.kind === "not-a-sentinel" || report.kind === "denied")
            ? drop(shown)
            : Effect.void
        )
      )
    }

    /** Guidelines: the sentinel that answers moves to the front of the list. */
    const toFront = (peer: Peer): void => {
      if (known[0] !== peer && peers.has(peer.shown)) known = [peer, ...known.filter((p) => p !== peer)]
    }

    const beliefs = new Map<string, Belief>()
    const belief = (group: string): Belief => {
      let found = beliefs.get(group)
      if (found === undefined) beliefs.set(group, found = new Belief())
      return found
    }

    /** Those first whose word counts; last, seeds that nobody knows any more. */
    const inOrder = (group: string | undefined): ReadonlyArray<Peer> => {
      const believed = group === undefined ? undefined : beliefs.get(group)
      const rank = (peer: Peer): number =>
        peer.counted ? believed?.isDisproved(peer.shown) === true ? 2 : 0 : peer.configured ? 3 : 1
      return known.every((peer) => rank(peer) === 0) ? known : known.toSorted((a, b) => rank(a) - rank(b))
    }

    const race = <A>(
      group: string | undefined,
      f: (connection: Connection, peer: Peer) => Effect.Effect<
        A,
        Report | EndError | ReplyError | UnexpectedReply
      >
    ): Effect.Effect<Found<A>, ReadonlyArray<Report>> =>
      Effect.suspend(() =>
        staggeredRace(
          inOrder(group).map((peer) =>
            Effect.map(
              question(peer, (connection) => f(connection, peer)),
              (value) => ({ value, from: peer.shown, peer, epoch: 0 })
            )
          ),
          headStart
        )
      ).pipe(
        Effect.tap(({ peer }) => Effect.sync(() => toFront(peer)))
      )

    const nodes = new Nodes()
    nodes.onRename = (from, to) => {
      for (const believed of beliefs.values()) believed.rename(from, to)
      const address = placeOf(to)
      for (const listener of Array.from(listeners)) listener.renamed(from, address)
    }

    /** An address that a sentinel announces, checked and mapped. */
    const spelled = (host: string, port: number): Address.Tcp | string => {
      const parsed = Address.parse({ host, port }, 0)
      return typeof parsed === "string" ? parsed : nat(parsed as Address.Tcp)
    }

    const announced = (host: string, port: number): Address.Address | string => {
      const address = spelled(host, port)
      return typeof address === "string" ? address : nodes.canonical(address)
    }

    // -------------------------------------------------------------------------
    // Which sentinels there are

    /** What sentinels have listed, by sentinel and group. */
    const lists = new Map<string, {
      readonly from: string
      readonly group: string
      readonly listed: ReadonlySet<string>
      readonly at: number
    }>()
    /** Those that were listed by one sentinel and did not answer: when they may be tried again. */
    const resting = new Map<string, number>()
    /** How many strangers a sentinel has named lately. */
    const named = new Map<string, { since: number; count: number }>()

    /** How many sentinels list this one. */
    const listersOf = (shown: string): number => {
      const from = new Set<string>()
      for (const list of lists.values()) if (list.listed.has(shown)) from.add(list.from)
      return from.size
    }

    const members = (): ReadonlyArray<Address.Address> => {
      const byId = new Map<string, Peer>()
      const out: Array<Peer> = []
      const better = (a: Peer, b: Peer): boolean =>
        standing.get(a.shown) !== standing.get(b.shown)
          ? standing.get(a.shown) === true
          : listersOf(a.shown) > listersOf(b.shown)
      for (const peer of known) {
        if (!peer.counted) continue
        // A name of a service, or another name of the host: the same sentinel.
        const same = peer.id === undefined ? undefined : byId.get(peer.id)
        if (same === undefined) out.push(peer)
        else if (better(peer, same)) out[out.indexOf(same)] = peer
        else continue
        if (peer.id !== undefined) byId.set(peer.id, peer)
      }
      return out.map((peer) => peer.address)
    }

    const introduce = (address: Address.Address, shown: string, from: Peer, now: number): void => {
      if (peers.size >= maxSentinels || (resting.get(shown) ?? 0) > now) return
      let recent = named.get(from.shown)
      if (recent === undefined || now - recent.since > strangerMillis) {
        named.set(from.shown, recent = { since: now, count: 0 })
      }
      const sole = known.reduce((n, peer) => peer.introducedBy === from.shown ? n + 1 : n, 0)
      if (recent.count >= maxStrangers || sole >= maxStrangers) return
      recent.count++
      const peer = newPeer(address, false, from.shown)
      peers.set(shown, peer)
      known = [...known, peer]
    }

    const count = (peer: Peer): void => {
      if (peer.counted) return
      peer.counted = true
      followAll()
    }

    /** What a sentinel says of the others that watch a group. */
    const learn = (
      group: string,
      from: Peer,
      others: ReadonlyArray<{ readonly host: string; readonly port: number }> | undefined,
      now: number
    ): void => {
      if (others === undefined || !peers.has(from.shown)) return
      const listed = new Set<string>()
      for (const { host, port } of others) {
        const address = spelled(host, port)
        if (typeof address === "string") continue
        const shown = Address.format(address)
        if (shown === from.shown) continue
        listed.add(shown)
        if (!peers.has(shown)) introduce(address, shown, from, now)
      }
      lists.set(`${from.shown} ${group}`, { from: from.shown, group, listed, at: now })
      for (const shown of listed) {
        const peer = peers.get(shown)
        if (peer === undefined || listersOf(shown) < 2) continue
        peer.introducedBy = undefined
        count(peer)
      }
    }

    /** A sentinel is no more: nothing of it is kept, except that a seed may be tried again. */
    const forget = (peer: Peer): Effect.Effect<void> =>
      Effect.suspend(() => {
        const { shown } = peer
        peer.counted = false
        peer.missingSince = Infinity
        peer.missed = 0
        peer.id = undefined
        if (!peer.configured) {
          peers.delete(shown)
          known = known.filter((p) => p !== peer)
          named.delete(shown)
        }
        for (const [key, list] of lists) if (list.from === shown) lists.delete(key)
        nodes.forget((by) => by.startsWith(`${shown} `))
        for (const believed of beliefs.values()) believed.forget(shown)
        gluttons.delete(shown)
        permissions.delete(shown)
        samples.delete(shown)
        answersBy.delete(shown)
        const stood = standing.delete(shown)
        return Effect.andThen(
          FiberMap.remove(followers, shown),
          Effect.andThen(
            drop(shown),
            Effect.sync(() => {
              if (stood) { for (const listener of Array.from(listeners)) listener.forgotten(shown) }
            })
          )
        )
      })

    /** A round of questions is over: who is a sentinel, and who is one no more. */
    const muster = (answered: ReadonlySet<Peer>, asked: ReadonlySet<Peer>, now: number): Effect.Effect<void> =>
      Effect.suspend(() => {
        for (const [key, list] of lists) if (now - list.at > listMillis) lists.delete(key)
        for (const [shown, until] of resting) if (until <= now || resting.size > 256) resting.delete(shown)
        const gone: Array<Peer> = []
        const groups = Array.from(Map.groupBy(lists.values(), (list) => list.group).values())
        for (const peer of known) {
          if (answered.has(peer)) count(peer)
          const alive = answered.has(peer) || standing.get(peer.shown) === true
          let sayers = 0
          let listed = false
          for (const group of groups) {
            const others = group.filter((list) => list.from !== peer.shown)
            const yes = others.filter((list) => list.listed.has(peer.shown)).length
            if (others.length > 0 && yes * 2 >= others.length) listed = true
            sayers = Math.max(sayers, others.length)
          }
          if (!peer.counted) {
            // A stranger that does not answer is none.
            if (!peer.configured && asked.has(peer) && !alive && listersOf(peer.shown) < 2) {
              resting.set(peer.shown, now + strangerMillis * 3)
              gone.push(peer)
            }
            continue
          }
          if (alive || listed || sayers === 0) {
            peer.missingSince = Infinity
            peer.missed = 0
            continue
          }
          peer.missed++
          peer.missingSince = Math.min(peer.missingSince, now)
          const long = now - peer.missingSince >= (sayers > 1 ? missingMillis : missingAloneMillis)
          if (peer.missed >= missingRounds && long) gone.push(peer)
        }
        return Effect.forEach(gone, forget, { discard: true })
      })

    // -------------------------------------------------------------------------
    // What they say

    interface Answer extends View {
      readonly others: ReadonlyArray<{ readonly host: string; readonly port: number }> | undefined
    }

    /** All that one sentinel knows of a group, in one write. */
    const consult = (
      connection: Connection,
      group: string,
      peer: Peer,
      replicasToo: boolean,
      othersToo = true
    ): Effect.Effect<Answer, Report | EndError | ReplyError | UnexpectedReply> =>
      Effect.gen(function*() {
        const { shown } = peer
        const brief = (gluttons.get(shown) ?? 0) > (yield* monotonicMillis)
        const [addr, state, others, replicas, id] = yield* Effect.all([
          connection.call(commands.getPrimaryAddr(group)),
          Effect.result(connection.call(commands.primary(group))),
          brief || !othersToo ? Effect.undefined : Effect.result(connection.call(Command.make(SENTINELS, argv(group)))),
          replicasToo && !brief
            ? Effect.result(connection.call(Command.make(REPLICAS, argv(group))))
            : Effect.undefined,
          replicasToo && othersToo ? Effect.result(connection.call(commands.myid())) : Effect.undefined
        ], { concurrency: "unbounded" })
        // Half an answer is none; what is denied is left out.
        for (const part of [state, others, replicas]) {
          if (
            part?._tag === "Failure" && part.failure._tag !== "ReplyError" && part.failure._tag !== "UnexpectedReply"
          ) {
            if (isTooLong(part.failure) && peers.has(shown)) {
              gluttons.set(shown, (yield* monotonicMillis) + gluttonMillis)
            }
            return yield* part.failure
          }
        }
        if (id !== undefined) peer.id = id._tag === "Success" && id.success.length <= 64 ? id.success : undefined
        if (addr === null) {
          return yield* Effect.fail(
            new Report({ address: shown, kind: "unknown-group", detail: `it does not know the group "${group}"` })
          )
        }
        const primary = spelled(addr.host, addr.port)
        if (typeof primary === "string") {
          return yield* Effect.fail(
            new Report({ address: shown, kind: "bad-answer", detail: `it announces a malformed address: ${primary}` })
          )
        }
        if (minOthers > 0) {
          const count = state._tag === "Success" ? state.success.otherSentinelCount : 0
          if (count < minOthers) {
            return yield* Effect.fail(
              new Report({
                address: shown,
                kind: "too-few-sentinels",
                detail: `it knows ${count} other sentinels, fewer than ${minOthers}`
              })
            )
          }
        }
        const instance = state._tag === "Success" ? state.success : undefined
        const list = replicas?._tag === "Success" ? seen(replicas.success) : undefined
        if (list !== undefined) {
          nodes.claim(`${shown} ${group}`, [
            // While a failover is under way, it may be another one that SENTINEL MASTER tells of.
            ...(instance !== undefined && instance.host === addr.host && instance.port === addr.port
              ? [{ address: primary, runId: instance.runId }]
              : []),
            ...list.map(({ address, instance }) => ({ address, runId: instance.runId }))
          ])
        }
        const epoch = instance?.configEpoch ?? 0
        return {
          from: shown,
          primary: nodes.canonical(primary),
          // A sentinel's answer is no better than its numbers.
          epoch: Number.isSafeInteger(epoch) && epoch >= 0 ? epoch : 0,
          instance,
          replicas: list?.map((replica) => ({ ...replica, address: nodes.canonical(replica.address) })),
          others: others?._tag === "Success" ? others.success : undefined
        }
      })

    const seen = (replicas: ReadonlyArray<ReplicaInstance>): ReadonlyArray<SeenReplica> =>
      replicas.flatMap((instance) => {
        const address = spelled(instance.host, instance.port)
        return typeof address === "string" ? [] : [{ address, instance }]
      })

    /** Takes in what a sentinel has answered. */
    const take = (group: string, peer: Peer, answer: Answer, now: number): Word => {
      const word = { from: answer.from, node: Address.format(answer.primary), epoch: answer.epoch }
      if (peers.has(peer.shown)) belief(group).hear(word, now)
      learn(group, peer, answer.others, now)
      return word
    }

    const foundAt = ({ epoch, from, node }: Word): Found<Address.Address> => ({ value: placeOf(node), from, epoch })

    const askPrimary = (group: string): Effect.Effect<Found<Address.Address>, PrimaryNotFound> => {
      const rejected: Array<Word> = []
      const reject = (word: Word, kind: "outdated" | "wrong-role", detail: string) => {
        rejected.push(word)
        return Effect.fail(new Report({ address: word.from, kind, detail }))
      }
      return race(group, (connection, peer) =>
        Effect.gen(function*() {
          const answer = yield* consult(connection, group, peer, false)
          const now = yield* monotonicMillis
          const word = take(group, peer, answer, now)
          const believed = belief(group)
          if (believed.isDisproved(word.from)) {
            return yield* reject(word, "wrong-role", `it names ${word.node}, which has said that it is no primary`)
          }
          if (!believed.accepts(word, members().length, now)) {
            const of = believed.basis
            return yield* reject(
              word,
              "outdated",
              `it knows configuration epoch ${word.epoch} of the group, another sentinel knew ${of?.epoch ?? 0}`
            )
          }
          believed.adopt(word)
          return foundAt(word)
        })).pipe(
          Effect.map(({ value }) => value),
          // What is held is right, until it has been contradicted for long enough, or turned out to be wrong.
          Effect.catch((reports) =>
            Effect.flatMap(monotonicMillis, (now) => {
              const believed = beliefs.get(group)
              if (believed === undefined || rejected.length === 0) {
                return Effect.fail(new PrimaryNotFound({ group, reason: reasonOf(reports) }))
              }
              for (const { address } of reports) {
                if (!rejected.some((word) => word.from === address)) believed.silent(address)
              }
              const verdict = believed.assess(members().length, now)
              if (verdict.kind === "follow" && verdict.ready) {
                believed.adopt(verdict.word)
                return Effect.succeed(foundAt(verdict.word))
              }
              if (believed.basis !== undefined && !believed.disowned) return Effect.succeed(foundAt(believed.basis))
              return Effect.succeed(foundAt(choose(rejected, members().length, nobody, nobody)!))
            })
          )
        )
    }

    const survey = (group: string, onView: (view: View) => void): Effect.Effect<void> =>
      Effect.gen(function*() {
        const asked = new Set<Peer>()
        const answered = new Set<Peer>()
        const ask = (list: ReadonlyArray<Peer>, now: number): Effect.Effect<void> =>
          Effect.forEach(list, (peer) => {
            asked.add(peer)
            peer.askedAt = now
            return Effect.matchEffect(question(peer, (connection) => consult(connection, group, peer, true)), {
              onFailure: () =>
                Effect.sync(() => {
                  beliefs.get(group)?.silent(peer.shown)
                  lists.delete(`${peer.shown} ${group}`)
                }),
              onSuccess: (answer) =>
                Effect.map(monotonicMillis, (now) => {
                  answered.add(peer)
                  take(group, peer, answer, now)
                  onView(answer)
                })
            })
          }, { concurrency: "unbounded", discard: true })
        const began = yield* monotonicMillis
        yield* ask(
          inOrder(group).filter((peer) => peer.counted || !peer.configured || began - peer.askedAt >= dormantMillis),
          began
        )
        // Those that were named just now.
        yield* ask(known.filter((peer) => !peer.counted && !peer.configured && !asked.has(peer)), began)
        yield* muster(answered, asked, yield* monotonicMillis)
      })

    const locateElsewhere = (
      group: string,
      disowned: ReadonlySet<string>,
      unreachable: ReadonlySet<string>
    ): Effect.Effect<Found<Address.Address> | undefined> =>
      Effect.gen(function*() {
        const enough = Deferred.makeUnsafe<void>()
        let answers = 0
        // Those that are slow are not waited for.
        yield* Effect.raceFirst(
          survey(group, () => {
            if (++answers === Math.floor(members().length / 2) + 1) Deferred.doneUnsafe(enough, Exit.void)
          }),
          Effect.andThen(Deferred.await(enough), Effect.sleep(headStart))
        )
        const believed = beliefs.get(group)
        if (believed === undefined) return undefined
        const now = yield* monotonicMillis
        const n = members().length
        const verdict = believed.assess(n, now)
        if (verdict.kind === "follow" && verdict.ready && !disowned.has(verdict.word.node)) {
          if (!unreachable.has(verdict.word.node)) return foundAt(verdict.word)
        }
        const all = believed.lately(now)
        const words = believed.held === undefined ? all : all.filter((word) => believed.accepts(word, n, now))
        const word = choose(words, n, disowned, unreachable)
        return word === undefined || unreachable.has(word.node) ? undefined : foundAt(word)
      })

    // -------------------------------------------------------------------------
    // Hearing

    const listeners = new Set<SentinelListener>()
    const followers = yield* FiberMap.make<string, never>()
    const runFollower = yield* FiberMap.runtime(followers)<never>()
    const standing = new Map<string, boolean>()

    const stand = (shown: string, reachable: boolean): void => {
      if (standing.get(shown) === reachable) return
      standing.set(shown, reachable)
      for (const listener of Array.from(listeners)) listener.onReachability(shown, reachable)
    }

    /**
     * A session for listening, by one dial or by several that began one after
     * another: one that began while the sentinel could not be reached may hang
     * for longer than that lasts. The first to end tells how it is.
     */
    const listening = (
      shown: string
    ): Effect.Effect<Connection, OpenError, Scope.Scope> =>
      Effect.flatMap(Effect.scope, (scope) =>
        Effect.raceAllFirst(
          Array.from({ length: Math.min(maxDials, Math.ceil(Duration.toMillis(timeout) / dialInterval)) }, (_, i) =>
            Effect.suspend(() => {
              const own = Scope.forkUnsafe(scope)
              return session(shown, true).pipe(
                Scope.provide(own),
                Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit))
              )
            }).pipe((dial) =>
              i === 0
                ? dial
                : Effect.andThen(Effect.andThen(Effect.sleep(i * dialInterval), drop(shown)), dial)
            ))
        ))

    /** Whether a sentinel that stands may be listened to, and how long its last words took at most. */
    const permissions = new Map<string, boolean>()
    const samples = new Map<string, Array<number>>()

    const permit = (shown: string, allowed: boolean): void => {
      if (permissions.get(shown) === allowed) return
      permissions.set(shown, allowed)
      for (const listener of Array.from(listeners)) listener.permission?.(shown)
    }

    /** A word went there and back: on one of the ways it took no longer than that. */
    const measured = (shown: string, millis: number): void => {
      const before = distance(shown)
      const list = samples.get(shown) ?? []
      list.push(millis)
      if (list.length > measurements) list.shift()
      samples.set(shown, list)
      if (distance(shown) !== before) { for (const listener of Array.from(listeners)) listener.distance?.() }
    }

    /** One that is not heard is asked so often, or once it has answered, and its answer may be on its way. */
    const ageOfAnswer = (millis: number): number => millis + Math.max(deniedPollMillis, millis)

    /** The longest of the last but one, which may have been this process's own fault. */
    const distance = (shown: string): number => {
      const sorted = samples.get(shown)?.toSorted((a, b) => a - b) ?? []
      return sorted.length < 3 ? sorted[0] ?? 0 : sorted[sorted.length - 2]!
    }

    /** The words that it would take in its ACL, for the log. */
    const denied = (shown: string, why: string): Effect.Effect<void> =>
      Effect.logWarning(
        `sentinel ${shown} does not let the user "${
          options.sentinel?.username ?? "default"
        }" subscribe to its events ` +
          `(${why}): it is asked every ${deniedPollMillis} ms instead. Its ACL needs: +subscribe +psubscribe allchannels`
      )

    /** One subscription after another to one sentinel. */
    const follow = (address: Address.Address): Effect.Effect<never> => {
      const shown = Address.format(address)
      let pause = firstPause
      /** How long the last try took to fail, and since when the last one that did not fail stood. */
      let spent = 0
      let stood: number | undefined
      const once = Effect.scoped(
        Effect.gen(function*() {
          const began = yield* monotonicMillis
          stood = undefined
          spent = 0
          let connection = yield* Effect.tapError(
            listening(shown),
            () => Effect.map(monotonicMillis, (now) => (spent = now - began))
          )
          // In RESP2 a connection that listens cannot ask.
          if (connection.protocol === 2) connection = yield* openSession(address)
          connection.onPush = (message) => {
            const published = textMessageOf(message)
            if (published === undefined) return
            for (const listener of Array.from(listeners)) {
              listener.event(shown, published.channel, published.payload)
            }
          }
          const listener = connection
          const subscribe = Effect.gen(function*() {
            const asked = yield* monotonicMillis
            const heard = yield* Effect.result(subscribeOn(listener, { channels, patterns }))
            const isDenied = heard._tag === "Failure"
            if (isDenied && heard.failure._tag !== "ReplyError") return heard.failure
            const millis = (yield* monotonicMillis) - asked
            samples.delete(shown)
            measured(shown, isDenied ? ageOfAnswer(millis) : millis)
            if (isDenied) return heard.failure
            listener.onRoundTrip = (millis) => measured(shown, millis)
            permit(shown, true)
            return undefined
          })
          const refused = yield* subscribe
          if (refused !== undefined && refused._tag !== "ReplyError") return
          stood = yield* monotonicMillis
          // Whoever may ask but not listen is reachable all the same.
          if (refused !== undefined) {
            permit(shown, false)
            yield* denied(shown, refused.detail)
            yield* Effect.forkScoped(
              Effect.repeat(Effect.delay(subscribe, deniedInterval), { until: (refused) => refused === undefined })
            )
          }
          stand(shown, true)
          const context = yield* Effect.context<never>()
          Metrics.connectionsOf.sentinel.modifyUnsafe(1, context)
          yield* Effect.ensuring(
            connection.closed,
            Effect.sync(() => Metrics.connectionsOf.sentinel.modifyUnsafe(-1, context))
          )
        })
      )
      return Effect.forever(
        Effect.andThen(
          Effect.exit(once),
          Effect.gen(function*() {
            permissions.delete(shown)
            samples.delete(shown)
            stand(shown, false)
            const now = yield* monotonicMillis
            if (stood !== undefined && now - stood > steadyMillis) pause = firstPause
            const wait = pause * (yield* Random.nextBetween(0.75, 1.25))
            pause = Math.min(pause * 1.5, longestPause)
            // What took its time to fail was pause enough.
            yield* Effect.sleep(Duration.millis(Math.max(1, Math.round(wait - spent))))
          })
        )
      )
    }

    const followAll = (): void => {
      if (listeners.size === 0) return
      for (const { address, counted, shown } of known) {
        if (counted && !FiberMap.hasUnsafe(followers, shown)) runFollower(shown, follow(address))
      }
    }

    const listen = (listener: SentinelListener): Effect.Effect<void, never, Scope.Scope> =>
      Effect.acquireRelease(
        Effect.sync(() => {
          listeners.add(listener)
          followAll()
        }),
        () =>
          Effect.suspend(() => {
            listeners.delete(listener)
            if (listeners.size > 0) return Effect.void
            standing.clear()
            permissions.clear()
            samples.clear()
            return FiberMap.clear(followers)
          })
      )

    const askReplicas = (group: string) =>
      race(group, (connection) => connection.call(Command.make(REPLICAS, argv(group)))).pipe(
        Effect.mapError((reports) => new ReplicaNotFound({ group, reason: reasonOf(reports) })),
        Effect.map(({ from, value }): Found<ReadonlyArray<Address.Address>> => ({
          from,
          epoch: beliefs.get(group)?.basis?.epoch ?? 0,
          value: value.flatMap((replica) => {
            if (replica.isSubjectivelyDown || replica.isObjectivelyDown || replica.isDisconnected) return []
            const address = announced(replica.host, replica.port)
            return typeof address === "string" ? [] : [address]
          })
        }))
      )

    return {
      primary: yield* shared((group) => Effect.suspend(() => askPrimary(group))),
      confirmed: (group, address, epoch, from) => {
        const believed = belief(group)
        const node = Address.format(nodes.canonical(address))
        if (believed.held?.node === node) believed.reappeared(node)
        else if (believed.held === undefined || epoch > believed.held.epoch) believed.settle({ node, epoch, from })
      },
      disproved: (group, address) => {
        // Not of a group that nobody knows.
        beliefs.get(group)?.disprove(Address.format(nodes.canonical(address)))
      },
      unreachable: (address) => nodes.avoid(address),
      observed: (address, remote) => nodes.observe(address, remote),
      locateElsewhere,
      belief,
      replicas: yield* shared(askReplicas),
      survey,
      dialAnew: () => {
        for (const shown of failed.keys()) failed.set(shown, -Infinity)
      },
      listen,
      sentinels: () => known.map((peer) => peer.address),
      members,
      unsettled: () => known.some((peer) => peer.missed > 0),
      isReachable: (sentinel) => standing.get(sentinel),
      hears: (sentinel) => permissions.get(sentinel),
      distance: (sentinel) => standing.get(sentinel) === true ? distance(sentinel) : 0,
      glance: (group, sentinel) =>
        Effect.suspend(() => {
          const peer = peers.get(sentinel)
          if (peer === undefined) return Effect.undefined
          return Effect.gen(function*() {
            const asked = yield* monotonicMillis
            const answer = yield* question(peer, (connection) => consult(connection, group, peer, true, false))
            const now = yield* monotonicMillis
            take(group, peer, answer, now)
            measured(sentinel, permissions.get(sentinel) === false ? ageOfAnswer(now - asked) : now - asked)
            return answer
          }).pipe(Effect.orElseSucceed(() => undefined))
        }),
      answersBy: (sentinel) => answersBy.get(sentinel) ?? -Infinity,
      headStart: Duration.toMillis(headStart),
      timeout: Duration.toMillis(timeout),
      announced,
      canonical: (address) => nodes.canonical(address),
      prefer: (sentinel) => {
        const peer = peers.get(sentinel)
        if (peer !== undefined) toFront(peer)
      },
      ask: (command) =>
        race(undefined, (connection) =>
          Effect.catchTag(
            Effect.map(connection.call(command), Effect.succeed),
            ["ReplyError", "UnexpectedReply"],
            (error) => Effect.succeed(Effect.fail(error))
          )).pipe(
            Effect.mapError((reports) => new SentinelsUnreachable({ reports })),
            Effect.flatMap((found) => found.value)
          )
    }
  })

/**
 * Lets concurrent callers with the same key share one run. It goes on while
 * any of them waits, and is interrupted with the last.
 */
const shared = <A, E>(
  f: (key: string) => Effect.Effect<A, E>
): Effect.Effect<(key: string) => Effect.Effect<A, E>, never, Scope.Scope> =>
  Effect.map(
    RcMap.make({ lookup: (key: string) => Effect.forkScoped(f(key), { startImmediately: true }) }),
    (runs) => (key) => Effect.scoped(Effect.flatMap(RcMap.get(runs, key), Fiber.join))
  )
