/**
 * The commands about connections: PING, ECHO and the CLIENT family. HELLO,
 * AUTH and SELECT belong to the handshake (internal/connection/handshake.ts), since on a shared
 * connection they would change everybody's session.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import type { Arg } from "../Command.ts"
import { argv, around, listed, optional, word } from "../internal/commands/args.ts"

const { define, own: make } = Command

const PING = define({ words: ["PING"], mode: "read", decode: Command.word })
/** `"PONG"`, or the message. */
export const ping = (message?: string | undefined) => make(PING, message === undefined ? [] : [message])

const ECHO = define({ words: ["ECHO"], mode: "read", decode: Command.string })
/** The message. */
export const echo = (message: string | Uint8Array) => make(ECHO, argv(message))

/**
 * What CLIENT INFO and CLIENT LIST say of a connection: the fields as the
 * server writes them, such as `addr`, `name`, `age`, `db`, `cmd`, and the id as a number.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientInfo {
  readonly id: number
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
/** The id of the connection that the command ran on. */
export const clientId = () => make(CLIENT_ID, argv())

const CLIENT_INFO = define({
  words: ["CLIENT", "INFO"],
  mode: "read",
  decode: Command.custom<ClientInfo>((v) => parseClient(Command.text(v)))
})
/** What the server knows of the connection that the command ran on. */
export const clientInfo = () => make(CLIENT_INFO, argv())

const CLIENT_LIST = define({
  words: ["CLIENT", "LIST"],
  mode: "read",
  decode: Command.custom<Array<ClientInfo>>((v) =>
    Command.text(v).split("\n").filter((l) => l.trim() !== "").map(parseClient)
  )
})
/** What the server knows of its connections. */
export const clientList = (
  options?: {
    readonly type?: "normal" | "master" | "replica" | "pubsub" | undefined
    readonly ids?: ReadonlyArray<number> | undefined
  } | undefined
) => {
  const args: Array<Arg> = []
  const given = optional("CLIENT LIST", options)
  if (given?.type !== undefined) args.push("TYPE", given.type)
  if (given?.ids !== undefined) around(args, ["ID", ...listed("CLIENT LIST", "ids", given.ids)])
  return make(CLIENT_LIST, args)
}

const CLIENT_GETNAME = define({ words: ["CLIENT", "GETNAME"], mode: "read", decode: Command.wordOrNull })
/** The name of the connection that the command ran on, or null. */
export const clientGetname = () => make(CLIENT_GETNAME, argv())

const CLIENT_KILL = define({ words: ["CLIENT", "KILL"], mode: "read", decode: Command.int })
/** Closes connections at the server. How many. */
export const clientKill = (filter: {
  readonly id?: number | undefined
  readonly type?: "normal" | "master" | "replica" | "pubsub" | undefined
  readonly user?: string | undefined
  readonly addr?: string | undefined
  readonly laddr?: string | undefined
  /** Whether the connection that asks is spared. Default true. */
  readonly skipme?: boolean | undefined
}) => {
  const args: Array<Arg> = []
  optional("CLIENT KILL", filter)
  for (const name of ["id", "type", "user", "addr", "laddr"] as const) {
    const value = filter[name]
    if (value !== undefined) args.push(name.toUpperCase(), value)
  }
  if (filter.skipme !== undefined) args.push("SKIPME", filter.skipme ? "yes" : "no")
  return make(CLIENT_KILL, args)
}

const CLIENT_UNBLOCK = define({ words: ["CLIENT", "UNBLOCK"], mode: "read", decode: Command.flag })
/** Ends another connection's wait, as a timeout or as an error. */
export const clientUnblock = (id: number, how?: "timeout" | "error" | undefined) =>
  make(CLIENT_UNBLOCK, how === undefined ? [id] : [id, word("CLIENT UNBLOCK", "how", how, ["timeout", "error"])])

const CLIENT_PAUSE = define({ words: ["CLIENT", "PAUSE"], mode: "write", decode: Command.ok })
/** Suspends the server's clients, or only their writes, for that many milliseconds. */
export const clientPause = (millis: number, what?: "write" | "all" | undefined) =>
  make(CLIENT_PAUSE, what === undefined ? [millis] : [millis, word("CLIENT PAUSE", "what", what, ["write", "all"])])

const CLIENT_UNPAUSE = define({ words: ["CLIENT", "UNPAUSE"], mode: "write", decode: Command.ok })
/** Ends CLIENT PAUSE. */
export const clientUnpause = () => make(CLIENT_UNPAUSE, argv())
