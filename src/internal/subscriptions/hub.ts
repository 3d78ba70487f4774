/**
 * One connection for many subscriptions. A name is requested once, however many subscribers it has, and given up with
 * the last one; the last subscriber of all ends the connection. When the connection is lost or the group moves, the
 * next one gets all names, and each subscriber learns of the gap before its next message.
 *
 * What waits for a reader is in inbox.ts.
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Command from "../../Command.ts"
import { ClientClosed, ProtocolError, type RedisError, type ReplyError } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import type { Subscribed, WhenFull } from "../../PubSub.ts"
import * as Resp from "../../Resp.ts"
import { Pauses } from "../common/pauses.ts"
import { Call, ignore, replyError } from "../connection/call.ts"
import type { Connection } from "../connection/connection.ts"
import type { EndError } from "../connection/types.ts"
import { refuses } from "../execution/operation.ts"
import type { ClientRunner } from "../execution/types.ts"
import type { Format } from "./formats.ts"
import { Inbox, type InboxHost } from "./inbox.ts"
import { type Kind, type Name, Names, words } from "./names.ts"

/**
 * After a read of this many bytes, as many as a socket gives at once, more is there to be read: a reader that has got
 * fewer than these messages goes on with them a little later, so that it is not resumed for a few of them each time.
 * Measured on 100 readers: 1.2 times the throughput.
 */
const fullRead = 64 * 1024
const fewMessages = 64

/** A request names at most this many channels. */
const mostNames = 1000

const kinds = ["channel", "pattern", "shard"] as const

/** What a hub needs of its client. */
export type HubSource = Pick<ClientRunner, "label" | "services" | "commandTimeout" | "session" | "untilClosed">

/** The gap that a subscriber gets before its next message. */
interface Loss {
  readonly reason: "moved" | "lost"
  readonly detail: string
}

/**
 * One of those that a hub serves.
 *
 * @since 0.1.0
 * @category models
 */
export class Subscriber {
  readonly inbox: Inbox
  names: ReadonlyArray<Name<Subscriber>> = []
  /** How many of its names the present connection has not acknowledged. */
  missing = 0
  /** Whether all names were acknowledged once, and whether any was. */
  isEstablished = false
  hasBegun = false
  /** The gap that is due before the next message. */
  loss: Loss | undefined = undefined
  /** The request whose acknowledgements were coming in when the gap was given, while others were missing. */
  gapGivenDuring: object | undefined = undefined
  /** For how long it has waited, in milliseconds, to be acknowledged for the first time by a server that is busy. */
  waitedMillis = 0
  /** The attempts to connect that count for it begin with this one. */
  readonly firstRound: number
  readonly wantsEvents: boolean
  private waiting: ((exit: Exit.Exit<void, RedisError>) => void) | undefined = undefined
  private outcome: Exit.Exit<void, RedisError> | undefined = undefined

  constructor(inbox: Inbox, wantsEvents: boolean, firstRound: number) {
    this.inbox = inbox
    this.wantsEvents = wantsEvents
    this.firstRound = firstRound
  }

  /** Ends when the server has acknowledged everything for the first time. */
  readonly established: Effect.Effect<void, RedisError> = Effect.callback((resume) => {
    if (this.outcome !== undefined) return resume(this.outcome)
    this.waiting = resume
    return Effect.sync(() => {
      this.waiting = undefined
    })
  })

  settle(outcome: Exit.Exit<void, RedisError>): void {
    if (this.outcome !== undefined) return
    this.outcome = outcome
    this.waiting?.(outcome)
  }
}

const acknowledgedOn = new WeakMap<Subscribed, Connection>()

/** The connection of such an event, which leads to the node that sends the messages after it. */
export const connectionOf = (event: Subscribed): Connection => acknowledgedOn.get(event)!

const lossOf = (error: EndError): Loss => ({
  reason: error._tag === "ConnectionLost" && error.kind === "moved" ? "moved" : "lost",
  detail: error.message
})

/**
 * Serves subscribers until the last one leaves; then it is retired, and serves no more.
 *
 * @since 0.1.0
 * @category models
 */
export class Hub implements InboxHost {
  readonly label: string
  isRetired = false
  private readonly source: HubSource
  private readonly services: Context.Context<never>
  private readonly subscribers = new Map<Inbox, Subscriber>()
  private readonly names: { readonly [K in Kind]: Names<Subscriber> } = {
    channel: new Names("channel"),
    pattern: new Names("pattern"),
    shard: new Names("shard")
  }
  private connection: Connection | undefined = undefined
  private fiber: Fiber.Fiber<void> | undefined = undefined
  /** How often it has tried to connect. */
  private round = 0
  private readonly pauses = new Pauses()
  private endPause: () => void = ignore
  /** The requests without an answer, and who waits for them. */
  private unanswered = 0
  private onAnswered: () => void = ignore
  /** The request whose acknowledgements are coming in. */
  private answering: object | undefined = undefined
  /** Names that the server refuses for subscribers that had them before, or for a state that passes by itself. */
  private readonly refused = new Set<Name<Subscriber>>()
  private refusal: RedisError | undefined = undefined
  private retrying: Fiber.Fiber<void> | undefined = undefined
  private readable: Array<Inbox> = []
  private isFlushingLater = false
  /** How many bytes the last read gave, if they had a message. */
  private lastRead = 0
  private dropped = 0
  /** Whether nothing should be read, for a subscriber that waits. It is the only one. */
  private isFull = false
  private isFlushing = false

  constructor(source: HubSource) {
    this.source = source
    this.label = source.label
    this.services = source.services
  }

  // ---------------------------------------------------------------------------
  // Subscribers

  /** Adds a subscriber to names, which must be different. */
  join(
    names: ReadonlyArray<{ readonly kind: Kind; readonly bytes: Buffer }>,
    options: { readonly capacity: number; readonly whenFull: WhenFull; readonly events: boolean },
    format: Format<unknown>
  ): Subscriber {
    const inbox = new Inbox(this, options.capacity, options.whenFull, format)
    const subscriber = new Subscriber(inbox, options.events, this.round + 1)
    this.subscribers.set(inbox, subscriber)
    subscriber.names = names.map(({ bytes, kind }) => this.names[kind].of(bytes))
    subscriber.missing = names.length
    const absent: Array<Name<Subscriber>> = []
    for (const name of subscriber.names) {
      name.subscribers.add(subscriber)
      if (name.isLive) this.activate(name, subscriber)
      else if (!name.isRequested) absent.push(name)
    }
    if (this.fiber === undefined) this.fiber = this.fork(this.loop)
    else if (this.connection === undefined) this.endPause()
    else this.request(absent)
    return subscriber
  }

  /** Removes a subscriber. Its names are given up where nobody else has them. */
  leave(subscriber: Subscriber): void {
    if (!this.subscribers.delete(subscriber.inbox)) return
    subscriber.inbox.discard()
    this.drop(subscriber)
    subscriber.settle(Exit.fail(new ClientClosed({ target: this.label })))
  }

  private drop(subscriber: Subscriber): void {
    const unused: Array<Name<Subscriber>> = []
    for (const name of subscriber.names) {
      name.subscribers.delete(subscriber)
      name.deactivate(subscriber)
      if (name.subscribers.size > 0) continue
      this.names[name.kind].delete(name)
      this.refused.delete(name)
      if (name.isRequested) unused.push(name)
    }
    if (this.subscribers.size === 0) return this.retire()
    this.send("unsubscribe", unused)
  }

  private fail(subscriber: Subscriber, failure: Exit.Exit<never, RedisError>): void {
    if (!this.subscribers.delete(subscriber.inbox)) return
    subscriber.inbox.close(failure)
    this.drop(subscriber)
    subscriber.settle(failure)
  }

  private retire(): void {
    if (this.isRetired) return
    this.isRetired = true
    this.fiber?.interruptUnsafe()
    this.retrying?.interruptUnsafe()
    this.connection?.close("the last subscription has ended")
  }

  /** The server has acknowledged a name since the subscriber came. */
  private activate(name: Name<Subscriber>, subscriber: Subscriber): void {
    if (!name.activate(subscriber)) return
    subscriber.hasBegun = true
    if (--subscriber.missing === 0) this.complete(subscriber)
  }

  /** All names of a subscriber are live. */
  private complete(subscriber: Subscriber): void {
    const { connection } = this
    if (connection === undefined) return
    // Messages of the names that were missing then may be missing after that gap, too.
    if (subscriber.gapGivenDuring !== undefined && subscriber.gapGivenDuring !== this.answering) {
      subscriber.loss ??= { reason: "lost", detail: "the server had not acknowledged all names yet" }
    }
    subscriber.gapGivenDuring = undefined
    this.giveGap(subscriber)
    subscriber.isEstablished = true
    if (subscriber.wantsEvents) {
      const event = { _tag: "Subscribed" as const, address: connection.addressText, epoch: connection.epoch }
      acknowledgedOn.set(event, connection)
      subscriber.inbox.subscribed(event)
    }
    subscriber.settle(Exit.void)
  }

  private giveGap(subscriber: Subscriber): void {
    const { loss } = subscriber
    if (loss === undefined) return
    subscriber.loss = undefined
    if (subscriber.missing > 0) subscriber.gapGivenDuring = this.answering
    subscriber.inbox.gap(loss.reason, loss.detail)
  }

  // ---------------------------------------------------------------------------
  // Messages

  private readonly onMessage = (
    kind: 0 | 1 | 2,
    names: Buffer,
    patternFrom: number,
    patternTo: number,
    channelFrom: number,
    channelTo: number,
    body: Buffer,
    from: number,
    to: number
  ): void => {
    const name = kind === 1
      ? this.names.pattern.find(names, patternFrom, patternTo)
      : this.names[kind === 0 ? "channel" : "shard"].find(names, channelFrom, channelTo)
    if (name === undefined) return
    this.lastRead = body.length
    const { active } = name
    for (let i = 0; i < active.length; i++) {
      const subscriber = active[i]!
      if (subscriber.loss !== undefined) this.giveGap(subscriber)
      subscriber.inbox.message(name, names, channelFrom, channelTo, body, from, to)
    }
  }

  onReadable(inbox: Inbox): void {
    this.readable.push(inbox)
    this.flushSoon()
  }

  onDropped(): void {
    this.dropped++
    this.flushSoon()
  }

  /** Readers go on once for all messages that have arrived together. */
  private flushSoon(): void {
    if (this.isFlushing) return
    this.isFlushing = true
    queueMicrotask(this.flush)
  }

  private readonly flush = (): void => {
    this.isFlushing = false
    const { dropped, readable } = this
    this.dropped = 0
    if (dropped > 0) Metrics.droppedMessages.updateUnsafe(dropped, this.services)
    if (this.lastRead !== fullRead) return this.wakeAll()
    this.readable = []
    for (const inbox of readable) {
      if (inbox.size < fewMessages) this.readable.push(inbox)
      else inbox.wake()
    }
    if (this.readable.length === 0 || this.isFlushingLater) return
    this.isFlushingLater = true
    setImmediate(this.flushLater)
  }

  private readonly flushLater = (): void => {
    this.isFlushingLater = false
    this.wakeAll()
  }

  private wakeAll(): void {
    const { readable } = this
    this.readable = []
    for (const inbox of readable) inbox.wake()
  }

  onFailed(inbox: Inbox): void {
    const subscriber = this.subscribers.get(inbox)
    if (subscriber === undefined) return
    this.subscribers.delete(inbox)
    this.drop(subscriber)
  }

  onFull(isFull: boolean): void {
    this.isFull = isFull
    if (!isFull) this.connection?.resume()
    // Acknowledgements that are outstanding have to be read.
    else if (this.unanswered === 0) this.connection?.pause()
  }

  // ---------------------------------------------------------------------------
  // Requests

  private request(names: ReadonlyArray<Name<Subscriber>>): void {
    for (const name of names) name.isRequested = true
    this.send("subscribe", names)
  }

  private send(what: "subscribe" | "unsubscribe", names: ReadonlyArray<Name<Subscriber>>): void {
    for (const kind of kinds) {
      const those = names.filter((name) => name.kind === kind)
      for (let i = 0; i < those.length; i += mostNames) this.sendOne(what, kind, those.slice(i, i + mostNames))
    }
  }

  private sendOne(what: "subscribe" | "unsubscribe", kind: Kind, names: ReadonlyArray<Name<Subscriber>>): void {
    const { connection } = this
    if (connection === undefined) return
    const word = words[kind][what]
    const command = Command.make(
      Command.define({ words: [word], mode: "read", decode: Command.value }),
      names.map((name) => name.bytes)
    )
    let acknowledged = 0
    if (what === "subscribe") this.unanswered++
    const answered = (value: Resp.Value): void => {
      if (this.connection !== connection) return
      if (value instanceof Resp.ErrorReply) {
        if (what === "subscribe") this.onRefused(kind, names, replyError(command, value))
      } else {
        const name = names[acknowledged++]!
        if (!isAcknowledgement(value, word.toLowerCase(), name.bytes)) {
          throw new ProtocolError({ detail: `not the acknowledgement of ${word}`, bytes: Resp.describe(value) })
        }
        if (what === "subscribe") this.onAcknowledged(name, command)
        if (acknowledged < names.length) return
      }
      if (what !== "subscribe" || --this.unanswered > 0) return
      if (this.isFull) connection.pause()
      this.onAnswered()
    }
    const lost = (error: EndError): void => this.onLost(connection, error)
    connection.enqueue(new Call(command, answered, lost, names.length))
  }

  private onAcknowledged(name: Name<Subscriber>, request: object): void {
    // It may have been given up since.
    if (!name.isRequested || name.subscribers.size === 0) return
    this.answering = request
    name.isLive = true
    const wasRefused = this.refused.delete(name)
    for (const subscriber of name.subscribers) {
      if (wasRefused && subscriber.isEstablished) {
        subscriber.loss ??= { reason: "lost", detail: "the server did not let the user subscribe for a while" }
      }
      this.activate(name, subscriber)
    }
  }

  /** A request is refused as a whole, for one of its names. */
  private onRefused(kind: Kind, names: ReadonlyArray<Name<Subscriber>>, error: ReplyError): void {
    const wanted = names.filter((name) => name.subscribers.size > 0)
    if (wanted.length === 0) return
    if (refuses(error.command, error.code, error.detail)) return this.retryLater(wanted, error)
    const [first] = wanted[0]!.subscribers
    const isOnlyFor = wanted.every((name) => name.subscribers.size === 1 && name.subscribers.has(first!))
    if (isOnlyFor && !first!.isEstablished) {
      for (const name of wanted) name.isRequested = false
      return this.fail(first!, Exit.fail(error))
    }
    if (wanted.length > 1) {
      const middle = wanted.length >> 1
      this.sendOne("subscribe", kind, wanted.slice(0, middle))
      return this.sendOne("subscribe", kind, wanted.slice(middle))
    }
    const name = wanted[0]!
    for (const subscriber of Array.from(name.subscribers)) {
      if (!subscriber.isEstablished) this.fail(subscriber, Exit.fail(error))
    }
    if (name.subscribers.size > 0) this.retryLater(wanted, error)
    else name.isRequested = false
  }

  private retryLater(names: ReadonlyArray<Name<Subscriber>>, error: RedisError): void {
    for (const name of names) {
      name.isRequested = false
      this.refused.add(name)
    }
    this.refusal = error
    if (this.retrying === undefined && !this.isRetired) this.retrying = this.fork(this.retryRefused)
  }

  /** Asks for refused names again after a pause, less and less often. */
  private readonly retryRefused: Effect.Effect<void> = Effect.gen({ self: this }, function*() {
    let isTold = false
    const pauses = new Pauses()
    while (this.refused.size > 0) {
      if (!isTold && Array.from(this.subscribersOfRefused).some((subscriber) => subscriber.isEstablished)) {
        isTold = true
        yield* this.warn(this.refusal!)
      }
      this.onWaited(yield* pauses.wait)
      this.request(Array.from(this.refused).filter((name) => !name.isRequested))
    }
  }).pipe(Effect.ensuring(Effect.sync(() => {
    this.retrying = undefined
  })))

  private get subscribersOfRefused(): ReadonlySet<Subscriber> {
    const found = new Set<Subscriber>()
    for (const name of this.refused) for (const subscriber of name.subscribers) found.add(subscriber)
    return found
  }

  /** Subscribers that were never acknowledged wait for as long as a command may take. */
  private onWaited(millis: number): void {
    for (const subscriber of this.subscribersOfRefused) {
      if (subscriber.isEstablished || (subscriber.waitedMillis += millis) < this.source.commandTimeout) continue
      this.fail(subscriber, Exit.fail(this.refusal!))
    }
  }

  // ---------------------------------------------------------------------------
  // Connections

  private fork(effect: Effect.Effect<void, RedisError>): Fiber.Fiber<void> {
    return Effect.runForkWith(this.services)(
      Effect.catchCause(this.source.untilClosed(effect), (cause) => Effect.sync(() => this.failAll(cause)))
    )
  }

  /** The client was closed, or a function of the caller has thrown. */
  private failAll(cause: Cause.Cause<RedisError>): void {
    const failure = Exit.failCause(cause)
    for (const subscriber of Array.from(this.subscribers.values())) this.fail(subscriber, failure)
  }

  private readonly loop: Effect.Effect<void, RedisError> = Effect.gen({ self: this }, function*() {
    while (!this.isRetired) {
      const round = ++this.round
      const result = yield* Effect.result(Effect.scoped(this.once))
      if (result._tag === "Success") continue
      const error = result.failure
      if (error._tag === "ClientClosed") return yield* Effect.fail(error)
      for (const subscriber of Array.from(this.subscribers.values())) {
        if (!subscriber.isEstablished && subscriber.firstRound <= round) this.fail(subscriber, Exit.fail(error))
      }
      if (!this.hasEstablished) continue
      if (this.pauses.isFirst) yield* this.warn(error)
      yield* Effect.raceFirst(this.pauses.wait, this.untilJoined)
    }
  })

  private get hasEstablished(): boolean {
    for (const subscriber of this.subscribers.values()) if (subscriber.isEstablished) return true
    return false
  }

  private readonly untilJoined: Effect.Effect<void> = Effect.callback((resume) => {
    this.endPause = () => resume(Effect.void)
    return Effect.sync(() => {
      this.endPause = ignore
    })
  })

  private readonly once = Effect.gen({ self: this }, function*() {
    const connection = yield* this.source.session((connection) => this.begin(connection))
    this.pauses.reset()
    yield* connection.closed
    this.onLost(connection, connection.ended!)
  })

  /** Asks for all names, and ends when the server has answered, or fails with the connection. */
  private begin(connection: Connection): Effect.Effect<void, RedisError> {
    const answered = Effect.callback<void>((resume) => {
      if (this.isRetired) return resume(Effect.void)
      this.connection = connection
      this.unanswered = 0
      connection.listenToMessages(this.onMessage)
      this.onAnswered = () => {
        this.onAnswered = ignore
        resume(Effect.void)
      }
      const all: Array<Name<Subscriber>> = []
      for (const kind of kinds) this.names[kind].forEach((name) => void all.push(name))
      this.request(all)
      if (this.unanswered === 0) this.onAnswered()
    })
    const ended = Effect.flatMap(connection.closed, () => {
      this.onLost(connection, connection.ended!)
      return Effect.fail(connection.ended!)
    })
    return Effect.raceFirst(answered, ended)
  }

  private onLost(connection: Connection, error: EndError): void {
    if (this.connection !== connection) return
    this.connection = undefined
    this.onAnswered = ignore
    this.answering = undefined
    this.refused.clear()
    for (const kind of kinds) {
      this.names[kind].forEach((name) => {
        name.isRequested = name.isLive = false
        name.deactivateAll()
      })
    }
    const loss = lossOf(error)
    for (const subscriber of this.subscribers.values()) {
      subscriber.missing = subscriber.names.length
      subscriber.gapGivenDuring = undefined
      // From the first acknowledgement on, a lost connection leaves a gap.
      if (subscriber.hasBegun) subscriber.loss ??= loss
    }
  }

  private warn(error: RedisError): Effect.Effect<void> {
    return Effect.logWarning(
      `${this.label}: a subscription was lost and cannot be restored yet; the client keeps trying: ${error.message}`
    )
  }
}

const isAcknowledgement = (value: Resp.Value, word: string, name: Buffer): boolean =>
  Array.isArray(value) && value[0] === word && value[1] instanceof Uint8Array && name.equals(value[1])
