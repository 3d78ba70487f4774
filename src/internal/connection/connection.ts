/**
 * One session with one server, after its handshake and to its end: commands issued
 * in one turn go out in one write, replies come back in order, push messages are
 * routed, a watchdog notices a server that hangs.
 *
 * What becomes of a command whose connection ends is not decided here: each Request
 * is told.
 *
 * Over 700 lines, since batching, the order of replies and the watchdog share the
 * state of one socket, and are the hot path.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Address from "../../Address.ts"
import type * as Command from "../../Command.ts"
import { ping } from "../../commands/connection.ts"
import type { Transport } from "../../Connector.ts"
import { ConnectionLost, ProtocolError, type ReplyError, type UnexpectedReply } from "../../Errors.ts"
import * as Resp from "../../Resp.ts"
import { DeadlineTimer } from "../common/deadlineTimer.ts"
import { Deque } from "../common/deque.ts"
import { Call, decodeReply, ignore } from "./call.ts"
import type { EndError, Request, Source } from "./types.ts"

/**
 * Who sees to it that a connection's writes and replies are worth something:
 * what has arrived elsewhere may say that its node is left.
 *
 * @since 0.1.0
 * @category models
 */
export interface Guard {
  /** Whether no reply is believed at once. */
  readonly withholdsReplies: boolean
  /** Replies come that are not to be believed at once. */
  readonly withholdReplies: (connection: Connection) => void
  /** Something may have arrived unseen, on this connection or elsewhere: `onCaughtUp` follows. */
  readonly onBehind: () => void
  /** It was read. `goOn` is called when writes may go out, at once or later. */
  readonly onCaughtUp: (goOn: () => void) => void
}

/**
 * While the replies of one chunk are handed out, the commands that they give
 * rise to are not kept until the last one is: once half of what was in flight
 * is answered, they go out. So client and server work at the same time instead
 * of taking turns. Measured with 100 in flight: 1.9 times the throughput. Fewer
 * commands than this are not worth a write of their own.
 */
const leastBatch = 16

/**
 * A batch that holds this much is written, so that the server can begin while
 * the rest is encoded. It is what Redis reads at a time (PROTO_IOBUF_LEN).
 * Measured on a pipeline of 1,000 SETs: 1.3 times the throughput of 64 KiB.
 */
const writeSize = 16 * 1024

/** So many requests may be without an answer, wanted or not, before they count as waiting. */
const usuallyUnanswered = 10_000

/** Before it is given up, a server is asked on other connections for so long, in milliseconds, and a quarter of `stallTimeout` at most. */
const mostDoubtMillis = 1000
/** The other connections have so long at least to be made, in milliseconds. */
const leastDoubtMillis = 100

/** From this size on a write is remembered until it is answered. */
const largeWrite = 256 * 1024

/**
 * What the system has taken may still be on its way: a server is waited for
 * longer by the time that it takes at this pace, in bytes a millisecond, for as
 * much as system buffers hold. 256 KiB a second, 8 MiB: 32 seconds at most.
 */
const slowestUpload = 256 * 1.024
const mostBuffered = 8 * 1024 * 1024

/** An answer that grows by less than this, in bytes a millisecond, does not count as one that comes: 1 KB a second. */
const slowestReply = 1

/** A timer that is later than this, in milliseconds, tells that the process stood still. */
const standstillMillis = 50

/** How often in a row that excuses the server: a process that is always late still has to notice. */
const mostRestarts = 3

/** How often somebody who minds late answers looks at the oldest command, and after how long it is late, in milliseconds. */
const lateInterval = 50
const lateMillis = 100

/**
 * An open, handshaken session.
 *
 * @since 0.1.0
 * @category models
 */
export class Connection {
  readonly address: Address.Address
  readonly shownAddress: string
  /** Where the other end is, by its address. */
  readonly remote: string | undefined
  /** The protocol agreed on. */
  protocol: 2 | 3 = 2
  /** Why it ended, once it has. */
  ended: EndError | undefined = undefined
  /** Set when something changed the session's state, so that it cannot serve anyone else. */
  tainted = false
  /** Set while keys may be watched on it, so that it cannot serve anyone else. */
  watching = false
  /** The role that was asked for and verified, if one was. */
  role: "primary" | "replica" | undefined = undefined
  /** Of a replica, as it said when it was opened: its primary, and whether it has a link to it and data. */
  source: Source | undefined = undefined
  /** The server's number for this connection; 0 where it does not say. */
  id = 0
  /** The configuration epoch of its group in which it was opened; 0 where there is none. */
  epoch = 0
  /** Which run of which server it leads to, once somebody has asked. */
  server: string | undefined = undefined
  /** Set where it listens in RESP2: then published messages come in place of replies. */
  listening = false
  /** Called once, when it has ended and every request has been told. */
  onEnd: (error: EndError) => void = ignore
  /**
   * Called when the oldest written command has waited for more than 100
   * milliseconds with no byte coming in; again only after one has come.
   */
  onLate: (() => void) | undefined = undefined
  /** Called with how long a PING of the watchdog took, in milliseconds. */
  onRoundTrip: (millis: number) => void = ignore
  /** Called for each push message. */
  onPush: (message: ReadonlyArray<Resp.Value>) => void = ignore

  /** Set where nothing is written, and no reply believed, before what has arrived was read. */
  guard: Guard | undefined = undefined
  private catchingUp = false

  private readonly ending = new Set<() => void>()
  private readonly transport: Transport
  private readonly decoder: Resp.Decoder
  private readonly encoder = new Resp.Encoder()
  private readonly queue = new Deque<Request>()
  private readonly inflight = new Deque<Request>()
  private readonly alarm: DeadlineTimer
  private readonly holds: ((id: number, millis: number) => Effect.Effect<boolean>) | undefined
  private readonly runFork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** The question whether the server holds this connection back, and of which silence it was. */
  /** Whether the server is being asked on other connections, and whether it is to be judged once that is over. */
  private isAsking = false
  private isOverdue = false
  private doubting: Fiber.Fiber<void> | undefined = undefined
  private doubted = -1
  private readonly stallMillis: number
  private readonly pingMillis: number
  private answered = 0
  private scheduled = false
  private handedOut = 0
  private enough = 0
  private blocked = false
  private draining: string | undefined = undefined
  private waitingSince = 0
  /** When this process went on after it had stood still, and how often in a row that was allowed for. */
  private goesOnAt = 0
  private restarts = 0
  private judging = false
  /** Whether a PING waits behind a command that the server takes its time for. */
  private keptAlive = false
  /** The oldest command when it was looked at last, and since when it has been that. */
  private eldest: Request | undefined = undefined
  private eldestSince = 0
  private lateSince = Infinity
  /** When the system took something that it had not taken at once. */
  private lastTaken = 0
  /** How many requests were written so far, and those large writes that may be unanswered. */
  private written = 0
  private uploads: Array<{ readonly written: number; readonly bytes: number }> = []
  /** How many of the queue are given up, and counted no more. */
  private abandoned = 0
  /** Whose reply is being handed out. */
  private handing: Request | undefined = undefined
  /** Since when how many requests were answered, and how much of the next reply there was then. */
  private spell = { answered: -1, since: 0, bytes: 0 }
  private lastRead: number

  constructor(
    transport: Transport,
    address: Address.Address,
    context: Context.Context<never>,
    options: {
      readonly stallMillis: number
      readonly pingMillis: number
      readonly limits: Resp.Limits | undefined
      /** Whether the server, asked on other connections for so many milliseconds, is alive but holds this one back. */
      readonly holds?: ((id: number, millis: number) => Effect.Effect<boolean>) | undefined
    }
  ) {
    this.holds = options.holds
    this.runFork = Effect.runForkWith(context)
    this.transport = transport
    this.address = address
    this.shownAddress = Address.format(address)
    this.remote = transport.remote
    this.stallMillis = options.stallMillis
    this.pingMillis = options.pingMillis
    this.decoder = new Resp.Decoder({
      wantsBytes: () => this.decoder.bytesPushed || (this.inflight.peek()?.asBytes ?? false),
      onReply: (value) => this.onReply(value),
      onPush: (message) => this.pushed(message)
    }, options.limits)
    this.alarm = new DeadlineTimer(context, (now, late) => this.guarded(() => this.watch(now, late)))
    this.lastRead = this.alarm.now()
    transport.start({
      data: (chunk) => this.onData(chunk),
      place: () => this.decoder.place(),
      drain: () => this.guarded(() => this.onDrain()),
      taken: () => this.onTaken(),
      closed: (cause) =>
        this.end(
          new ConnectionLost({
            address: this.shownAddress,
            kind: "closed",
            detail: cause instanceof Error ? cause.message : "the server closed the connection",
            cause
          })
        )
    })
    this.rest(this.lastRead)
  }

  /** How many requests wait: those that are not written yet, and those without an answer beyond the usual. */
  get queued(): number {
    const unanswered = this.inflight.size - usuallyUnanswered
    return this.queue.size - this.abandoned + (unanswered > 0 ? unanswered : 0)
  }

  /** Is told that a queued request is no longer wanted: it counts no more. */
  onAbandoned(): void {
    this.abandoned++
    if (this.abandoned * 2 > this.queue.size) this.compact()
  }

  private compact(): void {
    this.abandoned = 0
    this.queue.retain(isPending)
  }

  /** Whether nothing is queued or unanswered. */
  get idle(): boolean {
    return this.queue.size === 0 && this.inflight.size === 0
  }

  /** Whether it takes requests. */
  get open(): boolean {
    return this.ended === undefined && this.draining === undefined
  }

  /** Whatever the server says from now on, none of it repeats these. */
  conceal(secrets: ReadonlyArray<string>): void {
    this.decoder.secrets = secrets
  }

  /** Queues a request; what is queued in one turn is written together. */
  enqueue(request: Request): void {
    if (this.ended !== undefined) return request.onLost(this.ended, false)
    this.queue.push(request)
    if (this.blocked || this.scheduled) return
    this.scheduled = true
    queueMicrotask(this.turnEnds)
  }

  /** Asks for an answer, so that the watchdog notices if there is none. */
  probe(): void {
    this.enqueue(new Call(ping(), ignore))
  }

  /** Whether its oldest command has waited for so long that `onLate` was called, and still does. */
  get isLate(): boolean {
    return this.lastRead < this.lateSince && this.lateSince !== Infinity && this.inflight.size > 0
  }

  /** What is written and waits for replies, in order. */
  get unanswered(): ReadonlyArray<Request> {
    return Array.from({ length: this.inflight.size }, (_, i) => this.inflight.at(i))
  }

  /** Everything that is queued or unanswered. */
  each(f: (request: Request) => void): void {
    for (const requests of [this.inflight, this.queue]) {
      for (let i = 0; i < requests.size; i++) f(requests.at(i))
    }
  }

  /** Takes back what is not written yet, in order. */
  recall(): ReadonlyArray<Request> {
    this.abandoned = 0
    return this.queue.drain().filter((request) => request.isPending)
  }

  /** Takes those out that are not written yet and that a condition holds for. */
  withdraw(condition: (request: Request) => boolean): void {
    this.queue.retain((request) => !condition(request))
  }

  /** Puts others in the place of requests that are written and wait for replies. */
  replace(f: (request: Request, left: number) => Request): void {
    for (let i = 0; i < this.inflight.size; i++) {
      const request = this.inflight.at(i)
      this.inflight.set(i, f(request, i === 0 ? request.replies - this.answered : request.replies))
    }
  }

  /** Whether something may have arrived unseen, where that matters. If so, its guard is told, and again once it was read. */
  get isBehind(): boolean {
    return this.guard !== undefined && this.ended === undefined && this.catchUp(this.guard)
  }

  private catchUp(guard: Guard): boolean {
    if (this.catchingUp) return true
    if (this.transport.behind === undefined || !this.transport.behind(this.current)) return false
    this.catchingUp = true
    guard.onBehind()
    return true
  }

  private readonly current = (): void => {
    this.guard!.onCaughtUp(() => {
      this.catchingUp = false
      this.send()
    })
  }

  /** Ends when the connection has. */
  readonly closed: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.ended !== undefined) return resume(Effect.void)
    const done = (): void => resume(Effect.void)
    this.ending.add(done)
    return Effect.sync(() => void this.ending.delete(done))
  })

  private readonly turnEnds = (): void => {
    this.scheduled = false
    this.flush()
  }

  private flush(): void {
    if (this.guard !== undefined && this.catchUp(this.guard)) return
    this.send()
  }

  private send(): void {
    if (this.ended !== undefined || this.blocked) return
    const { encoder, inflight, queue } = this
    if (inflight.size === 0) {
      this.waitingSince = this.alarm.now()
      if (this.onLate !== undefined) this.alarm.set(this.waitingSince + lateInterval)
    }
    while (queue.size > 0) {
      const before = inflight.size
      while (queue.size > 0 && encoder.size < writeSize) {
        const request = queue.shift()!
        if (!request.isPending) {
          if (this.abandoned > 0) this.abandoned--
          continue
        }
        try {
          request.encode(encoder)
        } catch (error) {
          this.unwritable(request, error, inflight.size - before)
          continue
        }
        inflight.push(request)
      }
      if (encoder.size === 0) break
      const ascii = encoder.ascii
      this.written += inflight.size - before
      if (encoder.size >= largeWrite) this.uploads.push({ written: this.written, bytes: encoder.size })
      if (!this.transport.write(encoder.take(), ascii)) {
        this.blocked = true
        break
      }
      // A transport may report its end from inside a write.
      if (this.ended !== undefined) return
    }
  }

  /** A request cannot be written: nothing of it is, and the others of the batch as if it had not been there. */
  private unwritable(request: Request, error: unknown, others: number): void {
    const { encoder, inflight } = this
    encoder.take()
    for (let i = inflight.size - others; i < inflight.size; i++) inflight.at(i).encode(encoder)
    const detail = `it cannot be encoded (${error instanceof Error ? error.name : typeof error})`
    // Whoever is told may do anything, and this is in the middle of a batch.
    queueMicrotask(() => {
      if (request.onInvalid !== undefined) request.onInvalid(detail)
      else request.onReply(new Resp.ErrorReply(`ERR ${detail}`))
    })
  }

  private onDrain(): void {
    this.blocked = false
    this.onTaken()
    if (this.queue.size > 0 && !this.scheduled) this.flush()
  }

  private onTaken(): void {
    this.lastTaken = this.alarm.now()
  }

  private onData(chunk: Uint8Array): void {
    this.lastRead = this.alarm.now()
    this.restarts = 0
    this.handedOut = 0
    const guard = this.guard
    if (guard !== undefined && (this.catchUp(guard) || guard.withholdsReplies)) guard.withholdReplies(this)
    this.enough = Math.max(leastBatch, (this.inflight.size + 1) >> 1)
    try {
      this.decoder.feed(chunk)
    } catch (error) {
      this.onFault(error)
    }
    this.handing = undefined
    if (this.draining !== undefined && this.idle) this.close(this.draining)
  }

  private guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.onFault(error)
    }
  }

  /** Whatever is thrown while replies are handed out ends this connection, and nothing else. */
  private onFault(error: unknown): void {
    const fault = error instanceof ProtocolError
      ? { detail: error.detail, bytes: error.bytes }
      : { detail: `the client failed to process a reply (${Resp.printable(String(error), 200)})`, bytes: "" }
    const ended = new ProtocolError({ address: this.shownAddress, ...fault })
    const request = this.handing
    this.end(ended)
    // It is no longer among those that are told.
    if (request !== undefined && !(error instanceof ProtocolError)) request.onLost(ended, true)
  }

  /** From now on published messages are decoded as bytes, but for their kind. */
  listenToBytes(): void {
    this.decoder.bytesPushed = true
  }

  private pushed(message: Array<Resp.Value>): void {
    if (this.decoder.bytesPushed && message.length > 0) message[0] = Resp.toText(message[0]!)
    if (this.inflight.peek()?.acknowledged === true && acknowledgements.has(message[0])) this.onReply(message)
    else this.onPush(message)
  }

  // What is rare is kept out of it, so that it stays small enough to be inlined.
  private onReply(value: Resp.Value): void {
    if (this.listening && this.isPublished(value)) return this.onPush(value)
    const request = this.inflight.peek()
    if (request === undefined) return this.unasked(value)
    if (++this.answered === request.replies || isRefusedSubscription(request, value)) {
      this.inflight.shift()
      this.answered = 0
    }
    this.handing = request
    request.onReply(value)
    if (++this.handedOut >= this.enough && this.queue.size > 0) {
      this.handedOut = 0
      this.flush()
    }
  }

  private isPublished(value: Resp.Value): value is Array<Resp.Value> {
    if (!Array.isArray(value)) return false
    if (this.decoder.bytesPushed && value.length > 0) value[0] = Resp.toText(value[0]!)
    return published.has(value[0])
  }

  /**
   * An error that nobody asked for is the server's last word, such as "max
   * number of clients reached" or "Protocol error".
   */
  private unasked(value: Resp.Value): void {
    const shown = value instanceof Resp.ErrorReply ? Resp.printable(value.text) : Resp.describe(value)
    this.end(
      new ProtocolError({ address: this.shownAddress, detail: "a reply without a request", bytes: shown })
    )
  }

  /**
   * Gives up every request whose deadline has passed, and says when the next
   * one will.
   */
  expire(now: number): number {
    let next = Infinity
    const late: Array<[request: Request, written: boolean]> = []
    for (const written of [true, false]) {
      const requests = written ? this.inflight : this.queue
      for (let i = 0; i < requests.size; i++) {
        const request = requests.at(i)
        if (!request.isPending) continue
        if (request.deadline <= now) late.push([request, written])
        else if (request.deadline < next) next = request.deadline
      }
    }
    for (const [request, written] of late) request.onDeadline(written)
    if (late.length > 0) this.compact()
    return next
  }

  // ---------------------------------------------------------------------------
  // Watchdog

  private rest(now: number): void {
    this.alarm.set(Math.min(now + this.pingMillis, now + this.stallMillis / 2))
  }

  private watch(now: number, late: number): void {
    if (late > standstillMillis && this.restarts < mostRestarts) {
      // It was this process that stood still: the server's time begins again.
      this.restarts++
      this.goesOnAt = now
    }
    const head = this.inflight.peek()
    if (this.onLate !== undefined) this.lookAt(head, now)
    // What this turn has put in is not written yet: the server owes nothing for it.
    if (head === undefined && (this.queue.size === 0 || this.scheduled)) {
      if (now - this.lastRead >= this.pingMillis) {
        const sent = this.alarm.now()
        this.enqueue(new Call(ping(), () => this.onRoundTrip(this.alarm.now() - sent)))
        this.alarm.set(now + Math.min(this.stallMillis, this.pingMillis))
      } else {
        this.rest(this.lastRead < now ? now : this.lastRead)
      }
      return
    }
    const due = this.dueAt(now)
    if (now < due) {
      const silentAt = this.silentSince + this.allowance
      const doubtAt = silentAt - Math.min(mostDoubtMillis, this.stallMillis / 4)
      if (this.stallMillis !== Infinity && now >= doubtAt) this.doubt(silentAt - now)
      else if (doubtAt < due) this.alarm.set(doubtAt)
      // Where no silence is too long, the network still sees that the connection is in use.
      const silence = now - this.lastRead
      const blockingMillis = head === undefined ? 0 : head.blockingMillis
      if (this.stallMillis === Infinity && blockingMillis === 0 && silence >= this.pingMillis) this.keepAlive()
      return this.alarm.set(Math.min(due, now + this.pingMillis))
    }
    if (this.judging) return
    // It is being asked on other connections: the answer has a limit of its own, and may be a little late.
    if (this.isAsking) {
      this.isOverdue = true
      return
    }
    this.judging = true
    this.caughtUp(() => {
      this.judging = false
      if (this.ended === undefined) this.judge(Math.max(now, this.alarm.now()))
    })
  }

  private keepAlive(): void {
    if (this.keptAlive) return
    this.keptAlive = true
    this.enqueue(
      new Call(ping(), () => {
        this.keptAlive = false
      })
    )
  }

  /** Whether the oldest command is still the same, and nothing has come. */
  private lookAt(head: Request | undefined, now: number): void {
    if (head !== this.eldest || this.lastRead >= this.eldestSince) {
      this.eldest = head
      this.eldestSince = now
    }
    if (head === undefined) return
    this.alarm.set(now + lateInterval)
    if (now - Math.max(this.eldestSince, this.goesOnAt) < lateMillis + head.blockingMillis || this.isLate) return
    // It may be this process that was busy.
    this.caughtUp(() => {
      if (this.ended !== undefined || this.isLate || head !== this.inflight.peek()) return
      if (this.lastRead >= this.eldestSince) return
      this.lateSince = Math.max(now, this.alarm.now())
      this.onLate?.()
    })
  }

  /**
   * Before a silent server is given up, it is asked on other connections: one that
   * was told to let clients wait (CLIENT PAUSE) is not dead, and has executed
   * nothing.
   */
  private doubt(millis: number): void {
    const since = this.silentSince
    if (this.holds === undefined || this.doubted === since) return
    this.doubted = since
    this.isAsking = true
    this.doubting = this.runFork(
      Effect.asVoid(
        Effect.onExit(this.holds(this.id, Math.max(millis * 0.8, leastDoubtMillis)), (exit) =>
          Effect.sync(() => {
            this.isAsking = false
            if (this.ended !== undefined) return
            if (Exit.isSuccess(exit) && exit.value && this.silentSince === since) this.goesOnAt = this.alarm.now()
            if (!this.isOverdue) return
            this.isOverdue = false
            this.watch(this.alarm.now(), 0)
          }))
      )
    )
  }

  /** Since when nothing has moved, in either direction. */
  private get silentSince(): number {
    return Math.max(this.waitingSince, this.lastRead, this.lastTaken, this.goesOnAt)
  }

  /** For how long the server may be silent. */
  private get allowance(): number {
    const answered = this.written - this.inflight.size
    const uploads = this.uploads = this.uploads.filter((u) => u.written > answered)
    const bytes = uploads.reduce((sum, u) => sum + u.bytes, 0)
    return this.stallMillis + (this.inflight.peek()?.blockingMillis ?? 0) +
      Math.min(bytes, mostBuffered) / slowestUpload
  }

  /** When the server is to be judged next. */
  private dueAt(now: number): number {
    const answered = this.written - this.inflight.size
    if (this.spell.answered !== answered || this.idle) this.begin(now)
    const allowance = this.allowance
    return Math.min(this.silentSince + allowance, Math.max(this.spell.since, this.lastTaken, this.goesOnAt) + allowance)
  }

  private begin(now: number): void {
    this.spell = { answered: this.written - this.inflight.size, since: now, bytes: this.decoder.unfinished }
  }

  /** What has arrived was read: if the server still owes an answer, and none is coming, it is given up. */
  private judge(now: number): void {
    if (this.idle) return this.rest(now)
    const due = this.dueAt(now)
    if (now < due) return this.alarm.set(due)
    const { bytes, since } = this.spell
    const isSilent = now >= this.silentSince + this.allowance
    if (!isSilent && this.decoder.unfinished - bytes >= (now - since) * slowestReply) {
      // A long answer over a slow line.
      this.begin(now)
      return this.alarm.set(this.dueAt(now))
    }
    this.end(
      new ConnectionLost({
        address: this.shownAddress,
        kind: "stalled",
        detail: isSilent
          ? `no answer for ${Math.round(now - this.silentSince)} ms`
          : `only single bytes, and no complete answer for ${Math.round(now - since)} ms`
      })
    )
  }

  /** Calls back once all that had arrived before was read, on this connection and on others like it. */
  caughtUp(done: () => void): void {
    if (this.ended !== undefined || this.transport.caughtUp === undefined) return done()
    this.transport.caughtUp(done)
  }

  // ---------------------------------------------------------------------------
  // End

  /** Takes no more requests, and closes once the written ones are answered or the watchdog says that they never will be. */
  drain(why: string): void {
    if (this.ended !== undefined || this.draining !== undefined) return
    this.draining = why
    if (this.idle) this.close(why)
  }

  /** Closes it now. Written requests are lost. */
  close(why: string, kind: "retired" | "moved" = "retired"): void {
    this.end(new ConnectionLost({ address: this.shownAddress, kind, detail: why }))
  }

  /** One who throws when he is told does not keep the others from being told. */
  private tell(how: () => void): void {
    try {
      how()
    } catch (error) {
      this.runFork(Effect.logError(`A handler failed after the connection to ${this.shownAddress} had ended`, error))
    }
  }

  private end(error: EndError): void {
    if (this.ended !== undefined) return
    this.ended = error
    this.alarm.close()
    this.doubting?.interruptUnsafe()
    this.decoder.stop()
    this.transport.destroy()
    const written = this.inflight.drain()
    const unwritten = this.queue.drain()
    for (const request of written) this.tell(() => request.onLost(error, true))
    for (const request of unwritten) this.tell(() => request.onLost(error, false))
    this.tell(() => this.onEnd(error))
    for (const done of Array.from(this.ending)) done()
  }

  // ---------------------------------------------------------------------------
  // Commands without an executor

  /**
   * Runs a command on this connection only, with no deadline and no second
   * try: for handshakes and for questions to sentinels.
   */
  call<A>(command: Command.Command<A>): Effect.Effect<A, EndError | ReplyError | UnexpectedReply> {
    return Effect.callback<A, EndError | ReplyError | UnexpectedReply>((resume) => {
      const call = new Call(
        command,
        (value) => resume(decodeReply(command, value)),
        (error) => resume(Exit.fail(error))
      )
      this.enqueue(call)
      return Effect.sync(() => {
        if (!call.isPending) return
        call.isPending = false
        if (!call.written) this.onAbandoned()
      })
    })
  }
}

const isPending = (request: Request): boolean => request.isPending

const acknowledgements: ReadonlySet<unknown> = new Set([
  "subscribe",
  "psubscribe",
  "ssubscribe",
  "unsubscribe",
  "punsubscribe",
  "sunsubscribe"
])

const published: ReadonlySet<unknown> = new Set(["message", "pmessage", "smessage"])

const isRefusedSubscription = (request: Request, value: Resp.Value): boolean =>
  request.acknowledged === true && value instanceof Resp.ErrorReply
