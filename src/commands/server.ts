/**
 * The commands about a server: its role, its time, deleting all of its data, waiting for
 * its replicas; and PUBLISH. SUBSCRIBE is a client's `subscribe`. INFO is in info.ts, CONFIG
 * in config.ts.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Key } from "../Command.ts"
import { appendAll, argv, arrayOf, keyword, optionsOf } from "../internal/commands/args.ts"
import { type TimeoutInput, timeoutMillis } from "../internal/commands/time.ts"
import { momentOf } from "../internal/commands/timeDecoders.ts"
import type * as Resp from "../Resp.ts"

/**
 * The result of ROLE.
 *
 * @since 0.1.0
 * @category models
 */
export type Role =
  | {
    /** The server is a primary. */
    readonly role: "primary"
    /** Its replication offset, in bytes. */
    readonly offset: number
    /** The replicas that are connected to it. */
    readonly replicas: ReadonlyArray<{
      /** The replica's host, as it announces it. */
      readonly host: string
      /** The replica's port, as it announces it. */
      readonly port: number
      /** The offset that the replica acknowledged last, in bytes. */
      readonly offset: number
    }>
  }
  | {
    /** The server is a replica. */
    readonly role: "replica"
    /** The primary that it replicates. */
    readonly primary: {
      /** The primary's host. */
      readonly host: string
      /** The primary's port. */
      readonly port: number
    }
    /** The state of its link to the primary: `connect`, `connecting`, `handshake`, `sync` or `connected`. */
    readonly link: string
    /** The replication offset that it has received, in bytes; -1 while it has no link, whatever data it has. */
    readonly offset: number
  }
  | {
    /** The server is a sentinel. */
    readonly role: "sentinel"
    /** The names of the groups that it monitors. */
    readonly groups: ReadonlyArray<string>
  }

const readRole = (value: Resp.Value): Role => {
  const reply = Command.list(value)
  switch (Command.text(reply[0] ?? "")) {
    case "master":
      return {
        role: "primary",
        offset: Command.integer(reply[1] ?? null),
        replicas: Command.list(reply[2] ?? []).map((r) => {
          const [host, port, offset] = Command.list(r)
          return {
            host: Command.text(host ?? ""),
            port: Command.double(port ?? null),
            offset: Command.double(offset ?? null)
          }
        })
      }
    case "slave":
      return {
        role: "replica",
        primary: { host: Command.text(reply[1] ?? ""), port: Command.double(reply[2] ?? null) },
        link: Command.text(reply[3] ?? ""),
        offset: Command.integer(reply[4] ?? null)
      }
    case "sentinel":
      return { role: "sentinel", groups: Command.list(reply[1] ?? []).map(Command.text) }
    default:
      throw new Command.Mismatch("a role", value)
  }
}

const ROLE = define({ words: ["ROLE"], mode: "read", decode: Command.custom<Role>(readRole) })
/**
 * ROLE returns whether the server is a primary, a replica or a sentinel, with the state of its replication.
 *
 * @see https://redis.io/docs/latest/commands/role/
 * @since 0.1.0
 * @category server
 */
export const role = () => make(ROLE, argv())

/**
 * The result of TIME: the server's clock.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerTime {
  /** The moment, to the millisecond. */
  readonly moment: DateTime.Utc
  /** The microseconds since its last whole second; those of the milliseconds in `moment` are included. */
  readonly micros: number
}

const TIME = define({
  words: ["TIME"],
  mode: "read",
  decode: Command.map(Command.tuple(Command.float, Command.float), ([seconds, micros]): ServerTime => ({
    moment: momentOf(seconds * 1000 + Math.floor(micros / 1000)),
    micros
  }))
})
/**
 * TIME returns the server's clock: the moment, and the microseconds of its second.
 *
 * @see https://redis.io/docs/latest/commands/time/
 * @since 0.1.0
 * @category server
 */
export const time = () => make(TIME, argv())

const DBSIZE = define({ words: ["DBSIZE"], mode: "read", decode: Command.int })
/**
 * DBSIZE returns how many keys the database has.
 *
 * @see https://redis.io/docs/latest/commands/dbsize/
 * @since 0.1.0
 * @category server
 */
export const dbsize = () => make(DBSIZE, argv())

const FLUSHDB = define({ words: ["FLUSHDB"], mode: "write", decode: Command.ok })
/**
 * FLUSHDB deletes all keys of the database and returns `"OK"`. `"async"` frees their memory in the background,
 * `"sync"` before the reply; without either, the server's `lazyfree-lazy-user-flush` decides.
 *
 * @see https://redis.io/docs/latest/commands/flushdb/
 * @since 0.1.0
 * @category server
 */
export const flushdb = (mode?: "async" | "sync" | undefined) =>
  make(FLUSHDB, mode === undefined ? [] : [keyword("FLUSHDB", "mode", mode, ["async", "sync"])])

const FLUSHALL = define({ words: ["FLUSHALL"], mode: "write", decode: Command.ok })
/**
 * FLUSHALL deletes all keys of all databases and returns `"OK"`. `"async"` frees their memory in the background,
 * `"sync"` before the reply; without either, the server's `lazyfree-lazy-user-flush` decides.
 *
 * @see https://redis.io/docs/latest/commands/flushall/
 * @since 0.1.0
 * @category server
 */
export const flushall = (mode?: "async" | "sync" | undefined) =>
  make(FLUSHALL, mode === undefined ? [] : [keyword("FLUSHALL", "mode", mode, ["async", "sync"])])

const SWAPDB = define({ words: ["SWAPDB"], mode: "write", decode: Command.ok })
/**
 * SWAPDB exchanges the keys of two databases, by their numbers, and returns `"OK"`: the clients of each see those of
 * the other at once.
 *
 * @see https://redis.io/docs/latest/commands/swapdb/
 * @since 0.1.0
 * @category server
 */
export const swapdb = (first: number, second: number) => make(SWAPDB, argv(first, second))

const LOLWUT = define({ words: ["LOLWUT"], mode: "read", decode: Command.word })
const lolwutFields = { version: "value", parameters: "value" } as const

/**
 * LOLWUT returns a picture of characters, and the version of the server. Each version has its own picture; `version`
 * asks for that of another one, and `parameters` are what it takes, such as a width.
 *
 * @see https://redis.io/docs/latest/commands/lolwut/
 * @since 0.1.0
 * @category server
 */
export const lolwut = (
  options?: {
    /** The version of the server whose picture it is. Default: that of the server. */
    readonly version?: number | undefined
    /** What the picture takes. Default none. */
    readonly parameters?: ReadonlyArray<number> | undefined
  } | undefined
) => {
  const given = optionsOf(LOLWUT.name, options, lolwutFields)
  const args = given?.version === undefined ? argv() : argv("VERSION", given.version)
  return make(LOLWUT, appendAll(args, arrayOf(LOLWUT.name, "parameters", given?.parameters ?? [])))
}

const WAIT = define({
  words: ["WAIT"],
  mode: "read",
  decode: Command.int
})
/**
 * WAIT waits until at least `replicas` replicas have acknowledged the writes of this connection, for `timeout` at
 * most (`"Infinity"`: without end). The result is how many have acknowledged them, which is lower than `replicas`
 * after the timeout. It counts the writes of the connection that it runs on: use it on the reserved connection
 * that made them. Fails with ERR on a replica.
 *
 * **Example** (A write on at least one replica)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   return yield* Effect.scoped(Effect.gen(function*() {
 *     const reserved = yield* redis.reserve
 *     yield* reserved.set("order:1", "paid")
 *     return (yield* reserved.wait(1, "200 millis")) >= 1
 *   }))
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/wait/
 * @since 0.1.0
 * @category server
 */
export const wait = (replicas: number, timeout: TimeoutInput) =>
  make(WAIT, argv(replicas, timeoutMillis(WAIT.name, timeout)))

/**
 * The result of WAITAOF: where the writes are on disk.
 *
 * @since 0.1.0
 * @category models
 */
export interface Persisted {
  /** Whether the server itself has written them to its append-only file. */
  readonly isLocal: boolean
  /** How many replicas have written them to theirs. */
  readonly replicas: number
}

const persisted: Command.Decode<Persisted> = Command.struct({ isLocal: Command.flag, replicas: Command.int })

const WAITAOF = define({
  words: ["WAITAOF"],
  mode: "read",
  decode: persisted
})
/**
 * WAITAOF waits until the writes of this connection are in the append-only files of the server itself (if `local`
 * is 1) and of at least `replicas` replicas, for `timeout` at most (`"Infinity"`: without end). The result says
 * which of them have written them to disk, after the timeout, too. It counts the writes of the connection that it
 * runs on: use it on the reserved connection that made them. Fails with ERR on a replica, or if `local` is 1 and
 * the server has no append-only file. Needs Redis 7.2.
 *
 * @see https://redis.io/docs/latest/commands/waitaof/
 * @since 0.1.0
 * @category server
 */
export const waitaof = (local: 0 | 1, replicas: number, timeout: TimeoutInput) =>
  make(WAITAOF, argv(local, replicas, timeoutMillis(WAITAOF.name, timeout)))

const PUBLISH = define({ words: ["PUBLISH"], mode: "write", decode: Command.int })
/**
 * PUBLISH sends a message to the subscribers of a channel, and returns how many of those that are connected to
 * this server received it. Subscribers at replicas are not counted.
 *
 * @see https://redis.io/docs/latest/commands/publish/
 * @since 0.1.0
 * @category publish and subscribe
 */
export const publish = (channel: Key, message: Command.Arg) => make(PUBLISH, argv(channel, message))

const SPUBLISH = define({ words: ["SPUBLISH"], mode: "write", decode: Command.int })
/**
 * SPUBLISH sends a message to the subscribers of a shard channel, and returns how many of those that are connected
 * to this server received it. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/spublish/
 * @since 0.1.0
 * @category publish and subscribe
 */
export const spublish = (channel: Key, message: Command.Arg) => make(SPUBLISH, argv(channel, message))
