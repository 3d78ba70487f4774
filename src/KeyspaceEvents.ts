/**
 * The types of `keyspace`: what servers publish when keys change (keyspace notifications). Types only.
 *
 * How it subscribes, and how it checks that the server publishes them, is in internal/client/keyspace.ts.
 *
 * @since 0.1.0
 */
import type * as Stream from "effect/Stream"
import type * as Command from "./Command.ts"
import type { NotificationsDisabled, RedisError } from "./Errors.ts"
import type { Gap, Undecodable, WhenFull } from "./PubSub.ts"

/**
 * The events of keys by the flag of `notify-keyspace-events` that publishes them.
 *
 * @since 0.1.0
 * @category models
 */
export interface EventsByFlag {
  /** Of all types. */
  readonly g:
    | "copy_to"
    | "del"
    | "expire"
    | "move_from"
    | "move_to"
    | "persist"
    | "rename_from"
    | "rename_to"
    | "restore"
  /** Of strings, bitmaps and HyperLogLogs. */
  readonly $: "append" | "incrby" | "incrbyfloat" | "pfadd" | "set" | "setbit" | "setrange"
  /** Of lists. `sortstore` is of SORT with STORE. */
  readonly l: "linsert" | "lpop" | "lpush" | "lrem" | "lset" | "ltrim" | "rpop" | "rpush" | "sortstore"
  /** Of sets. */
  readonly s: "sadd" | "sdiffstore" | "sinterstore" | "spop" | "srem" | "sunionstore"
  /** Of hashes. */
  readonly h:
    | "hdel"
    | "hexpire"
    | "hexpired"
    | "hincrby"
    | "hincrbyfloat"
    | "hpersist"
    | "hset"
  /** Of sorted sets. */
  readonly z:
    | "georadiusstore"
    | "geosearchstore"
    | "zadd"
    | "zdiffstore"
    | "zincr"
    | "zinterstore"
    | "zpopmax"
    | "zpopmin"
    | "zrangestore"
    | "zrem"
    | "zremrangebylex"
    | "zremrangebyrank"
    | "zremrangebyscore"
    | "zunionstore"
  /** Of streams. */
  readonly t:
    | "xadd"
    | "xdel"
    | "xgroup-create"
    | "xgroup-createconsumer"
    | "xgroup-delconsumer"
    | "xgroup-destroy"
    | "xgroup-setid"
    | "xsetid"
    | "xtrim"
  /** A key was deleted because its time was over. */
  readonly x: "expired"
  /** A key was deleted to free memory. */
  readonly e: "evicted"
  /** A command looked for a key that does not exist. */
  readonly m: "keymiss"
  /** A key was created. */
  readonly n: "new"
  /** The value of a key was replaced (Redis 8.2). */
  readonly o: "overwritten"
  /** The type of a key has changed (Redis 8.2). */
  readonly c: "type_changed"
}

/**
 * The names of the events of Redis 7.0 to 8.10 and of Valkey 9. Those of modules are not among them.
 *
 * @since 0.1.0
 * @category models
 */
export type EventName = EventsByFlag[keyof EventsByFlag]

/**
 * Which keys and events: at least one of the fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeyspaceRequest<E extends EventName = EventName> {
  /** Globs of keys: `*`, `?`, `[ab]`, `[^a]`, and `\` before a character that means itself. Default: all keys. */
  readonly keys?: string | Uint8Array | ReadonlyArray<Command.Key> | undefined
  /** Keys as they are, besides those of `keys`. */
  readonly exactKeys?: ReadonlyArray<Command.Key> | undefined
  /** The events. Default: all that the server publishes for the keys. */
  readonly events?: ReadonlyArray<E> | undefined
  /** Events that this version of the library does not know, such as those of modules, besides those of `events`. */
  readonly otherEvents?: ReadonlyArray<string> | undefined
}

/**
 * Options of `keyspace`.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeyspaceOptions {
  /** How many events may wait for the reader, at least 1. Default 10,000. */
  readonly capacity?: number | undefined
  /** What becomes of an event for which there is no room. Default `"drop-newest"`. */
  readonly whenFull?: WhenFull | undefined
  /**
   * What happens when the server publishes less than is asked for, after it has started again or the group has moved.
   * `"item"`: the Stream has a `Disabled`, and the log a warning. `"fail"`: the Stream fails with
   * `NotificationsDisabled`, as it does at its beginning. Default `"item"`.
   */
  readonly whenDisabled?: "item" | "fail" | undefined
}

/**
 * Something happened to a key.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeyEvent<out E extends string = EventName, out K extends string | Uint8Array = string> {
  /** Tells events of keys from the other items of the Stream. */
  readonly _tag: "KeyEvent"
  /** The key. */
  readonly key: K
  /** What happened. */
  readonly event: E
  /** The number of the database. */
  readonly database: number
}

/**
 * From here on the server does not publish all that is asked for: it has started again, or the group has another
 * primary, with another configuration.
 *
 * @since 0.1.0
 * @category models
 */
export interface Disabled {
  /** Tells these places from the other items of the Stream. */
  readonly _tag: "Disabled"
  /** What is missing, and how to set it. */
  readonly error: NotificationsDisabled
}

/** The events of a request, with any text where it has `otherEvents`. */
type EventsOf<E extends string, O> = E | ("otherEvents" extends keyof O ? string : never)

/**
 * What tells of keys: a client of a primary, or of replicas.
 *
 * @since 0.1.0
 * @category models
 */
export interface WithKeyspace {
  /**
   * What happens to keys: the keyspace notifications of the server, for keys of a glob, for exact keys, or for events of
   * all keys, in the database of the client. They come over the client's subscriptions, and have the same `Gap`s: nothing
   * is kept for a client that is not connected.
   *
   * The server has to publish them (`notify-keyspace-events`). The Stream checks that when it begins, and fails with
   * `NotificationsDisabled`, which says how to set it. It checks again after each new subscription, since the next
   * primary may have another configuration: then it has a `Disabled`, or fails if `whenDisabled` is `"fail"`. If the user
   * may not run CONFIG GET, the log says so once. A client of replicas subscribes at a replica, which publishes by its own
   * configuration what it gets from the primary: a key that expires is a `del` there.
   *
   * **Example** (Sessions that have expired)
   *
   * ```ts
   * import { Effect, Stream } from "effect"
   * import { RedisClient } from "effect-redis-sentinel"
   *
   * export const program = Effect.gen(function*() {
   *   const redis = yield* RedisClient.RedisClient
   *   yield* redis.keyspace({ keys: "session:*", events: ["expired", "del"] }).pipe(
   *     Stream.runForEach((item) =>
   *       item._tag === "KeyEvent"
   *         ? Effect.log(`${item.key}: ${item.event}`)
   *         : item._tag === "Undecodable"
   *         ? Effect.void
   *         : Effect.logWarning(item._tag === "Gap" ? item.detail : item.error.message)
   *     )
   *   )
   * })
   * ```
   */
  readonly keyspace: KeyspaceMethod
  /** The same with bytes. */
  readonly bytes: {
    /** What happens to keys, like `keyspace`, with keys as bytes. */
    readonly keyspace: KeyspaceBytesMethod
  }
}

/**
 * The method `keyspace` of a client.
 *
 * @since 0.1.0
 * @category models
 */
export type KeyspaceMethod = <const E extends EventName = EventName, const O extends object = {}>(
  request: KeyspaceRequest<E> & O,
  options?: KeyspaceOptions | undefined
) => Stream.Stream<
  KeyEvent<EventsOf<E, O>> | Undecodable | Gap | Disabled,
  RedisError | NotificationsDisabled
>

/**
 * The method `keyspace` of `redis.bytes`.
 *
 * @since 0.1.0
 * @category models
 */
export type KeyspaceBytesMethod = <const E extends EventName = EventName, const O extends object = {}>(
  request: KeyspaceRequest<E> & O,
  options?: KeyspaceOptions | undefined
) => Stream.Stream<
  KeyEvent<EventsOf<E, O>, Uint8Array> | Gap | Disabled,
  RedisError | NotificationsDisabled
>
