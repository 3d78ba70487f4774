/**
 * The commands about connections: PING, ECHO and the CLIENT commands. HELLO, AUTH
 * and SELECT belong to the handshake (internal/connection/handshake.ts): on a
 * shared connection they would change the session of all its users.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import type { Arg } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { appendAll, argv, arrayOf, exclusive, keyword, optionsOf } from "../internal/commands/args.ts"
import { type DurationInput, millisOf } from "../internal/commands/time.ts"
import type { NotWith } from "./options.ts"

const { define, own: make } = Command

const PING = define({ words: ["PING"], mode: "read", decode: Command.word })
/**
 * PING returns `"PONG"`, or the message that it was given.
 *
 * @see https://redis.io/docs/latest/commands/ping/
 * @since 0.1.0
 * @category connection
 */
export const ping = (message?: string | undefined) => make(PING, message === undefined ? [] : [message])

const ECHO = define({ words: ["ECHO"], mode: "read", decode: Command.string })
/**
 * ECHO returns the message that it was given.
 *
 * @see https://redis.io/docs/latest/commands/echo/
 * @since 0.1.0
 * @category connection
 */
export const echo = (message: string | Uint8Array) => make(ECHO, argv(message))

/**
 * A connection, as CLIENT INFO and CLIENT LIST describe it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientInfo {
  /** The id that the server has given to the connection. */
  readonly id: number
  /**
   * Every field as the server writes it, such as `addr`, `name`, `db` and `cmd`;
   * `age` and `idle` are seconds.
   */
  readonly fields: Readonly<Record<string, string>>
}

const parseClient = (line: string): ClientInfo => {
  const fields: Record<string, string> = {}
  for (const part of line.trim().split(" ")) {
    const eq = part.indexOf("=")
    if (eq > 0) fields[part.slice(0, eq)] = part.slice(eq + 1)
  }
  return { id: Number(fields["id"]), fields }
}

const CLIENT_ID = define({ words: ["CLIENT", "ID"], mode: "read", decode: Command.int })
/**
 * CLIENT ID returns the id that the server has given to the connection that the command runs on. A client's
 * commands share connections: on a reserved one the id stays the same.
 *
 * @see https://redis.io/docs/latest/commands/client-id/
 * @since 0.1.0
 * @category connection
 */
export const clientId = () => make(CLIENT_ID, argv())

const CLIENT_INFO = define({
  words: ["CLIENT", "INFO"],
  mode: "read",
  decode: Command.map(Command.word, parseClient)
})
/**
 * CLIENT INFO returns what the server knows of the connection that the command runs on.
 *
 * @see https://redis.io/docs/latest/commands/client-info/
 * @since 0.1.0
 * @category connection
 */
export const clientInfo = () => make(CLIENT_INFO, argv())

/**
 * A kind of connections: of clients, from the server to its primary (`"master"`), of
 * replicas, or of subscribers.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientType = "normal" | "master" | "replica" | "pubsub"

/**
 * Options of CLIENT LIST that select connections by their ids.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientListIds {
  /** Only the connections with these ids; those that do not exist are left out. */
  readonly ids?: ReadonlyArray<number> | undefined
  /** Not with `ids`. */
  readonly type?: NotWith<"ids"> | undefined
}

/**
 * Options of CLIENT LIST that select connections by their kind.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientListType {
  /** Only connections of this kind. Default: all. */
  readonly type?: ClientType | undefined
  /** Not with `type`. */
  readonly ids?: NotWith<"type"> | undefined
}

/**
 * Options of CLIENT LIST. Without them it lists all connections.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientListOptions = ClientListIds | ClientListType

const clientTypes: ReadonlyArray<ClientType> = ["normal", "master", "replica", "pubsub"]

const CLIENT_LIST = define({
  words: ["CLIENT", "LIST"],
  mode: "read",
  decode: Command.map(
    Command.word,
    (text): Array<ClientInfo> => text.split("\n").filter((line) => line.trim() !== "").map(parseClient)
  )
})
/**
 * CLIENT LIST returns what the server knows of its connections, in no order. Fails with `InvalidCommand` if both
 * `type` and `ids` are given.
 *
 * @see https://redis.io/docs/latest/commands/client-list/
 * @since 0.1.0
 * @category connection
 */
export const clientList = (options?: ClientListOptions | undefined) => {
  const args: Array<Arg> = []
  const given = optionsOf("CLIENT LIST", options)
  if (given !== undefined) exclusive("CLIENT LIST", given, ["type", "ids"])
  if (given?.type !== undefined) {
    args.push("TYPE", keyword("CLIENT LIST", "type", given.type as ClientType, clientTypes))
  }
  if (given?.ids !== undefined) {
    appendAll(args, ["ID", ...arrayOf("CLIENT LIST", "ids", given.ids as ReadonlyArray<number>)])
  }
  return make(CLIENT_LIST, args)
}

const CLIENT_GETNAME = define({ words: ["CLIENT", "GETNAME"], mode: "read", decode: Command.wordOrNull })
/**
 * CLIENT GETNAME returns the name of the connection that the command runs on, or `null` if it has none. The option
 * `clientName` of a client names its connections.
 *
 * @see https://redis.io/docs/latest/commands/client-getname/
 * @since 0.1.0
 * @category connection
 */
export const clientGetname = () => make(CLIENT_GETNAME, argv())

/**
 * Which connections CLIENT KILL closes: those that match all of the given fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientKillFields {
  /** The id of a connection. */
  readonly id?: number | undefined
  /** Connections of this kind. */
  readonly type?: ClientType | undefined
  /** Connections of an ACL user. */
  readonly user?: string | undefined
  /** The client's address, as `host:port`. */
  readonly addr?: string | undefined
  /** The server's address on the connection, as `host:port`. */
  readonly laddr?: string | undefined
  /** Whether the connection that the command runs on stays open. Default true. */
  readonly skipme?: boolean | undefined
}

/**
 * The argument of CLIENT KILL: at least one of `id`, `type`, `user`, `addr` and `laddr`.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientKillFilter =
  & ClientKillFields
  & (
    | {
      /** The id of a connection. */
      readonly id: number
    }
    | {
      /** Connections of this kind. */
      readonly type: ClientType
    }
    | {
      /** Connections of an ACL user. */
      readonly user: string
    }
    | {
      /** The client's address, as `host:port`. */
      readonly addr: string
    }
    | {
      /** The server's address on the connection, as `host:port`. */
      readonly laddr: string
    }
  )

// Sent again, it would close connections that were made meanwhile.
const CLIENT_KILL = define({ words: ["CLIENT", "KILL"], mode: "read", repeatable: false, decode: Command.int })
/**
 * CLIENT KILL closes the connections at the server that match all of the given fields, and returns how many it
 * closed. Fails with `InvalidCommand` if there are none of them, and with ERR if no ACL user has the name `user`.
 * It is not sent again if its reply is lost, and fails with `AmbiguousOutcome`.
 *
 * **Example** (Subscribers of the user `worker`)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const kill = commands.clientKill({ type: "pubsub", user: "worker" })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/client-kill/
 * @since 0.1.0
 * @category connection
 */
export const clientKill = (filter: ClientKillFilter) => {
  const args: Array<Arg> = []
  const given = optionsOf("CLIENT KILL", filter)
  for (const name of ["id", "type", "user", "addr", "laddr"] as const) {
    const value = given?.[name]
    if (value !== undefined) args.push(name.toUpperCase(), value)
  }
  if (args.length === 0) {
    throw new InvalidCommand({ command: "CLIENT KILL", detail: "filter: id, type, user, addr or laddr is needed" })
  }
  if (given?.skipme !== undefined) args.push("SKIPME", given.skipme ? "yes" : "no")
  return make(CLIENT_KILL, args)
}

// Sent again, it would end the next wait of the connection.
const CLIENT_UNBLOCK = define({ words: ["CLIENT", "UNBLOCK"], mode: "read", repeatable: false, decode: Command.flag })
/**
 * CLIENT UNBLOCK ends the wait of a connection in a blocking command such as BLPOP: as if its timeout had passed
 * (`"timeout"`, the default), or with an error of code UNBLOCKED (`"error"`). The result is `true` if it was
 * waiting, and `false` if it was not or does not exist. It is not sent again if its reply is lost, and fails with
 * `AmbiguousOutcome`.
 *
 * @see https://redis.io/docs/latest/commands/client-unblock/
 * @since 0.1.0
 * @category connection
 */
export const clientUnblock = (id: number, how?: "timeout" | "error" | undefined) =>
  make(CLIENT_UNBLOCK, how === undefined ? [id] : [id, keyword("CLIENT UNBLOCK", "how", how, ["timeout", "error"])])

const CLIENT_PAUSE = define({ words: ["CLIENT", "PAUSE"], mode: "write", decode: Command.ok })
/**
 * CLIENT PAUSE makes the server delay the commands of all its clients for a duration, or with `"write"` only those
 * that may write. Default `"all"`. The result is `"OK"`, at once.
 *
 * @see https://redis.io/docs/latest/commands/client-pause/
 * @since 0.1.0
 * @category connection
 */
export const clientPause = (duration: DurationInput, what?: "write" | "all" | undefined) => {
  const millis = millisOf("CLIENT PAUSE", "duration", duration)
  const args = what === undefined ? [millis] : [millis, keyword("CLIENT PAUSE", "what", what, ["write", "all"])]
  return make(CLIENT_PAUSE, args)
}

const CLIENT_UNPAUSE = define({ words: ["CLIENT", "UNPAUSE"], mode: "write", decode: Command.ok })
/**
 * CLIENT UNPAUSE ends a CLIENT PAUSE: the server runs the commands that it delayed. The result is `"OK"`, whether
 * or not there was a pause.
 *
 * @see https://redis.io/docs/latest/commands/client-unpause/
 * @since 0.1.0
 * @category connection
 */
export const clientUnpause = () => make(CLIENT_UNPAUSE, argv())
