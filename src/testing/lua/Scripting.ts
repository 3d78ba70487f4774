/**
 * The scripts and functions of a server in memory: EVAL, FCALL, SCRIPT and FUNCTION. Its node runs the commands that
 * scripts call, and replicates what they write.
 *
 * A script takes no time. One that executes more instructions than it may counts as one that never ends: the server is
 * busy with it until SCRIPT KILL ends it, or the process ends.
 */
import type { Denial } from "../Acl.ts"
import { type Definition, type Flag, group, hasArity, noKeys } from "../data/command.ts"
import type { Answer, Session } from "../Process.ts"
import { Failure, Fields, ok, type Reply } from "../Reply.ts"
import { Endless, LuaError } from "./callStack.ts"
import { FunctionLibraries } from "./functionLibraries.ts"
import { Random } from "./mathLibrary.ts"
import { EvalMachine, type Registration, type Run, scriptFlags, type ScriptMachine, sha1 } from "./redisLibrary.ts"
import { failure, toReply } from "./replies.ts"
import { splitShebang } from "./shebang.ts"
import { type Closure, listOf, Table, type Value } from "./values.ts"

/** What a script needs of its server. */
export interface ScriptHost {
  /** The entry of a command in the table. */
  readonly find: (name: string) => Definition | undefined
  /** What the user of a session may not do of a command, if anything. */
  readonly denial: (session: Session, command: Definition, args: ReadonlyArray<string>) => Denial | undefined
  /** Records in the log of ACL LOG that it was denied. */
  readonly logDenial: (session: Session, denial: Denial) => void
  /** The state that decides what scripts may do. */
  readonly state: () => ServerState
  /** Runs a command for a script. */
  readonly execute: (session: Session, command: Definition, args: ReadonlyArray<string>, replicates: boolean) => Reply
  /** How many instructions a script may execute. */
  readonly maxInstructions: () => number
  /** The time, in milliseconds. */
  readonly now: () => number
  /** Makes the server handle no requests for some time. */
  readonly occupy: (then: () => void) => void
  /** Sends the late reply of a session, and lets its next requests be handled. */
  readonly release: (session: Session, reply: Reply) => void
}

/** The state of a server that decides what scripts may do. */
export interface ServerState {
  /** A replica that refuses writes. */
  readonly isReadOnly: boolean
  /** A replica whose data may be old, and is not to be served. */
  readonly isStale: boolean
  /** A primary that has too few replicas to write. */
  readonly lacksReplicas: boolean
  /** A primary that cannot save its data. */
  readonly isDiskFull: boolean
  /** Whether its memory is full. */
  readonly isFull: boolean
}

/** What a script may do. */
interface Permissions {
  /** Whether it declared its flags; undeclared ones may do everything, but it shows only when they do it. */
  readonly isDeclared: boolean
  readonly flags: ReadonlySet<string>
}

interface Script extends Permissions {
  readonly body: string
  readonly code: Closure
}

/** A script that does not end. */
interface Busy {
  readonly session: Session
  readonly args: ReadonlyArray<string>
  readonly name: string
  readonly isScript: boolean
  readonly hasWritten: boolean
  readonly since: number
  /** Where it is. */
  readonly place: { readonly source: string; readonly line: number } | undefined
  /** Whether the server has waited for long enough to tell others that it is busy. */
  isOverdue: boolean
  /** What the reply goes to. */
  reply: (reply: Reply) => void
}

const err = (text: string): Failure => new Failure(`ERR ${text}`)
const noScript = new Failure("NOSCRIPT No matching script. Please use EVAL.")
const notBusy = new Failure("NOTBUSY No scripts in execution right now.")
const unkillable = new Failure(
  "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
)
const busyScript = new Failure("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")
const busyFunction = new Failure(
  "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
)
const readOnly = new Failure("READONLY You can't write against a read only replica.")
const readOnlyScript = new Failure("READONLY Can not run script with write flag on readonly replica")
const masterDown = new Failure("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")
const masterDownScript = new Failure(
  "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag is not set on the script."
)
const noReplicas = new Failure("NOREPLICAS Not enough good replicas to write.")
const outOfMemory = new Failure("OOM command not allowed when used memory > 'maxmemory'.")
const outOfMemoryScript = new Failure(
  "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
)
const diskFull = new Failure(
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."
)
const diskFullScript = new Failure(
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts."
)

const scripting = group("scripting")
const nothing = (): Reply => null
const keysOf = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const count = Number(args[2])
  return Number.isInteger(count) && count > 0 ? args.slice(3, 3 + count) : []
}

/** The commands about scripts and functions. */
export const scriptCommands: ReadonlyArray<Definition> = [
  scripting("eval", -3, "stale", keysOf, nothing),
  scripting("evalsha", -3, "stale", keysOf, nothing),
  scripting("eval_ro", -3, "read stale", keysOf, nothing),
  scripting("evalsha_ro", -3, "read stale", keysOf, nothing),
  scripting("fcall", -3, "stale", keysOf, nothing),
  scripting("fcall_ro", -3, "read stale", keysOf, nothing),
  scripting("script", -2, "stale", noKeys, nothing),
  scripting("function", -2, "stale", noKeys, nothing)
]

/** What a user may not do, as scripts are told. */
const denials: { readonly [reason in Denial["reason"]]: string } = {
  command: "can't run this command or subcommand",
  key: "can't access at least one of the keys mentioned in the command arguments",
  channel: "can't publish to the channel mentioned in the command"
}

/** Commands that scripts may not call. */
const notInScripts = new Set(
  ("acl auth bgrewriteaof bgsave blmove blpop brpop brpoplpush bzpopmax bzpopmin client config debug discard eval " +
    "evalsha evalsha_ro eval_ro exec failover fcall fcall_ro function hello latency module monitor multi psubscribe " +
    "psync punsubscribe quit replconf replicaof reset role save script shutdown slaveof ssubscribe subscribe " +
    "sunsubscribe sync unsubscribe unwatch wait watch").split(" ")
)

/** Commands that a server executes while it is busy with a script. */
const whileBusy = new Set(
  ["auth", "discard", "function|kill", "function|stats", "hello", "multi", "quit", "reset", "script|kill", "shutdown"]
    .concat(["unwatch", "watch"])
)

/** Commands that do not write, but what they do reaches the replicas. */
const mayReplicate = new Set(["publish", "spublish", "pfcount"])

const none: ReadonlySet<Flag> = new Set()
const writes: ReadonlySet<Flag> = new Set<Flag>(["write"])
const grows: ReadonlySet<Flag> = new Set<Flag>(["write", "denyoom"])

/** The arity of subcommands, as of commands. */
const arities: Readonly<Record<string, number>> = {
  "function|delete": 3,
  "function|dump": 2,
  "function|flush": -2,
  "function|kill": 2,
  "function|list": -2,
  "function|load": -3,
  "function|restore": -3,
  "function|stats": 2,
  "script|debug": 3,
  "script|exists": -3,
  "script|flush": -2,
  "script|kill": 2,
  "script|load": 3,
  "script|show": 3
}

/** The scripts and functions of a server. */
export class Scripting {
  private readonly host: ScriptHost
  private readonly random = new Random()
  private machine = new EvalMachine(this.random)
  private scripts = new Map<string, Script>()
  private readonly libraries: FunctionLibraries
  private busy: Busy | undefined = undefined

  constructor(host: ScriptHost) {
    this.host = host
    this.libraries = new FunctionLibraries(this.random, host.maxInstructions)
  }

  // ---------------------------------------------------------------------------
  // What the server asks

  /** Whether a script runs that does not end. */
  get isBusy(): boolean {
    return this.busy !== undefined
  }

  /** Why a request is refused, because a script does not end. */
  refusal(name: string, args: ReadonlyArray<string>): Failure | undefined {
    if (this.busy?.isOverdue !== true) return undefined
    if (whileBusy.has(name) || whileBusy.has(`${name}|${args[1]?.toLowerCase()}`)) return undefined
    return this.busy.isScript ? busyScript : busyFunction
  }

  /** The flags of a request that depend on its script or its subcommand; undefined if they are those of its command. */
  flagsOf(name: string, args: ReadonlyArray<string>): ReadonlySet<Flag> | undefined {
    switch (name) {
      case "function":
        switch (args[1]?.toLowerCase()) {
          case "load":
          case "restore":
            return grows
          case "delete":
          case "flush":
            return writes
          default:
            return none
        }
      case "eval":
      case "eval_ro":
      case "evalsha":
      case "evalsha_ro":
      case "fcall":
      case "fcall_ro": {
        const permissions = this.permissionsOf(name, args)
        if (permissions?.isDeclared !== true) return undefined
        const { flags } = permissions
        const result = new Set<Flag>()
        if (!flags.has("no-writes")) result.add("write")
        if (!flags.has("no-writes") && !flags.has("allow-oom")) result.add("denyoom")
        if (flags.has("allow-stale")) result.add("stale")
        return result
      }
      default:
        return undefined
    }
  }

  private permissionsOf(name: string, args: ReadonlyArray<string>): Permissions | undefined {
    if (name.startsWith("fcall")) {
      const found = this.libraries.find(args[1]!)
      return found === undefined ? undefined : { isDeclared: true, flags: new Set(found.flags) }
    }
    if (name.startsWith("evalsha")) return this.scripts.get(args[1]!.toLowerCase())
    const header = headerOf(args[1]!)
    return header instanceof Failure ? undefined : header
  }

  /** Forgets the scripts, as the process does when it ends. */
  restart(keepsFunctions: boolean): void {
    this.busy = undefined
    this.forgetScripts()
    if (!keepsFunctions) this.libraries.clear()
  }

  /** Takes the functions of its primary. */
  copyFrom(other: Scripting): void {
    this.libraries.copyFrom(other.libraries)
  }

  private forgetScripts(): void {
    this.scripts = new Map()
    this.machine = new EvalMachine(this.random)
  }

  // ---------------------------------------------------------------------------
  // Commands

  /** Runs one of `scriptCommands`. The reply may come later, and goes to what `later` gives then. */
  run(session: Session, name: string, args: ReadonlyArray<string>): Answer | typeof endless {
    switch (name) {
      case "script":
      case "function": {
        const full = `${name}|${args[1]!.toLowerCase()}`
        const arity = arities[full]
        if (arity === undefined) return err(`unknown subcommand '${args[1]}'. Try ${name.toUpperCase()} HELP.`)
        if (arity > 0 ? args.length !== arity : args.length < -arity) {
          return err(`wrong number of arguments for '${full}' command`)
        }
        return name === "script" ? this.script(full, args) : this.function(args)
      }
      case "fcall":
      case "fcall_ro":
        return this.fcall(session, args, name === "fcall_ro")
      default:
        return this.eval(session, args, name.startsWith("evalsha"), name.endsWith("_ro"))
    }
  }

  private script(full: string, args: ReadonlyArray<string>): Reply {
    switch (full) {
      case "script|load": {
        const made = this.define(args[2]!)
        return made instanceof Failure ? made : sha1(args[2]!)
      }
      case "script|exists":
        return args.slice(2).map((sha) => this.scripts.has(sha.toLowerCase()) ? 1 : 0)
      case "script|flush":
        if (args.length > 3 || (args[2] !== undefined && !/^(a?sync)$/i.test(args[2]))) {
          return err("SCRIPT FLUSH only support SYNC|ASYNC option")
        }
        this.forgetScripts()
        return ok
      case "script|kill":
        return this.kill(true)
      case "script|show":
        return this.scripts.get(args[2]!.toLowerCase())?.body ?? noScript
      default:
        return /^(yes|no|sync)$/i.test(args[2]!) ? ok : err("Use SCRIPT DEBUG YES/SYNC/NO")
    }
  }

  /** FUNCTION, with all its words: from a client, or from the primary. */
  function(args: ReadonlyArray<string>): Reply {
    const { libraries } = this
    switch (args[1]!.toLowerCase()) {
      case "load":
        return libraries.load(args)
      case "delete":
        return libraries.delete(args[2]!)
      case "list":
        return libraries.list(args)
      case "dump":
        return libraries.dump()
      case "restore":
        return args.length > 4
          ? err(`unknown subcommand or wrong number of arguments for '${args[1]}'. Try FUNCTION HELP.`)
          : libraries.restore(args)
      case "flush":
        return args.length > 3
          ? err(`unknown subcommand or wrong number of arguments for '${args[1]}'. Try FUNCTION HELP.`)
          : libraries.flush(args)
      case "kill":
        return this.kill(false)
      default:
        return this.stats()
    }
  }

  private stats(): Reply {
    const { busy } = this
    if (busy?.isScript === true) return busyScript
    const [libraries, functions] = this.libraries.counts
    return new Fields([
      "running_script",
      busy === undefined ? null : new Fields([
        "name",
        busy.name,
        "command",
        busy.args,
        "duration_ms",
        Math.round(this.host.now() - busy.since)
      ]),
      "engines",
      new Fields(["LUA", new Fields(["libraries_count", libraries, "functions_count", functions])])
    ])
  }

  /** Ends a script that does not end, if SCRIPT KILL may. */
  end(): void {
    if (this.busy?.isOverdue === true) this.kill(true)
  }

  /** SCRIPT KILL and FUNCTION KILL. */
  private kill(ofScripts: boolean): Reply {
    const { busy } = this
    if (busy === undefined) return notBusy
    if (busy.hasWritten) return unkillable
    if (busy.isScript !== ofScripts) return ofScripts ? busyFunction : busyScript
    this.busy = undefined
    const { name, place, reply } = busy
    reply(err(`Script killed by user with SCRIPT KILL...${suffix(name, place)}`))
    return ok
  }

  /** A script by its text: known, or compiled now. */
  private define(text: string): Script | Failure {
    const sha = sha1(text)
    const known = this.scripts.get(sha)
    if (known !== undefined) return known
    const header = headerOf(text)
    if (header instanceof Failure) return header
    const code = this.machine.tryLoad(text.slice(header.length), "@user_script")
    if (typeof code === "string") return failure(`ERR Error compiling script (new function): ${code}`)
    const script: Script = { body: text, code, isDeclared: header.isDeclared, flags: header.flags }
    this.scripts.set(sha, script)
    return script
  }

  private eval(
    session: Session,
    args: ReadonlyArray<string>,
    isSha: boolean,
    isReadOnly: boolean
  ): Answer | typeof endless {
    if (isSha && args[1]!.length !== 40) return noScript
    const count = /^(0|-?[1-9]\d{0,17})$/.test(args[2]!) ? Number(args[2]) : undefined
    if (count === undefined) return err("value is not an integer or out of range")
    if (count > args.length - 3) return err("Number of keys can't be greater than number of args")
    if (count < 0) return err("Number of keys can't be negative")
    const name = isSha ? args[1]!.toLowerCase() : sha1(args[1]!)
    const script = isSha ? this.scripts.get(name) ?? noScript : this.define(args[1]!)
    if (script instanceof Failure) return script
    const refused = this.prepare(script, isReadOnly)
    if (refused !== undefined) return refused
    this.machine.setArguments(listOf(args.slice(3, 3 + count)), listOf(args.slice(3 + count)))
    return this.call(this.machine, session, args, name, script.code, [], script, isReadOnly, true)
  }

  private fcall(session: Session, args: ReadonlyArray<string>, isReadOnly: boolean): Answer | typeof endless {
    const found: Registration | undefined = this.libraries.find(args[1]!)
    if (found === undefined) return err("Function not found")
    const count = /^(0|-?[1-9]\d{0,17})$/.test(args[2]!) ? Number(args[2]) : undefined
    if (count === undefined) return err("Bad number of keys provided")
    if (count > args.length - 3) return err("Number of keys can't be greater than number of args")
    if (count < 0) return err("Number of keys can't be negative")
    const permissions: Permissions = { isDeclared: true, flags: new Set(found.flags) }
    const refused = this.prepare(permissions, isReadOnly)
    if (refused !== undefined) return refused
    const given = [listOf(args.slice(3, 3 + count)), listOf(args.slice(3 + count))]
    const { machine } = this.libraries
    return this.call(machine, session, args, found.name, found.callback, given, permissions, isReadOnly, false)
  }

  /** Why a script may not run at all. */
  private prepare(permissions: Permissions, isReadOnly: boolean): Failure | undefined {
    const state = this.host.state()
    if (!permissions.isDeclared) return state.isStale ? masterDown : undefined
    const { flags } = permissions
    if (state.isStale && !flags.has("allow-stale")) return masterDownScript
    if (!flags.has("no-writes")) {
      if (state.isReadOnly) return readOnlyScript
      if (state.isDiskFull) return diskFullScript
      if (isReadOnly) return err("Can not execute a script with write flag using *_ro command.")
      if (state.lacksReplicas) return noReplicas
      if (state.isFull && !flags.has("allow-oom")) return outOfMemoryScript
    }
    return undefined
  }

  private call(
    machine: ScriptMachine,
    session: Session,
    args: ReadonlyArray<string>,
    name: string,
    callee: Value,
    given: ReadonlyArray<Value>,
    permissions: Permissions,
    isReadOnly: boolean,
    isScript: boolean
  ): Answer | typeof endless {
    const run = new Execution(
      this.host,
      session,
      isReadOnly || (permissions.isDeclared && permissions.flags.has("no-writes")),
      permissions.isDeclared && permissions.flags.has("allow-oom")
    )
    try {
      const result = machine.execute(callee, given, run, this.host.maxInstructions())
      if (!(result instanceof LuaError)) return toReply(result, run.protocol)
      const { value } = result
      if (!(value instanceof Table)) return err(`Error running script ${name}, ${machine.toText(value)?.slice(0, 100)}`)
      const text = machine.toText(value.get("err")) ?? "(null)"
      const source = machine.toText(value.get("source"))
      const line = machine.toText(value.get("line"))
      return failure(text + (source === undefined || line === undefined ? "" : suffix(name, { source, line })))
    } catch (error) {
      if (!(error instanceof Endless)) throw error
      const busy: Busy = {
        session,
        args,
        name,
        isScript,
        hasWritten: run.hasWritten,
        since: this.host.now(),
        place: machine.abandon(),
        isOverdue: false,
        reply: (reply) => this.host.release(session, reply)
      }
      this.busy = busy
      this.host.occupy(() => {
        busy.isOverdue = true
      })
      return endless
    }
  }

  /** Says what happens with the reply of the script that does not end, if that comes: it is one of a transaction. */
  continueWith(reply: (reply: Reply) => void): void {
    if (this.busy !== undefined) this.busy.reply = reply
  }
}

/** In place of an answer: the script does not end. */
export const endless: unique symbol = Symbol("endless")

const suffix = (
  name: string,
  place: { readonly source: string; readonly line: number | string } | undefined
): string => place === undefined ? "" : ` script: ${name}, on ${place.source}:${place.line}.`

/** What the first line of a script says, and how long it is. */
const headerOf = (text: string): (Permissions & { readonly length: number }) | Failure => {
  if (!text.startsWith("#!")) return { isDeclared: false, flags: new Set(), length: 0 }
  const [line, words] = splitShebang(text)
  if (line === undefined) return err("Invalid script shebang")
  if (words === undefined) return err("Invalid engine in script shebang")
  if (words[0] !== "#!lua") return err(`Unexpected engine in script shebang: ${words[0]}`)
  const flags = new Set<string>()
  for (const word of words.slice(1)) {
    if (!word.startsWith("flags=")) return err(`Unknown lua shebang option: ${word}`)
    const given = word.slice(6)
    for (const flag of given === "" ? [] : given.split(",")) {
      if (!scriptFlags.includes(flag)) return err(`Unexpected flag in script shebang: ${flag}`)
      flags.add(flag)
    }
  }
  return { isDeclared: true, flags, length: line.length }
}

/** One run of a script or a function. */
class Execution implements Run {
  /** The session as commands of the script see it: in another version of RESP, and with a database of its own. */
  private readonly session: Session
  private readonly host: ScriptHost
  private readonly isReadOnly: boolean
  private readonly isFull: boolean
  private replicates = true
  hasWritten = false

  constructor(host: ScriptHost, session: Session, isReadOnly: boolean, allowsOom: boolean) {
    this.host = host
    this.session = Object.assign(Object.create(session) as Session, { protocol: 2, database: session.database })
    this.isReadOnly = isReadOnly
    this.isFull = !allowsOom && host.state().isFull
  }

  get protocol(): Run["protocol"] {
    return this.session.protocol
  }

  set protocol(protocol: Run["protocol"]) {
    this.session.protocol = protocol
  }

  replicate(isOn: boolean): void {
    this.replicates = isOn
  }

  mayRun(args: ReadonlyArray<string>): boolean | undefined {
    const command = this.host.find(args[0]!.toLowerCase())
    return command === undefined ? undefined : this.host.denial(this.session, command, args) === undefined
  }

  call(args: ReadonlyArray<string>): Reply {
    const command = this.host.find(args[0]!.toLowerCase())
    if (command === undefined) return err("Unknown Redis command called from script")
    if (!hasArity(args, command.arity)) return err("Wrong number of args calling Redis command from script")
    if (command.subcommands !== undefined) {
      const arity = command.subcommands.get(args[1]!.toLowerCase())
      if (arity === undefined) return err("Unknown Redis command called from script")
      if (!hasArity(args, arity)) return err("Wrong number of args calling Redis command from script")
    }
    const refused = this.refusal(command, args)
    if (refused !== undefined) return refused
    if (command.flags.has("write")) this.hasWritten = true
    return this.host.execute(this.session, command, args, this.replicates)
  }

  private refusal(command: Definition, args: ReadonlyArray<string>): Failure | undefined {
    const { flags, name } = command
    if (notInScripts.has(name)) return err("This Redis command is not allowed from script")
    const state = this.host.state()
    if (state.isStale && !flags.has("stale")) return err("Can not execute the command on a stale replica")
    const denial = this.host.denial(this.session, command, args)
    if (denial !== undefined) {
      this.host.logDenial(this.session, denial)
      return err(`The user executing the script ${denials[denial.reason]}`)
    }
    const isWrite = flags.has("write")
    if (this.isReadOnly && (isWrite || mayReplicate.has(name))) {
      return err("Write commands are not allowed from read-only scripts.")
    }
    if (isWrite && !this.hasWritten) {
      if (state.isReadOnly) return readOnly
      if (state.isDiskFull) return diskFull
      if (state.lacksReplicas) return noReplicas
    }
    if (this.isFull && !this.hasWritten && flags.has("denyoom")) return outOfMemory
    if (name === "xread" || name === "xreadgroup") {
      const options = args.map((arg) => arg.toLowerCase())
      const streams = options.indexOf("streams", name === "xread" ? 1 : 4)
      const at = options.indexOf("block", name === "xread" ? 1 : 4)
      if (at !== -1 && at < streams) return err(`${name} command is not allowed with BLOCK option from scripts`)
    }
    return undefined
  }
}
