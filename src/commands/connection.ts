/**
 * The commands about connections: PING, ECHO, and the CLIENT commands about the own
 * connection, waits and pauses. The lists of connections are in clients.ts, the commands
 * that change a session in session.ts. HELLO, AUTH and SELECT belong to the handshake
 * (internal/connection/handshake.ts): on a shared connection they would change the
 * session of all its users.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import { argv, keyword } from "../internal/commands/args.ts"
import { type DurationInput, millisOf } from "../internal/commands/time.ts"

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

const CLIENT_GETREDIR = define({ words: ["CLIENT", "GETREDIR"], mode: "read", decode: Command.int })
/**
 * CLIENT GETREDIR returns the id of the connection that gets the invalidation messages of the connection that the
 * command runs on: 0 if that is itself, and -1 if it tracks no keys.
 *
 * @see https://redis.io/docs/latest/commands/client-getredir/
 * @since 0.1.0
 * @category connection
 */
export const clientGetredir = () => make(CLIENT_GETREDIR, argv())

/**
 * How a connection tracks keys.
 *
 * @since 0.1.0
 * @category models
 */
export interface TrackingInfo<A = string> {
  /** `off`, or `on` with others such as `bcast`, `optin`, `noloop` and `broken_redirect`. */
  readonly flags: ReadonlySet<string>
  /** The id of the connection that gets the invalidation messages: 0 if that is itself, -1 without tracking. */
  readonly redirect: number
  /** The prefixes of the keys that it tracks with `bcast`; none means all keys. */
  readonly prefixes: ReadonlyArray<A>
}

const trackingInfo: Command.Decode<TrackingInfo, TrackingInfo<Uint8Array>> = Command.fields({
  flags: Command.map(Command.words, (flags) => new Set(flags)),
  redirect: Command.int,
  prefixes: Command.strings
})

const CLIENT_TRACKINGINFO = define({ words: ["CLIENT", "TRACKINGINFO"], mode: "read", decode: trackingInfo })
/**
 * CLIENT TRACKINGINFO returns how the connection that the command runs on tracks keys.
 *
 * @see https://redis.io/docs/latest/commands/client-trackinginfo/
 * @since 0.1.0
 * @category connection
 */
export const clientTrackinginfo = () => make(CLIENT_TRACKINGINFO, argv())
