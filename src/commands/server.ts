/**
 * The commands about a server, and PUBLISH.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import type { Key } from "../Command.ts"
import { argv, word } from "../internal/commands/args.ts"
import type * as Resp from "../Resp.ts"

const { define, own: make } = Command

/**
 * The fields of INFO's reply, without its section headings. A field that comes
 * twice has its last value.
 */
const parseInfo = (text: string): Record<string, string> => {
  const out: Record<string, string> = {}
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":")
    if (colon > 0 && !line.startsWith("#")) out[line.slice(0, colon)] = line.slice(colon + 1).trim()
  }
  return out
}

const INFO = define({
  words: ["INFO"],
  mode: "read",
  decode: Command.custom<Record<string, string>>((v) => parseInfo(Command.text(v)))
})
/** What the server says of itself: all sections, or those named. */
export const info = (...sections: Array<string>) => make(INFO, sections)

/**
 * What ROLE says.
 *
 * @since 0.1.0
 * @category models
 */
export type Role =
  | {
    readonly role: "primary"
    readonly offset: number
    readonly replicas: ReadonlyArray<{ readonly host: string; readonly port: number; readonly offset: number }>
  }
  | {
    readonly role: "replica"
    readonly primary: { readonly host: string; readonly port: number }
    /** `connect`, `connecting`, `sync` or `connected`. */
    readonly link: string
    /** How much it has received; -1 while it has no link to its primary, whatever it has. */
    readonly offset: number
  }
  | { readonly role: "sentinel"; readonly groups: ReadonlyArray<string> }

const role_ = (value: Resp.Value): Role => {
  const reply = Command.list(value)
  switch (reply[0]) {
    case "master":
      return {
        role: "primary",
        offset: Number(reply[1]),
        replicas: Command.list(reply[2] ?? []).map((r) => {
          const [host, port, offset] = Command.list(r)
          return { host: Command.text(host ?? ""), port: Number(port), offset: Number(offset) }
        })
      }
    case "slave":
      return {
        role: "replica",
        primary: { host: Command.text(reply[1] ?? ""), port: Number(reply[2]) },
        link: Command.text(reply[3] ?? ""),
        offset: Number(reply[4])
      }
    case "sentinel":
      return { role: "sentinel", groups: Command.list(reply[1] ?? []).map(Command.text) }
    default:
      throw new Command.Mismatch("a role", value)
  }
}

const ROLE = define({ words: ["ROLE"], mode: "read", decode: Command.custom<Role>(role_) })
/** Whether the server is a primary, a replica or a sentinel, and its replication state. */
export const role = () => make(ROLE, argv())

const strings = Command.custom<Record<string, string>>((v) => {
  const flat = Command.list(v)
  const out: Record<string, string> = {}
  for (let i = 0; i + 1 < flat.length; i += 2) out[Command.text(flat[i]!)] = Command.text(flat[i + 1]!)
  return out
})

const CONFIG_GET = define({ words: ["CONFIG", "GET"], mode: "read", decode: strings })
/** The configuration parameters that match glob patterns. */
export const configGet = (...patterns: Array<string>) => make(CONFIG_GET, patterns)

const TIME = define({
  words: ["TIME"],
  mode: "read",
  decode: Command.custom<{ readonly seconds: number; readonly micros: number }>((v) => {
    const [seconds, micros] = Command.list(v)
    return { seconds: Number(Command.text(seconds ?? null)), micros: Number(Command.text(micros ?? null)) }
  })
})
/** The server's clock: Unix seconds, and the microseconds of the current one. */
export const time = () => make(TIME, argv())

const DBSIZE = define({ words: ["DBSIZE"], mode: "read", decode: Command.int })
/** How many keys the database has. */
export const dbsize = () => make(DBSIZE, argv())

const LASTSAVE = define({ words: ["LASTSAVE"], mode: "read", decode: Command.int })
/** When the server last saved to disk, as a Unix time in seconds. */
export const lastsave = () => make(LASTSAVE, argv())

const FLUSHDB = define({ words: ["FLUSHDB"], mode: "write", decode: Command.ok })
/** Deletes all keys of the database. */
export const flushdb = (mode?: "async" | "sync" | undefined) =>
  make(FLUSHDB, mode === undefined ? [] : [word("FLUSHDB", "mode", mode, ["async", "sync"])])

const FLUSHALL = define({ words: ["FLUSHALL"], mode: "write", decode: Command.ok })
/** Deletes all keys of all databases. */
export const flushall = (mode?: "async" | "sync" | undefined) =>
  make(FLUSHALL, mode === undefined ? [] : [word("FLUSHALL", "mode", mode, ["async", "sync"])])

const WAIT = define({
  words: ["WAIT"],
  mode: "read",
  blocks: (args) => Number(args[1]) > 0 ? Number(args[1]) : Infinity,
  decode: Command.int
})
/**
 * Waits until that many replicas have what this connection wrote, or for that
 * many milliseconds (0: without end). How many replicas have. It speaks of the
 * connection that it runs on: use it on the reserved connection that did the writes.
 */
export const wait = (replicas: number, timeoutMillis: number) => make(WAIT, argv(replicas, timeoutMillis))

const WAITAOF = define({
  words: ["WAITAOF"],
  mode: "read",
  blocks: (args) => Number(args[2]) > 0 ? Number(args[2]) : Infinity,
  decode: Command.custom<{ readonly isLocal: boolean; readonly replicas: number }>((v) => {
    const [local, replicas] = Command.list(v)
    return { isLocal: local === 1, replicas: Command.integer(replicas ?? null) }
  })
})
/**
 * Waits until this server (if `local` is 1) and that many replicas have what
 * this connection wrote on disk, or for that many milliseconds (0: without
 * end). Redis 7.2. Like WAIT, it speaks of the connection that it runs on.
 */
export const waitaof = (local: 0 | 1, replicas: number, timeoutMillis: number) =>
  make(WAITAOF, argv(local, replicas, timeoutMillis))

const PUBLISH = define({ words: ["PUBLISH"], mode: "write", decode: Command.int })
/** Sends a message to a channel's subscribers. How many of this server's received it. */
export const publish = (channel: Key, message: Command.Arg) => make(PUBLISH, argv(channel, message))

const SPUBLISH = define({ words: ["SPUBLISH"], mode: "write", keys: 1, decode: Command.int })
/** Sends a message to a shard channel's subscribers. Redis 7.0. */
export const spublish = (channel: Key, message: Command.Arg) => make(SPUBLISH, argv(channel, message))
