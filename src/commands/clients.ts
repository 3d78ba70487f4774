/**
 * CLIENT LIST, CLIENT INFO and CLIENT KILL: the connections of a server, and which of them
 * a filter means. The other CLIENT commands are in connection.ts and session.ts.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import {
  appendAll,
  argv,
  arrayOf,
  exclusive,
  type FieldsOf,
  keyword,
  type OneOrMore,
  optionsOf
} from "../internal/commands/args.ts"
import { clientInfo as infoDecoder, clientInfos } from "../internal/commands/clientInfo.ts"
import { type DurationInput, millisOf } from "../internal/commands/time.ts"
import type { NotWith } from "./options.ts"

export type { ClientInfo } from "../internal/commands/clientInfo.ts"

const CLIENT_INFO = define({ words: ["CLIENT", "INFO"], mode: "read", decode: infoDecoder })
/**
 * CLIENT INFO returns what the server knows of the connection that the command runs on.
 *
 * @see https://redis.io/docs/latest/commands/client-info/
 * @since 0.1.0
 * @category connection
 */
export const clientInfo = () => make(CLIENT_INFO, argv())

/**
 * A kind of connections: of clients, from the server to its primary, of replicas, or of
 * subscribers.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientType = "normal" | "primary" | "replica" | "pubsub"

/**
 * Properties of connections that a filter of CLIENT LIST and CLIENT KILL may exclude. Needs
 * Valkey 9.0.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientExclusions {
  /** Not those with this id, or with one of these. */
  readonly id?: OneOrMore<number> | undefined
  /** Not those of this kind. */
  readonly type?: ClientType | undefined
  /** Not those of an ACL user. */
  readonly user?: string | undefined
  /** Not those from this address of a client, as `host:port`. */
  readonly addr?: string | undefined
  /** Not those to this address of the server, as `host:port`. */
  readonly laddr?: string | undefined
  /** Not those from this IP address. */
  readonly ip?: string | undefined
  /** Not those of this name. */
  readonly name?: string | undefined
  /** Not those with these flags, as letters. */
  readonly flags?: string | undefined
  /** Not those of a library of this name. */
  readonly libName?: string | undefined
  /** Not those of a library of this version. */
  readonly libVer?: string | undefined
  /** Not those with this database. */
  readonly db?: number | undefined
  /** Not those that told that they can do this, as letters. */
  readonly capa?: string | undefined
}

/** The fields of which at least one is needed. */
type AtLeastOne<Fields extends object> = {
  readonly [K in keyof Fields]-?: { readonly [P in K]-?: NonNullable<Fields[P]> }
}[keyof Fields]

/**
 * The properties of connections that a filter of CLIENT LIST and CLIENT KILL asks for: those
 * that match all of the given fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientProperties {
  /** Connections of an ACL user. */
  readonly user?: string | undefined
  /** From this address of a client, as `host:port`. */
  readonly addr?: string | undefined
  /** To this address of the server, as `host:port`. */
  readonly laddr?: string | undefined
  /** Open for longer than this, in whole seconds: a fraction is rounded up. Needs Redis 7.4 or Valkey 8.0. */
  readonly maxage?: DurationInput | undefined
  /** From this IP address. Needs Valkey 9.0. */
  readonly ip?: string | undefined
  /** Of this name. Needs Valkey 9.0. */
  readonly name?: string | undefined
  /** Idle for at least this, in whole seconds: a fraction is rounded up. Needs Valkey 9.0. */
  readonly idle?: DurationInput | undefined
  /** With all of these flags, as letters such as `"bx"`; see `ClientInfo`. Needs Valkey 9.0. */
  readonly flags?: string | undefined
  /** Of a library of this name. Needs Valkey 9.0. */
  readonly libName?: string | undefined
  /** Of a library of this version. Needs Valkey 9.0. */
  readonly libVer?: string | undefined
  /** With this database. Needs Valkey 9.0. */
  readonly db?: number | undefined
  /** That told that they can do this, as letters. Needs Valkey 9.0. */
  readonly capa?: string | undefined
  /** Those without these properties. Needs Valkey 9.0. */
  readonly not?: (ClientExclusions & AtLeastOne<ClientExclusions>) | undefined
}

const types: ReadonlyArray<ClientType> = ["normal", "primary", "replica", "pubsub"]

/** The name that all servers know: that of a primary is `MASTER`. */
const typeWord = (command: string, field: string, type: ClientType): string => {
  const word = keyword(command, field, type, types)
  return word === "PRIMARY" ? "MASTER" : word
}

const seconds = (command: string, field: string, duration: DurationInput): number =>
  Math.ceil(millisOf(command, field, duration) / 1000)

/** Appends ids behind ID or NOT-ID. */
const appendIds = (command: string, args: Array<Arg>, word: string, field: string, ids: OneOrMore<number>): void => {
  const all = typeof ids === "number" ? [ids] : arrayOf(command, field, ids as ReadonlyArray<number>)
  if (all.length === 0) throw new InvalidCommand({ command, detail: `${field}: at least one is needed` })
  appendAll(args, [word, ...all])
}

const texts = [
  ["user", "USER"],
  ["addr", "ADDR"],
  ["laddr", "LADDR"],
  ["ip", "IP"],
  ["name", "NAME"],
  ["flags", "FLAGS"],
  ["libName", "LIB-NAME"],
  ["libVer", "LIB-VER"],
  ["db", "DB"],
  ["capa", "CAPA"]
] as const

const notFields = {
  id: "value",
  type: "value",
  user: "value",
  addr: "value",
  laddr: "value",
  ip: "value",
  name: "value",
  flags: "value",
  libName: "value",
  libVer: "value",
  db: "value",
  capa: "value"
} as const

/** Appends the properties that a filter asks for, and those that it excludes. */
const appendProperties = (command: string, args: Array<Arg>, given: ClientProperties): void => {
  for (const [field, word] of texts) {
    const value = given[field]
    if (value !== undefined) args.push(word, value)
  }
  if (given.maxage !== undefined) args.push("MAXAGE", seconds(command, "maxage", given.maxage))
  if (given.idle !== undefined) args.push("IDLE", seconds(command, "idle", given.idle))
  const not: ClientExclusions | undefined = optionsOf(command, given.not, notFields)
  if (not === undefined) return
  const before = args.length
  if (not.type !== undefined) args.push("NOT-TYPE", typeWord(command, "not.type", not.type))
  for (const [field, word] of texts) {
    const value = not[field]
    if (value !== undefined) args.push(`NOT-${word}`, value)
  }
  if (not.id !== undefined) appendIds(command, args, "NOT-ID", "not.id", not.id)
  if (args.length === before) throw new InvalidCommand({ command, detail: "not: at least one field is needed" })
}

const appendSkipme = (args: Array<Arg>, skipme: boolean | undefined): void => {
  if (skipme !== undefined) args.push("SKIPME", skipme ? "yes" : "no")
}

/**
 * What CLIENT LIST can filter by besides ids and the kind: since Valkey 8.1 by `user`,
 * `addr`, `laddr`, `maxage` and `skipme`, since Valkey 9.0 by the other fields. Redis has
 * none of them.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientListProperties extends ClientProperties {
  /** Whether the connection that the command runs on is left out. Default false. */
  readonly skipme?: boolean | undefined
}

/**
 * Options of CLIENT LIST that select connections by their ids.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientListIds extends ClientListProperties {
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
export interface ClientListType extends ClientListProperties {
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

const CLIENT_LIST = define({ words: ["CLIENT", "LIST"], mode: "read", decode: clientInfos })
/** What CLIENT LIST and CLIENT KILL choose connections by. */
const filterFields = {
  type: "value",
  skipme: "flag",
  user: "value",
  addr: "value",
  laddr: "value",
  maxage: "value",
  ip: "value",
  name: "value",
  idle: "value",
  flags: "value",
  libName: "value",
  libVer: "value",
  db: "value",
  capa: "value",
  not: "value"
} as const
const clientListFields: FieldsOf<ClientListOptions> = { ids: "value", ...filterFields }

/**
 * CLIENT LIST returns what the server knows of its connections, in no order. With options it lists those that match all
 * of them. Fails with `InvalidCommand` if both `type` and `ids` are given, and on Valkey with ERR if no ACL user has the
 * name `user`.
 *
 * **Example** (Who has been idle for long)
 *
 * ```ts
 * import { Duration, Effect } from "effect"
 * import { RedisClient } from "effect-redis-sentinel"
 *
 * export const program = Effect.gen(function*() {
 *   const redis = yield* RedisClient.RedisClient
 *   const clients = yield* redis.clientList({ type: "normal" })
 *   return clients.filter(({ idle }) => Duration.toHours(idle) > 1).map(({ addr }) => addr)
 * })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/client-list/
 * @since 0.1.0
 * @category connection
 */
export const clientList = (options?: ClientListOptions | undefined) => {
  const args = argv()
  const given = optionsOf(CLIENT_LIST.name, options, clientListFields)
  if (given === undefined) return make(CLIENT_LIST, args)
  exclusive(CLIENT_LIST.name, given, ["type", "ids"])
  if (given.type !== undefined) args.push("TYPE", typeWord(CLIENT_LIST.name, "type", given.type as ClientType))
  appendProperties(CLIENT_LIST.name, args, given)
  appendSkipme(args, given.skipme)
  // Redis reads whatever follows as further ids.
  if (given.ids !== undefined) {
    const ids = arrayOf(CLIENT_LIST.name, "ids", given.ids as ReadonlyArray<number>)
    appendIds(CLIENT_LIST.name, args, "ID", "ids", ids)
  }
  return make(CLIENT_LIST, args)
}

/**
 * Which connections CLIENT KILL closes: those that match all of the given fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientKillFields extends ClientProperties {
  /** The id of a connection; several need Valkey 8.1. */
  readonly id?: OneOrMore<number> | undefined
  /** Connections of this kind. */
  readonly type?: ClientType | undefined
  /** Whether the connection that the command runs on stays open. Default true. */
  readonly skipme?: boolean | undefined
}

/**
 * The argument of CLIENT KILL: at least one field besides `skipme`.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientKillFilter = ClientKillFields & AtLeastOne<Omit<ClientKillFields, "skipme">>

// Sent again, it would close connections that were made meanwhile.
const CLIENT_KILL = define({ words: ["CLIENT", "KILL"], mode: "read", repeatable: false, decode: Command.int })
const clientKillFilterFields: FieldsOf<ClientKillFilter> = { id: "value", ...filterFields }

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
  const args = argv()
  const given: ClientKillFields | undefined = optionsOf(CLIENT_KILL.name, filter, clientKillFilterFields)
  if (given?.id !== undefined) appendIds(CLIENT_KILL.name, args, "ID", "id", given.id)
  if (given?.type !== undefined) args.push("TYPE", typeWord(CLIENT_KILL.name, "type", given.type))
  if (given !== undefined) appendProperties(CLIENT_KILL.name, args, given)
  if (args.length === 0) {
    throw new InvalidCommand({
      command: CLIENT_KILL.name,
      detail: "filter: at least one field besides skipme is needed, such as id, type, user or addr"
    })
  }
  appendSkipme(args, given?.skipme)
  return make(CLIENT_KILL, args)
}
