/**
 * A Redis server in memory: the data commands below, transactions, roles, and
 * asynchronous replication that a failover can outrun. It speaks RESP2 and
 * RESP3 over a `Network`.
 *
 * Who is primary is decided elsewhere: `SentinelNode.ts` or the test.
 *
 * @since 0.1.0
 */
import { Buffer } from "node:buffer"
import * as Address from "../Address.ts"
import { ProtocolError } from "../Errors.ts"
import { Decoder, encodeValue, ErrorReply, MapReply, type Value } from "../Resp.ts"
import type { Network, Peer } from "./Network.ts"

/** What a session with any server in memory has. */
export interface Session {
  readonly id: number
  protocol: 2 | 3
  authenticated: boolean
  name: string
  database: number
  queue: Array<Array<string>> | undefined
  broken: boolean
  watched: Map<string, number> | undefined
  readonly peer: Peer
}

/** Answers one request; undefined leaves it without a reply for now. */
export type Serve = (session: Session, args: Array<string>) => Value | undefined

const error = (text: string): ErrorReply => new ErrorReply(text)

/**
 * A server process in memory: sessions, requests in order, and the ways it can
 * fail. Strings are latin1 inside, so that they are binary safe.
 */
export class Process {
  readonly address: Address.Tcp
  readonly shown: string
  readonly network: Network
  running = true
  password: string | undefined = undefined
  protected readonly sessions = new Map<Session, Array<Array<string>>>()
  private hung = false
  private nextId = 1
  protected serve: Serve = () => error("ERR not ready")

  constructor(network: Network, address: Address.Tcp) {
    this.network = network
    this.address = address
    this.shown = Address.format(address)
    network.listen(this.shown, {
      accepts: () => this.running,
      connect: (peer) => this.connect(peer)
    })
  }

  /** Whether it answers. */
  get responsive(): boolean {
    return this.running && !this.hung
  }

  private connect(peer: Peer): { readonly data: (bytes: Uint8Array) => void; readonly closed: () => void } {
    const session: Session = {
      id: this.nextId++,
      protocol: 2,
      authenticated: this.password === undefined,
      name: "",
      database: 0,
      queue: undefined,
      broken: false,
      watched: undefined,
      peer
    }
    const waiting: Array<Array<string>> = []
    this.sessions.set(session, waiting)
    const decoder = new Decoder({
      wantsBytes: () => true,
      onReply: (value) => {
        const args = Array.isArray(value)
          ? value.map((v) => v instanceof Uint8Array ? Buffer.from(v).toString("latin1") : String(v))
          : []
        waiting.push(args)
        if (!this.hung) this.work(session, waiting)
      },
      onPush: () => {}
    })
    return {
      data: (bytes) => {
        try {
          decoder.feed(bytes)
        } catch (e) {
          if (!(e instanceof ProtocolError)) throw e
          peer.write(encodeValue(error(`ERR Protocol error: ${e.detail}`)))
          peer.close()
        }
      },
      closed: () => {
        this.sessions.delete(session)
        this.gone(session)
      }
    }
  }

  protected gone(_session: Session): void {}

  private work(session: Session, waiting: Array<Array<string>>): void {
    let args: Array<string> | undefined
    while (!this.hung && this.running && (args = waiting.shift()) !== undefined) {
      const reply = this.serve(session, args)
      if (reply !== undefined) this.reply(session, reply)
    }
  }

  protected reply(session: Session, value: Value): void {
    session.peer.write(encode(value, session.protocol))
  }

  /** Ends every connection and refuses new ones. */
  stop(): void {
    this.running = false
    this.hung = false
    this.network.closeAll(this.shown)
  }

  /** Connections stay open and are accepted, but nothing is answered, as with SIGSTOP. */
  hang(): void {
    this.hung = true
  }

  /** Goes on with everything that came meanwhile. */
  resume(): void {
    this.hung = false
    for (const [session, waiting] of Array.from(this.sessions)) this.work(session, waiting)
  }

  /** HELLO, AUTH, PING and the like, which all servers answer alike. */
  protected common(session: Session, name: string, args: Array<string>): Value | undefined {
    switch (name) {
      case "HELLO": {
        const version = args[1] === undefined ? session.protocol : Number(args[1])
        if (version !== 2 && version !== 3) return error("NOPROTO unsupported protocol version")
        for (let i = 2; i < args.length; i++) {
          const option = args[i]!.toUpperCase()
          if (option === "AUTH") {
            if (!this.login(session, args[i + 1], args[i + 2])) return wrongPass
            i += 2
          } else if (option === "SETNAME") session.name = args[++i] ?? ""
        }
        if (!session.authenticated) {
          return error("NOAUTH HELLO must be called with the client already authenticated")
        }
        session.protocol = version
        return new MapReply([
          "server",
          "redis",
          "version",
          "7.0.15",
          "proto",
          version,
          "id",
          session.id,
          "mode",
          this.mode
        ])
      }
      case "AUTH":
        return this.login(session, args.length === 2 ? "default" : args[1], args[args.length - 1]) ? ok : wrongPass
      case "PING":
        return args[1] ?? simple("PONG")
      case "ECHO":
        return latin(args[1] ?? "")
      case "SELECT":
        session.database = Number(args[1])
        return session.database < 16 ? ok : error("ERR DB index is out of range")
      case "CLIENT":
        switch ((args[1] ?? "").toUpperCase()) {
          case "SETNAME":
            session.name = args[2] ?? ""
            return ok
          case "GETNAME":
            return session.name === "" ? null : session.name
          case "ID":
            return session.id
          case "INFO":
            return `id=${session.id} name=${session.name} db=${session.database} resp=${session.protocol}\n`
          default:
            return error(`ERR unknown subcommand '${args[1]}'. Try CLIENT HELP.`)
        }
      default:
        return undefined
    }
  }

  protected readonly mode: string = "standalone"

  private login(session: Session, user: string | undefined, password: string | undefined): boolean {
    const right = user === "default" && (this.password === undefined || password === this.password)
    if (right) session.authenticated = true
    return right
  }
}

const wrongPass = error("WRONGPASS invalid username-password pair or user is disabled.")

// `Value` has no class for simple strings: those that the kit sends are marked here.
const simples = new WeakSet<object>()

const simple = (text: string): Value => {
  const value = Object.assign([text], { simple: true }) as unknown as ReadonlyArray<Value>
  simples.add(value as object)
  return value
}

/** The reply `OK`. */
export const ok: Value = simple("OK")
const queued: Value = simple("QUEUED")

/** A string of latin1 characters as the bytes that they stand for. */
export const latin = (text: string): Uint8Array => Buffer.from(text, "latin1")

const encode = (value: Value, protocol: 2 | 3): Uint8Array => {
  if (typeof value === "object" && value !== null && simples.has(value)) {
    return Buffer.from(`+${(value as ReadonlyArray<string>)[0]}\r\n`, "latin1")
  }
  if (Array.isArray(value)) {
    return Buffer.concat([Buffer.from(`*${value.length}\r\n`), ...value.map((v) => encode(v, protocol))])
  }
  return encodeValue(value, protocol)
}

type Data = string | Array<string> | Map<string, string>

interface Entry {
  data: Data
  expiresAt: number
}

const wrongType = error("WRONGTYPE Operation against a key holding the wrong kind of value")
const notInteger = error("ERR value is not an integer or out of range")
const readOnly = error("READONLY You can't write against a read only replica.")
const syntax = error("ERR syntax error")

const writeNames = new Set([
  "SET",
  "DEL",
  "UNLINK",
  "INCR",
  "INCRBY",
  "DECR",
  "DECRBY",
  "APPEND",
  "MSET",
  "GETDEL",
  "HSET",
  "HDEL",
  "HINCRBY",
  "LPUSH",
  "RPUSH",
  "LPOP",
  "RPOP",
  "EXPIRE",
  "PEXPIRE",
  "PERSIST",
  "FLUSHDB",
  "FLUSHALL",
  "PUBLISH"
])

/** The fewest and the most arguments, the name included. */
const arity: Readonly<Record<string, readonly [number, number]>> = {
  GET: [2, 2],
  SET: [3, 9],
  DEL: [2, Infinity],
  UNLINK: [2, Infinity],
  EXISTS: [2, Infinity],
  INCR: [2, 2],
  INCRBY: [3, 3],
  DECR: [2, 2],
  DECRBY: [3, 3],
  APPEND: [3, 3],
  STRLEN: [2, 2],
  MGET: [2, Infinity],
  MSET: [3, Infinity],
  GETDEL: [2, 2],
  HSET: [4, Infinity],
  HGET: [3, 3],
  HGETALL: [2, 2],
  HDEL: [3, Infinity],
  HLEN: [2, 2],
  HINCRBY: [4, 4],
  LPUSH: [3, Infinity],
  RPUSH: [3, Infinity],
  LPOP: [2, 2],
  RPOP: [2, 2],
  LRANGE: [4, 4],
  LLEN: [2, 2],
  BLPOP: [3, Infinity],
  EXPIRE: [3, 4],
  PEXPIRE: [3, 4],
  PERSIST: [2, 2],
  TTL: [2, 2],
  PTTL: [2, 2],
  TYPE: [2, 2],
  DBSIZE: [1, 1],
  FLUSHDB: [1, 2],
  FLUSHALL: [1, 2],
  KEYS: [2, 2],
  SCAN: [2, Infinity],
  PUBLISH: [3, 3],
  WAIT: [3, 3],
  TIME: [1, 1],
  ROLE: [1, 1],
  INFO: [1, Infinity]
}

interface Waiting {
  readonly session: Session
  readonly keys: ReadonlyArray<string>
  readonly until: number
}

/**
 * How a node is told of time: the Clock of the deployment.
 *
 * @since 0.1.0
 * @category models
 */
export interface Time {
  readonly now: () => number
  /** Runs something later, in so many milliseconds on the Clock. */
  readonly later: (millis: number, f: () => void) => void
}

/**
 * A Redis server in memory.
 *
 * @since 0.1.0
 * @category models
 */
export class RedisNode extends Process {
  private readonly time: Time
  private data = new Map<string, Entry>()
  private readonly versions = new Map<string, number>()
  private waiters: Array<Waiting> = []
  private changes = 0
  /** The primary that it replicates, if it is a replica. */
  primary: RedisNode | undefined = undefined
  /** Its replicas, while it is a primary. */
  private readonly replicas = new Set<RedisNode>()
  /** How far it is in the history of writes. */
  offset = 0
  /** How long a write takes to reach a replica, in milliseconds on the Clock. */
  lag = 0
  /** Set while it loads its data after a restart. */
  loading = false
  /** How many commands it executed, by name. */
  readonly executed = new Map<string, number>()

  constructor(network: Network, address: Address.Tcp, time: Time) {
    super(network, address)
    this.time = time
    this.serve = (session, args) => this.request(session, args)
  }

  /** What is stored at a key of strings, without the network. */
  peek(key: string): string | undefined {
    const entry = this.entry(key)
    return typeof entry?.data === "string" ? entry.data : undefined
  }

  /** Becomes a primary, with what it has. */
  promote(): void {
    this.primary?.replicas.delete(this)
    this.primary = undefined
    this.disconnectAll()
  }

  /** Becomes a replica of another node, and takes over its data. */
  replicate(primary: RedisNode): void {
    if (primary === this) return
    this.primary?.replicas.delete(this)
    const wasPrimary = this.primary === undefined
    this.primary = primary
    primary.replicas.add(this)
    if (wasPrimary) this.disconnectAll()
    if (primary.running) this.copy(primary)
  }

  private copy(primary: RedisNode): void {
    this.data = new Map(Array.from(primary.data, ([key, entry]) => [
      key,
      {
        data: Array.isArray(entry.data)
          ? entry.data.slice()
          : entry.data instanceof Map
          ? new Map(entry.data)
          : entry.data,
        expiresAt: entry.expiresAt
      }
    ]))
    this.offset = primary.offset
  }

  private disconnectAll(): void {
    for (const session of Array.from(this.sessions.keys())) session.peer.close()
  }

  /** Starts again after `stop`, with its data or without. */
  start(options: { readonly keepData: boolean }): void {
    if (!options.keepData) {
      this.data = new Map()
      this.offset = 0
    }
    this.running = true
    if (this.primary !== undefined) this.replicate(this.primary)
  }

  private request(session: Session, args: Array<string>): Value | undefined {
    const name = (args[0] ?? "").toUpperCase()
    if (!session.authenticated && name !== "AUTH" && name !== "HELLO") return error("NOAUTH Authentication required.")
    if (session.queue !== undefined && !["EXEC", "DISCARD", "MULTI", "WATCH"].includes(name)) {
      const refusal = this.refusal(name, args)
      if (refusal !== undefined) {
        session.broken = true
        return refusal
      }
      session.queue.push(args)
      return queued
    }
    switch (name) {
      case "MULTI":
        if (session.queue !== undefined) return error("ERR MULTI calls can not be nested")
        session.queue = []
        session.broken = false
        return ok
      case "DISCARD":
        if (session.queue === undefined) return error("ERR DISCARD without MULTI")
        session.queue = undefined
        session.watched = undefined
        return ok
      case "WATCH":
        session.watched ??= new Map()
        for (const key of args.slice(1)) session.watched.set(key, this.versions.get(key) ?? 0)
        return ok
      case "UNWATCH":
        session.watched = undefined
        return ok
      case "EXEC": {
        const queue = session.queue
        const watched = session.watched
        session.queue = undefined
        session.watched = undefined
        if (queue === undefined) return error("ERR EXEC without MULTI")
        if (session.broken) return error("EXECABORT Transaction discarded because of previous errors.")
        for (const [key, version] of watched ?? []) if ((this.versions.get(key) ?? 0) !== version) return null
        return queue.map((queuedArgs) => this.execute(session, queuedArgs, true) ?? null)
      }
    }
    return this.refusal(name, args) ?? this.execute(session, args, false)
  }

  /** Why a command is not executed, if it is not. */
  private refusal(name: string, args: Array<string>): ErrorReply | undefined {
    const bounds = arity[name]
    if (bounds === undefined) {
      return ["PING", "ECHO", "HELLO", "AUTH", "SELECT", "CLIENT"].includes(name)
        ? undefined
        : error(
          `ERR unknown command '${args[0]}', with args beginning with: ${
            args.slice(1, 4).map((a) => `'${a}' `).join("")
          }`
        )
    }
    if (args.length < bounds[0] || args.length > bounds[1]) {
      return error(`ERR wrong number of arguments for '${name.toLowerCase()}' command`)
    }
    if (this.loading && name !== "ROLE" && name !== "INFO") {
      return error("LOADING Redis is loading the dataset in memory")
    }
    if (this.primary !== undefined && (writeNames.has(name) || name === "BLPOP")) return readOnly
    return undefined
  }

  private execute(session: Session, args: Array<string>, inTransaction: boolean): Value | undefined {
    const name = args[0]!.toUpperCase()
    this.executed.set(name, (this.executed.get(name) ?? 0) + 1)
    const shared = this.common(session, name, args)
    if (shared !== undefined) return shared
    if (name === "BLPOP") return this.blpop(session, args, inTransaction)
    const before = this.changes
    const reply = this.apply(args)
    if (writeNames.has(name) && this.changes !== before) {
      this.offset += args.reduce((n, a) => n + a.length + 8, 16)
      this.propagate(args, this.offset)
      if (!inTransaction) this.wakeWaiters()
    }
    return reply
  }

  private propagate(args: Array<string>, offset: number): void {
    // Times in a write are absolute on the way to a replica.
    const entry = args[1] === undefined ? undefined : this.data.get(args[1])
    for (const replica of this.replicas) {
      const deliver = (): void => {
        if (!this.responsive || !replica.running || replica.primary !== this || replica.offset >= offset) return
        replica.apply(args)
        const copied = args[1] === undefined ? undefined : replica.data.get(args[1])
        if (copied !== undefined && entry !== undefined) copied.expiresAt = entry.expiresAt
        replica.offset = offset
      }
      if (this.lag === 0) queueMicrotask(deliver)
      else this.time.later(this.lag, deliver)
    }
  }

  private blpop(session: Session, args: Array<string>, inTransaction: boolean): Value | undefined {
    const keys = args.slice(1, -1)
    const popped = this.popFirst(keys)
    if (popped !== undefined) return popped
    if (inTransaction) return null
    const seconds = Number(args[args.length - 1])
    const until = seconds === 0 ? Infinity : this.time.now() + seconds * 1000
    const waiting: Waiting = { session, keys, until }
    this.waiters.push(waiting)
    if (until !== Infinity) {
      this.time.later(seconds * 1000, () => {
        if (!this.waiters.includes(waiting)) return
        this.waiters = this.waiters.filter((w) => w !== waiting)
        this.reply(session, null)
      })
    }
    return undefined
  }

  private popFirst(keys: ReadonlyArray<string>): Value | undefined {
    for (const key of keys) {
      const entry = this.entry(key)
      if (entry === undefined) continue
      if (!Array.isArray(entry.data)) return wrongType
      const element = entry.data[0]!
      this.execute(undefined as unknown as Session, ["LPOP", key], true)
      return [latin(key), latin(element)]
    }
    return undefined
  }

  private wakeWaiters(): void {
    for (const waiting of this.waiters.slice()) {
      const popped = this.popFirst(waiting.keys)
      if (popped === undefined) continue
      this.waiters = this.waiters.filter((w) => w !== waiting)
      this.reply(waiting.session, popped)
    }
  }

  protected override gone(session: Session): void {
    this.waiters = this.waiters.filter((w) => w.session !== session)
  }

  private entry(key: string): Entry | undefined {
    const entry = this.data.get(key)
    if (entry !== undefined && entry.expiresAt <= this.time.now()) {
      this.data.delete(key)
      return undefined
    }
    return entry
  }

  private put(key: string, data: Data, expiresAt: number): void {
    this.data.set(key, { data, expiresAt })
    this.touch(key)
  }

  private touch(key: string): void {
    this.changes++
    this.versions.set(key, (this.versions.get(key) ?? 0) + 1)
  }

  private remove(key: string): boolean {
    if (this.entry(key) === undefined) return false
    this.data.delete(key)
    this.touch(key)
    return true
  }

  private apply(args: Array<string>): Value {
    const name = args[0]!.toUpperCase()
    const key = args[1] ?? ""
    const entry = this.entry(key)
    const text = (): string | ErrorReply =>
      entry === undefined ? "" : typeof entry.data === "string" ? entry.data : wrongType
    const hash = (): Map<string, string> | ErrorReply =>
      entry === undefined ? new Map<string, string>() : entry.data instanceof Map ? entry.data : wrongType
    const array = (): Array<string> | ErrorReply =>
      entry === undefined ? [] : Array.isArray(entry.data) ? entry.data : wrongType
    const keep = entry?.expiresAt ?? Infinity
    switch (name) {
      case "GET": {
        const value = text()
        return value instanceof ErrorReply ? value : entry === undefined ? null : latin(value)
      }
      case "GETDEL": {
        const value = text()
        if (value instanceof ErrorReply) return value
        return this.remove(key) ? latin(value) : null
      }
      case "SET":
        return this.set(args, entry)
      case "MSET":
        if (args.length % 2 === 0) return error("ERR wrong number of arguments for 'mset' command")
        for (let i = 1; i < args.length; i += 2) this.put(args[i]!, args[i + 1]!, Infinity)
        return ok
      case "MGET":
        return args.slice(1).map((k) => {
          const e = this.entry(k)
          return e !== undefined && typeof e.data === "string" ? latin(e.data) : null
        })
      case "DEL":
      case "UNLINK":
        return args.slice(1).filter((k) => this.remove(k)).length
      case "EXISTS":
        return args.slice(1).filter((k) => this.entry(k) !== undefined).length
      case "INCR":
      case "DECR":
      case "INCRBY":
      case "DECRBY": {
        const value = text()
        if (value instanceof ErrorReply) return value
        const by = args[2] ?? "1"
        if (!/^-?\d+$/.test(by) || (entry !== undefined && !/^-?\d+$/.test(value))) return notInteger
        const sum = BigInt(entry === undefined ? "0" : value) + (name.startsWith("DECR") ? -BigInt(by) : BigInt(by))
        if (BigInt.asIntN(64, sum) !== sum) return error("ERR increment or decrement would overflow")
        this.put(key, String(sum), keep)
        return Number.isSafeInteger(Number(sum)) ? Number(sum) : sum
      }
      case "APPEND": {
        const value = text()
        if (value instanceof ErrorReply) return value
        this.put(key, value + args[2]!, keep)
        return value.length + args[2]!.length
      }
      case "STRLEN": {
        const value = text()
        return value instanceof ErrorReply ? value : value.length
      }
      case "HSET": {
        const fields = hash()
        if (fields instanceof ErrorReply) return fields
        if (args.length % 2 === 1) return error("ERR wrong number of arguments for 'hset' command")
        let added = 0
        for (let i = 2; i < args.length; i += 2) {
          if (!fields.has(args[i]!)) added++
          fields.set(args[i]!, args[i + 1]!)
        }
        this.put(key, fields, keep)
        return added
      }
      case "HINCRBY": {
        const fields = hash()
        if (fields instanceof ErrorReply) return fields
        const value = fields.get(args[2]!) ?? "0"
        if (!/^-?\d+$/.test(value) || !/^-?\d+$/.test(args[3]!)) return error("ERR hash value is not an integer")
        const sum = BigInt(value) + BigInt(args[3]!)
        fields.set(args[2]!, String(sum))
        this.put(key, fields, keep)
        return Number(sum)
      }
      case "HGET": {
        const fields = hash()
        if (fields instanceof ErrorReply) return fields
        const value = fields.get(args[2]!)
        return value === undefined ? null : latin(value)
      }
      case "HGETALL": {
        const fields = hash()
        return fields instanceof ErrorReply
          ? fields
          : new MapReply(Array.from(fields).flatMap(([f, v]) => [latin(f), latin(v)]))
      }
      case "HDEL": {
        const fields = hash()
        if (fields instanceof ErrorReply) return fields
        const removed = args.slice(2).filter((f) => fields.delete(f)).length
        if (removed > 0) {
          if (fields.size === 0) this.data.delete(key)
          this.touch(key)
        }
        return removed
      }
      case "HLEN": {
        const fields = hash()
        return fields instanceof ErrorReply ? fields : fields.size
      }
      case "LPUSH":
      case "RPUSH": {
        const elements = array()
        if (elements instanceof ErrorReply) return elements
        if (name === "LPUSH") elements.unshift(...args.slice(2).reverse())
        else elements.push(...args.slice(2))
        this.put(key, elements, keep)
        return elements.length
      }
      case "LPOP":
      case "RPOP": {
        const elements = array()
        if (elements instanceof ErrorReply) return elements
        const element = name === "LPOP" ? elements.shift() : elements.pop()
        if (element === undefined) return null
        if (elements.length === 0) this.data.delete(key)
        this.touch(key)
        return latin(element)
      }
      case "LLEN": {
        const elements = array()
        return elements instanceof ErrorReply ? elements : elements.length
      }
      case "LRANGE": {
        const elements = array()
        if (elements instanceof ErrorReply) return elements
        const n = elements.length
        const at = (s: string): number => Number(s) < 0 ? Math.max(0, n + Number(s)) : Number(s)
        const stop = Number(args[3]) < 0 ? n + Number(args[3]) : Number(args[3])
        return elements.slice(at(args[2]!), stop + 1).map(latin)
      }
      case "EXPIRE":
      case "PEXPIRE":
        if (entry === undefined) return 0
        if (!/^-?\d+$/.test(args[2]!)) return notInteger
        entry.expiresAt = this.time.now() + Number(args[2]) * (name === "EXPIRE" ? 1000 : 1)
        this.touch(key)
        return 1
      case "PERSIST":
        if (entry === undefined || entry.expiresAt === Infinity) return 0
        entry.expiresAt = Infinity
        this.touch(key)
        return 1
      case "TTL":
      case "PTTL": {
        if (entry === undefined) return -2
        if (entry.expiresAt === Infinity) return -1
        const left = entry.expiresAt - this.time.now()
        return name === "TTL" ? Math.round(left / 1000) : left
      }
      case "TYPE":
        return simple(
          entry === undefined
            ? "none"
            : typeof entry.data === "string"
            ? "string"
            : Array.isArray(entry.data)
            ? "list"
            : "hash"
        )
      case "DBSIZE":
        return this.live().length
      case "FLUSHDB":
      case "FLUSHALL":
        for (const k of Array.from(this.data.keys())) this.remove(k)
        this.changes++
        return ok
      case "KEYS":
        return this.live().filter(glob(args[1]!)).map(latin)
      case "SCAN": {
        const keys = this.live().sort()
        const options = new Map<string, string>()
        for (let i = 2; i + 1 < args.length; i += 2) options.set(args[i]!.toUpperCase(), args[i + 1]!)
        const count = Number(options.get("COUNT") ?? "10")
        const from = Number(args[1])
        const page = keys.slice(from, from + count)
        const next = from + count >= keys.length ? "0" : String(from + count)
        return [next, page.filter(glob(options.get("MATCH") ?? "*")).map(latin)]
      }
      case "TIME":
        return [String(Math.floor(this.time.now() / 1000)), String((this.time.now() % 1000) * 1000)]
      case "PUBLISH":
        return 0
      case "WAIT":
        return Array.from(this.replicas).filter((r) => r.offset >= this.offset).length
      case "ROLE":
        return this.primary === undefined
          ? [
            "master",
            this.offset,
            Array.from(this.replicas, (r) => [r.address.host, String(r.address.port), String(r.offset)])
          ]
          : [
            "slave",
            this.primary.address.host,
            this.primary.address.port,
            this.primary.responsive ? "connected" : "connect",
            this.offset
          ]
      case "INFO":
        return `# Replication\r\nrole:${this.primary === undefined ? "master" : "slave"}\r\n` +
          `connected_slaves:${this.replicas.size}\r\nmaster_repl_offset:${this.offset}\r\n`
      default:
        return syntax
    }
  }

  private live(): Array<string> {
    return Array.from(this.data.keys()).filter((k) => this.entry(k) !== undefined)
  }

  private set(args: Array<string>, entry: Entry | undefined): Value {
    let expiresAt = Infinity
    let when = ""
    let get = false
    for (let i = 3; i < args.length; i++) {
      const option = args[i]!.toUpperCase()
      if (option === "NX" || option === "XX") when = option
      else if (option === "GET") get = true
      else if (option === "KEEPTTL") expiresAt = entry?.expiresAt ?? Infinity
      else if (["EX", "PX", "EXAT", "PXAT"].includes(option)) {
        const n = Number(args[++i])
        if (!Number.isInteger(n)) return notInteger
        if (n <= 0) return error("ERR invalid expire time in 'set' command")
        expiresAt = option === "EX"
          ? this.time.now() + n * 1000
          : option === "PX"
          ? this.time.now() + n
          : option === "EXAT"
          ? n * 1000
          : n
      } else return syntax
    }
    if (get && entry !== undefined && typeof entry.data !== "string") return wrongType
    const old = entry === undefined ? null : latin(entry.data as string)
    if ((when === "NX" && entry !== undefined) || (when === "XX" && entry === undefined)) return get ? old : null
    this.put(args[1]!, args[2]!, expiresAt)
    return get ? old : ok
  }
}

const glob = (pattern: string): (key: string) => boolean => {
  const source = pattern.replace(/[.+^${}()|\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".")
  const regex = new RegExp(`^${source}$`, "s")
  return (key) => regex.test(key)
}
