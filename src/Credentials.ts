/**
 * Credentials that change while a client runs: passwords that rotate, and tokens that expire. Sessions that are open are
 * logged in again with the new ones, and go on.
 *
 * docs/credentials.md tells the whole story. A password that never changes is the option `password`.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as RcMap from "effect/RcMap"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { DurationInput } from "./commands/options.ts"
import { InvalidOption } from "./Errors.ts"
import { durationOf, fieldsOf, kindOf } from "./internal/common/values.ts"
import { Keeper, keeperKey, type Source } from "./internal/credentials/keeper.ts"

/**
 * What a session logs in with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credential {
  /** The ACL user. Default: the server's `default` user. */
  readonly username?: string | undefined
  /** The password, or the token. */
  readonly password: Redacted.Redacted
  /** When it expires. Default: it does not. */
  readonly expiresAt?: DateTime.DateTime | undefined
}

/**
 * The source has given credentials other than those before. Live sessions log in with them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rotated {
  /** Its tag. */
  readonly _tag: "Rotated"
  /** The user; undefined for the server's `default` user. */
  readonly username: string | undefined
  /** When they expire; undefined if they do not. */
  readonly expiresAt: DateTime.Utc | undefined
}

/**
 * A server has accepted the credentials: the first time for each server, after each rotation.
 *
 * @since 0.1.0
 * @category models
 */
export interface Accepted {
  /** Its tag. */
  readonly _tag: "Accepted"
  /** The address of the server. */
  readonly address: string
  /** The user; undefined for the server's `default` user. */
  readonly username: string | undefined
}

/**
 * A server has refused the credentials: the first time for each server, after each rotation. Sessions that are logged in
 * stay so, and the client tries again after pauses that grow from 100 milliseconds to 30 seconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refused {
  /** Its tag. */
  readonly _tag: "Refused"
  /** The address of the server. */
  readonly address: string
  /** The user; undefined for the server's `default` user. */
  readonly username: string | undefined
  /** The code of the server's error, such as `WRONGPASS`. */
  readonly code: string
}

/**
 * The source has failed, or has given something that is no credentials. The client goes on with those that it has, and
 * asks again.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unavailable {
  /** Its tag. */
  readonly _tag: "Unavailable"
  /** What happened. The error of the source is left out, since it may contain a secret. */
  readonly detail: string
}

/**
 * What happens to credentials.
 *
 * @since 0.1.0
 * @category models
 */
export type Event = Rotated | Accepted | Refused | Unavailable

/**
 * Credentials that change, as the option `credentials` of a session takes them; `make` and the layers make them. They
 * belong to any number of clients and servers of one tier: nodes, or sentinels.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** What happens from now on; of more than 256 events that nobody has read, the oldest are dropped. */
  readonly events: Stream.Stream<Event>
  /** The state of the credentials. */
  readonly [keeperKey]: Keeper
}

/**
 * The service of the credentials of nodes.
 *
 * **Example** (A client that gets its credentials from a Layer)
 *
 * ```ts
 * import { DateTime, Effect, Layer, Redacted } from "effect"
 * import { Credentials, RedisClient } from "effect-redis-sentinel"
 *
 * declare const fetchToken: Effect.Effect<{ readonly token: string; readonly seconds: number }, Error>
 *
 * const credentials = Credentials.layer(Effect.gen(function*() {
 *   const { seconds, token } = yield* fetchToken
 *   const now = yield* DateTime.now
 *   return { username: "app", password: Redacted.make(token), expiresAt: DateTime.add(now, { seconds }) }
 * }))
 *
 * export const live = Layer.unwrap(
 *   Effect.map(Credentials.Credentials, (credentials) => RedisClient.layer({ credentials }))
 * ).pipe(Layer.provide(credentials))
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class Credentials extends Context.Service<Credentials, Service>()("effect-redis-sentinel/Credentials") {}

/**
 * The service of the credentials of sentinels, which have users and passwords of their own.
 *
 * @since 0.1.0
 * @category services
 */
export class SentinelCredentials
  extends Context.Service<SentinelCredentials, Service>()("effect-redis-sentinel/SentinelCredentials")
{}

/**
 * Options of `make` and of the layers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How long before its credentials expire an Effect runs again, at most half of their time. Default: a fifth of their
   * time, at most 5 minutes.
   */
  readonly refreshBefore?: DurationInput | undefined
}

/**
 * Makes credentials from a source, until the Scope closes. The source is one of these:
 *
 * - an Effect. Without `expiresAt` it runs for each new session, so that a file or a variable that has changed is read;
 *   with it, it runs again before the credentials expire, and when a server refuses them. A run is interrupted after 30
 *   seconds, and counts as failed.
 * - a Stream that gives the credentials, and others when they change. It runs from now on; when it fails it is run again.
 *
 * When the source gives other credentials than before, all live sessions log in with them. What it cannot give is told
 * by an event, a log line and a metric. Fails with `InvalidOption` if the source or an option is invalid.
 *
 * **Example** (A password that rotates)
 *
 * ```ts
 * import { Effect, Redacted, Stream } from "effect"
 * import { Credentials, RedisClient } from "effect-redis-sentinel"
 *
 * declare const passwords: Stream.Stream<string>
 *
 * export const program = Effect.gen(function*() {
 *   const credentials = yield* Credentials.make(
 *     Stream.map(passwords, (password) => ({ username: "app", password: Redacted.make(password) }))
 *   )
 *   const redis = yield* RedisClient.make({ credentials })
 *   return yield* redis.ping()
 * }).pipe(Effect.scoped)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E, R>(
  source: Effect.Effect<Credential, E, R> | Stream.Stream<Credential, E, R>,
  options?: Options | undefined
): Effect.Effect<Service, InvalidOption, R | Scope.Scope> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<R>()
    const isStream = Stream.isStream(source)
    if (!isStream && !Effect.isEffect(source)) {
      return yield* new InvalidOption({
        option: "source",
        detail: `expected an Effect or a Stream of credentials, got ${kindOf(source)}`
      })
    }
    const refreshBeforeMillis = yield* refreshBeforeOf(options)
    const runs = yield* RcMap.make({
      lookup: (run: Effect.Effect<void, string>) => Effect.forkScoped(run, { startImmediately: true })
    })
    const pubsub = yield* PubSub.sliding<Event>(256)
    const keeper = new Keeper({
      source: sourceOf(source, context),
      context,
      clock: yield* Clock.Clock,
      pubsub,
      refreshBeforeMillis,
      shared: (run) => Effect.scoped(Effect.flatMap(RcMap.get(runs, run), Fiber.join))
    })
    yield* Effect.addFinalizer(() => {
      keeper.end("the Scope of the credentials has closed")
      return PubSub.shutdown(pubsub)
    })
    yield* Effect.forkScoped(keeper.run, { startImmediately: true })
    return { events: Stream.fromPubSub(pubsub), [keeperKey]: keeper }
  })

const sourceOf = <E, R>(
  source: Effect.Effect<Credential, E, R> | Stream.Stream<Credential, E, R>,
  context: Context.Context<R>
): Source =>
  Stream.isStream(source)
    ? {
      _tag: "Given",
      run: (give) => Effect.provideContext(Stream.runForEach(source as Stream.Stream<Credential, E, R>, give), context)
    }
    : { _tag: "Asked", ask: Effect.provideContext(source as Effect.Effect<Credential, E, R>, context) }

const refreshBeforeOf = (options: unknown): Effect.Effect<number | undefined, InvalidOption> => {
  const invalid = (option: string, detail: string) => Effect.fail(new InvalidOption({ option, detail }))
  if (options === undefined) return Effect.undefined
  const fields = fieldsOf(options)
  if (typeof fields === "string") return invalid("options", fields)
  const { refreshBefore, ...others } = fields
  const unknown = Object.keys(others)[0]
  if (unknown !== undefined) return invalid("options", "there is no option other than refreshBefore")
  if (refreshBefore === undefined) return Effect.undefined
  const duration = durationOf(refreshBefore)
  return typeof duration === "string"
    ? invalid("refreshBefore", duration)
    : Duration.isFinite(duration)
    ? Effect.succeed(Duration.toMillis(duration))
    : invalid("refreshBefore", "the duration must be finite")
}

/**
 * A Layer with the credentials of nodes, from a source as `make` takes it. Fails with `InvalidOption` if the source or an
 * option is invalid.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R>(
  source: Effect.Effect<Credential, E, R> | Stream.Stream<Credential, E, R>,
  options?: Options | undefined
): Layer.Layer<Credentials, InvalidOption, Exclude<R, Scope.Scope>> => Layer.effect(Credentials, make(source, options))

/**
 * A Layer with the credentials of sentinels, from a source as `make` takes it. Fails with `InvalidOption` if the source
 * or an option is invalid.
 *
 * **Example** (Nodes and sentinels with credentials of their own)
 *
 * ```ts
 * import { Effect, Layer, Stream } from "effect"
 * import { Credentials, RedisClient, Sentinel } from "effect-redis-sentinel"
 *
 * declare const ofNodes: Stream.Stream<Credentials.Credential>
 * declare const ofSentinels: Stream.Stream<Credentials.Credential>
 *
 * const sentinel = Layer.unwrap(Effect.gen(function*() {
 *   return Sentinel.layer({
 *     sentinels: ["10.0.0.5:26379", "10.0.0.6:26379"],
 *     sentinel: { credentials: yield* Credentials.SentinelCredentials },
 *     node: { credentials: yield* Credentials.Credentials }
 *   })
 * }))
 *
 * export const live = RedisClient.layerPrimary("mymaster").pipe(
 *   Layer.provide(sentinel),
 *   Layer.provide([Credentials.layer(ofNodes), Credentials.layerSentinel(ofSentinels)])
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSentinel = <E, R>(
  source: Effect.Effect<Credential, E, R> | Stream.Stream<Credential, E, R>,
  options?: Options | undefined
): Layer.Layer<SentinelCredentials, InvalidOption, Exclude<R, Scope.Scope>> =>
  Layer.effect(SentinelCredentials, make(source, options))
