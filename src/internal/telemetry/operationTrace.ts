/**
 * What telemetry notes of one operation, over all attempts to execute it: its span with
 * the events of the attempts, and its duration.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { RedisError } from "../../Errors.ts"
import { type Peer, type PeerAttributes, peerOf } from "./peers.ts"
import { secondsSince } from "./times.ts"

/** What an operation on its way tells telemetry. */
export interface OperationTrace {
  /** It goes to a connection. */
  readonly sent: (to: Peer) => void
  /** It waits: for the end of a failover, for an answer of the sentinels, or for a connection. */
  readonly waits: (reason: "failover" | "asking" | "connection") => void
  /** It is sent again, since a connection was lost after it was written, or since a server refused it with a code. */
  readonly failed: (error: RedisError | string) => void
  /** Another node was asked as well, since the first one is late. */
  readonly hedged: (to: Peer) => void
  /** It has its outcome. */
  readonly end: (exit: Exit.Exit<unknown, RedisError>) => void
}

/** How an operation ended that did not succeed. */
export interface Failure {
  /** `error.type`. */
  readonly type: string
  /** `db.response.status_code`: the code of the server's error. */
  readonly code: string | undefined
}

const interrupted = Symbol("interrupted")

/** How many events a span has at most: a command may be sent again for as long as its server is busy. */
const mostEvents = 128

/** Codes of scripts may be anything. */
const codeOf = (code: string): string => /^[A-Z][A-Z0-9_-]{0,63}$/.test(code) ? code : "_OTHER"

const failureOf = (exit: Exit.Exit<unknown, RedisError>): Failure | typeof interrupted | undefined => {
  if (exit._tag === "Success") return undefined
  const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  if (error === undefined) {
    return Cause.hasInterruptsOnly(exit.cause) ? interrupted : { type: "_OTHER", code: undefined }
  }
  if (error._tag !== "ReplyError") return { type: error._tag, code: undefined }
  const code = codeOf(error.code)
  return { type: code, code }
}

/** What a trace needs of the client's telemetry. */
export interface TraceOwner {
  /** Whether the node that has answered is among the attributes. */
  readonly showsPeer: boolean
  /** Notes the duration of an operation. */
  readonly measure: (
    name: string,
    procedure: string | undefined,
    peer: PeerAttributes | undefined,
    failure: Failure | undefined,
    seconds: number
  ) => void
}

export class OwnTrace implements OperationTrace {
  private readonly owner: TraceOwner
  private readonly of: { readonly name: string; readonly procedure: string | undefined }
  /** Undefined if the operation has no span. */
  private readonly span: Tracer.Span | undefined
  /** Undefined if it is not measured; otherwise when it began, in nanoseconds of monotonic time. */
  private readonly measuredFrom: bigint | undefined
  private readonly clock: Clock.Clock
  private readonly hasTimes: boolean
  private peer: Peer | undefined = undefined
  private reason: RedisError | string | undefined = undefined
  private waitsFor: string | undefined = undefined
  private isOver = false
  private eventCount = 0

  constructor(
    owner: TraceOwner,
    of: { readonly name: string; readonly procedure: string | undefined },
    span: Tracer.Span | undefined,
    isMeasured: boolean,
    clock: Clock.Clock,
    hasTimes: boolean
  ) {
    this.owner = owner
    this.of = of
    this.span = span
    this.clock = clock
    this.hasTimes = hasTimes
    this.measuredFrom = isMeasured ? clock.monotonicTimeNanosUnsafe() : undefined
  }

  private get now(): bigint {
    return this.hasTimes ? this.clock.currentTimeNanosUnsafe() : 0n
  }

  private event(name: string, attributes: Record<string, unknown>): void {
    const { span } = this
    if (span === undefined || !span.sampled || ++this.eventCount > mostEvents) return
    try {
      span.event(name, this.now, attributes)
    } catch {
      // A tracer that throws must not change the outcome of a command.
    }
  }

  sent(to: Peer): void {
    const { peer, reason, waitsFor } = this
    this.peer = to
    if (peer === undefined && waitsFor === undefined) return
    this.waitsFor = undefined
    this.reason = undefined
    if (waitsFor !== undefined && peer === undefined) return this.event("redis.released", {})
    if (reason !== undefined) {
      const code = typeof reason === "string" ? codeOf(reason) : undefined
      this.event("redis.sent_again", {
        ...(code === undefined ? {} : { "db.response.status_code": code }),
        "error.type": code ?? (reason as RedisError)._tag
      })
    } else if (waitsFor !== undefined) this.event("redis.released", {})
    if (peer !== undefined && peer.addressText !== to.addressText) this.event("redis.moved", peerOf(to).attributes)
  }

  waits(reason: "failover" | "asking" | "connection"): void {
    if (this.waitsFor === reason) return
    this.waitsFor = reason
    this.event(reason === "connection" ? "redis.waiting" : "redis.held", { "redis.reason": reason })
  }

  failed(error: RedisError | string): void {
    this.reason = error
  }

  hedged(to: Peer): void {
    this.event("redis.hedged", peerOf(to).attributes)
  }

  end(exit: Exit.Exit<unknown, RedisError>): void {
    if (this.isOver) return
    this.isOver = true
    const failure = failureOf(exit)
    const peer = this.peer === undefined || !this.owner.showsPeer ? undefined : peerOf(this.peer)
    try {
      this.endSpan(exit, peer, failure)
    } catch {
      // As in `event`.
    }
    // How long an interrupted operation took says nothing of the server.
    if (this.measuredFrom === undefined || failure === interrupted) return
    const seconds = secondsSince(this.clock, this.measuredFrom)
    this.owner.measure(this.of.name, this.of.procedure, peer, failure, seconds)
  }

  private endSpan(
    exit: Exit.Exit<unknown, RedisError>,
    peer: PeerAttributes | undefined,
    failure: Failure | typeof interrupted | undefined
  ): void {
    const { span } = this
    if (span === undefined) return
    if (span.sampled) {
      if (peer !== undefined) {
        for (const key in peer.attributes) span.attribute(key, peer.attributes[key])
      }
      if (failure !== undefined && failure !== interrupted) {
        span.attribute("error.type", failure.type)
        if (failure.code !== undefined) span.attribute("db.response.status_code", failure.code)
      }
    }
    span.end(this.now, exit)
  }
}

/** A command that is a part of another operation: what happens to it, happens to that one, which ends by itself. */
export class PartTrace implements OperationTrace {
  readonly sent: OperationTrace["sent"]
  readonly waits: OperationTrace["waits"]
  readonly failed: OperationTrace["failed"]
  readonly hedged: OperationTrace["hedged"]
  constructor(whole: OperationTrace) {
    this.sent = (to) => whole.sent(to)
    this.waits = (reason) => whole.waits(reason)
    this.failed = (error) => whole.failed(error)
    this.hedged = (to) => whole.hedged(to)
  }
  end(): void {}
}
