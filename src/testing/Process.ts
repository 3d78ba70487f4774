/**
 * A server process in memory: sessions, requests in order, authentication, the commands
 * that nodes and sentinels have in common, and faults of the process. `RedisNode` and
 * `SentinelNode` extend it.
 *
 * @since 0.1.0
 */
import * as Address from "../Address.ts"
import type { DurationInput } from "../commands/options.ts"
import { millisOf } from "../internal/client/checkOptions.ts"
import { type Denial, User } from "./Acl.ts"
import { acl, AclLog, channelsOf } from "./commands/acl.ts"
import { isContainer, knownCategories } from "./commands/categories.ts"
import { checkedName, client } from "./commands/client.ts"
import { Statistics } from "./commands/info.ts"
import { type Definition, group, hasArity, matches, noKeys } from "./data/command.ts"
import type { Network, Peer } from "./Network.ts"
import { encode, Failure, Fields, ok, type Protocol, Push, type Reply, Requests, Several, Simple } from "./Reply.ts"
import type { Session } from "./Session.ts"
import type { Time } from "./Time.ts"

export type { Session } from "./Session.ts"

/**
 * A fault of the messages that a server pushes to subscribers.
 *
 * @since 0.1.0
 * @category models
 */
export interface PushFault {
  /** Whether the messages are dropped, delayed or sent twice. */
  readonly kind: "drop" | "delay" | "duplicate"
  /** How many messages the fault affects. Default 1. */
  readonly count?: number | undefined
  /** For `delay`: how long. Default none. */
  readonly delay?: DurationInput | undefined
}

/** In place of a reply: none comes, now or ever. */
export const withheld: unique symbol = Symbol("withheld")

export type Answer = Reply | typeof withheld

const err = (text: string): Failure => new Failure(`ERR ${text}`)
const noAuth = new Failure("NOAUTH Authentication required.")
const wrongPass = new Failure("WRONGPASS invalid username-password pair or user is disabled.")

const connection = group("connection")
const nothing = (): Reply => null

/** The commands that all servers have. `Process.common` runs them. */
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

/** Commands that wait while writes are paused, although they are no writes themselves. */
const mayReplicate = new Set(["eval", "evalsha", "fcall", "publish"])

/** Commands that need no login. */
const withoutLogin = new Set(["hello", "auth", "quit", "reset"])

/**
 * A server process in memory: the base of `RedisNode` and `SentinelNode`.
 *
 * @since 0.1.0
 * @category models
 */
export abstract class Process {
  /** The address at which it listens. */
  readonly address: Address.Tcp
  /** The address as `host:port`. */
  readonly shown: string
  /** The network that it is part of. */
  readonly network: Network
  /** The time of the deployment. */
  readonly time: Time
  /** Whether it runs: true from the beginning and after `start`, false after `stop`. */
  running = true
  /** The ACL users by name. */
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
  /** How long each request takes, in milliseconds. Default 0. */
  slowMillis = 0
  /** How many commands it executed, by their names in upper case. */
  readonly executed = new Map<string, number>()
  /** How many requests it received. */
  requests = 0
  protected readonly statistics = new Statistics()
  private readonly aclLog = new AclLog()
  /** Called for each command that it executes, with the reply. */
  onExecute: (session: Session, args: ReadonlyArray<string>, reply: Reply) => void = () => {}

  /** Called for each message that it pushes, when it sends it. */
  onPush: (session: Session, values: ReadonlyArray<Reply>) => void = () => {}

  /** The `redis_mode` of INFO and HELLO: `standalone` or `sentinel`. */
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

  /** Sets the password of the user `default`; undefined means that it needs none. */
  set password(password: string | undefined) {
    const user = this.users.get("default")!
    user.apply("resetpass")
    user.apply(password === undefined ? "nopass" : `>${password}`)
  }

  /** Whether it runs and does not hang. */
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
      fieldSets: new Map(),
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
      noTouch: false,
      closing: false,
      last: "NULL",
      active: this.time.now()
    }
    this.sessions.add(session)
    this.statistics.connected()
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

  /** Closes the connections for which a function gives true (default all), as CLIENT KILL does. Gives how many. */
  disconnect(which: (session: Session) => boolean = () => true): number {
    const chosen = Array.from(this.sessions).filter(which)
    for (const session of chosen) this.close(session)
    return chosen.length
  }

  /** Handles the requests in order; each takes `slowMillis`. */
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

  /** Is busy for some time, and then runs a function. */
  protected occupy(millis: number, then: () => void): void {
    this.busy = true
    this.time.later(millis, () => {
      this.busy = false
      if (!this.running) return
      then()
      this.pump()
    })
  }

  /** Ends the wait of a session, and handles the requests that came meanwhile. */
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
    return this.pausedAll || command.flags.has("write") || mayReplicate.has(command.name)
  }

  /** Makes writes wait for `millis` milliseconds, as CLIENT PAUSE does; 0 ends it. @internal */
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

  /** Called after each request: serves commands that wait. */
  protected after(): void {}

  private answer(session: Session, args: Array<string>): Answer {
    const name = args[0]!.toLowerCase()
    session.last = this.fullName(args)
    session.active = this.time.now()
    const command = this.table.get(name)
    if (command === undefined) {
      const shown = args.slice(1).map((a) => `'${a.slice(0, 128)}' `).join("").slice(0, 128)
      return this.refuse(
        session,
        err(`unknown command '${args[0]!.slice(0, 128)}', with args beginning with: ${shown}`)
      )
    }
    if (!hasArity(args, command.arity)) {
      const text = `wrong number of arguments for '${name}' command`
      if (name === "exec") {
        session.queue = undefined
        return new Failure(`EXECABORT Transaction discarded because of: ${text}`)
      }
      return this.refuse(session, err(text))
    }
    if (command.subcommands !== undefined) {
      const word = args[1]!.toLowerCase()
      const arity = command.subcommands.get(word)
      if (arity === undefined) {
        return this.refuse(
          session,
          err(`unknown subcommand '${args[1]!.slice(0, 128)}'. Try ${name.toUpperCase()} HELP.`)
        )
      }
      if (!hasArity(args, arity)) {
        return this.refuse(session, err(`wrong number of arguments for '${name}|${word}' command`))
      }
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

  /** The name of a command with its subcommand, in lower case. */
  private fullName(args: ReadonlyArray<string>): string {
    const name = args[0]!.toLowerCase()
    if (args[1] === undefined || !isContainer(name)) return name
    const full = `${name}|${args[1].toLowerCase()}`
    return knownCategories(full) === undefined ? name : full
  }

  /** Executes a command and counts it. A `Failure` that it throws is its reply. */
  protected executing(
    session: Session,
    command: Definition,
    args: ReadonlyArray<string>,
    run: () => Answer
  ): Answer {
    const reply = caught(run)
    const upper = command.name.toUpperCase()
    this.executed.set(upper, (this.executed.get(upper) ?? 0) + 1)
    this.statistics.executed(this.fullName(args), reply instanceof Failure ? reply.text : undefined)
    // A command that waits is reported when it ends.
    if (reply !== withheld) this.onExecute(session, args, reply)
    return reply
  }

  /** Refuses a request before it is executed; a transaction that contains it will fail. */
  protected refuse(session: Session, failure: Failure): Failure {
    if (session.queue !== undefined) session.broken = true
    const isKnown = this.table.has(session.last.split("|", 1)[0]!)
    this.statistics.rejected(isKnown ? session.last : undefined, failure.text)
    return failure
  }

  private denied(session: Session, command: Definition, args: ReadonlyArray<string>): Failure | undefined {
    const denial = this.denialOf(session, command, args)
    if (denial === undefined) return undefined
    this.logDenial(session, denial)
    return denial.reason === "command"
      ? new Failure(`NOPERM this user has no permissions to run the '${denial.object}' command`)
      : new Failure(
        `NOPERM this user has no permissions to access one of the ${denial.reason}s used as arguments`
      )
  }

  /** Records in the log of ACL LOG what was denied. */
  protected logDenial(session: Session, { object, reason }: Denial, inScript = false): void {
    this.aclLog.add(session, this.shown, this.time.now(), reason, object, session.user.name, inScript)
  }

  /** What the user of a session may not do of a request, if anything. */
  protected denialOf(session: Session, command: Definition, args: ReadonlyArray<string>): Denial | undefined {
    if (withoutLogin.has(command.name) || session.user.mayAll) return undefined
    const { channels, literal } = channelsOf(command, args)
    return session.user.denial(command, args, channels, literal)
  }

  protected reply(session: Session, reply: Reply): void {
    if (session.open) session.peer.write(encode(reply, session.protocol))
  }

  // ---------------------------------------------------------------------------
  // Failing

  /** Stops the process: its connections end, and new ones are refused. */
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

  /** Makes the process hang, as SIGSTOP does: connections stay open and are accepted, but get no replies. */
  hang(): void {
    this.hung = true
    this.network.changed()
  }

  /** Ends `hang`, and handles the requests that came meanwhile. */
  resume(): void {
    this.hung = false
    this.network.changed()
    this.pump()
  }

  /** Adds a fault for the next messages that it pushes. */
  faultPushes(fault: PushFault): void {
    this.pushFaults.push({ kind: fault.kind, millis: millisOf("delay", fault.delay) ?? 0, count: fault.count ?? 1 })
  }

  /** Removes all faults of pushed messages. */
  endPushFaults(): void {
    this.pushFaults = []
  }

  // ---------------------------------------------------------------------------
  // Messages

  /** Pushes a message to a session. */
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

  /** Publishes a message on a channel. Gives how many subscribers receive it. */
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
  // Commands of all servers

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
        return client(this.host, session, args)
      case "subscribe":
      case "psubscribe":
        return this.subscribe(session, name, args)
      case "unsubscribe":
      case "punsubscribe":
        return this.unsubscribe(session, name, args)
      case "publish":
        return this.publish(args[1]!, args[2]!)
      default:
        return acl(this.host, session, args)
    }
  }

  /** What the commands of other files may use. */
  private readonly host = ((process: Process) => ({
    get shown() {
      return process.shown
    },
    get sessions() {
      return process.sessions
    },
    get users() {
      return process.users
    },
    get log() {
      return process.aclLog
    },
    now: () => process.time.now(),
    random: () => process.time.random(),
    command: (name: string) => process.table.get(name),
    end: (asking: Session, session: Session) => process.end(asking, session),
    pause: (millis: number, all: boolean) => process.pause(millis, all),
    unpause: () => process.unpause()
  }))(this)

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
    session.noTouch = false
  }

  private login(session: Session, word: string, name: string, password: string): boolean {
    const user = this.users.get(name)
    if (user === undefined || !user.accepts(password)) {
      this.aclLog.add(session, this.shown, this.time.now(), "auth", word, name)
      return false
    }
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
        if (!this.login(session, args[0]!, args[i + 1]!, args[i + 2]!)) return wrongPass
        i += 2
      } else if (option === "SETNAME" && left >= 1) {
        name = checkedName(args[++i]!)
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

  /** The role in the reply of HELLO. */
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
    const name = args.length === 2 ? "default" : args[1]!
    return this.login(session, args[0]!, name, args[args.length - 1]!) ? ok : wrongPass
  }

  /** Closes a session; the session that asks for it gets its reply first. */
  private end(asking: Session, session: Session): void {
    if (asking === session) session.closing = true
    else this.close(session)
  }
}

const outOfMemory = new Failure("ERR not enough memory")

/**
 * The reply of a command, or the `Failure` that it throws. What is too large for JavaScript, such as a string of more
 * than 2^29 - 24 characters, fails as well.
 */
const caught = (run: () => Answer): Answer => {
  try {
    return run()
  } catch (error) {
    if (error instanceof Failure) return error
    if (error instanceof RangeError) return outOfMemory
    throw error
  }
}
