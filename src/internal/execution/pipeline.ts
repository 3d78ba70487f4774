/**
 * A pipeline as an operation: one batch on one connection, in its order, also where
 * the server refuses or loses a part of it.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Address from "../../Address.ts"
import type * as Command from "../../Command.ts"
import type { ConnectionError, RedisError } from "../../Errors.ts"
import * as Resp from "../../Resp.ts"
import { Call, decodeReply, replyError } from "../connection/call.ts"
import type { Connection } from "../connection/connection.ts"
import type { EndError } from "../connection/types.ts"
import type { OperationTrace } from "../telemetry/operationTrace.ts"
import {
  ambiguous,
  type Dispatcher,
  isRefusal,
  PendingOperation,
  PendingSingle,
  type Resume,
  runBatch,
  Stage
} from "./operation.ts"
import { isLacking, type Load } from "./scripts.ts"
import type { BatchResult } from "./types.ts"
import { blockingInvalidity, invalidity } from "./validity.ts"

/**
 * A pipeline on its way. Its commands take effect in their order: they go to one
 * connection, one after the other, and a command that is sent again is sent with
 * all that come after it. See "Pipelines" in docs/failover.md.
 */
export class PendingPipeline extends PendingOperation implements BatchResult {
  readonly replies = 0
  readonly asBytes = false
  readonly label = "pipeline"
  readonly parts = []
  readonly repeatable = true
  readonly writes: boolean
  readonly values: Array<unknown>
  failures: Map<number, Exit.Exit<never, RedisError>> | undefined = undefined
  /** Set while a refused command waits for the replies to those after it. */
  hasRefusal = false
  entries: ReadonlyArray<PipelineEntry>
  /** The index of the first entry that is on no connection. */
  private next = 0
  /** How many entries are on a connection, without a reply. */
  private unanswered = 0
  /** Why a connection ended that had entries. */
  private loss: EndError | undefined = undefined
  /** Whether the rest waits until the entries on a connection are answered. */
  private isDeferred = false
  private remaining: number
  /** Whether a command needs a script or a library. */
  private hasNeeds = false
  noted: OperationTrace | undefined = undefined
  private resume: Resume

  constructor(
    owner: Dispatcher,
    commands: ReadonlyArray<Command.Any>,
    resume: Resume,
    deadline: number,
    timeout: number
  ) {
    super(owner, deadline, timeout)
    this.remaining = commands.length
    this.values = new Array(commands.length)
    this.resume = resume
    const entries: Array<PipelineEntry> = this.entries = new Array(commands.length)
    let writes = false
    for (let i = 0; i < commands.length; i++) {
      const command = commands[i]!
      entries[i] = new PipelineEntry(this, i, owner, command, deadline, timeout)
      if (command.spec.mode === "write") writes = true
      if (command.spec.needs !== undefined) this.hasNeeds = true
    }
    this.writes = writes
  }

  override get trace(): OperationTrace | undefined {
    return this.noted
  }
  override get commandCount(): number {
    return this.entries.length
  }
  encode(): void {}
  onReply(): void {}
  finish(): void {}
  protected forget(): void {
    this.entries = []
    // It refers to a fiber that has ended.
    this.resume = () => {}
  }

  /** Sends the entries that are on no connection: all to one, and behind the unanswered ones. */
  override dispatch(connection: Connection): void {
    this.stage = Stage.none
    const { entries } = this
    if (this.hasRefusal || this.next === entries.length) return
    let to = connection
    const before = this.connection
    if (before !== undefined && before !== to) {
      if (before.open && (this.unanswered > 0 || Address.equals(before.address, to.address))) to = before
      else if (this.unanswered > 0) {
        this.isDeferred = true
        return
      }
    }
    this.connection = to
    if (to.ended !== undefined) return this.owner.requeue(this, to.ended)
    this.noted?.sent(to)
    const from = this.next
    this.next = entries.length
    if (this.hasNeeds) this.prepare(to, from)
    for (let i = from; i < entries.length; i++) {
      const entry = entries[i]!
      if (!entry.isPending) continue
      this.unanswered++
      entry.dispatch(to)
    }
  }

  /** Loads what the entries from this one on need, in front of them. */
  private prepare(connection: Connection, from: number): void {
    const rest = this.entries.slice(from).filter((entry) => entry.isPending)
    const commands = this.owner.execution.scripts.prepare(
      connection,
      this.owner.isReserved,
      rest.map((entry) => entry.command)
    )
    rest.forEach((entry, i) => entry.command = commands[i]!)
  }

  override rewrite(f: (command: Command.Any) => Command.Any): void {
    for (const entry of this.entries) if (entry.isPending) entry.command = f(entry.command)
  }

  succeed(index: number, value: unknown): void {
    this.values[index] = value
    if (--this.remaining > 0) return
    this.isPending = false
    this.resume(Exit.succeed<BatchResult>(this))
  }

  settle(index: number, exit: Exit.Exit<unknown, RedisError>): void {
    if (Exit.isSuccess(exit)) return this.succeed(index, exit.value)
    this.failures ??= new Map()
    this.failures.set(index, exit as Exit.Exit<never, RedisError>)
    this.succeed(index, undefined)
  }

  /** An entry on a connection has a reply, or will get none. */
  onEntryAnswered(): void {
    if (--this.unanswered > 0) return
    if (this.hasRefusal || this.loss !== undefined || this.isDeferred) this.decide()
  }

  /** An entry was refused, or comes after one that was: its reply is kept until all have arrived. */
  withhold(entry: PipelineEntry, value: Resp.Value): void {
    entry.answer = value
    if (value instanceof Resp.ErrorReply && isLacking(entry.command, value)) {
      entry.loadBefore = this.owner.execution.scripts.answeredBefore(entry.connection, entry.command)
    }
    if (!this.hasRefusal) {
      this.hasRefusal = true
      // Entries that are not written yet must not overtake it.
      this.connection?.withdraw((request) => request instanceof PipelineEntry && this.takeBack(request))
    }
    this.onEntryAnswered()
  }

  /** An entry was not written, and is on no connection any more. Gives whether it was a pending one of this pipeline. */
  takeBack(entry: PipelineEntry): boolean {
    if (entry.batch !== this || !entry.isPending) return false
    entry.stage = Stage.none
    this.unanswered--
    if (entry.index < this.next) this.next = entry.index
    return true
  }

  onEntryRecalled(entry: PipelineEntry): void {
    const isOwners = this.next < this.entries.length
    if (this.takeBack(entry) && !isOwners) this.owner.submit(this)
  }

  onEntryLost(entry: PipelineEntry, error: EndError, written: boolean): void {
    this.loss = error
    if (written) {
      entry.isLost = true
      this.onEntryAnswered()
    } else if (this.takeBack(entry)) {
      this.unanswered++
      this.onEntryAnswered()
    }
  }

  /**
   * All sent entries have a reply or were lost. From the first one that is sent
   * again, all are. Entries before a command that may have been executed, and
   * must not be executed twice, are not sent again.
   */
  private decide(): void {
    const { entries, loss } = this
    let from = entries.length
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i]!
      if (!entry.isPending || !entry.canResend) break
      from = i
    }
    while (from < entries.length && !entries[from]!.isUndecided) from++
    for (let i = 0; i < from; i++) if (entries[i]!.isPending) entries[i]!.settleWithoutResend(loss)
    let refused: PipelineEntry | undefined
    let reply: Resp.ErrorReply | undefined
    for (let i = from; i < entries.length; i++) {
      const entry = entries[i]!
      if (!entry.isPending) continue
      if (refused === undefined && entry.isRefused) {
        refused = entry
        reply = entry.answer as Resp.ErrorReply
      }
      if (entry.isLost) this.noted?.failed(loss!)
      entry.prepareResend(loss)
    }
    this.next = from
    this.hasRefusal = false
    this.loss = undefined
    this.isDeferred = false
    if (!this.isPending || from === entries.length) return
    if (refused !== undefined && isLacking(refused.command, reply!)) {
      this.noted?.failed(reply!.code)
      this.owner.execution.scripts.onLacking(this, refused.command, reply!, refused.loadBefore)
    } else if (refused !== undefined) this.owner.onRefused(this, refused.command, reply!)
    else if (loss !== undefined) this.owner.requeue(this, loss)
    else this.owner.submit(this)
  }

  override cancel(): void {
    for (const entry of this.entries) entry.cancel()
    super.cancel()
  }

  /** The entries that were not sent fail. */
  override fail(error: ConnectionError): void {
    this.end((entry) => entry.fail(error))
  }

  override failWith(exit: Exit.Exit<never, RedisError>): void {
    this.end((entry) => entry.failWith(exit))
  }

  private end(f: (entry: PipelineEntry) => void): void {
    const { entries, next } = this
    this.next = entries.length
    for (let i = next; i < entries.length; i++) if (entries[i]!.isPending) f(entries[i]!)
  }

  override onDeadline(): void {
    this.expire(this.deadline)
  }

  /** Gives up the entries whose deadline is not later. */
  expire(deadline: number): void {
    if (!this.isPending) return
    let expired = 0
    for (const entry of this.entries) {
      if (!entry.isPending || entry.deadline > deadline) continue
      entry.refusal ??= this.refusal
      if (entry.expire(this.loss)) expired++
    }
    for (let i = 0; i < expired; i++) this.onEntryAnswered()
  }

  /** Asks another server for all missing replies: for all, so that they come from one server. */
  hedge(to: Connection): void {
    if (this.writes || !this.isPending || this.hasRefusal || this.next < this.entries.length) return
    if (hedgedRequests.has(this) || this.owner.isReserved) return
    hedgedRequests.add(this)
    this.owner.execution.count("repeated")
    this.noted?.hedged(to)
    const rest = this.entries.filter((entry) => entry.isPending)
    const commands = rest.map((entry) => entry.command)
    const values: Array<Resp.Value> = []
    for (const command of this.hasNeeds ? this.owner.execution.scripts.prepare(to, false, commands, true) : commands) {
      to.enqueue(
        new Call(
          command,
          (value) => {
            if (values.push(value) < rest.length) return
            // The late server has begun to answer.
            if (!rest.every((other) => other.isPending && other.answer === undefined && !other.isLost)) return
            if (
              values.some((v, i) =>
                v instanceof Resp.ErrorReply && (isRefusal(commands[i]!, v) || isLacking(commands[i]!, v))
              )
            ) {
              return
            }
            this.connection = to
            this.noted?.sent(to)
            rest.forEach((other, i) => {
              if (other.stage === Stage.queued) other.connection!.onAbandoned()
              other.accept(values[i]!)
            })
          },
          () => void hedgedRequests.delete(this)
        )
      )
    }
  }
}

/** A command of a pipeline. */
export class PipelineEntry extends PendingSingle {
  readonly batch: PendingPipeline
  readonly index: number
  /** The reply, while it is not known whether it counts. */
  answer: Resp.Value | undefined = undefined
  /** The load that was answered before a server said that it lacks what the command needs. */
  loadBefore: Load | undefined = undefined
  /** Whether it was written to a connection that has ended, and may have been executed. */
  isLost = false
  constructor(
    batch: PendingPipeline,
    index: number,
    owner: Dispatcher,
    command: Command.Any,
    deadline: number,
    timeout: number
  ) {
    super(owner, command, deadline, timeout)
    this.batch = batch
    this.index = index
  }
  override get trace(): OperationTrace | undefined {
    return this.batch.noted
  }
  override get isGated(): boolean {
    return this.batch.writes
  }
  override onReply(value: Resp.Value): void {
    if (!this.isPending) return
    const batch = this.batch
    if (batch.hasRefusal) return batch.withhold(this, value)
    if (value instanceof Resp.ErrorReply && isLacking(this.command, value)) return batch.withhold(this, value)
    if (value instanceof Resp.ErrorReply && isRefusal(this.command, value)) {
      if (!this.owner.isFinal(value)) return batch.withhold(this, value)
      this.owner.onRefused(this, this.command, value)
    } else this.accept(value)
    batch.onEntryAnswered()
  }
  /** The reply is the outcome. */
  accept(value: Resp.Value): void {
    if (this.unconfirmed !== undefined && value instanceof Resp.ErrorReply) {
      return this.failWith(Exit.fail(replyError(this.command, value)))
    }
    this.isPending = false
    this.settle(value)
  }
  /** Whether the server refused it for a state that another attempt may not meet. */
  get isRefused(): boolean {
    const answer = this.answer
    return answer instanceof Resp.ErrorReply &&
      ((isRefusal(this.command, answer) && !this.owner.isFinal(answer)) || isLacking(this.command, answer))
  }
  /** Whether its own reply is missing, or is a refusal that does not count. */
  get isUndecided(): boolean {
    return this.isPending && (this.answer === undefined || this.isRefused)
  }
  /** Whether it may be sent again together with an earlier entry. */
  get canResend(): boolean {
    if (this.answer === undefined) return !this.isLost || this.repeatable
    return this.isRefused || !(this.writes || this.command.spec.session !== undefined)
  }
  /** It is not sent again: its outcome is what is known. */
  settleWithoutResend(loss: EndError | undefined): void {
    const answer = this.answer
    if (answer === undefined) {
      if (!this.writes) return this.fail(loss!)
      this.owner.execution.count("ambiguous")
      return this.done(ambiguous(this.label, loss!))
    }
    if (this.isRefused) {
      const reply = answer as Resp.ErrorReply
      const isLost = isLacking(this.command, reply)
      const { scripts } = this.owner.execution
      return this.failWith(
        Exit.fail(isLost ? scripts.lost(this.command, reply, this.loadBefore) : replyError(this.command, reply))
      )
    }
    this.accept(answer)
  }
  /** It is sent again. */
  prepareResend(loss: EndError | undefined): void {
    if (this.isRefused) this.refusal ??= replyError(this.command, this.answer as Resp.ErrorReply)
    if (this.isLost) {
      if (this.writes) this.unconfirmed = loss
      this.owner.execution.count("repeated")
    }
    this.answer = undefined
    this.isLost = false
    this.stage = Stage.none
  }
  override onRecalled(): void {
    this.batch.onEntryRecalled(this)
  }
  override onLost(error: EndError, written: boolean): void {
    if (!this.isPending) return
    if (written && this.repeatable && this.isPoisonous) {
      if (this.writes) this.unconfirmed = error
      this.fail(error)
      return this.batch.onEntryAnswered()
    }
    this.batch.onEntryLost(this, error, written)
  }
  override onInvalid(detail: string): void {
    super.onInvalid(detail)
    this.batch.onEntryAnswered()
  }
  override onDeadline(): void {
    this.batch.expire(this.deadline)
  }
  /** Its time is up. Gives whether it was on a connection, without a reply. */
  expire(loss: EndError | undefined): boolean {
    const { answer, isLost, stage } = this
    if (answer !== undefined && !this.isRefused) {
      this.accept(answer)
      return false
    }
    if (isLost && this.writes) this.unconfirmed = loss
    if (stage === Stage.queued) this.connection!.onAbandoned()
    super.onDeadline(answer === undefined && stage === Stage.written)
    return answer === undefined && !isLost && stage !== Stage.none
  }
  protected settle(value: Resp.Value): void {
    if (value instanceof Resp.ErrorReply) return this.batch.settle(this.index, decodeReply(this.command, value))
    let result: unknown
    try {
      result = this.command.spec.decode(value, this.asBytes)
    } catch {
      return this.batch.settle(this.index, decodeReply(this.command, value))
    }
    this.batch.succeed(this.index, result)
  }
  finish(exit: Exit.Exit<any, RedisError>): void {
    this.batch.settle(this.index, exit)
  }
}

/** Extends the deadlines of blocking commands, and of the commands behind them, by the time that they may block. */
const extendForBlocking = (batch: PendingPipeline): void => {
  let blocked = 0
  for (const entry of batch.entries) {
    const { args, spec } = entry.command
    if (spec.blockingMillis !== undefined) blocked += entry.blockingMillis = spec.blockingMillis(args)
    entry.deadline += blocked
  }
  batch.deadline += blocked
}

/**
 * Runs commands in one write, on one connection.
 *
 * @since 0.1.0
 * @category running
 */
export const runPipeline = (
  owner: Dispatcher,
  commands: ReadonlyArray<Command.Any>,
  timeout?: Duration.Input | undefined
): Effect.Effect<BatchResult, RedisError> => {
  const isShared = !owner.isReserved
  return runBatch(
    owner,
    "PIPELINE",
    commands,
    timeout,
    (command) => invalidity(command, isShared) ?? (isShared ? blockingInvalidity(command) : undefined),
    (checked, resume, deadline, timeoutMillis) => {
      const batch = new PendingPipeline(owner, checked, resume, deadline, timeoutMillis)
      if (!isShared) extendForBlocking(batch)
      return batch
    }
  )
}

/** Operations that were sent to a second server as well, since the first was late: that is done once. */
export const hedgedRequests = new WeakSet<PendingOperation>()
