/**
 * What a client logs in with: runs the source of the credentials, remembers what it gave, asks it anew before that
 * expires, and tells the live sessions what has changed. How a session logs in is in internal/connection/.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as PubSub from "effect/PubSub"
import * as Metrics from "../../Metrics.ts"
import { Pauses } from "../common/pauses.ts"
import { monotonicMillisUnsafe } from "../common/time.ts"
import { fieldsOf, kindOf, redactedString } from "../common/values.ts"

/** The longest pause between attempts to get credentials that a source does not give, in milliseconds. */
const longestPauseMillis = 30_000
/** A source is asked anew at most once in this time, in milliseconds, unless its credentials have expired. */
const leastRefreshMillis = 100
/** A source that is asked has to answer within this time, in milliseconds: one that hangs must not be the last one asked. */
const longestAskMillis = 30_000
/** Timers take no longer time. */
const longestSleepMillis = 2 ** 31 - 1

/** What happened to credentials; Credentials.ts describes it. */
export type KeeperEvent =
  | { readonly _tag: "Rotated"; readonly username: string | undefined; readonly expiresAt: DateTime.Utc | undefined }
  | { readonly _tag: "Accepted"; readonly address: string; readonly username: string | undefined }
  | {
    readonly _tag: "Refused"
    readonly address: string
    readonly username: string | undefined
    readonly code: string
  }
  | { readonly _tag: "Unavailable"; readonly detail: string }

/** The key of a keeper in the service that has it. */
export const keeperKey: unique symbol = Symbol.for("effect-redis-sentinel/Credentials/keeper")

/** Credentials that a source gave. A later version is other credentials. */
export interface Held {
  readonly version: number
  readonly username: string | undefined
  readonly secret: string
  /** In milliseconds of the wall clock; Infinity if they do not expire. */
  readonly expiresAt: number
}

/** A live session, which is told that there are other credentials. */
export interface Session {
  readonly onRotated: () => void
}

/** What is wrong with what a source gave, or the fields. It repeats nothing of it. */
const fieldsOfCredential = (value: unknown): string | Omit<Held, "version"> => {
  const fields = fieldsOf(value)
  if (typeof fields === "string") return fields
  const { expiresAt, password, username, ...others } = fields
  if (Object.keys(others).length > 0) return "it has a field other than username, password and expiresAt"
  if (username !== undefined && (typeof username !== "string" || !/^[^\s\p{Cc}]{1,1024}$/u.test(username))) {
    return "username: expected a text without spaces and control characters"
  }
  const secret = redactedString(password)
  if (secret === undefined) return `password: expected a Redacted string that was not wiped, got ${kindOf(password)}`
  if (expiresAt !== undefined && !DateTime.isDateTime(expiresAt)) {
    return `expiresAt: expected a DateTime, got ${kindOf(expiresAt)}`
  }
  return { username, secret, expiresAt: expiresAt === undefined ? Infinity : DateTime.toEpochMillis(expiresAt) }
}

/** How the credentials come: asked for when they are needed, or given when they change. */
export type Source =
  | { readonly _tag: "Asked"; readonly ask: Effect.Effect<unknown, unknown> }
  | {
    readonly _tag: "Given"
    readonly run: (give: (value: unknown) => Effect.Effect<void>) => Effect.Effect<void, unknown>
  }

/**
 * Keeps the credentials of one source, for all sessions that log in with them.
 *
 * @since 0.1.0
 * @category models
 */
export class Keeper {
  /** What sessions log in with; undefined before the first. */
  current: Held | undefined = undefined
  private lastAccepted: Held | undefined = undefined
  private readonly sessions = new Set<Session>()
  private readonly source: Source
  private readonly context: Context.Context<never>
  private readonly clock: Clock.Clock
  private readonly pubsub: PubSub.PubSub<KeeperEvent>
  private readonly refreshBefore: number | undefined
  private readonly asking: Effect.Effect<void, string>
  private askedAt = -Infinity
  /** The difference of the wall clock to monotonic time when the last credentials came. */
  private steadyOffset = -Infinity
  /** Completed when there are other credentials, or none will come. */
  private changed = Deferred.makeUnsafe<void>()
  /** Why no credentials will come any more. */
  private over: string | undefined = undefined
  /** What was told of the current version already, so that a hundred sessions tell it once. */
  private readonly told = new Set<string>()

  constructor(options: {
    readonly source: Source
    readonly context: Context.Context<never>
    readonly clock: Clock.Clock
    readonly pubsub: PubSub.PubSub<KeeperEvent>
    /** Undefined: a fifth of their time, at most 5 minutes. */
    readonly refreshBeforeMillis: number | undefined
    /** Lets concurrent callers share one run. */
    readonly shared: (run: Effect.Effect<void, string>) => Effect.Effect<void, string>
  }) {
    this.source = options.source
    this.context = options.context
    this.clock = options.clock
    this.pubsub = options.pubsub
    this.refreshBefore = options.refreshBeforeMillis
    const shared = options.shared(this.ask)
    this.asking = Effect.suspend(() => this.over === undefined ? shared : Effect.fail(this.over))
  }

  /**
   * The time in milliseconds. When the wall clock is set back, credentials do not live longer: they expire at the end of
   * their time since they came, or when the clock says so, whichever is sooner.
   */
  private now(): number {
    return Math.max(this.clock.currentTimeMillisUnsafe(), this.steadyOffset + monotonicMillisUnsafe(this.clock))
  }

  /** What sessions log in with, if it has not expired. */
  get usable(): Held | undefined {
    return this.isUsable(this.current) ? this.current : undefined
  }

  private isUsable(held: Held | undefined): held is Held {
    return held !== undefined && this.now() < held.expiresAt
  }

  // ---------------------------------------------------------------------------
  // The source

  private readonly ask: Effect.Effect<void, string> = Effect.suspend(() =>
    this.source._tag === "Given" ? Effect.void : Effect.matchCauseEffect(this.source.ask, {
      onSuccess: (value) => this.take(value),
      // The error of the caller's Effect may contain a secret, so it is left out.
      onFailure: () => Effect.fail("the Effect that gives the credentials failed")
    }).pipe(
      Effect.timeoutOrElse({
        duration: longestAskMillis,
        orElse: () => Effect.fail(`the Effect that gives the credentials gave none within ${longestAskMillis} ms`)
      })
    )
  )

  /** Takes what the source gave. */
  private take(value: unknown): Effect.Effect<void, string> {
    return Effect.suspend(() => {
      const fields = fieldsOfCredential(value)
      if (typeof fields === "string") return Effect.fail(`what the source gave is no credentials: ${fields}`)
      this.askedAt = this.clock.currentTimeMillisUnsafe()
      this.steadyOffset = this.askedAt - monotonicMillisUnsafe(this.clock)
      if (fields.expiresAt <= this.askedAt) return Effect.fail("the source gave credentials that have expired")
      const before = this.current
      const isSame = before !== undefined && before.secret === fields.secret && before.username === fields.username
      this.current = { ...fields, version: isSame ? before.version : (before?.version ?? 0) + 1 }
      if (isSame && before.expiresAt === fields.expiresAt) return Effect.void
      this.wake()
      if (before === undefined) return Effect.void
      if (!isSame) {
        const expiresAt = fields.expiresAt === Infinity ? undefined : DateTime.makeUnsafe(fields.expiresAt)
        this.publish("rotated", { _tag: "Rotated", username: fields.username, expiresAt })
      }
      // Those that a server has refused may be tried again where they have a later end.
      for (const session of Array.from(this.sessions)) session.onRotated()
      return Effect.void
    })
  }

  /** No credentials will come any more. */
  end(why: string): void {
    this.over ??= why
    this.wake()
  }

  private wake(): void {
    Deferred.doneUnsafe(this.changed, Exit.void)
    this.changed = Deferred.makeUnsafe()
  }

  /** When the source is asked anew. */
  private get refreshAt(): number {
    if (this.current === undefined) return Infinity
    const { expiresAt } = this.current
    if (expiresAt === Infinity) return Infinity
    const millis = expiresAt - this.askedAt
    // Credentials that live for a shorter time must not be asked for without a pause.
    const before = Math.min(this.refreshBefore ?? Math.min(millis / 5, 5 * 60_000), millis / 2)
    return Math.max(expiresAt - before, this.askedAt + leastRefreshMillis)
  }

  private unavailable(detail: string): Effect.Effect<void> {
    this.publish("unavailable", { _tag: "Unavailable", detail })
    return Effect.logWarning(`credentials: ${detail}; the client goes on with those that it has`)
  }

  /** Asks the source anew before its credentials expire, or takes what it gives, for as long as it runs. */
  readonly run: Effect.Effect<void> = Effect.suspend(() => {
    const pauses = new Pauses(longestPauseMillis)
    const { source } = this
    if (source._tag === "Given") {
      const give = (value: unknown): Effect.Effect<void> =>
        Effect.matchEffect(this.take(value), {
          onSuccess: () => Effect.sync(() => pauses.reset()),
          onFailure: (detail) => this.unavailable(detail)
        })
      const failed = Effect.andThen(
        Effect.suspend(() => this.unavailable("the Stream that gives the credentials failed, and is run again")),
        Effect.as(pauses.wait, false)
      )
      return source.run(give).pipe(
        Effect.matchCauseEffect({ onSuccess: () => Effect.succeed(true), onFailure: () => failed }),
        Effect.repeat({ until: (ended) => ended }),
        Effect.andThen(Effect.sync(() => this.end("the Stream that gives the credentials has ended")))
      )
    }
    const round = Effect.suspend(() => {
      const wait = this.refreshAt - this.now()
      if (wait > 0) {
        const sleep = wait === Infinity ? Effect.never : Effect.sleep(Math.min(wait, longestSleepMillis))
        return Effect.raceFirst(Deferred.await(this.changed), sleep)
      }
      const { current } = this
      return Effect.matchEffect(this.asking, {
        onSuccess: () =>
          // A source that gives what it gave is asked again after a while, like one that fails.
          this.current === current || this.current?.expiresAt === current?.expiresAt
            ? Effect.asVoid(pauses.wait)
            : Effect.sync(() => pauses.reset()),
        onFailure: (detail) => Effect.andThen(this.unavailable(detail), pauses.wait)
      })
    })
    return Effect.forever(round)
  })

  // ---------------------------------------------------------------------------
  // Sessions

  /** What a new session logs in with. Credentials that have expired are asked for anew. Fails with what is wrong. */
  readonly get: Effect.Effect<Held, string> = Effect.suspend(() => {
    const { current } = this
    // What does not expire is asked for at each session, so that it is never old.
    const isKept = this.source._tag === "Given" || current?.expiresAt !== Infinity
    if (isKept && this.isUsable(current)) return Effect.succeed(current)
    if (this.source._tag === "Asked") {
      return Effect.matchEffect(this.asking, {
        onSuccess: () => this.isUsable(this.current) ? Effect.succeed(this.current) : this.get,
        onFailure: (detail) =>
          this.isUsable(this.current) ? Effect.as(this.unavailable(detail), this.current) : Effect.fail(detail)
      })
    }
    if (this.over !== undefined) {
      return Effect.fail(current === undefined ? `${this.over} without any` : `${this.over}, and the last have expired`)
    }
    return Effect.andThen(Deferred.await(this.changed), this.get)
  })

  /**
   * What else a new session may log in with, after all that it has `tried` were refused: others that have come meanwhile
   * or come when the source is asked anew, or the last ones that a server accepted.
   */
  another(tried: ReadonlySet<number>): Effect.Effect<Held | undefined> {
    const untried = (held: Held | undefined): Held | undefined =>
      this.isUsable(held) && !tried.has(held.version) ? held : undefined
    return Effect.suspend(() => {
      const now = untried(this.current)
      if (now !== undefined) return Effect.succeed(now)
      const isOld = this.source._tag === "Asked" && this.now() - this.askedAt >= leastRefreshMillis
      return Effect.map(
        isOld ? Effect.ignore(this.asking) : Effect.void,
        () => untried(this.current) ?? untried(this.lastAccepted)
      )
    })
  }

  attach(session: Session): void {
    this.sessions.add(session)
  }

  detach(session: Session): void {
    this.sessions.delete(session)
  }

  /** A server has accepted credentials. */
  onAccepted(held: Held, address: string): void {
    if (this.lastAccepted === undefined || this.lastAccepted.version <= held.version) this.lastAccepted = held
    Metrics.credentialsOf.accepted.updateUnsafe(1, this.context)
    const { username } = held
    if (this.isFirst(held, `accepted ${address}`)) this.emit({ _tag: "Accepted", address, username })
  }

  /** A server has refused credentials. */
  onRefused(held: Held, address: string, code: string): void {
    Metrics.credentialsOf.refused.updateUnsafe(1, this.context)
    if (!this.isFirst(held, `refused ${address}`)) return
    const { username } = held
    this.emit({ _tag: "Refused", address, username, code })
    this.fork(
      Effect.logWarning(
        `${address} refuses the present credentials of the user "${
          username ?? "default"
        }" (${code}): sessions that are ` +
          "logged in stay so, and the client tries again"
      )
    )
  }

  fork(effect: Effect.Effect<void>): Fiber.Fiber<void> {
    return Effect.runForkWith(this.context)(effect)
  }

  private isFirst(held: Held, what: string): boolean {
    const key = `${held.version} ${what}`
    if (this.told.has(key)) return false
    // A group has few nodes.
    if (this.told.size > 10_000) this.told.clear()
    this.told.add(key)
    return true
  }

  private publish(what: "rotated" | "unavailable", event: KeeperEvent): void {
    Metrics.credentialsOf[what].updateUnsafe(1, this.context)
    this.emit(event)
  }

  private emit(event: KeeperEvent): void {
    PubSub.publishUnsafe(this.pubsub, event)
  }
}
