/**
 * A server process in memory: its sessions, its requests one after another,
 * who may log in, what all servers answer alike, and the ways in which a
 * process can fail. Nodes and sentinels are made of it.
 *
 * @since 0.1.0
 */
import * as Address from "../Address.ts"
import { User } from "./Acl.ts"
import { type Definition, group, matches, noKeys } from "./data/command.ts"
import type { Network, Peer } from "./Network.ts"
import {
  encode,
  Failure,
  Fields,
  Members,
  ok,
  type Protocol,
  Push,
  type Reply,
  Requests,
  Several,
  Simple,
  Verbatim
} from "./Reply.ts"
import type { Time } from "./Time.ts"

/**
 * What a client has at a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Session {
  readonly id: number
  readonly peer: Peer
  readonly since: number
  protocol: Protocol
  user: User
  authenticated: boolean
  name: string
  library: { name: string; version: string }
  database: number
  open: boolean
  /** Requests of a transaction, from MULTI on. */
  queue: Array<ReadonlyArray<string>> | undefined
  /** Whether a request of the transaction was refused. */
  broken: boolean
  /** What is watched, by database and key. */
  watched: Set<string> | undefined
  /** Whether something watched has changed. */
  dirty: boolean
  /** Ends what the session waits for, if it does. */
  blocked: Blocked | undefined
  /** Requests that came while it waited. */
  backlog: Array<Array<string>>
  readonly channels: Set<string>
  readonly patterns: Set<string>
  readonly shards: Set<string>
  tracking: Tracking | undefined
  readonly tracked: Set<string>
  noEvict: boolean
  closing: boolean
  last: string
}

/** What a session waits for. */
export interface Blocked {
  readonly command: string
  /** Ends the wait with that reply. */
  readonly end: (reply: Reply) => void
  /** The reply if it has waited long enough. */
  readonly nothing: () => Reply
}

/** CLIENT TRACKING. */
export interface Tracking {
  readonly broadcast: boolean
  readonly prefixes: ReadonlyArray<string>
  readonly noLoop: boolean
}

/**
 * What befalls the messages that a server pushes. Each is for so many
 * messages, and then over.
 *
 * @since 0.1.0
 * @category models
 */
export interface PushFault {
  readonly kind: "drop" | "delay" | "duplicate"
  /** How many messages. Default 1. */
  readonly count?: number | undefined
  /** For `delay`, in milliseconds. */
  readonly millis?: number | undefined
}

/** Left without a reply, for now or for good. */
export const withheld: unique symbol = Symbol("withheld")

export type Answer = Reply | typeof withheld

const err = (text: string): Failure => new Failure(`ERR ${text}`)
const noAuth = new Failure("NOAUTH Authentication required.")
const wrongPass = new Failure("WRONGPASS invalid username-password pair or user is disabled.")

const connection = group("connection")
const nothing = (): Reply => null

/** What every server has. Answered by `Process.common`. */
export const commonCommands: ReadonlyArray<Definition> = [
  connection("hello", -1, "fast connection stale", noKeys, nothing),
  connection("auth", -2, "fast connection stale", noKeys, nothing),
  connection("ping", -1, "fast connection", noKeys, nothing),
  connection("echo", 2, "fast connection", noKeys, nothing),
  connection("client", -2, "connection stale", noKeys, nothing),
  connection("quit", -1, "fast connection stale", noKeys, nothing),
  connection("reset", 1, "fast connection stale", noKeys, nothing),
  connection("subscribe", -2, "pubsub stale", noKeys, nothing),
  connection("unsubscribe", -1, "pubsub stale", noKeys, nothing),
  connection("psubscribe", -2, "pubsub stale", noKeys, nothing),
  connection("punsubscribe", -1, "pubsub stale", noKeys, nothing),
  connection("publish", 3, "pubsub fast stale", noKeys, nothing),
  connection("acl", -2, "admin stale", noKeys, nothing)
]

/** Commands that a session may send while it has subscriptions, in RESP2. */
const whileSubscribed = new Set([
  "ping",
  "subscribe",
  "ssubscribe",
  "psubscribe",
  "unsubscribe",
  "sunsubscribe",
  "punsubscribe",
  "quit",
  "reset"
])

/** Commands that need no login. */
const withoutLogin = new Set(["hello", "auth", "quit", "reset"])

/**
 * A server process in memory.
 *
 * @since 0.1.0
 * @category models
 */
export abstract class Process {
  readonly address: Address.Tcp
  readonly shown: string
  readonly network: Network
  readonly time: Time
  running = true
  readonly users = new Map<string, User>([["default", User.default()]])
  protected readonly sessions = new Set<Session>()
  private readonly inbox: Array<readonly [session: Session, args: Array<string>]> = []
  private hung = false
  private busy = false
  private pumping = false
  private nextId = 1
  private pushFaults: Array<{ readonly kind: PushFault["kind"]; readonly millis: number; count: number }> = []
  private pausedUntil = 0
  private pausedAll = false
  /** How long each request takes, in milliseconds. */
  slowMillis = 0
  /** How many requests of each name were executed. */
  readonly executed = new Map<string, number>()
  /** How many requests it took in. */
  requests = 0
  /** Told of each request that is executed, and of its reply. */
  onExecute: (session: Session, args: ReadonlyArray<string>, reply: Reply) => void = () => {}

  /** Told of each message that is pushed, as it is sent. */
  onPush: (session: Session, values: ReadonlyArray<Reply>) => void = () => {}

  abstract readonly mode: string
  protected abstract readonly table: ReadonlyMap<string, Definition>
  protected abstract serve(session: Session, command: Definition, args: Array<string>): Answer

  constructor(network: Network, address: Address.Tcp) {
    this.network = network
    this.time = network.time
    this.address = address
    this.shown = Address.format(address)
    network.listen(this.shown, {
      accepts: () => this.running,
      connect: (peer) => this.connect(peer)
    })
  }

  /** The password of the user `default`; undefined for none. */
  set password(password: string | undefined) {
    const user = this.users.get("default")!
    user.apply("resetpass")
    user.apply(password === undefined ? "nopass" : `>${password}`)
  }

  /** Whether it answers. */
  get responsive(): boolean {
    return this.running && !this.hung
  }

  // ---------------------------------------------------------------------------
  // Sessions

  private connect(peer: Peer): { readonly data: (bytes: Uint8Array) => void; readonly closed: () => void } {
    const user = this.users.get("default")!
    const session: Session = {
      id: this.nextId++,
      peer,
      since: this.time.now(),
      protocol: 2,
      user,
      authenticated: user.enabled && user.noPassword,
      name: "",
      library: { name: "", version: "" },
      database: 0,
      open: true,
      queue: undefined,
      broken: false,
      watched: undefined,
      dirty: false,
      blocked: undefined,
      backlog: [],
      channels: new Set(),
      patterns: new Set(),
      shards: new Set(),
      tracking: undefined,
      tracked: new Set(),
      noEvict: false,
      closing: false,
      last: "NULL"
    }
    this.sessions.add(session)
    const requests = new Requests((args) => {
      if (!session.open || session.closing) return
      this.requests++
      this.inbox.push([session, args])
    })
    return {
      data: (bytes) => {
        if (!session.open || session.closing) return
        requests.limited = !session.authenticated
        try {
          requests.feed(bytes)
        } catch (error) {
          if (!(error instanceof Failure)) throw error
          this.pump()
          if (!this.hung) this.reply(session, error)
          session.closing = true
          return peer.close()
        }
        this.pump()
      },
      closed: () => this.forget(session)
    }
  }

  private forget(session: Session): void {
    if (!session.open) return
    session.open = false
    this.sessions.delete(session)
    this.gone(session)
  }

  /** A session has ended. */
  protected gone(_session: Session): void {}

  /** Closes a session, after its reply. */
  protected close(session: Session): void {
    session.closing = true
    session.peer.close()
    this.forget(session)
  }

  /** Closes the sessions that a test chooses, as CLIENT KILL does. How many. */
  disconnect(which: (session: Session) => boolean = () => true): number {
    const chosen = Array.from(this.sessions).filter(which)
    for (const session of chosen) this.close(session)
    return chosen.length
  }

  /** Takes requests one after another, each in its time. */
  protected pump(): void {
    if (this.pumping) return
    this.pumping = true
    try {
      while (!this.hung && !this.busy && this.running && this.inbox.length > 0) {
        const [session, args] = this.inbox.shift()!
        if (!session.open || args.length === 0) continue
        if (session.blocked !== undefined || this.paused(session, args)) {
          session.backlog.push(args)
          continue
        }
        if (this.slowMillis > 0) {
          this.occupy(this.slowMillis, () => {
            if (session.open) this.handle(session, args)
          })
        } else this.handle(session, args)
      }
    } finally {
      this.pumping = false
    }
  }

  /** Does nothing else for so long, and then that. */
  protected occupy(millis: number, then: () => void): void {
    this.busy = true
    this.time.later(millis, () => {
      this.busy = false
      if (!this.running) return
      then()
      this.pump()
    })
  }

  /** A session goes on with what came while it waited. */
  protected unblock(session: Session): void {
    session.blocked = undefined
    const backlog = session.backlog
    if (backlog.length === 0) return
    session.backlog = []
    this.inbox.unshift(...backlog.map((args) => [session, args] as const))
    this.pump()
  }

  private paused(session: Session, args: ReadonlyArray<string>): boolean {
    if (this.pausedUntil === 0) return false
    if (this.time.now() >= this.pausedUntil) {
      this.pausedUntil = 0
      return false
    }
    const command = this.table.get(args[0]!.toLowerCase())
    if (command === undefined || command.name === "client") return false
    if (session.backlog.length > 0) return true
    if (command.name === "exec") {
      return this.pausedAll ||
        (session.queue ?? []).some((q) => this.table.get(q[0]!.toLowerCase())?.flags.has("write"))
    }
    return this.pausedAll || command.flags.has("write") || command.name === "publish"
  }

  /** Lets writes wait for so long, as CLIENT PAUSE does; 0 ends it. */
  pauseWrites(millis: number): void {
    if (millis > 0) this.pause(millis, false)
    else this.unpause()
  }

  private pause(millis: number, all: boolean): void {
    const until = this.time.now() + millis
    this.pausedAll = all || (this.pausedAll && this.pausedUntil > this.time.now())
    this.pausedUntil = Math.max(until, this.pausedUntil)
    this.time.later(millis, () => {
      if (this.time.now() >= this.pausedUntil) this.unpause()
    })
  }

  private unpause(): void {
    this.pausedUntil = 0
    for (const session of Array.from(this.sessions)) if (session.blocked === undefined) this.unblock(session)
  }

  private handle(session: Session, args: Array<string>): void {
    const answer = this.answer(session, args)
    if (answer !== withheld) this.reply(session, answer)
    if (session.closing) this.close(session)
    this.after()
  }

  /** After each request: the time to serve those who wait. */
  protected after(): void {}

  private answer(session: Session, args: Array<string>): Answer {
    const name = args[0]!.toLowerCase()
    session.last = name
    const command = this.table.get(name)
    if (command === undefined) {
      const shown = args.slice(1).map((a) => `'${a.slice(0, 128)}' `).join("").slice(0, 128)
      return this.refuse(
        session,
        err(`unknown command '${args[0]!.slice(0, 128)}', with args beginning with: ${shown}`)
      )
    }
    if (command.arity > 0 ? args.length !== command.arity : args.length < -command.arity) {
      const text = `wrong number of arguments for '${name}' command`
      if (name === "exec") {
        session.queue = undefined
        return new Failure(`EXECABORT Transaction discarded because of: ${text}`)
      }
      return this.refuse(session, err(text))
    }
    if (!session.authenticated && !withoutLogin.has(name)) return this.refuse(session, noAuth)
    const denied = this.denied(session, command, args)
    if (denied !== undefined) return this.refuse(session, denied)
    if (
      session.protocol === 2 && session.channels.size + session.patterns.size + session.shards.size > 0 &&
      !whileSubscribed.has(name)
    ) {
      return this.refuse(
        session,
        err(
          `Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`
        )
      )
    }
    return caught(() => this.serve(session, command, args))
  }

  /** Executes a command: what it throws is its reply. */
  protected executing(
    session: Session,
    command: Definition,
    args: ReadonlyArray<string>,
    run: () => Answer
  ): Answer {
    const reply = caught(run)
    const upper = command.name.toUpperCase()
    this.executed.set(upper, (this.executed.get(upper) ?? 0) + 1)
    // What waits is told of when it is over.
    if (reply !== withheld) this.onExecute(session, args, reply)
    return reply
  }

  /** A request is refused before it is executed; a transaction with it is over. */
  protected refuse(session: Session, failure: Failure): Failure {
    if (session.queue !== undefined) session.broken = true
    return failure
  }

  private denied(session: Session, command: Definition, args: ReadonlyArray<string>): Failure | undefined {
    if (withoutLogin.has(command.name)) return undefined
    const user = session.user
    if (user.mayAll) return undefined
    if (!user.mayRun(command, args)) {
      const shown = this.containers.has(command.name) && args[1] !== undefined
        ? `${command.name}|${args[1].toLowerCase()}`
        : command.name
      return new Failure(`NOPERM this user has no permissions to run the '${shown}' command`)
    }
    if (!user.mayUseKeys(command.keys(args))) {
      return new Failure("NOPERM this user has no permissions to access one of the keys used as arguments")
    }
    const channels = command.name === "publish" || command.name === "spublish"
      ? [args[1]!]
      : command.name.endsWith("subscribe") && !command.name.includes("un")
      ? args.slice(1)
      : []
    if (!user.mayUseChannels(channels, command.name === "psubscribe")) {
      return new Failure("NOPERM this user has no permissions to access one of the channels used as arguments")
    }
    return undefined
  }

  /** Commands that are nothing without a second word. */
  protected readonly containers: ReadonlySet<string> = new Set(["client", "config", "acl", "object", "sentinel"])

  protected reply(session: Session, reply: Reply): void {
    if (session.open) session.peer.write(encode(reply, session.protocol))
  }

  // ---------------------------------------------------------------------------
  // Failing

  /** Ends every connection and refuses new ones. */
  stop(): void {
    this.running = false
    this.hung = false
    this.busy = false
    this.inbox.length = 0
    this.pausedUntil = 0
    this.network.closeAll(this.shown)
    for (const session of Array.from(this.sessions)) this.forget(session)
    this.network.changed()
  }

  /** Starts again after `stop`. */
  start(): void {
    this.running = true
    this.network.changed()
  }

  /** Connections stay open and are accepted, but nothing is answered, as with SIGSTOP. */
  hang(): void {
    this.hung = true
    this.network.changed()
  }

  /** Goes on with everything that came meanwhile. */
  resume(): void {
    this.hung = false
    this.network.changed()
    this.pump()
  }

  /** What befalls the next pushed messages. */
  faultPushes(fault: PushFault): void {
    this.pushFaults.push({ kind: fault.kind, millis: fault.millis ?? 0, count: fault.count ?? 1 })
  }

  /** Nothing befalls pushed messages any more. */
  endPushFaults(): void {
    this.pushFaults = []
  }

  // ---------------------------------------------------------------------------
  // Messages

  /** Sends a session what it did not ask for. */
  protected push(session: Session, values: ReadonlyArray<Reply>): void {
    const send = (): void => {
      if (session.open) this.onPush(session, values)
      this.reply(session, new Push(values))
    }
    const fault = this.pushFaults[0]
    if (fault === undefined) return send()
    if (--fault.count <= 0) this.pushFaults.shift()
    if (fault.kind === "delay") this.time.later(fault.millis, send)
    else if (fault.kind === "duplicate") {
      send()
      send()
    }
  }

  /** Tells those who listen; how many they are. */
  publish(channel: string, message: string): number {
    let receivers = 0
    for (const session of Array.from(this.sessions)) {
      if (session.channels.has(channel)) {
        receivers++
        this.push(session, ["message", channel, message])
      }
      for (const pattern of session.patterns) {
        if (!matches(pattern, channel)) continue
        receivers++
        this.push(session, ["pmessage", pattern, channel, message])
      }
    }
    return receivers
  }

  protected shardPublish(channel: string, message: string): number {
    const receivers = Array.from(this.sessions).filter((s) => s.shards.has(channel))
    for (const session of receivers) this.push(session, ["smessage", channel, message])
    return receivers.length
  }

  protected subscribe(
    session: Session,
    kind: "subscribe" | "psubscribe" | "ssubscribe",
    args: ReadonlyArray<string>
  ): Reply {
    const set = this.subscriptions(session, kind)
    return new Several(
      args.slice(1).map((channel) => {
        set.add(channel)
        return new Push([kind, channel, this.subscribed(session, kind)])
      })
    )
  }

  protected unsubscribe(
    session: Session,
    kind: "unsubscribe" | "punsubscribe" | "sunsubscribe",
    args: ReadonlyArray<string>
  ): Reply {
    const of = kind.replace("un", "") as "subscribe" | "psubscribe" | "ssubscribe"
    const set = this.subscriptions(session, of)
    const channels = args.length > 1 ? args.slice(1) : Array.from(set)
    if (channels.length === 0) return new Several([new Push([kind, null, this.subscribed(session, of)])])
    return new Several(channels.map((channel) => {
      set.delete(channel)
      return new Push([kind, channel, this.subscribed(session, of)])
    }))
  }

  private subscriptions(session: Session, kind: "subscribe" | "psubscribe" | "ssubscribe"): Set<string> {
    return kind === "subscribe" ? session.channels : kind === "psubscribe" ? session.patterns : session.shards
  }

  private subscribed(session: Session, kind: "subscribe" | "psubscribe" | "ssubscribe"): number {
    return kind === "ssubscribe" ? session.shards.size : session.channels.size + session.patterns.size
  }

  // ---------------------------------------------------------------------------
  // What all servers answer alike

  /** Answers one of `commonCommands`. */
  protected common(session: Session, name: string, args: ReadonlyArray<string>): Answer {
    switch (name) {
      case "hello":
        return this.hello(session, args)
      case "auth":
        return this.auth(session, args)
      case "ping":
        if (args.length > 2) return err("wrong number of arguments for 'ping' command")
        if (session.protocol === 2 && session.channels.size + session.patterns.size > 0) return ["pong", args[1] ?? ""]
        return args[1] ?? new Simple("PONG")
      case "echo":
        return args[1]!
      case "quit":
        session.closing = true
        return ok
      case "reset":
        this.reset(session)
        return new Simple("RESET")
      case "client":
        return this.client(session, args)
      case "subscribe":
      case "psubscribe":
        return this.subscribe(session, name, args)
      case "unsubscribe":
      case "punsubscribe":
        return this.unsubscribe(session, name, args)
      case "publish":
        return this.publish(args[1]!, args[2]!)
      default:
        return this.acl(session, args)
    }
  }

  protected reset(session: Session): void {
    session.protocol = 2
    session.user = this.users.get("default")!
    session.authenticated = session.user.enabled && session.user.noPassword
    session.name = ""
    session.database = 0
    session.queue = undefined
    session.watched = undefined
    session.channels.clear()
    session.patterns.clear()
    session.shards.clear()
    session.tracking = undefined
    session.noEvict = false
  }

  private login(session: Session, name: string, password: string): boolean {
    const user = this.users.get(name)
    if (user === undefined || !user.accepts(password)) return false
    session.user = user
    session.authenticated = true
    return true
  }

  private hello(session: Session, args: ReadonlyArray<string>): Reply {
    let version = session.protocol
    if (args[1] !== undefined) {
      if (!/^-?\d+$/.test(args[1])) return err("Protocol version is not an integer or out of range")
      if (args[1] !== "2" && args[1] !== "3") return new Failure("NOPROTO unsupported protocol version")
      version = Number(args[1]) as Protocol
    }
    let name: string | undefined
    for (let i = 2; i < args.length; i++) {
      const option = args[i]!.toUpperCase()
      const left = args.length - i - 1
      if (option === "AUTH" && left >= 2) {
        if (!this.login(session, args[i + 1]!, args[i + 2]!)) return wrongPass
        i += 2
      } else if (option === "SETNAME" && left >= 1) {
        name = args[++i]!
        if (!validName(name)) return badName
      } else return err(`Syntax error in HELLO option '${args[i]}'`)
    }
    if (!session.authenticated) {
      return new Failure(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
      )
    }
    if (name !== undefined) session.name = name
    session.protocol = version
    return new Fields([
      "server",
      "redis",
      "version",
      "7.0.15",
      "proto",
      version,
      "id",
      session.id,
      "mode",
      this.mode,
      ...(this.role === undefined ? [] : ["role", this.role]),
      "modules",
      []
    ])
  }

  /** What HELLO says of the role. */
  protected get role(): string | undefined {
    return undefined
  }

  private auth(session: Session, args: ReadonlyArray<string>): Reply {
    if (args.length > 3) return err("syntax error")
    if (args.length === 2 && this.users.get("default")!.noPassword) {
      return err(
        "AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
      )
    }
    return this.login(session, args.length === 2 ? "default" : args[1]!, args[args.length - 1]!) ? ok : wrongPass
  }

  private describe(session: Session): string {
    const now = this.time.now()
    return `id=${session.id} addr=${session.peer.party} laddr=${this.shown} fd=8 name=${session.name} age=${
      Math.floor((now - session.since) / 1000)
    } idle=0 flags=${
      session.blocked === undefined ? session.queue === undefined ? "N" : "x" : "b"
    } db=${session.database} sub=${session.channels.size} psub=${session.patterns.size} ssub=${session.shards.size} multi=${
      session.queue?.length ?? -1
    } cmd=${session.last} user=${session.user.name} redir=-1 resp=${session.protocol}`
  }

  private typeOf(session: Session): string {
    return session.protocol === 2 && session.channels.size + session.patterns.size > 0 ? "pubsub" : "normal"
  }

  private client(session: Session, args: ReadonlyArray<string>): Reply {
    const word = args[1]!.toLowerCase()
    const exactly = (n: number): void => {
      if (args.length !== n) throw err(`wrong number of arguments for 'client|${word}' command`)
    }
    switch (word) {
      case "id":
        exactly(2)
        return session.id
      case "info":
        exactly(2)
        return new Verbatim(`${this.describe(session)}\n`)
      case "list": {
        let chosen = Array.from(this.sessions)
        const option = args[2]?.toUpperCase()
        if (option === "TYPE" && args.length === 4) {
          const type = args[3]!.toLowerCase()
          if (!["normal", "master", "replica", "slave", "pubsub"].includes(type)) {
            return err(`Unknown client type '${args[3]}'`)
          }
          chosen = chosen.filter((s) => this.typeOf(s) === type)
        } else if (option === "ID" && args.length >= 4) {
          const ids = args.slice(3)
          if (ids.some((id) => !/^[1-9]\d*$/.test(id))) return err("Invalid client ID")
          chosen = chosen.filter((s) => ids.includes(String(s.id)))
        } else if (option !== undefined) return err("syntax error")
        return new Verbatim(chosen.map((s) => `${this.describe(s)}\n`).join(""))
      }
      case "getname":
        exactly(2)
        return session.name === "" ? null : session.name
      case "setname":
        exactly(3)
        if (!validName(args[2]!)) return badName
        session.name = args[2]!
        return ok
      case "kill":
        return this.kill(session, args)
      case "no-evict":
        exactly(3)
        if (!/^(on|off)$/i.test(args[2]!)) return err("syntax error")
        session.noEvict = args[2]!.toLowerCase() === "on"
        return ok
      case "pause": {
        if (args.length !== 3 && args.length !== 4) exactly(3)
        if (!/^\d+$/.test(args[2]!)) {
          return err(args[2]!.startsWith("-") ? "timeout is negative" : "timeout is not an integer or out of range")
        }
        const what = args[3]?.toUpperCase() ?? "ALL"
        if (what !== "ALL" && what !== "WRITE") return err("CLIENT PAUSE mode must be WRITE or ALL")
        this.pause(Number(args[2]), what === "ALL")
        return ok
      }
      case "unpause":
        exactly(2)
        this.unpause()
        return ok
      case "unblock": {
        if (args.length !== 3 && args.length !== 4) exactly(3)
        const how = args[3]?.toUpperCase() ?? "TIMEOUT"
        if (how !== "TIMEOUT" && how !== "ERROR") {
          return err("CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
        }
        if (!/^-?\d+$/.test(args[2]!)) return err("value is not an integer or out of range")
        const target = Array.from(this.sessions).find((s) => String(s.id) === args[2])
        if (target?.blocked === undefined) return 0
        target.blocked.end(
          how === "ERROR"
            ? new Failure("UNBLOCKED client unblocked via CLIENT UNBLOCK")
            : target.blocked.nothing()
        )
        return 1
      }
      case "tracking":
        return this.track(session, args)
      case "trackinginfo":
        return new Fields([
          "flags",
          new Members(
            session.tracking === undefined
              ? ["off"]
              : ["on", ...(session.tracking.broadcast ? ["bcast"] : []), ...(session.tracking.noLoop ? ["noloop"] : [])]
          ),
          "redirect",
          session.tracking === undefined ? -1 : 0,
          "prefixes",
          session.tracking?.prefixes ?? []
        ])
      default:
        return err(`unknown subcommand '${args[1]}'. Try CLIENT HELP.`)
    }
  }

  private kill(session: Session, args: ReadonlyArray<string>): Reply {
    if (args.length === 3) {
      const found = Array.from(this.sessions).find((s) => s.peer.party === args[2])
      if (found === undefined) return err("No such client")
      this.end(session, found)
      return ok
    }
    const filters: Array<(s: Session) => boolean> = []
    let skipMe = true
    for (let i = 2; i < args.length; i += 2) {
      const option = args[i]!.toUpperCase()
      const value = args[i + 1]
      if (value === undefined) return err("syntax error")
      if (option === "ID") {
        if (!/^[1-9]\d*$/.test(value)) return err("client-id should be greater than 0")
        filters.push((s) => String(s.id) === value)
      } else if (option === "TYPE") {
        if (!["normal", "master", "replica", "slave", "pubsub"].includes(value.toLowerCase())) {
          return err(`Unknown client type '${value}'`)
        }
        filters.push((s) => this.typeOf(s) === value.toLowerCase())
      } else if (option === "ADDR") filters.push((s) => s.peer.party === value)
      else if (option === "LADDR") filters.push(() => this.shown === value)
      else if (option === "USER") {
        if (!this.users.has(value)) return err(`No such user '${value}'`)
        filters.push((s) => s.user.name === value)
      } else if (option === "SKIPME") {
        if (!/^(yes|no)$/i.test(value)) return err("syntax error")
        skipMe = value.toLowerCase() === "yes"
      } else return err("syntax error")
    }
    const chosen = Array.from(this.sessions).filter((s) => filters.every((f) => f(s)) && !(skipMe && s === session))
    for (const s of chosen) this.end(session, s)
    return chosen.length
  }

  /** Ends a session; the one that asks for it hears so first. */
  private end(asking: Session, session: Session): void {
    if (asking === session) session.closing = true
    else this.close(session)
  }

  private track(session: Session, args: ReadonlyArray<string>): Reply {
    const state = args[2]?.toLowerCase()
    if (state === "off" && args.length === 3) {
      session.tracking = undefined
      session.tracked.clear()
      return ok
    }
    if (state !== "on") return err("syntax error")
    const prefixes: Array<string> = []
    let broadcast = false
    let noLoop = false
    for (let i = 3; i < args.length; i++) {
      const option = args[i]!.toUpperCase()
      if (option === "BCAST") broadcast = true
      else if (option === "NOLOOP") noLoop = true
      else if (option === "PREFIX" && i + 1 < args.length) prefixes.push(args[++i]!)
      else return err("syntax error")
    }
    if (prefixes.length > 0 && !broadcast) return err("PREFIX option requires BCAST mode to be enabled")
    session.tracking = { broadcast, prefixes, noLoop }
    return ok
  }

  private acl(session: Session, args: ReadonlyArray<string>): Reply {
    switch (args[1]!.toLowerCase()) {
      case "whoami":
        return session.user.name
      case "users":
        return Array.from(this.users.keys())
      case "list":
        return Array.from(this.users.values(), (user) => user.describe())
      case "setuser": {
        if (args[2] === undefined) return err("wrong number of arguments for 'acl|setuser' command")
        const user = this.users.get(args[2]) ?? new User(args[2])
        for (const rule of args.slice(3)) {
          const wrong = user.apply(rule)
          if (wrong !== undefined) return err(`Error in ACL SETUSER modifier '${rule}': ${wrong}`)
        }
        this.users.set(user.name, user)
        return ok
      }
      case "deluser": {
        let removed = 0
        for (const name of args.slice(2)) {
          if (name === "default") return err("The 'default' user cannot be removed")
          if (!this.users.delete(name)) continue
          removed++
          for (const s of Array.from(this.sessions)) if (s.user.name === name) this.end(session, s)
        }
        return removed
      }
      default:
        return err(`unknown subcommand '${args[1]}'. Try ACL HELP.`)
    }
  }
}

/** What a command gives, or what it throws. */
const caught = (run: () => Answer): Answer => {
  try {
    return run()
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
}

const validName = (name: string): boolean => /^[!-~]*$/.test(name)
const badName = err("Client names cannot contain spaces, newlines or special characters.")
