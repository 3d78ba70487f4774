/**
 * A connection as its server describes it in CLIENT LIST, CLIENT INFO and ACL LOG: the
 * record, and how a line is read.
 */
import * as Duration from "effect/Duration"
import type * as Resp from "../../Resp.ts"
import { custom, type Decode, mismatch, text } from "./decoders.ts"

/**
 * A connection, as CLIENT INFO and CLIENT LIST describe it. Its fields have the server's
 * names in camelCase; what only later servers say is `null` on the others.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientInfo {
  /** The id that the server has given to the connection. */
  readonly id: number
  /** The client's address, as `host:port`, or the path of a Unix socket with `:0`. */
  readonly addr: string
  /** The server's address on the connection, as `host:port`. */
  readonly laddr: string
  /** The name of the connection; `null` if it has none. */
  readonly name: string | null
  /** How long the connection has been open, in whole seconds. */
  readonly age: Duration.Duration
  /** How long ago its last command was, in whole seconds. */
  readonly idle: Duration.Duration
  /**
   * The letters of its flags: `N` for none, `M` a primary, `S` a replica, `P` a subscriber,
   * `x` in a transaction, `b` waiting in a blocking command, `t` tracking keys, `e` safe
   * from eviction, and others.
   */
  readonly flags: ReadonlySet<string>
  /** The number of its database. */
  readonly db: number
  /** How many channels it subscribes to. */
  readonly sub: number
  /** How many patterns it subscribes to. */
  readonly psub: number
  /** How many shard channels it subscribes to. */
  readonly ssub: number
  /** How many commands it has queued after MULTI; `null` outside of a transaction. */
  readonly multi: number | null
  /** How many keys it watches; Redis 7.4. */
  readonly watch: number | null
  /** How many bytes of requests the server has not processed. */
  readonly qbuf: number
  /** How many bytes are free in the buffer for requests. */
  readonly qbufFree: number
  /** How many bytes the arguments of its next command have. */
  readonly argvMem: number
  /** How many bytes the commands after MULTI have. */
  readonly multiMem: number
  /** How many bytes its buffer for replies has. */
  readonly rbs: number
  /** How many bytes of that buffer it used at most, of late. */
  readonly rbp: number
  /** How many bytes of replies wait in that buffer. */
  readonly obl: number
  /** How many replies wait in a list, because that buffer is full. */
  readonly oll: number
  /** How many bytes that list has. */
  readonly omem: number
  /** How many bytes of memory the connection takes in all. */
  readonly totMem: number
  /** What its socket is watched for: `r` to read, `w` to write. */
  readonly events: string
  /** The command that it sent last, such as `client|list`; `null` if it has sent none. */
  readonly cmd: string | null
  /** Its ACL user. */
  readonly user: string
  /** The id of the connection that gets its invalidation messages; `null` if it tracks no keys, or gets them itself. */
  readonly redir: number | null
  /** Its version of RESP, 2 or 3. */
  readonly resp: number
  /** The name of its library; `null` if it told none. Redis 7.2. */
  readonly libName: string | null
  /** The version of its library; `null` if it told none. Redis 7.2. */
  readonly libVer: string | null
  /** The number of the thread that reads and writes it. Redis 8.0. */
  readonly ioThread: number | null
  /** The letters of what it told that it can do, such as `r` for redirects. Valkey 8.1. */
  readonly capa: ReadonlySet<string> | null
  /** How many bytes it has sent. Valkey 8.1. */
  readonly totNetIn: number | null
  /** How many bytes it has been sent. Valkey 8.1. */
  readonly totNetOut: number | null
  /** How many commands it has sent. Valkey 8.1. */
  readonly totCmds: number | null
  /** Every field as the server writes it, by the server's own name. */
  readonly fields: Readonly<Record<string, string>>
}

/** The fields of a line. A value has no spaces. */
const fieldsOf = (line: string): ReadonlyMap<string, string> => {
  const fields = new Map<string, string>()
  for (const part of line.trim().split(" ")) {
    const at = part.indexOf("=")
    if (at > 0) fields.set(part.slice(0, at), part.slice(at + 1))
  }
  return fields
}

const wholeNumber = /^-?\d{1,16}$/

/** Reads the line of one connection. Throws a `Mismatch` if it lacks a field that all servers write. */
export const clientInfoOf = (line: string): ClientInfo => {
  const fields = fieldsOf(line)
  const string = (name: string): string => fields.get(name) ?? mismatch(`a connection with the field ${name}`, line)
  const number = (name: string): number => {
    const value = string(name)
    return wholeNumber.test(value) ? Number(value) : mismatch(`a connection whose ${name} is a number`, line)
  }
  const numberOrNull = (name: string): number | null => fields.has(name) ? number(name) : null
  const stringOrNull = (name: string): string | null => fields.get(name) || null
  const cmd = string("cmd")
  const multi = number("multi")
  const redir = number("redir")
  const capa = fields.get("capa")
  return {
    id: number("id"),
    addr: string("addr"),
    laddr: string("laddr"),
    name: stringOrNull("name"),
    age: Duration.seconds(Math.max(0, number("age"))),
    idle: Duration.seconds(Math.max(0, number("idle"))),
    flags: new Set(string("flags")),
    db: number("db"),
    sub: number("sub"),
    psub: number("psub"),
    ssub: number("ssub"),
    multi: multi < 0 ? null : multi,
    watch: numberOrNull("watch"),
    qbuf: number("qbuf"),
    qbufFree: number("qbuf-free"),
    argvMem: number("argv-mem"),
    multiMem: number("multi-mem"),
    rbs: number("rbs"),
    rbp: number("rbp"),
    obl: number("obl"),
    oll: number("oll"),
    omem: number("omem"),
    totMem: number("tot-mem"),
    events: string("events"),
    cmd: cmd === "NULL" ? null : cmd,
    user: string("user"),
    redir: redir <= 0 ? null : redir,
    resp: number("resp"),
    libName: stringOrNull("lib-name"),
    libVer: stringOrNull("lib-ver"),
    ioThread: numberOrNull("io-thread"),
    capa: capa === undefined ? null : new Set(capa),
    totNetIn: numberOrNull("tot-net-in"),
    totNetOut: numberOrNull("tot-net-out"),
    totCmds: numberOrNull("tot-cmds"),
    fields: Object.fromEntries(fields)
  }
}

/** Reads the line of one connection. */
export const clientInfo: Decode<ClientInfo> = custom((value) => clientInfoOf(text(value)))

/** Reads the lines of several connections. */
export const clientInfos: Decode<Array<ClientInfo>> = custom((value: Resp.Value) =>
  text(value).split("\n").filter((line) => line.trim() !== "").map(clientInfoOf)
)
