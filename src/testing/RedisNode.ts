/**
 * A Redis server in memory: the data commands of `data/`, transactions,
 * commands that wait, roles, and asynchronous replication that a failover can
 * outrun.
 *
 * Who is primary is decided elsewhere: by `SentinelNode.ts`, or by a test.
 *
 * @since 0.1.0
 */
import type * as Address from "../Address.ts"
import { pubsub as answerPubsub } from "./commands/client.ts"
import { config, defaultConfig } from "./commands/config.ts"
import { infoText, type Line } from "./commands/info.ts"
import { migrateKeys, migrateRequest } from "./commands/migrate.ts"
import { Monitors } from "./commands/monitor.ts"
import { Observations } from "./commands/observation.ts"
import { command as answerCommand } from "./commands/tableInfo.ts"
import { type Definition, group, int, manyRequest, noKeys, rest, type Scene } from "./data/command.ts"
import { importHash } from "./data/hashImport.ts"
import { dataCommands } from "./data/index.ts"
import * as Lists from "./data/lists.ts"
import * as SortedSets from "./data/sortedSets.ts"
import { openGroupRead, openRead, type Read } from "./data/streamReads.ts"
import { Keyspace } from "./Keyspace.ts"
import { endless, scriptCommands, Scripting } from "./lua/Scripting.ts"
import type { Lane, Network } from "./Network.ts"
import { Notes, publishes } from "./notifications.ts"
import { type Answer, commonCommands, Process, type Session, withheld } from "./Process.ts"
import { Failure, nullArray, ok, type Reply, Simple, Verbatim } from "./Reply.ts"
import { seeded } from "./Time.ts"

const err = (text: string): Failure => new Failure(`ERR ${text}`)
const queued = new Simple("QUEUED")
const readOnly = new Failure("READONLY You can't write against a read only replica.")
const loading = new Failure("LOADING Redis is loading the dataset in memory")
const masterDown = new Failure("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")
const noReplicas = new Failure("NOREPLICAS Not enough good replicas to write.")
const passing = { NOREPLICAS: noReplicas, READONLY: readOnly, LOADING: loading } as const
const outOfMemory = new Failure("OOM command not allowed when used memory > 'maxmemory'.")
const diskFull = new Failure(
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."
)
const unblocked = new Failure(
  "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
)

const server = group("server")
const transactions = group("transactions")
const pubsub = group("pubsub")
const nothing = (): Reply => null

const serverCommands: ReadonlyArray<Definition> = [
  ...commonCommands,
  ...scriptCommands,
  transactions("multi", 1, "fast stale", noKeys, nothing),
  transactions("exec", 1, "stale", noKeys, nothing),
  transactions("discard", 1, "fast stale", noKeys, nothing),
  transactions("watch", -2, "fast stale", rest, nothing),
  transactions("unwatch", 1, "fast stale", noKeys, nothing),
  pubsub("spublish", 3, "pubsub fast stale", noKeys, nothing),
  pubsub("ssubscribe", -2, "pubsub stale", noKeys, nothing),
  pubsub("sunsubscribe", -1, "pubsub stale", noKeys, nothing),
  {
    ...pubsub("pubsub", -2, "pubsub stale", noKeys, nothing),
    subcommands: new Map([["channels", -2], ["numsub", -2], ["numpat", 2], ["shardchannels", -2], ["shardnumsub", -2]])
  },
  server("select", 2, "fast stale", noKeys, nothing),
  server("role", 1, "fast stale", noKeys, nothing),
  server("info", -1, "stale", noKeys, nothing),
  server("time", 1, "fast stale", noKeys, nothing),
  server("lastsave", 1, "fast stale", noKeys, nothing),
  server("wait", 3, "blocking", noKeys, nothing),
  server("waitaof", 4, "blocking", noKeys, nothing),
  server("config", -2, "admin stale", noKeys, nothing),
  server("debug", -2, "admin stale", noKeys, nothing),
  server("monitor", 1, "admin stale", noKeys, nothing),
  server("slowlog", -2, "admin stale", noKeys, nothing),
  server("commandlog", -2, "admin stale", noKeys, nothing),
  server("latency", -2, "admin stale", noKeys, nothing),
  server("hotkeys", -2, "admin stale", noKeys, nothing),
  server("command", -1, "stale", noKeys, nothing),
  server("module", -2, "admin", noKeys, nothing),
  server("migrate", -6, "write", migrateKeys, nothing),
  server("replicaof", 3, "admin stale", noKeys, nothing),
  server("slaveof", 3, "admin stale", noKeys, nothing),
  server("shutdown", -1, "admin stale", noKeys, nothing)
]

const table: ReadonlyMap<string, Definition> = new Map([
  ...dataCommands,
  ...serverCommands.map((d) => [d.name, d] as const)
])

/**
 * The names of the commands that a `RedisNode` has, in lower case.
 *
 * @since 0.1.0
 * @category constants
 */
export const commandNames: ReadonlyArray<string> = Array.from(table.keys())

/** Commands that run a script or a function. */
const runsScript = new Set(["eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro"])

/** Commands that are not queued after MULTI. */
const notQueued = new Set(["multi", "exec", "discard", "watch", "quit", "reset"])
interface Waits {
  /** What the command does once it can; undefined while it cannot. */
  readonly attempt: (scene: Scene, args: ReadonlyArray<string>) => Reply | undefined
  /** Its timeout in seconds, as it was given. */
  readonly timeout: (args: ReadonlyArray<string>) => string
  readonly nothing: Reply
  /** The reply in a transaction, where it does not wait, if that is another. */
  readonly atOnce?: Reply
  /** Looks at the arguments before anything is done. */
  readonly check?: ((args: ReadonlyArray<string>) => void) | undefined
}

const lastOf = (args: ReadonlyArray<string>): string => args[args.length - 1]!
const firstOf = (args: ReadonlyArray<string>): string => args[1]!

const waiting: Readonly<Record<string, Waits>> = {
  blpop: {
    attempt: (scene, args) => Lists.popFirst(scene, args.slice(1, -1), true),
    timeout: lastOf,
    nothing: nullArray
  },
  brpop: {
    attempt: (scene, args) => Lists.popFirst(scene, args.slice(1, -1), false),
    timeout: lastOf,
    nothing: nullArray
  },
  blmovem: {
    attempt: (scene, args) => Lists.moveMany(scene, Lists.moveRequest(args, 6)),
    timeout: (args) => args[5]!,
    nothing: nullArray,
    atOnce: null,
    check: (args) => void Lists.moveRequest(args, 6)
  },
  blmove: {
    attempt: (scene, args) => Lists.move(scene, args[1]!, args[2]!, Lists.side(args[3]!), Lists.side(args[4]!)),
    timeout: lastOf,
    nothing: nullArray,
    atOnce: null,
    check: (args) => void [Lists.side(args[3]!), Lists.side(args[4]!)]
  },
  brpoplpush: {
    attempt: (scene, args) => Lists.move(scene, args[1]!, args[2]!, false, true),
    timeout: lastOf,
    nothing: nullArray,
    atOnce: null
  },
  blmpop: {
    attempt: (scene, args) => Lists.popMany(scene, manyRequest(args, 2, Lists.side)),
    timeout: firstOf,
    nothing: nullArray,
    check: (args) => void manyRequest(args, 2, Lists.side)
  },
  bzpopmin: {
    attempt: (scene, args) => SortedSets.popFirst(scene, args.slice(1, -1), false),
    timeout: lastOf,
    nothing: nullArray
  },
  bzpopmax: {
    attempt: (scene, args) => SortedSets.popFirst(scene, args.slice(1, -1), true),
    timeout: lastOf,
    nothing: nullArray
  },
  bzmpop: {
    attempt: (scene, args) => SortedSets.popMany(scene, manyRequest(args, 2, SortedSets.end)),
    timeout: firstOf,
    nothing: nullArray,
    check: (args) => void manyRequest(args, 2, SortedSets.end)
  }
}

/** The commands that read streams, and may wait for an entry. */
const streamReads: Readonly<Record<string, (scene: Scene, args: ReadonlyArray<string>) => Read>> = {
  xread: openRead,
  xreadgroup: openGroupRead
}

/** A change on its way to the replicas: what made it, and all that it depended on. */
interface Change {
  readonly database: number
  readonly args: ReadonlyArray<string>
  readonly now: number
  readonly seed: number
  /** The replication offset after it. */
  readonly offset: number
}

/** A replica, as its primary sees it. */
interface Follower {
  readonly node: RedisNode
  readonly lane: Lane
  readonly back: Lane
  acknowledged: number
}

/** A primary, as its replica sees it. */
interface Link {
  readonly host: string
  readonly port: number
  state: "connect" | "sync" | "connected"
  /** Since when it is down, in milliseconds on the Clock. */
  downSince: number
  /** Whether it stood once since the process began. */
  lost: boolean
  follower: Follower | undefined
}

/** Changes that a primary keeps, so that a replica that was away need not get everything. */
const backlogSize = 1024 * 1024
/** How often it looks for keys that have expired, in milliseconds. */
const expiryMillis = 100
/** How often a replica looks at its link, in milliseconds. */
const cronMillis = 1000

/**
 * A Redis server in memory. Get one from `Control.node` or `layerRedis`.
 *
 * @since 0.1.0
 * @category models
 */
export class RedisNode extends Process {
  /** The `redis_mode` of INFO and HELLO. */
  readonly mode: string = "standalone"
  protected readonly table: ReadonlyMap<string, Definition> = table
  /** The parameters of CONFIG GET and CONFIG SET. */
  readonly config = defaultConfig()
  /** Whether it answers LOADING, as while it reads its data from disk. Default false. */
  loading = false
  /** Whether it cannot save, so that it refuses writes with MISCONF. Default false. */
  diskFull = false
  /** Whether its memory is full, so that it refuses commands that need more with OOM. Default false. */
  outOfMemory = false
  /** How long a write takes to reach a replica, besides the latency, in milliseconds: a range. Default 0. */
  lagMillis: readonly [min: number, max: number] = [0, 0]
  /** How long a full resynchronisation takes, in milliseconds: a range. Default 0. */
  syncMillis: readonly [min: number, max: number] = [0, 0]
  /** The run id, as INFO gives it. It changes with each start. */
  runId: string
  /** The replication offset, in bytes. */
  offset = 0
  /**
   * How many instructions of Lua a script may execute; one that executes more counts as one that does not end. Default
   * 5 million.
   */
  maxScriptInstructions = 5_000_000
  /** A number that grows whenever its data may be replaced: with a promotion, a new primary, or a start without data. */
  reign = 0
  private startedAt: number
  /** Since when it has its role, in milliseconds since the Unix epoch. */
  roleSince = 0
  /** How often it resynchronised with a primary: in full, and partially. */
  readonly resyncs = { full: 0, partial: 0 }
  /** Gives the node at an address. */
  find: (address: string) => RedisNode | undefined = () => undefined

  private readonly databases = Array.from({ length: 16 }, (_, i) => new Keyspace(i))
  private readonly scripting: Scripting
  private replicationId: string
  private formerId: { readonly id: string; readonly until: number } | undefined = undefined
  private link: Link | undefined = undefined
  /** Whether it could go on where it was, had it a link: what it has is of a primary, or its own. */
  private cached = false
  private readonly followers = new Map<RedisNode, Follower>()
  private backlog: Array<Change> = []
  private backlogBytes = 0
  private parked: Array<ReadonlyArray<Change>> = []
  private applying = false
  /** Whether it looks for keys that have expired. */
  private isWatchingExpiry = false
  private waiters: Array<{ readonly session: Session; readonly attempt: () => boolean }> = []
  private readonly written = new WeakMap<Session, number>()
  private batch: Array<Change> | undefined = undefined
  /** How many changes there were. */
  private changes = 0
  /** How many there were for which a command may wait, at all and when those who wait were served last. */
  private signals = 0
  private servedAt = 0
  /** Whose request is being executed, if it writes. */
  private writer: Session | undefined = undefined
  /** Whose script runs. */
  private scripter: Session | undefined = undefined
  /** Whether replicas get what is written now; a script may say that they do not. */
  private replicates = true
  private cron = false
  private readonly monitors = new Monitors<Session>()
  private readonly observations: Observations
  private readonly hiccups: Array<{ readonly code: keyof typeof passing; after: number }> = []

  constructor(network: Network, address: Address.Tcp) {
    super(network, address)
    this.startedAt = this.time.now()
    this.observations = new Observations(this.config)
    this.runId = this.hex()
    this.replicationId = this.hex()
    this.salt()
    this.scripting = new Scripting({
      find: (name) => table.get(name),
      denial: (session, command, args) => this.denialOf(session, command, args),
      logDenial: (session, denial) => this.logDenial(session, denial, true),
      state: () => ({
        isReadOnly: !this.isPrimary && this.config.get("replica-read-only") !== "no",
        isStale: this.isStale,
        lacksReplicas: this.lacksReplicas,
        isDiskFull: this.diskFull && this.isPrimary,
        isFull: this.full
      }),
      execute: (session, command, args, replicates) => this.executeForScript(session, command, args, replicates),
      maxInstructions: () => this.maxScriptInstructions,
      now: () => this.time.now(),
      occupy: (then) =>
        this.occupy(Number(this.config.get("busy-reply-threshold")) || 2 ** 40, () => {
          then()
          this.network.changed()
        }),
      release: (session, reply) => {
        this.reply(session, reply)
        this.unblock(session)
        for (const changes of this.parked.splice(0)) this.receive(changes)
        this.connectLink()
        this.network.changed()
      }
    })
    for (const db of this.databases) {
      db.onTouch = (key) => this.touched(db, key)
      db.onNote = (wakes) => {
        this.changes++
        if (wakes) this.signals++
      }
      db.onExpire = () => this.link === undefined || this.applying
      db.onExpired = (key, what) => {
        if (what === "key") return this.notify("x", "expired", key, db.index)
        this.notify("h", "hexpired", key, db.index)
        if (what === "last field") this.notify("g", "del", key, db.index)
      }
    }
  }

  private hex(): string {
    return Array.from({ length: 40 }, () => Math.floor(this.time.random() * 16).toString(16)).join("")
  }

  private salt(): void {
    for (const db of this.databases) db.salt = Number.parseInt(this.runId.slice(0, 8), 16)
  }

  /** Whether it runs, and neither hangs nor is busy with a script. */
  override get responsive(): boolean {
    return super.responsive && !this.scripting.isBusy
  }

  /** Ends a script that does not end, as a sentinel does with SCRIPT KILL: not a function, nor one that has written. */
  endScript(): void {
    if (super.responsive) this.scripting.end()
  }

  /** Whether it runs a script that does not end. */
  get isBusyWithScript(): boolean {
    return this.scripting.isBusy
  }

  /** Whether it is a primary. */
  get isPrimary(): boolean {
    return this.link === undefined
  }

  protected override get role(): string {
    return this.isPrimary ? "master" : "replica"
  }

  /** The address of its primary; undefined for a primary. */
  get primaryAddress(): string | undefined {
    return this.link === undefined ? undefined : `${this.link.host}:${this.link.port}`
  }

  /** Whether its link to its primary is up. */
  get linked(): boolean {
    return this.link?.state === "connected"
  }

  /** For how long its link to its primary has been down, in milliseconds; 0 while it is up. */
  get linkDownMillis(): number {
    return this.link === undefined || this.link.state === "connected" ? 0 : this.time.now() - this.link.downSince
  }

  /** How many connections wait in a command such as BLPOP. */
  get waiting(): number {
    return this.waiters.length
  }

  /** The replicas that are connected to it. */
  get replicas(): ReadonlyArray<RedisNode> {
    return Array.from(this.followers.keys())
  }

  /** The value of a string key, one byte per character; undefined if there is none. Default: of database 0. */
  peek(key: string, database = 0): string | undefined {
    const entry = this.databases[database]!.get(key, this.time.now())
    return typeof entry?.value === "string" ? entry.value : undefined
  }

  /** The database of a number, from 0 to 15; undefined for other numbers. */
  database(index: number): Keyspace | undefined {
    return this.databases[index]
  }

  // ---------------------------------------------------------------------------
  // Requests

  private scene(session: Session, now: number, random: () => number): Scene {
    return {
      db: this.databases[session.database]!,
      now,
      protocol: session.protocol,
      random,
      database: (index) => this.databases[index]
    }
  }

  protected serve(session: Session, command: Definition, args: Array<string>): Answer {
    const name = command.name
    const busy = this.scripting.refusal(name, args)
    if (busy !== undefined) {
      if (name !== "exec") return this.refuse(session, busy)
      this.endTransaction(session)
      return new Failure(`EXECABORT Transaction discarded because of: ${busy.text}`)
    }
    if (session.queue !== undefined && !notQueued.has(name)) {
      if (name === "shutdown") return this.refuse(session, err("Command not allowed inside a transaction"))
      const refusal = this.refusal(command, args)
      if (refusal !== undefined) return this.refuse(session, refusal)
      session.queue.push(args)
      return queued
    }
    switch (name) {
      case "multi":
        if (session.queue !== undefined) return err("MULTI calls can not be nested")
        session.queue = []
        session.broken = false
        this.monitors.note(session, args, this.time.now())
        return ok
      case "discard":
        if (session.queue === undefined) return err("DISCARD without MULTI")
        this.endTransaction(session)
        this.monitors.note(session, args, this.time.now())
        return ok
      case "watch": {
        if (session.queue !== undefined) return err("WATCH inside MULTI is not allowed")
        session.watched ??= new Set()
        for (const key of args.slice(1)) session.watched.add(`${session.database} ${key}`)
        this.monitors.note(session, args, this.time.now())
        return ok
      }
      case "unwatch":
        session.watched = undefined
        session.dirty = false
        this.monitors.note(session, args, this.time.now())
        return ok
      case "exec": {
        const replies = this.exec(session)
        this.monitors.note(session, args, this.time.now())
        return replies
      }
    }
    if (this.monitors.has(session) && (command.flags.has("write") || command.flags.has("read"))) {
      return err("Replica can't interact with the keyspace")
    }
    return this.refusal(command, args) ??
      this.executing(session, command, args, () => this.execute(session, command, args, false))
  }

  protected override executing(
    session: Session,
    command: Definition,
    args: ReadonlyArray<string>,
    run: () => Answer
  ): Answer {
    // A script comes before the commands that it calls.
    const isScript = runsScript.has(command.name)
    if (isScript) this.monitors.note(session, args, this.time.now())
    const answer = super.executing(session, command, args, run)
    if (!isScript) {
      this.monitors.note(session, args, this.time.now(), this.scripter === undefined ? undefined : "lua")
    }
    // DEBUG SLEEP is noted when it ends.
    if (command.name !== "debug") this.observe(session, command, args, this.slowMillis, answer)
    return answer
  }

  private observe(
    session: Session,
    command: Definition,
    args: ReadonlyArray<string>,
    millis: number,
    answer: Answer
  ): void {
    this.observations.note({
      name: session.last,
      args,
      isFast: command.flags.has("fast"),
      keys: () => command.keys(args),
      client: session.peer.party,
      clientName: session.name,
      now: this.time.now(),
      millis,
      replyBytes: typeof answer === "string" ? answer.length : 0
    })
  }

  /** Makes it refuse one write with an error of a temporary state, after `after` other writes. */
  refuseWrite(code: keyof typeof passing, after: number): void {
    this.hiccups.push({ code, after })
  }

  private hiccup(): Failure | undefined {
    const next = this.hiccups[0]
    if (next === undefined || next.after-- > 0) return undefined
    this.hiccups.shift()
    return passing[next.code]
  }

  /** Why the state of the server forbids a command, if it does. */
  private refusal(command: Definition, args: ReadonlyArray<string>): Failure | undefined {
    const flags = this.scripting.flagsOf(command.name, args) ?? command.flags
    const writes = flags.has("write")
    if (writes && this.hiccups.length > 0) {
      const passed = this.hiccup()
      if (passed !== undefined) return passed
    }
    if (flags.has("denyoom") && this.full) return outOfMemory
    if (writes && this.diskFull && this.isPrimary) return diskFull
    if (writes && this.lacksReplicas) return noReplicas
    if (writes && !this.isPrimary && this.config.get("replica-read-only") !== "no") return readOnly
    if (this.isStale && !flags.has("stale")) return masterDown
    if (this.loading && !flags.has("stale")) return loading
    return undefined
  }

  /** Whether it has too few replicas to write. */
  private get lacksReplicas(): boolean {
    return this.isPrimary && this.goodReplicas() < Number(this.config.get("min-replicas-to-write"))
  }

  /** Whether its data may be old, and is not to be served. */
  private get isStale(): boolean {
    return this.link !== undefined && this.link.state !== "connected" &&
      this.config.get("replica-serve-stale-data") === "no"
  }

  /** An empty server has about a million bytes already. */
  private get full(): boolean {
    const limit = Number(this.config.get("maxmemory"))
    return this.outOfMemory || (limit > 0 && limit < 1_000_000)
  }

  private goodReplicas(): number {
    let n = 0
    for (const follower of this.followers.values()) {
      if (follower.node.linked && this.network.reach(this.shown, follower.node.shown) && follower.node.responsive) n++
    }
    return n
  }

  private endTransaction(session: Session): void {
    session.queue = undefined
    session.broken = false
    session.watched = undefined
    session.dirty = false
  }

  private exec(session: Session): Answer {
    const { broken, queue, watched } = session
    if (queue === undefined) return err("EXEC without MULTI")
    // What has expired since it was watched has changed.
    for (const entry of watched ?? []) {
      const space = entry.indexOf(" ")
      this.databases[Number(entry.slice(0, space))]!.get(entry.slice(space + 1), this.time.now())
    }
    const dirty = session.dirty
    this.endTransaction(session)
    if (broken) return new Failure("EXECABORT Transaction discarded because of previous errors.")
    if (dirty) return nullArray
    for (const args of queue) {
      const refusal = this.refusal(table.get(args[0]!.toLowerCase())!, args)
      if (refusal !== undefined) {
        return new Failure(`EXECABORT Transaction discarded because of: ${refusal.text}`)
      }
    }
    // Its changes reach a replica together, or not at all.
    const batch: Array<Change> = []
    const replies: Array<Reply> = []
    const proceed = (): Answer => {
      this.batch = batch
      while (replies.length < queue.length) {
        const args = queue[replies.length]!
        const command = table.get(args[0]!.toLowerCase())!
        const reply = this.executing(session, command, args, () => this.execute(session, command, args, true))
        if (reply === withheld && this.scripting.isBusy) {
          this.batch = undefined
          this.scripting.continueWith((reply) => {
            replies.push(reply)
            const answer = proceed()
            if (answer === withheld) return
            this.reply(session, answer)
            this.unblock(session)
          })
          return withheld
        }
        replies.push(reply === withheld ? null : reply)
      }
      this.batch = undefined
      this.send(batch)
      return replies
    }
    return proceed()
  }

  /** Runs a script or a function: what it writes reaches a replica together, or not at all. */
  private script(session: Session, name: string, args: ReadonlyArray<string>): Answer {
    const batch = this.batch === undefined ? this.batch = [] : undefined
    this.scripter = session
    let answer: ReturnType<Scripting["run"]>
    try {
      answer = this.scripting.run(session, name, args)
    } finally {
      this.scripter = undefined
      this.replicates = true
      if (batch !== undefined) this.batch = undefined
    }
    if (answer === endless) {
      session.blocked = { command: name, end: () => {}, nothing }
      this.network.changed()
      return withheld
    }
    if (batch !== undefined) this.send(batch)
    return answer
  }

  /** Runs a command for a script. */
  private executeForScript(
    session: Session,
    command: Definition,
    args: ReadonlyArray<string>,
    replicates: boolean
  ): Reply {
    this.replicates = replicates
    const reply = this.executing(session, command, args, () => this.execute(session, command, args, true))
    return reply === withheld ? null : reply
  }

  private execute(session: Session, command: Definition, args: ReadonlyArray<string>, inTransaction: boolean): Answer {
    const name = command.name
    if (!dataCommands.has(name)) return this.own(session, name, args, inTransaction)
    const now = this.time.now()
    if (session.tracking !== undefined && !session.tracking.broadcast && command.flags.has("read")) {
      for (const key of command.keys(args)) session.tracked.add(key)
    }
    if (name === "himport") return this.importHash(session, args, now)
    const waits = waiting[name]
    if (waits !== undefined) return this.wait(session, args, waits, inTransaction)
    const openRead = streamReads[name]
    if (openRead !== undefined) return this.readStreams(session, args, openRead, inTransaction)
    if (!command.flags.has("write")) {
      const scene = this.scene(session, now, this.time.random)
      return this.notifying(command, args, scene, () => command.run(scene, args))
    }
    return this.change(session, args, now, (scene) => command.run(scene, args))
  }

  /** Runs a command, and publishes its keyspace notifications. */
  private notifying<A extends Reply | undefined>(
    command: Definition,
    args: ReadonlyArray<string>,
    { db, now }: Scene,
    run: () => A
  ): A {
    if (this.config.get("notify-keyspace-events") === "") return run()
    const notes = new Notes(command, args, db, now)
    for (const db of this.databases) db.onStep = (key, what) => notes.note({ db, key, what })
    db.onMiss = (key) => notes.miss(key)
    const before = this.changes
    let reply: Reply | undefined
    try {
      return reply = run()
    } catch (error) {
      if (error instanceof Failure) reply = error
      throw error
    } finally {
      db.onMiss = undefined
      for (const db of this.databases) db.onStep = undefined
      for (const { database, event, flag, key } of notes.events(reply, this.changes !== before)) {
        this.notify(flag, event, key, database)
      }
      this.watchExpiry()
    }
  }

  /** Publishes that something happened to a key, if the configuration says so. */
  private notify(flag: string, event: string, key: string, database: number): void {
    const flags = this.config.get("notify-keyspace-events")!
    if (!publishes(flags, flag)) return
    if (flags.includes("K")) this.publish(`__keyspace@${database}__:${key}`, event)
    if (flags.includes("E")) this.publish(`__keyevent@${database}__:${event}`, key)
  }

  /** Looks for keys that have expired while somebody may be told of them: ten times a second, as a server does. */
  private watchExpiry(): void {
    if (this.isWatchingExpiry || !this.isPrimary || !this.running) return
    if (!this.databases.some((db) => db.willExpire())) return
    this.isWatchingExpiry = true
    this.time.later(expiryMillis, () => {
      this.isWatchingExpiry = false
      if (!this.running || this.config.get("notify-keyspace-events") === "") return
      if (this.isPrimary && this.responsive) { for (const db of this.databases) db.removeExpired(this.time.now()) }
      this.after()
      this.watchExpiry()
    })
  }

  /** HIMPORT: its hashes go to the replicas as other writes do, since they know nothing of the session. */
  private importHash(session: Session, args: ReadonlyArray<string>, now: number): Reply {
    const { reply, writes } = importHash(session.fieldSets, this.scene(session, now, this.time.random), args)
    for (const write of writes) this.change(session, write, now, (scene) => table.get(write[0]!)!.run(scene, write))
    return reply
  }

  /** Runs something that changes data, and passes it on to the replicas if it did. */
  private change<A extends Reply | undefined>(
    session: Session,
    args: ReadonlyArray<string>,
    now: number,
    run: (scene: Scene) => A
  ): A {
    const seed = Math.floor(this.time.random() * 2 ** 32)
    const before = this.changes
    let commands: ReadonlyArray<ReadonlyArray<string>> = [args]
    this.writer = this.scripter ?? session
    const scene: Scene = {
      ...this.scene(session, now, seeded(seed)),
      propagate: (others) => {
        commands = others
      }
    }
    try {
      return this.notifying(table.get(args[0]!.toLowerCase())!, args, scene, () => run(scene))
    } finally {
      this.writer = undefined
      if (this.changes !== before) {
        this.together(() => {
          for (const command of commands) this.append(session.database, command, now, seed)
        })
        if (commands.length > 0) this.written.set(this.scripter ?? session, this.offset)
      }
    }
  }

  /** Lets the changes of a function reach a replica together, or not at all. */
  private together(run: () => void): void {
    if (this.batch !== undefined) return run()
    const batch: Array<Change> = this.batch = []
    run()
    this.batch = undefined
    this.send(batch)
  }

  private touched(db: Keyspace, key: string): void {
    this.changes++
    this.signals++
    const watched = `${db.index} ${key}`
    for (const session of this.sessions) {
      if (session.watched?.has(watched) === true) session.dirty = true
      const tracking = session.tracking
      if (tracking === undefined) continue
      const concerned = tracking.broadcast
        ? tracking.prefixes.length === 0 || tracking.prefixes.some((p) => key.startsWith(p))
        : session.tracked.delete(key)
      if (concerned && session.protocol === 3 && !(tracking.noLoop && session === this.writer)) {
        this.push(session, ["invalidate", [key]])
      }
    }
  }

  // ---------------------------------------------------------------------------
  // Waiting

  private wait(
    session: Session,
    args: ReadonlyArray<string>,
    waits: Waits,
    inTransaction: boolean
  ): Answer {
    const text = waits.timeout(args)
    const seconds = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN
    if (Number.isNaN(seconds)) return err("timeout is not a float or out of range")
    if (seconds < 0) return err("timeout is negative")
    waits.check?.(args)
    const attempt = (): Reply | undefined =>
      this.change(session, args, this.time.now(), (scene) => waits.attempt(scene, args))
    const at = attempt()
    if (at !== undefined) return at
    if (inTransaction) return waits.atOnce === undefined ? waits.nothing : waits.atOnce
    this.block(session, args, () => waits.nothing, seconds * 1000, attempt)
    return withheld
  }

  private readStreams(
    session: Session,
    args: ReadonlyArray<string>,
    open: (scene: Scene, args: ReadonlyArray<string>) => Read,
    inTransaction: boolean
  ): Answer {
    const scene = this.scene(session, this.time.now(), this.time.random)
    const { again, attempt, millis } = this.opening(scene, args, () => open(scene, args))
    const trying = (run: (scene: Scene) => Reply | undefined) => (): Reply | undefined =>
      this.change(session, args, this.time.now(), run)
    const found = trying(attempt)()
    if (found !== undefined) return found
    if (millis === undefined || inTransaction) return nullArray
    this.block(session, args, () => nullArray, millis, trying(again))
    return withheld
  }

  /** Opens a read of streams: one of a group that is missing tells of the first key that is. */
  private opening<A>({ db, now }: Scene, args: ReadonlyArray<string>, run: () => A): A {
    try {
      return run()
    } catch (error) {
      if (error instanceof Failure && error.text.startsWith("NOGROUP")) {
        const missing = table.get(args[0]!.toLowerCase())!.keys(args).find((key) => db.get(key, now) === undefined)
        if (missing !== undefined) this.notify("m", "keymiss", missing, db.index)
      }
      throw error
    }
  }

  /** Lets a session wait until there is a reply, or until its time is up. */
  private block(
    session: Session,
    args: ReadonlyArray<string>,
    nothing: () => Reply,
    millis: number,
    attempt: () => Reply | undefined
  ): void {
    let over = false
    const end = (reply: Reply): void => {
      if (over) return
      over = true
      timer?.cancel()
      this.waiters = this.waiters.filter((w) => w !== waiter)
      this.onExecute(session, args, reply)
      this.reply(session, reply)
      this.unblock(session)
    }
    const waiter = {
      session,
      attempt: () => {
        let reply: Reply | undefined
        try {
          reply = attempt()
        } catch (error) {
          if (!(error instanceof Failure)) throw error
          // A key of another kind is not what it waits for.
          return false
        }
        if (reply === undefined) return false
        end(reply)
        return true
      }
    }
    this.waiters.push(waiter)
    session.blocked = { command: args[0]!.toLowerCase(), end, nothing }
    const timer = millis === 0 ? undefined : this.time.later(millis, () => {
      if (this.running && session.open) end(nothing())
    })
  }

  protected override after(): void {
    this.monitors.show((session, line) => this.reply(session, line))
    if (this.waiters.length === 0 || this.servedAt === this.signals) return
    let progress = true
    while (progress) {
      this.servedAt = this.signals
      progress = false
      for (const waiter of this.waiters.slice()) {
        if (waiter.session.blocked !== undefined && waiter.attempt()) progress = true
      }
    }
  }

  protected override gone(session: Session): void {
    this.waiters = this.waiters.filter((w) => w.session !== session)
    this.monitors.delete(session)
  }

  // ---------------------------------------------------------------------------
  // Replication

  private append(database: number, args: ReadonlyArray<string>, now: number, seed: number): void {
    if (!this.replicates) return
    const size = sizeOf(args)
    const change: Change = { database, args, now, seed, offset: this.offset + size }
    this.offset = change.offset
    this.keep(change, size)
    if (this.batch !== undefined) this.batch.push(change)
    else this.send([change])
  }

  private keep(change: Change, size: number): void {
    this.backlog.push(change)
    this.backlogBytes += size
    while (this.backlogBytes > backlogSize && this.backlog.length > 1) {
      const dropped = this.backlog.shift()!
      this.backlogBytes -= this.backlog[0]!.offset - dropped.offset
    }
  }

  private send(changes: ReadonlyArray<Change>): void {
    if (changes.length === 0) return
    for (const follower of this.followers.values()) {
      if (follower.node.linked) this.stream(follower, changes)
    }
  }

  private stream(follower: Follower, changes: ReadonlyArray<Change>): void {
    const { lane, node } = follower
    lane.send(() => {
      if (node.link?.follower === follower && node.running) node.receive(changes)
    }, this.lagMillis[1] === 0 ? 0 : this.time.between(this.lagMillis[0], this.lagMillis[1]))
  }

  private receive(changes: ReadonlyArray<Change>): void {
    // A stopped process reads its socket when it goes on.
    if (!this.responsive) {
      this.parked.push(changes)
      return
    }
    for (const change of changes) this.apply(change)
    // A read may wait for what has come.
    this.after()
  }

  private apply(change: Change): void {
    if (change.offset <= this.offset) return
    const command = table.get(change.args[0]!.toLowerCase())!
    const size = change.offset - this.offset
    this.offset = change.offset
    this.keep(change, size)
    this.applying = true
    try {
      const scene: Scene = {
        db: this.databases[change.database]!,
        now: change.now,
        protocol: 2,
        random: seeded(change.seed),
        database: (index) => this.databases[index]
      }
      if (command.name === "publish") this.publish(change.args[1]!, change.args[2]!)
      else if (command.name === "spublish") this.shardPublish(change.args[1]!, change.args[2]!)
      else if (command.name === "function") this.scripting.function(change.args)
      else {
        const waits = waiting[command.name]
        this.notifying(
          command,
          change.args,
          scene,
          () => waits === undefined ? command.run(scene, change.args) : waits.attempt(scene, change.args)
        )
      }
    } finally {
      this.applying = false
    }
    this.send([change])
    this.acknowledge()
  }

  /** Tells the primary how far it is. */
  private acknowledge(): void {
    const follower = this.link?.follower
    const primary = this.link === undefined ? undefined : this.find(this.primaryAddress!)
    if (follower === undefined || primary === undefined || primary.waiters.length === 0) return
    const offset = this.offset
    follower.back.send(() => {
      if (!primary.responsive || primary.followers.get(this) !== follower) return
      follower.acknowledged = Math.max(follower.acknowledged, offset)
      primary.waited()
    })
  }

  private waited(): void {
    for (const waiter of this.waiters.slice()) waiter.attempt()
  }

  /** Makes it a primary, as REPLICAOF NO ONE does. */
  promote(): void {
    if (this.link === undefined) return
    this.unlink()
    this.link = undefined
    this.newReign()
    this.formerId = { id: this.replicationId, until: this.offset }
    this.replicationId = this.hex()
    // Its own replicas have to hear of the new history.
    for (const follower of Array.from(this.followers.values())) follower.node.dropLink()
    this.network.changed()
  }

  /** Makes it a replica of a node, as REPLICAOF does. */
  replicate(host: string, port: number): void {
    if (this.link !== undefined && this.link.host === host && this.link.port === port) return
    this.unlink()
    const now = this.time.now()
    // A primary that becomes a replica could go on with its own history.
    if (this.link === undefined) this.cached = this.offset > 0
    if (this.link === undefined) this.newReign()
    else this.reign++
    this.link = {
      host,
      port,
      state: "connect",
      downSince: now,
      lost: this.link !== undefined && (this.link.lost || this.link.state === "connected"),
      follower: undefined
    }
    for (const session of Array.from(this.sessions)) {
      if (session.blocked === undefined) continue
      session.blocked.end(unblocked)
      this.close(session)
    }
    for (const follower of Array.from(this.followers.values())) follower.node.dropLink()
    this.connectLink()
    this.watchLink()
    this.network.changed()
  }

  private newReign(): void {
    this.reign++
    this.roleSince = this.time.now()
  }

  private unlink(): void {
    const link = this.link
    if (link?.follower === undefined) return
    this.network.leave(link.follower.lane)
    this.network.leave(link.follower.back)
    this.find(this.primaryAddress!)?.followers.delete(this)
    link.follower = undefined
    this.parked = []
  }

  /** The connection to its primary is lost. */
  private dropLink(): void {
    if (this.link === undefined || this.link.state === "connect") return
    this.unlink()
    if (this.link.state === "connected") this.link.lost = true
    this.link.state = "connect"
    this.link.downSince = this.time.now()
    this.watchLink()
    this.network.changed()
  }

  /** Looks at the link every second for as long as it is down. */
  private watchLink(): void {
    if (this.cron) return
    this.cron = true
    this.time.later(cronMillis, () => {
      this.cron = false
      if (this.link === undefined || this.link.state === "connected" || !this.running) return
      if (this.responsive) this.connectLink()
      this.watchLink()
    })
  }

  private connectLink(): void {
    const link = this.link
    if (link === undefined || link.state !== "connect" || !this.responsive) return
    const primary = this.find(`${link.host}:${link.port}`)
    if (
      primary === undefined || primary === this || !primary.responsive ||
      !this.network.reach(this.shown, primary.shown) || (!primary.isPrimary && !primary.linked)
    ) return
    link.state = "sync"
    const follower: Follower = {
      node: this,
      lane: this.network.lane(primary.shown, this.shown),
      back: this.network.lane(this.shown, primary.shown),
      acknowledged: 0
    }
    link.follower = follower
    primary.followers.set(this, follower)
    const partial = primary.continues(this.replicationId, this.offset)
    if (!partial) this.cached = false
    const finish = (): void => {
      if (this.link !== link || link.follower !== follower || !this.running) return
      if (!primary.running || !this.network.reach(this.shown, primary.shown)) return this.dropLink()
      if (partial) this.resyncs.partial++
      else {
        this.resyncs.full++
        this.reign++
        this.databases.forEach((db, i) => db.copyFrom(primary.databases[i]!))
        this.scripting.copyFrom(primary.scripting)
        this.offset = primary.offset
        this.backlog = []
        this.backlogBytes = 0
      }
      this.replicationId = primary.replicationId
      this.formerId = primary.formerId
      link.state = "connected"
      this.cached = true
      const missed = primary.backlog.filter((change) => change.offset > this.offset)
      if (missed.length > 0) this.receive(missed)
      follower.acknowledged = this.offset
      // Its own replicas must resynchronise as well.
      if (!partial) { for (const f of Array.from(this.followers.values())) f.node.dropLink() }
    }
    const [min, max] = this.syncMillis
    if (partial || max === 0) finish()
    else this.time.later(this.time.between(min, max), finish)
  }

  /** Whether a replica with that history can go on from there. */
  private continues(id: string, offset: number): boolean {
    const known = id === this.replicationId
      ? offset <= this.offset
      : this.formerId !== undefined && id === this.formerId.id && offset <= this.formerId.until
    if (!known) return false
    const first = this.backlog.find((change) => change.offset > offset)
    // What is missing has to be in the backlog from its beginning.
    return first === undefined
      ? offset === this.offset
      : this.backlog[0] !== first || first.offset - sizeOf(first.args) <= offset
  }

  // ---------------------------------------------------------------------------
  // Failing

  override stop(): void {
    super.stop()
    this.waiters = []
    this.parked = []
    for (const follower of Array.from(this.followers.values())) follower.node.dropLink()
    if (this.link !== undefined) {
      this.unlink()
      this.link.state = "connect"
      this.link.downSince = this.time.now()
      this.link.lost = false
    }
  }

  /** Starts again after `stop`. Default: with its data. */
  override start(options: { readonly keepData?: boolean | undefined } = {}): void {
    super.start()
    this.startedAt = this.time.now()
    this.statistics.reset()
    this.runId = this.hex()
    this.salt()
    this.scripting.restart(options.keepData !== false)
    this.loading = false
    if (options.keepData === false) {
      for (const db of this.databases) db.clear()
      this.reign++
      this.replicationId = this.hex()
      this.formerId = undefined
      this.cached = false
      this.offset = 0
      this.backlog = []
      this.backlogBytes = 0
    }
    if (this.link !== undefined) {
      this.connectLink()
      this.watchLink()
    }
  }

  override resume(): void {
    super.resume()
    for (const changes of this.parked.splice(0)) this.receive(changes)
    this.connectLink()
  }

  // ---------------------------------------------------------------------------
  // The server's own commands

  private own(session: Session, name: string, args: ReadonlyArray<string>, inTransaction: boolean): Answer {
    switch (name) {
      case "select": {
        if (!/^-?\d+$/.test(args[1]!)) return err("value is not an integer or out of range")
        const index = int(args[1]!)
        if (this.databases[index] === undefined) return err("DB index is out of range")
        session.database = index
        return ok
      }
      case "publish": {
        const receivers = this.publish(args[1]!, args[2]!)
        if (this.isPrimary) this.append(session.database, args, this.time.now(), 0)
        return receivers
      }
      case "spublish": {
        const receivers = this.shardPublish(args[1]!, args[2]!)
        if (this.isPrimary) this.append(session.database, args, this.time.now(), 0)
        return receivers
      }
      case "ssubscribe":
        return this.subscribe(session, name, args)
      case "sunsubscribe":
        return this.unsubscribe(session, name, args)
      case "pubsub":
        return answerPubsub(this.sessions, args)
      case "role":
        return this.describeRole()
      case "info":
        return new Verbatim(this.info(args.slice(1)))
      case "time": {
        const now = this.time.now()
        return [String(Math.floor(now / 1000)), String(Math.floor((now % 1000) * 1000))]
      }
      case "lastsave":
        return Math.floor(this.time.now() / 1000)
      case "wait":
        return this.waitForReplicas(session, args, inTransaction)
      case "waitaof":
        return this.waitForFiles(session, args, inTransaction)
      case "config":
        return config(this.configHost, args)
      case "debug":
        if (args[1]!.toLowerCase() !== "sleep" || args.length !== 3) {
          return err(`unknown subcommand or wrong number of arguments for '${args[1]}'. Try DEBUG HELP.`)
        }
        this.occupy(Number(args[2]) * 1000, () => {
          this.observe(session, table.get("debug")!, args, Number(args[2]) * 1000, ok)
          this.reply(session, ok)
        })
        return withheld
      case "slowlog":
        return this.observations.slowlog(args)
      case "commandlog":
        return this.observations.commandlog(args)
      case "latency":
        return this.observations.latency(args)
      case "hotkeys":
        return this.observations.hotkeysCommand(args, this.time.now())
      case "command":
        return answerCommand(table, args)
      case "module":
        return answerModule(args)
      case "migrate":
        return this.migrate(session, args)
      case "monitor":
        if (inTransaction) return err("MONITOR isn't allowed for DENY BLOCKING client")
        this.monitors.add(session)
        return ok
      case "replicaof":
      case "slaveof":
        if (args[1]!.toLowerCase() === "no" && args[2]!.toLowerCase() === "one") this.promote()
        else {
          if (!/^\d{1,5}$/.test(args[2]!) || Number(args[2]) > 65_535) return err("Invalid master port")
          if (this.primaryAddress === `${args[1]}:${args[2]}`) {
            return new Simple("OK Already connected to specified master")
          }
          this.replicate(args[1]!, Number(args[2]))
        }
        return ok
      case "shutdown":
        this.stop()
        return withheld
      case "eval":
      case "eval_ro":
      case "evalsha":
      case "evalsha_ro":
      case "fcall":
      case "fcall_ro":
      case "script":
        return this.script(session, name, args)
      case "function": {
        const answer = this.script(session, name, args)
        const writes = this.scripting.flagsOf(name, args)!.has("write")
        if (writes && !(answer instanceof Failure)) {
          this.append(session.database, args, this.time.now(), 0)
          this.written.set(session, this.offset)
        }
        return answer
      }
      default:
        return this.common(session, name, args)
    }
  }

  /** No node in memory has an append-only file. */
  private waitForFiles(session: Session, args: ReadonlyArray<string>, inTransaction: boolean): Answer {
    const local = int(args[1]!)
    const replicas = int(args[2]!, "value is out of range, must be positive")
    const millis = int(args[3]!, "timeout is not an integer or out of range")
    if (local < 0 || local > 1) return err("value is out of range, value must between 0 and 1")
    if (replicas < 0) return err("value is out of range, must be positive")
    if (millis < 0) return err("timeout is negative")
    if (!this.isPrimary) {
      return err(
        "WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are not propagated."
      )
    }
    if (local === 1) return err("WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
    if (replicas === 0 || inTransaction) return [0, 0]
    this.block(session, args, () => [0, 0], millis, () => undefined)
    return withheld
  }

  /** Moves keys to another node, by DUMP and RESTORE. */
  private migrate(session: Session, args: ReadonlyArray<string>): Reply {
    const request = migrateRequest(args)
    const now = this.time.now()
    const scene = this.scene(session, now, this.time.random)
    const present = request.keys.filter((key) => scene.db.get(key, now) !== undefined)
    for (const key of request.keys) {
      if (!present.includes(key)) this.notify("m", "keymiss", key, session.database)
    }
    if (present.length === 0) return new Simple("NOKEY")
    const target = this.find(`${args[1]}:${args[2]}`)
    if (target === undefined || !target.responsive || !this.network.reach(this.shown, target.shown)) {
      return new Failure("IOERR error or timeout writing to target instance")
    }
    for (const key of present) {
      const dump = dataCommands.get("dump")!.run(scene, ["DUMP", key])
      if (typeof dump !== "string") return dump
      const expiresAt = scene.db.get(key, now)!.expiresAt
      const ttl = expiresAt === Infinity ? "0" : String(Math.ceil(expiresAt - now))
      const restore = ["RESTORE", key, ttl, dump, ...(request.replace ? ["REPLACE"] : [])]
      const refused = target.receiveMigrated(restore, request)
      if (refused !== undefined) return err(`Target instance replied with error: ${refused.text}`)
    }
    if (!request.copy) {
      const del = ["DEL", ...present]
      this.change(session, del, now, (changing) => dataCommands.get("del")!.run(changing, del))
    }
    return ok
  }

  /** Restores a key that another node migrates. Gives why it does not. */
  private receiveMigrated(
    restore: ReadonlyArray<string>,
    { database, login }: ReturnType<typeof migrateRequest>
  ): Failure | undefined {
    const user = this.users.get(login?.username ?? "default")
    if (login === undefined ? user?.noPassword !== true : user?.accepts(login.password) !== true) {
      return login === undefined
        ? new Failure("NOAUTH Authentication required.")
        : new Failure("WRONGPASS invalid username-password pair or user is disabled.")
    }
    if (this.databases[database] === undefined) return err("DB index is out of range")
    const command = dataCommands.get("restore")!
    const refusal = this.refusal(command, restore)
    if (refusal !== undefined) return refusal
    try {
      this.change({ database } as Session, restore, this.time.now(), (scene) => command.run(scene, restore))
      return undefined
    } catch (error) {
      if (error instanceof Failure) return error
      throw error
    }
  }

  private waitForReplicas(session: Session, args: ReadonlyArray<string>, inTransaction: boolean): Answer {
    if (!this.isPrimary) {
      return err(
        "WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated."
      )
    }
    const wanted = int(args[1]!)
    const millis = int(args[2]!, "timeout is not an integer or out of range")
    if (millis < 0) return err("timeout is negative")
    const offset = this.written.get(session) ?? 0
    const count = (): number => {
      let n = 0
      for (const follower of this.followers.values()) {
        if (follower.node.linked && follower.acknowledged >= offset) n++
      }
      return n
    }
    if (count() >= wanted || inTransaction) return count()
    this.block(session, args, count, millis, () => count() >= wanted ? count() : undefined)
    // As REPLCONF GETACK: the replicas are asked how far they are.
    for (const follower of this.followers.values()) {
      follower.lane.send(() => {
        if (follower.node.responsive) follower.node.acknowledge()
      })
    }
    return withheld
  }

  private describeRole(): Reply {
    const link = this.link
    if (link !== undefined) {
      return ["slave", link.host, link.port, link.state, link.state === "connected" ? this.offset : -1]
    }
    const replicas = Array.from(this.followers.values()).filter((f) => f.node.linked)
    return [
      "master",
      this.offset,
      replicas.map(({ node }) => [node.address.host, String(node.address.port), String(node.offset)])
    ]
  }

  /** The text of INFO for some sections. */
  info(sections: ReadonlyArray<string>): string {
    const link = this.link
    const now = this.time.now()
    const uptime = Math.floor((now - this.startedAt) / 1000)
    const replication: ReadonlyArray<Line> = [
      ["role", link === undefined ? "master" : "slave"],
      ...(link === undefined ? [] : [
        ["master_host", link.host],
        ["master_port", link.port],
        ["master_link_status", link.state === "connected" ? "up" : "down"],
        ["master_last_io_seconds_ago", link.state === "connected" ? 0 : -1],
        ["master_sync_in_progress", link.state === "sync" ? 1 : 0],
        // As Redis has it: 1 where there is no primary that it could go on with.
        ["slave_read_repl_offset", this.cached ? this.offset : 1],
        ["slave_repl_offset", this.cached ? this.offset : 1],
        ...(link.state === "connected"
          ? []
          : [
            ["master_link_down_since_seconds", link.lost ? Math.floor(this.linkDownMillis / 1000) : -1] as const
          ]),
        ["slave_priority", this.config.get("replica-priority")!],
        ["slave_read_only", this.config.get("replica-read-only") === "no" ? 0 : 1],
        ["replica_announced", 1]
      ] as ReadonlyArray<readonly [string, string | number]>),
      ["connected_slaves", this.followers.size],
      ...Array.from(
        this.followers.values(),
        ({ node }, i) =>
          [
            `slave${i}`,
            `ip=${node.address.host},port=${node.address.port},state=${
              node.linked ? "online" : "wait_bgsave"
            },offset=${node.offset},lag=0`
          ] as const
      ),
      ["master_failover_state", "no-failover"],
      ["master_replid", this.replicationId],
      ["master_replid2", this.formerId?.id ?? "0".repeat(40)],
      ["master_repl_offset", this.offset],
      ["second_repl_offset", this.formerId === undefined ? -1 : this.formerId.until + 1],
      ["repl_backlog_active", this.backlog.length > 0 ? 1 : 0],
      ["repl_backlog_size", backlogSize],
      ["repl_backlog_first_byte_offset", this.backlog.length > 0 ? this.offset - this.backlogBytes + 1 : 0],
      ["repl_backlog_histlen", this.backlogBytes]
    ]
    const keyspace = this.databases.flatMap((db): ReadonlyArray<Line> => {
      const keys = db.keys(now)
      const expiring = keys.filter((key) => (db.get(key, now)?.expiresAt ?? Infinity) < Infinity).length
      return keys.length === 0 ? [] : [[`db${db.index}`, `keys=${keys.length},expires=${expiring},avg_ttl=0`]]
    })
    return infoText({
      values: {
        run_id: this.runId,
        tcp_port: this.address.port,
        server_time_usec: Math.floor(now * 1000),
        uptime_in_seconds: uptime,
        uptime_in_days: Math.floor(uptime / 86_400),
        hz: this.config.get("hz")!,
        configured_hz: this.config.get("hz")!,
        connected_clients: this.sessions.size,
        maxclients: this.config.get("maxclients")!,
        blocked_clients: this.waiters.length,
        tracking_clients: Array.from(this.sessions).filter(({ tracking }) => tracking !== undefined).length,
        maxmemory: this.config.get("maxmemory")!,
        maxmemory_policy: this.config.get("maxmemory-policy")!,
        used_memory: 1_000_000,
        loading: this.loading ? 1 : 0,
        rdb_last_bgsave_status: this.diskFull ? "err" : "ok",
        sync_full: this.resyncs.full,
        sync_partial_ok: this.resyncs.partial,
        pubsub_channels: new Set(Array.from(this.sessions).flatMap(({ channels }) => Array.from(channels))).size,
        pubsub_patterns: new Set(Array.from(this.sessions).flatMap(({ patterns }) => Array.from(patterns))).size,
        pubsubshard_channels: new Set(Array.from(this.sessions).flatMap(({ shards }) => Array.from(shards))).size,
        ...this.statistics.totals
      },
      replication,
      keyspace,
      statistics: this.statistics,
      // A command takes some time, even here.
      micros: 1 + this.slowMillis * 1000
    }, sections)
  }

  private readonly configHost = {
    config: this.config,
    changed: (name: string, value: string): void => {
      if (name === "requirepass") this.password = value === "" ? undefined : value
    },
    resetStatistics: (): void => {
      this.statistics.reset()
      this.observations.reset()
    }
  }
}

/** How many bytes a request has on the wire. */
const sizeOf = (args: ReadonlyArray<string>): number =>
  args.reduce((n, a) => n + a.length + String(a.length).length + 5, String(args.length).length + 3)

const answerModule = (args: ReadonlyArray<string>): Reply => {
  const word = args[1]!.toLowerCase()
  const needed = ({ list: 2, unload: 3, load: -3, loadex: -3 } as Readonly<Record<string, number>>)[word]
  if (needed === undefined) return err(`unknown subcommand '${args[1]}'. Try MODULE HELP.`)
  if (needed > 0 ? args.length !== needed : args.length < -needed) {
    return err(`wrong number of arguments for 'module|${word}' command`)
  }
  switch (word) {
    case "list":
      return []
    case "load":
    case "loadex":
      return err("Error loading the extension. Please check the server logs.")
    default:
      return err("Error unloading module: no such module with that name")
  }
}
