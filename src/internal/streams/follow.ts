/**
 * Follows streams at the server: asks for entries as the reader wants them, waits where there are none, goes on after
 * outages, and finds out whether the server has another history of a stream than the one that was read.
 *
 * What the server's counters mean is in track.ts; what the reader gets of it in following.ts.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { ReplicaClient, ReservedClient } from "../../Client.ts"
import * as Command from "../../Command.ts"
import * as commands from "../../commands/index.ts"
import type { RedisError } from "../../Errors.ts"
import { movesOf } from "../client/moves.ts"
import { reserveToWait, type Waiting } from "../client/waiting.ts"
import { pairwise } from "../commands/decoders.ts"
import { Outage } from "../common/outage.ts"
import { rawEntries } from "./entries.ts"
import { compareIds, idBefore, zeroId } from "./ids.ts"
import { bytesOf, rangeCommand } from "./reads.ts"
import { type Counters, counters, type Rewound, Track, type Trimmed } from "./track.ts"
import type { Definition, RawEntry } from "./types.ts"

/** What following needs of a client: of the primary, or of replicas. */
export type FollowingClient = Pick<ReplicaClient, "reserve" | "target">

/** Where a reader begins. */
export type From =
  | { readonly at: "now" | "start" }
  /** After an id that the server has given before. */
  | { readonly at: "id"; readonly id: string }
  /** With the first id of a millisecond. */
  | { readonly at: "moment"; readonly id: string }

/** A stream that is followed. */
export interface Source {
  readonly definition: Definition<any>
  readonly from: From
}

/** What was found in one of the streams. */
export type Found = readonly [source: number, found: RawEntry | Trimmed | Rewound]

/** How long the server waits in one request; then the counters are read again. */
const turn = "5 seconds"
/** How many entries are read at a time to find the last one that was given. */
const searchPage = 64
const maxSearchPages = 256
/** How long a replica may take to catch up after a failover, in milliseconds, and how often it is asked. */
const catchUpMillis = 10_000
const catchUpPause = 100

type Reserved = ReservedClient<"read">

interface Session {
  readonly connection: Waiting
  readonly scope: Scope.Closeable
}

interface Followed extends Source {
  track: Track | undefined
}

const info = ({ key }: Definition<any>): Command.Command<Counters, "read"> =>
  bytesOf(commands.xinfoStream(key), counters)

type ReadReply = ReadonlyArray<readonly [key: Uint8Array, entries: ReadonlyArray<RawEntry>]>

const readReply: Command.Decode<ReadReply> = Command.custom((value) =>
  value === null
    ? []
    : pairwise(Command.list(value), (key, entries) =>
      [Command.bulkString(key, true) as Uint8Array, rawEntries(entries, true)] as const)
)

const noSuchKey = /no such key/i

export class Follower {
  private readonly sources: ReadonlyArray<Followed>
  private readonly outage: Outage
  private readonly client: FollowingClient
  private readonly scope: Scope.Scope
  private readonly count: number
  private readonly isReplica: boolean
  private readonly runFork: (effect: Effect.Effect<void>) => unknown
  private session: Session | undefined = undefined
  /** The connection that it had last, unless that was lost. */
  private last: object | undefined = undefined
  /** How often the group had moved when it last compared. */
  private moves: number | undefined = undefined
  /** Whether it has worked since the last outage. */
  private works = false

  constructor(options: {
    readonly client: FollowingClient
    readonly scope: Scope.Scope
    readonly sources: ReadonlyArray<Source>
    /** How many entries of each stream are read at a time. */
    readonly count: number
    readonly isReplica: boolean
    /** Runs what nobody waits for. */
    readonly runFork: (effect: Effect.Effect<void>) => unknown
  }) {
    this.client = options.client
    this.scope = options.scope
    this.count = options.count
    this.isReplica = options.isReplica
    this.sources = options.sources.map((source) => ({ ...source, track: undefined }))
    const names = options.sources.map(({ definition }) => definition.label).join(", ")
    this.outage = new Outage(`${options.client.target}: reading ${names}`)
    this.runFork = options.runFork
  }

  /** What comes next, at least one; waits for it. */
  readonly next: Effect.Effect<ReadonlyArray<Found>, RedisError> = Effect.suspend(() =>
    Effect.matchEffect(this.turn, {
      onSuccess: (found) => {
        this.works = true
        return Effect.andThen(this.outage.over, found.length === 0 ? this.next : Effect.succeed(found))
      },
      onFailure: (error) => {
        // The next connection may do: a lost one alone is no outage.
        const isLost = this.works && error._tag === "ConnectionLost"
        this.works = false
        this.last = undefined
        return Effect.andThen(Effect.andThen(this.close, isLost ? Effect.void : this.outage.wait(error)), this.next)
      }
    })
  )

  /** A slow reader must not keep a connection that somebody waits for. */
  private giveBack(): void {
    const { session } = this
    this.session = undefined
    if (session !== undefined) this.runFork(Scope.close(session.scope, Exit.void))
  }

  private readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const session = this.session
    this.session = undefined
    return session === undefined ? Effect.void : Scope.close(session.scope, Exit.void)
  })

  private readonly turn: Effect.Effect<ReadonlyArray<Found>, RedisError> = Effect.gen({ self: this }, function*() {
    const rewound = this.session === undefined ? yield* this.connect : []
    const { connection } = this.session!
    connection.setIdle(undefined)
    const { client } = connection
    const page = rewound.length > 0 ? rewound : yield* this.page(client)
    const found = page.length > 0 ? page : yield* this.wait(client)
    if (connection.isWanted()) yield* this.close
    else if (found.length > 0) connection.setIdle(() => this.giveBack())
    return found
  })

  /** Reserves a connection, and compares what its server has with what was read. */
  private readonly connect: Effect.Effect<ReadonlyArray<Found>, RedisError> = Effect.gen({ self: this }, function*() {
    const scope = yield* Scope.fork(this.scope)
    const found: Array<Found> = []
    const open = Effect.gen({ self: this }, function*() {
      const connection = yield* Scope.provide(reserveToWait(this.client), scope)
      const reserved: Reserved = connection.client
      // A connection of before a move has ended, and fails.
      const moves = movesOf(this.client)
      const hasMoved = this.moves !== moves
      const isSame = this.last === connection.identity
      for (const [i, source] of this.sources.entries()) {
        const { from, track } = source
        const rewound = track === undefined
          ? yield* this.begin(reserved, source, from)
          : isSame || (this.isReplica && !hasMoved)
          ? undefined
          : yield* this.verify(reserved, source.definition, track)
        if (rewound !== undefined) found.push([i, rewound])
      }
      this.moves = moves
      this.last = connection.identity
      this.session = { connection, scope }
    })
    yield* Effect.onExit(open, (exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(scope, exit))
    return found
  })

  /** Resolves where the reader begins. */
  private begin(reserved: Reserved, source: Followed, from: From): Effect.Effect<Rewound | undefined, RedisError> {
    return Effect.gen({ self: this }, function*() {
      const found = yield* this.countersOf(reserved, source.definition)
      switch (from.at) {
        case "now":
          source.track = found === null
            ? new Track(zeroId, "unknown", 0)
            : new Track(found.lastGeneratedId, "known", found.entriesAdded)
          return undefined
        case "start":
          source.track = new Track(zeroId, "unknown", found === null ? 0 : found.entriesAdded - found.length)
          return undefined
        case "moment":
          source.track = new Track(idBefore(from.id), "unknown")
          return undefined
        case "id":
          source.track = new Track(from.id, from.id === zeroId ? "unknown" : "entry")
          return yield* this.verify(reserved, source.definition, source.track)
      }
    })
  }

  private countersOf(reserved: Reserved, definition: Definition<any>): Effect.Effect<Counters | null, RedisError> {
    return Effect.catchIf(
      reserved.run(info(definition)),
      (error) => error._tag === "ReplyError" && noSuchKey.test(error.detail),
      () => Effect.succeed(null)
    )
  }

  /** Reads the next page of each stream that has one. Does not wait. */
  private page(reserved: Reserved): Effect.Effect<ReadonlyArray<Found>, RedisError> {
    return Effect.gen({ self: this }, function*() {
      const { count, sources } = this
      // In one step, so that nothing is trimmed between the counters and the entries.
      const results: ReadonlyArray<unknown> = yield* Effect.flatMap(
        reserved.transactionResults([...sources.map(({ definition }) => info(definition)), this.read(false)]),
        Effect.forEach((result): Effect.Effect<unknown, RedisError> =>
          result._tag === "Success"
            ? Effect.succeed(result.success)
            : result.failure._tag === "ReplyError" && noSuchKey.test(result.failure.detail)
            ? Effect.succeed(null)
            : Effect.fail(result.failure)
        )
      )
      const entries = this.entriesOf(results[sources.length] as ReadReply)
      const found: Array<Found> = []
      for (const [i, { definition, track }] of sources.entries()) {
        const state = results[i] as Counters | null
        if (!track!.isContinuedBy(state)) {
          const rewound = yield* this.reconcile(reserved, definition, track!, state)
          if (rewound !== undefined) {
            found.push([i, rewound])
            continue
          }
        }
        const read = entries[i]!
        const trimmed = track!.onPage(state, read, read.length >= count)
        if (trimmed !== undefined) found.push([i, trimmed])
        for (const entry of read) found.push([i, entry])
      }
      return found
    })
  }

  /** Waits until one of the streams has an entry, or a turn is over. */
  private wait(reserved: Reserved): Effect.Effect<ReadonlyArray<Found>, RedisError> {
    return Effect.map(reserved.run(this.read(true)), (reply) => {
      const entries = this.entriesOf(reply)
      return this.sources.flatMap(({ track }, i) => {
        track!.onEntries(entries[i]!)
        return entries[i]!.map((entry) => [i, entry] as const)
      })
    })
  }

  private read(isWaiting: boolean): Command.Command<ReadReply, "read"> {
    const streams = this.sources.map(({ definition, track }) => [definition.key, track!.position] as const)
    const options = { count: this.count, ...(isWaiting ? { block: turn } as const : {}) }
    return bytesOf(commands.xread(streams, options), readReply)
  }

  /** The entries of each stream. */
  private entriesOf(reply: ReadReply): ReadonlyArray<ReadonlyArray<RawEntry>> {
    if (this.sources.length === 1) return [reply[0]?.[1] ?? []]
    return this.sources.map(({ definition: { key } }) => {
      const name = Buffer.from(key as string)
      return reply.find(([given]) => name.equals(given))?.[1] ?? []
    })
  }

  // ---------------------------------------------------------------------------
  // Other histories
  // ---------------------------------------------------------------------------

  /** What to do about counters that do not continue the history that was read. */
  private reconcile(
    reserved: Reserved,
    definition: Definition<any>,
    track: Track,
    found: Counters | null
  ): Effect.Effect<Rewound | undefined, RedisError> {
    if (found === null) return Effect.succeed(track.rewind(zeroId))
    if (!this.isReplica) return this.verify(reserved, definition, track)
    // Another replica of the same history may be behind.
    track.forgetCounters()
    return Effect.undefined
  }

  /** Compares the history of a server with the one that was read. */
  private verify(
    reserved: Reserved,
    definition: Definition<any>,
    track: Track
  ): Effect.Effect<Rewound | undefined, RedisError> {
    return Effect.gen({ self: this }, function*() {
      for (let waited = 0;; waited += catchUpPause) {
        const { position } = track
        const [found, at] = yield* Effect.all([
          this.countersOf(reserved, definition),
          reserved.run(rangeCommand(definition, position, position, 1))
        ])
        const isLate = this.isReplica && waited < catchUpMillis
        if (found === null) {
          if (track.isContinuedBy(null)) return undefined
          if (!isLate) return track.rewind(zeroId)
        } else {
          if (!track.isContinuedBy(found)) track.forgetCounters()
          if (!track.isKnown || at.length > 0) return undefined
          const isBehind = compareIds(found.lastGeneratedId, position) < 0
          // Where nothing was ever removed, it has never been there.
          const isRemoved = found.entriesAdded !== found.length &&
            (found.length === 0 || compareIds(found.recordedFirstEntryId, position) > 0)
          if (!isBehind && (isRemoved || !track.isEntry)) return undefined
          const { common, hasUnread } = yield* this.search(reserved, definition, track)
          const isLost = hasUnread || (isBehind ? !isLate : compareIds(found.maxDeletedEntryId, position) < 0)
          if (isLost) return track.rewind(common ?? track.positionWithout(found))
          if (!isBehind) return undefined
        }
        yield* Effect.sleep(catchUpPause)
      }
    })
  }

  /** Finds the last entry that was given and that the server has, and whether it has later ones that were not given. */
  private search(
    reserved: Reserved,
    definition: Definition<any>,
    track: Track
  ): Effect.Effect<{ readonly common: string | undefined; readonly hasUnread: boolean }, RedisError> {
    return Effect.gen(function*() {
      const given = new Set(track.given)
      const oldest = track.given[0]
      let upper = track.position
      let hasUnread = false
      for (let page = 0; oldest !== undefined && page < maxSearchPages; page++) {
        const entries = yield* reserved.run(rangeCommand(definition, oldest, upper, searchPage, true))
        for (const { id } of entries) {
          if (given.has(id)) return { common: id, hasUnread }
          hasUnread = true
        }
        if (entries.length < searchPage) break
        upper = `(${entries.at(-1)!.id}`
      }
      return { common: undefined, hasUnread }
    })
  }
}
