/**
 * MULTI, its commands and EXEC as one operation.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Command from "../../Command.ts"
import { type RedisError, TransactionAborted } from "../../Errors.ts"
import * as Resp from "../../Resp.ts"
import { decodeReply, replyError } from "../connection/call.ts"
import type { Connection } from "../connection/connection.ts"
import type { EndError } from "../connection/types.ts"
import { withoutNumerals } from "../resp/text.ts"
import type { OperationTrace } from "../telemetry/operationTrace.ts"
import { ambiguous, type Dispatcher, isRefusal, PendingOperation, type Resume, runBatch, Stage } from "./operation.ts"
import { isLacking } from "./scripts.ts"
import type { BatchResult } from "./types.ts"
import { invalidity } from "./validity.ts"

export class PendingTransaction extends PendingOperation {
  readonly replies: number
  readonly asBytes: boolean
  readonly label = "MULTI"
  readonly repeatable: boolean
  readonly writes: boolean
  private received: Array<Resp.Value> = []
  private commands: ReadonlyArray<Command.Any>
  /** Whether a command needs a script or a library. */
  private readonly hasNeeds: boolean
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
    this.commands = commands
    this.replies = commands.length + 2
    this.asBytes = commands.some((c) => c.asBytes)
    this.repeatable = commands.every((c) => c.repeat)
    this.writes = commands.some((c) => c.spec.mode === "write")
    this.hasNeeds = commands.some((c) => c.spec.needs !== undefined)
    this.resume = resume
  }
  override get keepsNumerals(): boolean {
    return this.commands.some((c) => c.spec.resp === 2)
  }
  override get trace(): OperationTrace | undefined {
    return this.noted
  }
  override get commandCount(): number {
    return this.commands.length
  }
  protected forget(): void {
    this.commands = []
    this.resume = () => {}
  }
  override dispatch(connection: Connection): void {
    this.noted?.sent(connection)
    if (this.hasNeeds) {
      this.commands = this.owner.execution.scripts.prepare(connection, this.owner.isReserved, this.commands)
    }
    super.dispatch(connection)
  }
  override rewrite(f: (command: Command.Any) => Command.Any): void {
    this.commands = this.commands.map(f)
  }
  /**
   * The command for which nothing was executed that must not be executed twice: then the
   * transaction is sent again, unless EXEC has ended a watch.
   */
  private lacking(results: ReadonlyArray<Resp.Value>): Command.Any | undefined {
    if (!this.hasNeeds || this.connection?.watching === true) return undefined
    const lacks = (command: Command.Any, i: number): boolean => {
      const reply = results[i]
      return reply instanceof Resp.ErrorReply && isLacking(command, reply)
    }
    return this.commands.every((command, i) => command.spec.mode === "read" || lacks(command, i))
      ? this.commands.find(lacks)
      : undefined
  }
  encode(encoder: Resp.Encoder): void {
    this.stage = Stage.written
    encoder.raw("*1\r\n$5\r\nMULTI\r\n")
    for (const command of this.commands) Command.encode(command, encoder)
    encoder.raw("*1\r\n$4\r\nEXEC\r\n")
  }
  get parts(): ReadonlyArray<Command.Any> {
    return [multi, ...this.commands, this.asBytes ? Command.bytes(exec) : exec]
  }
  override restart(): void {
    this.received = []
  }
  /** Once the server has refused one of its commands, EXEC executes none: the outcome is not ambiguous. */
  override onLost(error: EndError, written: boolean): void {
    const at = this.received[0] instanceof Resp.ErrorReply
      ? -1
      : this.received.findIndex((reply) => reply instanceof Resp.ErrorReply)
    if (!this.isPending || !written || at === -1) return super.onLost(error, written)
    const reply = this.received[at] as Resp.ErrorReply
    const command = this.commands[at - 1]!
    this.received = []
    if (isRefusal(command, reply)) {
      this.noted?.failed(reply.code)
      return this.owner.requeue(this, error)
    }
    this.failWith(Exit.fail(replyError(command, reply)))
  }
  onReply(value: Resp.Value): void {
    const received = this.received
    if (received.push(value) < this.replies) return
    this.received = []
    const [begun, ended] = [received[0]!, received[received.length - 1]!]
    if (ended instanceof Resp.ErrorReply && ended.code !== "EXECABORT" && !(begun instanceof Resp.ErrorReply)) {
      // A user that may not run EXEC, or a server that has renamed it, leaves the session inside MULTI.
      this.connection?.close("EXEC was refused, so whatever comes after it would only be queued")
    }
    if (!this.isPending) return
    if (begun instanceof Resp.ErrorReply && this.writes) {
      // Without MULTI each command was executed by itself.
      const some = received.some((reply, i) => i < received.length - 1 && !(reply instanceof Resp.ErrorReply))
      if (some) {
        this.owner.execution.count("ambiguous")
        return this.done(ambiguous(this.label, replyError(multi, begun)))
      }
    }
    for (let i = 0; i < received.length; i++) {
      const reply = received[i]
      if (!(reply instanceof Resp.ErrorReply)) continue
      const command = this.commands[i - 1] ?? exec
      // An error before EXEC's reply means that EXEC executed nothing; EXEC's own error may name the reason.
      const reason = abortReason(reply)
      if (isRefusal(command, reason)) return this.owner.onRefused(this, command, reason)
      return this.failWith(Exit.fail(replyError(command, reply)))
    }
    const results = received[received.length - 1]!
    if (results === null) {
      return this.done(Exit.fail(new TransactionAborted({ commands: this.commands.map((c) => c.spec.name) })))
    }
    if (!Array.isArray(results) || results.length !== this.commands.length) {
      return this.done(decodeReply(exec, results))
    }
    const { scripts } = this.owner.execution
    const lacking = this.lacking(results)
    if (lacking !== undefined) {
      const reply = results[this.commands.indexOf(lacking)] as Resp.ErrorReply
      this.noted?.failed(reply.code)
      return scripts.onLacking(this, lacking, reply, scripts.answeredBefore(this.connection, lacking))
    }
    let failures: Map<number, Exit.Exit<never, RedisError>> | undefined
    const { asBytes, keepsNumerals } = this
    const values = this.commands.map((command, i) => {
      const reply = keepsNumerals && command.spec.resp !== 2 ? withoutNumerals(results[i]) : results[i]
      const exit: Exit.Exit<unknown, RedisError> = reply instanceof Resp.ErrorReply && isLacking(command, reply)
        ? Exit.fail(scripts.lost(command, reply, scripts.answeredBefore(this.connection, command)))
        : decodeReply(command, asBytes && !command.asBytes ? Resp.toText(reply) : reply)
      if (Exit.isSuccess(exit)) return exit.value
      failures ??= new Map()
      failures.set(i, exit as Exit.Exit<never, RedisError>)
      return undefined
    })
    this.done(Exit.succeed<BatchResult>({ values, failures, connection: this.connection }))
  }
  finish(exit: Exit.Exit<any, RedisError>): void {
    this.resume(exit)
  }
}

/**
 * Runs commands in MULTI and EXEC.
 *
 * @since 0.1.0
 * @category running
 */
export const runTransaction = (
  owner: Dispatcher,
  commands: ReadonlyArray<Command.Any>,
  timeout?: Duration.Input | undefined
): Effect.Effect<BatchResult, RedisError> =>
  runBatch(
    owner,
    "MULTI",
    commands,
    timeout,
    (command) => invalidity(command, !owner.isReserved),
    (checked, resume, deadline, timeoutMillis) =>
      new PendingTransaction(owner, checked, resume, deadline, timeoutMillis)
  )

/** The error inside EXECABORT, where the server names one. */
export const abortReason = (reply: Resp.ErrorReply): Resp.ErrorReply => {
  const reason = /^EXECABORT .* because of: ([A-Z]+ .*)$/s.exec(reply.text)
  return reason === null ? reply : new Resp.ErrorReply(reason[1]!)
}

const exec = Command.make(
  Command.define({
    words: ["EXEC"],
    mode: "write",
    decode: Command.custom((value): never => {
      throw new Command.Mismatch("one reply for each command", value)
    })
  }),
  []
)

const multi = Command.make(Command.define({ words: ["MULTI"], mode: "write", decode: Command.ok }), [])
