/**
 * One session with one server, from the handshake to its end: commands issued
 * in one turn go out in one write, replies come back in order, push messages
 * are routed, a watchdog notices a server that hangs.
 *
 * What becomes of a command whose connection ends is not decided here: each
 * `Request` is told, and `Executor.ts` has the rules.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Address from "./Address.ts"
import * as Command from "./Command.ts"
import { ping } from "./commands/connection.ts"
import { info, role } from "./commands/server.ts"
import { Connector, explainTls, type Resolver, type TlsOptions, type Transport } from "./Connector.ts"
import {
  AuthenticationFailed,
  ConnectFailed,
  ConnectionLost,
  ProtocolError,
  ReplyError,
  RoleMismatch,
  UnexpectedReply
} from "./Errors.ts"
import { Alarm } from "./internal/Alarm.ts"
import { Deque } from "./internal/Deque.ts"
import { monotonicMillis, timeoutOrElse } from "./internal/time.ts"
import * as Resp from "./Resp.ts"

/**
 * Why a session could not be opened.
 *
 * @since 0.1.0
 * @category errors
 */
export type OpenError = ConnectFailed | ConnectionLost | AuthenticationFailed | RoleMismatch | ProtocolError

/**
 * Why a session ended.
 *
 * @since 0.1.0
 * @category errors
 */
export type EndError = ConnectionLost | ProtocolError

/**
 * Who logs in, and how the session is set up.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionOptions {
  /** The ACL user. Default: the server's `default` user. */
  readonly username?: string | undefined
  /** The password, or an Effect of one that runs at each connection attempt. */
  readonly password?: Redacted.Redacted | Effect.Effect<Redacted.Redacted, unknown> | undefined
  readonly tls?: TlsOptions | undefined
  /**
   * Who finds the addresses of host names: a `Resolver` of `node:dns`, or a
   * function as `dns.lookup`. Default: the system, with two look-ups of this
   * library under way at most (three where two hang), and one of a name.
   */
  readonly resolver?: Resolver | undefined
  /** The database that the session selects. Default 0. */
  readonly database?: number | undefined
  /** The name that CLIENT LIST shows. */
  readonly clientName?: string | undefined
  /** The protocol asked for. Default 3; where the server has no HELLO, 2. */
  readonly protocol?: 2 | 3 | undefined
  /** For dialling, TLS and the handshake together. Default 2 seconds. */
  readonly connectTimeout?: Duration.Input | undefined
  /**
   * For how long a server may leave a written command unanswered before the
   * connection is given up. `"Infinity"` turns it off. Default 5 seconds.
   *
   * What counts as an answer that comes: a whole reply, or one that grows by 1 KB
   * a second or more. A byte now and then does not. A request is not owed an
   * answer while the system still takes its bytes; what it has taken may be on its
   * way: a second is added for each 256 KiB of large writes, 32 at most. Time in
   * which this process itself stood still does not count. A server that was told
   * to let clients wait (CLIENT PAUSE) is asked on other connections, and is not
   * given up: commands wait until their own deadline.
   */
  readonly stallTimeout?: Duration.Input | undefined
  /** After how long without traffic the server is sent a PING. Default 5 seconds. */
  readonly pingInterval?: Duration.Input | undefined
  /** What the decoder accepts at most. */
  readonly limits?: Resp.Limits | undefined
}

/**
 * Where a replica has its data from.
 *
 * @since 0.1.0
 * @category models
 */
export interface Source {
  readonly host: string
  readonly port: number
  readonly isLinked: boolean
  /** Undefined where nobody says. */
  readonly hasData: boolean | undefined
}

/**
 * One entry of a connection's queue. It is told exactly one of: all its
 * replies, or its loss.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  /** How many replies belong to it. */
  readonly replies: number
  /** Whether its bulk strings are wanted as bytes; asked at the start of each reply. */
  readonly asBytes: boolean
  /** For how long the server may keep it waiting on purpose, in milliseconds. */
  readonly patience: number
  /** When it is to be given up, in milliseconds of monotonic time. */
  readonly deadline: number
  /** False once nobody waits for it: unwritten, it is dropped; written, its reply is. */
  readonly wanted: boolean
  /**
   * Whether its replies are acknowledgements of subscriptions, which RESP3 sends
   * as push messages; an error in their place is its only reply.
   */
  readonly acknowledged?: boolean
  readonly encode: (encoder: Resp.Encoder) => void
  readonly onReply: (value: Resp.Value) => void
  readonly onLost: (error: EndError, written: boolean) => void
  /** It cannot be written: no reply will come. Where this is missing, an error takes the place of the reply. */
  readonly onInvalid?: ((detail: string) => void) | undefined
  readonly onDeadline: (written: boolean) => void
}

/**
 * Who sees to it that a connection's writes and replies are worth something:
 * what has arrived elsewhere may say that its node is left.
 *
 * @since 0.1.0
 * @category models
 */
export interface Guard {
  /** Whether no reply is believed at once. */
  readonly doubts: boolean
  /** Replies come that are not to be believed at once. */
  readonly doubt: (connection: Connection) => void
  /** Something may have arrived unseen, on this connection or elsewhere: `current` follows. */
  readonly behind: () => void
  /** It was read. `goOn` is called when writes may go out, at once or later. */
  readonly current: (goOn: () => void) => void
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
  private readonly alarm: Alarm
  private readonly holds: ((id: number, millis: number) => Effect.Effect<boolean>) | undefined
  private readonly runFork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** The question whether the server holds this connection back, and of which silence it was. */
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
  private given = 0
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
    this.alarm = new Alarm(context, (now, late) => this.guarded(() => this.watch(now, late)))
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
            detail: cause instanceof Error ? cause.message : "the server closed it",
            cause
          })
        )
    })
    this.rest(this.lastRead)
  }

  /** How many requests wait: those that are not written yet, and those without an answer beyond the usual. */
  get queued(): number {
    const unanswered = this.inflight.size - usuallyUnanswered
    return this.queue.size - this.given + (unanswered > 0 ? unanswered : 0)
  }

  /** Is told that a queued request is no longer wanted: it counts no more. */
  gaveUp(): void {
    this.given++
    if (this.given * 2 > this.queue.size) this.compact()
  }

  private compact(): void {
    this.given = 0
    this.queue.retain(isWanted)
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
    this.given = 0
    return this.queue.drain().filter((request) => request.wanted)
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
    guard.behind()
    return true
  }

  private readonly current = (): void => {
    this.guard!.current(() => {
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
        if (!request.wanted) {
          if (this.given > 0) this.given--
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
    const detail = `it cannot be written (${error instanceof Error ? error.name : typeof error})`
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
    if (guard !== undefined && (this.catchUp(guard) || guard.doubts)) guard.doubt(this)
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
      : { detail: `a reply that could not be taken in (${Resp.printable(String(error), 200)})`, bytes: "" }
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
      new ProtocolError({ address: this.shownAddress, detail: "a reply that nothing was asked for", bytes: shown })
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
        if (!request.wanted) continue
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
      const patience = head === undefined ? 0 : head.patience
      if (this.stallMillis === Infinity && patience === 0 && silence >= this.pingMillis) this.keepAlive()
      return this.alarm.set(Math.min(due, now + this.pingMillis))
    }
    if (this.judging) return
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
    if (now - Math.max(this.eldestSince, this.goesOnAt) < lateMillis + head.patience || this.isLate) return
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
    this.doubting = this.runFork(
      Effect.map(this.holds(this.id, millis * 0.8), (holds) => {
        if (holds && this.silentSince === since) this.goesOnAt = this.alarm.now()
      })
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
    return this.stallMillis + (this.inflight.peek()?.patience ?? 0) + Math.min(bytes, mostBuffered) / slowestUpload
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
          : `a byte now and then, and no answer for ${Math.round(now - since)} ms`
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
      this.runFork(Effect.logError(`the end of a connection to ${this.shownAddress} could not be handled`, error))
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
        if (!call.wanted) return
        call.wanted = false
        if (!call.written) this.gaveUp()
      })
    })
  }
}

const ignore = (): void => {}

const isWanted = (request: Request): boolean => request.wanted

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

/**
 * A request of the library itself: of a handshake, of a question to a sentinel,
 * a PING, a subscription. One class for all of them, since V8 tells at most four
 * shapes of requests apart on the hot path: with six, the throughput with 100 in
 * flight was a twentieth less.
 *
 * @since 0.1.0
 * @category models
 */
export class Call implements Request {
  readonly replies: number
  readonly asBytes: boolean
  readonly patience = 0
  readonly deadline = Infinity
  readonly acknowledged: boolean
  wanted = true
  written = false
  private readonly command: Command.Any
  private readonly answered: (value: Resp.Value) => void
  private readonly lost: (error: EndError) => void
  constructor(
    command: Command.Any,
    answered: (value: Resp.Value) => void,
    lost: (error: EndError) => void = ignore,
    /** How many acknowledgements of subscriptions it waits for; 0 if it is none, and has one reply. */
    acknowledgements = 0
  ) {
    this.command = command
    this.asBytes = command.asBytes
    this.replies = Math.max(1, acknowledgements)
    this.acknowledged = acknowledgements > 0
    this.answered = answered
    this.lost = lost
  }
  encode(encoder: Resp.Encoder): void {
    this.written = true
    Command.encode(this.command, encoder)
  }
  onReply(value: Resp.Value): void {
    this.answered(value)
  }
  onLost(error: EndError): void {
    this.lost(error)
  }
  onDeadline(): void {}
}

/**
 * What a reply makes of its command: the decoded result, or why there is none.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeReply = <A>(
  command: Command.Command<A, any, any>,
  value: Resp.Value
): Exit.Exit<A, ReplyError | UnexpectedReply> => {
  if (value instanceof Resp.ErrorReply) return Exit.fail(replyError(command, value))
  try {
    return Exit.succeed(command.spec.decode(value, command.asBytes))
  } catch (error) {
    if (!(error instanceof Command.Mismatch)) {
      // A decoder of the caller's own that throws: the command was executed, and its neighbours have nothing to do with it.
      return Exit.fail(
        new UnexpectedReply({
          command: command.spec.name,
          expected: "something that its decoder can read",
          actual: Resp.describe(value)
        })
      )
    }
    return Exit.fail(
      new UnexpectedReply({
        command: command.spec.name,
        expected: error.expected,
        actual: Resp.describe(error.actual)
      })
    )
  }
}

/**
 * The error that the server's error reply becomes. What Redis repeats of an
 * unknown command's arguments is left out: one of them may be a secret. Of what
 * it says of AUTH nothing but the code is told.
 *
 * @since 0.1.0
 * @category errors
 */
export const replyError = (command: Command.Any, reply: Resp.ErrorReply): ReplyError => {
  const isAuth = /^auth$/i.test(command.spec.words[0]!)
  return new ReplyError({
    code: isAuth ? codeOf(reply) : Resp.printable(reply.code, 64),
    detail: isAuth ? ofCredentials(reply) : serverText(reply),
    command: command.spec.name
  })
}

/**
 * What a server says, for messages: without an unknown command's arguments,
 * printable, and cut.
 *
 * @since 0.1.0
 * @category errors
 */
export const serverText = (reply: Resp.ErrorReply): string =>
  Resp.printable(reply.text.replace(/, with args beginning with:.*$/s, ""))

// -----------------------------------------------------------------------------
// Opening
// -----------------------------------------------------------------------------

const session = <A>(words: ReadonlyArray<string>, args: ReadonlyArray<Command.Arg>, decode: Command.Decode<A>) =>
  Command.make(Command.define({ words, mode: "read", decode }), args)

const libraryVersion = "0.1.0"

const defaultConnectTimeout = Duration.seconds(2)
const defaultStallTimeout = Duration.seconds(5)
const defaultPingInterval = Duration.seconds(5)

/**
 * Opens a session: dials, logs in, names itself, selects the database, and,
 * where a role is given, makes sure that the server has it. All within
 * `connectTimeout`. The session ends with the Scope.
 *
 * The commands of the handshake go out in one write: HELLO with AUTH and
 * SETNAME, CLIENT SETINFO, SELECT, ROLE. Where HELLO is unknown, AUTH, CLIENT
 * SETNAME and the rest follow in RESP2. `dialled` is told how long each dial
 * took that was accepted, in milliseconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = (
  address: Address.Address,
  options: SessionOptions,
  expected?: "primary" | "replica" | undefined,
  dialled: (millis: number) => void = ignore
): Effect.Effect<Connection, OpenError, Scope.Scope> => {
  const shown = Address.format(address)
  const timeout = Duration.fromInputUnsafe(options.connectTimeout ?? defaultConnectTimeout)
  const attempt = (opening: Opening, password: string | undefined) =>
    Effect.gen(function*() {
      const dial = yield* Connector
      const context = yield* Effect.context<never>()
      const connection = yield* Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const began = yield* monotonicMillis
          const transport = yield* restore(dial({ address, tls: options.tls, resolver: options.resolver }))
          dialled((yield* monotonicMillis) - began)
          const connection = new Connection(transport, address, context, {
            stallMillis: Duration.toMillis(Duration.fromInputUnsafe(options.stallTimeout ?? defaultStallTimeout)),
            pingMillis: Duration.toMillis(Duration.fromInputUnsafe(options.pingInterval ?? defaultPingInterval)),
            limits: options.limits,
            holds: (id, millis) => Effect.provideService(holdsBack(address, options, id, millis), Connector, dial)
          })
          yield* Effect.addFinalizer(() => Effect.sync(() => connection.close("the scope closed")))
          return connection
        })
      )
      yield* handshake(connection, options, password, expected, opening)
      connection.role = expected
      return connection
    })
  const establish = Effect.gen(function*() {
    const password = yield* evaluatePassword(shown, options)
    const first: Opening = options.protocol === 2 ? 1 : 0
    const known = recall(options, shown, yield* monotonicMillis)
    let opening: Opening = known?.opening ?? first
    const last: Opening = known?.opening ?? 2
    let isTls = known?.isTls ?? false
    const outer = yield* Effect.scope
    while (true) {
      const own = Scope.forkUnsafe(outer)
      const exit = yield* attempt(opening, password).pipe(
        Scope.provide(own),
        Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit)),
        Effect.result
      )
      const now = yield* monotonicMillis
      // A node that says that it is the wrong one has understood.
      if (exit._tag === "Success" || exit.failure._tag === "RoleMismatch") {
        if (opening !== first) remember(options, shown, { opening, isTls: false, until: now + openingMillis })
        return exit._tag === "Success" ? exit.success : yield* exit.failure
      }
      const error = exit.failure
      const closedEarly = error._tag === "ConnectionLost" && error.kind === "closed"
      if (closedEarly && opening < last) {
        opening = opening === 0 ? 1 : 2
        continue
      }
      // What does not help, or no more, is not tried again with each dial.
      if (known !== undefined && opening !== first) forget(options, shown)
      else if (closedEarly && known === undefined) {
        if (!isSecure(options)) isTls = yield* speaksTls(address, options.resolver, Duration.toMillis(timeout) / 8)
        remember(options, shown, { opening: first, isTls, until: now + closedMillis })
      }
      if (error._tag === "ProtocolError" && !isSecure(options) && error.bytes.startsWith(alert)) {
        return yield* notPlain(shown)
      }
      return yield* closedEarly ? isTls ? notPlain(shown) : endedEarly(error, options) : error
    }
  })
  const attempted = isSecure(options)
    ? Effect.raceFirst(establish, speaksPlain(address, options.resolver, Duration.toMillis(timeout) / 4))
    : establish
  return timeoutOrElse(attempted, {
    duration: timeout,
    orElse: () =>
      Effect.fail(
        new ConnectFailed({
          address: shown,
          phase: "handshake",
          detail: `no session within ${Duration.toMillis(timeout)} ms${isSecure(options) ? plainHint : ""}`
        })
      )
  })
}

/**
 * A server that does not speak TLS waits for the end of a line that the client's
 * greeting does not have. When nothing has come of it for a while, the server is
 * asked in plain whether it is one: fails if so, and never ends otherwise.
 */
const speaksPlain = (
  address: Address.Address,
  resolver: Resolver | undefined,
  afterMillis: number
): Effect.Effect<never, ConnectFailed> =>
  Effect.gen(function*() {
    yield* Effect.sleep(afterMillis)
    const dial = yield* Connector
    const transport = yield* Effect.acquireRelease(
      dial({ address, resolver }),
      (transport) => Effect.sync(() => transport.destroy()),
      { interruptible: true }
    )
    const first = yield* Effect.callback<number | undefined>((resume) => {
      transport.start({
        data: (chunk) => resume(Effect.succeed(chunk[0])),
        drain: ignore,
        closed: () => resume(Effect.undefined)
      })
      transport.write(["PING\r\n"], true)
    })
    // A simple string or an error.
    if (first !== 0x2b && first !== 0x2d) return yield* Effect.never
    return yield* new ConnectFailed({
      address: Address.format(address),
      phase: "tls",
      detail: "the server does not speak TLS at this port: it answers without",
      permanent: true
    })
  }).pipe(
    Effect.scoped,
    Effect.catch((error) => error.phase === "tls" ? Effect.fail(error) : Effect.never)
  )

/** How a TLS server's alert begins, escaped. */
const alert = "\\x15\\x03"

/** The record of a greeting that makes no sense: a TLS server answers with an alert, and others with an error. */
const nonsense = Buffer.from("\x16\x03\x01\x00\x06\x01\x00\x00\x02\r\n", "latin1")

/**
 * A server that speaks TLS ends a connection that does not, mostly without a
 * word: whether it has one for somebody who greets it in its own language.
 */
const speaksTls = (
  address: Address.Address,
  resolver: Resolver | undefined,
  withinMillis: number
): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const dial = yield* Connector
    const transport = yield* Effect.acquireRelease(
      dial({ address, resolver }),
      (transport) => Effect.sync(() => transport.destroy())
    )
    return yield* Effect.callback<boolean>((resume) => {
      transport.start({
        data: (chunk) => resume(Effect.succeed(Resp.escapeBytes(chunk).startsWith(alert))),
        drain: ignore,
        closed: () => resume(Effect.succeed(false))
      })
      transport.write([nonsense], false)
    })
  }).pipe(
    Effect.scoped,
    Effect.catch(() => Effect.succeed(false)),
    Effect.timeoutOrElse({ duration: withinMillis, orElse: () => Effect.succeed(false) })
  )

const notPlain = (shown: string): ConnectFailed =>
  new ConnectFailed({
    address: shown,
    phase: "tls",
    detail: "the server speaks TLS at this port: set the option tls",
    permanent: true
  })

const isSecure = (options: SessionOptions): boolean => options.tls !== undefined && options.tls !== false

const plainHint = "; does the server speak TLS at this port?"

/** Nobody knows why a server ends a connection without a word, but there are usual reasons. */
const endedEarly = (error: ConnectionLost, options: SessionOptions): ConnectFailed => {
  const why = isSecure(options) ? explainTls(error.cause, options.tls, { expected: "", found: "" }) : undefined
  return new ConnectFailed({
    address: error.address,
    phase: why === undefined ? "handshake" : "tls",
    detail: why?.detail ??
      `the server closed it in the middle of the handshake (${error.detail})${
        isSecure(options) ? "" : "; if it speaks TLS at this port, set the option tls"
      }`,
    permanent: why?.permanent,
    cause: error.cause
  })
}

/** A frame that every server answers at once, even while it lets commands wait: nothing is executed. */
const malformed = "*1\r\n!\r\n"

/** Whether a server says anything at all to somebody who has never been there. */
const saysAnything = (address: Address.Address, options: SessionOptions): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const dial = yield* Connector
    const transport = yield* Effect.acquireRelease(
      dial({ address, tls: options.tls, resolver: options.resolver }),
      (transport) => Effect.sync(() => transport.destroy()),
      { interruptible: true }
    )
    return yield* Effect.callback<boolean>((resume) => {
      transport.start({
        data: () => resume(Effect.succeed(true)),
        drain: ignore,
        closed: () => resume(Effect.succeed(false))
      })
      transport.write([malformed], true)
    })
  }).pipe(Effect.scoped, Effect.catch(() => Effect.succeed(false)))

const clientList = (id: number) =>
  session(["CLIENT", "LIST"], ["ID", id], Command.custom((reply) => typeof reply === "string" ? reply : ""))

/**
 * Whether a server is alive and holds a connection back, as after CLIENT PAUSE.
 * If it serves others, it has to say so of this one itself (its flag is `b`):
 * else the way there is broken. If it serves nobody, it has to be alive.
 */
const holdsBack = (
  address: Address.Address,
  options: SessionOptions,
  id: number,
  millis: number
): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    let alive = false
    yield* Effect.forkScoped(Effect.map(saysAnything(address, options), (yes) => void (alive = yes)))
    const served = Effect.gen(function*() {
      const connection = yield* open(address, options)
      if (id === 0) return false
      const lines = yield* connection.call(clientList(id))
      return / flags=[A-Za-z]*b/.test(lines)
    })
    return yield* served.pipe(
      Effect.catch((error) => Effect.succeed(error._tag === "ReplyError" && error.code === "BUSY")),
      Effect.timeoutOrElse({ duration: millis, orElse: () => Effect.sync(() => alive) })
    )
  }).pipe(Effect.scoped)

/**
 * How a session begins: 0 with HELLO; 1 without, in RESP2; 2 with nothing but
 * what it cannot do without. Some proxies end the connection at a command that
 * they do not know, so the next way is tried on a fresh one.
 */
type Opening = 0 | 1 | 2

/** For how long it is remembered what works at an address, and that nothing does, in milliseconds. */
const openingMillis = 10 * 60_000
const closedMillis = 5000

/** How many addresses are remembered for one client. */
const mostOpenings = 64

/** By the options of who dials: what one client has found out is its own. */
const openings = new WeakMap<SessionOptions, Map<string, Known>>()

interface Known {
  readonly opening: Opening
  /** Whether nothing works since the server speaks TLS, and this client does not. */
  readonly isTls: boolean
  readonly until: number
}

const recall = (options: SessionOptions, address: string, now: number): Known | undefined => {
  const found = openings.get(options)?.get(address)
  if (found === undefined) return undefined
  if (now < found.until) return found
  forget(options, address)
  return undefined
}

const remember = (options: SessionOptions, address: string, found: Known): void => {
  let known = openings.get(options)
  if (known === undefined) openings.set(options, known = new Map())
  known.delete(address)
  known.set(address, found)
  if (known.size > mostOpenings) known.delete(known.keys().next().value!)
}

const forget = (options: SessionOptions, address: string): void => void openings.get(options)?.delete(address)

const evaluatePassword = (
  shown: string,
  options: SessionOptions
): Effect.Effect<string | undefined, ConnectFailed> => {
  const password = options.password
  if (password === undefined) return Effect.undefined
  if (Redacted.isRedacted(password)) return Effect.succeed(Redacted.value(password))
  const failed = (detail: string) => Effect.fail(new ConnectFailed({ address: shown, phase: "credentials", detail }))
  return Effect.matchCauseEffect(password, {
    onSuccess: (secret: unknown) => {
      const value = Redacted.isRedacted(secret) ? Redacted.value(secret) : undefined
      return typeof value === "string"
        ? Effect.succeed(value)
        : failed("the effect that gives the password gave something that is not Redacted text")
    },
    // The cause stays out: nobody knows what a provider's error says.
    onFailure: () => failed("the effect that gives the password failed")
  })
}

const dispensable = new Set(["CLIENT SETINFO", "CLIENT ID", "ROLE"])

/** The connection's id, from HELLO's reply or CLIENT ID's. */
const idOf = (reply: Resp.Value): number => {
  if (typeof reply === "number") return reply
  const flat = reply instanceof Resp.MapReply ? reply.flat : Array.isArray(reply) ? reply : []
  const id = flat[flat.indexOf("id") + 1]
  return flat.includes("id") && typeof id === "number" ? id : 0
}

const authCodes = new Set(["NOAUTH", "WRONGPASS", "NOPERM"])

/** What a server's code means; its own words may repeat what it was sent. */
const meanings: Readonly<Record<string, string>> = {
  NOAUTH: "a password is required",
  NOPERM: "the user may not run it",
  WRONGPASS: "the name or the password is wrong, or the user is disabled"
}

const codeOf = (reply: Resp.ErrorReply): string => /^[A-Z][A-Z0-9_]{0,31}$/.test(reply.code) ? reply.code : "an error"

/** What a server says of credentials that it was sent, in words of our own. */
const ofCredentials = (reply: Resp.ErrorReply): string => {
  const code = codeOf(reply)
  const meaning = meanings[code] ??
    (/without any password configured|no password is set/.test(reply.text) ? "the user has no password" : undefined)
  return `${code}${meaning === undefined ? "" : ` (${meaning})`}`
}

/** Refusals of everybody, whatever was asked first. */
const sessionRefusal = (reply: Resp.ErrorReply): string | undefined =>
  /^ERR max number of clients\b/.test(reply.text)
    ? "ERR max number of clients reached"
    : reply.code === "DENIED"
    ? "DENIED Redis is running in protected mode: it has no password, and serves its own machine only"
    : undefined

const handshake = (
  connection: Connection,
  options: SessionOptions,
  password: string | undefined,
  expected: "primary" | "replica" | undefined,
  opening: Opening
): Effect.Effect<void, OpenError> => {
  const shown = connection.shownAddress
  // Redis repeats the first 128 bytes of an argument.
  const secrets = password === undefined || password === "" ? [] : [password, password.slice(0, 128)]
  connection.conceal(secrets)
  const hide = (text: string): string => secrets.reduce((t, secret) => t.split(secret).join("<redacted>"), text)

  const refused = (step: string, reply: Resp.ErrorReply): OpenError => {
    const known = sessionRefusal(reply)
    if (known !== undefined) return new ConnectFailed({ address: shown, phase: "refused", detail: known })
    const code = codeOf(reply)
    const isAuth = authCodes.has(code) || /\bAUTH\b/.test(reply.text)
    const says = step === "HELLO" || step === "AUTH" ? ofCredentials(reply) : hide(serverText(reply))
    const detail = `${step}: ${says}`
    return isAuth
      ? new AuthenticationFailed({ address: shown, username: options.username, code, detail })
      : new ConnectFailed({ address: shown, phase: "refused", detail })
  }

  type Step = readonly [words: ReadonlyArray<string>, args: ReadonlyArray<Command.Arg>]

  interface Answers {
    readonly replies: ReadonlyArray<Resp.Value>
    /** Set if the connection ended before all replies had come. */
    readonly lost: EndError | undefined
  }

  /** Sends all steps in one write, and waits for all replies. */
  const ask = (steps: ReadonlyArray<Step>): Effect.Effect<Answers> =>
    Effect.callback((resume) => {
      const replies: Array<Resp.Value> = []
      for (const [words, args] of steps) {
        connection.enqueue(
          new Call(
            session(words, args, Command.value),
            (value) => {
              if (replies.push(value) === steps.length) resume(Effect.succeed({ replies, lost: undefined }))
            },
            (lost) => resume(Effect.succeed({ replies, lost }))
          )
        )
      }
    })

  const credentials: ReadonlyArray<string> = password === undefined ? [] : [options.username ?? "default", password]
  const name: ReadonlyArray<string> = options.clientName === undefined ? [] : [options.clientName]
  const database = options.database ?? 0

  const begin3: ReadonlyArray<Step> = [
    [["HELLO"], [
      3,
      ...(password === undefined ? [] : ["AUTH", ...credentials]),
      ...(name.length === 0 ? [] : ["SETNAME", ...name])
    ]]
  ]
  const clientId: Step = [["CLIENT", "ID"], []]
  const begin2: ReadonlyArray<Step> = [
    ...(password === undefined
      ? []
      : [[["AUTH"], options.username === undefined ? [password] : credentials] as const]),
    ...(opening === 2 ? [] : [clientId]),
    ...(opening === 2 || name.length === 0 ? [] : [[["CLIENT", "SETNAME"], name] as const])
  ]
  const common: ReadonlyArray<Step> = [
    ...(opening === 2
      ? []
      : [
        [["CLIENT", "SETINFO"], ["LIB-NAME", "effect-redis-sentinel"]] as const,
        [["CLIENT", "SETINFO"], ["LIB-VER", libraryVersion]] as const
      ]),
    ...(database === 0 ? [] : [[["SELECT"], [database]] as const]),
    ...(expected === undefined ? [] : [[["ROLE"], []] as const])
  ]

  /** The first reply that the session cannot do without and that is an error. */
  const failure = (steps: ReadonlyArray<Step>, replies: ReadonlyArray<Resp.Value>): OpenError | undefined => {
    for (let i = 0; i < replies.length; i++) {
      const reply = replies[i]!
      const step = steps[i]![0].join(" ")
      // Before Redis 7.2 there is no SETINFO, before 5 no ID; ROLE has a substitute.
      if (reply instanceof Resp.ErrorReply && !(dispensable.has(step) && sessionRefusal(reply) === undefined)) {
        return refused(step === "SELECT" ? `SELECT ${database}` : step, reply)
      }
    }
    return undefined
  }

  /** What the server said before it ended the connection says why, unless it is that it knows too little. */
  const lastWords = (steps: ReadonlyArray<Step>, { lost, replies }: Answers): OpenError => {
    const last = replies[replies.length - 1]
    const isUnknown = last instanceof Resp.ErrorReply && last.code === "ERR" && sessionRefusal(last) === undefined
    return (isUnknown ? undefined : failure(steps, replies)) ?? lost!
  }

  return Effect.gen(function*() {
    let steps: ReadonlyArray<Step> = [...begin3, ...common]
    let replies: ReadonlyArray<Resp.Value> = []
    let protocol: 2 | 3 = opening === 0 ? 3 : 2
    if (protocol === 3) {
      const answers = yield* ask(steps)
      if (answers.lost !== undefined) return yield* lastWords(steps, answers)
      replies = answers.replies
      const hello = replies[0]!
      if (hello instanceof Resp.ErrorReply && doesWithout(hello)) protocol = 2
    }
    if (protocol === 2) {
      steps = [...begin2, ...common]
      if (steps.length === 0) steps = [[["PING"], []]]
      const answers = yield* ask(steps)
      if (answers.lost !== undefined) return yield* lastWords(steps, answers)
      replies = answers.replies
    }
    connection.protocol = protocol
    const wrong = failure(steps, replies)
    if (wrong !== undefined) return yield* wrong
    connection.id = idOf(steps[0]![0][0] === "HELLO" ? replies[0]! : replies[steps.indexOf(clientId)] ?? 0)
    if (expected !== undefined) yield* verifyRole(connection, expected, replies[replies.length - 1]!, refused)
  })
}

/** Whether a server that answers HELLO so may have everything else. */
const doesWithout = (reply: Resp.ErrorReply): boolean =>
  reply.code === "NOPROTO" ||
  (reply.code === "ERR" && !/\bAUTH\b/.test(reply.text) && sessionRefusal(reply) === undefined) ||
  /unknown command/i.test(reply.text)

/**
 * Guidelines for Sentinel clients, step 3: the server's own word on its role,
 * from ROLE, or from INFO where ROLE is denied or unknown.
 */
const verifyRole = (
  connection: Connection,
  expected: "primary" | "replica",
  reply: Resp.Value,
  refused: (step: string, reply: Resp.ErrorReply) => OpenError
): Effect.Effect<void, OpenError> =>
  Effect.gen(function*() {
    const shown = connection.shownAddress
    const replication = Effect.result(connection.call(info("replication")))
    let actual: string
    if (!(reply instanceof Resp.ErrorReply)) {
      const decoded = decodeReply(role(), reply)
      actual = Exit.isSuccess(decoded) ? decoded.value.role : "something that is no role"
      if (Exit.isSuccess(decoded) && decoded.value.role === "replica" && expected === "replica") {
        const { link, primary } = decoded.value
        connection.source = { ...primary, isLinked: link === "connected", hasData: true }
        if (link !== "connected") {
          // ROLE has no offset while the link is down, whatever there is to read.
          const answer = yield* replication
          const hasData = answer._tag === "Success" ? holdsData(answer.success, link) : undefined
          connection.source = { ...connection.source, hasData }
          if (hasData === false || link === "sync") actual = `replica without data (link ${Resp.printable(link, 32)})`
        }
      }
    } else if (reply.code === "NOPERM" || /unknown command/i.test(reply.text)) {
      const answer = yield* replication
      if (answer._tag === "Success") {
        const fields = answer.success
        const said = fields["role"]
        actual = said === "master" ? "primary" : said === "slave" ? "replica" : "nothing about its role"
        if (said === "slave" && expected === "replica") {
          const isLinked = fields["master_link_status"] !== "down"
          const hasData = isLinked || holdsData(fields, "down")
          connection.source = {
            host: fields["master_host"] ?? "",
            port: Number(fields["master_port"]),
            isLinked,
            hasData
          }
          if (hasData === false) actual = "replica without data (link down)"
        }
      } else if (answer.failure._tag === "ReplyError") {
        actual = "it denies both ROLE and INFO"
      } else if (answer.failure._tag === "UnexpectedReply") {
        actual = "nothing about its role"
      } else {
        return yield* answer.failure
      }
    } else {
      return yield* refused("ROLE", reply)
    }
    if (actual !== expected) return yield* new RoleMismatch({ address: shown, expected, actual })
  })

/**
 * Whether a replica without a link has something to read, as INFO tells. Its
 * offset is that of the primary that it has lost; it is 1 where there is none,
 * and 0 both for a node that has never followed anybody and for a replica of a
 * primary that had written nothing yet, which has lost its link at some time.
 */
const holdsData = (fields: Readonly<Record<string, string>>, link: string): boolean | undefined => {
  if (link === "sync" || fields["master_sync_in_progress"] === "1") return false
  const offset = Number(fields["slave_repl_offset"])
  if (Number.isNaN(offset)) return undefined
  return offset > 1 || (offset === 0 && Number(fields["master_link_down_since_seconds"]) >= 0)
}
