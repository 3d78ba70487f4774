/**
 * What the servers of one client have of the scripts and function libraries that its
 * commands need. It loads what a server lacks, and sends the commands again that a
 * server could not execute for that reason.
 *
 * A single command is sent as if the server had its script. A batch, whose order must
 * not break, is sent behind a load on the same connection, unless that connection is
 * known to lead to a server that has the script. What a server has is known as long as
 * the connection is open on which it was loaded: the server has not restarted since.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Command from "../../Command.ts"
import { LibraryConflict, type RedisError, ReplyError } from "../../Errors.ts"
import * as Metrics from "../../Metrics.ts"
import * as Resp from "../../Resp.ts"
import { Call, replyError, serverText } from "../connection/call.ts"
import type { Connection } from "../connection/connection.ts"

/** How often a script is loaded for one operation: then it is sent with its text, or fails. */
const mostLoads = 2

/** After a refusal for lack of permission: when loads are tried again, in milliseconds. Each pause is twice the last. */
const firstRefusalMillis = 1000
const longestRefusalMillis = 60_000

/** An operation with a command that a server could not execute. */
export interface Unexecuted {
  readonly connection: Connection | undefined
  /** Whether it is on a reserved connection, which it does not leave. */
  readonly isOnReserved: boolean
  /** Replaces its commands. */
  readonly rewrite: (f: (command: Command.Any) => Command.Any) => void
  /** Sends it again, on this connection if it may be sent now. */
  readonly resend: (connection: Connection) => void
  /** Whether an error is a refusal of the server because of its own state: then the operation is sent again. */
  readonly onRefused: (command: Command.Any, reply: Resp.ErrorReply) => boolean
  readonly failWith: (exit: Exit.Exit<never, RedisError>) => void
  /** Runs a command on the primary of the group, for a client of its replicas; undefined for other clients. */
  readonly runAtPrimary: ((command: Command.Any) => Effect.Effect<unknown, RedisError>) | undefined
}

/** One load on one connection. */
export class Load {
  readonly needed: Command.Needed
  readonly by: Connection
  readonly isOnReserved: boolean
  isAnswered = false
  error: Resp.ErrorReply | undefined = undefined
  /** Whether the server has a library of the same name already. */
  hasExisted = false
  constructor(needed: Command.Needed, by: Connection, isOnReserved: boolean) {
    this.needed = needed
    this.by = by
    this.isOnReserved = isOnReserved
  }
}

/** Whether the user may load scripts, or libraries. Permissions change: what was refused is tried again now and then. */
class Permission {
  isGiven: boolean | undefined = undefined
  private pauseMillis = firstRefusalMillis
  private refusedUntil = 0
  private readonly now: () => number
  constructor(now: () => number) {
    this.now = now
  }
  /** Undefined if a load has to show it: after a refusal that is so once in each pause. */
  ask(): boolean | undefined {
    if (this.isGiven !== false || this.now() < this.refusedUntil) return this.isGiven
    this.pauseMillis = Math.min(this.pauseMillis * 2, longestRefusalMillis)
    this.refusedUntil = this.now() + this.pauseMillis
    return undefined
  }
  given(): void {
    this.isGiven = true
    this.pauseMillis = firstRefusalMillis
  }
  /** Gives whether that is new. */
  refused(): boolean {
    if (this.isGiven === false) return false
    this.isGiven = false
    this.refusedUntil = this.now() + this.pauseMillis
    return true
  }
}

const doesNotCompile = (error: Resp.ErrorReply): boolean => error.text.startsWith("ERR Error compiling")

/** Whether an error says that the server lacks what the command needs: it was not executed. */
export const isLacking = (command: Command.Any, reply: Resp.ErrorReply): boolean =>
  command.spec.needs?.isMissing(reply) === true

export class Scripts {
  private readonly label: string
  private readonly services: Context.Context<never>
  /** The loads on connections that are open, by what they load. */
  private readonly loads = new Map<string, Array<Load>>()
  /** Whether the user may run SCRIPT LOAD, and FUNCTION LOAD. */
  private readonly permissions: { readonly [K in Command.Needed["kind"]]: Permission }
  /** The libraries that have taken the place of others of their names: that is done once. */
  private readonly replaced = new Set<string>()
  /** The libraries that are being loaded at the primary, for replicas that lack them. */
  private readonly loadingAtPrimary = new Set<string>()
  /** The last load that an operation was sent again after, and how many there were. */
  private readonly attempts = new WeakMap<Unexecuted, { load: Load | undefined; count: number }>()

  /** `now` is monotonic time in milliseconds. */
  constructor(label: string, services: Context.Context<never>, now: () => number) {
    this.label = label
    this.services = services
    this.permissions = { script: new Permission(now), library: new Permission(now) }
  }

  /**
   * Queues the loads that commands need on a connection, unless they are known there.
   * The commands have to be queued on it next, as they are given back. With `believesNode`
   * what was loaded on another connection to the same address is known as well: for what
   * may come to nothing.
   */
  prepare(
    connection: Connection,
    isOnReserved: boolean,
    commands: ReadonlyArray<Command.Any>,
    believesNode = false
  ): ReadonlyArray<Command.Any> {
    let wholes: Map<string, Whole> | undefined
    for (const { spec: { needs } } of commands) {
      if (needs === undefined || wholes?.has(needs.id) === true) continue
      const last = this.loadOn(connection, needs.id) ??
        (believesNode ? this.loadAt(connection.addressText, needs.id) : undefined)
      // What does not compile never will. Other refusals pass.
      const known = last?.error === undefined || doesNotCompile(last.error) ? last : undefined
      const permission = this.permissions[needs.kind]
      // A replica gets its libraries from the primary.
      const mayBeLoaded = needs.kind === "script" || connection.role !== "replica"
      if (known === undefined && mayBeLoaded && permission.ask() !== false) this.load(connection, isOnReserved, needs)
      // Whether the user may load scripts is known from the first answer.
      const isSure = known?.isAnswered === true ? known.error === undefined : permission.isGiven === true
      if (!isSure && needs.whole !== undefined) (wholes ??= new Map()).set(needs.id, needs.whole)
    }
    return wholes === undefined ? commands : commands.map((command) => wholeOf(command, wholes))
  }

  /** The load that was answered on a connection before the reply to a command that has just come in. */
  answeredBefore(connection: Connection | undefined, command: Command.Any): Load | undefined {
    const load = connection === undefined ? undefined : this.loadOn(connection, command.spec.needs!.id)
    return load?.isAnswered === true ? load : undefined
  }

  /** A server lacks what this command of an operation needs. `before` was answered before it said so. */
  onLacking(operation: Unexecuted, command: Command.Any, reply: Resp.ErrorReply, before: Load | undefined): void {
    const needed = command.spec.needs!
    const on = operation.connection!
    if (needed.kind === "library" && on.role === "replica") return this.onReplicaLacking(operation, command, reply)
    let attempt = this.attempts.get(operation)
    if (attempt === undefined) this.attempts.set(operation, attempt = { load: undefined, count: 0 })
    let load = this.usableLoad(needed.id, operation)
    // It was sent after the load.
    if (load?.isAnswered === true && (load === before || attempt.load === load)) {
      this.forget(load)
      if (load.error !== undefined) return this.onUnloadable(operation, load.needed, load.error)
      if (load.hasExisted) return this.onOtherLibrary(operation, command)
      load = undefined
    }
    if (load === undefined) {
      const { whole } = needed
      if (whole !== undefined && (attempt.count === mostLoads || this.permissions.script.ask() === false)) {
        return this.resend(operation, on, (other) => replaced(other, needed.id, whole))
      }
      if (attempt.count++ === mostLoads) return operation.failWith(Exit.fail(replyError(command, reply)))
      load = this.load(on, operation.isOnReserved, needed)
    }
    attempt.load = load
    this.resend(operation, load.isAnswered ? on : load.by)
  }

  /**
   * The error of a command that is not sent again, since others of its batch were executed: the server could not load
   * what it needs, or has lost it. `before` was answered before it said so.
   */
  lost(command: Command.Any, reply: Resp.ErrorReply, before: Load | undefined): LibraryConflict | ReplyError {
    if (before !== undefined && this.loads.get(before.needed.id)?.includes(before) === true) this.forget(before)
    if (before?.error !== undefined) return replyError(before.needed.load, before.error)
    if (before?.hasExisted === true) return conflictOf(command, "its code is another one")
    return new ReplyError({
      code: reply.code,
      command: command.spec.name,
      detail: `${serverText(reply).replace(/\.?$/, ".")} It was loaded before, and somebody has removed it from the ` +
        "server. The command was not executed, and is not sent again: other commands of its batch were, or its watch " +
        "has ended"
    })
  }

  private resend(operation: Unexecuted, on: Connection, f?: (command: Command.Any) => Command.Any): void {
    if (f !== undefined) operation.rewrite(f)
    Metrics.repeatedCommands.updateUnsafe(1, this.services)
    operation.resend(on)
  }

  /** What an operation needs could not be loaded. */
  private onUnloadable(operation: Unexecuted, { id, load, whole }: Command.Needed, error: Resp.ErrorReply): void {
    if (error.code === "NOPERM" && whole !== undefined) {
      return this.resend(operation, operation.connection!, (command) => replaced(command, id, whole))
    }
    // A state of the server that passes by itself is no attempt.
    this.attempts.delete(operation)
    if (!operation.onRefused(load, error)) operation.failWith(Exit.fail(replyError(load, error)))
  }

  /** The server has a library of this name, which does not have the function. */
  private onOtherLibrary(operation: Unexecuted, command: Command.Any): void {
    const { id, replace } = command.spec.needs!
    if (replace !== undefined && !this.replaced.has(id)) {
      this.replaced.add(id)
      const load = this.load(operation.connection!, operation.isOnReserved, command.spec.needs!, replace)
      this.attempts.get(operation)!.load = load
      return this.resend(operation, load.by)
    }
    const why = replace === undefined
      ? "its code is another one"
      : "this client has replaced it once, and it is there again"
    operation.failWith(Exit.fail(conflictOf(command, why)))
  }

  /** A replica lacks a library: the primary may lack it as well, or has not sent it yet. */
  private onReplicaLacking(operation: Unexecuted, command: Command.Any, reply: Resp.ErrorReply): void {
    const { id, load } = command.spec.needs!
    const { runAtPrimary } = operation
    if (runAtPrimary === undefined) return operation.failWith(Exit.fail(replyError(command, reply)))
    if (!this.attempts.has(operation) && !this.loadingAtPrimary.has(id)) {
      this.loadingAtPrimary.add(id)
      Metrics.scriptLoads.updateUnsafe(1, this.services)
      // If it fails, the operations that wait for it end with their deadlines.
      Effect.runForkWith(this.services)(
        Effect.ensuring(Effect.ignore(runAtPrimary(load)), Effect.sync(() => this.loadingAtPrimary.delete(id)))
      )
    }
    this.attempts.set(operation, { load: undefined, count: 1 })
    operation.onRefused(command, new Resp.ErrorReply("TRYAGAIN the replica does not have the library yet"))
  }

  /** A load of the same node that an operation can be sent after. */
  private usableLoad(id: string, { connection, isOnReserved }: Unexecuted): Load | undefined {
    const on = connection!
    return this.loadOn(on, id) ??
      this.loads.get(id)?.find((load) =>
        load.by.open && load.by.addressText === on.addressText && load.error === undefined &&
        (load.isAnswered || (!isOnReserved && !load.isOnReserved))
      )
  }

  /** A load of a node that has succeeded, on a connection that is open. */
  private loadAt(address: string, id: string): Load | undefined {
    return this.loads.get(id)?.find(({ by, error, isAnswered }) =>
      by.open && by.addressText === address && isAnswered && error === undefined
    )
  }

  private loadOn(connection: Connection, id: string): Load | undefined {
    return this.loads.get(id)?.find((load) => load.by === connection)
  }

  private load(by: Connection, isOnReserved: boolean, needed: Command.Needed, command = needed.load): Load {
    const load = new Load(needed, by, isOnReserved)
    const others = (this.loads.get(needed.id) ?? []).filter((other) => other.by !== by && other.by.ended === undefined)
    this.loads.set(needed.id, [...others, load])
    Metrics.scriptLoads.updateUnsafe(1, this.services)
    by.enqueue(new Call(command, (value) => this.onAnswer(load, value), () => this.remove(load)))
    return load
  }

  private onAnswer(load: Load, value: Resp.Value): void {
    load.isAnswered = true
    const { kind } = load.needed
    const permission = this.permissions[kind]
    if (!(value instanceof Resp.ErrorReply)) return permission.given()
    if (kind === "library" && /^ERR Library '.*' already exists$/.test(value.text)) {
      load.hasExisted = true
      return
    }
    load.error = value
    if (value.code !== "NOPERM" || !permission.refused()) return
    Effect.runForkWith(this.services)(
      Effect.logWarning(
        kind === "script"
          ? `${this.label}: the user may not run SCRIPT LOAD, so scripts are sent with their texts (EVAL)`
          : `${this.label}: the user may not run FUNCTION LOAD, so libraries of functions are not loaded`
      )
    )
  }

  /** The node has lost its scripts, or did not load this one: what is known of its loads does not count any more. */
  private forget({ by, error, hasExisted, needed }: Load): void {
    const wasLoaded = error === undefined && !hasExisted
    for (const [id, loads] of this.loads) {
      if (wasLoaded ? loads[0]?.needed.kind !== needed.kind : id !== needed.id) continue
      this.keep(id, loads.filter((load) => load.by.addressText !== by.addressText || !load.isAnswered))
    }
  }

  private remove(load: Load): void {
    const { id } = load.needed
    this.keep(id, (this.loads.get(id) ?? []).filter((other) => other !== load))
  }

  private keep(id: string, loads: Array<Load>): void {
    if (loads.length === 0) this.loads.delete(id)
    else this.loads.set(id, loads)
  }
}

const conflictOf = ({ spec: { name, needs } }: Command.Any, why: string): LibraryConflict => {
  const library = needs?.library ?? ""
  return new LibraryConflict({
    library,
    command: name,
    detail: `the server's library ${library} does not have this function: ${why}, ` +
      "or the function is not registered by the code that was given"
  })
}

type Whole = NonNullable<Command.Needed["whole"]>

const replaced = (command: Command.Any, id: string, whole: Whole): Command.Any =>
  command.spec.needs?.id === id ? whole(command) : command

const wholeOf = (command: Command.Any, wholes: ReadonlyMap<string, Whole>): Command.Any => {
  const { needs } = command.spec
  return (needs === undefined ? undefined : wholes.get(needs.id)?.(command)) ?? command
}
