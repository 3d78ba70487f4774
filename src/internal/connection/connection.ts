/**
 * One session with one server, from its handshake to its end. It writes the
 * commands of one turn of the event loop together, matches replies to requests in
 * order, routes push messages, and closes itself when the server hangs (the
 * watchdog).
 *
 * When it ends, it tells each Request. The Request decides what follows.
 *
 * Over 700 lines, since batching, the order of replies and the watchdog share the
 * state of one socket, and are the hot path.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { Buffer } from "node:buffer"
import * as Address from "../../Address.ts"
import type * as Command from "../../Command.ts"
import { ping } from "../../commands/connection.ts"
import type { Transport } from "../../Connector.ts"
import { ConnectionLost, ProtocolError, type ReplyError, type UnexpectedReply } from "../../Errors.ts"
import * as Resp from "../../Resp.ts"
import { DeadlineTimer } from "../common/deadlineTimer.ts"
import { Deque } from "../common/deque.ts"
import { isBytes } from "../common/values.ts"
import type { OnMessage } from "../resp/decoder.ts"
import { Call, decodeReply, ignore } from "./call.ts"
import type { EndError, Request, Source } from "./types.ts"

/**
 * Delays the writes and replies of a connection while a message on another
 * connection may say that the group leaves its node.
 *
 * @since 0.1.0
 * @category models
 */
export interface Guard {
  /** Whether all replies to writes are withheld for a while. */
  readonly withholdsReplies: boolean
  /** Called before replies are delivered that have to be withheld. */
  readonly withholdReplies: (connection: Connection) => void
  /** For so many milliseconds something may have arrived unread, on this connection or elsewhere. `onCaughtUp` follows. */
  readonly onBehind: (millis: number) => void
  /** Everything that had arrived was read. The guard calls `goOn` when writes may go out, at once or later. */
  readonly onCaughtUp: (goOn: () => void) => void
}

/**
 * The replies of one chunk cause new commands. The connection writes these once
 * half of the commands in flight are answered, not only after the last reply of
 * the chunk, so that client and server work at the same time instead of in turns.
 * Measured with 100 commands in flight: 1.9 times the throughput. Fewer commands
 * than this are not worth a write.
 */
const leastBatch = 16

/**
 * A batch of this many bytes is written, so that the server can start while the
 * client encodes the rest. Redis reads as much at a time (PROTO_IOBUF_LEN).
 * Measured on a pipeline of 1,000 SETs: 1.3 times the throughput of 64 KiB.
 */
const writeSize = 16 * 1024

/** Unanswered requests beyond this number count as waiting, whether a caller still waits for them or not. */
const usuallyUnanswered = 10_000

/** The watchdog asks the server on other connections for at most this time, in milliseconds, and at most a quarter of `stallTimeout`. */
const longestProbeMillis = 1000
/** Opening these other connections may take at least this time, in milliseconds. */
const shortestProbeMillis = 100

/** A write of at least this size is remembered until it is answered. */
const largeWrite = 256 * 1024

/**
 * Bytes that the system has accepted may still be on their way. The watchdog
 * allows for them at this speed, in bytes per millisecond, up to the size of
 * system buffers: 256 KiB a second and 8 MiB, so 32 seconds at most.
 */
const slowestUpload = 256 * 1.024
const mostBuffered = 8 * 1024 * 1024

/** A reply that grows by less than this, in bytes per millisecond, counts as no progress: 1 KB a second. */
const slowestReply = 1

/** A timer that fires later than this, in milliseconds, shows that the process stood still. */
const standstillMillis = 50

/** How often in a row that excuses the server, so that even a process that is always late notices a dead server. */
const mostExcuses = 3

/** How often a connection with `onLate` checks the oldest command, and after which time that command is late, in milliseconds. */
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
  readonly addressText: string
  /** The address and port of the other end, if known. */
  readonly remote: string | undefined
  /** The protocol agreed on. */
  protocol: 2 | 3 = 2
  /** The error with which it ended, once it has ended. */
  ended: EndError | undefined = undefined
  /** Set once a command has changed the session's state: then the connection cannot be reused. */
  tainted = false
  /** Set while keys may be watched on it: then the connection cannot be reused. */
  watching = false
  /** Set while the server may still do something on it that was asked on another connection: it completes after that. */
  settling: Effect.Effect<void> | undefined = undefined
  /** Set while the one who has it does not use it: gives it back. Called when somebody has to wait for a connection. */
  onWanted: (() => void) | undefined = undefined
  /** The verified role, if the caller asked for one. */
  role: "primary" | "replica" | undefined = undefined
  /** Of a replica, as it reported in the handshake: its primary, and whether it has a link to it and data. */
  source: Source | undefined = undefined
  /** The server's id of this connection; 0 if the server does not say. */
  id = 0
  /** The configuration epoch of its group in which it was opened; 0 if there is none. */
  epoch = 0
  /** The version of the credentials that it was opened with; 0 if they do not change. */
  credentials = 0
  /** The server and its run, once a caller has asked for it. */
  server: string | undefined = undefined
  /** Set while the server sends by itself what looks like replies: messages in RESP2, and lines of MONITOR. */
  listening = false
  /** Called once, after the connection has ended and has told every request. */
  onEnd: (error: EndError) => void = ignore
  /**
   * Called when the oldest written command has waited for more than 100
   * milliseconds with no byte coming in; again only after one has come.
   */
  onLate: (() => void) | undefined = undefined
  /** Called with how long a PING of the watchdog took, in milliseconds. */
  onRoundTrip: (millis: number) => void = ignore
  /**
   * Called in place of its end, when its credentials have changed and it cannot log in again: `close` is called once
   * another connection has taken its place.
   */
  onReplace: ((close: () => void) => void) | undefined = undefined
  /** Called for each push message. */
  onPush: (message: ReadonlyArray<Resp.Value>) => void = ignore
  private onMonitorLine: ((line: string) => void) | undefined = undefined

  /** Set if the connection has to read what has arrived before it writes, or delivers replies to writes. */
  guard: Guard | undefined = undefined
  private catchingUp = false

  private readonly ending = new Set<() => void>()
  private readonly transport: Transport
  private readonly decoder: Resp.Decoder
  private readonly encoder = new Resp.Encoder()
  private readonly queue = new Deque<Request>()
  private readonly inflight = new Deque<Request>()
  private readonly timer: DeadlineTimer
  private readonly isHeldBack: ((id: number, millis: number) => Effect.Effect<boolean>) | undefined
  private readonly runFork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** Whether the server is being asked on other connections, and whether the watchdog decides after that. */
  private isAsking = false
  private isOverdue = false
  private pauseProbe: Fiber.Fiber<void> | undefined = undefined
  private probedSilence = -1
  private readonly stallMillis: number
  private readonly pingMillis: number
  private answered = 0
  private scheduled = false
  private delivered = 0
  private flushAfter = 0
  private blocked = false
  private draining: string | undefined = undefined
  private waitingSince = 0
  /** When this process continued after it had stood still, and how often in a row this has excused the server. */
  private resumedAt = 0
  private excuses = 0
  private isDeciding = false
  /** Whether a keep-alive PING is unanswered. */
  private isKeepAlivePending = false
  /** The oldest unanswered command at the last check, and since when it has been the oldest. */
  private oldest: Request | undefined = undefined
  private oldestSince = 0
  private lateSince = Infinity
  /** When the system last accepted bytes that it had not accepted at once. */
  private lastTaken = 0
  /** How many requests were written so far, and the large writes that may be unanswered. */
  private written = 0
  private uploads: Array<{ readonly written: number; readonly bytes: number }> = []
  /** How many requests of the queue were abandoned, and no longer count. */
  private abandoned = 0
  /** The request whose reply is being delivered. */
  private delivering: Request | undefined = undefined
  /** How many requests lost their replies, once it has ended. */
  private unansweredAtEnd: number | undefined = undefined
  /** The last progress: how many requests were answered, since when, and how many bytes of the next reply had come. */
  private progress = { answered: -1, since: 0, bytes: 0 }
  private lastRead: number
  private isPaused = false

  constructor(
    transport: Transport,
    address: Address.Address,
    context: Context.Context<never>,
    options: {
      readonly stallMillis: number
      readonly pingMillis: number
      readonly limits: Resp.Limits | undefined
      /** Asks the server on other connections, for at most `millis`, whether it is alive but holds this one back. */
      readonly isHeldBack?: ((id: number, millis: number) => Effect.Effect<boolean>) | undefined
    }
  ) {
    this.isHeldBack = options.isHeldBack
    this.runFork = Effect.runForkWith(context)
    this.transport = transport
    this.address = address
    this.addressText = Address.format(address)
    this.remote = transport.remote
    this.stallMillis = options.stallMillis
    this.pingMillis = options.pingMillis
    this.decoder = new Resp.Decoder({
      wantsBytes: () => this.decoder.bytesPushed || (this.inflight.peek()?.asBytes ?? false),
      keepsNumerals: () => this.inflight.peek()?.keepsNumerals ?? false,
      onReply: (value) => this.onReply(value),
      onPush: (message) => this.pushed(message)
    }, options.limits)
    this.timer = new DeadlineTimer(context, (now, late) => this.guarded(() => this.watch(now, late)))
    this.lastRead = this.timer.now()
    transport.start({
      data: (chunk) => this.onData(chunk),
      place: () => this.decoder.place(),
      drain: () => this.guarded(() => this.onDrain()),
      taken: () => this.onTaken(),
      closed: (cause) =>
        this.end(
          new ConnectionLost({
            address: this.addressText,
            kind: "closed",
            detail: cause instanceof Error ? cause.message : "the server closed the connection",
            cause
          })
        )
    })
    this.scheduleIdleCheck(this.lastRead)
  }

  /** How many requests wait: those that are not written yet, and unanswered ones beyond `usuallyUnanswered`. */
  get queued(): number {
    const unanswered = this.inflight.size - usuallyUnanswered
    return this.queue.size - this.abandoned + (unanswered > 0 ? unanswered : 0)
  }

  /** A queued request was abandoned: it no longer counts. */
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

  /** Whether nothing is queued or unanswered but what the library itself has asked, such as a PING or an AUTH. */
  get isFree(): boolean {
    let isFree = true
    this.each((request) => {
      if (!(request instanceof Call)) isFree = false
    })
    return isFree
  }

  /** Whether the server accepts nothing but requests about subscriptions, and PING. */
  get takesOnlySubscriptions(): boolean {
    return this.protocol === 2 && this.listening && this.onMonitorLine === undefined
  }

  /** Whether it accepts requests. */
  get open(): boolean {
    return this.ended === undefined && this.draining === undefined
  }

  /** Removes these secrets from everything the server says from now on. */
  conceal(secrets: ReadonlyArray<string>): void {
    this.decoder.secrets = secrets
  }

  /** Queues a request. The requests of one turn of the event loop are written together. */
  enqueue(request: Request): void {
    if (this.ended !== undefined) return request.onLost(this.ended, false)
    this.queue.push(request)
    if (this.blocked || this.scheduled) return
    this.scheduled = true
    queueMicrotask(this.onTurnEnd)
  }

  /** Sends a PING, so that the watchdog notices if the server does not answer. */
  probe(): void {
    this.enqueue(new Call(ping(), ignore))
  }

  /** Whether `onLate` was called for the oldest command, and that command is still unanswered. */
  get isLate(): boolean {
    return this.lastRead < this.lateSince && this.lateSince !== Infinity && this.inflight.size > 0
  }

  /** The requests that are written and wait for replies, in order. */
  get unanswered(): ReadonlyArray<Request> {
    return Array.from({ length: this.inflight.size }, (_, i) => this.inflight.at(i))
  }

  /** Calls a function for every queued or unanswered request. */
  each(f: (request: Request) => void): void {
    for (const requests of [this.inflight, this.queue]) {
      for (let i = 0; i < requests.size; i++) f(requests.at(i))
    }
  }

  /** Takes back the requests that are not written yet, in order. */
  recall(): ReadonlyArray<Request> {
    this.abandoned = 0
    return this.queue.drain().filter((request) => request.isPending)
  }

  /** Removes the unwritten requests for which a condition holds. */
  withdraw(condition: (request: Request) => boolean): void {
    this.queue.retain((request) => !condition(request))
  }

  /** Replaces requests that are written and wait for replies. */
  replace(f: (request: Request, left: number) => Request): void {
    for (let i = 0; i < this.inflight.size; i++) {
      const request = this.inflight.at(i)
      this.inflight.set(i, f(request, i === 0 ? request.replies - this.answered : request.replies))
    }
  }

  /** Whether something important may have arrived unread. If so, its guard is called now, and again once it was read. */
  get isBehind(): boolean {
    return this.guard !== undefined && this.ended === undefined && this.catchUp(this.guard)
  }

  private catchUp(guard: Guard): boolean {
    if (this.catchingUp) return true
    const millis = this.transport.behind?.(this.current) ?? 0
    if (!(millis > 0)) return false
    this.catchingUp = true
    guard.onBehind(millis)
    return true
  }

  private readonly current = (): void => {
    this.guard!.onCaughtUp(() => {
      this.catchingUp = false
      this.send()
    })
  }

  /** Completes when the connection has ended. */
  readonly closed: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.ended !== undefined) return resume(Effect.void)
    const done = (): void => resume(Effect.void)
    this.ending.add(done)
    return Effect.sync(() => void this.ending.delete(done))
  })

  /** Calls a function once it has ended. */
  whenEnded(done: () => void): void {
    if (this.ended !== undefined) done()
    else this.ending.add(done)
  }

  private readonly onTurnEnd = (): void => {
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
      this.waitingSince = this.timer.now()
      if (this.onLate !== undefined) this.timer.set(this.waitingSince + lateInterval)
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

  /** A request cannot be encoded: nothing of it is written, and the other requests of the batch are not affected. */
  private unwritable(request: Request, error: unknown, others: number): void {
    const { encoder, inflight } = this
    encoder.take()
    for (let i = inflight.size - others; i < inflight.size; i++) inflight.at(i).encode(encoder)
    const detail = `it cannot be encoded (${error instanceof Error ? error.name : typeof error})`
    // The callback may do anything, so it must not run in the middle of a batch.
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
    this.lastTaken = this.timer.now()
  }

  private onData(chunk: Uint8Array): void {
    this.lastRead = this.timer.now()
    this.excuses = 0
    this.delivered = 0
    const guard = this.guard
    if (guard !== undefined && (this.catchUp(guard) || guard.withholdsReplies)) guard.withholdReplies(this)
    this.flushAfter = Math.max(leastBatch, (this.inflight.size + 1) >> 1)
    try {
      this.decoder.feed(chunk)
    } catch (error) {
      this.onFault(error)
    }
    this.delivering = undefined
    if (this.draining !== undefined && this.idle) this.close(this.draining)
  }

  private guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.onFault(error)
    }
  }

  /** An exception while replies are delivered ends this connection, and nothing else. */
  private onFault(error: unknown): void {
    const fault = error instanceof ProtocolError
      ? { detail: error.detail, bytes: error.bytes }
      : { detail: `the client failed to process a reply (${Resp.printable(String(error), 200)})`, bytes: "" }
    const ended = new ProtocolError({ address: this.addressText, ...fault })
    const request = this.delivering
    if (error instanceof ProtocolError) this.inflight.peek()?.onUnreadable?.()
    this.end(ended)
    // `end` no longer finds it among the written requests.
    if (request !== undefined && !(error instanceof ProtocolError)) request.onLost(ended, true)
  }

  /** From now on published messages are decoded as bytes, except for their kind. */
  listenToBytes(): void {
    this.decoder.bytesPushed = true
  }

  /**
   * From now on published messages go to a function, as bytes in the memory of the socket where possible. Other push
   * messages go to `onPush`, with their strings as bytes.
   */
  listenToMessages(onMessage: OnMessage): void {
    this.listening = this.protocol === 2
    this.listenToBytes()
    this.decoder.onMessage = onMessage
    // What did not lie in one chunk.
    this.onPush = ([kind, ...parts]) => {
      const index = publishedKinds.indexOf(kind)
      if (index === -1 || parts.length !== (index === 1 ? 3 : 2) || !parts.every(isBytes)) return
      const [payload, channel, pattern] = parts.reverse() as [Uint8Array, Uint8Array, Uint8Array | undefined]
      const names = pattern === undefined ? bufferOf(channel) : Buffer.concat([pattern, channel])
      const channelFrom = pattern === undefined ? 0 : pattern.length
      const body = bufferOf(payload)
      onMessage(index as 0 | 1 | 2, names, 0, channelFrom, channelFrom, names.length, body, 0, body.length)
    }
  }

  /** From now on lines of MONITOR go to a function. Each is as long as the command that it shows. */
  listenToMonitor(onLine: (line: string) => void): void {
    this.listening = true
    this.onMonitorLine = onLine
    this.decoder.allowLongLines()
  }

  private pushed(message: Array<Resp.Value>): void {
    if (this.decoder.bytesPushed && message.length > 0) message[0] = Resp.toText(message[0]!)
    if (this.inflight.peek()?.acknowledged === true && acknowledgements.has(message[0])) this.onReply(message)
    else this.onPush(message)
  }

  // Rare cases are in methods of their own, so that V8 can inline this one.
  private onReply(value: Resp.Value): void {
    if (this.listening && this.wasSentByItself(value)) return
    const request = this.inflight.peek()
    if (request === undefined) return this.onUnrequestedReply(value)
    if (++this.answered === request.replies || isRefusedSubscription(request, value)) {
      this.inflight.shift()
      this.answered = 0
    }
    this.delivering = request
    request.onReply(value)
    if (++this.delivered >= this.flushAfter && this.queue.size > 0) {
      this.delivered = 0
      this.flush()
    }
  }

  /** Passes on what the server sent without a request. */
  private wasSentByItself(value: Resp.Value): boolean {
    if (this.onMonitorLine !== undefined) {
      if (typeof value !== "string" || !monitorLine.test(value)) return false
      this.onMonitorLine(value)
      return true
    }
    if (!Array.isArray(value)) return false
    if (this.decoder.bytesPushed && value.length > 0) value[0] = Resp.toText(value[0]!)
    if (!published.has(value[0])) return false
    this.onPush(value)
    return true
  }

  /**
   * A reply without a request ends the connection. It is usually the server's last
   * error, such as "max number of clients reached" or "Protocol error".
   */
  private onUnrequestedReply(value: Resp.Value): void {
    const text = value instanceof Resp.ErrorReply ? Resp.printable(value.text) : Resp.describe(value)
    this.end(
      new ProtocolError({ address: this.addressText, detail: "a reply without a request", bytes: text })
    )
  }

  /** Abandons every request whose deadline has passed. Returns the next deadline. */
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

  /** Reads nothing until `resume`, where the transport can: then bytes wait at the server, and its silence means nothing. */
  pause(): void {
    if (this.isPaused || this.ended !== undefined || this.transport.pause === undefined) return
    this.isPaused = true
    this.transport.pause()
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.resumedAt = this.lastRead = this.timer.now()
    if (this.ended === undefined) this.transport.resume?.()
  }

  private scheduleIdleCheck(now: number): void {
    this.timer.set(Math.min(now + this.pingMillis, now + this.stallMillis / 2))
  }

  private watch(now: number, late: number): void {
    if (this.isPaused) {
      // The answers are read later. A peer that has closed the connection refuses what is written.
      this.probe()
      return this.timer.set(now + this.pingMillis)
    }
    if (late > standstillMillis && this.excuses < mostExcuses) {
      // This process stood still, so the server's time starts again.
      this.excuses++
      this.resumedAt = now
    }
    const head = this.inflight.peek()
    if (this.onLate !== undefined) this.checkLateness(head, now)
    // Requests of this turn are not written yet, so the server owes no answer for them.
    if (head === undefined && (this.queue.size === 0 || this.scheduled)) {
      if (now - this.lastRead >= this.pingMillis) {
        const sent = this.timer.now()
        this.enqueue(new Call(ping(), () => this.onRoundTrip(this.timer.now() - sent)))
        this.timer.set(now + Math.min(this.stallMillis, this.pingMillis))
      } else {
        this.scheduleIdleCheck(this.lastRead < now ? now : this.lastRead)
      }
      return
    }
    const due = this.dueAt(now)
    if (now < due) {
      const silentAt = this.silentSince + this.allowance
      const probeAt = silentAt - Math.min(longestProbeMillis, this.stallMillis / 4)
      if (this.stallMillis !== Infinity && now >= probeAt) this.probePause(silentAt - now)
      else if (probeAt < due) this.timer.set(probeAt)
      // Without a `stallTimeout`, a PING shows the network that the connection is in use.
      const silence = now - this.lastRead
      const blockingMillis = head === undefined ? 0 : head.blockingMillis
      if (this.stallMillis === Infinity && blockingMillis === 0 && silence >= this.pingMillis) this.keepAlive()
      return this.timer.set(Math.min(due, now + this.pingMillis))
    }
    if (this.isDeciding) return
    // The question on other connections has a limit of its own, and its answer may be a little late.
    if (this.isAsking) {
      this.isOverdue = true
      return
    }
    this.isDeciding = true
    this.caughtUp(() => {
      this.isDeciding = false
      if (this.ended === undefined) this.decide(Math.max(now, this.timer.now()))
    })
  }

  private keepAlive(): void {
    if (this.isKeepAlivePending) return
    this.isKeepAlivePending = true
    this.enqueue(
      new Call(ping(), () => {
        this.isKeepAlivePending = false
      })
    )
  }

  /** Checks whether the oldest command is late: still the same, and no byte has come. */
  private checkLateness(head: Request | undefined, now: number): void {
    if (head !== this.oldest || this.lastRead >= this.oldestSince) {
      this.oldest = head
      this.oldestSince = now
    }
    if (head === undefined) return
    this.timer.set(now + lateInterval)
    if (now - Math.max(this.oldestSince, this.resumedAt) < lateMillis + head.blockingMillis || this.isLate) return
    // The process itself may have been busy.
    this.caughtUp(() => {
      if (this.ended !== undefined || this.isLate || head !== this.inflight.peek()) return
      if (this.lastRead >= this.oldestSince) return
      this.lateSince = Math.max(now, this.timer.now())
      this.onLate?.()
    })
  }

  /**
   * Asks a silent server on other connections before its connection is closed. A
   * server under CLIENT PAUSE is not dead, and has executed nothing.
   */
  private probePause(millis: number): void {
    const since = this.silentSince
    if (this.isHeldBack === undefined || this.probedSilence === since) return
    this.probedSilence = since
    this.isAsking = true
    this.pauseProbe = this.runFork(
      Effect.asVoid(
        Effect.onExit(
          this.isHeldBack(this.id, Math.max(millis * 0.8, shortestProbeMillis)),
          (exit) =>
            Effect.sync(() => {
              this.isAsking = false
              if (this.ended !== undefined) return
              if (Exit.isSuccess(exit) && exit.value && this.silentSince === since) this.resumedAt = this.timer.now()
              if (!this.isOverdue) return
              this.isOverdue = false
              this.watch(this.timer.now(), 0)
            })
        )
      )
    )
  }

  /** Since when no byte has moved, in either direction. */
  private get silentSince(): number {
    return Math.max(this.waitingSince, this.lastRead, this.lastTaken, this.resumedAt)
  }

  /** How long the server may be silent, in milliseconds. */
  private get allowance(): number {
    const answered = this.answeredRequests
    const uploads = this.uploads = this.uploads.filter((u) => u.written > answered)
    const bytes = uploads.reduce((sum, u) => sum + u.bytes, 0)
    return this.stallMillis + (this.inflight.peek()?.blockingMillis ?? 0) +
      Math.min(bytes, mostBuffered) / slowestUpload
  }

  /** How many requests the server has answered. */
  get answeredRequests(): number {
    return this.written - (this.unansweredAtEnd ?? this.inflight.size)
  }

  /** When the watchdog decides next. */
  private dueAt(now: number): number {
    const answered = this.answeredRequests
    if (this.progress.answered !== answered || this.idle) this.noteProgress(now)
    const allowance = this.allowance
    return Math.min(
      this.silentSince + allowance,
      Math.max(this.progress.since, this.lastTaken, this.resumedAt) + allowance
    )
  }

  private noteProgress(now: number): void {
    this.progress = { answered: this.written - this.inflight.size, since: now, bytes: this.decoder.unfinished }
  }

  /** Closes the connection if the server owes a reply and makes no progress. Everything that had arrived was read. */
  private decide(now: number): void {
    if (this.idle) return this.scheduleIdleCheck(now)
    const due = this.dueAt(now)
    if (now < due) return this.timer.set(due)
    const { bytes, since } = this.progress
    const isSilent = now >= this.silentSince + this.allowance
    if (!isSilent && this.decoder.unfinished - bytes >= (now - since) * slowestReply) {
      // A long reply over a slow line.
      this.noteProgress(now)
      return this.timer.set(this.dueAt(now))
    }
    this.end(
      new ConnectionLost({
        address: this.addressText,
        kind: "stalled",
        detail: isSilent
          ? `no answer for ${Math.round(now - this.silentSince)} ms`
          : `only single bytes, and no complete answer for ${Math.round(now - since)} ms`
      })
    )
  }

  /** Calls back once everything that had arrived was read, on this connection and on all others of its transport. */
  caughtUp(done: () => void): void {
    if (this.ended !== undefined || this.transport.caughtUp === undefined) return done()
    this.transport.caughtUp(done)
  }

  // ---------------------------------------------------------------------------
  // End

  /** Accepts no more requests, and closes once the written ones are answered or the watchdog closes the connection. */
  drain(why: string): void {
    if (this.ended !== undefined || this.draining !== undefined) return
    this.draining = why
    if (this.idle) this.close(why)
  }

  /** Closes the connection now. Written requests lose their replies. */
  close(why: string, kind: "retired" | "moved" = "retired"): void {
    this.end(new ConnectionLost({ address: this.addressText, kind, detail: why }))
  }

  /** Runs a callback, and logs its exception, so that the other callbacks still run. */
  private safely(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.runFork(Effect.logError(`${this.addressText}: a handler failed after the connection had ended`, error))
    }
  }

  private end(error: EndError): void {
    if (this.ended !== undefined) return
    this.ended = error
    this.timer.close()
    this.pauseProbe?.interruptUnsafe()
    this.decoder.stop()
    this.transport.destroy()
    this.unansweredAtEnd = this.inflight.size
    const written = this.inflight.drain()
    const unwritten = this.queue.drain()
    for (const request of written) this.safely(() => request.onLost(error, true))
    for (const request of unwritten) this.safely(() => request.onLost(error, false))
    this.safely(() => this.onEnd(error))
    for (const done of Array.from(this.ending)) done()
  }

  // ---------------------------------------------------------------------------
  // Commands without an executor

  /**
   * Runs a command on this connection only, without a deadline and without a
   * retry: for handshakes and for questions to sentinels.
   */
  call<A>(command: Command.Command<A>): Effect.Effect<A, EndError | ReplyError | UnexpectedReply> {
    return Effect.callback<A, EndError | ReplyError | UnexpectedReply>((resume) => {
      const call = new Call(
        command,
        // Typed values are the caller's only.
        (value) => resume(decodeReply(command, value) as Exit.Exit<A, ReplyError | UnexpectedReply>),
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

const publishedKinds: ReadonlyArray<unknown> = ["message", "pmessage", "smessage"]

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const monitorLine = /^\d+\.\d{6} \[/

const published: ReadonlySet<unknown> = new Set(publishedKinds)

const isRefusedSubscription = (request: Request, value: Resp.Value): boolean =>
  request.acknowledged === true && value instanceof Resp.ErrorReply
